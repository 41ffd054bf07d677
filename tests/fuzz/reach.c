// SPDX-License-Identifier: GPL-2.0-or-later
/* Any JSON as a model call's body: what it asks for is seen however it is written, and whatever stands before it. */
#include <ctype.h>
#include <string.h>

#include "llm/reach.h"
#include "llm/scan.h"
#include "tests/fuzz/fuzz.h"

static struct scan_value whole_of(const char *bytes, size_t len)
{
	static const char *const root = "";
	struct scan_value whole = { .kind = SCAN_NONE };
	size_t at;

	if (scan_json(bytes, len, &root, 1, &whole, &at))
		whole = (struct scan_value){ .kind = SCAN_NONE };
	return whole;
}

/* In a block of its own size: what is read behind it is seen. */
static struct reach reach_of(enum wire_kind wire, const char *bytes, size_t len)
{
	char *copy = malloc(len);
	struct reach r;

	HOLDS(copy);
	memcpy(copy, bytes, len);
	reach_scan(wire, copy, len, &r);
	free(copy);
	return r;
}

static bool is_same(const struct reach *a, const struct reach *b)
{
	return a->beyond_body == b->beyond_body && a->otherwise_priced == b->otherwise_priced &&
	       a->cache_hour == b->cache_hour && a->images == b->images;
}

/* Each letter of a string as an escape, or in the other case. */
static size_t rewritten(const char *json, size_t len, bool escaped, char *out)
{
	bool inside = false;
	size_t i, at = 0;

	for (i = 0; i < len; i++) {
		if (inside && json[i] == '\\') {
			const size_t more = json[i + 1] == 'u' ? 6 : 2;

			memcpy(out + at, json + i, more);
			at += more;
			i += more - 1;
			continue;
		}
		if (json[i] == '"')
			inside = !inside;
		if (!inside || !isalpha((unsigned char)json[i]))
			out[at++] = json[i];
		else if (escaped)
			at += (size_t)sprintf(out + at, "\\u%04x", (unsigned int)json[i]);
		else
			out[at++] = (char)(json[i] ^ 32);
	}
	return at;
}

static void seen_however_written(enum wire_kind wire, const struct scan_value *whole)
{
	const struct reach plain = reach_of(wire, whole->at, whole->len);
	char *other = malloc(whole->len * 6 + 1);
	struct reach r;
	size_t len;

	HOLDS(other);
	len = rewritten(whole->at, whole->len, true, other);
	r = reach_of(wire, other, len);
	HOLDS(is_same(&plain, &r));
	len = rewritten(whole->at, whole->len, false, other);
	r = reach_of(wire, other, len);
	HOLDS(is_same(&plain, &r));
	free(other);
}

/* Nothing hides what comes behind it in the outermost object. */
static void seen_behind(enum wire_kind wire, const struct scan_value *whole)
{
	static const char more[] =
		"\"previous_response_id\":\"r\",\"tools\":[{\"type\":\"web_search\"}]}";
	char *longer = malloc(whole->len + sizeof(more) + 1);
	size_t len = whole->len - 1, i;
	struct reach r;

	HOLDS(longer);
	for (i = 1; i < len && strchr(" \t\r\n", whole->at[i]); i++)
		;
	memcpy(longer, whole->at, len);
	if (i < len)
		longer[len++] = ',';
	memcpy(longer + len, more, sizeof(more) - 1);
	r = reach_of(wire, longer, len + sizeof(more) - 1);
	HOLDS(r.beyond_body && r.otherwise_priced);
	free(longer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct scan_value whole = whole_of((const char *)data, size);
	unsigned int wire;

	if (whole.kind != SCAN_OBJECT)
		return 0;
	for (wire = 0; wire < WIRE_COUNT; wire++) {
		seen_however_written((enum wire_kind)wire, &whole);
		seen_behind((enum wire_kind)wire, &whole);
	}
	return 0;
}
