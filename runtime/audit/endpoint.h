/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An address, with a port or any, as people write it. */
#ifndef AGENTOS_AUDIT_ENDPOINT_H
#define AGENTOS_AUDIT_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"

#define ENDPOINT_ANY_PORT (-1)

/* IPv4 is IPv4 in IPv6 here, so that either finds the other: they are one on the wire. */
struct endpoint {
	uint8_t addr[16];
	int32_t port; /* host order, or ENDPOINT_ANY_PORT */
};

/*
 * 1 and what is written so, in any form that RFC 4291 has, long or short, in
 * either case:
 *	192.0.2.1		2001:db8::1		[2001:db8::1]
 *	192.0.2.1:443		[2001:db8::1]:443	[2001:db8::1]:*
 * 0: it is none of these, and may be any other text, or a pattern.
 *
 * -EINVAL  meant as one, and none: a part that no address has, a port beyond 65535,
 *          brackets about something else or of which one is missing, a zone, a prefix;
 *          f says so
 */
int endpoint_parse(const char *text, struct endpoint *ret_endpoint, struct fault *f);

/* family and addr as the kernel has them: of AF_INET only the first four bytes. */
bool endpoint_is(const struct endpoint *e, unsigned int family, const uint8_t addr[16],
		 unsigned int port);

/* A host as it was asked for: 1 it is this address, 0 it is another one, -1 it is a name. */
int endpoint_is_host(const struct endpoint *e, const char *host, unsigned int port);

#endif
