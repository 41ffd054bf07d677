// SPDX-License-Identifier: GPL-2.0-or-later
/* A verifier that shares no code with ours, written from the format's description, comes to the same. */
#include "audit/verify.h"
#include "tests/tap.h"
#include "tests/unit/stranger_rig.h"
#include "tests/unit/verify_rig.h"

#define RECORDS 150
#define LIMIT	12000

static struct image whole, changed;
static struct place places[RECORDS + 1]; /* in whole */
static char anchor[1024], key_path[160], anchor_path[160], said[512];
static size_t anchor_len;

/* The last 20 records are not covered. */
static bool log_whole(void)
{
	char key[NOTE_VERIFIER_SIZE];
	int len;

	if (!whole.count) {
		if (!log_make(RECORDS, LIMIT, 50, 130) || !image_take(&whole))
			return false;
		anchor_len = log_sign("example.com/log", 130, &log_key, anchor, sizeof(anchor));
		snprintf(key_path, sizeof(key_path), "%s/key", log_base);
		snprintf(anchor_path, sizeof(anchor_path), "%s/anchor", log_base);
		len = note_verifier_encode(&log_key.verifier, key, sizeof(key));
		if (len < 0 || !log_set(key_path, key, (size_t)len) || !anchor_len ||
		    !log_set(anchor_path, anchor, anchor_len))
			return false;
	}
	return image_places(&whole, places, RECORDS + 1) == RECORDS && image_copy(&whole, &changed);
}

static struct place place_of(struct image *m, uint64_t seq)
{
	struct place p = places[seq];

	p.file = image_find(m, p.file->name);
	return p;
}

static int stranger(bool anchored)
{
	return stranger_run(said, sizeof(said), log_dir, key_path, anchored ? anchor_path : NULL);
}

static void record_change(struct image *m)
{
	struct place p = place_of(m, 77);

	p.file->data[p.at + 30] ^= 1;
	frame_seal(p.file->data + p.at);
}

static void byte_change(struct image *m)
{
	struct place p = place_of(m, 140);

	p.file->data[p.at + 60] ^= 1;
}

static void header_change(struct image *m)
{
	struct place p = place_of(m, places[100].first);

	p.file->data[99] ^= 1;
	header_seal(p.file->data);
}

static void field_shift(struct image *m)
{
	struct place p = place_of(m, 50);

	p.file->data[p.at + 11]--;
	p.file->data[p.at + 12]++;
	frame_seal(p.file->data + p.at);
}

static void record_delete(struct image *m)
{
	struct place p = place_of(m, 60);

	file_splice(p.file, p.at, p.len, "", 0);
}

static void record_double(struct image *m)
{
	struct place p = place_of(m, 60);
	uint8_t frame[LIMIT_RECORD];

	memcpy(frame, p.file->data + p.at, p.len);
	file_splice(p.file, p.at, 0, frame, p.len);
}

static void segment_delete(struct image *m)
{
	struct image_file *file = place_of(m, 60).file;

	free(file->data);
	*file = m->files[--m->count];
}

static void tail_tear(struct image *m)
{
	place_of(m, RECORDS).file->len -= 7;
}

static void log_truncate(struct image *m)
{
	struct place p = place_of(m, 125);
	size_t i;

	p.file->len = p.at;
	for (i = m->count; i--;) {
		if (is_segment(&m->files[i]) && strcmp(m->files[i].name, p.file->name) > 0)
			m->files[i].name[20] = '!';
	}
}

static void trail_cut_too(struct image *m)
{
	log_truncate(m);
	image_find(m, TRAIL_NAME)->len = 0;
}

static void signature_change(struct image *m)
{
	struct image_file *trail = image_find(m, TRAIL_NAME);

	trail->data[trail->len - 20] = trail->data[trail->len - 20] == 'A' ? 'B' : 'A';
}

static void root_change(struct image *m)
{
	struct image_file *trail = image_find(m, TRAIL_NAME);

	trail->data[25] = trail->data[25] == 'A' ? 'B' : 'A';
}

static void version_change(struct image *m)
{
	struct place p = place_of(m, places[100].first);

	p.file->data[8] = 9;
	header_seal(p.file->data);
}

static const struct {
	const char *name;
	void (*change)(struct image *m);
	bool anchored;
	int problem;	  /* ours */
	const char *says; /* a part of the stranger's */
} cases[] = {
	{ "nothing", NULL, false, VERIFY_FINE, "ok 150 covered 130\n" },
	{ "nothing, anchored", NULL, true, VERIFY_FINE, "ok 150 covered 130\n" },
	{ "a torn tail", tail_tear, false, VERIFY_FINE, "ok 149 covered 130\n" },
	{ "a record", record_change, false, VERIFY_CHANGED, "the first 100 records" },
	{ "a byte", byte_change, false, VERIFY_DAMAGED, "the record is damaged" },
	{ "a header", header_change, false, VERIFY_CHANGED, "the first 1" },
	{ "a field", field_shift, false, VERIFY_CHANGED, "the first 50 records" },
	{ "a deletion", record_delete, false, VERIFY_ORDER, "record 61 where 60 should be" },
	{ "a duplicate", record_double, false, VERIFY_ORDER, "record 60 where 61 should be" },
	{ "a segment", segment_delete, false, VERIFY_MISSING, "the header is that of another" },
	{ "an end", log_truncate, false, VERIFY_TRUNCATED, "truncated: records 125 to 130" },
	{ "an end with its trail", trail_cut_too, false, VERIFY_FINE, "ok 124 covered 0\n" },
	{ "the same, anchored", trail_cut_too, true, VERIFY_TRUNCATED, "truncated: records 125" },
	{ "a signature", signature_change, false, VERIFY_SIGNATURE, "its signature is wrong" },
	{ "a root", root_change, false, VERIFY_SIGNATURE, "its signature is wrong" },
	{ "a version", version_change, false, VERIFY_VERSION, "of a later version" },
};

static void both_come_to_the_same(void)
{
	size_t i;
	int rc;

	if (!stranger_there())
		SKIP("there is no python3");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		REQUIRE(log_whole());
		if (cases[i].change)
			cases[i].change(&changed);
		REQUIRE(image_put(&changed));
		rc = verify_anchored(cases[i].anchored ? anchor : NULL, anchor_len);
		CHECK_MSG(rc == cases[i].problem, "%s: %d %s", cases[i].name, rc, result.text.text);
		rc = stranger(cases[i].anchored);
		CHECK_MSG(rc == (cases[i].problem != VERIFY_FINE), "%s: %d %s", cases[i].name, rc,
			  said);
		CHECK_MSG(strstr(said, cases[i].says), "%s: %s", cases[i].name, said);
		CHECK(strchr(said, '\n') && !strchr(said, '\n')[1]);
	}
	unlink(key_path);
	unlink(anchor_path);
	image_free(&whole);
	image_free(&changed);
	log_end();
}

static const struct tap_test tests[] = { TEST(both_come_to_the_same) };
TAP_MAIN(tests)
