// SPDX-License-Identifier: GPL-2.0-or-later
/* The Merkle tree: hashes of leaves and nodes, and subtrees put together from left to right. */
#include "audit/tree.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define TIER_RUN 256 /* hashes that are asked for at once */

/* Fetched once: looking the algorithm up costs more than hashing a record with it. */
struct tree_hasher {
	EVP_MD *algorithm;
	EVP_MD_CTX *context;
};

int tree_hasher_create(struct tree_hasher **ret_hasher)
{
	struct tree_hasher *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->context = EVP_MD_CTX_new();
	h->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!h->context || !h->algorithm) {
		int err = h->context ? -ENOTSUP : -ENOMEM;

		tree_hasher_free(h);
		return err;
	}
	*ret_hasher = h;
	return 0;
}

void tree_hasher_free(struct tree_hasher *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->context);
	EVP_MD_free(h->algorithm);
	free(h);
}

static int hash_begin(struct tree_hasher *h)
{
	return EVP_DigestInit_ex2(h->context, h->algorithm, NULL) == 1 ? 0 : -EIO;
}

static int hash_end(struct tree_hasher *h, uint8_t ret_hash[TREE_HASH])
{
	uint8_t hash[EVP_MAX_MD_SIZE];

	if (EVP_DigestFinal_ex(h->context, hash, NULL) != 1)
		return -EIO;
	memcpy(ret_hash, hash, TREE_HASH);
	return 0;
}

int tree_leaf(struct tree_hasher *h, const struct tree_bytes *parts, size_t count,
	      uint8_t ret_hash[TREE_HASH])
{
	static const uint8_t prefix = 0x00;
	size_t i;

	if (hash_begin(h) != 0 || EVP_DigestUpdate(h->context, &prefix, 1) != 1)
		return -EIO;
	for (i = 0; i < count; i++) {
		if (EVP_DigestUpdate(h->context, parts[i].data, parts[i].len) != 1)
			return -EIO;
	}
	return hash_end(h, ret_hash);
}

int tree_node(struct tree_hasher *h, const uint8_t left[TREE_HASH], const uint8_t right[TREE_HASH],
	      uint8_t ret_hash[TREE_HASH])
{
	uint8_t bytes[1 + 2 * TREE_HASH] = { 0x01 };

	memcpy(bytes + 1, left, TREE_HASH);
	memcpy(bytes + 1 + TREE_HASH, right, TREE_HASH);
	if (hash_begin(h) != 0 || EVP_DigestUpdate(h->context, bytes, sizeof(bytes)) != 1)
		return -EIO;
	return hash_end(h, ret_hash);
}

/*
 * Adds a complete subtree of 2^level leaves to an edge whose size is a multiple
 * of that. The subtrees that become one with it are those whose bits of size a
 * carry runs through. ret_tiers gets the hashes of levels 0, 8, 16, ...
 */
static int edge_push(struct tree_hasher *h, struct tree_edge *edge, unsigned int level,
		     const uint8_t hash[TREE_HASH], uint8_t (*ret_tiers)[TREE_HASH])
{
	unsigned int count = edge->count, at = level;
	uint8_t sum[TREE_HASH];
	int err;

	memcpy(sum, hash, sizeof(sum));
	while (1) {
		if (ret_tiers && at % TREE_TIER_BITS == 0)
			memcpy(ret_tiers[at / TREE_TIER_BITS], sum, sizeof(sum));
		if (!(edge->size >> at & 1))
			break;
		err = tree_node(h, edge->hashes[--count], sum, sum);
		if (err)
			return err;
		at++;
	}
	memcpy(edge->hashes[count], sum, sizeof(sum));
	edge->count = count + 1;
	edge->size += 1ULL << level;
	return (int)(at / TREE_TIER_BITS) + 1;
}

int tree_append(struct tree_hasher *h, struct tree_edge *edge, const uint8_t leaf[TREE_HASH],
		uint8_t (*ret_tiers)[TREE_HASH])
{
	if (edge->size == UINT64_MAX)
		return -EOVERFLOW;
	return edge_push(h, edge, 0, leaf, ret_tiers);
}

int tree_root(struct tree_hasher *h, const struct tree_edge *edge, uint8_t ret_root[TREE_HASH])
{
	unsigned int i = edge->count;
	uint8_t sum[TREE_HASH];
	int err;

	if (!i) {
		err = hash_begin(h);
		return err ? err : hash_end(h, ret_root);
	}
	memcpy(sum, edge->hashes[--i], sizeof(sum));
	while (i) {
		err = tree_node(h, edge->hashes[--i], sum, sum);
		if (err)
			return err;
	}
	memcpy(ret_root, sum, sizeof(sum));
	return 0;
}

/* Adds hashes of a tier, from the first one on. */
static int edge_push_run(struct tree_hasher *h, const struct tree_source *source, unsigned int tier,
			 uint64_t first, uint64_t count, struct tree_edge *edge)
{
	uint8_t hashes[TIER_RUN * TREE_HASH];
	unsigned int run, i;
	int err;

	for (; count; first += run, count -= run) {
		run = count < TIER_RUN ? (unsigned int)count : TIER_RUN;
		err = source->read(source->cookie, tier, first, run, hashes);
		if (err)
			return err;
		for (i = 0; i < run; i++) {
			err = edge_push(h, edge, tier * TREE_TIER_BITS,
					hashes + (size_t)i * TREE_HASH, NULL);
			if (err < 0)
				return err;
		}
	}
	return 0;
}

/* Whether a tree can have the leaves start to end - 1 below one node. */
static int range_check(const struct tree_source *source, uint64_t start, uint64_t end)
{
	uint64_t mask = 0, last = end - start - 1;

	if (source->tiers < 1 || source->tiers > TREE_TIERS)
		return -EINVAL;
	if (start > end || end > source->size)
		return -ERANGE;
	if (start == end)
		return 0;
	while (mask < last)
		mask = mask << 1 | 1;
	return start & mask ? -EINVAL : 0;
}

/*
 * The edge of a tree of its own that the leaves start to end - 1 would make.
 * The bits of their number say which subtrees that takes: of the highest tier
 * all that fit, then from each tier below it less than one of the tier above.
 * edge is empty.
 */
static int range_edge(struct tree_hasher *h, const struct tree_source *source, uint64_t start,
		      uint64_t end, struct tree_edge *edge)
{
	unsigned int tier, bits;
	uint64_t first, last;
	int err;

	for (tier = source->tiers; tier--;) {
		bits = tier * TREE_TIER_BITS;
		first = (start + edge->size) >> bits;
		last = end >> bits;
		/* A range that is narrower than one of this tier begins within one. */
		if (start & ((1ULL << bits) - 1))
			continue;
		err = edge_push_run(h, source, tier, first, last - first, edge);
		if (err)
			return err;
	}
	return 0;
}

int tree_range_hash(struct tree_hasher *h, const struct tree_source *source, uint64_t start,
		    uint64_t end, uint8_t ret_hash[TREE_HASH])
{
	struct tree_edge edge = { 0 };
	int err = range_check(source, start, end);

	if (!err)
		err = range_edge(h, source, start, end, &edge);
	return err ? err : tree_root(h, &edge, ret_hash);
}

int tree_edge_read(struct tree_hasher *h, const struct tree_source *source, uint64_t size,
		   struct tree_edge *ret_edge)
{
	struct tree_edge edge = { 0 };
	int err = range_check(source, 0, size);

	if (!err)
		err = range_edge(h, source, 0, size, &edge);
	if (!err)
		*ret_edge = edge;
	return err;
}
