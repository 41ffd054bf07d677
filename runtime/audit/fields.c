// SPDX-License-Identifier: GPL-2.0-or-later
/* What a record has, as a flat list, by way of its JSON: so that there is one account of it. */
#include "audit/fields.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit/render.h"

struct source {
	const char *at, *end;
};

static int byte_get(void *cookie)
{
	struct source *s = cookie;

	return s->at == s->end ? -1 : (unsigned char)*s->at++;
}

void fields_release(struct fields *f)
{
	if (f->out)
		fclose(f->out);
	free(f->bytes);
	*f = (struct fields){ 0 };
}

static int bytes_make(struct fields *f, const struct record *r)
{
	if (!f->out)
		f->out = open_memstream(&f->bytes, &f->len);
	if (!f->out)
		return -ENOMEM;
	rewind(f->out);
	render_json(f->out, r);
	return fflush(f->out) == 0 ? 0 : -ENOMEM;
}

/* Keys of ours, which are short. */
static void name_set(struct field *field, size_t prefix, const char *key)
{
	snprintf(field->name + prefix, sizeof(field->name) - prefix, "%s%s", prefix ? "." : "",
		 key);
}

int fields_read(struct fields *f, const struct record *r,
		int (*each)(const struct field *field, void *cookie), void *cookie)
{
	struct field field = { 0 };
	struct source source;
	struct json j;
	size_t prefix = 0; /* bytes of the name of the object around, which is one at most */
	int rc;

	rc = bytes_make(f, r);
	if (rc)
		return rc;
	source = (struct source){ f->bytes, f->bytes + f->len };
	json_init(&j, byte_get, &source);
	while ((rc = json_next(&j)) > 0) {
		switch (rc) {
		case JSON_KEY:
			name_set(&field, prefix, j.text);
			break;
		case JSON_OBJECT:
			prefix = j.depth > 1 ? strlen(field.name) : 0;
			break;
		case JSON_OBJECT_END:
			prefix = 0;
			break;
		case JSON_ARRAY:
		case JSON_ARRAY_END:
			field.element = rc == JSON_ARRAY;
			break;
		case JSON_NULL:
			break;
		default:
			field.type = (enum json_token)rc;
			field.text = j.text;
			field.len = j.len;
			rc = each(&field, cookie);
			if (rc)
				return rc;
		}
	}
	return rc;
}
