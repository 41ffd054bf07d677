/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ClientHello that a TLS connection begins with, and the server that it names. Pure. */
#ifndef AGENTOS_GATEWAY_CLIENTHELLO_H
#define AGENTOS_GATEWAY_CLIENTHELLO_H

#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

struct clienthello {
	size_t name_at; /* in bytes[]; a name may come in two records, so it is copied */
	size_t name_len;
	uint8_t bytes[LIMIT_HELLO]; /* the message, taken out of its records */
};

/*
 * Reads the first handshake message of a stream: TLS 1.0 to 1.3 (RFC 5246, 8446),
 * perhaps in several records. 0: the name stands in `hello`, as it came, not empty
 * and without a NUL. With Encrypted Client Hello it is the name that shows.
 *
 * -EAGAIN  more bytes are needed: not before *ret_need of them is there news
 * -EPROTO  no ClientHello, or one that is malformed: SSLv2, another message behind
 *	    it in its record, lengths that do not add up; more than LIMIT_HELLO
 *	    bytes or LIMIT_HELLO_RECORDS records
 * -ENOENT  it names no server; -ENOTUNIQ several, or what is no host name
 */
int clienthello_parse(const uint8_t *bytes, size_t len, struct clienthello *hello,
		      size_t *ret_need);

#endif
