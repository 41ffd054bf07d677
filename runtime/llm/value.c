// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON values passed over: numbers, words, and whole objects and arrays in which nothing is looked for. */
#include "llm/value.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"

int word_pass(const unsigned char **at, const unsigned char *end, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(end - *at) < len || memcmp(*at, word, len) != 0)
		return -EBADMSG;
	*at += len;
	return 0;
}

static const unsigned char *digits_pass(const unsigned char *p, const unsigned char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

int number_pass(const unsigned char **at, const unsigned char *end)
{
	const unsigned char *p = *at, *from;

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
	*at = p;
	return p > from ? 0 : -EBADMSG;
}

/* What is neither a string nor holds others. */
static int plain_pass(const unsigned char **at, const unsigned char *end)
{
	switch (**at) {
	case 't':
		return word_pass(at, end, "true");
	case 'f':
		return word_pass(at, end, "false");
	case 'n':
		return word_pass(at, end, "null");
	default:
		return number_pass(at, end);
	}
}

/* A member's name and what is behind it, to its value. */
static inline int name_pass(const unsigned char **at, const unsigned char *end)
{
	bool simple;

	if (*at == end || **at != '"')
		return -EBADMSG;
	(*at)++;
	if (string_pass(at, end, &simple))
		return -EBADMSG;
	*at = blanks_pass(*at, end);
	if (*at == end || **at != ':')
		return -EBADMSG;
	*at = blanks_pass(*at + 1, end);
	return 0;
}

/* Brackets that are open, by what ends them. */
struct nest {
	unsigned int depth, most;
	unsigned char ends[LIMIT_JSON_DEPTH];
};

/* 0: a value has ended; 1: one was begun that holds others, and *at is behind its bracket. */
static inline int value_pass(struct nest *n, const unsigned char **at, const unsigned char *end)
{
	bool simple;

	if (*at == end)
		return -EBADMSG;
	if (**at == '"') {
		(*at)++;
		return string_pass(at, end, &simple);
	}
	if (**at != '{' && **at != '[')
		return plain_pass(at, end);
	if (n->depth == n->most)
		return -EBADMSG;
	n->ends[n->depth++] = **at + 2;
	*at = blanks_pass(*at + 1, end);
	return 1;
}

int nest_pass(const unsigned char **at, const unsigned char *end, unsigned int depth)
{
	const unsigned char *p = *at;
	unsigned char close;
	struct nest n;
	int rc;

	/* All of it would take longer to be cleared than most are to be passed. */
	n.depth = 0;
	n.most = LIMIT_JSON_DEPTH - depth;
	rc = value_pass(&n, &p, end);
	while (rc >= 0) {
		close = n.ends[n.depth - 1];
		if (rc == 0)
			p = blanks_pass(p, end);
		if (p < end && *p == close) {
			p++;
			rc = 0;
			if (--n.depth == 0)
				break;
			continue;
		}
		if (rc == 0) {
			if (p == end || *p != ',')
				rc = -EBADMSG;
			else
				p = blanks_pass(p + 1, end);
		}
		if (rc >= 0 && close == '}')
			rc = name_pass(&p, end);
		if (rc >= 0)
			rc = value_pass(&n, &p, end);
	}
	*at = p;
	return rc;
}
