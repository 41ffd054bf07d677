/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables in a policy's texts, and paths in their one normal form. */
#ifndef AGENTOS_POLICY_EXPAND_H
#define AGENTOS_POLICY_EXPAND_H

#include "policy/policy.h"
#include "policy/source.h"

/*
 * Replaces ${WORKSPACE}, ${HOME}, ${AGENT} (values are not expanded again) and
 * "$$" by "$"; a leading "~" or "~/" is ${HOME}. Any other "$" is an error.
 * *ret_text is the caller's to free().
 */
int expand_text(const char *written, const struct policy_vars *vars, const struct source *source,
		uint32_t line, char **ret_text);

/*
 * The same for a path, which must be absolute, without "..", '*' and '?' (which
 * would look like patterns), and shorter than PATH_MAX. The result has no "//",
 * "." or trailing "/".
 */
int expand_path(const char *written, const struct policy_vars *vars, const struct source *source,
		uint32_t line, char **ret_path);

#endif
