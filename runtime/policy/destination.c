// SPDX-License-Identifier: GPL-2.0-or-later
/* "NAME[:PORT[-PORT]]", "ADDRESS[/PREFIX]" and "[PROVIDER/]MODEL", and what else people write for them. */
#include "policy/destination.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IPV4_BITS 32
#define IPV6_BITS 128

/* An item on its way. */
struct item {
	const char *written;
	const struct source *source;
	uint32_t line;
};

static int item_fault(const struct item *item, const char *why)
{
	return source_fault(item->source, EINVAL, item->line, "%s %s",
			    source_quote(item->written, strlen(item->written)).text, why);
}

/* Digits alone, no more than max. */
static bool number_read(const char *text, size_t len, unsigned long max, unsigned long *ret)
{
	char copy[8];

	if (!len || len >= sizeof(copy) || strspn(text, "0123456789") < len)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	*ret = strtoul(copy, NULL, 10);
	return *ret <= max;
}

/* A URL has a name in it, and a port by what it begins with. */
static int fault_url(const struct item *item, const char *host)
{
	const size_t len = strcspn(host, ":/?#");
	const char *port = strncmp(item->written, "http:", 5) == 0 ? ":80" : "";
	char name[COMPILED_HOST], why[COMPILED_HOST + 96];

	if (egress_host(host, len, name))
		return item_fault(item, "is a URL; a rule is on a name and ports, as in "
					"\"example.com:443\"");
	snprintf(why, sizeof(why), "is a URL; a rule is on a name and ports: write \"%s%s\"", name,
		 port);
	return item_fault(item, why);
}

static int fault_slash(const struct item *item, const char *slash)
{
	if (strcmp(slash, "/tcp") == 0)
		return item_fault(item, "names a protocol; the gateway connects by TCP alone, so "
					"leave \"/tcp\" out");
	if (strcmp(slash, "/udp") == 0)
		return item_fault(item, "cannot be reached: the gateway connects by TCP alone; "
					"addresses under \"connect\" may be UDP");
	return item_fault(item, "has a \"/\" in it; a rule is on a name and ports, whatever is "
				"asked for there");
}

static int fault_address(const struct item *item)
{
	return item_fault(item, "is an address, and this list takes names; addresses stand under "
				"\"connect\", or where names may stand for them, under "
				"\"egress-private\"");
}

/* What is obvious before anything is taken apart. */
static int item_look(const struct item *item)
{
	const char *text = item->written, *at;
	char host[COMPILED_HOST];
	struct in6_addr in6;

	for (at = text; *at; at++)
		if ((unsigned char)*at >= 0x80)
			return item_fault(item, "has letters that are not ASCII; write such a name "
						"in the form that begins with xn--");
	at = strstr(text, "://");
	if (at)
		return fault_url(item, at + 3);
	if (text[strcspn(text, " \t")])
		return item_fault(item, "has a space in it; each name is an item of its own");
	at = strchr(text, '/');
	if (at && egress_host(text, (size_t)(at - text), host) != -EADDRNOTAVAIL)
		return fault_slash(item, at);
	if (at || text[0] == '[' || inet_pton(AF_INET6, text, &in6) == 1)
		return fault_address(item);
	if (strchr(text, '@'))
		return item_fault(item, "has an \"@\" in it; a rule is on a name, whoever is asked "
					"for there");
	at = strchr(text, ':');
	if (at && strchr(at + 1, ':'))
		return item_fault(item, "has several colons; behind the name stands one port or "
					"range, as in \"example.com:8000-8100\"");
	return 0;
}

static int fault_name(const struct item *item, const char *name, size_t len)
{
	const char *part = name, *dot, *end = name + len;

	if (!len)
		return item_fault(item, "has no name; \"*:443\" is any name");
	if (memchr(name, '*', len))
		return item_fault(item, "has a \"*\" that is not alone before the first \".\"; "
					"\"*.example.com\" is each name below example.com, \"*\" "
					"is any name");
	if (name[0] == '-')
		return item_fault(item, "begins with \"-\", as no name does");
	if (len > 254 || (len == 254 && name[len - 1] != '.'))
		return item_fault(item, "is longer than the 253 bytes that a name can have");
	for (; part < end; part = dot + 1) {
		dot = memchr(part, '.', (size_t)(end - part)) ?: end;
		if (dot == part)
			return item_fault(item, "has a \".\" too many");
		if (dot - part > 63)
			return item_fault(item, "has a part of more than 63 bytes, which no name "
						"can have");
	}
	return item_fault(item, "is no name of a host; it takes letters, digits, \"-\", \"_\" and "
				"\".\"");
}

static int read_name(const struct item *item, size_t len, struct compiled_egress *rule)
{
	const char *name = item->written;
	char host[COMPILED_HOST];
	size_t below = 0;
	int err;

	if (len == 1 && name[0] == '*') {
		rule->host[0] = '*';
		return 0;
	}
	if (len >= 2 && name[0] == '*' && name[1] == '.')
		below = 2;
	err = egress_host(name + below, len - below, host);
	if (err == -EADDRNOTAVAIL)
		return below ? item_fault(item, "ends in a number, as no name does") :
			       fault_address(item);
	if (err)
		return fault_name(item, name + below, len - below);
	memcpy(rule->host, "*.", below);
	memcpy(rule->host + below, host, strlen(host));
	return 0;
}

static int read_ports(const struct item *item, const char *colon, struct compiled_egress *rule)
{
	const char *ports = colon + 1, *dash;
	unsigned long first, last;
	size_t len;

	rule->port_first = rule->port_last = DESTINATION_PORT;
	if (!*colon)
		return 0;
	if (!*ports)
		return item_fault(item, "has no port behind its \":\"; without either it is 443");
	if (strcmp(ports, "*") == 0) {
		rule->port_first = 1;
		rule->port_last = UINT16_MAX;
		return 0;
	}
	dash = strchr(ports, '-');
	len = dash ? (size_t)(dash - ports) : strlen(ports);
	if (!number_read(ports, len, UINT16_MAX, &first) ||
	    (dash && !number_read(dash + 1, strlen(dash + 1), UINT16_MAX, &last)))
		return item_fault(item, "has no port that is one; behind the \":\" stands 443, "
					"8000-8100 or *, and none is more than 65535");
	if (!dash)
		last = first;
	if (!first)
		return item_fault(item, "has the port 0, which nothing can connect to; \"*\" is "
					"each");
	if (last < first)
		return item_fault(item, "has its ports in the wrong order");
	rule->port_first = (uint16_t)first;
	rule->port_last = (uint16_t)last;
	return 0;
}

/* Whether all names that the rule stands for are of providers: any of them then is. */
static bool is_of_providers(const struct compiled_egress *rule)
{
	char some[COMPILED_HOST];

	memcpy(some, rule->host, sizeof(some));
	if (some[0] == '*')
		some[0] = 'a';
	return some[1] && egress_is_provider(some);
}

static int read_host(const struct item *item, struct compiled_egress *rule)
{
	const char *colon;
	int err;

	err = item_look(item);
	if (err)
		return err;
	colon = strchrnul(item->written, ':');
	err = read_name(item, (size_t)(colon - item->written), rule);
	if (!err)
		err = read_ports(item, colon, rule);
	if (!err && rule->kind != EGRESS_PROVIDER && egress_kind_allows(rule->kind) &&
	    is_of_providers(rule))
		err = item_fault(item,
				 "is a host of a provider of models, which would be paid past "
				 "the budgets; write it under \"egress-providers\" if that is "
				 "meant");
	return err;
}

/* Bits behind the prefix that are set: then it is not clear what was meant. */
static bool prefix_is_whole(const struct compiled_egress *rule)
{
	unsigned int i;

	for (i = rule->prefix; i < 8 * sizeof(rule->addr); i++)
		if (rule->addr[i / 8] >> (7 - i % 8) & 1)
			return false;
	return true;
}

/* An address alone that names may stand for anyway. */
static bool is_of_no_use(const struct compiled_egress *rule, unsigned long bits)
{
	struct egress_address address = { .family = rule->family };

	memcpy(address.addr, rule->addr, sizeof(address.addr));
	return rule->prefix == bits && egress_is_public(&address);
}

static int read_address(const struct item *item, struct compiled_egress *rule)
{
	const char *slash = strchrnul(item->written, '/');
	char text[INET6_ADDRSTRLEN] = "";
	unsigned long bits, prefix;
	struct in6_addr in6;

	if ((size_t)(slash - item->written) < sizeof(text))
		memcpy(text, item->written, (size_t)(slash - item->written));
	if (inet_pton(AF_INET, text, rule->addr) == 1)
		rule->family = AF_INET;
	else if (inet_pton(AF_INET6, text, rule->addr) == 1)
		rule->family = AF_INET6;
	else if (item->written[0] == '[')
		return item_fault(item, "is in brackets, which go with a port; write ::1/128");
	else if (strchr(text, ':') && strchr(text, '.') && strrchr(text, ':') > strchr(text, '.'))
		return item_fault(item, "has a port; names are allowed at ports, and may stand for "
					"an address at all of these");
	else
		return item_fault(item, "is no address; this list takes what names may stand for, "
					"as in 10.0.0.0/8 and ::1/128");
	prefix = bits = rule->family == AF_INET ? IPV4_BITS : IPV6_BITS;
	if (*slash && !number_read(slash + 1, strlen(slash + 1), bits, &prefix))
		return item_fault(item, rule->family == AF_INET ?
						"has no prefix that is one; it is 0 to 32 bits" :
						"has no prefix that is one; it is 0 to 128 bits");
	rule->prefix = (uint8_t)prefix;
	if (!prefix_is_whole(rule))
		return item_fault(item, "names more of the address than the prefix is long; end it "
					"in zeros, or make the prefix longer");
	memcpy(&in6, rule->addr, sizeof(in6));
	if (rule->family == AF_INET6 && prefix >= 96 && IN6_IS_ADDR_V4MAPPED(&in6))
		return item_fault(item, "is IPv4 in IPv6; write it as IPv4");
	if (is_of_no_use(rule, bits))
		return item_fault(item, "is public: names may stand for it anyway; take it out");
	return 0;
}

static int read_model(const struct item *item, struct compiled_egress *rule)
{
	const char *text = item->written, *star = strchr(text, '*');
	const size_t len = strlen(text);

	if (strstr(text, "://"))
		return item_fault(item, "is a URL; this list takes models, as in \"openai/gpt-*\"");
	if (len >= sizeof(rule->host))
		return item_fault(item,
				  "is longer than the 255 bytes that a model's name can have");
	if (star && star[1])
		return item_fault(item, "has a \"*\" that is not at its end; \"openai/*\" is each "
					"model of openai, \"*\" any");
	if (len && text[len - 1] == '/')
		return item_fault(item, "names a provider and no model; with \"*\" behind the "
					"\"/\" it is each of its models");
	if (!egress_model_valid(text, len))
		return item_fault(item, "is no name of a model; write PROVIDER/MODEL or MODEL, of "
					"letters, digits and \"-._:@+\"");
	memcpy(rule->host, text, len);
	return 0;
}

int destination_read(const char *written, enum compiled_egress_kind kind,
		     const struct source *source, uint32_t line, struct compiled_egress *ret_rule)
{
	const struct item item = { .written = written, .source = source, .line = line };
	struct compiled_egress rule = { .kind = (uint8_t)kind };
	int err;

	err = kind == EGRESS_PRIVATE ? read_address(&item, &rule) :
	      kind == EGRESS_MODEL   ? read_model(&item, &rule) :
				       read_host(&item, &rule);
	if (!err)
		*ret_rule = rule;
	return err;
}
