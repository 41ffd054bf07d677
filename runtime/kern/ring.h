/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A BPF ring buffer read in batches: what was read stays in the ring until it is safe elsewhere. */
#ifndef AGENTOS_KERN_RING_H
#define AGENTOS_KERN_RING_H

#include <stdint.h>

#include "agentos_event.h"

struct ring;

/* map is a descriptor of a BPF_MAP_TYPE_RINGBUF; it is not taken over. One reader at a time. */
int ring_open(int map, struct ring **ret_ring);
void ring_close(struct ring *r);

/* Calls each(event, cookie) for up to max records, oldest first, without giving up
 * their room; records whose layout this reader does not know are passed as NULL.
 * Stops early when each() returns non-zero, and returns that; that record will come again.
 * Else returns how many were read. */
int ring_peek(struct ring *r, unsigned int max,
	      int (*each)(const struct agentos_event *event, void *cookie), void *cookie);

/* Gives back the room of all that ring_peek() handed out. */
void ring_commit(struct ring *r);

/* Up to where that was: the consumer's position. */
uint64_t ring_consumed(const struct ring *r);

#endif
