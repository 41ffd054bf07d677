// SPDX-License-Identifier: GPL-2.0-or-later
/* What comes first in a tunnel: held back until it is a ClientHello for the very name. */
#include <errno.h>
#include <string.h>

#include "gateway/clienthello.h"
#include "gateway/state.h"

static void tunnel_open(struct connection *c)
{
	connection_tell(c, GATE_OPENED);
	pipe_start(c);
}

static void tunnel_refuse(struct connection *c, enum egress_why why)
{
	if (connection_spare(c, why))
		tunnel_open(c);
	else
		answer_refuse(c, why);
}

void tunnel_no_hello(struct connection *c)
{
	/* Of what never came nothing can be let through. */
	if (c->up.ended && !c->up.end)
		answer_refuse(c, EGRESS_WHY_NOT_TLS);
	else
		tunnel_refuse(c, EGRESS_WHY_NOT_TLS);
}

/* Is it the name that the tunnel was asked for? */
static bool tunnel_name_is(const struct connection *c, const struct clienthello *hello)
{
	char host[COMPILED_HOST];

	return !egress_host((const char *)hello->bytes + hello->name_at, hello->name_len, host) &&
	       memcmp(host, c->host, sizeof(host)) == 0;
}

static void tunnel_look(struct connection *c)
{
	struct clienthello hello;
	int err;

	if (c->up.end < c->needed) {
		pump_read(&c->up);
		return;
	}
	err = clienthello_parse(c->up.buffer->data, c->up.end, &hello, &c->needed);
	if (err == -EAGAIN)
		pump_read(&c->up);
	else if (err == -EPROTO)
		tunnel_refuse(c, EGRESS_WHY_NOT_TLS);
	else if (err || !tunnel_name_is(c, &hello))
		tunnel_refuse(c, EGRESS_WHY_SERVER_NAME);
	else
		tunnel_open(c);
}

void tunnel_read_done(struct connection *c)
{
	/* Whoever is through after part of a ClientHello will send no more of it. */
	if (c->up.ended)
		tunnel_no_hello(c);
	else
		tunnel_look(c);
}

void tunnel_start(struct connection *c)
{
	static const char established[] = "HTTP/1.1 200 Connection established\r\n\r\n";

	if (!pump_ready(&c->down, LIMIT_GATE_BUFFER)) {
		connection_abort(c);
		return;
	}
	memcpy(c->down.buffer->data, established, strlen(established));
	c->down.end = c->down.own = strlen(established);
	if (!c->tls) {
		tunnel_open(c);
		return;
	}
	c->state = STATE_HELLO;
	connection_deadline(c, c->gateway->options.times.hello);
	pump_write(&c->down);
	tunnel_look(c);
}
