// SPDX-License-Identifier: GPL-2.0-or-later
/* Timers: a heap of operations, by when they are due. */
#include "loop/timers.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "loop/op.h"

#define TIMERS_ROOM 64 /* at first */

uint64_t timers_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void timers_put(struct loop_timers *t, size_t place, struct loop_op *op)
{
	t->heap[place] = op;
	op->place = place;
}

/* Up to where none above is due later. Returns its place. */
static size_t timers_rise(struct loop_timers *t, size_t place)
{
	struct loop_op *op = t->heap[place];
	size_t above;

	for (; place; place = above) {
		above = (place - 1) / 2;
		if (t->heap[above]->due <= op->due)
			break;
		timers_put(t, place, t->heap[above]);
	}
	timers_put(t, place, op);
	return place;
}

static void timers_sink(struct loop_timers *t, size_t place)
{
	struct loop_op *op = t->heap[place];
	size_t below;

	for (; (below = 2 * place + 1) < t->count; place = below) {
		if (below + 1 < t->count && t->heap[below + 1]->due < t->heap[below]->due)
			below++;
		if (op->due <= t->heap[below]->due)
			break;
		timers_put(t, place, t->heap[below]);
	}
	timers_put(t, place, op);
}

int timers_add(struct loop_timers *t, struct loop_op *op)
{
	const size_t room = t->room ? t->room * 2 : TIMERS_ROOM;
	struct loop_op **heap;

	if (t->count == t->room) {
		heap = reallocarray(t->heap, room, sizeof(struct loop_op *));
		if (!heap)
			return -ENOMEM;
		t->heap = heap;
		t->room = room;
	}
	timers_put(t, t->count++, op);
	timers_rise(t, op->place);
	return 0;
}

void timers_remove(struct loop_timers *t, struct loop_op *op)
{
	const size_t place = op->place;
	struct loop_op *last = t->heap[--t->count];

	if (last == op)
		return;
	timers_put(t, place, last);
	timers_sink(t, timers_rise(t, place));
}

struct loop_op *timers_first(const struct loop_timers *t)
{
	return t->count ? t->heap[0] : NULL;
}

void timers_release(struct loop_timers *t)
{
	free(t->heap);
	*t = (struct loop_timers){ 0 };
}
