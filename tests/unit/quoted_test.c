// SPDX-License-Identifier: GPL-2.0-or-later
/* The end of JSON strings, found by blocks of sixteen and of eight bytes, beside byte by byte. */
#include "llm/quoted.h"
#include "tests/tap.h"

#include <errno.h>

/* As it is on machines without SSE2. */
#undef __SSE2__
#undef AGENTOS_LLM_QUOTED_H
#define quoted_utf8	  eight_utf8
#define quoted_skip	  eight_skip
#define quoted_skip_plain eight_skip_plain
#define quoted_short	  eight_short
#include "llm/quoted.c"
#undef quoted_utf8
#undef quoted_skip
#undef quoted_skip_plain
#undef quoted_short

/* 32 of them: 16 escapes. */
#define BACKSLASHES "\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\"

typedef int skip(const unsigned char **at, const unsigned char *end, bool *ret_simple);

struct found {
	int err;
	size_t at;
	bool simple;
};

/* In a block of its own size: what is read behind it is seen. */
static struct found found_by(skip *by, const unsigned char *bytes, size_t len)
{
	unsigned char *copy = malloc(len ? len : 1);
	const unsigned char *at = copy;
	struct found f = { .err = -ENOMEM };

	if (!copy)
		return f;
	memcpy(copy, bytes, len);
	f.err = by(&at, copy + len, &f.simple);
	f.at = (size_t)(at - copy);
	f.simple &= !f.err;
	free(copy);
	return f;
}

static bool is_same(const struct found *a, const struct found *b)
{
	return a->err == b->err && a->at == b->at && a->simple == b->simple;
}

static bool all_agree(const unsigned char *bytes, size_t len, struct found *ret_found)
{
	const struct found plain = found_by(quoted_skip_plain, bytes, len),
			   sixteen = found_by(quoted_skip, bytes, len),
			   eight = found_by(eight_skip, bytes, len);
	const unsigned char *at = quoted_short(bytes, bytes + len);

	*ret_found = plain;
	/* One look says nothing, or the same. */
	if (at && (plain.err || !plain.simple || plain.at != (size_t)(at - bytes)))
		return false;
	return is_same(&plain, &sixteen) && is_same(&plain, &eight);
}

/* Each piece behind so much that it is at each place of a block, and before as much. */
static void a_piece_is_told_at_each_place(void)
{
	static const struct {
		const char *text;
		int err;
		bool simple;
	} rows[] = {
		{ "", 0, true },
		{ "\x7f", 0, true },
		{ "\\\"", 0, false },
		{ "\\\\", 0, false },
		{ "\\u00e9\\n", 0, false },
		/* Blocks of nothing else. */
		{ BACKSLASHES BACKSLASHES BACKSLASHES BACKSLASHES, 0, false },
		{ "\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
		  0, false },
		{ "\x01", -EBADMSG, false },
		{ "\x1f", -EBADMSG, false },
		{ "\\x", -EBADMSG, false },
		{ "\\u00g0", -EBADMSG, false },
		{ "\x80", -EBADMSG, false },
		{ "\xc1\xbf", -EBADMSG, false },
		{ "\xc3", -EBADMSG, false },
		{ "\xe0\x9f\xbf", -EBADMSG, false },
		{ "\xe2\x82", -EBADMSG, false },
		{ "\xed\xa0\x80", -EBADMSG, false },
		{ "\xf0\x8f\xbf\xbf", -EBADMSG, false },
		{ "\xf0\x90\x80", -EBADMSG, false },
		{ "\xf4\x90\x80\x80", -EBADMSG, false },
		{ "\xf5\x80\x80\x80", -EBADMSG, false },
		{ "\xff", -EBADMSG, false },
	};
	unsigned char bytes[512];
	struct found found;
	size_t i, before, behind, len, end;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (before = 0; before < 80; before++) {
			for (behind = 0; behind < 80; behind += 13) {
				memset(bytes, 'a', sizeof(bytes));
				len = strlen(rows[i].text);
				memcpy(bytes + before, rows[i].text, len);
				end = before + len + behind;
				bytes[end] = '"';
				CHECK_MSG(all_agree(bytes, end + 20, &found), "row %zu, %zu, %zu",
					  i, before, behind);
				CHECK_MSG(found.err == rows[i].err &&
						  found.simple == rows[i].simple,
					  "row %zu, %zu, %zu", i, before, behind);
				CHECK(found.at == (found.err ? before : end + 1));
				CHECK(all_agree(bytes, end + 1, &found) &&
				      found.err == rows[i].err);
				CHECK(all_agree(bytes, end, &found) && found.err == -EBADMSG);
			}
		}
	}
}

/* Mostly what is right, and what is wrong at times: much of it is walked through before that. */
static size_t random_string(unsigned char *to)
{
	static const char *const pieces[] = {
		"a",
		"word ",
		"\\n",
		"\\\"",
		"\\\\",
		"\\u00e9",
		"\xc3\xa9",
		"\xe4\xbd\xa0",
		"\xf0\x9f\x98\x80",
		"sixteen bytes ..",
		"\xef\xbb\xbf",
	};
	static const char wrong[] = "\x80\xc0\xe0\xed\xf0\xf4\xf8\xff\x1f\x01\\\"";
	const size_t count = (size_t)rand() % 60, spoilt = (size_t)rand() % 4;
	size_t len = 0, i;

	for (i = 0; i < count; i++) {
		const char *piece = pieces[(size_t)rand() % (sizeof(pieces) / sizeof(pieces[0]))];

		memcpy(to + len, piece, strlen(piece));
		len += strlen(piece);
	}
	to[len++] = '"';
	for (i = 0; spoilt == 0 && i < 2; i++)
		to[(size_t)rand() % len] =
			(unsigned char)wrong[(size_t)rand() % (sizeof(wrong) - 1)];
	return len - (spoilt == 1 ? (size_t)rand() % len : 0);
}

static void any_bytes_are_told_alike(void)
{
	unsigned long right = 0, wrong = 0, simple = 0;
	unsigned char bytes[1024];
	struct found found;
	size_t i, len;

	srand(1);
	for (i = 0; i < 60000; i++) {
		len = random_string(bytes);
		if (!all_agree(bytes, len, &found)) {
			CHECK_MSG(false, "string %zu", i);
			return;
		}
		right += !found.err;
		wrong += found.err != 0;
		simple += found.simple;
	}
	/* Of each there was enough to be compared. */
	CHECK(right > 20000 && wrong > 10000 && simple > 500);
}

static const struct tap_test tests[] = {
	TEST(a_piece_is_told_at_each_place),
	TEST(any_bytes_are_told_alike),
};

int main(int argc, char **argv)
{
	return tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
