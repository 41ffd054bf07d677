// SPDX-License-Identifier: GPL-2.0-or-later
/* Server-sent events: which frames come of which bytes, in whatever pieces these come. */
#include "tests/tap.h"

#include <stdbool.h>

#include "base/limits.h"
#include "http/sse.h"

/* Frames as text: "event|data" and a line's end each. */
struct record {
	char text[4096];
	size_t len;
	const char *from, *to; /* where data that was not copied is */
	unsigned int copied;
	int stop; /* returned for each frame */
};

static int note(void *cookie, const struct sse_frame *frame)
{
	struct record *r = cookie;
	int len = snprintf(r->text + r->len, sizeof(r->text) - r->len, "%.*s|%.*s;",
			   (int)frame->event.len, frame->event.at ? frame->event.at : "",
			   (int)frame->data.len, frame->data.at ? frame->data.at : "");

	CHECK(len > 0 && (size_t)len < sizeof(r->text) - r->len);
	r->len += (size_t)len;
	r->copied += frame->data.len && (frame->data.at < r->from || frame->data.at >= r->to);
	return r->stop;
}

/* Each piece is a block of its own that is gone when the next one comes. */
static int take(struct sse *s, struct record *r, const char *bytes, size_t len)
{
	char *copy = malloc(len ? len : 1);
	int err;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, bytes, len);
	r->from = copy;
	r->to = copy + len;
	err = sse_take(s, copy, len);
	memset(copy, '#', len);
	free(copy);
	return err;
}

struct row {
	const char *bytes, *frames;
	bool cut;
};

static void frames_come(const struct row *row, size_t first, size_t second, size_t piece)
{
	size_t len = strlen(row->bytes), at = 0, part, i;
	struct record r = { .len = 0 };
	struct sse s;

	sse_init(&s, note, &r);
	for (i = 0; at < len || !i; i++, at += part) {
		part = piece ? piece : i == 0 ? first : i == 1 ? second - first : len - second;
		if (part > len - at)
			part = len - at;
		CHECK_INT(take(&s, &r, row->bytes + at, part), 0);
	}
	r.text[r.len] = '\0';
	CHECK_MSG(strcmp(r.text, row->frames) == 0, "%zu, %zu, %zu: %s gives %s", first, second,
		  piece, row->bytes, r.text);
	CHECK_MSG(sse_is_cut(&s) == row->cut, "%zu, %zu, %zu: %s", first, second, piece,
		  row->bytes);
	sse_release(&s);
}

static void frames_are_the_same_in_whatever_pieces(void)
{
	static const struct row rows[] = {
		{ "", "", 0 },
		{ "data: a\n\n", "|a;", 0 },
		{ "data:a\n\ndata: b\n\n", "|a;|b;", 0 },
		{ "data:  a \n\n", "| a ;", 0 },
		{ "event: e\ndata: a\n\n", "e|a;", 0 },
		{ "data: a\nevent: e\n\ndata: b\n\n", "e|a;|b;", 0 },
		{ "event: x\nevent: e\ndata: a\n\n", "e|a;", 0 },
		{ "event: e\nevent:\ndata: a\n\n", "|a;", 0 },
		{ "data: a\ndata: b\ndata:c\n\n", "|a\nb\nc;", 0 },
		{ "data\n\n", "|;", 0 },
		{ "data:\n\n", "|;", 0 },
		{ "data\ndata\n\n", "|\n;", 0 },
		{ "data:\ndata: a\ndata:\n\n", "|\na\n;", 0 },
		{ "event: e\n\ndata: a\n\n", "|a;", 0 },
		{ "data: a\ndata: b\n\ndata\ndata: c\n\n", "|a\nb;|\nc;", 0 },
		{ ": hello\n\n\n:\ndata: a\n: between\n\n", "|a;", 0 },
		{ "id: 1\nretry: 5\nwhat: x\ndata: a\nwhat\n\n", "|a;", 0 },
		{ "Data: x\n data: y\ndata : z\ndatax: w\ndata: a\n\n", "|a;", 0 },
		{ "data: a:b: c\n\n", "|a:b: c;", 0 },
		{ "event: e\r\ndata: a\r\n\r\ndata: b\r\n\r\n", "e|a;|b;", 0 },
		{ "event: e\rdata: a\r\rdata: b\r\r", "e|a;|b;", 0 },
		{ "data: a\r\n\ndata: b\n\r\ndata: c\r\n\rdata: d\n\r", "|a;|b;|c;|d;", 0 },
		{ "data: a\r\rdata: b\n\r\r\ndata: c\n\n", "|a;|b;|c;", 0 },
		{ "\xef\xbb\xbf"
		  "data: a\n\n",
		  "|a;", 0 },
		{ "\xef\xbb\xbf\n\xef\xbb\xbf"
		  "data: a\n\ndata: b\n\n",
		  "|b;", 0 },
		{ "\xef\xbb\xbf\xef\xbb\xbf"
		  "data: a\n\ndata: b\n\n",
		  "|b;", 0 },
		{ "\xef\xbb"
		  "data: a\n\ndata: b\n\n",
		  "|b;", 0 },
		{ "\xef"
		  "data: a\ndata: b\n\n",
		  "|b;", 0 },
		{ "\xef\xbb\xbf", "", 0 },
		{ "\xef\xbb", "", 1 },
		{ "data: a", "", 1 },
		{ "data: a\n", "", 1 },
		{ "data: a\r", "", 1 },
		{ "event: e\n", "", 1 },
		{ "data: a\n\ndata", "|a;", 1 },
		{ ": ping", "", 1 },
		{ ": ping\n", "", 0 },
		{ "event: message_start\ndata: {\"type\":\"message_start\"}\n\ndata: [DONE]\n\n",
		  "message_start|{\"type\":\"message_start\"};|[DONE];", 0 },
	};
	size_t i, first, second, len, piece;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		len = strlen(rows[i].bytes);
		for (first = 0; first <= len; first++)
			for (second = first; second <= len; second++)
				frames_come(&rows[i], first, second, 0);
		for (piece = 1; piece < 6; piece++)
			frames_come(&rows[i], 0, 0, piece);
	}
}

static void a_whole_frame_is_not_copied(void)
{
	static const char whole[] = "event: e\ndata: abc\n\r\n\ndata: def\r\r";
	struct record r = { .len = 0 };
	struct sse s;
	size_t cut;

	sse_init(&s, note, &r);
	CHECK_INT(take(&s, &r, whole, strlen(whole)), 0);
	CHECK_INT(r.copied, 0);
	CHECK(!s.line.bytes && !s.data.bytes && !s.event.bytes);
	sse_release(&s);
	/* Neither is one that follows one that was in two pieces. */
	for (cut = 12; cut < 18; cut++) {
		r = (struct record){ .len = 0 };
		sse_init(&s, note, &r);
		CHECK_INT(take(&s, &r, whole, cut), 0);
		CHECK_INT(take(&s, &r, whole + cut, strlen(whole) - cut), 0);
		CHECK_INT(r.copied, 1);
		sse_release(&s);
	}
}

static void a_frame_that_is_not_wanted_ends_it(void)
{
	struct record r = { .stop = -EPROTO };
	struct sse s;

	sse_init(&s, note, &r);
	CHECK_INT(take(&s, &r, "data: a\n\ndata: b\n\n", 18), -EPROTO);
	CHECK_STR(r.text, "|a;");
	sse_release(&s);
}

static int count(void *cookie, const struct sse_frame *frame)
{
	*(size_t *)cookie = frame->data.len;
	return 0;
}

/* So many bytes "x" between the two, all at once or in pieces. */
static int long_frame(const char *before, size_t fill, const char *after, size_t piece,
		      size_t *ret_len)
{
	size_t len = strlen(before) + fill + strlen(after), at, part;
	char *bytes = malloc(len + 1);
	struct sse s;
	int err = 0;

	if (!bytes)
		return -ENOMEM;
	memset(bytes, 'x', len);
	memcpy(bytes, before, strlen(before));
	strcpy(bytes + len - strlen(after), after);
	*ret_len = 0;
	sse_init(&s, count, ret_len);
	for (at = 0; at < len && !err; at += part) {
		part = piece && piece < len - at ? piece : len - at;
		err = sse_take(&s, bytes + at, part);
	}
	CHECK(s.line.room <= 2 * LIMIT_SSE_FRAME && s.data.room <= 2 * LIMIT_SSE_FRAME);
	sse_release(&s);
	free(bytes);
	return err;
}

static void lines_and_frames_are_bounded(void)
{
	static const size_t pieces[] = { 0, 1000, 65536, LIMIT_SSE_FRAME };
	size_t i, len = 0, over;

	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		for (over = 0; over < 2; over++) {
			CHECK_INT(long_frame("data:", LIMIT_SSE_FRAME - 5 + over, "\n\n", pieces[i],
					     &len),
				  over ? -E2BIG : 0);
			CHECK_INT(len, over ? 0 : LIMIT_SSE_FRAME - 5);
			CHECK_INT(long_frame(":", LIMIT_SSE_FRAME - 1 + over, "\n\n", pieces[i],
					     &len),
				  over ? -E2BIG : 0);
			CHECK_INT(long_frame("data:ab\ndata:", LIMIT_SSE_FRAME - 5 - 2 - 1,
					     over ? "\ndata:cdef\n\n" : "\ndata:cd\n\n", pieces[i],
					     &len),
				  0);
			CHECK_INT(long_frame("data:ab\ndata:", LIMIT_SSE_FRAME - 5 - 2 - 1,
					     over ? "\ndata:cdefg\n\n" : "\ndata:cdef\n\n",
					     pieces[i], &len),
				  over ? -E2BIG : 0);
			CHECK_INT(len, over ? 0 : LIMIT_SSE_FRAME);
		}
	}
}

static const struct tap_test tests[] = {
	TEST(frames_are_the_same_in_whatever_pieces),
	TEST(a_whole_frame_is_not_copied),
	TEST(a_frame_that_is_not_wanted_ends_it),
	TEST(lines_and_frames_are_bounded),
};

TAP_MAIN(tests)
