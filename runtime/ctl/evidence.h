/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a log is checked against, from where the caller keeps it: keys, checkpoints, proofs. */
#ifndef AGENTOS_CTL_EVIDENCE_H
#define AGENTOS_CTL_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/checkpoint.h"
#include "audit/note.h"
#include "audit/trail.h"
#include "base/fault.h"

/*
 * All of these say in f what is wrong, and with which file; names are escaped.
 *
 * -ENOENT, -EACCES, ...  what opening and reading may come to
 * -EINVAL                it is read, and not what it should be; or empty
 * -E2BIG                 longer than any such file
 */

/* All of a file, "-" being standard input; to be freed, and not terminated. */
int evidence_read(const char *name, size_t most, char **ret_text, size_t *ret_len, struct fault *f);

/* Public keys of one log, the oldest first; only the last is needed where the log is at hand. */
struct evidence_keys {
	struct note_verifier *all; /* owned */
	size_t count;		   /* 1 or more */
};

/*
 * Public keys: one as it is, NAME+ID+BASE64, or a file with them, one a line.
 * NULL is the one beside the log, DIRECTORY.pub.
 */
int evidence_keys(const char *word, const char *directory, struct evidence_keys *ret_keys,
		  struct fault *f);
void evidence_keys_release(struct evidence_keys *keys);
/* The newest. */
const struct note_verifier *evidence_key(const struct evidence_keys *keys);
/* NAME+ID, which is how people compare keys; escaped. */
struct evidence_name {
	char text[4 * NOTE_NAME + 12];
};
struct evidence_name evidence_key_name(const struct note_verifier *key);

/* A checkpoint with the note that it is in. Who signed it is not looked at. */
struct evidence {
	char *note; /* owned; not terminated */
	size_t len;
	struct checkpoint checkpoint; /* its extensions are in the note */
};
/* Of a file that has several, as `agentctl audit anchor` makes them, the last one that is whole. */
int evidence_checkpoint(const char *name, struct evidence *ret_evidence, struct fault *f);
/*
 * Of the log's own: the newest (size UINT64_MAX), or the first of at least this
 * size. -ESRCH: there is none.
 */
int evidence_from_log(const char *directory, uint64_t size, struct evidence *ret_evidence,
		      struct fault *f);
void evidence_release(struct evidence *e);

/*
 * Whether a checkpoint is by one of the keys, which is returned in ret_key, and of
 * the log of this name; NULL: that of the key. what names it in the message: "the proof's checkpoint".
 *
 * -ENOKEY        not signed by any of them
 * -EKEYREJECTED  the signature is wrong
 * -EREMCHG       of another log, though by the key
 * -EIO, -E2BIG   could not be found out; more signatures than are looked at
 */
int evidence_judge(const struct evidence_keys *keys, const char *origin, const char *note,
		   size_t len, const char *what, struct checkpoint *ret_checkpoint,
		   const struct note_verifier **ret_key, struct fault *f);

/* Digits only, and no more than fit. */
bool evidence_number(const char *text, uint64_t *ret_number);

#endif
