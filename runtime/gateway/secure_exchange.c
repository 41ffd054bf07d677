// SPDX-License-Identifier: GPL-2.0-or-later
/* One request with TLS: made, sent, answered, ended by libcurl. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/limits.h"
#include "gateway/secure.h"

static uint64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* --- time --- */

/* How long it may stay silent where it is. */
static unsigned int exchange_patience(const struct secure_exchange *x)
{
	return x->told ? x->silence_ms : x->connect_ms + x->answer_ms;
}

/* It is moved on when it is due, and before only if that would be too late. */
static int timer_arm(struct secure_exchange *x, uint64_t now)
{
	uint64_t due = x->heard_ms + exchange_patience(x);

	if (due > x->end_ms)
		due = x->end_ms;
	if (x->timer.op && x->armed_ms <= due)
		return 0;
	loop_cancel(&x->timer);
	x->armed_ms = due > now ? due : now + 1;
	return loop_timer(x->secure->loop, &x->timer, (unsigned int)(x->armed_ms - now));
}

static void exchange_remove(struct secure_exchange *x)
{
	curl_multi_remove_handle(x->secure->multi, x->easy);
}

/* Moved on by each piece that came since; who waits for us is not silent. */
static void timer_done(int result, void *cookie)
{
	struct secure_exchange *x = cookie;
	struct secure *u = x->secure;
	uint64_t now = clock_ms();

	if (x->waits)
		x->heard_ms = now;
	x->late = now >= x->end_ms;
	if (!x->late && now < x->heard_ms + exchange_patience(x) && timer_arm(x, now) == 0)
		return;
	x->timed = true;
	exchange_remove(x);
	secure_ended(x, CURLE_OPERATION_TIMEDOUT);
	secure_collect(u);
}

/* --- what libcurl asks for and brings --- */

static size_t body_wanted(char *to, size_t size, size_t count, void *cookie)
{
	struct secure_exchange *x = cookie;
	size_t room = size * count, len, done = 0;

	/* The parts may be gone with who gave them. */
	if (x->cancelled)
		return CURL_READFUNC_ABORT;
	while (done < room && x->part < x->part_count) {
		const struct iovec *p = &x->parts[x->part];

		len = p->iov_len - x->sent;
		if (len > room - done)
			len = room - done;
		if (len)
			memcpy(to + done, (const char *)p->iov_base + x->sent, len);
		done += len;
		x->sent += len;
		if (x->sent == p->iov_len) {
			x->part++;
			x->sent = 0;
		}
	}
	return done;
}

/* libcurl sends again what a kept connection lost before anything was answered. */
static int body_rewound(void *cookie, curl_off_t offset, int origin)
{
	struct secure_exchange *x = cookie;

	if (offset || origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	x->part = x->sent = 0;
	return CURL_SEEKFUNC_OK;
}

/* The connection is chosen, or made. */
static int request_goes(void *cookie, char *to, char *from, int to_port, int from_port)
{
	struct secure_exchange *x = cookie;

	if (!x->cancelled && x->events.sent)
		x->events.sent(x->events.cookie);
	return CURL_PREREQFUNC_OK;
}

static size_t header_came(char *line, size_t size, size_t count, void *cookie)
{
	struct secure_exchange *x = cookie;
	const size_t len = size * count;
	struct http_span text = { line, len }, name;

	x->heard_ms = clock_ms();
	/* Each head begins anew: before the last one come those with 1xx. */
	if (len >= 5 && !memcmp(line, "HTTP/", 5)) {
		memset(&x->head, 0, sizeof(x->head));
		return len;
	}
	while (text.len && strchr("\r\n", text.at[text.len - 1]))
		text.len--;
	if (http_span_cut(&text, ':', &name))
		exchange_head_take(&x->head, name, http_span_trim(text));
	return len;
}

static void head_tell(struct secure_exchange *x)
{
	long status = 0;

	if (x->told)
		return;
	x->told = true;
	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	x->head.status = (int)status;
	x->events.head(&x->head, x->events.cookie);
}

static size_t data_came(char *bytes, size_t size, size_t count, void *cookie)
{
	struct secure_exchange *x = cookie;
	const size_t len = size * count;

	if (x->cancelled)
		return CURL_WRITEFUNC_ERROR;
	x->heard_ms = clock_ms();
	head_tell(x);
	/* It may have been cancelled by what it was told. From here on less time is silence. */
	if (x->cancelled || timer_arm(x, x->heard_ms))
		return CURL_WRITEFUNC_ERROR;
	if (x->events.data(bytes, len, x->events.cookie) == EXCHANGE_GO_ON)
		return x->cancelled ? CURL_WRITEFUNC_ERROR : len;
	if (x->cancelled)
		return CURL_WRITEFUNC_ERROR;
	x->waits = true;
	return CURL_WRITEFUNC_PAUSE;
}

/* --- its life --- */

static int headers_set(struct secure_exchange *x, const struct exchange_request *r)
{
	struct curl_slist *more;
	size_t i;

	/* libcurl would add one, and wait for its answer. */
	x->headers = curl_slist_append(NULL, "Expect:");
	for (i = 0; x->headers && i < r->header_count; i++) {
		more = curl_slist_append(x->headers, r->headers[i]);
		if (!more)
			return -ENOMEM;
		x->headers = more;
	}
	return x->headers ? 0 : -ENOMEM;
}

/*
 * A buffer that the kernel makes larger and larger would be what a stream costs that nobody reads:
 * some megabytes. Where that fails the connection is as good as any.
 */
static int socket_made(void *cookie, curl_socket_t fd, curlsocktype purpose)
{
	const int size = LIMIT_CALL_RECEIVE;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return CURL_SOCKOPT_OK;
}

#define SET(option, value) (err = err ? err : curl_easy_setopt(x->easy, option, value))

/* libcurl puts it behind the head: one packet, and one wake-up of the provider. */
static CURLcode body_set_short(struct secure_exchange *x)
{
	CURLcode err = CURLE_OK;

	x->body = malloc(x->size + 1);
	if (!x->body)
		return CURLE_OUT_OF_MEMORY;
	body_wanted(x->body, 1, x->size, x);
	SET(CURLOPT_POSTFIELDS, x->body);
	return err;
}

static CURLcode body_set(struct secure_exchange *x, const struct exchange_request *r)
{
	CURLcode err = CURLE_OK;
	size_t i;

	if (!r->post)
		return CURLE_OK;
	for (i = 0; i < r->part_count; i++) {
		x->parts[i] = r->parts[i];
		x->size += r->parts[i].iov_len;
	}
	x->part_count = r->part_count;
	SET(CURLOPT_POST, 1L);
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)x->size);
	if (!err && x->size < LIMIT_CALL_SHORT)
		return body_set_short(x);
	SET(CURLOPT_UPLOAD_BUFFERSIZE,
	    (long)(x->size < LIMIT_CALL_UPLOAD ? x->size : LIMIT_CALL_UPLOAD));
	SET(CURLOPT_READFUNCTION, body_wanted);
	SET(CURLOPT_READDATA, x);
	SET(CURLOPT_SEEKFUNCTION, body_rewound);
	SET(CURLOPT_SEEKDATA, x);
	return err;
}

static int exchange_set(struct secure_exchange *x, const struct exchange_request *r)
{
	CURLcode err = CURLE_OK;

	if (headers_set(x, r))
		return -ENOMEM;
	SET(CURLOPT_PRIVATE, x);
	SET(CURLOPT_NOSIGNAL, 1L);
	/* What is given up while its name is asked for must not wait for the answer. */
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_HTTP_VERSION, r->streamed ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS);
	SET(CURLOPT_SOCKOPTFUNCTION, socket_made);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_ms);
	SET(CURLOPT_HTTPHEADER, x->headers);
	SET(CURLOPT_PREREQFUNCTION, request_goes);
	SET(CURLOPT_PREREQDATA, x);
	SET(CURLOPT_HEADERFUNCTION, header_came);
	SET(CURLOPT_HEADERDATA, x);
	SET(CURLOPT_WRITEFUNCTION, data_came);
	SET(CURLOPT_WRITEDATA, x);
	SET(CURLOPT_BUFFERSIZE, (long)LIMIT_CALL_PIECE);
	if (x->secure->trust)
		SET(CURLOPT_CAINFO, x->secure->trust);
	SET(CURLOPT_URL, r->url);
	if (!err)
		err = body_set(x, r);
	return err == CURLE_OK ? 0 : err == CURLE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
}

#undef SET

static void exchange_go_on(int result, void *cookie)
{
	struct secure_exchange *x = cookie;
	struct secure *u = x->secure;

	u->inside = true;
	curl_easy_pause(x->easy, CURLPAUSE_CONT);
	u->inside = false;
	secure_collect(u);
}

void secure_exchange_free(struct secure_exchange *x)
{
	loop_cancel(&x->timer);
	loop_cancel(&x->resume);
	exchange_remove(x);
	curl_easy_cleanup(x->easy);
	curl_slist_free_all(x->headers);
	free(x->body);
	free(x);
}

static void secure_resume(struct exchange *base)
{
	struct secure_exchange *x = (struct secure_exchange *)base;

	if (!x->waits)
		return;
	x->waits = false;
	x->heard_ms = clock_ms();
	/* In a turn of its own: libcurl calls back from within. */
	if (!x->resume.op && loop_timer(x->secure->loop, &x->resume, 0))
		exchange_go_on(0, x);
}

static void secure_cancel(struct exchange *base)
{
	struct secure_exchange *x = (struct secure_exchange *)base;
	struct secure *u = x->secure;

	if (x->cancelled)
		return;
	x->cancelled = true;
	if (!u->inside) {
		secure_exchange_free(x);
		return;
	}
	loop_cancel(&x->timer);
	loop_cancel(&x->resume);
	x->next = u->cancelled;
	u->cancelled = x;
}

int secure_start(struct secure *u, const struct exchange_request *request,
		 const struct exchange_events *events, struct exchange **ret_exchange)
{
	struct secure_exchange *x;
	int err = -ENOMEM;

	if (request->part_count > EXCHANGE_PARTS)
		return -EINVAL;
	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	x->base = (struct exchange){ .resume = secure_resume, .cancel = secure_cancel };
	x->secure = u;
	x->events = *events;
	x->connect_ms = request->connect_ms;
	x->answer_ms = request->answer_ms;
	x->silence_ms = request->silence_ms;
	x->timer = (struct loop_handle){ .done = timer_done, .cookie = x };
	x->resume = (struct loop_handle){ .done = exchange_go_on, .cookie = x };
	x->easy = curl_easy_init();
	if (!x->easy)
		goto free_exchange;
	err = exchange_set(x, request);
	if (err)
		goto free_exchange;
	x->heard_ms = clock_ms();
	x->end_ms = x->heard_ms + request->total_ms;
	err = timer_arm(x, x->heard_ms);
	if (err)
		goto free_exchange;
	err = curl_multi_add_handle(u->multi, x->easy) ? -ENOMEM : 0;
	if (err)
		goto free_exchange;
	*ret_exchange = &x->base;
	return 0;

free_exchange:
	loop_cancel(&x->timer);
	if (x->easy)
		curl_easy_cleanup(x->easy);
	curl_slist_free_all(x->headers);
	free(x->body);
	free(x);
	return err;
}

static enum exchange_end end_of(const struct secure_exchange *x, CURLcode code)
{
	if (x->timed)
		return x->late ? EXCHANGE_LATE : EXCHANGE_SILENT;
	switch (code) {
	case CURLE_OK:
		return EXCHANGE_WHOLE;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
		return EXCHANGE_UNREACHABLE;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
		return EXCHANGE_TLS;
	case CURLE_OUT_OF_MEMORY:
		return EXCHANGE_FAILED;
	default:
		return EXCHANGE_BROKEN;
	}
}

void secure_ended(struct secure_exchange *x, CURLcode code)
{
	const enum exchange_end how = end_of(x, code);
	const struct exchange_events events = x->events;

	if (x->cancelled)
		return;
	/* An answer without a body. Whoever hears of it may cancel it. */
	x->secure->inside = true;
	if (how == EXCHANGE_WHOLE)
		head_tell(x);
	x->secure->inside = false;
	if (x->cancelled)
		return;
	secure_exchange_free(x);
	events.end(how, events.cookie);
}
