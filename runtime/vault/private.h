/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that are for their owner alone: opened only if they are. */
#ifndef AGENTOS_VAULT_PRIVATE_H
#define AGENTOS_VAULT_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/fault.h"

#define PRIVATE_SHOWN 512 /* bytes of a path as messages have it */

/* The path for a message: escaped, and cut if it is very long. */
const char *private_shown(const char *path, char shown[PRIVATE_SHOWN]);

/*
 * Opens a file to read all of it; *ret_size of it, at most `most`. The
 * descriptor is the caller's.
 *
 * -ENOENT   there is none: f is not set
 * -ELOOP    a symbolic link; -EISDIR, -EBADMSG: no regular file, or larger
 * -EPERM    others may read or change it, or it is another user's
 * -EACCES, -EIO, ...
 */
int private_open(const char *path, size_t most, size_t *ret_size, struct fault *f);

/*
 * Makes a file, 0600, with these bytes, and waits until it is on disk. When that
 * fails there is none: a crash may leave a part of it.
 * -EEXIST: something has that name; -ENOENT: no such directory; -ENOSPC, ...
 */
int private_make(const char *path, const void *bytes, size_t len, struct fault *f);

/*
 * Waits for the lock that whoever changes the file holds meanwhile: that of
 * PATH.lock, which is made and stays. *ret_fd is the caller's; closing it unlocks.
 * -EINTR: a signal came first; others as of opening a file
 */
int private_lock(const char *path, int *ret_fd, struct fault *f);

/* Do both name the same place, whether there is a file or not? A path that leads nowhere is none. */
bool private_same(const char *a, const char *b);

#endif
