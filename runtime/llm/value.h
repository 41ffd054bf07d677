/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON values passed over, for the sake of their being such and of where they end (RFC 8259). Pure. */
#ifndef AGENTOS_LLM_VALUE_H
#define AGENTOS_LLM_VALUE_H

#include "llm/quoted.h"

/*
 * Each begins at p, reads nothing at or behind end, and returns where it has ended; or NULL, with
 * *wrong where something is. By value: a place that is kept in memory is waited for, each time.
 */

/* Spaces, line ends, tabs. Most that comes is none, or a single one. */
static inline const unsigned char *blanks_pass(const unsigned char *p, const unsigned char *end)
{
	while (p < end && *p <= ' ' && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

/* From behind a quote on, as quoted_skip(). */
static inline const unsigned char *string_pass(const unsigned char *p, const unsigned char *end,
					       bool *ret_simple, const unsigned char **wrong)
{
	const unsigned char *at = quoted_short(p, end);

	*ret_simple = true;
	if (at)
		return at;
	*wrong = p;
	return quoted_skip(wrong, end, ret_simple) ? NULL : *wrong;
}

/* What is neither a string nor holds others: a number, or "true", "false", "null". */
const unsigned char *plain_pass(const unsigned char *p, const unsigned char *end,
				const unsigned char **wrong);

/*
 * From the bracket or brace that begins an object or array to behind the one that ends it, with at
 * most LIMIT_JSON_DEPTH - depth of them within each other, itself included. Names may be there twice.
 */
const unsigned char *nest_pass(const unsigned char *p, const unsigned char *end, unsigned int depth,
			       const unsigned char **wrong);

#endif
