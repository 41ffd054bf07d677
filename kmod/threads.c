// SPDX-License-Identifier: GPL-2.0-only
/* Members one after the other, and the threads of each in chunks. */
#include <linux/pid.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "agent.h"
#include "member.h"
#include "threads.h"

/*
 * The walk of an agent has a number, and each member that of the last walk that
 * was through with it. Those that are done stand behind those that are not: who
 * is done moves to the end, and who joins is counted as done (its fork saw to
 * it, or its attach).
 */
void thread_walk_begin(struct thread_walk *walk, struct agent *agent)
{
	walk->agent = agent;
	walk->count = 0;
	walk->pid = NULL;
	spin_lock_bh(&agent->lock);
	agent->walk++;
	spin_unlock_bh(&agent->lock);
}

static void walk_drop(struct thread_walk *walk)
{
	while (walk->count)
		put_task_struct(walk->tasks[--walk->count]);
}

void thread_walk_end(struct thread_walk *walk)
{
	walk_drop(walk);
	put_pid(walk->pid);
	walk->pid = NULL;
}

/*
 * Where to go on: behind the last of the chunk before that is still there. When
 * none is, from the beginning. Under rcu_read_lock().
 */
static struct list_head *walk_place(const struct thread_walk *walk, const struct member *member)
{
	u32 i;

	for (i = walk->count; i; i--)
		if (pid_alive(walk->tasks[i - 1]))
			return &walk->tasks[i - 1]->thread_node;
	return &member->sig->thread_head;
}

bool thread_walk_next(struct thread_walk *walk)
{
	struct task_struct *found[THREAD_CHUNK];
	struct agent *agent = walk->agent;
	struct list_head *place;
	struct member *member;
	struct pid *pid = NULL;
	u32 i, count = 0;

	spin_lock_bh(&agent->lock);
	rcu_read_lock();
	while (!count) {
		member = list_first_entry_or_null(&agent->members, struct member, in_agent);
		if (!member || member->walk == agent->walk)
			break;
		place = member->pid == walk->pid ? walk_place(walk, member) :
						   &member->sig->thread_head;
		for (place = rcu_dereference(list_next_rcu(place));
		     place != &member->sig->thread_head && count < THREAD_CHUNK;
		     place = rcu_dereference(list_next_rcu(place))) {
			found[count] = list_entry(place, struct task_struct, thread_node);
			get_task_struct(found[count++]);
		}
		if (place != &member->sig->thread_head) {
			pid = get_pid(member->pid);
			break;
		}
		member->walk = agent->walk;
		list_move_tail(&member->in_agent, &agent->members);
	}
	rcu_read_unlock();
	spin_unlock_bh(&agent->lock);

	thread_walk_end(walk);
	for (i = 0; i < count; i++)
		walk->tasks[i] = found[i];
	walk->count = count;
	walk->pid = pid;
	return count;
}
