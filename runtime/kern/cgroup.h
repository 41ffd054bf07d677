/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cgroups of agents: /agentos/ID in the tree of cgroup v2, made, limited and removed. */
#ifndef AGENTOS_KERN_CGROUP_H
#define AGENTOS_KERN_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fault.h"
#include "policy/compiled.h"

/*
 * The file system is the only table: whoever comes after a crash finds there
 * what is. Each agent with limits has a cgroup of its own, and those below it
 * are in it, too (AGENTOS_AGENT_CGROUP). /agentos itself is there while it has
 * any; it stands beside the slices of a service manager, whose are others, and
 * has no processes.
 */

/* A directory descriptor of the cgroup that all of the machine are below, or a negative errno. */
int cgroup_root(void);

bool cgroup_needed(const struct compiled_limits *limits);

/*
 * Makes the agent's, with these limits. Returns its cgroup.procs, open for
 * writing. After a failure there is none.
 * -EOPNOTSUPP  the machine has no controller for a limit; f names both
 */
int cgroup_make(uint64_t agent, const struct compiled_limits *limits, struct fault *f);

/*
 * For an agent that may have one: makes sure that cgroup_limit() will find what
 * it needs. -ENOENT it has none, and there are limits; -EOPNOTSUPP as above
 */
int cgroup_prepare(uint64_t agent, const struct compiled_limits *limits, struct fault *f);

/* Do limits of a cgroup hold the agent, its own or those of one that it is below? */
bool cgroup_confines(int dev, const struct agentos_info *agent);

/* From now on these are all of its limits: what is not named is lifted. None: nothing to do. */
int cgroup_limit(uint64_t agent, const struct compiled_limits *limits, struct fault *f);

/*
 * Removes the agent's, if the agent has ended and with it all below it.
 * 0 it is gone, or was never; -EBUSY not yet
 */
int cgroup_retire(int dev, uint64_t agent);

/* The same of all there are. Returns how many stay though their agents have ended. */
unsigned int cgroup_sweep(int dev);

#endif
