// SPDX-License-Identifier: GPL-2.0-or-later
/* The measured operations: each runs many times in a loop, timed by the guest's clock. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

/*
 * usage: ops [-d DIR] [-n RUNS] [-p PERCENT] [-x PATH] [-o PATH] BENCH...
 *	  ops [-n RUNS] spawn PROGRAM [ARGUMENT]...
 *	  ops [-d DIR] partner
 *
 * -p    this share of the usual iterations
 * -x    first of all, opening PATH must fail with EACCES
 * -o    first of all, opening PATH must succeed
 *
 * partner opens what open_close_turns opens, each time that one asks for it, and ends with it.
 *
 * Prints "result BENCH FIGURE..." with as many figures as runs.
 */

extern char **environ;

static const char *dir = "/bench";
static char file_path[256], linked_path[256], true_path[256], go_path[256], back_path[256];
static int go = -1, back = -1;
static int fd = -1, listener = -1;
static struct sockaddr_in to = { .sin_family = AF_INET };
static int cold_set;
static char **spawn_argv;

static void close_fd(void)
{
	if (fd >= 0)
		close(fd);
	fd = -1;
}

static void close_sockets(void)
{
	close_fd();
	if (listener >= 0)
		close(listener);
	listener = -1;
}

/* --- files --- */

static void open_close_once(const char *path)
{
	int opened = open(path, O_RDONLY | O_CLOEXEC);

	if (opened < 0)
		err(1, "open %s", path);
	close(opened);
}

static long long open_close(long iterations)
{
	return TIMED(iterations, open_close_once(file_path));
}

/* One of two names of the same file, as stores of packages have them. */
static long long open_close_linked(long iterations)
{
	return TIMED(iterations, open_close_once(linked_path));
}

/*
 * Two that open the same file in turn: between any TURN opens of ours there are as many of
 * the partner's, whose time does not count.
 */
#define TURN 100

static int open_turn(const char *path, int flags)
{
	int opened = open(path, flags | O_CLOEXEC);

	if (opened < 0)
		err(1, "open %s", path);
	return opened;
}

static void open_turns(void)
{
	go = open_turn(go_path, O_WRONLY);
	back = open_turn(back_path, O_RDONLY);
}

static void close_turns(void)
{
	close(go);
	close(back);
}

static long long open_close_turns(long iterations)
{
	long long spent = 0;
	long i;
	char byte = 0;

	/* Whole turns: what is over of them is more than was asked for, and divided out. */
	for (i = 0; i < iterations; i += TURN) {
		if (write(go, &byte, 1) != 1 || read(back, &byte, 1) != 1)
			errx(1, "the partner is gone");
		spent += TIMED(TURN, open_close_once(file_path));
	}
	return spent * iterations / i;
}

static int partner(void)
{
	char byte;
	int i;

	go = open_turn(go_path, O_RDONLY);
	back = open_turn(back_path, O_WRONLY);
	while (read(go, &byte, 1) == 1) {
		for (i = 0; i < TURN; i++)
			open_close_once(file_path);
		if (write(back, &byte, 1) != 1)
			return 1;
	}
	return 0;
}

/* Files that were never opened before: a directory of them for each run. */
static long long open_close_cold(long iterations)
{
	char path[256];
	long long spent = 0, start;
	long i;

	for (i = 0; i < iterations; i++) {
		snprintf(path, sizeof(path), "%s/2/3/4/5/6/7/%d/%ld", dir, cold_set, i);
		start = now();
		open_close_once(path);
		spent += now() - start;
	}
	cold_set++;
	return spent;
}

static void stat_once(void)
{
	struct stat st;

	if (stat(file_path, &st))
		err(1, "stat %s", file_path);
}

static long long stat_many(long iterations)
{
	return TIMED(iterations, stat_once());
}

static void open_file(void)
{
	fd = open(file_path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "open %s", file_path);
}

static void read_once(void)
{
	char byte;

	if (pread(fd, &byte, 1, 0) != 1)
		err(1, "read");
}

static long long read_many(long iterations)
{
	return TIMED(iterations, read_once());
}

static void write_once(void)
{
	if (pwrite(fd, "x", 1, 0) != 1)
		err(1, "write");
}

static long long write_many(long iterations)
{
	return TIMED(iterations, write_once());
}

/* --- sockets; all on the loopback device --- */

static int listen_on_any(int type)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int s = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (s < 0 || bind(s, (struct sockaddr *)&address, sizeof(address)) ||
	    getsockname(s, (struct sockaddr *)&address, &len))
		err(1, "socket to receive with");
	if (type == SOCK_STREAM && listen(s, 16))
		err(1, "listen");
	to = address;
	return s;
}

static void open_udp(void)
{
	listener = listen_on_any(SOCK_DGRAM);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		err(1, "socket");
}

static void connect_once(int s)
{
	if (connect(s, (struct sockaddr *)&to, sizeof(to)))
		err(1, "connect");
}

/* A UDP socket may connect again and again: the call, and nothing on the wire. */
static long long connect_udp(long iterations)
{
	return TIMED(iterations, connect_once(fd));
}

static void open_tcp(void)
{
	listener = listen_on_any(SOCK_STREAM);
}

/* connect() alone is timed; it carries the whole handshake over the loopback device. */
static long long connect_tcp(long iterations)
{
	const struct linger reset = { .l_onoff = 1 };
	long long spent = 0, start;
	long i;
	int s, accepted;

	for (i = 0; i < iterations; i++) {
		s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (s < 0)
			err(1, "socket");
		start = now();
		connect_once(s);
		spent += now() - start;
		accepted = accept(listener, NULL, NULL);
		if (accepted < 0 || setsockopt(s, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)))
			err(1, "accept");
		close(s);
		close(accepted);
	}
	return spent;
}

static void udp_send_once(void)
{
	if (sendto(fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) != 1)
		err(1, "sendto");
}

/* Nobody reads: once its buffer is full, the receiving socket drops; untimed until then. */
static long long udp_send(long iterations)
{
	long i;

	for (i = 0; i < 1000; i++)
		udp_send_once();
	return TIMED(iterations, udp_send_once());
}

/* --- processes --- */

static void wait_for(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child || status)
		errx(1, "a child failed");
}

/* vfork(): no page tables are copied, so that a hook's cost is not lost in them. */
static void fork_exit_once(void)
{
	pid_t child = vfork();

	if (child == 0)
		_exit(0);
	wait_for(child);
}

static long long fork_exit(long iterations)
{
	return TIMED(iterations, fork_exit_once());
}

static void fork_exec_exit_once(void)
{
	char name[] = "true", *const argv[] = { name, NULL };
	pid_t child = vfork();

	if (child == 0) {
		execve(true_path, argv, environ);
		_exit(127);
	}
	wait_for(child);
}

static long long fork_exec_exit(long iterations)
{
	return TIMED(iterations, fork_exec_exit_once());
}

static long long get_ppid(long iterations)
{
	return TIMED(iterations, syscall(SYS_getppid));
}

static long long usage_ns(const struct rusage *usage)
{
	return (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000000LL +
	       (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1000LL;
}

/* From before posix_spawn() to after wait(), whatever the program does in between. */
static void spawn_once(void)
{
	pid_t child;
	int error = posix_spawnp(&child, spawn_argv[0], NULL, NULL, spawn_argv, environ);

	if (error)
		errx(1, "%s: %s", spawn_argv[0], strerror(error));
	wait_for(child);
}

static long long spawn(long iterations)
{
	return TIMED(iterations, spawn_once());
}

/*
 * What a program and all that it starts have run, and not what they waited: the
 * kernel's own count, which is as exact as its clock, rounded to microseconds.
 */
static long long work(long iterations)
{
	struct rusage usage;
	long long spent = 0;
	long i;

	for (i = 0; i < iterations; i++) {
		getrusage(RUSAGE_CHILDREN, &usage);
		spent -= usage_ns(&usage);
		spawn_once();
		getrusage(RUSAGE_CHILDREN, &usage);
		spent += usage_ns(&usage);
	}
	return spent;
}

/*
 * What is refused, and recorded: two acts in turn, so that none is the same as the last.
 * By this thread's own clock, and in batches that no agent is held for: the log is
 * written in between.
 */
#define RECORD_BATCH 64

static long long thread_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long refused_opens(long iterations, const char *one, const char *other)
{
	long long spent = 0;
	long i;

	for (i = 0; i < iterations; i++) {
		if (i % RECORD_BATCH == 0)
			usleep(200000);
		spent -= thread_ns();
		if (open(i % 2 ? one : other, O_RDONLY | O_CLOEXEC) >= 0 || errno != EACCES)
			err(1, "open %s", one);
		spent += thread_ns();
	}
	return spent;
}

static long long kernel_record(long iterations)
{
	return refused_opens(iterations, "/etc/hostname", "/etc/passwd");
}

/* The same again and again: after the first ones it is counted, and has no record. */
static long long kernel_counted(long iterations)
{
	return refused_opens(iterations, "/etc/hostname", "/etc/hostname");
}

static const struct bench benches[] = {
	{ "open_close", 20000, NULL, open_close, NULL, false },
	{ "open_close_cold", 1000, NULL, open_close_cold, NULL, true },
	{ "open_close_linked", 20000, NULL, open_close_linked, NULL, false },
	{ "open_close_turns", 20000, open_turns, open_close_turns, close_turns, false },
	{ "stat", 20000, NULL, stat_many, NULL, false },
	{ "read", 20000, open_file, read_many, close_fd, false },
	{ "write", 20000, open_file, write_many, close_fd, false },
	{ "connect", 20000, open_udp, connect_udp, close_sockets, false },
	{ "connect_tcp", 1000, open_tcp, connect_tcp, close_sockets, false },
	{ "udp_send", 20000, open_udp, udp_send, close_sockets, false },
	{ "fork_exit", 1000, NULL, fork_exit, NULL, false },
	{ "fork_exec_exit", 100, NULL, fork_exec_exit, NULL, false },
	{ "getppid", 20000, NULL, get_ppid, NULL, false },
	{ "kernel_record", 2000, NULL, kernel_record, NULL, false },
	{ "kernel_counted", 2000, NULL, kernel_counted, NULL, false },
	{ "spawn", 1, NULL, spawn, NULL, false },
	{ "work", 1, NULL, work, NULL, false },
};

#define BENCHES (sizeof(benches) / sizeof(benches[0]))

static void check_open(const char *path, int expected)
{
	int opened = open(path, O_RDONLY | O_CLOEXEC);
	int error = opened < 0 ? errno : 0;

	if (opened >= 0)
		close(opened);
	if (error != expected)
		errx(1, "open %s: %s, expected: %s", path, strerror(error), strerror(expected));
	printf("checked %s %s\n", path, error ? "EACCES" : "opened");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const char *denied = NULL, *opened = NULL;
	int runs = 5, percent = 100, option;

	/* "+": spawn's program has options of its own. */
	while ((option = getopt(argc, argv, "+d:n:p:x:o:")) != -1) {
		switch (option) {
		case 'd':
			dir = optarg;
			break;
		case 'n':
			runs = atoi(optarg);
			break;
		case 'p':
			percent = atoi(optarg);
			break;
		case 'x':
			denied = optarg;
			break;
		case 'o':
			opened = optarg;
			break;
		default:
			return 2;
		}
	}
	snprintf(file_path, sizeof(file_path), "%s/data/file", dir);
	snprintf(linked_path, sizeof(linked_path), "%s/data/linked", dir);
	snprintf(go_path, sizeof(go_path), "%s/data/go", dir);
	snprintf(back_path, sizeof(back_path), "%s/data/back", dir);
	snprintf(true_path, sizeof(true_path), "%s/data/true", dir);
	if (denied)
		check_open(denied, EACCES);
	if (opened)
		check_open(opened, 0);
	/* Whoever writes down that denial does it now, and not while we measure. */
	if (denied)
		sleep(2);
	if (optind < argc && (!strcmp(argv[optind], "spawn") || !strcmp(argv[optind], "work"))) {
		spawn_argv = argv + optind + 1;
		bench_run(benches, BENCHES, argv[optind], runs, percent);
		return 0;
	}
	if (optind < argc && !strcmp(argv[optind], "partner"))
		return partner();
	for (; optind < argc; optind++)
		bench_run(benches, BENCHES, argv[optind], runs, percent);
	return 0;
}
