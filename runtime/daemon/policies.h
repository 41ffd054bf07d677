/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The module's policies at one moment, for whoever keeps something for each. */
#ifndef AGENTOS_DAEMON_POLICIES_H
#define AGENTOS_DAEMON_POLICIES_H

#include <stdbool.h>
#include <stdint.h>

struct policies {
	uint64_t *ids; /* ascending */
	int count;
};

/* Ended with policies_free(). -ENOMEM, or the module's error. */
int policies_list(int dev, struct policies *ret_policies);
void policies_free(struct policies *p);

bool policies_have(const struct policies *p, uint64_t policy);

#endif
