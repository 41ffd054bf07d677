// SPDX-License-Identifier: GPL-2.0-or-later
/* Response objects and their items, written. */
#include <string.h>

#include "llm/openai_responses.h"

const char *openai_responses_status(enum call_stop stop)
{
	return stop == CALL_STOP_LENGTH || stop == CALL_STOP_FILTER ? "incomplete" : "completed";
}

static void usage_put(struct text *out, const struct call_usage *u)
{
	text_printf(out,
		    "{\"input_tokens\":%llu,\"input_tokens_details\":{\"cached_tokens\":%llu,"
		    "\"cache_write_tokens\":%llu},\"output_tokens\":%llu,"
		    "\"output_tokens_details\":{\"reasoning_tokens\":%llu},\"total_tokens\":%llu}",
		    (unsigned long long)u->input, (unsigned long long)u->cache_read,
		    (unsigned long long)u->cache_write, (unsigned long long)u->output,
		    (unsigned long long)u->reasoning, (unsigned long long)u->input + u->output);
}

/* What programs tell apart: see ResponseError of the API's reference. */
static void failure_put(struct text *out, const struct call_error *error)
{
	const char *code = error->kind == CALL_ERROR_RATE_LIMIT ? "rate_limit_exceeded" :
			   error->kind == CALL_ERROR_INVALID	? "invalid_prompt" :
								  "server_error";

	text_string(out, "{\"code\":");
	openai_put(out, error->code.at ? error->code : (struct call_string){ code, strlen(code) });
	text_string(out, ",\"message\":");
	openai_put(out, error->message);
	text_string(out, "}");
}

static void number_or_null(struct text *out, const char *key, struct call_number number)
{
	if (number.given)
		openai_number_put(out, key, number);
	else
		text_printf(out, ",\"%s\":null", key);
}

void openai_responses_object_put(struct text *out, const struct openai_response *r)
{
	const struct call_number max = { (double)r->max_tokens, r->max_tokens > 0 };

	text_string(out, "{\"id\":");
	openai_put(out, r->id);
	text_printf(out,
		    ",\"object\":\"response\",\"created_at\":%lld,\"status\":\"%s\","
		    "\"background\":false,\"error\":",
		    (long long)r->created, r->status);
	if (r->error)
		failure_put(out, r->error);
	else
		text_string(out, "null");
	if (!strcmp(r->status, "incomplete"))
		text_printf(out, ",\"incomplete_details\":{\"reason\":\"%s\"}",
			    r->stop == CALL_STOP_FILTER ? "content_filter" : "max_output_tokens");
	else
		text_string(out, ",\"incomplete_details\":null");
	text_string(out, ",\"instructions\":null");
	number_or_null(out, "max_output_tokens", max);
	text_string(out, ",\"model\":");
	openai_put(out, r->model);
	text_string(out, ",\"output\":[");
	text_put(out, r->output.at, r->output.len);
	text_printf(out,
		    "],\"parallel_tool_calls\":%s,\"previous_response_id\":null,"
		    "\"reasoning\":{\"effort\":null,\"summary\":null},\"store\":false",
		    r->one_tool_call ? "false" : "true");
	number_or_null(out, "temperature", r->temperature);
	text_string(out, ",\"text\":{\"format\":{\"type\":\"text\"}},\"tool_choice\":\"auto\","
			 "\"tools\":[]");
	number_or_null(out, "top_p", r->top_p);
	text_string(out, ",\"truncation\":\"disabled\",\"usage\":");
	if (r->usage)
		usage_put(out, r->usage);
	else
		text_string(out, "null");
	text_string(out, ",\"user\":null,\"metadata\":{}}");
}

void openai_responses_item_id_put(struct text *out, struct call_string response_id,
				  enum call_part_kind kind, size_t place)
{
	struct text id = { 0 };

	text_string(&id, kind == CALL_TOOL_CALL ? "fc_" : kind == CALL_REASONING ? "rs_" : "msg_");
	text_put(&id, response_id.at, response_id.len);
	text_printf(&id, "_%zu", place);
	out->failed |= id.failed;
	text_json(out, id.bytes, id.len);
	text_release(&id);
}

void openai_responses_said_put(struct text *out, struct call_string text)
{
	text_string(out, "{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":");
	openai_put(out, text);
	text_string(out, "}");
}

static void message_put(struct text *out, const struct call_part *part, bool whole)
{
	text_string(out, ",\"type\":\"message\",\"role\":\"assistant\",\"content\":[");
	if (whole)
		openai_responses_said_put(out, part->text);
	text_string(out, "]");
}

static void call_put(struct text *out, const struct call_part *part, bool whole)
{
	const bool custom = openai_responses_is_custom(part->name);

	text_printf(out,
		    ",\"type\":\"%s\",\"call_id\":", custom ? "custom_tool_call" : "function_call");
	openai_put(out, part->id);
	openai_responses_name_put(out, part->name);
	text_printf(out, ",\"%s\":", custom ? "input" : "arguments");
	if (custom && whole)
		openai_responses_input_put(out, part->text);
	else
		openai_put(out, whole ? part->text : CALL_STRING(""));
}

static void reasoning_put(struct text *out, const struct call_part *part, bool whole)
{
	text_string(out, ",\"type\":\"reasoning\",\"summary\":[");
	if (whole && part->text.len) {
		text_string(out, "{\"type\":\"summary_text\",\"text\":");
		openai_put(out, part->text);
		text_string(out, "}");
	}
	text_string(out, "],\"encrypted_content\":");
	if (whole && part->sealed.len)
		openai_put(out, part->sealed);
	else
		text_string(out, "null");
}

void openai_responses_item_put(struct text *out, struct call_string response_id, size_t place,
			       const struct call_part *part, bool whole)
{
	text_string(out, "{\"id\":");
	openai_responses_item_id_put(out, response_id, part->kind, place);
	if (part->kind == CALL_TOOL_CALL)
		call_put(out, part, whole);
	else if (part->kind == CALL_REASONING)
		reasoning_put(out, part, whole);
	else
		message_put(out, part, whole);
	text_printf(out, ",\"status\":\"%s\"}", whole ? "completed" : "in_progress");
}
