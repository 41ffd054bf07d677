// SPDX-License-Identifier: GPL-2.0-or-later
/* Circuit breakers: when one opens, what it lets through then, and when it closes. */
#include <stdint.h>

#include "llm/breaker.h"
#include "tests/tap.h"

static const struct breaker_terms terms = {
	.window_ms = 16000, /* slots of a second */
	.least = 4,
	.percent = 50,
	.open_ms = 5000,
	.open_cap_ms = 12000,
	.trials = 2,
};

static bool take(struct breaker *b, uint64_t now, struct breaker_ticket *ticket)
{
	uint64_t wait;

	return breaker_take(b, now, ticket, &wait);
}

/* As many calls, one after the other. */
static void calls(struct breaker *b, uint64_t now, unsigned int count, bool failed)
{
	struct breaker_ticket ticket;

	while (count-- > 0 && take(b, now, &ticket))
		breaker_report(b, now, ticket, failed);
}

static void it_opens_at_the_share_of_failures(void)
{
	struct breaker_ticket ticket;
	struct breaker b;
	uint64_t wait = 0;

	breaker_init(&b, &terms, 100000);
	calls(&b, 100000, 3, true);
	CHECK_INT(breaker_state(&b, 100000), BREAKER_CLOSED); /* too few to say */
	calls(&b, 100000, 1, true);
	CHECK_INT(breaker_state(&b, 100000), BREAKER_OPEN);
	CHECK(!breaker_take(&b, 101000, &ticket, &wait));
	CHECK_INT(wait, 4000);

	breaker_init(&b, &terms, 0);
	calls(&b, 0, 5, false);
	calls(&b, 0, 4, true);
	CHECK_INT(breaker_state(&b, 0), BREAKER_CLOSED);
	calls(&b, 0, 1, true);
	CHECK_INT(breaker_state(&b, 0), BREAKER_OPEN);
}

static void old_calls_leave_the_window(void)
{
	struct breaker b;
	uint64_t now;

	breaker_init(&b, &terms, 0);
	calls(&b, 500, 3, true);
	/* 15 s later the slot is still in it, 16 s later it is not. */
	calls(&b, 15999, 1, true);
	CHECK_INT(breaker_state(&b, 15999), BREAKER_OPEN);
	breaker_init(&b, &terms, 0);
	calls(&b, 500, 3, true);
	calls(&b, 16000, 1, true);
	CHECK_INT(breaker_state(&b, 16000), BREAKER_CLOSED);
	/* One failure every 5 s is never four in 16. */
	breaker_init(&b, &terms, 0);
	for (now = 0; now < 1000000; now += 6000)
		calls(&b, now, 1, true);
	CHECK_INT(breaker_state(&b, now), BREAKER_CLOSED);
	/* Long after all of it, nothing of it counts. */
	breaker_init(&b, &terms, 0);
	calls(&b, 0, 3, true);
	calls(&b, UINT64_MAX / 2, 3, true);
	CHECK_INT(breaker_state(&b, UINT64_MAX / 2), BREAKER_CLOSED);
}

static void half_open_lets_a_few_through(void)
{
	struct breaker_ticket first, second, third;
	struct breaker b;
	uint64_t wait = 0;

	breaker_init(&b, &terms, 0);
	calls(&b, 0, 4, true);
	CHECK(!take(&b, 4999, &first));
	CHECK_INT(breaker_state(&b, 5000), BREAKER_HALF_OPEN);
	CHECK(take(&b, 5000, &first) && take(&b, 5000, &second));
	CHECK(!breaker_take(&b, 5000, &third, &wait) && wait > 0);
	/* One that came to nothing makes room for another. */
	breaker_cancel(&b, first);
	CHECK(take(&b, 5000, &first));
	breaker_report(&b, 5100, first, false);
	CHECK(!take(&b, 5100, &third));
	CHECK_INT(breaker_state(&b, 5100), BREAKER_HALF_OPEN);
	breaker_report(&b, 5200, second, false);
	CHECK_INT(breaker_state(&b, 5200), BREAKER_CLOSED);
	/* What was before is forgotten. */
	calls(&b, 5300, 3, true);
	CHECK_INT(breaker_state(&b, 5300), BREAKER_CLOSED);
	calls(&b, 5300, 1, true);
	CHECK_INT(breaker_state(&b, 5300), BREAKER_OPEN);
}

static void a_slow_trial_does_not_keep_others_back(void)
{
	struct breaker_ticket slow[2], other, third;
	struct breaker b;
	uint64_t wait = 0;

	breaker_init(&b, &terms, 0);
	calls(&b, 0, 4, true);
	CHECK(take(&b, 5000, &slow[0]) && take(&b, 6000, &slow[1]));
	CHECK(!breaker_take(&b, 10500, &other, &wait));
	CHECK_INT(wait, 500);
	CHECK(!take(&b, 10999, &other));
	/* One more, and no other for as long again. */
	CHECK(take(&b, 11000, &other) && other.trial);
	CHECK(!take(&b, 11000, &third) && !take(&b, 15999, &third));
	/* Those that are slow still count. */
	breaker_report(&b, 12000, slow[0], false);
	CHECK_INT(breaker_state(&b, 12000), BREAKER_HALF_OPEN);
	breaker_report(&b, 12000, other, false);
	CHECK_INT(breaker_state(&b, 12000), BREAKER_CLOSED);
	breaker_report(&b, 12000, slow[1], true);
	CHECK_INT(breaker_state(&b, 12000), BREAKER_CLOSED);

	/* However slow, and however many: a failure is one. */
	breaker_init(&b, &terms, 0);
	calls(&b, 0, 4, true);
	CHECK(take(&b, 5000, &slow[0]) && take(&b, 5000, &slow[1]) && take(&b, 10000, &other));
	breaker_report(&b, 900000, slow[1], true);
	CHECK_INT(breaker_state(&b, 900000), BREAKER_OPEN);
	/* A clock that goes back brings none on. */
	breaker_init(&b, &terms, 0);
	calls(&b, 0, 4, true);
	CHECK(take(&b, 9000, &slow[0]) && take(&b, 9000, &slow[1]) && !take(&b, 10, &other));
}

static void a_failed_trial_opens_for_longer(void)
{
	static const uint64_t lengths[] = { 5000, 10000, 12000, 12000 };
	struct breaker_ticket ticket;
	struct breaker b;
	uint64_t now = 0;
	size_t i;

	breaker_init(&b, &terms, 0);
	calls(&b, 0, 4, true);
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		CHECK(!take(&b, now + lengths[i] - 1, &ticket));
		now += lengths[i];
		CHECK(take(&b, now, &ticket));
		breaker_report(&b, now, ticket, true);
		CHECK_INT(breaker_state(&b, now), BREAKER_OPEN);
	}
	/* Once it was well again it begins with the shortest. */
	now += 12000;
	calls(&b, now, 2, false);
	CHECK_INT(breaker_state(&b, now), BREAKER_CLOSED);
	calls(&b, now, 4, true);
	CHECK(!take(&b, now + 4999, &ticket) && take(&b, now + 5000, &ticket));
}

static void late_reports_of_another_time_do_not_count(void)
{
	struct breaker_ticket early, trial, other;
	struct breaker b;

	breaker_init(&b, &terms, 0);
	CHECK(take(&b, 0, &early));
	calls(&b, 0, 4, true);
	CHECK(take(&b, 5000, &trial) && take(&b, 5000, &other));
	/* One that was let through before it opened tells nothing of how it is now. */
	breaker_report(&b, 5000, early, true);
	CHECK_INT(breaker_state(&b, 5000), BREAKER_HALF_OPEN);
	breaker_report(&b, 5001, trial, true);
	CHECK_INT(breaker_state(&b, 5001), BREAKER_OPEN);
	breaker_report(&b, 5002, other, false);
	breaker_cancel(&b, other);
	CHECK_INT(breaker_state(&b, 5002), BREAKER_OPEN);
	CHECK(take(&b, 15001, &trial) && take(&b, 15001, &other) && !take(&b, 15001, &early));
}

static void a_clock_that_goes_back_does_no_harm(void)
{
	struct breaker b;

	breaker_init(&b, &terms, 50000);
	calls(&b, 50000, 2, true);
	calls(&b, 10, 2, true);
	CHECK_INT(breaker_state(&b, 10), BREAKER_OPEN);
	breaker_init(&b, &(struct breaker_terms){ 0 }, 0);
	calls(&b, 0, 3, false);
	CHECK_INT(breaker_state(&b, 0), BREAKER_CLOSED);
}

static void states_have_names(void)
{
	CHECK_STR(breaker_state_name(BREAKER_CLOSED), "closed");
	CHECK_STR(breaker_state_name(BREAKER_OPEN), "open");
	CHECK_STR(breaker_state_name(BREAKER_HALF_OPEN), "half-open");
}

static const struct tap_test tests[] = {
	TEST(it_opens_at_the_share_of_failures),   TEST(old_calls_leave_the_window),
	TEST(half_open_lets_a_few_through),	   TEST(a_slow_trial_does_not_keep_others_back),
	TEST(a_failed_trial_opens_for_longer),	   TEST(late_reports_of_another_time_do_not_count),
	TEST(a_clock_that_goes_back_does_no_harm), TEST(states_have_names),
};

TAP_MAIN(tests)
