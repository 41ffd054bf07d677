// SPDX-License-Identifier: GPL-2.0-or-later
/* A table of positions with open addressing. */
#include "base/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_FIRST 64

uint64_t index_hash(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *byte = bytes;
	size_t i;

	for (i = 0; i < len; i++)
		hash = (hash ^ byte[i]) * 0x100000001b3ULL;
	return hash;
}

size_t index_find(const struct index *index, uint64_t hash,
		  bool (*equal)(const void *wanted, const void *cookie, size_t at),
		  const void *wanted, const void *cookie)
{
	size_t i;

	if (!index->room)
		return SIZE_MAX;
	for (i = hash & (index->room - 1); index->slots[i]; i = (i + 1) & (index->room - 1))
		if (equal(wanted, cookie, index->slots[i] - 1))
			return index->slots[i] - 1;
	return SIZE_MAX;
}

static void index_put(uint32_t *slots, size_t room, uint64_t hash, size_t at)
{
	size_t i = hash & (room - 1);

	while (slots[i])
		i = (i + 1) & (room - 1);
	slots[i] = (uint32_t)at + 1;
}

int index_add(struct index *index, size_t at, uint64_t (*hash)(const void *cookie, size_t at),
	      const void *cookie)
{
	size_t room = index->room ? 2 * index->room : INDEX_FIRST, i;
	uint32_t *slots;

	if (at >= UINT32_MAX)
		return -ENOMEM;
	if (2 * (index->count + 1) > index->room) {
		slots = calloc(room, sizeof(*slots));
		if (!slots)
			return -ENOMEM;
		for (i = 0; i < index->room; i++)
			if (index->slots[i])
				index_put(slots, room, hash(cookie, index->slots[i] - 1),
					  index->slots[i] - 1);
		free(index->slots);
		index->slots = slots;
		index->room = room;
	}
	index_put(index->slots, index->room, hash(cookie, at), at);
	index->count++;
	return 0;
}

void index_release(struct index *index)
{
	free(index->slots);
	memset(index, 0, sizeof(*index));
}
