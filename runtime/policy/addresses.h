/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network: section turned into rules on addresses. */
#ifndef AGENTOS_POLICY_ADDRESSES_H
#define AGENTOS_POLICY_ADDRESSES_H

#include "policy/layer.h"
#include "policy/policy.h"

/*
 * Sets p->addresses from the layer's documents, one for each prefix and range of
 * ports. Errors are policy_parse()'s; what was set is policy_free()'s.
 */
int addresses_build(struct policy *p, const struct layer *layer);

/*
 * Lays those of top upon those of base. Of these, what only the rights `taken`
 * switched on goes first. source: for the names of files.
 */
int addresses_overlay(struct policy *base, const struct policy *top, uint64_t taken,
		      const struct source *source);

/*
 * Is each address that the layer's own files allow allowed for something? Of rules
 * on one prefix deny wins, so that one which has all of its ports leaves nothing.
 * -EINVAL, -ENOMEM
 */
int addresses_check(const struct policy *p, const struct layer *layer);

#endif
