// SPDX-License-Identifier: GPL-2.0-only
/* Freed objects that wait for RCU's readers, and for the next who wants one. */
#include "pool.h"

#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>

#define BATCH 16 /* that are asked for together whether their time has passed */

/*
 * A ring, oldest first: [head, ready) may be given out; [ready, tail) wait. When a
 * batch is complete its time begins, for all of it. Counts are of all that ever
 * came by; they wrap as their places do.
 */
struct pool_cpu {
	u32 head, ready, tail;
	unsigned long grace[POOL_SIZE / BATCH]; /* get_state_synchronize_rcu() */
	void *kept[POOL_SIZE];
};

static_assert(POOL_SIZE % BATCH == 0 && (POOL_SIZE & (POOL_SIZE - 1)) == 0);

static unsigned long *pool_grace(struct pool_cpu *here, u32 first)
{
	return &here->grace[first % POOL_SIZE / BATCH];
}

/* The next batch has come, and its readers are through. */
static bool pool_ripens(struct pool_cpu *here)
{
	if (here->tail - here->ready < BATCH ||
	    !poll_state_synchronize_rcu(*pool_grace(here, here->ready)))
		return false;
	here->ready += BATCH;
	return true;
}

void *pool_take(struct pool *pool)
{
	struct pool_cpu *here;

	if (IS_ENABLED(CONFIG_KASAN))
		return NULL;
	here = this_cpu_ptr(pool->cpus);
	if (here->head == here->ready && !pool_ripens(here))
		return NULL;
	return here->kept[here->head++ % POOL_SIZE];
}

bool pool_give(struct pool *pool, void *object)
{
	struct pool_cpu *here;

	if (IS_ENABLED(CONFIG_KASAN))
		return false;
	here = this_cpu_ptr(pool->cpus);
	if (here->tail - here->head == POOL_SIZE)
		return false;
	here->kept[here->tail++ % POOL_SIZE] = object;
	if (here->tail % BATCH == 0)
		*pool_grace(here, here->tail - BATCH) = get_state_synchronize_rcu();
	return true;
}

int pool_init(struct pool *pool)
{
	pool->cpus = alloc_percpu(struct pool_cpu);
	return pool->cpus ? 0 : -ENOMEM;
}

static void pool_empty(struct pool_cpu *there, void (*release)(void *object))
{
	while (there->head != there->tail)
		release(there->kept[there->head++ % POOL_SIZE]);
}

void pool_exit(struct pool *pool, void (*release)(void *object))
{
	int cpu;

	for_each_possible_cpu(cpu) pool_empty(per_cpu_ptr(pool->cpus, cpu), release);
	free_percpu(pool->cpus);
}
