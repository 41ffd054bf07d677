// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON token by token: what RFC 8259 has and nothing else, and no bytes do harm. */
#include "base/json.h"
#include "tests/tap.h"

struct source {
	const char *at, *end;
};

static int byte_of(void *cookie)
{
	struct source *s = cookie;

	return s->at == s->end ? -1 : (unsigned char)*s->at++;
}

/* The tokens, one letter each, with texts behind those that have one; what went wrong at the end. */
static const char *tokens_of(const char *bytes, size_t len)
{
	static const char letters[] = ".{}[]ksntfz";
	static char out[65536];
	struct source source = { bytes, bytes + len };
	struct json j;
	size_t at = 0;
	int rc;

	json_init(&j, byte_of, &source);
	do {
		rc = json_next(&j);
		if (rc < 0)
			at += (size_t)snprintf(out + at, sizeof(out) - at, "!%d", -rc);
		else
			out[at++] = letters[rc];
		if (rc == JSON_KEY || rc == JSON_STRING || rc == JSON_NUMBER)
			at += (size_t)snprintf(out + at, sizeof(out) - at, "(%s)", j.text);
		out[at] = '\0';
	} while (rc > 0 && at < sizeof(out) / 2);
	return out;
}

static const char *tokens(const char *text)
{
	return tokens_of(text, strlen(text));
}

static void values_are_read(void)
{
	CHECK_STR(tokens(""), ".");
	CHECK_STR(tokens("{}"), "{}.");
	CHECK_STR(tokens(" [ ] \n"), "[].");
	CHECK_STR(tokens("{\"a\":1,\"b\":[true,false,null,{\"c\":\"d\"}]}"),
		  "{k(a)n(1)k(b)[tfz{k(c)s(d)}]}.");
	CHECK_STR(tokens("[0,-1,10,1.5,-0.25e+10,1E9]"),
		  "[n(0)n(-1)n(10)n(1.5)n(-0.25e+10)n(1E9)].");
	CHECK_STR(tokens("{\"a\":{}}{\"a\":[]} 1 \"x\""), "{k(a){}}{k(a)[]}n(1)s(x).");
}

static void texts_are_read(void)
{
	CHECK_STR(tokens("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), "s(\"\\/\b\f\n\r\t).");
	CHECK_STR(tokens("\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\""),
		  "s(A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80).");
	/* Halves of characters. */
	CHECK_STR(tokens("\"\\ud83dx\""), "s(\xef\xbf\xbdx).");
	CHECK_STR(tokens("\"\\ude00\""), "s(\xef\xbf\xbd).");
	CHECK_STR(tokens("\"\\ud83d\\n\""), "s(\xef\xbf\xbd\n).");
	CHECK_STR(tokens("\"\\ud83d\\u0041\""), "s(\xef\xbf\xbd"
						"A).");
	CHECK_STR(tokens("\"\\ud83d\\ud83d\\ude00\""), "s(\xef\xbf\xbd\xf0\x9f\x98\x80).");
	CHECK_STR(tokens("\"\\ud83d\""), "s(\xef\xbf\xbd).");
}

static void what_is_no_json_is_refused(void)
{
	static const char *const texts[] = {
		"}",	       "]",	    ",",
		"[1,]",	       "[,1]",	    "[1 2]",
		"{\"a\"}",     "{\"a\":}",  "{\"a\":1,}",
		"{1:2}",       "{,}",	    "{\"a\":1 \"b\":2}",
		"[1}",	       "{\"a\":1]", "01",
		"-",	       "+1",	    ".5",
		"1.x",	       "1ex",	    "tru3",
		"nul ",	       "'a'",	    "\"\\x\"",
		"\"\\u12g4\"", "\"a\nb\"",  "== @74.7 CPU: 1",
	};
	const char *got;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		got = tokens(texts[i]);
		CHECK_MSG(strstr(got, "!74") ||
				  (strcmp(texts[i], "-") == 0 && strstr(got, "!61")) ||
				  (strcmp(texts[i], "01") == 0 && strcmp(got, "n(0)n(1).") == 0),
			  "%s gives %s", texts[i], got);
	}
	CHECK(strstr(tokens_of("\"\\\0\"", 4), "!74") != NULL);
}

static void what_is_cut_is_told_so(void)
{
	static const char whole[] = "{\"a\":[\"\\u0041\",-1.5e5,true],\"b\":null}";
	size_t len;

	for (len = 1; len < sizeof(whole) - 1; len++)
		CHECK_MSG(strstr(tokens_of(whole, len), "!61"), "the first %zu bytes", len);
	CHECK_STR(tokens(whole), "{k(a)[s(A)n(-1.5e5)t]k(b)z}.");
}

static void it_is_bounded(void)
{
	static char text[JSON_TEXT + 16];
	size_t i;

	memset(text, '[', JSON_DEPTH);
	CHECK(strstr(tokens_of(text, JSON_DEPTH), "!61") != NULL);
	text[JSON_DEPTH] = '[';
	CHECK(strstr(tokens_of(text, JSON_DEPTH + 1), "!7") != NULL);
	memset(text, 'x', sizeof(text));
	text[0] = text[JSON_TEXT + 1] = '"';
	CHECK(strstr(tokens_of(text, JSON_TEXT + 2), "!") == NULL);
	text[JSON_TEXT + 1] = 'x';
	text[JSON_TEXT + 2] = '"';
	CHECK(strstr(tokens_of(text, JSON_TEXT + 3), "!7") != NULL);
	for (i = 0; i < sizeof(text); i++)
		text[i] = '1';
	CHECK(strstr(tokens_of(text, sizeof(text)), "!7") != NULL);
}

static void a_value_is_skipped_whole(void)
{
	static const char text[] = "{\"a\":[1,{\"b\":[]}],\"c\":2}[[],1]";
	struct source source = { text, text + sizeof(text) - 1 };
	struct json j;

	json_init(&j, byte_of, &source);
	CHECK_INT(json_next(&j), JSON_OBJECT);
	CHECK_INT(json_next(&j), JSON_KEY);
	CHECK_INT(json_skip(&j, JSON_KEY), 0);
	CHECK_INT(json_next(&j), JSON_KEY);
	CHECK_STR(j.text, "c");
	CHECK_INT(json_skip(&j, JSON_KEY), 0);
	CHECK_INT(json_next(&j), JSON_OBJECT_END);
	CHECK_INT(json_next(&j), JSON_ARRAY);
	CHECK_INT(json_skip(&j, JSON_ARRAY), 0);
	CHECK_INT(json_next(&j), JSON_END);
}

static void numbers_are_taken_exactly(void)
{
	static const struct {
		const char *text;
		int rc;
		uint64_t number;
	} rows[] = {
		{ "0", 0, 0 },		 { "18446744073709551615", 0, UINT64_MAX },
		{ "\"12\"", 0, 12 },	 { "18446744073709551616", -EBADMSG, 0 },
		{ "-1", -EBADMSG, 0 },	 { "1.0", -EBADMSG, 0 },
		{ "\"\"", -EBADMSG, 0 }, { "\"1\\u0000\"", -EBADMSG, 0 },
	};
	struct source source;
	uint64_t number;
	struct json j;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		source = (struct source){ rows[i].text, rows[i].text + strlen(rows[i].text) };
		json_init(&j, byte_of, &source);
		CHECK(json_next(&j) > 0);
		number = 0;
		CHECK_INT(json_uint(&j, &number), rows[i].rc);
		CHECK(number == rows[i].number);
	}
}

/* Of bytes that JSON is made of, so that much of it is one. */
static void no_bytes_do_harm(void)
{
	static const char letters[] = "{}[]\":,\\u0dabntfrue-.eE1 \x01\xff";
	char text[40];
	unsigned int round;
	size_t i, len;

	srand(1);
	for (round = 0; round < 200000; round++) {
		len = (size_t)rand() % sizeof(text);
		for (i = 0; i < len; i++)
			text[i] = letters[(size_t)rand() % (sizeof(letters) - 1)];
		tokens_of(text, len);
	}
}

static const struct tap_test tests[] = {
	TEST(values_are_read),		 TEST(texts_are_read),	 TEST(what_is_no_json_is_refused),
	TEST(what_is_cut_is_told_so),	 TEST(it_is_bounded),	 TEST(a_value_is_skipped_whole),
	TEST(numbers_are_taken_exactly), TEST(no_bytes_do_harm),
};
TAP_MAIN(tests)
