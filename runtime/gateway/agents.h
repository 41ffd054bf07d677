/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agents that call models: the descriptor that each is charged by, and what it may show as a token. */
#ifndef AGENTOS_GATEWAY_AGENTS_H
#define AGENTOS_GATEWAY_AGENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway/wire.h"
#include "rpc/token.h"

struct agents;

/* Kept while it is used, and a while after. */
struct agents_entry {
	uint64_t agent;
	bool whole; /* agentosd has answered */
	int fd;	    /* INSPECT and CHARGE; -1: not whole, or there is no such agent */
	uint64_t above[AGENTOS_DEPTH_MAX];
	char token[TOKEN_SIZE]; /* call_decide.c's: what it may show, once that was worked out */

	/* Its own. */
	unsigned int users;
	uint64_t used;
};

int agents_open(struct wire *w, struct agents **ret_agents);
/* NULL is allowed. */
void agents_close(struct agents *a);

/*
 * The agent's entry, to be put; agentosd is asked if it is not there. -ENOMEM, or
 * -EBUSY: LIMIT_GATE_AGENTS others are in use.
 */
int agents_get(struct agents *a, uint64_t agent, struct agents_entry **ret_entry);
/* NULL is allowed. */
void agents_put(struct agents_entry *e);
/* It has ended: is not given out any more. */
void agents_forget(struct agents_entry *e);

/* Takes fd over. -EBADMSG: nobody asked for that. */
int agents_answer(struct agents *a, const struct gate_agent *agent, int fd);

/* May it show what was made for `owner`: itself, or an ancestor, which it has its environment from? */
bool agents_share(const struct agents_entry *e, uint64_t owner);

/* Whom it and all beside it are below, or itself: the topmost agent that is known. */
uint64_t agents_topmost(const struct agents_entry *e);

#endif
