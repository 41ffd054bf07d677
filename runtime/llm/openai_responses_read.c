// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests of OpenAI's Responses, read.
 *
 * No state is kept from one to the next, so what refers to some is refused. Tools that
 * only OpenAI's servers run are left out, and so is what an earlier answer tells of them:
 * the model does without, unless it is told to use one. The tools of a namespace become
 * functions whose names begin with its own, and custom tools functions of one argument
 * (OPENAI_NAMESPACE, OPENAI_CUSTOM). Hints are left out: verbosity,
 * summaries, truncation, what is about caches, service_tier, metadata, store.
 */
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "llm/openai_responses.h"

/* What the last item was: those of one turn stand in one. */
enum behind { BEHIND_MESSAGE, BEHIND_SAID, BEHIND_RESULT };

struct input {
	struct openai_turns turns;
	enum behind behind;
	struct call_request *request; /* for tools that come as an item */
};

static void image_read(const struct tree_node *n, struct openai_parts *parts)
{
	const struct tree_node url = tree_member(n, "image_url");
	struct call_part *part = openai_part_add(n, parts, CALL_IMAGE);

	if (tree_member(n, "file_id").json)
		tree_fault_at(n, "file_id", -EOPNOTSUPP, "is a file that only its provider has");
	else if (part)
		openai_url_read(&url, tree_string_needed(n, "image_url"), part);
}

static void file_read(const struct tree_node *n, struct openai_parts *parts)
{
	const struct tree_node url = tree_member(n, "file_url");
	struct call_part *part = openai_part_add(n, parts, CALL_FILE);

	if (!part)
		return;
	if (!url.json) {
		openai_file_read(n, part);
		return;
	}
	part->name = tree_string(n, "filename");
	openai_url_read(&url, tree_text(&url), part);
}

/* said: an assistant's; then there are only texts. */
static void part_read(const struct tree_node *n, bool said, struct openai_parts *parts)
{
	const struct call_string type = tree_string_needed(n, "type");

	if (tree_is(type, "input_text") || tree_is(type, "output_text") || tree_is(type, "text"))
		openai_text_add(n, parts, tree_string_needed(n, "text"));
	else if (tree_is(type, "refusal"))
		openai_text_add(n, parts, tree_string_needed(n, "refusal"));
	else if (tree_is(type, "input_image") && !said)
		image_read(n, parts);
	else if (tree_is(type, "input_file") && !said)
		file_read(n, parts);
	else if (tree_is(type, "input_audio"))
		tree_fault_at(n, "type", -EOPNOTSUPP, "audio cannot be translated");
	else
		tree_fault_at(n, "type", -EBADMSG, "no such kind");
}

/* A string, or an array of parts. */
static void content_read(const struct tree_node *n, const char *key, bool said,
			 struct openai_parts *parts)
{
	const struct tree_node content = tree_member(n, key);
	const size_t count = tree_is_array(&content) ? tree_count(&content) : 0;
	struct tree_node item;
	size_t i;

	if (!content.json)
		tree_fault(&content, -EBADMSG, "is missing");
	else if (tree_is_string(&content))
		openai_text_add(n, parts, tree_text(&content));
	else if (!tree_is_array(&content))
		tree_fault(&content, -EBADMSG, "must be a string or an array");
	for (i = 0; i < count && !n->tree->err; i++) {
		item = tree_item(&content, i);
		part_read(&item, said, parts);
	}
}

/* What an assistant said, thought and called is one turn. */
static void said_begin(const struct tree_node *n, struct input *in)
{
	if (in->behind != BEHIND_SAID)
		openai_turn_add(n, &in->turns, CALL_ASSISTANT);
	in->behind = BEHIND_SAID;
}

static void message_read(const struct tree_node *n, struct input *in)
{
	const struct call_string role = tree_string_needed(n, "role");

	if (tree_is(role, "assistant")) {
		said_begin(n, in);
		content_read(n, "content", true, &in->turns.parts);
		return;
	}
	in->behind = BEHIND_MESSAGE;
	if (tree_is(role, "user")) {
		openai_turn_add(n, &in->turns, CALL_USER);
		content_read(n, "content", false, &in->turns.parts);
	} else if (tree_is(role, "system") || tree_is(role, "developer")) {
		openai_turn_add(n, &in->turns, CALL_SYSTEM);
		content_read(n, "content", true, &in->turns.parts);
	} else {
		tree_fault_at(n, "role", -EBADMSG, "no such role");
	}
}

static void call_read(const struct tree_node *n, struct input *in)
{
	const bool custom = tree_is(tree_string(n, "type"), "custom_tool_call");
	struct call_part *part;

	said_begin(n, in);
	part = openai_part_add(n, &in->turns.parts, CALL_TOOL_CALL);
	if (!part)
		return;
	part->id = tree_string_needed(n, "call_id");
	part->name = openai_responses_own_name_read(n, tree_string(n, "namespace"), custom);
	part->text = custom ? openai_responses_input_read(n) : tree_object_text(n, "arguments");
	if (!part->text.at)
		part->text = CALL_STRING("{}");
}

static void result_read(const struct tree_node *n, struct input *in)
{
	struct openai_parts parts = { 0 };
	struct call_part *part;

	if (in->behind != BEHIND_RESULT)
		openai_turn_add(n, &in->turns, CALL_USER);
	in->behind = BEHIND_RESULT;
	part = openai_part_add(n, &in->turns.parts, CALL_TOOL_RESULT);
	if (!part)
		return;
	part->id = tree_string_needed(n, "call_id");
	content_read(n, "output", false, &parts);
	part->parts = parts.at;
	part->part_count = parts.count;
}

static void reasoning_read(const struct tree_node *n, struct input *in)
{
	struct call_part thought = { .kind = CALL_REASONING }, *part;

	openai_responses_reasoning_read(n, &thought);
	/* An id alone: what is behind it was never kept. */
	if (!thought.text.len && !thought.sealed.len)
		return;
	said_begin(n, in);
	part = openai_part_add(n, &in->turns.parts, CALL_REASONING);
	if (part)
		*part = thought;
}

/* Run by OpenAI's servers, with nothing for a client to do. */
static bool servers_tool(struct call_string type)
{
	static const char *const types[] = { "file_search",	 "code_interpreter",
					     "image_generation", "mcp",
					     "tool_search",	 "programmatic_tool_calling" };
	static const char web_search[] = "web_search";
	size_t i;

	/* web_search_preview_2025_03_11 and the like. */
	if (type.len >= strlen(web_search) && !memcmp(type.at, web_search, strlen(web_search)))
		return true;
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (tree_is(type, types[i]))
			return true;
	return false;
}

static void tool_read(const struct tree_node *n, struct call_string space, struct call_request *r)
{
	const struct call_string type = tree_string_needed(n, "type");
	const bool custom = tree_is(type, "custom");
	struct call_tool *tool;

	if (!custom && !tree_is(type, "function")) {
		if (!servers_tool(type))
			tree_fault_at(n, "type", -EOPNOTSUPP, "cannot be translated");
		return;
	}
	if (r->tool_count == LIMIT_LLM_TOOLS)
		tree_fault(n, -EBADMSG, "is one of more than %d", LIMIT_LLM_TOOLS);
	if (n->tree->err)
		return;
	tool = &r->tools[r->tool_count++];
	if (custom)
		openai_responses_custom_read(n, tool);
	else
		openai_tool_read(n, tool);
	tool->name = openai_responses_own_name_read(n, space, custom);
}

static void namespace_read(const struct tree_node *n, struct call_request *r)
{
	const struct call_string name = tree_string_needed(n, "name");
	const struct tree_node tools = tree_array_needed(n, "tools");
	const size_t count = tree_count(&tools);
	struct tree_node item;
	size_t i;

	if (!name.len)
		tree_fault_at(n, "name", -EBADMSG, "must not be empty");
	for (i = 0; i < count && !n->tree->err; i++) {
		item = tree_item(&tools, i);
		tool_read(&item, name, r);
	}
}

/* Of a request, or of an item that brings more. */
static void tools_read(const struct tree_node *n, struct call_request *r)
{
	const struct tree_node tools = tree_array(n, "tools");
	const size_t count = tree_count(&tools);
	struct tree_node item;
	size_t i;

	for (i = 0; i < count && !n->tree->err; i++) {
		item = tree_item(&tools, i);
		if (tree_is(tree_string(&item, "type"), "namespace"))
			namespace_read(&item, r);
		else
			tool_read(&item, (struct call_string){ 0 }, r);
	}
}

static void item_read(const struct tree_node *n, struct input *in)
{
	const struct call_string type = tree_string(n, "type");

	if (!type.at || tree_is(type, "message"))
		message_read(n, in);
	else if (tree_is(type, "function_call") || tree_is(type, "custom_tool_call"))
		call_read(n, in);
	else if (tree_is(type, "function_call_output") || tree_is(type, "custom_tool_call_output"))
		result_read(n, in);
	else if (tree_is(type, "additional_tools"))
		tools_read(n, in->request);
	else if (tree_is(type, "reasoning"))
		reasoning_read(n, in);
	else if (tree_is(type, "item_reference"))
		tree_fault_at(n, "type", -EOPNOTSUPP, "no state is kept: send the item itself");
	else if (!tree_is(type, "web_search_call") && !tree_is(type, "file_search_call"))
		tree_fault_at(n, "type", -EOPNOTSUPP, "cannot be translated");
}

static void input_read(const struct tree_node *root, struct call_request *r)
{
	const struct tree_node input = tree_member(root, "input");
	const size_t count = tree_is_array(&input) ? tree_count(&input) : 0;
	const struct call_string instructions = tree_string(root, "instructions");
	struct input in = { .behind = BEHIND_MESSAGE, .request = r };
	struct tree_node item;
	size_t i;

	if (instructions.len) {
		openai_turn_add(root, &in.turns, CALL_SYSTEM);
		openai_text_add(root, &in.turns.parts, instructions);
	}
	if (!input.json) {
		tree_fault(&input, -EBADMSG, "is missing");
	} else if (tree_is_string(&input)) {
		openai_turn_add(&input, &in.turns, CALL_USER);
		openai_text_add(&input, &in.turns.parts, tree_text(&input));
	} else if (!count) {
		tree_fault(&input, -EBADMSG, "must be a string or an array of items");
	}
	for (i = 0; i < count && !root->tree->err; i++) {
		item = tree_item(&input, i);
		item_read(&item, &in);
	}
	openai_turns_put(&in.turns, r);
}

static struct call_string tool_name(const struct tree_node *tool)
{
	const struct call_string type = tree_string(tool, "type");
	const bool custom = tree_is(type, "custom");

	/* One that servers run has none, and is left out. */
	if (!custom && !tree_is(type, "function"))
		return (struct call_string){ 0 };
	return openai_responses_own_name_read(tool, tree_string(tool, "namespace"), custom);
}

static void choice_read(const struct tree_node *root, struct call_request *r)
{
	const struct tree_node choice = tree_member(root, "tool_choice");
	struct tree_node tools;
	struct call_string type;

	if (!choice.json)
		return;
	if (tree_is_string(&choice)) {
		type = tree_text(&choice);
		if (tree_is(type, "none"))
			r->choice = CALL_CHOICE_NONE;
		else if (tree_is(type, "required"))
			r->choice = CALL_CHOICE_REQUIRED;
		else if (!tree_is(type, "auto"))
			tree_fault(&choice, -EBADMSG, "no such choice");
	} else {
		type = tree_string_needed(&choice, "type");
		if (tree_is(type, "function") || tree_is(type, "custom")) {
			r->choice = CALL_CHOICE_NAMED;
			r->choice_name = tool_name(&choice);
		} else if (tree_is(type, "allowed_tools")) {
			tools = tree_array_needed(&choice, "tools");
			openai_allowed_read(&choice, &tools, tool_name, r);
		} else {
			tree_fault_at(&choice, "type", -EOPNOTSUPP,
				      "requires a tool that only OpenAI has");
		}
	}
	openai_choice_check(&choice, r);
}

static void format_read(const struct tree_node *root, struct call_request *r)
{
	const struct tree_node text = tree_object(root, "text");
	const struct tree_node format = tree_object(&text, "format");
	const struct tree_node schema = tree_object(&format, "schema");
	struct call_string type;

	if (!format.json)
		return;
	type = tree_string_needed(&format, "type");
	if (tree_is(type, "json_object")) {
		r->format = CALL_FORMAT_JSON;
	} else if (tree_is(type, "json_schema")) {
		r->format = CALL_FORMAT_SCHEMA;
		r->schema_name = tree_string(&format, "name");
		r->schema_strict = tree_bool(&format, "strict", false);
		r->schema = tree_json(&schema);
		if (!schema.json)
			tree_fault(&schema, -EBADMSG, "is missing");
	} else if (!tree_is(type, "text")) {
		tree_fault_at(&format, "type", -EBADMSG, "no such format");
	}
}

static void refused_read(const struct tree_node *root)
{
	static const char state[] = "no state is kept: send the whole conversation as input";
	static const char *const members[] = { "previous_response_id", "conversation", "prompt" };
	const struct tree_node include = tree_array(root, "include");
	const size_t count = tree_count(&include);
	struct tree_node item;
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (tree_member(root, members[i]).json)
			tree_fault_at(root, members[i], -EOPNOTSUPP, state);
	if (tree_bool(root, "background", false))
		tree_fault_at(root, "background", -EOPNOTSUPP, "no state is kept");
	if (tree_member(root, "moderation").json)
		tree_fault_at(root, "moderation", -EOPNOTSUPP, "cannot be translated");
	if (tree_uint(root, "top_logprobs"))
		tree_fault_at(root, "top_logprobs", -EOPNOTSUPP, "cannot be translated");
	for (i = 0; i < count && !root->tree->err; i++) {
		item = tree_item(&include, i);
		if (tree_is(tree_text(&item), "message.output_text.logprobs"))
			tree_fault(&item, -EOPNOTSUPP, "cannot be translated");
	}
}

int openai_responses_request_decode(struct arena *a, const char *body, size_t len,
				    struct call_string model, bool stream,
				    struct call_request *ret_request, struct wire_fault *ret_fault)
{
	struct tree_node root, reasoning;
	struct call_request r = { 0 };
	struct tree t;
	int err;

	(void)model;
	(void)stream;
	if (tree_open(&t, a, body, len, ret_fault, &root) == 0) {
		reasoning = tree_object(&root, "reasoning");
		openai_request_read(&root, &r);
		refused_read(&root);
		openai_tools_alloc(&root, LIMIT_LLM_TOOLS, &r);
		tools_read(&root, &r);
		input_read(&root, &r);
		choice_read(&root, &r);
		format_read(&root, &r);
		r.max_tokens = tree_uint(&root, "max_output_tokens");
		r.effort = openai_effort_read(&reasoning, "effort");
	}
	err = t.err;
	tree_close(&t);
	if (!err)
		*ret_request = r;
	return err;
}
