// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON as it is written. */
#include "llm/put.h"

#include <string.h>

#include "llm/tree.h"

static void put_key(struct text *out, const char *key)
{
	const char last = out->len ? out->bytes[out->len - 1] : '[';

	if (last != '{' && last != '[')
		text_string(out, ",");
	if (!key)
		return;
	text_json(out, key, strlen(key));
	text_string(out, ":");
}

void put_open(struct text *out, const char *key, const char *bracket)
{
	put_key(out, key);
	text_string(out, bracket);
}

void put_word(struct text *out, const char *key, const char *word)
{
	put_key(out, key);
	text_json(out, word, strlen(word));
}

void put_uint(struct text *out, const char *key, uint64_t value)
{
	put_key(out, key);
	text_printf(out, "%llu", (unsigned long long)value);
}

void put_bool(struct text *out, const char *key, bool value)
{
	put_key(out, key);
	text_string(out, value ? "true" : "false");
}

void put_string(struct text *out, const char *key, struct call_string s)
{
	if (!s.at)
		return;
	put_key(out, key);
	text_json(out, s.at, s.len);
}

void put_string_or_null(struct text *out, const char *key, struct call_string s)
{
	if (s.at)
		put_string(out, key, s);
	else
		put_json(out, key, CALL_STRING("null"));
}

void put_number(struct text *out, const char *key, struct call_number n)
{
	if (!n.given)
		return;
	put_key(out, key);
	tree_number_put(out, n.value);
}

void put_json(struct text *out, const char *key, struct call_string json)
{
	put_key(out, key);
	text_put(out, json.at, json.len);
}

int put_object(struct text *out, const char *key, struct call_string json)
{
	put_key(out, key);
	return tree_object_put(out, json);
}
