/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A denial feed: the file in which an agent reads what it was refused, and an older one behind it. */
#ifndef AGENTOS_AUDIT_FEED_H
#define AGENTOS_AUDIT_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "audit/record.h"

/*
 * Two files that stay the same two as long as the feed is there, for the rules
 * that let the agent read them are about the files: NAME, which is written to,
 * and NAME.old. When NAME is full, NAME.old is emptied and the two change places
 * in one step: whoever reads sees a whole file before it and after it, whose
 * first line tells where the older lines are, and that those before are gone.
 * Only whole lines are ever seen, but for the last one: a count in it goes up.
 *
 * What is written can be taken up by a later process: each line has its record's
 * number in the log.
 */
struct feed;

struct feed_place {
	int dir;	  /* borrowed */
	const char *path; /* of that directory, for what is written; borrowed */
};

/*
 * Makes both files, of the caller's and not to be written by others; `reader`
 * may read them, by an ACL unless it is who makes them. begin: its seq is the
 * log's last number, its time now; feed_number() is that for now, which NAME.old
 * keeps.
 * -EOPNOTSUPP: a file system without ACLs; -ENOSPC; ...
 */
int feed_create(const struct feed_place *place, const char *name, uid_t reader,
		const struct record *begin, struct feed **ret_feed);
/* Takes up what there is. Half a line at the end is cut. -ENOENT, ... */
int feed_open(const struct feed_place *place, const char *name, struct feed **ret_feed);
/* NULL is fine. The files stay. */
void feed_close(struct feed *f);
int feed_rename(struct feed *f, const char *name);
/* Both files; closes it. */
void feed_remove(struct feed *f);

const char *feed_name(const struct feed *f);
/* For the rules: descriptors of the two files. Which is which does not matter. */
const int *feed_files(const struct feed *f);
/* The log's number of the last denial that it has, or what it began with. */
uint64_t feed_number(const struct feed *f);
/* Is all that it was given in the file? */
bool feed_complete(const struct feed *f);

/*
 * Adds a denial of the agent `owner` or of one below it, or what the kernel counted
 * of them (AGENTOS_LIFECYCLE_REPEATED). Those that are the same
 * as the one before are only counted, until feed_flush() writes the count, over
 * the one before it. limit: bytes that NAME may have.
 * When a line cannot be written the errno is returned; it is missing then, and
 * the next that can be written says how many are.
 */
int feed_add(struct feed *f, const struct record *r, uint64_t owner, size_t limit);
int feed_flush(struct feed *f);

#endif
