/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A scheduler with one provider, and what its tests do with it in a line. */
#ifndef AGENTOS_TESTS_SCHED_RIG_H
#define AGENTOS_TESTS_SCHED_RIG_H

#include "sched/sched.h"

#define SECOND 1000000000ULL

static inline struct sched *rig_open(enum sched_policy policy, uint32_t slots, uint32_t queue)
{
	struct sched_options options = sched_options_usual();
	const struct sched_provider provider = { .slots = slots, .queue = queue };
	struct sched *s;

	options.policy = policy;
	options.share = policy == SCHED_COGNITIVE ? 16 : 0;
	if (sched_create(&options, &s) != 0)
		abort();
	if (sched_provider_set(s, 0, 0, &provider) != 0)
		abort();
	return s;
}

static inline sched_id rig_agent(struct sched *s, uint64_t now)
{
	const struct sched_agent terms = { .criticality = SCHED_CRITICALITY };
	sched_id id = 0;

	if (sched_agent_open(s, now, &terms, &id) != 0)
		abort();
	return id;
}

/* 0: it was refused. */
static inline sched_id rig_call(struct sched *s, uint64_t now, sched_id agent)
{
	const struct sched_call call = { .agent = agent };
	struct sched_refusal refusal;
	sched_id id = 0;

	return sched_submit(s, now, &call, &id, &refusal) ? 0 : id;
}

/* The next call that starts; 0: none. */
static inline sched_id rig_next(struct sched *s, uint64_t now)
{
	struct sched_start start;

	return sched_next(s, now, 0, &start) == 1 ? start.call : 0;
}

static inline int rig_finish(struct sched *s, uint64_t now, sched_id call)
{
	const struct sched_outcome outcome = { 0 };

	return sched_finish(s, now, call, &outcome);
}

#endif
