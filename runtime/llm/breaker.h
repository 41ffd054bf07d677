/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A circuit breaker: a provider that fails too often is not asked for a while. Pure. */
#ifndef AGENTOS_LLM_BREAKER_H
#define AGENTOS_LLM_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"

struct breaker_terms {
	uint32_t window_ms; /* over which is counted; a multiple of LIMIT_BREAKER_SLOTS */
	uint32_t least;	    /* calls in it before anything opens; 0 is 1 */
	uint32_t percent;   /* of failures among them at which it opens: 1 to 100 */
	uint32_t open_ms;   /* for which it stays open at first; doubled each time a trial fails */
	uint32_t open_cap_ms; /* at most */
	uint32_t trials;      /* at once when it is half open; as many must go well. 0 is 1 */
};

extern const struct breaker_terms breaker_usual; /* half of at least 5 in 32 s; open 5 s to 5 min */

enum breaker_state {
	BREAKER_CLOSED,	   /* calls go through */
	BREAKER_OPEN,	   /* none does */
	BREAKER_HALF_OPEN, /* a few do, to see how it is */
};

struct breaker {
	struct breaker_terms terms;
	enum breaker_state state;
	uint32_t era;	    /* changes with the state: who was let through before counts no more */
	uint64_t until_ms;  /* OPEN */
	uint64_t open_ms;   /* how long the next opening lasts */
	uint32_t out, well; /* HALF_OPEN: trials that are out, and that went well */
	uint64_t trial_ms;  /* HALF_OPEN: when the last one went out */
	uint64_t slot;	    /* number of the newest slot of the window */
	struct {
		uint32_t well, failed;
	} slots[LIMIT_BREAKER_SLOTS];
};

/* What a call that was let through hands back with its outcome. */
struct breaker_ticket {
	uint32_t era;
	bool trial;
};

/*
 * Time is of a clock that never goes back, in milliseconds: what is earlier than before
 * counts as now.
 */
void breaker_init(struct breaker *b, const struct breaker_terms *terms, uint64_t now_ms);

/*
 * May a call go through? A trial of which nothing is heard for open_ms keeps no other back, and
 * still tells when it ends. True: *ret_ticket must come back by breaker_report() or
 * breaker_cancel(). False: *ret_wait_ms says when it is worth asking again, at least 1.
 */
bool breaker_take(struct breaker *b, uint64_t now_ms, struct breaker_ticket *ret_ticket,
		  uint64_t *ret_wait_ms);

/* What came of it. failed: the provider's doing; a request that it rightly refuses went well. */
void breaker_report(struct breaker *b, uint64_t now_ms, struct breaker_ticket ticket, bool failed);

/* It came to nothing: the client went away, so it says nothing about the provider. */
void breaker_cancel(struct breaker *b, struct breaker_ticket ticket);

/* At that time; an open one whose time is over is half open. */
enum breaker_state breaker_state(const struct breaker *b, uint64_t now_ms);
const char *breaker_state_name(enum breaker_state state);

#endif
