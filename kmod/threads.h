/* SPDX-License-Identifier: GPL-2.0-only */
/* A walk over every thread of one agent, without memory and without holding a lock between. */
#ifndef AGENTOS_THREADS_H
#define AGENTOS_THREADS_H

#include <linux/types.h>

struct agent;
struct pid;
struct task_struct;

#define THREAD_CHUNK 32

/* On the stack of who walks. */
struct thread_walk {
	struct task_struct *tasks[THREAD_CHUNK]; /* references, until the next step */
	u32 count;
	struct agent *agent;
	struct pid *pid; /* whose threads they are, and more of them come; a reference */
};

/*
 * Each step gives up to THREAD_CHUNK threads; false ends the walk. It gives
 * every thread that there is from its beginning to its end, some more than
 * once, io_uring's workers included. What is forked meanwhile it may miss.
 * Under settle_lock(), without agent->lock. May sleep. To be walked to its end,
 * or left with thread_walk_end().
 */
void thread_walk_begin(struct thread_walk *walk, struct agent *agent);
bool __must_check thread_walk_next(struct thread_walk *walk);
void thread_walk_end(struct thread_walk *walk);

#endif
