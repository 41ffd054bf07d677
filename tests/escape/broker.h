/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A careless service of the escape tests: gives descriptors to whoever asks. */
#ifndef AGENTOS_TESTS_BROKER_H
#define AGENTOS_TESTS_BROKER_H

#include <netinet/in.h>
#include <sys/prctl.h>

#include "tests/escape/tree.h"

/* One that listens on the loopback's address, or one that is connected to that. */
static inline int broker_open_tcp(bool connected)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), sock;
	socklen_t len = sizeof(in);

	if (bind(listener, (struct sockaddr *)&in, len) < 0 || listen(listener, 1) < 0 ||
	    !connected)
		return listener;
	sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (getsockname(listener, (struct sockaddr *)&in, &len) < 0 ||
	    connect(sock, (struct sockaddr *)&in, len) < 0)
		sock = -1;
	close(listener);
	return sock;
}

/* A file by its path, or a socket. */
static inline int broker_open(const char *what)
{
	if (strcmp(what, "@unix") == 0)
		return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (strcmp(what, "@tcp") == 0)
		return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (strcmp(what, "@connected") == 0 || strcmp(what, "@listening") == 0)
		return broker_open_tcp(what[1] == 'c');
	if (strcmp(what, "@packet") == 0)
		return socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return open(what, O_RDONLY | O_CLOEXEC);
}

/* Opens files for whoever asks: as a careless service outside would. */
static inline void broker_serve(int listener)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec vector = { .iov_base = "x", .iov_len = 1 };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	char path[400];
	int fd, client;
	ssize_t len;

	for (;;) {
		client = accept(listener, NULL, NULL);
		len = recv(client, path, sizeof(path) - 1, 0);
		if (len > 0) {
			path[len] = '\0';
			fd = broker_open(path);
			control.align = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
							  .cmsg_type = SCM_RIGHTS,
							  .cmsg_len = CMSG_LEN(sizeof(int)) };
			memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
			if (fd >= 0)
				sendmsg(client, &message, MSG_NOSIGNAL);
			close(fd);
		}
		close(client);
	}
}

static inline pid_t broker_start(void)
{
	char *path = stage_format("%s/broker", stage_root);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	pid_t pid;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 16) < 0)
		stage_bail("no broker");
	stage.value['k' - 'a'] = path;
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		broker_serve(listener);
		_exit(0);
	}
	close(listener);
	return pid;
}

#endif
