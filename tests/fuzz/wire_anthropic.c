// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as bodies and streams of Anthropic's messages and of Gemini: refused with one clean line,
 * or what both wires can write again and read as the same.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "llm/wire.h"
#include "tests/fuzz/fuzz.h"

static const struct wire *const wires[] = { &wire_anthropic, &wire_gemini };

/* What is refused is told in one printable line. */
static void refused_cleanly(int err, const struct wire_fault *f)
{
	size_t i;

	HOLDS(err == -EBADMSG || err == -EOPNOTSUPP);
	HOLDS(f->text[0] && memchr(f->text, '\0', sizeof(f->text)));
	for (i = 0; f->text[i]; i++)
		HOLDS((unsigned char)f->text[i] >= 0x20 && f->text[i] != 0x7f);
}

/* One level more than is read may be what it takes to say the same. */
static bool is_too_deep(const struct wire_fault *f)
{
	return strstr(f->text, "nested deeper");
}

static void request_written(const struct wire *w, const struct call_request *r)
{
	struct wire_fault fault = { 0 };
	struct call_request again;
	struct arena a = { 0 };
	struct text out = { 0 };
	int err = w->request_encode(r, &out, &fault);

	if (err) {
		refused_cleanly(err, &fault);
	} else {
		err = w->request_decode(&a, out.bytes, out.len, r->model, r->stream, &again,
					&fault);
		HOLDS(err == 0 || is_too_deep(&fault));
		HOLDS(err || again.tool_count == r->tool_count);
		HOLDS(err || again.stop_count == r->stop_count);
		HOLDS(err || again.stream == r->stream);
	}
	text_release(&out);
	arena_release(&a);
}

static void as_request(const struct wire *w, const char *bytes, size_t len)
{
	struct wire_fault fault = { 0 };
	struct call_request r;
	struct arena a = { 0 };
	size_t i;
	int err = w->request_decode(&a, bytes, len, CALL_STRING("gemini-3"), false, &r, &fault);

	if (err)
		refused_cleanly(err, &fault);
	for (i = 0; !err && i < 2; i++)
		request_written(wires[i], &r);
	arena_release(&a);
}

static void as_answer(const struct wire *w, const char *bytes, size_t len)
{
	struct wire_fault fault = { 0 };
	struct call_answer r, again;
	struct arena a = { 0 };
	struct text out = { 0 };
	size_t i;
	int err = w->answer_decode(&a, bytes, len, &r, &fault);

	if (err)
		refused_cleanly(err, &fault);
	for (i = 0; !err && i < 2; i++) {
		HOLDS(wires[i]->answer_encode(&r, &out, &fault) == 0);
		HOLDS(wires[i]->answer_decode(&a, out.bytes, out.len, &again, &fault) == 0 ||
		      is_too_deep(&fault));
		text_release(&out);
	}
	arena_release(&a);
}

static void as_error(const struct wire *w, const char *bytes, size_t len)
{
	struct call_error e, again;
	struct arena a = { 0 };
	struct text out = { 0 };
	size_t i;

	HOLDS(w->error_decode(&a, 503, bytes, len, &e) == 0);
	HOLDS(e.message.at && e.status == 503);
	for (i = 0; i < e.message.len; i++)
		HOLDS((unsigned char)e.message.at[i] >= 0x20);
	for (i = 0; i < 2; i++) {
		HOLDS(wires[i]->error_encode(&e, &out) == 0);
		HOLDS(wires[i]->error_decode(&a, 503, out.bytes, out.len, &again) == 0);
		HOLDS(again.message.len == e.message.len);
		text_release(&out);
	}
	arena_release(&a);
}

/* Events as they are told: in call.h's order, and how much they say. */
struct told {
	bool begun, ended, stopped;
	enum call_event_kind open; /* what is open; CALL_PING: nothing */
	size_t text, calls;
	struct wire_encoder *encoders[2];
	struct text out[2];
	int err[2];
};

static void part_goes_on(struct told *t, enum call_event_kind kind)
{
	HOLDS(t->open == CALL_PING || t->open == kind);
	t->open = kind;
}

static int told(const struct call_event *e, void *cookie)
{
	struct told *t = cookie;
	size_t i;

	HOLDS(!t->ended);
	HOLDS(t->begun || e->kind == CALL_BEGIN || e->kind == CALL_ERROR || e->kind == CALL_PING);
	switch (e->kind) {
	case CALL_BEGIN:
		HOLDS(!t->begun);
		t->begun = true;
		break;
	case CALL_TEXT_MORE:
		HOLDS(e->text.len);
		t->text += e->text.len;
		part_goes_on(t, e->kind);
		break;
	case CALL_REASONING_MORE:
		HOLDS(e->text.len || e->sealed.len);
		part_goes_on(t, e->kind);
		break;
	case CALL_TOOL_BEGIN:
		HOLDS(t->open == CALL_PING);
		t->calls++;
		t->open = CALL_TOOL_MORE;
		break;
	case CALL_TOOL_MORE:
		HOLDS(t->open == CALL_TOOL_MORE);
		break;
	case CALL_PART_END:
		HOLDS(t->open != CALL_PING);
		t->open = CALL_PING;
		break;
	case CALL_STOP:
		HOLDS(t->open == CALL_PING);
		t->stopped = t->ended = true;
		break;
	case CALL_ERROR:
		t->ended = true;
		break;
	case CALL_PING:
		break;
	}
	for (i = 0; i < 2; i++)
		if (t->encoders[i] && !t->err[i])
			t->err[i] = wires[i]->encoder_event(t->encoders[i], e, &t->out[i]);
	return 0;
}

/* Frames end with a mark; in what was encoded, "data: " stands before them. */
static int stream_read(const struct wire *w, const char *bytes, size_t len, bool encoded,
		       struct told *t, struct wire_fault *f)
{
	static const char data[] = "data: ";
	const size_t skip = encoded ? sizeof(data) - 1 : 0;
	struct wire_decoder *d = w->decoder_create(told, t);
	const char *end = bytes + len, *at = bytes, *next;
	struct wire_frame frame = { 0 };
	int err = 0;

	HOLDS(d);
	for (; !err && at < end; at = next + 1) {
		next = memchr(at, '\n', (size_t)(end - at));
		next = next ? next : end;
		if (encoded && ((size_t)(next - at) < skip || memcmp(at, data, skip) != 0))
			continue;
		frame.data = (struct call_string){ at + skip, (size_t)(next - at) - skip };
		err = w->decoder_frame(d, &frame, f);
	}
	if (!err)
		err = w->decoder_finish(d, f);
	HOLDS(err || t->ended);
	w->decoder_free(d);
	return err;
}

static void as_stream(const struct wire *w, const char *bytes, size_t len)
{
	const struct call_request request = { .stream = true };
	struct told first = { .open = CALL_PING };
	struct wire_fault fault = { 0 };
	size_t i;
	int err;

	for (i = 0; i < 2; i++)
		first.encoders[i] = wires[i]->encoder_create(&request);
	err = stream_read(w, bytes, len, false, &first, &fault);
	if (err)
		refused_cleanly(err, &fault);
	for (i = 0; i < 2; i++) {
		struct told again = { .open = CALL_PING };

		HOLDS(!first.err[i] || (first.err[i] == -EBADMSG && wires[i] == &wire_gemini));
		if (!err && !first.err[i]) {
			HOLDS(stream_read(wires[i], first.out[i].bytes, first.out[i].len, true,
					  &again, &fault) == 0 ||
			      is_too_deep(&fault));
			/* Of a call that an error cuts nothing need be said: Gemini says calls whole. */
			HOLDS(is_too_deep(&fault) ||
			      (again.stopped == first.stopped && again.text == first.text &&
			       (!first.stopped || again.calls == first.calls)));
		}
		wires[i]->encoder_free(first.encoders[i]);
		text_release(&first.out[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data + 1;
	const struct wire *w;

	if (!size)
		return 0;
	w = wires[data[0] & 1];
	as_request(w, bytes, size - 1);
	as_answer(w, bytes, size - 1);
	as_error(w, bytes, size - 1);
	as_stream(w, bytes, size - 1);
	return 0;
}
