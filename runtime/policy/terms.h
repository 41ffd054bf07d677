/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an agent may use, and how much it matters: limits:, budgets: and schedule: of a policy. */
#ifndef AGENTOS_POLICY_TERMS_H
#define AGENTOS_POLICY_TERMS_H

#include "policy/document.h"
#include "policy/policy.h"

/* Sets p->terms from what the document says. -EINVAL, the fault set. */
int terms_build(struct policy *p, const struct document *d);

/* What top gives goes before what base does, one by one. */
void terms_overlay(struct policy *base, const struct policy *top);

#endif
