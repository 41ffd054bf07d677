// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests beside http-parser: what we take, it takes alike; what we alone refuse has a reason with a name. */
#include "tests/tap.h"

#include <http_parser.h>
#include <stdbool.h>
#include <strings.h>

#include "http/chunked.h"
#include "http/head.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define REQUEST_MAX 2048

/* --- requests --- */

/* The same numbers each time. */
static uint32_t chance(uint32_t below)
{
	static uint64_t state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % below;
}

struct request {
	char bytes[REQUEST_MAX];
	size_t len;
};

static void add(struct request *r, const char *text)
{
	size_t len = strlen(text);

	if (len > sizeof(r->bytes) - r->len)
		return;
	memcpy(r->bytes + r->len, text, len);
	r->len += len;
}

/* The first of them mostly, else any. */
static const char *any(const char *const *rows, size_t count, uint32_t one_in)
{
	return chance(one_in) ? rows[0] : rows[chance((uint32_t)count)];
}
#define ANY(rows, one_in) any(rows, COUNT(rows), one_in)

static void line_end(struct request *r)
{
	static const char *const ends[] = { "\r\n", "\n", "\r", "\r\r\n", "\n\n" };

	add(r, ANY(ends, 60));
}

static void field_make(struct request *r)
{
	static const char *const fields[] = {
		"Host: a.test",
		"Host: a.test:80",
		"Host: 127.0.0.1:1018",
		"host:localhost",
		"Content-Length: 5",
		"Content-Length:  5 ",
		"Content-Length: 05",
		"Content-Length: 5, 5",
		"Content-Length: +5",
		"Content-Length: 0",
		"Transfer-Encoding: chunked",
		"transfer-encoding:\tChunked ",
		"Transfer-Encoding: gzip, chunked",
		"Transfer-Encoding: identity",
		"Transfer-Encoding: xchunked",
		"Connection: close",
		"Connection: keep-alive",
		"Connection: x-y , Close",
		"Connection: Upgrade",
		"Upgrade: websocket",
		"Connection: content-length",
		"Expect: 100-continue",
		"Expect: x",
		"Accept: */*",
		"X-A:",
		"X-B: a  b\t",
		"X-C: \xc3\xa9",
		"X-D : 1",
		"X E: 1",
		" folded",
		"X-F: a\r\n\tfolded",
		": 1",
		"nothing",
		"Host: [::1]:81",
		"Host:",
		"Host: u@a.test",
		"!#$%&'*+-.^_`|~0: 1",
		"Proxy-Connection: close",
		"X-G: \x01",
		"X-H: \x7f",
	};

	add(r, fields[chance(COUNT(fields))]);
	line_end(r);
}

static void chunks_make(struct request *r)
{
	static const char *const ends[] = { "0\r\n\r\n", "0\r\nX: 1\r\n\r\n", "0;x\r\n\r\n", "",
					    "0\r\n",	 "000\r\n\r\nGET" };
	static const char *const chunks[] = {
		"5\r\nhello\r\n",	 "1\r\n\n\r\n",
		"00a\r\n0123456789\r\n", "3;x=1\r\nabc\r\n",
		"3 \r\nabc\r\n",	 "3\nabc\n",
		"3\r\nabcd\r\n",	 "g\r\n",
		"-1\r\nx\r\n",		 "0000000000000001\r\nx\r\n",
		"fffffffffffffffff\r\n", "3\rabc\r\n",
	};
	uint32_t count = chance(4);

	while (count--)
		add(r, ANY(chunks, 6));
	add(r, ANY(ends, 4));
}

static void request_make(struct request *r)
{
	static const char *const methods[] = { "POST", "GET",	   "CONNECT", "OPTIONS", "PUT",
					       "HEAD", "M-SEARCH", "get",     "WHAT" };
	static const char *const targets[] = {
		"/v1/chat/completions",
		"/",
		"/x?beta=true",
		"//a/../%00?a?b",
		"/x#f",
		"http://a.test/x",
		"http://a.test",
		"http://a.test:80?q",
		"http://[::1]:81/",
		"a.test:443",
		"*",
		"https://a.test/",
		"http://u@a.test/",
		"?x",
		"/caf\xc3\xa9",
		"http://a.test:99999/",
	};
	static const char *const versions[] = { "HTTP/1.1",  "HTTP/1.0", "HTTP/1.2", "HTTP/2.0",
						"HTTP/1.1 ", "http/1.1", "HTTP/11" };
	static const char *const hosts[] = { "Host: a.test\r\n", "" };
	uint32_t count = chance(4);
	size_t head;

	r->len = 0;
	add(r, ANY(methods, 2));
	add(r, chance(80) ? " " : "  ");
	add(r, ANY(targets, 2));
	add(r, chance(80) ? " " : "\t");
	add(r, ANY(versions, 6));
	line_end(r);
	add(r, ANY(hosts, 6));
	while (count--)
		field_make(r);
	head = r->len;
	add(r, chance(3) ? "" :
	       chance(2) ? "Transfer-Encoding: chunked\r\n" :
			   "Content-Length: 5\r\n");
	add(r, "\r\n");
	if (r->len > head + 24 && r->bytes[head] == 'T')
		chunks_make(r);
	else
		add(r, chance(2) ? "hello" : "he");
}

static void request_mutate(struct request *r)
{
	static const char bytes[] = "\r\n :;,/?#[]@%\t0159afxX\x01\x7f\x80\xff\"+-=";
	size_t at = chance((uint32_t)r->len), part = chance(8);

	switch (chance(4)) {
	case 0:
		r->bytes[at] = bytes[chance(sizeof(bytes))];
		return;
	case 1:
		memmove(r->bytes + at + 1, r->bytes + at, r->len - at);
		r->bytes[at] = bytes[chance(sizeof(bytes))];
		r->len++;
		return;
	case 2:
		part = part > r->len - at ? r->len - at : part;
		memmove(r->bytes + at, r->bytes + at + part, r->len - at - part);
		r->len -= part;
		return;
	default:
		part = part > r->len - at ? r->len - at : part;
		memmove(r->bytes + at + part, r->bytes + at, r->len - at);
		r->len += part;
	}
}

/* --- what each of the two makes of one --- */

struct string {
	char bytes[REQUEST_MAX];
	size_t len;
};

static void append(struct string *s, const char *bytes, size_t len)
{
	if (len > sizeof(s->bytes) - s->len)
		abort();
	if (len)
		memcpy(s->bytes + s->len, bytes, len);
	s->len += len;
}

struct reading {
	bool head, done;     /* the head is there; the body's end, too */
	const char *refused; /* why, or NULL */
	struct string method, target, fields, body;
	bool keep_alive, value; /* the last of the fields has its value */
};

static int on_target(http_parser *p, const char *at, size_t len)
{
	append(&((struct reading *)p->data)->target, at, len);
	return 0;
}

/* Blanks behind a value are no part of it; this parser keeps some. */
static void value_end(struct reading *r)
{
	if (!r->value)
		return;
	while (r->fields.len && strchr(" \t", r->fields.bytes[r->fields.len - 1]))
		r->fields.len--;
	append(&r->fields, "\n", 1);
	r->value = false;
}

static int on_name(http_parser *p, const char *at, size_t len)
{
	struct reading *r = p->data;

	/* Those behind the head are trailers. */
	if (r->head)
		return 0;
	value_end(r);
	append(&r->fields, at, len);
	return 0;
}

static int on_value(http_parser *p, const char *at, size_t len)
{
	struct reading *r = p->data;

	if (r->head)
		return 0;
	if (!r->value)
		append(&r->fields, ":", 1);
	r->value = true;
	append(&r->fields, at, len);
	return 0;
}

static int on_head(http_parser *p)
{
	struct reading *r = p->data;
	const char *method = http_method_str((enum http_method)p->method);

	value_end(r);
	r->head = true;
	append(&r->method, method, strlen(method));
	r->keep_alive = http_should_keep_alive(p);
	return 0;
}

static int on_body(http_parser *p, const char *at, size_t len)
{
	append(&((struct reading *)p->data)->body, at, len);
	return 0;
}

static int on_done(http_parser *p)
{
	((struct reading *)p->data)->done = true;
	http_parser_pause(p, 1);
	return 0;
}

/* In one piece: its callbacks may come in several for one value otherwise. */
static void theirs_read(const struct request *request, struct reading *r)
{
	http_parser_settings settings;
	http_parser parser;

	memset(r, 0, sizeof(*r));
	http_parser_settings_init(&settings);
	settings.on_url = on_target;
	settings.on_header_field = on_name;
	settings.on_header_value = on_value;
	settings.on_headers_complete = on_head;
	settings.on_body = on_body;
	settings.on_message_complete = on_done;
	http_parser_init(&parser, HTTP_REQUEST);
	parser.data = r;
	http_parser_execute(&parser, &settings, request->bytes, request->len);
	if (HTTP_PARSER_ERRNO(&parser) != HPE_OK && HTTP_PARSER_ERRNO(&parser) != HPE_PAUSED)
		r->refused = http_errno_name(HTTP_PARSER_ERRNO(&parser));
}

/* Of the byte that is no chunk's, behind another one: why. */
static const char *chunk_reason(char before, bool behind_data, char byte)
{
	/* As it was built by Debian, it does not look at that byte. */
	if (behind_data)
		return "chunks: no line end behind the data";
	/* Its table of digits has 0 for these. */
	if ((unsigned char)byte >= 0x80)
		return "chunks: not ASCII in a size";
	if (before == '\r' && byte != '\n')
		return "chunks: CR without LF";
	if (byte == '\n')
		return "chunks: LF without CR";
	if (byte == ';' || byte == ' ')
		return "chunks: an extension or a blank behind a size";
	if (http_hex_value(byte) >= 0 && http_hex_value(before) >= 0)
		return "chunks: a size of more than 15 digits";
	if (before == '\n' && http_is_token((unsigned char)byte))
		return "chunks: a trailer";
	return "chunks: something else";
}

static void chunks_read(const char *bytes, size_t len, struct reading *r)
{
	struct http_chunked c;
	struct http_span data;
	size_t i, took;
	bool behind_data = false;

	http_chunked_begin(&c, HTTP_CHUNKED_PLAIN);
	for (i = 0; i < len && !http_chunked_done(&c); i++) {
		if (http_chunked_take(&c, bytes + i, 1, &took, &data)) {
			r->refused = chunk_reason(bytes[i - !!i], behind_data, bytes[i]);
			return;
		}
		behind_data = data.len > 0;
		append(&r->body, data.at, data.len);
	}
	r->done = http_chunked_done(&c);
}

static void ours_read(const struct request *request, struct reading *r)
{
	struct http_fault fault = { 0 };
	struct http_span rest = { request->bytes, request->len }, target;
	struct http_head head;
	size_t from = 0, size, i, left;
	int err;

	memset(r, 0, sizeof(*r));
	err = http_head_end(request->bytes, request->len, &from, &size, &fault);
	if (!err)
		err = http_head_parse(request->bytes, size, &head, &fault);
	if (err) {
		r->refused = err == -EBADMSG ? fault.text : NULL;
		return;
	}
	r->head = true;
	r->keep_alive = head.keep_alive;
	append(&r->method, head.method.at, head.method.len);
	if (http_span_cut(&rest, ' ', &target) && http_span_cut(&rest, ' ', &target))
		append(&r->target, target.at, target.len);
	for (i = 0; i < head.field_count; i++) {
		append(&r->fields, head.fields[i].name.at, head.fields[i].name.len);
		append(&r->fields, ":", 1);
		append(&r->fields, head.fields[i].value.at, head.fields[i].value.len);
		append(&r->fields, "\n", 1);
	}
	left = request->len - size;
	if (head.chunked) {
		chunks_read(request->bytes + size, left, r);
		return;
	}
	r->done = left >= head.length;
	append(&r->body, request->bytes + size, r->done ? (size_t)head.length : left);
}

/* --- beside each other --- */

/* Words of faults, and of bodies: each is meant. */
static struct reason {
	const char *why;
	size_t count;
} reasons[] = {
	{ "this is no HTTP request", 0 }, /* it reads over empty lines before a request */
	{ "CR without LF", 0 },
	{ "LF without CR", 0 },
	{ "a control character in the head", 0 },
	{ "the target is malformed", 0 }, /* not ASCII */
	{ "the target must be /path or http://host/path", 0 },
	{ "the target's host or port is malformed", 0 },
	{ "https goes through a tunnel: use CONNECT", 0 },
	{ "a fragment in the target", 0 },
	{ "CONNECT wants host:port", 0 },
	{ "CONNECT has no body", 0 },
	{ "the request line is malformed", 0 },
	{ "only HTTP/1.0 and HTTP/1.1 are spoken here", 0 },
	{ "a header line is folded or malformed", 0 },
	{ "there must be one Host", 0 },
	{ "Host is malformed", 0 },
	{ "Host is not the host of the target", 0 },
	{ "a Transfer-Encoding that cannot be", 0 },
	{ "only the transfer coding `chunked` is known", 0 },
	{ "Connection names a line that is not its own", 0 },
	{ "no Upgrade goes through here: use CONNECT", 0 },
	{ "only 100-continue may be expected", 0 },
	{ "chunks: no line end behind the data", 0 },
	{ "chunks: not ASCII in a size", 0 },
	{ "chunks: CR without LF", 0 },
	{ "chunks: LF without CR", 0 },
	{ "chunks: an extension or a blank behind a size", 0 },
	{ "chunks: a size of more than 15 digits", 0 },
	{ "chunks: a trailer", 0 },
};

static void refusal_count(const struct request *request, const char *why)
{
	size_t i;

	for (i = 0; i < COUNT(reasons); i++) {
		if (strcmp(reasons[i].why, why) == 0) {
			reasons[i].count++;
			return;
		}
	}
	CHECK_MSG(0, "refused without a named reason (%s): %.*s", why, (int)request->len,
		  request->bytes);
}

/* What we take and it does not: each for a reason of its own. */
enum { ODD_METHOD, ODD_CODING, ODD_TAB };
static struct reason odd[] = {
	[ODD_METHOD] = { "a method: it knows a list, and to us any token is one", 0 },
	[ODD_CODING] = { "\"Transfer-Encodingx\": it takes that for what it begins with", 0 },
	[ODD_TAB] = { "a tab behind what frames a body: it knows blanks only", 0 },
};

static bool same(const struct string *a, const struct string *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* Does the list have an item that one of the words begins with, or one that is no token? */
static bool list_is_odd(struct http_span list)
{
	static const char *const words[] = { "close", "keep-alive", "upgrade" };
	struct http_span item;
	bool more = true;
	size_t i;

	if (memchr(list.at, '\t', list.len))
		return true;
	while (more) {
		more = http_span_cut(&list, ',', &item);
		item = http_span_trim(more ? item : list);
		if (!http_span_is_token(item))
			return true;
		for (i = 0; i < COUNT(words); i++)
			if (item.len < strlen(words[i]) &&
			    strncasecmp(item.at, words[i], item.len) == 0)
				return true;
	}
	return false;
}

/*
 * Asked for both, it keeps the connection in HTTP/1.0; it takes Proxy-Connection for the
 * same; and behind "c,", a tab or what is no token it does not see "close" in a list.
 */
static bool is_undecided(const struct string *fields)
{
	struct http_span all = { fields->bytes, fields->len }, line;
	bool close = false, keep = false;
	struct http_field field;

	while (http_span_cut(&all, '\n', &line)) {
		if (http_field_parse(line, &field))
			continue;
		if (http_span_is(field.name, "proxy-connection"))
			return true;
		if (!http_span_is(field.name, "connection"))
			continue;
		if (list_is_odd(field.value))
			return true;
		close |= http_list_has(field.value, "close");
		keep |= http_list_has(field.value, "keep-alive");
	}
	return close && keep;
}

/* It takes "Transfer-Encodingx" for what it begins with. */
static bool has_longer_coding(const struct string *fields)
{
	static const char name[] = "transfer-encoding";
	struct http_span all = { fields->bytes, fields->len }, line;

	while (http_span_cut(&all, '\n', &line))
		if (line.len > strlen(name) && strncasecmp(line.at, name, strlen(name)) == 0 &&
		    line.at[strlen(name)] != ':')
			return true;
	return false;
}

/* Behind what frames a body it knows blanks, and no tabs. */
static bool has_tab(const struct request *request, const char *name)
{
	struct http_span all = { request->bytes, request->len }, line;

	while (http_span_cut(&all, '\n', &line))
		if (line.len > strlen(name) && strncasecmp(line.at, name, strlen(name)) == 0 &&
		    memchr(line.at, '\t', line.len))
			return true;
	return false;
}

static bool is_odd(const struct request *request, const struct reading *ours,
		   const struct reading *theirs)
{
	const char *why = theirs->refused ? theirs->refused : "";
	bool coding = strcmp(why, "HPE_INVALID_TRANSFER_ENCODING") == 0;
	bool length = strcmp(why, "HPE_INVALID_CONTENT_LENGTH") == 0;
	bool both = strcmp(why, "HPE_UNEXPECTED_CONTENT_LENGTH") == 0;

	if (strcmp(why, "HPE_INVALID_METHOD") == 0)
		odd[ODD_METHOD].count++;
	else if ((coding || both) && has_longer_coding(&ours->fields))
		odd[ODD_CODING].count++;
	else if ((coding && has_tab(request, "transfer-encoding:")) ||
		 (length && has_tab(request, "content-length:")))
		odd[ODD_TAB].count++;
	else
		return false;
	return true;
}

static void compare(const struct request *request, const struct reading *ours,
		    const struct reading *theirs)
{
#define SAME(what)                                                                                \
	CHECK_MSG(same(&ours->what, &theirs->what), "%.*s and %.*s in %.*s", (int)ours->what.len, \
		  ours->what.bytes, (int)theirs->what.len, theirs->what.bytes, (int)request->len, \
		  request->bytes)
	CHECK_MSG(theirs->head, "%.*s", (int)request->len, request->bytes);
	SAME(method);
	SAME(target);
	SAME(fields);
	SAME(body);
	CHECK_MSG(ours->done == theirs->done, "%.*s", (int)request->len, request->bytes);
	if (!is_undecided(&ours->fields))
		CHECK_MSG(ours->keep_alive == theirs->keep_alive, "%.*s", (int)request->len,
			  request->bytes);
}

static size_t taken, ours_alone, theirs_alone, neither;

static void request_try(const struct request *request)
{
	static struct reading ours, theirs;

	ours_read(request, &ours);
	theirs_read(request, &theirs);
	if (ours.head && !ours.refused) {
		if (is_odd(request, &ours, &theirs)) {
			ours_alone++;
			return;
		}
		taken++;
		CHECK_MSG(!theirs.refused, "%s: %.*s", theirs.refused, (int)request->len,
			  request->bytes);
		compare(request, &ours, &theirs);
	} else if (ours.refused && theirs.head && !theirs.refused) {
		theirs_alone++;
		refusal_count(request, ours.refused);
	} else {
		neither++;
	}
}

static void reasons_print(const char *who, size_t sum, const struct reason *rows, size_t count)
{
	size_t i;

	printf("# %s alone %zu:\n", who, sum);
	for (i = 0; i < count; i++) {
		printf("# %6zu %s\n", rows[i].count, rows[i].why);
		CHECK_MSG(rows[i].count, "%s: never", rows[i].why);
	}
}

static void what_is_taken_is_read_alike(void)
{
	static struct request request;
	size_t i, rounds;

	for (i = 0; i < 1000000 && tap_failures < 20; i++) {
		request_make(&request);
		for (rounds = chance(3); rounds && request.len; rounds--)
			request_mutate(&request);
		request_try(&request);
	}
	printf("# taken by both %zu, by neither %zu\n", taken, neither);
	reasons_print("by us", ours_alone, odd, COUNT(odd));
	reasons_print("by http-parser", theirs_alone, reasons, COUNT(reasons));
	CHECK(taken > 50000 && theirs_alone > 20000 && neither > 20000);
}

static const struct tap_test tests[] = {
	TEST(what_is_taken_is_read_alike),
};

TAP_MAIN(tests)
