// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests of OpenAI's Responses, written; nothing is to be stored.
 *
 * Left out are hints (top_k, seed, a budget for reasoning), whether a tool's result is an
 * error, and reasoning that is not sealed, as it takes back none but its own.
 */
#include <errno.h>

#include "llm/openai_responses.h"

/* Items and parts alike: a comma, unless it is the first. */
static void comma_put(struct text *out)
{
	if (out->len && out->bytes[out->len - 1] != '[')
		text_string(out, ",");
}

/* text: "input_text" or "output_text". */
static int part_put(const struct call_part *part, const char *text, struct text *out,
		    struct wire_fault *fault)
{
	comma_put(out);
	switch (part->kind) {
	case CALL_TEXT:
		text_printf(out, "{\"type\":\"%s\"", text);
		openai_member_put(out, "text", part->text);
		break;
	case CALL_IMAGE:
		text_string(out, "{\"type\":\"input_image\",\"detail\":\"auto\",\"image_url\":");
		openai_url_put(out, part);
		break;
	case CALL_FILE:
		text_string(out, "{\"type\":\"input_file\"");
		if (part->url.at) {
			openai_member_put(out, "file_url", part->url);
			break;
		}
		openai_member_put(out, "filename",
				  part->name.at ? part->name : CALL_STRING("file"));
		text_string(out, ",\"file_data\":");
		openai_url_put(out, part);
		break;
	default:
		return openai_refuse(fault, "a turn has a part that is not of its role");
	}
	text_string(out, "}");
	return 0;
}

static int result_put(const struct call_part *part, struct text *out, struct wire_fault *fault)
{
	size_t i;
	int err = 0;

	comma_put(out);
	text_string(out, "{\"type\":\"function_call_output\"");
	openai_member_put(out, "call_id", part->id);
	text_string(out, ",\"output\":");
	if (!openai_has_other(part->parts, part->part_count)) {
		openai_texts_put(out, part->parts, part->part_count, CALL_TEXT, true);
		text_string(out, "}");
		return 0;
	}
	text_string(out, "[");
	for (i = 0; i < part->part_count && !err; i++)
		err = part_put(&part->parts[i], "input_text", out, fault);
	text_string(out, "]}");
	return err;
}

/* Of one role, from the parts that are no results. */
static int message_put(const char *role, const struct call_turn *turn, struct text *out,
		       struct wire_fault *fault)
{
	size_t i;
	int err = 0;

	comma_put(out);
	text_printf(out, "{\"type\":\"message\",\"role\":\"%s\",\"content\":[", role);
	for (i = 0; i < turn->part_count && !err; i++)
		if (turn->parts[i].kind != CALL_TOOL_RESULT)
			err = part_put(&turn->parts[i], "input_text", out, fault);
	text_string(out, "]}");
	return err;
}

/* Results first: they stand right behind the calls. */
static int user_put(const struct call_turn *turn, struct text *out, struct wire_fault *fault)
{
	size_t i, results = 0;
	int err = 0;

	for (i = 0; i < turn->part_count && !err; i++) {
		if (turn->parts[i].kind != CALL_TOOL_RESULT)
			continue;
		results++;
		err = result_put(&turn->parts[i], out, fault);
	}
	if (err || (results && results == turn->part_count))
		return err;
	return message_put("user", turn, out, fault);
}

static void call_put(const struct call_part *part, struct text *out)
{
	comma_put(out);
	text_string(out, "{\"type\":\"function_call\"");
	openai_member_put(out, "call_id", part->id);
	openai_member_put(out, "name", part->name);
	openai_member_put(out, "arguments", part->text);
	text_string(out, "}");
}

static void reasoning_put(const struct call_part *part, struct text *out)
{
	if (!part->sealed.len)
		return;
	comma_put(out);
	text_string(out, "{\"type\":\"reasoning\",\"summary\":[");
	if (part->text.len) {
		text_string(out, "{\"type\":\"summary_text\"");
		openai_member_put(out, "text", part->text);
		text_string(out, "}");
	}
	text_string(out, "]");
	openai_member_put(out, "encrypted_content", part->sealed);
	text_string(out, "}");
}

static int assistant_put(const struct call_turn *turn, struct text *out, struct wire_fault *fault)
{
	const struct call_part *part;
	bool open = false;
	size_t i;
	int err = 0;

	for (i = 0; i < turn->part_count && !err; i++) {
		part = &turn->parts[i];
		if (open && part->kind != CALL_TEXT) {
			text_string(out, "]}");
			open = false;
		}
		if (part->kind == CALL_TOOL_CALL) {
			call_put(part, out);
		} else if (part->kind == CALL_REASONING) {
			reasoning_put(part, out);
		} else if (part->kind == CALL_TEXT) {
			if (!open) {
				comma_put(out);
				text_string(out, "{\"type\":\"message\",\"role\":\"assistant\","
						 "\"content\":[");
				open = true;
			}
			err = part_put(part, "output_text", out, fault);
		} else {
			err = openai_refuse(fault, "a turn has a part that is not of its role");
		}
	}
	text_string(out, open ? "]}" : "");
	return err;
}

static int input_put(const struct call_request *r, size_t from, struct text *out,
		     struct wire_fault *fault)
{
	size_t i;
	int err = 0;

	text_string(out, ",\"input\":[");
	for (i = from; i < r->turn_count && !err; i++) {
		if (r->turns[i].role == CALL_USER)
			err = user_put(&r->turns[i], out, fault);
		else if (r->turns[i].role == CALL_ASSISTANT)
			err = assistant_put(&r->turns[i], out, fault);
		else
			err = message_put("developer", &r->turns[i], out, fault);
	}
	text_string(out, "]");
	return err;
}

static void tools_put(const struct call_request *r, struct text *out)
{
	static const char *const
		words[] = { [CALL_CHOICE_NONE] = "none", [CALL_CHOICE_REQUIRED] = "required" };
	size_t i;

	if (!r->tool_count)
		return;
	text_string(out, ",\"tools\":[");
	for (i = 0; i < r->tool_count; i++) {
		text_string(out, i ? ",{" : "{");
		text_string(out, "\"type\":\"function\"");
		openai_member_put(out, "name", r->tools[i].name);
		openai_member_put(out, "description", r->tools[i].description);
		text_string(out, ",\"parameters\":");
		if (r->tools[i].parameters.at)
			text_put(out, r->tools[i].parameters.at, r->tools[i].parameters.len);
		else
			text_string(out, "null");
		/* Without it, it would be true. */
		text_printf(out, ",\"strict\":%s}", r->tools[i].strict ? "true" : "false");
	}
	text_string(out, "]");
	if (r->choice == CALL_CHOICE_NAMED) {
		text_string(out, ",\"tool_choice\":{\"type\":\"function\"");
		openai_member_put(out, "name", r->choice_name);
		text_string(out, "}");
	} else if (r->choice != CALL_CHOICE_AUTO) {
		text_printf(out, ",\"tool_choice\":\"%s\"", words[r->choice]);
	}
	text_string(out, r->one_tool_call ? ",\"parallel_tool_calls\":false" : "");
}

static void format_put(const struct call_request *r, struct text *out)
{
	if (r->format == CALL_FORMAT_JSON)
		text_string(out, ",\"text\":{\"format\":{\"type\":\"json_object\"}}");
	if (r->format != CALL_FORMAT_SCHEMA)
		return;
	text_string(out, ",\"text\":{\"format\":{\"type\":\"json_schema\"");
	openai_member_put(out, "name", r->schema_name.len ? r->schema_name : CALL_STRING("answer"));
	openai_json_put(out, "schema", r->schema);
	text_printf(out, ",\"strict\":%s}}", r->schema_strict ? "true" : "false");
}

/* Whether the turn can be the member instructions. */
static bool is_instructions(const struct call_turn *turn)
{
	return turn->role == CALL_SYSTEM && turn->part_count == 1 &&
	       turn->parts[0].kind == CALL_TEXT;
}

int openai_responses_request_encode(const struct call_request *r, struct text *out,
				    struct wire_fault *ret_fault)
{
	/* Something has to be left for the input. */
	const bool instructed = r->turn_count > 1 && is_instructions(&r->turns[0]);
	int err;

	if (r->stop_count)
		return openai_refuse(ret_fault, "openai-responses has no stop sequences");
	if ((r->presence_penalty.given && r->presence_penalty.value != 0) ||
	    (r->frequency_penalty.given && r->frequency_penalty.value != 0))
		return openai_refuse(ret_fault, "openai-responses has no penalties");
	text_string(out, "{\"model\":");
	openai_put(out, r->model);
	if (instructed)
		openai_member_put(out, "instructions", r->turns[0].parts[0].text);
	err = input_put(r, instructed ? 1 : 0, out, ret_fault);
	if (err)
		return err;
	tools_put(r, out);
	format_put(r, out);
	if (r->max_tokens)
		text_printf(out, ",\"max_output_tokens\":%llu", (unsigned long long)r->max_tokens);
	openai_number_put(out, "temperature", r->temperature);
	openai_number_put(out, "top_p", r->top_p);
	if (r->effort.at) {
		text_string(out, ",\"reasoning\":{\"effort\":");
		openai_put(out, r->effort);
		/* Models that do not reason refuse it. */
		text_string(out, "},\"include\":[\"reasoning.encrypted_content\"]");
	}
	openai_member_put(out, "user", r->user);
	text_string(out, ",\"store\":false");
	text_string(out, r->stream ? ",\"stream\":true}" : "}");
	return text_error(out);
}
