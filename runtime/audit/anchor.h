/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a log was anchored: the checkpoints that were handed on, in a file that is replaced whole. */
#ifndef AGENTOS_AUDIT_ANCHOR_H
#define AGENTOS_AUDIT_ANCHOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/tree.h"
#include "base/fault.h"
#include "base/limits.h"

/* A checkpoint, and when it was handed on. */
struct anchor_note {
	char *note; /* owned, not terminated; NULL: none */
	size_t len;
	uint64_t time_ns; /* CLOCK_REALTIME, of which nothing but a text is made */
	uint64_t size;	  /* records that it speaks of */
};

/* All zero: nothing yet. */
struct anchor {
	struct anchor_note whole;    /* the last one that all targets took */
	struct anchor_note underway; /* one after it, since it began to be handed on */
	unsigned int taken_count;
	uint8_t taken[LIMIT_ANCHOR_TARGETS][TREE_HASH]; /* who has that, by what who is hashes to */
};

/*
 * The file, line by line:
 *	agentos-anchor 1
 *	whole TIME_NS BYTES	may be missing, with the note behind it
 *	NOTE			so many bytes, of which the last is a newline
 *	underway TIME_NS BYTES	likewise
 *	NOTE
 *	taken HEX		none or more, 64 digits
 *	end
 *
 * A file that is missing is no error, and an anchor of zeros.
 *
 * -EBADMSG  it is no such file, or not all of it; a note in it is no checkpoint;
 *           not a regular file
 * -EPROTO   of a later version; -ELOOP a symbolic link
 * -EACCES, -ENOMEM, ...
 */
int anchor_read(const char *path, struct anchor *ret_anchor, struct fault *f);
/* By a new file beside it (0640), synced and renamed: a crash leaves the old one or this. */
int anchor_write(const char *path, const struct anchor *a, struct fault *f);
void anchor_release(struct anchor *a);
/* What is in such a file; behind it is a NUL. -EBADMSG, -EPROTO as above; -ENOMEM */
int anchor_parse(const char *text, size_t len, struct anchor *ret_anchor);

/*
 * Only one process at a time has the file of this path: by a lock on PATH.lock,
 * which stays. Returns its descriptor. -EBUSY another has it; -ELOOP, -EACCES, ...
 */
int anchor_lock(const char *path, struct fault *f);

/* The one that was handed on last, to whomever; NULL: none. */
const struct anchor_note *anchor_last(const struct anchor *a);

/* Begins to hand on a checkpoint, of which it takes a copy; nobody has it yet. -ENOMEM */
int anchor_begin(struct anchor *a, const char *note, size_t len, uint64_t size, uint64_t time_ns);
bool anchor_has(const struct anchor *a, const uint8_t target[TREE_HASH]);
/* This target has it. -E2BIG: there are LIMIT_ANCHOR_TARGETS that have */
int anchor_took(struct anchor *a, const uint8_t target[TREE_HASH]);
/* All have it. */
void anchor_done(struct anchor *a, uint64_t time_ns);

#endif
