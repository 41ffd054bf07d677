// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways to addresses of the network, for the escape tests. */
#include <arpa/inet.h>
#include <liburing.h>
#include <linux/in6.h>
#include <netinet/ip.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "tests/escape/prog/attempt.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
/* The C library knows some of these by the same numbers, in other headers. */
#define RTHDR_		     57
#define IPV6_JOIN_GROUP_     20
#define IPV6_ADDRFORM_	     1
#define IP_LOCAL_PORT_RANGE_ 51
#define FLOWLABEL_	     32
#define ROUTE_TYPE_2_	     2

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t len;
};

static struct address address_of(char **arg)
{
	struct address a = { .len = sizeof(a.in) };
	uint16_t port = htons((uint16_t)atoi(arg[1]));

	if (strchr(arg[0], ':')) {
		a.len = sizeof(a.in6);
		a.in6.sin6_family = AF_INET6;
		a.in6.sin6_port = port;
		if (inet_pton(AF_INET6, arg[0], &a.in6.sin6_addr) != 1)
			_exit(EBADRQC);
		return a;
	}
	a.in.sin_family = AF_INET;
	a.in.sin_port = port;
	if (inet_pton(AF_INET, arg[0], &a.in.sin_addr) != 1)
		_exit(EBADRQC);
	return a;
}

static int socket_for(const struct address *a, int type, int protocol)
{
	return socket(a->any.sa_family, type, protocol);
}

static int connect_by(char **arg, int type, int protocol)
{
	struct address a = address_of(arg);

	return attempt_result(connect(socket_for(&a, type, protocol), &a.any, a.len));
}

static int act_tcp(char **arg)
{
	return connect_by(arg, SOCK_STREAM, 0);
}

static int act_mptcp(char **arg)
{
	return connect_by(arg, SOCK_STREAM, IPPROTO_MPTCP);
}

static int act_udp_connect(char **arg)
{
	return connect_by(arg, SOCK_DGRAM, 0);
}

static int act_udp(char **arg)
{
	struct address a = address_of(arg);

	return attempt_result(sendto(socket_for(&a, SOCK_DGRAM, 0), "x", 1, 0, &a.any, a.len));
}

static int act_fastopen(char **arg)
{
	struct address a = address_of(arg);

	return attempt_result(
		sendto(socket_for(&a, SOCK_STREAM, 0), "x", 1, MSG_FASTOPEN, &a.any, a.len));
}

/* UDP takes an address without a family for an IPv4 one. */
static int act_udp_unspec(char **arg)
{
	struct address a = address_of(arg);
	int sock = socket_for(&a, SOCK_DGRAM, 0);

	a.any.sa_family = AF_UNSPEC;
	return attempt_result(sendto(sock, "x", 1, 0, &a.any, a.len));
}

/* An IPv4 address to a socket of IPv6. */
static int act_udp6_as4(char **arg)
{
	struct address a = address_of(arg);

	return attempt_result(sendto(socket(AF_INET6, SOCK_DGRAM, 0), "x", 1, 0, &a.any, a.len));
}

/* Connected to ARG0 ARG1, and then sends to ARG2 ARG3. */
static int act_udp_then(char **arg)
{
	struct address a = address_of(arg), b = address_of(arg + 2);
	int sock = socket_for(&a, SOCK_DGRAM, 0);

	if (connect(sock, &a.any, a.len) < 0)
		return -ECHILD;
	return attempt_result(sendto(sock, "x", 1, 0, &b.any, b.len));
}

/* Connected to ARG0 ARG1, undone, and connected to ARG2 ARG3. */
static int act_udp_again(char **arg)
{
	struct address a = address_of(arg), b = address_of(arg + 2);
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	int sock = socket_for(&a, SOCK_DGRAM, 0);

	if (connect(sock, &a.any, a.len) < 0 || connect(sock, &none, sizeof(none)) < 0)
		return -ECHILD;
	return attempt_result(connect(sock, &b.any, b.len));
}

static int bind_by(char **arg, int type)
{
	struct address a = address_of(arg);

	return attempt_result(bind(socket_for(&a, type, 0), &a.any, a.len));
}

static int act_bind_tcp(char **arg)
{
	return bind_by(arg, SOCK_STREAM);
}

static int act_bind_udp(char **arg)
{
	return bind_by(arg, SOCK_DGRAM);
}

static int act_listen(char **arg)
{
	struct address a = address_of(arg);
	int sock = socket_for(&a, SOCK_STREAM, 0);

	if (bind(sock, &a.any, a.len) < 0)
		return -errno;
	return attempt_result(listen(sock, 1));
}

/* The kernel binds it when it listens. */
static int act_listen_unbound(char **arg)
{
	return attempt_result(listen(socket(atoi(arg[0]), SOCK_STREAM, 0), 1));
}

/* One request of a ring, done with. */
static int ring_result(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;

	if (io_uring_submit_and_wait(ring, 1) < 0 || io_uring_peek_cqe(ring, &cqe) < 0)
		return -EPIPE;
	return cqe->res < 0 ? cqe->res : 0;
}

static int ring_connect(char **arg, unsigned int flags)
{
	struct address a = address_of(arg);
	struct io_uring_sqe *sqe;
	struct io_uring ring;

	if (io_uring_queue_init(4, &ring, flags) < 0)
		return -ECHILD;
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_connect(sqe, socket_for(&a, SOCK_STREAM, 0), &a.any, a.len);
	return ring_result(&ring);
}

static int act_uring_connect(char **arg)
{
	return ring_connect(arg, 0);
}

static int act_uring_poll_connect(char **arg)
{
	return ring_connect(arg, IORING_SETUP_SQPOLL);
}

static int act_uring_send(char **arg)
{
	struct address a = address_of(arg);
	struct iovec vector = { .iov_base = "x", .iov_len = 1 };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_name = &a.any,
				  .msg_namelen = a.len };
	struct io_uring_sqe *sqe;
	struct io_uring ring;

	if (io_uring_queue_init(4, &ring, 0) < 0)
		return -ECHILD;
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_sendmsg(sqe, socket_for(&a, SOCK_DGRAM, 0), &message, 0);
	io_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
	return ring_result(&ring);
}

/* Three that do nothing, and the end: options all the same. */
static const uint8_t options[] = { IPOPT_NOP, IPOPT_NOP, IPOPT_NOP, IPOPT_EOL };

static int act_options(char **arg)
{
	return attempt_result(setsockopt(
		socket(AF_INET, SOCK_DGRAM, 0), IPPROTO_IP, IP_OPTIONS, options, sizeof(options)));
}

/* A group of no one else: 239.255.42.99, ff15::2a63; by the older call and the newer. */
static int act_join(char **arg)
{
	struct ip_mreq request = { .imr_multiaddr.s_addr = htonl(0xefff2a63),
				   .imr_interface.s_addr = htonl(INADDR_LOOPBACK) };

	return attempt_result(setsockopt(socket(AF_INET, SOCK_DGRAM, 0), IPPROTO_IP,
					 IP_ADD_MEMBERSHIP, &request, sizeof(request)));
}

static int act_join_newer(char **arg)
{
	struct group_req request = { .gr_interface = 1 };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xefff2a63) };

	memcpy(&request.gr_group, &in, sizeof(in));
	return attempt_result(setsockopt(socket(AF_INET, SOCK_DGRAM, 0), IPPROTO_IP,
					 MCAST_JOIN_GROUP, &request, sizeof(request)));
}

static int act_join6(char **arg)
{
	struct ipv6_mreq request = { .ipv6mr_interface = 1 };

	inet_pton(AF_INET6, "ff15::2a63", &request.ipv6mr_multiaddr);
	return attempt_result(setsockopt(socket(AF_INET6, SOCK_DGRAM, 0), IPPROTO_IPV6,
					 IPV6_JOIN_GROUP_, &request, sizeof(request)));
}

/* None is set: that the socket has none is as well a way to set it. */
static int act_options6(char **arg)
{
	return attempt_result(
		setsockopt(socket(AF_INET6, SOCK_DGRAM, 0), IPPROTO_IPV6, atoi(arg[0]), NULL, 0));
}

static int act_ttl(char **arg)
{
	int ttl = 64;

	return attempt_result(
		setsockopt(socket(AF_INET, SOCK_DGRAM, 0), IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl)));
}

static int act_label(char **arg)
{
	struct in6_flowlabel_req request = {
		.flr_dst = IN6ADDR_LOOPBACK_INIT,
		.flr_action = IPV6_FL_A_GET,
		.flr_share = IPV6_FL_S_EXCL,
		.flr_flags = IPV6_FL_F_CREATE,
	};

	return attempt_result(setsockopt(socket(AF_INET6, SOCK_DGRAM, 0), IPPROTO_IPV6, FLOWLABEL_,
					 &request, sizeof(request)));
}

struct control {
	int level, type;
	const void *data;
	size_t len;
};

static int send_with(const struct address *a, const struct control *control, bool connected)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(64)];
	} room = { 0 };
	struct iovec vector = { .iov_base = "x", .iov_len = 1 };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = room.bytes,
				  .msg_controllen = CMSG_SPACE(control->len) };
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);
	int sock = socket_for(a, SOCK_DGRAM, 0);

	cmsg->cmsg_level = control->level;
	cmsg->cmsg_type = control->type;
	cmsg->cmsg_len = CMSG_LEN(control->len);
	memcpy(CMSG_DATA(cmsg), control->data, control->len);
	if (connected && connect(sock, &a->any, a->len) < 0)
		return -ECHILD;
	if (!connected) {
		message.msg_name = (void *)&a->any;
		message.msg_namelen = a->len;
	}
	return attempt_result(sendmsg(sock, &message, 0));
}

static int act_send_options(char **arg)
{
	struct control control = { IPPROTO_IP, IP_RETOPTS, options, sizeof(options) };
	struct address a = address_of(arg);

	return send_with(&a, &control, false);
}

static int act_send_options_connected(char **arg)
{
	struct control control = { IPPROTO_IP, IP_RETOPTS, options, sizeof(options) };
	struct address a = address_of(arg);

	return send_with(&a, &control, true);
}

/* What many send along: the time to live. */
static int act_send_ttl(char **arg)
{
	static const int ttl = 64;
	struct control control = { IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl) };
	struct address a = address_of(arg);

	return send_with(&a, &control, false);
}

/* Two messages of one call to one address; what goes with the second is for the kernel alone to see. */
static int send_two(const struct address *a, bool routed)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(options))];
	} room = { 0 };
	struct iovec vector = { .iov_base = "x", .iov_len = 1 };
	struct mmsghdr messages[2] = { 0 };
	struct cmsghdr *cmsg;
	int i, sent;

	for (i = 0; i < 2; i++)
		messages[i].msg_hdr = (struct msghdr){ .msg_name = (void *)&a->any,
						       .msg_namelen = a->len,
						       .msg_iov = &vector,
						       .msg_iovlen = 1 };
	if (routed) {
		messages[1].msg_hdr.msg_control = room.bytes;
		messages[1].msg_hdr.msg_controllen = sizeof(room.bytes);
		cmsg = CMSG_FIRSTHDR(&messages[1].msg_hdr);
		cmsg->cmsg_level = IPPROTO_IP;
		cmsg->cmsg_type = IP_RETOPTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(options));
		memcpy(CMSG_DATA(cmsg), options, sizeof(options));
	}
	sent = sendmmsg(socket_for(a, SOCK_DGRAM, 0), messages, 2, 0);
	return sent == 1 ? -EPROTO : attempt_result(sent);
}

static int act_send_two(char **arg)
{
	struct address a = address_of(arg);

	return send_two(&a, false);
}

static int act_send_two_routed(char **arg)
{
	struct address a = address_of(arg);

	return send_two(&a, true);
}

/* The same by the 32-bit call, whose structs and pointers are half as wide. */
static int act_send_two_32(char **arg)
{
	struct narrow {
		uint32_t name, name_len, vector, vector_len, control, control_len, flags, sent;
	};
	struct room {
		struct address address;
		uint32_t vector[2];
		struct narrow messages[2];
	} *room = mmap(NULL, sizeof(*room), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	long result = 345; /* sendmmsg of i386 */
	int i;

	if (room == MAP_FAILED)
		return -ECHILD;
	room->address = address_of(arg);
	room->vector[0] = (uint32_t)(uintptr_t)&room->address;
	room->vector[1] = 1;
	for (i = 0; i < 2; i++)
		room->messages[i] = (struct narrow){
			.name = (uint32_t)(uintptr_t)&room->address.any,
			.name_len = room->address.len,
			.vector = (uint32_t)(uintptr_t)room->vector,
			.vector_len = 1,
		};
	__asm__ volatile("int $0x80"
			 : "+a"(result)
			 : "b"((long)socket_for(&room->address, SOCK_DGRAM, 0)),
			   "c"((long)(uintptr_t)room->messages), "d"(2L), "S"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	return result < 0 ? (int)result : result == 2 ? 0 : -EPROTO;
}

/* A socket of IPv6 that talks IPv4 becomes one of IPv4. */
static int act_family(char **arg)
{
	struct address a = address_of(arg);
	int sock = socket_for(&a, SOCK_DGRAM, 0), family = AF_INET;

	if (connect(sock, &a.any, a.len) < 0)
		return -ECHILD;
	return attempt_result(
		setsockopt(sock, IPPROTO_IPV6, IPV6_ADDRFORM_, &family, sizeof(family)));
}

static int act_port_range(char **arg)
{
	uint32_t range = 40000U << 16 | 40000U;

	return attempt_result(setsockopt(socket(AF_INET, SOCK_DGRAM, 0), IPPROTO_IP,
					 IP_LOCAL_PORT_RANGE_, &range, sizeof(range)));
}

static int act_listen_mptcp(char **arg)
{
	struct address a = address_of(arg);
	int sock = socket_for(&a, SOCK_STREAM, IPPROTO_MPTCP);

	if (bind(sock, &a.any, a.len) < 0)
		return -errno;
	return attempt_result(listen(sock, 1));
}

/* Home address: type 2, one segment. */
static int act_send_route6(char **arg)
{
	struct {
		uint8_t next, len, type, left;
		uint32_t reserved;
		struct in6_addr address;
	} header = { 0, 2, ROUTE_TYPE_2_, 1, 0, IN6ADDR_LOOPBACK_INIT };
	struct control control = { IPPROTO_IPV6, RTHDR_, &header, sizeof(header) };
	struct address a = address_of(arg);

	return send_with(&a, &control, false);
}

static const struct attempt table[] = {
	{ "tcp", act_tcp },
	{ "mptcp", act_mptcp },
	{ "udp", act_udp },
	{ "udp-connect", act_udp_connect },
	{ "udp-unspec", act_udp_unspec },
	{ "udp6-as4", act_udp6_as4 },
	{ "udp-then", act_udp_then },
	{ "udp-again", act_udp_again },
	{ "fastopen", act_fastopen },
	{ "bind-tcp", act_bind_tcp },
	{ "bind-udp", act_bind_udp },
	{ "listen", act_listen },
	{ "listen-unbound", act_listen_unbound },
	{ "uring-connect", act_uring_connect },
	{ "uring-poll-connect", act_uring_poll_connect },
	{ "uring-send", act_uring_send },
	{ "options", act_options },
	{ "options6", act_options6 },
	{ "join", act_join },
	{ "join-newer", act_join_newer },
	{ "join6", act_join6 },
	{ "ttl", act_ttl },
	{ "label", act_label },
	{ "send-options", act_send_options },
	{ "send-options-connected", act_send_options_connected },
	{ "send-ttl", act_send_ttl },
	{ "send-two", act_send_two },
	{ "send-two-routed", act_send_two_routed },
	{ "send-two-32", act_send_two_32 },
	{ "family", act_family },
	{ "port-range", act_port_range },
	{ "listen-mptcp", act_listen_mptcp },
	{ "send-route6", act_send_route6 },
	{ NULL, NULL },
};

int main(int argc, char **argv)
{
	return attempt_main(argc, argv, table);
}
