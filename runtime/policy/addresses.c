// SPDX-License-Identifier: GPL-2.0-or-later
/* "ADDRESS[/PREFIX]:PORT[-PORT][/tcp|/udp]" merged into rules. */
#include "policy/addresses.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentos.h"
#include "agentos_rights.h"
#include "base/index.h"

#define IPV4_BITS 32
#define IPV6_BITS 128

static const struct address_list {
	const char *name;    /* as in the outline */
	uint8_t allow, deny; /* AGENTOS_NET_* */
	bool needs_port;
	uint8_t kill, watch;
} lists[] = {
	{ "network.connect", .allow = AGENTOS_NET_CONNECT, .needs_port = true },
	{ "network.listen", .allow = AGENTOS_NET_LISTEN, .needs_port = true },
	{ "network.deny", .deny = AGENTOS_NET_ALL },
	{ "network.kill", .deny = AGENTOS_NET_ALL, .kill = AGENTOS_NET_ALL },
	{ "network.watch", .allow = AGENTOS_NET_ALL, .watch = AGENTOS_NET_ALL },
};

/* What is being built. */
struct build {
	struct policy *policy;
	const struct source *source;
	struct index by_address;
	size_t room; /* at policy->addresses */
};

/* One item of a list on its way. */
struct item {
	const char *written;
	struct policy_place at;
	char host[INET6_ADDRSTRLEN + 8]; /* without brackets, with the prefix */
	bool in_brackets;
	const char *ports; /* behind the ":", or NULL */
	size_t ports_len;
	uint8_t acts; /* AGENTOS_NET_* that its protocol leaves */
};

static int item_fault(const struct build *b, const struct item *item, const char *why)
{
	return source_fault(b->source, EINVAL, item->at.line, "%s %s",
			    source_quote(item->written, strlen(item->written)).text, why);
}

/* What identifies a rule: no hole is in it. */
struct key {
	uint8_t addr[16];
	uint16_t family, first, last, prefix;
};

static struct key key_of(const struct policy_address *a)
{
	struct key key = {
		.family = a->family,
		.first = a->port_first,
		.last = a->port_last,
		.prefix = a->prefix,
	};

	memcpy(key.addr, a->addr, sizeof(key.addr));
	return key;
}

static uint64_t key_hash(const struct key *key)
{
	return index_hash(INDEX_HASH, key, sizeof(*key));
}

static uint64_t address_hash(const void *policy, size_t at)
{
	struct key key = key_of(&((const struct policy *)policy)->addresses[at]);

	return key_hash(&key);
}

static bool address_has_key(const void *wanted, const void *policy, size_t at)
{
	struct key key = key_of(&((const struct policy *)policy)->addresses[at]);

	return memcmp(&key, wanted, sizeof(key)) == 0;
}

static struct policy_address *address_find(const struct build *b, const struct policy_address *like)
{
	const struct key key = key_of(like);
	size_t at = index_find(&b->by_address, key_hash(&key), address_has_key, &key, b->policy);

	return at == SIZE_MAX ? NULL : &b->policy->addresses[at];
}

static int address_append(struct build *b, const struct policy_address *added,
			  const struct source *source)
{
	struct policy *p = b->policy;
	struct policy_address *addresses;
	size_t room;

	if (p->address_count == AGENTOS_NET_RULES_MAX)
		return source_fault(source, E2BIG, added->at.line,
				    "more than %d rules on addresses; name prefixes instead of "
				    "what is in them",
				    AGENTOS_NET_RULES_MAX);
	if (!p->addresses || p->address_count == b->room) {
		room = b->room ? 2 * b->room : 16;
		addresses = reallocarray(p->addresses, room, sizeof(*addresses));
		if (!addresses)
			return source_fault(source, ENOMEM, 0, "out of memory");
		p->addresses = addresses;
		b->room = room;
	}
	p->addresses[p->address_count] = *added;
	if (index_add(&b->by_address, p->address_count, address_hash, p))
		return source_fault(source, ENOMEM, 0, "out of memory");
	p->address_count++;
	return 0;
}

/* Named a second time: both add up, unless they contradict. */
static int address_add(struct build *b, const struct policy_address *added, const struct item *item)
{
	struct policy_address *before = address_find(b, added);
	bool kills, watches, denies;

	if (!before)
		return address_append(b, added, b->source);
	denies = (before->allow | added->allow) & (before->deny | added->deny);
	kills = before->deny & added->deny & (before->kill ^ added->kill);
	watches = before->allow & added->allow & (before->watch ^ added->watch);
	if (denies || kills || watches)
		return source_fault(
			b->source, EINVAL, item->at.line,
			"%s is both %s, here and %s; take one out",
			source_quote(item->written, strlen(item->written)).text,
			denies ? "allowed and denied" :
			kills  ? "denied and killed for" :
				 "allowed and watched",
			source_elsewhere(b->source, watches || added->deny & before->allow ?
							    before->at :
							    before->deny_at)
				.text);
	before->kill |= added->kill;
	before->watch |= added->watch;
	if (added->allow && !before->allow)
		before->at = added->at;
	if (added->deny && !before->deny)
		before->deny_at = added->deny_at;
	before->allow |= added->allow;
	before->deny |= added->deny;
	return 0;
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

/* The protocol behind the port, which is cut off. */
static void item_read_protocol(struct item *item)
{
	static const struct {
		const char *text;
		uint8_t acts;
	} protocols[] = {
		{ "/tcp", AGENTOS_NET_CONNECT_TCP | AGENTOS_NET_LISTEN_TCP },
		{ "/udp", AGENTOS_NET_CONNECT_UDP | AGENTOS_NET_LISTEN_UDP },
	};
	size_t i, len;

	item->acts = AGENTOS_NET_ALL;
	for (i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		len = strlen(protocols[i].text);
		if (item->ports_len < len ||
		    strncmp(item->ports + item->ports_len - len, protocols[i].text, len) != 0)
			continue;
		item->acts = protocols[i].acts;
		item->ports_len -= len;
	}
}

/* Takes the text apart at its colon. */
static int item_split(const struct build *b, struct item *item)
{
	const char *at = item->written, *end, *colon;

	item->in_brackets = at[0] == '[';
	if (item->in_brackets) {
		end = strchr(++at, ']');
		if (!end)
			return item_fault(b, item, "has a \"[\" without its \"]\"");
		colon = end + 1;
	} else {
		colon = end = strchrnul(at, ':');
		if (*end && strchr(end + 1, ':'))
			return item_fault(b, item,
					  "has several colons; write an IPv6 address in "
					  "brackets, as in [2001:db8::/32]:443");
	}
	if (*colon && *colon != ':')
		return item_fault(b, item,
				  "has something between \"]\" and the port; the prefix stands "
				  "inside, as in [2001:db8::/32]:443");
	if ((size_t)(end - at) >= sizeof(item->host))
		return item_fault(b, item, "is no address: it is too long");
	memcpy(item->host, at, (size_t)(end - at));
	item->host[end - at] = '\0';
	item->ports = *colon ? colon + 1 : NULL;
	item->ports_len = *colon ? strlen(colon + 1) : 0;
	if (item->ports)
		item_read_protocol(item);
	else
		item->acts = AGENTOS_NET_ALL;
	return 0;
}

static int item_read_ports(const struct build *b, const struct item *item, bool listens,
			   struct policy_address *a)
{
	const char *dash;
	unsigned long first, last;

	if (!item->ports || (item->ports_len == 1 && item->ports[0] == '*')) {
		a->port_first = 0;
		a->port_last = UINT16_MAX;
		return 0;
	}
	dash = memchr(item->ports, '-', item->ports_len);
	if (!number_read(item->ports, dash ? (size_t)(dash - item->ports) : item->ports_len,
			 UINT16_MAX, &first) ||
	    (dash && !number_read(dash + 1, (size_t)(item->ports + item->ports_len - dash) - 1,
				  UINT16_MAX, &last)))
		return item_fault(b, item,
				  "has no port that is one; behind the \":\" stands 443, 8000-8100 "
				  "or *, and perhaps /tcp or /udp");
	if (!dash)
		last = first;
	if (last < first)
		return item_fault(b, item, "has its ports in the wrong order");
	if (!first && !listens)
		return item_fault(b, item,
				  "has the port 0, which nothing can connect to; write * for all");
	a->port_first = (uint16_t)first;
	a->port_last = (uint16_t)last;
	return 0;
}

/* Bits behind the prefix that are set: then it is not clear what was meant. */
static bool prefix_is_whole(const struct policy_address *a)
{
	unsigned int i;

	for (i = a->prefix; i < 8 * sizeof(a->addr); i++)
		if (a->addr[i / 8] >> (7 - i % 8) & 1)
			return false;
	return true;
}

static int item_read_host(const struct build *b, struct item *item, struct policy_address *a)
{
	char *slash = strchr(item->host, '/');
	unsigned long bits, prefix;
	struct in6_addr in6;

	if (slash)
		*slash = '\0';
	if (!item->in_brackets && inet_pton(AF_INET, item->host, a->addr) == 1)
		a->family = AF_INET;
	else if (item->in_brackets && inet_pton(AF_INET6, item->host, a->addr) == 1)
		a->family = AF_INET6;
	else if (inet_pton(AF_INET6, item->host, &in6) == 1)
		return item_fault(b, item, "is IPv6 without brackets; write [::1]:443");
	else if (strspn(item->host, "0123456789.") == strlen(item->host) || item->in_brackets)
		return item_fault(b, item,
				  "is no address; write 127.0.0.1:443, [::1]:443 or *:443");
	else
		return item_fault(b, item,
				  "is no address: a host's name can come to mean another address, "
				  "so rules take addresses, localhost and *");
	prefix = bits = a->family == AF_INET ? IPV4_BITS : IPV6_BITS;
	if (slash && !number_read(slash + 1, strlen(slash + 1), bits, &prefix))
		return item_fault(b, item,
				  a->family == AF_INET ?
					  "has no prefix that is one; it is 0 to 32 bits" :
					  "has no prefix that is one; it is 0 to 128 bits");
	a->prefix = (uint8_t)prefix;
	if (!prefix_is_whole(a))
		return item_fault(b, item,
				  "names more of the address than the prefix is long; end it in "
				  "zeros, or make the prefix longer");
	memcpy(&in6, a->addr, sizeof(in6));
	if (a->family == AF_INET6 && prefix >= 96 && IN6_IS_ADDR_V4MAPPED(&in6))
		return item_fault(b, item, "is IPv4 in IPv6; write it as IPv4");
	return 0;
}

/* Any address, and this host's to itself: in both families. */
static int item_add_word(struct build *b, const struct item *item, struct policy_address *a)
{
	const bool any = strcmp(item->host, "*") == 0;
	int err;

	a->family = AF_INET;
	a->prefix = any ? 0 : 8;
	a->addr[0] = any ? 0 : IN_LOOPBACKNET;
	err = address_add(b, a, item);
	if (err)
		return err;
	a->family = AF_INET6;
	a->prefix = any ? 0 : IPV6_BITS;
	a->addr[0] = 0;
	a->addr[15] = any ? 0 : 1;
	return address_add(b, a, item);
}

static int list_add(struct build *b, const struct address_list *list, const struct document *d)
{
	const struct raw_list raw = raw_list(d->raw, list->name);
	struct policy_address address;
	struct item item;
	uint32_t i;
	int err;

	b->source = &d->source;
	for (i = 0; i < raw.count; i++) {
		item = (struct item){ .written = raw.items[i],
				      .at = document_item_at(d, list->name, i) };
		err = item_split(b, &item);
		if (err)
			return err;
		if (!item.ports && list->needs_port && strcmp(item.host, "*") != 0)
			return item_fault(b, &item,
					  "does not say which port; behind it stands :443, "
					  ":8000-8100, or :* for all");
		address = (struct policy_address){
			.allow = list->allow & item.acts,
			.deny = list->deny & item.acts,
			.kill = list->kill & item.acts,
			.watch = list->watch & item.acts,
			.at = item.at,
			.deny_at = item.at,
		};
		err = item_read_ports(b, &item, !(list->allow & AGENTOS_NET_CONNECT), &address);
		if (err)
			return err;
		if (!item.in_brackets &&
		    (strcmp(item.host, "*") == 0 || strcmp(item.host, "localhost") == 0)) {
			err = item_add_word(b, &item, &address);
		} else {
			err = item_read_host(b, &item, &address);
			if (!err)
				err = address_add(b, &address, &item);
		}
		if (err)
			return err;
	}
	return 0;
}

int addresses_build(struct policy *p, const struct layer *layer)
{
	struct build build = { .policy = p };
	size_t list, i;
	int err = 0;

	for (list = 0; list < sizeof(lists) / sizeof(lists[0]); list++)
		for (i = 0; i < layer->count && !err; i++)
			err = list_add(&build, &lists[list], layer->documents[i]);
	index_release(&build.by_address);
	return err;
}

/* Without the right a rule would be a mere declaration. What is denied may be allowed again by others. */
static void addresses_take(struct policy *p, uint64_t taken)
{
	uint8_t acts = (taken & AGENTOS_RIGHT(NET_CONNECT) ? AGENTOS_NET_CONNECT : 0) |
		       (taken & AGENTOS_RIGHT(NET_LISTEN) ? AGENTOS_NET_LISTEN : 0);
	size_t i, kept = 0;

	for (i = 0; i < p->address_count; i++) {
		struct policy_address *a = &p->addresses[i];

		a->allow &= (uint8_t)~acts;
		a->watch &= (uint8_t)~acts;
		if (!a->allow && !a->deny)
			continue;
		if (!a->allow)
			a->at = a->deny_at;
		p->addresses[kept++] = *a;
	}
	p->address_count = kept;
}

/* What is said later counts, for what it is about. */
static void address_override(struct policy_address *a, const struct policy_address *later)
{
	uint8_t acts = later->allow | later->deny;

	a->allow = (a->allow & (uint8_t)~acts) | later->allow;
	a->deny = (a->deny & (uint8_t)~acts) | later->deny;
	a->kill = (a->kill & (uint8_t)~acts) | later->kill;
	a->watch = (a->watch & (uint8_t)~acts) | later->watch;
	if (later->allow)
		a->at = later->at;
	if (later->deny)
		a->deny_at = later->deny_at;
	if (!a->allow)
		a->at = a->deny_at;
	if (!a->deny)
		a->deny_at = a->at;
}

int addresses_overlay(struct policy *base, const struct policy *top, uint64_t taken,
		      const struct source *source)
{
	struct build build = { .policy = base, .source = source };
	const struct policy_address *later;
	struct policy_address *before;
	struct source own;
	int err = 0;
	size_t i;

	addresses_take(base, taken);
	build.room = base->address_count;
	for (i = 0; i < base->address_count && !err; i++)
		if (index_add(&build.by_address, i, address_hash, base))
			err = source_fault(source, ENOMEM, 0, "out of memory");
	for (i = 0; i < top->address_count && !err; i++) {
		later = &top->addresses[i];
		before = address_find(&build, later);
		if (before) {
			address_override(before, later);
			continue;
		}
		source_init_at(&own, source->files, later->at.file, source->fault);
		err = address_append(&build, later, &own);
	}
	index_release(&build.by_address);
	return err;
}

/* By prefix, then by first port; of those the widest first. */
static int address_compare(const void *left, const void *right)
{
	const struct policy_address *a = *(const struct policy_address *const *)left,
				    *b = *(const struct policy_address *const *)right;
	int order = (int)a->family - (int)b->family;

	if (!order)
		order = (int)a->prefix - (int)b->prefix;
	if (!order)
		order = memcmp(a->addr, b->addr, sizeof(a->addr));
	if (!order)
		order = (int)a->port_first - (int)b->port_first;
	return order ? order : (int)b->port_last - (int)a->port_last;
}

static bool address_has_prefix_of(const struct policy_address *a, const struct policy_address *b)
{
	return a->family == b->family && a->prefix == b->prefix &&
	       !memcmp(a->addr, b->addr, sizeof(a->addr));
}

struct shown {
	char text[INET6_ADDRSTRLEN + 24];
};

static struct shown address_show(const struct policy_address *a)
{
	const bool is_ipv6 = a->family == AF_INET6, every = !a->port_first && a->port_last == 65535;
	char address[INET6_ADDRSTRLEN] = "?", ports[16] = "*";
	struct shown shown;

	inet_ntop(a->family, a->addr, address, sizeof(address));
	if (a->port_first == a->port_last)
		snprintf(ports, sizeof(ports), "%u", a->port_first);
	else if (!every)
		snprintf(ports, sizeof(ports), "%u-%u", a->port_first, a->port_last);
	snprintf(shown.text, sizeof(shown.text), is_ipv6 ? "[%s/%u]:%s" : "%s/%u:%s", address,
		 a->prefix, ports);
	return shown;
}

static int check_fault(const struct policy_address *a, const struct policy_address *denies,
		       const struct layer *layer)
{
	size_t i;

	/* What an extended policy allows may be denied. */
	for (i = 0; i < layer->count; i++) {
		const struct source *source = &layer->documents[i]->source;

		if (source->number == a->at.file)
			return source_fault(
				source, EINVAL, a->at.line,
				"%s is allowed here and denied %s, where %s is: of rules on one "
				"prefix deny wins; take one out",
				address_show(a).text,
				source_elsewhere(source, denies->deny_at).text,
				address_show(denies).text);
	}
	return 0;
}

/* What was seen of one prefix: by act, who denies up to the highest port. */
struct sweep {
	const struct policy_address *denies[8 * sizeof(uint8_t)];
};

/* Who denies all that it allows, or NULL: something is left. */
static const struct policy_address *sweep_add(struct sweep *s, const struct policy_address *a)
{
	const struct policy_address *found = NULL;
	bool is_left = false;
	size_t act;

	for (act = 0; act < sizeof(s->denies) / sizeof(s->denies[0]); act++) {
		const struct policy_address **widest = &s->denies[act];

		if (a->deny >> act & 1 && (!*widest || a->port_last > (*widest)->port_last))
			*widest = a;
		if (!(a->allow >> act & 1))
			continue;
		if (*widest && (*widest)->port_last >= a->port_last)
			found = *widest;
		else
			is_left = true;
	}
	return is_left ? NULL : found;
}

int addresses_check(const struct policy *p, const struct layer *layer)
{
	const struct policy_address **sorted, *denies;
	struct sweep sweep = { { NULL } };
	int err = 0;
	size_t i;

	if (!p->address_count)
		return 0;
	sorted = reallocarray(NULL, p->address_count, sizeof(struct policy_address *));
	if (!sorted)
		return source_fault(&layer->documents[0]->source, ENOMEM, 0, "out of memory");
	for (i = 0; i < p->address_count; i++)
		sorted[i] = &p->addresses[i];
	qsort(sorted, p->address_count, sizeof(struct policy_address *), address_compare);
	for (i = 0; i < p->address_count && !err; i++) {
		if (i && !address_has_prefix_of(sorted[i - 1], sorted[i]))
			sweep = (struct sweep){ { NULL } };
		denies = sweep_add(&sweep, sorted[i]);
		if (denies)
			err = check_fault(sorted[i], denies, layer);
	}
	free(sorted);
	return err;
}
