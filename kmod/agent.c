// SPDX-License-Identifier: GPL-2.0-only
/* Agents by id and by name; creation, narrowing, end. */
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/stringhash.h>
#include <linux/timekeeping.h>
#include <linux/xarray.h>

#include "agent.h"
#include "caller.h"
#include "cgroup.h"
#include "flood.h"
#include "lifecycle.h"
#include "mailbox.h"
#include "member.h"
#include "meter.h"
#include "policy.h"

/* By id. Holds no reference: found agents are taken with refcount_inc_not_zero(). */
static DEFINE_XARRAY_FLAGS(agents, XA_FLAGS_LOCK_BH);
static atomic64_t last_id = ATOMIC64_INIT(0);
static atomic_t live = ATOMIC_INIT(0);
static struct kmem_cache *cache;

/* Read while one joins a family; written while what a family has in common changes. */
static DECLARE_RWSEM(families);

static DEFINE_SPINLOCK(names_lock); /* _bh; the table and each agent's `named` */
static DEFINE_HASHTABLE(names, 10);

bool agent_name_valid(const char name[static AGENTOS_NAME_SIZE])
{
	size_t i, len = strnlen(name, AGENTOS_NAME_SIZE);

	if (len == 0 || len == AGENTOS_NAME_SIZE)
		return false;
	for (i = 0; i < len; i++)
		if (name[i] < 0x21 || name[i] > 0x7e || name[i] == '/')
			return false;
	return !memchr_inv(name + len, 0, AGENTOS_NAME_SIZE - len);
}

static int agent_take_name(struct agent *agent)
{
	u32 key = full_name_hash(NULL, agent->name, strlen(agent->name));
	struct agent *other;

	spin_lock_bh(&names_lock);
	hash_for_each_possible(names, other, by_name, key) {
		if (!strcmp(other->name, agent->name)) {
			spin_unlock_bh(&names_lock);
			return -EEXIST;
		}
	}
	hash_add(names, &agent->by_name, key);
	agent->named = true;
	spin_unlock_bh(&names_lock);
	return 0;
}

void agent_release_name(struct agent *agent)
{
	spin_lock_bh(&names_lock);
	if (agent->named) {
		hash_del(&agent->by_name);
		agent->named = false;
	}
	spin_unlock_bh(&names_lock);
}

/*
 * Takes its place below its parent. What the parent loses from now on, the
 * child is told; what it has lost before is checked here. Noted before others
 * can find it, and end it.
 */
static int agent_join_family(struct agent *agent)
{
	struct agent *parent = agent->parent;
	int err = 0;

	if (!parent) {
		lifecycle_note(agent, AGENTOS_LIFECYCLE_CREATE, task_tgid_nr(current));
		return 0;
	}
	spin_lock_bh(&parent->lock);
	if (parent->state >= AGENTOS_STATE_EXITING || parent->revoked)
		err = -ESRCH;
	else if (agent->rights & ~parent->rights)
		err = -EPERM;
	else if (parent->child_count >= AGENTOS_CHILDREN_MAX)
		err = -ENOSPC;
	if (!err) {
		agent->watchable = parent->watchable;
		lifecycle_note(agent, AGENTOS_LIFECYCLE_CREATE, task_tgid_nr(current));
		list_add_tail(&agent->sibling, &parent->children);
		parent->child_count++;
		cgroup_inherit(agent);
	}
	spin_unlock_bh(&parent->lock);
	return err;
}

static void agent_leave_family(struct agent *agent)
{
	struct agent *parent = agent->parent;

	if (!parent || list_empty(&agent->sibling))
		return;
	spin_lock_bh(&parent->lock);
	list_del_init(&agent->sibling);
	parent->child_count--;
	spin_unlock_bh(&parent->lock);
}

/* What it is held to from the start. Under families: its parent's does not change meanwhile. */
static int agent_begin_policy(struct agent *agent, const struct agent_options *options)
{
	const u32 inherited = AGENTOS_CREATE_UNENFORCED | AGENTOS_CREATE_RECORD_ALLOWED |
			      AGENTOS_CREATE_AUDIT_ONLY | AGENTOS_CREATE_STRICT;
	const struct agent *parent = options->parent;
	struct policy *policy;

	agent->flags = options->flags | (parent ? READ_ONCE(parent->flags) & inherited : 0);
	agent->policy_id = options->policy ?: parent ? parent->policy_id : 0;
	if (!agent->policy_id)
		return 0;
	policy = policy_use(agent->policy_id);
	if (IS_ERR(policy))
		return PTR_ERR(policy);
	RCU_INIT_POINTER(agent->policy, policy);
	return 0;
}

int agent_create(const struct agent_options *options, struct agent **ret_agent)
{
	struct agent *parent = options->parent, *agent;
	int err;

	if (parent && parent->depth >= AGENTOS_DEPTH_MAX)
		return -EMLINK;

	agent = kmem_cache_zalloc(cache, GFP_KERNEL_ACCOUNT);
	if (!agent)
		return -ENOMEM;
	agent->id = atomic64_inc_return(&last_id);
	agent->owner = options->owner;
	agent->rights = options->rights;
	agent->watchable = AGENTOS_RIGHTS_ALL;
	agent->created_ns = ktime_get_boottime_ns();
	memcpy(agent->name, options->name, sizeof(agent->name));
	spin_lock_init(&agent->lock);
	budgets_init(&agent->budgets);
	priority_init(&agent->priority);
	INIT_LIST_HEAD(&agent->metered);
	INIT_LIST_HEAD(&agent->members);
	INIT_LIST_HEAD(&agent->children);
	INIT_LIST_HEAD(&agent->sibling);
	init_waitqueue_head(&agent->wait);
	init_waitqueue_head(&agent->resume);
	member_prepare(agent);
	refcount_set(&agent->refs, 1);

	err = -ENOSPC;
	if (atomic_inc_return(&live) > AGENTOS_AGENTS_MAX)
		goto free;
	down_read(&families);
	err = agent_begin_policy(agent, options);
	if (err)
		goto unlock;
	err = agent_take_name(agent);
	if (err)
		goto unuse;
	err = xa_reserve_bh(&agents, agent->id, GFP_KERNEL_ACCOUNT);
	if (err)
		goto unname;
	if (parent) {
		agent_get(parent);
		agent->parent = parent;
		agent->depth = parent->depth + 1;
	}
	err = agent_join_family(agent);
	if (err)
		goto unreserve;
	__module_get(THIS_MODULE);
	xa_store_bh(&agents, agent->id, agent, GFP_KERNEL_ACCOUNT);
	up_read(&families);
	/* One above it may be paused. */
	agent_state_changed(agent);
	*ret_agent = agent;
	return 0;

unreserve:
	xa_erase_bh(&agents, agent->id);
	agent_put(parent);
unname:
	agent_release_name(agent);
unuse:
	policy_unuse(rcu_access_pointer(agent->policy));
unlock:
	up_read(&families);
free:
	atomic_dec(&live);
	kmem_cache_free(cache, agent);
	return err;
}

struct agent *agent_find(u64 id)
{
	struct agent *agent;

	rcu_read_lock();
	agent = xa_load(&agents, id);
	if (agent && !refcount_inc_not_zero(&agent->refs))
		agent = NULL;
	rcu_read_unlock();
	return agent;
}

void agent_get(struct agent *agent)
{
	refcount_inc(&agent->refs);
}

static void agent_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(cache, container_of(rcu, struct agent, rcu));
}

static void agent_end(struct agent *agent)
{
	meter_disarm(agent);
	agent_leave_family(agent);
	xa_erase_bh(&agents, agent->id);
	if (agent->state == AGENTOS_STATE_CREATED) {
		agent->reason = AGENTOS_REASON_UNUSED;
		agent_retire(agent);
	}
	put_pid(agent->first);
	mailbox_free(agent->mailbox);
	callers_free(agent->callers);
	flood_free(agent->flood);
	budgets_release(&agent->budgets);
	atomic_dec(&live);
	/* Not kfree_rcu(): 6.1 has no way to wait for that before the cache goes. */
	call_rcu(&agent->rcu, agent_free_rcu);
	module_put(THIS_MODULE);
}

/* A child holds its parent: up as far as this was the last hold. */
void agent_put(struct agent *agent)
{
	while (agent && refcount_dec_and_test(&agent->refs)) {
		struct agent *parent = agent->parent;

		agent_end(agent);
		agent = parent;
	}
}

/* The first of agent's children behind `behind` (NULL: of all) that is not on its way out. */
static struct agent *agent_child(struct agent *agent, struct agent *behind)
{
	struct list_head *at;
	struct agent *found = NULL;

	spin_lock_bh(&agent->lock);
	at = behind ? &behind->sibling : &agent->children;
	for (at = at->next; at != &agent->children; at = at->next) {
		found = list_entry(at, struct agent, sibling);
		if (refcount_inc_not_zero(&found->refs))
			break;
		found = NULL;
	}
	spin_unlock_bh(&agent->lock);
	return found;
}

struct agent *agent_next_below(struct agent *root, struct agent *at)
{
	struct agent *next;

	if (!at) {
		agent_get(root);
		return root;
	}
	next = agent_child(at, NULL);
	while (!next && at != root) {
		struct agent *parent = at->parent;

		next = agent_child(parent, at);
		if (next)
			break;
		agent_get(parent);
		agent_put(at);
		at = parent;
	}
	agent_put(at);
	return next;
}

u32 agent_enumerate(u64 after, u64 *ids, u32 count)
{
	struct agent *agent;
	unsigned long index;
	u32 n = 0;

	if (after == U64_MAX)
		return 0;
	rcu_read_lock();
	xa_for_each_start(&agents, index, agent, after + 1) {
		if (n == count)
			break;
		ids[n++] = index;
	}
	rcu_read_unlock();
	return n;
}

u32 agent_count(void)
{
	return atomic_read(&live);
}

/*
 * One agent's part, noted under the lock: never after a later one's. Of
 * descendants only what changes is noted. Of what is watched `watchable` stays.
 */
static int agent_narrow(struct agent *agent, u64 mask, u64 watchable, bool descendant,
			u64 *ret_rights)
{
	int err = 0;
	u64 rights;

	spin_lock_bh(&agent->lock);
	rights = agent->rights & mask;
	if (agent_over(agent))
		err = -ESRCH;
	else if (!rights && !descendant)
		err = -EINVAL;
	if (!err)
		WRITE_ONCE(agent->watchable, agent->watchable & watchable);
	if (!err && (!descendant || rights != agent->rights)) {
		WRITE_ONCE(agent->rights, rights);
		lifecycle_note(agent, AGENTOS_LIFECYCLE_RESTRICT, task_tgid_nr(current));
	}
	spin_unlock_bh(&agent->lock);
	*ret_rights = rights;
	return err;
}

static int agent_narrow_family(struct agent *agent, u64 mask, u64 watchable, u64 *ret_rights)
{
	struct agent *below;
	u64 rights;
	int err;

	/* The parent first: who is derived meanwhile is measured by what is left. */
	err = agent_narrow(agent, mask, watchable, false, ret_rights);
	if (err)
		return err;
	for (below = agent_next_below(agent, NULL); below; below = agent_next_below(agent, below))
		if (below != agent)
			agent_narrow(below, mask, watchable, true, &rights);
	return 0;
}

int agent_restrict(struct agent *agent, u64 mask, u64 *ret_rights)
{
	return agent_narrow_family(agent, mask, mask, ret_rights);
}

/* True when there was something to take. */
static bool agent_revoke_one(struct agent *agent, int *ret_err)
{
	bool revokes;

	spin_lock_bh(&agent->lock);
	*ret_err = agent_over(agent) ? -ESRCH : 0;
	revokes = !*ret_err && !agent->revoked;
	if (revokes) {
		agent->revoked = true;
		/* Of all that it may do: also of what it only was told not to. */
		WRITE_ONCE(agent->flags, agent->flags & ~AGENTOS_CREATE_AUDIT_ONLY);
		WRITE_ONCE(agent->rights, 0);
		WRITE_ONCE(agent->watchable, 0);
		lifecycle_note(agent, AGENTOS_LIFECYCLE_REVOKE, task_tgid_nr(current));
	}
	spin_unlock_bh(&agent->lock);
	return revokes;
}

int agent_revoke(struct agent *agent, u32 *ret_agents)
{
	struct agent *below;
	u32 revoked = 0;
	int err, ignored;

	revoked += agent_revoke_one(agent, &err);
	if (err)
		return err;
	for (below = agent_next_below(agent, NULL); below; below = agent_next_below(agent, below)) {
		if (below != agent)
			revoked += agent_revoke_one(below, &ignored);
		cond_resched();
	}
	*ret_agents = revoked;
	return 0;
}

/* True when it follows the policy now, and what it followed was `before`. Under families. */
static bool agent_exchange_policy(struct agent *agent, struct policy *policy, u32 before,
				  u32 record)
{
	bool follows;

	spin_lock_bh(&agent->lock);
	follows = agent->state < AGENTOS_STATE_EXITING && agent->policy_id == before;
	if (follows) {
		policy_use_again(policy);
		WRITE_ONCE(
			agent->flags,
			(agent->flags & ~(AGENTOS_CREATE_RECORD_ALLOWED | AGENTOS_CREATE_STRICT)) |
				record);
		rcu_assign_pointer(agent->policy, policy);
		/* Who sees the number sees the pointer, and the rights that are left. */
		smp_store_release(&agent->policy_id, policy->id);
		lifecycle_note_policy(agent, before);
	}
	spin_unlock_bh(&agent->lock);
	return follows;
}

int agent_set_policy(struct agent *agent, struct agentos_agent_policy *set)
{
	struct policy *policy, *before;
	struct agent *below;
	int err = 0;
	u32 i;

	policy = policy_use(set->policy);
	if (IS_ERR(policy))
		return PTR_ERR(policy);
	down_write(&families);
	set->ret_agents = 0;
	set->ret_before = agent->policy_id;
	set->ret_rights = READ_ONCE(agent->rights);
	if (READ_ONCE(agent->state) >= AGENTOS_STATE_EXITING)
		err = -ESRCH;
	else if (set->ret_rights & ~set->rights)
		err = agent_narrow_family(agent, set->rights, AGENTOS_RIGHTS_ALL, &set->ret_rights);
	if (err)
		goto unlock;
	before = policy_use_used(set->ret_before);
	for (below = agent_next_below(agent, NULL); below; below = agent_next_below(agent, below)) {
		set->ret_agents +=
			agent_exchange_policy(below, policy, set->ret_before, set->flags);
		cond_resched();
	}
	up_write(&families);
	/* Hooks that began with the old one are done with it. */
	synchronize_rcu();
	for (i = 0; before && i <= set->ret_agents; i++)
		policy_unuse(before);
	policy_unuse(policy);
	return 0;

unlock:
	up_write(&families);
	policy_unuse(policy);
	return err;
}

enum agentos_state agent_state(const struct agent *agent)
{
	enum agentos_state state = READ_ONCE(agent->state);

	return state < AGENTOS_STATE_EXITING && agent_paused(agent) ? AGENTOS_STATE_PAUSED : state;
}

void agent_state_changed(struct agent *agent)
{
	enum agentos_state state;
	unsigned long flags;

	/* Whoever comes last here sees what all have changed. */
	spin_lock_irqsave(&agent->wait.lock, flags);
	state = agent_state(agent);
	if (agent->state_called != state) {
		agent->state_called = state;
		/* io_uring takes what the call says for the answer. */
		wake_up_locked_poll(&agent->wait, state == AGENTOS_STATE_EXITED ?
							  EPOLLRDBAND | EPOLLIN | EPOLLHUP :
							  EPOLLRDBAND);
	}
	spin_unlock_irqrestore(&agent->wait.lock, flags);
}

bool agent_begin_retiring(struct agent *agent)
{
	bool first = !agent->retiring;

	agent->retiring = true;
	return first;
}

void agent_retire(struct agent *agent)
{
	agent_release_name(agent);
	/* Its state keeps it from being exchanged. */
	policy_unuse(rcu_access_pointer(agent->policy));
	flood_end(agent);
	lifecycle_note(agent, AGENTOS_LIFECYCLE_EXIT, 0);
	spin_lock_bh(&agent->lock);
	agent->state = AGENTOS_STATE_EXITED;
	spin_unlock_bh(&agent->lock);
	agent_state_changed(agent);
	mailbox_close(agent);
	cgroup_release(agent);
}

void agent_fill_info(struct agent *agent, struct agentos_info *info)
{
	info->ret_flags = READ_ONCE(agent->flags);
	info->ret_id = agent->id;
	info->ret_created_ns = agent->created_ns;
	info->ret_policy = READ_ONCE(agent->policy_id);
	info->ret_owner = from_kuid(&init_user_ns, agent->owner);
	info->ret_parent = agent->parent ? agent->parent->id : 0;
	info->ret_depth = agent->depth;
	memcpy(info->ret_name, agent->name, sizeof(info->ret_name));
	spin_lock_bh(&agent->lock);
	info->ret_rights = agent->rights;
	info->ret_forks = agent->forks;
	info->ret_state = agent_state(agent);
	info->ret_reason = agent->reason;
	info->ret_code = agent->code;
	info->ret_tasks = agent->member_count;
	info->ret_first = pid_nr(agent->first);
	info->ret_children = agent->child_count;
	meter_collect_locked(agent);
	meter_look_locked(agent);
	info->ret_cpu_ns = agent->cpu_ns;
	info->ret_wait_ns = agent->wait_seen;
	info->ret_threads = agent->threads_seen;
	info->ret_criticality = agent->priority.criticality;
	info->ret_phase = agent->priority.phase;
	info->ret_efficiency = agent->priority.efficiency;
	info->ret_cost = agent->priority.cost;
	info->ret_deadline_ns = agent->priority.deadline_ns;
	spin_unlock_bh(&agent->lock);
	info->ret_nice = priority_nice(agent);
	info->ret_denials = atomic64_read(&agent->denials);
	info->ret_held = atomic_read(&agent->held);
	info->ret_messages = mailbox_count(agent);
}

int agent_init(void)
{
	cache = kmem_cache_create("agentos_agent", sizeof(struct agent), 0, SLAB_HWCACHE_ALIGN,
				  NULL);
	return cache ? 0 : -ENOMEM;
}

void agent_exit(void)
{
	/* Agents that wait for their grace period. */
	rcu_barrier();
	kmem_cache_destroy(cache);
}
