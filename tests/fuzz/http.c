// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a request: refused, or one that the next who reads it understands in the same way. */
#include <errno.h>
#include <string.h>

#include "http/body.h"
#include "http/head.h"
#include "tests/fuzz/fuzz.h"

/* All at once, or in pieces. Returns the size of the head, 0 without one, or -EBADMSG. */
static int end_find(const char *bytes, size_t len, size_t piece)
{
	struct http_fault fault = { 0 };
	size_t from = 0, size = 0, have = 0;
	int err = -EAGAIN;

	while (err == -EAGAIN && have < len) {
		have = len - have < piece ? len : have + piece;
		err = http_head_end(bytes, have, &from, &size, &fault);
		HOLDS(err == 0 || err == -EAGAIN || err == -EBADMSG);
		HOLDS(err != -EBADMSG || (fault.status >= 400 && fault.text));
	}
	return err == -EAGAIN ? 0 : err ? err : (int)size;
}

static unsigned int lines_named(const struct http_head *h, const char *name)
{
	unsigned int count = 0;
	size_t i;

	for (i = 0; i < h->field_count; i++)
		count += http_span_is(h->fields[i].name, name);
	return count;
}

/* What the server gets, made absolute again, is taken and says the same. */
static void sent_means_the_same(const struct http_head *h)
{
	static char out[LIMIT_HTTP_HEAD + 320], again[LIMIT_HTTP_HEAD + 1024];
	struct http_head second;
	struct http_fault fault;
	size_t len, at, from = 0, size = 0;
	char host[300];

	/* Host and Connection are two lines more. */
	if (h->field_count + 2 > LIMIT_HTTP_FIELDS || !h->host.len || h->host.len >= sizeof(host) ||
	    memchr(h->host.at, ':', h->host.len))
		return;
	memcpy(host, h->host.at, h->host.len);
	host[h->host.len] = '\0';
	HOLDS(http_head_encode(h, host, out, sizeof(out), &len) == 0);
	HOLDS(end_find(out, len, len) == (int)len || len > LIMIT_HTTP_HEAD);
	at = h->method.len + 1;
	size = (size_t)snprintf(again, sizeof(again), "%.*s http://%s:%u", (int)h->method.len, out,
				host, h->port);
	memcpy(again + size, out + at, len - at);
	len = size + len - at;
	if (len > LIMIT_HTTP_HEAD)
		return;
	HOLDS(http_head_end(again, len, &from, &size, &fault) == 0 && size == len);
	HOLDS(http_head_parse(again, len, &second, &fault) == 0);
	HOLDS(second.host.len == h->host.len && second.port == h->port);
	HOLDS(second.length == h->length && second.chunked == h->chunked);
	HOLDS(second.minor == h->minor && !second.connect && !second.origin);
	HOLDS(!second.keep_alive && second.expect == h->expect);
	HOLDS(lines_named(&second, "host") == 1 && lines_named(&second, "connection") == 1);
	HOLDS(!lines_named(&second, "proxy-authorization") && !lines_named(&second, "te"));
	HOLDS(lines_named(&second, "content-length") + lines_named(&second, "transfer-encoding") <=
	      1);
}

static void body_is_framed_alike(const struct http_head *h, const char *bytes, size_t len)
{
	struct http_body whole, single;
	size_t take = 0, sum = 0, one, i;
	int err, err_single = 0;

	http_body_begin(&whole, h->chunked, h->length);
	err = http_body_take(&whole, bytes, len, &take);
	HOLDS(err == 0 || err == -EBADMSG);
	http_body_begin(&single, h->chunked, h->length);
	for (i = 0; i < len && !err_single; i++) {
		err_single = http_body_take(&single, bytes + i, 1, &one);
		sum += err_single ? 0 : one;
	}
	HOLDS(err == err_single);
	if (err)
		return;
	HOLDS(take == sum && take <= len && http_body_done(&whole) == http_body_done(&single));
	HOLDS(h->chunked || take == (len < h->length ? len : h->length));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* In a block of its own size: what is read behind it is seen. */
	const char *bytes = (const char *)data;
	struct http_fault fault = { 0 };
	struct http_head head;
	int whole = end_find(bytes, size, size ? size : 1), err;

	HOLDS(end_find(bytes, size, 1) == whole);
	HOLDS(end_find(bytes, size, 7) == whole);
	if (whole <= 0)
		return 0;
	err = http_head_parse(bytes, (size_t)whole, &head, &fault);
	HOLDS(err == 0 || (err == -EBADMSG && fault.status >= 400 && fault.text));
	if (err)
		return 0;
	HOLDS((head.host.len || (head.origin && !head.minor)) && head.port && head.minor <= 1);
	HOLDS(!head.origin || (!head.connect && head.path.at[0] == '/'));
	HOLDS(!head.expect || head.minor);
	HOLDS(!(head.chunked && head.length));
	if (head.connect) {
		HOLDS(!head.chunked && !head.length && !head.path.len);
		return 0;
	}
	sent_means_the_same(&head);
	body_is_framed_alike(&head, bytes + whole, size - (size_t)whole);
	return 0;
}
