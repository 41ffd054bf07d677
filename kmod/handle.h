/* SPDX-License-Identifier: GPL-2.0-only */
/* Agent descriptors: which agent, what may be done through it, and the commands they take. */
#ifndef AGENTOS_HANDLE_H
#define AGENTOS_HANDLE_H

#include <linux/fs.h>
#include <linux/poll.h>

#include "agent.h"
#include "verb.h"

/* An open agent descriptor: which agent, and what may be done through it. */
struct handle {
	struct agent *agent;			       /* a reference */
	u32 access;				       /* AGENTOS_ACCESS_*; never changes */
	enum agentos_state state_told;		       /* by INFO, or what it was when opened */
	atomic64_t reserved[AGENTOS_RESOURCE_CHARGED]; /* by it, not settled */
};

/* device.c's: their ioctl touches user memory. */
extern const struct file_operations handle_fops;

/* Makes a descriptor, not installed yet. It has its own reference to the agent. May sleep. */
int handle_new_fd(struct agent *agent, u32 access, struct fresh_fd *fresh);

int handle_release(struct inode *inode, struct file *file);
__poll_t handle_poll(struct file *file, poll_table *table);
void handle_fdinfo(struct seq_file *seq, struct file *file);

/* By command number. */
extern const struct verb handle_verbs[];
extern const size_t handle_verb_count;

#endif
