/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lists of the network: section on host names and models, turned into rules for the gateway. */
#ifndef AGENTOS_POLICY_HOSTS_H
#define AGENTOS_POLICY_HOSTS_H

#include "policy/layer.h"
#include "policy/policy.h"

/*
 * Sets p->egress from the layer's documents, one rule for each kind, host and
 * range of ports. Errors are policy_parse()'s; what was set is policy_free()'s.
 */
int hosts_build(struct policy *p, const struct layer *layer);

/*
 * Adds those of top to those of base. Of these, what only the rights `taken`
 * switched on goes first. source: for the names of files.
 */
int hosts_overlay(struct policy *base, const struct policy *top, uint64_t taken,
		  const struct source *source);

/* Numbers them from where the addresses' numbers end, once there are no more of either to come. */
void hosts_number(struct policy *p);

/* Rules without their right, and addresses that no name can stand for. Errors are policy_parse()'s. */
int hosts_check(const struct policy *p, const struct layer *layer);

/* Does a rule allow any name or model, so that the gateway has something to do? */
bool hosts_are_allowed(const struct policy *p);
/* A name; a model. */
bool hosts_are_named(const struct policy *p);
bool hosts_have_models(const struct policy *p);

#endif
