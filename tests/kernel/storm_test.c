// SPDX-License-Identifier: GPL-2.0-or-later
/* Many processes, threads and agents, coming and going: all are counted, and none is left. */
#include <grp.h>
#include <pthread.h>
#include <sys/resource.h>

#include "stage.h"

/* Processes of a user in /proc, zombies included. */
static int count_processes(uid_t uid)
{
	char path[32];
	int count = 0;
	pid_t pid;

	for (pid = 1; pid < 32768; pid++) {
		char line[64];
		unsigned int owner = ~0U;
		FILE *file;

		if (kill(pid, 0))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/status", pid);
		file = fopen(path, "re");
		while (file && fgets(line, sizeof(line), file))
			if (sscanf(line, "Uid: %u", &owner) == 1)
				break;
		if (file)
			fclose(file);
		count += owner == uid;
	}
	return count;
}

static int fork_bomb(void *arg)
{
	struct rlimit limit = { 150, 150 };
	gid_t group = STAGE_AGENTU_UID;

	if (setrlimit(RLIMIT_NPROC, &limit) || setgroups(1, &group) ||
	    setresuid(STAGE_AGENTU_UID, STAGE_AGENTU_UID, STAGE_AGENTU_UID))
		return 1;
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		/* Some end at once, so that there is always room for more. */
		if (fork() == 0 && getpid() % 3 == 0)
			_exit(0);
	}
}

static void kill_during_a_fork_bomb_leaves_no_survivor(void)
{
	int round, i;

	for (round = 0; round < 20; round++) {
		int fd = stage_agent("bomb", NULL);
		pid_t pid = stage_spawn(fd, fork_bomb, NULL);

		REQUIRE(pid > 0);
		for (i = 0; i < STAGE_TRIES && stage_info(fd).ret_forks < 60; i++)
			usleep(1000);
		CHECK_MSG(stage_info(fd).ret_forks >= 60, "round %d", round);
		CHECK(stage_kill(fd) > 0);
		CHECK_MSG(stage_ended(fd), "round %d", round);
		CHECK_INT(stage_info(fd).ret_tasks, 0);
		close(fd);
		CHECK(stage_settle());
	}
	CHECK_INT(count_processes(STAGE_AGENTU_UID), 0);
}

#define STORM 2000

static int fork_storm(void *arg)
{
	int i, ended = 0, status;

	for (i = 0; i < STORM; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid == 0)
			_exit(0);
		/* Up to 64 at a time. */
		if (i - ended >= 64 && wait(&status) > 0)
			ended++;
	}
	while (wait(&status) > 0)
		ended++;
	return ended == STORM ? 0 : 2;
}

static void a_storm_of_forks_is_counted_and_leaves_nothing(void)
{
	int fd = stage_agent("storm", NULL);
	struct agentos_info info;

	REQUIRE(fd >= 0);
	CHECK_INT(stage_status(stage_spawn(fd, fork_storm, NULL)), 0);
	CHECK(stage_ended(fd));
	info = stage_info(fd);
	CHECK_INT(info.ret_forks, STORM);
	CHECK_INT(info.ret_tasks, 0);
	close(fd);
	CHECK(stage_settle());
}

static void *end_thread(void *arg)
{
	return NULL;
}

/* Processes whose threads end all at once, on whatever processor they are. */
static int thread_storm(void *arg)
{
	int i, j;

	for (i = 0; i < 100; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			pthread_t thread;

			for (j = 0; j < 8; j++)
				pthread_create(&thread, NULL, end_thread, NULL);
			syscall(SYS_exit_group, 0);
		}
		if (pid < 0 || stage_status(pid))
			return 1;
	}
	return 0;
}

static void threads_that_end_together_end_one_membership(void)
{
	int fd = stage_agent("threads", NULL);

	REQUIRE(fd >= 0);
	CHECK_INT(stage_status(stage_spawn(fd, thread_storm, NULL)), 0);
	CHECK(stage_ended(fd));
	CHECK_INT(stage_info(fd).ret_forks, 100);
	CHECK_INT(stage_info(fd).ret_tasks, 0);
	close(fd);
	CHECK(stage_settle());
}

static void a_thousand_agents_in_turn_leave_nothing(void)
{
	int object = open("/etc/passwd", O_PATH | O_CLOEXEC), i;
	struct agentos_version before = stage_version(), after;

	REQUIRE(object >= 0);
	for (i = 0; i < 1000; i++) {
		struct agentos_policy_new policy = { .size = sizeof(policy) };
		struct agentos_policy_rule rule = { .size = sizeof(rule), .fd = object };
		struct agentos_policy_drop drop = { .size = sizeof(drop) };
		struct agentos_create create = stage_plan("cycle");
		pid_t pid;

		REQUIRE(!stage_call(stage_device, AGENTOS_IOC_POLICY_NEW, &policy));
		rule.policy = drop.policy = create.policy = policy.ret_policy;
		REQUIRE(!stage_call(stage_device, AGENTOS_IOC_POLICY_RULE, &rule));
		REQUIRE(!stage_call(stage_device, AGENTOS_IOC_CREATE, &create));
		pid = stage_spawn(create.ret_fd, stage_sleep, NULL);
		REQUIRE(stage_kill(create.ret_fd) == 1);
		REQUIRE(stage_status(pid) == 256 + SIGKILL);
		REQUIRE(stage_ended(create.ret_fd));
		close(create.ret_fd);
		REQUIRE(!stage_call(stage_device, AGENTOS_IOC_POLICY_DROP, &drop));
	}
	close(object);
	CHECK(stage_settle());
	after = stage_version();
	CHECK(!memcmp(&before, &after, sizeof(after)));
	CHECK_INT(after.ret_policies, 0);
	CHECK_INT(after.ret_pins, 0);
}

static const struct tap_test tests[] = {
	{ "threads_that_end_together_end_one_membership",
	  threads_that_end_together_end_one_membership },
	{ "kill_during_a_fork_bomb_leaves_no_survivor",
	  kill_during_a_fork_bomb_leaves_no_survivor },
	{ "a_storm_of_forks_is_counted_and_leaves_nothing",
	  a_storm_of_forks_is_counted_and_leaves_nothing },
	{ "a_thousand_agents_in_turn_leave_nothing", a_thousand_agents_in_turn_leave_nothing },
};

/* Forks are slow where the machine is emulated and busy. */
STAGE_MAIN(tests, 380)
