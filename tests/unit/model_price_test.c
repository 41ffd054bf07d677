// SPDX-License-Identifier: GPL-2.0-or-later
/* Models and prices: exact to the microdollar, rounded up, and never less before than after. */
#include <stdint.h>

#include "llm/price.h"
#include "tests/unit/catalog_rig.h"

#define TODAY 20261130

static const struct model *model_in(struct catalog *c, const char *name)
{
	const struct model *m = c ? catalog_model(c, name) : NULL;

	CHECK_MSG(m, "%s: %s", name, rig_fault.text);
	return m;
}

static void what_is_built_in_makes_sense(void)
{
	struct catalog *c = rig_catalog("");
	const struct model *m;
	size_t count, priced = 0;

	REQUIRE(c);
	for (count = 0; (m = catalog_model_at(c, count)); count++) {
		CHECK_MSG(catalog_provider(c, m->provider), "%s", m->name);
		if (!m->has_price)
			continue;
		priced++;
		CHECK_MSG(m->priced >= 20260101, "%s", m->name);
		CHECK_MSG(m->prices.cache_read <= m->prices.input, "%s", m->name);
		CHECK_MSG(m->prices.input <= m->prices.output, "%s", m->name);
		CHECK_MSG(m->prices.cache_write <= m->prices.cache_hour, "%s", m->name);
		CHECK_MSG(m->long_prices.input >= m->prices.input, "%s", m->name);
		/* None of these costs more than $1,000 for a million tokens, or is a slip of the pen. */
		CHECK_MSG(m->prices.output < 1000000000, "%s", m->name);
	}
	CHECK_MSG(priced >= 36, "%zu", priced);
	CHECK(count > priced);
	catalog_free(c);
}

static void a_row_is_read(void)
{
	struct catalog *c = rig_catalog(
		"model m provider=openai id=org/m:1 input=$1.25 output=10000000 cache-read=$0.125 "
		"cache-write=$2 long=200k long-input=$2.5 long-output=$15 context=1M max-output=64k "
		"priced=2026-01-02 until=2026-12-31\n"
		"model bare provider=openai\n");
	const struct model *m = model_in(c, "m");

	REQUIRE(m);
	CHECK_STR(m->id, "org/m:1");
	CHECK_INT(m->prices.input, 1250000);
	CHECK_INT(m->prices.output, 10000000);
	CHECK_INT(m->prices.cache_read, 125000);
	CHECK_INT(m->prices.cache_write, 2000000);
	CHECK_INT(m->prices.cache_hour, 2000000);
	CHECK_INT(m->long_above, 200000);
	CHECK_INT(m->long_prices.input, 2500000);
	CHECK_INT(m->long_prices.cache_read, 2500000);
	CHECK_INT(m->context, 1000000);
	CHECK_INT(m->max_output, 64000);
	CHECK_INT(m->priced, 20260102);
	CHECK(price_holds(m, 20261231) && !price_holds(m, 20270101));
	CHECK(catalog_model_of(c, "openai", "org/m:1") == m);
	CHECK(!catalog_model_of(c, "groq", "org/m:1"));
	m = model_in(c, "bare");
	REQUIRE(m);
	CHECK_STR(m->id, "bare");
	CHECK(!m->has_price && !m->context && !price_holds(m, TODAY));
	catalog_free(c);
}

static void an_administrators_row_takes_the_place(void)
{
	struct catalog *c = rig_catalog("model gpt-5 provider=openai input=1 output=2 "
					"priced=2026-11-30\nmodel gpt-5-mini provider=groq\n");
	const struct model *m = model_in(c, "gpt-5");

	REQUIRE(m);
	CHECK_INT(m->prices.output, 2);
	CHECK_STR(m->where, "mine");
	/* The row is another one as a whole: nothing of the old one shows through. */
	CHECK_INT(m->context, 0);
	m = model_in(c, "gpt-5-mini");
	REQUIRE(m);
	CHECK_STR(m->provider, "groq");
	CHECK(!m->has_price);
	catalog_free(c);
}

static void what_is_no_model_is_refused_in_one_line(void)
{
	static const char form[] = "a price is microdollars for a million tokens, or dollars: "
				   "1250000 or $1.25";
	static const char *const prices[] = { "-1",	     "$",   "none", "$0.0000001",
					      "10000000001", "1.5", "1e6",  "$10001" };
	char row[256], words[256];
	size_t i;

	for (i = 0; i < sizeof(prices) / sizeof(prices[0]); i++) {
		snprintf(row, sizeof(row), "model m provider=openai input=%s", prices[i]);
		snprintf(words, sizeof(words), "mine:1: input=%s: %s", prices[i], form);
		rig_refused(row, words);
	}
	rig_refused("model m provider=openai input=1", "mine:1: prices need both of input= and "
						       "output=");
	rig_refused("model m provider=openai cache-read=1 priced=2026-11-30",
		    "mine:1: prices need both of input= and output=");
	rig_refused("model m provider=openai input=1 output=1",
		    "mine:1: prices need the day that they are of: priced=");
	rig_refused("model m provider=openai priced=2026-11-30", "mine:1: priced= without prices");
	rig_refused("model m provider=openai until=2026-11-30", "mine:1: until= without prices");
	rig_refused("model m provider=openai input=1 output=1 priced=2026-11-30 until=2026-11-29",
		    "mine:1: until= is before priced=");
	rig_refused("model m provider=openai input=1 output=1 priced=2026-11-30 long=5",
		    "mine:1: long= and its prices come together");
	rig_refused("model m provider=openai input=1 output=1 priced=2026-11-30 long-input=5 "
		    "long-output=5",
		    "mine:1: long= and its prices come together");
	rig_refused("model m provider=openai context=0", "mine:1: context=0: it is tokens: 128000 "
							 "or 128k");
	rig_refused("model m provider=openai context=2000M",
		    "mine:1: context=2000M: it is tokens: 128000 or 128k");
	rig_refused("model m provider=openai context=1k max-output=2k",
		    "mine:1: max-output= is more than context=");
	rig_refused("model m input=1", "mine:1: model m has no provider=");
	rig_refused("model m provider=opnai",
		    "mine:1: provider=opnai: no such provider; did you mean `openai`?");
	rig_refused("model m provider=openai inpt=1", "mine:1: no key `inpt`; did you mean "
						      "`input`?");
	rig_refused("model a*b provider=openai", "mine:1: `a*b` is no name");
	rig_refused("model m provider=openai id=a?b",
		    "mine:1: id=a?b: a model's id has at most 255 letters, digits and -._:@/+");
	rig_refused("alias a model=gpt-5x", "mine:1: model=gpt-5x: no such model; did you mean "
					    "`gpt-5`?");
	rig_refused("alias gpt-5 model=gpt-4o", "mine:1: gpt-5 is a model's name: an alias would "
						"hide it");
	rig_refused("alias a model=b\nalias b model=gpt-5",
		    "mine:1: model=b: there is no such model");
}

#define MILLION 1000000

static void costs_are_exact(void)
{
	struct catalog *c = rig_catalog(
		"model m provider=openai input=3000000 output=15000000 cache-read=300000 "
		"cache-write=3750000 cache-write-1h=6000000 long=1000 long-input=6000000 "
		"long-output=22500000 long-cache-read=600000 long-cache-write=7500000 "
		"long-cache-write-1h=12000000 priced=2026-01-01\n");
	static const struct {
		uint64_t input, output, read, write;
		bool hour;
		uint64_t cost;
	} cases[] = {
		{ 0, 0, 0, 0, false, 0 },
		{ 1, 0, 0, 0, false, 3 },
		{ 0, 1, 0, 0, false, 15 },
		{ 1, 0, 1, 0, false, 1 }, /* 0.3 rounds up */
		{ 3, 0, 3, 0, false, 1 },
		{ 4, 0, 4, 0, false, 2 }, /* 1.2 */
		{ 10, 0, 10, 0, false, 3 },
		{ 1, 0, 0, 1, false, 4 }, /* 3.75 */
		{ 1, 0, 0, 1, true, 6 },
		{ 1000, 100, 600, 300, false, 300 + 180 + 1125 + 1500 },
		{ 1000, 0, 0, 0, false, 3000 },
		{ 1001, 0, 0, 0, false, 6006 }, /* all of it, not what is above */
		{ 1001, 2, 1, 0, false, 6000 + 45 + 1 },
		{ 1001, 0, 0, 1001, true, 12012 },
		/* More of the cache than of input: charged for all that is said. */
		{ 5, 0, 10, 0, false, 3 },
	};
	const struct model *m = model_in(c, "m");
	struct call_usage usage;
	uint64_t cost;
	size_t i;
	int rc;

	REQUIRE(m);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		usage = (struct call_usage){ .input = cases[i].input,
					     .output = cases[i].output,
					     .cache_read = cases[i].read,
					     .cache_write = cases[i].write,
					     .given = true };
		cost = 77;
		rc = price_cost(m, &usage, cases[i].hour, TODAY, &cost);
		CHECK_MSG(rc == 0 && cost == cases[i].cost, "%zu: %d, %llu not %llu", i, rc,
			  (unsigned long long)cost, (unsigned long long)cases[i].cost);
	}
	catalog_free(c);
}

static void costs_that_are_not_known_are_errors(void)
{
	struct catalog *c = rig_catalog(
		"model bare provider=openai\n"
		"model old provider=openai input=1 output=1 priced=2026-01-01 until=2026-11-29\n"
		"model dear provider=openai input=10000000000 output=10000000000 "
		"priced=2026-01-01\n");
	struct call_usage usage = { .input = 1, .given = true };
	uint64_t cost = 77;

	REQUIRE(c);
	CHECK_INT(price_cost(model_in(c, "bare"), &usage, false, TODAY, &cost), -ENODATA);
	CHECK_INT(price_cost(model_in(c, "old"), &usage, false, TODAY, &cost), -ENODATA);
	CHECK_INT(price_cost(model_in(c, "old"), &usage, false, TODAY - 1, &cost), 0);
	usage.given = false;
	CHECK_INT(price_cost(model_in(c, "dear"), &usage, false, TODAY, &cost), -ENOMSG);
	usage = (struct call_usage){ .input = UINT64_MAX, .given = true };
	cost = 77;
	CHECK_INT(price_cost(model_in(c, "dear"), &usage, false, TODAY, &cost), -EOVERFLOW);
	usage = (struct call_usage){ .cache_read = UINT64_MAX, .cache_write = 1, .given = true };
	CHECK_INT(price_cost(model_in(c, "dear"), &usage, false, TODAY, &cost), -EOVERFLOW);
	/* The last number is no amount: it says "no limit". */
	usage = (struct call_usage){ .input = UINT64_MAX / 10000, .given = true };
	CHECK_INT(price_cost(model_in(c, "dear"), &usage, false, TODAY, &cost), 0);
	CHECK(cost == UINT64_MAX / 10000 * 10000);
	usage.input++;
	CHECK_INT(price_cost(model_in(c, "dear"), &usage, false, TODAY, &cost), -EOVERFLOW);
	catalog_free(c);
}

static void the_worst_case_is_as_documented(void)
{
	struct catalog *c = rig_catalog(
		"model m provider=openai input=2000000 output=10000000 cache-read=1 "
		"cache-write=3000000 cache-write-1h=4000000 context=200k max-output=1k "
		"priced=2026-01-01\n"
		"model open provider=openai input=2000000 output=10000000 priced=2026-01-01\n"
		"model tiers provider=openai input=1000000 output=1000000 long=100k "
		"long-input=2000000 long-output=3000000 context=1M max-output=10 "
		"priced=2026-01-01\n"
		"model bare provider=openai context=1M max-output=10\n");
	static const struct {
		const char *model;
		struct price_ask ask;
		int rc;
		uint64_t cost;
	} cases[] = {
		{ "m", { .body = 0 }, 0, LIMIT_HIDDEN_TOKENS * 3ULL + 10000 },
		{ "m", { .body = 100 }, 0, (100 + LIMIT_HIDDEN_TOKENS) * 3ULL + 10000 },
		{ "m",
		  { .body = 100, .attached = 50 },
		  0,
		  (150 + LIMIT_HIDDEN_TOKENS) * 3ULL + 10000 },
		{ "m",
		  { .body = 100, .cache_hour = true },
		  0,
		  (100 + LIMIT_HIDDEN_TOKENS) * 4ULL + 10000 },
		{ "m",
		  { .body = 100, .max_tokens = 5 },
		  0,
		  (100 + LIMIT_HIDDEN_TOKENS) * 3ULL + 50 },
		{ "m",
		  { .body = 100, .max_tokens = 5, .choices = 3 },
		  0,
		  (100 + LIMIT_HIDDEN_TOKENS) * 3ULL + 150 },
		{ "m", { .body = 10 * MILLION }, 0, 600000 + 10000 },
		{ "m", { .body = 1, .beyond_body = true }, 0, 600000 + 10000 },
		{ "m", { .body = 1, .max_tokens = 5, .choices = LIMIT_CHOICES + 1 }, -EINVAL, 0 },
		{ "m", { .body = UINT64_MAX }, -EOVERFLOW, 0 },
		{ "m", { .body = 1, .max_tokens = UINT64_MAX, .choices = 2 }, -EOVERFLOW, 0 },
		{ "m", { .body = 100, .input_only = true }, 0, (100 + LIMIT_HIDDEN_TOKENS) * 3ULL },
		/* Many texts, each of which may fill the window. */
		{ "m",
		  { .body = 10 * MILLION, .input_only = true },
		  0,
		  (10 * MILLION + LIMIT_HIDDEN_TOKENS) * 3ULL },
		{ "m", { .body = 1, .input_only = true, .beyond_body = true }, -ENODATA, 0 },
		{ "open", { .body = 1, .input_only = true }, 0, (1 + LIMIT_HIDDEN_TOKENS) * 2ULL },
		{ "open", { .body = 1 }, -ENODATA, 0 },
		{ "open",
		  { .body = 1, .max_tokens = 1 },
		  0,
		  (1 + LIMIT_HIDDEN_TOKENS) * 2ULL + 10 },
		{ "open", { .body = 1, .max_tokens = 1, .beyond_body = true }, -ENODATA, 0 },
		{ "tiers", { .body = 1 }, 0, 1 + LIMIT_HIDDEN_TOKENS + 10 },
		{ "tiers", { .body = 100000 - LIMIT_HIDDEN_TOKENS }, 0, 100000 + 10 },
		{ "tiers", { .body = 100001 - LIMIT_HIDDEN_TOKENS }, 0, 200002 + 30 },
		{ "bare", { .body = 1 }, -ENODATA, 0 },
	};
	const struct model *m;
	uint64_t cost;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		m = model_in(c, cases[i].model);
		REQUIRE(m);
		cost = 0;
		rc = price_worst(m, &cases[i].ask, TODAY, &cost);
		CHECK_MSG(rc == cases[i].rc && cost == cases[i].cost, "%zu: %d, %llu not %llu", i,
			  rc, (unsigned long long)cost, (unsigned long long)cases[i].cost);
	}
	CHECK_INT(price_worst_tokens(model_in(c, "bare"), &(struct price_ask){ .body = 1 }, &cost),
		  0);
	CHECK_INT(cost, 1 + LIMIT_HIDDEN_TOKENS + 10);
	catalog_free(c);
}

/* xorshift: the same numbers each time. */
static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void no_call_costs_more_than_its_worst_case(void)
{
	struct catalog *c = rig_catalog("");
	const struct model *m;
	uint64_t state = 1, worst, cost, prompt, all, sum;
	size_t i, k;

	REQUIRE(c);
	for (i = 0; (m = catalog_model_at(c, i)); i++) {
		if (!m->has_price)
			continue;
		for (k = 0; k < 2000; k++) {
			struct price_ask ask = { .body = random_next(&state) % 2000000,
						 .max_tokens = 1 + random_next(&state) % 200000,
						 .cache_hour = random_next(&state) & 1 };
			struct call_usage usage = { .given = true };

			REQUIRE(price_worst(m, &ask, TODAY, &worst) == 0);
			prompt = ask.body;
			if (m->context && prompt > m->context)
				prompt = m->context;
			usage.input = random_next(&state) % (prompt + 1);
			usage.output = random_next(&state) % (ask.max_tokens + 1);
			usage.cache_read = random_next(&state) % (usage.input + 1);
			usage.cache_write = random_next(&state) %
					    (usage.input - usage.cache_read + 1);
			REQUIRE(price_cost(m, &usage, ask.cache_hour, TODAY, &cost) == 0);
			CHECK_MSG(cost <= worst, "%s: %llu > %llu", m->name,
				  (unsigned long long)cost, (unsigned long long)worst);
			/* And rounded up by less than one. */
			if (m->long_above && usage.input > m->long_above)
				continue;
			all = usage.input - usage.cache_read - usage.cache_write;
			sum = all * m->prices.input + usage.output * m->prices.output +
			      usage.cache_read * m->prices.cache_read +
			      usage.cache_write * (ask.cache_hour ? m->prices.cache_hour :
								    m->prices.cache_write);
			CHECK(cost * MILLION >= sum && cost * MILLION < sum + MILLION);
		}
	}
	catalog_free(c);
}

static const struct tap_test tests[] = {
	TEST(what_is_built_in_makes_sense),
	TEST(a_row_is_read),
	TEST(an_administrators_row_takes_the_place),
	TEST(what_is_no_model_is_refused_in_one_line),
	TEST(costs_are_exact),
	TEST(costs_that_are_not_known_are_errors),
	TEST(the_worst_case_is_as_documented),
	TEST(no_call_costs_more_than_its_worst_case),
};

TAP_MAIN(tests)
