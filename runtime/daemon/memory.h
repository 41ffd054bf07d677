/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory of agentosd: who starts takes megabytes, who goes on needs few of them. */
#ifndef AGENTOS_DAEMON_MEMORY_H
#define AGENTOS_DAEMON_MEMORY_H

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

#endif
