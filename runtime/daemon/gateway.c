// SPDX-License-Identifier: GPL-2.0-or-later
/* The gateway: started, listened to, ended. */
#include "daemon/gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/gateway_state.h"
#include "daemon/say.h"
#include "kern/device.h"
#include "rpc/gate.h"

#define GATEWAY_NAME	"gateway"
#define RESTART_MS	200
#define RESTART_SLOW_MS 20000
#define RESTART_TELL_MS 1000
#define LIVED_MS	5000 /* whoever ends before has ended at once */
#define STOP_WAIT_MS	5000

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void restart_due(int result, void *cookie);
static void ended_done(int result, void *cookie);

int gateway_open(struct daemon *d, struct fault *f)
{
	struct gateway *g = calloc(1, sizeof(*g));

	if (!g)
		return fault_set(f, ENOMEM, "out of memory");
	g->daemon = d;
	g->listeners[0] = g->listeners[1] = g->gate = g->pidfd = -1;
	g->restart_ms = RESTART_MS;
	g->receive = (struct loop_handle){ .done = gate_received, .cookie = g };
	g->send = (struct loop_handle){ .done = gate_sent, .cookie = g };
	g->ended = (struct loop_handle){ .done = ended_done, .cookie = g };
	g->restart = (struct loop_handle){ .done = restart_due, .cookie = g };
	d->gateway = g;
	return 0;
}

/* Without a process: that has been waited for, or is somebody else's to. */
static void gateway_hang_up(struct gateway *g)
{
	loop_cancel(&g->receive);
	loop_cancel(&g->send);
	loop_cancel(&g->ended);
	if (g->gate >= 0)
		close(g->gate);
	if (g->pidfd >= 0)
		close(g->pidfd);
	g->gate = g->pidfd = -1;
	g->ready = false;
	g->answering = 0;
	g->pid = 0;
	g->agent = 0;
}

void gateway_close(struct gateway *g)
{
	if (!g)
		return;
	loop_cancel(&g->restart);
	gateway_hang_up(g);
	gateway_deafen(g);
	free(g);
}

/* --- its process --- */

static int gateway_user(struct gateway *g, struct fault *f)
{
	const char *name = g->daemon->options.gateway_user;
	const struct passwd *user = getpwnam(name);

	if (!user)
		return fault_set(f, ENOENT,
				 "user %s does not exist: run `useradd --system --no-create-home "
				 "--shell /usr/sbin/nologin %s`",
				 name, name);
	if (!user->pw_uid || !user->pw_gid)
		return fault_set(f, EPERM, "the gateway does not run as root, nor in its group");
	g->uid = user->pw_uid;
	g->gid = user->pw_gid;
	return 0;
}

/* What an earlier agentosd left, or whoever has the name: nobody else is given it. */
static void gateway_kill_others(const struct daemon *d)
{
	uint64_t ids[64], after = 0;
	struct agentos_info info;
	int count, i, agent;

	do {
		count = agentos_dev_enumerate(d->dev, AGENTOS_ENUMERATE_AGENTS, after, ids, 64);
		for (i = 0; i < count; i++) {
			after = ids[i];
			agent = agentos_dev_agent(d->dev, ids[i],
						  AGENTOS_ACCESS_INSPECT | AGENTOS_ACCESS_CONTROL);
			if (agent < 0)
				continue;
			if (!agentos_agent_info(agent, &info) &&
			    !strcmp(info.ret_name, GATEWAY_NAME))
				agentos_agent_kill(agent, NULL);
			close(agent);
		}
	} while (count == 64);
}

static int gate_start(struct gateway *g, int device)
{
	struct gate_start m = { .header = { sizeof(m), GATE_VERSION, GATE_START },
				.port = g->daemon->options.gateway_port };
	const int fds[] = { g->listeners[0], g->listeners[1], device };
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(fds))];
	} control = { 0 };
	struct iovec iov = { &m, sizeof(m) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };

	memcpy(m.token_key, g->daemon->token_key, sizeof(m.token_key));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(&control.header), fds, sizeof(fds));
	/* The first message into an empty socket. */
	return sendmsg(g->gate, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int gateway_spawn(struct gateway *g)
{
	int pair[2], device, err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	g->gate = pair[0];
	/* One that has a reader's place of its own. */
	device = open(AGENTOS_DEVICE, O_RDWR | O_CLOEXEC);
	err = device < 0 ? -errno : gate_start(g, device);
	if (device >= 0)
		close(device);
	if (!err) {
		g->pid = fork();
		if (g->pid == 0)
			gateway_become(g, pair[1]);
		err = g->pid < 0 ? -errno : 0;
	}
	close(pair[1]);
	if (err) {
		g->pid = 0;
		return err;
	}
	g->began_ms = now_ms();
	g->pidfd = (int)syscall(SYS_pidfd_open, g->pid, 0);
	err = g->pidfd < 0 ? -errno : loop_poll(g->daemon->loop, &g->ended, g->pidfd, POLLIN);
	return err ? err : gate_listen(g);
}

static void restart_later(struct gateway *g)
{
	struct loop *loop = g->daemon->loop;

	if (!g->restart.op && loop_timer(loop, &g->restart, g->restart_ms))
		say("the gateway will not be started again: no timer");
}

/* Ends its process, if there is one, and waits for that. */
static void gateway_reap(struct gateway *g)
{
	int agent;

	if (!g->pid)
		return;
	agent = g->agent ? agentos_dev_agent(g->daemon->dev, g->agent, AGENTOS_ACCESS_CONTROL) : -1;
	if (agent >= 0) {
		agentos_agent_kill(agent, NULL);
		close(agent);
	}
	kill(g->pid, SIGKILL);
	while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void gateway_start(struct gateway *g)
{
	struct fault f = { "" };
	int err = gateway_user(g, &f);

	/* It may have the listening socket, too, until it has ended. */
	if (!err)
		gateway_kill_others(g->daemon);
	if (!err)
		err = gateway_listen(g, &f);
	if (!err) {
		err = gateway_spawn(g);
		if (err)
			fault_set(&f, -err, "the gateway cannot be started: %s", strerror(-err));
	}
	if (!err)
		return;
	gateway_reap(g);
	gateway_hang_up(g);
	/* What an earlier one leaves goes in a moment. */
	if (!g->told && g->restart_ms > RESTART_TELL_MS) {
		say("%s; it is tried again and again", f.text);
		g->told = true;
	}
	restart_later(g);
	if (g->restart_ms < RESTART_SLOW_MS)
		g->restart_ms *= 2;
}

static void restart_due(int result, void *cookie)
{
	gateway_start(cookie);
}

/* It has ended, or is to: another one takes its place. */
static void gateway_replace(struct gateway *g, const char *why)
{
	const bool at_once = now_ms() - g->began_ms < LIVED_MS;

	gateway_reap(g);
	gateway_hang_up(g);
	if (!at_once) {
		g->restart_ms = RESTART_MS;
		g->told = false;
	}
	if (!g->told)
		say("%s: it is started again%s", why,
		    at_once ? ", ever more slowly while it ends at once" : "");
	g->told = true;
	restart_later(g);
	if (at_once && g->restart_ms < RESTART_SLOW_MS)
		g->restart_ms *= 2;
}

static void ended_done(int result, void *cookie)
{
	struct gateway *g = cookie;
	char why[96];
	int status = 0;

	if (waitpid(g->pid, &status, WNOHANG) != g->pid)
		return;
	g->pid = 0;
	snprintf(why, sizeof(why), "the gateway has ended: %s %d",
		 WIFSIGNALED(status) ? "signal" : "exit status",
		 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	gateway_replace(g, why);
}

void gateway_breach(struct gateway *g, const char *what)
{
	char text[128];

	snprintf(text, sizeof(text), "the gateway was ended: %s", what);
	drain_note(g->daemon->drain, DAEMON_GATEWAY, g->agent, what);
	gateway_replace(g, text);
}

int gateway_need(struct daemon *d, struct fault *f)
{
	struct gateway *g = d->gateway;
	int err;

	if (g->needed)
		return 0;
	err = gateway_user(g, f);
	if (!err)
		err = gateway_listen(g, f);
	if (err)
		return err;
	g->needed = true;
	gateway_start(g);
	return 0;
}

void gateway_adopt(struct daemon *d, bool needed)
{
	gateway_kill_others(d);
	if (!needed)
		return;
	d->gateway->needed = true;
	gateway_start(d->gateway);
}

int gateway_admit(const struct daemon *d, const char *name, pid_t pid, struct fault *f)
{
	if (strcmp(name, GATEWAY_NAME) || (d->gateway->pid && pid == d->gateway->pid))
		return 0;
	return fault_set(f, EPERM, "\"%s\" is the name of agentosd's own agent: choose another",
			 GATEWAY_NAME);
}

void gateway_runs_in(struct daemon *d, pid_t pid, uint64_t agent)
{
	if (d->gateway->pid && pid == d->gateway->pid)
		d->gateway->agent = agent;
}

void gateway_socket(const struct daemon *d, char *ret_path)
{
	memcpy(ret_path, d->gateway->socket, sizeof(d->gateway->socket));
}

enum control_gateway gateway_state(const struct daemon *d)
{
	const struct gateway *g = d->gateway;

	return !g->needed ? CONTROL_GATEWAY_UNUSED :
	       g->ready	  ? CONTROL_GATEWAY_SERVES :
			    CONTROL_GATEWAY_DOWN;
}

unsigned int gateway_agents(const struct daemon *d)
{
	struct agentos_info info;
	unsigned int lives = 0;
	int agent;

	agent = d->gateway->agent ?
			agentos_dev_agent(d->dev, d->gateway->agent, AGENTOS_ACCESS_INSPECT) :
			-1;
	if (agent < 0)
		return 0;
	lives = !agentos_agent_info(agent, &info);
	close(agent);
	return lives;
}

void gateway_stop(struct daemon *d)
{
	struct gateway *g = d->gateway;
	uint64_t agent = g->agent, began = now_ms();
	int fd;

	loop_cancel(&g->restart);
	gateway_reap(g);
	gateway_hang_up(g);
	g->needed = false;
	/* The module lets go of it a moment after. */
	while (agent && now_ms() - began < STOP_WAIT_MS) {
		fd = agentos_dev_agent(d->dev, agent, AGENTOS_ACCESS_INSPECT);
		if (fd < 0)
			break;
		close(fd);
		usleep(2000);
	}
}
