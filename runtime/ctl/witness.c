// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether a checkpoint may be handed on: signed, and of a log that only grew. */
#include "ctl/witness.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "audit/prover.h"
#include "base/limits.h"

#define LAST "the checkpoint that was anchored last"

/* What is wrong with the log, and not with this machine at the moment. */
static bool is_verdict(int rc)
{
	switch (rc) {
	case -EBADMSG:
	case -EREMCHG:
	case -ENOKEY:
	case -EKEYREJECTED:
	case -ERANGE:
	case -ENODATA:
	case -ELOOP:
	case -EPROTO:
		return true;
	default:
		return false;
	}
}

/* Whose signatures count is decided here alone. */
static int note_judge(const struct witness *w, const struct evidence_keys *keys, const char *note,
		      size_t len, const char *what, struct checkpoint *ret_checkpoint,
		      struct fault *f)
{
	const struct note_verifier *signer;
	int rc = evidence_judge(keys, w->origin, note, len, what, ret_checkpoint, &signer, f);

	return is_verdict(rc) ? -EREMCHG : rc;
}

/* Of a log of which something was handed on there is always a checkpoint. */
static int newest_get(const struct witness *w, const struct anchor_note *last,
		      struct evidence *ret_newest, struct fault *f)
{
	struct fault why;
	int rc = evidence_from_log(w->directory, UINT64_MAX, ret_newest, &why);

	if (rc == 0)
		return 0;
	if (is_verdict(rc) || (last && (rc == -ENOENT || rc == -ENOTDIR || rc == -ESRCH)))
		rc = -EREMCHG;
	if (last && rc == -EREMCHG)
		return fault_set(f, EREMCHG, "%s; %" PRIu64 " records were anchored", why.text,
				 last->size);
	return fault_set(f, -rc, "%s", why.text);
}

/* That the one became the other by growing. */
static int growth_judge(const struct witness *w, const struct checkpoint *last,
			const struct evidence *newest, struct fault *f)
{
	const struct tree_head *from = &last->head, *to = &newest->checkpoint.head;
	static char proof[LIMIT_PROOF];
	struct fault why;
	int rc;

	if (to->size < from->size)
		return fault_set(
			f, EREMCHG,
			"the log became smaller: %" PRIu64 " records were anchored, and the "
			"newest checkpoint is of %" PRIu64,
			from->size, to->size);
	if (to->size == from->size && memcmp(to->root, from->root, TREE_HASH) != 0)
		return fault_set(f, EREMCHG,
				 "the log was rewritten: of the %" PRIu64
				 " records that were anchored some are others now",
				 from->size);
	if (to->size == from->size)
		return 0;
	rc = prover_growth(w->directory, from, newest->note, newest->len, proof, sizeof(proof),
			   &why);
	if (rc >= 0)
		return 1;
	if (!is_verdict(rc) && rc != -ENOENT)
		return fault_set(f, -rc, "%s", why.text);
	return fault_set(f, EREMCHG,
			 "the log was rewritten, or is damaged: nothing proves that its %" PRIu64
			 " records begin with the %" PRIu64 " that were anchored: %s",
			 to->size, from->size, why.text);
}

int witness_newest(const struct witness *w, const struct anchor *a, struct evidence *ret_newest,
		   struct fault *f)
{
	const struct anchor_note *last = anchor_last(a);
	struct evidence newest = { .note = NULL };
	struct checkpoint before, now;
	struct evidence_keys keys = { .all = NULL };
	int rc;

	rc = evidence_keys(w->key, w->directory, &keys, f);
	if (rc == 0 && last)
		rc = note_judge(w, &keys, last->note, last->len, LAST, &before, f);
	if (rc == 0)
		rc = newest_get(w, last, &newest, f);
	if (rc == 0)
		rc = note_judge(w, &keys, newest.note, newest.len, "the log's newest checkpoint",
				&now, f);
	if (rc == 0)
		rc = last ? growth_judge(w, &before, &newest, f) : 1;
	evidence_keys_release(&keys);
	if (rc < 0) {
		evidence_release(&newest);
		return rc;
	}
	*ret_newest = newest;
	return rc;
}
