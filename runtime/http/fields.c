// SPDX-License-Identifier: GPL-2.0-or-later
/* Header lines, as requests and answers have them: their names, values and lists. */
#include "http/fields.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

bool http_span_is(struct http_span span, const char *text)
{
	return span.len == strlen(text) && strncasecmp(span.at, text, span.len) == 0;
}

bool http_is_token(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

int http_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool http_span_cut(struct http_span *rest, char at, struct http_span *ret_part)
{
	const char *end = memchr(rest->at, at, rest->len);

	if (!end)
		return false;
	*ret_part = (struct http_span){ rest->at, (size_t)(end - rest->at) };
	rest->len -= ret_part->len + 1;
	rest->at = end + 1;
	return true;
}

struct http_span http_span_trim(struct http_span s)
{
	while (s.len && is_blank(*s.at)) {
		s.at++;
		s.len--;
	}
	while (s.len && is_blank(s.at[s.len - 1]))
		s.len--;
	return s;
}

bool http_span_is_token(struct http_span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!http_is_token((unsigned char)s.at[i]))
			return false;
	return s.len > 0;
}

int http_field_parse(struct http_span line, struct http_field *ret_field)
{
	struct http_field field;

	/* A blank at the beginning would be a folded line. */
	if (!http_span_cut(&line, ':', &field.name) || !http_span_is_token(field.name))
		return -EBADMSG;
	field.value = http_span_trim(line);
	*ret_field = field;
	return 0;
}

const struct http_field *http_field_find(const struct http_field *fields, size_t count,
					 const char *name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (http_span_is(fields[i].name, name))
			return &fields[i];
	return NULL;
}

bool http_list_has(struct http_span list, const char *name)
{
	struct http_span item;

	while (http_span_cut(&list, ',', &item))
		if (http_span_is(http_span_trim(item), name))
			return true;
	return http_span_is(http_span_trim(list), name);
}

int http_length_parse(struct http_span value, uint64_t *ret_length)
{
	uint64_t length = 0;
	size_t i;

	if (!value.len || value.len > 18)
		return -EBADMSG;
	for (i = 0; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return -EBADMSG;
		length = length * 10 + (uint64_t)(value.at[i] - '0');
	}
	*ret_length = length;
	return 0;
}
