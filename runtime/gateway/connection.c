// SPDX-License-Identifier: GPL-2.0-or-later
/* One connection's life: made, timed, told of, closed. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "gateway/call.h"

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void connection_expire(struct connection *c)
{
	static const struct http_fault late = { 408, "the request did not come in time" };

	switch (c->state) {
	case STATE_HEAD:
		/* Who sent nothing asked for nothing. */
		if (c->up.end)
			answer_fault(c, &late);
		else
			connection_close(c);
		break;
	case STATE_RULES:
		answer_refuse(c, EGRESS_WHY_BUSY);
		break;
	case STATE_NAME:
		answer_refuse(c, EGRESS_WHY_UNRESOLVED);
		break;
	case STATE_CONNECT:
		dial_next(c);
		break;
	case STATE_HELLO:
		tunnel_no_hello(c);
		break;
	case STATE_PIPE:
		connection_abort(c);
		break;
	case STATE_CALL:
		call_expire(c);
		break;
	case STATE_LAST:
		connection_close(c);
		break;
	}
}

static int connection_arm(struct connection *c)
{
	uint64_t now = now_ms();

	c->armed = c->deadline > now ? c->deadline : now + 1;
	return loop_timer(c->gateway->loop, &c->timer, (unsigned int)(c->armed - now));
}

/* The timer is not moved each time that the deadline is: it looks again when it is due. */
static void connection_timer(int result, void *cookie)
{
	struct connection *c = cookie;

	c->armed = 0;
	if (now_ms() >= c->deadline || connection_arm(c))
		connection_expire(c);
}

void connection_deadline(struct connection *c, unsigned int ms)
{
	c->deadline = now_ms() + ms;
	if (c->armed && c->armed <= c->deadline)
		return;
	loop_cancel(&c->timer);
	/* Without a timer nothing would end it. */
	if (connection_arm(c))
		shutdown(c->client, SHUT_RDWR);
}

void connection_hasten(struct connection *c, unsigned int ms)
{
	if (c->deadline > now_ms() + ms)
		connection_deadline(c, ms);
}

static void connection_free(struct connection *c)
{
	if (c->client >= 0)
		close(c->client);
	if (c->server >= 0)
		close(c->server);
	loop_buffer_put(c->up.buffer);
	loop_buffer_put(c->down.buffer);
	free(c);
}

int connection_open(struct gateway *g, int client, const struct caller *caller)
{
	struct connection *c = calloc(1, sizeof(*c));
	const int on = 1, send = LIMIT_GATE_SEND;

	if (!c) {
		close(client);
		return -ENOMEM;
	}
	c->gateway = g;
	c->client = client;
	c->server = -1;
	c->caller = *caller;
	c->rule = AGENTOS_RULE_NONE;
	c->timer = (struct loop_handle){ .done = connection_timer, .cookie = c };
	c->hangup = (struct loop_handle){ .done = call_hung_up, .cookie = c };
	c->up.connection = c->down.connection = c;
	/* That of `down` is made once there is something for it: calls are many, and answers come late. */
	c->up.buffer = loop_buffer_create(LIMIT_GATE_BUFFER);
	if (!c->up.buffer) {
		connection_free(c);
		return -ENOMEM;
	}
	/* A Unix socket waits for nothing, and has no such option. */
	setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* Else the kernel takes some megabytes for a client that does not read. */
	setsockopt(client, SOL_SOCKET, SO_SNDBUF, &send, sizeof(send));
	c->prev = g->newest;
	if (c->prev)
		c->prev->next = c;
	else
		g->connections = c;
	g->newest = c;
	g->live++;
	pipe_prepare(c);
	connection_deadline(c, g->options.times.head);
	if (caller->agent)
		pump_read(&c->up);
	else
		answer_refuse(c, EGRESS_WHY_STRANGER);
	return 0;
}

void connection_close(struct connection *c)
{
	struct gateway *g = c->gateway;

	if (c->opened)
		connection_tell(c, GATE_CLOSED);
	call_end(c->call);
	if (c->lookup)
		resolver_abandon(c->lookup);
	policies_put(c->rules);
	loop_cancel(&c->timer);
	loop_cancel(&c->connect);
	loop_cancel(&c->hangup);
	loop_cancel(&c->up.read);
	loop_cancel(&c->up.write);
	loop_cancel(&c->down.read);
	loop_cancel(&c->down.write);
	if (c->next)
		c->next->prev = c->prev;
	else
		g->newest = c->prev;
	if (c->prev)
		c->prev->next = c->next;
	else
		g->connections = c->next;
	g->live--;
	connection_free(c);
	front_resume(g);
}

void connection_drop_server(struct connection *c)
{
	loop_cancel(&c->connect);
	loop_cancel(&c->up.write);
	loop_cancel(&c->down.read);
	if (c->server < 0)
		return;
	/* What a cancelled write still had is not sent: its buffer may be used anew at once. */
	shutdown(c->server, SHUT_RDWR);
	close(c->server);
	c->server = -1;
}

void connection_abort(struct connection *c)
{
	/*
	 * A reset: an end in the middle must not look like one that was meant. A Unix socket
	 * has none; there what was promised, a length or a last chunk, is missing.
	 */
	const struct linger now = { .l_onoff = 1 };

	setsockopt(c->client, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	if (c->server >= 0)
		setsockopt(c->server, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	connection_close(c);
}

bool connection_spare(struct connection *c, enum egress_why why)
{
	if (!c->caller.audit_only)
		return false;
	/* The first reason is the one that is told. */
	if (c->why == EGRESS_WHY_ALLOWED) {
		c->why = why;
		if (why != EGRESS_WHY_DENIED && why != EGRESS_WHY_KILLED)
			c->rule = AGENTOS_RULE_NONE;
	}
	return true;
}

void connection_tell(struct connection *c, enum gate_phase phase)
{
	struct gate_tell t = { .agent = c->caller.agent,
			       .policy = c->caller.policy,
			       .rule = c->rule,
			       .phase = (uint16_t)phase,
			       .why = (uint16_t)c->why,
			       .port = c->port,
			       .tunnel = c->tunnel };
	const struct egress_address *pinned;

	if (phase != GATE_REFUSED)
		t.audit_only = c->why != EGRESS_WHY_ALLOWED;
	if (phase == GATE_CLOSED) {
		t.bytes_up = c->up.bytes;
		t.bytes_down = c->down.bytes;
	}
	if (c->reached) {
		pinned = &c->addresses[c->address_at];
		t.family = pinned->family;
		memcpy(t.addr, pinned->addr, sizeof(t.addr));
	}
	memcpy(t.host, c->host, sizeof(t.host));
	c->opened = phase == GATE_OPENED;
	wire_tell(c->gateway->wire, &t);
}
