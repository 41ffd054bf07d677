/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy's files: found by name or path, or from one another, read, parsed. */
#ifndef AGENTOS_SUPER_PROFILE_H
#define AGENTOS_SUPER_PROFILE_H

#include <stddef.h>

#include "base/fault.h"
#include "policy/policy.h"

/*
 * Where the policy called `name` is. A name that contains '/' or ends in
 * ".yaml" or ".yml" is the path itself; any other is looked up as NAME.yaml in
 * the directories of search_path (colon-separated; an empty or relative
 * element is skipped: it would let the current directory choose the policy),
 * the first that exists wins. *ret_file is the caller's to free().
 *
 * -ENOENT  no such file; f says where it was looked for and which names exist
 * -EINVAL  an empty name, or one with bytes no policy name has
 * -ENOMEM
 */
int profile_find(const char *name, const char *search_path, char **ret_file, struct fault *f);

/*
 * Reads a whole policy file. Symlinks are followed; what is at the end must be
 * a regular file. *ret_bytes is the caller's to free(), and has a NUL after
 * ret_len bytes.
 *
 * -ENOENT, -EACCES, -ELOOP, -EISDIR ...
 * -EINVAL  not a regular file (a FIFO or device is never opened for reading)
 * -E2BIG   larger than LIMIT_POLICY_FILE
 */
int profile_read(const char *file, char **ret_bytes, size_t *ret_len, struct fault *f);

/*
 * profile_find(), profile_read() and compile_policy(), with a loader of its own:
 * what extends: names is found as profile_find() does, but a path, and one that
 * include: names, is relative to the directory of the file in which it stands
 * (where links to that file lead). Of a directory the files *.yaml are taken,
 * sorted by byte values, none that begins with '.'. *ret_policy is released
 * with policy_free(), *ret_file (for messages) with free(); ret_file may be
 * NULL. Errors are those of the three, with one line in f.
 */
int profile_load(const char *name, const char *search_path, const struct policy_vars *vars,
		 struct policy **ret_policy, char **ret_file, struct fault *f);

/*
 * Calls each(name, file, cookie) for every *.yaml in search_path, in its order
 * and sorted within a directory. shadowed: an earlier directory has the same
 * name, so this file is not what the name means. Stops when each() returns
 * non-zero, and returns that; else 0 or -ENOMEM. Directories that do not exist
 * or cannot be read are skipped.
 */
int profile_list(const char *search_path,
		 int (*each)(const char *name, const char *file, int shadowed, void *cookie),
		 void *cookie);

#endif
