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
 * of a look-up in BPF's map of rules. Two counts for each inode, hashed by its
 * address (a counting Bloom filter): a collision in both costs one look-up in
 * vain, and never hides a rule. Beside 10,000 objects with rules a fiftieth of
 * all others collides, beside 1,000 one of 5,000.
 */
#define RULED_BITS 16

extern u32 ruled_counts[2][1U << RULED_BITS];

/* which: 0 or 1. Both are parts of one hash, which share no bit. */
static inline u32 *ruled_count(const struct inode *inode, unsigned int which)
{
	return &ruled_counts[which][hash_ptr(inode, 2 * RULED_BITS) >> (which * RULED_BITS) &
				    ((1U << RULED_BITS) - 1)];
}

/* Any context. */
static inline bool ruled_maybe(const struct inode *inode)
{
	return READ_ONCE(*ruled_count(inode, 0)) && READ_ONCE(*ruled_count(inode, 1));
}

/* Once for each pin; the caller keeps writers apart. */
static inline void ruled_add(const struct inode *inode)
{
	unsigned int i;

	for (i = 0; i < 2; i++)
		WRITE_ONCE(*ruled_count(inode, i), *ruled_count(inode, i) + 1);
}

static inline void ruled_remove(const struct inode *inode)
{
	unsigned int i;

	for (i = 0; i < 2; i++)
		WRITE_ONCE(*ruled_count(inode, i), *ruled_count(inode, i) - 1);
}

#endif
