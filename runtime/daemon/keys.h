/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys of providers out of the vault, for the gateway: each for the hosts that it is bound to. */
#ifndef AGENTOS_DAEMON_KEYS_H
#define AGENTOS_DAEMON_KEYS_H

#include <stdint.h>

#include "rpc/gate.h"

/*
 * The vault is opened for each, and closed: what changes in it is seen at once, and nothing
 * of it stays in memory. Sets *ret_key's error, or its bytes and len.
 *
 * Its key file or its credential opens it. One that a passphrase opens agentosd cannot
 * open: -ENOKEY, as where there is no vault, with one line on standard error the first time
 * that its reason is another than before.
 */
void keys_lease(const struct gate_key_of *of, struct gate_key *ret_key);

#endif
