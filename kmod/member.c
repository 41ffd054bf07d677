// SPDX-License-Identifier: GPL-2.0-only
/* Membership: the table, the probes that keep it exact, attach and kill. */
#include <linux/err.h>
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/math64.h>
#include <linux/mm_types.h>
#include <linux/module.h>
#include <linux/personality.h>
#include <linux/pid_namespace.h>
#include <linux/rculist_bl.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

#include "agent.h"
#include "cgroup.h"
#include "flood.h"
#include "lifecycle.h"
#include "mailbox.h"
#include "member.h"
#include "meter.h"
#include "pool.h"
#include "settle.h"

/*
 * Lock order: agent->lock, then a bucket's bit lock, sighand->siglock, or the
 * lifecycle stream's lock.
 * Both ours are taken with softirqs off: members end in RCU callbacks.
 */
struct hlist_bl_head member_table[1 << MEMBER_TABLE_BITS];
static struct hlist_bl_head by_pid[1 << MEMBER_TABLE_BITS];
static struct kmem_cache *cache;
static struct pool spare; /* members that ended, for those that begin */
static struct workqueue_struct *executioner;
static atomic_t members = ATOMIC_INIT(0);

/* As hlist_bl_first_rcu(), for any RCU reader: short looks use rcu_read_lock_sched(). */
static struct hlist_bl_node *bucket_first(const struct hlist_bl_head *bucket)
{
	struct hlist_bl_node __rcu *const *first =
		(struct hlist_bl_node __rcu *const __force *)&bucket->first;
	unsigned long word = (unsigned long)rcu_dereference_check(*first, rcu_read_lock_any_held());

	return (struct hlist_bl_node *)(word & ~LIST_BL_LOCKMASK);
}

#define bucket_for_each(member, pos, bucket, link)                            \
	for (pos = bucket_first(bucket);                                      \
	     pos && (member = hlist_bl_entry(pos, typeof(*member), link), 1); \
	     pos = rcu_dereference_raw(pos->next))

struct member *member_find(const struct task_struct *task)
{
	const struct signal_struct *sig = task->signal;
	struct hlist_bl_node *pos;
	struct member *member;

	bucket_for_each(member, pos, member_bucket(sig), node)
	{
		if (member->sig == sig)
			return member;
	}
	return NULL;
}

static struct hlist_bl_head *member_pid_bucket(pid_t tgid)
{
	/* Numbers are given out in turn: they spread by themselves. */
	return &by_pid[tgid & ((1 << MEMBER_TABLE_BITS) - 1)];
}

/*
 * Around short looks at the tables. With preemption off instead of
 * rcu_read_lock(): the same to RCU, and on preemptible kernels without a call.
 */
bool member_identify(pid_t tgid, u64 start, u64 *ret_agent)
{
	struct hlist_bl_node *pos;
	struct member *member;
	bool found = false;

	if (unlikely(ns_of_pid(task_pid(current)) != &init_pid_ns))
		return false;
	rcu_read_lock_sched();
	bucket_for_each(member, pos, member_pid_bucket(tgid), by_pid)
	{
		/* One that is dead may have its number taken by another already. */
		if (member->tgid == tgid && member->start == start && !READ_ONCE(member->dead)) {
			*ret_agent = member->agent->id;
			found = true;
			break;
		}
	}
	rcu_read_unlock_sched();
	return found;
}

u64 member_start(const struct task_struct *task)
{
	return div_u64(task->start_boottime, NSEC_PER_SEC / USER_HZ);
}

/* The calling task's own: it stays, as only the task itself could take it away. */
static struct member *member_own(void)
{
	struct member *member;

	rcu_read_lock_sched();
	member = member_find(current);
	rcu_read_unlock_sched();
	return member;
}

struct agent *member_agent(void)
{
	struct member *member = member_own();

	return member ? member->agent : NULL;
}

/* All that member_insert() does not: `memory` may have been another's. */
static struct member *member_fill(void *memory, struct agent *agent, struct task_struct *task)
{
	struct member *member = memory;

	member->sig = task->signal;
	member->pid = get_pid(task_tgid(task));
	member->tgid = pid_nr(member->pid);
	member->start = member_start(task->group_leader);
	member->agent = agent;
	member->proving = false;
	member->refused = false;
	member->dead = false;
	member->gone = 0;
	member->cpu_seen = 0;
	atomic64_set(&member->wait_done, 0);
	return member;
}

static void member_release(void *member)
{
	kmem_cache_free(cache, member);
}

static void member_free_rcu(struct rcu_head *rcu)
{
	member_release(container_of(rcu, struct member, rcu));
}

/* Readers may still look at it. Softirqs are off. */
static void member_free(struct member *member)
{
	put_pid(member->pid);
	/* Not kfree_rcu(): 6.1 has no way to wait for that before the cache goes. */
	if (!pool_give(&spare, member))
		call_rcu(&member->rcu, member_free_rcu);
}

static void bucket_add(struct hlist_bl_head *bucket, struct hlist_bl_node *node)
{
	hlist_bl_lock(bucket);
	hlist_bl_add_head_rcu(node, bucket);
	hlist_bl_unlock(bucket);
}

static void bucket_remove(struct hlist_bl_head *bucket, struct hlist_bl_node *node)
{
	hlist_bl_lock(bucket);
	hlist_bl_del_rcu(node);
	hlist_bl_unlock(bucket);
}

/* Under agent->lock, by who has a reference to the agent: all its members together hold one. */
static void member_insert(struct member *member)
{
	struct agent *agent = member->agent;

	member->walk = agent->walk;
	list_add_tail(&member->in_agent, &agent->members);
	if (!agent->member_count++)
		agent_get(agent);
	agent->live_count++;
	bucket_add(member_bucket(member->sig), &member->node);
	bucket_add(member_pid_bucket(member->tgid), &member->by_pid);
	atomic_inc(&members);
}

/* Its last thread exits. Under agent->lock. True when the agent has no live task left. */
static bool member_died(struct member *member)
{
	struct agent *agent = member->agent;

	if (member->dead)
		return false;
	member->dead = true;
	if (--agent->live_count || agent->state == AGENTOS_STATE_CREATED)
		return false;
	agent->state = AGENTOS_STATE_EXITING;
	return true;
}

/*
 * Ends the membership; the agent with it, when this was the last. Under
 * rcu_read_lock(), or by the member itself: of several callers one does it.
 * Softirqs are off.
 */
static void member_remove(struct member *member)
{
	struct agent *agent = member->agent;
	bool last, died, empty;

	lockdep_assert(softirq_count());
	if (xchg(&member->gone, 1))
		return;
	spin_lock(&agent->lock);
	bucket_remove(member_bucket(member->sig), &member->node);
	bucket_remove(member_pid_bucket(member->tgid), &member->by_pid);
	meter_member(member);
	agent->wait_ns += atomic64_read(&member->wait_done);
	list_del(&member->in_agent);
	empty = !--agent->member_count;
	died = member_died(member);
	last = empty && agent->state == AGENTOS_STATE_EXITING && agent_begin_retiring(agent);
	spin_unlock(&agent->lock);
	atomic_dec(&members);
	if (last)
		agent_retire(agent);
	else if (died)
		agent_state_changed(agent);
	member_free(member);
	if (empty)
		agent_put(agent);
}

/*
 * Would anything that shares state with the caller stay outside? Another
 * thread, or a process that sees the same memory, descriptors or directory.
 */
static bool member_shares(void)
{
	bool shares = get_nr_threads(current) != 1;

	task_lock(current);
	if (!current->mm || atomic_read(&current->mm->mm_users) != 1)
		shares = true;
	if (!current->files || atomic_read(&current->files->count) != 1)
		shares = true;
	if (!current->fs)
		shares = true;
	else if (current->fs->users != 1)
		shares = true;
	task_unlock(current);
	return shares;
}

/* Do the hooks refuse the calling task, which is `proving`? No hook, no promise. */
static bool member_proved(struct member *member)
{
	struct file *file = filp_open("/", O_RDONLY | O_DIRECTORY, 0);

	if (!IS_ERR(file))
		filp_close(file, NULL);
	return PTR_ERR_OR_ZERO(file) == -EACCES && READ_ONCE(member->refused);
}

/*
 * Moves on. The new membership stands before this in its bucket: at no time is
 * there none. Where the old one's time ends the new one's begins.
 */
static void member_leave(struct member *member, struct member *next)
{
	struct agent *agent = member->agent;
	u64 seen;

	spin_lock_bh(&agent->lock);
	if (member->pid == agent->first && !agent->barred)
		agent->reason = AGENTOS_REASON_EXIT;
	meter_member(member);
	seen = member->cpu_seen;
	member->cpu_seen = U64_MAX;
	agent->wait_ns += current->sched_info.run_delay;
	spin_unlock_bh(&agent->lock);

	spin_lock_bh(&next->agent->lock);
	next->cpu_seen = seen;
	atomic64_set(&next->wait_done, -(s64)current->sched_info.run_delay);
	spin_unlock_bh(&next->agent->lock);
	local_bh_disable();
	member_remove(member);
	local_bh_enable();
}

/* Never joined: no reader knows of it. */
static void member_discard(struct member *member)
{
	put_pid(member->pid);
	kmem_cache_free(cache, member);
}

int member_attach(struct agent *agent)
{
	struct member *member, *before = member_own();
	void *memory;
	int err;

	if (agent->flags & AGENTOS_CREATE_GROUP)
		return -EOPNOTSUPP;
	if (before && (before->agent == agent || !agent_within(agent, before->agent)))
		return -EPERM;
	if (member_shares())
		return -EBUSY;
	/* Not accounted to the caller: others have it after him. */
	memory = kmem_cache_alloc(cache, GFP_KERNEL);
	if (!memory)
		return -ENOMEM;
	member = member_fill(memory, agent, current);
	/* Who moves down is held by hooks already, and counted where it was. */
	member->proving = !before && !(agent->flags & AGENTOS_CREATE_UNENFORCED);
	member->cpu_seen = before ? U64_MAX : meter_group(current->signal);
	atomic64_set(&member->wait_done, -(s64)current->sched_info.run_delay);
	/* Looks at what it is by then. */
	err = settle_tell(current, TWA_RESUME, GFP_KERNEL_ACCOUNT);
	if (err) {
		member_discard(member);
		return err;
	}

	spin_lock_bh(&agent->lock);
	if (agent->state >= AGENTOS_STATE_EXITING || agent->revoked) {
		spin_unlock_bh(&agent->lock);
		member_discard(member);
		return -ESRCH;
	}
	member_insert(member);
	spin_unlock_bh(&agent->lock);

	if (member->proving && !member_proved(member)) {
		err = -EUNATCH;
		goto remove;
	}
	/* Who moves down is in his parent's. */
	if (!before || before->agent->cgroup != agent->cgroup)
		err = cgroup_enter(agent);
	if (err)
		goto remove;

	spin_lock_bh(&agent->lock);
	if (agent->state >= AGENTOS_STATE_EXITING) {
		spin_unlock_bh(&agent->lock);
		err = -ESRCH;
		goto remove;
	}
	WRITE_ONCE(member->proving, false);
	agent->state = AGENTOS_STATE_RUNNING;
	if (!agent->first)
		agent->first = get_pid(member->pid);
	spin_unlock_bh(&agent->lock);
	lifecycle_note(agent, AGENTOS_LIFECYCLE_ATTACH, task_tgid_nr(current));
	agent_state_changed(agent);
	/* As by a setuid exec. */
	if (!(READ_ONCE(agent->rights) & AGENTOS_RIGHT(ANON_EXEC)))
		current->personality &= ~READ_IMPLIES_EXEC;
	if (before)
		member_leave(before, member);
	return 0;

remove:
	local_bh_disable();
	member_remove(member);
	local_bh_enable();
	return err;
}

/* SIGKILL to each member. Returns how many were still alive. Under the agent's lock. */
static u32 members_signal(struct agent *agent)
{
	struct member *member;
	u32 killed = 0;

	list_for_each_entry(member, &agent->members, in_agent)
		if (!kill_pid(member->pid, SIGKILL, 1) && !member->dead)
			killed++;
	return killed;
}

/* One agent's part. */
static u32 member_kill_all(struct agent *agent, enum agentos_exit_reason reason)
{
	bool last = false;
	u32 killed;

	spin_lock_bh(&agent->lock);
	if (agent->retiring) {
		spin_unlock_bh(&agent->lock);
		return 0;
	}
	/* A fork that this walk does not see finds the bar: both hold the lock. */
	agent->barred = true;
	/* What has exited by itself and waits to be reaped was not killed. */
	if (!agent->condemned && (agent->live_count || agent->state == AGENTOS_STATE_CREATED)) {
		agent->reason = reason;
		agent->code = SIGKILL;
	}
	agent->state = AGENTOS_STATE_EXITING;
	/* Under the lock, so that it stands before the record of the exit. */
	if (!agent->condemned)
		lifecycle_note(agent, AGENTOS_LIFECYCLE_KILL, lifecycle_actor());
	/* That is why, whoever else kills it before its last task is gone. */
	if (reason == AGENTOS_REASON_POLICY)
		agent->condemned = true;
	killed = members_signal(agent);
	if (list_empty(&agent->members))
		last = agent_begin_retiring(agent);
	spin_unlock_bh(&agent->lock);
	/* Whom no signal reaches any more looks at the bar. */
	wake_up_all(&agent->resume);
	flood_wake();
	agent_release_name(agent);
	mailbox_close(agent);
	if (last)
		agent_retire(agent);
	else
		agent_state_changed(agent);
	return killed;
}

u32 member_kill_family(struct agent *agent, enum agentos_exit_reason reason)
{
	struct agent *below;
	u32 killed = 0;

	/* Parents first: none of them derives any more when its children are counted. */
	for (below = agent_next_below(agent, NULL); below; below = agent_next_below(agent, below)) {
		killed += member_kill_all(below, reason);
		cond_resched();
	}
	return killed;
}

static void condemned_run(struct work_struct *work)
{
	struct agent *agent = container_of(work, struct agent, condemned_work);

	member_kill_family(agent, AGENTOS_REASON_POLICY);
	agent_put(agent);
}

void member_prepare(struct agent *agent)
{
	INIT_WORK(&agent->condemned_work, condemned_run);
}

/* The caller's membership holds the agent until here, the worker from here on. */
static void condemned_queue(struct agent *agent)
{
	agent_get(agent);
	if (!queue_work(executioner, &agent->condemned_work))
		agent_put(agent);
}

void member_condemn(struct agent *agent)
{
	bool first;

	/* Under a lock that interrupts take (file_set_fowner) the agent's is not for us. */
	if (irqs_disabled()) {
		kill_pid(task_tgid(current), SIGKILL, 1);
		condemned_queue(agent);
		return;
	}
	spin_lock_bh(&agent->lock);
	first = !agent->barred && agent->live_count;
	if (first) {
		agent->condemned = true;
		agent->barred = true;
		agent->reason = AGENTOS_REASON_POLICY;
		agent->code = SIGKILL;
		lifecycle_note(agent, AGENTOS_LIFECYCLE_KILL, task_tgid_nr(current));
		/* Now: whoever waits for the caller would else go on until the worker runs. */
		members_signal(agent);
	}
	kill_pid(task_tgid(current), SIGKILL, 1);
	spin_unlock_bh(&agent->lock);
	if (first)
		condemned_queue(agent);
}

u32 member_count(void)
{
	return atomic_read(&members);
}

/*
 * A new thread or process of an agent that is paused, say. It has not run. Its
 * priority was copied when its fork began: SCHED may have come and gone since.
 */
static void member_settle(const struct agent *agent, const struct task_struct *parent,
			  struct task_struct *child)
{
	/* Pairs with those in settle.c and priority.c: they see the child, or we what they did. */
	smp_mb();
	if (!agent_unsettled(agent) && child->static_prio == READ_ONCE(parent->static_prio) &&
	    child->policy == READ_ONCE(parent->policy))
		return;
	if (settle_tell(child, TWA_RESUME, GFP_ATOMIC))
		send_sig(SIGKILL, child, 1);
}

/*
 * The child is visible and has not run. It joins its parent's agent here or,
 * when memory is short, dies here: never is it left outside. Not at
 * sched_process_fork: the threads that io_uring makes do not come by there.
 */
static void probe_fork(void *data, struct task_struct *child, unsigned long flags)
{
	struct task_struct *parent = current;
	struct member *inherited = member_own();
	struct agent *agent;
	void *memory;
	bool barred;

	if (!inherited)
		return;
	agent = inherited->agent;
	if (child->signal == parent->signal) {
		member_settle(agent, parent, child); /* a thread */
		return;
	}
	spin_lock_bh(&agent->lock);
	memory = pool_take(&spare);
	if (!memory)
		memory = kmem_cache_alloc(cache, GFP_ATOMIC | __GFP_NOWARN);
	if (!memory) {
		spin_unlock_bh(&agent->lock);
		send_sig(SIGKILL, child, 1);
		return;
	}
	member_insert(member_fill(memory, agent, child));
	agent->forks++;
	barred = agent->barred;
	spin_unlock_bh(&agent->lock);
	member_settle(agent, parent, child);
	if (barred)
		send_sig(SIGKILL, child, 1);
}

/* A thread exits; memory is gone, files are still to be closed. */
static void probe_exit(void *data, struct task_struct *task)
{
	struct signal_struct *sig = task->signal;
	struct member *member = member_own(); /* it is the caller that exits */
	struct agent *agent;
	bool last;

	if (!member)
		return;
	atomic64_add(task->sched_info.run_delay, &member->wait_done);
	if (atomic_read(&sig->live))
		return;
	agent = member->agent;
	spin_lock_bh(&agent->lock);
	if (member->pid == agent->first && !agent->barred && !member->dead) {
		int code = sig->flags & SIGNAL_GROUP_EXIT ? sig->group_exit_code :
							    task->group_leader->exit_code;

		agent->reason = code & 0x7f ? AGENTOS_REASON_SIGNAL : AGENTOS_REASON_EXIT;
		agent->code = code & 0x7f ? code & 0x7f : (code >> 8) & 0xff;
	}
	last = member_died(member);
	spin_unlock_bh(&agent->lock);
	/* The name may be had again as soon as a waiter can know that all are dead. */
	if (last) {
		agent_release_name(agent);
		agent_state_changed(agent);
		mailbox_close(agent);
	}
}

/*
 * A task_struct is let go of, by RCU, which has softirqs off; with the last thread of
 * a group its membership ends.
 */
static void probe_free(void *data, struct task_struct *task)
{
	struct member *member;

	if (task->signal->nr_threads)
		return;
	/* The last two threads may be let go of on two processors at once. */
	rcu_read_lock();
	member = member_find(task);
	if (member)
		member_remove(member);
	rcu_read_unlock();
}

/* The kernel's tracepoints are not exported by name, but can be walked. */
static struct probe {
	const char *name;
	void *function;
	struct tracepoint *tracepoint;
	bool registered;
} probes[] = {
	/* Free first and fork last: what fork adds, the others must be there to end. */
	{ "sched_process_free", probe_free },
	{ "sched_process_exit", probe_exit },
	{ "task_newtask", probe_fork },
};

static void probe_match(struct tracepoint *tracepoint, void *data)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(tracepoint->name, probes[i].name))
			probes[i].tracepoint = tracepoint;
}

static void probes_unregister(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (probes[i].registered)
			tracepoint_probe_unregister(probes[i].tracepoint, probes[i].function, NULL);
	tracepoint_synchronize_unregister();
}

static int probes_register(void)
{
	size_t i;
	int err;

	for_each_kernel_tracepoint(probe_match, NULL);
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		err = -ENOENT;
		if (probes[i].tracepoint)
			err = tracepoint_probe_register(
				probes[i].tracepoint, probes[i].function, NULL);
		if (err) {
			pr_err("agentos: no probe on %s: %d\n", probes[i].name, err);
			probes_unregister();
			return err;
		}
		probes[i].registered = true;
	}
	return 0;
}

int member_init(void)
{
	int err;

	cache = kmem_cache_create("agentos_member", sizeof(struct member), 0, SLAB_HWCACHE_ALIGN,
				  NULL);
	if (!cache)
		return -ENOMEM;
	err = pool_init(&spare);
	if (err)
		goto cache;
	err = -ENOMEM;
	executioner = alloc_workqueue("agentos_kill", WQ_UNBOUND | WQ_HIGHPRI, 0);
	if (!executioner)
		goto pool;
	err = probes_register();
	if (err)
		goto queue;
	return 0;

queue:
	destroy_workqueue(executioner);
pool:
	pool_exit(&spare, member_release);
cache:
	kmem_cache_destroy(cache);
	return err;
}

void member_exit(void)
{
	probes_unregister();
	/* No agent is left; the last put of one may still be on its way out. */
	destroy_workqueue(executioner);
	/* Members that wait for their grace period. Nobody looks at what is spare. */
	rcu_barrier();
	pool_exit(&spare, member_release);
	kmem_cache_destroy(cache);
}
