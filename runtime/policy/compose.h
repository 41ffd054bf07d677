/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that make up one policy: followed from one to the next, and put together. */
#ifndef AGENTOS_POLICY_COMPOSE_H
#define AGENTOS_POLICY_COMPOSE_H

#include "policy/policy.h"

/* policy_parse(), after its arguments were checked. */
int compose_policy(const char *bytes, size_t len, const char *file, const struct policy_vars *vars,
		   const struct policy_loader *loader, struct policy **ret_policy, struct fault *f);

#endif
