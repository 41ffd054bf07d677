/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The trail: all checkpoints that a log has signed, one after the other, in a file beside its segments. */
#ifndef AGENTOS_AUDIT_TRAIL_H
#define AGENTOS_AUDIT_TRAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/checkpoint.h"
#include "audit/segment_file.h"
#include "base/fault.h"

/*
 * The file `checkpoints`, byte by byte: each entry is a signed note (note.h) of a
 * checkpoint (checkpoint.h), then one newline; nothing else stands in the file.
 * A note ends in a newline, so that an empty line follows it. No line of a
 * checkpoint's text or among signatures is empty, so that an entry has two empty
 * lines: that between text and signatures, and that at its end:
 *	ORIGIN
 *	SIZE
 *	ROOT
 *	EXTENSION	none or more
 *	(an empty line)
 *	— NAME BASE64	one or more
 *	(an empty line)
 * An entry is at most LIMIT_NOTE + 1 bytes. What follows the last whole entry
 * and is shorter than that is torn: a crash cut it. The sizes never fall.
 */
#define TRAIL_NAME "checkpoints"

/* Nothing in it is to be believed before note_open() has been asked about the note. */
struct trail_entry {
	const char *note; /* valid until the next call */
	size_t len;
	uint64_t offset; /* in the file */
	struct checkpoint checkpoint;
};

/* Reading. */
struct trail;

/*
 * What is there now. A file that is missing is an empty one.
 *
 * -EBADMSG  not a regular file; -ELOOP a symbolic link
 * -ENOMEM, -EACCES, ...; f tells of each
 */
int trail_open(const struct segment_dir *d, struct trail **ret_trail, struct fault *f);
void trail_close(struct trail *t);
/* Goes back to the beginning, of what there was when it was opened. */
void trail_rewind(struct trail *t);

/*
 * 1 and the next entry; 0 at the end.
 *
 * -ENODATA  what is left is torn; asking again says so again
 * -EBADMSG  an entry that is no note of a checkpoint: asking again goes on behind it
 * -E2BIG    no end of an entry within its limit: there is no going on
 * -EIO, ... what reading may come to
 */
int trail_next(struct trail *t, struct trail_entry *ret_entry);
/* Where in the file the next entry begins, or the one that was refused. */
uint64_t trail_offset(const struct trail *t);
/* How many bytes there are from there on. */
uint64_t trail_left(const struct trail *t);

/*
 * Goes to the end: 1 and the last entry, 0 when there is none; what is torn
 * behind it is passed over, other errors are those of trail_next(). Reads all of
 * the file: only from its beginning is it certain where an entry begins.
 */
int trail_last(struct trail *t, struct trail_entry *ret_entry);

/*
 * The same without reading all of it, for who does not judge the rest of the
 * trail: the last whole entry, and the first whose size is at least this one. An
 * entry's place is known by its form alone, which no part of another has: the
 * second line of a checkpoint is a number, that of signatures never. What is
 * between entries and none itself is passed over.
 *
 * 1 and the entry; 0 when there is none. -EBADMSG, of the newest: none in the
 * last 512 KiB, and there is more; -EIO, ... what reading may come to
 */
int trail_newest(struct trail *t, struct trail_entry *ret_entry);
int trail_find(struct trail *t, uint64_t size, struct trail_entry *ret_entry);

/* Writing, by the log's one writer. */
struct trail_writer {
	int fd; /* owned */
	uint64_t end;
	uint64_t before; /* the end before the last one */
	bool longer;	 /* what a write that failed left is still behind the end */
};

/*
 * Makes the file when it is missing (0640, the directory's group), and cuts what
 * is torn. The end of it is written once more, and on disk then: the last writer
 * may have gone with a failed sync. ret_size is that of the last checkpoint, 0
 * without one. Errors are those of trail_open() and trail_next(), then nothing is
 * cut, and those of writing and syncing.
 */
int trail_writer_open(struct trail_writer *w, const struct segment_dir *d, uint64_t *ret_size,
		      struct fault *f);
void trail_writer_close(struct trail_writer *w);

/*
 * Appends a note of a checkpoint in one write. On failure, with the errno of the
 * write, the file is as it was, or what is behind its end is torn and the next
 * call cuts it. -EINVAL: not such a note. A checkpoint counts as given only once
 * trail_sync() has come back with 0. When it fails, with the errno of the sync, the
 * note that was appended last is taken back: what it was about may be signed for again.
 */
int trail_append(struct trail_writer *w, const char *note, size_t len);
int trail_sync(struct trail_writer *w);
/*
 * Takes back what trail_append() put behind this offset, end before it was called,
 * and waits until that is on disk. With an errno it is not known what a crash leaves.
 */
int trail_retract(struct trail_writer *w, uint64_t end);

#endif
