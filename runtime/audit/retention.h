/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which records of a log are old enough to be removed, and removing them. */
#ifndef AGENTOS_AUDIT_RETENTION_H
#define AGENTOS_AUDIT_RETENTION_H

#include <stddef.h>
#include <stdint.h>

#include "audit/ledger.h"
#include "audit/segment_file.h"
#include "base/fault.h"

/*
 * Whole segments are removed, the oldest first, and of each the records alone:
 * its hashes stay, so that every checkpoint ever signed can be proved, and that
 * nothing but these records is gone. Before one goes, a DAEMON_PRUNED record
 * that names its last record is in the log, and a checkpoint that covers both
 * is on disk: who verifies the log takes the lack of records on no other word.
 * What a crash leaves between the checkpoint and the removal is more than the
 * record says, which is no harm; the next removal says it again.
 *
 * Never removed are the segment that is written to, what no checkpoint covers,
 * and what has a record of the boot that runs: agentosd reads that when it
 * starts, to know which events of the kernel the log has.
 */
struct retention {
	uint64_t age_ns; /* a segment whose last record is older goes; 0: none for its age */
	uint64_t
		bytes; /* while all segments together are more, the oldest goes; 0: none for that */
};

/* Kept from one call to the next. Zero to begin with. */
struct retention_memory {
	/* Of the segment that was looked at last, so that none is read again and again. */
	uint64_t segment; /* 0: none */
	uint64_t first_ns, last_ns;
	uint8_t boot[16]; /* of its last record */
	/* Records up to this one are said to be removed, by the record `note`, and are there. */
	uint64_t told, note;
};

struct retention_plan {
	uint64_t first, last; /* seq of the records that are to go */
	uint64_t bytes;
	uint64_t first_ns, last_ns; /* the wall's clock, of the first and the last of them */
};

/*
 * 1 and the oldest segment, if it is to go; 0 if none is. now_ns is CLOCK_REALTIME;
 * covered: records that checkpoints cover.
 *
 * -EBADMSG  the segment, or its file of hashes, is damaged: it stays, as evidence
 * -ENOMEM, -EIO, ...; f tells of each
 */
int retention_plan(const struct segment_dir *d, const struct retention *r, uint64_t now_ns,
		   uint64_t covered, const uint8_t boot[16], struct retention_memory *memory,
		   struct retention_plan *ret_plan, struct fault *f);
/* What a DAEMON_PRUNED record says of it: "records 1 to 200, 48 kB, 2026-01-02 to 2026-02-03". */
void retention_text(const struct retention_plan *plan, char *buf, size_t size);
/* Removes the segments up to this record, never the last one, and waits for the disk. */
int retention_remove(const struct segment_dir *d, uint64_t last, struct fault *f);

struct retention_now {
	uint64_t wall_ns, boot_ns; /* CLOCK_REALTIME, CLOCK_BOOTTIME */
	uint8_t boot[16];
};

/*
 * All of it, for one segment: what is planned is told by a record of the log,
 * signed for, and removed. 1: done; 0: nothing is to go. When it fails on the
 * way the next call goes on from there. Besides the errors of retention_plan()
 * those of ledger_append(), ledger_flush() and ledger_checkpoint().
 */
int retention_run(struct ledger *l, const struct segment_dir *d, const struct retention *r,
		  const struct retention_now *now, struct retention_memory *memory,
		  struct fault *f);

#endif
