/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree of cgroups: where it begins. */
#ifndef AGENTOS_KERN_CGROUP_H
#define AGENTOS_KERN_CGROUP_H

/* A directory descriptor of the cgroup that all of the machine are below, or a negative errno. */
int cgroup_root(void);

#endif
