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

/* Reads the whole log once; reader may be NULL. Errors are those of segment_read(). */
int history_read(const char *directory, const uint8_t boot[16], const struct history_reader *reader,
		 struct history *ret_history, struct fault *f);

#endif
