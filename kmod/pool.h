/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Freed objects of one size, kept on the processor that freed them until RCU's
 * readers are through with them, for whoever wants one there next: it spares
 * call_rcu(), kmem_cache_free() and kmem_cache_alloc(), some 300 instructions.
 *
 * A pool starts no grace period and waits for none. What has not waited long
 * enough is not given out, and what finds no room is not taken: the caller then
 * does without it. So an object is reused exactly when RCU would have freed it.
 */
#ifndef AGENTOS_POOL_H
#define AGENTOS_POOL_H

#include <linux/types.h>

/* Objects at most that each processor keeps: those of two grace periods of a busy one. */
#define POOL_SIZE 512 /* a power of two */

struct pool_cpu;

struct pool {
	struct pool_cpu __percpu *cpus;
};

/*
 * The calling processor's oldest, with what it held when it was given, or NULL.
 * Softirqs are off, and not in a hard interrupt.
 */
void *__must_check pool_take(struct pool *pool);

/*
 * True when the pool has taken the object; no new reader can find it, old ones may
 * still look at it. False: it is still the caller's. Likewise.
 */
bool __must_check pool_give(struct pool *pool, void *object);

/* 0 or -ENOMEM. In kernels that look for uses after free (KASAN) it stays empty. */
int pool_init(struct pool *pool);

/* Nobody uses the pool any more, and no reader looks at what is in it. */
void pool_exit(struct pool *pool, void (*release)(void *object));

#endif
