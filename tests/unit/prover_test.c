// SPDX-License-Identifier: GPL-2.0-or-later
/* Proofs made from a log's files: each checks by itself, and none comes of files that were changed. */
#include "audit/prover.h"
#include "tests/tap.h"
#include "tests/unit/verify_rig.h"

#include "audit/proof.h"

#define RECORDS 150
#define COVERED 130

static struct image whole, changed;
static struct place places[RECORDS + 1];
static struct proof_inclusion_text inclusion;
static struct proof_consistency_text consistency;
static struct fault fault;
static char text[LIMIT_PROOF];

/* Several segments; checkpoints of 0, 50, 100 and 130 records. */
static bool log_whole(void)
{
	if (!whole.count && (!log_make(RECORDS, 12000, 50, COVERED) || !image_take(&whole)))
		return false;
	return image_places(&whole, places, RECORDS + 1) == RECORDS &&
	       image_copy(&whole, &changed) && image_put(&whole);
}

/* Head of a note, which is signed by the key. */
static bool head_of(const char *note, size_t len, struct tree_head *ret_head)
{
	struct checkpoint c;
	size_t at;

	if (note_open(&log_key.verifier, note, len, &at) != 0 ||
	    checkpoint_parse(note, at, &c) != 0)
		return false;
	*ret_head = c.head;
	return true;
}

/* Whether it is proved, by the text alone, that this is the record; size: of the log. */
static bool record_proved(uint64_t seq, uint64_t size)
{
	int len = prover_record(log_dir, seq, text, sizeof(text), &fault);
	const uint8_t *data = inclusion.extra;
	struct tree_bytes bytes;
	uint8_t leaf[TREE_HASH];
	struct tree_hasher *h;
	struct tree_head head;
	struct record r;
	size_t skip;
	bool ok;

	if (len < 0 || proof_inclusion_parse(text, (size_t)len, &inclusion) != 0 ||
	    !head_of(inclusion.checkpoint, inclusion.checkpoint_len, &head) ||
	    tree_hasher_create(&h) != 0)
		return false;
	bytes = (struct tree_bytes){ data, inclusion.extra_len };
	ok = inclusion.index == seq - 1 && head.size == size &&
	     tree_leaf(h, &bytes, 1, leaf) == 0 &&
	     proof_check_inclusion(h, &inclusion.proof, seq - 1, leaf, &head) == 0;
	tree_hasher_free(h);
	skip = memcmp(data, "AGENTOSL", 8) == 0 ? SEGMENT_HEADER : 0;
	return ok && record_decode(data + skip, inclusion.extra_len - skip, &r) > 0 && r.seq == seq;
}

static void each_record_that_is_covered_is_proved(void)
{
	uint64_t seq;

	REQUIRE(log_whole());
	for (seq = 1; seq <= COVERED; seq++)
		CHECK_MSG(record_proved(seq, COVERED), "%llu: %s", (unsigned long long)seq,
			  fault.text);
	for (; seq <= RECORDS; seq++)
		CHECK_INT(prover_record(log_dir, seq, text, sizeof(text), &fault), -EAGAIN);
	CHECK(strstr(fault.text, "yet, the newest is of 130"));
	CHECK_INT(prover_record(log_dir, seq, text, sizeof(text), &fault), -ERANGE);
	CHECK(strstr(fault.text, "no record 151, the last one is 150"));
	CHECK_INT(prover_record(log_dir, UINT64_MAX, text, sizeof(text), &fault), -ERANGE);
	CHECK_INT(prover_record(log_dir, 0, text, sizeof(text), &fault), -ERANGE);
	CHECK_INT(prover_record(log_dir, 1, text, 100, &fault), -E2BIG);
}

/* One whose checkpoints are still to come, and one that has no records. */
static void without_a_checkpoint_nothing_is_proved_yet(void)
{
	REQUIRE(log_make(20, 12000, 0, 0));
	CHECK_INT(prover_record(log_dir, 7, text, sizeof(text), &fault), -EAGAIN);
	CHECK(strstr(fault.text, "there is no checkpoint yet"));
	CHECK_INT(prover_record(log_dir, 21, text, sizeof(text), &fault), -ERANGE);
	log_new();
	CHECK_INT(prover_record(log_dir, 1, text, sizeof(text), &fault), -ENOENT);
	REQUIRE(mkdir(log_dir, 0750) == 0);
	CHECK_INT(prover_record(log_dir, 1, text, sizeof(text), &fault), -ERANGE);
}

/* What looks like records, in the text of one: of these numbers, two by two. */
static size_t lure(char *buf, size_t size, const uint64_t *seqs, size_t count)
{
	struct record r = { .type = RECORD_LOSS, .boot = "boot a........." };
	size_t len = 0, i, step;
	int got;

	for (i = 0; i < count; i++) {
		for (step = 0; step < 2; step++) {
			r.seq = seqs[i] + step;
			got = record_encode(&r, (uint8_t *)buf + len, size - len);
			if (got < 0)
				return len;
			len += (size_t)got;
		}
	}
	return len;
}

#define LURES 4000

/* A segment that is looked into at few places, and an agent that wrote frames into its texts. */
static void frames_in_texts_lead_nowhere(void)
{
	const uint64_t seqs[] = { 700, 2000, 3300 };
	const struct segment_options o = { .directory = log_dir,
					   .boot = (const uint8_t *)"boot a.........",
					   .limit = 64 << 20,
					   .buffer = 65536 };
	struct segment_writer *w;
	struct segment_tail tail;
	struct record r;
	uint64_t i;

	log_new();
	REQUIRE(segment_open_with(&o, &w, &tail, NULL) == 0);
	for (i = 1; i <= LURES; i++) {
		r = log_record(1);
		/* Of different lengths, so that a place in the middle is one within a record. */
		r.u.event.comm[i * i % 7] = '\0';
		r.u.event.text_len =
			(uint32_t)lure(r.u.event.text, AGENTOS_OBJECT_SIZE - 1, seqs, 3);
		REQUIRE(segment_append(w, &r) == 0 && segment_flush(w) == 0);
	}
	segment_close(w);
	REQUIRE(log_checkpoint(LURES));
	for (i = 1; i <= LURES; i += 37)
		CHECK_MSG(record_proved(i, LURES), "%llu: %s", (unsigned long long)i, fault.text);
	for (i = 0; i < 3; i++)
		CHECK(record_proved(seqs[i], LURES) && record_proved(seqs[i] + 1, LURES));
	CHECK(record_proved(LURES, LURES));
}

/* The same without lures: records of different lengths. */
static void a_record_of_a_long_segment_is_proved(void)
{
	uint64_t i;

	REQUIRE(log_make(9000, 64 << 20, 0, 8500));
	for (i = 1; i <= 8500; i += 83)
		CHECK_MSG(record_proved(i, 8500), "%llu: %s", (unsigned long long)i, fault.text);
	CHECK(record_proved(8500, 8500));
	CHECK_INT(prover_record(log_dir, 8501, text, sizeof(text), &fault), -EAGAIN);
	CHECK_INT(prover_record(log_dir, 9001, text, sizeof(text), &fault), -ERANGE);
}

static struct place place_of(uint64_t seq)
{
	struct place p = places[seq];

	p.file = image_find(&changed, p.file->name);
	return p;
}

static struct image_file *hashes_of(uint64_t seq)
{
	char name[LISTING_NAME];

	listing_name(name, places[seq].first, LEAVES_SUFFIX);
	return image_find(&changed, name);
}

static void record_change(void)
{
	struct place p = place_of(77);

	p.file->data[p.at + 30] ^= 1;
	frame_seal(p.file->data + p.at);
}

static void record_break(void)
{
	struct place p = place_of(77);

	p.file->data[p.at + 30] ^= 1;
}

static void record_delete(void)
{
	struct place p = place_of(77);

	file_splice(p.file, p.at, p.len, "", 0);
}

static void record_later(void)
{
	struct place p = place_of(77);

	p.file->data[p.at + 8] = 9;
	frame_seal(p.file->data + p.at);
}

static void segment_later(void)
{
	struct place p = place_of(77);

	p.file->data[8] = 9;
	header_seal(p.file->data);
}

static void record_and_hash_change(void)
{
	struct place p = place_of(77);

	record_change();
	if (!leaf_restore(&changed, &p))
		abort();
}

static void hash_change(void)
{
	struct image_file *file = hashes_of(77);

	file->data[(77 - places[77].first) * TREE_HASH] ^= 1;
}

static void other_hash_change(void)
{
	struct image_file *file = hashes_of(3);

	file->data[0] ^= 1;
}

static void hashes_drop(void)
{
	hashes_of(77)->name[21] = 'x';
}

static void hashes_halve(void)
{
	hashes_of(77)->len -= 7;
}

static void trail_spoil(void)
{
	struct image_file *trail = image_find(&changed, TRAIL_NAME);

	trail->data[trail->len - 1] = 'x';
	trail->data[trail->len - 2] = 'x';
}

static const struct {
	const char *name;
	void (*change)(void);
	int rc;
	const char *says;
} cases[] = {
	{ "a record", record_change, -EBADMSG, "record 77 is not what its stored hash says" },
	{ "a byte", record_break, -EBADMSG, "record 77 was signed for and is not in segment" },
	{ "no record", record_delete, -EBADMSG, "record 77 was signed for and is not in segment" },
	{ "a later record", record_later, -EPROTO, "of a later version of the format" },
	{ "a later segment", segment_later, -EPROTO, "" },
	{ "both", record_and_hash_change, -EBADMSG, "the stored hashes are not those" },
	{ "its hash", hash_change, -EBADMSG, "record 77 is not what its stored hash says" },
	{ "another hash", other_hash_change, -EBADMSG, "the stored hashes are not those" },
	{ "no hashes", hashes_drop, -ENODATA, "agentosd makes those that are missing" },
	{ "half a hash", hashes_halve, -EBADMSG, "ends within a hash" },
};

static void of_what_was_changed_there_is_no_proof(void)
{
	size_t i;
	int rc;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		REQUIRE(log_whole() && record_proved(77, COVERED));
		cases[i].change();
		REQUIRE(image_put(&changed));
		fault.text[0] = '\0';
		rc = prover_record(log_dir, 77, text, sizeof(text), &fault);
		CHECK_MSG(rc == cases[i].rc, "%s: %d %s", cases[i].name, rc, fault.text);
		CHECK_MSG(strstr(fault.text, cases[i].says), "%s: %s", cases[i].name, fault.text);
		CHECK(fault.text[0] && !strchr(fault.text, '\n'));
	}
	/* Half a checkpoint at the end: the one before serves. */
	REQUIRE(log_whole());
	trail_spoil();
	REQUIRE(image_put(&changed));
	CHECK(record_proved(77, 100));
}

static void nothing_is_followed_through_a_link(void)
{
	char name[400], other[400];
	const char *const kinds[] = { ".seg", LEAVES_SUFFIX };
	size_t i;

	for (i = 0; i < 2; i++) {
		REQUIRE(log_whole());
		snprintf(name, sizeof(name), "%s", log_file(places[77].first, kinds[i]));
		snprintf(other, sizeof(other), "%s", log_path("elsewhere"));
		REQUIRE(record_proved(77, COVERED));
		REQUIRE(rename(name, other) == 0 && symlink(other, name) == 0);
		CHECK_INT(prover_record(log_dir, 77, text, sizeof(text), &fault), -ELOOP);
		CHECK(strstr(fault.text, "link"));
	}
}

/* The log's own checkpoint of this size. */
static size_t note_of(uint64_t size, char *note, size_t room)
{
	struct trail_entry entry;
	struct segment_dir d;
	struct trail *t;
	size_t len = 0;

	if (segment_dir_open(log_dir, &d, NULL) != 0)
		return 0;
	if (trail_open(&d, &t, NULL) == 0) {
		if (trail_find(t, size, &entry) == 1 && entry.checkpoint.head.size == size &&
		    entry.len < room) {
			memcpy(note, entry.note, entry.len);
			len = entry.len;
		}
		trail_close(t);
	}
	segment_dir_close(&d);
	return len;
}

static void that_the_log_only_grew_is_proved(void)
{
	static const uint64_t sizes[] = { 50, 100, 130 };
	struct tree_head from, to;
	char old[1024], new[1024];
	size_t old_len, new_len, i, j;
	struct tree_hasher *h;
	int len;

	REQUIRE(log_whole() && tree_hasher_create(&h) == 0);
	for (i = 0; i < 3; i++) {
		for (j = 0; j < 3; j++) {
			old_len = note_of(sizes[i], old, sizeof(old));
			new_len = note_of(sizes[j], new, sizeof(new));
			REQUIRE(head_of(old, old_len, &from) && head_of(new, new_len, &to));
			len = prover_growth(log_dir, &from, new, new_len, text, sizeof(text),
					    &fault);
			if (i > j) {
				CHECK_INT(len, -ERANGE);
				continue;
			}
			CHECK_MSG(len > 0, "%zu %zu: %s", i, j, fault.text);
			REQUIRE(len > 0 &&
				proof_consistency_parse(text, (size_t)len, &consistency) == 0);
			CHECK_INT(consistency.from, sizes[i]);
			CHECK(consistency.checkpoint_len == new_len &&
			      memcmp(consistency.checkpoint, new, new_len) == 0);
			CHECK_INT(proof_check_consistency(h, &consistency.proof, &from, &to), 0);
		}
	}
	/* Of a log that is another, and what is no checkpoint. */
	from.root[3] ^= 1;
	CHECK_INT(prover_growth(log_dir, &from, new, new_len, text, sizeof(text), &fault),
		  -EBADMSG);
	CHECK_INT(prover_growth(log_dir, &from, new, new_len - 1, text, sizeof(text), &fault),
		  -EINVAL);
	tree_hasher_free(h);
}

static void the_tree_of_nothing_grows_too(void)
{
	struct tree_edge nothing = { 0 };
	struct tree_head from = { 0 };
	struct tree_hasher *h;
	char note[1024];
	size_t len;

	REQUIRE(log_whole() && tree_hasher_create(&h) == 0);
	REQUIRE(tree_root(h, &nothing, from.root) == 0);
	tree_hasher_free(h);
	len = note_of(100, note, sizeof(note));
	CHECK(prover_growth(log_dir, &from, note, len, text, sizeof(text), &fault) > 0);
	from.root[0] ^= 1;
	CHECK_INT(prover_growth(log_dir, &from, note, len, text, sizeof(text), &fault), -EBADMSG);
	image_free(&whole);
	image_free(&changed);
	log_end();
}

static const struct tap_test tests[] = {
	TEST(each_record_that_is_covered_is_proved),
	TEST(without_a_checkpoint_nothing_is_proved_yet),
	TEST(frames_in_texts_lead_nowhere),
	TEST(a_record_of_a_long_segment_is_proved),
	TEST(of_what_was_changed_there_is_no_proof),
	TEST(nothing_is_followed_through_a_link),
	TEST(that_the_log_only_grew_is_proved),
	TEST(the_tree_of_nothing_grows_too),
};
TAP_MAIN(tests)
