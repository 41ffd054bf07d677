/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON values passed over, for the sake of their being such and of where they end (RFC 8259). Pure. */
#ifndef AGENTOS_LLM_VALUE_H
#define AGENTOS_LLM_VALUE_H

#include "llm/quoted.h"

/*
 * Each begins at *at, reads nothing at or behind end, and leaves *at behind what it has passed, or
 * where something is wrong: -EBADMSG.
 */

/* Spaces, line ends, tabs. Most that comes is none, or a single one. */
static inline const unsigned char *blanks_pass(const unsigned char *p, const unsigned char *end)
{
	while (p < end && *p <= ' ' && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

/* From behind a quote on, as quoted_skip(). */
static inline int string_pass(const unsigned char **at, const unsigned char *end, bool *ret_simple)
{
	*ret_simple = true;
	return quoted_short(at, end) ? 0 : quoted_skip(at, end, ret_simple);
}

/* "true", "false", "null". */
int word_pass(const unsigned char **at, const unsigned char *end, const char *word);
int number_pass(const unsigned char **at, const unsigned char *end);

/*
 * From the bracket or brace that begins an object or array to behind the one that ends it, with at
 * most LIMIT_JSON_DEPTH - depth of them within each other, itself included. Names may be there twice.
 */
int nest_pass(const unsigned char **at, const unsigned char *end, unsigned int depth);

#endif
