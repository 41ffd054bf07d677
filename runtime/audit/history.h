/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the log already holds of this boot, so that a new daemon goes on where the last one was. */
#ifndef AGENTOS_AUDIT_HISTORY_H
#define AGENTOS_AUDIT_HISTORY_H

#include "agentos_event.h"
#include "audit/account.h"
#include "audit/record.h"
#include "base/fault.h"

/*
 * rings: since this boot's last DAEMON_STARTED or DAEMON_ENDED; both mean new
 *	maps, whose numbers begin at 1 again.
 * lifecycle: the last number of the module's stream that is recorded or told
 *	as lost, and that record's time (0 after a loss). The numbers begin at 1
 *	again when the module is loaded anew; one that does not rise tells so.
 */
struct history {
	struct account rings[AGENTOS_RING_COUNT];
	uint64_t lifecycle;
	uint64_t lifecycle_time_ns;
	uint64_t lifecycle_recorded;
	uint64_t lifecycle_lost;
};

/* Who else is to see the records of this boot, oldest first. */
struct history_reader {
	void (*each)(const struct record *r, void *cookie);
	void *cookie;
};

/*
 * Reads what the log holds of this boot, and no segment that was full before it
 * began; reader may be NULL. What history_save() left, if it is of this boot and
 * whole, is gone on from: then the reader sees only what follows. Errors are those
 * of segment_read().
 */
int history_read(const char *directory, const uint8_t boot[16], const struct history_reader *reader,
		 struct history *ret_history, struct fault *f);

/*
 * Leaves in the log's directory what history_read() would come to up to the record
 * `seq`. It is of use in this boot alone, so nobody waits for the disk; it is no
 * evidence, and what is damaged or missing costs time and nothing else. 0, or the
 * errno of what could not be done: then there is none.
 */
#define HISTORY_NAME "resume"
int history_save(const char *directory, const uint8_t boot[16], uint64_t seq,
		 const struct history *h);

#endif
