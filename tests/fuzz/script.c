// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as rules of the scripted model: refused with one clean line, or answers that each wire reads again. */
#include <errno.h>
#include <string.h>

#include "scripted/reply.h"
#include "tests/fuzz/fuzz.h"

static struct call_part asked = { .kind = CALL_TEXT, .text = CALL_STRING("a b \xc3\xa9") };
static struct call_part said = { .kind = CALL_TOOL_CALL,
				 .id = CALL_STRING("c"),
				 .name = CALL_STRING("f"),
				 .text = CALL_STRING("{}") };
static struct call_part result = { .kind = CALL_TOOL_RESULT,
				   .id = CALL_STRING("c"),
				   .name = CALL_STRING("f"),
				   .parts = &asked,
				   .part_count = 1 };
static struct call_turn turns[] = {
	{ CALL_USER, &asked, 1 },
	{ CALL_ASSISTANT, &said, 1 },
	{ CALL_USER, &result, 1 },
};

static void stream_try(const struct script_reply *r)
{
	size_t i, before = 0;

	HOLDS(r->count && r->ends[r->count - 1] == r->body.len);
	HOLDS(r->events <= r->count && (r->cut || r->events == r->count));
	for (i = 0; i < r->count; i++) {
		HOLDS(r->ends[i] > before + 2 && r->ends[i] <= r->body.len);
		before = r->ends[i];
	}
	HOLDS(r->sent == (r->events ? r->ends[r->events - 1] : 0));
}

static void whole_try(const struct script_reply *r, const struct script_rule *rule,
		      const struct wire *wire)
{
	struct wire_fault fault = { "" };
	struct call_answer answer;
	struct arena a = { 0 };

	memset(&answer, 0, sizeof(answer));
	HOLDS(r->sent <= r->body.len && (r->cut || r->sent == r->body.len));
	if (r->status == 200) {
		HOLDS(wire->answer_decode(&a, r->body.bytes, r->body.len, &answer, &fault) == 0);
		HOLDS(answer.part_count <= 1 + rule->tool_count);
	} else {
		HOLDS(r->status == rule->status);
	}
	arena_release(&a);
}

/* In each wire, whole and streamed. */
static void reply_try(struct script *s, size_t turn_count, bool stream)
{
	const struct call_request q = { .model = CALL_STRING("m"),
					.turns = turns,
					.turn_count = turn_count,
					.stream = stream,
					.stream_usage = stream };
	const struct script_view v = script_view_of(&q);
	const struct script_rule *rule = script_match(s, &v);
	struct script_reply r = { 0 };
	struct wire_fault fault;
	unsigned int kind;
	int rc;

	HOLDS(v.turns == turn_count && v.result == (turn_count == 3));
	HOLDS(rule->turns_min <= v.turns && v.turns <= rule->turns_max);
	HOLDS(!rule->times || rule->used <= rule->times);
	for (kind = 0; kind < WIRE_COUNT; kind++) {
		rc = script_reply_make(rule, &v, wire_of((enum wire_kind)kind), &r, &fault);
		/* An answer may be too long. */
		HOLDS(rc == 0 || rc == -ENOMEM);
		if (rc)
			continue;
		if (r.stream)
			stream_try(&r);
		else
			whole_try(&r, rule, wire_of((enum wire_kind)kind));
		script_reply_release(&r);
	}
}

static void fault_try(const struct fault *f)
{
	size_t i;

	HOLDS(f->text[0] && strlen(f->text) < FAULT_SIZE);
	for (i = 0; f->text[i]; i++)
		HOLDS(f->text[i] >= 0x20 && f->text[i] < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault f = { "" };
	/* Of exactly this size, so that reading beyond it is seen. */
	char *text = malloc(size ? size : 1);
	struct script *s;
	size_t i;
	int rc;

	if (!text)
		return 0;
	memcpy(text, data, size);
	HOLDS(script_create(&s) == 0);
	rc = script_add(s, "file", text, size, &f);
	free(text);
	HOLDS(rc == 0 || rc == -EBADMSG);
	if (rc)
		fault_try(&f);
	for (i = 0; !rc && i < 4; i++)
		reply_try(s, i / 2 ? 3 : 1, i % 2);
	script_free(s);
	return 0;
}
