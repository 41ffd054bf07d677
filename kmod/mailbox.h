/* SPDX-License-Identifier: GPL-2.0-only */
/* Mailboxes: messages to an agent, stamped with who sent them. */
#ifndef AGENTOS_MAILBOX_H
#define AGENTOS_MAILBOX_H

#include <linux/types.h>

#include "verb.h"

struct agent;
struct mailbox;

enum mail_end { MAIL_END_SEND, MAIL_END_RECEIVE };

/* A descriptor of one end of the agent's mailbox, not installed yet. May sleep. */
int mailbox_new_fd(struct agent *agent, enum mail_end end, bool nonblock, struct fresh_fd *fresh);

/* Messages in it now. */
u32 mailbox_count(const struct agent *agent);

/*
 * The agent ends, and its state says so already: nothing is put in any more,
 * and who waits is woken. Softirq-safe.
 */
void mailbox_close(struct agent *agent);

/* With the agent; no descriptor is left. NULL is allowed. Softirq-safe. */
void mailbox_free(struct mailbox *mailbox);

#endif
