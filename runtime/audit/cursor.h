/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a log was exported: a file that is replaced whole, and only when the other side has it all. */
#ifndef AGENTOS_AUDIT_CURSOR_H
#define AGENTOS_AUDIT_CURSOR_H

#include <stdint.h>

#include "base/fault.h"

/* The last record that was seen. */
struct cursor {
	uint64_t seq;	  /* 0: none yet */
	uint64_t time_ns; /* of it; tells another log from this one */
};

/*
 * The file is one line: "agentos-cursor 1 SEQ TIME_NS".
 *
 * -EBADMSG  it is no such file; -EPROTO  of a later version
 * -EACCES, ...; a file that is missing is no error, and a cursor of zeros
 */
int cursor_read(const char *path, struct cursor *ret_cursor, struct fault *f);
/* By a new file beside it (0600), synced and renamed: a crash leaves the old one or this. */
int cursor_write(const char *path, const struct cursor *c, struct fault *f);

#endif
