// SPDX-License-Identifier: GPL-2.0-or-later
/* Model calls between hostile providers and hostile clients: each ends, is told once, and is paid for. */
#define CLIENTS "tests/unit/call_hostile.py"
#include "tests/unit/call_stage.h"

/* Calls of the clients' group "drips": heads, then whole answers of each wire, then streams. */
#define DRIPS 9
/* Of "leavers": those that leave, and those that do not. */
#define LEAVERS 8
#define STAYERS 7

static bool nothing_is_held(const struct rig *r)
{
	return !rig_budget(r, AGENT_MODELS, AGENTOS_RESOURCE_TOKENS).reserved &&
	       !rig_budget(r, AGENT_MODELS, AGENTOS_RESOURCE_MICRODOLLARS).reserved;
}

/* Both limits; what was reserved is given back at the end. */
static void hostile_run(const char *group, uint64_t most, uint64_t money, uint64_t *ret_used)
{
	uint16_t provider;
	struct rig *r = stage_open(&provider);

	REQUIRE(r);
	rig_allow(r, AGENT_MODELS, AGENTOS_RESOURCE_TOKENS, most);
	rig_allow(r, AGENT_MODELS, AGENTOS_RESOURCE_MICRODOLLARS, money);
	clients_run(r, group, provider);
	CHECK(RIG_WAIT(r, r->call_count > 0 && nothing_is_held(r)));
	if (ret_used)
		*ret_used = rig_budget(r, AGENT_MODELS, AGENTOS_RESOURCE_TOKENS).used;
	rig_close(r);
}

static void any_answer_is_passed_on_or_refused(void)
{
	hostile_run("answers", AGENTOS_BUDGET_UNLIMITED, AGENTOS_BUDGET_UNLIMITED, NULL);
}

static void connections_are_kept_as_long_as_they_are_sound(void)
{
	hostile_run("kept", AGENTOS_BUDGET_UNLIMITED, AGENTOS_BUDGET_UNLIMITED, NULL);
}

/* The other transport, which else https alone has; in what both take they do not differ. */
static void libcurl_does_the_same(void)
{
	rig_libcurl = true;
	setenv("RIG_LIBCURL", "1", 1);
	hostile_run("answers", AGENTOS_BUDGET_UNLIMITED, AGENTOS_BUDGET_UNLIMITED, NULL);
	hostile_run("kept", AGENTOS_BUDGET_UNLIMITED, AGENTOS_BUDGET_UNLIMITED, NULL);
	unsetenv("RIG_LIBCURL");
	rig_libcurl = false;
}

static void a_provider_that_refuses_is_not_asked_for_ever(void)
{
	uint64_t used = 1;

	hostile_run("storms", AGENTOS_BUDGET_UNLIMITED, AGENTOS_BUDGET_UNLIMITED, &used);
	CHECK_INT(used, 0);
}

static void what_a_provider_says_of_trying_again_is_done(void)
{
	hostile_run("words", AGENTOS_BUDGET_UNLIMITED, AGENTOS_BUDGET_UNLIMITED, NULL);
}

static void any_stream_ends(void)
{
	hostile_run("streams", AGENTOS_BUDGET_UNLIMITED, AGENTOS_BUDGET_UNLIMITED, NULL);
}

static void no_wording_makes_a_call_look_small(void)
{
	hostile_run("bounds", 5000, AGENTOS_BUDGET_UNLIMITED, NULL);
}

static void what_tokens_do_not_price_is_not_let_through(void)
{
	hostile_run("priced", AGENTOS_BUDGET_UNLIMITED, 10000000, NULL);
}

/* 1000 tokens of an answer are reserved, 7 and 1 were told: what came counts. */
static void who_leaves_before_the_end_pays(void)
{
	uint64_t used = 0;

	hostile_run("gone", AGENTOS_BUDGET_UNLIMITED, AGENTOS_BUDGET_UNLIMITED, &used);
	CHECK_MSG(used > 1000, "%llu", (unsigned long long)used);
}

/* 10 for what was answered, and the prompts of two that broke; nothing for a refusal. */
static void what_broke_counts_and_what_was_refused_does_not(void)
{
	uint64_t used = 0;

	hostile_run("broken", AGENTOS_BUDGET_UNLIMITED, AGENTOS_BUDGET_UNLIMITED, &used);
	CHECK_MSG(used > 10 && used < 200, "%llu", (unsigned long long)used);
}

static void seals_go_to_who_made_them(void)
{
	hostile_run("seals", AGENTOS_BUDGET_UNLIMITED, AGENTOS_BUDGET_UNLIMITED, NULL);
}

/* However busy they look. What came is paid for, and the log says why it ended. */
static void who_drips_has_an_end(void)
{
	uint16_t provider;
	struct rig *r;
	size_t i;

	stage_deadline = 1500;
	r = stage_open(&provider);
	stage_deadline = 0;
	REQUIRE(r);
	clients_run(r, "drips", provider);
	CHECK(RIG_WAIT(r, r->call_count == DRIPS && nothing_is_held(r)));
	for (i = 0; i < DRIPS; i++) {
		CHECK_INT(r->calls[i].why, CALL_WHY_TIMEOUT);
		CHECK(r->calls[i].duration_us >= 1000000 && r->calls[i].duration_us < 8000000);
		CHECK(r->calls[i].input > 0);
		CHECK(r->calls[i].output > 0 || i < 2);
		CHECK_INT(r->calls[i].status, i < DRIPS / 2 + 1 ? 504 : 200);
	}
	rig_close(r);
}

/* Before anything is written to them. */
static void who_leaves_is_missed_at_once(void)
{
	uint16_t provider;
	struct rig *r = stage_open(&provider);
	size_t gone = 0, stayed = 0, i;

	REQUIRE(r);
	clients_run(r, "leavers", provider);
	CHECK(RIG_WAIT(r, r->call_count == LEAVERS + STAYERS && nothing_is_held(r)));
	for (i = 0; i < LEAVERS + STAYERS; i++) {
		gone += r->calls[i].why == CALL_WHY_CLIENT_GONE;
		stayed += r->calls[i].why == CALL_WHY_NONE;
		CHECK(r->calls[i].duration_us < 5000000);
		/* Its provider may have counted it. */
		CHECK(r->calls[i].input > 0);
	}
	CHECK_INT(gone, LEAVERS);
	CHECK_INT(stayed, STAYERS);
	rig_close(r);
}

static const struct tap_test tests[] = {
	TEST(any_answer_is_passed_on_or_refused),
	TEST(connections_are_kept_as_long_as_they_are_sound),
	TEST(libcurl_does_the_same),
	TEST(a_provider_that_refuses_is_not_asked_for_ever),
	TEST(what_a_provider_says_of_trying_again_is_done),
	TEST(any_stream_ends),
	TEST(no_wording_makes_a_call_look_small),
	TEST(what_tokens_do_not_price_is_not_let_through),
	TEST(who_leaves_before_the_end_pays),
	TEST(what_broke_counts_and_what_was_refused_does_not),
	TEST(seals_go_to_who_made_them),
	TEST(who_drips_has_an_end),
	TEST(who_leaves_is_missed_at_once),
};

int main(int argc, char **argv)
{
	return stage_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
