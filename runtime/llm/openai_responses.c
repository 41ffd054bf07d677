// SPDX-License-Identifier: GPL-2.0-or-later
/* OpenAI's Responses: answers, and the table of the wire. */
#include "llm/openai_responses.h"

#include <errno.h>
#include <string.h>

struct call_string openai_responses_texts_read(const struct tree_node *array)
{
	const size_t count = tree_is_array(array) ? tree_count(array) : 0;
	struct call_string all = { 0 };
	struct text text = { 0 };
	struct tree_node item;
	struct call_string one;
	size_t i;

	for (i = 0; i < count && !array->tree->err; i++) {
		item = tree_item(array, i);
		one = tree_string(&item, "text");
		text_string(&text, text.len && one.len ? "\n\n" : "");
		text_put(&text, one.at, one.len);
	}
	if (text.len || text.failed) {
		all.at = text.failed ? NULL : tree_alloc(array, text.len + 1, 1);
		if (all.at) {
			memcpy((char *)all.at, text.bytes, text.len);
			all.len = text.len;
		} else if (!array->tree->err) {
			array->tree->err = -ENOMEM;
		}
	}
	text_release(&text);
	return all;
}

void openai_responses_reasoning_read(const struct tree_node *item, struct call_part *part)
{
	const struct tree_node content = tree_member(item, "content");
	const struct tree_node summary = tree_member(item, "summary");

	part->text = openai_responses_texts_read(&content);
	if (!part->text.len)
		part->text = openai_responses_texts_read(&summary);
	part->sealed = tree_string(item, "encrypted_content");
	if (!part->sealed.len)
		part->sealed = (struct call_string){ 0 };
}

enum call_stop openai_responses_stop_read(const struct tree_node *response, bool calls,
					  bool refused)
{
	const struct tree_node details = tree_object(response, "incomplete_details");
	const struct call_string reason = tree_string(&details, "reason");

	if (refused || tree_is(reason, "content_filter"))
		return CALL_STOP_FILTER;
	if (tree_is(tree_string(response, "status"), "incomplete"))
		return CALL_STOP_LENGTH;
	return calls ? CALL_STOP_TOOLS : CALL_STOP_END;
}

void openai_responses_usage_read(const struct tree_node *response, struct call_usage *usage)
{
	const struct tree_node outer = tree_object(response, "usage");
	const struct tree_node in = tree_object(&outer, "input_tokens_details");
	const struct tree_node out = tree_object(&outer, "output_tokens_details");

	if (!outer.json)
		return;
	usage->given = true;
	usage->input = tree_uint(&outer, "input_tokens");
	usage->output = tree_uint(&outer, "output_tokens");
	usage->cache_read = tree_uint(&in, "cached_tokens");
	usage->cache_write = tree_uint(&in, "cache_write_tokens");
	usage->reasoning = tree_uint(&out, "reasoning_tokens");
}

/* Returns whether it is a refusal. */
static bool message_read(const struct tree_node *item, struct openai_parts *parts)
{
	const struct tree_node content = tree_array(item, "content");
	const size_t count = tree_count(&content);
	struct tree_node part;
	bool refused = false;
	struct call_string type;
	size_t i;

	for (i = 0; i < count && !item->tree->err; i++) {
		part = tree_item(&content, i);
		type = tree_string(&part, "type");
		if (tree_is(type, "refusal")) {
			refused = true;
			openai_text_add(&part, parts, tree_string(&part, "refusal"));
		} else if (tree_is(type, "output_text")) {
			openai_text_add(&part, parts, tree_string(&part, "text"));
		}
	}
	return refused;
}

/* Returns whether the call can be carried out. */
static bool call_read(const struct tree_node *item, bool cut, struct call_string id, size_t place,
		      struct openai_parts *parts)
{
	const bool custom = tree_is(tree_string(item, "type"), "custom_tool_call");
	struct call_string arguments;
	struct call_part *part;

	if (custom)
		arguments = openai_responses_input_read(item);
	else if (!openai_arguments_read(item, "arguments", cut, &arguments))
		return false;
	part = openai_part_add(item, parts, CALL_TOOL_CALL);
	if (!part)
		return false;
	part->name = openai_responses_name_read(item, tree_string(item, "namespace"), custom);
	part->text = arguments;
	part->id = tree_string(item, "call_id");
	if (!part->id.len)
		part->id = openai_call_id(item, id, place);
	return true;
}

static void output_read(const struct tree_node *root, struct call_answer *answer)
{
	const struct tree_node output = tree_array_needed(root, "output");
	const size_t count = tree_count(&output);
	const bool cut = tree_is(tree_string(root, "status"), "incomplete");
	struct openai_parts parts = { 0 };
	bool refused = false, calls = false;
	struct tree_node item;
	struct call_string type;
	struct call_part *part, thought;
	size_t i;

	for (i = 0; i < count && !root->tree->err; i++) {
		item = tree_item(&output, i);
		type = tree_string(&item, "type");
		if (tree_is(type, "message")) {
			refused |= message_read(&item, &parts);
		} else if (tree_is(type, "function_call") || tree_is(type, "custom_tool_call")) {
			calls |= call_read(&item, cut, answer->id, i, &parts);
		} else if (tree_is(type, "reasoning")) {
			thought = (struct call_part){ .kind = CALL_REASONING };
			openai_responses_reasoning_read(&item, &thought);
			part = thought.text.len || thought.sealed.len ?
				       openai_part_add(&item, &parts, CALL_REASONING) :
				       NULL;
			if (part)
				*part = thought;
		}
	}
	answer->parts = parts.at;
	answer->part_count = parts.count;
	answer->stop = openai_responses_stop_read(root, calls, refused);
}

int openai_responses_answer_decode(struct arena *a, const char *body, size_t len,
				   struct call_answer *ret_answer, struct wire_fault *ret_fault)
{
	struct call_answer answer = { 0 };
	struct tree_node root;
	struct tree t;
	int err;

	if (tree_open(&t, a, body, len, ret_fault, &root) == 0) {
		answer.id = tree_string(&root, "id");
		answer.model = tree_string(&root, "model");
		answer.created = (int64_t)tree_uint(&root, "created_at");
		if (tree_is(tree_string(&root, "status"), "failed"))
			tree_fault_at(&root, "status", -EBADMSG, "the response failed");
		output_read(&root, &answer);
		openai_responses_usage_read(&root, &answer.usage);
	}
	err = t.err;
	tree_close(&t);
	if (!err)
		*ret_answer = answer;
	return err;
}

int openai_responses_answer_encode(const struct call_answer *answer, struct text *out,
				   struct wire_fault *ret_fault)
{
	const struct call_usage *usage = answer->usage.given ? &answer->usage : NULL;
	struct text items = { 0 };
	size_t i;

	(void)ret_fault;
	for (i = 0; i < answer->part_count; i++) {
		text_string(&items, i ? "," : "");
		openai_responses_item_put(&items, answer->id, i, &answer->parts[i], true);
	}
	openai_responses_object_put(
		out, &(struct openai_response){ .id = answer->id,
						.model = answer->model,
						.created = answer->created,
						.status = openai_responses_status(answer->stop),
						.stop = answer->stop,
						.output = { items.bytes, items.len },
						.usage = usage });
	out->failed |= items.failed;
	text_release(&items);
	return text_error(out);
}

const struct wire wire_openai_responses = {
	.name = "openai-responses",
	.request_decode = openai_responses_request_decode,
	.request_encode = openai_responses_request_encode,
	.answer_decode = openai_responses_answer_decode,
	.answer_encode = openai_responses_answer_encode,
	.error_decode = openai_error_decode,
	.error_encode = openai_error_encode,
	.decoder_create = openai_responses_decoder_create,
	.decoder_frame = openai_responses_decoder_frame,
	.decoder_finish = openai_responses_decoder_finish,
	.decoder_free = openai_responses_decoder_free,
	.encoder_create = openai_responses_encoder_create,
	.encoder_event = openai_responses_encoder_event,
	.encoder_free = openai_responses_encoder_free,
};
