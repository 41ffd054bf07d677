// SPDX-License-Identifier: GPL-2.0-or-later
/* Random commands from many threads and processes, on descriptors that they share and pass on. */
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "fuzz.h"

/*
 * A round: workers, most of which have several threads, do random things until
 * they have done enough, or are told to stop; then everything of theirs is ended
 * and nothing may be left. FUZZ_SEED begins elsewhere, FUZZ_SECONDS goes on for
 * so long. The seed decides what each thread does, but not how they interleave.
 */
#define SEED	    20260101
#define ROUNDS	    6
#define STEPS	    700 /* of a thread in a round */
#define WORKERS	    4
#define THREADS	    3  /* of each worker but the last two, which attach and fork instead */
#define SPAWNED_MAX 60 /* children in a round */

static int passing[2]; /* sockets through which descriptors are passed on */

/* A message with one descriptor. */
struct parcel {
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov;
	struct msghdr message;
};

static void parcel_init(struct parcel *parcel, char *text)
{
	memset(parcel, 0, sizeof(*parcel));
	parcel->iov = (struct iovec){ .iov_base = text, .iov_len = 1 };
	parcel->message = (struct msghdr){ .msg_iov = &parcel->iov,
					   .msg_iovlen = 1,
					   .msg_control = &parcel->control,
					   .msg_controllen = sizeof(parcel->control) };
}

static void descriptor_send(struct fuzz *fuzz)
{
	struct parcel parcel;
	int fd = slot_any(fuzz);

	parcel_init(&parcel, fuzz->text);
	parcel.control.head.cmsg_level = SOL_SOCKET;
	parcel.control.head.cmsg_type = SCM_RIGHTS;
	parcel.control.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&parcel.control.head), &fd, sizeof(fd));
	sendmsg(passing[0], &parcel.message, MSG_DONTWAIT);
}

static void descriptor_receive(struct fuzz *fuzz)
{
	struct parcel parcel;
	int fd;

	parcel_init(&parcel, fuzz->text);
	if (recvmsg(passing[1], &parcel.message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0 ||
	    parcel.message.msg_controllen < CMSG_LEN(sizeof(int)))
		return;
	memcpy(&fd, CMSG_DATA(&parcel.control.head), sizeof(fd));
	slot_add(fuzz, fd);
}

/* Reads or writes, with whatever result. */
static void descriptor_use(struct fuzz *fuzz)
{
	struct pollfd pollfd = { .fd = slot_any(fuzz), .events = POLLIN | POLLOUT };
	size_t len = fuzz_below(fuzz, fuzz_chance(fuzz, 4) ? sizeof(fuzz->text) : 200);
	ssize_t done = 0;
	char path[40];
	int fd;

	switch (fuzz_below(fuzz, 10)) {
	case 0:
		done = poll(&pollfd, 1, 0);
		break;
	case 1:
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pollfd.fd);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		done = read(fd, fuzz->text, 200);
		close(fd);
		break;
	case 2:
		done = read(pollfd.fd, fuzz->text, sizeof(fuzz->text));
		break;
	case 3:
		done = read(pollfd.fd, (void *)8, len);
		break;
	case 4:
		done = write(pollfd.fd, (void *)-8L, len);
		break;
	case 5:
		done = pread(pollfd.fd, fuzz->text, len, len);
		break;
	case 6:
		done = read(stage_device, fuzz->text, len);
		break;
	default:
		done = write(pollfd.fd, fuzz->text, len);
		break;
	}
	__atomic_fetch_add(&common->moved, done > 0, __ATOMIC_RELAXED);
}

/* Processes */

static bool stopped(void)
{
	return __atomic_load_n(&common->stop, __ATOMIC_RELAXED);
}

static void fuzz_steps(struct fuzz *fuzz, uint32_t steps);

static void *thread_wait(void *arg)
{
	while (!stopped())
		usleep(5000);
	return arg;
}

/* A child: joins an agent or not, does this and that, and ends, or waits for its end. */
static void child_run(struct fuzz *fuzz)
{
	uint32_t tries = 4;
	pthread_t thread;

	common->pids[fuzz_below(fuzz, NUMBERS)] = getpid();
	while (tries-- && !fuzz_chance(fuzz, 8))
		if (!stage_attach(slot_any(fuzz))) {
			__atomic_fetch_add(&common->done[_IOC_NR(AGENTOS_AGENT_ATTACH)], 1,
					   __ATOMIC_RELAXED);
			break;
		}
	if (fuzz_chance(fuzz, 3))
		pthread_create(&thread, NULL, thread_wait, NULL);
	fuzz_steps(fuzz, fuzz_below(fuzz, 60));
	if (fuzz_chance(fuzz, 3))
		stage_attach(slot_any(fuzz));
	switch (fuzz_below(fuzz, 4)) {
	case 0:
		_exit(fuzz_below(fuzz, 256));
	case 1:
		kill(getpid(), fuzz_chance(fuzz, 2) ? SIGSEGV : SIGKILL);
		break;
	case 2:
		fuzz_steps(fuzz, 200);
		break;
	}
	thread_wait(NULL);
	_exit(0);
}

static void child_spawn(struct fuzz *fuzz)
{
	uint64_t seed = fuzz_random(fuzz);
	pid_t pid;

	if (fuzz->depth > 3 ||
	    __atomic_fetch_add(&common->spawned, 1, __ATOMIC_RELAXED) >= SPAWNED_MAX)
		return;
	pid = fork();
	if (pid)
		return;
	fuzz->random = seed;
	fuzz->depth++;
	child_run(fuzz);
}

static void fuzz_step(struct fuzz *fuzz)
{
	pid_t pid = common->pids[fuzz_below(fuzz, NUMBERS)];

	switch (fuzz_below(fuzz, 100)) {
	case 0 ... 59:
		command_any(fuzz);
		break;
	case 60 ... 79:
		descriptor_use(fuzz);
		break;
	case 80 ... 83:
		descriptor_send(fuzz);
		break;
	case 84 ... 87:
		descriptor_receive(fuzz);
		break;
	case 88 ... 89:
		slot_put(fuzz, -1);
		break;
	case 90 ... 91:
		slot_put(fuzz, fcntl(slot_any(fuzz), F_DUPFD_CLOEXEC, 20));
		break;
	case 92 ... 96:
		child_spawn(fuzz);
		break;
	case 97:
		/* Those of this round: they have its process group. */
		if (pid > 0 && getpgid(pid) == getpgrp() && pid != getpgrp())
			kill(pid, fuzz_chance(fuzz, 2) ? SIGCONT : SIGKILL);
		break;
	default:
		usleep(fuzz_below(fuzz, 1000));
	}
}

static void fuzz_steps(struct fuzz *fuzz, uint32_t steps)
{
	while (steps-- && !stopped())
		fuzz_step(fuzz);
}

static struct fuzz *fuzz_new(uint64_t seed)
{
	struct fuzz *fuzz = calloc(1, sizeof(*fuzz));
	char *memory = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!fuzz || memory == MAP_FAILED || mprotect(memory + 4096, 4096, PROT_NONE))
		_exit(99);
	fuzz->random = seed;
	fuzz->end = memory + 4096;
	return fuzz;
}

static void *thread_run(void *fuzz)
{
	fuzz_steps(fuzz, STEPS);
	return NULL;
}

static int worker_run(uint64_t seed, bool threads)
{
	pthread_t thread[THREADS];
	struct fuzz *fuzz;
	int i;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	for (i = 0; i < SLOTS; i++)
		slots[i] = -1;
	for (i = 0; threads && i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, thread_run, fuzz_new(seed + i)))
			return 98;
	if (threads) {
		while (i--)
			pthread_join(thread[i], NULL);
		return 0;
	}
	fuzz = fuzz_new(seed);
	fuzz_steps(fuzz, STEPS);
	return 0;
}

/* Rounds */

/* Ends what is left: paused or not, inside an agent or not, held by nobody or in transit. */
static bool round_end(pid_t group)
{
	static uint64_t ids[256];
	struct agentos_enumerate list = { .size = sizeof(list),
					  .ids = (uintptr_t)ids,
					  .count = 256 };
	bool settled;
	uint32_t i;

	kill(-group, SIGKILL);
	close(passing[0]);
	close(passing[1]);
	list.count = sizeof(ids) / sizeof(ids[0]);
	list.kind = AGENTOS_ENUMERATE_AGENTS;
	if (stage_call(stage_device, AGENTOS_IOC_ENUMERATE, &list))
		return false;
	for (i = 0; i < list.ret_count; i++) {
		int fd = stage_reopen(stage_device, ids[i], AGENTOS_ACCESS_ALL);

		stage_kill(fd);
		close(fd);
	}
	settled = stage_settle();
	do {
		list.kind = AGENTOS_ENUMERATE_POLICIES;
		if (stage_call(stage_device, AGENTOS_IOC_ENUMERATE, &list))
			return false;
		for (i = 0; i < list.ret_count; i++) {
			struct agentos_policy_drop drop = { .size = sizeof(drop),
							    .policy = ids[i] };

			settled &= !stage_call(stage_device, AGENTOS_IOC_POLICY_DROP, &drop);
		}
	} while (settled && list.ret_count);
	return settled;
}

/* Without an end of their own after so long, workers are ended. */
static bool round_wait(const pid_t workers[WORKERS], unsigned int seconds)
{
	time_t until = time(NULL) + seconds;
	bool good = true;
	int i, status;

	for (i = 0; i < WORKERS; i++) {
		while (waitpid(workers[i], &status, WNOHANG) == 0) {
			if (time(NULL) >= until) {
				printf("# worker %d does not end\n", i);
				return false;
			}
			usleep(10000);
		}
		/* A worker may be killed by another's signal, never by its own fault. */
		if (!WIFEXITED(status) || WEXITSTATUS(status)) {
			printf("# worker %d: status %#x\n", i, status);
			good = false;
		}
		common->stop = i >= 1;
	}
	return good;
}

static bool round_run(uint64_t seed)
{
	struct agentos_version version;
	pid_t workers[WORKERS];
	bool good;
	int i;

	common->stop = common->spawned = 0;
	memset(common->pids, 0, sizeof(common->pids));
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, passing))
		return false;
	for (i = 0; i < WORKERS; i++) {
		fflush(stdout);
		workers[i] = fork();
		if (workers[i] == 0) {
			setpgid(0, i ? workers[0] : 0);
			_exit(worker_run(seed * 1000 + i * 100, i < WORKERS - 2));
		}
		setpgid(workers[i], workers[0]);
	}
	good = round_wait(workers, 60 * stage_slow());
	good &= round_end(workers[0]);
	version = stage_version();
	if (version.ret_agents || version.ret_tasks || version.ret_policies || version.ret_pins)
		good = false;
	return good;
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void random_commands_leave_nothing(void)
{
	uint64_t seed = setting("FUZZ_SEED", SEED), seconds = setting("FUZZ_SECONDS", 0), round;
	time_t end = time(NULL) + (time_t)seconds;

	printf("# FUZZ_SEED=%llu\n", (unsigned long long)seed);
	for (round = 0; seconds ? time(NULL) < end : round < ROUNDS; round++)
		if (!round_run(seed + round)) {
			CHECK_MSG(false, "round %llu; FUZZ_SEED=%llu begins with it",
				  (unsigned long long)round, (unsigned long long)(seed + round));
			break;
		}
	printf("# %llu rounds\n", (unsigned long long)round);
}

static void every_command_was_carried_out(void)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < COMMANDS; i++)
		/* CALLER asks about an agent's call of the gateway, of which there is none here. */
		CHECK_MSG(commands[i] == AGENTOS_IOC_CALLER || common->done[_IOC_NR(commands[i])],
			  "command %lu was never accepted", _IOC_NR(commands[i]));
	CHECK(common->done[_IOC_NR(AGENTOS_AGENT_ATTACH)]);
	for (i = 0; i < 256; i++)
		sum += common->done[i];
	CHECK(common->moved);
	printf("# %llu commands accepted, %llu refused; %llu reads and writes\n",
	       (unsigned long long)sum, (unsigned long long)common->refused,
	       (unsigned long long)common->moved);
}

static const struct tap_test tests[] = {
	TEST(random_commands_leave_nothing),
	TEST(every_command_was_carried_out),
};

#define CGROUP "/sys/fs/cgroup/agentos-fuzz"

int main(int argc, char **argv)
{
	int status;

	common = stage_share(sizeof(*common));
	object = open("/etc", O_PATH | O_CLOEXEC);
	mkdir(CGROUP, 0755);
	cgroup = open(CGROUP "/cgroup.procs", O_WRONLY | O_CLOEXEC);
	if (!common || object < 0 || cgroup < 0)
		return 1;
	status = stage_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv,
			    110 + setting("FUZZ_SECONDS", 0));
	/* Whoever was in it has ended. */
	return rmdir(CGROUP) ? 1 : status;
}
