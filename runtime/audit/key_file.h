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
 *	DIRECTORY.pub	the public ones, each as note_verifier_encode(), and a newline:
 *			the oldest first, that of the secret one last; for everybody.
 *			Whoever verifies should have got them elsewhere.
 *	DIRECTORY.key.next  while the key is changed: the secret one that is to follow
 */
#define KEY_FILE_SECRET ".key"
#define KEY_FILE_PUBLIC ".pub"
#define KEY_FILE_NEXT	".key.next"

/*
 * Reads the secret key; with make, and when there is no such file, makes one of
 * random bytes, whose name is "HOST/agentos/XXXXXXXX". It is on disk then. The
 * public one is written when it is missing. To be wiped by the caller.
 *
 * -ENOENT        no key, and none was to be made
 * -EPERM         others may read or write it, or own it
 * -EBADMSG       no key in there; or the last of the public ones is another's
 * -ELOOP         a symbolic link; -ENAMETOOLONG
 * -ENOTSUP, -EKEYREJECTED  as note_key_parse(); -EACCES, -ENOSPC, -EIO, ...
 */
int key_file_open(const char *directory, bool make, struct note_key *ret_key, bool *ret_made,
		  struct fault *f);

/*
 * How a key is replaced (rotation.h says when): prepare, and then advance, or withdraw.
 * Errors are those of key_file_open().
 *
 * key_file_prepare() makes the key that is to follow, with the name of the one
 * so far, in a file of its own; it is on disk then. What an attempt before left
 * there is overwritten: that it counts for nothing is the caller's to know.
 */
int key_file_prepare(const char *directory, const struct note_key *now, struct note_key *ret_next,
		     struct fault *f);
/* The key that was prepared, to be wiped; -ENOENT: none was. */
int key_file_next(const char *directory, struct note_key *ret_next, struct fault *f);
/*
 * Makes the prepared one the log's: the file of public keys is written with
 * these, of which it is the last; then the secret one so far is overwritten
 * where it lies, and replaced. After a crash in between it is to be called
 * again. Overwriting takes the bytes from the file; a file system that writes
 * elsewhere, a snapshot or a flash disk may keep them. -EBADMSG: another was
 * prepared; -ENOENT: none; nothing was changed then.
 */
int key_file_advance(const char *directory, const struct note_verifier *keys, size_t count,
		     struct fault *f);
/* Overwrites and removes the prepared one, if there is one. */
int key_file_withdraw(const char *directory, struct fault *f);

#endif
