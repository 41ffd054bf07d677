/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel counts itself: processor time of an agent's tasks, and its age. */
#ifndef AGENTOS_METER_H
#define AGENTOS_METER_H

#include <linux/types.h>

struct agent;
struct member;
struct signal_struct;

/* What a thread group has run, its ended threads included. Any context; sig must stay. */
u64 meter_group(const struct signal_struct *sig);

/*
 * Counts what the member has run since this was last asked, for its agent and
 * all above it. Under agent->lock.
 */
void meter_member(struct member *member);

/* The same for all members, unless that was done a moment ago. Under agent->lock. */
void meter_collect_locked(struct agent *agent);
/* The same for the agent and all its descendants. May sleep. */
void meter_collect_family(struct agent *agent);

/*
 * Counts threads, and how long they, those that ended too, have waited for a
 * processor: wait_seen, threads_seen. Likewise.
 */
void meter_look_locked(struct agent *agent);

/* Looks at an agent's limits of time from now on, and soon. Until disarmed, or its end. */
void meter_arm(struct agent *agent);
/* Any context but hard interrupts. */
void meter_disarm(struct agent *agent);

/* No agent is left. */
void meter_exit(void);

#endif
