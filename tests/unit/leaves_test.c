// SPDX-License-Identifier: GPL-2.0-or-later
/* The hash files: what they hold, what a crash leaves of them, and what is made again. */
#include "audit/leaves.h"
#include "tests/tap.h"
#include "tests/unit/log_rig.h"
#include "tests/unit/tree_rig.h"

#include <signal.h>
#include <sys/resource.h>

#include "audit/frames.h"
#include "audit/listing.h"

#define RECORDS 700
#define LIMIT	20000

static struct fault fault;
static uint8_t hashes[RECORDS][TREE_HASH]; /* by the definition, from the segments' bytes */

static bool hashes_make(void)
{
	struct segment_dir d;
	struct listing segments;
	uint64_t at, seq = 0;
	struct record r;
	uint8_t *bytes, *data;
	size_t len, i;
	int used;

	if (segment_dir_open(log_dir, &d, NULL) != 0 ||
	    listing_read(&d, ".seg", &segments, NULL) != 0)
		return false;
	segment_dir_close(&d);
	for (i = 0; i < segments.count; i++) {
		bytes = log_get(log_file(segments.numbers[i], ".seg"), &len);
		data = bytes ? malloc(len + 1) : NULL;
		if (!data)
			return false;
		for (at = SEGMENT_HEADER; at < len && seq < RECORDS; at += (uint64_t)used) {
			size_t header = at == SEGMENT_HEADER ? SEGMENT_HEADER : 0;

			used = record_decode(bytes + at, len - at, &r);
			if (used <= 0)
				return false;
			data[0] = 0;
			memcpy(data + 1, bytes, header);
			memcpy(data + 1 + header, bytes + at, (size_t)used);
			naive_hash(data, 1 + header + (size_t)used, hashes[seq++]);
		}
		free(bytes);
		free(data);
	}
	listing_release(&segments);
	return seq == RECORDS;
}

/* Whether what is stored of a log of so many records is the tree of these hashes. */
static bool stored_is(uint64_t records, unsigned int tiers)
{
	uint8_t root[TREE_HASH], naive[TREE_HASH];
	struct tree_hasher *h;
	struct leaves *l;
	bool same;

	fault.text[0] = '\0';
	if (leaves_open(log_dir, tiers, &l, &fault) != 0)
		return false;
	if (tree_hasher_create(&h) != 0)
		return false;
	naive_root(hashes, records, naive);
	same = leaves_source(l)->size == records &&
	       tree_range_hash(h, leaves_source(l), 0, records, root) == 0 &&
	       memcmp(root, naive, sizeof(root)) == 0;
	tree_hasher_free(h);
	leaves_close(l);
	return same;
}

static int mend(uint64_t records, uint64_t *made)
{
	struct leaves_writer *w;
	int rc;

	fault.text[0] = '\0';
	rc = leaves_writer_open(log_dir, records, &w, made, &fault);
	if (rc == 0)
		leaves_writer_close(w);
	return rc;
}

static bool segment_second(uint64_t *ret_first)
{
	struct segment_dir d;
	struct listing l;
	bool ok;

	if (segment_dir_open(log_dir, &d, NULL) != 0)
		return false;
	ok = listing_read(&d, ".seg", &l, NULL) == 0 && l.count > 3;
	if (ok)
		*ret_first = l.numbers[1];
	listing_release(&l);
	segment_dir_close(&d);
	return ok;
}

static void missing_files_are_made_from_the_segments(void)
{
	uint64_t made, second;
	struct stat st;

	log_new();
	REQUIRE(log_grow(RECORDS, LIMIT) && hashes_make());
	CHECK_INT(mend(RECORDS, &made), 0);
	CHECK_INT(made, RECORDS);
	CHECK(stored_is(RECORDS, TREE_TIERS));
	CHECK(stored_is(RECORDS, 1));
	CHECK(stat(log_path("tier-1"), &st) == 0 && st.st_size == 2 * TREE_HASH);
	CHECK_INT(st.st_mode & 07777, 0640);
	CHECK(access(log_path("tier-2"), F_OK) != 0);
	CHECK_INT(mend(RECORDS, &made), 0);
	CHECK_INT(made, 0);

	REQUIRE(segment_second(&second));
	unlink(log_file(second, ".leaf"));
	unlink(log_path("tier-1"));
	CHECK(!stored_is(RECORDS, TREE_TIERS));
	CHECK_INT(mend(RECORDS, &made), 0);
	CHECK(made > 0 && made < RECORDS / 2);
	CHECK(stored_is(RECORDS, TREE_TIERS));
}

/* At every size, by one writer that flushes now and then, against the definition. */
static void leaves_added_one_by_one_make_the_same_files(void)
{
	struct leaves_writer *w;
	struct segment_dir d;
	struct listing l;
	uint64_t i, flushed = 0;
	size_t at = 0;

	log_new();
	REQUIRE(log_grow(RECORDS, LIMIT) && hashes_make());
	REQUIRE(segment_dir_open(log_dir, &d, NULL) == 0);
	REQUIRE(listing_read(&d, ".seg", &l, NULL) == 0);
	segment_dir_close(&d);
	REQUIRE(leaves_writer_open(log_dir, 0, &w, NULL, &fault) == 0);
	CHECK_INT(leaves_append(w, 7, hashes[0]), -EINVAL);
	CHECK_INT(leaves_append(w, 0, hashes[0]), -EINVAL);
	for (i = 0; i < RECORDS; i++) {
		if (at + 1 < l.count && l.numbers[at + 1] == i + 1)
			at++;
		REQUIRE(leaves_append(w, l.numbers[at], hashes[i]) == 0);
		if (i % 37 == 0 || i + 1 == RECORDS) {
			REQUIRE(leaves_flush(w) == 0);
			CHECK(stored_is(i + 1, TREE_TIERS));
			flushed++;
		}
	}
	CHECK_INT(leaves_edge(w)->size, RECORDS);
	CHECK_INT(leaves_append(w, 3, hashes[0]), -EINVAL);
	CHECK_INT(leaves_sync(w), 0);
	leaves_writer_close(w);
	CHECK(flushed > 18);
	CHECK_INT(mend(RECORDS, &i), 0);
	CHECK_INT(i, 0);
	listing_release(&l);
}

/* A record more after each recovery. */
static void a_writer_goes_on_where_the_log_was_cut(void)
{
	static const uint64_t sizes[] = { 0, 1, 255, 256, 257, 511, 512, 513, 699, 700 };
	struct leaves_writer *w;
	struct segment_dir d;
	struct listing l;
	size_t i, at;
	uint64_t n;

	log_new();
	REQUIRE(log_grow(RECORDS, LIMIT) && hashes_make());
	REQUIRE(segment_dir_open(log_dir, &d, NULL) == 0);
	REQUIRE(listing_read(&d, ".seg", &l, NULL) == 0);
	segment_dir_close(&d);
	for (i = sizeof(sizes) / sizeof(sizes[0]); i--;) {
		n = sizes[i];
		CHECK_INT(mend(RECORDS, NULL), 0);
		REQUIRE(leaves_writer_open(log_dir, n, &w, NULL, &fault) == 0);
		CHECK(stored_is(n, TREE_TIERS));
		if (n < RECORDS) {
			for (at = 0; at + 1 < l.count && l.numbers[at + 1] <= n + 1; at++)
				;
			CHECK_INT(leaves_append(w, l.numbers[at], hashes[n]), 0);
			CHECK_INT(leaves_flush(w), 0);
			CHECK(stored_is(n + 1, TREE_TIERS));
		}
		leaves_writer_close(w);
	}
	listing_release(&l);
}

static void half_a_hash_is_refused_by_readers_and_cut_by_the_writer(void)
{
	uint64_t made, second;
	uint8_t *bytes;
	struct leaves *l;
	size_t len;

	log_new();
	REQUIRE(log_grow(RECORDS, LIMIT) && hashes_make() && mend(RECORDS, NULL) == 0);
	REQUIRE(segment_second(&second));
	bytes = log_get(log_file(second, ".leaf"), &len);
	REQUIRE(bytes && log_set(log_file(second, ".leaf"), bytes, len - 40));
	CHECK_INT(leaves_open(log_dir, TREE_TIERS, &l, &fault), -EBADMSG);
	CHECK(strstr(fault.text, "within a hash") != NULL);
	CHECK_INT(mend(RECORDS, &made), 0);
	CHECK_INT(made, 2);
	CHECK(stored_is(RECORDS, TREE_TIERS));

	bytes = realloc(bytes, len + 64);
	REQUIRE(bytes);
	memset(bytes + len, 0, 64);
	REQUIRE(log_set(log_file(second, ".leaf"), bytes, len + 64));
	CHECK_INT(leaves_open(log_dir, TREE_TIERS, &l, &fault), -EBADMSG);
	CHECK(strstr(fault.text, "more hashes than records") != NULL);
	CHECK_INT(mend(RECORDS, &made), 0);
	CHECK(stored_is(RECORDS, TREE_TIERS));
	free(bytes);

	bytes = log_get(log_path("tier-1"), &len);
	REQUIRE(bytes && log_set(log_path("tier-1"), bytes, TREE_HASH));
	REQUIRE(leaves_open(log_dir, TREE_TIERS, &l, &fault) == 0);
	CHECK_INT(leaves_source(l)->size, 511);
	leaves_close(l);
	REQUIRE(log_set(log_path("tier-1"), bytes, TREE_HASH + 1));
	CHECK_INT(leaves_open(log_dir, TREE_TIERS, &l, &fault), -EBADMSG);
	CHECK_INT(mend(RECORDS, &made), 0);
	CHECK_INT(made, 0);
	CHECK(stored_is(RECORDS, TREE_TIERS));
	free(bytes);
}

/* Hashes that are there stay, so that they tell of a record that was changed. */
static void a_stored_hash_is_never_computed_anew(void)
{
	uint64_t made;
	uint8_t *bytes;
	size_t len;

	log_new();
	REQUIRE(log_grow(RECORDS, LIMIT) && hashes_make() && mend(RECORDS, NULL) == 0);
	bytes = log_get(log_file(1, ".leaf"), &len);
	REQUIRE(bytes);
	bytes[70] ^= 1;
	hashes[2][6] ^= 1;
	unlink(log_path("tier-1"));
	REQUIRE(log_set(log_file(1, ".leaf"), bytes, len));
	CHECK_INT(mend(RECORDS, &made), 0);
	CHECK_INT(made, 0);
	CHECK(stored_is(RECORDS, TREE_TIERS));
	free(bytes);
}

static void what_cannot_be_made_is_refused(void)
{
	uint64_t second;
	uint8_t *bytes;
	size_t len;

	log_new();
	REQUIRE(log_grow(RECORDS, LIMIT) && hashes_make() && mend(RECORDS, NULL) == 0);
	CHECK_INT(mend(RECORDS + 1, NULL), -EBADMSG);
	CHECK(strstr(fault.text, "record 701") != NULL);
	REQUIRE(segment_second(&second));
	bytes = log_get(log_file(second, ".seg"), &len);
	REQUIRE(bytes);
	bytes[SEGMENT_HEADER + 30] ^= 4;
	REQUIRE(log_set(log_file(second, ".seg"), bytes, len));
	CHECK_INT(mend(RECORDS, NULL), 0);
	unlink(log_file(second, ".leaf"));
	CHECK_INT(mend(RECORDS, NULL), -EBADMSG);
	CHECK(strstr(fault.text, "cannot be hashed") != NULL);
	free(bytes);
	/* The first segment may be gone, as long as its hashes are there. */
	log_new();
	REQUIRE(log_grow(RECORDS, LIMIT) && mend(RECORDS, NULL) == 0);
	unlink(log_file(1, ".seg"));
	CHECK_INT(mend(RECORDS, NULL), 0);
	CHECK(stored_is(RECORDS, TREE_TIERS));
	unlink(log_file(1, ".leaf"));
	CHECK_INT(mend(RECORDS, NULL), -EBADMSG);
	CHECK(strstr(fault.text, "hashes are missing") != NULL);
}

static void links_and_other_files_are_not_followed(void)
{
	static const char *const names[] = { "00000000000000000001.leaf", "tier-1" };
	struct leaves *l;
	char other[320];
	size_t i;

	for (i = 0; i < 2; i++) {
		log_new();
		REQUIRE(log_grow(RECORDS, LIMIT) && mend(RECORDS, NULL) == 0);
		strcpy(other, log_path("elsewhere"));
		REQUIRE(rename(log_path(names[i]), other) == 0);
		REQUIRE(symlink(other, log_path(names[i])) == 0);
		CHECK_INT(leaves_open(log_dir, TREE_TIERS, &l, &fault), -ELOOP);
		CHECK_INT(mend(RECORDS, NULL), -ELOOP);
		unlink(log_path(names[i]));
		REQUIRE(mkfifo(log_path(names[i]), 0600) == 0);
		CHECK_INT(leaves_open(log_dir, TREE_TIERS, &l, &fault), -EBADMSG);
		CHECK_INT(mend(RECORDS, NULL), -EBADMSG);
	}
	log_new();
	CHECK_INT(leaves_open(log_dir, TREE_TIERS, &l, &fault), -ENOENT);
	REQUIRE(mkdir(log_dir, 0750) == 0);
	CHECK(stored_is(0, TREE_TIERS));
	REQUIRE(log_set(log_path("3.leaf"), "", 0));
	CHECK_INT(leaves_open(log_dir, TREE_TIERS, &l, &fault), -EBADMSG);
}

static void a_read_beyond_or_of_a_cut_file_fails(void)
{
	uint8_t run[256 * TREE_HASH];
	struct leaves *l;

	log_new();
	REQUIRE(log_grow(RECORDS, LIMIT) && hashes_make() && mend(RECORDS, NULL) == 0);
	REQUIRE(leaves_open(log_dir, TREE_TIERS, &l, &fault) == 0);
	CHECK_INT(leaves_source(l)->tiers, 2);
	CHECK_INT(leaves_source(l)->read(leaves_source(l)->cookie, 0, 400, 256, run), 0);
	CHECK(memcmp(run, hashes[400], sizeof(run)) == 0);
	REQUIRE(truncate(log_file(1, ".leaf"), 32) == 0);
	CHECK_INT(leaves_source(l)->read(leaves_source(l)->cookie, 0, 0, 2, run), -EIO);
	REQUIRE(truncate(log_path("tier-1"), 32) == 0);
	CHECK_INT(leaves_source(l)->read(leaves_source(l)->cookie, 1, 0, 2, run), -EIO);
	leaves_close(l);
}

/* A full disk, played by a limit: what was not written is written the next time. */
static void a_flush_that_failed_is_made_up_for(void)
{
	struct rlimit limit, full;
	struct leaves_writer *w;
	uint64_t i;

	log_new();
	REQUIRE(log_grow(RECORDS, 1 << 20) && hashes_make());
	REQUIRE(leaves_writer_open(log_dir, 0, &w, NULL, &fault) == 0);
	for (i = 0; i < 600; i++)
		REQUIRE(leaves_append(w, 1, hashes[i]) == 0);
	REQUIRE(getrlimit(RLIMIT_FSIZE, &limit) == 0);
	signal(SIGXFSZ, SIG_IGN);
	full = limit;
	full.rlim_cur = 1000;
	REQUIRE(setrlimit(RLIMIT_FSIZE, &full) == 0);
	CHECK_INT(leaves_flush(w), -EFBIG);
	CHECK_INT(leaves_append(w, 1, hashes[600]), 0);
	CHECK_INT(leaves_flush(w), -EFBIG);
	REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHECK_INT(leaves_flush(w), 0);
	CHECK(stored_is(601, TREE_TIERS));
	leaves_writer_close(w);
}

static void nothing_is_left_behind(void)
{
	log_end();
	CHECK(access(log_base, F_OK) != 0);
}

static const struct tap_test tests[] = {
	TEST(missing_files_are_made_from_the_segments),
	TEST(leaves_added_one_by_one_make_the_same_files),
	TEST(a_writer_goes_on_where_the_log_was_cut),
	TEST(half_a_hash_is_refused_by_readers_and_cut_by_the_writer),
	TEST(a_stored_hash_is_never_computed_anew),
	TEST(what_cannot_be_made_is_refused),
	TEST(links_and_other_files_are_not_followed),
	TEST(a_read_beyond_or_of_a_cut_file_fails),
	TEST(a_flush_that_failed_is_made_up_for),
	TEST(nothing_is_left_behind),
};
TAP_MAIN(tests)
