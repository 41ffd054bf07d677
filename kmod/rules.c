// SPDX-License-Identifier: GPL-2.0-only
/* Rules in tables, and the walk from an object up. */
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/stringhash.h>
#include <linux/uaccess.h>

#include "patterns.h"
#include "rules.h"

struct rule_name {
	struct rule rule; /* rule.inode: the directory */
	u32 hash;	  /* as the directory cache has it */
	char name[AGENTOS_RULE_NAME_SIZE];
};

#define RULES_HASH_BITS 8 /* at most half of the slots are taken: 16 for each name */

/* Tables of nothing, for whoever has no rules: the smallest that there can be. */
#define BITS_NONE  1
#define BITS_FIRST 5
static struct rule objects_none[1U << BITS_NONE];
static struct rule_name names_none[1U << BITS_NONE];
static DECLARE_BITMAP(hashes_none, RULES_HASH_BITS << BITS_NONE);

static void rules_set_objects(struct rules *rules, struct rule *objects, u32 bits)
{
	rules->objects = objects;
	rules->object_mask = (1U << bits) - 1;
	rules->object_shift = 64 - bits;
}

void rules_init(struct rules *rules)
{
	*rules = (struct rules){
		.names = names_none,
		.name_bits = BITS_NONE,
		.name_hashes = hashes_none,
		.told_hashes = hashes_none,
	};
	rules_set_objects(rules, objects_none, BITS_NONE);
}

void rules_release(struct rules *rules)
{
	if (rules->objects != objects_none)
		kvfree(rules->objects);
	if (rules->names != names_none) {
		kvfree(rules->names);
		kvfree(rules->name_hashes);
		kvfree(rules->told_hashes);
	}
	kfree(rules->patterns);
	kfree(rules->abstract);
	rules_init(rules);
}

/* Its slot, or the empty one where it would be. */
static struct rule_name *name_slot(const struct rules *rules, const struct inode *dir,
				   const char *name)
{
	u32 hash = full_name_hash(dir, name, strnlen(name, AGENTOS_RULE_NAME_SIZE));
	u32 mask = (1U << rules->name_bits) - 1;
	u32 i = hash_32(hash, rules->name_bits);
	struct rule_name *slot;

	for (slot = &rules->names[i]; slot->rule.inode; slot = &rules->names[i]) {
		if (slot->rule.inode == dir && !memcmp(slot->name, name, sizeof(slot->name)))
			break;
		i = (i + 1) & mask;
	}
	return slot;
}

static int rules_grow_objects(struct rules *rules)
{
	bool none = rules->objects == objects_none;
	u32 bits = none ? BITS_FIRST : 64 - rules->object_shift + 1, i;
	struct rules larger = *rules;
	struct rule *objects;

	if (!none && 2 * (rules->object_count + 1) <= rules->object_mask + 1)
		return 0;
	objects = kvcalloc(1U << bits, sizeof(*objects), GFP_KERNEL_ACCOUNT);
	if (!objects)
		return -ENOMEM;
	rules_set_objects(&larger, objects, bits);
	for (i = 0; i <= rules->object_mask; i++)
		if (rules->objects[i].inode)
			*(struct rule *)rules_find(&larger, rules->objects[i].inode) =
				rules->objects[i];
	if (!none)
		kvfree(rules->objects);
	*rules = larger;
	return 0;
}

static u32 name_hash_bit(const struct rules *rules, u32 hash)
{
	return hash & ((RULES_HASH_BITS << rules->name_bits) - 1);
}

static void name_hash_set(struct rules *rules, const struct rule_name *slot)
{
	u32 bit = name_hash_bit(rules, slot->hash);

	__set_bit(bit, rules->name_hashes);
	if (slot->rule.told)
		__set_bit(bit, rules->told_hashes);
}

static int rules_grow_names(struct rules *rules)
{
	bool none = rules->names == names_none;
	struct rules larger = *rules;
	const struct rule_name *from;
	u32 slots;

	if (!none && 2 * (rules->name_count + 1) <= 1U << rules->name_bits)
		return 0;
	larger.name_bits = none ? BITS_FIRST : rules->name_bits + 1;
	slots = 1U << larger.name_bits;
	larger.names = kvcalloc(slots, sizeof(*larger.names), GFP_KERNEL_ACCOUNT);
	larger.name_hashes = kvcalloc(slots, RULES_HASH_BITS / BITS_PER_BYTE, GFP_KERNEL_ACCOUNT);
	larger.told_hashes = kvcalloc(slots, RULES_HASH_BITS / BITS_PER_BYTE, GFP_KERNEL_ACCOUNT);
	if (!larger.names || !larger.name_hashes || !larger.told_hashes) {
		kvfree(larger.told_hashes);
		kvfree(larger.name_hashes);
		kvfree(larger.names);
		return -ENOMEM;
	}
	for (from = rules->names; from < rules->names + (1U << rules->name_bits); from++) {
		if (!from->rule.inode)
			continue;
		*name_slot(&larger, from->rule.inode, from->name) = *from;
		name_hash_set(&larger, from);
	}
	if (!none) {
		kvfree(rules->names);
		kvfree(rules->name_hashes);
		kvfree(rules->told_hashes);
	}
	*rules = larger;
	return 0;
}

/* Both hold, and where they disagree what is harder does. */
static void rule_merge(struct rule *into, const struct rule_word *word)
{
	if (word->kill & ~into->kill || (!into->kill && word->deny & ~into->deny) ||
	    (!into->deny && word->watch & ~into->watch) || !(into->allow | into->deny))
		into->number = word->number;
	into->kill |= word->kill;
	into->deny |= word->deny;
	if (AGENTOS_RULE_IS_OWN(word->number))
		into->own |= word->deny;
	into->allow = (into->allow | word->allow) & ~into->deny;
	into->watch = (into->watch | word->watch) & into->allow;
	into->told = into->deny | into->watch;
}

int rules_add_object(struct rules *rules, const struct inode *inode, const struct rule_word *word)
{
	struct rule *rule;
	int err = rules_grow_objects(rules);

	if (err)
		return err;
	rule = (struct rule *)rules_find(rules, inode);
	if (!rule->inode) {
		rule->inode = inode;
		rules->object_count++;
	}
	rule_merge(rule, word);
	return 0;
}

int rules_add_name(struct rules *rules, const struct dentry *dir, const char *name,
		   const struct rule_word *word)
{
	const struct rule_word none = { .number = word->number };
	struct rule_name *slot;
	struct rule *rule;
	int err = rules_grow_names(rules) ?: rules_add_object(rules, d_inode(dir), &none);

	if (err)
		return err;
	rule = (struct rule *)rules_find(rules, d_inode(dir));
	/* Called by two: then by none that a hash could be compared for. */
	rule->names = !rule->names || rule->names == dir ? dir : ERR_PTR(-ENOTUNIQ);
	slot = name_slot(rules, d_inode(dir), name);
	if (!slot->rule.inode) {
		slot->rule.inode = d_inode(dir);
		slot->hash = full_name_hash(dir, name, strlen(name));
		memcpy(slot->name, name, sizeof(slot->name));
		rules->name_count++;
	}
	rule_merge(&slot->rule, word);
	name_hash_set(rules, slot);
	return 0;
}

static int patterns_make_and_add(struct patterns **patterns, const char *name,
				 const struct patterns_word *word)
{
	if (!*patterns)
		*patterns = kzalloc(sizeof(**patterns), GFP_KERNEL_ACCOUNT);
	if (!*patterns)
		return -ENOMEM;
	return patterns_add(*patterns, name, word);
}

int rules_add_pattern(struct rules *rules, const char *name, const struct rule_word *word)
{
	const struct patterns_word of_names = {
		.access = word->deny,
		.kill = word->kill,
		.watch = word->watch,
		.number = word->number,
	};

	return patterns_make_and_add(&rules->patterns, name, &of_names);
}

int rules_add_abstract(struct rules *rules, const char *name, u8 allow, u32 number)
{
	const struct patterns_word word = { .access = allow, .number = number };

	return patterns_make_and_add(&rules->abstract, name, &word);
}

const struct rule *rules_find_name(const struct rules *rules, const struct inode *dir,
				   const char *name)
{
	return &name_slot(rules, dir, name)->rule;
}

static void rules_begin(struct agentos_walk *walk, u32 want)
{
	*walk = (struct agentos_walk){
		.open = want,
		.rule = AGENTOS_RULE_NONE,
		.policy = walk->policy,
	};
}

/* A rule denies, of what is open, and for a part of it kills: whose number is told? */
static void rules_deny(struct agentos_walk *walk, u32 deny, u32 kill, u32 number)
{
	deny &= walk->open;
	kill &= deny;
	walk->open &= ~deny;
	if ((deny && !walk->denied) || (kill && !walk->killed))
		walk->rule = number;
	walk->denied |= deny;
	walk->killed |= kill;
}

static void rules_watch(struct agentos_walk *walk, u32 watch, u32 number)
{
	if (watch && !walk->watched && !walk->denied)
		walk->rule = number;
	walk->watched |= watch;
}

/* What a rule further up allows is watched then. */
static void rules_note(struct agentos_walk *walk, u32 watch, u32 number)
{
	watch &= walk->open;
	if (watch && !walk->noted)
		walk->noted_by = number;
	walk->noted |= watch;
}

/* Of one level, the object's own rule and its name's: what kills goes first. */
static void rules_kill(struct agentos_walk *walk, const struct rule *own, const struct rule *named)
{
	u32 kill = (own->kill | named->kill) & walk->open;

	if (kill)
		rules_deny(walk, kill, kill, own->kill & kill ? own->number : named->number);
}

/* All of one level. */
static void rules_apply(struct agentos_walk *walk, const struct rule *own, const struct rule *named)
{
	u32 deny, allow, watch;

	rules_kill(walk, own, named);
	deny = (own->deny | named->deny) & walk->open;
	allow = (own->allow | named->allow) & walk->open & ~deny;
	watch = (own->watch | named->watch) & allow;
	walk->allowed |= allow;
	walk->open &= ~allow;
	if (watch)
		rules_watch(walk, watch, watch & own->watch ? own->number : named->number);
	if (unlikely(walk->noted & allow))
		rules_watch(walk, walk->noted & allow, walk->noted_by);
	if (deny)
		rules_deny(walk, deny, 0, own->deny & deny ? own->number : named->number);
}

/* What a walk needs of a dentry, but for its name. */
struct step {
	const struct dentry *parent;
	const struct inode *inode;
};

/* What stands at an address that may be none. On failure, false and whatever. */
#define read_address(ret_value, from)                                                       \
	({                                                                                  \
		__label__ fault;                                                            \
		bool done = false;                                                          \
		/* Above this all addresses are canonical: to read may fault, no worse. */  \
		if ((unsigned long)(from) >= PAGE_OFFSET) {                                 \
			pagefault_disable();                                                \
			__get_kernel_nofault(ret_value, from, typeof(*(ret_value)), fault); \
			done = true;                                                        \
fault:                                                                                      \
			pagefault_enable();                                                 \
		}                                                                           \
		done;                                                                       \
	})

/* sure: it is a dentry, and kept. */
static __always_inline bool step_read(const struct dentry *dentry, bool sure, struct step *ret_step)
{
	unsigned long parent, inode;

	if (sure) {
		ret_step->parent = READ_ONCE(dentry->d_parent);
		ret_step->inode = READ_ONCE(dentry->d_inode);
		return true;
	}
	if (!read_address(&parent, &dentry->d_parent) || !read_address(&inode, &dentry->d_inode))
		return false;
	ret_step->parent = (const struct dentry *)parent;
	ret_step->inode = (const struct inode *)inode;
	return true;
}

/*
 * What is said about a dentry's name in a directory; NULL: it cannot be read.
 * The name may change meanwhile: then the walk is not believed.
 */
static noinline const struct rule *rules_of_name(const struct rules *rules, const struct inode *dir,
						 const struct dentry *dentry)
{
	char name[AGENTOS_RULE_NAME_SIZE] = {};
	unsigned long from;
	u32 i;

	if (!read_address(&from, &dentry->d_name.name))
		return NULL;
	for (i = 0; i < sizeof(name); i++) {
		if (!read_address((u8 *)&name[i], (const u8 *)from + i))
			return NULL;
		if (!name[i])
			return rules_find_name(rules, dir, name);
	}
	/* Longer than any rule's: no rule, though it begins like one. */
	memset(name, 0, sizeof(name));
	return rules_find_name(rules, dir, name);
}

/*
 * May the name of a dentry in this directory be among those of the bitmap? False
 * is sure: it is none of the hashes that the directory cache would find them by.
 * A file system may hash names its own way, and a directory could come to be
 * called by another dentry: then true.
 */
static __always_inline bool name_may_be_among(const struct rules *rules,
					      const unsigned long *hashes, const struct rule *above,
					      const struct dentry *dir, const struct dentry *dentry)
{
	if (!above->names)
		return false;
	return above->names != dir || READ_ONCE(dir->d_flags) & DCACHE_OP_HASH ||
	       test_bit(name_hash_bit(rules, READ_ONCE(dentry->d_name.hash)), hashes);
}

bool rules_folds(const struct dentry *dir)
{
	const struct inode *inode = READ_ONCE(dir->d_inode);

	if (!inode || !S_ISDIR(inode->i_mode) || !(dir->d_flags & DCACHE_OP_COMPARE))
		return false;
	/* It compares to hide what other namespaces have. */
	if (dir->d_sb->s_magic == PROC_SUPER_MAGIC)
		return false;
#if IS_ENABLED(CONFIG_UNICODE)
	/* Here it is a matter of the directory. */
	if (dir->d_sb->s_encoding)
		return IS_CASEFOLDED(inode);
#endif
	return true;
}

/* The same of what may be no dentry. Whatever cannot be told, or needs a closer look, folds. */
static bool rules_may_fold(const struct dentry *dir)
{
	unsigned int flags;
	unsigned long sb, magic;

	if (!read_address(&flags, &dir->d_flags))
		return true;
	if (!(flags & DCACHE_OP_COMPARE))
		return false;
	return !read_address(&sb, &dir->d_sb) ||
	       !read_address(&magic, &((const struct super_block *)sb)->s_magic) ||
	       magic != PROC_SUPER_MAGIC;
}

/* A dentry's name, in one piece: its length belongs to it. Under RCU, so that it stays. */
static __always_inline bool name_snapshot(const struct dentry *dentry, u32 seq,
					  const char **ret_name, u32 *ret_len)
{
	*ret_len = READ_ONCE(dentry->d_name.len);
	*ret_name = (const char *)READ_ONCE(dentry->d_name.name);
	return !(seq & 1) && !read_seqcount_retry(&rename_lock.seqcount, seq) && *ret_len;
}

/* The same of what may be no dentry: a copy. name: of NAME_MAX bytes. */
static bool name_copy(const struct dentry *dentry, char *name, u32 *ret_len)
{
	unsigned long from;
	u32 i, len;

	if (!read_address(&len, &dentry->d_name.len) ||
	    !read_address(&from, &dentry->d_name.name) || !len || len > NAME_MAX)
		return false;
	for (i = 0; i < len; i++)
		if (!read_address((u8 *)&name[i], (const u8 *)from + i))
			return false;
	*ret_len = len;
	return true;
}

/* What is said of its name wherever it is. False when that cannot be told. */
static noinline bool rules_apply_patterns(const struct rules *rules, const struct dentry *dir,
					  const struct dentry *dentry, bool sure, u32 seq,
					  struct agentos_walk *walk)
{
	const struct patterns *patterns = rules->patterns;
	struct patterns_word word;
	char copy[NAME_MAX];
	const char *name = copy;
	u32 len;

	if (sure ? rules_folds(dir) : rules_may_fold(dir)) {
		/* It may be any of them: all is denied, or where none denies, watched. */
		rules_note(walk, AGENTOS_FILE_ALL, patterns->list[0].number);
		return !patterns->access;
	}
	if (sure ? !name_snapshot(dentry, seq, &name, &len) : !name_copy(dentry, copy, &len))
		return false;
	if (!patterns_may_fit(patterns, name, len))
		return true;
	patterns_find(patterns, name, len, &word);
	rules_deny(walk, word.access, word.kill, word.number);
	rules_note(walk, word.watch, word.watch_number);
	return true;
}

/* seq: rename_lock's, when the walk began. */
static __always_inline void rules_climb(const struct rules *rules, const struct dentry *dentry,
					bool sure, u32 seq, struct agentos_walk *walk)
{
	const struct rule *own, *above, *named;
	struct step here, parent;
	bool ruled;
	u32 i;

	if (!step_read(dentry, sure, &here))
		goto give_up;
	own = rules_find(rules, here.inode);
	for (i = 0; i <= AGENTOS_WALK_MAX; i++) {
		if (here.parent == dentry) {
			rules_apply(walk, own, own);
			walk->top = (u64)(uintptr_t)dentry;
			walk->apart = dentry != dentry->d_sb->s_root;
			return;
		}
		if (!step_read(here.parent, sure, &parent))
			goto give_up;
		above = rules_find(rules, parent.inode);
		ruled = sure ? name_may_be_among(rules, rules->name_hashes, above, here.parent,
						 dentry) :
			       !!above->names;
		named = ruled ? rules_of_name(rules, parent.inode, dentry) : own;
		if (!named)
			goto give_up;
		if (rules->patterns) {
			rules_kill(walk, own, named);
			if (!rules_apply_patterns(rules, here.parent, dentry, sure, seq, walk))
				goto give_up;
			if (!walk->open)
				return;
		}
		if (own->inode || ruled) {
			rules_apply(walk, own, named);
			if (!walk->open)
				return;
		}
		dentry = here.parent;
		here = parent;
		own = above;
	}
give_up:
	walk->unresolved = 1;
}

/* While no name moves. */
static noinline void rules_climb_locked(const struct rules *rules, const struct dentry *dentry,
					bool sure, struct agentos_walk *walk)
{
	rcu_read_lock();
	read_seqlock_excl(&rename_lock);
	rules_climb(rules, dentry, sure, raw_read_seqcount(&rename_lock.seqcount), walk);
	read_sequnlock_excl(&rename_lock);
	rcu_read_unlock();
}

void rules_walk(const struct rules *rules, const struct dentry *dentry, u32 want,
		struct agentos_walk *ret_walk)
{
	u32 seq;
	bool still;

	rules_begin(ret_walk, want);
	/* As rcu_read_lock(), and on preemptible kernels without a call. */
	rcu_read_lock_sched();
	seq = raw_read_seqcount(&rename_lock.seqcount);
	rules_climb(rules, dentry, true, seq, ret_walk);
	still = !(seq & 1) && !read_seqretry(&rename_lock, seq);
	rcu_read_unlock_sched();
	if (likely(still))
		return;
	rules_begin(ret_walk, want);
	rules_climb_locked(rules, dentry, true, ret_walk);
}

/* patterns: rules->patterns; a constant NULL makes a loop that knows nothing of them. */
static __always_inline bool rules_glance(const struct rules *rules, const struct patterns *patterns,
					 const struct dentry *dentry, u32 want)
{
	const struct rule *own, *above;
	const struct dentry *parent;
	const char *name;
	bool still;
	u32 i, seq, len;

	rcu_read_lock_sched();
	seq = raw_read_seqcount(&rename_lock.seqcount);
	own = rules_find(rules, READ_ONCE(dentry->d_inode));
	for (i = 0; i <= AGENTOS_WALK_MAX; i++) {
		parent = READ_ONCE(dentry->d_parent);
		above = rules_find(rules, READ_ONCE(parent->d_inode));
		if (own->told & want)
			break;
		if (parent != dentry &&
		    name_may_be_among(rules, rules->told_hashes, above, parent, dentry))
			break;
		if (patterns && parent != dentry &&
		    (READ_ONCE(parent->d_flags) & DCACHE_OP_COMPARE ||
		     !name_snapshot(dentry, seq, &name, &len) ||
		     patterns_may_fit(patterns, name, len)))
			break;
		want &= ~own->allow;
		if (!want || parent == dentry)
			break;
		dentry = parent;
		own = above;
	}
	still = !(seq & 1) && !read_seqretry(&rename_lock, seq);
	rcu_read_unlock_sched();
	return still && !want;
}

static noinline bool rules_glance_at_names(const struct rules *rules, const struct dentry *dentry,
					   u32 want)
{
	return rules_glance(rules, rules->patterns, dentry, want);
}

bool rules_plainly_allow(const struct rules *rules, const struct dentry *dentry, u32 want)
{
	return unlikely(rules->patterns) ? rules_glance_at_names(rules, dentry, want) :
					   rules_glance(rules, NULL, dentry, want);
}

static bool rules_climb_kept(const struct rules *rules, const struct dentry *dentry, u32 want)
{
	const struct rule *own = rules_find(rules, READ_ONCE(dentry->d_inode)), *above, *named;
	const struct dentry *parent;
	u32 i;

	for (i = 0; want && i <= AGENTOS_WALK_MAX; i++) {
		const struct inode *dir;

		parent = READ_ONCE(dentry->d_parent);
		dir = READ_ONCE(parent->d_inode);
		above = rules_find(rules, dir);
		named = above->names && parent != dentry ? rules_of_name(rules, dir, dentry) : own;
		if (!named || (own->own | named->own) & want)
			return true;
		want &= ~(u32)(own->allow | named->allow);
		if (parent == dentry)
			return false;
		dentry = parent;
		own = above;
	}
	return want;
}

bool rules_keep(const struct rules *rules, const struct dentry *dentry, u32 want)
{
	bool kept, still;
	u32 seq;

	rcu_read_lock_sched();
	seq = raw_read_seqcount(&rename_lock.seqcount);
	kept = rules_climb_kept(rules, dentry, want);
	still = !(seq & 1) && !read_seqretry(&rename_lock, seq);
	rcu_read_unlock_sched();
	if (likely(still))
		return kept;
	rcu_read_lock();
	read_seqlock_excl(&rename_lock);
	kept = rules_climb_kept(rules, dentry, want);
	read_sequnlock_excl(&rename_lock);
	rcu_read_unlock();
	return kept;
}

void rules_walk_on(const struct rules *rules, unsigned long dentry, struct agentos_walk *walk)
{
	const struct agentos_walk before = *walk;
	u32 seq;
	bool still;

	rcu_read_lock_sched();
	seq = raw_read_seqcount(&rename_lock.seqcount);
	rules_climb(rules, (const struct dentry *)dentry, false, seq, walk);
	still = !(seq & 1) && !read_seqretry(&rename_lock, seq);
	rcu_read_unlock_sched();
	if (likely(still))
		return;
	*walk = before;
	rules_climb_locked(rules, (const struct dentry *)dentry, false, walk);
}
