// SPDX-License-Identifier: GPL-2.0-or-later
/* How far each program would be, had all calls been served as they came. */
#include "sched/shadow.h"

#include <errno.h>
#include <stdlib.h>

#define BUSY \
	2.0 /* of calls' mean time, for each slot: left of what runs, and nobody waits for it */

static void queue_run(struct shadow_queue *q, uint64_t now)
{
	if (now <= q->now)
		return;
	q->work -= (double)(now - q->now) * q->slots;
	if (q->work < 0)
		q->work = 0;
	q->now = now;
}

static double queue_wait(const struct shadow_queue *q)
{
	const double slots = q->slots ? q->slots : 1, waits = q->work - BUSY * slots * q->service;

	return waits > 0 ? waits / slots : 0;
}

static double span_of(const struct shadow_queue *q, double work, double calls)
{
	const double one = work / calls;

	return queue_wait(q) + (work - one) / (q->slots ? q->slots : 1) + one;
}

static uint64_t later(uint64_t time, double span)
{
	const double sum = (double)time + (span > 0 ? span : 0);

	return sum < (double)(UINT64_MAX >> 1) ? time + (uint64_t)(span > 0 ? span : 0) :
						 UINT64_MAX >> 1;
}

static void wave_schedule(struct shadows *all, struct shadow *s)
{
	s->base_ns = later(s->at_ns, s->think / s->waves);
	heap_put(&all->heap, &s->node, s->base_ns, 0);
}

/* The next wave comes to the queue. */
static void wave_come(struct shadows *all, struct shadow *s, uint64_t now)
{
	const double work = s->work / s->waves, calls = (double)s->calls / s->waves;

	queue_run(s->queue, now);
	s->base_ns = later(s->at_ns, s->think / s->waves);
	s->at_ns = later(s->base_ns, span_of(s->queue, work, calls < 1 ? 1 : calls));
	s->queue->work += work;
	s->think -= s->think / s->waves;
	s->work -= work;
	s->calls -= s->calls / s->waves;
	if (--s->waves) {
		wave_schedule(all, s);
		return;
	}
	s->calls = 0;
	s->work = s->think = 0;
	heap_drop(&all->heap, &s->node);
	if (s->closed)
		free(s);
}

void shadows_run(struct shadows *all, uint64_t now)
{
	struct shadow *s;
	uint64_t time;

	while (all->heap.count && all->heap.entries[0].key <= now) {
		time = all->heap.entries[0].key;
		s = (struct shadow *)heap_top(&all->heap);
		wave_come(all, s, time);
	}
}

void shadows_release(struct shadows *all)
{
	struct shadow *s;

	while (all->heap.count) {
		s = (struct shadow *)heap_top(&all->heap);
		heap_drop(&all->heap, &s->node);
		if (s->closed)
			free(s);
	}
	heap_release(&all->heap);
}

int shadow_create(struct shadows *all, uint64_t now, size_t count, struct shadow **ret_shadow)
{
	struct shadow *s;

	if (heap_reserve(&all->heap, all->heap.count + count + 1))
		return -ENOMEM;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->at_ns = s->base_ns = now;
	*ret_shadow = s;
	return 0;
}

uint64_t shadow_call(struct shadows *all, struct shadow *s, struct shadow_queue *queue,
		     uint64_t now, uint64_t think, uint64_t work, bool beside)
{
	const double one = (double)work;
	uint64_t end;

	queue_run(queue, now);
	s->queue = queue;
	if (beside && !s->waves) {
		end = later(s->base_ns, queue_wait(queue) + one);
		s->at_ns = end > s->at_ns ? end : s->at_ns;
		queue->work += one;
		return end;
	}
	if (!beside && !s->waves && later(s->at_ns, (double)think) <= now) {
		s->base_ns = later(s->at_ns, (double)think);
		s->at_ns = later(s->base_ns, queue_wait(queue) + one);
		queue->work += one;
		return s->at_ns;
	}
	s->work += one;
	s->calls++;
	if (!beside) {
		s->think += (double)think;
		if (!s->waves++)
			wave_schedule(all, s);
	}
	return later(s->at_ns, s->think + s->work + s->waves * queue_wait(queue));
}

void shadow_correct(struct shadow *s, uint64_t guessed, uint64_t took)
{
	const double more = (double)took - (double)guessed;

	if (s->waves) {
		s->work = s->work + more > 0 ? s->work + more : 0;
		return;
	}
	if (!s->queue)
		return;
	s->queue->work = s->queue->work + more > 0 ? s->queue->work + more : 0;
	if (more > 0)
		s->at_ns = later(s->at_ns, more);
	else if (s->at_ns > s->base_ns + (uint64_t)-more)
		s->at_ns -= (uint64_t)-more;
}

void shadow_close(struct shadows *all, struct shadow *s, bool gone)
{
	if (!s)
		return;
	s->closed = true;
	if (s->waves && !gone)
		return;
	heap_drop(&all->heap, &s->node);
	free(s);
}
