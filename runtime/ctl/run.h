/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program as an agent, for the commands that run one. */
#ifndef AGENTOS_CTL_RUN_H
#define AGENTOS_CTL_RUN_H

#include <stdbool.h>

struct run_request {
	const char *policy;	 /* a name or a file */
	const char *policy_text; /* YAML to take instead; then `policy` is what messages call it */
	const char *workspace;	 /* NULL: the current directory */
	const char *name;	 /* NULL: the program's, and our pid */
	bool quiet;
	bool gate;	 /* LAUNCH_GATE_FD stays: launch.h */
	bool audit_only; /* what the policy refuses is done, and recorded */
	int made; /* a socket: gets the agent's id, a uint64_t, and gives a byte to begin; or -1 */
	char **argv; /* the program's */
};

/*
 * Checks all that can fail, has agentosd make the agent, joins it and becomes
 * the program. Returns only when it failed, after saying why: an exit status.
 */
int run_program(const struct run_request *request);

#endif
