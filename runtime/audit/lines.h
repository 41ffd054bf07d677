/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of text, as notes and proofs are made of: taken apart strictly, written within bounds. */
#ifndef AGENTOS_AUDIT_LINES_H
#define AGENTOS_AUDIT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A line, or a part of one, within somebody's text; not terminated. */
struct line {
	const char *text;
	size_t len;
};

/* What is left to be read. */
struct lines {
	const char *text;
	size_t len;
};

/*
 * 1 and the next line, without its newline; 0 when nothing is left; -EBADMSG
 * when what is left has no newline or comes to more than LIMIT_NOTE_LINE before it.
 */
int lines_next(struct lines *lines, struct line *ret_line);
/* UTF-8 without control characters but newlines. */
bool lines_are_plain(const char *text, size_t len);
/* Takes the prefix off, if the line begins with it. */
bool line_skip(struct line *line, const char *prefix);
/* All of the line: a decimal number without sign or leading zeros. -EBADMSG; -ERANGE: beyond 64 bits. */
int line_number(const struct line *line, uint64_t *ret_number);
/* All of the line: base64 of exactly len bytes. -EBADMSG */
int line_bytes(const struct line *line, void *buf, size_t len);

/* Text being written. All zero but buf and size to begin with. */
struct lines_writer {
	char *buf;
	size_t size, len;
	bool full; /* something did not fit: nothing after it is written */
};
void lines_put(struct lines_writer *w, const char *text, size_t len);
void lines_put_string(struct lines_writer *w, const char *text);
void lines_put_number(struct lines_writer *w, uint64_t number);
void lines_put_base64(struct lines_writer *w, const void *data, size_t len);
/* Ends the text with a NUL. Its length without that, or -E2BIG. */
int lines_end(struct lines_writer *w);

#endif
