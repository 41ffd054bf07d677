/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of sched.h: what the scheduler is made of. */
#ifndef AGENTOS_SCHED_STATE_H
#define AGENTOS_SCHED_STATE_H

#include "sched/heap.h"
#include "sched/learn.h"
#include "sched/sched.h"
#include "sched/shadow.h"

#define CONTAINER(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define RANKS			     64 /* parts of the scale of ranks, an octave each */

/* Things by ids: a place in the low half, and how often it was used before in the high one. */
struct table {
	struct table_slot {
		void *thing; /* NULL: free */
		uint32_t uses, next;
	} * slots;			 /* owned */
	uint32_t room, used, most, free; /* free: a place and one; 0: none */
};

enum call_state {
	CALL_GATHERS, /* the first of a batch that may become larger */
	CALL_QUEUED,  /* in its flow's queue */
	CALL_RUNS,
	CALL_FOLLOWS, /* another one, in the same batch */
};

struct call {
	sched_id id;
	struct agent *agent;
	struct flow *flow; /* NULL: it runs */
	struct provider *provider;
	enum call_state state;
	struct call *prev, *next;   /* in the flow's queue, or among the agent's batches */
	struct call *lead, *joined; /* of its batch: the first; the next */
	struct heap_node expiry;    /* in sched's */
	struct heap_node ripe;	    /* in its provider's */
	uint64_t seq, submitted_ns, started_ns, deadline_ns, due_ns, rank, join;
	uint64_t tokens, cost, guess_ns;
	uint32_t batch; /* calls in it, if it leads */
	void *cookie;	/* the caller's */
};

/* An agent's queue at one provider, there as long as a call is in it or gathers for it. */
struct flow {
	struct agent *agent;
	struct provider *provider;
	struct flow *next; /* of the same agent */
	struct call *head, *tail;
	uint32_t queued;    /* calls in the queue, batches as one */
	uint32_t gathering; /* batches that will be */
	uint64_t work_ns;   /* guessed, of the queue */
	uint64_t turn;	    /* of SCHED_RR */
	uint64_t rank;
	struct heap_node order, due, urgent; /* in its provider's heaps, while it may start */
	uint64_t counted_ns;		     /* of its work, in by_rank */
	unsigned int part;
};

struct agent {
	sched_id id;
	struct sched_agent terms;
	struct class *class; /* NULL: none */
	struct flow *flows;
	struct call *batches;			/* that gather */
	uint32_t open, queued, running;		/* batches; calls, single ones; starts */
	uint64_t calls, served_ns, inflight_ns; /* ended, their time; guessed time of what runs */
	uint64_t opened_ns, idle_ns;		/* when it came; since when it has no call */
	struct shadow *shadow;			/* owned; NULL: nothing is ever due */
	uint64_t base_ns;			/* of served and in flight, when it called last */
	bool parked, closed;
};

struct class
{
	uint64_t id;
	struct learn learn;
	double service_ns; /* of a call, on the average */
	uint32_t seen;
};

struct provider {
	struct sched_provider terms;
	struct heap order, due, urgent, ripe;
	uint32_t running, queued, flows; /* starts; calls, single ones; flows with some */
	uint64_t work_ns;		 /* guessed, of all queued */
	uint64_t by_rank[RANKS];	 /* of that, of flows that may start */
	uint64_t turns, starts, started, refused, expired;
	uint64_t request_ns, token_ns; /* when the rates allow another one */
	double service_ns, cost;       /* of a call, on the average */
	uint32_t seen, cursor;
	struct shadow_queue shadow;
	uint32_t critical_credit; /* percent of a start */
};

struct sched {
	struct sched_options options;
	uint64_t now, seq;
	struct table agents, calls;
	struct heap expiry;
	struct shadows shadows;
	struct provider *providers[SCHED_PROVIDERS]; /* owned, NULL: not there */
	struct class *classes[2 * SCHED_CLASSES];    /* owned, hashed by id */
	uint32_t class_count;
};

/* --- sched.c --- */

void clock_set(struct sched *s, uint64_t now);
struct agent *agent_find(const struct sched *s, sched_id id);
struct call *call_find(const struct sched *s, sched_id id);
struct provider *provider_find(const struct sched *s, unsigned int provider);
/* Frees an agent that was closed and has nothing left. */
void agent_settle(struct sched *s, struct agent *a);

/* --- table.c --- */

/* Room for one more. -ENOSPC, -ENOMEM */
int table_reserve(struct table *t);
sched_id table_add(struct table *t, void *thing);
void *table_find(const struct table *t, sched_id id);
void table_drop(struct table *t, sched_id id);

/* --- flow.c --- */

/* The agent's queue at a provider, new if it has none. -ENOMEM */
int flow_get(struct agent *a, struct provider *p, struct flow **ret_flow);
/* Frees it if nothing is in it. */
void flow_settle(struct flow *f);
void flow_push(struct sched *s, struct flow *f, struct call *c);
void flow_remove(struct sched *s, struct flow *f, struct call *c);
/* Of calls that came at once the last one counts, and before it there has to be time for the others. */
uint64_t flow_due(const struct flow *f);
bool flow_may_start(const struct flow *f);
/* What it is ordered by is made anew, and with it whether it may start. */
void flow_update(struct sched *s, struct flow *f);
void agent_update(struct sched *s, struct agent *a);

/* --- rank.c --- */

uint64_t guess_call(const struct provider *p, const struct agent *a);
uint64_t rank_flow(const struct sched *s, const struct flow *f);
bool flow_is_urgent(const struct sched *s, const struct flow *f);
/* Of a call that would end then, had all been served as they came. */
uint64_t time_due(const struct sched *s, const struct call *c, uint64_t fifo_end, bool beside);

/* --- pick.c --- */

/* How long so many take at a rate, 0: there is none; up to SCHED_TIME_NS. */
uint64_t rate_span(uint64_t per_min, uint64_t count);
/* A rate allows the next one later by so much, which is at most SCHED_TIME_NS. */
void rate_later(uint64_t *at, uint64_t span);

/* --- admit.c --- */

/* The time until a further call of this agent is thought to start; UINT64_MAX: never, as it is. */
uint64_t wait_predict(const struct sched *s, const struct agent *a, const struct provider *p,
		      uint64_t rank);
/* 0 or -EAGAIN */
int call_admit(const struct sched *s, const struct agent *a, const struct provider *p,
	       const struct sched_call *call, struct sched_refusal *ret_refusal);

static inline uint64_t sum_ns(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static inline uint64_t less_ns(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static inline bool agent_is_critical(const struct agent *a)
{
	return a->terms.criticality > SCHED_CRITICALITY;
}

#endif
