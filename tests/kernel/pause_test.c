// SPDX-License-Identifier: GPL-2.0-or-later
/* Pause and resume: every thread held, those made meanwhile too, and nothing but that. */
#include <pthread.h>
#include <sys/epoll.h>

#include "stage.h"

#define THREADS	 8
#define FORKERS	 4
#define QUIET_MS 200 /* how long a held agent is watched */

/* Threads' and processes' tallies, which they count up in user mode without pause. */
struct tallies {
	volatile uint64_t of[THREADS];
	int ready;
};

static struct tallies *tallies;

static int pause_agent(int agent)
{
	struct agentos_pause pause_ = { .size = sizeof(pause_) };

	return stage_call(agent, AGENTOS_AGENT_PAUSE, &pause_) ?: (int)pause_.ret_threads;
}

static int resume_agent(int agent)
{
	struct agentos_resume resume = { .size = sizeof(resume) };

	return stage_call(agent, AGENTOS_AGENT_RESUME, &resume);
}

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
	printf("# %u of %u threads held\n", info.ret_held, info.ret_threads);
	return false;
}

static uint64_t tally_sum(void)
{
	uint64_t sum = 0;
	int i;

	for (i = 0; i < THREADS; i++)
		sum += tallies->of[i];
	return sum;
}

/* Does any tally go on? */
static bool tallies_move(void)
{
	uint64_t before = tally_sum();
	int i;

	for (i = 0; i < QUIET_MS / 20; i++) {
		usleep(20000);
		if (tally_sum() != before)
			return true;
	}
	return false;
}

static void *count_up(void *arg)
{
	volatile uint64_t *tally = arg;

	__atomic_add_fetch(&tallies->ready, 1, __ATOMIC_ACQ_REL);
	for (;;)
		(*tally)++;
	return NULL;
}

/* Half of the threads count, half sleep in the kernel between. */
static void *count_and_sleep(void *arg)
{
	volatile uint64_t *tally = arg;

	__atomic_add_fetch(&tallies->ready, 1, __ATOMIC_ACQ_REL);
	for (;;) {
		(*tally)++;
		usleep(1000);
	}
	return NULL;
}

static int count_in_threads(void *arg)
{
	pthread_t thread;
	int i;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, i % 2 ? count_up : count_and_sleep,
				   (void *)&tallies->of[i]))
			return 1;
	for (;;)
		pause();
	return 0;
}

static void tallies_reset(void)
{
	memset(tallies, 0, sizeof(*tallies));
}

static bool tallies_ready(int count)
{
	int i;

	for (i = 0; i < STAGE_TRIES; i++) {
		if (__atomic_load_n(&tallies->ready, __ATOMIC_ACQUIRE) >= count)
			return true;
		usleep(20000);
	}
	return false;
}

static void every_thread_is_held_and_goes_on(void)
{
	int agent = stage_agent("p", NULL);
	pid_t pid;

	tallies_reset();
	REQUIRE(agent >= 0);
	pid = stage_spawn(agent, count_in_threads, NULL);
	REQUIRE(pid > 0 && tallies_ready(THREADS));
	CHECK(tallies_move());
	CHECK_INT(pause_agent(agent), THREADS + 1);
	CHECK(all_held(agent));
	CHECK_INT(stage_info(agent).ret_state, AGENTOS_STATE_PAUSED);
	CHECK_INT(stage_info(agent).ret_held, THREADS + 1);
	CHECK(!tallies_move());
	/* A second time changes nothing. */
	CHECK_INT(pause_agent(agent), 0);
	CHECK(!tallies_move());
	CHECK_INT(resume_agent(agent), 0);
	CHECK(tallies_move());
	CHECK_INT(stage_info(agent).ret_state, AGENTOS_STATE_RUNNING);
	CHECK_INT(resume_agent(agent), 0);
	CHECK_INT(stage_kill(agent), 1);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	close(agent);
	CHECK(stage_settle());
}

static void a_paused_agent_can_be_killed(void)
{
	int agent = stage_agent("p", NULL);
	pid_t pid;

	tallies_reset();
	REQUIRE(agent >= 0);
	pid = stage_spawn(agent, count_in_threads, NULL);
	REQUIRE(pid > 0 && tallies_ready(THREADS));
	CHECK_INT(pause_agent(agent), THREADS + 1);
	CHECK(all_held(agent));
	CHECK_INT(stage_kill(agent), 1);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	CHECK(stage_ended(agent));
	CHECK_INT(pause_agent(agent), -ESRCH);
	CHECK_INT(resume_agent(agent), -ESRCH);
	close(agent);
	CHECK(stage_settle());
}

static void another_signal_neither_ends_nor_frees_it(void)
{
	int agent = stage_agent("p", NULL);
	pid_t pid;

	tallies_reset();
	REQUIRE(agent >= 0);
	pid = stage_spawn(agent, count_in_threads, NULL);
	REQUIRE(pid > 0 && tallies_ready(THREADS));
	CHECK(pause_agent(agent) > 0);
	CHECK(all_held(agent));
	kill(pid, SIGSTOP);
	kill(pid, SIGCONT);
	CHECK(!tallies_move());
	/* What is fatal ends it, as it would end anything. */
	kill(pid, SIGTERM);
	CHECK_INT(stage_status(pid), 256 + SIGTERM);
	close(agent);
	CHECK(stage_settle());
}

static int fork_without_end(void *arg)
{
	int *slot = arg;
	pid_t pid;

	__atomic_add_fetch(&tallies->ready, 1, __ATOMIC_ACQ_REL);
	for (;;) {
		pid = fork();
		if (pid == 0) {
			tallies->of[*slot]++;
			_exit(0);
		}
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
	return 0;
}

static void *clone_nothing(void *arg)
{
	volatile uint64_t *tally = arg;

	(*tally)++;
	return NULL;
}

static int clone_without_end(void *arg)
{
	int *slot = arg;
	pthread_t thread;

	__atomic_add_fetch(&tallies->ready, 1, __ATOMIC_ACQ_REL);
	for (;;)
		if (!pthread_create(&thread, NULL, clone_nothing, (void *)&tallies->of[*slot]))
			pthread_join(thread, NULL);
	return 0;
}

/* Each time another moment of fork and clone is met. */
static void a_storm_of_forks_and_threads_is_held_whole(void)
{
	int agent = stage_agent("p", NULL), slots[2 * FORKERS], i, round;
	pid_t pids[2 * FORKERS];

	tallies_reset();
	REQUIRE(agent >= 0);
	for (i = 0; i < 2 * FORKERS; i++) {
		slots[i] = i;
		pids[i] =
			stage_spawn(agent, i % 2 ? fork_without_end : clone_without_end, &slots[i]);
		REQUIRE(pids[i] > 0);
	}
	REQUIRE(tallies_ready(2 * FORKERS));
	for (round = 0; round < 10; round++) {
		CHECK(tallies_move());
		CHECK(pause_agent(agent) >= 0);
		CHECK(all_held(agent));
		CHECK(!tallies_move());
		CHECK_INT(resume_agent(agent), 0);
	}
	CHECK(pause_agent(agent) > 0);
	CHECK(stage_kill(agent) > 0);
	for (i = 0; i < 2 * FORKERS; i++)
		CHECK_INT(stage_status(pids[i]), 256 + SIGKILL);
	CHECK(stage_ended(agent));
	close(agent);
	CHECK(stage_settle());
}

static void who_joins_a_paused_agent_waits(void)
{
	int agent = stage_agent("p", NULL);
	pid_t pid;

	tallies_reset();
	REQUIRE(agent >= 0);
	CHECK_INT(pause_agent(agent), 0);
	CHECK_INT(stage_info(agent).ret_state, AGENTOS_STATE_PAUSED);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (stage_attach(agent))
			_exit(99);
		tallies->of[0]++;
		_exit(7);
	}
	REQUIRE(pid > 0);
	CHECK(all_held(agent));
	CHECK_INT(tallies->of[0], 0);
	CHECK_INT(resume_agent(agent), 0);
	CHECK_INT(stage_status(pid), 7);
	CHECK_INT(tallies->of[0], 1);
	close(agent);
	CHECK(stage_settle());
}

static int count_in_slot(void *arg)
{
	count_up((void *)&tallies->of[*(int *)arg]);
	return 0;
}

static bool slot_moves(int slot)
{
	uint64_t before = tallies->of[slot];
	int i;

	for (i = 0; i < QUIET_MS / 20; i++) {
		usleep(20000);
		if (tallies->of[slot] != before)
			return true;
	}
	return false;
}

static void what_is_below_is_held_by_each_above(void)
{
	int fds[3], slots[3] = { 0, 1, 2 }, i;
	pid_t pids[3];

	tallies_reset();
	fds[0] = stage_agent("p", NULL);
	fds[1] = derive(fds[0], "p.q");
	fds[2] = derive(fds[1], "p.q.r");
	for (i = 0; i < 3; i++) {
		pids[i] = stage_spawn(fds[i], count_in_slot, &slots[i]);
		REQUIRE(pids[i] > 0);
	}
	REQUIRE(tallies_ready(3));
	CHECK(pause_agent(fds[1]) == 2);
	CHECK(all_held(fds[1]) && all_held(fds[2]));
	CHECK(slot_moves(0) && !slot_moves(1) && !slot_moves(2));
	CHECK_INT(stage_info(fds[2]).ret_state, AGENTOS_STATE_PAUSED);
	CHECK_INT(stage_info(fds[0]).ret_state, AGENTOS_STATE_RUNNING);
	/* Below it nobody can let it go on. */
	CHECK_INT(resume_agent(fds[2]), 0);
	CHECK(!slot_moves(2));
	/* By itself as well: then the one above is not enough. */
	CHECK_INT(pause_agent(fds[2]), 1);
	CHECK_INT(resume_agent(fds[1]), 0);
	CHECK(slot_moves(1) && !slot_moves(2));
	CHECK_INT(resume_agent(fds[2]), 0);
	CHECK(slot_moves(2));
	/* The crew as a whole. */
	CHECK_INT(pause_agent(fds[0]), 3);
	CHECK(all_held(fds[0]) && all_held(fds[1]) && all_held(fds[2]));
	CHECK(!tallies_move());
	stage_kill(fds[0]);
	for (i = 0; i < 3; i++) {
		CHECK_INT(stage_status(pids[i]), 256 + SIGKILL);
		close(fds[i]);
	}
	CHECK(stage_settle());
}

static void who_died_in_a_pause_can_still_be_resumed(void)
{
	int fds[2], slots[2] = { 0, 1 }, i;
	pid_t pids[2];

	tallies_reset();
	fds[0] = stage_agent("d", NULL);
	fds[1] = derive(fds[0], "d.e");
	for (i = 0; i < 2; i++)
		pids[i] = stage_spawn(fds[i], count_in_slot, &slots[i]);
	REQUIRE(pids[0] > 0 && pids[1] > 0 && tallies_ready(2));
	CHECK(pause_agent(fds[0]) == 2);
	CHECK(all_held(fds[0]) && all_held(fds[1]));
	kill(pids[0], SIGKILL);
	CHECK_INT(stage_status(pids[0]), 256 + SIGKILL);
	CHECK(stage_ended(fds[0]));
	CHECK(!slot_moves(1));
	CHECK_INT(resume_agent(fds[0]), 0);
	CHECK(slot_moves(1));
	stage_kill(fds[1]);
	CHECK_INT(stage_status(pids[1]), 256 + SIGKILL);
	for (i = 0; i < 2; i++)
		close(fds[i]);
	CHECK(stage_settle());
}

/* Reads a byte and passes it on; then says what the wait for it came to. */
static int read_a_byte(void *arg)
{
	int *ends = arg;
	char byte;
	ssize_t n;

	__atomic_add_fetch(&tallies->ready, 1, __ATOMIC_ACQ_REL);
	n = read(ends[0], &byte, 1);
	return n == 1 ? 0 : errno;
}

static void a_call_that_sleeps_is_gone_on_with(void)
{
	int agent = stage_agent("p", NULL), ends[2];
	pid_t pid;

	tallies_reset();
	REQUIRE(agent >= 0 && !pipe(ends));
	pid = stage_spawn(agent, read_a_byte, ends);
	REQUIRE(pid > 0 && tallies_ready(1));
	CHECK_INT(pause_agent(agent), 1);
	CHECK(all_held(agent));
	CHECK_INT(resume_agent(agent), 0);
	CHECK_INT(write(ends[1], "x", 1), 1);
	CHECK_INT(stage_status(pid), 0);
	close(ends[0]);
	close(ends[1]);
	close(agent);
	CHECK(stage_settle());
}

static void the_records_say_who(void)
{
	struct agentos_seek seek = { .size = sizeof(seek), .seq = AGENTOS_SEEK_END };
	struct agentos_lifecycle records[4];
	int agent = stage_agent("p", NULL), reader = stage_open(O_RDWR | O_NONBLOCK);

	REQUIRE(agent >= 0 && reader >= 0);
	CHECK_INT(stage_call(reader, AGENTOS_IOC_SEEK, &seek), 0);
	CHECK_INT(pause_agent(agent), 0);
	CHECK_INT(pause_agent(agent), 0);
	CHECK_INT(resume_agent(agent), 0);
	CHECK_INT(resume_agent(agent), 0);
	CHECK_INT(read(reader, records, sizeof(records)), 2 * sizeof(records[0]));
	CHECK_INT(records[0].type, AGENTOS_LIFECYCLE_PAUSE);
	CHECK_INT(records[0].tgid, getpid());
	CHECK_INT(records[0].reason, AGENTOS_REASON_NONE);
	CHECK_INT(records[1].type, AGENTOS_LIFECYCLE_RESUME);
	CHECK_INT(records[1].tgid, getpid());
	close(reader);
	close(agent);
	CHECK(stage_settle());
}

static const struct tap_test tests[] = {
	TEST(every_thread_is_held_and_goes_on),
	TEST(a_paused_agent_can_be_killed),
	TEST(another_signal_neither_ends_nor_frees_it),
	TEST(a_storm_of_forks_and_threads_is_held_whole),
	TEST(who_joins_a_paused_agent_waits),
	TEST(what_is_below_is_held_by_each_above),
	TEST(who_died_in_a_pause_can_still_be_resumed),
	TEST(a_call_that_sleeps_is_gone_on_with),
	TEST(the_records_say_who),
};

int main(int argc, char **argv)
{
	tallies = stage_share(sizeof(*tallies));
	return !tallies || stage_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv, 110);
}
