// SPDX-License-Identifier: GPL-2.0-or-later
/* A heap of four children each: half as deep as one of two, and they share a line of cache. */
#include "sched/heap.h"

#include <errno.h>
#include <stdlib.h>

#define CHILDREN 4
#define FIRST	 4

int heap_reserve(struct heap *h, size_t count)
{
	size_t room = h->room ? h->room : FIRST;
	struct heap_entry *entries;

	if (count <= h->room)
		return 0;
	while (room < count)
		room *= 2;
	entries = reallocarray(h->entries, room, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	h->entries = entries;
	h->room = room;
	return 0;
}

void heap_release(struct heap *h)
{
	free(h->entries);
	*h = (struct heap){ 0 };
}

static bool entry_less(const struct heap_entry *a, const struct heap_entry *b)
{
	return a->key != b->key ? a->key < b->key : a->tie < b->tie;
}

static void entry_set(struct heap *h, size_t at, struct heap_entry e)
{
	h->entries[at] = e;
	e.node->place = at + 1;
}

static void entry_rise(struct heap *h, size_t at, struct heap_entry e)
{
	while (at && entry_less(&e, &h->entries[(at - 1) / CHILDREN])) {
		entry_set(h, at, h->entries[(at - 1) / CHILDREN]);
		at = (at - 1) / CHILDREN;
	}
	entry_set(h, at, e);
}

static void entry_sink(struct heap *h, size_t at, struct heap_entry e)
{
	size_t child, least, end;

	while ((child = at * CHILDREN + 1) < h->count) {
		end = child + CHILDREN < h->count ? child + CHILDREN : h->count;
		for (least = child++; child < end; child++) {
			if (entry_less(&h->entries[child], &h->entries[least]))
				least = child;
		}
		if (!entry_less(&h->entries[least], &e))
			break;
		entry_set(h, at, h->entries[least]);
		at = least;
	}
	entry_set(h, at, e);
}

/* Whatever stood at this place before: up or down, only one of them moves it. */
static void entry_settle(struct heap *h, size_t at, struct heap_entry e)
{
	if (at && entry_less(&e, &h->entries[(at - 1) / CHILDREN]))
		entry_rise(h, at, e);
	else
		entry_sink(h, at, e);
}

void heap_put(struct heap *h, struct heap_node *node, uint64_t key, uint64_t tie)
{
	const struct heap_entry e = { key, tie, node };

	if (node->place)
		entry_settle(h, node->place - 1, e);
	else
		entry_rise(h, h->count++, e);
}

void heap_drop(struct heap *h, struct heap_node *node)
{
	size_t at;

	if (!node->place)
		return;
	at = node->place - 1;
	node->place = 0;
	if (at != --h->count)
		entry_settle(h, at, h->entries[h->count]);
}

struct heap_node *heap_top(const struct heap *h)
{
	return h->count ? h->entries[0].node : NULL;
}
