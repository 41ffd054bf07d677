// SPDX-License-Identifier: GPL-2.0-or-later
/* Verifying a log whose first segments were removed: by their hashes, and by the record that says so. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "audit/leaves.h"
#include "audit/record.h"
#include "audit/verify_marks.h"

/* Takes the hashes of one segment that is gone, which had so many records. 2: they are not all there. */
static int hashes_take(struct verify *v, uint64_t segment, uint64_t count, struct fault *f)
{
	char name[LISTING_NAME];
	const uint8_t *hash;
	int rc = 0;

	stored_open(v, segment);
	if (v->stored.fd < 0 || v->stored.bytes != count * TREE_HASH)
		return 2;
	while (rc == 0 && count--) {
		hash = stored_next(&v->stored);
		if (!hash)
			return 2;
		rc = tree_append(v->hasher, &v->edge, hash, NULL);
		if (rc < 0) {
			listing_name(name, segment, LEAVES_SUFFIX);
			return fault_set(f, -rc, "%s/%s: cannot hash: %s", v->dir.shown, name,
					 strerror(-rc));
		}
		v->r.records = v->edge.size;
		rc = v->edge.size == v->due ? marks_check(v, f) : 0;
	}
	return rc;
}

int pruned_walk(struct verify *v, struct fault *f)
{
	const uint64_t first = v->segments.count ? v->segments.numbers[0] : 1;
	struct listing files = { 0 };
	uint64_t next;
	size_t i;
	int rc;

	if (first == 1)
		return 0;
	/* Where they do not reach the first segment, that is one which is missing. */
	rc = listing_read(&v->dir, LEAVES_SUFFIX, &files, f);
	if (rc == -EBADMSG)
		return 0;
	for (i = 0; rc == 0 && i < files.count && files.numbers[i] < first; i++) {
		next = i + 1 < files.count && files.numbers[i + 1] < first ?
			       files.numbers[i + 1] :
			       first;
		if (files.numbers[i] != v->edge.size + 1)
			break;
		rc = hashes_take(v, files.numbers[i], next - files.numbers[i], f);
		if (rc == 0)
			v->before = files.numbers[i];
	}
	listing_release(&files);
	v->gone = v->edge.size;
	return rc == 2 ? 0 : rc;
}

void pruned_note(struct verify *v, const struct frame *frame)
{
	struct record r;

	if (!v->gone || record_decode(frame->data, frame->len, &r) <= 0 ||
	    r.type != RECORD_DAEMON || r.u.daemon.note != DAEMON_PRUNED ||
	    r.u.daemon.number >= frame->seq)
		return;
	if (r.u.daemon.number > v->told_open)
		v->told_open = r.u.daemon.number;
}

int pruned_end(struct verify *v)
{
	struct verify_result *r = &v->r;

	if (!v->gone)
		return 0;
	if (v->told >= v->gone) {
		r->pruned = v->gone;
		r->unpruned = v->told - v->gone;
		return 0;
	}
	/* It may have been said, and signed for, since the checkpoints were opened. */
	v->again = true;
	r->seq = v->told + 1;
	r->found = v->gone + 1;
	r->problem = VERIFY_MISSING;
	segment_name(r->segment, r->found);
	fault_set(
		&r->text, 0,
		"%s: records %" PRIu64 " to %" PRIu64
		" are missing, and no record that a checkpoint covers says that they were removed",
		v->dir.shown, r->seq, v->gone);
	return 1;
}
