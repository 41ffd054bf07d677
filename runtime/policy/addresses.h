/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network: section turned into rules on addresses. */
#ifndef AGENTOS_POLICY_ADDRESSES_H
#define AGENTOS_POLICY_ADDRESSES_H

#include "policy/outline.h"
#include "policy/policy.h"
#include "policy/schema.h"
#include "policy/source.h"

/*
 * Sets p->addresses from raw (may be NULL), one for each prefix and range of
 * ports, and checks them against each other and against p->rights, which must
 * be set already. Errors are policy_parse()'s; what was set is policy_free()'s.
 */
int addresses_build(struct policy *p, const struct raw_network *raw, const struct outline *outline,
		    const struct source *source);

#endif
