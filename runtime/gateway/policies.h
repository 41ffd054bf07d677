/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What policies let out, by their numbers: asked for once, kept while there is room. */
#ifndef AGENTOS_GATEWAY_POLICIES_H
#define AGENTOS_GATEWAY_POLICIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/wire.h"
#include "policy/compiled.h"

struct policies;

/* Of one policy; a reference. No field may be changed. */
struct policies_entry {
	uint32_t policy;
	bool whole; /* all rules are there; before that none may be looked at */
	size_t count;
	struct compiled_egress *rules;
	/* Its own. */
	size_t total;
	unsigned int users;
	uint64_t used;
};

/* The wire outlives it. */
int policies_open(struct wire *w, struct policies **ret_policies);
/* All references are put. NULL is allowed. */
void policies_close(struct policies *p);

/* Asks agentosd when it has to. -EBUSY: of all that are kept each one is in use. */
int policies_get(struct policies *p, uint32_t policy, struct policies_entry **ret_entry);
/* NULL is allowed. */
void policies_put(struct policies_entry *entry);

/*
 * Takes an answer of agentosd. *ret_whole: all of that policy is there now.
 * -EBADMSG  it was not asked for, not in order, too long, or has a rule that no
 *	     policy can have; -ENOMEM
 */
int policies_answer(struct policies *p, const struct gate_rules *rules, bool *ret_whole);

#endif
