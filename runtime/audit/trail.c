// SPDX-License-Identifier: GPL-2.0-or-later
/* The trail: all checkpoints that a log has signed, one after the other, in a file beside its segments. */
#include "audit/trail.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "audit/note.h"
#include "audit/unsynced.h"
#include "base/limits.h"

#define RENEWED \
	65536 /* bytes at the end: no page is larger that the last notes share with others */
#define ENTRY_MAX    (LIMIT_NOTE + 1)
#define BUFFER_BYTES (4 * LIMIT_NOTE)

struct trail {
	int fd;		 /* -1: there is no file */
	uint64_t size;	 /* when it was opened */
	uint64_t offset; /* of the next entry */
	uint64_t told;	 /* of the entry that was told of last */
	size_t at, have;
	char buf[BUFFER_BYTES];
};

/* -ENOENT is told to the caller, who decides what it means. */
static int file_open(const struct segment_dir *d, int flags, struct stat *ret_stat, struct fault *f)
{
	int fd, err;

	fd = openat(d->fd, TRAIL_NAME, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	if (fd < 0) {
		err = errno;
		return fault_set(f, err, "%s/" TRAIL_NAME ": %s", d->shown,
				 err == ELOOP ? "a symbolic link where checkpoints should be" :
						strerror(err));
	}
	if (fstat(fd, ret_stat) != 0 || !S_ISREG(ret_stat->st_mode)) {
		close(fd);
		return fault_set(f, EBADMSG, "%s/" TRAIL_NAME ": not a regular file", d->shown);
	}
	return fd;
}

int trail_open(const struct segment_dir *d, struct trail **ret_trail, struct fault *f)
{
	struct stat st = { 0 };
	struct trail *t;
	int fd;

	fd = file_open(d, O_RDONLY, &st, f);
	if (fd < 0 && fd != -ENOENT)
		return fd;
	t = malloc(sizeof(*t));
	if (!t) {
		if (fd >= 0)
			close(fd);
		return fault_set(f, ENOMEM, "not enough memory to read checkpoints");
	}
	t->fd = fd < 0 ? -1 : fd;
	t->size = (uint64_t)st.st_size;
	t->offset = t->told = 0;
	t->at = t->have = 0;
	*ret_trail = t;
	return 0;
}

void trail_close(struct trail *t)
{
	if (!t)
		return;
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}

void trail_rewind(struct trail *t)
{
	t->offset = t->told = 0;
	t->at = t->have = 0;
}

static int buffer_fill(struct trail *t)
{
	uint64_t from, most;
	ssize_t got;

	memmove(t->buf, t->buf + t->at, t->have - t->at);
	t->have -= t->at;
	t->at = 0;
	while (t->have < sizeof(t->buf)) {
		from = t->offset + t->have;
		most = from < t->size ? t->size - from : 0;
		if (most > sizeof(t->buf) - t->have)
			most = sizeof(t->buf) - t->have;
		got = most ? pread(t->fd, t->buf + t->have, most, (off_t)from) : 0;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		t->have += (size_t)got;
	}
	return 0;
}

/* The length of the note at p: up to its second empty line, without that. 0: it does not end here. */
static size_t note_end(const char *p, size_t len)
{
	const char *text_end, *end;

	text_end = memmem(p, len, "\n\n", 2);
	if (!text_end)
		return 0;
	text_end += 2;
	end = memmem(text_end, len - (size_t)(text_end - p), "\n\n", 2);
	return end ? (size_t)(end - p) + 1 : 0;
}

static int note_read(const char *note, size_t len, struct checkpoint *ret_checkpoint)
{
	size_t text;

	if (note_split(note, len, &text) != 0 || checkpoint_parse(note, text, ret_checkpoint) != 0)
		return -EBADMSG;
	return 0;
}

int trail_next(struct trail *t, struct trail_entry *ret_entry)
{
	struct trail_entry entry = { 0 };
	size_t left, len;
	int rc;

	t->told = t->offset;
	len = note_end(t->buf + t->at, t->have - t->at);
	if (!len) {
		rc = buffer_fill(t);
		if (rc)
			return rc;
		len = note_end(t->buf, t->have);
	}
	left = t->have - t->at;
	if (!left)
		return 0;
	if (len > LIMIT_NOTE || (!len && left >= ENTRY_MAX))
		return -E2BIG;
	if (!len)
		return -ENODATA;
	entry.note = t->buf + t->at;
	entry.len = len;
	entry.offset = t->offset;
	t->at += len + 1;
	t->offset += len + 1;
	if (note_read(entry.note, len, &entry.checkpoint) != 0)
		return -EBADMSG;
	*ret_entry = entry;
	return 1;
}

uint64_t trail_offset(const struct trail *t)
{
	return t->told;
}

uint64_t trail_left(const struct trail *t)
{
	return t->size - t->told;
}

int trail_last(struct trail *t, struct trail_entry *ret_entry)
{
	struct trail_entry entry = { 0 };
	uint64_t last = 0;
	int rc, found = 0;

	while ((rc = trail_next(t, &entry)) == 1) {
		last = entry.offset;
		found = 1;
	}
	if (rc < 0 && rc != -ENODATA)
		return rc;
	if (!found)
		return 0;
	/* What it pointed to may have been moved in the buffer. */
	t->offset = last;
	t->at = t->have = 0;
	return trail_next(t, ret_entry);
}

static int trail_turn(struct trail *t, uint64_t offset)
{
	t->offset = t->told = offset;
	t->at = t->have = 0;
	return buffer_fill(t);
}

/* Turns to the first entry that begins at `from` or, as far as one look goes, behind it: 1, or 0. */
static int trail_enter(struct trail *t, uint64_t from)
{
	struct checkpoint checkpoint;
	const char *p, *end;
	size_t len;
	int rc;

	/* An entry begins behind an empty line, or with the file. */
	rc = trail_turn(t, from < 2 ? 0 : from - 2);
	if (rc)
		return rc;
	end = t->buf + t->have;
	p = t->buf;
	while (from >= 2) {
		p = memmem(p, (size_t)(end - p), "\n\n", 2);
		if (!p)
			return 0;
		p += 2;
		len = note_end(p, (size_t)(end - p));
		if (!len)
			return 0;
		if (len <= LIMIT_NOTE && note_read(p, len, &checkpoint) == 0)
			break;
		/* The two newlines may be the last of three. */
		p--;
	}
	rc = trail_turn(t, t->offset + (uint64_t)(p - t->buf));
	return rc ? rc : 1;
}

/* From here on the first entry of at least this size, or the last of all: 1, or 0. */
static int trail_walk(struct trail *t, uint64_t size, bool last, struct trail_entry *ret_entry)
{
	struct trail_entry entry = { 0 };
	uint64_t at = 0;
	bool found = false;
	int rc;

	while ((rc = trail_next(t, &entry)) == 1 || rc == -EBADMSG) {
		if (rc != 1 || (!last && entry.checkpoint.head.size < size))
			continue;
		at = entry.offset;
		found = true;
		if (!last)
			break;
	}
	if (rc < 0 && rc != -ENODATA && rc != -E2BIG)
		return rc;
	if (!found)
		return 0;
	/* What it points to may have been moved in the buffer. */
	rc = trail_turn(t, at);
	return rc ? rc : trail_next(t, ret_entry);
}

int trail_newest(struct trail *t, struct trail_entry *ret_entry)
{
	uint64_t back, from;
	int rc;

	for (back = 4096; back <= BUFFER_BYTES; back *= 2) {
		from = t->size > back ? t->size - back : 0;
		rc = trail_enter(t, from);
		if (rc == 1)
			rc = trail_walk(t, 0, true, ret_entry);
		if (rc || !from)
			return rc;
	}
	return -EBADMSG;
}

int trail_find(struct trail *t, uint64_t size, struct trail_entry *ret_entry)
{
	uint64_t low = 0, high = t->size, middle;
	struct trail_entry entry;
	int rc;

	/* Entries before low are smaller; the first that is not begins before high, or there is none. */
	while (high - low > BUFFER_BYTES) {
		middle = low + (high - low) / 2;
		rc = trail_enter(t, middle);
		if (rc == 1)
			rc = trail_next(t, &entry);
		if (rc < 0)
			return rc;
		if (rc == 1 && entry.checkpoint.head.size < size)
			low = entry.offset;
		else
			high = middle;
	}
	rc = trail_turn(t, low);
	return rc ? rc : trail_walk(t, size, false, ret_entry);
}

/* What a failed sync may have left in memory alone, and the file's name, are on disk then. */
static int writer_confirm(const struct trail_writer *w, const struct segment_dir *d)
{
	int rc;

	(void)!fdatasync(w->fd);
	rc = unsynced_renew(w->fd, w->end < RENEWED ? 0 : w->end - RENEWED, w->end);
	if (rc)
		return rc;
	return fsync(d->fd) != 0 ? -errno : 0;
}

static int writer_resume(struct trail_writer *w, const struct segment_dir *d, uint64_t *ret_size,
			 struct fault *f)
{
	struct trail_entry entry = { 0 };
	uint64_t size = 0;
	struct trail *t = NULL;
	int rc;

	rc = trail_open(d, &t, f);
	if (!t)
		return rc;
	while ((rc = trail_next(t, &entry)) == 1)
		size = entry.checkpoint.head.size;
	w->end = t->told;
	if (rc < 0 && rc != -ENODATA)
		fault_set(f, -rc, "%s/" TRAIL_NAME ": byte %" PRIu64 ": %s", d->shown, t->told,
			  rc == -EBADMSG || rc == -E2BIG ? "not a checkpoint" : strerror(-rc));
	else if (rc < 0 && ftruncate(w->fd, (off_t)w->end) != 0)
		rc = fault_set(f, errno, "%s/" TRAIL_NAME ": %s", d->shown, strerror(errno));
	else
		rc = 0;
	trail_close(t);
	if (rc)
		return rc;
	w->before = w->end;
	rc = writer_confirm(w, d);
	if (rc)
		return fault_set(f, -rc, "%s/" TRAIL_NAME ": cannot be written: %s", d->shown,
				 strerror(-rc));
	*ret_size = size;
	return 0;
}

int trail_writer_open(struct trail_writer *w, const struct segment_dir *d, uint64_t *ret_size,
		      struct fault *f)
{
	struct stat st = { 0 }, dir = { 0 };
	int rc;

	w->longer = false;
	w->before = 0;
	w->fd = file_open(d, O_RDWR | O_CREAT, &st, f);
	if (w->fd < 0)
		return w->fd;
	rc = 0;
	if (fstat(d->fd, &dir) != 0)
		rc = -errno;
	/* The mode at open() is subject to the umask. */
	if (rc == 0 && !st.st_size &&
	    (fchmod(w->fd, 0640) != 0 ||
	     (st.st_gid != dir.st_gid && fchown(w->fd, (uid_t)-1, dir.st_gid) != 0)))
		rc = -errno;
	if (rc)
		fault_set(f, -rc, "%s/" TRAIL_NAME ": %s", d->shown, strerror(-rc));
	else
		rc = writer_resume(w, d, ret_size, f);
	if (rc)
		trail_writer_close(w);
	return rc;
}

void trail_writer_close(struct trail_writer *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

int trail_append(struct trail_writer *w, const char *note, size_t len)
{
	/* Not written to: struct iovec has no const. */
	struct iovec parts[] = { { (void *)(uintptr_t)note, len },
				 { (void *)(uintptr_t) "\n", 1 } };
	struct checkpoint checkpoint;
	ssize_t put;
	int rc;

	if (note_read(note, len, &checkpoint) != 0)
		return -EINVAL;
	if (w->longer && ftruncate(w->fd, (off_t)w->end) != 0)
		return -errno;
	w->longer = false;
	do {
		put = pwritev(w->fd, parts, 2, (off_t)w->end);
	} while (put < 0 && errno == EINTR);
	if (put == (ssize_t)len + 1) {
		w->before = w->end;
		w->end += len + 1;
		return 0;
	}
	rc = put < 0 ? -errno : -EIO;
	w->longer = ftruncate(w->fd, (off_t)w->end) != 0;
	return rc;
}

int trail_retract(struct trail_writer *w, uint64_t end)
{
	w->end = end;
	w->longer = ftruncate(w->fd, (off_t)end) != 0;
	if (w->longer)
		return -errno;
	return fdatasync(w->fd) != 0 ? -errno : 0;
}

int trail_sync(struct trail_writer *w)
{
	int rc;

	if (fdatasync(w->fd) == 0) {
		w->before = w->end;
		return 0;
	}
	rc = -errno;
	w->end = w->before;
	w->longer = ftruncate(w->fd, (off_t)w->end) != 0;
	return rc;
}
