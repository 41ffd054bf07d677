/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls that no security hook is asked about: refused at their entry. */
#ifndef AGENTOS_CALL_H
#define AGENTOS_CALL_H

#include <linux/types.h>

/*
 * At the entry of a system call of the calling task's, before it has looked at
 * its arguments: the first of them becomes `harmless`, with which it does nothing,
 * and before the task is in user mode again that is as it was, and the call has
 * failed with `error` (negative). Of personality() all ones are harmless: it only
 * tells. Of a call that takes a name, what no program can have one at: all ones,
 * or 0 for 32 bits, whose highest addresses 64-bit programs can map.
 *
 * ia32: it came by the entry for programs of 32 bits, whose first argument is in
 * another register. Without memory the task is killed as well: -ENOMEM. Any
 * context but hard interrupts.
 */
int call_refuse(int error, bool ia32, unsigned long harmless);

#endif
