// SPDX-License-Identifier: GPL-2.0-or-later
/* Text in an HTML document: five characters become references. */
#include "base/html.h"

#include "base/escape.h"

#define PIECE 256

void html_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		case '"':
			fputs("&#34;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			fputc(*text, out);
		}
	}
}

/* Bytes at the beginning that can be escaped by themselves: no character is cut in two. */
static size_t piece_length(const char *bytes, size_t len)
{
	size_t n = PIECE, back;

	if (len <= PIECE)
		return len;
	for (back = 0; back < 3 && ((unsigned char)bytes[n] & 0xc0) == 0x80; back++)
		n--;
	return n;
}

void html_bytes(FILE *out, const char *bytes, size_t len)
{
	char shown[ESCAPE_TEXT_MAX(PIECE) + 1];
	size_t n;

	for (; len; bytes += n, len -= n) {
		n = piece_length(bytes, len);
		escape_text(shown, sizeof(shown), bytes, n);
		html_text(out, shown);
	}
}
