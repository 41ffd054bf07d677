/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A witness of a log: which checkpoint may be handed on after those that were. */
#ifndef AGENTOS_CTL_WITNESS_H
#define AGENTOS_CTL_WITNESS_H

#include "audit/anchor.h"
#include "audit/keychain.h"
#include "base/fault.h"
#include "ctl/evidence.h"

/* All borrowed. */
struct witness {
	const char *directory; /* of the log */
	const char *key;       /* as for evidence_keys(); they are read anew each time */
	const char *origin;    /* NULL: the name of the key */
};

/*
 * Keys that the given ones led to, kept from one look to the next: to find them all of
 * the log's checkpoints are read. Zero to begin with.
 */
struct witness_memory {
	struct note_verifier trusted; /* whom the chain is from */
	struct keychain chain;	      /* owned; no keys: not read */
	/* Who signed the newest checkpoint, in the chain, and not given; NULL: one that was. */
	const struct keychain_key *led_to;
};
void witness_memory_release(struct witness_memory *m);

/*
 * The log's newest checkpoint, to be released: 1 when it is a larger one than was
 * handed on last, 0 when it is that one. It is signed by a key that was given, or by
 * one that the newest of these handed over to, as keychain.h has it, and the log's
 * stored hashes prove that its log has all that the log of the last one had.
 * So is the last one signed, which tells a state of another log.
 *
 * -EREMCHG  that is not so: the log was changed, cut off or exchanged, or the key was
 *           without the word of the one before, or what proves it is damaged or gone;
 *           f says which. Nothing may be handed on
 * -EINVAL   the key is none
 * -ENOENT, -ESRCH  nothing was handed on yet, and there is no log or no checkpoint
 * -EACCES, -EIO, -ENOMEM, ...  it cannot be found out now
 */
int witness_newest(const struct witness *w, struct witness_memory *m, const struct anchor *a,
		   struct evidence *ret_newest, struct fault *f);

#endif
