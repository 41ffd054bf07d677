// SPDX-License-Identifier: GPL-2.0-or-later
/* A request from its first byte to what the policy says of it. */
#include <errno.h>
#include <string.h>

#include "gateway/call.h"

/* Where the request goes to, in the form that is compared. */
static int request_host(struct connection *c, const struct http_head *h)
{
	int err = egress_host(h->host.at, h->host.len, c->host);

	if (err != -EADDRNOTAVAIL)
		return err;
	if (h->host.len >= sizeof(c->host))
		return -EINVAL;
	c->literal = true;
	memset(c->host, 0, sizeof(c->host));
	memcpy(c->host, h->host.at, h->host.len);
	return 0;
}

/* Puts the head that the server gets in the place of the one that came. */
static int request_rewrite(struct connection *c, const struct http_head *h, size_t size)
{
	struct pump *p = &c->up;
	char head[LIMIT_HTTP_HEAD + 320];
	size_t len, rest = p->end - size, body = 0;
	int err;

	err = http_head_encode(h, c->host, head, sizeof(head), &len);
	if (err)
		return err;
	http_body_begin(&c->body, h->chunked, h->length);
	err = http_body_take(&c->body, (const char *)p->buffer->data + size, rest, &body);
	if (err)
		return err;
	/* No more than LIMIT_HTTP_HEAD bytes were read up to now: both fit. */
	if (len + body > p->buffer->size)
		return -E2BIG;
	memmove(p->buffer->data + len, p->buffer->data + size, body);
	memcpy(p->buffer->data, head, len);
	p->end = len + body;
	p->ended = http_body_done(&c->body);
	return 0;
}

static void request_take(struct connection *c, size_t size)
{
	static const struct http_fault no_host = { 400, "the target's host is no name" };
	static const struct http_fault no_body = { 400, "the body is malformed" };
	struct pump *p = &c->up;
	struct http_fault fault;
	struct http_head head;

	if (http_head_parse((const char *)p->buffer->data, size, &head, &fault)) {
		answer_fault(c, &fault);
		return;
	}
	if (head.origin) {
		call_begin(c, &head, size);
		return;
	}
	c->tunnel = head.connect;
	c->port = head.port;
	if (request_host(c, &head)) {
		memset(c->host, 0, sizeof(c->host));
		answer_fault(c, &no_host);
		return;
	}
	if (c->tunnel) {
		memmove(p->buffer->data, p->buffer->data + size, p->end - size);
		p->end -= size;
	} else if (request_rewrite(c, &head, size)) {
		answer_fault(c, &no_body);
		return;
	}
	c->state = STATE_RULES;
	c->decide_by = now_ms() + c->gateway->options.times.decide;
	connection_deadline(c, c->gateway->options.times.decide);
	if (policies_get(c->gateway->policies, c->caller.policy, &c->rules))
		answer_refuse(c, EGRESS_WHY_BUSY);
	else if (c->rules->whole)
		request_decide(c);
}

void request_read(struct connection *c)
{
	struct http_fault fault;
	size_t size;
	int err;

	err = http_head_end((const char *)c->up.buffer->data, c->up.end, &c->scanned, &size,
			    &fault);
	if (err == -EAGAIN)
		pump_read(&c->up);
	else if (err)
		answer_fault(c, &fault);
	else
		request_take(c, size);
}

/* ALLOWED, with what the tunnel may carry, or why not. */
static enum egress_why request_judge(struct connection *c)
{
	const struct policies_entry *r = c->rules;
	enum egress_why why;

	if (c->literal)
		return EGRESS_WHY_LITERAL;
	if (c->tunnel) {
		why = egress_decide(r->rules, r->count, c->host, c->port, true, &c->rule);
		if (why != EGRESS_WHY_NOT_TLS)
			return why;
		c->tls = true;
	}
	return egress_decide(r->rules, r->count, c->host, c->port, false, &c->rule);
}

void request_decide(struct connection *c)
{
	enum egress_why why = request_judge(c);

	if (why == EGRESS_WHY_WATCHED)
		c->why = why;
	if (why == EGRESS_WHY_ALLOWED || why == EGRESS_WHY_WATCHED || connection_spare(c, why))
		dial_start(c);
	else
		answer_refuse(c, why);
}
