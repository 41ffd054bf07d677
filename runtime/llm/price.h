/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a call costs: exactly once it was answered, at most before it is sent. Pure. */
#ifndef AGENTOS_LLM_PRICE_H
#define AGENTOS_LLM_PRICE_H

#include "llm/call.h"
#include "llm/model.h"

/* What a call asks for, as far as its price goes. */
struct price_ask {
	uint64_t body;	     /* bytes of the request's body, as sent to the provider */
	uint64_t attached;   /* tokens that images and files in it come to, at most */
	uint64_t max_tokens; /* 0: not given */
	uint64_t choices;    /* answers asked for; 0 is 1 */
	/*
	 * What is charged for is not all in the body: it names URLs, files, a response
	 * before it, a cache, or tools that the provider runs.
	 */
	bool beyond_body;
	bool cache_hour; /* it asks for a cache that lasts an hour */
	/* Embeddings: no tokens are answered, and each of many texts may fill the context window. */
	bool input_only;
};

/*
 * Microdollars for what was used, rounded up once at the end:
 *
 *	(input - cache_read - cache_write) * price of input + cache_read * ... , in millionths
 *
 * A usage that says more of the cache than of input is charged for all that it says.
 * cache_hour: what was written to the cache was to last an hour. These are prices of
 * tokens at the standard tier: a call that may be charged otherwise (another service
 * tier, searches by the piece) must not be let through under a budget of money.
 * today: 20261130.
 *
 * -ENODATA  no price, or none of today; -ENOMSG no usage; -EOVERFLOW
 */
int price_cost(const struct model *m, const struct call_usage *usage, bool cache_hour,
	       uint32_t today, uint64_t *ret_microdollars);

/*
 * The most that a call can cost, to be reserved before it is sent. Tokens of the prompt
 * are taken to be no more than
 *
 *	body + attached + LIMIT_HIDDEN_TOKENS,  and than the context window
 *
 * as a token of text stands for one byte at least, JSON does not shorten text, and what
 * a provider adds of its own (roles, its words around tools) is taken to be less than
 * LIMIT_HIDDEN_TOKENS. That is a bound for text in vocabularies over bytes, which
 * those of all providers here are, as far as they are known. What is beyond the body
 * can fill the context window. All of it is charged at whichever price is the highest.
 * The answer: max_tokens, or what the model gives at most.
 *
 * -ENODATA  no price of today; or no bound, as the context window or the largest answer
 *	     is not known and would be needed
 * -EINVAL   more than LIMIT_CHOICES choices; -EOVERFLOW
 */
int price_worst(const struct model *m, const struct price_ask *ask, uint32_t today,
		uint64_t *ret_microdollars);

/* Likewise in tokens of prompt and answer together. -ENODATA no bound; -EINVAL, -EOVERFLOW */
int price_worst_tokens(const struct model *m, const struct price_ask *ask, uint64_t *ret_tokens);

/* Is there a price of that day? */
bool price_holds(const struct model *m, uint32_t today);

#endif
