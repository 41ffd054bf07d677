/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of tail.h: what its two files share. */
#ifndef AGENTOS_LLM_TAIL_STATE_H
#define AGENTOS_LLM_TAIL_STATE_H

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
};

#endif
