/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy on its way to agentosd: looked up as the caller sees it, and sent rule by rule. */
#ifndef AGENTOS_CTL_UPLOAD_H
#define AGENTOS_CTL_UPLOAD_H

#include <time.h>

#include "base/fault.h"
#include "policy/policy.h"
#include "rpc/channel.h"

struct upload {
	const struct policy *policy;
	const struct policy_vars *vars; /* with which it was parsed, for the log */
	const struct timespec *since;	/* as for resolve_policy() */
};

/*
 * Resolves the policy, then POLICY_BEGIN, POLICY_RULES and SOURCE: what the
 * request that follows them is about.
 * ret_status is an exit status for what went wrong: CTL_INVALID where it is the
 * policy's fault, CTL_UNPROTECTED when enforcement is off. Leaves the limit of
 * descriptors as it was.
 */
int upload_policy(struct channel *channel, const struct upload *u, int *ret_status,
		  struct fault *f);

#endif
