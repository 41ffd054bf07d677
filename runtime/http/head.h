/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The head of an HTTP/1.x request to a proxy or an origin, read strictly (RFC 9112). Pure; nothing is allocated. */
#ifndef AGENTOS_HTTP_HEAD_H
#define AGENTOS_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "http/fields.h"

/* Why a request is refused: a status, and words that hold nothing of the request. */
struct http_fault {
	int status; /* 400, 408, 417, 431, 501, 505 */
	const char *text;
};

struct http_head {
	struct http_span method;
	/* As written; of "[::1]" what is inside. Empty only when an origin's HTTP/1.0 has no Host. */
	struct http_span host;
	struct http_span path; /* from '/' or '?' on, or empty; CONNECT: empty */
	struct http_field fields[LIMIT_HTTP_FIELDS];
	size_t field_count;
	uint64_t length; /* of the body, when not chunked */
	uint16_t port;
	uint8_t minor; /* HTTP/1.minor: 0 or 1 */
	bool connect;  /* a tunnel is asked for */
	bool origin;   /* the target is a path: whoever reads this is meant to answer */
	bool chunked;
	bool keep_alive; /* another request may follow: HTTP/1.1, and 1.0 that asks for it */
	bool expect;	 /* the body comes once "100 Continue" was sent (or after a while) */
};

/*
 * Looks for the end of the head, and for bytes that no head has, in len bytes, of
 * which those before *from have been looked at; *from is 0 at first, and kept.
 * 0: *ret_size is the size of the head, its empty line included.
 * -EAGAIN   more bytes are needed
 * -EBADMSG  no head: a NUL or other control character, CR or LF alone, no method;
 *           or longer than LIMIT_HTTP_HEAD (431)
 */
int http_head_end(const char *bytes, size_t len, size_t *from, size_t *ret_size,
		  struct http_fault *ret_fault);

/*
 * Reads a head of that size, as http_head_end() found it.
 *
 * Targets: "http://host[:port][/path][?query]" and, for CONNECT, "host:port", as a
 * proxy gets them; "/path[?query]", as an origin does, whose host and port (or 80) are
 * the Host line's. No others. What could mean one thing here and another
 * to the next who reads it is refused: several Host or Content-Length lines (equal
 * ones, too), Transfer-Encoding with Content-Length or with anything but "chunked",
 * folded lines, blanks before a colon, user names and fragments in targets, a Host
 * that is not the target's, a Connection line that names a line which frames the
 * request. So is Upgrade (501), and any Expect but 100-continue (417).
 *
 * -EBADMSG  with *ret_fault
 */
int http_head_parse(const char *bytes, size_t size, struct http_head *ret_head,
		    struct http_fault *ret_fault);

/*
 * Writes the request for the server that `host` names: the path as it came, Host,
 * all lines that are not between the client and this proxy alone, and "Connection:
 * close". size is at least LIMIT_HTTP_HEAD + 320, then it fits.
 * -ENOSPC
 */
int http_head_encode(const struct http_head *head, const char *host, char *out, size_t size,
		     size_t *ret_len);

#endif
