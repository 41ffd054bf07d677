// SPDX-License-Identifier: GPL-2.0-or-later
/* Anthropic's messages: a stream that goes out. */
#include <stdlib.h>

#include "base/limits.h"
#include "llm/anthropic.h"
#include "llm/put.h"

struct wire_encoder {
	struct text data; /* of the frame that is made */
	struct text seal; /* of reasoning: the SDKs keep only one piece of it */
	uint64_t index;	  /* of the block that is open, or is next */
	bool open, done;
};

struct wire_encoder *anthropic_encoder_create(const struct call_request *request)
{
	struct wire_encoder *e = calloc(1, sizeof(*e));

	if (e)
		e->seal.limit = LIMIT_LLM_HELD;
	return e;
}

void anthropic_encoder_free(struct wire_encoder *e)
{
	if (!e)
		return;
	text_release(&e->data);
	text_release(&e->seal);
	free(e);
}

/* {"type":...: frames have their event's name twice, and clients look at either. */
static void frame_begin(struct wire_encoder *e, const char *type)
{
	e->data.len = 0;
	text_string(&e->data, "{");
	put_word(&e->data, "type", type);
}

static void frame_end(struct wire_encoder *e, const char *type, struct text *out)
{
	text_string(&e->data, "}");
	wire_frame_put(out, type, e->data.bytes, e->data.len);
}

static void message_start(struct wire_encoder *e, const struct call_event *event, struct text *out)
{
	static const char type[] = "message_start";
	struct text *data = &e->data;

	frame_begin(e, type);
	put_open(data, "message", "{");
	put_string(data, "id", event->id.at ? event->id : CALL_STRING(""));
	put_word(data, "type", "message");
	put_word(data, "role", "assistant");
	put_string(data, "model", event->model.at ? event->model : CALL_STRING(""));
	put_open(data, "content", "[");
	text_string(data, "]");
	put_json(data, "stop_reason", CALL_STRING("null"));
	put_json(data, "stop_sequence", CALL_STRING("null"));
	anthropic_usage_put(data, &event->usage);
	text_string(data, "}");
	frame_end(e, type, out);
}

/* Its other members come between the two. */
static void block_start(struct wire_encoder *e, const char *kind)
{
	frame_begin(e, "content_block_start");
	put_uint(&e->data, "index", e->index);
	put_open(&e->data, "content_block", "{");
	put_word(&e->data, "type", kind);
	e->open = true;
}

static void block_start_end(struct wire_encoder *e, struct text *out)
{
	text_string(&e->data, "}");
	frame_end(e, "content_block_start", out);
}

static void delta(struct wire_encoder *e, const char *kind, const char *key, struct call_string s,
		  struct text *out)
{
	static const char type[] = "content_block_delta";

	if (!s.len)
		return;
	frame_begin(e, type);
	put_uint(&e->data, "index", e->index);
	put_open(&e->data, "delta", "{");
	put_word(&e->data, "type", kind);
	put_string(&e->data, key, s);
	text_string(&e->data, "}");
	frame_end(e, type, out);
}

static void text_more(struct wire_encoder *e, const struct call_event *event, struct text *out)
{
	/* Clients send empty blocks back, and those are refused. */
	if (!e->open && event->text.len) {
		block_start(e, "text");
		put_word(&e->data, "text", "");
		block_start_end(e, out);
	}
	delta(e, "text_delta", "text", event->text, out);
}

static void reasoning_more(struct wire_encoder *e, const struct call_event *event, struct text *out)
{
	if (!e->open && event->text.at) {
		block_start(e, "thinking");
		put_word(&e->data, "thinking", "");
		put_word(&e->data, "signature", "");
		block_start_end(e, out);
	}
	delta(e, "thinking_delta", "thinking", event->text, out);
	text_put(&e->seal, event->sealed.at, event->sealed.len);
}

static void tool_begin(struct wire_encoder *e, const struct call_event *event, struct text *out)
{
	block_start(e, "tool_use");
	put_string(&e->data, "id", event->id.at ? event->id : CALL_STRING(""));
	put_string(&e->data, "name", event->name.at ? event->name : CALL_STRING(""));
	put_json(&e->data, "input", CALL_STRING("{}"));
	block_start_end(e, out);
}

static void part_end(struct wire_encoder *e, struct text *out)
{
	static const char type[] = "content_block_stop";
	const struct call_string seal = { e->seal.bytes, e->seal.len };

	if (e->open) {
		delta(e, "signature_delta", "signature", seal, out);
	} else if (seal.len) {
		block_start(e, "redacted_thinking");
		put_string(&e->data, "data", seal);
		block_start_end(e, out);
	}
	e->seal.len = 0;
	if (!e->open)
		return;
	frame_begin(e, type);
	put_uint(&e->data, "index", e->index);
	frame_end(e, type, out);
	e->open = false;
	e->index++;
}

static void stop(struct wire_encoder *e, const struct call_event *event, struct text *out)
{
	part_end(e, out);
	frame_begin(e, "message_delta");
	put_open(&e->data, "delta", "{");
	put_word(&e->data, "stop_reason", anthropic_stop_word(event->stop));
	put_string_or_null(&e->data, "stop_sequence", event->stop_sequence);
	text_string(&e->data, "}");
	anthropic_usage_put(&e->data, &event->usage);
	frame_end(e, "message_delta", out);
	frame_begin(e, "message_stop");
	frame_end(e, "message_stop", out);
	e->done = true;
}

int anthropic_encoder_event(struct wire_encoder *e, const struct call_event *event,
			    struct text *out)
{
	if (e->done)
		return 0;
	switch (event->kind) {
	case CALL_BEGIN:
		message_start(e, event, out);
		break;
	case CALL_TEXT_MORE:
		text_more(e, event, out);
		break;
	case CALL_REASONING_MORE:
		reasoning_more(e, event, out);
		break;
	case CALL_TOOL_BEGIN:
		tool_begin(e, event, out);
		break;
	case CALL_TOOL_MORE:
		delta(e, "input_json_delta", "partial_json", event->text, out);
		break;
	case CALL_PART_END:
		part_end(e, out);
		break;
	case CALL_STOP:
		stop(e, event, out);
		break;
	case CALL_ERROR:
		e->data.len = 0;
		anthropic_error_put(&e->data, &event->error);
		wire_frame_put(out, "error", e->data.bytes, e->data.len);
		e->done = true;
		break;
	case CALL_PING:
		frame_begin(e, "ping");
		frame_end(e, "ping", out);
		break;
	}
	out->failed |= e->data.failed || e->seal.failed;
	return text_error(out);
}
