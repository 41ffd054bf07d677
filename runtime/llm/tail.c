// SPDX-License-Identifier: GPL-2.0-or-later
/* What a stream has said so far: its frames, looked over without a tree. */
#include "llm/tail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "llm/tail_state.h"

struct tail *tail_create(enum wire_kind wire)
{
	struct tail *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->wire = wire;
	return t;
}

void tail_free(struct tail *t)
{
	if (!t)
		return;
	text_release(&t->id);
	text_release(&t->model);
	text_release(&t->created);
	text_release(&t->place);
	text_release(&t->items);
	text_release(&t->item);
	text_release(&t->part);
	text_release(&t->text);
	free(t);
}

/* --- what is kept --- */

size_t tail_bytes(const struct tail *t)
{
	return t->id.room + t->model.room + t->created.room + t->place.room + t->items.room +
	       t->item.room + t->part.room + t->text.room;
}

static size_t growth(const struct text *t, size_t more)
{
	return t->len + more > t->room ? t->room + more : 0;
}

size_t tail_growth(const struct tail *t)
{
	if (t->wire != WIRE_OPENAI_RESPONSES || t->forgot)
		return 0;
	return growth(&t->text, t->now[TAIL_DELTA].len) +
	       growth(&t->items, t->now[TAIL_ITEM].len + 1);
}

void tail_forget(struct tail *t)
{
	t->forgot = true;
	text_release(&t->items);
	text_release(&t->text);
}

/* Is there room for so much more of the answer? If not, none of it is kept. */
static bool may_keep(struct tail *t, size_t more)
{
	if (!t->forgot && t->items.len + t->text.len + more > LIMIT_CALL_TAIL)
		tail_forget(t);
	return !t->forgot;
}

/* What is too long for a name is none. */
static void keep(struct text *t, const struct scan_value *v, enum scan_kind kind)
{
	t->len = 0;
	if (v->kind == kind && v->len <= LIMIT_CALL_TAIL_NAME)
		text_put(t, v->at, v->len);
}

static void block_take(struct tail *t)
{
	const struct scan_value *now = t->now;

	if (value_is(&now[TAIL_TYPE], "\"content_block_start\"")) {
		t->open = true;
		keep(&t->place, &now[TAIL_PLACE], SCAN_NUMBER);
	} else if (value_is(&now[TAIL_TYPE], "\"content_block_stop\"")) {
		t->open = false;
	}
}

static void item_take(struct tail *t)
{
	const struct scan_value *now = t->now;

	if (value_is(&now[TAIL_TYPE], "\"response.output_item.added\"")) {
		t->open = value_is(&now[TAIL_ITEM_TYPE], "\"message\"");
		t->in_part = false;
		keep(&t->item, &now[TAIL_ITEM_ID], SCAN_STRING);
		keep(&t->place, &now[TAIL_PLACE], SCAN_NUMBER);
	} else if (value_is(&now[TAIL_TYPE], "\"response.content_part.added\"")) {
		t->in_part = t->open;
		keep(&t->part, &now[TAIL_PART], SCAN_NUMBER);
		t->text.len = 0;
	} else if (value_is(&now[TAIL_TYPE], "\"response.output_text.delta\"")) {
		if (t->in_part && now[TAIL_DELTA].kind == SCAN_STRING &&
		    may_keep(t, now[TAIL_DELTA].len))
			text_put(&t->text, now[TAIL_DELTA].at + 1, now[TAIL_DELTA].len - 2);
	} else if (value_is(&now[TAIL_TYPE], "\"response.output_item.done\"")) {
		t->open = t->in_part = false;
		if (now[TAIL_ITEM].kind != SCAN_OBJECT || !may_keep(t, now[TAIL_ITEM].len + 1))
			return;
		text_string(&t->items, t->items.len ? "," : "");
		text_put(&t->items, now[TAIL_ITEM].at, now[TAIL_ITEM].len);
	}
}

int tail_take(struct tail *t)
{
	uint64_t number;

	if (!t->known &&
	    (t->now[TAIL_ID].kind != SCAN_NONE || t->now[TAIL_MODEL].kind != SCAN_NONE)) {
		t->known = true;
		keep(&t->id, &t->now[TAIL_ID], SCAN_STRING);
		keep(&t->model, &t->now[TAIL_MODEL], SCAN_STRING);
		keep(&t->created, &t->now[TAIL_CREATED], SCAN_NUMBER);
	}
	if (t->wire == WIRE_ANTHROPIC)
		block_take(t);
	if (t->wire == WIRE_OPENAI_RESPONSES) {
		item_take(t);
		if (!scan_uint(&t->now[TAIL_SEQUENCE], &number) && number < UINT64_MAX)
			t->sequence = number + 1;
	}
	return t->id.failed || t->model.failed || t->created.failed || t->place.failed ||
			       t->items.failed || t->item.failed || t->part.failed ||
			       t->text.failed ?
		       -ENOMEM :
		       0;
}
