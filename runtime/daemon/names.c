// SPDX-License-Identifier: GPL-2.0-or-later
/* Agents' names by id: a chained hash, and a ring of those that are gone. */
#include "daemon/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kern/device.h"

#define NAMES_BUCKETS 4096
#define NAMES_KEPT    1024 /* agents that are gone and still have a name */
#define NAMES_BATCH   256

struct name {
	struct name *next;
	uint64_t agent;
	bool retired;
	char text[AGENTOS_NAME_SIZE];
};

struct names {
	struct name *buckets[NAMES_BUCKETS];
	uint64_t retired[NAMES_KEPT]; /* oldest is overwritten; 0 is no agent */
	unsigned int next_retired;
	uint64_t newest; /* the greatest id that was heard of, or may have been given */
};

int names_open(struct names **ret_names)
{
	struct names *n = calloc(1, sizeof(*n));

	if (!n)
		return -ENOMEM;
	*ret_names = n;
	return 0;
}

void names_close(struct names *n)
{
	struct name *at, *next;
	size_t i;

	if (!n)
		return;
	for (i = 0; i < NAMES_BUCKETS; i++) {
		for (at = n->buckets[i]; at; at = next) {
			next = at->next;
			free(at);
		}
	}
	free(n);
}

static struct name *names_lookup(const struct names *n, uint64_t agent)
{
	struct name *at = n->buckets[agent % NAMES_BUCKETS];

	while (at && at->agent != agent)
		at = at->next;
	return at;
}

int names_add(struct names *n, uint64_t agent, const char name[AGENTOS_NAME_SIZE])
{
	struct name *entry = names_lookup(n, agent);

	if (agent > n->newest)
		n->newest = agent;
	if (!entry) {
		entry = calloc(1, sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		entry->agent = agent;
		entry->next = n->buckets[agent % NAMES_BUCKETS];
		n->buckets[agent % NAMES_BUCKETS] = entry;
	}
	memcpy(entry->text, name, AGENTOS_NAME_SIZE - 1);
	return 0;
}

void names_lose(struct names *n, uint64_t count)
{
	if (__builtin_add_overflow(n->newest, count, &n->newest))
		n->newest = UINT64_MAX;
}

bool names_had(const struct names *n, uint64_t agent)
{
	return agent && agent <= n->newest;
}

static void names_remove(struct names *n, uint64_t agent)
{
	struct name **at = &n->buckets[agent % NAMES_BUCKETS], *gone;

	while (*at && (*at)->agent != agent)
		at = &(*at)->next;
	gone = *at;
	if (!gone)
		return;
	*at = gone->next;
	free(gone);
}

void names_retire(struct names *n, uint64_t agent)
{
	struct name *entry = names_lookup(n, agent);
	uint64_t *slot = &n->retired[n->next_retired];

	if (!entry || entry->retired)
		return;
	if (*slot)
		names_remove(n, *slot);
	*slot = agent;
	entry->retired = true;
	n->next_retired = (n->next_retired + 1) % NAMES_KEPT;
}

const char *names_find(const struct names *n, uint64_t agent)
{
	const struct name *entry = names_lookup(n, agent);

	return entry ? entry->text : "";
}

static int names_adopt_one(struct names *n, int dev, uint64_t agent)
{
	struct agentos_info info;
	int fd, err;

	fd = agentos_dev_agent(dev, agent, AGENTOS_ACCESS_INSPECT);
	if (fd < 0)
		return fd;
	err = agentos_agent_info(fd, &info);
	close(fd);
	return err ? err : names_add(n, agent, info.ret_name);
}

int names_adopt(struct names *n, int dev)
{
	uint64_t ids[NAMES_BATCH], after = 0;
	int count, i, err, adopted = 0;

	do {
		count = agentos_dev_enumerate(
			dev, AGENTOS_ENUMERATE_AGENTS, after, ids, NAMES_BATCH);
		if (count < 0)
			return count;
		for (i = 0; i < count; i++) {
			err = names_adopt_one(n, dev, ids[i]);
			if (!err)
				adopted++;
			else if (err != -ESRCH) /* it may end while we look */
				return err;
			after = ids[i];
		}
	} while (count == NAMES_BATCH);
	return adopted;
}
