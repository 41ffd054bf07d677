/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proofs that a leaf is in the log, and that a log only grew: made, checked, and as text. */
#ifndef AGENTOS_AUDIT_PROOF_H
#define AGENTOS_AUDIT_PROOF_H

#include <stddef.h>
#include <stdint.h>

#include "audit/tree.h"
#include "base/limits.h"

/* Of a tree of 2^64 - 1 leaves at most 64 prove that a leaf is in it, 65 that it grew from another. */
#define PROOF_HASHES 65

struct proof {
	unsigned int count;
	uint8_t hashes[PROOF_HASHES][TREE_HASH]; /* from the leaf's end to the root's */
};

/*
 * That the tree of the first size leaves has the leaf of this index, from 0:
 * RFC 9162, section 2.1.3.1. That it has all that the tree of the first `from`
 * leaves has: section 2.1.4.1; empty for one from size to size, and from 0.
 *
 * -ERANGE  no such leaf or tree, or size is beyond the source's
 * others of tree_range_hash() and of the source
 */
int proof_inclusion(struct tree_hasher *h, const struct tree_source *source, uint64_t index,
		    uint64_t size, struct proof *ret_proof);
int proof_consistency(struct tree_hasher *h, const struct tree_source *source, uint64_t from,
		      uint64_t size, struct proof *ret_proof);

/*
 * Sections 2.1.3.2 and 2.1.4.2: 0 when it is proven, by the proof alone. Of two
 * trees of one size the roots must be the same; a tree that grew from nothing
 * must have had the root of nothing.
 *
 * -EBADMSG  it is not: other hashes, too few or too many of them
 * -ERANGE   what no proof could show: an index beyond the tree, a tree that shrank
 * -EIO      libcrypto could not
 */
int proof_check_inclusion(struct tree_hasher *h, const struct proof *proof, uint64_t index,
			  const uint8_t leaf[TREE_HASH], const struct tree_head *head);
int proof_check_consistency(struct tree_hasher *h, const struct proof *proof,
			    const struct tree_head *from, const struct tree_head *to);

/*
 * A proof with all that whoever checks it needs but the log's public key, as in
 * C2SP's tlog-proof.md:
 *	c2sp.org/tlog-proof@v1
 *	extra BASE64		may be missing
 *	index NUMBER
 *	BASE64			each hash
 *	(an empty line)
 *	the checkpoint, a signed note
 * The extra data is proven by nothing; here it is the data of the leaf, whose
 * hash is what is to be checked.
 */
struct proof_inclusion_text {
	uint64_t index;
	struct proof proof;
	size_t extra_len; /* 0: there is none */
	uint8_t extra[LIMIT_LEAF];
	/* The note: not owned, and not terminated. Parsed, it is in the text, and has the form of one. */
	const char *checkpoint;
	size_t checkpoint_len;
};

/*
 * The same about growth: what tlog-witness.md has a witness sent by
 * add-checkpoint, with which it can be checked by whoever has the checkpoint of
 * the old size.
 *	old NUMBER
 *	BASE64			each hash, at most 63
 *	(an empty line)
 *	the checkpoint of the new size
 */
#define PROOF_CONSISTENCY_LINES 63
struct proof_consistency_text {
	uint64_t from;
	struct proof proof;
	const char *checkpoint; /* as above */
	size_t checkpoint_len;
};

/*
 * Parsing takes all of the text, which ends where the checkpoint does; nothing
 * in it is believed by that. What is written is terminated, and its length
 * without the NUL returned; LIMIT_PROOF has room for any.
 *
 * -EBADMSG  parsing: something else than the lines above
 * -EINVAL   writing: what parsing would not take
 * -E2BIG    the text, the extra data, the proof or the note is larger than its
 *           limit; or there is no room
 * -ERANGE   a number beyond 64 bits
 */
int proof_inclusion_parse(const char *text, size_t len, struct proof_inclusion_text *ret_text);
int proof_inclusion_encode(const struct proof_inclusion_text *t, char *buf, size_t size);
int proof_consistency_parse(const char *text, size_t len, struct proof_consistency_text *ret_text);
int proof_consistency_encode(const struct proof_consistency_text *t, char *buf, size_t size);

#endif
