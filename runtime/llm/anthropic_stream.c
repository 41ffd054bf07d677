// SPDX-License-Identifier: GPL-2.0-or-later
/* Anthropic's messages: a stream that comes, put into call.h's order. */
#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "llm/anthropic.h"
#include "llm/failure.h"
#include "llm/order.h"

struct wire_decoder {
	int (*emit)(const struct call_event *event, void *cookie);
	void *cookie;
	struct order *order; /* blocks by their index, but for those that are not known */
	struct call_usage usage;
	struct text reason, sequence;
	struct text whole; /* arguments that came with the begin of a call, and */
	size_t whole_part; /* whose they are */
	bool begun, told_stop, ended;
};

struct wire_decoder *anthropic_decoder_create(
	int (*emit)(const struct call_event *event, void *cookie), void *cookie)
{
	struct wire_decoder *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->emit = emit;
	d->cookie = cookie;
	d->order = order_create(emit, cookie);
	if (d->order)
		return d;
	free(d);
	return NULL;
}

void anthropic_decoder_free(struct wire_decoder *d)
{
	if (!d)
		return;
	order_free(d->order);
	text_release(&d->reason);
	text_release(&d->sequence);
	text_release(&d->whole);
	free(d);
}

static int emit(struct wire_decoder *d, struct call_event event)
{
	return d->emit(&event, d->cookie);
}

/* With a NUL behind it. */
static int keep(struct text *t, struct call_string s)
{
	t->len = 0;
	text_put(t, s.at, s.len);
	text_put(t, "", 1);
	if (!t->failed)
		t->len--;
	return text_error(t);
}

static struct call_string string_of(const struct text *t)
{
	return (struct call_string){ t->bytes ? t->bytes : "", t->len };
}

static int begin(struct wire_decoder *d, struct call_string id, struct call_string model)
{
	if (d->begun)
		return 0;
	d->begun = true;
	return emit(d, (struct call_event){ .kind = CALL_BEGIN,
					    .id = id,
					    .model = model,
					    .usage = d->usage });
}

/* What came with the begin of a call is its arguments, unless they come in pieces. */
static int whole_take(struct wire_decoder *d)
{
	int err = 0;

	if (d->whole.len && !order_filled(d->order, d->whole_part))
		err = order_more(d->order, d->whole_part, string_of(&d->whole),
				 (struct call_string){ 0 });
	d->whole.len = 0;
	return err;
}

static int block_end(struct wire_decoder *d, size_t part)
{
	int err = d->whole_part == part ? whole_take(d) : 0;

	/* Arguments are an object, if an empty one. */
	if (!err && order_kind(d->order, part) == CALL_TOOL_CALL && !order_filled(d->order, part))
		err = order_more(d->order, part, CALL_STRING("{}"), (struct call_string){ 0 });
	return err ? err : order_end(d->order, part);
}

/* The block with this index that has not ended. */
static bool block_find(const struct wire_decoder *d, const struct tree_node *n, size_t *ret_part)
{
	return order_find(d->order, tree_uint(n, "index"), ret_part) &&
	       !order_ended(d->order, *ret_part);
}

static int call_open(struct wire_decoder *d, const struct tree_node *block, uint64_t index)
{
	const struct tree_node input = tree_member(block, "input");
	const struct call_string name = tree_name_needed(block, "name");
	size_t part = 0;
	int err = name.len ? whole_take(d) : block->tree->err;

	err = err ? err : order_open(d->order, CALL_TOOL_CALL, index, &part);
	err = err ? err : order_name(d->order, part, tree_string(block, "id"), name);
	if (err || !tree_is_object(&input) || !tree_count(&input))
		return err;
	d->whole_part = part;
	return keep(&d->whole, tree_json(&input));
}

static int on_message_start(struct wire_decoder *d, const struct tree_node *n)
{
	const struct tree_node message = tree_object(n, "message"),
			       usage = tree_object(&message, "usage");
	const struct call_string id = tree_string(&message, "id"),
				 model = tree_string(&message, "model");

	anthropic_usage_read(&usage, &d->usage);
	return n->tree->err ? n->tree->err : begin(d, id, model);
}

/* Blocks have their first words here; usually "". */
static int on_block_start(struct wire_decoder *d, const struct tree_node *n)
{
	const struct tree_node block = tree_object(n, "content_block");
	const struct call_string type = tree_string(&block, "type"), none = { 0 };
	const uint64_t index = tree_uint(n, "index");
	size_t part;
	int err = 0;

	/* It was not stopped, and will not be. */
	if (block_find(d, n, &part))
		err = block_end(d, part);
	if (err || n->tree->err)
		return err;
	if (tree_is(type, "tool_use"))
		return call_open(d, &block, index);
	if (tree_is(type, "text")) {
		err = order_open(d->order, CALL_TEXT, index, &part);
		return err ? err : order_more(d->order, part, tree_string(&block, "text"), none);
	}
	if (tree_is(type, "thinking")) {
		err = order_open(d->order, CALL_REASONING, index, &part);
		return err ? err :
			     order_more(d->order, part, tree_string(&block, "thinking"),
					tree_string(&block, "signature"));
	}
	if (tree_is(type, "redacted_thinking")) {
		err = order_open(d->order, CALL_REASONING, index, &part);
		return err ? err : order_more(d->order, part, none, tree_string(&block, "data"));
	}
	return 0;
}

static int on_block_delta(struct wire_decoder *d, const struct tree_node *n)
{
	static const struct {
		const char *type, *key;
		enum call_part_kind kind;
		bool seal;
	} deltas[] = {
		{ "text_delta", "text", CALL_TEXT, false },
		{ "thinking_delta", "thinking", CALL_REASONING, false },
		{ "signature_delta", "signature", CALL_REASONING, true },
		{ "input_json_delta", "partial_json", CALL_TOOL_CALL, false },
	};
	const struct tree_node delta = tree_object(n, "delta");
	const struct call_string type = tree_string(&delta, "type"), none = { 0 };
	struct call_string piece;
	size_t part, i;

	if (!block_find(d, n, &part))
		return 0;
	for (i = 0; i < sizeof(deltas) / sizeof(deltas[0]); i++) {
		if (!tree_is(type, deltas[i].type) || order_kind(d->order, part) != deltas[i].kind)
			continue;
		piece = tree_string(&delta, deltas[i].key);
		/* Thinking that is not shown has a text all the same, other than what is redacted. */
		return deltas[i].seal ? order_more(d->order, part, CALL_STRING(""), piece) :
					order_more(d->order, part, piece, none);
	}
	return 0;
}

static int on_block_stop(struct wire_decoder *d, const struct tree_node *n)
{
	size_t part;

	return block_find(d, n, &part) ? block_end(d, part) : 0;
}

static int on_message_delta(struct wire_decoder *d, const struct tree_node *n)
{
	const struct tree_node delta = tree_object(n, "delta"), usage = tree_object(n, "usage");
	const struct call_string reason = tree_string(&delta, "stop_reason"),
				 sequence = tree_string(&delta, "stop_sequence");

	anthropic_usage_read(&usage, &d->usage);
	if (n->tree->err)
		return n->tree->err;
	if (reason.at) {
		d->told_stop = true;
		if (keep(&d->reason, reason))
			return -ENOMEM;
	}
	return sequence.at ? keep(&d->sequence, sequence) : 0;
}

static int stop(struct wire_decoder *d)
{
	struct call_event event = { .kind = CALL_STOP, .usage = d->usage };
	size_t part;
	int err = 0;

	for (part = 0; !err && part < order_count(d->order); part++)
		if (!order_ended(d->order, part))
			err = block_end(d, part);
	if (err)
		return err;
	d->ended = true;
	event.stop = anthropic_stop_read(string_of(&d->reason), order_has_calls(d->order));
	if (d->sequence.len)
		event.stop_sequence = string_of(&d->sequence);
	return emit(d, event);
}

static int on_message_stop(struct wire_decoder *d, const struct tree_node *n)
{
	return stop(d);
}

static int on_error(struct wire_decoder *d, const struct tree_node *n)
{
	struct call_event event = { .kind = CALL_ERROR };
	int err = anthropic_error_read(n->tree->arena, n, 0, &event.error);

	d->ended = true;
	return err ? err : emit(d, event);
}

static int on_ping(struct wire_decoder *d, const struct tree_node *n)
{
	return emit(d, (struct call_event){ .kind = CALL_PING });
}

/* behind: a message has begun before it, told or not. */
static const struct {
	const char *type;
	int (*handle)(struct wire_decoder *d, const struct tree_node *n);
	bool behind;
} events[] = {
	{ "message_start", on_message_start, false },
	{ "content_block_start", on_block_start, true },
	{ "content_block_delta", on_block_delta, true },
	{ "content_block_stop", on_block_stop, true },
	{ "message_delta", on_message_delta, true },
	{ "message_stop", on_message_stop, true },
	{ "error", on_error, false },
	{ "ping", on_ping, false },
};

static int event_handle(struct wire_decoder *d, const struct tree_node *n, struct call_string type)
{
	const struct call_string none = { 0 };
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (!tree_is(type, events[i].type))
			continue;
		if (events[i].behind)
			rc = begin(d, none, none);
		return rc ? rc : events[i].handle(d, n);
	}
	return 0;
}

static int order_fault(const struct wire_decoder *d, int err, struct wire_fault *f)
{
	if (err != -E2BIG || order_stopped(d->order))
		return err;
	return failure_set(f, -EBADMSG, "more blocks, or more of them at once, than can be held");
}

int anthropic_decoder_frame(struct wire_decoder *d, const struct wire_frame *frame,
			    struct wire_fault *ret_fault)
{
	struct arena a = { .limit = LIMIT_LLM_FRAME };
	struct call_string type = { 0 };
	struct tree_node root;
	struct tree t;
	int rc;

	/* Some that speak this wire close with OpenAI's word. */
	if (d->ended || !frame->data.len || tree_is(frame->data, "[DONE]"))
		return 0;
	rc = tree_open(&t, &a, frame->data.at, frame->data.len, ret_fault, &root);
	if (!rc) {
		type = tree_string(&root, "type");
		rc = t.err;
	}
	if (!rc)
		rc = event_handle(d, &root, type.at ? type : frame->event);
	/* A member was of the wrong type, and read as none. */
	rc = rc ? rc : t.err;
	tree_close(&t);
	arena_release(&a);
	return order_fault(d, rc, ret_fault);
}

int anthropic_decoder_finish(struct wire_decoder *d, struct wire_fault *ret_fault)
{
	if (d->ended)
		return 0;
	if (!d->told_stop)
		return failure_set(ret_fault, -EBADMSG, "the stream ended before the answer did");
	return order_fault(d, stop(d), ret_fault);
}
