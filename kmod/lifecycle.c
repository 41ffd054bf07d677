// SPDX-License-Identifier: GPL-2.0-only
/* A circle of records behind one lock; readers keep their own place. */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>

#include "agent.h"
#include "lifecycle.h"

static DEFINE_SPINLOCK(log_lock);      /* _bh: agents end in RCU callbacks */
static struct agentos_lifecycle *kept; /* record seq at seq % AGENTOS_LIFECYCLE_KEPT */
static u64 next_seq = 1;
static u64 next_read = 1; /* of who has read furthest */
static DECLARE_WAIT_QUEUE_HEAD(readers);

int lifecycle_init(void)
{
	kept = vzalloc(array_size(AGENTOS_LIFECYCLE_KEPT, sizeof(*kept)));
	return kept ? 0 : -ENOMEM;
}

void lifecycle_exit(void)
{
	vfree(kept);
}

static u64 oldest_locked(void)
{
	return next_seq > AGENTOS_LIFECYCLE_KEPT ? next_seq - AGENTOS_LIFECYCLE_KEPT : 1;
}

/* The next record, filled in as far as all have it in common. Under the lock. */
static struct agentos_lifecycle *record_begin(const struct agent *agent,
					      enum agentos_lifecycle_type type, pid_t tgid)
{
	struct agentos_lifecycle *record;

	record = &kept[next_seq % AGENTOS_LIFECYCLE_KEPT];
	*record = (struct agentos_lifecycle){
		.size = sizeof(*record),
		.type = type,
		.seq = next_seq++,
		.time_ns = ktime_get_boottime_ns(),
		.agent = agent->id,
		.rights = READ_ONCE(agent->rights),
		.tgid = tgid,
		.uid = from_kuid(&init_user_ns, agent->owner),
		.policy = READ_ONCE(agent->policy_id),
		.parent = agent->parent ? agent->parent->id : 0,
	};
	memcpy(record->name, agent->name, sizeof(record->name));
	return record;
}

pid_t lifecycle_actor(void)
{
	return current->flags & PF_KTHREAD ? 0 : task_tgid_nr(current);
}

void lifecycle_note(const struct agent *agent, enum agentos_lifecycle_type type, pid_t tgid)
{
	struct agentos_lifecycle *record;

	spin_lock_bh(&log_lock);
	record = record_begin(agent, type, tgid);
	if (type == AGENTOS_LIFECYCLE_CREATE)
		record->code = agent->flags;
	if (type == AGENTOS_LIFECYCLE_KILL && agent->reason == AGENTOS_REASON_POLICY)
		record->reason = agent->reason;
	if (type == AGENTOS_LIFECYCLE_EXIT) {
		record->reason = agent->reason;
		record->code = agent->code;
		record->forks = agent->forks;
	}
	spin_unlock_bh(&log_lock);
	wake_up_interruptible_poll(&readers, EPOLLIN | EPOLLRDNORM);
}

void lifecycle_note_budget(const struct agent *agent, u32 resource, u8 percent)
{
	struct agentos_lifecycle *record;

	spin_lock_bh(&log_lock);
	record = record_begin(agent, AGENTOS_LIFECYCLE_BUDGET, 0);
	record->code = percent;
	record->resource = resource;
	spin_unlock_bh(&log_lock);
	wake_up_interruptible_poll(&readers, EPOLLIN | EPOLLRDNORM);
}

void lifecycle_note_pause(const struct agent *agent, enum agentos_exit_reason reason)
{
	struct agentos_lifecycle *record;

	spin_lock_bh(&log_lock);
	record = record_begin(agent, AGENTOS_LIFECYCLE_PAUSE, lifecycle_actor());
	record->reason = reason;
	spin_unlock_bh(&log_lock);
	wake_up_interruptible_poll(&readers, EPOLLIN | EPOLLRDNORM);
}

void lifecycle_note_policy(const struct agent *agent, u32 before)
{
	struct agentos_lifecycle *record;

	spin_lock_bh(&log_lock);
	record = record_begin(agent, AGENTOS_LIFECYCLE_POLICY, lifecycle_actor());
	record->code = before;
	spin_unlock_bh(&log_lock);
	wake_up_interruptible_poll(&readers, EPOLLIN | EPOLLRDNORM);
}

void lifecycle_note_flood(const struct agent *agent, const struct agentos_lifecycle *what)
{
	struct agentos_lifecycle *record;

	spin_lock_bh(&log_lock);
	record = record_begin(agent, what->type, what->tgid);
	record->time_ns = what->time_ns;
	record->code = what->code;
	record->reason = what->reason;
	record->in_flight = what->in_flight;
	if (what->type != AGENTOS_LIFECYCLE_HELD) {
		record->count = what->count;
		record->since_ns = what->since_ns;
	}
	spin_unlock_bh(&log_lock);
	wake_up_interruptible_poll(&readers, EPOLLIN | EPOLLRDNORM);
}

bool lifecycle_has_room(void)
{
	bool room;

	spin_lock_bh(&log_lock);
	room = next_seq - next_read <= AGENTOS_LIFECYCLE_KEPT / 4;
	spin_unlock_bh(&log_lock);
	return room;
}

bool lifecycle_next(u64 *cursor, struct agentos_lifecycle *ret_record)
{
	bool found = false;
	u64 oldest;

	spin_lock_bh(&log_lock);
	oldest = oldest_locked();
	if (*cursor < oldest) {
		*ret_record = (struct agentos_lifecycle){
			.size = sizeof(*ret_record),
			.type = AGENTOS_LIFECYCLE_LOST,
			.seq = oldest - 1,
			.time_ns = ktime_get_boottime_ns(),
			.lost = oldest - *cursor,
		};
		*cursor = oldest;
		found = true;
	} else if (*cursor < next_seq) {
		*ret_record = kept[*cursor % AGENTOS_LIFECYCLE_KEPT];
		(*cursor)++;
		found = true;
	}
	if (found && next_read < *cursor)
		next_read = *cursor;
	spin_unlock_bh(&log_lock);
	return found;
}

static bool lifecycle_ready(u64 cursor)
{
	bool ready;

	spin_lock_bh(&log_lock);
	ready = cursor < next_seq;
	spin_unlock_bh(&log_lock);
	return ready;
}

int lifecycle_wait(u64 cursor)
{
	return wait_event_interruptible(readers, lifecycle_ready(cursor));
}

__poll_t lifecycle_poll(u64 cursor, struct file *file, poll_table *table)
{
	poll_wait(file, &readers, table);
	return lifecycle_ready(cursor) ? EPOLLIN | EPOLLRDNORM : 0;
}

int lifecycle_seek(u64 seq, u64 *ret_cursor)
{
	int err = 0;

	spin_lock_bh(&log_lock);
	if (seq == 0)
		*ret_cursor = oldest_locked();
	else if (seq == AGENTOS_SEEK_END)
		*ret_cursor = next_seq;
	else if (seq <= next_seq)
		*ret_cursor = seq;
	else
		err = -EINVAL;
	spin_unlock_bh(&log_lock);
	return err;
}
