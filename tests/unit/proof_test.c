// SPDX-License-Identifier: GPL-2.0-or-later
/* Proofs about the tree against their definitions, and against every change of one bit or one hash. */
#include "audit/proof.h"
#include "tests/tap.h"
#include "tests/unit/tree_rig.h"

#include "audit/checkpoint.h"
#include "audit/note.h"

#define LARGEST 130 /* of the trees of which every proof is tried */

static uint64_t naive_split(uint64_t n)
{
	uint64_t k = 1;

	while (k * 2 < n)
		k *= 2;
	return k;
}

static void naive_add(struct proof *p, const uint8_t (*leaves)[TREE_HASH], uint64_t n)
{
	naive_root(leaves, n, p->hashes[p->count++]);
}

/* PATH(m, D_n) of RFC 9162, section 2.1.3.1. */
static void naive_path(uint64_t m, const uint8_t (*leaves)[TREE_HASH], uint64_t n, struct proof *p)
{
	uint64_t k;

	if (n == 1)
		return;
	k = naive_split(n);
	if (m < k) {
		naive_path(m, leaves, k, p);
		naive_add(p, leaves + k, n - k);
	} else {
		naive_path(m - k, leaves + k, n - k, p);
		naive_add(p, leaves, k);
	}
}

/* SUBPROOF(m, D_n, b) of section 2.1.4.1. */
static void naive_subproof(uint64_t m, const uint8_t (*leaves)[TREE_HASH], uint64_t n, bool b,
			   struct proof *p)
{
	uint64_t k;

	if (m == n) {
		if (!b)
			naive_add(p, leaves, n);
		return;
	}
	k = naive_split(n);
	if (m <= k) {
		naive_subproof(m, leaves, k, b, p);
		naive_add(p, leaves + k, n - k);
	} else {
		naive_subproof(m - k, leaves + k, n - k, false, p);
		naive_add(p, leaves, k);
	}
}

static bool same(const struct proof *a, const struct proof *b)
{
	return a->count == b->count &&
	       memcmp(a->hashes, b->hashes, (size_t)a->count * TREE_HASH) == 0;
}

static struct tree_head head_of(const struct rig *rig, uint64_t size)
{
	struct tree_head head = { .size = size };

	memcpy(head.root, rig->roots[size], TREE_HASH);
	return head;
}

static void every_inclusion_proof_is_as_defined_and_holds(void)
{
	struct rig *rig = rig_create(LARGEST, true);
	struct tree_source source = rig_source(rig, LARGEST, 1);
	struct proof made, expected;
	struct tree_head head;
	uint64_t size, i;

	for (size = 1; size <= LARGEST; size++) {
		head = head_of(rig, size);
		for (i = 0; i < size; i++) {
			expected.count = 0;
			naive_path(i, rig->tiers[0], size, &expected);
			CHECK_INT(proof_inclusion(rig->hasher, &source, i, size, &made), 0);
			CHECK_MSG(same(&made, &expected), "%d of %d", (int)i, (int)size);
			CHECK_INT(proof_check_inclusion(rig->hasher, &made, i, rig->tiers[0][i],
							&head),
				  0);
		}
	}
	CHECK(!rig->beyond);
	rig_free(rig);
}

static void every_consistency_proof_is_as_defined_and_holds(void)
{
	struct rig *rig = rig_create(LARGEST, true);
	struct tree_source source = rig_source(rig, LARGEST, 1);
	struct proof made, expected;
	struct tree_head from, to;
	uint64_t old, size;

	for (size = 0; size <= LARGEST; size++) {
		to = head_of(rig, size);
		for (old = 0; old <= size; old++) {
			from = head_of(rig, old);
			expected.count = 0;
			if (old)
				naive_subproof(old, rig->tiers[0], size, true, &expected);
			CHECK_INT(proof_consistency(rig->hasher, &source, old, size, &made), 0);
			CHECK_MSG(same(&made, &expected), "%d to %d", (int)old, (int)size);
			CHECK_INT(proof_check_consistency(rig->hasher, &made, &from, &to), 0);
		}
	}
	CHECK(!rig->beyond);
	rig_free(rig);
}

/* Every change of one bit, and of the number of hashes at either end. Calls try() with each. */
static void each_change(const struct proof *good, void (*try)(void *cookie, const struct proof *p),
			void *cookie)
{
	struct proof p = *good;
	unsigned int i, bit;

	for (i = 0; i < good->count; i++) {
		for (bit = 0; bit < 8 * TREE_HASH; bit++) {
			p.hashes[i][bit / 8] ^= (uint8_t)(1 << bit % 8);
			try(cookie, &p);
			p.hashes[i][bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
	for (p.count = 0; p.count <= PROOF_HASHES; p.count++) {
		/* Those that are too many: zeros, or what was the last. */
		for (i = good->count; i < p.count; i++)
			memset(p.hashes[i], 0, TREE_HASH);
		if (p.count != good->count)
			try(cookie, &p);
		for (i = good->count; i && i < p.count; i++)
			memcpy(p.hashes[i], good->hashes[good->count - 1], TREE_HASH);
		if (p.count != good->count)
			try(cookie, &p);
	}
	if (good->count) {
		p.count = good->count - 1;
		memcpy(p.hashes[0], good->hashes[1], (size_t)p.count * TREE_HASH);
		try(cookie, &p);
	}
	p.count = PROOF_HASHES + 1;
	try(cookie, &p);
}

struct inclusion {
	struct rig *rig;
	uint64_t index;
	struct tree_head head;
};

static void inclusion_must_fail(void *cookie, const struct proof *p)
{
	const struct inclusion *c = cookie;

	CHECK_MSG(proof_check_inclusion(c->rig->hasher, p, c->index, c->rig->tiers[0][c->index],
					&c->head) == -EBADMSG,
		  "%d of %d", (int)c->index, (int)c->head.size);
}

static void an_inclusion_proof_with_any_change_is_refused(void)
{
	static const uint64_t sizes[] = { 1,  2,  3,  4,  5,  6,  7,  8,  9,   10,  11,
					  12, 13, 14, 15, 16, 17, 31, 64, 127, 128, 130 };
	struct rig *rig = rig_create(LARGEST, true);
	struct tree_source source = rig_source(rig, LARGEST, 1);
	struct inclusion c = { .rig = rig };
	struct tree_head head;
	struct proof p;
	uint64_t i;
	size_t k, bit;

	for (k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		c.head = head_of(rig, sizes[k]);
		/* All leaves of small trees, some of large ones. */
		for (c.index = 0; c.index<sizes[k]; c.index += sizes[k]> 17 ? 21 : 1) {
			REQUIRE(proof_inclusion(rig->hasher, &source, c.index, sizes[k], &p) == 0);
			each_change(&p, inclusion_must_fail, &c);
			/* For another leaf, or as another one. */
			for (i = 0; i < sizes[k]; i++) {
				if (i == c.index)
					continue;
				CHECK_INT(proof_check_inclusion(rig->hasher, &p, i,
								rig->tiers[0][c.index], &c.head),
					  -EBADMSG);
				CHECK_INT(proof_check_inclusion(rig->hasher, &p, c.index,
								rig->tiers[0][i], &c.head),
					  -EBADMSG);
			}
			head = c.head;
			for (bit = 0; bit < 256; bit++) {
				head.root[bit / 8] ^= (uint8_t)(1 << bit % 8);
				CHECK_INT(proof_check_inclusion(rig->hasher, &p, c.index,
								rig->tiers[0][c.index], &head),
					  -EBADMSG);
				head.root[bit / 8] ^= (uint8_t)(1 << bit % 8);
			}
		}
	}
	rig_free(rig);
}

struct consistency {
	struct rig *rig;
	struct tree_head from, to;
};

static void consistency_must_fail(void *cookie, const struct proof *p)
{
	const struct consistency *c = cookie;

	CHECK_MSG(proof_check_consistency(c->rig->hasher, p, &c->from, &c->to) == -EBADMSG,
		  "%d to %d", (int)c->from.size, (int)c->to.size);
}

static void roots_must_fail(struct consistency *c, const struct proof *p)
{
	size_t bit;

	for (bit = 0; bit < 256; bit++) {
		c->from.root[bit / 8] ^= (uint8_t)(1 << bit % 8);
		consistency_must_fail(c, p);
		c->from.root[bit / 8] ^= (uint8_t)(1 << bit % 8);
		/* Any tree has grown from nothing. */
		if (!c->from.size)
			continue;
		c->to.root[bit / 8] ^= (uint8_t)(1 << bit % 8);
		consistency_must_fail(c, p);
		c->to.root[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void a_consistency_proof_with_any_change_is_refused(void)
{
	static const uint64_t sizes[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 17, 127, 128, 130 };
	struct rig *rig = rig_create(LARGEST, true);
	struct tree_source source = rig_source(rig, LARGEST, 1);
	struct consistency c = { .rig = rig };
	struct proof p;
	uint64_t old;
	size_t k;

	for (k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
		c.to = head_of(rig, sizes[k]);
		for (old = 0; old <= sizes[k]; old += sizes[k] > 17 ? 13 : 1) {
			c.from = head_of(rig, old);
			REQUIRE(proof_consistency(rig->hasher, &source, old, sizes[k], &p) == 0);
			CHECK_INT(proof_check_consistency(rig->hasher, &p, &c.from, &c.to), 0);
			each_change(&p, consistency_must_fail, &c);
			roots_must_fail(&c, &p);
		}
	}
	rig_free(rig);
}

/*
 * Here every hash fits, because the roots were made to fit: only the number of
 * hashes is not that of the sizes. A log that signs any root would get through.
 */
static void a_proof_of_another_length_is_refused_though_its_hashes_fit(void)
{
	struct rig *rig = rig_create(4, true);
	const uint8_t(*leaves)[TREE_HASH] = rig->tiers[0];
	struct tree_head from, head;
	struct proof p = { .count = 1 };
	uint8_t more[TREE_HASH] = { 0 };

	/* Leaf 1 of two, as if it were the only one. */
	memcpy(p.hashes[0], leaves[0], TREE_HASH);
	head = head_of(rig, 2);
	CHECK_INT(proof_check_inclusion(rig->hasher, &p, 1, leaves[1], &head), 0);
	head.size = 1;
	CHECK_INT(proof_check_inclusion(rig->hasher, &p, 0, leaves[1], &head), -EBADMSG);
	/* Two leaves, as if they were four. */
	head = head_of(rig, 2);
	head.size = 4;
	CHECK_INT(proof_check_inclusion(rig->hasher, &p, 3, leaves[1], &head), -EBADMSG);

	/* Three leaves to four, the whole below one node more; then only the right half of it. */
	p.count = 0;
	naive_subproof(3, leaves, 4, true, &p);
	memcpy(p.hashes[p.count++], more, TREE_HASH);
	from = head_of(rig, 3);
	head = head_of(rig, 4);
	naive_node(more, from.root, from.root);
	naive_node(more, head.root, head.root);
	CHECK_INT(proof_check_consistency(rig->hasher, &p, &from, &head), -EBADMSG);
	p.count = 2;
	memcpy(from.root, leaves[2], TREE_HASH);
	naive_node(leaves[2], leaves[3], head.root);
	CHECK_INT(proof_check_consistency(rig->hasher, &p, &from, &head), -EBADMSG);
	rig_free(rig);
}

static void proofs_from_tiers_are_those_from_leaves(void)
{
	static const uint64_t sizes[] = { 255,	 256,	257,   258,   511,  513,
					  65535, 65536, 65537, 65538, 66049 };
	static const uint64_t indexes[] = { 0,	   1,	  127,	 254,	255,   256,   257,  511,
					    32768, 65279, 65534, 65535, 65536, 65537, 66048 };
	struct rig *rig = rig_create(66049, true);
	struct tree_source by_leaves = rig_source(rig, rig->size, 1);
	struct tree_source by_tiers = rig_source(rig, rig->size, 3);
	struct tree_head head, from;
	struct proof a, b;
	size_t i, k;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		head = head_of(rig, sizes[i]);
		for (k = 0; k < sizeof(indexes) / sizeof(indexes[0]) && indexes[k] < sizes[i];
		     k++) {
			CHECK_INT(
				proof_inclusion(rig->hasher, &by_leaves, indexes[k], sizes[i], &a),
				0);
			CHECK_INT(proof_inclusion(rig->hasher, &by_tiers, indexes[k], sizes[i], &b),
				  0);
			CHECK(same(&a, &b));
			CHECK_INT(proof_check_inclusion(rig->hasher, &b, indexes[k],
							rig->tiers[0][indexes[k]], &head),
				  0);
			from = head_of(rig, indexes[k]);
			CHECK_INT(proof_consistency(rig->hasher, &by_leaves, indexes[k], sizes[i],
						    &a),
				  0);
			CHECK_INT(
				proof_consistency(rig->hasher, &by_tiers, indexes[k], sizes[i], &b),
				0);
			CHECK(same(&a, &b));
			CHECK_INT(proof_check_consistency(rig->hasher, &b, &from, &head), 0);
		}
	}
	CHECK(!rig->beyond);
	rig_free(rig);
}

/* All leaves of this tree are alike, so each tier has one hash only: a tree of any size, without its leaves. */
static uint8_t alike[TREE_TIERS][TREE_HASH];

static int alike_read(void *cookie, unsigned int tier, uint64_t first, unsigned int count,
		      uint8_t *hashes)
{
	while (count--)
		memcpy(hashes + (size_t)count * TREE_HASH, alike[tier], TREE_HASH);
	return 0;
}

static void proofs_hold_in_the_largest_trees(void)
{
	static const uint64_t sizes[] = { 1ULL << 32 | 1, 1ULL << 62,	  (1ULL << 63) - 1,
					  1ULL << 63,	  1ULL << 63 | 1, UINT64_MAX - 1,
					  UINT64_MAX };
	struct tree_source source = { .size = UINT64_MAX, .tiers = TREE_TIERS, .read = alike_read };
	struct tree_hasher *h;
	struct tree_head head, from;
	struct proof p;
	unsigned int most = 0;
	uint64_t places[9];
	size_t i, k;

	REQUIRE(tree_hasher_create(&h) == 0);
	memset(alike[0], 1, TREE_HASH);
	for (i = 1; i < TREE_TIERS; i++) {
		memcpy(alike[i], alike[i - 1], TREE_HASH);
		for (k = 0; k < TREE_TIER_BITS; k++)
			REQUIRE(tree_node(h, alike[i], alike[i], alike[i]) == 0);
	}
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		head.size = sizes[i];
		CHECK_INT(tree_range_hash(h, &source, 0, head.size, head.root), 0);
		memcpy(places,
		       (uint64_t[9]){ 1, 2, 3, 255, sizes[i] / 2, sizes[i] / 2 + 1, sizes[i] / 3,
				      sizes[i] - 2, sizes[i] - 1 },
		       sizeof(places));
		for (k = 0; k < 9; k++) {
			CHECK_INT(proof_inclusion(h, &source, places[k], head.size, &p), 0);
			CHECK_INT(proof_check_inclusion(h, &p, places[k], alike[0], &head), 0);
			from.size = places[k];
			CHECK_INT(tree_range_hash(h, &source, 0, from.size, from.root), 0);
			CHECK_INT(proof_consistency(h, &source, from.size, head.size, &p), 0);
			CHECK_INT(proof_check_consistency(h, &p, &from, &head), 0);
			most = p.count > most ? p.count : most;
			p.hashes[p.count - 1][0] ^= 1;
			CHECK_INT(proof_check_consistency(h, &p, &from, &head), -EBADMSG);
		}
	}
	CHECK_INT(most, PROOF_HASHES);
	tree_hasher_free(h);
}

static void what_cannot_be_is_neither_proven_nor_checked(void)
{
	struct rig *rig = rig_create(300, true);
	struct tree_source source = rig_source(rig, 300, 2);
	struct tree_head head = head_of(rig, 8), larger = head_of(rig, 9), none = head_of(rig, 0);
	struct proof p = { .count = 4711 };

	CHECK_INT(proof_inclusion(rig->hasher, &source, 0, 0, &p), -ERANGE);
	CHECK_INT(proof_inclusion(rig->hasher, &source, 8, 8, &p), -ERANGE);
	CHECK_INT(proof_inclusion(rig->hasher, &source, UINT64_MAX, 8, &p), -ERANGE);
	CHECK_INT(proof_inclusion(rig->hasher, &source, 0, 301, &p), -ERANGE);
	CHECK_INT(proof_consistency(rig->hasher, &source, 9, 8, &p), -ERANGE);
	CHECK_INT(proof_consistency(rig->hasher, &source, 9, 301, &p), -ERANGE);
	rig->fail_in = 1;
	CHECK_INT(proof_inclusion(rig->hasher, &source, 3, 300, &p), -EREMOTEIO);
	rig->fail_in = 3;
	CHECK_INT(proof_consistency(rig->hasher, &source, 3, 300, &p), -EREMOTEIO);
	CHECK_INT(p.count, 4711);
	CHECK(!rig->beyond);
	p.count = 0;
	CHECK_INT(proof_check_inclusion(rig->hasher, &p, 0, rig->tiers[0][0], &none), -ERANGE);
	CHECK_INT(proof_check_inclusion(rig->hasher, &p, 8, rig->tiers[0][0], &head), -ERANGE);
	CHECK_INT(proof_check_inclusion(rig->hasher, &p, UINT64_MAX, rig->tiers[0][0], &head),
		  -ERANGE);
	CHECK_INT(proof_check_consistency(rig->hasher, &p, &larger, &head), -ERANGE);
	CHECK_INT(proof_check_consistency(rig->hasher, &p, &head, &larger), -EBADMSG);
	rig_free(rig);
}

static const struct tap_test tests[] = {
	TEST(every_inclusion_proof_is_as_defined_and_holds),
	TEST(every_consistency_proof_is_as_defined_and_holds),
	TEST(an_inclusion_proof_with_any_change_is_refused),
	TEST(a_consistency_proof_with_any_change_is_refused),
	TEST(a_proof_of_another_length_is_refused_though_its_hashes_fit),
	TEST(proofs_from_tiers_are_those_from_leaves),
	TEST(proofs_hold_in_the_largest_trees),
	TEST(what_cannot_be_is_neither_proven_nor_checked),
};

TAP_MAIN(tests)
