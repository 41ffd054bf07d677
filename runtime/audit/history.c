// SPDX-License-Identifier: GPL-2.0-or-later
/* What the log already holds of this boot. */
#include "audit/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/listing.h"
#include "audit/segment.h"
#include "base/crc32c.h"

static void history_lifecycle(struct history *h, uint64_t first, uint64_t last, uint64_t time_ns)
{
	if (first <= h->lifecycle) {
		h->lifecycle_recorded = 0;
		h->lifecycle_lost = 0;
	}
	h->lifecycle = last;
	h->lifecycle_time_ns = time_ns;
}

static void history_loss(struct history *h, const struct record *r)
{
	/* Without numbers it is no drop: a record that could not be read. */
	if (!r->u.loss.first)
		return;
	if (r->stream < AGENTOS_RING_COUNT) {
		account_lose(&h->rings[r->stream], r->u.loss.count, r->u.loss.last);
	} else if (r->stream == STREAM_LIFECYCLE) {
		history_lifecycle(h, r->u.loss.first, r->u.loss.last, 0);
		h->lifecycle_lost += r->u.loss.count;
	}
}

static void history_take(struct history *h, const struct record *r)
{
	switch (r->type) {
	case RECORD_EVENT:
		if (r->stream < AGENTOS_RING_COUNT &&
		    !account_seen(&h->rings[r->stream], r->u.event.seq))
			account_receive(&h->rings[r->stream], r->u.event.seq);
		break;
	case RECORD_LIFECYCLE:
		history_lifecycle(h, r->u.lifecycle.seq, r->u.lifecycle.seq,
				  r->u.lifecycle.time_ns);
		h->lifecycle_recorded++;
		break;
	case RECORD_LOSS:
		history_loss(h, r);
		break;
	case RECORD_DAEMON:
		if (r->u.daemon.note == DAEMON_STARTED || r->u.daemon.note == DAEMON_ENDED)
			memset(h->rings, 0, sizeof(h->rings));
		break;
	}
}

static uint8_t *put(uint8_t *p, uint64_t value, size_t bytes)
{
	for (; bytes--; value >>= 8)
		*p++ = (uint8_t)value;
	return p;
}

static const uint8_t *get(const uint8_t *p, uint64_t *ret_value)
{
	size_t i = 8;

	for (*ret_value = 0; i--;)
		*ret_value = *ret_value << 8 | p[i];
	return p + 8;
}

/*
 * The file: MAGIC, boot, seq, then each ring's account (four numbers, the bits of
 * those seen) and four numbers of lifecycle; numbers have eight bytes, the lowest
 * first. CRC-32C of all that, four bytes.
 */
static const uint8_t magic[8] = "agosres1";
#define RESUME_ACCOUNT (4 * 8 + ACCOUNT_WINDOW / 8)
#define RESUME_BYTES   (8 + 16 + 8 + AGENTOS_RING_COUNT * RESUME_ACCOUNT + 4 * 8 + 4)

static void resume_encode(uint8_t buf[RESUME_BYTES], const uint8_t boot[16], uint64_t seq,
			  const struct history *h)
{
	uint8_t *p = buf;
	size_t i;

	memcpy(p, magic, 8);
	memcpy(p + 8, boot, 16);
	p = put(p + 24, seq, 8);
	for (i = 0; i < AGENTOS_RING_COUNT; i++) {
		p = put(p, h->rings[i].received, 8);
		p = put(p, h->rings[i].lost, 8);
		p = put(p, h->rings[i].highest, 8);
		p = put(p, h->rings[i].settled, 8);
		memcpy(p, h->rings[i].seen, sizeof(h->rings[i].seen));
		p += sizeof(h->rings[i].seen);
	}
	p = put(p, h->lifecycle, 8);
	p = put(p, h->lifecycle_time_ns, 8);
	p = put(p, h->lifecycle_recorded, 8);
	p = put(p, h->lifecycle_lost, 8);
	put(p, crc32c(0, buf, RESUME_BYTES - 4), 4);
}

/* False unless all of it is right, and of this boot. */
static bool resume_decode(const uint8_t buf[RESUME_BYTES], const uint8_t boot[16],
			  uint64_t *ret_seq, struct history *ret_history)
{
	struct history *h = ret_history;
	const uint8_t *p = buf + 24;
	uint8_t crc[4];
	size_t i;

	put(crc, crc32c(0, buf, RESUME_BYTES - 4), 4);
	if (memcmp(buf, magic, 8) != 0 || memcmp(buf + 8, boot, 16) != 0 ||
	    memcmp(buf + RESUME_BYTES - 4, crc, 4) != 0)
		return false;
	p = get(p, ret_seq);
	for (i = 0; i < AGENTOS_RING_COUNT; i++) {
		p = get(p, &h->rings[i].received);
		p = get(p, &h->rings[i].lost);
		p = get(p, &h->rings[i].highest);
		p = get(p, &h->rings[i].settled);
		memcpy(h->rings[i].seen, p, sizeof(h->rings[i].seen));
		p += sizeof(h->rings[i].seen);
	}
	p = get(p, &h->lifecycle);
	p = get(p, &h->lifecycle_time_ns);
	p = get(p, &h->lifecycle_recorded);
	get(p, &h->lifecycle_lost);
	return true;
}

int history_save(const char *directory, const uint8_t boot[16], uint64_t seq,
		 const struct history *h)
{
	uint8_t buf[RESUME_BYTES];
	int dir, fd, rc = 0;

	resume_encode(buf, boot, seq, h);
	dir = open(directory, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	if (unlinkat(dir, HISTORY_NAME ".new", 0) != 0 && errno != ENOENT)
		rc = -errno;
	fd = rc ? -1 :
		  openat(dir, HISTORY_NAME ".new",
			 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (rc == 0 && fd < 0)
		rc = -errno;
	if (fd >= 0 && write(fd, buf, sizeof(buf)) != (ssize_t)sizeof(buf))
		rc = -EIO;
	if (fd >= 0)
		close(fd);
	if (rc == 0 && renameat(dir, HISTORY_NAME ".new", dir, HISTORY_NAME) != 0)
		rc = -errno;
	/* What is there is older now than what was asked to be. */
	if (rc)
		unlinkat(dir, HISTORY_NAME, 0);
	close(dir);
	return rc;
}

/* What was left, if it is of use: the record that it goes up to; else 0, and *h is empty. */
static uint64_t resume_load(const struct segment_dir *d, const uint8_t boot[16], struct history *h)
{
	uint8_t buf[RESUME_BYTES + 1];
	uint64_t seq = 0;
	ssize_t len;
	int fd = openat(d->fd, HISTORY_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return 0;
	len = read(fd, buf, sizeof(buf));
	close(fd);
	if (len != RESUME_BYTES || !resume_decode(buf, boot, &seq, h)) {
		memset(h, 0, sizeof(*h));
		return 0;
	}
	return seq;
}

/*
 * The segment to begin with: that of the record after `seq` or, without one, the
 * last that was begun before this boot. 0: the first there is.
 */
static int first_segment(const struct segment_dir *d, const uint8_t boot[16], uint64_t seq,
			 uint64_t *ret_first, struct fault *f)
{
	struct segment_header header;
	struct listing segments;
	int fd, rc;
	size_t i;

	rc = listing_read(d, ".seg", &segments, f);
	if (rc)
		return rc;
	*ret_first = 0;
	for (i = segments.count; i-- && rc == 0;) {
		*ret_first = segments.numbers[i];
		if (seq && *ret_first <= seq + 1)
			break;
		fd = seq ? -ENODATA : segment_file_open(d, *ret_first, O_RDONLY, f);
		if (fd == -ENODATA)
			continue;
		if (fd < 0) {
			rc = fd;
			break;
		}
		rc = segment_header_read(d, fd, *ret_first, &header, f);
		close(fd);
		/* One without a header has no records. */
		if (rc == 1 && memcmp(header.window.boot, boot, sizeof(header.window.boot)) != 0)
			break;
		rc = rc < 0 ? rc : 0;
	}
	listing_release(&segments);
	return rc < 0 ? rc : 0;
}

/* Goes on from `seq`, which *h is the history up to. 1, or 0: the log does not have that record. */
static int history_go_on(const char *directory, const uint8_t boot[16], uint64_t seq,
			 uint64_t first, const struct history_reader *reader, struct history *h,
			 struct fault *f)
{
	struct segment_reader *log = NULL;
	uint64_t last = 0;
	struct record r;
	int rc;

	rc = segment_reader_open(directory, &log, f);
	if (rc)
		return rc;
	if (first)
		rc = segment_reader_seek(log, first, f);
	if (rc >= 0) {
		while ((rc = segment_read(log, &r, f)) > 0) {
			last = r.seq;
			if (r.seq <= seq || memcmp(r.boot, boot, sizeof(r.boot)) != 0)
				continue;
			history_take(h, &r);
			if (reader)
				reader->each(&r, reader->cookie);
		}
	}
	segment_reader_close(log);
	return rc ? rc : last >= seq;
}

int history_read(const char *directory, const uint8_t boot[16], const struct history_reader *reader,
		 struct history *ret_history, struct fault *f)
{
	struct history *h = calloc(1, sizeof(*h));
	struct segment_dir d;
	uint64_t seq, first;
	int rc;

	if (!h)
		return fault_set(f, ENOMEM, "out of memory");
	rc = segment_dir_open(directory, &d, f);
	if (rc)
		goto free_history;
	seq = resume_load(&d, boot, h);
	rc = first_segment(&d, boot, seq, &first, f);
	if (rc == 0)
		rc = history_go_on(directory, boot, seq, first, reader, h, f);
	/* It is of another log: nothing was told of this one yet. */
	if (rc == 0) {
		memset(h, 0, sizeof(*h));
		rc = first_segment(&d, boot, 0, &first, f);
		if (rc == 0)
			rc = history_go_on(directory, boot, 0, first, reader, h, f);
	}
	segment_dir_close(&d);
	if (rc > 0)
		*ret_history = *h;
free_history:
	free(h);
	return rc < 0 ? rc : 0;
}
