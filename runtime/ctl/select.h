/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which agents a command is about: names, ids, patterns, or all; and descriptors of them. */
#ifndef AGENTOS_CTL_SELECT_H
#define AGENTOS_CTL_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agentos.h"
#include "base/fault.h"

/*
 * The live agents that any of the words means: a name, an id, or a pattern with
 * * ? [ ] of the shell's; with `all`, every one, and no words. Each once, in
 * order of id. *ret_infos is the caller's to free().
 * A word that means none is complained of, and *ret_unknown tells of it; the
 * others are selected all the same.
 */
int select_agents(int dev, char *const *words, size_t count, bool all,
		  struct agentos_info **ret_infos, size_t *ret_count, bool *ret_unknown,
		  struct fault *f);

/*
 * The device, and one agent by name or id with a descriptor of it. Complains
 * itself. Returns the descriptor (the caller's to close), or -1.
 */
int select_one(const char *name_or_id, uint32_t access, struct agentos_info *ret_info);

/* A descriptor of a selected agent, or a negative errno, complained of unless it is gone. */
int select_open(int dev, const struct agentos_info *info, uint32_t access);

#endif
