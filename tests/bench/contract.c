// SPDX-License-Identifier: GPL-2.0-or-later
/* The module's own calls, measured as root outside of any agent; a Unix socket pair beside the mailbox. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "kern/device.h"

/*
 * usage: contract [-n RUNS] [-p PERCENT] [-c COUNT] BENCH...
 *
 * -p    this share of the usual iterations
 * -c    descendants of the agent whose rights are revoked (10)
 *
 * Prints "result BENCH FIGURE..." with as many figures as runs.
 */

static int device = -1, agent = -1;
static pid_t member;

static void wait_for(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		errx(1, "a child failed");
}

static void open_agent(void)
{
	const struct agentos_create_options create = {
		.name = "bench-ops",
		.rights = AGENTOS_RIGHTS_ALL,
		.access = AGENTOS_ACCESS_ALL,
	};
	struct fault f = { "" };
	int tries = 200;

	device = device_open(0, &f);
	if (device < 0)
		errx(1, "%s", f.text);
	/* Whoever looks at the last one, as the daemon may, holds it for a moment. */
	while ((agent = agentos_dev_create(device, &create, NULL)) == -EEXIST && tries--)
		usleep(20000);
	if (agent < 0)
		errx(1, "create: %s", strerror(-agent));
}

static void close_agent(void)
{
	close(agent);
	close(device);
}

/* Attaching cannot be undone, so each operation has a child; it times the call alone. */
static long long attach(long iterations)
{
	long long *spent = mmap(NULL, sizeof(*spent), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long long start, sum;
	pid_t child;
	long i;
	int error;

	if (spent == MAP_FAILED)
		err(1, "mmap");
	for (i = 0; i < iterations; i++) {
		child = fork();
		if (child == 0) {
			start = now();
			error = agentos_agent_attach(agent);
			*spent += now() - start;
			_exit(error ? 1 : 0);
		}
		wait_for(child);
		/* The agent ends with its last process: the next one needs another. */
		close_agent();
		open_agent();
	}
	sum = *spent;
	munmap(spent, sizeof(*spent));
	return sum;
}

#define LEVELS 4

static int levels[LEVELS];

/* A line of agents, each derived from the one before; the limits are never met. */
static void open_levels(void)
{
	struct agentos_budget_set set = {
		.size = sizeof(set),
		.resource = AGENTOS_RESOURCE_TOKENS,
		.limit = 1ULL << 60,
	};
	int i;

	open_agent();
	levels[0] = agent;
	for (i = 1; i < LEVELS; i++) {
		struct agentos_derive derive = {
			.size = sizeof(derive),
			.rights = AGENTOS_RIGHTS_ALL,
			.access = AGENTOS_ACCESS_ALL,
		};

		snprintf(derive.name, sizeof(derive.name), "bench-ops%.*s", 2 * i, ".l.l.l");
		if (ioctl(levels[i - 1], AGENTOS_AGENT_DERIVE, &derive))
			err(1, "derive");
		levels[i] = derive.ret_fd;
	}
	for (i = 0; i < LEVELS; i++)
		if (ioctl(levels[i], AGENTOS_AGENT_BUDGET_SET, &set))
			err(1, "budget");
}

static void close_levels(void)
{
	int i;

	for (i = LEVELS - 1; i > 0; i--)
		close(levels[i]);
	close_agent();
}

static void reserve_settle_once(void)
{
	struct agentos_reserve reserve = { sizeof(reserve), AGENTOS_RESOURCE_TOKENS, 1000 };
	struct agentos_settle settle = { sizeof(settle), AGENTOS_RESOURCE_TOKENS, 1000, 700 };

	if (ioctl(levels[LEVELS - 1], AGENTOS_AGENT_RESERVE, &reserve) ||
	    ioctl(levels[LEVELS - 1], AGENTOS_AGENT_SETTLE, &settle))
		err(1, "reserve and settle");
}

static long long reserve_settle(long iterations)
{
	return TIMED(iterations, reserve_settle_once());
}

static void start_member(void)
{
	int ready[2];
	char byte;

	open_agent();
	if (pipe2(ready, O_CLOEXEC))
		err(1, "pipe");
	member = fork();
	if (member == 0) {
		if (agentos_agent_attach(agent) || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (member < 0 || read(ready[0], &byte, 1) != 1)
		errx(1, "no process in the agent");
	close(ready[0]);
}

static void end_member(void)
{
	kill(member, SIGKILL);
	waitpid(member, NULL, 0);
	close_agent();
}

static void identify_once(uint64_t start)
{
	uint64_t id;

	if (agentos_dev_identify(device, member, start, &id) || !id)
		errx(1, "the process was not identified");
}

static long long identify(long iterations)
{
	uint64_t start;

	if (agentos_start_time(member, &start))
		errx(1, "no start time");
	return TIMED(iterations, identify_once(start));
}

#define MAIL 128 /* bytes of a message */

static pid_t echo;
static int mail_to, mail_from; /* or the two ends of a pair */

static void echo_exits(pid_t pid)
{
	if (pid < 0)
		err(1, "fork");
	echo = pid;
}

static void end_echo(void)
{
	kill(echo, SIGKILL);
	waitpid(echo, NULL, 0);
	close(mail_to);
	close(mail_from);
}

static void pair_echo(int end)
{
	char text[MAIL];

	while (read(end, text, sizeof(text)) == sizeof(text) &&
	       write(end, text, sizeof(text)) == sizeof(text))
		;
	_exit(0);
}

static void start_pair(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends))
		err(1, "socketpair");
	echo_exits(fork());
	if (echo == 0)
		pair_echo(ends[1]);
	mail_to = ends[0];
	mail_from = ends[1];
}

static void pair_once(void)
{
	char text[MAIL] = "";

	if (write(mail_to, text, sizeof(text)) != sizeof(text) ||
	    read(mail_to, text, sizeof(text)) != sizeof(text))
		err(1, "pair");
}

static long long pair_rtt(long iterations)
{
	return TIMED(iterations, pair_once());
}

struct mail {
	struct agentos_message head;
	char text[MAIL];
};

static void mail_echo(int there, int back)
{
	struct mail mail;

	while (read(there, &mail, sizeof(mail)) == sizeof(mail) &&
	       write(back, mail.text, MAIL) == MAIL)
		;
	_exit(0);
}

/* There by one agent's mailbox, back by another's. */
static void start_mail(void)
{
	int there, back;

	open_levels();
	mail_to = agentos_mail_sender(levels[0], 0);
	there = agentos_mail_receiver(levels[0], 0);
	back = agentos_mail_sender(levels[1], 0);
	mail_from = agentos_mail_receiver(levels[1], 0);
	if (mail_to < 0 || there < 0 || back < 0 || mail_from < 0)
		errx(1, "no mailbox");
	echo_exits(fork());
	if (echo == 0)
		mail_echo(there, back);
	close(there);
	close(back);
}

static void end_mail(void)
{
	end_echo();
	close_levels();
}

static void mail_once(void)
{
	struct mail mail = { 0 };

	if (write(mail_to, mail.text, MAIL) != MAIL ||
	    read(mail_from, &mail, sizeof(mail)) != sizeof(mail))
		err(1, "mail");
}

static long long mail_rtt(long iterations)
{
	return TIMED(iterations, mail_once());
}

#define FAMILY 1000 /* of these below each of the first generation */

static long descendants = 10;

static int derive_one(int parent, const char *name)
{
	struct agentos_derive_options o = {
		.name = name,
		.rights = AGENTOS_RIGHTS_ALL,
		.access = AGENTOS_ACCESS_ALL,
	};
	int derived = agentos_agent_derive(parent, &o, NULL);

	if (derived < 0)
		errx(1, "derive %s: %s", name, strerror(-derived));
	return derived;
}

/* A new family each time: what is revoked stays so. Its iterations are 1. */
static long long revoke_all(long iterations)
{
	int *fds = calloc(descendants, sizeof(*fds)), heads = (descendants + FAMILY) / (FAMILY + 1);
	char name[AGENTOS_NAME_SIZE];
	long long start, spent;
	uint32_t revoked = 0;
	long i;

	open_agent();
	for (i = 0; i < descendants; i++) {
		if (i < heads)
			snprintf(name, sizeof(name), "bench-ops.%ld", i);
		else
			snprintf(name, sizeof(name), "bench-ops.%ld.%ld", i % heads, i);
		fds[i] = derive_one(i < heads ? agent : fds[i % heads], name);
	}
	start = now();
	agentos_agent_revoke(agent, 0, &revoked);
	spent = now() - start;
	if (revoked != descendants + 1)
		errx(1, "%u revoked, not %ld", revoked, descendants + 1);
	for (i = 0; i < descendants; i++)
		close(fds[i]);
	free(fds);
	close_agent();
	return spent;
}

static const struct bench benches[] = {
	{ "attach", 200, open_agent, attach, close_agent, false },
	{ "identify", 20000, start_member, identify, end_member, false },
	{ "reserve_settle_4", 20000, open_levels, reserve_settle, close_levels, false },
	{ "mailbox_rtt_128", 10000, start_mail, mail_rtt, end_mail, false },
	{ "unix_dgram_rtt_128", 10000, start_pair, pair_rtt, end_echo, false },
	{ "revoke", 1, NULL, revoke_all, NULL, true },
};

int main(int argc, char **argv)
{
	int runs = 5, percent = 100, option;

	while ((option = getopt(argc, argv, "n:p:c:")) != -1) {
		switch (option) {
		case 'n':
			runs = atoi(optarg);
			break;
		case 'p':
			percent = atoi(optarg);
			break;
		case 'c':
			descendants = atol(optarg);
			break;
		default:
			return 2;
		}
	}
	for (; optind < argc; optind++)
		bench_run(benches, sizeof(benches) / sizeof(benches[0]), argv[optind], runs,
			  percent);
	return 0;
}
