/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What went wrong, in one printable line: faults of encoders, and errors of providers. */
#ifndef AGENTOS_LLM_FAILURE_H
#define AGENTOS_LLM_FAILURE_H

#include "base/arena.h"
#include "llm/wire.h"

/* Sets the text, printf-like, made printable and cut. A NULL fault is allowed. Returns err. */
int failure_set(struct wire_fault *f, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A copy on one line, at most LIMIT_LLM_ERROR bytes; control characters become blanks. -ENOMEM */
int failure_line(struct arena *a, struct call_string text, struct call_string *ret_line);

/* An error of which nothing is known but its status; 0: it stood in a stream. -ENOMEM */
int failure_of_status(struct arena *a, int status, struct call_error *ret_error);

#endif
