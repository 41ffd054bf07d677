// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes both ways: one buffer for each direction, written out before more is read. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "gateway/call.h"

static bool pump_is_up(const struct pump *p)
{
	return p == &p->connection->up;
}

/* A start that failed ends the connection, but not under the feet of whoever called. */
static void pump_check(struct pump *p, int err)
{
	struct connection *c = p->connection;

	if (!err)
		return;
	shutdown(c->client, SHUT_RDWR);
	connection_deadline(c, 0);
}

bool pump_ready(struct pump *p, size_t size)
{
	if (!p->buffer)
		p->buffer = loop_buffer_create(size);
	pump_check(p, p->buffer ? 0 : -ENOMEM);
	return p->buffer != NULL;
}

/*
 * How far the buffer is filled: so that head and body fit when the head has been written anew;
 * behind the body of a call the next head may come.
 */
static size_t pump_room(const struct pump *p)
{
	const struct connection *c = p->connection;
	const bool call = c->state == STATE_CALL;

	if (call && call_wants(c->call) >= p->buffer->size - p->end)
		return p->buffer->size;
	return call || c->state == STATE_HEAD ? LIMIT_HTTP_HEAD : p->buffer->size;
}

void pump_read(struct pump *p)
{
	struct connection *c = p->connection;
	const int fd = pump_is_up(p) ? c->client : c->server;
	/* Behind an answer: the client has to read that first. */
	const bool later = c->state == STATE_HEAD && !p->end;
	struct loop_bytes to = { .at = p->end };

	if (p->read.op || !pump_ready(p, LIMIT_GATE_BUFFER))
		return;
	to.buffer = p->buffer;
	to.len = pump_room(p) - p->end;
	pump_check(p, later ? loop_read_later(c->gateway->loop, &p->read, fd, &to) :
			      loop_read(c->gateway->loop, &p->read, fd, &to));
}

void pump_write(struct pump *p)
{
	struct connection *c = p->connection;
	const struct loop_bytes from = { .buffer = p->buffer,
					 .at = p->start,
					 .len = p->end - p->start };

	if (p->write.op)
		return;
	pump_check(p, loop_write(c->gateway->loop, &p->write, pump_is_up(p) ? c->server : c->client,
				 &from));
}

void pipe_linger(struct connection *c)
{
	c->state = STATE_LAST;
	connection_drop_server(c);
	connection_deadline(c, c->gateway->options.times.linger);
	shutdown(c->client, SHUT_WR);
	c->up.end = 0;
	pump_read(&c->up);
}

/* All that came from that side has gone to the other. May close the connection. */
static void pump_finish(struct pump *p)
{
	struct connection *c = p->connection;

	p->shut = true;
	if (!c->tunnel && pump_is_up(p)) {
		/* Servers take a half-closed request for a client that gave up. See whether it does. */
		pump_read(p);
	} else if (!c->tunnel) {
		pipe_linger(c);
	} else {
		shutdown(pump_is_up(p) ? c->server : c->client, SHUT_WR);
		if (c->up.shut && c->down.shut)
			connection_close(c);
	}
}

/* What there is to do next. May close the connection. */
static void pump_go(struct pump *p)
{
	if (p->write.op || p->shut)
		return;
	/* A read that was started before is under way behind these bytes. */
	if (p->start < p->end)
		pump_write(p);
	else if (p->ended)
		pump_finish(p);
	else
		pump_read(p);
}

void pipe_start(struct connection *c)
{
	c->state = STATE_PIPE;
	connection_deadline(c, c->gateway->options.times.idle);
	pump_go(&c->up);
	pump_go(&c->down);
}

/* Of a plain request no more than its body. 0, or -EBADMSG. */
static int pump_frame(struct pump *p)
{
	struct connection *c = p->connection;
	int err;

	if (c->tunnel || !pump_is_up(p))
		return 0;
	err = http_body_take(&c->body, (const char *)p->buffer->data, p->end, &p->end);
	if (!err && p->ended && !http_body_done(&c->body))
		err = -EBADMSG;
	if (http_body_done(&c->body))
		p->ended = true;
	return err;
}

static void pipe_read_done(struct pump *p, int result)
{
	struct connection *c = p->connection;

	if (result < 0) {
		connection_abort(c);
		return;
	}
	/* Behind the request nothing is taken: the answer closes the connection. */
	if (p->shut)
		return;
	connection_deadline(c, c->gateway->options.times.idle);
	p->end += (size_t)result;
	p->ended = !result;
	if (pump_frame(p))
		connection_abort(c);
	else
		pump_go(p);
}

static void head_read_done(struct connection *c, int result)
{
	static const struct http_fault cut = { 400, "the request ends in its head" };

	if (result > 0) {
		/* A connection that was kept may have waited long: its next head may not. */
		if (!c->up.end)
			connection_hasten(c, c->gateway->options.times.head);
		c->up.end += (size_t)result;
		request_read(c);
	} else if (result < 0 || !c->up.end) {
		connection_close(c);
	} else {
		answer_fault(c, &cut);
	}
}

static void hello_read_done(struct pump *p, int result)
{
	struct connection *c = p->connection;

	if (result > 0)
		p->end += (size_t)result;
	else
		p->ended = true;
	if (pump_is_up(p))
		tunnel_read_done(c);
	else
		tunnel_no_hello(c);
}

static void last_read_done(struct connection *c, int result)
{
	if (result > 0)
		c->lingered += (size_t)result;
	if (result <= 0 || c->lingered > LIMIT_GATE_LINGER) {
		connection_close(c);
		return;
	}
	c->up.end = 0;
	pump_read(&c->up);
}

static void pump_read_done(int result, void *cookie)
{
	struct pump *p = cookie;
	struct connection *c = p->connection;

	switch (c->state) {
	case STATE_HEAD:
		head_read_done(c, result);
		break;
	case STATE_HELLO:
		hello_read_done(p, result);
		break;
	case STATE_CALL:
		call_read_done(c, result);
		break;
	case STATE_LAST:
		last_read_done(c, result);
		break;
	default:
		pipe_read_done(p, result);
		break;
	}
}

static void pump_written(struct pump *p, size_t len)
{
	size_t own = len < p->own ? len : p->own;

	p->own -= own;
	p->bytes += len - own;
	p->start += len;
	if (p->start == p->end && !p->read.op)
		p->start = p->end = 0;
}

static void pump_write_done(int result, void *cookie)
{
	struct pump *p = cookie;
	struct connection *c = p->connection;

	if (c->state == STATE_CALL) {
		call_write_done(c, result);
		return;
	}
	if (result < 0) {
		/* In a tunnel where nothing has come: it is not open, and refused by nobody. */
		if (c->state == STATE_HELLO) {
			c->why = EGRESS_WHY_NOT_TLS;
			connection_tell(c, GATE_REFUSED);
		}
		connection_abort(c);
		return;
	}
	pump_written(p, (size_t)result);
	switch (c->state) {
	case STATE_PIPE:
		connection_deadline(c, c->gateway->options.times.idle);
		pump_go(p);
		break;
	case STATE_HELLO:
		if (p->start < p->end)
			pump_write(p);
		else if (c->caller.audit_only)
			pump_read(p);
		break;
	default:
		if (p->start < p->end)
			pump_write(p);
		else
			pipe_linger(c);
		break;
	}
}

void pipe_prepare(struct connection *c)
{
	struct pump *pumps[] = { &c->up, &c->down };
	size_t i;

	for (i = 0; i < 2; i++) {
		pumps[i]->read = (struct loop_handle){ .done = pump_read_done, .cookie = pumps[i] };
		pumps[i]->write =
			(struct loop_handle){ .done = pump_write_done, .cookie = pumps[i] };
	}
}
