/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which agent made a connection, as the kernel noted it when it was made. */
#ifndef AGENTOS_KERN_CALLER_H
#define AGENTOS_KERN_CALLER_H

#include <stdbool.h>
#include <stdint.h>

struct caller {
	uint64_t agent;	 /* not 0 */
	uint32_t policy; /* that it is under now; 0: none */
	bool audit_only;
};

/*
 * Asks the device about an accepted socket; at once, as the kernel remembers the newest
 * ones alone.
 * -ENOTCONN  it was reset already
 * -ENOENT    no agent's; and other errors, see AGENTOS_IOC_CALLER
 */
int caller_get(int device, int connection, struct caller *ret_caller);

#endif
