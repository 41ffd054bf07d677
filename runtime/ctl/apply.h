/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentctl policy apply: a running agent under another policy. */
#ifndef AGENTOS_CTL_APPLY_H
#define AGENTOS_CTL_APPLY_H

#include <stdbool.h>

struct apply {
	const char *policy;    /* a name, or a file */
	const char *agent;     /* a name, or an id */
	const char *workspace; /* what ${WORKSPACE} stands for; NULL: a policy with it is refused */
	bool json;
};

/* Complains itself; returns an exit status. */
int apply_policy(const struct apply *a);

#endif
