/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a log's writer finds of checkpoints and hashes, and how it goes on from there. */
#ifndef AGENTOS_AUDIT_LEDGER_RECOVER_H
#define AGENTOS_AUDIT_LEDGER_RECOVER_H

#include <stdint.h>

#include "audit/leaves.h"
#include "audit/note.h"
#include "audit/segment_file.h"
#include "base/fault.h"

struct ledger_end {
	uint64_t covered, hashed, changed; /* as in ledger_found */
};

/*
 * records: that the log has. Checks them against the last checkpoint by their
 * hashes, and those that follow it against theirs; what of the latter are wrong
 * are made anew. Errors as ledger_open(); nothing was changed then that a
 * checkpoint covers.
 */
int ledger_recover(const struct segment_dir *d, const char *directory,
		   const struct note_verifier *verifier, uint64_t records,
		   struct leaves_writer **ret_leaves, struct ledger_end *ret_end, struct fault *f);

#endif
