// SPDX-License-Identifier: GPL-2.0-or-later
/* Methods and paths, and what they ask for. */
#include "gateway/endpoint.h"
#include "tests/tap.h"

static struct endpoint read_line(const char *method, const char *path)
{
	struct http_head head = { .method = { method, strlen(method) },
				  .path = { path, strlen(path) } };
	struct endpoint e;

	endpoint_read(&head, &e);
	return e;
}

static void each_path_is_a_wire(void)
{
	static const struct {
		const char *method, *path;
		enum endpoint_kind kind;
		enum wire_kind wire;
	} rows[] = {
		{ "POST", "/v1/chat/completions", ENDPOINT_CALL, WIRE_OPENAI_CHAT },
		{ "POST", "/v1/chat/completions?a=b", ENDPOINT_CALL, WIRE_OPENAI_CHAT },
		{ "GET", "/v1/chat/completions", ENDPOINT_METHOD, WIRE_OPENAI_CHAT },
		{ "post", "/v1/chat/completions", ENDPOINT_METHOD, WIRE_OPENAI_CHAT },
		{ "HEAD", "/v1/models", ENDPOINT_METHOD, WIRE_OPENAI_CHAT },
		{ "POST", "/v1/responses", ENDPOINT_CALL, WIRE_OPENAI_RESPONSES },
		{ "GET", "/v1/messages", ENDPOINT_METHOD, WIRE_ANTHROPIC },
		{ "POST", "/v1/messages", ENDPOINT_CALL, WIRE_ANTHROPIC },
		{ "POST", "/messages", ENDPOINT_CALL, WIRE_ANTHROPIC },
		{ "GET", "/messages", ENDPOINT_METHOD, WIRE_ANTHROPIC },
		{ "GET", "/v1/models", ENDPOINT_MODELS, WIRE_OPENAI_CHAT },
		{ "GET", "/v1beta/models", ENDPOINT_MODELS, WIRE_GEMINI },
		{ "GET", "/v1beta/models/m:generateContent", ENDPOINT_METHOD, WIRE_GEMINI },
		{ "POST", "/", ENDPOINT_NONE, WIRE_OPENAI_CHAT },
		{ "POST", "/v1/chat/completions/", ENDPOINT_NONE, WIRE_OPENAI_CHAT },
		{ "POST", "//v1/chat/completions", ENDPOINT_NONE, WIRE_OPENAI_CHAT },
		{ "POST", "/V1/chat/completions", ENDPOINT_NONE, WIRE_OPENAI_CHAT },
		{ "POST", "/v1/chat/completion", ENDPOINT_NONE, WIRE_OPENAI_CHAT },
		{ "POST", "/v1/models/m:countTokens", ENDPOINT_COUNT, WIRE_GEMINI },
		{ "POST", "/v1beta/models/m:countTokens?a=b", ENDPOINT_COUNT, WIRE_GEMINI },
		{ "POST", "/v1/models/:countTokens", ENDPOINT_NONE, WIRE_GEMINI },
		{ "GET", "/v1/models/m:countTokens", ENDPOINT_METHOD, WIRE_GEMINI },
		{ "POST", "/v1/messages/count_tokens", ENDPOINT_COUNT, WIRE_ANTHROPIC },
		{ "POST", "/v1/messages/count_tokens?beta=true", ENDPOINT_COUNT, WIRE_ANTHROPIC },
		{ "POST", "/v1/responses/input_tokens", ENDPOINT_COUNT, WIRE_OPENAI_RESPONSES },
		{ "GET", "/v1/responses/input_tokens", ENDPOINT_METHOD, WIRE_OPENAI_RESPONSES },
		{ "POST", "/v1/responses/input_token", ENDPOINT_NONE, WIRE_OPENAI_CHAT },
		{ "POST", "/v1/messages/count_token", ENDPOINT_NONE, WIRE_OPENAI_CHAT },
		{ "POST", "/v1/embeddings", ENDPOINT_EMBED, WIRE_OPENAI_CHAT },
		{ "GET", "/v1/embeddings", ENDPOINT_METHOD, WIRE_OPENAI_CHAT },
		{ "POST", "?", ENDPOINT_NONE, WIRE_OPENAI_CHAT },
		{ "POST", "", ENDPOINT_NONE, WIRE_OPENAI_CHAT },
	};
	struct endpoint e;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		e = read_line(rows[i].method, rows[i].path);
		CHECK_MSG(e.kind == rows[i].kind && e.wire == rows[i].wire, "%s %s: %d %d",
			  rows[i].method, rows[i].path, e.kind, e.wire);
		CHECK(!e.key.len);
	}
}

static void a_path_names_geminis_model(void)
{
	static const struct {
		const char *path, *model; /* NULL: there is no such path */
		bool stream, sse;
	} rows[] = {
		{ "/v1beta/models/m:generateContent", "m", false, false },
		{ "/v1/models/m:generateContent", "m", false, false },
		{ "/v1/models/m:streamGenerateContent", "m", true, false },
		{ "/v1/models/m:streamGenerateContent?alt=sse", "m", true, true },
		{ "/v1/models/m:streamGenerateContent?a=b&alt=sse&c", "m", true, true },
		{ "/v1/models/m:streamGenerateContent?alt=sses", "m", true, false },
		{ "/v1/models/m:streamGenerateContent?xalt=sse", "m", true, false },
		{ "/v1/models/p%2Fm:generateContent", "p/m", false, false },
		{ "/v1/models/p/m:generateContent", "p/m", false, false },
		{ "/v1/models/%6D:generateContent", "m", false, false },
		{ "/v1/models/m%3a1:generateContent", "m:1", false, false },
		{ "/v1/models/:generateContent", NULL, false, false },
		{ "/v1/models/m%:generateContent", NULL, false, false },
		{ "/v1/models/m%4:generateContent", NULL, false, false },
		{ "/v1/models/m%zz:generateContent", NULL, false, false },
		{ "/v1/models/m%00:generateContent", NULL, false, false },
		{ "/v1/models/m%0d%0aX:generateContent", NULL, false, false },
		{ "/v1/models/m%20n:generateContent", NULL, false, false },
		{ "/v1/models/m%ff:generateContent", NULL, false, false },
	};
	struct endpoint e;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		e = read_line("POST", rows[i].path);
		CHECK_MSG((e.kind == ENDPOINT_CALL) == !!rows[i].model, "%s: %d", rows[i].path,
			  e.kind);
		CHECK_INT(e.wire, WIRE_GEMINI);
		if (!rows[i].model)
			continue;
		CHECK_STR(e.model, rows[i].model);
		CHECK_MSG(e.stream == rows[i].stream && e.sse == rows[i].sse, "%s", rows[i].path);
	}
}

static void a_name_that_is_too_long_is_none(void)
{
	char path[ENDPOINT_MODEL + 64];
	size_t len;

	for (len = ENDPOINT_MODEL - 2; len <= ENDPOINT_MODEL + 1; len++) {
		struct endpoint e;

		snprintf(path, sizeof(path), "/v1/models/%0*d:generateContent", (int)len, 1);
		e = read_line("POST", path);
		CHECK_INT(e.kind == ENDPOINT_CALL, len < ENDPOINT_MODEL);
		CHECK_INT(strlen(e.model), len < ENDPOINT_MODEL ? len : strlen(e.model));
	}
}

static void a_query_has_a_key(void)
{
	static const char *const rows[][2] = {
		{ "/v1/models?key=abc", "abc" },
		{ "/v1/models?a=b&key=abc&c=d", "abc" },
		{ "/v1/models?key=", "" },
		{ "/v1/models?key", "" },
		{ "/v1/models?keys=abc", "" },
		{ "/v1/models?&&key=a", "a" },
		{ "/v1/models?key=one&key=t", "one" },
		{ "/v1/models?key=a=b", "a=b" },
	};
	struct endpoint e;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		e = read_line("GET", rows[i][0]);
		CHECK_MSG(e.key.len == strlen(rows[i][1]) &&
				  (!e.key.len || !memcmp(e.key.at, rows[i][1], e.key.len)),
			  "%s: %.*s", rows[i][0], (int)e.key.len, e.key.at ? e.key.at : "");
		CHECK_INT(e.kind, ENDPOINT_MODELS);
	}
}

static const struct tap_test tests[] = {
	TEST(each_path_is_a_wire),
	TEST(a_path_names_geminis_model),
	TEST(a_name_that_is_too_long_is_none),
	TEST(a_query_has_a_key),
};

int main(int argc, char **argv)
{
	return tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
