/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A segment's bytes as the leaves of the log's tree have them: frame after frame, undecoded. */
#ifndef AGENTOS_AUDIT_FRAMES_H
#define AGENTOS_AUDIT_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/segment_file.h"
#include "audit/tree.h"
#include "base/fault.h"

/*
 * Leaf i of the tree, from 0, is the record with seq i + 1. Its data is the
 * record's frame as it is in the segment: length, CRC, body. For the first
 * record of a segment all bytes of the segment's header stand before it. So
 * every byte of the log is in one leaf, but those of a header that has no
 * record yet and of a half-written record at the end.
 */

/* An open segment, and what was read ahead. */
struct frames {
	int fd;		    /* owned */
	uint64_t first_seq; /* by its name and its header */
	uint64_t previous;  /* first_seq of the segment before, 0: none; by its header */
	uint64_t size;	    /* bytes, when it was opened: what is added later is not read */
	uint64_t offset;    /* of the frame that comes next */
	uint8_t header[SEGMENT_HEADER];
	uint8_t *buf; /* owned; kept from one segment to the next */
	size_t at, have;
};

/* One frame. data is valid until the next call. */
struct frame {
	uint64_t seq, time_ns; /* what the record says */
	uint64_t offset;       /* where it begins */
	const uint8_t *data;
	size_t len; /* of all of it, at most LIMIT_RECORD */
};

/* -ENOMEM. No segment is open then. */
int frames_init(struct frames *fr);
void frames_release(struct frames *fr);

/*
 * Turns to a segment, and closes the one before.
 *
 * -ENODATA  it ends within its header, or that is all zeros: its making was cut short
 * -EBADMSG  no segment, or none of this name, or its header is damaged
 * -EPROTO   of a later version
 * -ELOOP    a symbolic link
 * -ENOENT, -EACCES, -EIO, ...; f tells of each
 */
int frames_open(struct frames *fr, const struct segment_dir *d, uint64_t first_seq,
		struct fault *f);

/*
 * 1 and a frame whose lengths and CRC are right; 0 where the segment ends. What
 * follows offset otherwise:
 *
 * -ENODATA  the beginning of a frame, or only zeros: cut short by a crash, or by someone
 * -EBADMSG  no frame
 * -EPROTO   a whole frame by a later version
 * -EIO, ... what reading may come to
 */
int frames_next(struct frames *fr, struct frame *ret_frame);

/*
 * 1 and the frame of this seq in the open segment; 0 when it ends before it;
 * otherwise as frames_next(). Read all, it goes through every frame before that.
 * Without, it looks for frames where one may be, and 1 is a guess: agents can
 * have what looks like frames in their texts, so that its hash is to be compared
 * with another of this record. All else but -EIO and the like tells nothing then.
 */
int frames_find(struct frames *fr, uint64_t seq, bool all, struct frame *ret_frame);

/* The hash of the frame as a leaf; frame is the last that came of fr. -EIO as in tree.h. */
int frames_leaf(const struct frames *fr, const struct frame *frame, struct tree_hasher *h,
		uint8_t ret_hash[TREE_HASH]);

#endif
