// SPDX-License-Identifier: GPL-2.0-or-later
/* What a log is verified against: anchors, signatures, origins, and what no checkpoint covers; and hostile files. */
#include "audit/verify.h"
#include "tests/tap.h"
#include "tests/unit/verify_rig.h"

#include <sys/wait.h>

#define RECORDS 420
#define LIMIT	30000
#define EVERY	100

static struct image whole, changed;
static struct place places[RECORDS + 1]; /* in whole */
static char anchor[1024];		 /* of 400 records */
static size_t anchor_len;

/* A log whose last 20 records no checkpoint covers, with the hashes of all. */
static bool log_whole(void)
{
	struct leaves_writer *w;

	if (!whole.count) {
		if (!log_make(RECORDS, LIMIT, EVERY, 400) ||
		    leaves_writer_open(log_dir, RECORDS, &w, NULL, NULL) != 0)
			return false;
		leaves_writer_close(w);
		if (!image_take(&whole))
			return false;
		anchor_len = log_sign("example.com/log", 400, &log_key, anchor, sizeof(anchor));
	}
	return anchor_len && image_places(&whole, places, RECORDS + 1) == RECORDS &&
	       image_copy(&whole, &changed);
}

static struct place place_of(uint64_t seq)
{
	struct place p = places[seq];

	p.file = image_find(&changed, p.file->name);
	return p;
}

static void record_change(uint64_t seq)
{
	struct place p = place_of(seq);

	p.file->data[p.at + 30] ^= 1;
	frame_seal(p.file->data + p.at);
}

/* Every hash and every checkpoint is made anew, by one who has the key. */
static bool log_forge(void)
{
	uint64_t at, first;

	for (first = 1; first <= RECORDS; first++)
		unlink(log_file(first, ".leaf"));
	unlink(log_path("tier-1"));
	unlink(log_path(TRAIL_NAME));
	for (at = EVERY; at <= 400; at += EVERY) {
		if (!log_checkpoint(at))
			return false;
	}
	return true;
}

static void an_anchor_that_fits_covers_and_one_that_does_not_is_told(void)
{
	REQUIRE(log_whole());
	REQUIRE(image_put(&whole));
	CHECK_INT(verify_anchored(anchor, anchor_len), VERIFY_FINE);
	CHECK_INT(result.covered, 400);
	CHECK_INT(result.checkpoints, 5);
	CHECK_INT(unlink(log_path(TRAIL_NAME)), 0);
	CHECK_INT(verify_anchored(anchor, anchor_len), VERIFY_FINE);
	CHECK_INT(result.covered, 400);

	/* Everything is rewritten but the anchor. */
	record_change(77);
	REQUIRE(image_put(&changed) && log_forge());
	CHECK_INT(verify(), VERIFY_FINE);
	CHECK_INT(verify_anchored(anchor, anchor_len), VERIFY_ANCHOR);
	CHECK(result.anchored && result.from == 0 && result.to == 400);
	/* Everything but the anchor and the hashes. */
	REQUIRE(log_set(log_file(1, ".leaf"), image_find(&whole, "00000000000000000001.leaf")->data,
			image_find(&whole, "00000000000000000001.leaf")->len));
	CHECK_INT(verify(), VERIFY_FINE);
	CHECK_INT(result.hashes_wrong, 1);
	CHECK_INT(verify_anchored(anchor, anchor_len), VERIFY_CHANGED);
	CHECK(result.anchored && result.seq == 77 && result.offset == places[77].at);
}

static void what_only_an_anchor_knows_to_be_cut_is_counted(void)
{
	struct image_file *trail;
	uint64_t first;

	REQUIRE(log_whole());
	trail = image_find(&changed, TRAIL_NAME);
	/* Four notes: 100 to 400. Two are cut off, and the records from 250 on. */
	trail->len /= 2;
	CHECK_INT(verify_image(&changed), VERIFY_FINE);
	CHECK_INT(result.covered, 200);
	image_find(&changed, places[250].file->name)->len = places[250].at;
	REQUIRE(places[250].first > 1);
	REQUIRE(image_put(&changed));
	for (first = places[250].first + 1; first <= RECORDS; first++)
		unlink(log_file(first, ".seg"));
	CHECK_INT(verify(), VERIFY_FINE);
	CHECK_INT(result.records, 249);
	CHECK_INT(verify_anchored(anchor, anchor_len), VERIFY_TRUNCATED);
	CHECK(result.anchored && result.missing == 151 && result.seq == 250);
}

static void signatures_and_origins_are_checked(void)
{
	struct note_key other;
	struct image_file *trail;
	char note[1024], *text;
	size_t len;

	REQUIRE(note_key_make("example.com/log",
			      (const uint8_t *)"another seed, 32 bytes of it....", &other) == 0);
	REQUIRE(log_whole() && image_put(&whole));
	len = log_sign("example.com/log", 420, &other, note, sizeof(note));
	REQUIRE(len && log_put_note(note, len));
	CHECK_INT(verify(), VERIFY_SIGNATURE);
	CHECK_INT(result.covered, 400);
	CHECK_INT(result.offset, image_find(&whole, TRAIL_NAME)->len);
	CHECK(strstr(result.text.text, "not signed by this key") != NULL);
	CHECK_INT(verify_anchored(note, len), VERIFY_SIGNATURE);
	CHECK(result.anchored);

	REQUIRE(image_put(&whole));
	len = log_sign("example.com/other", 420, &log_key, note, sizeof(note));
	REQUIRE(len && log_put_note(note, len));
	CHECK_INT(verify(), VERIFY_ORIGIN);
	CHECK_INT(result.covered, 400);
	CHECK_INT(verify_anchored(note, len), VERIFY_ORIGIN);

	/* The second checkpoint speaks of another size: its signature does not. */
	trail = image_find(&changed, TRAIL_NAME);
	text = memmem(trail->data, trail->len, "\n200\n", 5);
	REQUIRE(text);
	text[3] = '1';
	CHECK_INT(verify_image(&changed), VERIFY_SIGNATURE);
	CHECK_INT(result.offset, trail->len / 4);
	CHECK(strstr(result.text.text, "signature is wrong") != NULL);
	CHECK_INT(result.covered, 400);
	/* A record that was changed, too: that comes first. */
	record_change(250);
	CHECK_INT(verify_image(&changed), VERIFY_CHANGED);
	CHECK_INT(result.seq, 250);
	CHECK_INT(result.covered, 100);
	CHECK_INT(verify_anchored("nonsense\n", 9), VERIFY_TRAIL);
	CHECK(result.anchored);
}

static void a_trail_that_is_none_is_told(void)
{
	struct image_file *trail;
	char other[400];

	REQUIRE(log_whole());
	trail = image_find(&changed, TRAIL_NAME);
	/* The last before the first: sizes fall. */
	file_splice(trail, 0, 0, trail->data + trail->len / 4 * 3, trail->len / 4);
	CHECK_INT(verify_image(&changed), VERIFY_TRAIL);
	CHECK_INT(result.offset, trail->len / 5);
	REQUIRE(log_whole());
	trail = image_find(&changed, TRAIL_NAME);
	file_splice(trail, 0, 3, "\n\n\n", 3);
	CHECK_INT(verify_image(&changed), VERIFY_TRAIL);
	CHECK_INT(result.offset, 0);
	REQUIRE(image_put(&whole));
	strcpy(other, log_path("x"));
	REQUIRE(rename(log_path(TRAIL_NAME), other) == 0 &&
		symlink(other, log_path(TRAIL_NAME)) == 0);
	CHECK_INT(verify(), VERIFY_TRAIL);
	CHECK_INT(result.covered, 0);
	CHECK_INT(result.records, RECORDS);
}

/* Each byte of two records that no checkpoint covers, without and with a right CRC. */
static void a_change_in_the_tail_is_found_by_crc_or_stored_hash(void)
{
	static const uint64_t seqs[] = { 401, 410, 420 };
	struct place p;
	size_t i, at;
	int rc;

	REQUIRE(log_whole());
	for (i = 0; i < 3; i++) {
		p = place_of(seqs[i]);
		for (at = 0; at < p.len; at++) {
			p.file->data[p.at + at] ^= 2;
			rc = verify_image(&changed);
			CHECK(rc == VERIFY_DAMAGED || rc == VERIFY_VERSION ||
			      (rc == VERIFY_FINE && result.torn && result.hashes_beyond));
			CHECK(rc == VERIFY_FINE || result.seq == p.seq);
			CHECK_INT(result.covered, 400);
			p.file->data[p.at + at] ^= 2;
		}
		for (at = 25; at < p.len; at++) {
			p.file->data[p.at + at] ^= 2;
			frame_seal(p.file->data + p.at);
			CHECK_INT(verify_image(&changed), VERIFY_TAIL);
			CHECK(result.seq == p.seq && result.offset == p.at);
			p.file->data[p.at + at] ^= 2;
			frame_seal(p.file->data + p.at);
		}
	}
	/* Lengths that do not add up are no record, whatever the CRC. */
	p = place_of(410);
	for (at = 11; at < 17; at++) {
		p.file->data[p.at + at] ^= 2;
		frame_seal(p.file->data + p.at);
		CHECK_INT(verify_image(&changed), VERIFY_DAMAGED);
		CHECK(result.seq == p.seq && result.offset == p.at);
		p.file->data[p.at + at] ^= 2;
		frame_seal(p.file->data + p.at);
	}
	/* Cut off as a whole: nothing but the hashes beyond tells of it. */
	p = place_of(415);
	p.file->len = p.at;
	CHECK_INT(verify_image(&changed), VERIFY_FINE);
	CHECK_INT(result.records, 414);
	CHECK_INT(result.hashes_beyond, 6);
}

static void a_clock_that_went_back_and_hashes_that_are_wrong_are_remarks(void)
{
	struct place p;

	REQUIRE(log_whole() && image_put(&whole));
	CHECK_INT(verify(), VERIFY_FINE);
	CHECK_INT(result.clock_back, 0);
	p = place_of(200);
	image_store(p.file->data + p.at + 25, 5, 8);
	frame_seal(p.file->data + p.at);
	REQUIRE(image_put(&changed) && log_forge());
	CHECK_INT(verify(), VERIFY_FINE);
	CHECK_INT(result.clock_back, 1);

	REQUIRE(log_whole());
	image_find(&changed, "00000000000000000001.leaf")->data[33] ^= 1;
	image_find(&changed, "00000000000000000001.leaf")->data[99] ^= 1;
	CHECK_INT(verify_image(&changed), VERIFY_FINE);
	CHECK_INT(result.hashes_wrong, 2);
	REQUIRE(truncate(log_file(1, ".leaf"), 77) == 0);
	CHECK_INT(verify(), VERIFY_FINE);
	CHECK(result.hashes_missing > 50);
	REQUIRE(image_put(&whole) && unlink(log_file(1, ".leaf")) == 0 &&
		symlink("/dev/zero", log_file(1, ".leaf")) == 0);
	CHECK_INT(verify(), VERIFY_FINE);
	CHECK(result.hashes_missing > 50);
}

static void files_that_are_none_of_the_log_are_told(void)
{
	uint64_t first;
	char other[400];

	REQUIRE(log_whole());
	first = places[200].first;
	REQUIRE(first > 1 && image_put(&whole));
	strcpy(other, log_path("x"));
	REQUIRE(rename(log_file(first, ".seg"), other) == 0);
	REQUIRE(symlink(other, log_file(first, ".seg")) == 0);
	CHECK_INT(verify(), VERIFY_FOREIGN);
	CHECK_INT(result.seq, first);
	CHECK(strstr(result.text.text, "symbolic link") != NULL);
	unlink(log_file(first, ".seg"));
	REQUIRE(mkfifo(log_file(first, ".seg"), 0600) == 0);
	CHECK_INT(verify(), VERIFY_DAMAGED);
	CHECK(strstr(result.text.text, "not a regular file") != NULL);
	unlink(log_file(first, ".seg"));
	REQUIRE(mkdir(log_file(first, ".seg"), 0700) == 0);
	CHECK_INT(verify(), VERIFY_DAMAGED);
	CHECK_INT(result.seq, first);
	rmdir(log_file(first, ".seg"));
	REQUIRE(log_set(log_file(first, ".seg"), "a note that somebody left here", 30));
	CHECK_INT(verify(), VERIFY_DAMAGED);
	CHECK(strstr(result.text.text, "not a file of the audit log") != NULL);
	REQUIRE(image_put(&whole) && log_set(log_path("12\x1b[2J.seg"), "", 0));
	CHECK_INT(verify(), VERIFY_FOREIGN);
	CHECK(!strchr(result.text.text, '\x1b'));
	REQUIRE(image_put(&whole) &&
		log_set(log_path("18446744073709551615.seg"), changed.files[0].data, 0));
	CHECK_INT(verify(), VERIFY_MISSING);
	CHECK_INT(result.seq, RECORDS + 1);
}

static void later_versions_and_huge_lengths_are_told(void)
{
	static const uint32_t lengths[] = {
		0, 1, 50, 51, 4088, 4089, 1 << 20, INT32_MAX, UINT32_MAX
	};
	struct place p;
	size_t i;
	int rc;

	REQUIRE(log_whole());
	p = place_of(places[200].first);
	p.file->data[8] = 2;
	header_seal(p.file->data);
	CHECK_INT(verify_image(&changed), VERIFY_VERSION);
	CHECK(strstr(result.text.text, "upgrade it") != NULL);
	REQUIRE(log_whole());
	p = place_of(200);
	p.file->data[p.at + 8] = 4;
	frame_seal(p.file->data + p.at);
	CHECK_INT(verify_image(&changed), VERIFY_VERSION);
	CHECK(result.seq == 200 && result.offset == p.at);
	/* A type that is not known yet is one as well, and one that never was is none. */
	p.file->data[p.at + 8] = 2;
	p.file->data[p.at + 9] = RECORD_COUNT;
	frame_seal(p.file->data + p.at);
	CHECK_INT(verify_image(&changed), VERIFY_VERSION);
	CHECK(result.seq == 200 && result.offset == p.at);
	p.file->data[p.at + 9] = 0;
	frame_seal(p.file->data + p.at);
	CHECK_INT(verify_image(&changed), VERIFY_DAMAGED);
	REQUIRE(log_whole());
	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		p = place_of(200);
		image_store(p.file->data + p.at, lengths[i], 4);
		CHECK_INT(verify_image(&changed), VERIFY_DAMAGED);
		CHECK(result.seq == 200 && result.offset == p.at);
		image_store(p.file->data + p.at, p.len - 8, 4);
		/* At the very end the beginning of a record is torn, anything else is damage. */
		p = place_of(RECORDS);
		image_store(p.file->data + p.at, lengths[i], 4);
		rc = verify_image(&changed);
		CHECK(rc == VERIFY_DAMAGED || (rc == VERIFY_FINE && result.torn == p.len));
		CHECK_INT(result.records, RECORDS - 1);
		image_store(p.file->data + p.at, p.len - 8, 4);
	}
	/* A file with a hole of a terabyte takes no time, and is no torn end. */
	REQUIRE(image_put(&whole) &&
		truncate(log_file(places[RECORDS].first, ".seg"), 1LL << 40) == 0);
	CHECK_INT(verify(), VERIFY_DAMAGED);
	CHECK_INT(result.seq, RECORDS + 1);
}

/* By chance: bytes changed, runs of them taken out or put in, in any file. Never an error or a crash. */
static void any_damage_is_told_and_does_no_harm(void)
{
	uint64_t chance = 88172645463325252ULL;
	struct image_file *file;
	uint8_t junk[64];
	size_t at, run, i;
	int round, rc, alarms = 0;

	for (round = 0; round < 300; round++) {
		REQUIRE(log_whole());
		for (i = 0; i <= (size_t)round % 3; i++) {
			chance ^= chance << 13;
			chance ^= chance >> 7;
			chance ^= chance << 17;
			file = &changed.files[chance % changed.count];
			at = (chance >> 8) % file->len;
			run = 1 + (chance >> 32) % sizeof(junk);
			run = run < file->len - at ? run : file->len - at;
			memset(junk, (int)(chance >> 40) & 0xff, sizeof(junk));
			memcpy(junk, &chance, sizeof(chance));
			file_splice(file, at, round % 4 == 1 ? 0 : run, junk,
				    round % 4 == 2 ? 0 : run);
		}
		rc = verify_image(&changed);
		CHECK_MSG(rc >= 0, "round %d: %d %s", round, rc, verify_fault.text);
		rc = verify_anchored(anchor, anchor_len);
		CHECK_MSG(rc >= 0, "round %d: %d %s", round, rc, verify_fault.text);
		alarms += rc != VERIFY_FINE;
	}
	/* What only hash files have is none. */
	CHECK(alarms > 150);
}

/* What is verified was there when verifying began; a growing log is no damaged one. */
static void a_log_that_grows_meanwhile_gives_no_alarm(void)
{
	uint64_t records = 0, rounds = 0;
	int status = 0;
	pid_t child;

	REQUIRE(log_make(1, 4000, 0, 0));
	child = fork();
	if (child == 0) {
		for (records = 2; records <= 1500; records += 3) {
			if (!log_grow(records, 4000) || (records % 2 && !log_checkpoint(records)))
				_exit(1);
		}
		_exit(0);
	}
	REQUIRE(child > 0);
	while (waitpid(child, &status, WNOHANG) == 0) {
		CHECK_MSG(verify() == VERIFY_FINE, "%d: %s %s", result.problem, result.text.text,
			  verify_fault.text);
		CHECK(result.records >= records && result.covered <= result.records);
		records = result.records;
		rounds++;
	}
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK(rounds > 10);
	CHECK_INT(verify(), VERIFY_FINE);
	CHECK_INT(result.records, 1499);
}

static void nothing_is_left_behind(void)
{
	image_free(&whole);
	image_free(&changed);
	log_end();
	CHECK(access(log_base, F_OK) != 0);
}

static const struct tap_test tests[] = {
	TEST(an_anchor_that_fits_covers_and_one_that_does_not_is_told),
	TEST(what_only_an_anchor_knows_to_be_cut_is_counted),
	TEST(signatures_and_origins_are_checked),
	TEST(a_trail_that_is_none_is_told),
	TEST(a_change_in_the_tail_is_found_by_crc_or_stored_hash),
	TEST(a_clock_that_went_back_and_hashes_that_are_wrong_are_remarks),
	TEST(files_that_are_none_of_the_log_are_told),
	TEST(later_versions_and_huge_lengths_are_told),
	TEST(any_damage_is_told_and_does_no_harm),
	TEST(a_log_that_grows_meanwhile_gives_no_alarm),
	TEST(nothing_is_left_behind),
};
TAP_MAIN(tests)
