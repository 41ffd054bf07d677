// SPDX-License-Identifier: GPL-2.0-or-later
/* The Merkle tree against its definition: leaves, growth, tiers, and the hash of any part. */
#include "audit/tree.h"
#include "tests/tap.h"
#include "tests/unit/tree_rig.h"

static const struct reference {
	const char *leaf; /* in hexadecimal */
	const char *root; /* of the tree up to this leaf */
} reference[] = {
	{ "", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" },
	{ "00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" },
	{ "10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77" },
	{ "2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7" },
	{ "3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4" },
	{ "40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef" },
	{ "5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c" },
	{ "606162636465666768696a6b6c6d6e6f",
	  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328" },
};

static size_t from_hex(const char *hex, uint8_t *bytes)
{
	size_t len = strlen(hex) / 2, i;
	unsigned int byte;

	for (i = 0; i < len; i++) {
		sscanf(hex + 2 * i, "%2x", &byte);
		bytes[i] = (uint8_t)byte;
	}
	return len;
}

static void check_hash(const uint8_t *hash, const char *expected)
{
	char text[65];
	int i;

	for (i = 0; i < TREE_HASH; i++)
		sprintf(text + 2 * i, "%02x", hash[i]);
	CHECK_STR(text, expected);
}

/* The leaves and roots that the reference implementation of RFC 6962 is tested with. */
static void the_reference_s_roots_are_met(void)
{
	struct tree_edge edge = { 0 };
	struct tree_hasher *h;
	uint8_t data[16], hash[TREE_HASH];
	struct tree_bytes part = { .data = data };
	size_t i;

	REQUIRE(tree_hasher_create(&h) == 0);
	CHECK_INT(tree_root(h, &edge, hash), 0);
	check_hash(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (i = 0; i < sizeof(reference) / sizeof(reference[0]); i++) {
		part.len = from_hex(reference[i].leaf, data);
		CHECK_INT(tree_leaf(h, &part, 1, hash), 0);
		CHECK_INT(tree_append(h, &edge, hash, NULL), 1);
		CHECK_INT(edge.size, i + 1);
		CHECK_INT(tree_root(h, &edge, hash), 0);
		check_hash(hash, reference[i].root);
	}
	tree_hasher_free(h);
}

static void a_leaf_in_parts_is_the_leaf(void)
{
	uint8_t data[301], whole[TREE_HASH], hash[TREE_HASH];
	struct tree_bytes parts[2];
	struct tree_hasher *h;
	size_t cut, i;

	REQUIRE(tree_hasher_create(&h) == 0);
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	/* 0x00 stands before the data, which begins with one here. */
	naive_hash(data, sizeof(data), whole);
	for (cut = 1; cut <= sizeof(data); cut++) {
		parts[0] = (struct tree_bytes){ data + 1, cut - 1 };
		parts[1] = (struct tree_bytes){ data + cut, sizeof(data) - cut };
		CHECK_INT(tree_leaf(h, parts, 2, hash), 0);
		CHECK(memcmp(hash, whole, TREE_HASH) == 0);
	}
	parts[0].len--;
	CHECK_INT(tree_leaf(h, parts, 1, hash), 0);
	CHECK(memcmp(hash, whole, TREE_HASH) != 0);
	naive_hash("", 1, whole);
	CHECK_INT(tree_leaf(h, NULL, 0, hash), 0);
	CHECK(memcmp(hash, whole, TREE_HASH) == 0);
	tree_hasher_free(h);
}

static void the_root_is_that_of_the_definition_at_every_size(void)
{
	struct rig *rig = rig_create(1100, true);
	uint8_t hash[TREE_HASH];
	uint64_t size;

	for (size = 0; size <= rig->size; size++) {
		naive_root(rig->tiers[0], size, hash);
		CHECK_MSG(memcmp(hash, rig->roots[size], TREE_HASH) == 0, "%d", (int)size);
	}
	rig_free(rig);
}

static void each_tier_has_a_hash_for_each_of_its_subtrees(void)
{
	struct rig *rig = rig_create(65536 + 513, false);
	uint8_t hash[TREE_HASH];
	uint64_t i;

	CHECK_INT(rig->counts[0], 65536 + 513);
	CHECK_INT(rig->counts[1], 256 + 2);
	CHECK_INT(rig->counts[2], 1);
	for (i = 0; i < rig->counts[0]; i++) {
		naive_leaf(i, hash);
		CHECK(memcmp(hash, rig->tiers[0][i], TREE_HASH) == 0);
	}
	for (i = 0; i < rig->counts[1]; i++) {
		naive_root(rig->tiers[0] + i * 256, 256, hash);
		CHECK(memcmp(hash, rig->tiers[1][i], TREE_HASH) == 0);
	}
	naive_root(rig->tiers[0], 65536, hash);
	CHECK(memcmp(hash, rig->tiers[2][0], TREE_HASH) == 0);
	rig_free(rig);
}

/* Can all of start to end - 1, and nothing else of the same width, be below one node? */
static bool is_aligned(uint64_t start, uint64_t end)
{
	uint64_t width = 1;

	while (width < end - start)
		width *= 2;
	return start % width == 0;
}

static void every_range_below_one_node_has_its_hash_and_no_other_has_one(void)
{
	struct rig *rig = rig_create(530, false);
	struct tree_source source = rig_source(rig, rig->size, 2);
	uint8_t hash[TREE_HASH], expected[TREE_HASH];
	uint64_t start, end;

	for (start = 0; start <= rig->size; start++) {
		for (end = start; end <= rig->size; end++) {
			memset(hash, 0xaa, sizeof(hash));
			if (!is_aligned(start, end)) {
				CHECK_INT(tree_range_hash(rig->hasher, &source, start, end, hash),
					  -EINVAL);
				CHECK_INT(hash[0], 0xaa);
				continue;
			}
			CHECK_INT(tree_range_hash(rig->hasher, &source, start, end, hash), 0);
			naive_root(rig->tiers[0] + start, end - start, expected);
			CHECK_MSG(memcmp(hash, expected, TREE_HASH) == 0, "%d to %d", (int)start,
				  (int)end);
		}
	}
	CHECK(!rig->beyond);
	rig_free(rig);
}

static void what_the_source_has_not_is_not_asked_for(void)
{
	struct rig *rig = rig_create(300, false);
	struct tree_source source = rig_source(rig, 300, 2);
	uint8_t hash[TREE_HASH];
	struct tree_edge edge;

	CHECK_INT(tree_range_hash(rig->hasher, &source, 0, 301, hash), -ERANGE);
	CHECK_INT(tree_range_hash(rig->hasher, &source, 0, UINT64_MAX, hash), -ERANGE);
	CHECK_INT(tree_range_hash(rig->hasher, &source, 4, 3, hash), -ERANGE);
	CHECK_INT(tree_edge_read(rig->hasher, &source, 301, &edge), -ERANGE);
	source.size = 299;
	CHECK_INT(tree_edge_read(rig->hasher, &source, 300, &edge), -ERANGE);
	source.tiers = 0;
	CHECK_INT(tree_edge_read(rig->hasher, &source, 299, &edge), -EINVAL);
	source.tiers = TREE_TIERS + 1;
	CHECK_INT(tree_edge_read(rig->hasher, &source, 299, &edge), -EINVAL);
	CHECK_INT(rig->asked[0] + rig->asked[1], 0);
	CHECK(!rig->beyond);
	/* So wide that a power of two above it does not fit 64 bits. */
	source = rig_source(rig, UINT64_MAX, TREE_TIERS);
	CHECK_INT(tree_range_hash(rig->hasher, &source, 1, UINT64_MAX, hash), -EINVAL);
	CHECK_INT(tree_range_hash(rig->hasher, &source, 0, UINT64_MAX, hash), -EINVAL);
	CHECK(rig->beyond);
	rig_free(rig);
}

static void an_edge_read_back_is_the_one_that_grew(void)
{
	static const uint64_t sizes[] = { 0,	 1,	2,     3,     127,   128,   255,
					  256,	 257,	511,   512,   65279, 65280, 65281,
					  65535, 65536, 65537, 65792, 66047, 66048 };
	struct tree_edge edge, grown = { 0 };
	struct rig *rig = rig_create(66048, false);
	struct tree_source source;
	unsigned int tiers;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		while (grown.size < sizes[i])
			CHECK(tree_append(rig->hasher, &grown, rig->tiers[0][grown.size], NULL) >
			      0);
		for (tiers = 1; tiers <= 3; tiers++) {
			source = rig_source(rig, rig->size, tiers);
			memset(&edge, 0xaa, sizeof(edge));
			CHECK_INT(tree_edge_read(rig->hasher, &source, sizes[i], &edge), 0);
			CHECK_INT(edge.size, grown.size);
			CHECK_INT(edge.count, grown.count);
			CHECK(memcmp(edge.hashes, grown.hashes, (size_t)grown.count * TREE_HASH) ==
			      0);
		}
	}
	CHECK(!rig->beyond);
	rig_free(rig);
}

static void less_than_a_tile_of_each_tier_is_read(void)
{
	struct rig *rig = rig_create(131071, false);
	struct tree_source source = rig_source(rig, rig->size, 3);
	uint8_t hash[TREE_HASH];

	CHECK_INT(tree_range_hash(rig->hasher, &source, 0, rig->size, hash), 0);
	CHECK_INT(rig->asked[0], 255);
	CHECK_INT(rig->asked[1], 255);
	CHECK_INT(rig->asked[2], 1);
	memset(rig->asked, 0, sizeof(rig->asked));
	CHECK_INT(tree_range_hash(rig->hasher, &source, 0, 65536, hash), 0);
	CHECK_INT(rig->asked[0] + rig->asked[1], 0);
	CHECK_INT(rig->asked[2], 1);
	CHECK(memcmp(hash, rig->tiers[2][0], TREE_HASH) == 0);
	rig_free(rig);
}

static void an_error_of_the_source_is_handed_on(void)
{
	struct rig *rig = rig_create(66000, false);
	struct tree_source source = rig_source(rig, rig->size, 3);
	uint8_t hash[TREE_HASH] = { 0xaa };
	struct tree_edge edge = { .size = 7 };
	long i;

	for (i = 1; i <= 3; i++) {
		rig->fail_in = i;
		CHECK_INT(tree_range_hash(rig->hasher, &source, 0, rig->size, hash), -EREMOTEIO);
		rig->fail_in = i;
		CHECK_INT(tree_edge_read(rig->hasher, &source, rig->size, &edge), -EREMOTEIO);
	}
	CHECK_INT(hash[0], 0xaa);
	CHECK_INT(edge.size, 7);
	rig_free(rig);
}

static void the_largest_tree_is_full(void)
{
	struct tree_edge edge = { .size = UINT64_MAX - 1, .count = 63 }, before;
	uint8_t leaf[TREE_HASH] = { 1 }, tiers[TREE_TIERS][TREE_HASH];
	struct tree_hasher *h;

	REQUIRE(tree_hasher_create(&h) == 0);
	CHECK_INT(tree_append(h, &edge, leaf, tiers), 1);
	CHECK_INT(edge.count, TREE_EDGE);
	CHECK_INT(tree_root(h, &edge, tiers[0]), 0);
	before = edge;
	CHECK_INT(tree_append(h, &edge, leaf, NULL), -EOVERFLOW);
	CHECK(memcmp(&before, &edge, sizeof(edge)) == 0);
	/* The leaf that completes a subtree of every tier there is. */
	edge = (struct tree_edge){ .size = UINT64_MAX >> 1, .count = 63 };
	CHECK_INT(tree_append(h, &edge, leaf, tiers), TREE_TIERS);
	CHECK_INT(edge.count, 1);
	tree_hasher_free(h);
	tree_hasher_free(NULL);
}

static const struct tap_test tests[] = {
	TEST(the_reference_s_roots_are_met),
	TEST(a_leaf_in_parts_is_the_leaf),
	TEST(the_root_is_that_of_the_definition_at_every_size),
	TEST(each_tier_has_a_hash_for_each_of_its_subtrees),
	TEST(every_range_below_one_node_has_its_hash_and_no_other_has_one),
	TEST(what_the_source_has_not_is_not_asked_for),
	TEST(an_edge_read_back_is_the_one_that_grew),
	TEST(less_than_a_tile_of_each_tier_is_read),
	TEST(an_error_of_the_source_is_handed_on),
	TEST(the_largest_tree_is_full),
};

TAP_MAIN(tests)
