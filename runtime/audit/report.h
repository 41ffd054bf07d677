/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a log says about one agent or one period: gathered in one reading, within bounds. */
#ifndef AGENTOS_AUDIT_REPORT_H
#define AGENTOS_AUDIT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "audit/checkpoint.h"
#include "audit/record.h"
#include "audit/tally.h"
#include "audit/timeline.h"
#include "base/fault.h"

struct report_options {
	const char *directory;
	const char
		*agent; /* name or id of one agent, which means those below it as well; NULL: all */
	uint64_t since_ns; /* records from then on, */
	uint64_t until_ns; /* and before this; 0: to the end */
	uint64_t now_ns;   /* when the report is made: said on it, and nothing else */
};

/* Calls of models that the gateway told of. No sum passes UINT64_MAX. */
struct report_calls {
	uint64_t count[CALL_OUTCOMES];
	uint64_t input, output; /* tokens */
	uint64_t cache_read;	/* of input */
	uint64_t microdollars;
};

/* An agent that had a record in the period. What the log does not tell is 0, or empty. */
struct report_agent {
	uint8_t boot[16];
	uint64_t id; /* of that boot, and of that loading of the module */
	uint64_t parent;
	char name[AGENTOS_NAME_SIZE];
	char policy_name[64]; /* of policy_named; escape it */
	uint32_t policy, policy_named;
	uint32_t owner; /* uid; told with created_ns */
	uint32_t flags; /* AGENTOS_CREATE_* */
	uint64_t order; /* by the first record of it */
	uint64_t created_ns, ended_ns;
	uint16_t reason; /* enum agentos_exit_reason, with ended_ns, and code and forks */
	int32_t code;
	uint32_t forks;
	uint64_t allowed, denied, passed; /* acts in the period, the gateway's among them */
	struct {
		uint64_t most_ns; /* when it was at `percent`, the highest that was told */
		uint32_t percent; /* 0: nothing was told */
	} spent[AGENTOS_RESOURCE_COUNT];
	struct report_calls calls; /* of models, in the period */
	bool shown;		   /* it had a record in the period */
	bool retired;		   /* its number is another agent's by now */
};

/* Records kept in a circle: the newest. */
struct report_ring {
	struct record *records;
	size_t room;
	uint64_t count; /* that there were; min(count, room) are kept */
};

enum report_rule_kind { REPORT_DENIED, REPORT_KILLED, REPORT_PASSED };
enum report_file_kind {
	REPORT_WRITTEN,
	REPORT_CREATED,
	REPORT_DELETED,
	REPORT_RENAMED,
	REPORT_LINKED,
	REPORT_TRUNCATED,
	REPORT_METADATA,
	REPORT_FILE_KINDS
};
/* Hosts are counted by enum egress_outcome, models by enum call_outcome. */

struct report {
	struct report_options options; /* its texts are the caller's */

	/* The log as a whole. */
	uint64_t first_seq, last_seq; /* 0: it is empty */
	char broken[FAULT_SIZE];      /* why it could not be read to its end, or empty */
	struct checkpoint checkpoint; /* the newest in the trail; not verified; no extensions */
	bool has_checkpoint;
	char trail_fault[FAULT_SIZE]; /* why there is none that can be told, or empty */

	/* What of it is meant. */
	uint64_t records, from_seq, to_seq, from_ns, to_ns;
	uint64_t allowed, denied, passed, unclear; /* acts that hooks decided about, by verdict */
	uint64_t egress[EGRESS_CLOSED + 1], egress_up, egress_down; /* the gateway's, by outcome */
	struct report_calls calls;
	uint64_t lost[STREAM_COUNT]; /* records that nobody will ever see */
	uint64_t unwritable, torn;   /* records; bytes */
	struct timeline timeline;
	struct tally rules, files, hosts, models;
	struct report_ring denials, notes, losses;

	struct report_agent *agents;
	size_t agent_count;	  /* to be shown, in the order of their first records */
	uint64_t agents_unplaced; /* more that were made, and found no room */

	/* Of report_agents.c, while it reads. */
	struct index index;
	uint64_t orders;	 /* the next agent's */
	uint64_t agents_gone;	 /* that ended unseen since room was last made */
	uint8_t agents_boot[16]; /* the boot when it was */
};

/*
 * Reads the log, and its trail of checkpoints. A log that is damaged, or cannot be
 * read any further, is told of up to there: then `broken` says why. Memory is
 * bounded by limits.h, whatever the log holds.
 *
 * With an agent those count that have the name or the number when they are first
 * seen, and those that the log says were made below them. Names and numbers come
 * again: agents of all boots that fit count. Records that were lost always do.
 *
 * -ENOENT, ... what segment_reader_open() comes to; -ENOMEM; f says which
 */
int report_read(const struct report_options *o, struct report **ret_report, struct fault *f);
void report_free(struct report *r);

/* Of those kept the i'th, the oldest first. */
const struct record *report_ring_at(const struct report_ring *ring, size_t i);
size_t report_ring_kept(const struct report_ring *ring);

#endif
