// SPDX-License-Identifier: GPL-2.0-or-later
/* What a log's writer finds of checkpoints and hashes, and how it goes on from there. */
#include "audit/ledger_recover.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "audit/frames.h"
#include "audit/keychain.h"
#include "audit/listing.h"
#include "audit/trail.h"

/* A key that has handed over signs no more, though the last checkpoint is by it, too. */
static int change_check(const struct segment_dir *d, const struct note_verifier *verifier,
			const struct trail_entry *entry, struct fault *f)
{
	struct keychain_change change;
	int rc = keychain_parse(&entry->checkpoint, &change);

	if (rc == 0 || (rc == 1 && memcmp(change.to.key, verifier->key, NOTE_KEY) == 0))
		return 0;
	return fault_set(f, ENOKEY,
			 "%s/" TRAIL_NAME
			 ": the key of this log has handed over to another, which is missing",
			 d->shown);
}

/* The last checkpoint; size 0 when there is none yet. Whose it is counts, not what it is about. */
static int checkpoint_last(const struct segment_dir *d, const struct note_verifier *verifier,
			   struct tree_head *ret_head, struct fault *f)
{
	struct trail_entry entry;
	struct trail *t = NULL;
	size_t len;
	int rc;

	memset(ret_head, 0, sizeof(*ret_head));
	rc = trail_open(d, &t, f);
	if (rc)
		return rc;
	rc = trail_last(t, &entry);
	if (rc < 0) {
		fault_set(f, -rc, "%s/" TRAIL_NAME ": byte %" PRIu64 ": no checkpoint: %s",
			  d->shown, trail_offset(t), strerror(-rc));
	} else if (rc == 1) {
		rc = note_open(verifier, entry.note, entry.len, &len);
		if (rc)
			fault_set(f, -rc,
				  "%s/" TRAIL_NAME
				  ": the last checkpoint is %s the key of this log",
				  d->shown, rc == -ENOKEY ? "not by" : "not rightly signed by");
		else
			rc = change_check(d, verifier, &entry, f);
		*ret_head = entry.checkpoint.head;
	}
	trail_close(t);
	return rc;
}

/* Compares the hashes of the records of one segment from `from` on, as far as there are any. */
static int segment_compare(struct frames *fr, const struct tree_source *stored, uint64_t from,
			   struct tree_hasher *h, uint64_t *changed)
{
	static const uint8_t zero[TREE_HASH];
	uint8_t hash[TREE_HASH], kept[TREE_HASH];
	struct frame frame;
	int rc;

	while ((rc = frames_next(fr, &frame)) == 1) {
		if (frame.seq < from)
			continue;
		if (frame.seq > stored->size)
			return 0;
		rc = frames_leaf(fr, &frame, h, hash);
		if (rc == 0)
			rc = stored->read(stored->cookie, 0, frame.seq - 1, 1, kept);
		if (rc)
			return rc;
		*changed += memcmp(hash, kept, sizeof(hash)) != 0 &&
			    memcmp(kept, zero, sizeof(zero)) != 0;
	}
	return rc == -ENODATA ? 0 : rc;
}

/* How many of the records that no checkpoint covers have another hash stored than they have. */
static int tail_compare(const struct segment_dir *d, const struct tree_source *stored,
			uint64_t covered, struct tree_hasher *h, uint64_t *changed, struct fault *f)
{
	struct listing segments = { 0 };
	struct frames fr;
	size_t i;
	int rc = frames_init(&fr);

	if (rc)
		return fault_set(f, -rc, "not enough memory to hash the log");
	rc = listing_read(d, ".seg", &segments, f);
	for (i = 0; rc == 0 && i < segments.count; i++) {
		if (i + 1 < segments.count && segments.numbers[i + 1] <= covered + 1)
			continue;
		rc = frames_open(&fr, d, segments.numbers[i], f);
		/* The last may have only been made. */
		if (rc == -ENODATA)
			rc = 0;
		else if (rc == 0)
			rc = segment_compare(&fr, stored, covered + 1, h, changed);
		if (rc)
			fault_set(f, -rc, "%s: segment %020" PRIu64 " cannot be hashed: %s",
				  d->shown, segments.numbers[i], strerror(-rc));
	}
	listing_release(&segments);
	frames_release(&fr);
	return rc;
}

/* Do the stored hashes make the tree that was signed for? */
static int head_check(const struct segment_dir *d, const struct tree_source *stored,
		      const struct tree_head *head, struct tree_hasher *h, struct fault *f)
{
	struct tree_edge edge;
	uint8_t root[TREE_HASH];
	int rc;

	if (stored->size < head->size)
		return fault_set(f, EBADMSG,
				 "%s: of %" PRIu64 " records that were signed for, the hashes of "
				 "%" PRIu64 " are gone",
				 d->shown, head->size, head->size - stored->size);
	rc = tree_edge_read(h, stored, head->size, &edge);
	if (rc == 0)
		rc = tree_root(h, &edge, root);
	if (rc)
		return fault_set(f, -rc, "%s: cannot read hashes: %s", d->shown, strerror(-rc));
	if (memcmp(root, head->root, sizeof(root)) != 0)
		return fault_set(f, EBADMSG,
				 "%s: the hashes of the first %" PRIu64
				 " records are others than those signed for",
				 d->shown, head->size);
	return 0;
}

/* Checks the hashes that there are. */
static int hashes_check(const struct segment_dir *d, const char *directory,
			const struct tree_head *head, bool tail, uint64_t *ret_changed,
			struct fault *f)
{
	struct tree_hasher *h = NULL;
	struct leaves *l = NULL;
	int rc = tree_hasher_create(&h);

	if (rc)
		return fault_set(f, -rc, "cannot hash: %s", strerror(-rc));
	rc = leaves_open(directory, TREE_TIERS, &l, f);
	if (rc == 0 && head->size)
		rc = head_check(d, leaves_source(l), head, h, f);
	if (rc == 0 && tail)
		rc = tail_compare(d, leaves_source(l), head->size, h, ret_changed, f);
	leaves_close(l);
	tree_hasher_free(h);
	return rc;
}

int ledger_recover(const struct segment_dir *d, const char *directory,
		   const struct note_verifier *verifier, uint64_t records,
		   struct leaves_writer **ret_leaves, struct ledger_end *ret_end, struct fault *f)
{
	uint64_t changed = 0, made = 0;
	struct leaves_writer *w = NULL;
	struct tree_head head;
	bool tail;
	int rc;

	rc = checkpoint_last(d, verifier, &head, f);
	if (rc)
		return rc;
	if (head.size > records)
		return fault_set(f, EBADMSG,
				 "%s: the log ends with record %" PRIu64 ", and %" PRIu64
				 " were signed for: the others are gone",
				 d->shown, records, head.size);
	/* What is missing is made; if it should have been there, the root tells whether it is right. */
	rc = leaves_writer_open(directory, records, &w, &made, f);
	if (rc)
		return rc;
	/* Files that were not synced may have zeros at their end after a crash. */
	tail = records - head.size > made;
	rc = hashes_check(d, directory, &head, tail, &changed, f);
	/* The tiers as well, also where no hash was left of what they are about: cut to what is
	 * signed for, all of it is made again. */
	if (rc == 0 && records > head.size) {
		leaves_writer_close(w);
		rc = leaves_writer_open(directory, head.size, &w, NULL, f);
		if (rc == 0) {
			leaves_writer_close(w);
			rc = leaves_writer_open(directory, records, &w, NULL, f);
		}
		if (rc)
			return rc;
	}
	if (rc) {
		leaves_writer_close(w);
		return rc;
	}
	*ret_leaves = w;
	*ret_end = (struct ledger_end){
		.covered = head.size,
		.hashed = made,
		.changed = changed,
	};
	return 0;
}
