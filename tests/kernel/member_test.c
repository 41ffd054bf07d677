// SPDX-License-Identifier: GPL-2.0-or-later
/* Membership: inherited however a process is made, never left, and refused where it would leak. */
#include <liburing.h>
#include <linux/sched.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/personality.h>

#include "stage.h"

extern char **environ;

/* Where processes of an agent tell what they did; shared with the test. */
static struct {
	int pid; /* of the process asked about, as this test sees it */
	int tid;
	int ready;
	int result;
} * note;

static int tell_and_sleep(void *arg)
{
	note->pid = getpid();
	__atomic_store_n(&note->ready, 1, __ATOMIC_RELEASE);
	return stage_sleep(NULL);
}

static int clone_with(unsigned long flags)
{
	static char stack[STAGE_STACK] __attribute__((aligned(16)));

	clone(tell_and_sleep, stack + sizeof(stack), flags | SIGCHLD, NULL);
	return stage_sleep(NULL);
}

static int by_fork(void *arg)
{
	return fork() ? stage_sleep(NULL) : tell_and_sleep(NULL);
}

static int by_vfork(void *arg)
{
	return clone_with(CLONE_VM | CLONE_VFORK);
}

static int by_clone_vm(void *arg)
{
	return clone_with(CLONE_VM);
}

static int by_clone_parent(void *arg)
{
	return clone_with(CLONE_PARENT);
}

static int by_clone_files(void *arg)
{
	return clone_with(CLONE_FILES | CLONE_FS);
}

static int by_clone_namespaces(void *arg)
{
	return clone_with(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC);
}

static int by_clone3(void *arg)
{
	struct clone_args args = { .exit_signal = SIGCHLD };

	return syscall(SYS_clone3, &args, sizeof(args)) ? stage_sleep(NULL) : tell_and_sleep(NULL);
}

static int by_posix_spawn(void *arg)
{
	char *argv[] = { "sleep", "1000", NULL };
	pid_t pid;

	if (posix_spawn(&pid, "/bin/sleep", NULL, NULL, argv, environ))
		return 1;
	note->pid = pid;
	__atomic_store_n(&note->ready, 1, __ATOMIC_RELEASE);
	return stage_sleep(NULL);
}

/* As a daemon does: the parent and its parent end, the rest goes on without them. */
static int by_double_fork(void *arg)
{
	if (fork())
		return 0;
	setsid();
	if (fork())
		_exit(0);
	return tell_and_sleep(NULL);
}

static int by_a_thread(void *arg);

static const struct way {
	const char *name;
	int (*run)(void *);
} ways[] = {
	{ "fork", by_fork },
	{ "vfork", by_vfork },
	{ "clone, shared memory", by_clone_vm },
	{ "clone, parent's parent", by_clone_parent },
	{ "clone, shared files", by_clone_files },
	{ "clone, namespaces", by_clone_namespaces },
	{ "clone3", by_clone3 },
	{ "posix_spawn", by_posix_spawn },
	{ "double fork and setsid", by_double_fork },
	{ "fork by a thread", by_a_thread },
};

static void *fork_thread(void *arg)
{
	by_fork(NULL);
	return NULL;
}

static int by_a_thread(void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, fork_thread, NULL))
		return 1;
	return stage_sleep(NULL);
}

static bool gone(pid_t pid)
{
	stage_reap_all();
	return kill(pid, 0) < 0 && errno == ESRCH;
}

static void a_child_is_in_its_parents_agent(void)
{
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		uint64_t id = 0;
		int fd = stage_agent("parent", &id);
		int64_t is;
		pid_t pid;

		memset(note, 0, sizeof(*note));
		pid = stage_spawn(fd, ways[i].run, NULL);
		REQUIRE(pid > 0 && stage_wait_value(&note->ready));
		is = stage_identify(stage_device, note->pid);
		CHECK_MSG(is == (int64_t)id, "%s: %lld", ways[i].name, (long long)is);
		CHECK_MSG(note->pid != pid, "%s", ways[i].name);
		CHECK_MSG(stage_info(fd).ret_forks == (ways[i].run == by_double_fork ? 2 : 1), "%s",
			  ways[i].name);
		stage_kill(fd);
		CHECK_MSG(stage_ended(fd), "%s", ways[i].name);
		CHECK_MSG(gone(pid) && gone(note->pid), "%s", ways[i].name);
		close(fd);
		CHECK(stage_settle());
	}
}

/* The control: the same without an agent leaves no member. */
static void a_child_of_a_bystander_is_in_no_agent(void)
{
	int fd = stage_agent("aside", NULL);
	pid_t pid;

	memset(note, 0, sizeof(*note));
	pid = stage_fork(by_fork, NULL);
	REQUIRE(pid > 0 && stage_wait_value(&note->ready));
	CHECK_INT(stage_identify(stage_device, pid), -ENOENT);
	CHECK_INT(stage_identify(stage_device, note->pid), -ENOENT);
	CHECK_INT(stage_version().ret_tasks, 0);
	kill(note->pid, SIGKILL);
	kill(pid, SIGKILL);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	close(fd);
	CHECK(stage_settle());
}

static void *tell_thread(void *arg)
{
	note->tid = gettid();
	__atomic_store_n(&note->ready, 1, __ATOMIC_RELEASE);
	stage_sleep(NULL);
	return NULL;
}

static int run_thread(void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, tell_thread, NULL))
		return 1;
	return stage_sleep(NULL);
}

static void a_thread_is_no_task_of_its_own(void)
{
	uint64_t id = 0;
	int fd = stage_agent("thread", &id);
	pid_t pid;

	memset(note, 0, sizeof(*note));
	pid = stage_spawn(fd, run_thread, NULL);
	REQUIRE(pid > 0 && stage_wait_value(&note->ready));
	CHECK_INT(stage_identify(stage_device, pid), id);
	CHECK_INT(stage_identify(stage_device, note->tid), -ESRCH);
	CHECK_INT(stage_info(fd).ret_tasks, 1);
	CHECK_INT(stage_info(fd).ret_forks, 0);
	CHECK_INT(stage_kill(fd), 1);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	close(fd);
	CHECK(stage_settle());
}

static void *exec_thread(void *arg)
{
	execl("/bin/sleep", "sleep", "1000", NULL);
	return NULL;
}

static int exec_by_thread(void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, exec_thread, NULL))
		return 1;
	return stage_sleep(NULL);
}

static bool wait_comm(pid_t pid, const char *wanted)
{
	char path[64], comm[32];
	int i;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	for (i = 0; i < STAGE_TRIES; i++) {
		FILE *file = fopen(path, "re");
		bool same = file && fgets(comm, sizeof(comm), file) &&
			    !strncmp(comm, wanted, strlen(wanted));

		if (file)
			fclose(file);
		if (same)
			return true;
		usleep(20000);
	}
	return false;
}

static void exec_by_another_thread_keeps_the_membership(void)
{
	uint64_t id = 0;
	int fd = stage_agent("exec", &id);
	pid_t pid = stage_spawn(fd, exec_by_thread, NULL);

	REQUIRE(pid > 0 && wait_comm(pid, "sleep"));
	/* The old leader's end comes later, by way of a grace period. */
	usleep(200000);
	CHECK_INT(stage_identify(stage_device, pid), id);
	CHECK_INT(stage_info(fd).ret_tasks, 1);
	CHECK_INT(stage_kill(fd), 1);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	CHECK(stage_ended(fd));
	close(fd);
	CHECK(stage_settle());
}

/* Refusals of attach: each process is one that would leave something outside. */

static int attach_with_a_thread(void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, tell_thread, NULL))
		return 1;
	return -stage_attach(*(int *)arg);
}

static int attach_here(void *arg)
{
	note->result = -stage_attach(*(int *)arg);
	return 0;
}

static int attach_sharing(int agent, unsigned long flags)
{
	static char stack[STAGE_STACK] __attribute__((aligned(16)));
	pid_t pid;
	int mine;

	memset(note, 0, sizeof(*note));
	note->result = -1;
	/* The child shares with us until it ends, and then we share with nobody. */
	pid = clone(flags & CLONE_VFORK ? attach_here : stage_sleep, stack + sizeof(stack),
		    flags | SIGCHLD, &agent);
	if (pid < 0)
		return 1;
	if (flags & CLONE_VFORK)
		return stage_status(pid) ? 2 : note->result;
	mine = -stage_attach(agent);
	kill(pid, SIGKILL);
	stage_status(pid);
	return mine;
}

static int attach_vfork(void *arg)
{
	return attach_sharing(*(int *)arg, CLONE_VM | CLONE_VFORK);
}

static int attach_vm(void *arg)
{
	return attach_sharing(*(int *)arg, CLONE_VM);
}

static int attach_files(void *arg)
{
	return attach_sharing(*(int *)arg, CLONE_FILES);
}

static int attach_fs(void *arg)
{
	return attach_sharing(*(int *)arg, CLONE_FS);
}

static int attach_nothing_shared(void *arg)
{
	return attach_sharing(*(int *)arg, 0);
}

static int attach_with_a_poller(void *arg)
{
	struct io_uring_params params = { .flags = IORING_SETUP_SQPOLL };
	struct io_uring ring;

	if (io_uring_queue_init_params(4, &ring, &params))
		return 1;
	return -stage_attach(*(int *)arg);
}

static int attach_twice(void *arg)
{
	return stage_attach(*(int *)arg) ? 1 : -stage_attach(*(int *)arg);
}

static void attach_is_refused_where_something_would_stay_outside(void)
{
	static const struct {
		const char *name;
		int (*run)(void *);
		int err;
	} cases[] = {
		{ "thread", attach_with_a_thread, EBUSY },
		{ "vfork", attach_vfork, EBUSY },
		{ "memory", attach_vm, EBUSY },
		{ "files", attach_files, EBUSY },
		{ "fs", attach_fs, EBUSY },
		{ "SQPOLL", attach_with_a_poller, EBUSY },
		{ "nothing", attach_nothing_shared, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int fd = stage_agent("refused", NULL), is;

		REQUIRE(fd >= 0);
		is = stage_status(stage_fork(cases[i].run, &fd));
		CHECK_MSG(is == cases[i].err, "%s: %d", cases[i].name, is);
		if (cases[i].err)
			CHECK_INT(stage_info(fd).ret_state, AGENTOS_STATE_CREATED);
		stage_kill(fd);
		close(fd);
		CHECK(stage_settle());
	}
}

static void a_member_cannot_attach_again(void)
{
	int fd = stage_agent("twice", NULL);

	REQUIRE(fd >= 0);
	CHECK_INT(stage_status(stage_fork(attach_twice, &fd)), EPERM);
	CHECK(stage_ended(fd));
	close(fd);
	CHECK(stage_settle());
}

static void an_ending_agent_takes_nobody(void)
{
	int fd = stage_agent("ending", NULL);
	siginfo_t zombie;
	pid_t pid;

	REQUIRE(fd >= 0);
	pid = stage_spawn(fd, stage_sleep, NULL);
	CHECK_INT(stage_kill(fd), 1);
	/* Not reaped yet: exiting, not exited. */
	REQUIRE(!waitid(P_PID, pid, &zombie, WEXITED | WNOWAIT));
	CHECK_INT(stage_info(fd).ret_state, AGENTOS_STATE_EXITING);
	CHECK_INT(-stage_status(stage_fork(attach_vfork, &fd)), -EBUSY);
	CHECK_INT(-stage_status(stage_fork(attach_nothing_shared, &fd)), -ESRCH);
	CHECK_INT(stage_info(fd).ret_tasks, 1);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	CHECK(stage_ended(fd));
	close(fd);
	CHECK(stage_settle());
}

static int attach_unhooked(void *arg)
{
	if (stage_attach(*(int *)arg) != -EUNATCH)
		return 1;
	/* Still outside: the device is not refused. */
	return stage_open(O_RDWR) < 0 ? 2 : 0;
}

static void attach_without_hooks_is_eunatch_and_changes_nothing(void)
{
	struct agentos_create create = stage_plan("unhooked");
	struct agentos_info info;
	int i;

	create.flags = 0;
	REQUIRE(!stage_call(stage_device, AGENTOS_IOC_CREATE, &create));
	for (i = 0; i < 3; i++)
		CHECK_INT(stage_status(stage_fork(attach_unhooked, &create.ret_fd)), 0);
	info = stage_info(create.ret_fd);
	CHECK_INT(info.ret_state, AGENTOS_STATE_CREATED);
	CHECK_INT(info.ret_tasks, 0);
	CHECK_INT(info.ret_first, 0);
	CHECK_INT(stage_version().ret_tasks, 0);
	close(create.ret_fd);
	CHECK(stage_settle());
}

static uint64_t read_start(pid_t pid)
{
	char path[64], line[1024], *at = NULL;
	unsigned long long start = 0;
	FILE *file;
	int i;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (file && fgets(line, sizeof(line), file))
		at = strrchr(line, ')');
	if (file)
		fclose(file);
	/* Field 22; field 3 follows the name. */
	for (i = 2; at && i < 22; i++)
		at = strchr(at + 1, ' ');
	if (at)
		start = strtoull(at, NULL, 10);
	return start;
}

static int identify_started(pid_t pid, uint64_t start)
{
	struct agentos_identify identify = { .size = sizeof(identify), .pid = pid, .start = start };

	return stage_call(stage_device, AGENTOS_IOC_IDENTIFY, &identify);
}

static void identify_insists_on_the_start_time(void)
{
	uint64_t id = 0, start;
	int fd = stage_agent("start", &id);
	pid_t pid = stage_spawn(fd, stage_sleep, NULL);

	start = read_start(pid);
	REQUIRE(start > 0);
	CHECK_INT(identify_started(pid, start), 0);
	CHECK_INT(identify_started(pid, start + 1), -ESRCH);
	CHECK_INT(identify_started(pid, start - 1), -ESRCH);
	CHECK_INT(identify_started(pid, 0), -ESRCH);
	stage_kill(fd);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	CHECK_INT(identify_started(pid, start), -ESRCH);
	close(fd);
	CHECK(stage_settle());
}

static void identify_knows_zombies_and_kernel_threads(void)
{
	uint64_t id = 0;
	int fd = stage_agent("zombie", &id);
	siginfo_t zombie;
	pid_t pid = stage_spawn(fd, stage_sleep, NULL);

	CHECK_INT(stage_identify(stage_device, 2), -ENOENT);
	CHECK_INT(stage_identify(stage_device, 1), -ENOENT);
	CHECK_INT(stage_identify(stage_device, getpid()), -ENOENT);
	stage_kill(fd);
	REQUIRE(!waitid(P_PID, pid, &zombie, WEXITED | WNOWAIT));
	CHECK_INT(stage_identify(stage_device, pid), id);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	CHECK_INT(stage_identify(stage_device, pid), -ESRCH);
	close(fd);
	CHECK(stage_settle());
}

/* Process 1 of a pid namespace, outside the agent; its child, 2 in there, joins. */
static int identify_in_namespace(void *arg)
{
	int *agent = arg;
	uint64_t id = stage_info(*agent).ret_id;
	pid_t inner = stage_spawn(*agent, tell_and_sleep, NULL);

	if (inner != 2 || !stage_wait_value(&note->ready))
		return 1;
	if (stage_identify(stage_device, inner) != (int64_t)id)
		return 2;
	if (stage_identify(stage_device, 1) != -ENOENT)
		return 3;
	/* The number that the outer namespace knows it by means nobody here. */
	if (stage_identify(stage_device, stage_info(*agent).ret_first) != -ESRCH)
		return 4;
	stage_kill(*agent);
	return stage_status(inner) == 256 + SIGKILL ? 0 : 5;
}

static void pids_are_those_of_the_callers_namespace(void)
{
	static char stack[STAGE_STACK] __attribute__((aligned(16)));
	int fd = stage_agent("inner", NULL);
	pid_t pid;

	memset(note, 0, sizeof(*note));
	REQUIRE(fd >= 0);
	pid = clone(identify_in_namespace, stack + sizeof(stack), CLONE_NEWPID | SIGCHLD, &fd);
	REQUIRE(pid > 0);
	CHECK_INT(stage_status(pid), 0);
	close(fd);
	CHECK(stage_settle());
}

static int be_init(void *arg)
{
	/* Process 1 of a namespace: signals from inside cannot end it. */
	return tell_and_sleep(NULL);
}

static int make_init(void *arg)
{
	static char stack[STAGE_STACK] __attribute__((aligned(16)));

	clone(be_init, stack + sizeof(stack), CLONE_NEWPID | SIGCHLD, NULL);
	return stage_sleep(NULL);
}

static void kill_reaches_the_first_process_of_a_namespace(void)
{
	int fd = stage_agent("init", NULL);
	pid_t pid;

	memset(note, 0, sizeof(*note));
	pid = stage_spawn(fd, make_init, NULL);
	REQUIRE(pid > 0 && stage_wait_value(&note->ready));
	CHECK_INT(stage_kill(fd), 2);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	CHECK(stage_ended(fd));
	close(fd);
	CHECK(stage_settle());
}

/* Commands with valid arguments, through descriptors that were there before the attach. */
static int try_commands(int agent, int expected)
{
	struct agentos_create create = stage_plan("sub");
	struct agentos_policy_new policy = { .size = sizeof(policy) };
	struct agentos_seek seek = { .size = sizeof(seek) };
	struct agentos_version version = { .size = sizeof(version) };
	struct agentos_lifecycle record;
	int fd = stage_open(O_RDWR);

	if (fd != expected && !(fd >= 0 && !expected))
		return 1;
	if (stage_call(stage_device, AGENTOS_IOC_VERSION, &version) != expected)
		return 2;
	if (stage_call(stage_device, AGENTOS_IOC_SEEK, &seek) != expected)
		return 3;
	if (stage_call(stage_device, AGENTOS_IOC_CREATE, &create) != expected)
		return 4;
	if (stage_call(stage_device, AGENTOS_IOC_POLICY_NEW, &policy) != expected)
		return 5;
	if (!expected) {
		struct agentos_policy_drop drop = { sizeof(drop), policy.ret_policy };

		if (stage_call(stage_device, AGENTOS_IOC_POLICY_DROP, &drop))
			return 6;
	}
	if (stage_restrict(agent, AGENTOS_RIGHTS_ALL) != expected)
		return 7;
	if (stage_info(agent).ret_rights != AGENTOS_RIGHTS_ALL)
		return 8;
	if (expected && stage_kill(agent) != expected)
		return 9;
	if (expected && stage_identify(stage_device, getpid()) != expected)
		return 10;
	if (expected && (read(stage_device, &record, sizeof(record)) >= 0 || errno != EPERM))
		return 11;
	return 0;
}

static int try_outside(void *arg)
{
	return try_commands(*(int *)arg, 0);
}

static int try_inside(void *arg)
{
	return try_commands(*(int *)arg, -EPERM);
}

static void a_member_is_refused_everything_but_info(void)
{
	int fd = stage_agent("refused", NULL);

	REQUIRE(fd >= 0);
	CHECK_INT(stage_status(stage_fork(try_outside, &fd)), 0);
	CHECK_INT(stage_status(stage_spawn(fd, try_inside, &fd)), 0);
	CHECK(stage_ended(fd));
	close(fd);
	CHECK(stage_settle());
}

/* Its personality once it is in the agent: 0, or READ_IMPLIES_EXEC. */
static int attach_with_a_personality(void *arg)
{
	if (personality(READ_IMPLIES_EXEC) < 0 || stage_attach(*(int *)arg))
		return 99;
	return personality(0xffffffff) & READ_IMPLIES_EXEC ? 1 : 0;
}

static void without_the_right_reading_stops_implying_executing(void)
{
	static const struct {
		const char *name;
		uint64_t without;
		int kept;
	} rows[] = { { "code", 0, 1 }, { "no-code", AGENTOS_RIGHT(ANON_EXEC), 0 } };
	struct agentos_create create;
	size_t i;

	for (i = 0; i < 2; i++) {
		create = stage_plan(rows[i].name);
		create.rights &= ~rows[i].without;
		REQUIRE(!stage_call(stage_device, AGENTOS_IOC_CREATE, &create));
		CHECK_INT(stage_status(stage_fork(attach_with_a_personality, &create.ret_fd)),
			  rows[i].kept);
		close(create.ret_fd);
	}
	CHECK(stage_settle());
}

static const struct tap_test tests[] = {
	{ "a_child_is_in_its_parents_agent", a_child_is_in_its_parents_agent },
	{ "a_child_of_a_bystander_is_in_no_agent", a_child_of_a_bystander_is_in_no_agent },
	{ "a_thread_is_no_task_of_its_own", a_thread_is_no_task_of_its_own },
	{ "exec_by_another_thread_keeps_the_membership",
	  exec_by_another_thread_keeps_the_membership },
	{ "attach_is_refused_where_something_would_stay_outside",
	  attach_is_refused_where_something_would_stay_outside },
	{ "a_member_cannot_attach_again", a_member_cannot_attach_again },
	{ "an_ending_agent_takes_nobody", an_ending_agent_takes_nobody },
	{ "attach_without_hooks_is_eunatch_and_changes_nothing",
	  attach_without_hooks_is_eunatch_and_changes_nothing },
	{ "identify_insists_on_the_start_time", identify_insists_on_the_start_time },
	{ "identify_knows_zombies_and_kernel_threads", identify_knows_zombies_and_kernel_threads },
	{ "pids_are_those_of_the_callers_namespace", pids_are_those_of_the_callers_namespace },
	{ "kill_reaches_the_first_process_of_a_namespace",
	  kill_reaches_the_first_process_of_a_namespace },
	{ "without_the_right_reading_stops_implying_executing",
	  without_the_right_reading_stops_implying_executing },
	{ "a_member_is_refused_everything_but_info", a_member_is_refused_everything_but_info },
};

int main(int argc, char **argv)
{
	note = stage_share(sizeof(*note));
	if (!note)
		return 1;
	return stage_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv, 110);
}
