/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentctl policy explain: why a denial of the log was one, and what would allow it. */
#ifndef AGENTOS_CTL_EXPLAIN_H
#define AGENTOS_CTL_EXPLAIN_H

#include <stdbool.h>

struct explain_options {
	const char *seq; /* as written: a number, perhaps with '#' before it */
	const char *directory;
	bool json;
};

/* Prints it, or one line that says what is wrong. Returns an exit status. */
int explain_denial(const struct explain_options *o);

#endif
