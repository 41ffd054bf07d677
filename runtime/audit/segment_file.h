/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segment files as writer and reader share them: names, headers, walking through records. */
#ifndef AGENTOS_AUDIT_SEGMENT_FILE_H
#define AGENTOS_AUDIT_SEGMENT_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "audit/record.h"
#include "base/fault.h"

#define SEGMENT_NAME_SIZE 25   /* 20 digits, ".seg", NUL */
#define SEGMENT_WINDOW	  4096 /* kernel sequence numbers remembered per stream */
#define SEGMENT_HEADER	  (48 + STREAM_COUNT * (8 + SEGMENT_WINDOW / 8))

/* A directory: everything in it is reached through fd. */
struct segment_dir {
	int fd;
	char shown[256]; /* its path, for messages: escaped */
};

/* Which kernel records of one boot are in the log; what segment_tail tells of it. */
struct segment_window {
	uint8_t boot[16];
	uint64_t highest[STREAM_COUNT];
	uint8_t seen[STREAM_COUNT][SEGMENT_WINDOW / 8];
};

/* What a segment begins with. window.boot is the boot it was made in. */
struct segment_header {
	uint64_t first_seq;	      /* of its first record; its name as well */
	uint64_t previous;	      /* first_seq of the segment before, 0: none */
	struct segment_window window; /* at its beginning: recovery reads no earlier segment */
};

/* The segments with a first_seq above some number. */
struct segment_names {
	size_t count;
	uint64_t lowest, highest, before_highest; /* 0 where there is none */
};

/* A position in a segment, and what was read ahead of it. */
struct segment_cursor {
	int fd;		 /* not owned */
	uint64_t offset; /* of the next record */
	uint8_t *buf;	 /* owned */
	size_t at, have;
};

/* -ENOENT, -ENOTDIR, -EACCES, ...; f says what to do. */
int segment_dir_open(const char *path, struct segment_dir *ret_dir, struct fault *f);
void segment_dir_close(struct segment_dir *d);

void segment_name(char name[SEGMENT_NAME_SIZE], uint64_t first_seq);

/* -EBADMSG when something is named like a segment and has no number. */
int segment_scan(const struct segment_dir *d, uint64_t above, struct segment_names *ret_names,
		 struct fault *f);

/*
 * Opens a regular file, never through a symlink (-ELOOP) and never waiting for
 * a FIFO (-EBADMSG). flags are added to O_NOFOLLOW | O_CLOEXEC.
 */
int segment_file_open(const struct segment_dir *d, uint64_t first_seq, int flags, struct fault *f);

void segment_header_encode(const struct segment_header *h, uint8_t buf[SEGMENT_HEADER]);

/*
 * 1 and the header; 0 when the file is a segment whose making was cut short:
 * too short for a header, or zeros. -EBADMSG no segment, or not of that name;
 * -EPROTO of a later version.
 */
int segment_header_read(const struct segment_dir *d, int fd, uint64_t first_seq,
			struct segment_header *ret_header, struct fault *f);

/* Forgets what it knew of another boot. */
void segment_window_boot(struct segment_window *w, const uint8_t boot[16]);
/* Takes note of a record of the log. */
void segment_window_note(struct segment_window *w, const struct record *r);

/* Begins after the header. -ENOMEM */
int segment_cursor_open(struct segment_cursor *c, int fd);
void segment_cursor_close(struct segment_cursor *c);
/* Goes to the beginning of another file. */
void segment_cursor_reset(struct segment_cursor *c, int fd);
/*
 * 1 and a record; 0 when the file ends before one is complete; -EBADMSG when
 * there is none at offset. After anything but 1 the file is read again.
 */
int segment_cursor_next(struct segment_cursor *c, struct record *ret_record);

#endif
