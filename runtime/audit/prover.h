/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Proofs out of a log's files: of one record, and of growth, without reading the rest of the log. */
#ifndef AGENTOS_AUDIT_PROVER_H
#define AGENTOS_AUDIT_PROVER_H

#include <stddef.h>
#include <stdint.h>

#include "audit/tree.h"
#include "base/fault.h"

/*
 * Both write a text of proof.h, terminated, and return its length without the
 * NUL; LIMIT_PROOF has room for any. It is checked before it is handed out:
 * hash files that were changed make none. Whether a checkpoint is signed, and by
 * whom, is left to whoever checks the text.
 *
 * -ENOENT, -ENOTDIR, -EACCES  no log there, or not for the caller to read
 * -EBADMSG  a segment, hash file or checkpoint that is damaged, or they do not
 *           fit each other: verify_log() finds out which was changed
 * -ELOOP    a symbolic link where one of them should be
 * -EPROTO   of a later version
 * -ENODATA  the hash files do not reach as far as the checkpoint
 * -ENOMEM, -ENOTSUP, -EIO, ...; f tells of each
 */

/*
 * That the record is in the log that the newest checkpoint speaks of; its bytes
 * go with the proof. The segment is found by its name, and in it the record by
 * looking at few places: 10 million records are as quick as ten.
 *
 * -ERANGE   no such record: f says what there is
 * -EAGAIN   it is there, and no checkpoint covers it yet
 */
int prover_record(const char *directory, uint64_t seq, char *buf, size_t size, struct fault *f);

/*
 * That the log of the checkpoint, a signed note, has all that the smaller one
 * had. -EINVAL: the note is no checkpoint; -ERANGE: it is of the smaller log.
 */
int prover_growth(const char *directory, const struct tree_head *from, const char *note, size_t len,
		  char *buf, size_t size, struct fault *f);

#endif
