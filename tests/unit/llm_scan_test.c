// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON bodies looked over: what is JSON, beside jansson; which members are found; bodies that are changed. */
#include "tests/tap.h"

#include <jansson.h>
#include <stdbool.h>

#include "base/limits.h"
#include "llm/scan.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Who is told of all, or of nothing that is within something else. */
struct told {
	bool all;
	int open;
	unsigned int most, within; /* values, and those of them that are within */
};

static void name_told(struct call_string name, bool simple, void *cookie)
{
	struct told *t = cookie;

	CHECK(t->open > 0);
}

static bool value_told(const struct scan_value *value, void *cookie)
{
	struct told *t = cookie;

	t->most++;
	t->within += t->open > 0;
	t->open += value->kind == SCAN_OBJECT || value->kind == SCAN_ARRAY;
	return t->all;
}

static void close_told(void *cookie)
{
	struct told *t = cookie;

	CHECK(t->open > 0);
	t->open--;
}

/* Whoever else is told, the same is found. */
static void scan_watched(const char *bytes, size_t len, const char *const *paths, size_t count,
			 bool all, const struct scan_value *values, int err, size_t at)
{
	struct told told = { .all = all };
	const struct scan_watch watch = { name_told, value_told, close_told, &told };
	const struct scan_asked asked = { paths, count, &watch };
	struct scan_value again[SCAN_PATHS];
	size_t where, i;

	CHECK_INT(scan_json_watch(bytes, len, &asked, again, &where), err);
	if (err == -EINVAL)
		return;
	CHECK_MSG(where == at, "at %zu, and watched at %zu of %.*s", at, where, (int)len, bytes);
	CHECK(err || !told.open);
	CHECK(all || count || !told.within);
	for (i = 0; !err && i < count; i++)
		CHECK(again[i].kind == values[i].kind &&
		      (!again[i].kind ||
		       (again[i].at == values[i].at && again[i].len == values[i].len)));
}

/* In a block of its own size: what is read behind it is seen. */
static int scan(const char *bytes, size_t len, const char *const *paths, size_t count,
		struct scan_value *ret_values)
{
	char *copy = malloc(len ? len : 1);
	size_t at, i;
	int err;

	for (i = 0; i < count; i++)
		ret_values[i] = (struct scan_value){ .kind = SCAN_NONE };
	if (!copy)
		return -ENOMEM;
	memcpy(copy, bytes, len);
	err = scan_json(copy, len, paths, count, ret_values, &at);
	CHECK(at <= len && (err || at == len));
	scan_watched(copy, len, paths, count, true, ret_values, err, at);
	scan_watched(copy, len, paths, count, false, ret_values, err, at);
	for (i = 0; !err && i < count; i++)
		if (ret_values[i].kind)
			ret_values[i].at = bytes + (ret_values[i].at - copy);
	free(copy);
	return err;
}

static bool value_is(const struct scan_value *v, enum scan_kind kind, const char *text)
{
	return v->kind == kind && v->len == strlen(text) &&
	       (!v->len || !memcmp(v->at, text, v->len));
}

static void json_is_taken(void)
{
	static const struct {
		const char *text;
		enum scan_kind kind;
	} rows[] = {
		{ "{}", SCAN_OBJECT },
		{ "[]", SCAN_ARRAY },
		{ "{\"a\":{\"b\":[1,{},[],\"\"]},\"a\":2}", SCAN_OBJECT },
		{ "[ 1 , 2\t,\r\n3 ]", SCAN_ARRAY },
		{ "0", SCAN_NUMBER },
		{ "-0", SCAN_NUMBER },
		{ "-12.50e+09", SCAN_NUMBER },
		{ "1E5", SCAN_NUMBER },
		{ "true", SCAN_TRUE },
		{ "false", SCAN_FALSE },
		{ "null", SCAN_NULL },
		{ "\"\"", SCAN_STRING },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\uabCD\"", SCAN_STRING },
		{ "\"\\ud800\"", SCAN_STRING },
		{ "\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80"
		  "\xf4\x8f\xbf\xbf\"",
		  SCAN_STRING },
		{ "{\"\":{\"\":0}}", SCAN_OBJECT },
	};
	static const char *const whole[] = { "" };
	struct scan_value value;
	char spaced[256];
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		CHECK_MSG(!scan(rows[i].text, strlen(rows[i].text), whole, 1, &value), "%s",
			  rows[i].text);
		CHECK_MSG(value_is(&value, rows[i].kind, rows[i].text), "%s", rows[i].text);
		sprintf(spaced, " \n%s\t\r", rows[i].text);
		CHECK_MSG(!scan(spaced, strlen(spaced), whole, 1, &value), "%s", rows[i].text);
		CHECK_MSG(value_is(&value, rows[i].kind, rows[i].text), "%s", rows[i].text);
	}
}

static void what_is_no_json_is_refused(void)
{
	static const char *const rows[] = {
		"",
		" ",
		"{",
		"}",
		"[",
		"]",
		"{]",
		"[}",
		"[1,]",
		"[,1]",
		"[1 2]",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{,\"a\":1}",
		"{a:1}",
		"{1:1}",
		"{\"a\" 1}",
		"{\"a\":1 \"b\":2}",
		"{'a':1}",
		"[1]]",
		"1 2",
		"{}{}",
		"//\n1",
		"tru",
		"True",
		"nul",
		"truex",
		"nan",
		"Infinity",
		"-",
		"+1",
		"01",
		"-01",
		".5",
		"1.",
		"1.e5",
		"1e",
		"1e+",
		"0x10",
		"1a",
		"\"",
		"\"a",
		"\"\\",
		"\"\\\"",
		"\"\\x\"",
		"\"\\u\"",
		"\"\\u12\"",
		"\"\\u123g\"",
		"\"\\u123",
		"\"\n\"",
		"\"\t\"",
		"\"\x1f\"",
		"\"\x80\"",
		"\"\xc0\x80\"",
		"\"\xc1\xbf\"",
		"\"\xc2\"",
		"\"\xc2",
		"\"\xe0\x9f\xbf\"",
		"\"\xed\xa0\x80\"",
		"\"\xe2\x82\"",
		"\"\xf0\x8f\xbf\xbf\"",
		"\"\xf4\x90\x80\x80\"",
		"\"\xf5\x80\x80\x80\"",
		"\"\xf0\x90\x80\"",
		"\"\xff\"",
		"\xef\xbb\xbf{}",
		"[\"a\\\"]",
		"\f1",
		"[1\xa0]",
		"{\"a\":1}x",
		"[\"\"\"\"]",
		"{\"a\"::1}",
		"{\"a\":[}",
	};
	struct scan_value value;
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		CHECK_MSG(scan(rows[i], strlen(rows[i]), NULL, 0, &value) == -EBADMSG, "%s",
			  rows[i]);
	CHECK_INT(scan("1\0", 2, NULL, 0, &value), -EBADMSG);
	CHECK_INT(scan("\"\0\"", 3, NULL, 0, &value), -EBADMSG);
}

/* A bad byte is found wherever it stands to the blocks that are looked at together. */
static void each_byte_of_a_long_string_is_looked_at(void)
{
	static const struct {
		const char *part;
		int err;
	} rows[] = {
		{ "\"", -EBADMSG },
		{ "\\", -EBADMSG },
		{ "\x1f", -EBADMSG },
		{ "\x80", -EBADMSG },
		{ "\xff", -EBADMSG },
		{ "\xc3\xa9", 0 },
		{ "\\\"", 0 },
		{ "\\u00e9", 0 },
		{ "\xe2\x82\xac", 0 },
		{ "\xf0\x9f\x98\x80", 0 },
		{ "\xe2\x82", -EBADMSG },
		{ "\x7f", 0 },
	};
	char text[128];
	struct scan_value value;
	static const char *const whole[] = { "" };
	size_t i, at, len, part;

	for (i = 0; i < COUNT(rows); i++) {
		part = strlen(rows[i].part);
		for (len = part; len < 70; len++) {
			for (at = 0; at + part <= len; at++) {
				memset(text, 'x', sizeof(text));
				text[0] = text[len + 1] = '"';
				memcpy(text + 1 + at, rows[i].part, part);
				/* "\x" is an escape that is none, and `"` at the end is one more. */
				CHECK_MSG(scan(text, len + 2, whole, 1, &value) == rows[i].err,
					  "%s at %zu of %zu", rows[i].part, at, len);
				CHECK(rows[i].err || value.len == len + 2);
			}
		}
	}
}

static void depth_is_bounded(void)
{
	static const char *const whole[] = { "" };
	static char text[8 * LIMIT_JSON_DEPTH];
	struct scan_value value;
	size_t over, depth;

	for (over = 0; over < 2; over++) {
		depth = LIMIT_JSON_DEPTH + over;
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		CHECK_INT(scan(text, 2 * depth, NULL, 0, &value), over ? -EBADMSG : 0);
		/* Some of them within what is looked into. */
		CHECK_INT(scan(text, 2 * depth, whole, 1, &value), over ? -EBADMSG : 0);
	}
}

static void members_are_found_where_they_are(void)
{
	static const char *const paths[] = {
		"model",
		"stream",
		"max_tokens",
		"stream_options",
		"stream_options.include_usage",
		"usage.prompt_tokens",
		"response.usage.input_tokens",
		"a.b.c.d",
		"a.b"
	};
	static const char text[] =
		"{ \"messages\" :[{\"model\":\"no\",\"stream\":{\"model\":1}}],\"x\":{\"model\":2},"
		"\"mod\\u0065l\" : \"m\\n\" ,\"stream\":true,\"max_tokens\":-1.5e3,"
		"\"stream_options\":{\"model\":3,\"include_usage\":false, \"a\":{\"include_usage\":1} },"
		"\"usage\":[{\"prompt_tokens\":1}],\"response\":{\"usage\":{\"input_tokens\":12}},"
		"\"a\":{\"c\":{\"d\":1},\"b\":{\"d\":2,\"c\":{\"d\":[ {} ],\"e\":{\"d\":3}},\"d\":4}},"
		"\"a.b\":5,\"input_tokens\":6}";
	struct scan_value v[COUNT(paths)];

	CHECK_INT(scan(text, strlen(text), paths, COUNT(paths), v), 0);
	CHECK(value_is(&v[0], SCAN_STRING, "\"m\\n\""));
	CHECK(value_is(&v[1], SCAN_TRUE, "true"));
	CHECK(value_is(&v[2], SCAN_NUMBER, "-1.5e3"));
	CHECK(value_is(&v[3], SCAN_OBJECT,
		       "{\"model\":3,\"include_usage\":false, \"a\":{\"include_usage\":1} }"));
	CHECK(value_is(&v[4], SCAN_FALSE, "false"));
	CHECK(v[5].kind == SCAN_NONE);
	CHECK(value_is(&v[6], SCAN_NUMBER, "12"));
	CHECK(value_is(&v[7], SCAN_ARRAY, "[ {} ]"));
	CHECK(value_is(&v[8], SCAN_OBJECT,
		       "{\"d\":2,\"c\":{\"d\":[ {} ],\"e\":{\"d\":3}},\"d\":4}"));
	/* In what is no object there are no members. */
	CHECK_INT(scan("[{\"model\":1}]", 13, paths, COUNT(paths), v), 0);
	CHECK(v[0].kind == SCAN_NONE);
	CHECK_INT(scan("{\"usage\":null}", 14, paths, COUNT(paths), v), 0);
	CHECK(v[5].kind == SCAN_NONE);
}

static void a_name_that_is_there_twice_is_refused(void)
{
	static const char *const paths[] = { "model", "usage.task", "usage" };
	static const struct {
		const char *text;
		int err;
	} rows[] = {
		{ "{\"model\":1,\"model\":1}", -EEXIST },
		{ "{\"model\":{\"model\":1}}", 0 },
		{ "{\"model\":1,\"mod\\u0065l\":1}", -EEXIST },
		{ "{\"m\\u006fdel\":1,\"mod\\u0065l\":1}", -EEXIST },
		{ "{\"Model\":1}", -EEXIST },
		{ "{\"model\":1,\"MODEL\":1}", -EEXIST },
		{ "{\"mode\\u004c\":1}", -EEXIST },
		{ "{\"model \":1,\"mode\":1,\"models\":1,\"xmodel\":1,\"model\\u0000\":1}", 0 },
		{ "{\"usage\":{\"task\":1,\"task\":2}}", -EEXIST },
		{ "{\"usage\":{},\"usage\":{\"task\":2}}", -EEXIST },
		{ "{\"usage\":null,\"usage\":{\"task\":2}}", -EEXIST },
		{ "{\"u\xc5\xbf"
		  "age\":1}",
		  -EEXIST },
		{ "{\"u\\u017fage\":1}", -EEXIST },
		{ "{\"usage\":{\"tas\xe2\x84\xaa\":1}}", -EEXIST },
		{ "{\"usage\":{\"tas\\u212a\":1}}", -EEXIST },
		{ "{\"usage\":{\"task\xc5\xbf\":1,\"tas\xc3\xab\":1,\"\xf0\x9f\x98\x80\":1}}", 0 },
		{ "{\"x\":1,\"x\":2,\"usage\":{\"x\":1,\"x\":2}}", 0 },
		{ "[{\"model\":1,\"model\":1}]", 0 },
		{ "{\"x\":{\"model\":1,\"model\":1}}", 0 },
	};
	struct scan_value v[COUNT(paths)];
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		CHECK_MSG(scan(rows[i].text, strlen(rows[i].text), paths, COUNT(paths), v) ==
				  rows[i].err,
			  "%s", rows[i].text);
}

static void tables_are_bounded(void)
{
	static const char *const deep[] = { "a.b.c.d.e" };
	const char *many[SCAN_PATHS + 1];
	struct scan_value v[SCAN_PATHS + 1];
	size_t i;

	for (i = 0; i < COUNT(many); i++)
		many[i] = "a";
	CHECK_INT(scan("{}", 2, deep, 1, v), -EINVAL);
	CHECK_INT(scan("{\"a\":7}", 7, many, SCAN_PATHS + 1, v), -EINVAL);
	CHECK_INT(scan("{\"a\":7}", 7, many, SCAN_PATHS, v), 0);
	CHECK(value_is(&v[0], SCAN_NUMBER, "7") && value_is(&v[SCAN_PATHS - 1], SCAN_NUMBER, "7"));
}

static void numbers_and_strings_say_what_they_say(void)
{
	static const struct {
		const char *text;
		int err;
		uint64_t number;
	} numbers[] = {
		{ "0", 0, 0 },
		{ "4096", 0, 4096 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "99999999999999999999999", -ERANGE, 0 },
		{ "-1", -EBADMSG, 0 },
		{ "1.0", -EBADMSG, 0 },
		{ "1e3", -EBADMSG, 0 },
		{ "\"1\"", -EBADMSG, 0 },
	};
	static const struct {
		const char *text, *said;
	} strings[] = {
		{ "\"\"", "" },
		{ "\"abc\"", "abc" },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
		{ "\"x\\u0041\\u00e9y\\u20ac\"", "xA\xc3\xa9y\xe2\x82\xac" },
		{ "\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!" },
		{ "\"\\ud83d\"", "\xef\xbf\xbd" },
		{ "\"\\ude00\\ud83d\"", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\"\\ud83d\\u0041\"", "\xef\xbf\xbd"
					"A" },
		{ "\"\\ud83d\\n\"", "\xef\xbf\xbd\n" },
		{ "\"\\ud83d\\ud83d\\ude00\"", "\xef\xbf\xbd\xf0\x9f\x98\x80" },
		{ "\"\\udbff\\udfff\\ud800\\udc00\"", "\xf4\x8f\xbf\xbf\xf0\x90\x80\x80" },
	};
	static const char *const whole[] = { "" };
	struct scan_value v;
	uint64_t number;
	size_t i, len, size;
	char out[64];

	for (i = 0; i < COUNT(numbers); i++) {
		REQUIRE(!scan(numbers[i].text, strlen(numbers[i].text), whole, 1, &v));
		number = 0;
		CHECK_MSG(scan_uint(&v, &number) == numbers[i].err, "%s", numbers[i].text);
		CHECK_MSG(number == numbers[i].number, "%s", numbers[i].text);
		CHECK_INT(scan_string(&v, out, sizeof(out), &len),
			  v.kind == SCAN_STRING ? 0 : -EBADMSG);
	}
	for (i = 0; i < COUNT(strings); i++) {
		REQUIRE(!scan(strings[i].text, strlen(strings[i].text), whole, 1, &v));
		for (size = 0; size <= strlen(strings[i].said); size++)
			CHECK_INT(scan_string(&v, out, size, &len), -E2BIG);
		CHECK_INT(scan_string(&v, out, size, &len), 0);
		CHECK_INT(len, strlen(strings[i].said));
		CHECK_STR(out, strings[i].said);
	}
}

static size_t join(const struct iovec *pieces, size_t count, char *out)
{
	size_t i, len = 0;

	for (i = 0; i < count; i++) {
		CHECK(pieces[i].iov_len);
		memcpy(out + len, pieces[i].iov_base, pieces[i].iov_len);
		len += pieces[i].iov_len;
	}
	out[len] = '\0';
	return len;
}

static void usage_is_asked_for_whatever_is_there(void)
{
	static const char *const paths[] = { "", "stream_options", "stream_options.include_usage" };
	static const struct {
		const char *before, *after; /* NULL: nothing to do */
	} rows[] = {
		{ "{}", "{\"stream_options\":{\"include_usage\":true}}" },
		{ " { } ", " {\"stream_options\":{\"include_usage\":true} } " },
		{ "{\"a\":1}", "{\"stream_options\":{\"include_usage\":true},\"a\":1}" },
		{ "{ \n\"a\":1}", "{\"stream_options\":{\"include_usage\":true}, \n\"a\":1}" },
		{ "{\"stream_options\":null,\"a\":1}",
		  "{\"stream_options\":{\"include_usage\":true},\"a\":1}" },
		{ "{\"stream_options\":{}}", "{\"stream_options\":{\"include_usage\":true}}" },
		{ "{\"stream_options\":{\"x\":1}}",
		  "{\"stream_options\":{\"include_usage\":true,\"x\":1}}" },
		{ "{\"stream_options\":{\"x\":1,\"include_usage\":false}}",
		  "{\"stream_options\":{\"x\":1,\"include_usage\":true}}" },
		{ "{\"stream_options\":{\"include_usage\":null}}",
		  "{\"stream_options\":{\"include_usage\":true}}" },
		{ "{\"stream_options\":{\"include_usage\":true}}", NULL },
		{ "[]", NULL },
	};
	struct iovec pieces[SCAN_PIECES(1)];
	struct scan_value v[COUNT(paths)];
	struct scan_edit edit;
	size_t i, count, len;
	char out[256];

	for (i = 0; i < COUNT(rows); i++) {
		REQUIRE(!scan(rows[i].before, strlen(rows[i].before), paths, COUNT(paths), v));
		CHECK_MSG(scan_ask_usage(&v[0], &v[1], &v[2], &edit) == (rows[i].after != NULL),
			  "%s", rows[i].before);
		if (!rows[i].after)
			continue;
		CHECK_INT(scan_splice(rows[i].before, strlen(rows[i].before), &edit, 1, pieces,
				      &count, &len),
			  0);
		CHECK(count <= COUNT(pieces));
		CHECK_INT(join(pieces, count, out), len);
		CHECK_STR(out, rows[i].after);
		REQUIRE(!scan(out, len, paths, COUNT(paths), v));
		CHECK(v[2].kind == SCAN_TRUE);
	}
}

static void edits_go_together(void)
{
	static const char *const paths[] = { "", "model", "n" };
	static const char text[] = "{\"model\":\"x\",\"n\":12}", empty[] = "{}";
	struct iovec pieces[SCAN_PIECES(SCAN_EDITS)];
	struct scan_value v[COUNT(paths)];
	struct scan_edit edits[SCAN_EDITS + 1];
	size_t count, len, i;
	char out[256];

	REQUIRE(!scan(text, strlen(text), paths, COUNT(paths), v));
	edits[0] = scan_replace(&v[2], CALL_STRING("3"));
	edits[1] = scan_add(&v[0], CALL_STRING("\"a\":1"));
	edits[2] = scan_replace(&v[1], CALL_STRING("\"y\""));
	edits[3] = scan_add(&v[0], CALL_STRING("\"b\":2"));
	CHECK_INT(scan_splice(text, strlen(text), edits, 4, pieces, &count, &len), 0);
	CHECK_INT(join(pieces, count, out), len);
	CHECK_STR(out, "{\"a\":1,\"b\":2,\"model\":\"y\",\"n\":3}");
	CHECK_INT(scan_splice(text, strlen(text), NULL, 0, pieces, &count, &len), 0);
	CHECK(count == 1 && pieces[0].iov_base == text && len == strlen(text));
	/* The same bytes twice, another body's, and too many. */
	edits[1] = scan_replace(&v[0], CALL_STRING("{}"));
	CHECK_INT(scan_splice(text, strlen(text), edits, 3, pieces, &count, &len), -EINVAL);
	CHECK_INT(scan_splice(text, strlen(text) - 3, edits, 1, pieces, &count, &len), -EINVAL);
	CHECK_INT(scan_splice(text + 18, strlen(text) - 18, edits, 1, pieces, &count, &len),
		  -EINVAL);
	for (i = 0; i <= SCAN_EDITS; i++)
		edits[i] = scan_add(&v[0], CALL_STRING("\"c\":1"));
	CHECK_INT(scan_splice(text, strlen(text), edits, SCAN_EDITS, pieces, &count, &len), 0);
	CHECK_INT(scan_splice(text, strlen(text), edits, SCAN_EDITS + 1, pieces, &count, &len),
		  -EINVAL);
	/* Into nothing. */
	REQUIRE(!scan(empty, 2, paths, COUNT(paths), v));
	edits[0] = scan_add(&v[0], CALL_STRING("\"a\":1"));
	edits[1] = scan_add(&v[0], CALL_STRING("\"b\":2"));
	CHECK_INT(scan_splice(empty, 2, edits, 2, pieces, &count, &len), 0);
	CHECK_INT(join(pieces, count, out), len);
	CHECK_STR(out, "{\"a\":1,\"b\":2}");
}

/* The same numbers each time. */
static uint32_t chance(uint32_t below)
{
	static uint64_t state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % below;
}

static size_t mutate(char *text, size_t len, size_t size)
{
	static const char bytes[] = "{}[]\",:\\u0123e.-+tfn dD8bc\x80\xc3\xa9\xe2\x82\xf0\x1f/";
	size_t at = len ? chance((uint32_t)len) : 0, part;

	switch (chance(4)) {
	case 0:
		if (len)
			text[at] = bytes[chance(sizeof(bytes))];
		return len;
	case 1:
		if (len == size)
			return len;
		memmove(text + at + 1, text + at, len - at);
		text[at] = bytes[chance(sizeof(bytes))];
		return len + 1;
	case 2:
		part = len - at < 6 ? len - at : chance(6);
		memmove(text + at, text + at + part, len - at - part);
		return len - part;
	default:
		part = len - at < 12 ? len - at : 12;
		if (len + part > size)
			return len;
		memmove(text + at + part, text + at, len - at);
		return len + part;
	}
}

/* What jansson refuses and RFC 8259 has: it can hold only some values. */
static bool jansson_is_narrower(const char *why)
{
	static const char *const reasons[] = {
		"invalid Unicode '\\u",	    "real number overflow",   "too big integer",
		"too big negative integer", "NUL byte in object key",
	};
	size_t i;

	for (i = 0; i < COUNT(reasons); i++)
		if (strstr(why, reasons[i]))
			return true;
	return false;
}

static void it_agrees_with_jansson(void)
{
	static const char *const seeds[] = {
		"{\"model\":\"m\\n\\u00e9\\ud83d\\ude00\",\"stream\":true,\"n\":[1,-2.5e3,0,null,false]}",
		"[{\"a\":{\"b\":[[],{},\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80 and more text\"]}},12e-4, 7 ]",
		"{\"text\":\"a long string without anything in it, and then \\\"quotes\\\"\",\"x\":{}}",
		"\"\\\\\\/\\b\\f\\r\\t\"",
	};
	static const char *const paths[] = { "", "model" };
	size_t i, rounds, len, both = 0, neither = 0, narrower = 0;
	struct scan_value v[COUNT(paths)];
	json_error_t error;
	json_t *json, *model;
	char text[256], said[256];
	int err;

	for (i = 0; i < 200000; i++) {
		const char *seed = seeds[i % COUNT(seeds)];

		len = strlen(seed);
		memcpy(text, seed, len);
		for (rounds = chance(4); rounds; rounds--)
			len = mutate(text, len, sizeof(text));
		err = scan(text, len, paths, COUNT(paths), v);
		json = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
		if (err == -EEXIST) {
			json_decref(json);
			continue;
		}
		/* It reads over a NUL between values. */
		if (json && err)
			CHECK_MSG(memchr(text, '\0', len), "jansson takes %.*s", (int)len, text);
		else if (!json && !err)
			CHECK_MSG(jansson_is_narrower(error.text), "%s: %.*s", error.text, (int)len,
				  text);
		both += json && !err;
		neither += !json && err;
		narrower += !json && !err;
		model = json_object_get(json, "model");
		if (json && !err && json_is_string(model)) {
			CHECK(!scan_string(&v[1], said, sizeof(said), &len));
			CHECK(len == json_string_length(model) &&
			      !memcmp(said, json_string_value(model), len));
		} else if (json && !err) {
			CHECK((v[1].kind == SCAN_NONE) == !model);
		}
		json_decref(json);
	}
	printf("# taken by both %zu, by neither %zu, by us alone %zu\n", both, neither, narrower);
	CHECK(both > 10000 && neither > 10000 && narrower > 100);
}

static const struct tap_test tests[] = {
	TEST(json_is_taken),
	TEST(what_is_no_json_is_refused),
	TEST(each_byte_of_a_long_string_is_looked_at),
	TEST(depth_is_bounded),
	TEST(members_are_found_where_they_are),
	TEST(a_name_that_is_there_twice_is_refused),
	TEST(tables_are_bounded),
	TEST(numbers_and_strings_say_what_they_say),
	TEST(usage_is_asked_for_whatever_is_there),
	TEST(edits_go_together),
	TEST(it_agrees_with_jansson),
};

TAP_MAIN(tests)
