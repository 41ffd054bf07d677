/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel tests share: the module loaded, agents made, processes put into them. */
#ifndef AGENTOS_TESTS_KERNEL_STAGE_H
#define AGENTOS_TESTS_KERNEL_STAGE_H

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agentos.h"
#include "tests/tap.h"

/* The guest's users: demo may open the device once its group has it, agentu may not. */
#define STAGE_DEMO_UID	 1000
#define STAGE_AGENTU_UID 1001
#define STAGE_GROUP_GID	 990
#define STAGE_TRIES	 1500 /* of 20 ms: what has not settled by then never will */
#define STAGE_STACK	 65536

static int stage_device = -1; /* the device, opened by root outside any agent */

/* 0 or the result, or a negative errno. */
static inline int stage_call(int fd, unsigned long cmd, void *arg)
{
	int result = ioctl(fd, cmd, arg);

	return result < 0 ? -errno : result;
}

static inline int stage_insert(void)
{
	const char *path = getenv("KMOD");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	int err = 0;

	if (fd < 0)
		return -ENOENT;
	if (syscall(SYS_finit_module, fd, "", 0))
		err = -errno;
	close(fd);
	return err;
}

static inline int stage_remove(void)
{
	return syscall(SYS_delete_module, "agentos", O_NONBLOCK) ? -errno : 0;
}

static inline int stage_open(int flags)
{
	int fd = open(AGENTOS_DEVICE, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static inline struct agentos_version stage_version(void)
{
	struct agentos_version version = { .size = sizeof(version) };

	if (stage_call(stage_device, AGENTOS_IOC_VERSION, &version))
		memset(&version, 0xff, sizeof(version));
	return version;
}

/* Reaps whatever ended, orphans included: a process nobody reaped is still a member. */
static inline void stage_reap_all(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

/* Waits until no agent and no task is left. False when no more of them go. */
static inline bool stage_settle(void)
{
	struct agentos_version version = { 0 };
	uint64_t left = UINT64_MAX;
	int i;

	for (i = 0; i < STAGE_TRIES; i++) {
		stage_reap_all();
		version = stage_version();
		if (!version.ret_agents && !version.ret_tasks)
			return true;
		if (version.ret_agents + version.ret_tasks < left) {
			left = version.ret_agents + version.ret_tasks;
			i = 0;
		}
		usleep(20000);
	}
	printf("# left over: %llu agents, %llu tasks\n", (unsigned long long)version.ret_agents,
	       (unsigned long long)version.ret_tasks);
	return false;
}

/* For CREATE: every right, no policy, hooks not asked for. */
static inline struct agentos_create stage_plan(const char *name)
{
	struct agentos_create create = {
		.size = sizeof(create),
		.flags = AGENTOS_CREATE_UNENFORCED,
		.rights = AGENTOS_RIGHTS_ALL,
		.access = AGENTOS_ACCESS_ALL,
	};

	snprintf(create.name, sizeof(create.name), "%s", name);
	return create;
}

/* An agent's descriptor, or a negative errno. ret_id may be NULL. */
static inline int stage_agent(const char *name, uint64_t *ret_id)
{
	struct agentos_create create = stage_plan(name);
	int err = stage_call(stage_device, AGENTOS_IOC_CREATE, &create);

	if (err)
		return err;
	if (ret_id)
		*ret_id = create.ret_id;
	return create.ret_fd;
}

static inline int stage_reopen(int device, uint64_t id, uint32_t access)
{
	struct agentos_open open = { .size = sizeof(open), .id = id, .access = access };
	int err = stage_call(device, AGENTOS_IOC_OPEN, &open);

	return err ?: open.ret_fd;
}

static inline int stage_attach(int agent)
{
	struct agentos_attach attach = { .size = sizeof(attach) };

	return stage_call(agent, AGENTOS_AGENT_ATTACH, &attach);
}

static inline int stage_restrict(int agent, uint64_t mask)
{
	struct agentos_restrict restrict_ = { .size = sizeof(restrict_), .mask = mask };

	return stage_call(agent, AGENTOS_AGENT_RESTRICT, &restrict_);
}

/* How many were signalled, or a negative errno. */
static inline int stage_kill(int agent)
{
	struct agentos_kill kill = { .size = sizeof(kill) };

	return stage_call(agent, AGENTOS_AGENT_KILL, &kill) ?: (int)kill.ret_tasks;
}

static inline struct agentos_info stage_info(int agent)
{
	struct agentos_info info = { .size = sizeof(info) };

	if (stage_call(agent, AGENTOS_AGENT_INFO, &info))
		memset(&info, 0xff, sizeof(info));
	return info;
}

/* Which agent: its id, or a negative errno. */
static inline int64_t stage_identify(int device, pid_t pid)
{
	struct agentos_identify identify = {
		.size = sizeof(identify),
		.flags = AGENTOS_IDENTIFY_ANY_START,
		.pid = pid,
	};
	int err = stage_call(device, AGENTOS_IOC_IDENTIFY, &identify);

	return err ?: (int64_t)identify.ret_id;
}

/* Waits for the agent's end. False when it never comes. */
static inline bool stage_ended(int agent)
{
	struct pollfd pollfd = { .fd = agent, .events = POLLIN };
	int i;

	for (i = 0; i < STAGE_TRIES; i++) {
		if (poll(&pollfd, 1, 20) == 1)
			return pollfd.revents & POLLHUP;
		stage_reap_all();
	}
	return false;
}

/* Exit status of a child, or 256 + the signal it died of. */
static inline int stage_status(pid_t pid)
{
	int status;

	if (pid <= 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* A child that runs a function outside any agent and exits with what that returns. */
static inline pid_t stage_fork(int (*run)(void *), void *arg)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(run(arg));
	}
	return pid;
}

/* The same, inside an agent; 99 when it cannot attach. Returns when it has joined. */
static inline pid_t stage_spawn(int agent, int (*run)(void *), void *arg)
{
	int joined[2];
	pid_t pid;
	char byte;

	if (pipe2(joined, O_CLOEXEC))
		return -1;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(joined[0]);
		if (stage_attach(agent))
			_exit(99);
		close(joined[1]);
		_exit(run(arg));
	}
	close(joined[1]);
	while (read(joined[0], &byte, 1) < 0 && errno == EINTR)
		;
	close(joined[0]);
	return pid;
}

static inline int stage_sleep(void *arg)
{
	for (;;)
		pause();
	return 0;
}

/* Memory that children share. */
static inline void *stage_share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* Waits until another process has stored something there. False when none does. */
static inline bool stage_wait_value(const int *value)
{
	int i;

	for (i = 0; i < STAGE_TRIES; i++) {
		if (__atomic_load_n(value, __ATOMIC_ACQUIRE))
			return true;
		usleep(20000);
	}
	return false;
}

/* How many times the usual time things may take: the debugging kernel is slow. */
static inline unsigned int stage_slow(void)
{
	const char *slow = getenv("AGENTOS_SLOW");
	int times = slow ? atoi(slow) : 1;

	return times > 0 ? times : 1;
}

/*
 * Loads the module, runs the tests, removes it. A test that hangs is ended by
 * the alarm, and then the plan is not fulfilled.
 */
static inline int stage_main(const struct tap_test *tests, size_t count, int argc, char **argv,
			     unsigned int seconds)
{
	int err, bad, i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	err = stage_insert();
	if (err) {
		printf("Bail out! cannot load the module: %s\n", strerror(-err));
		return 1;
	}
	stage_device = stage_open(O_RDWR | O_NONBLOCK);
	alarm(seconds * stage_slow());
	bad = tap_main(tests, count, argc, argv);
	stage_settle();
	close(stage_device);
	/* Who held it last lets go a moment after he has been counted out. */
	for (i = 0; i < STAGE_TRIES / 10; i++) {
		err = stage_remove();
		if (err != -EAGAIN)
			break;
		usleep(20000);
	}
	if (err)
		printf("# the module stays: %s\n", strerror(-err));
	return bad || err;
}

#define STAGE_MAIN(tests, seconds)                                                         \
	int main(int argc, char **argv)                                                    \
	{                                                                                  \
		return stage_main((tests), sizeof(tests) / sizeof((tests)[0]), argc, argv, \
				  (seconds));                                              \
	}

#endif
