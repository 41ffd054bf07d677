/* SPDX-License-Identifier: GPL-2.0-only */
/* Bringing threads to how their agent is to be: held by a pause, with its priority. */
#ifndef AGENTOS_SETTLE_H
#define AGENTOS_SETTLE_H

#include <linux/task_work.h>
#include <linux/types.h>

#include "agentos.h"

struct agent;
struct task_struct;

/* Around whatever changes how threads are to be: one at a time. May sleep. */
void settle_lock(void);
void settle_unlock(void);

/*
 * Before the task next returns to user mode (first does, of a new one), it
 * takes on its agent's priority and waits while that is paused. mode:
 * TWA_SIGNAL wakes it from sleeps in the kernel, TWA_RESUME does not. -ENOMEM;
 * a task that exits already is left alone. Any context but hard interrupts.
 */
int settle_tell(struct task_struct *task, enum task_work_notify_mode mode, gfp_t gfp);

/* Errors and effects as AGENTOS_AGENT_PAUSE and RESUME. Without settle_lock(). */
int settle_pause(struct agent *agent, enum agentos_exit_reason reason, u32 *ret_threads);
int settle_resume(struct agent *agent);

/* Before task work of this module's is added anywhere: settle_exit() waits for it. */
void settle_told(void);

/* At unload: waits until no task is in task work of this module's. */
void settle_exit(void);

#endif
