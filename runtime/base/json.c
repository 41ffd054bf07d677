// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON, read token by token. */
#include "base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void json_init(struct json *j, int (*byte)(void *cookie), void *cookie)
{
	memset(j, 0, sizeof(*j));
	j->byte = byte;
	j->cookie = cookie;
	j->ahead = -1;
}

static int take(struct json *j)
{
	int c = j->ahead;

	j->ahead = -1;
	if (c < 0)
		c = j->byte(j->cookie);
	if (c >= 0)
		j->offset++;
	return c;
}

static void give_back(struct json *j, int c)
{
	if (c < 0)
		return;
	j->ahead = c;
	j->offset--;
}

static int take_past_blanks(struct json *j)
{
	int c;

	do {
		c = take(j);
	} while (c == ' ' || c == '\t' || c == '\n' || c == '\r');
	return c;
}

static int put(struct json *j, int c)
{
	if (j->len == JSON_TEXT)
		return -E2BIG;
	j->text[j->len++] = (char)c;
	j->text[j->len] = '\0';
	return 0;
}

static int put_point(struct json *j, uint32_t point)
{
	int rc = 0;

	if (point < 0x80)
		return put(j, (int)point);
	if (point < 0x800) {
		rc = put(j, (int)(0xc0 | point >> 6));
	} else if (point < 0x10000) {
		rc = put(j, (int)(0xe0 | point >> 12));
		rc = rc ? rc : put(j, (int)(0x80 | (point >> 6 & 0x3f)));
	} else {
		rc = put(j, (int)(0xf0 | point >> 18));
		rc = rc ? rc : put(j, (int)(0x80 | (point >> 12 & 0x3f)));
		rc = rc ? rc : put(j, (int)(0x80 | (point >> 6 & 0x3f)));
	}
	return rc ? rc : put(j, (int)(0x80 | (point & 0x3f)));
}

static int hex_read(struct json *j, uint32_t *ret_value)
{
	uint32_t value = 0;
	int i, c;

	for (i = 0; i < 4; i++) {
		c = take(j);
		if (c >= '0' && c <= '9')
			value = value << 4 | (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
		else
			return c < 0 ? -ENODATA : -EBADMSG;
	}
	*ret_value = value;
	return 0;
}

/* Behind "\u". A first half without a second one is none, and what follows it stands for itself. */
static int unicode_read(struct json *j)
{
	uint32_t high, low;
	int rc, c;

	rc = hex_read(j, &high);
	while (!rc && high >= 0xd800 && high <= 0xdbff) {
		c = take(j);
		if (c != '\\') {
			give_back(j, c);
			return put_point(j, 0xfffd);
		}
		c = take(j);
		if (c != 'u') {
			rc = put_point(j, 0xfffd);
			/* The escape goes on with this byte. */
			give_back(j, c);
			return rc ? rc : 1;
		}
		rc = hex_read(j, &low);
		if (rc)
			return rc;
		if (low >= 0xdc00 && low <= 0xdfff)
			return put_point(j, 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
		rc = put_point(j, 0xfffd);
		high = low;
	}
	if (rc)
		return rc;
	return put_point(j, high >= 0xdc00 && high <= 0xdfff ? 0xfffd : high);
}

/* Behind a backslash. */
static int escape_read(struct json *j)
{
	static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	const char *at;
	int rc, c;

	do {
		c = take(j);
		if (c < 0)
			return -ENODATA;
		if (c != 'u') {
			at = c ? strchr(names, c) : NULL;
			return at ? put(j, bytes[at - names]) : -EBADMSG;
		}
		rc = unicode_read(j);
	} while (rc > 0);
	return rc;
}

/* Behind the first quote. */
static int string_read(struct json *j)
{
	int rc = 0, c;

	while (!rc) {
		c = take(j);
		if (c == '"')
			return 0;
		if (c < 0)
			return -ENODATA;
		if (c < 0x20)
			return -EBADMSG;
		rc = c == '\\' ? escape_read(j) : put(j, c);
	}
	return rc;
}

/* One digit or more. */
static int digits_read(struct json *j, int c)
{
	int rc;

	if (c < '0' || c > '9')
		return c < 0 ? -ENODATA : -EBADMSG;
	for (; c >= '0' && c <= '9'; c = take(j)) {
		rc = put(j, c);
		if (rc)
			return rc;
	}
	give_back(j, c);
	return 0;
}

static int number_read(struct json *j, int c)
{
	int rc = 0;

	if (c == '-') {
		rc = put(j, c);
		c = take(j);
	}
	if (!rc && c == '0')
		rc = put(j, c);
	else if (!rc)
		rc = digits_read(j, c);
	if (rc)
		return rc;
	c = take(j);
	if (c == '.') {
		rc = put(j, c);
		rc = rc ? rc : digits_read(j, take(j));
		if (rc)
			return rc;
		c = take(j);
	}
	if (c != 'e' && c != 'E') {
		give_back(j, c);
		return 0;
	}
	rc = put(j, c);
	c = take(j);
	if (!rc && (c == '+' || c == '-')) {
		rc = put(j, c);
		c = take(j);
	}
	return rc ? rc : digits_read(j, c);
}

/* Behind its first letter. */
static int word_read(struct json *j, const char *word, enum json_token token)
{
	int c;

	while (*++word) {
		c = take(j);
		if (c != *word)
			return c < 0 ? -ENODATA : -EBADMSG;
	}
	return (int)token;
}

static int level_open(struct json *j, bool object)
{
	if (j->depth == JSON_DEPTH)
		return -E2BIG;
	j->object[j->depth++] = object;
	j->filled = j->keyed = false;
	return object ? JSON_OBJECT : JSON_ARRAY;
}

static int level_close(struct json *j, bool object)
{
	j->depth--;
	j->filled = true;
	j->keyed = false;
	return object ? JSON_OBJECT_END : JSON_ARRAY_END;
}

static int value_read(struct json *j, int c)
{
	int rc;

	j->filled = true;
	j->keyed = false;
	switch (c) {
	case '{':
		return level_open(j, true);
	case '[':
		return level_open(j, false);
	case '"':
		rc = string_read(j);
		return rc ? rc : JSON_STRING;
	case 't':
		return word_read(j, "true", JSON_TRUE);
	case 'f':
		return word_read(j, "false", JSON_FALSE);
	case 'n':
		return word_read(j, "null", JSON_NULL);
	default:
		rc = number_read(j, c);
		return rc ? rc : JSON_NUMBER;
	}
}

int json_next(struct json *j)
{
	const bool within = j->depth > 0, object = within && j->object[j->depth - 1];
	int rc, c = take_past_blanks(j);

	j->len = 0;
	j->text[0] = '\0';
	if (c < 0)
		return within ? -ENODATA : JSON_END;
	if (within && !j->keyed) {
		if (c == (object ? '}' : ']'))
			return level_close(j, object);
		if (j->filled) {
			if (c != ',')
				return -EBADMSG;
			c = take_past_blanks(j);
			if (c < 0)
				return -ENODATA;
		}
	}
	if (!object || j->keyed)
		return value_read(j, c);
	if (c != '"')
		return -EBADMSG;
	rc = string_read(j);
	if (rc)
		return rc;
	c = take_past_blanks(j);
	if (c != ':')
		return c < 0 ? -ENODATA : -EBADMSG;
	j->keyed = true;
	return JSON_KEY;
}

int json_skip(struct json *j, enum json_token token)
{
	unsigned int depth = j->depth;
	int rc;

	if (token == JSON_OBJECT || token == JSON_ARRAY)
		depth--;
	else if (token != JSON_KEY)
		return 0;
	do {
		rc = json_next(j);
		if (rc < 0)
			return rc;
	} while (j->depth > depth || rc == JSON_KEY);
	return 0;
}

int json_uint(const struct json *j, uint64_t *ret_number)
{
	uint64_t number;
	char *end;

	if (j->text[0] < '0' || j->text[0] > '9' || strlen(j->text) != j->len)
		return -EBADMSG;
	errno = 0;
	number = strtoull(j->text, &end, 10);
	if (errno || *end)
		return -EBADMSG;
	*ret_number = number;
	return 0;
}
