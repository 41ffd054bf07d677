// SPDX-License-Identifier: GPL-2.0-only
/* Pause and resume, by work that a task does itself on its way to user mode. */
#include <linux/freezer.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "agent.h"
#include "lifecycle.h"
#include "member.h"
#include "priority.h"
#include "settle.h"
#include "threads.h"

struct settle {
	struct callback_head work;
	struct rcu_head rcu;
};

/*
 * Killable, so that a held process can be ended; freezable, so that it does not
 * keep the machine from sleeping; and no load on it.
 */
#define HELD (TASK_KILLABLE | TASK_FREEZABLE | TASK_NOLOAD)

static DEFINE_MUTEX(settling);
static bool told_any; /* a task may be on its way out of a callback of ours */

void settle_lock(void)
{
	mutex_lock(&settling);
}

void settle_unlock(void)
{
	mutex_unlock(&settling);
}

/*
 * Not who is dying: a signal to end a hold no longer reaches one that has begun
 * its exit, and io_uring runs task work in the midst of it.
 */
static bool settle_holds(const struct agent *agent)
{
	return agent_paused(agent) && !READ_ONCE(agent->barred) &&
	       !(READ_ONCE(current->signal->flags) & SIGNAL_GROUP_EXIT);
}

static void settle_hold(struct agent *agent)
{
	if (!settle_holds(agent))
		return;
	atomic_inc(&agent->held);
	wait_event_state(agent->resume, !settle_holds(agent), HELD);
	atomic_dec(&agent->held);
}

static void settle_free_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct settle, rcu));
	module_put(THIS_MODULE);
}

/* In the task's own context, without locks. Its membership holds the agent. */
static void settle_run(struct callback_head *work)
{
	struct settle *settle = container_of(work, struct settle, work);
	struct agent *agent = member_agent();

	if (agent && !(current->flags & PF_EXITING)) {
		priority_apply_self(agent);
		settle_hold(agent);
	}
	call_rcu(&settle->rcu, settle_free_rcu);
}

void settle_told(void)
{
	WRITE_ONCE(told_any, true);
}

int settle_tell(struct task_struct *task, enum task_work_notify_mode mode, gfp_t gfp)
{
	struct settle *settle = kmalloc(sizeof(*settle), gfp | __GFP_NOWARN);

	if (!settle)
		return -ENOMEM;
	settle_told();
	__module_get(THIS_MODULE);
	init_task_work(&settle->work, settle_run);
	if (task_work_add(task, &settle->work, mode))
		call_rcu(&settle->rcu, settle_free_rcu);
	return 0;
}

/* One agent's part. */
static int settle_tell_all(struct agent *agent, u32 *told)
{
	struct thread_walk walk;
	int err;
	u32 i;

	thread_walk_begin(&walk, agent);
	while (thread_walk_next(&walk)) {
		for (i = 0; i < walk.count; i++) {
			err = settle_tell(walk.tasks[i], TWA_SIGNAL, GFP_KERNEL_ACCOUNT);
			if (err) {
				thread_walk_end(&walk);
				return err;
			}
			(*told)++;
		}
		cond_resched();
	}
	return 0;
}

/* Under settle_lock(). */
static void settle_release(struct agent *agent)
{
	struct agent *below;

	spin_lock_bh(&agent->lock);
	WRITE_ONCE(agent->paused, false);
	spin_unlock_bh(&agent->lock);
	/* Whoever is derived meanwhile finds it unpaused. */
	for (below = agent_next_below(agent, NULL); below; below = agent_next_below(agent, below)) {
		wake_up_all(&below->resume);
		agent_state_changed(below);
		cond_resched();
	}
}

int settle_pause(struct agent *agent, enum agentos_exit_reason reason, u32 *ret_threads)
{
	struct agent *below;
	bool paused;
	int err = 0;

	*ret_threads = 0;
	settle_lock();
	spin_lock_bh(&agent->lock);
	paused = agent->paused;
	if (agent_over(agent))
		err = -ESRCH;
	else
		WRITE_ONCE(agent->paused, true);
	spin_unlock_bh(&agent->lock);
	if (err || paused)
		goto unlock;
	/* Pairs with that in probe_fork(): one of us sees the other's. */
	smp_mb();
	for (below = agent_next_below(agent, NULL); below; below = agent_next_below(agent, below)) {
		err = settle_tell_all(below, ret_threads);
		if (err) {
			agent_put(below);
			settle_release(agent);
			goto unlock;
		}
		agent_state_changed(below);
	}
	lifecycle_note_pause(agent, reason);
unlock:
	settle_unlock();
	return err;
}

int settle_resume(struct agent *agent)
{
	bool paused;
	int err = 0;

	settle_lock();
	spin_lock_bh(&agent->lock);
	paused = agent->paused;
	if (agent_over(agent))
		err = -ESRCH;
	else if (paused)
		lifecycle_note(agent, AGENTOS_LIFECYCLE_RESUME, lifecycle_actor());
	spin_unlock_bh(&agent->lock);
	if (!err && paused)
		settle_release(agent);
	settle_unlock();
	return err;
}

void settle_exit(void)
{
	/* A callback's last instructions run after what held the module was let go of. */
	if (READ_ONCE(told_any))
		synchronize_rcu_tasks();
	rcu_barrier();
}
