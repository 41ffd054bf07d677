// SPDX-License-Identifier: GPL-2.0-or-later
/* Model calls that wait for their turns: no more at once than a provider takes, in its order, and nobody holds a turn that it does not need. */
#define CLIENTS "tests/unit/call_turns.py"
#include "tests/unit/call_stage.h"

static const char *terms; /* of the provider that takes few */

static void few_write(FILE *f, uint16_t port)
{
	fprintf(f,
		"provider few wire=openai-chat url=http://127.0.0.1:%u/few auth=none %s\n"
		"model few-model provider=few id=small input=$1 output=$1 priced=2026-11-30 "
		"context=1000 max-output=10\n"
		"model spare-model provider=few id=spare input=$1 output=$1 priced=2026-11-30 "
		"context=1000 max-output=10\n"
		"model open-model provider=open id=small input=$1 output=$1 priced=2026-11-30 "
		"context=1000 max-output=10\n"
		"fallback spare-model to=open-model\n",
		port, terms);
}

static void run(const char *group, const char *with)
{
	terms = with;
	stage_rows = few_write;
	group_run(group);
}

static void calls_go_as_they_came(void)
{
	run("fifo", "slots=1");
}

static void no_more_go_than_a_provider_takes(void)
{
	run("most_at_once", "slots=2 order=rr");
}

static void who_was_served_least_is_next(void)
{
	run("fair", "slots=1 order=fair");
}

static void no_more_wait_than_may(void)
{
	run("full", "slots=1 queue=1 order=cognitive");
}

static void who_is_gone_has_no_turn(void)
{
	run("gone", "slots=1");
}

static void who_does_not_read_holds_none(void)
{
	run("unread", "slots=1");
}

static void who_is_asked_again_waits_again(void)
{
	run("again", "slots=1");
}

static void nobody_waits_for_long(void)
{
	stage_turn = 2500;
	run("late", "slots=1");
	stage_turn = 700;
	run("hopeless", "slots=1");
	stage_turn = 0;
}

static void a_rate_is_kept(void)
{
	stage_turn = 700;
	run("rate", "requests-per-minute=6");
	stage_turn = 0;
}

/* What a record says of it: the second one waited, which is no work of ours. */
static void waiting_is_told_as_such(void)
{
	uint16_t provider;
	struct gate_called first, second;
	struct rig *r;

	terms = "slots=1";
	stage_rows = few_write;
	r = stage_open(&provider);
	REQUIRE(r);
	clients_run(r, "waits", provider);
	first = last_call(r, 1);
	second = last_call(r, 2);
	CHECK_MSG(first.queue_us < 500000, "%u", (unsigned int)first.queue_us);
	CHECK_MSG(second.queue_us >= 900000, "%u", (unsigned int)second.queue_us);
	CHECK_MSG(second.own_us < 500000, "%u", (unsigned int)second.own_us);
	rig_close(r);
}

static const struct tap_test tests[] = {
	TEST(calls_go_as_they_came),
	TEST(no_more_go_than_a_provider_takes),
	TEST(who_was_served_least_is_next),
	TEST(no_more_wait_than_may),
	TEST(who_is_gone_has_no_turn),
	TEST(who_does_not_read_holds_none),
	TEST(who_is_asked_again_waits_again),
	TEST(nobody_waits_for_long),
	TEST(a_rate_is_kept),
	TEST(waiting_is_told_as_such),
};

int main(int argc, char **argv)
{
	return stage_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
