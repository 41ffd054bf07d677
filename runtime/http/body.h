/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The body of an HTTP/1.1 request, passed on as it stands: where it ends, and that it is framed well. */
#ifndef AGENTOS_HTTP_BODY_H
#define AGENTOS_HTTP_BODY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/chunked.h"

struct http_body {
	uint64_t left; /* bytes to come, when not in chunks */
	struct http_chunked chunked;
	bool in_chunks;
};

/* Of that many bytes, or in chunks. */
void http_body_begin(struct http_body *b, bool chunked, uint64_t length);
bool http_body_done(const struct http_body *b);

/*
 * *ret_len: how many of the bytes belong to the body. Those behind it are no part
 * of this request.
 * -EBADMSG  bad chunk syntax; none of the bytes may be passed on. Chunks have no
 *	     extensions and no trailers here (HTTP_CHUNKED_PLAIN).
 */
int http_body_take(struct http_body *b, const char *bytes, size_t len, size_t *ret_len);

#endif
