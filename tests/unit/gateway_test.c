// SPDX-License-Identifier: GPL-2.0-or-later
/* The gateway as a process: what goes through, what does not and why, and what agentosd is told. */
#include "tests/unit/gateway_rig.h"

static void check_tell(const struct gate_tell *t, enum gate_phase phase, enum egress_why why,
		       const char *host, unsigned int port)
{
	CHECK_INT(t->phase, phase);
	CHECK_INT(t->why, why);
	CHECK_STR(t->host, host);
	CHECK_INT(t->port, port);
}

/* A ClientHello for TLS 1.2 that names this server, or none. */
static size_t hello_for(const char *name, uint8_t *out)
{
	static const uint8_t head[] = { 22, 3, 1, 0, 0, 1, 0, 0, 0, 3, 3 };
	size_t len = strlen(name), at = sizeof(head) + 32, extensions = len ? len + 9 : 0;

	memset(out, 0, 512);
	memcpy(out, head, sizeof(head));
	memcpy(out + at, "\0\0\2\x13\x01\1\0", 7);
	at += 7;
	out[at++] = 0;
	out[at++] = (uint8_t)extensions;
	if (len) {
		memcpy(out + at, "\0\0\0", 3);
		out[at + 3] = (uint8_t)(len + 5);
		out[at + 5] = (uint8_t)(len + 3);
		out[at + 8] = (uint8_t)len;
		memcpy(out + at + 9, name, len);
		at += 9 + len;
	}
	out[4] = (uint8_t)(at - 5);
	out[8] = (uint8_t)(at - 9);
	return at;
}

/* --- start and end --- */

static void it_refuses_to_be_root(void)
{
	const struct gateway_times times = rig_times();
	int pair[2], status = -1;
	pid_t pid;

	if (geteuid() != 0)
		SKIP("not root");
	REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	pid = gateway_spawn(pair[1], &times, true);
	REQUIRE(waitpid(pid, &status, 0) == pid);
	CHECK_INT(WEXITSTATUS(status), 1);
	close(pair[0]);
	close(pair[1]);
}

static void it_refuses_what_is_no_socket_of_agentosd(void)
{
	const struct gateway_times times = rig_times();
	int fd = open("/dev/null", O_RDONLY), status = -1;
	pid_t pid = gateway_spawn(fd, &times, false);

	REQUIRE(waitpid(pid, &status, 0) == pid);
	CHECK_INT(WEXITSTATUS(status), 1);
	close(fd);
}

static void nonsense_from_agentosd_ends_it(void)
{
	const struct gateway_times times = rig_times();
	const struct gate_request wrong = { .header = { sizeof(wrong), GATE_VERSION, GATE_READY } };
	int pair[2], status = -1;
	pid_t pid;

	REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	pid = gateway_spawn(pair[1], &times, false);
	CHECK(send(pair[0], &wrong, sizeof(wrong), 0) == sizeof(wrong));
	REQUIRE(waitpid(pid, &status, 0) == pid);
	CHECK_INT(WEXITSTATUS(status), 1);
	close(pair[0]);
	close(pair[1]);
}

static void it_ends_with_agentosd_and_tells_of_what_was_open(void)
{
	const struct gateway_times times = rig_times();
	struct rig *r = rig_open(&times);
	struct server *s = server_open(serve_echo);
	char text[16];
	int fd, status;

	REQUIRE(r);
	fd = tunnel(r, AGENT_ALL, "any.test", s->port, &status);
	CHECK_INT(status, 200);
	kill(r->pid, SIGTERM);
	CHECK_INT(hear(fd, text, sizeof(text), NULL), -ECONNRESET);
	CHECK(RIG_WAIT(r, r->ended));
	CHECK_INT(r->count, 2);
	check_tell(&r->tells[1], GATE_CLOSED, EGRESS_WHY_ALLOWED, "any.test", s->port);
	close(fd);
	rig_close(r);
	server_close(s);
}

/* --- tunnels --- */

/* python3 tests/unit/tls.py ARGUMENTS; its one line of output. */
static bool tls_run(char *line, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static bool tls_run(char *line, size_t size, const char *fmt, ...)
{
	const char *source = getenv("SRC");
	char arguments[256], command[4096];
	va_list ap;
	FILE *in;

	va_start(ap, fmt);
	vsnprintf(arguments, sizeof(arguments), fmt, ap);
	va_end(ap);
	snprintf(command, sizeof(command), "python3 %s/tests/unit/tls.py %s", source ? source : ".",
		 arguments);
	line[0] = '\0';
	in = popen(command, "r");
	if (!in || !fgets(line, (int)size, in))
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return in && pclose(in) == 0;
}

static void tls_goes_through_to_the_server_it_names(void)
{
	const struct gateway_times times = rig_times();
	struct rig *r = rig_open(&times);
	struct gate_tell opened, closed;
	char line[256];

	REQUIRE(r);
	/* It makes its own server, and a client whose tunnel it is; then the name is another one. */
	CHECK(tls_run(line, sizeof(line), "%u one.test one.test", r->port));
	CHECK_STR(line, "answer to: question");
	opened = rig_tell(r, 0);
	closed = rig_tell(r, 1);
	check_tell(&opened, GATE_OPENED, EGRESS_WHY_ALLOWED, "one.test", opened.port);
	CHECK_INT(opened.agent, AGENT_ALL);
	CHECK_INT(opened.policy, 1000 + AGENT_ALL);
	CHECK_INT(opened.rule, 0);
	CHECK_INT(opened.tunnel, 1);
	CHECK_INT(opened.family, AF_INET);
	CHECK(memcmp(opened.addr, "\x7f\0\0\1", 4) == 0);
	check_tell(&closed, GATE_CLOSED, EGRESS_WHY_ALLOWED, "one.test", opened.port);
	CHECK(closed.bytes_up > 200 && closed.bytes_down > 200);

	CHECK(!tls_run(line, sizeof(line), "%u one.test two.test", r->port));
	CHECK_MSG(strstr(line, "unrecognized name") || strstr(line, "UNRECOGNIZED_NAME"), "%s",
		  line);
	opened = rig_tell(r, 2);
	check_tell(&opened, GATE_REFUSED, EGRESS_WHY_SERVER_NAME, "one.test", opened.port);
	rig_close(r);
}

static void nothing_passes_before_a_hello_of_that_name(void)
{
	static const struct {
		const char *what, *name;
		enum egress_why why;
	} rows[] = {
		{ "another name", "two.test", EGRESS_WHY_SERVER_NAME },
		{ "a name above", "test", EGRESS_WHY_SERVER_NAME },
		{ "a name below", "a.one.test", EGRESS_WHY_SERVER_NAME },
		{ "an address", "127.0.0.1", EGRESS_WHY_SERVER_NAME },
		{ "no name", "", EGRESS_WHY_SERVER_NAME },
		{ "no TLS", NULL, EGRESS_WHY_NOT_TLS },
		{ "that name", "one.test", EGRESS_WHY_ALLOWED },
		{ "that name, larger", "ONE.test", EGRESS_WHY_ALLOWED },
	};
	const struct gateway_times times = rig_times();
	struct rig *r = rig_open(&times);
	struct server *s = server_open(serve_echo);
	uint8_t bytes[512], back[512];
	struct gate_tell t;
	size_t i, len, told = 0;
	int fd, status;

	REQUIRE(r);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		long before = atomic_load(&s->bytes);

		len = rows[i].name ? hello_for(rows[i].name, bytes) :
				     (size_t)sprintf((char *)bytes, "GET / HTTP/1.1\r\n\r\n");
		fd = tunnel(r, AGENT_ALL, "one.test", s->port, &status);
		CHECK_INT(status, 200);
		/* In two pieces. */
		CHECK(send(fd, bytes, 9, MSG_NOSIGNAL) == 9);
		usleep(20000);
		send(fd, bytes + 9, len - 9, MSG_NOSIGNAL);
		t = rig_tell(r, told++);
		CHECK_MSG(t.why == rows[i].why, "%s: %u", rows[i].what, t.why);
		if (rows[i].why == EGRESS_WHY_ALLOWED) {
			CHECK_INT(t.phase, GATE_OPENED);
			CHECK(recv(fd, back, len, MSG_WAITALL) == (ssize_t)len &&
			      memcmp(back, bytes, len) == 0);
			close(fd);
			t = rig_tell(r, told++);
			CHECK_INT(t.bytes_up, len);
			CHECK_INT(t.bytes_down, len);
		} else {
			CHECK_INT(t.phase, GATE_REFUSED);
			CHECK_INT(t.family, AF_INET);
			CHECK_INT(atomic_load(&s->bytes), before);
			close(fd);
		}
	}
	rig_close(r);
	server_close(s);
}

/* Speaks first, then as echo. */
static void serve_banner(struct server *s, int fd)
{
	send(fd, "220 here\r\n", 10, MSG_NOSIGNAL);
	serve_echo(s, fd);
}

static void an_any_rule_lets_all_protocols_through(void)
{
	const struct gateway_times times = rig_times();
	struct rig *r = rig_open(&times);
	struct server *s = server_open(serve_banner);
	struct gate_tell t;
	char text[64];
	int fd, status;

	REQUIRE(r);
	fd = tunnel(r, AGENT_ALL, "any.test", s->port, &status);
	CHECK_INT(status, 200);
	CHECK_INT(hear(fd, text, sizeof(text), "\n"), 10);
	CHECK_STR(text, "220 here\r\n");
	say(fd, "plain\n");
	CHECK_INT(hear(fd, text, sizeof(text), "\n"), 6);
	close(fd);
	t = rig_tell(r, 0);
	check_tell(&t, GATE_OPENED, EGRESS_WHY_ALLOWED, "any.test", s->port);
	CHECK_INT(t.rule, 8);
	t = rig_tell(r, 1);
	CHECK_INT(t.bytes_up, 6);
	CHECK_INT(t.bytes_down, 16);
	/* The control: under a rule for TLS such a server is not heard. */
	fd = tunnel(r, AGENT_ALL, "one.test", s->port, &status);
	CHECK_INT(status, 200);
	usleep(100000);
	CHECK(recv(fd, text, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	close(fd);
	t = rig_tell(r, 2);
	check_tell(&t, GATE_REFUSED, EGRESS_WHY_NOT_TLS, "one.test", s->port);
	rig_close(r);
	server_close(s);
}

static void what_came_with_the_request_goes_through(void)
{
	const struct gateway_times times = rig_times();
	struct rig *r = rig_open(&times);
	struct server *s = server_open(serve_echo);
	char text[256];
	int fd;

	REQUIRE(r);
	fd = client_open(r, AGENT_ALL);
	say(fd, "CONNECT any.test:%u HTTP/1.1\r\nHost: any.test\r\n\r\nearly", s->port);
	CHECK_INT(hear_status(fd), 200);
	CHECK_INT(hear(fd, text, sizeof(text), "early"), 5);
	close(fd);
	rig_close(r);
	server_close(s);
}

/* Both listeners are open at once; over the Unix socket the rig takes everybody for one agent. */
static void the_unix_socket_serves_as_the_port_does(void)
{
	const struct gateway_times times = rig_times();
	struct rig *r = rig_open(&times);
	struct server *s = server_open(serve_echo);
	char text[256];
	unsigned int i;
	int fd;

	REQUIRE(r);
	for (i = 0; i < 4; i++) {
		fd = i % 2 ? client_open(r, AGENT_BROAD) : socket(AF_UNIX, SOCK_STREAM, 0);
		if (i % 2 == 0)
			REQUIRE(!connect(fd, (struct sockaddr *)&r->local, r->local_len));
		say(fd, "CONNECT any.test:%u HTTP/1.1\r\nHost: any.test\r\n\r\nearly", s->port);
		CHECK_INT(hear_status(fd), 200);
		CHECK_INT(hear(fd, text, sizeof(text), "early"), 5);
		close(fd);
		CHECK_INT(rig_tell(r, 2 * i).agent, i % 2 ? AGENT_BROAD : AGENT_ALL);
		CHECK_INT(rig_tell(r, 2 * i + 1).bytes_up, 5);
	}
	/* What no rule allows is refused there as well. */
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	REQUIRE(!connect(fd, (struct sockaddr *)&r->local, r->local_len));
	say(fd, "CONNECT two.test:443 HTTP/1.1\r\nHost: two.test\r\n\r\n");
	CHECK_INT(hear_status(fd), 403);
	close(fd);
	CHECK_INT(rig_tell(r, 2 * i).why, EGRESS_WHY_NO_RULE);
	rig_close(r);
	server_close(s);
}

/* --- who may not --- */

static void what_no_rule_allows_is_refused(void)
{
	static const struct {
		unsigned int agent;
		const char *request; /* with the port in it once or twice, or never */
		int status;
		enum egress_why why;
		const char *host;
	} rows[] = {
#define TO(host)  "CONNECT " host ":%1$u HTTP/1.1\r\nHost: " host ":%1$u\r\n\r\n"
#define GET(host) "GET http://" host ":%1$u/ HTTP/1.1\r\nHost: " host ":%1$u\r\n\r\n"
		{ AGENT_ALL, TO("one.test"), 200, EGRESS_WHY_ALLOWED, "one.test" },
		{ AGENT_MANY, TO("one.test"), 200, EGRESS_WHY_ALLOWED, "one.test" },
		{ AGENT_BROAD, TO("one.test"), 200, EGRESS_WHY_ALLOWED, "one.test" },
		{ AGENT_NOTHING, TO("one.test"), 403, EGRESS_WHY_NO_RULE, "one.test" },
		{ AGENT_NOTHING, GET("one.test"), 403, EGRESS_WHY_NO_RULE, "one.test" },
		{ AGENT_ALL, TO("two.test"), 403, EGRESS_WHY_NO_RULE, "two.test" },
		{ AGENT_ALL, TO("a.one.test"), 403, EGRESS_WHY_NO_RULE, "a.one.test" },
		{ AGENT_BROAD, TO("api.openai.com"), 403, EGRESS_WHY_PROVIDER, "api.openai.com" },
		{ AGENT_BROAD, TO("a.sealed.test"), 403, EGRESS_WHY_DENIED, "a.sealed.test" },
		{ AGENT_BROAD, GET("a.sealed.test"), 403, EGRESS_WHY_DENIED, "a.sealed.test" },
		{ AGENT_BROAD, TO("trap.test"), 403, EGRESS_WHY_KILLED, "trap.test" },
		{ AGENT_BROAD, TO("API.openai.COM."), 403, EGRESS_WHY_PROVIDER, "api.openai.com" },
		{ AGENT_BROAD, GET("api.openai.com"), 403, EGRESS_WHY_PROVIDER, "api.openai.com" },
		{ AGENT_ALL, TO("127.0.0.1"), 403, EGRESS_WHY_LITERAL, "127.0.0.1" },
		{ AGENT_BROAD, TO("127.0.0.1"), 403, EGRESS_WHY_LITERAL, "127.0.0.1" },
		{ AGENT_BROAD, TO("0x7f000001"), 403, EGRESS_WHY_LITERAL, "0x7f000001" },
		{ AGENT_BROAD, TO("[::1]"), 403, EGRESS_WHY_LITERAL, "::1" },
		{ AGENT_PUBLIC, TO("one.test"), 403, EGRESS_WHY_PRIVATE, "one.test" },
		{ AGENT_PUBLIC, GET("one.test"), 403, EGRESS_WHY_PRIVATE, "one.test" },
		{ AGENT_ALL, TO("private.test"), 403, EGRESS_WHY_PRIVATE, "private.test" },
		{ AGENT_ALL, TO("meta.test"), 403, EGRESS_WHY_PRIVATE, "meta.test" },
		{ AGENT_ALL, TO("six.test"), 403, EGRESS_WHY_PRIVATE, "six.test" },
		{ AGENT_ALL, TO("none.test"), 502, EGRESS_WHY_UNRESOLVED, "none.test" },
		{ AGENT_ALL, TO("a..b"), 400, EGRESS_WHY_MALFORMED, "" },
		{ AGENT_ALL, TO("-a"), 400, EGRESS_WHY_MALFORMED, "" },
		{ AGENT_ALL, "\x16\x03\x01\x02", 400, EGRESS_WHY_MALFORMED, "" },
		{ STRANGER, TO("one.test"), 403, EGRESS_WHY_STRANGER, "" },
	};
	const struct gateway_times times = rig_times();
	struct rig *r = rig_open(&times);
	struct server *s = server_open(serve_echo);
	struct gate_tell t;
	size_t i, told = 0;
	int fd, status, accepted;

	REQUIRE(r);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		accepted = atomic_load(&s->accepted);
		fd = client_open(r, rows[i].agent);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-security"
		say(fd, rows[i].request, s->port);
#pragma GCC diagnostic pop
		status = hear_status(fd);
		CHECK_MSG(status == rows[i].status, "%d: agent %u: %s", status, rows[i].agent,
			  rows[i].request);
		if (status == 200) {
			if (rows[i].agent != AGENT_BROAD) {
				uint8_t hello[512];
				size_t len = hello_for("one.test", hello);

				CHECK(send(fd, hello, len, MSG_NOSIGNAL) == (ssize_t)len);
			}
			t = rig_tell(r, told++);
			CHECK_INT(t.phase, GATE_OPENED);
			close(fd);
			t = rig_tell(r, told++);
			CHECK_INT(t.phase, GATE_CLOSED);
			continue;
		}
		t = rig_tell(r, told++);
		CHECK_MSG(t.why == rows[i].why && t.phase == GATE_REFUSED, "%u: %s", t.why,
			  rows[i].request);
		CHECK_STR(t.host, rows[i].host);
		CHECK_INT(t.agent, rows[i].agent == STRANGER ? 0 : rows[i].agent);
		CHECK_INT(t.policy, rows[i].agent == STRANGER ? 0 : 1000 + rows[i].agent);
		CHECK_INT(t.family, 0);
		CHECK_INT(t.audit_only, 0);
		CHECK_INT(atomic_load(&s->accepted), accepted);
		close(fd);
	}
	/* Each policy was asked for once. */
	CHECK_INT(r->asks, 5);
	rig_close(r);
	server_close(s);
}

static void the_refusal_says_what_would_allow_it(void)
{
	const struct gateway_times times = rig_times();
	struct rig *r = rig_open(&times);
	char text[2048];
	int fd;

	REQUIRE(r);
	fd = client_open(r, AGENT_NOTHING);
	say(fd, "CONNECT Two.test:443 HTTP/1.1\r\nHost: Two.test:443\r\n\r\n");
	CHECK(hear(fd, text, sizeof(text), NULL) > 0);
	CHECK(strstr(text, "HTTP/1.1 403 no rule names this host and port\r\n"));
	CHECK_MSG(strstr(text,
			 "\r\n\r\nagentos-gateway: refused: two.test:443: no rule names this host "
			 "and port; what would allow it in the policy: network: {egress: "
			 "[\"two.test:443\"]}\n"),
		  "%s", text);
	close(fd);
	rig_close(r);
}

static void the_first_allowed_address_that_answers_is_kept(void)
{
	static const char *const names[] = { "mixed.test", "dead.test" };
	const struct gateway_times times = rig_times();
	struct rig *r = rig_open(&times);
	struct server *s = server_open(serve_echo);
	struct gate_tell t;
	unsigned int before;
	uint8_t hello[512];
	size_t i, len;
	int fd, status;

	REQUIRE(r);
	for (i = 0; i < 2; i++) {
		before = atomic_load(lookups);
		fd = tunnel(r, AGENT_ALL, names[i], s->port, &status);
		CHECK_INT(status, 200);
		len = hello_for(names[i], hello);
		CHECK(send(fd, hello, len, MSG_NOSIGNAL) == (ssize_t)len);
		t = rig_tell(r, 2 * i);
		check_tell(&t, GATE_OPENED, EGRESS_WHY_ALLOWED, names[i], s->port);
		CHECK(t.family == AF_INET && memcmp(t.addr, "\x7f\0\0\1", 4) == 0);
		CHECK_INT(atomic_load(lookups), before + 1);
		close(fd);
		t = rig_tell(r, 2 * i + 1);
		CHECK(memcmp(t.addr, "\x7f\0\0\1", 4) == 0);
	}
	/* Nobody listens there. */
	len = s->port;
	server_close(s);
	fd = tunnel(r, AGENT_ALL, "dead.test", (uint16_t)len, &status);
	CHECK_INT(status, 502);
	t = rig_tell(r, 4);
	check_tell(&t, GATE_REFUSED, EGRESS_WHY_UNREACHABLE, "dead.test", (unsigned int)len);
	CHECK_INT(t.family, 0);
	close(fd);
	rig_close(r);
}

static void audit_only_agents_are_let_through_and_told_of(void)
{
	static const struct {
		unsigned int agent;
		const char *host, *hello; /* NULL: no TLS */
		enum egress_why why;
		const char *told;
	} rows[] = {
		{ AGENT_NOTHING, "one.test", NULL, EGRESS_WHY_NO_RULE, "one.test" },
		{ AGENT_BROAD, "api.openai.com", NULL, EGRESS_WHY_PROVIDER, "api.openai.com" },
		{ AGENT_ALL, "127.0.0.1", NULL, EGRESS_WHY_LITERAL, "127.0.0.1" },
		{ AGENT_PUBLIC, "any.test", NULL, EGRESS_WHY_PRIVATE, "any.test" },
		{ AGENT_ALL, "one.test", NULL, EGRESS_WHY_NOT_TLS, "one.test" },
		{ AGENT_ALL, "one.test", "two.test", EGRESS_WHY_SERVER_NAME, "one.test" },
		{ AGENT_ALL, "one.test", "one.test", EGRESS_WHY_ALLOWED, "one.test" },
	};
	const struct gateway_times times = rig_times();
	struct rig *r = rig_open(&times);
	struct server *s = server_open(serve_echo), *banner = server_open(serve_banner);
	struct gate_tell t;
	uint8_t bytes[512], back[512];
	char text[64];
	size_t i, len;
	int fd, status;

	REQUIRE(r);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fd = tunnel(r, AUDIT_ONLY + rows[i].agent, rows[i].host, s->port, &status);
		CHECK_INT(status, 200);
		len = rows[i].hello ? hello_for(rows[i].hello, bytes) :
				      (size_t)sprintf((char *)bytes, "hello\n");
		CHECK(send(fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len);
		CHECK(recv(fd, back, len, MSG_WAITALL) == (ssize_t)len &&
		      memcmp(back, bytes, len) == 0);
		close(fd);
		t = rig_tell(r, 2 * i);
		check_tell(&t, GATE_OPENED, rows[i].why, rows[i].told, s->port);
		CHECK_INT(t.audit_only, rows[i].why != EGRESS_WHY_ALLOWED);
		CHECK_INT(t.rule == AGENTOS_RULE_NONE, rows[i].why != EGRESS_WHY_ALLOWED);
		t = rig_tell(r, 2 * i + 1);
		check_tell(&t, GATE_CLOSED, rows[i].why, rows[i].told, s->port);
		CHECK_INT(t.bytes_up, len);
	}
	/* A server that speaks first, where TLS was expected. */
	fd = tunnel(r, AUDIT_ONLY + AGENT_ALL, "one.test", banner->port, &status);
	CHECK_INT(hear(fd, text, sizeof(text), "\n"), 10);
	t = rig_tell(r, 2 * i);
	check_tell(&t, GATE_OPENED, EGRESS_WHY_NOT_TLS, "one.test", banner->port);
	close(fd);
	rig_tell(r, 2 * i + 1);
	/* What cannot be done is not done for them, either. */
	fd = tunnel(r, AUDIT_ONLY + AGENT_ALL, "none.test", s->port, &status);
	CHECK_INT(status, 502);
	close(fd);
	fd = client_open(r, AUDIT_ONLY + STRANGER);
	CHECK_INT(hear_status(fd), 403);
	close(fd);
	t = rig_tell(r, 2 * i + 3);
	CHECK_INT(t.why, EGRESS_WHY_STRANGER);
	rig_close(r);
	server_close(s);
	server_close(banner);
}

static const struct tap_test tests[] = {
	TEST(it_refuses_to_be_root),
	TEST(it_refuses_what_is_no_socket_of_agentosd),
	TEST(nonsense_from_agentosd_ends_it),
	TEST(it_ends_with_agentosd_and_tells_of_what_was_open),
	TEST(tls_goes_through_to_the_server_it_names),
	TEST(nothing_passes_before_a_hello_of_that_name),
	TEST(an_any_rule_lets_all_protocols_through),
	TEST(what_came_with_the_request_goes_through),
	TEST(the_unix_socket_serves_as_the_port_does),
	TEST(what_no_rule_allows_is_refused),
	TEST(the_refusal_says_what_would_allow_it),
	TEST(the_first_allowed_address_that_answers_is_kept),
	TEST(audit_only_agents_are_let_through_and_told_of),
};

TAP_MAIN(tests)
