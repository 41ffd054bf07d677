// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers that are given again, where a provider's row asks for it. */
#include <stdlib.h>
#include <string.h>

#include "gateway/call.h"

/* 0 however it is written; scan_json() has found it to be a number, with more behind it. */
static bool is_zero(const struct scan_value *v)
{
	return v->kind == SCAN_NUMBER && strtod(v->at, NULL) == 0;
}

static bool is_cold(const struct call *k)
{
	static const char *const plain[] = { "temperature" };
	static const char *const gemini[] = { "generationConfig.temperature",
					      "generation_config.temperature" };
	const bool two = k->endpoint.wire == WIRE_GEMINI;
	struct scan_value v[2] = { { .kind = SCAN_NONE }, { .kind = SCAN_NONE } };
	size_t at;

	if (scan_json(k->body.bytes, k->body.len, two ? gemini : plain, two ? 2 : 1, v, &at))
		return false;
	return is_zero(&v[0]) || is_zero(&v[1]);
}

static bool may_be_kept(const struct call *k, const struct provider *p)
{
	return p->cache_s && k->endpoint.kind == ENDPOINT_CALL && !k->streams &&
	       !k->reach.beyond_body && !k->reach.otherwise_priced && is_cold(k);
}

/* What goes with the body from the client, a line each; an empty one ends them. */
static int lines_write(const struct call *k, struct text *out)
{
	size_t i;

	for (i = 0; i < k->passed_count && k->upstream_wire == wire_of(k->endpoint.wire); i++)
		text_printf(out, "%s\n", k->passed[i]);
	text_string(out, "\n");
	return text_error(out);
}

static int key_make(struct call *k, const struct iovec *body, size_t count)
{
	const struct route_candidate *c = &k->route.candidates[k->candidate];
	struct iovec pieces[SCAN_PIECES(SCAN_EDITS) + 1];
	const struct cache_question q = {
		.agent = k->connection->caller.agent,
		.shared = c->provider->cache_shared ? "all" : NULL,
		.wire = c->provider->wire,
		.provider = c->provider->name,
		.model = c->id,
		.body = pieces,
		.body_count = count + 1
	};
	struct text lines = { 0 };
	int err = lines_write(k, &lines);

	if (!err) {
		pieces[0] = (struct iovec){ lines.bytes, lines.len };
		memcpy(pieces + 1, body, count * sizeof(*body));
		err = cache_key(&q, &k->cache_key);
	}
	text_release(&lines);
	return err;
}

bool call_cache_answers(struct call *k, const struct iovec *body, size_t count)
{
	const struct provider *p = k->route.candidates[k->candidate].provider;
	struct gateway *g = k->gateway;
	const struct cache_answer *answer;
	const uint64_t now = now_ms();
	bool found;

	k->keeps = may_be_kept(k, p) && count <= SCAN_PIECES(SCAN_EDITS) &&
		   (g->cache || !cache_create(LIMIT_CACHE, LIMIT_CACHE_S * 1000ULL, &g->cache)) &&
		   !key_make(k, body, count);
	if (!k->keeps)
		return false;
	answer = cache_get(g->cache, &k->cache_key, now);
	found = answer && now - answer->kept_ms < p->cache_s * 1000ULL;
	if (found)
		text_put(&k->answer, answer->bytes, answer->len);
	cache_put_back(answer);
	/* Without memory for a copy the provider is asked. */
	if (found && text_error(&k->answer)) {
		text_release(&k->answer);
		found = false;
	}
	return found;
}

void call_cache_keep(struct call *k)
{
	const struct cache_answer answer = { .content_type = "application/json",
					     .bytes = k->answer.bytes,
					     .len = k->answer.len,
					     .usage = k->usage };

	/* What finds no room is asked for again. */
	if (k->keeps && !k->cached && k->head.status == 200)
		(void)cache_keep(k->gateway->cache, &k->cache_key, now_ms(), &answer, k->whole);
}
