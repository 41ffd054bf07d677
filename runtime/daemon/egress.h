/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules on host names of each policy that has some, kept for the gateway, and for the next daemon. */
#ifndef AGENTOS_DAEMON_EGRESS_H
#define AGENTOS_DAEMON_EGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fault.h"
#include "policy/compiled.h"

/*
 * RUN_DIR/egress/N has those of policy N, as egress.c's struct egress_file says:
 * fixed records, with a checksum. A policy's are there before an agent follows it,
 * and go after it has gone. What cannot be read back is nothing: who follows that
 * policy reaches no host by its name any more, and the log says why.
 */
struct egress;

/*
 * Takes up what there is of policies that are still there, and removes the rest.
 * directory: made by the caller, nobody's but root's.
 */
int egress_open(const char *directory, int dev, struct egress **ret_egress, struct fault *f);
/* NULL is allowed. The files stay. */
void egress_close(struct egress *e);

/* Copies them. -EEXIST it has some; -ENOMEM; errors of the file */
int egress_put(struct egress *e, uint32_t policy, const struct compiled_egress *rules,
	       uint32_t count, struct fault *f);
/* NULL and 0 when it has none. Valid until the next call that changes them. */
const struct compiled_egress *egress_find(const struct egress *e, uint32_t policy,
					  uint32_t *ret_count);
/* Did it have some, and has gone? Of the last thousand. */
bool egress_had(const struct egress *e, uint32_t policy);
/* Does a policy have some? */
bool egress_any(const struct egress *e);
/* The policy is gone, or came to nothing. */
void egress_drop(struct egress *e, uint32_t policy);
/* Likewise all that are no more, as the module has it. */
void egress_sweep(struct egress *e);
/* No policy is left. Removes the directory as well. */
void egress_clear(struct egress *e);

#endif
