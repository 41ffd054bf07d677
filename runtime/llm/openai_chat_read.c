// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests of OpenAI's chat completions, read.
 *
 * Hints that other wires have no words for are left out: detail of images, verbosity,
 * prediction, service_tier, store, metadata, names of speakers and what is about caches.
 */
#include <errno.h>

#include "base/limits.h"
#include "llm/openai_chat.h"

static void text_part_read(const struct tree_node *n, const char *key, struct openai_parts *parts)
{
	openai_text_add(n, parts, tree_string_needed(n, key));
}

static void user_part_read(const struct tree_node *n, struct openai_parts *parts)
{
	const struct call_string type = tree_string_needed(n, "type");
	struct tree_node inner, url;
	struct call_part *part;

	if (n->tree->err)
		return;
	if (tree_is(type, "text")) {
		text_part_read(n, "text", parts);
	} else if (tree_is(type, "image_url")) {
		inner = tree_object(n, "image_url");
		url = tree_member(&inner, "url");
		part = openai_part_add(n, parts, CALL_IMAGE);
		if (part && !inner.json)
			tree_fault(&inner, -EBADMSG, "is missing");
		else if (part)
			openai_url_read(&url, tree_string_needed(&inner, "url"), part);
	} else if (tree_is(type, "file")) {
		inner = tree_object(n, "file");
		part = openai_part_add(n, parts, CALL_FILE);
		if (part && !inner.json)
			tree_fault(&inner, -EBADMSG, "is missing");
		else if (part)
			openai_file_read(&inner, part);
	} else if (tree_is(type, "input_audio")) {
		tree_fault_at(n, "type", -EOPNOTSUPP, "audio cannot be translated");
	} else {
		tree_fault_at(n, "type", -EBADMSG, "no such kind");
	}
}

static void said_part_read(const struct tree_node *n, struct openai_parts *parts)
{
	const struct call_string type = tree_string_needed(n, "type");

	if (tree_is(type, "text"))
		text_part_read(n, "text", parts);
	else if (tree_is(type, "refusal"))
		text_part_read(n, "refusal", parts);
	else
		tree_fault_at(n, "type", -EBADMSG, "no such kind");
}

/* A string, or an array of parts. */
static void content_read(const struct tree_node *n,
			 void (*part_read)(const struct tree_node *n, struct openai_parts *parts),
			 struct openai_parts *parts)
{
	const struct tree_node content = tree_member(n, "content");
	const size_t count = tree_count(&content);
	struct tree_node item;
	size_t i;

	if (!content.json)
		return;
	if (tree_is_string(&content)) {
		openai_text_add(n, parts, tree_text(&content));
		return;
	}
	if (!tree_is_array(&content))
		tree_fault(&content, -EBADMSG, "must be a string or an array");
	for (i = 0; i < count && !n->tree->err; i++) {
		item = tree_item(&content, i);
		part_read(&item, parts);
	}
}

static void content_needed(const struct tree_node *n)
{
	if (!tree_member(n, "content").json)
		tree_fault_at(n, "content", -EBADMSG, "is missing");
}

static void tool_call_read(const struct tree_node *n, struct openai_parts *parts)
{
	const struct call_string type = tree_string(n, "type");
	const struct tree_node function = tree_object(n, "function");
	struct call_part *part;

	if (type.at && !tree_is(type, "function")) {
		tree_fault_at(n, "type", -EOPNOTSUPP, "only functions can be translated");
		return;
	}
	if (!function.json)
		tree_fault(&function, -EBADMSG, "is missing");
	part = openai_part_add(n, parts, CALL_TOOL_CALL);
	if (!part)
		return;
	part->id = tree_string_needed(n, "id");
	part->name = tree_name_needed(&function, "name");
	part->text = tree_object_text(&function, "arguments");
	if (!part->text.at)
		part->text = CALL_STRING("{}");
}

static void assistant_read(const struct tree_node *n, struct openai_turns *turns)
{
	const struct tree_node calls = tree_array(n, "tool_calls");
	const size_t count = tree_count(&calls);
	const struct call_string reasoning = openai_chat_reasoning_read(n);
	struct call_part *part;
	struct tree_node item;
	size_t i;

	openai_turn_add(n, turns, CALL_ASSISTANT);
	if (tree_member(n, "function_call").json)
		tree_fault_at(n, "function_call", -EOPNOTSUPP, "use tool_calls");
	part = reasoning.len ? openai_part_add(n, &turns->parts, CALL_REASONING) : NULL;
	if (part)
		part->text = reasoning;
	content_read(n, said_part_read, &turns->parts);
	openai_text_add(n, &turns->parts, tree_string(n, "refusal"));
	for (i = 0; i < count && !n->tree->err; i++) {
		item = tree_item(&calls, i);
		tool_call_read(&item, &turns->parts);
	}
}

/* Results of the calls of one turn stand in one turn. */
static void tool_read(const struct tree_node *n, struct openai_turns *turns, bool behind_tool)
{
	struct openai_parts parts = { 0 };
	struct call_part *part;

	if (!behind_tool)
		openai_turn_add(n, turns, CALL_USER);
	part = openai_part_add(n, &turns->parts, CALL_TOOL_RESULT);
	if (!part)
		return;
	part->id = tree_string_needed(n, "tool_call_id");
	content_needed(n);
	content_read(n, said_part_read, &parts);
	part->parts = parts.at;
	part->part_count = parts.count;
}

static void message_read(const struct tree_node *n, struct openai_turns *turns, bool *behind_tool)
{
	const struct call_string role = tree_string_needed(n, "role");

	if (tree_is(role, "tool")) {
		tool_read(n, turns, *behind_tool);
		*behind_tool = true;
		return;
	}
	*behind_tool = false;
	if (tree_is(role, "assistant")) {
		assistant_read(n, turns);
	} else if (tree_is(role, "user")) {
		openai_turn_add(n, turns, CALL_USER);
		content_needed(n);
		content_read(n, user_part_read, &turns->parts);
	} else if (tree_is(role, "system") || tree_is(role, "developer")) {
		openai_turn_add(n, turns, CALL_SYSTEM);
		content_needed(n);
		content_read(n, said_part_read, &turns->parts);
	} else if (tree_is(role, "function")) {
		tree_fault_at(n, "role", -EOPNOTSUPP, "use tools and the role tool");
	} else {
		tree_fault_at(n, "role", -EBADMSG, "no such role");
	}
}

static void messages_read(const struct tree_node *root, struct call_request *r)
{
	const struct tree_node messages = tree_array_needed(root, "messages");
	const size_t count = tree_count(&messages);
	struct openai_turns turns = { 0 };
	struct tree_node item;
	bool behind_tool = false;
	size_t i;

	if (!count)
		tree_fault(&messages, -EBADMSG, "must not be empty");
	for (i = 0; i < count && !root->tree->err; i++) {
		item = tree_item(&messages, i);
		message_read(&item, &turns, &behind_tool);
	}
	openai_turns_put(&turns, r);
}

static void tools_read(const struct tree_node *root, struct call_request *r)
{
	const struct tree_node tools = tree_array(root, "tools");
	const size_t count = tree_count(&tools);
	struct tree_node item, function;
	size_t i;

	openai_tools_alloc(&tools, count, r);
	for (i = 0; i < count && !root->tree->err; i++) {
		item = tree_item(&tools, i);
		function = tree_object(&item, "function");
		if (!tree_is(tree_string_needed(&item, "type"), "function"))
			tree_fault_at(&item, "type", -EOPNOTSUPP,
				      "only functions can be translated");
		else if (!function.json)
			tree_fault(&function, -EBADMSG, "is missing");
		else
			openai_tool_read(&function, &r->tools[r->tool_count++]);
	}
}

static struct call_string tool_name(const struct tree_node *tool)
{
	const struct tree_node function = tree_object(tool, "function");

	return tree_string_needed(&function, "name");
}

static void choice_read(const struct tree_node *root, struct call_request *r)
{
	const struct tree_node choice = tree_member(root, "tool_choice");
	const struct tree_node allowed =
		tree_is_object(&choice) ? tree_object(&choice, "allowed_tools") : choice;
	struct tree_node tools;
	struct call_string word;

	if (!choice.json)
		return;
	word = tree_is_string(&choice) ? tree_text(&choice) : tree_string_needed(&choice, "type");
	if (tree_is_string(&choice) && tree_is(word, "none")) {
		r->choice = CALL_CHOICE_NONE;
	} else if (tree_is_string(&choice) && tree_is(word, "required")) {
		r->choice = CALL_CHOICE_REQUIRED;
	} else if (tree_is_object(&choice) && tree_is(word, "function")) {
		r->choice = CALL_CHOICE_NAMED;
		r->choice_name = tool_name(&choice);
	} else if (tree_is_object(&choice) && tree_is(word, "allowed_tools")) {
		tools = tree_array_needed(&allowed, "tools");
		openai_allowed_read(&allowed, &tools, tool_name, r);
	} else if (tree_is_object(&choice) && tree_is(word, "custom")) {
		tree_fault_at(&choice, "type", -EOPNOTSUPP, "only functions can be translated");
	} else if (!tree_is_string(&choice) || !tree_is(word, "auto")) {
		tree_fault(&choice, -EBADMSG, "no such choice");
	}
	openai_choice_check(&choice, r);
}

static void format_read(const struct tree_node *root, struct call_request *r)
{
	const struct tree_node format = tree_object(root, "response_format");
	const struct tree_node outer = tree_object(&format, "json_schema");
	const struct tree_node schema = tree_object(&outer, "schema");
	struct call_string type;

	if (!format.json)
		return;
	type = tree_string_needed(&format, "type");
	if (tree_is(type, "json_object")) {
		r->format = CALL_FORMAT_JSON;
	} else if (tree_is(type, "json_schema")) {
		r->format = CALL_FORMAT_SCHEMA;
		r->schema_name = tree_string(&outer, "name");
		r->schema_strict = tree_bool(&outer, "strict", false);
		r->schema = tree_json(&schema);
		if (!schema.json)
			tree_fault(&schema, -EBADMSG, "is missing");
	} else if (!tree_is(type, "text")) {
		tree_fault_at(&format, "type", -EBADMSG, "no such format");
	}
}

static void stops_read(const struct tree_node *root, struct call_request *r)
{
	const struct tree_node stop = tree_member(root, "stop");
	const size_t count = tree_is_string(&stop) ? 1 : tree_count(&stop);
	struct tree_node item;
	size_t i;

	if (stop.json && !tree_is_string(&stop) && !tree_is_array(&stop))
		tree_fault(&stop, -EBADMSG, "must be a string or an array");
	r->stops = count ? tree_alloc(&stop, count, sizeof(*r->stops)) : NULL;
	for (i = 0; i < count && !root->tree->err; i++) {
		item = tree_is_string(&stop) ? stop : tree_item(&stop, i);
		r->stops[r->stop_count++] = tree_text(&item);
	}
}

/* What would change the answer if it were left out, and cannot be said to others. */
static void refused_read(const struct tree_node *root)
{
	static const char *const members[] = { "functions", "function_call", "audio",
					       "web_search_options", "moderation" };
	const struct tree_node modalities = tree_array(root, "modalities");
	const struct tree_node bias = tree_object(root, "logit_bias");
	const size_t count = tree_count(&modalities);
	struct tree_node item;
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (tree_member(root, members[i]).json)
			tree_fault_at(root, members[i], -EOPNOTSUPP, "cannot be translated");
	for (i = 0; i < count && !root->tree->err; i++) {
		item = tree_item(&modalities, i);
		if (!tree_is(tree_text(&item), "text"))
			tree_fault(&item, -EOPNOTSUPP, "only text can be translated");
	}
	if (tree_count(&bias))
		tree_fault(&bias, -EOPNOTSUPP, "cannot be translated");
	if (tree_bool(root, "logprobs", false))
		tree_fault_at(root, "logprobs", -EOPNOTSUPP, "cannot be translated");
	if (tree_uint(root, "top_logprobs"))
		tree_fault_at(root, "top_logprobs", -EOPNOTSUPP, "cannot be translated");
	if (tree_member(root, "n").json && tree_uint(root, "n") != 1)
		tree_fault_at(root, "n", -EOPNOTSUPP, "only one answer can be translated");
}

int openai_chat_request_decode(struct arena *a, const char *body, size_t len,
			       struct call_string model, bool stream,
			       struct call_request *ret_request, struct wire_fault *ret_fault)
{
	struct tree_node root, options;
	struct call_request r = { 0 };
	struct tree t;
	int err;

	(void)model;
	(void)stream;
	if (tree_open(&t, a, body, len, ret_fault, &root) == 0) {
		options = tree_object(&root, "stream_options");
		openai_request_read(&root, &r);
		refused_read(&root);
		messages_read(&root, &r);
		tools_read(&root, &r);
		choice_read(&root, &r);
		format_read(&root, &r);
		stops_read(&root, &r);
		r.max_tokens = tree_uint(&root, "max_completion_tokens");
		if (!r.max_tokens)
			r.max_tokens = tree_uint(&root, "max_tokens");
		r.presence_penalty = tree_number(&root, "presence_penalty");
		r.frequency_penalty = tree_number(&root, "frequency_penalty");
		r.seed = tree_number(&root, "seed");
		r.effort = openai_effort_read(&root, "reasoning_effort");
		r.stream_usage = tree_bool(&options, "include_usage", false);
	}
	err = t.err;
	tree_close(&t);
	if (!err)
		*ret_request = r;
	return err;
}
