// SPDX-License-Identifier: GPL-2.0-only
/* Files: opening, receiving, creating, deleting, renaming, linking, truncating, metadata. */
#include "socket.bpf.h"
#include "walk.bpf.h"

/* As file_wants() in kmod/quick.c, which is asked first where it must be quick. */
static __always_inline __u32 access_of_mode(struct file *file)
{
	__u32 mode = file->f_mode, want = 0;

	if (mode & FMODE_READ)
		want |= AGENTOS_FILE_READ;
	if (mode & FMODE_WRITE || file->f_flags & O_TRUNC)
		want |= AGENTOS_FILE_WRITE;
	/* Access mode 3: neither, "for ioctl only"; permissions as for both. */
	return want ?: AGENTOS_FILE_READ | AGENTOS_FILE_WRITE;
}

static __always_inline bool file_is_queue(struct file *file)
{
	return file->f_inode->i_sb->s_magic == MAGIC_MQUEUE &&
	       (file->f_inode->i_mode & S_IFMT) == S_IFREG;
}

/*
 * A POSIX queue takes the right. Its own calls reach it on a mount that no path
 * leads to and no rule is about; where one does, rules decide as well.
 */
static __noinline int queue_check(void *ctx, const struct agentos_facts *facts, struct file *file,
				  __u16 hook)
{
	struct act act = RIGHT_ACT(*facts, SYSV_IPC, SYSV_IPC, EACCES);
	__u32 access = access_of_mode(file);
	struct dentry *dentry = file->f_path.dentry;
	struct vfsmount *mnt = file->f_path.mnt;
	bool watched = act.effect == EFFECT_WATCH;
	struct agentos_walk w;

	act.hook = hook;
	act.access = access;
	if (act.verdict == AGENTOS_VERDICT_ALLOWED && !mount_stands_alone(mnt) &&
	    !file_decide(&act, &w, facts, mnt, dentry, hook, access) && watched) {
		act.effect = EFFECT_WATCH;
		act.right = AGENTOS_RIGHT(SYSV_IPC);
		act.rule = AGENTOS_RULE_NONE;
	}
	return act_path(ctx, facts, &act, &file->f_path, dentry, 0);
}

/* A process's memory as a file: what is written there is written to its code as well. */
static __always_inline bool dentry_is_memory(struct dentry *dentry)
{
	char name[4] = {};

	if (dentry->d_sb->s_magic != MAGIC_PROC)
		return false;
	bpf_probe_read_kernel(name, sizeof(name), dentry->d_name.name);
	return name[0] == 'm' && name[1] == 'e' && name[2] == 'm' && !name[3];
}

/* What rules allow takes a right as well. */
static __noinline int act_takes_right(struct act *act, const struct agentos_facts *facts,
				      __u64 right)
{
	if (!act || !facts || facts->rights & right)
		return 0;
	act->right = right;
	act->rule = AGENTOS_RULE_NONE;
	if (facts->watched & right) {
		act->effect = EFFECT_WATCH;
		return 0;
	}
	act->verdict = AGENTOS_VERDICT_DENIED;
	act->why = AGENTOS_WHY_RIGHT;
	act->effect = EFFECT_NONE;
	act->error = -EACCES;
	return 0;
}

/* An open file, whether opened or received. Returns whether it is denied. */
static __always_inline int file_check(void *ctx, const struct agentos_facts *facts,
				      struct file *file, __u16 hook)
{
	struct dentry *dentry = file->f_path.dentry;
	struct vfsmount *mnt = file->f_path.mnt;
	struct act act = {};
	struct agentos_walk w;
	bool denied;

	if (object_without_path(file->f_inode->i_sb))
		return 0;
	if (file_is_queue(file))
		return queue_check(ctx, facts, file, hook);
	denied = file_decide(&act, &w, facts, mnt, dentry, hook, access_of_mode(file));
	/* Overlayfs opens directories below it like anybody, but with its own credentials. */
	if (denied && creds_overridden() && mount_is_internal(mnt))
		return 0;
	if (act.verdict == AGENTOS_VERDICT_ALLOWED && act.access & AGENTOS_FILE_WRITE &&
	    dentry_is_memory(dentry))
		act_takes_right(&act, facts, AGENTOS_RIGHT(ANON_EXEC));
	if (node_counts(facts, denied))
		act_on_device(&act, facts, dentry);
	return act_path(ctx, facts, &act, &file->f_path, dentry, 0);
}

/* An open that is plainly allowed is recorded. False: it is not, for want of room. */
static __noinline bool file_open_tell(void *ctx, __u64 quick)
{
	struct file *file = ARGUMENT(ctx, 0, struct file *);
	struct agentos_event *event = bpf_ringbuf_reserve(&ring_allowed, sizeof(*event), 0);

	if (!event)
		return false;
	if (agentos_record_open(file, event, sizeof(*event), quick, mount_layout)) {
		bpf_ringbuf_discard(event, 0);
		return false;
	}
	event->seq = sequence_next(AGENTOS_RING_ALLOWED);
	event_stream(ctx, event);
	bpf_ringbuf_submit(event, 0);
	return true;
}

/* An agent's open that needs more than a glance. */
static __noinline int file_open_check(void *ctx)
{
	struct file *file = ARGUMENT(ctx, 0, struct file *);

	AGENT_OR_RETURN(facts);

	/* Overlayfs opens what is below; the open above was decided. */
	if (file->f_mode & FMODE_NOACCOUNT)
		return 0;
	if (facts.flags & FACT_PROVING) {
		agentos_refused();
		return -EACCES;
	}
	/* An open for execution: bprm_check_security or mmap_file decides, knowing what for. */
	if (file->f_flags & FMODE_EXEC)
		return 0;
	return verdict(file_check(ctx, &facts, file, AGENTOS_HOOK_FILE_OPEN), -EACCES);
}

SEC("lsm/file_open")
int BPF_PROG(agentos_file_open, struct file *file)
{
	__u64 quick = agentos_file_open_quick(file);

	if (!quick)
		return 0;
	/* What cannot be told is looked at whole: it is counted, and a strict agent refused it. */
	if (QUICK_ANSWER(quick) == QUICK_TELL && file_open_tell(ctx, quick))
		return 0;
	return file_open_check(ctx);
}

#define FMODE_PATH 0x4000

SEC("lsm/file_receive")
int BPF_PROG(agentos_file_receive, struct file *file, int ret)
{
	struct socket *sock;

	AGENT_OR_RETURN(facts);

	if (ret)
		return ret;
	sock = bpf_sock_from_file(file);
	if (sock)
		return verdict(socket_receive_check(ctx, &facts, file, sock), -EACCES);
	/* A bare location gives nothing: opening from it is decided then. */
	if (file->f_mode & FMODE_PATH)
		return 0;
	return verdict(file_check(ctx, &facts, file, AGENTOS_HOOK_FILE_RECEIVE), -EACCES);
}

/* By its name something else could come to be there, under no rule. */
static __always_inline void act_held(struct act *act)
{
	act->verdict = AGENTOS_VERDICT_DENIED;
	act->why = AGENTOS_WHY_HOLDS;
	act->error = -EACCES;
}

/* A name in a directory is made, removed or replaced. Returns whether it is denied. */
static __always_inline int entry_check(void *ctx, const struct agentos_facts *facts,
				       struct path *dir, struct dentry *dentry, __u16 hook)
{
	struct super_block *sb = dentry->d_sb;
	struct act act = {};
	struct agentos_event *event;
	struct agentos_walk w;
	bool denied = file_decide(&act, &w, facts, dir->mnt, dentry, hook, AGENTOS_FILE_WRITE);

	/* Where queues are mounted. */
	if (!denied && sb->s_magic == MAGIC_MQUEUE)
		act_takes_right(&act, facts, AGENTOS_RIGHT(SYSV_IPC));
	else if (hook == AGENTOS_HOOK_DELETE &&
		 !(node_counts(facts, denied) && act_on_node(&act, facts, dentry)) && !denied &&
		 agentos_rules_below(dentry, facts->policy))
		act_held(&act);
	if (act_settle(facts, &act, dentry)) {
		act_is_about(&act, ACT_DENTRY, (__u64)dentry, 0);
		event = event_begin(facts, &act);
		if (event) {
			agentos_record_entry(dir, dentry, event, sizeof(*event), mount_layout);
			event_end(ctx, event);
		}
	}
	return act.verdict == AGENTOS_VERDICT_DENIED;
}

static __noinline int create_check(void *ctx)
{
	AGENT_OR_RETURN(facts);

	return verdict(entry_check(ctx, &facts, ARGUMENT(ctx, 0, struct path *),
				   ARGUMENT(ctx, 1, struct dentry *), AGENTOS_HOOK_CREATE),
		       -EACCES);
}

static __noinline int delete_check(void *ctx)
{
	AGENT_OR_RETURN(facts);

	return verdict(entry_check(ctx, &facts, ARGUMENT(ctx, 0, struct path *),
				   ARGUMENT(ctx, 1, struct dentry *), AGENTOS_HOOK_DELETE),
		       -EACCES);
}

SEC("lsm/path_mknod")
int BPF_PROG(agentos_path_mknod, struct path *dir, struct dentry *dentry)
{
	return agentos_entry_quick(dentry, false) ? create_check(ctx) : 0;
}

SEC("lsm/path_mkdir")
int BPF_PROG(agentos_path_mkdir, struct path *dir, struct dentry *dentry)
{
	return agentos_entry_quick(dentry, false) ? create_check(ctx) : 0;
}

SEC("lsm/path_symlink")
int BPF_PROG(agentos_path_symlink, struct path *dir, struct dentry *dentry)
{
	return agentos_entry_quick(dentry, false) ? create_check(ctx) : 0;
}

SEC("lsm/path_unlink")
int BPF_PROG(agentos_path_unlink, struct path *dir, struct dentry *dentry)
{
	return agentos_entry_quick(dentry, true) ? delete_check(ctx) : 0;
}

SEC("lsm/path_rmdir")
int BPF_PROG(agentos_path_rmdir, struct path *dir, struct dentry *dentry)
{
	return agentos_entry_quick(dentry, true) ? delete_check(ctx) : 0;
}

/* Does a rule kill for one end of a move, whatever the rights? */
static __noinline bool move_kills(struct agentos_walk *w, const struct agentos_facts *facts,
				  struct vfsmount *vfsmount, struct dentry *dentry)
{
	if (!w || !facts)
		return false;
	walk_allowed(w, facts, vfsmount, dentry, AGENTOS_FILE_WRITE);
	return act_rule_kills(w, AGENTOS_FILE_WRITE);
}

/*
 * A file moves or gets a second name. It must be writable where it arrives,
 * and there the agent must not be able to do more with it than before: else a
 * name would be a way to gain rights. Returns whether it is denied.
 */
static __always_inline int move_check(void *ctx, const struct agentos_facts *facts,
				      struct path *from_dir, struct dentry *from,
				      struct path *to_dir, struct dentry *to, __u16 hook)
{
	struct act act = {
		.hook = hook,
		.verdict = AGENTOS_VERDICT_DENIED,
		.access = AGENTOS_FILE_WRITE,
		.error = -EACCES,
		.refusal = -EACCES,
		.rule = AGENTOS_RULE_NONE,
	};
	struct vfsmount *from_mnt = from_dir->mnt, *to_mnt = to_dir->mnt;
	__u32 before, after, gate, watched;
	struct agentos_event *event;
	bool at_target = true;
	struct agentos_walk w;

	gate = rights_to_access(facts->rights);
	/* Before rules, as they refuse it nothing. */
	if (facts->flags & FACT_AUDIT_ONLY) {
		if (act_on_node(&act, facts, to))
			goto decided;
		at_target = false;
		if (act_on_node(&act, facts, from))
			goto decided;
		at_target = true;
	}
	if (!(gate & AGENTOS_FILE_WRITE)) {
		act.why = AGENTOS_WHY_RIGHT;
		act.right = AGENTOS_RIGHT(FILE_WRITE);
		if (move_kills(&w, facts, to_mnt, to)) {
			act.right = 0;
			act_rule_denies(&act, &w, AGENTOS_FILE_WRITE);
			goto decided;
		}
		if (move_kills(&w, facts, from_mnt, from)) {
			at_target = false;
			act.right = 0;
			act_rule_denies(&act, &w, AGENTOS_FILE_WRITE);
		}
		goto decided;
	}
	after = walk_allowed(&w, facts, to_mnt, to, AGENTOS_FILE_ALL);
	if (!(after & AGENTOS_FILE_WRITE)) {
		act_rule_denies(&act, &w, AGENTOS_FILE_WRITE);
		goto decided;
	}
	act_rule_watches(&act, &w, AGENTOS_FILE_WRITE);
	watched = w.watched;
	before = walk_allowed(&w, facts, from_mnt, from, AGENTOS_FILE_ALL);
	at_target = false;
	if (!(before & AGENTOS_FILE_WRITE)) {
		act_rule_denies(&act, &w, AGENTOS_FILE_WRITE);
		goto decided;
	}
	/* Also a move by which what is watched would no longer be. */
	act_rule_watches(&act, &w, AGENTOS_FILE_WRITE | (after & gate & ~watched));
	if (after & gate & ~before) {
		act.why = AGENTOS_WHY_WIDER;
		goto decided;
	}
	if (act_on_node(&act, facts, from))
		goto decided;
	if (agentos_rules_below(from, facts->policy)) {
		act_held(&act);
		goto decided;
	}
	/* What stands in the way goes: a node, */
	if (act_on_node(&act, facts, to)) {
		at_target = true;
		goto decided;
	}
	/* or an empty directory. */
	if (agentos_rules_below(to, facts->policy)) {
		act_held(&act);
		at_target = true;
		goto decided;
	}
	act.verdict = AGENTOS_VERDICT_ALLOWED;
	act.error = 0;
decided:
	/* Neither end of it may be ours. */
	if (act_settle(facts, &act,
		       agentos_guarded(to, facts->policy, AGENTOS_FILE_WRITE, true) ? to : from)) {
		struct dentry *shown = at_target ? to : from;

		act_is_about(&act, ACT_DENTRY, (__u64)shown, 0);
		event = event_begin(facts, &act);
		if (event) {
			agentos_record_entry(at_target ? to_dir : from_dir, shown, event,
					     sizeof(*event), mount_layout);
			event_end(ctx, event);
		}
	}
	return act.verdict == AGENTOS_VERDICT_DENIED;
}

static __noinline int link_check(void *ctx)
{
	struct dentry *old = ARGUMENT(ctx, 0, struct dentry *);
	struct path *dir = ARGUMENT(ctx, 1, struct path *);
	struct dentry *new = ARGUMENT(ctx, 2, struct dentry *);

	AGENT_OR_RETURN(facts);

	/* Both names are on one mount: link() demands it. */
	return verdict(move_check(ctx, &facts, dir, old, dir, new, AGENTOS_HOOK_LINK), -EACCES);
}

SEC("lsm/path_link")
int BPF_PROG(agentos_path_link, struct dentry *old, struct path *dir, struct dentry *new)
{
	return agentos_move_quick(old, new) ? link_check(ctx) : 0;
}

#define RENAME_EXCHANGE 2

static __noinline int rename_check(void *ctx)
{
	struct path *old_dir = ARGUMENT(ctx, 0, struct path *);
	struct dentry *old = ARGUMENT(ctx, 1, struct dentry *);
	struct path *new_dir = ARGUMENT(ctx, 2, struct path *);
	struct dentry *new = ARGUMENT(ctx, 3, struct dentry *);

	AGENT_OR_RETURN(facts);

	if (move_check(ctx, &facts, old_dir, old, new_dir, new, AGENTOS_HOOK_RENAME))
		return -EACCES;
	/* An exchange moves both ways. */
	if (ARGUMENT(ctx, 4, unsigned int) & RENAME_EXCHANGE)
		return verdict(
			move_check(ctx, &facts, new_dir, new, old_dir, old, AGENTOS_HOOK_RENAME),
			-EACCES);
	return 0;
}

SEC("lsm/path_rename")
int BPF_PROG(agentos_path_rename, struct path *old_dir, struct dentry *old, struct path *new_dir,
	     struct dentry *new, unsigned int flags)
{
	if (!(flags & RENAME_EXCHANGE) && !agentos_move_quick(old, new))
		return 0;
	return rename_check(ctx);
}

/*
 * On 6.12 ftruncate() has a hook of its own; it needs a descriptor opened for
 * writing, decided then.
 */
SEC("lsm/path_truncate")
int BPF_PROG(agentos_path_truncate, struct path *path)
{
	AGENT_OR_RETURN(facts);

	if (object_without_path(path->dentry->d_sb))
		return 0;
	return verdict(path_check(ctx, &facts, path, AGENTOS_HOOK_TRUNCATE), -EACCES);
}

SEC("lsm/path_chmod")
int BPF_PROG(agentos_path_chmod, struct path *path)
{
	AGENT_OR_RETURN(facts);

	if (object_without_path(path->dentry->d_sb))
		return 0;
	return verdict(path_check(ctx, &facts, path, AGENTOS_HOOK_METADATA), -EACCES);
}

SEC("lsm/path_chown")
int BPF_PROG(agentos_path_chown, struct path *path)
{
	AGENT_OR_RETURN(facts);

	if (object_without_path(path->dentry->d_sb))
		return 0;
	return verdict(path_check(ctx, &facts, path, AGENTOS_HOOK_METADATA), -EACCES);
}

/*
 * Times, extended attributes and ACLs: the hooks know no mount, so a rule must
 * stand on the object's own file system to allow it.
 */
static __always_inline int dentry_check(void *ctx, const struct agentos_facts *facts,
					struct dentry *dentry)
{
	struct act act = {};
	struct agentos_walk w;

	if (object_without_path(dentry->d_sb) || creds_overridden())
		return 0;
	if (node_counts(facts, file_decide(&act, &w, facts, NULL, dentry, AGENTOS_HOOK_METADATA,
					   AGENTOS_FILE_WRITE)))
		act_on_node(&act, facts, dentry);
	return act_dentry(ctx, facts, &act, dentry);
}

#define ATTR_MODE  (1 << 0)
#define ATTR_UID   (1 << 1)
#define ATTR_GID   (1 << 2)
#define ATTR_SIZE  (1 << 3)
#define ATTR_FORCE (1 << 9)

/* Mode, owner and size have path hooks; forced changes are the kernel's own. */
#define ATTR_DECIDED_ELSEWHERE (ATTR_MODE | ATTR_UID | ATTR_GID | ATTR_SIZE | ATTR_FORCE)

/* Apart, so that a change of mode, which everybody makes often, sets no frame up for it. */
static __noinline int times_check(void *ctx, struct dentry *dentry)
{
	AGENT_OR_RETURN(facts);

	return verdict(dentry_check(ctx, &facts, dentry), -EACCES);
}

/* 6.1: (dentry, attr). */
SEC("?lsm/inode_setattr")
int BPF_PROG(agentos_setattr_2, struct dentry *dentry, struct iattr *attr)
{
	return attr->ia_valid & ATTR_DECIDED_ELSEWHERE ? 0 : times_check(ctx, dentry);
}

/* 6.12: (idmap, dentry, attr). */
SEC("?lsm/inode_setattr")
int BPF_PROG(agentos_setattr_3, struct mnt_idmap *idmap, struct dentry *dentry, struct iattr *attr)
{
	return attr->ia_valid & ATTR_DECIDED_ELSEWHERE ? 0 : times_check(ctx, dentry);
}

/* The first argument is a namespace on 6.1, an idmap on 6.12; neither is looked at. */
SEC("lsm/inode_setxattr")
int BPF_PROG(agentos_inode_setxattr, void *idmap, struct dentry *dentry)
{
	AGENT_OR_RETURN(facts);

	return verdict(dentry_check(ctx, &facts, dentry), -EACCES);
}

SEC("lsm/inode_removexattr")
int BPF_PROG(agentos_inode_removexattr, void *idmap, struct dentry *dentry)
{
	AGENT_OR_RETURN(facts);

	return verdict(dentry_check(ctx, &facts, dentry), -EACCES);
}

/* 6.12 took ACLs out of the xattr hooks. */
SEC("?lsm/inode_set_acl")
int BPF_PROG(agentos_inode_set_acl, void *idmap, struct dentry *dentry)
{
	AGENT_OR_RETURN(facts);

	return verdict(dentry_check(ctx, &facts, dentry), -EACCES);
}

SEC("?lsm/inode_remove_acl")
int BPF_PROG(agentos_inode_remove_acl, void *idmap, struct dentry *dentry)
{
	AGENT_OR_RETURN(facts);

	return verdict(dentry_check(ctx, &facts, dentry), -EACCES);
}

#define FAN_ALL_PERM (0x00010000 | 0x00020000 | 0x00040000) /* open, read, execute */
#define NOTIFY_INODE 0 /* enum fsnotify_obj_type; not a mount, not more */

/*
 * A watch on what a rule allows to read. One that others wait for could hold the
 * machine, and one on a whole mount sees what no rule is about: never.
 */
SEC("lsm/path_notify")
int BPF_PROG(agentos_path_notify, struct path *path, __u64 mask, unsigned int obj_type)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, NOTIFY, FILE_WATCH, EACCES);
	bool watched = act.effect == EFFECT_WATCH;
	struct dentry *dentry = path->dentry;
	struct agentos_walk w;

	if (mask & FAN_ALL_PERM || obj_type != NOTIFY_INODE) {
		act.verdict = AGENTOS_VERDICT_DENIED;
		act.why = AGENTOS_WHY_NEVER;
		act.right = 0;
		act.error = -EACCES;
	} else if (act.verdict == AGENTOS_VERDICT_ALLOWED) {
		if (!file_decide(&act, &w, &facts, path->mnt, dentry, AGENTOS_HOOK_NOTIFY,
				 AGENTOS_FILE_READ) &&
		    watched) {
			act.effect = EFFECT_WATCH;
			act.right = AGENTOS_RIGHT(FILE_WATCH);
			act.rule = AGENTOS_RULE_NONE;
		}
	}
	return verdict(act_path(ctx, &facts, &act, path, dentry, 0), -EACCES);
}
