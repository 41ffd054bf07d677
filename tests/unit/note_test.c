// SPDX-License-Identifier: GPL-2.0-or-later
/* Signed notes and checkpoints: published keys and notes are met, and nothing that was changed is taken. */
#include "audit/note.h"
#include "tests/tap.h"

#include "audit/checkpoint.h"
#include "base/base64.h"
#include "base/limits.h"

/* The example in the documentation of golang.org/x/mod/sumdb/note: keys, text, and the note made of them. */
#define GO_KEY	    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
#define GO_VERIFIER "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define GO_TEXT                                                      \
	"If you think cryptography is the answer to your problem,\n" \
	"then you don't know what your problem is.\n"
#define GO_SIGNATURE                                                                               \
	"\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSN" \
	"XgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
#define GO_NOTE GO_TEXT "\n" GO_SIGNATURE

#define DASH "\xe2\x80\x94 "

static void from_hex(const char *hex, uint8_t *bytes, size_t len)
{
	unsigned int byte;
	size_t i;

	for (i = 0; i < len; i++) {
		sscanf(hex + 2 * i, "%2x", &byte);
		bytes[i] = (uint8_t)byte;
	}
}

static int verifier_of(const char *text, struct note_verifier *v)
{
	return note_verifier_parse(text, strlen(text), v);
}

/* RFC 8032, section 7.1: the public keys of secret ones. */
static void the_public_keys_of_rfc_8032_are_met(void)
{
	static const char *const vectors[][2] = {
		{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a" },
		{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c" },
		{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		  "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025" },
	};
	uint8_t seed[NOTE_KEY], expected[NOTE_KEY];
	struct note_key key;
	size_t i;

	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		from_hex(vectors[i][0], seed, sizeof(seed));
		from_hex(vectors[i][1], expected, sizeof(expected));
		CHECK_INT(note_key_make("example.com/log", seed, &key), 0);
		CHECK(memcmp(key.verifier.key, expected, sizeof(expected)) == 0);
		CHECK(memcmp(key.seed, seed, sizeof(seed)) == 0);
		CHECK_STR(key.verifier.name, "example.com/log");
	}
}

static void go_s_example_is_made_and_opened_byte_for_byte(void)
{
	struct note_verifier v;
	struct note_key key;
	size_t len = 0;
	char buf[512];

	CHECK_INT(note_key_parse(GO_KEY, strlen(GO_KEY), &key), 0);
	CHECK_INT(note_verifier_encode(&key.verifier, buf, sizeof(buf)), strlen(GO_VERIFIER));
	CHECK_STR(buf, GO_VERIFIER);
	CHECK_INT(note_key_encode(&key, buf, sizeof(buf)), strlen(GO_KEY));
	CHECK_STR(buf, GO_KEY);
	CHECK_INT(note_sign(&key, GO_TEXT, strlen(GO_TEXT), buf, sizeof(buf)), strlen(GO_NOTE));
	CHECK_STR(buf, GO_NOTE);
	CHECK_INT(verifier_of(GO_VERIFIER, &v), 0);
	CHECK(memcmp(&v, &key.verifier, sizeof(v)) == 0);
	CHECK_INT(note_open(&v, GO_NOTE, strlen(GO_NOTE), &len), 0);
	CHECK_INT(len, strlen(GO_TEXT));
}

/* Both forms, of exactly the length that is given, cut short and with each bit turned. */
static void a_key_that_was_cut_or_changed_is_refused(void)
{
	static const char *const texts[] = { GO_VERIFIER, GO_KEY };
	struct note_verifier v = { .name = "untouched" };
	struct note_key key = { .verifier.name = "untouched" };
	size_t i, len, bit;
	char *copy;

	for (i = 0; i < 2; i++) {
		for (len = 0; len < strlen(texts[i]); len++) {
			copy = memcpy(malloc(len + 1), texts[i], len);
			copy = realloc(copy, len ? len : 1);
			CHECK_INT(note_verifier_parse(copy, len, &v), -EBADMSG);
			CHECK_INT(note_key_parse(copy, len, &key), -EBADMSG);
			free(copy);
		}
		for (bit = 0; bit < 8 * len; bit++) {
			copy = strdup(texts[i]);
			copy[bit / 8] = (char)(copy[bit / 8] ^ (1 << bit % 8));
			CHECK_MSG(note_verifier_parse(copy, len, &v) < 0, "%s", copy);
			CHECK_MSG(note_key_parse(copy, len, &key) < 0, "%s", copy);
			free(copy);
		}
	}
	CHECK_STR(v.name, "untouched");
	CHECK_STR(key.verifier.name, "untouched");
	CHECK_INT(note_verifier_parse(GO_VERIFIER "\n", strlen(GO_VERIFIER) + 1, &v), -EBADMSG);
	CHECK_INT(verifier_of(GO_KEY, &v), -EBADMSG);
	CHECK_INT(note_key_parse(GO_VERIFIER, strlen(GO_VERIFIER), &key), -EBADMSG);
	/* The key of another, under an id that is right for the first. */
	CHECK_INT(verifier_of("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10Ta",
			      &v),
		  -EKEYREJECTED);
	CHECK_INT(verifier_of("PeterNeumanm+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
			      &v),
		  -EKEYREJECTED);
	CHECK_INT(verifier_of("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
			      &v),
		  -EBADMSG);
	/* Type 0x04, a witness's. */
	CHECK_INT(verifier_of("PeterNeumann+c74f20a3+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
			      &v),
		  -ENOTSUP);
}

static void names_that_would_not_stay_one_word_are_refused(void)
{
	static const char *const bad[] = {
		"",
		"a b",
		" a",
		"a ",
		"a+b",
		"a\nb",
		"a\tb",
		"a\x7f\x01",
		"a\xc2\xa0z",
		"a\xe2\x80\x80",
		"a\xe2\x80\x8a",
		"\xe2\x80\xa8z",
		"a\xe2\x81\x9f",
		"\xe3\x80\x80",
		"a\xe1\x9a\x80z",
		"a\xc2\x85",
		"a\xff",
		"\xc0\xa0",
		"\xe2\x80",
	};
	static const char *const good[] = {
		"a", "example.com/log", "\xc3\xa9", "\xe2\x80\x8b", "\xe2\x80\x94", "=-:/"
	};
	char name[NOTE_NAME + 1], text[NOTE_KEY_SIZE];
	static const uint8_t seed[NOTE_KEY] = { 1 };
	struct note_key key, back;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_MSG(note_key_make(bad[i], seed, &key) == -EINVAL, "\"%s\"", bad[i]);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CHECK_INT(note_key_make(good[i], seed, &key), 0);
		CHECK(note_key_encode(&key, text, sizeof(text)) > 0);
		CHECK_INT(note_key_parse(text, strlen(text), &back), 0);
		CHECK(memcmp(&key, &back, sizeof(key)) == 0);
	}
	memset(name, 'n', sizeof(name));
	name[NOTE_NAME] = '\0';
	CHECK_INT(note_key_make(name, seed, &key), -EINVAL);
	name[NOTE_NAME - 1] = '\0';
	CHECK_INT(note_key_make(name, seed, &key), 0);
	/* The longest fits what the header says. */
	CHECK_INT(note_key_encode(&key, text, sizeof(text)), NOTE_KEY_SIZE - 1);
	CHECK_INT(note_key_encode(&key, text, sizeof(text) - 1), -E2BIG);
	CHECK_INT(note_verifier_encode(&key.verifier, text, sizeof(text)), NOTE_VERIFIER_SIZE - 1);
	CHECK_INT(note_verifier_encode(&key.verifier, text, NOTE_VERIFIER_SIZE - 1), -E2BIG);
	note_key_wipe(&key);
	memset(&back, 0, sizeof(back));
	CHECK(memcmp(&key, &back, sizeof(key)) == 0);
}

static const char checkpoint_text[] = "example.com/log\n20852163\n"
				      "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

/* A checkpoint signed by the key of the seed 7, 7, 7, ... */
static int note_make(struct note_key *key, char note[1024])
{
	uint8_t seed[NOTE_KEY];

	memset(seed, 7, sizeof(seed));
	if (note_key_make("example.com/log", seed, key) != 0)
		return -1;
	return note_sign(key, checkpoint_text, strlen(checkpoint_text), note, 1024);
}

static void every_byte_of_a_note_counts(void)
{
	char note[1024], copy[1024];
	struct note_key key;
	int len = note_make(&key, note), at, k;
	size_t text_len = 4711;

	REQUIRE(len > 0);
	for (at = 0; at < len; at++) {
		for (k = 0; k < 9; k++) {
			memcpy(copy, note, sizeof(copy));
			copy[at] = (char)(copy[at] ^ (k < 8 ? 1 << k : 0xff));
			CHECK_MSG(note_open(&key.verifier, copy, (size_t)len, &text_len) < 0,
				  "byte %d", at);
		}
	}
	CHECK_INT(text_len, 4711);
	CHECK_INT(note_open(&key.verifier, note, (size_t)len, &text_len), 0);
	CHECK_INT(text_len, strlen(checkpoint_text));
}

static void a_note_of_any_other_length_is_refused(void)
{
	char note[1024], *exact;
	struct note_key key;
	int len = note_make(&key, note), cut, c;
	size_t text_len;

	REQUIRE(len > 0);
	for (cut = 0; cut < len; cut++) {
		exact = malloc((size_t)cut ? (size_t)cut : 1);
		REQUIRE(exact);
		memcpy(exact, note, (size_t)cut);
		CHECK_INT(note_open(&key.verifier, exact, (size_t)cut, &text_len), -EBADMSG);
		CHECK_INT(note_split(exact, (size_t)cut, &text_len), -EBADMSG);
		free(exact);
	}
	for (c = 0; c < 256; c++) {
		note[len] = (char)c;
		CHECK_INT(note_open(&key.verifier, note, (size_t)len + 1, &text_len), -EBADMSG);
	}
}

/* The Go example's note with these lines below the text. */
static int open_with(const struct note_verifier *v, const char *lines)
{
	char *note = malloc(strlen(GO_TEXT) + 1 + strlen(lines));
	size_t len = 0;
	int err;

	memcpy(note, GO_TEXT "\n", strlen(GO_TEXT) + 1);
	memcpy(note + strlen(GO_TEXT) + 1, lines, strlen(lines));
	err = note_open(v, note, strlen(GO_TEXT) + 1 + strlen(lines), &len);
	if (!err)
		CHECK_INT(len, strlen(GO_TEXT));
	free(note);
	return err;
}

static void signatures_of_others_are_passed_over(void)
{
	static const char *const others[] = {
		DASH "other AAAAAAE=\n",	 /* one byte of a signature */
		DASH "PeterNeumann AAAAAAE=\n",	 /* the name, another id */
		DASH "other x08gowE=\n",	 /* the id, another name */
		DASH "PeterNeumann2 x08gowE=\n", /* a longer name */
		DASH "Peter x08gowE=\n",	 /* a shorter one */
		DASH "caf\xc3\xa9.example AAAAAAECAw==\n",
	};
	char lines[1024];
	struct note_verifier v;
	size_t i;

	REQUIRE(verifier_of(GO_VERIFIER, &v) == 0);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		CHECK_INT(open_with(&v, others[i]), -ENOKEY);
		snprintf(lines, sizeof(lines), "%s" GO_SIGNATURE, others[i]);
		CHECK_INT(open_with(&v, lines), 0);
		snprintf(lines, sizeof(lines), GO_SIGNATURE "%s", others[i]);
		CHECK_INT(open_with(&v, lines), 0);
	}
}

static void a_bad_signature_by_our_key_spoils_the_note(void)
{
	static const char bad[] = DASH
		"PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSN"
		"XgKvqfqdngotpRZb6KE6RyyBwJnAA=\n";
	static const char short_one[] = DASH "PeterNeumann x08gowE=\n";
	char lines[1024];
	struct note_verifier v;

	REQUIRE(verifier_of(GO_VERIFIER, &v) == 0);
	CHECK_INT(open_with(&v, bad), -EKEYREJECTED);
	CHECK_INT(open_with(&v, short_one), -EKEYREJECTED);
	snprintf(lines, sizeof(lines), GO_SIGNATURE "%s", bad);
	CHECK_INT(open_with(&v, lines), -EKEYREJECTED);
	snprintf(lines, sizeof(lines), "%s" GO_SIGNATURE, bad);
	CHECK_INT(open_with(&v, lines), -EKEYREJECTED);
	CHECK_INT(open_with(&v, GO_SIGNATURE GO_SIGNATURE), 0);
}

static void what_is_no_signature_spoils_the_note(void)
{
	static const char *const bad[] = {
		"",
		"\n",
		"x\n",
		"- other AAAAAAE=\n",
		"\xe2\x80\x94other AAAAAAE=\n",
		DASH "\n",
		DASH "other\n",
		DASH "other \n",
		DASH "other AAAAAA==\n", /* an id, no signature */
		DASH "other AAAAAAE\n",	 /* no padding */
		DASH "other AAAAAAF=\n", /* loose bits */
		DASH "other AAAAAAE= \n",
		DASH "other  AAAAAAE=\n",
		DASH " AAAAAAE=\n",
		DASH "an other AAAAAAE=\n",
		DASH "an+other AAAAAAE=\n",
		DASH "other AAAAAAE=\r\n",
		DASH "other AAAAAAE=",
		DASH "oth\xff AAAAAAE=\n",
	};
	char lines[1024];
	struct note_verifier v;
	size_t i;

	REQUIRE(verifier_of(GO_VERIFIER, &v) == 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_MSG(open_with(&v, bad[i]) == -EBADMSG, "%s", bad[i]);
		if (!*bad[i])
			continue;
		snprintf(lines, sizeof(lines), GO_SIGNATURE "%s", bad[i]);
		CHECK_MSG(open_with(&v, lines) == -EBADMSG, "%s", bad[i]);
	}
}

static void notes_are_bounded_but_hold_what_the_format_asks_for(void)
{
	/* The longest signatures that are foreseen: some 5 kB, 6.7 kB in base64. */
	enum { WIDE = 5000 };
	static uint8_t bytes[WIDE];
	static char lines[LIMIT_NOTE + 8192], *at;
	struct note_verifier v;
	int i;

	REQUIRE(verifier_of(GO_VERIFIER, &v) == 0);
	at = stpcpy(lines, GO_SIGNATURE);
	for (i = 1; i < 16; i++) {
		at = stpcpy(at, DASH "witness.example ");
		at += base64_encode(bytes, WIDE, at, 8192);
		at = stpcpy(at, "\n");
	}
	CHECK_INT(open_with(&v, lines), 0);
	for (; i < 24; i++) {
		at = stpcpy(at, DASH "witness.example ");
		at += base64_encode(bytes, WIDE, at, 8192);
		at = stpcpy(at, "\n");
		if (at - lines > LIMIT_NOTE)
			break;
	}
	CHECK_INT(open_with(&v, lines), -E2BIG);
	at = stpcpy(lines, GO_SIGNATURE);
	for (i = 1; i < LIMIT_NOTE_SIGNATURES; i++)
		at = stpcpy(at, DASH "other AAAAAAE=\n");
	CHECK_INT(open_with(&v, lines), 0);
	stpcpy(at, DASH "other AAAAAAE=\n");
	CHECK_INT(open_with(&v, lines), -E2BIG);
	/* One line that is too long. */
	at = stpcpy(lines, GO_SIGNATURE DASH "other ");
	memset(at, 'A', LIMIT_NOTE_LINE);
	strcpy(at + LIMIT_NOTE_LINE, "\n");
	CHECK_INT(open_with(&v, lines), -EBADMSG);
}

static void only_texts_for_notes_are_signed(void)
{
	static const char *const bad[] = { "", "no newline", "a\rb\n", "a\x01\n", "a\xff\n" };
	static char large[LIMIT_NOTE + 1], note[2 * LIMIT_NOTE];
	static const uint8_t seed[NOTE_KEY] = { 3 };
	static const char text[] = "one\n\n\ntwo\n\n";
	struct note_key key;
	size_t i, len = 0;
	int made;

	REQUIRE(note_key_make("n", seed, &key) == 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_INT(note_sign(&key, bad[i], strlen(bad[i]), note, sizeof(note)), -EINVAL);
	memset(large, '\n', sizeof(large));
	CHECK_INT(note_sign(&key, large, sizeof(large), note, sizeof(note)), -EINVAL);
	/* Empty lines of the text do not end it. */
	made = note_sign(&key, text, strlen(text), note, sizeof(note));
	CHECK(made > 0);
	CHECK_INT(note_open(&key.verifier, note, (size_t)made, &len), 0);
	CHECK_INT(len, strlen(text));
	for (i = 0; i <= (size_t)made; i++) {
		memset(note, '#', i + 1);
		CHECK_INT(note_sign(&key, text, strlen(text), note, i), -E2BIG);
		CHECK_INT(note[i], '#');
	}
	CHECK_INT(note_sign(&key, text, strlen(text), note, i), made);
}

static void a_checkpoint_says_origin_size_and_root(void)
{
	static const char extended[] =
		"o\n0\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\nx\ny z\n";
	struct checkpoint c;
	char buf[512];

	CHECK_INT(checkpoint_parse(checkpoint_text, strlen(checkpoint_text), &c), 0);
	CHECK_STR(c.origin, "example.com/log");
	CHECK_INT((long long)c.head.size, 20852163);
	CHECK_INT(c.head.root[0], 0x0a);
	CHECK_INT(c.head.root[31], 0x62);
	CHECK(!c.extensions && !c.extensions_len);
	CHECK_INT(checkpoint_encode(&c, buf, sizeof(buf)), strlen(checkpoint_text));
	CHECK_STR(buf, checkpoint_text);

	CHECK_INT(checkpoint_parse(extended, strlen(extended), &c), 0);
	CHECK_INT(c.extensions_len, 6);
	CHECK(memcmp(c.extensions, "x\ny z\n", 6) == 0);
	CHECK_INT(checkpoint_encode(&c, buf, sizeof(buf)), strlen(extended));
	CHECK_STR(buf, extended);
	CHECK_INT(checkpoint_encode(&c, buf, strlen(extended)), -E2BIG);
	CHECK_INT(checkpoint_encode(&c, buf, 0), -E2BIG);
	c.extensions_len--;
	CHECK_INT(checkpoint_encode(&c, buf, sizeof(buf)), -EINVAL);
	c.extensions = "a\n\nb\n";
	CHECK_INT(checkpoint_encode(&c, buf, sizeof(buf)), -EINVAL);
	c.extensions_len = 0;
	strcpy(c.origin, "two\nlines");
	CHECK_INT(checkpoint_encode(&c, buf, sizeof(buf)), -EINVAL);
	strcpy(c.origin, "");
	CHECK_INT(checkpoint_encode(&c, buf, sizeof(buf)), -EINVAL);
	memset(c.origin, 'o', sizeof(c.origin));
	CHECK_INT(checkpoint_encode(&c, buf, sizeof(buf)), -EINVAL);
	c.origin[sizeof(c.origin) - 1] = '\0';
	CHECK(checkpoint_encode(&c, buf, sizeof(buf)) > 255);
}

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

static void what_is_no_checkpoint_is_refused(void)
{
	static const char *const bad[] = {
		"\n1\n" ROOT "\n",
		"o\n\n" ROOT "\n",
		"o\n1\n\n",
		"o\n01\n" ROOT "\n",
		"o\n00\n" ROOT "\n",
		"o\n+1\n" ROOT "\n",
		"o\n-1\n" ROOT "\n",
		"o\n 1\n" ROOT "\n",
		"o\n1 \n" ROOT "\n",
		"o\n1x\n" ROOT "\n",
		"o\n1:\n" ROOT "\n",
		"o\n1/\n" ROOT "\n",
		"o\n1\n" ROOT " \n",
		"o\n1\n" ROOT "\n\n",
		"o\n1\n" ROOT "\nx\n\ny\n",
		"o\n1\n" ROOT "\nx",
		"o\n1\n" ROOT "\r\n",
		"o\t\n1\n" ROOT "\n",
		"o\xff\n1\n" ROOT "\n",
		"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n",
		"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2Ji\n",
		"o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",
	};
	struct checkpoint c = { .head.size = 4711 };
	char text[512], *exact;
	size_t i, len = strlen(checkpoint_text);

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_MSG(checkpoint_parse(bad[i], strlen(bad[i]), &c) == -EBADMSG, "%s", bad[i]);
	for (i = 0; i < len; i++) {
		exact = malloc(i ? i : 1);
		REQUIRE(exact);
		memcpy(exact, checkpoint_text, i);
		CHECK_INT(checkpoint_parse(exact, i, &c), -EBADMSG);
		free(exact);
	}
	CHECK_INT(c.head.size, 4711);
	snprintf(text, sizeof(text), "o\n18446744073709551615\n" ROOT "\n");
	CHECK_INT(checkpoint_parse(text, strlen(text), &c), 0);
	CHECK(c.head.size == UINT64_MAX);
	text[21] = '6';
	CHECK_INT(checkpoint_parse(text, strlen(text), &c), -ERANGE);
	snprintf(text, sizeof(text), "o\n184467440737095516150\n" ROOT "\n");
	CHECK_INT(checkpoint_parse(text, strlen(text), &c), -ERANGE);
	for (i = 255; i <= 256; i++) {
		memset(text, 'o', i);
		strcpy(text + i, "\n1\n" ROOT "\n");
		CHECK_INT(checkpoint_parse(text, strlen(text), &c), i == 255 ? 0 : -EBADMSG);
	}
}

static const struct tap_test tests[] = {
	TEST(the_public_keys_of_rfc_8032_are_met),
	TEST(go_s_example_is_made_and_opened_byte_for_byte),
	TEST(a_key_that_was_cut_or_changed_is_refused),
	TEST(names_that_would_not_stay_one_word_are_refused),
	TEST(every_byte_of_a_note_counts),
	TEST(a_note_of_any_other_length_is_refused),
	TEST(signatures_of_others_are_passed_over),
	TEST(a_bad_signature_by_our_key_spoils_the_note),
	TEST(what_is_no_signature_spoils_the_note),
	TEST(notes_are_bounded_but_hold_what_the_format_asks_for),
	TEST(only_texts_for_notes_are_signed),
	TEST(a_checkpoint_says_origin_size_and_root),
	TEST(what_is_no_checkpoint_is_refused),
};

TAP_MAIN(tests)
