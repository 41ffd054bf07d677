// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a body in chunks: the same data whatever pieces they come in, and none that is not in them. */
#include <errno.h>
#include <string.h>

#include "http/chunked.h"
#include "tests/fuzz/fuzz.h"

struct outcome {
	int err;
	bool done;
	size_t taken, len;
	char *data;
};

/* In pieces of that size, each a block of its own. */
static struct outcome in_pieces(enum http_chunked_kind kind, const uint8_t *bytes, size_t size,
				size_t piece)
{
	struct outcome o = { .data = malloc(size + 1) };
	size_t at, len, took, from;
	struct http_chunked c;
	struct http_span data;
	char *block;

	HOLDS(o.data);
	http_chunked_begin(&c, kind);
	for (at = 0; at < size && !o.err && !http_chunked_done(&c); at += len) {
		len = size - at < piece ? size - at : piece;
		block = malloc(len);
		HOLDS(block);
		memcpy(block, bytes + at, len);
		for (from = 0; from < len && !http_chunked_done(&c); from += took) {
			o.err = http_chunked_take(&c, block + from, len - from, &took, &data);
			HOLDS(o.err == 0 || o.err == -EBADMSG);
			if (o.err)
				break;
			HOLDS(took && took <= len - from);
			HOLDS(took == len - from || data.len || http_chunked_done(&c));
			if (data.len)
				memcpy(o.data + o.len, data.at, data.len);
			o.len += data.len;
			o.taken += took;
		}
		free(block);
	}
	o.done = http_chunked_done(&c);
	return o;
}

static void squeezed_is_the_same(enum http_chunked_kind kind, const uint8_t *bytes, size_t size,
				 const struct outcome *o)
{
	char *block = malloc(size ? size : 1);
	struct http_chunked c;
	size_t took, len;

	HOLDS(block);
	memcpy(block, bytes, size);
	http_chunked_begin(&c, kind);
	HOLDS(http_chunked_squeeze(&c, block, size, &took, &len) == o->err);
	if (!o->err) {
		HOLDS(took == o->taken && len == o->len && http_chunked_done(&c) == o->done);
		HOLDS(memcmp(block, o->data, len) == 0);
	}
	free(block);
}

static void kind_try(enum http_chunked_kind kind, const uint8_t *bytes, size_t size)
{
	static const size_t pieces[] = { 1, 2, 7, 64 };
	struct outcome whole = in_pieces(kind, bytes, size, size ? size : 1), other;
	size_t i;

	HOLDS(whole.len <= whole.taken && (!whole.done || whole.taken >= 5));
	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		other = in_pieces(kind, bytes, size, pieces[i]);
		HOLDS(other.err == whole.err && other.len == whole.len);
		HOLDS(memcmp(other.data, whole.data, whole.len) == 0);
		HOLDS(whole.err || (other.taken == whole.taken && other.done == whole.done));
		free(other.data);
	}
	squeezed_is_the_same(kind, bytes, size, &whole);
	free(whole.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	kind_try(HTTP_CHUNKED_PLAIN, data, size);
	kind_try(HTTP_CHUNKED_EXTRAS, data, size);
	return 0;
}
