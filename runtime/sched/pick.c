// SPDX-License-Identifier: GPL-2.0-or-later
/* What a provider starts next. */
#include <errno.h>

#include "sched/state.h"

#define CREDIT 32 /* starts ahead of others, saved up */
#define TRIES  3  /* at the top, until one has the rank that it is there for */

static struct flow *order_top(const struct provider *p)
{
	return CONTAINER(heap_top(&p->order), struct flow, order);
}

/* What is learned of a class changes the ranks of all of it: one more is made anew each time. */
static void ranks_refresh(struct sched *s, struct provider *p)
{
	struct flow *f;
	uint64_t rank;
	unsigned int i;

	if (s->options.policy != SCHED_COGNITIVE || !s->class_count)
		return;
	p->cursor = (p->cursor + 1) % (uint32_t)p->order.count;
	f = CONTAINER(p->order.entries[p->cursor].node, struct flow, order);
	if (f->agent->class)
		flow_update(s, f);
	for (i = 0; i < TRIES; i++) {
		f = order_top(p);
		rank = f->rank;
		if (f->agent->class)
			flow_update(s, f);
		if (f->rank <= rank)
			break;
	}
}

static struct flow *due_top(const struct sched *s, const struct provider *p)
{
	const struct heap_entry *top = p->due.entries;

	return p->due.count && top->key <= s->now ? CONTAINER(top->node, struct flow, due) : NULL;
}

static struct flow *urgent_top(struct sched *s, struct provider *p)
{
	struct flow *f;

	while (p->urgent.count) {
		f = CONTAINER(heap_top(&p->urgent), struct flow, urgent);
		if (flow_is_urgent(s, f))
			return f;
		flow_update(s, f); /* its deadline is over */
	}
	return NULL;
}

/* What they may have ahead of others is saved up for a while, and used up by each start. */
static struct flow *critical_pick(struct sched *s, struct provider *p)
{
	struct flow *f;

	p->critical_credit += s->options.critical_percent;
	if (p->critical_credit > 100 * CREDIT)
		p->critical_credit = 100 * CREDIT;
	f = p->critical_credit < 100 ? NULL : urgent_top(s, p);
	if (f)
		p->critical_credit -= 100;
	return f;
}

static enum sched_why why_of(const struct sched *s, const struct flow *f)
{
	switch (s->options.policy) {
	case SCHED_RR:
		return SCHED_WHY_TURN;
	case SCHED_FAIR:
		return SCHED_WHY_SERVED;
	case SCHED_COGNITIVE:
		return f->agent->class ? SCHED_WHY_SHORTER : SCHED_WHY_SERVED;
	case SCHED_RANKED:
		return SCHED_WHY_RANK;
	default:
		return SCHED_WHY_EARLIER;
	}
}

/* There is one that may start. */
static struct flow *flow_pick(struct sched *s, struct provider *p, enum sched_why *ret_why)
{
	const uint32_t share = s->options.share;
	const bool shared = share && p->starts % share == share - 1;
	struct flow *f;

	ranks_refresh(s, p);
	if (shared && s->options.policy != SCHED_RANKED) {
		f = due_top(s, p);
		*ret_why = SCHED_WHY_SHARE;
		if (f)
			return f;
	}
	if (s->options.policy == SCHED_COGNITIVE) {
		f = shared ? NULL : critical_pick(s, p);
		*ret_why = SCHED_WHY_CRITICAL;
		if (!f) {
			f = due_top(s, p);
			*ret_why = SCHED_WHY_DUE;
		}
		if (f)
			return f;
	}
	f = order_top(p);
	*ret_why = why_of(s, f);
	return f;
}

/* --- starting --- */

static void ripe_push(struct sched *s, struct provider *p)
{
	struct call *c, **at;

	while (p->ripe.count && p->ripe.entries[0].key <= s->now) {
		c = CONTAINER(heap_top(&p->ripe), struct call, ripe);
		heap_drop(&p->ripe, &c->ripe);
		for (at = &c->agent->batches; *at != c; at = &(*at)->next)
			;
		*at = c->next;
		c->agent->open--;
		c->flow->gathering--;
		flow_push(s, c->flow, c);
	}
}

uint64_t rate_span(uint64_t per_min, uint64_t count)
{
	const double span = per_min ? (double)count * 60e9 / (double)per_min : 0;

	return span < (double)SCHED_TIME_NS ? (uint64_t)span : SCHED_TIME_NS;
}

void rate_later(uint64_t *at, uint64_t span)
{
	*at = *at < SCHED_TIME_NS - span ? *at + span : SCHED_TIME_NS;
}

/* What a rate allows later, it allows at once, up to what was not used for a while. */
static void rate_take(uint64_t *at, uint64_t now, uint64_t span)
{
	const uint64_t floor = less_ns(now, SCHED_BURST_NS);

	if (*at < floor)
		*at = floor;
	rate_later(at, span);
}

static uint64_t batch_tokens(const struct call *c)
{
	uint64_t tokens = 0;

	for (; c; c = c->joined)
		tokens += c->tokens;
	return tokens;
}

static void call_start(struct sched *s, struct provider *p, struct call *c)
{
	struct agent *a = c->agent;
	struct flow *f = c->flow;
	struct call *i;

	rate_take(&p->request_ns, s->now, rate_span(p->terms.requests_per_min, 1));
	rate_take(&p->token_ns, s->now, rate_span(p->terms.tokens_per_min, batch_tokens(c)));
	a->running++;
	a->inflight_ns = sum_ns(a->inflight_ns, c->guess_ns);
	a->queued -= c->batch;
	p->queued -= c->batch;
	p->running++;
	p->starts++;
	p->started += c->batch;
	f->turn = ++p->turns;
	for (i = c; i; i = i->joined) {
		heap_drop(&s->expiry, &i->expiry);
		i->started_ns = s->now;
		i->flow = NULL;
	}
	flow_remove(s, f, c);
	c->state = CALL_RUNS;
	flow_settle(f);
	agent_update(s, a);
}

/* When a rate lets the next one go, or 0: now. */
static uint64_t rate_wait(const struct sched *s, const struct provider *p)
{
	const uint64_t requests = p->terms.requests_per_min ? p->request_ns : 0;
	const uint64_t tokens = p->terms.tokens_per_min ? p->token_ns : 0;
	const uint64_t at = requests > tokens ? requests : tokens;

	return at > s->now ? at : 0;
}

int sched_next(struct sched *s, uint64_t now, unsigned int provider, struct sched_start *ret_start)
{
	struct provider *p = provider_find(s, provider);
	struct sched_start start = { 0 };
	struct call *c;

	if (!p)
		return -ENOENT;
	clock_set(s, now);
	ripe_push(s, p);
	if (p->running >= p->terms.slots) {
		*ret_start = start;
		return 0;
	}
	if (!p->order.count) {
		start.again_ns = p->ripe.count ? p->ripe.entries[0].key : 0;
		*ret_start = start;
		return 0;
	}
	start.again_ns = rate_wait(s, p);
	if (!start.again_ns) {
		c = flow_pick(s, p, &start.why)->head;
		start.call = c->id;
		start.cookie = c->cookie;
		start.waited_ns = s->now - c->submitted_ns;
		call_start(s, p, c);
	}
	*ret_start = start;
	return start.call != 0;
}
