// SPDX-License-Identifier: GPL-2.0-or-later
/* Base64 as RFC 4648 has it: its vectors, every byte and length, and no second text for the same bytes. */
#include "base/base64.h"
#include "tests/tap.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* RFC 4648, section 10: the first 0 to 6 bytes of a word. */
static void published_vectors_are_met_both_ways(void)
{
	static const char *const vectors[] = { "",	   "Zg==",     "Zm8=",	  "Zm9v",
					       "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };
	uint8_t bytes[16];
	char text[16];
	size_t len;

	for (len = 0; len < sizeof(vectors) / sizeof(vectors[0]); len++) {
		CHECK_INT(base64_encode("foobar", len, text, sizeof(text)),
			  (int)BASE64_LENGTH(len));
		CHECK_STR(text, vectors[len]);
		CHECK_INT(base64_decode(text, strlen(text), bytes, sizeof(bytes)), (int)len);
		CHECK(memcmp(bytes, "foobar", len) == 0);
	}
}

static void each_of_the_64_values_has_its_character(void)
{
	uint8_t bytes[48], back[48];
	char text[65];
	int i;

	for (i = 0; i < 64; i += 4) {
		bytes[i / 4 * 3] = (uint8_t)(i << 2 | (i + 1) >> 4);
		bytes[i / 4 * 3 + 1] = (uint8_t)((i + 1) << 4 | (i + 2) >> 2);
		bytes[i / 4 * 3 + 2] = (uint8_t)((i + 2) << 6 | (i + 3));
	}
	CHECK_INT(base64_encode(bytes, sizeof(bytes), text, sizeof(text)), 64);
	CHECK_STR(text, alphabet);
	CHECK_INT(base64_decode(text, 64, back, sizeof(back)), 48);
	CHECK(memcmp(bytes, back, sizeof(bytes)) == 0);
}

static void what_was_encoded_comes_back_at_every_length(void)
{
	uint8_t bytes[300], back[300];
	char text[BASE64_LENGTH(300) + 1];
	size_t len, i;
	int chars;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 181 + (i >> 3));
	for (len = 0; len <= sizeof(bytes); len++) {
		chars = base64_encode(bytes, len, text, sizeof(text));
		CHECK_INT(chars, (int)BASE64_LENGTH(len));
		CHECK_INT(base64_decode(text, (size_t)chars, back, sizeof(back)), (int)len);
		CHECK(memcmp(bytes, back, len) == 0);
	}
}

/* What is taken must be what would be written for it, wherever a character is put. */
static void no_other_text_than_the_encoder_s_is_read(void)
{
	static const char *const texts[] = { "Zm9vYmFy", "Zm9vYmE=", "Zm9vYg==" };
	char text[16], again[16];
	uint8_t bytes[16];
	size_t i, at;
	int c, len, taken = 0;

	for (i = 0; i < 3; i++) {
		for (at = 0; at < 8; at++) {
			for (c = 0; c < 256; c++) {
				memcpy(text, texts[i], 9);
				text[at] = (char)c;
				len = base64_decode(text, 8, bytes, sizeof(bytes));
				if (len < 0) {
					CHECK_INT(len, -EBADMSG);
					continue;
				}
				taken++;
				base64_encode(bytes, (size_t)len, again, sizeof(again));
				CHECK(memcmp(text, again, 8) == 0);
			}
		}
	}
	/*
	 * The whole alphabet wherever all six bits count. Before one "=" four bits
	 * count, and it may itself be any character; before two, two bits count, the
	 * first may be what four bits make, and the second must stay.
	 */
	CHECK_INT(taken, 8 * 64 + (6 * 64 + 16 + 65) + (5 * 64 + 4 + 17 + 1));
}

static void padding_white_space_and_loose_bits_are_refused(void)
{
	static const char *const bad[] = {
		"Z",	    "Zg",	"Zg=",	    "Zm9",	 "Zg===", "Zg==Zg==",
		"Zm8=Zm8=", "====",	"Z===",	    "=Zg=",	 "Zg=v",  "Zh==",
		"Zm9=",	    "Zm9v\n",	"Zm9v\n\n", "Zm9v   \n", " m9v",  "Zm9v    ",
		"Zm-_",	    "Zm9v====", "Zm 9",	    "Zm9\xc3",
	};
	uint8_t bytes[16];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_MSG(base64_decode(bad[i], strlen(bad[i]), bytes, sizeof(bytes)) == -EBADMSG,
			  "\"%s\"", bad[i]);
	/* A NUL is a character like any other. */
	CHECK_INT(base64_decode("Zm9\0", 4, bytes, sizeof(bytes)), -EBADMSG);
}

static void room_that_is_too_small_is_told_and_never_passed(void)
{
	uint8_t bytes[8];
	char text[16];
	size_t size;

	for (size = 0; size <= 8; size++) {
		memset(text, '#', sizeof(text));
		CHECK_INT(base64_encode("fooba", 5, text, size), -E2BIG);
		CHECK_INT(text[0], '#');
	}
	CHECK_INT(base64_encode("fooba", 5, text, 9), 8);
	for (size = 0; size < 5; size++) {
		memset(bytes, '#', sizeof(bytes));
		CHECK_INT(base64_decode("Zm9vYmE=", 8, bytes, size), -E2BIG);
		CHECK_INT(bytes[size], '#');
	}
	CHECK_INT(base64_decode("Zm9vYmE=", 8, bytes, 5), 5);
	CHECK_INT(base64_encode("", SIZE_MAX, text, sizeof(text)), -E2BIG);
}

static const struct tap_test tests[] = {
	TEST(published_vectors_are_met_both_ways),
	TEST(each_of_the_64_values_has_its_character),
	TEST(what_was_encoded_comes_back_at_every_length),
	TEST(no_other_text_than_the_encoder_s_is_read),
	TEST(padding_white_space_and_loose_bits_are_refused),
	TEST(room_that_is_too_small_is_told_and_never_passed),
};

TAP_MAIN(tests)
