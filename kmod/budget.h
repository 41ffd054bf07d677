/* SPDX-License-Identifier: GPL-2.0-only */
/* What an agent may use up: limits, reservations, and what happens at the end of one. */
#ifndef AGENTOS_BUDGET_H
#define AGENTOS_BUDGET_H

#include <linux/spinlock.h>
#include <linux/types.h>

#include "agentos.h"

struct agent;

/* Of one resource. Under the lock of the budgets it is in. */
struct budget {
	u64 limit; /* AGENTOS_BUDGET_UNLIMITED for none */
	/*
	 * May pass the limit: what was used is counted in full. Of CPU_NS, what had
	 * been used when the period began; unused of WALL_NS.
	 */
	u64 used;
	u64 reserved;
	u64 mark;      /* of used, where the next is to be told; U64_MAX: nowhere */
	u64 period_ns; /* 0: used is never reset */
	u64 reset_ns;  /* CLOCK_BOOTTIME, when used becomes 0 next */
	u32 action;    /* enum agentos_budget_action */
	u8 told;       /* percent whose event was sent in this period */
};

/*
 * Of one agent. Amounts are counted in it and in each of its ancestors, one
 * lock at a time, so that no interleaving of reservations passes a limit; one
 * may be refused for a moment while another unwinds.
 */
struct budgets {
	spinlock_t lock; /* process context only */
	u32 exhausted;	 /* of resources that the kernel counts: refuses all others */
	struct budget of[AGENTOS_RESOURCE_COUNT];
};

void budgets_init(struct budgets *budgets);
/* Of an agent that is about to be freed. Any context. */
void budgets_release(struct budgets *budgets);

/* How many agents have a limit of network bytes, which others than the module count. */
u32 budget_net_limited(void);

/* The caller checked what the struct says. -ESRCH when exiting; -EINVAL reset_ns has passed. */
int budget_set(struct agent *agent, const struct agentos_budget_set *set);
void budget_get(struct agent *agent, struct agentos_budget_get *get);

/* All or nothing along the ancestry. -EDQUOT, -EOVERFLOW; -ESRCH when exiting. */
int budget_reserve(struct agent *agent, u32 resource, u64 amount);

/*
 * Gives back what was reserved and counts what was used, which may be more.
 * Sends events and kills whom a limit says. May sleep.
 */
void budget_settle(struct agent *agent, u32 resource, u64 reserved, u64 used);

/*
 * How much of one that others charge may still be used before the agent's own
 * limit; U64_MAX without one. Takes no lock, in any context: a glance.
 */
u64 budget_left(const struct agent *agent, u32 resource);

/*
 * Looks at an agent's limits of time: events, and what comes at their end. May
 * sleep. Returns nanoseconds until the next look is due at the soonest.
 */
u64 budget_look(struct agent *agent);

#endif
