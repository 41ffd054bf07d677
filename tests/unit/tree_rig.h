/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of the tree share: the definition as RFC 6962 writes it, and tiers in memory that count who asks. */
#ifndef AGENTOS_TESTS_TREE_RIG_H
#define AGENTOS_TESTS_TREE_RIG_H

#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "audit/tree.h"

static inline void naive_hash(const void *data, size_t len, uint8_t hash[TREE_HASH])
{
	if (EVP_Digest(data, len, hash, NULL, EVP_sha256(), NULL) != 1)
		abort();
}

static inline void naive_node(const uint8_t *left, const uint8_t *right, uint8_t hash[TREE_HASH])
{
	uint8_t bytes[65] = { 1 };

	memcpy(bytes + 1, left, TREE_HASH);
	memcpy(bytes + 33, right, TREE_HASH);
	naive_hash(bytes, sizeof(bytes), hash);
}

/* Section 2.1, word by word, over the hashes of n leaves. */
static inline void naive_root(const uint8_t (*leaves)[TREE_HASH], uint64_t n,
			      uint8_t hash[TREE_HASH])
{
	uint8_t left[TREE_HASH], right[TREE_HASH];
	uint64_t k = 1;

	if (n == 0) {
		naive_hash("", 0, hash);
	} else if (n == 1) {
		memcpy(hash, leaves[0], TREE_HASH);
	} else {
		while (k * 2 < n)
			k *= 2;
		naive_root(leaves, k, left);
		naive_root(leaves + k, n - k, right);
		naive_node(left, right, hash);
	}
}

/* The leaf whose data is the eight bytes of i. */
static inline void naive_leaf(uint64_t i, uint8_t hash[TREE_HASH])
{
	uint8_t bytes[9] = { 0 };

	memcpy(bytes + 1, &i, sizeof(i));
	naive_hash(bytes, sizeof(bytes), hash);
}

#define RIG_TIERS 3

/* A tree of size such leaves, grown by tree_append(), with its tiers and its edge at each size. */
struct rig {
	struct tree_hasher *hasher;
	struct tree_edge edge;
	uint64_t size;
	uint8_t (*tiers[RIG_TIERS])[TREE_HASH];
	uint64_t counts[RIG_TIERS];
	uint8_t (*roots)[TREE_HASH]; /* of sizes 0 to size; NULL unless asked for */
	/* What reading came to. */
	uint64_t asked[RIG_TIERS];
	bool beyond;  /* somebody asked for what there is not */
	long fail_in; /* reads until one fails with -EREMOTEIO; 0: none does */
};

static inline int rig_read(void *cookie, unsigned int tier, uint64_t first, unsigned int count,
			   uint8_t *hashes)
{
	struct rig *rig = cookie;

	if (rig->fail_in && !--rig->fail_in)
		return -EREMOTEIO;
	if (tier >= RIG_TIERS || !count || count > 256 || first > rig->counts[tier] ||
	    count > rig->counts[tier] - first) {
		rig->beyond = true;
		return -EINVAL;
	}
	rig->asked[tier] += count;
	memcpy(hashes, rig->tiers[tier] + first, (size_t)count * TREE_HASH);
	return 0;
}

static inline struct tree_source rig_source(struct rig *rig, uint64_t size, unsigned int tiers)
{
	return (struct tree_source){ .size = size,
				     .tiers = tiers,
				     .read = rig_read,
				     .cookie = rig };
}

static inline void rig_free(struct rig *rig)
{
	int k;

	if (!rig)
		return;
	for (k = 0; k < RIG_TIERS; k++)
		free(rig->tiers[k]);
	free(rig->roots);
	tree_hasher_free(rig->hasher);
	free(rig);
}

static inline struct rig *rig_create(uint64_t size, bool with_roots)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	uint8_t hash[TREE_HASH], tiers[TREE_TIERS][TREE_HASH];
	uint64_t i;
	int k, count;

	if (!rig || tree_hasher_create(&rig->hasher) != 0)
		abort();
	rig->size = size;
	for (k = 0; k < RIG_TIERS; k++)
		rig->tiers[k] = calloc((size >> (8 * k)) + 1, TREE_HASH);
	rig->roots = with_roots ? calloc(size + 1, TREE_HASH) : NULL;
	for (i = 0; i <= size; i++) {
		if (with_roots && tree_root(rig->hasher, &rig->edge, rig->roots[i]) != 0)
			abort();
		if (i == size)
			break;
		naive_leaf(i, hash);
		count = tree_append(rig->hasher, &rig->edge, hash, tiers);
		for (k = 0; k < count; k++)
			memcpy(rig->tiers[k][rig->counts[k]++], tiers[k], TREE_HASH);
	}
	return rig;
}

#endif
