/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All providers, models, aliases and fallbacks that there are: built in, and of an administrator's files. */
#ifndef AGENTOS_LLM_CATALOG_H
#define AGENTOS_LLM_CATALOG_H

#include "llm/model.h"
#include "llm/provider.h"

/* Where an administrator's rows are; each file may have rows of all kinds, and need not be there. */
#define CATALOG_DIR   "/etc/agentos"
#define CATALOG_FILES "providers", "models", "routes"

/*
 * Rows:	provider NAME ...	provider.h
 *		model NAME ...		model.h
 *		alias NAME model=MODEL	another name for a model
 *		fallback NAME to=A,B	what is tried, in this order, when NAME does not answer
 *
 * A row takes the place of the one of the same kind and name in a file before; twice in
 * one file is refused. MODEL, A and B are names of models or "PROVIDER/MODEL"; an alias stands
 * for a model, not for another alias, and has no name that a model has.
 */
struct catalog_alias {
	const char *name, *model;
	const char *where; /* the row's file, NULL for what is built in */
	unsigned int line;
};

struct catalog_fallback {
	const char *name;
	const char *to[LIMIT_ROUTE];
	size_t to_count;
	const char *where;
	unsigned int line;
};

struct catalog;

/* With what is built in, whole. -ENOMEM */
int catalog_create(struct catalog **ret_catalog, struct fault *f);
void catalog_free(struct catalog *c); /* NULL is allowed */

/*
 * Adds a file's rows. where: its name, for messages; escaped.
 * -EBADMSG, and f says in which line; -E2BIG: longer than LIMIT_CATALOG_FILE; -ENOMEM.
 * After an error the catalog is only good for catalog_free().
 */
int catalog_add(struct catalog *c, const char *where, const char *text, size_t len,
		struct fault *f);

/*
 * Once all files are added: what rows name is there. -EBADMSG with f. Then the rest may
 * be called.
 */
int catalog_finish(const struct catalog *c, struct fault *f);

/* NULL: there is none. Pointers are good as long as the catalog is. */
const struct provider *catalog_provider(const struct catalog *c, const char *name);
const struct model *catalog_model(const struct catalog *c, const char *name);
const struct catalog_alias *catalog_alias(const struct catalog *c, const char *name);
const struct catalog_fallback *catalog_fallback(const struct catalog *c, const char *name);
/* The model of that provider whose id there is this one. */
const struct model *catalog_model_of(const struct catalog *c, const char *provider, const char *id);

/* The at'th, in the order of files and lines; NULL: there are no more. */
const struct provider *catalog_provider_at(const struct catalog *c, size_t at);
const struct model *catalog_model_at(const struct catalog *c, size_t at);
const struct catalog_alias *catalog_alias_at(const struct catalog *c, size_t at);
const struct catalog_fallback *catalog_fallback_at(const struct catalog *c, size_t at);

#endif
