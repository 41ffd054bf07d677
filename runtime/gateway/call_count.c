// SPDX-License-Identifier: GPL-2.0-or-later
/* What is asked for beside answers: how many tokens a prompt has, and embeddings. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gateway/allowance.h"
#include "gateway/call.h"

static const struct provider *provider_at(const struct call *k, size_t i)
{
	return k->route.candidates[i].provider;
}

/* --- tokens of a prompt --- */

/*
 * Of the whole body, with what is written around the prompt, and images as they are encoded:
 * rather too much than too little, as a token of usual text is some four bytes.
 */
static void estimate_answer(struct call *k)
{
	const uint64_t tokens = call_tokens_of(k->body.len);
	const char *before = k->endpoint.wire == WIRE_GEMINI ?
				     "\"totalTokens\"" :
			     k->endpoint.wire == WIRE_OPENAI_RESPONSES ?
				     "\"object\":\"response.input_tokens\","
				     "\"input_tokens\"" :
				     "\"input_tokens\"";
	char body[96];

	snprintf(body, sizeof(body), "{%s:%" PRIu64 "}", before, tokens);
	k->estimated = true;
	call_answer(k, 200, "application/json", body, strlen(body));
}

/* Nothing is charged for it: without a bound, an agent could send a provider whatever it likes. */
static bool count_is_due(struct call *k)
{
	const uint64_t wait_ms =
		allowance_take(k->gateway->counts, agents_topmost(k->agent), now_ms());

	if (!wait_ms)
		return true;
	k->retry_after_ms = wait_ms;
	call_refuse(
		k, CALL_WHY_OFTEN,
		"tokens are counted %d times at once for an agent and all below it, and once more each "
		"%d ms",
		LIMIT_CALL_COUNTS, LIMIT_CALL_COUNT_MS);
	return false;
}

void call_count(struct call *k)
{
	const struct provider *p = provider_at(k, 0);

	/* Another model would count otherwise. */
	k->route.count = 1;
	if (p->wire != k->endpoint.wire)
		estimate_answer(k);
	else if (count_is_due(k))
		call_send(k);
}

bool call_count_misses(struct call *k)
{
	const int status = k->head.status;

	if (k->endpoint.kind != ENDPOINT_COUNT || (status != 404 && status != 405 && status != 501))
		return false;
	estimate_answer(k);
	return true;
}

int call_count_model(struct call *k, struct scan_edit *edits, size_t *count)
{
	static const char *const paths[] = { "generateContentRequest.model",
					     "generate_content_request.model" };
	const char *id = k->route.candidates[k->candidate].id;
	struct scan_value v[2];
	struct text name = { 0 };
	const char *json;
	size_t at, i;

	if (k->endpoint.kind != ENDPOINT_COUNT || k->endpoint.wire != WIRE_GEMINI)
		return 0;
	if (scan_json(k->body.bytes, k->body.len, paths, 2, v, &at))
		return -EBADMSG;
	for (i = 0; i < 2; i++) {
		if (v[i].kind == SCAN_NONE)
			continue;
		if (v[i].kind != SCAN_STRING)
			return -EBADMSG;
		text_string(&name, "\"models/");
		/* Without its quotes: what is in a model's name needs none of its own. */
		text_put(&name, id, strlen(id));
		text_string(&name, "\"");
		json = text_error(&name) ? NULL : arena_copy(&k->arena, name.bytes, name.len);
		if (json)
			edits[(*count)++] =
				scan_replace(&v[i], (struct call_string){ json, name.len });
		text_release(&name);
		if (!json)
			return -ENOMEM;
	}
	return 0;
}

/* --- embeddings --- */

static bool embeds(const struct provider *p)
{
	return p->wire == WIRE_OPENAI_CHAT || p->wire == WIRE_OPENAI_RESPONSES;
}

bool call_embeds(struct call *k)
{
	const struct provider *first = provider_at(k, 0);
	size_t i, kept = 0;

	for (i = 0; i < k->route.count; i++)
		if (embeds(provider_at(k, i)))
			k->route.candidates[kept++] = k->route.candidates[i];
	if (kept) {
		k->route.count = kept;
		return true;
	}
	call_refuse(k, CALL_WHY_UNKNOWN,
		    "there are no embeddings of %s: the provider %s does not speak OpenAI's wire, "
		    "and embeddings are not translated",
		    k->model, first->name);
	return false;
}
