// SPDX-License-Identifier: GPL-2.0-or-later
/* CRC-32C against published values, and its two implementations against each other. */
#include "base/crc32c.h"
#include "tests/tap.h"

/* RFC 3720, appendix B.4, and the usual check value. */
static void published_values_are_met(void)
{
	uint8_t buf[32];
	int i;

	CHECK_INT(crc32c(0, "123456789", 9), 0xe3069283);
	CHECK_INT(crc32c_portable(0, "123456789", 9), 0xe3069283);
	memset(buf, 0, sizeof(buf));
	CHECK_INT(crc32c(0, buf, 32), 0x8a9136aa);
	memset(buf, 0xff, sizeof(buf));
	CHECK_INT(crc32c(0, buf, 32), 0x62a8ab43);
	for (i = 0; i < 32; i++)
		buf[i] = (uint8_t)i;
	CHECK_INT(crc32c(0, buf, 32), 0x46dd794e);
	CHECK_INT(crc32c(0, buf, 0), 0);
}

static void both_implementations_agree_at_every_length_and_alignment(void)
{
	uint8_t buf[300];
	size_t at, len, i;

	for (i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)(i * 167 + 13);
	for (at = 0; at < 8; at++) {
		for (len = 0; at + len <= sizeof(buf); len++)
			CHECK_INT(crc32c(7, buf + at, len), crc32c_portable(7, buf + at, len));
	}
}

static void pieces_give_what_the_whole_gives(void)
{
	const char text[] = "every length-prefixed field";
	size_t cut;

	for (cut = 0; cut <= sizeof(text); cut++)
		CHECK_INT(crc32c(crc32c(0, text, cut), text + cut, sizeof(text) - cut),
			  crc32c(0, text, sizeof(text)));
}

static const struct tap_test tests[] = {
	{ "published_values_are_met", published_values_are_met },
	{ "both_implementations_agree_at_every_length_and_alignment",
	  both_implementations_agree_at_every_length_and_alignment },
	{ "pieces_give_what_the_whole_gives", pieces_give_what_the_whole_gives },
};

TAP_MAIN(tests)
