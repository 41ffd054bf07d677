/* SPDX-License-Identifier: GPL-2.0-only */
/* Which inodes may have a rule. */
#ifndef AGENTOS_RULED_H
#define AGENTOS_RULED_H

#include <linux/compiler.h>
#include <linux/hash.h>
#include <linux/types.h>

struct inode;

/*
 * Most of what a walk meets has no rule, and to learn that here costs a twentieth
 * of a look-up in BPF's map of rules. Counts in a table hashed by address: a
 * collision costs one look-up in vain, and never hides a rule.
 */
#define RULED_BITS 14

extern u32 ruled_counts[1U << RULED_BITS];

static inline u32 *ruled_count(const struct inode *inode)
{
	return &ruled_counts[hash_ptr(inode, RULED_BITS)];
}

/* Any context. */
static inline bool ruled_maybe(const struct inode *inode)
{
	return READ_ONCE(*ruled_count(inode));
}

/* Once for each pin; the caller keeps writers apart. */
static inline void ruled_add(const struct inode *inode)
{
	WRITE_ONCE(*ruled_count(inode), *ruled_count(inode) + 1);
}

static inline void ruled_remove(const struct inode *inode)
{
	WRITE_ONCE(*ruled_count(inode), *ruled_count(inode) - 1);
}

#endif
