/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segments for tests: a place for a log, records, and a log written and read in one go. */
#ifndef AGENTOS_TESTS_SEGMENT_RIG_H
#define AGENTOS_TESTS_SEGMENT_RIG_H

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

#include "audit/segment.h"
#include "audit/segment_file.h"
#include "base/limits.h"

static const uint8_t boot_a[16] = "boot a.........", boot_b[16] = "boot b.........";
static char base[64], dir[96];
static struct fault fault;

/* A new, empty place for each test; what the last one left is removed. */
static inline void dir_clear(void)
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

static inline void place_new(void)
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

static inline void place_end(void)
{
	place_new();
	rmdir(base);
}

static inline const char *file_of(uint64_t seq)
{
	static char path[160];

	snprintf(path, sizeof(path), "%s/%020llu.seg", dir, (unsigned long long)seq);
	return path;
}

static inline struct record event_make(uint64_t kernel_seq, size_t text)
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

static inline int open_sized(const uint8_t *boot, uint64_t limit, struct segment_writer **w,
			     struct segment_tail *tail)
{
	const struct segment_options o = { .directory = dir,
					   .boot = boot,
					   .limit = limit,
					   .buffer = 65536 };

	fault.text[0] = '\0';
	return segment_open_with(&o, w, tail, &fault);
}

static inline int append(struct segment_writer *w, uint64_t kernel_seq, size_t text)
{
	struct record r = event_make(kernel_seq, text);

	return segment_append(w, &r);
}

/* Writes count events into a log of small segments, one flush each, and closes it. */
static inline bool log_write(uint64_t count, uint64_t limit)
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
static inline uint64_t log_read(int *ret_err)
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

static inline size_t file_get(const char *path, uint8_t *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size);

	if (fd >= 0)
		close(fd);
	return n < 0 ? 0 : (size_t)n;
}

static inline bool file_put(const char *path, const void *buf, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);
	bool ok = fd >= 0 && write(fd, buf, len) == (ssize_t)len;

	if (fd >= 0)
		close(fd);
	return ok;
}

static inline unsigned int segments(void)
{
	struct segment_names names = { 0 };
	struct segment_dir d;

	if (segment_dir_open(dir, &d, NULL) != 0)
		return 0;
	segment_scan(&d, 0, &names, NULL);
	segment_dir_close(&d);
	return (unsigned int)names.count;
}

#endif
