// SPDX-License-Identifier: GPL-2.0-or-later
/* Gemini's generateContent: a stream that goes out. */
#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "llm/gemini.h"
#include "llm/put.h"

/* Each frame names the answer; calls go out whole. */
struct wire_encoder {
	struct text data; /* of the frame that is made */
	struct text id, model;
	struct text call_id, call_name, arguments; /* of the call that is underway */
	struct text seal;			   /* for the part that is next */
	struct call_usage before;		   /* as far as it is known while it lasts */
	bool in_call, in_reasoning, done;
};

struct wire_encoder *gemini_encoder_create(const struct call_request *request)
{
	struct wire_encoder *e = calloc(1, sizeof(*e));

	if (e)
		e->arguments.limit = e->seal.limit = LIMIT_LLM_HELD;
	return e;
}

void gemini_encoder_free(struct wire_encoder *e)
{
	if (!e)
		return;
	text_release(&e->data);
	text_release(&e->id);
	text_release(&e->model);
	text_release(&e->call_id);
	text_release(&e->call_name);
	text_release(&e->arguments);
	text_release(&e->seal);
	free(e);
}

static struct call_string string_of(const struct text *t)
{
	return t->len ? (struct call_string){ t->bytes, t->len } : (struct call_string){ 0 };
}

static void keep(struct text *t, struct call_string s)
{
	t->len = 0;
	text_put(t, s.at, s.len);
}

static void frame_begin(struct wire_encoder *e)
{
	e->data.len = 0;
	text_string(&e->data, "{");
	put_open(&e->data, "candidates", "[");
	put_open(&e->data, NULL, "{");
	put_open(&e->data, "content", "{");
	put_open(&e->data, "parts", "[");
}

static void parts_end(struct wire_encoder *e)
{
	text_string(&e->data, "]");
	put_word(&e->data, "role", "model");
	text_string(&e->data, "}");
}

static void frame_end(struct wire_encoder *e, const struct call_usage *usage, struct text *out)
{
	put_uint(&e->data, "index", 0);
	text_string(&e->data, "}]");
	if (usage)
		gemini_usage_put(&e->data, usage);
	put_string(&e->data, "modelVersion", string_of(&e->model));
	put_string(&e->data, "responseId", string_of(&e->id));
	text_string(&e->data, "}");
	wire_frame_put(out, NULL, e->data.bytes, e->data.len);
}

/* Gemini tells of usage in each frame; of other wires not all know it before the end. */
static const struct call_usage *known(const struct wire_encoder *e)
{
	return e->before.given ? &e->before : NULL;
}

/* A frame with a part and the seal that waited for it. */
static int part_frame(struct wire_encoder *e, const struct call_part *part, struct text *out)
{
	struct call_string seal = string_of(&e->seal);
	int err;

	frame_begin(e);
	err = gemini_part_put(&e->data, part, &seal, NULL);
	if (!seal.at)
		e->seal.len = 0;
	parts_end(e);
	if (!err)
		frame_end(e, known(e), out);
	return err;
}

static int text_more(struct wire_encoder *e, const struct call_event *event, struct text *out)
{
	const struct call_part part = { .kind = CALL_TEXT, .text = event->text };

	return event->text.len ? part_frame(e, &part, out) : 0;
}

/* What waits behind reasoning is written before more of it comes. */
static void seal_frame(struct wire_encoder *e, struct text *out)
{
	struct call_string seal = string_of(&e->seal);

	frame_begin(e);
	gemini_seal_put(&e->data, &seal);
	e->seal.len = 0;
	parts_end(e);
	frame_end(e, known(e), out);
}

static int reasoning_more(struct wire_encoder *e, const struct call_event *event, struct text *out)
{
	const struct call_part part = { .kind = CALL_REASONING, .text = event->text };
	int err = 0;

	if (e->seal.len && (event->text.len || !e->in_reasoning))
		seal_frame(e, out);
	e->in_reasoning = true;
	if (event->text.len)
		err = part_frame(e, &part, out);
	text_put(&e->seal, event->sealed.at, event->sealed.len);
	return err;
}

static int part_end(struct wire_encoder *e, struct text *out)
{
	const struct call_part part = { .kind = CALL_TOOL_CALL,
					.id = string_of(&e->call_id),
					.name = string_of(&e->call_name),
					.text = string_of(&e->arguments) };

	e->in_reasoning = false;
	if (!e->in_call)
		return 0;
	e->in_call = false;
	return part_frame(e, &part, out);
}

static void stop(struct wire_encoder *e, const struct call_event *event, struct text *out)
{
	struct call_string seal = string_of(&e->seal);

	frame_begin(e);
	/* The SDK keeps no answer of which a frame has no part. */
	if (seal.len)
		gemini_seal_put(&e->data, &seal);
	else
		text_string(&e->data, "{\"text\":\"\"}");
	parts_end(e);
	put_word(&e->data, "finishReason", gemini_stop_word(event->stop));
	frame_end(e, &event->usage, out);
	e->done = true;
}

static void tool_begin(struct wire_encoder *e, const struct call_event *event)
{
	keep(&e->call_id, event->id);
	keep(&e->call_name, event->name);
	e->arguments.len = 0;
	e->in_call = true;
}

int gemini_encoder_event(struct wire_encoder *e, const struct call_event *event, struct text *out)
{
	int err = 0;

	if (e->done)
		return 0;
	switch (event->kind) {
	case CALL_BEGIN:
		keep(&e->id, event->id);
		keep(&e->model, event->model);
		e->before = event->usage;
		break;
	case CALL_TEXT_MORE:
		err = text_more(e, event, out);
		break;
	case CALL_REASONING_MORE:
		err = reasoning_more(e, event, out);
		break;
	case CALL_TOOL_BEGIN:
		tool_begin(e, event);
		break;
	case CALL_TOOL_MORE:
		text_put(&e->arguments, event->text.at, event->text.len);
		break;
	case CALL_PART_END:
		err = part_end(e, out);
		break;
	case CALL_STOP:
		stop(e, event, out);
		break;
	case CALL_ERROR:
		e->data.len = 0;
		gemini_error_put(&e->data, &event->error);
		wire_frame_put(out, NULL, e->data.bytes, e->data.len);
		e->done = true;
		break;
	case CALL_PING: /* this wire has none */
		break;
	}
	out->failed |= e->data.failed || e->id.failed || e->model.failed || e->call_id.failed ||
		       e->call_name.failed || e->arguments.failed || e->seal.failed;
	return err ? err : text_error(out);
}
