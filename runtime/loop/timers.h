/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the loop: timers, the next one first. The ring knows nothing of them but how long to wait. */
#ifndef AGENTOS_LOOP_TIMERS_H
#define AGENTOS_LOOP_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A timer of the kernel's costs a system call, or a part of one, to set and another to cancel,
 * and most timers are cancelled. Here both are a few comparisons (a binary heap).
 */
struct loop_timers {
	struct loop_op **heap;
	size_t count, room;
};

/* By op->due, in ns of CLOCK_MONOTONIC. -ENOMEM */
int timers_add(struct loop_timers *t, struct loop_op *op);
void timers_remove(struct loop_timers *t, struct loop_op *op);
/* NULL: there is none. */
struct loop_op *timers_first(const struct loop_timers *t);
/* Not the operations. */
void timers_release(struct loop_timers *t);

uint64_t timers_now(void);

#endif
