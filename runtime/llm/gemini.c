// SPDX-License-Identifier: GPL-2.0-or-later
/* Gemini's generateContent: the wire, its words, its errors. */
#include "llm/gemini.h"

#include <ctype.h>
#include <errno.h>

#include "llm/failure.h"
#include "llm/put.h"

static const struct {
	const char *word;
	enum call_stop stop;
} stops[] = {
	{ "MAX_TOKENS", CALL_STOP_LENGTH },
	{ "SAFETY", CALL_STOP_FILTER },
	{ "RECITATION", CALL_STOP_FILTER },
	{ "LANGUAGE", CALL_STOP_FILTER },
	{ "BLOCKLIST", CALL_STOP_FILTER },
	{ "PROHIBITED_CONTENT", CALL_STOP_FILTER },
	{ "SPII", CALL_STOP_FILTER },
	{ "IMAGE_SAFETY", CALL_STOP_FILTER },
	{ "IMAGE_PROHIBITED_CONTENT", CALL_STOP_FILTER },
	{ "IMAGE_RECITATION", CALL_STOP_FILTER },
};

bool gemini_stop_read(const struct tree_node *root, const struct tree_node *candidate, bool tools,
		      enum call_stop *ret_stop)
{
	const struct call_string reason = tree_string(candidate, "finishReason");
	const struct tree_node feedback = tree_object(root, "promptFeedback");
	size_t i;

	if (!reason.at && tree_string(&feedback, "blockReason").at) {
		*ret_stop = CALL_STOP_FILTER;
		return true;
	}
	if (!reason.at || tree_is(reason, "FINISH_REASON_UNSPECIFIED"))
		return false;
	*ret_stop = tools ? CALL_STOP_TOOLS : CALL_STOP_END;
	for (i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		if (tree_is(reason, stops[i].word))
			*ret_stop = stops[i].stop;
	return true;
}

const char *gemini_stop_word(enum call_stop stop)
{
	return stop == CALL_STOP_LENGTH ? "MAX_TOKENS" :
	       stop == CALL_STOP_FILTER ? "SAFETY" :
					  "STOP";
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void gemini_usage_read(const struct tree_node *root, struct call_usage *u)
{
	const struct tree_node usage = tree_object(root, "usageMetadata");
	const uint64_t thoughts = tree_uint(&usage, "thoughtsTokenCount");

	if (!usage.json)
		return;
	u->input = most(u->input, sum(tree_uint(&usage, "promptTokenCount"),
				      tree_uint(&usage, "toolUsePromptTokenCount")));
	u->output = most(u->output, sum(tree_uint(&usage, "candidatesTokenCount"), thoughts));
	u->cache_read = most(u->cache_read, tree_uint(&usage, "cachedContentTokenCount"));
	u->reasoning = most(u->reasoning, thoughts);
	u->given = true;
}

void gemini_usage_put(struct text *out, const struct call_usage *u)
{
	put_open(out, "usageMetadata", "{");
	put_uint(out, "promptTokenCount", u->input);
	put_uint(out, "candidatesTokenCount", less(u->output, u->reasoning));
	put_uint(out, "totalTokenCount", sum(u->input, u->output));
	if (u->reasoning)
		put_uint(out, "thoughtsTokenCount", u->reasoning);
	if (u->cache_read)
		put_uint(out, "cachedContentTokenCount", u->cache_read);
	text_string(out, "}");
}

static const char *const status_words[] = {
	[CALL_ERROR_INVALID] = "INVALID_ARGUMENT",
	[CALL_ERROR_AUTHENTICATION] = "UNAUTHENTICATED",
	[CALL_ERROR_PAYMENT] = "FAILED_PRECONDITION",
	[CALL_ERROR_PERMISSION] = "PERMISSION_DENIED",
	[CALL_ERROR_NOT_FOUND] = "NOT_FOUND",
	[CALL_ERROR_TOO_LARGE] = "INVALID_ARGUMENT",
	[CALL_ERROR_RATE_LIMIT] = "RESOURCE_EXHAUSTED",
	[CALL_ERROR_API] = "INTERNAL",
	[CALL_ERROR_UNAVAILABLE] = "UNAVAILABLE",
	[CALL_ERROR_TIMEOUT] = "DEADLINE_EXCEEDED",
	[CALL_ERROR_OVERLOADED] = "UNAVAILABLE",
};

/* The first reason among the details (google.rpc.ErrorInfo), in small letters. */
static int reason_read(struct arena *a, const struct tree_node *error, struct call_string *ret_code)
{
	const struct tree_node details = tree_array(error, "details");
	struct call_string reason = { 0 };
	struct tree_node item;
	size_t i;

	for (i = 0; !reason.len && i < tree_count(&details); i++) {
		item = tree_item(&details, i);
		reason = tree_is_object(&item) ? tree_string(&item, "reason") : reason;
	}
	if (!reason.len || error->tree->err)
		return error->tree->err == -ENOMEM ? -ENOMEM : 0;
	if (failure_line(a, reason, ret_code))
		return -ENOMEM;
	for (i = 0; i < ret_code->len; i++)
		((char *)ret_code->at)[i] = (char)tolower((unsigned char)ret_code->at[i]);
	return 0;
}

int gemini_error_read(struct arena *a, const struct tree_node *root, int status,
		      struct call_error *ret_error)
{
	/* Streams without alt=sse are arrays, and so are their errors. */
	const struct tree_node whole = tree_is_array(root) ? tree_item(root, 0) : *root;
	const struct tree_node error = tree_object(&whole, "error");
	const struct call_string message = tree_string(&error, "message"),
				 word = tree_string(&error, "status");
	const uint64_t code = tree_uint(&error, "code");
	struct call_error e = { .status = status };
	size_t i;

	if (root->tree->err == -ENOMEM)
		return -ENOMEM;
	if (root->tree->err || !message.at)
		return failure_of_status(a, status, ret_error);
	if (!status && code >= 400 && code < 600)
		e.status = (int)code;
	e.kind = wire_error_kind(e.status);
	for (i = 0; !e.status && i < sizeof(status_words) / sizeof(status_words[0]); i++)
		if (tree_is(word, status_words[i])) {
			e.kind = (enum call_error_kind)i;
			break;
		}
	if (reason_read(a, &error, &e.code))
		return -ENOMEM;
	/* It comes with status 400. */
	if (tree_is(e.code, "api_key_invalid"))
		e.kind = CALL_ERROR_AUTHENTICATION;
	*ret_error = e;
	return failure_line(a, message, &ret_error->message);
}

/* ErrorInfo's reasons are in large letters. */
static void reason_put(struct text *out, struct call_string code)
{
	struct text large = { 0 };
	size_t i;

	text_put(&large, code.at, code.len);
	for (i = 0; i < large.len; i++)
		large.bytes[i] = (char)toupper((unsigned char)large.bytes[i]);
	put_open(out, "details", "[");
	put_open(out, NULL, "{");
	put_word(out, "@type", "type.googleapis.com/google.rpc.ErrorInfo");
	put_string(out, "reason", (struct call_string){ large.bytes, large.len });
	put_word(out, "domain", "agentos");
	text_string(out, "}]");
	out->failed |= large.failed;
	text_release(&large);
}

void gemini_error_put(struct text *out, const struct call_error *error)
{
	text_string(out, "{");
	put_open(out, "error", "{");
	put_uint(out, "code", (uint64_t)wire_error_status(error));
	put_string(out, "message", error->message.at ? error->message : CALL_STRING(""));
	put_word(out, "status", status_words[error->kind]);
	if (error->code.len)
		reason_put(out, error->code);
	text_string(out, "}}");
}

static int error_decode(struct arena *a, int status, const char *body, size_t len,
			struct call_error *ret_error)
{
	struct tree_node root;
	struct tree t;
	int err = tree_open(&t, a, body, len, NULL, &root);

	if (err != -ENOMEM)
		err = gemini_error_read(a, &root, status, ret_error);
	tree_close(&t);
	return err;
}

static int error_encode(const struct call_error *error, struct text *out)
{
	gemini_error_put(out, error);
	return text_error(out);
}

const struct wire wire_gemini = {
	.name = "gemini",
	.request_decode = gemini_request_decode,
	.request_encode = gemini_request_encode,
	.answer_decode = gemini_answer_decode,
	.answer_encode = gemini_answer_encode,
	.error_decode = error_decode,
	.error_encode = error_encode,
	.decoder_create = gemini_decoder_create,
	.decoder_frame = gemini_decoder_frame,
	.decoder_finish = gemini_decoder_finish,
	.decoder_free = gemini_decoder_free,
	.encoder_create = gemini_encoder_create,
	.encoder_event = gemini_encoder_event,
	.encoder_free = gemini_encoder_free,
};
