// SPDX-License-Identifier: GPL-2.0-or-later
/* One connection: read, written, timed, closed. */
#include "scripted/peer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/answer.h"

static int peer_time(struct script_peer *p, uint64_t ms)
{
	loop_cancel(&p->timer);
	return loop_timer(p->server->loop, &p->timer, (unsigned int)ms);
}

int script_peer_read(struct script_peer *p)
{
	struct loop_bytes to = { .buffer = p->in };
	uint64_t seconds = LIMIT_SCRIPT_HEAD_S;
	int err;

	/* Between two requests there is more time; a head has its time as a whole. */
	if (p->state == SCRIPT_PEER_HEAD && !p->in_end)
		seconds = LIMIT_SCRIPT_IDLE_S;
	if (p->in_at == p->in_end)
		p->in_at = p->in_end = 0;
	to.at = p->in_end;
	to.len = p->in->size - p->in_end;
	if (p->state != SCRIPT_PEER_LINGER &&
	    !(p->state == SCRIPT_PEER_HEAD && p->timer.op && p->head_timed)) {
		err = peer_time(p, seconds * 1000);
		if (err)
			return err;
		p->head_timed = p->state == SCRIPT_PEER_HEAD && p->in_end;
	}
	return loop_read(p->server->loop, &p->read, p->fd, &to);
}

/* --- the answer --- */

static void head_put(struct script_peer *p)
{
	const struct script_reply *r = &p->reply;
	struct text *out = &p->pending;

	p->head_made = true;
	/* Whoever reads no chunks reads to the end of the connection. */
	if (r->stream && !p->http11)
		p->keep_alive = false;
	http_answer_begin(out, (unsigned int)r->status);
	http_field_put_text(out, "Server", "agentos-scripted/" AGENTOS_VERSION);
	http_field_put_text(out, "Content-Type",
			    r->stream ? "text/event-stream" : "application/json");
	if (r->retry_given)
		http_field_put_number(out, "Retry-After", r->retry_after);
	if (r->stream)
		http_field_put_text(out, "Cache-Control", "no-cache");
	if (r->stream && p->http11)
		http_field_put_text(out, "Transfer-Encoding", "chunked");
	else if (!r->stream)
		http_field_put_number(out, "Content-Length", r->body.len);
	http_field_put_text(out, "Connection", p->keep_alive ? "keep-alive" : "close");
	http_answer_end(out);
	/* A connection that breaks has not said so before: of one that has, clients take it for whole. */
	if (r->cut)
		p->keep_alive = false;
}

/* The next event, as a chunk of its own. */
static void event_put(struct script_peer *p)
{
	const struct script_reply *r = &p->reply;
	const size_t begin = p->event ? r->ends[p->event - 1] : 0;
	const size_t len = r->ends[p->event++] - begin;
	char size[HTTP_CHUNK_BEGIN];

	if (p->http11)
		text_put(&p->pending, size, http_chunk_begin(len, size));
	text_put(&p->pending, r->body.bytes + begin, len);
	if (p->http11)
		text_string(&p->pending, HTTP_CHUNK_END);
}

/* What comes next of the answer; true: that was the last of it. */
static bool answer_put(struct script_peer *p)
{
	const struct script_reply *r = &p->reply;

	if (!p->head_made)
		head_put(p);
	if (!r->stream) {
		text_put(&p->pending, r->body.bytes, r->sent);
		return true;
	}
	while (p->event < r->events) {
		event_put(p);
		if (r->stream_ms && p->event < r->events)
			return false;
	}
	if (!r->cut && p->http11)
		text_string(&p->pending, HTTP_CHUNK_LAST);
	return true;
}

static int answer_go_on(struct script_peer *p)
{
	p->state = SCRIPT_PEER_WRITE;
	p->last = answer_put(p);
	if (text_error(&p->pending))
		return -ENOMEM;
	return script_peer_flush(p);
}

static int answer_pause(struct script_peer *p, uint64_t ms)
{
	p->state = SCRIPT_PEER_PAUSE;
	return peer_time(p, ms);
}

int script_peer_answer(struct script_peer *p)
{
	text_release(&p->body);
	p->event = 0;
	p->head_made = p->last = false;
	if (p->reply.delay_ms)
		return answer_pause(p, p->reply.delay_ms);
	return answer_go_on(p);
}

/* The client reads the last bytes, and goes. */
static int peer_linger(struct script_peer *p)
{
	p->state = SCRIPT_PEER_LINGER;
	shutdown(p->fd, SHUT_WR);
	p->in_at = p->in_end = 0;
	if (peer_time(p, LIMIT_SCRIPT_LINGER_S * 1000))
		return -ECONNABORTED;
	return script_peer_read(p);
}

/* All that was pending is written. */
static int answer_taken(struct script_peer *p)
{
	if (!p->last)
		return answer_pause(p, p->reply.stream_ms);
	script_reply_release(&p->reply);
	memset(&p->reply, 0, sizeof(p->reply));
	if (!p->keep_alive)
		return peer_linger(p);
	p->state = SCRIPT_PEER_HEAD;
	p->scanned = 0;
	p->head_timed = false;
	/* What came behind the request is where the next one begins. */
	return script_request_read(p);
}

/* --- writing --- */

int script_peer_flush(struct script_peer *p)
{
	struct loop_bytes from = { .buffer = p->out };
	size_t len = p->pending.len - p->pending_at;
	int err;

	if (p->write.op)
		return 0;
	if (p->out_at == p->out_end) {
		if (len > p->out->size)
			len = p->out->size;
		if (len)
			memcpy(p->out->data, p->pending.bytes + p->pending_at, len);
		p->pending_at += len;
		p->out_at = 0;
		p->out_end = len;
	}
	from.at = p->out_at;
	from.len = p->out_end - p->out_at;
	/* While a body is awaited its time counts. */
	err = p->state == SCRIPT_PEER_WRITE ? peer_time(p, LIMIT_SCRIPT_WRITE_S * 1000) : 0;
	return err ? err : loop_write(p->server->loop, &p->write, p->fd, &from);
}

static int peer_wrote(struct script_peer *p, size_t len)
{
	p->out_at += len;
	if (p->out_at < p->out_end || p->pending_at < p->pending.len)
		return script_peer_flush(p);
	text_release(&p->pending);
	p->pending_at = 0;
	/* It was "100 Continue", and the answer comes later. */
	return p->state == SCRIPT_PEER_WRITE ? answer_taken(p) : 0;
}

/* --- what the loop brings; each may close the connection --- */

static void write_done(int result, void *cookie)
{
	struct script_peer *p = cookie;

	if (result <= 0 || peer_wrote(p, (size_t)result))
		script_peer_close(p);
}

/* 0, or a negative errno. */
static int peer_got(struct script_peer *p, size_t len)
{
	p->in_end += len;
	if (p->state != SCRIPT_PEER_LINGER)
		return script_request_read(p);
	p->lingered += len;
	p->in_end = 0;
	return p->lingered > LIMIT_SCRIPT_LINGER ? -ECONNABORTED : script_peer_read(p);
}

static void read_done(int result, void *cookie)
{
	struct script_peer *p = cookie;
	int err;

	if (result > 0) {
		err = peer_got(p, (size_t)result);
	} else if (!result && p->state == SCRIPT_PEER_HEAD && p->in_end) {
		p->keep_alive = false;
		err = script_request_refuse(p, 400, "the request ends in its head");
	} else {
		/* Half of a request with a body is none. */
		err = -ECONNABORTED;
	}
	if (err)
		script_peer_close(p);
}

static int peer_expire(struct script_peer *p)
{
	switch (p->state) {
	case SCRIPT_PEER_PAUSE:
		return answer_go_on(p);
	case SCRIPT_PEER_HEAD:
	case SCRIPT_PEER_BODY:
		/* Who sent nothing asked for nothing. */
		if (p->state == SCRIPT_PEER_HEAD && !p->in_end)
			return -ETIMEDOUT;
		loop_cancel(&p->read);
		p->keep_alive = false;
		return script_request_refuse(p, 408, "the request did not come in time");
	default:
		return -ETIMEDOUT;
	}
}

static void timer_done(int result, void *cookie)
{
	struct script_peer *p = cookie;

	if (result < 0 || peer_expire(p))
		script_peer_close(p);
}

/* --- its life --- */

static void peer_free(struct script_peer *p)
{
	close(p->fd);
	loop_buffer_put(p->in);
	loop_buffer_put(p->out);
	text_release(&p->body);
	text_release(&p->pending);
	script_reply_release(&p->reply);
	free(p);
}

int script_peer_open(struct script_server *s, int fd)
{
	struct script_peer *p = calloc(1, sizeof(*p));
	const int on = 1;
	int err;

	if (!p) {
		close(fd);
		return -ENOMEM;
	}
	p->server = s;
	p->fd = fd;
	p->in = loop_buffer_create(LIMIT_SCRIPT_BUFFER);
	p->out = loop_buffer_create(LIMIT_SCRIPT_BUFFER);
	if (!p->in || !p->out) {
		peer_free(p);
		return -ENOMEM;
	}
	p->read = (struct loop_handle){ .done = read_done, .cookie = p };
	p->write = (struct loop_handle){ .done = write_done, .cookie = p };
	p->timer = (struct loop_handle){ .done = timer_done, .cookie = p };
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	p->next = s->peers;
	if (p->next)
		p->next->prev = p;
	s->peers = p;
	s->live++;
	err = script_peer_read(p);
	if (err)
		script_peer_close(p);
	return err;
}

void script_peer_close(struct script_peer *p)
{
	loop_cancel(&p->read);
	loop_cancel(&p->write);
	loop_cancel(&p->timer);
	if (p->prev)
		p->prev->next = p->next;
	else
		p->server->peers = p->next;
	if (p->next)
		p->next->prev = p->prev;
	p->server->live--;
	peer_free(p);
}

void script_peer_turn_away(int fd)
{
	static const char busy[] =
		"HTTP/1.1 503 Service Unavailable\r\n"
		"Content-Type: text/plain\r\n"
		"Content-Length: 39\r\n"
		"Connection: close\r\n"
		"\r\n"
		"agentos-scripted: too many connections\n";

	if (send(fd, busy, sizeof(busy) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		shutdown(fd, SHUT_WR);
	close(fd);
}
