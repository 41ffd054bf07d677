// SPDX-License-Identifier: GPL-2.0-or-later
/* Things by ids that are never used again, so that one that is gone is not taken for another. */
#include <errno.h>
#include <stdlib.h>

#include "sched/state.h"

#define FIRST 64

int table_reserve(struct table *t)
{
	struct table_slot *slots;
	uint32_t room;

	if (t->free || t->used < t->room)
		return 0;
	if (t->used == t->most)
		return -ENOSPC;
	room = t->room ? 2 * t->room : FIRST;
	if (room > t->most)
		room = t->most;
	slots = reallocarray(t->slots, room, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	t->slots = slots;
	t->room = room;
	return 0;
}

sched_id table_add(struct table *t, void *thing)
{
	struct table_slot *slot;
	uint32_t place;

	if (t->free) {
		place = t->free - 1;
		t->free = t->slots[place].next;
	} else {
		place = t->used++;
		t->slots[place].uses = 0;
	}
	slot = &t->slots[place];
	slot->thing = thing;
	slot->uses++;
	return (uint64_t)slot->uses << 32 | place;
}

void *table_find(const struct table *t, sched_id id)
{
	const uint32_t place = (uint32_t)id;

	if (place >= t->used || t->slots[place].uses != id >> 32)
		return NULL;
	return t->slots[place].thing;
}

void table_drop(struct table *t, sched_id id)
{
	struct table_slot *slot = &t->slots[(uint32_t)id];

	slot->thing = NULL;
	/* A place whose ids are all used up is left alone. */
	if (slot->uses == UINT32_MAX)
		return;
	slot->next = t->free;
	t->free = (uint32_t)id + 1;
}
