/* SPDX-License-Identifier: GPL-2.0-only */
/* A policy object: its number, its rules, and a hold on the objects they name. */
#ifndef AGENTOS_POLICY_H
#define AGENTOS_POLICY_H

#include <linux/atomic.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "agentos.h"
#include "rules.h"

struct dentry;
struct file;
struct network;
struct policy_pin;

struct policy {
	u32 id;
	/* Set once: for want of which right an agent is killed, or an act only told. */
	u64 kill, watch;
	bool sealed;   /* an agent uses it, or did: no rule is added any more */
	u32 pin_count; /* written under the table's mutex, as pin_room is */
	u32 pin_room;
	struct rules rules;	 /* written under the table's mutex until sealed */
	struct network *network; /* likewise; NULL: no rule on addresses */
	struct policy_pin *pins;
	spinlock_t lock; /* _bh; pins and pin_count, for those who do not hold the mutex */
	/* Agents not yet retired, and walks. From 0 it grows under the mutex alone. */
	atomic_t users;
	struct rcu_head rcu;
};

/* All may sleep, but for policy_unuse(). Errors as the POLICY ioctls document. */
int policy_new(struct agentos_policy_new *command);
/* Holds what file refers to and puts the rule on it; the caller keeps its reference to file. */
int policy_rule(struct file *file, struct agentos_policy_rule *rule);
/* The rule is about a name in any directory. */
int policy_pattern(struct agentos_policy_rule *rule);
/* The rule is about an abstract name of Unix sockets. */
int policy_abstract(struct agentos_policy_rule *rule);
/* The rule is about addresses. */
int policy_net(const struct agentos_policy_net *command);
int policy_drop(u32 id);

/* An agent begins to use it; -ENOENT, -ENOMEM. While used, drop is -EBUSY. May sleep. */
struct policy *__must_check policy_use(u32 id);

/* One user more of a policy that the caller uses. Any context. */
static inline void policy_use_again(struct policy *policy)
{
	atomic_inc(&policy->users);
}

/* Any context. NULL is allowed. */
static inline void policy_unuse(struct policy *policy)
{
	if (policy)
		atomic_dec(&policy->users);
}

/* The policy of that number if somebody uses it, and the caller then does as well. Any context. */
struct policy *__must_check policy_use_used(u32 id);

/*
 * Does the policy hold the directory, or anything below it? own: for a rule that
 * denies and that nobody wrote. RCU or a reference keeps dentry; the caller uses the
 * policy. Any context but hard interrupts.
 */
bool policy_holds_below(struct policy *policy, const struct dentry *dentry, bool own);

u32 policy_enumerate(u64 after, u64 *ids, u32 count);
u32 policy_count(void);
u32 policy_pin_count(void);

void policy_init(void);
/* At unload: lets go of everything. No agent is left. */
void policy_exit(void);

#endif
