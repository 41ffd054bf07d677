// SPDX-License-Identifier: GPL-2.0-or-later
/* The log as evidence: every record is hashed and signed for, a crash costs nothing that was, and a changed log is not gone on with. */
#include "audit/ledger.h"
#include "tests/tap.h"
#include "tests/unit/verify_rig.h"

#include <signal.h>
#include <sys/resource.h>

#define NS 1000000000ULL

static struct fault fault;
static struct ledger_found found;

static int open_as(const struct note_key *key, uint64_t limit, struct ledger **l)
{
	const struct ledger_options o = {
		.segments = { .directory = log_dir,
			      .boot = (const uint8_t *)"boot a.........",
			      .limit = limit,
			      .buffer = 65536 },
		.key = key,
	};

	fault.text[0] = '\0';
	return ledger_open(&o, l, &found, &fault);
}

/* From the next one up to number `to`. */
static bool grow(struct ledger *l, uint64_t to)
{
	struct record r = { 0 };
	int rc;

	while (r.seq < to) {
		/* The number comes of the log; what the record says of it is told then. */
		r = log_record(1);
		rc = ledger_append(l, &r);
		if (rc == 0)
			rc = ledger_flush(l);
		if (rc)
			return false;
	}
	return true;
}

/* As a stranger sees the log. */
static bool fine(uint64_t records, uint64_t covered)
{
	const struct verify_options o = { .directory = log_dir, .verifier = &log_key.verifier };
	struct verify_result r;

	if (verify_log(&o, &r, &fault) != 0) {
		printf("# %s\n", fault.text);
		return false;
	}
	if (r.problem || r.records != records || r.covered != covered || r.hashes_missing ||
	    r.hashes_wrong || r.hashes_beyond)
		printf("# %s; %llu records, %llu covered, hashes: %llu missing, %llu wrong, %llu beyond\n",
		       r.text.text, (unsigned long long)r.records, (unsigned long long)r.covered,
		       (unsigned long long)r.hashes_missing, (unsigned long long)r.hashes_wrong,
		       (unsigned long long)r.hashes_beyond);
	return !r.problem && r.records == records && r.covered == covered && !r.hashes_missing &&
	       !r.hashes_wrong && !r.hashes_beyond;
}

static void what_is_appended_is_hashed_and_signed_for(void)
{
	struct ledger *l;

	log_new();
	REQUIRE(open_as(&log_key, 1 << 20, &l) == 0);
	CHECK_INT(found.covered, 0);
	CHECK_INT(ledger_checkpoint(l, 0), 0);
	CHECK_INT(ledger_covered(l), 0);
	CHECK(grow(l, 10));
	CHECK(fine(10, 0));
	CHECK_INT(ledger_checkpoint(l, 0), 0);
	CHECK_INT(ledger_covered(l), 10);
	CHECK(fine(10, 10));
	CHECK(grow(l, 700));
	CHECK(fine(700, 10));
	/* The end of it is signed for as well. */
	ledger_close(l);
	CHECK(fine(700, 700));
	REQUIRE(open_as(&log_key, 1 << 20, &l) == 0);
	CHECK_INT(found.covered, 700);
	CHECK_INT(found.tail.next_seq, 701);
	CHECK_INT(found.hashed, 0);
	CHECK_INT(found.changed, 0);
	CHECK(grow(l, 701));
	ledger_close(l);
	CHECK(fine(701, 701));
}

static void it_goes_on_over_many_segments(void)
{
	struct ledger *l;
	uint64_t to;

	log_new();
	for (to = 1; to < 900; to = to * 5 / 3 + 1) {
		REQUIRE(open_as(&log_key, 8192, &l) == 0);
		CHECK(grow(l, to));
		ledger_close(l);
		CHECK(fine(to, to));
	}
}

static void it_is_due_at_intervals_and_sooner_when_busy(void)
{
	struct ledger *l;

	log_new();
	REQUIRE(open_as(&log_key, 1 << 20, &l) == 0);
	CHECK(!ledger_due(l, 1000 * NS));
	CHECK(grow(l, 1));
	CHECK(ledger_due(l, 1000 * NS));
	CHECK_INT(ledger_checkpoint(l, 1000 * NS), 0);
	CHECK(!ledger_due(l, 9000 * NS));
	CHECK(grow(l, 2));
	CHECK(!ledger_due(l, (1000 + LIMIT_CHECKPOINT_S) * NS - 1));
	CHECK(ledger_due(l, (1000 + LIMIT_CHECKPOINT_S) * NS));
	ledger_close(l);
	/* A segment is full after a few records. */
	log_new();
	REQUIRE(open_as(&log_key, 8192, &l) == 0);
	CHECK(grow(l, 1));
	CHECK_INT(ledger_checkpoint(l, 1000 * NS), 0);
	CHECK(grow(l, 100));
	CHECK(!ledger_due(l, (1000 + LIMIT_CHECKPOINT_GAP) * NS - 1));
	CHECK(ledger_due(l, (1000 + LIMIT_CHECKPOINT_GAP) * NS));
	ledger_close(l);
}

static void hashes_that_a_crash_took_are_made_again(void)
{
	struct ledger *l;

	/* The writer died between the segment and the hashes. */
	REQUIRE(log_make(600, 30000, 100, 400));
	REQUIRE(open_as(&log_key, 30000, &l) == 0);
	CHECK_INT(found.covered, 400);
	CHECK_INT(found.hashed, 200);
	CHECK_INT(found.changed, 0);
	ledger_close(l);
	CHECK(fine(600, 600));
}

/* The last file of hashes. */
static const char *last_leaves(uint64_t *ret_first)
{
	struct listing files;
	struct segment_dir d;
	static char path[400];

	path[0] = '\0';
	if (segment_dir_open(log_dir, &d, NULL) != 0)
		return path;
	if (listing_read(&d, LEAVES_SUFFIX, &files, NULL) == 0 && files.count) {
		*ret_first = files.numbers[files.count - 1];
		snprintf(path, sizeof(path), "%s", log_file(*ret_first, LEAVES_SUFFIX));
	}
	listing_release(&files);
	segment_dir_close(&d);
	return path;
}

static bool leaves_put(const char *path, uint64_t at, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY);
	bool ok = fd >= 0 && pwrite(fd, bytes, len, (off_t)at) == (ssize_t)len;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* A log of 600 whose 100 last records nothing signs for, all of them hashed. */
static bool make_tail(void)
{
	struct leaves_writer *w;

	if (!log_make(600, 30000, 100, 500) ||
	    leaves_writer_open(log_dir, 600, &w, NULL, NULL) != 0)
		return false;
	leaves_writer_close(w);
	return true;
}

static void zeros_and_half_a_hash_at_the_end_are_a_crash(void)
{
	static const uint8_t zeros[3 * TREE_HASH];
	struct ledger *l;
	const char *path;
	uint64_t first = 0;

	REQUIRE(make_tail());
	path = last_leaves(&first);
	REQUIRE(first > 500 && first < 598);
	REQUIRE(leaves_put(path, (597 - first + 1) * TREE_HASH, zeros, sizeof(zeros)));
	REQUIRE(open_as(&log_key, 30000, &l) == 0);
	CHECK_INT(found.changed, 0);
	ledger_close(l);
	CHECK(fine(600, 600));

	REQUIRE(make_tail());
	REQUIRE(truncate(last_leaves(&first), (off_t)((600 - first) * TREE_HASH + 7)) == 0);
	REQUIRE(open_as(&log_key, 30000, &l) == 0);
	CHECK_INT(found.hashed, 1);
	CHECK_INT(found.changed, 0);
	ledger_close(l);
	CHECK(fine(600, 600));
}

static void another_hash_at_the_end_is_told(void)
{
	struct ledger *l;
	uint64_t first = 0;

	REQUIRE(make_tail());
	REQUIRE(leaves_put(last_leaves(&first), 0, "changed", 7));
	REQUIRE(open_as(&log_key, 30000, &l) == 0);
	CHECK_INT(found.changed, 1);
	ledger_close(l);
	CHECK(fine(600, 600));
}

static void tiers_that_were_not_synced_are_made_again(void)
{
	static const uint8_t zeros[TREE_HASH];
	struct ledger *l;

	/* Leaves 256 to 511 have their node in the part that nothing signs for. */
	REQUIRE(make_tail());
	REQUIRE(leaves_put(log_path("tier-1"), TREE_HASH, zeros, sizeof(zeros)));
	REQUIRE(open_as(&log_key, 30000, &l) == 0);
	CHECK(grow(l, 601));
	ledger_close(l);
	CHECK(fine(601, 601));
}

static void tiers_that_are_there_without_their_hashes_are_made_again(void)
{
	static const uint8_t zeros[TREE_HASH];
	struct ledger *l;

	/* A power cut took the hashes of the tail, and left zeros where a node of theirs was. */
	REQUIRE(log_make(600, 30000, 100, 500));
	REQUIRE(leaves_put(log_path("tier-1"), TREE_HASH, zeros, sizeof(zeros)));
	REQUIRE(open_as(&log_key, 30000, &l) == 0);
	CHECK_INT(found.hashed, 100);
	CHECK_INT(found.changed, 0);
	ledger_close(l);
	CHECK(fine(600, 600));
}

/* What must be refused is refused twice, and nothing was mended by it; f says it in a line. */
static void refused(const struct note_key *key, int error, const char *word)
{
	struct image before = { 0 }, after = { 0 };
	struct ledger *l;
	size_t i;

	REQUIRE(image_take(&before));
	for (i = 0; i < 2; i++) {
		CHECK_INT(open_as(key, 30000, &l), error);
		CHECK_MSG(strstr(fault.text, word), "%s", fault.text);
	}
	CHECK(image_take(&after) && before.count <= after.count);
	for (i = 0; i < before.count; i++) {
		const struct image_file *same = image_find(&after, before.files[i].name);

		if (same && strstr(same->name, ".seg"))
			CHECK(same->len == before.files[i].len &&
			      memcmp(same->data, before.files[i].data, same->len) == 0);
	}
	image_free(&before);
	image_free(&after);
}

static void a_log_shorter_than_what_was_signed_for_is_refused(void)
{
	struct ledger *l;
	size_t len = 0;
	uint8_t *note;

	REQUIRE(log_make(600, 1 << 20, 100, 600));
	note = log_get(log_path("checkpoints"), &len);
	REQUIRE(note && log_make(599, 1 << 20, 0, 0) &&
		log_set(log_path("checkpoints"), note, len));
	refused(&log_key, -EBADMSG, "the others are gone");
	/* The control: what was there before. */
	REQUIRE(log_make(600, 1 << 20, 0, 0) && log_set(log_path("checkpoints"), note, len));
	CHECK_INT(open_as(&log_key, 1 << 20, &l), 0);
	ledger_close(l);
	CHECK(fine(600, 600));
	free(note);
}

static void hashes_other_than_those_signed_for_are_refused(void)
{
	uint64_t first = 0;
	struct ledger *l;

	REQUIRE(log_make(600, 30000, 100, 600));
	REQUIRE(leaves_put(last_leaves(&first), 0, "changed", 7));
	refused(&log_key, -EBADMSG, "others than those signed for");
	/* Taken away, they are made again, and right. */
	REQUIRE(log_make(600, 30000, 100, 600));
	REQUIRE(unlink(last_leaves(&first)) == 0 && unlink(log_path("tier-1")) == 0);
	REQUIRE(open_as(&log_key, 30000, &l) == 0);
	CHECK_INT(found.hashed, 601 - first);
	ledger_close(l);
	CHECK(fine(600, 600));
}

static void a_record_changed_under_missing_hashes_is_refused(void)
{
	static struct place places[601];
	struct image m = { 0 };
	struct place *p;
	uint64_t first = 0;

	REQUIRE(log_make(600, 30000, 100, 600) && image_take(&m));
	last_leaves(&first);
	REQUIRE(image_places(&m, places, 601) == 600);
	p = &places[first + 3];
	/* Its last byte, and the CRC that says so. */
	p->file->data[p->at + p->len - 1] ^= 1;
	frame_seal(p->file->data + p->at);
	REQUIRE(image_put(&m) && unlink(log_file(first, LEAVES_SUFFIX)) == 0);
	refused(&log_key, -EBADMSG, "others than those signed for");
	image_free(&m);
}

static void a_foreign_or_broken_signature_is_refused(void)
{
	static const uint8_t seed[NOTE_KEY] = "another one";
	struct note_key other;
	size_t len = 0;
	uint8_t *note;

	REQUIRE(note_key_make("example.com/log", seed, &other) == 0);
	REQUIRE(log_make(100, 1 << 20, 100, 100));
	refused(&other, -ENOKEY, "not by the key");
	note = log_get(log_path("checkpoints"), &len);
	REQUIRE(note && len > 20);
	/* A digit of the size. */
	*strchr((char *)note, '\n') = '\n';
	note[strcspn((char *)note, "\n") + 1] ^= 8;
	REQUIRE(log_set(log_path("checkpoints"), note, len));
	refused(&log_key, -EKEYREJECTED, "not rightly signed");
	free(note);
}

static void what_cannot_be_hashed_is_caught_up_with(void)
{
	struct ledger *l;
	struct record r;

	/* The next file of hashes cannot be made. */
	log_new();
	REQUIRE(open_as(&log_key, 8192, &l) == 0);
	CHECK(grow(l, 3));
	REQUIRE(mkdir(log_path("tier-1"), 0700) == 0);
	CHECK(!grow(l, 300));
	/* The record is written, and not hashed: nothing is signed for meanwhile. */
	CHECK_INT(ledger_checkpoint(l, 0), -EISDIR);
	CHECK(ledger_flush(l) != 0);
	REQUIRE(rmdir(log_path("tier-1")) == 0);
	CHECK_INT(ledger_flush(l), 0);
	r = log_record(1);
	CHECK_INT(ledger_append(l, &r), 0);
	CHECK_INT(ledger_flush(l), 0);
	CHECK_INT(ledger_checkpoint(l, 0), 0);
	CHECK(fine(r.seq, r.seq));
	ledger_close(l);
	CHECK(fine(r.seq, r.seq));
}

static void a_checkpoint_that_cannot_be_written_is_none(void)
{
	struct rlimit before, none = { .rlim_cur = 0 };
	struct ledger *l;

	log_new();
	signal(SIGXFSZ, SIG_IGN);
	REQUIRE(open_as(&log_key, 1 << 20, &l) == 0);
	CHECK(grow(l, 10));
	REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
	none.rlim_max = before.rlim_max;
	REQUIRE(setrlimit(RLIMIT_FSIZE, &none) == 0);
	CHECK_INT(ledger_checkpoint(l, 0), -EFBIG);
	CHECK_INT(ledger_covered(l), 0);
	REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
	CHECK(fine(10, 0));
	CHECK_INT(ledger_checkpoint(l, 0), 0);
	CHECK(fine(10, 10));
	ledger_close(l);
}

static const struct tap_test tests[] = {
	TEST(what_is_appended_is_hashed_and_signed_for),
	TEST(it_goes_on_over_many_segments),
	TEST(it_is_due_at_intervals_and_sooner_when_busy),
	TEST(hashes_that_a_crash_took_are_made_again),
	TEST(zeros_and_half_a_hash_at_the_end_are_a_crash),
	TEST(another_hash_at_the_end_is_told),
	TEST(tiers_that_were_not_synced_are_made_again),
	TEST(tiers_that_are_there_without_their_hashes_are_made_again),
	TEST(a_log_shorter_than_what_was_signed_for_is_refused),
	TEST(hashes_other_than_those_signed_for_are_refused),
	TEST(a_record_changed_under_missing_hashes_is_refused),
	TEST(a_foreign_or_broken_signature_is_refused),
	TEST(what_cannot_be_hashed_is_caught_up_with),
	TEST(a_checkpoint_that_cannot_be_written_is_none),
};
TAP_MAIN(tests)
