// SPDX-License-Identifier: GPL-2.0-or-later
/* extends: and include: followed, within their limits, to files that do not lead back. */
#include "policy/compose.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/limits.h"
#include "policy/expand.h"
#include "policy/hosts.h"
#include "policy/layer.h"
#include "policy/overlay.h"
#include "policy/whole.h"

/* What is being put together. */
struct compose {
	const struct policy_vars *vars;
	const struct policy_loader *loader;
	struct fault *fault;
	char **files; /* LIMIT_POLICY_FILES of them, and a NULL: it never moves */
	uint32_t file_count;
	size_t read; /* files that were read; one may have been more than once */
};

/* A file on the way from the first one to the one that is read now. */
struct way {
	const struct way *before;
	uint32_t file;
	unsigned int depth;
};

/* A line that leads to another file. */
struct reference {
	const struct document *document;
	const char *key; /* "extends", "include" */
	const char *written;
	uint32_t line;
};

/* What find() calls it; in messages the first one is called as policy_parse() was told. */
static const char *file_found_as(const struct compose *c, uint32_t file)
{
	return file || !c->loader->first ? c->files[file] : c->loader->first;
}

static int reference_fault(const struct reference *r, int err, const struct fault *f)
{
	return source_fault(&r->document->source, -err, r->line, "\"%s\": %s", r->key, f->text);
}

/* The number of a file; takes its name over on success. */
static int file_number(struct compose *c, const struct reference *r, char *name,
		       uint32_t *ret_number)
{
	uint32_t i;

	if (c->read++ == LIMIT_POLICY_FILES)
		return source_fault(&r->document->source, E2BIG, r->line,
				    "\"%s\" makes it more than %d files, the most a policy may be "
				    "made up of",
				    r->key, LIMIT_POLICY_FILES);
	for (i = 0; i < c->file_count; i++) {
		if (strcmp(file_found_as(c, i), name) == 0) {
			free(name);
			*ret_number = i;
			return 0;
		}
	}
	c->files[c->file_count] = name;
	*ret_number = c->file_count++;
	return 0;
}

static void way_print(const struct compose *c, const struct way *way, uint32_t from, char *out,
		      size_t size)
{
	char safe[256];
	size_t used;

	if (way->file != from)
		way_print(c, way->before, from, out, size);
	else
		out[0] = '\0';
	used = strlen(out);
	escape_text(safe, sizeof(safe), c->files[way->file], strlen(c->files[way->file]));
	snprintf(out + used, size - used, "%s -> ", safe);
}

/* A file that is on the way already would never end; a long way is somebody's mistake. */
static int way_check(const struct compose *c, const struct way *way, const struct reference *r,
		     uint32_t next)
{
	const struct way *at;
	char round[FAULT_SIZE], safe[256];

	for (at = way; at; at = at->before) {
		if (at->file != next)
			continue;
		way_print(c, way, next, round, sizeof(round));
		escape_text(safe, sizeof(safe), c->files[next], strlen(c->files[next]));
		return source_fault(&r->document->source, ELOOP, r->line,
				    "\"%s\" leads back to where it came from: %s%s", r->key, round,
				    safe);
	}
	if (way->depth == LIMIT_POLICY_DEPTH)
		return source_fault(&r->document->source, E2BIG, r->line,
				    "\"%s\" is one file deeper than %d, the most that one may lead "
				    "to the next",
				    r->key, LIMIT_POLICY_DEPTH);
	return 0;
}

/* Asks for what a line means. -ENOENT with the fault set: there is no such thing. */
static int reference_find(const struct compose *c, const struct reference *r, enum policy_link link,
			  const char *name, struct policy_found *ret_found)
{
	const char *from = file_found_as(c, r->document->source.number);
	struct fault f = { "" };
	int err;

	err = c->loader->find(c->loader->cookie, link, name, from, ret_found, &f);
	return err ? reference_fault(r, err, &f) : 0;
}

static void found_release(struct policy_found *found)
{
	size_t i;

	for (i = 0; found->entries && found->entries[i]; i++)
		free(found->entries[i]);
	free(found->entries);
	free(found->file);
	free(found->bytes);
}

static int layer_add(struct compose *c, struct layer *layer, enum document_kind kind,
		     const char *bytes, size_t len, const struct way *way);

/* Takes what was found into the layer, unless it is there already. */
static int include_file(struct compose *c, struct layer *layer, const struct reference *r,
			struct policy_found *found, const struct way *way)
{
	struct way next = { .before = way, .depth = way->depth + 1 };
	size_t i;
	int err;

	err = file_number(c, r, found->file, &next.file);
	if (err)
		return err;
	found->file = NULL;
	err = way_check(c, way, r, next.file);
	if (err)
		return err;
	for (i = 0; i < layer->count; i++)
		if (layer->documents[i]->source.number == next.file)
			return 0;
	return layer_add(c, layer, DOCUMENT_PART, found->bytes, found->len, &next);
}

static int include_entries(struct compose *c, struct layer *layer, const struct reference *r,
			   char **entries, const struct way *way)
{
	struct policy_found found;
	int err = 0;

	for (; *entries && !err; entries++) {
		found = (struct policy_found){ .file = NULL };
		err = reference_find(c, r, POLICY_ENTRY, *entries, &found);
		if (!err)
			err = include_file(c, layer, r, &found, way);
		found_release(&found);
	}
	return err;
}

static int include_item(struct compose *c, struct layer *layer, const struct reference *r,
			const struct way *way)
{
	const bool optional = r->written[0] == '-';
	struct policy_found found = { .file = NULL };
	char *name = NULL;
	int err;

	err = expand_text(r->written + optional, c->vars, &r->document->source, r->line, &name);
	if (err)
		return err;
	/* What is empty would be the directory of the file itself. */
	err = name[0] ? reference_find(c, r, POLICY_INCLUDE, name, &found) :
			source_fault(&r->document->source, EINVAL, r->line,
				     "an item of \"include\" names no file");
	if (err == -ENOENT && optional)
		err = 0;
	else if (!err)
		err = found.entries ? include_entries(c, layer, r, found.entries, way) :
				      include_file(c, layer, r, &found, way);
	found_release(&found);
	free(name);
	return err;
}

static int check_loader(const struct compose *c, const struct reference *r)
{
	if (c->loader)
		return 0;
	return source_fault(&r->document->source, EINVAL, r->line,
			    "\"%s\" names other files, and none can be read here", r->key);
}

/* Adds a file, then all that it includes. */
static int layer_add(struct compose *c, struct layer *layer, enum document_kind kind,
		     const char *bytes, size_t len, const struct way *way)
{
	struct document *d = calloc(1, sizeof(*d));
	struct reference r = { .document = d, .key = "include" };
	struct raw_list raw;
	uint32_t i;
	int err;

	if (!d)
		return fault_set(c->fault, ENOMEM, "out of memory");
	layer->documents[layer->count++] = d;
	source_init_at(&d->source, c->files, way->file, c->fault);
	err = document_read(d, kind, bytes, len);
	if (err)
		return err;
	raw = raw_list(d->raw, r.key);
	for (i = 0; i < raw.count && !err; i++) {
		r.written = raw.items[i];
		r.line = document_item_at(d, r.key, i).line;
		err = check_loader(c, &r);
		if (!err)
			err = include_item(c, layer, &r, way);
	}
	return err;
}

static int compose(struct compose *c, const char *bytes, size_t len, const struct way *way,
		   struct policy **ret_policy);

/* The policy that this one is laid upon. */
static int compose_base(struct compose *c, const struct document *d, const struct way *way,
			struct policy **ret_base)
{
	struct reference r = { .document = d,
			       .key = "extends",
			       .written = d->raw->extends,
			       .line = document_key_at(d, "extends").line };
	struct way next = { .before = way, .depth = way->depth + 1 };
	struct policy_found found = { .file = NULL };
	char *name = NULL;
	int err;

	err = check_loader(c, &r);
	if (!err)
		err = expand_text(r.written, c->vars, &d->source, r.line, &name);
	if (!err)
		err = reference_find(c, &r, POLICY_EXTENDS, name, &found);
	if (!err)
		err = file_number(c, &r, found.file, &next.file);
	if (!err)
		found.file = NULL;
	if (!err)
		err = way_check(c, way, &r, next.file);
	if (!err)
		err = compose(c, found.bytes, found.len, &next, ret_base);
	found_release(&found);
	free(name);
	return err;
}

/* What a file, what it includes and what it extends come to. */
static int compose(struct compose *c, const char *bytes, size_t len, const struct way *way,
		   struct policy **ret_policy)
{
	struct layer *layer = calloc(1, sizeof(*layer));
	struct policy *own = NULL, *base = NULL;
	int err;

	if (!layer)
		return fault_set(c->fault, ENOMEM, "out of memory");
	layer->vars = c->vars;
	err = layer_add(c, layer, DOCUMENT_POLICY, bytes, len, way);
	if (err)
		goto out;
	layer->extends = layer->documents[0]->raw->extends;
	err = layer_build(layer, &own);
	if (!err && layer->extends)
		err = compose_base(c, layer->documents[0], way, &base);
	if (!err && base)
		err = overlay_policy(base, own, layer);
	if (!err)
		err = whole_check(base ? base : own, layer);
	if (err)
		goto out;
	*ret_policy = base ? base : own;
	if (base)
		base = NULL;
	else
		own = NULL;
out:
	policy_free(base);
	policy_free(own);
	layer_release(layer);
	free(layer);
	return err;
}

int compose_policy(const char *bytes, size_t len, const char *file, const struct policy_vars *vars,
		   const struct policy_loader *loader, struct policy **ret_policy, struct fault *f)
{
	struct compose c = { .vars = vars, .loader = loader, .fault = f };
	struct way way = { .file = 0 };
	struct policy *policy = NULL;
	size_t i;
	int err;

	c.files = calloc(LIMIT_POLICY_FILES + 1, sizeof(*c.files));
	if (!c.files)
		return fault_set(f, ENOMEM, "out of memory");
	c.files[0] = strdup(file);
	c.file_count = c.read = 1;
	err = c.files[0] ? compose(&c, bytes, len, &way, &policy) :
			   fault_set(f, ENOMEM, "out of memory");
	if (!err) {
		hosts_number(policy);
		policy->files = c.files;
		*ret_policy = policy;
		return 0;
	}
	for (i = 0; i < c.file_count; i++)
		free(c.files[i]);
	free(c.files);
	return err;
}
