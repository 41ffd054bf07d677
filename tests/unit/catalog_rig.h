/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of providers and models share: a catalog with rows of the test's own. */
#ifndef AGENTOS_TESTS_CATALOG_RIG_H
#define AGENTOS_TESTS_CATALOG_RIG_H

#include "llm/catalog.h"
#include "tests/tap.h"

static struct fault rig_fault;

/* What is built in with these rows behind it; NULL and rig_fault when they are refused. */
static inline struct catalog *rig_catalog(const char *rows)
{
	struct catalog *c = NULL;

	rig_fault.text[0] = '\0';
	if (catalog_create(&c, &rig_fault))
		return NULL;
	if (catalog_add(c, "mine", rows, strlen(rows), &rig_fault) ||
	    catalog_finish(c, &rig_fault)) {
		catalog_free(c);
		return NULL;
	}
	return c;
}

/* Rows that must be refused in these very words. */
static inline void rig_refused(const char *rows, const char *words)
{
	struct catalog *c = rig_catalog(rows);

	CHECK_MSG(!c, "taken: %s", rows);
	if (!c)
		CHECK_STR(rig_fault.text, words);
	catalog_free(c);
}

#endif
