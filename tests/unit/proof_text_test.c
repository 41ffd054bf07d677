// SPDX-License-Identifier: GPL-2.0-or-later
/* Proofs as text: written as C2SP has them, read in no other form, and checkable from the text alone. */
#include "audit/proof.h"
#include "tests/tap.h"
#include "tests/unit/tree_rig.h"

#include "audit/checkpoint.h"
#include "audit/note.h"

#define HASH_1 "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw="
#define HASH_2 "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk="
#define NOTE                                 \
	"example.com/log\n9\n" HASH_1 "\n\n" \
	"\xe2\x80\x94 example.com/log AAAAAAECAw==\n"
#define INCLUSION "c2sp.org/tlog-proof@v1\nextra AQID\nindex 8\n" HASH_1 "\n" HASH_2 "\n\n" NOTE

/* The example of an add-checkpoint request in tlog-witness.md. */
#define WITNESS_ONE                                                                                \
	"old 20852014\n" HASH_1 "\n" HASH_2 "\n"                                                   \
	"5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"                                           \
	"/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n"                                         \
	"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"  \
	"\xe2\x80\x94 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRD" \
	"e4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
#define WITNESS_TWO                                                                                \
	"\xe2\x80\x94 example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcV" \
	"GlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n"
#define WITNESS WITNESS_ONE WITNESS_TWO

static struct proof_inclusion_text inclusion;
static struct proof_consistency_text consistency;
static char buf[LIMIT_PROOF + 1];

static void both_forms_are_read_and_written_byte_for_byte(void)
{
	CHECK_INT(proof_inclusion_parse(INCLUSION, strlen(INCLUSION), &inclusion), 0);
	CHECK_INT(inclusion.index, 8);
	CHECK_INT(inclusion.proof.count, 2);
	CHECK_INT(inclusion.proof.hashes[0][0], 0x3e);
	CHECK_INT(inclusion.proof.hashes[1][31], 0x09);
	CHECK_INT(inclusion.extra_len, 3);
	CHECK(memcmp(inclusion.extra, "\1\2\3", 3) == 0);
	CHECK_INT(inclusion.checkpoint_len, strlen(NOTE));
	CHECK(memcmp(inclusion.checkpoint, NOTE, strlen(NOTE)) == 0);
	CHECK_INT(proof_inclusion_encode(&inclusion, buf, sizeof(buf)), strlen(INCLUSION));
	CHECK_STR(buf, INCLUSION);

	CHECK_INT(proof_consistency_parse(WITNESS, strlen(WITNESS), &consistency), 0);
	CHECK_INT(consistency.from, 20852014);
	CHECK_INT(consistency.proof.count, 4);
	CHECK_INT(proof_consistency_encode(&consistency, buf, sizeof(buf)), strlen(WITNESS));
	CHECK_STR(buf, WITNESS);
}

static void a_text_cut_short_anywhere_is_refused(void)
{
	size_t len;
	char *exact;

	inclusion.index = 4711;
	consistency.from = 4711;
	for (len = 0; len < strlen(INCLUSION); len++) {
		exact = malloc(len ? len : 1);
		REQUIRE(exact);
		memcpy(exact, INCLUSION, len);
		CHECK_INT(proof_inclusion_parse(exact, len, &inclusion), -EBADMSG);
		free(exact);
	}
	for (len = 0; len < strlen(WITNESS); len++) {
		/* Its last signature may be missing. */
		if (len == strlen(WITNESS_ONE))
			continue;
		exact = malloc(len ? len : 1);
		REQUIRE(exact);
		memcpy(exact, WITNESS, len);
		CHECK_MSG(proof_consistency_parse(exact, len, &consistency) == -EBADMSG, "%zu",
			  len);
		free(exact);
	}
	CHECK_INT(inclusion.index, 4711);
	CHECK_INT(consistency.from, 4711);
}

/* What is taken would be written just so: nothing is read in two forms, and nothing is passed over. */
static void any_byte_that_is_changed_is_refused_or_means_something_else(void)
{
	size_t at;
	char *copy;
	int c, len;

	for (at = 0; at < strlen(INCLUSION); at++) {
		for (c = 0; c < 256; c++) {
			copy = strdup(INCLUSION);
			copy[at] = (char)c;
			if (proof_inclusion_parse(copy, strlen(INCLUSION), &inclusion) == 0) {
				len = proof_inclusion_encode(&inclusion, buf, sizeof(buf));
				CHECK_INT(len, strlen(INCLUSION));
				CHECK_STR(buf, copy);
			}
			free(copy);
		}
	}
	for (at = 0; at < strlen(WITNESS); at++) {
		for (c = 1; c < 256; c *= 2) {
			copy = strdup(WITNESS);
			copy[at] = (char)(copy[at] ^ c);
			if (proof_consistency_parse(copy, strlen(WITNESS), &consistency) == 0) {
				len = proof_consistency_encode(&consistency, buf, sizeof(buf));
				CHECK_INT(len, strlen(WITNESS));
				CHECK_STR(buf, copy);
			}
			free(copy);
		}
	}
}

static void other_lines_than_those_of_the_form_are_refused(void)
{
	static const char *const bad_inclusion[] = {
		"",
		"\n",
		"c2sp.org/tlog-proof@v1\n",
		"c2sp.org/tlog-proof@v2\nindex 8\n\n" NOTE,
		"c2sp.org/tlog-proof@v1 \nindex 8\n\n" NOTE,
		"c2sp.org/tlog-proof@v1\r\nindex 8\n\n" NOTE,
		" c2sp.org/tlog-proof@v1\nindex 8\n\n" NOTE,
		"c2sp.org/tlog-proof@v1\n\nindex 8\n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nindex 08\n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nindex -8\n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nindex 8 \n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nindex  8\n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nindex \n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nindex\n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nextra \nindex 8\n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nextra AQ=\nindex 8\n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nextra AQID\nextra AQID\nindex 8\n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nindex 8\nextra AQID\n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nindex 8\nindex 8\n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nindex 8\n" NOTE,
		"c2sp.org/tlog-proof@v1\nindex 8\n\n",
		"c2sp.org/tlog-proof@v1\nindex 8\n" HASH_1 "\n" NOTE,
		"c2sp.org/tlog-proof@v1\nindex 8\n" HASH_1 " \n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nindex 8\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkQ==\n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nindex 8\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkawA\n\n" NOTE,
		"c2sp.org/tlog-proof@v1\nindex 8\n\n" NOTE "\n",
		"c2sp.org/tlog-proof@v1\nindex 8\n\n" NOTE "x",
	};
	static const char *const bad_consistency[] = {
		"",
		"8\n\n" NOTE,
		"old\n\n" NOTE,
		"old \n\n" NOTE,
		"old  8\n\n" NOTE,
		"old 08\n\n" NOTE,
		"old 8\n" NOTE,
		"old 8\n\n",
		"old 8\n\n\n",
		"old 0\n" HASH_1 "\n\n" NOTE,
		"old 8\n" HASH_1 HASH_1 "\n\n" NOTE,
		"Old 8\n\n" NOTE,
		" old 8\n\n" NOTE,
		"old 8\nold 8\n\n" NOTE,
	};
	static const char large[] = "c2sp.org/tlog-proof@v1\nindex 18446744073709551616\n\n" NOTE;
	static const char plain[] = "c2sp.org/tlog-proof@v1\nindex 18446744073709551615\n\n" NOTE;
	size_t i;

	for (i = 0; i < sizeof(bad_inclusion) / sizeof(bad_inclusion[0]); i++)
		CHECK_MSG(proof_inclusion_parse(bad_inclusion[i], strlen(bad_inclusion[i]),
						&inclusion) == -EBADMSG,
			  "%s", bad_inclusion[i]);
	for (i = 0; i < sizeof(bad_consistency) / sizeof(bad_consistency[0]); i++)
		CHECK_MSG(proof_consistency_parse(bad_consistency[i], strlen(bad_consistency[i]),
						  &consistency) == -EBADMSG,
			  "%s", bad_consistency[i]);
	CHECK_INT(proof_inclusion_parse(large, strlen(large), &inclusion), -ERANGE);
	CHECK_INT(proof_inclusion_parse(plain, strlen(plain), &inclusion), 0);
	CHECK(inclusion.index == UINT64_MAX && !inclusion.proof.count && !inclusion.extra_len);
	CHECK_INT(proof_consistency_parse("old 0\n\n" NOTE, strlen("old 0\n\n" NOTE), &consistency),
		  0);
}

/* So many hashes between what stands before them and the note. Returns the length. */
static size_t hashes_write(const char *before, unsigned int count)
{
	char *at = stpcpy(buf, before);

	while (count--)
		at = stpcpy(at, HASH_1 "\n");
	at = stpcpy(at, "\n" NOTE);
	return (size_t)(at - buf);
}

static void what_is_beyond_a_limit_is_told_apart(void)
{
	static const char head[] = "c2sp.org/tlog-proof@v1\nindex 8\n";
	static char again[LIMIT_PROOF];
	size_t len = hashes_write(head, 64);
	int made;

	CHECK_INT(proof_inclusion_parse(buf, len, &inclusion), 0);
	CHECK_INT(inclusion.proof.count, 64);
	len = hashes_write(head, 65);
	CHECK_INT(proof_inclusion_parse(buf, len, &inclusion), -E2BIG);
	len = hashes_write("old 8\n", 63);
	CHECK_INT(proof_consistency_parse(buf, len, &consistency), 0);
	CHECK_INT(proof_consistency_encode(&consistency, again, sizeof(again)), (int)len);
	consistency.proof.count = 64;
	CHECK_INT(proof_consistency_encode(&consistency, again, sizeof(again)), -E2BIG);
	consistency.proof.count = 1;
	consistency.from = 0;
	CHECK_INT(proof_consistency_encode(&consistency, again, sizeof(again)), -EINVAL);
	len = hashes_write("old 8\n", 64);
	CHECK_INT(proof_consistency_parse(buf, len, &consistency), -E2BIG);
	memset(buf, 'x', sizeof(buf));
	CHECK_INT(proof_consistency_parse(buf, LIMIT_PROOF, &consistency), -EBADMSG);
	CHECK_INT(proof_inclusion_parse(buf, LIMIT_PROOF, &inclusion), -EBADMSG);
	CHECK_INT(proof_consistency_parse(buf, LIMIT_PROOF + 1, &consistency), -E2BIG);
	CHECK_INT(proof_inclusion_parse(buf, LIMIT_PROOF + 1, &inclusion), -E2BIG);

	/* The largest leaf, and all sizes of buffers that are too small for a proof. */
	REQUIRE(proof_inclusion_parse(INCLUSION, strlen(INCLUSION), &inclusion) == 0);
	inclusion.extra_len = LIMIT_LEAF;
	memset(inclusion.extra, 0xa5, LIMIT_LEAF);
	made = proof_inclusion_encode(&inclusion, buf, sizeof(buf));
	CHECK(made > LIMIT_LEAF);
	CHECK_INT(proof_inclusion_parse(buf, (size_t)made, &inclusion), 0);
	CHECK_INT(inclusion.extra_len, LIMIT_LEAF);
	inclusion.extra_len++;
	CHECK_INT(proof_inclusion_encode(&inclusion, again, sizeof(again)), -E2BIG);
	inclusion.extra_len = 3;
	for (len = 0; len <= strlen(INCLUSION); len++) {
		memset(again, '#', len + 1);
		CHECK_INT(proof_inclusion_encode(&inclusion, again, len), -E2BIG);
		CHECK_INT(again[len], '#');
	}
	inclusion.checkpoint_len--;
	CHECK_INT(proof_inclusion_encode(&inclusion, again, sizeof(again)), -EINVAL);
}

/* The checkpoint of so many of the rig's leaves, signed. Its length. */
static size_t note_write(const struct note_key *key, const struct rig *rig, uint64_t size,
			 char *note, size_t room)
{
	struct checkpoint c = { .origin = "example.com/log", .head.size = size };
	char text[512];
	int len;

	memcpy(c.head.root, rig->roots[size], TREE_HASH);
	len = checkpoint_encode(&c, text, sizeof(text));
	len = len < 0 ? len : note_sign(key, text, (size_t)len, note, room);
	CHECK(len > 0);
	return len > 0 ? (size_t)len : 0;
}

/* What a text's checkpoint says, if it is signed by whom it must be. */
static int head_of(const struct note_verifier *v, const char *note, size_t len,
		   struct tree_head *head)
{
	struct checkpoint c = { .origin = "" };
	size_t text_len;
	int err = note_open(v, note, len, &text_len);

	if (!err)
		err = checkpoint_parse(note, text_len, &c);
	if (!err)
		*head = c.head;
	return err;
}

static void a_stranger_checks_both_with_the_public_key_alone(void)
{
	static const uint8_t seed[NOTE_KEY] = { 42 };
	struct rig *rig = rig_create(300, true);
	struct tree_source source = rig_source(rig, 300, 2);
	uint64_t index = 123, leaf_data = index;
	struct tree_bytes leaf = { inclusion.extra, sizeof(leaf_data) };
	uint8_t hash[TREE_HASH];
	char old_note[1024], note[1024];
	struct tree_head old = { 0 }, head = { 0 };
	struct note_key key;
	int len;

	REQUIRE(note_key_make("example.com/log", seed, &key) == 0);
	inclusion = (struct proof_inclusion_text){ .index = index, .extra_len = leaf.len };
	memcpy(inclusion.extra, &leaf_data, sizeof(leaf_data));
	inclusion.checkpoint = note;
	inclusion.checkpoint_len = note_write(&key, rig, 300, note, sizeof(note));
	REQUIRE(proof_inclusion(rig->hasher, &source, index, 300, &inclusion.proof) == 0);
	len = proof_inclusion_encode(&inclusion, buf, sizeof(buf));
	REQUIRE(len > 0);
	memset(&inclusion, 0, sizeof(inclusion));
	CHECK_INT(proof_inclusion_parse(buf, (size_t)len, &inclusion), 0);
	CHECK_INT(head_of(&key.verifier, inclusion.checkpoint, inclusion.checkpoint_len, &head), 0);
	CHECK_INT(tree_leaf(rig->hasher, &leaf, 1, hash), 0);
	CHECK_INT(
		proof_check_inclusion(rig->hasher, &inclusion.proof, inclusion.index, hash, &head),
		0);
	inclusion.extra[0] ^= 1;
	CHECK_INT(tree_leaf(rig->hasher, &leaf, 1, hash), 0);
	CHECK_INT(
		proof_check_inclusion(rig->hasher, &inclusion.proof, inclusion.index, hash, &head),
		-EBADMSG);

	consistency = (struct proof_consistency_text){ .from = 77, .checkpoint = note };
	consistency.checkpoint_len = strlen(note);
	REQUIRE(proof_consistency(rig->hasher, &source, 77, 300, &consistency.proof) == 0);
	len = proof_consistency_encode(&consistency, buf, sizeof(buf));
	REQUIRE(len > 0);
	CHECK_INT(proof_consistency_parse(buf, (size_t)len, &consistency), 0);
	len = (int)note_write(&key, rig, 77, old_note, sizeof(old_note));
	CHECK_INT(head_of(&key.verifier, old_note, (size_t)len, &old), 0);
	CHECK_INT(old.size, consistency.from);
	CHECK_INT(head_of(&key.verifier, consistency.checkpoint, consistency.checkpoint_len, &head),
		  0);
	CHECK_INT(proof_check_consistency(rig->hasher, &consistency.proof, &old, &head), 0);
	rig_free(rig);
}

static const struct tap_test tests[] = {
	TEST(both_forms_are_read_and_written_byte_for_byte),
	TEST(a_text_cut_short_anywhere_is_refused),
	TEST(any_byte_that_is_changed_is_refused_or_means_something_else),
	TEST(other_lines_than_those_of_the_form_are_refused),
	TEST(what_is_beyond_a_limit_is_told_apart),
	TEST(a_stranger_checks_both_with_the_public_key_alone),
};

TAP_MAIN(tests)
