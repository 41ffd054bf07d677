// SPDX-License-Identifier: GPL-2.0-or-later
/* Verifying a log: whatever is done to it is found and named, and clean ones give no alarm. */
#include "audit/verify.h"
#include "tests/tap.h"
#include "tests/unit/verify_rig.h"

#define RECORDS 1000
#define LIMIT	30000
#define EVERY	100

static struct image whole, changed;
static struct place places[RECORDS + 1]; /* in whole */

/* The log that is changed: all of it is covered, by ten checkpoints. */
static bool log_whole(void)
{
	if (!whole.count && (!log_make(RECORDS, LIMIT, EVERY, RECORDS) || !image_take(&whole)))
		return false;
	return image_places(&whole, places, RECORDS + 1) == RECORDS && image_copy(&whole, &changed);
}

/* The same record in the copy that is changed. */
static struct place place_of(uint64_t seq)
{
	struct place p = places[seq];

	p.file = image_find(&changed, p.file->name);
	return p;
}

static bool named(const struct place *p)
{
	char name[SEGMENT_NAME_SIZE];

	segment_name(name, p->first);
	return result.seq == p->seq && strcmp(result.segment, name) == 0 &&
	       result.offset == (p->at == SEGMENT_HEADER ? 0 : p->at);
}

static void clean_logs_give_no_alarm(void)
{
	static const struct {
		uint64_t records, limit, every, covered;
	} shapes[] = {
		{ 0, LIMIT, 0, 0 },	  { 1, LIMIT, 0, 0 },	    { 1, LIMIT, 1, 1 },
		{ 2, LIMIT, 1, 1 },	  { 2, 1700, 1, 2 },	    { 3, 1700, 1, 3 },
		{ 17, 1700, 3, 15 },	  { 100, LIMIT, 0, 0 },	    { 100, LIMIT, 0, 100 },
		{ 255, LIMIT, 0, 255 },	  { 256, LIMIT, 0, 256 },   { 257, LIMIT, 0, 256 },
		{ 257, LIMIT, 255, 257 }, { 300, 4000, 50, 250 },   { 300, 4000, 1, 300 },
		{ 511, 8000, 256, 511 },  { 512, 8000, 128, 512 },  { 600, 1 << 20, 7, 599 },
		{ 999, LIMIT, 333, 999 }, { 1000, LIMIT, 10, 995 },
	};
	size_t i;

	for (i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		REQUIRE(log_make(shapes[i].records, shapes[i].limit, shapes[i].every,
				 shapes[i].covered));
		CHECK_MSG(verify() == VERIFY_FINE, "shape %zu: %s", i, result.text.text);
		CHECK_INT(result.records, shapes[i].records);
		CHECK_INT(result.covered, shapes[i].covered);
		CHECK_INT(result.torn + result.torn_trail + result.clock_back, 0);
		CHECK_INT(result.hashes_wrong + result.hashes_beyond, 0);
		CHECK_INT(result.hashes_missing, shapes[i].records - shapes[i].covered);
	}
	log_new();
	CHECK_INT(verify(), -ENOENT);
	REQUIRE(mkdir(log_dir, 0750) == 0);
	CHECK_INT(verify(), VERIFY_FINE);
	CHECK_INT(result.records, 0);
}

/* What a crash leaves: half a record, a header without its end, half a checkpoint, zeros. */
static void torn_ends_give_no_alarm(void)
{
	static const uint8_t zeros[5000];
	struct image_file *trail;
	uint8_t *bytes;
	size_t len, cut;

	REQUIRE(log_make(30, 1 << 20, 10, 20));
	bytes = log_get(log_file(1, ".seg"), &len);
	REQUIRE(bytes);
	for (cut = 1; cut < 60; cut++) {
		REQUIRE(truncate(log_file(1, ".seg"), (off_t)(len - cut)) == 0);
		CHECK_INT(verify(), VERIFY_FINE);
		CHECK_INT(result.records, 29);
		CHECK_INT(result.covered, 20);
		CHECK(result.torn > 0);
	}
	REQUIRE(log_set(log_file(1, ".seg"), bytes, len));
	for (cut = 0; cut < SEGMENT_HEADER; cut += 200) {
		REQUIRE(log_set(log_file(31, ".seg"), cut == 400 ? zeros : bytes, cut));
		CHECK_INT(verify(), VERIFY_FINE);
		CHECK_INT(result.records, 30);
		CHECK_INT(result.torn, cut);
	}
	unlink(log_file(31, ".seg"));
	bytes = realloc(bytes, len + sizeof(zeros));
	REQUIRE(bytes);
	memset(bytes + len, 0, sizeof(zeros));
	REQUIRE(log_set(log_file(1, ".seg"), bytes, len + sizeof(zeros)));
	CHECK_INT(verify(), VERIFY_FINE);
	CHECK_INT(result.torn, sizeof(zeros));
	free(bytes);

	REQUIRE(log_make(30, 1 << 20, 10, 20) && image_take(&changed));
	trail = image_find(&changed, TRAIL_NAME);
	REQUIRE(trail);
	trail->len -= 9;
	CHECK_INT(verify_image(&changed), VERIFY_FINE);
	CHECK_INT(result.covered, 10);
	CHECK_INT(result.torn_trail, trail->len / 2 - 4);
}

/* A record that a byte of a segment belongs to: with the header, the first. */
static uint64_t seq_at(const struct image_file *file, size_t at)
{
	uint64_t seq;

	for (seq = 1; seq <= RECORDS; seq++) {
		if (places[seq].file == file && at < places[seq].at + places[seq].len)
			return seq;
	}
	return 0;
}

/* Positions over all segments, 97 of a segment's 30,000 bytes apart or so: 400 of them. */
static void one_changed_byte_anywhere_is_found_and_named(void)
{
	size_t total = 0, i, step, at, n = 0, wrong = 0;
	uint64_t seq;
	int rc;

	REQUIRE(log_whole());
	for (i = 0; i < whole.count; i++)
		total += is_segment(&whole.files[i]) ? whole.files[i].len : 0;
	step = total / 400;
	for (i = 0; i < whole.count; i++) {
		if (!is_segment(&whole.files[i]))
			continue;
		for (at = i % step; at < whole.files[i].len; at += step, n++) {
			changed.files[i].data[at] ^= (uint8_t)(1U << (n % 8));
			seq = seq_at(&whole.files[i], at);
			rc = verify_image(&changed);
			changed.files[i].data[at] ^= (uint8_t)(1U << (n % 8));
			if (rc == VERIFY_TRUNCATED && result.seq == seq && result.torn)
				continue;
			if ((rc != VERIFY_DAMAGED && rc != VERIFY_VERSION) ||
			    !named(&places[seq])) {
				wrong++;
				printf("# %s byte %zu: %d, %s\n", whole.files[i].name, at, rc,
				       result.text.text);
			}
		}
	}
	CHECK_INT(wrong, 0);
	CHECK(n >= 400);
	CHECK_INT(verify_image(&changed), VERIFY_FINE);
	CHECK_INT(result.covered, RECORDS);
}

/* The same by one who knows what a CRC is: every byte of some records, each third byte of a header. */
static void a_changed_byte_with_its_crc_is_found_and_named(void)
{
	static const uint64_t seqs[] = { 1, 2, 140, 347, 998, 1000 };
	size_t i, at, plain = 0;
	struct place p;
	uint8_t *frame;
	int rc;

	REQUIRE(log_whole());
	for (i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
		p = place_of(seqs[i]);
		frame = p.file->data + p.at;
		for (at = 8; at < p.len; at++) {
			frame[at] ^= 1;
			frame_seal(frame);
			rc = verify_image(&changed);
			plain += rc == VERIFY_CHANGED;
			CHECK_MSG(rc == VERIFY_CHANGED || rc == VERIFY_DAMAGED ||
					  rc == VERIFY_VERSION || rc == VERIFY_ORDER,
				  "byte %zu: %d %s", at, rc, result.text.text);
			CHECK_INT(result.seq, p.seq);
			CHECK(rc == VERIFY_ORDER || rc == VERIFY_DAMAGED || rc == VERIFY_VERSION ||
			      named(&p));
			/* Beyond lengths, version, type and seq there is only the hash. */
			if (at >= 25)
				CHECK_INT(rc, VERIFY_CHANGED);
			frame[at] ^= 1;
			frame_seal(frame);
		}
	}
	CHECK(plain > 500);
	p = place_of(places[347].first);
	for (at = 16; at < SEGMENT_HEADER; at += 3) {
		p.file->data[at] ^= 1;
		header_seal(p.file->data);
		rc = verify_image(&changed);
		CHECK_INT(rc, at < 32 ? VERIFY_DAMAGED : VERIFY_CHANGED);
		CHECK(named(&p));
		p.file->data[at] ^= 1;
		header_seal(p.file->data);
	}
}

static void records_out_of_order_are_found_and_named(void)
{
	static const uint64_t seqs[] = { 1, 2, 139, 350, 351, 700, 998 };
	struct place p, next;
	uint8_t frame[LIMIT_LEAF];
	size_t i;

	for (i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
		/* One is taken out. */
		REQUIRE(log_whole());
		p = place_of(seqs[i]);
		next = place_of(seqs[i] + 1);
		REQUIRE(p.file == next.file);
		memcpy(frame, p.file->data + p.at, p.len);
		file_splice(p.file, p.at, p.len, "", 0);
		CHECK_INT(verify_image(&changed), VERIFY_ORDER);
		CHECK(result.seq == p.seq && result.found == p.seq + 1 && result.offset == p.at);
		/* And put in again behind the one that followed. */
		file_splice(p.file, p.at + next.len, 0, frame, p.len);
		CHECK_INT(verify_image(&changed), VERIFY_ORDER);
		CHECK(result.seq == p.seq && result.found == p.seq + 1 && result.offset == p.at);
		CHECK_INT(result.records, p.seq - 1);
		/* One stands there twice. */
		REQUIRE(log_whole());
		p = place_of(seqs[i]);
		file_splice(p.file, p.at, 0, frame, p.len);
		CHECK_INT(verify_image(&changed), VERIFY_ORDER);
		CHECK(result.seq == p.seq + 1 && result.found == p.seq);
		CHECK_INT(result.offset, p.at + p.len);
		/* One of another place is put in. */
		REQUIRE(log_whole());
		p = place_of(seqs[i]);
		next = place_of(500);
		memcpy(frame, next.file->data + next.at, next.len);
		file_splice(p.file, p.at, 0, frame, next.len);
		CHECK_INT(verify_image(&changed), VERIFY_ORDER);
		CHECK(result.seq == p.seq && result.found == 500);
	}
}

/* Numbers and CRCs of all that follows in the segment are made to fit again. */
static void a_deletion_that_renumbers_is_found_where_it_begins(void)
{
	struct place p, next;
	uint64_t seq;

	REQUIRE(log_whole());
	p = place_of(360);
	for (seq = 361; seq <= RECORDS && places[seq].first == p.first; seq++) {
		next = place_of(seq);
		image_store(next.file->data + next.at + 17, seq - 1, 8);
		frame_seal(next.file->data + next.at);
	}
	file_splice(p.file, p.at, p.len, "", 0);
	CHECK_INT(verify_image(&changed), VERIFY_CHANGED);
	CHECK(named(&p));
	/* Where the hashes are gone too, only the gap is left to tell of it. */
	REQUIRE(unlink(log_file(p.first, ".leaf")) == 0);
	CHECK_INT(verify(), VERIFY_REWRITTEN);
	CHECK(result.from == 300 && result.to == 400);
}

static void truncation_is_found_and_counted(void)
{
	uint64_t seq, first;
	struct place p;
	size_t i, cut;
	char name[64];

	/* At each border: this segment and all that follow are gone. */
	REQUIRE(log_whole());
	for (seq = 1; seq <= RECORDS; seq++) {
		if (places[seq].first != seq)
			continue;
		REQUIRE(image_put(&whole));
		for (first = seq; first <= RECORDS; first++)
			unlink(log_file(first, ".seg"));
		CHECK_INT(verify(), VERIFY_TRUNCATED);
		CHECK_INT(result.missing, RECORDS - seq + 1);
		CHECK_INT(result.seq, seq);
		CHECK_INT(result.covered, (seq - 1) / EVERY * EVERY);
		CHECK_INT(result.torn, 0);
	}
	/* Within the last segment, and within one before it. */
	for (i = 0; i < 60; i++) {
		p = place_of(i < 30 ? 1000 - i : 330 - i);
		cut = i % 3 == 0 ? 0 : p.len * (i % 3) / 3;
		strcpy(name, p.file->name);
		REQUIRE(image_put(&whole) && truncate(log_path(name), (off_t)(p.at + cut)) == 0);
		if (i < 30) {
			CHECK_INT(verify(), VERIFY_TRUNCATED);
			CHECK_INT(result.missing, RECORDS - p.seq + 1);
			CHECK_INT(result.torn, cut);
		} else {
			CHECK_INT(verify(), cut ? VERIFY_DAMAGED : VERIFY_MISSING);
			CHECK(cut || result.found > p.seq);
		}
		CHECK_INT(result.seq, p.seq);
	}
}

static void a_segment_that_is_gone_or_renamed_is_found(void)
{
	char from[400], to[400];
	uint64_t seq, next;

	REQUIRE(log_whole());
	for (seq = 1; seq <= RECORDS; seq = next) {
		for (next = seq; next <= RECORDS && places[next].first == seq; next++)
			;
		REQUIRE(image_put(&whole) && unlink(log_file(seq, ".seg")) == 0);
		if (next <= RECORDS) {
			CHECK_INT(verify(), VERIFY_MISSING);
			CHECK_INT(result.found, next);
		} else {
			CHECK_INT(verify(), VERIFY_TRUNCATED);
		}
		CHECK_INT(result.seq, seq);
		/* Under another number, between its neighbours. */
		REQUIRE(image_put(&whole));
		strcpy(from, log_file(seq, ".seg"));
		strcpy(to, log_file(seq + 1, ".seg"));
		REQUIRE(rename(from, to) == 0);
		CHECK_INT(verify(), VERIFY_DAMAGED);
		CHECK(strstr(result.text.text, "was renamed") != NULL);
		CHECK_INT(result.seq, seq);
	}
	/* Two in each other's place, with headers that say so. */
	REQUIRE(image_put(&whole));
	strcpy(from, log_file(places[300].first, ".seg"));
	strcpy(to, log_file(places[500].first, ".seg"));
	REQUIRE(rename(from, log_path("x")) == 0 && rename(to, from) == 0 &&
		rename(log_path("x"), to) == 0);
	CHECK_INT(verify(), VERIFY_DAMAGED);
	CHECK_INT(result.seq, places[300].first);
}

/* The bytes of a record stay the same, the border between two of its texts moves. */
static void a_byte_moved_between_fields_is_found_and_named(void)
{
	struct place p;
	uint8_t *frame;
	uint64_t seq;
	int n = 0;

	REQUIRE(log_whole());
	for (seq = 5; seq < 400; seq += 31) {
		p = place_of(seq);
		frame = p.file->data + p.at;
		if (frame[9] != RECORD_EVENT)
			continue;
		frame[11]--; /* agent_name */
		frame[12]++; /* comm */
		frame_seal(frame);
		CHECK_INT(verify_image(&changed), VERIFY_CHANGED);
		CHECK(named(&p));
		frame[11]++;
		frame[12]--;
		frame_seal(frame);
		n++;
	}
	CHECK(n > 5);
}

/* With its hash, so that only checkpoints know: on either side of their borders. */
static void a_rewritten_record_is_found_between_two_checkpoints(void)
{
	static const uint64_t seqs[] = { 1, 99, 100, 101, 350, 400, 901, 1000 };
	struct place p;
	size_t i;

	for (i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
		REQUIRE(log_whole());
		p = place_of(seqs[i]);
		p.file->data[p.at + 30] ^= 1;
		frame_seal(p.file->data + p.at);
		REQUIRE(leaf_restore(&changed, &p));
		CHECK_INT(verify_image(&changed), VERIFY_REWRITTEN);
		CHECK_INT(result.from, (seqs[i] - 1) / EVERY * EVERY);
		CHECK_INT(result.to, result.from + EVERY);
		CHECK_INT(result.covered, result.from);
		CHECK(!result.anchored);
		/* The next one has its hash as it was: the same is to be said, for no hashes fit. */
		if (seqs[i] % EVERY) {
			p = place_of(seqs[i] + 1);
			p.file->data[p.at + 30] ^= 1;
			frame_seal(p.file->data + p.at);
			CHECK_INT(verify_image(&changed), VERIFY_REWRITTEN);
		}
	}
}

/* The hashes that are stored are those that were signed for: they tell of what comes before. */
static void a_changed_record_before_damage_or_the_end_is_told_first(void)
{
	struct place p, later;

	REQUIRE(log_whole());
	p = place_of(350);
	p.file->data[p.at + 30] ^= 1;
	frame_seal(p.file->data + p.at);
	later = place_of(380);
	later.file->data[later.at + 30] ^= 1;
	CHECK_INT(verify_image(&changed), VERIFY_CHANGED);
	CHECK(named(&p));
	/* One that a checkpoint before says nothing of, and no more: the damage it is. */
	later.file->data[later.at + 30] ^= 1;
	p.file->data[p.at + 30] ^= 1;
	frame_seal(p.file->data + p.at);
	later.file->data[later.at + 30] ^= 1;
	CHECK_INT(verify_image(&changed), VERIFY_DAMAGED);
	CHECK(named(&later));

	REQUIRE(log_whole());
	p = place_of(950);
	p.file->data[p.at + 30] ^= 1;
	frame_seal(p.file->data + p.at);
	later = place_of(990);
	later.file->len = later.at;
	CHECK_INT(verify_image(&changed), VERIFY_CHANGED);
	CHECK(named(&p));
	/* With its hash: then it is the end that is missing. */
	REQUIRE(leaf_restore(&changed, &p));
	CHECK_INT(verify_image(&changed), VERIFY_TRUNCATED);
	CHECK_INT(result.missing, 11);
}

static void nothing_is_left_behind(void)
{
	image_free(&whole);
	image_free(&changed);
	log_end();
	CHECK(access(log_base, F_OK) != 0);
}

static const struct tap_test tests[] = {
	TEST(clean_logs_give_no_alarm),
	TEST(torn_ends_give_no_alarm),
	TEST(one_changed_byte_anywhere_is_found_and_named),
	TEST(a_changed_byte_with_its_crc_is_found_and_named),
	TEST(records_out_of_order_are_found_and_named),
	TEST(a_deletion_that_renumbers_is_found_where_it_begins),
	TEST(truncation_is_found_and_counted),
	TEST(a_segment_that_is_gone_or_renamed_is_found),
	TEST(a_byte_moved_between_fields_is_found_and_named),
	TEST(a_rewritten_record_is_found_between_two_checkpoints),
	TEST(a_changed_record_before_damage_or_the_end_is_told_first),
	TEST(nothing_is_left_behind),
};
TAP_MAIN(tests)
