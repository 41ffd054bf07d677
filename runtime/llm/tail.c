// SPDX-License-Identifier: GPL-2.0-or-later
/* What a stream has said so far: its frames, looked over without a tree. */
#include "llm/tail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "llm/tail_state.h"

struct tail *tail_create(enum wire_kind wire)
{
	struct tail *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->wire = wire;
	t->items.limit = t->text.limit = LIMIT_LLM_BODY;
	return t;
}

void tail_free(struct tail *t)
{
	if (!t)
		return;
	text_release(&t->id);
	text_release(&t->model);
	text_release(&t->created);
	text_release(&t->place);
	text_release(&t->items);
	text_release(&t->item);
	text_release(&t->part);
	text_release(&t->text);
	free(t);
}

/* --- values --- */

/* As it stands in JSON, with its quotes. */
static bool value_is(const struct scan_value *v, const char *json)
{
	return v->kind == SCAN_STRING && v->len == strlen(json) && !memcmp(v->at, json, v->len);
}

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

static bool found(const char *bytes, size_t len, const char *const *paths, size_t count,
		  struct scan_value *values)
{
	size_t at;

	return scan_json(bytes, len, paths, count, values, &at) == 0;
}

/* --- frames of each wire --- */

static uint64_t tools_said(const struct scan_value *calls)
{
	static const char *const path = "function.arguments";
	const char *at = NULL, *item;
	struct scan_value v;
	uint64_t said = 0;
	size_t len;

	while (item_next(calls, &at, &item, &len))
		if (found(item, len, &path, 1, &v))
			said += said_of(&v);
	return said;
}

static void chat_look(struct tail *t, struct call_string data, struct tail_news *news)
{
	static const char *const paths[] = { "choices", "id", "model", "created" };
	static const char *const inner[] = { "delta.content",	"delta.reasoning_content",
					     "delta.reasoning", "delta.refusal",
					     "finish_reason",	"delta.tool_calls" };
	struct scan_value v[4], c[6];
	const char *at = NULL, *item;
	size_t len, i;

	if (!found(data.at, data.len, paths, 4, v))
		return;
	t->now[TAIL_ID] = v[1];
	t->now[TAIL_MODEL] = v[2];
	t->now[TAIL_CREATED] = v[3];
	while (item_next(&v[0], &at, &item, &len)) {
		if (!found(item, len, inner, 6, c))
			continue;
		for (i = 0; i < 4; i++)
			news->said += said_of(&c[i]);
		news->said += tools_said(&c[5]);
		news->ends |= c[4].kind == SCAN_STRING;
	}
}

static void anthropic_look(struct tail *t, struct call_string data, struct tail_news *news)
{
	static const char *const paths[] = { "type", "index", "delta.text", "delta.thinking",
					     "delta.partial_json" };
	struct scan_value v[5];

	if (!found(data.at, data.len, paths, 5, v))
		return;
	t->now[TAIL_TYPE] = v[0];
	t->now[TAIL_PLACE] = v[1];
	news->said = said_of(&v[2]) + said_of(&v[3]) + said_of(&v[4]);
	news->ends = value_is(&v[0], "\"message_delta\"") || value_is(&v[0], "\"message_stop\"");
}

static uint64_t parts_said(const struct scan_value *parts)
{
	static const char *const paths[] = { "text", "functionCall.args" };
	const char *at = NULL, *item;
	struct scan_value v[2];
	uint64_t said = 0;
	size_t len;

	while (item_next(parts, &at, &item, &len))
		if (found(item, len, paths, 2, v))
			said += said_of(&v[0]) + (v[1].kind == SCAN_OBJECT ? v[1].len : 0);
	return said;
}

static void gemini_look(struct tail *t, struct call_string data, struct tail_news *news)
{
	static const char *const paths[] = { "candidates", "responseId", "modelVersion" };
	static const char *const inner[] = { "content.parts", "finishReason" };
	struct scan_value v[3], c[2];
	const char *at = NULL, *item;
	size_t len;

	if (!found(data.at, data.len, paths, 3, v))
		return;
	t->now[TAIL_ID] = v[1];
	t->now[TAIL_MODEL] = v[2];
	while (item_next(&v[0], &at, &item, &len)) {
		if (!found(item, len, inner, 2, c))
			continue;
		news->said += parts_said(&c[0]);
		news->ends |= c[1].kind == SCAN_STRING;
	}
}

/* Events with a piece are called so; those with all of it again have it under another name. */
static void responses_look(struct tail *t, struct call_string data, struct tail_news *news)
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

	if (!found(data.at, data.len, paths, TAIL_VALUES, t->now)) {
		memset(t->now, 0, sizeof(t->now));
		return;
	}
	news->said = said_of(&t->now[TAIL_DELTA]);
	news->ends = value_is(&t->now[TAIL_TYPE], "\"response.completed\"") ||
		     value_is(&t->now[TAIL_TYPE], "\"response.incomplete\"") ||
		     value_is(&t->now[TAIL_TYPE], "\"response.failed\"");
}

void tail_look(struct tail *t, const struct wire_frame *frame, struct tail_news *ret_news)
{
	memset(t->now, 0, sizeof(t->now));
	*ret_news = (struct tail_news){ 0 };
	switch (t->wire) {
	case WIRE_OPENAI_CHAT:
		chat_look(t, frame->data, ret_news);
		break;
	case WIRE_OPENAI_RESPONSES:
		responses_look(t, frame->data, ret_news);
		break;
	case WIRE_ANTHROPIC:
		anthropic_look(t, frame->data, ret_news);
		break;
	default:
		gemini_look(t, frame->data, ret_news);
		break;
	}
}

/* --- what is kept --- */

static void keep(struct text *t, const struct scan_value *v, enum scan_kind kind)
{
	t->len = 0;
	if (v->kind == kind)
		text_put(t, v->at, v->len);
}

static void block_take(struct tail *t)
{
	const struct scan_value *now = t->now;

	if (value_is(&now[TAIL_TYPE], "\"content_block_start\"")) {
		t->open = true;
		keep(&t->place, &now[TAIL_PLACE], SCAN_NUMBER);
	} else if (value_is(&now[TAIL_TYPE], "\"content_block_stop\"")) {
		t->open = false;
	}
}

static void item_take(struct tail *t)
{
	const struct scan_value *now = t->now;

	if (value_is(&now[TAIL_TYPE], "\"response.output_item.added\"")) {
		t->open = value_is(&now[TAIL_ITEM_TYPE], "\"message\"");
		t->in_part = false;
		keep(&t->item, &now[TAIL_ITEM_ID], SCAN_STRING);
		keep(&t->place, &now[TAIL_PLACE], SCAN_NUMBER);
	} else if (value_is(&now[TAIL_TYPE], "\"response.content_part.added\"")) {
		t->in_part = t->open;
		keep(&t->part, &now[TAIL_PART], SCAN_NUMBER);
		t->text.len = 0;
	} else if (value_is(&now[TAIL_TYPE], "\"response.output_text.delta\"")) {
		if (t->in_part && now[TAIL_DELTA].kind == SCAN_STRING)
			text_put(&t->text, now[TAIL_DELTA].at + 1, now[TAIL_DELTA].len - 2);
	} else if (value_is(&now[TAIL_TYPE], "\"response.output_item.done\"")) {
		t->open = t->in_part = false;
		if (now[TAIL_ITEM].kind != SCAN_OBJECT)
			return;
		text_string(&t->items, t->items.len ? "," : "");
		text_put(&t->items, now[TAIL_ITEM].at, now[TAIL_ITEM].len);
	}
}

int tail_take(struct tail *t)
{
	uint64_t number;

	if (!t->known &&
	    (t->now[TAIL_ID].kind != SCAN_NONE || t->now[TAIL_MODEL].kind != SCAN_NONE)) {
		t->known = true;
		keep(&t->id, &t->now[TAIL_ID], SCAN_STRING);
		keep(&t->model, &t->now[TAIL_MODEL], SCAN_STRING);
		keep(&t->created, &t->now[TAIL_CREATED], SCAN_NUMBER);
	}
	if (t->wire == WIRE_ANTHROPIC)
		block_take(t);
	if (t->wire == WIRE_OPENAI_RESPONSES) {
		item_take(t);
		if (!scan_uint(&t->now[TAIL_SEQUENCE], &number) && number < UINT64_MAX)
			t->sequence = number + 1;
	}
	return t->id.failed || t->model.failed || t->created.failed || t->place.failed ||
			       t->items.failed || t->item.failed || t->part.failed ||
			       t->text.failed ?
		       -ENOMEM :
		       0;
}
