// SPDX-License-Identifier: GPL-2.0-or-later
/* A log whose key was changed, verified: every way to fake a change is found, by our verifier and by a stranger's. */
#include "audit/keychain.h"
#include "audit/verify.h"
#include "tests/tap.h"
#include "tests/unit/stranger_rig.h"
#include "tests/unit/verify_rig.h"

#define RECORDS 60

enum { K0, K1, K2, OTHER, FOREIGN, FOREIGN_NEXT, KEYS };

static struct note_key keys[KEYS];
static struct note_verifier trusted;
static char said[512], key_path[160], anchor_path[160];
static const char *line_instead; /* of the change, when it is not what it should be */

/* Whose signatures a note has. */
enum { NONE = -1 };

static void keys_make(void)
{
	uint8_t seed[NOTE_KEY] = "the seed of one of the keys ...";
	int i;

	for (i = 0; i < KEYS; i++) {
		seed[31] = (uint8_t)i;
		if (note_key_make(i >= FOREIGN ? "example.com/foreign" : "example.com/log", seed,
				  &keys[i]) != 0)
			exit(1);
	}
}

/* A checkpoint of so many records, signed by these, that tells of a change, or not. */
static size_t note_make(uint64_t records, int by, int also, int from, int to, char *note,
			size_t size)
{
	struct checkpoint c = { .origin = "example.com/log", .head.size = records };
	char text[2048], line[2 * KEYCHAIN_TEXT], first[2048];
	struct leaves_writer *w;
	struct tree_hasher *h;
	int len = -1;

	if (tree_hasher_create(&h) != 0)
		return 0;
	if (leaves_writer_open(log_dir, records, &w, NULL, NULL) == 0) {
		if (tree_root(h, leaves_edge(w), c.head.root) == 0)
			len = 0;
		leaves_writer_close(w);
	}
	tree_hasher_free(h);
	if (len == 0 && from != NONE) {
		const struct keychain_change change = { keys[from].verifier, keys[to].verifier };

		len = keychain_encode(&change, line, sizeof(line));
		if (line_instead)
			len = snprintf(line, sizeof(line), "%s", line_instead);
		c.extensions = line;
		c.extensions_len = (size_t)len;
	}
	if (len >= 0)
		len = checkpoint_encode(&c, text, sizeof(text));
	if (len > 0)
		len = note_sign(&keys[by], text, (size_t)len, also == NONE ? note : first,
				also == NONE ? size : sizeof(first));
	if (len > 0 && also != NONE)
		len = note_cosign(&keys[also], first, (size_t)len, note, size);
	return len > 0 ? (size_t)len : 0;
}

/* One of the trail's entries; size 0 ends them. */
struct entry {
	uint64_t size;
	int by, also, from, to;
};

#define ONE(size, by)                      \
	{                                  \
		size, by, NONE, NONE, NONE \
	}
#define CHANGE_(size, from, to)          \
	{                                \
		size, from, to, from, to \
	}
#define ENTRIES 8

static bool trail_make(const struct entry *entries)
{
	char note[4096];
	size_t i, len;

	log_new();
	if (!log_grow(RECORDS, 8000))
		return false;
	for (i = 0; i < ENTRIES && entries[i].size; i++) {
		len = note_make(entries[i].size, entries[i].by, entries[i].also, entries[i].from,
				entries[i].to, note, sizeof(note));
		if (!len || !log_put_note(note, len))
			return false;
	}
	/* The hash files, complete again. */
	return note_make(RECORDS, K0, NONE, NONE, NONE, note, sizeof(note)) > 0;
}

static int ours(const char *anchor, size_t len)
{
	const struct verify_options o = { .directory = log_dir,
					  .verifier = &trusted,
					  .anchor = anchor,
					  .anchor_len = len };
	int rc = verify_log(&o, &result, &verify_fault);

	return rc ? rc : (int)result.problem;
}

static int stranger(bool anchored)
{
	char line[NOTE_VERIFIER_SIZE];
	int len = note_verifier_encode(&trusted, line, sizeof(line));

	snprintf(key_path, sizeof(key_path), "%s/key", log_base);
	snprintf(anchor_path, sizeof(anchor_path), "%s/anchor", log_base);
	if (len < 0 || !log_set(key_path, line, (size_t)len))
		return -1;
	return stranger_run(said, sizeof(said), log_dir, key_path, anchored ? anchor_path : NULL);
}

/* Both verifiers, for each key that may be the trusted one: fine for all, or for none. */
static void seen(const char *name, bool fine, enum verify_problem problem)
{
	int key, rc;

	for (key = K0; key <= K2; key++) {
		trusted = keys[key].verifier;
		rc = ours(NULL, 0);
		CHECK_MSG(rc == (int)(fine ? VERIFY_FINE : problem), "%s, K%d: %d %s", name, key,
			  rc, result.text.text);
		if (fine)
			CHECK_MSG(result.keys == 3 && result.covered == 50, "%s", name);
		rc = stranger(false);
		CHECK_MSG(rc == !fine, "%s, K%d: the stranger: %d %s", name, key, rc, said);
	}
}

static const struct {
	const char *name;
	bool fine;
	struct entry entries[ENTRIES];
} cases[] = {
	{ "the control",
	  true,
	  { ONE(10, K0), CHANGE_(20, K0, K1), ONE(30, K1), CHANGE_(40, K1, K2), ONE(50, K2) } },
	{ "both at once",
	  true,
	  { ONE(10, K0), CHANGE_(20, K0, K1), CHANGE_(20, K1, K2), ONE(20, K2), ONE(50, K2) } },
	{ "the signatures in the other order",
	  true,
	  { ONE(10, K0),
	    { 20, K1, K0, K0, K1 },
	    ONE(30, K1),
	    { 40, K2, K1, K1, K2 },
	    ONE(50, K2) } },
	{ "the old key alone signed for the change",
	  false,
	  { ONE(10, K0),
	    { 20, K0, NONE, K0, K1 },
	    ONE(30, K1),
	    CHANGE_(40, K1, K2),
	    ONE(50, K2) } },
	{ "the new key alone did",
	  false,
	  { ONE(10, K0),
	    { 20, K1, NONE, K0, K1 },
	    ONE(30, K1),
	    CHANGE_(40, K1, K2),
	    ONE(50, K2) } },
	{ "both signed, and the text says nothing of it",
	  false,
	  { ONE(10, K0),
	    { 20, K0, K1, NONE, NONE },
	    ONE(30, K1),
	    CHANGE_(40, K1, K2),
	    ONE(50, K2) } },
	{ "it is to another than signed",
	  false,
	  { ONE(10, K0),
	    { 20, K0, K1, K0, OTHER },
	    ONE(30, K1),
	    CHANGE_(40, K1, K2),
	    ONE(50, K2) } },
	{ "it is from another than signed",
	  false,
	  { ONE(10, K0),
	    { 20, K0, K1, OTHER, K1 },
	    ONE(30, K1),
	    CHANGE_(40, K1, K2),
	    ONE(50, K2) } },
	{ "it goes backwards",
	  false,
	  { ONE(10, K0), { 20, K0, K1, K1, K0 }, ONE(30, K1), CHANGE_(40, K1, K2), ONE(50, K2) } },
	{ "the old key goes on",
	  false,
	  { ONE(10, K0), CHANGE_(20, K0, K1), ONE(30, K0), CHANGE_(40, K1, K2), ONE(50, K2) } },
	{ "the new key begins too early",
	  false,
	  { ONE(10, K1), CHANGE_(20, K0, K1), ONE(30, K1), CHANGE_(40, K1, K2), ONE(50, K2) } },
	{ "the old key comes back at the end",
	  false,
	  { ONE(10, K0), CHANGE_(20, K0, K1), ONE(30, K1), CHANGE_(40, K1, K2), ONE(50, K0) } },
	{ "changes in the other order",
	  false,
	  { ONE(10, K0), CHANGE_(20, K1, K2), ONE(30, K1), CHANGE_(40, K0, K1), ONE(50, K2) } },
	{ "a change twice",
	  false,
	  { ONE(10, K0), CHANGE_(20, K0, K1), CHANGE_(20, K0, K1), ONE(30, K1), CHANGE_(40, K1, K2),
	    ONE(50, K2) } },
	{ "a change is missing",
	  false,
	  { ONE(10, K0), ONE(20, K0), ONE(30, K1), CHANGE_(40, K1, K2), ONE(50, K2) } },
	{ "two ways to go on",
	  false,
	  { ONE(10, K0), CHANGE_(20, K0, K1), CHANGE_(20, K0, OTHER), ONE(30, K1),
	    CHANGE_(40, K1, K2), ONE(50, K2) } },
	{ "the keys of another log hand over",
	  false,
	  { ONE(10, K0), CHANGE_(20, K0, K1), CHANGE_(30, FOREIGN, FOREIGN_NEXT),
	    CHANGE_(40, K1, K2), ONE(50, K2) } },
	{ "it hands over to a key of another log",
	  false,
	  { ONE(10, K0), CHANGE_(20, K0, FOREIGN), ONE(30, FOREIGN), CHANGE_(40, K1, K2),
	    ONE(50, K2) } },
	{ "somebody hands over to the first key",
	  false,
	  { CHANGE_(10, OTHER, K0), CHANGE_(20, OTHER, K1), ONE(30, K1), CHANGE_(40, K1, K2),
	    ONE(50, K2) } },
};

static void every_fake_of_a_change_is_found_from_each_key(void)
{
	size_t i;

	keys_make();
	if (!stranger_there())
		SKIP("there is no python3");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		REQUIRE(trail_make(cases[i].entries));
		seen(cases[i].name, cases[i].fine, VERIFY_SIGNATURE);
	}
}

/* How many keys the trail leads to from this one; 0: it cannot be read. */
static size_t chain_from(int key)
{
	struct keychain chain = { .keys = NULL };
	struct trail *trail = NULL;
	struct segment_dir d;
	size_t count = 0;

	if (segment_dir_open(log_dir, &d, NULL) != 0)
		return 0;
	if (trail_open(&d, &trail, NULL) == 0 &&
	    keychain_read(trail, &keys[key].verifier, &chain) == 0)
		count = chain.count;
	keychain_release(&chain);
	trail_close(trail);
	segment_dir_close(&d);
	return count;
}

static void only_what_both_signed_leads_on(void)
{
	static const struct {
		struct entry entries[ENTRIES];
		size_t from_old, from_new;
	} trails[] = {
		{ { CHANGE_(20, K0, K1) }, 2, 2 },
		{ { { 20, K0, NONE, K0, K1 } }, 1, 1 },
		{ { { 20, K1, NONE, K0, K1 } }, 1, 1 },
		{ { { 20, K0, OTHER, K0, K1 } }, 1, 1 },
		{ { { 20, OTHER, K1, K0, K1 } }, 1, 1 },
		{ { { 20, K0, K1, NONE, NONE } }, 1, 1 },
		/* Others' changes are nobody's business. */
		{ { CHANGE_(10, FOREIGN, FOREIGN_NEXT), CHANGE_(20, K0, K1) }, 2, 2 },
		{ { CHANGE_(10, OTHER, K2), CHANGE_(20, K0, K1) }, 2, 2 },
		/* Of two ways on, the first; and back to where it was signed from. */
		{ { CHANGE_(10, K0, OTHER), CHANGE_(20, K0, K1) }, 2, 2 },
	};
	size_t i;

	for (i = 0; i < sizeof(trails) / sizeof(trails[0]); i++) {
		REQUIRE(trail_make(trails[i].entries));
		CHECK_MSG(chain_from(K0) == trails[i].from_old, "%zu: %zu", i, chain_from(K0));
		CHECK_MSG(chain_from(K1) == trails[i].from_new, "%zu: %zu", i, chain_from(K1));
	}
}

/* The line of the change says something that is none, though both keys sign it. */
static void a_line_that_is_no_change_is_found(void)
{
	static char twice[2 * KEYCHAIN_TEXT], same[KEYCHAIN_TEXT];
	const char *lines[] = { twice, same, KEYCHAIN_LINE "\n", KEYCHAIN_LINE "a b\n",
				KEYCHAIN_LINE
				"example.com/log+00000000+AAAA example.com/log+00000000+AAAA\n" };
	struct keychain_change change = { keys[K0].verifier, keys[K1].verifier };
	char good[KEYCHAIN_TEXT];
	size_t i;

	if (!stranger_there())
		SKIP("there is no python3");
	REQUIRE(keychain_encode(&change, good, sizeof(good)) > 0);
	snprintf(twice, sizeof(twice), "%s%s", good, good);
	change.to = change.from;
	REQUIRE(keychain_encode(&change, same, sizeof(same)) > 0);
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const struct entry entries[ENTRIES] = { ONE(10, K0), CHANGE_(20, K0, K1) };
		int key, rc;

		line_instead = lines[i];
		REQUIRE(trail_make(entries));
		for (key = K0; key <= K1; key++) {
			trusted = keys[key].verifier;
			rc = ours(NULL, 0);
			CHECK_MSG(rc == VERIFY_SIGNATURE, "%s: %d", lines[i], rc);
			rc = stranger(false);
			CHECK_MSG(rc == 1, "%s: the stranger: %d %s", lines[i], rc, said);
		}
	}
	/* The control: another line stands beside the change. */
	snprintf(twice, sizeof(twice), "something else\n%s", good);
	line_instead = twice;
	{
		const struct entry entries[ENTRIES] = { ONE(10, K0), CHANGE_(20, K0, K1) };

		REQUIRE(trail_make(entries));
		trusted = keys[K0].verifier;
		CHECK_INT(ours(NULL, 0), VERIFY_FINE);
		CHECK_INT(result.keys, 2);
		CHECK_INT(stranger(false), 0);
	}
	line_instead = NULL;
}

/* Every bit of the note that hands over, and of its signatures. */
static void every_changed_byte_of_a_change_is_found(void)
{
	uint8_t *trail, *note;
	size_t len = 0, at;
	int rc;

	REQUIRE(trail_make(cases[0].entries));
	trail = log_get(log_path(TRAIL_NAME), &len);
	REQUIRE(trail);
	note = memmem(trail, len, "\n20\n", 4);
	REQUIRE(note);
	for (at = (size_t)(note - trail); at < len; at++) {
		/* Up to the end of the entry: the second empty line. */
		if (trail[at] == '\n' && trail[at - 1] == '\n' && trail[at + 1] != 0xe2)
			break;
		trail[at] ^= 2;
		REQUIRE(log_set(log_path(TRAIL_NAME), trail, len));
		trusted = keys[at % 3].verifier;
		rc = ours(NULL, 0);
		CHECK_MSG(rc == VERIFY_SIGNATURE || rc == VERIFY_TRAIL || rc == VERIFY_ORIGIN ||
				  rc == VERIFY_TRUNCATED,
			  "byte %zu, K%zu: %d", at, at % 3, rc);
		trail[at] ^= 2;
	}
	free(trail);
}

static void anchors_are_taken_from_a_key_in_its_turn_alone(void)
{
	static const struct {
		uint64_t size;
		int by;
		int problem;
	} anchors[] = {
		{ 10, K0, VERIFY_FINE },	 { 20, K0, VERIFY_FINE },
		{ 21, K0, VERIFY_SIGNATURE },	 { 60, K0, VERIFY_SIGNATURE },
		{ 19, K1, VERIFY_SIGNATURE },	 { 20, K1, VERIFY_FINE },
		{ 35, K1, VERIFY_FINE },	 { 41, K1, VERIFY_SIGNATURE },
		{ 39, K2, VERIFY_SIGNATURE },	 { 60, K2, VERIFY_FINE },
		{ 10, OTHER, VERIFY_SIGNATURE }, { 60, FOREIGN, VERIFY_SIGNATURE },
	};
	char note[4096];
	size_t i, len;
	int key, rc;

	if (!stranger_there())
		SKIP("there is no python3");
	REQUIRE(trail_make(cases[0].entries));
	for (i = 0; i < sizeof(anchors) / sizeof(anchors[0]); i++) {
		len = note_make(anchors[i].size, anchors[i].by, NONE, NONE, NONE, note,
				sizeof(note));
		snprintf(anchor_path, sizeof(anchor_path), "%s/anchor", log_base);
		REQUIRE(len && log_set(anchor_path, note, len));
		/* What was cut to be signed for is made again. */
		REQUIRE(note_make(RECORDS, K0, NONE, NONE, NONE, said, sizeof(said)) > 0);
		for (key = K0; key <= K2; key++) {
			trusted = keys[key].verifier;
			rc = ours(note, len);
			CHECK_MSG(rc == anchors[i].problem && (!rc || result.anchored),
				  "anchor %zu, K%d: %d %s", i, key, rc, result.text.text);
			rc = stranger(true);
			CHECK_MSG(rc == (anchors[i].problem != VERIFY_FINE),
				  "anchor %zu, K%d: the stranger: %d %s", i, key, rc, said);
		}
	}
	unlink(anchor_path);
	unlink(key_path);
	log_end();
}

static const struct tap_test tests[] = {
	TEST(every_fake_of_a_change_is_found_from_each_key),
	TEST(only_what_both_signed_leads_on),
	TEST(a_line_that_is_no_change_is_found),
	TEST(every_changed_byte_of_a_change_is_found),
	TEST(anchors_are_taken_from_a_key_in_its_turn_alone),
};
TAP_MAIN(tests)
