// SPDX-License-Identifier: GPL-2.0-or-later
/* A segment's bytes as the leaves of the log's tree have them: frame after frame, undecoded. */
#include "audit/frames.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/limits.h"

/* The format is in record.c: these are where it has what is needed here. */
#define FRAME_BYTES    8
#define FRAME_VERSION  8
#define FRAME_TYPE     9
#define FRAME_SEQ      17
#define FRAME_TIME     25
#define FRAME_LEAST    (FRAME_BYTES + 41)
#define RECORD_VERSION 3

/* Read, not mapped: a file that is cut meanwhile must not end this process. */
#define BUFFER_BYTES (1 << 20)
_Static_assert(BUFFER_BYTES >= 2 * LIMIT_RECORD, "a frame fits behind the rest of another");

/* What is searched for something else than zeros: all that a segment can hold. */
#define ZEROS_MAX (LIMIT_SEGMENT + LIMIT_AUDIT_BUFFER + SEGMENT_HEADER)

static uint64_t load(const uint8_t *p, size_t bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | p[bytes];
	return value;
}

int frames_init(struct frames *fr)
{
	uint8_t *buf = malloc(BUFFER_BYTES);

	if (!buf)
		return -ENOMEM;
	*fr = (struct frames){ .fd = -1, .buf = buf };
	return 0;
}

void frames_release(struct frames *fr)
{
	if (fr->fd >= 0)
		close(fr->fd);
	fr->fd = -1;
	free(fr->buf);
	fr->buf = NULL;
}

int frames_open(struct frames *fr, const struct segment_dir *d, uint64_t first_seq, struct fault *f)
{
	char name[SEGMENT_NAME_SIZE];
	struct segment_header header;
	struct stat st;
	int fd, rc;

	fd = segment_file_open(d, first_seq, O_RDONLY, f);
	if (fd < 0)
		return fd;
	segment_name(name, first_seq);
	rc = segment_header_read(d, fd, first_seq, &header, f);
	if (rc == 0)
		rc = fault_set(f, ENODATA, "%s/%s: the segment ends within its header", d->shown,
			       name);
	if (rc == 1 && (fstat(fd, &st) != 0 ||
			pread(fd, fr->header, sizeof(fr->header), 0) != sizeof(fr->header)))
		rc = fault_set(f, EIO, "%s/%s: cannot be read", d->shown, name);
	if (rc != 1) {
		close(fd);
		return rc;
	}
	if (fr->fd >= 0)
		close(fr->fd);
	fr->fd = fd;
	fr->first_seq = first_seq;
	fr->previous = header.previous;
	fr->size = (uint64_t)st.st_size;
	fr->offset = SEGMENT_HEADER;
	fr->at = fr->have = 0;
	return 0;
}

/* Moves what is left to the front, and reads more behind it. */
static int buffer_fill(struct frames *fr)
{
	uint64_t from, most;
	ssize_t got;

	memmove(fr->buf, fr->buf + fr->at, fr->have - fr->at);
	fr->have -= fr->at;
	fr->at = 0;
	while (fr->have < BUFFER_BYTES) {
		from = fr->offset + fr->have;
		most = from < fr->size ? fr->size - from : 0;
		if (most > BUFFER_BYTES - fr->have)
			most = BUFFER_BYTES - fr->have;
		got = most ? pread(fr->fd, fr->buf + fr->have, most, (off_t)from) : 0;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		fr->have += (size_t)got;
	}
	return 0;
}

/* Whether there are only zeros from offset on: pages that were never written. */
static int zeros_follow(struct frames *fr)
{
	uint8_t piece[4096];
	uint64_t from;
	ssize_t got, i;

	if (fr->size - fr->offset > ZEROS_MAX)
		return false;
	for (from = fr->offset; from < fr->size; from += (uint64_t)got) {
		got = pread(fr->fd, piece, sizeof(piece), (off_t)from);
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		for (i = 0; i < got; i++) {
			if (piece[i])
				return false;
		}
	}
	return true;
}

/* The length of the frame that stands at p, if it has a right CRC; else 0. */
static size_t frame_proven(const uint8_t *p, size_t have)
{
	uint64_t body = have < FRAME_LEAST ? 0 : load(p, 4);
	size_t len = (size_t)body + FRAME_BYTES;

	if (len < FRAME_LEAST || len > LIMIT_RECORD || len > have)
		return 0;
	return load(p + 4, 4) == crc32c(crc32c(0, p, 4), p + FRAME_BYTES, body) ? len : 0;
}

/* Why there is no frame of this version. */
static int frame_refusal(struct frames *fr)
{
	const uint8_t *p = fr->buf + fr->at;
	size_t have = fr->have - fr->at;
	int extent = record_extent(p, have), zeros;

	if (frame_proven(p, have) &&
	    (p[FRAME_VERSION] > RECORD_VERSION || p[FRAME_TYPE] >= RECORD_COUNT))
		return -EPROTO;
	if (extent == 0 || (extent > 0 && (size_t)extent > have))
		return -ENODATA;
	zeros = zeros_follow(fr);
	if (zeros < 0)
		return zeros;
	return zeros ? -ENODATA : -EBADMSG;
}

int frames_next(struct frames *fr, struct frame *ret_frame)
{
	const uint8_t *p;
	size_t len;
	int rc;

	if (fr->have - fr->at < LIMIT_RECORD) {
		rc = buffer_fill(fr);
		if (rc)
			return rc;
	}
	if (fr->at == fr->have)
		return 0;
	p = fr->buf + fr->at;
	len = frame_proven(p, fr->have - fr->at);
	if (!len || record_extent(p, len) != (int)len)
		return frame_refusal(fr);
	*ret_frame = (struct frame){ .seq = load(p + FRAME_SEQ, 8),
				     .time_ns = load(p + FRAME_TIME, 8),
				     .offset = fr->offset,
				     .data = p,
				     .len = len };
	fr->at += len;
	fr->offset += len;
	return 1;
}

int frames_leaf(const struct frames *fr, const struct frame *frame, struct tree_hasher *h,
		uint8_t ret_hash[TREE_HASH])
{
	const struct tree_bytes parts[] = { { fr->header, sizeof(fr->header) },
					    { frame->data, frame->len } };

	if (frame->offset == SEGMENT_HEADER)
		return tree_leaf(h, parts, 2, ret_hash);
	return tree_leaf(h, parts + 1, 1, ret_hash);
}
