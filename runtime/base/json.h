/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON, read token by token from whoever has it, in bounded memory. */
#ifndef AGENTOS_BASE_JSON_H
#define AGENTOS_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_TEXT  4096 /* bytes of a key, a string or a number */
#define JSON_DEPTH 32	/* objects and arrays within each other */

enum json_token {
	JSON_END = 0, /* between values: there is no more */
	JSON_OBJECT,
	JSON_OBJECT_END,
	JSON_ARRAY,
	JSON_ARRAY_END,
	JSON_KEY,    /* text; its value comes next */
	JSON_STRING, /* text */
	JSON_NUMBER, /* text, as it stands there */
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL,
};

struct json {
	int (*byte)(void *cookie); /* the next one, or -1 at the end */
	void *cookie;
	char text[JSON_TEXT +
		  1]; /* of the last token; NUL-terminated, and may have others within */
	size_t len;
	uint64_t offset; /* bytes read */

	/* Its own. */
	int ahead; /* a byte that was read too early, or -1 */
	unsigned int depth;
	bool object[JSON_DEPTH]; /* of each level; else an array */
	bool filled, keyed;	 /* the innermost has members; its key was read */
};

void json_init(struct json *j, int (*byte)(void *cookie), void *cookie);

/*
 * The next token, as RFC 8259 has it; several values may follow each other,
 * with blanks between or without. An escape that is no character (a surrogate
 * alone) becomes U+FFFD. Bytes that are not UTF-8 are handed on as they are.
 *
 * -EBADMSG  no JSON; -ENODATA  it ends within a value
 * -E2BIG    a text or a depth beyond the bounds
 * After an error there is no going on.
 */
int json_next(struct json *j);
/* Goes past the value that the token begins; of a key, past its value. 0, or an error as above. */
int json_skip(struct json *j, enum json_token token);
/* A number without sign, point and exponent, or with JSON_STRING the same in decimal. -EBADMSG */
int json_uint(const struct json *j, uint64_t *ret_number);

#endif
