// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl audit on a log whose key was changed, or whose old records are gone: verified and proved by who knows one key, or all. */
#include "audit/ledger.h"
#include "audit/retention.h"
#include "rpc/control.h"
#include "tests/tap.h"
#include "tests/unit/audit_rig.h"

static struct note_verifier first, second;
static char public[160], old_path[160], new_path[160], anchor_path[160], proof_path[160];
static char first_name[200], second_name[200], state_path[160], kept_path[160];

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

static bool key_put(const char *path, const struct note_verifier *key)
{
	char line[NOTE_VERIFIER_SIZE];
	int len = note_verifier_encode(key, line, sizeof(line));

	return len > 0 && log_set(path, line, (size_t)len);
}

static void name_of(const struct note_verifier *key, char *buf, size_t size)
{
	snprintf(buf, size, "%s+%02x%02x%02x%02x", key->name, key->id[0], key->id[1], key->id[2],
		 key->id[3]);
}

static struct ledger *ledger_again(void)
{
	const struct ledger_options o = {
		.segments = { .directory = log_dir,
			      .boot = (const uint8_t *)"boot a.........",
			      .limit = 12000,
			      .buffer = 65536 },
	};
	struct ledger_found found;
	struct ledger *l;

	return ledger_open(&o, &l, &found, NULL) == 0 ? l : NULL;
}

/* 100 records by a new key, with checkpoints of 50 and of all. */
static bool log_begin(void)
{
	struct ledger *l;
	char path[160];
	bool ok;

	log_new();
	snprintf(path, sizeof(path), "%s.key", log_dir);
	unlink(path);
	snprintf(public, sizeof(public), "%s.pub", log_dir);
	unlink(public);
	snprintf(old_path, sizeof(old_path), "%s/old.pub", log_base);
	snprintf(new_path, sizeof(new_path), "%s/new.pub", log_base);
	snprintf(anchor_path, sizeof(anchor_path), "%s/anchor", log_base);
	snprintf(proof_path, sizeof(proof_path), "%s/proof", log_base);
	snprintf(state_path, sizeof(state_path), "%s/state", log_base);
	snprintf(kept_path, sizeof(kept_path), "%s/kept", log_base);
	unlink(state_path);
	unlink(kept_path);
	l = ledger_again();
	ok = l && grow(l, 50) && ledger_checkpoint(l, 0) == 0 && grow(l, 100);
	ledger_close(l);
	return ok;
}

/* Another key, and records by that. */
static bool log_change(uint64_t records)
{
	struct ledger *l = ledger_again();
	struct fault f = { "" };
	bool ok = l && ledger_rotate(l, 0, &first, &second, &f) == 0 && grow(l, records);

	ledger_close(l);
	name_of(&first, first_name, sizeof(first_name));
	name_of(&second, second_name, sizeof(second_name));
	return ok && key_put(old_path, &first) && key_put(new_path, &second);
}

/* 100 records by the first key, of which an anchor is of 50; and 30 more by the second. */
static bool log_whole(void)
{
	unlink(anchor_path);
	return log_begin() && log_change(130) &&
	       audit(NULL, "checkpoint", "--size", "50", "--output", anchor_path) == 0;
}

static void a_log_is_verified_by_any_of_its_keys(void)
{
	const char *const words[] = { public, old_path, new_path };
	char expected[600];
	size_t i;

	REQUIRE(log_whole());
	CHECK_INT(audit(NULL, "verify"), 0);
	snprintf(expected, sizeof(expected),
		 "keys         2, one after another; since record 101 it is %s\n", second_name);
	CHECK(says(expected));
	for (i = 0; i < 3; i++) {
		CHECK_INT(audit(NULL, "verify", "--key", words[i], "--anchor", anchor_path), 0);
		CHECK(says(expected));
		CHECK(says("anchor       fits: of 50 records\n"));
	}
	CHECK_INT(audit(NULL, "verify", "--json", "--key", old_path), 0);
	snprintf(expected, sizeof(expected),
		 "\"records\":130,\"covered\":130,\"checkpoints\":4,\"anchor\":null,\"pruned\":0,"
		 "\"keys\":2,\"key_since\":100,\"signed_by\":\"%s\",\"torn\"",
		 second_name);
	CHECK(says(expected));
}

static void a_file_that_has_other_lines_than_keys_is_refused(void)
{
	static const char *const texts[] = { "\n\n", "one\ntwo\n", "x+00000000+AAAA\n" };
	char line[2 * NOTE_VERIFIER_SIZE + 8];
	size_t i;

	REQUIRE(log_whole());
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		REQUIRE(log_set(proof_path, texts[i], strlen(texts[i])));
		CHECK_INT(audit(NULL, "verify", "--key", proof_path), 3);
		CHECK(one_line("not a public key"));
	}
	/* One bad line among good ones. */
	note_verifier_encode(&first, line, NOTE_VERIFIER_SIZE);
	strcat(line, "\n\n");
	note_verifier_encode(&second, line + strlen(line), NOTE_VERIFIER_SIZE);
	REQUIRE(log_set(proof_path, line, strlen(line)));
	CHECK_INT(audit(NULL, "verify", "--key", proof_path), 3);
	/* The control: with the line ends of other systems, too. */
	note_verifier_encode(&first, line, NOTE_VERIFIER_SIZE);
	strcat(line, "\r\n");
	note_verifier_encode(&second, line + strlen(line), NOTE_VERIFIER_SIZE);
	strcat(line, "\r\n");
	REQUIRE(log_set(proof_path, line, strlen(line)));
	CHECK_INT(audit(NULL, "verify", "--key", proof_path), 0);
}

static void a_proof_is_by_the_key_that_signed_last(void)
{
	char expected[600];

	REQUIRE(log_whole());
	unlink(proof_path);
	CHECK_INT(audit(NULL, "prove", "7", "--output", proof_path), 0);
	CHECK_INT(audit(NULL, "verify-proof", "--key", public, proof_path), 0);
	snprintf(expected, sizeof(expected), "the key %s signed 130 records", second_name);
	CHECK(says(expected));
	CHECK_INT(audit(NULL, "verify-proof", "--key", new_path, proof_path), 0);
	/* The old one alone: a proof has no log with it that would lead on. */
	CHECK_INT(audit(NULL, "verify-proof", "--key", old_path, proof_path), 1);
	CHECK(one_line("is not signed by the key"));
}

static void growth_is_proved_over_the_change(void)
{
	char expected[500];

	REQUIRE(log_whole());
	unlink(proof_path);
	CHECK_INT(audit(NULL, "consistency", anchor_path, "--output", proof_path), 0);
	CHECK_INT(audit(NULL, "verify-proof", "--key", public, "--anchor", anchor_path, proof_path),
		  0);
	snprintf(expected, sizeof(expected), "it is signed by %s\nand the older one by %s\n",
		 second_name, first_name);
	CHECK(says(expected));
	CHECK_INT(audit(NULL, "verify-proof", "--json", "--key", public, "--anchor", anchor_path,
			proof_path),
		  0);
	snprintf(expected, sizeof(expected), "\"old\":50,\"old_key\":\"%s\"}", first_name);
	CHECK(says(expected));
	CHECK_INT(
		audit(NULL, "verify-proof", "--key", new_path, "--anchor", anchor_path, proof_path),
		1);
	CHECK(one_line("the anchor is not signed by the key"));
	CHECK_INT(
		audit(NULL, "verify-proof", "--key", old_path, "--anchor", anchor_path, proof_path),
		1);
	CHECK(one_line("the proof's checkpoint is not signed by the key"));
}

static int anchor(const char *key)
{
	return audit(NULL, "anchor", "--allow-root", "--once", "--state", state_path, "--to-file",
		     kept_path, "--key", key);
}

/* Only the first key is known to who anchors, and the log leads from there to the others. */
static void anchoring_goes_on_over_a_change(void)
{
	static char known[160];
	char expected[600];

	REQUIRE(log_begin());
	snprintf(known, sizeof(known), "%s", base_path("known"));
	CHECK_INT(rename(public, known), 0);
	CHECK_INT(anchor(known), 0);
	CHECK(says("anchored 100 records"));
	REQUIRE(log_change(130));
	CHECK_INT(anchor(known), 0);
	snprintf(expected, sizeof(expected),
		 "the log's key was changed: since record 101 it is %s, as the one before it "
		 "signed\nanchored 130 records",
		 second_name);
	CHECK(says(expected));
	CHECK_INT(anchor(known), 0);
	CHECK(says("nothing new: 130 records are anchored"));
	REQUIRE(log_change(160));
	CHECK_INT(anchor(known), 0);
	snprintf(expected, sizeof(expected), "since record 131 it is %s, as the one", second_name);
	CHECK(says(expected) && says("anchored 160 records"));
	/* Who knows the newest from now on needs to be led nowhere, nor does who knew the one before. */
	CHECK_INT(anchor(new_path), 0);
	CHECK_STR(out, "nothing new: 160 records are anchored\n");
	CHECK_INT(anchor(old_path), 0);
	CHECK(says("nothing new: 160 records are anchored"));
	CHECK_INT(audit(NULL, "verify", "--key", known, "--anchor", kept_path), 0);
	CHECK(says("anchor       fits: of 160 records\n"));
	unlink(known);
}

/* The newest key alone, and a state of the time before it. */
static void anchoring_goes_on_with_the_new_key(void)
{
	REQUIRE(log_begin());
	CHECK_INT(anchor(public), 0);
	REQUIRE(log_change(130));
	CHECK_INT(anchor(new_path), 0);
	CHECK_STR(out, "anchored 130 records with 1 target\n");
}

static void refuses(const char *why)
{
	CHECK_INT(anchor(old_path), 1);
	CHECK(one_line("NOT ANCHORED, and nothing more is sent: the log's newest checkpoint is not "
		       "signed by the key "));
	CHECK_MSG(strstr(err, why), "%s", err);
}

/* A change that the old key did not sign for leads nowhere. */
static void anchoring_ends_where_the_old_key_did_not_sign(void)
{
	static const char dash[] = "\n\n\xe2\x80\x94 ";
	char trail[16384], whole[16384], *change, *line, *end, path[512];
	uint8_t *was;
	size_t len = 0;

	REQUIRE(log_begin());
	CHECK_INT(anchor(public), 0);
	REQUIRE(log_change(130));
	snprintf(path, sizeof(path), "%s", log_path(TRAIL_NAME));
	was = log_get(path, &len);
	if (was && len < sizeof(trail))
		memcpy(trail, was, len);
	free(was);
	REQUIRE(len && len < sizeof(trail));
	trail[len] = '\0';
	memcpy(whole, trail, len + 1);
	/* Its signature, the first of the two, is taken away. */
	change = strstr(trail, "\nagentos-key-change ");
	REQUIRE(change);
	line = strstr(change, dash) + 2;
	end = strchr(line, '\n') + 1;
	memmove(line, end, strlen(end) + 1);
	REQUIRE(log_set(path, trail, strlen(trail)));
	refuses("nor by one that it handed over to");
	/* All of it is. */
	end = strstr(line, "\n\n") + 2;
	while (change > trail && memcmp(change - 2, "\n\n", 2) != 0)
		change--;
	memmove(change, end, strlen(end) + 1);
	REQUIRE(log_set(path, trail, strlen(trail)));
	refuses("nor by one that it handed over to");
	/* The control. */
	REQUIRE(log_set(path, whole, len));
	CHECK_INT(anchor(old_path), 0);
	CHECK(says("anchored 130 records"));
}

/* Whoever kept the old secret: it counts for nothing behind the change. */
static void anchoring_ends_where_the_old_key_signs_again(void)
{
	char note[1024], text[NOTE_KEY_SIZE];
	struct note_key key;
	uint8_t *secret;
	size_t len = 0;

	REQUIRE(log_begin());
	secret = log_get(base_path("log.key"), &len);
	REQUIRE(secret && len < sizeof(text));
	memcpy(text, secret, len);
	free(secret);
	while (len && text[len - 1] == '\n')
		len--;
	REQUIRE(note_key_parse(text, len, &key) == 0);
	REQUIRE(log_change(130) && log_grow(140, 12000));
	len = log_sign(key.verifier.name, 140, &key, note, sizeof(note));
	REQUIRE(len && log_put_note(note, len));
	CHECK_INT(anchor(new_path), 1);
	CHECK(one_line(
		"NOT ANCHORED, and nothing more is sent: the log's newest checkpoint, of 140 "
		"records, is signed by a key of the log whose turn it was not"));
}

static void what_was_removed_is_told(void)
{
	const struct ledger_options o = {
		.segments = { log_dir, (const uint8_t *)"boot b.........", 12000, 65536 },
	};
	const struct retention keep = { .bytes = 1 };
	const struct retention_now now = { 1, 0, "boot b........." };
	struct retention_memory memory = { 0 };
	struct segment_dir d = { .fd = -1 };
	struct ledger_found found;
	struct fault f = { "" };
	struct ledger *l;
	char expected[200];
	uint64_t last;

	REQUIRE(log_whole() && ledger_open(&o, &l, &found, &f) == 0);
	CHECK_INT(segment_dir_open(log_dir, &d, &f), 0);
	CHECK_INT(retention_run(l, &d, &keep, &now, &memory, &f), 1);
	CHECK_INT(retention_plan(&d, &keep, 1, 0, now.boot, &memory, &(struct retention_plan){ 0 },
				 &f),
		  0);
	segment_dir_close(&d);
	ledger_close(l);
	CHECK_INT(audit(NULL, "--json"), 0);
	CHECK(strstr(out, "\"note\":\"pruned\""));
	last = strtoull(strstr(out, "\"seq\":") + 6, NULL, 10) - 1;
	CHECK_INT(audit(NULL, "verify", "--key", old_path), 0);
	snprintf(
		expected, sizeof(expected),
		"removed      records 1 to %llu, as the log says; their hashes are those signed for\n",
		(unsigned long long)last);
	CHECK(last > 10 && says(expected));
	CHECK(says("records said: they were removed, and only their hashes are here\n"));
	CHECK_INT(audit(NULL, "verify", "--json"), 0);
	snprintf(expected, sizeof(expected), "\"pruned\":%llu,", (unsigned long long)last);
	CHECK(says(expected));
	CHECK_INT(audit(NULL, "prove", "3"), 1);
	CHECK(one_line("record 3 is gone: the oldest one here is"));
}

static void rotate_key_asks_agentosd(void)
{
	setenv("AGENTOS_CONTROL", "/nowhere", 1);
	CHECK_INT(audit(NULL, "rotate-key"), 1);
	CHECK(one_line("agentosd"));
	CHECK_INT(audit(NULL, "rotate-key", "now"), 2);
	CHECK_INT(audit(NULL, "rotate-key", "--force"), 2);
	CHECK_INT(audit(NULL, "rotate-key", "--help"), 0);
	CHECK(says("Usage: agentctl audit rotate-key"));
	unlink(proof_path);
	unlink(old_path);
	unlink(new_path);
	unlink(anchor_path);
	unlink(state_path);
	unlink(base_path("state.lock"));
	unlink(kept_path);
	unlink(public);
	unlink(base_path("log.key"));
	unlink(base_path("out"));
	unlink(base_path("err"));
	log_end();
}

/* What agentosd and agentctl say to each other of it, bent. */
static void messages_of_a_change_are_checked(void)
{
	struct control_rotate_reply reply = { .covered = 7, .before = "a", .after = "b" }, bent;
	struct control_request m = { 0 };
	union control_message got;
	size_t len = control_encode(&m.header, CONTROL_ROTATE, sizeof(m), 1);

	CHECK_INT(control_check(&m, len, 0, CONTROL_FROM_CLIENT, &got), 0);
	CHECK_INT(control_check(&m, len, 0, CONTROL_FROM_DAEMON, &got), -EBADMSG);
	CHECK_INT(control_check(&m, len, 1, CONTROL_FROM_CLIENT, &got), -EBADMSG);
	len = control_encode(&reply.header, CONTROL_ROTATE_REPLY, sizeof(reply), 1);
	CHECK_INT(control_check(&reply, len, 0, CONTROL_FROM_DAEMON, &got), 0);
	CHECK_INT(control_check(&reply, len, 0, CONTROL_FROM_CLIENT, &got), -EBADMSG);
	bent = reply;
	bent.unfinished = 1;
	CHECK_INT(control_check(&bent, len, 0, CONTROL_FROM_DAEMON, &got), -EBADMSG);
	strcpy(bent.text, "why");
	CHECK_INT(control_check(&bent, len, 0, CONTROL_FROM_DAEMON, &got), 0);
	bent.unfinished = 2;
	CHECK_INT(control_check(&bent, len, 0, CONTROL_FROM_DAEMON, &got), -EBADMSG);
	bent = reply;
	bent.pad = 1;
	CHECK_INT(control_check(&bent, len, 0, CONTROL_FROM_DAEMON, &got), -EBADMSG);
	bent = reply;
	bent.after[0] = '\0';
	CHECK_INT(control_check(&bent, len, 0, CONTROL_FROM_DAEMON, &got), -EBADMSG);
	bent = reply;
	memset(bent.before, 'x', sizeof(bent.before));
	CHECK_INT(control_check(&bent, len, 0, CONTROL_FROM_DAEMON, &got), -EBADMSG);
}

static const struct tap_test tests[] = {
	TEST(a_log_is_verified_by_any_of_its_keys),
	TEST(a_file_that_has_other_lines_than_keys_is_refused),
	TEST(a_proof_is_by_the_key_that_signed_last),
	TEST(growth_is_proved_over_the_change),
	TEST(anchoring_goes_on_over_a_change),
	TEST(anchoring_goes_on_with_the_new_key),
	TEST(anchoring_ends_where_the_old_key_did_not_sign),
	TEST(anchoring_ends_where_the_old_key_signs_again),
	TEST(what_was_removed_is_told),
	TEST(rotate_key_asks_agentosd),
	TEST(messages_of_a_change_are_checked),
};
TAP_MAIN(tests)
