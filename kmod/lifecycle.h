/* SPDX-License-Identifier: GPL-2.0-only */
/* The lifecycle stream: the last AGENTOS_LIFECYCLE_KEPT records, read by any number of readers. */
#ifndef AGENTOS_LIFECYCLE_H
#define AGENTOS_LIFECYCLE_H

#include <linux/poll.h>
#include <linux/types.h>

#include "agentos.h"

struct agent;

int lifecycle_init(void);
void lifecycle_exit(void);

/* Notes what happened to an agent. tgid: who did it, 0 for nobody. Softirq-safe. */
void lifecycle_note(const struct agent *agent, enum agentos_lifecycle_type type, pid_t tgid);

/* The calling process's number for that; 0 for the kernel itself. */
pid_t lifecycle_actor(void);

/* It was paused; AGENTOS_REASON_BUDGET, or NONE for whoever called. */
void lifecycle_note_pause(const struct agent *agent, enum agentos_exit_reason reason);

/* It follows its policy from now on, and followed another before. */
void lifecycle_note_policy(const struct agent *agent, u32 before);

/* So many percent of a limit are used up. Without the lock of budgets. */
void lifecycle_note_budget(const struct agent *agent, u32 resource, u8 percent);

/*
 * Of a flood: type, code, reason, tgid, in_flight, time_ns, and of REPEATED and RELEASED count
 * and since_ns, are those of what.
 */
void lifecycle_note_flood(const struct agent *agent, const struct agentos_lifecycle *what);

/* Have those who read furthest left three quarters of what is kept free? */
bool lifecycle_has_room(void);

/*
 * Copies the record at *cursor, or a LOST record when that was overwritten, and
 * moves the cursor on. Returns false when there is none yet.
 */
bool lifecycle_next(u64 *cursor, struct agentos_lifecycle *ret_record);

/* Waits for a record at cursor. 0, or -ERESTARTSYS. */
int lifecycle_wait(u64 cursor);
__poll_t lifecycle_poll(u64 cursor, struct file *file, poll_table *table);

/* The cursor for AGENTOS_IOC_SEEK's seq; -EINVAL when beyond the end. */
int lifecycle_seek(u64 seq, u64 *ret_cursor);

#endif
