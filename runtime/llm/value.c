// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON values passed over: numbers, words, and whole objects and arrays in which nothing is looked for. */
#include "llm/value.h"

#include <string.h>

#include "base/limits.h"

static const unsigned char *word_pass(const unsigned char *p, const unsigned char *end,
				      const char *word, const unsigned char **wrong)
{
	size_t len = strlen(word);

	*wrong = p;
	return (size_t)(end - p) < len || memcmp(p, word, len) != 0 ? NULL : p + len;
}

static const unsigned char *digits_pass(const unsigned char *p, const unsigned char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static const unsigned char *number_pass(const unsigned char *p, const unsigned char *end,
					const unsigned char **wrong)
{
	const unsigned char *from;

	if (p < end && *p == '-')
		p++;
	from = p;
	p = p < end && *p == '0' ? p + 1 : digits_pass(p, end);
	if (p > from && p < end && *p == '.') {
		from = ++p;
		p = digits_pass(p, end);
	}
	if (p > from && p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		from = p;
		p = digits_pass(p, end);
	}
	*wrong = p;
	return p > from ? p : NULL;
}

const unsigned char *plain_pass(const unsigned char *p, const unsigned char *end,
				const unsigned char **wrong)
{
	switch (p < end ? *p : '\0') {
	case 't':
		return word_pass(p, end, "true", wrong);
	case 'f':
		return word_pass(p, end, "false", wrong);
	case 'n':
		return word_pass(p, end, "null", wrong);
	default:
		return number_pass(p, end, wrong);
	}
}

static inline const unsigned char *refused_at(const unsigned char *p, const unsigned char **wrong)
{
	*wrong = p;
	return NULL;
}

/* A member's name and what is behind it, to its value. */
static inline const unsigned char *name_pass(const unsigned char *p, const unsigned char *end,
					     const unsigned char **wrong)
{
	bool simple;

	if (p == end || *p != '"')
		return refused_at(p, wrong);
	p = string_pass(p + 1, end, &simple, wrong);
	if (!p)
		return NULL;
	p = blanks_pass(p, end);
	if (p == end || *p != ':')
		return refused_at(p, wrong);
	return blanks_pass(p + 1, end);
}

/* Brackets that are open, by what ends them. */
struct nest {
	unsigned int depth, most;
	bool begun; /* the last one has nothing in it so far */
	unsigned char ends[LIMIT_JSON_DEPTH];
};

/* A value, or the bracket that begins one. */
static inline const unsigned char *value_pass(struct nest *n, const unsigned char *p,
					      const unsigned char *end, const unsigned char **wrong)
{
	bool simple;

	if (p == end)
		return refused_at(p, wrong);
	if (*p == '"')
		return string_pass(p + 1, end, &simple, wrong);
	if (*p != '{' && *p != '[')
		return plain_pass(p, end, wrong);
	if (n->depth == n->most)
		return refused_at(p, wrong);
	n->ends[n->depth++] = *p + 2;
	n->begun = true;
	return p + 1;
}

const unsigned char *nest_pass(const unsigned char *p, const unsigned char *end, unsigned int depth,
			       const unsigned char **wrong)
{
	unsigned char close;
	struct nest n;
	bool begun;

	/* All of it would take longer to be cleared than most are to be passed. */
	n.depth = 0;
	n.most = LIMIT_JSON_DEPTH - depth;
	n.begun = false;
	p = value_pass(&n, p, end, wrong);
	while (p && n.depth) {
		begun = n.begun;
		n.begun = false;
		close = n.ends[n.depth - 1];
		p = blanks_pass(p, end);
		if (p < end && *p == close) {
			n.depth--;
			p++;
			continue;
		}
		if (!begun) {
			if (p == end || *p != ',')
				return refused_at(p, wrong);
			p = blanks_pass(p + 1, end);
		}
		if (close == '}')
			p = name_pass(p, end, wrong);
		if (p)
			p = value_pass(&n, p, end, wrong);
	}
	return p;
}
