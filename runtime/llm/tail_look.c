// SPDX-License-Identifier: GPL-2.0-or-later
/* What the frames of a stream say, of each wire: their text is counted, without a tree. */
#include <string.h>

#include "llm/tail_state.h"

/*
 * Of what is in no place that is known: too little rather than too much, as it may be no text of
 * the answer. A frame is mostly what is around its text.
 */
#define SHARE_WORDS 4
#define SHARE_FRAME 64

/* --- values --- */

/* Of six bytes "\u4e2d" come three at most, and of two one: no more is counted than is said. */
static uint64_t said_of(const struct scan_value *v)
{
	const char *at, *end, *escape;
	uint64_t said;

	if (v->kind != SCAN_STRING)
		return 0;
	at = v->at + 1;
	end = v->at + v->len - 1;
	said = (uint64_t)(end - at);
	while (at < end && (escape = memchr(at, '\\', (size_t)(end - at)))) {
		said -= escape[1] == 'u' ? 5 : 1;
		at = escape + (escape[1] == 'u' ? 6 : 2);
	}
	return said;
}

/* Of JSON that was found to be some: where the value ends that begins here. */
static const char *value_end(const char *at, const char *end)
{
	bool quoted = false;
	size_t depth = 0;

	for (; at < end; at++) {
		if (quoted && *at == '\\') {
			at++;
		} else if (*at == '"') {
			quoted = !quoted;
		} else if (!quoted && (*at == '{' || *at == '[')) {
			depth++;
		} else if (!quoted && (*at == '}' || *at == ']')) {
			if (!depth)
				return at;
			depth--;
		} else if (!quoted && !depth && *at == ',') {
			return at;
		}
	}
	return end;
}

/* The array's next item: *at goes on behind it. False: there is none. */
static bool item_next(const struct scan_value *array, const char **at, const char **ret_item,
		      size_t *ret_len)
{
	const char *end, *item;

	if (array->kind != SCAN_ARRAY)
		return false;
	end = array->at + array->len - 1;
	item = *at ? *at + 1 : array->at + 1;
	if (item >= end)
		return false;
	*at = value_end(item, end);
	*ret_item = item;
	*ret_len = (size_t)(*at - item);
	return true;
}

/* Of JSON that was found to be some: behind the string that begins here. */
static const char *string_end(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++)
		if (*at == '\\')
			at++;
	return at < end ? at + 1 : end;
}

/* Which string it is, in an object; or it is none of the answer's text. */
static bool name_is_of_text(const struct scan_value *name)
{
	static const char *const others[] = {
		"\"type\"",	 "\"id\"",	 "\"call_id\"",
		"\"role\"",	 "\"name\"",	 "\"status\"",
		"\"format\"",	 "\"title\"",	 "\"url\"",
		"\"data\"",	 "\"token\"",	 "\"mimeType\"",
		"\"file_id\"",	 "\"filename\"", "\"encrypted_content\"",
		"\"signature\"", "\"fileUri\"",	 "\"thoughtSignature\"",
	};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (value_is(name, others[i]))
			return false;
	return true;
}

/* All texts within it; its names are none, nor is what they say of it that is no text. */
static uint64_t words_said(const struct scan_value *v)
{
	struct scan_value string = { .kind = SCAN_STRING };
	const char *at = v->at, *end = at + v->len;
	bool counts = true;
	uint64_t said = 0;

	if (v->kind == SCAN_STRING)
		return said_of(v);
	if (v->kind != SCAN_ARRAY && v->kind != SCAN_OBJECT)
		return 0;
	while (at < end && (string.at = memchr(at, '"', (size_t)(end - at)))) {
		at = string_end(string.at, end);
		string.len = (size_t)(at - string.at);
		while (at < end && strchr(" \t\r\n", *at))
			at++;
		if (at < end && *at == ':')
			counts = name_is_of_text(&string);
		else if (counts)
			said += said_of(&string);
	}
	return said;
}

/* What a tool is called with: text, or JSON as it stands. */
static uint64_t arguments_said(const struct scan_value *v)
{
	return v->kind == SCAN_OBJECT || v->kind == SCAN_ARRAY ? v->len : said_of(v);
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* What is empty is said in each frame by some. */
static bool says(const struct scan_value *v)
{
	return v->kind == SCAN_STRING && v->len > 2;
}

static bool found(const char *bytes, size_t len, const char *const *paths, size_t count,
		  struct scan_value *values)
{
	size_t at;

	return scan_json(bytes, len, paths, count, values, &at) == 0;
}

/* --- frames of each wire: false, it is none of them --- */

static uint64_t tools_said(const struct scan_value *calls)
{
	static const char *const paths[] = { "function.arguments", "custom.input" };
	const char *at = NULL, *item;
	struct scan_value v[2];
	uint64_t said = 0;
	size_t len;

	while (item_next(calls, &at, &item, &len))
		if (found(item, len, paths, 2, v))
			said += arguments_said(&v[0]) + arguments_said(&v[1]);
	return said;
}

/* Some name what is thought twice. */
static bool choice_look(const char *item, size_t len, bool counted, struct tail_news *news)
{
	static const char *const paths[] = {
		"delta.content",	   "delta.refusal",
		"delta.reasoning_content", "delta.reasoning",
		"delta.tool_calls",	   "delta.function_call.arguments",
		"finish_reason",	   "delta"
	};
	struct scan_value v[8];
	uint64_t said;

	if (!found(item, len, paths, 8, v))
		return false;
	said = words_said(&v[0]) + said_of(&v[1]) + larger(words_said(&v[2]), words_said(&v[3])) +
	       tools_said(&v[4]) + arguments_said(&v[5]);
	if (!said && !counted && !says(&v[6]))
		said = words_said(&v[7]) / SHARE_WORDS;
	news->said += said;
	news->ends |= says(&v[6]);
	return true;
}

static bool chat_look(struct tail *t, struct call_string data, struct tail_news *news)
{
	static const char *const paths[] = { "choices", "id", "model", "created", "usage" };
	struct scan_value v[5];
	const char *at = NULL, *item;
	bool known = true;
	size_t len;

	if (!found(data.at, data.len, paths, 5, v))
		return false;
	t->now[TAIL_ID] = v[1];
	t->now[TAIL_MODEL] = v[2];
	t->now[TAIL_CREATED] = v[3];
	while (item_next(&v[0], &at, &item, &len))
		known &= choice_look(item, len, v[4].kind == SCAN_OBJECT, news);
	return known;
}

static bool anthropic_look(struct tail *t, struct call_string data, struct tail_news *news)
{
	static const char *const paths[] = {
		"type",
		"index",
		"delta.text",
		"delta.thinking",
		"delta.partial_json",
		"content_block.text",
		"content_block.data",
		"content_block.thinking",
		"delta",
		"delta.type",
		"content_block.input"
	};
	struct scan_value v[11];

	if (!found(data.at, data.len, paths, 11, v))
		return false;
	t->now[TAIL_TYPE] = v[0];
	t->now[TAIL_PLACE] = v[1];
	news->said = said_of(&v[2]) + said_of(&v[3]) + said_of(&v[4]) + said_of(&v[5]) +
		     said_of(&v[7]);
	/* What is sealed is in base64. */
	news->said += said_of(&v[6]) / 4 * 3;
	/* Of a call whose arguments come in pieces it is empty. */
	if (v[10].kind == SCAN_OBJECT && v[10].len > 2)
		news->said += v[10].len;
	news->ends = value_is(&v[0], "\"message_delta\"") || value_is(&v[0], "\"message_stop\"");
	/* What is cited is the prompt's. */
	if (!news->said && !news->ends && !value_is(&v[9], "\"citations_delta\""))
		news->said = words_said(&v[8]) / SHARE_WORDS;
	return true;
}

static uint64_t part_said(const char *item, size_t len)
{
	static const char *const paths[] = { "text", "functionCall.args", "executableCode.code" };
	struct scan_value v[3];

	if (!found(item, len, paths, 3, v))
		return 0;
	return said_of(&v[0]) + arguments_said(&v[1]) + said_of(&v[2]);
}

static uint64_t parts_said(const struct scan_value *parts)
{
	const char *at = NULL, *item;
	uint64_t said = 0;
	size_t len;

	while (item_next(parts, &at, &item, &len))
		said += part_said(item, len);
	return said;
}

static bool gemini_look(struct tail *t, struct call_string data, struct tail_news *news)
{
	static const char *const paths[] = { "candidates", "responseId", "modelVersion",
					     "usageMetadata" };
	static const char *const inner[] = { "content.parts", "finishReason" };
	struct scan_value v[4], c[2];
	const char *at = NULL, *item;
	uint64_t said;
	size_t len;

	if (!found(data.at, data.len, paths, 4, v))
		return false;
	t->now[TAIL_ID] = v[1];
	t->now[TAIL_MODEL] = v[2];
	while (item_next(&v[0], &at, &item, &len)) {
		if (!found(item, len, inner, 2, c))
			return false;
		said = parts_said(&c[0]);
		if (!said && v[3].kind != SCAN_OBJECT && !says(&c[1]))
			said = words_said(&c[0]) / SHARE_WORDS;
		news->said += said;
		news->ends |= says(&c[1]);
	}
	return true;
}

/* An item that is whole: its text has come in pieces before, or comes with it alone. */
static uint64_t item_said(const struct scan_value *item)
{
	static const char *const paths[] = { "arguments", "input", "content", "summary", "action" };
	struct scan_value v[5];

	if (item->kind != SCAN_OBJECT || !found(item->at, item->len, paths, 5, v))
		return 0;
	return arguments_said(&v[0]) + arguments_said(&v[1]) + words_said(&v[2]) +
	       words_said(&v[3]) + words_said(&v[4]);
}

/* Events with a piece are called so; those with all of it again have it under another name. */
static bool responses_look(struct tail *t, struct call_string data, struct tail_news *news)
{
	static const char *const paths[TAIL_VALUES] = {
		[TAIL_TYPE] = "type",
		[TAIL_SEQUENCE] = "sequence_number",
		[TAIL_PLACE] = "output_index",
		[TAIL_PART] = "content_index",
		[TAIL_DELTA] = "delta",
		[TAIL_ITEM] = "item",
		[TAIL_ITEM_TYPE] = "item.type",
		[TAIL_ITEM_ID] = "item.id",
		[TAIL_ID] = "response.id",
		[TAIL_MODEL] = "response.model",
		[TAIL_CREATED] = "response.created_at",
	};
	const uint64_t before = larger(t->in_pieces, t->in_items);

	if (!found(data.at, data.len, paths, TAIL_VALUES, t->now)) {
		memset(t->now, 0, sizeof(t->now));
		return false;
	}
	t->in_pieces += words_said(&t->now[TAIL_DELTA]);
	if (value_is(&t->now[TAIL_TYPE], "\"response.output_item.done\""))
		t->in_items += item_said(&t->now[TAIL_ITEM]);
	news->said = larger(t->in_pieces, t->in_items) - before;
	news->ends = value_is(&t->now[TAIL_TYPE], "\"response.completed\"") ||
		     value_is(&t->now[TAIL_TYPE], "\"response.incomplete\"") ||
		     value_is(&t->now[TAIL_TYPE], "\"response.failed\"");
	return true;
}

static bool frame_look(struct tail *t, struct call_string data, struct tail_news *news)
{
	switch (t->wire) {
	case WIRE_OPENAI_CHAT:
		return chat_look(t, data, news);
	case WIRE_OPENAI_RESPONSES:
		return responses_look(t, data, news);
	case WIRE_ANTHROPIC:
		return anthropic_look(t, data, news);
	default:
		return gemini_look(t, data, news);
	}
}

void tail_look(struct tail *t, const struct wire_frame *frame, struct tail_news *ret_news)
{
	memset(t->now, 0, sizeof(t->now));
	*ret_news = (struct tail_news){ 0 };
	/* The client may make more of it than we do. */
	if (!frame_look(t, frame->data, ret_news) && !ret_news->ends && !ret_news->said)
		ret_news->said = frame->data.len / SHARE_FRAME;
}
