// SPDX-License-Identifier: GPL-2.0-or-later
/* The end of a stream that is cut, in its own wire: as of an answer that reached its bound. */
#include <string.h>

#include "llm/anthropic.h"
#include "llm/gemini.h"
#include "llm/openai_chat.h"
#include "llm/openai_responses.h"
#include "llm/put.h"
#include "llm/tail_state.h"

static void json_put(struct text *out, const struct text *json, const char *none)
{
	if (json->len)
		text_put(out, json->bytes, json->len);
	else
		text_string(out, none);
}

static void frame_put(struct text *out, const char *event, const struct text *data)
{
	out->failed |= data->failed;
	wire_frame_put(out, event, data->bytes, data->len);
}

/* --- OpenAI's chat --- */

static void chunk_begin(const struct tail *t, struct text *data)
{
	data->len = 0;
	text_string(data, "{\"id\":");
	json_put(data, &t->id, "\"\"");
	text_string(data, ",\"object\":\"chat.completion.chunk\",\"created\":");
	json_put(data, &t->created, "0");
	text_string(data, ",\"model\":");
	json_put(data, &t->model, "\"\"");
	text_string(data, ",\"choices\":[");
}

static void chat_end(const struct tail *t, const struct call_usage *usage, bool usage_asked,
		     struct text *out)
{
	struct text data = { 0 };

	chunk_begin(t, &data);
	text_printf(&data,
		    "{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":\"%s\"}]}",
		    openai_chat_stop_word(CALL_STOP_LENGTH));
	frame_put(out, NULL, &data);
	if (usage_asked) {
		chunk_begin(t, &data);
		text_string(&data, "],\"usage\":");
		openai_chat_usage_put(&data, usage);
		text_string(&data, "}");
		frame_put(out, NULL, &data);
	}
	text_string(out, "data: [DONE]\n\n");
	text_release(&data);
}

/* --- Anthropic's messages --- */

static void anthropic_end(const struct tail *t, const struct call_usage *usage, struct text *out)
{
	static const char stop[] = "{\"type\":\"message_stop\"}";
	struct text data = { 0 };

	if (t->open) {
		text_string(&data, "{\"type\":\"content_block_stop\",\"index\":");
		json_put(&data, &t->place, "0");
		text_string(&data, "}");
		frame_put(out, "content_block_stop", &data);
		data.len = 0;
	}
	text_printf(&data,
		    "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"%s\","
		    "\"stop_sequence\":null}",
		    anthropic_stop_word(CALL_STOP_LENGTH));
	anthropic_usage_put(&data, usage);
	text_string(&data, "}");
	frame_put(out, "message_delta", &data);
	wire_frame_put(out, "message_stop", stop, strlen(stop));
	text_release(&data);
}

/* --- Gemini --- */

/* The SDK keeps no answer of which a frame has no part. */
static void gemini_end(const struct tail *t, const struct call_usage *usage, struct text *out)
{
	struct text data = { 0 };

	text_printf(
		&data,
		"{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}],\"role\":\"model\"},"
		"\"finishReason\":\"%s\",\"index\":0}]",
		gemini_stop_word(CALL_STOP_LENGTH));
	gemini_usage_put(&data, usage);
	if (t->model.len) {
		text_string(&data, ",\"modelVersion\":");
		json_put(&data, &t->model, "");
	}
	if (t->id.len) {
		text_string(&data, ",\"responseId\":");
		json_put(&data, &t->id, "");
	}
	text_string(&data, "}");
	frame_put(out, NULL, &data);
	text_release(&data);
}

/* --- OpenAI's Responses --- */

static void event_begin(struct tail *t, const char *type, struct text *data)
{
	data->len = 0;
	text_printf(data, "{\"type\":\"%s\",\"sequence_number\":%llu", type,
		    (unsigned long long)t->sequence++);
}

static void part_put(const struct tail *t, struct text *data)
{
	text_string(data,
		    "{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"");
	text_put(data, t->text.bytes, t->text.len);
	text_string(data, "\"}");
}

static void part_begin(struct tail *t, const char *type, struct text *data)
{
	event_begin(t, type, data);
	text_string(data, ",\"item_id\":");
	json_put(data, &t->item, "\"\"");
	text_string(data, ",\"output_index\":");
	json_put(data, &t->place, "0");
	text_string(data, ",\"content_index\":");
	json_put(data, &t->part, "0");
}

static void part_end(struct tail *t, struct text *data, struct text *out)
{
	part_begin(t, "response.output_text.done", data);
	text_string(data, ",\"logprobs\":[],\"text\":\"");
	text_put(data, t->text.bytes, t->text.len);
	text_string(data, "\"}");
	frame_put(out, "response.output_text.done", data);
	part_begin(t, "response.content_part.done", data);
	text_string(data, ",\"part\":");
	part_put(t, data);
	text_string(data, "}");
	frame_put(out, "response.content_part.done", data);
}

/* The message, as far as it came; it is one of the response's items from now on. */
static void message_end(struct tail *t, struct text *data, struct text *out)
{
	struct text item = { 0 };

	if (t->in_part)
		part_end(t, data, out);
	text_string(&item, "{\"id\":");
	json_put(&item, &t->item, "\"\"");
	text_string(&item, ",\"type\":\"message\",\"role\":\"assistant\",\"status\":\"incomplete\","
			   "\"content\":[");
	if (t->in_part)
		part_put(t, &item);
	text_string(&item, "]}");
	event_begin(t, "response.output_item.done", data);
	text_string(data, ",\"output_index\":");
	json_put(data, &t->place, "0");
	text_string(data, ",\"item\":");
	text_put(data, item.bytes, item.len);
	text_string(data, "}");
	frame_put(out, "response.output_item.done", data);
	text_string(&t->items, t->items.len ? "," : "");
	text_put(&t->items, item.bytes, item.len);
	out->failed |= item.failed || t->items.failed;
	text_release(&item);
	t->open = t->in_part = false;
}

/* What a string says that came as JSON. */
static void string_put(struct text *to, const struct text *json)
{
	const struct scan_value v = { SCAN_STRING, json->bytes, json->len };
	char said[512];
	size_t len;

	if (json->len && !scan_string(&v, said, sizeof(said), &len))
		text_put(to, said, len);
}

static void responses_end(struct tail *t, const struct call_usage *usage, struct text *out)
{
	const struct scan_value created = { SCAN_NUMBER, t->created.bytes, t->created.len };
	struct text data = { 0 }, id = { 0 }, model = { 0 };
	struct openai_response r = { .status = openai_responses_status(CALL_STOP_LENGTH),
				     .stop = CALL_STOP_LENGTH,
				     .usage = usage };
	uint64_t seconds;

	if (t->open && !t->forgot)
		message_end(t, &data, out);
	string_put(&id, &t->id);
	string_put(&model, &t->model);
	r.id = (struct call_string){ id.len ? id.bytes : "", id.len };
	r.model = (struct call_string){ model.len ? model.bytes : "", model.len };
	r.output = (struct call_string){ t->items.len ? t->items.bytes : "", t->items.len };
	if (t->created.len && !scan_uint(&created, &seconds) && seconds < INT64_MAX)
		r.created = (int64_t)seconds;
	event_begin(t, "response.incomplete", &data);
	text_string(&data, ",\"response\":");
	openai_responses_object_put(&data, &r);
	text_string(&data, "}");
	frame_put(out, "response.incomplete", &data);
	out->failed |= id.failed || model.failed;
	text_release(&data);
	text_release(&id);
	text_release(&model);
}

int tail_end(struct tail *t, const struct call_usage *usage, bool usage_asked, struct text *out)
{
	switch (t->wire) {
	case WIRE_OPENAI_CHAT:
		chat_end(t, usage, usage_asked, out);
		break;
	case WIRE_OPENAI_RESPONSES:
		responses_end(t, usage, out);
		break;
	case WIRE_ANTHROPIC:
		anthropic_end(t, usage, out);
		break;
	default:
		gemini_end(t, usage, out);
		break;
	}
	return text_error(out);
}
