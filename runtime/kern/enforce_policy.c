// SPDX-License-Identifier: GPL-2.0-or-later
/* Policies in the module: rule by rule. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kern/cgroup.h"
#include "kern/device.h"
#include "kern/enforce_state.h"

/*
 * It would be nearer than our own rules, enforce_policy_complete(). named: the
 * rule is about a name in what the descriptor is of.
 */
static bool descriptor_below(int fd, bool named, const char *directory)
{
	const size_t len = strlen(directory);
	char link[32], path[PATH_MAX];
	ssize_t got;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	got = readlink(link, path, sizeof(path) - 1);
	if (got < (ssize_t)len || memcmp(path, directory, len))
		return false;
	path[got] = '\0';
	return path[len] == '/' || (named && !path[len]);
}

/* Of the numbers of our own rules. */
static bool number_is_reserved(uint32_t number)
{
	return number == AGENTOS_RULE_PINS || number == AGENTOS_RULE_FEED ||
	       number == AGENTOS_RULE_GATE;
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
	int err;

	if (r->kind < COMPILED_OBJECT || r->kind > COMPILED_ABSTRACT || !(r->allow | r->deny) ||
	    number_is_reserved(r->number) || (r->kind != COMPILED_OBJECT) != !!r->name[0])
		return fault_set(f, EINVAL, "rule %u is malformed", r->number);
	if (r->kind == COMPILED_ANYWHERE || r->kind == COMPILED_ABSTRACT) {
		rule.flags = r->kind == COMPILED_ANYWHERE ? AGENTOS_RULE_ANYWHERE :
							    AGENTOS_RULE_ABSTRACT;
		rule.fd = -1;
	} else if (descriptor_below(fd, r->kind == COMPILED_NAME, AGENTOS_PIN_DIR)) {
		return fault_set(f, EINVAL, "rule %u: no rule may be about what is below %s",
				 r->number, AGENTOS_PIN_DIR);
	} else if (e->feeds && descriptor_below(fd, r->kind == COMPILED_NAME, e->feeds)) {
		return fault_set(f, EINVAL, "rule %u: no rule may be about what is below %s",
				 r->number, e->feeds);
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
			rule.flags == AGENTOS_RULE_ANYWHERE ? "names that are denied anywhere" :
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

int enforce_policy_gateway(struct enforce *e, uint32_t policy, uint16_t port, struct fault *f)
{
	struct agentos_policy_net net = {
		.policy = policy,
		.number = AGENTOS_RULE_GATE,
		.family = AF_INET,
		.prefix = 32,
		.addr = { 127, 0, 0, 1 },
		.port_first = port,
		.port_last = port,
		.allow = AGENTOS_NET_CONNECT_TCP,
	};
	int err = agentos_dev_policy_net(e->dev, &net);

	if (err == -ENOSPC)
		return fault_set(f, E2BIG, "more than %d rules on addresses in one policy",
				 AGENTOS_NET_RULES_MAX - 1);
	return err ? fault_set(f, -err, "the gateway cannot be allowed: %s", strerror(-err)) : 0;
}

void enforce_feeds(struct enforce *e, const char *path, int fd)
{
	e->feeds = path;
	e->feeds_fd = fd;
}

int enforce_policy_feed(struct enforce *e, uint32_t policy, int fd, struct fault *f)
{
	struct agentos_policy_rule rule = {
		.policy = policy,
		.fd = fd,
		.allow = AGENTOS_FILE_READ,
		.deny = AGENTOS_FILE_ALL & ~AGENTOS_FILE_READ,
		.number = AGENTOS_RULE_FEED,
	};
	int err = agentos_dev_policy_rule(e->dev, &rule);

	return err ? fault_set(f, -err, "a denial feed cannot be held: %s", strerror(-err)) : 0;
}

/* No writing there, whatever was written. Closes fd, which may be an error. */
static int policy_keep(struct enforce *e, uint32_t policy, int fd, const char *what,
		       struct fault *f)
{
	struct agentos_policy_rule rule = {
		.policy = policy,
		.fd = fd,
		.deny = AGENTOS_FILE_WRITE,
		.number = AGENTOS_RULE_PINS,
	};
	int err = fd < 0 ? fd : agentos_dev_policy_rule(e->dev, &rule);

	if (fd >= 0)
		close(fd);
	return err ? fault_set(f, -err, "%s cannot be held: %s", what, strerror(-err)) : 0;
}

/*
 * Rules more, which nobody wrote: an agent that may write anywhere may not unlink
 * the programs that hold it, nor leave the cgroup that limits it, and one that may
 * read anywhere not see the denials of others. The holds on the directories keep
 * their file systems from being unmounted, too.
 */
int enforce_policy_complete(struct enforce *e, uint32_t policy, bool limited, struct fault *f)
{
	struct agentos_policy_rule rule;
	int fd, err;

	fd = open(AGENTOS_PIN_DIR, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	err = policy_keep(e, policy, fd < 0 ? -errno : fd, AGENTOS_PIN_DIR, f);
	if (!err && limited)
		err = policy_keep(e, policy, cgroup_root(), "the tree of cgroups", f);
	if (err || !e->feeds)
		return err;
	rule = (struct agentos_policy_rule){
		.policy = policy,
		.fd = e->feeds_fd,
		.deny = AGENTOS_FILE_ALL,
		.number = AGENTOS_RULE_FEED,
	};
	err = agentos_dev_policy_rule(e->dev, &rule);
	return err ? fault_set(f, -err, "%s cannot be held: %s", e->feeds, strerror(-err)) : 0;
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
