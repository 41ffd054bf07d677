/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a loop looks for completions for a moment before it sleeps. Pure. */
#ifndef AGENTOS_LOOP_SPIN_H
#define AGENTOS_LOOP_SPIN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * To sleep and to be woken takes tens of microseconds, more in a virtual machine: as long as a
 * local engine takes to answer. So where the last wait was shorter than the limit, the next one
 * begins with looking for that long. Where that found nothing, as many short waits as SPIN_SKIP_MAX
 * at most pass before it is tried again, twice as many each time: what cannot be found, because it
 * would come of who is kept from this processor, is hardly looked for. After a wait that was longer
 * than the limit nothing is looked for: who idles sleeps.
 */
#define SPIN_SKIP_MAX 1024

struct spin {
	uint64_t limit_ns; /* 0: never */
	bool brief;	   /* the last wait was */
	unsigned int skip; /* short waits that are to pass */
	unsigned int step; /* how many, after the next one that finds nothing */
};

/* Is the wait that begins now to begin with looking? */
bool spin_is_due(const struct spin *s);
/* What came of looking. */
void spin_looked(struct spin *s, bool found);
/* It slept for so long. */
void spin_slept(struct spin *s, uint64_t ns);

#endif
