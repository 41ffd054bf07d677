/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The environment: section and directories: what an agent finds around itself. */
#ifndef AGENTOS_POLICY_ENVIRONMENT_H
#define AGENTOS_POLICY_ENVIRONMENT_H

#include "policy/layer.h"
#include "policy/policy.h"

/* Sets p's env_* and directories. Errors are policy_parse()'s; what was set is policy_free()'s. */
int environment_build(struct policy *p, const struct layer *layer);

/*
 * Lays those of top upon those of base: lists add up, and a variable that top
 * keeps or sets is what top says. source: for the names of files.
 */
int environment_overlay(struct policy *base, struct policy *top, const struct source *source);

#endif
