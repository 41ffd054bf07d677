// SPDX-License-Identifier: GPL-2.0-or-later
/* Heads of answers: what is taken, what is refused, where bodies end, and heads that are written. */
#include "tests/tap.h"

#include <stdbool.h>

#include "http/answer.h"
#include "http/chunked.h"

#define OK "HTTP/1.1 200 OK\r\n"

static bool same(const struct http_answer *a, const struct http_answer *b)
{
	return a->framing == b->framing && a->length == b->length && a->status == b->status &&
	       a->minor == b->minor && a->keep_alive == b->keep_alive &&
	       a->field_count == b->field_count &&
	       memcmp(a->fields, b->fields, sizeof(a->fields)) == 0;
}

/* With all lengths of its beginning, one after the other; 0, -EAGAIN or -EBADMSG. */
static int answer_read(const char *bytes, size_t len, bool to_head, size_t *ret_size,
		       struct http_answer *ret_answer)
{
	struct http_answer_scan scan = { 0 }, once = { 0 };
	static struct http_answer other;
	size_t part, size = 0;
	const char *why = NULL;
	int err = -EAGAIN, err_once;

	for (part = 0; part <= len && err == -EAGAIN; part++)
		err = http_answer_read(bytes, part, to_head, &scan, ret_size, ret_answer, &why);
	CHECK(err == 0 || err == -EAGAIN || err == -EBADMSG);
	CHECK(err != -EBADMSG || (why && why[0] && !strchr(why, '\n')));
	err_once = http_answer_read(bytes, len, to_head, &once, &size, &other, &why);
	CHECK_INT(err_once, err);
	if (!err) {
		CHECK_INT(*ret_size, part - 1);
		CHECK_INT(size, *ret_size);
		CHECK(same(&other, ret_answer));
	}
	return err;
}

static void good_heads_are_read(void)
{
	static const struct {
		const char *head;
		unsigned int status;
		enum http_framing framing;
		unsigned int length;
		bool keep_alive;
	} rows[] = {
		{ OK "Content-Length: 5\r\n\r\n", 200, HTTP_FRAMING_LENGTH, 5, 1 },
		{ OK "content-length:005\r\n\r\n", 200, HTTP_FRAMING_LENGTH, 5, 1 },
		{ OK "Content-Length: 0\r\n\r\n", 200, HTTP_FRAMING_NONE, 0, 1 },
		{ OK "Transfer-Encoding: Chunked\r\n\r\n", 200, HTTP_FRAMING_CHUNKED, 0, 1 },
		{ OK "\r\n", 200, HTTP_FRAMING_CLOSE, 0, 0 },
		{ OK "Connection: keep-alive\r\n\r\n", 200, HTTP_FRAMING_CLOSE, 0, 0 },
		{ OK "Content-Length: 5\r\nConnection: close\r\n\r\n", 200, HTTP_FRAMING_LENGTH, 5,
		  0 },
		{ OK "Content-Length: 5\r\nConnection: x, Close\r\n\r\n", 200, HTTP_FRAMING_LENGTH,
		  5, 0 },
		{ OK "Content-Length: 5\r\nConnection: upgrade\r\n\r\n", 200, HTTP_FRAMING_LENGTH,
		  5, 1 },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", 200, HTTP_FRAMING_LENGTH, 5, 0 },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n", 200,
		  HTTP_FRAMING_LENGTH, 5, 1 },
		{ "HTTP/1.1 204 No Content\r\n\r\n", 204, HTTP_FRAMING_NONE, 0, 1 },
		{ "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", 204, HTTP_FRAMING_NONE, 0,
		  1 },
		{ "HTTP/1.1 304 \r\nContent-Length: 5\r\n\r\n", 304, HTTP_FRAMING_NONE, 0, 1 },
		{ "HTTP/1.1 429 Too Many\tR\xc3\xa9quests\r\nContent-Length: 1\r\n\r\n", 429,
		  HTTP_FRAMING_LENGTH, 1, 1 },
		{ "HTTP/1.1 529\r\nContent-Length: 1\r\n\r\n", 529, HTTP_FRAMING_LENGTH, 1, 1 },
		{ "HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 5\r\n\r\n", 200,
		  HTTP_FRAMING_LENGTH, 5, 1 },
		{ "HTTP/1.1 103 Early\r\nLink: x\r\nContent-Length: 9\r\nConnection: close\r\n\r\n"
		  "HTTP/1.1 100\r\n\r\n" OK "Transfer-Encoding: chunked\r\n\r\n",
		  200, HTTP_FRAMING_CHUNKED, 0, 1 },
	};
	static struct http_answer a;
	size_t i, size = 0;
	char more[512];

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* Bytes of the body are behind it. */
		sprintf(more, "%s?\n\n", rows[i].head);
		CHECK_MSG(answer_read(more, strlen(more), false, &size, &a) == 0, "%s", more);
		CHECK_MSG(size == strlen(rows[i].head), "%s", rows[i].head);
		CHECK_MSG(a.status == rows[i].status, "%s", rows[i].head);
		CHECK_MSG(a.framing == rows[i].framing, "%s", rows[i].head);
		CHECK_MSG(a.length == rows[i].length, "%s", rows[i].head);
		CHECK_MSG(a.keep_alive == rows[i].keep_alive, "%s", rows[i].head);
		CHECK_INT(answer_read(more, strlen(more), true, &size, &a), 0);
		CHECK(a.framing == HTTP_FRAMING_NONE && a.length == 0);
	}
	/* To HEAD nothing needs the end of the connection. */
	CHECK_INT(answer_read(OK "\r\n", 19, true, &size, &a), 0);
	CHECK(a.keep_alive);
}

static void lines_are_found(void)
{
	static const char head[] = OK "Retry-After: 5\r\nX:\t a b \t\r\nRETRY-AFTER: 6\r\n\r\n";
	const struct http_field *field;
	static struct http_answer a;
	size_t size;

	REQUIRE(answer_read(head, strlen(head), false, &size, &a) == 0);
	CHECK_INT(a.field_count, 3);
	field = http_field_find(a.fields, a.field_count, "retry-after");
	CHECK(field && field->value.len == 1 && field->value.at[0] == '5');
	field = http_field_find(a.fields, a.field_count, "x");
	CHECK(field && field->value.len == 3 && memcmp(field->value.at, "a b", 3) == 0);
	CHECK(!http_field_find(a.fields, a.field_count, "retry"));
}

static void bad_heads_are_refused(void)
{
	static const char *const rows[] = {
		"\r\n" OK "\r\n",
		" " OK "\r\n",
		"http/1.1 200 OK\r\n\r\n",
		"HTTP/2 200\r\n\r\n",
		"HTTP/2.0 200 OK\r\n\r\n",
		"HTTP/1.2 200 OK\r\n\r\n",
		"HTTP/1.1  200 OK\r\n\r\n",
		"HTTP/1.1\t200 OK\r\n\r\n",
		"HTTP/1.1 20 OK\r\n\r\n",
		"HTTP/1.1 2000 OK\r\n\r\n",
		"HTTP/1.1 20x OK\r\n\r\n",
		"HTTP/1.1 099 OK\r\n\r\n",
		"HTTP/1.1 600 OK\r\n\r\n",
		"HTTP/1.1 200\tOK\r\n\r\n",
		"HTTP/1.1 200-OK\r\n\r\n",
		"HTTP/1.1 \r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n\r\n" OK "\r\n",
		"HTTP/1.1 200 OK\n\n",
		"HTTP/1.1 200 OK\r\r\n\r\n",
		"HTTP/1.1 200 \x01\r\n\r\n",
		OK "X : 1\r\n\r\n",
		OK " X: 1\r\n\r\n",
		OK "X: 1\r\n folded\r\n\r\n",
		OK "X\r\n\r\n",
		OK ": 1\r\n\r\n",
		OK "X: 1\n\r\n",
		OK "X: \x7f\r\n\r\n",
		OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\n",
		OK "Content-Length: 5, 5\r\n\r\n",
		OK "Content-Length: +5\r\n\r\n",
		OK "Content-Length:\r\n\r\n",
		OK "Content-Length: 9999999999999999999\r\n\r\n",
		OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
		OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
		OK "Transfer-Encoding: gzip, chunked\r\n\r\n",
		OK "Transfer-Encoding: identity\r\n\r\n",
		OK "Transfer-Encoding:\r\n\r\n",
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
	};
	static struct http_answer a;
	size_t i, size;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_MSG(answer_read(rows[i], strlen(rows[i]), false, &size, &a) == -EBADMSG, "%s",
			  rows[i]);
	CHECK_INT(answer_read(OK "X: 1\r\n", 23, false, &size, &a), -EAGAIN);
	CHECK_INT(answer_read(OK "X: \0\r\n\r\n", 26, false, &size, &a), -EBADMSG);
}

static void heads_are_bounded(void)
{
	static char head[LIMIT_HTTP_HEAD + 64];
	static struct http_answer a;
	size_t i, len, line, size;

	for (i = 0; i < 2; i++) {
		len = (size_t)sprintf(head, "HTTP/1.1 100 Continue\r\n\r\n" OK "X: ");
		memset(head + len, 'x', LIMIT_HTTP_HEAD - 4 - len + i);
		memcpy(head + LIMIT_HTTP_HEAD - 4 + i, "\r\n\r\n", 5);
		CHECK_INT(answer_read(head, strlen(head), false, &size, &a), i ? -EBADMSG : 0);
	}
	for (i = 0; i < 2; i++) {
		len = (size_t)sprintf(head, OK);
		for (line = 0; line < LIMIT_HTTP_FIELDS + i; line++)
			len += (size_t)sprintf(head + len, "X: %zu\r\n", line);
		sprintf(head + len, "\r\n");
		CHECK_INT(answer_read(head, strlen(head), false, &size, &a), i ? -EBADMSG : 0);
	}
	/* Interim ones without end. */
	for (len = 0; len + 32 < LIMIT_HTTP_HEAD + 40;)
		len += (size_t)sprintf(head + len, "HTTP/1.1 100 Continue\r\n\r\n");
	CHECK_INT(answer_read(head, len, false, &size, &a), -EBADMSG);
}

static void heads_are_written(void)
{
	static struct http_answer a;
	struct text out = { 0 };
	size_t size;

	http_answer_begin(&out, 429);
	http_field_put_text(&out, "Content-Type", "application/json");
	http_field_put(&out, "X-Empty", (struct http_span){ NULL, 0 });
	http_field_put_number(&out, "Content-Length", UINT64_C(123456789012345678));
	http_answer_end(&out);
	CHECK_INT(text_error(&out), 0);
	text_put(&out, "", 1);
	CHECK_STR(out.bytes, "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\n"
			     "X-Empty: \r\nContent-Length: 123456789012345678\r\n\r\n");
	CHECK_INT(answer_read(out.bytes, out.len - 1, false, &size, &a), 0);
	CHECK(a.length == UINT64_C(123456789012345678) && a.field_count == 3);
	text_release(&out);
	http_answer_begin(&out, 599);
	http_answer_end(&out);
	text_put(&out, "", 1);
	CHECK_STR(out.bytes, "HTTP/1.1 599 \r\n\r\n");
	text_release(&out);
}

static void no_line_becomes_two(void)
{
	static const struct {
		const char *name, *value;
	} rows[] = {
		{ "X", "a\r\nY: b" }, { "X", "a\nb" },	 { "X", "a\rb" },
		{ "X", "\x7f" },      { "X\r\nY", "a" }, { "X Y", "a" },
		{ "X:", "a" },	      { "", "a" },	 { "\xc3\xa9", "a" },
	};
	struct text out = { 0 };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		http_field_put_text(&out, rows[i].name, rows[i].value);
		CHECK_MSG(text_error(&out) && !out.len, "%s: %s", rows[i].name, rows[i].value);
		text_release(&out);
	}
	http_field_put(&out, "X", (struct http_span){ "\0", 1 });
	CHECK(text_error(&out));
	text_release(&out);
	http_answer_begin(&out, 99);
	CHECK(text_error(&out));
	text_release(&out);
	http_answer_begin(&out, 600);
	CHECK(text_error(&out));
	text_release(&out);
}

static void chunks_are_written(void)
{
	static const struct {
		size_t size;
		const char *begin;
	} rows[] = {
		{ 1, "1\r\n" },
		{ 15, "f\r\n" },
		{ 16, "10\r\n" },
		{ 0xabcdef, "abcdef\r\n" },
		{ SIZE_MAX, "ffffffffffffffff\r\n" },
	};
	char out[HTTP_CHUNK_BEGIN];
	struct http_chunked c;
	struct http_span data;
	size_t i, len, took;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		len = http_chunk_begin(rows[i].size, out);
		CHECK(len == strlen(rows[i].begin) && memcmp(out, rows[i].begin, len) == 0);
	}
	http_chunked_begin(&c, HTTP_CHUNKED_PLAIN);
	len = http_chunk_begin(5, out);
	memcpy(out + len, "hello" HTTP_CHUNK_END, 7);
	CHECK_INT(http_chunked_take(&c, out, len + 7, &took, &data), 0);
	CHECK(data.len == 5 && took == len + 5);
	CHECK_INT(http_chunked_take(&c, out + took, 2, &took, &data), 0);
	CHECK_INT(http_chunked_take(&c, HTTP_CHUNK_LAST, strlen(HTTP_CHUNK_LAST), &took, &data), 0);
	CHECK(http_chunked_done(&c));
}

static const struct tap_test tests[] = {
	TEST(good_heads_are_read), TEST(lines_are_found),   TEST(bad_heads_are_refused),
	TEST(heads_are_bounded),   TEST(heads_are_written), TEST(no_line_becomes_two),
	TEST(chunks_are_written),
};

TAP_MAIN(tests)
