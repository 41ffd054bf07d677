/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hostile text made safe to show. */
#ifndef AGENTOS_BASE_ESCAPE_H
#define AGENTOS_BASE_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Both write at most size bytes, NUL included, always terminate when size > 0,
 * never split an escape, and return the number of bytes written without NUL.
 *
 * escape_text: printable ASCII and valid UTF-8 stay, except that control characters (C0, DEL, C1),
 * bidirectional controls, line and paragraph separators and bytes that are not UTF-8 become \xNN per
 * byte; a backslash becomes \\.
 * escape_json: the inside of a JSON string; also safe inside HTML (<, >, &, ' and " as \u00XX).
 *
 * The longest of each, for the size of a buffer, NUL not counted, is ESCAPE_TEXT_MAX(len) and
 * ESCAPE_JSON_MAX(len).
 */
#define ESCAPE_TEXT_MAX(len) (4 * (len))
#define ESCAPE_JSON_MAX(len) (6 * (len))
size_t escape_text(char *out, size_t size, const char *in, size_t len);
size_t escape_json(char *out, size_t size, const char *in, size_t len);

/* Whether all of it is valid UTF-8: a byte that is not, and the character of its number, look the
 * same once JSON is read. */
bool escape_is_utf8(const char *in, size_t len);

#endif
