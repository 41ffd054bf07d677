// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl audit verify, checkpoint, prove, consistency, verify-proof: as a stranger runs them. */
#include "tests/tap.h"
#include "tests/unit/audit_rig.h"
#include "tests/unit/stranger_rig.h"
#include "tests/unit/verify_rig.h"

#define RECORDS 150
#define COVERED 130

static struct image whole, changed;
static struct place places[RECORDS + 1]; /* in whole */
static struct note_key foreign;
static char key_line[NOTE_VERIFIER_SIZE + 1], key_path[160], anchor_path[160], proof_path[160];

static bool key_put(const char *path, const struct note_key *key)
{
	char line[NOTE_VERIFIER_SIZE + 1];
	int len = note_verifier_encode(&key->verifier, line, sizeof(line) - 1);

	if (len < 0)
		return false;
	line[len++] = '\n';
	return log_set(path, line, (size_t)len);
}

/* Records to 150, checkpoints of 50, 100 and 130; the key beside it, an anchor of 130 elsewhere. */
static bool log_whole(void)
{
	static const uint8_t seed[NOTE_KEY] = "a seed of a stranger's key....";
	char note[1024];
	size_t len;

	if (!whole.count) {
		if (!log_make(RECORDS, 12000, 50, COVERED) || !image_take(&whole) ||
		    note_key_make("example.com/log", seed, &foreign) != 0)
			return false;
		snprintf(key_path, sizeof(key_path), "%s.pub", log_dir);
		snprintf(anchor_path, sizeof(anchor_path), "%s/anchor", log_base);
		snprintf(proof_path, sizeof(proof_path), "%s/proof", log_base);
		len = log_sign("example.com/log", COVERED, &log_key, note, sizeof(note));
		if (!len || !log_set(anchor_path, note, len) ||
		    note_verifier_encode(&log_key.verifier, key_line, sizeof(key_line)) < 0)
			return false;
	}
	return key_put(key_path, &log_key) &&
	       image_places(&whole, places, RECORDS + 1) == RECORDS &&
	       image_copy(&whole, &changed) && image_put(&whole);
}

static void a_log_in_order_is_verified_and_limits_are_told(void)
{
	REQUIRE(log_whole());
	CHECK_INT(audit(NULL, "verify"), 0);
	CHECK(says("records      150, whole and in order\n"));
	CHECK(says("covered      130, by 3 checkpoints\n"));
	CHECK(says("not covered  20, from record 131 on\n"));
	CHECK(says("key          example.com/log+f566dbf9, from beside the log\n"));
	CHECK(says("that takes --anchor") && says("whose key it is") && says("private key"));
	CHECK(says("whether the last 20 records are as they were written"));
	CHECK(says("\nverified: "));

	CHECK_INT(audit(NULL, "verify", "--key", key_line, "--anchor", anchor_path), 0);
	CHECK(says("anchor       fits: of 130 records\n"));
	CHECK(says("by 4 checkpoints, the anchor among them\n"));
	CHECK(!strstr(out, "whose key it is") && !strstr(out, "that takes --anchor"));
	CHECK(says("records behind 130 that were cut off"));

	CHECK_INT(audit(anchor_path, "verify", "--key", key_path, "--anchor", "-", "--json"), 0);
	CHECK(says("\"key_beside\":false,\"verified\":true,\"records\":150,\"covered\":130,"
		   "\"checkpoints\":4,\"anchor\":130,"));
	CHECK(strchr(out, '\n') && !strchr(out, '\n')[1]);
}

static struct place place_of(uint64_t seq)
{
	struct place p = places[seq];

	p.file = image_find(&changed, p.file->name);
	return p;
}

static void record_change(void)
{
	struct place p = place_of(77);

	p.file->data[p.at + 30] ^= 1;
	frame_seal(p.file->data + p.at);
}

static void record_and_hash_change(void)
{
	struct place p = place_of(77);

	record_change();
	if (!leaf_restore(&changed, &p))
		abort();
}

static void record_delete(void)
{
	struct place p = place_of(60);

	file_splice(p.file, p.at, p.len, "", 0);
}

static void segment_delete(void)
{
	struct image_file *file = place_of(60).file;

	free(file->data);
	*file = changed.files[--changed.count];
}

static void tail_change(void)
{
	struct place p = place_of(140);

	p.file->data[p.at + 60] ^= 1;
}

static void tail_tear(void)
{
	place_of(RECORDS).file->len -= 7;
}

static void log_truncate(void)
{
	struct place p = place_of(125);
	size_t i;

	p.file->len = p.at;
	for (i = changed.count; i--;) {
		if (is_segment(&changed.files[i]) &&
		    strcmp(changed.files[i].name, p.file->name) > 0)
			changed.files[i].name[20] = '!';
	}
}

static void trail_cut_too(void)
{
	log_truncate();
	image_find(&changed, TRAIL_NAME)->len = 0;
}

static void signature_change(void)
{
	struct image_file *trail = image_find(&changed, TRAIL_NAME);

	trail->data[trail->len - 20] = trail->data[trail->len - 20] == 'A' ? 'B' : 'A';
}

static void version_change(void)
{
	struct place p = place_of(places[100].first);

	p.file->data[8] = 9;
	header_seal(p.file->data);
}

static const struct {
	const char *name;
	void (*change)(void);
	bool anchored;
	int status;
	const char *says, *json;
} cases[] = {
	{ "nothing", NULL, false, 0, "\nverified", "\"verified\":true" },
	{ "a torn tail", tail_tear, false, 0, "bytes of half a record at the end",
	  "\"records\":149" },
	{ "a record", record_change, false, 1, "record 77 was changed", "\"problem\":\"changed\"" },
	{ "a record and its hash", record_and_hash_change, false, 1,
	  "of the records 51 to 100 some are others", "\"from\":51,\"to\":100" },
	{ "a deletion", record_delete, false, 1, "record 61 stands where 60 should",
	  "\"problem\":\"order\"" },
	{ "a segment", segment_delete, false, 1, "are missing", "\"problem\":\"missing\"" },
	{ "a tail", tail_change, false, 1, "record 140 is damaged", "\"seq\":140" },
	{ "an end", log_truncate, false, 1, "records 125 to 130 are missing", "\"missing\":6" },
	{ "an end with its trail", trail_cut_too, false, 5, "no checkpoint covers anything of it",
	  "\"verified\":false,\"records\":124,\"covered\":0" },
	{ "the same, anchored", trail_cut_too, true, 1, "records 125 to 130 are missing",
	  "\"anchored\":true" },
	{ "a signature", signature_change, false, 1, "a checkpoint whose signature is wrong",
	  "\"problem\":\"signature\"" },
	{ "a version", version_change, false, 5, "this program knows up to 1",
	  "\"problem\":\"version\"" },
};

static void what_was_done_to_a_log_is_told(void)
{
	bool python = stranger_there();
	char said[512];
	size_t i;
	int rc;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		REQUIRE(log_whole());
		if (cases[i].change)
			cases[i].change();
		REQUIRE(image_put(&changed));
		if (python) {
			rc = stranger_run(said, sizeof(said), log_dir, key_path,
					  cases[i].anchored ? anchor_path : NULL);
			/* It tells of what is wrong, not of what nobody signed for. */
			CHECK_MSG(
				rc == (cases[i].status != 0 && cases[i].change != trail_cut_too) ||
					cases[i].anchored,
				"%s: %d %s", cases[i].name, rc, said);
		}
		rc = audit(NULL, "verify", "--key", key_path, cases[i].anchored ? "--anchor" : NULL,
			   anchor_path);
		CHECK_MSG(rc == cases[i].status, "%s: %d", cases[i].name, rc);
		CHECK_MSG(says(cases[i].says), "%s", cases[i].name);
		CHECK_MSG((strstr(out, "PROBLEM ") != NULL) ==
				  (cases[i].status != 0 && !says("not verified")),
			  "%s", cases[i].name);
		rc = audit(NULL, "verify", "--json", "--key", key_path,
			   cases[i].anchored ? "--anchor" : NULL, anchor_path);
		CHECK_MSG(rc == cases[i].status, "%s: %d", cases[i].name, rc);
		CHECK_MSG(says(cases[i].json), "%s", cases[i].name);
		CHECK(strchr(out, '\n') && !strchr(out, '\n')[1]);
	}
}

static void keys_and_anchors_that_are_none_are_refused(void)
{
	char secret[NOTE_KEY_SIZE], line[1024];
	char other[200];
	struct note_key elsewhere;
	size_t len;

	REQUIRE(log_whole());
	snprintf(other, sizeof(other), "%s", base_path("other.pub"));
	REQUIRE(key_put(other, &foreign));
	CHECK_INT(audit(NULL, "verify", "--key", other), 1);
	CHECK(says("PROBLEM") && says("a checkpoint that is not signed by this key"));
	CHECK_INT(audit(NULL, "verify", "--origin", "example.com/another"), 1);
	CHECK(says("a checkpoint of another log"));
	CHECK_INT(audit(NULL, "verify", "--origin", "example.com/log"), 0);

	snprintf(line, sizeof(line), "%s", key_line);
	line[strlen("example.com/log+")] = 'e';
	CHECK_INT(audit(NULL, "verify", "--key", line), 3);
	CHECK(one_line("whose id is not that of its name and bytes"));
	/* A secret that was taken for it is not shown. */
	REQUIRE(note_key_encode(&log_key, secret, sizeof(secret)) > 0);
	CHECK_INT(audit(NULL, "verify", "--key", secret), 3);
	CHECK(one_line("a private key") && !strstr(err, strrchr(secret, '+')));
	REQUIRE(log_set(base_path("secret"), secret, strlen(secret)));
	CHECK_INT(audit(NULL, "verify", "--key", base_path("secret")), 3);
	CHECK(one_line("a private key"));
	CHECK_INT(audit(NULL, "verify", "--key", "/dev/null"), 3);
	CHECK(one_line("empty"));
	CHECK_INT(audit(NULL, "verify", "--key", "/dev/zero"), 3);
	CHECK(one_line("more than 186550 bytes"));
	CHECK_INT(audit(NULL, "verify", "--key", "/"), 3);
	CHECK(one_line("Is a directory"));
	CHECK_INT(audit(NULL, "verify", "--key", base_path("a\033[31m")), 3);
	CHECK(one_line("a\\x1b[31m: No such file or directory"));
	REQUIRE(unlink(key_path) == 0);
	CHECK_INT(audit(NULL, "verify"), 3);
	CHECK(one_line("log.pub: No such file or directory; name the log's public key with --key"));

	REQUIRE(log_whole());
	CHECK_INT(audit(NULL, "verify", "--anchor", key_path), 3);
	CHECK(one_line("not a signed checkpoint"));
	CHECK_INT(audit(NULL, "verify", "--anchor", "/dev/zero"), 3);
	CHECK(one_line("more than 131072 bytes"));
	REQUIRE(note_key_make("example.com/elsewhere", foreign.seed, &elsewhere) == 0);
	len = log_sign("example.com/log", COVERED, &elsewhere, line, sizeof(line));
	REQUIRE(log_set(base_path("foreign"), line, len));
	CHECK_INT(audit(NULL, "verify", "--anchor", base_path("foreign")), 1);
	CHECK(says("the anchored checkpoint: a checkpoint that is not signed by this key"));
	CHECK_INT(audit(NULL, "verify", "--anchor", anchor_path), 0);
	unlink(other);
	unlink(base_path("secret"));
	unlink(base_path("foreign"));
}

static void what_is_no_log_is_said_to_be_none(void)
{
	char name[400], other[400];

	REQUIRE(log_whole());
	CHECK_INT(audit(NULL, "verify", "--key", key_path, "--directory", base_path("nowhere")), 5);
	CHECK(one_line("there is no audit log"));
	CHECK_INT(audit(NULL, "verify", "--key", key_path, "--directory", key_path), 5);
	CHECK(one_line("Not a directory"));
	REQUIRE(mkdir(base_path("empty"), 0700) == 0);
	CHECK_INT(audit(NULL, "verify", "--key", key_path, "--directory", base_path("empty")), 5);
	CHECK(one_line("neither records nor checkpoints"));
	CHECK_INT(audit(NULL, "checkpoint", "--directory", base_path("empty")), 1);
	CHECK(one_line("there is no checkpoint yet"));
	CHECK_INT(audit(NULL, "prove", "1", "--directory", base_path("empty")), 1);
	CHECK(one_line("there are no records"));
	rmdir(base_path("empty"));

	snprintf(name, sizeof(name), "%s", log_file(places[77].first, ".seg"));
	snprintf(other, sizeof(other), "%s", log_path("elsewhere"));
	REQUIRE(rename(name, other) == 0 && symlink(other, name) == 0);
	CHECK_INT(audit(NULL, "verify"), 1);
	CHECK(says("PROBLEM") && says("link"));
	CHECK_INT(audit(NULL, "prove", "77"), 1);
	CHECK(one_line("link"));
	CHECK_INT(audit(NULL, "prove", "3"), 0);
}

static void a_checkpoint_is_printed_as_it_was_signed(void)
{
	size_t len;
	char *note;

	REQUIRE(log_whole() && (note = (char *)log_get(anchor_path, &len)));
	CHECK_INT(audit(NULL, "checkpoint"), 0);
	CHECK(strlen(out) == len && memcmp(out, note, len) == 0);
	CHECK_INT(audit(NULL, "checkpoint", "--size", "101"), 0);
	CHECK(strlen(out) == len && memcmp(out, note, len) == 0);
	CHECK_INT(audit(NULL, "checkpoint", "--size", "100"), 0);
	CHECK(says("example.com/log\n100\n"));
	CHECK_INT(audit(NULL, "checkpoint", "--size", "131"), 1);
	CHECK(one_line("there is no checkpoint of 131 records or more yet"));
	CHECK_INT(audit(NULL, "checkpoint", "--size", "-1"), 2);
	CHECK_INT(audit(NULL, "checkpoint", "--size", "99999999999999999999999"), 2);
	CHECK_INT(audit(NULL, "checkpoint", "100"), 2);
	CHECK(one_line("--size N"));
	free(note);
}

static void a_record_is_proved_to_who_has_the_key_alone(void)
{
	REQUIRE(log_whole());
	unlink(proof_path);
	CHECK_INT(audit(NULL, "prove", "77", "--out", proof_path), 0);
	CHECK(!out[0] && !err[0]);
	CHECK_INT(audit(NULL, "prove", "77", "--out", proof_path), 1);
	CHECK(one_line("is there already"));
	/* Offline: the log is not there. */
	log_new();
	CHECK_INT(audit(NULL, "verify-proof", "--key", key_line, proof_path), 0);
	CHECK(says("proved: this is record 77 of the log example.com/log,\nof which the key "
		   "example.com/log+f566dbf9 signed 130 records\n"));
	CHECK(says("-- Monday 2026-09-21, times in UTC --\n14:13:20.077  allowed agent-2"));
	CHECK(says("This does not show"));
	CHECK_INT(audit(proof_path, "verify-proof", "--json", "--key", key_path, "-"), 0);
	CHECK(says("{\"proved\":\"inclusion\",\"origin\":\"example.com/log\",") &&
	      says("\"size\":130,\"seq\":77,\"record\":{\"seq\":77,") && says("}}\n"));

	/* The first of a segment, whose leaf has the segment's header in it. */
	REQUIRE(log_whole() && unlink(proof_path) == 0 && places[54].at == SEGMENT_HEADER);
	CHECK_INT(audit(NULL, "prove", "--output", proof_path, "54"), 0);
	CHECK_INT(audit(NULL, "verify-proof", "--key", key_path, proof_path), 0);
	CHECK(says("this is record 54"));
}

static void records_that_cannot_be_proved_say_why(void)
{
	REQUIRE(log_whole());
	CHECK_INT(audit(NULL, "prove", "131"), 1);
	CHECK(one_line("no checkpoint covers record 131 yet, the newest is of 130; the next one "
		       "that agentosd signs will"));
	CHECK_INT(audit(NULL, "prove", "130"), 0);
	CHECK_INT(audit(NULL, "prove", "151"), 1);
	CHECK(one_line("there is no record 151, the last one is 150"));
	CHECK_INT(audit(NULL, "prove", "0"), 1);
	CHECK(one_line("the first one is 1"));
	CHECK_INT(audit(NULL, "prove"), 2);
	CHECK_INT(audit(NULL, "prove", "x"), 2);
	CHECK_INT(audit(NULL, "prove", "-1"), 2);
	CHECK_INT(audit(NULL, "prove", "1", "2"), 2);
	CHECK_INT(audit(NULL, "prove", "99999999999999999999"), 2);
	CHECK_INT(audit(NULL, "prove", "1", "--size", "5"), 2);
	record_change();
	REQUIRE(image_put(&changed));
	CHECK_INT(audit(NULL, "prove", "77"), 1);
	CHECK(one_line("record 77 is not what its stored hash says"));
	CHECK_INT(audit(NULL, "prove", "78"), 0);
}

/* Every eleventh byte of a proof, another, and the proof cut there: never proved, and never more than a line. */
static void a_proof_that_was_changed_proves_nothing(void)
{
	size_t len, at;
	char *proof;
	int rc;

	REQUIRE(log_whole());
	unlink(proof_path);
	CHECK_INT(audit(NULL, "prove", "20", "--output", proof_path), 0);
	REQUIRE((proof = (char *)log_get(proof_path, &len)));
	for (at = 0; at < len; at += 11) {
		proof[at] ^= 1;
		REQUIRE(log_set(proof_path, proof, len));
		rc = audit(NULL, "verify-proof", "--key", key_path, proof_path);
		CHECK_MSG((rc == 1 || rc == 3 || rc == 5) && one_line(""), "%zu: %d", at, rc);
		proof[at] ^= 1;
		REQUIRE(log_set(proof_path, proof, at));
		rc = audit(NULL, "verify-proof", "--key", key_path, proof_path);
		CHECK_MSG(rc == 3 && one_line(""), "cut at %zu: %d", at, rc);
	}
	/* The control. */
	REQUIRE(log_set(proof_path, proof, len));
	CHECK_INT(audit(NULL, "verify-proof", "--key", key_path, proof_path), 0);
	REQUIRE(key_put(base_path("other.pub"), &foreign));
	CHECK_INT(audit(NULL, "verify-proof", "--key", base_path("other.pub"), proof_path), 1);
	CHECK(one_line("the proof's checkpoint is not signed by the key"));
	unlink(base_path("other.pub"));
	CHECK_INT(
		audit(NULL, "verify-proof", "--key", key_path, "--origin", "x.test/y", proof_path),
		1);
	CHECK(one_line("is of another log, example.com/log"));
	CHECK_INT(audit(NULL, "verify-proof", proof_path), 2);
	CHECK(one_line("--key is missing"));
	CHECK_INT(
		audit(NULL, "verify-proof", "--key", key_path, "--anchor", anchor_path, proof_path),
		2);
	CHECK_INT(audit(NULL, "verify-proof", "--key", key_path, "/dev/zero"), 3);
	CHECK(one_line("more than 262144 bytes"));
	CHECK_INT(audit(NULL, "verify-proof", "--key", key_path, anchor_path), 3);
	CHECK(one_line("not a proof, or not all of one"));
	proof[strlen("c2sp.org/tlog-proof@v")] = '2';
	REQUIRE(log_set(proof_path, proof, len));
	CHECK_INT(audit(NULL, "verify-proof", "--key", key_path, proof_path), 5);
	CHECK(one_line("a proof of a version that this program does not know"));
	free(proof);
}

static void growth_is_proved_to_who_has_the_older_checkpoint(void)
{
	const char *old = base_path("old"), *growth = base_path("growth");

	REQUIRE(log_whole());
	unlink(old);
	unlink(growth);
	CHECK_INT(audit(NULL, "checkpoint", "--size", "50", "--output", old), 0);
	CHECK_INT(audit(NULL, "consistency", "50", "130"), 0);
	CHECK(says("old 50\n"));
	CHECK_INT(audit(NULL, "consistency", old, "--output", growth), 0);
	CHECK_INT(audit(NULL, "verify-proof", "--key", key_path, "--anchor", old, growth), 0);
	CHECK(says("proved: the log example.com/log of 130 records begins with the 50\n"));
	CHECK_INT(audit(old, "verify-proof", "--json", "--key", key_path, "--anchor", "-", growth),
		  0);
	CHECK(says("{\"proved\":\"consistency\",") &&
	      says("\"size\":130,\"old\":50,\"old_key\":\"example.com/log+f566dbf9\"}\n"));
	CHECK_INT(audit(NULL, "verify-proof", "--key", key_path, growth), 2);
	CHECK(one_line("--anchor FILE"));
	CHECK_INT(audit(NULL, "verify-proof", "--key", key_path, "--anchor", anchor_path, growth),
		  1);
	CHECK(one_line("from 50 records, and the anchor is of 130"));
	CHECK_INT(audit(NULL, "verify-proof", "--key", key_path, "--anchor", key_path, growth), 3);

	CHECK_INT(audit(NULL, "consistency", old, anchor_path), 0);
	CHECK_INT(audit(NULL, "consistency", anchor_path, old), 1);
	CHECK(one_line("130 is more than 50"));
	CHECK_INT(audit(NULL, "consistency", "100", "50"), 1);
	CHECK(one_line("the smaller checkpoint comes first"));
	CHECK_INT(audit(NULL, "consistency", "100", "100"), 0);
	CHECK_INT(audit(NULL, "consistency", "99"), 1);
	CHECK(one_line("no checkpoint of 99 records; the next larger one is of 100"));
	CHECK_INT(audit(NULL, "consistency", "131"), 1);
	CHECK(one_line("there is no checkpoint of 131 records or more yet"));
	CHECK_INT(audit(NULL, "consistency", base_path("nothing")), 3);
	CHECK_INT(audit(NULL, "consistency", key_path), 3);
	CHECK(one_line("not a signed checkpoint"));
	CHECK_INT(audit(NULL, "consistency"), 2);
	CHECK_INT(audit(NULL, "consistency", "50", "100", "130"), 2);
	unlink(old);
	unlink(growth);
}

/* By a program that shares no code with ours, whose format is the same. */
static void a_stranger_takes_the_same_proofs(void)
{
	static const char *const seqs[] = { "1", "2", "54", "77", "100", "129", "130" };
	static const char *const sizes[] = { "50", "100", "130" };
	const char *old = base_path("old");
	char said[512], expected[64], *proof;
	size_t i, len;

	if (!stranger_there())
		SKIP("there is no python3");
	REQUIRE(log_whole());
	for (i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
		unlink(proof_path);
		CHECK_INT(audit(NULL, "prove", seqs[i], "--output", proof_path), 0);
		CHECK_INT(stranger_run(said, sizeof(said), "--proof", proof_path, key_path), 0);
		snprintf(expected, sizeof(expected), "proved record %s of 130\n", seqs[i]);
		CHECK_STR(said, expected);
	}
	/* A byte of the record is another. */
	REQUIRE((proof = (char *)log_get(proof_path, &len)));
	proof[60] = proof[60] == 'A' ? 'B' : 'A';
	REQUIRE(log_set(proof_path, proof, len));
	CHECK_INT(stranger_run(said, sizeof(said), "--proof", proof_path, key_path), 1);
	CHECK_STR(said, "the record is not proved\n");
	CHECK_INT(audit(NULL, "verify-proof", "--key", key_path, proof_path), 1);
	free(proof);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		unlink(old);
		unlink(proof_path);
		CHECK_INT(audit(NULL, "checkpoint", "--size", sizes[i], "--output", old), 0);
		CHECK_INT(audit(NULL, "consistency", sizes[i], "--output", proof_path), 0);
		CHECK_INT(stranger_run(said, sizeof(said), "--proof", proof_path, key_path, old),
			  0);
		snprintf(expected, sizeof(expected), "proved growth from %s to 130\n", sizes[i]);
		CHECK_STR(said, expected);
	}
	/* The anchor is the wrong one. */
	CHECK_INT(audit(NULL, "consistency", "50", "--output", base_path("growth")), 0);
	CHECK_INT(stranger_run(said, sizeof(said), "--proof", base_path("growth"), key_path, old),
		  1);
	CHECK_STR(said, "growth is not proved\n");
	unlink(base_path("growth"));
	unlink(old);
}

/* Another log by the same key, of the same name: signed for twice. */
static void a_log_written_anew_does_not_fit_an_older_checkpoint(void)
{
	const char *old = base_path("old");
	struct place p;

	REQUIRE(log_whole());
	unlink(old);
	CHECK_INT(audit(NULL, "checkpoint", "--size", "100", "--output", old), 0);
	/* All is written anew, but for one record: hashes and checkpoints as well. */
	record_change();
	p = place_of(77);
	REQUIRE(leaf_restore(&changed, &p));
	image_find(&changed, TRAIL_NAME)->len = 0;
	REQUIRE(image_put(&changed) && log_checkpoint(RECORDS));
	CHECK_INT(audit(NULL, "verify"), 0);
	CHECK(says("written anew by who has the private key"));
	CHECK_INT(audit(NULL, "verify", "--anchor", old), 1);
	CHECK(says("records 1 to 100 are not those that the anchored checkpoint was given for"));
	CHECK_INT(audit(NULL, "consistency", old), 1);
	CHECK(one_line("not both checkpoints are of the log that is stored here"));
	unlink(old);
}

static void each_has_its_help_and_knows_its_options(void)
{
	static const char *const words[] = { "verify", "checkpoint", "prove", "consistency",
					     "verify-proof" };
	char usage[64];
	size_t i;

	REQUIRE(log_whole());
	for (i = 0; i < 5; i++) {
		snprintf(usage, sizeof(usage), "Usage: agentctl audit %s ", words[i]);
		CHECK_INT(audit(NULL, words[i], "--help"), 0);
		CHECK(says(usage) && says("Exit status:"));
		CHECK_INT(audit(NULL, words[i], "--nonsense"), 2);
		CHECK(one_line("unknown option"));
		CHECK_INT(audit(NULL, "--help"), 0);
		CHECK(says(words[i]));
	}
	CHECK_INT(audit(NULL, "verify", "--key"), 2);
	CHECK(one_line("lacks its value"));
	CHECK_INT(audit(NULL, "verify", "something"), 2);
	/* Without a word it is what it was. */
	CHECK_INT(audit(NULL, "-n", "1"), 0);
	CHECK(says("adopted"));
}

static void nothing_is_left_behind(void)
{
	static const char *const names[] = { "out", "err", "anchor", "proof" };
	size_t i;

	unlink(key_path);
	for (i = 0; i < 4; i++)
		unlink(base_path(names[i]));
	image_free(&whole);
	image_free(&changed);
	log_end();
	CHECK_INT(access(log_base, F_OK), -1);
}

static const struct tap_test tests[] = {
	TEST(a_log_in_order_is_verified_and_limits_are_told),
	TEST(what_was_done_to_a_log_is_told),
	TEST(keys_and_anchors_that_are_none_are_refused),
	TEST(what_is_no_log_is_said_to_be_none),
	TEST(a_checkpoint_is_printed_as_it_was_signed),
	TEST(a_record_is_proved_to_who_has_the_key_alone),
	TEST(records_that_cannot_be_proved_say_why),
	TEST(a_proof_that_was_changed_proves_nothing),
	TEST(growth_is_proved_to_who_has_the_older_checkpoint),
	TEST(a_stranger_takes_the_same_proofs),
	TEST(a_log_written_anew_does_not_fit_an_older_checkpoint),
	TEST(each_has_its_help_and_knows_its_options),
	TEST(nothing_is_left_behind),
};
TAP_MAIN(tests)
