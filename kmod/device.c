// SPDX-License-Identifier: GPL-2.0-only
/* The character device and agent descriptors. User pointers are touched here and nowhere else. */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/math64.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "agent.h"
#include "device.h"
#include "kfuncs.h"
#include "lifecycle.h"
#include "member.h"
#include "policy.h"

/* An open agent descriptor: which agent, and what may be done through it. */
struct handle {
	struct agent *agent;			     /* a reference */
	u32 access;				     /* AGENTOS_ACCESS_*; never changes */
	atomic64_t reserved[AGENTOS_RESOURCE_COUNT]; /* by it, not settled */
};

/* An open device: where its reader stands in the lifecycle stream. */
struct reader {
	atomic64_t cursor;
};

/* A descriptor that a command makes: installed only when its answer was written. */
struct fresh_fd {
	struct file *file;
	int fd;
};

/* One command, copied in. Larger than any struct, so that its fields can be checked in place. */
union command {
	u32 size;
	struct agentos_version version;
	struct agentos_create create;
	struct agentos_open open;
	struct agentos_identify identify;
	struct agentos_enumerate enumerate;
	struct agentos_policy_new policy_new;
	struct agentos_policy_pin policy_pin;
	struct agentos_policy_drop policy_drop;
	struct agentos_seek seek;
	struct agentos_attach attach;
	struct agentos_info info;
	struct agentos_restrict restrict_;
	struct agentos_kill kill;
	struct agentos_dup dup;
	struct agentos_derive derive;
	struct agentos_revoke revoke;
	struct agentos_budget_set budget_set;
	struct agentos_budget_get budget_get;
	struct agentos_reserve reserve;
	struct agentos_settle settle;
};

/* Who in an agent may ask a command of an agent descriptor. */
enum inside {
	INSIDE_NEVER, /* nobody */
	INSIDE_ANY,   /* anybody who has the descriptor */
	INSIDE_OWN,   /* of its own agent and descendants */
	INSIDE_BELOW, /* of descendants */
};

/* What a descriptor can be asked: size of the struct now, which is also the least accepted. */
struct verb {
	u32 size;
	u32 access; /* needed of an agent descriptor */
	enum inside inside;
	int (*run)(struct file *file, union command *c, struct fresh_fd *fresh);
};

static bool caller_is_admin(void)
{
	return capable(CAP_SYS_ADMIN);
}

/* Agent descriptors */

static const struct file_operations agent_fops;

static int fresh_agent_fd(struct agent *agent, u32 access, struct fresh_fd *fresh)
{
	struct handle *handle = kzalloc(sizeof(*handle), GFP_KERNEL_ACCOUNT);
	struct file *file;
	int fd;

	if (!handle)
		return -ENOMEM;
	handle->agent = agent;
	handle->access = access;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0) {
		kfree(handle);
		return fd;
	}
	file = anon_inode_getfile("[agentos]", &agent_fops, handle, O_RDWR);
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

static int agent_release(struct inode *inode, struct file *file)
{
	struct handle *handle = file->private_data;
	struct agent *agent = handle->agent;
	u32 i;

	for (i = 0; i < AGENTOS_RESOURCE_COUNT; i++)
		if (atomic64_read(&handle->reserved[i]))
			budget_settle(agent, i, atomic64_read(&handle->reserved[i]), 0);
	if (atomic_dec_and_test(&agent->handles) && agent->flags & AGENTOS_CREATE_KILL_ON_CLOSE)
		member_kill_family(agent, AGENTOS_REASON_KILLED);
	agent_put(agent);
	kfree(handle);
	return 0;
}

static __poll_t agent_poll(struct file *file, poll_table *table)
{
	struct handle *handle = file->private_data;

	if (!(handle->access & AGENTOS_ACCESS_INSPECT))
		return EPOLLERR;
	poll_wait(file, &handle->agent->wait, table);
	return READ_ONCE(handle->agent->state) == AGENTOS_STATE_EXITED ? EPOLLIN | EPOLLHUP : 0;
}

static void agent_fdinfo(struct seq_file *seq, struct file *file)
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
	return 0;
}

static int agent_restrict_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct handle *handle = file->private_data;

	if (c->restrict_.flags || c->restrict_.mask & ~AGENTOS_RIGHTS_ALL)
		return -EINVAL;
	return agent_restrict(handle->agent, c->restrict_.mask, &c->restrict_.ret_rights);
}

static int agent_kill_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct handle *handle = file->private_data;

	if (c->kill.flags || c->kill.pad)
		return -EINVAL;
	c->kill.ret_tasks = member_kill_family(handle->agent, AGENTOS_REASON_KILLED);
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
	err = fresh_agent_fd(handle->agent, c->dup.access, fresh);
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
	const u32 inherited = AGENTOS_CREATE_UNENFORCED | AGENTOS_CREATE_RECORD_ALLOWED;
	struct handle *handle = file->private_data;
	struct agentos_derive *derive = &c->derive;
	struct agent *parent = handle->agent, *caller = member_agent(), *agent;
	struct agent_options options = {
		.parent = parent,
		.name = derive->name,
		.rights = derive->rights,
		.policy = derive->policy ?: parent->policy_id,
		.flags = derive->flags | (parent->flags & inherited),
		.owner = parent->owner,
	};
	int err;

	if (derive->flags & ~AGENTOS_CREATE_ALL || derive->pad)
		return -EINVAL;
	if (derive->flags & ~parent->flags & AGENTOS_CREATE_UNENFORCED)
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
	err = agent_create(&options, &agent);
	if (err)
		return err;
	err = fresh_agent_fd(agent, derive->access, fresh);
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

	if (set->resource >= AGENTOS_RESOURCE_COUNT || set->action > AGENTOS_BUDGET_KILL ||
	    set->pad || (set->reset_ns && !set->period_ns))
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

	if (c->reserve.resource >= AGENTOS_RESOURCE_COUNT)
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

	if (settle->resource >= AGENTOS_RESOURCE_COUNT)
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

/* The device */

static int version_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	c->version.ret_abi = AGENTOS_ABI;
	c->version.ret_features = AGENTOS_FEATURE_POLICY | AGENTOS_FEATURE_DERIVE |
				  AGENTOS_FEATURE_BUDGET |
				  (kfuncs_usable() ? AGENTOS_FEATURE_KFUNCS : 0);
	c->version.ret_rights = AGENTOS_RIGHTS_ALL;
	c->version.ret_agents = agent_count();
	c->version.ret_tasks = member_count();
	c->version.ret_policies = policy_count();
	c->version.ret_pins = policy_pin_count();
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
	if (create->flags & ~AGENTOS_CREATE_ALL || create->pad || create->ret_pad)
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
	err = fresh_agent_fd(agent, create->access, fresh);
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
	err = fresh_agent_fd(agent, open->access, fresh);
	if (!err)
		open->ret_fd = fresh->fd;
put:
	agent_put(agent);
	return err;
}

static int identify_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct agentos_identify *identify = &c->identify;
	struct task_struct *task;
	struct member *member;
	int err = -ESRCH;
	u64 ticks;

	if (identify->flags & ~AGENTOS_IDENTIFY_ANY_START || identify->pad || identify->pid <= 0)
		return -EINVAL;
	rcu_read_lock();
	task = pid_task(find_vpid(identify->pid), PIDTYPE_TGID);
	if (!task)
		goto unlock;
	/* As /proc/PID/stat prints it, for a caller in the initial time namespace. */
	ticks = div_u64(task->start_boottime, NSEC_PER_SEC / USER_HZ);
	if (!(identify->flags & AGENTOS_IDENTIFY_ANY_START) && ticks != identify->start)
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
	return policy_new(&c->policy_new.ret_policy);
}

static int policy_pin_verb(struct file *file, union command *c, struct fresh_fd *fresh)
{
	struct file *object;
	int err;

	if (!caller_is_admin())
		return -EPERM;
	if (c->policy_pin.flags || c->policy_pin.pad)
		return -EINVAL;
	object = fget_raw(c->policy_pin.fd);
	if (!object)
		return -EBADF;
	err = policy_pin(c->policy_pin.policy, object, &c->policy_pin);
	fput(object);
	return err;
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

/* Dispatch */

#define VERB(nr, type, ...) [_IOC_NR(nr)] = { .size = sizeof(type), __VA_ARGS__ }

static const struct verb device_verbs[] = {
	VERB(AGENTOS_IOC_VERSION, struct agentos_version, .run = version_verb),
	VERB(AGENTOS_IOC_CREATE, struct agentos_create, .run = create_verb),
	VERB(AGENTOS_IOC_OPEN, struct agentos_open, .run = open_verb),
	VERB(AGENTOS_IOC_IDENTIFY, struct agentos_identify, .run = identify_verb),
	VERB(AGENTOS_IOC_ENUMERATE, struct agentos_enumerate, .run = enumerate_verb),
	VERB(AGENTOS_IOC_POLICY_NEW, struct agentos_policy_new, .run = policy_new_verb),
	VERB(AGENTOS_IOC_POLICY_PIN, struct agentos_policy_pin, .run = policy_pin_verb),
	VERB(AGENTOS_IOC_POLICY_DROP, struct agentos_policy_drop, .run = policy_drop_verb),
	VERB(AGENTOS_IOC_SEEK, struct agentos_seek, .run = seek_verb),
};

static const struct verb agent_verbs[] = {
	VERB(AGENTOS_AGENT_ATTACH, struct agentos_attach, .access = AGENTOS_ACCESS_ATTACH,
	     .inside = INSIDE_BELOW, .run = agent_attach_verb),
	VERB(AGENTOS_AGENT_INFO, struct agentos_info, .access = AGENTOS_ACCESS_INSPECT,
	     .inside = INSIDE_ANY, .run = agent_info_verb),
	VERB(AGENTOS_AGENT_RESTRICT, struct agentos_restrict, .access = AGENTOS_ACCESS_CONTROL,
	     .inside = INSIDE_BELOW, .run = agent_restrict_verb),
	VERB(AGENTOS_AGENT_KILL, struct agentos_kill, .access = AGENTOS_ACCESS_CONTROL,
	     .inside = INSIDE_BELOW, .run = agent_kill_verb),
	VERB(AGENTOS_AGENT_DUP, struct agentos_dup, .inside = INSIDE_ANY, .run = agent_dup_verb),
	VERB(AGENTOS_AGENT_DERIVE, struct agentos_derive, .access = AGENTOS_ACCESS_DERIVE,
	     .inside = INSIDE_OWN, .run = agent_derive_verb),
	VERB(AGENTOS_AGENT_REVOKE, struct agentos_revoke, .access = AGENTOS_ACCESS_CONTROL,
	     .inside = INSIDE_BELOW, .run = agent_revoke_verb),
	VERB(AGENTOS_AGENT_BUDGET_SET, struct agentos_budget_set, .access = AGENTOS_ACCESS_CONTROL,
	     .inside = INSIDE_BELOW, .run = agent_budget_set_verb),
	VERB(AGENTOS_AGENT_BUDGET_GET, struct agentos_budget_get, .access = AGENTOS_ACCESS_INSPECT,
	     .inside = INSIDE_ANY, .run = agent_budget_get_verb),
	VERB(AGENTOS_AGENT_RESERVE, struct agentos_reserve, .access = AGENTOS_ACCESS_CHARGE,
	     .inside = INSIDE_BELOW, .run = agent_reserve_verb),
	VERB(AGENTOS_AGENT_SETTLE, struct agentos_settle, .access = AGENTOS_ACCESS_CHARGE,
	     .inside = INSIDE_BELOW, .run = agent_settle_verb),
};

/*
 * By number, not by the whole command: a caller compiled against a longer
 * struct sends another _IOC_SIZE for the same verb.
 */
static const struct verb *verb_find(const struct verb *verbs, size_t count, unsigned int cmd)
{
	unsigned int nr = _IOC_NR(cmd);

	if (_IOC_TYPE(cmd) != AGENTOS_IOC_MAGIC || _IOC_DIR(cmd) != (_IOC_READ | _IOC_WRITE))
		return NULL;
	return nr < count && verbs[nr].run ? &verbs[nr] : NULL;
}

/* May the calling task ask this of the agent (NULL: of the device)? */
static bool verb_allowed(const struct verb *verb, const struct agent *asked)
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
	}
	return false;
}

static long verb_run(const struct verb *verb, struct file *file, const struct agent *asked,
		     void __user *arg)
{
	struct fresh_fd fresh = { .fd = -1 };
	union command c = {};
	u32 size;
	int err;

	if (!verb_allowed(verb, asked))
		return -EPERM;
	if (get_user(size, (u32 __user *)arg))
		return -EFAULT;
	if (size < verb->size)
		return -EINVAL;
	if (size > AGENTOS_STRUCT_MAX)
		return -E2BIG;
	err = copy_struct_from_user(&c, verb->size, arg, size);
	if (err)
		return err;
	/* What cannot be answered is not begun. */
	if (copy_to_user(arg, &c, verb->size))
		return -EFAULT;
	err = verb->run(file, &c, &fresh);
	if (err)
		return err;
	/* The size the caller gave stays what it gave. */
	c.size = size;
	if (copy_to_user(arg, &c, verb->size))
		err = -EFAULT;
	if (!fresh.file)
		return err;
	if (err) {
		fput(fresh.file);
		put_unused_fd(fresh.fd);
		return err;
	}
	fd_install(fresh.fd, fresh.file);
	return 0;
}

static long agent_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct verb *verb = verb_find(agent_verbs, ARRAY_SIZE(agent_verbs), cmd);
	const struct handle *handle = file->private_data;

	if (!verb)
		return -ENOTTY;
	if (verb->access & ~handle->access)
		return -EACCES;
	return verb_run(verb, file, handle->agent, (void __user *)arg);
}

static const struct file_operations agent_fops = {
	.owner = THIS_MODULE,
	.release = agent_release,
	.poll = agent_poll,
	.unlocked_ioctl = agent_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = agent_fdinfo,
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

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct verb *verb = verb_find(device_verbs, ARRAY_SIZE(device_verbs), cmd);

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

int device_init(void)
{
	return misc_register(&device);
}

void device_exit(void)
{
	misc_deregister(&device);
}
