/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy as the kernel will hold it: fixed records that carry descriptors, not paths. */
#ifndef AGENTOS_POLICY_COMPILED_H
#define AGENTOS_POLICY_COMPILED_H

#include <stdint.h>

#include "agentos.h"
#include "agentos_event.h"

enum compiled_kind {
	COMPILED_OBJECT = 1, /* the object behind the descriptor */
	COMPILED_NAME = 2,   /* `name` in the directory behind the descriptor */
	COMPILED_ANYWHERE =
		3, /* `name` in any directory, '*' at one end; the descriptor is none's */
	COMPILED_ABSTRACT = 4, /* Unix sockets of the abstract name `name`; likewise */
};

/* One rule; travels over the control socket as it stands, so it has no holes. */
struct compiled_rule {
	uint32_t number; /* index of the policy_rule it came from */
	uint8_t allow;	 /* AGENTOS_FILE_*; allow & deny == 0 */
	uint8_t deny;
	uint8_t kill;  /* of what it denies */
	uint8_t watch; /* of what it allows; COMPILED_ANYWHERE: of what others do */
	uint8_t kind;  /* enum compiled_kind */
	uint8_t pad[3];
	char name[AGENTOS_RULE_NAME_SIZE]; /* NUL-padded; empty for COMPILED_OBJECT */
};

/* A rule on addresses, as AGENTOS_IOC_POLICY_NET has it; likewise. */
struct compiled_address {
	uint32_t number; /* as the policy counts them: struct policy_address */
	uint16_t family;
	uint8_t prefix;
	uint8_t pad;
	uint8_t addr[16];
	uint16_t port_first, port_last;
	uint8_t allow, deny; /* AGENTOS_NET_* */
	uint8_t kill, watch; /* as those of a compiled_rule */
};

/* A host name may have "*." before it: any name below it. "*": any name. */
#define COMPILED_HOST 256 /* bytes of one, its NUL included */

enum compiled_egress_kind {
	EGRESS_TLS = 1,	     /* tunnels that carry TLS to that very name; plain HTTP requests */
	EGRESS_ANY = 2,	     /* and tunnels that carry something else */
	EGRESS_PROVIDER = 3, /* as EGRESS_TLS, to a provider of models: others never reach one */
	EGRESS_PRIVATE =
		4,	  /* addr/prefix may be what names stand for, though it is no public one */
	EGRESS_MODEL = 5, /* calls of models that `host` stands for, by the gateway itself */
	EGRESS_DENY = 6,  /* nothing, although a rule on more names allows it */
	EGRESS_KILL = 7,  /* likewise, and the agent that asks is killed */
	EGRESS_WATCH = 8, /* as EGRESS_TLS, and recorded as what would be denied */
};

/* A rule on what the gateway connects to for an agent; travels as it stands. */
struct compiled_egress {
	uint32_t number; /* as the policy counts them: struct policy_egress */
	uint8_t kind;	 /* enum compiled_egress_kind */
	uint8_t prefix;	 /* PRIVATE: bits of addr, the rest zero; else 0 */
	uint16_t family; /* PRIVATE: AF_INET with 4 bytes of addr, AF_INET6; else 0 */
	uint16_t port_first, port_last; /* not 0; PRIVATE, MODEL: both 0 */
	uint8_t addr[16];
	/* Lower case, no dot at its end, NUL-padded; PRIVATE: empty; MODEL: as egress_model() has it. */
	char host[COMPILED_HOST];
	uint32_t pad;
};

/* What an agent and all below it may use together, by their cgroup; 0: no limit. */
struct compiled_limits {
	uint64_t memory;    /* bytes */
	uint32_t processes; /* and threads */
	uint32_t cpu;	    /* percent of one processor */
	uint32_t io_weight;
	uint32_t pad;
};

/* As AGENTOS_AGENT_BUDGET_SET has it. */
struct compiled_budget {
	uint64_t limit;
	uint64_t period_ns;
	uint32_t action;
	uint32_t given; /* 0: nothing is set, and all else is 0 */
};

#define COMPILED_CRITICALITY (1U << 0)
#define COMPILED_PHASE	     (1U << 1)
#define COMPILED_DEADLINE    (1U << 2)
#define COMPILED_EFFICIENCY  (1U << 3)
#define COMPILED_COST	     (1U << 4)
#define COMPILED_SCHEDULE    31U

/* As AGENTOS_AGENT_SCHED has it; what is not given is 0. */
struct compiled_schedule {
	uint64_t deadline_ns; /* from now */
	uint32_t criticality;
	uint32_t phase;
	uint32_t given;		   /* COMPILED_* */
	uint32_t efficiency, cost; /* 16.16 fixed point */
	uint32_t pad;
};

/* All that is no rule. */
struct compiled_terms {
	struct compiled_limits limits;
	struct compiled_budget budgets[AGENTOS_RESOURCE_COUNT]; /* by enum agentos_resource */
	struct compiled_schedule schedule;
};

_Static_assert(sizeof(struct compiled_terms) == 24 + AGENTOS_RESOURCE_COUNT * 24 + 32, "no holes");
_Static_assert(sizeof(struct compiled_address) == 32, "no holes");
_Static_assert(sizeof(struct compiled_egress) == 32 + COMPILED_HOST, "no holes");
_Static_assert(sizeof(struct compiled_rule) == 12 + AGENTOS_RULE_NAME_SIZE, "no holes");

#endif
