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

/* --- what is known --- */

/* What a mount is mounted on, and where it says so. */
struct crossing {
	const struct dentry *top; /* the mount's root */
	const unsigned long *parent_at, *mountpoint_at;
	unsigned long parent; /* a struct mount */
	unsigned long mountpoint;
};

/*
 * What a name is made of, and depends on. Nothing of it is held: until a grace period
 * has passed since they were all alive no address can have become another one's, and
 * those above a living dentry live as long as it. Names and places change under
 * rename_lock; where mounts are is looked at again.
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
static bool word_read(const void *from, unsigned long *ret)
{
	/* Of what is a program's no exception is forgiven. */
	if ((unsigned long)from < PAGE_OFFSET)
		return false;
	__get_kernel_nofault(ret, (const unsigned long *)from, unsigned long, failed);
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

/*
 * From a mount onto what it is mounted on, of which *ret_mnt is the mount. What is
 * found is only taken for a mountpoint if it is of the file system that is mounted
 * there, by three accounts. False: it is not, or there is nothing above.
 */
static bool crossing_find(struct crossing *c, const struct vfsmount *mnt, u64 layout,
			  const struct vfsmount **ret_mnt)
{
	const char *mount = (const char *)mnt - PATH_LAYOUT_MNT(layout);
	unsigned long above, sb, top, top_sb, mountpoint_sb;

	c->parent_at = (const void *)(mount + PATH_LAYOUT_PARENT(layout));
	c->mountpoint_at = (const void *)(mount + PATH_LAYOUT_MOUNTPOINT(layout));
	if (!word_read(c->parent_at, &c->parent) || !word_read(c->mountpoint_at, &c->mountpoint) ||
	    c->parent == (unsigned long)mount)
		return false;
	above = c->parent + PATH_LAYOUT_MNT(layout);
	*ret_mnt = (const void *)above;
	return word_read((const void *)(above + offsetof(struct vfsmount, mnt_sb)), &sb) &&
	       word_read((const void *)(above + offsetof(struct vfsmount, mnt_root)), &top) &&
	       word_read((const void *)(top + offsetof(struct dentry, d_sb)), &top_sb) &&
	       word_read((const void *)(c->mountpoint + offsetof(struct dentry, d_sb)),
			 &mountpoint_sb) &&
	       sb == top_sb && sb == mountpoint_sb;
}

/* From a mount up to the root's. False when that is far, or it is not below that. */
static bool crossings_find(struct origin *o, u64 layout)
{
	const struct vfsmount *mnt = o->path.mnt, *above;
	struct crossing *c = o->over;

	o->crossed = 0;
	if (mnt != o->root.mnt && !layout_usable(layout))
		return false;
	for (; mnt != o->root.mnt; mnt = above, c++, o->crossed++) {
		if (o->crossed == CROSSINGS_MAX || !crossing_find(c, mnt, layout, &above))
			return false;
		c->top = mnt->mnt_root;
	}
	return true;
}

/* Are they mounted where they were? The first is held by who asks; under RCU. */
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

/* Where a path is, if its name may be kept. Under RCU. ret_seq: of the task's root. */
static bool origin_begin(struct origin *o, const struct path *path, u64 layout,
			 unsigned int *ret_seq)
{
	const struct dentry *dentry = path->dentry;
	struct fs_struct *fs = current->fs;
	bool found;

	/* Those that are freed at once have no names in the tree. */
	if (!fs || d_unlinked(dentry) || (dentry->d_op && dentry->d_op->d_dname) ||
	    dentry->d_flags & DCACHE_NORCU)
		return false;
	o->path = *path;
	get_state_synchronize_rcu_full(&o->alive);
	o->renames = read_seqbegin(&rename_lock);
	*ret_seq = read_seqcount_begin(&fs->seq);
	o->root = fs->root;
	if (read_seqcount_retry(&fs->seq, *ret_seq))
		return false;
	pagefault_disable();
	found = crossings_find(o, layout);
	pagefault_enable();
	return found;
}

/*
 * Is it where it was? First what may change back, then what only grows: then all of it
 * held at one time.
 */
static __always_inline bool origin_holds(struct origin *o, const struct path *path)
{
	const struct fs_struct *fs = current->fs;
	unsigned int seq;

	if (o->path.dentry != path->dentry || o->path.mnt != path->mnt || !fs ||
	    d_unlinked(path->dentry))
		return false;
	seq = read_seqcount_begin(&fs->seq);
	return o->root.dentry == fs->root.dentry && o->root.mnt == fs->root.mnt &&
	       crossings_hold(o) && !read_seqcount_retry(&fs->seq, seq) &&
	       !poll_state_synchronize_rcu_full(&o->alive) &&
	       !read_seqretry(&rename_lock, o->renames);
}

/*
 * The names from a dentry up to another one above it, written before `start`: where
 * they begin, or NULL: it is not as simple as that. top: where the mount ends. A short
 * name is in its dentry, where it can be read whatever becomes of it.
 */
static char *names_up(const struct dentry *dentry, const struct dentry *above,
		      const struct dentry *top, const char *text, char *start)
{
	const struct dentry *parent;
	u32 len;

	for (; dentry != above; dentry = parent) {
		parent = READ_ONCE(dentry->d_parent);
		len = READ_ONCE(dentry->d_name.len);
		if (dentry == parent || dentry == top ||
		    READ_ONCE(dentry->d_name.name) != dentry->d_iname ||
		    len >= sizeof(dentry->d_iname) || len >= start - text)
			return NULL;
		start -= len;
		memcpy(start, dentry->d_iname, len);
		*--start = '/';
	}
	return start;
}

/* What is called as the origin says, at the end of the text. NULL: as names_up(). */
static char *origin_text(const struct origin *o, char *text)
{
	const struct dentry *dentry = o->path.dentry;
	const struct crossing *c = o->over, *const end = c + o->crossed;
	char *start = text + AGENTOS_OBJECT_SIZE - 1;

	*start = '\0';
	for (; c < end && start; c++) {
		start = names_up(dentry, c->top, NULL, text, start);
		dentry = (const void *)c->mountpoint;
	}
	if (start)
		start = names_up(dentry, o->root.dentry, o->root.mnt->mnt_root, text, start);
	return start && *start ? start : NULL;
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

/* Makes the text, from what it will be known by. 0: it is not as simple as that. */
static noinline int known_make(struct known *k, const struct path *path, u64 layout, char *text)
{
	unsigned int seq;
	char *start;
	int len = 0;

	rcu_read_lock();
	if (!origin_begin(&k->origin, path, layout, &seq))
		goto unknown;
	start = origin_text(&k->origin, text);
	/* The root may have changed and changed back. */
	if (!start || !origin_holds(&k->origin, path) ||
	    read_seqcount_retry(&current->fs->seq, seq))
		goto unknown;
	len = text + AGENTOS_OBJECT_SIZE - 1 - start;
	memmove(text, start, len + 1);
	known_copy(k->text, text, len);
	k->len = len;
	rcu_read_unlock();
	return len;

unknown:
	k->origin.path.dentry = NULL;
	rcu_read_unlock();
	return 0;
}

/* --- what is told now --- */

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

int path_text(const struct path *path, u64 layout, char *text)
{
	struct known *k;
	int len;

	if (unlikely(!in_task()))
		return path_whole(path, text, AGENTOS_OBJECT_SIZE);
	local_lock(&known_cpus->lock);
	k = known_find(path);
	if (likely(origin_holds(&k->origin, path))) {
		len = k->len;
		known_copy(text, k->text, len);
	} else {
		len = known_make(k, path, layout, text);
	}
	local_unlock(&known_cpus->lock);
	return likely(len) ? len : path_whole(path, text, AGENTOS_OBJECT_SIZE);
}

int path_entry_text(const struct path *dir, struct dentry *dentry, u64 layout, char *text)
{
	static const char unhashed[] = " (deleted)";
	struct path entry = { .mnt = dir->mnt, .dentry = dentry };
	int len = path_text(&entry, layout, text);
	int bare = len - (int)strlen(unhashed);

	/* What is just being made is not in the directory cache yet: d_path() misreads that. */
	if (bare > 0 && len < AGENTOS_OBJECT_SIZE && d_unlinked(dentry) &&
	    !strcmp(text + bare, unhashed)) {
		text[bare] = '\0';
		len = bare;
	}
	return len;
}

int path_dentry_text(struct dentry *dentry, char *text)
{
	char *start = dentry_path_raw(dentry, text, AGENTOS_OBJECT_SIZE);
	int len;

	if (IS_ERR(start)) {
		text[0] = '\0';
		return PTR_ERR(start);
	}
	len = text + AGENTOS_OBJECT_SIZE - 1 - start;
	memmove(text, start, len + 1);
	return len;
}
