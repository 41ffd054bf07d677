/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records counted: by who, what, how it was decided, and when. */
#ifndef AGENTOS_AUDIT_STATS_H
#define AGENTOS_AUDIT_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "audit/record.h"
#include "base/top.h"

/* What is counted of each. Names are raw, some by agents: whoever shows them escapes them. */
enum stats_kind {
	STATS_TYPES,	  /* all records: "event" */
	STATS_AGENTS,	  /* of agents: the name; where that is not known, "agent 7" */
	STATS_OPERATIONS, /* acts, connections and calls: the hook, "egress" or "call" */
	STATS_VERDICTS,	  /* the same: "denied" */
	STATS_REASONS, /* the same, if not simply allowed: "rule 12 of policy 3", "right net-connect", "no_rule" */
	STATS_OBJECTS, /* acts: paths and other names; files without one by their number */
	STATS_HOSTS,   /* acts and connections: "example.com:443", "192.0.2.1:443" */
	STATS_MODELS,  /* calls: "openai/gpt-5" */
	STATS_DAYS,    /* all records: "2026-11-29", in local time */
	STATS_KINDS
};

struct stats {
	uint64_t records, first_seq, last_seq;
	uint64_t first_ns, last_ns;    /* the least and the greatest time */
	uint64_t lost[STREAM_COUNT];   /* records, as the log tells of them */
	uint64_t unwritten;	       /* that could not be written, likewise */
	uint64_t counted;	       /* denials without a record: only their number is told */
	uint64_t calls, input, output; /* of models, answered or not; tokens */
	uint64_t microdollars;
	struct top *tops[STATS_KINDS]; /* owned; LIMIT_STATS names in each */
};

/* -ENOMEM */
int stats_init(struct stats *s);
void stats_release(struct stats *s);
void stats_add(struct stats *s, const struct record *r);
/* The word for a kind, as JSON has it: "agents". */
const char *stats_name(enum stats_kind kind);

#endif
