// SPDX-License-Identifier: GPL-2.0-or-later
/* All rows that there are: four tables, each found by name. */
#include "llm/catalog.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/index.h"
#include "llm/catalog_data.h"
#include "policy/suggest.h"

enum kind { KIND_PROVIDER, KIND_MODEL, KIND_ALIAS, KIND_FALLBACK, KINDS };

static const char *const kind_names[KINDS] = { "provider", "model", "alias", "fallback" };

/* What stands in a table; the file number tells whether a row is of the one being read. */
struct entry {
	const char *name;
	const void *row;
	unsigned int file;
};

struct table {
	struct entry *entries;
	size_t count, room;
	struct index index;
};

struct catalog {
	struct arena arena;
	struct table tables[KINDS];
	unsigned int files;
};

static uint64_t name_hash(const char *name)
{
	return index_hash(INDEX_HASH, name, strlen(name));
}

static uint64_t entry_hash(const void *cookie, size_t at)
{
	const struct table *t = cookie;

	return name_hash(t->entries[at].name);
}

static bool entry_equal(const void *wanted, const void *cookie, size_t at)
{
	const struct table *t = cookie;

	return strcmp(t->entries[at].name, wanted) == 0;
}

static struct entry *table_find(const struct table *t, const char *name)
{
	size_t at = index_find(&t->index, name_hash(name), entry_equal, name, t);

	return at == SIZE_MAX ? NULL : &t->entries[at];
}

static int table_add(struct table *t, const struct entry *entry)
{
	size_t room = t->room ? 2 * t->room : 64;
	struct entry *entries;
	int rc;

	if (t->count == t->room) {
		entries = reallocarray(t->entries, room, sizeof(*entries));
		if (!entries)
			return -ENOMEM;
		t->entries = entries;
		t->room = room;
	}
	t->entries[t->count] = *entry;
	rc = index_add(&t->index, t->count, entry_hash, t);
	if (!rc)
		t->count++;
	return rc;
}

static const void *row_find(const struct catalog *c, enum kind kind, const char *name)
{
	const struct entry *entry = table_find(&c->tables[kind], name);

	return entry ? entry->row : NULL;
}

static const void *row_at(const struct catalog *c, enum kind kind, size_t at)
{
	return at < c->tables[kind].count ? c->tables[kind].entries[at].row : NULL;
}

const struct provider *catalog_provider(const struct catalog *c, const char *name)
{
	return row_find(c, KIND_PROVIDER, name);
}

const struct model *catalog_model(const struct catalog *c, const char *name)
{
	return row_find(c, KIND_MODEL, name);
}

const struct catalog_alias *catalog_alias(const struct catalog *c, const char *name)
{
	return row_find(c, KIND_ALIAS, name);
}

const struct catalog_fallback *catalog_fallback(const struct catalog *c, const char *name)
{
	return row_find(c, KIND_FALLBACK, name);
}

const struct provider *catalog_provider_at(const struct catalog *c, size_t at)
{
	return row_at(c, KIND_PROVIDER, at);
}

const struct model *catalog_model_at(const struct catalog *c, size_t at)
{
	return row_at(c, KIND_MODEL, at);
}

const struct catalog_alias *catalog_alias_at(const struct catalog *c, size_t at)
{
	return row_at(c, KIND_ALIAS, at);
}

const struct catalog_fallback *catalog_fallback_at(const struct catalog *c, size_t at)
{
	return row_at(c, KIND_FALLBACK, at);
}

/* The last such row counts: an administrator's is behind those that are built in. */
const struct model *catalog_model_of(const struct catalog *c, const char *provider, const char *id)
{
	const struct table *t = &c->tables[KIND_MODEL];
	const struct model *model = row_find(c, KIND_MODEL, id);
	size_t i;

	if (model && !strcmp(model->provider, provider) && !strcmp(model->id, id))
		return model;
	for (i = t->count; i > 0; i--) {
		model = t->entries[i - 1].row;
		if (!strcmp(model->provider, provider) && !strcmp(model->id, id))
			return model;
	}
	return NULL;
}

/* --- reading --- */

struct reading {
	struct catalog *catalog;
	const char *where; /* kept; NULL: built in */
	struct row_reader reader;
};

static const struct provider *from_find(const void *cookie, const char *name)
{
	return catalog_provider(cookie, name);
}

static int read_provider(struct reading *r, const struct row *row, const void **ret,
			 struct fault *f)
{
	struct provider *p = arena_alloc(&r->catalog->arena, sizeof(*p));
	int rc;

	if (!p)
		return -ENOMEM;
	rc = provider_read(&r->reader, row, &r->catalog->arena, from_find, r->catalog, p, f);
	p->where = r->where;
	*ret = p;
	return rc;
}

static int read_model(struct reading *r, const struct row *row, const void **ret, struct fault *f)
{
	struct model *m = arena_alloc(&r->catalog->arena, sizeof(*m));
	int rc;

	if (!m)
		return -ENOMEM;
	rc = model_read(&r->reader, row, &r->catalog->arena, m, f);
	m->where = r->where;
	*ret = m;
	return rc;
}

static int set_alias_model(const struct row_context *c, const char *value, struct fault *f)
{
	struct catalog_alias *a = c->object;

	a->model = arena_copy(c->arena, value, strlen(value));
	return a->model ? 0 : -ENOMEM;
}

static int read_alias(struct reading *r, const struct row *row, const void **ret, struct fault *f)
{
	static const struct row_key keys[] = { { "model", set_alias_model, true, false } };
	struct catalog_alias *a = arena_alloc(&r->catalog->arena, sizeof(*a));
	const struct row_context context = { .arena = &r->catalog->arena, .object = a };

	if (!a)
		return -ENOMEM;
	a->name = arena_copy(&r->catalog->arena, row->name, strlen(row->name));
	if (!a->name)
		return -ENOMEM;
	a->where = r->where;
	a->line = row->line;
	*ret = a;
	return row_apply(&r->reader, row, keys, 1, &context, f);
}

static int set_fallback_to(const struct row_context *c, const char *value, struct fault *f)
{
	struct catalog_fallback *b = c->object;
	const char *list = NULL, *at;
	size_t len, i;

	while (row_list(value, &list, &at, &len)) {
		/* The first candidate is the model itself. */
		if (b->to_count == LIMIT_ROUTE - 1)
			return fault_set(f, EINVAL, "at most %d models are tried behind the first",
					 LIMIT_ROUTE - 1);
		if (!model_is_name(at, len))
			return fault_set(f, EINVAL, "it is names of models with commas between");
		for (i = 0; i < b->to_count; i++)
			if (strlen(b->to[i]) == len && !memcmp(b->to[i], at, len))
				return fault_set(f, EINVAL, "%s twice", b->to[i]);
		b->to[b->to_count] = arena_copy(c->arena, at, len);
		if (!b->to[b->to_count++])
			return -ENOMEM;
	}
	return 0;
}

static int read_fallback(struct reading *r, const struct row *row, const void **ret,
			 struct fault *f)
{
	static const struct row_key keys[] = { { "to", set_fallback_to, true, false } };
	struct catalog_fallback *b = arena_alloc(&r->catalog->arena, sizeof(*b));
	const struct row_context context = { .arena = &r->catalog->arena, .object = b };

	if (!b)
		return -ENOMEM;
	b->name = arena_copy(&r->catalog->arena, row->name, strlen(row->name));
	if (!b->name)
		return -ENOMEM;
	b->where = r->where;
	b->line = row->line;
	*ret = b;
	return row_apply(&r->reader, row, keys, 1, &context, f);
}

static int (*const readers[KINDS])(struct reading *r, const struct row *row, const void **ret,
				   struct fault *f) = { read_provider, read_model, read_alias,
							read_fallback };

/* In the place of what a file before had under this name, or behind all others. */
static int row_put(struct reading *r, enum kind kind, const char *name, const void *row,
		   struct fault *f)
{
	struct table *t = &r->catalog->tables[kind];
	struct entry *entry = table_find(t, name);
	struct entry made = { .row = row, .file = r->catalog->files };

	if (entry && entry->file == made.file)
		return row_fault(&r->reader, f, "%s %.100s is in this file already",
				 kind_names[kind], name);
	if (entry) {
		entry->row = row;
		entry->file = made.file;
		return 0;
	}
	if (t->count == LIMIT_CATALOG_ROWS)
		return row_fault(&r->reader, f, "there are %d rows of the kind %s already",
				 LIMIT_CATALOG_ROWS, kind_names[kind]);
	made.name = arena_copy(&r->catalog->arena, name, strlen(name));
	return made.name ? table_add(t, &made) : -ENOMEM;
}

static int row_add(struct reading *r, const struct row *row, struct fault *f)
{
	struct fault why = { "" };
	const void *made = NULL;
	unsigned int kind;
	int rc;

	if (row_word(row->kind, strlen(row->kind), kind_names, KINDS, "kind of row", &kind, &why))
		return row_fault(&r->reader, f, "%s", why.text);
	if (!model_is_name(row->name, strlen(row->name)))
		return row_fault(&r->reader, f, "`%.100s` is no name", row->name);
	rc = readers[kind](r, row, &made, f);
	if (!rc)
		rc = row_put(r, (enum kind)kind, row->name, made, f);
	if (rc == -ENOMEM)
		fault_set(f, ENOMEM, "%.200s: not enough memory for its rows", r->reader.where);
	return rc;
}

static int file_read(struct catalog *c, const char *where, const char *text, size_t len,
		     struct fault *f)
{
	struct reading r = {
		.catalog = c,
		.reader = { .where = where ? where : "built in", .text = text, .len = len },
	};
	struct row row;
	int rc;

	if (len > LIMIT_CATALOG_FILE)
		return fault_set(f, E2BIG, "%.200s: longer than %d bytes", r.reader.where,
				 LIMIT_CATALOG_FILE);
	if (where) {
		r.where = arena_copy(&c->arena, where, strlen(where));
		if (!r.where)
			return fault_set(f, ENOMEM, "not enough memory");
	}
	c->files++;
	while ((rc = row_next(&r.reader, &row, f)) == 1) {
		rc = row_add(&r, &row, f);
		if (rc)
			return rc;
	}
	return rc;
}

int catalog_add(struct catalog *c, const char *where, const char *text, size_t len, struct fault *f)
{
	return file_read(c, where, text, len, f);
}

int catalog_create(struct catalog **ret_catalog, struct fault *f)
{
	struct catalog *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return fault_set(f, ENOMEM, "not enough memory");
	c->arena.limit = LIMIT_CATALOG;
	rc = file_read(c, NULL, catalog_providers, catalog_providers_size, f);
	if (!rc)
		rc = file_read(c, NULL, catalog_models, catalog_models_size, f);
	if (!rc)
		rc = catalog_finish(c, f);
	if (rc) {
		catalog_free(c);
		return rc;
	}
	*ret_catalog = c;
	return 0;
}

void catalog_free(struct catalog *c)
{
	size_t i;

	if (!c)
		return;
	for (i = 0; i < KINDS; i++) {
		free(c->tables[i].entries);
		index_release(&c->tables[i].index);
	}
	arena_release(&c->arena);
	free(c);
}

/* --- what rows name --- */

/* Is it a model, or "PROVIDER/MODEL"? Aliases stand for those, and for nothing else. */
static bool is_model(const struct catalog *c, const char *name)
{
	const char *slash = strchr(name, '/');
	char provider[LIMIT_PROVIDER_NAME + 1];

	if (catalog_model(c, name))
		return true;
	if (!slash || slash - name > LIMIT_PROVIDER_NAME)
		return false;
	memcpy(provider, name, (size_t)(slash - name));
	provider[slash - name] = '\0';
	return catalog_provider(c, provider) && model_is_name(slash + 1, strlen(slash + 1));
}

static int name_fault(const struct catalog *c, enum kind kind, const char *where, unsigned int line,
		      const char *what, const char *name, struct fault *f)
{
	const struct row_reader at = { .where = where ? where : "built in", .line = line };
	unsigned int distance, best = UINT_MAX;
	const char *nearest = NULL;
	size_t i;

	for (i = 0; i < c->tables[kind].count; i++) {
		distance = suggest_distance(name, c->tables[kind].entries[i].name);
		if (distance < best) {
			best = distance;
			nearest = c->tables[kind].entries[i].name;
		}
	}
	if (nearest && row_is_near(name, best))
		return row_fault(&at, f, "%s=%.100s: no such %s; did you mean `%.100s`?", what,
				 name, kind_names[kind], nearest);
	return row_fault(&at, f, "%s=%.100s: there is no such %s", what, name, kind_names[kind]);
}

static int models_check(const struct catalog *c, struct fault *f)
{
	const struct model *m;
	size_t i;

	for (i = 0; (m = catalog_model_at(c, i)); i++)
		if (!catalog_provider(c, m->provider))
			return name_fault(c, KIND_PROVIDER, m->where, m->line, "provider",
					  m->provider, f);
	return 0;
}

static int aliases_check(const struct catalog *c, struct fault *f)
{
	const struct catalog_alias *a;
	size_t i;

	for (i = 0; (a = catalog_alias_at(c, i)); i++) {
		const struct row_reader at = { .where = a->where ? a->where : "built in",
					       .line = a->line };

		if (!is_model(c, a->model))
			return name_fault(c, KIND_MODEL, a->where, a->line, "model", a->model, f);
		if (is_model(c, a->name))
			return row_fault(&at, f, "%.100s is a model's name: an alias would hide it",
					 a->name);
	}
	return 0;
}

static int fallbacks_check(const struct catalog *c, struct fault *f)
{
	const struct catalog_fallback *b;
	size_t i, k;

	for (i = 0; (b = catalog_fallback_at(c, i)); i++) {
		if (!is_model(c, b->name) && !catalog_alias(c, b->name))
			return name_fault(c, KIND_MODEL, b->where, b->line, "fallback", b->name, f);
		for (k = 0; k < b->to_count; k++)
			if (!is_model(c, b->to[k]))
				return name_fault(c, KIND_MODEL, b->where, b->line, "to", b->to[k],
						  f);
	}
	return 0;
}

int catalog_finish(const struct catalog *c, struct fault *f)
{
	int rc = models_check(c, f);

	if (!rc)
		rc = aliases_check(c, f);
	if (!rc)
		rc = fallbacks_check(c, f);
	return rc;
}
