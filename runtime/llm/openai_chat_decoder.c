// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Streams of OpenAI's chat completions, read.
 *
 * Its calls all go on until the stream ends, so the second is held until then. A call's
 * pieces are told by their index; from providers that have none, or the same one for all,
 * by their ids.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "llm/openai_chat.h"

/* Keys of the parts that are no calls; no index is as large. */
#define SAID_KEY UINT64_MAX

struct wire_decoder {
	int (*emit)(const struct call_event *event, void *cookie);
	void *cookie;
	struct order *order;
	struct arena arena; /* of one frame */
	struct text id;	    /* of the answer, for calls without one */
	struct call_usage usage;
	enum call_stop stop;
	bool begun, finished, refused; /* finished: it said why */
	bool done;		       /* STOP or ERROR was handed on */
};

struct wire_decoder *openai_chat_decoder_create(
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

void openai_chat_decoder_free(struct wire_decoder *d)
{
	if (!d)
		return;
	order_free(d->order);
	arena_release(&d->arena);
	text_release(&d->id);
	free(d);
}

/* Text goes on in the last part, if that is of its kind; else in a new one. */
static int said_take(struct wire_decoder *d, const struct call_part *said)
{
	size_t part = order_count(d->order);
	int err;

	if (part && !order_ended(d->order, part - 1) &&
	    order_kind(d->order, part - 1) == said->kind)
		return order_more(d->order, part - 1, said->text, (struct call_string){ 0 });
	/* What was said before is complete; calls may still go on. */
	if (part && order_kind(d->order, part - 1) != CALL_TOOL_CALL) {
		err = order_end(d->order, part - 1);
		if (err)
			return err;
	}
	err = order_open(d->order, said->kind, SAID_KEY, &part);
	return err ? err : order_more(d->order, part, said->text, (struct call_string){ 0 });
}

static bool other_call(const struct order *o, size_t part, struct call_string id)
{
	const struct call_string has = order_id(o, part);

	return id.len && has.len && (has.len != id.len || memcmp(has.at, id.at, id.len) != 0);
}

/* Of the call with this id; without one, of the last call there is. */
static bool call_without_index(const struct order *o, struct call_string id, size_t *ret_part)
{
	size_t i;

	for (i = order_count(o); i-- > 0;)
		if (order_kind(o, i) == CALL_TOOL_CALL && !other_call(o, i, id)) {
			*ret_part = i;
			return true;
		}
	return false;
}

static int call_open(struct wire_decoder *d, uint64_t index, size_t *ret_part)
{
	size_t last = order_count(d->order);
	int err = 0;

	if (last && order_kind(d->order, last - 1) != CALL_TOOL_CALL)
		err = order_end(d->order, last - 1);
	return err ? err : order_open(d->order, CALL_TOOL_CALL, index, ret_part);
}

static int call_take(struct wire_decoder *d, const struct tree_node *n)
{
	const struct call_string answer_id = { d->id.bytes, d->id.len };
	const struct tree_node function = tree_object(n, "function");
	const struct tree_node arguments = tree_member(&function, "arguments");
	const struct call_string name = tree_string(&function, "name");
	const bool indexed = tree_member(n, "index").json;
	const uint64_t index = tree_uint(n, "index");
	struct call_string id = tree_string(n, "id"), text = { 0 };
	size_t part = 0;
	bool found;
	int err = 0;

	if (tree_is_object(&arguments))
		text = tree_json(&arguments);
	else if (arguments.json)
		text = tree_text(&arguments);
	if (n->tree->err)
		return n->tree->err;
	found = indexed ? order_find(d->order, index, &part) :
			  call_without_index(d->order, id, &part);
	if (!found || (other_call(d->order, part, id) && name.len))
		err = call_open(d, index, &part);
	if (!err && name.len) {
		if (!id.len)
			id = openai_call_id(n, answer_id, part);
		err = n->tree->err ? n->tree->err : order_name(d->order, part, id, name);
	}
	return err ? err : order_more(d->order, part, text, (struct call_string){ 0 });
}

static int delta_take(struct wire_decoder *d, const struct tree_node *n)
{
	const struct tree_node calls = tree_array(n, "tool_calls");
	const struct call_string refusal = tree_string(n, "refusal");
	const size_t count = tree_count(&calls);
	struct openai_parts parts = { 0 };
	struct tree_node item;
	size_t i;
	int err = 0;

	openai_chat_said_read(n, &parts);
	openai_text_add(n, &parts, refusal);
	d->refused |= refusal.len > 0;
	if (n->tree->err)
		return n->tree->err;
	for (i = 0; i < parts.count && !err; i++)
		err = said_take(d, &parts.at[i]);
	for (i = 0; i < count && !err; i++) {
		item = tree_item(&calls, i);
		err = call_take(d, &item);
	}
	return err;
}

static int begin(struct wire_decoder *d, const struct tree_node *root)
{
	const struct call_event event = { .kind = CALL_BEGIN,
					  .id = tree_string(root, "id"),
					  .model = tree_string(root, "model"),
					  .created = (int64_t)tree_uint(root, "created"),
					  .usage = d->usage };

	if (root->tree->err)
		return root->tree->err;
	text_put(&d->id, event.id.at, event.id.len);
	if (text_error(&d->id))
		return -ENOMEM;
	d->begun = true;
	return d->emit(&event, d->cookie);
}

static int stop(struct wire_decoder *d)
{
	struct call_event event = { .kind = CALL_STOP, .usage = d->usage };
	int err = order_end_all(d->order);

	if (err)
		return err;
	d->done = true;
	event.stop = d->refused						      ? CALL_STOP_FILTER :
		     d->stop == CALL_STOP_TOOLS && !order_has_calls(d->order) ? CALL_STOP_END :
		     d->stop == CALL_STOP_END && order_has_calls(d->order)    ? CALL_STOP_TOOLS :
										d->stop;
	return d->emit(&event, d->cookie);
}

static int error_take(struct wire_decoder *d, const struct tree_node *root)
{
	struct call_event event = { .kind = CALL_ERROR };

	if (!openai_error_read(root, 0, &event.error))
		return tree_fault_at(root, "error", -EBADMSG, "is no error");
	d->done = true;
	return d->emit(&event, d->cookie);
}

static int choice_take(struct wire_decoder *d, const struct tree_node *choice)
{
	const struct tree_node delta = tree_object(choice, "delta");
	const struct call_string reason = tree_string(choice, "finish_reason");

	/* Of more answers than were asked for. */
	if (tree_uint(choice, "index") != 0 || choice->tree->err)
		return choice->tree->err;
	if (reason.len) {
		d->finished = true;
		d->stop = openai_chat_stop_read(
			reason, tree_is(reason, "tool_calls") || tree_is(reason, "function_call"));
	}
	return delta.json ? delta_take(d, &delta) : choice->tree->err;
}

static int chunk_take(struct wire_decoder *d, const struct tree_node *root)
{
	const struct tree_node choices = tree_array(root, "choices");
	const size_t count = tree_count(&choices);
	struct tree_node item;
	size_t i;
	int err = 0;

	if (tree_member(root, "error").json)
		return error_take(d, root);
	openai_chat_usage_read(root, &d->usage);
	/* A first chunk about filters alone has neither id nor model. */
	if (!d->begun && count)
		err = begin(d, root);
	for (i = 0; i < count && !err; i++) {
		item = tree_item(&choices, i);
		err = choice_take(d, &item);
	}
	return err ? err : root->tree->err;
}

int openai_chat_decoder_frame(struct wire_decoder *d, const struct wire_frame *frame,
			      struct wire_fault *ret_fault)
{
	struct tree_node root;
	struct tree t;
	int err;

	if (d->done || !frame->data.len)
		return 0;
	if (tree_is(frame->data, "[DONE]")) {
		/* Some never say why. */
		if (!d->begun)
			return openai_chat_decoder_finish(d, ret_fault);
		return openai_order_fault(d->order, stop(d), ret_fault);
	}
	err = tree_open(&t, &d->arena, frame->data.at, frame->data.len, ret_fault, &root);
	if (!err)
		err = chunk_take(d, &root);
	if (!t.err)
		err = openai_order_fault(d->order, err, ret_fault);
	tree_close(&t);
	arena_release(&d->arena);
	return err;
}

int openai_chat_decoder_finish(struct wire_decoder *d, struct wire_fault *ret_fault)
{
	if (d->done)
		return 0;
	if (d->begun && d->finished)
		return openai_order_fault(d->order, stop(d), ret_fault);
	snprintf(ret_fault->text, sizeof(ret_fault->text), "the stream ended before %s",
		 d->begun ? "it was whole" : "it began");
	return -EBADMSG;
}
