/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logs for tests: written by the real writer, with hash files and checkpoints by a key that never changes. */
#ifndef AGENTOS_TESTS_LOG_RIG_H
#define AGENTOS_TESTS_LOG_RIG_H

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/checkpoint.h"
#include "audit/leaves.h"
#include "audit/note.h"
#include "audit/segment.h"
#include "audit/trail.h"

static char log_base[64], log_dir[96];
static struct note_key log_key;

static inline const char *log_path(const char *name)
{
	static char path[400];

	snprintf(path, sizeof(path), "%s/%s", log_dir, name);
	return path;
}

static inline const char *log_file(uint64_t first, const char *suffix)
{
	char name[64];

	snprintf(name, sizeof(name), "%020llu%s", (unsigned long long)first, suffix);
	return log_path(name);
}

/* A new, empty place; what the last test left is removed. */
static inline void log_new(void)
{
	static const uint8_t seed[NOTE_KEY] = "the seed of a key for tests...";
	struct dirent *entry;
	DIR *d;

	if (!log_base[0]) {
		/* In memory where there is some: this is about bytes, and syncs take long. */
		snprintf(log_base, sizeof(log_base), "%s/log-test-XXXXXX",
			 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		if (!mkdtemp(log_base) || note_key_make("example.com/log", seed, &log_key) != 0)
			exit(1);
		snprintf(log_dir, sizeof(log_dir), "%s/log", log_base);
	}
	d = opendir(log_dir);
	while (d && (entry = readdir(d))) {
		if (unlink(log_path(entry->d_name)) != 0)
			rmdir(log_path(entry->d_name));
	}
	if (d)
		closedir(d);
	rmdir(log_dir);
}

static inline void log_end(void)
{
	log_new();
	rmdir(log_base);
}

/* Records of all sizes and several types; number i is always the same. */
static inline struct record log_record(uint64_t i)
{
	struct record r = { .type = RECORD_EVENT,
			    .stream = STREAM_DENIALS,
			    .time_ns = 1790000000000000000ULL + i * 1000003,
			    .boot = "boot a........." };

	if (i % 7 == 3) {
		r.type = RECORD_DAEMON;
		r.u.daemon.note = DAEMON_ADOPTED;
		r.u.daemon.number = i;
		strcpy(r.u.daemon.text, "adopted");
		return r;
	}
	snprintf(r.agent_name, sizeof(r.agent_name), "agent-%u", (unsigned int)(i % 5));
	if (i % 11 == 5) {
		r.type = RECORD_CALL;
		r.stream = 0;
		r.u.call.agent = i % 5;
		r.u.call.input = r.u.call.output = i;
		strcpy(r.u.call.provider, "openai");
		r.u.call.model[0] = (char)('a' + i % 26);
		memset(r.u.call.request, (int)i, sizeof(r.u.call.request));
		return r;
	}
	r.u.event.size = sizeof(r.u.event);
	r.u.event.version = AGENTOS_EVENT_VERSION;
	r.u.event.seq = i;
	/* All parts but the error. */
	r.u.event.right = r.u.event.number = r.u.event.number2 = r.u.event.ino = i;
	r.u.event.policy = r.u.event.access = r.u.event.family = r.u.event.flags = 1;
	r.u.event.tid = 1;
	strcpy(r.u.event.comm, "python3");
	r.u.event.text_len = (uint32_t)(i * 13 % 60);
	memset(r.u.event.text, 'a' + (int)(i % 26), r.u.event.text_len);
	return r;
}

/* Appends records until there are so many; every one is flushed, as fits a segment of limit bytes. */
static inline bool log_grow(uint64_t records, uint64_t limit)
{
	const struct segment_options o = { .directory = log_dir,
					   .boot = (const uint8_t *)"boot a.........",
					   .limit = limit,
					   .buffer = 65536 };
	struct segment_writer *w;
	struct segment_tail tail;
	struct record r;
	uint64_t i;
	bool ok = true;

	if (segment_open_with(&o, &w, &tail, NULL) != 0)
		return false;
	for (i = tail.next_seq; i <= records && ok; i++) {
		r = log_record(i);
		ok = segment_append(w, &r) == 0 && segment_flush(w) == 0;
	}
	segment_close(w);
	return ok;
}

/* A signed checkpoint of the log as its hash files have it, which are completed. Its length; 0: none. */
static inline size_t log_sign(const char *origin, uint64_t records, const struct note_key *key,
			      char *note, size_t size)
{
	struct checkpoint c = { .head.size = records };
	struct leaves_writer *w;
	struct tree_hasher *h;
	char text[512];
	int len = -1;

	snprintf(c.origin, sizeof(c.origin), "%s", origin);
	if (tree_hasher_create(&h) != 0)
		return 0;
	if (leaves_writer_open(log_dir, records, &w, NULL, NULL) == 0) {
		if (tree_root(h, leaves_edge(w), c.head.root) == 0)
			len = checkpoint_encode(&c, text, sizeof(text));
		if (len > 0)
			len = note_sign(key, text, (size_t)len, note, size);
		leaves_writer_close(w);
	}
	tree_hasher_free(h);
	return len > 0 ? (size_t)len : 0;
}

static inline bool log_put_note(const char *note, size_t len)
{
	struct trail_writer t;
	struct segment_dir d;
	uint64_t size;
	bool ok;

	if (segment_dir_open(log_dir, &d, NULL) != 0)
		return false;
	ok = trail_writer_open(&t, &d, &size, NULL) == 0;
	if (ok) {
		ok = trail_append(&t, note, len) == 0;
		trail_writer_close(&t);
	}
	segment_dir_close(&d);
	return ok;
}

static inline bool log_checkpoint(uint64_t records)
{
	char note[1024];
	size_t len = log_sign("example.com/log", records, &log_key, note, sizeof(note));

	return len && log_put_note(note, len);
}

/* A log of so many records with a checkpoint behind every so many, the last of them behind `covered`. */
static inline bool log_make(uint64_t records, uint64_t limit, uint64_t every, uint64_t covered)
{
	uint64_t at;

	log_new();
	for (at = every; every && at < covered; at += every) {
		if (!log_grow(at, limit) || !log_checkpoint(at))
			return false;
	}
	if (covered && (!log_grow(covered, limit) || !log_checkpoint(covered)))
		return false;
	return log_grow(records, limit);
}

/* All of a file, to be freed; NULL: there is none. */
static inline uint8_t *log_get(const char *path, size_t *ret_len)
{
	int fd = open(path, O_RDONLY);
	uint8_t *buf = NULL;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && (buf = malloc((size_t)st.st_size + 1))) {
		*ret_len = (size_t)st.st_size;
		if (read(fd, buf, *ret_len) != st.st_size) {
			free(buf);
			buf = NULL;
		}
	}
	if (fd >= 0)
		close(fd);
	return buf;
}

static inline bool log_set(const char *path, const void *buf, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);
	bool ok = fd >= 0 && write(fd, buf, len) == (ssize_t)len;

	if (fd >= 0)
		close(fd);
	return ok;
}

#endif
