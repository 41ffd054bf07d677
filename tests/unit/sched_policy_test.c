// SPDX-License-Identifier: GPL-2.0-or-later
/* Policies of the scheduler: whose call is next, and why. */
#include "sched/learn.h"
#include "tests/tap.h"
#include "tests/unit/sched_rig.h"

static void fifo_starts_calls_as_they_came(void)
{
	struct sched *s = rig_open(SCHED_FIFO, 1, 100);
	const sched_id a = rig_agent(s, 0), b = rig_agent(s, 0);
	sched_id calls[4];
	size_t i;

	for (i = 0; i < 4; i++)
		calls[i] = rig_call(s, i, i < 3 ? a : b);
	for (i = 0; i < 4; i++) {
		CHECK(rig_next(s, 10 + i) == calls[i]);
		CHECK_INT(rig_next(s, 10 + i), 0); /* one slot */
		CHECK_INT(rig_finish(s, 10 + i, calls[i]), 0);
	}
	sched_free(s);
}

static void round_robin_takes_one_call_of_each(void)
{
	struct sched *s = rig_open(SCHED_RR, 1, 100);
	const sched_id a = rig_agent(s, 0), b = rig_agent(s, 0);
	sched_id first, second, other;

	first = rig_call(s, 1, a);
	second = rig_call(s, 2, a);
	other = rig_call(s, 3, b);
	CHECK(rig_next(s, 4) == first);
	rig_finish(s, 5, first);
	CHECK(rig_next(s, 5) == other);
	rig_finish(s, 6, other);
	CHECK(rig_next(s, 6) == second);
	sched_free(s);
}

/* Of both kinds: whoever was served less is next, though it came later. */
static void who_was_served_less_is_next(enum sched_policy policy)
{
	struct sched *s = rig_open(policy, 1, 100);
	const sched_id a = rig_agent(s, 0), b = rig_agent(s, 0);
	struct sched_reason reason;
	char text[SCHED_REASON_TEXT];
	sched_id first, of_a, of_b;

	first = rig_call(s, 0, a);
	CHECK(rig_next(s, 0) == first);
	rig_finish(s, 10 * SECOND, first);
	of_a = rig_call(s, 10 * SECOND, a);
	of_b = rig_call(s, 10 * SECOND, b);
	REQUIRE(sched_compare(s, 10 * SECOND, of_a, of_b, &reason) == 0);
	CHECK(reason.swapped);
	CHECK_INT(reason.why, SCHED_WHY_SERVED);
	sched_reason_text(&reason, text);
	CHECK_MSG(strstr(text, "served less"), "%s", text);
	CHECK(rig_next(s, 10 * SECOND) == of_b);
	sched_free(s);
}

static void fair_takes_who_was_served_least(void)
{
	who_was_served_less_is_next(SCHED_FAIR);
}

static void cognitive_takes_who_was_served_least(void)
{
	who_was_served_less_is_next(SCHED_COGNITIVE);
}

static void a_rank_that_is_given_orders(void)
{
	struct sched *s = rig_open(SCHED_RANKED, 1, 100);
	const sched_id a = rig_agent(s, 0), b = rig_agent(s, 0);
	const struct sched_call high = { .agent = a, .rank = 9 }, low = { .agent = b, .rank = 8 };
	struct sched_refusal refusal;
	sched_id first, second;

	REQUIRE(sched_submit(s, 0, &high, &first, &refusal) == 0);
	REQUIRE(sched_submit(s, 0, &low, &second, &refusal) == 0);
	CHECK(rig_next(s, 0) == second);
	rig_finish(s, 0, second);
	CHECK(rig_next(s, 0) == first);
	sched_free(s);
}

/* A critical agent that was served much is before a new one, until its deadline is over. */
static void a_critical_agent_is_first_until_its_deadline(void)
{
	struct sched *s = rig_open(SCHED_COGNITIVE, 1, 100);
	const struct sched_agent terms = { .criticality = 90, .deadline_ns = 100 * SECOND };
	sched_id critical, call, other;
	uint64_t now;
	int i;

	REQUIRE(sched_agent_open(s, 0, &terms, &critical) == 0);
	for (i = 0; i < 120; i++) { /* what it may have ahead of others is saved up */
		other = rig_call(s, 0, rig_agent(s, 0));
		CHECK(rig_next(s, 0) == other);
		rig_finish(s, 0, other);
	}
	for (now = 10 * SECOND; now <= 110 * SECOND; now += 100 * SECOND) {
		call = rig_call(s, now, critical);
		rig_next(s, now);
		rig_finish(s, now + 5 * SECOND, call); /* served */
		other = rig_call(s, now + 5 * SECOND, rig_agent(s, now + 5 * SECOND));
		call = rig_call(s, now + 5 * SECOND, critical);
		CHECK(rig_next(s, now + 5 * SECOND) == (now < 100 * SECOND ? call : other));
		rig_finish(s, now + 5 * SECOND, call);
		rig_finish(s, now + 5 * SECOND, other);
		sched_cancel(s, now + 5 * SECOND, now < 100 * SECOND ? other : call);
	}
	sched_free(s);
}

/* New agents without end: one that was served long is started nevertheless, which by fair it is not. */
static bool old_one_starts(enum sched_policy policy)
{
	struct sched *s = rig_open(policy, 1, 100);
	const sched_id old = rig_agent(s, 0);
	sched_id call, next;
	uint64_t now = 50 * SECOND;
	bool starts = false;
	int i;

	call = rig_call(s, 0, old);
	rig_next(s, 0);
	rig_finish(s, now, call);
	call = rig_call(s, now, old);
	for (i = 0; i < 1000 && !starts; i++, now += SECOND) {
		rig_call(s, now, rig_agent(s, now));
		next = rig_next(s, now);
		starts = next == call;
		rig_finish(s, now + SECOND, next);
	}
	sched_free(s);
	return starts;
}

static void nobody_starves_by_cognitive(void)
{
	CHECK(old_one_starts(SCHED_COGNITIVE));
	CHECK(!old_one_starts(SCHED_FAIR)); /* so it would have, but for what is due */
}

/* Programs of class 1 make two calls, those of class 2 many: a new one of class 1 is first. */
static void classes_are_learned(void)
{
	struct sched *s = rig_open(SCHED_COGNITIVE, 1, 100);
	struct sched_agent terms = { .criticality = SCHED_CRITICALITY };
	sched_id agent, call, calls[2];
	struct sched_reason reason;
	uint64_t now = 0;
	int i, k;

	for (i = 0; i < 20; i++) {
		terms.class = 1 + i % 2;
		REQUIRE(sched_agent_open(s, now, &terms, &agent) == 0);
		for (k = 0; k < (i % 2 ? 40 : 2); k++, now += SECOND) {
			call = rig_call(s, now, agent);
			rig_next(s, now);
			rig_finish(s, now + SECOND, call);
		}
		sched_agent_close(s, now, agent, true);
	}
	for (i = 1; i >= 0; i--) {
		terms.class = (uint64_t)i + 1;
		REQUIRE(sched_agent_open(s, now, &terms, &agent) == 0);
		calls[i] = rig_call(s, now, agent);
	}
	REQUIRE(sched_compare(s, now, calls[0], calls[1], &reason) == 0);
	CHECK(!reason.swapped);
	CHECK_INT(reason.why, SCHED_WHY_SHORTER);
	CHECK(reason.ahead < reason.back / 2);
	CHECK(rig_next(s, now) == calls[0]);
	sched_free(s);
}

static void what_was_learned_grows_with_what_is_unknown(void)
{
	struct learn l = { 0 };
	int i, k;

	/* Nothing known: the longer it was, the longer it is thought to be. */
	CHECK(learn_index(&l, 1) < learn_index(&l, 10) &&
	      learn_index(&l, 10) < learn_index(&l, 100));
	for (i = 0; i < 100; i++) {
		for (k = 0; k < 20; k++)
			learn_call(&l, (uint64_t)k);
		learn_end(&l, 20);
	}
	/* All make 20: one that made 19 is nearly done. */
	CHECK(learn_index(&l, 19) < 5 && learn_index(&l, 1) > 15);
	CHECK(learn_index(&l, UINT64_MAX) > 0);
}

static const struct tap_test tests[] = {
	TEST(fifo_starts_calls_as_they_came),
	TEST(round_robin_takes_one_call_of_each),
	TEST(fair_takes_who_was_served_least),
	TEST(cognitive_takes_who_was_served_least),
	TEST(a_rank_that_is_given_orders),
	TEST(a_critical_agent_is_first_until_its_deadline),
	TEST(nobody_starves_by_cognitive),
	TEST(classes_are_learned),
	TEST(what_was_learned_grows_with_what_is_unknown),
};

TAP_MAIN(tests)
