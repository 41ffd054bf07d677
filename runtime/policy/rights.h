/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rights: list, given and taken away. */
#ifndef AGENTOS_POLICY_RIGHTS_H
#define AGENTOS_POLICY_RIGHTS_H

#include "policy/layer.h"
#include "policy/policy.h"

/* Sets p->rights and the layer's taken. Errors are policy_parse()'s. */
int rights_build(struct policy *p, struct layer *layer);

/*
 * Adds those of top to base, and takes away what the layer takes, which base
 * must have.
 */
int rights_overlay(struct policy *base, const struct policy *top, const struct layer *layer);

#endif
