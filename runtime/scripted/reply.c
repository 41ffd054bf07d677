// SPDX-License-Identifier: GPL-2.0-or-later
/* An answer of the scripted model, in a client's wire. */
#include "scripted/reply.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_BYTES 4 /* what is counted as a token */
#define ID_BYTES    48

/* What is said, before it is in any wire. */
struct said {
	const struct script_rule *rule;
	const struct script_view *view;
	struct text text;
	struct call_part parts[1 + LIMIT_SCRIPT_TOOLS];
	char ids[1 + LIMIT_SCRIPT_TOOLS][ID_BYTES]; /* the answer's, then those of its calls */
	struct call_answer answer;
};

/* --- what is said --- */

static void text_make(struct said *a)
{
	const struct call_string model = a->view->request->model;
	const struct script_phrase *p;

	a->text.limit = LIMIT_SCRIPT_TEXT;
	for (p = a->rule->text; p; p = p->next) {
		switch (p->insert) {
		case SCRIPT_LITERAL:
			text_put(&a->text, p->literal.at, p->literal.len);
			break;
		case SCRIPT_USER:
		case SCRIPT_RESULT:
			script_view_put(a->view, p->insert == SCRIPT_RESULT, LIMIT_SCRIPT_INSERT,
					&a->text);
			break;
		case SCRIPT_MODEL:
			text_put(&a->text, model.at,
				 script_cut(model.at, model.len, LIMIT_SCRIPT_INSERT));
			break;
		}
	}
}

static struct call_string id_make(struct said *a, size_t place)
{
	char *id = a->ids[place];

	if (place)
		snprintf(id, ID_BYTES, "call_%" PRIu64 "_%zu", a->view->turns, place);
	else
		snprintf(id, ID_BYTES, "scripted-%" PRIu64, a->view->turns);
	return (struct call_string){ id, strlen(id) };
}

static void parts_make(struct said *a)
{
	const struct script_tool *tool;
	size_t calls = 0;

	a->answer.parts = a->parts;
	if (a->text.len || !a->rule->tools)
		a->parts[a->answer.part_count++] = (struct call_part){
			.kind = CALL_TEXT,
			.text = { a->text.len ? a->text.bytes : "", a->text.len }
		};
	for (tool = a->rule->tools; tool; tool = tool->next)
		a->parts[a->answer.part_count++] = (struct call_part){
			.kind = CALL_TOOL_CALL,
			.id = id_make(a, ++calls),
			.name = tool->name,
			.text = tool->arguments
		};
}

static uint64_t tokens(uint64_t bytes)
{
	return (bytes + TOKEN_BYTES - 1) / TOKEN_BYTES;
}

static struct call_usage usage_make(const struct said *a)
{
	const struct script_rule *u = a->rule;
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < a->answer.part_count; i++)
		bytes += a->parts[i].text.len + a->parts[i].name.len;
	return (struct call_usage){
		.input = u->input_given ? u->input_tokens : tokens(script_view_bytes(a->view)),
		.output = u->output_given ? u->output_tokens : tokens(bytes),
		.given = true,
	};
}

/* 0, or -ENOMEM: it is too long. */
static int said_make(struct said *a)
{
	const struct call_request *r = a->view->request;

	text_make(a);
	parts_make(a);
	a->answer.id = id_make(a, 0);
	a->answer.model = r->model;
	a->answer.stop = a->rule->stop_given ? a->rule->stop :
			 a->rule->tools	     ? CALL_STOP_TOOLS :
					       CALL_STOP_END;
	if (a->answer.stop == CALL_STOP_SEQUENCE && r->stop_count)
		a->answer.stop_sequence = r->stops[0];
	a->answer.usage = usage_make(a);
	return text_error(&a->text);
}

/* --- a stream --- */

struct streaming {
	const struct wire *wire;
	struct wire_encoder *encoder;
	struct text *out;
	int err; /* the first */
};

static void event_put(struct streaming *s, const struct call_event *event)
{
	if (!s->err)
		s->err = s->wire->encoder_event(s->encoder, event, s->out);
}

/* Of so many characters each; what continues one in UTF-8 is 10xxxxxx. */
static void pieces_put(struct streaming *s, enum call_event_kind kind, struct call_string text,
		       uint64_t characters)
{
	struct call_event event = { .kind = kind };
	size_t at = 0, end;
	uint64_t some;

	while (at < text.len && !s->err) {
		for (end = at, some = 0; end < text.len; end++)
			if (((unsigned char)text.at[end] & 0xc0) != 0x80 && some++ == characters)
				break;
		event.text = (struct call_string){ text.at + at, end - at };
		event_put(s, &event);
		at = end;
	}
}

static void part_put(struct streaming *s, const struct call_part *part, uint64_t characters)
{
	const bool call = part->kind == CALL_TOOL_CALL;

	if (call)
		event_put(s, &(struct call_event){ .kind = CALL_TOOL_BEGIN,
						   .id = part->id,
						   .name = part->name });
	pieces_put(s, call ? CALL_TOOL_MORE : CALL_TEXT_MORE, part->text, characters);
	event_put(s, &(struct call_event){ .kind = CALL_PART_END });
}

static int stream_put(const struct said *a, const struct wire *wire, struct text *out)
{
	const struct call_answer *answer = &a->answer;
	struct streaming s = { .wire = wire, .out = out };
	struct call_usage before = answer->usage;
	size_t i;

	before.output = 0;
	s.encoder = wire->encoder_create(a->view->request);
	if (!s.encoder)
		return -ENOMEM;
	event_put(&s, &(struct call_event){ .kind = CALL_BEGIN,
					    .id = answer->id,
					    .model = answer->model,
					    .usage = before });
	for (i = 0; i < answer->part_count; i++)
		part_put(&s, &answer->parts[i], a->rule->piece);
	event_put(&s, &(struct call_event){ .kind = CALL_STOP,
					    .stop = answer->stop,
					    .stop_sequence = answer->stop_sequence,
					    .usage = answer->usage });
	wire->encoder_free(s.encoder);
	return s.err;
}

/* An event ends with an empty line, and has none in it. */
static int ends_find(struct script_reply *r)
{
	const struct text *t = &r->body;
	size_t i, count = 0;

	for (i = 1; i < t->len; i++)
		count += t->bytes[i - 1] == '\n' && t->bytes[i] == '\n';
	r->ends = calloc(count + 1, sizeof(*r->ends));
	if (!r->ends)
		return -ENOMEM;
	for (i = 1; i < t->len; i++)
		if (t->bytes[i - 1] == '\n' && t->bytes[i] == '\n')
			r->ends[r->count++] = i + 1;
	return 0;
}

/* --- all of it --- */

static void reply_cut(struct script_reply *r, const struct script_rule *rule)
{
	r->sent = r->body.len;
	r->events = r->count;
	if (!rule->cut_given || (r->stream && rule->cut >= r->count))
		return;
	r->cut = true;
	r->events = r->stream ? (size_t)rule->cut : 0;
	if (!r->stream)
		r->sent /= 2;
	else
		r->sent = r->events ? r->ends[r->events - 1] : 0;
}

static int answer_make(const struct script_rule *rule, const struct script_view *view,
		       const struct wire *wire, struct script_reply *r, struct wire_fault *fault)
{
	struct said *a = calloc(1, sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	a->rule = rule;
	a->view = view;
	r->status = 200;
	r->stream = view->request->stream;
	err = said_make(a);
	if (!err && r->stream)
		err = stream_put(a, wire, &r->body);
	else if (!err)
		err = wire->answer_encode(&a->answer, &r->body, fault);
	if (!err)
		err = text_error(&r->body);
	if (!err && r->stream)
		err = ends_find(r);
	text_release(&a->text);
	free(a);
	return err;
}

static int refusal_make(const struct script_rule *rule, const struct wire *wire,
			struct script_reply *r)
{
	const struct call_error error = {
		.kind = wire_error_kind(rule->status),
		.status = rule->status,
		.message = rule->message.at ? rule->message :
					      CALL_STRING("agentos-scripted: a rule says so"),
	};
	int err = script_reply_error(&error, wire, r);

	r->retry_given = rule->retry_given;
	r->retry_after = rule->retry_after;
	return err;
}

int script_reply_make(const struct script_rule *rule, const struct script_view *view,
		      const struct wire *wire, struct script_reply *ret_reply,
		      struct wire_fault *ret_fault)
{
	struct script_reply r = { .body = { .limit = LIMIT_SCRIPT_REPLY } };
	int err;

	ret_fault->text[0] = '\0';
	err = rule->status ? refusal_make(rule, wire, &r) :
			     answer_make(rule, view, wire, &r, ret_fault);
	if (err) {
		script_reply_release(&r);
		return err;
	}
	r.delay_ms = rule->delay_ms;
	r.stream_ms = rule->stream_ms;
	reply_cut(&r, rule);
	*ret_reply = r;
	return 0;
}

int script_reply_error(const struct call_error *error, const struct wire *wire,
		       struct script_reply *ret_reply)
{
	struct script_reply r = { .status = wire_error_status(error) };
	int err = wire->error_encode(error, &r.body);

	if (err) {
		script_reply_release(&r);
		return err;
	}
	r.sent = r.body.len;
	*ret_reply = r;
	return 0;
}

int script_reply_models(enum wire_kind wire, struct script_reply *ret_reply)
{
	struct script_reply r = { .status = 200 };

	text_string(&r.body,
		    wire == WIRE_GEMINI ?
			    "{\"models\":[{\"name\":\"models/scripted\",\"displayName\":"
			    "\"scripted: a script, and no model\"}]}" :
			    "{\"object\":\"list\",\"data\":[{\"id\":\"scripted\",\"object\":"
			    "\"model\",\"type\":\"model\",\"display_name\":\"scripted: a script, "
			    "and no model\",\"created\":0,\"created_at\":\"1970-01-01T00:00:00Z\","
			    "\"owned_by\":\"agentos-scripted\"}],\"has_more\":false}");
	if (text_error(&r.body)) {
		script_reply_release(&r);
		return -ENOMEM;
	}
	r.sent = r.body.len;
	*ret_reply = r;
	return 0;
}

void script_reply_release(struct script_reply *r)
{
	text_release(&r->body);
	free(r->ends);
	r->ends = NULL;
	r->count = 0;
}
