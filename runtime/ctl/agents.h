/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agents that the device knows, for the commands that list and name them. */
#ifndef AGENTOS_CTL_AGENTS_H
#define AGENTOS_CTL_AGENTS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "agentos.h"
#include "base/fault.h"

/* *ret_infos, in order of id, is the caller's to free(). Agents that end meanwhile are left out. */
int agents_list(int dev, struct agentos_info **ret_infos, size_t *ret_count, struct fault *f);

/* By name (a live one), or by id. -ENOENT f says so. */
int agents_find(int dev, const char *name_or_id, struct agentos_info *ret_info, struct fault *f);

const char *agents_state(const struct agentos_info *info);
const char *agents_phase(const struct agentos_info *info);
/* "exit 3", "signal 9", "killed", ...; "" while it lives. */
void agents_outcome(const struct agentos_info *info, char *out, size_t size);
/* "all", "none", or names joined by commas. */
void agents_rights(uint64_t rights, char *out, size_t size);
/* "42s", "3m10s", "5h02m", "2d03h" since its creation. */
void agents_age(const struct agentos_info *info, char *out, size_t size);

/* The members of a JSON object, without braces. */
void agents_json(FILE *out, const struct agentos_info *info);
/* A JSON string with its quotes. */
void json_string(FILE *out, const char *text);

#endif
