/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random commands of the device and of agent descriptors, valid or nearly so. */
#ifndef AGENTOS_TESTS_KERNEL_FUZZ_H
#define AGENTOS_TESTS_KERNEL_FUZZ_H

#include "stage.h"

#define SLOTS	12 /* descriptors that a process uses at a time */
#define NAMES	6
#define NUMBERS 16

/* What all processes of a round have in common. */
static struct {
	int stop;
	int spawned;
	uint64_t agents[NUMBERS]; /* ids there are, or were */
	uint32_t policies[NUMBERS];
	pid_t pids[NUMBERS];
	uint64_t done[256]; /* commands that were carried out, by number */
	uint64_t refused;
	uint64_t moved; /* reads and writes that did something */
} * common;

static int object; /* to pin */
static int cgroup; /* to join */
static int slots[SLOTS];

/* One thread of it. */
struct fuzz {
	uint64_t random;
	int depth;	    /* forks above it */
	char *end;	    /* of memory for structs: nothing may be touched beyond */
	uint64_t ids[4096]; /* for ENUMERATE */
	char text[AGENTOS_MESSAGE_MAX + 64];
};

static inline uint64_t fuzz_random(struct fuzz *fuzz)
{
	uint64_t x = (fuzz->random += 0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

static inline uint32_t fuzz_below(struct fuzz *fuzz, uint32_t limit)
{
	return fuzz_random(fuzz) % limit;
}

static inline bool fuzz_chance(struct fuzz *fuzz, uint32_t one_in)
{
	return fuzz_below(fuzz, one_in) == 0;
}

/* A number at an edge, or anywhere. */
static inline uint64_t fuzz_number(struct fuzz *fuzz)
{
	static const uint64_t edges[] = {
		0,
		1,
		2,
		3,
		4095,
		4096,
		65536,
		INT32_MAX,
		1ULL << 31,
		UINT32_MAX,
		1ULL << 32,
		INT64_MAX,
		1ULL << 63,
		UINT64_MAX - 1,
		UINT64_MAX,
		1000,
		1000000,
		100000000,
		5000000000,
		64,
		AGENTOS_STRUCT_MAX,
		AGENTOS_RIGHTS_ALL,
	};
	uint64_t number = fuzz_random(fuzz);

	if (fuzz_chance(fuzz, 4))
		return number >> fuzz_below(fuzz, 64);
	return edges[fuzz_below(fuzz, sizeof(edges) / sizeof(edges[0]))];
}

/* Descriptors */

static inline int slot_any(struct fuzz *fuzz)
{
	int fd = -1, tries = 4;

	while (fd < 0 && tries--)
		fd = __atomic_load_n(&slots[fuzz_below(fuzz, SLOTS)], __ATOMIC_RELAXED);
	return fd;
}

/* What was there is closed, whoever uses it. */
static inline void slot_put(struct fuzz *fuzz, int fd)
{
	int old = __atomic_exchange_n(&slots[fuzz_below(fuzz, SLOTS)], fd, __ATOMIC_RELAXED);

	if (old >= 0)
		close(old);
}

static inline void slot_add(struct fuzz *fuzz, int fd)
{
	if (fd < 0)
		return;
	/* No thread may wait for mail for good. */
	fcntl(fd, F_SETFL, O_NONBLOCK);
	slot_put(fuzz, fd);
}

/* Commands */

static inline uint64_t number_known(struct fuzz *fuzz, const uint64_t *known)
{
	return fuzz_chance(fuzz, 8) ? fuzz_number(fuzz) : known[fuzz_below(fuzz, NUMBERS)];
}

static inline uint32_t policy_known(struct fuzz *fuzz)
{
	return fuzz_chance(fuzz, 8) ? fuzz_number(fuzz) :
				      common->policies[fuzz_below(fuzz, NUMBERS)];
}

static inline uint64_t rights_some(struct fuzz *fuzz)
{
	return AGENTOS_RIGHTS_ALL & (fuzz_chance(fuzz, 3) ? fuzz_random(fuzz) : UINT64_MAX);
}

static inline uint32_t access_some(struct fuzz *fuzz)
{
	return AGENTOS_ACCESS_ALL & (fuzz_chance(fuzz, 3) ? fuzz_random(fuzz) : UINT64_MAX);
}

static inline void fill_derive(struct fuzz *fuzz, struct agentos_derive *derive, int fd)
{
	struct agentos_info info = { .size = sizeof(info) };

	derive->flags = fuzz_below(fuzz, 4) * AGENTOS_CREATE_RECORD_ALLOWED |
			fuzz_chance(fuzz, 8) * AGENTOS_CREATE_AUDIT_ONLY;
	derive->rights = rights_some(fuzz);
	derive->policy = fuzz_chance(fuzz, 4) ? policy_known(fuzz) : 0;
	derive->access = access_some(fuzz);
	if (!stage_call(fd, AGENTOS_AGENT_INFO, &info)) {
		snprintf(derive->name, sizeof(derive->name), "%.59s.%u", info.ret_name,
			 fuzz_below(fuzz, 3));
		derive->rights &= info.ret_rights;
	}
}

/* Any command's struct. */
union any {
	struct agentos_create create;
	struct agentos_open open;
	struct agentos_identify identify;
	struct agentos_enumerate list;
	struct agentos_policy_new policy_new;
	struct agentos_policy_rule rule;
	struct agentos_policy_drop drop;
	struct agentos_policy_net net;
	struct agentos_seek seek;
	struct agentos_gateway gateway;
	struct agentos_caller caller;
	struct agentos_denied denied;
	struct agentos_drained drained;
	struct agentos_restrict restrict_;
	struct agentos_agent_policy set_policy;
	struct agentos_agent_cgroup cgroup;
	struct agentos_dup dup;
	struct agentos_derive derive;
	struct agentos_revoke revoke;
	struct agentos_budget_set set;
	struct agentos_budget_get get;
	struct agentos_reserve reserve;
	struct agentos_settle settle;
	struct agentos_sched sched;
	struct agentos_mail mail;
};

/* Arguments that may be good. */
static inline void command_fill(struct fuzz *fuzz, unsigned long cmd, union any *arg, int fd)
{
	switch (cmd) {
	case AGENTOS_IOC_CREATE:
		arg->create.flags = AGENTOS_CREATE_UNENFORCED |
				    (fuzz_chance(fuzz, 2) ? fuzz_below(fuzz, 32) : 0);
		arg->create.rights = rights_some(fuzz);
		arg->create.policy = fuzz_chance(fuzz, 3) ? policy_known(fuzz) : 0;
		arg->create.access = access_some(fuzz);
		arg->create.owner = fuzz_below(fuzz, 3) * 1000;
		/* Few: they collide. */
		snprintf(arg->create.name, AGENTOS_NAME_SIZE, "a%u", fuzz_below(fuzz, NAMES));
		break;
	case AGENTOS_IOC_OPEN:
		arg->open.id = number_known(fuzz, common->agents);
		arg->open.access = access_some(fuzz);
		break;
	case AGENTOS_IOC_IDENTIFY:
		arg->identify.pid = common->pids[fuzz_below(fuzz, NUMBERS)];
		arg->identify.flags = AGENTOS_IDENTIFY_ANY_START;
		break;
	case AGENTOS_IOC_ENUMERATE:
		arg->list.kind = fuzz_below(fuzz, 2);
		arg->list.ids = (uintptr_t)fuzz->ids;
		arg->list.count = 1 + fuzz_below(fuzz, 4096);
		arg->list.after = fuzz_chance(fuzz, 2) ? fuzz_number(fuzz) : 0;
		break;
	case AGENTOS_IOC_POLICY_RULE:
		arg->rule.policy = policy_known(fuzz);
		arg->rule.fd = fuzz_chance(fuzz, 4) ? slot_any(fuzz) : object;
		arg->rule.allow = fuzz_below(fuzz, AGENTOS_FILE_ALL + 1);
		arg->rule.deny = fuzz_below(fuzz, AGENTOS_FILE_ALL + 1) & ~arg->rule.allow;
		arg->rule.number = fuzz_below(fuzz, 1000);
		if (fuzz_chance(fuzz, 4)) {
			arg->rule.flags = fuzz_chance(fuzz, 2) ? AGENTOS_RULE_ANYWHERE :
								 AGENTOS_RULE_ABSTRACT;
			arg->rule.fd = -1;
			arg->rule.allow = 0;
			if (arg->rule.flags == AGENTOS_RULE_ABSTRACT) {
				arg->rule.allow = AGENTOS_FILE_CONNECT;
				arg->rule.deny = 0;
			}
		}
		if (fuzz_chance(fuzz, 2))
			snprintf(arg->rule.name, sizeof(arg->rule.name), "n%u",
				 (unsigned int)fuzz_below(fuzz, 1000));
		break;
	case AGENTOS_IOC_POLICY_NET:
		arg->net.policy = policy_known(fuzz);
		arg->net.number = fuzz_below(fuzz, 1000);
		arg->net.family = fuzz_chance(fuzz, 2) ? AF_INET : AF_INET6;
		arg->net.addr[0] = fuzz_below(fuzz, 256);
		arg->net.prefix = 8 + fuzz_below(fuzz, 24);
		arg->net.port_first = fuzz_below(fuzz, 65536);
		arg->net.port_last = fuzz_chance(fuzz, 2) ? UINT16_MAX : arg->net.port_first;
		arg->net.allow = fuzz_below(fuzz, AGENTOS_NET_ALL + 1);
		arg->net.deny = fuzz_below(fuzz, AGENTOS_NET_ALL + 1) & ~arg->net.allow;
		break;
	case AGENTOS_IOC_GATEWAY:
		arg->gateway.port = fuzz_below(fuzz, 65536);
		if (fuzz_chance(fuzz, 2)) {
			arg->gateway.flags = AGENTOS_GATEWAY_SOCKET;
			arg->gateway.fd = slot_any(fuzz);
		}
		break;
	case AGENTOS_IOC_CALLER:
		arg->caller.fd = slot_any(fuzz);
		break;
	case AGENTOS_IOC_DENIED:
		arg->denied.id = number_known(fuzz, common->agents);
		break;
	case AGENTOS_IOC_DRAINED:
		arg->drained.consumed =
			fuzz_chance(fuzz, 2) ? AGENTOS_DRAINED_NEVER : fuzz_below(fuzz, 1 << 20);
		break;
	case AGENTOS_IOC_POLICY_DROP:
		arg->drop.policy = policy_known(fuzz);
		break;
	case AGENTOS_IOC_SEEK:
		arg->seek.seq = fuzz_number(fuzz);
		break;
	case AGENTOS_AGENT_RESTRICT:
		arg->restrict_.mask = rights_some(fuzz);
		break;
	case AGENTOS_AGENT_POLICY:
		arg->set_policy.flags = fuzz_below(fuzz, 2) * AGENTOS_CREATE_RECORD_ALLOWED;
		arg->set_policy.rights = rights_some(fuzz);
		arg->set_policy.policy = policy_known(fuzz);
		break;
	case AGENTOS_AGENT_CGROUP:
		arg->cgroup.fd = fuzz_chance(fuzz, 2) ? cgroup : slot_any(fuzz);
		break;
	case AGENTOS_AGENT_DUP:
		arg->dup.access = access_some(fuzz);
		break;
	case AGENTOS_AGENT_DERIVE:
		fill_derive(fuzz, &arg->derive, fd);
		break;
	case AGENTOS_AGENT_REVOKE:
		arg->revoke.flags = fuzz_below(fuzz, 2);
		break;
	case AGENTOS_AGENT_BUDGET_SET:
		arg->set.resource = fuzz_below(fuzz, AGENTOS_RESOURCE_COUNT);
		arg->set.limit = fuzz_number(fuzz);
		arg->set.period_ns = fuzz_chance(fuzz, 3) ? fuzz_number(fuzz) : 0;
		arg->set.action = fuzz_below(fuzz, 3);
		break;
	case AGENTOS_AGENT_BUDGET_GET:
		arg->get.resource = fuzz_below(fuzz, AGENTOS_RESOURCE_COUNT);
		break;
	case AGENTOS_AGENT_RESERVE:
		arg->reserve.resource = fuzz_below(fuzz, AGENTOS_RESOURCE_CHARGED);
		arg->reserve.amount = fuzz_number(fuzz);
		break;
	case AGENTOS_AGENT_SETTLE:
		arg->settle.resource = fuzz_below(fuzz, AGENTOS_RESOURCE_CHARGED);
		arg->settle.reserved = fuzz_below(fuzz, 3);
		arg->settle.used = fuzz_number(fuzz);
		break;
	case AGENTOS_AGENT_SCHED:
		arg->sched.criticality = fuzz_below(fuzz, 103);
		arg->sched.phase = fuzz_below(fuzz, AGENTOS_PHASE_COUNT + 1);
		break;
	case AGENTOS_AGENT_MAIL_SEND:
	case AGENTOS_AGENT_MAIL_RECEIVE:
		arg->mail.flags = AGENTOS_MAIL_NONBLOCK;
		break;
	}
}

/* What a command has made or told, for others to use. */
static inline void command_keep(struct fuzz *fuzz, unsigned long cmd, const union any *arg)
{
	uint32_t at = fuzz_below(fuzz, NUMBERS);

	switch (cmd) {
	case AGENTOS_IOC_CREATE:
		common->agents[at] = arg->create.ret_id;
		slot_add(fuzz, arg->create.ret_fd);
		break;
	case AGENTOS_IOC_OPEN:
		slot_add(fuzz, arg->open.ret_fd);
		break;
	case AGENTOS_IOC_POLICY_NEW:
		common->policies[at] = arg->policy_new.ret_policy;
		break;
	case AGENTOS_AGENT_DUP:
		slot_add(fuzz, arg->dup.ret_fd);
		break;
	case AGENTOS_AGENT_DERIVE:
		common->agents[at] = arg->derive.ret_id;
		slot_add(fuzz, arg->derive.ret_fd);
		break;
	case AGENTOS_AGENT_MAIL_SEND:
	case AGENTOS_AGENT_MAIL_RECEIVE:
		slot_add(fuzz, arg->mail.ret_fd);
		break;
	}
}

/* Some more often than others: descriptors are to be had, and what is paused to go on. */
static const unsigned long commands[] = {
	AGENTOS_IOC_VERSION,	  AGENTOS_IOC_CREATE,	    AGENTOS_IOC_CREATE,
	AGENTOS_IOC_CREATE,	  AGENTOS_IOC_OPEN,	    AGENTOS_IOC_OPEN,
	AGENTOS_IOC_IDENTIFY,	  AGENTOS_IOC_ENUMERATE,    AGENTOS_IOC_POLICY_NEW,
	AGENTOS_IOC_POLICY_RULE,  AGENTOS_IOC_POLICY_RULE,  AGENTOS_IOC_POLICY_DROP,
	AGENTOS_IOC_SEEK,	  AGENTOS_AGENT_INFO,	    AGENTOS_AGENT_RESTRICT,
	AGENTOS_AGENT_KILL,	  AGENTOS_AGENT_DUP,	    AGENTOS_AGENT_DERIVE,
	AGENTOS_AGENT_DERIVE,	  AGENTOS_AGENT_DERIVE,	    AGENTOS_AGENT_REVOKE,
	AGENTOS_AGENT_BUDGET_SET, AGENTOS_AGENT_BUDGET_SET, AGENTOS_AGENT_BUDGET_GET,
	AGENTOS_AGENT_RESERVE,	  AGENTOS_AGENT_RESERVE,    AGENTOS_AGENT_SETTLE,
	AGENTOS_AGENT_PAUSE,	  AGENTOS_AGENT_PAUSE,	    AGENTOS_AGENT_RESUME,
	AGENTOS_AGENT_RESUME,	  AGENTOS_AGENT_SCHED,	    AGENTOS_AGENT_SCHED,
	AGENTOS_AGENT_MAIL_SEND,  AGENTOS_AGENT_MAIL_SEND,  AGENTOS_AGENT_MAIL_RECEIVE,
	AGENTOS_AGENT_POLICY,	  AGENTOS_IOC_POLICY_NET,   AGENTOS_IOC_POLICY_NET,
	AGENTOS_AGENT_CGROUP,	  AGENTOS_IOC_GATEWAY,	    AGENTOS_IOC_CALLER,
	AGENTOS_IOC_DENIED,	  AGENTOS_IOC_DRAINED,
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* All but ATTACH, which a process does once, and then what is left of it to do. */
static inline void command_any(struct fuzz *fuzz)
{
	unsigned long cmd = commands[fuzz_below(fuzz, COMMANDS)];
	uint32_t size = _IOC_SIZE(cmd), i;
	char *arg = fuzz->end - size;
	int fd = slot_any(fuzz), err;

	if (_IOC_NR(cmd) < 32 && !fuzz_chance(fuzz, 20))
		fd = stage_device;
	memset(arg, 0, size);
	command_fill(fuzz, cmd, (union any *)arg, fd);
	*(uint32_t *)arg = size;
	if (fuzz_chance(fuzz, 6)) {
		/* One field, somewhere; the place of the ids is left as it is, for our sake. */
		uint64_t value = fuzz_number(fuzz);
		uint32_t at = fuzz_below(fuzz, size / 4) * 4;

		if (cmd != AGENTOS_IOC_ENUMERATE || at < 12)
			memcpy(arg + at, &value, 4);
	}
	if (fuzz_chance(fuzz, 40) && cmd != AGENTOS_IOC_ENUMERATE)
		for (i = 4; i < size; i++)
			arg[i] = fuzz_random(fuzz);
	if (fuzz_chance(fuzz, 40))
		cmd = _IOC(fuzz_below(fuzz, 4), AGENTOS_IOC_MAGIC, fuzz_below(fuzz, 60), size);
	/* Whoever should come to its end by itself stays outside. */
	if (_IOC_NR(cmd) == _IOC_NR(AGENTOS_AGENT_ATTACH) && !fuzz->depth)
		return;
	if (fuzz_chance(fuzz, 40))
		arg = fuzz_chance(fuzz, 2) ? arg + 1 + fuzz_below(fuzz, size) :
					     (char *)fuzz_number(fuzz);
	err = stage_call(fd, cmd, arg);
	if (err) {
		__atomic_fetch_add(&common->refused, 1, __ATOMIC_RELAXED);
		return;
	}
	__atomic_fetch_add(&common->done[_IOC_NR(cmd)], 1, __ATOMIC_RELAXED);
	if (_IOC_SIZE(cmd) == size && arg == fuzz->end - size)
		command_keep(fuzz, cmd, (const union any *)arg);
}

#endif
