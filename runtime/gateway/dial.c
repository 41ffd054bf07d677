// SPDX-License-Identifier: GPL-2.0-or-later
/* From a name to a connection: resolved once, filtered, the first address that answers is kept. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/state.h"

static int dial_socket(struct connection *c)
{
	const struct egress_address *a = &c->addresses[c->address_at];
	struct gateway *g = c->gateway;
	struct sockaddr_storage address;
	socklen_t len = resolver_address(a, c->port, &address);
	const int on = 1;

	c->server = socket(a->family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
	if (c->server < 0)
		return -errno;
	setsockopt(c->server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return loop_connect(g->loop, &c->connect, c->server, (struct sockaddr *)&address, len);
}

static void dial_hang_up(struct connection *c)
{
	loop_cancel(&c->connect);
	if (c->server >= 0)
		close(c->server);
	c->server = -1;
}

/* Tries the address that it is at, or those behind it. */
static void dial_try(struct connection *c)
{
	const unsigned int each = c->gateway->options.times.connect;
	uint64_t now;
	int err;

	for (; c->address_at < c->address_count; c->address_at++) {
		now = now_ms();
		if (now >= c->decide_by)
			break;
		connection_deadline(
			c, now + each < c->decide_by ? each : (unsigned int)(c->decide_by - now));
		err = dial_socket(c);
		if (!err)
			return;
		dial_hang_up(c);
		if (err == -EMFILE || err == -ENFILE || err == -ENOMEM || err == -ENOBUFS) {
			answer_refuse(c, EGRESS_WHY_BUSY);
			return;
		}
	}
	answer_refuse(c, EGRESS_WHY_UNREACHABLE);
}

void dial_next(struct connection *c)
{
	dial_hang_up(c);
	c->address_at++;
	dial_try(c);
}

static void dial_done(int result, void *cookie)
{
	struct connection *c = cookie;

	if (result < 0) {
		dial_next(c);
		return;
	}
	c->reached = true;
	if (c->tunnel) {
		tunnel_start(c);
		return;
	}
	connection_tell(c, GATE_OPENED);
	pipe_start(c);
}

/* Keeps those that the name may stand for. */
static void dial_filter(struct connection *c, const struct resolver_answer *answer)
{
	size_t i;

	for (i = 0; i < answer->count; i++)
		if (egress_address_allowed(c->rules->rules, c->rules->count, &answer->addresses[i]))
			c->addresses[c->address_count++] = answer->addresses[i];
}

static void dial_resolved(const struct resolver_answer *answer, void *cookie)
{
	struct connection *c = cookie;

	c->lookup = NULL;
	if (!answer->count) {
		answer_refuse(c, EGRESS_WHY_UNRESOLVED);
		return;
	}
	dial_filter(c, answer);
	if (!c->address_count) {
		if (!connection_spare(c, EGRESS_WHY_PRIVATE)) {
			answer_refuse(c, EGRESS_WHY_PRIVATE);
			return;
		}
		memcpy(c->addresses, answer->addresses, sizeof(c->addresses));
		c->address_count = answer->count;
	}
	c->state = STATE_CONNECT;
	c->connect = (struct loop_handle){ .done = dial_done, .cookie = c };
	dial_try(c);
}

void dial_start(struct connection *c)
{
	const struct resolver_question question = { .name = c->host,
						    .agent = c->caller.agent,
						    .done = dial_resolved,
						    .cookie = c };

	c->state = STATE_NAME;
	if (resolver_ask(c->gateway->resolver, &question, &c->lookup))
		answer_refuse(c, EGRESS_WHY_BUSY);
}
