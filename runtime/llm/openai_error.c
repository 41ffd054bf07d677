// SPDX-License-Identifier: GPL-2.0-or-later
/* Errors of OpenAI's wires, and of the many that are almost like them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "llm/openai.h"

/* The first row of a kind is what is written. */
static const struct {
	enum call_error_kind kind;
	const char *type;
} types[] = {
	{ CALL_ERROR_INVALID, "invalid_request_error" },
	{ CALL_ERROR_AUTHENTICATION, "authentication_error" },
	{ CALL_ERROR_AUTHENTICATION, "invalid_api_key" },
	{ CALL_ERROR_PAYMENT, "insufficient_quota" },
	{ CALL_ERROR_PAYMENT, "billing_hard_limit_reached" },
	{ CALL_ERROR_PERMISSION, "permission_error" },
	{ CALL_ERROR_NOT_FOUND, "not_found_error" },
	{ CALL_ERROR_NOT_FOUND, "model_not_found" },
	{ CALL_ERROR_TOO_LARGE, "request_too_large" },
	{ CALL_ERROR_RATE_LIMIT, "rate_limit_error" },
	{ CALL_ERROR_RATE_LIMIT, "rate_limit_exceeded" },
	{ CALL_ERROR_API, "server_error" },
	{ CALL_ERROR_UNAVAILABLE, "service_unavailable_error" },
	{ CALL_ERROR_TIMEOUT, "timeout_error" },
	{ CALL_ERROR_OVERLOADED, "overloaded_error" },
	{ CALL_ERROR_OVERLOADED, "server_is_overloaded" },
	{ CALL_ERROR_INVALID, "invalid_prompt" },
	{ CALL_ERROR_INVALID, "context_length_exceeded" },
};

static bool kind_named(struct call_string word, enum call_error_kind *ret_kind)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!tree_is(word, types[i].type))
			continue;
		*ret_kind = types[i].kind;
		return true;
	}
	return false;
}

static const char *type_of(enum call_error_kind kind)
{
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].kind == kind)
			return types[i].type;
	return "server_error";
}

/* Whatever a provider wrote, on one line of bounded length that ends with a whole character. */
static struct call_string message_line(struct call_string s)
{
	char *at = (char *)s.at;
	size_t i;

	if (s.len > LIMIT_LLM_ERROR) {
		s.len = LIMIT_LLM_ERROR;
		while (s.len && ((unsigned char)at[s.len] & 0xc0) == 0x80)
			s.len--;
		at[s.len] = '\0';
	}
	for (i = 0; i < s.len; i++)
		if ((unsigned char)at[i] < 0x20 || at[i] == 0x7f)
			at[i] = ' ';
	return s;
}

/* Words are strings, and numbers with some; anything else is no word. */
static struct call_string word_read(const struct tree_node *n, const char *key)
{
	const struct tree_node word = tree_member(n, key);

	if (tree_is_string(&word))
		return tree_text(&word);
	return json_is_integer(word.json) ? tree_json(&word) : (struct call_string){ 0 };
}

bool openai_error_read(const struct tree_node *n, int status, struct call_error *error)
{
	static const char *const messages[] = { "message", "detail", "error" };
	const struct tree_node inner = tree_member(n, "error");
	const struct tree_node *at = tree_is_object(&inner) ? &inner : n;
	struct call_string type;
	size_t i;

	*error = (struct call_error){ .status = status };
	for (i = 0; i < sizeof(messages) / sizeof(messages[0]) && !error->message.len; i++)
		error->message = word_read(at, messages[i]);
	type = word_read(at, "type");
	error->code = word_read(at, "code");
	if (!error->message.len && !tree_is_object(&inner))
		return false;
	if (!error->message.len)
		error->message = CALL_STRING("an error without a message");
	else
		error->message = message_line(error->message);
	if (status)
		error->kind = wire_error_kind(status);
	else if (!kind_named(error->code, &error->kind) && !kind_named(type, &error->kind))
		error->kind = CALL_ERROR_API;
	/* It has the status of a rate limit, but trying again does not help. */
	if (tree_is(type, "insufficient_quota") || tree_is(error->code, "insufficient_quota"))
		error->kind = CALL_ERROR_PAYMENT;
	return !n->tree->err;
}

int openai_error_decode(struct arena *a, int status, const char *body, size_t len,
			struct call_error *ret_error)
{
	struct call_error error = { 0 };
	struct tree_node root;
	char text[64];
	struct tree t;
	bool read;
	int err;

	err = tree_open(&t, a, body, len, NULL, &root);
	read = !err && tree_is_object(&root) && openai_error_read(&root, status, &error);
	err = t.err;
	tree_close(&t);
	if (err == -ENOMEM)
		return err;
	if (!read) {
		error = (struct call_error){ .kind = wire_error_kind(status), .status = status };
		snprintf(text, sizeof(text), "the provider answered with status %d", status);
		error.message.len = strlen(text);
		error.message.at = arena_copy(a, text, error.message.len);
		if (!error.message.at)
			return -ENOMEM;
	}
	*ret_error = error;
	return 0;
}

void openai_error_put(const struct call_error *error, struct text *out)
{
	text_string(out, "{\"message\":");
	openai_put(out, error->message);
	text_printf(out, ",\"type\":\"%s\",\"param\":null,\"code\":", type_of(error->kind));
	if (error->code.at)
		openai_put(out, error->code);
	else
		text_string(out, "null");
	text_string(out, "}");
}

int openai_error_encode(const struct call_error *error, struct text *out)
{
	text_string(out, "{\"error\":");
	openai_error_put(error, out);
	text_string(out, "}");
	return text_error(out);
}
