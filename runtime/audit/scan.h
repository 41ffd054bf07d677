/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records of a log that a filter asks for, without reading the segments that cannot have any. */
#ifndef AGENTOS_AUDIT_SCAN_H
#define AGENTOS_AUDIT_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/filter.h"
#include "audit/record.h"
#include "base/fault.h"

/*
 * When a segment cannot have a record of a time that is asked for: nothing but
 * its first records, and those of the next one, is read to know that. Of each
 * the first record tells the time T, and the first that the kernel made, within
 * the first SCAN_PROBE, by how much the wall's clock was before that since boot,
 * O. Unless the clock was set within the segment, its times are from T to the
 * next one's T. If O of the next one is smaller, the clock was set back by that
 * much, and times may be as much smaller and greater. SCAN_MARGIN_NS is added
 * on both sides, for records that are late and for what O does not tell: a clock
 * that was set and set back again by more than that within one segment, which
 * hides the records between from a question about their time. `thorough` reads
 * them all.
 *
 * A segment is always read when it is the last one, when its first records or
 * the next one's are of no use for this, or when the machine was booted between.
 */
#define SCAN_PROBE     64
#define SCAN_MARGIN_NS (3600 * 1000000000ULL)

struct scan_options {
	const char *directory;
	struct filter *filter; /* stays the caller's */
	uint64_t last;	       /* only so many, the last ones; UINT64_MAX: all */
	uint64_t after;	       /* only those with a greater seq */
	bool thorough;
};

/* What was read, and what was not. */
struct scan_stats {
	uint64_t records;	   /* read, all passes together */
	uint64_t segments;	   /* when it was opened */
	uint64_t segments_skipped; /* of them */
	uint64_t seq;		   /* of the last record read; 0: none */
	uint64_t time_ns;	   /* of that record */
};

struct scan;

/*
 * With `last` it counts here what matches, from the newest segment backwards as
 * far as is necessary. A damaged segment ends that: what is behind it is all
 * that scan_next() gives then, and the fault at the end.
 *
 * -ENOENT, -EACCES, ... as segment_reader_open(); -ENOMEM; those of filter_note()
 */
int scan_open(const struct scan_options *options, struct scan **ret_scan, struct fault *f);
void scan_close(struct scan *s);

/*
 * 1 and a record that is asked for; 0 at the end for now (call again later: it
 * goes on as the log grows); errors as of segment_read(), and -ENOMEM, -E2BIG as
 * of filter.h.
 */
int scan_next(struct scan *s, struct record *ret_record, struct fault *f);
void scan_stats(const struct scan *s, struct scan_stats *ret_stats);

#endif
