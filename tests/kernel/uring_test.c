// SPDX-License-Identifier: GPL-2.0-or-later
/* io_uring on the module's descriptors, and threads of io_uring in an agent. */
#include <liburing.h>

#include "stage.h"

#define WAIT_SECONDS 20

/* What a process of an agent tells; shared with the test. */
static int *ready;

static struct io_uring ring;

/* Result of the request that data names, which is the only one under way. */
static int result_of(uint64_t data)
{
	struct __kernel_timespec wait = { .tv_sec = WAIT_SECONDS * stage_slow() };
	struct io_uring_cqe *cqe;
	int result = io_uring_wait_cqe_timeout(&ring, &cqe, &wait);

	if (result)
		return result;
	result = cqe->user_data == data ? cqe->res : -EBADMSG;
	io_uring_cqe_seen(&ring, cqe);
	return result;
}

/* Nothing has come yet of what was submitted. */
static bool waits(void)
{
	struct io_uring_cqe *cqe;

	return io_uring_peek_cqe(&ring, &cqe) == -EAGAIN;
}

static bool poll_begin(int fd, unsigned int events, uint64_t data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	io_uring_prep_poll_add(sqe, fd, events);
	io_uring_sqe_set_data64(sqe, data);
	return io_uring_submit(&ring) == 1;
}

static bool read_begin(int fd, void *to, size_t size, uint64_t data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	io_uring_prep_read(sqe, fd, to, size, 0);
	io_uring_sqe_set_data64(sqe, data);
	return io_uring_submit(&ring) == 1;
}

static int pause_agent(int fd)
{
	struct agentos_pause pause = { .size = sizeof(pause) };

	return stage_call(fd, AGENTOS_AGENT_PAUSE, &pause);
}

static int resume_agent(int fd)
{
	struct agentos_resume resume = { .size = sizeof(resume) };

	return stage_call(fd, AGENTOS_AGENT_RESUME, &resume);
}

static void a_read_waits_for_the_next_lifecycle_record(void)
{
	struct agentos_seek seek = { .size = sizeof(seek), .seq = AGENTOS_SEEK_END };
	struct agentos_lifecycle record = { 0 };
	int fd = stage_open(O_RDONLY), agent;
	uint64_t id = 0;

	REQUIRE(fd >= 0 && !stage_call(fd, AGENTOS_IOC_SEEK, &seek));
	CHECK(read_begin(fd, &record, sizeof(record), 1));
	CHECK(waits());
	agent = stage_agent("read", &id);
	CHECK_INT(result_of(1), sizeof(record));
	CHECK_INT(record.type, AGENTOS_LIFECYCLE_CREATE);
	CHECK_INT(record.agent, id);
	/* One that is there already is read at once; too small a buffer is refused as by read(). */
	CHECK_INT(stage_restrict(agent, AGENTOS_RIGHTS_ALL), 0);
	CHECK(read_begin(fd, &record, sizeof(record) - 1, 2));
	CHECK_INT(result_of(2), -EINVAL);
	CHECK(read_begin(fd, &record, sizeof(record), 3));
	CHECK_INT(result_of(3), sizeof(record));
	CHECK_INT(record.type, AGENTOS_LIFECYCLE_RESTRICT);
	close(agent);
	close(fd);
	CHECK(stage_settle());
}

static void poll_tells_of_a_lifecycle_record(void)
{
	struct agentos_seek seek = { .size = sizeof(seek), .seq = AGENTOS_SEEK_END };
	int fd = stage_open(O_RDONLY | O_NONBLOCK), agent;

	REQUIRE(fd >= 0 && !stage_call(fd, AGENTOS_IOC_SEEK, &seek));
	CHECK(poll_begin(fd, POLLIN, 1));
	CHECK(waits());
	agent = stage_agent("poll", NULL);
	CHECK_INT(result_of(1), POLLIN);
	close(agent);
	close(fd);
	CHECK(stage_settle());
}

static int polled(int fd, int events)
{
	struct pollfd pollfd = { .fd = fd, .events = events };

	return poll(&pollfd, 1, 0) < 0 ? -errno : pollfd.revents;
}

/* One change of the state, which poll tells until INFO has. */
static void change(int agent, uint64_t data, enum agentos_state state)
{
	CHECK_INT(result_of(data), POLLRDBAND);
	CHECK_INT(polled(agent, POLLIN | POLLRDBAND), POLLRDBAND);
	CHECK_INT(stage_info(agent).ret_state, state);
	CHECK_INT(polled(agent, POLLIN | POLLRDBAND), 0);
}

static void poll_tells_of_each_change_of_state(void)
{
	int above = stage_agent("above", NULL), agent, other;
	struct agentos_derive derive = {
		.size = sizeof(derive),
		.rights = AGENTOS_RIGHT(FILE_READ),
		.access = AGENTOS_ACCESS_ALL,
		.name = "above.below",
	};
	pid_t pid;

	REQUIRE(above >= 0 && !stage_call(above, AGENTOS_AGENT_DERIVE, &derive));
	agent = derive.ret_fd;
	other = stage_reopen(stage_device, derive.ret_id, AGENTOS_ACCESS_INSPECT);
	CHECK(poll_begin(agent, POLLRDBAND, 1));
	CHECK(waits());
	pid = stage_spawn(agent, stage_sleep, NULL);
	change(agent, 1, AGENTOS_STATE_RUNNING);
	/* Each descriptor has been told what it was told. */
	CHECK_INT(polled(other, POLLRDBAND), POLLRDBAND);

	/* A pause from above is one of this agent too. */
	CHECK(poll_begin(agent, POLLRDBAND, 2));
	CHECK(waits());
	CHECK_INT(pause_agent(above), 0);
	change(agent, 2, AGENTOS_STATE_PAUSED);
	CHECK(poll_begin(agent, POLLRDBAND, 3));
	CHECK_INT(pause_agent(agent), 0);
	CHECK_INT(resume_agent(agent), 0);
	CHECK(waits());
	CHECK_INT(resume_agent(above), 0);
	change(agent, 3, AGENTOS_STATE_RUNNING);

	/* Its process ends, and is not reaped yet. */
	CHECK(poll_begin(agent, POLLRDBAND, 4));
	CHECK(waits());
	CHECK_INT(stage_kill(agent), 1);
	change(agent, 4, AGENTOS_STATE_EXITING);
	CHECK(poll_begin(agent, POLLIN, 5));
	CHECK(waits());
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	CHECK_INT(result_of(5), POLLIN | POLLHUP);
	CHECK_INT(polled(agent, POLLRDBAND), POLLRDBAND | POLLHUP);
	CHECK_INT(stage_info(agent).ret_state, AGENTOS_STATE_EXITED);
	CHECK_INT(polled(agent, POLLRDBAND), POLLHUP);
	close(other);
	close(agent);
	close(above);
	CHECK(stage_settle());
}

static void poll_needs_the_bit_for_it(void)
{
	struct agentos_dup dup = { .size = sizeof(dup), .access = AGENTOS_ACCESS_CONTROL };
	int agent = stage_agent("bit", NULL);

	REQUIRE(agent >= 0 && !stage_call(agent, AGENTOS_AGENT_DUP, &dup));
	CHECK(poll_begin(dup.ret_fd, POLLIN | POLLRDBAND, 1));
	CHECK_INT(result_of(1), POLLERR);
	close(dup.ret_fd);
	close(agent);
	CHECK(stage_settle());
}

/* A ring whose work is done by threads that the kernel makes: a poller and a worker. */
static int use_ring(void *arg)
{
	struct io_uring_params params = { .flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 100000 };
	struct io_uring_sqe *sqe;
	struct io_uring own;
	static char byte;
	int ends[2];

	if (pipe(ends) || io_uring_queue_init_params(4, &own, &params))
		return 1;
	sqe = io_uring_get_sqe(&own);
	io_uring_prep_read(sqe, ends[0], &byte, 1, 0);
	/* Nobody ever writes there. */
	io_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
	io_uring_submit(&own);
	__atomic_store_n(ready, 1, __ATOMIC_RELEASE);
	return stage_sleep(NULL);
}

static int count_threads(pid_t pid)
{
	char path[64], line[64];
	int threads = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Threads: %d", &threads) == 1)
			break;
	if (file)
		fclose(file);
	return threads;
}

static void threads_of_io_uring_belong_and_end(void)
{
	uint64_t id = 0;
	int fd = stage_agent("ring", &id), i;
	pid_t pid;

	*ready = 0;
	pid = stage_spawn(fd, use_ring, NULL);
	REQUIRE(pid > 0 && stage_wait_value(ready));
	for (i = 0; i < STAGE_TRIES && count_threads(pid) < 3; i++)
		usleep(20000);
	CHECK(count_threads(pid) >= 3);
	CHECK_INT(stage_info(fd).ret_tasks, 1);
	CHECK_INT(stage_identify(stage_device, pid), id);
	CHECK_INT(stage_kill(fd), 1);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	CHECK(stage_ended(fd));
	close(fd);
	CHECK(stage_settle());
}

static const struct tap_test tests[] = {
	TEST(a_read_waits_for_the_next_lifecycle_record), TEST(poll_tells_of_a_lifecycle_record),
	TEST(poll_tells_of_each_change_of_state),	  TEST(poll_needs_the_bit_for_it),
	TEST(threads_of_io_uring_belong_and_end),
};

int main(int argc, char **argv)
{
	ready = stage_share(sizeof(*ready));
	if (!ready || io_uring_queue_init(8, &ring, 0))
		return 1;
	return stage_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv, 110);
}
