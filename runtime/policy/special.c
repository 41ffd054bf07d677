// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses that are for special purposes, by IANA's registries of them and RFC 6890. */
#include <netinet/in.h>
#include <string.h>

#include "policy/egress.h"

#define IPV4_BITS 32
#define IPV6_BITS 128

struct block {
	uint8_t addr[16];
	uint8_t prefix;
};

/*
 * IANA's IPv4 registry without what it calls globally reachable (AS112, AMT), and
 * what is no host's. Of 192.0.0.0/24 no address is taken out: what it calls
 * reachable there serves protocols, not hosts.
 */
static const struct block special_ipv4[] = {
	{ { 0 }, 8 },	     /* "this network": RFC 791 */
	{ { 10 }, 8 },	     /* private: RFC 1918 */
	{ { 100, 64 }, 10 }, /* shared, providers' own: RFC 6598 */
	{ { 127 }, 8 },	     /* loopback: RFC 1122 */
	/* No RFC, and public by its looks: what is around each virtual machine in Azure, its metadata. */
	{ { 168, 63, 129, 16 }, 32 },
	{ { 169, 254 }, 16 },	  /* link-local, and the clouds' metadata: RFC 3927 */
	{ { 172, 16 }, 12 },	  /* private: RFC 1918 */
	{ { 192, 0, 0 }, 24 },	  /* protocols' own: RFC 6890 */
	{ { 192, 0, 2 }, 24 },	  /* documentation: RFC 5737 */
	{ { 192, 88, 99 }, 24 },  /* 6to4 relays, deprecated: RFC 7526 */
	{ { 192, 168 }, 16 },	  /* private: RFC 1918 */
	{ { 198, 18 }, 15 },	  /* benchmarking: RFC 2544 */
	{ { 198, 51, 100 }, 24 }, /* documentation: RFC 5737 */
	{ { 203, 0, 113 }, 24 },  /* documentation: RFC 5737 */
	{ { 224 }, 4 },		  /* multicast: RFC 5771 */
	{ { 240 }, 4 },		  /* reserved: RFC 1112; broadcast: RFC 919, 8190 */
};

/*
 * Global unicast is what IANA gives out of it: all else of IPv6 is special or not
 * given out yet (::, ::1, ::/96, ::ffff:0:0/96, 64:ff9b:1::/48, 100::/64, 5f00::/16,
 * fc00::/7, fe80::/10, fec0::/10, ff00::/8).
 */
static const struct block unicast_ipv6 = { { 0x20 }, 3 }; /* RFC 4291, 2.4 */

/* IPv4 behind a translator: as public as the address in its last 4 bytes. */
static const struct block nat64 = { { 0x00, 0x64, 0xff, 0x9b }, 96 }; /* RFC 6052 */

/* What of it IANA's IPv6 registry takes out again. */
static const struct block special_ipv6[] = {
	{ { 0x20, 0x01 }, 23 },		    /* protocols' own, with Teredo (RFC 4380): RFC 2928 */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32 }, /* documentation: RFC 3849 */
	{ { 0x20, 0x02 }, 16 },		    /* 6to4, deprecated: RFC 3056, 7526 */
	{ { 0x3f, 0xff }, 20 },		    /* documentation: RFC 9637 */
};

static bool prefix_holds(const uint8_t *prefix, unsigned int bits, const uint8_t *addr)
{
	unsigned int rest = bits % 8, whole = bits / 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	return memcmp(prefix, addr, whole) == 0 &&
	       (!rest || ((prefix[whole] ^ addr[whole]) & mask) == 0);
}

static bool blocks_hold(const struct block *blocks, size_t count, const uint8_t *addr)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (prefix_holds(blocks[i].addr, blocks[i].prefix, addr))
			return true;
	return false;
}

static bool ipv4_is_public(const uint8_t *addr)
{
	return !blocks_hold(special_ipv4, sizeof(special_ipv4) / sizeof(special_ipv4[0]), addr);
}

bool egress_is_public(const struct egress_address *address)
{
	if (address->family == AF_INET)
		return ipv4_is_public(address->addr);
	if (address->family != AF_INET6)
		return false;
	if (blocks_hold(&nat64, 1, address->addr))
		return ipv4_is_public(address->addr + nat64.prefix / 8);
	return blocks_hold(&unicast_ipv6, 1, address->addr) &&
	       !blocks_hold(special_ipv6, sizeof(special_ipv6) / sizeof(special_ipv6[0]),
			    address->addr);
}

bool egress_address_allowed(const struct compiled_egress *rules, size_t count,
			    const struct egress_address *address)
{
	size_t i;

	if (egress_is_public(address))
		return true;
	for (i = 0; i < count; i++)
		if (rules[i].kind == EGRESS_PRIVATE && rules[i].family == address->family &&
		    rules[i].prefix <= (rules[i].family == AF_INET ? IPV4_BITS : IPV6_BITS) &&
		    prefix_holds(rules[i].addr, rules[i].prefix, address->addr))
			return true;
	return false;
}
