// SPDX-License-Identifier: GPL-2.0-or-later
/* Base64 by arithmetic alone: keys pass through here, and no table is looked up by what they are. */
#include "base/base64.h"

#include <errno.h>
#include <limits.h>

/* The character of six bits, by arithmetic alone: no memory is looked up by what is secret. */
static char character_of(unsigned int bits)
{
	unsigned int c = 'A' + bits;

	c += (unsigned int)((25 - (int)bits) >> 8) & ('a' - 'Z' - 1);
	c += (unsigned int)((51 - (int)bits) >> 8) & (unsigned int)('0' - 'z' - 1);
	c += (unsigned int)((61 - (int)bits) >> 8) & (unsigned int)('+' - '9' - 1);
	c += (unsigned int)((62 - (int)bits) >> 8) & ('/' - '+' - 1);
	return (char)c;
}

/* `value` if first <= c <= last, else 0. */
static int within(int c, int first, int last, int value)
{
	return ~((c - first) >> 8 | (last - c) >> 8) & value;
}

/* The six bits of a character, or -1. */
static int bits_of(char character)
{
	int c = (unsigned char)character;

	return within(c, 'A', 'Z', c - 'A' + 1) + within(c, 'a', 'z', c - 'a' + 27) +
	       within(c, '0', '9', c - '0' + 53) + within(c, '+', '+', 63) +
	       within(c, '/', '/', 64) - 1;
}

int base64_encode(const void *data, size_t len, char *buf, size_t size)
{
	const uint8_t *p = data;
	unsigned int group;
	char *out = buf;

	if (len > INT_MAX / 4 * 3 - 3 || size <= BASE64_LENGTH(len))
		return -E2BIG;
	for (; len >= 3; p += 3, len -= 3) {
		group = (unsigned int)p[0] << 16 | (unsigned int)p[1] << 8 | p[2];
		*out++ = character_of(group >> 18);
		*out++ = character_of(group >> 12 & 63);
		*out++ = character_of(group >> 6 & 63);
		*out++ = character_of(group & 63);
	}
	if (len) {
		group = (unsigned int)p[0] << 16;
		if (len == 2)
			group |= (unsigned int)p[1] << 8;
		*out++ = character_of(group >> 18);
		*out++ = character_of(group >> 12 & 63);
		*out++ = len == 2 ? character_of(group >> 6 & 63) : '=';
		*out++ = '=';
	}
	*out = '\0';
	return (int)(out - buf);
}

/* How many bytes four characters stand for, 1 to 3, of which *ret_group has the bits. */
static int group_read(const char *text, int last, unsigned int *ret_group)
{
	int a = bits_of(text[0]), b = bits_of(text[1]);
	int c = bits_of(text[2]), d = bits_of(text[3]);
	int bytes = 3;

	if (last && text[3] == '=') {
		bytes = text[2] == '=' ? 1 : 2;
		c = bytes == 1 ? 0 : c;
		d = 0;
	}
	if ((a | b | c | d) < 0)
		return -EBADMSG;
	*ret_group = (unsigned int)(a << 18 | b << 12 | c << 6 | d);
	/* What is behind the last byte. */
	if (*ret_group & (0xffffffU >> (8 * bytes)))
		return -EBADMSG;
	return bytes;
}

int base64_decode(const char *text, size_t len, void *buf, size_t size)
{
	uint8_t *out = buf;
	unsigned int group;
	size_t written = 0;
	int bytes, i;

	if (len % 4 || len > INT_MAX)
		return -EBADMSG;
	for (; len; text += 4, len -= 4) {
		bytes = group_read(text, len == 4, &group);
		if (bytes < 0)
			return bytes;
		if (size - written < (size_t)bytes)
			return -E2BIG;
		for (i = 0; i < bytes; i++)
			out[written++] = (uint8_t)(group >> (16 - 8 * i));
	}
	return (int)written;
}
