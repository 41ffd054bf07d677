// SPDX-License-Identifier: GPL-2.0-or-later
/* The chunked transfer coding: sizes and line ends byte by byte, data in pieces. */
#include "http/chunked.h"

#include <errno.h>
#include <string.h>

#include "base/limits.h"

#define DIGITS_MAX 15 /* fit into 64 bits with room to spare */

enum {
	CHUNK_DONE = 0,
	CHUNK_SIZE,	 /* digits of a chunk's size */
	CHUNK_EXTENSION, /* what stands behind them, up to CR */
	CHUNK_SIZE_LF,	 /* the LF behind all that */
	CHUNK_DATA,
	CHUNK_DATA_CR, /* the line end behind the data */
	CHUNK_DATA_LF,
	CHUNK_LAST,	    /* the first byte of a line behind the last chunk */
	CHUNK_TRAILER_NAME, /* of a trailer */
	CHUNK_TRAILER_VALUE,
	CHUNK_TRAILER_LF,
	CHUNK_LAST_LF, /* of the empty line that ends it all */
};

void http_chunked_begin(struct http_chunked *c, enum http_chunked_kind kind)
{
	*c = (struct http_chunked){ .state = CHUNK_SIZE, .kind = (uint8_t)kind };
}

bool http_chunked_done(const struct http_chunked *c)
{
	return c->state == CHUNK_DONE;
}

static int chunk_size(struct http_chunked *c, char byte)
{
	int value = http_hex_value(byte);

	if (value >= 0 && c->digits < DIGITS_MAX) {
		c->left = c->left * 16 + (uint64_t)value;
		c->digits++;
		return 0;
	}
	if (!c->digits)
		return -EBADMSG;
	if (byte == '\r')
		c->state = CHUNK_SIZE_LF;
	else if (byte == ';' && c->kind == HTTP_CHUNKED_EXTRAS)
		c->state = CHUNK_EXTENSION;
	else
		return -EBADMSG;
	return 0;
}

/* A byte of an extension's line or of a trailer's value; the line's CR leads on. */
static int chunk_text(struct http_chunked *c, char byte, uint8_t next)
{
	if (byte == '\r') {
		c->state = next;
		return 0;
	}
	if (((unsigned char)byte < ' ' && byte != '\t') || byte == 0x7f)
		return -EBADMSG;
	return c->extras++ < LIMIT_HTTP_EXTRAS ? 0 : -EBADMSG;
}

static int chunk_trailer_name(struct http_chunked *c, char byte)
{
	if (byte == ':' && c->state == CHUNK_TRAILER_NAME)
		c->state = CHUNK_TRAILER_VALUE;
	else if (http_is_token((unsigned char)byte))
		c->state = CHUNK_TRAILER_NAME;
	else
		return -EBADMSG;
	return c->extras++ < LIMIT_HTTP_EXTRAS ? 0 : -EBADMSG;
}

/* The first byte of the empty line, or of a trailer before it. */
static int chunk_last(struct http_chunked *c, char byte)
{
	if (byte != '\r')
		return c->kind == HTTP_CHUNKED_EXTRAS ? chunk_trailer_name(c, byte) : -EBADMSG;
	c->state = CHUNK_LAST_LF;
	return 0;
}

/* A byte that must be this one, and what comes then. */
static int chunk_want(struct http_chunked *c, char byte, char wanted, uint8_t next)
{
	if (byte != wanted)
		return -EBADMSG;
	c->state = next;
	if (next == CHUNK_SIZE)
		c->digits = 0;
	return 0;
}

/* Any byte that is not data. */
static int chunk_byte(struct http_chunked *c, char byte)
{
	switch (c->state) {
	case CHUNK_SIZE:
		return chunk_size(c, byte);
	case CHUNK_EXTENSION:
		return chunk_text(c, byte, CHUNK_SIZE_LF);
	case CHUNK_SIZE_LF:
		return chunk_want(c, byte, '\n', c->left ? CHUNK_DATA : CHUNK_LAST);
	case CHUNK_DATA_CR:
		return chunk_want(c, byte, '\r', CHUNK_DATA_LF);
	case CHUNK_DATA_LF:
		return chunk_want(c, byte, '\n', CHUNK_SIZE);
	case CHUNK_LAST:
		return chunk_last(c, byte);
	case CHUNK_TRAILER_NAME:
		return chunk_trailer_name(c, byte);
	case CHUNK_TRAILER_VALUE:
		return chunk_text(c, byte, CHUNK_TRAILER_LF);
	case CHUNK_TRAILER_LF:
		return chunk_want(c, byte, '\n', CHUNK_LAST);
	default:
		return chunk_want(c, byte, '\n', CHUNK_DONE);
	}
}

int http_chunked_take(struct http_chunked *c, const char *bytes, size_t len, size_t *ret_len,
		      struct http_span *ret_data)
{
	struct http_span data = { NULL, 0 };
	size_t at = 0;
	int err;

	while (at < len && c->state != CHUNK_DONE && c->state != CHUNK_DATA) {
		err = chunk_byte(c, bytes[at++]);
		if (err)
			return err;
	}
	if (at < len && c->state == CHUNK_DATA) {
		data.at = bytes + at;
		data.len = len - at < c->left ? len - at : (size_t)c->left;
		c->left -= data.len;
		at += data.len;
		if (!c->left)
			c->state = CHUNK_DATA_CR;
	}
	*ret_len = at;
	*ret_data = data;
	return 0;
}

int http_chunked_squeeze(struct http_chunked *c, char *bytes, size_t len, size_t *ret_len,
			 size_t *ret_data_len)
{
	size_t at = 0, kept = 0, part;
	struct http_span data;
	int err;

	while (at < len && c->state != CHUNK_DONE) {
		err = http_chunked_take(c, bytes + at, len - at, &part, &data);
		if (err)
			return err;
		if (data.len)
			memmove(bytes + kept, data.at, data.len);
		kept += data.len;
		at += part;
	}
	*ret_len = at;
	*ret_data_len = kept;
	return 0;
}

size_t http_chunk_begin(size_t size, char out[HTTP_CHUNK_BEGIN])
{
	size_t digits = 1, i;

	while (digits < 2 * sizeof(size) && size >> (4 * digits))
		digits++;
	for (i = 0; i < digits; i++)
		out[i] = "0123456789abcdef"[size >> (4 * (digits - 1 - i)) & 15];
	memcpy(out + digits, "\r\n", 2);
	return digits + 2;
}
