// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a log ends, and whether it ends in half a record. */
#include "audit/segment_recover.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/range.h"

/* The most that is searched for whole records after a bad one: all that a segment can hold. */
#define SEARCH_MAX (LIMIT_SEGMENT + LIMIT_AUDIT_BUFFER + SEGMENT_HEADER)

/*
 * Whether these bytes, which do not begin with a whole record, may be cut.
 * Where the first record's own lengths agree, the search for others begins
 * after it: its text is an agent's, and may imitate a record.
 */
static bool tail_is_torn(const uint8_t *buf, size_t len)
{
	struct record r;
	size_t at, i;
	int extent;

	extent = record_extent(buf, len);
	if (extent == 0 || (extent > 0 && (size_t)extent > len))
		return true;
	for (at = extent > 0 ? (size_t)extent : 1; at < len; at++) {
		if (record_decode(buf + at, len - at, &r) > 0)
			return false;
	}
	for (i = 0; i < len && !buf[i]; i++)
		;
	return i == len || len <= LIMIT_RECORD;
}

static int tail_judge(int fd, uint64_t from, uint64_t len)
{
	uint8_t *buf;
	int rc;

	if (len > SEARCH_MAX)
		return -EBADMSG;
	buf = malloc(len);
	if (!buf)
		return -ENOMEM;
	rc = range_read(fd, buf, len, from);
	if (rc == 0 && !tail_is_torn(buf, len))
		rc = -EBADMSG;
	free(buf);
	return rc;
}

/* Follows the records of one open segment: where they end, and what they say. */
static int segment_walk(const struct segment_dir *d, int fd, struct segment_end *end,
			struct fault *f)
{
	char name[SEGMENT_NAME_SIZE];
	struct segment_cursor c;
	struct record r;
	struct stat st;
	int rc;

	segment_name(name, end->first_seq);
	rc = segment_cursor_open(&c, fd);
	if (rc)
		return fault_set(f, -rc, "%s/%s: %s", d->shown, name, strerror(-rc));
	end->next_seq = end->first_seq;
	while ((rc = segment_cursor_next(&c, &r)) == 1) {
		if (r.seq != end->next_seq) {
			rc = fault_set(f, EBADMSG,
				       "%s/%s: before byte %" PRIu64 ": record %" PRIu64
				       " stands where %" PRIu64 " should",
				       d->shown, name, c.offset, r.seq, end->next_seq);
			goto out;
		}
		segment_window_note(&end->window, &r);
		end->next_seq++;
	}
	end->end = c.offset;
	if (fstat(fd, &st) != 0)
		rc = -errno;
	else if (rc == 0 || rc == -EBADMSG) {
		end->torn = (uint64_t)st.st_size - c.offset;
		rc = end->torn ? tail_judge(fd, c.offset, end->torn) : 0;
	}
	if (rc == -EBADMSG)
		fault_set(f, EBADMSG,
			  "%s/%s: byte %" PRIu64 ": record %" PRIu64
			  " is damaged, and it is not the last: nothing was changed",
			  d->shown, name, c.offset, end->next_seq);
	else if (rc)
		fault_set(f, -rc, "%s/%s: %s", d->shown, name, strerror(-rc));
out:
	segment_cursor_close(&c);
	return rc;
}

/* One segment. With unfinished allowed, end->end is 0 for one without a header. */
static int segment_end_of(const struct segment_dir *d, uint64_t first_seq, bool unfinished,
			  struct segment_end *ret_end, struct fault *f)
{
	struct segment_end end = { .first_seq = first_seq };
	struct segment_header header;
	char name[SEGMENT_NAME_SIZE];
	struct stat st;
	int fd, rc;

	segment_name(name, first_seq);
	fd = segment_file_open(d, first_seq, O_RDONLY, f);
	if (fd < 0)
		return fd;
	rc = segment_header_read(d, fd, first_seq, &header, f);
	if (rc == 1) {
		end.previous = header.previous;
		end.window = header.window;
		rc = segment_walk(d, fd, &end, f);
	} else if (rc == 0 && unfinished) {
		if (fstat(fd, &st) == 0)
			end.torn = (uint64_t)st.st_size;
		else
			rc = fault_set(f, errno, "%s/%s: %s", d->shown, name, strerror(errno));
	} else if (rc == 0) {
		rc = fault_set(f, EBADMSG, "%s/%s: the segment ends within its header", d->shown,
			       name);
	}
	close(fd);
	if (rc == 0)
		*ret_end = end;
	return rc;
}

int segment_recover(const struct segment_dir *d, struct segment_end *ret_end, struct fault *f)
{
	struct segment_end last, before = { .next_seq = 1 };
	char name[SEGMENT_NAME_SIZE];
	struct segment_names names;
	int rc;

	rc = segment_scan(d, 0, &names, f);
	if (rc)
		return rc;
	if (!names.count) {
		*ret_end = before;
		return 0;
	}
	rc = segment_end_of(d, names.highest, true, &last, f);
	if (rc)
		return rc;
	if (last.end && names.before_highest && last.previous != names.before_highest) {
		segment_name(name, names.highest);
		return fault_set(f, EBADMSG, "%s: the segment before %s is missing", d->shown,
				 name);
	}
	if (last.end) {
		*ret_end = last;
		return 0;
	}

	/* It was only just created: the log ends with the one before. */
	if (names.before_highest) {
		rc = segment_end_of(d, names.before_highest, false, &before, f);
		if (rc)
			return rc;
	}
	segment_name(name, names.highest);
	if (before.torn || before.next_seq != names.highest)
		return fault_set(f, EBADMSG, "%s: records are missing before %s", d->shown, name);
	before.previous = before.first_seq;
	before.first_seq = names.highest;
	before.end = 0;
	before.torn = last.torn;
	*ret_end = before;
	return 0;
}
