// SPDX-License-Identifier: GPL-2.0-or-later
/* Counts over time: whatever does not fit makes stretches longer, and puts those that were together. */
#include "audit/timeline.h"

#include <string.h>

#define MS 1000000ULL
#define S  (1000 * MS)

/* Each is a multiple of the one before, so that stretches can be put together. */
static const uint64_t widths[] = {
	100 * MS, 1 * S,    5 * S,    15 * S,	    30 * S,	  60 * S,	 300 * S,
	900 * S,  1800 * S, 3600 * S, 3 * 3600 * S, 6 * 3600 * S, 12 * 3600 * S, 86400 * S,
};

static uint64_t width_next(uint64_t width)
{
	size_t i;

	for (i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		if (widths[i] > width)
			return widths[i];
	}
	return 2 * width;
}

static void count_add(uint64_t *count, uint64_t more)
{
	*count = *count > UINT64_MAX - more ? UINT64_MAX : *count + more;
}

static void timeline_widen(struct timeline *t)
{
	const uint64_t wider = width_next(t->width_ns), by = wider / t->width_ns;
	const uint64_t first = t->first / by;
	size_t i, to;
	unsigned int kind;

	for (i = 0; i < t->count; i++) {
		to = (size_t)((t->first + i) / by - first);
		if (to == i)
			continue;
		for (kind = 0; kind < TIMELINE_KINDS; kind++) {
			count_add(&t->counts[to][kind], t->counts[i][kind]);
			t->counts[i][kind] = 0;
		}
	}
	if (t->count)
		t->count = (size_t)((t->first + t->count - 1) / by - first) + 1;
	t->first = first;
	t->width_ns = wider;
}

/* Puts empty stretches before the first, which there is room for. */
static void timeline_extend(struct timeline *t, uint64_t first)
{
	const size_t by = (size_t)(t->first - first);

	memmove(t->counts[by], t->counts[0], t->count * sizeof(t->counts[0]));
	memset(t->counts[0], 0, by * sizeof(t->counts[0]));
	t->first = first;
	t->count += by;
}

void timeline_add(struct timeline *t, uint64_t time_ns, enum timeline_kind kind, uint64_t count)
{
	uint64_t at, last;

	if (!t->width_ns)
		t->width_ns = widths[0];
	if (!t->count) {
		t->first = time_ns / t->width_ns;
		t->count = 1;
	}
	for (;;) {
		at = time_ns / t->width_ns;
		last = t->first + t->count - 1;
		if ((at > last ? at : last) - (at < t->first ? at : t->first) < TIMELINE_ROOM)
			break;
		timeline_widen(t);
	}
	if (at < t->first)
		timeline_extend(t, at);
	else if (at > last)
		t->count = (size_t)(at - t->first) + 1;
	count_add(&t->counts[at - t->first][kind], count);
}

uint64_t timeline_begin(const struct timeline *t, size_t at)
{
	uint64_t begin;

	return __builtin_mul_overflow(t->first + at, t->width_ns, &begin) ? UINT64_MAX : begin;
}

uint64_t timeline_sum(const struct timeline *t, size_t at, unsigned int kinds)
{
	uint64_t sum = 0;
	unsigned int kind;

	for (kind = 0; kind < TIMELINE_KINDS; kind++) {
		if (kinds >> kind & 1)
			count_add(&sum, t->counts[at][kind]);
	}
	return sum;
}

uint64_t timeline_most(const struct timeline *t, unsigned int kinds, size_t *ret_at)
{
	uint64_t most = 0, sum;
	size_t i;

	*ret_at = 0;
	for (i = 0; i < t->count; i++) {
		sum = timeline_sum(t, i, kinds);
		if (sum > most) {
			most = sum;
			*ret_at = i;
		}
	}
	return most;
}
