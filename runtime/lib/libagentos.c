// SPDX-License-Identifier: MIT
/* libagentos: the commands, each filled in and asked. */
#include "lib/libagentos.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

static int command(int fd, unsigned long number, void *arg)
{
	return ioctl(fd, number, arg) < 0 ? -errno : 0;
}

static int name_copy(char to[static AGENTOS_NAME_SIZE], const char *name)
{
	size_t len = strlen(name);

	if (len >= AGENTOS_NAME_SIZE)
		return -EINVAL;
	memcpy(to, name, len);
	return 0;
}

int agentos_dev_open(int flags)
{
	struct agentos_version version;
	int dev, err;

	dev = open(AGENTOS_DEVICE, flags | O_CLOEXEC);
	if (dev < 0)
		return -errno;
	err = agentos_dev_version(dev, &version);
	if (err == -ENOTTY || err == -EINVAL || err == -E2BIG ||
	    (!err && version.ret_abi != AGENTOS_ABI))
		err = -EPROTO;
	if (!err)
		return dev;
	close(dev);
	return err;
}

int agentos_dev_version(int dev, struct agentos_version *ret_version)
{
	struct agentos_version arg = { .size = sizeof(arg) };
	int err = command(dev, AGENTOS_IOC_VERSION, &arg);

	if (!err)
		*ret_version = arg;
	return err;
}

int agentos_dev_create(int dev, const struct agentos_create_options *o, uint64_t *ret_id)
{
	struct agentos_create arg = {
		.size = sizeof(arg),
		.flags = o->flags,
		.rights = o->rights,
		.policy = o->policy,
		.access = o->access,
		.owner = o->owner,
	};
	int err = name_copy(arg.name, o->name);

	if (!err)
		err = command(dev, AGENTOS_IOC_CREATE, &arg);
	if (err)
		return err;
	if (ret_id)
		*ret_id = arg.ret_id;
	return arg.ret_fd;
}

int agentos_dev_agent(int dev, uint64_t id, uint32_t access)
{
	struct agentos_open arg = { .size = sizeof(arg), .id = id, .access = access };
	int err = command(dev, AGENTOS_IOC_OPEN, &arg);

	return err ? err : arg.ret_fd;
}

int agentos_dev_identify(int dev, pid_t pid, uint64_t start, uint64_t *ret_id)
{
	struct agentos_identify arg = {
		.size = sizeof(arg),
		.flags = start ? 0 : AGENTOS_IDENTIFY_ANY_START,
		.pid = pid,
		.start = start,
	};
	int err = command(dev, AGENTOS_IOC_IDENTIFY, &arg);

	if (!err)
		*ret_id = arg.ret_id;
	return err;
}

int agentos_dev_enumerate(int dev, uint32_t kind, uint64_t after, uint64_t *ids, uint32_t count)
{
	struct agentos_enumerate arg = {
		.size = sizeof(arg),
		.kind = kind,
		.after = after,
		.ids = (uintptr_t)ids,
		.count = count,
	};
	int err = command(dev, AGENTOS_IOC_ENUMERATE, &arg);

	if (err)
		return err;
	return arg.ret_count <= count ? (int)arg.ret_count : -EPROTO;
}

int agentos_dev_seek(int dev, uint64_t seq)
{
	struct agentos_seek arg = { .size = sizeof(arg), .seq = seq };

	return command(dev, AGENTOS_IOC_SEEK, &arg);
}

int agentos_dev_read(int dev, struct agentos_lifecycle *ret_record)
{
	struct agentos_lifecycle record;
	ssize_t n = read(dev, &record, sizeof(record));

	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (n != sizeof(record))
		return -EPROTO;
	*ret_record = record;
	return 1;
}

int agentos_dev_policy_new(int dev, uint32_t *ret_policy)
{
	return agentos_dev_policy_begin(dev, 0, 0, ret_policy);
}

int agentos_dev_policy_begin(int dev, uint64_t kill, uint64_t watch, uint32_t *ret_policy)
{
	struct agentos_policy_new arg = { .size = sizeof(arg), .kill = kill, .watch = watch };
	int err = command(dev, AGENTOS_IOC_POLICY_NEW, &arg);

	if (!err)
		*ret_policy = arg.ret_policy;
	return err;
}

int agentos_dev_policy_rule(int dev, struct agentos_policy_rule *rule)
{
	rule->size = sizeof(*rule);
	return command(dev, AGENTOS_IOC_POLICY_RULE, rule);
}

int agentos_dev_policy_net(int dev, const struct agentos_policy_net *rule)
{
	struct agentos_policy_net arg = *rule;

	arg.size = sizeof(arg);
	return command(dev, AGENTOS_IOC_POLICY_NET, &arg);
}

int agentos_dev_policy_drop(int dev, uint32_t policy)
{
	struct agentos_policy_drop arg = { .size = sizeof(arg), .policy = policy };

	return command(dev, AGENTOS_IOC_POLICY_DROP, &arg);
}

int agentos_dev_gateway(int dev, uint16_t port, int listener)
{
	struct agentos_gateway arg = { .size = sizeof(arg), .port = port };

	if (listener >= 0) {
		arg.flags = AGENTOS_GATEWAY_SOCKET;
		arg.fd = listener;
	}
	return command(dev, AGENTOS_IOC_GATEWAY, &arg);
}

int agentos_dev_caller(int dev, int fd, struct agentos_caller *ret_caller)
{
	struct agentos_caller arg = { .size = sizeof(arg), .fd = fd };
	int err = command(dev, AGENTOS_IOC_CALLER, &arg);

	if (!err)
		*ret_caller = arg;
	return err;
}

int agentos_dev_denied(int dev, uint64_t agent)
{
	struct agentos_denied arg = { .size = sizeof(arg), .id = agent };

	return command(dev, AGENTOS_IOC_DENIED, &arg);
}

int agentos_dev_drained(int dev, uint64_t consumed)
{
	struct agentos_drained arg = { .size = sizeof(arg), .consumed = consumed };

	return command(dev, AGENTOS_IOC_DRAINED, &arg);
}

int agentos_start_time(pid_t pid, uint64_t *ret_start)
{
	char path[32], text[1024], *at;
	unsigned int field;
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return -ESRCH;
	text[len] = '\0';
	/* The command's name may hold spaces and parentheses: count from the last one. */
	at = strrchr(text, ')');
	if (!at)
		return -EPROTO;
	for (field = 2; field < 22; field++) {
		at = strchr(at + 1, ' ');
		if (!at)
			return -EPROTO;
	}
	if (sscanf(at, " %" SCNu64, ret_start) != 1)
		return -EPROTO;
	return 0;
}

int agentos_agent_attach(int agent)
{
	struct agentos_attach arg = { .size = sizeof(arg) };

	return command(agent, AGENTOS_AGENT_ATTACH, &arg);
}

int agentos_agent_info(int agent, struct agentos_info *ret_info)
{
	struct agentos_info arg = { .size = sizeof(arg) };
	int err = command(agent, AGENTOS_AGENT_INFO, &arg);

	if (err)
		return err;
	arg.ret_name[sizeof(arg.ret_name) - 1] = '\0';
	*ret_info = arg;
	return 0;
}

int agentos_agent_wait(int agent, int timeout_ms)
{
	struct pollfd pollfd = { .fd = agent, .events = POLLIN };
	int count = poll(&pollfd, 1, timeout_ms);

	if (count < 0)
		return -errno;
	if (count == 0)
		return -ETIMEDOUT;
	if (pollfd.revents & POLLNVAL)
		return -EBADF;
	return pollfd.revents & POLLHUP ? 0 : -EACCES;
}

int agentos_agent_dup(int agent, uint32_t access)
{
	struct agentos_dup arg = { .size = sizeof(arg), .access = access };
	int err = command(agent, AGENTOS_AGENT_DUP, &arg);

	return err ? err : arg.ret_fd;
}

int agentos_agent_derive(int agent, const struct agentos_derive_options *o, uint64_t *ret_id)
{
	struct agentos_derive arg = {
		.size = sizeof(arg),
		.flags = o->flags,
		.rights = o->rights,
		.policy = o->policy,
		.access = o->access,
	};
	int err = name_copy(arg.name, o->name);

	if (!err)
		err = command(agent, AGENTOS_AGENT_DERIVE, &arg);
	if (err)
		return err;
	if (ret_id)
		*ret_id = arg.ret_id;
	return arg.ret_fd;
}

int agentos_agent_restrict(int agent, uint64_t mask, uint64_t *ret_rights)
{
	struct agentos_restrict arg = { .size = sizeof(arg), .mask = mask };
	int err = command(agent, AGENTOS_AGENT_RESTRICT, &arg);

	if (!err && ret_rights)
		*ret_rights = arg.ret_rights;
	return err;
}

int agentos_agent_set_policy(int agent, struct agentos_agent_policy *set)
{
	set->size = sizeof(*set);
	return command(agent, AGENTOS_AGENT_POLICY, set);
}

int agentos_agent_set_cgroup(int agent, int procs)
{
	struct agentos_agent_cgroup arg = { .size = sizeof(arg), .fd = procs };

	return command(agent, AGENTOS_AGENT_CGROUP, &arg);
}

int agentos_agent_revoke(int agent, uint32_t flags, uint32_t *ret_agents)
{
	struct agentos_revoke arg = { .size = sizeof(arg), .flags = flags };
	int err = command(agent, AGENTOS_AGENT_REVOKE, &arg);

	if (!err && ret_agents)
		*ret_agents = arg.ret_agents;
	return err;
}

int agentos_agent_kill(int agent, uint32_t *ret_tasks)
{
	return agentos_agent_kill_as(agent, 0, ret_tasks);
}

int agentos_agent_kill_as(int agent, uint32_t flags, uint32_t *ret_tasks)
{
	struct agentos_kill arg = { .size = sizeof(arg), .flags = flags };
	int err = command(agent, AGENTOS_AGENT_KILL, &arg);

	if (!err && ret_tasks)
		*ret_tasks = arg.ret_tasks;
	return err;
}

int agentos_agent_pause(int agent, uint32_t *ret_threads)
{
	struct agentos_pause arg = { .size = sizeof(arg) };
	int err = command(agent, AGENTOS_AGENT_PAUSE, &arg);

	if (!err && ret_threads)
		*ret_threads = arg.ret_threads;
	return err;
}

int agentos_agent_resume(int agent)
{
	struct agentos_resume arg = { .size = sizeof(arg) };

	return command(agent, AGENTOS_AGENT_RESUME, &arg);
}

int agentos_agent_sched(int agent, const struct agentos_sched_options *o, int *ret_nice)
{
	struct agentos_sched arg = {
		.size = sizeof(arg),
		.deadline_ns = o->deadline_ns,
		.criticality = o->criticality,
		.phase = o->phase,
		.efficiency = o->efficiency,
		.cost = o->cost,
	};
	int err = command(agent, AGENTOS_AGENT_SCHED, &arg);

	if (!err && ret_nice)
		*ret_nice = arg.ret_nice;
	return err;
}

int agentos_budget_limit(int agent, uint32_t resource, const struct agentos_limit *limit)
{
	struct agentos_budget_set arg = {
		.size = sizeof(arg),
		.resource = resource,
		.limit = limit->limit,
		.period_ns = limit->period_ns,
		.reset_ns = limit->reset_ns,
		.action = limit->action,
	};

	return command(agent, AGENTOS_AGENT_BUDGET_SET, &arg);
}

int agentos_budget_read(int agent, uint32_t resource, struct agentos_budget_get *ret_budget)
{
	struct agentos_budget_get arg = { .size = sizeof(arg), .resource = resource };
	int err = command(agent, AGENTOS_AGENT_BUDGET_GET, &arg);

	if (!err)
		*ret_budget = arg;
	return err;
}

int agentos_budget_reserve(int agent, uint32_t resource, uint64_t amount)
{
	struct agentos_reserve arg = { .size = sizeof(arg),
				       .resource = resource,
				       .amount = amount };

	return command(agent, AGENTOS_AGENT_RESERVE, &arg);
}

int agentos_budget_settle(int agent, uint32_t resource, uint64_t reserved, uint64_t used)
{
	struct agentos_settle arg = {
		.size = sizeof(arg),
		.resource = resource,
		.reserved = reserved,
		.used = used,
	};

	return command(agent, AGENTOS_AGENT_SETTLE, &arg);
}

static int mail_end(int agent, unsigned long number, uint32_t flags)
{
	struct agentos_mail arg = { .size = sizeof(arg), .flags = flags };
	int err = command(agent, number, &arg);

	return err ? err : arg.ret_fd;
}

int agentos_mail_sender(int agent, uint32_t flags)
{
	return mail_end(agent, AGENTOS_AGENT_MAIL_SEND, flags);
}

int agentos_mail_receiver(int agent, uint32_t flags)
{
	return mail_end(agent, AGENTOS_AGENT_MAIL_RECEIVE, flags);
}

int agentos_mail_send(int sender, const void *text, size_t len)
{
	ssize_t n = write(sender, text, len);

	return n < 0 ? -errno : 0;
}

ssize_t agentos_mail_receive(int receiver, struct agentos_message *ret_head, void *text,
			     size_t size)
{
	struct agentos_message head;
	struct iovec parts[] = { { &head, sizeof(head) }, { text, size } };
	ssize_t n;

	if (size > AGENTOS_MESSAGE_MAX)
		return -EMSGSIZE;
	n = readv(receiver, parts, 2);
	if (n <= 0)
		return n ? -errno : 0;
	if ((size_t)n < sizeof(head) || head.size != (size_t)n)
		return -EPROTO;
	*ret_head = head;
	return n - (ssize_t)sizeof(head);
}
