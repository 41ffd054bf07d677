// SPDX-License-Identifier: GPL-2.0-or-later
/* What a request's method and path ask of the gateway. */
#include "gateway/endpoint.h"

#include <string.h>

static bool span_equals(struct http_span s, const char *text)
{
	return s.len == strlen(text) && !memcmp(s.at, text, s.len);
}

static bool span_cut(struct http_span *s, const char *prefix)
{
	const size_t len = strlen(prefix);

	if (s->len < len || memcmp(s->at, prefix, len))
		return false;
	s->at += len;
	s->len -= len;
	return true;
}

static bool span_ends(struct http_span *s, const char *suffix)
{
	const size_t len = strlen(suffix);

	if (s->len < len || memcmp(s->at + s->len - len, suffix, len))
		return false;
	s->len -= len;
	return true;
}

/* The value of that name in a query, as it stands there. */
static struct http_span query_get(struct http_span query, const char *name)
{
	const size_t len = strlen(name);
	struct http_span pair;
	const char *end;

	while (query.len) {
		end = memchr(query.at, '&', query.len);
		pair = (struct http_span){ query.at, end ? (size_t)(end - query.at) : query.len };
		query.at += pair.len;
		query.len -= pair.len;
		if (query.len) {
			query.at++;
			query.len--;
		}
		if (pair.len > len && pair.at[len] == '=' && !memcmp(pair.at, name, len))
			return (struct http_span){ pair.at + len + 1, pair.len - len - 1 };
	}
	return (struct http_span){ 0 };
}

/* Without %XX; false: too long, or no such. */
static bool name_decode(struct http_span s, char *out, size_t size)
{
	size_t len = 0, i;
	int high, low;

	for (i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (c == '%') {
			high = i + 2 < s.len ? http_hex_value(s.at[i + 1]) : -1;
			low = i + 2 < s.len ? http_hex_value(s.at[i + 2]) : -1;
			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (c <= ' ' || c > '~' || len + 1 == size)
			return false;
		out[len++] = c;
	}
	out[len] = '\0';
	return len != 0;
}

/* "MODEL:generateContent" and the like, below either of Gemini's versions. */
static bool gemini_read(struct http_span path, struct http_span query, struct endpoint *e)
{
	enum endpoint_kind kind = ENDPOINT_CALL;

	if (!span_cut(&path, "/v1beta/models/") && !span_cut(&path, "/v1/models/"))
		return false;
	if (span_ends(&path, ":streamGenerateContent")) {
		e->stream = true;
		e->sse = span_equals(query_get(query, "alt"), "sse");
	} else if (span_ends(&path, ":countTokens")) {
		kind = ENDPOINT_COUNT;
	} else if (!span_ends(&path, ":generateContent")) {
		return false;
	}
	e->wire = WIRE_GEMINI;
	e->kind = name_decode(path, e->model, sizeof(e->model)) ? kind : ENDPOINT_NONE;
	return true;
}

void endpoint_read(const struct http_head *head, struct endpoint *ret_endpoint)
{
	static const struct {
		const char *path, *method;
		enum endpoint_kind kind;
		enum wire_kind wire;
	} paths[] = {
		{ "/v1/chat/completions", "POST", ENDPOINT_CALL, WIRE_OPENAI_CHAT },
		{ "/v1/responses", "POST", ENDPOINT_CALL, WIRE_OPENAI_RESPONSES },
		{ "/v1/responses/input_tokens", "POST", ENDPOINT_COUNT, WIRE_OPENAI_RESPONSES },
		{ "/v1/messages", "POST", ENDPOINT_CALL, WIRE_ANTHROPIC },
		{ "/v1/messages/count_tokens", "POST", ENDPOINT_COUNT, WIRE_ANTHROPIC },
		{ "/v1/embeddings", "POST", ENDPOINT_EMBED, WIRE_OPENAI_CHAT },
		/* Of clients for which ANTHROPIC_BASE_URL has the version in it: the AI SDK. */
		{ "/messages", "POST", ENDPOINT_CALL, WIRE_ANTHROPIC },
		{ "/v1/models", "GET", ENDPOINT_MODELS, WIRE_OPENAI_CHAT },
		{ "/v1beta/models", "GET", ENDPOINT_MODELS, WIRE_GEMINI },
	};
	struct http_span path = head->path, query = { 0 };
	struct endpoint e = { .kind = ENDPOINT_NONE, .wire = WIRE_OPENAI_CHAT };
	const char *mark = path.len ? memchr(path.at, '?', path.len) : NULL;
	const char *method = "POST";
	size_t i;

	if (mark) {
		query.at = mark + 1;
		query.len = (size_t)(path.at + path.len - mark) - 1;
		path.len = (size_t)(mark - path.at);
	}
	e.key = query_get(query, "key");
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (!span_equals(path, paths[i].path))
			continue;
		e.kind = paths[i].kind;
		e.wire = paths[i].wire;
		method = paths[i].method;
	}
	if (e.kind == ENDPOINT_NONE)
		gemini_read(path, query, &e);
	if (e.kind != ENDPOINT_NONE && !span_equals(head->method, method))
		e.kind = ENDPOINT_METHOD;
	*ret_endpoint = e;
}
