// SPDX-License-Identifier: GPL-2.0-only
/* System calls that no security hook is asked about: refused at their entry. */
#include "call.h"

#include <asm/syscall.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/task_work.h>

#include "settle.h"

struct refusal {
	struct callback_head work;
	struct rcu_head rcu;
	unsigned long first; /* argument */
	int error;
	bool ia32;
};

/* The entry's code reads arguments here, and user mode gets its registers back from here. */
static unsigned long *call_argument(bool ia32)
{
	struct pt_regs *regs = task_pt_regs(current);

	return ia32 ? &regs->bx : &regs->di;
}

static void refusal_free_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct refusal, rcu));
	module_put(THIS_MODULE);
}

/* On the way back from the call. */
static void refusal_run(struct callback_head *work)
{
	struct refusal *refusal = container_of(work, struct refusal, work);

	*call_argument(refusal->ia32) = refusal->first;
	syscall_set_return_value(current, task_pt_regs(current), refusal->error, 0);
	call_rcu(&refusal->rcu, refusal_free_rcu);
}

int call_refuse(int error, bool ia32, unsigned long harmless)
{
	struct refusal *refusal = kmalloc(sizeof(*refusal), GFP_ATOMIC | __GFP_NOWARN);
	unsigned long *argument = call_argument(ia32);

	if (!refusal) {
		*argument = harmless;
		send_sig(SIGKILL, current, 1);
		return -ENOMEM;
	}
	refusal->first = *argument;
	refusal->error = error;
	refusal->ia32 = ia32;
	*argument = harmless;
	__module_get(THIS_MODULE);
	settle_told();
	init_task_work(&refusal->work, refusal_run);
	/* Who exits already goes back to no user mode. */
	if (task_work_add(current, &refusal->work, TWA_RESUME))
		call_rcu(&refusal->rcu, refusal_free_rcu);
	return 0;
}
