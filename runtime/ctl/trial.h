/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program run audit-only, and what the log has about it after that. */
#ifndef AGENTOS_CTL_TRIAL_H
#define AGENTOS_CTL_TRIAL_H

#include <stdio.h>

#include "audit/record.h"
#include "ctl/run.h"

struct trial {
	struct run_request request; /* audit_only and made are set here */
	/* Each act of the agent, or of one below it, that was or would have been refused. -ENOMEM ends it. */
	int (*act)(const struct agentos_event *event, void *cookie);
	void *cookie;
	/* Told: */
	uint64_t agent;	 /* its id */
	int status;	 /* of the program, as waitpid() has it */
	uint64_t acts;	 /* calls of act(), and those that were the same as the one before */
	uint64_t lost;	 /* records lost meanwhile, of whatever agent */
	bool unfinished; /* not all of its records came, or it was not waited for to the end */
};

/*
 * Runs the program to its end, and that of whatever it left behind; then reads the
 * log until all of its records have come. Ctrl-C is ignored from then on. Complains
 * itself. CTL_OK when it ran; else an exit status: nothing was run, or the log
 * cannot be read.
 */
int trial_run(struct trial *trial);

/* What the program ended with in words, for a sentence: "exit status 2". */
const char *trial_outcome(const struct trial *trial, char *text, size_t size);

/* A stream to the file of that name, which must be new; "-": stdout. NULL: complained. */
FILE *trial_output(const char *name);
/* Closes it. False: complained, and what was written is not whole. */
bool trial_output_close(FILE *out, const char *name);
/* Closes and removes it: there is nothing to write. */
void trial_output_drop(FILE *out, const char *name);

#endif
