/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a provider is: the URL that its targets are appended to. Pure. */
#ifndef AGENTOS_LLM_BASE_URL_H
#define AGENTOS_LLM_BASE_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "policy/egress.h"

#define BASE_URL_PATH 256 /* bytes with NUL */

struct base_url {
	bool tls;	/* https */
	bool literal;	/* the host is an address */
	bool is_public; /* not known to be ours: a name, or a public address */
	uint16_t port;
	char host[COMPILED_HOST]; /* lower case; of "[::1]" what is inside */
	char path[BASE_URL_PATH]; /* "" or "/v1": does not end in '/' */
};

/*
 * "https://HOST[:PORT][/PATH]", or http. The host is a name (egress_host() says which), an IPv4
 * address or an IPv6 address in brackets. The path has letters, digits and -._~ between
 * single slashes, no part of it is "." or "..", and it does not end in '/'. No user, query or
 * fragment.
 * plain: http to anywhere; else only to localhost and to addresses that are not public,
 * as keys would go out readable.
 * -EINVAL, and f says why.
 */
int base_url_parse(const char *url, bool plain, struct base_url *ret_url, struct fault *f);

#endif
