// SPDX-License-Identifier: GPL-2.0-or-later
/* The log as evidence: what is appended is hashed, and signed for at intervals. */
#include "audit/ledger.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/checkpoint.h"
#include "audit/key_file.h"
#include "audit/keychain.h"
#include "audit/ledger_recover.h"
#include "audit/trail.h"
#include "base/limits.h"

#define NS 1000000000ULL

/* Of a last checkpoint: the segment, the hashes of each tier, their directory, the trail; and one. */
#define LAST_TRIES (TREE_TIERS + 4)

struct ledger {
	struct segment_dir dir;
	const char *directory;
	struct segment_writer *segments;
	struct leaves_writer *leaves;
	struct tree_hasher *hasher;
	struct trail_writer trail;
	struct note_key key;
	struct note_verifier before; /* whose change is not at its end */
	uint64_t flushed;	     /* records in the segments */
	uint64_t covered;	     /* of these, by a checkpoint */
	uint64_t last_ns;	     /* of the last checkpoint */
	uint64_t segment;	     /* that was written to last */
	bool sealed;		     /* one was full since the last checkpoint */
	bool behind;		     /* hashes of what is flushed are missing */
	bool unsure;		     /* which key the trail on disk names */
	bool unfinished;	     /* the key was changed, and the one before may be there */
	bool doubtful; /* of those after the last checkpoint some may not get to the disk */
};

/* A log that has been signed for keeps its key: without it, it goes on under no other. */
static int ledger_key(struct ledger *l, const struct note_key *given, struct ledger_found *found,
		      struct fault *f)
{
	int rc;

	if (given) {
		l->key = *given;
		return 0;
	}
	rc = rotation_resume(&l->dir, l->directory, &found->rotation, f);
	if (rc)
		return rc;
	rc = key_file_open(l->directory, faccessat(l->dir.fd, TRAIL_NAME, F_OK, 0) != 0, &l->key,
			   &found->key_made, f);
	if (rc == -ENOENT)
		fault_set(f, ENOENT,
			  "%.200s" KEY_FILE_SECRET
			  " is missing, and the log is signed with it: put it back, or keep "
			  "the log elsewhere, with %.200s" KEY_FILE_PUBLIC ", to begin a new one",
			  l->dir.shown, l->dir.shown);
	return rc;
}

static int ledger_resume(struct ledger *l, const struct note_key *key, struct ledger_found *found,
			 struct fault *f)
{
	struct ledger_end end;
	uint64_t size;
	int rc;

	l->flushed = found->tail.next_seq - 1;
	rc = segment_dir_open(l->directory, &l->dir, f);
	if (rc == 0)
		rc = ledger_key(l, key, found, f);
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
	rc = tree_hasher_create(&l->hasher);
	if (rc)
		fault_set(f, -rc, "cannot prepare the log's hashes: %s", strerror(-rc));
	else
		rc = segment_open_with(&options->segments, &l->segments, &ret_found->tail, f);
	if (rc == 0)
		rc = ledger_resume(l, options->key, ret_found, f);
	if (rc) {
		ledger_close(l);
		return rc;
	}
	*ret_ledger = l;
	return 0;
}

void ledger_close(struct ledger *l)
{
	unsigned int tries;

	if (!l)
		return;
	/* As in segment_close(): there is nobody left to tell. But what a failed sync was
	 * about is written again by the next attempt, and each file tells of its own. */
	if (l->leaves && l->trail.fd >= 0 && ledger_flush(l) == 0) {
		for (tries = 0; tries < LAST_TRIES && ledger_checkpoint(l, 0) != 0; tries++)
			;
	}
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

/* next: the key that this checkpoint hands over to, which signs as well; NULL: none. */
static int ledger_sign(struct ledger *l, const struct note_key *next, char *note, size_t size)
{
	struct checkpoint c = { .head = { .size = leaves_edge(l->leaves)->size } };
	char text[sizeof(c.origin) + 128 + KEYCHAIN_TEXT], line[KEYCHAIN_TEXT];
	char first[sizeof(text) + NOTE_NAME + 128];
	int len, rc;

	strcpy(c.origin, l->key.verifier.name);
	rc = tree_root(l->hasher, leaves_edge(l->leaves), c.head.root);
	if (rc)
		return rc;
	if (next) {
		const struct keychain_change change = { l->key.verifier, next->verifier };

		rc = keychain_encode(&change, line, sizeof(line));
		if (rc < 0)
			return rc;
		c.extensions = line;
		c.extensions_len = (size_t)rc;
	}
	len = checkpoint_encode(&c, text, sizeof(text));
	if (len < 0 || !next)
		return len < 0 ? len : note_sign(&l->key, text, (size_t)len, note, size);
	len = note_sign(&l->key, text, (size_t)len, first, sizeof(first));
	return len < 0 ? len : note_cosign(next, first, (size_t)len, note, size);
}

/* Waits for what was flushed, signs for it, and waits for that; behind a failure none counts as given. */
static int ledger_give(struct ledger *l, const struct note_key *next, uint64_t now_ns)
{
	char note[2048];
	uint64_t size;
	int len, rc;

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
	len = ledger_sign(l, next, note, sizeof(note));
	if (len < 0)
		return len;
	rc = trail_append(&l->trail, note, (size_t)len);
	/* What could not be cut may be all of it. */
	l->unsure = rc && next && l->trail.longer;
	if (rc)
		return l->unsure ? -EUCLEAN : rc;
	rc = trail_sync(&l->trail);
	if (rc) {
		/* One that hands over and is half there would be followed by the old key's. */
		l->unsure = next && trail_retract(&l->trail, l->trail.end) != 0;
		return l->unsure ? -EUCLEAN : rc;
	}
	l->covered = size;
	l->last_ns = now_ns;
	l->sealed = false;
	return 0;
}

int ledger_checkpoint(struct ledger *l, uint64_t now_ns)
{
	if (l->unsure)
		return -EUCLEAN;
	return l->flushed == l->covered ? 0 : ledger_give(l, NULL, now_ns);
}

/* The next key is on disk: hands over to it, or gives it up. */
static int ledger_hand_over(struct ledger *l, struct note_key *next, uint64_t now_ns,
			    struct fault *f)
{
	struct fault ignored;
	int rc = ledger_give(l, next, now_ns);

	if (rc == 0) {
		l->before = l->key.verifier;
		l->key = *next;
		l->unfinished = true;
		return 0;
	}
	if (rc == -EUCLEAN)
		return fault_set(f, EUCLEAN,
				 "%s: the disk failed while the key was changed, and nothing is "
				 "signed any more: restart agentosd",
				 l->dir.shown);
	key_file_withdraw(l->directory, &ignored);
	return fault_set(f, -rc,
			 "%s: cannot sign for the change of the key, which did not happen: %s",
			 l->dir.shown, strerror(-rc));
}

/* What the log's trail has room for, and what the key's files allow. */
static int ledger_prepare(struct ledger *l, struct note_key *next, struct fault *f)
{
	struct keychain chain = { .keys = NULL };
	struct trail *t = NULL;
	int rc = trail_open(&l->dir, &t, f);

	if (rc)
		return rc;
	rc = keychain_read(t, &l->key.verifier, &chain);
	trail_close(t);
	if (rc == 0 && chain.count > LIMIT_KEYS)
		rc = -E2BIG;
	keychain_release(&chain);
	if (rc)
		return fault_set(f, -rc, "%s: cannot change the key: %s", l->dir.shown,
				 rc == -E2BIG ? "it was changed too many times" : strerror(-rc));
	return key_file_prepare(l->directory, &l->key, next, f);
}

int ledger_rotate(struct ledger *l, uint64_t now_ns, struct note_verifier *ret_before,
		  struct note_verifier *ret_after, struct fault *f)
{
	struct note_key next = { .seed = { 0 } };
	struct fault why;
	int rc = l->unsure ? -EUCLEAN : ledger_flush(l);

	if (rc || !l->leaves)
		return fault_set(f, rc ? -rc : EIO, "%s: what is there cannot be signed for: %s",
				 l->dir.shown, strerror(rc ? -rc : EIO));
	if (!l->unfinished) {
		rc = ledger_prepare(l, &next, f);
		if (rc == 0)
			rc = ledger_hand_over(l, &next, now_ns, f);
		note_key_wipe(&next);
		if (rc)
			return rc;
	}
	rc = rotation_finish(&l->dir, l->directory, &l->key.verifier, &why);
	*ret_before = l->before;
	*ret_after = l->key.verifier;
	if (rc)
		return fault_set(f, EINPROGRESS,
				 "the new key signs, but the old one may still be there: %s",
				 why.text);
	l->unfinished = false;
	return 0;
}

uint64_t ledger_next_seq(const struct ledger *l)
{
	return segment_next_seq(l->segments);
}

uint64_t ledger_flushed(const struct ledger *l)
{
	return l->flushed;
}

uint64_t ledger_covered(const struct ledger *l)
{
	return l->covered;
}
