/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a policy that the kernel has is from: what the log tells of it, so that rules can be found again. */
#ifndef AGENTOS_AUDIT_ORIGIN_H
#define AGENTOS_AUDIT_ORIGIN_H

#include <limits.h>
#include <stdint.h>

#include "audit/record.h"

/* Texts are empty where they are not known. Nobody looked at them: who asked for the agent sent them. */
struct origin {
	uint32_t policy; /* the module's number */
	uint64_t agent;
	uint64_t digest;
	char agent_name[AGENTOS_NAME_SIZE];
	char name[64]; /* the policy's own */
	char file[PATH_MAX];
	char workspace[PATH_MAX];
	char home[PATH_MAX];
};

/* Its texts take one record, or several in a row: how many, and the part'th of these. */
unsigned int origin_parts(const struct origin *o);
/* Fills in type and u.policy, and the agent's name; the rest is the caller's. */
void origin_part(const struct origin *o, unsigned int part, struct record *r);

/* Its texts put together again from records in their order; all zero is none so far. */
struct origin_reader {
	unsigned int next; /* part that is wanted */
	size_t len;
	char texts[64 + 3 * PATH_MAX + AGENTOS_OBJECT_SIZE];
};

/* 1 when the record was the last part, and *ret_origin is set; 0 when more follow; -EBADMSG. */
int origin_read(struct origin_reader *reader, const struct record *r, struct origin *ret_origin);

#endif
