/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy's paths, looked up as the caller sees them and turned into descriptors. */
#ifndef AGENTOS_SUPER_RESOLVE_H
#define AGENTOS_SUPER_RESOLVE_H

#include <stddef.h>
#include <time.h>

#include "base/fault.h"
#include "policy/compiled.h"
#include "policy/policy.h"

struct resolved {
	struct compiled_rule *rules;
	int *fds; /* fds[i] belongs to rules[i]; O_PATH, close-on-exec; one may stand here often */
	size_t count;
	int *owned; /* each of them once */
	size_t owned_count;
};

/*
 * Each rule becomes the object (symlinks followed) and the name in its parent
 * directory (so that replacing the file keeps the rule); "/" has no name. A
 * deny rule for what does not exist becomes the name alone, when its parent
 * exists; deeper absence is an error unless optional.
 * Runs with the caller's rights: agentctl, never root on behalf of others.
 *
 * A path whose last component is a symlink also covers the link's own name, and
 * so on along a chain. Two paths that meet in one object are merged. An allow
 * rule may not lead through a symlink below a directory that another rule lets
 * the agent write: it could have pointed it anywhere. With `since`
 * (CLOCK_REALTIME; may be NULL) that goes for each symlink that was made or
 * moved later than that: an agent that is running may have done it under the
 * policy which it has.
 *
 * -EINVAL  two paths that are the same object, one allowed what the other is denied; f
 *	    names both. That one of them stands in a policy which the other's extends
 *	    changes nothing: only what is written alike can be said anew
 * -ENOENT  an allow rule's path does not exist (and is not optional)
 * -ELOOP   too many symlinks, or one that the agent may change
 * -EACCES  the caller cannot reach it; for a deny or optional rule this is no error:
 *          what the caller cannot reach, its agent cannot (the rule is left out)
 * -ENAMETOOLONG  a name longer than AGENTOS_RULE_NAME_SIZE - 1
 * -E2BIG   more than AGENTOS_POLICY_RULES_MAX rules on objects and names
 * -EMFILE  (the soft limit is raised when the rules need it), -ENOMEM
 */
int resolve_policy(const struct policy *p, const struct timespec *since,
		   struct resolved *ret_resolved, struct fault *f);
void resolve_release(struct resolved *r);

#endif
