/* SPDX-License-Identifier: GPL-2.0-only */
/* What a program has when it starts. */
#ifndef AGENTOS_START_H
#define AGENTOS_START_H

#include <linux/types.h>

/*
 * Has the calling task, which has just started a program, executable memory that
 * is of no file, or will all that it maps be? Its stack and the zeros behind its
 * segments are as its file says, and no hook is asked about either. Also true
 * when the mappings cannot be looked at, as somebody else is changing them. Any
 * context in which a lock can be tried.
 */
bool start_gives_code(void);

#endif
