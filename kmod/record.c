// SPDX-License-Identifier: GPL-2.0-only
/* Records: BPF programs give them room, decide and send; here they are written. */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/path.h>
#include <linux/sched.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "agentos_event.h"
#include "compat.h"
#include "repeats.h"

/*
 * Copies the end of a path into text when all of it does not fit. Returns the
 * length of the whole, so that a return of size or more means cut off.
 */
static int text_from_end(char *text, u32 size, const char *end, const char *path)
{
	size_t len = end - path;
	size_t kept = min_t(size_t, len, size - 1);

	memmove(text, end - kept, kept);
	text[kept] = '\0';
	return len;
}

/*
 * The length of what d_path() or its like put at the end of size bytes of text. A
 * file system that tells names itself might put it elsewhere.
 */
static int text_len(const struct dentry *dentry, const char *text, u32 size, const char *start)
{
	if (unlikely(dentry->d_op && dentry->d_op->d_dname))
		return strlen(start);
	return text + size - 1 - start;
}

/*
 * The names from what is on the root's mount up to the root, written to the end of
 * size bytes of text: where they begin, or NULL: it is not as simple as that. Under
 * RCU. A short name is in its dentry, where it can be read whatever becomes of it.
 */
static char *names_up(const struct path *path, const struct dentry *root, char *text, u32 size)
{
	const struct dentry *dentry = path->dentry, *parent;
	char *start = text + size - 1;
	u32 len;

	*start = '\0';
	for (; dentry != root; dentry = parent) {
		parent = READ_ONCE(dentry->d_parent);
		len = READ_ONCE(dentry->d_name.len);
		if (dentry == parent || dentry == path->mnt->mnt_root ||
		    READ_ONCE(dentry->d_name.name) != dentry->d_iname ||
		    len >= sizeof(dentry->d_iname) || len >= start - text)
			return NULL;
		start -= len;
		memcpy(start, dentry->d_iname, len);
		*--start = '/';
	}
	return *start ? start : NULL;
}

/* As d_path(), for what most acts are about, in a third of its instructions; else NULL. */
static char *path_plain(const struct path *path, char *text, u32 size)
{
	const struct dentry *dentry = path->dentry;
	struct fs_struct *fs = current->fs;
	struct path root;
	unsigned int fs_seq, seq;
	char *start;

	if (!fs || d_unlinked(dentry) || (dentry->d_op && dentry->d_op->d_dname))
		return NULL;
	fs_seq = read_seqcount_begin(&fs->seq);
	root = fs->root;
	if (path->mnt != root.mnt)
		return NULL;
	rcu_read_lock();
	seq = read_seqbegin(&rename_lock);
	start = names_up(path, root.dentry, text, size);
	rcu_read_unlock();
	if (read_seqretry(&rename_lock, seq) || read_seqcount_retry(&fs->seq, fs_seq))
		return NULL;
	return start;
}

/* The path as the calling task would name it. Length as text_from_end(), or a negative errno. */
static int path_text(const struct path *path, char *text, u32 size)
{
	char *whole, *start;
	int len;

	start = path_plain(path, text, size);
	if (start) {
		len = text + size - 1 - start;
		memmove(text, start, len + 1);
		return len;
	}
	start = d_path(path, text, size);
	if (!IS_ERR(start)) {
		len = text_len(path->dentry, text, size, start);
		memmove(text, start, len + 1);
		return len;
	}
	text[0] = '\0';
	if (PTR_ERR(start) != -ENAMETOOLONG)
		return PTR_ERR(start);
	whole = kmalloc(PATH_MAX, GFP_ATOMIC | __GFP_NOWARN);
	if (!whole)
		return -ENOMEM;
	start = d_path(path, whole, PATH_MAX);
	if (IS_ERR(start))
		len = PTR_ERR(start);
	else
		len = text_from_end(text, size, start + strlen(start), start);
	kfree(whole);
	return len;
}

/* That of a name in a directory, whether or not it exists. */
static int entry_text(const struct path *dir, struct dentry *dentry, char *text, u32 size)
{
	static const char unhashed[] = " (deleted)";
	struct path entry = { .mnt = dir->mnt, .dentry = dentry };
	int len = path_text(&entry, text, size);
	int bare = len - (int)strlen(unhashed);

	/* What is just being made is not in the directory cache yet: d_path() misreads that. */
	if (bare > 0 && len < (int)size && d_unlinked(dentry) && !strcmp(text + bare, unhashed)) {
		text[bare] = '\0';
		len = bare;
	}
	return len;
}

/* The path within its file system, where no mount is known. */
static int dentry_text(struct dentry *dentry, char *text, u32 size)
{
	char *start = dentry_path_raw(dentry, text, size);
	int len;

	if (IS_ERR(start)) {
		text[0] = '\0';
		return PTR_ERR(start);
	}
	len = text + size - 1 - start;
	memmove(text, start, len + 1);
	return len;
}

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

/* What is written one by one below is all that comes before this. */
#define RECORD_OBJECT offsetof(struct agentos_event, number)
static_assert(RECORD_OBJECT == 80);

/* All but its number, the agent's and the policy's, which the program writes, and the object. */
static void record_fill(struct agentos_event *event, const struct act *act)
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
	memset((u8 *)event + RECORD_OBJECT, 0,
	       offsetof(struct agentos_event, comm) - RECORD_OBJECT);
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

/* The same, and the object is a path that exists. */
__bpf_kfunc int agentos_record_path(struct path *path, struct agentos_event *event, u32 event__sz,
				    const struct act *act, u32 act__sz)
{
	if (event__sz < sizeof(*event) || act__sz < sizeof(*act))
		return -EINVAL;
	record_fill(event, act);
	record_object(event, path->dentry, path_text(path, event->text, sizeof(event->text)));
	return 0;
}

/* To a record: the object is a name in a directory. */
__bpf_kfunc int agentos_record_entry(struct path *dir, struct dentry *dentry,
				     struct agentos_event *event, u32 event__sz)
{
	if (event__sz < sizeof(*event))
		return -EINVAL;
	record_object(event, dentry, entry_text(dir, dentry, event->text, sizeof(event->text)));
	return 0;
}

/* To a record: it is on a mount that is not known, and told within its file system. */
__bpf_kfunc int agentos_record_dentry(struct dentry *dentry, struct agentos_event *event,
				      u32 event__sz)
{
	if (event__sz < sizeof(*event))
		return -EINVAL;
	event->flags |= AGENTOS_EVENT_DENTRY;
	record_object(event, dentry, dentry_text(dentry, event->text, sizeof(event->text)));
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
