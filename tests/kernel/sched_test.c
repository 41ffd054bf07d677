// SPDX-License-Identifier: GPL-2.0-or-later
/* Criticality and phase: what they come to, for every thread there is and will be. */
#include <grp.h>
#include <pthread.h>
#include <sys/resource.h>
#include <time.h>

#include "stage.h"

#define THREADS 40 /* more than the module takes at once */

static int derive(int parent, const char *name)
{
	struct agentos_derive derive_ = {
		.size = sizeof(derive_),
		.rights = AGENTOS_RIGHTS_ALL,
		.access = AGENTOS_ACCESS_ALL,
	};
	int err;

	snprintf(derive_.name, sizeof(derive_.name), "%s", name);
	err = stage_call(parent, AGENTOS_AGENT_DERIVE, &derive_);
	return err ?: derive_.ret_fd;
}

/* The nice value it came to, or 1000 minus an errno. */
static int set_sched(int agent, uint32_t criticality, uint32_t phase)
{
	struct agentos_sched sched = {
		.size = sizeof(sched),
		.criticality = criticality,
		.phase = phase,
	};
	int err = stage_call(agent, AGENTOS_AGENT_SCHED, &sched);

	return err ? 1000 + err : sched.ret_nice;
}

struct thread_state {
	int policy, nice;
};

/* The kernel's own layout; the C library's has come and gone. */
struct attributes {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static struct attributes attributes_of(pid_t tid)
{
	struct attributes a = { .size = sizeof(a) };

	if (syscall(SYS_sched_getattr, tid, &a, sizeof(a), 0))
		a.policy = 99;
	return a;
}

/* Do all threads of a process have these? */
static bool threads_have(pid_t pid, int policy, int nice)
{
	char path[64];
	struct attributes a;
	int tid, seen = 0;
	bool all = true;
	FILE *list;

	snprintf(path, sizeof(path), "ls /proc/%d/task", pid);
	list = popen(path, "r");
	if (!list)
		return false;
	while (fscanf(list, "%d", &tid) == 1) {
		a = attributes_of(tid);
		seen++;
		if ((int)a.policy == policy && a.nice == nice)
			continue;
		printf("# thread %d: policy %u, nice %d\n", tid, a.policy, a.nice);
		all = false;
	}
	pclose(list);
	return all && seen;
}

static int *ready;

static void *wait_thread(void *arg)
{
	__atomic_add_fetch(ready, 1, __ATOMIC_ACQ_REL);
	for (;;)
		pause();
	return NULL;
}

static int wait_in_threads(void *arg)
{
	pthread_attr_t small;
	pthread_t thread;
	int i;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	for (i = 0; i < THREADS; i++)
		if (pthread_create(&thread, &small, wait_thread, NULL))
			return 1;
	return stage_sleep(NULL);
}

static bool threads_ready(int count)
{
	int i;

	for (i = 0; i < STAGE_TRIES; i++) {
		if (__atomic_load_n(ready, __ATOMIC_ACQUIRE) >= count)
			return true;
		usleep(20000);
	}
	return false;
}

static void criticality_comes_to_a_nice_value(void)
{
	static const struct {
		uint32_t criticality, phase;
		int nice;
	} cases[] = {
		{ 0, AGENTOS_PHASE_WORKING, 19 },      { 25, AGENTOS_PHASE_WORKING, 10 },
		{ 49, AGENTOS_PHASE_WORKING, 1 },      { 50, AGENTOS_PHASE_WORKING, 0 },
		{ 75, AGENTOS_PHASE_WORKING, -5 },     { 100, AGENTOS_PHASE_WORKING, -10 },
		{ 50, AGENTOS_PHASE_BACKGROUND, 5 },   { 100, AGENTOS_PHASE_BACKGROUND, -5 },
		{ 10, AGENTOS_PHASE_BACKGROUND, 19 },  { 50, AGENTOS_PHASE_WAITING, 0 },
		{ 60, AGENTOS_PHASE_INTERACTIVE, -2 },
	};
	int agent = stage_agent("s", NULL);
	struct agentos_info info;
	size_t i;

	REQUIRE(agent >= 0);
	CHECK_INT(stage_info(agent).ret_criticality, AGENTOS_CRITICALITY_START);
	CHECK_INT(stage_info(agent).ret_nice, 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_INT(set_sched(agent, cases[i].criticality, cases[i].phase), cases[i].nice);
		info = stage_info(agent);
		CHECK_INT(info.ret_criticality, cases[i].criticality);
		CHECK_INT(info.ret_phase, cases[i].phase);
		CHECK_INT(info.ret_nice, cases[i].nice);
	}
	close(agent);
	CHECK(stage_settle());
}

static void every_thread_gets_it(void)
{
	int agent = stage_agent("s", NULL);
	pid_t pid;

	*ready = 0;
	REQUIRE(agent >= 0);
	pid = stage_spawn(agent, wait_in_threads, NULL);
	REQUIRE(pid > 0 && threads_ready(THREADS));
	/* Whoever has set nothing changes nothing. */
	CHECK(threads_have(pid, SCHED_OTHER, 0));
	CHECK_INT(set_sched(agent, 25, AGENTOS_PHASE_WORKING), 10);
	CHECK(threads_have(pid, SCHED_OTHER, 10));
	CHECK_INT(set_sched(agent, 25, AGENTOS_PHASE_BACKGROUND), 15);
	CHECK(threads_have(pid, SCHED_BATCH, 15));
	CHECK_INT(set_sched(agent, 75, AGENTOS_PHASE_INTERACTIVE), -5);
	CHECK(threads_have(pid, SCHED_OTHER, -5));
	CHECK_INT(stage_info(agent).ret_threads, THREADS + 1);
	stage_kill(agent);
	stage_status(pid);
	close(agent);
	CHECK(stage_settle());
}

static int fork_and_sleep(void *arg)
{
	if (fork() < 0)
		return 1;
	return stage_sleep(NULL);
}

static void who_joins_or_is_forked_later_gets_it(void)
{
	int agent = stage_agent("s", NULL);
	struct agentos_info info;
	pid_t pid;
	int i;

	REQUIRE(agent >= 0);
	CHECK_INT(set_sched(agent, 0, AGENTOS_PHASE_WORKING), 19);
	pid = stage_spawn(agent, fork_and_sleep, NULL);
	for (i = 0; i < STAGE_TRIES; i++) {
		info = stage_info(agent);
		if (info.ret_tasks == 2)
			break;
		usleep(20000);
	}
	CHECK_INT(info.ret_tasks, 2);
	CHECK(threads_have(pid, SCHED_OTHER, 19));
	stage_kill(agent);
	stage_status(pid);
	close(agent);
	CHECK(stage_settle());
}

static void the_least_of_the_ancestry_counts(void)
{
	int fds[3], i;
	pid_t pids[3];

	fds[0] = stage_agent("s", NULL);
	fds[1] = derive(fds[0], "s.t");
	fds[2] = derive(fds[1], "s.t.u");
	for (i = 0; i < 3; i++) {
		pids[i] = stage_spawn(fds[i], stage_sleep, NULL);
		REQUIRE(pids[i] > 0);
	}
	CHECK_INT(set_sched(fds[0], 100, AGENTOS_PHASE_WORKING), -10);
	CHECK(threads_have(pids[0], SCHED_OTHER, -10));
	/* Below it stands what they began with. */
	CHECK(threads_have(pids[1], SCHED_OTHER, 0));
	CHECK_INT(set_sched(fds[2], 100, AGENTOS_PHASE_BACKGROUND), 5);
	CHECK_INT(set_sched(fds[1], 100, AGENTOS_PHASE_WORKING), -10);
	CHECK(threads_have(pids[1], SCHED_OTHER, -10));
	CHECK(threads_have(pids[2], SCHED_BATCH, -5));
	CHECK_INT(set_sched(fds[0], 0, AGENTOS_PHASE_INTERACTIVE), 19);
	CHECK(threads_have(pids[0], SCHED_OTHER, 19));
	CHECK(threads_have(pids[1], SCHED_OTHER, 19));
	CHECK(threads_have(pids[2], SCHED_BATCH, 19));
	stage_kill(fds[0]);
	for (i = 0; i < 3; i++) {
		stage_status(pids[i]);
		close(fds[i]);
	}
	CHECK(stage_settle());
}

struct claim {
	int agent;
	uint32_t criticality;
};

/* As an unprivileged owner of the agent. */
static int claim_as_owner(void *arg)
{
	struct claim *claim = arg;

	if (setgroups(0, NULL) || setgid(STAGE_DEMO_UID) || setuid(STAGE_DEMO_UID))
		return 98;
	return 1000 - set_sched(claim->agent, claim->criticality, AGENTOS_PHASE_WORKING);
}

static int claim_below(void *arg)
{
	struct claim *claim = arg;

	return 1000 - set_sched(claim->agent, claim->criticality, AGENTOS_PHASE_WORKING);
}

static void more_than_at_the_start_takes_a_capability(void)
{
	int agent = stage_agent("s", NULL), below = derive(agent, "s.t");
	struct claim claim = { .agent = agent, .criticality = 51 };

	REQUIRE(below >= 0);
	CHECK_INT(stage_status(stage_fork(claim_as_owner, &claim)), EPERM);
	claim.criticality = 50;
	CHECK_INT(stage_status(stage_fork(claim_as_owner, &claim)), 1000 % 256);
	/* As root, but in an agent: of what is below it, and no higher. */
	claim.agent = below;
	claim.criticality = 51;
	CHECK_INT(stage_status(stage_spawn(agent, claim_below, &claim)), EPERM);
	CHECK_INT(stage_info(below).ret_criticality, 50);
	close(below);
	close(agent);
	CHECK(stage_settle());
}

static int sleep_nicely(void *arg)
{
	if (setpriority(PRIO_PROCESS, 0, 15))
		return 1;
	__atomic_store_n(ready, 1, __ATOMIC_RELEASE);
	return stage_sleep(NULL);
}

/* What an administrator made nice stays so, unless one of his kind says otherwise. */
static void who_may_not_raise_does_not(void)
{
	int agent = stage_agent("s", NULL), below = derive(agent, "s.t");
	struct claim claim = { .agent = below, .criticality = 50 };
	pid_t pid, other;

	*ready = 0;
	other = stage_spawn(agent, stage_sleep, NULL);
	pid = stage_spawn(below, sleep_nicely, NULL);
	REQUIRE(pid > 0 && stage_wait_value(ready));
	/* From within the agent above it. */
	CHECK_INT(stage_status(stage_spawn(agent, claim_below, &claim)), 1000 % 256);
	CHECK(threads_have(pid, SCHED_OTHER, 15));
	/* As its owner, who is not root. */
	CHECK_INT(stage_status(stage_fork(claim_as_owner, &claim)), 1000 % 256);
	CHECK(threads_have(pid, SCHED_OTHER, 15));
	/* Worse it can be made. */
	claim.criticality = 0;
	CHECK_INT(stage_status(stage_spawn(agent, claim_below, &claim)), (1000 - 19) % 256);
	CHECK(threads_have(pid, SCHED_OTHER, 19));
	/* Control: root can. */
	CHECK_INT(set_sched(below, 50, AGENTOS_PHASE_WORKING), 0);
	CHECK(threads_have(pid, SCHED_OTHER, 0));
	stage_kill(agent);
	stage_status(pid);
	stage_status(other);
	close(below);
	close(agent);
	CHECK(stage_settle());
}

static int fork_without_end(void *arg)
{
	pid_t pid;

	for (;;) {
		pid = fork();
		if (pid == 0)
			_exit(0);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
	return 0;
}

/* Each generation is forked by the last, which then ends: whoever is missed stays missed. */
static int fork_in_a_chain(void *arg)
{
	/* Each is ours when its parent has ended, and goes without a trace. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGCHLD, SIG_IGN);
	if (fork())
		return stage_sleep(NULL);
	for (;;) {
		pid_t pid = fork();

		if (pid > 0)
			_exit(0);
		if (pid < 0)
			usleep(1000);
	}
	return 0;
}

static bool is_zombie(int pid)
{
	char path[64], state = 'Z';
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	stat = fopen(path, "r");
	if (!stat)
		return true;
	if (fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
		state = 'Z';
	fclose(stat);
	return state == 'Z' || state == 'X';
}

/* Waits until all its threads are held. False when that never happens. */
static bool all_held(int agent)
{
	struct agentos_info info;
	int i;

	for (i = 0; i < STAGE_TRIES; i++) {
		info = stage_info(agent);
		if (info.ret_threads && info.ret_held == info.ret_threads)
			return true;
		usleep(20000);
	}
	return false;
}

/* All processes of the machine but init that are in the agent, by asking. */
static int members_with_another_nice(uint64_t agent, int nice)
{
	int pid, others = 0;
	FILE *list = popen("ls /proc", "r");
	char word[64];

	if (!list)
		return -1;
	while (fscanf(list, "%63s", word) == 1) {
		struct attributes a;

		pid = atoi(word);
		if (pid <= 1 || stage_identify(stage_device, pid) != (int64_t)agent)
			continue;
		a = attributes_of(pid);
		if (a.policy != 99 && a.nice != nice && !is_zombie(pid))
			others++;
	}
	pclose(list);
	return others;
}

static void a_storm_of_forks_gets_it_whole(void)
{
	struct agentos_pause pause_ = { .size = sizeof(pause_) };
	struct agentos_resume resume = { .size = sizeof(resume) };
	int agent, round, i;
	pid_t pids[4];
	uint64_t id = 0;

	agent = stage_agent("s", &id);
	REQUIRE(agent >= 0);
	for (i = 0; i < 4; i++)
		pids[i] = stage_spawn(agent, i % 2 ? fork_without_end : fork_in_a_chain, NULL);
	for (round = 0; round < 6; round++) {
		int nice = set_sched(agent, round % 2 ? 50 : 25, AGENTOS_PHASE_WORKING);

		CHECK_INT(nice, round % 2 ? 0 : 10);
		CHECK_INT(stage_call(agent, AGENTOS_AGENT_PAUSE, &pause_), 0);
		CHECK(all_held(agent));
		CHECK_INT(members_with_another_nice(id, nice), 0);
		CHECK_INT(stage_call(agent, AGENTOS_AGENT_RESUME, &resume), 0);
	}
	stage_kill(agent);
	for (i = 0; i < 4; i++)
		stage_status(pids[i]);
	CHECK(stage_ended(agent));
	close(agent);
	CHECK(stage_settle());
}

static void slices_are_short_where_the_kernel_can(void)
{
	int agent = stage_agent("s", NULL);
	pid_t pid = stage_spawn(agent, stage_sleep, NULL);
	bool can = stage_version().ret_features & AGENTOS_FEATURE_SLICE;
	uint64_t start;

	REQUIRE(pid > 0);
	start = attributes_of(pid).runtime;
	CHECK_INT(set_sched(agent, 50, AGENTOS_PHASE_INTERACTIVE), 0);
	CHECK_INT(attributes_of(pid).runtime, can ? 1000000 : start);
	CHECK_INT(set_sched(agent, 50, AGENTOS_PHASE_BACKGROUND), 5);
	CHECK_INT(attributes_of(pid).runtime, can ? 20000000 : start);
	CHECK_INT(set_sched(agent, 50, AGENTOS_PHASE_WORKING), 0);
	CHECK_INT(attributes_of(pid).runtime, start);
	stage_kill(agent);
	stage_status(pid);
	close(agent);
	CHECK(stage_settle());
}

static void what_is_carried_is_told(void)
{
	struct timespec now;
	struct agentos_sched sched = { .size = sizeof(sched), .criticality = 50 };
	int agent = stage_agent("s", NULL);

	REQUIRE(agent >= 0 && !clock_gettime(CLOCK_BOOTTIME, &now));
	sched.deadline_ns = (now.tv_sec + 3600) * 1000000000ULL;
	sched.efficiency = 3 << 16;
	sched.cost = 1 << 15;
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_SCHED, &sched), 0);
	CHECK_INT(stage_info(agent).ret_deadline_ns, sched.deadline_ns);
	CHECK_INT(stage_info(agent).ret_efficiency, 3 << 16);
	CHECK_INT(stage_info(agent).ret_cost, 1 << 15);
	sched.deadline_ns = now.tv_sec * 1000000000ULL;
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_SCHED, &sched), -EINVAL);
	CHECK_INT(stage_kill(agent), 0);
	sched.deadline_ns = 0;
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_SCHED, &sched), -ESRCH);
	close(agent);
	CHECK(stage_settle());
}

static const struct tap_test tests[] = {
	TEST(criticality_comes_to_a_nice_value),
	TEST(every_thread_gets_it),
	TEST(who_joins_or_is_forked_later_gets_it),
	TEST(the_least_of_the_ancestry_counts),
	TEST(more_than_at_the_start_takes_a_capability),
	TEST(a_storm_of_forks_gets_it_whole),
	TEST(who_may_not_raise_does_not),
	TEST(slices_are_short_where_the_kernel_can),
	TEST(what_is_carried_is_told),
};

int main(int argc, char **argv)
{
	ready = stage_share(sizeof(*ready));
	return !ready || stage_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv, 110);
}
