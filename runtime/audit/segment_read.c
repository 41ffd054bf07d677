// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading the audit log, and following it while it grows. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/segment.h"
#include "audit/segment_file.h"

struct segment_reader {
	struct segment_dir dir;
	int fd;		    /* of the current segment, -1 before the first */
	uint64_t first_seq; /* of the current segment */
	uint64_t previous;  /* of the one before it */
	uint64_t next_seq;  /* of the record to come; 0: whatever is oldest */
	bool gap; /* old segments were removed while they were read, up to what comes next */
	struct segment_cursor cursor;
};

int segment_reader_open(const char *directory, struct segment_reader **ret_reader, struct fault *f)
{
	struct segment_reader *r;
	int rc;

	r = calloc(1, sizeof(*r));
	if (!r)
		return fault_set(f, ENOMEM, "not enough memory to read the audit log");
	r->fd = r->dir.fd = -1;
	rc = segment_cursor_open(&r->cursor, -1);
	if (rc)
		fault_set(f, -rc, "not enough memory to read the audit log");
	else
		rc = segment_dir_open(directory, &r->dir, f);
	if (rc) {
		segment_reader_close(r);
		return rc;
	}
	*ret_reader = r;
	return 0;
}

void segment_reader_close(struct segment_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	segment_dir_close(&r->dir);
	segment_cursor_close(&r->cursor);
	free(r);
}

/* Turns to a segment; 0 when its writer is only just making it. */
static int segment_enter(struct segment_reader *r, uint64_t first_seq, struct fault *f)
{
	struct segment_header header;
	int fd, rc;

	fd = segment_file_open(&r->dir, first_seq, O_RDONLY, f);
	/* A writer that cannot finish a new segment takes it away again. */
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	rc = segment_header_read(&r->dir, fd, first_seq, &header, f);
	if (rc == 1 && r->first_seq && !r->gap && header.previous != r->first_seq)
		rc = fault_set(f, EBADMSG, "%s: a segment is missing before record %" PRIu64,
			       r->dir.shown, first_seq);
	if (rc != 1) {
		close(fd);
		return rc;
	}
	if (r->fd >= 0)
		close(r->fd);
	r->fd = fd;
	r->first_seq = r->next_seq = first_seq;
	r->previous = header.previous;
	r->gap = false;
	segment_cursor_reset(&r->cursor, fd);
	return 1;
}

int segment_reader_seek(struct segment_reader *r, uint64_t first_seq, struct fault *f)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	r->first_seq = r->previous = r->next_seq = 0;
	r->gap = false;
	return segment_enter(r, first_seq, f);
}

/* The next record of the current segment, which must be the next of the log. */
static int segment_next(struct segment_reader *r, struct record *ret_record, struct fault *f)
{
	uint64_t offset = r->cursor.offset;
	char name[SEGMENT_NAME_SIZE];
	struct record record;
	int rc;

	if (r->fd < 0)
		return 0;
	segment_name(name, r->first_seq);
	rc = segment_cursor_next(&r->cursor, &record);
	if (rc == -EBADMSG)
		return fault_set(f, EBADMSG,
				 "%s/%s: byte %" PRIu64 ": record %" PRIu64 " is damaged",
				 r->dir.shown, name, offset, r->next_seq);
	if (rc < 0)
		return fault_set(f, -rc, "%s/%s: %s", r->dir.shown, name, strerror(-rc));
	if (rc == 0)
		return 0;
	if (record.seq != r->next_seq) {
		r->cursor.offset = offset;
		r->cursor.at = r->cursor.have = 0;
		return fault_set(f, EBADMSG,
				 "%s/%s: byte %" PRIu64 ": record %" PRIu64 " stands where %" PRIu64
				 " should",
				 r->dir.shown, name, offset, record.seq, r->next_seq);
	}
	r->next_seq++;
	*ret_record = record;
	return 1;
}

/* A writer that could not finish a new segment took it away: there will be another of that name. */
static void segment_leave_orphan(struct segment_reader *r)
{
	struct stat st;

	if (r->fd < 0 || r->next_seq != r->first_seq || fstat(r->fd, &st) != 0 || st.st_nlink)
		return;
	close(r->fd);
	r->fd = -1;
	r->first_seq = r->previous;
}

/* It was there a moment ago: removed as an old one, or taken away by its writer. */
static bool segment_gone(const struct segment_reader *r, uint64_t first_seq)
{
	char name[SEGMENT_NAME_SIZE];
	struct stat st;

	segment_name(name, first_seq);
	return fstatat(r->dir.fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
}

/* Old segments go from the oldest on: if ours is gone, those between it and the oldest went, too. */
static int segment_pruned(struct segment_reader *r, uint64_t next, struct fault *f)
{
	struct segment_names names;
	struct stat st;
	int rc;

	if (r->fd < 0 || fstat(r->fd, &st) != 0 || st.st_nlink)
		return 0;
	rc = segment_scan(&r->dir, 0, &names, f);
	return rc ? rc : names.count && names.lowest == next;
}

int segment_read(struct segment_reader *r, struct record *ret_record, struct fault *f)
{
	struct segment_names names;
	char name[SEGMENT_NAME_SIZE];
	int rc;

	for (;;) {
		rc = segment_next(r, ret_record, f);
		if (rc)
			return rc;
		segment_leave_orphan(r);
		rc = segment_scan(&r->dir, r->first_seq, &names, f);
		if (rc)
			return rc;
		if (!names.count)
			return 0;
		/* Nothing is added to a segment once there is a next one: look a last time. */
		rc = segment_next(r, ret_record, f);
		if (rc)
			return rc;
		segment_name(name, r->first_seq);
		if (r->fd >= 0 && lseek(r->fd, 0, SEEK_END) != (off_t)r->cursor.offset)
			return fault_set(f, EBADMSG,
					 "%s/%s: byte %" PRIu64 ": record %" PRIu64
					 " is not complete",
					 r->dir.shown, name, r->cursor.offset, r->next_seq);
		if (r->next_seq && names.lowest != r->next_seq) {
			rc = segment_pruned(r, names.lowest, f);
			if (rc < 0)
				return rc;
			r->gap = rc;
		}
		if (r->next_seq && !r->gap && names.lowest != r->next_seq)
			return fault_set(f, EBADMSG,
					 "%s: records %" PRIu64 " to %" PRIu64 " are missing",
					 r->dir.shown, r->next_seq, names.lowest - 1);
		rc = segment_enter(r, names.lowest, f);
		if (rc == 0 && names.count > 1 && segment_gone(r, names.lowest))
			continue;
		if (rc <= 0)
			return rc;
	}
}
