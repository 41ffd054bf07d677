/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls that no security hook is asked about: refused at their entry. */
#ifndef AGENTOS_CALL_H
#define AGENTOS_CALL_H

#include <linux/types.h>

/*
 * At the entry of a system call of the calling task's, before it has looked at
 * its arguments: the first of them becomes all ones, with which it does nothing,
 * and before the task is in user mode again that is as it was, and the call has
 * failed with `error` (negative). It is for calls alone that do nothing then:
 * personality() only tells, and where a name is to be there is none.
 *
 * ia32: it came by the entry for programs of 32 bits, whose first argument is in
 * another register. Without memory the task is killed as well: -ENOMEM. Any
 * context but hard interrupts.
 */
int call_refuse(int error, bool ia32);

#endif
