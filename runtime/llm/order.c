// SPDX-License-Identifier: GPL-2.0-or-later
/* The parts of a streamed answer, put in call.h's order. */
#include "llm/order.h"

#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/text.h"

struct part {
	enum call_part_kind kind;
	uint64_t key;
	bool named, ended, filled;
	struct text id, name;
	struct text held, sealed; /* while it is not the first */
};

struct order {
	int (*emit)(const struct call_event *event, void *cookie);
	void *cookie;
	struct part *parts;
	size_t count, room;
	size_t first; /* that has not ended, or count */
	size_t held;  /* bytes of all */
	int stopped;
};

struct order *order_create(int (*emit)(const struct call_event *event, void *cookie), void *cookie)
{
	struct order *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->emit = emit;
	o->cookie = cookie;
	return o;
}

static void part_release(struct part *p)
{
	text_release(&p->id);
	text_release(&p->name);
	text_release(&p->held);
	text_release(&p->sealed);
}

void order_free(struct order *o)
{
	size_t i;

	if (!o)
		return;
	for (i = 0; i < o->count; i++)
		part_release(&o->parts[i]);
	free(o->parts);
	free(o);
}

static struct call_string string_of(const struct text *t)
{
	return (struct call_string){ t->bytes ? t->bytes : "", t->len };
}

/* Whether it may be handed on now. */
static bool is_first(const struct order *o, size_t part)
{
	const struct part *p = &o->parts[part];

	return part == o->first && (p->kind != CALL_TOOL_CALL || p->named);
}

static int hand_on(struct order *o, const struct call_event *event)
{
	if (!o->stopped)
		o->stopped = o->emit(event, o->cookie);
	return o->stopped;
}

static int begin_emit(struct order *o, const struct part *p)
{
	const struct call_event event = { .kind = CALL_TOOL_BEGIN,
					  .id = string_of(&p->id),
					  .name = string_of(&p->name) };

	return p->kind == CALL_TOOL_CALL ? hand_on(o, &event) : 0;
}

static int more_emit(struct order *o, const struct part *p, struct call_string text,
		     struct call_string sealed)
{
	static const enum call_event_kind kinds[] = { [CALL_TEXT] = CALL_TEXT_MORE,
						      [CALL_REASONING] = CALL_REASONING_MORE,
						      [CALL_TOOL_CALL] = CALL_TOOL_MORE };
	const struct call_event event = { .kind = kinds[p->kind], .text = text, .sealed = sealed };

	return text.len || sealed.len ? hand_on(o, &event) : 0;
}

static int end_emit(struct order *o, const struct part *p)
{
	const struct call_event event = { .kind = CALL_PART_END };

	return p->kind == CALL_TOOL_CALL || p->filled ? hand_on(o, &event) : 0;
}

/* What the first part held goes out, and if it has ended, what the next one held. */
static int held_emit(struct order *o)
{
	struct part *p;
	int err;

	while (o->first < o->count && is_first(o, o->first)) {
		p = &o->parts[o->first];
		err = begin_emit(o, p);
		if (!err)
			err = more_emit(
				o, p, string_of(&p->held),
				p->sealed.len ? string_of(&p->sealed) : (struct call_string){ 0 });
		if (err)
			return err;
		o->held -= p->held.len + p->sealed.len;
		text_release(&p->held);
		text_release(&p->sealed);
		if (!p->ended)
			break;
		err = end_emit(o, p);
		if (err)
			return err;
		o->first++;
	}
	return 0;
}

int order_open(struct order *o, enum call_part_kind kind, uint64_t key, size_t *ret_part)
{
	struct part *grown;

	if (o->count == LIMIT_LLM_PARTS)
		return -E2BIG;
	if (o->count == o->room) {
		grown = realloc(o->parts, (o->room ? o->room * 2 : 8) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		o->parts = grown;
		o->room = o->room ? o->room * 2 : 8;
	}
	o->parts[o->count] = (struct part){ .kind = kind, .key = key };
	*ret_part = o->count++;
	return 0;
}

int order_name(struct order *o, size_t part, struct call_string id, struct call_string name)
{
	struct part *p = &o->parts[part];

	if (p->named)
		return 0;
	if (o->held + id.len + name.len > LIMIT_LLM_HELD)
		return -E2BIG;
	text_put(&p->id, id.at, id.len);
	text_put(&p->name, name.at, name.len);
	if (text_error(&p->id) || text_error(&p->name))
		return -ENOMEM;
	o->held += id.len + name.len;
	p->named = true;
	return part == o->first ? held_emit(o) : 0;
}

int order_more(struct order *o, size_t part, struct call_string text, struct call_string sealed)
{
	struct part *p = &o->parts[part];

	if (p->ended || (!text.len && !sealed.len))
		return 0;
	p->filled = true;
	if (is_first(o, part))
		return more_emit(o, p, text, sealed);
	if (text.len + sealed.len > LIMIT_LLM_HELD - o->held)
		return -E2BIG;
	text_put(&p->held, text.at, text.len);
	text_put(&p->sealed, sealed.at, sealed.len);
	if (text_error(&p->held) || text_error(&p->sealed))
		return -ENOMEM;
	o->held += text.len + sealed.len;
	return 0;
}

int order_end(struct order *o, size_t part)
{
	struct part *p = &o->parts[part];
	int err;

	if (p->ended)
		return 0;
	if (p->kind == CALL_TOOL_CALL && !p->named)
		return -EBADMSG;
	p->ended = true;
	if (part != o->first)
		return 0;
	err = end_emit(o, p);
	if (err)
		return err;
	o->first++;
	return held_emit(o);
}

int order_end_all(struct order *o)
{
	size_t i;
	int err = 0;

	for (i = o->first; i < o->count && !err; i++)
		err = order_end(o, i);
	return err;
}

bool order_find(const struct order *o, uint64_t key, size_t *ret_part)
{
	size_t i;

	for (i = o->count; i-- > 0;)
		if (o->parts[i].key == key) {
			*ret_part = i;
			return true;
		}
	return false;
}

uint64_t order_key(const struct order *o, size_t part)
{
	return o->parts[part].key;
}

size_t order_count(const struct order *o)
{
	return o->count;
}

enum call_part_kind order_kind(const struct order *o, size_t part)
{
	return o->parts[part].kind;
}

bool order_ended(const struct order *o, size_t part)
{
	return o->parts[part].ended;
}

bool order_filled(const struct order *o, size_t part)
{
	return o->parts[part].filled;
}

struct call_string order_id(const struct order *o, size_t part)
{
	return o->parts[part].named ? string_of(&o->parts[part].id) : (struct call_string){ 0 };
}

int order_stopped(const struct order *o)
{
	return o->stopped;
}

bool order_has_calls(const struct order *o)
{
	size_t i;

	for (i = 0; i < o->count; i++)
		if (o->parts[i].kind == CALL_TOOL_CALL)
			return true;
	return false;
}
