/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a record has, as a flat list of names and values: that of its JSON. */
#ifndef AGENTOS_AUDIT_FIELDS_H
#define AGENTOS_AUDIT_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "audit/record.h"
#include "base/json.h"

#define FIELDS_NAME 64

/* One of them; valid until the next. */
struct field {
	char name[FIELDS_NAME]; /* "verdict", "object.text" */
	enum json_token type;	/* JSON_STRING, JSON_NUMBER, JSON_TRUE or JSON_FALSE */
	bool element;		/* of a list: there may be more of the name, one after the other */
	const char *text;	/* of a string, as UTF-8, or a number, as it is written */
	size_t len;
};

/* What is needed from one record to the next. All zero is an empty one. */
struct fields {
	char *bytes; /* owned, as is out */
	size_t len;
	FILE *out;
};
void fields_release(struct fields *f);

/*
 * Tells each() of all that render_json() has for the record, in its order, lists
 * element by element, without what is null and lists without elements. What each()
 * returns but 0 ends it, and is returned. -ENOMEM
 */
int fields_read(struct fields *f, const struct record *r,
		int (*each)(const struct field *field, void *cookie), void *cookie);

#endif
