/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Model calls told in short words, to be compared: requests, answers, and events of streams. */
#ifndef AGENTOS_TESTS_CALL_RIG_H
#define AGENTOS_TESTS_CALL_RIG_H

#include "base/arena.h"
#include "base/text.h"
#include "llm/wire.h"
#include "tests/tap.h"

/* " NAME=VALUE", where there is one. */
static inline void say_string(struct text *t, const char *name, struct call_string s)
{
	if (!s.at)
		return;
	text_printf(t, " %s=", name);
	text_put(t, s.at, s.len);
}

static inline void say_number(struct text *t, const char *name, struct call_number n)
{
	if (n.given)
		text_printf(t, " %s=%g", name, n.value);
}

static inline void say_count(struct text *t, const char *name, uint64_t n)
{
	if (n)
		text_printf(t, " %s=%llu", name, (unsigned long long)n);
}

static inline void say_part(struct text *t, const struct call_part *p)
{
	static const char *const kinds[] = {
		"text", "image", "file", "call", "result", "reasoning"
	};
	size_t i;

	text_printf(t, " [%s", kinds[p->kind]);
	say_string(t, "id", p->id);
	say_string(t, "name", p->name);
	say_string(t, "text", p->text);
	say_string(t, "type", p->media_type);
	say_string(t, "data", p->data);
	say_string(t, "url", p->url);
	say_string(t, "sealed", p->sealed);
	for (i = 0; i < p->part_count; i++)
		say_part(t, &p->parts[i]);
	text_string(t, p->is_error ? " error]" : "]");
}

static inline void say_usage(struct text *t, const struct call_usage *u)
{
	if (!u->given)
		return;
	text_printf(t, " usage=%llu+%llu", (unsigned long long)u->input,
		    (unsigned long long)u->output);
	say_count(t, "read", u->cache_read);
	say_count(t, "written", u->cache_write);
	say_count(t, "reasoned", u->reasoning);
}

static const char *const stop_names[] = { "end", "length", "tools", "sequence", "filter" };

/* Turns and tools have a line each. */
static inline void say_request(struct text *t, const struct call_request *r)
{
	static const char *const roles[] = { "system", "user", "assistant" };
	static const char *const choices[] = { "", " none", " required", " named" };
	static const char *const formats[] = { "", " json", " schema" };
	size_t i, k;

	say_string(t, "model", r->model);
	say_count(t, "max", r->max_tokens);
	say_number(t, "temperature", r->temperature);
	say_number(t, "top_p", r->top_p);
	say_number(t, "top_k", r->top_k);
	say_number(t, "presence", r->presence_penalty);
	say_number(t, "frequency", r->frequency_penalty);
	say_number(t, "seed", r->seed);
	for (i = 0; i < r->stop_count; i++)
		say_string(t, "stop", r->stops[i]);
	text_string(t, formats[r->format]);
	say_string(t, "schema", r->schema);
	say_string(t, "effort", r->effort);
	say_count(t, "thinking", r->thinking_tokens);
	say_string(t, "user", r->user);
	text_string(t, choices[r->choice]);
	say_string(t, "choice", r->choice_name);
	text_string(t, r->one_tool_call ? " one" : "");
	text_string(t, r->stream ? " stream" : "");
	for (i = 0; i < r->turn_count; i++) {
		text_printf(t, "\n%s:", roles[r->turns[i].role]);
		for (k = 0; k < r->turns[i].part_count; k++)
			say_part(t, &r->turns[i].parts[k]);
	}
	for (i = 0; i < r->tool_count; i++) {
		text_string(t, "\ntool:");
		say_string(t, "name", r->tools[i].name);
		say_string(t, "description", r->tools[i].description);
		say_string(t, "parameters", r->tools[i].parameters);
		text_string(t, r->tools[i].strict ? " strict" : "");
	}
}

static inline void say_answer(struct text *t, const struct call_answer *r)
{
	size_t i;

	say_string(t, "id", r->id);
	say_string(t, "model", r->model);
	text_printf(t, " stop=%s", stop_names[r->stop]);
	say_string(t, "at", r->stop_sequence);
	say_usage(t, &r->usage);
	for (i = 0; i < r->part_count; i++)
		say_part(t, &r->parts[i]);
}

static inline void say_error(struct text *t, const struct call_error *e)
{
	text_printf(t, " kind=%d", (int)e->kind);
	say_count(t, "status", (uint64_t)e->status);
	say_string(t, "code", e->code);
	say_string(t, "message", e->message);
}

/* An emit(): the cookie is a struct text. A line for each. */
static inline int say_event(const struct call_event *e, void *cookie)
{
	static const char *const kinds[] = { "begin", "text", "reasoning", "tool", "arguments",
					     "end",   "stop", "error",	   "ping" };
	struct text *t = cookie;

	text_string(t, kinds[e->kind]);
	say_string(t, "id", e->id);
	say_string(t, "name", e->name);
	say_string(t, "model", e->model);
	say_string(t, "text", e->text);
	say_string(t, "sealed", e->sealed);
	if (e->kind == CALL_STOP)
		text_printf(t, " %s", stop_names[e->stop]);
	say_string(t, "at", e->stop_sequence);
	say_usage(t, &e->usage);
	if (e->kind == CALL_ERROR)
		say_error(t, &e->error);
	text_string(t, "\n");
	return 0;
}

static inline const char *text_ended(struct text *t)
{
	text_put(t, "", 1);
	return t->failed ? "(no memory)" : t->bytes;
}

/* What a body asks for, or "ERRNO FAULT". again: encoded and decoded once more. */
static inline void request_told(const struct wire *w, const char *body, const char *model,
				bool stream, bool again, struct text *told)
{
	const struct call_string name = { model, model ? strlen(model) : 0 };
	struct text encoded = { 0 };
	struct wire_fault fault = { 0 };
	struct call_request r;
	struct arena a = { 0 };
	int err = w->request_decode(&a, body, strlen(body), name, stream, &r, &fault);

	if (!err && again) {
		err = w->request_encode(&r, &encoded, &fault);
		if (!err)
			err = w->request_decode(&a, encoded.bytes, encoded.len, name, stream, &r,
						&fault);
	}
	if (err)
		text_printf(told, "%s %s", err == -EBADMSG ? "bad" : "cannot", fault.text);
	else
		say_request(told, &r);
	text_release(&encoded);
	arena_release(&a);
}

static inline void answer_told(const struct wire *w, const char *body, bool again,
			       struct text *told)
{
	struct text encoded = { 0 };
	struct wire_fault fault = { 0 };
	struct call_answer r;
	struct arena a = { 0 };
	int err = w->answer_decode(&a, body, strlen(body), &r, &fault);

	if (!err && again) {
		err = w->answer_encode(&r, &encoded, &fault);
		if (!err)
			err = w->answer_decode(&a, encoded.bytes, encoded.len, &r, &fault);
	}
	if (err)
		text_printf(told, "%s %s", err == -EBADMSG ? "bad" : "cannot", fault.text);
	else
		say_answer(told, &r);
	text_release(&encoded);
	arena_release(&a);
}

/* The events that frames become, a line each; the frames are data alone, NULL ends them. */
static inline void stream_told(const struct wire *w, const char *const *frames, struct text *told)
{
	struct wire_decoder *d = w->decoder_create(say_event, told);
	struct wire_fault fault = { 0 };
	struct wire_frame frame;
	int err = 0;

	for (; !err && *frames; frames++) {
		frame = (struct wire_frame){ .data = { *frames, strlen(*frames) } };
		err = w->decoder_frame(d, &frame, &fault);
	}
	if (!err)
		err = w->decoder_finish(d, &fault);
	if (err)
		text_printf(told, "%s %s\n", err == -EBADMSG ? "bad" : "failed", fault.text);
	w->decoder_free(d);
}

/* What events become, in bytes. */
static inline void events_encoded(const struct wire *w, const struct call_event *events,
				  size_t count, struct text *out)
{
	const struct call_request request = { .model = CALL_STRING("m"), .stream = true };
	struct wire_encoder *e = w->encoder_create(&request);
	size_t i;

	for (i = 0; e && i < count; i++)
		CHECK_INT(w->encoder_event(e, &events[i], out), 0);
	w->encoder_free(e);
}

#endif
