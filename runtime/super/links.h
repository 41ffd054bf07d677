/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths that lead through links which an agent could have made. */
#ifndef AGENTOS_SUPER_LINKS_H
#define AGENTOS_SUPER_LINKS_H

#include <stddef.h>

#include "base/fault.h"
#include "policy/policy.h"

/* What a policy lets its agent write, to look at its rules by. */
struct links {
	const struct policy *policy;
	struct fault *fault;
	size_t *writable; /* numbers of the rules that allow to write */
	size_t writable_count;
};

/* -ENOMEM; released with links_release(), also after a failure. */
int links_init(struct links *l, const struct policy *p, struct fault *f);
void links_release(struct links *l);

/*
 * A link below what the agent may write is the agent's: an earlier run may have
 * made it, and an allow rule that followed it would give this run whatever it
 * points to. Deny rules may follow it, they only take away.
 * -ELOOP  the rule's path leads through such a link; the fault says which rule lets it write
 */
int links_check(const struct links *l, const struct policy_rule *rule);

#endif
