// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes that grow as they are written. */
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 256

/* Room for so many more. */
static bool text_grow(struct text *t, size_t more)
{
	size_t need, room = t->room ? t->room : FIRST_BYTES;
	char *grown;

	if (t->failed)
		return false;
	if (__builtin_add_overflow(t->len, more, &need) || (t->limit && need > t->limit) ||
	    need > PTRDIFF_MAX) {
		t->failed = true;
		return false;
	}
	if (need <= t->room)
		return true;
	while (room < need)
		room *= 2;
	grown = realloc(t->bytes, room);
	if (!grown) {
		t->failed = true;
		return false;
	}
	t->bytes = grown;
	t->room = room;
	return true;
}

void text_reserve(struct text *t, size_t more)
{
	text_grow(t, more);
}

void text_put(struct text *t, const void *bytes, size_t len)
{
	if (!len || !text_grow(t, len))
		return;
	memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
}

void text_string(struct text *t, const char *string)
{
	text_put(t, string, strlen(string));
}

void text_number(struct text *t, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	text_put(t, digits + at, sizeof(digits) - at);
}

void text_printf(struct text *t, const char *fmt, ...)
{
	/* Into what room there is, and once more if that was too little. */
	const size_t have = t->failed ? 0 : t->room - t->len;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(have ? t->bytes + t->len : NULL, have, fmt, ap);
	va_end(ap);
	/* And the NUL that vsnprintf() writes. */
	if (len < 0 || !text_grow(t, (size_t)len + 1)) {
		t->failed = true;
		return;
	}
	if ((size_t)len >= have) {
		va_start(ap, fmt);
		vsnprintf(t->bytes + t->len, (size_t)len + 1, fmt, ap);
		va_end(ap);
	}
	t->len += (size_t)len;
}

/* Length of the UTF-8 sequence at the bytes (RFC 3629), or 0. */
static size_t utf8_length(const unsigned char *b, size_t len)
{
	static const struct {
		unsigned char first, last; /* of the first byte */
		unsigned char low, high;   /* of the second */
		size_t length;
	} forms[] = {
		{ 0x00, 0x7f, 0x00, 0xff, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	size_t i, k;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (b[0] < forms[i].first || b[0] > forms[i].last)
			continue;
		if (forms[i].length > len)
			return 0;
		for (k = 1; k < forms[i].length; k++)
			if (b[k] < (k == 1 ? forms[i].low : 0x80) ||
			    b[k] > (k == 1 ? forms[i].high : 0xbf))
				return 0;
		return forms[i].length;
	}
	return 0;
}

static void text_json_character(struct text *t, const unsigned char *b, size_t length)
{
	static const char short_forms[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
	const char *at = b[0] ? strchr(short_forms, b[0]) : NULL;
	char out[8];

	if (at) {
		out[0] = '\\';
		out[1] = letters[at - short_forms];
		text_put(t, out, 2);
	} else if (b[0] < 0x20 || b[0] == 0x7f) {
		snprintf(out, sizeof(out), "\\u%04x", b[0]);
		text_put(t, out, 6);
	} else {
		text_put(t, b, length);
	}
}

void text_json(struct text *t, const char *bytes, size_t len)
{
	const unsigned char *b = (const unsigned char *)bytes;
	size_t at = 0, plain, length;

	text_put(t, "\"", 1);
	while (at < len && !t->failed) {
		/* Most of it needs no look at each. */
		for (plain = at; plain < len && b[plain] >= 0x20 && b[plain] < 0x7f &&
				 b[plain] != '"' && b[plain] != '\\';
		     plain++)
			;
		text_put(t, b + at, plain - at);
		at = plain;
		if (at == len)
			break;
		length = utf8_length(b + at, len - at);
		if (length)
			text_json_character(t, b + at, length);
		else
			text_put(t, "\xef\xbf\xbd", 3);
		at += length ? length : 1;
	}
	text_put(t, "\"", 1);
}

int text_error(const struct text *t)
{
	return t->failed ? -ENOMEM : 0;
}

void text_drop(struct text *t, size_t len)
{
	if (!len)
		return;
	memmove(t->bytes, t->bytes + len, t->len - len);
	t->len -= len;
}

void text_release(struct text *t)
{
	free(t->bytes);
	t->bytes = NULL;
	t->len = t->room = 0;
	t->failed = false;
}
