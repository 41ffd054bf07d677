// SPDX-License-Identifier: GPL-2.0-or-later
/* Bodies in chunks: what is data in them, what is refused, whatever pieces they come in. */
#include "tests/tap.h"

#include <stdbool.h>

#include "base/limits.h"
#include "http/chunked.h"

#define BODY_MAX (2 * LIMIT_HTTP_EXTRAS)

/* What became of the bytes. */
struct outcome {
	int err;
	bool done;
	size_t taken, len;
	char data[BODY_MAX];
};

static void take(struct http_chunked *c, const char *bytes, size_t len, struct outcome *o)
{
	struct http_span data;
	size_t part;

	while (len && !http_chunked_done(c)) {
		o->err = http_chunked_take(c, bytes, len, &part, &data);
		if (o->err)
			return;
		CHECK(part && part <= len);
		CHECK(!data.len || (data.at >= bytes && data.at + data.len == bytes + part));
		CHECK(part == len || data.len || http_chunked_done(c));
		memcpy(o->data + o->len, data.at ? data.at : "", data.len);
		o->len += data.len;
		o->taken += part;
		bytes += part;
		len -= part;
	}
}

/* In two pieces, cut there. */
static void read_cut(enum http_chunked_kind kind, const char *bytes, size_t len, size_t cut,
		     struct outcome *o)
{
	struct http_chunked c;

	memset(o, 0, sizeof(*o));
	http_chunked_begin(&c, kind);
	take(&c, bytes, cut, o);
	if (!o->err)
		take(&c, bytes + cut, len - cut, o);
	o->done = !o->err && http_chunked_done(&c);
}

static void read_bytes(enum http_chunked_kind kind, const char *bytes, size_t len,
		       struct outcome *o)
{
	struct http_chunked c;
	size_t i;

	memset(o, 0, sizeof(*o));
	http_chunked_begin(&c, kind);
	for (i = 0; i < len && !o->err; i++)
		take(&c, bytes + i, 1, o);
	o->done = !o->err && http_chunked_done(&c);
}

static void squeeze(enum http_chunked_kind kind, const char *bytes, size_t len, struct outcome *o)
{
	struct http_chunked c;

	memset(o, 0, sizeof(*o));
	memcpy(o->data, bytes, len);
	http_chunked_begin(&c, kind);
	o->err = http_chunked_squeeze(&c, o->data, len, &o->taken, &o->len);
	o->done = !o->err && http_chunked_done(&c);
}

static bool same(const struct outcome *a, const struct outcome *b)
{
	return a->err == b->err &&
	       (a->err || (a->done == b->done && a->taken == b->taken && a->len == b->len &&
			   !memcmp(a->data, b->data, a->len)));
}

/* Whatever pieces it comes in, the same comes of it. */
static void read_all_ways(enum http_chunked_kind kind, const char *bytes, size_t len,
			  struct outcome *o)
{
	static struct outcome other;
	size_t cut;

	read_cut(kind, bytes, len, 0, o);
	for (cut = 1; cut <= len; cut += len > 1000 ? len / 50 : 1) {
		read_cut(kind, bytes, len, cut, &other);
		CHECK_MSG(same(o, &other), "cut at %zu: %.60s", cut, bytes);
	}
	read_bytes(kind, bytes, len, &other);
	CHECK_MSG(same(o, &other), "byte by byte: %.60s", bytes);
	squeeze(kind, bytes, len, &other);
	CHECK_MSG(same(o, &other), "squeezed: %.60s", bytes);
}

static void data_comes_out_of_chunks(void)
{
	static const struct {
		const char *bytes, *data;
		int behind; /* bytes behind the body; -1: it is not whole */
	} rows[] = {
		{ "", "", -1 },
		{ "0\r\n\r\n", "", 0 },
		{ "000000000000000\r\n\r\n", "", 0 },
		{ "0\r\n\r\nGET", "", 3 },
		{ "3\r\nabc\r\n0\r\n\r\n", "abc", 0 },
		{ "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n\r\n", "abcde", 2 },
		{ "00A\r\n0123456789\r\na\r\n\r\n0\r\n\r\n\r\n1\r\n0\r\n",
		  "0123456789\r\n0\r\n\r\n\r\n1", -1 },
		{ "3\r\nabc\r\n", "abc", -1 },
		{ "3\r\nab", "ab", -1 },
		{ "fffffffffffffff\r\nab", "ab", -1 },
		{ "1\r\n\n\r\n0\r\n\r", "\n", -1 },
	};
	static struct outcome o;
	size_t i, len, kind;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		len = strlen(rows[i].bytes);
		for (kind = 0; kind < 2; kind++) {
			read_all_ways(kind, rows[i].bytes, len, &o);
			CHECK_MSG(!o.err, "%s", rows[i].bytes);
			CHECK_MSG(o.len == strlen(rows[i].data) &&
					  !memcmp(o.data, rows[i].data, o.len),
				  "%s", rows[i].bytes);
			CHECK_MSG(o.done == (rows[i].behind >= 0), "%s", rows[i].bytes);
			CHECK_INT(len - o.taken, rows[i].behind > 0 ? rows[i].behind : 0);
		}
	}
}

static void what_is_no_chunk_is_refused(void)
{
	static const char *const rows[] = {
		"\r\n",
		"3\nabc\r\n",
		"3\r\nabcd\r\n",
		"3\r\nabc\n0\r\n\r\n",
		"3\r\nabc\r0\r\n\r\n",
		"3\rabc",
		"3 \r\nabc\r\n",
		"3\t;x\r\nabc\r\n",
		" 3\r\nabc\r\n",
		"0x3\r\nabc\r\n",
		"-3\r\nabc\r\n",
		"+3\r\nabc\r\n",
		"3_0\r\nabc\r\n",
		"g\r\n",
		";x=1\r\n",
		"0000000000000003\r\nabc\r\n",
		"fffffffffffffffff\r\n",
		"0\r\n\n",
		"0\n\r\n",
		"0\r\n\rX",
		"3\r\nabc\r\n\r\n0\r\n\r\n",
	};
	static struct outcome o;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		read_all_ways(HTTP_CHUNKED_PLAIN, rows[i], strlen(rows[i]), &o);
		CHECK_MSG(o.err == -EBADMSG, "%s", rows[i]);
		read_all_ways(HTTP_CHUNKED_EXTRAS, rows[i], strlen(rows[i]), &o);
		CHECK_MSG(o.err == -EBADMSG, "%s", rows[i]);
	}
}

static void extras_are_for_answers_alone(void)
{
	static const char *const good[] = {
		"3;x\r\nabc\r\n0\r\n\r\n",
		"3;x=1;y=\"; 5\"\r\nabc\r\n0\r\n\r\n",
		"3;\tx \xc3\xa9\r\nabc\r\n0;last\r\n\r\n",
		"3\r\nabc\r\n0\r\nX: 1\r\n\r\n",
		"3\r\nabc\r\n0\r\nX:\r\nContent-Length: 5\r\n\r\n",
	};
	static const char *const bad[] = {
		"3;x\nabc\r\n0\r\n\r\n", "3;x\ry\r\nabc\r\n0\r\n\r\n",
		"3;x\x01\r\nabc\r\n",	 "3;x\x7f\r\nabc\r\n",
		"0\r\nX: 1\n\r\n",	 "0\r\nX : 1\r\n\r\n",
		"0\r\n X: 1\r\n\r\n",	 "0\r\nX\r\n\r\n",
		"0\r\n: 1\r\n\r\n",	 "0\r\nX: 1\r\n folded\r\n\r\n",
		"0\r\nX: \x01\r\n\r\n",	 "0\r\nX: 1\r\r\n\r\n",
	};
	static struct outcome o;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		read_all_ways(HTTP_CHUNKED_EXTRAS, good[i], strlen(good[i]), &o);
		CHECK_MSG(!o.err && o.done && o.taken == strlen(good[i]), "%s", good[i]);
		CHECK_MSG(o.len == 3 && memcmp(o.data, "abc", 3) == 0, "%s", good[i]);
		read_all_ways(HTTP_CHUNKED_PLAIN, good[i], strlen(good[i]), &o);
		CHECK_MSG(o.err == -EBADMSG, "%s", good[i]);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		read_all_ways(HTTP_CHUNKED_EXTRAS, bad[i], strlen(bad[i]), &o);
		CHECK_MSG(o.err == -EBADMSG, "%s", bad[i]);
	}
}

/* Those of all chunks together, and of trailers. */
static void extras_are_bounded(void)
{
	static const char *const forms[][3] = {
		{ "1;", "\r\na\r\n", "0\r\n\r\n" },
		{ "0\r\nX:", "\r\n", "\r\n" },
		{ "1;xyz\r\na\r\n2;x", "\r\nab\r\n", "0\r\n\r\n" },
	};
	static const size_t counted[] = { 0, 2, 4 };
	static char bytes[BODY_MAX];
	static struct outcome o;
	size_t i, over, len, fill;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		for (over = 0; over < 2; over++) {
			fill = LIMIT_HTTP_EXTRAS - counted[i] + over;
			len = (size_t)sprintf(bytes, "%s", forms[i][0]);
			memset(bytes + len, 'x', fill);
			len += fill;
			len += (size_t)sprintf(bytes + len, "%s%s", forms[i][1], forms[i][2]);
			read_all_ways(HTTP_CHUNKED_EXTRAS, bytes, len, &o);
			CHECK_INT(o.err, over ? -EBADMSG : 0);
			CHECK(over || o.done);
		}
	}
}

static const struct tap_test tests[] = {
	TEST(data_comes_out_of_chunks),
	TEST(what_is_no_chunk_is_refused),
	TEST(extras_are_for_answers_alone),
	TEST(extras_are_bounded),
};

TAP_MAIN(tests)
