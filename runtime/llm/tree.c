// SPDX-License-Identifier: GPL-2.0-or-later
/* A JSON text as a tree, read member by member. */
#include "llm/tree.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/limits.h"
#include "base/text.h"

#define WHOLE_MAX 9007199254740992.0 /* 2^53: larger ones are not exact */

/* Escaped, and cut where there is no more room. Returns the new length. */
static size_t fault_put(struct wire_fault *f, size_t at, const char *text)
{
	return at + escape_text(f->text + at, sizeof(f->text) - at, text, strlen(text));
}

static size_t fault_path(struct wire_fault *f, size_t at, const struct tree_node *n)
{
	char index[32];

	if (!n->up)
		return at;
	at = fault_path(f, at, n->up);
	if (!n->key) {
		snprintf(index, sizeof(index), "[%zu]", n->index);
		return fault_put(f, at, index);
	}
	if (at)
		at = fault_put(f, at, ".");
	return fault_put(f, at, n->key);
}

int tree_fault(const struct tree_node *n, int err, const char *fmt, ...)
{
	struct tree *t = n->tree;
	char text[sizeof(t->fault->text)];
	size_t at;
	va_list ap;

	if (t->err)
		return t->err;
	t->err = err;
	if (!t->fault)
		return err;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	at = fault_path(t->fault, 0, n);
	at = fault_put(t->fault, at, at ? ": " : "it ");
	fault_put(t->fault, at, text);
	return err;
}

int tree_fault_at(const struct tree_node *n, const char *key, int err, const char *text)
{
	const struct tree_node at = { .tree = n->tree, .up = n, .key = key };

	return tree_fault(&at, err, "%s", text);
}

/* Before any memory is spent on it. A text that is no JSON may be counted as anything. */
static int bounds_check(const struct tree_node *root, const char *json, size_t len)
{
	size_t i, depth = 0, values = 1;
	bool quoted = false;

	if (len > LIMIT_LLM_BODY)
		return tree_fault(root, -EBADMSG, "is longer than %d bytes", LIMIT_LLM_BODY);
	for (i = 0; i < len; i++) {
		if (quoted) {
			if (json[i] == '\\')
				i++;
			else if (json[i] == '"')
				quoted = false;
			continue;
		}
		switch (json[i]) {
		case '"':
			quoted = true;
			break;
		case '{':
		case '[':
			depth++;
			values++;
			if (depth > LIMIT_LLM_DEPTH)
				return tree_fault(root, -EBADMSG, "is nested deeper than %d levels",
						  LIMIT_LLM_DEPTH);
			break;
		case '}':
		case ']':
			depth -= depth > 0;
			break;
		case ',':
			values++;
			break;
		}
	}
	if (values > LIMIT_LLM_VALUES)
		return tree_fault(root, -EBADMSG, "has more than %d values", LIMIT_LLM_VALUES);
	return 0;
}

int tree_open(struct tree *t, struct arena *a, const char *json, size_t len,
	      struct wire_fault *fault, struct tree_node *ret_root)
{
	const struct tree_node root = { .tree = t };
	json_error_t error = { 0 };

	*t = (struct tree){ .arena = a, .fault = fault };
	*ret_root = root;
	if (bounds_check(&root, json, len))
		return t->err;
	t->root = json_loadb(json, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL,
			     &error);
	if (!t->root) {
		if (json_error_code(&error) == json_error_out_of_memory)
			return t->err = -ENOMEM;
		return tree_fault(&root, -EBADMSG, "is not JSON: line %d, column %d: %s",
				  error.line, error.column, error.text);
	}
	ret_root->json = json_is_null(t->root) ? NULL : t->root;
	return 0;
}

void tree_close(struct tree *t)
{
	json_decref(t->root);
	t->root = NULL;
}

struct tree_node tree_member(const struct tree_node *n, const char *key)
{
	struct tree_node member = { .tree = n->tree, .up = n, .key = key };

	if (n->tree->err || !n->json)
		return member;
	if (!json_is_object(n->json)) {
		tree_fault(n, -EBADMSG, "must be an object");
		return member;
	}
	member.json = json_object_get(n->json, key);
	if (json_is_null(member.json))
		member.json = NULL;
	return member;
}

/* Of this type, or none with the fault. */
static struct tree_node member_of(const struct tree_node *n, const char *key, json_type type,
				  const char *what)
{
	struct tree_node member = tree_member(n, key);

	if (member.json && json_typeof(member.json) != type) {
		tree_fault(&member, -EBADMSG, "must be %s", what);
		member.json = NULL;
	}
	return member;
}

struct tree_node tree_object(const struct tree_node *n, const char *key)
{
	return member_of(n, key, JSON_OBJECT, "an object");
}

struct tree_node tree_array(const struct tree_node *n, const char *key)
{
	return member_of(n, key, JSON_ARRAY, "an array");
}

struct tree_node tree_array_needed(const struct tree_node *n, const char *key)
{
	struct tree_node array = tree_array(n, key);

	if (!array.json)
		tree_fault(&array, -EBADMSG, "is missing");
	return array;
}

static struct call_string copy(const struct tree_node *n, const char *bytes, size_t len)
{
	struct call_string s = { 0 };

	if (n->tree->err)
		return s;
	s.at = arena_copy(n->tree->arena, bytes, len);
	if (!s.at) {
		n->tree->err = -ENOMEM;
		return s;
	}
	s.len = len;
	return s;
}

struct call_string tree_text(const struct tree_node *n)
{
	if (!json_is_string(n->json)) {
		tree_fault(n, -EBADMSG, "must be a string");
		return (struct call_string){ 0 };
	}
	return copy(n, json_string_value(n->json), json_string_length(n->json));
}

struct call_string tree_string(const struct tree_node *n, const char *key)
{
	const struct tree_node member = tree_member(n, key);

	return member.json ? tree_text(&member) : (struct call_string){ 0 };
}

struct call_string tree_string_needed(const struct tree_node *n, const char *key)
{
	const struct tree_node member = tree_member(n, key);

	if (member.json)
		return tree_text(&member);
	tree_fault(&member, -EBADMSG, "is missing");
	return (struct call_string){ 0 };
}

struct call_string tree_name_needed(const struct tree_node *n, const char *key)
{
	const struct call_string name = tree_string_needed(n, key);

	if (name.at && !name.len)
		tree_fault_at(n, key, -EBADMSG, "must not be empty");
	return name;
}

bool tree_bool(const struct tree_node *n, const char *key, bool otherwise)
{
	const struct tree_node member = tree_member(n, key);

	if (member.json && !json_is_boolean(member.json))
		tree_fault(&member, -EBADMSG, "must be true or false");
	return json_is_boolean(member.json) ? json_is_true(member.json) : otherwise;
}

struct call_number tree_number(const struct tree_node *n, const char *key)
{
	const struct tree_node member = tree_member(n, key);

	if (!member.json)
		return (struct call_number){ 0 };
	if (!json_is_number(member.json)) {
		tree_fault(&member, -EBADMSG, "must be a number");
		return (struct call_number){ 0 };
	}
	return (struct call_number){ json_number_value(member.json), true };
}

uint64_t tree_uint(const struct tree_node *n, const char *key)
{
	const struct tree_node member = tree_member(n, key);
	double real;

	if (!member.json)
		return 0;
	if (json_is_integer(member.json) && json_integer_value(member.json) >= 0)
		return (uint64_t)json_integer_value(member.json);
	real = json_real_value(member.json);
	if (json_is_real(member.json) && real >= 0 && real <= WHOLE_MAX &&
	    (double)(uint64_t)real == real)
		return (uint64_t)real;
	tree_fault(&member, -EBADMSG, "must be a whole number");
	return 0;
}

bool tree_is_string(const struct tree_node *n)
{
	return json_is_string(n->json);
}

bool tree_is_array(const struct tree_node *n)
{
	return json_is_array(n->json);
}

bool tree_is_object(const struct tree_node *n)
{
	return json_is_object(n->json);
}

size_t tree_count(const struct tree_node *n)
{
	if (n->tree->err)
		return 0;
	return json_is_object(n->json) ? json_object_size(n->json) : json_array_size(n->json);
}

struct tree_node tree_item(const struct tree_node *n, size_t index)
{
	struct tree_node item = { .tree = n->tree, .up = n, .index = index };

	if (!n->tree->err)
		item.json = json_array_get(n->json, index);
	return item;
}

/* With the fewest digits that are read back as the same number. */
static void real_put(struct text *out, double real)
{
	char digits[32];
	int precision;

	for (precision = 15; precision <= 17; precision++) {
		snprintf(digits, sizeof(digits), "%.*g", precision, real);
		if (strtod(digits, NULL) == real)
			break;
	}
	text_string(out, digits);
}

/* No deeper than what was read, so it may call itself. */
static void json_put(struct text *out, const json_t *json)
{
	const char *key;
	json_t *value;
	size_t i = 0;

	switch (json_typeof(json)) {
	case JSON_OBJECT:
		text_string(out, "{");
		json_object_foreach((json_t *)json, key, value)
		{
			text_string(out, i++ ? "," : "");
			text_json(out, key, strlen(key));
			text_string(out, ":");
			json_put(out, value);
		}
		text_string(out, "}");
		break;
	case JSON_ARRAY:
		text_string(out, "[");
		json_array_foreach(json, i, value)
		{
			text_string(out, i ? "," : "");
			json_put(out, value);
		}
		text_string(out, "]");
		break;
	case JSON_STRING:
		text_json(out, json_string_value(json), json_string_length(json));
		break;
	case JSON_INTEGER:
		text_printf(out, "%lld", (long long)json_integer_value(json));
		break;
	case JSON_REAL:
		real_put(out, json_real_value(json));
		break;
	default:
		text_string(out, json_is_true(json)  ? "true" :
				 json_is_false(json) ? "false" :
						       "null");
	}
}

struct call_string tree_json(const struct tree_node *n)
{
	struct call_string s = { 0 };
	struct text out = { 0 };

	if (!n->json || n->tree->err)
		return s;
	json_put(&out, n->json);
	if (text_error(&out))
		n->tree->err = -ENOMEM;
	else
		s = copy(n, out.bytes, out.len);
	text_release(&out);
	return s;
}

struct call_string tree_object_text(const struct tree_node *n, const char *key)
{
	const struct tree_node member = tree_member(n, key);
	struct call_string text = tree_string(n, key);
	struct tree_node root;
	struct tree inner;

	if (!text.at)
		return text;
	if (!text.len)
		return CALL_STRING("{}");
	if (tree_open(&inner, n->tree->arena, text.at, text.len, NULL, &root) == 0 &&
	    tree_is_object(&root))
		text = tree_json(&root);
	else if (inner.err != -ENOMEM)
		tree_fault(&member, -EBADMSG, "must be a JSON object in a string");
	if (inner.err == -ENOMEM)
		n->tree->err = -ENOMEM;
	tree_close(&inner);
	return !n->tree->err ? text : (struct call_string){ 0 };
}

void tree_number_put(struct text *out, double value)
{
	real_put(out, value);
}

int tree_object_put(struct text *out, struct call_string json)
{
	struct arena unused = { 0 };
	struct tree_node root;
	struct tree t;
	int err;

	if (!json.len) {
		text_string(out, "{}");
		return text_error(out);
	}
	err = tree_open(&t, &unused, json.at, json.len, NULL, &root);
	if (!err && !tree_is_object(&root))
		err = -EBADMSG;
	if (!err) {
		json_put(out, root.json);
		err = text_error(out);
	}
	tree_close(&t);
	arena_release(&unused);
	return err;
}

void *tree_alloc(const struct tree_node *n, size_t count, size_t size)
{
	void *at = n->tree->err ? NULL : arena_array(n->tree->arena, count, size);

	if (!at && !n->tree->err)
		n->tree->err = -ENOMEM;
	return at;
}

bool tree_is(struct call_string s, const char *word)
{
	return s.at && s.len == strlen(word) && !memcmp(s.at, word, s.len);
}
