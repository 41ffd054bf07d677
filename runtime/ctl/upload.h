/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy on its way to agentosd: looked up as the caller sees it, and sent rule by rule. */
#ifndef AGENTOS_CTL_UPLOAD_H
#define AGENTOS_CTL_UPLOAD_H

#include <time.h>

#include "base/fault.h"
#include "policy/policy.h"
#include "rpc/channel.h"

/*
 * Resolves the policy, then POLICY_BEGIN and POLICY_RULES: what the request that
 * follows them is about. since is as for resolve_policy().
 * ret_status is an exit status for what went wrong: CTL_INVALID where it is the
 * policy's fault, CTL_UNPROTECTED when enforcement is off. Leaves the limit of
 * descriptors as it was.
 */
int upload_policy(struct channel *channel, const struct policy *policy,
		  const struct timespec *since, int *ret_status, struct fault *f);

#endif
