/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The head of an HTTP/1.x answer, read strictly (RFC 9112) and written. Pure. */
#ifndef AGENTOS_HTTP_ANSWER_H
#define AGENTOS_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/text.h"
#include "http/fields.h"

/* How the end of the body is found. */
enum http_framing {
	HTTP_FRAMING_NONE,    /* no body: to HEAD, 204, 304; or a length of 0 */
	HTTP_FRAMING_LENGTH,  /* `length` bytes */
	HTTP_FRAMING_CHUNKED, /* http_chunked_take() */
	HTTP_FRAMING_CLOSE,   /* all up to the end of the connection, which may be early */
};

struct http_answer {
	struct http_field fields[LIMIT_HTTP_FIELDS];
	size_t field_count;
	enum http_framing framing;
	uint64_t length; /* FRAMING_LENGTH */
	uint16_t status; /* 200 to 599 */
	uint8_t minor;	 /* HTTP/1.minor: 0 or 1 */
	bool keep_alive; /* another request may go out behind the body's end */
};

/* How far an answer was looked at. Zero before the first bytes of each answer. */
struct http_answer_scan {
	size_t begin; /* of the head that is being read, behind interim ones */
	size_t from;
};

/*
 * Reads the head of the answer to one request, in len bytes that begin with it and of
 * which there are more with each call. Interim answers (1xx) before it are read over;
 * 101 is refused, as nobody asked for it. All of these heads together are at most
 * LIMIT_HTTP_HEAD bytes.
 *
 * to_head: the request was HEAD.
 * 0: *ret_size bytes are heads, and the body begins behind them; *ret_answer points
 *    into the bytes.
 * -EAGAIN   more bytes are needed
 * -EBADMSG  no such head, with *ret_why: one line that holds nothing of it. What may
 *	     end in one place here and in another for who wrote it is refused: several
 *	     Content-Length (equal ones, too), one with Transfer-Encoding, any coding
 *	     but "chunked", and chunks in HTTP/1.0 or 204; folded lines; LF alone.
 */
int http_answer_read(const char *bytes, size_t len, bool to_head, struct http_answer_scan *scan,
		     size_t *ret_size, struct http_answer *ret_answer, const char **ret_why);

/* What is usually said of a status; "" for one without words. */
const char *http_reason(unsigned int status);

/*
 * Write a head: the status line, the lines, the empty line. What does not fit, or is no
 * status of three digits, no name, or a value with a control character but the tab,
 * makes out->failed true, so that no line can become two.
 */
void http_answer_begin(struct text *out, unsigned int status);
void http_field_put(struct text *out, const char *name, struct http_span value);
void http_field_put_text(struct text *out, const char *name, const char *value);
void http_field_put_number(struct text *out, const char *name, uint64_t value);
void http_answer_end(struct text *out);

#endif
