// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests without TLS, one by one: which address is asked, what is told when, what a lost connection costs, limits. */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/breakers.h"
#include "gateway/plain.h"
#include "tests/tap.h"
#include "tests/unit/blocking.h"

#define WAIT_MS 20000 /* whoever hangs fails */
#define GOOD	"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

/* --- timers, which there may be no memory for --- */

static unsigned int timers_fail; /* as many of the next ones */

/* The linker's names: --wrap=loop_timer. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
int __real_loop_timer(struct loop *l, struct loop_handle *h, unsigned int ms);
int __wrap_loop_timer(struct loop *l, struct loop_handle *h, unsigned int ms);

int __wrap_loop_timer(struct loop *l, struct loop_handle *h, unsigned int ms)
{
	if (!timers_fail)
		return __real_loop_timer(l, h, ms);
	timers_fail--;
	return -ENOMEM;
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

/* --- names --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool held; /* "held.test" is not answered */

static void names_hold(bool hold)
{
	pthread_mutex_lock(&lock);
	held = hold;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static struct addrinfo *numeric(const char *address)
{
	static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(address, NULL, &hints, &list) ? NULL : list;
}

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		struct addrinfo **ret_list)
{
	static const struct {
		const char *name, *first, *second;
	} names[] = {
		{ "localhost", "::1", "127.0.0.1" },
		{ "silent.test", "127.0.0.9", "127.0.0.1" },
		{ "mute.test", "127.0.0.9", "127.0.0.9" },
	};
	size_t i;

	blocking_check("getaddrinfo");
	pthread_mutex_lock(&lock);
	while (held && strcmp(name, "held.test") == 0)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i].name) != 0)
			continue;
		*ret_list = numeric(names[i].first);
		(*ret_list)->ai_next = numeric(names[i].second);
		return 0;
	}
	return EAI_NONAME;
}

/* --- a request, and what is told of it --- */

struct stage {
	struct loop *loop;
	struct resolver *resolver;
	struct plain *plain;
	struct loop_handle timer;
	uint16_t port;
	int listener;
	struct exchange *exchange;
	unsigned int sent, heads, ends;
	int status;
	enum exchange_end how;
	enum exchange_take take;
	bool cancels; /* at "sent" */
	unsigned int refused;
	char body[64];
	size_t len;
	const unsigned int *until; /* the loop runs until this is not 0 */
};

static void told(struct stage *s)
{
	if (s->until && *s->until)
		loop_stop(s->loop);
}

static void sent(void *cookie)
{
	struct stage *s = cookie;

	s->sent++;
	if (s->cancels)
		exchange_cancel(s->exchange);
	told(s);
}

static void head(const struct exchange_head *h, void *cookie)
{
	struct stage *s = cookie;

	s->heads++;
	s->status = h->status;
	told(s);
}

static enum exchange_take data(const void *bytes, size_t len, void *cookie)
{
	struct stage *s = cookie;

	if (s->take == EXCHANGE_WAIT) {
		s->refused++;
	} else if (len < sizeof(s->body) - s->len) {
		memcpy(s->body + s->len, bytes, len);
		s->len += len;
	}
	told(s);
	return s->take;
}

static void end(enum exchange_end how, void *cookie)
{
	struct stage *s = cookie;

	s->exchange = NULL;
	s->ends++;
	s->how = how;
	told(s);
}

static void late(int result, void *cookie)
{
	struct stage *s = cookie;

	loop_stop(s->loop);
}

/* Until *what is not 0; without one, as long as there may be something to do. */
static bool run(struct stage *s, const unsigned int *what)
{
	if (what && *what)
		return true;
	s->until = what;
	if (loop_timer(s->loop, &s->timer, what ? WAIT_MS : 100))
		return false;
	loop_run(s->loop);
	loop_cancel(&s->timer);
	s->until = NULL;
	return !what || *what;
}

static int listen_at(const char *address, uint16_t port, int backlog, uint16_t *ret_port)
{
	const struct egress_address v4 = { .family = AF_INET }, v6 = { .family = AF_INET6 };
	struct egress_address a = strchr(address, ':') ? v6 : v4;
	struct sockaddr_storage at;
	socklen_t len;
	int fd;

	inet_pton(a.family, address, a.addr);
	len = resolver_address(&a, port, &at);
	fd = socket(a.family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&at, len) < 0 || listen(fd, backlog) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) < 0) {
		close(fd);
		return -1;
	}
	/* At the same place in both. */
	*ret_port = ntohs(((struct sockaddr_in *)&at)->sin_port);
	return fd;
}

static bool stage_open(struct stage *s, const char *address)
{
	const char *note;

	*s = (struct stage){ .timer = { .done = late, .cookie = s } };
	s->listener = listen_at(address, 0, 256, &s->port);
	return s->listener >= 0 && !loop_open(&s->loop, &note) &&
	       !resolver_open(s->loop, &s->resolver) &&
	       !plain_open(s->loop, s->resolver, &s->plain);
}

static void stage_close(struct stage *s)
{
	unsigned int tries;

	exchange_cancel(s->exchange);
	CHECK_INT(s->plain->count, s->plain->kept_count);
	plain_close(s->plain);
	/* It waits for its threads for a moment, and a busy machine may take longer. */
	for (tries = 0; tries < 100 && !resolver_close(s->resolver); tries++)
		;
	CHECK(tries < 100);
	loop_close(s->loop);
	close(s->listener);
}

/* POST of that many bytes; the first of them say which request it is. */
static bool start(struct stage *s, const char *host, unsigned int connect_ms, size_t size)
{
	static char body[8 << 20];
	char url[64];
	const struct iovec part = { body, size };
	const struct exchange_request r = {
		.url = url,
		.post = true,
		.parts = &part,
		.part_count = 1,
		.connect_ms = connect_ms,
		.answer_ms = WAIT_MS,
		.silence_ms = WAIT_MS,
		.total_ms = 2 * WAIT_MS
	};
	const struct exchange_events
		events = { .sent = sent, .head = head, .data = data, .end = end, .cookie = s };

	snprintf(url, sizeof(url), "http://%s:%u/x", host, s->port);
	s->sent = s->heads = s->ends = 0;
	s->len = 0;
	return plain_start(s->plain, &r, &events, &s->exchange) == 0;
}

/* The provider's side of it. A head that is read is in `seen`. */
static char seen[4096];

static int server_take(const struct stage *s)
{
	struct pollfd p = { .fd = s->listener, .events = POLLIN };

	return poll(&p, 1, WAIT_MS) == 1 ? accept4(s->listener, NULL, NULL, SOCK_CLOEXEC) : -1;
}

static bool server_read(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t len = poll(&p, 1, WAIT_MS) == 1 ? recv(fd, seen, sizeof(seen) - 1, 0) : -1;

	seen[len > 0 ? len : 0] = '\0';
	return len > 0;
}

static bool server_say(int fd, const char *text)
{
	return send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

/* One that is answered. The connection, or -1. */
static int server_answer(struct stage *s)
{
	int fd = run(s, &s->sent) ? server_take(s) : -1;

	if (fd >= 0 && server_read(fd) && server_say(fd, GOOD) && run(s, &s->ends) &&
	    s->how == EXCHANGE_WHOLE && s->len == 5)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* --- which address is asked --- */

static void a_name_is_asked_at_the_address_that_answers(void)
{
	char host[64];
	struct stage s;
	int fd;

	REQUIRE(stage_open(&s, "127.0.0.1"));
	/* Nobody listens at the first of them. */
	REQUIRE(start(&s, "localhost", WAIT_MS, 2));
	fd = server_answer(&s);
	CHECK(fd >= 0);
	snprintf(host, sizeof(host), "\r\nHost: localhost:%u\r\n", s.port);
	CHECK_MSG(strstr(seen, host), "%s", seen);
	CHECK_INT(s.plain->kept_count, 1);
	close(fd);
	stage_close(&s);
}

static void an_address_of_six_is_asked(void)
{
	char host[64];
	struct stage s;
	uint16_t port;
	int fd = listen_at("::1", 0, 1, &port);

	if (fd < 0)
		SKIP("there is no IPv6");
	close(fd);
	REQUIRE(stage_open(&s, "::1"));
	REQUIRE(start(&s, "[::1]", WAIT_MS, 2));
	fd = server_answer(&s);
	CHECK(fd >= 0);
	snprintf(host, sizeof(host), "\r\nHost: [::1]:%u\r\n", s.port);
	CHECK_MSG(strstr(seen, host), "%s", seen);
	close(fd);
	/* By its name, too. */
	REQUIRE(start(&s, "localhost", WAIT_MS, 2));
	fd = server_answer(&s);
	CHECK(fd >= 0);
	close(fd);
	stage_close(&s);
}

/* One that takes no more connections: who makes one hears nothing. */
static int silence_make(uint16_t port, int *ret_full)
{
	const struct egress_address a = { .family = AF_INET, .addr = { 127, 0, 0, 9 } };
	struct sockaddr_storage at;
	socklen_t len = resolver_address(&a, port, &at);
	int fd = listen_at("127.0.0.9", port, 0, &port);

	*ret_full = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(*ret_full, (struct sockaddr *)&at, len) < 0)
		return -1;
	return fd;
}

static void a_silent_address_leaves_time_to_the_next(void)
{
	int silent, full, fd;
	struct stage s;

	REQUIRE(stage_open(&s, "127.0.0.1"));
	silent = silence_make(s.port, &full);
	REQUIRE(silent >= 0);
	REQUIRE(start(&s, "silent.test", 2000, 2));
	fd = server_answer(&s);
	CHECK(fd >= 0);
	close(fd);
	/* Where none answers there is an end. */
	REQUIRE(start(&s, "mute.test", 1200, 2));
	CHECK(run(&s, &s.ends));
	CHECK_INT(s.how, EXCHANGE_UNREACHABLE);
	CHECK_INT(s.sent, 0);
	close(full);
	close(silent);
	stage_close(&s);
}

/* Its end alone: is the provider left alone for it? */
static bool rests_after(enum exchange_end how)
{
	static const struct breaker_terms terms = {
		.window_ms = 16000,
		.least = 1,
		.percent = 1,
		.open_ms = 1000,
		.open_cap_ms = 1000
	};
	const struct provider p = { .name = "p" };
	struct breakers *b;
	struct breakers_pass pass;
	uint64_t wait;
	bool may;

	if (breakers_open(&terms, &b) || !breakers_take(b, &p, 0, &pass, &wait))
		return false;
	breakers_ended(&pass, how, 0);
	may = breakers_take(b, &p, 0, &pass, &wait);
	breakers_cancel(&pass);
	breakers_close(b);
	return !may;
}

static void a_resolver_that_is_late_is_no_fault_of_the_providers(void)
{
	struct stage s;

	REQUIRE(stage_open(&s, "127.0.0.1"));
	names_hold(true);
	REQUIRE(start(&s, "held.test", 100, 2));
	CHECK(run(&s, &s.ends));
	CHECK_INT(s.how, EXCHANGE_UNNAMED);
	CHECK_INT(s.sent, 0);
	CHECK(!rests_after(s.how));
	names_hold(false);
	/* One that says that there is no such name is. */
	REQUIRE(start(&s, "none.test", 100, 2));
	CHECK(run(&s, &s.ends));
	CHECK_INT(s.how, EXCHANGE_UNREACHABLE);
	CHECK(rests_after(s.how));
	stage_close(&s);
}

/* --- what is told when --- */

static void a_head_is_told_before_anything_of_the_body(void)
{
	struct stage s;
	int fd;

	REQUIRE(stage_open(&s, "127.0.0.1"));
	REQUIRE(start(&s, "127.0.0.1", WAIT_MS, 2));
	REQUIRE(run(&s, &s.sent));
	fd = server_take(&s);
	REQUIRE(server_read(fd) &&
		server_say(fd, "HTTP/1.1 201 Made\r\nContent-Length: 5\r\n\r\n"));
	CHECK(run(&s, &s.heads));
	CHECK_INT(s.status, 201);
	CHECK_INT(s.len + s.ends, 0);
	CHECK(server_say(fd, "hello"));
	CHECK(run(&s, &s.ends));
	CHECK_INT(s.how, EXCHANGE_WHOLE);
	CHECK_INT(s.heads, 1);
	CHECK_INT(s.len, 5);
	close(fd);
	stage_close(&s);
}

static void an_answer_may_come_before_the_body_is_sent(void)
{
	struct stage s;
	int fd;

	REQUIRE(stage_open(&s, "127.0.0.1"));
	REQUIRE(start(&s, "127.0.0.1", WAIT_MS, 8 << 20));
	REQUIRE(run(&s, &s.sent));
	fd = server_take(&s);
	REQUIRE(server_read(fd));
	/* It reads no more. */
	CHECK(server_say(fd, "HTTP/1.1 413 No\r\nContent-Length: 3\r\n\r\nbig"));
	CHECK(run(&s, &s.ends));
	CHECK_INT(s.how, EXCHANGE_WHOLE);
	CHECK_INT(s.status, 413);
	CHECK_INT(s.len, 3);
	/* Half a request is on it. */
	CHECK_INT(s.plain->kept_count, 0);
	close(fd);
	/* The control. */
	REQUIRE(start(&s, "127.0.0.1", WAIT_MS, 2));
	fd = server_answer(&s);
	CHECK(fd >= 0);
	CHECK_INT(s.plain->kept_count, 1);
	close(fd);
	stage_close(&s);
}

static void who_is_told_that_it_goes_may_cancel_it(void)
{
	struct stage s;
	int fd;

	REQUIRE(stage_open(&s, "127.0.0.1"));
	s.cancels = true;
	REQUIRE(start(&s, "127.0.0.1", WAIT_MS, 2));
	CHECK(run(&s, &s.sent));
	s.exchange = NULL;
	CHECK_INT(s.plain->count, 0);
	fd = server_take(&s);
	CHECK(server_read(fd));
	CHECK(!server_read(fd));
	CHECK_INT(s.heads + s.ends, 0);
	close(fd);
	stage_close(&s);
}

/* An answer that is not taken yet. */
static int refused_start(struct stage *s)
{
	int fd;

	s->take = EXCHANGE_WAIT;
	s->refused = 0;
	if (!start(s, "127.0.0.1", WAIT_MS, 2) || !run(s, &s->sent))
		return -1;
	fd = server_take(s);
	if (fd < 0 || !server_read(fd) || !server_say(fd, GOOD) || !run(s, &s->refused))
		return -1;
	s->take = EXCHANGE_GO_ON;
	return fd;
}

static void who_resumes_is_told_nothing_meanwhile(void)
{
	struct stage s;
	int fd;

	REQUIRE(stage_open(&s, "127.0.0.1"));
	fd = refused_start(&s);
	REQUIRE(fd >= 0);
	/* Without memory for a turn of its own: whoever resumes next brings it on. */
	timers_fail = 1;
	exchange_resume(s.exchange);
	CHECK_INT(timers_fail, 0);
	CHECK_INT(s.len + s.ends, 0);
	exchange_resume(s.exchange);
	CHECK_INT(s.len + s.ends, 0);
	CHECK(run(&s, &s.ends));
	CHECK_INT(s.len, 5);
	close(fd);
	stage_close(&s);
}

static void what_is_not_resumed_for_want_of_memory_is_later(void)
{
	struct plain_exchange *x;
	struct stage s;
	int fd;

	REQUIRE(stage_open(&s, "127.0.0.1"));
	fd = refused_start(&s);
	REQUIRE(fd >= 0);
	timers_fail = 1;
	exchange_resume(s.exchange);
	CHECK_INT(s.len + s.ends, 0);
	/* Its timer is due, rather than in a minute. */
	x = (struct plain_exchange *)s.exchange;
	loop_cancel(&x->timer);
	REQUIRE(loop_timer(s.loop, &x->timer, 1) == 0);
	CHECK(run(&s, &s.ends));
	CHECK_INT(s.how, EXCHANGE_WHOLE);
	CHECK_INT(s.len, 5);
	close(fd);
	/* The control: who is not resumed waits. */
	fd = refused_start(&s);
	REQUIRE(fd >= 0);
	x = (struct plain_exchange *)s.exchange;
	loop_cancel(&x->timer);
	REQUIRE(loop_timer(s.loop, &x->timer, 1) == 0);
	CHECK(run(&s, NULL));
	CHECK_INT(s.len + s.ends, 0);
	close(fd);
	stage_close(&s);
}

/* --- connections --- */

/* A write that ends so, over a connection that was kept or is new. */
static void send_fails(struct stage *s, int err)
{
	struct plain_exchange *x = (struct plain_exchange *)s->exchange;

	loop_cancel(&x->send);
	x->send.done(err, x);
}

static void a_kept_connection_that_is_lost_costs_nothing(void)
{
	static const int errors[] = { -ETIMEDOUT, -EHOSTUNREACH };
	struct stage s;
	int first, second;
	size_t i;

	REQUIRE(stage_open(&s, "127.0.0.1"));
	REQUIRE(start(&s, "127.0.0.1", WAIT_MS, 2));
	first = server_answer(&s);
	REQUIRE(first >= 0);
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		REQUIRE(start(&s, "127.0.0.1", WAIT_MS, 2));
		CHECK(((struct plain_exchange *)s.exchange)->kept);
		send_fails(&s, errors[i]);
		CHECK_INT(s.ends, 0);
		/* What is said on the one that is gone is no answer. */
		server_say(first, "HTTP/1.1 500 Old\r\nContent-Length: 0\r\n\r\n");
		second = s.exchange ? server_answer(&s) : -1;
		CHECK(second >= 0);
		CHECK_INT(s.status, 200);
		close(first);
		first = second;
	}
	close(first);
	/* A new one is not tried again. */
	plain_link_close(s.plain, plain_link_take(s.plain, &s.plain->kept[0].place));
	REQUIRE(start(&s, "127.0.0.1", WAIT_MS, 8 << 20));
	REQUIRE(run(&s, &s.sent));
	send_fails(&s, -ETIMEDOUT);
	CHECK_INT(s.ends, 1);
	CHECK_INT(s.how, EXCHANGE_BROKEN);
	stage_close(&s);
}

/* The oldest goes when there are more than may be kept. */
static void no_more_are_kept_than_may_be(void)
{
	struct plain_place place = { .host = "x" };
	struct stage s;
	int fd, i;

	REQUIRE(stage_open(&s, "127.0.0.1"));
	for (i = 0; i <= LIMIT_CALL_KEPT; i++) {
		REQUIRE(plain_link_open(s.plain, AF_INET, &fd) == 0);
		place.port = (uint16_t)i;
		plain_link_keep(s.plain, &place, fd);
	}
	CHECK_INT(s.plain->kept_count, LIMIT_CALL_KEPT);
	CHECK_INT(s.plain->count, LIMIT_CALL_KEPT);
	CHECK_INT(s.plain->kept[0].place.port, 1);
	stage_close(&s);
}

static void what_is_kept_gives_way_at_the_limit(void)
{
	static int fds[LIMIT_CALL_CONNECTIONS];
	struct plain_place place = { .host = "x" };
	struct rlimit files;
	struct stage s;
	int count, one_more = -1, i;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur < LIMIT_CALL_CONNECTIONS + 64)
		SKIP("too few descriptors");
	REQUIRE(stage_open(&s, "127.0.0.1"));
	for (count = 0; count < LIMIT_CALL_CONNECTIONS; count++)
		REQUIRE(plain_link_open(s.plain, AF_INET, &fds[count]) == 0);
	CHECK_INT(plain_link_open(s.plain, AF_INET, &one_more), -EBUSY);
	for (i = 0; i < 2; i++) {
		place.port = (uint16_t)(i + 1);
		plain_link_keep(s.plain, &place, fds[i]);
	}
	CHECK_INT(plain_link_open(s.plain, AF_INET, &fds[0]), 0);
	CHECK_INT(s.plain->kept_count, 1);
	CHECK_INT(s.plain->kept[0].place.port, 2);
	CHECK_INT(plain_link_open(s.plain, AF_INET, &fds[1]), 0);
	CHECK_INT(s.plain->count, LIMIT_CALL_CONNECTIONS);
	CHECK_INT(plain_link_open(s.plain, AF_INET, &one_more), -EBUSY);
	for (i = 0; i < count; i++)
		plain_link_close(s.plain, fds[i]);
	stage_close(&s);
}

static const struct tap_test tests[] = {
	TEST(a_name_is_asked_at_the_address_that_answers),
	TEST(an_address_of_six_is_asked),
	TEST(a_silent_address_leaves_time_to_the_next),
	TEST(a_resolver_that_is_late_is_no_fault_of_the_providers),
	TEST(a_head_is_told_before_anything_of_the_body),
	TEST(an_answer_may_come_before_the_body_is_sent),
	TEST(who_is_told_that_it_goes_may_cancel_it),
	TEST(who_resumes_is_told_nothing_meanwhile),
	TEST(what_is_not_resumed_for_want_of_memory_is_later),
	TEST(a_kept_connection_that_is_lost_costs_nothing),
	TEST(no_more_are_kept_than_may_be),
	TEST(what_is_kept_gives_way_at_the_limit),
};

TAP_MAIN(tests)
