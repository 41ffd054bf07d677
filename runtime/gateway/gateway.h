/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentos-gateway as a whole: what it is given, and its run from START to the end. */
#ifndef AGENTOS_GATEWAY_GATEWAY_H
#define AGENTOS_GATEWAY_GATEWAY_H

#include <stdbool.h>

#include "kern/caller.h"
#include "llm/breaker.h"

/* How long things may take, in milliseconds. */
struct gateway_times {
	unsigned int head, decide, connect, hello, idle, linger;
	unsigned int turn;	    /* that one waits for its turn */
	unsigned int whole, stream; /* of a model call, all that is asked of providers together */
};

struct agentos_budget_get;

/* agentos_budget_reserve(), agentos_budget_settle() and agentos_budget_read(). */
struct gateway_budget {
	int (*reserve)(int agent, uint32_t resource, uint64_t amount);
	int (*settle)(int agent, uint32_t resource, uint64_t reserved, uint64_t used);
	int (*read)(int agent, uint32_t resource, struct agentos_budget_get *ret_budget);
};

struct gateway_options {
	/* Which agent is at the other end: caller_get(). The device is START's. */
	int (*caller)(int device, int connection, struct caller *ret_caller);
	struct gateway_budget budget;
	struct gateway_times times;
	bool libcurl; /* http goes through it, too: for tests, and to measure it */
	const struct breaker_terms *breaker;
	const char *trust;   /* of upstream_trust(), or NULL */
	const char *catalog; /* a directory of an administrator's files: CATALOG_DIR */
};

/* As limits.h has them. */
struct gateway_times gateway_times_usual(void);

/*
 * Gives up what the process does not need, takes GATE_FD over and serves until
 * agentosd is gone or SIGTERM came. Says what is wrong on standard error. Returns
 * the exit status: 0, or 1.
 */
int gateway_run(const struct gateway_options *options);

#endif
