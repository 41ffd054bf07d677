/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base64 of RFC 4648, section 4: one text for the same bytes, and no other is read. */
#ifndef AGENTOS_BASE_BASE64_H
#define AGENTOS_BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* Characters that len bytes become, NUL not counted; bytes that len characters can become. */
#define BASE64_LENGTH(len) (((len) + 2) / 3 * 4)
#define BASE64_BYTES(len)  ((len) / 4 * 3)

/*
 * Writes the text with its padding and a NUL. Returns its length without NUL,
 * or -E2BIG when size has no room for it and the NUL (buf is untouched).
 */
int base64_encode(const void *data, size_t len, char *buf, size_t size);

/*
 * Reads exactly len characters. Returns the number of bytes, or -E2BIG when
 * size is less than that, or -EBADMSG when base64_encode() would not have written
 * this: a length that is no multiple of four, padding that is missing or
 * stands elsewhere than at the end, bits behind the last byte that are not
 * zero, or any character that is none of base64's (white space is none).
 * After an error buf may hold what was read so far.
 */
int base64_decode(const char *text, size_t len, void *buf, size_t size);

#endif
