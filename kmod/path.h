/* SPDX-License-Identifier: GPL-2.0-only */
/* What a path is called by the calling task, for records. */
#ifndef AGENTOS_PATH_H
#define AGENTOS_PATH_H

#include <linux/dcache.h>
#include <linux/path.h>
#include <linux/types.h>

/*
 * Where struct mount, which is private to the kernel, has its members: three offsets
 * of 16 bits, mnt_parent in the lowest, then mnt_mountpoint, then mnt. agentosd has them
 * from the kernel's BTF; 0: not known. Whatever it says, what is found there is only
 * followed when it fits.
 */
#define PATH_LAYOUT_PARENT(layout)     ((u16)(layout))
#define PATH_LAYOUT_MOUNTPOINT(layout) ((u16)((layout) >> 16))
#define PATH_LAYOUT_MNT(layout)	       ((u16)((layout) >> 32))

/*
 * Each writes a string to text, which has AGENTOS_OBJECT_SIZE bytes: the end of the
 * name where all of it does not fit. Returns the length of the whole, so that a return
 * of so much or more means cut off; or a negative errno, and text is empty. Process
 * context; what they are given stays while they run.
 */

/* As d_path() has it. What was asked for a moment ago is known, and costs a tenth of that. */
int path_text(const struct path *path, u64 layout, char *text);

/* That of a name in a directory, whether or not it exists. */
int path_entry_text(const struct path *dir, struct dentry *dentry, u64 layout, char *text);

/* The path within its file system, where no mount is known. -ENAMETOOLONG when it does not fit. */
int path_dentry_text(struct dentry *dentry, char *text);

/* Room for what is known; -ENOMEM. path_exit(): nobody asks any more. */
int path_init(void);
void path_exit(void);

#endif
