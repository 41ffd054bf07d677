// SPDX-License-Identifier: GPL-2.0-only
/* Records: BPF programs give them room, decide and send; here they are written. */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "agent.h"
#include "agentos_event.h"
#include "compat.h"
#include "member.h"
#include "path.h"
#include "quick.h"
#include "repeats.h"

/* What the object is. len: that of its text, which may exceed the room, or a negative errno. */
static void record_object(struct agentos_event *event, const struct dentry *dentry, int len)
{
	const struct inode *inode = READ_ONCE(dentry->d_inode);

	event->object_kind = AGENTOS_OBJECT_PATH;
	/* There is none yet of what is being made. */
	if (inode) {
		event->ino = inode->i_ino;
		event->gen = inode->i_generation;
		event->dev = inode->i_sb->s_dev;
	}
	if (len < 0) {
		event->text[0] = '\0';
		return;
	}
	if (len >= AGENTOS_OBJECT_SIZE) {
		event->flags |= AGENTOS_EVENT_TRUNCATED;
		len = AGENTOS_OBJECT_SIZE - 1;
	}
	event->text_len = len;
}

static_assert(sizeof_field(struct agentos_event, text) == AGENTOS_OBJECT_SIZE);
static_assert(offsetof(struct agentos_event, addr) % sizeof(u64) == 0);

/* All but its number, the agent's and the policy's, which the program writes, and the object. */
static __always_inline void record_fill(struct agentos_event *event, const struct act *act)
{
	event->size = sizeof(*event);
	event->version = AGENTOS_EVENT_VERSION;
	event->verdict = act->verdict;
	event->why = act->why;
	event->hook = act->hook;
	event->object_kind = AGENTOS_OBJECT_NONE;
	event->error = act->error;
	/* What is refused was counted, and has its time. */
	event->time_ns = act->time_ns ? act->time_ns : ktime_get_boot_fast_ns();
	event->right = act->right;
	event->rule = act->rule;
	event->access = act->access;
	event->flags = 0;
	if (unlikely(act->effect != EFFECT_NONE))
		event->flags =
			act->effect == EFFECT_KILL ? AGENTOS_EVENT_KILL : AGENTOS_EVENT_WATCH;
	event->tgid = task_tgid_nr(current);
	event->tid = task_pid_nr(current);
	/* A kuid is the number in the initial user namespace. */
	event->uid = __kuid_val(current_uid());
	event->text_len = 0;
	/* By its members, in a few words: memset() is made a loop. */
	event->number = 0;
	event->number2 = 0;
	event->ino = 0;
	event->dev = 0;
	event->gen = 0;
	event->family = 0;
	event->port = 0;
	event->protocol = 0;
	((u64 *)event->addr)[0] = 0;
	((u64 *)event->addr)[1] = 0;
	memcpy(event->comm, current->comm, sizeof(event->comm));
	event->comm[sizeof(event->comm) - 1] = '\0';
	event->text[0] = '\0';
}

__bpf_kfunc_start_defs();

/*
 * Writes a record of what the calling task does, all but its number, the agent's and
 * the policy's; there is no object yet. These return 0, or -EINVAL.
 */
__bpf_kfunc int agentos_record(struct agentos_event *event, u32 event__sz, const struct act *act,
			       u32 act__sz)
{
	if (event__sz < sizeof(*event) || act__sz < sizeof(*act))
		return -EINVAL;
	record_fill(event, act);
	return 0;
}

/* The same, and the object is a path that exists: act->object[2] is the layout. */
__bpf_kfunc int agentos_record_path(struct path *path, struct agentos_event *event, u32 event__sz,
				    const struct act *act, u32 act__sz)
{
	if (event__sz < sizeof(*event) || act__sz < sizeof(*act))
		return -EINVAL;
	record_fill(event, act);
	record_object(event, path->dentry, path_text(path, act->object[2], event->text));
	return 0;
}

/*
 * Writes all of a record but its number: that of an open which agentos_file_open_quick()
 * has answered `quick`, QUICK_TELL. Or nothing: not 0, when it has not. 64 bits, as
 * there.
 */
__bpf_kfunc u64 agentos_record_open(struct file *file, struct agentos_event *event, u32 event__sz,
				    u64 quick, u64 layout)
{
	const struct member *member = member_of_caller();
	const struct act act = {
		.hook = AGENTOS_HOOK_FILE_OPEN,
		.verdict = AGENTOS_VERDICT_ALLOWED,
		.rule = AGENTOS_RULE_NONE,
		.access = QUICK_ACCESS(quick),
	};

	if (event__sz < sizeof(*event) || QUICK_ANSWER(quick) != QUICK_TELL || !member)
		return true;
	record_fill(event, &act);
	event->agent = member->agent->id;
	event->policy = QUICK_POLICY(quick);
	record_object(event, file->f_path.dentry, path_text(&file->f_path, layout, event->text));
	return 0;
}

/* To a record: the object is a name in a directory. */
__bpf_kfunc int agentos_record_entry(struct path *dir, struct dentry *dentry,
				     struct agentos_event *event, u32 event__sz, u64 layout)
{
	if (event__sz < sizeof(*event))
		return -EINVAL;
	record_object(event, dentry, path_entry_text(dir, dentry, layout, event->text));
	return 0;
}

/* To a record: it is on a mount that is not known, and told within its file system. */
__bpf_kfunc int agentos_record_dentry(struct dentry *dentry, struct agentos_event *event,
				      u32 event__sz)
{
	if (event__sz < sizeof(*event))
		return -EINVAL;
	event->flags |= AGENTOS_EVENT_DENTRY;
	record_object(event, dentry, path_dentry_text(dentry, event->text));
	return 0;
}

/* Copies a record; what is behind its text stays as it was. */
__bpf_kfunc int agentos_record_keep(struct agentos_event *kept, u32 kept__sz,
				    const struct agentos_event *event, u32 event__sz)
{
	size_t len;

	if (kept__sz < sizeof(*kept) || event__sz < sizeof(*event))
		return -EINVAL;
	len = min_t(size_t, event->text_len, AGENTOS_OBJECT_SIZE - 1);
	memcpy(kept, event, offsetof(struct agentos_event, text) + len);
	kept->text[len] = '\0';
	return 0;
}

__bpf_kfunc_end_defs();
