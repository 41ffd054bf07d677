/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text a policy is read from, as far as messages need it: "FILE:LINE: what is wrong". */
#ifndef AGENTOS_POLICY_SOURCE_H
#define AGENTOS_POLICY_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "policy/policy.h"

#define SOURCE_QUOTE 160 /* bytes a quoted piece of the text may take in a message */

struct source {
	char file[256];	     /* escaped, cut when longer */
	struct fault *fault; /* may be NULL */
	char *const *files;  /* names of all that make up the policy; NULL: there is this one */
	uint32_t number;     /* its own place among them */
};

/* A piece of the text between quotation marks, escaped and cut to fit. */
struct quote {
	char text[SOURCE_QUOTE];
};

/* Another place of the policy, in words. */
struct elsewhere {
	char text[288];
};

void source_init(struct source *s, const char *file, struct fault *f);
/* The same for files[number]; files must outlive s. */
void source_init_at(struct source *s, char *const *files, uint32_t number, struct fault *f);

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

/* "on line 7", or when that is not in the file of s, "in FILE:7". */
struct elsewhere source_elsewhere(const struct source *s, struct policy_place at);

#endif
