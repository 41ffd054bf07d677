// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether a call is queued at all: what waits for nothing is better told so at once. */
#include <errno.h>

#include "sched/state.h"

/* Of ranked queues, the work that is before a rank: of its own octave half is taken to be. */
static uint64_t work_before(const struct provider *p, uint64_t rank)
{
	const unsigned int part = rank ? 63 - (unsigned int)__builtin_clzll(rank) : 0;
	uint64_t work = p->by_rank[part] / 2;
	unsigned int i;

	for (i = 0; i < part; i++)
		work = sum_ns(work, p->by_rank[i]);
	return work;
}

static uint64_t work_of_turns(const struct agent *a, const struct provider *p)
{
	const struct flow *f;
	double work;

	for (f = a->flows; f && f->provider != p; f = f->next)
		;
	work = (double)((f ? f->queued : 0) + 1) * (double)p->flows * p->service_ns;
	return work < (double)p->work_ns ? (uint64_t)work : p->work_ns;
}

uint64_t wait_predict(const struct sched *s, const struct agent *a, const struct provider *p,
		      uint64_t rank)
{
	uint64_t work = p->work_ns;

	if (!p->terms.slots)
		return UINT64_MAX;
	if (p->running < p->terms.slots && !p->queued)
		return 0;
	if (s->options.policy == SCHED_COGNITIVE && agent_is_critical(a))
		work = 0;
	else if (s->options.policy == SCHED_RR)
		work = work_of_turns(a, p);
	else if (s->options.policy == SCHED_FAIR || s->options.policy == SCHED_COGNITIVE)
		work = work_before(p, rank);
	/* And until a slot is free. */
	return sum_ns(work, (uint64_t)p->service_ns) / p->terms.slots;
}

static int refuse(const struct provider *p, struct sched_refusal *ret_refusal,
		  enum sched_refused why, uint64_t wait, uint64_t retry)
{
	if (!p->terms.slots)
		retry = SCHED_RETRY_MAX_NS;
	if (retry < SCHED_RETRY_MIN_NS)
		retry = SCHED_RETRY_MIN_NS;
	if (retry > SCHED_RETRY_MAX_NS)
		retry = SCHED_RETRY_MAX_NS;
	*ret_refusal = (struct sched_refusal){ why, wait, retry };
	return -EAGAIN;
}

/* Before it is known to which queue it goes: by its agent alone. */
static uint64_t rank_guess(const struct sched *s, const struct agent *a, const struct provider *p)
{
	const struct call head = { 0 };
	struct flow flow = { .agent = (struct agent *)a,
			     .provider = (struct provider *)p,
			     .head = (struct call *)&head };

	return rank_flow(s, &flow);
}

int call_admit(const struct sched *s, const struct agent *a, const struct provider *p,
	       const struct sched_call *call, struct sched_refusal *ret_refusal)
{
	const uint32_t idle = less_ns(p->terms.slots, p->running);
	const uint64_t wait = wait_predict(s, a, p, rank_guess(s, a, p));
	/* By then an eighth of what waits is gone. */
	const uint64_t eighth = p->terms.slots ? p->work_ns / p->terms.slots / 8 : 0;

	if (p->queued >= (uint64_t)p->terms.queue + idle)
		return refuse(p, ret_refusal, SCHED_QUEUE_FULL, wait, eighth);
	if (a->terms.queue && a->queued >= a->terms.queue)
		return refuse(p, ret_refusal, SCHED_AGENT_FULL, wait,
			      a->running ? (uint64_t)p->service_ns : wait);
	if (call->deadline_ns && sum_ns(s->now, wait) > call->deadline_ns)
		return refuse(p, ret_refusal, SCHED_TOO_LATE, wait,
			      sum_ns(s->now, wait) - call->deadline_ns);
	return 0;
}
