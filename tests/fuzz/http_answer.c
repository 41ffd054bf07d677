// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as an answer: refused, or a head that is the same in pieces and when it is written anew. */
#include <errno.h>
#include <string.h>

#include "http/answer.h"
#include "tests/fuzz/fuzz.h"

static bool same(const struct http_answer *a, const struct http_answer *b)
{
	return a->framing == b->framing && a->length == b->length && a->status == b->status &&
	       a->minor == b->minor && a->keep_alive == b->keep_alive &&
	       a->field_count == b->field_count &&
	       memcmp(a->fields, b->fields, sizeof(a->fields)) == 0;
}

static int in_pieces(const char *bytes, size_t len, bool to_head, size_t piece, size_t *ret_size,
		     struct http_answer *a)
{
	struct http_answer_scan scan = { 0 };
	const char *why = NULL;
	size_t have = 0;
	int err = -EAGAIN;

	while (err == -EAGAIN && have < len) {
		have = len - have < piece ? len : have + piece;
		err = http_answer_read(bytes, have, to_head, &scan, ret_size, a, &why);
		HOLDS(err == 0 || err == -EAGAIN || (err == -EBADMSG && why));
	}
	HOLDS(err || *ret_size <= have);
	return err;
}

static void written_anew_is_the_same(const struct http_answer *a)
{
	static struct http_answer again;
	struct text out = { 0 };
	char name[LIMIT_HTTP_HEAD];
	size_t i, size;
	int err;

	http_answer_begin(&out, a->status);
	for (i = 0; i < a->field_count; i++) {
		memcpy(name, a->fields[i].name.at, a->fields[i].name.len);
		name[a->fields[i].name.len] = '\0';
		http_field_put(&out, name, a->fields[i].value);
	}
	http_answer_end(&out);
	HOLDS(text_error(&out) == 0);
	if (out.len <= LIMIT_HTTP_HEAD) {
		err = in_pieces(out.bytes, out.len, false, out.len, &size, &again);
		HOLDS(err == 0 && size == out.len && again.status == a->status);
		HOLDS(again.field_count == a->field_count);
		HOLDS(!a->minor || (again.framing == a->framing && again.length == a->length &&
				    again.keep_alive == a->keep_alive));
	}
	text_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t pieces[] = { 1, 7, 100 };
	static struct http_answer a, other;
	const char *bytes = (const char *)data;
	size_t took = 0, took_other = 0, i;
	int err = in_pieces(bytes, size, false, size ? size : 1, &took, &a);

	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		HOLDS(in_pieces(bytes, size, false, pieces[i], &took_other, &other) == err);
		HOLDS(err || (took == took_other && same(&a, &other)));
	}
	if (err)
		return 0;
	HOLDS(a.status >= 200 && a.status <= 599 && a.minor <= 1 && took <= LIMIT_HTTP_HEAD);
	HOLDS((a.framing == HTTP_FRAMING_LENGTH) == (a.length > 0));
	HOLDS(a.framing != HTTP_FRAMING_CLOSE || !a.keep_alive);
	written_anew_is_the_same(&a);
	HOLDS(in_pieces(bytes, size, true, size, &took, &other) == 0);
	HOLDS(other.framing == HTTP_FRAMING_NONE);
	return 0;
}
