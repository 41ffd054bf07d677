/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a filter is made of; shared by filter.c and filter_add.c alone. */
#ifndef AGENTOS_AUDIT_FILTER_STATE_H
#define AGENTOS_AUDIT_FILTER_STATE_H

#include <stdio.h>

#include "audit/endpoint.h"
#include "audit/filter.h"
#include "base/index.h"
#include "base/limits.h"

#define VERDICT_FAILED 3 /* behind those of agentos_event.h: what only the gateway's come to */
#define VERDICT_CLOSED 4
#define VERDICT_COUNT  5

struct agent {
	char *name; /* as given; owned */
	uint64_t id;
};

struct object {
	char *text; /* owned */
	/* As which an address is looked for, however it is written: then the text is no pattern. */
	bool address;
	struct endpoint endpoint;
};

struct filter {
	bool asked[FILTER_KINDS];
	uint64_t since_ns, until_ns;

	struct agent agents[LIMIT_FILTER];
	size_t agent_count;
	bool hooks[AGENTOS_HOOK_COUNT], egress, call;
	bool verdicts[VERDICT_COUNT], refused;
	uint32_t rules[LIMIT_FILTER];
	size_t rule_count;
	uint64_t rights;
	struct object objects[LIMIT_FILTER];
	char *texts[LIMIT_FILTER]; /* owned */
	size_t object_count, text_count;
	bool types[RECORD_COUNT];

	/* Agents of one boot that were created, and whether they are below. */
	bool below;
	uint8_t boot[16];
	struct index index;
	struct member {
		uint64_t id;
		bool in;
	} * members; /* owned */
	size_t member_count, member_room;

	char *line; /* what render_text() wrote last; owned */
	size_t line_len;
	FILE *out; /* that it is written by; NULL: not yet */
};

#endif
