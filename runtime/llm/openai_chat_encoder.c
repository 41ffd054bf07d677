// SPDX-License-Identifier: GPL-2.0-or-later
/* Streams of OpenAI's chat completions, written. */
#include <stdlib.h>

#include "llm/openai_chat.h"

struct wire_encoder {
	struct text head, chunk; /* what all chunks begin with; the one that is made */
	bool usage_asked, ended;
	bool in_call, filled; /* a call is open; some of its arguments came */
	size_t calls;	      /* begun */
};

struct wire_encoder *openai_chat_encoder_create(const struct call_request *request)
{
	struct wire_encoder *e = calloc(1, sizeof(*e));

	if (e)
		e->usage_asked = request->stream_usage;
	return e;
}

void openai_chat_encoder_free(struct wire_encoder *e)
{
	if (!e)
		return;
	text_release(&e->head);
	text_release(&e->chunk);
	free(e);
}

static void frame_put(struct wire_encoder *e, struct text *out)
{
	out->failed |= e->chunk.failed;
	wire_frame_put(out, NULL, e->chunk.bytes, e->chunk.len);
	text_release(&e->chunk);
}

static void chunk_begin(struct wire_encoder *e)
{
	text_release(&e->chunk);
	text_put(&e->chunk, e->head.bytes, e->head.len);
	e->chunk.failed |= e->head.failed;
	text_string(&e->chunk, "\"choices\":[{\"index\":0,\"delta\":{");
}

static void chunk_end(struct wire_encoder *e, const char *finish, struct text *out)
{
	text_string(&e->chunk, "},\"logprobs\":null,\"finish_reason\":");
	if (finish)
		text_printf(&e->chunk, "\"%s\"}]", finish);
	else
		text_string(&e->chunk, "null}]");
	text_string(&e->chunk, e->usage_asked ? ",\"usage\":null}" : "}");
	frame_put(e, out);
}

static void head_put(struct wire_encoder *e, const struct call_event *event)
{
	text_release(&e->head);
	text_string(&e->head, "{\"id\":");
	openai_put(&e->head, event->id);
	text_printf(&e->head, ",\"object\":\"chat.completion.chunk\",\"created\":%lld,\"model\":",
		    (long long)event->created);
	openai_put(&e->head, event->model);
	text_string(&e->head, ",\"system_fingerprint\":null,");
}

static void delta_put(struct wire_encoder *e, const char *member, struct call_string text,
		      struct text *out)
{
	if (!text.len)
		return;
	chunk_begin(e);
	text_printf(&e->chunk, "\"%s\":", member);
	openai_put(&e->chunk, text);
	chunk_end(e, NULL, out);
}

static void call_begin(struct wire_encoder *e, const struct call_event *event, struct text *out)
{
	e->in_call = true;
	e->filled = false;
	chunk_begin(e);
	text_printf(&e->chunk, "\"tool_calls\":[{\"index\":%zu,\"id\":", e->calls++);
	openai_put(&e->chunk, event->id);
	text_string(&e->chunk, ",\"type\":\"function\",\"function\":{\"name\":");
	openai_put(&e->chunk, event->name);
	text_string(&e->chunk, ",\"arguments\":\"\"}}]");
	chunk_end(e, NULL, out);
}

static void call_more(struct wire_encoder *e, struct call_string text, struct text *out)
{
	if (!text.len || !e->in_call)
		return;
	e->filled = true;
	chunk_begin(e);
	text_printf(&e->chunk,
		    "\"tool_calls\":[{\"index\":%zu,\"function\":{\"arguments\":", e->calls - 1);
	openai_put(&e->chunk, text);
	text_string(&e->chunk, "}}]");
	chunk_end(e, NULL, out);
}

static void part_end(struct wire_encoder *e, struct text *out)
{
	/* Clients parse the arguments, and nothing is no JSON. */
	if (e->in_call && !e->filled)
		call_more(e, CALL_STRING("{}"), out);
	e->in_call = false;
}

static void stop_put(struct wire_encoder *e, const struct call_event *event, struct text *out)
{
	e->ended = true;
	chunk_begin(e);
	chunk_end(e, openai_chat_stop_word(event->stop), out);
	if (e->usage_asked && event->usage.given) {
		text_put(&e->chunk, e->head.bytes, e->head.len);
		text_string(&e->chunk, "\"choices\":[],\"usage\":");
		openai_chat_usage_put(&e->chunk, &event->usage);
		text_string(&e->chunk, "}");
		frame_put(e, out);
	}
	text_string(out, "data: [DONE]\n\n");
}

static void error_put(struct wire_encoder *e, const struct call_error *error, struct text *out)
{
	e->ended = true;
	text_release(&e->chunk);
	openai_error_encode(error, &e->chunk);
	frame_put(e, out);
	text_string(out, "data: [DONE]\n\n");
}

int openai_chat_encoder_event(struct wire_encoder *e, const struct call_event *event,
			      struct text *out)
{
	if (e->ended)
		return text_error(out);
	if (!e->head.len && event->kind != CALL_ERROR && event->kind != CALL_PING)
		head_put(e, event);
	switch (event->kind) {
	case CALL_BEGIN:
		chunk_begin(e);
		text_string(&e->chunk, "\"role\":\"assistant\",\"content\":\"\",\"refusal\":null");
		chunk_end(e, NULL, out);
		break;
	case CALL_TEXT_MORE:
		delta_put(e, "content", event->text, out);
		break;
	case CALL_REASONING_MORE:
		delta_put(e, "reasoning_content", event->text, out);
		break;
	case CALL_TOOL_BEGIN:
		call_begin(e, event, out);
		break;
	case CALL_TOOL_MORE:
		call_more(e, event->text, out);
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
	return text_error(out);
}
