// SPDX-License-Identifier: GPL-2.0-or-later
/* Anthropic's messages: requests, written. */
#include <errno.h>
#include <string.h>

#include "llm/anthropic.h"
#include "llm/failure.h"
#include "llm/put.h"

static bool turn_says(const struct call_turn *turn)
{
	size_t i;

	for (i = 0; i < turn->part_count; i++)
		if (anthropic_says(&turn->parts[i], true))
			return true;
	return false;
}

/* The first turn from here on that says something. */
static size_t next_of(const struct call_request *r, size_t at)
{
	while (at < r->turn_count && !turn_says(&r->turns[at]))
		at++;
	return at;
}

static int part_refuse(struct wire_fault *f, const struct call_turn *turn)
{
	static const char *const roles[] = { "a system", "a user's", "an assistant's" };

	return failure_set(f, -EOPNOTSUPP, "%s turn with a part that is not for it",
			   roles[turn->role]);
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

/* A system turn among the others. */
static void aside_put(struct text *out, struct call_string said)
{
	struct text text = { 0 };

	text_string(&text, "<system>\n");
	text_put(&text, said.at, said.len);
	text_string(&text, "\n</system>");
	put_open(out, NULL, "{");
	put_word(out, "type", "text");
	put_string(out, "text", (struct call_string){ text.bytes, text.len });
	text_string(out, "}");
	out->failed |= text.failed;
	text_release(&text);
}

/* Its results of tools, or all else of it. */
static int turn_put(struct text *out, const struct call_turn *turn, bool results,
		    struct wire_fault *f)
{
	const struct call_part *part;
	size_t i;
	int err = 0;

	for (i = 0; !err && i < turn->part_count; i++) {
		part = &turn->parts[i];
		if (!part_fits(turn->role, part->kind))
			return part_refuse(f, turn);
		if ((part->kind == CALL_TOOL_RESULT) != results)
			continue;
		if (turn->role != CALL_SYSTEM)
			err = anthropic_block_put(out, part, true, f);
		else if (part->text.len)
			aside_put(out, part->text);
	}
	return err;
}

static void message_begin(struct text *out, bool assistant)
{
	put_open(out, NULL, "{");
	put_word(out, "role", assistant ? "assistant" : "user");
	put_open(out, "content", "[");
}

static int messages_put(const struct call_request *r, size_t at, struct text *out,
			struct wire_fault *f)
{
	size_t from = next_of(r, at), end;
	bool assistant, results;
	int err = 0;

	put_open(out, "messages", "[");
	if (from == r->turn_count || r->turns[from].role == CALL_ASSISTANT)
		text_string(out, "{\"role\":\"user\",\"content\":\"" ANTHROPIC_FIRST "\"}");
	while (!err && from < r->turn_count) {
		assistant = r->turns[from].role == CALL_ASSISTANT;
		end = from;
		do {
			end = next_of(r, end + 1);
		} while (end < r->turn_count &&
			 (r->turns[end].role == CALL_ASSISTANT) == assistant);
		message_begin(out, assistant);
		for (results = !assistant;; results = false) {
			for (at = from; !err && at < end; at = next_of(r, at + 1))
				err = turn_put(out, &r->turns[at], results, f);
			if (!results)
				break;
		}
		text_string(out, "]}");
		from = end;
	}
	text_string(out, "]");
	return err;
}

/* The turns before all others. Returns how many there are. */
static size_t system_put(const struct call_request *r, struct text *out, struct wire_fault *f,
			 int *ret_err)
{
	size_t count = 0, i;
	bool says = false;

	for (; count < r->turn_count && r->turns[count].role == CALL_SYSTEM; count++)
		says |= turn_says(&r->turns[count]);
	if (!says)
		return count;
	put_open(out, "system", "[");
	for (i = 0; !*ret_err && i < count; i++) {
		const struct call_turn as_user = { CALL_USER, r->turns[i].parts,
						   r->turns[i].part_count };
		size_t k;

		for (k = 0; k < as_user.part_count; k++)
			if (as_user.parts[k].kind != CALL_TEXT)
				*ret_err = part_refuse(f, &r->turns[i]);
		if (!*ret_err)
			*ret_err = turn_put(out, &as_user, false, f);
	}
	text_string(out, "]");
	return count;
}

static void tools_put(const struct call_request *r, struct text *out)
{
	const struct call_tool *tool;
	size_t i;

	if (!r->tool_count)
		return;
	put_open(out, "tools", "[");
	for (i = 0; i < r->tool_count; i++) {
		tool = &r->tools[i];
		put_open(out, NULL, "{");
		put_string(out, "name", tool->name);
		put_string(out, "description", tool->description);
		put_json(out, "input_schema",
			 tool->parameters.at ?
				 tool->parameters :
				 CALL_STRING("{\"type\":\"object\",\"properties\":{}}"));
		if (tool->strict)
			put_bool(out, "strict", true);
		text_string(out, "}");
	}
	text_string(out, "]");
}

static int choice_put(const struct call_request *r, struct text *out, struct wire_fault *f)
{
	static const char *const words[] = { [CALL_CHOICE_AUTO] = "auto",
					     [CALL_CHOICE_NONE] = "none",
					     [CALL_CHOICE_REQUIRED] = "any",
					     [CALL_CHOICE_NAMED] = "tool" };

	if (!r->tool_count && (r->choice == CALL_CHOICE_REQUIRED || r->choice == CALL_CHOICE_NAMED))
		return failure_set(f, -EOPNOTSUPP, "a call of a tool is forced, and there is none");
	if (!r->tool_count || (r->choice == CALL_CHOICE_AUTO && !r->one_tool_call))
		return 0;
	put_open(out, "tool_choice", "{");
	put_word(out, "type", words[r->choice]);
	if (r->choice == CALL_CHOICE_NAMED)
		put_string(out, "name", r->choice_name);
	if (r->one_tool_call && r->choice != CALL_CHOICE_NONE)
		put_bool(out, "disable_parallel_tool_use", true);
	text_string(out, "}");
	return 0;
}

static void limits_put(const struct call_request *r, struct text *out)
{
	uint64_t thinking = r->thinking_tokens, most = r->max_tokens;

	if (thinking && thinking < ANTHROPIC_THINKING_MIN)
		thinking = ANTHROPIC_THINKING_MIN;
	if (!most && __builtin_add_overflow(thinking, ANTHROPIC_MAX_TOKENS, &most))
		most = UINT64_MAX;
	if (thinking >= most)
		thinking = most > ANTHROPIC_THINKING_MIN ? most - 1 : 0;
	put_uint(out, "max_tokens", most);
	if (!thinking)
		return;
	put_open(out, "thinking", "{");
	put_word(out, "type", "enabled");
	put_uint(out, "budget_tokens", thinking);
	text_string(out, "}");
}

static bool blank(struct call_string s)
{
	return strspn(s.at, " \t\r\n\v\f") == s.len;
}

static int stops_put(const struct call_request *r, struct text *out, struct wire_fault *f)
{
	size_t i;

	if (!r->stop_count)
		return 0;
	put_open(out, "stop_sequences", "[");
	for (i = 0; i < r->stop_count; i++) {
		if (blank(r->stops[i]))
			return failure_set(f, -EOPNOTSUPP,
					   "this provider stops at no sequence of blanks");
		put_string(out, NULL, r->stops[i]);
	}
	text_string(out, "]");
	return 0;
}

static int sampling_put(const struct call_request *r, struct text *out, struct wire_fault *f)
{
	if ((r->presence_penalty.given && r->presence_penalty.value != 0) ||
	    (r->frequency_penalty.given && r->frequency_penalty.value != 0))
		return failure_set(f, -EOPNOTSUPP, "this provider knows no penalties");
	if (r->temperature.given && (r->temperature.value < 0 || r->temperature.value > 1))
		return failure_set(f, -EOPNOTSUPP, "temperature: this provider has 0 to 1");
	put_number(out, "temperature", r->temperature);
	put_number(out, "top_p", r->top_p);
	put_number(out, "top_k", r->top_k);
	return 0;
}

static int output_put(const struct call_request *r, struct text *out, struct wire_fault *f)
{
	if (r->format == CALL_FORMAT_JSON)
		return failure_set(f, -EOPNOTSUPP, "this provider makes JSON only by a schema");
	if (!r->effort.at && r->format != CALL_FORMAT_SCHEMA)
		return 0;
	put_open(out, "output_config", "{");
	if (r->effort.at)
		put_string(out, "effort",
			   tree_is(r->effort, "minimal") ? CALL_STRING("low") : r->effort);
	if (r->format == CALL_FORMAT_SCHEMA) {
		put_open(out, "format", "{");
		put_word(out, "type", "json_schema");
		put_json(out, "schema", r->schema.at ? r->schema : CALL_STRING("{}"));
		text_string(out, "}");
	}
	text_string(out, "}");
	return 0;
}

int anthropic_request_encode(const struct call_request *request, struct text *out,
			     struct wire_fault *ret_fault)
{
	size_t at;
	int err = 0;

	text_string(out, "{");
	put_string(out, "model", request->model);
	limits_put(request, out);
	at = system_put(request, out, ret_fault, &err);
	err = err ? err : messages_put(request, at, out, ret_fault);
	tools_put(request, out);
	err = err ? err : choice_put(request, out, ret_fault);
	err = err ? err : sampling_put(request, out, ret_fault);
	err = err ? err : stops_put(request, out, ret_fault);
	err = err ? err : output_put(request, out, ret_fault);
	if (request->user.at) {
		put_open(out, "metadata", "{");
		put_string(out, "user_id", request->user);
		text_string(out, "}");
	}
	if (request->stream)
		put_bool(out, "stream", true);
	text_string(out, "}");
	return err ? err : text_error(out);
}
