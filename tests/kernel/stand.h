/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every command with valid arguments, and a stand to try them on: an agent, a policy, a reader. */
#ifndef AGENTOS_TESTS_KERNEL_STAND_H
#define AGENTOS_TESTS_KERNEL_STAND_H

#include <sys/socket.h>
#include "stage.h"

/* What commands act upon, made anew for each call. */
static struct {
	int agent;
	uint64_t id;
	pid_t member;
	int reader;	 /* the lifecycle stream from here on */
	uint32_t policy; /* a policy nobody uses */
	int object;	 /* a file to pin */
	uint64_t *ids;
} stand;

static inline bool stand_up(void)
{
	struct agentos_policy_new policy = { .size = sizeof(policy) };
	struct agentos_seek seek = { .size = sizeof(seek), .seq = AGENTOS_SEEK_END };

	stand.agent = stage_agent("stand", &stand.id);
	stand.member = stand.agent < 0 ? -1 : stage_spawn(stand.agent, stage_sleep, NULL);
	stand.reader = stage_open(O_RDWR | O_NONBLOCK);
	if (stand.member < 0 || stage_call(stand.reader, AGENTOS_IOC_SEEK, &seek) ||
	    stage_call(stage_device, AGENTOS_IOC_POLICY_NEW, &policy))
		return false;
	stand.policy = policy.ret_policy;
	return true;
}

static inline void stand_down(void)
{
	struct agentos_enumerate list = {
		.size = sizeof(list),
		.kind = AGENTOS_ENUMERATE_POLICIES,
		.ids = (uintptr_t)stand.ids,
		.count = 16,
	};
	uint32_t i;

	stage_kill(stand.agent);
	stage_status(stand.member);
	close(stand.agent);
	close(stand.reader);
	/* Until then it may follow one of them. */
	CHECK(stage_settle());
	CHECK_INT(stage_call(stage_device, AGENTOS_IOC_ENUMERATE, &list), 0);
	for (i = 0; i < list.ret_count; i++) {
		struct agentos_policy_drop drop = { .size = sizeof(drop), .policy = stand.ids[i] };

		CHECK_INT(stage_call(stage_device, AGENTOS_IOC_POLICY_DROP, &drop), 0);
	}
}

static inline void fill_create(void *arg)
{
	struct agentos_create create = stage_plan("made");

	memcpy(arg, &create, sizeof(create));
}

static inline void fill_open(void *arg)
{
	struct agentos_open *open = arg;

	open->id = stand.id;
	open->access = AGENTOS_ACCESS_INSPECT;
}

static inline void fill_identify(void *arg)
{
	struct agentos_identify *identify = arg;

	identify->pid = stand.member;
	identify->flags = AGENTOS_IDENTIFY_ANY_START;
}

static inline void fill_enumerate(void *arg)
{
	struct agentos_enumerate *list = arg;

	list->ids = (uintptr_t)stand.ids;
	list->count = 16;
}

static inline void fill_rule(void *arg)
{
	struct agentos_policy_rule *rule = arg;

	rule->policy = stand.policy;
	rule->fd = stand.object;
	rule->allow = AGENTOS_FILE_READ;
}

static inline void fill_drop(void *arg)
{
	struct agentos_policy_drop *drop = arg;

	drop->policy = stand.policy;
}

static inline void fill_net(void *arg)
{
	static const uint8_t network[] = { 10, 0, 3, 0 };
	struct agentos_policy_net *net = arg;

	net->policy = stand.policy;
	net->family = AF_INET;
	net->prefix = 24;
	memcpy(net->addr, network, sizeof(network));
	net->port_first = 80;
	net->port_last = 90;
	net->allow = AGENTOS_NET_CONNECT;
}

static inline void fill_denied(void *arg)
{
	struct agentos_denied *denied = arg;

	denied->id = stand.id;
}

static inline void fill_restrict(void *arg)
{
	struct agentos_restrict *restrict_ = arg;

	restrict_->mask = AGENTOS_RIGHTS_ALL;
}

static inline void fill_agent_policy(void *arg)
{
	struct agentos_agent_policy *set = arg;

	set->policy = stand.policy;
	set->rights = AGENTOS_RIGHTS_ALL;
}

static inline void fill_derive(void *arg)
{
	struct agentos_derive *derive = arg;

	derive->rights = AGENTOS_RIGHT(FILE_READ);
	derive->access = AGENTOS_ACCESS_INSPECT;
	strcpy(derive->name, "stand.d");
}

static const struct command {
	const char *name;
	unsigned long cmd;
	uint32_t size;
	uint32_t access; /* of an agent descriptor; 0: a command of the device */
	bool admin;	 /* needs CAP_SYS_ADMIN */
	void (*fill)(void *arg);
} commands[] = {
#define COMMAND(name, type, ...)                              \
	{                                                     \
#name, name, sizeof(struct type), __VA_ARGS__ \
	}
	COMMAND(AGENTOS_IOC_VERSION, agentos_version, 0, false, NULL),
	COMMAND(AGENTOS_IOC_CREATE, agentos_create, 0, true, fill_create),
	COMMAND(AGENTOS_IOC_OPEN, agentos_open, 0, false, fill_open),
	COMMAND(AGENTOS_IOC_IDENTIFY, agentos_identify, 0, false, fill_identify),
	COMMAND(AGENTOS_IOC_ENUMERATE, agentos_enumerate, 0, false, fill_enumerate),
	COMMAND(AGENTOS_IOC_POLICY_NEW, agentos_policy_new, 0, true, NULL),
	COMMAND(AGENTOS_IOC_POLICY_RULE, agentos_policy_rule, 0, true, fill_rule),
	COMMAND(AGENTOS_IOC_POLICY_DROP, agentos_policy_drop, 0, true, fill_drop),
	COMMAND(AGENTOS_IOC_SEEK, agentos_seek, 0, false, NULL),
	COMMAND(AGENTOS_IOC_POLICY_NET, agentos_policy_net, 0, true, fill_net),
	COMMAND(AGENTOS_IOC_GATEWAY, agentos_gateway, 0, true, NULL),
	COMMAND(AGENTOS_IOC_DENIED, agentos_denied, 0, true, fill_denied),
	COMMAND(AGENTOS_IOC_DRAINED, agentos_drained, 0, true, NULL),
	COMMAND(AGENTOS_AGENT_ATTACH, agentos_attach, AGENTOS_ACCESS_ATTACH, false, NULL),
	COMMAND(AGENTOS_AGENT_INFO, agentos_info, AGENTOS_ACCESS_INSPECT, false, NULL),
	COMMAND(AGENTOS_AGENT_RESTRICT, agentos_restrict, AGENTOS_ACCESS_CONTROL, false,
		fill_restrict),
	COMMAND(AGENTOS_AGENT_POLICY, agentos_agent_policy, AGENTOS_ACCESS_CONTROL, true,
		fill_agent_policy),
	COMMAND(AGENTOS_AGENT_KILL, agentos_kill, AGENTOS_ACCESS_CONTROL, false, NULL),
	COMMAND(AGENTOS_AGENT_DERIVE, agentos_derive, AGENTOS_ACCESS_DERIVE, false, fill_derive),
	COMMAND(AGENTOS_AGENT_REVOKE, agentos_revoke, AGENTOS_ACCESS_CONTROL, false, NULL),
	COMMAND(AGENTOS_AGENT_BUDGET_SET, agentos_budget_set, AGENTOS_ACCESS_CONTROL, false, NULL),
	COMMAND(AGENTOS_AGENT_BUDGET_GET, agentos_budget_get, AGENTOS_ACCESS_INSPECT, false, NULL),
	COMMAND(AGENTOS_AGENT_RESERVE, agentos_reserve, AGENTOS_ACCESS_CHARGE, false, NULL),
	COMMAND(AGENTOS_AGENT_SETTLE, agentos_settle, AGENTOS_ACCESS_CHARGE, false, NULL),
	COMMAND(AGENTOS_AGENT_PAUSE, agentos_pause, AGENTOS_ACCESS_CONTROL, false, NULL),
	COMMAND(AGENTOS_AGENT_RESUME, agentos_resume, AGENTOS_ACCESS_CONTROL, false, NULL),
	COMMAND(AGENTOS_AGENT_SCHED, agentos_sched, AGENTOS_ACCESS_CONTROL, false, NULL),
	COMMAND(AGENTOS_AGENT_MAIL_SEND, agentos_mail, AGENTOS_ACCESS_SEND, false, NULL),
	COMMAND(AGENTOS_AGENT_MAIL_RECEIVE, agentos_mail, AGENTOS_ACCESS_RECEIVE, false, NULL),
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static inline const struct command *command_find(unsigned long cmd)
{
	size_t i;

	for (i = 0; i < COMMANDS - 1 && commands[i].cmd != cmd; i++)
		;
	return &commands[i];
}

/* What the world looks like, for commands that must not change it. */
static inline bool stand_equals(const struct agentos_version *version,
				const struct agentos_info *info)
{
	struct agentos_version now = stage_version();
	struct agentos_info is = stage_info(stand.agent);
	struct pollfd pollfd = { .fd = stand.reader, .events = POLLIN };

	/* Time goes on. */
	is.ret_cpu_ns = info->ret_cpu_ns;
	is.ret_wait_ns = info->ret_wait_ns;
	return !memcmp(version, &now, sizeof(now)) && !memcmp(info, &is, sizeof(is)) &&
	       poll(&pollfd, 1, 0) == 0;
}

static inline int command_fd(const struct command *command)
{
	return command->access ? stand.agent : stand.reader;
}

/* Valid arguments at a place that has room for the struct and `more` bytes. */
static inline void *command_fill(const struct command *command, char *place, uint32_t more)
{
	memset(place, 0, command->size + more);
	if (command->fill)
		command->fill(place);
	*(uint32_t *)place = command->size + more;
	return place;
}

#define EACH_COMMAND(command) for (command = commands; command < commands + COMMANDS; command++)

#endif
