/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what a program did to a policy that allows it: records in, YAML text out. Pure. */
#ifndef AGENTOS_POLICY_LEARN_H
#define AGENTOS_POLICY_LEARN_H

#include <stdio.h>

#include "agentos_event.h"
#include "policy/places.h"

/* The policy that a program is watched under: it allows next to nothing, so nearly all is recorded. */
#define LEARN_POLICY                                                                 \
	"version: 1\nname: learn\ndescription: allows nothing, to be learned from\n" \
	"rights: [file-read]\nfiles:\n  read: [/dev/null]\n"

struct learn;

/* What stands at the head of the text. */
struct learn_about {
	const char *name;    /* of the policy, a valid one */
	const char *command; /* what was run, for a comment */
	const char *date;    /* likewise; NULL: not told */
	uint64_t lost;	     /* records that nobody will see: some may have been its */
	bool unfinished;     /* records may be missing for another reason */
};

/* -ENOMEM */
int learn_new(struct learn **ret_learn);
void learn_free(struct learn *learn);

/*
 * One act of an agent that is audit-only and runs under LEARN_POLICY, in any
 * order. What was allowed says nothing. -ENOMEM
 */
int learn_act(struct learn *learn, const struct agentos_event *event);

/*
 * Writes the policy; nothing is added to it after that. The same acts give the same bytes. What looks like a secret,
 * what is more than was used, and what no policy could allow stands in comments,
 * with a reason. -ENOMEM; whether out took it, ferror() knows.
 */
int learn_write(struct learn *learn, const struct learn_about *about,
		const struct place_world *world, FILE *out);

#endif
