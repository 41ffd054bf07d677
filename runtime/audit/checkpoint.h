/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checkpoints: the text of a note by which a log says what it holds. Signed and opened by audit/note.h. */
#ifndef AGENTOS_AUDIT_CHECKPOINT_H
#define AGENTOS_AUDIT_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "audit/tree.h"

/* The log of this name had this root at this size. */
struct checkpoint {
	char origin[256]; /* usually the name of the key that signs */
	struct tree_head head;
	/* More lines, each with its newline; NULL and 0 without. Not owned: parsed, they are in the text. */
	const char *extensions;
	size_t extensions_len;
};

/*
 * C2SP's tlog-checkpoint.md: origin, size in decimal, root in base64, a line
 * each, then the extensions; no line is empty. Nothing that it says is to be
 * believed before note_open() has been asked about the note it is in.
 *
 * -EBADMSG  no such text, or not UTF-8, or with control characters, or the
 *           origin is longer than there is room for
 * -ERANGE   a size beyond 64 bits
 */
int checkpoint_parse(const char *text, size_t len, struct checkpoint *ret_checkpoint);

/*
 * Returns the number of bytes written, NUL not counted. -E2BIG: does not fit;
 * -EINVAL: what checkpoint_parse() would not read.
 */
int checkpoint_encode(const struct checkpoint *c, char *buf, size_t size);

#endif
