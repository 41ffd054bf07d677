/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key that a log's checkpoints are signed with, and where it is kept: beside the log's directory. */
#ifndef AGENTOS_AUDIT_KEY_FILE_H
#define AGENTOS_AUDIT_KEY_FILE_H

#include <stdbool.h>

#include "audit/note.h"
#include "base/fault.h"

/*
 * Of the log in DIRECTORY (without slashes at its end):
 *	DIRECTORY.key	the secret key, as note_key_encode() writes it, and a newline;
 *			mode 0600. Whoever has it can write another log.
 *	DIRECTORY.pub	the public one, as note_verifier_encode(), and a newline; for
 *			everybody. Whoever verifies should have got it elsewhere.
 */
#define KEY_FILE_SECRET ".key"
#define KEY_FILE_PUBLIC ".pub"

/*
 * Reads the secret key; with make, and when there is no such file, makes one of
 * random bytes, whose name is "HOST/agentos/XXXXXXXX". It is on disk then. The
 * public one is written when it is missing. To be wiped by the caller.
 *
 * -ENOENT        no key, and none was to be made
 * -EPERM         others may read or write it, or own it
 * -EBADMSG       no key in there; or the public one there is another's
 * -ELOOP         a symbolic link; -ENAMETOOLONG
 * -ENOTSUP, -EKEYREJECTED  as note_key_parse(); -EACCES, -ENOSPC, -EIO, ...
 */
int key_file_open(const char *directory, bool make, struct note_key *ret_key, bool *ret_made,
		  struct fault *f);

#endif
