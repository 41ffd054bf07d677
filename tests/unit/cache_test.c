// SPDX-License-Identifier: GPL-2.0-or-later
/* The answer cache: same bytes and same scope or nothing, within its bounds, and nobody empties it for others. */
#include <stdint.h>

#include "base/limits.h"
#include "llm/cache.h"
#include "tests/tap.h"

#define LIMIT (64 << 10)
#define TTL   1000

/* In two pieces: where they are cut does not count. */
static struct cache_question question(uint64_t agent, const char *body)
{
	static struct iovec pieces[64][2];
	static size_t next;
	struct iovec *p = pieces[next++ % 64];
	const size_t len = strlen(body), cut = next % (len + 1);

	p[0] = (struct iovec){ (void *)body, cut };
	p[1] = (struct iovec){ (void *)(body + cut), len - cut };
	return (struct cache_question){ .agent = agent,
					.wire = WIRE_ANTHROPIC,
					.provider = "p",
					.model = "m",
					.body = p,
					.body_count = 2 };
}

static struct cache_key key_of(uint64_t agent, const char *body)
{
	const struct cache_question q = question(agent, body);
	struct cache_key key = { 0 };

	CHECK_INT(cache_key(&q, &key), 0);
	return key;
}

static int keep(struct cache *c, const struct cache_key *key, uint64_t now, const char *text)
{
	const struct cache_answer answer = { .content_type = "text/x",
					     .bytes = text,
					     .len = strlen(text),
					     .usage = { .input = 3, .given = true } };

	return cache_keep(c, key, now, &answer, true);
}

/* What is there under the key, or "". */
static const char *got(struct cache *c, const struct cache_key *key, uint64_t now)
{
	static char text[256];
	const struct cache_answer *answer = cache_get(c, key, now);

	text[0] = '\0';
	if (answer)
		snprintf(text, sizeof(text), "%.*s", (int)answer->len, (const char *)answer->bytes);
	cache_put_back(answer);
	return text;
}

static void each_part_of_a_call_tells_it_apart(void)
{
	struct cache_question variants[16];
	struct cache_key keys[16];
	size_t count = 0, i, k;

	variants[count++] = question(1, "body");
	variants[count++] = question(2, "body");
	variants[count++] = question(1, "body ");
	variants[count++] = question(1, "bod");
	variants[count] = question(1, "body");
	variants[count++].wire = WIRE_GEMINI;
	variants[count] = question(1, "body");
	variants[count++].stream = true;
	variants[count] = question(1, "body");
	variants[count++].provider = "q";
	variants[count] = question(1, "body");
	variants[count++].model = "n";
	/* The border between two parts is a part of it. */
	variants[count] = question(1, "body");
	variants[count].provider = "pm";
	variants[count++].model = "";
	variants[count] = question(1, "mbody");
	variants[count++].model = "";
	variants[count] = question(1, "body");
	variants[count++].shared = "team";
	variants[count] = question(1, "body");
	variants[count++].shared = "other";
	/* A shared scope that is called as an agent's number. */
	variants[count] = question(1, "body");
	variants[count++].shared = "\1\0\0\0\0\0\0";
	for (i = 0; i < count; i++)
		CHECK_INT(cache_key(&variants[i], &keys[i]), 0);
	for (i = 0; i < count; i++)
		for (k = 0; k < i; k++)
			CHECK_MSG(memcmp(keys[i].bytes, keys[k].bytes, CACHE_KEY) != 0, "%zu %zu",
				  i, k);
}

static void a_shared_scope_is_one_whoever_asks(void)
{
	struct cache_question one = question(1, "b"), two = question(2, "b");
	struct cache_key a, b;

	one.shared = two.shared = "team";
	CHECK_INT(cache_key(&one, &a), 0);
	CHECK_INT(cache_key(&two, &b), 0);
	CHECK(memcmp(a.bytes, b.bytes, CACHE_KEY) == 0 && a.scope == b.scope);
}

static void what_is_kept_comes_back(void)
{
	struct cache_key one = key_of(1, "a"), two = key_of(2, "a");
	const struct cache_answer *answer;
	struct cache_stats stats;
	struct cache *c;

	REQUIRE(cache_create(LIMIT, TTL, &c) == 0);
	CHECK_STR(got(c, &one, 0), "");
	CHECK_INT(keep(c, &one, 0, "first"), 0);
	CHECK_STR(got(c, &one, 5), "first");
	CHECK_STR(got(c, &two, 5), ""); /* never another agent's */
	CHECK_INT(keep(c, &one, 6, "second"), 0);
	CHECK_STR(got(c, &one, 7), "second");
	answer = cache_get(c, &one, 7);
	REQUIRE(answer);
	CHECK_STR(answer->content_type, "text/x");
	CHECK_INT(answer->usage.input, 3);
	CHECK_INT(answer->kept_ms, 6);
	cache_put_back(answer);
	CHECK_INT(keep(c, &one, 8, ""), 0);
	answer = cache_get(c, &one, 8);
	CHECK(answer && answer->len == 0);
	cache_put_back(answer);
	cache_stats(c, &stats);
	CHECK_INT(stats.hits, 4);
	CHECK_INT(stats.misses, 2);
	CHECK_INT(stats.kept, 3);
	CHECK_INT(stats.answers, 1);
	CHECK_INT(stats.evicted, 0);
	cache_free(c);
	cache_free(NULL);
	cache_put_back(NULL);
}

static void old_answers_are_none(void)
{
	struct cache_key key = key_of(1, "a");
	struct cache_stats stats;
	struct cache *c;

	REQUIRE(cache_create(LIMIT, TTL, &c) == 0);
	CHECK_INT(keep(c, &key, 100, "x"), 0);
	CHECK_STR(got(c, &key, 100 + TTL - 1), "x");
	CHECK_STR(got(c, &key, 50), "x"); /* a clock that went back */
	CHECK_STR(got(c, &key, 100 + TTL), "");
	cache_stats(c, &stats);
	CHECK_INT(stats.expired, 1);
	CHECK_INT(stats.answers, 0);
	CHECK_INT(stats.bytes, 0);
	cache_free(c);
}

static void halves_and_giants_are_not_kept(void)
{
	struct cache_key key = key_of(1, "a");
	struct cache_answer answer = { .content_type = "", .bytes = "x", .len = 1 };
	struct cache *c;

	REQUIRE(cache_create(LIMIT, TTL, &c) == 0);
	CHECK_INT(cache_keep(c, &key, 0, &answer, false), -EINVAL);
	answer.len = LIMIT / LIMIT_CACHE_SHARE;
	CHECK_INT(cache_keep(c, &key, 0, &answer, true), -EMSGSIZE);
	answer.len = SIZE_MAX;
	CHECK_INT(cache_keep(c, &key, 0, &answer, true), -EMSGSIZE);
	CHECK_STR(got(c, &key, 0), "");
	cache_free(c);
}

static void the_least_recently_used_goes_first(void)
{
	char text[4001], body[8];
	struct cache_stats stats;
	struct cache_key key, first = key_of(1, "0");
	struct cache *c;
	unsigned int i;

	memset(text, 'x', 4000);
	text[4000] = '\0';
	REQUIRE(cache_create(LIMIT, TTL, &c) == 0);
	CHECK_INT(keep(c, &first, 0, text), 0);
	/* Agents enough that no share is used up. */
	for (i = 1; i < 40; i++) {
		snprintf(body, sizeof(body), "%u", i);
		key = key_of(i + 1, body);
		CHECK_INT(keep(c, &key, i, text), 0);
		CHECK(got(c, &first, i)[0] == 'x');
		cache_stats(c, &stats);
		CHECK(stats.bytes <= LIMIT);
	}
	/* The second is long gone, the last is there. */
	key = key_of(2, "1");
	CHECK_STR(got(c, &key, 50), "");
	key = key_of(40, "39");
	CHECK(got(c, &key, 50)[0] == 'x');
	CHECK(stats.evicted > 20 && stats.answers >= 10);
	cache_free(c);
}

static void nobody_empties_it_for_others(void)
{
	char text[1001], body[8];
	struct cache_key key, other = key_of(1, "mine"), last = other;
	struct cache_stats stats;
	struct cache *c;
	unsigned int i;

	memset(text, 'x', 1000);
	text[1000] = '\0';
	REQUIRE(cache_create(LIMIT, TTL, &c) == 0);
	CHECK_INT(keep(c, &other, 0, "precious"), 0);
	for (i = 0; i < 1000; i++) {
		snprintf(body, sizeof(body), "%u", i);
		key = last = key_of(2, body);
		CHECK_INT(keep(c, &key, 1, text), 0);
	}
	CHECK_STR(got(c, &other, 2), "precious");
	CHECK(got(c, &last, 2)[0] == 'x');
	key = key_of(2, "0");
	CHECK_STR(got(c, &key, 2), "");
	cache_stats(c, &stats);
	CHECK(stats.bytes <= LIMIT / LIMIT_CACHE_SHARE + 1000);
	cache_free(c);
}

static void there_are_no_more_than_the_limit(void)
{
	struct cache_stats stats;
	struct cache_key key;
	struct cache *c;
	char body[16];
	unsigned int i;

	REQUIRE(cache_create((size_t)1 << 30, TTL, &c) == 0);
	for (i = 0; i < LIMIT_CACHE_ANSWERS + 100; i++) {
		snprintf(body, sizeof(body), "%u", i);
		key = key_of(1, body);
		if (keep(c, &key, 0, "x"))
			break;
	}
	cache_stats(c, &stats);
	CHECK_INT(stats.answers, LIMIT_CACHE_ANSWERS);
	CHECK_INT(stats.evicted, 100);
	cache_free(c);
}

static void there_are_no_more_scopes_than_the_limit(void)
{
	struct cache_stats stats;
	struct cache_key key;
	struct cache *c;
	uint64_t agent;

	REQUIRE(cache_create((size_t)1 << 30, TTL, &c) == 0);
	for (agent = 0; agent < LIMIT_CACHE_SCOPES + 10; agent++) {
		key = key_of(agent, "x");
		CHECK_INT(keep(c, &key, 0, "x"), 0);
	}
	cache_stats(c, &stats);
	CHECK_INT(stats.answers, LIMIT_CACHE_SCOPES);
	CHECK_INT(stats.evicted, 10);
	for (agent = 0; agent < 12; agent++) {
		key = key_of(agent, "x");
		CHECK_STR(got(c, &key, 0), agent < 10 ? "" : "x");
	}
	cache_free(c);
}

static void what_is_held_stays_as_it_is(void)
{
	struct cache_key key = key_of(1, "a");
	const struct cache_answer *one, *two;
	struct cache *c;

	REQUIRE(cache_create(LIMIT, TTL, &c) == 0);
	CHECK_INT(keep(c, &key, 0, "old"), 0);
	one = cache_get(c, &key, 1);
	two = cache_get(c, &key, 1);
	CHECK_INT(keep(c, &key, 2, "new"), 0);
	CHECK_STR(got(c, &key, 3), "new");
	CHECK_STR(got(c, &key, 2 + TTL), "");
	CHECK(one && one == two && one->len == 3 && !memcmp(one->bytes, "old", 3));
	cache_put_back(one);
	CHECK(two && !memcmp(two->bytes, "old", 3));
	cache_put_back(two);
	cache_free(c);
}

static void only_what_is_meant_to_repeat_is_kept(void)
{
	struct call_request r = { 0 };

	CHECK(!cache_may_keep(&r, false));
	r.temperature = (struct call_number){ 0, true };
	CHECK(cache_may_keep(&r, false));
	r.temperature.value = 0.01;
	CHECK(!cache_may_keep(&r, false));
	CHECK(cache_may_keep(&r, true));
}

static const struct tap_test tests[] = {
	TEST(each_part_of_a_call_tells_it_apart),
	TEST(a_shared_scope_is_one_whoever_asks),
	TEST(what_is_kept_comes_back),
	TEST(old_answers_are_none),
	TEST(halves_and_giants_are_not_kept),
	TEST(the_least_recently_used_goes_first),
	TEST(nobody_empties_it_for_others),
	TEST(there_are_no_more_than_the_limit),
	TEST(there_are_no_more_scopes_than_the_limit),
	TEST(what_is_held_stays_as_it_is),
	TEST(only_what_is_meant_to_repeat_is_kept),
};

TAP_MAIN(tests)
