// SPDX-License-Identifier: GPL-2.0-or-later
/* Paths of the lists merged into rules. */
#include "policy/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agentos_event.h"
#include "agentos_rights.h"
#include "base/index.h"
#include "policy/expand.h"

/* The lists of paths, in the order in which their rules are numbered. */
static const struct rule_list {
	const char *name; /* as in the outline */
	uint8_t allow;
	uint8_t deny;
	uint8_t kill, watch;
	bool has_abstract; /* names that begin with '@' are not paths */
} lists[] = {
	{ "files.read", .allow = AGENTOS_FILE_READ },
	{ "files.write", .allow = AGENTOS_FILE_WRITE },
	{ "files.exec", .allow = AGENTOS_FILE_EXEC },
	{ "files.deny", .deny = AGENTOS_FILE_ALL },
	{ "files.deny-write", .deny = AGENTOS_FILE_WRITE },
	{ "files.kill", .deny = AGENTOS_FILE_ALL, .kill = AGENTOS_FILE_ALL },
	{ "files.watch", .allow = AGENTOS_FILE_ALL, .watch = AGENTOS_FILE_ALL },
	{ "network.unix", .allow = AGENTOS_FILE_CONNECT, .has_abstract = true },
};

/* What each right switches on. */
static const struct {
	uint64_t right;
	uint8_t acts;
} switched[] = {
	{ AGENTOS_RIGHT(FILE_READ), AGENTOS_FILE_READ },
	{ AGENTOS_RIGHT(FILE_WRITE), AGENTOS_FILE_WRITE },
	{ AGENTOS_RIGHT(FILE_EXEC), AGENTOS_FILE_EXEC },
	{ AGENTOS_RIGHT(UNIX_CONNECT), AGENTOS_FILE_CONNECT },
};

/* What is being built. */
struct build {
	struct policy *policy;
	struct index by_path;
	size_t room; /* at policy->rules */
};

static uint64_t path_hash(const char *path)
{
	return index_hash(INDEX_HASH, path, strlen(path));
}

static uint64_t rule_hash(const void *policy, size_t at)
{
	return path_hash(((const struct policy *)policy)->rules[at].path);
}

/* A name that is denied, and an abstract name, may be spelt like a path or each other. */
static bool rule_is_alike(const void *wanted, const void *policy, size_t at)
{
	const struct policy_rule *rule = &((const struct policy *)policy)->rules[at], *w = wanted;

	return rule->anywhere == w->anywhere && rule->abstract == w->abstract &&
	       strcmp(rule->path, w->path) == 0;
}

/* The rule on the same as this one. */
static struct policy_rule *rule_find(const struct build *b, const struct policy_rule *like)
{
	size_t at = index_find(&b->by_path, path_hash(like->path), rule_is_alike, like, b->policy);

	return at == SIZE_MAX ? NULL : &b->policy->rules[at];
}

/* Named a second time, perhaps through a variable: both add up, unless they contradict. */
static int rule_merge(struct policy_rule *rule, const struct policy_rule *added,
		      const struct source *source)
{
	const bool denied_first = rule->deny & added->allow;
	const bool kills = rule->deny & added->deny & (rule->kill ^ added->kill);
	const bool watches = rule->allow & added->allow & (rule->watch ^ added->watch);
	/* Names are watched without being allowed. */
	const bool hides = rule->deny & added->watch & ~added->allow;
	const char *what = kills   ? "denied and killed for" :
			   hides   ? "denied and watched" :
			   watches ? "allowed and watched" :
				     "allowed and denied";

	if (denied_first || rule->allow & added->deny || kills || hides || watches)
		return source_fault(
			source, EINVAL, added->at.line, "%s is both %s, here and %s; take one out",
			source_quote(added->path, strlen(added->path)).text, what,
			source_elsewhere(source,
					 denied_first || kills || hides ? rule->deny_at : rule->at)
				.text);
	rule->kill |= added->kill;
	rule->watch |= added->watch;
	if (added->allow && !rule->allow)
		rule->at = added->at;
	if (added->deny && !rule->deny)
		rule->deny_at = added->deny_at;
	rule->allow |= added->allow;
	rule->deny |= added->deny;
	rule->optional = rule->optional && added->optional;
	return 0;
}

/* Takes added->path over on success. */
static int rule_append(struct build *b, const struct policy_rule *added,
		       const struct source *source)
{
	struct policy *p = b->policy;
	struct policy_rule *rules;
	size_t room;

	if (p->rule_count == AGENTOS_POLICY_RULES_MAX)
		return source_fault(source, E2BIG, added->at.line,
				    "more than %d rules; name directories instead of what is in "
				    "them",
				    AGENTOS_POLICY_RULES_MAX);
	if (!p->rules || p->rule_count == b->room) {
		room = b->room ? 2 * b->room : 32;
		rules = reallocarray(p->rules, room, sizeof(*rules));
		if (!rules)
			return source_fault(source, ENOMEM, 0, "out of memory");
		p->rules = rules;
		b->room = room;
	}
	p->rules[p->rule_count] = *added;
	if (index_add(&b->by_path, p->rule_count, rule_hash, p))
		return source_fault(source, ENOMEM, 0, "out of memory");
	p->rule_count++;
	return 0;
}

/* The same with a copy of what it is about. */
static int rule_append_copy(struct build *b, const struct policy_rule *added,
			    const struct source *source)
{
	struct policy_rule rule = *added;
	int err;

	rule.path = strdup(added->path);
	if (!rule.path)
		return source_fault(source, ENOMEM, 0, "out of memory");
	err = rule_append(b, &rule, source);
	if (err)
		free(rule.path);
	return err;
}

/* Started in "/" by accident, an agent would have all of the machine for its workspace. */
static int rule_check_root(const struct policy_rule *rule, const char *written,
			   const struct source *source)
{
	if (!(rule->allow & AGENTOS_FILE_WRITE) || strcmp(rule->path, "/") != 0 ||
	    !strpbrk(written, "$~"))
		return 0;
	return source_fault(source, EINVAL, rule->at.line,
			    "%s is \"/\" here, which would let the agent write everywhere; start "
			    "it in a directory of its own, or write \"/\" if that is meant",
			    source_quote(written, strlen(written)).text);
}

static int path_add(struct build *b, const struct rule_list *list, const char *written,
		    const struct policy_vars *vars, const struct source *source,
		    struct policy_place at)
{
	struct policy_rule *before, rule = {
		.allow = list->allow,
		.deny = list->deny,
		.kill = list->kill,
		.watch = list->watch,
		.optional = written[0] == '-',
		.at = at,
		.deny_at = at,
	};
	int err;

	err = expand_path(written + rule.optional, vars, source, at.line, &rule.path);
	if (err)
		return err;
	err = rule_check_root(&rule, written, source);
	before = rule_find(b, &rule);
	if (!err)
		err = before ? rule_merge(before, &rule, source) : rule_append(b, &rule, source);
	if (before || err)
		free(rule.path);
	return err;
}

static int paths_add(struct build *b, const struct rule_list *list, const struct document *d,
		     const struct policy_vars *vars)
{
	const struct raw_list raw = raw_list(d->raw, list->name);
	uint32_t i;
	int err = 0;

	for (i = 0; i < raw.count && !err; i++)
		if (!list->has_abstract || raw.items[i][0] != '@')
			err = path_add(b, list, raw.items[i], vars, &d->source,
				       document_item_at(d, list->name, i));
	return err;
}

/* A name in any directory, as the module takes it. */
static int name_check(const char *name, uint32_t line, const struct source *source)
{
	size_t len = strlen(name), size = AGENTOS_RULE_NAME_SIZE;
	const char *star = strchr(name, '*');
	const char *why = NULL;

	if (strchr(name, '/'))
		why = "is a path; \"deny\" takes those, and \"deny-names\" what stands behind the "
		      "last \"/\"";
	else if (!len || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		why = "is no name of a file";
	else if (strcmp(name, "*") == 0)
		why = "is every name; take the rights away instead";
	else if (strpbrk(name, "?["))
		why = "is no pattern that is known; \"*\" at the beginning or at the end is";
	else if (star && ((star != name && star[1]) || strchr(star + 1, '*')))
		why = "has a \"*\" that is not alone at one end, as in \"id_*\" and \"*.pem\"";
	else if (len >= size)
		why = "is longer than 63 bytes";
	if (!why)
		return 0;
	return source_fault(source, EINVAL, line, "%s %s", source_quote(name, len).text, why);
}

/* The lists of names, in the order in which their rules are numbered, behind those of paths. */
static const struct rule_list lists_of_names[] = {
	{ "files.deny-names", .deny = AGENTOS_FILE_ALL },
	{ "files.kill-names", .deny = AGENTOS_FILE_ALL, .kill = AGENTOS_FILE_ALL },
	{ "files.watch-names", .watch = AGENTOS_FILE_ALL },
};

static int names_add(struct build *b, const struct rule_list *list, const struct document *d)
{
	const struct raw_list raw = raw_list(d->raw, list->name);
	struct policy_rule *before, rule = {
		.deny = list->deny,
		.kill = list->kill,
		.watch = list->watch,
		.anywhere = true,
	};
	uint32_t i;
	int err;

	for (i = 0; i < raw.count; i++) {
		rule.path = raw.items[i];
		rule.at = rule.deny_at = document_item_at(d, list->name, i);
		err = name_check(rule.path, rule.at.line, &d->source);
		if (err)
			return err;
		before = rule_find(b, &rule);
		if (before && before->kill == rule.kill && before->watch == rule.watch &&
		    before->at.file == d->source.number)
			return source_fault(&d->source, EINVAL, rule.at.line,
					    "%s stands in \"%s\" twice; take one out",
					    source_quote(rule.path, strlen(rule.path)).text,
					    strchr(list->name, '.') + 1);
		if (before)
			err = rule_merge(before, &rule, &d->source);
		if (err)
			return err;
		if (!before)
			err = rule_append_copy(b, &rule, &d->source);
		if (err)
			return err;
	}
	return 0;
}

/* Unix sockets by abstract name, which has no directory. */
static int abstract_add(struct build *b, const struct document *d)
{
	const struct raw_list raw = raw_list(d->raw, "network.unix");
	struct policy_rule rule = { .allow = AGENTOS_FILE_CONNECT, .abstract = true };
	const char *name, *star, *why;
	uint32_t i;
	int err = 0;

	for (i = 0; i < raw.count && !err; i++) {
		if (raw.items[i][0] != '@')
			continue;
		name = raw.items[i] + 1;
		star = strchr(name, '*');
		why = !*name ? "is no name of a socket; \"@*\" is each" :
		      strlen(name) >= AGENTOS_RULE_NAME_SIZE ?
			       "is longer than 63 bytes" :
		      star && ((star != name && star[1]) || strchr(star + 1, '*')) ?
			       "has a \"*\" that is not alone at "
			       "one end" :
			       NULL;
		rule.path = raw.items[i];
		rule.at = rule.deny_at = document_item_at(d, "network.unix", i);
		if (why)
			return source_fault(&d->source, EINVAL, rule.at.line, "%s %s",
					    source_quote(name - 1, strlen(name) + 1).text, why);
		if (!rule_find(b, &rule))
			err = rule_append_copy(b, &rule, &d->source);
	}
	return err;
}

int rules_build(struct policy *p, const struct layer *layer)
{
	struct build build = { .policy = p };
	int err = 0;
	size_t list, i;

	for (list = 0; list < sizeof(lists) / sizeof(lists[0]); list++)
		for (i = 0; i < layer->count && !err; i++)
			err = paths_add(&build, &lists[list], layer->documents[i], layer->vars);
	for (list = 0; list < sizeof(lists_of_names) / sizeof(lists_of_names[0]); list++)
		for (i = 0; i < layer->count && !err; i++)
			err = names_add(&build, &lists_of_names[list], layer->documents[i]);
	for (i = 0; i < layer->count && !err; i++)
		err = abstract_add(&build, layer->documents[i]);
	index_release(&build.by_path);
	return err;
}

/* Without the right a rule would be a mere declaration. */
static void rules_take(struct policy *p, uint64_t taken)
{
	uint8_t acts = 0;
	size_t i, kept = 0;

	for (i = 0; i < sizeof(switched) / sizeof(switched[0]); i++)
		if (taken & switched[i].right)
			acts |= switched[i].acts;
	for (i = 0; i < p->rule_count; i++) {
		struct policy_rule *rule = &p->rules[i];

		rule->allow &= (uint8_t)~acts;
		rule->watch &= (uint8_t)~acts;
		if (!rule->allow && !rule->deny && !rule->watch) {
			free(rule->path);
			continue;
		}
		if (!rule->allow)
			rule->at = rule->deny_at;
		p->rules[kept++] = *rule;
	}
	p->rule_count = kept;
}

/* What is said later counts, for what it is about. */
static void rule_override(struct policy_rule *rule, const struct policy_rule *later)
{
	uint8_t acts = later->allow | later->deny | later->watch;

	rule->allow = (rule->allow & (uint8_t)~acts) | later->allow;
	rule->deny = (rule->deny & (uint8_t)~acts) | later->deny;
	rule->kill = (rule->kill & (uint8_t)~acts) | later->kill;
	rule->watch = (rule->watch & (uint8_t)~acts) | later->watch;
	rule->optional = later->optional;
	if (later->allow)
		rule->at = later->at;
	if (later->deny)
		rule->deny_at = later->deny_at;
	if (later->watch & ~later->allow)
		rule->at = later->at;
	if (!rule->allow && !rule->watch)
		rule->at = rule->deny_at;
	if (!rule->deny)
		rule->deny_at = rule->at;
}

int rules_overlay(struct policy *base, struct policy *top, uint64_t taken,
		  const struct source *source)
{
	struct build build = { .policy = base };
	struct policy_rule *rule, *before;
	struct source own;
	int err = 0;
	size_t i;

	rules_take(base, taken);
	build.room = base->rule_count;
	for (i = 0; i < base->rule_count && !err; i++)
		if (index_add(&build.by_path, i, rule_hash, base))
			err = source_fault(source, ENOMEM, 0, "out of memory");
	for (i = 0; i < top->rule_count && !err; i++) {
		rule = &top->rules[i];
		before = rule_find(&build, rule);
		if (before) {
			rule_override(before, rule);
			continue;
		}
		source_init_at(&own, source->files, rule->at.file, source->fault);
		err = rule_append(&build, rule, &own);
		if (!err)
			rule->path = NULL;
	}
	index_release(&build.by_path);
	return err;
}
