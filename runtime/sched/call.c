// SPDX-License-Identifier: GPL-2.0-or-later
/* Calls come, are joined, end, and are given up. */
#include <errno.h>
#include <stdlib.h>

#include "sched/state.h"

#define MEMORY 64 /* calls that an average looks back at */

struct call *call_find(const struct sched *s, sched_id id)
{
	return table_find(&s->calls, id);
}

static void average_add(double *average, uint32_t seen, double value)
{
	*average += (value - *average) / (seen < MEMORY ? seen + 1 : MEMORY);
}

/* --- submitting --- */

/* A batch that has room for this call. */
static struct call *batch_find(const struct agent *a, const struct provider *p,
			       const struct sched_call *call)
{
	struct call *c;

	if (!call->join)
		return NULL;
	for (c = a->batches; c; c = c->next) {
		if (c->join == call->join && c->provider == p && c->batch < p->terms.window_calls)
			return c;
	}
	return NULL;
}

static bool batch_begins(const struct agent *a, const struct provider *p,
			 const struct sched_call *call)
{
	return call->join && p->terms.window_calls > 1 && p->terms.window_ns &&
	       a->open < SCHED_OPEN;
}

/* From when on it is due. */
static uint64_t due_of(struct sched *s, const struct call *c)
{
	struct agent *a = c->agent;
	struct provider *p = c->provider;
	const bool beside = a->queued || a->running;

	if (s->options.policy != SCHED_COGNITIVE)
		return c->submitted_ns;
	if (!a->shadow)
		return UINT64_MAX;
	p->shadow.slots = p->terms.slots;
	p->shadow.service = p->service_ns;
	shadows_run(&s->shadows, s->now);
	return time_due(s, c,
			shadow_call(&s->shadows, a->shadow, &p->shadow, s->now,
				    beside ? 0 : s->now - a->idle_ns, c->guess_ns, beside),
			beside);
}

static void call_join(const struct sched *s, struct call *lead, struct call *c)
{
	struct call **at = &lead->joined;

	while (*at)
		at = &(*at)->joined;
	*at = c;
	c->lead = lead;
	c->state = CALL_FOLLOWS;
	if (++lead->batch >= lead->provider->terms.window_calls)
		heap_put(&lead->provider->ripe, &lead->ripe, s->now, lead->seq);
}

static void call_place(struct sched *s, struct call *c, const struct sched_call *call)
{
	struct agent *a = c->agent;
	struct call *lead = batch_find(a, c->provider, call);

	if (lead) {
		call_join(s, lead, c);
	} else if (batch_begins(a, c->provider, call)) {
		c->state = CALL_GATHERS;
		c->next = a->batches;
		a->batches = c;
		a->open++;
		c->flow->gathering++;
		heap_put(&c->provider->ripe, &c->ripe, s->now + c->provider->terms.window_ns,
			 c->seq);
	} else {
		flow_push(s, c->flow, c);
	}
}

static int call_reserve(struct sched *s, struct agent *a, struct provider *p,
			struct flow **ret_flow, struct call **ret_call)
{
	struct call *c;

	if (heap_reserve(&s->expiry, s->expiry.count + 1) ||
	    heap_reserve(&p->ripe, p->ripe.count + 1))
		return -ENOMEM;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	if (flow_get(a, p, ret_flow)) {
		free(c);
		return -ENOMEM;
	}
	*ret_call = c;
	return 0;
}

static void call_init(struct sched *s, struct call *c, struct agent *a, struct flow *f,
		      const struct sched_call *call)
{
	c->agent = a;
	c->flow = f;
	c->provider = f->provider;
	c->lead = c;
	c->batch = 1;
	c->seq = ++s->seq;
	c->submitted_ns = s->now;
	c->deadline_ns = call->deadline_ns;
	c->cookie = call->cookie;
	c->rank = call->rank;
	c->join = call->join;
	c->tokens = call->tokens;
	c->cost = call->cost;
	c->guess_ns = guess_call(c->provider, a);
	c->due_ns = due_of(s, c);
	c->id = table_add(&s->calls, c);
}

static int call_check(const struct agent *a, const struct provider *p,
		      const struct sched_call *call)
{
	if (!a || !p)
		return -ENOENT;
	if (call->tokens > SCHED_TOKENS || call->deadline_ns > SCHED_TIME_NS ||
	    call->cost > SCHED_TIME_NS)
		return -EINVAL;
	return 0;
}

int sched_submit(struct sched *s, uint64_t now, const struct sched_call *call, sched_id *ret_call,
		 struct sched_refusal *ret_refusal)
{
	struct agent *a = agent_find(s, call->agent);
	struct provider *p = provider_find(s, call->provider);
	struct flow *f;
	struct call *c;
	int rc;

	rc = call_check(a, p, call);
	if (rc)
		return rc;
	clock_set(s, now);
	rc = call_admit(s, a, p, call, ret_refusal);
	if (rc) {
		p->refused++;
		return rc;
	}
	rc = table_reserve(&s->calls);
	if (rc == -ENOSPC) {
		p->refused++;
		*ret_refusal = (struct sched_refusal){ SCHED_ALL_FULL, 0, SCHED_RETRY_MIN_NS };
		return -EAGAIN;
	}
	if (!rc)
		rc = call_reserve(s, a, p, &f, &c);
	if (rc)
		return rc;
	call_init(s, c, a, f, call);
	average_add(&p->cost, p->seen, (double)c->cost);
	if (c->deadline_ns)
		heap_put(&s->expiry, &c->expiry, c->deadline_ns, c->seq);
	a->queued++;
	a->base_ns = sum_ns(a->served_ns, a->inflight_ns);
	p->queued++;
	call_place(s, c, call);
	*ret_call = c->id;
	return 0;
}

/* --- the end --- */

static void call_free(struct sched *s, struct call *c)
{
	heap_drop(&s->expiry, &c->expiry);
	table_drop(&s->calls, c->id);
	free(c);
}

/* What its slot was, and what is learned of it. */
static void slot_end(struct sched *s, struct call *c, bool whole)
{
	const uint64_t took = s->now - c->started_ns;
	struct provider *p = c->provider;
	struct agent *a = c->agent;

	a->running--;
	p->running--;
	a->inflight_ns = less_ns(a->inflight_ns, c->guess_ns);
	a->served_ns = sum_ns(a->served_ns, took);
	if (a->class)
		learn_call(&a->class->learn, a->calls);
	a->calls++;
	if (whole) {
		average_add(&p->service_ns, p->seen, (double)took);
		p->seen += p->seen < MEMORY;
		if (a->class) {
			average_add(&a->class->service_ns, a->class->seen, (double)took);
			a->class->seen += a->class->seen < MEMORY;
		}
	}
	if (a->shadow)
		shadow_correct(a->shadow, c->guess_ns, took);
	a->idle_ns = s->now;
}

int sched_finish(struct sched *s, uint64_t now, sched_id call, const struct sched_outcome *outcome)
{
	struct call *c = call_find(s, call), *next;
	struct provider *p;
	struct agent *a;
	uint64_t guessed = 0;

	if (!c)
		return -ENOENT;
	if (c->state != CALL_RUNS)
		return -EBUSY;
	clock_set(s, now);
	a = c->agent;
	p = c->provider;
	slot_end(s, c, true);
	for (; c; c = next) {
		next = c->joined;
		guessed += c->tokens;
		call_free(s, c);
	}
	if (outcome->tokens < guessed)
		p->token_ns = less_ns(
			p->token_ns, rate_span(p->terms.tokens_per_min, guessed - outcome->tokens));
	else
		rate_later(&p->token_ns,
			   rate_span(p->terms.tokens_per_min, outcome->tokens - guessed));
	agent_update(s, a);
	agent_settle(s, a);
	return 0;
}

/* --- giving up --- */

/* The second of a batch stands for it from now on. */
static void lead_hand_over(struct call *c, struct call *to)
{
	struct call *i;

	to->state = c->state;
	to->batch = c->batch - 1;
	to->guess_ns = c->guess_ns;
	for (i = to; i; i = i->joined)
		i->lead = to;
}

static void gathering_cancel(struct flow *f, struct call *c)
{
	struct heap *ripe = &c->provider->ripe;
	const uint64_t when = ripe->entries[c->ripe.place - 1].key;
	struct call *to = c->joined, **at;

	for (at = &c->agent->batches; *at != c; at = &(*at)->next)
		;
	/* First: there is room for one of the two. */
	heap_drop(ripe, &c->ripe);
	if (to) {
		lead_hand_over(c, to);
		to->next = c->next;
		*at = to;
		heap_put(ripe, &to->ripe, when, to->seq);
	} else {
		*at = c->next;
		c->agent->open--;
		f->gathering--;
	}
}

static void queued_cancel(struct sched *s, struct flow *f, struct call *c)
{
	struct call *to = c->joined;

	if (!to) {
		flow_remove(s, f, c);
		return;
	}
	lead_hand_over(c, to);
	to->prev = c->prev;
	to->next = c->next;
	*(c->prev ? &c->prev->next : &f->head) = to;
	*(c->next ? &c->next->prev : &f->tail) = to;
	flow_update(s, f);
}

static void follower_cancel(struct call *c)
{
	struct call **at = &c->lead->joined;

	while (*at != c)
		at = &(*at)->joined;
	*at = c->joined;
	c->lead->batch--;
}

static void running_cancel(struct sched *s, struct call *c)
{
	if (c->joined)
		lead_hand_over(c, c->joined);
	else
		slot_end(s, c, false);
}

static void call_drop(struct sched *s, struct call *c)
{
	struct agent *a = c->agent;
	struct flow *f = c->flow;

	/* What runs is not queued, and has no flow. */
	if (f) {
		a->queued--;
		c->provider->queued--;
	}
	if (c->state == CALL_FOLLOWS)
		follower_cancel(c);
	else if (!f)
		running_cancel(s, c);
	else if (c->state == CALL_GATHERS)
		gathering_cancel(f, c);
	else
		queued_cancel(s, f, c);
	call_free(s, c);
	if (f)
		flow_settle(f);
	if (!a->queued && !a->running)
		a->idle_ns = s->now;
	agent_update(s, a);
	agent_settle(s, a);
}

int sched_cancel(struct sched *s, uint64_t now, sched_id call)
{
	struct call *c = call_find(s, call);

	if (!c)
		return -ENOENT;
	clock_set(s, now);
	call_drop(s, c);
	return 0;
}

int sched_expire(struct sched *s, uint64_t now, sched_id *ret_call, uint64_t *ret_next)
{
	struct call *c;

	clock_set(s, now);
	if (!s->expiry.count || s->expiry.entries[0].key > s->now) {
		*ret_next = s->expiry.count ? s->expiry.entries[0].key : 0;
		return 0;
	}
	c = CONTAINER(heap_top(&s->expiry), struct call, expiry);
	*ret_call = c->id;
	c->provider->expired++;
	call_drop(s, c);
	return 1;
}

sched_id sched_joined(const struct sched *s, sched_id call)
{
	const struct call *c = call_find(s, call);

	return c && !c->flow && c->joined ? c->joined->id : 0;
}
