// SPDX-License-Identifier: GPL-2.0-or-later
/* How often agents may have something done: of each, the moment when it has all of its own back. */
#include "gateway/allowance.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/limits.h"

#define ALL_MS ((uint64_t)LIMIT_CALL_COUNTS * LIMIT_CALL_COUNT_MS)

struct allowance {
	/* Past: as if it were not there. */
	struct {
		uint64_t agent, full_ms;
	} entries[LIMIT_GATE_AGENTS];
};

int allowance_open(struct allowance **ret_allowance)
{
	struct allowance *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	*ret_allowance = a;
	return 0;
}

void allowance_close(struct allowance *a)
{
	free(a);
}

/* The agent's place, or one that nobody needs; else LIMIT_GATE_AGENTS, and when there will be one. */
static size_t place_find(const struct allowance *a, uint64_t agent, uint64_t now_ms,
			 uint64_t *ret_free_ms)
{
	size_t unused = LIMIT_GATE_AGENTS, i;

	*ret_free_ms = UINT64_MAX;
	for (i = 0; i < LIMIT_GATE_AGENTS; i++) {
		if (a->entries[i].full_ms <= now_ms)
			unused = unused == LIMIT_GATE_AGENTS ? i : unused;
		else if (a->entries[i].agent == agent)
			return i;
		else if (a->entries[i].full_ms < *ret_free_ms)
			*ret_free_ms = a->entries[i].full_ms;
	}
	return unused;
}

uint64_t allowance_take(struct allowance *a, uint64_t agent, uint64_t now_ms)
{
	uint64_t free_ms, full_ms;
	const size_t at = place_find(a, agent, now_ms, &free_ms);

	if (at == LIMIT_GATE_AGENTS)
		return free_ms - now_ms;
	full_ms = a->entries[at].full_ms;
	full_ms = (full_ms > now_ms ? full_ms : now_ms) + LIMIT_CALL_COUNT_MS;
	if (full_ms - now_ms > ALL_MS)
		return full_ms - now_ms - ALL_MS;
	a->entries[at].agent = agent;
	a->entries[at].full_ms = full_ms;
	return 0;
}
