// SPDX-License-Identifier: GPL-2.0-or-later
/* Who called the gateway: agents' connections to its address, told by the accepted end; the port is kept from agents. */
#include <net/if.h>
#include <netinet/tcp.h>

#include "kern/enforce.h"
#include "calling.h"

#define OTHER_PORT   1019
#define MANY	     (AGENTOS_CALLS_KEPT + 45)
#define MPTCP_NUMBER 262

static struct enforce *enforce;

static void an_agents_call_is_told(void)
{
	struct agentos_caller told;
	struct call call;
	uint64_t id;
	int agent, fd;
	pid_t pid;

	REQUIRE(stand_up());
	agent = agent_new("caller", &id);
	call = call_to("127.0.0.1", PORT);
	pid = stage_spawn(agent, call_out, &call);
	fd = take(&call);
	CHECK_INT(caller(fd, &told), (int64_t)id);
	CHECK_INT(told.ret_policy, stand.any);
	CHECK_INT(told.ret_flags, 0);
	/* As often as one asks. */
	CHECK_INT(caller(fd, NULL), (int64_t)id);
	close(fd);
	kill(pid, SIGKILL);
	stage_status(pid);
	/* IPv4 in IPv6 comes to the same. */
	call = call_to("::ffff:127.0.0.1", PORT);
	call.v6 = true;
	CHECK_INT(call_by(agent, &call), (int64_t)id);
	/* So does what connects by sending. */
	call = call_to("127.0.0.1", PORT);
	call.fast = true;
	CHECK_INT(call_by(agent, &call), (int64_t)id);
	agent_end(agent);
	stand_down();
}

static void what_is_no_agents_call_is_enoent(void)
{
	struct call call;
	uint64_t id;
	int agent;

	REQUIRE(stand_up());
	agent = agent_new("caller", &id);
	call = call_to("127.0.0.1", PORT);
	CHECK_INT(call_by(-1, &call), -ENOENT);
	/* An address that only means it; MPTCP. */
	call = call_to("0.0.0.0", PORT);
	CHECK_INT(call_by(agent, &call), -ENOENT);
	call = call_to("127.0.0.1", PORT);
	call.protocol = MPTCP_NUMBER;
	CHECK_INT(call_by(agent, &call), -ENOENT);
	/* The control. */
	call = call_to("127.0.0.1", PORT);
	CHECK_INT(call_by(agent, &call), (int64_t)id);
	agent_end(agent);
	stand_down();
}

static void only_calls_to_the_address_count(void)
{
	struct call call = call_to("127.0.0.1", OTHER_PORT);
	int agent, own;
	uint64_t id;

	REQUIRE(stand_up());
	agent = agent_new("caller", &id);
	own = stand.listener;
	stand.listener = listen_at("127.0.0.1", OTHER_PORT);
	CHECK_INT(call_by(agent, &call), -ENOENT);
	/* Called before it was the gateway's; afterwards it is told. */
	CHECK_INT(gateway(OTHER_PORT), 0);
	call = call_to("127.0.0.1", OTHER_PORT);
	CHECK_INT(call_by(agent, &call), (int64_t)id);
	close(stand.listener);
	stand.listener = listen_at("127.0.0.2", OTHER_PORT);
	call = call_to("127.0.0.2", OTHER_PORT);
	CHECK_INT(call_by(agent, &call), -ENOENT);
	close(stand.listener);
	stand.listener = own;
	CHECK_INT(gateway(0), 0);
	call = call_to("127.0.0.1", PORT);
	CHECK_INT(call_by(agent, &call), -ENOENT);
	agent_end(agent);
	stand_down();
}

static void who_connected_counts(void)
{
	int first, second, fd, by_outsider;
	struct call call, again;
	uint64_t id, id2;
	pid_t pid, pid2;

	REQUIRE(stand_up());
	first = agent_new("first", &id);
	second = agent_new("second", &id2);
	/* Made outside, connected inside. */
	call = call_to("127.0.0.1", PORT);
	call.fd = socket(AF_INET, SOCK_STREAM, 0);
	pid = stage_spawn(first, call_out, &call);
	fd = take(&call);
	CHECK_INT(caller(fd, NULL), (int64_t)id);
	kill(pid, SIGKILL);
	stage_status(pid);
	/* Another has it now, and tries to make it his. */
	again = call_to("127.0.0.1", PORT);
	again.fd = call.fd;
	again.leave = true;
	pid2 = stage_spawn(second, call_out, &again);
	CHECK_INT(stage_status(pid2), 0);
	CHECK_INT(*said, EISCONN);
	CHECK_INT(caller(fd, NULL), (int64_t)id);
	close(fd);
	/* Disconnected, it is his who connects it again. */
	REQUIRE(!connect(call.fd, &(struct sockaddr){ .sa_family = AF_UNSPEC },
			 sizeof(struct sockaddr)));
	again = call_to("127.0.0.1", PORT);
	again.fd = call.fd;
	CHECK_INT(call_by(second, &again), (int64_t)id2);
	/* However he does. */
	REQUIRE(!connect(call.fd, &(struct sockaddr){ .sa_family = AF_UNSPEC },
			 sizeof(struct sockaddr)));
	again = call_to("127.0.0.1", PORT);
	again.fd = call.fd;
	again.fast = true;
	CHECK_INT(call_by(first, &again), (int64_t)id);
	close(call.fd);
	/* Connected outside, held inside. */
	call = call_to("127.0.0.1", PORT);
	call.leave = true;
	call.fd = by_outsider = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_INT(call_by(-1, &call), -ENOENT);
	close(by_outsider);
	agent_end(first);
	agent_end(second);
	stand_down();
}

static int call_from_below(void *arg)
{
	pid_t pid = fork();

	if (!pid)
		_exit(call_out(arg));
	return stage_status(pid);
}

static void a_childs_call_is_its_agents(void)
{
	struct call call;
	uint64_t id;
	int agent, fd;
	pid_t pid;

	REQUIRE(stand_up());
	agent = agent_new("caller", &id);
	call = call_to("127.0.0.1", PORT);
	pid = stage_spawn(agent, call_from_below, &call);
	fd = take(&call);
	CHECK_INT(caller(fd, NULL), (int64_t)id);
	stage_kill(agent);
	stage_status(pid);
	close(fd);
	close(agent);
	stand_down();
}

static void what_is_refused_is_no_call(void)
{
	struct call call;
	uint64_t id;
	int agent;

	REQUIRE(stand_up());
	agent = agent_under("refused", stand.none, 0, AGENTOS_RIGHTS_ALL, &id);
	call = call_to("127.0.0.1", PORT);
	CHECK_INT(call_by(agent, &call), -1000 - EACCES);
	agent_end(agent);
	/* Audit-only, without the right and without a rule: let through, and told. */
	agent = agent_under("seen", stand.none, AGENTOS_CREATE_AUDIT_ONLY, AGENTOS_RIGHT(FILE_READ),
			    &id);
	call = call_to("127.0.0.1", PORT);
	CHECK_INT(call_by(agent, &call), (int64_t)id);
	agent_end(agent);
	/* With all rights, and without a rule. */
	agent = agent_under("seen.2", stand.none, AGENTOS_CREATE_AUDIT_ONLY, AGENTOS_RIGHTS_ALL,
			    &id);
	call = call_to("127.0.0.1", PORT);
	CHECK_INT(call_by(agent, &call), (int64_t)id);
	agent_end(agent);
	stand_down();
}

static void a_caller_that_is_gone_is_told(void)
{
	static const struct linger hard = { .l_onoff = 1 };
	struct call call;
	uint64_t id;
	int agent, fd, i;
	pid_t pid;

	REQUIRE(stand_up());
	agent = agent_new("gone", &id);
	call = call_to("127.0.0.1", PORT);
	call.leave = true;
	pid = stage_spawn(agent, call_out, &call);
	fd = take(&call);
	CHECK_INT(stage_status(pid), 0);
	CHECK_INT(caller(fd, NULL), (int64_t)id);
	stage_kill(agent);
	CHECK(stage_ended(agent));
	CHECK_INT(caller(fd, NULL), (int64_t)id);
	/* Nobody has a descriptor of it any more. */
	agent_end(agent);
	CHECK(stage_settle());
	CHECK_INT(caller(fd, NULL), -ENOENT);
	close(fd);
	/* A connection that was reset is none. */
	agent = agent_new("reset", &id);
	call = call_to("127.0.0.1", PORT);
	call.leave = true;
	call.fd = socket(AF_INET, SOCK_STREAM, 0);
	pid = stage_spawn(agent, call_out, &call);
	fd = take(&call);
	stage_status(pid);
	CHECK_INT(caller(fd, NULL), (int64_t)id);
	setsockopt(call.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(call.fd);
	for (i = 0; i < STAGE_TRIES && caller(fd, NULL) != -ENOTCONN; i++)
		usleep(20000);
	CHECK_INT(caller(fd, NULL), -ENOTCONN);
	close(fd);
	agent_end(agent);
	stand_down();
}

static void an_agents_newest_calls_are_kept(void)
{
	static int fds[MANY];
	struct call one, many;
	int first, second, fd, i, told = 0, kept = 0;
	uint64_t id, id2;
	pid_t pid, pid2;

	REQUIRE(stand_up());
	first = agent_new("one", &id);
	second = agent_new("many", &id2);
	one = call_to("127.0.0.1", PORT);
	pid = stage_spawn(first, call_out, &one);
	fd = take(&one);
	CHECK_INT(caller(fd, NULL), (int64_t)id);
	many = call_to("127.0.0.1", PORT);
	many.count = MANY;
	pid2 = stage_spawn(second, call_out, &many);
	fds[0] = take(&many);
	for (i = 1; i < MANY; i++)
		fds[i] = accept4(stand.listener, NULL, NULL, SOCK_CLOEXEC);
	for (i = 0; i < MANY; i++) {
		int64_t is = caller(fds[i], NULL);

		kept += is == (int64_t)id2 && i >= MANY - AGENTOS_CALLS_KEPT;
		told += is != -ENOENT;
		close(fds[i]);
	}
	CHECK_INT(told, AGENTOS_CALLS_KEPT);
	CHECK_INT(kept, AGENTOS_CALLS_KEPT);
	/* Nobody pushes out another's. */
	CHECK_INT(caller(fd, NULL), (int64_t)id);
	close(fd);
	kill(pid, SIGKILL);
	kill(pid2, SIGKILL);
	stage_status(pid);
	stage_status(pid2);
	agent_end(first);
	agent_end(second);
	stand_down();
}

/* Where there is another 127.0.0.1. */
static int call_elsewhere(void *arg)
{
	int agent = *(int *)arg, lo = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	struct call call = call_to("127.0.0.1", PORT);

	if (unshare(CLONE_NEWNET))
		return 1;
	close(lo);
	lo = socket(AF_INET, SOCK_DGRAM, 0);
	if (ioctl(lo, SIOCSIFFLAGS, &up))
		return 2;
	stand.listener = listen_at("127.0.0.1", PORT);
	return call_by(agent, &call) == -ENOENT ? 0 : 3;
}

static void another_namespaces_address_is_another(void)
{
	struct call call;
	uint64_t id;
	int agent;

	REQUIRE(stand_up());
	agent = agent_new("elsewhere", &id);
	CHECK_INT(stage_status(stage_fork(call_elsewhere, &agent)), 0);
	call = call_to("127.0.0.1", PORT);
	CHECK_INT(call_by(agent, &call), (int64_t)id);
	agent_end(agent);
	stand_down();
}

static int bind_any(int family, const char *address, uint16_t port, int type)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in in = to(address, port);
	int fd = socket(family, type, 0), on = 1, error;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_INET6)
		inet_pton(AF_INET6, address, &in6.sin6_addr);
	error = bind(fd, family == AF_INET6 ? (void *)&in6 : (void *)&in,
		     family == AF_INET6 ? sizeof(in6) : sizeof(in)) ?
			errno :
			0;
	if (!error && type == SOCK_STREAM && listen(fd, 1))
		error = errno;
	close(fd);
	return error;
}

/* Both ends of the range of ways; the exit status is how many were not as they are to be. */
static int take_port(void *arg)
{
	uint16_t port = *(uint16_t *)arg;
	int wrong = 0, error = port == OTHER_PORT ? EACCES : 0;

	wrong += bind_any(AF_INET, "127.0.0.1", port, SOCK_STREAM) != error;
	wrong += bind_any(AF_INET, "127.0.0.3", port, SOCK_STREAM) != error;
	wrong += bind_any(AF_INET, "0.0.0.0", port, SOCK_STREAM) != error;
	wrong += bind_any(AF_INET, "127.0.0.1", port, SOCK_DGRAM) != error;
	wrong += bind_any(AF_INET6, "::1", port, SOCK_STREAM) != error;
	wrong += bind_any(AF_INET6, "::", port, SOCK_STREAM) != error;
	wrong += bind_any(AF_INET6, "::ffff:127.0.0.1", port, SOCK_STREAM) != error;
	return wrong;
}

static int listen_with(void *arg)
{
	return listen(*(int *)arg, 1) ? errno : 0;
}

static void no_agent_takes_the_port(void)
{
	static const uint32_t kinds[] = { 0, AGENTOS_CREATE_AUDIT_ONLY };
	uint16_t port = OTHER_PORT, free_port = OTHER_PORT + 1;
	struct sockaddr_in in = to("127.0.0.1", OTHER_PORT);
	struct agentos_info info;
	int agent, fd, on = 1;
	uint64_t id;
	size_t i;

	REQUIRE(stand_up());
	for (i = 0; i < 2; i++) {
		CHECK_INT(gateway(OTHER_PORT), 0);
		agent = agent_under("taker", stand.any, kinds[i], AGENTOS_RIGHTS_ALL, &id);
		CHECK_INT(stage_status(stage_spawn(agent, take_port, &port)), 0);
		info = stage_info(agent);
		CHECK_INT(info.ret_denials, 7);
		agent_end(agent);
		/* Others may, and agents another. */
		CHECK_INT(bind_any(AF_INET, "127.0.0.1", OTHER_PORT, SOCK_STREAM), 0);
		agent = agent_under("taker.2", stand.any, kinds[i], AGENTOS_RIGHTS_ALL, &id);
		CHECK_INT(stage_status(stage_spawn(agent, take_port, &free_port)), 0);
		agent_end(agent);
		/* Nor with what was bound before. */
		fd = socket(AF_INET, SOCK_STREAM, 0);
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		CHECK_INT(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
		agent = agent_under("taker.3", stand.any, kinds[i], AGENTOS_RIGHTS_ALL, &id);
		CHECK_INT(stage_status(stage_spawn(agent, listen_with, &fd)), EACCES);
		agent_end(agent);
		CHECK_INT(gateway(0), 0);
		agent = agent_under("taker.4", stand.any, kinds[i], AGENTOS_RIGHTS_ALL, &id);
		CHECK_INT(stage_status(stage_spawn(agent, listen_with, &fd)), 0);
		agent_end(agent);
		close(fd);
		/* Whoever was forked meanwhile holds the socket as well, until he is dead. */
		CHECK(stage_settle());
	}
	stand_down();
}

static void errors_have_their_causes(void)
{
	struct sockaddr_in in = to("127.0.0.1", PORT);
	int udp = socket(AF_INET, SOCK_DGRAM, 0), tcp6 = socket(AF_INET6, SOCK_STREAM, 0);
	int tcp = socket(AF_INET, SOCK_STREAM, 0), file = open("/", O_RDONLY);
	int path = open("/", O_PATH), mptcp = socket(AF_INET, SOCK_STREAM, MPTCP_NUMBER);
	int local = socket(AF_UNIX, SOCK_STREAM, 0), packet = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	REQUIRE(stand_up());
	CHECK_INT(caller(-1, NULL), -EBADF);
	CHECK_INT(caller(1000, NULL), -EBADF);
	CHECK_INT(caller(path, NULL), -EBADF);
	CHECK_INT(caller(file, NULL), -ENOTSOCK);
	CHECK_INT(caller(udp, NULL), -EOPNOTSUPP);
	CHECK_INT(caller(tcp6, NULL), -EOPNOTSUPP);
	CHECK_INT(caller(local, NULL), -ENOTCONN);
	CHECK_INT(caller(packet, NULL), -EOPNOTSUPP);
	if (mptcp >= 0)
		CHECK_INT(caller(mptcp, NULL), -EOPNOTSUPP);
	CHECK_INT(caller(tcp, NULL), -ENOTCONN);
	CHECK_INT(caller(stand.listener, NULL), -ENOTCONN);
	/* The calling end itself is to no gateway. */
	CHECK_INT(connect(tcp, (struct sockaddr *)&in, sizeof(in)), 0);
	CHECK_INT(caller(tcp, NULL), -ENOENT);
	close(udp);
	close(tcp6);
	close(tcp);
	close(file);
	close(path);
	close(mptcp);
	close(local);
	close(packet);
	stand_down();
}

static int ask_inside(void *arg)
{
	struct agentos_gateway set = { .size = sizeof(set), .port = PORT };

	if (stage_call(stage_device, AGENTOS_IOC_GATEWAY, &set) != -EPERM)
		return 1;
	return caller(*(int *)arg, NULL) > 0 ? 0 : 2;
}

/* The gateway at `listener` as well. */
static int gateway_at(uint16_t port, int listener)
{
	struct agentos_gateway set = { .size = sizeof(set),
				       .port = port,
				       .flags = AGENTOS_GATEWAY_SOCKET,
				       .fd = listener };

	return stage_call(stage_device, AGENTOS_IOC_GATEWAY, &set);
}

static struct call call_locally(const struct sockaddr_un *un, socklen_t len)
{
	struct call call = call_to("", 0);

	call.local = un;
	call.local_len = len;
	return call;
}

/* Without the right and rules on Unix sockets: it is the address that counts. */
static void a_call_of_the_unix_socket_is_told(void)
{
	const uint64_t rights = AGENTOS_RIGHT(NET_CONNECT);
	struct sockaddr_un un, other;
	int agent, own, beside, fd;
	struct call call;
	socklen_t len = 0, other_len = 0;
	uint64_t id;
	pid_t pid;

	REQUIRE(stand_up());
	own = stand.listener;
	stand.listener = listen_unix(&un, &len);
	beside = listen_unix(&other, &other_len);
	REQUIRE(stand.listener >= 0 && beside >= 0);
	agent = agent_under("local", stand.any, 0, rights, &id);
	/* It is nobody's yet. */
	call = call_locally(&un, len);
	CHECK_INT(call_by(agent, &call), -1000 - EACCES);
	CHECK_INT(gateway_at(PORT, stand.listener), 0);
	call = call_locally(&un, len);
	CHECK_INT(call_by(agent, &call), (int64_t)id);
	/* Another socket is another, and the address is what it was. */
	call = call_locally(&other, other_len);
	CHECK_INT(call_by(agent, &call), -1000 - EACCES);
	fd = stand.listener;
	stand.listener = own;
	call = call_to("127.0.0.1", PORT);
	CHECK_INT(call_by(agent, &call), (int64_t)id);
	stand.listener = fd;
	/* The caller's own end is no call; nobody in no agent is a stranger, as over TCP. */
	call = call_locally(&un, len);
	call.fd = socket(AF_UNIX, SOCK_STREAM, 0);
	pid = stage_spawn(agent, call_out, &call);
	fd = take(&call);
	CHECK_INT(caller(fd, NULL), (int64_t)id);
	CHECK_INT(caller(call.fd, NULL), -ENOENT);
	kill(pid, SIGKILL);
	stage_status(pid);
	close(call.fd);
	close(fd);
	call = call_locally(&un, len);
	CHECK_INT(call_by(-1, &call), -ENOENT);
	agent_end(agent);
	close(stand.listener);
	close(beside);
	stand.listener = own;
	stand_down();
}

static void the_unix_socket_is_refused_as_the_address_is(void)
{
	struct agentos_info info;
	struct sockaddr_un un;
	struct call call;
	socklen_t len = 0;
	int agent, own;
	uint64_t id;

	REQUIRE(stand_up());
	own = stand.listener;
	stand.listener = listen_unix(&un, &len);
	REQUIRE(!gateway_at(PORT, stand.listener));
	/* No rule on the address; no right to connect there, with all that there is on Unix sockets. */
	agent = agent_under("refused", stand.none, 0, AGENTOS_RIGHTS_ALL, &id);
	call = call_locally(&un, len);
	CHECK_INT(call_by(agent, &call), -1000 - EACCES);
	info = stage_info(agent);
	CHECK_INT(info.ret_denials, 1);
	agent_end(agent);
	agent = agent_under("refused.2", stand.any, 0, AGENTOS_RIGHT(UNIX_CONNECT), &id);
	call = call_locally(&un, len);
	CHECK_INT(call_by(agent, &call), -1000 - EACCES);
	agent_end(agent);
	/* Audit-only: let through, counted, and told. */
	agent = agent_under("seen", stand.none, AGENTOS_CREATE_AUDIT_ONLY, AGENTOS_RIGHT(FILE_READ),
			    &id);
	call = call_locally(&un, len);
	CHECK_INT(call_by(agent, &call), (int64_t)id);
	info = stage_info(agent);
	CHECK_INT(info.ret_denials, 1);
	agent_end(agent);
	close(stand.listener);
	stand.listener = own;
	stand_down();
}

static void only_a_unix_socket_that_listens_is_taken(void)
{
	struct agentos_gateway odd = { .size = sizeof(odd), .port = PORT, .flags = 2 };
	int stream = socket(AF_UNIX, SOCK_STREAM, 0), packet = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	int null = open("/dev/null", O_RDONLY), fd;
	struct sockaddr_un un;
	socklen_t len = 0;

	REQUIRE(stand_up());
	fd = listen_unix(&un, &len);
	CHECK_INT(gateway_at(PORT, fd), 0);
	CHECK_INT(gateway_at(0, fd), -EINVAL);
	CHECK_INT(gateway_at(PORT, -1), -EBADF);
	CHECK_INT(gateway_at(PORT, null), -ENOTSOCK);
	CHECK_INT(gateway_at(PORT, stream), -EOPNOTSUPP);
	CHECK_INT(gateway_at(PORT, packet), -EOPNOTSUPP);
	CHECK_INT(gateway_at(PORT, stand.listener), -EOPNOTSUPP);
	CHECK_INT(stage_call(stage_device, AGENTOS_IOC_GATEWAY, &odd), -EINVAL);
	odd.flags = 0;
	odd.fd = fd;
	CHECK_INT(stage_call(stage_device, AGENTOS_IOC_GATEWAY, &odd), -EINVAL);
	close(fd);
	close(stream);
	close(packet);
	close(null);
	stand_down();
}

static int set_as_demo(void *arg)
{
	return setresuid(STAGE_DEMO_UID, STAGE_DEMO_UID, STAGE_DEMO_UID) ? 100 : -gateway(0);
}

static void who_may_ask(void)
{
	struct agentos_gateway odd = { .size = sizeof(odd), .port = PORT, .pad = 1 };
	struct call call;
	uint64_t id, id2;
	int agent, other, fd;
	pid_t pid;

	REQUIRE(stand_up());
	agent = agent_new("called", &id);
	other = agent_new("asks", &id2);
	call = call_to("127.0.0.1", PORT);
	pid = stage_spawn(agent, call_out, &call);
	fd = take(&call);
	/* In an agent one may ask who called, not set where. */
	CHECK_INT(stage_status(stage_spawn(other, ask_inside, &fd)), 0);
	CHECK_INT(stage_status(stage_fork(set_as_demo, NULL)), EPERM);
	CHECK_INT(stage_call(stage_device, AGENTOS_IOC_GATEWAY, &odd), -EINVAL);
	CHECK_INT(caller(fd, NULL), (int64_t)id);
	kill(pid, SIGKILL);
	stage_status(pid);
	close(fd);
	agent_end(agent);
	agent_end(other);
	stand_down();
}

static const struct tap_test tests[] = {
	TEST(an_agents_call_is_told),
	TEST(what_is_no_agents_call_is_enoent),
	TEST(only_calls_to_the_address_count),
	TEST(who_connected_counts),
	TEST(a_childs_call_is_its_agents),
	TEST(what_is_refused_is_no_call),
	TEST(a_caller_that_is_gone_is_told),
	TEST(an_agents_newest_calls_are_kept),
	TEST(another_namespaces_address_is_another),
	TEST(no_agent_takes_the_port),
	TEST(a_call_of_the_unix_socket_is_told),
	TEST(the_unix_socket_is_refused_as_the_address_is),
	TEST(only_a_unix_socket_that_listens_is_taken),
	TEST(errors_have_their_causes),
	TEST(who_may_ask),
};

static void run_enforced(void)
{
	struct fault f = { "" };
	bool adopted;
	int err = enforce_open(stage_device, &enforce, &adopted, &f);

	if (err)
		printf("# %s\n", f.text);
	REQUIRE(!err);
}

static void end_enforced(void)
{
	struct fault f = { "" };
	int err = enforce_end(enforce, &f);

	if (err)
		printf("# %s\n", f.text);
	CHECK_INT(err, 0);
}

int main(int argc, char **argv)
{
	static struct tap_test all[sizeof(tests) / sizeof(tests[0]) + 2];
	size_t count = sizeof(tests) / sizeof(tests[0]);

	said = stage_share(sizeof(*said));
	if (!said)
		return 1;
	all[0] = (struct tap_test)TEST(run_enforced);
	memcpy(&all[1], tests, sizeof(tests));
	all[count + 1] = (struct tap_test)TEST(end_enforced);
	return stage_main(all, count + 2, argc, argv, 110);
}
