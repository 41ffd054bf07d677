// SPDX-License-Identifier: GPL-2.0-or-later
/* Nothing that an agent can put into a name acts on a terminal, on JSON or on HTML. */
#include "base/escape.h"
#include "tests/tap.h"

#include <stdint.h>

/* Any input, escaped with room to spare. */
static const char *text_of(const char *in, size_t len)
{
	static char out[1024];

	CHECK_INT(escape_text(out, sizeof(out), in, len), strlen(out));
	return out;
}

static const char *json_of(const char *in, size_t len)
{
	static char out[1024];

	CHECK_INT(escape_json(out, sizeof(out), in, len), strlen(out));
	return out;
}

static size_t utf8_put(char *p, uint32_t c)
{
	if (c < 0x80) {
		p[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		p[0] = (char)(0xc0 | c >> 6);
		p[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		p[0] = (char)(0xe0 | c >> 12);
		p[1] = (char)(0x80 | (c >> 6 & 63));
		p[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	p[0] = (char)(0xf0 | c >> 18);
	p[1] = (char)(0x80 | (c >> 12 & 63));
	p[2] = (char)(0x80 | (c >> 6 & 63));
	p[3] = (char)(0x80 | (c & 63));
	return 4;
}

static void printable_ascii_stays_in_text_except_backslash(void)
{
	char in[2] = "", expected[3];
	int c;

	for (c = 0x20; c < 0x7f; c++) {
		in[0] = (char)c;
		snprintf(expected, sizeof(expected), c == '\\' ? "\\\\" : "%c", c);
		CHECK_STR(text_of(in, 1), expected);
	}
}

static void json_escapes_what_json_and_html_act_on(void)
{
	CHECK_STR(json_of("a\"b", 3), "a\\u0022b");
	CHECK_STR(json_of("a\\b", 3), "a\\\\b");
	CHECK_STR(json_of("</script>", 9), "\\u003c/script\\u003e");
	CHECK_STR(json_of("&'", 2), "\\u0026\\u0027");
	CHECK_STR(json_of("plain ~!/", 9), "plain ~!/");
}

static void every_control_character_is_escaped(void)
{
	char in[4], expected[16];
	size_t n;
	uint32_t c;

	for (c = 0; c < 0xa0; c++) {
		if (c >= 0x20 && c < 0x7f)
			continue;
		n = utf8_put(in, c);
		snprintf(expected, sizeof(expected), "\\u%04x", c);
		CHECK_STR(json_of(in, n), expected);
		if (n == 1)
			snprintf(expected, sizeof(expected), "\\x%02x", c);
		else
			snprintf(expected, sizeof(expected), "\\xc2\\x%02x", c);
		CHECK_STR(text_of(in, n), expected);
	}
}

static void every_code_point_is_shown_or_escaped_as_the_table_says(void)
{
	char in[4], json[16], text[32];
	size_t n, i;
	bool acts;
	uint32_t c;
	int bad = 0;

	for (c = 0xa0; c <= 0x10ffff; c++) {
		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		n = utf8_put(in, c);
		acts = c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
		       (c >= 0x2066 && c <= 0x2069);
		snprintf(json, sizeof(json), "%.*s", (int)n, in);
		memcpy(text, json, sizeof(json));
		if (acts) {
			snprintf(json, sizeof(json), "\\u%04x", c);
			for (i = 0; i < n; i++)
				snprintf(text + 4 * i, 5, "\\x%02x", (uint8_t)in[i]);
		}
		bad += strcmp(json_of(in, n), json) != 0;
		bad += strcmp(text_of(in, n), text) != 0;
		bad += !escape_is_utf8(in, n);
	}
	CHECK_INT(bad, 0);
}

static void what_is_not_utf8_is_escaped_byte_by_byte(void)
{
	static const struct {
		const char *in, *text;
	} cases[] = {
		{ "\xff", "\\xff" },
		{ "\xfe", "\\xfe" },
		{ "\x80", "\\x80" },
		{ "\x9b[31m", "\\x9b[31m" },  /* C1 CSI as a byte of its own */
		{ "\xc0\xaf", "\\xc0\\xaf" }, /* overlong / */
		{ "\xc1\xbf", "\\xc1\\xbf" },
		{ "\xc0\x9b", "\\xc0\\x9b" }, /* overlong ESC */
		{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
		{ "\xe0\x9f\xbf", "\\xe0\\x9f\\xbf" },
		{ "\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf" },
		{ "\xf0\x8f\xbf\xbf", "\\xf0\\x8f\\xbf\\xbf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* surrogates */
		{ "\xed\xbf\xbf", "\\xed\\xbf\\xbf" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* U+110000 */
		{ "\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80" },
		{ "\xf8\x88\x80\x80\x80", "\\xf8\\x88\\x80\\x80\\x80" },
		{ "\xc3", "\\xc3" }, /* cut short */
		{ "\xe2\x82", "\\xe2\\x82" },
		{ "\xf0\x9f\x98", "\\xf0\\x9f\\x98" },
		{ "\xe2\x82z", "\\xe2\\x82z" },
		{ "\xc3\xc3\xa9", "\\xc3\xc3\xa9" }, /* resynchronises at once */
		{ "\xe2\x1b[2J", "\\xe2\\x1b[2J" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_STR(text_of(cases[i].in, strlen(cases[i].in)), cases[i].text);
		CHECK(!escape_is_utf8(cases[i].in, strlen(cases[i].in)));
	}
	CHECK_STR(json_of("\xff\xc3\xa9", 3), "\\u00ff\xc3\xa9");
}

static void sequences_for_terminals_are_inert(void)
{
	CHECK_STR(text_of("\x1b]0;owned\x07", 10), "\\x1b]0;owned\\x07");
	CHECK_STR(text_of("\x1b[31mred\x1b[0m", 12), "\\x1b[31mred\\x1b[0m");
	CHECK_STR(text_of("\xc2\x9b"
			  "2J",
			  4),
		  "\\xc2\\x9b2J");
	CHECK_STR(text_of("a\r\nallowed", 10), "a\\x0d\\x0aallowed");
	CHECK_STR(text_of("\xe2\x80\xae"
			  "fdp.exe",
			  10),
		  "\\xe2\\x80\\xaefdp.exe");
	CHECK_STR(text_of("a\0b", 3), "a\\x00b");
}

/* Every two-byte beginning of a sequence, followed by whatever: no byte that acts gets out. */
static void no_pair_of_bytes_lets_a_control_out(void)
{
	char in[3], out[64];
	int a, b, bad = 0;
	size_t n, i;

	for (a = 0; a < 256; a++) {
		for (b = 0; b < 256; b++) {
			in[0] = (char)a;
			in[1] = (char)b;
			in[2] = '\x1b';
			n = escape_text(out, sizeof(out), in, 3);
			for (i = 0; i < n; i++)
				bad += (uint8_t)out[i] < 0x20 || out[i] == 0x7f;
			bad += !escape_is_utf8(out, n);
			n = escape_json(out, sizeof(out), in, 3);
			for (i = 0; i < n; i++)
				bad += (uint8_t)out[i] < 0x20 ||
				       strchr("\x7f\"<>&'", out[i]) != NULL;
			bad += !escape_is_utf8(out, n);
		}
	}
	CHECK_INT(bad, 0);
}

static void no_room_writes_nothing_and_a_byte_of_room_only_ends_it(void)
{
	char out[2] = "X";

	CHECK_INT(escape_text(out, 0, "abc", 3), 0);
	CHECK_INT(escape_json(out, 0, "abc", 3), 0);
	CHECK_INT(out[0], 'X');
	CHECK_INT(escape_text(NULL, 0, "abc", 3), 0);
	CHECK_INT(escape_text(out, 1, "abc", 3), 0);
	CHECK_INT(out[0], 0);
	out[0] = 'X';
	CHECK_INT(escape_json(out, 1, "\n", 1), 0);
	CHECK_INT(out[0], 0);
	CHECK_INT(escape_text(out, 2, "", 0), 0);
	CHECK_INT(escape_text(out, 2, NULL, 0), 0);
	CHECK_STR(out, "");
}

/* At every size: the longest beginning of the full output that ends between two units. */
static void nothing_is_split_whatever_the_size(void)
{
	static const char in[] = "a\n\xc3\xa9\xff\\\xe2\x80\xae\xf0\x9f\x98\x80\"<z";
	static const size_t text_ends[] = { 0, 1, 5, 7, 11, 13, 25, 29, 30, 31, 32 };
	static const size_t json_ends[] = { 0, 1, 7, 9, 15, 17, 23, 27, 33, 39, 40 };
	char whole[128], out[128];
	size_t size, n, k;

	CHECK_INT(escape_text(whole, sizeof(whole), in, sizeof(in) - 1), 32);
	for (size = 1; size < 40; size++) {
		memset(out, 'X', sizeof(out));
		n = escape_text(out, size, in, sizeof(in) - 1);
		for (k = 10; text_ends[k] > size - 1; k--)
			;
		CHECK_INT(n, text_ends[k]);
		CHECK(memcmp(out, whole, n) == 0 && out[n] == '\0' && out[size] == 'X');
	}
	CHECK_INT(escape_json(whole, sizeof(whole), in, sizeof(in) - 1), 40);
	for (size = 1; size < 48; size++) {
		memset(out, 'X', sizeof(out));
		n = escape_json(out, size, in, sizeof(in) - 1);
		for (k = 10; json_ends[k] > size - 1; k--)
			;
		CHECK_INT(n, json_ends[k]);
		CHECK(memcmp(out, whole, n) == 0 && out[n] == '\0' && out[size] == 'X');
	}
}

static void the_stated_maximum_holds_for_every_byte(void)
{
	char in[64], out[ESCAPE_JSON_MAX(sizeof(in)) + 1];
	int c;

	for (c = 0; c < 256; c++) {
		memset(in, c, sizeof(in));
		CHECK(escape_text(out, sizeof(out), in, sizeof(in)) <= ESCAPE_TEXT_MAX(sizeof(in)));
		CHECK(escape_json(out, sizeof(out), in, sizeof(in)) <= ESCAPE_JSON_MAX(sizeof(in)));
	}
}

static const struct tap_test tests[] = {
	{ "printable_ascii_stays_in_text_except_backslash",
	  printable_ascii_stays_in_text_except_backslash },
	{ "json_escapes_what_json_and_html_act_on", json_escapes_what_json_and_html_act_on },
	{ "every_control_character_is_escaped", every_control_character_is_escaped },
	{ "every_code_point_is_shown_or_escaped_as_the_table_says",
	  every_code_point_is_shown_or_escaped_as_the_table_says },
	{ "what_is_not_utf8_is_escaped_byte_by_byte", what_is_not_utf8_is_escaped_byte_by_byte },
	{ "sequences_for_terminals_are_inert", sequences_for_terminals_are_inert },
	{ "no_pair_of_bytes_lets_a_control_out", no_pair_of_bytes_lets_a_control_out },
	{ "no_room_writes_nothing_and_a_byte_of_room_only_ends_it",
	  no_room_writes_nothing_and_a_byte_of_room_only_ends_it },
	{ "nothing_is_split_whatever_the_size", nothing_is_split_whatever_the_size },
	{ "the_stated_maximum_holds_for_every_byte", the_stated_maximum_holds_for_every_byte },
};

TAP_MAIN(tests)
