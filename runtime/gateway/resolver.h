/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names made into addresses by the C library, on a few threads beside the loop. */
#ifndef AGENTOS_GATEWAY_RESOLVER_H
#define AGENTOS_GATEWAY_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "loop/loop.h"
#include "policy/egress.h"

struct resolver;
struct lookup;

struct resolver_answer {
	size_t count; /* 0: the name stands for no address, or nobody could tell */
	struct egress_address addresses[LIMIT_GATE_ADDRESSES]; /* the best ones first */
};

/*
 * Agents have numbers. Names of providers are no agent's, and no agents, however many, and however
 * slow the names are that they ask for, keep one from being looked up.
 */
#define RESOLVER_PROVIDERS 0

struct resolver_question {
	const char *name; /* of at most COMPILED_HOST - 1 bytes; copied */
	uint64_t agent;	  /* that has its share of threads and places, and no more */
	void (*done)(const struct resolver_answer *answer, void *cookie);
	void *cookie;
};

int resolver_open(struct loop *l, struct resolver **ret_resolver);
/*
 * NULL is allowed. False: a thread still waits for an answer, so that not all could be
 * freed; then the process has to end without more ado.
 */
bool resolver_close(struct resolver *r);

/* -EBUSY: too many wait, of this agent or of all of them; -ENOMEM. done() runs from loop_run(). */
int resolver_ask(struct resolver *r, const struct resolver_question *q, struct lookup **ret_lookup);
/* done() is not called any more. A question that a thread has goes on, and counts, until it ends. */
void resolver_abandon(struct lookup *lookup);

/* As the system takes it. Returns its length. */
socklen_t resolver_address(const struct egress_address *a, uint16_t port,
			   struct sockaddr_storage *ret_address);

#endif
