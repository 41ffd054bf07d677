// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes in any of the wires, said in each of them: what cannot be said is refused with one
 * clean line, and what is said reads as the same answer there.
 */

#include "tests/unit/wire_rig.h"
#include "tests/fuzz/fuzz.h"

static void refused_cleanly(int err, const struct wire_fault *f)
{
	size_t i;

	HOLDS(err == -EBADMSG || err == -EOPNOTSUPP);
	HOLDS(f->text[0] && memchr(f->text, '\0', sizeof(f->text)));
	for (i = 0; f->text[i]; i++)
		HOLDS((unsigned char)f->text[i] >= 0x20 && f->text[i] != 0x7f);
}

/*
 * It may take one level more than is read; of what says nothing there may be nothing left; and
 * names may be such as stand for something else in Responses.
 */
static bool is_excused(const struct wire_fault *f)
{
	return strstr(f->text, "nested deeper") || strstr(f->text, "input: must be") ||
	       strstr(f->text, "messages: must not") ||
	       strstr(f->text, "which stand for a namespace") ||
	       strstr(f->text, "contents: there are none");
}

static void request_said(const struct wire *to, const struct call_request *r)
{
	struct wire_fault fault = { "" };
	struct call_request again;
	struct arena a = { 0 };
	struct text out = { 0 };
	int err = to->request_encode(r, &out, &fault);

	if (err) {
		refused_cleanly(err, &fault);
	} else {
		err = to->request_decode(&a, out.bytes, out.len, r->model, r->stream, &again,
					 &fault);
		HOLDS(err == 0 || is_excused(&fault));
		HOLDS(err || again.tool_count == r->tool_count);
		HOLDS(err || again.stream == r->stream);
	}
	text_release(&out);
	arena_release(&a);
}

/*
 * What an answer says: bytes of text, and calls of tools. Parts of a text are one where a wire has
 * no parts, with empty lines between them: breaks of lines are not counted.
 */
struct said {
	size_t text, calls;
};

static size_t letters(struct call_string s)
{
	size_t count = 0, i;

	for (i = 0; i < s.len; i++)
		count += s.at[i] != '\n';
	return count;
}

static struct said said_by(const struct call_answer *r)
{
	struct said s = { 0 };
	size_t i;

	for (i = 0; i < r->part_count; i++) {
		s.text += r->parts[i].kind == CALL_TEXT ? letters(r->parts[i].text) : 0;
		s.calls += r->parts[i].kind == CALL_TOOL_CALL;
	}
	return s;
}

static void answer_said(const struct wire *to, const struct call_answer *r)
{
	const struct said first = said_by(r);
	struct wire_fault fault = { "" };
	struct call_answer again;
	struct arena a = { 0 };
	struct text out = { 0 };
	struct said second;
	int err;

	HOLDS(to->answer_encode(r, &out, &fault) == 0);
	err = to->answer_decode(&a, out.bytes, out.len, &again, &fault);
	HOLDS(err == 0 || is_excused(&fault));
	if (!err) {
		second = said_by(&again);
		HOLDS(first.text == second.text && first.calls == second.calls);
	}
	text_release(&out);
	arena_release(&a);
}

static void bodies(const struct wire *from, const char *bytes, size_t len)
{
	struct wire_fault fault = { "" };
	struct call_request request;
	struct call_answer answer;
	struct call_error error;
	struct arena a = { 0 };
	struct text out = { 0 };
	unsigned int to;
	int asked = from->request_decode(
		&a, bytes, len, CALL_STRING("gemini-3"), false, &request, &fault);
	int answered;

	if (asked)
		refused_cleanly(asked, &fault);
	answered = from->answer_decode(&a, bytes, len, &answer, &fault);
	if (answered)
		refused_cleanly(answered, &fault);
	HOLDS(from->error_decode(&a, 429, bytes, len, &error) == 0 && error.message.len);
	for (to = 0; to < WIRE_COUNT; to++) {
		if (!asked)
			request_said(wire_of((enum wire_kind)to), &request);
		if (!answered)
			answer_said(wire_of((enum wire_kind)to), &answer);
		HOLDS(wire_of((enum wire_kind)to)->error_encode(&error, &out) == 0);
		text_release(&out);
	}
	arena_release(&a);
}

/* A stream's events, counted, and said in all wires where `encoders` are there. */
struct told {
	struct wire_encoder *encoders[WIRE_COUNT];
	struct text out[WIRE_COUNT];
	int err[WIRE_COUNT];
	struct said said;
	bool ended, stopped;
};

static int told(const struct call_event *e, void *cookie)
{
	struct told *t = cookie;
	unsigned int i;

	HOLDS(!t->ended);
	t->said.text += e->kind == CALL_TEXT_MORE ? letters(e->text) : 0;
	t->said.calls += e->kind == CALL_TOOL_BEGIN;
	t->stopped = e->kind == CALL_STOP;
	t->ended = t->stopped || e->kind == CALL_ERROR;
	for (i = 0; i < WIRE_COUNT; i++)
		if (t->encoders[i] && !t->err[i])
			t->err[i] = wire_of((enum wire_kind)i)
					    ->encoder_event(t->encoders[i], e, &t->out[i]);
	return 0;
}

/* As it was said: frames. */
static void stream_again(const struct wire *w, const struct text *out, const struct told *first)
{
	struct told again = { .ended = false };
	struct wire_decoder *d = w->decoder_create(told, &again);
	const char *at = out->bytes, *end = out->bytes + out->len;
	struct wire_fault fault = { "" };
	struct wire_frame frame;
	int err = 0;

	HOLDS(d);
	while (!err && at && (at = frame_next(at, end, &frame)))
		err = w->decoder_frame(d, &frame, &fault);
	if (!err)
		err = w->decoder_finish(d, &fault);
	w->decoder_free(d);
	HOLDS(err == 0 || is_excused(&fault));
	/* Of a call that an error cuts nothing need be said: Gemini says calls whole, or not at all. */
	HOLDS(err || (again.stopped == first->stopped && again.said.text == first->said.text &&
		      (!first->stopped || again.said.calls == first->said.calls)));
}

/* As it comes: the data of a frame in each line. */
static int stream_read(const struct wire *from, const char *bytes, size_t len, struct told *t,
		       struct wire_fault *fault)
{
	struct wire_decoder *d = from->decoder_create(told, t);
	const char *at = bytes, *end = bytes + len, *next;
	struct wire_frame frame = { 0 };
	int err = 0;

	HOLDS(d);
	for (; !err && at < end; at = next + 1) {
		next = memchr(at, '\n', (size_t)(end - at));
		next = next ? next : end;
		frame.data = (struct call_string){ at, (size_t)(next - at) };
		err = from->decoder_frame(d, &frame, fault);
	}
	if (!err)
		err = from->decoder_finish(d, fault);
	from->decoder_free(d);
	HOLDS(err || t->ended);
	return err;
}

static void streams(const struct wire *from, const char *bytes, size_t len)
{
	const struct call_request request = { .stream = true, .stream_usage = true };
	struct wire_fault fault = { "" };
	struct told t = { .ended = false };
	unsigned int i;
	int err;

	for (i = 0; i < WIRE_COUNT; i++)
		HOLDS((t.encoders[i] = wire_of((enum wire_kind)i)->encoder_create(&request)));
	err = stream_read(from, bytes, len, &t, &fault);
	if (err)
		refused_cleanly(err, &fault);
	for (i = 0; i < WIRE_COUNT; i++) {
		/* Gemini's calls go out whole, and are looked at. */
		HOLDS(!t.err[i] || (t.err[i] == -EBADMSG && i == WIRE_GEMINI));
		if (!err && !t.err[i])
			stream_again(wire_of((enum wire_kind)i), &t.out[i], &t);
		wire_of((enum wire_kind)i)->encoder_free(t.encoders[i]);
		text_release(&t.out[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data + 1;
	const struct wire *from;

	if (!size)
		return 0;
	from = wire_of((enum wire_kind)(data[0] % WIRE_COUNT));
	bodies(from, bytes, size - 1);
	streams(from, bytes, size - 1);
	return 0;
}
