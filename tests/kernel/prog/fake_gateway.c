// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A gateway that connects to nothing: a call is one line, "HOST PORT", and is
 * answered with what the kernel, agentosd and the rules say of it. "HOST PORT die",
 * "... lie" and "... babble" are done after that.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kern/device.h"
#include "policy/egress.h"
#include "rpc/gate.h"

static struct compiled_egress rules[2048];
static int listeners[GATE_LISTENERS], device;

static int gate_begin(void)
{
	struct gate_start start;
	char room[CMSG_SPACE((GATE_LISTENERS + 1) * sizeof(int))];
	struct iovec iov = { &start, sizeof(start) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = room,
			      .msg_controllen = sizeof(room) };
	ssize_t len = recvmsg(GATE_FD, &msg, MSG_CMSG_CLOEXEC);
	struct cmsghdr *head = CMSG_FIRSTHDR(&msg);
	int fds[GATE_LISTENERS + 1];

	if (len < 0 || !head || head->cmsg_len != CMSG_LEN(sizeof(fds)) ||
	    gate_check(&start, (size_t)len, GATE_LISTENERS + 1, GATE_FROM_DAEMON))
		return -EBADMSG;
	memcpy(fds, CMSG_DATA(head), sizeof(fds));
	memcpy(listeners, fds, sizeof(listeners));
	device = fds[GATE_LISTENERS];
	return 0;
}

static int gate_say(enum gate_type type, uint32_t policy)
{
	struct gate_request m = { .header = { sizeof(m), GATE_VERSION, (uint16_t)type },
				  .policy = policy };

	return send(GATE_FD, &m, sizeof(m), 0) == (ssize_t)sizeof(m) ? 0 : -errno;
}

/* How many, or a negative errno. */
static int gate_rules(uint32_t policy)
{
	static struct gate_rules m;
	uint32_t next = 0;
	ssize_t len;

	if (gate_say(GATE_ASK, policy))
		return -EPIPE;
	do {
		len = recv(GATE_FD, &m, sizeof(m), 0);
		if (len < 0 || gate_check(&m, (size_t)len, 0, GATE_FROM_DAEMON) ||
		    m.policy != policy || m.first != next || m.total > 2048)
			return -EBADMSG;
		memcpy(rules + next, m.rules, m.count * sizeof(rules[0]));
		next += m.count;
	} while (next < m.total);
	return (int)next;
}

static int gate_tell(const struct agentos_caller *who, const char *host, uint16_t port,
		     enum egress_why why, uint32_t rule)
{
	struct gate_tell m = { .header = { sizeof(m), GATE_VERSION, GATE_TELL },
			       .agent = who->ret_agent,
			       .policy = who->ret_policy,
			       .rule = rule,
			       .phase = why ? GATE_REFUSED : GATE_OPENED,
			       .why = (uint16_t)why,
			       .port = port,
			       .tunnel = 1 };

	if (why && who->ret_flags) {
		m.phase = GATE_OPENED;
		m.audit_only = 1;
	}
	if (m.phase == GATE_OPENED) {
		m.family = AF_INET;
		memcpy(m.addr, "\xc0\x00\x02\x09", 4);
	}
	strcpy(m.host, host);
	if (send(GATE_FD, &m, sizeof(m), 0) < 0)
		return -errno;
	if (m.phase != GATE_OPENED)
		return 0;
	m.phase = GATE_CLOSED;
	m.bytes_up = 12;
	m.bytes_down = 34;
	return send(GATE_FD, &m, sizeof(m), 0) < 0 ? -errno : 0;
}

static void call_answer(int fd)
{
	struct agentos_caller who = { 0 };
	char line[600], name[300], host[COMPILED_HOST], deed[32] = "";
	enum egress_why why = EGRESS_WHY_STRANGER;
	uint32_t rule = AGENTOS_RULE_NONE;
	unsigned int port = 0;
	ssize_t len = read(fd, line, sizeof(line) - 1);
	int err = agentos_dev_caller(device, fd, &who), count = 0;

	if (len <= 0)
		return;
	line[len] = '\0';
	if (sscanf(line, "%299s %u %31s", name, &port, deed) < 2 ||
	    egress_host(name, strlen(name), host))
		return;
	if (!err)
		count = gate_rules(who.ret_policy);
	if (count < 0)
		exit(4);
	if (!err)
		why = egress_decide(rules, (size_t)count, host, (uint16_t)port, false, &rule);
	gate_tell(&who, host, (uint16_t)port, why, rule);
	dprintf(fd, "caller %d agent %llu rules %d: %s\n", err, (unsigned long long)who.ret_agent,
		count, why ? egress_why_text(why) : "allowed");
	if (!strcmp(deed, "die"))
		exit(5);
	who.ret_agent = 1ULL << 50;
	who.ret_policy = 7;
	if (!strcmp(deed, "lie"))
		gate_tell(&who, host, (uint16_t)port, EGRESS_WHY_NO_RULE, rule);
	if (!strcmp(deed, "babble") && send(GATE_FD, "nonsense", 8, 0) < 0)
		exit(6);
}

int main(void)
{
	struct gate_request late;
	size_t at = 0;
	int fd;

	if (gate_begin())
		return 2;
	if (gate_say(GATE_READY, 0))
		return 3;
	for (;; at = (at + 1) % GATE_LISTENERS) {
		fd = accept4(listeners[at], NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0) {
			call_answer(fd);
			close(fd);
		} else if (errno == EAGAIN) {
			usleep(10000);
		}
		/* Nobody is at the other end any more. */
		if (recv(GATE_FD, &late, sizeof(late), MSG_DONTWAIT) == 0)
			return 0;
	}
}
