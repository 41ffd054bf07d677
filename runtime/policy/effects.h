/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The effects: section: what comes of an act that takes a right which is not there. */
#ifndef AGENTOS_POLICY_EFFECTS_H
#define AGENTOS_POLICY_EFFECTS_H

#include "policy/layer.h"
#include "policy/policy.h"

/* Sets p->kill_rights and watch_rights from the layer's documents. Errors are policy_parse()'s. */
int effects_build(struct policy *p, const struct layer *layer);

/* Lays those of top upon base's, whose rights are top's by now: what it has needs no effect. */
void effects_overlay(struct policy *base, const struct policy *top);

/* -EINVAL: one that the layer names is of a right that the policy gives. */
int effects_check(const struct policy *p, const struct layer *layer);

#endif
