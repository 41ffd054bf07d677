/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands as the dispatcher in device.c and those who carry them out share them. */
#ifndef AGENTOS_VERB_H
#define AGENTOS_VERB_H

#include <linux/build_bug.h>
#include <linux/capability.h>
#include <linux/types.h>

#include "agentos.h"

struct file;

/* A descriptor that a command makes: installed only when its answer was written. */
struct fresh_fd {
	struct file *file;
	int fd;
};

/* One command, copied in. Larger than any struct, so that its fields can be checked in place. */
union command {
	u32 size;
	struct agentos_version version;
	struct agentos_create create;
	struct agentos_open open;
	struct agentos_identify identify;
	struct agentos_enumerate enumerate;
	struct agentos_policy_new policy_new;
	struct agentos_policy_rule policy_rule;
	struct agentos_policy_drop policy_drop;
	struct agentos_policy_net policy_net;
	struct agentos_gateway gateway;
	struct agentos_caller caller;
	struct agentos_denied denied;
	struct agentos_drained drained;
	struct agentos_seek seek;
	struct agentos_attach attach;
	struct agentos_info info;
	struct agentos_restrict restrict_;
	struct agentos_agent_policy agent_policy;
	struct agentos_kill kill;
	struct agentos_dup dup;
	struct agentos_derive derive;
	struct agentos_revoke revoke;
	struct agentos_budget_set budget_set;
	struct agentos_budget_get budget_get;
	struct agentos_reserve reserve;
	struct agentos_settle settle;
	struct agentos_pause pause;
	struct agentos_resume resume;
	struct agentos_sched sched;
	struct agentos_mail mail;
	struct agentos_agent_cgroup agent_cgroup;
};

/* Who in an agent may ask a command of an agent descriptor. */
enum inside {
	INSIDE_NEVER, /* nobody */
	INSIDE_ANY,   /* anybody who has the descriptor */
	INSIDE_OWN,   /* of its own agent and descendants */
	INSIDE_BELOW, /* of descendants */
	INSIDE_APART, /* of agents that have no ancestor with its own in common */
};

/* What a descriptor can be asked. */
struct verb {
	u32 size;   /* of the struct now, which is also the least accepted */
	u32 answer; /* offset of its first field that is written back; 0: nothing is */
	bool asks;  /* changes nothing: if it cannot be answered, no harm is done */
	enum inside inside;
	u32 access; /* needed of an agent descriptor */
	int (*run)(struct file *file, union command *c, struct fresh_fd *fresh);
};

/* Of a struct without an answer; with one, from its first field on; that only asks. */
#define VERB(type, ...)                                                                           \
	{                                                                                         \
		.size = sizeof(type) + BUILD_BUG_ON_ZERO(sizeof(type) % sizeof(u64)), __VA_ARGS__ \
	}
#define VERB_ANSWER(type, first, ...) VERB(type, .answer = offsetof(type, first), __VA_ARGS__)
#define VERB_ASK(type, first, ...)    VERB_ANSWER(type, first, .asks = true, __VA_ARGS__)

static inline bool caller_is_admin(void)
{
	return capable(CAP_SYS_ADMIN);
}

#endif
