/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Turns at providers that take few calls at once: whose call goes out next (sched/sched.h). */
#ifndef AGENTOS_GATEWAY_TURNS_H
#define AGENTOS_GATEWAY_TURNS_H

#include "llm/provider.h"
#include "loop/loop.h"

struct turns;

/* A call's place at a provider; zero: it has none. It stays where it is until it is given back. */
struct turn {
	struct turns_queue *queue;
	struct turn *prev, *next;
	struct turns_program *program;
	uint64_t id; /* the scheduler's */
	bool runs;   /* it has come */
	/* One of them, once, from loop_run(): it may go; or it has waited for too long. */
	void (*come)(void *cookie);
	void (*late)(void *cookie);
	void *cookie;
};

/* Why one is refused, and after how long asking again makes sense. */
struct turns_refusal {
	bool late; /* it would have to wait too long; else there is no place */
	uint64_t retry_ms;
};

/* most_ms: that one waits. -ENOMEM */
int turns_open(struct loop *l, unsigned int most_ms, struct turns **ret_turns);
/* No turn is out. NULL is allowed. */
void turns_close(struct turns *t);

/*
 * Puts a call of that program (an agent, with all that are below it) into the provider's queue,
 * with what the turn has in come, late and cookie. p: bounded (provider_is_bounded()), and as long
 * as the turns. tokens: that it is thought to take.
 * -EAGAIN  refused, for what *ret_refusal says: also who has half of the queue already
 * -EBUSY   LIMIT_CALL_PROGRAMS others wait
 * -ENOMEM
 */
int turns_take(struct turns *t, const struct provider *p, uint64_t program, uint64_t tokens,
	       struct turn *turn, struct turns_refusal *ret_refusal);

/*
 * The call waits no more, or has been answered, or has failed: another's turn comes, from
 * loop_run(). tokens: that it took. The turn is none then; nothing for one that is none.
 */
void turns_give(struct turn *turn, uint64_t tokens);

#endif
