// SPDX-License-Identifier: GPL-2.0-or-later
/* What a decision costs, by the clock of this machine. */
#include "sim/decide.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "sched/sched.h"

#define TURNS  100000
#define SLOTS  32
#define SECOND 1000000000ULL

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* As many agents as calls are to be queued, up to as many as there can be; then more calls of each. */
static int queue_fill(struct sched *s, sched_id *agents, size_t count, size_t queued)
{
	struct sched_agent terms = { .criticality = SCHED_CRITICALITY };
	struct sched_refusal refusal;
	struct sched_call call = { 0 };
	sched_id id;
	size_t i;
	int rc;

	for (i = 0; i < queued + SLOTS; i++) {
		if (i < count) {
			terms.class = i % 2 ? 1 + i % 16 : 0;
			rc = sched_agent_open(s, i * 1000, &terms, &agents[i]);
			if (rc)
				return rc;
		}
		call.agent = agents[i % count];
		call.cookie = &agents[i % count];
		rc = sched_submit(s, i * 1000, &call, &id, &refusal);
		if (rc)
			return rc;
	}
	return 0;
}

/* -EDEADLK: something did not start, and nothing was measured. */
static int turns_take(struct sched *s, double *ret_next, double *ret_turn)
{
	struct sched_start ring[SLOTS];
	const struct sched_outcome outcome = { 0 };
	struct sched_refusal refusal;
	struct sched_call call = { 0 };
	uint64_t now = SECOND, begin, next = 0, mark;
	size_t i;
	sched_id id;
	int rc;

	for (i = 0; i < SLOTS; i++)
		if (sched_next(s, now, 0, &ring[i]) != 1)
			return -EDEADLK;
	begin = clock_ns();
	for (i = 0; i < TURNS; i++, now += SECOND / 20) {
		call.cookie = ring[i % SLOTS].cookie;
		call.agent = *(const sched_id *)call.cookie;
		rc = sched_finish(s, now, ring[i % SLOTS].call, &outcome);
		if (!rc)
			rc = sched_submit(s, now, &call, &id, &refusal);
		mark = clock_ns();
		if (rc || sched_next(s, now, 0, &ring[i % SLOTS]) != 1)
			return -EDEADLK;
		next += clock_ns() - mark;
	}
	*ret_turn = (double)(clock_ns() - begin) / TURNS;
	*ret_next = (double)next / TURNS;
	return 0;
}

int decide_cost(size_t queued, double *ret_next, double *ret_turn)
{
	const struct sched_options options = sched_options_usual();
	const struct sched_provider provider = { .slots = SLOTS, .queue = SCHED_CALLS };
	const size_t count = queued + SLOTS < SCHED_AGENTS ? queued + SLOTS : SCHED_AGENTS;
	sched_id *agents = calloc(count, sizeof(*agents));
	struct sched *s = NULL;
	int rc;

	if (!agents)
		return -ENOMEM;
	rc = sched_create(&options, &s);
	if (!rc)
		rc = sched_provider_set(s, 0, 0, &provider);
	if (!rc)
		rc = queue_fill(s, agents, count, queued);
	if (!rc)
		rc = turns_take(s, ret_next, ret_turn);
	sched_free(s);
	free(agents);
	return rc;
}
