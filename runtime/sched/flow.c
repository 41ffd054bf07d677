// SPDX-License-Identifier: GPL-2.0-or-later
/* Agents' queues at providers: what is in them, whether they may start, and where that puts them. */
#include <errno.h>
#include <stdlib.h>

#include "sched/state.h"

int flow_get(struct agent *a, struct provider *p, struct flow **ret_flow)
{
	struct flow *f;

	for (f = a->flows; f && f->provider != p; f = f->next)
		;
	if (f) {
		*ret_flow = f;
		return 0;
	}
	if (heap_reserve(&p->order, p->flows + 1) || heap_reserve(&p->due, p->flows + 1) ||
	    heap_reserve(&p->urgent, p->flows + 1))
		return -ENOMEM;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->agent = a;
	f->provider = p;
	f->next = a->flows;
	a->flows = f;
	p->flows++;
	*ret_flow = f;
	return 0;
}

void flow_settle(struct flow *f)
{
	struct flow **at = &f->agent->flows;

	if (f->queued || f->gathering)
		return;
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	f->provider->flows--;
	free(f);
}

bool flow_may_start(const struct flow *f)
{
	const struct agent *a = f->agent;

	return f->head && !a->parked &&
	       (!a->terms.concurrency || a->running < a->terms.concurrency);
}

static void flow_count(struct flow *f, uint64_t work, uint64_t rank)
{
	uint64_t *parts = f->provider->by_rank;

	parts[f->part] -= f->counted_ns;
	f->part = rank ? 63 - (unsigned int)__builtin_clzll(rank) : 0;
	f->counted_ns = work;
	parts[f->part] += work;
}

uint64_t flow_due(const struct flow *f)
{
	const uint32_t slots = f->provider->terms.slots;

	return less_ns(f->tail->due_ns, 2 * (f->work_ns - f->tail->guess_ns) / (slots ? slots : 1));
}

void flow_update(struct sched *s, struct flow *f)
{
	struct provider *p = f->provider;

	if (!flow_may_start(f)) {
		heap_drop(&p->order, &f->order);
		heap_drop(&p->due, &f->due);
		heap_drop(&p->urgent, &f->urgent);
		flow_count(f, 0, 0);
		return;
	}
	f->rank = rank_flow(s, f);
	heap_put(&p->order, &f->order, f->rank, f->head->seq);
	heap_put(&p->due, &f->due, flow_due(f), f->head->seq);
	if (flow_is_urgent(s, f))
		heap_put(&p->urgent, &f->urgent, sum_ns(f->agent->served_ns, f->agent->inflight_ns),
			 f->head->seq);
	else
		heap_drop(&p->urgent, &f->urgent);
	flow_count(f, f->work_ns, f->rank);
}

void agent_update(struct sched *s, struct agent *a)
{
	struct flow *f;

	for (f = a->flows; f; f = f->next)
		flow_update(s, f);
}

void flow_push(struct sched *s, struct flow *f, struct call *c)
{
	c->state = CALL_QUEUED;
	c->prev = f->tail;
	c->next = NULL;
	if (f->tail)
		f->tail->next = c;
	else
		f->head = c;
	f->tail = c;
	if (!f->queued++)
		f->turn = ++f->provider->turns;
	f->work_ns += c->guess_ns;
	f->provider->work_ns += c->guess_ns;
	flow_update(s, f);
}

void flow_remove(struct sched *s, struct flow *f, struct call *c)
{
	if (c->prev)
		c->prev->next = c->next;
	else
		f->head = c->next;
	if (c->next)
		c->next->prev = c->prev;
	else
		f->tail = c->prev;
	c->prev = c->next = NULL;
	f->queued--;
	f->work_ns -= c->guess_ns;
	f->provider->work_ns -= c->guess_ns;
	flow_update(s, f);
}
