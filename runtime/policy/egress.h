/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a policy lets the gateway connect to for an agent: names, ports, and what they stand for. Pure. */
#ifndef AGENTOS_POLICY_EGRESS_H
#define AGENTOS_POLICY_EGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/compiled.h"

struct egress_address {
	uint16_t family;  /* AF_INET with 4 bytes of addr, the rest zero; AF_INET6 */
	uint8_t addr[16]; /* network order */
};

/* Numbers in records: append only. */
enum egress_why {
	EGRESS_WHY_ALLOWED = 0,
	EGRESS_WHY_NO_RULE = 1,	    /* no rule names this host and port */
	EGRESS_WHY_PROVIDER = 2,    /* a provider of models, and no rule of that kind */
	EGRESS_WHY_LITERAL = 3,	    /* an address was asked for, where rules are on names */
	EGRESS_WHY_PRIVATE = 4,	    /* the name stands for no public address */
	EGRESS_WHY_UNRESOLVED = 5,  /* it stands for none */
	EGRESS_WHY_NOT_TLS = 6,	    /* what came first in the tunnel is no ClientHello */
	EGRESS_WHY_SERVER_NAME = 7, /* the ClientHello names another server, or none */
	EGRESS_WHY_UNREACHABLE = 8, /* the connection failed; no rule was against it */
	EGRESS_WHY_MALFORMED = 9,   /* the request is none */
	EGRESS_WHY_STRANGER = 10,   /* who asks is no agent that the kernel knows */
	EGRESS_WHY_BUSY = 11,	    /* a limit of the gateway's */
	EGRESS_WHY_DENIED = 12,	    /* a rule denies it */
	EGRESS_WHY_KILLED = 13,	    /* likewise, and the agent is killed */
	EGRESS_WHY_WATCHED = 14,    /* a rule allows it, and has it recorded like a denial */
	EGRESS_WHY_COUNT
};

/*
 * Brings a name as it was asked for into the one form that is compared: lower
 * case, without a dot at its end. Letters, digits, '-', '_' and single dots, of
 * at most 253 bytes, parts of at most 63; '-' is not the first. ret_host has
 * COMPILED_HOST bytes and is NUL-padded.
 * -EINVAL  it is no such name; -EADDRNOTAVAIL an address, in any of the forms that
 *	    a resolver would take for one ("127.1", "0x7f000001", "::1", "[fe80::1%lo]"),
 *	    or what ends in a number as those do ("300.1", "a.7"): no domain does
 */
int egress_host(const char *name, size_t len, char *ret_host);

/*
 * Is that host (as egress_host() has it) of a provider of models, who would be paid
 * past the budget? By the table in providers.c: who is not in it is not known to be one.
 */
bool egress_is_provider(const char *host);

/* Does the pattern (a rule's host) stand for the name? "*.a.b" is any name below a.b, not a.b. */
bool egress_matches(const char *pattern, const char *host);

/*
 * Is that what a rule on models can be: "*", "MODEL", "MODEL*", or either behind "PROVIDER/"?
 * Names have letters, digits and "-._:@+"; a model's may have '/' as well where a provider
 * stands before it. At most COMPILED_HOST - 1 bytes.
 */
bool egress_model_valid(const char *pattern, size_t len);

/* Is it a kind of rule that lets hosts be reached? */
bool egress_kind_allows(unsigned int kind);

/*
 * May the host be reached at that port? plain: by what is not TLS in a tunnel.
 * The nearest rule decides: one on the name, then one on what is below a longer name. Of
 * rules that are equally near kill goes before deny, that before watch, and watch before
 * what merely allows; of several the first.
 * *ret_number: the rule that decided, else AGENTOS_RULE_NONE.
 * EGRESS_WHY_ALLOWED, _WATCHED: it may. _NO_RULE, _PROVIDER, _DENIED, _KILLED, or
 * _NOT_TLS: only TLS would be.
 * A rule of the kind PROVIDER is as good as TLS for a host that is no provider's.
 */
enum egress_why egress_decide(const struct compiled_egress *rules, size_t count, const char *host,
			      uint16_t port, bool plain, uint32_t *ret_number);

/*
 * Is it public: in no block of IANA's registries of special-purpose addresses (IPv4,
 * IPv6) that is not globally reachable, no multicast, and out of what is given to
 * hosts (IPv6: 2000::/3)? IPv4 in IPv6 is not (mapped, 6to4, Teredo), but for NAT64's
 * well-known prefix, which is as public as the IPv4 address in it: names stand for
 * those where DNS64 is. A cloud's metadata address is not, though one is by its looks.
 */
bool egress_is_public(const struct egress_address *address);

/* May a name stand for it? Public, or in a rule of the kind PRIVATE, by its own form (family). */
bool egress_address_allowed(const struct compiled_egress *rules, size_t count,
			    const struct egress_address *address);

/* Is the record one that a policy can have: every field in bounds, padding zero? */
bool egress_valid(const struct compiled_egress *rule);

/* For people: what completes "refused: ...". Never NULL. */
const char *egress_why_text(enum egress_why why);

#endif
