// SPDX-License-Identifier: GPL-2.0-or-later
/* Host names merged into rules for the gateway. */
#include "policy/hosts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/index.h"
#include "policy/destination.h"

static const struct host_list {
	const char *name; /* as in the outline */
	enum compiled_egress_kind kind;
} lists[] = {
	{ "network.egress", EGRESS_TLS },
	{ "network.egress-any", EGRESS_ANY },
	{ "network.egress-providers", EGRESS_PROVIDER },
	{ "network.egress-private", EGRESS_PRIVATE },
	{ "network.models", EGRESS_MODEL },
	{ "network.egress-deny", EGRESS_DENY },
	{ "network.egress-kill", EGRESS_KILL },
	{ "network.egress-watch", EGRESS_WATCH },
};

#define LIST_COUNT (sizeof(lists) / sizeof(lists[0]))

/* What a name cannot be at the same ports. */
static const struct contradiction {
	enum compiled_egress_kind one, other;
	const char *text;
} contradictions[] = {
	{ EGRESS_TLS, EGRESS_DENY, "allowed and denied" },
	{ EGRESS_ANY, EGRESS_DENY, "allowed and denied" },
	{ EGRESS_PROVIDER, EGRESS_DENY, "allowed and denied" },
	{ EGRESS_WATCH, EGRESS_DENY, "watched and denied" },
	{ EGRESS_TLS, EGRESS_KILL, "allowed and killed for" },
	{ EGRESS_ANY, EGRESS_KILL, "allowed and killed for" },
	{ EGRESS_PROVIDER, EGRESS_KILL, "allowed and killed for" },
	{ EGRESS_WATCH, EGRESS_KILL, "watched and killed for" },
	{ EGRESS_DENY, EGRESS_KILL, "denied and killed for" },
	{ EGRESS_TLS, EGRESS_WATCH, "allowed and watched" },
};

/* What is being built. */
struct build {
	struct policy *policy;
	struct index by_rule;
	size_t room; /* at policy->egress */
};

/* A rule without its number, which is what identifies it: it has no hole. */
static struct compiled_egress key_of(const struct compiled_egress *rule)
{
	struct compiled_egress key = *rule;

	key.number = 0;
	return key;
}

static uint64_t key_hash(const struct compiled_egress *key)
{
	return index_hash(INDEX_HASH, key, sizeof(*key));
}

static uint64_t rule_hash(const void *policy, size_t at)
{
	struct compiled_egress key = key_of(&((const struct policy *)policy)->egress[at].rule);

	return key_hash(&key);
}

static bool rule_has_key(const void *wanted, const void *policy, size_t at)
{
	struct compiled_egress key = key_of(&((const struct policy *)policy)->egress[at].rule);

	return memcmp(&key, wanted, sizeof(key)) == 0;
}

static const struct policy_egress *rule_find(const struct build *b, struct compiled_egress key)
{
	size_t at = index_find(&b->by_rule, key_hash(&key), rule_has_key, &key, b->policy);

	return at == SIZE_MAX ? NULL : &b->policy->egress[at];
}

static int rule_contradicts(const struct build *b, const struct policy_egress *added,
			    const struct source *source)
{
	struct compiled_egress contrary = key_of(&added->rule);
	const struct policy_egress *before;
	size_t i;

	for (i = 0; i < sizeof(contradictions) / sizeof(contradictions[0]); i++) {
		const struct contradiction *c = &contradictions[i];

		if (added->rule.kind != c->one && added->rule.kind != c->other)
			continue;
		contrary.kind = (uint8_t)(added->rule.kind == c->one ? c->other : c->one);
		before = rule_find(b, contrary);
		if (before)
			return source_fault(
				source, EINVAL, added->at.line,
				"%s is both %s, here and %s; take one out",
				source_quote(added->rule.host, strlen(added->rule.host)).text,
				c->text, source_elsewhere(source, before->at).text);
	}
	return 0;
}

/* Named a second time it is still one rule, and stands where it stood first. */
static int rule_add(struct build *b, const struct policy_egress *added, const struct source *source)
{
	struct policy *p = b->policy;
	struct policy_egress *egress;
	size_t room;
	int err;

	if (rule_find(b, key_of(&added->rule)))
		return 0;
	err = rule_contradicts(b, added, source);
	if (err)
		return err;
	if (p->egress_count == LIMIT_EGRESS_RULES)
		return source_fault(source, E2BIG, added->at.line,
				    "more than %d rules on host names; \"*.example.com\" is each "
				    "name below example.com",
				    LIMIT_EGRESS_RULES);
	if (!p->egress || p->egress_count == b->room) {
		room = b->room ? 2 * b->room : 16;
		egress = reallocarray(p->egress, room, sizeof(*egress));
		if (!egress)
			return source_fault(source, ENOMEM, 0, "out of memory");
		p->egress = egress;
		b->room = room;
	}
	p->egress[p->egress_count] = *added;
	if (index_add(&b->by_rule, p->egress_count, rule_hash, p))
		return source_fault(source, ENOMEM, 0, "out of memory");
	p->egress_count++;
	return 0;
}

static int list_add(struct build *b, const struct host_list *list, const struct document *d)
{
	const struct raw_list raw = raw_list(d->raw, list->name);
	struct policy_egress added;
	uint32_t i;
	int err = 0;

	for (i = 0; i < raw.count && !err; i++) {
		added = (struct policy_egress){ .at = document_item_at(d, list->name, i) };
		err = destination_read(raw.items[i], list->kind, &d->source, added.at.line,
				       &added.rule);
		if (!err)
			err = rule_add(b, &added, &d->source);
	}
	return err;
}

int hosts_build(struct policy *p, const struct layer *layer)
{
	struct build build = { .policy = p };
	size_t list, i;
	int err = 0;

	for (list = 0; list < LIST_COUNT; list++)
		for (i = 0; i < layer->count && !err; i++)
			err = list_add(&build, &lists[list], layer->documents[i]);
	index_release(&build.by_rule);
	return err;
}

int hosts_overlay(struct policy *base, const struct policy *top, uint64_t taken,
		  const struct source *source)
{
	struct build build = { .policy = base };
	struct source own;
	int err = 0;
	size_t i;

	/* Without the right a rule would be a mere declaration. */
	if (taken & AGENTOS_RIGHT(NET_CONNECT))
		base->egress_count = 0;
	build.room = base->egress_count;
	for (i = 0; i < base->egress_count && !err; i++)
		if (index_add(&build.by_rule, i, rule_hash, base))
			err = source_fault(source, ENOMEM, 0, "out of memory");
	for (i = 0; i < top->egress_count && !err; i++) {
		source_init_at(&own, source->files, top->egress[i].at.file, source->fault);
		err = rule_add(&build, &top->egress[i], &own);
	}
	index_release(&build.by_rule);
	return err;
}

void hosts_number(struct policy *p)
{
	size_t i;

	for (i = 0; i < p->egress_count; i++)
		p->egress[i].rule.number = (uint32_t)(p->rule_count + p->address_count + i);
}

bool hosts_are_named(const struct policy *p)
{
	size_t i;

	for (i = 0; i < p->egress_count; i++)
		if (egress_kind_allows(p->egress[i].rule.kind))
			return true;
	return false;
}

bool hosts_have_models(const struct policy *p)
{
	size_t i;

	for (i = 0; i < p->egress_count; i++)
		if (p->egress[i].rule.kind == EGRESS_MODEL)
			return true;
	return false;
}

bool hosts_are_allowed(const struct policy *p)
{
	return hosts_are_named(p) || hosts_have_models(p);
}

static int check_list(const struct policy *p, const struct host_list *list,
		      const struct document *d)
{
	const struct policy_place at = document_key_at(d, list->name);

	if (!at.line)
		return 0;
	if (!(p->rights & AGENTOS_RIGHT(NET_CONNECT)))
		return source_fault(&d->source, EINVAL, at.line,
				    "\"%s\" has no effect without the right net-connect; add it to "
				    "\"rights\", or take the %s out",
				    list->name,
				    list->kind == EGRESS_PRIVATE ? "addresses" :
				    list->kind == EGRESS_MODEL	 ? "models" :
								   "names");
	if ((list->kind == EGRESS_DENY || list->kind == EGRESS_KILL) && !hosts_are_named(p))
		return source_fault(&d->source, EINVAL, at.line,
				    "\"%s\" has no effect: no name is allowed; \"egress\" allows "
				    "some",
				    list->name);
	if (list->kind == EGRESS_PRIVATE && !hosts_are_named(p))
		return source_fault(
			&d->source, EINVAL, at.line,
			"\"%s\" has no effect: it is about what names stand for, and no "
			"name is allowed; \"egress\" allows some, and addresses of their "
			"own stand under \"connect\"",
			list->name);
	return 0;
}

int hosts_check(const struct policy *p, const struct layer *layer)
{
	size_t list, i;
	int err = 0;

	for (list = 0; list < LIST_COUNT; list++)
		for (i = 0; i < layer->count && !err; i++)
			err = check_list(p, &lists[list], layer->documents[i]);
	return err;
}
