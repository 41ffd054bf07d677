/* SPDX-License-Identifier: GPL-2.0-or-later */
/* To whom a checkpoint is handed on: a file, a command, a URL. */
#ifndef AGENTOS_CTL_TARGET_H
#define AGENTOS_CTL_TARGET_H

#include <stddef.h>
#include <stdint.h>

#include "audit/tree.h"
#include "base/fault.h"

enum target_kind { TARGET_FILE, TARGET_COMMAND, TARGET_URL };

/* All borrowed. */
struct target {
	enum target_kind kind;
	const char *name;	 /* a path, a program, a URL */
	char *const *argv;	 /* of a command, NULL behind the last */
	uint8_t hash[TREE_HASH]; /* of all these; by target_init() */
};

struct target_options {
	const char *const *headers; /* of a request, "NAME: VALUE" */
	size_t header_count;
	const char *ca;	     /* a file with whom to trust, in place of the system's; NULL */
	uint64_t give_up_ns; /* what one target may take */
};

/* Tells this one from others. -ENOMEM, -ENOTSUP, -EIO: of tree.h */
int target_init(struct target *t, struct fault *f);

/*
 * Hands a note on. Once it returns 0 the other side has it.
 *
 * A file is made when it is missing (0640), and appended to as the trail is
 * (trail.h): the note, a newline; then it is synced. What does not fit is taken
 * back; a torn end, which a crash left, stays and is closed by an empty line. A
 * command is run without a shell, with the note as its standard input, and in a
 * process group of its own, which is killed when its time is over. To a URL it is
 * posted, by agentos-post.
 *
 * -EINTR      SIGINT or SIGTERM came (growth.h): it may have it or not
 * -ELOOP      the file is a symbolic link; -EBADMSG: not a regular file
 * -EBUSY      another process appends to the file
 * -ETIMEDOUT  the command had not ended
 * -ECANCELED  it ended with another status than 0, or by a signal
 * -EPROTO     the server refused it, or was not there; f says what it said
 * -ENOSPC, -EACCES, -ENOENT, ...
 */
int target_send(const struct target *t, const struct target_options *o, const char *note,
		size_t len, struct fault *f);

/* The kinds, one file each; f has no name of the target yet. */
int target_send_file(const struct target *t, const char *note, size_t len, struct fault *f);
int target_send_command(const struct target *t, const struct target_options *o, const char *note,
			size_t len, struct fault *f);
int target_send_url(const struct target *t, const struct target_options *o, const char *note,
		    size_t len, struct fault *f);

#endif
