// SPDX-License-Identifier: GPL-2.0-or-later
/* Proofs out of a log's files: the parts found, put together, and checked as a stranger would. */
#include "audit/prover.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/frames.h"
#include "audit/leaves.h"
#include "audit/listing.h"
#include "audit/note.h"
#include "audit/proof.h"
#include "audit/trail.h"
#include "base/limits.h"

/* What a proof is made from. */
struct prover {
	const char *directory;
	struct segment_dir dir;
	struct tree_hasher *hasher;
	struct leaves *leaves;
	struct trail *trail;
	struct listing segments;
	struct frames frames;
	union {
		struct proof_inclusion_text inclusion;
		struct proof_consistency_text consistency;
	} text;
};

static void prover_free(struct prover *p)
{
	if (!p)
		return;
	frames_release(&p->frames);
	listing_release(&p->segments);
	trail_close(p->trail);
	leaves_close(p->leaves);
	tree_hasher_free(p->hasher);
	segment_dir_close(&p->dir);
	free(p);
}

static int prover_create(const char *directory, struct prover **ret_prover, struct fault *f)
{
	struct prover *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return fault_set(f, ENOMEM, "not enough memory for a proof");
	p->directory = directory;
	p->dir.fd = p->frames.fd = -1;
	rc = frames_init(&p->frames);
	if (rc == 0)
		rc = tree_hasher_create(&p->hasher);
	if (rc)
		fault_set(f, -rc, "cannot prepare a proof: %s", strerror(-rc));
	else
		rc = segment_dir_open(directory, &p->dir, f);
	if (rc) {
		prover_free(p);
		return rc;
	}
	*ret_prover = p;
	return 0;
}

/* The hash files, which must reach as far as this. */
static int hashes_open(struct prover *p, uint64_t size, struct fault *f)
{
	uint64_t have;
	int rc = leaves_open(p->directory, TREE_TIERS, &p->leaves, f);

	if (rc)
		return rc;
	have = leaves_source(p->leaves)->size;
	if (have >= size)
		return 0;
	return fault_set(f, ENODATA,
			 "%s: there are hashes of %" PRIu64
			 " records only, and the checkpoint is of %" PRIu64
			 "; agentosd makes those that are missing when it starts",
			 p->dir.shown, have, size);
}

static int mismatch(const struct prover *p, struct fault *f)
{
	return fault_set(f, EBADMSG,
			 "%s: the stored hashes are not those that the checkpoint was given for; "
			 "`agentctl audit verify` tells more",
			 p->dir.shown);
}

/* The segment that has the record, or would. */
static int segment_turn(struct prover *p, uint64_t seq, struct fault *f)
{
	const uint64_t *numbers;
	size_t i;
	int rc;

	rc = listing_read(&p->dir, ".seg", &p->segments, f);
	if (rc)
		return rc;
	numbers = p->segments.numbers;
	if (!p->segments.count)
		return fault_set(f, ERANGE, "%s: there are no records", p->dir.shown);
	for (i = p->segments.count; i-- && numbers[i] > seq;)
		;
	if (i == SIZE_MAX)
		return fault_set(f, ERANGE,
				 "%s: record %" PRIu64 " is gone: the oldest one here is %" PRIu64,
				 p->dir.shown, seq, numbers[0]);
	rc = frames_open(&p->frames, &p->dir, numbers[i], f);
	if (rc == -ENODATA)
		rc = fault_set(f, EBADMSG, "%s: there is no record %" PRIu64 " in its segment",
			       p->dir.shown, seq);
	return rc;
}

/* Whether it has the hash that is stored for it: 1, or 0. */
static int leaf_fits(struct prover *p, const struct frame *frame, struct fault *f)
{
	const struct tree_source *source = leaves_source(p->leaves);
	uint8_t leaf[TREE_HASH], stored[TREE_HASH];
	int rc;

	rc = source->read(source->cookie, 0, frame->seq - 1, 1, stored);
	if (rc == 0)
		rc = frames_leaf(&p->frames, frame, p->hasher, leaf);
	if (rc)
		return fault_set(f, -rc, "%s: cannot hash record %" PRIu64 ": %s", p->dir.shown,
				 frame->seq, strerror(-rc));
	return memcmp(stored, leaf, sizeof(leaf)) == 0;
}

/* Finds a record that is covered; its frame stays valid until the next one is looked for. */
static int frame_get(struct prover *p, uint64_t seq, struct frame *ret_frame, struct fault *f)
{
	int rc = frames_find(&p->frames, seq, false, ret_frame);

	if (rc == 1) {
		rc = leaf_fits(p, ret_frame, f);
		if (rc)
			return rc < 0 ? rc : 0;
	}
	/* What it found was none, or the record was changed. */
	rc = frames_find(&p->frames, seq, true, ret_frame);
	if (rc == 1) {
		rc = leaf_fits(p, ret_frame, f);
		if (rc)
			return rc < 0 ? rc : 0;
		return fault_set(
			f, EBADMSG,
			"%s: record %" PRIu64
			" is not what its stored hash says; `agentctl audit verify` tells more",
			p->dir.shown, seq);
	}
	if (rc == -EPROTO)
		return fault_set(
			f, EPROTO,
			"%s: byte %" PRIu64 " of segment %020" PRIu64
			": a record of a later version of the format: upgrade this program",
			p->dir.shown, p->frames.offset, p->frames.first_seq);
	if (rc < 0 && rc != -EBADMSG && rc != -ENODATA)
		return fault_set(f, -rc, "%s: segment %020" PRIu64 ": %s", p->dir.shown,
				 p->frames.first_seq, strerror(-rc));
	return fault_set(f, EBADMSG,
			 "%s: record %" PRIu64 " was signed for and is not in segment %020" PRIu64
			 "; `agentctl audit verify` tells more",
			 p->dir.shown, seq, p->frames.first_seq);
}

/* Puts a record that no checkpoint covers into words: not yet, or there is none. */
static int uncovered(struct prover *p, uint64_t seq, uint64_t covered, struct fault *f)
{
	struct frame frame;
	uint64_t last = 0;
	int rc = segment_turn(p, seq, f);

	if (rc)
		return rc;
	while ((rc = frames_next(&p->frames, &frame)) == 1 && frame.seq < seq)
		last = frame.seq;
	if (rc == 1 && frame.seq == seq && covered)
		return fault_set(
			f, EAGAIN,
			"%s: no checkpoint covers record %" PRIu64 " yet, the newest is of %" PRIu64
			"; the next one that agentosd signs will",
			p->dir.shown, seq, covered);
	if (rc == 1 && frame.seq == seq)
		return fault_set(
			f, EAGAIN,
			"%s: there is no checkpoint yet; the first one that agentosd signs will "
			"cover record %" PRIu64,
			p->dir.shown, seq);
	if (rc == -EPROTO)
		return fault_set(f, EPROTO,
				 "%s: record %" PRIu64
				 " is of a later version of the format: upgrade this program",
				 p->dir.shown, last + 1);
	return fault_set(f, ERANGE, "%s: there is no record %" PRIu64 ", the last one is %" PRIu64,
			 p->dir.shown, seq, last ? last : p->frames.first_seq - 1);
}

/* The data of the leaf, as its hash has it. */
static int extra_set(struct prover *p, const struct frame *frame, struct fault *f)
{
	struct proof_inclusion_text *t = &p->text.inclusion;
	size_t head = frame->offset == SEGMENT_HEADER ? SEGMENT_HEADER : 0;

	if (head + frame->len > sizeof(t->extra))
		return fault_set(f, EBADMSG, "%s: record %" PRIu64 " is too long", p->dir.shown,
				 frame->seq);
	memcpy(t->extra, p->frames.header, head);
	memcpy(t->extra + head, frame->data, frame->len);
	t->extra_len = head + frame->len;
	return 0;
}

static int proof_failed(const struct prover *p, int rc, struct fault *f)
{
	if (rc == -EBADMSG || rc == -ERANGE)
		return mismatch(p, f);
	return fault_set(f, -rc, "%s: cannot make the proof: %s", p->dir.shown, strerror(-rc));
}

/* Proves what was found, and sees whether it does. */
static int record_prove(struct prover *p, const struct trail_entry *entry, struct fault *f)
{
	struct proof_inclusion_text *t = &p->text.inclusion;
	const struct tree_bytes data = { t->extra, t->extra_len };
	const struct tree_head *head = &entry->checkpoint.head;
	uint8_t leaf[TREE_HASH];
	int rc;

	rc = proof_inclusion(p->hasher, leaves_source(p->leaves), t->index, head->size, &t->proof);
	if (rc == 0)
		rc = tree_leaf(p->hasher, &data, 1, leaf);
	if (rc == 0)
		rc = proof_check_inclusion(p->hasher, &t->proof, t->index, leaf, head);
	return rc ? proof_failed(p, rc, f) : 0;
}

/* The newest checkpoint, which may cover the record or not. */
static int newest_get(struct prover *p, struct trail_entry *ret_entry, struct fault *f)
{
	int rc = trail_open(&p->dir, &p->trail, f);

	if (rc)
		return rc;
	rc = trail_newest(p->trail, ret_entry);
	if (rc == -EBADMSG)
		return fault_set(f, EBADMSG, "%s/" TRAIL_NAME ": it does not end in a checkpoint",
				 p->dir.shown);
	if (rc < 0)
		return fault_set(f, -rc, "%s/" TRAIL_NAME ": %s", p->dir.shown, strerror(-rc));
	return rc;
}

static int record_find(struct prover *p, uint64_t seq, struct trail_entry *ret_entry,
		       struct fault *f)
{
	struct frame frame;
	int rc;

	rc = newest_get(p, ret_entry, f);
	if (rc < 0)
		return rc;
	if (rc == 0 || ret_entry->checkpoint.head.size < seq)
		return uncovered(p, seq, rc ? ret_entry->checkpoint.head.size : 0, f);
	rc = hashes_open(p, ret_entry->checkpoint.head.size, f);
	if (rc == 0)
		rc = segment_turn(p, seq, f);
	if (rc == 0)
		rc = frame_get(p, seq, &frame, f);
	return rc ? rc : extra_set(p, &frame, f);
}

int prover_record(const char *directory, uint64_t seq, char *buf, size_t size, struct fault *f)
{
	struct trail_entry entry = { 0 };
	struct prover *p = NULL;
	int rc;

	if (!seq)
		return fault_set(f, ERANGE, "there is no record 0: the first one is 1");
	rc = prover_create(directory, &p, f);
	if (rc)
		return rc;
	rc = record_find(p, seq, &entry, f);
	if (rc == 0) {
		p->text.inclusion.index = seq - 1;
		p->text.inclusion.checkpoint = entry.note;
		p->text.inclusion.checkpoint_len = entry.len;
		rc = record_prove(p, &entry, f);
	}
	if (rc == 0) {
		rc = proof_inclusion_encode(&p->text.inclusion, buf, size);
		if (rc < 0)
			fault_set(f, -rc, "%s: cannot write the proof: %s", p->dir.shown,
				  strerror(-rc));
	}
	prover_free(p);
	return rc;
}

static int growth_prove(struct prover *p, const struct tree_head *from, const struct tree_head *to,
			struct fault *f)
{
	struct proof_consistency_text *t = &p->text.consistency;
	int rc = hashes_open(p, to->size, f);

	if (rc)
		return rc;
	rc = proof_consistency(p->hasher, leaves_source(p->leaves), from->size, to->size,
			       &t->proof);
	if (rc == 0)
		rc = proof_check_consistency(p->hasher, &t->proof, from, to);
	if (rc == -EBADMSG)
		return fault_set(f, EBADMSG,
				 "%s: not both checkpoints are of the log that is stored here; "
				 "`agentctl audit verify --anchor` tells of each",
				 p->dir.shown);
	return rc ? proof_failed(p, rc, f) : 0;
}

int prover_growth(const char *directory, const struct tree_head *from, const char *note, size_t len,
		  char *buf, size_t size, struct fault *f)
{
	struct checkpoint to;
	struct prover *p = NULL;
	size_t text;
	int rc;

	if (note_split(note, len, &text) != 0 || checkpoint_parse(note, text, &to) != 0)
		return fault_set(f, EINVAL, "the newer one is no checkpoint");
	if (from->size > to.head.size)
		return fault_set(f, ERANGE,
				 "the log did not shrink: the smaller checkpoint comes first, and "
				 "%" PRIu64 " is more than %" PRIu64,
				 from->size, to.head.size);
	rc = prover_create(directory, &p, f);
	if (rc)
		return rc;
	rc = growth_prove(p, from, &to.head, f);
	if (rc == 0) {
		p->text.consistency.from = from->size;
		p->text.consistency.checkpoint = note;
		p->text.consistency.checkpoint_len = len;
		rc = proof_consistency_encode(&p->text.consistency, buf, size);
		if (rc < 0)
			fault_set(f, -rc, "%s: cannot write the proof: %s", p->dir.shown,
				  strerror(-rc));
	}
	prover_free(p);
	return rc;
}
