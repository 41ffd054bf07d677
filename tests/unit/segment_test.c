// SPDX-License-Identifier: GPL-2.0-or-later
/* The log on disk: what a crash, a full disk or a careless hand does to it, and what is read back. */
#include "audit/segment.h"
#include "tests/tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "audit/segment_file.h"
#include "base/limits.h"

static const uint8_t boot_a[16] = "boot a.........", boot_b[16] = "boot b.........";
static char base[64], dir[96];
static struct fault fault;

/* A new, empty place for each test; what the last one left is removed. */
static void dir_clear(void)
{
	char path[400];
	struct dirent *entry;
	DIR *d = opendir(dir);

	if (!d)
		return;
	while ((entry = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (unlink(path) != 0)
			rmdir(path);
	}
	closedir(d);
	rmdir(dir);
}

static void place_new(void)
{
	if (!base[0]) {
		/* In memory where there is some: this is about bytes, and syncs take long. */
		snprintf(base, sizeof(base), "%s/segment-test-XXXXXX",
			 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		if (!mkdtemp(base))
			exit(1);
		snprintf(dir, sizeof(dir), "%s/log", base);
	}
	dir_clear();
}

static void place_end(void)
{
	place_new();
	rmdir(base);
}

static const char *file_of(uint64_t seq)
{
	static char path[160];

	snprintf(path, sizeof(path), "%s/%020llu.seg", dir, (unsigned long long)seq);
	return path;
}

static struct record event_make(uint64_t kernel_seq, size_t text)
{
	struct record r = { .type = RECORD_EVENT, .stream = STREAM_DENIALS, .agent_name = "coder" };

	memcpy(r.boot, boot_a, sizeof(r.boot));
	r.u.event.size = sizeof(r.u.event);
	r.u.event.version = AGENTOS_EVENT_VERSION;
	r.u.event.seq = kernel_seq;
	r.u.event.text_len = (uint32_t)text;
	memset(r.u.event.text, 'x', text);
	return r;
}

static int open_sized(const uint8_t *boot, uint64_t limit, struct segment_writer **w,
		      struct segment_tail *tail)
{
	const struct segment_options o = { .directory = dir,
					   .boot = boot,
					   .limit = limit,
					   .buffer = 65536 };

	fault.text[0] = '\0';
	return segment_open_with(&o, w, tail, &fault);
}

static int append(struct segment_writer *w, uint64_t kernel_seq, size_t text)
{
	struct record r = event_make(kernel_seq, text);

	return segment_append(w, &r);
}

/* Writes count events into a log of small segments, one flush each, and closes it. */
static bool log_write(uint64_t count, uint64_t limit)
{
	struct segment_writer *w;
	struct segment_tail tail;
	uint64_t i;
	bool ok;

	if (open_sized(boot_a, limit, &w, &tail) != 0)
		return false;
	for (ok = true, i = 0; i < count && ok; i++)
		ok = append(w, tail.next_seq + i, 20) == 0 && segment_flush(w) == 0;
	segment_close(w);
	return ok;
}

/* Reads all: how many came, in order from 1; *ret_err is how it ended. */
static uint64_t log_read(int *ret_err)
{
	struct segment_reader *reader;
	struct record r;
	uint64_t n = 0;
	int rc;

	*ret_err = segment_reader_open(dir, &reader, &fault);
	if (*ret_err)
		return 0;
	while ((rc = segment_read(reader, &r, &fault)) == 1) {
		n++;
		CHECK_INT(r.seq, n);
	}
	*ret_err = rc;
	segment_reader_close(reader);
	return n;
}

static size_t file_get(const char *path, uint8_t *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size);

	if (fd >= 0)
		close(fd);
	return n < 0 ? 0 : (size_t)n;
}

static bool file_put(const char *path, const void *buf, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);
	bool ok = fd >= 0 && write(fd, buf, len) == (ssize_t)len;

	if (fd >= 0)
		close(fd);
	return ok;
}

static unsigned int segments(void)
{
	struct segment_names names = { 0 };
	struct segment_dir d;

	if (segment_dir_open(dir, &d, NULL) != 0)
		return 0;
	segment_scan(&d, 0, &names, NULL);
	segment_dir_close(&d);
	return (unsigned int)names.count;
}

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

/* Cut at every byte from the third last record on: whole ones stay, the half one goes. */
static void a_torn_tail_is_cut_at_every_byte(void)
{
	uint8_t image[8192], after[8192];
	struct segment_writer *w;
	struct segment_tail tail;
	uint64_t offsets[5];
	size_t len, cut;
	struct record r;
	int i, whole, err;

	place_new();
	REQUIRE(log_write(4, 1 << 20));
	len = file_get(file_of(1), image, sizeof(image));
	for (offsets[0] = SEGMENT_HEADER, i = 0; i < 4; i++)
		offsets[i + 1] = offsets[i] +
				 (uint64_t)record_decode(image + offsets[i], len - offsets[i], &r);
	REQUIRE(offsets[4] == len);
	for (cut = offsets[1]; cut <= len; cut++) {
		for (whole = 4; offsets[whole] > cut; whole--)
			;
		REQUIRE(file_put(file_of(1), image, cut));
		CHECK_INT(log_read(&err), whole);
		CHECK_INT(err, 0);
		CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), 0);
		CHECK_INT(tail.next_seq, whole + 1);
		CHECK_INT(tail.torn, cut - offsets[whole]);
		CHECK_INT(tail.highest[STREAM_DENIALS], whole);
		CHECK_INT(append(w, 100, 3), 0);
		segment_close(w);
		CHECK(file_get(file_of(1), after, sizeof(after)) > offsets[whole]);
		CHECK(memcmp(after, image, offsets[whole]) == 0);
		CHECK_INT(log_read(&err), whole + 1);
		CHECK_INT(err, 0);
	}
}

/* A page that never reached the disk: the last record is there in length only, or there are zeros. */
static void a_last_record_that_is_damaged_or_zeros_is_torn_too(void)
{
	uint8_t image[8192 + 100000] = { 0 };
	struct segment_writer *w;
	struct segment_tail tail;
	size_t len, extra;

	place_new();
	REQUIRE(log_write(4, 1 << 20));
	len = file_get(file_of(1), image, sizeof(image));
	image[len - 3] ^= 1;
	REQUIRE(file_put(file_of(1), image, len));
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), 0);
	CHECK_INT(tail.next_seq, 4);
	segment_close(w);
	image[len - 3] ^= 1;
	for (extra = 1; extra <= 100000; extra = extra * 3 + 1) {
		REQUIRE(file_put(file_of(1), image, len + extra));
		CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), 0);
		CHECK_INT(tail.next_seq, 5);
		CHECK_INT(tail.torn, extra);
		segment_close(w);
	}
}

static void damage_before_a_whole_record_changes_nothing_and_is_refused(void)
{
	uint8_t image[8192], after[8192];
	struct segment_writer *w;
	struct segment_tail tail;
	size_t len, at, last;
	struct record r;
	int i, err;

	place_new();
	REQUIRE(log_write(4, 1 << 20));
	len = file_get(file_of(1), image, sizeof(image));
	for (last = SEGMENT_HEADER, i = 0; i < 3; i++)
		last += (size_t)record_decode(image + last, len - last, &r);
	for (at = SEGMENT_HEADER; at < last; at++) {
		image[at] ^= 0x10;
		REQUIRE(file_put(file_of(1), image, len));
		CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -EBADMSG);
		CHECK(strstr(fault.text, "byte ") && strstr(fault.text, "00001.seg"));
		CHECK_INT(file_get(file_of(1), after, sizeof(after)), len);
		CHECK(memcmp(image, after, len) == 0);
		CHECK(log_read(&err) < 3);
		CHECK_INT(err, -EBADMSG);
		image[at] ^= 0x10;
	}
}

static void more_garbage_than_a_record_is_damage(void)
{
	uint8_t image[16384];
	struct segment_writer *w;
	struct segment_tail tail;
	size_t len;

	place_new();
	REQUIRE(log_write(2, 1 << 20));
	memset(image, 0xa5, sizeof(image));
	len = file_get(file_of(1), image, sizeof(image));
	REQUIRE(file_put(file_of(1), image, len + LIMIT_RECORD + 1));
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -EBADMSG);
	REQUIRE(file_put(file_of(1), image, len + LIMIT_RECORD));
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), 0);
	CHECK_INT(tail.torn, LIMIT_RECORD);
	segment_close(w);
}

/* An agent may name a socket so that its bytes are those of a record. */
static void a_record_inside_a_torn_records_text_does_not_count(void)
{
	struct record fake = event_make(9, 4), r = event_make(2, 0);
	uint8_t image[8192];
	struct segment_writer *w;
	struct segment_tail tail;
	size_t len, cut;

	place_new();
	fake.seq = 3;
	r.u.event.text_len =
		(uint32_t)record_encode(&fake, (uint8_t *)r.u.event.text, sizeof(r.u.event.text));
	memset(r.u.event.text + r.u.event.text_len, 'x', 80);
	r.u.event.text_len += 80;
	REQUIRE(open_sized(boot_a, 1 << 20, &w, &tail) == 0);
	CHECK_INT(append(w, 1, 4), 0);
	CHECK_INT(segment_append(w, &r), 0);
	segment_close(w);
	len = file_get(file_of(1), image, sizeof(image));
	for (cut = 1; cut < 100; cut++) {
		REQUIRE(file_put(file_of(1), image, len - cut));
		CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), 0);
		CHECK_INT(tail.next_seq, 2);
		segment_close(w);
	}
	image[len - 1] ^= 1;
	REQUIRE(file_put(file_of(1), image, len));
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), 0);
	CHECK_INT(tail.next_seq, 2);
	segment_close(w);
}

static void a_segment_without_its_whole_header_is_finished(void)
{
	uint8_t image[SEGMENT_HEADER] = { 0 }, header[SEGMENT_HEADER];
	struct segment_writer *w;
	struct segment_tail tail;
	char path[160];
	size_t len;
	int err;

	place_new();
	REQUIRE(log_write(5, 1 << 20));
	file_get(file_of(1), header, sizeof(header));
	for (len = 0; len <= SEGMENT_HEADER; len += len < 70 ? 1 : 13) {
		strcpy(path, file_of(6));
		REQUIRE(file_put(path, len < 60 ? header : image, len));
		CHECK_INT(log_read(&err), 5);
		CHECK_INT(err, 0);
		CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), 0);
		CHECK_INT(tail.next_seq, 6);
		CHECK_INT(tail.torn, len);
		CHECK_INT(tail.highest[STREAM_DENIALS], 5);
		CHECK_INT(append(w, 6, 5), 0);
		segment_close(w);
		CHECK_INT(log_read(&err), 6);
		CHECK_INT(err, 0);
	}
}

static void what_is_no_segment_of_ours_is_refused(void)
{
	static const struct {
		const char *name, *content;
		int err;
	} cases[] = {
		{ "00000000000000000003.seg", "a note that somebody left here", -EBADMSG },
		{ "00000000000000000003.seg",
		  "AGENTOS, as somebody wrote, and nothing that a header would have", -EBADMSG },
		{ "3.seg", "", -EBADMSG },
		{ "00000000000000000000.seg", "", -EBADMSG },
		{ "notes\x1b[2J.seg", "", -EBADMSG },
		{ "99999999999999999999.seg", "", -EBADMSG },
	};
	char content[2 * SEGMENT_HEADER] = "", path[200];
	struct segment_writer *w;
	struct segment_tail tail;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		place_new();
		REQUIRE(log_write(2, 1 << 20));
		strcpy(content, cases[i].content);
		snprintf(path, sizeof(path), "%s/%s", dir, cases[i].name);
		REQUIRE(file_put(path, content, i == 1 ? sizeof(content) : strlen(content)));
		CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), cases[i].err);
		CHECK(fault.text[0] && !strchr(fault.text, '\x1b'));
		CHECK(access(path, F_OK) == 0);
	}
	place_new();
	REQUIRE(log_write(2, 1 << 20));
	snprintf(path, sizeof(path), "%s/README", dir);
	REQUIRE(file_put(path, "x", 1));
	CHECK(log_write(2, 1 << 20));
}

static void links_fifos_and_directories_are_not_followed(void)
{
	struct segment_writer *w;
	struct segment_tail tail;
	char other[160];
	int err;

	place_new();
	REQUIRE(log_write(2, 1 << 20));
	snprintf(other, sizeof(other), "%s/moved", dir);
	REQUIRE(rename(file_of(1), other) == 0 && symlink(other, file_of(1)) == 0);
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -ELOOP);
	CHECK_INT(log_read(&err), 0);
	CHECK_INT(err, -ELOOP);
	REQUIRE(unlink(file_of(1)) == 0 && mkfifo(file_of(1), 0600) == 0);
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -EBADMSG);
	log_read(&err);
	CHECK_INT(err, -EBADMSG);
	REQUIRE(unlink(file_of(1)) == 0 && mkdir(file_of(1), 0700) == 0);
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -EBADMSG);
	place_new();
	REQUIRE(mkdir(dir, 0700) == 0);
	REQUIRE(symlink("/nowhere/at/all", file_of(1)) == 0);
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -ELOOP);
	snprintf(other, sizeof(other), "%s/.lock", dir);
	unlink(file_of(1));
	REQUIRE(unlink(other) == 0 && symlink("/tmp/never-made", other) == 0);
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -ELOOP);
}

static void a_directory_that_others_may_write_to_is_refused(void)
{
	struct segment_writer *w;
	struct segment_tail tail;

	place_new();
	REQUIRE(mkdir(dir, 0700) == 0 && chmod(dir, 0770) == 0);
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -EPERM);
	REQUIRE(chmod(dir, 0707) == 0);
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -EPERM);
	REQUIRE(rmdir(dir) == 0 && file_put(dir, "", 0));
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -ENOTDIR);
	unlink(dir);
}

static void a_later_version_and_a_damaged_or_renamed_header_are_refused(void)
{
	uint8_t image[8192];
	struct segment_writer *w;
	struct segment_tail tail;
	char path[160];
	size_t len, at;
	int err;

	place_new();
	REQUIRE(log_write(2, 1 << 20));
	len = file_get(file_of(1), image, sizeof(image));
	image[8] = 2;
	REQUIRE(file_put(file_of(1), image, len));
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -EPROTO);
	log_read(&err);
	CHECK_INT(err, -EPROTO);
	image[8] = 1;
	for (at = 0; at < SEGMENT_HEADER; at++) {
		image[at] ^= 1;
		REQUIRE(file_put(file_of(1), image, len));
		CHECK(open_sized(boot_a, 1 << 20, &w, &tail) < 0);
		image[at] ^= 1;
	}
	REQUIRE(file_put(file_of(1), image, len));
	strcpy(path, file_of(1));
	REQUIRE(rename(path, file_of(2)) == 0);
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -EBADMSG);
}

static void a_missing_segment_is_found_by_writer_and_reader(void)
{
	struct segment_names names;
	struct segment_writer *w;
	struct segment_tail tail;
	struct segment_dir d;
	int err;

	place_new();
	REQUIRE(log_write(100, 3000) && segments() > 5);
	REQUIRE(segment_dir_open(dir, &d, NULL) == 0);
	REQUIRE(segment_scan(&d, 0, &names, NULL) == 0);
	segment_dir_close(&d);
	/* Newest but one. */
	REQUIRE(unlink(file_of(names.before_highest)) == 0);
	CHECK_INT(open_sized(boot_a, 3000, &w, &tail), -EBADMSG);
	CHECK_INT(log_read(&err), names.before_highest - 1);
	CHECK_INT(err, -EBADMSG);
	CHECK(strstr(fault.text, "missing"));
}

static void a_torn_segment_that_is_not_the_last_is_damage_to_a_reader(void)
{
	int err;

	place_new();
	REQUIRE(log_write(100, 3000) && segments() > 5);
	REQUIRE(truncate(file_of(1), SEGMENT_HEADER + 100) == 0);
	CHECK_INT(log_read(&err), 0);
	CHECK_INT(err, -EBADMSG);
	CHECK(strstr(fault.text, "not complete"));
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
	TEST(a_torn_tail_is_cut_at_every_byte),
	TEST(a_last_record_that_is_damaged_or_zeros_is_torn_too),
	TEST(damage_before_a_whole_record_changes_nothing_and_is_refused),
	TEST(more_garbage_than_a_record_is_damage),
	TEST(a_record_inside_a_torn_records_text_does_not_count),
	TEST(a_segment_without_its_whole_header_is_finished),
	TEST(what_is_no_segment_of_ours_is_refused),
	TEST(links_fifos_and_directories_are_not_followed),
	TEST(a_directory_that_others_may_write_to_is_refused),
	TEST(a_later_version_and_a_damaged_or_renamed_header_are_refused),
	TEST(a_missing_segment_is_found_by_writer_and_reader),
	TEST(a_torn_segment_that_is_not_the_last_is_damage_to_a_reader),
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
