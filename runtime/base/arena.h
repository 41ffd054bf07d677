/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is freed all at once: for what is decoded from one message. */
#ifndef AGENTOS_BASE_ARENA_H
#define AGENTOS_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

/* Zero before use. */
struct arena {
	struct arena_block *blocks;
	size_t total; /* bytes handed out */
	size_t limit; /* of total; 0: none */
};

/* Zeroed and aligned for any type, or NULL: no memory, or beyond the limit. size may be 0. */
void *arena_alloc(struct arena *a, size_t size);
/* For count things of size bytes each; NULL also when that overflows. */
void *arena_array(struct arena *a, size_t count, size_t size);
/* The bytes and a NUL behind them. */
char *arena_copy(struct arena *a, const void *bytes, size_t len);
/* Frees all of it; the arena may be used again. */
void arena_release(struct arena *a);

#endif
