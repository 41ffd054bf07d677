/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shape of a policy file: each key and list item with its line. Whatever is
 * wrong with the shape is found here, where the positions are; libcyaml then
 * loads what passed.
 */
#ifndef AGENTOS_POLICY_OUTLINE_H
#define AGENTOS_POLICY_OUTLINE_H

#include <cyaml/cyaml.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/source.h"

#define OUTLINE_PLACES_MAX 128 /* keys of the schema, all levels */

struct outline_place {
	char name[32];	 /* "name", "files.read" */
	uint32_t line;	 /* of the key */
	bool is_word;	 /* one word where a list may be */
	uint32_t *items; /* lines of a list's items */
	size_t count;
};

struct outline {
	struct outline_place places[OUTLINE_PLACES_MAX];
	size_t count; /* keys that are present */
};

/*
 * Checks bytes against the schema: well-formed YAML in UTF-8, one document, no
 * anchors, aliases, tags or control characters, only known keys, each once, of
 * the right type, no empty list or section.
 * -EINVAL, -E2BIG (a list longer than AGENTOS_POLICY_RULES_MAX) with the fault
 * set; -ENOMEM. *ret_outline is released with outline_release(), also after
 * a failure.
 */
int outline_scan(const char *bytes, size_t len, const cyaml_schema_value_t *schema,
		 const struct source *source, struct outline *ret_outline);
void outline_release(struct outline *o);

/* The key's place, or NULL when the file does not have it. */
const struct outline_place *outline_find(const struct outline *o, const char *name);

#endif
