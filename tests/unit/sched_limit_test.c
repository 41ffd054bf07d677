// SPDX-License-Identifier: GPL-2.0-or-later
/* Limits of the scheduler: what is refused, held, joined, given up; and what is absurd. */
#include "tests/tap.h"
#include "tests/unit/sched_rig.h"

static void terms_set(struct sched *s, uint64_t now, struct sched_provider terms)
{
	CHECK_INT(sched_provider_set(s, now, 0, &terms), 0);
}

static void a_full_queue_refuses_and_says_when(void)
{
	struct sched *s = rig_open(SCHED_COGNITIVE, 1, 2);
	const struct sched_call call = { .agent = rig_agent(s, 0) };
	struct sched_refusal refusal = { 0 };
	sched_id id, first;

	first = rig_call(s, 0, call.agent); /* for the slot */
	CHECK(rig_call(s, 0, call.agent) && rig_call(s, 0, call.agent));
	CHECK_INT(sched_submit(s, 0, &call, &id, &refusal), -EAGAIN);
	CHECK_INT(refusal.why, SCHED_QUEUE_FULL);
	CHECK(refusal.retry_ns >= SCHED_RETRY_MIN_NS && refusal.retry_ns <= SCHED_RETRY_MAX_NS);
	/* One that starts makes no room for one more in all; one that ends does. */
	CHECK(rig_next(s, 0) == first);
	CHECK_INT(sched_submit(s, 0, &call, &id, &refusal), -EAGAIN);
	CHECK_INT(rig_finish(s, 1, first), 0);
	CHECK_INT(sched_submit(s, 1, &call, &id, &refusal), 0);
	sched_free(s);
}

static void an_agent_has_its_own_bounds(void)
{
	struct sched *s = rig_open(SCHED_COGNITIVE, 8, 100);
	const struct sched_agent terms = { .criticality = 50, .concurrency = 1, .queue = 2 };
	struct sched_call call = { 0 };
	struct sched_refusal refusal;
	sched_id id, first;

	REQUIRE(sched_agent_open(s, 0, &terms, &call.agent) == 0);
	CHECK(rig_call(s, 0, call.agent) && rig_call(s, 0, call.agent));
	CHECK_INT(sched_submit(s, 0, &call, &id, &refusal), -EAGAIN);
	CHECK_INT(refusal.why, SCHED_AGENT_FULL);
	first = rig_next(s, 0);
	CHECK(first && !rig_next(s, 0)); /* one at once */
	id = rig_call(s, 0, rig_agent(s, 0));
	CHECK(rig_next(s, 0) == id); /* another agent's goes */
	rig_finish(s, 1, first);
	CHECK(rig_next(s, 1) && !rig_next(s, 1));
	sched_free(s);
}

static void what_would_be_too_late_is_refused_at_once(void)
{
	struct sched *s = rig_open(SCHED_FIFO, 1, 1000);
	const sched_id agent = rig_agent(s, 0);
	struct sched_call call = { .agent = agent, .deadline_ns = 5 * SECOND };
	struct sched_refusal refusal;
	sched_id id;
	int i;

	for (i = 0; i < 10; i++)
		CHECK(rig_call(s, 0, agent));
	CHECK_INT(sched_submit(s, 0, &call, &id, &refusal), -EAGAIN);
	CHECK_INT(refusal.why, SCHED_TOO_LATE);
	CHECK(refusal.wait_ns >= 10 * SECOND && refusal.retry_ns >= 5 * SECOND);
	call.deadline_ns = 20 * SECOND;
	CHECK_INT(sched_submit(s, 0, &call, &id, &refusal), 0);
	sched_free(s);
}

static void deadlines_that_are_over_are_told(void)
{
	struct sched *s = rig_open(SCHED_FIFO, 1, 1000);
	struct sched_call call = { .agent = rig_agent(s, 0), .deadline_ns = 5 * SECOND };
	struct sched_refusal refusal;
	sched_id id, gone = 0;
	uint64_t next = 0;

	REQUIRE(sched_submit(s, 0, &call, &id, &refusal) == 0);
	CHECK_INT(sched_expire(s, 4 * SECOND, &gone, &next), 0);
	CHECK(next == 5 * SECOND);
	CHECK_INT(sched_expire(s, 5 * SECOND, &gone, &next), 1);
	CHECK(gone == id);
	CHECK_INT(sched_cancel(s, 5 * SECOND, id), -ENOENT);
	CHECK_INT(rig_next(s, 5 * SECOND), 0);
	sched_free(s);
}

static void rates_hold_back(void)
{
	struct sched *s = rig_open(SCHED_FIFO, 100, 100);
	struct sched_call call = { .agent = rig_agent(s, 0), .tokens = 100 };
	const struct sched_outcome outcome = { .tokens = 600 };
	struct sched_refusal refusal;
	struct sched_start start;
	sched_id id;
	int i, started;

	terms_set(s, 60 * SECOND, (struct sched_provider){ 100, 100, .requests_per_min = 30 });
	for (i = 0; i < 20; i++)
		rig_call(s, 60 * SECOND, call.agent);
	/* What was not used in 10 s, and one; then one each 2 s. */
	for (started = 0; rig_next(s, 60 * SECOND); started++)
		;
	CHECK_INT(started, 6);
	CHECK_INT(sched_next(s, 60 * SECOND, 0, &start), 0);
	CHECK(start.again_ns == 62 * SECOND);
	CHECK(!rig_next(s, 62 * SECOND - 1));
	CHECK(rig_next(s, 62 * SECOND) && !rig_next(s, 62 * SECOND));
	sched_free(s);

	s = rig_open(SCHED_FIFO, 100, 100);
	call.agent = rig_agent(s, 0);
	terms_set(s, 0, (struct sched_provider){ 100, 100, .tokens_per_min = 600 });
	REQUIRE(sched_submit(s, 0, &call, &id, &refusal) == 0);
	CHECK(rig_next(s, 0) == id);
	CHECK(rig_call(s, 0, call.agent));
	CHECK_INT(sched_finish(s, 0, id, &outcome), 0);
	/* It took 600 and not 100: a minute. */
	CHECK_INT(sched_next(s, 0, 0, &start), 0);
	CHECK(start.again_ns == 60 * SECOND);
	CHECK(rig_next(s, 60 * SECOND));
	sched_free(s);
}

static void a_provider_that_loses_its_slots_goes_on_later(void)
{
	struct sched *s = rig_open(SCHED_COGNITIVE, 4, 100);
	struct sched_call call = { .agent = rig_agent(s, 0), .deadline_ns = SECOND };
	struct sched_refusal refusal;
	struct sched_counts counts;
	struct sched_place place;
	sched_id first, second, id;

	first = rig_call(s, 0, call.agent);
	second = rig_call(s, 0, call.agent);
	CHECK(rig_next(s, 0) == first);
	terms_set(s, 0, (struct sched_provider){ .slots = 0, .queue = 100 });
	CHECK_INT(rig_next(s, 0), 0);
	CHECK_INT(sched_submit(s, 0, &call, &id, &refusal), -EAGAIN);
	CHECK(refusal.why == SCHED_TOO_LATE && refusal.wait_ns == UINT64_MAX);
	CHECK_INT(sched_place(s, 0, second, &place), 0);
	CHECK(place.start_ns == UINT64_MAX);
	CHECK_INT(rig_finish(s, 1, first), 0); /* what runs ends */
	terms_set(s, 2, (struct sched_provider){ .slots = 1, .queue = 100 });
	CHECK(rig_next(s, 2) == second);
	CHECK_INT(sched_counts(s, 0, &counts), 0);
	CHECK(counts.running == 1 && counts.queued == 0 && counts.started == 2);
	sched_free(s);
}

static void a_clock_that_goes_back_stands_still(void)
{
	struct sched *s = rig_open(SCHED_COGNITIVE, 1, 100);
	const sched_id agent = rig_agent(s, 100 * SECOND);
	struct sched_start start;
	sched_id call;

	call = rig_call(s, 50 * SECOND, agent);
	CHECK_INT(sched_next(s, 0, 0, &start), 1);
	CHECK(start.call == call && start.waited_ns == 0);
	CHECK_INT(rig_finish(s, 0, call), 0);
	call = rig_call(s, UINT64_MAX, agent); /* and one that is absurd is bounded */
	CHECK(rig_next(s, 0) == call);
	CHECK_INT(rig_finish(s, UINT64_MAX, call), 0);
	CHECK(rig_call(s, UINT64_MAX, agent));
	sched_free(s);
}

static void ten_thousand_calls_of_one_agent_hold_nobody_up(void)
{
	struct sched *s = rig_open(SCHED_COGNITIVE, 4, 20000);
	const sched_id many = rig_agent(s, 0);
	struct sched_place place;
	sched_id call;
	int i;

	for (i = 0; i < 10000; i++)
		REQUIRE(rig_call(s, 0, many) != 0);
	call = rig_call(s, 0, rig_agent(s, 0));
	CHECK_INT(sched_place(s, 0, call, &place), 0);
	CHECK_INT(place.before, 0);
	CHECK(rig_next(s, 0) == call);
	CHECK(rig_next(s, 0) && rig_next(s, 0) && rig_next(s, 0) && !rig_next(s, 0));
	CHECK_INT(sched_agent_close(s, 1, many, false), 9997);
	sched_free(s);
}

static void what_was_cancelled_never_starts(void)
{
	struct sched *s = rig_open(SCHED_FIFO, 1, 100);
	const sched_id agent = rig_agent(s, 0);
	const sched_id first = rig_call(s, 0, agent), second = rig_call(s, 0, agent);
	const sched_id third = rig_call(s, 0, agent);
	sched_id fourth;

	CHECK(rig_next(s, 0) == first);
	CHECK_INT(rig_finish(s, 0, second), -EBUSY);
	CHECK_INT(sched_cancel(s, 0, second), 0);
	CHECK_INT(sched_cancel(s, 0, second), -ENOENT);
	fourth = rig_call(s, 0, agent); /* in its place */
	CHECK_INT(sched_cancel(s, 0, second), -ENOENT);
	CHECK_INT(sched_cancel(s, 0, fourth), 0);
	CHECK_INT(sched_cancel(s, 0, first), 0); /* runs: its slot is free */
	CHECK(rig_next(s, 0) == third);
	CHECK_INT(rig_finish(s, 0, first), -ENOENT);
	sched_free(s);
}

static void an_agent_that_ends_takes_its_queue_with_it(void)
{
	struct sched *s = rig_open(SCHED_COGNITIVE, 1, 100);
	const sched_id agent = rig_agent(s, 0), other = rig_agent(s, 0);
	const sched_id first = rig_call(s, 0, agent), second = rig_call(s, 0, agent);
	sched_id call;

	CHECK(rig_next(s, 0) == first);
	call = rig_call(s, 0, other);
	CHECK_INT(sched_agent_close(s, 1, agent, false), 1);
	CHECK_INT(sched_agent_close(s, 1, agent, false), -ENOENT);
	CHECK_INT(sched_cancel(s, 1, second), -ENOENT);
	CHECK_INT(rig_call(s, 1, agent), 0);
	CHECK_INT(rig_next(s, 1), 0); /* what runs has its slot still */
	CHECK_INT(rig_finish(s, 2, first), 0);
	CHECK(rig_next(s, 2) == call);
	sched_free(s);
}

static void a_parked_agent_is_held(void)
{
	struct sched *s = rig_open(SCHED_COGNITIVE, 4, 100);
	const sched_id agent = rig_agent(s, 0);
	sched_id first = rig_call(s, 0, agent), second;

	CHECK(rig_next(s, 0) == first);
	CHECK_INT(sched_agent_park(s, 0, agent, true), 0);
	second = rig_call(s, 0, agent);
	CHECK(second && !rig_next(s, 0));
	CHECK_INT(rig_finish(s, 1, first), 0); /* what runs goes on */
	CHECK_INT(sched_agent_park(s, 1, agent, false), 0);
	CHECK(rig_next(s, 1) == second);
	sched_free(s);
}

static void calls_are_joined_within_their_window(void)
{
	struct sched *s = rig_open(SCHED_COGNITIVE, 4, 100);
	struct sched_call call = { .agent = rig_agent(s, 0), .join = 7 };
	struct sched_refusal refusal;
	struct sched_start start;
	sched_id ids[4];
	int i;

	terms_set(s, 0, (struct sched_provider){ 4, 100, .window_ns = 10, .window_calls = 3 });
	for (i = 0; i < 4; i++)
		REQUIRE(sched_submit(s, 0, &call, &ids[i], &refusal) == 0);
	CHECK(rig_next(s, 0) == ids[0]); /* three are a batch, and go at once */
	CHECK(sched_joined(s, ids[0]) == ids[1] && sched_joined(s, ids[1]) == ids[2]);
	CHECK_INT(sched_joined(s, ids[2]), 0);
	CHECK_INT(sched_next(s, 0, 0, &start), 0);
	CHECK_INT(start.again_ns, 10); /* the fourth waits for others */
	CHECK(rig_next(s, 10) == ids[3]);
	CHECK_INT(sched_cancel(s, 11, ids[0]), 0); /* the second stands for it */
	CHECK_INT(rig_finish(s, 12, ids[2]), -EBUSY);
	CHECK_INT(rig_finish(s, 12, ids[1]), 0);
	CHECK_INT(rig_finish(s, 12, ids[2]), -ENOENT);
	sched_free(s);
}

/* As many batches gather as there is room for without more of it, and one of them loses its first. */
static void a_batch_goes_on_without_its_first_call(void)
{
	struct sched *s = rig_open(SCHED_COGNITIVE, 4, 1000);
	struct sched_call call = { 0 };
	struct sched_refusal refusal;
	sched_id lead = 0, follower = 0, id;
	int agent, i;

	terms_set(s, 0, (struct sched_provider){ 4, 1000, .window_ns = 10, .window_calls = 3 });
	for (agent = 0; agent < 64 / SCHED_OPEN; agent++) {
		call.agent = rig_agent(s, 0);
		for (i = 1; i <= SCHED_OPEN; i++) {
			call.join = (uint64_t)i;
			REQUIRE(sched_submit(s, 0, &call, &id, &refusal) == 0);
			if (agent || i > 1)
				continue;
			lead = id;
			REQUIRE(sched_submit(s, 0, &call, &follower, &refusal) == 0);
		}
	}
	CHECK_INT(sched_cancel(s, 1, lead), 0);
	CHECK_INT(rig_next(s, 9), 0);
	/* With the window of who is gone. */
	id = rig_next(s, 10);
	CHECK(id != 0 && id != lead);
	CHECK_INT(sched_cancel(s, 10, follower), 0);
	sched_free(s);
}

/* The least rate, and the most that a call may take: as late as there is time, and not sooner. */
static void the_most_at_the_least_rate_waits_for_all_time(void)
{
	struct sched *s = rig_open(SCHED_FIFO, 4, 100);
	const struct sched_outcome all = { .tokens = UINT64_MAX };
	struct sched_call call = { .agent = rig_agent(s, 0), .tokens = SCHED_TOKENS };
	struct sched_refusal refusal;
	struct sched_start start;
	sched_id ids[2];
	int i;

	terms_set(s, 0, (struct sched_provider){ 4, 100, .tokens_per_min = 1 });
	for (i = 0; i < 2; i++)
		REQUIRE(sched_submit(s, 0, &call, &ids[i], &refusal) == 0);
	CHECK(rig_next(s, 0) == ids[0]);
	CHECK_INT(sched_next(s, 0, 0, &start), 0);
	CHECK(start.again_ns == SCHED_TIME_NS);
	CHECK_INT(sched_finish(s, 1, ids[0], &all), 0);
	CHECK_INT(sched_next(s, 1, 0, &start), 0);
	CHECK(start.again_ns == SCHED_TIME_NS);
	sched_free(s);
}

static void absurd_parameters_are_refused(void)
{
	struct sched_options bad[6];
	const struct sched_provider slots = { .slots = SCHED_SLOTS + 1 },
				    queue = { .queue = UINT32_MAX },
				    rate = { .tokens_per_min = UINT64_MAX },
				    span = { .service_ns = UINT64_MAX }, fine = { .slots = 1 };
	const struct sched_agent agent = { .criticality = 101 },
				 late = { .deadline_ns = UINT64_MAX };
	struct sched_call call = { 0 };
	struct sched_refusal refusal;
	struct sched *s;
	sched_id id;
	size_t i;

	for (i = 0; i < 6; i++)
		bad[i] = sched_options_usual();
	bad[0].policy = SCHED_POLICIES;
	bad[1].stretch_percent = 99;
	bad[2].share = 1;
	bad[3].agents = 0;
	bad[4].calls = SCHED_CALLS + 1;
	bad[5].critical_percent = 101;
	for (i = 0; i < 6; i++)
		CHECK_INT(sched_create(&bad[i], &s), -EINVAL);
	s = rig_open(SCHED_COGNITIVE, 1, 1);
	CHECK_INT(sched_provider_set(s, 0, SCHED_PROVIDERS, &fine), -EINVAL);
	CHECK_INT(sched_provider_set(s, 0, 1, &slots), -EINVAL);
	CHECK_INT(sched_provider_set(s, 0, 1, &queue), -EINVAL);
	CHECK_INT(sched_provider_set(s, 0, 1, &rate), -EINVAL);
	CHECK_INT(sched_provider_set(s, 0, 1, &span), -EINVAL);
	CHECK_INT(sched_provider_set(s, 0, 1, &fine), 0);
	CHECK_INT(sched_agent_open(s, 0, &agent, &id), -EINVAL);
	CHECK_INT(sched_agent_open(s, 0, &late, &id), -EINVAL);
	CHECK_INT(sched_submit(s, 0, &call, &id, &refusal), -ENOENT);
	call.agent = rig_agent(s, 0);
	call.tokens = SCHED_TOKENS + 1;
	CHECK_INT(sched_submit(s, 0, &call, &id, &refusal), -EINVAL);
	call.tokens = 0;
	call.provider = 2;
	CHECK_INT(sched_submit(s, 0, &call, &id, &refusal), -ENOENT);
	call.provider = 1;
	CHECK_INT(sched_submit(s, 0, &call, &id, &refusal), 0);
	sched_free(s);
}

static const struct tap_test tests[] = {
	TEST(a_full_queue_refuses_and_says_when),
	TEST(an_agent_has_its_own_bounds),
	TEST(what_would_be_too_late_is_refused_at_once),
	TEST(deadlines_that_are_over_are_told),
	TEST(rates_hold_back),
	TEST(a_provider_that_loses_its_slots_goes_on_later),
	TEST(a_clock_that_goes_back_stands_still),
	TEST(ten_thousand_calls_of_one_agent_hold_nobody_up),
	TEST(what_was_cancelled_never_starts),
	TEST(an_agent_that_ends_takes_its_queue_with_it),
	TEST(a_parked_agent_is_held),
	TEST(calls_are_joined_within_their_window),
	TEST(a_batch_goes_on_without_its_first_call),
	TEST(the_most_at_the_least_rate_waits_for_all_time),
	TEST(absurd_parameters_are_refused),
};

TAP_MAIN(tests)
