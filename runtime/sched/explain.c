// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a queued call stands, and why one is before another. */
#include <errno.h>
#include <stdio.h>

#include "sched/state.h"

static bool call_is_held(const struct call *c)
{
	return c->state == CALL_GATHERS || !flow_may_start(c->flow);
}

/* Groups of calls of which all of one are before all of the next. */
enum tier { TIER_URGENT, TIER_DUE, TIER_ORDER, TIER_HELD };

static enum tier tier_of(const struct sched *s, const struct call *c)
{
	if (call_is_held(c))
		return TIER_HELD;
	if (s->options.policy != SCHED_COGNITIVE)
		return TIER_ORDER;
	if (flow_is_urgent(s, c->flow))
		return TIER_URGENT;
	return flow_due(c->flow) <= s->now ? TIER_DUE : TIER_ORDER;
}

static uint64_t key_of(const struct sched *s, const struct call *c, enum tier tier)
{
	const struct flow *f = c->flow;

	switch (tier) {
	case TIER_URGENT:
		return sum_ns(f->agent->served_ns, f->agent->inflight_ns);
	case TIER_DUE:
		return flow_due(f);
	case TIER_ORDER:
		return s->options.policy == SCHED_FIFO ? c->seq : rank_flow(s, f);
	default:
		return c->seq;
	}
}

static enum sched_why why_between(const struct sched *s, const struct call *ahead,
				  enum tier ahead_tier, enum tier back_tier, bool equal)
{
	static const enum sched_why of_policy[] = {
		[SCHED_FIFO] = SCHED_WHY_EARLIER, [SCHED_RR] = SCHED_WHY_TURN,
		[SCHED_FAIR] = SCHED_WHY_SERVED,  [SCHED_COGNITIVE] = SCHED_WHY_SERVED,
		[SCHED_RANKED] = SCHED_WHY_RANK,
	};

	if (back_tier == TIER_HELD && ahead_tier != TIER_HELD)
		return SCHED_WHY_HELD;
	if (equal || ahead_tier == TIER_HELD)
		return SCHED_WHY_EARLIER;
	if (ahead_tier == TIER_URGENT)
		return back_tier == TIER_URGENT ? SCHED_WHY_NEEDS : SCHED_WHY_CRITICAL;
	if (ahead_tier == TIER_DUE)
		return SCHED_WHY_DUE;
	if (s->options.policy == SCHED_COGNITIVE && ahead->agent->class)
		return SCHED_WHY_SHORTER;
	return of_policy[s->options.policy];
}

static int call_queued(const struct sched *s, sched_id id, struct call **ret_call)
{
	struct call *c = call_find(s, id);

	if (!c)
		return -ENOENT;
	if (c->state != CALL_QUEUED && c->state != CALL_GATHERS)
		return -EBUSY;
	*ret_call = c;
	return 0;
}

/* Whether `a` is before `b`; *ret_equal: by nothing but that it came first. */
static bool call_before(const struct sched *s, const struct call *a, const struct call *b,
			bool *ret_equal)
{
	const enum tier of_a = tier_of(s, a), of_b = tier_of(s, b);
	const uint64_t key_a = key_of(s, a, of_a), key_b = key_of(s, b, of_b);

	*ret_equal = a->flow == b->flow || (of_a == of_b && key_a == key_b);
	if (*ret_equal)
		return a->seq < b->seq;
	return of_a != of_b ? of_a < of_b : key_a < key_b;
}

int sched_compare(struct sched *s, uint64_t now, sched_id first, sched_id second,
		  struct sched_reason *ret_reason)
{
	struct sched_reason r = { 0 };
	struct call *ahead, *back, *swap;
	enum tier tier, back_tier;
	bool equal;
	int rc;

	rc = call_queued(s, first, &ahead);
	if (!rc)
		rc = call_queued(s, second, &back);
	if (rc)
		return rc;
	if (ahead->provider != back->provider)
		return -EXDEV;
	clock_set(s, now);
	r.swapped = !call_before(s, ahead, back, &equal);
	if (r.swapped) {
		swap = ahead;
		ahead = back;
		back = swap;
	}
	tier = tier_of(s, ahead);
	back_tier = tier_of(s, back);
	r.why = why_between(s, ahead, tier, back_tier, equal);
	if (r.why == SCHED_WHY_EARLIER) {
		r.ahead = s->now - ahead->submitted_ns;
		r.back = s->now - back->submitted_ns;
	} else if (r.why == SCHED_WHY_DUE) {
		r.ahead = s->now - flow_due(ahead->flow);
		r.back = less_ns(s->now, flow_due(back->flow));
	} else {
		r.ahead = key_of(s, ahead, tier);
		r.back = key_of(s, back, tier);
	}
	*ret_reason = r;
	return 0;
}

/* Calls of a queue that are before one, and the time that they are thought to take. */
static void flow_before(const struct sched *s, const struct flow *f, const struct call *mine,
			uint32_t *calls, uint64_t *work)
{
	const bool all = s->options.policy == SCHED_FIFO || f == mine->flow;
	const struct call *c;
	bool equal;

	for (c = f->head; c; c = all ? c->next : NULL) {
		if (c == mine || !call_before(s, c, mine, &equal))
			break;
		*calls += c->batch;
		*work = sum_ns(*work, c->guess_ns);
	}
}

int sched_place(struct sched *s, uint64_t now, sched_id call, struct sched_place *ret_place)
{
	struct sched_place place = { 0 };
	const struct provider *p;
	uint64_t work = 0;
	struct call *c;
	size_t i;
	int rc;

	rc = call_queued(s, call, &c);
	if (rc)
		return rc;
	clock_set(s, now);
	p = c->provider;
	place.held = call_is_held(c);
	for (i = 0; i < p->order.count; i++)
		flow_before(s, CONTAINER(p->order.entries[i].node, struct flow, order), c,
			    &place.before, &work);
	if (!heap_has(&c->flow->order))
		flow_before(s, c->flow, c, &place.before, &work);
	place.served_ns = c->agent->served_ns;
	place.rank_ns = c->flow->rank;
	place.due_ns = s->options.policy == SCHED_COGNITIVE && c->flow->tail ?
			       flow_due(c->flow) :
			       UINT64_MAX;
	place.start_ns = UINT64_MAX;
	if (p->terms.slots && p->running < p->terms.slots && !place.before)
		place.start_ns = s->now;
	else if (p->terms.slots)
		place.start_ns =
			sum_ns(s->now, sum_ns(work, (uint64_t)p->service_ns) / p->terms.slots);
	*ret_place = place;
	return 0;
}

void sched_reason_text(const struct sched_reason *r, char text[SCHED_REASON_TEXT])
{
	const double ahead = (double)r->ahead / 1e9, back = (double)r->back / 1e9;
	static const char *const words[] = {
		[SCHED_WHY_EARLIER] =
			"it came first: it has waited for %.1f s, the other for %.1f s",
		[SCHED_WHY_TURN] = "it is its agent's turn",
		[SCHED_WHY_SERVED] = "its agent was served less so far: %.1f s beside %.1f s",
		[SCHED_WHY_SHORTER] =
			"its agent is thought to end sooner: %.1f s of service beside %.1f s",
		[SCHED_WHY_RANK] = "its rank was given as less",
		[SCHED_WHY_DUE] =
			"it is due since %.1f s, by how long it would take in arrival order; the other %.1f s",
		[SCHED_WHY_CRITICAL] = "its agent is critical, and the other is not",
		[SCHED_WHY_NEEDS] =
			"both agents are critical, and its own was served less: %.1f s beside %.1f s",
		[SCHED_WHY_SHARE] = "it has waited, and this start is for what has",
		[SCHED_WHY_HELD] =
			"the other is held: its agent is parked, gathers calls, or has as many running as it may",
	};

	snprintf(text, SCHED_REASON_TEXT, r->why < SCHED_WHYS ? words[r->why] : "", ahead, back);
}
