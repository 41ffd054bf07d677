// SPDX-License-Identifier: GPL-2.0-or-later
/* Gemini's generateContent: requests, written. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "llm/failure.h"
#include "llm/gemini.h"
#include "llm/put.h"

static bool part_says(const struct call_part *part)
{
	switch (part->kind) {
	case CALL_TEXT:
		return part->text.len > 0;
	case CALL_REASONING:
		return part->text.len || part->sealed.len;
	default:
		return true;
	}
}

static bool part_fits(enum call_role role, enum call_part_kind kind)
{
	switch (kind) {
	case CALL_TEXT:
		return true;
	case CALL_TOOL_CALL:
	case CALL_REASONING:
		return role == CALL_ASSISTANT;
	default:
		return role == CALL_USER;
	}
}

static int turn_check(const struct call_turn *turn, bool *ret_says, struct wire_fault *f)
{
	static const char *const roles[] = { "a system", "a user's", "an assistant's" };
	bool says = false;
	size_t i;

	for (i = 0; i < turn->part_count; i++) {
		if (!part_fits(turn->role, turn->parts[i].kind))
			return failure_set(f, -EOPNOTSUPP, "%s turn with a part that is not for it",
					   roles[turn->role]);
		says |= part_says(&turn->parts[i]);
	}
	*ret_says = says;
	return 0;
}

static bool turn_says(const struct call_turn *turn)
{
	bool says = false;

	return turn_check(turn, &says, NULL) || says;
}

/* The first turn from here on that says something. */
static size_t next_of(const struct call_request *r, size_t at)
{
	while (at < r->turn_count && !turn_says(&r->turns[at]))
		at++;
	return at;
}

static bool model_is(const struct call_request *r, const char *prefix)
{
	const size_t len = strlen(prefix);

	return r->model.len >= len && !strncasecmp(r->model.at, prefix, len);
}

static void text_put_as(struct text *out, const char *before, struct call_string said,
			const char *behind)
{
	struct text text = { 0 };

	text_string(&text, before);
	text_put(&text, said.at, said.len);
	text_string(&text, behind);
	put_open(out, NULL, "{");
	put_string(out, "text", (struct call_string){ text.bytes, text.len });
	text_string(out, "}");
	out->failed |= text.failed;
	text_release(&text);
}

/* All text of a result is one string: most models were taught so. */
static void result_text_put(struct text *out, const struct call_part *result)
{
	struct text text = { 0 };
	bool any = false;
	size_t i;

	for (i = 0; i < result->part_count; i++) {
		if (result->parts[i].kind != CALL_TEXT)
			continue;
		text_string(&text, any ? "\n" : "");
		text_put(&text, result->parts[i].text.at, result->parts[i].text.len);
		any = true;
	}
	put_open(out, "response", "{");
	if (any || result->is_error)
		put_string(
			out, result->is_error ? "error" : "output",
			text.len ? (struct call_string){ text.bytes, text.len } : CALL_STRING(""));
	text_string(out, "}");
	out->failed |= text.failed;
	text_release(&text);
}

static int result_images_put(struct text *out, const struct call_part *result, struct wire_fault *f)
{
	bool open = false;
	int err = 0;
	size_t i;

	for (i = 0; !err && i < result->part_count; i++) {
		if (result->parts[i].kind != CALL_IMAGE)
			continue;
		if (!open)
			put_open(out, "parts", "[");
		open = true;
		put_open(out, NULL, "{");
		err = gemini_blob_put(out, &result->parts[i], f);
		text_string(out, "}");
	}
	text_string(out, open ? "]" : "");
	return err;
}

static int result_put(struct text *out, const struct call_part *result, const struct calls *calls,
		      struct wire_fault *f)
{
	const struct calls_one *call = calls_by_id(calls, result->id);
	const struct call_string name = result->name.len ? result->name :
					call		 ? call->name :
							   (struct call_string){ 0 };
	int err;

	if (!name.len)
		return failure_set(f, -EOPNOTSUPP, "a result of a tool answers no call: %s",
				   result->id.at ? result->id.at : "it has no id");
	put_open(out, NULL, "{");
	put_open(out, "functionResponse", "{");
	put_string(out, "id", result->id);
	put_string(out, "name", name);
	result_text_put(out, result);
	err = result_images_put(out, result, f);
	text_string(out, "}}");
	return err;
}

/* What a turn of the model may lack: see GEMINI_UNSIGNED. */
static bool lacks_seal(const struct call_turn *turns, const struct call_request *r, size_t end)
{
	const struct call_turn *turn = turns;
	size_t i;

	if (!model_is(r, "gemini-3"))
		return false;
	for (; turn < &r->turns[end]; turn++)
		for (i = 0; i < turn->part_count; i++) {
			if (turn->parts[i].kind == CALL_REASONING && turn->parts[i].sealed.len)
				return false;
			if (turn->parts[i].kind == CALL_TOOL_CALL)
				return true;
		}
	return false;
}

static int model_turn_put(struct text *out, const struct call_turn *turn, struct calls *calls,
			  bool *unsigned_call, struct call_string *seal, struct wire_fault *f)
{
	const struct call_part *part;
	int err = 0;
	size_t i;

	for (i = 0; !err && i < turn->part_count; i++) {
		part = &turn->parts[i];
		if (part->kind == CALL_TOOL_CALL) {
			if (*unsigned_call)
				*seal = CALL_STRING(GEMINI_UNSIGNED);
			*unsigned_call = false;
			err = calls_add(calls,
					(struct calls_one){ .id = part->id, .name = part->name });
		}
		err = err ? err : gemini_part_put(out, part, seal, f);
	}
	return err;
}

/* Its results of tools, or all else of it. */
static int user_turn_put(struct text *out, const struct call_turn *turn, bool results,
			 const struct calls *calls, struct wire_fault *f)
{
	struct call_string none = { 0 };
	const struct call_part *part;
	int err = 0;
	size_t i;

	for (i = 0; !err && i < turn->part_count; i++) {
		part = &turn->parts[i];
		if ((part->kind == CALL_TOOL_RESULT) != results)
			continue;
		if (results)
			err = result_put(out, part, calls, f);
		else if (turn->role != CALL_SYSTEM)
			err = gemini_part_put(out, part, &none, f);
		else if (part->text.len)
			text_put_as(out, "<system>\n", part->text, "\n</system>");
	}
	return err;
}

/* Turns of one role: from `from` up to `end`. */
static int content_put(const struct call_request *r, size_t from, size_t end, struct calls *calls,
		       struct text *out, struct wire_fault *f)
{
	const bool model = r->turns[from].role == CALL_ASSISTANT;
	bool unsigned_call = model && lacks_seal(&r->turns[from], r, end);
	struct call_string seal = { 0 };
	int err = 0, results;
	size_t at;

	put_open(out, NULL, "{");
	put_word(out, "role", model ? "model" : "user");
	put_open(out, "parts", "[");
	for (at = from; model && !err && at < end; at++)
		err = model_turn_put(out, &r->turns[at], calls, &unsigned_call, &seal, f);
	gemini_seal_put(out, &seal);
	for (results = 1; !model && results >= 0; results--)
		for (at = from; !err && at < end; at++)
			err = user_turn_put(out, &r->turns[at], results, calls, f);
	text_string(out, "]}");
	return err;
}

static int contents_put(const struct call_request *r, size_t at, struct text *out,
			struct wire_fault *f)
{
	size_t from = next_of(r, at), end;
	struct calls calls = { 0 };
	bool model;
	int err = 0;

	put_open(out, "contents", "[");
	if (from == r->turn_count || r->turns[from].role == CALL_ASSISTANT)
		text_string(out, "{\"role\":\"user\",\"parts\":[{\"text\":\"" GEMINI_FIRST "\"}]}");
	while (!err && from < r->turn_count) {
		model = r->turns[from].role == CALL_ASSISTANT;
		end = from;
		do {
			end = next_of(r, end + 1);
		} while (end < r->turn_count && (r->turns[end].role == CALL_ASSISTANT) == model);
		err = content_put(r, from, end, &calls, out, f);
		from = end;
	}
	text_string(out, "]");
	calls_release(&calls);
	return err;
}

/* The turns before all others. Returns how many there are. */
static size_t system_put(const struct call_request *r, struct text *out)
{
	size_t count = 0, i, k;
	bool says = false;

	for (; count < r->turn_count && r->turns[count].role == CALL_SYSTEM; count++)
		says |= turn_says(&r->turns[count]);
	if (!says)
		return count;
	put_open(out, "systemInstruction", "{");
	put_open(out, "parts", "[");
	for (i = 0; i < count; i++)
		for (k = 0; k < r->turns[i].part_count; k++)
			if (r->turns[i].parts[k].text.len)
				text_put_as(out, "", r->turns[i].parts[k].text, "");
	text_string(out, "]}");
	return count;
}

static void tools_put(const struct call_request *r, struct text *out)
{
	const struct call_tool *tool;
	size_t i;

	if (!r->tool_count)
		return;
	put_open(out, "tools", "[");
	put_open(out, NULL, "{");
	put_open(out, "functionDeclarations", "[");
	for (i = 0; i < r->tool_count; i++) {
		tool = &r->tools[i];
		put_open(out, NULL, "{");
		put_string(out, "name", tool->name);
		put_string(out, "description", tool->description);
		if (tool->parameters.at)
			put_json(out, "parametersJsonSchema", tool->parameters);
		text_string(out, "}");
	}
	text_string(out, "]}]");
}

static int choice_put(const struct call_request *r, struct text *out, struct wire_fault *f)
{
	const bool forced = r->choice == CALL_CHOICE_REQUIRED || r->choice == CALL_CHOICE_NAMED;

	if (forced && !r->tool_count)
		return failure_set(f, -EOPNOTSUPP, "a call of a tool is forced, and there is none");
	if (r->choice == CALL_CHOICE_AUTO || !r->tool_count)
		return 0;
	put_open(out, "toolConfig", "{");
	put_open(out, "functionCallingConfig", "{");
	put_word(out, "mode", forced ? "ANY" : "NONE");
	if (r->choice == CALL_CHOICE_NAMED) {
		put_open(out, "allowedFunctionNames", "[");
		put_string(out, NULL, r->choice_name);
		text_string(out, "]");
	}
	text_string(out, "}}");
	return 0;
}

static void thinking_put(const struct call_request *r, struct text *out)
{
	const bool least = tree_is(r->effort, "minimal"), low = tree_is(r->effort, "low"),
		   medium = tree_is(r->effort, "medium");
	uint64_t budget = r->thinking_tokens;

	if (!budget && !r->effort.at)
		return;
	if (!budget && model_is(r, "gemini-2"))
		budget = least || low ? GEMINI_EFFORT_LOW :
			 medium	      ? GEMINI_EFFORT_MEDIUM :
					GEMINI_EFFORT_HIGH;
	put_open(out, "thinkingConfig", "{");
	put_bool(out, "includeThoughts", true);
	if (budget)
		put_uint(out, "thinkingBudget", budget < INT32_MAX ? budget : INT32_MAX);
	else
		put_word(out, "thinkingLevel",
			 least	? "MINIMAL" :
			 low	? "LOW" :
			 medium ? "MEDIUM" :
				  "HIGH");
	text_string(out, "}");
}

static int settings_put(const struct call_request *r, struct text *out, struct wire_fault *f)
{
	size_t i;

	if (r->stop_count > GEMINI_STOPS)
		return failure_set(f, -EOPNOTSUPP, "stops: this provider takes %d", GEMINI_STOPS);
	put_open(out, "generationConfig", "{");
	if (r->max_tokens)
		put_uint(out, "maxOutputTokens",
			 r->max_tokens < INT32_MAX ? r->max_tokens : INT32_MAX);
	put_number(out, "temperature", r->temperature);
	put_number(out, "topP", r->top_p);
	put_number(out, "topK", r->top_k);
	put_number(out, "seed", r->seed);
	put_number(out, "presencePenalty", r->presence_penalty);
	put_number(out, "frequencyPenalty", r->frequency_penalty);
	if (r->stop_count)
		put_open(out, "stopSequences", "[");
	for (i = 0; i < r->stop_count; i++)
		put_string(out, NULL, r->stops[i]);
	text_string(out, r->stop_count ? "]" : "");
	if (r->format != CALL_FORMAT_TEXT)
		put_word(out, "responseMimeType", "application/json");
	if (r->format == CALL_FORMAT_SCHEMA)
		put_json(out, "responseJsonSchema", r->schema.at ? r->schema : CALL_STRING("{}"));
	thinking_put(r, out);
	text_string(out, "}");
	return 0;
}

int gemini_request_encode(const struct call_request *request, struct text *out,
			  struct wire_fault *ret_fault)
{
	bool says;
	size_t at;
	int err = 0;

	for (at = 0; !err && at < request->turn_count; at++)
		err = turn_check(&request->turns[at], &says, ret_fault);
	if (err)
		return err;
	text_string(out, "{");
	at = system_put(request, out);
	err = contents_put(request, at, out, ret_fault);
	tools_put(request, out);
	err = err ? err : choice_put(request, out, ret_fault);
	err = err ? err : settings_put(request, out, ret_fault);
	text_string(out, "}");
	return err ? err : text_error(out);
}
