// SPDX-License-Identifier: GPL-2.0-or-later
/* Which policies the module has. */
#include "daemon/policies.h"

#include <errno.h>
#include <stdlib.h>

#include "kern/device.h"

int policies_list(int dev, struct policies *ret_policies)
{
	uint64_t *ids = calloc(AGENTOS_POLICIES_MAX, sizeof(*ids));
	int count;

	if (!ids)
		return -ENOMEM;
	count = agentos_dev_enumerate(
		dev, AGENTOS_ENUMERATE_POLICIES, 0, ids, AGENTOS_POLICIES_MAX);
	if (count < 0) {
		free(ids);
		return count;
	}
	*ret_policies = (struct policies){ .ids = ids, .count = count };
	return 0;
}

void policies_free(struct policies *p)
{
	free(p->ids);
	p->ids = NULL;
	p->count = 0;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

bool policies_have(const struct policies *p, uint64_t policy)
{
	return bsearch(&policy, p->ids, (size_t)p->count, sizeof(*p->ids), by_number);
}
