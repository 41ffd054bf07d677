/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files: section, and sockets by path, turned into rules. */
#ifndef AGENTOS_POLICY_RULES_H
#define AGENTOS_POLICY_RULES_H

#include "policy/layer.h"
#include "policy/policy.h"

/*
 * Sets p->rules from the layer's documents, one rule for a path, a name or an
 * abstract name. Errors are policy_parse()'s; what was set is policy_free()'s.
 */
int rules_build(struct policy *p, const struct layer *layer);

/*
 * Lays the rules of top, which lose what they are about, upon those of base.
 * Of these, what only the rights `taken` switched on goes first. source: for
 * the names of files.
 */
int rules_overlay(struct policy *base, struct policy *top, uint64_t taken,
		  const struct source *source);

#endif
