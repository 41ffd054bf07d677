// SPDX-License-Identifier: GPL-2.0-or-later
/* Segment files as writer and reader share them: names, headers, walking through records. */
#include "audit/segment_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/escape.h"
#include "base/limits.h"

/*
 * The header, version 1, little-endian, offsets in bytes:
 *	 0  "AGENTOSL"
 *	 8  u32  version, 1
 *	12  u32  CRC-32C over all bytes of the header but these four
 *	16  u64  first_seq
 *	24  u64  previous
 *	32  u8x16  boot
 *	48  for each stream: u64 highest, then 512 bytes seen (bit seq % 4096)
 * The records follow without a gap, and go on in the segment whose
 * name is the next seq.
 */
#define SEGMENT_VERSION 1
static const uint8_t segment_magic[8] = { 'A', 'G', 'E', 'N', 'T', 'O', 'S', 'L' };

#define CURSOR_BYTES (256 * 1024)

int segment_dir_open(const char *path, struct segment_dir *ret_dir, struct fault *f)
{
	struct segment_dir d;
	int err;

	escape_text(d.shown, sizeof(d.shown), path, strlen(path));
	d.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d.fd >= 0) {
		*ret_dir = d;
		return 0;
	}
	err = errno;
	if (err == EACCES)
		return fault_set(f, err,
				 "%s: not readable for you: join the group agentos, or use sudo",
				 d.shown);
	if (err == ENOENT)
		return fault_set(f, err,
				 "%s: there is no audit log; agentosd makes it when it starts",
				 d.shown);
	return fault_set(f, err, "%s: %s", d.shown, strerror(err));
}

void segment_dir_close(struct segment_dir *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

void segment_name(char name[SEGMENT_NAME_SIZE], uint64_t first_seq)
{
	snprintf(name, SEGMENT_NAME_SIZE, "%020" PRIu64 ".seg", first_seq);
}

/* 1 and the number; 0 for another kind of file; -EBADMSG for ".seg" without a number. */
static int name_parse(const char *name, uint64_t *ret_seq)
{
	char canonical[SEGMENT_NAME_SIZE];
	size_t len = strlen(name);
	uint64_t seq;

	if (len < 4 || strcmp(name + len - 4, ".seg") != 0)
		return 0;
	seq = strtoull(name, NULL, 10);
	segment_name(canonical, seq);
	if (!seq || strcmp(name, canonical) != 0)
		return -EBADMSG;
	*ret_seq = seq;
	return 1;
}

int segment_scan(const struct segment_dir *d, uint64_t above, struct segment_names *ret_names,
		 struct fault *f)
{
	struct segment_names names = { 0 };
	char shown[512];
	struct dirent *entry;
	uint64_t seq;
	DIR *dir;
	int fd, rc = 0;

	/* A fresh description: the position in a directory is shared by duplicates. */
	fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		rc = -errno;
		if (fd >= 0)
			close(fd);
		return fault_set(f, -rc, "%s: %s", d->shown, strerror(-rc));
	}
	while (errno = 0, (entry = readdir(dir)) != NULL) {
		rc = name_parse(entry->d_name, &seq);
		if (rc < 0) {
			escape_text(shown, sizeof(shown), entry->d_name, strlen(entry->d_name));
			fault_set(f, EBADMSG, "%s/%s: not a file of the audit log: move it away",
				  d->shown, shown);
			break;
		}
		if (rc == 0 || seq <= above)
			continue;
		names.count++;
		if (!names.lowest || seq < names.lowest)
			names.lowest = seq;
		if (seq > names.highest) {
			names.before_highest = names.highest;
			names.highest = seq;
		} else if (seq > names.before_highest) {
			names.before_highest = seq;
		}
	}
	if (rc >= 0 && errno)
		rc = fault_set(f, errno, "%s: %s", d->shown, strerror(errno));
	closedir(dir);
	if (rc < 0)
		return rc;
	*ret_names = names;
	return 0;
}

int segment_file_open(const struct segment_dir *d, uint64_t first_seq, int flags, struct fault *f)
{
	char name[SEGMENT_NAME_SIZE];
	struct stat st;
	int fd, err;

	segment_name(name, first_seq);
	fd = openat(d->fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		err = errno;
		if (err == ELOOP)
			return fault_set(f, err, "%s/%s: a symbolic link where a segment should be",
					 d->shown, name);
		if (err == EACCES)
			return fault_set(
				f, err,
				"%s/%s: not readable for you: join the group agentos, or use sudo",
				d->shown, name);
		return fault_set(f, err, "%s/%s: %s", d->shown, name, strerror(err));
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return fault_set(f, EBADMSG, "%s/%s: not a regular file", d->shown, name);
	}
	return fd;
}

static uint8_t *store(uint8_t *p, uint64_t value, size_t bytes)
{
	while (bytes--) {
		*p++ = (uint8_t)value;
		value >>= 8;
	}
	return p;
}

static uint64_t load(const uint8_t *p, size_t bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | p[bytes];
	return value;
}

static uint32_t header_crc(const uint8_t buf[SEGMENT_HEADER])
{
	return crc32c(crc32c(0, buf, 12), buf + 16, SEGMENT_HEADER - 16);
}

void segment_header_encode(const struct segment_header *h, uint8_t buf[SEGMENT_HEADER])
{
	uint8_t *p = buf;
	int i;

	memcpy(p, segment_magic, sizeof(segment_magic));
	p = store(p + sizeof(segment_magic), SEGMENT_VERSION, 4);
	p = store(p, 0, 4);
	p = store(p, h->first_seq, 8);
	p = store(p, h->previous, 8);
	memcpy(p, h->window.boot, 16);
	p += 16;
	for (i = 0; i < STREAM_COUNT; i++) {
		p = store(p, h->window.highest[i], 8);
		memcpy(p, h->window.seen[i], SEGMENT_WINDOW / 8);
		p += SEGMENT_WINDOW / 8;
	}
	store(buf + 12, header_crc(buf), 4);
}

static void header_decode(const uint8_t buf[SEGMENT_HEADER], struct segment_header *h)
{
	const uint8_t *p = buf + 48;
	int i;

	h->first_seq = load(buf + 16, 8);
	h->previous = load(buf + 24, 8);
	memcpy(h->window.boot, buf + 32, 16);
	for (i = 0; i < STREAM_COUNT; i++) {
		h->window.highest[i] = load(p, 8);
		memcpy(h->window.seen[i], p + 8, SEGMENT_WINDOW / 8);
		p += 8 + SEGMENT_WINDOW / 8;
	}
}

/* As much as there is of a header that was being written: its beginning, or zeros. */
static bool header_unfinished(const uint8_t *buf, size_t len)
{
	size_t i;

	if (len < SEGMENT_HEADER &&
	    memcmp(buf, segment_magic, len < sizeof(segment_magic) ? len : sizeof(segment_magic)) ==
		    0)
		return true;
	for (i = 0; i < len; i++) {
		if (buf[i])
			return false;
	}
	return true;
}

int segment_header_read(const struct segment_dir *d, int fd, uint64_t first_seq,
			struct segment_header *ret_header, struct fault *f)
{
	uint8_t buf[SEGMENT_HEADER + 1];
	char name[SEGMENT_NAME_SIZE];
	ssize_t got;

	segment_name(name, first_seq);
	got = pread(fd, buf, sizeof(buf), 0);
	if (got < 0)
		return fault_set(f, errno, "%s/%s: %s", d->shown, name, strerror(errno));
	if (got <= SEGMENT_HEADER && header_unfinished(buf, (size_t)got))
		return 0;
	if (got < SEGMENT_HEADER || memcmp(buf, segment_magic, sizeof(segment_magic)) != 0)
		return fault_set(f, EBADMSG, "%s/%s: not a file of the audit log: move it away",
				 d->shown, name);
	if (load(buf + 8, 4) > SEGMENT_VERSION)
		return fault_set(
			f, EPROTO,
			"%s/%s: version %u of the log format; this program knows up to %d: upgrade it",
			d->shown, name, (unsigned int)load(buf + 8, 4), SEGMENT_VERSION);
	if (load(buf + 8, 4) != SEGMENT_VERSION || load(buf + 12, 4) != header_crc(buf))
		return fault_set(f, EBADMSG, "%s/%s: the header is damaged", d->shown, name);
	if (load(buf + 16, 8) != first_seq)
		return fault_set(f, EBADMSG,
				 "%s/%s: the segment was renamed: it begins with %" PRIu64,
				 d->shown, name, load(buf + 16, 8));
	header_decode(buf, ret_header);
	return 1;
}

void segment_window_boot(struct segment_window *w, const uint8_t boot[16])
{
	if (memcmp(w->boot, boot, sizeof(w->boot)) == 0)
		return;
	memset(w, 0, sizeof(*w));
	memcpy(w->boot, boot, sizeof(w->boot));
}

/* Moves the window so that it ends with seq. */
static void window_advance(struct segment_window *w, unsigned int stream, uint64_t seq)
{
	uint64_t *highest = &w->highest[stream];
	uint8_t *seen = w->seen[stream];

	if (seq <= *highest)
		return;
	if (seq - *highest >= SEGMENT_WINDOW) {
		memset(seen, 0, SEGMENT_WINDOW / 8);
		*highest = seq;
	}
	while (*highest < seq) {
		++*highest;
		seen[*highest % SEGMENT_WINDOW / 8] &= (uint8_t) ~(1U << *highest % 8);
	}
}

static void window_mark(struct segment_window *w, unsigned int stream, uint64_t seq)
{
	window_advance(w, stream, seq);
	if (w->highest[stream] - seq < SEGMENT_WINDOW)
		w->seen[stream][seq % SEGMENT_WINDOW / 8] |= (uint8_t)(1U << seq % 8);
}

static void window_clear(struct segment_window *w, unsigned int stream)
{
	w->highest[stream] = 0;
	memset(w->seen[stream], 0, sizeof(w->seen[stream]));
}

void segment_window_note(struct segment_window *w, const struct record *r)
{
	segment_window_boot(w, r->boot);
	if (r->stream >= STREAM_COUNT)
		return;
	switch (r->type) {
	case RECORD_EVENT:
		window_mark(w, r->stream, r->u.event.seq);
		break;
	case RECORD_LIFECYCLE:
		/* These come in order; one that does not rise is of a module loaded anew. */
		if (r->u.lifecycle.seq <= w->highest[r->stream])
			window_clear(w, r->stream);
		if (r->u.lifecycle.type == AGENTOS_LIFECYCLE_LOST)
			window_advance(w, r->stream, r->u.lifecycle.seq);
		else
			window_mark(w, r->stream, r->u.lifecycle.seq);
		break;
	case RECORD_LOSS:
		window_advance(w, r->stream, r->u.loss.last);
		break;
	case RECORD_DAEMON:
		/* New rings, or none: their numbers begin at 1 again. */
		if (r->u.daemon.note == DAEMON_STARTED || r->u.daemon.note == DAEMON_ENDED) {
			window_clear(w, STREAM_DENIALS);
			window_clear(w, STREAM_ALLOWED);
		}
		break;
	}
}

int segment_cursor_open(struct segment_cursor *c, int fd)
{
	uint8_t *buf = malloc(CURSOR_BYTES);

	if (!buf)
		return -ENOMEM;
	*c = (struct segment_cursor){ .buf = buf };
	segment_cursor_reset(c, fd);
	return 0;
}

void segment_cursor_close(struct segment_cursor *c)
{
	free(c->buf);
	c->buf = NULL;
}

void segment_cursor_reset(struct segment_cursor *c, int fd)
{
	c->fd = fd;
	c->offset = SEGMENT_HEADER;
	c->at = c->have = 0;
}

/* Fills the buffer from offset on. */
static int cursor_fill(struct segment_cursor *c)
{
	ssize_t got;

	c->at = c->have = 0;
	while (c->have < CURSOR_BYTES) {
		got = pread(c->fd, c->buf + c->have, CURSOR_BYTES - c->have,
			    (off_t)(c->offset + c->have));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		c->have += (size_t)got;
	}
	return 0;
}

int segment_cursor_next(struct segment_cursor *c, struct record *ret_record)
{
	int rc, used;

	used = record_decode(c->buf + c->at, c->have - c->at, ret_record);
	if (used == 0) {
		rc = cursor_fill(c);
		if (rc)
			return rc;
		used = record_decode(c->buf, c->have, ret_record);
	}
	if (used > 0) {
		c->at += (size_t)used;
		c->offset += (size_t)used;
		return 1;
	}
	/* What is there may be cut by recovery and written anew. */
	c->at = c->have = 0;
	return used;
}
