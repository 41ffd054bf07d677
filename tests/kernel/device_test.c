// SPDX-License-Identifier: GPL-2.0-or-later
/* Every command of the device and of agent descriptors, with one fault at a time. */
#include <grp.h>
#include <stddef.h>
#include <sys/stat.h>

#include "stand.h"

#define PAGE	4096
#define LONGER	32   /* bytes a later version might add */
#define CHANGED 1000 /* a call's result when it failed and yet changed something */

/* Two pages that children share, and one that nothing may touch. */
static char *pages;

struct call {
	int fd;
	unsigned long cmd;
	void *arg;
};

static int call_run(void *arg)
{
	struct call *call = arg;

	return -stage_call(call->fd, call->cmd, call->arg);
}

/*
 * In a child, so that an attach does not catch us, and what it makes goes with
 * it. 0 or a negative errno, or CHANGED.
 */
static int call_on_stand(int fd, unsigned long cmd, void *arg)
{
	struct agentos_version version = stage_version();
	struct agentos_info info = stage_info(stand.agent);
	struct call call = { fd, cmd, arg };
	int result = -stage_status(stage_fork(call_run, &call));

	return result && !stand_equals(&version, &info) ? CHANGED : result;
}

static unsigned long command_longer(const struct command *command, uint32_t more)
{
	return _IOC(_IOC_READ | _IOC_WRITE, AGENTOS_IOC_MAGIC, _IOC_NR(command->cmd),
		    command->size + more);
}

#define CHECK_CALL(command, fd, cmd, arg, expected)                                          \
	do {                                                                                 \
		int call_is = call_on_stand(fd, cmd, arg);                                   \
		CHECK_MSG(call_is == (expected), "%s: %d, not %d", (command)->name, call_is, \
			  (expected));                                                       \
	} while (0)

static void valid_arguments_are_accepted(void)
{
	const struct command *command;

	EACH_COMMAND(command)
	{
		REQUIRE(stand_up());
		CHECK_CALL(command, command_fd(command), command->cmd,
			   command_fill(command, pages, 0), 0);
		CHECK_INT(*(uint32_t *)pages, command->size);
		stand_down();
	}
}

static void a_longer_struct_with_a_zero_tail_is_accepted(void)
{
	const struct command *command;

	EACH_COMMAND(command)
	{
		REQUIRE(stand_up());
		/* As the callers of an older header and of a newer one have it. */
		CHECK_CALL(command, command_fd(command), command_longer(command, LONGER),
			   command_fill(command, pages, LONGER), 0);
		CHECK_INT(*(uint32_t *)pages, command->size + LONGER);
		stand_down();
		REQUIRE(stand_up());
		CHECK_CALL(command, command_fd(command), command->cmd,
			   command_fill(command, pages, AGENTOS_STRUCT_MAX - command->size), 0);
		stand_down();
	}
}

static void a_wrong_size_is_refused(void)
{
	const struct command *command;
	uint32_t at;

	REQUIRE(stand_up());
	EACH_COMMAND(command)
	{
		int fd = command_fd(command);

		for (at = 0; at < command->size; at += at < 4 ? 1 : command->size - 5) {
			command_fill(command, pages, 0);
			*(uint32_t *)pages = at;
			CHECK_CALL(command, fd, command->cmd, pages, -EINVAL);
			if (at == command->size - 1)
				break;
		}
		for (at = 0; at < LONGER; at += LONGER - 1) {
			command_fill(command, pages, LONGER);
			pages[command->size + at] = 1;
			CHECK_CALL(command, fd, command->cmd, pages, -E2BIG);
			CHECK_CALL(command, fd, command_longer(command, LONGER), pages, -E2BIG);
		}
		command_fill(command, pages, AGENTOS_STRUCT_MAX + 1 - command->size);
		CHECK_CALL(command, fd, command->cmd, pages, -E2BIG);
		*(uint32_t *)pages = UINT32_MAX;
		CHECK_CALL(command, fd, command->cmd, pages, -E2BIG);
	}
	stand_down();
}

static void a_bad_pointer_is_efault(void)
{
	static void *const bad[] = { NULL, (void *)16, (void *)-4096L, (void *)(1UL << 63) };
	const struct command *command;
	size_t i;

	REQUIRE(stand_up());
	EACH_COMMAND(command)
	{
		int fd = command_fd(command);

		for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
			CHECK_CALL(command, fd, command->cmd, bad[i], -EFAULT);
		/* Its last byte, or all but `size`, or all of it beyond what may be read. */
		CHECK_CALL(command, fd, command->cmd,
			   memcpy(pages + 2 * PAGE - command->size + 1,
				  command_fill(command, pages, 0), command->size - 1),
			   -EFAULT);
		*(uint32_t *)(pages + 2 * PAGE - 4) = command->size;
		CHECK_CALL(command, fd, command->cmd, pages + 2 * PAGE - 4, -EFAULT);
		CHECK_CALL(command, fd, command->cmd, pages + 2 * PAGE, -EFAULT);
	}
	stand_down();
}

static void a_struct_may_end_where_its_page_ends(void)
{
	const struct command *command;

	EACH_COMMAND(command)
	{
		REQUIRE(stand_up());
		CHECK_CALL(command, command_fd(command), command->cmd,
			   command_fill(command, pages + 2 * PAGE - command->size, 0), 0);
		stand_down();
	}
}

/* Nothing is written back: where it is asked from need not be writable. */
static bool command_is_silent(const struct command *command)
{
	switch (command->cmd) {
	case AGENTOS_IOC_POLICY_DROP:
	case AGENTOS_IOC_POLICY_NET:
	case AGENTOS_IOC_GATEWAY:
	case AGENTOS_IOC_DENIED:
	case AGENTOS_IOC_DRAINED:
	case AGENTOS_IOC_SEEK:
	case AGENTOS_AGENT_ATTACH:
	case AGENTOS_AGENT_BUDGET_SET:
	case AGENTOS_AGENT_RESERVE:
	case AGENTOS_AGENT_SETTLE:
	case AGENTOS_AGENT_RESUME:
		return true;
	}
	return false;
}

static void an_answer_into_read_only_memory_changes_nothing(void)
{
	const struct command *command;

	EACH_COMMAND(command)
	{
		if (command_is_silent(command))
			continue;
		REQUIRE(stand_up());
		command_fill(command, pages, 0);
		REQUIRE(!mprotect(pages, PAGE, PROT_READ));
		CHECK_CALL(command, command_fd(command), command->cmd, pages, -EFAULT);
		REQUIRE(!mprotect(pages, PAGE, PROT_READ | PROT_WRITE));
		stand_down();
	}
}

static void ids_into_bad_memory_are_efault(void)
{
	const struct command *command = command_find(AGENTOS_IOC_ENUMERATE);
	struct agentos_enumerate *list = (void *)pages;

	REQUIRE(stand_up());
	command_fill(command, pages, 0);
	list->ids = 16;
	CHECK_CALL(command, stand.reader, command->cmd, pages, -EFAULT);
	CHECK_INT(list->ret_count, 0);
	/* Room is asked for only as far as there are ids. */
	list->ids = (uintptr_t)pages + 2 * PAGE - sizeof(uint64_t);
	CHECK_CALL(command, stand.reader, command->cmd, pages, 0);
	CHECK_INT(list->ret_count, 1);
	CHECK_INT(*(uint64_t *)(pages + 2 * PAGE - sizeof(uint64_t)), stand.id);
	stand_down();
}

static void another_command_number_is_enotty(void)
{
	static const unsigned char unknown[] = { 14, 31, 50, 127, 255 };
	const struct command *command;
	size_t i;

	REQUIRE(stand_up());
	EACH_COMMAND(command)
	{
		unsigned int nr = _IOC_NR(command->cmd), size = command->size;
		int fd = command_fd(command);

		command_fill(command, pages, 0);
		CHECK_CALL(command, fd, _IOC(_IOC_READ | _IOC_WRITE, 0xA1, nr, size), pages,
			   -ENOTTY);
		CHECK_CALL(command, fd, _IOC(_IOC_READ, AGENTOS_IOC_MAGIC, nr, size), pages,
			   -ENOTTY);
		CHECK_CALL(command, fd, _IOC(_IOC_WRITE, AGENTOS_IOC_MAGIC, nr, size), pages,
			   -ENOTTY);
		CHECK_CALL(command, fd, _IOC(_IOC_NONE, AGENTOS_IOC_MAGIC, nr, size), pages,
			   -ENOTTY);
		/* The device has no agent's commands, and an agent none of the device's. */
		CHECK_CALL(command, command->access ? stand.reader : stand.agent, command->cmd,
			   pages, -ENOTTY);
	}
	command = commands;
	for (i = 0; i < sizeof(unknown); i++) {
		unsigned long cmd =
			_IOC(_IOC_READ | _IOC_WRITE, AGENTOS_IOC_MAGIC, unknown[i], command->size);

		command_fill(command, pages, 0);
		CHECK_CALL(command, stand.reader, cmd, pages, -ENOTTY);
		CHECK_CALL(command, stand.agent, cmd, pages, -ENOTTY);
	}
	stand_down();
}

/* One field of a valid struct, and a value it must not have. */
static const struct fault {
	unsigned long cmd;
	uint32_t offset;
	uint32_t size;
	uint64_t value;
	int err;
} faults[] = {
#define FAULT(cmd, type, field, value, err)                                                      \
	{                                                                                        \
		cmd, offsetof(struct type, field), sizeof(((struct type *)0)->field), value, err \
	}
	/* Audit-only, and no policy. */
	FAULT(AGENTOS_IOC_CREATE, agentos_create, flags, AGENTOS_CREATE_AUDIT_ONLY, EINVAL),
	FAULT(AGENTOS_IOC_CREATE, agentos_create, flags, AGENTOS_CREATE_STRICT, EINVAL),
	FAULT(AGENTOS_IOC_CREATE, agentos_create, flags, 1U << 5, EINVAL),
	FAULT(AGENTOS_IOC_CREATE, agentos_create, flags, 1U << 31, EINVAL),
	FAULT(AGENTOS_IOC_CREATE, agentos_create, rights, 0, EINVAL),
	FAULT(AGENTOS_IOC_CREATE, agentos_create, rights, AGENTOS_RIGHTS_ALL + 1, EINVAL),
	FAULT(AGENTOS_IOC_CREATE, agentos_create, rights, 1ULL << 63, EINVAL),
	FAULT(AGENTOS_IOC_CREATE, agentos_create, policy, 1U << 30, ENOENT),
	FAULT(AGENTOS_IOC_CREATE, agentos_create, policy, UINT32_MAX, ENOENT),
	FAULT(AGENTOS_IOC_CREATE, agentos_create, access, 0, EINVAL),
	FAULT(AGENTOS_IOC_CREATE, agentos_create, access, AGENTOS_ACCESS_ALL + 1, EINVAL),
	FAULT(AGENTOS_IOC_CREATE, agentos_create, owner, UINT32_MAX, EINVAL),
	FAULT(AGENTOS_IOC_CREATE, agentos_create, pad, 1, EINVAL),
	FAULT(AGENTOS_IOC_CREATE, agentos_create, ret_pad, 1, EINVAL),
	FAULT(AGENTOS_IOC_CREATE, agentos_create, name[0], 0, EINVAL),
	FAULT(AGENTOS_IOC_CREATE, agentos_create, name[63], 'x', EINVAL),
	FAULT(AGENTOS_IOC_OPEN, agentos_open, flags, 1, EINVAL),
	FAULT(AGENTOS_IOC_OPEN, agentos_open, id, 0, ESRCH),
	FAULT(AGENTOS_IOC_OPEN, agentos_open, id, UINT64_MAX, ESRCH),
	FAULT(AGENTOS_IOC_OPEN, agentos_open, access, 0, EINVAL),
	FAULT(AGENTOS_IOC_OPEN, agentos_open, access, AGENTOS_ACCESS_ALL + 1, EINVAL),
	FAULT(AGENTOS_IOC_IDENTIFY, agentos_identify, flags, 3, EINVAL),
	FAULT(AGENTOS_IOC_IDENTIFY, agentos_identify, flags, 0, ESRCH),
	FAULT(AGENTOS_IOC_IDENTIFY, agentos_identify, pad, 1, EINVAL),
	FAULT(AGENTOS_IOC_IDENTIFY, agentos_identify, pid, 0, EINVAL),
	FAULT(AGENTOS_IOC_IDENTIFY, agentos_identify, pid, UINT32_MAX, EINVAL),
	FAULT(AGENTOS_IOC_IDENTIFY, agentos_identify, pid, 1U << 31, EINVAL),
	FAULT(AGENTOS_IOC_IDENTIFY, agentos_identify, pid, 0x7fffffff, ESRCH),
	FAULT(AGENTOS_IOC_ENUMERATE, agentos_enumerate, kind, 2, EINVAL),
	FAULT(AGENTOS_IOC_ENUMERATE, agentos_enumerate, count, 0, EINVAL),
	FAULT(AGENTOS_IOC_ENUMERATE, agentos_enumerate, count, AGENTOS_ENUMERATE_MAX + 1, EINVAL),
	FAULT(AGENTOS_IOC_ENUMERATE, agentos_enumerate, count, UINT32_MAX, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_NEW, agentos_policy_new, flags, 1, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_NEW, agentos_policy_new, pad, 1, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_NEW, agentos_policy_new, kill, 1ULL << 63, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_NEW, agentos_policy_new, watch, AGENTOS_RIGHT(BPF), EINVAL),
	FAULT(AGENTOS_IOC_POLICY_NEW, agentos_policy_new, watch, AGENTOS_RIGHT(FILE_READ), EINVAL),
	FAULT(AGENTOS_IOC_POLICY_RULE, agentos_policy_rule, flags, AGENTOS_RULE_ANYWHERE, EBADF),
	FAULT(AGENTOS_IOC_POLICY_RULE, agentos_policy_rule, flags, AGENTOS_RULE_ABSTRACT, EBADF),
	FAULT(AGENTOS_IOC_POLICY_RULE, agentos_policy_rule, flags, 3, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_RULE, agentos_policy_rule, flags, 4, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_RULE, agentos_policy_rule, kill, AGENTOS_FILE_ALL, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_RULE, agentos_policy_rule, watch, AGENTOS_FILE_EXEC, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_RULE, agentos_policy_rule, allow, AGENTOS_FILE_ALL + 1, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_RULE, agentos_policy_rule, deny, AGENTOS_FILE_ALL, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_RULE, agentos_policy_rule, number, AGENTOS_RULE_NONE, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_RULE, agentos_policy_rule, policy, 0, ENOENT),
	FAULT(AGENTOS_IOC_POLICY_RULE, agentos_policy_rule, policy, 1U << 30, ENOENT),
	FAULT(AGENTOS_IOC_POLICY_RULE, agentos_policy_rule, fd, UINT32_MAX, EBADF),
	FAULT(AGENTOS_IOC_POLICY_RULE, agentos_policy_rule, fd, 999, EBADF),
	FAULT(AGENTOS_IOC_POLICY_DROP, agentos_policy_drop, policy, 0, ENOENT),
	FAULT(AGENTOS_IOC_POLICY_DROP, agentos_policy_drop, policy, UINT32_MAX, ENOENT),
	FAULT(AGENTOS_IOC_GATEWAY, agentos_gateway, pad, 1, EINVAL),
	FAULT(AGENTOS_IOC_GATEWAY, agentos_gateway, fd, 1, EINVAL),
	FAULT(AGENTOS_IOC_GATEWAY, agentos_gateway, flags, AGENTOS_GATEWAY_SOCKET, EINVAL),
	FAULT(AGENTOS_IOC_DENIED, agentos_denied, pad, 1, EINVAL),
	FAULT(AGENTOS_IOC_DENIED, agentos_denied, id, 0, ESRCH),
	FAULT(AGENTOS_IOC_DENIED, agentos_denied, id, 1ULL << 40, ESRCH),
	FAULT(AGENTOS_IOC_DRAINED, agentos_drained, pad, 1, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_NET, agentos_policy_net, policy, 0, ENOENT),
	FAULT(AGENTOS_IOC_POLICY_NET, agentos_policy_net, policy, 1U << 30, ENOENT),
	FAULT(AGENTOS_IOC_POLICY_NET, agentos_policy_net, number, AGENTOS_RULE_NONE, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_NET, agentos_policy_net, family, AF_UNIX, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_NET, agentos_policy_net, family, 0, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_NET, agentos_policy_net, prefix, 33, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_NET, agentos_policy_net, prefix, 23, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_NET, agentos_policy_net, pad, 1, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_NET, agentos_policy_net, kill, AGENTOS_NET_ALL, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_NET, agentos_policy_net, watch, AGENTOS_NET_ALL, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_NET, agentos_policy_net, addr[3], 1, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_NET, agentos_policy_net, addr[15], 1, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_NET, agentos_policy_net, port_last, 79, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_NET, agentos_policy_net, allow, AGENTOS_NET_ALL + 1, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_NET, agentos_policy_net, allow, 0, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_NET, agentos_policy_net, deny, AGENTOS_NET_ALL, EINVAL),
	FAULT(AGENTOS_IOC_POLICY_NET, agentos_policy_net, deny, 1U << 7, EINVAL),
	FAULT(AGENTOS_IOC_SEEK, agentos_seek, flags, 1, EINVAL),
	FAULT(AGENTOS_IOC_SEEK, agentos_seek, seq, UINT64_MAX - 1, EINVAL),
	FAULT(AGENTOS_AGENT_ATTACH, agentos_attach, flags, 1, EINVAL),
	FAULT(AGENTOS_AGENT_INFO, agentos_info, pad, 1, EINVAL),
	FAULT(AGENTOS_AGENT_RESTRICT, agentos_restrict, flags, 1, EINVAL),
	FAULT(AGENTOS_AGENT_RESTRICT, agentos_restrict, mask, 0, EINVAL),
	FAULT(AGENTOS_AGENT_RESTRICT, agentos_restrict, mask, 1ULL << 63, EINVAL),
	FAULT(AGENTOS_AGENT_POLICY, agentos_agent_policy, flags, 1, EINVAL),
	FAULT(AGENTOS_AGENT_POLICY, agentos_agent_policy, flags, AGENTOS_CREATE_AUDIT_ONLY, EINVAL),
	FAULT(AGENTOS_AGENT_POLICY, agentos_agent_policy, flags, AGENTOS_CREATE_STRICT, EINVAL),
	FAULT(AGENTOS_AGENT_POLICY, agentos_agent_policy, pad, 1, EINVAL),
	FAULT(AGENTOS_AGENT_POLICY, agentos_agent_policy, rights, 0, EINVAL),
	FAULT(AGENTOS_AGENT_POLICY, agentos_agent_policy, rights, 1ULL << 63, EINVAL),
	FAULT(AGENTOS_AGENT_POLICY, agentos_agent_policy, policy, 0, ENOENT),
	FAULT(AGENTOS_AGENT_POLICY, agentos_agent_policy, policy, 1U << 30, ENOENT),
	FAULT(AGENTOS_AGENT_KILL, agentos_kill, flags, 2, EINVAL),
	FAULT(AGENTOS_AGENT_KILL, agentos_kill, pad, 1, EINVAL),
	/* Audit-only below an agent that is not. */
	FAULT(AGENTOS_AGENT_DERIVE, agentos_derive, flags, AGENTOS_CREATE_AUDIT_ONLY, EINVAL),
	FAULT(AGENTOS_AGENT_DERIVE, agentos_derive, flags, 1U << 5, EINVAL),
	FAULT(AGENTOS_AGENT_DERIVE, agentos_derive, rights, 0, EINVAL),
	FAULT(AGENTOS_AGENT_DERIVE, agentos_derive, rights, AGENTOS_RIGHTS_ALL + 1, EINVAL),
	FAULT(AGENTOS_AGENT_DERIVE, agentos_derive, policy, 1U << 30, ENOENT),
	FAULT(AGENTOS_AGENT_DERIVE, agentos_derive, access, 0, EINVAL),
	FAULT(AGENTOS_AGENT_DERIVE, agentos_derive, access, AGENTOS_ACCESS_ALL + 1, EINVAL),
	FAULT(AGENTOS_AGENT_DERIVE, agentos_derive, name[0], 'x', EINVAL),
	FAULT(AGENTOS_AGENT_DERIVE, agentos_derive, pad, 1, EINVAL),
	FAULT(AGENTOS_AGENT_REVOKE, agentos_revoke, flags, 2, EINVAL),
	FAULT(AGENTOS_AGENT_REVOKE, agentos_revoke, pad, 1, EINVAL),
	FAULT(AGENTOS_AGENT_BUDGET_SET, agentos_budget_set, resource, AGENTOS_RESOURCE_COUNT,
	      EINVAL),
	FAULT(AGENTOS_AGENT_BUDGET_SET, agentos_budget_set, action, 3, EINVAL),
	FAULT(AGENTOS_AGENT_BUDGET_SET, agentos_budget_set, reset_ns, UINT64_MAX, EINVAL),
	FAULT(AGENTOS_AGENT_BUDGET_SET, agentos_budget_set, period_ns, UINT64_MAX, EINVAL),
	FAULT(AGENTOS_AGENT_BUDGET_SET, agentos_budget_set, pad, 1, EINVAL),
	FAULT(AGENTOS_AGENT_BUDGET_GET, agentos_budget_get, resource, UINT32_MAX, EINVAL),
	FAULT(AGENTOS_AGENT_BUDGET_GET, agentos_budget_get, pad, 1, EINVAL),
	FAULT(AGENTOS_AGENT_RESERVE, agentos_reserve, resource, AGENTOS_RESOURCE_CHARGED, EINVAL),
	FAULT(AGENTOS_AGENT_RESERVE, agentos_reserve, resource, UINT32_MAX, EINVAL),
	FAULT(AGENTOS_AGENT_SETTLE, agentos_settle, resource, AGENTOS_RESOURCE_CHARGED, EINVAL),
	FAULT(AGENTOS_AGENT_SETTLE, agentos_settle, resource, UINT32_MAX, EINVAL),
	FAULT(AGENTOS_AGENT_SETTLE, agentos_settle, reserved, 1, EINVAL),
	FAULT(AGENTOS_AGENT_PAUSE, agentos_pause, flags, 1, EINVAL),
	FAULT(AGENTOS_AGENT_PAUSE, agentos_pause, pad, 1, EINVAL),
	FAULT(AGENTOS_AGENT_RESUME, agentos_resume, flags, 1, EINVAL),
	FAULT(AGENTOS_AGENT_SCHED, agentos_sched, flags, 1, EINVAL),
	FAULT(AGENTOS_AGENT_SCHED, agentos_sched, pad, 1, EINVAL),
	FAULT(AGENTOS_AGENT_SCHED, agentos_sched, criticality, 101, EINVAL),
	FAULT(AGENTOS_AGENT_SCHED, agentos_sched, criticality, UINT32_MAX, EINVAL),
	FAULT(AGENTOS_AGENT_SCHED, agentos_sched, phase, AGENTOS_PHASE_COUNT, EINVAL),
	FAULT(AGENTOS_AGENT_SCHED, agentos_sched, deadline_ns, 1, EINVAL),
	FAULT(AGENTOS_AGENT_MAIL_SEND, agentos_mail, flags, 2, EINVAL),
	FAULT(AGENTOS_AGENT_MAIL_SEND, agentos_mail, pad, 1, EINVAL),
	FAULT(AGENTOS_AGENT_MAIL_RECEIVE, agentos_mail, flags, 2, EINVAL),
	FAULT(AGENTOS_AGENT_MAIL_RECEIVE, agentos_mail, pad, 1, EINVAL),
};

static void a_bad_field_is_refused_and_changes_nothing(void)
{
	size_t i;

	REQUIRE(stand_up());
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		const struct fault *fault = &faults[i];
		const struct command *command = command_find(fault->cmd);
		int is;

		command_fill(command, pages, 0);
		memcpy(pages + fault->offset, &fault->value, fault->size);
		is = call_on_stand(command_fd(command), command->cmd, pages);
		CHECK_MSG(is == -fault->err, "%s, offset %u = %#llx: %d, not %d", command->name,
			  fault->offset, (unsigned long long)fault->value, is, -fault->err);
	}
	stand_down();
}

/* Becomes a user without privileges. */
static bool become(uid_t uid, gid_t group)
{
	return !setgroups(1, &group) && !setresgid(uid, uid, uid) && !setresuid(uid, uid, uid);
}

static int demo_lacks_privilege(void *arg)
{
	const struct command *command;
	int fd;

	if (!become(STAGE_DEMO_UID, STAGE_GROUP_GID))
		return 1;
	fd = stage_open(O_RDWR);
	if (fd < 0)
		return 2;
	EACH_COMMAND(command)
	{
		int is;

		if (command->access)
			continue;
		is = stage_call(fd, command->cmd, command_fill(command, pages, 0));
		if (is != (command->admin ? -EPERM : 0)) {
			printf("# %s: %d\n", command->name, is);
			return 3;
		}
	}
	return 0;
}

static void privileged_commands_are_eperm_for_others(void)
{
	REQUIRE(stand_up());
	REQUIRE(!chown(AGENTOS_DEVICE, 0, STAGE_GROUP_GID));
	CHECK_INT(stage_status(stage_fork(demo_lacks_privilege, NULL)), 0);
	stand_down();
}

static int agentu_opens_the_device(void *arg)
{
	if (!become(STAGE_AGENTU_UID, STAGE_AGENTU_UID))
		return 1;
	return -stage_open(O_RDWR);
}

static void the_device_is_closed_to_those_outside_its_group(void)
{
	struct stat st;

	REQUIRE(!chown(AGENTOS_DEVICE, 0, STAGE_GROUP_GID) && !stat(AGENTOS_DEVICE, &st));
	CHECK_INT(st.st_mode & 07777, 0660);
	CHECK_INT(stage_status(stage_fork(agentu_opens_the_device, NULL)), EACCES);
}

static int demo_opens_agents(void *arg)
{
	uint32_t access;
	uint64_t *ids = arg;
	int fd;

	if (!become(STAGE_DEMO_UID, STAGE_GROUP_GID))
		return 1;
	fd = stage_open(O_RDWR);
	if (fd < 0)
		return 2;
	for (access = 1; access <= AGENTOS_ACCESS_ALL; access++) {
		int others = stage_reopen(fd, ids[0], access);

		if (stage_reopen(fd, ids[1], access) < 0)
			return 3;
		if (access == AGENTOS_ACCESS_INSPECT ? others < 0 : others != -EACCES)
			return 4;
	}
	return 0;
}

static void only_the_owner_and_root_open_with_more_than_inspect(void)
{
	struct agentos_create create = stage_plan("owned");
	uint64_t ids[2];
	int fd;

	create.owner = STAGE_DEMO_UID;
	REQUIRE(stand_up());
	REQUIRE(!chown(AGENTOS_DEVICE, 0, STAGE_GROUP_GID));
	REQUIRE(!stage_call(stage_device, AGENTOS_IOC_CREATE, &create));
	ids[0] = stand.id;
	ids[1] = create.ret_id;
	CHECK_INT(stage_status(stage_fork(demo_opens_agents, ids)), 0);
	fd = stage_reopen(stage_device, create.ret_id, AGENTOS_ACCESS_ALL);
	CHECK(fd >= 0);
	close(fd);
	close(create.ret_fd);
	stand_down();
}

/* Calls through a new descriptor with these bits of access. */
static void call_with_access(const struct command *command, uint32_t access)
{
	int fd = stage_reopen(stage_device, stand.id, access);

	REQUIRE(fd >= 0);
	CHECK_CALL(command, fd, command->cmd, command_fill(command, pages, 0),
		   access & command->access ? 0 : -EACCES);
	close(fd);
}

/* What is refused leaves the agent as it was, so that one is enough for all refusals. */
static void a_descriptor_without_the_access_bit_is_eacces(void)
{
	const struct command *command;
	uint32_t access;

	EACH_COMMAND(command)
	{
		if (!command->access)
			continue;
		REQUIRE(stand_up());
		for (access = 1; access <= AGENTOS_ACCESS_ALL; access++)
			if (!(access & command->access))
				call_with_access(command, access);
		call_with_access(command, command->access);
		stand_down();
		for (access = 1; access <= AGENTOS_ACCESS_ALL; access <<= 1) {
			REQUIRE(stand_up());
			call_with_access(command, command->access | access);
			stand_down();
		}
	}
}

static void version_says_what_there_is(void)
{
	struct agentos_version before = stage_version(), version;

	CHECK_INT(before.ret_abi, AGENTOS_ABI);
	CHECK_INT(before.ret_rights, AGENTOS_RIGHTS_ALL);
	CHECK_INT(before.ret_features & ~AGENTOS_FEATURE_SLICE,
		  AGENTOS_FEATURE_POLICY | AGENTOS_FEATURE_KFUNCS | AGENTOS_FEATURE_DERIVE |
			  AGENTOS_FEATURE_BUDGET | AGENTOS_FEATURE_PAUSE | AGENTOS_FEATURE_SCHED |
			  AGENTOS_FEATURE_MAIL | AGENTOS_FEATURE_NET | AGENTOS_FEATURE_AUDIT |
			  AGENTOS_FEATURE_CALLER | AGENTOS_FEATURE_STRICT | AGENTOS_FEATURE_EFFECT |
			  AGENTOS_FEATURE_FLOOD);
	CHECK_INT(before.ret_agents, 0);
	REQUIRE(stand_up());
	version = stage_version();
	CHECK_INT(version.ret_agents, 1);
	CHECK_INT(version.ret_tasks, 1);
	CHECK_INT(version.ret_policies, before.ret_policies + 1);
	CHECK_INT(version.ret_pins, before.ret_pins);
	stand_down();
	version = stage_version();
	CHECK(!memcmp(&before, &version, sizeof(version)));
}

static const struct tap_test tests[] = {
	{ "version_says_what_there_is", version_says_what_there_is },
	{ "valid_arguments_are_accepted", valid_arguments_are_accepted },
	{ "a_longer_struct_with_a_zero_tail_is_accepted",
	  a_longer_struct_with_a_zero_tail_is_accepted },
	{ "a_wrong_size_is_refused", a_wrong_size_is_refused },
	{ "a_bad_pointer_is_efault", a_bad_pointer_is_efault },
	{ "a_struct_may_end_where_its_page_ends", a_struct_may_end_where_its_page_ends },
	{ "an_answer_into_read_only_memory_changes_nothing",
	  an_answer_into_read_only_memory_changes_nothing },
	{ "ids_into_bad_memory_are_efault", ids_into_bad_memory_are_efault },
	{ "another_command_number_is_enotty", another_command_number_is_enotty },
	{ "a_bad_field_is_refused_and_changes_nothing",
	  a_bad_field_is_refused_and_changes_nothing },
	{ "privileged_commands_are_eperm_for_others", privileged_commands_are_eperm_for_others },
	{ "the_device_is_closed_to_those_outside_its_group",
	  the_device_is_closed_to_those_outside_its_group },
	{ "only_the_owner_and_root_open_with_more_than_inspect",
	  only_the_owner_and_root_open_with_more_than_inspect },
	{ "a_descriptor_without_the_access_bit_is_eacces",
	  a_descriptor_without_the_access_bit_is_eacces },
};

int main(int argc, char **argv)
{
	pages = stage_share(3 * PAGE);
	stand.ids = stage_share(PAGE);
	stand.object = open("/etc/passwd", O_PATH | O_CLOEXEC);
	if (!pages || !stand.ids || stand.object < 0 || mprotect(pages + 2 * PAGE, PAGE, PROT_NONE))
		return 1;
	return stage_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv, 400);
}
