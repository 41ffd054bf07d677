// SPDX-License-Identifier: GPL-2.0-or-later
/* The audit log's one writer. */
#include "audit/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/frames.h"
#include "audit/segment_recover.h"
#include "audit/unsynced.h"
#include "base/escape.h"
#include "base/limits.h"
#include "base/range.h"

#define LOCK_NAME ".lock"

struct segment_writer {
	struct segment_dir dir;
	int lock;
	int fd;	     /* the segment that is written to */
	int sync_fd; /* the same, opened a second time for the syncs of others */
	gid_t group; /* of the directory */
	uint64_t limit;
	uint64_t first_seq; /* of the segment at fd */
	uint64_t end;	    /* where its next record goes */
	uint64_t next_seq;
	uint64_t flushed_seq; /* of the first buffered record */
	uint8_t boot[16];
	uint8_t header[SEGMENT_HEADER]; /* of the segment, until it has a record */
	/* The kernel records in the log up to what was flushed, and with what is buffered. */
	struct segment_window flushed, now;
	struct unsynced unsynced; /* of the segment */
	uint64_t failures;	  /* syncs that failed */
	bool doubtful; /* one did, and no other has come back since what it was about was written again */
	uint8_t *buf;
	size_t used, room;
};

static int errno_fault(const struct segment_writer *w, struct fault *f, const char *what)
{
	int err = errno;

	return fault_set(f, err, "%s%s: %s", w->dir.shown, what, strerror(err));
}

/* Makes the directory when it is missing; mkdir's mode is subject to the umask, fchmod's is not. */
static int directory_open(struct segment_writer *w, const char *path, struct fault *f)
{
	struct stat st;
	bool made;
	int rc;

	made = mkdir(path, 0750) == 0;
	if (!made && errno != EEXIST) {
		rc = errno;
		escape_text(w->dir.shown, sizeof(w->dir.shown), path, strlen(path));
		return fault_set(f, rc, "%s: cannot make this directory: %s", w->dir.shown,
				 strerror(rc));
	}
	rc = segment_dir_open(path, &w->dir, f);
	if (rc)
		return rc;
	if (made && fchmod(w->dir.fd, 0750) != 0)
		return errno_fault(w, f, "");
	if (fstat(w->dir.fd, &st) != 0)
		return errno_fault(w, f, "");
	if (st.st_mode & (S_IWGRP | S_IWOTH) || (st.st_uid != geteuid() && st.st_uid != 0))
		return fault_set(f, EPERM,
				 "%s: others may write to it: make it mode 0750, owned by root",
				 w->dir.shown);
	w->group = st.st_gid;
	return 0;
}

/* The lock file is the owner's alone: whoever may read the log cannot hold up its writer. */
static int directory_lock(struct segment_writer *w, struct fault *f)
{
	w->lock = openat(w->dir.fd, LOCK_NAME,
			 O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (w->lock < 0)
		return errno_fault(w, f, "/" LOCK_NAME);
	if (flock(w->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return fault_set(f, EBUSY, "%s: another agentosd writes this log", w->dir.shown);
	return errno_fault(w, f, "/" LOCK_NAME);
}

/* Gives an empty file its access rights and its header, and waits until both are on disk. */
static int segment_begin(struct segment_writer *w, int fd, uint64_t first_seq, uint64_t previous)
{
	struct segment_header header = { .first_seq = first_seq, .previous = previous };
	struct stat st;
	int rc;

	header.window = w->flushed;
	segment_window_boot(&header.window, w->boot);
	segment_header_encode(&header, w->header);
	if (fstat(fd, &st) != 0 || fchmod(fd, 0640) != 0)
		return -errno;
	if (st.st_gid != w->group && fchown(fd, (uid_t)-1, w->group) != 0)
		return -errno;
	rc = range_write(fd, w->header, sizeof(w->header), 0);
	if (rc)
		return rc;
	if (fsync(fd) != 0 || fsync(w->dir.fd) != 0)
		return -errno;
	return 0;
}

/* Makes the segment that begins with first_seq, and turns to it. On failure nothing is left of it. */
static int segment_create(struct segment_writer *w, uint64_t first_seq, uint64_t previous)
{
	char name[SEGMENT_NAME_SIZE];
	int fd, sync_fd = -1, rc;

	segment_name(name, first_seq);
	fd = openat(w->dir.fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	rc = segment_begin(w, fd, first_seq, previous);
	if (rc == 0) {
		sync_fd = segment_file_open(&w->dir, first_seq, O_RDONLY, NULL);
		rc = sync_fd < 0 ? sync_fd : 0;
	}
	if (rc) {
		unlinkat(w->dir.fd, name, 0);
		close(fd);
		return rc;
	}
	if (w->fd >= 0)
		close(w->fd);
	if (w->sync_fd >= 0)
		close(w->sync_fd);
	w->fd = fd;
	w->sync_fd = sync_fd;
	w->first_seq = first_seq;
	w->end = SEGMENT_HEADER;
	unsynced_begin(&w->unsynced, w->end);
	return 0;
}

/* Goes on where the log ends; this is the only place that cuts a file. */
static int log_resume(struct segment_writer *w, const struct segment_end *end, struct fault *f)
{
	char name[SEGMENT_NAME_SIZE + 1] = "/";
	int rc = 0;

	w->flushed = end->window;
	segment_window_boot(&w->flushed, w->boot);
	w->now = w->flushed;
	w->next_seq = w->flushed_seq = end->next_seq;
	segment_name(name + 1, end->first_seq ? end->first_seq : end->next_seq);
	if (!end->first_seq) {
		rc = segment_create(w, end->next_seq, 0);
	} else {
		w->fd = segment_file_open(&w->dir, end->first_seq, O_RDWR, f);
		if (w->fd < 0)
			return w->fd;
		w->sync_fd = segment_file_open(&w->dir, end->first_seq, O_RDONLY, f);
		if (w->sync_fd < 0)
			return w->sync_fd;
		w->first_seq = end->first_seq;
		w->end = end->end;
		if (end->torn && (ftruncate(w->fd, (off_t)end->end) != 0 || fsync(w->fd) != 0))
			rc = -errno;
		if (rc == 0 && !end->end) {
			rc = segment_begin(w, w->fd, end->first_seq, end->previous);
			w->end = SEGMENT_HEADER;
		} else if (rc == 0 && end->end == SEGMENT_HEADER &&
			   pread(w->fd, w->header, sizeof(w->header), 0) != sizeof(w->header)) {
			rc = -EIO;
		}
		/* Until segment_confirm(), that it is on disk is an assumption. */
		unsynced_begin(&w->unsynced, w->end);
	}
	if (rc)
		return fault_set(f, -rc, "%s%s: %s", w->dir.shown, name, strerror(-rc));
	return 0;
}

int segment_open_with(const struct segment_options *options, struct segment_writer **ret_writer,
		      struct segment_tail *ret_tail, struct fault *f)
{
	struct segment_writer *w;
	struct segment_end end;
	int rc;

	if (options->limit < SEGMENT_HEADER || options->buffer < LIMIT_RECORD)
		return fault_set(f, EINVAL,
				 "a segment of %" PRIu64 " bytes, or a buffer of %zu, is too small",
				 options->limit, options->buffer);
	w = calloc(1, sizeof(*w));
	if (!w)
		return fault_set(f, ENOMEM, "not enough memory for the audit log");
	w->dir.fd = w->lock = w->fd = w->sync_fd = -1;
	w->limit = options->limit;
	w->room = options->buffer;
	memcpy(w->boot, options->boot, sizeof(w->boot));
	w->buf = malloc(w->room);
	if (!w->buf) {
		rc = fault_set(f, ENOMEM, "not enough memory for the audit log");
		goto fail;
	}
	rc = directory_open(w, options->directory, f);
	if (rc == 0)
		rc = directory_lock(w, f);
	if (rc == 0)
		rc = segment_recover(&w->dir, &end, f);
	if (rc == 0)
		rc = log_resume(w, &end, f);
	if (rc)
		goto fail;
	*ret_writer = w;
	ret_tail->next_seq = w->next_seq;
	ret_tail->torn = end.torn;
	memcpy(ret_tail->highest, w->now.highest, sizeof(ret_tail->highest));
	memcpy(ret_tail->seen, w->now.seen, sizeof(ret_tail->seen));
	return 0;
fail:
	segment_close(w);
	return rc;
}

int segment_open(const char *directory, const uint8_t boot[16], struct segment_writer **ret_writer,
		 struct segment_tail *ret_tail, struct fault *f)
{
	const struct segment_options options = {
		.directory = directory,
		.boot = boot,
		.limit = LIMIT_SEGMENT,
		.buffer = LIMIT_AUDIT_BUFFER,
	};

	return segment_open_with(&options, ret_writer, ret_tail, f);
}

void segment_close(struct segment_writer *w)
{
	if (!w)
		return;
	if (w->fd >= 0) {
		/* There is nobody left to tell; the next recovery finds what got through. */
		segment_flush(w);
		(void)segment_sync(w);
		close(w->fd);
	}
	if (w->sync_fd >= 0)
		close(w->sync_fd);
	unsynced_release(&w->unsynced);
	if (w->lock >= 0)
		close(w->lock);
	segment_dir_close(&w->dir);
	free(w->buf);
	free(w);
}

int segment_append(struct segment_writer *w, struct record *r)
{
	uint64_t seq = r->seq;
	int used;

	r->seq = w->next_seq;
	used = record_encode(r, w->buf + w->used, w->room - w->used);
	if (used < 0) {
		r->seq = seq;
		return used == -E2BIG ? -ENOBUFS : used;
	}
	w->used += (size_t)used;
	w->next_seq++;
	segment_window_note(&w->now, r);
	return 0;
}

/* The old segment is on disk before there is a new one: only the last can be torn. */
static int segment_rotate(struct segment_writer *w)
{
	int rc = segment_sync(w);

	return rc ? rc : segment_create(w, w->flushed_seq, w->first_seq);
}

/* Nothing is written behind what may be gone, nor more than can be written again. */
static int segment_ready(struct segment_writer *w)
{
	int rc = w->doubtful ? segment_sync(w) : 0;

	if (rc == 0)
		rc = unsynced_room(&w->unsynced, w->used);
	if (rc != -ENOBUFS)
		return rc;
	rc = segment_sync(w);
	return rc ? rc : unsynced_room(&w->unsynced, w->used);
}

int segment_flush_told(struct segment_writer *w, struct segment_written *ret_written)
{
	int rc;

	*ret_written = (struct segment_written){ 0 };
	if (!w->used)
		return 0;
	if (w->end > SEGMENT_HEADER && w->end + w->used > w->limit) {
		rc = segment_rotate(w);
		if (rc)
			return rc;
	}
	rc = segment_ready(w);
	if (rc)
		return rc;
	rc = range_write(w->fd, w->buf, w->used, w->end);
	if (rc) {
		/* If this fails too: the next flush writes the same bytes to the same place. */
		(void)!ftruncate(w->fd, (off_t)w->end);
		return rc;
	}
	*ret_written = (struct segment_written){
		.segment = w->first_seq,
		.first = w->flushed_seq,
		.header = w->flushed_seq == w->first_seq ? w->header : NULL,
		.frames = w->buf,
		.len = w->used,
	};
	unsynced_add(&w->unsynced, w->buf, w->used);
	w->end += w->used;
	w->used = 0;
	w->flushed_seq = w->next_seq;
	w->flushed = w->now;
	return 0;
}

int segment_flush(struct segment_writer *w)
{
	struct segment_written written;

	return segment_flush_told(w, &written);
}

static int sync_failed(struct segment_writer *w, int rc)
{
	w->doubtful = true;
	w->failures++;
	return rc;
}

int segment_sync(struct segment_writer *w)
{
	int rc;

	if (w->doubtful) {
		rc = unsynced_write(&w->unsynced, w->fd);
		if (rc)
			return rc;
	}
	if (fdatasync(w->fd) != 0)
		return sync_failed(w, -errno);
	w->doubtful = false;
	unsynced_synced(&w->unsynced, w->end);
	return 0;
}

int segment_sync_begin(const struct segment_writer *w, struct segment_mark *ret_mark)
{
	*ret_mark = (struct segment_mark){ w->first_seq, w->end, w->failures };
	return w->sync_fd;
}

int segment_sync_end(struct segment_writer *w, const struct segment_mark *mark, int result)
{
	if (mark->segment != w->first_seq)
		return 0;
	if (result)
		return sync_failed(w, result);
	/* Begun before another failed, it may have come too late to be told of what is lost. */
	if (mark->failures == w->failures)
		unsynced_synced(&w->unsynced, mark->end);
	return 0;
}

/* Where in the open segment the records begin that are after this one. */
static int confirm_from(struct segment_writer *w, uint64_t covered, uint64_t *ret_from)
{
	struct frame frame = { 0 };
	struct frames fr;
	int rc;

	*ret_from = 0;
	if (covered < w->first_seq)
		return 0;
	rc = frames_init(&fr);
	if (rc)
		return rc;
	rc = frames_open(&fr, &w->dir, w->first_seq, NULL);
	if (rc == 0)
		rc = frames_find(&fr, covered, true, &frame);
	if (rc == 1)
		*ret_from = frame.offset + frame.len;
	frames_release(&fr);
	return rc == 1 ? 0 : rc ? rc : -EIO;
}

int segment_confirm(struct segment_writer *w, uint64_t covered)
{
	uint64_t from;
	int rc = confirm_from(w, covered, &from);

	if (rc)
		return rc;
	/* An error that nobody was told of yet is told now, and once. */
	(void)!fdatasync(w->fd);
	return unsynced_renew(w->fd, from, w->end);
}

int segment_fd(const struct segment_writer *w)
{
	return w->fd;
}

uint64_t segment_next_seq(const struct segment_writer *w)
{
	return w->next_seq;
}
