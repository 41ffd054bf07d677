// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of notes and proofs. */
#include "audit/lines.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/escape.h"
#include "base/limits.h"

int lines_next(struct lines *lines, struct line *ret_line)
{
	size_t most = lines->len < LIMIT_NOTE_LINE + 1 ? lines->len : LIMIT_NOTE_LINE + 1;
	const char *end;

	if (!lines->len)
		return 0;
	end = memchr(lines->text, '\n', most);
	if (!end)
		return -EBADMSG;
	*ret_line = (struct line){ lines->text, (size_t)(end - lines->text) };
	lines->text += ret_line->len + 1;
	lines->len -= ret_line->len + 1;
	return 1;
}

bool lines_are_plain(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if ((unsigned char)text[i] < ' ' && text[i] != '\n')
			return false;
	}
	return escape_is_utf8(text, len);
}

bool line_skip(struct line *line, const char *prefix)
{
	size_t len = strlen(prefix);

	if (line->len < len || memcmp(line->text, prefix, len) != 0)
		return false;
	line->text += len;
	line->len -= len;
	return true;
}

int line_number(const struct line *line, uint64_t *ret_number)
{
	uint64_t number = 0;
	unsigned int digit;
	size_t i;

	if (!line->len || (line->text[0] == '0' && line->len > 1))
		return -EBADMSG;
	for (i = 0; i < line->len; i++) {
		digit = (unsigned int)(unsigned char)line->text[i] - '0';
		if (digit > 9)
			return -EBADMSG;
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, digit, &number))
			return -ERANGE;
	}
	*ret_number = number;
	return 0;
}

int line_bytes(const struct line *line, void *buf, size_t len)
{
	return base64_decode(line->text, line->len, buf, len) == (int)len ? 0 : -EBADMSG;
}

void lines_put(struct lines_writer *w, const char *text, size_t len)
{
	/* One byte is kept for the NUL. */
	if (w->full || w->size - w->len <= len) {
		w->full = true;
		return;
	}
	if (len)
		memcpy(w->buf + w->len, text, len);
	w->len += len;
}

void lines_put_string(struct lines_writer *w, const char *text)
{
	lines_put(w, text, strlen(text));
}

void lines_put_number(struct lines_writer *w, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	lines_put_string(w, text);
}

void lines_put_base64(struct lines_writer *w, const void *data, size_t len)
{
	int written = w->full ? -E2BIG :
				base64_encode(data, len, w->buf + w->len, w->size - w->len);

	if (written < 0)
		w->full = true;
	else
		w->len += (size_t)written;
}

int lines_end(struct lines_writer *w)
{
	if (w->full || w->len >= w->size || w->len > INT_MAX)
		return -E2BIG;
	w->buf[w->len] = '\0';
	return (int)w->len;
}
