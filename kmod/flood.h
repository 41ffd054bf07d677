/* SPDX-License-Identifier: GPL-2.0-only */
/* Floods of denials: each agent's share of their ring, and who outruns his is held. */
#ifndef AGENTOS_FLOOD_H
#define AGENTOS_FLOOD_H

#include <linux/types.h>

#include "repeats.h"

struct agent;
struct flood;

/*
 * What an agent has in the ring, at most: what was counted before the mark (a
 * position), until that has been read, and what was counted since. Records whose
 * program runs when the mark is moved may be missed: one for each processor.
 */
struct flood_window {
	u64 mark;
	u64 produced; /* the furthest seen */
	u32 before, since;
};

/* Counts one more, now that the ring's positions are these; what is in flight with it. */
u32 flood_window_add(struct flood_window *window, u64 consumed, u64 produced);

/*
 * How many records an agent may have in a ring that has so many bytes in use: an
 * eighth of what is free below three quarters, so that any number of agents
 * together stay below these; at most AGENTOS_SHARE_MAX. From there on it is 0: who
 * makes a record is held, and the last quarter has room for one of each thread.
 */
u32 flood_share(u64 used);

/*
 * The calling task, which is in the agent, is refused something, or would be; the
 * ring's positions are these. Sets act->time_ns. True: it is counted here, and told
 * later (AGENTOS_LIFECYCLE_REPEATED): no record is to be made. Else, when the agent
 * has outrun its share with it, the task is held before it is back in user mode
 * (io_uring's threads, before their next work), until the ring has been read up to
 * `produced`, or the task or its agent is killed. When memory is short nobody is held
 * and nothing is counted here. With interrupts on or off; not in one.
 */
bool flood_denied(struct agent *agent, struct act *act, u64 consumed, u64 produced);

/* As AGENTOS_IOC_DRAINED. */
void flood_drained(u64 consumed);

/* Looks again at who is held: an agent was barred. Softirq-safe. */
void flood_wake(void);

/* Tells what is not told yet: the agent's last task is gone. Softirq-safe. */
void flood_end(struct agent *agent);

/* NULL is allowed. */
void flood_free(struct flood *flood);

/* No agent is left. */
void flood_exit(void);

#endif
