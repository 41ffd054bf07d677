/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Anchoring a log: its newest checkpoint to all targets, again and again, as long as the log only grows. */
#ifndef AGENTOS_CTL_ANCHORING_H
#define AGENTOS_CTL_ANCHORING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "ctl/target.h"
#include "ctl/witness.h"

struct anchoring {
	struct witness witness;
	const char *state; /* the file of audit/anchor.h */
	struct target targets[LIMIT_ANCHOR_TARGETS];
	unsigned int target_count;
	struct target_options to;
	uint64_t every_ns; /* no more often than this, */
	bool once;	   /* or once, now */
};

/*
 * Before a checkpoint is sent to anybody the state says that it is underway, and
 * which target has it as soon as that is known: after a crash it is sent again to
 * the one that was being sent to, and to no other. A target that fails is tried again,
 * after a time that grows to ANCHORING_RETRY_S, with the same checkpoint, and with
 * the newest once it is time for one.
 *
 * Returns an exit status, and has complained: CTL_OK when a signal asked for the
 * end or, once, all targets have the newest checkpoint; CTL_INVALID when the state or
 * the key is none; else CTL_FAILED: the witness refuses the log, the state is
 * another's or, once, something has failed.
 */
#define ANCHORING_RETRY_S 300
int anchoring_run(const struct anchoring *o);

#endif
