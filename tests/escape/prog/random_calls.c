// SPDX-License-Identifier: GPL-2.0-or-later
/* Random system calls, valid or nearly so, by many short-lived children; for the escape tests. */
#include <errno.h>
#include <linux/sched.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/escape/prog/argument.h"

/*
 * Arguments: SEED CHILDREN STEPS SLOW KEY=VALUE..., the keys being those of
 * target_read(). Each child makes STEPS calls, or fewer when one of them ends
 * or stops it; SLOW is how many times the usual they may take. The seed decides
 * what each child does, but for what other processes have to do with it.
 *
 * It prints, for each system call, "call NAME TRIES SUCCEEDED REFUSED", then
 * "done CHILDREN": refused means EPERM or EACCES.
 */
#define THREAD_STEPS 12
#define SPAWNED_MAX  12 /* by one child, and all that come of it */
#define STILL_MS     60 /* without a call, until a child is ended */
#define INTERRUPT_MS 15 /* after so long a call that waits is interrupted */
#define STACK_SIZE   0x10000
#define RING_ENTRIES 4
#define SPAWN_ROW    CALLS /* rows of their own, beside those of the table */
#define RING_ROW     (CALLS + 1)
#define ROWS	     (CALLS + 2)

/* Shared by all. */
static struct {
	uint64_t steps;
	unsigned int spawned;
	struct {
		unsigned int tries, good, refused;
	} row[ROWS];
} * common;

static unsigned int weights; /* the sum of all */
static int slow;

/* Not libc's syscall(): threads here share one errno. */
static long call_64(long number, const uint64_t *a)
{
	long result;

	__asm__ volatile(
		"mov %5, %%r10\n\tmov %6, %%r8\n\tmov %7, %%r9\n\tsyscall"
		: "=a"(result)
		: "0"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(a[3]), "r"(a[4]), "r"(a[5])
		: "rcx", "r8", "r9", "r10", "r11", "memory");
	return result;
}

static long call_32(long number, const uint64_t *a)
{
	uint64_t sixth = a[5];

	__asm__ volatile("xchg %%rbp, %1\n\tint $0x80\n\txchg %%rbp, %1"
			 : "+a"(number), "+r"(sixth)
			 : "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)number;
}

static long call_now(long number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	return call_64(number, (uint64_t[6]){ a, b, c, d, e });
}

static void row_count(size_t row, long result)
{
	__atomic_fetch_add(&common->row[row].tries, 1, __ATOMIC_RELAXED);
	if (result >= 0)
		__atomic_fetch_add(&common->row[row].good, 1, __ATOMIC_RELAXED);
	if (result == -EPERM || result == -EACCES)
		__atomic_fetch_add(&common->row[row].refused, 1, __ATOMIC_RELAXED);
}

/* A new descriptor goes where others will find it. */
static void slot_put(struct pool *pool, long fd)
{
	if (fd < SLOTS)
		return;
	call_now(SYS_dup2, (uint64_t)fd, 3 + pool_below(pool, SLOTS - 3), 0, 0, 0);
	call_now(SYS_close, (uint64_t)fd, 0, 0, 0, 0);
}

/* --- one call --- */

static const struct call *call_choose(struct pool *pool)
{
	uint32_t at = pool_below(pool, weights);
	const struct call *call = calls;

	while (at >= call->weight)
		at -= (call++)->weight;
	return call;
}

/* It would end all of its own, and be no more of a question to those outside than another signal. */
static void call_tame(const struct call *call, uint64_t *a)
{
	if (call->number == SYS_kill && (int)a[0] == -1 && (a[1] == SIGKILL || a[1] == SIGSTOP))
		a[1] = SIGTERM;
}

static void call_any(struct pool *pool)
{
	const struct call *call = call_choose(pool);
	bool compat = call->number32 && pool_chance(pool, 10);
	uint64_t a[6] = { 0 };
	long result;
	int i;

	pool->at = pool->end - ROOM_SIZE + ROOM_OUT;
	for (i = 0; i < 6; i++)
		a[i] = kind_points(call->arg[i]) ?
			       (uint64_t)(uintptr_t)argument_struct(pool, call->arg[i]) :
			       argument_number(pool, call, call->arg[i]);
	/* One that is wrong; not a length, for what lies behind the room is the program itself. */
	if (pool_chance(pool, 24)) {
		i = (int)pool_below(pool, 6);
		if (kind_points(call->arg[i]))
			a[i] = pool_chance(pool, 2) ? pool_below(pool, 64) : (uint64_t)-8;
		else if (call->arg[i] != A_NONE)
			a[i] = pool_number(pool);
	}
	call_tame(call, a);
	result = compat ? call_32(call->number32, a) : call_64(call->number, a);
	row_count((size_t)(call - calls), result);
	if (call->makes)
		slot_put(pool, result);
}

/* --- a ring --- */

static void entry_fill(struct pool *pool, struct io_uring_sqe *entry)
{
	static const unsigned char operations[] = {
		IORING_OP_OPENAT,  IORING_OP_OPENAT,	IORING_OP_OPENAT2,   IORING_OP_CONNECT,
		IORING_OP_SENDMSG, IORING_OP_SEND,	IORING_OP_UNLINKAT,  IORING_OP_RENAMEAT,
		IORING_OP_MKDIRAT, IORING_OP_LINKAT,	IORING_OP_SYMLINKAT, IORING_OP_WRITE,
		IORING_OP_READ,	   IORING_OP_STATX,	IORING_OP_SETXATTR,  IORING_OP_FSETXATTR,
		IORING_OP_SOCKET,  IORING_OP_ACCEPT,	IORING_OP_FALLOCATE, IORING_OP_EPOLL_CTL,
		IORING_OP_SPLICE,  IORING_OP_URING_CMD, IORING_OP_MADVISE,   IORING_OP_CLOSE,
		IORING_OP_SEND_ZC, IORING_OP_MSG_RING,	IORING_OP_SHUTDOWN,  IORING_OP_NOP,
	};

	memset(entry, 0, sizeof(*entry));
	entry->opcode = PICK(pool, operations);
	entry->fd = pool_chance(pool, 2) ? AT_FDCWD : (int)pool_below(pool, SLOTS / 2);
	entry->addr = (uintptr_t)pool_path(pool);
	entry->len = pool_chance(pool, 2) ? 0666 : 8;
	if (pool_chance(pool, 8))
		entry->flags = (unsigned char)(1U << pool_below(pool, 7));
	if (pool_chance(pool, 8))
		entry->personality = 1;
	switch (entry->opcode) {
	case IORING_OP_OPENAT:
		entry->open_flags = pool_below(pool, 4) | (pool_chance(pool, 2) ? O_CREAT : 0);
		break;
	case IORING_OP_OPENAT2:
		entry->off = (uintptr_t)argument_words(pool, A_HOW);
		entry->len = 24;
		break;
	case IORING_OP_CONNECT:
		entry->addr = (uintptr_t)pool_address(pool);
		entry->off = pool->address_len;
		entry->len = 0;
		break;
	case IORING_OP_SENDMSG:
		entry->addr = (uintptr_t)pool_message(pool);
		entry->len = 1;
		entry->msg_flags = MSG_DONTWAIT;
		break;
	case IORING_OP_SEND:
	case IORING_OP_SEND_ZC:
		entry->off = (uintptr_t)pool_address(pool);
		entry->addr_len = (unsigned short)pool->address_len;
		entry->msg_flags = MSG_DONTWAIT;
		break;
	case IORING_OP_RENAMEAT:
	case IORING_OP_LINKAT:
		entry->len = (uint32_t)AT_FDCWD;
		/* fallthrough */
	case IORING_OP_SYMLINKAT:
	case IORING_OP_STATX:
		entry->off = (uintptr_t)pool_path(pool);
		break;
	case IORING_OP_SETXATTR:
	case IORING_OP_FSETXATTR:
		entry->addr3 = entry->addr;
		entry->addr = (uintptr_t)pool_name(pool);
		entry->off = (uintptr_t)pool->out;
		break;
	case IORING_OP_SOCKET:
		entry->fd = pool_chance(pool, 2) ? AF_INET : (int)pool_below(pool, 46);
		entry->off = 1 + pool_below(pool, 3);
		entry->len = 0;
		break;
	}
}

static void ring_run(struct pool *pool)
{
	struct io_uring_params p = { 0 };
	struct io_uring_sqe *entries;
	struct io_uring_cqe *results;
	uint32_t *tail, *array, *head, i;
	char *ring;
	long fd;

	if (pool_chance(pool, 8))
		p.flags = IORING_SETUP_SQPOLL;
	fd = call_now(SYS_io_uring_setup, RING_ENTRIES, (uintptr_t)&p, 0, 0, 0);
	row_count(RING_ROW, fd);
	if (fd < 0)
		return;
	ring = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, IORING_OFF_SQ_RING);
	entries = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, IORING_OFF_SQES);
	if (ring != MAP_FAILED && (void *)entries != MAP_FAILED) {
		tail = (uint32_t *)(ring + p.sq_off.tail);
		array = (uint32_t *)(ring + p.sq_off.array);
		for (i = 0; i < RING_ENTRIES; i++) {
			entry_fill(pool, &entries[i]);
			array[i] = i;
		}
		__atomic_store_n(tail, RING_ENTRIES, __ATOMIC_RELEASE);
		call_64(SYS_io_uring_enter,
			(uint64_t[6]){ (uint64_t)fd, RING_ENTRIES, pool_below(pool, 2),
				       IORING_ENTER_GETEVENTS });
		head = (uint32_t *)(ring + p.cq_off.head);
		results = (struct io_uring_cqe *)(ring + p.cq_off.cqes);
		for (i = *head; i < *(volatile uint32_t *)(ring + p.cq_off.tail) && i < 8; i++)
			row_count(RING_ROW, results[i].res);
	}
	munmap(ring, 8192);
	munmap(entries, 4096);
	slot_put(pool, fd);
	if (fd < SLOTS && pool_chance(pool, 2))
		call_now(SYS_close, (uint64_t)fd, 0, 0, 0, 0);
}

/* --- processes --- */

static void steps_run(struct pool *pool, int steps);

/* Timers do not go on in children. */
static void interrupt_start(void)
{
	long period = INTERRUPT_MS * 1000L * slow;
	struct itimerval timer = { .it_interval = { .tv_usec = period },
				   .it_value = { .tv_usec = period } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

static struct pool pool_new(uint64_t seed, int depth, int part)
{
	struct pool pool = { .random = seed, .depth = depth };

	pool.out = (char *)ROOM + part * ROOM_SIZE;
	pool.end = pool.out + ROOM_SIZE;
	pool.at = pool.out + ROOM_OUT;
	return pool;
}

static int thread_run(void *seed)
{
	struct pool pool = pool_new(*(uint64_t *)seed, 9, 1);

	steps_run(&pool, THREAD_STEPS);
	/* Not as libc has it: that would run what the program does at its end. */
	call_now(SYS_exit, 0, 0, 0, 0, 0);
	return 0;
}

/* A thread, or a child that goes on by itself in namespaces and places of its own, if it can. */
static void spawn(struct pool *pool)
{
	static const uint64_t flags[] = {
		0,
		0,
		0,
		CLONE_NEWUSER,
		CLONE_NEWUSER | CLONE_NEWNS,
		CLONE_PARENT,
		CLONE_NEWPID,
		CLONE_NEWNET,
		CLONE_FILES,
		CLONE_FS,
		CLONE_NEWNS,
		CLONE_PTRACE,
		CLONE_UNTRACED,
	};
	static char stack[STACK_SIZE] __attribute__((aligned(64)));
	static uint64_t seed;
	struct clone_args args = { .exit_signal = SIGCHLD };
	uint64_t chosen = PICK(pool, flags);
	long pid;

	if (__atomic_fetch_add(&common->spawned, 1, __ATOMIC_RELAXED) >= SPAWNED_MAX)
		return;
	seed = pool_random(pool);
	switch (pool_below(pool, 4)) {
	case 0:
		if (pool->depth)
			return; /* one stack: one thread */
		pool->depth = 1;
		pid = clone(thread_run, stack + STACK_SIZE,
			    CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
				    CLONE_SYSVSEM,
			    &seed);
		row_count(SPAWN_ROW, pid < 0 ? -errno : 0);
		return;
	case 1:
		args.flags = chosen | (pool_chance(pool, 3) ? CLONE_INTO_CGROUP : 0);
		args.cgroup = pool_below(pool, SLOTS / 2);
		pid = call_now(SYS_clone3, (uintptr_t)&args, sizeof(args), 0, 0, 0);
		break;
	case 2:
		pid = call_now(SYS_fork, 0, 0, 0, 0, 0);
		break;
	default:
		pid = call_now(SYS_clone, chosen | SIGCHLD, 0, 0, 0, 0);
	}
	if (pid != 0) {
		row_count(SPAWN_ROW, pid);
		return;
	}
	if (pool_chance(pool, 2))
		setsid();
	pool->random ^= seed;
	pool->depth = 9;
	interrupt_start();
	steps_run(pool, 60);
	_exit(0);
}

static void steps_run(struct pool *pool, int steps)
{
	while (steps--) {
		__atomic_fetch_add(&common->steps, 1, __ATOMIC_RELAXED);
		switch (pool_below(pool, 60)) {
		case 0:
			spawn(pool);
			break;
		case 1:
		case 2:
			ring_run(pool);
			break;
		default:
			call_any(pool);
		}
	}
}

/* What a child begins with, so that calls on descriptors mean something. Some are refused. */
static void slots_fill(void)
{
	static const struct {
		const char *path;
		int flags;
	} files[] = {
		{ "a", O_CREAT | O_RDWR },
		{ "b", O_CREAT | O_RDWR },
		{ "d", O_DIRECTORY },
		{ ".", O_DIRECTORY },
		{ "../ro/f", O_RDONLY },
		{ "../ro", O_DIRECTORY },
		{ "../outside", O_PATH },
		{ "../outside/demo", O_PATH },
		{ "../outside/open", O_PATH },
		{ "../outside/open/f", O_PATH },
		{ "/proc/self/ns/mnt", O_RDONLY },
		{ "/dev/null", O_RDONLY },
		{ "/sys/fs/cgroup", O_PATH },
	};
	static const struct {
		int family, type;
	} sockets[SOCKETS] = { { AF_INET, SOCK_STREAM }, { AF_INET, SOCK_STREAM },
			       { AF_INET, SOCK_DGRAM },	 { AF_INET6, SOCK_DGRAM },
			       { AF_UNIX, SOCK_STREAM }, { AF_UNIX, SOCK_DGRAM } };
	char stranger[32];
	int ends[2];
	size_t i;

	mkdir("d", 0777);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		open(files[i].path, files[i].flags, 0666);
	snprintf(stranger, sizeof(stranger), "/proc/%d", target.stranger[0]);
	open(stranger, O_DIRECTORY);
	for (i = 0; i < SOCKETS; i++)
		call_now(SYS_dup2,
			 (uint64_t)socket(sockets[i].family, sockets[i].type | SOCK_NONBLOCK, 0),
			 SOCKET_FIRST + i, 0, 0, 0);
	syscall(SYS_pidfd_open, target.stranger[0], 0);
	memfd_create("random", 0);
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends) < 0 ||
	    pipe2(ends, O_NONBLOCK) < 0)
		return;
}

static void limits_set(void)
{
	static const struct {
		int which;
		rlim_t most;
	} limits[] = {
		{ RLIMIT_AS, 256 << 20 }, { RLIMIT_FSIZE, 1 << 20 },   { RLIMIT_CORE, 0 },
		{ RLIMIT_NOFILE, 256 },	  { RLIMIT_MEMLOCK, 1 << 20 }, { RLIMIT_MSGQUEUE, 65536 },
	};
	size_t i;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		setrlimit(limits[i].which, &(struct rlimit){ limits[i].most, limits[i].most });
}

static void child_run(uint64_t seed, int steps)
{
	struct sigaction action = { .sa_handler = handler };
	struct pool pool = pool_new(seed, 0, 0);
	sigset_t none;
	int null = open("/dev/null", O_RDONLY), i;

	setpgid(0, 0);
	limits_set();
	for (i = 0; i < 3; i++)
		dup2(null, i);
	close_range(3, ~0U, 0);
	slots_fill();
	prctl(PR_SET_DUMPABLE, 1);
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGPIPE, &action, NULL);
	sigaction(SIGXFSZ, &action, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	interrupt_start();
	steps_run(&pool, steps);
	_exit(0);
}

/* Ends all that came of a child, whatever became of it, and what comes of that meanwhile. */
static void children_end(void)
{
	pid_t ended = 0;
	char path[64];
	FILE *list;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	for (;;) {
		list = fopen(path, "re");
		if (!list)
			exit(3);
		while (fscanf(list, "%d", &pid) == 1)
			kill(pid, SIGKILL);
		fclose(list);
		while ((ended = waitpid(-1, NULL, WNOHANG | __WALL)) > 0)
			;
		if (ended < 0)
			return;
		usleep(1000);
	}
}

static void child_watch(pid_t pid)
{
	uint64_t seen = 0, now;
	int still = 0;

	while (still < STILL_MS * slow && waitpid(pid, NULL, WNOHANG | __WALL) == 0) {
		now = __atomic_load_n(&common->steps, __ATOMIC_RELAXED);
		still = now == seen ? still + 1 : 0;
		seen = now;
		usleep(1000);
	}
	children_end();
}

static void target_read(const char *word)
{
	const char *value = strchr(word, '=') + 1;

	if (strncmp(word, "tree=", 5) == 0)
		target.tree = value;
	else if (strncmp(word, "strangers=", 10) == 0)
		sscanf(value, "%d,%d,%d,%d", &target.stranger[0], &target.stranger[1],
		       &target.stranger[2], &target.stranger[3]);
	else if (strncmp(word, "memory=", 7) == 0)
		target.memory = strtoul(value, NULL, 0);
	else if (strncmp(word, "ports=", 6) == 0)
		sscanf(value, "%hu,%hu,%hu", &target.tcp, &target.udp, &target.allowed);
	else if (strncmp(word, "name=", 5) == 0)
		target.name = value;
	else if (strncmp(word, "ipc=", 4) == 0)
		sscanf(value, "%d,%d,%d", &target.ipc[0], &target.ipc[1], &target.ipc[2]);
	else if (strncmp(word, "ipckey=", 7) == 0)
		sscanf(value, "%d,%d,%d", &target.ipc_key[0], &target.ipc_key[1],
		       &target.ipc_key[2]);
	else if (strncmp(word, "key=", 4) == 0)
		target.key = atoi(value);
	else if (strncmp(word, "queue=", 6) == 0)
		target.queue = value;
	else
		exit(2);
}

static void setup(void)
{
	struct file_handle *handle = (struct file_handle *)handle_known;
	int mount;
	size_t i;

	common = mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (common == MAP_FAILED ||
	    mmap((void *)ROOM, 2 * ROOM_SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != (void *)ROOM)
		exit(4);
	for (i = 0; i < CALLS; i++)
		weights += calls[i].weight;
	handle->handle_bytes = 128;
	if (name_to_handle_at(AT_FDCWD, "../outside/private/f", handle, &mount, 0) < 0)
		handle->handle_bytes = 12;
}

int main(int argc, char **argv)
{
	int children, steps, i;
	sigset_t all;
	uint64_t seed;
	pid_t pid;

	if (argc < 5)
		return 2;
	seed = strtoull(argv[1], NULL, 0);
	children = atoi(argv[2]);
	steps = atoi(argv[3]);
	slow = atoi(argv[4]);
	for (i = 5; i < argc; i++)
		target_read(argv[i]);
	setup();
	/* Children may do to it what they may to each other; it goes on. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_DUMPABLE, 0);
	printf("begun\n");
	fflush(NULL);
	for (i = 0; i < children; i++) {
		common->spawned = 0;
		pid = fork();
		if (pid == 0)
			child_run(seed * 1000 + (uint64_t)i, steps);
		if (pid < 0)
			return 5;
		child_watch(pid);
	}
	for (i = 0; i < (int)ROWS; i++)
		printf("call %s %u %u %u\n",
		       i == SPAWN_ROW ? "clone" :
		       i == RING_ROW  ? "ring" :
					calls[i].name,
		       common->row[i].tries, common->row[i].good, common->row[i].refused);
	printf("done %d\n", children);
	return 0;
}
