/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and names that are there after a crash, whole. */
#ifndef AGENTOS_BASE_DURABLE_H
#define AGENTOS_BASE_DURABLE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Replaces a file, or makes it: a new one beside it is written, synced and renamed,
 * so that a crash leaves the old one or this. 0 once its name is on disk, or the
 * errno of what failed; then the old one is there, but for the last sync.
 */
int durable_replace(const char *path, const void *bytes, size_t len, mode_t mode);

/*
 * The same by way of PATH.new, for who holds a lock against others that would write it,
 * and for places where that name is kept from them. What a crash left there goes.
 */
int durable_replace_locked(const char *path, const void *bytes, size_t len, mode_t mode);

/* Waits until the names in the directory of this path are on disk. */
int durable_name(const char *path);

#endif
