// SPDX-License-Identifier: GPL-2.0-or-later
/* Time as the kernel counts it: what tasks ran and waited, limits on that and on an agent's age. */
#include <pthread.h>
#include <sys/resource.h>
#include <time.h>

#include "stage.h"

#define CPU	AGENTOS_RESOURCE_CPU_NS
#define WALL	AGENTOS_RESOURCE_WALL_NS
#define MS	1000000ULL
#define TICK_NS (4 * MS) /* a running thread's time is as of the last */

static int derive(int parent, const char *name)
{
	struct agentos_derive derive_ = {
		.size = sizeof(derive_),
		.rights = AGENTOS_RIGHT(FILE_READ),
		.access = AGENTOS_ACCESS_ALL,
	};
	int err;

	snprintf(derive_.name, sizeof(derive_.name), "%s", name);
	err = stage_call(parent, AGENTOS_AGENT_DERIVE, &derive_);
	return err ?: derive_.ret_fd;
}

static int limit(int agent, uint32_t resource, uint64_t amount, uint32_t action)
{
	struct agentos_budget_set set = {
		.size = sizeof(set),
		.resource = resource,
		.limit = amount,
		.action = action,
	};

	return stage_call(agent, AGENTOS_AGENT_BUDGET_SET, &set);
}

static uint64_t used(int agent, uint32_t resource)
{
	struct agentos_budget_get get = { .size = sizeof(get), .resource = resource };

	return stage_call(agent, AGENTOS_AGENT_BUDGET_GET, &get) ? UINT64_MAX : get.ret_used;
}

static int reserve(int agent)
{
	struct agentos_reserve reserve_ = { sizeof(reserve_), AGENTOS_RESOURCE_TOKENS, 1 };

	return stage_call(agent, AGENTOS_AGENT_RESERVE, &reserve_);
}

static uint64_t ns_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/*
 * What the children that were waited for have run, and theirs. Of the way out, what
 * comes after the parent was told is not in it: some more.
 */
static uint64_t children_ran(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000000ULL +
	       (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000ULL;
}

#define OUT_NS (5 * MS * stage_slow())

/* What a process has run so far, as the kernel tells of it. */
static uint64_t process_ran(pid_t pid)
{
	clockid_t clock;

	return clock_getcpuclockid(pid, &clock) ? 0 : ns_of(clock);
}

/* Runs for so many milliseconds of its own time. */
struct burn {
	uint64_t ms;
	int done;
};

static void burn_for(uint64_t ms)
{
	uint64_t until = ns_of(CLOCK_THREAD_CPUTIME_ID) + ms * MS;

	while (ns_of(CLOCK_THREAD_CPUTIME_ID) < until)
		;
}

static int burn_and_exit(void *arg)
{
	struct burn *burn = arg;

	burn_for(burn->ms);
	return 0;
}

static int burn_and_wait(void *arg)
{
	struct burn *burn = arg;

	burn_for(burn->ms);
	__atomic_store_n(&burn->done, 1, __ATOMIC_RELEASE);
	return stage_sleep(NULL);
}

static int burn_without_end(void *arg)
{
	for (;;)
		;
	return 0;
}

static void *burn_thread(void *arg)
{
	burn_for(*(uint64_t *)arg);
	return NULL;
}

static int burn_in_threads(void *arg)
{
	struct burn *burn = arg;
	pthread_t threads[4];
	int i;

	for (i = 0; i < 4; i++)
		if (pthread_create(&threads[i], NULL, burn_thread, &burn->ms))
			return 1;
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

/* Processes: each counted when it has ended. */
static int burn_in_forks(void *arg)
{
	struct burn *burn = arg;
	pid_t pid;
	int i;

	for (i = 0; i < 4; i++) {
		pid = fork();
		if (pid == 0) {
			burn_for(burn->ms);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	return 0;
}

#define CHECK_ABOUT(is, from, to)                                                        \
	do {                                                                             \
		uint64_t about_is = (is), about_from = (from), about_to = (to);          \
		CHECK_MSG(about_is >= about_from && about_is <= about_to,                \
			  "%llu, not in %llu..%llu", (unsigned long long)about_is,       \
			  (unsigned long long)about_from, (unsigned long long)about_to); \
	} while (0)

/* `count` of them burn: no less than that, and no more than they ran from first to last. */
static void what_ran_is_counted(int (*run)(void *), int count)
{
	struct burn *burn = stage_share(sizeof(*burn));
	int agent = stage_agent("t", NULL);
	uint64_t whole, before = children_ran();

	REQUIRE(agent >= 0 && burn);
	burn->ms = 60;
	CHECK_INT(used(agent, CPU), 0);
	CHECK_INT(stage_status(stage_spawn(agent, run, burn)), 0);
	REQUIRE(stage_ended(agent));
	whole = used(agent, CPU);
	CHECK_ABOUT(whole, count * burn->ms * MS, children_ran() - before + OUT_NS);
	CHECK_INT(stage_info(agent).ret_cpu_ns, whole);
	close(agent);
	munmap(burn, sizeof(*burn));
	CHECK(stage_settle());
}

static void a_process_that_ended_is_counted(void)
{
	what_ran_is_counted(burn_and_exit, 1);
}

static void threads_that_ended_are_counted(void)
{
	what_ran_is_counted(burn_in_threads, 4);
}

static void children_that_ended_are_counted(void)
{
	what_ran_is_counted(burn_in_forks, 4);
}

static void what_still_lives_is_counted(void)
{
	struct burn *burn = stage_share(sizeof(*burn));
	int agent = stage_agent("t", NULL);
	uint64_t first;
	pid_t pid;

	REQUIRE(agent >= 0 && burn);
	burn->ms = 60;
	pid = stage_spawn(agent, burn_and_wait, burn);
	REQUIRE(stage_wait_value(&burn->done));
	first = used(agent, CPU);
	CHECK_ABOUT(first, burn->ms * MS - TICK_NS, process_ran(pid));
	/* Nothing twice. */
	usleep(50000);
	CHECK_ABOUT(used(agent, CPU), first, process_ran(pid));
	CHECK_ABOUT(stage_info(agent).ret_cpu_ns, first, process_ran(pid));
	CHECK_INT(stage_info(agent).ret_threads, 1);
	stage_kill(agent);
	stage_status(pid);
	close(agent);
	munmap(burn, sizeof(*burn));
	CHECK(stage_settle());
}

static void ancestors_count_what_descendants_ran(void)
{
	struct burn *burn = stage_share(sizeof(*burn));
	uint64_t before = children_ran(), first;
	int fds[3], i;

	fds[0] = stage_agent("t", NULL);
	fds[1] = derive(fds[0], "t.u");
	fds[2] = derive(fds[1], "t.u.v");
	REQUIRE(fds[2] >= 0 && burn);
	burn->ms = 30;
	CHECK_INT(stage_status(stage_spawn(fds[2], burn_and_exit, burn)), 0);
	REQUIRE(stage_ended(fds[2]));
	first = children_ran() - before + OUT_NS;
	CHECK_INT(stage_status(stage_spawn(fds[1], burn_and_exit, burn)), 0);
	REQUIRE(stage_ended(fds[1]));
	CHECK_ABOUT(used(fds[2], CPU), 30 * MS, first);
	CHECK_INT(used(fds[1], CPU), stage_info(fds[1]).ret_cpu_ns + stage_info(fds[2]).ret_cpu_ns);
	CHECK_INT(used(fds[0], CPU), used(fds[1], CPU));
	CHECK_INT(stage_info(fds[0]).ret_cpu_ns, 0);
	for (i = 0; i < 3; i++)
		close(fds[i]);
	munmap(burn, sizeof(*burn));
	CHECK(stage_settle());
}

struct move {
	int below;
	uint64_t ms;
	uint64_t left, came; /* what it had run before it moved, and after */
};

static int burn_move_and_burn(void *arg)
{
	struct move *move = arg;

	burn_for(move->ms);
	move->left = ns_of(CLOCK_PROCESS_CPUTIME_ID);
	if (stage_attach(move->below))
		return 1;
	move->came = ns_of(CLOCK_PROCESS_CPUTIME_ID);
	burn_for(2 * move->ms);
	return 0;
}

static void who_moves_down_is_counted_once(void)
{
	struct move *move = stage_share(sizeof(*move));
	int agent = stage_agent("t", NULL), below = derive(agent, "t.u");
	uint64_t before = children_ran();

	REQUIRE(below >= 0 && move);
	move->below = below;
	move->ms = 40;
	CHECK_INT(stage_status(stage_spawn(agent, burn_move_and_burn, move)), 0);
	REQUIRE(stage_ended(below) && stage_ended(agent));
	CHECK_ABOUT(stage_info(agent).ret_cpu_ns, 40 * MS, move->came);
	CHECK_ABOUT(stage_info(below).ret_cpu_ns, 80 * MS,
		    children_ran() - before - move->left + OUT_NS);
	CHECK_INT(used(agent, CPU), stage_info(agent).ret_cpu_ns + stage_info(below).ret_cpu_ns);
	close(below);
	close(agent);
	munmap(move, sizeof(*move));
	CHECK(stage_settle());
}

/* Two that want the one processor: each waits about as long as the other runs. */
static void waiting_for_a_processor_is_counted(void)
{
	struct burn *burn = stage_share(2 * sizeof(*burn));
	int agent = stage_agent("t", NULL), i;
	cpu_set_t one, before;
	pid_t pids[2];

	REQUIRE(agent >= 0 && burn && !sched_getaffinity(0, sizeof(before), &before));
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	REQUIRE(!sched_setaffinity(0, sizeof(one), &one));
	for (i = 0; i < 2; i++) {
		burn[i].ms = 100;
		pids[i] = stage_spawn(agent, burn_and_exit, &burn[i]);
	}
	for (i = 0; i < 2; i++)
		CHECK_INT(stage_status(pids[i]), 0);
	REQUIRE(!sched_setaffinity(0, sizeof(before), &before));
	REQUIRE(stage_ended(agent));
	CHECK_ABOUT(stage_info(agent).ret_wait_ns, 50 * MS, 100000 * MS);
	close(agent);
	munmap(burn, 2 * sizeof(*burn));
	CHECK(stage_settle());
}

/* The whole of a limit, and not much more: a period and a tick for each processor. */
static void a_limit_of_processor_time_ends_it(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int agent = stage_agent("t", NULL), i;
	uint64_t most;
	pid_t pids[4];

	REQUIRE(agent >= 0);
	/* All are there first: where spawning is slow the first would use it up alone. */
	for (i = 0; i < 4; i++)
		pids[i] = stage_spawn(agent, burn_without_end, NULL);
	most = used(agent, CPU) + 200 * MS;
	CHECK_INT(limit(agent, CPU, most, AGENTOS_BUDGET_KILL), 0);
	for (i = 0; i < 4; i++)
		CHECK_INT(stage_status(pids[i]), 256 + SIGKILL);
	CHECK(stage_ended(agent));
	CHECK_INT(stage_info(agent).ret_reason, AGENTOS_REASON_BUDGET);
	/* Emulation stretches what a look takes; not below the limit, ever. */
	CHECK_ABOUT(used(agent, CPU), most,
		    most + cpus * (AGENTOS_METER_NS + TICK_NS) + 200 * MS * stage_slow());
	close(agent);
	CHECK(stage_settle());
}

static void a_limit_above_holds_for_those_below(void)
{
	int agent = stage_agent("t", NULL), below = derive(agent, "t.u");
	pid_t pid;

	REQUIRE(below >= 0);
	CHECK_INT(limit(agent, CPU, 50 * MS, AGENTOS_BUDGET_KILL), 0);
	pid = stage_spawn(below, burn_without_end, NULL);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	CHECK(stage_ended(below));
	CHECK(stage_ended(agent));
	close(below);
	close(agent);
	CHECK(stage_settle());
}

static void a_limit_can_pause_and_then_be_raised(void)
{
	int agent = stage_agent("t", NULL), i;
	struct agentos_resume resume = { .size = sizeof(resume) };
	uint64_t at;
	pid_t pid;

	REQUIRE(agent >= 0);
	CHECK_INT(limit(agent, CPU, 50 * MS, AGENTOS_BUDGET_PAUSE), 0);
	pid = stage_spawn(agent, burn_without_end, NULL);
	for (i = 0; i < STAGE_TRIES && stage_info(agent).ret_held != 1; i++)
		usleep(20000);
	CHECK_INT(stage_info(agent).ret_state, AGENTOS_STATE_PAUSED);
	CHECK_INT(stage_info(agent).ret_held, 1);
	/* And it gets nothing more, whoever sells it. */
	CHECK_INT(reserve(agent), -EDQUOT);
	at = used(agent, CPU);
	usleep(100000);
	CHECK_INT(used(agent, CPU), at);
	CHECK_INT(limit(agent, CPU, at + 50 * MS, AGENTOS_BUDGET_KILL), 0);
	CHECK_INT(reserve(agent), 0);
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_RESUME, &resume), 0);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	CHECK(stage_ended(agent));
	CHECK_ABOUT(used(agent, CPU), at + 50 * MS, UINT64_MAX);
	close(agent);
	CHECK(stage_settle());
}

static void a_period_begins_anew(void)
{
	struct agentos_budget_set set = {
		.size = sizeof(set),
		.resource = CPU,
		.limit = 3600000 * MS,
		.period_ns = 300 * MS,
	};
	struct burn *burn = stage_share(sizeof(*burn));
	int agent = stage_agent("t", NULL);
	pid_t pid;

	REQUIRE(agent >= 0 && burn);
	burn->ms = 40;
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_BUDGET_SET, &set), 0);
	pid = stage_spawn(agent, burn_and_wait, burn);
	REQUIRE(stage_wait_value(&burn->done));
	usleep(700000);
	CHECK_ABOUT(stage_info(agent).ret_cpu_ns, 40 * MS - TICK_NS, process_ran(pid));
	/* What it burnt is not in this period. */
	CHECK_ABOUT(used(agent, CPU), 0, process_ran(pid) - (40 * MS - TICK_NS));
	stage_kill(agent);
	stage_status(pid);
	close(agent);
	munmap(burn, sizeof(*burn));
	CHECK(stage_settle());
}

static void a_deadline_ends_it(void)
{
	int agent = stage_agent("t", NULL), below = derive(agent, "t.u");
	pid_t pid;

	REQUIRE(below >= 0);
	pid = stage_spawn(below, stage_sleep, NULL);
	CHECK_INT(limit(agent, WALL, used(agent, WALL) + 300 * MS, AGENTOS_BUDGET_KILL), 0);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	CHECK(stage_ended(below) && stage_ended(agent));
	CHECK_INT(stage_info(below).ret_reason, AGENTOS_REASON_BUDGET);
	close(below);
	close(agent);
	CHECK(stage_settle());
}

static void a_deadline_that_refuses_stops_what_is_sold(void)
{
	int agent = stage_agent("t", NULL), below = derive(agent, "t.u");
	pid_t pid = stage_spawn(below, stage_sleep, NULL);

	REQUIRE(below >= 0 && pid > 0);
	CHECK_INT(reserve(below), 0);
	CHECK_INT(limit(agent, WALL, 1, AGENTOS_BUDGET_REFUSE), 0);
	usleep(200000);
	CHECK_INT(reserve(below), -EDQUOT);
	CHECK_INT(reserve(agent), -EDQUOT);
	CHECK_INT(limit(agent, WALL, AGENTOS_BUDGET_UNLIMITED, 0), 0);
	CHECK_INT(reserve(below), 0);
	stage_kill(agent);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	close(below);
	close(agent);
	CHECK(stage_settle());
}

static void a_deadline_has_no_period(void)
{
	struct agentos_budget_set set = {
		.size = sizeof(set),
		.resource = WALL,
		.limit = MS,
		.period_ns = MS,
	};
	int agent = stage_agent("t", NULL);

	REQUIRE(agent >= 0);
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_BUDGET_SET, &set), -EINVAL);
	set.resource = CPU;
	CHECK_INT(stage_call(agent, AGENTOS_AGENT_BUDGET_SET, &set), 0);
	close(agent);
	CHECK(stage_settle());
}

static const struct tap_test tests[] = {
	TEST(a_process_that_ended_is_counted),
	TEST(threads_that_ended_are_counted),
	TEST(children_that_ended_are_counted),
	TEST(what_still_lives_is_counted),
	TEST(ancestors_count_what_descendants_ran),
	TEST(who_moves_down_is_counted_once),
	TEST(waiting_for_a_processor_is_counted),
	TEST(a_limit_of_processor_time_ends_it),
	TEST(a_limit_above_holds_for_those_below),
	TEST(a_limit_can_pause_and_then_be_raised),
	TEST(a_period_begins_anew),
	TEST(a_deadline_ends_it),
	TEST(a_deadline_that_refuses_stops_what_is_sold),
	TEST(a_deadline_has_no_period),
};

STAGE_MAIN(tests, 110)
