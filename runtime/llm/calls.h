/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which call of a tool a result answers: by its id, or by its name and order. */
#ifndef AGENTOS_LLM_CALLS_H
#define AGENTOS_LLM_CALLS_H

#include "llm/call.h"

struct calls_one {
	struct call_string id, name; /* whoever added it has them as long */
	bool made;		     /* the id is ours: the client gave none */
	bool answered;
};

/* The last LIMIT_LLM_CALLS calls, in a ring. Zero before use. */
struct calls {
	struct calls_one *ring;
	size_t count, next;
};

/* -ENOMEM */
int calls_add(struct calls *c, struct calls_one call);
/* The newest with this id, or NULL. */
struct calls_one *calls_by_id(const struct calls *c, struct call_string id);
/* The oldest with this name that is not answered, or NULL. made: and whose id was made. */
struct calls_one *calls_by_name(const struct calls *c, struct call_string name, bool made);
void calls_release(struct calls *c);

#endif
