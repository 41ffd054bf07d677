// SPDX-License-Identifier: GPL-2.0-or-later
/* What a call may cost is reserved in the kernel before it is made; what it has cost is settled after. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "gateway/call.h"
#include "llm/price.h"

/*
 * Microdollars: so many are reserved for a moment to see whether there is any limit, where a
 * price is not known. Who has more left than that can be said not to be limited.
 */
#define MONEY_PROBE (1ULL << 40)

static const struct route_candidate *candidate_of(const struct call *k)
{
	return &k->route.candidates[k->candidate];
}

static uint32_t today(void)
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	return (uint32_t)((tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday);
}

static int reserve(struct call *k, uint32_t resource, uint64_t amount)
{
	return k->gateway->options.budget.reserve(k->agent->fd, resource, amount);
}

static void settle(struct call *k, uint32_t resource, uint64_t reserved, uint64_t used)
{
	if ((reserved || used) &&
	    k->gateway->options.budget.settle(k->agent->fd, resource, reserved, used) == -ESRCH)
		agents_forget(k->agent);
}

/* The provider knows the name that an answer's bound was given by, or it is asked by another. */
static uint64_t most_of(const struct call *k)
{
	const struct provider *p = candidate_of(k)->provider;

	if (k->max_by_new_name && p->wire == k->endpoint.wire &&
	    !provider_has(p, PROVIDER_MAX_COMPLETION_TOKENS))
		return 0;
	return k->max_tokens;
}

static struct price_ask ask_of(const struct call *k)
{
	return (struct price_ask){
		.body = k->body.len,
		.attached = k->reach.images * LIMIT_CALL_IMAGE,
		.max_tokens = most_of(k),
		.choices = 1,
		.beyond_body = k->reach.beyond_body,
		.cache_hour = k->reach.cache_hour,
		.input_only = k->endpoint.kind == ENDPOINT_EMBED,
	};
}

/* Without a row there are no bounds but what was asked for. */
static uint64_t tokens_worst(const struct call *k)
{
	const struct price_ask ask = ask_of(k);
	const struct model *m = candidate_of(k)->model;
	uint64_t tokens;

	if (m && !price_worst_tokens(m, &ask, &tokens))
		return tokens;
	tokens = ask.input_only ? 0 : ask.max_tokens ? ask.max_tokens : LIMIT_CALL_ANSWER;
	if (ask.beyond_body)
		return tokens + (m && m->context ? m->context : LIMIT_CALL_CONTEXT);
	return tokens + ask.body + ask.attached + LIMIT_HIDDEN_TOKENS;
}

static enum call_why reserve_money(struct call *k)
{
	const struct price_ask ask = ask_of(k);
	const struct model *m = candidate_of(k)->model;
	uint64_t most;

	if (m && !k->reach.otherwise_priced && !price_worst(m, &ask, today(), &most)) {
		if (most && reserve(k, AGENTOS_RESOURCE_MICRODOLLARS, most))
			return CALL_WHY_BUDGET_MONEY;
		k->held_money = most;
		return CALL_WHY_NONE;
	}
	if (reserve(k, AGENTOS_RESOURCE_MICRODOLLARS, MONEY_PROBE))
		return CALL_WHY_NO_PRICE;
	settle(k, AGENTOS_RESOURCE_MICRODOLLARS, MONEY_PROBE, 0);
	return CALL_WHY_NONE;
}

enum call_why call_reserve(struct call *k)
{
	uint64_t tokens = tokens_worst(k);
	enum call_why why;
	int err;

	/* No provider charges for it. */
	if (k->endpoint.kind == ENDPOINT_COUNT)
		return CALL_WHY_NONE;
	/* Another of its calls has found that it has ended. */
	if (k->agent->fd < 0)
		return CALL_WHY_ENDED;
	err = reserve(k, AGENTOS_RESOURCE_TOKENS, tokens);
	if (err == -ESRCH) {
		agents_forget(k->agent);
		return CALL_WHY_ENDED;
	}
	if (err)
		return CALL_WHY_BUDGET_TOKENS;
	k->held_tokens = tokens;
	why = reserve_money(k);
	if (why != CALL_WHY_NONE) {
		settle(k, AGENTOS_RESOURCE_TOKENS, k->held_tokens, 0);
		k->held_tokens = 0;
	}
	return why;
}

uint64_t call_tokens_of(uint64_t bytes)
{
	return (bytes + LIMIT_CALL_TOKEN_BYTES - 1) / LIMIT_CALL_TOKEN_BYTES;
}

/*
 * A provider that was asked and did not say to the end what it counted: by the bytes. A
 * token of usual text is some four of them; here it is three. What frames a stream is among
 * them, so it comes to no more than what was reserved.
 */
static void usage_estimate(struct call *k)
{
	struct call_usage *u = &k->usage;
	uint64_t output = k->endpoint.kind == ENDPOINT_EMBED ? 0 : call_tokens_of(k->answered);

	if (u->given && k->whole)
		return;
	if (!u->given)
		u->input = call_tokens_of(k->body.len);
	if (u->input > k->held_tokens)
		u->input = k->held_tokens;
	if (output > k->held_tokens - u->input)
		output = k->held_tokens - u->input;
	if (u->output < output)
		u->output = output;
}

/* A provider may say anything: sums of these stay numbers. */
static void usage_bound(struct call_usage *u)
{
	uint64_t *const numbers[] = { &u->input, &u->output, &u->cache_read, &u->cache_write,
				      &u->reasoning };
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (*numbers[i] > LIMIT_CALL_TOKENS)
			*numbers[i] = LIMIT_CALL_TOKENS;
}

/* Gemini counts what it thinks apart from what it says; translated, that is done already. */
static void usage_fix(struct call *k)
{
	if (k->endpoint.wire == WIRE_GEMINI && k->upstream_wire == wire_of(WIRE_GEMINI))
		k->usage.output += k->usage.reasoning;
}

static void usage_add(struct call_usage *sum, const struct call_usage *u)
{
	sum->input += u->input;
	sum->output += u->output;
	sum->cache_read += u->cache_read;
	sum->cache_write += u->cache_write;
	sum->reasoning += u->reasoning;
}

void call_settle(struct call *k)
{
	const struct model *m;
	uint64_t cost = 0;

	if (!k->held_tokens && !k->held_money)
		return;
	/* Nobody charges for what it refuses. */
	if (k->head.status && (k->head.status < 200 || k->head.status > 299))
		k->charged = false;
	if (!k->charged)
		memset(&k->usage, 0, sizeof(k->usage));
	usage_bound(&k->usage);
	usage_fix(k);
	if (k->charged)
		usage_estimate(k);
	k->usage.given = true;
	m = candidate_of(k)->model;
	if (!m || price_cost(m, &k->usage, k->reach.cache_hour, today(), &cost))
		cost = 0;
	settle(k, AGENTOS_RESOURCE_TOKENS, k->held_tokens, k->usage.input + k->usage.output);
	settle(k, AGENTOS_RESOURCE_MICRODOLLARS, k->held_money, cost);
	k->held_tokens = k->held_money = 0;
	k->charged = false;
	k->cost += cost;
	usage_add(&k->counted, &k->usage);
}
