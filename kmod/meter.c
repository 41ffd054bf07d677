// SPDX-License-Identifier: GPL-2.0-only
/* Counting time, and looking at its limits while there are any. */
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>
#include <linux/workqueue.h>

#include "agent.h"
#include "member.h"
#include "meter.h"

/* At least this often while a limit of time is armed: the processors' number may change. */
#define LOOK_NS_MAX NSEC_PER_SEC

/* What takes long may have been waited for: a machine that stood still is not a large agent. */
#define FRESH_NS_MAX (50 * NSEC_PER_MSEC)
#define PAUSE_NS_MAX (100 * NSEC_PER_MSEC)

static LIST_HEAD(armed);	    /* struct agent.metered; no references */
static DEFINE_SPINLOCK(armed_lock); /* _bh: agents end in RCU callbacks */
static u32 armed_count;
static u64 scheduled = U64_MAX; /* when the work is to run next; under armed_lock */

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

/*
 * A walk over all threads takes the longer the more there are, under a lock
 * that their ends need: it is not repeated before nine times as long has passed.
 * Below a few hundred threads nobody can tell.
 */
static u64 meter_fresh_until(u64 began)
{
	u64 now = ktime_get_boottime_ns();

	return now + min_t(u64, 9 * (now - began), FRESH_NS_MAX);
}

void meter_collect_locked(struct agent *agent)
{
	u64 began = ktime_get_boottime_ns();
	struct member *member;

	if (began < agent->cpu_until)
		return;
	list_for_each_entry(member, &agent->members, in_agent)
		meter_member(member);
	agent->cpu_until = meter_fresh_until(began);
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

void meter_look_locked(struct agent *agent)
{
	u64 began = ktime_get_boottime_ns(), wait = agent->wait_ns;
	const struct task_struct *thread;
	struct member *member;
	u32 threads = 0;

	if (began < agent->wait_until)
		return;
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
	agent->wait_seen = wait;
	agent->threads_seen = threads;
	agent->wait_until = meter_fresh_until(began);
}

/* Sees to it that the work runs within so long. Never later than it would have. */
static void meter_within(u64 ns)
{
	u64 when = ktime_get_boottime_ns() + ns;

	spin_lock_bh(&armed_lock);
	if (when < scheduled) {
		scheduled = when;
		mod_delayed_work(system_unbound_wq, &look, nsecs_to_jiffies(ns));
	}
	spin_unlock_bh(&armed_lock);
}

void meter_arm(struct agent *agent)
{
	spin_lock_bh(&armed_lock);
	if (list_empty(&agent->metered)) {
		list_add_tail(&agent->metered, &armed);
		armed_count++;
	}
	agent->due_ns = 0;
	spin_unlock_bh(&armed_lock);
	meter_within(AGENTOS_METER_NS);
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

/* How a pass over the armed goes. */
struct pass {
	u32 left;    /* to come */
	u64 now;     /* when it began */
	u64 soonest; /* when one of those seen is due, of the time after */
};

/* The next that is due, with a reference. Each becomes the last. */
static struct agent *meter_take(struct pass *pass)
{
	struct agent *agent, *taken = NULL;

	spin_lock_bh(&armed_lock);
	while (!taken && pass->left && !list_empty(&armed)) {
		agent = list_first_entry(&armed, struct agent, metered);
		list_move_tail(&agent->metered, &armed);
		pass->left--;
		if (agent->due_ns > pass->now)
			pass->soonest = min(pass->soonest, agent->due_ns);
		else if (refcount_inc_not_zero(&agent->refs))
			taken = agent;
	}
	spin_unlock_bh(&armed_lock);
	return taken;
}

/* Whoever arms itself meanwhile is due at once again. */
static void meter_look(struct agent *agent, struct pass *pass)
{
	u64 due;

	spin_lock_bh(&armed_lock);
	agent->due_ns = U64_MAX;
	spin_unlock_bh(&armed_lock);
	due = budget_look(agent);
	due = ktime_get_boottime_ns() + clamp_t(u64, due, AGENTOS_METER_NS, LOOK_NS_MAX);
	spin_lock_bh(&armed_lock);
	agent->due_ns = min(agent->due_ns, due);
	pass->soonest = min(pass->soonest, agent->due_ns);
	spin_unlock_bh(&armed_lock);
}

static void meter_work(struct work_struct *work)
{
	struct pass pass = { .now = ktime_get_boottime_ns(), .soonest = U64_MAX };
	struct agent *agent;
	u64 now, pause;
	u32 left;

	spin_lock_bh(&armed_lock);
	scheduled = U64_MAX;
	pass.left = armed_count;
	spin_unlock_bh(&armed_lock);
	while ((agent = meter_take(&pass))) {
		meter_look(agent, &pass);
		agent_put(agent);
		cond_resched();
	}
	spin_lock_bh(&armed_lock);
	left = armed_count;
	spin_unlock_bh(&armed_lock);
	if (!left)
		return;
	/* However many there are, this takes a tenth of one processor, or little more. */
	now = ktime_get_boottime_ns();
	pause = clamp_t(u64, 9 * (now - pass.now), AGENTOS_METER_NS, PAUSE_NS_MAX);
	meter_within(clamp_t(u64, pass.soonest - min(now, pass.soonest), pause, LOOK_NS_MAX));
}

void meter_exit(void)
{
	/* No agent is left that could queue it again. */
	cancel_delayed_work_sync(&look);
}
