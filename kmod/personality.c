// SPDX-License-Identifier: GPL-2.0-only
/* personality(), which no security hook is asked about: refused after the fact. */
#include "personality.h"

#include <asm/syscall.h>
#include <linux/module.h>
#include <linux/personality.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/task_work.h>

#include "settle.h"

struct undo {
	struct callback_head work;
	struct rcu_head rcu;
	unsigned int before;
};

static void undo_free_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct undo, rcu));
	module_put(THIS_MODULE);
}

/* On the way back from the call: its result is where user mode will find it. */
static void undo_run(struct callback_head *work)
{
	struct undo *undo = container_of(work, struct undo, work);

	current->personality = undo->before;
	syscall_set_return_value(current, task_pt_regs(current), -EPERM, 0);
	call_rcu(&undo->rcu, undo_free_rcu);
}

int personality_undo(void)
{
	struct undo *undo = kmalloc(sizeof(*undo), GFP_ATOMIC | __GFP_NOWARN);

	if (!undo) {
		send_sig(SIGKILL, current, 1);
		return -ENOMEM;
	}
	undo->before = current->personality;
	__module_get(THIS_MODULE);
	settle_told();
	init_task_work(&undo->work, undo_run);
	/* Who exits already goes back to no user mode. */
	if (task_work_add(current, &undo->work, TWA_RESUME))
		call_rcu(&undo->rcu, undo_free_rcu);
	return 0;
}

void personality_shed(void)
{
	current->personality &= ~READ_IMPLIES_EXEC;
}
