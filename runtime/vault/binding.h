/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hosts that a secret may be sent to. Pure. */
#ifndef AGENTOS_VAULT_BINDING_H
#define AGENTOS_VAULT_BINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BINDING_HOST 253 /* bytes of a name (RFC 1035, 2.3.4, without the dots' lengths) */
#define BINDING_PORT 443 /* where a binding names none */

/* For "*.HOST:65535" and a NUL. */
#define BINDING_TEXT (2 + BINDING_HOST + 6 + 1)

/* In a record of the vault as it is in memory: 260 bytes, numbers little-endian. Without a host it is none. */
struct binding {
	char host[BINDING_HOST + 1]; /* as binding_host() has it; all behind it is NUL */
	uint16_t port;		     /* not 0 */
	uint8_t below;		     /* 1: each name below it, and not itself ("*.HOST") */
	uint8_t zero[3];
};
_Static_assert(sizeof(struct binding) == 260, "part of the vault's format");

/*
 * A name as it is compared: in lower case, and without the dot that ends a full
 * one. Labels of letters, digits and hyphens, as RFC 1123 has them; one that
 * could be taken for an IPv4 address must be one, in four decimal numbers. No
 * IPv6 addresses: whoever needs one gives it a name.
 * -EINVAL: another text.
 */
int binding_host(const char *text, size_t len, char ret_host[BINDING_HOST + 1]);

/*
 * "HOST[:PORT]" or "*.HOST[:PORT]". What is below must have two labels at least:
 * nobody owns all of "*.com".
 * -EINVAL: none.
 */
int binding_parse(const char *text, struct binding *ret_binding);
/* "HOST:PORT", in a buffer of BINDING_TEXT. */
void binding_write(const struct binding *b, char *text);

/* Is it one that binding_parse() could have given? For bytes from elsewhere. */
bool binding_is_valid(const struct binding *b);
/* May what is bound to it go to this host (as binding_host() has it) and port? */
bool binding_covers(const struct binding *b, const char *host, uint16_t port);

#endif
