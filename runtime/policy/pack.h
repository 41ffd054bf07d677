/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy as bytes: from the process that has parsed it to one that trusts nothing of that. */
#ifndef AGENTOS_POLICY_PACK_H
#define AGENTOS_POLICY_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"

/*
 * Both ends are of one build and one run: numbers are the machine's own. Texts
 * have their length before them and no NUL, arrays their count.
 */

/* *ret_bytes is the caller's to free(). -ENOMEM */
int policy_pack(const struct policy *p, uint8_t **ret_bytes, size_t *ret_len);

/*
 * The bytes may be anybody's. A policy that comes out of this is one that can be
 * shown, compared, resolved and freed; what agentosd and the kernel bound, they do;
 * whether it says what the YAML says is another question, and whoever wrote
 * that YAML could have written it in the first place.
 * -EBADMSG  it is none: too short, too long, too much of something
 * -ENOMEM
 */
int policy_unpack(const uint8_t *bytes, size_t len, struct policy **ret_policy);

#endif
