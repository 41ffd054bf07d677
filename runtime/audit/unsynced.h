/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was written to the end of a file and is not known to be on disk: kept, to be written once more. */
#ifndef AGENTOS_AUDIT_UNSYNCED_H
#define AGENTOS_AUDIT_UNSYNCED_H

#include <stddef.h>
#include <stdint.h>

/*
 * After a failed fsync() Linux holds what it could not write for written: it may
 * drop it from memory, and the next fsync() comes back with 0. So a sync that
 * failed proves nothing until all that it was about has been written again.
 */
struct unsynced {
	uint64_t from;	/* where in the file the bytes are: what is before them is on disk */
	uint8_t *bytes; /* owned */
	size_t len, room;
};

/* Of a file of this many bytes, all of them on disk. Zeros are one of none. */
void unsynced_begin(struct unsynced *u, uint64_t size);
void unsynced_release(struct unsynced *u);

/*
 * Makes room for so many bytes more. -ENOBUFS: not within LIMIT_UNSYNCED, unless
 * nothing is kept: wait for the disk first. -ENOMEM
 */
int unsynced_room(struct unsynced *u, size_t len);
/* Takes bytes that stand at the file's end; there is room for them. */
void unsynced_add(struct unsynced *u, const void *bytes, size_t len);
/* The file is on disk up to there. */
void unsynced_synced(struct unsynced *u, uint64_t to);
/*
 * Cuts the file where the bytes begin and writes them again, to blocks that were not
 * written to before: ext4 may hold on to an extent whose first write failed as one
 * without data, and what is written to it later is then gone with the memory. The
 * errno of what failed; the bytes are kept.
 */
int unsynced_write(const struct unsynced *u, int fd);

/*
 * Writes what is in [from, to) of a file, to being its end, once more, waits for the
 * disk, and reads it again from there, as far as the file system lets it; where that is
 * not the same it is cut off and written anew. The errno of what failed; -EIO also when
 * the file ends before, or the disk does not keep it. -ENOMEM
 */
int unsynced_renew(int fd, uint64_t from, uint64_t to);

#endif
