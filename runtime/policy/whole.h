/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What must hold of a policy as a whole: each right has its rules, each rule its right. */
#ifndef AGENTOS_POLICY_WHOLE_H
#define AGENTOS_POLICY_WHOLE_H

#include "policy/layer.h"
#include "policy/policy.h"

/*
 * Checks p, which is the layer alone or laid upon another that passed by itself.
 * The layer says which lists were written now, and has the names of files.
 * Errors are policy_parse()'s.
 */
int whole_check(const struct policy *p, const struct layer *layer);

#endif
