// SPDX-License-Identifier: GPL-2.0-or-later
/* One pass over libyaml's events, beside the schema. */
#include "policy/outline.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "agentos_event.h"
#include "policy/schema.h"
#include "policy/suggest.h"

struct scan {
	yaml_parser_t parser;
	const char *bytes;
	size_t len;
	const struct source *source;
	struct outline *outline;
};

static uint32_t event_line(const yaml_event_t *event)
{
	return (uint32_t)event->start_mark.line + 1;
}

static struct quote event_quote(const yaml_event_t *event)
{
	return source_quote((const char *)event->data.scalar.value, event->data.scalar.length);
}

/* The text of one line, counted from 0, without its end. */
static const char *scan_line(const struct scan *s, size_t line, size_t *ret_len)
{
	const char *at = s->bytes, *end = s->bytes + s->len, *stop;

	for (; line && at < end; line--) {
		stop = memchr(at, '\n', (size_t)(end - at));
		at = stop ? stop + 1 : end;
	}
	stop = memchr(at, '\n', (size_t)(end - at));
	*ret_len = (size_t)((stop ? stop : end) - at);
	return at;
}

/* What people most often do when YAML cannot read a line at all. */
static const char *scan_advice(const struct scan *s, size_t line)
{
	size_t len, i;
	const char *text = scan_line(s, line, &len);

	for (i = 0; i < len && (text[i] == ' ' || text[i] == '\t'); i++)
		if (text[i] == '\t')
			return "; a tab indents this line: YAML wants spaces";
	if (memmem(text, len, "${", 2))
		return "; inside [ ] a text with ${...} needs quotes: [\"${WORKSPACE}/src\"], "
		       "or write one \"- item\" a line";
	if (memchr(text, '\t', len))
		return "; there is a tab in this line: use spaces";
	return "";
}

static int scan_syntax(const struct scan *s)
{
	const yaml_parser_t *p = &s->parser;
	const char *problem = p->problem ? p->problem : "cannot be read";
	size_t line = p->problem_mark.line, offset = p->problem_offset, i;
	char begun[64] = "";

	if (p->error == YAML_MEMORY_ERROR)
		return source_fault(s->source, ENOMEM, 0, "out of memory");
	if (p->error == YAML_READER_ERROR) {
		for (line = 0, i = 0; i < offset && i < s->len; i++)
			line += s->bytes[i] == '\n';
		return source_fault(s->source, EINVAL, (uint32_t)line + 1,
				    "not a text in UTF-8: %s at byte %zu", problem, offset);
	}
	if (p->context && p->context_mark.line < line)
		snprintf(begun, sizeof(begun), " (in what begins on line %zu)",
			 p->context_mark.line + 1);
	return source_fault(s->source, EINVAL, (uint32_t)line + 1, "not valid YAML: %s%s%s",
			    problem, begun, scan_advice(s, line));
}

static int scan_scalar(const struct scan *s, const yaml_event_t *event)
{
	const unsigned char *text = event->data.scalar.value;
	size_t i, len = event->data.scalar.length;

	for (i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] == 0x7f)
			return source_fault(s->source, EINVAL, event_line(event),
					    "%s has a line break or control character in it; "
					    "each value is one line of text",
					    event_quote(event).text);
	return 0;
}

/* The next event, which is the caller's to delete; a refused one is deleted here. */
static int scan_next(struct scan *s, yaml_event_t *event)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;
	int err = 0;

	if (!yaml_parser_parse(&s->parser, event))
		return scan_syntax(s);
	switch (event->type) {
	case YAML_ALIAS_EVENT:
		anchor = event->data.alias.anchor;
		break;
	case YAML_SCALAR_EVENT:
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
		err = scan_scalar(s, event);
		break;
	case YAML_SEQUENCE_START_EVENT:
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
		break;
	case YAML_MAPPING_START_EVENT:
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
		break;
	default:
		break;
	}
	if (anchor)
		err = source_fault(s->source, EINVAL, event_line(event),
				   "aliases are not supported: write the value out instead of "
				   "using & and * (a text that begins with either needs quotes)");
	else if (tag)
		err = source_fault(s->source, EINVAL, event_line(event),
				   "tags are not supported: leave out the word that begins with "
				   "\"!\" (a text that begins with it needs quotes)");
	if (err)
		yaml_event_delete(event);
	return err;
}

static const char *event_shape(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SEQUENCE_START_EVENT:
		return "a list";
	case YAML_MAPPING_START_EVENT:
		return "a section";
	default:
		return event->data.scalar.length ? "one word" : "empty";
	}
}

static int place_grow(struct outline_place *place)
{
	size_t room = place->count ? place->count * 2 : 16;
	uint32_t *items;

	if (place->count & (place->count - 1) || (place->count && place->count < 16))
		return 0;
	items = reallocarray(place->items, room, sizeof(*items));
	if (!items)
		return -ENOMEM;
	place->items = items;
	return 0;
}

/* The rest of a list whose start was read. */
static int scan_list(struct scan *s, struct outline_place *place)
{
	yaml_event_t event;
	int err;

	for (;;) {
		err = scan_next(s, &event);
		if (err)
			return err;
		if (event.type == YAML_SEQUENCE_END_EVENT)
			break;
		if (event.type != YAML_SCALAR_EVENT)
			err = source_fault(s->source, EINVAL, event_line(&event),
					   "an item of \"%s\" is %s; each must be one text "
					   "(a text with \": \" in it needs quotes)",
					   place->name, event_shape(&event));
		else if (!event.data.scalar.length)
			err = source_fault(s->source, EINVAL, event_line(&event),
					   "an item of \"%s\" is empty", place->name);
		else if (place->count == AGENTOS_POLICY_RULES_MAX)
			err = source_fault(s->source, E2BIG, event_line(&event),
					   "\"%s\" has more than %d items; name directories "
					   "instead of what is in them",
					   place->name, AGENTOS_POLICY_RULES_MAX);
		else if (place_grow(place))
			err = source_fault(s->source, ENOMEM, 0, "out of memory");
		else
			place->items[place->count++] = event_line(&event);
		yaml_event_delete(&event);
		if (err)
			return err;
	}
	yaml_event_delete(&event);
	if (!place->count)
		return source_fault(
			s->source, EINVAL, place->line,
			"\"%s\" is an empty list; name at least one item%s", place->name,
			strcmp(place->name, SCHEMA_LIST_OR_WORD) == 0 ? ", or \"all\"" :
									" or leave the key out");
	return 0;
}

static int scan_text(const struct scan *s, const cyaml_schema_field_t *field,
		     const struct outline_place *place, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;

	if (!event->data.scalar.length)
		return source_fault(s->source, EINVAL, place->line, "\"%s\" has no value",
				    place->name);
	if (field->value.type == CYAML_UINT &&
	    (strspn(text, "0123456789") != strlen(text) || strlen(text) > 4))
		return source_fault(s->source, EINVAL, event_line(event),
				    "\"%s\" must be a number, not %s", place->name,
				    event_quote(event).text);
	return 0;
}

static int scan_mapping(struct scan *s, const cyaml_schema_field_t *fields,
			const struct outline_place *in);

/* The value of a key: what the schema says it is, or a message that says what it should be. */
static int scan_value(struct scan *s, const cyaml_schema_field_t *field,
		      struct outline_place *place)
{
	cyaml_type_e type = field->value.type;
	const char *wanted;
	yaml_event_t event;
	int err;

	err = scan_next(s, &event);
	if (err)
		return err;
	if (type == CYAML_MAPPING) {
		wanted = "a section: indented \"key: value\" lines";
		if (event.type == YAML_MAPPING_START_EVENT) {
			err = scan_mapping(s, field->value.mapping.fields, place);
			goto out;
		}
	} else if (type == CYAML_SEQUENCE) {
		wanted = "a list: [a, b], or one \"- item\" a line";
		if (event.type == YAML_SEQUENCE_START_EVENT) {
			err = scan_list(s, place);
			goto out;
		}
		if (event.type == YAML_SCALAR_EVENT && event.data.scalar.length &&
		    strcmp(field->key, SCHEMA_LIST_OR_WORD) == 0) {
			place->is_word = true;
			goto out;
		}
	} else {
		wanted = "one text on the same line";
		if (event.type == YAML_SCALAR_EVENT) {
			err = scan_text(s, field, place, &event);
			goto out;
		}
	}
	err = source_fault(s->source, EINVAL, place->line, "\"%s\" is %s; it must be %s",
			   place->name, event_shape(&event), wanted);
out:
	yaml_event_delete(&event);
	return err;
}

/* "name, rights, files": what may stand here, the most likely first. */
static void fields_list(const cyaml_schema_field_t *fields, const char *word, char *out,
			size_t size)
{
	const cyaml_schema_field_t *f, *nearest = fields;
	int used;

	for (f = fields; f->key; f++)
		if (suggest_distance(word, f->key) < suggest_distance(word, nearest->key))
			nearest = f;
	used = snprintf(out, size, "%s", nearest->key);
	for (f = fields; f->key; f++)
		if (f != nearest && used > 0 && (size_t)used < size)
			used += snprintf(out + used, size - (size_t)used, ", %s", f->key);
}

static int scan_unknown_key(const struct scan *s, const cyaml_schema_field_t *fields,
			    const struct outline_place *in, const yaml_event_t *event)
{
	const char *key = (const char *)event->data.scalar.value, *more = "";
	char valid[256];

	if (schema_is_unenforced(key))
		return source_fault(s->source, EINVAL, event_line(event),
				    "\"%s\" is not enforced by this version, so it is refused; "
				    "take it out",
				    key);
	if (strcmp(key, "<<") == 0)
		more = " (merging is not supported)";
	fields_list(fields, key, valid, sizeof(valid));
	return source_fault(s->source, EINVAL, event_line(event),
			    "unknown key %s%s%s%s%s; valid here: %s", event_quote(event).text, more,
			    in ? " in \"" : "", in ? in->name : "", in ? "\"" : "", valid);
}

/* Takes note of a key; its value is still to be read. */
static int scan_key(struct scan *s, const cyaml_schema_field_t *fields,
		    const struct outline_place *in, const yaml_event_t *event,
		    const cyaml_schema_field_t **ret_field, struct outline_place **ret_place)
{
	const cyaml_schema_field_t *field;
	const struct outline_place *before;
	struct outline_place *place;
	char name[sizeof(place->name)];

	if (event->type != YAML_SCALAR_EVENT)
		return source_fault(s->source, EINVAL, event_line(event),
				    "a key is %s; it must be one word", event_shape(event));
	for (field = fields; field->key; field++)
		if (strcmp(field->key, (const char *)event->data.scalar.value) == 0)
			break;
	if (!field->key)
		return scan_unknown_key(s, fields, in, event);
	if (snprintf(name, sizeof(name), "%s%s%s", in ? in->name : "", in ? "." : "", field->key) >=
		    (int)sizeof(name) ||
	    s->outline->count == OUTLINE_PLACES_MAX)
		return source_fault(s->source, E2BIG, event_line(event), "too many keys");
	before = outline_find(s->outline, name);
	if (before)
		return source_fault(s->source, EINVAL, event_line(event),
				    "\"%s\" stands here a second time, after line %u; "
				    "put both into one",
				    name, before->line);
	place = &s->outline->places[s->outline->count++];
	memcpy(place->name, name, sizeof(name));
	place->line = event_line(event);
	*ret_field = field;
	*ret_place = place;
	return 0;
}

/* The rest of a mapping whose start was read; in is NULL at the top. */
static int scan_mapping(struct scan *s, const cyaml_schema_field_t *fields,
			const struct outline_place *in)
{
	const cyaml_schema_field_t *field = NULL;
	struct outline_place *place = NULL;
	size_t before = s->outline->count;
	yaml_event_t event;
	char valid[256];
	int err;

	for (;;) {
		err = scan_next(s, &event);
		if (err)
			return err;
		if (event.type == YAML_MAPPING_END_EVENT)
			break;
		err = scan_key(s, fields, in, &event, &field, &place);
		yaml_event_delete(&event);
		if (!err)
			err = scan_value(s, field, place);
		if (err)
			return err;
	}
	yaml_event_delete(&event);
	if (in && s->outline->count == before) {
		fields_list(fields, fields->key, valid, sizeof(valid));
		return source_fault(s->source, EINVAL, in->line, "\"%s\" is empty; it may have: %s",
				    in->name, valid);
	}
	return 0;
}

static int scan_document(struct scan *s, const cyaml_schema_value_t *schema)
{
	yaml_event_t event;
	int err;

	/* Stream start, document start, then the one value of the document. */
	for (;;) {
		err = scan_next(s, &event);
		if (err)
			return err;
		if (event.type == YAML_STREAM_END_EVENT)
			err = source_fault(s->source, EINVAL, 0,
					   "empty; a policy needs at least \"name: my-policy\" and "
					   "\"rights: [...]\"");
		else if (event.type == YAML_MAPPING_START_EVENT)
			break;
		else if (event.type != YAML_STREAM_START_EVENT &&
			 event.type != YAML_DOCUMENT_START_EVENT)
			err = source_fault(s->source, EINVAL, event_line(&event),
					   "the file is %s; it must be \"key: value\" lines, "
					   "such as \"name: my-policy\"",
					   event_shape(&event));
		yaml_event_delete(&event);
		if (err)
			return err;
	}
	yaml_event_delete(&event);
	err = scan_mapping(s, schema->mapping.fields, NULL);
	while (!err) {
		err = scan_next(s, &event);
		if (err)
			break;
		if (event.type == YAML_STREAM_END_EVENT) {
			yaml_event_delete(&event);
			break;
		}
		if (event.type != YAML_DOCUMENT_END_EVENT)
			err = source_fault(s->source, EINVAL, event_line(&event),
					   "a second document begins here; a file is one policy");
		yaml_event_delete(&event);
	}
	return err;
}

int outline_scan(const char *bytes, size_t len, const cyaml_schema_value_t *schema,
		 const struct source *source, struct outline *ret_outline)
{
	struct scan s = { .bytes = bytes, .len = len, .source = source, .outline = ret_outline };
	int err;

	memset(ret_outline, 0, sizeof(*ret_outline));
	if (!yaml_parser_initialize(&s.parser))
		return source_fault(source, ENOMEM, 0, "out of memory");
	yaml_parser_set_encoding(&s.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&s.parser, (const unsigned char *)bytes, len);
	err = scan_document(&s, schema);
	yaml_parser_delete(&s.parser);
	return err;
}

void outline_release(struct outline *o)
{
	size_t i;

	for (i = 0; i < o->count; i++)
		free(o->places[i].items);
	memset(o, 0, sizeof(*o));
}

const struct outline_place *outline_find(const struct outline *o, const char *name)
{
	size_t i;

	for (i = 0; i < o->count; i++)
		if (strcmp(o->places[i].name, name) == 0)
			return &o->places[i];
	return NULL;
}
