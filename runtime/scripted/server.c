// SPDX-License-Identifier: GPL-2.0-or-later
/* The listener, and the server's start and end. */
#include "scripted/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scripted/peer.h"

#define PAUSE_MS 100
#define BACKLOG	 128

/* --- where --- */

static int port_parse(const char *text, in_port_t *ret_port)
{
	unsigned long port;
	char *end;

	if (*text < '0' || *text > '9' || strlen(text) > 5)
		return -EINVAL;
	port = strtoul(text, &end, 10);
	if (*end || port > UINT16_MAX)
		return -EINVAL;
	*ret_port = htons((uint16_t)port);
	return 0;
}

int scripted_address_parse(const char *text, struct sockaddr_storage *ret_address,
			   socklen_t *ret_len)
{
	struct sockaddr_in *four = (struct sockaddr_in *)ret_address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret_address;
	const char *colon = strrchr(text, ':');
	const bool bracketed = text[0] == '[';
	char host[INET6_ADDRSTRLEN];
	size_t len;

	if (!colon)
		return -EINVAL;
	len = (size_t)(colon - text);
	if (bracketed) {
		if (len < 2 || text[len - 1] != ']')
			return -EINVAL;
		text++;
		len -= 2;
	}
	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	memset(ret_address, 0, sizeof(*ret_address));
	ret_address->ss_family = bracketed ? AF_INET6 : AF_INET;
	*ret_len = bracketed ? sizeof(*six) : sizeof(*four);
	if (bracketed)
		return inet_pton(AF_INET6, host, &six->sin6_addr) == 1 ?
			       port_parse(colon + 1, &six->sin6_port) :
			       -EINVAL;
	return inet_pton(AF_INET, host, &four->sin_addr) == 1 ?
		       port_parse(colon + 1, &four->sin_port) :
		       -EINVAL;
}

void scripted_address_text(const struct sockaddr_storage *address, char out[SCRIPTED_ADDRESS])
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)address;
	char host[INET6_ADDRSTRLEN] = "?";

	if (address->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof(host));
		snprintf(out, SCRIPTED_ADDRESS, "[%s]:%u", host, ntohs(six->sin6_port));
	} else {
		inet_ntop(AF_INET, &four->sin_addr, host, sizeof(host));
		snprintf(out, SCRIPTED_ADDRESS, "%s:%u", host, ntohs(four->sin_port));
	}
}

int scripted_listen(const struct sockaddr_storage *address, socklen_t len, int *ret_fd,
		    struct fault *f)
{
	char text[SCRIPTED_ADDRESS];
	const int on = 1;
	int fd, err;

	scripted_address_text(address, text);
	fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fault_set(f, errno, "no socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)address, len) == 0 && listen(fd, BACKLOG) == 0) {
		*ret_fd = fd;
		return 0;
	}
	err = errno;
	close(fd);
	if (err == EACCES)
		return fault_set(f, err,
				 "%s: ports below 1024 are root's: start it as root (it becomes "
				 "nobody), or --listen on another",
				 text);
	return fault_set(f, err, "%s: %s", text, strerror(err));
}

/* --- connections --- */

static void front_resume(struct script_server *s)
{
	/* Descriptors come back in no event of ours: whoever waits is taken later. */
	if (loop_accept(s->loop, &s->accept, s->listener) &&
	    loop_timer(s->loop, &s->pause, PAUSE_MS))
		loop_stop(s->loop);
}

static void front_paused(int result, void *cookie)
{
	front_resume(cookie);
}

static bool is_short(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOMEM || err == -ENOBUFS;
}

static void front_accepted(int result, void *cookie)
{
	struct script_server *s = cookie;

	if (result >= 0) {
		if (s->live >= LIMIT_SCRIPT_CONNECTIONS)
			script_peer_turn_away(result);
		else
			script_peer_open(s, result);
		return;
	}
	if (is_short(result) && !loop_timer(s->loop, &s->pause, PAUSE_MS))
		return;
	s->error = result;
	loop_stop(s->loop);
}

/* --- start and end --- */

static void server_signal(int result, void *cookie)
{
	struct script_server *s = cookie;

	if (result < 0)
		s->error = result;
	loop_stop(s->loop);
}

static int server_open(struct script_server *s, struct fault *f)
{
	const char *note;
	sigset_t set;
	int err;

	err = loop_open(&s->loop, &note);
	if (err)
		return fault_set(f, -err,
				 "no usable io_uring: %s (is kernel.io_uring_disabled set?)",
				 strerror(-err));
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->accept = (struct loop_handle){ .done = front_accepted, .cookie = s };
	s->pause = (struct loop_handle){ .done = front_paused, .cookie = s };
	s->signals = (struct loop_handle){ .done = server_signal, .cookie = s };
	err = loop_signals(s->loop, &s->signals, &set);
	if (!err)
		err = loop_accept(s->loop, &s->accept, s->listener);
	return err ? fault_set(f, -err, "cannot start: %s", strerror(-err)) : 0;
}

static void server_close(struct script_server *s)
{
	while (s->peers)
		script_peer_close(s->peers);
	loop_cancel(&s->accept);
	loop_cancel(&s->pause);
	loop_cancel(&s->signals);
	loop_close(s->loop);
	close(s->listener);
}

int scripted_serve(int listener, struct script *script, void (*ready)(void *cookie), void *cookie,
		   struct fault *f)
{
	struct script_server s = { .listener = listener, .script = script };
	int err = server_open(&s, f);

	if (!err) {
		ready(cookie);
		err = loop_run(s.loop);
		if (!err)
			err = s.error;
		if (err)
			fault_set(f, -err, "it failed: %s", strerror(-err));
	}
	server_close(&s);
	return err;
}
