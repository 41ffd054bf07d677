// SPDX-License-Identifier: GPL-2.0-or-later
/* What a call takes, and where: the gateway's own work, waiting for turn and connection, the provider. */
#include <time.h>

#include "gateway/call.h"

uint64_t call_clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void call_times_wait(struct call *k)
{
	k->times.waits = call_clock_us();
}

void call_times_come(struct call *k)
{
	struct call_times *t = &k->times;
	const uint64_t waited = t->waits ? call_clock_us() - t->waits : 0;

	t->waits = 0;
	t->queue += waited;
	t->upstream += waited;
	if (!t->attempts)
		t->waited += waited;
}

/* Until the first provider is asked all else is our own: agentosd's answers, the route, the body. */
void call_times_ask(struct call *k)
{
	struct call_times *t = &k->times;

	t->asked = call_clock_us();
	t->sent = 0;
	t->first = 0;
	if (!t->attempts++)
		t->own += t->asked - t->ready - t->waited;
}

/* What was lost before it was answered is sent again: what it waits for then is no queue. */
void call_times_sent(struct call *k)
{
	struct call_times *t = &k->times;

	if (!t->asked || t->sent)
		return;
	t->sent = call_clock_us();
	t->queue += t->sent - t->asked;
}

void call_times_first(struct call *k)
{
	struct call_times *t = &k->times;

	if (t->asked && !t->first)
		t->first = call_clock_us() - (t->sent ? t->sent : t->asked);
}

void call_times_over(struct call *k)
{
	struct call_times *t = &k->times;

	if (!t->asked)
		return;
	t->upstream += call_clock_us() - t->asked;
	t->asked = 0;
}

void call_times_work(struct call *k)
{
	if (!k->times.working)
		k->times.working = call_clock_us();
}

void call_times_rest(struct call *k)
{
	if (k->times.working)
		k->times.own += call_clock_us() - k->times.working;
	k->times.working = 0;
}
