/* SPDX-License-Identifier: GPL-2.0-only */
/* How much an agent matters, and what that comes to in the kernel's own scheduler. */
#ifndef AGENTOS_PRIORITY_H
#define AGENTOS_PRIORITY_H

#include <linux/types.h>

#include "agentos.h"

struct agent;

/* Of one agent; under its lock. */
struct priority {
	bool set;    /* false: its threads are as they would be without us */
	bool raises; /* it was set by someone who may make threads more important */
	u32 criticality;
	u32 phase; /* enum agentos_phase */
	u32 efficiency;
	u32 cost;
	u64 deadline_ns;
};

void priority_init(struct priority *priority);

/* What criticality and phase come to, with those of the ancestors. */
int priority_nice(struct agent *agent);

/*
 * Sets them, and applies them to all threads of the agent and its descendants;
 * unless it raises, to none so that it becomes more important than it is. The
 * caller checked what the struct says. May sleep. -ESRCH when it is over.
 */
int priority_set(struct agent *agent, struct agentos_sched *sched, bool raises);

/* Applies its agent's to the calling task, when there are any. May sleep. */
void priority_apply_self(struct agent *agent);

/* Can this kernel be told the length of a fair task's time slice? */
bool priority_slices(void);

#endif
