/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which agent's model call goes to its provider next. Pure: no I/O, no clock, no randomness. */
#ifndef AGENTOS_SCHED_SCHED_H
#define AGENTOS_SCHED_SCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sched/bounds.h"

/*
 * The caller tells what happens (an agent comes, calls, its call ends, a provider
 * has other slots now) and then asks sched_next() of each provider that may have
 * something to start, until it has nothing more. A call that was started is never
 * taken back.
 *
 * Times are nanoseconds of one clock, whichever it is. One that goes back stands
 * still here until it is where it was. Nothing here blocks, logs or calls back.
 * Memory is bounded by bounds.h; only sched_create(), sched_provider_set(),
 * sched_agent_open() and sched_submit() allocate, and they change nothing when
 * they fail. With n calls queued, telling and asking cost O(log n).
 *
 * Of a program's calls only the first waits for its turn; the others wait for it.
 * A program is an agent with all its calls, from open to close.
 */
struct sched;

/* Of an agent or a call; never used again, so that a stale one is -ENOENT. 0 is none. */
typedef uint64_t sched_id;

enum sched_policy {
	SCHED_FIFO,	 /* calls as they came */
	SCHED_RR,	 /* agents in turn, a call of each */
	SCHED_FAIR,	 /* the agent that was served least, in seconds of all its calls */
	SCHED_COGNITIVE, /* below */
	SCHED_RANKED, /* the least struct sched_call.rank: for whoever knows an order of its own */
	SCHED_POLICIES
};

/*
 * SCHED_COGNITIVE. The first of these that there is:
 * 1. each `share`-th start: what is due, else as 4; whoever is critical.
 * 2. critical agents whose deadline is not over, the one that was served least first; up
 *    to critical_percent of all starts, of which 32 can be saved up.
 * 3. what is due: beside the real queue goes the shadow of one in arrival order (shadow.h).
 *    Once a program would take more than stretch_percent of the time that it would have
 *    taken there, it is due, the earliest first. So nobody starves. Of calls that came at
 *    once it is sooner due; with a class later, as then more is known than arrival order.
 * 4. the least rank: how many seconds of service the program is thought to need for
 *    each chance to be at its end. Of a class that is Gittins' index of how many calls
 *    such programs make, learned as they run (learn.h). Without, it is what it was served
 *    before it called last, as long programs are mostly longer still, and what it has
 *    queued. It is made up to four times smaller or larger by criticality, by the deadline
 *    being near, by efficiency, and by what the call costs beside others.
 */
struct sched_options {
	enum sched_policy policy;
	uint32_t stretch_percent; /* 100 to SCHED_STRETCH; 0: nothing is ever due */
	/* 2 to SCHED_SHARE; of FAIR, each so many-th start is for the oldest call. 0: none */
	uint32_t share;
	uint32_t critical_percent; /* up to 100 */
	uint32_t agents, calls;	   /* at most; up to SCHED_AGENTS and SCHED_CALLS */
};

/* cognitive, with what was found to do well on all of the simulator's mixes. */
struct sched_options sched_options_usual(void);

/* -EINVAL: out of the bounds above. -ENOMEM */
int sched_create(const struct sched_options *options, struct sched **ret_sched);
void sched_free(struct sched *s);

/* --- providers: numbers from 0, the caller's --- */

struct sched_provider {
	uint32_t slots;		   /* calls at once; 0: none are started for now */
	uint32_t queue;		   /* calls that wait for a slot; more are refused */
	uint64_t requests_per_min; /* 0: no such limit, likewise below */
	uint64_t tokens_per_min;
	uint64_t window_ns;    /* that calls which can be joined wait for others */
	uint32_t window_calls; /* that one start has at most; up to SCHED_BATCH, 0 as 1 */
	uint64_t service_ns; /* what a call is thought to take, before one was seen; 0: a second */
};

/*
 * Adds a provider, or changes one: what runs goes on even if there are fewer slots
 * now, and what is queued stays. -EINVAL: out of bounds. -ENOMEM
 */
int sched_provider_set(struct sched *s, uint64_t now, unsigned int provider,
		       const struct sched_provider *terms);

/* --- agents --- */

#define SCHED_CRITICALITY 50 /* the usual one, of 0 to 100, as the kernel has it */

struct sched_agent {
	uint64_t class;	      /* of programs that are alike, by the caller's number; 0: none */
	uint32_t criticality; /* above SCHED_CRITICALITY: critical. Below: batch */
	uint32_t concurrency; /* calls that run at once; 0: no limit */
	uint32_t queue;	      /* calls that wait; 0: as many as the provider has room for */
	uint32_t
		efficiency; /* progress bought per token so far, per mille of the usual; 0: not known */
	uint64_t deadline_ns; /* for all of the program, a time; 0: none */
};

/* -EINVAL: criticality above 100, a deadline beyond SCHED_TIME_NS. -ENOSPC: too many. -ENOMEM */
int sched_agent_open(struct sched *s, uint64_t now, const struct sched_agent *terms,
		     sched_id *ret_agent);
/* Its class stays. -EINVAL as above; -ENOENT: no such agent */
int sched_agent_set(struct sched *s, uint64_t now, sched_id agent, const struct sched_agent *terms);
/*
 * Parked: its calls are taken, and none is started until it is no longer; one that
 * runs goes on. -ENOENT
 */
int sched_agent_park(struct sched *s, uint64_t now, sched_id agent, bool parked);
/*
 * The end of a program. Its queued calls are gone, with their ids; those that run
 * go on, and are to be ended as any. `whole`: it came to its end by itself, thus
 * tells something about its class. Returns how many calls are gone; -ENOENT
 */
int sched_agent_close(struct sched *s, uint64_t now, sched_id agent, bool whole);

/* --- calls --- */

struct sched_call {
	sched_id agent;
	unsigned int provider;
	uint64_t deadline_ns; /* a time by which it is to be started; 0: none */
	uint64_t tokens;      /* that it is thought to take; made right by sched_finish() */
	uint64_t cost;	      /* likewise, in any unit that is the same for all */
	uint64_t rank;	      /* of SCHED_RANKED */
	/* Calls of one agent to one provider with the same number may be started as one; 0: not. */
	uint64_t join;
	void *cookie; /* given back when it starts */
};

enum sched_refused {
	SCHED_QUEUE_FULL = 1, /* the provider's */
	SCHED_AGENT_FULL,     /* the agent's own */
	SCHED_TOO_LATE,	      /* it would not be started by its deadline */
	SCHED_ALL_FULL,	      /* all queues together */
};

struct sched_refusal {
	enum sched_refused why;
	uint64_t wait_ns;  /* that is predicted for it */
	uint64_t retry_ns; /* after which asking again makes sense: a span, not a time */
};

/*
 * -EAGAIN  refused, for what *ret_refusal says
 * -ENOENT  no such agent, or provider
 * -EINVAL  more tokens than SCHED_TOKENS, a deadline beyond SCHED_TIME_NS
 * -ENOMEM
 */
int sched_submit(struct sched *s, uint64_t now, const struct sched_call *call, sched_id *ret_call,
		 struct sched_refusal *ret_refusal);

/* Why it is its turn; also why one call is before another. */
enum sched_why {
	SCHED_WHY_EARLIER,  /* it came first */
	SCHED_WHY_TURN,	    /* its agent's turn is first */
	SCHED_WHY_SERVED,   /* its agent was served less */
	SCHED_WHY_SHORTER,  /* its agent is sooner at its end, as far as is known of its class */
	SCHED_WHY_RANK,	    /* the caller said so */
	SCHED_WHY_DUE,	    /* it has waited too long beside arrival order */
	SCHED_WHY_CRITICAL, /* its agent is critical */
	SCHED_WHY_NEEDS,    /* both are, and its agent was served less */
	SCHED_WHY_SHARE,    /* it has waited, and this start is for such */
	SCHED_WHY_HELD, /* the other is held: parked, gathering, or too many of its agent's run */
	SCHED_WHYS
};

struct sched_start {
	sched_id call; /* further ones of its batch: sched_joined() */
	void *cookie;
	enum sched_why why;
	uint64_t waited_ns; /* since it was submitted */
	/* With nothing to start: when to ask again; 0: behind the next event. */
	uint64_t again_ns;
};

/* 1: the call is running now. 0: there is nothing to start. -ENOENT: no such provider */
int sched_next(struct sched *s, uint64_t now, unsigned int provider, struct sched_start *ret_start);
/* The next call in the batch of one that runs; 0: none, or no such call. */
sched_id sched_joined(const struct sched *s, sched_id call);

/*
 * One after the other, the queued calls whose deadline is over: 1 and an id, which is gone; or 0
 * and the time of the next deadline in *ret_next, 0: there is none.
 */
int sched_expire(struct sched *s, uint64_t now, sched_id *ret_call, uint64_t *ret_next);

struct sched_outcome {
	uint64_t tokens; /* that it took */
};

/* The end of a call that runs, with all that were started with it. -ENOENT; -EBUSY: it does not run */
int sched_finish(struct sched *s, uint64_t now, sched_id call, const struct sched_outcome *outcome);
/*
 * Nobody waits for this call any more, whether it is queued or runs. Of a batch the others go on, and
 * the first of them stands for it. -ENOENT
 */
int sched_cancel(struct sched *s, uint64_t now, sched_id call);

/* --- what people ask --- */

struct sched_counts {
	uint32_t slots, running; /* starts that hold a slot */
	uint32_t queued;	 /* calls */
	uint32_t agents;	 /* with some of them */
	uint64_t started, refused, expired;
	uint64_t service_ns; /* of a call, as seen */
};

/* -ENOENT */
int sched_counts(const struct sched *s, unsigned int provider, struct sched_counts *ret_counts);

/* A queued call's place. Of agents that are before it one call is counted, by fifo all. O(n). */
struct sched_place {
	uint32_t before;   /* calls that are thought to start sooner */
	uint64_t start_ns; /* when it is thought to start: a time; UINT64_MAX: there are no slots */
	uint64_t served_ns; /* of its agent, so far */
	uint64_t rank_ns;   /* of its agent: the less the sooner */
	uint64_t due_ns;    /* from when on it is due; UINT64_MAX: never */
	bool held;	    /* it cannot be started now */
};

/* -ENOENT; -EBUSY: it runs, or was joined to another */
int sched_place(struct sched *s, uint64_t now, sched_id call, struct sched_place *ret_place);

struct sched_reason {
	enum sched_why why;
	bool swapped;	      /* it is the other way round: `second` is before `first` */
	uint64_t ahead, back; /* what was compared: of the one before, and of the other */
};

/* Why a call is before another of the same provider. -ENOENT; -EBUSY; -EXDEV: not the same provider */
int sched_compare(struct sched *s, uint64_t now, sched_id first, sched_id second,
		  struct sched_reason *ret_reason);

#define SCHED_REASON_TEXT 160
/* In words, as the end of "A is before B: ..."; always terminated. */
void sched_reason_text(const struct sched_reason *reason, char text[SCHED_REASON_TEXT]);

#endif
