// SPDX-License-Identifier: GPL-2.0-or-later
/* The gateway under requests, ends and numbers of all kinds: what it bounds, and that it counts right. */
#include "tests/unit/gateway_rig.h"

/* --- plain requests --- */

/* Keeps the request, up to its end as far as it is told, and answers. */
static void serve_http(struct server *s, int fd)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello";
	char *body;

	s->seen[0] = '\0';
	hear(fd, s->seen, sizeof(s->seen), "\r\n\r\n");
	if (strstr(s->seen, "Expect:"))
		send(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL);
	body = s->seen + strlen(s->seen);
	if (strstr(s->seen, "Transfer-Encoding:"))
		hear(fd, body, 4096, "\r\n0\r\n\r\n");
	else if (strstr(s->seen, "Content-Length: 5\r\n"))
		hear(fd, body, 6, NULL);
	send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
}

static void plain_requests_are_passed_on(void)
{
	const struct gateway_times times = rig_times();
	struct rig *r = rig_open(&times);
	struct server *s = server_open(serve_http);
	char text[4096], sent[256];
	struct gate_tell t;
	int fd;

	REQUIRE(r);
	fd = client_open(r, AGENT_ALL);
	say(fd,
	    "POST http://One.test:%u/x?y HTTP/1.1\r\nHost: One.test:%u\r\nConnection: keep-alive\r\n"
	    "Proxy-Authorization: secret\r\nContent-Length: 5\r\n\r\nab",
	    s->port, s->port);
	usleep(50000);
	/* The rest of the body, and a second request on the same connection: it is not passed on. */
	say(fd, "cdeGET http://one.test/ HTTP/1.1\r\nHost: one.test\r\n\r\n");
	CHECK(hear(fd, text, sizeof(text), NULL) > 0);
	CHECK_STR(text, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
	snprintf(sent, sizeof(sent),
		 "POST /x?y HTTP/1.1\r\nHost: one.test:%u\r\nContent-Length: 5\r\n"
		 "Connection: close\r\n\r\nabcde",
		 s->port);
	CHECK_STR(s->seen, sent);
	close(fd);
	t = rig_tell(r, 0);
	CHECK_INT(t.phase, GATE_OPENED);
	CHECK_INT(t.tunnel, 0);
	CHECK_STR(t.host, "one.test");
	t = rig_tell(r, 1);
	CHECK_INT(t.phase, GATE_CLOSED);
	CHECK_INT(t.bytes_up, strlen(sent));
	CHECK_INT(t.bytes_down, strlen(text));
	CHECK_INT(atomic_load(&s->accepted), 1);
	rig_close(r);
	server_close(s);
}

static void bodies_in_chunks_are_passed_on_or_cut(void)
{
	const struct gateway_times times = rig_times();
	struct rig *r = rig_open(&times);
	struct server *s = server_open(serve_http);
	char text[4096];
	int fd, i, len;

	REQUIRE(r);
	for (i = 0; i < 2; i++) {
		fd = client_open(r, AGENT_ALL);
		say(fd,
		    "POST http://one.test:%u/ HTTP/1.1\r\nHost: one.test\r\nExpect: 100-continue\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n",
		    s->port);
		CHECK_INT(hear_status(fd), 100);
		say(fd, "3\r\nabc\r\n");
		usleep(50000);
		say(fd, i ? "3;x\r\nGET\r\n0\r\n\r\n" : "2\r\nde\r\n0\r\n\r\n");
		len = hear(fd, text, sizeof(text), NULL);
		CHECK_INT(len, i ? -ECONNRESET : 43);
		CHECK_INT(strstr(s->seen, "GET") != NULL, 0);
		CHECK(strstr(s->seen, "\r\n\r\n3\r\nabc\r\n"));
		close(fd);
		rig_tell(r, (size_t)(2 * i + 1));
	}
	rig_close(r);
	server_close(s);
}

/* --- ends --- */

static void one_half_may_end_before_the_other(void)
{
	const struct gateway_times times = rig_times();
	struct rig *r = rig_open(&times);
	struct server *s = server_open(serve_echo);
	struct gate_tell t;
	char text[64];
	int fd, status;

	REQUIRE(r);
	fd = tunnel(r, AGENT_ALL, "any.test", s->port, &status);
	CHECK_INT(status, 200);
	say(fd, "question");
	CHECK(shutdown(fd, SHUT_WR) == 0);
	CHECK_INT(hear(fd, text, sizeof(text), NULL), 8);
	CHECK_STR(text, "question");
	close(fd);
	t = rig_tell(r, 1);
	CHECK_INT(t.phase, GATE_CLOSED);
	CHECK_INT(t.bytes_up, 8);
	CHECK_INT(t.bytes_down, 8);
	rig_close(r);
	server_close(s);
}

/* Ends its half at once, and counts what comes. */
static void serve_sink(struct server *s, int fd)
{
	char bytes[4096];
	ssize_t got;

	shutdown(fd, SHUT_WR);
	while ((got = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		atomic_fetch_add(&s->bytes, got);
}

static void so_may_the_servers_half(void)
{
	const struct gateway_times times = rig_times();
	struct rig *r = rig_open(&times);
	struct server *s = server_open(serve_sink);
	char text[64];
	int fd, status, i;

	REQUIRE(r);
	fd = tunnel(r, AGENT_ALL, "any.test", s->port, &status);
	CHECK_INT(hear(fd, text, sizeof(text), NULL), 0);
	for (i = 0; i < 10; i++) {
		say(fd, "12345");
		usleep(5000);
	}
	close(fd);
	rig_tell(r, 1);
	rig_close(r);
	CHECK_INT(atomic_load(&s->bytes), 50);
	server_close(s);
}

static void serve_reset(struct server *s, int fd)
{
	const struct linger now = { .l_onoff = 1 };
	char bytes[16];

	recv(fd, bytes, sizeof(bytes), 0);
	send(fd, "part", 4, MSG_NOSIGNAL);
	usleep(50000);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void a_reset_is_passed_on_as_one(void)
{
	const struct gateway_times times = rig_times();
	struct rig *r = rig_open(&times);
	struct server *s = server_open(serve_reset);
	struct gate_tell t;
	char text[64];
	int fd, status;

	REQUIRE(r);
	fd = tunnel(r, AGENT_ALL, "any.test", s->port, &status);
	say(fd, "x");
	CHECK_INT(hear(fd, text, sizeof(text), NULL), -ECONNRESET);
	CHECK_STR(text, "part");
	close(fd);
	t = rig_tell(r, 1);
	CHECK_INT(t.bytes_up, 1);
	CHECK_INT(t.bytes_down, 4);
	rig_close(r);
	server_close(s);
}

static void clients_may_go_at_any_time(void)
{
	static const char *const parts[] = {
		"", "CON", "CONNECT slow.test:9 HTTP/1.1\r\nHost: slow.test\r\n\r\n",
		"CONNECT dead.test:9 HTTP/1.1\r\nHost: dead.test\r\n\r\n",
		"CONNECT two.test:9 HTTP/1.1\r\nHost: two.test\r\n\r\n"
	};
	const struct gateway_times times = rig_times();
	const struct linger now = { .l_onoff = 1 };
	struct rig *r = rig_open(&times);
	struct server *s = server_open(serve_echo);
	int fd, i, status;

	REQUIRE(r);
	for (i = 0; i < 40; i++) {
		fd = client_open(r, AGENT_ALL);
		if (parts[i % 5][0])
			say(fd, "%s", parts[i % 5]);
		if (i % 3 == 0)
			usleep(10000);
		if (i % 2)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(fd);
	}
	/* It still works, and who sent nothing is not told of. */
	fd = tunnel(r, AGENT_OTHER, "any.test", s->port, &status);
	CHECK_INT(status, 200);
	close(fd);
	CHECK(RIG_WAIT(r, r->count >= 2 + 16));
	usleep(2000000);
	CHECK_MSG(r->count <= 40 - 8 + 2, "%zu tells", r->count);
	rig_close(r);
	server_close(s);
}

/* --- time --- */

static void slow_ones_are_ended(void)
{
	struct gateway_times times = rig_times();
	struct server *s;
	struct rig *r;
	struct gate_tell t;
	char text[256];
	int fd, status, i;

	times.head = times.hello = 500;
	times.idle = 1500;
	r = rig_open(&times);
	REQUIRE(r);
	s = server_open(serve_echo);
	/* A byte now and then does not help. */
	fd = client_open(r, AGENT_ALL);
	for (i = 0; i < 20 && recv(fd, text, 1, MSG_DONTWAIT | MSG_PEEK) < 0; i++) {
		say(fd, "X");
		usleep(100000);
	}
	CHECK(i >= 4 && i < 20);
	CHECK_INT(hear_status(fd), 408);
	close(fd);
	t = rig_tell(r, 0);
	CHECK_INT(t.why, EGRESS_WHY_MALFORMED);
	/* Nor in the ClientHello. */
	fd = tunnel(r, AGENT_ALL, "one.test", s->port, &status);
	CHECK_INT(status, 200);
	say(fd, "\x16\x03\x01");
	CHECK_INT(hear(fd, text, sizeof(text), NULL), 0);
	close(fd);
	t = rig_tell(r, 1);
	CHECK_INT(t.phase, GATE_REFUSED);
	CHECK_INT(t.why, EGRESS_WHY_NOT_TLS);
	/* One that goes on lives; one that does not is ended. */
	fd = tunnel(r, AGENT_ALL, "any.test", s->port, &status);
	for (i = 0; i < 20; i++) {
		say(fd, "x");
		CHECK(recv(fd, text, 1, 0) == 1);
		usleep(100000);
	}
	CHECK_INT(hear(fd, text, sizeof(text), NULL), -ECONNRESET);
	close(fd);
	t = rig_tell(r, 3);
	CHECK_INT(t.phase, GATE_CLOSED);
	CHECK_INT(t.bytes_up, 20);
	/* What an audit-only one sent of none is let through then, and what follows. */
	fd = tunnel(r, AUDIT_ONLY + AGENT_ALL, "one.test", s->port, &status);
	say(fd, "\x16\x03");
	CHECK_INT(hear(fd, text, sizeof(text), "\x03"), 2);
	say(fd, "more");
	CHECK_INT(hear(fd, text, sizeof(text), "more"), 4);
	close(fd);
	t = rig_tell(r, 5);
	CHECK_INT(t.phase, GATE_CLOSED);
	CHECK_INT(t.why, EGRESS_WHY_NOT_TLS);
	CHECK_INT(t.bytes_up, 6);
	rig_close(r);
	server_close(s);
}

static void slow_names_of_one_agent_do_not_hold_up_another(void)
{
	const struct gateway_times times = rig_times();
	struct rig *r = rig_open(&times);
	struct server *s = server_open(serve_echo);
	struct timeval begin, end;
	int slow[16], fd, status;
	size_t i;

	REQUIRE(r);
	for (i = 0; i < 16; i++) {
		slow[i] = client_open(r, AGENT_ALL);
		say(slow[i], "CONNECT slow.test:%u HTTP/1.1\r\nHost: slow.test\r\n\r\n", s->port);
	}
	usleep(200000);
	gettimeofday(&begin, NULL);
	fd = tunnel(r, AGENT_OTHER, "any.test", s->port, &status);
	gettimeofday(&end, NULL);
	CHECK_INT(status, 200);
	CHECK((end.tv_sec - begin.tv_sec) * 1000000 + end.tv_usec - begin.tv_usec < 1000000);
	close(fd);
	/* Four at a time. */
	CHECK_INT(hear_status(slow[0]), 200);
	for (i = 0; i < 16; i++)
		close(slow[i]);
	rig_close(r);
	server_close(s);
}

/* --- numbers --- */

#define MANY 200

static void two_hundred_at_once(void)
{
	const struct gateway_times times = rig_times();
	struct rig *r = rig_open(&times);
	struct server *s = server_open(serve_echo);
	uint64_t up = 0, down = 0;
	char text[64], expected[64];
	int fds[MANY];
	size_t i, opened = 0, closed = 0;

	REQUIRE(r);
	for (i = 0; i < MANY; i++) {
		fds[i] = client_open(r, AGENT_ALL);
		say(fds[i], "CONNECT any.test:%u HTTP/1.1\r\nHost: any.test\r\n\r\nI am %03zu\n",
		    s->port, i);
	}
	for (i = 0; i < MANY; i++) {
		CHECK_INT(hear_status(fds[i]), 200);
		snprintf(expected, sizeof(expected), "I am %03zu\n", i);
		CHECK_INT(hear(fds[i], text, sizeof(text), "\n"), 9);
		CHECK_STR(text, expected);
	}
	CHECK_INT(atomic_load(&s->open), MANY);
	for (i = 0; i < MANY; i++)
		close(fds[i]);
	CHECK(RIG_WAIT(r, r->count == 2 * MANY));
	for (i = 0; i < r->count; i++) {
		opened += r->tells[i].phase == GATE_OPENED;
		closed += r->tells[i].phase == GATE_CLOSED;
		up += r->tells[i].bytes_up;
		down += r->tells[i].bytes_down;
	}
	CHECK_INT(opened, MANY);
	CHECK_INT(closed, MANY);
	CHECK_INT(up, 9 * MANY);
	CHECK_INT(down, 9 * MANY);
	rig_close(r);
	server_close(s);
}

static void one_agent_cannot_take_all(void)
{
	const struct gateway_times times = rig_times();
	struct rig *r = rig_open(&times);
	struct server *s = server_open(serve_echo);
	struct gate_tell t;
	int fds[LIMIT_GATE_AGENT], fd, status;
	char text[512];
	size_t i;

	REQUIRE(r);
	for (i = 0; i < LIMIT_GATE_AGENT; i++) {
		fds[i] = tunnel(r, AGENT_ALL, "any.test", s->port, &status);
		CHECK_INT(status, 200);
	}
	fd = client_open(r, AGENT_ALL);
	CHECK(hear(fd, text, sizeof(text), NULL) > 0);
	CHECK_MSG(strncmp(text, "HTTP/1.1 503 ", 13) == 0, "%s", text);
	close(fd);
	t = rig_tell(r, LIMIT_GATE_AGENT);
	CHECK_INT(t.phase, GATE_REFUSED);
	CHECK_INT(t.why, EGRESS_WHY_BUSY);
	CHECK_INT(t.agent, AGENT_ALL);
	/* Another one has its own share. */
	fd = tunnel(r, AGENT_OTHER, "any.test", s->port, &status);
	CHECK_INT(status, 200);
	close(fd);
	/* And there is room again. */
	close(fds[0]);
	rig_tell(r, LIMIT_GATE_AGENT + 3);
	fds[0] = tunnel(r, AGENT_ALL, "any.test", s->port, &status);
	CHECK_INT(status, 200);
	for (i = 0; i < LIMIT_GATE_AGENT; i++)
		close(fds[i]);
	rig_close(r);
	server_close(s);
}

static void without_descriptors_they_wait(void)
{
	const struct gateway_times times = rig_times();
	int fds[40], status, served = 0, refused = 0;
	struct server *s;
	struct rig *r;
	size_t i;

	rig_ballast = 2 * LIMIT_GATE_CONNECTIONS + 64 - 40;
	r = rig_open(&times);
	rig_ballast = 0;
	REQUIRE(r);
	s = server_open(serve_echo);
	for (i = 0; i < 40; i++) {
		fds[i] = client_open(r, AGENT_ALL);
		say(fds[i], "CONNECT any.test:%u HTTP/1.1\r\nHost: any.test\r\n\r\n", s->port);
	}
	usleep(500000);
	/* Some are served; then each that ends makes room for one that waits. */
	for (i = 0; i < 40; i++) {
		status = hear_status(fds[i]);
		served += status == 200;
		refused += status == 503;
		close(fds[i]);
	}
	CHECK_MSG(served > 0, "%d refused", refused);
	CHECK_INT(served + refused, 40);
	fds[0] = tunnel(r, AGENT_ALL, "any.test", s->port, &status);
	CHECK_INT(status, 200);
	close(fds[0]);
	rig_close(r);
	server_close(s);
}

/* As much as it can, as fast as it can. */
#define FLOOD (64L << 20)
static void serve_flood(struct server *s, int fd)
{
	static char bytes[65536];
	ssize_t sent;

	while (atomic_load(&s->bytes) < FLOOD &&
	       (sent = send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL)) > 0)
		atomic_fetch_add(&s->bytes, sent);
}

static void what_is_not_read_is_not_fetched(void)
{
	const struct gateway_times times = rig_times();
	struct rig *r = rig_open(&times);
	struct server *s = server_open(serve_flood);
	static char bytes[65536];
	struct gate_tell t;
	long before = -1, got, sum = 0;
	int fd, status;

	REQUIRE(r);
	fd = tunnel(r, AGENT_ALL, "any.test", s->port, &status);
	CHECK_INT(status, 200);
	while (before != atomic_load(&s->bytes)) {
		before = atomic_load(&s->bytes);
		usleep(300000);
	}
	/* The kernel's buffers of two connections are full, and that is all. */
	CHECK_MSG(before > 0 && before < FLOOD / 2, "%ld bytes", before);
	while ((got = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		sum += got;
	CHECK_INT(sum, FLOOD);
	close(fd);
	t = rig_tell(r, 1);
	CHECK_INT(t.bytes_down, FLOOD);
	rig_close(r);
	server_close(s);
}

static void while_agentosd_does_not_listen_nobody_is_served_untold(void)
{
	const struct gateway_times times = rig_times();
	struct rig *r = rig_open(&times);
	size_t answered = 0, i;
	char text[512];
	bool stuck = false;
	int fd;

	REQUIRE(r);
	r->deaf = true;
	/* In its socket and in the gateway's own room there is place for some. */
	for (i = 0; i < LIMIT_GATE_TELLS + 2000 && !stuck; i++) {
		const struct timeval limit = { .tv_sec = 2 };

		fd = client_open(r, STRANGER);
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		if (hear(fd, text, sizeof(text), NULL) > 0)
			answered++;
		else
			stuck = true;
		if (!stuck)
			close(fd);
	}
	CHECK(stuck);
	CHECK(answered > 1000 && answered < LIMIT_GATE_TELLS + 1000);
	r->deaf = false;
	CHECK(RIG_WAIT(r, r->count >= answered));
	/* The one that waited is let in, or has to try again. */
	close(fd);
	fd = client_open(r, STRANGER);
	CHECK_INT(hear_status(fd), 403);
	close(fd);
	rig_close(r);
}

static const struct tap_test tests[] = {
	TEST(plain_requests_are_passed_on),
	TEST(bodies_in_chunks_are_passed_on_or_cut),
	TEST(one_half_may_end_before_the_other),
	TEST(so_may_the_servers_half),
	TEST(a_reset_is_passed_on_as_one),
	TEST(clients_may_go_at_any_time),
	TEST(slow_ones_are_ended),
	TEST(slow_names_of_one_agent_do_not_hold_up_another),
	TEST(two_hundred_at_once),
	TEST(one_agent_cannot_take_all),
	TEST(without_descriptors_they_wait),
	TEST(what_is_not_read_is_not_fetched),
	TEST(while_agentosd_does_not_listen_nobody_is_served_untold),
};

TAP_MAIN(tests)
