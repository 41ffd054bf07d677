// SPDX-License-Identifier: GPL-2.0-or-later
/* The log on disk: what a crash, a full disk or a careless hand does to it, and what is read back. */
#include "tests/tap.h"
#include "tests/unit/segment_rig.h"

static void a_new_log_begins_at_one_with_its_rights_whatever_the_umask(void)
{
	struct segment_writer *w;
	struct segment_tail tail;
	mode_t mask = umask(0077);
	struct stat st;
	int err;

	place_new();
	CHECK_INT(segment_open(dir, boot_a, &w, &tail, &fault), 0);
	umask(mask);
	CHECK_INT(tail.next_seq, 1);
	CHECK_INT(tail.torn, 0);
	CHECK(stat(dir, &st) == 0 && (st.st_mode & 07777) == 0750);
	CHECK(stat(file_of(1), &st) == 0 && (st.st_mode & 07777) == 0640);
	CHECK_INT(segment_fd(w) >= 0, 1);
	segment_close(w);
	CHECK_INT(log_read(&err), 0);
	CHECK_INT(err, 0);
}

static void a_segment_takes_the_directorys_group(void)
{
	struct stat st;

	if (geteuid() != 0)
		SKIP("only root may give a directory to any group");
	place_new();
	REQUIRE(mkdir(dir, 0750) == 0 && chown(dir, 0, 12345) == 0);
	CHECK(log_write(20, 2500));
	CHECK(stat(file_of(1), &st) == 0 && st.st_gid == 12345);
	CHECK(segments() > 1);
}

static void what_was_flushed_is_read_back_over_many_segments(void)
{
	int err;

	place_new();
	CHECK(log_write(500, 4000));
	CHECK(segments() > 20);
	CHECK_INT(log_read(&err), 500);
	CHECK_INT(err, 0);
	CHECK(log_write(7, 4000));
	CHECK_INT(log_read(&err), 507);
	CHECK_INT(err, 0);
}

static void a_second_writer_is_refused_and_the_first_ones_death_frees_it(void)
{
	struct segment_writer *w, *second;
	struct segment_tail tail;
	pid_t child;
	int status;

	place_new();
	REQUIRE(open_sized(boot_a, 4000, &w, &tail) == 0);
	CHECK_INT(open_sized(boot_a, 4000, &second, &tail), -EBUSY);
	CHECK_STR(strstr(fault.text, "another agentosd"), "another agentosd writes this log");
	segment_close(w);
	child = fork();
	if (child == 0) {
		if (open_sized(boot_a, 4000, &w, &tail) != 0)
			_exit(1);
		raise(SIGKILL);
	}
	REQUIRE(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
	CHECK_INT(open_sized(boot_a, 4000, &w, &tail), 0);
	segment_close(w);
}

/* Those who may read the directory can lock it: that must not hold up the writer. */
static void a_readers_lock_on_the_directory_does_not_matter(void)
{
	int fd;

	place_new();
	REQUIRE(log_write(1, 4000));
	fd = open(dir, O_RDONLY | O_DIRECTORY);
	REQUIRE(fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0);
	CHECK(log_write(1, 4000));
	close(fd);
}

static void a_full_buffer_refuses_and_uses_up_no_number(void)
{
	struct segment_writer *w;
	struct segment_tail tail;
	struct record r = event_make(1, 400);
	uint64_t n = 0;
	int rc, err;

	place_new();
	REQUIRE(open_sized(boot_a, 1 << 20, &w, &tail) == 0);
	while ((rc = append(w, n + 1, 400)) == 0)
		n++;
	CHECK_INT(rc, -ENOBUFS);
	r.seq = 77;
	CHECK_INT(segment_append(w, &r), -ENOBUFS);
	CHECK_INT(r.seq, 77);
	CHECK_INT(segment_flush(w), 0);
	CHECK_INT(segment_append(w, &r), 0);
	CHECK_INT(r.seq, n + 1);
	r.type = 9;
	CHECK_INT(segment_append(w, &r), -EINVAL);
	segment_close(w);
	CHECK_INT(log_read(&err), n + 1);
	CHECK_INT(err, 0);
}

static bool seen(const struct segment_tail *t, unsigned int stream, uint64_t seq)
{
	return t->seen[stream][seq % 4096 / 8] >> seq % 8 & 1;
}

static void the_tail_tells_what_was_seen_of_this_boot_over_segments(void)
{
	struct segment_writer *w;
	struct segment_tail tail;
	struct record loss = { .type = RECORD_LOSS, .stream = STREAM_DENIALS };
	uint64_t i;
	int missing = 0, wrong = 0;

	place_new();
	REQUIRE(open_sized(boot_a, 8000, &w, &tail) == 0);
	for (i = 1; i <= 10000; i++) {
		if (i % 1000 != 7)
			REQUIRE(append(w, i, 5) == 0);
		if (i % 50 == 0)
			REQUIRE(segment_flush(w) == 0);
	}
	segment_close(w);
	CHECK(segments() > 50);
	REQUIRE(open_sized(boot_a, 8000, &w, &tail) == 0);
	CHECK_INT(tail.highest[STREAM_DENIALS], 10000);
	CHECK_INT(tail.highest[STREAM_ALLOWED], 0);
	for (i = 10000 - 4095; i <= 10000; i++) {
		missing += !seen(&tail, STREAM_DENIALS, i);
		wrong += seen(&tail, STREAM_DENIALS, i) == (i % 1000 == 7);
	}
	CHECK_INT(missing, 4);
	CHECK_INT(wrong, 0);
	memcpy(loss.boot, boot_a, 16);
	loss.u.loss.first = 10001;
	loss.u.loss.last = 10005;
	loss.u.loss.count = 5;
	CHECK_INT(segment_append(w, &loss), 0);
	segment_close(w);
	REQUIRE(open_sized(boot_a, 8000, &w, &tail) == 0);
	CHECK_INT(tail.highest[STREAM_DENIALS], 10005);
	CHECK(seen(&tail, STREAM_DENIALS, 10000) && !seen(&tail, STREAM_DENIALS, 10003));
	segment_close(w);
	REQUIRE(open_sized(boot_b, 8000, &w, &tail) == 0);
	CHECK_INT(tail.highest[STREAM_DENIALS], 0);
	CHECK_INT(tail.next_seq, 9992);
	segment_close(w);
}

static void numbers_that_begin_anew_begin_the_window_anew(void)
{
	struct record note = { .type = RECORD_DAEMON },
		      life = { .type = RECORD_LIFECYCLE, .stream = STREAM_LIFECYCLE };
	struct segment_writer *w;
	struct segment_tail tail;

	place_new();
	memcpy(note.boot, boot_a, 16);
	memcpy(life.boot, boot_a, 16);
	note.u.daemon.note = DAEMON_STARTED;
	REQUIRE(open_sized(boot_a, 8000, &w, &tail) == 0);
	CHECK_INT(append(w, 500, 5), 0);
	life.u.lifecycle.seq = 40;
	CHECK_INT(segment_append(w, &life), 0);
	CHECK_INT(segment_append(w, &note), 0);
	CHECK_INT(append(w, 2, 5), 0);
	life.u.lifecycle.seq = 3;
	CHECK_INT(segment_append(w, &life), 0);
	segment_close(w);
	REQUIRE(open_sized(boot_a, 8000, &w, &tail) == 0);
	CHECK_INT(tail.highest[STREAM_DENIALS], 2);
	CHECK(seen(&tail, STREAM_DENIALS, 2) && !seen(&tail, STREAM_DENIALS, 1));
	CHECK_INT(tail.highest[STREAM_LIFECYCLE], 3);
	segment_close(w);
}

static void a_failed_write_leaves_the_file_as_it_was_and_keeps_the_records(void)
{
	struct rlimit old, small;
	struct segment_writer *w;
	struct segment_tail tail;
	struct stat st;
	off_t before;
	int i, err;

	place_new();
	REQUIRE(open_sized(boot_a, 1 << 20, &w, &tail) == 0);
	CHECK_INT(append(w, 1, 100), 0);
	CHECK_INT(segment_flush(w), 0);
	REQUIRE(fstat(segment_fd(w), &st) == 0);
	before = st.st_size;
	for (i = 2; i <= 50; i++)
		CHECK_INT(append(w, (uint64_t)i, 100), 0);
	signal(SIGXFSZ, SIG_IGN);
	REQUIRE(getrlimit(RLIMIT_FSIZE, &old) == 0);
	small = old;
	/* Room for some of them: a short write, then an error. Then for none. */
	for (i = 3000; i >= 0; i -= 3000) {
		small.rlim_cur = (rlim_t)(before + i);
		REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
		CHECK_INT(segment_flush(w), -EFBIG);
		CHECK(fstat(segment_fd(w), &st) == 0 && st.st_size == before);
	}
	REQUIRE(setrlimit(RLIMIT_FSIZE, &old) == 0);
	CHECK_INT(log_read(&err), 1);
	CHECK_INT(append(w, 51, 100), 0);
	CHECK_INT(segment_flush(w), 0);
	segment_close(w);
	CHECK_INT(log_read(&err), 51);
	CHECK_INT(err, 0);
}

static void a_segment_that_cannot_be_begun_leaves_nothing_behind(void)
{
	struct rlimit old, small;
	struct segment_writer *w;
	struct segment_tail tail;
	uint64_t n = 0;
	int err, rc;

	place_new();
	REQUIRE(open_sized(boot_a, 5000, &w, &tail) == 0);
	REQUIRE(append(w, 1, 400) == 0 && segment_flush(w) == 0);
	signal(SIGXFSZ, SIG_IGN);
	REQUIRE(getrlimit(RLIMIT_FSIZE, &old) == 0);
	small = old;
	small.rlim_cur = 1000;
	for (n = 2; n < 30; n++)
		REQUIRE(append(w, n, 400) == 0);
	REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
	rc = segment_flush(w);
	REQUIRE(setrlimit(RLIMIT_FSIZE, &old) == 0);
	CHECK_INT(rc, -EFBIG);
	CHECK_INT(segments(), 1);
	CHECK_INT(segment_flush(w), 0);
	CHECK_INT(segments(), 2);
	segment_close(w);
	CHECK_INT(log_read(&err), 29);
	CHECK_INT(err, 0);
}

/* The writer is killed at random moments; every later one goes on without a gap. */
static void a_writer_that_is_killed_leaves_no_gap_and_no_duplicate(void)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct segment_writer *w;
	struct segment_tail tail;
	struct segment_reader *reader;
	struct record r;
	uint64_t i, seq, n = 0, torn = 0, kernel = 0;
	int round, status, rc;
	pid_t child;

	place_new();
	for (round = 0; round < 50; round++) {
		child = fork();
		if (child == 0) {
			if (open_sized(boot_a, 20000, &w, &tail) != 0)
				_exit(1);
			for (i = 1;; i++) {
				seq = tail.highest[STREAM_DENIALS] + i;
				if (append(w, seq, seq % 400) != 0)
					_exit(2);
				if (i % (1 + seq % 13) == 0 && segment_flush(w) != 0)
					_exit(3);
			}
		}
		nanosleep(&pause, NULL);
		usleep((useconds_t)(round * 7919 % 6000));
		kill(child, SIGKILL);
		REQUIRE(waitpid(child, &status, 0) == child);
		CHECK(WIFSIGNALED(status));
		CHECK_INT(open_sized(boot_a, 20000, &w, &tail), 0);
		torn += tail.torn != 0;
		segment_close(w);
	}
	REQUIRE(segment_reader_open(dir, &reader, &fault) == 0);
	while ((rc = segment_read(reader, &r, &fault)) == 1) {
		n++;
		CHECK_INT(r.seq, n);
		kernel++;
		CHECK_INT(r.u.event.seq, kernel);
	}
	CHECK_INT(rc, 0);
	CHECK_INT(n + 1, tail.next_seq);
	CHECK(n > 50);
	printf("# %llu records in %u segments, %llu of 50 tails torn\n", (unsigned long long)n,
	       segments(), (unsigned long long)torn);
	segment_reader_close(reader);
}

/* A reader keeps up with a writer in another process that begins segment after segment. */
static void a_reader_follows_a_live_writer_over_rotations(void)
{
	struct segment_reader *reader;
	struct segment_writer *w;
	struct segment_tail tail;
	struct record r;
	uint64_t i, n = 0;
	time_t give_up = time(NULL) + 60;
	int rc = 0, status;
	pid_t child;

	place_new();
	REQUIRE(mkdir(dir, 0750) == 0);
	REQUIRE(segment_reader_open(dir, &reader, &fault) == 0);
	CHECK_INT(segment_read(reader, &r, &fault), 0);
	child = fork();
	if (child == 0) {
		if (open_sized(boot_a, 30000, &w, &tail) != 0)
			_exit(1);
		for (i = 1; i <= 20000; i++) {
			if (append(w, i, i % 300) != 0)
				_exit(2);
			if (i % 17 == 0 && segment_flush(w) != 0)
				_exit(3);
		}
		segment_close(w);
		_exit(0);
	}
	while (n < 20000 && rc >= 0 && time(NULL) < give_up) {
		rc = segment_read(reader, &r, &fault);
		if (rc == 1) {
			n++;
			CHECK_INT(r.seq, n);
			CHECK_INT(r.u.event.text_len, n % 300);
		}
	}
	CHECK_MSG(rc >= 0, "%s", fault.text);
	CHECK_INT(n, 20000);
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	CHECK(segments() > 50);
	segment_reader_close(reader);
}

/* What a reader saw of a torn record must not be glued to what replaces it. */
static void a_reader_at_a_torn_tail_goes_on_with_what_replaces_it(void)
{
	struct segment_reader *reader;
	uint8_t image[8192];
	struct segment_writer *w;
	struct segment_tail tail;
	struct record r;
	size_t len;

	place_new();
	REQUIRE(log_write(2, 1 << 20));
	len = file_get(file_of(1), image, sizeof(image));
	REQUIRE(truncate(file_of(1), (off_t)len - 30) == 0);
	REQUIRE(segment_reader_open(dir, &reader, &fault) == 0);
	CHECK_INT(segment_read(reader, &r, &fault), 1);
	CHECK_INT(segment_read(reader, &r, &fault), 0);
	REQUIRE(open_sized(boot_a, 1 << 20, &w, &tail) == 0);
	CHECK_INT(append(w, 99, 300), 0);
	CHECK_INT(segment_flush(w), 0);
	CHECK_INT(segment_read(reader, &r, &fault), 1);
	CHECK_INT(r.u.event.seq, 99);
	CHECK_INT(segment_read(reader, &r, &fault), 0);
	segment_close(w);
	segment_reader_close(reader);
}

static void no_log_is_said_in_words(void)
{
	struct segment_reader *reader;

	place_new();
	CHECK_INT(segment_reader_open(dir, &reader, &fault), -ENOENT);
	CHECK(strstr(fault.text, "there is no audit log"));
}

static void remove_what_was_made(void)
{
	place_end();
	CHECK(access(base, F_OK) != 0);
}

static const struct tap_test tests[] = {
	TEST(a_new_log_begins_at_one_with_its_rights_whatever_the_umask),
	TEST(a_segment_takes_the_directorys_group),
	TEST(what_was_flushed_is_read_back_over_many_segments),
	TEST(a_second_writer_is_refused_and_the_first_ones_death_frees_it),
	TEST(a_readers_lock_on_the_directory_does_not_matter),
	TEST(a_full_buffer_refuses_and_uses_up_no_number),
	TEST(the_tail_tells_what_was_seen_of_this_boot_over_segments),
	TEST(numbers_that_begin_anew_begin_the_window_anew),
	TEST(a_failed_write_leaves_the_file_as_it_was_and_keeps_the_records),
	TEST(a_segment_that_cannot_be_begun_leaves_nothing_behind),
	TEST(a_writer_that_is_killed_leaves_no_gap_and_no_duplicate),
	TEST(a_reader_follows_a_live_writer_over_rotations),
	TEST(a_reader_at_a_torn_tail_goes_on_with_what_replaces_it),
	TEST(no_log_is_said_in_words),
	TEST(remove_what_was_made),
};
TAP_MAIN(tests)
