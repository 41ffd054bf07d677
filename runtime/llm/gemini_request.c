// SPDX-License-Identifier: GPL-2.0-or-later
/* Gemini's generateContent: requests, read. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "llm/gemini.h"

/* A number, or a count, by either spelling. */
static struct call_number number_read(const struct tree_node *n, const char *key)
{
	const struct tree_node member = gemini_member(n, key);

	if (!member.json)
		return (struct call_number){ 0 };
	if (!json_is_number(member.json)) {
		tree_fault(&member, -EBADMSG, "must be a number");
		return (struct call_number){ 0 };
	}
	return (struct call_number){ json_number_value(member.json), true };
}

static bool is_image(struct call_string type)
{
	return type.len > 6 && !strncasecmp(type.at, "image/", 6);
}

/* inlineData or fileData. */
static void blob_read(const struct tree_node *blob, struct parts *p)
{
	const struct call_string type = gemini_string(blob, "mimeType"),
				 data = tree_string(blob, "data"),
				 url = gemini_string(blob, "fileUri");
	struct call_part *part = parts_add(p, blob, is_image(type) ? CALL_IMAGE : CALL_FILE);

	if (!part)
		return;
	part->media_type = type;
	part->data = data;
	part->url = url;
	if (!data.at && !url.at)
		tree_fault(blob, -EBADMSG, "has neither data nor an address");
	else if (data.at && !type.len)
		tree_fault_at(blob, "mimeType", -EBADMSG, "is missing");
}

/* The one member of an object, if it is this one; else none. */
static struct tree_node only_member(const struct tree_node *n, const char *key)
{
	struct tree_node member = tree_member(n, key);

	if (tree_count(n) != 1)
		member.json = NULL;
	return member;
}

static void response_read(const struct tree_node *response, struct call_part *result,
			  struct parts *p)
{
	static const char *const keys[] = { "output", "result", "error" };
	struct tree_node only;
	size_t i;

	for (i = 0; i < 3; i++) {
		only = only_member(response, keys[i]);
		if (!tree_is_string(&only))
			continue;
		parts_text(p, response, tree_text(&only));
		result->is_error = i == 2;
		return;
	}
	if (tree_count(response))
		parts_text(p, response, tree_json(response));
}

static void result_parts_read(const struct tree_node *n, struct call_part *result)
{
	const struct tree_node response = gemini_object(n, "response"),
			       list = tree_array(n, "parts");
	struct tree_node item, blob;
	struct parts p = { 0 };
	size_t i;

	response_read(&response, result, &p);
	for (i = 0; i < tree_count(&list); i++) {
		item = tree_item(&list, i);
		if (!tree_is_object(&item))
			tree_fault(&item, -EBADMSG, "must be an object");
		blob = gemini_object(&item, "inlineData");
		if (!blob.json)
			blob = gemini_object(&item, "fileData");
		if (!blob.json)
			tree_fault(&item, -EBADMSG, "no such kind");
		blob_read(&blob, &p);
		if (p.count && parts_last(&p)->kind == CALL_FILE)
			tree_fault(&item, -EOPNOTSUPP,
				   "a file in a tool's result is unknown elsewhere");
	}
	result->parts = p.list;
	result->part_count = p.count;
}

static void result_read(const struct tree_node *n, struct parts *p, struct calls *calls)
{
	struct call_part *part = parts_add(p, n, CALL_TOOL_RESULT);
	struct calls_one *call;

	if (!part)
		return;
	part->name = tree_string_needed(n, "name");
	part->id = tree_string(n, "id");
	call = part->id.len ? calls_by_id(calls, part->id) : NULL;
	/* Older clients send no ids back; one that names an id does not mean a call with another. */
	if (!call)
		call = calls_by_name(calls, part->name, part->id.len);
	if (call) {
		call->answered = true;
		part->id = call->id;
	} else if (!part->id.len) {
		tree_fault(n, -EBADMSG, "answers no call of this name");
	}
	result_parts_read(n, part);
}

struct turn_place {
	size_t turn, part;
	bool model;
	struct calls *calls;
};

static void model_part_read(const struct tree_node *n, const struct turn_place *at, struct parts *p)
{
	struct gemini_piece piece;
	struct call_part *last;
	char made[GEMINI_ID_SIZE];

	gemini_piece_read(n, &piece);
	snprintf(made, sizeof(made), "call_%u_%u", (unsigned int)at->turn, (unsigned int)at->part);
	gemini_piece_add(p, n, &piece, made);
	last = parts_last(p);
	if (piece.call && last && last->kind == CALL_TOOL_CALL && !n->tree->err &&
	    calls_add(at->calls, (struct calls_one){ .id = last->id,
						     .name = last->name,
						     .made = !piece.id.len }))
		n->tree->err = -ENOMEM;
}

static void part_read(const struct tree_node *n, const struct turn_place *at, struct parts *p)
{
	static const char *const own[] = { "executableCode", "codeExecutionResult", "toolCall",
					   "toolResponse" };
	const struct tree_node inline_data = gemini_object(n, "inlineData"),
			       file_data = gemini_object(n, "fileData"),
			       call = gemini_object(n, "functionCall"),
			       result = gemini_object(n, "functionResponse");
	const struct call_string text = tree_string(n, "text");
	struct tree_node member;
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		member = gemini_member(n, own[i]);
		if (member.json)
			tree_fault(&member, -EOPNOTSUPP,
				   "is of the provider's own tools, and unknown elsewhere");
	}
	if (at->model && (inline_data.json || file_data.json || result.json))
		tree_fault(n, inline_data.json || file_data.json ? -EOPNOTSUPP : -EBADMSG,
			   "a part that is not for a model's turn");
	else if (at->model)
		model_part_read(n, at, p);
	else if (call.json)
		tree_fault(&call, -EBADMSG, "is not for a user's turn");
	else if (result.json)
		result_read(&result, p, at->calls);
	else if (inline_data.json || file_data.json)
		blob_read(inline_data.json ? &inline_data : &file_data, p);
	else if (text.at)
		parts_text(p, n, text);
	else
		tree_fault(n, -EBADMSG, "no such kind");
}

/* Whether it is the model's. */
static bool role_read(const struct tree_node *content)
{
	const struct call_string role = tree_string(content, "role");
	const bool model = tree_is(role, "model");

	if (role.at && !model && !tree_is(role, "user") && !tree_is(role, "function"))
		tree_fault_at(content, "role", -EBADMSG, "no such role");
	return model;
}

static void content_read(const struct tree_node *content, struct turn_place at, struct parts *p)
{
	const struct tree_node list = tree_array_needed(content, "parts");
	struct tree_node item;

	for (at.part = 0; at.part < tree_count(&list); at.part++) {
		item = tree_item(&list, at.part);
		if (!tree_is_object(&item))
			tree_fault(&item, -EBADMSG, "must be an object");
		part_read(&item, &at, p);
	}
}

static void system_read(const struct tree_node *root, struct call_request *r)
{
	const struct tree_node system = gemini_member(root, "systemInstruction");
	struct tree_node list, item;
	struct parts p = { 0 };
	size_t i;

	if (tree_is_string(&system)) {
		parts_text(&p, root, tree_text(&system));
	} else if (system.json) {
		list = tree_array_needed(&system, "parts");
		for (i = 0; i < tree_count(&list); i++) {
			item = tree_item(&list, i);
			if (!tree_is_object(&item))
				tree_fault(&item, -EBADMSG, "must be an object");
			parts_text(&p, root, tree_string_needed(&item, "text"));
		}
	}
	if (p.count)
		r->turns[r->turn_count++] = (struct call_turn){ CALL_SYSTEM, p.list, p.count };
}

/* The SDK keeps each frame of a streamed answer as a turn of the model: they are one. */
static void contents_read(const struct tree_node *contents, struct calls *calls,
			  struct call_request *r)
{
	struct turn_place at = { .calls = calls };
	struct parts p = { 0 };
	struct tree_node item;
	bool before = false;

	for (; at.turn < tree_count(contents); at.turn++) {
		item = tree_item(contents, at.turn);
		if (!tree_is_object(&item))
			tree_fault(&item, -EBADMSG, "must be an object");
		at.model = role_read(&item);
		if (!at.model || !before) {
			p = (struct parts){ 0 };
			r->turn_count++;
		}
		before = at.model;
		content_read(&item, at, &p);
		r->turns[r->turn_count - 1] = (struct call_turn){
			at.model ? CALL_ASSISTANT : CALL_USER, p.list, p.count
		};
	}
}

static void turns_read(const struct tree_node *root, struct call_request *r)
{
	const struct tree_node contents = tree_array_needed(root, "contents");
	const size_t count = tree_count(&contents);
	struct calls calls = { 0 };
	size_t i;

	if (!count) {
		tree_fault(&contents, -EBADMSG, "there are none");
		return;
	}
	r->turns = tree_alloc(root, count + 1, sizeof(*r->turns));
	if (!r->turns)
		return;
	system_read(root, r);
	contents_read(&contents, &calls, r);
	calls_release(&calls);
	for (i = 0; i < r->turn_count; i++)
		gemini_thoughts_join(root, r->turns[i].parts, &r->turns[i].part_count);
}

static bool name_is_among(const struct tree_node *names, struct call_string name)
{
	struct tree_node item;
	size_t i;

	for (i = 0; i < tree_count(names); i++) {
		item = tree_item(names, i);
		if (json_string_length(item.json) == name.len &&
		    !memcmp(json_string_value(item.json), name.at, name.len))
			return true;
	}
	return !tree_count(names);
}

/* Each function is looked for among them. */
static void names_check(const struct tree_node *names)
{
	struct tree_node item;
	size_t i;

	if (tree_count(names) > LIMIT_LLM_TOOLS)
		tree_fault(names, -EBADMSG, "there are more than %d", LIMIT_LLM_TOOLS);
	for (i = 0; i < tree_count(names); i++) {
		item = tree_item(names, i);
		if (!tree_is_string(&item))
			tree_fault(&item, -EBADMSG, "must be a string");
	}
}

static void function_read(const struct tree_node *n, const struct tree_node *allowed,
			  struct call_request *r)
{
	const struct tree_node plain = gemini_member(n, "parametersJsonSchema"),
			       open_api = tree_object(n, "parameters");
	struct call_tool tool = { .name = tree_name_needed(n, "name"),
				  .description = tree_string(n, "description") };

	if (!tool.name.at || !tool.name.len || !name_is_among(allowed, tool.name))
		return;
	tool.parameters = plain.json ? tree_json(&plain) : gemini_schema_json(&open_api);
	r->tools[r->tool_count++] = tool;
}

/* Functions may stand in several of the tools. Returns whether there are tools at all. */
static bool tools_read(const struct tree_node *root, const struct tree_node *allowed,
		       struct call_request *r)
{
	const struct tree_node tools = tree_array(root, "tools");
	struct tree_node item, list, each;
	size_t count = 0, i, k;

	for (i = 0; i < tree_count(&tools); i++) {
		item = tree_item(&tools, i);
		if (!tree_is_object(&item))
			tree_fault(&item, -EBADMSG, "must be an object");
		list = gemini_array(&item, "functionDeclarations");
		count += tree_count(&list);
	}
	r->tools = tree_alloc(root, count, sizeof(*r->tools));
	for (i = 0; r->tools && i < tree_count(&tools); i++) {
		item = tree_item(&tools, i);
		list = gemini_array(&item, "functionDeclarations");
		for (k = 0; k < tree_count(&list); k++) {
			each = tree_item(&list, k);
			if (!tree_is_object(&each))
				tree_fault(&each, -EBADMSG, "must be an object");
			function_read(&each, allowed, r);
		}
	}
	return tree_count(&tools) > 0;
}

static void choice_read(const struct tree_node *root, struct call_request *r)
{
	const struct tree_node config = gemini_object(root, "toolConfig"),
			       calling = gemini_object(&config, "functionCallingConfig"),
			       allowed = gemini_array(&calling, "allowedFunctionNames");
	const struct call_string mode = tree_string(&calling, "mode");
	bool tools;

	names_check(&allowed);
	tools = tools_read(root, &allowed, r);
	if (tree_is(mode, "NONE")) {
		r->choice = CALL_CHOICE_NONE;
	} else if (tree_is(mode, "ANY")) {
		r->choice = CALL_CHOICE_REQUIRED;
		if (!r->tool_count)
			tree_fault_at(&calling, "mode", tools ? -EOPNOTSUPP : -EBADMSG,
				      tools ? "leaves only tools of the provider's own" :
					      "there are no functions");
		if (tree_count(&allowed) && r->tool_count == 1) {
			r->choice = CALL_CHOICE_NAMED;
			r->choice_name = r->tools[0].name;
		}
	} else if (mode.at && !tree_is(mode, "AUTO") && !tree_is(mode, "VALIDATED") &&
		   !tree_is(mode, "MODE_UNSPECIFIED")) {
		tree_fault_at(&calling, "mode", -EBADMSG, "no such mode");
	}
}

static void thinking_read(const struct tree_node *config, struct call_request *r)
{
	static const struct {
		const char *level;
		struct call_string effort;
	} levels[] = { { "MINIMAL", CALL_STRING("minimal") },
		       { "LOW", CALL_STRING("low") },
		       { "MEDIUM", CALL_STRING("medium") },
		       { "HIGH", CALL_STRING("high") } };
	const struct tree_node thinking = gemini_object(config, "thinkingConfig");
	/* Below 0 it is the model's to choose; 0 is none at all, which nobody else can be told. */
	const struct call_number budget = number_read(&thinking, "thinkingBudget");
	const struct call_string level = gemini_string(&thinking, "thinkingLevel");
	size_t i;

	if (budget.given && budget.value >= 1 && budget.value <= UINT32_MAX)
		r->thinking_tokens = (uint64_t)budget.value;
	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (level.at && !strcasecmp(level.at, levels[i].level))
			r->effort = levels[i].effort;
	if (level.at && !r->effort.at && !tree_is(level, "THINKING_LEVEL_UNSPECIFIED"))
		tree_fault_at(&thinking, "thinkingLevel", -EBADMSG, "no such level");
}

static void format_read(const struct tree_node *config, struct call_request *r)
{
	const struct call_string type = gemini_string(config, "responseMimeType");
	const struct tree_node plain = gemini_member(config, "responseJsonSchema"),
			       open_api = gemini_object(config, "responseSchema");

	if (plain.json || open_api.json) {
		r->format = CALL_FORMAT_SCHEMA;
		r->schema = plain.json ? tree_json(&plain) : gemini_schema_json(&open_api);
	} else if (tree_is(type, "application/json")) {
		r->format = CALL_FORMAT_JSON;
	}
	if (type.len && !tree_is(type, "application/json") && !tree_is(type, "text/plain"))
		tree_fault_at(config, "responseMimeType", -EOPNOTSUPP,
			      "no such form of an answer elsewhere");
}

static void modalities_read(const struct tree_node *config)
{
	const struct tree_node list = gemini_array(config, "responseModalities");
	struct tree_node item;
	size_t i;

	for (i = 0; i < tree_count(&list); i++) {
		item = tree_item(&list, i);
		if (!tree_is(tree_text(&item), "TEXT"))
			tree_fault(&item, -EOPNOTSUPP, "answers are text elsewhere");
	}
}

static void settings_read(const struct tree_node *root, struct call_request *r)
{
	const struct tree_node config = gemini_object(root, "generationConfig"),
			       stops = gemini_array(&config, "stopSequences"),
			       cached = gemini_member(root, "cachedContent"),
			       log = gemini_member(&config, "responseLogprobs");
	const struct call_number most = number_read(&config, "maxOutputTokens"),
				 count = number_read(&config, "candidateCount");
	struct tree_node item;
	size_t i;

	if (most.given && (most.value < 1 || most.value > UINT32_MAX))
		tree_fault_at(&config, "maxOutputTokens", -EBADMSG, "must be above 0");
	else
		r->max_tokens = (uint64_t)most.value;
	if (count.given && count.value > 1)
		tree_fault_at(&config, "candidateCount", -EOPNOTSUPP, "only 1 elsewhere");
	if (json_is_true(log.json))
		tree_fault(&log, -EOPNOTSUPP, "not told elsewhere");
	if (cached.json)
		tree_fault(&cached, -EOPNOTSUPP, "what the provider keeps is unknown elsewhere");
	r->temperature = number_read(&config, "temperature");
	r->top_p = number_read(&config, "topP");
	r->top_k = number_read(&config, "topK");
	r->seed = number_read(&config, "seed");
	r->presence_penalty = number_read(&config, "presencePenalty");
	r->frequency_penalty = number_read(&config, "frequencyPenalty");
	r->stops = tree_alloc(root, tree_count(&stops), sizeof(*r->stops));
	for (i = 0; r->stops && i < tree_count(&stops); i++) {
		item = tree_item(&stops, i);
		r->stops[r->stop_count++] = tree_text(&item);
	}
	modalities_read(&config);
	thinking_read(&config, r);
	format_read(&config, r);
}

/* Of the URL, or where the whole request stands in a body. */
static void model_read(const struct tree_node *root, struct call_string model,
		       struct call_request *r)
{
	static const char prefix[] = "models/";
	const size_t len = sizeof(prefix) - 1;
	char *copy;

	r->model = model.len ? model : tree_string(root, "model");
	if (r->model.len > len && !memcmp(r->model.at, prefix, len)) {
		r->model.at += len;
		r->model.len -= len;
	}
	if (!r->model.len) {
		tree_fault_at(root, "model", -EBADMSG, "is missing");
		return;
	}
	copy = tree_alloc(root, r->model.len + 1, 1);
	if (copy) {
		memcpy(copy, r->model.at, r->model.len);
		r->model.at = copy;
	}
}

int gemini_request_decode(struct arena *a, const char *body, size_t len, struct call_string model,
			  bool stream, struct call_request *ret_request,
			  struct wire_fault *ret_fault)
{
	struct call_request r = { .stream = stream, .stream_usage = stream };
	struct tree_node root;
	struct tree t;
	int err;

	if (!tree_open(&t, a, body, len, ret_fault, &root)) {
		model_read(&root, model, &r);
		turns_read(&root, &r);
		choice_read(&root, &r);
		settings_read(&root, &r);
	}
	err = t.err;
	tree_close(&t);
	if (!err)
		*ret_request = r;
	return err;
}
