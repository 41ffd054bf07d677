/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hash files beside the segments: the log's tree as it is stored, read by anyone, written by one. */
#ifndef AGENTOS_AUDIT_LEAVES_H
#define AGENTOS_AUDIT_LEAVES_H

#include <stddef.h>
#include <stdint.h>

#include "audit/segment_file.h"
#include "audit/tree.h"
#include "base/fault.h"

/*
 * In the directory of the segments, each of them 32-byte hashes one after the
 * other and nothing else:
 *	FIRST.leaf	of the leaves of the segment FIRST.seg, in order; FIRST is
 *			20 digits. frames.h says what a leaf is.
 *	tier-K		K from 1 to 7: of the complete subtrees of 256^K leaves, in
 *			order; there may be none before the first one is complete
 * They hold nothing that the segments do not: what is missing is made again.
 * Nobody who checks a log need believe them; they tell where it was changed.
 *
 * The functions below return:
 * -EBADMSG  a hash file that is no regular file, has half a hash, or has more of
 *           them than the segment could (what half a write left is cut by
 *           leaves_writer_open(), and only told by leaves_open())
 * -ELOOP    a symbolic link where one should be
 * -ENOMEM, -ENOENT (no such directory), -EACCES, -EIO, -ENOSPC, ...
 */
#define LEAVES_SUFFIX ".leaf"

/* Reading. */
struct leaves;

/*
 * What is there now, in the order that the writer has: of what is added later
 * nothing is seen. tiers, 1 to TREE_TIERS, is how many may be used; tier 0, the
 * leaves, is the first. Of these those are that reach as far as they must, up
 * to the first that is not there. The tree ends before the first leaf that is
 * missing, or for whose size a tier is too short.
 */
int leaves_open(const char *directory, unsigned int tiers, struct leaves **ret_leaves,
		struct fault *f);
void leaves_close(struct leaves *l);
/* Valid until leaves_close(). Its read() fails with -EIO when files became shorter, else as above. */
const struct tree_source *leaves_source(const struct leaves *l);

/*
 * Opens one of them: name is in the directory. flags are O_RDONLY, or O_RDWR and
 * O_CREAT; the latter gives what it makes the mode 0640 and the group. Never
 * through a symbolic link and never waiting. Returns the descriptor and the
 * bytes there are. Half a hash is the caller's to refuse.
 */
int leaves_file_open(const struct segment_dir *d, const char *name, int flags, uint32_t group,
		     uint64_t *ret_bytes, struct fault *f);

/* Writing, by the log's one writer, who holds the lock of segment_open(). */
struct leaves_writer;

/*
 * Makes the files be those of a log of this many records: hashes beyond are cut
 * off, those that are missing are computed, from the segments and, in the
 * tiers, from the hashes below. Hashes that are there stay as they are, right or
 * not: they are evidence. ret_made, which may be NULL: leaves computed.
 *
 * Besides the errors above, -EBADMSG: a segment that is needed is damaged, ends
 * too early, or is missing together with its hashes; -EPROTO: of a later version.
 */
int leaves_writer_open(const char *directory, uint64_t records, struct leaves_writer **ret_writer,
		       uint64_t *ret_made, struct fault *f);
/* What was not flushed is dropped: it is made again when the files are opened. */
void leaves_writer_close(struct leaves_writer *w);

/*
 * Adds the next leaf, which belongs to the segment of this first seq, and
 * buffers it. leaves_flush() hands what is buffered to the kernel, in one write
 * for each file: the highest tier first, so that whoever sees a leaf sees the
 * tiers it completes. When it fails all stays buffered that was not written.
 * leaves_sync() waits until what was flushed is on disk; without it a crash of
 * the machine may leave files that are long enough and hold zeros. When it or
 * leaves_append() fails, another that comes back with 0 proves nothing: what was
 * added since the last one is to be cut off and made again.
 *
 * Adding flushes by itself when the segment changes or LEAVES_BATCH are
 * buffered: its errors are then those of leaves_flush(), and the leaf was not
 * added. -EINVAL: no such segment can follow.
 */
#define LEAVES_BATCH 32768
int leaves_append(struct leaves_writer *w, uint64_t segment, const uint8_t leaf[TREE_HASH]);
int leaves_flush(struct leaves_writer *w);
int leaves_sync(struct leaves_writer *w);
/* The tree with all that was added: tree_root() of it is what a checkpoint signs. */
const struct tree_edge *leaves_edge(const struct leaves_writer *w);

#endif
