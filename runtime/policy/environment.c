// SPDX-License-Identifier: GPL-2.0-or-later
/* Variables that are kept and set, directories that are made. */
#include "policy/environment.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/expand.h"

#define ENV_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* A list of texts that is being built, with where each stands. */
struct texts {
	const char *name; /* as in the outline */
	char ***texts;	  /* NULL-terminated */
	struct policy_place **places;
	size_t limit;
	bool set; /* NAME=VALUE, of which there is one for each NAME */
};

static struct texts kept_of(struct policy *p)
{
	return (struct texts){ "environment.keep", &p->env_keep, &p->env_keep_at, LIMIT_POLICY_ENV,
			       false };
}

static struct texts set_of(struct policy *p)
{
	return (struct texts){ "environment.set", &p->env_set, &p->env_set_at, LIMIT_POLICY_ENV,
			       true };
}

static struct texts directories_of(struct policy *p)
{
	return (struct texts){ "directories", &p->directories, &p->directories_at,
			       LIMIT_POLICY_DIRS, false };
}

static size_t texts_count(const struct texts *t)
{
	size_t count = 0;

	while (*t->texts && (*t->texts)[count])
		count++;
	return count;
}

/* What a text is about: all of it, or the variable. */
static size_t text_subject(const struct texts *t, const char *text)
{
	return t->set ? strcspn(text, "=") + 1 : strlen(text) + 1;
}

/* Where the list has the same already, or SIZE_MAX. */
static size_t texts_find(const struct texts *t, const char *text)
{
	size_t i;

	for (i = 0; *t->texts && (*t->texts)[i]; i++)
		if (strncmp((*t->texts)[i], text, text_subject(t, text)) == 0)
			return i;
	return SIZE_MAX;
}

static void texts_remove(const struct texts *t, size_t at)
{
	size_t count = texts_count(t);

	free((*t->texts)[at]);
	memmove(*t->texts + at, *t->texts + at + 1, (count - at) * sizeof(**t->texts));
	memmove(*t->places + at, *t->places + at + 1, (count - at - 1) * sizeof(**t->places));
}

/* Takes text over on success. */
static int texts_append(const struct texts *t, char *text, struct policy_place at,
			const struct source *source)
{
	size_t count = texts_count(t);
	struct policy_place *places;
	char **texts;

	if (count == t->limit)
		return source_fault(source, EINVAL, at.line, "\"%s\" has more than %zu items",
				    t->name, t->limit);
	texts = reallocarray(*t->texts, count + 2, sizeof(*texts));
	if (!texts)
		return source_fault(source, ENOMEM, 0, "out of memory");
	*t->texts = texts;
	texts[count] = NULL;
	places = reallocarray(*t->places, count + 1, sizeof(*places));
	if (!places)
		return source_fault(source, ENOMEM, 0, "out of memory");
	*t->places = places;
	places[count] = at;
	texts[count] = text;
	texts[count + 1] = NULL;
	return 0;
}

/*
 * Adds a text, which is taken over in any case. Files that are included side by
 * side may each name it, if they mean the same; one file names it once.
 */
static int texts_add(const struct texts *t, char *text, struct policy_place at,
		     const struct source *source)
{
	size_t before = texts_find(t, text);
	int err = 0;

	if (before == SIZE_MAX) {
		err = texts_append(t, text, at, source);
		if (err)
			free(text);
		return err;
	}
	if ((*t->places)[before].file == source->number || strcmp((*t->texts)[before], text) != 0)
		err = source_fault(source, EINVAL, at.line,
				   "%s stands in \"%s\" twice, here and %s; take one out",
				   source_quote(text, strcspn(text, "=")).text, t->name,
				   source_elsewhere(source, (*t->places)[before]).text);
	free(text);
	return err;
}

static int check_kept(const char *text, const struct source *source, uint32_t line)
{
	size_t named = strspn(text, ENV_CHARS);

	if (!isdigit((unsigned char)text[0]) && !strcmp(text + named + (text[named] == '*'), ""))
		return 0;
	return source_fault(source, EINVAL, line,
			    "%s is no name of a variable; write NAME, or PREFIX_* for all that "
			    "begin so",
			    source_quote(text, strlen(text)).text);
}

static int check_set(const char *text, const struct source *source, uint32_t line)
{
	size_t named = strspn(text, ENV_CHARS);

	if (!named || isdigit((unsigned char)text[0]) || text[named] != '=')
		return source_fault(source, EINVAL, line, "%s sets no variable; write NAME=VALUE",
				    source_quote(text, strlen(text)).text);
	if (text[named + 1] == '~')
		return source_fault(source, EINVAL, line,
				    "\"~\" means nothing in the value of a variable; write "
				    "${HOME}");
	return 0;
}

static int build_kept(struct policy *p, const struct document *d)
{
	const struct raw_list raw = raw_list(d->raw, "environment.keep");
	const struct texts kept = kept_of(p);
	struct policy_place at;
	char *text;
	uint32_t i;
	int err = 0;

	for (i = 0; i < raw.count && !err; i++) {
		at = document_item_at(d, kept.name, i);
		err = check_kept(raw.items[i], &d->source, at.line);
		if (err)
			break;
		text = strdup(raw.items[i]);
		if (!text)
			return source_fault(&d->source, ENOMEM, 0, "out of memory");
		err = texts_add(&kept, text, at, &d->source);
	}
	return err;
}

static int build_set(struct policy *p, const struct document *d, const struct policy_vars *vars)
{
	const struct raw_list raw = raw_list(d->raw, "environment.set");
	const struct texts set = set_of(p);
	struct policy_place at;
	char *text;
	uint32_t i;
	int err = 0;

	for (i = 0; i < raw.count && !err; i++) {
		at = document_item_at(d, set.name, i);
		err = check_set(raw.items[i], &d->source, at.line);
		if (!err)
			err = expand_text(raw.items[i], vars, &d->source, at.line, &text);
		if (!err)
			err = texts_add(&set, text, at, &d->source);
	}
	return err;
}

static int build_directories(struct policy *p, const struct document *d,
			     const struct policy_vars *vars)
{
	const struct raw_list raw = raw_list(d->raw, "directories");
	const struct texts directories = directories_of(p);
	struct policy_place at;
	char *path;
	uint32_t i;
	int err = 0;

	for (i = 0; i < raw.count && !err; i++) {
		at = document_item_at(d, directories.name, i);
		err = expand_path(raw.items[i], vars, &d->source, at.line, &path);
		if (!err)
			err = texts_add(&directories, path, at, &d->source);
	}
	return err;
}

/* Whether an item of keep and one of set are about the same variable. */
static bool is_same_variable(const char *kept, const char *set)
{
	size_t named = strcspn(set, "=");

	return strlen(kept) == named && memcmp(kept, set, named) == 0;
}

/* A variable cannot be what the caller had and something else. */
static int check_not_both(const struct policy *p, const struct source *own)
{
	struct source source;
	size_t i, k;

	for (i = 0; p->env_set && p->env_set[i]; i++)
		for (k = 0; p->env_keep && p->env_keep[k]; k++) {
			if (!is_same_variable(p->env_keep[k], p->env_set[i]))
				continue;
			source_init_at(&source, own->files, p->env_set_at[i].file, own->fault);
			return source_fault(
				&source, EINVAL, p->env_set_at[i].line,
				"%s is both set and kept, here and %s; take one out",
				source_quote(p->env_keep[k], strlen(p->env_keep[k])).text,
				source_elsewhere(&source, p->env_keep_at[k]).text);
		}
	return 0;
}

int environment_build(struct policy *p, const struct layer *layer)
{
	const struct document *d;
	int err = 0;
	size_t i;

	for (i = 0; i < layer->count && !err; i++) {
		d = layer->documents[i];
		p->env_scrub = p->env_scrub || d->raw->environment;
		err = build_kept(p, d);
		if (!err)
			err = build_set(p, d, layer->vars);
		if (!err)
			err = build_directories(p, d, layer->vars);
	}
	return err ? err : check_not_both(p, &layer->documents[0]->source);
}

/* Moves what later has on to the list, in the place of what is about the same. */
static int texts_overlay(const struct texts *t, const struct texts *later,
			 const struct source *source)
{
	struct source own;
	size_t i, before;
	int err = 0;

	for (i = 0; *later->texts && (*later->texts)[i] && !err; i++) {
		before = texts_find(t, (*later->texts)[i]);
		if (before != SIZE_MAX)
			texts_remove(t, before);
		source_init_at(&own, source->files, (*later->places)[i].file, source->fault);
		err = texts_append(t, (*later->texts)[i], (*later->places)[i], &own);
		if (err)
			break;
	}
	/* What was moved is the list's. */
	if (i)
		memmove(*later->texts, *later->texts + i,
			(texts_count(later) - i + 1) * sizeof(**later->texts));
	return err;
}

/* What is set now is no longer kept, and the other way round. */
static void forget_other(struct policy *base, const struct policy *top)
{
	const struct texts kept = kept_of(base), set = set_of(base);
	size_t i, k;

	for (i = 0; top->env_set && top->env_set[i]; i++)
		for (k = 0; base->env_keep && base->env_keep[k]; k++)
			if (is_same_variable(base->env_keep[k], top->env_set[i]))
				texts_remove(&kept, k--);
	for (k = 0; top->env_keep && top->env_keep[k]; k++)
		for (i = 0; base->env_set && base->env_set[i]; i++)
			if (is_same_variable(top->env_keep[k], base->env_set[i]))
				texts_remove(&set, i--);
}

int environment_overlay(struct policy *base, struct policy *top, const struct source *source)
{
	const struct texts below[] = { kept_of(base), set_of(base), directories_of(base) };
	const struct texts above[] = { kept_of(top), set_of(top), directories_of(top) };
	int err = 0;
	size_t i;

	base->env_scrub = base->env_scrub || top->env_scrub;
	forget_other(base, top);
	for (i = 0; i < sizeof(below) / sizeof(below[0]) && !err; i++)
		err = texts_overlay(&below[i], &above[i], source);
	return err;
}
