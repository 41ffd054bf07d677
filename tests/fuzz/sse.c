// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as server-sent events: the same frames in pieces, and when they are written anew. */
#include <errno.h>
#include <string.h>

#include "http/sse.h"
#include "tests/fuzz/fuzz.h"

/* Written as events: each line of the data is a data line. */
static int frame_write(void *cookie, const struct sse_frame *frame)
{
	struct http_span rest = frame->data, line;
	struct text *out = cookie;

	HOLDS(!frame->event.len || !memchr(frame->event.at, '\n', frame->event.len));
	text_string(out, "event: ");
	text_put(out, frame->event.at, frame->event.len);
	while (rest.len && http_span_cut(&rest, '\n', &line)) {
		text_string(out, "\ndata: ");
		text_put(out, line.at, line.len);
	}
	text_string(out, "\ndata: ");
	text_put(out, rest.at, rest.len);
	text_string(out, "\n\n");
	return 0;
}

static void in_pieces(const char *bytes, size_t len, size_t piece, struct text *out, bool *ret_cut)
{
	size_t at, part;
	struct sse s;
	char *block;

	sse_init(&s, frame_write, out);
	for (at = 0; at < len; at += part) {
		part = len - at < piece ? len - at : piece;
		block = malloc(part);
		HOLDS(block);
		memcpy(block, bytes + at, part);
		HOLDS(sse_take(&s, block, part) == 0);
		free(block);
	}
	*ret_cut = sse_is_cut(&s);
	sse_release(&s);
	HOLDS(text_error(out) == 0);
}

static void same(const struct text *a, const struct text *b)
{
	HOLDS(a->len == b->len && (!a->len || memcmp(a->bytes, b->bytes, a->len) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = { 1, 2, 5, 33 };
	struct text whole = { 0 }, other = { 0 };
	bool cut, other_cut;
	size_t i;

	in_pieces((const char *)data, size, size ? size : 1, &whole, &cut);
	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		in_pieces((const char *)data, size, pieces[i], &other, &other_cut);
		same(&whole, &other);
		HOLDS(cut == other_cut);
		text_release(&other);
	}
	in_pieces(whole.bytes, whole.len, 3, &other, &other_cut);
	same(&whole, &other);
	HOLDS(!other_cut);
	text_release(&whole);
	text_release(&other);
	return 0;
}
