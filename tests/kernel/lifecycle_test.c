// SPDX-License-Identifier: GPL-2.0-or-later
/* The lifecycle stream: records, readers, waiting, and what is lost. */
#include "stage.h"

#define KEPT   AGENTOS_LIFECYCLE_KEPT
#define RECORD ((ssize_t)sizeof(struct agentos_lifecycle))

static int seek_to(int fd, uint64_t seq)
{
	struct agentos_seek seek = { .size = sizeof(seek), .seq = seq };

	return stage_call(fd, AGENTOS_IOC_SEEK, &seek);
}

/* A reader of what comes from now on. */
static int reader_open(int flags)
{
	int fd = stage_open(O_RDONLY | flags);

	return fd < 0 || seek_to(fd, AGENTOS_SEEK_END) ? -1 : fd;
}

static ssize_t take(int fd, struct agentos_lifecycle *ret_record)
{
	ssize_t n;

	memset(ret_record, 0, sizeof(*ret_record));
	n = read(fd, ret_record, sizeof(*ret_record));
	return n < 0 ? -errno : n;
}

/* Makes records: each narrowing is one. */
static bool make_records(int agent, int count)
{
	while (count-- > 0)
		if (stage_restrict(agent, AGENTOS_RIGHTS_ALL))
			return false;
	return true;
}

static int exit_3(void *arg)
{
	return fork() ? 3 : 0;
}

static void a_life_is_recorded_in_order(void)
{
	static const int types[] = { AGENTOS_LIFECYCLE_CREATE, AGENTOS_LIFECYCLE_RESTRICT,
				     AGENTOS_LIFECYCLE_ATTACH, AGENTOS_LIFECYCLE_EXIT };
	struct agentos_create create = stage_plan("life");
	struct agentos_lifecycle records[4] = { 0 }, more;
	uint64_t rights = AGENTOS_RIGHT(FILE_READ);
	int fd = reader_open(O_NONBLOCK), i;
	pid_t pid;

	create.owner = STAGE_DEMO_UID;
	REQUIRE(fd >= 0 && !stage_call(stage_device, AGENTOS_IOC_CREATE, &create));
	CHECK_INT(stage_restrict(create.ret_fd, rights), 0);
	pid = stage_spawn(create.ret_fd, exit_3, NULL);
	CHECK_INT(stage_status(pid), 3);
	CHECK(stage_ended(create.ret_fd));
	close(create.ret_fd);
	for (i = 0; i < 4; i++) {
		struct agentos_lifecycle *record = &records[i];

		CHECK_INT(take(fd, record), RECORD);
		CHECK_INT(record->size, RECORD);
		CHECK_INT(record->type, types[i]);
		CHECK_INT(record->agent, create.ret_id);
		CHECK_INT(record->rights, i ? rights : AGENTOS_RIGHTS_ALL);
		CHECK_INT(record->uid, STAGE_DEMO_UID);
		CHECK_INT(record->lost, 0);
		CHECK_INT(record->policy, 0);
		CHECK_INT(record->resource, 0);
		CHECK_STR(record->name, "life");
		CHECK(!i || (record->seq == records[i - 1].seq + 1 &&
			     record->time_ns >= records[i - 1].time_ns));
		CHECK_INT(record->reason, i == 3 ? AGENTOS_REASON_EXIT : AGENTOS_REASON_NONE);
		CHECK_INT(record->code, i == 3 ? 3 : i ? 0 : AGENTOS_CREATE_UNENFORCED);
		CHECK_INT(record->forks, i == 3 ? 1 : 0);
		CHECK_INT(record->tgid, i == 3 ? 0 : i == 2 ? pid : getpid());
	}
	CHECK_INT(take(fd, &more), -EAGAIN);
	close(fd);
	CHECK(stage_settle());
}

static void kill_and_disuse_are_recorded(void)
{
	static const int types[] = { AGENTOS_LIFECYCLE_CREATE, AGENTOS_LIFECYCLE_ATTACH,
				     AGENTOS_LIFECYCLE_KILL,   AGENTOS_LIFECYCLE_EXIT,
				     AGENTOS_LIFECYCLE_CREATE, AGENTOS_LIFECYCLE_EXIT };
	int fd = reader_open(O_NONBLOCK), agent = stage_agent("killed", NULL), i;
	struct agentos_lifecycle record;
	pid_t pid;

	REQUIRE(fd >= 0 && agent >= 0);
	pid = stage_spawn(agent, stage_sleep, NULL);
	CHECK_INT(stage_kill(agent), 1);
	CHECK_INT(stage_status(pid), 256 + SIGKILL);
	CHECK(stage_ended(agent));
	close(agent);
	close(stage_agent("unused", NULL));
	for (i = 0; i < 6; i++) {
		CHECK_INT(take(fd, &record), RECORD);
		CHECK_INT(record.type, types[i]);
		CHECK_STR(record.name, i < 4 ? "killed" : "unused");
		CHECK_INT(record.reason, i == 3 ? AGENTOS_REASON_KILLED :
					 i == 5 ? AGENTOS_REASON_UNUSED :
						  AGENTOS_REASON_NONE);
		CHECK_INT(record.code,
			  i == 3			       ? SIGKILL :
			  types[i] == AGENTOS_LIFECYCLE_CREATE ? AGENTOS_CREATE_UNENFORCED :
								 0);
	}
	CHECK_INT(take(fd, &record), -EAGAIN);
	close(fd);
	CHECK(stage_settle());
}

static void what_failed_is_not_recorded(void)
{
	int fd = reader_open(O_NONBLOCK), agent = stage_agent("same", NULL);
	struct agentos_lifecycle record;

	REQUIRE(fd >= 0 && agent >= 0);
	CHECK_INT(take(fd, &record), RECORD);
	CHECK_INT(stage_agent("same", NULL), -EEXIST);
	CHECK_INT(stage_restrict(agent, 0), -EINVAL);
	CHECK_INT(take(fd, &record), -EAGAIN);
	close(agent);
	close(fd);
	CHECK(stage_settle());
}

static void only_whole_records_are_read(void)
{
	int fd = reader_open(O_NONBLOCK), agent = stage_agent("whole", NULL);
	char buffer[3 * sizeof(struct agentos_lifecycle)];

	REQUIRE(fd >= 0 && agent >= 0 && make_records(agent, 4));
	CHECK(read(fd, buffer, 0) < 0 && errno == EINVAL);
	CHECK(read(fd, buffer, RECORD - 1) < 0 && errno == EINVAL);
	CHECK_INT(read(fd, buffer, 2 * RECORD - 1), RECORD);
	CHECK_INT(read(fd, buffer, sizeof(buffer)), 3 * RECORD);
	CHECK_INT(read(fd, buffer, sizeof(buffer)), RECORD);
	CHECK(read(fd, buffer, sizeof(buffer)) < 0 && errno == EAGAIN);
	CHECK(write(fd, buffer, sizeof(buffer)) < 0 && errno == EBADF);
	CHECK(lseek(fd, 0, SEEK_SET) < 0 && errno == ESPIPE);
	close(agent);
	close(fd);
	CHECK(stage_settle());
}

static void readers_do_not_disturb_each_other(void)
{
	int first = reader_open(O_NONBLOCK), second = reader_open(O_NONBLOCK);
	int agent = stage_agent("shared", NULL), i;
	struct agentos_lifecycle one, two;

	REQUIRE(first >= 0 && second >= 0 && agent >= 0 && make_records(agent, 4));
	for (i = 0; i < 5; i++)
		CHECK_INT(take(first, &one), RECORD);
	CHECK_INT(take(first, &one), -EAGAIN);
	CHECK_INT(seek_to(first, 0), 0);
	CHECK_INT(take(second, &two), RECORD);
	CHECK_INT(two.type, AGENTOS_LIFECYCLE_CREATE);
	CHECK_INT(two.code, AGENTOS_CREATE_UNENFORCED);
	close(first);
	close(second);
	close(agent);
	CHECK(stage_settle());
}

static void seek_finds_the_oldest_a_number_and_the_end(void)
{
	int fd = reader_open(O_NONBLOCK), fresh, agent = stage_agent("seek", NULL);
	struct agentos_lifecycle record, oldest;
	uint64_t first, newest;

	REQUIRE(fd >= 0 && agent >= 0 && make_records(agent, 9));
	CHECK_INT(take(fd, &record), RECORD);
	first = record.seq;
	newest = first + 9;
	CHECK_INT(seek_to(fd, first + 5), 0);
	CHECK_INT(take(fd, &record), RECORD);
	CHECK_INT(record.seq, first + 5);
	CHECK_INT(seek_to(fd, AGENTOS_SEEK_END), 0);
	CHECK_INT(take(fd, &record), -EAGAIN);
	CHECK_INT(seek_to(fd, newest + 1), 0);
	CHECK_INT(take(fd, &record), -EAGAIN);
	CHECK_INT(seek_to(fd, newest), 0);
	/* Refused, and the place is kept. */
	CHECK_INT(seek_to(fd, newest + 2), -EINVAL);
	CHECK_INT(seek_to(fd, AGENTOS_SEEK_END - 1), -EINVAL);
	CHECK_INT(take(fd, &record), RECORD);
	CHECK_INT(record.seq, newest);
	/* A new descriptor begins where 0 leads. */
	CHECK_INT(seek_to(fd, 0), 0);
	CHECK_INT(take(fd, &oldest), RECORD);
	fresh = stage_open(O_RDONLY | O_NONBLOCK);
	CHECK_INT(take(fresh, &record), RECORD);
	CHECK(!memcmp(&record, &oldest, sizeof(record)));
	CHECK(oldest.type != AGENTOS_LIFECYCLE_LOST);
	close(fresh);
	close(fd);
	close(agent);
	CHECK(stage_settle());
}

static void a_reader_that_was_outrun_is_told_how_much_it_lost(void)
{
	int fd = reader_open(O_NONBLOCK), agent = stage_agent("outrun", NULL), i, lost = 0;
	struct agentos_lifecycle record;
	uint64_t first;

	REQUIRE(fd >= 0 && agent >= 0);
	CHECK_INT(take(fd, &record), RECORD);
	first = record.seq;
	/* As many as are kept: nothing is lost. */
	REQUIRE(make_records(agent, KEPT));
	CHECK_INT(take(fd, &record), RECORD);
	CHECK_INT(record.type, AGENTOS_LIFECYCLE_RESTRICT);
	CHECK_INT(record.seq, first + 1);
	/* Read on at first + 2; the oldest kept is first + 1 + 124. */
	REQUIRE(make_records(agent, 124));
	CHECK_INT(take(fd, &record), RECORD);
	CHECK_INT(record.type, AGENTOS_LIFECYCLE_LOST);
	CHECK_INT(record.size, RECORD);
	CHECK_INT(record.lost, 123);
	CHECK_INT(record.agent, 0);
	for (i = 0; i < KEPT; i++) {
		if (take(fd, &record) != RECORD || record.seq != first + 125 + i ||
		    record.type != AGENTOS_LIFECYCLE_RESTRICT)
			lost++;
	}
	CHECK_INT(lost, 0);
	CHECK_INT(take(fd, &record), -EAGAIN);
	/* A seek to what is no longer kept says so as well. */
	CHECK_INT(seek_to(fd, 1), 0);
	CHECK_INT(take(fd, &record), RECORD);
	CHECK_INT(record.type, AGENTOS_LIFECYCLE_LOST);
	CHECK_INT(record.lost, first + 125 - 1);
	close(fd);
	close(agent);
	CHECK(stage_settle());
}

static void a_bad_buffer_loses_nothing(void)
{
	long page = sysconf(_SC_PAGESIZE);
	int fd = reader_open(O_NONBLOCK), agent = stage_agent("bad", NULL);
	struct agentos_lifecycle record;
	uint64_t first;
	char *pages =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	REQUIRE(fd >= 0 && agent >= 0 && pages != MAP_FAILED && make_records(agent, 3));
	REQUIRE(!mprotect(pages + page, page, PROT_NONE));
	CHECK(read(fd, pages + page, 4 * RECORD) < 0 && errno == EFAULT);
	CHECK(read(fd, pages + page - 8, 4 * RECORD) < 0 && errno == EFAULT);
	CHECK(read(fd, pages + page, RECORD) < 0 && errno == EFAULT);
	CHECK_INT(take(fd, &record), RECORD);
	CHECK_INT(record.type, AGENTOS_LIFECYCLE_CREATE);
	first = record.seq;
	/* Room for one and a half of three: one is read, and two remain. */
	CHECK_INT(read(fd, pages + page - RECORD - RECORD / 2, 3 * RECORD), RECORD);
	CHECK_INT(take(fd, &record), RECORD);
	CHECK_INT(record.seq, first + 2);
	CHECK_INT(take(fd, &record), RECORD);
	CHECK_INT(record.seq, first + 3);
	CHECK_INT(take(fd, &record), -EAGAIN);
	/* A loss that could not be told is told again. */
	REQUIRE(make_records(agent, KEPT + 5));
	CHECK(read(fd, pages + page, RECORD) < 0 && errno == EFAULT);
	CHECK_INT(take(fd, &record), RECORD);
	CHECK_INT(record.type, AGENTOS_LIFECYCLE_LOST);
	CHECK_INT(record.lost, 5);
	munmap(pages, 2 * page);
	close(agent);
	close(fd);
	CHECK(stage_settle());
}

/* Waits in read() in a child, which exits with the type of what it got. */
static int read_one(void *arg)
{
	struct agentos_lifecycle record;
	ssize_t n = take(*(int *)arg, &record);

	return n == RECORD ? record.type : 100 - (int)n;
}

/* Until it sleeps in the kernel. */
static bool wait_asleep(pid_t pid)
{
	char path[64], line[512];
	int i;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (i = 0; i < STAGE_TRIES; i++) {
		FILE *file = fopen(path, "re");
		const char *end =
			file && fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;

		if (file)
			fclose(file);
		if (end && !strncmp(end, ") S", 3))
			return true;
		usleep(10000);
	}
	return false;
}

static void a_blocked_read_is_woken_by_a_record(void)
{
	int fd = reader_open(0), agent;
	pid_t pid;

	REQUIRE(fd >= 0);
	pid = stage_fork(read_one, &fd);
	REQUIRE(wait_asleep(pid));
	CHECK_INT(waitpid(pid, NULL, WNOHANG), 0);
	agent = stage_agent("wake", NULL);
	CHECK_INT(stage_status(pid), AGENTOS_LIFECYCLE_CREATE);
	close(agent);
	close(fd);
	CHECK(stage_settle());
}

static void ignore_it(int number)
{
}

static int read_interrupted(void *arg)
{
	struct sigaction action = { .sa_handler = ignore_it };

	sigaction(SIGUSR1, &action, NULL);
	return read_one(arg);
}

static void a_signal_ends_a_blocked_read_with_eintr(void)
{
	int fd = reader_open(0);
	pid_t pid;

	REQUIRE(fd >= 0);
	pid = stage_fork(read_interrupted, &fd);
	REQUIRE(wait_asleep(pid));
	kill(pid, SIGUSR1);
	CHECK_INT(stage_status(pid), 100 + EINTR);
	close(fd);
}

static int poll_one(void *arg)
{
	struct pollfd pollfd = { .fd = *(int *)arg, .events = POLLIN };

	return poll(&pollfd, 1, -1) == 1 ? pollfd.revents : 100;
}

static void poll_tells_when_there_is_a_record(void)
{
	int fd = reader_open(O_NONBLOCK), agent;
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	struct agentos_lifecycle record;
	pid_t pid;

	REQUIRE(fd >= 0);
	CHECK_INT(poll(&pollfd, 1, 0), 0);
	pid = stage_fork(poll_one, &fd);
	REQUIRE(wait_asleep(pid));
	agent = stage_agent("poll", NULL);
	CHECK_INT(stage_status(pid), POLLIN);
	CHECK_INT(poll(&pollfd, 1, 0), 1);
	CHECK_INT(pollfd.revents, POLLIN);
	CHECK_INT(take(fd, &record), RECORD);
	CHECK_INT(poll(&pollfd, 1, 0), 0);
	close(agent);
	close(fd);
	CHECK(stage_settle());
}

#define CROWD 4
static unsigned char *seen; /* times each record was read, from `first` on */
static uint64_t first_seq;

static int read_all(void *arg)
{
	struct agentos_lifecycle records[3];
	ssize_t n, i;

	while ((n = read(*(int *)arg, records, sizeof(records))) > 0)
		for (i = 0; i < n / RECORD; i++)
			__atomic_add_fetch(&seen[records[i].seq - first_seq], 1, __ATOMIC_RELAXED);
	return errno == EAGAIN ? 0 : 1;
}

static void readers_of_one_descriptor_get_each_record_once(void)
{
	int fd = reader_open(O_NONBLOCK), agent = stage_agent("crowd", NULL), i, wrong = 0;
	struct agentos_lifecycle record;
	pid_t pids[CROWD];

	seen = stage_share(KEPT);
	REQUIRE(fd >= 0 && agent >= 0 && seen);
	CHECK_INT(take(fd, &record), RECORD);
	first_seq = record.seq + 1;
	REQUIRE(make_records(agent, KEPT));
	for (i = 0; i < CROWD; i++)
		pids[i] = stage_fork(read_all, &fd);
	for (i = 0; i < CROWD; i++)
		CHECK_INT(stage_status(pids[i]), 0);
	for (i = 0; i < KEPT; i++)
		wrong += seen[i] != 1;
	CHECK_INT(wrong, 0);
	munmap(seen, KEPT);
	close(agent);
	close(fd);
	CHECK(stage_settle());
}

static const struct tap_test tests[] = {
	{ "a_life_is_recorded_in_order", a_life_is_recorded_in_order },
	{ "kill_and_disuse_are_recorded", kill_and_disuse_are_recorded },
	{ "what_failed_is_not_recorded", what_failed_is_not_recorded },
	{ "only_whole_records_are_read", only_whole_records_are_read },
	{ "readers_do_not_disturb_each_other", readers_do_not_disturb_each_other },
	{ "seek_finds_the_oldest_a_number_and_the_end",
	  seek_finds_the_oldest_a_number_and_the_end },
	{ "a_blocked_read_is_woken_by_a_record", a_blocked_read_is_woken_by_a_record },
	{ "a_signal_ends_a_blocked_read_with_eintr", a_signal_ends_a_blocked_read_with_eintr },
	{ "poll_tells_when_there_is_a_record", poll_tells_when_there_is_a_record },
	{ "a_bad_buffer_loses_nothing", a_bad_buffer_loses_nothing },
	{ "a_reader_that_was_outrun_is_told_how_much_it_lost",
	  a_reader_that_was_outrun_is_told_how_much_it_lost },
	{ "readers_of_one_descriptor_get_each_record_once",
	  readers_of_one_descriptor_get_each_record_once },
};

STAGE_MAIN(tests, 110)
