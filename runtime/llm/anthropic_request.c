// SPDX-License-Identifier: GPL-2.0-or-later
/* Anthropic's messages: requests, read. */
#include <errno.h>

#include "llm/anthropic.h"

static void turn_read(const struct tree_node *message, struct call_turn *turn)
{
	const struct tree_node content = tree_member(message, "content");
	const struct call_string role = tree_string_needed(message, "role");
	enum anthropic_place place = ANTHROPIC_USER;
	struct parts p = { 0 };

	if (tree_is(role, "assistant")) {
		turn->role = CALL_ASSISTANT;
		place = ANTHROPIC_ASSISTANT;
	} else if (tree_is(role, "system")) {
		turn->role = CALL_SYSTEM;
		place = ANTHROPIC_SYSTEM;
	} else if (tree_is(role, "user")) {
		turn->role = CALL_USER;
	} else {
		tree_fault_at(message, "role", -EBADMSG, "no such role");
	}
	anthropic_content_read(&content, place, &p);
	turn->parts = p.list;
	turn->part_count = p.count;
}

static void turns_read(const struct tree_node *root, struct call_request *r)
{
	const struct tree_node system = tree_member(root, "system"),
			       messages = tree_array_needed(root, "messages");
	const size_t count = tree_count(&messages);
	struct parts p = { 0 };
	struct tree_node item;
	size_t i;

	if (!count) {
		tree_fault(&messages, -EBADMSG, "there are none");
		return;
	}
	r->turns = tree_alloc(root, count + 1, sizeof(*r->turns));
	if (!r->turns)
		return;
	if (system.json)
		anthropic_content_read(&system, ANTHROPIC_SYSTEM, &p);
	if (p.count)
		r->turns[r->turn_count++] = (struct call_turn){ CALL_SYSTEM, p.list, p.count };
	for (i = 0; i < count; i++) {
		item = tree_item(&messages, i);
		if (!tree_is_object(&item))
			tree_fault(&item, -EBADMSG, "must be an object");
		turn_read(&item, &r->turns[r->turn_count++]);
	}
}

/* One that the client runs, not the provider's own. */
static bool tool_is_ours(const struct tree_node *item)
{
	const struct call_string type = tree_string(item, "type");

	return !type.at || tree_is(type, "custom");
}

static void tools_read(const struct tree_node *tools, struct call_request *r)
{
	struct tree_node item, schema;
	struct call_tool *tool;
	size_t i;

	r->tools = tree_alloc(tools, tree_count(tools), sizeof(*r->tools));
	for (i = 0; i < tree_count(tools); i++) {
		item = tree_item(tools, i);
		if (!tree_is_object(&item))
			tree_fault(&item, -EBADMSG, "must be an object");
		if (!tool_is_ours(&item) || !r->tools)
			continue;
		tool = &r->tools[r->tool_count++];
		tool->name = tree_name_needed(&item, "name");
		tool->description = tree_string(&item, "description");
		tool->strict = tree_bool(&item, "strict", false);
		schema = tree_object(&item, "input_schema");
		if (schema.json)
			tool->parameters = tree_json(&schema);
		else
			tree_fault(&schema, -EBADMSG, "is missing");
	}
}

static bool tool_is_there(const struct call_request *r, struct call_string name)
{
	size_t i;

	for (i = 0; i < r->tool_count; i++)
		if (tree_is(name, r->tools[i].name.at))
			return true;
	return false;
}

static void choice_read(const struct tree_node *root, const struct tree_node *tools,
			struct call_request *r)
{
	static const char own[] = "forces a tool of the provider's own";
	const struct tree_node choice = tree_object(root, "tool_choice");
	struct call_string type;

	if (!choice.json)
		return;
	type = tree_string_needed(&choice, "type");
	r->one_tool_call = tree_bool(&choice, "disable_parallel_tool_use", false);
	if (tree_is(type, "none")) {
		r->choice = CALL_CHOICE_NONE;
	} else if (tree_is(type, "any")) {
		r->choice = CALL_CHOICE_REQUIRED;
		if (!r->tool_count)
			tree_fault(&choice, tree_count(tools) ? -EOPNOTSUPP : -EBADMSG,
				   tree_count(tools) ? own : "there are no tools");
	} else if (tree_is(type, "tool")) {
		r->choice = CALL_CHOICE_NAMED;
		r->choice_name = tree_string_needed(&choice, "name");
		/* Which of the left out ones it is does not matter. */
		if (!tool_is_there(r, r->choice_name))
			tree_fault(&choice,
				   tree_count(tools) > r->tool_count ? -EOPNOTSUPP : -EBADMSG,
				   tree_count(tools) > r->tool_count ? own : "no such tool");
	} else if (!tree_is(type, "auto")) {
		tree_fault_at(&choice, "type", -EBADMSG, "no such choice");
	}
}

static void format_read(const struct tree_node *format, struct call_request *r)
{
	struct tree_node schema;

	if (!format->json)
		return;
	schema = tree_object(format, "schema");
	if (!tree_is(tree_string_needed(format, "type"), "json_schema")) {
		tree_fault_at(format, "type", -EBADMSG, "no such format");
	} else if (!schema.json) {
		tree_fault(&schema, -EBADMSG, "is missing");
	} else {
		r->format = CALL_FORMAT_SCHEMA;
		r->schema = tree_json(&schema);
	}
}

static void output_read(const struct tree_node *root, struct call_request *r)
{
	const struct tree_node config = tree_object(root, "output_config"),
			       format = tree_object(&config, "format"),
			       former = tree_object(root, "output_format");
	const struct call_string effort = tree_string(&config, "effort");

	format_read(&former, r);
	format_read(&format, r);
	if (tree_is(effort, "low") || tree_is(effort, "medium") || tree_is(effort, "high"))
		r->effort = effort;
	else if (tree_is(effort, "xhigh") || tree_is(effort, "max"))
		r->effort = CALL_STRING("high");
	else if (effort.at)
		tree_fault_at(&config, "effort", -EBADMSG, "no such effort");
}

static void thinking_read(const struct tree_node *root, struct call_request *r)
{
	const struct tree_node thinking = tree_object(root, "thinking");

	if (!thinking.json)
		return;
	if (!tree_is(tree_string_needed(&thinking, "type"), "enabled"))
		return;
	r->thinking_tokens = tree_uint(&thinking, "budget_tokens");
	if (!r->thinking_tokens)
		tree_fault_at(&thinking, "budget_tokens", -EBADMSG, "must be above 0");
}

static void stops_read(const struct tree_node *root, struct call_request *r)
{
	const struct tree_node stops = tree_array(root, "stop_sequences");
	struct tree_node item;
	size_t i;

	r->stops = tree_alloc(root, tree_count(&stops), sizeof(*r->stops));
	for (i = 0; r->stops && i < tree_count(&stops); i++) {
		item = tree_item(&stops, i);
		r->stops[r->stop_count++] = tree_text(&item);
	}
}

static void settings_read(const struct tree_node *root, struct call_request *r)
{
	const struct tree_node metadata = tree_object(root, "metadata"),
			       limit = tree_member(root, "max_tokens"),
			       servers = tree_array(root, "mcp_servers");

	r->max_tokens = tree_uint(root, "max_tokens");
	if (limit.json && !r->max_tokens)
		tree_fault(&limit, -EBADMSG, "must be above 0");
	r->temperature = tree_number(root, "temperature");
	r->top_p = tree_number(root, "top_p");
	r->top_k = tree_number(root, "top_k");
	r->stream = r->stream_usage = tree_bool(root, "stream", false);
	r->user = tree_string(&metadata, "user_id");
	if (tree_count(&servers))
		tree_fault(&servers, -EOPNOTSUPP, "only the provider itself can call these");
}

int anthropic_request_decode(struct arena *a, const char *body, size_t len,
			     struct call_string model, bool stream,
			     struct call_request *ret_request, struct wire_fault *ret_fault)
{
	struct call_request r = { 0 };
	struct tree_node root, tools;
	struct tree t;
	int err;

	if (!tree_open(&t, a, body, len, ret_fault, &root)) {
		r.model = tree_string_needed(&root, "model");
		if (!r.model.len)
			tree_fault_at(&root, "model", -EBADMSG, "is empty");
		settings_read(&root, &r);
		turns_read(&root, &r);
		tools = tree_array(&root, "tools");
		tools_read(&tools, &r);
		choice_read(&root, &tools, &r);
		thinking_read(&root, &r);
		output_read(&root, &r);
		stops_read(&root, &r);
	}
	err = t.err;
	tree_close(&t);
	if (!err)
		*ret_request = r;
	return err;
}
