// SPDX-License-Identifier: GPL-2.0-or-later
/* What a log is verified against: its checkpoints, the anchor, and whom to blame when they do not fit. */
#include "audit/verify_marks.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "audit/leaves.h"

static void due_set(struct verify *v)
{
	v->due = UINT64_MAX;
	if (v->next.there)
		v->due = v->next.head.size;
	if (v->anchor.there && v->anchor.head.size < v->due)
		v->due = v->anchor.head.size;
}

/* Keeps the first problem that checkpoints have: records may have a worse one. */
static void trail_blame(struct verify *v, enum verify_problem problem, const char *what)
{
	struct verify_result *r = &v->trail_problem;

	if (r->problem)
		return;
	r->problem = problem;
	r->offset = trail_offset(v->trail);
	fault_set(&r->text, 0, "%s/" TRAIL_NAME ": byte %" PRIu64 ": %s", v->dir.shown, r->offset,
		  what);
}

static const char *origin_of(const struct verify *v)
{
	return v->options->origin ? v->options->origin : v->options->verifier->name;
}

/* What keychain_judge() or keychain_open() said of a checkpoint: 0, or the problem and what it is; -EIO. */
static int note_judge(const struct verify *v, int rc, const struct checkpoint *c,
		      const char **ret_what)
{
	switch (rc) {
	case 0:
		break;
	case -EIO:
		return -EIO;
	case -EKEYREJECTED:
		*ret_what = "a checkpoint whose signature is wrong";
		return VERIFY_SIGNATURE;
	case -EBADMSG:
		*ret_what = "a change of keys that not both keys have signed, or of another key";
		return VERIFY_SIGNATURE;
	case -EKEYEXPIRED:
		*ret_what = "a checkpoint by a key of this log whose turn it was not";
		return VERIFY_SIGNATURE;
	default:
		*ret_what = "a checkpoint that is not signed by this key";
		return VERIFY_SIGNATURE;
	}
	if (strcmp(c->origin, origin_of(v)) == 0)
		return 0;
	*ret_what = "a checkpoint of another log";
	return VERIFY_ORIGIN;
}

/* The next entry of the trail, believed or not: 1, or 0 when there are no more. */
static int trail_step(struct verify *v, struct fault *f)
{
	struct trail_entry entry;
	const char *what = "";
	int rc;

	rc = trail_next(v->trail, &entry);
	switch (rc) {
	case 0:
		return 0;
	case 1:
		break;
	case -ENODATA:
		v->r.torn_trail = trail_left(v->trail);
		return 0;
	case -E2BIG:
		trail_blame(v, VERIFY_TRAIL, "no checkpoint, and no end of it");
		return 0;
	case -EBADMSG:
		trail_blame(v, VERIFY_TRAIL, "no checkpoint");
		return 1;
	default:
		return fault_set(f, -rc, "%s/" TRAIL_NAME ": %s", v->dir.shown, strerror(-rc));
	}
	rc = keychain_judge(&v->keys, &v->turn, entry.note, entry.len, &entry.checkpoint);
	rc = note_judge(v, rc, &entry.checkpoint, &what);
	if (rc < 0)
		return fault_set(f, -rc, "cannot check a signature: %s", strerror(-rc));
	if (rc) {
		trail_blame(v, (enum verify_problem)rc, what);
		return 1;
	}
	if (entry.checkpoint.head.size < v->signed_size) {
		trail_blame(v, VERIFY_TRAIL, "a checkpoint of a smaller log than the one before");
		return 1;
	}
	v->signed_size = entry.checkpoint.head.size;
	v->next = (struct mark){ true, entry.checkpoint.head };
	return 1;
}

/* Finds the next checkpoint that can be believed. */
static int trail_advance(struct verify *v, struct fault *f)
{
	int rc = 1;

	v->next.there = false;
	while (rc > 0 && !v->next.there)
		rc = trail_step(v, f);
	due_set(v);
	return rc < 0 ? rc : 0;
}

static int anchor_open(struct verify *v, struct fault *f)
{
	const char *note = v->options->anchor, *what = "no checkpoint";
	size_t len = v->options->anchor_len, text, at;
	struct checkpoint c;
	int rc = VERIFY_TRAIL;

	if (!note)
		return 0;
	if (note_split(note, len, &text) == 0 && checkpoint_parse(note, text, &c) == 0)
		rc = note_judge(v, keychain_open(&v->keys, note, len, &c, &at), &c, &what);
	if (rc < 0)
		return fault_set(f, -rc, "cannot check a signature: %s", strerror(-rc));
	if (rc) {
		v->r.problem = (enum verify_problem)rc;
		v->r.anchored = true;
		fault_set(&v->r.text, 0, "the anchored checkpoint: %s", what);
		return 1;
	}
	v->anchor = (struct mark){ true, c.head };
	return 0;
}

/* The keys that the caller's leads to, by the trail; without one it is the only one. */
static int keys_open(struct verify *v, struct fault *f)
{
	int rc = keychain_read(v->trail, v->options->verifier, &v->keys);

	/* What there is no end of is told when it is met again. */
	if (rc == -E2BIG)
		rc = keychain_read(NULL, v->options->verifier, &v->keys);
	if (rc)
		return fault_set(f, -rc, "%s/" TRAIL_NAME ": %s", v->dir.shown, strerror(-rc));
	if (v->trail)
		trail_rewind(v->trail);
	v->r.keys = v->keys.count;
	v->r.key_since = v->keys.keys[v->keys.count - 1].first;
	v->r.key = v->keys.keys[v->keys.count - 1].verifier;
	return 0;
}

int marks_open(struct verify *v, struct fault *f)
{
	struct fault why;
	int rc, opened;

	opened = trail_open(&v->dir, &v->trail, &why);
	rc = keys_open(v, f);
	if (rc == 0)
		rc = anchor_open(v, f);
	if (rc)
		return rc;
	if (opened == -ELOOP || opened == -EBADMSG) {
		v->trail_problem.problem = VERIFY_TRAIL;
		v->trail_problem.text = why;
		due_set(v);
		return 0;
	}
	return opened ? fault_set(f, -opened, "%s", why.text) : trail_advance(v, f);
}

void marks_close(struct verify *v)
{
	trail_close(v->trail);
	keychain_release(&v->keys);
}

/* Whether the hashes that are stored, true or not, make the tree that was signed for. */
static bool stored_fits(struct verify *v, const struct mark *mark)
{
	uint8_t root[TREE_HASH];
	struct leaves *l;
	bool fits;

	if (!mark->there || leaves_open(v->options->directory, 1, &l, NULL) != 0)
		return false;
	fits = tree_range_hash(v->hasher, leaves_source(l), 0, mark->head.size, root) == 0 &&
	       memcmp(root, mark->head.root, sizeof(root)) == 0;
	leaves_close(l);
	return fits;
}

/* Puts the problem into words; segment 0: it has no place. */
static int problem_set(struct verify *v, enum verify_problem problem, uint64_t segment,
		       uint64_t offset)
{
	struct verify_result *r = &v->r;

	r->problem = problem;
	r->offset = offset;
	if (segment)
		segment_name(r->segment, segment);
	return 1;
}

static int changed_set(struct verify *v, const struct suspect *s, enum verify_problem problem,
		       const char *what)
{
	v->r.seq = s->seq;
	v->r.found = 0;
	problem_set(v, problem, s->segment, s->offset);
	fault_set(&v->r.text, 0, "%s/%s: byte %" PRIu64 ": record %" PRIu64 " %s", v->dir.shown,
		  v->r.segment, s->offset, s->seq, what);
	return 1;
}

/* A mark has another root than the records: which of them, as well as can be told. */
static int mark_blame(struct verify *v, const struct mark *mark, bool anchored)
{
	const struct suspect *s = anchored ? &v->first : &v->suspect;
	struct verify_result *r = &v->r;

	r->anchored = anchored;
	if (s->seq && stored_fits(v, mark))
		return changed_set(v, s, VERIFY_CHANGED, "was changed");
	r->to = mark->head.size;
	if (anchored) {
		fault_set(&r->text, 0,
			  "%s: records 1 to %" PRIu64
			  " are not those that the anchored checkpoint was given for",
			  v->dir.shown, r->to);
		return problem_set(v, VERIFY_ANCHOR, 0, 0);
	}
	r->from = r->covered;
	fault_set(&r->text, 0,
		  "%s: of the records %" PRIu64 " to %" PRIu64
		  " some are others than were signed for, and no stored hash tells which",
		  v->dir.shown, r->from + 1, r->to);
	return problem_set(v, VERIFY_REWRITTEN, 0, 0);
}

/* Compares one mark, whose size is reached; what fits covers all records so far. */
static int mark_meet(struct verify *v, const struct mark *mark, const uint8_t root[TREE_HASH],
		     bool anchored)
{
	if (memcmp(root, mark->head.root, TREE_HASH) != 0)
		return mark_blame(v, mark, anchored);
	v->r.covered = mark->head.size;
	v->r.checkpoints++;
	v->told = v->told_open;
	v->r.hashes_wrong += v->suspect.count;
	v->suspect = (struct suspect){ 0 };
	return 0;
}

int marks_check(struct verify *v, struct fault *f)
{
	uint8_t root[TREE_HASH];
	int rc;

	if (v->due != v->edge.size)
		return 0;
	rc = tree_root(v->hasher, &v->edge, root);
	if (rc)
		return fault_set(f, -rc, "cannot hash: %s", strerror(-rc));
	while (v->next.there && v->next.head.size == v->edge.size) {
		rc = mark_meet(v, &v->next, root, false);
		if (rc == 0)
			rc = trail_advance(v, f);
		if (rc)
			return rc;
	}
	if (v->anchor.there && v->anchor.head.size == v->edge.size) {
		rc = mark_meet(v, &v->anchor, root, true);
		v->anchor.there = false;
	}
	due_set(v);
	return rc;
}

/* An earlier record to blame, of which the hashes that were signed for tell: 1. */
static int suspect_blame(struct verify *v)
{
	if (!v->suspect.seq)
		return 0;
	v->r.anchored = !stored_fits(v, &v->next);
	if (v->r.anchored && !stored_fits(v, &v->anchor)) {
		v->r.anchored = false;
		return 0;
	}
	return changed_set(v, &v->suspect, VERIFY_CHANGED, "was changed");
}

int marks_conclude(struct verify *v, enum verify_problem problem, uint64_t segment, uint64_t offset)
{
	struct verify_result *r = &v->r;

	if (suspect_blame(v))
		return 1;
	r->seq = v->edge.size + 1;
	problem_set(v, problem, segment, offset);
	switch (problem) {
	case VERIFY_MISSING:
		fault_set(&r->text, 0, "%s: records %" PRIu64 " to %" PRIu64 " are missing",
			  v->dir.shown, r->seq, r->found - 1);
		break;
	case VERIFY_ORDER:
		fault_set(&r->text, 0,
			  "%s/%s: byte %" PRIu64 ": record %" PRIu64 " stands where %" PRIu64
			  " should",
			  v->dir.shown, r->segment, offset, r->found, r->seq);
		break;
	case VERIFY_VERSION:
		fault_set(&r->text, 0,
			  "%s/%s: byte %" PRIu64 ": record %" PRIu64
			  " is of a later version of the format: upgrade this program",
			  v->dir.shown, r->segment, offset, r->seq);
		break;
	default:
		r->found = 0;
		fault_set(&r->text, 0, "%s/%s: byte %" PRIu64 ": record %" PRIu64 " is damaged",
			  v->dir.shown, r->segment, offset, r->seq);
	}
	return 1;
}

/* Marks beyond the end are left: how many records they speak of that are gone. */
static int log_truncated(struct verify *v, struct fault *f)
{
	struct verify_result *r = &v->r;
	uint64_t most = 0;
	int rc;

	if (suspect_blame(v))
		return 1;
	while (v->next.there) {
		most = v->next.head.size;
		rc = trail_advance(v, f);
		if (rc)
			return rc;
	}
	if (v->anchor.there && v->anchor.head.size > most) {
		most = v->anchor.head.size;
		r->anchored = true;
	}
	r->seq = r->records + 1;
	r->missing = most - r->records;
	fault_set(&r->text, 0,
		  "%s: the log was truncated: records %" PRIu64 " to %" PRIu64 " are missing",
		  v->dir.shown, r->seq, most);
	return problem_set(v, VERIFY_TRUNCATED, 0, 0);
}

int marks_end(struct verify *v, struct fault *f)
{
	struct verify_result *r = &v->r, *trail = &v->trail_problem;

	if (v->next.there || v->anchor.there)
		return log_truncated(v, f);
	if (v->suspect.seq)
		return changed_set(v, &v->suspect, VERIFY_TAIL,
				   "is not what its stored hash says, and no checkpoint covers it");
	if (!trail->problem)
		return 0;
	r->problem = trail->problem;
	r->offset = trail->offset;
	r->text = trail->text;
	return 1;
}
