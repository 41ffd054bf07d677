// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests to providers by either client: silence behind the head of an answer ends them, and a late piece does not. */
#include "gateway/upstream.h"
#include "tests/tap.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/resolver.h"

#define SILENCE_MS 300
#define LONG_MS	   60000 /* for the head: whoever waits so long here waits for the wrong thing */
#define GUARD_MS   20000

struct seen {
	struct loop *loop;
	struct exchange *exchange;
	bool ended, guarded;
	enum exchange_end how;
	int status;
	size_t len;
};

static void head_seen(const struct exchange_head *head, void *cookie)
{
	struct seen *s = cookie;

	s->status = head->status;
}

static enum exchange_take data_seen(const void *bytes, size_t len, void *cookie)
{
	struct seen *s = cookie;

	s->len += len;
	return EXCHANGE_GO_ON;
}

static void end_seen(enum exchange_end how, void *cookie)
{
	struct seen *s = cookie;

	s->ended = true;
	s->how = how;
	s->exchange = NULL;
	loop_stop(s->loop);
}

static void guard_due(int result, void *cookie)
{
	struct seen *s = cookie;

	s->guarded = true;
	exchange_cancel(s->exchange);
	loop_stop(s->loop);
}

/* Answers one request with a piece at once and as many more, each a third of the silence later; then nothing. */
static pid_t provider_start(unsigned int more, uint16_t *ret_port)
{
	static const char head[] =
		"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 8\r\n\r\n";
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), client;
	char bytes[4096];
	pid_t pid;

	if (fd < 0 || bind(fd, (struct sockaddr *)&in, len) < 0 || listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &len) < 0)
		return -1;
	*ret_port = ntohs(in.sin_port);
	pid = fork();
	if (pid) {
		close(fd);
		return pid;
	}
	client = accept(fd, NULL, NULL);
	if (recv(client, bytes, sizeof(bytes), 0) <= 0 ||
	    send(client, head, sizeof(head) - 1, MSG_NOSIGNAL) < 0 ||
	    send(client, "a", 1, MSG_NOSIGNAL) < 0)
		_exit(1);
	while (more--) {
		usleep(SILENCE_MS * 1000 / 3);
		send(client, "a", 1, MSG_NOSIGNAL);
	}
	pause();
	_exit(0);
}

static void ask(bool libcurl, unsigned int more, struct seen *ret_seen)
{
	struct loop_handle guard = { .done = guard_due, .cookie = ret_seen };
	const struct exchange_events events = { .head = head_seen,
						.data = data_seen,
						.end = end_seen,
						.cookie = ret_seen };
	const struct exchange_request request = {
		.streamed = true,
		.connect_ms = LONG_MS,
		.answer_ms = LONG_MS,
		.silence_ms = SILENCE_MS,
		.total_ms = 2 * LONG_MS
	};
	struct exchange_request r = request;
	struct resolver *resolver = NULL;
	struct upstream *upstream = NULL;
	const char *note;
	uint16_t port = 0;
	char url[64];
	pid_t pid = provider_start(more, &port);

	*ret_seen = (struct seen){ .how = EXCHANGE_FAILED };
	REQUIRE(pid > 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1", port);
	r.url = url;
	REQUIRE(loop_open(&ret_seen->loop, &note) == 0);
	REQUIRE(libcurl || resolver_open(ret_seen->loop, &resolver) == 0);
	REQUIRE(upstream_open(ret_seen->loop, resolver, &upstream) == 0);
	REQUIRE(loop_timer(ret_seen->loop, &guard, GUARD_MS) == 0);
	REQUIRE(exchange_start(upstream, &r, &events, &ret_seen->exchange) == 0);
	CHECK(loop_run(ret_seen->loop) == 0);
	loop_cancel(&guard);
	upstream_close(upstream);
	if (resolver)
		resolver_close(resolver);
	loop_close(ret_seen->loop);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void silence_behind_the_head_ends_it(void)
{
	struct seen s;
	int libcurl;

	for (libcurl = 0; libcurl < 2; libcurl++) {
		ask(libcurl, 0, &s);
		CHECK_MSG(s.ended && !s.guarded && s.how == EXCHANGE_SILENT, "libcurl %d: %d",
			  libcurl, s.how);
		CHECK(s.status == 200 && s.len == 1);
	}
}

/* Pieces that come in time, for longer than the silence that is allowed. */
static void who_goes_on_is_not_silent(void)
{
	struct seen s;
	int libcurl;

	for (libcurl = 0; libcurl < 2; libcurl++) {
		ask(libcurl, 7, &s);
		CHECK_MSG(s.ended && s.how == EXCHANGE_WHOLE, "libcurl %d: %d", libcurl, s.how);
		CHECK(s.status == 200 && s.len == 8);
	}
}

static const struct tap_test tests[] = {
	TEST(silence_behind_the_head_ends_it),
	TEST(who_goes_on_is_not_silent),
};

int main(int argc, char **argv)
{
	return tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
