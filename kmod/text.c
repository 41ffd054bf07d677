// SPDX-License-Identifier: GPL-2.0-only
/* What BPF programs write of objects: the functions that tell paths. */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/dcache.h>
#include <linux/path.h>
#include <linux/slab.h>

#include "compat.h"

/*
 * Copies the end of a path into text when all of it does not fit. Returns the
 * length of the whole, so that a return of text__sz or more means cut off.
 */
static int text_from_end(char *text, u32 text__sz, const char *end, const char *path)
{
	size_t len = end - path;
	size_t kept = min_t(size_t, len, text__sz - 1);

	memmove(text, end - kept, kept);
	text[kept] = '\0';
	return len;
}

__bpf_kfunc_start_defs();

/* The path as the calling task would name it. Length as text_from_end(), or a negative errno. */
__bpf_kfunc int agentos_path_text(struct path *path, char *text, u32 text__sz)
{
	char *whole, *start;
	int len;

	if (!text__sz)
		return -EINVAL;
	/* d_path() puts the text at the end of what it is given. */
	start = d_path(path, text, text__sz);
	if (!IS_ERR(start)) {
		len = strlen(start);
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
		len = text_from_end(text, text__sz, start + strlen(start), start);
	kfree(whole);
	return len;
}

/* The path of a name in a directory, whether or not it exists. */
__bpf_kfunc int agentos_entry_text(struct path *dir, struct dentry *dentry, char *text,
				   u32 text__sz)
{
	static const char unhashed[] = " (deleted)";
	struct path entry = { .mnt = dir->mnt, .dentry = dentry };
	int len = agentos_path_text(&entry, text, text__sz);
	int bare = len - (int)strlen(unhashed);

	/* What is just being made is not in the directory cache yet: d_path() misreads that. */
	if (bare > 0 && len < (int)text__sz && d_unlinked(dentry) &&
	    !strcmp(text + bare, unhashed)) {
		text[bare] = '\0';
		len = bare;
	}
	return len;
}

/* The path within its file system, where no mount is known. */
__bpf_kfunc int agentos_dentry_text(struct dentry *dentry, char *text, u32 text__sz)
{
	char *start;
	int len;

	if (!text__sz)
		return -EINVAL;
	start = dentry_path_raw(dentry, text, text__sz);
	if (IS_ERR(start)) {
		text[0] = '\0';
		return PTR_ERR(start);
	}
	len = strlen(start);
	memmove(text, start, len + 1);
	return len;
}

__bpf_kfunc_end_defs();
