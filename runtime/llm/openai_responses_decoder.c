// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Streams of OpenAI's Responses, read.
 *
 * Servers that leave some of the events out, or say only at an item's end what is in it,
 * are understood as well.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "llm/openai_responses.h"

#define INDEX_MAX (1 << 20) /* of an item, and of a part of one */

struct wire_decoder {
	int (*emit)(const struct call_event *event, void *cookie);
	void *cookie;
	struct order *order;
	struct arena arena; /* of one frame */
	struct text id;	    /* of the answer, for calls without one */
	size_t thought;	    /* the reasoning that is told; */
	bool raw;	    /* itself, or its summary, */
	uint64_t summary;   /* and the part of that */
	bool thinking;	    /* there is one */
	bool begun, refused;
	bool done; /* STOP or ERROR was handed on */
};

struct wire_decoder *openai_responses_decoder_create(
	int (*emit)(const struct call_event *event, void *cookie), void *cookie)
{
	struct wire_decoder *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->emit = emit;
	d->cookie = cookie;
	d->arena.limit = LIMIT_LLM_FRAME;
	d->order = order_create(emit, cookie);
	if (!d->order) {
		free(d);
		return NULL;
	}
	return d;
}

void openai_responses_decoder_free(struct wire_decoder *d)
{
	if (!d)
		return;
	order_free(d->order);
	arena_release(&d->arena);
	text_release(&d->id);
	free(d);
}

/* Of an item itself, and of each of its parts. */
static uint64_t key_of(uint64_t item, uint64_t part)
{
	return item * 2 * INDEX_MAX + part;
}

static uint64_t index_read(const struct tree_node *n, const char *key)
{
	const uint64_t index = tree_uint(n, key);

	if (index >= INDEX_MAX)
		tree_fault_at(n, key, -EBADMSG, "is too large");
	return index;
}

static uint64_t item_key(const struct tree_node *n)
{
	return key_of(index_read(n, "output_index"), 0);
}

static uint64_t part_key(const struct tree_node *n)
{
	return key_of(index_read(n, "output_index"), index_read(n, "content_index") + 1);
}

/* The part that goes on under this key, or a new one. */
static int part_find(struct wire_decoder *d, enum call_part_kind kind, uint64_t key,
		     size_t *ret_part)
{
	if (order_find(d->order, key, ret_part) && !order_ended(d->order, *ret_part) &&
	    order_kind(d->order, *ret_part) == kind)
		return 0;
	return order_open(d->order, kind, key, ret_part);
}

static int more(struct wire_decoder *d, size_t part, struct call_string text)
{
	return order_more(d->order, part, text, (struct call_string){ 0 });
}

/* A part's end, with all of it for who has told nothing of it before. */
static int part_whole(struct wire_decoder *d, enum call_part_kind kind, uint64_t key,
		      struct call_string text)
{
	size_t part;
	int err;

	if (order_find(d->order, key, &part) && order_ended(d->order, part))
		return 0;
	err = part_find(d, kind, key, &part);
	if (!err && !order_filled(d->order, part))
		err = more(d, part, text);
	return err ? err : order_end(d->order, part);
}

static int text_delta(struct wire_decoder *d, const struct tree_node *n)
{
	const struct call_string delta = tree_string(n, "delta");
	const uint64_t key = part_key(n);
	size_t part;
	int err;

	if (n->tree->err)
		return n->tree->err;
	err = part_find(d, CALL_TEXT, key, &part);
	return err ? err : more(d, part, delta);
}

static int refusal_delta(struct wire_decoder *d, const struct tree_node *n)
{
	d->refused = true;
	return text_delta(d, n);
}

static int text_done(struct wire_decoder *d, const struct tree_node *n)
{
	const struct call_string text = tree_string(n, "text");
	const uint64_t key = part_key(n);

	return n->tree->err ? n->tree->err : part_whole(d, CALL_TEXT, key, text);
}

static int refusal_done(struct wire_decoder *d, const struct tree_node *n)
{
	const struct call_string text = tree_string(n, "refusal");
	const uint64_t key = part_key(n);

	d->refused = true;
	return n->tree->err ? n->tree->err : part_whole(d, CALL_TEXT, key, text);
}

/* Its calls are told apart by the item; they are named when it is added. */
static int call_name(struct wire_decoder *d, const struct tree_node *item, size_t part)
{
	const struct call_string answer_id = { d->id.bytes, d->id.len };
	const bool custom = tree_is(tree_string(item, "type"), "custom_tool_call");
	struct call_string id = tree_string(item, "call_id");
	struct call_string name =
		openai_responses_name_read(item, tree_string(item, "namespace"), custom);

	if (!id.len)
		id = openai_call_id(item, answer_id, part);
	return item->tree->err ? item->tree->err : order_name(d->order, part, id, name);
}

static int call_delta(struct wire_decoder *d, const struct tree_node *n)
{
	const struct call_string delta = tree_string(n, "delta");
	const uint64_t key = item_key(n);
	size_t part;
	int err;

	if (n->tree->err)
		return n->tree->err;
	err = part_find(d, CALL_TOOL_CALL, key, &part);
	return err ? err : more(d, part, delta);
}

static int call_done(struct wire_decoder *d, const struct tree_node *n)
{
	const struct call_string arguments = tree_string(n, "arguments");
	const uint64_t key = item_key(n);
	size_t part;

	if (n->tree->err)
		return n->tree->err;
	/* The item's end is what ends it: that may tell its name. */
	if (!order_find(d->order, key, &part) || order_filled(d->order, part))
		return 0;
	return more(d, part, arguments);
}

/* Of its summary or itself, whichever comes first: one tells the other again. */
static int thought_more(struct wire_decoder *d, const struct tree_node *n, bool raw)
{
	const struct call_string delta = tree_string(n, "delta");
	const uint64_t key = item_key(n), summary = index_read(n, "summary_index");
	bool another;
	size_t part;
	int err;

	if (n->tree->err)
		return n->tree->err;
	err = part_find(d, CALL_REASONING, key, &part);
	if (err)
		return err;
	if (!d->thinking || d->thought != part) {
		d->thinking = true;
		d->thought = part;
		d->raw = raw;
		d->summary = summary;
	}
	if (d->raw != raw)
		return 0;
	another = summary != d->summary && order_filled(d->order, part);
	d->summary = summary;
	err = another ? more(d, part, CALL_STRING("\n\n")) : 0;
	return err ? err : more(d, part, delta);
}

static int summary_delta(struct wire_decoder *d, const struct tree_node *n)
{
	return thought_more(d, n, false);
}

static int reasoning_delta(struct wire_decoder *d, const struct tree_node *n)
{
	return thought_more(d, n, true);
}

static int item_added(struct wire_decoder *d, const struct tree_node *n)
{
	const struct tree_node item = tree_object(n, "item");
	const struct call_string type = tree_string(&item, "type");
	const uint64_t key = item_key(n);
	size_t part;
	int err;

	if (n->tree->err)
		return n->tree->err;
	if (tree_is(type, "reasoning"))
		return order_open(d->order, CALL_REASONING, key, &part);
	if (!tree_is(type, "function_call") && !tree_is(type, "custom_tool_call"))
		return 0;
	err = order_open(d->order, CALL_TOOL_CALL, key, &part);
	if (err || !tree_string(&item, "name").len)
		return err;
	return call_name(d, &item, part);
}

static int message_done(struct wire_decoder *d, const struct tree_node *item, uint64_t index)
{
	const struct tree_node content = tree_array(item, "content");
	const size_t count = tree_count(&content);
	struct call_string type, text;
	struct tree_node part;
	size_t i;
	int err = 0;

	for (i = 0; i < count && i + 1 < INDEX_MAX && !err; i++) {
		part = tree_item(&content, i);
		type = tree_string(&part, "type");
		d->refused |= tree_is(type, "refusal");
		text = tree_string(&part, tree_is(type, "refusal") ? "refusal" : "text");
		err = item->tree->err;
		if (!err)
			err = part_whole(d, CALL_TEXT, key_of(index, i + 1), text);
	}
	/* What it does not tell again has ended too. */
	for (i = 0; i < order_count(d->order) && !err; i++)
		if (order_key(d->order, i) / (2 * INDEX_MAX) == index &&
		    order_kind(d->order, i) == CALL_TEXT)
			err = order_end(d->order, i);
	return err;
}

static int call_item_done(struct wire_decoder *d, const struct tree_node *item, uint64_t key)
{
	struct call_string arguments = { 0 };
	size_t part;
	int err;

	if (order_find(d->order, key, &part) && order_ended(d->order, part))
		return 0;
	err = part_find(d, CALL_TOOL_CALL, key, &part);
	if (!err)
		err = call_name(d, item, part);
	if (!err && !order_filled(d->order, part)) {
		arguments = tree_is(tree_string(item, "type"), "custom_tool_call") ?
				    openai_responses_input_read(item) :
				    tree_string(item, "arguments");
		err = item->tree->err ? item->tree->err : more(d, part, arguments);
	}
	return err ? err : order_end(d->order, part);
}

static int reasoning_done(struct wire_decoder *d, const struct tree_node *item, uint64_t key)
{
	struct call_part thought = { .kind = CALL_REASONING };
	size_t part;
	int err;

	openai_responses_reasoning_read(item, &thought);
	if (item->tree->err)
		return item->tree->err;
	if (order_find(d->order, key, &part) && order_ended(d->order, part))
		return 0;
	err = part_find(d, CALL_REASONING, key, &part);
	if (!err && !order_filled(d->order, part))
		err = more(d, part, thought.text);
	if (!err)
		err = order_more(d->order, part, (struct call_string){ 0 }, thought.sealed);
	return err ? err : order_end(d->order, part);
}

static int item_whole(struct wire_decoder *d, const struct tree_node *item, uint64_t index)
{
	const struct call_string type = tree_string(item, "type");

	if (item->tree->err)
		return item->tree->err;
	if (tree_is(type, "message"))
		return message_done(d, item, index);
	if (tree_is(type, "function_call") || tree_is(type, "custom_tool_call"))
		return call_item_done(d, item, key_of(index, 0));
	if (tree_is(type, "reasoning"))
		return reasoning_done(d, item, key_of(index, 0));
	return 0;
}

static int item_done(struct wire_decoder *d, const struct tree_node *n)
{
	const struct tree_node item = tree_object(n, "item");
	const uint64_t index = index_read(n, "output_index");

	return n->tree->err ? n->tree->err : item_whole(d, &item, index);
}

/* n: the event; one that tells of no response begins one without an id. */
static int begin(struct wire_decoder *d, const struct tree_node *n)
{
	const struct tree_node response = tree_object(n, "response");
	struct call_event event = { .kind = CALL_BEGIN };

	if (d->begun)
		return 0;
	event.id = tree_string(&response, "id");
	event.model = tree_string(&response, "model");
	event.created = (int64_t)tree_uint(&response, "created_at");
	openai_responses_usage_read(&response, &event.usage);
	if (n->tree->err)
		return n->tree->err;
	text_put(&d->id, event.id.at, event.id.len);
	if (text_error(&d->id))
		return -ENOMEM;
	d->begun = true;
	return d->emit(&event, d->cookie);
}

static int stop(struct wire_decoder *d, const struct tree_node *n, bool cut)
{
	const struct tree_node response = tree_object(n, "response");
	const struct tree_node output = tree_array(&response, "output");
	const size_t count = order_count(d->order) ? 0 : tree_count(&output);
	struct call_event event = { .kind = CALL_STOP };
	struct tree_node item;
	size_t i;
	int err = 0;

	/* Nothing was told before. */
	for (i = 0; i < count && i < INDEX_MAX && !err; i++) {
		item = tree_item(&output, i);
		err = item_whole(d, &item, i);
	}
	if (!err)
		err = order_end_all(d->order);
	if (err)
		return err;
	openai_responses_usage_read(&response, &event.usage);
	event.stop = openai_responses_stop_read(&response, order_has_calls(d->order), d->refused);
	if (n->tree->err)
		return n->tree->err;
	if (cut && event.stop != CALL_STOP_FILTER)
		event.stop = CALL_STOP_LENGTH;
	d->done = true;
	return d->emit(&event, d->cookie);
}

static int completed(struct wire_decoder *d, const struct tree_node *n)
{
	return stop(d, n, false);
}

static int incomplete(struct wire_decoder *d, const struct tree_node *n)
{
	return stop(d, n, true);
}

/* n: what has the error, or is it. */
static int error_emit(struct wire_decoder *d, const struct tree_node *n)
{
	struct call_event event = { .kind = CALL_ERROR };

	if (!openai_error_read(n, 0, &event.error))
		event.error = (struct call_error){ .kind = CALL_ERROR_API,
						   .message = CALL_STRING("the response failed") };
	if (n->tree->err)
		return n->tree->err;
	d->done = true;
	return d->emit(&event, d->cookie);
}

static int failed(struct wire_decoder *d, const struct tree_node *n)
{
	const struct tree_node response = tree_object(n, "response");

	return error_emit(d, &response);
}

static const struct {
	const char *type;
	int (*take)(struct wire_decoder *d, const struct tree_node *n);
	bool ends; /* without anything having begun */
} events[] = {
	{ "response.created", begin, false },
	{ "response.in_progress", begin, false },
	{ "response.output_item.added", item_added, false },
	{ "response.output_text.delta", text_delta, false },
	{ "response.output_text.done", text_done, false },
	{ "response.refusal.delta", refusal_delta, false },
	{ "response.refusal.done", refusal_done, false },
	{ "response.function_call_arguments.delta", call_delta, false },
	{ "response.function_call_arguments.done", call_done, false },
	{ "response.reasoning_summary_text.delta", summary_delta, false },
	{ "response.reasoning_text.delta", reasoning_delta, false },
	{ "response.output_item.done", item_done, false },
	{ "response.completed", completed, false },
	{ "response.incomplete", incomplete, false },
	{ "response.failed", failed, true },
	{ "error", error_emit, true },
};

static int event_take(struct wire_decoder *d, struct call_string type, const struct tree_node *root)
{
	size_t i;
	int err = 0;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (!tree_is(type, events[i].type))
			continue;
		if (!events[i].ends)
			err = begin(d, root);
		return err ? err : events[i].take(d, root);
	}
	return 0;
}

int openai_responses_decoder_frame(struct wire_decoder *d, const struct wire_frame *frame,
				   struct wire_fault *ret_fault)
{
	struct call_string type;
	struct tree_node root;
	struct tree t;
	int err;

	if (d->done || !frame->data.len)
		return 0;
	if (tree_is(frame->data, "[DONE]"))
		return openai_responses_decoder_finish(d, ret_fault);
	err = tree_open(&t, &d->arena, frame->data.at, frame->data.len, ret_fault, &root);
	if (!err) {
		type = tree_string(&root, "type");
		err = t.err ? t.err : event_take(d, type.at ? type : frame->event, &root);
		err = t.err ? t.err : err;
	}
	if (!t.err)
		err = openai_order_fault(d->order, err, ret_fault);
	tree_close(&t);
	arena_release(&d->arena);
	return err;
}

int openai_responses_decoder_finish(struct wire_decoder *d, struct wire_fault *ret_fault)
{
	if (d->done)
		return 0;
	snprintf(ret_fault->text, sizeof(ret_fault->text), "the stream ended before %s",
		 d->begun ? "it was whole" : "it began");
	return -EBADMSG;
}
