// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl audit metrics: the log for a monitoring system, printed once or served over HTTP. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "audit/metrics.h"
#include "base/limits.h"
#include "ctl/audit.h"
#include "ctl/ctl.h"
#include "ctl/growth.h"
#include "ctl/printer.h"
#include "ctl/question.h"
#include "http/head.h"

static const char help[] =
	"Usage: agentctl audit metrics [OPTION]...\n"
	"Counts records of the log for a monitoring system, in Prometheus' text format: calls of\n"
	"models, their tokens, cost, duration and errors by agent, provider and model; acts and\n"
	"connections by agent; records that were lost.\n"
	"\n"
	"      --listen ADDR:PORT  serve it at http://ADDR:PORT/metrics, up to date at each\n"
	"                          request, until Ctrl-C; ADDR is an IPv4 address\n"
	"\n";
static const char help_end[] =
	"  agentctl audit metrics\n"
	"  agentctl audit metrics > /var/lib/node-exporter/agentos.prom\n"
	"  agentctl audit metrics --listen 127.0.0.1:9464\n"
	"\n"
	"Whoever can connect to that address reads it: the names of agents, and what they spend.\n"
	"An agent reaches it only where its policy allows a connection to there.\n"
	"\n"
	"Exit status:\n"
	"    0  done\n"
	"    1  no log, not readable, damaged, or nothing can listen there\n"
	"    2  the command line is wrong\n";

#define CLIENT_MS 5000 /* that one client has for its request, and to take the answer */

struct server {
	struct question question;
	struct metrics *metrics;
	struct scan *scan;
	bool listens;
	struct sockaddr_in at;
};

/* "127.0.0.1:9464" */
static bool address_read(const char *text, struct sockaddr_in *ret_at)
{
	const char *colon = strrchr(text, ':');
	char host[INET_ADDRSTRLEN];
	uint64_t port;

	if (!colon || (size_t)(colon - text) >= sizeof(host) ||
	    !question_number(colon + 1, &port) || !port || port > UINT16_MAX)
		return false;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	*ret_at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	return inet_pton(AF_INET, host, &ret_at->sin_addr) == 1;
}

/* -1 to go on, else the exit status. */
static int server_parse(int argc, char **argv, struct server *s)
{
	enum { LISTEN = 256 };
	static const struct option options[] = {
		{ "listen", required_argument, NULL, LISTEN },
		{ "help", no_argument, NULL, 'h' },
		QUESTION_OPTIONS,
		{ 0 },
	};
	int option, rc;

	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (option) {
		case 'h':
			printf("%s%s%s", help, question_help, help_end);
			return CTL_OK;
		case LISTEN:
			if (!address_read(optarg ? optarg : "", &s->at))
				return ctl_usage("audit", "--listen takes an IPv4 address and a "
							  "port, such as 127.0.0.1:9464");
			s->listens = true;
			break;
		default:
			rc = question_option(&s->question, option, optarg ? optarg : "");
			if (rc >= 0)
				return rc;
		}
	}
	if (optind < argc)
		return ctl_usage("audit", "metrics takes options only");
	return question_done(&s->question);
}

/* Counts what was written since. */
static int server_catch_up(struct server *s, struct fault *f)
{
	struct record r;
	int rc;

	while ((rc = scan_next(s->scan, &r, f)) == 1) {
		rc = metrics_add(s->metrics, &r);
		if (rc)
			return fault_set(f, -rc, "%s", strerror(-rc));
	}
	return rc;
}

/* --- over HTTP --- */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for the client, and no longer than it has. */
static bool client_ready(int fd, short events, int64_t until)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left = until - now_ms();

	return left > 0 && poll(&p, 1, (int)left) == 1;
}

static bool client_write(int fd, const char *bytes, size_t len, int64_t until)
{
	ssize_t sent;

	while (len) {
		if (!client_ready(fd, POLLOUT, until))
			return false;
		sent = send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (sent > 0) {
			bytes += sent;
			len -= (size_t)sent;
		}
	}
	return true;
}

static void client_answer(int fd, int status, const char *text, const char *body, size_t len,
			  int64_t until)
{
	char head[256];
	int size = snprintf(head, sizeof(head),
			    "HTTP/1.1 %d %s\r\n"
			    "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
			    "Content-Length: %zu\r\n"
			    "Connection: close\r\n"
			    "\r\n",
			    status, text, len);

	if (client_write(fd, head, (size_t)size, until))
		client_write(fd, body, len, until);
}

/* The head of a request, or what is wrong with it: 0, or the status to answer with; -1: nothing came. */
static int client_read(int fd, struct http_head *ret_head, char *room, int64_t until)
{
	size_t len = 0, looked = 0, size;
	struct http_fault fault;
	ssize_t got;
	int err;

	for (;;) {
		if (len == LIMIT_HTTP_HEAD || !client_ready(fd, POLLIN, until))
			return -1;
		got = recv(fd, room + len, LIMIT_HTTP_HEAD - len, MSG_DONTWAIT);
		if (got <= 0)
			return -1;
		len += (size_t)got;
		err = http_head_end(room, len, &looked, &size, &fault);
		if (err == -EAGAIN)
			continue;
		if (!err)
			err = http_head_parse(room, size, ret_head, &fault);
		return err ? fault.status : 0;
	}
}

/* Exactly: methods and paths have a case. */
static bool span_is(struct http_span span, const char *text)
{
	return span.len == strlen(text) && memcmp(span.at, text, span.len) == 0;
}

/* Negative: the log cannot be read on. */
static int client_serve(struct server *s, int fd, struct fault *f)
{
	const int64_t until = now_ms() + CLIENT_MS;
	char room[LIMIT_HTTP_HEAD], *text = NULL;
	struct http_head head = { 0 };
	size_t size = 0;
	int status, rc;
	FILE *out;

	status = client_read(fd, &head, room, until);
	if (status < 0)
		return 0;
	if (!status && !span_is(head.path, "/metrics"))
		status = 404;
	else if (!status && !span_is(head.method, "GET"))
		status = 405;
	if (status) {
		client_answer(fd, status, "Not served", "see /metrics\n", strlen("see /metrics\n"),
			      until);
		return 0;
	}
	rc = server_catch_up(s, f);
	if (rc)
		return rc;
	out = open_memstream(&text, &size);
	if (out)
		metrics_write(s->metrics, out);
	if (!out || fclose(out))
		client_answer(fd, 500, "Out of memory", "", 0, until);
	else
		client_answer(fd, 200, "OK", text, size, until);
	free(text);
	return 0;
}

static int server_listen(const struct server *s, struct fault *f)
{
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return fault_set(f, errno, "cannot listen: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&s->at, sizeof(s->at)) < 0 || listen(fd, 16) < 0) {
		fault_set(f, errno, "cannot listen at port %u: %s", ntohs(s->at.sin_port),
			  strerror(errno));
		close(fd);
		return -EADDRNOTAVAIL;
	}
	return fd;
}

/* One client at a time: what it takes is bounded, and a monitoring system is one. */
static int server_run(struct server *s, struct fault *f)
{
	struct pollfd at = { .fd = server_listen(s, f), .events = POLLIN };
	int client, rc = 0;

	if (at.fd < 0)
		return at.fd;
	growth_signals();
	fprintf(stderr, "agentctl: serves http://%s:%u/metrics\n", inet_ntoa(s->at.sin_addr),
		ntohs(s->at.sin_port));
	while (!rc && !growth_ended()) {
		if (growth_poll(&at, 1, -1) <= 0)
			continue;
		client = accept4(at.fd, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0)
			continue;
		rc = client_serve(s, client, f);
		close(client);
	}
	close(at.fd);
	return rc;
}

int audit_metrics(int argc, char **argv)
{
	struct server s = { 0 };
	struct fault f = { "" };
	int rc;

	if (!question_init(&s.question))
		return CTL_FAILED;
	rc = server_parse(argc, argv, &s);
	if (rc >= 0) {
		question_release(&s.question);
		return rc;
	}
	rc = metrics_create(&s.metrics);
	if (rc)
		fault_set(&f, -rc, "%s", strerror(-rc));
	else
		rc = question_scan(&s.question, &s.scan, &f);
	if (!rc) {
		rc = server_catch_up(&s, &f);
		if (!rc && s.listens)
			rc = server_run(&s, &f);
		else if (!rc)
			metrics_write(s.metrics, stdout);
		scan_close(s.scan);
	}
	metrics_free(s.metrics);
	question_release(&s.question);
	if (!rc && !s.listens)
		rc = printer_flush(&f);
	if (rc == 0 || rc == -EPIPE)
		return CTL_OK;
	ctl_complain("%s", f.text);
	return CTL_FAILED;
}
