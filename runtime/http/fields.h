/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Header lines of HTTP/1.x, as requests and answers have them (RFC 9110, 5). Pure. */
#ifndef AGENTOS_HTTP_FIELDS_H
#define AGENTOS_HTTP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Points into the bytes that were parsed; not terminated. */
struct http_span {
	const char *at;
	size_t len;
};

struct http_field {
	struct http_span name, value; /* the value without blanks around it */
};

/* Equal, whatever the case of letters? */
bool http_span_is(struct http_span span, const char *text);
/* Cuts what is before the byte off, and the byte; false where there is no such byte. */
bool http_span_cut(struct http_span *rest, char at, struct http_span *ret_part);
/* Without the blanks around it. */
struct http_span http_span_trim(struct http_span span);
/* A method or the name of a header line? */
bool http_span_is_token(struct http_span span);
bool http_is_token(unsigned char c);
/* Of a hexadecimal digit; of any other byte -1. */
int http_hex_value(char c);

/* A line without its end. -EBADMSG: folded, a blank before the colon, no name, no colon */
int http_field_parse(struct http_span line, struct http_field *ret_field);
/* The first of that name, or NULL. */
const struct http_field *http_field_find(const struct http_field *fields, size_t count,
					 const char *name);
/* Does the comma-separated list have the name? */
bool http_list_has(struct http_span list, const char *name);
/* 1 to 18 decimal digits. -EBADMSG */
int http_length_parse(struct http_span value, uint64_t *ret_length);

#endif
