// SPDX-License-Identifier: GPL-2.0-or-later
/* What a call costs: integers from end to end. */
#include "llm/price.h"

#include <errno.h>

#define MILLION 1000000

/* Tokens times price fits: 64 bits and 34. The sum of four of them as well. */
typedef unsigned __int128 wide;

_Static_assert(LIMIT_PRICE < 1ULL << 34, "sums of products fit 128 bits");

static int wide_charge(wide millionths, uint64_t *ret_microdollars)
{
	wide whole = millionths / MILLION + (millionths % MILLION ? 1 : 0);

	/* The largest number says "no limit" where budgets are counted. */
	if (whole >= UINT64_MAX)
		return -EOVERFLOW;
	*ret_microdollars = (uint64_t)whole;
	return 0;
}

bool price_holds(const struct model *m, uint32_t today)
{
	return m->has_price && (!m->until || today <= m->until);
}

int price_cost(const struct model *m, const struct call_usage *usage, bool cache_hour,
	       uint32_t today, uint64_t *ret_microdollars)
{
	const struct model_prices *p = &m->prices;
	uint64_t cached, plain = 0;
	wide sum;

	if (!price_holds(m, today))
		return -ENODATA;
	if (!usage->given)
		return -ENOMSG;
	if (m->long_above && usage->input > m->long_above)
		p = &m->long_prices;
	if (__builtin_add_overflow(usage->cache_read, usage->cache_write, &cached))
		return -EOVERFLOW;
	if (usage->input > cached)
		plain = usage->input - cached;
	sum = (wide)plain * p->input + (wide)usage->output * p->output +
	      (wide)usage->cache_read * p->cache_read +
	      (wide)usage->cache_write * (cache_hour ? p->cache_hour : p->cache_write);
	return wide_charge(sum, ret_microdollars);
}

static int prompt_bound(const struct model *m, const struct price_ask *ask, uint64_t *ret_tokens)
{
	uint64_t tokens;

	if (ask->beyond_body) {
		if (!m->context || ask->input_only)
			return -ENODATA;
		*ret_tokens = m->context;
		return 0;
	}
	if (__builtin_add_overflow(ask->body, ask->attached, &tokens) ||
	    __builtin_add_overflow(tokens, LIMIT_HIDDEN_TOKENS, &tokens))
		return -EOVERFLOW;
	/* More than the window is refused by the provider, and not charged. */
	*ret_tokens = m->context && tokens > m->context && !ask->input_only ? m->context : tokens;
	return 0;
}

static int answer_bound(const struct model *m, const struct price_ask *ask, uint64_t *ret_tokens)
{
	uint64_t each = ask->max_tokens ? ask->max_tokens : m->max_output;

	if (ask->input_only) {
		*ret_tokens = 0;
		return 0;
	}
	if (!each)
		return -ENODATA;
	if (ask->choices > LIMIT_CHOICES)
		return -EINVAL;
	if (__builtin_mul_overflow(each, ask->choices ? ask->choices : 1, ret_tokens))
		return -EOVERFLOW;
	return 0;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The most that a token of the prompt may cost. */
static uint64_t input_highest(const struct model_prices *p, bool cache_hour)
{
	uint64_t write = larger(p->cache_write, cache_hour ? p->cache_hour : 0);

	return larger(p->input, larger(p->cache_read, write));
}

int price_worst_tokens(const struct model *m, const struct price_ask *ask, uint64_t *ret_tokens)
{
	uint64_t prompt, answer;
	int rc;

	rc = prompt_bound(m, ask, &prompt);
	if (!rc)
		rc = answer_bound(m, ask, &answer);
	if (rc)
		return rc;
	return __builtin_add_overflow(prompt, answer, ret_tokens) ? -EOVERFLOW : 0;
}

int price_worst(const struct model *m, const struct price_ask *ask, uint32_t today,
		uint64_t *ret_microdollars)
{
	uint64_t prompt, answer, input = input_highest(&m->prices, ask->cache_hour);
	uint64_t output = m->prices.output;
	int rc;

	if (!price_holds(m, today))
		return -ENODATA;
	rc = prompt_bound(m, ask, &prompt);
	if (!rc)
		rc = answer_bound(m, ask, &answer);
	if (rc)
		return rc;
	/* The longer prices may be the lower ones: then the shorter still hold for what is short. */
	if (m->long_above && prompt > m->long_above) {
		input = larger(input, input_highest(&m->long_prices, ask->cache_hour));
		output = larger(output, m->long_prices.output);
	}
	return wide_charge((wide)prompt * input + (wide)answer * output, ret_microdollars);
}
