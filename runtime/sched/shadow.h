/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far each program would be, had all calls been served as they came. */
#ifndef AGENTOS_SCHED_SHADOW_H
#define AGENTOS_SCHED_SHADOW_H

#include <stdbool.h>
#include <stdint.h>

#include "sched/heap.h"

/*
 * A queue in arrival order beside the real one, as a fluid: of each provider the
 * work that it would have left, which its slots work off. A program that is ahead
 * of where it would be there has calls that have not come there yet: they are kept
 * as their sum, and come one by one, each when the one before it would have ended.
 * So a program still is in that queue for a while after its real end.
 */
struct shadow {
	struct heap_node node; /* by when its next call comes */
	struct shadow_queue *queue;
	uint64_t at_ns;	       /* when all that came would have ended: a time */
	uint64_t base_ns;      /* when the last of it would have come */
	double work, think;    /* of what has not come yet, in ns */
	uint32_t waves, calls; /* of it; calls of one wave come at once */
	bool closed;
};

struct shadow_queue {
	double work; /* left, in ns */
	uint64_t now;
	uint32_t slots;
	double service; /* of a call, on the average, in ns */
};

struct shadows {
	struct heap heap; /* those with calls to come */
};

/* Until now, everything that comes. */
void shadows_run(struct shadows *all, uint64_t now);
void shadows_release(struct shadows *all);

/* Room for one more. -ENOMEM */
int shadow_create(struct shadows *all, uint64_t now, size_t count, struct shadow **ret_shadow);
/*
 * A call came, and behind how much thinking; beside: while others of its program are there. Returns
 * when it would have ended.
 */
uint64_t shadow_call(struct shadows *all, struct shadow *s, struct shadow_queue *queue,
		     uint64_t now, uint64_t think, uint64_t work, bool beside);
/* It took so much and not what was guessed. */
void shadow_correct(struct shadow *s, uint64_t guessed, uint64_t took);
/* Its program is at its end; it is freed once it would have been. `gone`: at once. */
void shadow_close(struct shadows *all, struct shadow *s, bool gone);

#endif
