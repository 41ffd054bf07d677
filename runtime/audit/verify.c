// SPDX-License-Identifier: GPL-2.0-or-later
/* Verifying a whole log, by a stranger: the walk over its segments, record by record. */
#include "audit/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/leaves.h"
#include "audit/verify_marks.h"

/*
 * While old segments are removed: so often with the same one first, and at most; what goes faster
 * than it is read is a fault.
 */
#define VERIFY_LOOKS	  3
#define VERIFY_LOOKS_MOST 100

void stored_open(struct verify *v, uint64_t segment)
{
	char name[LISTING_NAME];

	if (v->stored.fd >= 0)
		close(v->stored.fd);
	v->stored.at = v->stored.have = 0;
	v->stored.bytes = 0;
	listing_name(name, segment, LEAVES_SUFFIX);
	v->stored.fd = leaves_file_open(&v->dir, name, O_RDONLY, 0, &v->stored.bytes, NULL);
}

const uint8_t *stored_next(struct stored *s)
{
	ssize_t got;

	if (s->fd < 0)
		return NULL;
	if (s->have - s->at < TREE_HASH) {
		/* A multiple of a hash, unless it is the file's end. */
		got = read(s->fd, s->buf, sizeof(s->buf));
		s->at = 0;
		s->have = got < 0 ? 0 : (size_t)got;
		if (s->have < TREE_HASH)
			return NULL;
	}
	s->at += TREE_HASH;
	return s->buf + s->at - TREE_HASH;
}

/* Compares a record's hash with the one that is stored for it. */
static void stored_compare(struct verify *v, const struct frame *frame, const uint8_t *leaf)
{
	const uint8_t *stored = stored_next(&v->stored);
	struct suspect here = { .seq = frame->seq, .segment = v->frames.first_seq };

	if (!stored) {
		v->r.hashes_missing++;
		return;
	}
	if (memcmp(stored, leaf, TREE_HASH) == 0)
		return;
	here.offset = frame->offset == SEGMENT_HEADER ? 0 : frame->offset;
	if (!v->first.seq)
		v->first = here;
	if (!v->suspect.seq)
		v->suspect = here;
	v->suspect.count++;
}

static int frame_take(struct verify *v, const struct frame *frame, struct fault *f)
{
	uint8_t leaf[TREE_HASH];
	int rc;

	if (frame->seq != v->edge.size + 1) {
		v->r.found = frame->seq;
		return marks_conclude(v, VERIFY_ORDER, v->frames.first_seq, frame->offset);
	}
	rc = frames_leaf(&v->frames, frame, v->hasher, leaf);
	if (rc == 0)
		rc = tree_append(v->hasher, &v->edge, leaf, NULL);
	if (rc < 0)
		return fault_set(f, -rc, "cannot hash record %" PRIu64 ": %s", frame->seq,
				 strerror(-rc));
	stored_compare(v, frame, leaf);
	pruned_note(v, frame);
	v->r.clock_back += frame->time_ns < v->time && v->time - frame->time_ns > VERIFY_CLOCK_NS;
	v->time = frame->time_ns;
	v->r.records = v->edge.size;
	return v->edge.size == v->due ? marks_check(v, f) : 0;
}

/* What follows the last whole frame of a segment. */
static int segment_end(struct verify *v, int rc, bool last, struct fault *f)
{
	const struct frames *fr = &v->frames;

	switch (rc) {
	case 0:
		return 0;
	case -ENODATA:
		if (last) {
			v->r.torn = fr->size - fr->offset;
			return 0;
		}
		/* fallthrough */
	case -EBADMSG:
		return marks_conclude(v, VERIFY_DAMAGED, fr->first_seq, fr->offset);
	case -EPROTO:
		return marks_conclude(v, VERIFY_VERSION, fr->first_seq, fr->offset);
	default:
		return fault_set(f, -rc, "%s: segment %020" PRIu64 " cannot be read: %s",
				 v->dir.shown, fr->first_seq, strerror(-rc));
	}
}

/* A segment that does not begin as one should; opened: its own header is in order. */
static int segment_misplaced(struct verify *v, uint64_t first_seq, bool opened, uint64_t before)
{
	bool elsewhere = first_seq != v->edge.size + 1;
	int rc;

	if (!elsewhere && (!opened || v->frames.previous == before))
		return 0;
	v->r.found = first_seq;
	if (elsewhere)
		return marks_conclude(v, first_seq > v->edge.size ? VERIFY_MISSING : VERIFY_ORDER,
				      first_seq, 0);
	rc = marks_conclude(v, VERIFY_DAMAGED, first_seq, 0);
	if (v->r.problem == VERIFY_DAMAGED)
		fault_set(&v->r.text, 0,
			  "%s/%s: its header names %020" PRIu64
			  ".seg as the segment before it, which is %020" PRIu64 ".seg",
			  v->dir.shown, v->r.segment, v->frames.previous, before);
	return rc;
}

/* How much there is of a header that is not whole. */
static uint64_t header_bytes(const struct verify *v, uint64_t first_seq)
{
	char name[SEGMENT_NAME_SIZE];
	struct stat st;

	segment_name(name, first_seq);
	return fstatat(v->dir.fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? (uint64_t)st.st_size : 0;
}

/* Turns to a segment. 0: its frames are next; 1: given up; 2: there is none yet. */
static int segment_enter(struct verify *v, uint64_t first_seq, bool last, uint64_t before,
			 struct fault *f)
{
	struct fault why = { .text = "" };
	int rc = frames_open(&v->frames, &v->dir, first_seq, &why), err;

	switch (rc) {
	case 0:
		return segment_misplaced(v, first_seq, true, before);
	case -ENODATA:
		/* Its writer was only just making it. */
		if (last) {
			err = segment_misplaced(v, first_seq, false, before);
			v->r.torn = err ? 0 : header_bytes(v, first_seq);
			return err ? err : 2;
		}
		/* fallthrough */
	case -EBADMSG:
		err = marks_conclude(v, VERIFY_DAMAGED, first_seq, 0);
		break;
	case -EPROTO:
		err = marks_conclude(v, VERIFY_VERSION, first_seq, 0);
		break;
	case -ELOOP:
		err = marks_conclude(v, VERIFY_FOREIGN, first_seq, 0);
		break;
	case -ENOENT:
		/* A writer that could not finish a new segment took it away again. */
		if (last)
			return 2;
		/* fallthrough */
	default:
		v->again |= rc == -ENOENT;
		return fault_set(f, -rc, "%s", why.text);
	}
	/* What was found out about the file says more, unless another record is to blame. */
	if (err == 1 && v->r.problem != VERIFY_CHANGED)
		v->r.text = why;
	return err;
}

static int segment_walk(struct verify *v, size_t at, struct fault *f)
{
	uint64_t first_seq = v->segments.numbers[at], count;
	bool last = at + 1 == v->segments.count;
	struct frame frame;
	int rc;

	rc = segment_enter(v, first_seq, last, at ? v->segments.numbers[at - 1] : v->before, f);
	if (rc)
		return rc == 2 ? 0 : rc;
	stored_open(v, first_seq);
	while ((rc = frames_next(&v->frames, &frame)) == 1) {
		rc = frame_take(v, &frame, f);
		if (rc)
			return rc;
	}
	rc = segment_end(v, rc, last, f);
	count = v->edge.size - (first_seq - 1);
	if (rc == 0 && last && v->stored.bytes / TREE_HASH > count)
		v->r.hashes_beyond = v->stored.bytes / TREE_HASH - count;
	return rc;
}

static int verify_walk(struct verify *v, struct fault *f)
{
	int rc = marks_check(v, f);
	size_t i;

	if (rc == 0)
		rc = pruned_walk(v, f);

	for (i = 0; rc == 0 && i < v->segments.count; i++)
		rc = segment_walk(v, i, f);
	if (rc == 0)
		rc = pruned_end(v);
	return rc == 0 ? marks_end(v, f) : rc;
}

/* The checkpoints are opened first: what those of a growing log speak of is in the segments by then. */
static int verify_open(struct verify *v, struct fault *f)
{
	struct fault why;
	int rc;

	rc = segment_dir_open(v->options->directory, &v->dir, f);
	if (rc)
		return rc;
	rc = marks_open(v, f);
	if (rc)
		return rc;
	rc = listing_read(&v->dir, ".seg", &v->segments, &why);
	if (rc == -EBADMSG) {
		v->r.problem = VERIFY_FOREIGN;
		v->r.text = why;
		return 1;
	}
	return rc ? fault_set(f, -rc, "%s", why.text) : 0;
}

static int verify_init(struct verify *v, const struct verify_options *options, struct fault *f)
{
	int rc;

	v->options = options;
	v->dir.fd = v->stored.fd = v->frames.fd = -1;
	rc = frames_init(&v->frames);
	if (rc == 0)
		rc = tree_hasher_create(&v->hasher);
	return rc ? fault_set(f, -rc, "cannot prepare to verify: %s", strerror(-rc)) : 0;
}

static void verify_free(struct verify *v)
{
	frames_release(&v->frames);
	tree_hasher_free(v->hasher);
	listing_release(&v->segments);
	marks_close(v);
	if (v->stored.fd >= 0)
		close(v->stored.fd);
	segment_dir_close(&v->dir);
	free(v);
}

/* What one look at the log came to. */
struct look {
	bool again;	/* what was wrong may be so because segments were removed meanwhile */
	uint64_t first; /* segment that was there */
};

static int verify_once(const struct verify_options *options, struct verify_result *ret_result,
		       struct look *ret_look, struct fault *f)
{
	struct verify *v = calloc(1, sizeof(*v));
	int rc;

	*ret_look = (struct look){ 0 };
	if (!v)
		return fault_set(f, ENOMEM, "not enough memory to verify");
	rc = verify_init(v, options, f);
	if (rc == 0)
		rc = verify_open(v, f);
	if (rc == 0)
		rc = verify_walk(v, f);
	if (rc >= 0)
		*ret_result = v->r;
	ret_look->again = v->again;
	ret_look->first = v->segments.count ? v->segments.numbers[0] : 0;
	verify_free(v);
	return rc < 0 ? rc : 0;
}

int verify_log(const struct verify_options *options, struct verify_result *ret_result,
	       struct fault *f)
{
	unsigned int looks, same = 0;
	uint64_t before = 0;
	struct look look;
	int rc;

	for (looks = 0; looks < VERIFY_LOOKS_MOST && same < VERIFY_LOOKS; looks++) {
		rc = verify_once(options, ret_result, &look, f);
		if (!look.again)
			break;
		same = look.first == before ? same + 1 : 1;
		before = look.first;
	}
	return rc;
}
