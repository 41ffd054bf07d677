// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a body or stream of OpenAI's wires: what is read is written so that it reads the same. */

#include "llm/openai.h"
#include "tests/unit/wire_rig.h"
#include "tests/fuzz/fuzz.h"

static const struct wire *const wires[] = { &wire_openai_chat, &wire_openai_responses };

#define WIRES (sizeof(wires) / sizeof(wires[0]))

static void fault_is_clean(int err, const struct wire_fault *fault)
{
	size_t i;

	HOLDS(err == -EBADMSG || err == -EOPNOTSUPP);
	HOLDS(fault->text[0] && memchr(fault->text, '\0', sizeof(fault->text)));
	for (i = 0; fault->text[i]; i++)
		HOLDS((unsigned char)fault->text[i] >= 0x20 && fault->text[i] != 0x7f);
}

/* Names that were flattened are a client's no more. */
static bool is_flattened(const struct text *t)
{
	return memmem(t->bytes, t->len, OPENAI_NAMESPACE, strlen(OPENAI_NAMESPACE)) ||
	       memmem(t->bytes, t->len, OPENAI_CUSTOM, strlen(OPENAI_CUSTOM));
}

/* Written, read and written again: the same bytes. */
static void request_try(const struct wire *from, const struct wire *to, const char *body,
			size_t len)
{
	struct text first = { 0 }, second = { 0 };
	struct wire_fault fault = { "" };
	struct call_request r, again;
	struct arena a = { 0 };
	int err = from->request_decode(&a, body, len, (struct call_string){ 0 }, false, &r, &fault);

	if (err)
		fault_is_clean(err, &fault);
	else
		err = to->request_encode(&r, &first, &fault);
	if (!err) {
		err = to->request_decode(&a, first.bytes, first.len, (struct call_string){ 0 },
					 false, &again, &fault);
		/* What has nothing but a reasoning that is another's is nothing there. */
		HOLDS(!err || is_flattened(&first) || strstr(fault.text, "input: must be") ||
		      strstr(fault.text, "messages: must not"));
	}
	if (!err) {
		HOLDS(to->request_encode(&again, &second, &fault) == 0);
		HOLDS(first.len == second.len && !memcmp(first.bytes, second.bytes, first.len));
	}
	text_release(&first);
	text_release(&second);
	arena_release(&a);
}

static void answer_try(const struct wire *from, const struct wire *to, const char *body, size_t len)
{
	struct text first = { 0 }, second = { 0 };
	struct wire_fault fault = { "" };
	struct call_answer answer, again;
	struct call_error error;
	struct arena a = { 0 };
	int err = from->answer_decode(&a, body, len, &answer, &fault);

	if (err) {
		fault_is_clean(err, &fault);
	} else {
		HOLDS(to->answer_encode(&answer, &first, &fault) == 0);
		HOLDS(to->answer_decode(&a, first.bytes, first.len, &again, &fault) == 0);
		HOLDS(to->answer_encode(&again, &second, &fault) == 0);
		HOLDS(first.len == second.len && !memcmp(first.bytes, second.bytes, first.len));
	}
	text_release(&first);
	text_release(&second);
	HOLDS(from->error_decode(&a, 429, body, len, &error) == 0);
	HOLDS(error.message.len && to->error_encode(&error, &first) == 0);
	HOLDS(to->error_decode(&a, 429, first.bytes, first.len, &error) == 0);
	text_release(&first);
	arena_release(&a);
}

/* What events may follow what came before; all of them are written in both wires. */
struct listener {
	struct wire_encoder *encoders[WIRES];
	struct text out[WIRES];
	bool begun, ended, open;
	enum call_event_kind kind; /* of the open part */
};

static void order_holds(struct listener *l, const struct call_event *event)
{
	HOLDS(!l->ended);
	HOLDS(l->begun || event->kind == CALL_BEGIN || event->kind == CALL_ERROR);
	switch (event->kind) {
	case CALL_BEGIN:
		HOLDS(!l->begun);
		l->begun = true;
		break;
	case CALL_TEXT_MORE:
	case CALL_REASONING_MORE:
		HOLDS(!l->open || l->kind == event->kind);
		HOLDS(event->text.len || event->sealed.len);
		l->open = true;
		l->kind = event->kind;
		break;
	case CALL_TOOL_BEGIN:
		HOLDS(!l->open && event->id.len && event->name.len);
		l->open = true;
		l->kind = event->kind;
		break;
	case CALL_TOOL_MORE:
		HOLDS(l->open && l->kind == CALL_TOOL_BEGIN);
		break;
	case CALL_PART_END:
		HOLDS(l->open);
		l->open = false;
		break;
	case CALL_STOP:
		HOLDS(!l->open);
		l->ended = true;
		break;
	case CALL_ERROR:
		HOLDS(event->error.message.len);
		l->ended = true;
		break;
	case CALL_PING:
		break;
	}
}

static int event_take(const struct call_event *event, void *cookie)
{
	struct listener *l = cookie;
	size_t i;

	order_holds(l, event);
	for (i = 0; i < WIRES; i++)
		HOLDS(wires[i]->encoder_event(l->encoders[i], event, &l->out[i]) == 0);
	return 0;
}

static void stream_try(const struct wire *from, const char *stream, size_t len)
{
	const struct call_request request = { .stream = true, .stream_usage = true };
	struct wire_fault fault = { "" };
	struct listener l = { 0 };
	struct wire_frame frame;
	struct wire_decoder *d;
	struct text shown = { 0 };
	const char *at = stream;
	size_t i;
	int err = 0;

	for (i = 0; i < WIRES; i++)
		HOLDS((l.encoders[i] = wires[i]->encoder_create(&request)));
	d = from->decoder_create(event_take, &l);
	HOLDS(d);
	while (!err && (at = frame_next(at, stream + len, &frame)))
		err = from->decoder_frame(d, &frame, &fault);
	if (!err)
		err = from->decoder_finish(d, &fault);
	if (err)
		fault_is_clean(err, &fault);
	HOLDS(err || l.ended);
	from->decoder_free(d);
	for (i = 0; i < WIRES; i++) {
		wires[i]->encoder_free(l.encoders[i]);
		if (!err)
			HOLDS(stream_decode(wires[i], l.out[i].bytes, l.out[i].len, &shown,
					    &fault) == 0);
		text_release(&l.out[i]);
		text_release(&shown);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* In a block of its own size: what is read behind it is seen. */
	const char *bytes = (const char *)data;
	size_t i, k;

	for (i = 0; i < WIRES; i++) {
		for (k = 0; k < WIRES; k++) {
			request_try(wires[i], wires[k], bytes, size);
			answer_try(wires[i], wires[k], bytes, size);
		}
		stream_try(wires[i], bytes, size);
	}
	return 0;
}
