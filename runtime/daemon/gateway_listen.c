// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the gateway listens: a port of this machine's alone, and a Unix socket that stands for it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/gateway_state.h"
#include "kern/device.h"

#define GATEWAY_BACKLOG 512
#define SOCKET_NAME	"gateway.sock"

static int port_open(uint16_t port, struct fault *f)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1, err;

	if (fd < 0)
		return fault_set(f, errno, "no socket for the gateway: %s", strerror(errno));
	/* What is left of connections is no bar; who listens is. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    listen(fd, GATEWAY_BACKLOG) == 0)
		return fd;
	err = fault_set(f, errno, "the gateway cannot listen at 127.0.0.1 port %u: %s", port,
			strerror(errno));
	close(fd);
	return err;
}

/*
 * Anybody may connect: who calls is the kernel's to say. Nobody replaces it: its
 * directory is root's, and of root's agents none writes there.
 */
static int socket_open(const char *path, struct fault *f)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, err;

	if (strlen(path) >= sizeof(address.sun_path))
		return fault_set(f, ENAMETOOLONG, "%s: too long for a socket", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fault_set(f, errno, "no socket for the gateway: %s", strerror(errno));
	/* We hold the lock, so one that is there belongs to no one. */
	if ((unlink(path) == 0 || errno == ENOENT) &&
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && chmod(path, 0666) == 0 &&
	    listen(fd, GATEWAY_BACKLOG) == 0)
		return fd;
	err = fault_set(f, errno, "the gateway cannot listen at %s: %s", path, strerror(errno));
	close(fd);
	return err;
}

/* Closes its sockets; what is left of the Unix one goes as well. */
void gateway_deafen(struct gateway *g)
{
	size_t i;

	if (g->listeners[1] >= 0)
		unlink(g->socket);
	for (i = 0; i < GATE_LISTENERS; i++) {
		if (g->listeners[i] >= 0)
			close(g->listeners[i]);
		g->listeners[i] = -1;
	}
	memset(g->socket, 0, sizeof(g->socket));
}

static int sockets_open(struct gateway *g, struct fault *f)
{
	const struct daemon_options *o = &g->daemon->options;
	int err;

	g->listeners[0] = port_open(o->gateway_port, f);
	if (g->listeners[0] < 0)
		return g->listeners[0];
	if (snprintf(g->socket, sizeof(g->socket), "%s/" SOCKET_NAME, g->daemon->run_dir) >=
	    (int)sizeof(g->socket))
		return fault_set(f, ENAMETOOLONG, "%s: too long for a socket", o->run_dir);
	g->listeners[1] = socket_open(g->socket, f);
	if (g->listeners[1] < 0)
		return g->listeners[1];
	err = agentos_dev_gateway(g->daemon->dev, o->gateway_port, g->listeners[1]);
	return err ? fault_set(f, -err, "the module does not take the gateway's sockets: %s",
			       strerror(-err)) :
		     0;
}

int gateway_listen(struct gateway *g, struct fault *f)
{
	int err = g->listeners[0] < 0 ? sockets_open(g, f) : 0;

	if (err)
		gateway_deafen(g);
	return err;
}
