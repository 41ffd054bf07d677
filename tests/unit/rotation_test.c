// SPDX-License-Identifier: GPL-2.0-or-later
/* The log's key is changed: both sign for it, the old one is gone, and wherever a crash comes one of them counts. */
#include "audit/key_file.h"
#include "audit/keychain.h"
#include "audit/ledger.h"
#include "base/limits.h"
#include "tests/tap.h"
#include "tests/unit/verify_rig.h"

#include <signal.h>
#include <sys/resource.h>

static struct fault fault;
static struct ledger_found found;
static char secret[128], public[128], next[128], beside[128];

static bool place(void)
{
	log_new();
	snprintf(secret, sizeof(secret), "%s.key", log_dir);
	snprintf(public, sizeof(public), "%s.pub", log_dir);
	snprintf(next, sizeof(next), "%s.key.next", log_dir);
	snprintf(beside, sizeof(beside), "%s/beside", log_base);
	unlink(secret);
	unlink(public);
	unlink(next);
	unlink(beside);
	return true;
}

static int open_log(struct ledger **l)
{
	const struct ledger_options o = {
		.segments = { .directory = log_dir,
			      .boot = (const uint8_t *)"boot a.........",
			      .limit = 30000,
			      .buffer = 65536 },
	};

	fault.text[0] = '\0';
	return ledger_open(&o, l, &found, &fault);
}

static bool grow(struct ledger *l, uint64_t to)
{
	struct record r = { 0 };

	while (r.seq < to) {
		r = log_record(1);
		if (ledger_append(l, &r) != 0 || ledger_flush(l) != 0)
			return false;
	}
	return true;
}

static bool key_now(struct note_verifier *ret_key)
{
	struct note_key key;
	bool made;

	if (key_file_open(log_dir, false, &key, &made, &fault) != 0)
		return false;
	*ret_key = key.verifier;
	note_key_wipe(&key);
	return true;
}

/* As who knows this key sees the log: the problem, or a negative errno. */
static int seen_by(const struct note_verifier *key)
{
	const struct verify_options o = { .directory = log_dir, .verifier = key };
	int rc;

	rc = verify_log(&o, &result, &verify_fault);
	if (rc == 0 && result.problem)
		printf("# %s\n", result.text.text);
	return rc ? rc : (int)result.problem;
}

/* The lines of the public file are these. */
static bool public_is(const struct note_verifier *keys, size_t count)
{
	char expected[8 * NOTE_VERIFIER_SIZE] = "";
	size_t i, len = 0;
	uint8_t *text = log_get(public, &len);
	bool same;

	for (i = 0; i < count; i++) {
		note_verifier_encode(&keys[i], expected + strlen(expected), NOTE_VERIFIER_SIZE);
		strcat(expected, "\n");
	}
	same = text && len == strlen(expected) && memcmp(text, expected, len) == 0;
	free(text);
	return same;
}

static bool all_zero(const char *path)
{
	size_t i, len = 0;
	uint8_t *bytes = log_get(path, &len);
	bool zero = bytes && len;

	for (i = 0; i < len && zero; i++)
		zero = bytes[i] == 0;
	free(bytes);
	return zero;
}

static void both_sign_and_then_the_new_one_alone(void)
{
	struct note_verifier first, before, after, foreign = { .name = "" };
	struct stat st;
	struct ledger *l;

	REQUIRE(place() && open_log(&l) == 0);
	CHECK(found.key_made && found.rotation == ROTATION_NONE);
	REQUIRE(key_now(&first) && grow(l, 100));
	CHECK_INT(ledger_checkpoint(l, 0), 0);
	REQUIRE(grow(l, 150) && link(secret, beside) == 0);
	CHECK_INT(ledger_rotate(l, 0, &before, &after, &fault), 0);
	CHECK(memcmp(&before, &first, sizeof(first)) == 0);
	CHECK_STR(after.name, first.name);
	CHECK(memcmp(after.id, first.id, NOTE_ID) != 0);
	/* Flushed records are covered by it. */
	CHECK_INT(ledger_covered(l), 150);
	/* The old one is gone: where it lay, too. */
	CHECK(all_zero(beside));
	CHECK(access(next, F_OK) != 0);
	CHECK(stat(secret, &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK(stat(public, &st) == 0 && (st.st_mode & 07777) == 0644);
	CHECK(public_is((struct note_verifier[]){ before, after }, 2));
	CHECK(grow(l, 170));
	ledger_close(l);
	CHECK_INT(seen_by(&before), VERIFY_FINE);
	CHECK(result.keys == 2 && result.key_since == 150 && result.covered == 170);
	CHECK(memcmp(&result.key, &after, sizeof(after)) == 0);
	CHECK_INT(seen_by(&after), VERIFY_FINE);
	CHECK(result.keys == 2 && result.checkpoints == 3);
	foreign = after;
	foreign.key[0] ^= 1;
	CHECK_INT(seen_by(&foreign), VERIFY_SIGNATURE);
	/* It goes on under the new one. */
	REQUIRE(open_log(&l) == 0);
	CHECK(!found.key_made && found.rotation == ROTATION_NONE && found.covered == 170);
	CHECK(grow(l, 180));
	ledger_close(l);
	CHECK_INT(seen_by(&before), VERIFY_FINE);
	CHECK_INT(result.covered, 180);
}

static void many_changes_are_followed_from_any_key(void)
{
	struct note_verifier keys[7], before;
	struct ledger *l;
	size_t i;

	REQUIRE(place() && open_log(&l) == 0 && key_now(&keys[0]));
	for (i = 1; i < 7; i++) {
		/* Twice without a record in between. */
		REQUIRE(grow(l, i == 3 ? 20 : i * 10));
		CHECK_INT(ledger_rotate(l, 0, &before, &keys[i], &fault), 0);
		CHECK(memcmp(&before, &keys[i - 1], sizeof(before)) == 0);
	}
	ledger_close(l);
	CHECK(public_is(keys, 7));
	for (i = 0; i < 7; i++) {
		CHECK_INT(seen_by(&keys[i]), VERIFY_FINE);
		CHECK(result.keys == 7 && memcmp(&result.key, &keys[6], sizeof(before)) == 0);
	}
}

/* A log whose change is at step 2: the trail hands over, all else is as before. */
static bool make_handed_over(struct note_verifier *before, struct note_verifier *after)
{
	char blocked[160];
	struct ledger *l;
	bool ok;

	snprintf(blocked, sizeof(blocked), "%s.new", public);
	if (!place() || open_log(&l) != 0)
		return false;
	ok = grow(l, 30) && ledger_checkpoint(l, 0) == 0 && mkdir(blocked, 0700) == 0 &&
	     ledger_rotate(l, 0, before, after, &fault) == -EINPROGRESS;
	rmdir(blocked);
	ledger_close(l);
	return ok && access(next, F_OK) == 0;
}

/* Opens the log, which must come to this. */
static bool resumed(enum rotation_state state, const struct note_verifier *key)
{
	struct note_verifier now;
	struct ledger *l;

	if (open_log(&l) != 0) {
		printf("# %s\n", fault.text);
		return false;
	}
	ledger_close(l);
	return found.rotation == state && access(next, F_OK) != 0 && key_now(&now) &&
	       memcmp(&now, key, sizeof(now)) == 0;
}

static void before_the_trail_hands_over_a_crash_leaves_the_old_key(void)
{
	struct note_verifier before, after;
	uint8_t *trail;
	size_t len = 0, first;

	/* Nothing of the new checkpoint, or a part of it. */
	for (first = 0; first < 3; first++) {
		REQUIRE(make_handed_over(&before, &after));
		trail = log_get(log_path(TRAIL_NAME), &len);
		REQUIRE(trail && len > 500);
		len -= first == 0 ? 1 : first * 100;
		/* The first entry is of some 200 bytes. */
		if (first == 2)
			len = (size_t)((uint8_t *)memmem(trail, len, "\n\n", 2) - trail) + 150;
		REQUIRE(log_set(log_path(TRAIL_NAME), trail, len) && link(next, beside) == 0);
		free(trail);
		CHECK(resumed(ROTATION_WITHDRAWN, &before));
		CHECK(all_zero(beside));
		CHECK(public_is(&before, 1));
		CHECK_INT(seen_by(&before), VERIFY_FINE);
		CHECK_INT(result.keys, 1);
	}
	/* The key was prepared, and no more. */
	REQUIRE(place());
	{
		struct note_key key, prepared;
		struct ledger *l;
		bool made;

		REQUIRE(open_log(&l) == 0 && grow(l, 3));
		ledger_close(l);
		REQUIRE(key_file_open(log_dir, false, &key, &made, &fault) == 0 &&
			key_file_prepare(log_dir, &key, &prepared, &fault) == 0);
		CHECK(resumed(ROTATION_WITHDRAWN, &key.verifier));
		CHECK(resumed(ROTATION_NONE, &key.verifier));
	}
}

static void behind_it_a_crash_leaves_the_new_one(void)
{
	struct note_verifier before, after;
	char zeros[100] = { 0 }, lines[2 * NOTE_VERIFIER_SIZE + 2];
	struct stat st;
	int step;

	for (step = 2; step < 5; step++) {
		REQUIRE(make_handed_over(&before, &after));
		CHECK(public_is(&before, 1));
		note_verifier_encode(&before, lines, NOTE_VERIFIER_SIZE);
		strcat(lines, "\n");
		note_verifier_encode(&after, lines + strlen(lines), NOTE_VERIFIER_SIZE);
		strcat(lines, "\n");
		if (step >= 3)
			REQUIRE(log_set(public, lines, strlen(lines)));
		REQUIRE(stat(secret, &st) == 0);
		if (step >= 4)
			REQUIRE(log_set(secret, zeros, sizeof(zeros)));
		REQUIRE(link(secret, beside) == 0);
		CHECK(resumed(ROTATION_ENDED, &after));
		CHECK(all_zero(beside));
		CHECK(public_is((struct note_verifier[]){ before, after }, 2));
		CHECK(resumed(ROTATION_NONE, &after));
		CHECK_INT(seen_by(&before), VERIFY_FINE);
		CHECK_INT(seen_by(&after), VERIFY_FINE);
	}
}

static void what_is_left_to_do_is_done_when_asked_again(void)
{
	struct note_verifier before, after, again[2];
	char blocked[160];
	struct ledger *l;

	REQUIRE(place() && open_log(&l) == 0 && grow(l, 30));
	snprintf(blocked, sizeof(blocked), "%s.new", public);
	REQUIRE(mkdir(blocked, 0700) == 0);
	CHECK_INT(ledger_rotate(l, 0, &before, &after, &fault), -EINPROGRESS);
	CHECK_MSG(strstr(fault.text, "may still be there"), "%s", fault.text);
	/* The new one signs. */
	CHECK(grow(l, 31));
	CHECK_INT(ledger_checkpoint(l, 0), 0);
	CHECK_INT(seen_by(&before), VERIFY_FINE);
	CHECK_INT(ledger_rotate(l, 0, &again[0], &again[1], &fault), -EINPROGRESS);
	REQUIRE(rmdir(blocked) == 0);
	CHECK_INT(ledger_rotate(l, 0, &again[0], &again[1], &fault), 0);
	CHECK(memcmp(&again[0], &before, sizeof(before)) == 0 &&
	      memcmp(&again[1], &after, sizeof(after)) == 0);
	CHECK(public_is(again, 2));
	ledger_close(l);
	CHECK_INT(seen_by(&before), VERIFY_FINE);
	CHECK_INT(result.keys, 2);
}

static void a_change_that_cannot_be_signed_for_is_none(void)
{
	struct rlimit was, small = { .rlim_cur = 300 };
	struct note_verifier first, before, after;
	struct ledger *l;

	signal(SIGXFSZ, SIG_IGN);
	REQUIRE(place() && open_log(&l) == 0 && key_now(&first));
	/* The trail has more already than may be written; a key's file is shorter. */
	REQUIRE(grow(l, 30) && ledger_checkpoint(l, 0) == 0);
	REQUIRE(grow(l, 31) && ledger_checkpoint(l, 0) == 0);
	REQUIRE(getrlimit(RLIMIT_FSIZE, &was) == 0);
	small.rlim_max = was.rlim_max;
	REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
	CHECK_INT(ledger_rotate(l, 0, &before, &after, &fault), -EFBIG);
	CHECK_MSG(strstr(fault.text, "did not happen"), "%s", fault.text);
	REQUIRE(setrlimit(RLIMIT_FSIZE, &was) == 0);
	CHECK(access(next, F_OK) != 0);
	CHECK(key_now(&after) && memcmp(&after, &first, sizeof(first)) == 0);
	/* The control: it can, and does. */
	CHECK_INT(ledger_rotate(l, 0, &before, &after, &fault), 0);
	ledger_close(l);
	CHECK_INT(seen_by(&first), VERIFY_FINE);
	CHECK_INT(result.keys, 2);
}

static void a_log_whose_next_key_is_lost_is_refused(void)
{
	struct note_key key, other;
	struct note_verifier before, after;
	struct ledger *l;
	bool made;

	/* The trail hands over, to a key that is nowhere. */
	REQUIRE(make_handed_over(&before, &after) && unlink(next) == 0);
	CHECK_INT(open_log(&l), -ENOKEY);
	CHECK_MSG(strstr(fault.text, "handed over to another, which is missing"), "%s", fault.text);
	/* Or another lies in its place: nothing of it is given up. */
	REQUIRE(key_file_open(log_dir, false, &key, &made, &fault) == 0 &&
		key_file_prepare(log_dir, &key, &other, &fault) == 0);
	CHECK_INT(open_log(&l), -ENOKEY);
	CHECK(access(next, F_OK) == 0 && access(secret, F_OK) == 0);
	/* And one that is none. */
	REQUIRE(log_set(next, "none", 4) && chmod(next, 0600) == 0);
	CHECK_INT(open_log(&l), -EBADMSG);
	CHECK_MSG(strstr(fault.text, ".key.next"), "%s", fault.text);
	/* Without the secret one nothing is begun anew. */
	REQUIRE(make_handed_over(&before, &after) && resumed(ROTATION_ENDED, &after));
	REQUIRE(unlink(secret) == 0);
	CHECK_INT(open_log(&l), -ENOENT);
	CHECK_MSG(strstr(fault.text, ".key is missing"), "%s", fault.text);
}

static void advancing_without_a_prepared_key_changes_nothing(void)
{
	struct note_verifier first, now;
	struct note_key key, prepared;
	struct ledger *l;
	bool made;

	REQUIRE(place() && open_log(&l) == 0 && key_now(&first));
	ledger_close(l);
	CHECK_INT(key_file_advance(log_dir, &first, 1, &fault), -ENOENT);
	CHECK(key_now(&now) && memcmp(&now, &first, sizeof(now)) == 0);
	REQUIRE(key_file_open(log_dir, false, &key, &made, &fault) == 0 &&
		key_file_prepare(log_dir, &key, &prepared, &fault) == 0);
	CHECK_INT(key_file_advance(log_dir, &first, 1, &fault), -EBADMSG);
	CHECK(key_now(&now) && memcmp(&now, &first, sizeof(now)) == 0);
	/* The control. */
	CHECK_INT(key_file_advance(log_dir, &prepared.verifier, 1, &fault), 0);
	CHECK(key_now(&now) && memcmp(&now, &prepared.verifier, sizeof(now)) == 0);
	place();
	log_end();
}

static const struct tap_test tests[] = {
	TEST(both_sign_and_then_the_new_one_alone),
	TEST(many_changes_are_followed_from_any_key),
	TEST(before_the_trail_hands_over_a_crash_leaves_the_old_key),
	TEST(behind_it_a_crash_leaves_the_new_one),
	TEST(what_is_left_to_do_is_done_when_asked_again),
	TEST(a_change_that_cannot_be_signed_for_is_none),
	TEST(a_log_whose_next_key_is_lost_is_refused),
	TEST(advancing_without_a_prepared_key_changes_nothing),
};
TAP_MAIN(tests)
