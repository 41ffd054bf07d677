/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds what stands in an array by what it is, without comparing it with all the rest. */
#ifndef AGENTOS_BASE_INDEX_H
#define AGENTOS_BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Positions in the caller's array, hashed. All zero is an empty one. */
struct index {
	uint32_t *slots; /* a position and one, or 0 */
	size_t room;	 /* a power of two, at least twice `count` */
	size_t count;
};

/* FNV-1a over what is given, on from `hash`; begin with INDEX_HASH. */
#define INDEX_HASH 0xcbf29ce484222325ULL
uint64_t index_hash(uint64_t hash, const void *bytes, size_t len);

/*
 * The position of what has this hash and is equal to `wanted`, or SIZE_MAX.
 * equal() is told a position and the cookie.
 */
size_t index_find(const struct index *index, uint64_t hash,
		  bool (*equal)(const void *wanted, const void *cookie, size_t at),
		  const void *wanted, const void *cookie);

/*
 * Adds a position that is in none yet. hash() tells the hash of one, when the
 * index grows. -ENOMEM and nothing is changed.
 */
int index_add(struct index *index, size_t at, uint64_t (*hash)(const void *cookie, size_t at),
	      const void *cookie);

void index_release(struct index *index);

#endif
