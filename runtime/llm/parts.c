// SPDX-License-Identifier: GPL-2.0-or-later
/* Parts of a turn as they are decoded. */
#include "llm/parts.h"

#include <string.h>

#define FIRST_PARTS 4

struct call_part *parts_add(struct parts *p, const struct tree_node *n, enum call_part_kind kind)
{
	size_t room = p->room ? 2 * p->room : FIRST_PARTS;
	struct call_part *grown;

	if (p->count == p->room) {
		grown = tree_alloc(n, room, sizeof(*grown));
		if (!grown)
			return NULL;
		if (p->count)
			memcpy(grown, p->list, p->count * sizeof(*grown));
		p->list = grown;
		p->room = room;
	}
	p->list[p->count].kind = kind;
	return &p->list[p->count++];
}

void parts_text(struct parts *p, const struct tree_node *n, struct call_string text)
{
	struct call_part *part = text.at ? parts_add(p, n, CALL_TEXT) : NULL;

	if (part)
		part->text = text;
}

struct call_part *parts_last(const struct parts *p)
{
	return p->count ? &p->list[p->count - 1] : NULL;
}
