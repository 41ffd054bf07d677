/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often agents may have something done that takes of no budget: so often at once, and more with time. Pure. */
#ifndef AGENTOS_GATEWAY_ALLOWANCE_H
#define AGENTOS_GATEWAY_ALLOWANCE_H

#include <stdint.h>

struct allowance;

/* LIMIT_CALL_COUNTS at once, and one more after each LIMIT_CALL_COUNT_MS. -ENOMEM */
int allowance_open(struct allowance **ret_allowance);
/* NULL is allowed. */
void allowance_close(struct allowance *a);

/*
 * Once more for this agent: 0, or the milliseconds after which it may be asked again, at least 1.
 * now_ms: of a clock that never goes back. Of LIMIT_GATE_AGENTS agents that have not all of theirs
 * back it is known how much they have: others wait until one has.
 */
uint64_t allowance_take(struct allowance *a, uint64_t agent, uint64_t now_ms);

#endif
