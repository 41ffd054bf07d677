// SPDX-License-Identifier: GPL-2.0-or-later
/* The acts of the self-test on sockets. */
#include "kern/probe_net.h"

#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "kern/probe.h"

#define NET_TRIES 200 /* of 10 ms: the stack delivers when it gets to it */

int act_socket(const struct probe_stage *s)
{
	return socket(AF_PACKET, SOCK_RAW, 0);
}

static const struct sockaddr_in discard = {
	.sin_family = AF_INET,
	.sin_port = 0x0900,	       /* port 9 in network order */
	.sin_addr.s_addr = 0x0100007f, /* 127.0.0.1 */
};

static const struct sockaddr_in6 discard6 = {
	.sin6_family = AF_INET6,
	.sin6_port = 0x0900,
	.sin6_addr.s6_addr = { [15] = 1 },
};

int act_sctp_bind(const struct probe_stage *s)
{
	if (s->sctp < 0)
		return PROBE_NONE;
	return setsockopt(s->sctp, IPPROTO_SCTP, 100 /* SCTP_SOCKOPT_BINDX_ADD */, &discard,
			  sizeof(discard));
}

int act_connect(const struct probe_stage *s)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return connect(fd, (const struct sockaddr *)&discard, sizeof(discard));
}

int act_connect6(const struct probe_stage *s)
{
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	/* Without IPv6 there is no socket to connect: the same answer as a refusal, uncounted. */
	return connect(fd, (const struct sockaddr *)&discard6, sizeof(discard6));
}

int act_sendto(const struct probe_stage *s)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return sendto(fd, "", 0, 0, (const struct sockaddr *)&discard, sizeof(discard)) < 0 ?
		       -1 :
		       0;
}

/* Its agent has no network bytes left. */
int act_net_out(const struct probe_stage *s)
{
	return act_sendto(s);
}

/* What comes in from outside is not delivered; the socket's own count of drops says when. */
int act_net_in(const struct probe_stage *s)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(any), size;
	int fd = socket(AF_INET, SOCK_DGRAM, 0), i;
	uint32_t memory[SK_MEMINFO_VARS] = {};
	char byte;

	if (bind(fd, (struct sockaddr *)&any, len) ||
	    getsockname(fd, (struct sockaddr *)&any, &len))
		return -1;
	if (sendto(s->outside, "x", 1, 0, (struct sockaddr *)&any, len) < 0)
		return -1;
	for (i = 0; i < NET_TRIES && !memory[SK_MEMINFO_DROPS]; i++) {
		if (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0)
			return 0;
		usleep(10000);
		size = sizeof(memory);
		if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &size))
			return -1;
	}
	return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 ? -1 : 0;
}

int act_bind(const struct probe_stage *s)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return bind(socket(AF_INET, SOCK_STREAM, 0), (const struct sockaddr *)&any, sizeof(any));
}

int act_listen(const struct probe_stage *s)
{
	return listen(socket(AF_INET, SOCK_STREAM, 0), 1);
}

/* Nothing is set: to have no options is what the socket begins with. */
int act_route(const struct probe_stage *s)
{
	return setsockopt(socket(AF_INET, SOCK_DGRAM, 0), IPPROTO_IP, IP_OPTIONS, "", 0);
}

static socklen_t abstract_address(struct sockaddr_un *un, const char *name)
{
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path + 1, name, strlen(name));
	return offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name);
}

int act_unix_connect(const struct probe_stage *s)
{
	struct sockaddr_un un;
	socklen_t len = abstract_address(&un, s->listener_name);

	return connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&un, len);
}

int act_unix_send(const struct probe_stage *s)
{
	struct sockaddr_un un;
	socklen_t len = abstract_address(&un, s->inbox_name);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	return sendto(fd, "x", 1, 0, (struct sockaddr *)&un, len) < 0 ? -1 : 0;
}
