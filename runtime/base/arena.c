// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory that is freed all at once. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES 4000 /* what a block has usually; a page with malloc()'s own */

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	alignas(max_align_t) unsigned char bytes[];
};

static struct arena_block *block_add(struct arena *a, size_t size)
{
	struct arena_block *block = calloc(1, sizeof(*block) + size);

	if (!block)
		return NULL;
	block->size = size;
	/* What is large gets a block of its own behind the one that still has room. */
	if (a->blocks && size > BLOCK_BYTES) {
		block->next = a->blocks->next;
		a->blocks->next = block;
	} else {
		block->next = a->blocks;
		a->blocks = block;
	}
	return block;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *block = a->blocks;
	void *at;

	if (size > PTRDIFF_MAX - sizeof(*block) - alignof(max_align_t))
		return NULL;
	size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (a->limit && size > a->limit - a->total)
		return NULL;
	if (!block || block->size - block->used < size)
		block = block_add(a, size > BLOCK_BYTES ? size : BLOCK_BYTES);
	if (!block)
		return NULL;
	at = block->bytes + block->used;
	block->used += size;
	a->total += size;
	return at;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t bytes;

	return __builtin_mul_overflow(count, size, &bytes) ? NULL : arena_alloc(a, bytes);
}

char *arena_copy(struct arena *a, const void *bytes, size_t len)
{
	char *copy = len < SIZE_MAX ? arena_alloc(a, len + 1) : NULL;

	if (copy && len)
		memcpy(copy, bytes, len);
	return copy;
}

void arena_release(struct arena *a)
{
	struct arena_block *block = a->blocks, *next;

	for (; block; block = next) {
		next = block->next;
		free(block);
	}
	a->blocks = NULL;
	a->total = 0;
}
