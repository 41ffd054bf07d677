// SPDX-License-Identifier: GPL-2.0-or-later
/* Thousands of agents and ten times the tasks over a run; a thousand agents at once, stopped. */
#include <pthread.h>
#include <sys/resource.h>
#include <time.h>

#include "lib/libagentos.h"
#include "stage.h"

/* AGENTOS_SCALE says how many times as many; continuous integration takes 10. Fewer where it is slow. */
#define AGENTS	1000
#define AT_ONCE 100
#define FORKS	4 /* of each agent's process */
#define THREADS 5 /* likewise: with itself ten tasks to an agent */
#define MANY	1000

static void *thread_nothing(void *arg)
{
	return NULL;
}

static int ten_tasks(void)
{
	pthread_t threads[THREADS];
	int i, status;
	pid_t pid;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, thread_nothing, NULL))
			return 2;
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < FORKS; i++) {
		pid = fork();
		if (pid == 0)
			_exit(0);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			return 3;
	}
	return 0;
}

/* One batch: made, joined, run, ended. Every fifth agent is below the one before it. */
static int batch(int first)
{
	struct agentos_derive_options below = { .rights = AGENTOS_RIGHT(FILE_READ),
						.access = AGENTOS_ACCESS_ALL };
	int agents[AT_ONCE], i, bad = 0;
	char name[AGENTOS_NAME_SIZE];
	pid_t pids[AT_ONCE];

	for (i = 0; i < AT_ONCE; i++) {
		snprintf(name, sizeof(name), i % 5 == 4 ? "s%d.t" : "s%d",
			 first + i - (i % 5 == 4));
		below.name = name;
		agents[i] = i % 5 == 4 ? agentos_agent_derive(agents[i - 1], &below, NULL) :
					 stage_agent(name, NULL);
	}
	/* Not before all are made: of an agent whose process is gone nothing is derived. */
	for (i = 0; i < AT_ONCE; i++) {
		pids[i] = agents[i] < 0 ? -1 : fork();
		if (pids[i] == 0)
			_exit(stage_attach(agents[i]) ? 1 : ten_tasks());
	}
	for (i = 0; i < AT_ONCE; i++) {
		int status = stage_status(pids[i]);

		if (status)
			printf("# agent %d (%d): its process ended with %d\n", first + i, agents[i],
			       status);
		bad += status != 0;
		close(agents[i]);
	}
	return bad;
}

static void many_agents_come_and_go_without_a_trace(void)
{
	const char *scale = getenv("AGENTOS_SCALE");
	int agents = AGENTS * (scale ? atoi(scale) : 1) / stage_slow(), first, bad = 0;

	REQUIRE(agents > 0);
	for (first = 0; first < agents; first += AT_ONCE)
		bad += batch(first);
	CHECK_INT(bad, 0);
	printf("# %d agents, %d tasks\n", agents, agents * (1 + FORKS + THREADS));
	CHECK(stage_settle());
}

/* The panic stop: opening and killing a thousand agents is a loop over them, once. */
static void a_thousand_agents_are_stopped_by_one_pass(void)
{
	static int agents[MANY];
	static pid_t pids[MANY];
	uint64_t ids[MANY];
	char name[AGENTOS_NAME_SIZE];
	struct timespec from, to;
	int i, fd, killed = 0;

	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		agents[i] = stage_agent(name, NULL);
		REQUIRE(agents[i] >= 0);
		pids[i] = stage_spawn(agents[i], stage_sleep, NULL);
	}
	CHECK_INT(agentos_dev_enumerate(stage_device, AGENTOS_ENUMERATE_AGENTS, 0, ids, MANY),
		  MANY);
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (i = 0; i < MANY; i++) {
		fd = stage_reopen(stage_device, ids[i], AGENTOS_ACCESS_CONTROL);
		killed += stage_kill(fd);
		close(fd);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	CHECK_INT(killed, MANY);
	printf("# %d agents signalled in %lld us\n", MANY,
	       (to.tv_sec - from.tv_sec) * 1000000LL + (to.tv_nsec - from.tv_nsec) / 1000);
	for (i = 0; i < MANY; i++) {
		CHECK_INT(stage_status(pids[i]), 256 + SIGKILL);
		close(agents[i]);
	}
	CHECK(stage_settle());
}

static const struct tap_test tests[] = {
	TEST(many_agents_come_and_go_without_a_trace),
	TEST(a_thousand_agents_are_stopped_by_one_pass),
};

int main(int argc, char **argv)
{
	struct rlimit files = { 4 * MANY, 4 * MANY };

	setrlimit(RLIMIT_NOFILE, &files);
	return stage_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv, 390);
}
