// SPDX-License-Identifier: GPL-2.0-or-later
/* Allowances: so often at once, one more with time, each agent for itself, and no place without an end. */
#include "gateway/allowance.h"

#include "base/limits.h"
#include "tests/tap.h"

#define BEGIN 1000000

/* How often it may at that moment, and what it is told then. */
static unsigned int drain(struct allowance *a, uint64_t agent, uint64_t now_ms, uint64_t *ret_wait)
{
	unsigned int count = 0;

	while (count < 10 * LIMIT_CALL_COUNTS && !(*ret_wait = allowance_take(a, agent, now_ms)))
		count++;
	return count;
}

static void so_often_at_once_and_more_with_time(void)
{
	struct allowance *a;
	uint64_t wait;

	REQUIRE(allowance_open(&a) == 0);
	CHECK_INT(drain(a, 7, BEGIN, &wait), LIMIT_CALL_COUNTS);
	CHECK_INT(wait, LIMIT_CALL_COUNT_MS);
	/* What was refused has taken nothing. */
	CHECK_INT(drain(a, 7, BEGIN + LIMIT_CALL_COUNT_MS - 1, &wait), 0);
	CHECK_INT(wait, 1);
	CHECK_INT(drain(a, 7, BEGIN + LIMIT_CALL_COUNT_MS, &wait), 1);
	CHECK_INT(drain(a, 7, BEGIN + 4 * LIMIT_CALL_COUNT_MS, &wait), 3);
	/* Never more than all. */
	CHECK_INT(drain(a, 7, 2 * BEGIN, &wait), LIMIT_CALL_COUNTS);
	allowance_close(a);
}

static void each_agent_has_its_own(void)
{
	struct allowance *a;
	uint64_t wait;

	REQUIRE(allowance_open(&a) == 0);
	CHECK_INT(drain(a, 7, BEGIN, &wait), LIMIT_CALL_COUNTS);
	CHECK_INT(drain(a, 8, BEGIN, &wait), LIMIT_CALL_COUNTS);
	CHECK_INT(drain(a, 7, BEGIN, &wait), 0);
	allowance_close(a);
}

static void who_comes_when_there_is_no_place_waits(void)
{
	struct allowance *a;
	uint64_t i, wait;

	REQUIRE(allowance_open(&a) == 0);
	CHECK_INT(drain(a, 1, BEGIN, &wait), LIMIT_CALL_COUNTS);
	for (i = 2; i <= LIMIT_GATE_AGENTS; i++)
		CHECK_INT(allowance_take(a, i, BEGIN), 0);
	CHECK_INT(allowance_take(a, i, BEGIN), LIMIT_CALL_COUNT_MS);
	/* Nobody gives up his place for that. */
	CHECK(allowance_take(a, 1, BEGIN) != 0);
	CHECK_INT(allowance_take(a, i, BEGIN + LIMIT_CALL_COUNT_MS), 0);
	allowance_close(a);
}

static const struct tap_test tests[] = {
	TEST(so_often_at_once_and_more_with_time),
	TEST(each_agent_has_its_own),
	TEST(who_comes_when_there_is_no_place_waits),
};

int main(int argc, char **argv)
{
	return tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
