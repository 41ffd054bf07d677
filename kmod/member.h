/* SPDX-License-Identifier: GPL-2.0-only */
/* Membership: which thread group is in which agent. Inherited at fork, never dropped. */
#ifndef AGENTOS_MEMBER_H
#define AGENTOS_MEMBER_H

#include <linux/list.h>
#include <linux/processor.h> /* list_bl.h uses it and does not include it */
#include <linux/list_bl.h>
#include <linux/hash.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "agentos.h"

struct agent;
struct pid;
struct signal_struct;

/*
 * One per thread group that is in an agent, keyed by its signal_struct: all
 * its threads share that, io_uring's workers included, over exec as well.
 * Found under RCU, freed after a grace period.
 */
struct member {
	struct hlist_bl_node node;   /* in the table; under its bucket's lock */
	struct signal_struct *sig;   /* the key; not a reference */
	struct hlist_bl_node by_pid; /* in another; likewise */
	pid_t tgid;		     /* the key there, in the initial pid namespace */
	u32 walk;		     /* threads.c's; under agent->lock */
	u64 start;		     /* when the process began, as member_start() */
	struct agent *agent;	     /* a reference */
	struct list_head in_agent;   /* under agent->lock */
	struct pid *pid;	     /* a reference; of the thread group */
	bool proving;		     /* attach is asking whether hooks are live */
	bool refused;		     /* file_open says so, while proving */
	bool dead;		     /* its last thread exits; under agent->lock */
	int gone;		     /* set by whoever removes it */
	u64 cpu_seen;		     /* meter.c's; under agent->lock */
	atomic64_t wait_done;	     /* threads that ended: waited for a processor, ns */
	struct rcu_head rcu;
};

#define MEMBER_TABLE_BITS 12
extern struct hlist_bl_head member_table[1 << MEMBER_TABLE_BITS];

static inline struct hlist_bl_head *member_bucket(const struct signal_struct *sig)
{
	return &member_table[hash_ptr(sig, MEMBER_TABLE_BITS)];
}

/*
 * For who asks at every turn: true when the calling task is surely in no agent.
 * It looks at one word and follows nothing, so it needs no lock. Any context.
 */
static __always_inline bool member_none(void)
{
	return !READ_ONCE(member_bucket(current->signal)->first);
}

/* Under rcu_read_lock(); NULL when the task is in no agent. Any context. */
struct member *__must_check member_find(const struct task_struct *task);

/* The calling task's own: it stays while the task is here. */
static __always_inline struct member *__must_check member_of_caller(void)
{
	struct member *member;

	rcu_read_lock_sched();
	member = member_find(current);
	rcu_read_unlock_sched();
	return member;
}

/*
 * Which agent is the process in that has this number for the calling task, and
 * began then? False when it is in none, and for callers in a pid namespace.
 */
bool __must_check member_identify(pid_t tgid, u64 start, u64 *ret_agent);

/* Field 22 of /proc/PID/stat, for whoever is in the initial time namespace. */
u64 member_start(const struct task_struct *task);

/*
 * The agent of the calling task, or NULL. Any context. The task's membership
 * holds it, for as long as the task does not move on itself.
 */
struct agent *__must_check member_agent(void);

/*
 * The calling process joins. May sleep. Errors as AGENTOS_AGENT_ATTACH:
 * -EOPNOTSUPP, -EBUSY, -EPERM, -ESRCH, -EUNATCH, -ENOMEM.
 */
int member_attach(struct agent *agent);

/*
 * SIGKILL to all members of the agent and of its descendants, and a bar on new
 * ones; `reason` is what they end with. Returns how many were signalled. May
 * sleep.
 */
u32 member_kill_family(struct agent *agent, enum agentos_exit_reason reason);

/*
 * The calling task, which is in an agent, has done what ends that and all below it
 * (AGENTOS_REASON_POLICY). Neither it nor another member of that agent comes back to
 * user mode, and nothing is forked there any more; agents below it are killed a moment
 * later, by a worker (with interrupts off, all but the caller are). Any context but hard
 * interrupts, and not under an agent's lock.
 */
void member_condemn(struct agent *agent);

/* What that needs of a new agent. */
void member_prepare(struct agent *agent);

u32 member_count(void);

/* Probes on fork, exit and free. exit() waits until none is running. */
int member_init(void);
void member_exit(void);

#endif
