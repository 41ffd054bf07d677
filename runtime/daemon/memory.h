/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory of agentosd: who starts takes megabytes, who goes on needs few of them. */
#ifndef AGENTOS_DAEMON_MEMORY_H
#define AGENTOS_DAEMON_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Before anything large is allocated. To load BPF programs takes the kernel's types, megabytes of
 * them, and the first such piece that is freed would have malloc keep all later ones in the heap.
 */
void memory_bound(void);
/*
 * What only the start took goes back to the kernel: free pieces of the heap, and pages of programs
 * and libraries that are never written to, which come again from their files where they are needed.
 */
void memory_trim(void);

/* Zero before use. */
struct memory_rest {
	uint64_t records;
	unsigned int looks; /* in a row that found no new one */
};

/*
 * Looks once a second whether there is nothing to record any more, of which there are so many by
 * now: what the work took goes back once, a moment after it.
 */
void memory_rest(struct memory_rest *r, uint64_t records);

#endif
