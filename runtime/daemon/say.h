/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's own messages: one line each on stderr. */
#ifndef AGENTOS_DAEMON_SAY_H
#define AGENTOS_DAEMON_SAY_H

/* printf-like; what others chose has been through escape_text(). */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
