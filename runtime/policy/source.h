/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text a policy is read from, as far as messages need it: "FILE:LINE: what is wrong". */
#ifndef AGENTOS_POLICY_SOURCE_H
#define AGENTOS_POLICY_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"

#define SOURCE_QUOTE 160 /* bytes a quoted piece of the text may take in a message */

struct source {
	char file[256];	     /* escaped, cut when longer */
	struct fault *fault; /* may be NULL */
};

/* A piece of the text between quotation marks, escaped and cut to fit. */
struct quote {
	char text[SOURCE_QUOTE];
};

void source_init(struct source *s, const char *file, struct fault *f);

/*
 * Sets "FILE:LINE: ..." (line 0: "FILE: ..."), returns -error. What the format
 * is given must be escaped already: source_quote() does that.
 */
#define source_fault(s, error, line, ...)               \
	({                                              \
		const int source_fault_error = (error); \
		source_complain(s, line, __VA_ARGS__);  \
		-source_fault_error;                    \
	})

/* A macro above for the reason that fault_set() is one. */
void source_complain(const struct source *s, uint32_t line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

struct quote source_quote(const char *bytes, size_t len);

#endif
