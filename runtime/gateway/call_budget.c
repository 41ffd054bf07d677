// SPDX-License-Identifier: GPL-2.0-or-later
/* What a call may cost is reserved in the kernel before it is made; what it has cost is settled after. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
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

/* Of those the ones for the answer: what is left of them is the prompt's. */
static uint64_t answer_worst(const struct call *k)
{
	const struct price_ask ask = ask_of(k);
	const struct model *m = candidate_of(k)->model;

	if (ask.input_only)
		return 0;
	return ask.max_tokens	  ? ask.max_tokens :
	       m && m->max_output ? m->max_output :
				    LIMIT_CALL_ANSWER;
}

/* Is what it costs reserved, and known? */
static bool is_priced(const struct call *k)
{
	const struct model *m = candidate_of(k)->model;

	return m && !k->reach.otherwise_priced && price_holds(m, today());
}

static enum call_why reserve_money(struct call *k)
{
	const struct price_ask ask = ask_of(k);
	const struct model *m = candidate_of(k)->model;
	uint64_t most;

	if (m && !k->reach.otherwise_priced && !price_worst(m, &ask, today(), &most)) {
		k->wanted = most;
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
	k->wanted = tokens;
	err = reserve(k, AGENTOS_RESOURCE_TOKENS, tokens);
	if (err == -ESRCH) {
		agents_forget(k->agent);
		return CALL_WHY_ENDED;
	}
	if (err)
		return CALL_WHY_BUDGET_TOKENS;
	k->held_tokens = tokens;
	k->held_answer = answer_worst(k) < tokens ? answer_worst(k) : tokens;
	why = reserve_money(k);
	if (why != CALL_WHY_NONE) {
		settle(k, AGENTOS_RESOURCE_TOKENS, k->held_tokens, 0);
		k->held_tokens = k->held_answer = 0;
	}
	return why;
}

/* "1200 tokens", or "$0.001200". */
static void amount_say(char text[48], uint64_t amount, bool money)
{
	if (money)
		snprintf(text, 48, "$%" PRIu64 ".%06u", amount / 1000000,
			 (unsigned int)(amount % 1000000));
	else
		snprintf(text, 48, "%" PRIu64 " tokens", amount);
}

static void reset_say(struct call *k, char text[64], uint64_t reset_ns)
{
	struct timespec t;
	uint64_t now, seconds;

	text[0] = '\0';
	clock_gettime(CLOCK_BOOTTIME, &t);
	now = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
	if (!reset_ns) {
		snprintf(text, 64, "; it does not begin anew by itself");
	} else if (reset_ns > now) {
		k->retry_after_ms = (reset_ns - now) / 1000000 + 1;
		seconds = (reset_ns - now) / 1000000000 + 1;
		if (seconds < 120)
			snprintf(text, 64, "; it begins anew in %" PRIu64 " s", seconds);
		else
			snprintf(text, 64, "; it begins anew in %" PRIu64 " h %" PRIu64 " min",
				 seconds / 3600, seconds / 60 % 60);
	}
}

void call_budget_say(struct call *k, enum call_why why, char text[CALL_BUDGET_TEXT])
{
	const bool money = why == CALL_WHY_BUDGET_MONEY;
	const char *what = money ? "money" : "tokens";
	struct agentos_budget_get b = { 0 };
	char wanted[48], left[48], limit[48], reset[64];
	uint64_t rest;
	int err = k->gateway->options.budget.read(
		k->agent->fd, money ? AGENTOS_RESOURCE_MICRODOLLARS : AGENTOS_RESOURCE_TOKENS, &b);

	rest = b.ret_used > b.ret_limit || b.ret_reserved > b.ret_limit - b.ret_used ?
		       0 :
		       b.ret_limit - b.ret_used - b.ret_reserved;
	amount_say(wanted, k->wanted, money);
	/* Its own has enough: then it is that of an agent above it, which is not its affair. */
	if (err || rest >= k->wanted) {
		snprintf(text, CALL_BUDGET_TEXT,
			 "the budget of %s%s does not have the %s left that this call may take",
			 what, err ? "" : " of an agent above this one", wanted);
		return;
	}
	amount_say(left, rest, money);
	amount_say(limit, b.ret_limit, money);
	reset_say(k, reset, b.ret_reset_ns);
	snprintf(text, CALL_BUDGET_TEXT,
		 "the budget of %s does not have enough left: this call may take %s, and of %s "
		 "there are %s left%s",
		 what, wanted, limit, left, reset);
}

uint64_t call_tokens_of(uint64_t bytes)
{
	return (bytes + LIMIT_CALL_TOKEN_BYTES - 1) / LIMIT_CALL_TOKEN_BYTES;
}

/* Of the prompt, where nobody tells: what is reserved for the answer is not counted for it. */
static uint64_t prompt_estimate(const struct call *k)
{
	const uint64_t tokens = call_tokens_of(k->body.len), most = k->held_tokens - k->held_answer;

	return tokens < most ? tokens : most;
}

/* With so many tokens of answer. 0: nobody knows, and then money is not limited. */
static uint64_t cost_of(const struct call *k, const struct call_usage *usage, uint64_t output)
{
	struct call_usage u = *usage;
	uint64_t cost;

	u.output = output;
	u.given = true;
	if (!is_priced(k) ||
	    price_cost(candidate_of(k)->model, &u, k->reach.cache_hour, today(), &cost))
		return 0;
	return cost;
}

/* As many of the answer's tokens as there is money for, of what is reserved. */
static uint64_t output_paid(const struct call *k, uint64_t output)
{
	uint64_t least = 0, most = output, middle;

	if (cost_of(k, &k->usage, output) <= k->held_money)
		return output;
	while (least < most) {
		middle = least + (most - least + 1) / 2;
		if (cost_of(k, &k->usage, middle) <= k->held_money)
			least = middle;
		else
			most = middle - 1;
	}
	return least;
}

/*
 * A provider that was asked and did not say to the end what it counted: by the bytes. A
 * token of usual text is some four of them; here it is three. What frames an answer that is no
 * stream is among them. It comes to no more than what was reserved, which a stream that was cut
 * has used up.
 */
static void usage_estimate(struct call *k)
{
	struct call_usage *u = &k->usage;
	uint64_t output = k->endpoint.kind == ENDPOINT_EMBED ? 0 :
			  k->sse_begun			     ? call_tokens_of(k->said) :
							       call_tokens_of(k->answered);

	if (u->given && k->whole)
		return;
	if (!u->given)
		u->input = prompt_estimate(k);
	if (u->input > k->held_tokens)
		u->input = k->held_tokens;
	if (output > k->held_tokens - u->input)
		output = k->held_tokens - u->input;
	output = output_paid(k, output);
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

/* --- streams: what they say beyond what is reserved --- */

/* Of a stream that is under way, no more than it has come to. */
static uint64_t answer_so_far(const struct call *k)
{
	const bool apart = k->endpoint.wire == WIRE_GEMINI &&
			   k->upstream_wire == wire_of(WIRE_GEMINI);
	uint64_t told = k->usage.output, said = k->said / LIMIT_CALL_TOKEN_LONG;

	if (apart && __builtin_add_overflow(told, k->usage.reasoning, &told))
		told = UINT64_MAX;
	if (told > LIMIT_CALL_TOKENS)
		told = LIMIT_CALL_TOKENS;
	return told > said ? told : said;
}

static uint64_t beyond(uint64_t amount, uint64_t held)
{
	return amount > held ? amount - held : 0;
}

/* Is what is reserved enough for it? If there is room, the next pieces are not looked at. */
static bool answer_fits(struct call *k, const struct call_usage *u, uint64_t output)
{
	static const uint64_t ahead[] = { LIMIT_CALL_MORE, LIMIT_CALL_MORE / 16, 0 };
	size_t i;

	for (i = 0; i < sizeof(ahead) / sizeof(ahead[0]); i++) {
		if (u->input + output + ahead[i] > k->held_tokens ||
		    cost_of(k, u, output + ahead[i]) > k->held_money)
			continue;
		k->fits = output + ahead[i];
		k->fits_behind = u->input;
		return true;
	}
	return false;
}

/* So many tokens of answer behind that prompt: more is reserved for them, or nothing is. */
static enum call_why answer_hold(struct call *k, const struct call_usage *u, uint64_t output)
{
	const uint64_t tokens = beyond(u->input + output, k->held_tokens);
	const uint64_t money = beyond(cost_of(k, u, output), k->held_money);
	int err = money ? reserve(k, AGENTOS_RESOURCE_MICRODOLLARS, money) : 0;

	if (err)
		return err == -ESRCH ? CALL_WHY_ENDED : CALL_WHY_CUT_MONEY;
	err = tokens ? reserve(k, AGENTOS_RESOURCE_TOKENS, tokens) : 0;
	if (err) {
		settle(k, AGENTOS_RESOURCE_MICRODOLLARS, money, 0);
		return err == -ESRCH ? CALL_WHY_ENDED : CALL_WHY_CUT;
	}
	k->held_tokens += tokens;
	k->held_answer += tokens;
	k->held_money += money;
	k->fits = output;
	k->fits_behind = u->input;
	return CALL_WHY_NONE;
}

enum call_why call_reserve_more(struct call *k)
{
	const uint64_t output = answer_so_far(k);
	struct call_usage u = k->usage;

	usage_bound(&u);
	if (!u.given)
		u.input = prompt_estimate(k);
	if (output <= k->fits && u.input == k->fits_behind)
		return CALL_WHY_NONE;
	if (answer_fits(k, &u, output))
		return CALL_WHY_NONE;
	if (k->agent->fd < 0)
		return CALL_WHY_ENDED;
	/* Ahead, so that it is not for each piece; and to the last token where that is too much. */
	if (!k->scarce && answer_hold(k, &u, output + LIMIT_CALL_MORE) == CALL_WHY_NONE)
		return CALL_WHY_NONE;
	k->scarce = true;
	return answer_hold(k, &u, output);
}

/* --- the end of an attempt --- */

void call_count_up(struct call *k)
{
	if (k->counted_up)
		return;
	k->counted_up = true;
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
}

void call_settle(struct call *k)
{
	const struct model *m;
	uint64_t cost = 0;

	if (!k->held_tokens && !k->held_money)
		return;
	call_count_up(k);
	m = candidate_of(k)->model;
	if (!m || price_cost(m, &k->usage, k->reach.cache_hour, today(), &cost))
		cost = 0;
	settle(k, AGENTOS_RESOURCE_TOKENS, k->held_tokens, k->usage.input + k->usage.output);
	settle(k, AGENTOS_RESOURCE_MICRODOLLARS, k->held_money, cost);
	k->held_tokens = k->held_answer = k->held_money = 0;
	k->charged = false;
	k->cost += cost;
	usage_add(&k->counted, &k->usage);
}
