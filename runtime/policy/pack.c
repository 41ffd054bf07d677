// SPDX-License-Identifier: GPL-2.0-or-later
/* A policy as bytes, and out of them. */
#include "policy/pack.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/limits.h"
#include "lib/libagentos.h"
#include "policy/egress.h"

#ifndef __clang__
/* What is read is the policy's from the first: policy_free() has it, which the analyzer loses in lists. */
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
#define PACK_MAGIC 0x314b4350		   /* "PCK1" */
#define TEXT_MAX   (4 * LIMIT_POLICY_FILE) /* bytes of one: variables may have made it longer */
#define TEXTS_MAX  4096			   /* in one list */
#define LINES_MAX  (LIMIT_POLICY_FILE + 1)

/*
 * One walk over a policy's parts serves both ways, so that they cannot differ:
 * the same function writes what there is, or reads it and checks it.
 */
struct pack {
	uint8_t *out; /* writing: what there is so far */
	size_t used, room;
	const uint8_t *in; /* reading: what is left */
	size_t left;
	int err; /* the first */
	bool reading;
	size_t files; /* of the policy, to check places by */
};

static void pack_fail(struct pack *k, int err)
{
	if (!k->err)
		k->err = err;
}

/* Reading: what does not hold ends it. */
static void pack_expect(struct pack *k, bool holds)
{
	if (k->reading && !holds)
		pack_fail(k, -EBADMSG);
}

static bool pack_room(struct pack *k, size_t len)
{
	size_t room = k->room ?: 4096;
	uint8_t *grown;

	while (room - k->used < len)
		room *= 2;
	if (room == k->room)
		return true;
	grown = realloc(k->out, room);
	if (!grown) {
		pack_fail(k, -ENOMEM);
		return false;
	}
	k->out = grown;
	k->room = room;
	return true;
}

static void pack_bytes(struct pack *k, void *bytes, size_t len)
{
	if (k->err || !len)
		return;
	if (!bytes) {
		pack_fail(k, -EBADMSG);
		return;
	}
	if (k->reading) {
		pack_expect(k, k->left >= len);
		if (k->err)
			return;
		memcpy(bytes, k->in, len);
		k->in += len;
		k->left -= len;
	} else if (pack_room(k, len)) {
		memcpy(k->out + k->used, bytes, len);
		k->used += len;
	}
}

#define pack_value(k, field) pack_bytes(k, &(field), sizeof(field))

static void pack_flag(struct pack *k, bool *flag)
{
	uint8_t byte = *flag;

	pack_value(k, byte);
	pack_expect(k, byte <= 1);
	*flag = byte == 1;
}

/* How many of something there are, each of which takes at least a byte. */
static void pack_count(struct pack *k, size_t *count, size_t most)
{
	uint32_t n = (uint32_t)*count;

	pack_value(k, n);
	pack_expect(k, n <= most && n <= k->left);
	*count = k->err ? 0 : n;
}

/* Room for what is read; writing, it is there. Without it there is none of it. */
static void *pack_array(struct pack *k, void *array, size_t *count, size_t size)
{
	if (!k->reading || k->err)
		return array;
	array = calloc(*count + 1, size);
	if (!array) {
		pack_fail(k, -ENOMEM);
		*count = 0;
	}
	return array;
}

/* A text, or none. What is read is the policy's, whole or not. */
static void pack_text(struct pack *k, char **text)
{
	uint32_t len = *text ? (uint32_t)strlen(*text) + 1 : 0;
	char *got;

	pack_value(k, len);
	pack_expect(k, len <= TEXT_MAX && len <= k->left + 1);
	if (k->err || !len)
		return;
	if (!k->reading) {
		pack_bytes(k, *text, len - 1);
		return;
	}
	got = calloc(len, 1);
	if (!got) {
		pack_fail(k, -ENOMEM);
		return;
	}
	pack_bytes(k, got, len - 1);
	pack_expect(k, !memchr(got, '\0', len - 1));
	*text = got;
}

static void pack_place(struct pack *k, struct policy_place *at)
{
	pack_value(k, at->file);
	pack_value(k, at->line);
	pack_expect(k, at->line <= LINES_MAX && (at->file < k->files || (!at->file && !at->line)));
}

/* A list that ends with NULL, or none; with the places of its texts, where they have such. */
static void pack_texts(struct pack *k, char ***texts, struct policy_place **at)
{
	size_t count = 0, i;
	bool any = *texts;
	char **list;

	pack_flag(k, &any);
	if (k->err || !any)
		return;
	while (!k->reading && *texts && (*texts)[count])
		count++;
	pack_count(k, &count, TEXTS_MAX);
	list = pack_array(k, *texts, &count, sizeof(*list));
	*texts = list;
	if (at)
		*at = pack_array(k, *at, &count, sizeof(**at));
	for (i = 0; i < count && list && !k->err; i++) {
		pack_text(k, &list[i]);
		if (!list[i])
			pack_fail(k, -EBADMSG);
		if (at)
			pack_place(k, &(*at)[i]);
	}
}

static void pack_rule(struct pack *k, struct policy_rule *r)
{
	const uint8_t all = AGENTOS_FILE_ALL;

	pack_text(k, &r->path);
	pack_flag(k, &r->anywhere);
	pack_flag(k, &r->abstract);
	pack_value(k, r->allow);
	pack_value(k, r->deny);
	pack_value(k, r->kill);
	pack_value(k, r->watch);
	pack_flag(k, &r->optional);
	pack_place(k, &r->at);
	pack_place(k, &r->deny_at);
	pack_expect(k, !k->err && r->path && r->path[0] && !(r->anywhere && r->abstract) &&
			       (r->anywhere || r->path[0] == (r->abstract ? '@' : '/')));
	pack_expect(k, !k->err && r->path && (!r->anywhere || !strchr(r->path, '/')));
	pack_expect(k, !((r->allow | r->deny) & ~all) && !(r->allow & r->deny) &&
			       !(r->kill & ~r->deny) &&
			       !(r->watch & (r->anywhere ? r->deny | ~all : ~r->allow)));
}

static bool prefix_is_valid(uint16_t family, uint8_t prefix)
{
	return (family == AF_INET && prefix <= 32) || (family == AF_INET6 && prefix <= 128);
}

static void pack_address(struct pack *k, struct policy_address *a)
{
	pack_value(k, a->family);
	pack_value(k, a->prefix);
	pack_value(k, a->allow);
	pack_value(k, a->deny);
	pack_value(k, a->kill);
	pack_value(k, a->watch);
	pack_value(k, a->addr);
	pack_value(k, a->port_first);
	pack_value(k, a->port_last);
	pack_place(k, &a->at);
	pack_place(k, &a->deny_at);
	pack_expect(k,
		    prefix_is_valid(a->family, a->prefix) && a->port_first <= a->port_last &&
			    !((a->allow | a->deny) & ~AGENTOS_NET_ALL) && !(a->allow & a->deny) &&
			    !(a->kill & ~a->deny) && !(a->watch & ~a->allow));
}

static void pack_egress(struct pack *k, struct policy_egress *e)
{
	pack_value(k, e->rule);
	pack_place(k, &e->at);
	pack_expect(k, e->rule.kind >= EGRESS_TLS && e->rule.kind <= EGRESS_WATCH &&
			       memchr(e->rule.host, '\0', sizeof(e->rule.host)) &&
			       e->rule.port_first <= e->rule.port_last);
	pack_expect(k, e->rule.kind == EGRESS_PRIVATE ?
			       prefix_is_valid(e->rule.family, e->rule.prefix) :
			       e->rule.host[0] != '\0');
}

static void pack_rights(struct pack *k, struct policy *p)
{
	size_t i;

	pack_value(k, p->rights);
	pack_value(k, p->kill_rights);
	pack_value(k, p->watch_rights);
	pack_value(k, p->effects_given);
	pack_expect(k, !((p->rights | p->kill_rights | p->watch_rights | p->effects_given) &
			 ~AGENTOS_RIGHTS_ALL) &&
			       !((p->kill_rights | p->watch_rights) & p->rights));
	for (i = 0; i < AGENTOS_RIGHT_COUNT; i++) {
		pack_place(k, &p->right_at[i]);
		pack_place(k, &p->effect_at[i]);
	}
}

static void pack_rules(struct pack *k, struct policy *p)
{
	size_t i;

	pack_count(k, &p->rule_count, AGENTOS_POLICY_RULES_MAX);
	p->rules = pack_array(k, p->rules, &p->rule_count, sizeof(*p->rules));
	for (i = 0; i < p->rule_count && !k->err; i++)
		pack_rule(k, &p->rules[i]);
	pack_count(k, &p->address_count, AGENTOS_NET_RULES_MAX);
	p->addresses = pack_array(k, p->addresses, &p->address_count, sizeof(*p->addresses));
	for (i = 0; i < p->address_count && !k->err; i++)
		pack_address(k, &p->addresses[i]);
	pack_count(k, &p->egress_count, LIMIT_EGRESS_RULES);
	p->egress = pack_array(k, p->egress, &p->egress_count, sizeof(*p->egress));
	for (i = 0; i < p->egress_count && !k->err; i++)
		pack_egress(k, &p->egress[i]);
}

static void pack_terms(struct pack *k, struct compiled_terms *t)
{
	size_t i;

	pack_bytes(k, t, sizeof(*t));
	for (i = 0; i < AGENTOS_RESOURCE_COUNT; i++)
		pack_expect(k, agentos_action_name(t->budgets[i].action));
	pack_expect(k, agentos_phase_name(t->schedule.phase));
}

/* All of it. Reading, counts say no more than what there is, also after a failure. */
static void pack_policy(struct pack *k, struct policy *p)
{
	uint32_t magic = PACK_MAGIC;

	pack_value(k, magic);
	pack_expect(k, magic == PACK_MAGIC);
	pack_texts(k, &p->files, NULL);
	pack_expect(k, !k->err && p->files);
	while (!k->err && p->files && p->files[k->files])
		k->files++;
	pack_expect(k, k->files > 0);
	pack_value(k, p->name);
	pack_expect(k, memchr(p->name, '\0', sizeof(p->name)) && p->name[0] &&
			       strspn(p->name, NAME_CHARS) == strlen(p->name));
	pack_text(k, &p->description);
	pack_rights(k, p);
	pack_rules(k, p);
	pack_flag(k, &p->env_scrub);
	pack_texts(k, &p->env_keep, &p->env_keep_at);
	pack_texts(k, &p->env_set, &p->env_set_at);
	pack_texts(k, &p->directories, &p->directories_at);
	pack_flag(k, &p->record_allowed);
	pack_flag(k, &p->strict);
	pack_place(k, &p->audit_at);
	pack_terms(k, &p->terms);
	pack_expect(k, !k->left);
}

int policy_pack(const struct policy *p, uint8_t **ret_bytes, size_t *ret_len)
{
	struct pack k = { 0 };
	struct policy copy = *p;

	/* Written from, never written to. */
	pack_policy(&k, &copy);
	if (k.err) {
		free(k.out);
		return k.err;
	}
	*ret_bytes = k.out;
	*ret_len = k.used;
	return 0;
}

int policy_unpack(const uint8_t *bytes, size_t len, struct policy **ret_policy)
{
	struct pack k = { .in = bytes, .left = len, .reading = true };
	struct policy *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	pack_policy(&k, p);
	if (k.err) {
		policy_free(p);
		return k.err;
	}
	*ret_policy = p;
	return 0;
}
