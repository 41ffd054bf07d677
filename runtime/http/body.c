// SPDX-License-Identifier: GPL-2.0-or-later
/* The body of an HTTP/1.1 request: its framing, byte by byte where it is in chunks. */
#include "http/body.h"

#include <errno.h>

enum {
	BODY_DONE = 0,
	BODY_LENGTH,
	BODY_SIZE,    /* digits of a chunk's size */
	BODY_SIZE_LF, /* the LF behind them */
	BODY_DATA,
	BODY_DATA_CR, /* the line end behind the data */
	BODY_DATA_LF,
	BODY_LAST_CR, /* the empty line behind the last chunk */
	BODY_LAST_LF,
};

#define DIGITS_MAX 15 /* fit into 64 bits with room to spare */

void http_body_begin(struct http_body *b, bool chunked, uint64_t length)
{
	*b = (struct http_body){ .left = length };
	if (chunked) {
		b->left = 0;
		b->state = BODY_SIZE;
	} else if (length) {
		b->state = BODY_LENGTH;
	}
}

bool http_body_done(const struct http_body *b)
{
	return b->state == BODY_DONE;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int body_size_byte(struct http_body *b, char c)
{
	int value = digit_value(c);

	if (value >= 0 && b->digits < DIGITS_MAX) {
		b->left = b->left * 16 + (uint64_t)value;
		b->digits++;
		return 0;
	}
	if (c != '\r' || !b->digits)
		return -EBADMSG;
	b->state = BODY_SIZE_LF;
	return 0;
}

/* A byte that must be this one, and what comes then. */
static int body_want(struct http_body *b, char c, char wanted, uint8_t next)
{
	if (c != wanted)
		return -EBADMSG;
	b->state = next;
	if (next == BODY_SIZE) {
		b->left = 0;
		b->digits = 0;
	}
	return 0;
}

static int body_byte(struct http_body *b, char c)
{
	switch (b->state) {
	case BODY_SIZE:
		return body_size_byte(b, c);
	case BODY_SIZE_LF:
		return body_want(b, c, '\n', b->left ? BODY_DATA : BODY_LAST_CR);
	case BODY_DATA_CR:
		return body_want(b, c, '\r', BODY_DATA_LF);
	case BODY_DATA_LF:
		return body_want(b, c, '\n', BODY_SIZE);
	case BODY_LAST_CR:
		return body_want(b, c, '\r', BODY_LAST_LF);
	default:
		return body_want(b, c, '\n', BODY_DONE);
	}
}

int http_body_take(struct http_body *b, const char *bytes, size_t len, size_t *ret_len)
{
	size_t at = 0, part;
	int err;

	while (at < len && b->state != BODY_DONE) {
		if (b->state != BODY_LENGTH && b->state != BODY_DATA) {
			err = body_byte(b, bytes[at++]);
			if (err)
				return err;
			continue;
		}
		part = len - at < b->left ? len - at : (size_t)b->left;
		at += part;
		b->left -= part;
		if (!b->left)
			b->state = b->state == BODY_LENGTH ? BODY_DONE : BODY_DATA_CR;
	}
	*ret_len = at;
	return 0;
}
