/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Server-sent events out of a body, as they come (WHATWG HTML, 9.2). Pure but for its memory. */
#ifndef AGENTOS_HTTP_SSE_H
#define AGENTOS_HTTP_SSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "http/fields.h"

/*
 * Both are good during the call alone: they point into the bytes that were given, or
 * into memory that is used again. Bytes that are no UTF-8 stay as they are.
 */
struct sse_frame {
	struct http_span event; /* of no length: no event line, or an empty one */
	struct http_span data;	/* all data lines, with LF between them */
};

/* Not 0: nothing more is read, and sse_take() returns it. It must not release the parser. */
typedef int (*sse_frame_fn)(void *cookie, const struct sse_frame *frame);

struct sse {
	sse_frame_fn frame;
	void *cookie;

	/* Its own. */
	struct text line;	 /* the beginning of a line whose end has not come */
	struct text event, data; /* of the frame that is being read, when it had to be kept */
	struct sse_frame now;	 /* the same, or still within the given bytes */
	bool has_data;
	bool after_cr;	/* LF would be the same line's end */
	uint8_t marked; /* bytes of the byte order mark at the beginning; then SSE_STARTED */
};

void sse_init(struct sse *s, sse_frame_fn frame, void *cookie);
void sse_release(struct sse *s);

/* Bytes of memory for what is not whole. */
size_t sse_bytes(const struct sse *s);

/*
 * Reads all of the bytes, and calls for each frame that ends in them. Comments, "id",
 * "retry" and unknown lines are read over, and so is a frame without a data line.
 * A frame that is whole in the bytes and has one data line is not copied.
 *
 * -E2BIG    a line, or the data of one frame, is longer than LIMIT_SSE_FRAME
 * -ENOMEM;  or what was returned for a frame. There is no going on after any of them.
 */
int sse_take(struct sse *s, const char *bytes, size_t len);

/*
 * When there are no more bytes: true when they ended within a line or a frame, which is
 * lost, as the standard has it.
 */
bool sse_is_cut(const struct sse *s);

#endif
