/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is done when a provider did not answer a call: asked again, another asked, or given up. Pure. */
#ifndef AGENTOS_LLM_RETRY_H
#define AGENTOS_LLM_RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct retry_terms {
	unsigned int attempts; /* of one candidate, the first among them; 0 is 1 */
	uint32_t base_ms;      /* before the second attempt, doubled for each one after it */
	uint32_t cap_ms;       /* at most; a provider that asks for more is not waited for */
};

extern const struct retry_terms retry_usual; /* 3 attempts, 500 ms, 30 s */

enum retry_event {
	RETRY_ANSWERED,	   /* with a status and a body that was read as far as it mattered */
	RETRY_UNCONNECTED, /* nothing was sent: no address, no connection, no TLS */
	RETRY_BROKEN,	   /* the connection ended before the answer did */
	RETRY_TIMED_OUT,
};

/* A header line's value; at is NULL when there is none. Hostile. */
struct retry_field {
	const char *at;
	size_t len;
};

struct retry_outcome {
	enum retry_event event;
	int status;			   /* ANSWERED */
	struct retry_field retry_after;	   /* seconds or a date */
	struct retry_field retry_after_ms; /* milliseconds, which OpenAI and Azure send beside it */
	struct retry_field should_retry;   /* x-should-retry: true or false */
	uint64_t sent;			   /* bytes of an answer that went to the client already */
	unsigned int attempts;		   /* of this candidate so far, this one among them */
	bool more;			   /* there is a candidate behind this one */
	uint64_t left_ms;		   /* that the client still waits */
	int64_t now;			   /* seconds since 1970 */
	uint64_t random;
};

enum retry_verdict {
	RETRY_AGAIN, /* the same one, after wait_ms */
	RETRY_OTHER, /* the next candidate, now */
	RETRY_STOP,  /* the client is told what came of it */
};

struct retry_decision {
	enum retry_verdict verdict;
	uint32_t wait_ms;
	/* STOP: what the provider asked to be waited for, for the client's Retry-After; 0: nothing. */
	uint64_t asked_ms;
	const char *why; /* some words */
};

/*
 * Once a byte of an answer went to the client, nothing is tried again: it would get two
 * beginnings.
 *
 * Again: 408, 409, 429, 500, 502, 503, 504 and 529, a connection that failed or
 * broke, unless the provider says x-should-retry: false. That may run a call twice, and
 * be charged twice, where the first one was broken after it was sent: calls change nothing
 * at a provider, and both are settled by the budget.
 * Another candidate: what is about this provider alone (401, 402, 403, 404, an attempt that timed out),
 * and what would be asked again but for attempts or time.
 * Stop: what is about the request (other 4xx), success, and no candidate left.
 *
 * The wait is half of base * 2^(attempts - 1), at most cap, and a random part of the other half; or what
 * the provider asked for and a random part of base on top, so that not all come
 * back at once. It must end before left_ms does.
 */
struct retry_decision retry_decide(const struct retry_terms *terms,
				   const struct retry_outcome *outcome);

/* What is asked for by the two lines, in milliseconds; false: nothing that can be read. */
bool retry_asked(const struct retry_outcome *outcome, uint64_t *ret_ms);

#endif
