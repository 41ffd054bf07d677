// SPDX-License-Identifier: GPL-2.0-or-later
/* Proofs about the tree: made from a source of hashes, and checked without one. */
#include "audit/proof.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Where a tree of more than one leaf is split: the largest power of two below its size. */
static uint64_t split_of(uint64_t size)
{
	return 1ULL << (63 - __builtin_clzll(size - 1));
}

static int proof_add(struct tree_hasher *h, const struct tree_source *source, uint64_t start,
		     uint64_t end, struct proof *p)
{
	int err = tree_range_hash(h, source, start, end, p->hashes[p->count]);

	if (!err)
		p->count++;
	return err;
}

/* The sections define it from the leaf upwards; it is gathered on the way down. */
static void proof_reverse(const struct proof *p, struct proof *ret_proof)
{
	unsigned int i;

	for (i = 0; i < p->count; i++)
		memcpy(ret_proof->hashes[i], p->hashes[p->count - 1 - i], TREE_HASH);
	ret_proof->count = p->count;
}

int proof_inclusion(struct tree_hasher *h, const struct tree_source *source, uint64_t index,
		    uint64_t size, struct proof *ret_proof)
{
	uint64_t start = 0, end = size, middle;
	struct proof p = { .count = 0 };
	int err;

	if (index >= size || size > source->size)
		return -ERANGE;
	while (end - start > 1) {
		middle = start + split_of(end - start);
		if (index < middle) {
			err = proof_add(h, source, middle, end, &p);
			end = middle;
		} else {
			err = proof_add(h, source, start, middle, &p);
			start = middle;
		}
		if (err)
			return err;
	}
	proof_reverse(&p, ret_proof);
	return 0;
}

int proof_consistency(struct tree_hasher *h, const struct tree_source *source, uint64_t from,
		      uint64_t size, struct proof *ret_proof)
{
	uint64_t start = 0, end = size, middle;
	struct proof p = { .count = 0 };
	int err;

	if (from > size || size > source->size)
		return -ERANGE;
	/* Down to the subtree on the old tree's edge that is in both trees. */
	while (from && from != end) {
		middle = start + split_of(end - start);
		if (from <= middle) {
			err = proof_add(h, source, middle, end, &p);
			end = middle;
		} else {
			err = proof_add(h, source, start, middle, &p);
			start = middle;
		}
		if (err)
			return err;
	}
	/* Whoever checks has it already if it is the whole of the old tree. */
	if (start) {
		err = proof_add(h, source, start, end, &p);
		if (err)
			return err;
	}
	proof_reverse(&p, ret_proof);
	return 0;
}

/* From a leaf or subtree up to the root: its index on its level, and that of the level's last one. */
struct walk {
	uint64_t at,
		last; /* last is 0 at the root, after 64 steps at most: no more hashes are looked at */
};

/* Whether what is next in the proof stands on the left. Goes up to where it is joined. */
static bool walk_up(struct walk *w)
{
	bool left = (w->at & 1) || w->at == w->last;

	/* On the edge of a tree that is not complete, nodes without a right child are no nodes. */
	while (left && !(w->at & 1) && w->at) {
		w->at >>= 1;
		w->last >>= 1;
	}
	w->at >>= 1;
	w->last >>= 1;
	return left;
}

int proof_check_inclusion(struct tree_hasher *h, const struct proof *proof, uint64_t index,
			  const uint8_t leaf[TREE_HASH], const struct tree_head *head)
{
	struct walk w = { index, head->size - 1 };
	uint8_t sum[TREE_HASH];
	unsigned int i;
	int err;

	if (index >= head->size)
		return -ERANGE;
	memcpy(sum, leaf, sizeof(sum));
	for (i = 0; i < proof->count; i++) {
		if (!w.last)
			return -EBADMSG;
		if (walk_up(&w))
			err = tree_node(h, proof->hashes[i], sum, sum);
		else
			err = tree_node(h, sum, proof->hashes[i], sum);
		if (err)
			return err;
	}
	return !w.last && memcmp(sum, head->root, TREE_HASH) == 0 ? 0 : -EBADMSG;
}

/* Trees that nothing was added to, or all. */
static int check_no_proof(struct tree_hasher *h, const struct proof *proof,
			  const struct tree_head *from, const struct tree_head *to)
{
	static const struct tree_edge nothing;
	uint8_t root[TREE_HASH];
	int err;

	if (!from->size) {
		err = tree_root(h, &nothing, root);
		if (err)
			return err;
		if (memcmp(from->root, root, TREE_HASH) != 0)
			return -EBADMSG;
	}
	if (from->size == to->size && memcmp(from->root, to->root, TREE_HASH) != 0)
		return -EBADMSG;
	return proof->count ? -EBADMSG : 0;
}

int proof_check_consistency(struct tree_hasher *h, const struct proof *proof,
			    const struct tree_head *from, const struct tree_head *to)
{
	struct walk w = { from->size - 1, to->size - 1 };
	uint8_t old_sum[TREE_HASH], sum[TREE_HASH];
	unsigned int i = 0;
	int err = 0;

	if (from->size > to->size)
		return -ERANGE;
	if (!from->size || from->size == to->size)
		return check_no_proof(h, proof, from, to);
	if (!proof->count)
		return -EBADMSG;
	while (w.at & 1) {
		w.at >>= 1;
		w.last >>= 1;
	}
	/* What both trees have is the whole of the old one if nothing is left of it. */
	memcpy(sum, w.at ? proof->hashes[i++] : from->root, sizeof(sum));
	memcpy(old_sum, sum, sizeof(old_sum));
	for (; i < proof->count; i++) {
		if (!w.last)
			return -EBADMSG;
		if (walk_up(&w)) {
			err = tree_node(h, proof->hashes[i], old_sum, old_sum);
			if (!err)
				err = tree_node(h, proof->hashes[i], sum, sum);
		} else {
			err = tree_node(h, sum, proof->hashes[i], sum);
		}
		if (err)
			return err;
	}
	return !w.last && memcmp(old_sum, from->root, TREE_HASH) == 0 &&
			       memcmp(sum, to->root, TREE_HASH) == 0 ?
		       0 :
		       -EBADMSG;
}
