// SPDX-License-Identifier: GPL-2.0-or-later
/* Hostile text made safe to show. */
#include "base/escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Room for the longest piece that is not split: four bytes as \xNN each. */
#define ESCAPE_UNIT 16

/*
 * Strict UTF-8 (Unicode 15, table 3-7): no overlong forms, no surrogates,
 * nothing beyond U+10FFFF. Returns the bytes of the sequence, 0 for none.
 */
static size_t utf8_decode(const uint8_t *p, size_t len, uint32_t *ret_point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t point;
	size_t n, i;

	if (p[0] < 0x80) {
		*ret_point = p[0];
		return 1;
	}
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (n > len)
		return 0;
	point = p[0] & (0x7f >> n);
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (p[i] & 0x3f);
	}
	if (point < least[n] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret_point = point;
	return n;
}

/* What acts on a display instead of being shown: controls, Bidi_Control, and line breaks. */
static bool point_acts(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x61c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static size_t put_hex(char *unit, const char *prefix, unsigned int digits, uint32_t value)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = strlen(prefix);

	memcpy(unit, prefix, n);
	while (digits--)
		unit[n++] = hex[(value >> (4 * digits)) & 15];
	return n;
}

/* One piece of input as it is to be shown; n is its bytes, 0 for a byte that is not UTF-8. */
static size_t unit_text(char *unit, const uint8_t *p, size_t n, uint32_t point)
{
	size_t used = 0, i;

	if (n == 1 && point == '\\') {
		memcpy(unit, "\\\\", 2);
		return 2;
	}
	if (n && !point_acts(point)) {
		memcpy(unit, p, n);
		return n;
	}
	for (i = 0; i < (n ? n : 1); i++)
		used += put_hex(unit + used, "\\x", 2, p[i]);
	return used;
}

static size_t unit_json(char *unit, const uint8_t *p, size_t n, uint32_t point)
{
	if (!n)
		return put_hex(unit, "\\u", 4, p[0]);
	if (point == '\\') {
		memcpy(unit, "\\\\", 2);
		return 2;
	}
	if (point_acts(point) || (n == 1 && strchr("\"'<>&", (int)point)))
		return put_hex(unit, "\\u", 4, point);
	memcpy(unit, p, n);
	return n;
}

static size_t escape(char *out, size_t size, const char *in, size_t len,
		     size_t (*show)(char *unit, const uint8_t *p, size_t n, uint32_t point))
{
	const uint8_t *p = (const uint8_t *)in;
	char unit[ESCAPE_UNIT];
	size_t used = 0, n, shown;
	uint32_t point = 0;

	if (!size)
		return 0;
	while (len) {
		n = utf8_decode(p, len, &point);
		shown = show(unit, p, n, point);
		if (shown > size - 1 - used)
			break;
		memcpy(out + used, unit, shown);
		used += shown;
		p += n ? n : 1;
		len -= n ? n : 1;
	}
	out[used] = '\0';
	return used;
}

size_t escape_text(char *out, size_t size, const char *in, size_t len)
{
	return escape(out, size, in, len, unit_text);
}

size_t escape_json(char *out, size_t size, const char *in, size_t len)
{
	return escape(out, size, in, len, unit_json);
}

bool escape_is_utf8(const char *in, size_t len)
{
	const uint8_t *p = (const uint8_t *)in;
	uint32_t point;
	size_t n;

	for (; len; p += n, len -= n) {
		n = utf8_decode(p, len, &point);
		if (!n)
			return false;
	}
	return true;
}
