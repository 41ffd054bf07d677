/* SPDX-License-Identifier: GPL-2.0-only */
/* The cgroup that goes with an agent: whoever joins the agent is in it before that is done. */
#ifndef AGENTOS_CGROUP_H
#define AGENTOS_CGROUP_H

struct agent;
struct file;

/*
 * For an agent that nobody has joined or been derived from. Takes a reference
 * of its own to the file, which is a cgroup.procs that is open for writing.
 * -EINVAL it is something else; -EBUSY too late, or it has one; -ESRCH when exiting
 */
int cgroup_set(struct agent *agent, struct file *procs);

/* A sub-agent's is its parent's. Under the parent's lock. */
void cgroup_inherit(struct agent *agent);

/*
 * Moves the calling process there, if there is one: as root would by writing to
 * its cgroup.procs, and by no process's number, which could be another's by
 * then. May sleep. Errors are those of that write.
 */
int cgroup_enter(const struct agent *agent);

/* Nobody will join any more. Any context but hard interrupts. */
void cgroup_release(struct agent *agent);

#endif
