// SPDX-License-Identifier: GPL-2.0-or-later
/* What a client is told that gets no connection: one line that says why, and what would allow it. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/state.h"

#define LINE_MAX_BYTES (2 * COMPILED_HOST + 512)

static int answer_status(enum egress_why why)
{
	switch (why) {
	case EGRESS_WHY_UNRESOLVED:
	case EGRESS_WHY_UNREACHABLE:
		return 502;
	case EGRESS_WHY_BUSY:
		return 503;
	case EGRESS_WHY_MALFORMED:
		return 400;
	default:
		return 403;
	}
}

/* The key below "network:" that would allow it, or NULL. */
static const char *answer_key(enum egress_why why)
{
	switch (why) {
	case EGRESS_WHY_NO_RULE:
		return "egress";
	case EGRESS_WHY_PROVIDER:
		return "egress-providers";
	case EGRESS_WHY_NOT_TLS:
		return "egress-any";
	default:
		return NULL;
	}
}

static void answer_line(const struct connection *c, enum egress_why why, char *line, size_t size)
{
	const char *key = answer_key(why), *text = egress_why_text(why);

	if (!c->host[0])
		snprintf(line, size, "refused: %s\n", text);
	else if (key)
		snprintf(line, size,
			 "refused: %s:%u: %s; what would allow it in the policy: "
			 "network: {%s: [\"%s:%u\"]}\n",
			 c->host, c->port, text, key, c->host, c->port);
	else if (why == EGRESS_WHY_PRIVATE)
		snprintf(line, size,
			 "refused: %s:%u: %s; what would allow it in the policy: "
			 "network: {egress-private: [ADDRESS]}\n",
			 c->host, c->port, text);
	else
		snprintf(line, size, "refused: %s:%u: %s\n", c->host, c->port, text);
}

/* reason: what some clients show, and others do not; the line is shown by the others. */
static size_t answer_encode(char *out, size_t size, int status, const char *reason,
			    const char *line)
{
	int len = snprintf(out, size,
			   "HTTP/1.1 %d %s\r\n"
			   "Content-Type: text/plain\r\n"
			   "Content-Length: %zu\r\n"
			   "Connection: close\r\n"
			   "\r\n"
			   "agentos-gateway: %s",
			   status, reason, strlen("agentos-gateway: ") + strlen(line), line);

	return len < 0 || (size_t)len >= size ? 0 : (size_t)len;
}

/* Lets go of all but the client, and writes what is in the buffer to it. */
static void answer_send(struct connection *c)
{
	connection_drop_server(c);
	c->state = STATE_LAST;
	connection_deadline(c, c->gateway->options.times.linger);
	c->down.own = c->down.end - c->down.start;
	if (c->down.own)
		pump_write(&c->down);
	else
		pipe_linger(c);
}

static void answer_put(struct connection *c, int status, const char *reason, const char *line)
{
	struct pump *p = &c->down;

	p->start = p->end = 0;
	if (pump_ready(p, LIMIT_GATE_BUFFER))
		p->end = answer_encode((char *)p->buffer->data, p->buffer->size, status, reason,
				       line);
}

/* In the tunnel TLS is spoken: fatal alert unrecognized_name (RFC 6066). */
static void answer_put_alert(struct connection *c)
{
	static const uint8_t alert[] = { 21, 3, 3, 0, 2, 2, 112 };
	struct pump *p = &c->down;

	/* Behind what is being written. */
	if (!pump_ready(p, LIMIT_GATE_BUFFER))
		return;
	memcpy(p->buffer->data + p->end, alert, sizeof(alert));
	p->end += sizeof(alert);
}

void answer_refuse(struct connection *c, enum egress_why why)
{
	char line[LINE_MAX_BYTES];

	c->why = why;
	if (c->state != STATE_HELLO) {
		answer_line(c, why, line, sizeof(line));
		answer_put(c, answer_status(why), egress_why_text(why), line);
	} else if (why == EGRESS_WHY_SERVER_NAME) {
		answer_put_alert(c);
	}
	connection_tell(c, GATE_REFUSED);
	answer_send(c);
}

void answer_fault(struct connection *c, const struct http_fault *fault)
{
	char line[LINE_MAX_BYTES];

	c->why = EGRESS_WHY_MALFORMED;
	snprintf(line, sizeof(line), "refused: %s\n", fault->text);
	answer_put(c, fault->status, fault->text, line);
	connection_tell(c, GATE_REFUSED);
	answer_send(c);
}

void answer_turn_away(int client)
{
	char out[LINE_MAX_BYTES];
	const char *text = egress_why_text(EGRESS_WHY_BUSY);
	size_t len = answer_encode(out, sizeof(out), 503, text, "refused: too many connections\n");

	/* Who does not take it at once does without. */
	if (send(client, out, len, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		shutdown(client, SHUT_WR);
	close(client);
}
