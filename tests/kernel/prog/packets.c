// SPDX-License-Identifier: GPL-2.0-or-later
/* Sends, receives and hands on: what an agent does with a network, one act per run. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PAYLOAD 972 /* with 28 bytes of headers, 1,000 of IP */

static const char usage[] =
	"Usage: packets send PORT COUNT          datagrams of 1,000 bytes of IP\n"
	"       packets receive PORT COUNT MS   until so many came, or nothing for so long\n"
	"       packets fetch PORT              all that a TCP server sends, how many bytes\n"
	"       packets leave PORT              as much as is taken at once, by TCP\n"
	"       packets socket FAMILY TYPE PROTOCOL\n"
	"       packets give PATH               a UDP socket, to the first who connects\n"
	"       packets take PATH PORT          such a one, and sends once by it\n";

static struct sockaddr_in loopback(const char *port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)atoi(port)),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static int send_on(int fd, const char *port)
{
	struct sockaddr_in to = loopback(port);
	char payload[PAYLOAD] = { 0 };

	return sendto(fd, payload, sizeof(payload), 0, (struct sockaddr *)&to, sizeof(to)) < 0 ?
		       -errno :
		       0;
}

static int cmd_send(char **argv)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), sent = 0, refused = 0, other = 0, i, err;

	for (i = 0; i < atoi(argv[1]); i++) {
		err = send_on(fd, argv[0]);
		sent += !err;
		refused += err == -EPERM;
		other += err && err != -EPERM;
	}
	printf("sent %d refused %d other %d\n", sent, refused, other);
	return 0;
}

static int cmd_receive(char **argv)
{
	struct sockaddr_in at = loopback(argv[0]);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), received = 0;
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	char payload[PAYLOAD];

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)))
		return 1;
	printf("ready\n");
	fflush(stdout);
	while (received < atoi(argv[1]) && poll(&pollfd, 1, atoi(argv[2])) == 1)
		received += recv(fd, payload, sizeof(payload), 0) > 0;
	printf("received %d\n", received);
	return 0;
}

static int cmd_fetch(char **argv)
{
	struct sockaddr_in to = loopback(argv[0]);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	static char buffer[65536];
	long long total = 0;
	ssize_t len;

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return 1;
	while ((len = recv(fd, buffer, sizeof(buffer), 0)) > 0)
		total += len;
	printf("fetched %lld\n", total);
	return 0;
}

/* Leaves what it wants to send to the kernel, and ends. */
static int cmd_leave(char **argv)
{
	struct sockaddr_in to = loopback(argv[0]);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	static char buffer[65536];
	long long total = 0;
	ssize_t len;

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return 1;
	while ((len = send(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
		total += len;
	printf("left %lld\n", total);
	return 0;
}

static int cmd_socket(char **argv)
{
	int fd = socket(atoi(argv[0]), atoi(argv[1]), atoi(argv[2]));

	printf("%s\n", fd < 0 ? strerrorname_np(errno) : "made");
	return 0;
}

static int unix_socket(const char *path, struct sockaddr_un *un)
{
	*un = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(un->sun_path, sizeof(un->sun_path), "%s", path);
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

union control {
	char room[CMSG_SPACE(sizeof(int))];
	struct cmsghdr header;
};

static int cmd_give(char **argv)
{
	union control control = { 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	int given = socket(AF_INET, SOCK_DGRAM, 0), fd, peer;
	struct sockaddr_un un;

	fd = unix_socket(argv[0], &un);
	unlink(argv[0]);
	umask(0);
	if (bind(fd, (struct sockaddr *)&un, sizeof(un)) || listen(fd, 1))
		return 1;
	peer = accept(fd, NULL, NULL);
	control.header = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.header), &given, sizeof(given));
	return sendmsg(peer, &m, 0) == 1 ? 0 : 1;
}

static int cmd_take(char **argv)
{
	union control control = { 0 };
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct sockaddr_un un;
	int fd = unix_socket(argv[0], &un), taken, err;

	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) || recvmsg(fd, &m, 0) != 1)
		return 1;
	if (!CMSG_FIRSTHDR(&m) || CMSG_FIRSTHDR(&m)->cmsg_len < CMSG_LEN(sizeof(int))) {
		printf("none\n");
		return 0;
	}
	memcpy(&taken, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(taken));
	err = send_on(taken, argv[1]);
	printf("taken, %s\n", err ? strerrorname_np(-err) : "sent");
	return 0;
}

static const struct {
	const char *name;
	int (*run)(char **argv);
	int arguments;
} commands[] = {
	{ "send", cmd_send, 2 },   { "receive", cmd_receive, 3 }, { "fetch", cmd_fetch, 1 },
	{ "leave", cmd_leave, 1 }, { "socket", cmd_socket, 3 },	  { "give", cmd_give, 1 },
	{ "take", cmd_take, 2 },
};

int main(int argc, char **argv)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (argc == commands[i].arguments + 2 && !strcmp(argv[1], commands[i].name))
			return commands[i].run(argv + 2);
	}
	fputs(usage, stderr);
	return 2;
}
