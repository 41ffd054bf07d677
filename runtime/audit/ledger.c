// SPDX-License-Identifier: GPL-2.0-or-later
/* The log as evidence: what is appended is hashed, and signed for at intervals. */
#include "audit/ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/checkpoint.h"
#include "audit/ledger_recover.h"
#include "audit/trail.h"
#include "base/limits.h"

#define NS 1000000000ULL

struct ledger {
	struct segment_dir dir;
	const char *directory;
	struct segment_writer *segments;
	struct leaves_writer *leaves;
	struct tree_hasher *hasher;
	struct trail_writer trail;
	struct note_key key;
	uint64_t flushed; /* records in the segments */
	uint64_t covered; /* of these, by a checkpoint */
	uint64_t last_ns; /* of the last checkpoint */
	uint64_t segment; /* that was written to last */
	bool sealed;	  /* one was full since the last checkpoint */
	bool behind;	  /* hashes of what is flushed are missing */
	bool doubtful;	  /* of those after the last checkpoint some may not get to the disk */
};

static int ledger_resume(struct ledger *l, struct ledger_found *found, struct fault *f)
{
	struct ledger_end end;
	uint64_t size;
	int rc;

	l->flushed = found->tail.next_seq - 1;
	rc = segment_dir_open(l->directory, &l->dir, f);
	if (rc == 0)
		rc = ledger_recover(&l->dir, l->directory, &l->key.verifier, l->flushed, &l->leaves,
				    &end, f);
	if (rc == 0)
		rc = trail_writer_open(&l->trail, &l->dir, &size, f);
	if (rc)
		return rc;
	l->covered = end.covered;
	if (l->covered < l->flushed) {
		rc = segment_confirm(l->segments, l->covered);
		if (rc)
			return fault_set(f, -rc,
					 "%s: what no checkpoint covers cannot be put on disk: %s",
					 l->dir.shown, strerror(-rc));
	}
	found->covered = end.covered;
	found->hashed = end.hashed;
	found->changed = end.changed;
	return 0;
}

int ledger_open(const struct ledger_options *options, struct ledger **ret_ledger,
		struct ledger_found *ret_found, struct fault *f)
{
	struct ledger *l = calloc(1, sizeof(*l));
	int rc;

	if (!l)
		return fault_set(f, ENOMEM, "not enough memory for the audit log");
	memset(ret_found, 0, sizeof(*ret_found));
	l->dir.fd = l->trail.fd = -1;
	l->directory = options->segments.directory;
	l->key = *options->key;
	rc = tree_hasher_create(&l->hasher);
	if (rc)
		fault_set(f, -rc, "cannot prepare the log's hashes: %s", strerror(-rc));
	else
		rc = segment_open_with(&options->segments, &l->segments, &ret_found->tail, f);
	if (rc == 0)
		rc = ledger_resume(l, ret_found, f);
	if (rc) {
		ledger_close(l);
		return rc;
	}
	*ret_ledger = l;
	return 0;
}

void ledger_close(struct ledger *l)
{
	if (!l)
		return;
	/* As in segment_close(): there is nobody left to tell. But what a failed sync was
	 * about is written again by the next attempt, and there is no other. */
	if (l->leaves && l->trail.fd >= 0 && ledger_flush(l) == 0)
		(void)!(ledger_checkpoint(l, 0) && ledger_checkpoint(l, 0));
	leaves_writer_close(l->leaves);
	trail_writer_close(&l->trail);
	segment_close(l->segments);
	segment_dir_close(&l->dir);
	tree_hasher_free(l->hasher);
	note_key_wipe(&l->key);
	free(l);
}

int ledger_append(struct ledger *l, struct record *r)
{
	return segment_append(l->segments, r);
}

int ledger_sync(struct ledger *l)
{
	return segment_sync(l->segments);
}

int ledger_sync_begin(const struct ledger *l, struct segment_mark *ret_mark)
{
	return segment_sync_begin(l->segments, ret_mark);
}

int ledger_sync_end(struct ledger *l, const struct segment_mark *mark, int result)
{
	return segment_sync_end(l->segments, mark, result);
}

/* Of frames that we have written ourselves: their extents are right. */
static int ledger_hash(struct ledger *l, const struct segment_written *written)
{
	uint8_t hash[TREE_HASH];
	size_t at = 0;
	int len, rc = 0;

	while (rc == 0 && at < written->len) {
		const bool first = at == 0 && written->header;

		len = record_extent(written->frames + at, written->len - at);
		if (len <= 0)
			return -EIO;
		rc = tree_leaf(l->hasher,
			       (struct tree_bytes[]){
				       { written->header, first ? SEGMENT_HEADER : 0 },
				       { written->frames + at, (size_t)len },
			       },
			       2, hash);
		if (rc == 0)
			rc = leaves_append(l->leaves, written->segment, hash);
		at += (size_t)len;
	}
	return rc ? rc : leaves_flush(l->leaves);
}

static int hashes_open(struct ledger *l, uint64_t records)
{
	leaves_writer_close(l->leaves);
	l->leaves = NULL;
	return leaves_writer_open(l->directory, records, &l->leaves, NULL, NULL);
}

/* The writer of hashes makes what is missing from the segments when it is opened. */
static int ledger_catch_up(struct ledger *l)
{
	int rc = l->doubtful ? hashes_open(l, l->covered) : 0;

	l->behind = true;
	if (rc == 0)
		rc = hashes_open(l, l->flushed);
	if (rc)
		return rc;
	l->behind = l->doubtful = false;
	return 0;
}

int ledger_flush(struct ledger *l)
{
	struct segment_written written;
	int rc = segment_flush_told(l->segments, &written);

	if (rc)
		return rc;
	if (written.len) {
		l->flushed = segment_next_seq(l->segments) - 1;
		l->sealed |= l->segment && l->segment != written.segment;
		l->segment = written.segment;
	}
	/* It may have been a sync. */
	if (!l->behind && written.len && ledger_hash(l, &written) != 0)
		l->behind = l->doubtful = true;
	return l->behind ? ledger_catch_up(l) : 0;
}

bool ledger_due(const struct ledger *l, uint64_t now_ns)
{
	const uint64_t open = l->flushed - l->covered;

	if (!open)
		return false;
	if (now_ns - l->last_ns >= LIMIT_CHECKPOINT_S * NS)
		return true;
	return (open >= LIMIT_UNSIGNED || l->sealed) &&
	       now_ns - l->last_ns >= LIMIT_CHECKPOINT_GAP * NS;
}

static int ledger_sign(struct ledger *l, char *note, size_t size)
{
	struct checkpoint c = { .head = { .size = leaves_edge(l->leaves)->size } };
	char text[sizeof(c.origin) + 128];
	int len, rc;

	strcpy(c.origin, l->key.verifier.name);
	rc = tree_root(l->hasher, leaves_edge(l->leaves), c.head.root);
	if (rc)
		return rc;
	len = checkpoint_encode(&c, text, sizeof(text));
	return len < 0 ? len : note_sign(&l->key, text, (size_t)len, note, size);
}

int ledger_checkpoint(struct ledger *l, uint64_t now_ns)
{
	char note[1024];
	uint64_t size;
	int len, rc;

	if (l->flushed == l->covered)
		return 0;
	/* First: hashes that are made again are made of what is in the files. */
	rc = segment_sync(l->segments);
	if (rc == 0 && l->doubtful)
		rc = ledger_catch_up(l);
	if (rc)
		return rc;
	if (l->behind || !l->leaves)
		return -EIO;
	size = leaves_edge(l->leaves)->size;
	rc = leaves_sync(l->leaves);
	if (rc) {
		l->doubtful = true;
		return rc;
	}
	len = ledger_sign(l, note, sizeof(note));
	if (len < 0)
		return len;
	rc = trail_append(&l->trail, note, (size_t)len);
	if (rc)
		return rc;
	rc = trail_sync(&l->trail);
	if (rc)
		return rc;
	l->covered = size;
	l->last_ns = now_ns;
	l->sealed = false;
	return 0;
}

uint64_t ledger_covered(const struct ledger *l)
{
	return l->covered;
}
