// SPDX-License-Identifier: GPL-2.0-or-later
/* A policy's bytes made into a struct policy: shape, content, then meaning. */
#include "policy/policy.h"

#include <cyaml/cyaml.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentos_rights.h"
#include "base/escape.h"
#include "base/limits.h"
#include "policy/addresses.h"
#include "policy/expand.h"
#include "policy/outline.h"
#include "policy/rules.h"
#include "policy/schema.h"
#include "policy/source.h"

#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
#define ENV_CHARS  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* What the steps of one parse share. */
struct parse {
	const struct policy_vars *vars;
	const struct source *source;
	struct outline outline;
	struct raw_policy *raw;
	struct policy *policy;
};

static uint32_t line_of(const struct parse *p, const char *place)
{
	const struct outline_place *at = outline_find(&p->outline, place);

	return at ? at->line : 0;
}

static struct quote text_quote(const char *text)
{
	return source_quote(text, strlen(text));
}

static int out_of_memory(const struct parse *p)
{
	return source_fault(p->source, ENOMEM, 0, "out of memory");
}

static int build_name(struct parse *p)
{
	const char *name = p->raw->name;
	size_t len = strlen(name);

	if (len >= sizeof(p->policy->name) || strspn(name, NAME_CHARS) != len)
		return source_fault(p->source, EINVAL, line_of(p, "name"),
				    "name %s does not fit; it takes 1 to %zu letters, digits, "
				    "\".\", \"_\" and \"-\"",
				    text_quote(name).text, sizeof(p->policy->name) - 1);
	memcpy(p->policy->name, name, len + 1);
	if (p->raw->description) {
		p->policy->description = strdup(p->raw->description);
		if (!p->policy->description)
			return out_of_memory(p);
	}
	return 0;
}

static int right_unknown(const struct parse *p, const char *word, uint32_t line)
{
	static const char all[] =
#define RIGHT_IN_LIST(bit, NAME, name, enforcer, test, meaning) ", " name
		"all" AGENTOS_RIGHTS(RIGHT_IN_LIST);
	const char *nearest = policy_right_suggest(word);

	return source_fault(p->source, EINVAL, line, "unknown right %s%s%s%s rights are: %s",
			    text_quote(word).text, nearest ? "; did you mean " : "",
			    nearest ? nearest : "", nearest ? "?" : ";", all);
}

static int build_rights(struct parse *p)
{
	const struct outline_place *place = outline_find(&p->outline, "rights");
	const struct raw_policy *raw = p->raw;
	uint64_t right;
	uint32_t i;

	if (raw->rights_word) {
		if (strcmp(raw->rights_word, "all") == 0)
			p->policy->rights = AGENTOS_RIGHTS_ALL;
		else if (policy_right_by_name(raw->rights_word))
			return source_fault(p->source, EINVAL, place->line,
					    "\"rights\" must be a list: write [%s]",
					    raw->rights_word);
		else
			return right_unknown(p, raw->rights_word, place->line);
		return 0;
	}
	for (i = 0; i < raw->rights_count; i++) {
		right = strcmp(raw->rights[i], "all") == 0 ? AGENTOS_RIGHTS_ALL :
							     policy_right_by_name(raw->rights[i]);
		if (!right)
			return right_unknown(p, raw->rights[i], place->items[i]);
		if (p->policy->rights & right)
			return source_fault(p->source, EINVAL, place->items[i],
					    "right %s is given twice%s", raw->rights[i],
					    p->policy->rights == AGENTOS_RIGHTS_ALL ||
							    right == AGENTOS_RIGHTS_ALL ?
						    ": \"all\" has every other in it" :
						    "");
		p->policy->rights |= right;
	}
	return 0;
}

/* Room for count texts and the NULL behind them, after checking the limit. */
static int texts_new(const struct parse *p, const struct outline_place *place, uint32_t limit,
		     char ***ret_texts)
{
	if (place->count > limit)
		return source_fault(p->source, EINVAL, place->items[limit],
				    "\"%s\" has more than %u items", place->name, limit);
	*ret_texts = calloc(place->count + 1, sizeof(**ret_texts));
	return *ret_texts ? 0 : out_of_memory(p);
}

static int text_is_repeated(const struct parse *p, char **texts, uint32_t count, size_t compared,
			    const struct outline_place *place)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		if (strncmp(texts[i], texts[count], compared) == 0)
			return source_fault(p->source, EINVAL, place->items[count],
					    "%s stands in \"%s\" twice, here and on line %u; take "
					    "one out",
					    source_quote(texts[i], strcspn(texts[i], "=")).text,
					    place->name, place->items[i]);
	return 0;
}

static int build_env_keep(struct parse *p)
{
	const struct outline_place *place = outline_find(&p->outline, "environment.keep");
	const char *text;
	size_t named;
	uint32_t i;
	int err;

	if (!place)
		return 0;
	err = texts_new(p, place, LIMIT_POLICY_ENV, &p->policy->env_keep);
	for (i = 0; !err && i < place->count; i++) {
		text = p->raw->environment->keep[i];
		named = strspn(text, ENV_CHARS);
		if (isdigit((unsigned char)text[0]) ||
		    strcmp(text + named + (text[named] == '*'), ""))
			return source_fault(
				p->source, EINVAL, place->items[i],
				"%s is no name of a variable; write NAME, or PREFIX_* for "
				"all that begin so",
				text_quote(text).text);
		p->policy->env_keep[i] = strdup(text);
		if (!p->policy->env_keep[i])
			return out_of_memory(p);
		err = text_is_repeated(p, p->policy->env_keep, i, strlen(text) + 1, place);
	}
	return err;
}

/* A variable cannot be what the caller had and something else. */
static int check_not_kept(const struct parse *p, const char *set, size_t named, uint32_t line)
{
	const struct outline_place *place = outline_find(&p->outline, "environment.keep");
	size_t i;

	for (i = 0; place && i < place->count; i++)
		if (strlen(p->policy->env_keep[i]) == named &&
		    memcmp(p->policy->env_keep[i], set, named) == 0)
			return source_fault(
				p->source, EINVAL, line,
				"%s is both set and kept, here and on line %u; take one out",
				source_quote(set, named).text, place->items[i]);
	return 0;
}

static int build_env_set(struct parse *p)
{
	const struct outline_place *place = outline_find(&p->outline, "environment.set");
	const char *text;
	size_t named;
	uint32_t i;
	int err;

	if (!place)
		return 0;
	err = texts_new(p, place, LIMIT_POLICY_ENV, &p->policy->env_set);
	for (i = 0; !err && i < place->count; i++) {
		text = p->raw->environment->set[i];
		named = strspn(text, ENV_CHARS);
		if (!named || isdigit((unsigned char)text[0]) || text[named] != '=')
			return source_fault(p->source, EINVAL, place->items[i],
					    "%s sets no variable; write NAME=VALUE",
					    text_quote(text).text);
		if (text[named + 1] == '~')
			return source_fault(p->source, EINVAL, place->items[i],
					    "\"~\" means nothing in the value of a variable; write "
					    "${HOME}");
		err = expand_text(text, p->vars, p->source, place->items[i],
				  &p->policy->env_set[i]);
		if (!err)
			err = text_is_repeated(p, p->policy->env_set, i, named + 1, place);
		if (!err)
			err = check_not_kept(p, text, named, place->items[i]);
	}
	return err;
}

static int build_directories(struct parse *p)
{
	const struct outline_place *place = outline_find(&p->outline, "directories");
	const char *text;
	uint32_t i;
	int err;

	if (!place)
		return 0;
	err = texts_new(p, place, LIMIT_POLICY_DIRS, &p->policy->directories);
	for (i = 0; !err && i < place->count; i++) {
		text = p->raw->directories[i];
		err = expand_path(text, p->vars, p->source, place->items[i],
				  &p->policy->directories[i]);
		if (!err)
			err = text_is_repeated(p, p->policy->directories, i,
					       strlen(p->policy->directories[i]) + 1, place);
	}
	return err;
}

static int build_audit(struct parse *p)
{
	const char *audit = p->raw->audit;

	if (!audit || strcmp(audit, "denials") == 0)
		return 0;
	if (strcmp(audit, "all") != 0)
		return source_fault(p->source, EINVAL, line_of(p, "audit"),
				    "audit %s is unknown; valid are \"denials\" and \"all\"",
				    text_quote(audit).text);
	p->policy->record_allowed = true;
	return 0;
}

static int parse_build(struct parse *p)
{
	int err;

	if (line_of(p, "version") && p->raw->version != 1)
		return source_fault(p->source, EINVAL, line_of(p, "version"),
				    "version %u is not known; this version of AgentOS reads "
				    "\"version: 1\"",
				    p->raw->version);
	p->policy = calloc(1, sizeof(*p->policy));
	if (!p->policy)
		return out_of_memory(p);
	p->policy->env_scrub = p->raw->environment != NULL;
	err = build_name(p);
	if (!err)
		err = build_rights(p);
	if (!err)
		err = rules_build(p->policy, p->raw, &p->outline, p->vars, p->source);
	if (!err)
		err = addresses_build(p->policy, p->raw->network, &p->outline, p->source);
	if (!err)
		err = build_env_keep(p);
	if (!err)
		err = build_env_set(p);
	if (!err)
		err = build_directories(p);
	if (!err)
		err = build_audit(p);
	return err;
}

struct first_log {
	char text[160];
};

/* Only the first complaint says what is wrong; the rest is libcyaml's way back out. */
static void first_log_keep(cyaml_log_t level, void *cookie, const char *fmt, va_list args)
{
	struct first_log *log = cookie;
	char text[sizeof(log->text)];

	if (level < CYAML_LOG_ERROR || log->text[0])
		return;
	vsnprintf(text, sizeof(text), fmt, args);
	text[strcspn(text, "\n")] = '\0';
	escape_text(log->text, sizeof(log->text), text, strlen(text));
}

/* Loads what the outline found to be well-formed. */
static int parse_load(struct parse *p, const char *bytes, size_t len)
{
	struct first_log log = { "" };
	const cyaml_config_t config = {
		.log_fn = first_log_keep,
		.log_ctx = &log,
		.log_level = CYAML_LOG_ERROR,
		.mem_fn = cyaml_mem,
		.flags = CYAML_CFG_NO_ALIAS,
	};
	bool word = outline_find(&p->outline, SCHEMA_LIST_OR_WORD)->is_word;
	cyaml_data_t *data = NULL;
	cyaml_err_t err;

	err = cyaml_load_data((const uint8_t *)bytes, len, &config, schema_of_policy(word), &data,
			      NULL);
	if (err == CYAML_ERR_OOM)
		return out_of_memory(p);
	if (err != CYAML_OK || !data)
		return source_fault(p->source, EINVAL, 0, "not a valid policy: %s",
				    log.text[0] ? log.text : cyaml_strerror(err));
	p->raw = data;
	return 0;
}

static void parse_unload(struct parse *p)
{
	const cyaml_config_t config = { .mem_fn = cyaml_mem, .flags = CYAML_CFG_NO_ALIAS };

	if (p->raw)
		cyaml_free(&config, schema_of_policy(p->raw->rights_word != NULL), p->raw, 0);
}

int policy_parse(const char *bytes, size_t len, const char *file, const struct policy_vars *vars,
		 struct policy **ret_policy, struct fault *f)
{
	struct source source;
	struct parse p = { .vars = vars, .source = &source };
	int err;

	source_init(&source, file, f);
	if (len > LIMIT_POLICY_FILE)
		return source_fault(&source, E2BIG, 0,
				    "larger than %d bytes, the most a policy may be",
				    LIMIT_POLICY_FILE);
	if (vars->agent && (strchr(vars->agent, '/') || strcmp(vars->agent, "..") == 0))
		return source_fault(&source, EINVAL, 0, "the agent's name %s is not a plain name",
				    text_quote(vars->agent).text);
	err = outline_scan(bytes, len, schema_of_policy(false), &source, &p.outline);
	if (err)
		goto out;
	err = parse_load(&p, bytes, len);
	if (err)
		goto out;
	err = parse_build(&p);
	if (err)
		goto out;
	*ret_policy = p.policy;
	p.policy = NULL;
out:
	policy_free(p.policy);
	parse_unload(&p);
	outline_release(&p.outline);
	return err;
}

static void texts_free(char **texts)
{
	size_t i;

	for (i = 0; texts && texts[i]; i++)
		free(texts[i]);
	free(texts);
}

void policy_free(struct policy *p)
{
	size_t i;

	if (!p)
		return;
	for (i = 0; i < p->rule_count; i++)
		free(p->rules[i].path);
	free(p->rules);
	free(p->addresses);
	free(p->description);
	texts_free(p->env_keep);
	texts_free(p->env_set);
	texts_free(p->directories);
	free(p);
}
