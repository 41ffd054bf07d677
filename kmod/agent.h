/* SPDX-License-Identifier: GPL-2.0-only */
/* The agent: identity, rights, state. Who its tasks are is member.h's business. */
#ifndef AGENTOS_AGENT_H
#define AGENTOS_AGENT_H

#include <linux/list.h>
#include <linux/pid.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "agentos.h"
#include "budget.h"
#include "priority.h"

struct callers;
struct file;
struct flood;
struct mailbox;
struct policy;

/*
 * Freed after an RCU grace period, so that readers under rcu_read_lock() may
 * look at an agent they found through a member.
 */
struct agent {
	/* Set once at creation. */
	u64 id;
	u32 flags; /* AGENTOS_CREATE_*; some change, under lock: READ_ONCE */
	u32 depth;
	struct agent *parent; /* a reference; NULL for none */
	kuid_t owner;
	u64 created_ns;
	/*
	 * NULL for none; used until retired. Changes under lock, and under families
	 * in agent.c: first what is lost of rights, then this, then policy_id.
	 */
	struct policy __rcu *policy;
	u32 policy_id; /* its number: smp_load_acquire(), and rights after it */
	char name[AGENTOS_NAME_SIZE];

	/* READ_ONCE; only ever lose bits, under lock. */
	u64 rights;
	u64 watchable; /* what its policy may watch: all but what was taken from it */

	spinlock_t lock; /* _bh: members end in RCU callbacks */
	/* Under lock. */
	struct list_head members; /* struct member.in_agent */
	u32 member_count;
	u32 live_count; /* members with a live thread */
	u64 forks;
	enum agentos_state state;
	enum agentos_exit_reason reason;
	int code;
	struct pid *first; /* first to attach; NULL: none yet */
	/*
	 * cgroup.h's: a reference, or NULL; until retired. Set before there is a
	 * member, so those that are being made read it without the lock.
	 */
	struct file *cgroup;
	bool barred;	/* killed: whatever is forked dies */
	bool condemned; /* by its policy: the kill is noted, and will be done */
	bool retiring;	/* agent_retire() was or will be called */
	bool revoked;	/* rights are 0 for good */
	u32 child_count;
	struct list_head children; /* struct agent.sibling; no references */
	struct list_head sibling;  /* under the parent's lock */
	u32 walk;		   /* number of the last walk over its threads */
	u64 cpu_ns;		   /* run by its own tasks, as far as metered */
	u64 wait_ns;		   /* of members that ended: waited for a processor */
	u64 wait_seen;		   /* of all, when that was last looked at */
	u32 threads_seen;	   /* likewise */
	u64 cpu_until, wait_until; /* what was seen is fresh enough: meter.c's */
	struct priority priority;
	bool paused; /* also READ_ONCE; changes under settle_lock as well */
	bool named;  /* the name is taken; under names_lock in agent.c */

	wait_queue_head_t wait;		 /* woken by agent_state_changed() */
	enum agentos_state state_called; /* by that, at last; under wait.lock */
	wait_queue_head_t resume;	 /* of held threads */
	refcount_t refs;		 /* descriptors, members and children */
	atomic_t handles;		 /* descriptors */
	atomic_t held;			 /* threads in a pause, or in flood.c */
	atomic_t settling;		 /* parameters are being applied to its threads */
	atomic64_t cpu_total;		 /* as cpu_ns, with all descendants that ever were */
	atomic64_t denials;
	struct budgets budgets;
	struct list_head metered;	   /* meter.c's, and */
	u64 due_ns;			   /* when it is to be looked at, CLOCK_BOOTTIME */
	struct mailbox *mailbox;	   /* NULL until first asked for; stays then */
	struct callers *callers;	   /* caller.c's; likewise */
	struct flood *flood;		   /* flood.c's; NULL until it is first refused something */
	struct work_struct condemned_work; /* member.c's */
	struct hlist_node by_name;	   /* under names_lock */
	struct rcu_head rcu;
};

/* Must a new thread of it look at how it is to be before it first runs? */
static inline bool agent_unsettled(const struct agent *agent)
{
	for (; agent; agent = agent->parent)
		if (READ_ONCE(agent->paused) || atomic_read(&agent->settling))
			return true;
	return false;
}

/* Is it, or one above it, paused? */
static inline bool agent_paused(const struct agent *agent)
{
	while (agent && !READ_ONCE(agent->paused))
		agent = agent->parent;
	return agent;
}

/*
 * Is there nothing left that a command on it and all below it could act on? Who
 * has exited by himself, or moved down, may have left descendants. Without the
 * lock it is a glance.
 */
static inline bool agent_over(const struct agent *agent)
{
	return READ_ONCE(agent->state) >= AGENTOS_STATE_EXITING && !READ_ONCE(agent->child_count);
}

struct agent_options {
	struct agent *parent; /* NULL for none */
	const char *name;     /* checked by the caller: agent_name_valid() */
	u64 rights;
	u32 policy; /* 0: the parent's, or none */
	u32 flags;  /* a parent's UNENFORCED, RECORD_ALLOWED, STRICT and AUDIT_ONLY are added */
	kuid_t owner;
};

/* STRICT is about what is recorded, and that is all of it. */
static inline bool agent_flags_valid(u32 flags)
{
	return !(flags & ~AGENTOS_CREATE_ALL) &&
	       (!(flags & AGENTOS_CREATE_STRICT) || flags & AGENTOS_CREATE_RECORD_ALLOWED);
}

bool agent_name_valid(const char name[static AGENTOS_NAME_SIZE]);

/*
 * Makes an agent without tasks. May sleep. The caller owns one reference.
 * -ENOENT no such policy; -EEXIST name taken; -ENOSPC too many; -ENOMEM; with
 * a parent also -EPERM rights it has not; -ESRCH it ends; -EMLINK too deep.
 */
int agent_create(const struct agent_options *options, struct agent **ret_agent);

/* NULL when it is gone. The caller owns a reference. Any context. */
struct agent *__must_check agent_find(u64 id);
void agent_get(struct agent *agent);
/* Any context but hard interrupts. NULL is allowed. */
void agent_put(struct agent *agent);

/* Fills up to count ids greater than after, ascending. May sleep. */
u32 agent_enumerate(u64 after, u64 *ids, u32 count);
u32 agent_count(void);

/* Is it `above` itself, or derived from it? Under rcu_read_lock() or with a reference. */
static inline bool agent_within(const struct agent *agent, const struct agent *above)
{
	while (agent && agent != above)
		agent = agent->parent;
	return agent;
}

/* The ancestor that has none, or the agent itself. Likewise. */
static inline const struct agent *agent_eldest(const struct agent *agent)
{
	while (agent->parent)
		agent = agent->parent;
	return agent;
}

/*
 * The next below root in preorder, beginning with root itself; NULL ends. The
 * caller begins with at = NULL, and owns a reference to what is returned until
 * it asks for the next. Sees all that were derived before it began; what is
 * derived meanwhile it may miss. May be left early with agent_put(at).
 */
struct agent *__must_check agent_next_below(struct agent *root, struct agent *at);

/*
 * rights &= mask, descendants as well. -EINVAL when nothing would be left of
 * the agent's own, -ESRCH when exiting.
 */
int agent_restrict(struct agent *agent, u64 mask, u64 *ret_rights);

/* Takes all rights for good, descendants as well; tells of how many. -ESRCH when exiting. */
int agent_revoke(struct agent *agent, u32 *ret_agents);

/*
 * Follows another policy, with those below it that followed the same, and keeps
 * of its rights what is in the mask. Fills the answer in. May sleep, for long.
 * -ENOENT no such policy; -EINVAL as agent_restrict(); -ESRCH when exiting.
 */
int agent_set_policy(struct agent *agent, struct agentos_agent_policy *set);

/* Lets the name be used again; the agent will have no live task any more. Takes no agent lock. */
void agent_release_name(struct agent *agent);

/* Under the lock. True for the one caller that is to call agent_retire() after it. */
bool __must_check agent_begin_retiring(struct agent *agent);

/* As INFO tells it: a pause, its own or one from above, hides that it runs. */
enum agentos_state agent_state(const struct agent *agent);

/* Wakes those who poll for it, if it is another. After each change; softirq-safe. */
void agent_state_changed(struct agent *agent);

/*
 * The last task is gone, or there will never be one: policy and name given
 * back, record, and only then state exited and waiters woken. Without the lock.
 */
void agent_retire(struct agent *agent);

void agent_fill_info(struct agent *agent, struct agentos_info *info);

int agent_init(void);
/* No agent is left. */
void agent_exit(void);

#endif
