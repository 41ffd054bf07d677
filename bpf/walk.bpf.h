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

/* A walk in progress, and its outcome. Each kind of access is decided by the nearest rule. */
struct walk {
	struct agentos_object_key key; /* policy set; object per step */
	__u32 open;		       /* AGENTOS_FILE_* not decided yet */
	__u32 allowed;
	__u32 denied;
	__u32 rule;	  /* the first that denied */
	__u32 unresolved; /* the way up could not be followed */
	__u32 own;	  /* packed rule of the object where it stands */
	__u32 own_number;
	__u32 want;		   /* AGENTOS_FILE_* that the walk is about */
	struct vfsmount *vfsmount; /* through which the object was reached */
	union {
		/* On its own file system. */
		struct agentos_climb climb;
		/* Further up: a struct mount, a struct dentry, both just reached. */
		struct {
			unsigned long mount;
			unsigned long dentry;
			__u32 entered;
		};
	};
};

/* A rule in a scalar: the verifier follows one state instead of two. */
#define PACK(r)	      ((__u32)(r)->allow | (__u32)(r)->deny << 8 | (__u32)(r)->flags << 16)
#define PACK_ALLOW(p) (0xff & (p))
#define PACK_DENY(p)  ((p) >> 8 & 0xff)
#define PACK_NAMES(p) ((p) >> 16 & AGENTOS_RULE_NAMES)

static __always_inline void walk_lookup(struct walk *w, __u64 inode, __u32 *ret_packed,
					__u32 *ret_number)
{
	struct agentos_object_key key = { .policy = w->key.policy, .object = inode };
	struct agentos_rule *rule;

	w->key.object = inode;
	/* 6.1 takes no key from the memory that a global function is given. */
	rule = bpf_map_lookup_elem(&rules, &key);
	*ret_packed = 0;
	*ret_number = AGENTOS_RULE_NONE;
	if (rule) {
		*ret_packed = PACK(rule);
		*ret_number = rule->number;
	}
}

/*
 * Two rules at one level, the object's own and its name's: deny beats allow
 * between them. Few branches: each doubles what the verifier has to follow.
 */
static __always_inline void walk_apply(struct walk *w, __u32 own, __u32 own_number, __u32 named,
				       __u32 named_number)
{
	__u32 open = w->open;
	__u32 deny = (PACK_DENY(own) | PACK_DENY(named)) & open;
	__u32 allow = (PACK_ALLOW(own) | PACK_ALLOW(named)) & open & ~deny;

	w->allowed |= allow;
	w->open = open & ~(deny | allow);
	if (!deny)
		return;
	if (!w->denied)
		w->rule = deny & PACK_DENY(own) ? own_number : named_number;
	w->denied |= deny;
}

/* Nothing is decided yet. */
static __always_inline void walk_begin(struct walk *w, __u32 want)
{
	w->open = want;
	w->allowed = 0;
	w->denied = 0;
	w->rule = AGENTOS_RULE_NONE;
}

/* The rule on `name` in the directory that w->key stands on. Rare: only where one is known. */
static __noinline int walk_name(struct walk *w, const unsigned char *name, __u32 own,
				__u32 own_number)
{
	struct agentos_name_key key = {};
	struct agentos_rule *rule;
	char more = '\0';
	long len;

	if (!w)
		return 0;
	key.parent = w->key;
	len = bpf_probe_read_kernel_str(key.name, sizeof(key.name), name);
	if (len < 0)
		goto give_up;
	/* Longer than any rule's: no rule, though it begins like one. */
	if (len == sizeof(key.name)) {
		if (bpf_probe_read_kernel(&more, 1, name + sizeof(key.name) - 1))
			goto give_up;
		if (more)
			key.name[0] = '\0';
	}
	rule = bpf_map_lookup_elem(&names, &key);
	if (rule)
		walk_apply(w, own, own_number, PACK(rule), rule->number);
	else
		walk_apply(w, own, own_number, 0, AGENTOS_RULE_NONE);
	return 0;
give_up:
	w->unresolved = 1;
	return 0;
}

/*
 * What the rules say where agentos_climb() stopped. Non-zero ends the walk.
 * This and agentos_walk_mounts() are global functions: the verifier follows
 * such by themselves, once, and not again for each state that they are called
 * in: that was ten times as much.
 */
__noinline int agentos_walk_level(struct walk *w, int found)
{
	__u32 own = 0, own_number = AGENTOS_RULE_NONE;

	if (!w)
		return 1;
	if (found == CLIMB_MOVED) {
		walk_begin(w, w->want);
		return 0;
	}
	if (found != CLIMB_HIT) {
		w->unresolved |= found != CLIMB_TOP;
		return 1;
	}
	if (w->climb.object) {
		/* What was above a moment ago is known. */
		if (w->climb.object != w->key.object)
			walk_lookup(w, w->climb.object, &w->own, &w->own_number);
		own = w->own;
		own_number = w->own_number;
	}
	if (!w->climb.above) {
		walk_apply(w, own, own_number, 0, AGENTOS_RULE_NONE);
		return !w->open;
	}
	walk_lookup(w, w->climb.above, &w->own, &w->own_number);
	if (PACK_NAMES(w->own))
		walk_name(w, (const unsigned char *)w->climb.name, own, own_number);
	else
		walk_apply(w, own, own_number, 0, AGENTOS_RULE_NONE);
	if (w->climb.beyond || w->unresolved)
		return !w->open || w->unresolved;
	/* The directory above has no rule about its name: this is all there is about it. */
	walk_apply(w, w->own, w->own_number, 0, AGENTOS_RULE_NONE);
	w->climb.steps++;
	return !w->open;
}

/* A pointer that stands in what a global function may write is no pointer any more. */
struct walk_start {
	struct walk *walk;
	struct dentry *dentry; /* the object */
};

/* Up to where the next rule may stand, for bpf_loop(): non-zero ends it. */
static long walk_step_here(__u32 i, struct walk_start *start)
{
	struct walk *w = start->walk;

	if (agentos_walk_level(w, agentos_climb(start->dentry, &w->climb, sizeof(w->climb))))
		return 1;
	return 0;
}

/*
 * Up through the object's own file system. Leaves w->open non-zero when no
 * rule there decided.
 */
static __always_inline void walk_filesystem(struct walk *w, struct vfsmount *vfsmount,
					    struct dentry *dentry)
{
	struct walk_start start = { .walk = w, .dentry = dentry };
	struct super_block *sb = dentry->d_sb;

	/*
	 * One step mostly decides, and costs half of what it does in a loop. Else
	 * there are more rules than that on the way, or the tree would not keep still.
	 */
	if (!walk_step_here(0, &start) &&
	    bpf_loop(AGENTOS_WALK_MAX, walk_step_here, &start, 0) == AGENTOS_WALK_MAX)
		w->unresolved = 1;
	if (!w->open || w->climb.top == (unsigned long)sb->s_root)
		return;
	/* NFS has a root of its own for each mount; others hang in the air, made by handles. */
	if (!vfsmount || w->climb.top != (unsigned long)vfsmount->mnt_root)
		w->unresolved = 1;
}

#define READ_OR_GIVE_UP(dst, src)                                                    \
	do {                                                                         \
		if (bpf_probe_read_kernel(&(dst), sizeof(dst), (const void *)(src))) \
			goto give_up;                                                \
	} while (0)

/* Address of a field, relocated to the running kernel. */
#define FIELD(type, base, field) ((unsigned long)(base) + bpf_core_field_offset(type, field))

/* Onto the mount point of the mount below. */
static __always_inline int walk_cross(struct walk *w)
{
	unsigned long parent;

	READ_OR_GIVE_UP(parent, FIELD(struct mount, w->mount, mnt_parent));
	if (parent == w->mount)
		return 1; /* the root of all: undecided */
	READ_OR_GIVE_UP(w->dentry, FIELD(struct mount, w->mount, mnt_mountpoint));
	w->mount = parent;
	w->entered = 1;
	return 0;
give_up:
	w->unresolved = 1;
	return 1;
}

/* A new file system: the mount point's own rule. */
static __always_inline int walk_enter(struct walk *w)
{
	__u64 inode;

	READ_OR_GIVE_UP(inode, FIELD(struct dentry, w->dentry, d_inode));
	walk_lookup(w, inode, &w->own, &w->own_number);
	w->entered = 0;
	return 0;
give_up:
	w->unresolved = 1;
	return 1;
}

/* One component up, for bpf_loop(): non-zero ends it. */
static long walk_step(__u32 i, struct walk *w)
{
	__u32 above, above_number;
	unsigned long parent, name;
	__u64 inode;

	if (w->entered && walk_enter(w))
		return 1;
	READ_OR_GIVE_UP(parent, FIELD(struct dentry, w->dentry, d_parent));
	if (parent == w->dentry) {
		walk_apply(w, w->own, w->own_number, 0, AGENTOS_RULE_NONE);
		return !w->open || walk_cross(w);
	}
	READ_OR_GIVE_UP(inode, FIELD(struct dentry, parent, d_inode));
	walk_lookup(w, inode, &above, &above_number);
	if (PACK_NAMES(above)) {
		READ_OR_GIVE_UP(name, FIELD(struct dentry, w->dentry, d_name.name));
		walk_name(w, (const unsigned char *)name, w->own, w->own_number);
	} else {
		walk_apply(w, w->own, w->own_number, 0, AGENTOS_RULE_NONE);
	}
	w->dentry = parent;
	w->own = above;
	w->own_number = above_number;
	return !w->open;
give_up:
	w->unresolved = 1;
	return 1;
}

/*
 * On from where that file system is mounted, over as many mounts as it takes.
 * struct mount is private to the kernel: all that is read of it is read here,
 * and any error ends in a denial, as do more than AGENTOS_WALK_MAX components.
 */
__noinline int agentos_walk_mounts(struct walk *w)
{
	struct walk local;

	if (!w)
		return 0;
	local = *w;
	local.mount = (unsigned long)local.vfsmount - bpf_core_field_offset(struct mount, mnt);
	if (!walk_cross(&local) &&
	    bpf_loop(AGENTOS_WALK_MAX, walk_step, &local, 0) == AGENTOS_WALK_MAX)
		local.unresolved = 1;
	w->open = local.open;
	w->allowed = local.allowed;
	w->denied = local.denied;
	w->rule = local.rule;
	w->unresolved = local.unresolved;
	return 0;
}

/*
 * What of `want` the rules of the policy allow on dentry, reached through
 * vfsmount (NULL: not known; then only rules on its own file system count).
 * What is not allowed, or not decided, is denied.
 */
static __always_inline __u32 walk_allowed(struct walk *w, __u32 policy, struct vfsmount *vfsmount,
					  struct dentry *dentry, __u32 want)
{
	__builtin_memset(w, 0, sizeof(*w));
	w->key.policy = policy;
	w->want = want;
	walk_begin(w, want);
	w->vfsmount = vfsmount;
	walk_filesystem(w, vfsmount, dentry);
	if (w->open && !w->unresolved) {
		if (vfsmount)
			agentos_walk_mounts(w);
		else
			w->unresolved = 1;
	}
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
	/* The three bits stand in the same order in both. */
	_Static_assert(AGENTOS_RIGHT(FILE_READ) == AGENTOS_FILE_READ, "order");
	_Static_assert(AGENTOS_RIGHT(FILE_WRITE) == AGENTOS_FILE_WRITE, "order");
	_Static_assert(AGENTOS_RIGHT(FILE_EXEC) == AGENTOS_FILE_EXEC, "order");
	return rights & AGENTOS_FILE_ALL;
}

/* Fills act from rights and walk; true when denied. */
static __always_inline bool file_decide(
	struct act *act, struct walk *w, const struct agentos_facts *facts,
	struct vfsmount *vfsmount, struct dentry *dentry, __u16 hook, __u32 want)
{
	__u32 lacking = want & ~rights_to_access(facts->rights);
	__u32 allowed;

	act->hook = hook;
	act->access = want;
	act->rule = AGENTOS_RULE_NONE;
	act->right = 0;
	act->error = -EACCES;
	act->verdict = AGENTOS_VERDICT_DENIED;
	if (facts->flags & FACT_PROVING)
		return true;
	if (lacking) {
		act->why = AGENTOS_WHY_RIGHT;
		act->right = lacking;
		return true;
	}
	allowed = walk_allowed(w, facts->policy, vfsmount, dentry, want);
	if (allowed == want) {
		act->verdict = AGENTOS_VERDICT_ALLOWED;
		act->why = AGENTOS_WHY_NONE;
		act->error = 0;
		return false;
	}
	act->rule = w->rule;
	act->why = w->unresolved ? AGENTOS_WHY_UNRESOLVED :
		   w->denied	 ? AGENTOS_WHY_RULE :
				   AGENTOS_WHY_NO_RULE;
	return true;
}

/* A change to an object that exists, by path. Returns whether it is denied. */
static __always_inline int path_check(void *ctx, const struct agentos_facts *facts,
				      struct path *path, __u16 hook)
{
	struct act act = {};
	struct walk w;

	file_decide(&act, &w, facts, path->mnt, path->dentry, hook, AGENTOS_FILE_WRITE);
	return act_path(ctx, facts, &act, path, 0);
}

#endif
