// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests of OpenAI's chat completions, written.
 *
 * As most providers that speak it know less of it than OpenAI: system turns have the role
 * system, and content that is text alone is one string. Left out are hints (top_k, a
 * budget for reasoning), whether a tool's result is an error, and reasoning that is
 * sealed, as only the provider that sealed it wants it back.
 */
#include <errno.h>

#include "llm/openai_chat.h"

static int user_part_put(const struct call_part *part, struct text *out, struct wire_fault *fault)
{
	switch (part->kind) {
	case CALL_TEXT:
		text_string(out, "{\"type\":\"text\",\"text\":");
		openai_put(out, part->text);
		text_string(out, "}");
		return 0;
	case CALL_IMAGE:
		text_string(out, "{\"type\":\"image_url\",\"image_url\":{\"url\":");
		openai_url_put(out, part);
		text_string(out, "}}");
		return 0;
	case CALL_FILE:
		if (part->url.at)
			return openai_refuse(fault, "openai-chat takes no files by their URL");
		text_string(out, "{\"type\":\"file\",\"file\":{\"filename\":");
		openai_put(out, part->name.at ? part->name : CALL_STRING("file"));
		text_string(out, ",\"file_data\":");
		openai_url_put(out, part);
		text_string(out, "}}");
		return 0;
	default:
		return openai_refuse(fault, "a user's turn has a part that is not a user's");
	}
}

/* Where it is text alone that can be said. */
static int texts_put(const struct call_part *parts, size_t count, const char *what,
		     struct text *out, struct wire_fault *fault)
{
	if (openai_has_other(parts, count))
		return openai_refuse(fault, what);
	openai_texts_put(out, parts, count, CALL_TEXT, true);
	return 0;
}

static void message_begin(struct text *out, const char *role)
{
	if (out->len && out->bytes[out->len - 1] == '}')
		text_string(out, ",");
	text_printf(out, "{\"role\":\"%s\"", role);
}

/* Results come first: they have to stand right behind the calls. */
static int user_put(const struct call_turn *turn, struct text *out, struct wire_fault *fault)
{
	size_t i, others = 0, done = 0, images = 0;
	const struct call_part *part;
	int err = 0;

	for (i = 0; i < turn->part_count && !err; i++) {
		part = &turn->parts[i];
		if (part->kind != CALL_TOOL_RESULT) {
			others++;
			images += part->kind != CALL_TEXT;
			continue;
		}
		message_begin(out, "tool");
		openai_member_put(out, "tool_call_id", part->id);
		text_string(out, ",\"content\":");
		err = texts_put(part->parts, part->part_count,
				"openai-chat takes no images in the result of a tool", out, fault);
		text_string(out, "}");
	}
	if (err || (!others && turn->part_count))
		return err;
	message_begin(out, "user");
	text_string(out, ",\"content\":");
	if (!images) {
		openai_texts_put(out, turn->parts, turn->part_count, CALL_TEXT, true);
		text_string(out, "}");
		return 0;
	}
	for (i = 0; i < turn->part_count && !err; i++) {
		if (turn->parts[i].kind == CALL_TOOL_RESULT)
			continue;
		text_string(out, done++ ? "," : "[");
		err = user_part_put(&turn->parts[i], out, fault);
	}
	text_string(out, "]}");
	return err;
}

void openai_chat_call_put(struct text *out, const struct call_part *call)
{
	text_string(out, "{\"id\":");
	openai_put(out, call->id);
	text_string(out, ",\"type\":\"function\",\"function\":{\"name\":");
	openai_put(out, call->name);
	text_string(out, ",\"arguments\":");
	openai_put(out, call->text);
	text_string(out, "}}");
}

static void tool_calls_put(const struct call_turn *turn, struct text *out)
{
	size_t i, calls = 0;

	for (i = 0; i < turn->part_count; i++) {
		if (turn->parts[i].kind != CALL_TOOL_CALL)
			continue;
		text_string(out, calls++ ? "," : ",\"tool_calls\":[");
		openai_chat_call_put(out, &turn->parts[i]);
	}
	text_string(out, calls ? "]" : "");
}

static int assistant_put(const struct call_turn *turn, struct text *out, struct wire_fault *fault)
{
	size_t i, texts = 0, calls = 0, thoughts = 0;
	struct call_part *part;

	message_begin(out, "assistant");
	for (i = 0; i < turn->part_count; i++) {
		part = &turn->parts[i];
		texts += part->kind == CALL_TEXT;
		calls += part->kind == CALL_TOOL_CALL;
		thoughts += part->kind == CALL_REASONING && !part->sealed.len && part->text.len;
		if (part->kind != CALL_TEXT && part->kind != CALL_TOOL_CALL &&
		    part->kind != CALL_REASONING)
			return openai_refuse(
				fault, "an assistant's turn has a part that is not an assistant's");
	}
	if (thoughts) {
		text_string(out, ",\"reasoning_content\":");
		openai_texts_put(out, turn->parts, turn->part_count, CALL_REASONING, false);
	}
	text_string(out, ",\"content\":");
	if (texts || !calls)
		openai_texts_put(out, turn->parts, turn->part_count, CALL_TEXT, true);
	else
		text_string(out, "null");
	tool_calls_put(turn, out);
	text_string(out, "}");
	return 0;
}

static int turn_put(const struct call_turn *turn, struct text *out, struct wire_fault *fault)
{
	int err;

	switch (turn->role) {
	case CALL_USER:
		return user_put(turn, out, fault);
	case CALL_ASSISTANT:
		return assistant_put(turn, out, fault);
	default:
		message_begin(out, "system");
		text_string(out, ",\"content\":");
		err = texts_put(turn->parts, turn->part_count,
				"a system turn has more than text in it", out, fault);
		text_string(out, "}");
		return err;
	}
}

static void tools_put(const struct call_request *r, struct text *out)
{
	static const char *const
		words[] = { [CALL_CHOICE_NONE] = "none", [CALL_CHOICE_REQUIRED] = "required" };
	size_t i;

	if (!r->tool_count)
		return;
	for (i = 0; i < r->tool_count; i++) {
		text_string(out, i ? "," : ",\"tools\":[");
		text_string(out, "{\"type\":\"function\",\"function\":{\"name\":");
		openai_put(out, r->tools[i].name);
		openai_member_put(out, "description", r->tools[i].description);
		openai_json_put(out, "parameters", r->tools[i].parameters);
		text_string(out, r->tools[i].strict ? ",\"strict\":true}}" : "}}");
	}
	text_string(out, "]");
	if (r->choice == CALL_CHOICE_NAMED) {
		text_string(out, ",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":");
		openai_put(out, r->choice_name);
		text_string(out, "}}");
	} else if (r->choice != CALL_CHOICE_AUTO) {
		text_printf(out, ",\"tool_choice\":\"%s\"", words[r->choice]);
	}
	text_string(out, r->one_tool_call ? ",\"parallel_tool_calls\":false" : "");
}

static void format_put(const struct call_request *r, struct text *out)
{
	if (r->format == CALL_FORMAT_JSON)
		text_string(out, ",\"response_format\":{\"type\":\"json_object\"}");
	if (r->format != CALL_FORMAT_SCHEMA)
		return;
	text_string(out,
		    ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":");
	openai_put(out, r->schema_name.len ? r->schema_name : CALL_STRING("answer"));
	openai_json_put(out, "schema", r->schema);
	text_printf(out, ",\"strict\":%s}}", r->schema_strict ? "true" : "false");
}

int openai_chat_request_encode(const struct call_request *r, struct text *out,
			       struct wire_fault *ret_fault)
{
	size_t i;
	int err = 0;

	text_string(out, "{\"model\":");
	openai_put(out, r->model);
	text_string(out, ",\"messages\":[");
	for (i = 0; i < r->turn_count && !err; i++)
		err = turn_put(&r->turns[i], out, ret_fault);
	if (err)
		return err;
	text_string(out, "]");
	tools_put(r, out);
	if (r->max_tokens)
		text_printf(out, ",\"%s\":%llu",
			    r->max_tokens_only ? "max_tokens" : "max_completion_tokens",
			    (unsigned long long)r->max_tokens);
	openai_number_put(out, "temperature", r->temperature);
	openai_number_put(out, "top_p", r->top_p);
	openai_number_put(out, "presence_penalty", r->presence_penalty);
	openai_number_put(out, "frequency_penalty", r->frequency_penalty);
	openai_number_put(out, "seed", r->seed);
	for (i = 0; i < r->stop_count; i++) {
		text_string(out, i ? "," : ",\"stop\":[");
		openai_put(out, r->stops[i]);
	}
	text_string(out, r->stop_count ? "]" : "");
	format_put(r, out);
	openai_member_put(out, "reasoning_effort", r->effort);
	openai_member_put(out, "user", r->user);
	if (r->stream)
		text_string(out, ",\"stream\":true,\"stream_options\":{\"include_usage\":true}");
	text_string(out, "}");
	return text_error(out);
}
