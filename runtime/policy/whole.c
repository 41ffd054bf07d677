// SPDX-License-Identifier: GPL-2.0-or-later
/* Declarations without effect, and what contradicts itself from one end of a policy to the other. */
#include "policy/whole.h"

#include <errno.h>
#include <string.h>

#include "agentos.h"
#include "policy/addresses.h"
#include "policy/effects.h"
#include "policy/hosts.h"

/* A right, and the list of rules that it switches on. */
static const struct gate {
	uint64_t right;
	const char *name;
	const char *list;
	uint8_t acts;
	bool on_addresses;
} gates[] = {
	{ AGENTOS_RIGHT(FILE_READ), "file-read", "files.read", AGENTOS_FILE_READ, false },
	{ AGENTOS_RIGHT(FILE_WRITE), "file-write", "files.write", AGENTOS_FILE_WRITE, false },
	{ AGENTOS_RIGHT(FILE_EXEC), "file-exec", "files.exec", AGENTOS_FILE_EXEC, false },
	{ AGENTOS_RIGHT(UNIX_CONNECT), "unix-connect", "network.unix", AGENTOS_FILE_CONNECT,
	  false },
	{ AGENTOS_RIGHT(NET_CONNECT), "net-connect", "network.connect", AGENTOS_NET_CONNECT, true },
	{ AGENTOS_RIGHT(NET_LISTEN), "net-listen", "network.listen", AGENTOS_NET_LISTEN, true },
};

/* Of the file in which a place is. */
static struct source source_of(const struct layer *layer, struct policy_place at)
{
	const struct source *own = &layer->documents[0]->source;
	struct source source;

	source_init_at(&source, own->files, at.file, own->fault);
	return source;
}

static bool acts_are_allowed(const struct policy *p, const struct gate *gate)
{
	size_t i;

	/* Through the gateway. */
	if (gate->right == AGENTOS_RIGHT(NET_CONNECT) && hosts_are_allowed(p))
		return true;
	for (i = 0; i < (gate->on_addresses ? p->address_count : p->rule_count); i++)
		if ((gate->on_addresses ? p->addresses[i].allow : p->rules[i].allow) & gate->acts)
			return true;
	return false;
}

/* A right that no rule uses would be a mere declaration. */
static int check_right(const struct policy *p, const struct gate *gate, const struct layer *layer)
{
	struct policy_place at = p->right_at[__builtin_ctzll(gate->right)];
	const char *key = strchr(gate->list, '.') + 1;
	struct source source;

	if (!(p->rights & gate->right) || acts_are_allowed(p, gate))
		return 0;
	source = source_of(layer, at);
	return source_fault(
		&source, EINVAL, at.line,
		"right %s has no effect without \"%s:\" %s%s under \"%.*s:\"; add "
		"them%s, or take the right out",
		gate->name, key, gate->on_addresses ? "addresses" : "paths",
		gate->right == AGENTOS_RIGHT(NET_CONNECT) ? " or \"egress:\" names" : "",
		(int)(key - gate->list) - 1, gate->list,
		gate->on_addresses ? " (\"*\" is each)" : "");
}

/* And so would be rules that no right switches on. */
static int check_list(const struct policy *p, const struct gate *gate, const struct document *d)
{
	struct policy_place at = document_key_at(d, gate->list);

	if (!at.line || p->rights & gate->right)
		return 0;
	return source_fault(&d->source, EINVAL, at.line,
			    "\"%s\" has no effect without the right %s; add it to "
			    "\"rights\", or take the %s out",
			    gate->list, gate->name, gate->on_addresses ? "addresses" : "paths");
}

static int check_gates(const struct policy *p, const struct layer *layer)
{
	int err = 0;
	size_t g, i;

	for (g = 0; g < sizeof(gates) / sizeof(gates[0]) && !err; g++) {
		err = check_right(p, &gates[g], layer);
		for (i = 0; i < layer->count && !err; i++)
			err = check_list(p, &gates[g], layer->documents[i]);
	}
	return err;
}

static int check_rights(const struct policy *p, const struct layer *layer)
{
	const struct document *own = layer->documents[0];

	if (p->rights)
		return 0;
	if (layer->taken)
		return source_fault(&own->source, EINVAL, document_key_at(own, "rights").line,
				    "no right is left; an agent needs at least one");
	return source_fault(&own->source, EINVAL, 0,
			    "\"rights\" is missing, here and in what is included; a policy needs "
			    "at least \"name: my-policy\" and \"rights: [...]\"");
}

/* Does the name fit one that is denied anywhere? As the module has it. */
static bool name_fits(const char *name, const char *denied)
{
	size_t len = strlen(name), fixed = strlen(denied) - 1;

	if (denied[0] == '*')
		return len >= fixed && strcmp(name + len - fixed, denied + 1) == 0;
	if (denied[fixed] == '*')
		return strncmp(name, denied, fixed) == 0;
	return strcmp(name, denied) == 0;
}

/* What is allowed by its path and denied by its name would be denied: somebody errs. */
static int check_name(const struct policy *p, const struct policy_rule *named,
		      const struct layer *layer)
{
	const struct policy_rule *rule;
	struct source source;
	size_t i;

	for (i = 0; i < p->rule_count; i++) {
		rule = &p->rules[i];
		if (!rule->allow || rule->abstract ||
		    !name_fits(strrchr(rule->path, '/') + 1, named->path))
			continue;
		source = source_of(layer, rule->at);
		return source_fault(&source, EINVAL, rule->at.line,
				    "%s is allowed here and denied by its name %s; take one out",
				    source_quote(rule->path, strlen(rule->path)).text,
				    source_elsewhere(&source, named->at).text);
	}
	return 0;
}

static int check_names(const struct policy *p, const struct layer *layer)
{
	unsigned int names = 0, abstract = 0;
	const struct policy_rule *rule;
	struct source source;
	int err = 0;
	size_t i;

	for (i = 0; i < p->rule_count && !err; i++) {
		rule = &p->rules[i];
		names += rule->anywhere;
		abstract += rule->abstract;
		if (names > AGENTOS_PATTERNS_MAX || abstract > AGENTOS_PATTERNS_MAX) {
			source = source_of(layer, rule->at);
			return source_fault(
				&source, E2BIG, rule->at.line, "more than %d %s",
				AGENTOS_PATTERNS_MAX,
				rule->anywhere ? "names are denied or watched anywhere" :
						 "abstract names of Unix sockets");
		}
		if (rule->anywhere && rule->deny)
			err = check_name(p, rule, layer);
	}
	return err;
}

/* Whoever writes packets by itself writes their addresses. */
static int check_raw(const struct policy *p, const struct layer *layer)
{
	struct policy_place at = p->right_at[__builtin_ctzll(AGENTOS_RIGHT(NET_RAW))];
	unsigned int families = 0;
	struct source source;
	size_t i;

	if (!((p->rights | p->watch_rights) & AGENTOS_RIGHT(NET_RAW)) ||
	    !(p->rights & AGENTOS_RIGHT(NET_CONNECT)))
		return 0;
	if (!(p->rights & AGENTOS_RIGHT(NET_RAW)))
		at = p->effect_at[__builtin_ctzll(AGENTOS_RIGHT(NET_RAW))];
	for (i = 0; i < p->address_count; i++) {
		const struct policy_address *a = &p->addresses[i];

		if ((a->deny | a->watch) & AGENTOS_NET_CONNECT)
			break;
		if (!a->prefix && !a->port_first && a->port_last == UINT16_MAX &&
		    (a->allow & AGENTOS_NET_CONNECT) == AGENTOS_NET_CONNECT)
			families++;
	}
	if (families == 2 && i == p->address_count)
		return 0;
	source = source_of(layer, at);
	return source_fault(&source, EINVAL, at.line,
			    "right net-raw reaches each address, whatever \"network\" says; write "
			    "\"connect: ['*']\" and no \"deny\", \"kill\" or \"watch\" there, or "
			    "take the right out");
}

/* Rights switch on what is watched as well. */
static int check_watch(const struct policy *p, const struct layer *layer)
{
	static const struct {
		const char *list;
		uint64_t rights;
	} lists[] = {
		{ "files.watch", AGENTOS_RIGHT(FILE_READ) | AGENTOS_RIGHT(FILE_WRITE) |
					 AGENTOS_RIGHT(FILE_EXEC) | AGENTOS_RIGHT(UNIX_CONNECT) },
		{ "network.watch", AGENTOS_RIGHT(NET_CONNECT) | AGENTOS_RIGHT(NET_LISTEN) },
	};
	struct policy_place at;
	size_t i, list;

	for (list = 0; list < sizeof(lists) / sizeof(lists[0]); list++)
		for (i = 0; i < layer->count; i++) {
			at = document_key_at(layer->documents[i], lists[list].list);
			if (at.line && !(p->rights & lists[list].rights))
				return source_fault(
					&layer->documents[i]->source, EINVAL, at.line,
					"\"%s\" has no effect without a right that it "
					"is about; add one to \"rights\", or take it out",
					lists[list].list);
		}
	return 0;
}

static int check_deny(const struct policy *p, const struct layer *layer)
{
	struct policy_place at;
	size_t i;

	for (i = 0; i < p->address_count; i++)
		if (p->addresses[i].allow)
			return 0;
	for (i = 0; i < layer->count; i++) {
		at = document_key_at(layer->documents[i], "network.deny");
		if (at.line)
			return source_fault(
				&layer->documents[i]->source, EINVAL, at.line,
				"\"network.deny\" has no effect: no address is allowed");
	}
	return 0;
}

int whole_check(const struct policy *p, const struct layer *layer)
{
	int err;

	err = check_rights(p, layer);
	if (!err)
		err = check_gates(p, layer);
	if (!err)
		err = hosts_check(p, layer);
	if (!err)
		err = check_names(p, layer);
	if (!err)
		err = check_deny(p, layer);
	if (!err)
		err = addresses_check(p, layer);
	if (!err)
		err = check_watch(p, layer);
	if (!err)
		err = effects_check(p, layer);
	if (!err)
		err = check_raw(p, layer);
	return err;
}
