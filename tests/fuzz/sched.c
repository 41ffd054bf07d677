// SPDX-License-Identifier: GPL-2.0-or-later
/* Random events for the scheduler: no call is lost or doubled, no slot used twice, and all of it comes to an end. */
#include "sched/sched.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

#define SECOND	  1000000000ULL
#define AGENTS	  8
#define CALLS	  512
#define PROVIDERS 2

enum state { GONE, QUEUED, RUNS };

static struct sched *sched;
static sched_id agents[AGENTS];
static struct {
	sched_id id;
	unsigned int agent, provider;
	enum state state;
} calls[CALLS];
static size_t count;
static uint64_t now;
static uint32_t slots[PROVIDERS];

static size_t call_of(sched_id id)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (calls[i].id == id)
			return i;
	}
	abort();
}

static uint32_t count_of(unsigned int provider, enum state state)
{
	uint32_t found = 0;
	size_t i;

	for (i = 0; i < count; i++)
		found += calls[i].provider == provider && calls[i].state == state;
	return found;
}

static void submit(uint8_t a, uint8_t b)
{
	const unsigned int agent = a % AGENTS, provider = a / AGENTS % PROVIDERS;
	const struct sched_call call = {
		.agent = agents[agent],
		.provider = provider,
		.deadline_ns = b & 1 ? now + (b & 0x70) * SECOND / 8 : 0,
		.tokens = b,
		.cost = a,
		.rank = b,
		.join = b & 2 ? 1 + (b >> 2 & 3) : 0,
	};
	struct sched_refusal refusal = { 0 };
	sched_id id;
	int rc;

	if (count == CALLS)
		return;
	rc = sched_submit(sched, now, &call, &id, &refusal);
	HOLDS(rc == 0 || rc == -EAGAIN || (rc == -ENOENT && !agents[agent]));
	if (rc == -EAGAIN)
		HOLDS(refusal.why && refusal.retry_ns >= SCHED_RETRY_MIN_NS &&
		      refusal.retry_ns <= SCHED_RETRY_MAX_NS);
	if (rc)
		return;
	calls[count].id = id;
	calls[count].agent = agent;
	calls[count].provider = provider;
	calls[count++].state = QUEUED;
}

static void next(unsigned int provider)
{
	struct sched_counts counts;
	struct sched_start start;
	sched_id id;
	int rc;

	while ((rc = sched_next(sched, now, provider, &start)) == 1) {
		for (id = start.call; id; id = sched_joined(sched, id)) {
			HOLDS(calls[call_of(id)].state == QUEUED);
			HOLDS(calls[call_of(id)].provider == provider);
			calls[call_of(id)].state = RUNS;
		}
		HOLDS(sched_counts(sched, provider, &counts) == 0);
		HOLDS(counts.running <= slots[provider]);
	}
	HOLDS(rc == 0);
}

/* It and those that were started with it. */
static void finish(size_t at)
{
	const struct sched_outcome outcome = { .tokens = at };
	sched_id id, joined;
	int rc;

	if (at >= count)
		return;
	id = calls[at].id;
	joined = calls[at].state == RUNS ? sched_joined(sched, id) : 0;
	for (; joined; joined = sched_joined(sched, joined))
		calls[call_of(joined)].state += 10;
	rc = sched_finish(sched, now, id, &outcome);
	HOLDS(rc == (calls[at].state == GONE ? -ENOENT : calls[at].state == QUEUED ? -EBUSY : rc));
	HOLDS(rc == 0 || rc == -ENOENT || rc == -EBUSY);
	if (rc == 0)
		calls[at].state = GONE;
	for (at = 0; at < count; at++) {
		if (calls[at].state >= 10)
			calls[at].state = rc ? RUNS : GONE;
	}
}

static void cancel(size_t at)
{
	if (at >= count)
		return;
	HOLDS(sched_cancel(sched, now, calls[at].id) == (calls[at].state == GONE ? -ENOENT : 0));
	calls[at].state = GONE;
}

static void agent_change(uint8_t a, uint8_t b)
{
	const struct sched_agent terms = {
		.class = b % 3,
		.criticality = b % 101,
		.concurrency = b & 4 ? 1 + b % 4 : 0,
		.queue = b & 8 ? 20 : 0,
		.efficiency = b,
		.deadline_ns = b & 16 ? now + b * SECOND : 0,
	};
	const unsigned int agent = a % AGENTS;
	int gone = 0, rc;
	size_t i;

	if (!agents[agent]) {
		HOLDS(sched_agent_open(sched, now, &terms, &agents[agent]) == 0);
	} else if (a & 64) {
		HOLDS(sched_agent_set(sched, now, agents[agent], &terms) == 0);
	} else if (a & 32) {
		HOLDS(sched_agent_park(sched, now, agents[agent], b & 1) == 0);
	} else {
		for (i = 0; i < count; i++) {
			if (calls[i].agent != agent || calls[i].state != QUEUED)
				continue;
			calls[i].state = GONE;
			gone++;
		}
		rc = sched_agent_close(sched, now, agents[agent], b & 1);
		HOLDS(rc == gone);
		agents[agent] = 0;
		for (i = 0; i < count; i++) {
			if (calls[i].agent == agent)
				calls[i].agent =
					AGENTS; /* another one of this number is another one */
		}
	}
}

static void provider_change(uint8_t a, uint8_t b)
{
	const unsigned int provider = a % PROVIDERS;
	const struct sched_provider terms = {
		.slots = b % 5,
		.queue = b,
		.requests_per_min = a & 2 ? 60 + b : 0,
		.tokens_per_min = a & 4 ? 6000 : 0,
		.window_ns = a & 8 ? SECOND : 0,
		.window_calls = a & 8 ? 1 + b % 4 : 0,
	};
	struct sched_counts counts = { 0 };

	sched_counts(sched, provider, &counts);
	HOLDS(sched_provider_set(sched, now, provider, &terms) == 0);
	/* What runs goes on. */
	slots[provider] = terms.slots > counts.running ? terms.slots : counts.running;
}

static void expire(void)
{
	uint64_t when;
	sched_id id;

	while (sched_expire(sched, now, &id, &when) == 1) {
		HOLDS(calls[call_of(id)].state == QUEUED);
		calls[call_of(id)].state = GONE;
	}
}

static void explain(uint8_t a, uint8_t b)
{
	struct sched_reason there, back;
	struct sched_place place;
	char text[SCHED_REASON_TEXT];

	if (a >= count || b >= count)
		return;
	if (sched_place(sched, now, calls[a].id, &place) == 0)
		HOLDS(calls[a].state == QUEUED && place.before <= count);
	if (a == b || sched_compare(sched, now, calls[a].id, calls[b].id, &there))
		return;
	HOLDS(sched_compare(sched, now, calls[b].id, calls[a].id, &back) == 0);
	HOLDS(there.swapped != back.swapped && there.why == back.why);
	sched_reason_text(&there, text);
	HOLDS(text[0]);
}

static void step(const uint8_t *e)
{
	switch (e[0] % 9) {
	case 0:
	case 1:
		submit(e[1], e[2]);
		break;
	case 2:
		next(e[1] % PROVIDERS);
		break;
	case 3:
		finish(e[1] + (size_t)(e[2] & 1) * 256);
		break;
	case 4:
		cancel(e[1] + (size_t)(e[2] & 1) * 256);
		break;
	case 5:
		agent_change(e[1], e[2]);
		break;
	case 6:
		provider_change(e[1], e[2]);
		break;
	case 7:
		/* Forward, and sometimes back, or far away. */
		now = e[1] == 255 ? UINT64_MAX / 8 : e[2] > 250 ? now / 2 : now + e[1] * SECOND / 8;
		expire();
		break;
	default:
		explain(e[1], e[2]);
	}
}

static void conserved(void)
{
	struct sched_counts counts;
	unsigned int i;

	for (i = 0; i < PROVIDERS; i++) {
		HOLDS(sched_counts(sched, i, &counts) == 0);
		HOLDS(counts.queued == count_of(i, QUEUED));
		HOLDS(counts.running <= count_of(i, RUNS));
		HOLDS((counts.running == 0) == (count_of(i, RUNS) == 0));
	}
}

/* With a slot each and nothing that holds, all that is queued is started. */
static void drained(void)
{
	const struct sched_provider terms = { .slots = 1 };
	const struct sched_agent usual = { .criticality = SCHED_CRITICALITY };
	unsigned int provider;
	size_t i, rounds;

	for (i = 0; i < AGENTS; i++) {
		if (agents[i]) {
			HOLDS(sched_agent_park(sched, now, agents[i], false) == 0);
			HOLDS(sched_agent_set(sched, now, agents[i], &usual) == 0);
		}
	}
	for (provider = 0; provider < PROVIDERS; provider++) {
		HOLDS(sched_provider_set(sched, now, provider, &terms) == 0);
		slots[provider] = CALLS; /* until those that run are gone */
	}
	for (rounds = 0; rounds <= 2 * CALLS; rounds++) {
		now = now < UINT64_MAX / 2 ? now + 60 * SECOND : now;
		for (i = 0; i < count; i++) {
			if (calls[i].state == RUNS)
				cancel(i);
		}
		for (provider = 0; provider < PROVIDERS; provider++)
			next(provider);
		conserved();
	}
	for (i = 0; i < count; i++)
		HOLDS(calls[i].state != QUEUED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sched_options options = sched_options_usual();
	size_t at;

	if (!size)
		return 0;
	options.policy = data[0] % SCHED_POLICIES;
	options.share = data[0] & 8 ? 4 : 0;
	options.stretch_percent = data[0] & 16 ? 0 : 200;
	HOLDS(sched_create(&options, &sched) == 0);
	for (at = 0; at < AGENTS; at++)
		agents[at] = 0;
	now = 0;
	count = 0;
	provider_change(0, 64 + 2);
	provider_change(1, 64 + 3);
	for (at = 1; at + 3 <= size; at += 3)
		step(data + at);
	conserved();
	drained();
	sched_free(sched);
	return 0;
}
