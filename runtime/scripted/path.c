// SPDX-License-Identifier: GPL-2.0-or-later
/* What a request's method and path ask of the scripted model. */
#include "scripted/path.h"

#include <string.h>

/* Cuts the end off. */
static bool span_ends(struct http_span *s, const char *end)
{
	const size_t len = strlen(end);

	if (s->len < len || memcmp(s->at + s->len - len, end, len) != 0)
		return false;
	s->len -= len;
	return true;
}

static bool span_has(struct http_span s, const char *part)
{
	return s.len && memmem(s.at, s.len, part, strlen(part));
}

/* Without %XX. False: too long, or a byte that no name has. */
static bool name_decode(struct http_span s, char *out, size_t size)
{
	size_t len = 0, i;
	int high, low;
	char c;

	for (i = 0; i < s.len; i++) {
		c = s.at[i];
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

/* A pair of the query, as it stands there. */
static bool query_has(struct http_span query, const char *pair)
{
	struct http_span part;

	while (query.len && http_span_cut(&query, '&', &part))
		if (http_span_is(part, pair))
			return true;
	return query.len && http_span_is(query, pair);
}

static void gemini_read(struct http_span path, struct http_span query, struct script_path *p)
{
	static const char before[] = "/models/";
	const char *at = path.len ? memmem(path.at, path.len, before, strlen(before)) : NULL;
	struct http_span name;

	if (!at)
		return;
	at += strlen(before);
	name = (struct http_span){ at, path.len - (size_t)(at - path.at) };
	if (span_ends(&name, ":streamGenerateContent")) {
		p->stream = true;
		p->sse = query_has(query, "alt=sse");
	} else if (!span_ends(&name, ":generateContent")) {
		return;
	}
	p->wire = WIRE_GEMINI;
	if (name_decode(name, p->model, sizeof(p->model)))
		p->kind = SCRIPT_PATH_CALL;
}

void script_path_read(const struct http_head *head, struct script_path *ret_path)
{
	static const struct {
		const char *end, *method;
		enum script_path_kind kind;
		enum wire_kind wire;
	} ends[] = {
		{ "/chat/completions", "POST", SCRIPT_PATH_CALL, WIRE_OPENAI_CHAT },
		{ "/responses", "POST", SCRIPT_PATH_CALL, WIRE_OPENAI_RESPONSES },
		{ "/messages", "POST", SCRIPT_PATH_CALL, WIRE_ANTHROPIC },
		{ "/models", "GET", SCRIPT_PATH_MODELS, WIRE_OPENAI_CHAT },
	};
	struct script_path p = { .kind = SCRIPT_PATH_NONE, .wire = WIRE_OPENAI_CHAT };
	struct http_span path = head->path, query = { 0 }, rest;
	const char *mark = path.len ? memchr(path.at, '?', path.len) : NULL, *method = "POST";
	size_t i;

	if (mark) {
		query = (struct http_span){ mark + 1, (size_t)(path.at + path.len - mark) - 1 };
		path.len = (size_t)(mark - path.at);
	}
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		rest = path;
		if (!span_ends(&rest, ends[i].end))
			continue;
		p.kind = ends[i].kind;
		p.wire = ends[i].wire;
		method = ends[i].method;
		if (p.kind == SCRIPT_PATH_MODELS && span_has(rest, "/v1beta"))
			p.wire = WIRE_GEMINI;
	}
	if (p.kind == SCRIPT_PATH_NONE)
		gemini_read(path, query, &p);
	if (p.kind != SCRIPT_PATH_NONE && (head->method.len != strlen(method) ||
					   memcmp(head->method.at, method, head->method.len) != 0))
		p.kind = SCRIPT_PATH_NONE;
	*ret_path = p;
}
