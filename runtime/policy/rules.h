/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files: section, and sockets by path, turned into rules. */
#ifndef AGENTOS_POLICY_RULES_H
#define AGENTOS_POLICY_RULES_H

#include "policy/outline.h"
#include "policy/policy.h"
#include "policy/schema.h"
#include "policy/source.h"

/*
 * Appends the rules of raw to p->rules, one per path, and checks
 * them against each other and against p->rights, which must be set already.
 * Errors are policy_parse()'s; what was appended is policy_free()'s.
 */
int rules_build(struct policy *p, const struct raw_policy *raw, const struct outline *outline,
		const struct policy_vars *vars, const struct source *source);

#endif
