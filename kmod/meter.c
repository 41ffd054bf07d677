// SPDX-License-Identifier: GPL-2.0-only
/* Counting time, and looking at its limits while there are any. */
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>

#include "agent.h"
#include "member.h"
#include "meter.h"

/* At least this often while a limit of time is armed: the processors' number may change. */
#define LOOK_NS_MAX NSEC_PER_SEC

static LIST_HEAD(armed);	    /* struct agent.metered; no references */
static DEFINE_SPINLOCK(armed_lock); /* _bh: agents end in RCU callbacks */
static u32 armed_count;

static void meter_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(look, meter_work);

/* Of a thread that runs, as of the last tick. */
u64 meter_group(const struct signal_struct *sig)
{
	struct signal_struct *group = (struct signal_struct *)sig;
	const struct task_struct *thread;
	unsigned long flags;
	int seq = 0, next = 0;
	u64 sum;

	rcu_read_lock();
	do {
		seq = next;
		flags = read_seqbegin_or_lock_irqsave(&group->stats_lock, &seq);
		sum = group->sum_sched_runtime;
		list_for_each_entry_rcu(thread, &group->thread_head, thread_node)
			sum += READ_ONCE(thread->se.sum_exec_runtime);
		/* The second time nobody ends meanwhile. */
		next = 1;
	} while (need_seqretry(&group->stats_lock, seq));
	done_seqretry_irqrestore(&group->stats_lock, seq, flags);
	rcu_read_unlock();
	return sum;
}

void meter_member(struct member *member)
{
	struct agent *agent = member->agent;
	u64 now = meter_group(member->sig), more;

	/* A member that moves on is counted no more, and has seen everything. */
	if (now <= member->cpu_seen)
		return;
	more = now - member->cpu_seen;
	member->cpu_seen = now;
	agent->cpu_ns += more;
	for (; agent; agent = agent->parent)
		atomic64_add(more, &agent->cpu_total);
}

u64 meter_collect_locked(struct agent *agent)
{
	struct member *member;

	list_for_each_entry(member, &agent->members, in_agent)
		meter_member(member);
	return agent->cpu_ns;
}

void meter_collect_family(struct agent *agent)
{
	struct agent *below;

	for (below = agent_next_below(agent, NULL); below; below = agent_next_below(agent, below)) {
		spin_lock_bh(&below->lock);
		meter_collect_locked(below);
		spin_unlock_bh(&below->lock);
		cond_resched();
	}
}

void meter_look_locked(struct agent *agent, u64 *ret_wait_ns, u32 *ret_threads)
{
	const struct task_struct *thread;
	struct member *member;
	u64 wait = agent->wait_ns;
	u32 threads = 0;

	rcu_read_lock();
	list_for_each_entry(member, &agent->members, in_agent) {
		wait += atomic64_read(&member->wait_done);
		list_for_each_entry_rcu(thread, &member->sig->thread_head, thread_node) {
			if (thread->flags & PF_EXITING)
				continue;
			wait += READ_ONCE(thread->sched_info.run_delay);
			threads++;
		}
	}
	rcu_read_unlock();
	*ret_wait_ns = wait;
	*ret_threads = threads;
}

void meter_arm(struct agent *agent)
{
	spin_lock_bh(&armed_lock);
	if (list_empty(&agent->metered)) {
		list_add_tail(&agent->metered, &armed);
		armed_count++;
	}
	spin_unlock_bh(&armed_lock);
	mod_delayed_work(system_unbound_wq, &look, 0);
}

void meter_disarm(struct agent *agent)
{
	if (list_empty_careful(&agent->metered))
		return;
	spin_lock_bh(&armed_lock);
	if (!list_empty(&agent->metered)) {
		list_del_init(&agent->metered);
		armed_count--;
	}
	spin_unlock_bh(&armed_lock);
}

/* The first of the armed, which becomes the last, with a reference; *left counts down. */
static struct agent *meter_take(u32 *left)
{
	struct agent *agent, *taken = NULL;

	spin_lock_bh(&armed_lock);
	while (!taken && *left && !list_empty(&armed)) {
		agent = list_first_entry(&armed, struct agent, metered);
		list_move_tail(&agent->metered, &armed);
		(*left)--;
		if (refcount_inc_not_zero(&agent->refs))
			taken = agent;
	}
	spin_unlock_bh(&armed_lock);
	return taken;
}

static void meter_work(struct work_struct *work)
{
	u64 soonest = LOOK_NS_MAX;
	struct agent *agent;
	u32 left;

	spin_lock_bh(&armed_lock);
	left = armed_count;
	spin_unlock_bh(&armed_lock);
	while ((agent = meter_take(&left))) {
		soonest = min(soonest, budget_look(agent));
		agent_put(agent);
		cond_resched();
	}
	spin_lock_bh(&armed_lock);
	left = armed_count;
	spin_unlock_bh(&armed_lock);
	/* Who is armed from here on queues it by itself. */
	if (left)
		queue_delayed_work(system_unbound_wq, &look,
				   nsecs_to_jiffies(max_t(u64, soonest, AGENTOS_METER_NS)));
}

void meter_exit(void)
{
	cancel_delayed_work_sync(&look);
}
