/* SPDX-License-Identifier: GPL-2.0-only */
/* A policy object: its number, its rules, and a hold on the objects they name. */
#ifndef AGENTOS_POLICY_H
#define AGENTOS_POLICY_H

#include <linux/types.h>

#include "agentos.h"

struct dentry;
struct file;
struct policy;
struct rules;

/* All may sleep, but for policy_unuse(). Errors as the POLICY ioctls document. */
int policy_new(u32 *ret_id);
/* Holds what file refers to and puts the rule on it; the caller keeps its reference to file. */
int policy_rule(struct file *file, struct agentos_policy_rule *rule);
int policy_drop(u32 id);

/* An agent begins to use it: NULL when there is none. While used, drop is -EBUSY. */
struct policy *__must_check policy_use(u32 id);
/* Softirq-safe. NULL is allowed. */
void policy_unuse(struct policy *policy);

/* Good while the caller uses the policy; they do not change any more. */
const struct rules *policy_rules(const struct policy *policy);

/*
 * Does the policy hold the directory, or anything below it? RCU or a reference
 * keeps dentry; the caller uses the policy. Any context but hard interrupts.
 */
bool policy_holds_below(struct policy *policy, const struct dentry *dentry);

u32 policy_enumerate(u64 after, u64 *ids, u32 count);
u32 policy_count(void);
u32 policy_pin_count(void);

void policy_init(void);
/* At unload: lets go of everything. No agent is left. */
void policy_exit(void);

#endif
