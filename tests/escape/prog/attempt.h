/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The driver of helper programs: runs a list of acts, each in a child, and says how each ended. */
#ifndef AGENTOS_TESTS_ATTEMPT_H
#define AGENTOS_TESTS_ATTEMPT_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Arguments: ID ACT [ARGUMENT]..., groups separated by a lone ",". Each act
 * runs in a child named ID, so that its audit records can be told by their
 * comm, and yields the line "ID ERRNO" (0: it succeeded; 1000 + n: died of
 * signal n), after the line "ID@ PID", its process. "marker" comes last: an act that
 * no agent is ever allowed, so that its record says that all records before it are in
 * the log.
 *
 * Any act may be carried out in another way: via-thread, via-orphan (double
 * fork and setsid), via-vfork and via-exec (this program again, from a second
 * thread), followed by the act.
 */
struct attempt {
	const char *name;
	int (*act)(char **arg); /* 0 or a negative errno */
};

#define ATTEMPT_ARGS 16

static const struct attempt *attempt_table;

static inline int attempt_result(long rc)
{
	return rc < 0 ? -errno : 0;
}

/* What open() and its like give: a descriptor, which is of no further use. */
static inline int attempt_descriptor(long fd)
{
	if (fd < 0)
		return -errno;
	close((int)fd);
	return 0;
}

static int attempt_act(char **arg);

static void *attempt_thread(void *cookie)
{
	char **arg = cookie;

	return (void *)(long)attempt_act(arg);
}

static inline int attempt_via_thread(char **arg)
{
	pthread_t thread;
	void *result;
	int err = pthread_create(&thread, NULL, attempt_thread, arg);

	if (err)
		return -err;
	pthread_join(thread, &result);
	return (int)(long)result;
}

static inline int attempt_via_orphan(char **arg)
{
	int ends[2], result = -EPIPE;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		pid = getpid();
		if (fork() == 0) {
			setsid();
			while (getppid() == pid)
				usleep(1000);
			result = attempt_act(arg);
			if (write(ends[1], &result, sizeof(result)) < 0)
				_exit(1);
		}
		_exit(0);
	}
	close(ends[1]);
	waitpid(pid, NULL, 0);
	if (read(ends[0], &result, sizeof(result)) != sizeof(result))
		/* The pipe closes without a result when another program took over. */
		return strcmp(arg[0], "exec") == 0 ? 0 : -EPIPE;
	return result;
}

/* This program once more, which then does one act and exits with its errno. */
static inline void attempt_again(char **arg)
{
	char *argv[ATTEMPT_ARGS + 4] = { "attempt", "--exit", NULL };
	char name[17] = "";
	int i;

	prctl(PR_GET_NAME, name);
	argv[2] = name;
	for (i = 0; i < ATTEMPT_ARGS && arg[i]; i++)
		argv[3 + i] = arg[i];
	execv("/proc/self/exe", argv);
	_exit(errno);
}

static void *attempt_exec_thread(void *cookie)
{
	attempt_again(cookie);
	return NULL;
}

static inline int attempt_via_exec(char **arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, attempt_exec_thread, arg))
		return -EAGAIN;
	pthread_join(thread, NULL);
	return -ECHILD;
}

static inline int attempt_via_vfork(char **arg)
{
	char *argv[ATTEMPT_ARGS + 4] = { "attempt", "--exit", NULL };
	char name[17] = "";
	int status, i;
	pid_t pid;

	prctl(PR_GET_NAME, name);
	argv[2] = name;
	for (i = 0; i < ATTEMPT_ARGS && arg[i]; i++)
		argv[3 + i] = arg[i];
	pid = vfork();
	if (pid == 0) {
		execv("/proc/self/exe", argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}

/* Says that it has begun (makes ARG0) and waits until ARG1 exists. */
static inline int attempt_await(char **arg)
{
	int fd = open(arg[0], O_CREAT | O_WRONLY, 0666), i;

	if (fd < 0)
		return -errno;
	dprintf(fd, "%d\n", getpid());
	close(fd);
	for (i = 0; i < 3000; i++) {
		if (access(arg[1], F_OK) == 0)
			return 0;
		usleep(10000);
	}
	return -ETIMEDOUT;
}

static int attempt_act(char **arg)
{
	static const struct attempt shared[] = {
		{ "via-thread", attempt_via_thread }, { "via-orphan", attempt_via_orphan },
		{ "via-exec", attempt_via_exec },     { "via-vfork", attempt_via_vfork },
		{ "await", attempt_await },	      { NULL },
	};
	const struct attempt *a;

	for (a = shared; a->name; a++)
		if (strcmp(a->name, arg[0]) == 0)
			return a->act(arg + 1);
	for (a = attempt_table; a->name; a++)
		if (strcmp(a->name, arg[0]) == 0)
			return a->act(arg + 1);
	fprintf(stderr, "no act %s\n", arg[0]);
	return -EBADRQC;
}

static inline int attempt_marker(void)
{
	char letter = 'x';

	prctl(PR_SET_NAME, "marker");
	return ioctl(STDIN_FILENO, TIOCSTI, &letter) < 0 ? errno : 0;
}

static inline void attempt_one(const char *id, char **arg)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		/* What stands still is a failure, but not the end of all others. */
		alarm(40);
		prctl(PR_SET_NAME, id);
		dprintf(STDOUT_FILENO, "%s@ %d\n", id, getpid());
		_exit(-attempt_act(arg));
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		status = errno << 8;
	printf("%s %d\n", id, WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status));
}

static inline int attempt_main(int argc, char **argv, const struct attempt *table)
{
	int i, end;

	attempt_table = table;
	if (argc > 3 && strcmp(argv[1], "--exit") == 0) {
		prctl(PR_SET_NAME, argv[2]);
		return -attempt_act(argv + 3);
	}
	for (i = 1; i + 1 < argc; i = end + 1) {
		for (end = i; end < argc && strcmp(argv[end], ",") != 0; end++)
			;
		argv[end] = NULL;
		attempt_one(argv[i], argv + i + 1);
	}
	fflush(NULL);
	attempt_marker();
	return 0;
}

#endif
