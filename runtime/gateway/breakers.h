/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A circuit breaker for each provider that was asked: who fails again and again is left alone for a while. */
#ifndef AGENTOS_GATEWAY_BREAKERS_H
#define AGENTOS_GATEWAY_BREAKERS_H

#include "gateway/upstream.h"
#include "llm/breaker.h"
#include "llm/provider.h"

/*
 * A breaker is all agents' together, so that only what no agent brings about counts as a failure:
 * no connection, no TLS, and the statuses 502, 503, 504 and 529. What a request can bring about
 * (429, as they share the key; 408, 409 and 500; an answer that breaks off or does not come), or is
 * our own (a name that is not looked up in time), says nothing, and any other answer went well. Opening and closing is said on standard error.
 */
struct breakers;

/* A call on its way to a provider; zero: none. */
struct breakers_pass {
	struct breakers_entry *entry;
	struct breaker_ticket ticket;
};

/* terms: kept. -ENOMEM */
int breakers_open(const struct breaker_terms *terms, struct breakers **ret_breakers);
/* No pass is out. NULL is allowed. */
void breakers_close(struct breakers *b);

/*
 * May it be asked? False: *ret_wait_ms says for how long not. p: as long as the breakers. Without
 * memory for one more it may.
 */
bool breakers_take(struct breakers *b, const struct provider *p, uint64_t now_ms,
		   struct breakers_pass *ret_pass, uint64_t *ret_wait_ms);

/* What came of it, once: the pass is none then, and none may be handed in. */
void breakers_answered(struct breakers_pass *pass, int status, uint64_t now_ms);
void breakers_ended(struct breakers_pass *pass, enum exchange_end how, uint64_t now_ms);
void breakers_cancel(struct breakers_pass *pass);

#endif
