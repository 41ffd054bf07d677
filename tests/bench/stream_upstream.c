// SPDX-License-Identifier: GPL-2.0-or-later
/* A provider of streams for measurements: so many events a second to each client, in OpenAI's chat wire. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http/head.h"

/*
 * usage: stream_upstream RATE EVENTS
 *
 * Answers each POST with a stream of EVENTS events, the first at once and the others RATE a
 * second, each an HTTP chunk of its own, and then the end as OpenAI has it. RATE 0: the first
 * one, and no more until the client goes. A request that asks for no stream gets a whole answer.
 * Says "port N" and serves until it is killed.
 */

#define EVENTS_AT_ONCE 256
#define REQUEST	       16384 /* bytes, at most */

struct client {
	int fd;
	size_t slot; /* in `clients` */
	size_t len, from;
	bool streams;
	unsigned long sent;
	long long next; /* event, in ns */
	char request[REQUEST];
};

static struct client **clients;
static size_t client_count, client_room;
static long long period;
static unsigned long events;

static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
			   "Transfer-Encoding: chunked\r\n\r\n";

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void client_open(int epoll, int fd)
{
	struct client *c = calloc(1, sizeof(*c));
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
	const int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (client_count == client_room) {
		client_room = client_room ? client_room * 2 : 64;
		clients = reallocarray(clients, client_room, sizeof(struct client *));
	}
	if (!c || !clients || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) < 0)
		err(1, "a client");
	c->fd = fd;
	c->slot = client_count;
	clients[client_count++] = c;
}

static void client_close(struct client *c)
{
	clients[c->slot] = clients[--client_count];
	clients[c->slot]->slot = c->slot;
	close(c->fd);
	free(c);
}

/* All of it, or the client is gone: no reader here is so slow that a socket's buffer fills. */
static bool client_say(const struct client *c, const char *text, size_t len)
{
	return send(c->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len;
}

static size_t chunk_put(char *out, const char *text)
{
	return (size_t)sprintf(out, "%zx\r\n%s\r\n", strlen(text), text);
}

#define CHUNK_BEGIN                                                                        \
	"data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1," \
	"\"model\":\"bench\",\"choices\":"

static bool event_send(struct client *c)
{
	char out[2048];
	size_t len = 0;

	if (!c->sent)
		len = (size_t)sprintf(out, "%s", head);
	len += chunk_put(out + len, CHUNK_BEGIN
			 "[{\"index\":0,\"delta\":{\"role\":\"assistant\","
			 "\"content\":\" word\"},\"finish_reason\":null}]}\n\n");
	c->sent++;
	c->next += period;
	if (c->sent == events && period) {
		len += chunk_put(out + len, CHUNK_BEGIN
				 "[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
		len += chunk_put(out + len, CHUNK_BEGIN
				 "[],\"usage\":{\"prompt_tokens\":10,"
				 "\"completion_tokens\":10,\"total_tokens\":20}}\n\n");
		len += chunk_put(out + len, "data: [DONE]\n\n");
		len += (size_t)sprintf(out + len, "0\r\n\r\n");
		c->streams = false;
		c->sent = 0;
	}
	return client_say(c, out, len);
}

/* An answer that is no stream, for who looks whether all is well. */
static bool whole_send(const struct client *c)
{
	static const char body[] =
		"{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1,"
		"\"model\":\"bench\",\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"message\":"
		"{\"role\":\"assistant\",\"content\":\"pong\"}}],\"usage\":{\"prompt_tokens\":10,"
		"\"completion_tokens\":1,\"total_tokens\":11}}";
	char out[1024];
	int len = snprintf(out, sizeof(out),
			   "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
			   "Content-Length: %zu\r\n\r\n%s",
			   sizeof(body) - 1, body);

	return client_say(c, out, (size_t)len);
}

/* False: it went, or sends what it should not. */
static bool client_hear(struct client *c)
{
	struct http_fault fault;
	struct http_head request;
	size_t size;
	ssize_t got;
	bool asked;

	got = recv(c->fd, c->request + c->len, REQUEST - c->len, MSG_DONTWAIT);
	if (got <= 0)
		return got < 0 && (errno == EAGAIN || errno == EINTR);
	c->len += (size_t)got;
	if (http_head_end(c->request, c->len, &c->from, &size, &fault))
		return c->len < REQUEST;
	if (http_head_parse(c->request, size, &request, &fault) || request.chunked || c->streams)
		return false;
	if (c->len < size + request.length)
		return c->len < REQUEST;
	asked = memmem(c->request + size, request.length, "\"stream\"", 8) != NULL;
	c->len = c->from = 0;
	if (!asked)
		return whole_send(c);
	c->streams = true;
	c->next = now();
	return event_send(c);
}

static void clients_tick(void)
{
	const long long at = now();
	size_t i;

	for (i = 0; i < client_count; i++) {
		struct client *c = clients[i];

		if (!c->streams || !period || c->next > at || event_send(c))
			continue;
		client_close(c);
		i--;
	}
}

static void loop(int epoll, int listener)
{
	struct epoll_event ready[EVENTS_AT_ONCE];
	int i, count, fd;

	for (;;) {
		count = epoll_wait(epoll, ready, EVENTS_AT_ONCE, period ? 1 : -1);
		for (i = 0; i < count; i++) {
			struct client *c = ready[i].data.ptr;

			if (c) {
				if (!client_hear(c))
					client_close(c);
				continue;
			}
			fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
			if (fd >= 0)
				client_open(epoll, fd);
		}
		if (period)
			clients_tick();
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event e = { .events = EPOLLIN };
	socklen_t len = sizeof(in);
	struct rlimit files;
	long rate;

	if (argc != 3) {
		fprintf(stderr, "usage: stream_upstream RATE EVENTS\n");
		return 2;
	}
	rate = atol(argv[1]);
	period = rate > 0 ? 1000000000LL / rate : 0;
	events = strtoul(argv[2], NULL, 10);
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (listener < 0 || epoll < 0 || bind(listener, (struct sockaddr *)&in, sizeof(in)) < 0 ||
	    listen(listener, 4096) < 0 || getsockname(listener, (struct sockaddr *)&in, &len) < 0 ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e) < 0)
		err(1, "no socket to listen on");
	printf("port %u\n", ntohs(in.sin_port));
	fflush(stdout);
	loop(epoll, listener);
}
