/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules of one policy, and what they say about an object: the nearest on its way up decides. */
#ifndef AGENTOS_RULES_H
#define AGENTOS_RULES_H

#include <linux/hash.h>
#include <linux/types.h>

#include "agentos_event.h"

struct dentry;
struct inode;
struct patterns;
struct rule_name;

/* What is said about one object, or about one name in a directory. All zero: nothing. */
struct rule {
	const struct inode *inode; /* the object, or the directory; held by the policy's pins */
	/* A directory, and names in it have rules of their own: what it is called by; or NULL. */
	const struct dentry *names;
	u32 number;
	/* AGENTOS_FILE_* */
	u8 allow;
	u8 deny : 4;
	u8 own : 4;   /* of what is denied: by rules that nobody wrote (AGENTOS_RULE_IS_OWN()) */
	u8 told;      /* denied or watched: about these it takes more than a glance */
	u8 kill : 4;  /* of what is denied */
	u8 watch : 4; /* of what is allowed */
};

/* What a new rule says. */
struct rule_word {
	u32 number;
	u8 allow, deny; /* AGENTOS_FILE_*, no bit in both */
	u8 kill;	/* of what it denies */
	u8 watch;	/* of what it allows; of names anywhere, of what others do */
};

/*
 * Two tables with open addressing, at most half full. Written only while no
 * agent uses the policy; then read without a lock.
 */
struct rules {
	struct rule *objects;
	struct rule_name *names;
	u32 object_mask, object_shift; /* one less than there are slots; of a hash of 64 bits */
	u32 object_count;
	u32 name_bits, name_count;
	/*
	 * By hash of a name, salted with rule.names as the directory cache does it: a
	 * clear bit says that the name has no rule, or none that denies or watches anything.
	 */
	unsigned long *name_hashes, *told_hashes;
	struct patterns *patterns; /* of names anywhere; NULL: none */
	struct patterns *abstract; /* of sockets that may be reached; NULL: none */
};

/* A walk in progress, and its outcome: as bpf/agentos.bpf.h declares it. */
struct agentos_walk {
	u8 open; /* AGENTOS_FILE_* not decided yet */
	u8 allowed;
	u8 watched; /* of those */
	u8 denied;
	u8 killed;     /* of those */
	u8 noted;      /* of what is open: by its name it is watched where a rule allows it */
	u8 apart;      /* where the way up ended is not the root of its file system */
	u8 unresolved; /* the way up could not be followed, or is too long */
	u32 rule;      /* the first that kills; or denied; or watched; else AGENTOS_RULE_NONE */
	u32 noted_by;  /* the first rule of what is noted */
	u64 top;       /* address of the dentry where the way up ended */
	u32 policy;    /* whose rules: set before it begins */
	u32 pad;
};

void rules_init(struct rules *rules);
void rules_release(struct rules *rules);

/*
 * Two rules on one object, or on one name, are merged: kill wins, then deny, then
 * watch, and the number is that of whose word it is. The caller
 * keeps inode. -ENOMEM and nothing is changed. May sleep.
 */
int __must_check rules_add_object(struct rules *rules, const struct inode *inode,
				  const struct rule_word *word);
/* name: of less than AGENTOS_RULE_NAME_SIZE bytes, NUL-padded to that. The caller keeps dir. */
int __must_check rules_add_name(struct rules *rules, const struct dentry *dir, const char *name,
				const struct rule_word *word);

/*
 * Does the file system compare names in this directory other than byte by byte?
 * The caller keeps dir.
 */
bool rules_folds(const struct dentry *dir);

/*
 * Denies the name wherever it is, and kills for what is in kill; or watches it
 * where others allow it; and all of a directory that folds, where it could have
 * another form. name: as for patterns_add(). -ENOMEM, -ENOSPC.
 */
int __must_check rules_add_pattern(struct rules *rules, const char *name,
				   const struct rule_word *word);
/* Allows Unix sockets of that abstract name. name: as for patterns_add(). -ENOMEM, -ENOSPC. */
int __must_check rules_add_abstract(struct rules *rules, const char *name, u8 allow, u32 number);

/* What is said about the object, which is only compared, never looked into. Never NULL. */
static inline const struct rule *rules_find(const struct rules *rules, const struct inode *inode)
{
	/* As hash_64(), which would work the shift out anew each time. */
	u32 i = (u64)(uintptr_t)inode * GOLDEN_RATIO_64 >> rules->object_shift;
	const struct rule *rule = &rules->objects[i];

	while (rule->inode && rule->inode != inode) {
		i = (i + 1) & rules->object_mask;
		rule = &rules->objects[i];
	}
	return rule;
}

/* What is said about the name in the directory. name: as for rules_add_name(). Never NULL. */
const struct rule *rules_find_name(const struct rules *rules, const struct inode *dir,
				   const char *name);

/*
 * What the rules say of `want` (AGENTOS_FILE_*) on dentry and from there up to
 * the top of its file system, in one state of the tree: each kind of access is
 * decided by the nearest rule about it, and on one level as two rules on one object
 * are merged. The caller
 * keeps dentry. Any context but hard interrupts, and not under rename_lock.
 */
void rules_walk(const struct rules *rules, const struct dentry *dentry, u32 want,
		struct agentos_walk *ret_walk);

/*
 * Does that walk end in all of `want` allowed, and none watched? True is sure. False is as well
 * when it would take a look at a name, or when names move meanwhile: then walk.
 */
bool rules_plainly_allow(const struct rules *rules, const struct dentry *dentry, u32 want);

/*
 * Do rules that nobody wrote deny some of `want` on dentry, and no nearer rule allows
 * it, whatever else denies it before them? True as well when that cannot be told. As
 * far as, and for whom, rules_walk().
 */
bool rules_keep(const struct rules *rules, const struct dentry *dentry, u32 want);

/*
 * The walk goes on at what a BPF program takes for the address of a dentry: what
 * cannot be read makes it unresolved, and no harm.
 */
void rules_walk_on(const struct rules *rules, unsigned long dentry, struct agentos_walk *walk);

#endif
