// SPDX-License-Identifier: GPL-2.0-or-later
/* Heads and bodies of requests to a proxy: what is taken, what is refused, and what the server gets. */
#include "tests/tap.h"

#include <stdbool.h>

#include "http/body.h"
#include "http/head.h"

#define H11  "HTTP/1.1\r\n"
#define HOST "Host: a.test\r\n"
#define GET  "GET http://a.test/ " H11
#define POST "POST http://a.test/ " H11 HOST

/* 0, or the status that it is refused with. Every prefix has to want more, or be refused alike. */
static int head_read(const char *bytes, size_t len, struct http_head *ret_head)
{
	struct http_fault fault = { 0 };
	size_t from = 0, size = 0, part;
	int err = -EAGAIN;

	for (part = 0; part <= len && err == -EAGAIN; part++)
		err = http_head_end(bytes, part, &from, &size, &fault);
	if (err == -EAGAIN)
		return -EAGAIN;
	if (!err) {
		CHECK_INT(size, part - 1);
		err = http_head_parse(bytes, size, ret_head, &fault);
	}
	CHECK(!err || (err == -EBADMSG && fault.text && fault.text[0]));
	return err ? fault.status : 0;
}

static bool span_equals(struct http_span s, const char *text)
{
	return s.len == strlen(text) && (!s.len || memcmp(s.at, text, s.len) == 0);
}

static void good_heads_are_read(void)
{
	static const struct {
		const char *head, *method, *host, *path;
		unsigned int port;
		bool connect, chunked;
		unsigned int length;
	} rows[] = {
		{ "GET http://a.test/x?y=1 " H11 HOST "\r\n", "GET", "a.test", "/x?y=1", 80, 0, 0,
		  0 },
		{ "GET http://a.test " H11 HOST "\r\n", "GET", "a.test", "", 80, 0, 0, 0 },
		{ "GET HTTP://A.test?q " H11 HOST "\r\n", "GET", "A.test", "?q", 80, 0, 0, 0 },
		{ "GET http://a.test:8080/ " H11 "Host: a.test:8080\r\n\r\n", "GET", "a.test", "/",
		  8080, 0, 0, 0 },
		{ "GET http://a.test:80/ " H11 HOST "\r\n", "GET", "a.test", "/", 80, 0, 0, 0 },
		{ "GET http://a.test:8080/ " H11 HOST "\r\n", "GET", "a.test", "/", 8080, 0, 0, 0 },
		{ "GET http://[::1]:81/ " H11 "Host: [::1]:81\r\n\r\n", "GET", "::1", "/", 81, 0, 0,
		  0 },
		{ "GET http://a.test/ HTTP/1.0\r\n\r\n", "GET", "a.test", "/", 80, 0, 0, 0 },
		{ "POST http://a.test/ " H11 HOST "Content-Length: 12\r\n\r\n", "POST", "a.test",
		  "/", 80, 0, 0, 12 },
		{ "POST http://a.test/ " H11 HOST "Transfer-Encoding: Chunked\r\n\r\n", "POST",
		  "a.test", "/", 80, 0, 1, 0 },
		{ "M-SEARCH http://a.test/ " H11 "host:\t a.test \t\r\nX:\r\n\r\n", "M-SEARCH",
		  "a.test", "/", 80, 0, 0, 0 },
		{ "POST http://a.test/ " H11 HOST "Expect: 100-Continue\r\n\r\n", "POST", "a.test",
		  "/", 80, 0, 0, 0 },
		{ "GET http://a.test/ " H11 HOST "X: caf\xc3\xa9\r\n\r\n", "GET", "a.test", "/", 80,
		  0, 0, 0 },
		{ "CONNECT a.test:443 " H11 "Host: a.test:443\r\n\r\n", "CONNECT", "a.test", "",
		  443, 1, 0, 0 },
		{ "CONNECT a.test:443 " H11 HOST "\r\n", "CONNECT", "a.test", "", 443, 1, 0, 0 },
		{ "CONNECT a.test:443 HTTP/1.0\r\n\r\n", "CONNECT", "a.test", "", 443, 1, 0, 0 },
		{ "CONNECT [2001:db8::1]:443 " H11 "Host: [2001:db8::1]:443\r\n\r\n", "CONNECT",
		  "2001:db8::1", "", 443, 1, 0, 0 },
		{ "CONNECT a.test:65535 " H11 HOST "Content-Length: 0\r\n\r\n", "CONNECT", "a.test",
		  "", 65535, 1, 0, 0 },
	};
	struct http_head h;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_MSG(head_read(rows[i].head, strlen(rows[i].head), &h) == 0, "%s",
			  rows[i].head);
		CHECK_MSG(span_equals(h.method, rows[i].method), "%s", rows[i].head);
		CHECK_MSG(span_equals(h.host, rows[i].host), "%s", rows[i].head);
		CHECK_MSG(span_equals(h.path, rows[i].path), "%s", rows[i].head);
		CHECK_INT(h.port, rows[i].port);
		CHECK_INT(h.connect, rows[i].connect);
		CHECK_INT(h.chunked, rows[i].chunked);
		CHECK_INT(h.length, rows[i].length);
	}
}

static void a_path_alone_is_for_an_origin(void)
{
	static const struct {
		const char *head, *host, *path;
		unsigned int port;
	} rows[] = {
		{ "GET / " H11 HOST "\r\n", "a.test", "/", 80 },
		{ "POST /v1/chat/completions?beta=true " H11 "Host: 127.0.0.1:1018\r\n\r\n",
		  "127.0.0.1", "/v1/chat/completions?beta=true", 1018 },
		{ "GET /x " H11 "Host: localhost\r\n\r\n", "localhost", "/x", 80 },
		{ "GET /x " H11 "Host: [::1]:1018\r\n\r\n", "::1", "/x", 1018 },
		{ "GET /x " H11 "Host: a_b%2e~!$&'()*+,;=\r\n\r\n", "a_b%2e~!$&'()*+,;=", "/x",
		  80 },
		{ "GET //x/../:y@z " H11 HOST "\r\n", "a.test", "//x/../:y@z", 80 },
		{ "GET /http://b.test/ " H11 HOST "\r\n", "a.test", "/http://b.test/", 80 },
		{ "GET /x HTTP/1.0\r\n\r\n", "", "/x", 80 },
		{ "GET /x HTTP/1.0\r\nHost: a.test:81\r\n\r\n", "a.test", "/x", 81 },
	};
	struct http_head h;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_MSG(head_read(rows[i].head, strlen(rows[i].head), &h) == 0, "%s",
			  rows[i].head);
		CHECK_MSG(h.origin && !h.connect, "%s", rows[i].head);
		CHECK_MSG(span_equals(h.host, rows[i].host), "%s", rows[i].head);
		CHECK_MSG(span_equals(h.path, rows[i].path), "%s", rows[i].head);
		CHECK_INT(h.port, rows[i].port);
	}
}

static void who_asks_says_what_comes_behind(void)
{
	static const struct {
		const char *head;
		bool keep_alive, expect;
	} rows[] = {
		{ "GET / " H11 HOST "\r\n", 1, 0 },
		{ "GET / " H11 HOST "Connection: close\r\n\r\n", 0, 0 },
		{ "GET / " H11 HOST "Connection: x, CLOSE ,y\r\n\r\n", 0, 0 },
		{ "GET / " H11 HOST "Connection: keep-alive\r\n\r\n", 1, 0 },
		{ "GET / " H11 HOST "Connection: closed\r\n\r\n", 1, 0 },
		{ "GET / " H11 HOST "Connection: keep-alive\r\nConnection: close\r\n\r\n", 0, 0 },
		{ "GET / " H11 HOST "Proxy-Connection: close\r\n\r\n", 1, 0 },
		{ "GET / HTTP/1.0\r\n\r\n", 0, 0 },
		{ "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 1, 0 },
		{ "GET / HTTP/1.0\r\nConnection: close, keep-alive\r\n\r\n", 0, 0 },
		{ POST "Expect: 100-continue\r\n\r\n", 1, 1 },
		{ "POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", 0, 0 },
		{ GET HOST "Connection: close\r\n\r\n", 0, 0 },
	};
	struct http_head h;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_MSG(head_read(rows[i].head, strlen(rows[i].head), &h) == 0, "%s",
			  rows[i].head);
		CHECK_MSG(h.keep_alive == rows[i].keep_alive, "%s", rows[i].head);
		CHECK_MSG(h.expect == rows[i].expect, "%s", rows[i].head);
	}
}

struct bad {
	int status;
	const char *head;
};

static void bad_heads_are_refused(const struct bad *rows, size_t count)
{
	struct http_head h;
	size_t i;
	int status;

	for (i = 0; i < count; i++) {
		status = head_read(rows[i].head, strlen(rows[i].head), &h);
		CHECK_MSG(status == rows[i].status, "%d, expected %d: %s", status, rows[i].status,
			  rows[i].head);
	}
}

#define BAD(rows) bad_heads_are_refused(rows, sizeof(rows) / sizeof(rows[0]))

static void bad_request_lines_are_refused(void)
{
	static const struct bad rows[] = {
		{ 400, "\r\nGET http://a.test/ " H11 HOST "\r\n" },
		{ 400, "\x16\x03\x01\x02" },
		{ 400, " GET http://a.test/ " H11 HOST "\r\n" },
		{ 400, "GET  http://a.test/ " H11 HOST "\r\n" },
		{ 400, "GET\thttp://a.test/ " H11 HOST "\r\n" },
		{ 400, "GET http://a.test/  " H11 HOST "\r\n" },
		{ 400, "GET http://a.test/ HTTP/1.1 \r\n" HOST "\r\n" },
		{ 400, "GET http://a.test/\r\n" HOST "\r\n" },
		{ 400, "GET http://a.test/ HTTP/1.10\r\n" HOST "\r\n" },
		{ 400, "GET http://a.test/ http/1.1\r\n" HOST "\r\n" },
		{ 505, "GET http://a.test/ HTTP/2.0\r\n" HOST "\r\n" },
		{ 505, "GET http://a.test/ HTTP/1.2\r\n" HOST "\r\n" },
		{ 505, "PRI * HTTP/2.0\r\n\r\n" },
		{ 400, "G@T http://a.test/ " H11 HOST "\r\n" },
		{ 400, "GET * " H11 HOST "\r\n" },
		{ 400, "GET a.test:80 " H11 HOST "\r\n" },
		{ 400, "GET https://a.test/ " H11 HOST "\r\n" },
		{ 400, "GET ftp://a.test/ " H11 HOST "\r\n" },
		{ 400, "GET http:///x " H11 HOST "\r\n" },
		{ 400, "GET http://:80/ " H11 HOST "\r\n" },
		{ 400, "GET http://u@a.test/ " H11 HOST "\r\n" },
		{ 400, "GET http://u:p@a.test/ " H11 HOST "\r\n" },
		{ 400, "GET http://a.test/#f " H11 HOST "\r\n" },
		{ 400, "GET http://a.test#f " H11 HOST "\r\n" },
		{ 400, "GET http://a.test:/ " H11 HOST "\r\n" },
		{ 400, "GET http://a.test:0/ " H11 HOST "\r\n" },
		{ 400, "GET http://a.test:080/ " H11 HOST "\r\n" },
		{ 400, "GET http://a.test:65536/ " H11 HOST "\r\n" },
		{ 400, "GET http://a.test:8x/ " H11 HOST "\r\n" },
		{ 400, "GET http://a.test:80:80/ " H11 HOST "\r\n" },
		{ 400, "GET http://[::1/ " H11 HOST "\r\n" },
		{ 400, "GET http://[]/ " H11 HOST "\r\n" },
		{ 400, "GET http://[::1]x/ " H11 HOST "\r\n" },
		{ 400, "GET http://a.test/\xc3\xa9 " H11 HOST "\r\n" },
		{ 400, "CONNECT a.test " H11 HOST "\r\n" },
		{ 400, "CONNECT http://a.test/ " H11 HOST "\r\n" },
		{ 400, "CONNECT a.test:443/ " H11 HOST "\r\n" },
		{ 400, "CONNECT u@a.test:443 " H11 HOST "\r\n" },
		{ 400, "connect a.test:443 " H11 HOST "\r\n" },
		{ 400, "CONNECT :443 " H11 HOST "\r\n" },
	};

	BAD(rows);
}

static void bad_header_lines_are_refused(void)
{
	static const struct bad rows[] = {
		{ 400, GET "\r\n" },
		{ 400, GET HOST HOST "\r\n" },
		{ 400, GET "Host: b.test\r\n\r\n" },
		{ 400, GET "Host: a.test:81\r\n\r\n" },
		{ 400, GET "Host: a.test, b.test\r\n\r\n" },
		{ 400, GET "Host:\r\n\r\n" },
		{ 400, GET "Host: u@a.test\r\n\r\n" },
		{ 400, "CONNECT a.test:443 " H11 "Host: a.test:444\r\n\r\n" },
		{ 400, "CONNECT a.test:443 " H11 "Host: b.test:443\r\n\r\n" },
		{ 400, GET "Host : a.test\r\n\r\n" },
		{ 400, GET HOST "X Y: 1\r\n\r\n" },
		{ 400, GET HOST ": 1\r\n\r\n" },
		{ 400, GET HOST "nothing\r\n\r\n" },
		{ 400, GET HOST "X: 1\r\n folded\r\n\r\n" },
		{ 400, GET HOST "X: 1\r\n\tfolded\r\n\r\n" },
		{ 400, GET " " HOST "\r\n" },
		{ 400, GET HOST "X: 1\n\r\n" },
		{ 400, GET HOST "X: 1\n\n" },
		{ 400, "GET http://a.test/ HTTP/1.1\n" HOST "\n" },
		{ 400, GET HOST "X: 1\r2\r\n\r\n" },
		{ 400, GET HOST "X: 1\r\r\n\r\n" },
		{ 400, GET HOST "X: \x01\r\n\r\n" },
		{ 400, GET HOST "X: \x7f\r\n\r\n" },
		{ 400, GET HOST "X\x80: 1\r\n\r\n" },
		{ 501, GET HOST "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n" },
		{ 417, POST "Expect: 200-ok\r\n\r\n" },
		{ 400, POST "Connection: close, Content-Length\r\nContent-Length: 1\r\n\r\n" },
		{ 400, POST "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n" },
		{ 400, GET HOST "Connection: host\r\n\r\n" },
	};
	static const char with_nul[] = GET HOST "X: \0\r\n\r\n";
	struct http_head h;

	BAD(rows);
	CHECK_INT(head_read(with_nul, sizeof(with_nul) - 1, &h), 400);
}

static void what_an_origin_does_not_take_is_refused(void)
{
	static const struct bad rows[] = {
		{ 400, "GET / " H11 "\r\n" },
		{ 400, "GET / " H11 HOST HOST "\r\n" },
		{ 400, "GET / HTTP/1.0\r\n" HOST HOST "\r\n" },
		{ 400, "GET / " H11 "Host:\r\n\r\n" },
		{ 400, "GET / " H11 "Host: :80\r\n\r\n" },
		{ 400, "GET / " H11 "Host: a:\r\n\r\n" },
		{ 400, "GET / " H11 "Host: a:80:80\r\n\r\n" },
		{ 400, "GET / " H11 "Host: a:65536\r\n\r\n" },
		{ 400, "GET / " H11 "Host: u@a\r\n\r\n" },
		{ 400, "GET / " H11 "Host: a/b\r\n\r\n" },
		{ 400, "GET / " H11 "Host: a b\r\n\r\n" },
		{ 400, "GET / " H11 "Host: a\\b\r\n\r\n" },
		{ 400, "GET / " H11 "Host: a%2\r\n\r\n" },
		{ 400, "GET / " H11 "Host: a%2g\r\n\r\n" },
		{ 400, "GET / " H11 "Host: [::1\r\n\r\n" },
		{ 400, "GET / " H11 "Host: [g]\r\n\r\n" },
		{ 400, "GET / " H11 "Host: []\r\n\r\n" },
		{ 400, "GET / " H11 "Host: caf\xc3\xa9\r\n\r\n" },
		{ 400, "GET /#f " H11 HOST "\r\n" },
		{ 400, "GET /\xc3\xa9 " H11 HOST "\r\n" },
		{ 400, "GET ?x " H11 HOST "\r\n" },
		{ 400, "OPTIONS * " H11 HOST "\r\n" },
		{ 400, "CONNECT / " H11 HOST "\r\n" },
		{ 400, "CONNECT /x:80 " H11 HOST "\r\n" },
		{ 501, "GET / " H11 HOST "Upgrade: h2c\r\n\r\n" },
		{ 417, "POST / " H11 HOST "Expect: 200-ok\r\n\r\n" },
		{ 400,
		  "POST / " H11 HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" },
	};

	BAD(rows);
}

static void what_frames_a_body_twice_is_refused(void)
{
	static const struct bad rows[] = {
		{ 400, POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n" },
		{ 400, POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n" },
		{ 400, POST "Content-Length: 1, 1\r\n\r\n" },
		{ 400, POST "Content-Length: +1\r\n\r\n" },
		{ 400, POST "Content-Length: -1\r\n\r\n" },
		{ 400, POST "Content-Length: 0x1\r\n\r\n" },
		{ 400, POST "Content-Length: 1 2\r\n\r\n" },
		{ 400, POST "Content-Length:\r\n\r\n" },
		{ 400, POST "Content-Length: 9999999999999999999\r\n\r\n" },
		{ 400, POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n" },
		{ 400, POST "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n" },
		{ 400, POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" },
		{ 501, POST "Transfer-Encoding: chunked, identity\r\n\r\n" },
		{ 501, POST "Transfer-Encoding: gzip, chunked\r\n\r\n" },
		{ 501, POST "Transfer-Encoding: identity\r\n\r\n" },
		{ 501, POST "Transfer-Encoding: xchunked\r\n\r\n" },
		{ 501, POST "Transfer-Encoding:\r\n\r\n" },
		{ 400, POST "Transfer-Encoding : chunked\r\n\r\n" },
		{ 400, "POST http://a.test/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" },
		{ 400, "CONNECT a.test:443 " H11 HOST "Content-Length: 1\r\n\r\n" },
		{ 400, "CONNECT a.test:443 " H11 HOST "Transfer-Encoding: chunked\r\n\r\n" },
	};

	BAD(rows);
}

static void heads_are_bounded(void)
{
	char head[LIMIT_HTTP_HEAD + 64];
	struct http_head h;
	size_t len, i;

	/* As long as may be, and one byte longer. */
	for (i = 0; i < 2; i++) {
		len = (size_t)sprintf(head, GET HOST "X: ");
		memset(head + len, 'x', LIMIT_HTTP_HEAD - 4 - len + i);
		memcpy(head + LIMIT_HTTP_HEAD - 4 + i, "\r\n\r\n", 5);
		CHECK_INT(head_read(head, strlen(head), &h), i ? 431 : 0);
	}
	/* As many lines as may be, and one more. */
	for (i = 0; i < 2; i++) {
		size_t line;

		len = (size_t)sprintf(head, GET HOST);
		for (line = 1; line < LIMIT_HTTP_FIELDS + i; line++)
			len += (size_t)sprintf(head + len, "X: %zu\r\n", line);
		sprintf(head + len, "\r\n");
		CHECK_INT(head_read(head, strlen(head), &h), i ? 431 : 0);
	}
}

static void the_server_gets_what_is_meant_for_it(void)
{
	static const struct {
		const char *head, *host, *sent;
	} rows[] = {
		{ "GET http://A.test/x " H11 "Host: A.test\r\nAccept: */*\r\n\r\n", "a.test",
		  "GET /x HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\nConnection: close\r\n\r\n" },
		{ "GET http://a.test?q HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", "a.test",
		  "GET /?q HTTP/1.0\r\nHost: a.test\r\nConnection: close\r\n\r\n" },
		{ "GET http://a.test:8080 " H11 HOST
		  "Proxy-Authorization: secret\r\nProxy-Connection: keep-alive\r\n"
		  "Keep-Alive: 5\r\nTE: trailers\r\nConnection: X-One, keep-alive\r\n"
		  "Connection: x-two\r\nX-One: 1\r\nX-Two: 2\r\nX-Three:  3 \r\n\r\n",
		  "a.test",
		  "GET / HTTP/1.1\r\nHost: a.test:8080\r\nX-Three: 3\r\nConnection: close\r\n\r\n" },
		{ POST "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n", "a.test",
		  "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n"
		  "Expect: 100-continue\r\nConnection: close\r\n\r\n" },
		{ "GET http://[::1]:81/ " H11 "Host: [::1]:81\r\n\r\n", "::1",
		  "GET / HTTP/1.1\r\nHost: [::1]:81\r\nConnection: close\r\n\r\n" },
	};
	char out[1024];
	struct http_head h;
	size_t i, len;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_INT(head_read(rows[i].head, strlen(rows[i].head), &h), 0);
		CHECK_INT(http_head_encode(&h, rows[i].host, out, sizeof(out), &len), 0);
		out[len] = '\0';
		CHECK_STR(out, rows[i].sent);
		CHECK_INT(http_head_encode(&h, rows[i].host, out, len - 1, &len), -ENOSPC);
	}
}

static void the_longest_head_fits_when_written_anew(void)
{
	char head[LIMIT_HTTP_HEAD + 1], out[LIMIT_HTTP_HEAD + 320];
	struct http_head h;
	size_t len, out_len, i;

	/* No blank behind a colon: each line grows by one byte. */
	len = (size_t)sprintf(head, "G http://a:65535 HTTP/1.0\r\n");
	for (i = 1; i < LIMIT_HTTP_FIELDS; i++)
		len += (size_t)sprintf(head + len, "X:1\r\n");
	len += (size_t)sprintf(head + len, "Y:");
	memset(head + len, 'y', LIMIT_HTTP_HEAD - 4 - len);
	memcpy(head + LIMIT_HTTP_HEAD - 4, "\r\n\r\n", 5);
	CHECK_INT(head_read(head, LIMIT_HTTP_HEAD, &h), 0);
	CHECK_INT(h.field_count, LIMIT_HTTP_FIELDS);
	CHECK_INT(http_head_encode(&h, "a", out, sizeof(out), &out_len), 0);
	CHECK(out_len > LIMIT_HTTP_HEAD);
}

/* Feeds it whole, and byte by byte. Returns how many bytes are the body's, or -EBADMSG. */
static int body_read(bool chunked, uint64_t length, const char *bytes, bool *ret_done)
{
	struct http_body whole, single;
	size_t len = strlen(bytes), take = 0, sum = 0, one, i;
	int err, err_single = 0;

	http_body_begin(&whole, chunked, length);
	err = http_body_take(&whole, bytes, len, &take);
	http_body_begin(&single, chunked, length);
	for (i = 0; i < len && !err_single; i++) {
		err_single = http_body_take(&single, bytes + i, 1, &one);
		sum += err_single ? 0 : one;
	}
	CHECK_INT(err, err_single);
	*ret_done = http_body_done(&whole);
	if (err)
		return err;
	CHECK_INT(take, sum);
	CHECK_INT(http_body_done(&whole), http_body_done(&single));
	return (int)take;
}

static void bodies_end_where_they_end(void)
{
	static const struct {
		bool chunked;
		unsigned int length;
		const char *bytes;
		int taken;
		bool done;
	} rows[] = {
		{ 0, 0, "", 0, 1 },
		{ 0, 0, "x", 0, 1 },
		{ 0, 3, "ab", 2, 0 },
		{ 0, 3, "abc", 3, 1 },
		{ 0, 3, "abcd", 3, 1 },
		{ 1, 0, "", 0, 0 },
		{ 1, 0, "0\r\n\r\n", 5, 1 },
		{ 1, 0, "0\r\n\r\nGET", 5, 1 },
		{ 1, 0, "3\r\nabc\r\n0\r\n\r\n", 13, 1 },
		{ 1, 0, "00A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", 37, 1 },
		{ 1, 0, "3\r\nabc\r\n", 8, 0 },
		{ 1, 0, "3\r\nab", 5, 0 },
		{ 1, 0, "\r\n", -EBADMSG, 0 },
		{ 1, 0, "3\nabc\r\n", -EBADMSG, 0 },
		{ 1, 0, "3\r\nabcd\r\n", -EBADMSG, 0 },
		{ 1, 0, "3\r\nabc\n0\r\n\r\n", -EBADMSG, 0 },
		{ 1, 0, "3;x=1\r\nabc\r\n", -EBADMSG, 0 },
		{ 1, 0, "3 \r\nabc\r\n", -EBADMSG, 0 },
		{ 1, 0, " 3\r\nabc\r\n", -EBADMSG, 0 },
		{ 1, 0, "0x3\r\nabc\r\n", -EBADMSG, 0 },
		{ 1, 0, "-3\r\nabc\r\n", -EBADMSG, 0 },
		{ 1, 0, "g\r\n", -EBADMSG, 0 },
		{ 1, 0, "0000000000000003\r\nabc\r\n", -EBADMSG, 0 },
		{ 1, 0, "fffffffffffffffff\r\n", -EBADMSG, 0 },
		{ 1, 0, "0\r\nX: 1\r\n\r\n", -EBADMSG, 0 },
		{ 1, 0, "0\r\n\n", -EBADMSG, 0 },
	};
	bool done;
	size_t i;
	int taken;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		taken = body_read(rows[i].chunked, rows[i].length, rows[i].bytes, &done);
		CHECK_MSG(taken == rows[i].taken, "%d: %s", taken, rows[i].bytes);
		CHECK_MSG(taken < 0 || done == rows[i].done, "%s", rows[i].bytes);
	}
}

static const struct tap_test tests[] = {
	TEST(good_heads_are_read),
	TEST(a_path_alone_is_for_an_origin),
	TEST(who_asks_says_what_comes_behind),
	TEST(bad_request_lines_are_refused),
	TEST(bad_header_lines_are_refused),
	TEST(what_an_origin_does_not_take_is_refused),
	TEST(what_frames_a_body_twice_is_refused),
	TEST(heads_are_bounded),
	TEST(the_server_gets_what_is_meant_for_it),
	TEST(the_longest_head_fits_when_written_anew),
	TEST(bodies_end_where_they_end),
};

TAP_MAIN(tests)
