/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy as the kernel is told it: each rule with its number and the line that it comes from. */
#ifndef AGENTOS_CTL_EFFECTIVE_H
#define AGENTOS_CTL_EFFECTIVE_H

#include <stdbool.h>

#include "policy/policy.h"

/*
 * On stdout. The numbers are those of the records of whoever runs under it, as
 * long as the files and what their variables stand for are the same. Where the
 * policy is made up of several files, each line begins with the one it is from.
 */
void effective_print(const struct policy *p, bool json);

/*
 * Limits, budgets and schedule, as far as the policy has any: a line for each
 * section, or ',"limits":{...},"budgets":{...},"schedule":{...}'.
 */
void effective_terms(const struct compiled_terms *t, bool json);

#endif
