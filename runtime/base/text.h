/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes that grow as they are written: for what is encoded. */
#ifndef AGENTOS_BASE_TEXT_H
#define AGENTOS_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero before use. */
struct text {
	char *bytes; /* not terminated; NULL while nothing was written */
	size_t len, room;
	size_t limit; /* of len; 0: none */
	bool failed;  /* something did not fit, and nothing after it was written */
};

/* Makes room for so many bytes more at once: failed, as below, where that cannot be had. */
void text_reserve(struct text *t, size_t more);
/* Each writes all of it or, when there is no memory or the limit is reached, sets failed. */
void text_put(struct text *t, const void *bytes, size_t len);
void text_string(struct text *t, const char *string);
/* In decimal digits. */
void text_number(struct text *t, uint64_t number);
void text_printf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/*
 * As a JSON string with its quotes (RFC 8259). Bytes that are no UTF-8 become U+FFFD,
 * one for each.
 */
void text_json(struct text *t, const char *bytes, size_t len);

/* 0, or -ENOMEM when something did not fit. */
int text_error(const struct text *t);
/* Takes the first len bytes away. */
void text_drop(struct text *t, size_t len);
/* Frees the bytes; it may be used again, with the same limit. */
void text_release(struct text *t);

#endif
