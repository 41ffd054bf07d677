// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a model call's body: no JSON, or JSON that is JSON still when its members were changed. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "llm/quoted.h"
#include "llm/scan.h"
#include "tests/fuzz/fuzz.h"

static const char *const paths[] = {
	"",	  "model", "stream_options", "stream_options.include_usage", "usage.input_tokens",
	"a.b.c.d"
};
#define PATHS (sizeof(paths) / sizeof(paths[0]))

struct source {
	const char *at, *end;
};

static int source_byte(void *cookie)
{
	struct source *s = cookie;

	return s->at < s->end ? (unsigned char)*s->at++ : -1;
}

/* The other reader's word: it takes several values, and bytes that are no UTF-8. */
static bool others_take_it(const char *bytes, size_t len)
{
	struct source source = { bytes, bytes + len };
	static struct json j;
	int token, err;

	json_init(&j, source_byte, &source);
	token = json_next(&j);
	if (token <= 0)
		return token == -E2BIG;
	err = json_skip(&j, (enum json_token)token);
	return err == -E2BIG || (err == 0 && json_next(&j) == JSON_END);
}

static void values_are_json(const struct scan_value *values)
{
	struct scan_value whole;
	static const char *const root[] = { "" };
	char out[64];
	uint64_t number;
	size_t i, at, len;
	int err;

	for (i = 0; i < PATHS; i++) {
		if (values[i].kind == SCAN_NONE)
			continue;
		HOLDS(scan_json(values[i].at, values[i].len, root, 1, &whole, &at) == 0);
		HOLDS(whole.kind == values[i].kind && whole.at == values[i].at);
		HOLDS(whole.len == values[i].len);
		err = scan_string(&values[i], out, sizeof(out), &len);
		HOLDS(err || (len < values[i].len && out[len] == '\0'));
		HOLDS(err != -E2BIG || values[i].len > sizeof(out));
		HOLDS(err != -EBADMSG || values[i].kind != SCAN_STRING);
		scan_uint(&values[i], &number);
	}
}

/* With another model and usage asked for. */
static void changed_is_json(const char *bytes, size_t size, const struct scan_value *values)
{
	struct iovec pieces[SCAN_PIECES(2)];
	struct scan_value after[PATHS];
	struct scan_edit edits[2];
	size_t count = 0, written, len, at = 0, i;
	bool asked;
	char *body;

	if (values[0].kind != SCAN_OBJECT)
		return;
	edits[count++] = values[1].kind ? scan_replace(&values[1], CALL_STRING("\"other\"")) :
					  scan_add(&values[0], CALL_STRING("\"model\":\"other\""));
	asked = scan_ask_usage(&values[0], &values[2], &values[3], &edits[1]);
	count += asked;
	HOLDS(asked || values[3].kind == SCAN_TRUE);
	HOLDS(scan_splice(bytes, size, edits, count, pieces, &written, &len) == 0);
	HOLDS(written <= SCAN_PIECES(count));
	body = malloc(len);
	HOLDS(body);
	for (i = 0; i < written; i++) {
		memcpy(body + at, pieces[i].iov_base, pieces[i].iov_len);
		at += pieces[i].iov_len;
	}
	HOLDS(at == len);
	HOLDS(scan_json(body, len, paths, PATHS, after, &at) == 0);
	HOLDS(after[1].len == 7 && memcmp(after[1].at, "\"other\"", 7) == 0);
	HOLDS(after[3].kind == SCAN_TRUE);
	HOLDS(after[4].kind == values[4].kind && after[4].len == values[4].len);
	free(body);
}

/* Bytes as a string's, behind its first quote: as each byte by itself has it. */
static void string_ends_where_it_ends(const uint8_t *data, size_t size)
{
	const unsigned char *fast = data, *plain = data;
	bool fast_simple = false, plain_simple = false;
	int err = quoted_skip_plain(&plain, data + size, &plain_simple);

	HOLDS(quoted_skip(&fast, data + size, &fast_simple) == err && fast == plain);
	HOLDS(err || fast_simple == plain_simple);
}

static void name_told(struct call_string name, bool simple, void *cookie)
{
}

static bool value_told(const struct scan_value *value, void *cookie)
{
	*(int *)cookie += value->kind == SCAN_OBJECT || value->kind == SCAN_ARRAY;
	return true;
}

static void close_told(void *cookie)
{
	HOLDS(--*(int *)cookie >= 0);
}

/* Looked into or passed over, it is the same. */
static void all_of_it_is_the_same(const char *bytes, size_t size, int err, size_t at)
{
	int open = 0;
	const struct scan_watch watch = { name_told, value_told, close_told, &open };
	const struct scan_asked asked = { .watch = &watch };
	size_t where;

	HOLDS(scan_json_watch(bytes, size, &asked, NULL, &where) == err && where == at);
	HOLDS(err || !open);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scan_value values[PATHS];
	const char *bytes = (const char *)data;
	size_t at;
	int err = scan_json(bytes, size, paths, PATHS, values, &at), plain;

	string_ends_where_it_ends(data, size);
	HOLDS(err == 0 || err == -EBADMSG || err == -EEXIST);
	HOLDS(at <= size && (err || at == size));
	plain = scan_json(bytes, size, NULL, 0, NULL, &at);
	HOLDS(plain == 0 || plain == -EBADMSG);
	all_of_it_is_the_same(bytes, size, plain, at);
	HOLDS(err == -EEXIST || plain == err);
	HOLDS(plain || others_take_it(bytes, size));
	if (err)
		return 0;
	values_are_json(values);
	changed_is_json(bytes, size, values);
	return 0;
}
