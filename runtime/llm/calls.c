// SPDX-License-Identifier: GPL-2.0-or-later
/* Which call of a tool a result answers. */
#include "llm/calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

static bool same(struct call_string a, struct call_string b)
{
	return a.len == b.len && (!a.len || !memcmp(a.at, b.at, a.len));
}

int calls_add(struct calls *c, struct calls_one call)
{
	if (!c->ring) {
		c->ring = calloc(LIMIT_LLM_CALLS, sizeof(*c->ring));
		if (!c->ring)
			return -ENOMEM;
	}
	c->ring[c->next] = call;
	c->next = (c->next + 1) % LIMIT_LLM_CALLS;
	if (c->count < LIMIT_LLM_CALLS)
		c->count++;
	return 0;
}

/* The one that was added so many before the last. */
static struct calls_one *ago(const struct calls *c, size_t back)
{
	return &c->ring[(c->next + LIMIT_LLM_CALLS - 1 - back) % LIMIT_LLM_CALLS];
}

struct calls_one *calls_by_id(const struct calls *c, struct call_string id)
{
	size_t back;

	for (back = 0; back < c->count; back++)
		if (same(ago(c, back)->id, id))
			return ago(c, back);
	return NULL;
}

struct calls_one *calls_by_name(const struct calls *c, struct call_string name, bool made)
{
	struct calls_one *one;
	size_t back;

	for (back = c->count; back > 0; back--) {
		one = ago(c, back - 1);
		if ((one->made || !made) && !one->answered && same(one->name, name))
			return one;
	}
	return NULL;
}

void calls_release(struct calls *c)
{
	free(c->ring);
	*c = (struct calls){ 0 };
}
