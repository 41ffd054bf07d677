// SPDX-License-Identifier: GPL-2.0-or-later
/* The agents that call models: a table, of which the least used goes first. */
#include "gateway/agents.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"

struct agents {
	struct wire *wire;
	uint64_t clock;
	size_t count;
	struct agents_entry *entries[LIMIT_GATE_AGENTS];
};

int agents_open(struct wire *w, struct agents **ret_agents)
{
	struct agents *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->wire = w;
	*ret_agents = a;
	return 0;
}

static void entry_free(struct agents_entry *e)
{
	if (e->fd >= 0)
		close(e->fd);
	free(e);
}

void agents_close(struct agents *a)
{
	if (!a)
		return;
	while (a->count)
		entry_free(a->entries[--a->count]);
	free(a);
}

static struct agents_entry *agents_find(const struct agents *a, uint64_t agent)
{
	size_t i;

	for (i = 0; i < a->count; i++)
		if (a->entries[i]->agent == agent)
			return a->entries[i];
	return NULL;
}

/* What was asked for and did not come yet stays: its answer would be nobody's. */
static int agents_place(struct agents *a)
{
	size_t i, oldest = LIMIT_GATE_AGENTS;

	if (a->count < LIMIT_GATE_AGENTS)
		return (int)a->count++;
	for (i = 0; i < a->count; i++) {
		const struct agents_entry *e = a->entries[i];

		if (!e->users && e->whole &&
		    (oldest == LIMIT_GATE_AGENTS || e->used < a->entries[oldest]->used))
			oldest = i;
	}
	if (oldest == LIMIT_GATE_AGENTS)
		return -EBUSY;
	entry_free(a->entries[oldest]);
	return (int)oldest;
}

int agents_get(struct agents *a, uint64_t agent, struct agents_entry **ret_entry)
{
	struct agents_entry *e = agents_find(a, agent);
	int at;

	if (!e) {
		e = calloc(1, sizeof(*e));
		if (!e)
			return -ENOMEM;
		at = agents_place(a);
		if (at < 0) {
			free(e);
			return at;
		}
		e->agent = agent;
		e->fd = -1;
		a->entries[at] = e;
		wire_ask_agent(a->wire, agent);
	}
	/* Whom agentosd could not give is asked for again: it may have been short of descriptors. */
	if (e->whole && e->fd < 0 && !e->users) {
		e->whole = false;
		wire_ask_agent(a->wire, agent);
	}
	e->users++;
	e->used = ++a->clock;
	*ret_entry = e;
	return 0;
}

void agents_put(struct agents_entry *e)
{
	if (e)
		e->users--;
}

void agents_forget(struct agents_entry *e)
{
	/* Numbers are not given out again: the entry stays, and says so, until its place is needed. */
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
	e->used = 0;
}

int agents_answer(struct agents *a, const struct gate_agent *agent, int fd)
{
	struct agents_entry *e = agents_find(a, agent->agent);

	if (!e || e->whole) {
		if (fd >= 0)
			close(fd);
		return -EBADMSG;
	}
	e->whole = true;
	e->fd = fd;
	memcpy(e->above, agent->above, sizeof(e->above));
	return 0;
}

bool agents_share(const struct agents_entry *e, uint64_t owner)
{
	size_t i;

	if (e->agent == owner)
		return true;
	for (i = 0; i < AGENTOS_DEPTH_MAX && e->above[i]; i++)
		if (e->above[i] == owner)
			return true;
	return false;
}

uint64_t agents_topmost(const struct agents_entry *e)
{
	uint64_t topmost = e->agent;
	size_t i;

	for (i = 0; i < AGENTOS_DEPTH_MAX && e->above[i]; i++)
		topmost = e->above[i];
	return topmost;
}
