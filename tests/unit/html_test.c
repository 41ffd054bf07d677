// SPDX-License-Identifier: GPL-2.0-or-later
/* Text on a page: escaped by whole characters, whatever it is made of. */
#include "base/html.h"
#include "tests/tap.h"

static void html_is_escaped_whole_characters_at_a_time(void)
{
	char in[600], out[4096];
	size_t i, pad;
	FILE *f;

	/* A character of four bytes at each place around the end of a piece. */
	for (pad = 250; pad < 262; pad++) {
		memset(in, '<', pad);
		memcpy(in + pad, "\xf0\x9f\x98\x80", 4);
		memset(in + pad + 4, 'x', 300);
		f = fmemopen(out, sizeof(out), "w");
		REQUIRE(f);
		html_bytes(f, in, pad + 304);
		fclose(f);
		CHECK_INT(strlen(out), 4 * pad + 304);
		for (i = 0; i < pad; i++)
			CHECK(memcmp(out + 4 * i, "&lt;", 4) == 0);
		CHECK(memcmp(out + 4 * pad, "\xf0\x9f\x98\x80x", 5) == 0);
	}
	/* Nothing but the rest of characters that never began. */
	memset(in, 0xbf, 600);
	f = fmemopen(out, sizeof(out), "w");
	REQUIRE(f);
	html_bytes(f, in, 600);
	fclose(f);
	CHECK_INT(strlen(out), 2400);
	f = fmemopen(out, sizeof(out), "w");
	REQUIRE(f);
	html_text(f, "a<b>&\"'\\");
	fclose(f);
	CHECK_STR(out, "a&lt;b&gt;&amp;&#34;&#39;\\");
}

static const struct tap_test tests[] = {
	TEST(html_is_escaped_whole_characters_at_a_time),
};
TAP_MAIN(tests)
