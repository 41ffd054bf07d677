// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests with TLS: libcurl's sockets and timer on the loop. */
#include "gateway/secure.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

/* --- what libcurl waits for --- */

/* A socket of libcurl's. */
struct watch {
	struct watch *prev, *next;
	struct secure *secure;
	curl_socket_t fd;
	uint32_t mask;
	struct loop_handle handle;
};

static void watch_done(int result, void *cookie);

static int watch_arm(struct watch *w)
{
	return w->mask ? loop_wait(w->secure->loop, &w->handle, w->fd, w->mask) : 0;
}

static void watch_free(struct watch *w)
{
	if (w->secure->acting == w)
		w->secure->acting = NULL;
	loop_cancel(&w->handle);
	if (w->prev)
		w->prev->next = w->next;
	else
		w->secure->watches = w->next;
	if (w->next)
		w->next->prev = w->prev;
	free(w);
}

static struct watch *watch_create(struct secure *u, curl_socket_t fd)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->secure = u;
	w->fd = fd;
	w->handle = (struct loop_handle){ .done = watch_done, .cookie = w };
	w->next = u->watches;
	if (w->next)
		w->next->prev = w;
	u->watches = w;
	curl_multi_assign(u->multi, fd, w);
	return w;
}

/* libcurl: from now on it waits for this on that socket. */
static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *cookie, void *socket)
{
	struct secure *u = cookie;
	struct watch *w = socket;

	if (what == CURL_POLL_REMOVE) {
		if (w)
			watch_free(w);
		curl_multi_assign(u->multi, fd, NULL);
		return 0;
	}
	if (!w)
		w = watch_create(u, fd);
	if (!w)
		return -1;
	w->mask = (what & CURL_POLL_IN ? POLLIN : 0U) | (what & CURL_POLL_OUT ? POLLOUT : 0U);
	loop_cancel(&w->handle);
	return watch_arm(w) ? -1 : 0;
}

/* libcurl: it is to be called after so long, -1: not at all. */
static int timer_wanted(CURLM *multi, long ms, void *cookie)
{
	struct secure *u = cookie;

	loop_cancel(&u->timer);
	if (ms < 0)
		return 0;
	return loop_timer(u->loop, &u->timer,
			  ms > LIMIT_CALL_TIMER_MS ? LIMIT_CALL_TIMER_MS : (unsigned int)ms) ?
		       -1 :
		       0;
}

void secure_collect(struct secure *u)
{
	struct secure_exchange *x;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(u->multi, &left))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &x);
		secure_ended(x, message->data.result);
	}
	while (u->cancelled) {
		x = u->cancelled;
		u->cancelled = x->next;
		secure_exchange_free(x);
	}
}

static void secure_act(struct secure *u, curl_socket_t fd, int ready)
{
	int running;

	u->inside = true;
	curl_multi_socket_action(u->multi, fd, ready, &running);
	u->inside = false;
	secure_collect(u);
}

static void watch_done(int result, void *cookie)
{
	struct watch *w = cookie;
	struct secure *u = w->secure;
	const curl_socket_t fd = w->fd;
	int ready = 0;

	if (result < 0 || result & (POLLERR | POLLHUP | POLLNVAL))
		ready |= CURL_CSELECT_ERR;
	if (result > 0 && result & POLLIN)
		ready |= CURL_CSELECT_IN;
	if (result > 0 && result & POLLOUT)
		ready |= CURL_CSELECT_OUT;
	u->acting = w;
	secure_act(u, fd, ready);
	/* Only now: what an answer is whole with is the end of most watches. */
	if (u->acting && !w->handle.op && watch_arm(w))
		secure_act(u, fd, CURL_CSELECT_ERR);
	u->acting = NULL;
}

static void timer_done(int result, void *cookie)
{
	secure_act(cookie, CURL_SOCKET_TIMEOUT, 0);
}

/* --- its life --- */

static int secure_set(struct secure *u)
{
	CURLM *m = u->multi;

	return curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, socket_wanted) ||
			       curl_multi_setopt(m, CURLMOPT_SOCKETDATA, u) ||
			       curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, timer_wanted) ||
			       curl_multi_setopt(m, CURLMOPT_TIMERDATA, u) ||
			       curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, (long)LIMIT_CALL_KEPT) ||
			       curl_multi_setopt(m, CURLMOPT_MAX_TOTAL_CONNECTIONS,
						 (long)LIMIT_CALL_CONNECTIONS) ?
		       -ENOMEM :
		       0;
}

int secure_open(struct loop *l, struct secure **ret_secure)
{
	struct secure *u;

	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return -ENOMEM;
	u = calloc(1, sizeof(*u));
	if (!u)
		goto cleanup;
	u->loop = l;
	u->timer = (struct loop_handle){ .done = timer_done, .cookie = u };
	u->multi = curl_multi_init();
	if (!u->multi || secure_set(u))
		goto free_secure;
	*ret_secure = u;
	return 0;

free_secure:
	if (u->multi)
		curl_multi_cleanup(u->multi);
	loop_cancel(&u->timer);
	free(u);
cleanup:
	curl_global_cleanup();
	return -ENOMEM;
}

void secure_close(struct secure *u)
{
	struct watch *w, *next;

	if (!u)
		return;
	secure_collect(u);
	curl_multi_cleanup(u->multi);
	for (w = u->watches; w; w = next) {
		next = w->next;
		loop_cancel(&w->handle);
		free(w);
	}
	loop_cancel(&u->timer);
	free(u);
	curl_global_cleanup();
}
