// SPDX-License-Identifier: GPL-2.0-or-later
/* Turns at a provider: as many programs as may wait, whose places are used again, and turns that nobody lets slip. */
#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "gateway/turns.h"
#include "tests/tap.h"

struct stage {
	struct loop *loop;
	struct turns *turns;
	struct loop_handle timer;
	unsigned int came, late;
	struct turn *last; /* that came */
};

/* A call; each has its own. */
struct caller {
	struct stage *stage;
	struct turn turn;
};

static void turn_came(void *cookie)
{
	struct caller *c = cookie;

	c->stage->came++;
	c->stage->last = &c->turn;
}

static void turn_late(void *cookie)
{
	struct caller *c = cookie;

	c->stage->late++;
}

static void timer_over(int result, void *cookie)
{
	loop_stop(cookie);
}

static void stage_open(struct stage *s, unsigned int most_ms)
{
	const char *note;

	*s = (struct stage){ .came = 0 };
	REQUIRE(loop_open(&s->loop, &note) == 0 && turns_open(s->loop, most_ms, &s->turns) == 0);
	s->timer = (struct loop_handle){ .done = timer_over, .cookie = s->loop };
}

static void stage_close(struct stage *s)
{
	turns_close(s->turns);
	loop_close(s->loop);
}

static void stage_run(struct stage *s, unsigned int ms)
{
	REQUIRE(loop_timer(s->loop, &s->timer, ms) == 0 && loop_run(s->loop) == 0);
}

static int caller_take(struct stage *s, struct caller *c, const struct provider *p,
		       uint64_t program)
{
	struct turns_refusal refusal;

	*c = (struct caller){ s, { .come = turn_came, .late = turn_late, .cookie = c } };
	return turns_take(s->turns, p, program, 1, &c->turn, &refusal);
}

static const struct provider one = { .name = "one", .slots = 1 };
static const struct provider two = { .name = "two", .slots = 2, .order = PROVIDER_COGNITIVE };

static void a_turn_comes_from_the_loop_alone(void)
{
	struct caller a, b, c;
	struct stage s;

	stage_open(&s, 20000);
	CHECK_INT(caller_take(&s, &a, &one, 1), 0);
	CHECK_INT(caller_take(&s, &b, &one, 2), 0);
	CHECK_INT(caller_take(&s, &c, &two, 2), 0);
	CHECK_INT(s.came, 0);
	stage_run(&s, 20);
	CHECK_INT(s.came, 2);
	CHECK(a.turn.runs && c.turn.runs && !b.turn.runs);
	turns_give(&a.turn, 5);
	CHECK(!a.turn.queue && !b.turn.runs);
	/* It is none: nothing comes of it. */
	turns_give(&a.turn, 5);
	stage_run(&s, 20);
	CHECK(s.came == 3 && s.last == &b.turn);
	turns_give(&b.turn, 0);
	turns_give(&c.turn, 0);
	stage_close(&s);
}

static void who_does_not_wait_any_more_is_passed_over(void)
{
	struct caller a, b, c;
	struct stage s;

	stage_open(&s, 20000);
	CHECK_INT(caller_take(&s, &a, &one, 1), 0);
	stage_run(&s, 20);
	CHECK_INT(caller_take(&s, &b, &one, 2), 0);
	CHECK_INT(caller_take(&s, &c, &one, 3), 0);
	turns_give(&b.turn, 0);
	turns_give(&a.turn, 0);
	stage_run(&s, 20);
	CHECK(s.came == 2 && s.last == &c.turn);
	turns_give(&c.turn, 0);
	stage_close(&s);
}

static void who_waits_for_too_long_is_told(void)
{
	struct caller a, b;
	struct stage s;

	/* A call is thought to take a second. */
	stage_open(&s, 1200);
	CHECK_INT(caller_take(&s, &a, &one, 1), 0);
	stage_run(&s, 20);
	CHECK_INT(caller_take(&s, &b, &one, 2), 0);
	stage_run(&s, 3000);
	CHECK(s.came == 1 && s.late == 1 && !b.turn.queue);
	turns_give(&a.turn, 0);
	stage_close(&s);
}

static void no_more_calls_wait_than_may(void)
{
	static const struct provider few = { .name = "few", .slots = 1, .queue = 1 };
	struct caller a, b, c;
	struct stage s;

	stage_open(&s, 20000);
	CHECK_INT(caller_take(&s, &a, &few, 1), 0);
	stage_run(&s, 20);
	CHECK_INT(caller_take(&s, &b, &few, 1), 0);
	CHECK_INT(caller_take(&s, &c, &few, 2), -EAGAIN);
	CHECK(!c.turn.queue);
	turns_give(&a.turn, 0);
	stage_run(&s, 20);
	CHECK_INT(caller_take(&s, &c, &few, 2), 0);
	CHECK(s.came == 2 && s.last == &b.turn);
	turns_give(&b.turn, 0);
	turns_give(&c.turn, 0);
	stage_close(&s);
}

static void nobody_has_all_of_the_queue(void)
{
	static const struct provider few = { .name = "few", .slots = 1, .queue = 4 };
	struct caller c[7];
	struct stage s;
	size_t i;

	stage_open(&s, 20000);
	/* Those for which there is a slot are no queue. */
	for (i = 0; i < 3; i++)
		CHECK_INT(caller_take(&s, &c[i], &few, 1), 0);
	stage_run(&s, 20);
	CHECK_INT(s.came, 1);
	CHECK_INT(caller_take(&s, &c[3], &few, 1), -EAGAIN);
	for (i = 4; i < 6; i++)
		CHECK_INT(caller_take(&s, &c[i], &few, 2), 0);
	CHECK_INT(caller_take(&s, &c[6], &few, 2), -EAGAIN);
	turns_give(&c[1].turn, 0);
	CHECK_INT(caller_take(&s, &c[3], &few, 1), 0);
	turns_give(&c[0].turn, 0);
	stage_run(&s, 20);
	CHECK_INT(caller_take(&s, &c[6], &few, 1), 0);
	for (i = 0; i < 7; i++)
		turns_give(&c[i].turn, 0);
	stage_close(&s);
}

static void no_more_programs_wait_than_there_are_places(void)
{
	struct caller *c = calloc(LIMIT_CALL_PROGRAMS + 2, sizeof(*c));
	struct stage s;
	uint64_t i;

	REQUIRE(c);
	stage_open(&s, 3600000);
	/* Each twice: places that nothing is at are given on. */
	for (i = 0; i < 2 * LIMIT_CALL_PROGRAMS; i++) {
		CHECK_INT(caller_take(&s, &c[0], &two, i + 1), 0);
		turns_give(&c[0].turn, 0);
	}
	for (i = 0; i < LIMIT_CALL_PROGRAMS; i++)
		CHECK_INT(caller_take(&s, &c[i], &two, i + 1), 0);
	CHECK_INT(caller_take(&s, &c[i], &two, i + 1), -EBUSY);
	CHECK(!c[i].turn.queue);
	turns_give(&c[7].turn, 0);
	CHECK_INT(caller_take(&s, &c[i], &two, i + 1), 0);
	stage_run(&s, 20);
	CHECK_INT(s.came, 2);
	for (i = 0; i <= LIMIT_CALL_PROGRAMS; i++)
		turns_give(&c[i].turn, 0);
	CHECK_INT(caller_take(&s, &c[0], &two, 99999), 0);
	stage_run(&s, 20);
	CHECK_INT(s.came, 3);
	turns_give(&c[0].turn, 0);
	stage_close(&s);
	free(c);
}

static const struct tap_test tests[] = {
	TEST(a_turn_comes_from_the_loop_alone), TEST(who_does_not_wait_any_more_is_passed_over),
	TEST(who_waits_for_too_long_is_told),	TEST(no_more_calls_wait_than_may),
	TEST(nobody_has_all_of_the_queue),	TEST(no_more_programs_wait_than_there_are_places),
};
TAP_MAIN(tests)
