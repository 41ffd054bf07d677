// SPDX-License-Identifier: GPL-2.0-only
/* What agent descriptors do. No user pointer comes here. */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "cgroup.h"
#include "handle.h"
#include "mailbox.h"
#include "member.h"
#include "priority.h"
#include "settle.h"

int handle_new_fd(struct agent *agent, u32 access, struct fresh_fd *fresh)
{
	struct handle *handle = kzalloc(sizeof(*handle), GFP_KERNEL_ACCOUNT);
	struct file *file;
	int fd;

	if (!handle)
		return -ENOMEM;
	handle->agent = agent;
	handle->access = access;
	handle->state_told = agent_state(agent);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		kfree(handle);
		return fd;
	}
	file = anon_inode_getfile("[agentos]", &handle_fops, handle, O_RDWR);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		kfree(handle);
		return PTR_ERR(file);
	}
	agent_get(agent);
	atomic_inc(&agent->handles);
	fresh->file = file;
	fresh->fd = fd;
	return 0;
}

int handle_release(struct inode *inode, struct file *file)
{
	struct handle *handle = file->private_data;
	struct agent *agent = handle->agent;
	u32 i;

	for (i = 0; i < AGENTOS_RESOURCE_CHARGED; i++)
		if (atomic64_read(&handle->reserved[i]))
			budget_settle(agent, i, atomic64_read(&handle->reserved[i]), 0);
	if (atomic_dec_and_test(&agent->handles) && agent->flags & AGENTOS_CREATE_KILL_ON_CLOSE)
		member_kill_family(agent, AGENTOS_REASON_KILLED);
	agent_put(agent);
	kfree(handle);
	return 0;
}

__poll_t handle_poll(struct file *file, poll_table *table)
{
	struct handle *handle = file->private_data;
	enum agentos_state state;
	__poll_t ready = 0;

	if (!(handle->access & AGENTOS_ACCESS_INSPECT))
		return EPOLLERR;
	poll_wait(file, &handle->agent->wait, table);
	state = agent_state(handle->agent);
	if (state != READ_ONCE(handle->state_told))
		ready = EPOLLRDBAND;
	return state == AGENTOS_STATE_EXITED ? ready | EPOLLIN | EPOLLHUP : ready;
}

void handle_fdinfo(struct seq_file *seq, struct file *file)
{
	struct handle *handle = file->private_data;

	seq_printf(seq, "agentos-agent:\t%llu\nagentos-access:\t%#x\n", handle->agent->id,
		   handle->access);
}

static int agent_attach_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct handle *handle = file->private_data;

	if (c->attach.flags)
		return -EINVAL;
	return member_attach(handle->agent);
}

static int agent_info_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct handle *handle = file->private_data;

	if (c->info.pad)
		return -EINVAL;
	agent_fill_info(handle->agent, &c->info);
	WRITE_ONCE(handle->state_told, c->info.ret_state);
	return 0;
}

static int agent_restrict_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct handle *handle = file->private_data;

	if (c->restrict_.flags || c->restrict_.mask & ~AGENTOS_RIGHTS_ALL)
		return -EINVAL;
	return agent_restrict(handle->agent, c->restrict_.mask, &c->restrict_.ret_rights);
}

static int agent_policy_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct handle *handle = file->private_data;

	if (c->agent_policy.flags & ~(AGENTOS_CREATE_RECORD_ALLOWED | AGENTOS_CREATE_STRICT) ||
	    !agent_flags_valid(c->agent_policy.flags) || c->agent_policy.pad ||
	    c->agent_policy.rights & ~AGENTOS_RIGHTS_ALL)
		return -EINVAL;
	if (!caller_is_admin())
		return -EPERM;
	return agent_set_policy(handle->agent, &c->agent_policy);
}

static int agent_cgroup_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct handle *handle = file->private_data;
	struct file *procs;
	int err;

	if (c->agent_cgroup.flags || c->agent_cgroup.pad)
		return -EINVAL;
	if (!caller_is_admin())
		return -EPERM;
	procs = fget(c->agent_cgroup.fd);
	if (!procs)
		return -EBADF;
	err = cgroup_set(handle->agent, procs);
	fput(procs);
	return err;
}

static int agent_kill_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct handle *handle = file->private_data;

	const bool policy = c->kill.flags & AGENTOS_KILL_POLICY;

	if (c->kill.flags & ~AGENTOS_KILL_POLICY || c->kill.pad)
		return -EINVAL;
	if (policy && (member_agent() || !caller_is_admin()))
		return -EPERM;
	c->kill.ret_tasks = member_kill_family(
		handle->agent, policy ? AGENTOS_REASON_POLICY : AGENTOS_REASON_KILLED);
	return 0;
}

static int agent_dup_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct handle *handle = file->private_data;
	int err;

	if (c->dup.flags || !c->dup.access || c->dup.access & ~AGENTOS_ACCESS_ALL)
		return -EINVAL;
	if (c->dup.access & ~handle->access)
		return -EACCES;
	err = handle_new_fd(handle->agent, c->dup.access, fresh);
	if (!err)
		c->dup.ret_fd = fresh->fd;
	return err;
}

/* "coder" may have a "coder.tests": a name says whose it is, and takes nobody else's. */
static bool derived_name_valid(const struct agent *parent,
			       const char name[static AGENTOS_NAME_SIZE])
{
	size_t len = strlen(parent->name);

	return agent_name_valid(name) && strlen(name) > len + 1 &&
	       !memcmp(name, parent->name, len) && name[len] == '.';
}

static int agent_derive_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct handle *handle = file->private_data;
	struct agentos_derive *derive = &c->derive;
	struct agent *parent = handle->agent, *caller = member_agent(), *agent;
	struct agent_options options = {
		.parent = parent,
		.name = derive->name,
		.rights = derive->rights,
		.policy = derive->policy,
		.flags = derive->flags,
		.owner = parent->owner,
	};
	int err;

	if (!agent_flags_valid(derive->flags) || derive->pad)
		return -EINVAL;
	if (derive->flags & ~READ_ONCE(parent->flags) &
	    (AGENTOS_CREATE_UNENFORCED | AGENTOS_CREATE_AUDIT_ONLY | AGENTOS_CREATE_UNHELD))
		return -EINVAL;
	if (!derive->rights || derive->rights & ~AGENTOS_RIGHTS_ALL)
		return -EINVAL;
	if (!derive->access || derive->access & ~AGENTOS_ACCESS_ALL)
		return -EINVAL;
	if (!derived_name_valid(parent, derive->name))
		return -EINVAL;
	if (derive->policy && (caller || !caller_is_admin()))
		return -EPERM;
	if (caller && !(READ_ONCE(caller->rights) & AGENTOS_RIGHT(DERIVE)))
		return -EPERM;
	/* What is charged to it is charged to all above it. */
	if (caller && derive->access & AGENTOS_ACCESS_CHARGE)
		return -EPERM;
	err = agent_create(&options, &agent);
	if (err)
		return err;
	err = handle_new_fd(agent, derive->access, fresh);
	if (!err) {
		derive->ret_id = agent->id;
		derive->ret_fd = fresh->fd;
	}
	agent_put(agent);
	return err;
}

static int agent_revoke_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct handle *handle = file->private_data;
	int err;

	if (c->revoke.flags & ~AGENTOS_REVOKE_HARD || c->revoke.pad)
		return -EINVAL;
	err = agent_revoke(handle->agent, &c->revoke.ret_agents);
	if (!err && c->revoke.flags & AGENTOS_REVOKE_HARD)
		member_kill_family(handle->agent, AGENTOS_REASON_KILLED);
	return err;
}

static int agent_budget_set_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct handle *handle = file->private_data;
	const struct agentos_budget_set *set = &c->budget_set;

	if (set->resource >= AGENTOS_RESOURCE_COUNT || set->action > AGENTOS_BUDGET_PAUSE ||
	    set->pad || (set->reset_ns && !set->period_ns))
		return -EINVAL;
	if (set->resource == AGENTOS_RESOURCE_WALL_NS && set->period_ns)
		return -EINVAL;
	return budget_set(handle->agent, set);
}

static int agent_budget_get_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct handle *handle = file->private_data;

	if (c->budget_get.resource >= AGENTOS_RESOURCE_COUNT || c->budget_get.pad)
		return -EINVAL;
	budget_get(handle->agent, &c->budget_get);
	return 0;
}

static int agent_reserve_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct handle *handle = file->private_data;
	int err;

	if (c->reserve.resource >= AGENTOS_RESOURCE_CHARGED)
		return -EINVAL;
	err = budget_reserve(handle->agent, c->reserve.resource, c->reserve.amount);
	/* What this descriptor holds is never more than what its agent has reserved. */
	if (!err)
		atomic64_add(c->reserve.amount, &handle->reserved[c->reserve.resource]);
	return err;
}

static int agent_settle_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct handle *handle = file->private_data;
	const struct agentos_settle *settle = &c->settle;
	atomic64_t *reserved;
	s64 held;

	if (settle->resource >= AGENTOS_RESOURCE_CHARGED)
		return -EINVAL;
	reserved = &handle->reserved[settle->resource];
	held = atomic64_read(reserved);
	do {
		if (settle->reserved > (u64)held)
			return -EINVAL;
	} while (!atomic64_try_cmpxchg(reserved, &held, held - settle->reserved));
	budget_settle(handle->agent, settle->resource, settle->reserved, settle->used);
	return 0;
}

static int agent_pause_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct handle *handle = file->private_data;

	if (c->pause.flags || c->pause.pad)
		return -EINVAL;
	return settle_pause(handle->agent, AGENTOS_REASON_NONE, &c->pause.ret_threads);
}

static int agent_resume_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct handle *handle = file->private_data;

	if (c->resume.flags)
		return -EINVAL;
	return settle_resume(handle->agent);
}

static int agent_sched_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct handle *handle = file->private_data;
	bool raises = !member_agent() && capable(CAP_SYS_NICE);
	struct agentos_sched *sched = &c->sched;

	if (sched->flags || sched->pad || sched->criticality > AGENTOS_CRITICALITY_MAX ||
	    sched->phase >= AGENTOS_PHASE_COUNT)
		return -EINVAL;
	if (sched->deadline_ns && sched->deadline_ns <= ktime_get_boottime_ns())
		return -EINVAL;
	if (sched->criticality > AGENTOS_CRITICALITY_START && !raises)
		return -EPERM;
	return priority_set(handle->agent, sched, raises);
}

/* Without a right to it an end is of no use: said at once. */
static int agent_mail_verb(struct handle *handle, enum mail_end end, union command *c,
			   struct fresh_fd *fresh)
{
	const u64 right =
		end == MAIL_END_SEND ? AGENTOS_RIGHT(MESSAGE_SEND) : AGENTOS_RIGHT(MESSAGE_RECEIVE);
	const struct agent *caller = member_agent();
	int err;

	if (c->mail.flags & ~AGENTOS_MAIL_NONBLOCK || c->mail.pad)
		return -EINVAL;
	if (caller && !(READ_ONCE(caller->rights) & right))
		return -EPERM;
	err = mailbox_new_fd(handle->agent, end, c->mail.flags & AGENTOS_MAIL_NONBLOCK, fresh);
	if (!err)
		c->mail.ret_fd = fresh->fd;
	return err;
}

static int agent_mail_send_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	return agent_mail_verb(file->private_data, MAIL_END_SEND, c, fresh);
}

static int agent_mail_receive_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	return agent_mail_verb(file->private_data, MAIL_END_RECEIVE, c, fresh);
}

const struct verb handle_verbs[] = {
	[_IOC_NR(AGENTOS_AGENT_ATTACH)] =
		VERB(struct agentos_attach, .access = AGENTOS_ACCESS_ATTACH, .inside = INSIDE_BELOW,
		     .run = agent_attach_verb),
	[_IOC_NR(AGENTOS_AGENT_INFO)] =
		VERB_ASK(struct agentos_info, ret_flags, .access = AGENTOS_ACCESS_INSPECT,
			 .inside = INSIDE_ANY, .run = agent_info_verb),
	[_IOC_NR(AGENTOS_AGENT_RESTRICT)] = VERB_ANSWER(
		struct agentos_restrict, ret_rights, .access = AGENTOS_ACCESS_CONTROL,
		.inside = INSIDE_BELOW, .run = agent_restrict_verb),
	[_IOC_NR(AGENTOS_AGENT_POLICY)] = VERB_ANSWER(
		struct agentos_agent_policy, ret_before, .access = AGENTOS_ACCESS_CONTROL,
		.inside = INSIDE_NEVER, .run = agent_policy_verb),
	[_IOC_NR(AGENTOS_AGENT_CGROUP)] =
		VERB(struct agentos_agent_cgroup, .access = AGENTOS_ACCESS_CONTROL,
		     .inside = INSIDE_NEVER, .run = agent_cgroup_verb),
	[_IOC_NR(AGENTOS_AGENT_KILL)] = VERB_ANSWER(
		struct agentos_kill, ret_tasks, .access = AGENTOS_ACCESS_CONTROL,
		.inside = INSIDE_BELOW, .run = agent_kill_verb),
	[_IOC_NR(AGENTOS_AGENT_DUP)] = VERB_ANSWER(
		struct agentos_dup, ret_fd, .inside = INSIDE_ANY, .run = agent_dup_verb),
	[_IOC_NR(AGENTOS_AGENT_DERIVE)] = VERB_ANSWER(
		struct agentos_derive, ret_id, .access = AGENTOS_ACCESS_DERIVE,
		.inside = INSIDE_OWN, .run = agent_derive_verb),
	[_IOC_NR(AGENTOS_AGENT_REVOKE)] = VERB_ANSWER(
		struct agentos_revoke, ret_agents, .access = AGENTOS_ACCESS_CONTROL,
		.inside = INSIDE_BELOW, .run = agent_revoke_verb),
	[_IOC_NR(AGENTOS_AGENT_BUDGET_SET)] =
		VERB(struct agentos_budget_set, .access = AGENTOS_ACCESS_CONTROL,
		     .inside = INSIDE_BELOW, .run = agent_budget_set_verb),
	[_IOC_NR(AGENTOS_AGENT_BUDGET_GET)] =
		VERB_ASK(struct agentos_budget_get, ret_limit, .access = AGENTOS_ACCESS_INSPECT,
			 .inside = INSIDE_ANY, .run = agent_budget_get_verb),
	[_IOC_NR(AGENTOS_AGENT_RESERVE)] =
		VERB(struct agentos_reserve, .access = AGENTOS_ACCESS_CHARGE,
		     .inside = INSIDE_APART, .run = agent_reserve_verb),
	[_IOC_NR(AGENTOS_AGENT_SETTLE)] =
		VERB(struct agentos_settle, .access = AGENTOS_ACCESS_CHARGE, .inside = INSIDE_APART,
		     .run = agent_settle_verb),
	[_IOC_NR(AGENTOS_AGENT_PAUSE)] = VERB_ANSWER(
		struct agentos_pause, ret_threads, .access = AGENTOS_ACCESS_CONTROL,
		.inside = INSIDE_BELOW, .run = agent_pause_verb),
	[_IOC_NR(AGENTOS_AGENT_RESUME)] =
		VERB(struct agentos_resume, .access = AGENTOS_ACCESS_CONTROL,
		     .inside = INSIDE_BELOW, .run = agent_resume_verb),
	[_IOC_NR(AGENTOS_AGENT_SCHED)] = VERB_ANSWER(
		struct agentos_sched, ret_nice, .access = AGENTOS_ACCESS_CONTROL,
		.inside = INSIDE_BELOW, .run = agent_sched_verb),
	[_IOC_NR(AGENTOS_AGENT_MAIL_SEND)] = VERB_ANSWER(
		struct agentos_mail, ret_fd, .access = AGENTOS_ACCESS_SEND, .inside = INSIDE_ANY,
		.run = agent_mail_send_verb),
	[_IOC_NR(AGENTOS_AGENT_MAIL_RECEIVE)] = VERB_ANSWER(
		struct agentos_mail, ret_fd, .access = AGENTOS_ACCESS_RECEIVE, .inside = INSIDE_OWN,
		.run = agent_mail_receive_verb),
};

const size_t handle_verb_count = ARRAY_SIZE(handle_verbs);
