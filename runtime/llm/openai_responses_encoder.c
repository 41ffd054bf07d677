// SPDX-License-Identifier: GPL-2.0-or-later
/* Streams of OpenAI's Responses, written: each part is an item of its own. */
#include <stdlib.h>

#include "base/limits.h"
#include "llm/openai_responses.h"

struct wire_encoder {
	struct openai_response response; /* as it was asked for; its strings are below */
	struct text id, model;
	struct text items;	/* that are whole, for the response at the end */
	struct text data;	/* of the event that is made */
	uint64_t sequence;	/* events written */
	size_t place;		/* of the item that is open, or of the next one */
	bool open, told, ended; /* told: a piece of it was written */
	enum call_part_kind kind;
	struct text text, sealed, call_id, name; /* of the open item */
};

struct wire_encoder *openai_responses_encoder_create(const struct call_request *request)
{
	struct wire_encoder *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->response.temperature = request->temperature;
	e->response.top_p = request->top_p;
	e->response.max_tokens = request->max_tokens;
	e->response.one_tool_call = request->one_tool_call;
	e->items.limit = LIMIT_LLM_BODY;
	e->text.limit = LIMIT_LLM_BODY;
	e->sealed.limit = LIMIT_LLM_BODY;
	return e;
}

void openai_responses_encoder_free(struct wire_encoder *e)
{
	if (!e)
		return;
	text_release(&e->id);
	text_release(&e->model);
	text_release(&e->items);
	text_release(&e->data);
	text_release(&e->text);
	text_release(&e->sealed);
	text_release(&e->call_id);
	text_release(&e->name);
	free(e);
}

static struct call_string string_of(const struct text *t)
{
	return (struct call_string){ t->bytes ? t->bytes : "", t->len };
}

static void string_set(struct text *t, struct call_string s)
{
	text_release(t);
	text_put(t, s.at, s.len);
}

static void event_begin(struct wire_encoder *e, const char *type)
{
	text_release(&e->data);
	text_printf(&e->data, "{\"type\":\"%s\",\"sequence_number\":%llu", type,
		    (unsigned long long)e->sequence++);
}

static void event_end(struct wire_encoder *e, const char *type, struct text *out)
{
	text_string(&e->data, "}");
	out->failed |= e->data.failed;
	wire_frame_put(out, type, e->data.bytes, e->data.len);
	text_release(&e->data);
}

/* An event of the open item begins with where it is. */
static void item_event_begin(struct wire_encoder *e, const char *type)
{
	event_begin(e, type);
	text_string(&e->data, ",\"item_id\":");
	openai_responses_item_id_put(&e->data, string_of(&e->id), e->kind, e->place);
	text_printf(&e->data, ",\"output_index\":%zu", e->place);
}

static void response_event(struct wire_encoder *e, const char *type, struct text *out)
{
	e->response.id = string_of(&e->id);
	e->response.model = string_of(&e->model);
	e->response.output = string_of(&e->items);
	event_begin(e, type);
	text_string(&e->data, ",\"response\":");
	openai_responses_object_put(&e->data, &e->response);
	event_end(e, type, out);
}

/* whole: as it ends, and it is kept for the response. */
static void item_event(struct wire_encoder *e, const char *type, bool whole, struct text *out)
{
	const struct call_part part = { .kind = e->kind,
					.text = string_of(&e->text),
					.sealed = string_of(&e->sealed),
					.id = string_of(&e->call_id),
					.name = string_of(&e->name) };

	event_begin(e, type);
	text_printf(&e->data, ",\"output_index\":%zu,\"item\":", e->place);
	openai_responses_item_put(&e->data, string_of(&e->id), e->place, &part, whole);
	if (whole) {
		text_string(&e->items, e->items.len ? "," : "");
		openai_responses_item_put(&e->items, string_of(&e->id), e->place, &part, true);
	}
	event_end(e, type, out);
}

/* The one part of a message: with the text, or as it begins. */
static void said_event(struct wire_encoder *e, const char *type, struct call_string text,
		       struct text *out)
{
	item_event_begin(e, type);
	text_string(&e->data, ",\"content_index\":0,\"part\":");
	openai_responses_said_put(&e->data, text);
	event_end(e, type, out);
}

static void summary_event(struct wire_encoder *e, const char *type, struct call_string text,
			  struct text *out)
{
	item_event_begin(e, type);
	text_string(&e->data, ",\"summary_index\":0,\"part\":{\"type\":\"summary_text\",\"text\":");
	openai_put(&e->data, text);
	text_string(&e->data, "}");
	event_end(e, type, out);
}

/* key: "delta" with a piece; "text" or "arguments" with all of it. */
static void piece_event(struct wire_encoder *e, const char *type, const char *key,
			struct call_string text, struct text *out)
{
	item_event_begin(e, type);
	if (e->kind == CALL_TEXT)
		text_string(&e->data, ",\"content_index\":0,\"logprobs\":[]");
	else if (e->kind == CALL_REASONING)
		text_string(&e->data, ",\"summary_index\":0");
	openai_member_put(&e->data, key, text);
	event_end(e, type, out);
}

/* Of a custom tool: its text is in the arguments, which have to be whole first. */
static void input_event(struct wire_encoder *e, const char *type, const char *key, struct text *out)
{
	item_event_begin(e, type);
	text_printf(&e->data, ",\"%s\":", key);
	openai_responses_input_put(&e->data, string_of(&e->text));
	event_end(e, type, out);
}

static void item_close(struct wire_encoder *e, struct text *out)
{
	const struct call_string text = string_of(&e->text);

	if (!e->open)
		return;
	if (e->kind == CALL_TEXT) {
		piece_event(e, "response.output_text.done", "text", text, out);
		said_event(e, "response.content_part.done", text, out);
	} else if (e->kind == CALL_REASONING && e->told) {
		piece_event(e, "response.reasoning_summary_text.done", "text", text, out);
		summary_event(e, "response.reasoning_summary_part.done", text, out);
	} else if (e->kind == CALL_TOOL_CALL && openai_responses_is_custom(string_of(&e->name))) {
		input_event(e, "response.custom_tool_call_input.delta", "delta", out);
		input_event(e, "response.custom_tool_call_input.done", "input", out);
	} else if (e->kind == CALL_TOOL_CALL) {
		piece_event(e, "response.function_call_arguments.done", "arguments", text, out);
	}
	item_event(e, "response.output_item.done", true, out);
	e->open = false;
	e->place++;
	text_release(&e->text);
	text_release(&e->sealed);
	text_release(&e->call_id);
	text_release(&e->name);
}

static void item_open(struct wire_encoder *e, enum call_part_kind kind,
		      const struct call_event *event, struct text *out)
{
	if (e->open && e->kind == kind && kind != CALL_TOOL_CALL)
		return;
	item_close(e, out);
	e->open = true;
	e->told = false;
	e->kind = kind;
	string_set(&e->call_id, event->id);
	string_set(&e->name, event->name);
	item_event(e, "response.output_item.added", false, out);
	if (kind == CALL_TEXT)
		said_event(e, "response.content_part.added", CALL_STRING(""), out);
}

static void piece_put(struct wire_encoder *e, const char *type, struct call_string text,
		      struct text *out)
{
	if (!text.len || !e->open)
		return;
	if (e->kind == CALL_REASONING && !e->told)
		summary_event(e, "response.reasoning_summary_part.added", CALL_STRING(""), out);
	e->told = true;
	text_put(&e->text, text.at, text.len);
	if (e->kind != CALL_TOOL_CALL || !openai_responses_is_custom(string_of(&e->name)))
		piece_event(e, type, "delta", text, out);
}

static void begin_put(struct wire_encoder *e, const struct call_event *event, struct text *out)
{
	string_set(&e->id, event->id);
	string_set(&e->model, event->model);
	e->response.created = event->created;
	e->response.status = "in_progress";
	response_event(e, "response.created", out);
	response_event(e, "response.in_progress", out);
}

static void part_end(struct wire_encoder *e, struct text *out)
{
	/* Clients parse the arguments, and nothing is no JSON. */
	if (e->open && e->kind == CALL_TOOL_CALL && !e->told)
		piece_put(e, "response.function_call_arguments.delta", CALL_STRING("{}"), out);
	item_close(e, out);
}

static void stop_put(struct wire_encoder *e, const struct call_event *event, struct text *out)
{
	/* A call that is half there is none: nobody is to run it. */
	if (e->open && e->kind == CALL_TOOL_CALL && event->stop == CALL_STOP_LENGTH)
		e->open = false;
	part_end(e, out);
	e->ended = true;
	e->response.status = openai_responses_status(event->stop);
	e->response.stop = event->stop;
	e->response.usage = event->usage.given ? &event->usage : NULL;
	response_event(e,
		       openai_responses_status(event->stop)[0] == 'i' ? "response.incomplete" :
									"response.completed",
		       out);
}

/* Some clients look for the response that failed, some for the error. */
static void error_put(struct wire_encoder *e, const struct call_error *error, struct text *out)
{
	e->ended = true;
	e->response.status = "failed";
	e->response.error = error;
	response_event(e, "response.failed", out);
	event_begin(e, "error");
	text_string(&e->data, ",\"code\":");
	if (error->code.at)
		openai_put(&e->data, error->code);
	else
		text_string(&e->data, "null");
	text_string(&e->data, ",\"message\":");
	openai_put(&e->data, error->message);
	text_string(&e->data, ",\"param\":null");
	event_end(e, "error", out);
}

int openai_responses_encoder_event(struct wire_encoder *e, const struct call_event *event,
				   struct text *out)
{
	if (e->ended)
		return text_error(out);
	switch (event->kind) {
	case CALL_BEGIN:
		begin_put(e, event, out);
		break;
	case CALL_TEXT_MORE:
		item_open(e, CALL_TEXT, event, out);
		piece_put(e, "response.output_text.delta", event->text, out);
		break;
	case CALL_REASONING_MORE:
		item_open(e, CALL_REASONING, event, out);
		text_put(&e->sealed, event->sealed.at, event->sealed.len);
		piece_put(e, "response.reasoning_summary_text.delta", event->text, out);
		break;
	case CALL_TOOL_BEGIN:
		item_open(e, CALL_TOOL_CALL, event, out);
		break;
	case CALL_TOOL_MORE:
		if (e->kind == CALL_TOOL_CALL)
			piece_put(e, "response.function_call_arguments.delta", event->text, out);
		break;
	case CALL_PART_END:
		part_end(e, out);
		break;
	case CALL_STOP:
		stop_put(e, event, out);
		break;
	case CALL_ERROR:
		error_put(e, &event->error, out);
		break;
	case CALL_PING:
		text_string(out, ": ping\n\n");
		break;
	}
	out->failed |= e->text.failed | e->sealed.failed | e->items.failed | e->id.failed |
		       e->model.failed | e->call_id.failed | e->name.failed;
	return text_error(out);
}
