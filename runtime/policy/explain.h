/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why an act was refused, and what a policy would have to say to allow it. Pure. */
#ifndef AGENTOS_POLICY_EXPLAIN_H
#define AGENTOS_POLICY_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agentos_event.h"
#include "policy/policy.h"

#define EXPLAIN_ITEM  2048 /* bytes of one list item, as YAML has it */
#define EXPLAIN_ITEMS 8

/* One line to add: under list: in section:, or, where list is NULL, in section: itself. */
struct explain_item {
	const char *section; /* "rights", "files", "network" */
	const char *list;    /* "read", "connect", ...; NULL */
	char item[EXPLAIN_ITEM];
};

struct explain {
	/* The rule that refused, if one did and the policy has one of its number. */
	bool has_rule;
	uint32_t number;  /* its number */
	bool falls_short; /* it refused nothing: it is on the host or model, and was not enough */
	const char *file; /* NULL: the one that the policy was parsed from */
	uint32_t line;
	bool is_name;		 /* one of deny-names, kill-names or watch-names */
	bool kills;		 /* the agent was killed for it, */
	bool watches;		 /* or let do it */
	const char *effect;	 /* for want of this right, by file and line as above; or NULL */
	char rule[EXPLAIN_ITEM]; /* what it is about, as written but for variables */
	/* What to do about it. */
	bool is_possible; /* false: no policy can allow this */
	bool is_removal;  /* the rule's line must go: what is added beside it would not win */
	struct explain_item items[EXPLAIN_ITEMS];
	size_t count;
	const char *lesson; /* a sentence about it, or NULL */
};

/*
 * event: one that was refused. policy: what the agent followed, or NULL when
 * that is not known; vars: with which it was parsed, put back into paths (may be
 * NULL). Paths of the event are as text: that a rule is about its object under
 * another name is not seen, and said in the lesson.
 */
void explain_event(const struct agentos_event *event, const struct policy *policy,
		   const struct policy_vars *vars, struct explain *ret_explain);

/* What the gateway was asked for, and why that came to nothing, as its record has it. */
struct explain_asked {
	unsigned int why; /* enum egress_why */
	uint32_t rule;	  /* that allowed the host, or AGENTOS_RULE_NONE */
	const char *host; /* as it was asked for; may be empty */
	uint16_t port;
	uint16_t family;     /* of addr; 0: none was chosen */
	const uint8_t *addr; /* 16 bytes */
};

/* As explain_event(). Each reason has its sentence; who is no agent has no policy. */
void explain_egress(const struct explain_asked *asked, const struct policy *policy,
		    struct explain *ret_explain);

/* A model that was called, and why that came to nothing, as its record has it. */
struct explain_called {
	unsigned int why;     /* enum call_why of rpc/call_why.h */
	uint32_t rule;	      /* that let it, or AGENTOS_RULE_NONE */
	const char *provider; /* may be empty */
	const char *model;    /* as it was asked for; may be empty */
};

/* As explain_egress(). */
void explain_call(const struct explain_called *called, const struct policy *policy,
		  struct explain *ret_explain);

#endif
