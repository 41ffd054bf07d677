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

struct rule_list {
	const char *name; /* as in the outline */
	char **items;
	uint64_t right; /* that it takes; 0: none */
	const char *right_name;
	uint32_t count;
	uint8_t allow;
	uint8_t deny;
	bool has_abstract; /* names that begin with '@' are not paths */
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

static bool rule_has_path(const void *path, const void *policy, size_t at)
{
	return strcmp(((const struct policy *)policy)->rules[at].path, path) == 0;
}

static struct policy_rule *rule_find(const struct build *b, const char *path)
{
	size_t at = index_find(&b->by_path, path_hash(path), rule_has_path, path, b->policy);

	return at == SIZE_MAX ? NULL : &b->policy->rules[at];
}

/* Named a second time, perhaps through a variable: both add up, unless they contradict. */
static int rule_merge(struct policy_rule *rule, const struct policy_rule *added,
		      const struct source *source)
{
	struct quote path = source_quote(added->path, strlen(added->path));

	if ((rule->allow | added->allow) && (rule->deny | added->deny))
		return source_fault(source, EINVAL, added->line,
				    "%s is both allowed and denied, here and on line %u; "
				    "take one out",
				    path.text, rule->line);
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
		return source_fault(source, E2BIG, added->line,
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
static int rule_append_copy(struct build *b, const struct policy_rule *added, const char *text,
			    const struct source *source)
{
	struct policy_rule rule = *added;
	int err;

	rule.path = strdup(text);
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
	return source_fault(source, EINVAL, rule->line,
			    "%s is \"/\" here, which would let the agent write everywhere; start "
			    "it in a directory of its own, or write \"/\" if that is meant",
			    source_quote(written, strlen(written)).text);
}

static int list_add(struct build *b, const struct rule_list *list,
		    const struct outline_place *place, const struct policy_vars *vars,
		    const struct source *source)
{
	struct policy_rule rule, *before;
	const char *written;
	uint32_t i;
	int err;

	for (i = 0; i < list->count; i++) {
		written = list->items[i];
		if (list->has_abstract && written[0] == '@')
			continue;
		rule = (struct policy_rule){
			.allow = list->allow,
			.deny = list->deny,
			.optional = written[0] == '-',
			.line = place->items[i],
		};
		err = expand_path(written + rule.optional, vars, source, rule.line, &rule.path);
		if (err)
			return err;
		err = rule_check_root(&rule, written, source);
		if (err) {
			free(rule.path);
			return err;
		}
		before = rule_find(b, rule.path);
		err = before ? rule_merge(before, &rule, source) : rule_append(b, &rule, source);
		if (before || err)
			free(rule.path);
		if (err)
			return err;
	}
	return 0;
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

static int names_add(struct build *b, const struct raw_files *files,
		     const struct outline_place *place, const struct source *source)
{
	struct policy_rule rule = { .deny = AGENTOS_FILE_ALL, .anywhere = true };
	uint32_t i;
	int err;

	if (files->deny_names_count > AGENTOS_PATTERNS_MAX)
		return source_fault(source, E2BIG, place->items[AGENTOS_PATTERNS_MAX],
				    "more than %d names are denied anywhere", AGENTOS_PATTERNS_MAX);
	for (i = 0; i < files->deny_names_count; i++) {
		rule.line = place->items[i];
		err = name_check(files->deny_names[i], rule.line, source);
		if (err)
			return err;
		if (rule_find(b, files->deny_names[i]))
			return source_fault(
				source, EINVAL, rule.line,
				"%s stands in \"deny-names\" twice; take one out",
				source_quote(files->deny_names[i], strlen(files->deny_names[i]))
					.text);
		err = rule_append_copy(b, &rule, files->deny_names[i], source);
		if (err)
			return err;
	}
	return 0;
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

/* Unix sockets by abstract name, which has no directory. */
static int abstract_add(struct build *b, const struct rule_list *list,
			const struct outline_place *place, const struct source *source)
{
	struct policy_rule rule = { .allow = AGENTOS_FILE_CONNECT, .abstract = true };
	uint32_t i, count = 0;
	const char *name, *star, *why;
	int err;

	for (i = 0; i < list->count; i++) {
		if (list->items[i][0] != '@')
			continue;
		name = list->items[i] + 1;
		star = strchr(name, '*');
		why = !*name ? "is no name of a socket; \"@*\" is each" :
		      strlen(name) >= AGENTOS_RULE_NAME_SIZE ?
			       "is longer than 63 bytes" :
		      star && ((star != name && star[1]) || strchr(star + 1, '*')) ?
			       "has a \"*\" that is not alone at "
			       "one end" :
		      ++count > AGENTOS_PATTERNS_MAX ? "is one more than 64 abstract names" :
						       NULL;
		rule.line = place->items[i];
		if (why)
			return source_fault(source, EINVAL, rule.line, "%s %s",
					    source_quote(name - 1, strlen(name) + 1).text, why);
		err = rule_append_copy(b, &rule, list->items[i], source);
		if (err)
			return err;
	}
	return 0;
}

/* What is allowed by its path and denied by its name would be denied: somebody errs. */
static int names_check(const struct policy *p, const struct source *source)
{
	const struct policy_rule *rule, *named;

	for (named = p->rules; named < p->rules + p->rule_count; named++) {
		for (rule = p->rules; named->anywhere && rule < p->rules + p->rule_count; rule++) {
			if (!rule->allow || rule->abstract ||
			    !name_fits(strrchr(rule->path, '/') + 1, named->path))
				continue;
			return source_fault(
				source, EINVAL, rule->line,
				"%s is allowed here and denied by its name on line %u; "
				"take one out",
				source_quote(rule->path, strlen(rule->path)).text, named->line);
		}
	}
	return 0;
}

/* A right that no rule uses, or rules that no right switches on, would be a mere declaration. */
static int list_check_right(const struct policy *p, const struct rule_list *list,
			    const struct outline_place *place, const struct outline *outline,
			    const struct source *source)
{
	const char *key = strchr(list->name, '.') + 1;

	if (!list->right)
		return 0;
	if ((p->rights & list->right) && !place)
		return source_fault(source, EINVAL, outline_find(outline, "rights")->line,
				    "right %s has no effect without \"%s:\" paths under \"%.*s:\"; "
				    "add them, or take the right out",
				    list->right_name, key, (int)(key - list->name) - 1, list->name);
	if (!(p->rights & list->right) && place)
		return source_fault(source, EINVAL, place->line,
				    "\"%s\" has no effect without the right %s; add it to "
				    "\"rights\", or take the paths out",
				    list->name, list->right_name);
	return 0;
}

int rules_build(struct policy *p, const struct raw_policy *raw, const struct outline *outline,
		const struct policy_vars *vars, const struct source *source)
{
	static const struct raw_files no_files;
	static const struct raw_network no_network;
	const struct raw_files *files = raw->files ? raw->files : &no_files;
	const struct raw_network *network = raw->network ? raw->network : &no_network;
	const struct rule_list lists[] = {
		{ "files.read", files->read, AGENTOS_RIGHT(FILE_READ), "file-read",
		  files->read_count, .allow = AGENTOS_FILE_READ },
		{ "files.write", files->write, AGENTOS_RIGHT(FILE_WRITE), "file-write",
		  files->write_count, .allow = AGENTOS_FILE_WRITE },
		{ "files.exec", files->exec, AGENTOS_RIGHT(FILE_EXEC), "file-exec",
		  files->exec_count, .allow = AGENTOS_FILE_EXEC },
		{ "files.deny", files->deny, 0, NULL, files->deny_count, .deny = AGENTOS_FILE_ALL },
		{ "network.unix", network->unix_, AGENTOS_RIGHT(UNIX_CONNECT), "unix-connect",
		  network->unix__count, .allow = AGENTOS_FILE_CONNECT, .has_abstract = true },
	};
	struct build build = { .policy = p };
	const struct outline_place *place;
	size_t i;
	int err = 0;

	for (i = 0; !err && i < sizeof(lists) / sizeof(lists[0]); i++) {
		place = outline_find(outline, lists[i].name);
		err = list_check_right(p, &lists[i], place, outline, source);
		if (!err && place)
			err = list_add(&build, &lists[i], place, vars, source);
	}
	place = outline_find(outline, "files.deny-names");
	if (!err && place)
		err = names_add(&build, files, place, source);
	/* Last: what they are called is not what a file is. */
	place = outline_find(outline, "network.unix");
	if (!err && place)
		err = abstract_add(&build, &lists[4], place, source);
	if (!err)
		err = names_check(p, source);
	index_release(&build.by_path);
	return err;
}
