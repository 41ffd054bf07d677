/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a log is verified against: its checkpoints, the anchor, and whom to blame when they do not fit. */
#ifndef AGENTOS_AUDIT_VERIFY_MARKS_H
#define AGENTOS_AUDIT_VERIFY_MARKS_H

#include "audit/frames.h"
#include "audit/keychain.h"
#include "audit/listing.h"
#include "audit/trail.h"
#include "audit/verify.h"

/* A tree that was signed for, and is still to be met. */
struct mark {
	bool there;
	struct tree_head head;
};

/* The first of some records whose stored hash is not theirs. */
struct suspect {
	uint64_t seq; /* 0: none */
	uint64_t segment, offset;
	uint64_t count; /* of them */
};

/* The stored hashes of one segment. */
struct stored {
	int fd; /* owned; -1: none */
	uint64_t bytes;
	size_t at, have;
	uint8_t buf[2048 * TREE_HASH];
};

/* A verification under way; shared by verify.c and verify_marks.c alone. */
struct verify {
	const struct verify_options *options;
	struct segment_dir dir;
	struct listing segments;
	struct frames frames;
	struct stored stored;
	struct tree_hasher *hasher;
	struct tree_edge edge; /* of the records so far */
	uint64_t time;	       /* of the last one */

	struct trail *trail;
	struct keychain keys;
	size_t turn;	    /* whose it is to sign */
	uint64_t gone;	    /* records before the first segment, whose hashes are there */
	uint64_t before;    /* the last segment of these; 0: none */
	uint64_t told;	    /* up to which a covered record says that they were removed */
	uint64_t told_open; /* and one that no mark was met for yet */
	bool again;	    /* segments were taken away meanwhile: a second look may see why */
	struct mark next, anchor;
	uint64_t due;		/* size of the nearer one; UINT64_MAX: none */
	uint64_t signed_size;	/* of the last checkpoint believed */
	struct suspect suspect; /* since the last mark that fits */
	struct suspect first;	/* since the beginning */

	struct verify_result r;
	struct verify_result trail_problem; /* the first that checkpoints have */
};

/*
 * Each returns 0 to go on, 1 when r has the problem and all is said, or a
 * negative errno with f.
 */

/* Opens the checkpoints and the anchor; the directory is open. */
int marks_open(struct verify *v, struct fault *f);
void marks_close(struct verify *v);
/* Compares the tree so far with all marks of its size. */
int marks_check(struct verify *v, struct fault *f);
/*
 * The walk ends here, by a problem of this place: never returns 0. If the
 * stored hashes are signed for and an earlier record does not have its own, that
 * one is told instead.
 */
int marks_conclude(struct verify *v, enum verify_problem problem, uint64_t segment,
		   uint64_t offset);
/* The log is at its end. */
int marks_end(struct verify *v, struct fault *f);

/* verify.c: turns to the stored hashes of a segment, if there are any that can be read; the next or NULL. */
void stored_open(struct verify *v, uint64_t segment);
const uint8_t *stored_next(struct stored *s);

/* verify_pruned.c: the records before the first segment, by their hashes. */
int pruned_walk(struct verify *v, struct fault *f);
/* A record of the daemon, which may say that they were removed. */
void pruned_note(struct verify *v, const struct frame *frame);
/* All records were seen: were those that are gone said to be? */
int pruned_end(struct verify *v);

#endif
