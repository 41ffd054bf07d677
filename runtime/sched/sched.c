// SPDX-License-Identifier: GPL-2.0-or-later
/* The scheduler as a whole: providers and agents come, change and go. */
#include "sched/sched.h"

#include <errno.h>
#include <stdlib.h>

#include "sched/state.h"

#define SERVICE_NS 1000000000ULL
#define CLASS_HASH 0x9e3779b97f4a7c15ULL

struct sched_options sched_options_usual(void)
{
	return (struct sched_options){
		.policy = SCHED_COGNITIVE,
		.stretch_percent = 310,
		.critical_percent = 4,
		.share = 16,
		.agents = SCHED_AGENTS,
		.calls = SCHED_CALLS,
	};
}

int sched_create(const struct sched_options *options, struct sched **ret_sched)
{
	struct sched *s;

	if (options->policy >= SCHED_POLICIES || options->stretch_percent > SCHED_STRETCH ||
	    (options->stretch_percent && options->stretch_percent < 100) || options->share == 1 ||
	    options->share > SCHED_SHARE || options->critical_percent > 100 || !options->agents ||
	    options->agents > SCHED_AGENTS || !options->calls || options->calls > SCHED_CALLS)
		return -EINVAL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->options = *options;
	s->agents.most = options->agents;
	s->calls.most = options->calls;
	*ret_sched = s;
	return 0;
}

static void provider_free(struct provider *p)
{
	if (!p)
		return;
	heap_release(&p->order);
	heap_release(&p->due);
	heap_release(&p->urgent);
	heap_release(&p->ripe);
	free(p);
}

void sched_free(struct sched *s)
{
	struct flow *f, *next;
	struct agent *a;
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->agents.used; i++) {
		a = s->agents.slots[i].thing;
		for (f = a ? a->flows : NULL; f; f = next) {
			next = f->next;
			free(f);
		}
		if (a)
			shadow_close(&s->shadows, a->shadow, true);
		free(a);
	}
	for (i = 0; i < s->calls.used; i++)
		free(s->calls.slots[i].thing);
	for (i = 0; i < SCHED_PROVIDERS; i++)
		provider_free(s->providers[i]);
	for (i = 0; i < 2 * SCHED_CLASSES; i++)
		free(s->classes[i]);
	heap_release(&s->expiry);
	shadows_release(&s->shadows);
	free(s->agents.slots);
	free(s->calls.slots);
	free(s);
}

void clock_set(struct sched *s, uint64_t now)
{
	if (now > SCHED_TIME_NS)
		now = SCHED_TIME_NS;
	if (now > s->now)
		s->now = now;
}

/* --- providers --- */

struct provider *provider_find(const struct sched *s, unsigned int provider)
{
	return provider < SCHED_PROVIDERS ? s->providers[provider] : NULL;
}

static bool provider_is_sane(const struct sched_provider *t)
{
	return t->slots <= SCHED_SLOTS && t->queue <= SCHED_CALLS &&
	       t->requests_per_min <= SCHED_RATE && t->tokens_per_min <= SCHED_RATE &&
	       t->window_ns <= SCHED_SPAN_NS && t->window_calls <= SCHED_BATCH &&
	       t->service_ns <= SCHED_SPAN_NS;
}

int sched_provider_set(struct sched *s, uint64_t now, unsigned int provider,
		       const struct sched_provider *terms)
{
	struct provider *p;

	if (provider >= SCHED_PROVIDERS || !provider_is_sane(terms))
		return -EINVAL;
	p = s->providers[provider];
	if (!p) {
		p = calloc(1, sizeof(*p));
		if (!p)
			return -ENOMEM;
		s->providers[provider] = p;
	}
	clock_set(s, now);
	p->terms = *terms;
	if (!p->seen)
		p->service_ns = (double)(terms->service_ns ? terms->service_ns : SERVICE_NS);
	return 0;
}

int sched_counts(const struct sched *s, unsigned int provider, struct sched_counts *ret_counts)
{
	const struct provider *p = provider_find(s, provider);

	if (!p)
		return -ENOENT;
	*ret_counts = (struct sched_counts){
		.slots = p->terms.slots,
		.running = p->running,
		.queued = p->queued,
		.agents = p->flows,
		.started = p->started,
		.refused = p->refused,
		.expired = p->expired,
		.service_ns = (uint64_t)p->service_ns,
	};
	return 0;
}

/* --- agents --- */

struct agent *agent_find(const struct sched *s, sched_id id)
{
	struct agent *a = table_find(&s->agents, id);

	return a && !a->closed ? a : NULL;
}

static bool agent_is_sane(const struct sched_agent *t)
{
	return t->criticality <= 100 && t->deadline_ns <= SCHED_TIME_NS;
}

/* NULL: as if of no class, as there are too many of them or no memory. */
static struct class *class_get(struct sched *s, uint64_t id)
{
	size_t at = (size_t)(id * CLASS_HASH >> 32) % (2 * SCHED_CLASSES);

	if (!id)
		return NULL;
	for (; s->classes[at]; at = (at + 1) % (2 * SCHED_CLASSES)) {
		if (s->classes[at]->id == id)
			return s->classes[at];
	}
	if (s->class_count == SCHED_CLASSES)
		return NULL;
	s->classes[at] = calloc(1, sizeof(*s->classes[at]));
	if (!s->classes[at])
		return NULL;
	s->classes[at]->id = id;
	s->class_count++;
	return s->classes[at];
}

int sched_agent_open(struct sched *s, uint64_t now, const struct sched_agent *terms,
		     sched_id *ret_agent)
{
	struct agent *a;
	int rc;

	if (!agent_is_sane(terms))
		return -EINVAL;
	rc = table_reserve(&s->agents);
	if (rc)
		return rc;
	a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	clock_set(s, now);
	if (s->options.policy == SCHED_COGNITIVE && s->options.stretch_percent &&
	    shadow_create(&s->shadows, s->now, s->agents.used, &a->shadow)) {
		free(a);
		return -ENOMEM;
	}
	a->terms = *terms;
	a->class = class_get(s, terms->class);
	a->opened_ns = a->idle_ns = s->now;
	a->id = table_add(&s->agents, a);
	*ret_agent = a->id;
	return 0;
}

int sched_agent_set(struct sched *s, uint64_t now, sched_id agent, const struct sched_agent *terms)
{
	struct agent *a = agent_find(s, agent);

	if (!agent_is_sane(terms))
		return -EINVAL;
	if (!a)
		return -ENOENT;
	clock_set(s, now);
	a->terms = *terms;
	agent_update(s, a);
	return 0;
}

int sched_agent_park(struct sched *s, uint64_t now, sched_id agent, bool parked)
{
	struct agent *a = agent_find(s, agent);

	if (!a)
		return -ENOENT;
	clock_set(s, now);
	a->parked = parked;
	agent_update(s, a);
	return 0;
}

void agent_settle(struct sched *s, struct agent *a)
{
	if (!a->closed || a->running || a->queued)
		return;
	table_drop(&s->agents, a->id);
	free(a);
}

int sched_agent_close(struct sched *s, uint64_t now, sched_id agent, bool whole)
{
	struct agent *a = agent_find(s, agent);
	int gone;

	if (!a)
		return -ENOENT;
	clock_set(s, now);
	gone = (int)a->queued;
	while (a->flows && a->flows->head)
		sched_cancel(s, now, a->flows->head->id);
	while (a->batches)
		sched_cancel(s, now, a->batches->id);
	while (a->flows && a->flows->head)
		sched_cancel(s, now, a->flows->head->id);
	if (whole && a->class)
		learn_end(&a->class->learn, a->calls);
	a->closed = true;
	shadow_close(&s->shadows, a->shadow, !whole || s->shadows.heap.count > SCHED_AGENTS);
	a->shadow = NULL;
	agent_settle(s, a);
	return gone;
}
