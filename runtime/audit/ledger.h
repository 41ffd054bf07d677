/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log as evidence: segments, the tree over their records, and the checkpoints signed for it. One writer. */
#ifndef AGENTOS_AUDIT_LEDGER_H
#define AGENTOS_AUDIT_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/note.h"
#include "audit/rotation.h"
#include "audit/segment.h"
#include "base/fault.h"

struct ledger;

struct ledger_options {
	struct segment_options segments; /* borrowed: directory until ledger_close() */
	/* Copied; its name is the log's origin. NULL: the one that is kept beside the log
	 * (key_file.h), which is made for a log without a checkpoint; a change of it that
	 * was cut short is brought to its end first. */
	const struct note_key *key;
};

/* What was found. */
struct ledger_found {
	struct segment_tail tail;
	uint64_t covered; /* records that the last checkpoint is about */
	uint64_t
		hashed; /* hashes made for records that had none: written, but not hashed in time */
	/* Records after these whose stored hash is another than they have: a crash leaves
	 * none that is neither right nor zero. Both are unsigned; the records are taken. */
	uint64_t changed;
	bool key_made;
	enum rotation_state rotation;
};

/*
 * Opens the log (errors as segment_open()), and brings its hash files up to its
 * end: reads what follows the last checkpoint, and of what precedes it only
 * hashes. What a checkpoint covers is never made anew. What none covers is written
 * once more, as it is, and on disk then: the last writer may have gone with a
 * failed sync.
 *
 * -EBADMSG  also: the log ends before its last checkpoint; the hashes are others
 *           than those it signed; it, or a hash file, is damaged
 * -ENOKEY, -EKEYREJECTED  the last checkpoint is by another key, or by nobody
 * -ENOENT   also: there are checkpoints, and no key; else as key_file_open()
 */
int ledger_open(const struct ledger_options *options, struct ledger **ret_ledger,
		struct ledger_found *ret_found, struct fault *f);
/* Flushes, writes a last checkpoint, and gives up the log. NULL is allowed. */
void ledger_close(struct ledger *l);

/* As segment_append() and segment_flush(); the latter hashes what it wrote as well. */
int ledger_append(struct ledger *l, struct record *r);
int ledger_flush(struct ledger *l);
/* As segment_sync(), segment_sync_begin() and segment_sync_end(): of the records alone. */
int ledger_sync(struct ledger *l);
int ledger_sync_begin(const struct ledger *l, struct segment_mark *ret_mark);
int ledger_sync_end(struct ledger *l, const struct segment_mark *mark, int result);

/*
 * Is it time for a checkpoint? now_ns is CLOCK_BOOTTIME. When there are records that
 * none covers it is LIMIT_CHECKPOINT_S after the last one; with more than
 * LIMIT_UNSIGNED of them, or a full segment, LIMIT_CHECKPOINT_GAP.
 */
bool ledger_due(const struct ledger *l, uint64_t now_ns);

/*
 * Waits until all that was flushed is on disk, signs for it, and waits until
 * that is. Without a new record it does nothing. On failure (the errno of a write
 * or a sync, -EIO from libcrypto) none counts as given, and the next attempt
 * begins with writing again what a failed sync was about.
 */
int ledger_checkpoint(struct ledger *l, uint64_t now_ns);
/*
 * Changes the key that is kept beside the log: a checkpoint of what was flushed,
 * signed by both, then the next one alone signs, and the one before is destroyed
 * as rotation.h and key_file_advance() say.
 *
 * 0          done; ret_before and ret_after, the public keys
 * -EINPROGRESS  the new key signs, and counts; what is left to do of it is done
 *            by the next ledger_open(), or by calling this again, which then
 *            does that alone. f says what failed; the old secret key may be there
 * -EIO       what is flushed is not hashed
 * -E2BIG     more than LIMIT_KEYS of them
 * -EUCLEAN   it is not known whether the disk has the checkpoint: nothing is
 *            signed any more until the log is opened anew, when it is known
 * else as key_file_open() and ledger_checkpoint(): the key is the one it was
 */
int ledger_rotate(struct ledger *l, uint64_t now_ns, struct note_verifier *ret_before,
		  struct note_verifier *ret_after, struct fault *f);
/* Of the record that will be appended next. */
uint64_t ledger_next_seq(const struct ledger *l);
/* Records that the segments have; of these, those that the last checkpoint covers. */
uint64_t ledger_flushed(const struct ledger *l);
uint64_t ledger_covered(const struct ledger *l);

#endif
