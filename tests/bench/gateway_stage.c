// SPDX-License-Identifier: GPL-2.0-or-later
/* A gateway in a process of its own, before one provider, for clients that measure: without the kernel's part. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gateway/gateway.h"
#include "llm/wire.h"
#include "policy/egress.h"
#include "rpc/gate.h"
#include "rpc/token.h"

/*
 * usage: gateway_stage URL WIRE [libcurl]
 *
 * Starts the gateway as agentosd would, with one model, "bench", at a provider of that wire
 * (as rows of providers have it) and base URL; with a third argument all goes through libcurl,
 * which else https does. Says on standard output, one to a line,
 *
 *	agent ADDRESS TOKEN	of each agent: whoever connects from there, with that key
 *	port N			that the gateway listens on
 *	pid N			of the gateway
 *	ready NS		from its start until it said that it serves
 *	first NS		from its start until the end of the first answer
 *
 * and is its agentosd until standard input ends. Then, as the last line, the calls that the
 * gateway told of as answered with 200 and as not:
 *
 *	called N M
 *
 * What an agent is comes from its address, and its budget has no end; one system call is made
 * for each reservation and settlement, as with the kernel module.
 */

#define AGENTS 8 /* 127.0.0.1 and the next */
#define POLICY 1
#define NOBODY 65534
#define KEY    "sk-bench-0123456789"
#define SERVE  "--serve" /* in place of the arguments: be the gateway */

static const uint8_t token_key[TOKEN_KEY] = { 1, 2, 3, 4, 5, 6, 7 };
static char directory[] = "/tmp/gateway_stage.XXXXXX";

/* --- the gateway's process --- */

static int stage_caller(int device, int connection, struct caller *ret_caller)
{
	struct sockaddr_in peer = { 0 };
	socklen_t len = sizeof(peer);

	if (getpeername(connection, (struct sockaddr *)&peer, &len) < 0)
		return -ENOTCONN;
	*ret_caller =
		(struct caller){ .agent = ntohl(peer.sin_addr.s_addr) & 255, .policy = POLICY };
	return 0;
}

static int stage_reserve(int agent, uint32_t resource, uint64_t amount)
{
	return fcntl(agent, F_GETFD) < 0 ? -errno : 0;
}

static int stage_settle(int agent, uint32_t resource, uint64_t reserved, uint64_t used)
{
	return fcntl(agent, F_GETFD) < 0 ? -errno : 0;
}

static int stage_read(int agent, uint32_t resource, struct agentos_budget_get *ret_budget)
{
	*ret_budget = (struct agentos_budget_get){ .ret_limit = AGENTOS_BUDGET_UNLIMITED };
	return 0;
}

/* transport: "libcurl" for http as well; a file of who may vouch for the provider; or empty. */
static int serve(const char *catalog, const char *transport)
{
	const struct gateway_options o = {
		.caller = stage_caller,
		.breaker = &breaker_usual,
		.budget = { stage_reserve, stage_settle, stage_read },
		.times = gateway_times_usual(),
		.libcurl = strcmp(transport, "libcurl") == 0,
		.trust = transport[0] == '/' ? transport : NULL,
		.catalog = catalog
	};

	return gateway_run(&o);
}

/* Run anew, so that its memory is its own. */
static pid_t gateway_spawn(int fd, const char *transport)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	dup2(STDERR_FILENO, STDOUT_FILENO);
	if (dup2(fd, GATE_FD) < 0)
		_exit(99);
	/* dup2() onto itself keeps the flag. */
	fcntl(GATE_FD, F_SETFD, 0);
	close_range(GATE_FD + 1, ~0U, 0);
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
			       setresuid(NOBODY, NOBODY, NOBODY) < 0))
		_exit(98);
	execl("/proc/self/exe", "gateway_stage", SERVE, directory, transport, (char *)NULL);
	_exit(97);
}

/* --- what it is told --- */

/* Whom the gateway, which is nobody, reads. */
static bool rows_write(const char *url, const char *wire)
{
	const char *auth = strcmp(wire, "anthropic") == 0 ? "x-api-key" :
			   strcmp(wire, "gemini") == 0	  ? "x-goog-api-key" :
							    "bearer";
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/providers", directory);
	f = fopen(path, "w");
	if (!f)
		return false;
	fprintf(f,
		"provider bench wire=%s url=%s auth=%s secret=key\n"
		"model bench provider=bench id=bench input=$1 output=$10 priced=2026-11-30 "
		"context=1M max-output=64k\n",
		wire, url, auth);
	return fclose(f) == 0 && chmod(directory, 0755) == 0 && chmod(path, 0644) == 0;
}

static void send_with(int wire, const void *message, size_t len, const int *fds, size_t fd_count)
{
	union {
		char bytes[CMSG_SPACE(3 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec data = { (void *)message, len };
	struct msghdr m = { .msg_iov = &data, .msg_iovlen = 1 };

	if (fd_count) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, fd_count * sizeof(int));
	}
	if (sendmsg(wire, &m, MSG_NOSIGNAL) != (ssize_t)len)
		err(1, "the gateway takes no message");
}

static void start_send(int wire, int listener, int null, uint16_t port)
{
	struct gate_start m = { .header = { sizeof(m), GATE_VERSION, GATE_START }, .port = port };
	const int fds[] = { listener, socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), null };

	/* A Unix socket that nobody knows, and nobody connects to. */
	if (fds[1] < 0 ||
	    bind(fds[1], &(struct sockaddr){ .sa_family = AF_UNIX }, sizeof(sa_family_t)) ||
	    listen(fds[1], 1))
		err(1, "no Unix socket");
	memcpy(m.token_key, token_key, sizeof(m.token_key));
	send_with(wire, &m, sizeof(m), fds, 3);
	close(fds[1]);
}

/* Any model. */
static void rules_send(int wire, uint32_t policy)
{
	static struct gate_rules m;

	m.header = (struct gate_header){ sizeof(m), GATE_VERSION, GATE_RULES_ARE };
	m.policy = policy;
	m.total = m.count = 1;
	m.rules[0] = (struct compiled_egress){ .kind = EGRESS_MODEL, .host = "*" };
	send_with(wire, &m, sizeof(m), NULL, 0);
}

static void agent_send(int wire, uint64_t agent, int null)
{
	const struct gate_agent m = { .header = { sizeof(m), GATE_VERSION, GATE_AGENT_IS },
				      .agent = agent,
				      .known = 1 };

	send_with(wire, &m, sizeof(m), &null, 1);
}

static void key_send(int wire, uint32_t number)
{
	struct gate_key m = { .header = { sizeof(m), GATE_VERSION, GATE_KEY_IS },
			      .number = number,
			      .len = sizeof(KEY) - 1 };

	memcpy(m.bytes, KEY, m.len);
	send_with(wire, &m, sizeof(m), NULL, 0);
}

/* --- its agentosd --- */

struct stage {
	int wire, null;
	uint16_t port;
	long long start;
	int client; /* of the first request; -1: none, or it was answered */
	char answer[8192];
	size_t answer_len;
	unsigned long called, refused;
};

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void first_ask(struct stage *s)
{
	static const char body[] = "{\"model\":\"bench\",\"max_tokens\":64,\"messages\":"
				   "[{\"role\":\"user\",\"content\":\"ping\"}]}";
	const struct sockaddr_in in = { .sin_family = AF_INET,
					.sin_port = htons(s->port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char token[TOKEN_SIZE], text[1024];
	int len;

	if (token_make(token_key, 1, token))
		errx(1, "no memory");
	len = snprintf(text, sizeof(text),
		       "POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n"
		       "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
		       "Content-Length: %zu\r\n\r\n%s",
		       token, sizeof(body) - 1, body);
	s->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->client < 0 || connect(s->client, (const struct sockaddr *)&in, sizeof(in)) < 0 ||
	    send(s->client, text, (size_t)len, MSG_NOSIGNAL) != len)
		err(1, "the gateway cannot be reached");
}

static void first_hear(struct stage *s)
{
	ssize_t got = recv(s->client, s->answer + s->answer_len,
			   sizeof(s->answer) - 1 - s->answer_len, 0);

	if (got > 0) {
		s->answer_len += (size_t)got;
		return;
	}
	if (got < 0 || strncmp(s->answer, "HTTP/1.1 200 ", 13) != 0)
		errx(1, "the first request was answered with: %s", s->answer);
	printf("first %lld\n", now() - s->start);
	fflush(stdout);
	close(s->client);
	s->client = -1;
}

/* False: the gateway is gone. */
static bool message_take(struct stage *s)
{
	union gate_message m;
	ssize_t len = recv(s->wire, &m, sizeof(m), 0);

	if (len <= 0)
		return false;
	if (gate_check(&m, (size_t)len, 0, GATE_FROM_GATEWAY))
		errx(1, "the gateway sent what is no message");
	switch (m.header.type) {
	case GATE_READY:
		printf("ready %lld\n", now() - s->start);
		first_ask(s);
		break;
	case GATE_ASK:
		rules_send(s->wire, m.request.policy);
		break;
	case GATE_AGENT:
		agent_send(s->wire, m.agent.agent, s->null);
		break;
	case GATE_KEY_OF:
		key_send(s->wire, m.key_of.number);
		break;
	case GATE_CALLED:
		if (m.called.status == 200 && !m.called.why)
			s->called++;
		else
			s->refused++;
		break;
	default:
		break;
	}
	return true;
}

static int stage_run(struct stage *s)
{
	for (;;) {
		struct pollfd p[] = { { s->wire, POLLIN, 0 },
				      { STDIN_FILENO, POLLIN, 0 },
				      { s->client, POLLIN, 0 } };
		char byte[64];

		if (poll(p, 3, -1) < 0)
			err(1, "poll");
		if (p[0].revents && !message_take(s))
			return 1;
		if (p[2].revents)
			first_hear(s);
		if (p[1].revents && read(STDIN_FILENO, byte, sizeof(byte)) <= 0)
			return 0;
	}
}

/* What the gateway had not told yet; all of it is there once it has ended. */
static void stage_drain(struct stage *s)
{
	shutdown(s->wire, SHUT_WR);
	while (message_take(s))
		;
}

static int listener_open(uint16_t *ret_port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&in, sizeof(in)) < 0 || listen(fd, 4096) < 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &len) < 0)
		err(1, "no socket to listen on");
	*ret_port = ntohs(in.sin_port);
	return fd;
}

/* transport: as serve() has it. */
static int stage(const char *transport)
{
	struct stage s = { .client = -1, .null = open("/dev/null", O_RDONLY | O_CLOEXEC) };
	int listener = listener_open(&s.port), pair[2], status = -1, result;
	char token[TOKEN_SIZE];
	unsigned int agent;
	pid_t pid;

	for (agent = 1; agent <= AGENTS; agent++)
		if (!token_make(token_key, agent, token))
			printf("agent 127.0.0.%u %s\n", agent, token);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		err(1, "socketpair");
	fflush(stdout);
	s.wire = pair[0];
	s.start = now();
	pid = gateway_spawn(pair[1], transport);
	close(pair[1]);
	start_send(s.wire, listener, s.null, s.port);
	close(listener);
	printf("port %u\npid %d\n", s.port, pid);
	result = stage_run(&s);
	if (!result)
		stage_drain(&s);
	if (waitpid(pid, &status, 0) != pid || status)
		errx(1, "the gateway ended with status %#x", (unsigned int)status);
	printf("called %lu %lu\n", s.called, s.refused);
	return result;
}

int main(int argc, char **argv)
{
	char path[64];
	int result = 1;

	if (argc == 4 && strcmp(argv[1], SERVE) == 0)
		return serve(argv[2], argv[3]);
	if (argc != 3 && (argc != 4 || (strcmp(argv[3], "libcurl") && argv[3][0] != '/'))) {
		fprintf(stderr, "usage: gateway_stage URL WIRE [libcurl|AUTHORITIES]\n");
		return 2;
	}
	if (!mkdtemp(directory))
		err(1, "%s", directory);
	if (rows_write(argv[1], argv[2]))
		result = stage(argc > 3 ? argv[3] : "");
	snprintf(path, sizeof(path), "%s/providers", directory);
	unlink(path);
	rmdir(directory);
	return result;
}
