/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules of one policy on addresses and ports: the longest prefix decides. */
#ifndef AGENTOS_NETWORK_H
#define AGENTOS_NETWORK_H

#include <linux/types.h>

#include "agentos.h"

/* By what is done: the bits of AGENTOS_NET_ALL, as numbers. */
enum network_act {
	NETWORK_CONNECT_TCP,
	NETWORK_CONNECT_UDP,
	NETWORK_CONNECT_OTHER,
	NETWORK_LISTEN_TCP,
	NETWORK_LISTEN_UDP,
	NETWORK_LISTEN_OTHER,
	NETWORK_ACTS,
};

/* An address, in host order from the top: IPv4 has the first 32 bits of `high`. */
struct network_address {
	u64 high;
	u64 low;
};

/* What goes before is later. OPEN: no rule. */
enum network_verdict {
	NETWORK_OPEN,
	NETWORK_ALLOWED,
	NETWORK_WATCHED, /* allowed, and told */
	NETWORK_DENIED,
	NETWORK_KILLED, /* denied, and more */
};

struct network;

/* A rule in the module's terms. */
struct network_rule {
	struct network_address address; /* no bit behind the prefix */
	u32 number;
	u16 port_first, port_last;
	u8 prefix;
	u8 allow, deny; /* AGENTOS_NET_* */
	u8 kill, watch; /* of what it denies, and of what it allows */
	bool is_ipv6;
};

/* Is the command one that is taken? Then the rule is. */
bool network_rule_read(const struct agentos_policy_net *command, struct network_rule *ret_rule);

/*
 * Adds to *network, which is made when it is NULL. Nobody looks at it meanwhile.
 * -ENOMEM, -ENOSPC: as if nothing had been. May sleep.
 */
int __must_check network_add(struct network **network, const struct network_rule *rule);

/*
 * Makes it ready for decisions; nothing is added any more. -ENOMEM: it is as it
 * was. A second time is a no-op. NULL is allowed. May sleep.
 */
int __must_check network_seal(struct network *network);

/*
 * What the rules say, and whose number said so (AGENTOS_RULE_NONE: none). Of a
 * sealed one, or NULL. It takes a search among all prefixes, and one among the
 * ports of each that the address is in, until one has a rule. Any context.
 */
enum network_verdict network_decide(const struct network *network, enum network_act act,
				    bool is_ipv6, const struct network_address *address, u16 port,
				    u32 *ret_number);

/* Does it say NETWORK_ALLOWED of IPv4? Quicker. high: as in struct network_address. */
bool network_allows_ipv4(const struct network *network, enum network_act act, u64 high, u16 port);

/* As if there were only the rules on this one address, with its full prefix. */
enum network_verdict network_decide_exactly(const struct network *network, enum network_act act,
					    bool is_ipv6, const struct network_address *address,
					    u16 port, u32 *ret_number);

/* NULL is allowed. */
void network_free(struct network *network);

#endif
