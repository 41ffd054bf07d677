// SPDX-License-Identifier: GPL-2.0-or-later
/* A number for what a policy says, to see whether it says something else by now. */
#include <string.h>

#include "base/index.h"
#include "policy/policy.h"

static uint64_t hash_number(uint64_t hash, uint64_t number)
{
	return index_hash(hash, &number, sizeof(number));
}

/* The file by its place among the policy's: the first of them has many names. */
static uint64_t hash_place(uint64_t hash, struct policy_place place)
{
	return hash_number(hash, (uint64_t)place.file << 32 | place.line);
}

static uint64_t hash_rule(uint64_t hash, const struct policy_rule *rule)
{
	hash = index_hash(hash, rule->path, strlen(rule->path) + 1);
	hash = hash_number(hash, (uint64_t)rule->anywhere << 1 | rule->abstract);
	hash = hash_number(hash, (uint64_t)rule->allow << 8 | rule->deny);
	hash = hash_number(hash, (uint64_t)rule->kill << 8 | rule->watch);
	return hash_place(hash_place(hash, rule->at), rule->deny_at);
}

static uint64_t hash_address(uint64_t hash, const struct policy_address *a)
{
	hash = index_hash(hash, a->addr, sizeof(a->addr));
	hash = hash_number(hash, (uint64_t)a->family << 8 | a->prefix);
	hash = hash_number(hash, (uint64_t)a->port_first << 16 | a->port_last);
	hash = hash_number(hash, (uint64_t)a->allow << 8 | a->deny);
	hash = hash_number(hash, (uint64_t)a->kill << 8 | a->watch);
	return hash_place(hash_place(hash, a->at), a->deny_at);
}

static uint64_t hash_egress(uint64_t hash, const struct policy_egress *e)
{
	return hash_place(index_hash(hash, &e->rule, sizeof(e->rule)), e->at);
}

uint64_t policy_digest(const struct policy *p)
{
	uint64_t hash = hash_number(INDEX_HASH, p->rights);
	size_t i;

	hash = hash_number(hash_number(hash, p->kill_rights), p->watch_rights);
	for (i = 1; p->files[0] && p->files[i]; i++)
		hash = index_hash(hash, p->files[i], strlen(p->files[i]) + 1);
	hash = hash_number(hash, p->rule_count);
	for (i = 0; i < p->rule_count; i++)
		hash = hash_rule(hash, &p->rules[i]);
	hash = hash_number(hash, p->address_count);
	for (i = 0; i < p->address_count; i++)
		hash = hash_address(hash, &p->addresses[i]);
	hash = hash_number(hash, p->egress_count);
	for (i = 0; i < p->egress_count; i++)
		hash = hash_egress(hash, &p->egress[i]);
	return hash;
}
