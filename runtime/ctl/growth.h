/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting for the audit log to grow, until somebody wants no more of it. */
#ifndef AGENTOS_CTL_GROWTH_H
#define AGENTOS_CTL_GROWTH_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/* SIGINT and SIGTERM are asked for, not obeyed, once it was opened, or from this call on. */
void growth_signals(void);
struct growth {
	int notify; /* inotify's; -1: there is none, and time-outs do */
};
void growth_open(struct growth *g, const char *directory);
void growth_close(struct growth *g);
/* Returns after a change, a second or a signal. -EPIPE: the reader of standard output is gone. */
int growth_wait(struct growth *g);
/*
 * poll(), which a signal that came before ends as well; time-out in milliseconds, -1: none.
 * The count of descriptors, 0 for a time-out or a signal; a negative errno.
 */
int growth_poll(struct pollfd *fds, nfds_t count, int64_t timeout_ms);
/* Whether there was a signal. */
bool growth_ended(void);

#endif
