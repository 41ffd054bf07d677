// SPDX-License-Identifier: GPL-2.0-or-later
/* The body of an HTTP/1.1 request: its framing. */
#include "http/body.h"

void http_body_begin(struct http_body *b, bool chunked, uint64_t length)
{
	*b = (struct http_body){ .left = chunked ? 0 : length, .in_chunks = chunked };
	if (chunked)
		http_chunked_begin(&b->chunked, HTTP_CHUNKED_PLAIN);
}

bool http_body_done(const struct http_body *b)
{
	return b->in_chunks ? http_chunked_done(&b->chunked) : !b->left;
}

int http_body_take(struct http_body *b, const char *bytes, size_t len, size_t *ret_len)
{
	struct http_span data;
	size_t at = 0, part;
	int err;

	if (!b->in_chunks) {
		*ret_len = len < b->left ? len : (size_t)b->left;
		b->left -= *ret_len;
		return 0;
	}
	for (; at < len && !http_chunked_done(&b->chunked); at += part) {
		err = http_chunked_take(&b->chunked, bytes + at, len - at, &part, &data);
		if (err)
			return err;
	}
	*ret_len = at;
	return 0;
}
