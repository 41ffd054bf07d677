/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts over time, in as many stretches as there is room for: these grow as time goes on. Pure. */
#ifndef AGENTOS_AUDIT_TIMELINE_H
#define AGENTOS_AUDIT_TIMELINE_H

#include <stddef.h>
#include <stdint.h>

#define TIMELINE_ROOM 180 /* stretches */

enum timeline_kind {
	TIMELINE_ALLOWED,
	TIMELINE_DENIED,
	TIMELINE_PASSED, /* would have been denied */
	TIMELINE_STARTED,
	TIMELINE_ENDED,
	TIMELINE_KILLED, /* of those that ended, and not by themselves */
	TIMELINE_DAEMON, /* agentosd started, stopped, ended enforcement */
	TIMELINE_LOST,	 /* records of which nobody knows */
	TIMELINE_KINDS
};

/*
 * All stretches are width_ns long, and begin at multiples of that since 1970: 0.1 s,
 * 1 s, 5 s, 15 s, ... a day, then doubled. All zero to begin with.
 */
struct timeline {
	uint64_t width_ns;
	uint64_t first; /* stretch 0 begins at first * width_ns */
	size_t count;
	uint64_t counts[TIMELINE_ROOM][TIMELINE_KINDS];
};

/* Times may come in any order. What no number holds any more stays at the highest there is. */
void timeline_add(struct timeline *t, uint64_t time_ns, enum timeline_kind kind, uint64_t count);

/* When a stretch begins, also one behind the last; no later than there are numbers for. */
uint64_t timeline_begin(const struct timeline *t, size_t at);
/* The highest sum of kinds (bits) in any stretch; ret_at: in the first of these. */
uint64_t timeline_most(const struct timeline *t, unsigned int kinds, size_t *ret_at);
/* The sum of kinds in one. */
uint64_t timeline_sum(const struct timeline *t, size_t at, unsigned int kinds);

#endif
