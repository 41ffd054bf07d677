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
	case -EKEYEXPIRED:
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

/* One look at the log, and what all of it needs. */
struct look {
	const struct witness *w;
	struct evidence_keys keys; /* that were given */
	struct witness_memory *m;
};

void witness_memory_release(struct witness_memory *m)
{
	keychain_release(&m->chain);
	*m = (struct witness_memory){ .led_to = NULL };
}

/* Reads the log's checkpoints for the keys that the newest that was given leads to. */
static int chain_read(const struct look *l, struct fault *f)
{
	const struct note_verifier *trusted = evidence_key(&l->keys);
	struct segment_dir d = { .fd = -1 };
	struct trail *trail = NULL;
	struct keychain chain;
	int rc;

	witness_memory_release(l->m);
	rc = segment_dir_open(l->w->directory, &d, f);
	if (rc)
		return rc;
	rc = trail_open(&d, &trail, f);
	if (rc)
		goto closed;
	rc = keychain_read(trail, trusted, &chain);
	trail_close(trail);
	if (rc == -E2BIG)
		rc = fault_set(f, EBADMSG,
			       "%s/" TRAIL_NAME ": no checkpoints, or more than %d changes of the "
			       "key",
			       d.shown, LIMIT_KEYS);
	else if (rc)
		fault_set(f, -rc, "%s/" TRAIL_NAME ": %s", d.shown, strerror(-rc));
	else
		*l->m = (struct witness_memory){ .trusted = *trusted, .chain = chain };
closed:
	segment_dir_close(&d);
	return rc;
}

/* Who of the chain it is by, and may it. */
static int chain_find(const struct keychain *chain, const char *note, size_t len, const char *what,
		      size_t *ret_at, struct fault *f)
{
	struct checkpoint c;
	size_t text;
	int rc = -ENOKEY;

	if (note_split(note, len, &text) == 0 && checkpoint_parse(note, text, &c) == 0)
		rc = keychain_open(chain, note, len, &c, ret_at);
	if (rc == -EKEYEXPIRED)
		return fault_set(f, EKEYEXPIRED,
				 "%s, of %" PRIu64
				 " records, is signed by a key of the log whose turn it was not",
				 what, c.head.size);
	if (rc && rc != -ENOKEY)
		return fault_set(f, -rc, "%s: the signature cannot be checked: %s", what,
				 strerror(-rc));
	return rc;
}

/* The same, with a chain that is read when it has to be. -ENOKEY, without words: by none of it. */
static int chain_judge(const struct look *l, const char *note, size_t len, const char *what,
		       size_t *ret_at, struct fault *f)
{
	const struct note_verifier *trusted = evidence_key(&l->keys);
	const struct witness_memory *m = l->m;
	int rc = -ENOKEY;

	if (m->chain.count && strcmp(m->trusted.name, trusted->name) == 0 &&
	    memcmp(m->trusted.key, trusted->key, sizeof(trusted->key)) == 0)
		rc = chain_find(&m->chain, note, len, what, ret_at, f);
	if (rc != -ENOKEY)
		return rc;
	/* The key may have been changed since, once more. */
	rc = chain_read(l, f);
	return rc ? rc : chain_find(&m->chain, note, len, what, ret_at, f);
}

/* Whose signatures count is decided here alone. */
static int note_judge(const struct look *l, const char *note, size_t len, const char *what,
		      struct checkpoint *ret_checkpoint, struct fault *f)
{
	const struct note_verifier *signer;
	struct evidence_keys one;
	size_t at = 0;
	int rc =
		evidence_judge(&l->keys, l->w->origin, note, len, what, ret_checkpoint, &signer, f);

	l->m->led_to = NULL;
	if (rc == -ENOKEY) {
		struct fault why = *f;

		rc = chain_judge(l, note, len, what, &at, f);
		if (rc == -ENOKEY)
			return fault_set(f, EREMCHG, "%s, nor by one that it handed over to",
					 why.text);
		if (rc == 0) {
			l->m->led_to = &l->m->chain.keys[at];
			one = (struct evidence_keys){ &l->m->chain.keys[at].verifier, 1 };
			rc = evidence_judge(&one, l->w->origin, note, len, what, ret_checkpoint,
					    &signer, f);
		}
	}
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

int witness_newest(const struct witness *w, struct witness_memory *m, const struct anchor *a,
		   struct evidence *ret_newest, struct fault *f)
{
	const struct anchor_note *last = anchor_last(a);
	struct look l = { .w = w, .m = m };
	struct evidence newest = { .note = NULL };
	struct checkpoint before, now;
	int rc;

	rc = evidence_keys(w->key, w->directory, &l.keys, f);
	if (rc == 0 && last)
		rc = note_judge(&l, last->note, last->len, LAST, &before, f);
	if (rc == 0)
		rc = newest_get(w, last, &newest, f);
	if (rc == 0)
		rc = note_judge(&l, newest.note, newest.len, "the log's newest checkpoint", &now,
				f);
	if (rc == 0)
		rc = last ? growth_judge(w, &before, &newest, f) : 1;
	evidence_keys_release(&l.keys);
	if (rc < 0) {
		evidence_release(&newest);
		return rc;
	}
	*ret_newest = newest;
	return rc;
}
