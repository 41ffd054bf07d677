// SPDX-License-Identifier: GPL-2.0-or-later
/* The gateway's end of its socket to agentosd. */
#include "gateway/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"

#define WIRE_FDS (GATE_LISTENERS + 1) /* with START; no message has more */
/* Whatever is kept may have been asked for, and READY. */
#define WIRE_ROOM (LIMIT_GATE_TELLS + LIMIT_GATE_POLICIES + LIMIT_GATE_AGENTS + LIMIT_GATE_KEYS + 1)

union outgoing {
	struct gate_header header;
	struct gate_request request;
	struct gate_tell tell;
	struct gate_agent agent;
	struct gate_key_of key_of;
	struct gate_called called;
};

struct wire {
	struct loop *loop;
	int fd;
	struct wire_events events;
	struct loop_handle receive, writable;
	bool started, ended;
	size_t first, count; /* of `waiting`, a ring */
	union outgoing waiting[WIRE_ROOM];
};

static void wire_end(struct wire *w, int err)
{
	if (w->ended)
		return;
	w->ended = true;
	loop_cancel(&w->receive);
	loop_cancel(&w->writable);
	w->events.ended(err, w->events.cookie);
}

static int wire_listen(struct wire *w)
{
	return loop_receive(w->loop, &w->receive, w->fd, sizeof(union gate_message), WIRE_FDS);
}

static void wire_dispatch(struct wire *w, const struct loop_message *m)
{
	const union gate_message *message = (const union gate_message *)m->data;
	void *cookie = w->events.cookie;
	int fds[WIRE_FDS] = { -1, -1, -1 };
	size_t i;

	/* The events' from here on. */
	for (i = 0; i < m->fd_count && i < WIRE_FDS; i++) {
		fds[i] = m->fds[i];
		m->fds[i] = -1;
	}
	switch (message->header.type) {
	case GATE_START:
		w->started = true;
		w->events.start(&message->start, fds, fds[GATE_LISTENERS], cookie);
		break;
	case GATE_RULES_ARE:
		w->events.rules(&message->rules, cookie);
		break;
	case GATE_AGENT_IS:
		w->events.agent(&message->agent, fds[0], cookie);
		break;
	case GATE_KEY_IS:
		w->events.key(&message->key, cookie);
		/* It is the keys' own from here on. */
		explicit_bzero(m->data, m->len);
		break;
	case GATE_KEYS_GONE:
		w->events.keys_gone(cookie);
		break;
	}
}

static void wire_received(int result, void *cookie)
{
	struct wire *w = cookie;
	const struct loop_message *m = w->receive.message;
	bool starts;
	int err;

	if (result <= 0 || !m) {
		wire_end(w, result == -ECONNRESET ? 0 : result);
		return;
	}
	if (m->truncated || gate_check(m->data, m->len, m->fd_count, GATE_FROM_DAEMON)) {
		wire_end(w, -EBADMSG);
		return;
	}
	/* START is the first message, and no other is. */
	starts = ((const struct gate_header *)m->data)->type == GATE_START;
	if (starts == w->started) {
		wire_end(w, -EBADMSG);
		return;
	}
	wire_dispatch(w, m);
	if (w->ended)
		return;
	err = wire_listen(w);
	if (err)
		wire_end(w, err);
}

/* 0, -EAGAIN, or the end of the wire. */
static int wire_send_now(struct wire *w, const union outgoing *o)
{
	if (send(w->fd, o, o->header.size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	if (errno == EAGAIN || errno == EINTR || errno == ENOBUFS)
		return -EAGAIN;
	return errno == EPIPE || errno == ECONNRESET ? -EPIPE : -errno;
}

static int wire_flush(struct wire *w)
{
	int err = 0;

	while (w->count && !err) {
		err = wire_send_now(w, &w->waiting[w->first]);
		if (err)
			break;
		w->first = (w->first + 1) % WIRE_ROOM;
		w->count--;
	}
	return err;
}

static void wire_writable(int result, void *cookie)
{
	struct wire *w = cookie;
	int err = result < 0 ? result : wire_flush(w);

	if (err && err != -EAGAIN) {
		wire_end(w, err == -EPIPE ? 0 : err);
		return;
	}
	if (!w->count)
		loop_cancel(&w->writable);
	w->events.room(w->events.cookie);
}

static void wire_put(struct wire *w, union outgoing *o, enum gate_type type, size_t size)
{
	int err;

	o->header = (struct gate_header){ .size = (uint32_t)size,
					  .version = GATE_VERSION,
					  .type = (uint16_t)type };
	if (w->ended)
		return;
	err = w->count ? -EAGAIN : wire_send_now(w, o);
	if (!err)
		return;
	/* What cannot be told does not happen: without room there is no going on. */
	if (err != -EAGAIN || w->count == WIRE_ROOM) {
		wire_end(w, err == -EPIPE ? 0 : err);
		return;
	}
	w->waiting[(w->first + w->count++) % WIRE_ROOM] = *o;
	if (w->writable.op)
		return;
	err = loop_poll(w->loop, &w->writable, w->fd, POLLOUT);
	if (err)
		wire_end(w, err);
}

void wire_ready(struct wire *w)
{
	union outgoing o = { .request = { .policy = 0 } };

	wire_put(w, &o, GATE_READY, sizeof(o.request));
}

void wire_ask(struct wire *w, uint32_t policy)
{
	union outgoing o = { .request = { .policy = policy } };

	wire_put(w, &o, GATE_ASK, sizeof(o.request));
}

void wire_ask_agent(struct wire *w, uint64_t agent)
{
	const struct gate_agent ask = { .agent = agent };
	union outgoing o = { .agent = ask };

	wire_put(w, &o, GATE_AGENT, sizeof(o.agent));
}

void wire_ask_key(struct wire *w, const struct gate_key_of *of)
{
	union outgoing o = { .key_of = *of };

	wire_put(w, &o, GATE_KEY_OF, sizeof(o.key_of));
}

void wire_tell(struct wire *w, const struct gate_tell *tell)
{
	union outgoing o = { .tell = *tell };

	wire_put(w, &o, GATE_TELL, sizeof(o.tell));
}

void wire_called(struct wire *w, const struct gate_called *called)
{
	union outgoing o = { .called = *called };

	wire_put(w, &o, GATE_CALLED, sizeof(o.called));
}

size_t wire_waiting(const struct wire *w)
{
	return w->count;
}

int wire_open(struct loop *l, int fd, const struct wire_events *events, struct wire **ret_wire)
{
	struct wire *w = calloc(1, sizeof(*w));
	int err = -ENOMEM;

	if (!w)
		goto close_fd;
	w->loop = l;
	w->fd = fd;
	w->events = *events;
	w->receive = (struct loop_handle){ .done = wire_received, .cookie = w };
	w->writable = (struct loop_handle){ .done = wire_writable, .cookie = w };
	err = wire_listen(w);
	if (err)
		goto free_wire;
	*ret_wire = w;
	return 0;

free_wire:
	free(w);
close_fd:
	close(fd);
	return err;
}

void wire_close(struct wire *w)
{
	if (!w)
		return;
	loop_cancel(&w->receive);
	loop_cancel(&w->writable);
	if (!w->ended)
		wire_flush(w);
	close(w->fd);
	free(w);
}
