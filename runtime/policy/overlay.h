/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy laid upon the one that it extends. */
#ifndef AGENTOS_POLICY_OVERLAY_H
#define AGENTOS_POLICY_OVERLAY_H

#include "policy/layer.h"
#include "policy/policy.h"

/*
 * Makes base what comes of it with top, which layer_build() made of the layer;
 * top is emptied of what base takes over, and still the caller's to free. What
 * comes of it is not checked as a whole. After an error base is of no use.
 */
int overlay_policy(struct policy *base, struct policy *top, const struct layer *layer);

#endif
