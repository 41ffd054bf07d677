// SPDX-License-Identifier: GPL-2.0-only
/* Shares, holds, and what is told of them a moment later. */
#include <linux/freezer.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/task_work.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "agent.h"
#include "agentos_event.h"
#include "flood.h"
#include "lifecycle.h"
#include "member.h"
#include "settle.h"

#define FREE_BELOW (AGENTOS_DENIALS_BYTES / 4 * 3) /* bytes in use; the rest is for one of each */
#define SHARE_PART 8				   /* of what is free below it */
#define TELL_EVERY HZ
#define QUIET_NS   NSEC_PER_SEC /* without a hold: it goes on */

/* As settle.c's, and for the same reasons. */
#define HELD (TASK_KILLABLE | TASK_FREEZABLE | TASK_NOLOAD)

/*
 * One agent's, made when it is first refused something, gone with it. Lock order:
 * tell_lock, lock, list_lock. Hooks run with interrupts off at times.
 */
struct flood {
	struct agent *agent; /* a reference while it is listed */
	spinlock_t lock;     /* _irqsave */
	/* Under lock. */
	struct flood_window window;
	struct repeats repeats;
	struct untold others;	/* that nobody could be held for, one by one */
	struct list_head asked; /* struct hold: their tasks are on their way to user mode */
	u32 holding;		/* threads */
	u32 share, in_flight;	/* when it was first held; and who, and when */
	s32 held_tgid;
	u64 held_since; /* 0: it is not held, and has not been for a second */
	u64 held_until;
	u64 holds; /* since then */
	bool held_told;
	bool listed; /* in `telling`; written under list_lock as well */
	struct list_head telling;
};

/* Asked for by a hook, waited in by its task. */
struct hold {
	struct callback_head work;
	struct rcu_head rcu;
	struct flood *flood;
	struct agent *agent; /* a reference: the task may move on before it gets here */
	struct task_struct *task;
	u64 until; /* position */
	struct list_head node;
};

static DECLARE_WAIT_QUEUE_HEAD(drained_wait);
static u64 drained; /* position */
static bool undrainable;

static LIST_HEAD(telling);	   /* struct flood.telling */
static u32 listed;		   /* in it; changes under list_lock */
static DEFINE_SPINLOCK(list_lock); /* _irqsave */
static DEFINE_SPINLOCK(tell_lock); /* _bh: agents end in RCU callbacks; one tells at a time */
static void tell_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(tell, tell_work);

u32 flood_window_add(struct flood_window *window, u64 consumed, u64 produced)
{
	if (window->produced < produced)
		window->produced = produced;
	if (consumed >= window->mark) {
		window->before = window->since;
		window->since = 0;
		window->mark = window->produced;
	}
	return window->before + ++window->since;
}

u32 flood_share(u64 used)
{
	if (used >= FREE_BELOW)
		return 0;
	return min_t(u64, (FREE_BELOW - used) / (SHARE_PART * AGENTOS_DENIAL_BYTES),
		     AGENTOS_SHARE_MAX);
}

/* The agent's, or NULL when memory is short. */
static struct flood *flood_of(struct agent *agent)
{
	struct flood *flood = READ_ONCE(agent->flood), *other;

	if (likely(flood))
		return flood;
	flood = kzalloc(sizeof(*flood), GFP_ATOMIC | __GFP_NOWARN);
	if (!flood)
		return NULL;
	flood->agent = agent;
	spin_lock_init(&flood->lock);
	INIT_LIST_HEAD(&flood->asked);
	INIT_LIST_HEAD(&flood->telling);
	other = cmpxchg(&agent->flood, NULL, flood);
	if (!other)
		return flood;
	kfree(flood);
	return other;
}

void flood_free(struct flood *flood)
{
	kfree(flood);
}

/* There is something to tell. Under its lock; somebody holds the agent. */
static void flood_list(struct flood *flood)
{
	if (flood->listed)
		return;
	agent_get(flood->agent);
	spin_lock(&list_lock);
	flood->listed = true;
	WRITE_ONCE(listed, listed + 1);
	list_add_tail(&flood->telling, &telling);
	spin_unlock(&list_lock);
	queue_delayed_work(system_wq, &tell, TELL_EVERY);
}

/* Holds */

static void hold_free_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct hold, rcu));
	module_put(THIS_MODULE);
}

static void hold_free(struct hold *hold)
{
	agent_put(hold->agent);
	call_rcu(&hold->rcu, hold_free_rcu);
}

/* Not who is dying, as in settle.c. */
static bool hold_holds(const struct hold *hold)
{
	const struct agent *agent = hold->agent;

	if ((s64)(hold->until - READ_ONCE(drained)) <= 0 || READ_ONCE(agent->barred))
		return false;
	if (READ_ONCE(undrainable) && !(READ_ONCE(agent->flags) & AGENTOS_CREATE_STRICT))
		return false;
	return !(READ_ONCE(current->signal->flags) & SIGNAL_GROUP_EXIT);
}

static void hold_wait(struct hold *hold)
{
	struct flood *flood = hold->flood;

	atomic_inc(&hold->agent->held);
	wait_event_state(drained_wait, !hold_holds(hold), HELD);
	atomic_dec(&hold->agent->held);

	spin_lock_irq(&flood->lock);
	flood->holding--;
	flood->held_until = ktime_get_boottime_ns();
	spin_unlock_irq(&flood->lock);
}

/* In the task's own context, without locks. */
static void hold_run(struct callback_head *work)
{
	struct hold *hold = container_of(work, struct hold, work);
	struct flood *flood = hold->flood;
	bool holds = !(current->flags & PF_EXITING) && hold_holds(hold);

	spin_lock_irq(&flood->lock);
	list_del(&hold->node);
	if (holds) {
		flood->holding++;
		flood->holds++;
		if (!flood->held_since) {
			flood->held_since = ktime_get_boottime_ns();
			flood->held_tgid = task_tgid_nr(current);
		}
		flood_list(flood);
	}
	spin_unlock_irq(&flood->lock);
	if (holds)
		hold_wait(hold);
	hold_free(hold);
}

/* Has the calling task made a record already for which it is to be held? Under the lock. */
static bool hold_is_asked(const struct flood *flood)
{
	const struct hold *hold;

	list_for_each_entry(hold, &flood->asked, node)
		if (hold->task == current)
			return true;
	return false;
}

/* Under the lock. Who exits already goes back to no user mode. */
static void hold_ask(struct flood *flood, u64 until)
{
	struct hold *hold;

	if (current->flags & (PF_EXITING | PF_KTHREAD))
		return;
	hold = kmalloc(sizeof(*hold), GFP_ATOMIC | __GFP_NOWARN);
	if (!hold)
		return;
	hold->flood = flood;
	hold->agent = flood->agent;
	hold->task = current;
	hold->until = until;
	init_task_work(&hold->work, hold_run);
	settle_told();
	__module_get(THIS_MODULE);
	agent_get(hold->agent);
	if (task_work_add(current, &hold->work, TWA_RESUME))
		hold_free(hold);
	else
		list_add(&hold->node, &flood->asked);
}

/*
 * The agent has outrun its share. Under the lock. True: the task is to be held
 * already and goes on in the same call, and what is left of the ring is for others.
 */
static bool flood_outrun(struct flood *flood, u64 used, u64 produced)
{
	if (READ_ONCE(flood->agent->flags) & AGENTOS_CREATE_UNHELD)
		return false;
	if (hold_is_asked(flood))
		return used >= FREE_BELOW;
	hold_ask(flood, produced);
	return false;
}

bool flood_denied(struct agent *agent, struct act *act, u64 consumed, u64 produced)
{
	const u64 used = produced - consumed;
	struct flood *flood = flood_of(agent);
	struct repeats_key key;
	s32 tgid = task_tgid_nr(current);
	u32 share, in_flight;
	unsigned long flags;
	bool counted;

	act->time_ns = ktime_get_boot_fast_ns();
	if (unlikely(!flood))
		return false;
	repeats_key_make(&key, act);
	spin_lock_irqsave(&flood->lock, flags);
	counted = repeats_count(&flood->repeats, &key, act, tgid);
	if (!counted) {
		share = flood_share(used);
		in_flight = flood_window_add(&flood->window, consumed, produced);
		if (unlikely(in_flight > share)) {
			if (!flood->held_since) {
				flood->share = share;
				flood->in_flight = in_flight;
			}
			counted = flood_outrun(flood, used, produced);
			if (counted) {
				flood->window.since--;
				repeats_break(&flood->repeats);
				untold_add(&flood->others, act->time_ns, act, tgid);
			}
		}
	}
	if (counted)
		flood_list(flood);
	spin_unlock_irqrestore(&flood->lock, flags);
	return counted;
}

void flood_drained(u64 consumed)
{
	WRITE_ONCE(undrainable, consumed == AGENTOS_DRAINED_NEVER);
	if (consumed != AGENTOS_DRAINED_NEVER)
		WRITE_ONCE(drained, consumed);
	wake_up_all(&drained_wait);
}

void flood_wake(void)
{
	wake_up_all(&drained_wait);
}

/* Telling */

static void tell_untold(const struct agent *agent, const struct untold *untold, int code)
{
	lifecycle_note_flood(
		agent, &(struct agentos_lifecycle){
			       .type = AGENTOS_LIFECYCLE_REPEATED,
			       .code = code,
			       .reason = untold->verdict,
			       .tgid = untold->tgid,
			       .count = untold->count,
			       .since_ns = untold->since_ns,
			       .time_ns = untold->until_ns,
		       });
}

static void tell_held(struct flood *flood, bool last)
{
	const struct agent *agent = flood->agent;
	struct agentos_lifecycle held = { .type = 0 }, released = { .type = 0 };

	spin_lock_irq(&flood->lock);
	if (flood->held_since && !flood->held_told) {
		flood->held_told = true;
		held = (struct agentos_lifecycle){
			.type = AGENTOS_LIFECYCLE_HELD,
			.code = flood->share,
			.tgid = flood->held_tgid,
			.in_flight = flood->in_flight,
			.time_ns = flood->held_since,
		};
	}
	if (flood->held_since && !flood->holding &&
	    (last || ktime_get_boottime_ns() - flood->held_until >= QUIET_NS)) {
		released = (struct agentos_lifecycle){
			.type = AGENTOS_LIFECYCLE_RELEASED,
			.tgid = flood->held_tgid,
			.count = flood->holds,
			.since_ns = flood->held_since,
			.time_ns = flood->held_until,
		};
		flood->held_since = 0;
		flood->holds = 0;
		flood->held_told = false;
	}
	spin_unlock_irq(&flood->lock);
	if (held.type)
		lifecycle_note_flood(agent, &held);
	if (released.type)
		lifecycle_note_flood(agent, &released);
}

/* Under tell_lock. last: there will be no more. */
static void flood_tell(struct flood *flood, bool last)
{
	struct untold same, others;
	bool repeated;

	spin_lock_irq(&flood->lock);
	repeated = repeats_take(&flood->repeats, &same);
	others = flood->others;
	flood->others = (struct untold){};
	spin_unlock_irq(&flood->lock);
	if (repeated)
		tell_untold(flood->agent, &same, AGENTOS_REPEATED_SAME);
	if (others.count)
		tell_untold(flood->agent, &others, AGENTOS_REPEATED_OTHERS);
	tell_held(flood, last);
}

/* Takes it out of the list when there is nothing to tell, or `last`. True: so it was. */
static bool flood_unlist(struct flood *flood, bool last)
{
	bool out;

	spin_lock_irq(&flood->lock);
	out = flood->listed &&
	      (last ||
	       (!flood->repeats.untold.count && !flood->others.count && !flood->held_since));
	if (out) {
		spin_lock(&list_lock);
		flood->listed = false;
		WRITE_ONCE(listed, listed - 1);
		list_del_init(&flood->telling);
		spin_unlock(&list_lock);
	}
	spin_unlock_irq(&flood->lock);
	return out;
}

/* The first of the list, which becomes its last; a reference to its agent is the caller's. */
static struct flood *tell_next(void)
{
	struct flood *flood;

	spin_lock_irq(&list_lock);
	flood = list_first_entry_or_null(&telling, struct flood, telling);
	if (flood) {
		agent_get(flood->agent);
		list_move_tail(&flood->telling, &telling);
	}
	spin_unlock_irq(&list_lock);
	return flood;
}

/*
 * Each that is listed, once. Not while readers of the stream are behind: what is
 * told here can wait, and would push out what cannot.
 */
static void tell_work(struct work_struct *work)
{
	u32 left = READ_ONCE(listed);
	struct flood *flood;
	struct agent *agent;

	while (left-- && lifecycle_has_room() && (flood = tell_next())) {
		agent = flood->agent;
		spin_lock_bh(&tell_lock);
		flood_tell(flood, false);
		spin_unlock_bh(&tell_lock);
		if (flood_unlist(flood, false))
			agent_put(agent);
		agent_put(agent);
		cond_resched();
	}
	if (READ_ONCE(listed))
		queue_delayed_work(system_wq, &tell, TELL_EVERY);
}

void flood_end(struct agent *agent)
{
	struct flood *flood = READ_ONCE(agent->flood);

	if (!flood)
		return;
	spin_lock_bh(&tell_lock);
	flood_tell(flood, true);
	spin_unlock_bh(&tell_lock);
	if (flood_unlist(flood, true))
		agent_put(agent);
}

void flood_exit(void)
{
	cancel_delayed_work_sync(&tell);
}
