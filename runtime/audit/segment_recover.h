/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a log ends, and whether it ends in half a record. */
#ifndef AGENTOS_AUDIT_SEGMENT_RECOVER_H
#define AGENTOS_AUDIT_SEGMENT_RECOVER_H

#include "audit/segment_file.h"

struct segment_end {
	uint64_t first_seq; /* of the last segment; 0: the log is empty */
	uint64_t previous;  /* first_seq of the segment before it */
	uint64_t next_seq;  /* of the log */
	uint64_t end;	    /* byte after the last whole record; 0: the header is unfinished too */
	uint64_t torn;	    /* bytes after that */
	struct segment_window window; /* of the boot of the last record */
};

/*
 * Finds the end of the log without changing anything.
 *
 * Torn is what lies after the last whole record when it is the beginning of a
 * record, or at most LIMIT_RECORD bytes that are none, or zeros: what a crash
 * leaves behind. When a whole record follows it somewhere, or the segment is
 * not the last, it is damage: -EBADMSG.
 */
int segment_recover(const struct segment_dir *d, struct segment_end *ret_end, struct fault *f);

#endif
