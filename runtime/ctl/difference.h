/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two policies compared, rule by rule. */
#ifndef AGENTOS_CTL_DIFFERENCE_H
#define AGENTOS_CTL_DIFFERENCE_H

#include <stdbool.h>

#include "policy/policy.h"

/*
 * Prints on stdout what b says that a does not ("+") and the other way round
 * ("-"), by sections, sorted, each with where it stands. What a rule is about is
 * compared as it is written, after variables; name and description are not.
 * Returns 1 if they differ, 0 if not, -ENOMEM.
 */
int difference_print(const struct policy *a, const struct policy *b, bool json);

#endif
