/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The audit log on disk: a directory of numbered segment files, appended to by one writer. */
#ifndef AGENTOS_AUDIT_SEGMENT_H
#define AGENTOS_AUDIT_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "audit/record.h"
#include "base/fault.h"

struct segment_writer;

/* What recovery found at the end of the log. */
struct segment_tail {
	uint64_t next_seq; /* of the log; 1 for a new one */
	uint64_t torn;	   /* bytes cut */
	/* Highest kernel sequence seen or told as lost per stream within this
	 * boot, 0 if none, and whether the 4096 numbers up to it were seen: bit
	 * (seq % 4096). Both begin anew where the numbers do: the rings' with
	 * DAEMON_STARTED and DAEMON_ENDED, lifecycle's where they do not rise. */
	uint64_t highest[STREAM_COUNT];
	uint8_t seen[STREAM_COUNT][4096 / 8];
};

struct segment_options {
	const char *directory;
	const uint8_t *boot; /* 16 bytes: the running boot's id */
	uint64_t limit;	     /* bytes of a segment before the next is begun */
	size_t buffer;	     /* bytes of records held until a flush */
};

/*
 * Opens (makes, 0750, its parent must exist) the directory, takes its lock,
 * recovers: a torn last record is cut, nothing else is ever changed. Reads the
 * last segment only, and the one before it when the last had only been created.
 * boot is the running boot's id. New segments are 0640 and have the directory's
 * group, so that giving the log to a group is one chgrp of the directory.
 *
 * -EBUSY    another writer
 * -EBADMSG  a record before the tail is damaged, a segment is missing, or a
 *           file that is no segment has the name of one (f names segment and
 *           offset; nothing is changed)
 * -EPROTO   a later AgentOS wrote it
 * -EPERM    others than its owner may write to the directory
 * -ENOTDIR, -EACCES, -ELOOP (a segment is a symlink), ...
 */
int segment_open(const char *directory, const uint8_t boot[16], struct segment_writer **ret_writer,
		 struct segment_tail *ret_tail, struct fault *f);
int segment_open_with(const struct segment_options *options, struct segment_writer **ret_writer,
		      struct segment_tail *ret_tail, struct fault *f);
/* Flushes what is buffered, syncs, and gives up the lock. */
void segment_close(struct segment_writer *w);

/*
 * Gives the record its seq and buffers it. segment_flush() hands what is
 * buffered to the kernel in one write (what a short one left over, in the
 * next); when that fails the file is as it was (truncated back), the records
 * stay buffered and the errno is returned. A record is refused with -ENOBUFS,
 * its seq not used, when the buffer is full, and with -EINVAL when it cannot be
 * encoded. A flush waits for the disk when it begins a new segment, when
 * LIMIT_UNSYNCED bytes are not known to be on it, and behind a failed sync: its
 * errors are then those of segment_sync() as well.
 */
int segment_append(struct segment_writer *w, struct record *r);
int segment_flush(struct segment_writer *w);
/*
 * The same, and what it wrote: the leaves of the log's tree, as frames.h has them.
 * Valid until the next append; len is 0 when there was nothing to write.
 */
struct segment_written {
	uint64_t segment; /* first seq of the segment that it went to */
	uint64_t first;	  /* seq of the first frame */
	const uint8_t
		*header; /* all SEGMENT_HEADER bytes when that begins the segment, else NULL */
	const uint8_t *frames; /* one after the other */
	size_t len;
};
int segment_flush_told(struct segment_writer *w, struct segment_written *ret_written);

/*
 * Waits until all that was flushed is on disk. What is not known to be is kept
 * in memory, and after a sync that failed, whoever's, it is cut off and written again
 * first: a second sync alone would prove nothing. The errno of the write or the sync.
 */
int segment_sync(struct segment_writer *w);

/* What a sync that its caller waits for elsewhere is about. */
struct segment_mark {
	uint64_t segment, end; /* the bytes before end of this segment */
	uint64_t failures;     /* that there had been before */
};
/* The descriptor to fsync; it is told of errors by itself, so that no other sync hides them. */
int segment_sync_begin(const struct segment_writer *w, struct segment_mark *ret_mark);
/*
 * Tells how it ended: 0 or a negative errno. Returns the error, or 0 when it is
 * of no matter: the segment was full, and its end is known to be on disk.
 */
int segment_sync_end(struct segment_writer *w, const struct segment_mark *mark, int result);

/*
 * Of a log that was just opened: writes the records after `covered` once more and
 * waits for the disk, because the last writer may have gone with a failed sync.
 * As segment_sync(); also what reading may come to.
 */
int segment_confirm(struct segment_writer *w, uint64_t covered);

/* The file that is written to; not to be synced. */
int segment_fd(const struct segment_writer *w);

/* Of the record that will be appended next. */
uint64_t segment_next_seq(const struct segment_writer *w);

/* Reading, by anyone who may read the files. */
struct segment_reader;
int segment_reader_open(const char *directory, struct segment_reader **ret_reader, struct fault *f);
void segment_reader_close(struct segment_reader *r);
/* Goes on with the first record of the segment of this name, wherever it was. 1; 0 when that is
 * only just being made or is gone: it goes on with whatever is oldest then; errors as of
 * segment_read(). What lies between is not looked at. */
int segment_reader_seek(struct segment_reader *r, uint64_t first_seq, struct fault *f);
/* 1 and a record; 0 when at the end for now (call again later: it follows on into
 * new segments); -EBADMSG with f naming segment and offset, -EPROTO when a later
 * AgentOS wrote it: asking again looks again. Where old segments are removed
 * while they are read, it goes on with the oldest that is left. What is read may not be on disk
 * yet: a crash of the machine can take back the last LIMIT_SYNC_MS. */
int segment_read(struct segment_reader *r, struct record *ret_record, struct fault *f);

#endif
