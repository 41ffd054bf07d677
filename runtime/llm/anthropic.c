// SPDX-License-Identifier: GPL-2.0-or-later
/* Anthropic's messages: the wire, its words, its errors. */
#include "llm/anthropic.h"

#include <errno.h>

#include "llm/failure.h"
#include "llm/put.h"

/* The first of each stop is what it is written as. */
static const struct {
	const char *word;
	enum call_stop stop;
} stops[] = {
	{ "end_turn", CALL_STOP_END },	 { "max_tokens", CALL_STOP_LENGTH },
	{ "tool_use", CALL_STOP_TOOLS }, { "stop_sequence", CALL_STOP_SEQUENCE },
	{ "refusal", CALL_STOP_FILTER }, { "model_context_window_exceeded", CALL_STOP_LENGTH },
	{ "pause_turn", CALL_STOP_END },
};

enum call_stop anthropic_stop_read(struct call_string reason, bool tools)
{
	size_t i;

	for (i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		if (tree_is(reason, stops[i].word))
			return stops[i].stop;
	return tools ? CALL_STOP_TOOLS : CALL_STOP_END;
}

const char *anthropic_stop_word(enum call_stop stop)
{
	size_t i;

	for (i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		if (stops[i].stop == stop)
			return stops[i].word;
	return stops[0].word;
}

/* Ours have what went through the cache among the input, theirs beside it. */
static uint64_t sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static void count_read(const struct tree_node *usage, const char *key, uint64_t *count)
{
	const uint64_t now = tree_uint(usage, key);

	if (now > *count)
		*count = now;
}

void anthropic_usage_read(const struct tree_node *usage, struct call_usage *u)
{
	const struct tree_node details = tree_object(usage, "output_tokens_details");
	uint64_t input = less(less(u->input, u->cache_read), u->cache_write);

	if (!usage->json)
		return;
	count_read(usage, "input_tokens", &input);
	count_read(usage, "cache_read_input_tokens", &u->cache_read);
	count_read(usage, "cache_creation_input_tokens", &u->cache_write);
	count_read(usage, "output_tokens", &u->output);
	count_read(&details, "thinking_tokens", &u->reasoning);
	u->input = sum(sum(input, u->cache_read), u->cache_write);
	u->given = true;
}

void anthropic_usage_put(struct text *out, const struct call_usage *u)
{
	put_open(out, "usage", "{");
	put_uint(out, "input_tokens", less(less(u->input, u->cache_read), u->cache_write));
	put_uint(out, "cache_creation_input_tokens", u->cache_write);
	put_uint(out, "cache_read_input_tokens", u->cache_read);
	put_uint(out, "output_tokens", u->output);
	if (u->reasoning) {
		put_open(out, "output_tokens_details", "{");
		put_uint(out, "thinking_tokens", u->reasoning);
		text_string(out, "}");
	}
	text_string(out, "}");
}

/* What is not here (UNAVAILABLE) is an "api_error", and told by its status. */
static const struct {
	const char *word;
	enum call_error_kind kind;
} errors[] = {
	{ "invalid_request_error", CALL_ERROR_INVALID },
	{ "authentication_error", CALL_ERROR_AUTHENTICATION },
	{ "billing_error", CALL_ERROR_PAYMENT },
	{ "permission_error", CALL_ERROR_PERMISSION },
	{ "not_found_error", CALL_ERROR_NOT_FOUND },
	{ "request_too_large", CALL_ERROR_TOO_LARGE },
	{ "rate_limit_error", CALL_ERROR_RATE_LIMIT },
	{ "api_error", CALL_ERROR_API },
	{ "timeout_error", CALL_ERROR_TIMEOUT },
	{ "overloaded_error", CALL_ERROR_OVERLOADED },
};

int anthropic_error_read(struct arena *a, const struct tree_node *root, int status,
			 struct call_error *ret_error)
{
	const struct tree_node error = tree_object(root, "error"),
			       details = tree_object(&error, "details");
	const struct call_string type = tree_string(&error, "type"),
				 message = tree_string(&error, "message");
	const struct call_string code = tree_string(&details, "error_code");
	size_t i;

	if (root->tree->err == -ENOMEM)
		return -ENOMEM;
	if (root->tree->err || !message.at)
		return failure_of_status(a, status, ret_error);
	*ret_error = (struct call_error){ .kind = wire_error_kind(status), .status = status };
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (!tree_is(type, errors[i].word))
			continue;
		/* "api_error" may come with a status that says more. */
		if (errors[i].kind != CALL_ERROR_API || status < 500)
			ret_error->kind = errors[i].kind;
		break;
	}
	if (code.len && failure_line(a, code, &ret_error->code))
		return -ENOMEM;
	return failure_line(a, message, &ret_error->message);
}

void anthropic_error_put(struct text *out, const struct call_error *error)
{
	const char *type = "api_error";
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].kind == error->kind)
			type = errors[i].word;
	text_string(out, "{");
	put_word(out, "type", "error");
	put_open(out, "error", "{");
	put_word(out, "type", type);
	put_string(out, "message", error->message.at ? error->message : CALL_STRING(""));
	if (error->code.len) {
		put_open(out, "details", "{");
		put_string(out, "error_code", error->code);
		text_string(out, "}");
	}
	text_string(out, "}");
	put_json(out, "request_id", CALL_STRING("null"));
	text_string(out, "}");
}

static int error_decode(struct arena *a, int status, const char *body, size_t len,
			struct call_error *ret_error)
{
	struct tree_node root;
	struct tree t;
	int err = tree_open(&t, a, body, len, NULL, &root);

	if (err != -ENOMEM)
		err = anthropic_error_read(a, &root, status, ret_error);
	tree_close(&t);
	return err;
}

static int error_encode(const struct call_error *error, struct text *out)
{
	anthropic_error_put(out, error);
	return text_error(out);
}

const struct wire wire_anthropic = {
	.name = "anthropic",
	.request_decode = anthropic_request_decode,
	.request_encode = anthropic_request_encode,
	.answer_decode = anthropic_answer_decode,
	.answer_encode = anthropic_answer_encode,
	.error_decode = error_decode,
	.error_encode = error_encode,
	.decoder_create = anthropic_decoder_create,
	.decoder_frame = anthropic_decoder_frame,
	.decoder_finish = anthropic_decoder_finish,
	.decoder_free = anthropic_decoder_free,
	.encoder_create = anthropic_encoder_create,
	.encoder_event = anthropic_encoder_event,
	.encoder_free = anthropic_encoder_free,
};
