/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an agent's denial feed is, by the policy that it follows. */
#ifndef AGENTOS_CTL_DENIALS_H
#define AGENTOS_CTL_DENIALS_H

#include <stddef.h>
#include <stdint.h>

/* -ENOENT it has none; -ENAMETOOLONG. Works within an agent as well. */
int denials_path(uint32_t policy, char *ret_path, size_t size);

#endif
