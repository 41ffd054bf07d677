// SPDX-License-Identifier: GPL-2.0-or-later
/* A disk that fails: a sync that failed takes what it was about with it, and nothing that is signed for is lost. */
#include "audit/ledger.h"
#include "audit/unsynced.h"
#include "tests/tap.h"
#include "tests/unit/verify_rig.h"

#include <sys/syscall.h>
#include <sys/wait.h>

#define FILES 64

/*
 * What Linux does, at its worst: of a file whose sync fails, all that was written
 * since the last one that did not is gone from memory, zeros being in its place,
 * and the next sync comes back with 0.
 */
static struct disk {
	ino_t ino;
	uint64_t synced; /* bytes that are on disk */
	uint64_t lowest; /* first byte that was written since then */
} disk[FILES];
static unsigned int syncs, fail_at; /* the number of the sync that fails; 0: none */
static bool keep;		    /* its pages stay in memory */
static ino_t watched;		    /* a file, and the first byte that was written to it */
static uint64_t renewed;

static struct disk *disk_of(int fd, struct stat *ret_stat)
{
	size_t i;

	if (fstat(fd, ret_stat) != 0 || !S_ISREG(ret_stat->st_mode))
		return NULL;
	for (i = 0; i < FILES; i++) {
		if (disk[i].ino == ret_stat->st_ino || !disk[i].ino) {
			if (!disk[i].ino)
				disk[i].lowest = UINT64_MAX;
			disk[i].ino = ret_stat->st_ino;
			return &disk[i];
		}
	}
	return NULL;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
	static uint8_t before[1 << 16];
	struct stat st;
	struct disk *d = disk_of(fd, &st);
	/* What is on disk already does not get lost by being written again. */
	bool same = d && len <= sizeof(before) && (uint64_t)offset + len <= d->synced &&
		    pread(fd, before, len, offset) == (ssize_t)len &&
		    memcmp(before, bytes, len) == 0;
	ssize_t put = syscall(SYS_pwrite64, fd, bytes, len, offset);

	if (put > 0 && d && !same && (uint64_t)offset < d->lowest)
		d->lowest = (uint64_t)offset;
	if (put > 0 && d && d->ino == watched && (uint64_t)offset < renewed)
		renewed = (uint64_t)offset;
	return put;
}

static void pages_lose(int fd, const struct disk *d, const struct stat *st)
{
	static const uint8_t zeros[4096];
	uint64_t at = d->synced < d->lowest ? d->synced : d->lowest, len;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd = open(path, O_WRONLY);
	while (fd >= 0 && at < (uint64_t)st->st_size) {
		len = (uint64_t)st->st_size - at < sizeof(zeros) ? (uint64_t)st->st_size - at :
								   sizeof(zeros);
		if (syscall(SYS_pwrite64, fd, zeros, len, at) <= 0)
			break;
		at += len;
	}
	if (fd >= 0)
		close(fd);
}

static int sync_or_fail(int fd)
{
	struct stat st;
	struct disk *d = disk_of(fd, &st);

	syncs++;
	if (fail_at && syncs == fail_at) {
		if (d && !keep)
			pages_lose(fd, d, &st);
		errno = EIO;
		return -1;
	}
	if (d) {
		d->synced = (uint64_t)st.st_size;
		d->lowest = UINT64_MAX;
	}
	return 0;
}

int fdatasync(int fd)
{
	return sync_or_fail(fd);
}

int fsync(int fd)
{
	return sync_or_fail(fd);
}

/* Of all files of the log: they are on disk, or what is not is gone. */
static void disk_each(bool lose)
{
	struct dirent *entry;
	DIR *dir = opendir(log_dir);
	struct disk *d;
	struct stat st;
	int fd;

	while (dir && (entry = readdir(dir))) {
		fd = open(log_path(entry->d_name), O_RDONLY);
		d = fd < 0 ? NULL : disk_of(fd, &st);
		if (d && lose) {
			pages_lose(fd, d, &st);
		} else if (d) {
			d->synced = (uint64_t)st.st_size;
			d->lowest = UINT64_MAX;
		}
		if (fd >= 0)
			close(fd);
	}
	if (dir)
		closedir(dir);
}

static unsigned int
	stuck; /* so many times what was written to the watched file is not on the disk */

int posix_fadvise(int fd, off_t offset, off_t len, int advice)
{
	struct disk lost = { .lowest = renewed };
	struct stat st;

	if (stuck && fstat(fd, &st) == 0 && st.st_ino == watched) {
		stuck--;
		lost.synced = UINT64_MAX;
		pages_lose(fd, &lost, &st);
	}
	return 0;
}

static struct fault fault;
static struct ledger_found found;

static int log_open(uint64_t limit, struct ledger **l)
{
	const struct ledger_options o = {
		.segments = { .directory = log_dir,
			      .boot = (const uint8_t *)"boot a.........",
			      .limit = limit,
			      .buffer = 65536 },
		.key = &log_key,
	};

	fault.text[0] = '\0';
	return ledger_open(&o, l, &found, &fault);
}

static void disk_new(void)
{
	log_new();
	memset(disk, 0, sizeof(disk));
	syncs = fail_at = 0;
	keep = false;
}

/* One record more; a flush that fails is tried again, as agentosd does. */
static int grow(struct ledger *l)
{
	struct record r = log_record(1);
	int rc = ledger_append(l, &r), first = rc ? rc : ledger_flush(l);

	return first ? ledger_flush(l) ? -EDEADLK : first : 0;
}

static bool fine(uint64_t records, uint64_t covered)
{
	const struct verify_options o = { .directory = log_dir, .verifier = &log_key.verifier };
	struct verify_result r;

	if (verify_log(&o, &r, &fault) != 0) {
		printf("# %s\n", fault.text);
		return false;
	}
	if (r.problem || r.records != records || r.covered != covered || r.hashes_missing ||
	    r.hashes_wrong || r.hashes_beyond)
		printf("# %s; %llu records, %llu covered; hashes: %llu missing, %llu wrong\n",
		       r.text.text, (unsigned long long)r.records, (unsigned long long)r.covered,
		       (unsigned long long)r.hashes_missing, (unsigned long long)r.hashes_wrong);
	return !r.problem && r.records == records && r.covered == covered && !r.hashes_missing &&
	       !r.hashes_wrong && !r.hashes_beyond;
}

static void a_checkpoint_whose_sync_fails_is_none_and_the_next_one_is_true(void)
{
	struct ledger *l;
	unsigned int i;

	/* Segment, hashes, trail; the control: none of them. */
	for (i = 1; i <= 4; i++) {
		disk_new();
		REQUIRE(log_open(1 << 20, &l) == 0);
		CHECK_INT(grow(l), 0);
		CHECK_INT(ledger_checkpoint(l, 0), 0);
		CHECK_INT(grow(l), 0);
		syncs = 0;
		fail_at = i;
		CHECK_INT(ledger_checkpoint(l, 0), i == 4 ? 0 : -EIO);
		CHECK_INT(ledger_covered(l), i == 4 ? 2 : 1);
		fail_at = 0;
		CHECK_INT(grow(l), 0);
		CHECK_INT(ledger_checkpoint(l, 0), 0);
		CHECK(fine(3, 3));
		ledger_close(l);
		REQUIRE(log_open(1 << 20, &l) == 0);
		CHECK_INT(found.covered, 3);
		ledger_close(l);
	}
}

static void a_sync_that_fails_elsewhere_is_made_good(void)
{
	struct segment_mark mark, late;
	struct ledger *l;
	int fd;

	disk_new();
	REQUIRE(log_open(1 << 20, &l) == 0);
	CHECK_INT(grow(l), 0);
	/* The control: one that does well. */
	fd = ledger_sync_begin(l, &mark);
	CHECK_INT(fsync(fd), 0);
	CHECK_INT(ledger_sync_end(l, &mark, 0), 0);
	CHECK_INT(grow(l), 0);
	fail_at = syncs + 1;
	fd = ledger_sync_begin(l, &mark);
	late = mark;
	CHECK_INT(fsync(fd), -1);
	CHECK(!fine(2, 0));
	CHECK_INT(ledger_sync_end(l, &mark, -EIO), -EIO);
	/* Another begun before does not say that it is there. */
	CHECK_INT(ledger_sync_end(l, &late, 0), 0);
	CHECK_INT(ledger_sync(l), 0);
	CHECK(fine(2, 0));
	CHECK_INT(grow(l), 0);
	CHECK_INT(ledger_checkpoint(l, 0), 0);
	CHECK(fine(3, 3));
	ledger_close(l);
}

static void a_sync_of_a_segment_that_is_full_is_of_no_matter(void)
{
	struct segment_mark mark;
	struct ledger *l;
	unsigned int i;

	disk_new();
	REQUIRE(log_open(4096, &l) == 0);
	CHECK_INT(grow(l), 0);
	CHECK(ledger_sync_begin(l, &mark) >= 0);
	for (i = 0; i < 40; i++)
		CHECK_INT(grow(l), 0);
	CHECK_INT(ledger_sync_end(l, &mark, -EBADF), 0);
	CHECK_INT(ledger_checkpoint(l, 0), 0);
	ledger_close(l);
	CHECK(fine(41, 41));
}

/* A life of a log with everything in it. Returns the records; *ret_failed: how often something failed. */
static uint64_t live(unsigned int *ret_failed)
{
	uint64_t records = 0, covered = 0;
	struct ledger *l = NULL;
	unsigned int i, life;
	int rc;

	for (life = 0; life < 2; life++) {
		rc = log_open(8192, &l);
		if (rc) {
			++*ret_failed;
			rc = log_open(8192, &l);
		}
		if (rc || found.tail.next_seq != records + 1 || found.covered < covered) {
			printf("# sync %u: %s\n", fail_at, fault.text);
			if (rc == 0)
				ledger_close(l);
			return 0;
		}
		for (i = 0; i < 150; i++) {
			rc = grow(l);
			*ret_failed += rc != 0;
			if (rc == -EDEADLK)
				break;
			records++;
			if (i % 40 == 7 && ledger_checkpoint(l, i) != 0) {
				++*ret_failed;
				if (ledger_checkpoint(l, i) != 0)
					break;
			}
		}
		covered = ledger_covered(l);
		ledger_close(l);
	}
	return records;
}

static void whichever_sync_fails_all_is_there_and_signed_for(void)
{
	unsigned int failed = 0, all, i;
	struct ledger *l;

	disk_new();
	CHECK_INT(live(&failed), 300);
	CHECK_INT(failed, 0);
	CHECK(fine(300, 300));
	all = syncs;
	CHECK(all > 40);
	for (i = 1; i <= all; i++) {
		disk_new();
		fail_at = i;
		failed = 0;
		CHECK_MSG(live(&failed) == 300, "sync %u", i);
		REQUIRE(log_open(8192, &l) == 0);
		ledger_close(l);
		CHECK_MSG(fine(300, 300), "sync %u", i);
	}
}

static void what_a_killed_writer_left_is_written_again(void)
{
	struct ledger *l;
	struct stat st;
	pid_t child;
	int status;

	disk_new();
	REQUIRE(log_open(1 << 20, &l) == 0);
	CHECK_INT(grow(l), 0);
	CHECK_INT(ledger_checkpoint(l, 0), 0);
	ledger_close(l);
	REQUIRE(stat(log_file(1, ".seg"), &st) == 0);
	watched = st.st_ino;
	/* The control: what is signed for is left alone. */
	renewed = UINT64_MAX;
	REQUIRE(log_open(1 << 20, &l) == 0);
	CHECK(renewed == UINT64_MAX);
	ledger_close(l);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		keep = true;
		if (log_open(1 << 20, &l) != 0 || grow(l) != 0)
			_exit(1);
		fail_at = syncs + 1;
		_exit(ledger_sync(l) == -EIO ? 0 : 1);
	}
	REQUIRE(child > 0 && waitpid(child, &status, 0) == child && status == 0);
	/* Its pages are in memory still, and no sync would write them. */
	REQUIRE(log_open(1 << 20, &l) == 0);
	CHECK_INT(found.tail.next_seq, 3);
	CHECK_INT(renewed, st.st_size);
	ledger_close(l);
	CHECK(fine(2, 2));
}

/* As ext4 does with blocks whose first write failed. */
static void what_the_disk_does_not_keep_is_cut_off_and_written_anew(void)
{
	struct ledger *l;
	struct stat st;
	unsigned int i;
	pid_t child;
	int status;

	for (i = 0; i <= 2; i++) {
		disk_new();
		fflush(stdout);
		child = fork();
		if (child == 0)
			_exit(log_open(1 << 20, &l) != 0 || grow(l) != 0 || grow(l) != 0);
		REQUIRE(child > 0 && waitpid(child, &status, 0) == child && status == 0);
		REQUIRE(stat(log_file(1, ".seg"), &st) == 0);
		watched = st.st_ino;
		renewed = UINT64_MAX;
		stuck = i;
		CHECK_INT(log_open(1 << 20, &l), i == 2 ? -EIO : 0);
		watched = 0;
		stuck = 0;
		if (i == 2) {
			CHECK_MSG(strstr(fault.text, "cannot be put on disk"), "%s", fault.text);
			continue;
		}
		ledger_close(l);
		CHECK(fine(2, 2));
	}
}

static void hashes_made_again_are_on_disk_before_they_are_signed_for(void)
{
	struct ledger *l;
	pid_t child;
	int status;

	/* Of more segments than the last. */
	disk_new();
	REQUIRE(log_make(600, 8192, 100, 100));
	memset(disk, 0, sizeof(disk));
	disk_each(false);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		if (log_open(8192, &l) != 0 || found.hashed != 500 || ledger_checkpoint(l, 0) != 0)
			_exit(1);
		disk_each(true);
		_exit(0);
	}
	REQUIRE(child > 0 && waitpid(child, &status, 0) == child && status == 0);
	disk_each(false);
	REQUIRE(log_open(8192, &l) == 0);
	CHECK_INT(found.covered, 600);
	ledger_close(l);
	CHECK(fine(600, 600));
}

static void more_than_can_be_kept_waits_for_the_disk(void)
{
	struct unsynced u = { 0 };
	static uint8_t bytes[1 << 20];
	unsigned int i;

	unsynced_begin(&u, 100);
	for (i = 0; i < LIMIT_UNSYNCED / sizeof(bytes); i++) {
		CHECK_INT(unsynced_room(&u, sizeof(bytes)), 0);
		unsynced_add(&u, bytes, sizeof(bytes));
	}
	CHECK_INT(unsynced_room(&u, 1), -ENOBUFS);
	unsynced_synced(&u, 101);
	CHECK_INT(unsynced_room(&u, 1), 0);
	CHECK_INT(u.from, 101);
	CHECK_INT(u.len, LIMIT_UNSYNCED - 1);
	unsynced_synced(&u, UINT64_MAX);
	CHECK_INT(u.len, 0);
	/* Whatever its size, one is taken. */
	CHECK_INT(unsynced_room(&u, LIMIT_UNSYNCED + 1), 0);
	unsynced_release(&u);
}

static void remove_what_was_made(void)
{
	log_end();
}

static const struct tap_test tests[] = {
	TEST(a_checkpoint_whose_sync_fails_is_none_and_the_next_one_is_true),
	TEST(a_sync_that_fails_elsewhere_is_made_good),
	TEST(a_sync_of_a_segment_that_is_full_is_of_no_matter),
	TEST(whichever_sync_fails_all_is_there_and_signed_for),
	TEST(what_a_killed_writer_left_is_written_again),
	TEST(what_the_disk_does_not_keep_is_cut_off_and_written_anew),
	TEST(hashes_made_again_are_on_disk_before_they_are_signed_for),
	TEST(more_than_can_be_kept_waits_for_the_disk),
	TEST(remove_what_was_made),
};
TAP_MAIN(tests)
