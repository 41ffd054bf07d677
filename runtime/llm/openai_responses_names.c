// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tools of OpenAI's Responses that others have no words for, as functions: those of a
 * namespace by their name, custom ones, whose input is any text, by their name and argument.
 */
#include <errno.h>
#include <string.h>

#include "llm/openai_responses.h"

/* What a name was put together of. */
struct parsed {
	struct call_string space, own;
	bool custom;
};

static const char *mark_find(struct call_string s)
{
	return s.len ? memmem(s.at, s.len, OPENAI_NAMESPACE, strlen(OPENAI_NAMESPACE)) : NULL;
}

/* The one reading of a name; one that cannot be ours, as a model made it up, is its own. */
static struct parsed name_parse(struct call_string name)
{
	const size_t tail = strlen(OPENAI_CUSTOM), between = strlen(OPENAI_NAMESPACE);
	const struct parsed whole = { .own = name };
	struct parsed p = whole;
	const char *mark = mark_find(name);
	size_t before;

	if (p.own.len > tail && !memcmp(name.at + name.len - tail, OPENAI_CUSTOM, tail)) {
		p.custom = true;
		p.own.len -= tail;
	}
	if (!mark)
		return p;
	before = (size_t)(mark - name.at);
	if (!before || p.own.len <= before + between)
		return whole;
	p.space = (struct call_string){ name.at, before };
	p.own.at = mark + between;
	p.own.len -= before + between;
	return mark_find(p.own) ? whole : p;
}

bool openai_responses_is_custom(struct call_string name)
{
	return name_parse(name).custom;
}

/* space may be none. */
static struct call_string name_join(const struct tree_node *n, struct call_string space,
				    struct call_string name, bool custom)
{
	const size_t between = space.len ? strlen(OPENAI_NAMESPACE) : 0;
	const size_t behind = custom ? strlen(OPENAI_CUSTOM) : 0;
	const size_t len = space.len + between + name.len + behind;
	char *at = tree_alloc(n, len + 1, 1);

	if (!at)
		return (struct call_string){ 0 };
	if (space.len)
		memcpy(at, space.at, space.len);
	memcpy(at + space.len, OPENAI_NAMESPACE, between);
	if (name.at)
		memcpy(at + space.len + between, name.at, name.len);
	memcpy(at + len - behind, OPENAI_CUSTOM, behind);
	return (struct call_string){ at, len };
}

static void name_refuse(const struct tree_node *n)
{
	tree_fault_at(n, "name", -EOPNOTSUPP,
		      "has " OPENAI_NAMESPACE " or " OPENAI_CUSTOM
		      ", which stand for a namespace or a custom tool");
}

struct call_string openai_responses_name_read(const struct tree_node *n, struct call_string space,
					      bool custom)
{
	struct call_string name = tree_name_needed(n, "name");
	struct parsed p;

	if (n->tree->err || (!space.len && !custom))
		return name;
	name = name_join(n, space, name, custom);
	p = name_parse(name);
	if (name.at && (p.custom != custom || p.space.len != space.len))
		name_refuse(n);
	return name;
}

struct call_string openai_responses_own_name_read(const struct tree_node *n,
						  struct call_string space, bool custom)
{
	struct call_string name = openai_responses_name_read(n, space, custom);
	struct parsed p = name_parse(name);

	if (name.at && (p.custom != custom || p.space.len != space.len))
		name_refuse(n);
	return name;
}

void openai_responses_name_put(struct text *out, struct call_string name)
{
	const struct parsed p = name_parse(name);

	openai_member_put(out, "name", p.own.at ? p.own : CALL_STRING(""));
	openai_member_put(out, "namespace", p.space);
}

void openai_responses_custom_read(const struct tree_node *n, struct call_tool *tool)
{
	const struct tree_node format = tree_object(n, "format");
	const struct call_string grammar = tree_string(&format, "definition");
	const struct call_string syntax = tree_string(&format, "syntax");
	struct text text = { 0 };
	char *at;

	tool->description = tree_string(n, "description");
	tool->parameters = CALL_STRING(
		"{\"type\":\"object\",\"properties\":{\"input\":{\"type\":\"string\"}},"
		"\"required\":[\"input\"],\"additionalProperties\":false}");
	if (!grammar.len)
		return;
	text_put(&text, tool->description.at, tool->description.len);
	text_printf(&text, "%sThe input has to be of this grammar (%.*s):\n",
		    text.len ? "\n\n" : "", (int)(syntax.len < 32 ? syntax.len : 32),
		    syntax.at ? syntax.at : "");
	text_put(&text, grammar.at, grammar.len);
	at = text_error(&text) ? NULL : arena_copy(n->tree->arena, text.bytes, text.len);
	if (at)
		tool->description = (struct call_string){ at, text.len };
	else if (!n->tree->err)
		n->tree->err = -ENOMEM;
	text_release(&text);
}

struct call_string openai_responses_input_read(const struct tree_node *n)
{
	struct call_string input = tree_string_needed(n, "input"), all = { 0 };
	struct text text = { 0 };

	if (n->tree->err)
		return all;
	text_string(&text, "{\"input\":");
	openai_put(&text, input);
	text_string(&text, "}");
	all.at = text_error(&text) ? NULL : arena_copy(n->tree->arena, text.bytes, text.len);
	all.len = all.at ? text.len : 0;
	if (!all.at)
		n->tree->err = -ENOMEM;
	text_release(&text);
	return all;
}

void openai_responses_input_put(struct text *out, struct call_string arguments)
{
	struct arena a = { 0 };
	struct call_string input;
	struct tree_node root;
	struct tree t;

	if (tree_open(&t, &a, arguments.at, arguments.len, NULL, &root) == 0) {
		input = tree_string(&root, "input");
		/* A model may not have done as it was told. */
		arguments = input.at ? input : arguments;
	}
	openai_put(out, arguments);
	if (t.err == -ENOMEM)
		out->failed = true;
	tree_close(&t);
	arena_release(&a);
}
