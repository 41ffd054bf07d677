/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls of the gateway: a stand with its listener and policies, and processes that call, in agents or not. */
#ifndef AGENTOS_TESTS_KERNEL_CALLING_H
#define AGENTOS_TESTS_KERNEL_CALLING_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "stage.h"

#define PORT 1018

/* Everybody, and the ends: a new stand for each test. */
static struct {
	uint32_t any, none; /* policies */
	int listener;
} stand;

static inline int gateway(uint16_t port)
{
	struct agentos_gateway set = { .size = sizeof(set), .port = port };

	return stage_call(stage_device, AGENTOS_IOC_GATEWAY, &set);
}

/* The agent's id, or a negative errno; ret may be NULL. */
static inline int64_t caller(int fd, struct agentos_caller *ret)
{
	struct agentos_caller caller = { .size = sizeof(caller), .fd = fd };
	int err = stage_call(stage_device, AGENTOS_IOC_CALLER, &caller);

	if (ret)
		*ret = caller;
	return err ?: (int64_t)caller.ret_agent;
}

static inline struct sockaddr_in to(const char *address, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, address, &in.sin_addr);
	return in;
}

/* A Unix socket of a name that the kernel chooses, in *ret_name. */
static inline int listen_unix(struct sockaddr_un *ret_name, socklen_t *ret_len)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(un);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&un, sizeof(sa_family_t)) || listen(fd, 1024) ||
	    getsockname(fd, (struct sockaddr *)&un, &len))
		return -errno;
	*ret_name = un;
	*ret_len = len;
	return fd;
}

static inline int listen_at(const char *address, uint16_t port)
{
	struct sockaddr_in in = to(address, port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&in, sizeof(in)) || listen(fd, 1024))
		return -errno;
	return fd;
}

static inline uint32_t policy_new(uint8_t allow)
{
	struct agentos_policy_new policy = { .size = sizeof(policy) };
	struct agentos_policy_net net = { .size = sizeof(net),
					  .family = AF_INET,
					  .port_last = UINT16_MAX,
					  .allow = allow };

	CHECK_INT(stage_call(stage_device, AGENTOS_IOC_POLICY_NEW, &policy), 0);
	net.policy = policy.ret_policy;
	if (allow) {
		CHECK_INT(stage_call(stage_device, AGENTOS_IOC_POLICY_NET, &net), 0);
		/* What means another is no such one's matter. */
		net.prefix = 32;
		CHECK_INT(stage_call(stage_device, AGENTOS_IOC_POLICY_NET, &net), 0);
		net.prefix = 0;
		net.family = AF_INET6;
		CHECK_INT(stage_call(stage_device, AGENTOS_IOC_POLICY_NET, &net), 0);
	}
	return policy.ret_policy;
}

static inline int agent_under(const char *name, uint32_t policy, uint32_t flags, uint64_t rights,
			      uint64_t *ret_id)
{
	struct agentos_create create = stage_plan(name);
	int err;

	create.policy = policy;
	create.flags |= flags;
	create.rights = rights;
	err = stage_call(stage_device, AGENTOS_IOC_CREATE, &create);
	*ret_id = create.ret_id;
	/* It lives until it is ended. */
	if (!err && stage_spawn(create.ret_fd, stage_sleep, NULL) < 0)
		err = -ECHILD;
	return err ?: create.ret_fd;
}

static inline void agent_end(int agent)
{
	stage_kill(agent);
	close(agent);
}

static inline int agent_new(const char *name, uint64_t *ret_id)
{
	return agent_under(name, stand.any, 0, AGENTOS_RIGHTS_ALL, ret_id);
}

static inline bool stand_up(void)
{
	stand.any = policy_new(AGENTOS_NET_ALL);
	stand.none = policy_new(0);
	stand.listener = listen_at("127.0.0.1", PORT);
	return stand.listener >= 0 && !gateway(PORT);
}

static inline void stand_down(void)
{
	struct agentos_policy_drop drop = { .size = sizeof(drop), .policy = stand.any };

	CHECK_INT(gateway(0), 0);
	close(stand.listener);
	CHECK(stage_settle());
	CHECK_INT(stage_call(stage_device, AGENTOS_IOC_POLICY_DROP, &drop), 0);
	drop.policy = stand.none;
	CHECK_INT(stage_call(stage_device, AGENTOS_IOC_POLICY_DROP, &drop), 0);
}

/* What a process does, in an agent or not, and then waits for the test's end. */
struct call {
	int fd; /* to connect with; -1: a new one */
	int protocol;
	const char *address;
	uint16_t port;
	bool v6, fast, leave, again;
	const struct sockaddr_un *local; /* in the place of the address; NULL: none */
	socklen_t local_len;
	int count;
	int *said; /* the errno, shared; -1 before */
};

static inline int connect_one(const struct call *call, int fd)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(call->port) };
	struct sockaddr_in in = to(call->address, call->port);
	int result;

	if (call->local) {
		result = connect(fd, (const struct sockaddr *)call->local, call->local_len);
	} else if (call->v6) {
		inet_pton(AF_INET6, call->address, &in6.sin6_addr);
		result = connect(fd, (struct sockaddr *)&in6, sizeof(in6));
	} else if (call->fast) {
		result = sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&in, sizeof(in)) == 1 ?
				 0 :
				 -1;
	} else {
		result = connect(fd, (struct sockaddr *)&in, sizeof(in));
	}
	return result ? errno : 0;
}

static inline int call_out(void *arg)
{
	const struct call *call = arg;
	int i, fd, error = 0;

	for (i = 0; i < (call->count ?: 1) && !error; i++) {
		fd = call->fd >= 0 ? call->fd :
				     socket(call->local ? AF_UNIX :
					    call->v6	? AF_INET6 :
							  AF_INET,
					    SOCK_STREAM, call->protocol);
		error = fd < 0 ? errno : connect_one(call, fd);
	}
	__atomic_store_n(call->said, error, __ATOMIC_RELEASE);
	if (!call->leave)
		stage_sleep(NULL);
	return 0;
}

/* Waits until it has called, and takes the call: a descriptor, or a negative errno. */
static inline int take(const struct call *call)
{
	int tries;

	for (tries = 0; tries < STAGE_TRIES; tries++) {
		if (__atomic_load_n(call->said, __ATOMIC_ACQUIRE) >= 0)
			break;
		usleep(20000);
	}
	if (*call->said)
		return *call->said > 0 ? -*call->said : -ETIMEDOUT;
	return accept4(stand.listener, NULL, NULL, SOCK_CLOEXEC);
}

static int *said;

static inline struct call call_to(const char *address, uint16_t port)
{
	*said = -1;
	return (struct call){ .fd = -1, .address = address, .port = port, .said = said };
}

/* What CALLER says of a call by a member of the agent (-1: of none). */
static inline int64_t call_by(int agent, struct call *call)
{
	pid_t pid = agent < 0 ? stage_fork(call_out, call) : stage_spawn(agent, call_out, call);
	int fd = take(call);
	int64_t told = fd < 0 ? -1000 + fd : caller(fd, NULL);

	close(fd);
	if (!call->leave)
		kill(pid, SIGKILL);
	stage_status(pid);
	return told;
}

#endif
