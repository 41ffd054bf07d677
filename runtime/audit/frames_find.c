// SPDX-License-Identifier: GPL-2.0-or-later
/* Finding one record in a segment by looking at few places of it. */
#include "audit/frames.h"

#include <errno.h>
#include <unistd.h>

#include "base/limits.h"

/* So much is gone through frame by frame. */
#define WALK_BYTES (128 << 10)

/* Two frames of which the first begins up to LIMIT_RECORD behind a place. */
#define LOOK_BYTES (3 * LIMIT_RECORD)

/* The frame that stands at p, with its seq: its length, or 0. */
static size_t frame_at(const uint8_t *p, size_t len, uint64_t *ret_seq)
{
	struct record record;
	int extent = record_extent(p, len);

	if (extent <= 0 || (size_t)extent > len || record_decode(p, len, &record) != extent)
		return 0;
	*ret_seq = record.seq;
	return (size_t)extent;
}

/* The first place from offset on where there are a frame and the next one: 1; 0: none near. */
static int frame_near(const struct frames *fr, uint64_t offset, uint64_t *ret_offset,
		      uint64_t *ret_seq)
{
	uint8_t buf[LOOK_BYTES];
	ssize_t got = pread(fr->fd, buf, sizeof(buf), (off_t)offset);
	uint64_t seq, next;
	size_t at, len;

	if (got < 0)
		return -errno;
	for (at = 0; at < LIMIT_RECORD && at < (size_t)got; at++) {
		len = frame_at(buf + at, (size_t)got - at, &seq);
		if (!len || !frame_at(buf + at + len, (size_t)got - at - len, &next) ||
		    next != seq + 1)
			continue;
		*ret_offset = offset + at;
		*ret_seq = seq;
		return 1;
	}
	return 0;
}

/* Goes to a place not far before the record, if there is one: 1, or 0. */
static int frames_approach(struct frames *fr, uint64_t seq)
{
	uint64_t low = SEGMENT_HEADER, high = fr->size, middle, offset = 0, found = 0;
	int rc;

	while (high > low && high - low > WALK_BYTES) {
		middle = low + (high - low) / 2;
		rc = frame_near(fr, middle, &offset, &found);
		if (rc <= 0)
			return rc;
		if (found > seq)
			high = middle;
		else
			low = offset;
	}
	fr->offset = low;
	fr->at = fr->have = 0;
	return 1;
}

int frames_find(struct frames *fr, uint64_t seq, bool all, struct frame *ret_frame)
{
	struct frame frame;
	int rc;

	fr->offset = SEGMENT_HEADER;
	fr->at = fr->have = 0;
	if (!all) {
		rc = frames_approach(fr, seq);
		if (rc <= 0)
			return rc;
	}
	while ((rc = frames_next(fr, &frame)) == 1) {
		if (frame.seq > seq)
			return 0;
		if (frame.seq == seq) {
			*ret_frame = frame;
			return 1;
		}
	}
	return rc;
}
