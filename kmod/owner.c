// SPDX-License-Identifier: GPL-2.0-only
/* Whom a descriptor signals. */
#include <linux/fs.h>
#include <linux/lockdep.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>

#include "agent.h"
#include "compat.h"
#include "member.h"
#include "owner.h"

bool owner_inside(const struct file *file, int *ret_number)
{
	const struct fown_struct *owner = compat_owner(file);
	const struct member *mine, *its;
	struct task_struct *task;
	bool inside = false;

	*ret_number = 0;
	/* Nobody: what is not known is not inside. */
	if (!owner || !owner->pid)
		return false;
	*ret_number = pid_nr(owner->pid);
	/* Who else joins a group or a session nobody here is asked about. */
	if (owner->pid_type > PIDTYPE_TGID) {
		*ret_number = -*ret_number;
		return false;
	}
	rcu_read_lock();
	/* As the kernel looks for whom to signal. */
	task = pid_task(owner->pid, PIDTYPE_PID);
	mine = member_find(current);
	its = task ? member_find(task) : NULL;
	inside = mine && its && agent_within(its->agent, mine->agent);
	rcu_read_unlock();
	return inside;
}

void owner_drop(struct file *file)
{
	struct fown_struct *owner = compat_owner(file);

	if (!owner)
		return;
	lockdep_assert_held_write(&owner->lock);
	put_pid(owner->pid);
	owner->pid = NULL;
}
