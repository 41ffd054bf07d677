/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The chunked transfer coding, read strictly (RFC 9112, 7.1): pieces of data out of it. Pure. */
#ifndef AGENTOS_HTTP_CHUNKED_H
#define AGENTOS_HTTP_CHUNKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "http/fields.h"

/*
 * A chunk's size is 1 to 15 hexadecimal digits, lines end in CR LF, and nothing is
 * between the digits and what follows. Differences:
 *
 * HTTP_CHUNKED_PLAIN: no extensions and no trailers. For requests: what those say is
 *	read differently by different servers, so that a second request can hide in
 *	them, and hardly anybody sends them.
 * HTTP_CHUNKED_EXTRAS: both are read over, LIMIT_HTTP_EXTRAS bytes of them at most in
 *	one body. For answers: what stands before a provider may add them, and nobody
 *	else reads the same bytes.
 */
enum http_chunked_kind { HTTP_CHUNKED_PLAIN, HTTP_CHUNKED_EXTRAS };

struct http_chunked {
	uint64_t left; /* bytes of data to come of this chunk */
	uint32_t extras;
	uint8_t state, kind, digits;
};

void http_chunked_begin(struct http_chunked *c, enum http_chunked_kind kind);
bool http_chunked_done(const struct http_chunked *c);

/*
 * Reads on, up to the end of the next piece of data, of the body or of the bytes.
 * *ret_len: how many of the bytes were read; to be called again for the others while
 *	it is not done. It is less than len only then and behind a piece of data.
 * *ret_data: the piece, within the bytes; of no length: none.
 * -EBADMSG  bad syntax, or too much of extensions and trailers; there is no going on
 */
int http_chunked_take(struct http_chunked *c, const char *bytes, size_t len, size_t *ret_len,
		      struct http_span *ret_data);

/*
 * The same for all of the bytes, whose data is moved to their beginning.
 * *ret_len: how many were read; less than len only when it is done.
 * *ret_data_len: how many at the beginning are data now.
 * -EBADMSG  as above; what the bytes hold then is not said
 */
int http_chunked_squeeze(struct http_chunked *c, char *bytes, size_t len, size_t *ret_len,
			 size_t *ret_data_len);

/*
 * What stands before so many bytes of data when they are sent as a chunk: its length
 * in out. HTTP_CHUNK_END stands behind them, HTTP_CHUNK_LAST behind all chunks; 0 is no
 * size, as it would end the body.
 */
#define HTTP_CHUNK_BEGIN 18 /* bytes at most */
#define HTTP_CHUNK_END	 "\r\n"
#define HTTP_CHUNK_LAST	 "0\r\n\r\n"
size_t http_chunk_begin(size_t size, char out[HTTP_CHUNK_BEGIN]);

#endif
