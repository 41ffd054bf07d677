// SPDX-License-Identifier: GPL-2.0-only
/* Prefixes in hash tables while they come; then all addresses in order, cut where prefixes end. */
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/hash.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "network.h"

/* From this port up to where the next one begins. */
struct segment {
	u32 number;
	u16 first;
	u8 verdict; /* enum network_verdict */
};

/* One prefix. */
struct place {
	struct network_address address;
	struct segment *segments; /* the first begins at port 0; NULL: the slot is empty */
	u32 count, room;
	const struct place *above; /* the next shorter prefix that it lies in; NULL: none */
	u8 prefix;
};

#define PREFIX_MAX 128
#define BITS_FIRST 3
#define ROOM_FIRST 4
#define IPV4_BITS  32
#define IPV6_BITS  128
#define FAMILIES   2

/* All prefixes on one act in one family. */
struct table {
	struct place *places; /* open addressing, at most half full; NULL: none yet */
	u32 count, mask, shift;
	u32 cut_count; /* 0: not sealed, or no prefix */
	/* From each of these up to the next the longest prefix is the one of the same index. */
	struct network_address *cuts;
	const struct place **longest; /* NULL: none covers that */
};

struct network {
	struct table tables[NETWORK_ACTS][FAMILIES];
	u32 rule_count;
	bool sealed;
};

static struct network_address address_cut(const struct network_address *address, u32 prefix)
{
	struct network_address cut = { 0, 0 };

	if (prefix > 64) {
		cut.high = address->high;
		cut.low = address->low & ~(prefix == PREFIX_MAX ? 0 : ~0ULL >> (prefix - 64));
	} else if (prefix) {
		cut.high = address->high & ~(prefix == 64 ? 0 : ~0ULL >> prefix);
	}
	return cut;
}

static bool address_is(const struct network_address *a, const struct network_address *b)
{
	return a->high == b->high && a->low == b->low;
}

/* ::ffff:0:0/96, or part of it. */
static bool is_mapped(const struct network_rule *rule)
{
	return rule->is_ipv6 && rule->prefix >= 96 && !rule->address.high &&
	       rule->address.low >> 32 == 0xffff;
}

bool network_rule_read(const struct agentos_policy_net *command, struct network_rule *ret_rule)
{
	struct network_address cut;
	__be64 words[2];

	static_assert(sizeof(words) == sizeof(command->addr));
	memcpy(words, command->addr, sizeof(words));
	*ret_rule = (struct network_rule){
		.number = command->number,
		.port_first = command->port_first,
		.port_last = command->port_last,
		.prefix = command->prefix,
		.allow = command->allow,
		.deny = command->deny,
		.kill = command->kill,
		.watch = command->watch,
		.is_ipv6 = command->family == AF_INET6,
		.address = { be64_to_cpu(words[0]), be64_to_cpu(words[1]) },
	};
	if (command->family != AF_INET && command->family != AF_INET6)
		return false;
	if (command->prefix > (ret_rule->is_ipv6 ? IPV6_BITS : IPV4_BITS))
		return false;
	cut = address_cut(&ret_rule->address, command->prefix);
	return address_is(&cut, &ret_rule->address) && !is_mapped(ret_rule) &&
	       command->port_first <= command->port_last &&
	       !((command->allow | command->deny) & ~AGENTOS_NET_ALL) &&
	       !(command->allow & command->deny) && command->allow | command->deny &&
	       !(command->kill & ~command->deny) && !(command->watch & ~command->allow) &&
	       command->number != AGENTOS_RULE_NONE;
}

/* The slot of the prefix, or the empty one where it would be. */
static struct place *place_slot(const struct table *table, const struct network_address *address,
				u32 prefix)
{
	u64 key = address->high ^ (address->low << 1 | address->low >> 63) ^ prefix;
	u32 i = key * GOLDEN_RATIO_64 >> table->shift;
	struct place *place = &table->places[i];

	while (place->segments &&
	       (place->prefix != prefix || !address_is(&place->address, address))) {
		i = (i + 1) & table->mask;
		place = &table->places[i];
	}
	return place;
}

static int table_grow(struct table *table)
{
	u32 bits = table->places ? 64 - table->shift + 1 : BITS_FIRST, i;
	struct table larger = *table;

	if (table->places && 2 * (table->count + 1) <= table->mask + 1)
		return 0;
	larger.places = kvcalloc(1U << bits, sizeof(*larger.places), GFP_KERNEL_ACCOUNT);
	if (!larger.places)
		return -ENOMEM;
	larger.mask = (1U << bits) - 1;
	larger.shift = 64 - bits;
	for (i = 0; table->places && i <= table->mask; i++)
		if (table->places[i].segments)
			*place_slot(&larger, &table->places[i].address,
				    table->places[i].prefix) = table->places[i];
	kvfree(table->places);
	*table = larger;
	return 0;
}

/* The place of a prefix, with room for two segments more; made when there is none. */
static struct place *place_make(struct table *table, const struct network_address *address,
				u8 prefix)
{
	struct segment *segments;
	struct place *place;
	u32 room;

	if (table_grow(table))
		return NULL;
	place = place_slot(table, address, prefix);
	if (place->segments && place->count + 2 <= place->room)
		return place;
	room = place->segments ? 2 * place->room : ROOM_FIRST;
	segments = kvcalloc(room, sizeof(*segments), GFP_KERNEL_ACCOUNT);
	if (!segments)
		return NULL;
	if (place->segments) {
		memcpy(segments, place->segments, place->count * sizeof(*segments));
		kvfree(place->segments);
		place->segments = segments;
		place->room = room;
		return place;
	}
	segments[0] = (struct segment){ .verdict = NETWORK_OPEN, .number = AGENTOS_RULE_NONE };
	*place = (struct place){
		.address = *address,
		.segments = segments,
		.count = 1,
		.room = room,
		.prefix = prefix,
	};
	table->count++;
	return place;
}

/* The segment that the port is in. */
static u32 segment_find(const struct place *place, u32 port)
{
	u32 low = 0, high = place->count, middle;

	while (high - low > 1) {
		middle = (low + high) / 2;
		if (place->segments[middle].first <= port)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* A segment begins at the port: its index. */
static u32 segment_split(struct place *place, u32 port)
{
	u32 at = segment_find(place, port);

	if (place->segments[at].first == port)
		return at;
	memmove(place->segments + at + 2, place->segments + at + 1,
		(place->count - at - 1) * sizeof(*place->segments));
	place->segments[at + 1] = place->segments[at];
	place->segments[at + 1].first = port;
	place->count++;
	return at + 1;
}

/* Needs room for two segments. The first of two rules that say the same is the one that is told. */
static void place_apply(struct place *place, const struct network_rule *rule, u8 verdict)
{
	u32 from = segment_split(place, rule->port_first);
	u32 to = rule->port_last < U16_MAX ? segment_split(place, rule->port_last + 1U) :
					     place->count;

	for (; from < to; from++) {
		if (place->segments[from].verdict >= verdict)
			continue;
		place->segments[from].verdict = verdict;
		place->segments[from].number = rule->number;
	}
}

static u8 rule_verdict(const struct network_rule *rule, u32 act)
{
	if (rule->deny & BIT(act))
		return rule->kill & BIT(act) ? NETWORK_KILLED : NETWORK_DENIED;
	return rule->watch & BIT(act) ? NETWORK_WATCHED : NETWORK_ALLOWED;
}

int network_add(struct network **network, const struct network_rule *rule)
{
	struct network *n = *network;
	struct place *place;
	u32 act;

	if (!n) {
		n = kvzalloc(sizeof(*n), GFP_KERNEL_ACCOUNT);
		if (!n)
			return -ENOMEM;
		*network = n;
	}
	if (n->rule_count == AGENTOS_NET_RULES_MAX)
		return -ENOSPC;
	/* First all that can fail: a place without a rule decides nothing. */
	for (act = 0; act < NETWORK_ACTS; act++)
		if ((rule->allow | rule->deny) & BIT(act) &&
		    !place_make(&n->tables[act][rule->is_ipv6], &rule->address, rule->prefix))
			return -ENOMEM;
	for (act = 0; act < NETWORK_ACTS; act++) {
		if (!((rule->allow | rule->deny) & BIT(act)))
			continue;
		place = place_slot(&n->tables[act][rule->is_ipv6], &rule->address, rule->prefix);
		place_apply(place, rule, rule_verdict(rule, act));
	}
	n->rule_count++;
	return 0;
}

static int place_compare(const void *left, const void *right)
{
	const struct place *a = *(const struct place *const *)left;
	const struct place *b = *(const struct place *const *)right;

	if (a->address.high != b->address.high)
		return a->address.high < b->address.high ? -1 : 1;
	if (a->address.low != b->address.low)
		return a->address.low < b->address.low ? -1 : 1;
	/* What lies in another comes after it. */
	return (int)a->prefix - (int)b->prefix;
}

/* Behind the last address of the prefix; false: that is the last one of all. */
static bool place_end(const struct place *place, struct network_address *ret_end)
{
	u32 prefix = place->prefix;

	*ret_end = place->address;
	if (prefix > 64) {
		ret_end->low += 1ULL << (PREFIX_MAX - prefix);
		ret_end->high += !ret_end->low;
		return ret_end->low || ret_end->high;
	}
	ret_end->high += prefix ? 1ULL << (64 - prefix) : 0;
	return ret_end->high;
}

/* From there on it is that place. A later word on the same address is the one that counts. */
static void table_cut(struct table *table, const struct network_address *from,
		      const struct place *longest)
{
	u32 at = table->cut_count;

	if (at && address_is(&table->cuts[at - 1], from))
		at--;
	table->cuts[at] = *from;
	table->longest[at] = longest;
	table->cut_count = at + 1;
}

/* Prefixes lie in each other or apart: those that the sweep is in are a line, by `above`. */
static void table_sweep(struct table *table, struct place **sorted)
{
	const struct network_address first = { 0, 0 };
	const struct place *in = NULL;
	struct network_address end;
	u32 i;

	table_cut(table, &first, NULL);
	for (i = 0; i <= table->count; i++) {
		for (; in; in = in->above) {
			if (i < table->count) {
				end = address_cut(&sorted[i]->address, in->prefix);
				if (address_is(&end, &in->address))
					break;
			}
			if (place_end(in, &end))
				table_cut(table, &end, in->above);
		}
		if (i == table->count)
			break;
		sorted[i]->above = in;
		in = sorted[i];
		table_cut(table, &in->address, in);
	}
}

static int table_seal(struct table *table)
{
	struct place **sorted;
	u32 i, n = 0, cuts = 2 * table->count + 1;

	if (!table->count || table->cut_count)
		return 0;
	sorted = kvcalloc(table->count, sizeof(*sorted), GFP_KERNEL);
	table->cuts = kvcalloc(cuts, sizeof(*table->cuts), GFP_KERNEL_ACCOUNT);
	table->longest = kvcalloc(cuts, sizeof(*table->longest), GFP_KERNEL_ACCOUNT);
	if (!sorted || !table->cuts || !table->longest) {
		kvfree(sorted);
		return -ENOMEM;
	}
	for (i = 0; i <= table->mask; i++)
		if (table->places[i].segments)
			sorted[n++] = &table->places[i];
	sort(sorted, n, sizeof(*sorted), place_compare, NULL);
	table_sweep(table, sorted);
	kvfree(sorted);
	return 0;
}

/* What is added yet may move the places. */
static void table_unseal(struct table *table)
{
	kvfree(table->longest);
	kvfree(table->cuts);
	table->longest = NULL;
	table->cuts = NULL;
	table->cut_count = 0;
}

int network_seal(struct network *network)
{
	int err = 0;
	u32 i;

	if (!network || network->sealed)
		return 0;
	for (i = 0; !err && i < NETWORK_ACTS * FAMILIES; i++)
		err = table_seal(&network->tables[i / FAMILIES][i % FAMILIES]);
	for (i = 0; err && i < NETWORK_ACTS * FAMILIES; i++)
		table_unseal(&network->tables[i / FAMILIES][i % FAMILIES]);
	network->sealed = !err;
	return err;
}

/* The longest prefix that the address is in, or NULL. IPv4 has nothing in `low`. */
static __always_inline const struct place *table_find(const struct table *table, bool is_ipv6,
						      u64 high, u64 low)
{
	u32 from = 0, count = table->cut_count, half;
	const struct network_address *cut;

	if (!count)
		return NULL;
	while (count > 1) {
		half = count / 2;
		cut = &table->cuts[from + half];
		if (cut->high < high || (cut->high == high && (!is_ipv6 || cut->low <= low)))
			from += half;
		count -= half;
	}
	return table->longest[from];
}

/* What the rules on one prefix say. */
static __always_inline enum network_verdict place_decide(const struct place *place, u16 port,
							 u32 *ret_number)
{
	const struct segment *segment = &place->segments[segment_find(place, port)];

	*ret_number = segment->number;
	return segment->verdict;
}

enum network_verdict network_decide(const struct network *network, enum network_act act,
				    bool is_ipv6, const struct network_address *address, u16 port,
				    u32 *ret_number)
{
	enum network_verdict verdict;
	const struct place *place;

	*ret_number = AGENTOS_RULE_NONE;
	if (!network)
		return NETWORK_OPEN;
	place = is_ipv6 ?
			table_find(&network->tables[act][true], true, address->high, address->low) :
			table_find(&network->tables[act][false], false, address->high, 0);
	for (; place; place = place->above) {
		verdict = place_decide(place, port, ret_number);
		if (verdict != NETWORK_OPEN)
			return verdict;
	}
	return NETWORK_OPEN;
}

bool network_allows_ipv4(const struct network *network, enum network_act act, u64 high, u16 port)
{
	const struct place *place;
	u8 verdict = NETWORK_OPEN;

	if (unlikely(!network))
		return false;
	place = table_find(&network->tables[act][false], false, high, 0);
	for (; place && verdict == NETWORK_OPEN; place = place->above)
		verdict = place->segments[segment_find(place, port)].verdict;
	return verdict == NETWORK_ALLOWED;
}

enum network_verdict network_decide_exactly(const struct network *network, enum network_act act,
					    bool is_ipv6, const struct network_address *address,
					    u16 port, u32 *ret_number)
{
	const struct place *place;

	*ret_number = AGENTOS_RULE_NONE;
	if (!network || !network->tables[act][is_ipv6].places)
		return NETWORK_OPEN;
	place = place_slot(&network->tables[act][is_ipv6], address,
			   is_ipv6 ? IPV6_BITS : IPV4_BITS);
	return place->segments ? place_decide(place, port, ret_number) : NETWORK_OPEN;
}

void network_free(struct network *network)
{
	struct table *table;
	u32 i, at;

	if (!network)
		return;
	for (i = 0; i < NETWORK_ACTS * FAMILIES; i++) {
		table = &network->tables[i / FAMILIES][i % FAMILIES];
		for (at = 0; table->places && at <= table->mask; at++)
			kvfree(table->places[at].segments);
		kvfree(table->places);
		kvfree(table->longest);
		kvfree(table->cuts);
	}
	kvfree(network);
}
