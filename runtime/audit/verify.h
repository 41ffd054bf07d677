/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verifying a whole log, by a stranger: what is in it, what of it is signed for, and what was done to it. */
#ifndef AGENTOS_AUDIT_VERIFY_H
#define AGENTOS_AUDIT_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/note.h"
#include "audit/segment_file.h"
#include "base/fault.h"

/* What happens at once on several processors is not written in its order. */
#define VERIFY_CLOCK_NS 2000000000ULL

struct verify_options {
	const char *directory;
	const struct note_verifier
		*verifier;  /* one key of the log; those it leads to are believed */
	const char *origin; /* of all checkpoints; NULL: the verifier's name */
	const char *anchor; /* a checkpoint from elsewhere, a signed note; NULL: none */
	size_t anchor_len;
};

/*
 * The first thing that is wrong. Which of the fields below belong to it is said
 * with each; seq is the record that should be where segment and offset say.
 */
enum verify_problem {
	VERIFY_FINE = 0,
	/* seq, segment, offset: the record is another than was signed for. Its stored
	 * hash is that of the signed tree. offset is 0 for the first record of a
	 * segment, whose header is hashed with it. */
	VERIFY_CHANGED,
	/* from, to: some of the records from + 1 to `to` are others than were signed
	 * for, and their stored hashes were changed with them or are missing. */
	VERIFY_REWRITTEN,
	/* missing, seq: this many records are gone from the end, seq being the first. */
	VERIFY_TRUNCATED,
	/* seq, found, segment: records seq to found - 1, between segments, are gone; or before the
	 * first one, and no record that is covered (DAEMON_PRUNED) says that they were removed. */
	VERIFY_MISSING,
	/* seq, found, segment, offset: record found stands there instead. */
	VERIFY_ORDER,
	/* seq, segment, offset: there is no record there, or no header. */
	VERIFY_DAMAGED,
	/* segment if it is one: a link, or named like a file of the log and none. */
	VERIFY_FOREIGN,
	/* seq, segment, offset: of a later version, which this program cannot judge. */
	VERIFY_VERSION,
	/* offset, in the file of checkpoints: one is not by the key whose turn it was, or its
	 * signature is wrong, or not both keys signed for a change of them. */
	VERIFY_SIGNATURE,
	/* offset likewise: a checkpoint of another log, though by the key. */
	VERIFY_ORIGIN,
	/* offset likewise: no checkpoint, or of a smaller tree than the one before; or no file of them. */
	VERIFY_TRAIL,
	/* to: the anchor does not fit the log's first `to` records, all that it speaks of. */
	VERIFY_ANCHOR,
	/* seq, segment, offset: no checkpoint covers the record, and it is another than
	 * its stored hash says. Either may have been changed. */
	VERIFY_TAIL,
};

struct verify_result {
	enum verify_problem problem;
	bool anchored; /* it is the anchor that tells */
	uint64_t seq, found, missing, from, to, offset;
	char segment[SEGMENT_NAME_SIZE]; /* the file's name; empty: none */
	struct fault text;		 /* the problem in a line; empty without one */

	uint64_t records; /* whole, in order, up to the end or to where it was given up */
	/* Of them, the first: removed, as the log says, which is signed for. Their hashes are there
	 * and make the trees that were signed for; what they said cannot be known any more. */
	uint64_t pruned;
	uint64_t
		covered; /* of them, by a checkpoint or the anchor that fits; the others are the tail */
	uint64_t checkpoints; /* that fit, the anchor among them */
	uint64_t keys;	      /* that signed, one after another (keychain.h); 1 without a change */
	uint64_t key_since;   /* size of the tree with which the last of them began; 0 likewise */
	struct note_verifier key; /* the last of them */

	/* Remarks: none of them is a problem. */
	uint64_t torn;		 /* bytes of half a record, or half a header, at the end */
	uint64_t torn_trail;	 /* bytes of half a checkpoint at the end of theirs */
	uint64_t clock_back;	 /* records VERIFY_CLOCK_NS and more before the one before them */
	uint64_t hashes_missing; /* records without a stored hash */
	uint64_t hashes_wrong;	 /* stored ones that are others than those of records signed for */
	uint64_t unpruned;	 /* records that were to be removed and are there */
	uint64_t hashes_beyond;	 /* stored ones, in the last segment's file, without a record */
};

/*
 * Reads all segments once, from the first to the last that was there at the
 * beginning, and compares the root of the tree at the size of each checkpoint.
 * May run while the log is written to. Believes nothing that it reads: lengths
 * are checked before they are used, nothing is followed through a link.
 * Memory does not grow with the log but by eight bytes for each segment.
 *
 * 0: *ret_result tells. A problem that segments have comes before one that
 * checkpoints have: a checkpoint that cannot be believed is passed over then.
 *
 * Otherwise it could not be found out, and f says why:
 * -ENOENT, -ENOTDIR, -EACCES  no log there, or not for the caller to read
 * -ENOMEM, -ENOTSUP           for hashing; -EIO: libcrypto or a disk failed
 */
int verify_log(const struct verify_options *options, struct verify_result *ret_result,
	       struct fault *f);

#endif
