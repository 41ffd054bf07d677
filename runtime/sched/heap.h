/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A heap of what its owner embeds a node in: the least key is on top, of equal ones the least tie. */
#ifndef AGENTOS_SCHED_HEAP_H
#define AGENTOS_SCHED_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is one that is in no heap. */
struct heap_node {
	size_t place; /* in the entries, and one */
};

/* Keys stand beside each other, so that comparing them touches no node. */
struct heap_entry {
	uint64_t key, tie;
	struct heap_node *node;
};

/* All zero is an empty one. */
struct heap {
	struct heap_entry *entries; /* owned */
	size_t count, room;
};

/* Room for so many in all, so that heap_put() has it. -ENOMEM and nothing is changed. */
int heap_reserve(struct heap *h, size_t count);
void heap_release(struct heap *h);

/* Puts it in, for which there must be room, or moves it where its new key belongs. */
void heap_put(struct heap *h, struct heap_node *node, uint64_t key, uint64_t tie);
/* Takes it out, if it is in. */
void heap_drop(struct heap *h, struct heap_node *node);
/* The least; NULL: there is none. */
struct heap_node *heap_top(const struct heap *h);

static inline bool heap_has(const struct heap_node *node)
{
	return node->place != 0;
}

#endif
