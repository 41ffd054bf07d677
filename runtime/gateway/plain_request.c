// SPDX-License-Identifier: GPL-2.0-or-later
/* What is sent to a provider without TLS: where to, the head, and the body in pieces. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway/plain.h"

#define PORT_HTTP 80

/* --- where to --- */

static bool is_host(const char *at, size_t len, bool bracketed)
{
	const char *marks = bracketed ? ":." : "-._";
	size_t i;

	for (i = 0; i < len; i++) {
		const char c = at[i];
		const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!(c >= '0' && c <= '9') && !letter && !strchr(marks, c))
			return false;
	}
	return len > 0;
}

/* ":PORT", or nothing. */
static int port_parse(const char *at, size_t len, uint16_t *ret_port)
{
	unsigned int port = 0;
	size_t i;

	*ret_port = PORT_HTTP;
	if (!len)
		return 0;
	if (at[0] != ':' || len < 2 || len > 6)
		return -EINVAL;
	for (i = 1; i < len; i++) {
		if (at[i] < '0' || at[i] > '9')
			return -EINVAL;
		port = port * 10 + (unsigned int)(at[i] - '0');
	}
	if (!port || port > UINT16_MAX)
		return -EINVAL;
	*ret_port = (uint16_t)port;
	return 0;
}

/* A line of the request's head ends with it: nothing in it may end one. */
static bool is_target(const char *target)
{
	for (; *target; target++)
		if (*target <= ' ' || *target > '~' || *target == '#')
			return false;
	return true;
}

int plain_url_parse(const char *url, struct plain_place *ret_place, const char **ret_target)
{
	static const char scheme[] = "http://";
	const char *host = url + sizeof(scheme) - 1, *end, *rest;
	struct plain_place place = { .port = 0 };
	bool bracketed;

	if (strncasecmp(url, scheme, sizeof(scheme) - 1) != 0)
		return -EINVAL;
	bracketed = *host == '[';
	host += bracketed;
	end = host + strcspn(host, bracketed ? "]/?#" : ":/?#");
	rest = end;
	if (bracketed && *rest++ != ']')
		return -EINVAL;
	if (!is_host(host, (size_t)(end - host), bracketed) ||
	    (size_t)(end - host) >= sizeof(place.host))
		return -EINVAL;
	memcpy(place.host, host, (size_t)(end - host));
	end = rest + strcspn(rest, "/?#");
	if (port_parse(rest, (size_t)(end - rest), &place.port) || !is_target(end))
		return -EINVAL;
	*ret_place = place;
	*ret_target = end;
	return 0;
}

/* --- the head --- */

static bool is_line(const char *line)
{
	struct http_field field;
	const struct http_span span = { line, strlen(line) };
	size_t i;

	for (i = 0; i < span.len; i++)
		if (((unsigned char)line[i] < ' ' && line[i] != '\t') || line[i] == 0x7f)
			return false;
	return http_field_parse(span, &field) == 0;
}

/* Bytes that the head takes, at most. */
static int head_room(const struct exchange_request *request, const char *target, size_t *ret_room)
{
	size_t room = strlen(target) + COMPILED_HOST + 256, i;

	for (i = 0; i < request->header_count; i++) {
		if (!is_line(request->headers[i]))
			return -EINVAL;
		room += strlen(request->headers[i]) + 2;
	}
	*ret_room = room;
	return 0;
}

/* There is room: what text_put() would grow leaves copies of keys behind. */
static void head_write(struct text *out, const struct exchange_request *request,
		       const struct plain_place *place, const char *target, size_t size)
{
	const bool v6 = strchr(place->host, ':');
	size_t i;

	text_string(out, request->post ? "POST " : "GET ");
	text_string(out, target[0] == '/' ? "" : "/");
	text_string(out, target);
	text_string(out, v6 ? " HTTP/1.1\r\nHost: [" : " HTTP/1.1\r\nHost: ");
	text_string(out, place->host);
	text_string(out, v6 ? "]" : "");
	if (place->port != PORT_HTTP) {
		text_put(out, ":", 1);
		text_number(out, place->port);
	}
	text_string(out, "\r\nAccept: */*\r\n");
	for (i = 0; i < request->header_count; i++) {
		text_string(out, request->headers[i]);
		text_put(out, "\r\n", 2);
	}
	if (request->post) {
		text_string(out, "Content-Length: ");
		text_number(out, size);
		text_put(out, "\r\n", 2);
	}
	text_put(out, "\r\n", 2);
}

/* --- all of it --- */

int plain_request_init(struct plain_request *r, const struct exchange_request *request,
		       const struct plain_place *place, const char *target)
{
	struct text head = { 0 };
	size_t size = 0, room, i;
	int err = head_room(request, target, &room);

	if (err)
		return err;
	r->part_count = request->post ? request->part_count : 0;
	for (i = 0; i < r->part_count; i++) {
		r->parts[i] = request->parts[i];
		size += r->parts[i].iov_len;
	}
	r->bytes = loop_buffer_create(room + (size < LIMIT_CALL_UPLOAD ? size : LIMIT_CALL_UPLOAD));
	if (!r->bytes)
		return -ENOMEM;
	head.bytes = (char *)r->bytes->data;
	head.room = head.limit = room;
	head_write(&head, request, place, target, size);
	r->head = room;
	if (text_error(&head)) {
		plain_request_release(r);
		return -ENOMEM;
	}
	r->head = head.len;
	plain_request_rewind(r);
	return 0;
}

/* What there is room for, behind the head. */
static void body_take(struct plain_request *r)
{
	size_t len;

	while (r->part < r->part_count && r->end < r->bytes->size) {
		const struct iovec *p = &r->parts[r->part];

		len = p->iov_len - r->taken;
		if (len > r->bytes->size - r->end)
			len = r->bytes->size - r->end;
		if (len)
			memcpy(r->bytes->data + r->end, (const char *)p->iov_base + r->taken, len);
		r->end += len;
		r->taken += len;
		if (r->taken == p->iov_len) {
			r->part++;
			r->taken = 0;
		}
	}
}

bool plain_request_fill(struct plain_request *r)
{
	if (r->at < r->end)
		return true;
	r->at = r->end = r->head;
	body_take(r);
	return r->at < r->end;
}

void plain_request_rewind(struct plain_request *r)
{
	r->part = r->taken = 0;
	r->at = 0;
	r->end = r->head;
	body_take(r);
}

void plain_request_release(struct plain_request *r)
{
	if (!r->bytes)
		return;
	explicit_bzero(r->bytes->data, r->head);
	loop_buffer_put(r->bytes);
	r->bytes = NULL;
}
