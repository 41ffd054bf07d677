// SPDX-License-Identifier: GPL-2.0-or-later
/* What aborts whoever blocks on the event loop: each such call, and none that cannot block. */
#include "tests/tap.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "loop/loop.h"

static int file, pair[2], counter;

/* Each ends by itself, and at once, outside of a loop. */
static void calls_poll(void)
{
	poll(NULL, 0, 1);
}

static void calls_select(void)
{
	struct timeval soon = { .tv_usec = 1000 };

	select(0, NULL, NULL, NULL, &soon);
}

static void calls_epoll_wait(void)
{
	struct epoll_event event;

	epoll_wait(-1, &event, 1, 1);
}

static void calls_usleep(void)
{
	usleep(1);
}

static void calls_nanosleep(void)
{
	const struct timespec soon = { .tv_nsec = 1 };

	nanosleep(&soon, NULL);
}

static void calls_getaddrinfo(void)
{
	struct addrinfo *list;

	if (!getaddrinfo("localhost", NULL, NULL, &list))
		freeaddrinfo(list);
}

static void calls_fsync(void)
{
	fsync(file);
}

static void calls_fdatasync(void)
{
	fdatasync(file);
}

static void calls_flock(void)
{
	flock(file, LOCK_EX);
}

static void calls_waitpid(void)
{
	waitpid(-1, NULL, 0);
}

static void calls_read(void)
{
	char byte;

	if (write(pair[1], "x", 1) == 1 && read(pair[0], &byte, 1) != 1)
		_exit(3);
}

static void calls_eventfd_read(void)
{
	uint64_t value = 1;

	if (read(counter, &value, sizeof(value)) != sizeof(value))
		_exit(3);
}

static void calls_send(void)
{
	if (send(pair[0], "x", 1, 0) != 1)
		_exit(3);
}

static void calls_connect(void)
{
	const struct sockaddr nobody = { .sa_family = AF_UNIX };

	if (connect(pair[0], &nobody, sizeof(nobody)) == 0)
		_exit(3);
}

/* For longer than who is done. */
static void *thread(void *arg)
{
	sleep(3);
	return arg;
}

static void *thread_that_is_done(void *arg)
{
	return arg;
}

static void calls_pthread_join(void)
{
	pthread_t t;

	if (!pthread_create(&t, NULL, thread, NULL))
		pthread_join(t, NULL);
}

/* What may be done on the loop. */
static void does_what_cannot_block(void)
{
	struct timeval none = { 0 };
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST }, *list;
	pthread_t t;
	int quick[2];
	char byte;

	poll(NULL, 0, 0);
	select(0, NULL, NULL, NULL, &none);
	if (!getaddrinfo("127.0.0.1", NULL, &hints, &list))
		freeaddrinfo(list);
	flock(file, LOCK_EX | LOCK_NB);
	waitpid(-1, NULL, WNOHANG);
	if (lseek(file, 0, SEEK_SET) || pwrite(file, "x", 1, 0) != 1 || read(file, &byte, 1) != 1 ||
	    send(pair[0], "x", 1, MSG_DONTWAIT) != 1 || pipe2(quick, O_NONBLOCK) ||
	    write(quick[1], "x", 1) != 1 || read(quick[0], &byte, 1) != 1)
		_exit(3);
	if (!pthread_create(&t, NULL, thread_that_is_done, NULL))
		pthread_join(t, NULL);
}

static void call_done(int result, void *cookie)
{
	(*(void (*const *)(void))cookie)();
	_exit(0);
}

/* How a process ends that does it: in a callback of the loop's, or before there is a loop. */
static int status_of(void (*call)(void), bool on_loop)
{
	struct loop_handle h = { .done = call_done, .cookie = &call };
	const char *note;
	struct loop *l;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (!on_loop) {
			call();
			_exit(0);
		}
		signal(SIGABRT, SIG_DFL);
		if (loop_open(&l, &note) || loop_timer(l, &h, 0))
			_exit(2);
		loop_run(l);
		_exit(1);
	}
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

static void a_call_that_may_block_aborts_on_the_loop_alone(void)
{
	static const struct {
		const char *name;
		void (*call)(void);
	} calls[] = {
		{ "poll", calls_poll },
		{ "select", calls_select },
		{ "epoll_wait", calls_epoll_wait },
		{ "usleep", calls_usleep },
		{ "nanosleep", calls_nanosleep },
		{ "getaddrinfo", calls_getaddrinfo },
		{ "fsync", calls_fsync },
		{ "fdatasync", calls_fdatasync },
		{ "flock", calls_flock },
		{ "waitpid", calls_waitpid },
		{ "read", calls_read },
		{ "read of a counter", calls_eventfd_read },
		{ "send", calls_send },
		{ "connect", calls_connect },
		{ "pthread_join", calls_pthread_join },
	};
	size_t i;
	int status;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		status = status_of(calls[i].call, true);
		CHECK_MSG(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
			  "%s on the loop: status %x", calls[i].name, status);
		status = status_of(calls[i].call, false);
		CHECK_MSG(status == 0, "%s outside: status %x", calls[i].name, status);
	}
}

static void what_cannot_block_is_let(void)
{
	CHECK_INT(status_of(does_what_cannot_block, true), 0);
	CHECK_INT(status_of(does_what_cannot_block, false), 0);
}

static void in_no_loop_is_whoever_is_not_in_loop_run(void)
{
	const char *note;
	struct loop *l;

	CHECK(!loop_is_running());
	REQUIRE(loop_open(&l, &note) == 0);
	CHECK(!loop_is_running());
	loop_close(l);
	CHECK(!loop_is_running());
}

static const struct tap_test tests[] = {
	TEST(a_call_that_may_block_aborts_on_the_loop_alone),
	TEST(what_cannot_block_is_let),
	TEST(in_no_loop_is_whoever_is_not_in_loop_run),
};

__attribute__((constructor)) static void set_up(void)
{
	char name[] = "/tmp/blocking_test.XXXXXX";

	file = mkstemp(name);
	unlink(name);
	counter = eventfd(1, 0);
	if (file < 0 || counter < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		_exit(1);
}

TAP_MAIN(tests)
