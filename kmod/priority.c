// SPDX-License-Identifier: GPL-2.0-only
/* From criticality and phase to policy, nice value and time slice of every thread. */
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>
#include <uapi/linux/sched/types.h>

#include "agent.h"
#include "compat.h"
#include "priority.h"
#include "settle.h"
#include "threads.h"

#define SLICE_SHORT (1 * NSEC_PER_MSEC)
#define SLICE_LONG  (20 * NSEC_PER_MSEC)

#define NICE_BEST	 (-10)
#define NICE_BACKGROUND	 5 /* added */
#define CRITICALITY_HALF AGENTOS_CRITICALITY_START

void priority_init(struct priority *priority)
{
	priority->criticality = AGENTOS_CRITICALITY_START;
	priority->phase = AGENTOS_PHASE_WORKING;
}

bool priority_slices(void)
{
	return COMPAT_SLICES;
}

/* What an agent's threads are to be like. */
struct effect {
	u32 criticality; /* the least of its own and its ancestors' */
	u32 phase;	 /* of the nearest that has one set */
	bool set;	 /* any has */
	bool raises;	 /* all that have */
};

static struct effect priority_effect(const struct agent *agent)
{
	struct effect effect = {
		.criticality = AGENTOS_CRITICALITY_MAX,
		.phase = AGENTOS_PHASE_WORKING,
		.raises = true,
	};

	for (; agent; agent = agent->parent) {
		const struct priority *priority = &agent->priority;

		effect.criticality = min(effect.criticality, READ_ONCE(priority->criticality));
		if (!READ_ONCE(priority->set))
			continue;
		if (!effect.set)
			effect.phase = READ_ONCE(priority->phase);
		effect.set = true;
		effect.raises &= READ_ONCE(priority->raises);
	}
	return effect;
}

static int nice_of(u32 criticality, u32 phase)
{
	int nice;

	if (criticality <= CRITICALITY_HALF)
		nice = MAX_NICE - (int)(criticality * MAX_NICE / CRITICALITY_HALF);
	else
		nice = NICE_BEST * (int)(criticality - CRITICALITY_HALF) / CRITICALITY_HALF;
	if (phase == AGENTOS_PHASE_BACKGROUND)
		nice = min(nice + NICE_BACKGROUND, MAX_NICE);
	return nice;
}

/* False when the task is to stay as it is. */
static bool priority_attr(const struct effect *effect, const struct task_struct *task,
			  struct sched_attr *attr)
{
	*attr = (struct sched_attr){
		.size = sizeof(*attr),
		.sched_policy = SCHED_NORMAL,
		.sched_flags = task->sched_reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0,
		.sched_nice = nice_of(effect->criticality, effect->phase),
	};
	if (!effect->set)
		return false;
	if (!effect->raises) {
		if (task->policy == SCHED_IDLE)
			return false;
		attr->sched_nice = max(attr->sched_nice, task_nice(task));
	}
	switch (effect->phase) {
	case AGENTOS_PHASE_INTERACTIVE:
	case AGENTOS_PHASE_WAITING:
		attr->sched_runtime = SLICE_SHORT;
		break;
	case AGENTOS_PHASE_BACKGROUND:
		attr->sched_policy = SCHED_BATCH;
		attr->sched_runtime = SLICE_LONG;
		break;
	}
	return true;
}

int priority_nice(struct agent *agent)
{
	struct effect effect = priority_effect(agent);

	return effect.set ? nice_of(effect.criticality, effect.phase) : 0;
}

static void priority_apply_task(const struct effect *effect, struct task_struct *task)
{
	struct sched_attr attr;

	if (priority_attr(effect, task, &attr))
		sched_setattr_nocheck(task, &attr);
}

void priority_apply_self(struct agent *agent)
{
	struct effect effect = priority_effect(agent);

	priority_apply_task(&effect, current);
}

static void priority_apply(struct agent *agent)
{
	struct effect effect = priority_effect(agent);
	struct thread_walk walk;
	u32 i;

	thread_walk_begin(&walk, agent);
	while (thread_walk_next(&walk))
		for (i = 0; i < walk.count; i++)
			priority_apply_task(&effect, walk.tasks[i]);
}

int priority_set(struct agent *agent, struct agentos_sched *sched, bool raises)
{
	struct priority *priority = &agent->priority;
	struct agent *below;
	int err = 0;

	settle_lock();
	spin_lock_bh(&agent->lock);
	if (agent_over(agent)) {
		err = -ESRCH;
	} else {
		WRITE_ONCE(priority->raises, raises);
		WRITE_ONCE(priority->criticality, sched->criticality);
		WRITE_ONCE(priority->phase, sched->phase);
		WRITE_ONCE(priority->set, true);
		priority->efficiency = sched->efficiency;
		priority->cost = sched->cost;
		priority->deadline_ns = sched->deadline_ns;
		/* Who is forked from now on by a thread not yet reached sees to itself. */
		atomic_inc(&agent->settling);
	}
	spin_unlock_bh(&agent->lock);
	/* Pairs with that in probe_fork(): one of us sees the other's. */
	smp_mb();
	if (err)
		goto unlock;
	for (below = agent_next_below(agent, NULL); below; below = agent_next_below(agent, below))
		priority_apply(below);
	atomic_dec(&agent->settling);
	sched->ret_nice = priority_nice(agent);
unlock:
	settle_unlock();
	return err;
}
