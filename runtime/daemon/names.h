/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is who: agent id to name and policy, for records that carry only the id. */
#ifndef AGENTOS_DAEMON_NAMES_H
#define AGENTOS_DAEMON_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "agentos.h"

struct names;

int names_open(struct names **ret_names);
void names_close(struct names *n);

/* From a CREATE record, or from the device. -ENOMEM: the agent will be nameless in the log. */
int names_add(struct names *n, uint64_t agent, const char name[AGENTOS_NAME_SIZE]);
/* So many agents may have been made and have ended that nothing was heard of. */
void names_lose(struct names *n, uint64_t count);
/*
 * Was there ever an agent of this id, as far as was heard? The module numbers them 1, 2, 3, ...
 * and gives no number twice, so the greatest one is all that has to be kept: a name may
 * be forgotten by then.
 */
bool names_had(const struct names *n, uint64_t agent);
/* The agent is gone; late records still find it until NAMES_KEPT others are gone. */
void names_retire(struct names *n, uint64_t agent);
/* "" when unknown. Valid until the next call that changes the table. */
const char *names_find(const struct names *n, uint64_t agent);
/* Adds every agent that the device knows. Returns how many, or a negative errno. */
int names_adopt(struct names *n, int dev);

#endif
