/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting for the audit log to grow, until somebody wants no more of it. */
#ifndef AGENTOS_CTL_GROWTH_H
#define AGENTOS_CTL_GROWTH_H

#include <stdbool.h>

/* SIGINT and SIGTERM are asked for, not obeyed, once it was opened. */
struct growth {
	int notify; /* inotify's; -1: there is none, and time-outs do */
};
void growth_open(struct growth *g, const char *directory);
void growth_close(struct growth *g);
/* Returns after a change, a second or a signal. -EPIPE: the reader of standard output is gone. */
int growth_wait(struct growth *g);
/* Whether there was a signal. */
bool growth_ended(void);

#endif
