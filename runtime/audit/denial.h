/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A denial as the agent is told it: one line that says what to ask for. */
#ifndef AGENTOS_AUDIT_DENIAL_H
#define AGENTOS_AUDIT_DENIAL_H

#include <stdbool.h>
#include <stdio.h>

#include "audit/record.h"

/*
 * One line, the time in UTC, #N the number in the log:
 *   2026-11-23T12:03:04Z #17 denied: cat may not open /etc/shadow for reading: no rule of its policy allows it; ask for: read of /etc/shadow
 *   2026-11-23T12:03:05Z #18 denied: the gateway: it may not reach example.net port 443 by a tunnel: no rule names this host and port; ask for: egress to example.net port 443
 *   2026-11-23T12:03:06Z #19 denied: the gateway: it may not call openai/gpt-5: no rule of the policy is on this model; ask for: the model openai/gpt-5
 * Agent-chosen bytes are escaped as render_text() does it. owner: the agent whose
 * feed it is; another one, which is below it, is named in the line.
 */
void denial_line(FILE *out, const struct record *r, uint64_t owner);

/* Of what was refused again just as in the line before, the last time in r:
 *   2026-11-23T12:03:09Z #98 the same again, 81 times more */
void denial_again(FILE *out, const struct record *r, uint64_t count);

/* Of what the kernel counted (AGENTOS_LIFECYCLE_REPEATED) and is told of elsewhere, as denial_line():
 *   2026-11-23T12:03:09Z #99 denied: the same again and again, in a line near this one: 81 times more
 *   2026-11-23T12:03:09Z #99 denied: 81 acts more, too fast to tell each */
void denial_counted(FILE *out, const struct record *r, uint64_t owner);

/* Does r, AGENTOS_LIFECYCLE_REPEATED, count what last, a denial, is the record before of? */
bool denial_goes_on(const struct record *last, const struct record *r);

/* Of r, all that is older is no matter of this feed:
 *   2026-11-23T12:03:01Z #16 this feed begins */
void denial_begin(FILE *out, const struct record *r);

/*
 * Do they differ in nothing but when, and in which process? What is different about
 * calls of a model that were refused alike is what they asked it, and that is not told;
 * one that took tokens is none of those.
 */
bool denial_same(const struct record *a, const struct record *b);

/* The number of a line that one of these wrote, or 0. len: without the line's end. */
uint64_t denial_number(const char *line, size_t len);

#endif
