/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of tail.h: what its files share. */
#ifndef AGENTOS_LLM_TAIL_STATE_H
#define AGENTOS_LLM_TAIL_STATE_H

#include <string.h>

#include "llm/scan.h"
#include "llm/tail.h"

/* Of a frame of Responses: in the order of its paths. */
enum tail_at {
	TAIL_TYPE,
	TAIL_SEQUENCE,
	TAIL_PLACE,
	TAIL_PART,
	TAIL_DELTA,
	TAIL_ITEM,
	TAIL_ITEM_TYPE,
	TAIL_ITEM_ID,
	TAIL_ID,
	TAIL_MODEL,
	TAIL_CREATED,
	TAIL_VALUES
};

struct tail {
	enum wire_kind wire;
	/* Of the frame that was looked at; other wires have TYPE, PLACE, ID, MODEL and CREATED. */
	struct scan_value now[TAIL_VALUES];
	bool known;		/* the stream's first frame came: these three are set */
	struct text id, model;	/* JSON as it came, or nothing */
	struct text created;	/* likewise */
	bool open;		/* Anthropic: a block; Responses: a message */
	struct text place;	/* of it, a number */
	uint64_t sequence;	/* of the next event */
	struct text items;	/* that are whole, with commas */
	struct text item, part; /* the open message's id, and the number of its part */
	struct text text;	/* of that part, as it stands in JSON */
	bool in_part;
	bool forgot; /* items and text were too much, and are not kept */
	/* Of Responses: text that came by now, piece by piece, and in items that are whole. */
	uint64_t in_pieces, in_items;
};

/* As it stands in JSON, with its quotes. */
static inline bool value_is(const struct scan_value *v, const char *json)
{
	return v->kind == SCAN_STRING && v->len == strlen(json) && !memcmp(v->at, json, v->len);
}

#endif
