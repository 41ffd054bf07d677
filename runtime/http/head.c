// SPDX-License-Identifier: GPL-2.0-or-later
/* The head of an HTTP/1.x request: its end, its lines, what they mean together. */
#include "http/head.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define PORT_HTTP 80

static int bad(struct http_fault *f, int status, const char *text)
{
	*f = (struct http_fault){ .status = status, .text = text };
	return -EBADMSG;
}

static bool is_hex(char c)
{
	return http_hex_value(c) >= 0;
}

/* Past what ends no line and is no control character: 16 bytes at a time, where that is cheap. */
static size_t plain_skip(const char *bytes, size_t i, size_t len)
{
#ifdef __SSE2__
	for (; len - i >= 16; i += 16) {
		const __m128i x = _mm_loadu_si128((const __m128i *)(bytes + i));
		const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
		const __m128i gone = _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f));
		const int stops = _mm_movemask_epi8(_mm_or_si128(control, gone));

		if (stops)
			return i + (size_t)__builtin_ctz((unsigned int)stops);
	}
#endif
	return i;
}

int http_head_end(const char *bytes, size_t len, size_t *from, size_t *ret_size,
		  struct http_fault *f)
{
	const size_t most = len < LIMIT_HTTP_HEAD ? len : LIMIT_HTTP_HEAD;
	size_t i;

	for (i = *from; i < most; i++) {
		unsigned char c;

		if (i == 0 && !http_is_token((unsigned char)bytes[0]))
			return bad(f, 400, "this is no HTTP request");
		i = plain_skip(bytes, i, most);
		if (i == most)
			break;
		c = (unsigned char)bytes[i];
		if (c == '\r') {
			if (i + 1 == len)
				break;
			if (bytes[i + 1] != '\n')
				return bad(f, 400, "CR without LF");
		} else if (c == '\n') {
			if (bytes[i - 1] != '\r')
				return bad(f, 400, "LF without CR");
			if (i >= 3 && bytes[i - 2] == '\n') {
				*ret_size = i + 1;
				return 0;
			}
		} else if ((c < ' ' && c != '\t') || c == 0x7f) {
			return bad(f, 400, "a control character in the head");
		}
	}
	*from = i;
	if (i == LIMIT_HTTP_HEAD)
		return bad(f, 431, "the head is too long");
	return -EAGAIN;
}

/* Printable ASCII without blanks, of at least one byte. */
static bool span_is_graphic(struct http_span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.at[i] <= ' ' || s.at[i] > '~')
			return false;
	return s.len > 0;
}

/* Letters, digits and marks that names have (RFC 3986, reg-name); of an address in brackets, its own. */
static bool host_is_valid(struct http_span s, bool bracketed)
{
	const char *marks = bracketed ? ":." : "-._~!$&'()*+,;=";
	size_t i;

	for (i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (is_hex(c) || (c && strchr(marks, c)))
			continue;
		if (bracketed)
			return false;
		if (c == '%' && s.len - i > 2 && is_hex(s.at[i + 1]) && is_hex(s.at[i + 2]))
			continue;
		if ((c < 'G' || c > 'Z') && (c < 'g' || c > 'z'))
			return false;
	}
	return s.len > 0;
}

static bool port_parse(struct http_span s, uint16_t *ret_port)
{
	unsigned int value = 0;
	size_t i;

	if (!s.len || s.len > 5 || s.at[0] == '0')
		return false;
	for (i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return false;
		value = value * 10 + (unsigned int)(s.at[i] - '0');
	}
	if (value > UINT16_MAX)
		return false;
	*ret_port = (uint16_t)value;
	return true;
}

/* "host", "host:port", "[::1]:port". *ret_port stays where none is written. */
static bool authority_parse(struct http_span s, struct http_span *ret_host, uint16_t *ret_port,
			    bool *ret_has_port)
{
	struct http_span host, rest = s;
	bool bracketed = s.len && s.at[0] == '[';

	*ret_has_port = false;
	if (bracketed) {
		rest.at++;
		rest.len--;
		if (!http_span_cut(&rest, ']', &host) || !host_is_valid(host, true))
			return false;
		*ret_host = host;
		if (!rest.len)
			return true;
		if (rest.at[0] != ':')
			return false;
		rest.at++;
		rest.len--;
	} else if (!http_span_cut(&rest, ':', &host)) {
		*ret_host = s;
		return host_is_valid(s, false);
	}
	*ret_host = host;
	*ret_has_port = true;
	return (bracketed || host_is_valid(host, false)) && port_parse(rest, ret_port);
}

static int target_absolute(struct http_span target, struct http_head *h, struct http_fault *f)
{
	static const char scheme[] = "http://";
	struct http_span authority;
	bool has_port;
	size_t i;

	if (target.len >= 8 && strncasecmp(target.at, "https://", 8) == 0)
		return bad(f, 400, "https goes through a tunnel: use CONNECT");
	if (target.len < strlen(scheme) || strncasecmp(target.at, scheme, strlen(scheme)) != 0)
		return bad(f, 400, "the target must be /path or http://host/path");
	authority = (struct http_span){ target.at + strlen(scheme), target.len - strlen(scheme) };
	for (i = 0; i < authority.len && !strchr("/?#", authority.at[i]); i++)
		;
	h->path = (struct http_span){ authority.at + i, authority.len - i };
	authority.len = i;
	if (memchr(h->path.at, '#', h->path.len))
		return bad(f, 400, "a fragment in the target");
	h->port = PORT_HTTP;
	if (!authority_parse(authority, &h->host, &h->port, &has_port))
		return bad(f, 400, "the target's host or port is malformed");
	return 0;
}

static int target_parse(struct http_span target, struct http_head *h, struct http_fault *f)
{
	bool has_port;

	if (!span_is_graphic(target))
		return bad(f, 400, "the target is malformed");
	h->connect = h->method.len == 7 && memcmp(h->method.at, "CONNECT", 7) == 0;
	if (!h->connect && target.at[0] == '/') {
		if (memchr(target.at, '#', target.len))
			return bad(f, 400, "a fragment in the target");
		h->origin = true;
		h->path = target;
		h->port = PORT_HTTP;
		return 0;
	}
	if (!h->connect)
		return target_absolute(target, h, f);
	if (!authority_parse(target, &h->host, &h->port, &has_port) || !has_port)
		return bad(f, 400, "CONNECT wants host:port");
	return 0;
}

static int line_parse(struct http_span line, struct http_head *h, struct http_fault *f)
{
	struct http_span target;

	if (!http_span_cut(&line, ' ', &h->method) || !http_span_is_token(h->method))
		return bad(f, 400, "the method is malformed");
	if (!http_span_cut(&line, ' ', &target))
		return bad(f, 400, "the request line is malformed");
	if (line.len != 8 || memcmp(line.at, "HTTP/", 5) != 0)
		return bad(f, 400, "the request line is malformed");
	if (memcmp(line.at, "HTTP/1.", 7) != 0 || (line.at[7] != '0' && line.at[7] != '1'))
		return bad(f, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
	h->minor = (uint8_t)(line.at[7] - '0');
	return target_parse(target, h, f);
}

static int field_add(struct http_span line, struct http_head *h, struct http_fault *f)
{
	if (h->field_count == LIMIT_HTTP_FIELDS)
		return bad(f, 431, "there are too many header lines");
	if (http_field_parse(line, &h->fields[h->field_count]))
		return bad(f, 400, "a header line is folded or malformed");
	h->field_count++;
	return 0;
}

/* What a target does not say, this line does; what it says, it has to say too. */
static int host_check(struct http_head *h, struct http_span value, struct http_fault *f)
{
	struct http_span host;
	uint16_t port = h->port;
	bool has_port;

	if (h->origin)
		return authority_parse(value, &h->host, &h->port, &has_port) ?
			       0 :
			       bad(f, 400, "Host is malformed");
	if (!authority_parse(value, &host, &port, &has_port) || port != h->port ||
	    host.len != h->host.len || strncasecmp(host.at, h->host.at, host.len) != 0)
		return bad(f, 400, "Host is not the host of the target");
	return 0;
}

struct seen {
	unsigned int host, length, coding;
	bool close, keep; /* asked for by a Connection line */
};

static int connection_check(struct http_span value, struct seen *seen, struct http_fault *f)
{
	static const char *const kept[] = { "host", "content-length", "transfer-encoding", "expect",
					    "trailer" };
	size_t i;

	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (http_list_has(value, kept[i]))
			return bad(f, 400, "Connection names a line that is not its own");
	seen->close |= http_list_has(value, "close");
	seen->keep |= http_list_has(value, "keep-alive");
	return 0;
}

static int expect_check(struct http_head *h, struct http_span value, struct http_fault *f)
{
	if (!http_span_is(value, "100-continue"))
		return bad(f, 417, "only 100-continue may be expected");
	/* HTTP/1.0 knows no interim answers. */
	h->expect = h->minor;
	return 0;
}

static int field_check(struct http_head *h, const struct http_field *field, struct seen *seen,
		       struct http_fault *f)
{
	if (http_span_is(field->name, "host")) {
		seen->host++;
		return host_check(h, field->value, f);
	}
	if (http_span_is(field->name, "content-length")) {
		seen->length++;
		return http_length_parse(field->value, &h->length) ?
			       bad(f, 400, "Content-Length is malformed") :
			       0;
	}
	if (http_span_is(field->name, "transfer-encoding")) {
		seen->coding++;
		h->chunked = true;
		return http_span_is(field->value, "chunked") ?
			       0 :
			       bad(f, 501, "only the transfer coding `chunked` is known");
	}
	if (http_span_is(field->name, "connection"))
		return connection_check(field->value, seen, f);
	if (http_span_is(field->name, "upgrade"))
		return bad(f, 501, "no Upgrade goes through here: use CONNECT");
	if (http_span_is(field->name, "expect"))
		return expect_check(h, field->value, f);
	return 0;
}

static int fields_check(struct http_head *h, struct http_fault *f)
{
	struct seen seen = { 0 };
	size_t i;
	int err = 0;

	for (i = 0; i < h->field_count && !err; i++)
		err = field_check(h, &h->fields[i], &seen, f);
	if (err)
		return err;
	if (seen.host > 1 || (!seen.host && h->minor))
		return bad(f, 400, "there must be one Host");
	if (seen.length > 1)
		return bad(f, 400, "Content-Length twice");
	if (seen.coding && seen.length)
		return bad(f, 400, "Content-Length and Transfer-Encoding");
	if (seen.coding > 1 || (seen.coding && !h->minor))
		return bad(f, 400, "a Transfer-Encoding that cannot be");
	if (h->connect && (seen.coding || h->length))
		return bad(f, 400, "CONNECT has no body");
	h->keep_alive = !seen.close && (h->minor || seen.keep);
	return 0;
}

int http_head_parse(const char *bytes, size_t size, struct http_head *ret_head,
		    struct http_fault *f)
{
	struct http_span rest = { bytes, size }, line;
	bool first = true;
	int err;

	memset(ret_head, 0, sizeof(*ret_head));
	while (http_span_cut(&rest, '\n', &line)) {
		if (!line.len || line.at[line.len - 1] != '\r')
			return bad(f, 400, "LF without CR");
		line.len--;
		if (!line.len && !first)
			return rest.len ? bad(f, 400, "the head is malformed") :
					  fields_check(ret_head, f);
		err = first ? line_parse(line, ret_head, f) : field_add(line, ret_head, f);
		if (err)
			return err;
		first = false;
	}
	return bad(f, 400, "the head is malformed");
}

/* Between the client and this proxy alone? */
static bool field_is_ours(const struct http_head *h, const struct http_field *field)
{
	static const char *const ours[] = { "host", "connection", "keep-alive", "te", "upgrade" };
	char name[64];
	size_t i;

	for (i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (http_span_is(field->name, ours[i]))
			return true;
	if (field->name.len >= 6 && strncasecmp(field->name.at, "proxy-", 6) == 0)
		return true;
	/* HTTP/1.0 knows no interim answers. */
	if (!h->minor && http_span_is(field->name, "expect"))
		return true;
	if (field->name.len >= sizeof(name))
		return false;
	memcpy(name, field->name.at, field->name.len);
	name[field->name.len] = '\0';
	for (i = 0; i < h->field_count; i++)
		if (http_span_is(h->fields[i].name, "connection") &&
		    http_list_has(h->fields[i].value, name))
			return true;
	return false;
}

struct writer {
	char *out;
	size_t size, len;
	bool full;
};

static void put(struct writer *w, const char *bytes, size_t len)
{
	if (w->full || len > w->size - w->len) {
		w->full = true;
		return;
	}
	if (len)
		memcpy(w->out + w->len, bytes, len);
	w->len += len;
}

static void put_text(struct writer *w, const char *text)
{
	put(w, text, strlen(text));
}

static void put_port(struct writer *w, unsigned int port)
{
	char digits[6];
	size_t at = sizeof(digits);

	for (; port; port /= 10)
		digits[--at] = (char)('0' + port % 10);
	digits[--at] = ':';
	put(w, digits + at, sizeof(digits) - at);
}

int http_head_encode(const struct http_head *h, const char *host, char *out, size_t size,
		     size_t *ret_len)
{
	struct writer w = { .out = out, .size = size };
	bool bare = !strchr(host, ':');
	size_t i;

	put(&w, h->method.at, h->method.len);
	put_text(&w, h->path.len && h->path.at[0] == '/' ? " " : " /");
	put(&w, h->path.at, h->path.len);
	put_text(&w, h->minor ? " HTTP/1.1\r\nHost: " : " HTTP/1.0\r\nHost: ");
	put_text(&w, bare ? "" : "[");
	put_text(&w, host);
	put_text(&w, bare ? "" : "]");
	if (h->port != PORT_HTTP)
		put_port(&w, h->port);
	put_text(&w, "\r\n");
	for (i = 0; i < h->field_count; i++) {
		if (field_is_ours(h, &h->fields[i]))
			continue;
		put(&w, h->fields[i].name.at, h->fields[i].name.len);
		put_text(&w, ": ");
		put(&w, h->fields[i].value.at, h->fields[i].value.len);
		put_text(&w, "\r\n");
	}
	put_text(&w, "Connection: close\r\n\r\n");
	if (w.full)
		return -ENOSPC;
	*ret_len = w.len;
	return 0;
}
