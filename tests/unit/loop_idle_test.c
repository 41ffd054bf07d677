// SPDX-License-Identifier: GPL-2.0-or-later
/* Work that a loop does while nothing else is to be done: in slices, after what comes, and never after its end. */
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "loop/loop.h"
#include "tests/tap.h"

static char said[128];
static size_t said_len;

static void say(char c)
{
	if (said_len < sizeof(said) - 1)
		said[said_len++] = c;
	said[said_len] = '\0';
}

struct work {
	struct loop *loop;
	struct loop_idle idle;
	char name;
	int left;
	int wakes; /* an eventfd that is written to by the first slice, or -1 */
};

static bool work_slice(void *cookie)
{
	struct work *w = cookie;

	say(w->name);
	if (w->wakes >= 0)
		eventfd_write(w->wakes, 1);
	w->wakes = -1;
	return --w->left > 0;
}

static void work_start(struct work *w, struct loop *l, char name, int slices)
{
	*w = (struct work){ .loop = l, .name = name, .left = slices, .wakes = -1 };
	w->idle.work = work_slice;
	w->idle.cookie = w;
	loop_idle_start(l, &w->idle);
	said_len = 0;
	said[0] = '\0';
}

static void timer_over(int result, void *cookie)
{
	say('.');
	loop_stop(cookie);
}

static void woken(int result, void *cookie)
{
	say('!');
}

/* Runs for so many milliseconds. */
static void run(struct loop *l, unsigned int ms)
{
	struct loop_handle timer = { .done = timer_over, .cookie = l };

	CHECK_INT(loop_timer(l, &timer, ms), 0);
	CHECK_INT(loop_run(l), 0);
}

static struct loop *loop_new(void)
{
	struct loop *l = NULL;
	const char *note;

	return loop_open(&l, &note) == 0 ? l : NULL;
}

static void all_of_it_is_done_once(void)
{
	struct loop *l = loop_new();
	struct work w;
	int spins;

	REQUIRE(l);
	for (spins = 0; spins < 2; spins++) {
		if (spins)
			loop_spin(l, 100);
		work_start(&w, l, 'w', 5);
		/* Already started: nothing. */
		loop_idle_start(l, &w.idle);
		run(l, 20);
		CHECK_STR(said, "wwwww.");
		CHECK(!w.idle.link);
		run(l, 1);
		CHECK_STR(said, "wwwww..");
	}
	loop_close(l);
}

static void what_comes_goes_first(void)
{
	struct loop *l = loop_new();
	int fd = eventfd(0, EFD_NONBLOCK);
	struct loop_handle poll = { .done = woken };
	struct work w;

	REQUIRE(l && fd >= 0);
	REQUIRE(loop_poll(l, &poll, fd, POLLIN) == 0);
	work_start(&w, l, 'w', 4);
	w.wakes = fd;
	run(l, 20);
	CHECK_STR(said, "w!www.");
	loop_cancel(&poll);
	loop_close(l);
	close(fd);
}

static void a_timer_that_is_due_goes_first(void)
{
	struct loop *l = loop_new();
	struct work w;

	REQUIRE(l);
	work_start(&w, l, 'w', 3);
	run(l, 0);
	CHECK_STR(said, ".");
	run(l, 20);
	CHECK_STR(said, ".www.");
	loop_close(l);
}

static void what_is_cancelled_is_not_done(void)
{
	struct loop *l = loop_new();
	struct work a, b, c;

	REQUIRE(l);
	work_start(&a, l, 'a', 2);
	work_start(&b, l, 'b', 2);
	work_start(&c, l, 'c', 2);
	loop_idle_cancel(&b.idle);
	loop_idle_cancel(&b.idle);
	run(l, 20);
	CHECK_STR(said, "ccaa.");
	/* It may be started again, and cancelled by another start's end. */
	work_start(&a, l, 'a', 1);
	work_start(&b, l, 'b', 1);
	loop_idle_cancel(&b.idle);
	loop_idle_cancel(&a.idle);
	run(l, 1);
	CHECK_STR(said, ".");
	loop_close(l);
}

static const struct tap_test tests[] = {
	TEST(all_of_it_is_done_once),
	TEST(what_comes_goes_first),
	TEST(a_timer_that_is_due_goes_first),
	TEST(what_is_cancelled_is_not_done),
};
TAP_MAIN(tests)
