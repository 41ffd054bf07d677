/* SPDX-License-Identifier: GPL-2.0-only */
/* Which rule decides about a file: the walk from the object up to the root. */
#ifndef AGENTOS_WALK_BPF_H
#define AGENTOS_WALK_BPF_H

#include "event.bpf.h"

/* File systems whose objects have no path: whoever holds one was given it. */
#define MAGIC_PIPEFS	0x50495045
#define MAGIC_ANON	0x09041934
#define MAGIC_NSFS	0x6e736673
#define MAGIC_PIDFS	0x50494446 /* 6.9 and later; before, pidfds are MAGIC_ANON */
#define MAGIC_TMPFS	0x01021994
#define MAGIC_HUGETLBFS 0x958458f6
#define MAGIC_PROC	0x9fa0
#define MAGIC_MQUEUE	0x19800202 /* its files are POSIX message queues */

/* What is read of a struct mount. */
struct walk_mount {
	unsigned long parent;	  /* a struct mount */
	unsigned long mountpoint; /* a struct dentry, in a file system of that */
};

/* Where a walk has come to that goes on over mounts. */
struct walk_up {
	struct agentos_walk walk;
	unsigned long mount; /* a struct mount */
};

/*
 * Onto the mount below, for bpf_loop(): non-zero ends it. struct mount is
 * private to the kernel: all that is read of it is read here.
 */
static long walk_cross(__u32 i, struct walk_up *up)
{
	struct walk_mount mount;

	_Static_assert(sizeof(mount) == 2 * sizeof(long), "read at once");
	if (bpf_core_field_offset(struct mount, mnt_mountpoint) !=
		    bpf_core_field_offset(struct mount, mnt_parent) + sizeof(long) ||
	    bpf_probe_read_kernel(
		    &mount, sizeof(mount),
		    (const void *)(up->mount + bpf_core_field_offset(struct mount, mnt_parent))))
		goto give_up;
	/* The root of all: undecided. */
	if (mount.parent == up->mount)
		return 1;
	up->mount = mount.parent;
	if (agentos_walk_on(mount.mountpoint, &up->walk, sizeof(up->walk)))
		goto give_up;
	if (!up->walk.open || up->walk.unresolved)
		return 1;
	return 0;
give_up:
	up->walk.unresolved = 1;
	return 1;
}

/*
 * On from where that file system is mounted, over as many mounts as it takes:
 * more than AGENTOS_WALK_MAX, and any error, end in a denial. w->top: the
 * address of the mount's struct vfsmount. A global function: the verifier
 * follows it by itself, once, and not again for each state that it is called in.
 */
__noinline int agentos_walk_mounts(struct agentos_walk *w)
{
	struct walk_up up = {};

	if (!w)
		return 0;
	up.walk = *w;
	up.mount = w->top - bpf_core_field_offset(struct mount, mnt);
	/* Once is mostly enough, and costs half of what it does in a loop. */
	if (!walk_cross(0, &up) &&
	    bpf_loop(AGENTOS_WALK_MAX, walk_cross, &up, 0) == AGENTOS_WALK_MAX)
		up.walk.unresolved = 1;
	*w = up.walk;
	return 0;
}

/*
 * What of `want` the rules of the policy allow on dentry, reached through
 * vfsmount (NULL: not known; then only rules on its own file system count).
 * What is not allowed, or not decided, is denied.
 */
static __always_inline __u32 walk_allowed(struct agentos_walk *w, const struct agentos_facts *facts,
					  struct vfsmount *vfsmount, struct dentry *dentry,
					  __u32 want)
{
	__builtin_memset(w, 0, sizeof(*w));
	w->policy = facts->policy;
	w->rule = AGENTOS_RULE_NONE;
	/* No rules: nobody allowed anything. */
	if (agentos_walk(dentry, want, w, sizeof(*w)))
		return 0;
	if (!w->open)
		return w->allowed;
	if (w->unresolved)
		return 0;
	/* None on its own file system, and what that is mounted on is not known: no rule. */
	if (!vfsmount)
		return 0;
	/* NFS has a root of its own for each mount; others hang in the air, made by handles. */
	if (w->apart && w->top != (unsigned long)BPF_CORE_READ(vfsmount, mnt_root)) {
		w->unresolved = 1;
		return 0;
	}
	w->top = (unsigned long)vfsmount;
	agentos_walk_mounts(w);
	return w->unresolved ? 0 : w->allowed;
}

static __always_inline bool object_without_path(struct super_block *sb)
{
	unsigned long magic = sb->s_magic;

	if (magic == MAGIC_PIPEFS || magic == MAGIC_ANON || magic == MAGIC_NSFS ||
	    magic == MAGIC_PIDFS)
		return true;
	/* memfd and the like live on mounts that only the kernel has. */
	return (magic == MAGIC_TMPFS || magic == MAGIC_HUGETLBFS) && sb->s_flags & SB_KERNMOUNT;
}

/* The rights that gate each kind of access, as a mask of AGENTOS_FILE_*. */
static __always_inline __u32 rights_to_access(__u64 rights)
{
	/* The first three bits stand in the same order in both. */
	_Static_assert(AGENTOS_RIGHT(FILE_READ) == AGENTOS_FILE_READ, "order");
	_Static_assert(AGENTOS_RIGHT(FILE_WRITE) == AGENTOS_FILE_WRITE, "order");
	_Static_assert(AGENTOS_RIGHT(FILE_EXEC) == AGENTOS_FILE_EXEC, "order");
	return (rights & (AGENTOS_FILE_READ | AGENTOS_FILE_WRITE | AGENTOS_FILE_EXEC)) |
	       (rights & AGENTOS_RIGHT(UNIX_CONNECT) ? AGENTOS_FILE_CONNECT : 0);
}

/* Fills act with which rule lets it be done that is watched; nothing where none is. */
static __always_inline void act_rule_watches(struct act *act, const struct agentos_walk *w,
					     __u32 want)
{
	if (!(w->watched & want))
		return;
	act->effect = EFFECT_WATCH;
	/* What else was asked about may have been denied: then it is that one's number. */
	act->rule = w->denied ? AGENTOS_RULE_NONE : w->rule;
}

static __always_inline bool act_rule_kills(const struct agentos_walk *w, __u32 want)
{
	return w->killed & want && !w->unresolved;
}

/* Fills act with why the rules do not allow `want`. */
static __always_inline void act_rule_denies(struct act *act, const struct agentos_walk *w,
					    __u32 want)
{
	act->rule = w->denied ? w->rule : AGENTOS_RULE_NONE;
	act->effect = act_rule_kills(w, want) ? EFFECT_KILL : EFFECT_NONE;
	act->why = w->unresolved ? AGENTOS_WHY_UNRESOLVED :
		   w->denied	 ? AGENTOS_WHY_RULE :
				   AGENTOS_WHY_NO_RULE;
}

/* Fills act from rights and walk; true when denied. */
static __always_inline bool file_decide(
	struct act *act, struct agentos_walk *w, const struct agentos_facts *facts,
	struct vfsmount *vfsmount, struct dentry *dentry, __u16 hook, __u32 want)
{
	__u32 lacking = want & ~rights_to_access(facts->rights);
	__u32 allowed;

	act->hook = hook;
	act->access = want;
	act->rule = AGENTOS_RULE_NONE;
	act->right = 0;
	act->effect = EFFECT_NONE;
	act->error = -EACCES;
	act->refusal = -EACCES;
	act->verdict = AGENTOS_VERDICT_DENIED;
	if (facts->flags & FACT_PROVING)
		return true;
	allowed = walk_allowed(w, facts, vfsmount, dentry, want);
	/* Where a rule kills, that the right is not there either changes nothing. */
	if (lacking && !act_rule_kills(w, want)) {
		act->why = AGENTOS_WHY_RIGHT;
		act->right = lacking;
		return true;
	}
	if (allowed == want) {
		act_rule_watches(act, w, want);
		act->verdict = AGENTOS_VERDICT_ALLOWED;
		act->why = AGENTOS_WHY_NONE;
		act->error = 0;
		return false;
	}
	act_rule_denies(act, w, want);
	return true;
}

/*
 * A device's node is the machine's. A rule to write is about the device: that the
 * node goes, moves or becomes another's takes what making one does. Fills act;
 * true when denied.
 */
static __always_inline bool act_on_node(struct act *act, const struct agentos_facts *facts,
					struct dentry *dentry)
{
	__u32 type = BPF_CORE_READ(dentry, d_inode, i_mode) & S_IFMT;

	if ((type != S_IFCHR && type != S_IFBLK) || facts->rights & AGENTOS_RIGHT(CAPABILITIES))
		return false;
	act->verdict = AGENTOS_VERDICT_DENIED;
	act->why = AGENTOS_WHY_RIGHT;
	act->right = AGENTOS_RIGHT(CAPABILITIES);
	act->error = -EACCES;
	return true;
}

/*
 * What rules allow of a device takes a right as well. Fills act, which they have
 * decided about: where they deny it, and it is to be recorded only, this is what
 * is recorded, unless that kills.
 */
static __always_inline void act_on_device(struct act *act, const struct agentos_facts *facts,
					  struct dentry *dentry)
{
	if (facts->rights & AGENTOS_RIGHT(DEVICES) || act->effect == EFFECT_KILL ||
	    !agentos_device_takes_right(dentry))
		return;
	/* What nobody is spared stays what it is. */
	if (act->verdict == AGENTOS_VERDICT_DENIED && act->why != AGENTOS_WHY_RIGHT &&
	    act->why != AGENTOS_WHY_RULE && act->why != AGENTOS_WHY_NO_RULE)
		return;
	if (facts->watched & AGENTOS_RIGHT(DEVICES)) {
		if (act->verdict == AGENTOS_VERDICT_ALLOWED) {
			act->effect = EFFECT_WATCH;
			act->right = AGENTOS_RIGHT(DEVICES);
			act->rule = AGENTOS_RULE_NONE;
		}
		return;
	}
	act->verdict = AGENTOS_VERDICT_DENIED;
	act->why = AGENTOS_WHY_RIGHT;
	act->right = AGENTOS_RIGHT(DEVICES);
	act->rule = AGENTOS_RULE_NONE;
	act->error = -EACCES;
}

/*
 * Is it asked about once rules have decided? Where what they deny is done all the
 * same, the right is what refuses.
 */
static __always_inline bool node_counts(const struct agentos_facts *facts, bool denied)
{
	return !denied || facts->flags & FACT_AUDIT_ONLY;
}

/* A change to an object that exists, by path. Returns whether it is denied. */
static __always_inline int path_check(void *ctx, const struct agentos_facts *facts,
				      struct path *path, __u16 hook)
{
	struct dentry *dentry = path->dentry;
	struct act act = {};
	struct agentos_walk w;
	bool denied = file_decide(&act, &w, facts, path->mnt, dentry, hook, AGENTOS_FILE_WRITE);

	if (hook == AGENTOS_HOOK_METADATA && node_counts(facts, denied))
		act_on_node(&act, facts, dentry);
	return act_path(ctx, facts, &act, path, dentry, 0);
}

#endif
