// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways to the network and to other sockets, for the escape tests. */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/escape/prog/attempt.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static const struct sockaddr *address4(const char *port)
{
	static struct sockaddr_in in = { .sin_family = AF_INET };

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons((uint16_t)atoi(port));
	return (const struct sockaddr *)&in;
}

static const struct sockaddr *address6(const char *port)
{
	static struct sockaddr_in6 in = { .sin6_family = AF_INET6 };

	in.sin6_addr = in6addr_loopback;
	in.sin6_port = htons((uint16_t)atoi(port));
	return (const struct sockaddr *)&in;
}

#define SIZE4 sizeof(struct sockaddr_in)
#define SIZE6 sizeof(struct sockaddr_in6)

static int act_tcp4(char **arg)
{
	return attempt_result(connect(socket(AF_INET, SOCK_STREAM, 0), address4(arg[0]), SIZE4));
}

static int act_tcp6(char **arg)
{
	return attempt_result(connect(socket(AF_INET6, SOCK_STREAM, 0), address6(arg[0]), SIZE6));
}

static int act_mptcp(char **arg)
{
	return attempt_result(
		connect(socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP), address4(arg[0]), SIZE4));
}

static int act_fastopen(char **arg)
{
	int sock = socket(AF_INET, SOCK_STREAM, 0);

	return attempt_result(sendto(sock, "x", 1, MSG_FASTOPEN, address4(arg[0]), SIZE4));
}

/* connect() that sends nothing by itself; the first write does. */
static int act_fastopen_connect(char **arg)
{
	int sock = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	setsockopt(sock, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof(on));
	if (connect(sock, address4(arg[0]), SIZE4) < 0)
		return -errno;
	return attempt_result(send(sock, "x", 1, 0));
}

static int act_nonblocking(char **arg)
{
	int sock = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (connect(sock, address4(arg[0]), SIZE4) < 0 && errno != EINPROGRESS)
		return -errno;
	return 0;
}

static int act_udp4(char **arg)
{
	return attempt_result(connect(socket(AF_INET, SOCK_DGRAM, 0), address4(arg[0]), SIZE4));
}

static int act_udp4_send(char **arg)
{
	int sock = socket(AF_INET, SOCK_DGRAM, 0);

	return attempt_result(sendto(sock, "x", 1, 0, address4(arg[0]), SIZE4));
}

/* UDP takes an address without a family for an IPv4 one. */
static int act_udp4_send_unspec(char **arg)
{
	struct sockaddr_in in = *(const struct sockaddr_in *)address4(arg[0]);
	int sock = socket(AF_INET, SOCK_DGRAM, 0);

	in.sin_family = AF_UNSPEC;
	return attempt_result(sendto(sock, "x", 1, 0, (struct sockaddr *)&in, sizeof(in)));
}

static int act_udp6_send(char **arg)
{
	int sock = socket(AF_INET6, SOCK_DGRAM, 0);

	return attempt_result(sendto(sock, "x", 1, 0, address6(arg[0]), SIZE6));
}

static int act_udp_sendmmsg(char **arg)
{
	struct iovec vector = { .iov_base = "x", .iov_len = 1 };
	struct mmsghdr message = { .msg_hdr = { .msg_iov = &vector,
						.msg_iovlen = 1,
						.msg_name = (void *)address4(arg[0]),
						.msg_namelen = SIZE4 } };

	return attempt_result(sendmmsg(socket(AF_INET, SOCK_DGRAM, 0), &message, 1, 0));
}

static int act_bind4(char **arg)
{
	return attempt_result(bind(socket(AF_INET, SOCK_STREAM, 0), address4("0"), SIZE4));
}

static int act_bind6(char **arg)
{
	return attempt_result(bind(socket(AF_INET6, SOCK_DGRAM, 0), address6("0"), SIZE6));
}

static int act_listen(char **arg)
{
	return attempt_result(listen(socket(AF_INET, SOCK_STREAM, 0), 1));
}

static int act_socket(char **arg)
{
	return attempt_descriptor(socket(atoi(arg[0]), atoi(arg[1]), atoi(arg[2])));
}

/* ARG0: family, ARG1: protocol, ARG2: port; a stream to the loopback device. */
static int act_stream(char **arg)
{
	int sock = socket(atoi(arg[0]), SOCK_STREAM, atoi(arg[1]));

	return sock < 0 ? -errno : attempt_result(connect(sock, address4(arg[2]), SIZE4));
}

#define SCTP_SOCKOPT_CONNECTX_OLD 107

/* SCTP connects by an option of the socket, too. ARG0: port */
static int act_sctp_connectx(char **arg)
{
	int sock = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);

	return sock < 0 ? -errno :
			  attempt_result(setsockopt(sock, IPPROTO_SCTP, SCTP_SOCKOPT_CONNECTX_OLD,
						    address4(arg[0]), SIZE4));
}

/* It connects by sending. */
static int act_sctp_send(char **arg)
{
	int sock = socket(AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP);

	return sock < 0 ? -errno : attempt_result(sendto(sock, "x", 1, 0, address4(arg[0]), SIZE4));
}

/* The loopback device gets the MTU that it has, by a message. */
static int act_mtu_message(char **arg)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg device;
		struct rtattr attribute;
		unsigned int mtu;
	} request = { .head = { .nlmsg_len = sizeof(request),
				.nlmsg_type = RTM_NEWLINK,
				.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		      .device.ifi_index = (int)if_nametoindex("lo"),
		      .attribute = { .rta_len = RTA_LENGTH(4), .rta_type = IFLA_MTU },
		      .mtu = 65536 };
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char rest[256];
	} reply;
	int sock = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	if (send(sock, &request, sizeof(request), 0) < 0 ||
	    recv(sock, &reply, sizeof(reply), 0) < 0 || reply.head.nlmsg_type != NLMSG_ERROR)
		return -EBADRQC;
	return reply.error.error;
}

/* The same by ioctl(). */
static int act_mtu_ioctl(char **arg)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_mtu = 65536 };

	return attempt_result(ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCSIFMTU, &request));
}

#ifndef SOCKET_URING_OP_SETSOCKOPT
#define SOCKET_URING_OP_SETSOCKOPT 3
#endif

/* Options of IP, as setsockopt() sets them, by a command to the socket in a ring. */
static int act_uring_setsockopt(char **arg)
{
	struct io_uring_params params = { 0 };
	int ring = (int)syscall(SYS_io_uring_setup, 4, &params), level[2] = { IPPROTO_IP, 4 };
	static const unsigned char options[4] = { 1, 1, 1, 0 };
	uintptr_t value = (uintptr_t)options;
	unsigned char *rings, *entries;
	struct io_uring_cqe *done;

	if (ring < 0)
		return -EBADRQC;
	rings = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	entries = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	if (rings == MAP_FAILED || entries == MAP_FAILED)
		return -EBADRQC;
	/* By offset: what the header calls these depends on its age. */
	entries[0] = IORING_OP_URING_CMD;
	*(int *)(entries + 4) = socket(AF_INET, SOCK_STREAM, 0);
	*(unsigned int *)(entries + 8) = SOCKET_URING_OP_SETSOCKOPT;
	memcpy(entries + 16, level, sizeof(level));
	*(unsigned int *)(entries + 44) = sizeof(options);
	memcpy(entries + 48, &value, sizeof(value));
	((unsigned int *)(rings + params.sq_off.array))[0] = 0;
	__atomic_store_n((unsigned int *)(rings + params.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -EBADRQC;
	done = (struct io_uring_cqe *)(rings + params.cq_off.cqes);
	return done->res < 0 ? done->res : 0;
}

static socklen_t unix_address(struct sockaddr_un *un, const char *name)
{
	size_t len = strlen(name);

	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	if (len >= sizeof(un->sun_path))
		_exit(EBADRQC);
	memcpy(un->sun_path, name, len);
	if (name[0] == '@')
		un->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (name[0] != '@'));
}

static int unix_connect(const char *name, int type)
{
	struct sockaddr_un un;
	socklen_t len = unix_address(&un, name);

	return attempt_result(connect(socket(AF_UNIX, type, 0), (struct sockaddr *)&un, len));
}

static int act_unix_stream(char **arg)
{
	return unix_connect(arg[0], SOCK_STREAM);
}

static int act_unix_dgram(char **arg)
{
	return unix_connect(arg[0], SOCK_DGRAM);
}

static int act_unix_send(char **arg)
{
	int sock = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct sockaddr_un un;
	socklen_t len = unix_address(&un, arg[0]);

	return attempt_result(sendto(sock, "x", 1, 0, (struct sockaddr *)&un, len));
}

/* Between processes of the agent: a stream to ARG0, and a datagram to ARG0 with ".d" added. */
static int act_unix_own(char **arg)
{
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), dgram = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct sockaddr_un un;
	socklen_t len = unix_address(&un, arg[0]);
	char other[108];
	int status;

	snprintf(other, sizeof(other), "%s.d", arg[0]);
	if (bind(listener, (struct sockaddr *)&un, len) < 0 || listen(listener, 1) < 0)
		return -errno;
	len = unix_address(&un, other);
	if (bind(dgram, (struct sockaddr *)&un, len) < 0)
		return -errno;
	if (fork() == 0) {
		int err = act_unix_stream(arg);

		arg[0] = other;
		err = err ? err : act_unix_dgram(arg);
		_exit(-(err ? err : act_unix_send(arg)));
	}
	wait(&status);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

static int act_socketpair(char **arg)
{
	char byte;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) < 0 || send(ends[0], "x", 1, 0) < 0)
		return -errno;
	return attempt_result(recv(ends[1], &byte, 1, 0));
}

/* Runs ARG0, a program that connects, its complaints unheard. */
static int act_exec(char **arg)
{
	int null = open("/dev/null", O_WRONLY);

	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execv(arg[0], arg + 1);
	return -errno;
}

/* ARG0, which is bash, opens a connection by itself. */
static int act_bash(char **arg)
{
	char script[128], *argv[] = { "bash", "-c", script, NULL };

	snprintf(script, sizeof(script), "exec 3<>/dev/tcp/127.0.0.1/%s", arg[1]);
	execv(arg[0], argv);
	return -errno;
}

static const struct attempt table[] = {
	{ "tcp4", act_tcp4 },
	{ "tcp6", act_tcp6 },
	{ "mptcp", act_mptcp },
	{ "fastopen", act_fastopen },
	{ "fastopen-connect", act_fastopen_connect },
	{ "nonblocking", act_nonblocking },
	{ "udp4", act_udp4 },
	{ "udp4-send", act_udp4_send },
	{ "udp4-send-unspec", act_udp4_send_unspec },
	{ "udp6-send", act_udp6_send },
	{ "udp-sendmmsg", act_udp_sendmmsg },
	{ "bind4", act_bind4 },
	{ "bind6", act_bind6 },
	{ "listen", act_listen },
	{ "socket", act_socket },
	{ "stream", act_stream },
	{ "sctp-connectx", act_sctp_connectx },
	{ "sctp-send", act_sctp_send },
	{ "mtu-message", act_mtu_message },
	{ "mtu-ioctl", act_mtu_ioctl },
	{ "uring-setsockopt", act_uring_setsockopt },
	{ "unix-stream", act_unix_stream },
	{ "unix-dgram", act_unix_dgram },
	{ "unix-send", act_unix_send },
	{ "unix-own", act_unix_own },
	{ "socketpair", act_socketpair },
	{ "exec", act_exec },
	{ "bash", act_bash },
	{ NULL, NULL },
};

int main(int argc, char **argv)
{
	return attempt_main(argc, argv, table);
}
