// SPDX-License-Identifier: GPL-2.0-or-later
/* Control connections: admitted, one request at a time, ended when silent. */
#include "daemon/client_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/say.h"
#include "kern/device.h"

#define CLIENTS_FOR_ROOT 8    /* of LIMIT_CONTROL_CLIENTS, so that a full house can be looked at */
#define CLIENTS_RETRY_MS 1000 /* before accepting again after an error */

static void client_listen(struct client *c);

void client_close(struct client *c)
{
	struct client_table *t = c->daemon->clients;

	loop_cancel(&c->receive);
	loop_cancel(&c->send);
	loop_cancel(&c->idle);
	upload_reset(c);
	close(c->fd);
	if (c->prev)
		c->prev->next = c->next;
	else
		t->first = c->next;
	if (c->next)
		c->next->prev = c->prev;
	t->count--;
	free(c);
}

static void received_done(int result, void *cookie)
{
	struct client *c = cookie;
	struct loop_message *received = c->receive.message;
	union control_message m;
	int err;

	loop_cancel(&c->idle);
	if (result <= 0 || !received) {
		client_close(c);
		return;
	}
	err = received->truncated ? -EBADMSG :
				    control_check(received->data, received->len, received->fd_count,
						  CONTROL_FROM_CLIENT, &m);
	if (err) {
		c->cookie = 0;
		c->closing = true;
		client_error(c, err,
			     err == -EPROTO ? "another version of the control protocol" :
					      "malformed message");
		return;
	}
	c->cookie = m.header.cookie;
	client_request(c, &m, received);
}

static void sent_done(int result, void *cookie)
{
	struct client *c = cookie;

	if (result < 0 || c->closing)
		client_close(c);
	else if (c->next_hook)
		client_hook(c);
	else
		client_listen(c);
}

static void idle_done(int result, void *cookie)
{
	struct client *c = cookie;

	client_close(c);
}

static void client_listen(struct client *c)
{
	struct loop *l = c->daemon->loop;

	loop_cancel(&c->idle);
	if (loop_receive(l, &c->receive, c->fd, sizeof(union control_message), LIMIT_CONTROL_FDS) ||
	    loop_timer(l, &c->idle, LIMIT_CONTROL_IDLE_S * 1000))
		client_close(c);
}

/* 0, or why this peer is not served. */
static int client_admit(const struct daemon *d, const struct ucred *peer)
{
	unsigned int room = LIMIT_CONTROL_CLIENTS - (peer->uid ? CLIENTS_FOR_ROOT : 0);
	uint64_t agent;
	int err;

	/* The device refuses agents as well; a socket that was passed on must not lead around it. */
	err = peer->pid > 0 ? agentos_dev_identify(d->dev, peer->pid, 0, &agent) : -ENOENT;
	if (err != -ENOENT)
		return -EPERM;
	return d->clients->count >= room ? -EBUSY : 0;
}

static void client_refuse(int fd, int error)
{
	struct control_result m = { .error = error };
	size_t size = control_encode(&m.header, CONTROL_ERROR, sizeof(m), 0);

	control_encode_text(m.text, sizeof(m.text),
			    error == -EBUSY ? "agentosd is busy: too many clients; try again" :
					      "refused: this process is inside an agent, or gone");
	/* An empty socket has room for it; a peer that is gone does not matter. */
	if (send(fd, &m, size, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EPIPE)
		say("cannot refuse a client: %s", strerror(errno));
	close(fd);
}

static void client_new(struct daemon *d, int fd)
{
	struct client_table *t = d->clients;
	struct client *c;
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int err;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0) {
		close(fd);
		return;
	}
	err = client_admit(d, &peer);
	c = err ? NULL : calloc(1, sizeof(*c));
	if (!c) {
		client_refuse(fd, err ? err : -EBUSY);
		return;
	}
	*c = (struct client){
		.daemon = d,
		.fd = fd,
		.peer = peer,
		.next = t->first,
		.receive = { .done = received_done, .cookie = c },
		.send = { .done = sent_done, .cookie = c },
		.idle = { .done = idle_done, .cookie = c },
	};
	if (t->first)
		t->first->prev = c;
	t->first = c;
	t->count++;
	client_listen(c);
}

static void accept_done(int result, void *cookie)
{
	struct daemon *d = cookie;

	if (result >= 0) {
		client_new(d, result);
		return;
	}
	say("cannot accept a client: %s", strerror(-result));
	loop_timer(d->loop, &d->clients->retry, CLIENTS_RETRY_MS);
}

static void retry_done(int result, void *cookie)
{
	struct daemon *d = cookie;

	if (loop_accept(d->loop, &d->clients->accept, d->listener))
		loop_timer(d->loop, &d->clients->retry, CLIENTS_RETRY_MS);
}

static int listener_open(struct daemon *d, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, err;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	strcpy(address.sun_path, path);
	/* We hold the lock, so a socket that is there belongs to no one. umask made it 0700. */
	if ((unlink(path) < 0 && errno != ENOENT) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    lchown(path, 0, d->group) < 0 || chmod(path, 0660) < 0 || listen(fd, 64) < 0) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int clients_open(struct daemon *d, struct fault *f)
{
	struct client_table *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return fault_set(f, ENOMEM, "out of memory");
	if (snprintf(t->path, sizeof(t->path), "%s/control.sock", d->options.run_dir) >=
	    (int)sizeof(t->path)) {
		free(t);
		return fault_set(f, ENAMETOOLONG, "%s: too long for a socket", d->options.run_dir);
	}
	d->clients = t;
	t->accept = (struct loop_handle){ .done = accept_done, .cookie = d };
	t->retry = (struct loop_handle){ .done = retry_done, .cookie = d };
	d->listener = listener_open(d, t->path);
	err = d->listener < 0 ? d->listener : loop_accept(d->loop, &t->accept, d->listener);
	if (err)
		return fault_set(f, -err, "%s: %s", t->path, strerror(-err));
	return 0;
}

void clients_close(struct daemon *d)
{
	struct client_table *t = d->clients;

	if (!t)
		return;
	loop_cancel(&t->accept);
	loop_cancel(&t->retry);
	while (t->first)		/* client_close() takes it out of the list */
		client_close(t->first); /* NOLINT(clang-analyzer-unix.Malloc) */
	if (d->listener >= 0) {
		close(d->listener);
		unlink(t->path);
	}
	d->listener = -1;
	free(t);
	d->clients = NULL;
}
