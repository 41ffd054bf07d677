// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes that grow, and memory that is freed at once. */
#include <stdint.h>

#include "base/arena.h"
#include "base/text.h"
#include "tests/tap.h"

static bool text_is(const struct text *t, const char *bytes, size_t len)
{
	return t->len == len && !memcmp(t->bytes, bytes, len);
}

static void text_grows_as_it_is_written(void)
{
	struct text t = { 0 };
	int i;

	text_put(&t, NULL, 0);
	CHECK(t.len == 0 && !t.bytes && !text_error(&t));
	text_string(&t, "one ");
	text_printf(&t, "%d %s", 2, "three");
	CHECK(text_is(&t, "one 2 three", 11));
	text_drop(&t, 4);
	CHECK(text_is(&t, "2 three", 7));
	text_release(&t);
	text_number(&t, 0);
	text_number(&t, 10);
	text_number(&t, UINT64_MAX);
	CHECK(text_is(&t, "01018446744073709551615", 23));
	text_release(&t);
	for (i = 0; i < 100000; i++)
		text_put(&t, "0123456789", 10);
	CHECK(t.len == 1000000 && !memcmp(t.bytes + 999990, "0123456789", 10));
	text_release(&t);
}

static void what_does_not_fit_is_not_written_nor_what_follows(void)
{
	struct text t = { .limit = 10 };

	text_string(&t, "0123456789");
	CHECK(!text_error(&t));
	text_string(&t, "x");
	CHECK(text_error(&t) == -ENOMEM && t.len == 10);
	text_drop(&t, 10);
	text_string(&t, "y");
	CHECK(text_error(&t) == -ENOMEM && t.len == 0);
	text_release(&t);
	text_string(&t, "y");
	CHECK(!text_error(&t));
	text_release(&t);
}

static void json_strings_hold_any_bytes(void)
{
	static const struct {
		const char *what, *in, *out;
		size_t len;
	} cases[] = {
		{ "plain text", "abc", "\"abc\"", 3 },
		{ "nothing", "", "\"\"", 0 },
		{ "quotes and backslashes", "a\"b\\", "\"a\\\"b\\\\\"", 4 },
		{ "line breaks", "a\n\r\t\b\f", "\"a\\n\\r\\t\\b\\f\"", 6 },
		{ "other control characters", "\x01\x7f", "\"\\u0001\\u007f\"", 2 },
		{ "a NUL", "a\0b", "\"a\\u0000b\"", 3 },
		{ "letters of two, three and four bytes", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
		  "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", 9 },
		{ "a byte alone", "a\xff", "\"a\xef\xbf\xbd\"", 2 },
		{ "a letter cut short", "\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"", 2 },
		{ "a surrogate", "\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", 3 },
		{ "an overlong form", "\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"", 2 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text t = { 0 };

		text_json(&t, cases[i].in, cases[i].len);
		CHECK_MSG(text_is(&t, cases[i].out, strlen(cases[i].out)), "%s", cases[i].what);
		text_release(&t);
	}
}

static void an_arenas_memory_is_zero_aligned_and_bounded(void)
{
	struct arena a = { 0 };
	bool aligned = true, zero = true;
	unsigned char *at;
	size_t i, k;

	for (i = 0; i < 1000; i++) {
		at = arena_alloc(&a, i);
		aligned &= at && (uintptr_t)at % 16 == 0;
		for (k = 0; at && k < i; k++)
			zero &= !at[k];
		if (at)
			memset(at, 0xff, i);
	}
	CHECK(aligned);
	CHECK(zero);
	CHECK(!strcmp(arena_copy(&a, "abcdef", 3), "abc"));
	CHECK(arena_alloc(&a, 1000000) && arena_alloc(&a, 10));
	CHECK(!arena_array(&a, SIZE_MAX / 2, 3) && !arena_alloc(&a, SIZE_MAX) &&
	      !arena_copy(&a, "", SIZE_MAX));
	arena_release(&a);
	a.limit = 100;
	CHECK(arena_alloc(&a, 64) && !arena_alloc(&a, 64) && arena_alloc(&a, 16));
	arena_release(&a);
}

static const struct tap_test tests[] = {
	TEST(text_grows_as_it_is_written),
	TEST(what_does_not_fit_is_not_written_nor_what_follows),
	TEST(json_strings_hold_any_bytes),
	TEST(an_arenas_memory_is_zero_aligned_and_bounded),
};
TAP_MAIN(tests)
