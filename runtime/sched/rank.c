// SPDX-License-Identifier: GPL-2.0-or-later
/* What each policy orders agents' queues by. */
#include "sched/state.h"

#define TIMES 4.0 /* that all hints together make a rank smaller or larger, at most */
#define BESIDE \
	0.75 /* of the patience, for calls that came at once: all that they wait for is here */
#define CLASSED 2.0 /* times as patient, with what is known better than arrival order */

uint64_t guess_call(const struct provider *p, const struct agent *a)
{
	const double one = a->class && a->class->seen ? a->class->service_ns : p->service_ns;

	/* One call as others are, and its own. */
	return (uint64_t)((one + (double)a->served_ns) / (double)(a->calls + 1));
}

/* What is known of a program's end, in service until then. */
static double need_of(const struct flow *f)
{
	const struct agent *a = f->agent;

	if (!a->class)
		return (double)a->base_ns + (double)f->work_ns;
	return learn_index(&a->class->learn, a->calls + a->running) *
	       (double)guess_call(f->provider, a);
}

/* Below 1: sooner. */
static double hints_of(const struct sched *s, const struct flow *f, double need)
{
	const struct sched_agent *t = &f->agent->terms;
	double times = 1;

	if (t->criticality != SCHED_CRITICALITY)
		times *= t->criticality < SCHED_CRITICALITY ?
				 1 + (SCHED_CRITICALITY - t->criticality) / 25.0 :
				 0.5;
	/* As much is left as it may need, twice: later would be too late. */
	if (t->deadline_ns > s->now && (double)(t->deadline_ns - s->now) < 2 * need)
		times /= 2;
	if (t->efficiency)
		times *= 2000.0 / (1000.0 + t->efficiency);
	if (f->provider->cost > 0)
		times *= 0.75 + 0.25 * (double)f->head->cost / f->provider->cost;
	return times < 1 / TIMES ? 1 / TIMES : times > TIMES ? TIMES : times;
}

static uint64_t rank_cognitive(const struct sched *s, const struct flow *f)
{
	const double need = need_of(f), rank = need * hints_of(s, f, need);

	return rank < (double)SCHED_TIME_NS ? (uint64_t)rank : SCHED_TIME_NS;
}

uint64_t rank_flow(const struct sched *s, const struct flow *f)
{
	switch (s->options.policy) {
	case SCHED_RR:
		return f->turn;
	case SCHED_FAIR:
		return sum_ns(f->agent->served_ns, f->agent->inflight_ns);
	case SCHED_COGNITIVE:
		return rank_cognitive(s, f);
	case SCHED_RANKED:
		return f->head->rank;
	default:
		return f->head->seq;
	}
}

bool flow_is_urgent(const struct sched *s, const struct flow *f)
{
	const struct agent *a = f->agent;

	return s->options.policy == SCHED_COGNITIVE && agent_is_critical(a) &&
	       (!a->terms.deadline_ns || a->terms.deadline_ns > s->now);
}

uint64_t time_due(const struct sched *s, const struct call *c, uint64_t fifo_end, bool beside)
{
	const uint64_t opened = c->agent->opened_ns;
	double times = s->options.stretch_percent / 100.0, span;

	if (beside)
		times = 1 + (times - 1) * BESIDE;
	if (c->agent->class)
		times *= CLASSED;
	span = (double)less_ns(fifo_end, opened) * times;
	if (span > (double)SCHED_TIME_NS)
		return UINT64_MAX;
	return opened + less_ns((uint64_t)span, c->guess_ns);
}
