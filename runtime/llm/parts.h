/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of a turn as they are decoded: a list that grows in an arena. */
#ifndef AGENTOS_LLM_PARTS_H
#define AGENTOS_LLM_PARTS_H

#include "llm/call.h"
#include "llm/tree.h"

/* Zero before use. */
struct parts {
	struct call_part *list;
	size_t count, room;
};

/* One more, zeroed but for its kind; NULL when there is no memory (kept as the tree's error). */
struct call_part *parts_add(struct parts *p, const struct tree_node *n, enum call_part_kind kind);
/* TEXT of its own, unless there is none. */
void parts_text(struct parts *p, const struct tree_node *n, struct call_string text);
/* The last one, or NULL. */
struct call_part *parts_last(const struct parts *p);

#endif
