/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The secret that agents' tokens are made with: as long as agents may live, and no longer. */
#ifndef AGENTOS_DAEMON_TOKENS_H
#define AGENTOS_DAEMON_TOKENS_H

#include <stdint.h>

#include "base/fault.h"
#include "rpc/token.h"

#define TOKENS_NAME "token.key" /* of their secret; while it is made, with ".new" */

/*
 * Reads run_dir/token.key, or makes it: agents outlive an agentosd, and their tokens are in
 * their environment. It is root's alone. 0, or a negative errno with *f.
 */
int tokens_open(const char *run_dir, uint8_t ret_key[TOKEN_KEY], struct fault *f);

/* No agent lives, and none will before the next agentosd: the file is removed. */
void tokens_end(const char *run_dir);

#endif
