// SPDX-License-Identifier: GPL-2.0-only
/* What a path is called by the calling task: d_path(), and what spares most calls of it. */
#include "path.h"

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/local_lock.h>
#include <linux/mount.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "agentos_event.h"

#define KNOWN_COUNT   32  /* for each processor: a power of two */
#define CROSSINGS_MAX 4	  /* mounts between a path and the root's, of what is kept */
#define LAYOUT_MAX    512 /* bytes, more than a struct mount has */
#define TEXT_USUAL    32  /* bytes, the end with it */

/* --- what was told before --- */

/* What a mount is mounted on, and where it says so. */
struct crossing {
	const unsigned long *parent_at, *mountpoint_at;
	unsigned long parent; /* a struct mount */
	unsigned long mountpoint;
};

/*
 * What a name depends on. The dentries and mounts are only compared with, and not
 * held: until a grace period has passed since they were all alive no address can
 * have become another one's, and those above a living dentry live as long as it.
 * Names and places change under rename_lock; where mounts are is looked at again.
 */
struct origin {
	struct path path, root;
	struct rcu_gp_oldstate alive;
	unsigned int renames;
	u32 crossed;
	struct crossing over[CROSSINGS_MAX];
};

struct known {
	struct origin origin;
	u32 len; /* of text */
	char text[AGENTOS_OBJECT_SIZE];
};

static_assert(AGENTOS_OBJECT_SIZE % sizeof(u64) == 0 && TEXT_USUAL % sizeof(u64) == 0);

struct known_cpu {
	local_lock_t lock;
	struct known of[KNOWN_COUNT];
};

static struct known_cpu __percpu *known_cpus;

int path_init(void)
{
	int cpu;

	known_cpus = alloc_percpu(struct known_cpu);
	if (!known_cpus)
		return -ENOMEM;
	for_each_possible_cpu(cpu) local_lock_init(&per_cpu_ptr(known_cpus, cpu)->lock);
	return 0;
}

void path_exit(void)
{
	free_percpu(known_cpus);
}

/* Reads what may be anywhere, with page faults disabled. False when that cannot be read. */
static bool word_read(const unsigned long *from, unsigned long *ret)
{
	__get_kernel_nofault(ret, from, unsigned long, failed);
	return true;
failed:
	return false;
}

/* Nothing is read far from where a mount is, whatever the layout. */
static bool layout_usable(u64 layout)
{
	return layout && PATH_LAYOUT_PARENT(layout) < LAYOUT_MAX &&
	       PATH_LAYOUT_MOUNTPOINT(layout) < LAYOUT_MAX &&
	       PATH_LAYOUT_MNT(layout) < LAYOUT_MAX && !(layout & 0x000700070007);
}

/* From a mount up to the root's. False when that is far, or it is not below that. */
static bool crossings_find(struct origin *o, u64 layout)
{
	const struct vfsmount *mnt = o->path.mnt;
	struct crossing *c;
	unsigned long mount;

	o->crossed = 0;
	if (mnt != o->root.mnt && !layout_usable(layout))
		return false;
	for (; mnt != o->root.mnt; o->crossed++) {
		if (o->crossed == CROSSINGS_MAX)
			return false;
		c = &o->over[o->crossed];
		mount = (unsigned long)mnt - PATH_LAYOUT_MNT(layout);
		c->parent_at = (const void *)(mount + PATH_LAYOUT_PARENT(layout));
		c->mountpoint_at = (const void *)(mount + PATH_LAYOUT_MOUNTPOINT(layout));
		if (!word_read(c->parent_at, &c->parent) ||
		    !word_read(c->mountpoint_at, &c->mountpoint) || c->parent == mount)
			return false;
		mnt = (const void *)(c->parent + PATH_LAYOUT_MNT(layout));
	}
	return true;
}

/* Are they mounted where they were? The first is held by who asks, and each holds the next. */
static __always_inline bool crossings_hold(const struct origin *o)
{
	const struct crossing *c = o->over, *const end = c + o->crossed;

	for (; c < end; c++) {
		if (READ_ONCE(*c->parent_at) != c->parent ||
		    READ_ONCE(*c->mountpoint_at) != c->mountpoint)
			return false;
	}
	return true;
}

/* To be kept, a name must be one that d_path() makes of the tree alone. */
static bool origin_begin(struct origin *o, const struct path *path, u64 layout)
{
	const struct dentry *dentry = path->dentry;
	struct fs_struct *fs = current->fs;
	unsigned int seq;
	bool found;

	/* Those that are freed at once have no names in the tree. */
	if (!fs || d_unlinked(dentry) || (dentry->d_op && dentry->d_op->d_dname) ||
	    dentry->d_flags & DCACHE_NORCU)
		return false;
	o->path = *path;
	get_state_synchronize_rcu_full(&o->alive);
	o->renames = read_seqbegin(&rename_lock);
	do {
		seq = read_seqcount_begin(&fs->seq);
		o->root = fs->root;
	} while (read_seqcount_retry(&fs->seq, seq));
	rcu_read_lock();
	pagefault_disable();
	found = crossings_find(o, layout);
	pagefault_enable();
	rcu_read_unlock();
	return found;
}

static __always_inline bool origin_holds(struct origin *o, const struct path *path)
{
	const struct fs_struct *fs = current->fs;
	unsigned int seq;

	if (o->path.dentry != path->dentry || o->path.mnt != path->mnt || !fs ||
	    d_unlinked(path->dentry) || read_seqretry(&rename_lock, o->renames))
		return false;
	seq = read_seqcount_begin(&fs->seq);
	return o->root.dentry == fs->root.dentry && o->root.mnt == fs->root.mnt &&
	       !read_seqcount_retry(&fs->seq, seq) && !poll_state_synchronize_rcu_full(&o->alive) &&
	       crossings_hold(o);
}

/* This processor's, which is locked. */
static __always_inline struct known *known_find(const struct path *path)
{
	/* Dentries are some 192 bytes apart. */
	const unsigned long at = (unsigned long)path->dentry >> 6;
	struct known *k = &this_cpu_ptr(known_cpus)->of[(at ^ at >> 5) % KNOWN_COUNT];

	/* It is not to be worked out anew for each of its members. */
	OPTIMIZER_HIDE_VAR(k);
	return k;
}

/* From one text to another that has as much room. Few are long: no loop for most. */
static __always_inline void known_copy(char *to, const char *from, u32 len)
{
	u32 at;

	memcpy(to, from, TEXT_USUAL);
	for (at = TEXT_USUAL; at <= len; at += sizeof(u64))
		memcpy(to + at, from + at, sizeof(u64));
}

/* --- what is told now --- */

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

	if (!fs || path->mnt != READ_ONCE(fs->root.mnt) || d_unlinked(dentry) ||
	    (dentry->d_op && dentry->d_op->d_dname))
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

/* Copies the end of a path into text when all of it does not fit. Returns the whole's length. */
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

static int path_whole(const struct path *path, char *text, u32 size)
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

/* Makes the text, and keeps it when that can be. */
static noinline int known_make(struct known *k, const struct path *path, u64 layout, char *text,
			       u32 size)
{
	bool keeps = origin_begin(&k->origin, path, layout);
	int len = path_whole(path, text, size);

	/* That it is deleted may be over: who drops a name for a moment takes no lock we know. */
	if (keeps && len > 0 && len < (int)sizeof(k->text) && text[len - 1] != ')' &&
	    origin_holds(&k->origin, path)) {
		known_copy(k->text, text, len);
		k->len = len;
	} else {
		k->origin.path.dentry = NULL;
	}
	return len;
}

int path_text(const struct path *path, u64 layout, char *text, u32 size)
{
	struct known *k;
	int len;

	if (size < sizeof(k->text))
		return path_whole(path, text, size);
	local_lock(&known_cpus->lock);
	k = known_find(path);
	if (likely(origin_holds(&k->origin, path))) {
		len = k->len;
		known_copy(text, k->text, len);
	} else {
		len = known_make(k, path, layout, text, size);
	}
	local_unlock(&known_cpus->lock);
	return len;
}

int path_entry_text(const struct path *dir, struct dentry *dentry, u64 layout, char *text, u32 size)
{
	static const char unhashed[] = " (deleted)";
	struct path entry = { .mnt = dir->mnt, .dentry = dentry };
	int len = path_text(&entry, layout, text, size);
	int bare = len - (int)strlen(unhashed);

	/* What is just being made is not in the directory cache yet: d_path() misreads that. */
	if (bare > 0 && len < (int)size && d_unlinked(dentry) && !strcmp(text + bare, unhashed)) {
		text[bare] = '\0';
		len = bare;
	}
	return len;
}

int path_dentry_text(struct dentry *dentry, char *text, u32 size)
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
