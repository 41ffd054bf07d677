// SPDX-License-Identifier: GPL-2.0-or-later
/* The scheduler of each provider that has few slots: made when it is asked first. */
#include "gateway/turns.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/limits.h"
#include "sched/sched.h"

#define NS_OF_MS     1000000ULL
#define WAKE_MOST_MS 60000 /* then it is looked again */

/* What was served of it counts for as long as it is known. */
struct turns_program {
	uint64_t agent;
	sched_id id;
	unsigned int turns, waiting; /* that are out; of these, not come */
	uint64_t used;
};

struct turns_queue {
	struct turns *turns;
	struct turns_queue *next;
	const struct provider *provider;
	struct sched *sched;
	struct turn *first; /* all that are out */
	struct loop_handle timer;
	uint64_t due_ns; /* of the timer */
	uint64_t clock;
	struct turns_program programs[LIMIT_CALL_PROGRAMS];
	size_t program_count;
};

/* Few of all providers are bounded: a list will do. */
struct turns {
	struct loop *loop;
	unsigned int most_ms;
	struct turns_queue *queues;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int turns_open(struct loop *l, unsigned int most_ms, struct turns **ret_turns)
{
	struct turns *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->loop = l;
	t->most_ms = most_ms;
	*ret_turns = t;
	return 0;
}

void turns_close(struct turns *t)
{
	struct turns_queue *q, *next;

	if (!t)
		return;
	for (q = t->queues; q; q = next) {
		next = q->next;
		loop_cancel(&q->timer);
		sched_free(q->sched);
		free(q);
	}
	free(t);
}

/* --- whose turn comes --- */

static int queue_wake(struct turns_queue *q, uint64_t due_ns);

static struct turn *turn_find(const struct turns_queue *q, sched_id id)
{
	struct turn *t;

	for (t = q->first; t && t->id != id; t = t->next)
		;
	return t;
}

static void turn_drop(struct turns_queue *q, struct turn *t)
{
	if (t->prev)
		t->prev->next = t->next;
	else
		q->first = t->next;
	if (t->next)
		t->next->prev = t->prev;
	t->program->turns--;
	t->program->waiting -= !t->runs;
	t->queue = NULL;
}

/* Each may give turns back, and take others: nothing of the queue is held over a call of them. */
static void queue_go(struct turns_queue *q)
{
	struct sched_start start;
	uint64_t next;
	struct turn *t;
	sched_id id;

	for (;;) {
		while (sched_expire(q->sched, now_ns(), &id, &next) == 1) {
			t = turn_find(q, id);
			if (!t)
				continue;
			turn_drop(q, t);
			t->late(t->cookie);
		}
		start = (struct sched_start){ .call = 0 };
		if (sched_next(q->sched, now_ns(), 0, &start) != 1)
			break;
		t = start.cookie;
		t->runs = true;
		t->program->waiting--;
		t->come(t->cookie);
	}
	if (next && (!start.again_ns || next < start.again_ns))
		start.again_ns = next;
	if (start.again_ns)
		(void)queue_wake(q, start.again_ns);
}

static void timer_done(int result, void *cookie)
{
	struct turns_queue *q = cookie;

	q->due_ns = 0;
	queue_go(q);
}

/* Then at the latest. -ENOMEM: the next event of this queue sees to it. */
static int queue_wake(struct turns_queue *q, uint64_t due_ns)
{
	const uint64_t now = now_ns();
	uint64_t ms;

	if (q->timer.op && q->due_ns <= due_ns)
		return 0;
	loop_cancel(&q->timer);
	ms = due_ns > now ? (due_ns - now + NS_OF_MS - 1) / NS_OF_MS : 0;
	q->due_ns = due_ns;
	return loop_timer(q->turns->loop, &q->timer,
			  (unsigned int)(ms < WAKE_MOST_MS ? ms : WAKE_MOST_MS));
}

/* --- what there is --- */

static uint32_t queue_of(const struct provider *p)
{
	return p->queue ? p->queue : LIMIT_CALL_CONNECTIONS;
}

static int queue_create(struct turns *t, const struct provider *p, struct turns_queue **ret_queue)
{
	static const enum sched_policy policies[PROVIDER_ORDERS] = {
		[PROVIDER_FIFO] = SCHED_FIFO,
		[PROVIDER_RR] = SCHED_RR,
		[PROVIDER_FAIR] = SCHED_FAIR,
		[PROVIDER_COGNITIVE] = SCHED_COGNITIVE,
	};
	const struct sched_provider terms = {
		.slots = p->slots ? p->slots : LIMIT_CALL_CONNECTIONS,
		.queue = queue_of(p),
		.requests_per_min = p->requests_per_min,
		.tokens_per_min = p->tokens_per_min,
	};
	struct sched_options options = sched_options_usual();
	struct turns_queue *q = calloc(1, sizeof(*q));
	int err;

	if (!q)
		return -ENOMEM;
	options.policy = policies[p->order];
	options.agents = LIMIT_CALL_PROGRAMS;
	options.calls = terms.slots + terms.queue;
	err = sched_create(&options, &q->sched);
	if (!err)
		err = sched_provider_set(q->sched, now_ns(), 0, &terms);
	if (err) {
		sched_free(q->sched);
		free(q);
		return err;
	}
	q->turns = t;
	q->provider = p;
	q->timer = (struct loop_handle){ .done = timer_done, .cookie = q };
	q->next = t->queues;
	t->queues = q;
	*ret_queue = q;
	return 0;
}

static int queue_get(struct turns *t, const struct provider *p, struct turns_queue **ret_queue)
{
	struct turns_queue *q;

	for (q = t->queues; q; q = q->next)
		if (q->provider == p) {
			*ret_queue = q;
			return 0;
		}
	return queue_create(t, p, ret_queue);
}

/* A place for one more: of the one that was used longest ago, and has nothing there. */
static struct turns_program *program_place(struct turns_queue *q)
{
	struct turns_program *oldest = NULL;
	size_t i;

	if (q->program_count < LIMIT_CALL_PROGRAMS)
		return &q->programs[q->program_count++];
	for (i = 0; i < q->program_count; i++) {
		struct turns_program *p = &q->programs[i];

		if (!p->turns && (!oldest || p->used < oldest->used))
			oldest = p;
	}
	if (oldest)
		sched_agent_close(q->sched, now_ns(), oldest->id, false);
	return oldest;
}

static int program_get(struct turns_queue *q, uint64_t agent, struct turns_program **ret_program)
{
	const struct sched_agent terms = { .criticality = SCHED_CRITICALITY };
	struct turns_program *p;
	sched_id id;
	size_t i;
	int err;

	for (i = 0; i < q->program_count; i++)
		if (q->programs[i].agent == agent) {
			q->programs[i].used = ++q->clock;
			*ret_program = &q->programs[i];
			return 0;
		}
	p = program_place(q);
	if (!p)
		return -EBUSY;
	err = sched_agent_open(q->sched, now_ns(), &terms, &id);
	/* Its place is nobody's: no agent has the number 0. */
	*p = (struct turns_program){ .agent = err ? 0 : agent, .id = err ? 0 : id };
	if (err)
		return err;
	p->used = ++q->clock;
	*ret_program = p;
	return 0;
}

/* The queue is not one program's: whoever has half of it takes no more. */
static int program_admit(const struct turns_queue *q, const struct turns_program *p,
			 struct turns_refusal *ret_refusal)
{
	const unsigned int queue = queue_of(q->provider), half = queue > 1 ? queue / 2 : 1;
	struct sched_counts c = { .slots = 0 };

	(void)sched_counts(q->sched, 0, &c);
	if (p->waiting < half + (c.slots > c.running ? c.slots - c.running : 0))
		return 0;
	ret_refusal->late = false;
	ret_refusal->retry_ms = c.service_ns / NS_OF_MS + 1;
	return -EAGAIN;
}

int turns_take(struct turns *t, const struct provider *p, uint64_t program, uint64_t tokens,
	       struct turn *turn, struct turns_refusal *ret_refusal)
{
	struct sched_refusal refusal;
	const uint64_t now = now_ns();
	struct sched_call call = {
		.deadline_ns = now + t->most_ms * NS_OF_MS,
		.tokens = tokens < SCHED_TOKENS ? tokens : SCHED_TOKENS,
		.cookie = turn,
	};
	struct turns_program *owner;
	struct turns_queue *q;
	int err = queue_get(t, p, &q);

	if (!err)
		err = program_get(q, program, &owner);
	if (!err)
		err = program_admit(q, owner, ret_refusal);
	if (err)
		return err;
	call.agent = owner->id;
	err = sched_submit(q->sched, now, &call, &turn->id, &refusal);
	if (err == -EAGAIN) {
		ret_refusal->late = refusal.why == SCHED_TOO_LATE;
		ret_refusal->retry_ms = (refusal.retry_ns + NS_OF_MS - 1) / NS_OF_MS;
	}
	if (err)
		return err;
	owner->turns++;
	owner->waiting++;
	turn->queue = q;
	turn->program = owner;
	turn->runs = false;
	turn->prev = NULL;
	turn->next = q->first;
	if (q->first)
		q->first->prev = turn;
	q->first = turn;
	err = queue_wake(q, now);
	if (err)
		turns_give(turn, 0);
	return err;
}

void turns_give(struct turn *turn, uint64_t tokens)
{
	const struct sched_outcome outcome = {
		.tokens = tokens < SCHED_TOKENS ? tokens : SCHED_TOKENS
	};
	struct turns_queue *q = turn->queue;
	const uint64_t now = now_ns();

	if (!q)
		return;
	if (turn->runs)
		sched_finish(q->sched, now, turn->id, &outcome);
	else
		sched_cancel(q->sched, now, turn->id);
	turn_drop(q, turn);
	(void)queue_wake(q, now);
}
