// SPDX-License-Identifier: GPL-2.0-or-later
/* One request without TLS: sent, its answer read and handed over as fast as it is taken, ended. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/plain.h"
#include "gateway/state.h"

static void exchange_receive(struct plain_exchange *x);
static void exchange_tell(struct plain_exchange *x);

/* --- its end --- */

static void exchange_free(struct plain_exchange *x)
{
	plain_dial_cancel(x);
	loop_cancel(&x->timer);
	loop_cancel(&x->resume);
	loop_cancel(&x->send);
	loop_cancel(&x->receive);
	plain_link_close(x->plain, x->fd);
	plain_request_release(&x->request);
	loop_buffer_put(x->bytes);
	free(x);
}

/* Nothing may touch it afterwards. */
static void exchange_end(struct plain_exchange *x, enum exchange_end how)
{
	const struct exchange_events events = x->events;

	exchange_free(x);
	events.end(how, events.cookie);
}

static void plain_cancel(struct exchange *base)
{
	struct plain_exchange *x = (struct plain_exchange *)base;

	if (x->inside)
		x->cancelled = true;
	else
		exchange_free(x);
}

/* --- time --- */

static uint64_t exchange_due(const struct plain_exchange *x)
{
	uint64_t due = x->step == PLAIN_CONNECTS ? x->address_by_ms :
		       x->begun			 ? x->heard_ms + x->silence_ms :
						   x->heard_ms + x->connect_ms + x->answer_ms;

	return due < x->end_ms ? due : x->end_ms;
}

/* It is moved on when it is due, and before only if that would be too late. */
int plain_timer_arm(struct plain_exchange *x, uint64_t now)
{
	const uint64_t due = exchange_due(x);

	if (x->timer.op && x->armed_ms <= due)
		return 0;
	loop_cancel(&x->timer);
	x->armed_ms = due > now ? due : now + 1;
	return loop_timer(x->plain->loop, &x->timer, (unsigned int)(x->armed_ms - now));
}

/* Whoever resumed it could not be given a turn. */
static void resume_late(struct plain_exchange *x)
{
	if (!x->resumes)
		return;
	x->resumes = x->waits = false;
	exchange_tell(x);
}

static void timer_done(int result, void *cookie)
{
	struct plain_exchange *x = cookie;
	const uint64_t now = now_ms();

	/* Who waits for us is not silent. */
	if (x->waits)
		x->heard_ms = now;
	if (now >= x->end_ms)
		exchange_end(x, EXCHANGE_LATE);
	else if (now < exchange_due(x) && plain_timer_arm(x, now) == 0)
		resume_late(x);
	else if (x->step == PLAIN_CONNECTS)
		plain_dial_late(x);
	else
		exchange_end(x, EXCHANGE_SILENT);
}

/* --- the request --- */

static bool exchange_retry(struct plain_exchange *x);
static void send_done(int result, void *cookie);

/*
 * With the key that is in it. Only what goes over a kept connection may have to be sent once more,
 * and only while nothing has been answered.
 */
static void request_drop(struct plain_exchange *x)
{
	if (x->sent && (!x->kept || x->heard))
		plain_request_release(&x->request);
}

static int exchange_send(struct plain_exchange *x)
{
	struct plain_request *r = &x->request;
	const struct loop_bytes from = { r->bytes, r->at, r->end - r->at };

	return loop_write(x->plain->loop, &x->send, x->fd, &from);
}

/* Tells that it goes out. False: the exchange is no more. */
static bool send_tell(struct plain_exchange *x)
{
	const bool first = !x->goes;

	x->goes = true;
	if (!first || !x->events.sent)
		return true;
	x->inside = true;
	x->events.sent(x->events.cookie);
	x->inside = false;
	if (!x->cancelled)
		return true;
	exchange_free(x);
	return false;
}

static void send_done(int result, void *cookie)
{
	struct plain_exchange *x = cookie;

	/* It takes no more: what it says instead is read, or that it has gone. */
	if (result == -EPIPE || result == -ECONNRESET)
		return;
	if (result < 0) {
		if (!exchange_retry(x))
			exchange_end(x, EXCHANGE_BROKEN);
		return;
	}
	if (!send_tell(x))
		return;
	x->request.at += (size_t)result;
	if (plain_request_fill(&x->request)) {
		if (exchange_send(x))
			exchange_end(x, EXCHANGE_FAILED);
		return;
	}
	x->sent = true;
	request_drop(x);
}

/* Sends, and is ready for the answer. */
static int exchange_ask(struct plain_exchange *x)
{
	const struct loop_bytes to = { x->bytes, 0, x->bytes->size };
	int err = exchange_send(x);

	x->step = PLAIN_HEAD;
	return err ? err : loop_read_later(x->plain->loop, &x->receive, x->fd, &to);
}

void plain_connected(struct plain_exchange *x)
{
	if (exchange_ask(x))
		exchange_end(x, EXCHANGE_FAILED);
}

void plain_unconnected(struct plain_exchange *x, enum exchange_end how)
{
	/* The request has been sent before, to somebody who went without a word. */
	if (x->retried && (how == EXCHANGE_UNREACHABLE || how == EXCHANGE_UNNAMED))
		how = EXCHANGE_BROKEN;
	exchange_end(x, how);
}

/* What it was to be received into may still be written to. */
static int receive_drop(struct plain_exchange *x)
{
	struct loop_buffer *other;

	if (!x->receive.op)
		return 0;
	loop_cancel(&x->receive);
	other = loop_buffer_create(x->bytes->size);
	if (!other)
		return -ENOMEM;
	loop_buffer_put(x->bytes);
	x->bytes = other;
	return 0;
}

/*
 * A connection that was kept may be gone by the other side's doing just when it is used again. If
 * nothing of an answer came, the request goes out once more, over a new one. False: it does not.
 */
static bool exchange_retry(struct plain_exchange *x)
{
	if (!x->kept || x->heard)
		return false;
	loop_cancel(&x->send);
	plain_link_close(x->plain, x->fd);
	x->fd = -1;
	x->kept = false;
	x->retried = true;
	x->goes = x->sent = false;
	plain_request_rewind(&x->request);
	x->step = PLAIN_CONNECTS;
	x->connect_by_ms = x->address_by_ms = now_ms() + x->connect_ms;
	if (receive_drop(x) || plain_timer_arm(x, now_ms()) || plain_dial_start(x))
		exchange_end(x, EXCHANGE_BROKEN);
	return true;
}

/* --- the answer --- */

static void exchange_finish(struct plain_exchange *x)
{
	/* What came behind the answer belongs to none. */
	if (x->keep_alive && x->sent && !x->end) {
		plain_link_keep(x->plain, &x->place, x->fd);
		x->fd = -1;
	}
	exchange_end(x, EXCHANGE_WHOLE);
}

/* Tells what there is to be told, and what comes of that. The exchange may be no more then. */
static void exchange_tell(struct plain_exchange *x)
{
	enum exchange_take take = EXCHANGE_GO_ON;

	x->inside = true;
	if (!x->told) {
		x->told = true;
		x->events.head(&x->head, x->events.cookie);
	}
	if (x->data_len && !x->cancelled) {
		x->begun = true;
		take = x->events.data(x->bytes->data + x->data_at, x->data_len, x->events.cookie);
	}
	x->inside = false;
	/* By who was told. */
	if (x->cancelled) {
		exchange_free(x);
		return;
	}
	if (take == EXCHANGE_WAIT) {
		x->waits = true;
		return;
	}
	x->data_len = 0;
	if (x->step == PLAIN_WHOLE)
		exchange_finish(x);
	else if (plain_timer_arm(x, x->heard_ms))
		exchange_end(x, EXCHANGE_FAILED);
	else
		exchange_receive(x);
}

/* Of the bytes from `at` on: which are data, and whether that is all. -EBADMSG */
static int body_take(struct plain_exchange *x, size_t at)
{
	char *bytes = (char *)x->bytes->data + at;
	const size_t len = x->end - at;
	size_t used = len;
	bool done = false;
	int err = 0;

	x->data_at = at;
	x->data_len = len;
	switch (x->framing) {
	case HTTP_FRAMING_NONE:
		x->data_len = used = 0;
		done = true;
		break;
	case HTTP_FRAMING_LENGTH:
		if (len > x->left)
			x->data_len = used = (size_t)x->left;
		x->left -= used;
		done = !x->left;
		break;
	case HTTP_FRAMING_CHUNKED:
		err = http_chunked_squeeze(&x->chunks, bytes, len, &used, &x->data_len);
		done = http_chunked_done(&x->chunks);
		break;
	case HTTP_FRAMING_CLOSE:
		break;
	}
	/* What is left is no part of the answer. */
	x->end = len - used;
	if (done)
		x->step = PLAIN_WHOLE;
	return err;
}

/* -EAGAIN: more bytes are needed. */
static int head_read(struct plain_exchange *x, size_t *ret_size)
{
	struct http_answer answer;
	const char *why;
	size_t i;
	int err = http_answer_read(
		(const char *)x->bytes->data, x->end, false, &x->scan, ret_size, &answer, &why);

	if (err)
		return err;
	x->framing = answer.framing;
	x->left = answer.length;
	x->keep_alive = answer.keep_alive;
	http_chunked_begin(&x->chunks, HTTP_CHUNKED_EXTRAS);
	x->head.status = answer.status;
	for (i = 0; i < answer.field_count; i++)
		exchange_head_take(&x->head, answer.fields[i].name, answer.fields[i].value);
	return 0;
}

static void exchange_take(struct plain_exchange *x)
{
	size_t size = 0;
	int err = 0;

	if (x->step == PLAIN_HEAD) {
		err = head_read(x, &size);
		if (err == -EAGAIN) {
			exchange_receive(x);
			return;
		}
		if (!err)
			x->step = PLAIN_BODY;
	}
	if (!err)
		err = body_take(x, size);
	if (err)
		exchange_end(x, EXCHANGE_BROKEN);
	else
		exchange_tell(x);
}

static void exchange_closed(struct plain_exchange *x, int result)
{
	if (exchange_retry(x))
		return;
	if (!result && x->step == PLAIN_BODY && x->framing == HTTP_FRAMING_CLOSE) {
		x->step = PLAIN_WHOLE;
		exchange_tell(x);
	} else {
		exchange_end(x, EXCHANGE_BROKEN);
	}
}

static void receive_done(int result, void *cookie)
{
	struct plain_exchange *x = cookie;

	if (result <= 0) {
		exchange_closed(x, result);
		return;
	}
	x->heard = true;
	x->heard_ms = now_ms();
	request_drop(x);
	x->end += (size_t)result;
	exchange_take(x);
}

/* Behind what is there of a head; of a body all has been taken. */
static void exchange_receive(struct plain_exchange *x)
{
	const struct loop_bytes to = { x->bytes, x->end, x->bytes->size - x->end };

	if (loop_read(x->plain->loop, &x->receive, x->fd, &to))
		exchange_end(x, EXCHANGE_BROKEN);
}

/* --- its beginning --- */

static void resume_done(int result, void *cookie)
{
	exchange_tell(cookie);
}

static void plain_resume(struct exchange *base)
{
	struct plain_exchange *x = (struct plain_exchange *)base;

	if (!x->waits)
		return;
	x->heard_ms = now_ms();
	/*
	 * In a turn of its own: whoever resumes may be in the middle of something. Without memory for
	 * that it is tried again by who resumes next, or by the timer, which is there.
	 */
	x->resumes = loop_timer(x->plain->loop, &x->resume, 0) != 0;
	x->waits = x->resumes;
}

static int exchange_begin(struct plain_exchange *x)
{
	int err = plain_timer_arm(x, x->heard_ms);

	if (err)
		return err;
	x->fd = plain_link_take(x->plain, &x->place);
	x->kept = x->fd >= 0;
	return x->kept ? exchange_ask(x) : plain_dial_start(x);
}

int plain_start(struct plain *p, const struct exchange_request *request,
		const struct exchange_events *events, struct exchange **ret_exchange)
{
	struct plain_exchange *x;
	const char *target;
	int err;

	if (request->part_count > EXCHANGE_PARTS)
		return -EINVAL;
	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->base = (struct exchange){ .resume = plain_resume, .cancel = plain_cancel };
	x->plain = p;
	x->fd = -1;
	x->events = *events;
	x->connect_ms = request->connect_ms;
	x->answer_ms = request->answer_ms;
	x->silence_ms = request->silence_ms;
	x->heard_ms = now_ms();
	x->connect_by_ms = x->address_by_ms = x->heard_ms + request->connect_ms;
	x->end_ms = x->heard_ms + request->total_ms;
	x->timer = (struct loop_handle){ .done = timer_done, .cookie = x };
	x->resume = (struct loop_handle){ .done = resume_done, .cookie = x };
	x->send = (struct loop_handle){ .done = send_done, .cookie = x };
	x->receive = (struct loop_handle){ .done = receive_done, .cookie = x };
	err = plain_url_parse(request->url, &x->place, &target);
	if (!err)
		err = plain_request_init(&x->request, request, &x->place, target);
	if (!err) {
		x->bytes = loop_buffer_create(LIMIT_HTTP_HEAD);
		err = x->bytes ? exchange_begin(x) : -ENOMEM;
	}
	if (err) {
		exchange_free(x);
		return err;
	}
	*ret_exchange = &x->base;
	return 0;
}
