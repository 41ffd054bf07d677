// SPDX-License-Identifier: GPL-2.0-or-later
/* A client of HTTP services that measures: counted requests over kept connections, or streams of events. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
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

#include "http/answer.h"
#include "http/chunked.h"

static const char usage[] =
	"usage: load [OPTION]... PORT PATH\n"
	"POSTs a body to 127.0.0.1:PORT over and over, the next when the answer before has ended.\n"
	"An answer that is no whole 200 ends all, with exit status 1.\n"
	"\n"
	"  -b FILE           the body (none)\n"
	"  -c N              connections at once (1)\n"
	"  -n N              requests, over all of them (1000)\n"
	"  -w N              before these, not measured (0)\n"
	"  -a ADDRESS=TOKEN  connect from there, with that bearer token; given several times, the\n"
	"                    connections are dealt out\n"
	"  -H LINE           a header line more\n"
	"  -s                answers are streams of events: one for each connection, begun within\n"
	"                    a second, and how long none came is measured\n"
	"  -i                likewise, but once each has begun, they are held until standard input\n"
	"                    ends\n"
	"\n"
	"Prints `NAME VALUE` lines; times are in nanoseconds.\n";

#define AGENTS 16
#define LINES  8
#define BUFFER 65536

struct agent {
	struct in_addr address;
	char *request;
	size_t request_len;
};

struct client {
	int fd;
	const struct agent *agent;
	size_t sent;
	bool waits_for_room, asked, head_read, event_seen;
	struct http_answer_scan scan;
	enum http_framing framing;
	struct http_chunked chunked;
	uint64_t left;
	long long start, last;
	size_t len;
	char bytes[BUFFER]; /* of the head, until it is whole */
};

static struct agent agents[AGENTS];
static size_t agent_count;
static struct client *clients;
static unsigned long client_count = 1, wanted = 1000, warm;
static bool streams, idle;
static uint16_t port;
static int epoll_fd;

static unsigned long started, ended, begun, reopened;
static long long measured_from;
static long long *latencies, *gaps, *firsts;
static size_t gap_count, gap_room;
static unsigned long first_count;
static char buffer[BUFFER];

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* --- requests --- */

static char *file_read(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "r");
	char *bytes = NULL;
	size_t room = 0;
	ssize_t len;

	/* A byte of EOF's value is in no text. */
	len = f ? getdelim(&bytes, &room, EOF, f) : -1;
	if (len < 0)
		err(1, "%s", path);
	*ret_len = (size_t)len;
	fclose(f);
	return bytes;
}

static void request_make(struct agent *a, const char *path, const char *token, char *const *lines,
			 size_t line_count, const char *body, size_t body_len)
{
	FILE *f = open_memstream(&a->request, &a->request_len);
	size_t i;

	if (!f)
		err(1, "a request");
	fprintf(f, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n", path, port);
	fprintf(f, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body_len);
	if (token)
		fprintf(f, "Authorization: Bearer %s\r\n", token);
	for (i = 0; i < line_count; i++)
		fprintf(f, "%s\r\n", lines[i]);
	fputs("\r\n", f);
	fwrite(body, 1, body_len, f);
	if (fclose(f))
		err(1, "a request");
}

/* --- connections --- */

static void client_connect(struct client *c)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = c->agent->address };
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
	const int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || bind(c->fd, (struct sockaddr *)&in, sizeof(in)) < 0)
		err(1, "a socket");
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons(port);
	if (connect(c->fd, (struct sockaddr *)&in, sizeof(in)) < 0)
		err(1, "port %u", port);
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &e) < 0)
		err(1, "epoll");
}

static void client_watch(struct client *c, bool room)
{
	struct epoll_event e = { .events = EPOLLIN | (room ? EPOLLOUT : 0U), .data.ptr = c };

	if (room != c->waits_for_room && epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &e) < 0)
		err(1, "epoll");
	c->waits_for_room = room;
}

static void client_say(struct client *c)
{
	const struct agent *a = c->agent;
	ssize_t put;

	while (c->sent < a->request_len) {
		put = send(c->fd, a->request + c->sent, a->request_len - c->sent,
			   MSG_NOSIGNAL | MSG_DONTWAIT);
		if (put < 0 && errno == EAGAIN)
			break;
		if (put < 0)
			err(1, "a request was not taken");
		c->sent += (size_t)put;
	}
	client_watch(c, c->sent < a->request_len);
}

static void client_ask(struct client *c)
{
	started++;
	c->asked = true;
	c->head_read = c->event_seen = false;
	c->sent = c->len = 0;
	c->scan = (struct http_answer_scan){ 0 };
	c->start = now();
	client_say(c);
}

/* --- answers --- */

static void answer_refused(const char *what, const char *bytes, size_t len)
{
	errx(1, "%s: %.*s", what, (int)(len > 600 ? 600 : len), bytes);
}

/* Something of a stream came. */
static void event_note(struct client *c, long long at)
{
	if (!c->event_seen) {
		c->event_seen = true;
		firsts[first_count++] = at - c->start;
		begun++;
	} else if (!idle) {
		if (gap_count == gap_room) {
			gap_room = gap_room ? gap_room * 2 : 4096;
			gaps = reallocarray(gaps, gap_room, sizeof(*gaps));
			if (!gaps)
				err(1, "times");
		}
		gaps[gap_count++] = at - c->last;
	}
	c->last = at;
}

/* False: it is to come yet. */
static bool head_take(struct client *c, size_t *ret_size)
{
	struct http_answer answer;
	const char *why;
	int e = http_answer_read(c->bytes, c->len, false, &c->scan, ret_size, &answer, &why);

	if (e == -EAGAIN)
		return false;
	if (e)
		answer_refused(why, c->bytes, c->len);
	if (answer.status != 200)
		answer_refused("an answer that is not 200", c->bytes, c->len);
	if (answer.framing == HTTP_FRAMING_CLOSE)
		answer_refused("an answer whose end cannot be told", c->bytes, c->len);
	c->head_read = true;
	c->framing = answer.framing;
	c->left = answer.length;
	http_chunked_begin(&c->chunked, HTTP_CHUNKED_EXTRAS);
	return true;
}

/* Of the body. True: that was its end. */
static bool body_take(struct client *c, const char *bytes, size_t len)
{
	struct http_span data;
	bool some = false;
	size_t took;

	if (c->framing == HTTP_FRAMING_LENGTH) {
		if (len > c->left)
			answer_refused("more than the answer", bytes, len);
		c->left -= len;
		some = len > 0;
	} else if (c->framing == HTTP_FRAMING_CHUNKED) {
		while (len && !http_chunked_done(&c->chunked)) {
			if (http_chunked_take(&c->chunked, bytes, len, &took, &data))
				answer_refused("no chunks", bytes, len);
			some = some || data.len;
			bytes += took;
			len -= took;
		}
		if (len)
			answer_refused("more than the answer", bytes, len);
	}
	if (streams && some)
		event_note(c, now());
	return c->framing == HTTP_FRAMING_NONE ||
	       (c->framing == HTTP_FRAMING_LENGTH ? !c->left : http_chunked_done(&c->chunked));
}

static bool bytes_take(struct client *c, const char *bytes, size_t len)
{
	size_t size, before = c->len;

	if (c->head_read)
		return body_take(c, bytes, len);
	if (len > BUFFER - before)
		answer_refused("no head", c->bytes, c->len);
	memcpy(c->bytes + before, bytes, len);
	c->len += len;
	return head_take(c, &size) && body_take(c, bytes + (size - before), len - (size - before));
}

static void answer_end(struct client *c)
{
	if (ended >= warm && !streams)
		latencies[ended - warm] = now() - c->start;
	if (++ended == warm)
		measured_from = now();
	c->asked = false;
	if (!streams && started < warm + wanted)
		client_ask(c);
}

static void client_hear(struct client *c)
{
	ssize_t got = recv(c->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0 && c->asked)
		errx(1, "the connection ended before the answer");
	if (got <= 0) {
		/* Between answers it may; what comes next needs another. */
		close(c->fd);
		reopened++;
		client_connect(c);
		return;
	}
	if (!c->asked)
		answer_refused("an answer that nobody waits for", buffer, (size_t)got);
	if (bytes_take(c, buffer, (size_t)got))
		answer_end(c);
}

/* Waits, and serves what is ready; -1: without end. */
static void turn(int ms)
{
	struct epoll_event ready[256];
	int i, count = epoll_wait(epoll_fd, ready, 256, ms);

	for (i = 0; i < count; i++) {
		struct client *c = ready[i].data.ptr;

		if (ready[i].events & EPOLLOUT)
			client_say(c);
		if (ready[i].events & ~(uint32_t)EPOLLOUT)
			client_hear(c);
	}
}

/* --- runs --- */

static void clients_open(void)
{
	unsigned long i;

	for (i = 0; i < client_count; i++) {
		clients[i].agent = &agents[i % agent_count];
		client_connect(&clients[i]);
	}
}

static int compare(const void *a, const void *b)
{
	const long long x = *(const long long *)a, y = *(const long long *)b;

	return x < y ? -1 : x > y;
}

static void times_print(const char *name, long long *times, size_t count)
{
	if (!count)
		return;
	qsort(times, count, sizeof(*times), compare);
	printf("%s_p50 %lld\n%s_p90 %lld\n%s_p99 %lld\n%s_max %lld\n", name, times[count / 2], name,
	       times[count - 1 - count / 10], name, times[count - 1 - count / 100], name,
	       times[count - 1]);
}

static void requests_run(void)
{
	double seconds;
	unsigned long i;

	measured_from = now();
	for (i = 0; i < client_count && started < warm + wanted; i++)
		client_ask(&clients[i]);
	while (ended < warm + wanted)
		turn(-1);
	seconds = (double)(now() - measured_from) / 1e9;
	printf("requests %lu\nreopened %lu\nseconds %.6f\nrate %.1f\n", wanted, reopened, seconds,
	       (double)wanted / seconds);
	times_print("latency", latencies, wanted);
}

/* So that the streams' events are spread as evenly as their beginnings. */
static void streams_run(void)
{
	const long long start = now(), spread = 1000000000LL;
	unsigned long next = 0;

	while (idle ? begun < client_count : ended < client_count) {
		while (next < client_count &&
		       now() - start >= spread / (long long)client_count * (long long)next)
			client_ask(&clients[next++]);
		turn(next < client_count ? 1 : -1);
	}
	if (idle) {
		printf("open %lu\n", begun);
		fflush(stdout);
		while (read(STDIN_FILENO, buffer, sizeof(buffer)) > 0)
			;
		return;
	}
	printf("streams %lu\npieces %zu\n", ended, gap_count + first_count);
	times_print("first", firsts, first_count);
	times_print("gap", gaps, gap_count);
}

static void agent_add(char *text, char **ret_token)
{
	char *equals = strchr(text, '=');

	if (!equals || agent_count == AGENTS)
		errx(2, "-a takes ADDRESS=TOKEN, %d times at most", AGENTS);
	*equals = '\0';
	if (inet_pton(AF_INET, text, &agents[agent_count].address) != 1)
		errx(2, "%s is no address", text);
	ret_token[agent_count++] = equals + 1;
}

static void files_allow(void)
{
	struct rlimit files;

	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

int main(int argc, char **argv)
{
	char *tokens[AGENTS] = { NULL }, *lines[LINES];
	const char *body = "";
	size_t line_count = 0, body_len = 0, i;
	int opt;

	while ((opt = getopt(argc, argv, "b:c:n:w:a:H:si")) != -1) {
		switch (opt) {
		case 'b':
			body = file_read(optarg, &body_len);
			break;
		case 'c':
			client_count = strtoul(optarg, NULL, 10);
			break;
		case 'n':
			wanted = strtoul(optarg, NULL, 10);
			break;
		case 'w':
			warm = strtoul(optarg, NULL, 10);
			break;
		case 'a':
			agent_add(optarg, tokens);
			break;
		case 'H':
			if (line_count == LINES)
				errx(2, "too many lines");
			lines[line_count++] = optarg;
			break;
		case 's':
			streams = true;
			break;
		case 'i':
			streams = idle = true;
			break;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (argc - optind != 2 || !client_count || !wanted) {
		fputs(usage, stderr);
		return 2;
	}
	port = (uint16_t)atoi(argv[optind]);
	if (!agent_count)
		agents[agent_count++].address.s_addr = htonl(INADDR_LOOPBACK);
	for (i = 0; i < agent_count; i++)
		request_make(&agents[i], argv[optind + 1], tokens[i], lines, line_count, body,
			     body_len);
	files_allow();
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	clients = calloc(client_count, sizeof(*clients));
	latencies = calloc(wanted + client_count, sizeof(*latencies));
	firsts = calloc(client_count, sizeof(*firsts));
	if (epoll_fd < 0 || !clients || !latencies || !firsts)
		err(1, "no memory");
	clients_open();
	if (streams)
		streams_run();
	else
		requests_run();
	return 0;
}
