// SPDX-License-Identifier: GPL-2.0-only
/* The device, and dispatch of all commands. Here user memory is touched; messages in mailbox.c. */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/nospec.h>
#include <linux/nsproxy.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "agent.h"
#include "budget.h"
#include "agentos_calls.h"
#include "caller.h"
#include "device.h"
#include "flood.h"
#include "handle.h"
#include "kfuncs.h"
#include "lifecycle.h"
#include "member.h"
#include "policy.h"
#include "priority.h"

/* An open device: where its reader stands in the lifecycle stream. */
struct reader {
	atomic64_t cursor;
};

/* The device */

static int version_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	c->version.ret_abi = AGENTOS_ABI;
	c->version.ret_features =
		AGENTOS_FEATURE_POLICY | AGENTOS_FEATURE_DERIVE | AGENTOS_FEATURE_BUDGET |
		AGENTOS_FEATURE_PAUSE | AGENTOS_FEATURE_SCHED | AGENTOS_FEATURE_MAIL |
		AGENTOS_FEATURE_NET | AGENTOS_FEATURE_AUDIT | AGENTOS_FEATURE_CALLER |
		AGENTOS_FEATURE_STRICT | AGENTOS_FEATURE_EFFECT | AGENTOS_FEATURE_FLOOD |
		(priority_slices() ? AGENTOS_FEATURE_SLICE : 0) |
		(kfuncs_usable() ? AGENTOS_FEATURE_KFUNCS : 0);
	c->version.ret_rights = AGENTOS_RIGHTS_ALL;
	c->version.ret_agents = agent_count();
	c->version.ret_tasks = member_count();
	c->version.ret_policies = policy_count();
	c->version.ret_pins = policy_pin_count();
	c->version.ret_limited = budget_net_limited();
	return 0;
}

static int create_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct agentos_create *create = &c->create;
	struct agent_options options = {
		.name = create->name,
		.rights = create->rights,
		.policy = create->policy,
		.flags = create->flags,
		.owner = make_kuid(&init_user_ns, create->owner),
	};
	struct agent *agent;
	int err;

	if (!caller_is_admin())
		return -EPERM;
	if (!agent_flags_valid(create->flags) || create->pad || create->ret_pad)
		return -EINVAL;
	if (create->flags & AGENTOS_CREATE_AUDIT_ONLY && !create->policy)
		return -EINVAL;
	if (!create->rights || create->rights & ~AGENTOS_RIGHTS_ALL)
		return -EINVAL;
	if (!create->access || create->access & ~AGENTOS_ACCESS_ALL)
		return -EINVAL;
	if (!uid_valid(options.owner) || !agent_name_valid(create->name))
		return -EINVAL;
	err = agent_create(&options, &agent);
	if (err)
		return err;
	err = handle_new_fd(agent, create->access, fresh);
	if (!err) {
		create->ret_id = agent->id;
		create->ret_fd = fresh->fd;
	}
	/* The descriptor has its own reference; without one this ends the agent. */
	agent_put(agent);
	return err;
}

static int open_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct agentos_open *open = &c->open;
	struct agent *agent;
	int err;

	if (open->flags || !open->access || open->access & ~AGENTOS_ACCESS_ALL)
		return -EINVAL;
	agent = agent_find(open->id);
	if (!agent)
		return -ESRCH;
	err = -EACCES;
	if (open->access & ~AGENTOS_ACCESS_INSPECT && !uid_eq(agent->owner, current_uid()) &&
	    !caller_is_admin())
		goto put;
	err = handle_new_fd(agent, open->access, fresh);
	if (!err)
		open->ret_fd = fresh->fd;
put:
	agent_put(agent);
	return err;
}

static int identify_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct agentos_identify *identify = &c->identify;
	bool any = identify->flags & AGENTOS_IDENTIFY_ANY_START;
	struct task_struct *task;
	struct member *member;
	int err = -ESRCH;

	if (identify->flags & ~AGENTOS_IDENTIFY_ANY_START || identify->pad || identify->pid <= 0)
		return -EINVAL;
	rcu_read_lock();
	task = pid_task(find_vpid(identify->pid), PIDTYPE_TGID);
	if (!task)
		goto unlock;
	if (!any && member_start(task) != identify->start)
		goto unlock;
	err = -ENOENT;
	member = member_find(task);
	if (!member)
		goto unlock;
	identify->ret_id = member->agent->id;
	err = 0;
unlock:
	rcu_read_unlock();
	return err;
}

static int enumerate_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct agentos_enumerate *e = &c->enumerate;
	int err = 0;
	u64 *ids;
	u32 n;

	if (e->kind > AGENTOS_ENUMERATE_POLICIES)
		return -EINVAL;
	if (!e->count || e->count > AGENTOS_ENUMERATE_MAX)
		return -EINVAL;
	ids = kvmalloc_array(e->count, sizeof(*ids), GFP_KERNEL_ACCOUNT);
	if (!ids)
		return -ENOMEM;
	if (e->kind == AGENTOS_ENUMERATE_AGENTS)
		n = agent_enumerate(e->after, ids, e->count);
	else
		n = policy_enumerate(e->after, ids, e->count);
	if (copy_to_user(u64_to_user_ptr(e->ids), ids, n * sizeof(*ids)))
		err = -EFAULT;
	else
		e->ret_count = n;
	kvfree(ids);
	return err;
}

static int policy_new_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	if (!caller_is_admin())
		return -EPERM;
	if (c->policy_new.flags || c->policy_new.pad)
		return -EINVAL;
	return policy_new(&c->policy_new);
}

static int policy_rule_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct file *object;
	int err;

	if (!caller_is_admin())
		return -EPERM;
	if (c->policy_rule.flags > AGENTOS_RULE_ABSTRACT)
		return -EINVAL;
	if (c->policy_rule.flags && c->policy_rule.fd != -1)
		return -EBADF;
	if (c->policy_rule.flags)
		return c->policy_rule.flags == AGENTOS_RULE_ABSTRACT ?
			       policy_abstract(&c->policy_rule) :
			       policy_pattern(&c->policy_rule);
	object = fget_raw(c->policy_rule.fd);
	if (!object)
		return -EBADF;
	err = policy_rule(object, &c->policy_rule);
	fput(object);
	return err;
}

static int policy_net_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	if (!caller_is_admin())
		return -EPERM;
	if (c->policy_net.pad)
		return -EINVAL;
	return policy_net(&c->policy_net);
}

static int policy_drop_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	if (!caller_is_admin())
		return -EPERM;
	return policy_drop(c->policy_drop.policy);
}

static int seek_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct reader *reader = file->private_data;
	u64 cursor;
	int err;

	if (c->seek.flags)
		return -EINVAL;
	err = lifecycle_seek(c->seek.seq, &cursor);
	if (!err)
		atomic64_set(&reader->cursor, cursor);
	return err;
}

static int gateway_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	const u16 flags = c->gateway.flags;
	struct socket *sock = NULL;
	int err = 0;

	if (!caller_is_admin())
		return -EPERM;
	if (c->gateway.pad || flags & ~AGENTOS_GATEWAY_SOCKET ||
	    (flags ? !c->gateway.port : c->gateway.fd))
		return -EINVAL;
	if (flags) {
		sock = sockfd_lookup(c->gateway.fd, &err);
		if (!sock)
			return err;
		err = caller_may_listen(sock) ? 0 : -EOPNOTSUPP;
	}
	if (!err)
		caller_set(current->nsproxy->net_ns, c->gateway.port, sock ? sock->sk : NULL);
	if (sock)
		sockfd_put(sock);
	return err;
}

static int caller_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct socket *sock;
	int err;

	sock = sockfd_lookup(c->caller.fd, &err);
	if (!sock)
		return err;
	err = caller_find(sock, &c->caller);
	sockfd_put(sock);
	return err;
}

static int denied_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct agent *agent;

	if (!caller_is_admin())
		return -EPERM;
	if (c->denied.pad)
		return -EINVAL;
	agent = agent_find(c->denied.id);
	if (!agent)
		return -ESRCH;
	atomic64_inc(&agent->denials);
	agent_put(agent);
	return 0;
}

static int drained_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	if (!caller_is_admin())
		return -EPERM;
	if (c->drained.pad)
		return -EINVAL;
	flood_drained(c->drained.consumed);
	return 0;
}

/* Dispatch */

static const struct verb device_verbs[] = {
	[_IOC_NR(AGENTOS_IOC_VERSION)] =
		VERB_ASK(struct agentos_version, ret_abi, .run = version_verb),
	[_IOC_NR(AGENTOS_IOC_CREATE)] =
		VERB_ANSWER(struct agentos_create, ret_id, .run = create_verb),
	[_IOC_NR(AGENTOS_IOC_OPEN)] = VERB_ANSWER(struct agentos_open, ret_fd, .run = open_verb),
	[_IOC_NR(AGENTOS_IOC_IDENTIFY)] =
		VERB_ASK(struct agentos_identify, ret_id, .run = identify_verb),
	[_IOC_NR(AGENTOS_IOC_ENUMERATE)] =
		VERB_ASK(struct agentos_enumerate, ret_count, .run = enumerate_verb),
	[_IOC_NR(AGENTOS_IOC_POLICY_NEW)] =
		VERB_ANSWER(struct agentos_policy_new, ret_policy, .run = policy_new_verb),
	[_IOC_NR(AGENTOS_IOC_POLICY_RULE)] =
		VERB_ANSWER(struct agentos_policy_rule, ret_object, .run = policy_rule_verb),
	[_IOC_NR(AGENTOS_IOC_POLICY_DROP)] =
		VERB(struct agentos_policy_drop, .run = policy_drop_verb),
	[_IOC_NR(AGENTOS_IOC_SEEK)] = VERB(struct agentos_seek, .run = seek_verb),
	[_IOC_NR(AGENTOS_IOC_POLICY_NET)] = VERB(struct agentos_policy_net, .run = policy_net_verb),
	[_IOC_NR(AGENTOS_IOC_GATEWAY)] = VERB(struct agentos_gateway, .run = gateway_verb),
	[_IOC_NR(AGENTOS_IOC_CALLER)] = VERB_ASK(
		struct agentos_caller, ret_agent, .inside = INSIDE_ANY, .run = caller_verb),
	[_IOC_NR(AGENTOS_IOC_DENIED)] = VERB(struct agentos_denied, .run = denied_verb),
	[_IOC_NR(AGENTOS_IOC_DRAINED)] = VERB(struct agentos_drained, .run = drained_verb),
};

/*
 * By number, not by the whole command: a caller compiled against a longer
 * struct sends another _IOC_SIZE for the same verb.
 */
static __always_inline const struct verb *verb_find(const struct verb *verbs, size_t count,
						    unsigned int cmd)
{
	unsigned int nr = _IOC_NR(cmd);

	if (_IOC_TYPE(cmd) != AGENTOS_IOC_MAGIC || _IOC_DIR(cmd) != (_IOC_READ | _IOC_WRITE))
		return NULL;
	if (nr >= count)
		return NULL;
	nr = array_index_nospec(nr, count);
	return verbs[nr].run ? &verbs[nr] : NULL;
}

/* May the calling task ask this of the agent (NULL: of the device)? */
static __always_inline bool verb_allowed(const struct verb *verb, const struct agent *asked)
{
	const struct agent *own = member_agent();

	if (!own)
		return true;
	switch (verb->inside) {
	case INSIDE_NEVER:
		return false;
	case INSIDE_ANY:
		return true;
	case INSIDE_OWN:
		return agent_within(asked, own);
	case INSIDE_BELOW:
		return asked != own && agent_within(asked, own);
	case INSIDE_APART:
		return agent_eldest(asked) != agent_eldest(own);
	}
	return false;
}

/*
 * Word by word: commands are short, and their sizes are in a table of ours. All
 * are whole numbers of words, which VERB() asserts. What a later version may
 * have added to the struct must be zero.
 */
static __always_inline int command_read(union command *c, const void __user *arg, u32 known)
{
	const u64 __user *from = arg;
	u64 *to = (u64 *)c;
	u32 i, size;
	int zero;

	if (!user_read_access_begin(from, known))
		return -EFAULT;
	unsafe_get_user(to[0], from, fault);
	size = c->size;
	if (unlikely(size < known)) {
		user_read_access_end();
		return -EINVAL;
	}
	for (i = 1; i < known / sizeof(u64); i++)
		unsafe_get_user(to[i], &from[i], fault);
	user_read_access_end();
	if (likely(size == known))
		return 0;
	if (size > AGENTOS_STRUCT_MAX)
		return -E2BIG;
	zero = check_zeroed_user(arg + known, size - known);
	if (zero < 0)
		return zero;
	return zero ? 0 : -E2BIG;

fault:
	user_read_access_end();
	return -EFAULT;
}

/* From the first word with an answer in it. What stands before an answer was read from there. */
static int command_answer(const union command *c, void __user *arg, const struct verb *verb)
{
	u64 __user *to = arg;
	const u64 *from = (const u64 *)c;
	u32 first = verb->answer / sizeof(u64), i;

	if (!user_write_access_begin(&to[first], verb->size - first * sizeof(u64)))
		return -EFAULT;
	for (i = first; i < verb->size / sizeof(u64); i++)
		unsafe_put_user(from[i], &to[i], fault);
	user_write_access_end();
	return 0;

fault:
	user_write_access_end();
	return -EFAULT;
}

/* Inline: one of two callers each, and every instruction of it is in every command. */
static __always_inline long verb_run(const struct verb *verb, struct file *file,
				     const struct agent *asked, void __user *arg)
{
	/* Read whole before it is looked at: no need to be cleared first. */
	union command c __attribute__((uninitialized));
	struct fresh_fd fresh = { .fd = -1 };
	int err;

	if (!verb_allowed(verb, asked))
		return -EPERM;
	err = command_read(&c, arg, verb->size);
	if (err)
		return err;
	/* What cannot be answered is not begun, where it would change something. */
	if (verb->answer && !verb->asks && command_answer(&c, arg, verb))
		return -EFAULT;
	err = verb->run(file, &c, &fresh);
	if (err)
		return err;
	if (verb->answer)
		err = command_answer(&c, arg, verb);
	if (likely(!fresh.file))
		return err;
	if (err) {
		fput(fresh.file);
		put_unused_fd(fresh.fd);
		return err;
	}
	fd_install(fresh.fd, fresh.file);
	return 0;
}

/* Listed in agentos_calls.h, and not built yet: said so, whatever comes with it. */
static bool command_to_come(unsigned int cmd)
{
	return _IOC_TYPE(cmd) == AGENTOS_IOC_MAGIC && _IOC_NR(cmd) >= AGENTOS_CALLS_TO_COME_FIRST &&
	       _IOC_NR(cmd) <= AGENTOS_CALLS_TO_COME_LAST;
}

static long handle_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct verb *verb = verb_find(handle_verbs, handle_verb_count, cmd);
	const struct handle *handle = file->private_data;

	if (!verb)
		return command_to_come(cmd) ? -ENOSYS : -ENOTTY;
	if (verb->access & ~handle->access)
		return -EACCES;
	return verb_run(verb, file, handle->agent, (void __user *)arg);
}

const struct file_operations handle_fops = {
	.owner = THIS_MODULE,
	.release = handle_release,
	.poll = handle_poll,
	.unlocked_ioctl = handle_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = handle_fdinfo,
};

static int device_open(struct inode *inode, struct file *file)
{
	struct reader *reader;
	u64 cursor;

	if (member_agent())
		return -EPERM;
	reader = kmalloc(sizeof(*reader), GFP_KERNEL_ACCOUNT);
	if (!reader)
		return -ENOMEM;
	lifecycle_seek(0, &cursor);
	atomic64_set(&reader->cursor, cursor);
	file->private_data = reader;
	return stream_open(inode, file);
}

static int device_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

/* The next record for this reader, or -EAGAIN. Two readers of one descriptor never get the same. */
static int reader_take(struct reader *reader, char __user *buf)
{
	struct agentos_lifecycle record;
	u64 cursor, next;

	do {
		cursor = atomic64_read(&reader->cursor);
		next = cursor;
		if (!lifecycle_next(&next, &record))
			return -EAGAIN;
	} while (atomic64_cmpxchg(&reader->cursor, cursor, next) != cursor);
	if (!copy_to_user(buf, &record, sizeof(record)))
		return 0;
	/* Give it back, unless another reader went on meanwhile. */
	atomic64_cmpxchg(&reader->cursor, next, cursor);
	return -EFAULT;
}

static ssize_t device_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct reader *reader = file->private_data;
	size_t done = 0;
	int err = 0;

	/* It tells of all agents. */
	if (member_agent())
		return -EPERM;
	if (len < sizeof(struct agentos_lifecycle))
		return -EINVAL;
	while (len - done >= sizeof(struct agentos_lifecycle)) {
		err = reader_take(reader, buf + done);
		if (!err) {
			done += sizeof(struct agentos_lifecycle);
			continue;
		}
		if (err != -EAGAIN || done || file->f_flags & O_NONBLOCK)
			break;
		err = lifecycle_wait(atomic64_read(&reader->cursor));
		if (err)
			break;
	}
	return done ?: err;
}

static __poll_t device_poll(struct file *file, poll_table *table)
{
	struct reader *reader = file->private_data;

	return lifecycle_poll(atomic64_read(&reader->cursor), file, table);
}

/*
 * What a gateway asks at every request, without the dispatch: which agent is
 * this process in? Whatever is not just that, and answered, is for the verb,
 * which finds the error. True: done.
 */
static bool identify_fast(struct agentos_identify __user *arg)
{
	u32 size, flags, pad;
	u64 start, id;
	s32 pid;

	if (member_agent() || !user_access_begin(arg, sizeof(*arg)))
		return false;
	unsafe_get_user(size, &arg->size, fault);
	unsafe_get_user(flags, &arg->flags, fault);
	unsafe_get_user(pid, &arg->pid, fault);
	unsafe_get_user(pad, &arg->pad, fault);
	unsafe_get_user(start, &arg->start, fault);
	user_access_end();
	if (size != sizeof(*arg) || flags || pad || !member_identify(pid, start, &id))
		return false;
	return !put_user(id, &arg->ret_id);

fault:
	user_access_end();
	return false;
}

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct verb *verb;

	if (cmd == AGENTOS_IOC_IDENTIFY && identify_fast((void __user *)arg))
		return 0;
	verb = verb_find(device_verbs, ARRAY_SIZE(device_verbs), cmd);
	if (!verb)
		return -ENOTTY;
	return verb_run(verb, file, NULL, (void __user *)arg);
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.read = device_read,
	.poll = device_poll,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* Root until the daemon or udev gives it to group agentos. */
static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "agentos",
	.fops = &device_fops,
	.mode = 0660,
};

bool device_is(const struct inode *inode)
{
	return S_ISCHR(inode->i_mode) && inode->i_rdev == MKDEV(MISC_MAJOR, device.minor);
}

int device_init(void)
{
	return misc_register(&device);
}

void device_exit(void)
{
	misc_deregister(&device);
}
