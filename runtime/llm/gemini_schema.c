// SPDX-License-Identifier: GPL-2.0-or-later
/* Gemini's generateContent: members by either spelling, and schemas of OpenAPI's form. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "llm/gemini.h"

#define KEY_SIZE 48 /* of the longest name that is asked for, in snake_case */

static void snake(char out[KEY_SIZE], const char *key)
{
	size_t len = 0;

	for (; *key && len < KEY_SIZE - 2; key++) {
		if (isupper((unsigned char)*key))
			out[len++] = '_';
		out[len++] = (char)tolower((unsigned char)*key);
	}
	out[len] = '\0';
}

struct tree_node gemini_member(const struct tree_node *n, const char *key)
{
	struct tree_node member = tree_member(n, key);
	char other[KEY_SIZE];

	if (member.json || n->tree->err)
		return member;
	snake(other, key);
	if (strcmp(other, key) != 0) {
		member = tree_member(n, other);
		member.key = key;
	}
	return member;
}

struct tree_node gemini_object(const struct tree_node *n, const char *key)
{
	struct tree_node member = gemini_member(n, key);

	if (member.json && !tree_is_object(&member)) {
		tree_fault(&member, -EBADMSG, "must be an object");
		member.json = NULL;
	}
	return member;
}

struct tree_node gemini_array(const struct tree_node *n, const char *key)
{
	struct tree_node member = gemini_member(n, key);

	if (member.json && !tree_is_array(&member)) {
		tree_fault(&member, -EBADMSG, "must be an array");
		member.json = NULL;
	}
	return member;
}

struct call_string gemini_string(const struct tree_node *n, const char *key)
{
	const struct tree_node member = gemini_member(n, key);

	return member.json ? tree_text(&member) : (struct call_string){ 0 };
}

static void value_put(struct text *out, const struct tree_node *n)
{
	const struct call_string json = tree_json(n);

	/* null is no value to a tree, but may be a default. */
	if (json.at)
		text_put(out, json.at, json.len);
	else
		text_string(out, "null");
}

static void type_put(struct text *out, const struct tree_node *n, bool nullable)
{
	const char *type = json_string_value(n->json);
	char word[16];
	size_t len;

	if (!type) {
		value_put(out, n);
		return;
	}
	for (len = 0; len < sizeof(word) && type[len]; len++)
		word[len] = (char)tolower((unsigned char)type[len]);
	text_string(out, nullable ? "[" : "");
	text_json(out, word, len);
	text_string(out, nullable ? ",\"null\"]" : "");
}

/* Protocol Buffers write 64 bits as a string. */
static void count_put(struct text *out, const struct tree_node *n)
{
	const char *digits = json_string_value(n->json);

	if (digits && *digits && strlen(digits) < 19 &&
	    strspn(digits, "0123456789") == strlen(digits) && (*digits != '0' || !digits[1]))
		text_string(out, digits);
	else
		value_put(out, n);
}

static void schema_put(struct text *out, const struct tree_node *n);

/* Schemas by name, or in a row. */
static void schemas_put(struct text *out, const struct tree_node *n)
{
	const bool object = tree_is_object(n);
	struct tree_node each = { .tree = n->tree, .up = n };
	const char *key;
	json_t *value;
	size_t i = 0;

	if (!object && !tree_is_array(n)) {
		value_put(out, n);
		return;
	}
	text_string(out, object ? "{" : "[");
	if (object) {
		json_object_foreach((json_t *)n->json, key, value)
		{
			text_string(out, i++ ? "," : "");
			text_json(out, key, strlen(key));
			text_string(out, ":");
			each.key = key;
			each.json = value;
			schema_put(out, &each);
		}
	} else {
		for (; i < tree_count(n); i++) {
			text_string(out, i ? "," : "");
			each = tree_item(n, i);
			schema_put(out, &each);
		}
	}
	text_string(out, object ? "}" : "]");
}

enum schema_member {
	MEMBER_VALUE,
	MEMBER_DROPPED,
	MEMBER_TYPE,
	MEMBER_COUNT,
	MEMBER_SCHEMA,
	MEMBER_SCHEMAS
};

static const struct {
	const char *name;
	enum schema_member kind;
} members[] = {
	{ "type", MEMBER_TYPE },
	{ "nullable", MEMBER_DROPPED },
	{ "propertyOrdering", MEMBER_DROPPED },
	{ "example", MEMBER_DROPPED },
	{ "minItems", MEMBER_COUNT },
	{ "maxItems", MEMBER_COUNT },
	{ "minLength", MEMBER_COUNT },
	{ "maxLength", MEMBER_COUNT },
	{ "minProperties", MEMBER_COUNT },
	{ "maxProperties", MEMBER_COUNT },
	{ "items", MEMBER_SCHEMA },
	{ "properties", MEMBER_SCHEMAS },
	{ "anyOf", MEMBER_SCHEMAS },
};

/* Also what JSON Schema calls it. */
static enum schema_member member_of(const char **key)
{
	char other[KEY_SIZE];
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		snake(other, members[i].name);
		if (strcmp(*key, members[i].name) != 0 && strcmp(*key, other) != 0)
			continue;
		*key = members[i].name;
		return members[i].kind;
	}
	return MEMBER_VALUE;
}

static void member_put(struct text *out, const struct tree_node *n, enum schema_member kind,
		       bool nullable)
{
	switch (kind) {
	case MEMBER_TYPE:
		type_put(out, n, nullable);
		break;
	case MEMBER_COUNT:
		count_put(out, n);
		break;
	case MEMBER_SCHEMA:
		schema_put(out, n);
		break;
	case MEMBER_SCHEMAS:
		schemas_put(out, n);
		break;
	default:
		value_put(out, n);
	}
}

/* No deeper than what was read, so it may call itself. */
static void schema_put(struct text *out, const struct tree_node *n)
{
	const bool nullable = tree_is_object(n) &&
			      json_is_true(json_object_get(n->json, "nullable"));
	struct tree_node each = { .tree = n->tree, .up = n };
	enum schema_member kind;
	const char *key, *name;
	json_t *value;
	size_t i = 0;

	if (!tree_is_object(n)) {
		value_put(out, n);
		return;
	}
	text_string(out, "{");
	json_object_foreach((json_t *)n->json, key, value)
	{
		name = key;
		kind = member_of(&name);
		if (kind == MEMBER_DROPPED ||
		    (kind == MEMBER_TYPE && json_is_string(value) &&
		     !strcmp(json_string_value(value), "TYPE_UNSPECIFIED")))
			continue;
		text_string(out, i++ ? "," : "");
		text_json(out, name, strlen(name));
		text_string(out, ":");
		each.key = key;
		each.json = value;
		member_put(out, &each, kind, nullable);
	}
	text_string(out, "}");
}

struct call_string gemini_schema_json(const struct tree_node *schema)
{
	struct call_string s = { 0 };
	struct text out = { 0 };
	char *copy;

	if (!schema->json || schema->tree->err)
		return s;
	schema_put(&out, schema);
	if (!out.failed) {
		copy = tree_alloc(schema, out.len + 1, 1);
		if (copy) {
			memcpy(copy, out.bytes, out.len);
			s = (struct call_string){ copy, out.len };
		}
	} else if (!schema->tree->err) {
		schema->tree->err = -ENOMEM;
	}
	text_release(&out);
	return s;
}
