// SPDX-License-Identifier: GPL-2.0-or-later
/* Policies in the module: rule by rule. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kern/device.h"
#include "kern/enforce_state.h"

/* Of the numbers of our own rules. */
static bool number_is_reserved(uint32_t number)
{
	return AGENTOS_RULE_IS_OWN(number) || number == AGENTOS_RULE_GATE;
}

int enforce_policy_add(struct enforce *e, uint32_t policy, const struct compiled_rule *r, int fd,
		       struct fault *f)
{
	struct agentos_policy_rule rule = {
		.policy = policy,
		.fd = fd,
		.allow = r->allow,
		.deny = r->deny,
		.kill = r->kill,
		.watch = r->watch,
		.number = r->number,
	};
	/* A name anywhere is watched where other rules allow it. */
	const bool says = r->allow | r->deny || (r->kind == COMPILED_ANYWHERE && r->watch);
	int err;

	if (r->kind < COMPILED_OBJECT || r->kind > COMPILED_ABSTRACT || !says ||
	    number_is_reserved(r->number) || (r->kind != COMPILED_OBJECT) != !!r->name[0])
		return fault_set(f, EINVAL, "rule %u is malformed", r->number);
	if (r->kind == COMPILED_ANYWHERE || r->kind == COMPILED_ABSTRACT) {
		rule.flags = r->kind == COMPILED_ANYWHERE ? AGENTOS_RULE_ANYWHERE :
							    AGENTOS_RULE_ABSTRACT;
		rule.fd = -1;
	} else {
		err = own_allow(e, r, fd, f);
		if (err)
			return err;
	}
	memcpy(rule.name, r->name, sizeof(rule.name));
	err = agentos_dev_policy_rule(e->dev, &rule);
	switch (err) {
	case 0:
		return 0;
	case -EINVAL:
		return fault_set(f, EINVAL, "rule %u is malformed", r->number);
	case -ENOSPC:
		return fault_set(
			f, E2BIG, "more than %d %s in one policy",
			rule.flags ? AGENTOS_PATTERNS_MAX : AGENTOS_RULES_MAX,
			rule.flags == AGENTOS_RULE_ANYWHERE ? "names that are ruled anywhere" :
			rule.flags			    ? "abstract names" :
							      "rules");
	case -EOPNOTSUPP:
		return fault_set(
			f, EOPNOTSUPP,
			"rule %u: no path leads to its object: it is a pipe, a socket or in memory only",
			r->number);
	case -ENOTDIR:
		return fault_set(f, EINVAL, "rule %u: a name in what is no directory", r->number);
	case -ENOTUNIQ:
		return fault_set(
			f, EOPNOTSUPP,
			"rule %u: its directory takes other spellings for the same name: a rule on one name would not hold there",
			r->number);
	}
	return fault_set(f, -err, "rule %u cannot be held: %s", r->number, strerror(-err));
}

int enforce_policy_address(struct enforce *e, uint32_t policy, const struct compiled_address *a,
			   struct fault *f)
{
	struct agentos_policy_net net = {
		.policy = policy,
		.number = a->number,
		.family = a->family,
		.prefix = a->prefix,
		.port_first = a->port_first,
		.port_last = a->port_last,
		.allow = a->allow,
		.deny = a->deny,
		.kill = a->kill,
		.watch = a->watch,
	};
	int err;

	memcpy(net.addr, a->addr, sizeof(net.addr));
	err = number_is_reserved(a->number) || a->pad ? -EINVAL :
							agentos_dev_policy_net(e->dev, &net);
	switch (err) {
	case 0:
		return 0;
	case -EINVAL:
		return fault_set(f, EINVAL, "rule %u is malformed", a->number);
	case -ENOSPC:
		return fault_set(f, E2BIG, "more than %d rules on addresses in one policy",
				 AGENTOS_NET_RULES_MAX);
	}
	return fault_set(f, -err, "rule %u cannot be added: %s", a->number, strerror(-err));
}

int enforce_policy_begin(struct enforce *e, uint64_t kill, uint64_t watch, uint32_t *ret_policy,
			 struct fault *f)
{
	int err = agentos_dev_policy_begin(e->dev, kill, watch, ret_policy);

	if (err == -ENOSPC)
		return fault_set(f, ENOSPC, "too many policies: %d", AGENTOS_POLICIES_MAX);
	return err ? fault_set(f, -err, "no new policy: %s", strerror(-err)) : 0;
}

int enforce_policy_drop(struct enforce *e, uint32_t policy)
{
	return agentos_dev_policy_drop(e->dev, policy);
}

int enforce_policy_sweep(struct enforce *e)
{
	uint64_t *ids = calloc(AGENTOS_POLICIES_MAX, sizeof(*ids));
	int i, count, swept = 0;

	if (!ids)
		return -ENOMEM;
	count = agentos_dev_enumerate(
		e->dev, AGENTOS_ENUMERATE_POLICIES, 0, ids, AGENTOS_POLICIES_MAX);
	for (i = 0; i < count; i++)
		swept += agentos_dev_policy_drop(e->dev, ids[i]) != -EBUSY;
	free(ids);
	return count < 0 ? count : swept;
}
