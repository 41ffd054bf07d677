/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys that sign for a log, one after another, and the checkpoints by which each hands over to the next. */
#ifndef AGENTOS_AUDIT_KEYCHAIN_H
#define AGENTOS_AUDIT_KEYCHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "audit/checkpoint.h"
#include "audit/note.h"
#include "audit/trail.h"

/*
 * A log's key hands over by a checkpoint in the trail with one extension line
 *	agentos-key-change OLD NEW
 * each as note_verifier_encode() writes it, and with signatures by both. Both
 * have the same name, which is the log's; key and id differ. The line matters:
 * a signature is one of the text alone, so that anybody could add his own to a
 * note by OLD. That OLD signed the line says whom it handed over to, and that
 * NEW did says whom it had it from. Before this checkpoint OLD signs, alone;
 * behind it NEW does.
 *
 * So whoever knows one key of a log knows all of them, if the trail is there:
 * forward, as each signed for the next; backward, as each signed that it came
 * of the one before. A checkpoint by an earlier key proves no more than that
 * key does; the tree of a later checkpoint has all that came before it.
 */
#define KEYCHAIN_LINE "agentos-key-change "
#define KEYCHAIN_TEXT (sizeof(KEYCHAIN_LINE) + 2 * NOTE_VERIFIER_SIZE) /* bytes, NUL included */

/* From one key to the next. */
struct keychain_change {
	struct note_verifier from, to;
};

/* The extension line with its newline: its length, or -E2BIG. */
int keychain_encode(const struct keychain_change *change, char *buf, size_t size);
/*
 * 1 and what a checkpoint says of a change; 0 when it says nothing. Who signed is not looked at.
 * -EBADMSG  a line that begins so and says something else; or two of them
 */
int keychain_parse(const struct checkpoint *c, struct keychain_change *ret_change);

struct keychain_key {
	struct note_verifier verifier;
	/* Sizes of the smallest and the largest tree that it may sign for; 0 and UINT64_MAX
	 * where no other key bounds it. */
	uint64_t first, last;
};

/* In the order in which they signed. Zero to begin with. */
struct keychain {
	struct keychain_key *keys; /* owned */
	size_t count;
	size_t trusted; /* the one that was known */
};

/*
 * All keys that a trusted one leads to: reads the trail from where it is to its
 * end. With NULL for a trail it is the trusted key alone.
 *
 * -E2BIG   more than LIMIT_KEYS changes, or a trail without end of an entry
 * -ENOMEM; -EIO and what reading may come to
 */
int keychain_read(struct trail *t, const struct note_verifier *trusted, struct keychain *ret_chain);
void keychain_release(struct keychain *chain);

/*
 * Whether a checkpoint of the trail is by the key whose turn it is, number *at,
 * which goes on where the key hands over.
 *
 * -ENOKEY        not by that key
 * -EKEYREJECTED  it says to be, and is not
 * -EBADMSG       it tells of a change, which is not from this key, or not
 *                rightly signed by the next one too
 * -E2BIG, -EIO   as note_open()
 */
int keychain_judge(const struct keychain *chain, size_t *at, const char *note, size_t len,
		   const struct checkpoint *c);
/*
 * The same for a checkpoint from elsewhere: by any of the keys, for a tree of
 * the sizes that it may sign for; ret_at: which.
 *
 * -ENOKEY, -EKEYREJECTED, -E2BIG, -EIO  as above
 * -EKEYEXPIRED  by one of them, for a tree that it may not sign for
 */
int keychain_open(const struct keychain *chain, const char *note, size_t len,
		  const struct checkpoint *c, size_t *ret_at);

#endif
