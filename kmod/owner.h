/* SPDX-License-Identifier: GPL-2.0-only */
/* Whom a descriptor signals (fcntl(F_SETOWN) and the like), at the moment that it is set. */
#ifndef AGENTOS_OWNER_H
#define AGENTOS_OWNER_H

#include <linux/types.h>

struct file;

/*
 * Both for the hook file_set_fowner alone: the kernel holds the owner's lock,
 * has set the process, and goes on with the user's ids. The self-test proves
 * that it is so, as older kernels called the hook before.
 *
 * Is it one process, and inside the calling task's agent, or one derived from it?
 * ret_number is told its number in the initial pid namespace, negative for a
 * group, 0 when there is none.
 */
bool owner_inside(const struct file *file, int *ret_number);

/* Nobody is signalled then, until an owner is set again. */
void owner_drop(struct file *file);

#endif
