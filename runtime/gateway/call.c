// SPDX-License-Identifier: GPL-2.0-or-later
/* A model call's life: its request is read, and when it has ended it is told of. */
#include "gateway/call.h"

#include <errno.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit/record.h"

/* --- its head --- */

/* What goes on to a provider of the client's own wire, and to no other. */
static bool field_is_passed(struct http_span name)
{
	static const char *const names[] = { "anthropic-version", "anthropic-beta", "openai-beta",
					     "x-goog-api-client" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (http_span_is(name, names[i]))
			return true;
	return false;
}

static int field_keep(struct call *k, const struct http_field *f)
{
	char *line = arena_alloc(&k->arena, f->name.len + 2 + f->value.len + 1);

	if (!line)
		return -ENOMEM;
	memcpy(line, f->name.at, f->name.len);
	memcpy(line + f->name.len, ": ", 2);
	memcpy(line + f->name.len + 2, f->value.at, f->value.len);
	k->passed[k->passed_count++] = line;
	return 0;
}

/* "Bearer TOKEN", in whatever case of letters. */
static struct http_span bearer(struct http_span value)
{
	static const char scheme[] = "bearer ";
	const size_t len = sizeof(scheme) - 1;

	if (value.len <= len || !http_span_is((struct http_span){ value.at, len }, scheme))
		return (struct http_span){ 0 };
	return (struct http_span){ value.at + len, value.len - len };
}

static int call_fields(struct call *k, const struct http_head *head)
{
	struct http_span token = k->endpoint.key, found;
	size_t i;

	for (i = 0; i < head->field_count; i++) {
		const struct http_field *f = &head->fields[i];

		found = (struct http_span){ 0 };
		if (http_span_is(f->name, "authorization"))
			found = bearer(f->value);
		else if (http_span_is(f->name, "x-api-key") ||
			 http_span_is(f->name, "x-goog-api-key"))
			found = f->value;
		else if (field_is_passed(f->name) && k->passed_count < LIMIT_CALL_PASSED &&
			 field_keep(k, f))
			return -ENOMEM;
		if (found.len)
			token = found;
	}
	k->token = arena_copy(&k->arena, token.at, token.len);
	return k->token ? 0 : -ENOMEM;
}

/* --- its body --- */

static size_t call_bytes(const struct call *k)
{
	return k->body.room + k->sent.room + k->answer.room + k->out.room +
	       (k->sse_begun ? sse_bytes(&k->sse) : 0) + (k->tail ? tail_bytes(k->tail) : 0);
}

/* Looked at when memory is to grow, which doubles it: not often. */
static bool memory_allows(const struct call *k, size_t more)
{
	const struct connection *c;
	uint64_t all = more, own = more;

	for (c = k->gateway->connections; c; c = c->next) {
		if (!c->call)
			continue;
		all += call_bytes(c->call);
		if (c->caller.agent == k->connection->caller.agent)
			own += call_bytes(c->call);
	}
	return all <= LIMIT_CALL_MEMORY && own <= LIMIT_CALL_SHARE;
}

bool call_room(const struct call *k, const struct text *t, size_t more)
{
	return t->len + more <= t->room || t->len + more <= LIMIT_CALL_SMALL ||
	       memory_allows(k, t->room + more);
}

bool call_room_tail(const struct call *k)
{
	const size_t more = tail_growth(k->tail);

	return !more || tail_bytes(k->tail) + more <= LIMIT_CALL_SMALL || memory_allows(k, more);
}

/* Takes what is in the connection's buffer. -EAGAIN: there is more to come. */
static int body_take(struct call *k)
{
	struct pump *p = &k->connection->up;
	char *bytes = (char *)p->buffer->data + p->start;
	size_t len = p->end - p->start, used = 0, data = 0, more;
	int err = 0;

	if (k->chunked) {
		err = http_chunked_squeeze(&k->chunks, bytes, len, &used, &data);
	} else {
		used = data = len < k->left ? len : (size_t)k->left;
		k->left -= used;
	}
	if (err)
		return err;
	more = k->left < LIMIT_CALL_UPLOAD ? (size_t)k->left : LIMIT_CALL_UPLOAD;
	if (!call_room(k, &k->body, data))
		return -ENOMEM;
	/* What is told to come is not moved each time that some of it does. */
	if (!k->chunked && !k->body.len && call_room(k, &k->body, data + more))
		text_reserve(&k->body, data + more);
	text_put(&k->body, bytes, data);
	p->start += used;
	if (p->start == p->end)
		p->start = p->end = 0;
	if (text_error(&k->body))
		return k->body.len + data > k->body.limit ? -E2BIG : -ENOMEM;
	return (k->chunked ? http_chunked_done(&k->chunks) : !k->left) ? 0 : -EAGAIN;
}

size_t call_wants(const struct call *k)
{
	return k->step == CALL_READS && !k->chunked ? (size_t)k->left : 0;
}

/* No more than that of a request that goes on. */
static void body_refuse(struct call *k, int err)
{
	k->keep_alive = false;
	if (err == -E2BIG)
		call_refuse(k, CALL_WHY_TOO_LARGE, "the request is larger than %d bytes",
			    LIMIT_CALL_BODY);
	else if (err == -ENOMEM)
		call_refuse(k, CALL_WHY_BUSY, "too much is being asked at once");
	else
		call_refuse(k, CALL_WHY_MALFORMED, "the request's body is malformed");
}

/*
 * Nothing is read while the call is made: what comes behind it waits in the socket, and does not
 * wake us. Polled from the first call on, at each change; without that it is the next write
 * that tells.
 */
static void hangup_watch(struct call *k)
{
	struct connection *c = k->connection;

	if (!c->hangup.op)
		(void)loop_poll(k->gateway->loop, &c->hangup, c->client, POLLRDHUP);
	if (c->half)
		call_probe(k);
}

static void body_ready(struct call *k)
{
	k->step = CALL_ASKS;
	k->times.ready = call_clock_us();
	hangup_watch(k);
	connection_deadline(k->connection, k->gateway->options.times.decide);
	call_decide(k);
}

static void body_read(struct call *k)
{
	int err = body_take(k);

	if (!err) {
		body_ready(k);
	} else if (err != -EAGAIN) {
		body_refuse(k, err);
	} else {
		if (k->expect && !k->body.len) {
			text_string(&k->out, "HTTP/1.1 100 Continue\r\n\r\n");
			k->expect = false;
			call_flush(k);
		}
		connection_deadline(k->connection, k->gateway->options.times.head);
		pump_read(&k->connection->up);
	}
}

/* --- begin and end --- */

static struct call *call_create(struct connection *c, const struct http_head *head)
{
	struct call *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->connection = c;
	k->gateway = c->gateway;
	k->rule = AGENTOS_RULE_NONE;
	k->began_us = call_clock_us();
	/* An answer to HEAD has no body, and ours have one: nothing can follow it. */
	k->keep_alive = head->keep_alive && !http_span_is(head->method, "HEAD");
	k->http11 = head->minor == 1;
	k->chunked = head->chunked;
	k->expect = head->expect;
	k->left = head->length;
	k->body.limit = LIMIT_CALL_BODY;
	http_chunked_begin(&k->chunks, HTTP_CHUNKED_PLAIN);
	endpoint_read(head, &k->endpoint);
	k->streams = k->endpoint.stream;
	/* The key points into the connection's buffer: it is copied here. */
	if (call_fields(k, head)) {
		arena_release(&k->arena);
		free(k);
		return NULL;
	}
	return k;
}

void call_begin(struct connection *c, const struct http_head *head, size_t size)
{
	struct call *k = call_create(c, head);

	if (!k) {
		connection_abort(c);
		return;
	}
	c->call = k;
	c->state = STATE_CALL;
	c->up.start = size;
	if (k->left > LIMIT_CALL_BODY)
		body_refuse(k, -E2BIG);
	else
		body_read(k);
}

/* What went to a provider, or was refused to go. Nothing of a count that is estimated leaves us. */
static bool call_is_told(const struct call *k)
{
	switch (k->endpoint.kind) {
	case ENDPOINT_CALL:
	case ENDPOINT_EMBED:
		return true;
	case ENDPOINT_COUNT:
		return k->asked || k->why != CALL_WHY_NONE;
	default:
		return false;
	}
}

static enum call_operation operation_of(const struct call *k)
{
	return k->endpoint.kind == ENDPOINT_EMBED ? CALL_EMBEDDINGS :
	       k->endpoint.kind == ENDPOINT_COUNT ? CALL_COUNT :
						    CALL_ANSWER;
}

/* A name that is too long is cut; what is no name is not told. */
static void name_tell(char to[GATE_MODEL], const char *name)
{
	if (model_is_name(name, strlen(name)))
		memccpy(to, name, '\0', GATE_MODEL - 1);
}

static void call_tell(struct call *k)
{
	const struct call_usage *u = &k->counted;
	const uint64_t now = call_clock_us();
	struct gate_called m = {
		.agent = k->connection->caller.agent,
		.policy = k->connection->caller.policy,
		.rule = k->rule,
		.other = k->other,
		.input = u->input,
		.output = u->output,
		.cache_read = u->cache_read,
		.cache_write = u->cache_write,
		.reasoning = u->reasoning,
		.microdollars = k->cost,
		.duration_us = now - k->began_us,
		.first_us = k->first_us ? k->first_us - k->began_us : 0,
		.own_us = k->times.own,
		.queue_us = k->times.queue,
		.upstream_us = k->times.upstream,
		.upstream_first_us = k->times.first,
		.attempts =
			(uint16_t)(k->times.attempts < UINT16_MAX ? k->times.attempts : UINT16_MAX),
		.operation = (uint8_t)operation_of(k),
		.why = (uint16_t)k->why,
		.status = (uint16_t)k->status,
		.wire = (uint8_t)(k->endpoint.wire + 1),
		.how = (k->streams ? GATE_CALL_STREAMED : 0) | (k->cached ? GATE_CALL_CACHED : 0),
		.audit_only = k->audit_only
	};
	unsigned int size;

	if (k->told || !call_is_told(k))
		return;
	k->told = true;
	/* What a provider says of its own counting need not fit together. */
	if (m.cache_read > m.input)
		m.cache_read = m.input;
	if (m.cache_write > m.input)
		m.cache_write = m.input;
	if (m.reasoning > m.output)
		m.reasoning = m.output;
	call_digest_end(k);
	memcpy(m.request, k->request_digest, sizeof(m.request));
	if (k->digest)
		EVP_DigestFinal_ex(k->digest, m.answer, &size);
	if (k->route.count && k->asked) {
		const struct provider *p = k->route.candidates[k->candidate].provider;

		memccpy(m.provider, p->name, '\0', sizeof(m.provider) - 1);
		m.upstream = (uint8_t)(p->wire + 1);
		name_tell(m.served, k->route.candidates[k->candidate].id);
	}
	name_tell(m.model, k->model);
	wire_called(k->gateway->wire, &m);
}

void call_end(struct call *k)
{
	if (!k)
		return;
	exchange_cancel(k->exchange);
	breakers_cancel(&k->pass);
	call_times_over(k);
	call_times_rest(k);
	loop_cancel(&k->pause);
	call_turn_over(k);
	call_settle(k);
	call_tell(k);
	policies_put(k->rules);
	agents_put(k->agent);
	keys_put(k->gateway->keys, k->key);
	if (k->sse_begun)
		sse_release(&k->sse);
	if (k->decoder)
		k->upstream_wire->decoder_free(k->decoder);
	if (k->encoder)
		wire_of(k->endpoint.wire)->encoder_free(k->encoder);
	tail_free(k->tail);
	call_digest_release(k);
	text_release(&k->body);
	text_release(&k->sent);
	text_release(&k->answer);
	text_release(&k->out);
	arena_release(&k->arena);
	k->connection->call = NULL;
	free(k);
}

/* The next request on the connection, or its end. */
static void call_over(struct call *k)
{
	struct connection *c = k->connection;
	const bool again = k->keep_alive && !c->up.ended;
	struct pump *p = &c->up;

	call_end(k);
	if (!again) {
		pipe_linger(c);
		return;
	}
	c->state = STATE_HEAD;
	c->scanned = 0;
	c->down.start = c->down.end = 0;
	c->down.bytes = 0;
	/* What came behind the request is where the next one begins. */
	if (p->start) {
		memmove(p->buffer->data, p->buffer->data + p->start, p->end - p->start);
		p->end -= p->start;
		p->start = 0;
	}
	connection_deadline(
		c, p->end ? c->gateway->options.times.head : c->gateway->options.times.idle);
	if (p->end)
		request_read(c);
	else
		pump_read(p);
}

/* --- what the connection brings --- */

void call_read_done(struct connection *c, int result)
{
	struct call *k = c->call;

	if (result < 0) {
		k->why = k->why ? k->why : CALL_WHY_CLIENT_GONE;
		connection_close(c);
		return;
	}
	if (!result) {
		c->up.ended = true;
		/* A half of the request is none. One that is whole may be waited for like that. */
		if (k->step == CALL_READS) {
			k->why = CALL_WHY_CLIENT_GONE;
			connection_close(c);
		}
		return;
	}
	c->up.end += (size_t)result;
	if (k->step == CALL_READS)
		body_read(k);
}

/*
 * Who shuts its half of the connection and who closes all of it send the same: whether the other
 * half is read shows when something is written to it.
 */
void call_hung_up(int result, void *cookie)
{
	struct connection *c = cookie;
	struct call *k = c->call;

	if (result < 0)
		return;
	c->half = true;
	/* Else what is read or written tells. */
	if (c->state != STATE_CALL || k->step == CALL_READS || k->step >= CALL_ENDS)
		return;
	if (result & (POLLHUP | POLLERR)) {
		k->why = k->why ? k->why : CALL_WHY_CLIENT_GONE;
		connection_close(c);
	} else {
		call_probe(k);
	}
}

void call_write_done(struct connection *c, int result)
{
	struct call *k = c->call;

	if (result <= 0) {
		k->why = k->why ? k->why : CALL_WHY_CLIENT_GONE;
		connection_abort(c);
		return;
	}
	c->down.start += (size_t)result;
	c->down.bytes += (uint64_t)result;
	if (c->down.start < c->down.end) {
		pump_write(&c->down);
		return;
	}
	c->down.start = c->down.end = 0;
	loop_buffer_put(c->down.buffer);
	c->down.buffer = NULL;
	k->writes = false;
	/* What is awaited of others has its own time. */
	if (k->step >= CALL_PAUSES)
		connection_deadline(c, k->gateway->options.times.idle);
	call_flush(k);
	if (k->writes)
		return;
	if (k->step == CALL_ENDS)
		call_over(k);
	else
		call_taken(k);
}

void call_expire(struct connection *c)
{
	struct call *k = c->call;

	switch (k->step) {
	case CALL_READS:
		k->keep_alive = false;
		call_refuse(k, CALL_WHY_MALFORMED, "the request did not come in time");
		break;
	case CALL_ASKS:
	case CALL_KEY:
		call_refuse(k, CALL_WHY_BUSY, "agentosd did not answer in time");
		break;
	default:
		/* Providers have times of their own: it is the client that takes nothing. */
		if (k->writes || call_waiting(k)) {
			k->why = k->why ? k->why : CALL_WHY_CLIENT_GONE;
			connection_abort(c);
		} else {
			connection_deadline(c, k->gateway->options.times.idle);
		}
		break;
	}
}

void call_wake(struct gateway *g)
{
	struct connection *c, *next;

	for (c = g->connections; c; c = next) {
		next = c->next;
		if (c->state != STATE_CALL)
			continue;
		if (c->call->step == CALL_ASKS)
			call_decide(c->call);
		else if (c->call->step == CALL_KEY)
			call_send(c->call);
	}
}
