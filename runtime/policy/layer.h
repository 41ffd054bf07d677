/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a policy says itself: its file and all that this includes, as if written in one. */
#ifndef AGENTOS_POLICY_LAYER_H
#define AGENTOS_POLICY_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agentos_rights.h"
#include "base/limits.h"
#include "policy/document.h"
#include "policy/policy.h"

struct layer {
	struct document *documents[LIMIT_POLICY_FILES]; /* the policy's own file first */
	size_t count;
	const struct policy_vars *vars;
	bool extends;	/* there is another below it */
	uint64_t taken; /* rights that it takes from that one */
	struct policy_place taken_at[AGENTOS_RIGHT_COUNT];
};

/*
 * Makes the documents into a policy: what each list says is checked, and that
 * they do not contradict each other; not whether the whole makes sense, for
 * which whole_check() is. Sets taken. Errors are policy_parse()'s. The policy's
 * files stay NULL.
 */
int layer_build(struct layer *l, struct policy **ret_policy);

/* Frees the documents. */
void layer_release(struct layer *l);

#endif
