// SPDX-License-Identifier: GPL-2.0-or-later
/* The most frequent of any number of names: a hash table for finding them, a heap for the least frequent. */
#include "base/top.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/index.h"

#define NONE UINT16_MAX

struct slot {
	uint64_t count, over, hash;
	uint16_t len, next; /* of those with the same place in the table */
	uint16_t heap;	    /* its place there */
	char name[TOP_NAME];
};

struct top {
	size_t room, used;
	uint64_t total;
	bool full;
	struct slot *slots; /* owned, as are the others */
	uint16_t *table;    /* twice as many as slots, of the first with a hash */
	uint16_t *heap;	    /* of slots: none counts less than the one above it, at (i - 1) / 2 */
	struct top_entry *list;
};

int top_create(size_t room, struct top **ret_top)
{
	struct top *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->room = room;
	t->slots = calloc(room, sizeof(*t->slots));
	t->table = malloc(2 * room * sizeof(*t->table));
	t->heap = calloc(room, sizeof(*t->heap));
	t->list = calloc(room, sizeof(*t->list));
	if (!t->slots || !t->table || !t->heap || !t->list) {
		top_free(t);
		return -ENOMEM;
	}
	memset(t->table, 0xff, 2 * room * sizeof(*t->table));
	*ret_top = t;
	return 0;
}

void top_free(struct top *t)
{
	if (!t)
		return;
	free(t->slots);
	free(t->table);
	free(t->heap);
	free(t->list);
	free(t);
}

static uint16_t *table_place(const struct top *t, uint64_t hash)
{
	return &t->table[hash % (2 * t->room)];
}

static uint16_t slot_find(const struct top *t, uint64_t hash, const char *name, size_t len)
{
	const struct slot *s;
	uint16_t at;

	for (at = *table_place(t, hash); at != NONE; at = s->next) {
		s = &t->slots[at];
		if (s->hash == hash && s->len == len && memcmp(s->name, name, len) == 0)
			break;
	}
	return at;
}

static void slot_unlink(struct top *t, uint16_t at)
{
	uint16_t *place = table_place(t, t->slots[at].hash);

	while (*place != at)
		place = &t->slots[*place].next;
	*place = t->slots[at].next;
}

static void heap_put(struct top *t, size_t place, uint16_t at)
{
	t->heap[place] = at;
	t->slots[at].heap = (uint16_t)place;
}

/* A count has grown: down with it, below those that are less. */
static void heap_sink(struct top *t, uint16_t at)
{
	size_t place = t->slots[at].heap, child;

	while ((child = 2 * place + 1) < t->used) {
		if (child + 1 < t->used &&
		    t->slots[t->heap[child + 1]].count < t->slots[t->heap[child]].count)
			child++;
		if (t->slots[t->heap[child]].count >= t->slots[at].count)
			break;
		heap_put(t, place, t->heap[child]);
		place = child;
	}
	heap_put(t, place, at);
}

/* A new one has come in at the end: up with it, above those that are more. */
static void heap_rise(struct top *t, uint16_t at)
{
	size_t place = t->slots[at].heap;

	while (place && t->slots[t->heap[(place - 1) / 2]].count > t->slots[at].count) {
		heap_put(t, place, t->heap[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	heap_put(t, place, at);
}

void top_add(struct top *t, const char *name, size_t len, uint64_t count)
{
	struct slot *s;
	uint64_t hash;
	uint16_t at;

	if (len > TOP_NAME)
		len = TOP_NAME;
	hash = index_hash(INDEX_HASH, name, len);
	at = slot_find(t, hash, name, len);
	t->total += count;
	if (at != NONE) {
		t->slots[at].count += count;
		heap_sink(t, at);
		return;
	}
	if (t->used < t->room) {
		at = (uint16_t)t->used;
		s = &t->slots[at];
		s->count = count;
		heap_put(t, t->used++, at);
	} else {
		t->full = true;
		at = t->heap[0];
		slot_unlink(t, at);
		s = &t->slots[at];
		s->over = s->count;
		s->count += count;
	}
	s->hash = hash;
	s->len = (uint16_t)len;
	memcpy(s->name, name, len);
	s->next = *table_place(t, hash);
	*table_place(t, hash) = at;
	if (s->over)
		heap_sink(t, at);
	else
		heap_rise(t, at);
}

static int entry_order(const void *a, const void *b)
{
	const struct top_entry *left = a, *right = b;
	size_t shorter = left->len < right->len ? left->len : right->len;
	int order;

	if (left->count != right->count)
		return left->count < right->count ? 1 : -1;
	order = memcmp(left->name, right->name, shorter);
	return order ? order : (left->len > right->len) - (left->len < right->len);
}

size_t top_list(struct top *t, struct top_entry *ret_entries, size_t most)
{
	size_t i;

	for (i = 0; i < t->used; i++)
		t->list[i] = (struct top_entry){ t->slots[i].name, t->slots[i].len,
						 t->slots[i].count, t->slots[i].over };
	if (t->used)
		qsort(t->list, t->used, sizeof(*t->list), entry_order);
	if (most > t->used)
		most = t->used;
	memcpy(ret_entries, t->list, most * sizeof(*t->list));
	return most;
}

uint64_t top_total(const struct top *t)
{
	return t->total;
}

bool top_is_full(const struct top *t)
{
	return t->full;
}
