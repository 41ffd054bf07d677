/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the gateway's process must not have, and gives up. */
#ifndef AGENTOS_GATEWAY_HARDEN_H
#define AGENTOS_GATEWAY_HARDEN_H

#include "base/fault.h"

/*
 * No root, no capabilities; then no new privileges, no dumps, nobody of its user may
 * trace it. Names are looked up as they stand, whatever resolv.conf would append.
 * -EPERM   root, or a capability
 * -EMFILE  fewer descriptors than all connections need, and no way to more
 */
int harden(struct fault *f);

#endif
