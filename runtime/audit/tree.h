/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Merkle tree over the log: leaves, the edge that grows, and the hash of any part that is stored. */
#ifndef AGENTOS_AUDIT_TREE_H
#define AGENTOS_AUDIT_TREE_H

#include <stddef.h>
#include <stdint.h>

/*
 * As in RFC 6962, section 2.1, and RFC 9162, section 2.1.1, with SHA-256:
 *	MTH({})   = H()
 *	MTH({d})  = H(0x00 || d)
 *	MTH(D[n]) = H(0x01 || MTH(D[0:k]) || MTH(D[k:n])), k the largest power
 *	            of two that is smaller than n
 *
 * Any of the functions that hash may return -EIO: libcrypto could not, which
 * happens when it has no memory left. Nothing is written then.
 */
#define TREE_HASH 32 /* bytes */
#define TREE_EDGE 64 /* hashes: a tree of 2^64 - 1 leaves has as many complete subtrees */

/* What is known of a tree by who has not its leaves. */
struct tree_head {
	uint64_t size; /* leaves */
	uint8_t root[TREE_HASH];
};

/*
 * What hashing needs, made once: a context of libcrypto's. For one thread at a
 * time. -ENOMEM; -ENOTSUP: this libcrypto has no SHA-256.
 */
struct tree_hasher;
int tree_hasher_create(struct tree_hasher **ret_hasher);
void tree_hasher_free(struct tree_hasher *h);

/* A leaf's data may lie in several places: what is hashed is one after the other. */
struct tree_bytes {
	const void *data;
	size_t len;
};
int tree_leaf(struct tree_hasher *h, const struct tree_bytes *parts, size_t count,
	      uint8_t ret_hash[TREE_HASH]);
/* ret_hash may be one of the others. */
int tree_node(struct tree_hasher *h, const uint8_t left[TREE_HASH], const uint8_t right[TREE_HASH],
	      uint8_t ret_hash[TREE_HASH]);

/*
 * A tree as far as its growth and its root need it: the roots of the complete
 * subtrees that it falls into, widest first, one for each bit of size. All zero
 * is the empty tree.
 */
struct tree_edge {
	uint64_t size; /* leaves */
	unsigned int count;
	uint8_t hashes[TREE_EDGE][TREE_HASH];
};

/*
 * The tree is stored as tiers, as C2SP's tlog-tiles has them: tier 0 is the
 * hashes of the leaves, tier k one hash for each complete subtree of 256^k
 * leaves, in their order. A tree of size leaves has size / 256^k of them.
 */
#define TREE_TIER_BITS 8
#define TREE_TIERS     8 /* 256^8 is more than there can be */

/*
 * Adds a leaf. Returns how many tiers have a new hash by it, at least 1; these
 * are in ret_tiers, which may be NULL: tier 0's is the leaf. -EOVERFLOW: the
 * tree has 2^64 - 1 leaves.
 */
int tree_append(struct tree_hasher *h, struct tree_edge *edge, const uint8_t leaf[TREE_HASH],
		uint8_t (*ret_tiers)[TREE_HASH]);
int tree_root(struct tree_hasher *h, const struct tree_edge *edge, uint8_t ret_root[TREE_HASH]);

/* Where hashes are got from. They are taken for what they are said to be: a wrong one makes a wrong hash. */
struct tree_source {
	uint64_t size;	    /* leaves, of which each tier that there is has all hashes */
	unsigned int tiers; /* that there are, 1 to TREE_TIERS; fewer only cost time */
	/*
	 * Writes the hashes first to first + count - 1 of a tier, count being 1 to
	 * 256. 0, or a negative errno, which is handed on to the caller.
	 */
	int (*read)(void *cookie, unsigned int tier, uint64_t first, unsigned int count,
		    uint8_t *hashes);
	void *cookie;
};

/*
 * MTH of the leaves start to end - 1. Reads at most 255 hashes of each tier but
 * the highest, and hashes as many.
 *
 * -ERANGE   end is beyond the source's size, or start beyond end
 * -EINVAL   start is no multiple of a power of two that is at least end - start:
 *           no tree has these leaves below one node; or the source's tiers
 * others of the source's
 */
int tree_range_hash(struct tree_hasher *h, const struct tree_source *source, uint64_t start,
		    uint64_t end, uint8_t ret_hash[TREE_HASH]);
/* The edge of the tree of the first size leaves, to be appended to. Errors as above. */
int tree_edge_read(struct tree_hasher *h, const struct tree_source *source, uint64_t size,
		   struct tree_edge *ret_edge);

#endif
