/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a decision costs. */
#ifndef AGENTOS_SIM_DECIDE_H
#define AGENTOS_SIM_DECIDE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Nanoseconds of sched_next(), and of a whole turn (a call ends, one comes, one starts), on the
 * average, with so many agents' calls queued, half of them of classes. -ENOMEM; -EDEADLK: something
 * did not start
 */
int decide_cost(size_t queued, double *ret_next, double *ret_turn);

#endif
