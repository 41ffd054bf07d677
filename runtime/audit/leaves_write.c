// SPDX-License-Identifier: GPL-2.0-or-later
/* The hash files beside the segments, as their one writer adds to them and makes what is missing. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/frames.h"
#include "audit/leaves.h"
#include "audit/listing.h"
#include "base/range.h"

#define SUBTREE (1U << TREE_TIER_BITS)

/* The end of one file. */
struct end {
	int fd;		  /* -1: not there yet */
	uint64_t count;	  /* hashes in it */
	uint8_t *pending; /* owned: those that follow */
	size_t waiting;	  /* how many */
};

struct leaves_writer {
	struct segment_dir dir;
	gid_t group; /* of the directory */
	struct tree_hasher *hasher;
	struct tree_edge edge;
	uint64_t segment; /* that the leaves' file belongs to; 0: none yet */
	bool made;	  /* a file, since the directory was last synced */
	struct end ends[TREE_TIERS];
};

/* Enough for all that a full batch of leaves completes. */
static size_t end_room(unsigned int tier)
{
	return ((size_t)LEAVES_BATCH >> (tier * TREE_TIER_BITS)) + 1;
}

static int end_flush(struct end *e)
{
	int rc = range_write(e->fd, e->pending, e->waiting * TREE_HASH, e->count * TREE_HASH);

	if (rc)
		return rc;
	e->count += e->waiting;
	e->waiting = 0;
	return 0;
}

static void end_put(struct end *e, const uint8_t hash[TREE_HASH])
{
	memcpy(e->pending + e->waiting++ * TREE_HASH, hash, TREE_HASH);
}

/* Opens, or makes, the file that this end is of. */
static int end_open(struct leaves_writer *w, unsigned int tier, uint64_t *ret_bytes,
		    struct fault *f)
{
	struct end *e = &w->ends[tier];
	char name[LISTING_NAME];

	if (tier)
		snprintf(name, sizeof(name), "tier-%u", tier);
	else
		listing_name(name, w->segment, LEAVES_SUFFIX);
	if (e->fd >= 0)
		close(e->fd);
	e->fd = leaves_file_open(&w->dir, name, O_RDWR | O_CREAT, w->group, ret_bytes, f);
	w->made |= e->fd >= 0 && !*ret_bytes;
	return e->fd < 0 ? e->fd : 0;
}

/* Opens it, and leaves at most this many hashes in it, all of them whole. */
static int end_cut(struct leaves_writer *w, unsigned int tier, uint64_t want, struct fault *f)
{
	struct end *e = &w->ends[tier];
	uint64_t bytes = 0;
	int rc;

	rc = end_open(w, tier, &bytes, f);
	if (rc)
		return rc;
	e->count = bytes / TREE_HASH < want ? bytes / TREE_HASH : want;
	if (e->count * TREE_HASH != bytes && ftruncate(e->fd, (off_t)(e->count * TREE_HASH)) != 0)
		return fault_set(f, errno, "%s: cannot cut a file of hashes: %s", w->dir.shown,
				 strerror(errno));
	return 0;
}

static int write_fault(const struct leaves_writer *w, int rc, struct fault *f)
{
	return fault_set(f, -rc, "%s: cannot write hashes: %s", w->dir.shown, strerror(-rc));
}

/* Computes the leaves that a segment's file lacks; the file is open. */
static int leaves_compute(struct leaves_writer *w, struct frames *fr, uint64_t want,
			  struct fault *f)
{
	struct end *e = &w->ends[0];
	uint8_t hash[TREE_HASH];
	struct frame frame;
	uint64_t i;
	int rc;

	rc = frames_open(fr, &w->dir, w->segment, f);
	if (rc)
		return rc == -ENODATA ? -EBADMSG : rc;
	for (i = 0; i < want; i++) {
		rc = frames_next(fr, &frame);
		if (rc == 1 && frame.seq != w->segment + i)
			rc = -EBADMSG;
		if (rc != 1) {
			rc = rc == 0 || rc == -ENODATA ? -EBADMSG : rc;
			return fault_set(f, -rc,
					 "%s: byte %" PRIu64 " of segment %020" PRIu64
					 ": record %" PRIu64 " cannot be hashed: it is %s",
					 w->dir.shown, fr->offset, w->segment, w->segment + i,
					 rc == -EBADMSG ? "damaged" : "not readable");
		}
		if (i < e->count + e->waiting)
			continue;
		rc = frames_leaf(fr, &frame, w->hasher, hash);
		if (rc == 0 && e->waiting == LEAVES_BATCH)
			rc = end_flush(e);
		if (rc)
			return write_fault(w, rc, f);
		end_put(e, hash);
	}
	rc = end_flush(e);
	/* leaves_sync() reaches the last segment's alone. */
	if (rc == 0 && fdatasync(e->fd) != 0)
		rc = -errno;
	return rc ? write_fault(w, rc, f) : 0;
}

/* One segment's file: cut to want hashes, or completed. */
static int segment_mend(struct leaves_writer *w, struct frames *fr, uint64_t segment, uint64_t want,
			uint64_t *made, struct fault *f)
{
	int rc;

	w->segment = segment;
	rc = end_cut(w, 0, want, f);
	if (rc || w->ends[0].count == want)
		return rc;
	*made += want - w->ends[0].count;
	return leaves_compute(w, fr, want, f);
}

/* Takes away files of hashes that belong to no segment, or to none below the log's end. */
static int strays_remove(struct leaves_writer *w, const struct listing *segments, uint64_t records,
			 struct fault *f)
{
	struct listing files;
	char name[LISTING_NAME];
	size_t i, at = 0;
	int rc;

	rc = listing_read(&w->dir, LEAVES_SUFFIX, &files, f);
	for (i = 0; rc == 0 && i < files.count; i++) {
		while (at < segments->count && segments->numbers[at] < files.numbers[i])
			at++;
		/* Of segments that were taken away the hashes stay. */
		if (files.numbers[i] <= records &&
		    ((at < segments->count && segments->numbers[at] == files.numbers[i]) ||
		     (!segments->count || files.numbers[i] < segments->numbers[0])))
			continue;
		listing_name(name, files.numbers[i], LEAVES_SUFFIX);
		if (unlinkat(w->dir.fd, name, 0) != 0 && errno != ENOENT)
			rc = fault_set(f, errno, "%s/%s: cannot remove it: %s", w->dir.shown, name,
				       strerror(errno));
	}
	listing_release(&files);
	return rc;
}

static int segments_mend(struct leaves_writer *w, const struct listing *segments, uint64_t records,
			 uint64_t *made, struct fault *f)
{
	struct frames fr;
	uint64_t next;
	size_t i;
	int rc;

	rc = frames_init(&fr);
	if (rc)
		return fault_set(f, -rc, "not enough memory to hash the log");
	for (i = 0; rc == 0 && i < segments->count && segments->numbers[i] <= records; i++) {
		next = i + 1 < segments->count && segments->numbers[i + 1] <= records ?
			       segments->numbers[i + 1] :
			       records + 1;
		rc = segment_mend(w, &fr, segments->numbers[i], next - segments->numbers[i], made,
				  f);
	}
	frames_release(&fr);
	return rc;
}

/* Completes a tier from the one below it. */
static int tier_mend(struct leaves_writer *w, const struct tree_source *below, unsigned int tier,
		     uint64_t want, struct fault *f)
{
	uint8_t hashes[SUBTREE * TREE_HASH], root[TREE_HASH];
	struct end *e = &w->ends[tier];
	struct tree_edge edge;
	unsigned int i;
	int rc = end_cut(w, tier, want, f);

	if (rc)
		return rc;
	while (rc == 0 && e->count + e->waiting < want) {
		edge = (struct tree_edge){ 0 };
		rc = below->read(below->cookie, tier - 1, (e->count + e->waiting) << TREE_TIER_BITS,
				 SUBTREE, hashes);
		for (i = 0; rc == 0 && i < SUBTREE; i++) {
			rc = tree_append(w->hasher, &edge, hashes + (size_t)i * TREE_HASH, NULL);
			rc = rc < 0 ? rc : 0;
		}
		if (rc == 0)
			rc = tree_root(w->hasher, &edge, root);
		if (rc == 0)
			end_put(e, root);
		if (rc == 0 && e->waiting == end_room(tier))
			rc = end_flush(e);
	}
	if (rc == 0)
		rc = end_flush(e);
	return rc ? write_fault(w, rc, f) : 0;
}

/* All leaves are there: makes what stands above them, and reads the edge. */
static int tiers_mend(struct leaves_writer *w, const char *directory, uint64_t records,
		      struct fault *f)
{
	struct leaves *l = NULL;
	unsigned int k;
	int rc = 0;

	for (k = 1; rc == 0 && k <= TREE_TIERS; k++) {
		leaves_close(l);
		l = NULL;
		/* With the tiers below this one, which are complete now. */
		rc = leaves_open(directory, k, &l, f);
		if (rc == 0 && leaves_source(l)->size != records)
			rc = fault_set(f, EBADMSG,
				       "%s: hashes are missing after record %" PRIu64
				       ", and so is the segment to make them from",
				       w->dir.shown, leaves_source(l)->size);
		if (rc || k == TREE_TIERS || !(records >> (k * TREE_TIER_BITS)))
			break;
		rc = tier_mend(w, leaves_source(l), k, records >> (k * TREE_TIER_BITS), f);
	}
	if (rc == 0) {
		rc = tree_edge_read(w->hasher, leaves_source(l), records, &w->edge);
		if (rc)
			fault_set(f, -rc, "%s: cannot read hashes: %s", w->dir.shown,
				  strerror(-rc));
	}
	leaves_close(l);
	return rc;
}

/* What is left of a tier that the log has become too short for. */
static int tiers_empty(struct leaves_writer *w, uint64_t records, struct fault *f)
{
	unsigned int k;
	char name[16];

	for (k = 1; k < TREE_TIERS; k++) {
		if (records >> (k * TREE_TIER_BITS))
			continue;
		snprintf(name, sizeof(name), "tier-%u", k);
		if (unlinkat(w->dir.fd, name, 0) != 0 && errno != ENOENT)
			return fault_set(f, errno, "%s/%s: cannot remove it: %s", w->dir.shown,
					 name, strerror(errno));
	}
	return 0;
}

static int writer_mend(struct leaves_writer *w, const char *directory, uint64_t records,
		       uint64_t *made, struct fault *f)
{
	struct listing segments;
	int rc;

	rc = listing_read(&w->dir, ".seg", &segments, f);
	if (rc)
		return rc;
	rc = strays_remove(w, &segments, records, f);
	if (rc == 0)
		rc = segments_mend(w, &segments, records, made, f);
	if (rc == 0)
		rc = tiers_empty(w, records, f);
	if (rc == 0)
		rc = tiers_mend(w, directory, records, f);
	listing_release(&segments);
	return rc;
}

static int writer_init(struct leaves_writer *w)
{
	unsigned int k;

	for (k = 0; k < TREE_TIERS; k++)
		w->ends[k].fd = -1;
	for (k = 0; k < TREE_TIERS; k++) {
		w->ends[k].pending = calloc(end_room(k), TREE_HASH);
		if (!w->ends[k].pending)
			return -ENOMEM;
	}
	return tree_hasher_create(&w->hasher);
}

int leaves_writer_open(const char *directory, uint64_t records, struct leaves_writer **ret_writer,
		       uint64_t *ret_made, struct fault *f)
{
	struct leaves_writer *w = calloc(1, sizeof(*w));
	uint64_t made = 0;
	struct stat st;
	int rc;

	if (!w)
		return fault_set(f, ENOMEM, "not enough memory for the log's hashes");
	w->dir.fd = -1;
	rc = writer_init(w);
	if (rc)
		fault_set(f, -rc, "cannot prepare the log's hashes: %s", strerror(-rc));
	else
		rc = segment_dir_open(directory, &w->dir, f);
	if (rc == 0 && fstat(w->dir.fd, &st) != 0)
		rc = fault_set(f, errno, "%s: %s", w->dir.shown, strerror(errno));
	if (rc == 0) {
		w->group = st.st_gid;
		rc = writer_mend(w, directory, records, &made, f);
	}
	if (rc) {
		leaves_writer_close(w);
		return rc;
	}
	*ret_writer = w;
	if (ret_made)
		*ret_made = made;
	return 0;
}

void leaves_writer_close(struct leaves_writer *w)
{
	unsigned int k;

	if (!w)
		return;
	for (k = 0; k < TREE_TIERS; k++) {
		if (w->ends[k].fd >= 0)
			close(w->ends[k].fd);
		free(w->ends[k].pending);
	}
	tree_hasher_free(w->hasher);
	segment_dir_close(&w->dir);
	free(w);
}

int leaves_append(struct leaves_writer *w, uint64_t segment, const uint8_t leaf[TREE_HASH])
{
	uint8_t tiers[TREE_TIERS][TREE_HASH];
	uint64_t bytes = 0;
	int rc = 0, k;

	if (!segment || (segment != w->segment && segment != w->edge.size + 1))
		return -EINVAL;
	if (segment != w->segment || w->ends[0].waiting == LEAVES_BATCH)
		rc = leaves_flush(w);
	if (rc)
		return rc;
	if (segment != w->segment) {
		/* leaves_sync() cannot reach it any more. */
		if (w->ends[0].fd >= 0 && fdatasync(w->ends[0].fd) != 0)
			return -errno;
		w->segment = segment;
		if (w->ends[0].fd >= 0)
			close(w->ends[0].fd);
		w->ends[0].fd = -1;
		w->ends[0].count = 0;
	}
	if (w->ends[0].fd < 0) {
		rc = end_open(w, 0, &bytes, NULL);
		if (rc)
			return rc;
	}
	rc = tree_append(w->hasher, &w->edge, leaf, tiers);
	if (rc < 0)
		return rc;
	for (k = 0; k < rc; k++)
		end_put(&w->ends[k], tiers[k]);
	return 0;
}

int leaves_flush(struct leaves_writer *w)
{
	unsigned int k;
	uint64_t bytes = 0;
	int rc;

	for (k = TREE_TIERS; k--;) {
		if (!w->ends[k].waiting)
			continue;
		rc = w->ends[k].fd < 0 ? end_open(w, k, &bytes, NULL) : 0;
		if (rc == 0)
			rc = end_flush(&w->ends[k]);
		if (rc)
			return rc;
	}
	return 0;
}

int leaves_sync(struct leaves_writer *w)
{
	unsigned int k;

	for (k = 0; k < TREE_TIERS; k++) {
		if (w->ends[k].fd >= 0 && fdatasync(w->ends[k].fd) != 0)
			return -errno;
	}
	if (w->made && fsync(w->dir.fd) != 0)
		return -errno;
	w->made = false;
	return 0;
}

const struct tree_edge *leaves_edge(const struct leaves_writer *w)
{
	return &w->edge;
}
