// SPDX-License-Identifier: GPL-2.0-or-later
/* What goes to the client of a call: answers, streams, and errors in the words of its wire. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gateway/call.h"
#include "http/answer.h"

#define JSON   "application/json"
#define EVENTS "text/event-stream"

static const struct wire *client_wire(const struct call *k)
{
	return wire_of(k->endpoint.wire);
}

/* --- writing --- */

size_t call_waiting(const struct call *k)
{
	return k->out.len - k->taken;
}

/*
 * A piece at a time, from a buffer of its size, which is gone when it is written: what waits may
 * move meanwhile, and a thousand streams that wait have nothing to write.
 */
void call_flush(struct call *k)
{
	struct pump *p = &k->connection->down;
	size_t len = call_waiting(k);

	if (k->writes || !len)
		return;
	if (len > LIMIT_GATE_BUFFER)
		len = LIMIT_GATE_BUFFER;
	if (!pump_ready(p, len))
		return;
	memcpy(p->buffer->data, k->out.bytes + k->taken, len);
	k->taken += len;
	/* Moved up once for each time that it has halved: no byte is moved often. */
	if (k->taken > k->out.len / 2) {
		text_drop(&k->out, k->taken);
		k->taken = 0;
	}
	p->start = 0;
	p->end = len;
	k->writes = true;
	pump_write(p);
}

static void head_put(struct call *k, int status, const char *type)
{
	struct text *out = &k->out;

	k->keep_alive = k->keep_alive && front_may_keep(k->gateway);
	http_answer_begin(out, (unsigned int)status);
	http_field_put_text(out, "Content-Type", type);
	/* SDKs of OpenAI's and Anthropic's ask these before they try again by themselves. */
	if (k->retry_after_ms) {
		http_field_put_number(out, "Retry-After", (k->retry_after_ms + 999) / 1000);
		http_field_put_number(out, "retry-after-ms", k->retry_after_ms);
	}
	if (k->estimated)
		http_field_put_text(out, "X-AgentOS-Tokens", "estimate, from the body's bytes");
	if (k->should_retry)
		http_field_put_text(out, "x-should-retry", k->should_retry);
	http_field_put_text(out, "Connection", k->keep_alive ? "keep-alive" : "close");
	k->status = status;
	k->begun = true;
}

/* The last bytes are there. */
static void reply_done(struct call *k)
{
	k->step = CALL_ENDS;
	exchange_cancel(k->exchange);
	k->exchange = NULL;
	call_times_over(k);
	call_times_rest(k);
	call_turn_over(k);
	call_settle(k);
	/* What cannot be written whole must not look whole. */
	if (text_error(&k->out)) {
		connection_abort(k->connection);
		return;
	}
	connection_deadline(k->connection, k->gateway->options.times.idle);
	call_flush(k);
}

void call_answer(struct call *k, int status, const char *type, const char *bytes, size_t len)
{
	head_put(k, status, type);
	http_field_put_number(&k->out, "Content-Length", len);
	http_answer_end(&k->out);
	text_put(&k->out, bytes, len);
	call_digest_answer(k, bytes, len);
	reply_done(k);
}

/* --- streams --- */

bool call_is_array(const struct call *k)
{
	return k->endpoint.wire == WIRE_GEMINI && k->endpoint.stream && !k->endpoint.sse;
}

void call_stream_begin(struct call *k)
{
	head_put(k, 200, call_is_array(k) ? JSON : EVENTS);
	http_field_put_text(&k->out, "Cache-Control", "no-cache");
	/* Who cannot read chunks reads to the end of the connection. */
	k->chunks_out = k->http11;
	if (k->chunks_out)
		http_field_put_text(&k->out, "Transfer-Encoding", "chunked");
	else
		k->keep_alive = false;
	http_answer_end(&k->out);
}

static void stream_put(struct call *k, const char *bytes, size_t len)
{
	if (!len)
		return;
	call_digest_answer(k, bytes, len);
	if (k->chunks_out)
		text_printf(&k->out, "%zx\r\n", len);
	text_put(&k->out, bytes, len);
	if (k->chunks_out)
		text_string(&k->out, "\r\n");
}

/* The data of each frame as an item. Its lines stay lines: between JSON's tokens they are blanks. */
static void items_put(struct call *k, const struct text *frames)
{
	static const char data[] = "data: ";
	const char *at = frames->bytes, *end = at + frames->len, *line;
	struct text items = { 0 };
	bool within = false;

	for (; at < end; at = line + 1) {
		line = memchr(at, '\n', (size_t)(end - at));
		if (!line)
			line = end;
		if (line == at)
			within = false;
		if ((size_t)(line - at) < sizeof(data) || memcmp(at, data, sizeof(data) - 1))
			continue;
		text_string(&items, within ? "\n" : k->some ? "\n,\r\n" : "[");
		text_put(&items, at + sizeof(data) - 1, (size_t)(line - at) - sizeof(data) + 1);
		within = k->some = true;
	}
	stream_put(k, items.bytes, items.len);
	k->out.failed |= items.failed;
	text_release(&items);
}

void call_stream_put(struct call *k, const struct text *pieces)
{
	if (call_is_array(k))
		items_put(k, pieces);
	else
		stream_put(k, pieces->bytes, pieces->len);
	call_flush(k);
}

/*
 * An interim answer, or a comment or a blank in the stream, which who reads on skips (RFC 9110, 15.2; WHATWG
 * HTML, 9.2.6). Bytes that are on their way already do as well.
 */
void call_probe(struct call *k)
{
	const char *nothing = call_is_array(k) ? "\n" : ":\n\n";

	if (k->writes || call_waiting(k))
		return;
	if (k->begun) {
		stream_put(k, nothing, strlen(nothing));
		call_flush(k);
	} else if (k->http11) {
		text_string(&k->out, "HTTP/1.1 100 Continue\r\n\r\n");
		call_flush(k);
	}
}

void call_stream_end(struct call *k)
{
	if (call_is_array(k))
		stream_put(k, k->some ? "\n]\n" : "[]\n", 3);
	if (k->chunks_out)
		text_string(&k->out, "0\r\n\r\n");
	reply_done(k);
}

/* --- errors --- */

static void stream_error(struct call *k, const struct call_error *error)
{
	const struct call_event event = { .kind = CALL_ERROR, .error = *error };
	struct text pieces = { 0 };

	if (!k->encoder)
		k->encoder = client_wire(k)->encoder_create(&k->request);
	if (k->encoder && client_wire(k)->encoder_event(k->encoder, &event, &pieces) == 0) {
		call_stream_put(k, &pieces);
		text_release(&pieces);
		call_stream_end(k);
		return;
	}
	text_release(&pieces);
	/* It ends as what it is: broken. */
	connection_abort(k->connection);
}

void call_fail(struct call *k, const struct call_error *error)
{
	struct text body = { 0 };

	if (k->begun) {
		stream_error(k, error);
		return;
	}
	client_wire(k)->error_encode(error, &body);
	/* The body of the request may be half unread: then nothing can follow it. */
	if (k->step == CALL_READS)
		k->keep_alive = false;
	call_answer(k, wire_error_status(error), JSON, body.bytes ? body.bytes : "", body.len);
	text_release(&body);
}

static enum call_error_kind error_kind_of(enum call_why why)
{
	switch (why) {
	case CALL_WHY_NO_RULE:
	case CALL_WHY_TOKEN_OTHERS:
	case CALL_WHY_STRANGER:
	case CALL_WHY_ENDED:
		return CALL_ERROR_PERMISSION;
	case CALL_WHY_TOKEN:
		return CALL_ERROR_AUTHENTICATION;
	case CALL_WHY_UNKNOWN:
		return CALL_ERROR_NOT_FOUND;
	case CALL_WHY_BUDGET_TOKENS:
	case CALL_WHY_BUDGET_MONEY:
	case CALL_WHY_BUDGET_CALLS:
	case CALL_WHY_NO_PRICE:
	case CALL_WHY_CUT:
	case CALL_WHY_CUT_MONEY:
	case CALL_WHY_OFTEN:
		return CALL_ERROR_RATE_LIMIT;
	case CALL_WHY_TOO_LARGE:
		return CALL_ERROR_TOO_LARGE;
	case CALL_WHY_MALFORMED:
	case CALL_WHY_UNSAYABLE:
		return CALL_ERROR_INVALID;
	case CALL_WHY_TIMEOUT:
		return CALL_ERROR_TIMEOUT;
	default:
		return CALL_ERROR_UNAVAILABLE;
	}
}

/* A word for programs. */
static struct call_string error_code_of(enum call_why why)
{
	switch (why) {
	case CALL_WHY_NO_RULE:
		return CALL_STRING("model_not_allowed");
	case CALL_WHY_UNKNOWN:
		return CALL_STRING("model_not_found");
	case CALL_WHY_TOKEN:
	case CALL_WHY_TOKEN_OTHERS:
		return CALL_STRING("invalid_api_key");
	case CALL_WHY_BUDGET_TOKENS:
	case CALL_WHY_BUDGET_MONEY:
	case CALL_WHY_BUDGET_CALLS:
	case CALL_WHY_NO_PRICE:
	case CALL_WHY_CUT:
	case CALL_WHY_CUT_MONEY:
		return CALL_STRING("budget_exceeded");
	default:
		return (struct call_string){ 0 };
	}
}

void call_refuse(struct call *k, enum call_why why, const char *fmt, ...)
{
	struct call_error error = { .kind = error_kind_of(why), .code = error_code_of(why) };
	char message[512] = "agentos-gateway: ";
	size_t len = strlen(message);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message + len, sizeof(message) - len, fmt, ap);
	va_end(ap);
	error.message = (struct call_string){ message, strlen(message) };
	/* It was not the client who was late, as 408 would say. */
	error.status = why == CALL_WHY_TIMEOUT ? 504 : 0;
	k->why = why;
	k->should_retry = call_why_is_policy(why) ? "false" : NULL;
	call_fail(k, &error);
}
