/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of wires share: calls as text that can be compared, and streams of frames. */
#ifndef AGENTOS_TESTS_UNIT_WIRE_RIG_H
#define AGENTOS_TESTS_UNIT_WIRE_RIG_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llm/wire.h"

static inline void show_string(struct text *t, const char *name, struct call_string s)
{
	if (!s.len)
		return;
	text_printf(t, " %s=", name);
	text_json(t, s.at, s.len);
}

static inline void show_part(struct text *t, const struct call_part *p)
{
	static const char *const kinds[] = { "text",	  "image",	 "file",
					     "tool-call", "tool-result", "reasoning" };
	size_t i;

	text_printf(t, "(%s", kinds[p->kind]);
	show_string(t, "id", p->id);
	show_string(t, "name", p->name);
	show_string(t, "text", p->text);
	show_string(t, "type", p->media_type);
	show_string(t, "data", p->data);
	show_string(t, "url", p->url);
	show_string(t, "sealed", p->sealed);
	text_string(t, p->is_error ? " error" : "");
	for (i = 0; i < p->part_count; i++)
		show_part(t, &p->parts[i]);
	text_string(t, ")");
}

static inline void show_number(struct text *t, const char *name, struct call_number n)
{
	if (n.given)
		text_printf(t, " %s=%g", name, n.value);
}

static inline void show_request(struct text *t, const struct call_request *r)
{
	static const char *const roles[] = { "system", "user", "assistant" };
	size_t i, k;

	show_string(t, "model", r->model);
	for (i = 0; i < r->turn_count; i++) {
		text_printf(t, "\n%s ", roles[r->turns[i].role]);
		for (k = 0; k < r->turns[i].part_count; k++)
			show_part(t, &r->turns[i].parts[k]);
	}
	for (i = 0; i < r->tool_count; i++) {
		text_string(t, "\ntool");
		show_string(t, "name", r->tools[i].name);
		show_string(t, "description", r->tools[i].description);
		show_string(t, "parameters", r->tools[i].parameters);
		text_string(t, r->tools[i].strict ? " strict" : "");
	}
	text_printf(t, "\nchoice=%d", r->choice);
	show_string(t, "choice-name", r->choice_name);
	text_string(t, r->one_tool_call ? " one" : "");
	if (r->max_tokens)
		text_printf(t, " max=%llu", (unsigned long long)r->max_tokens);
	show_number(t, "temperature", r->temperature);
	show_number(t, "top_p", r->top_p);
	show_number(t, "presence", r->presence_penalty);
	show_number(t, "frequency", r->frequency_penalty);
	show_number(t, "seed", r->seed);
	for (i = 0; i < r->stop_count; i++)
		show_string(t, "stop", r->stops[i]);
	text_printf(t, " format=%d", r->format);
	show_string(t, "schema-name", r->schema_name);
	show_string(t, "schema", r->schema);
	text_string(t, r->schema_strict ? " strict" : "");
	show_string(t, "effort", r->effort);
	show_string(t, "user", r->user);
	text_string(t, r->stream ? " stream" : "");
	text_string(t, r->stream_usage ? " stream-usage" : "");
}

static inline void show_usage(struct text *t, const struct call_usage *u)
{
	if (u->given)
		text_printf(t, " usage=%llu+%llu/%llu,%llu,%llu", (unsigned long long)u->input,
			    (unsigned long long)u->output, (unsigned long long)u->cache_read,
			    (unsigned long long)u->cache_write, (unsigned long long)u->reasoning);
}

static inline const char *show_stop(enum call_stop stop)
{
	static const char *const stops[] = { "end", "length", "tools", "sequence", "filter" };

	return stops[stop];
}

static inline void show_answer(struct text *t, const struct call_answer *a)
{
	size_t i;

	show_string(t, "id", a->id);
	show_string(t, "model", a->model);
	text_printf(t, " created=%lld ", (long long)a->created);
	for (i = 0; i < a->part_count; i++)
		show_part(t, &a->parts[i]);
	text_printf(t, " stop=%s", show_stop(a->stop));
	show_usage(t, &a->usage);
}

static inline void show_error(struct text *t, const struct call_error *e)
{
	text_printf(t, " kind=%d status=%d", e->kind, e->status);
	show_string(t, "message", e->message);
	show_string(t, "code", e->code);
}

/* An event on a line. */
static inline void show_event(struct text *t, const struct call_event *e)
{
	static const char *const kinds[] = { "begin", "text", "reasoning", "call", "more",
					     "end",   "stop", "error",	   "ping" };

	text_string(t, kinds[e->kind]);
	show_string(t, "id", e->id);
	show_string(t, "name", e->name);
	show_string(t, "model", e->model);
	show_string(t, "text", e->text);
	show_string(t, "sealed", e->sealed);
	if (e->kind == CALL_STOP)
		text_printf(t, " %s", show_stop(e->stop));
	show_usage(t, &e->usage);
	if (e->kind == CALL_ERROR)
		show_error(t, &e->error);
	text_string(t, "\n");
}

/* For a decoder's emit; the cookie is a struct text. */
static inline int show_emit(const struct call_event *event, void *cookie)
{
	show_event(cookie, event);
	return text_error(cookie);
}

/*
 * The next frame of a stream that was written whole: its event and data lines up to an
 * empty one; comments are left out. Returns what is behind it, or NULL at the end.
 */
static inline const char *frame_next(const char *at, const char *end, struct wire_frame *ret_frame)
{
	struct wire_frame f = { 0 };
	const char *line, *stop;

	for (line = at; line < end; line = stop + 1) {
		stop = memchr(line, '\n', (size_t)(end - line));
		if (!stop)
			return NULL;
		if (stop == line) {
			*ret_frame = f;
			return stop + 1;
		}
		if (!strncmp(line, "data: ", 6))
			f.data = (struct call_string){ line + 6, (size_t)(stop - line) - 6 };
		else if (!strncmp(line, "event: ", 7))
			f.event = (struct call_string){ line + 7, (size_t)(stop - line) - 7 };
	}
	return NULL;
}

/* Decodes a whole stream into `shown`; finish: its end as well. */
static inline int stream_decode(const struct wire *w, const char *stream, size_t len,
				struct text *shown, struct wire_fault *fault)
{
	struct wire_decoder *d = w->decoder_create(show_emit, shown);
	const char *at = stream;
	struct wire_frame frame;
	int err = d ? 0 : -ENOMEM;

	while (!err && (at = frame_next(at, stream + len, &frame)))
		err = w->decoder_frame(d, &frame, fault);
	if (!err)
		err = w->decoder_finish(d, fault);
	w->decoder_free(d);
	return err;
}

/* Text as a string, for comparing. */
static inline const char *shown_string(struct text *t)
{
	text_put(t, "", 1);
	return t->failed ? "(failed)" : t->bytes;
}

#endif
