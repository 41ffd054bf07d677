// SPDX-License-Identifier: GPL-2.0-or-later
/* OpenAI's chat completions: answers, and the table of the wire. */
#include "llm/openai_chat.h"

#include <errno.h>

static const struct {
	const char *word;
	enum call_stop stop;
} stops[] = {
	{ "stop", CALL_STOP_END },
	{ "length", CALL_STOP_LENGTH },
	{ "tool_calls", CALL_STOP_TOOLS },
	{ "function_call", CALL_STOP_TOOLS },
	{ "content_filter", CALL_STOP_FILTER },
	{ "max_tokens", CALL_STOP_LENGTH },
	{ "model_length", CALL_STOP_LENGTH },
	{ "stop_sequence", CALL_STOP_SEQUENCE },
};

enum call_stop openai_chat_stop_read(struct call_string reason, bool tools)
{
	enum call_stop stop = CALL_STOP_END;
	size_t i;

	for (i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		if (tree_is(reason, stops[i].word))
			stop = stops[i].stop;
	/* Some say "stop" behind calls; and calls that are not there cannot be answered. */
	if (stop == CALL_STOP_END && tools)
		return CALL_STOP_TOOLS;
	return stop == CALL_STOP_TOOLS && !tools ? CALL_STOP_END : stop;
}

const char *openai_chat_stop_word(enum call_stop stop)
{
	switch (stop) {
	case CALL_STOP_LENGTH:
		return "length";
	case CALL_STOP_TOOLS:
		return "tool_calls";
	case CALL_STOP_FILTER:
		return "content_filter";
	default:
		return "stop";
	}
}

struct call_string openai_chat_reasoning_read(const struct tree_node *message)
{
	static const char *const names[] = { "reasoning_content", "reasoning" };
	struct tree_node member;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		member = tree_member(message, names[i]);
		if (tree_is_string(&member))
			return tree_text(&member);
	}
	return (struct call_string){ 0 };
}

static void reasoning_add(const struct tree_node *n, struct openai_parts *parts,
			  struct call_string text)
{
	struct call_part *part = text.len ? openai_part_add(n, parts, CALL_REASONING) : NULL;

	if (part)
		part->text = text;
}

/* {"type":"thinking","thinking":[{"type":"text","text":...}]}, as Mistral has it. */
static void thinking_read(const struct tree_node *n, struct openai_parts *parts)
{
	const struct tree_node thinking = tree_member(n, "thinking");
	const size_t count = tree_is_array(&thinking) ? tree_count(&thinking) : 0;
	struct tree_node item;
	size_t i;

	if (tree_is_string(&thinking))
		reasoning_add(n, parts, tree_text(&thinking));
	for (i = 0; i < count && !n->tree->err; i++) {
		item = tree_item(&thinking, i);
		if (tree_is_object(&item))
			reasoning_add(n, parts, tree_string(&item, "text"));
	}
}

void openai_chat_said_read(const struct tree_node *n, struct openai_parts *parts)
{
	const struct tree_node content = tree_member(n, "content");
	const size_t count = tree_is_array(&content) ? tree_count(&content) : 0;
	struct tree_node item;
	struct call_string type;
	size_t i;

	reasoning_add(n, parts, openai_chat_reasoning_read(n));
	if (content.json && !tree_is_array(&content))
		openai_text_add(n, parts, tree_text(&content));
	for (i = 0; i < count && !n->tree->err; i++) {
		item = tree_item(&content, i);
		type = tree_string(&item, "type");
		if (tree_is(type, "text"))
			openai_text_add(n, parts, tree_string(&item, "text"));
		else if (tree_is(type, "thinking"))
			thinking_read(&item, parts);
	}
}

void openai_chat_usage_read(const struct tree_node *n, struct call_usage *usage)
{
	const struct tree_node outer = tree_object(n, "usage");
	const struct tree_node in = tree_object(&outer, "prompt_tokens_details");
	const struct tree_node out = tree_object(&outer, "completion_tokens_details");

	if (!outer.json)
		return;
	usage->given = true;
	usage->input = tree_uint(&outer, "prompt_tokens");
	usage->output = tree_uint(&outer, "completion_tokens");
	usage->cache_read = tree_uint(&in, "cached_tokens");
	if (!usage->cache_read)
		usage->cache_read = tree_uint(&outer, "prompt_cache_hit_tokens");
	usage->cache_write = tree_uint(&in, "cache_write_tokens");
	usage->reasoning = tree_uint(&out, "reasoning_tokens");
}

void openai_chat_usage_put(struct text *out, const struct call_usage *u)
{
	text_printf(out,
		    "{\"prompt_tokens\":%llu,\"completion_tokens\":%llu,\"total_tokens\":%llu,"
		    "\"prompt_tokens_details\":{\"cached_tokens\":%llu,\"cache_write_tokens\":%llu,"
		    "\"audio_tokens\":0},"
		    "\"completion_tokens_details\":{\"reasoning_tokens\":%llu,\"audio_tokens\":0,"
		    "\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}",
		    (unsigned long long)u->input, (unsigned long long)u->output,
		    (unsigned long long)u->input + u->output, (unsigned long long)u->cache_read,
		    (unsigned long long)u->cache_write, (unsigned long long)u->reasoning);
}

/* cut: the answer reached its length, and its last call may be half of one. */
static void calls_read(const struct tree_node *message, bool cut, struct call_string id,
		       struct openai_parts *parts)
{
	const struct tree_node calls = tree_array(message, "tool_calls");
	const size_t count = tree_count(&calls);
	struct tree_node item, function;
	struct call_string arguments;
	struct call_part *part;
	size_t i;

	for (i = 0; i < count && !message->tree->err; i++) {
		item = tree_item(&calls, i);
		function = tree_object(&item, "function");
		if (!openai_arguments_read(&function, "arguments", cut, &arguments))
			continue;
		part = openai_part_add(&item, parts, CALL_TOOL_CALL);
		if (!part)
			return;
		part->name = tree_name_needed(&function, "name");
		part->text = arguments;
		part->id = tree_string(&item, "id");
		if (!part->id.len)
			part->id = openai_call_id(&item, id, i);
	}
}

static void choice_read(const struct tree_node *choice, struct call_answer *answer)
{
	const struct tree_node message = tree_object(choice, "message");
	const struct call_string reason = tree_string(choice, "finish_reason");
	const struct call_string refusal = tree_string(&message, "refusal");
	struct openai_parts parts = { 0 };
	bool cut = openai_chat_stop_read(reason, true) == CALL_STOP_LENGTH;
	size_t said;

	if (!message.json)
		tree_fault(&message, -EBADMSG, "is missing");
	if (tree_member(&message, "function_call").json)
		tree_fault_at(&message, "function_call", -EOPNOTSUPP, "was not asked for");
	openai_chat_said_read(&message, &parts);
	openai_text_add(&message, &parts, refusal);
	said = parts.count;
	calls_read(&message, cut, answer->id, &parts);
	answer->parts = parts.at;
	answer->part_count = parts.count;
	answer->stop = openai_chat_stop_read(reason, parts.count > said);
	if (refusal.len)
		answer->stop = CALL_STOP_FILTER;
}

int openai_chat_answer_decode(struct arena *a, const char *body, size_t len,
			      struct call_answer *ret_answer, struct wire_fault *ret_fault)
{
	struct call_answer answer = { 0 };
	struct tree_node root, choices, choice;
	struct tree t;
	int err;

	if (tree_open(&t, a, body, len, ret_fault, &root) == 0) {
		choices = tree_array_needed(&root, "choices");
		choice = tree_item(&choices, 0);
		answer.id = tree_string(&root, "id");
		answer.model = tree_string(&root, "model");
		answer.created = (int64_t)tree_uint(&root, "created");
		if (!tree_count(&choices))
			tree_fault(&choices, -EBADMSG, "must not be empty");
		choice_read(&choice, &answer);
		openai_chat_usage_read(&root, &answer.usage);
	}
	err = t.err;
	tree_close(&t);
	if (!err)
		*ret_answer = answer;
	return err;
}

int openai_chat_answer_encode(const struct call_answer *answer, struct text *out,
			      struct wire_fault *ret_fault)
{
	size_t i, texts = 0, thoughts = 0, calls = 0;

	(void)ret_fault;
	for (i = 0; i < answer->part_count; i++) {
		texts += answer->parts[i].kind == CALL_TEXT;
		thoughts += answer->parts[i].kind == CALL_REASONING && answer->parts[i].text.len;
	}
	text_string(out, "{\"id\":");
	openai_put(out, answer->id);
	text_printf(out, ",\"object\":\"chat.completion\",\"created\":%lld,\"model\":",
		    (long long)answer->created);
	openai_put(out, answer->model);
	text_string(out,
		    ",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":");
	if (texts)
		openai_texts_put(out, answer->parts, answer->part_count, CALL_TEXT, true);
	else
		text_string(out, "null");
	if (thoughts) {
		text_string(out, ",\"reasoning_content\":");
		openai_texts_put(out, answer->parts, answer->part_count, CALL_REASONING, true);
	}
	text_string(out, ",\"refusal\":null,\"annotations\":[]");
	for (i = 0; i < answer->part_count; i++)
		if (answer->parts[i].kind == CALL_TOOL_CALL) {
			text_string(out, calls++ ? "," : ",\"tool_calls\":[");
			openai_chat_call_put(out, &answer->parts[i]);
		}
	text_string(out, calls ? "]" : "");
	text_printf(out, "},\"logprobs\":null,\"finish_reason\":\"%s\"}]",
		    openai_chat_stop_word(answer->stop));
	if (answer->usage.given) {
		text_string(out, ",\"usage\":");
		openai_chat_usage_put(out, &answer->usage);
	}
	text_string(out, ",\"system_fingerprint\":null}");
	return text_error(out);
}

const struct wire wire_openai_chat = {
	.name = "openai-chat",
	.request_decode = openai_chat_request_decode,
	.request_encode = openai_chat_request_encode,
	.answer_decode = openai_chat_answer_decode,
	.answer_encode = openai_chat_answer_encode,
	.error_decode = openai_error_decode,
	.error_encode = openai_error_encode,
	.decoder_create = openai_chat_decoder_create,
	.decoder_frame = openai_chat_decoder_frame,
	.decoder_finish = openai_chat_decoder_finish,
	.decoder_free = openai_chat_decoder_free,
	.encoder_create = openai_chat_encoder_create,
	.encoder_event = openai_chat_encoder_event,
	.encoder_free = openai_chat_encoder_free,
};
