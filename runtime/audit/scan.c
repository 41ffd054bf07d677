// SPDX-License-Identifier: GPL-2.0-or-later
/* The records of a log that a filter asks for: which segments are read, and from which end. */
#include "audit/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/listing.h"
#include "audit/segment.h"
#include "audit/segment_file.h"

/* A segment, by its beginning. */
struct beginning {
	bool known; /* and so are the others */
	uint8_t boot[16];
	uint64_t time_ns; /* of the first record */
	int64_t offset;	  /* of the wall's clock from the boot's */
};

struct scan {
	struct scan_options options;
	struct segment_reader *reader;
	struct listing segments; /* that there were at the beginning */
	bool *skip;		 /* of each; owned */
	size_t at;		 /* of the segment that is read, or that comes first */
	uint64_t left_out;	 /* matching records before those that are asked for */
	int rc;			 /* of the count, to be told at the end; 0: none */
	struct fault fault;
	struct scan_stats stats;
};

/* CLOCK_BOOTTIME, if the kernel made it. */
static bool boottime_of(const struct record *r, uint64_t *ret_ns)
{
	if (r->type == RECORD_EVENT)
		*ret_ns = r->u.event.time_ns;
	else if (r->type == RECORD_LIFECYCLE)
		*ret_ns = r->u.lifecycle.time_ns;
	else
		return false;
	return *ret_ns != 0;
}

/* Whatever is wrong with a segment is found when it is read: here it is not known. */
static void beginning_read(const struct segment_dir *d, struct segment_cursor *cursor,
			   uint64_t first_seq, struct beginning *b)
{
	struct segment_header header;
	struct record r;
	uint64_t boot_ns;
	int fd, i;

	*b = (struct beginning){ 0 };
	fd = segment_file_open(d, first_seq, O_RDONLY, NULL);
	if (fd < 0)
		return;
	if (segment_header_read(d, fd, first_seq, &header, NULL) == 1) {
		segment_cursor_reset(cursor, fd);
		for (i = 0; i < SCAN_PROBE && segment_cursor_next(cursor, &r) == 1; i++) {
			if (i == 0) {
				b->time_ns = r.time_ns;
				memcpy(b->boot, r.boot, sizeof(b->boot));
			}
			if (memcmp(b->boot, r.boot, sizeof(b->boot)) != 0)
				break;
			if (boottime_of(&r, &boot_ns)) {
				b->offset = (int64_t)(r.time_ns - boot_ns);
				b->known = true;
				break;
			}
		}
	}
	close(fd);
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Whether none of the records from one beginning to the next can be of a time that is asked for. */
static bool times_apart(const struct filter *filter, const struct beginning *from,
			const struct beginning *to)
{
	uint64_t least, most, slack = SCAN_MARGIN_NS;

	if (!from->known || !to->known || memcmp(from->boot, to->boot, sizeof(to->boot)) != 0)
		return false;
	if (to->offset < from->offset)
		slack = sum(slack, (uint64_t)from->offset - (uint64_t)to->offset);
	least = from->time_ns < to->time_ns ? from->time_ns : to->time_ns;
	most = from->time_ns < to->time_ns ? to->time_ns : from->time_ns;
	return sum(most, slack) < filter_since(filter) ||
	       (least > slack && least - slack >= filter_until(filter));
}

/* Which segments need not be read for their times. */
static int skip_plan(struct scan *s, const struct segment_dir *d)
{
	const struct filter *filter = s->options.filter;
	struct segment_cursor cursor;
	struct beginning from, to;
	size_t i;
	int rc;

	if (s->segments.count < 2 || s->options.thorough || filter_has_below(filter) ||
	    (filter_since(filter) == 0 && filter_until(filter) == UINT64_MAX))
		return 0;
	rc = segment_cursor_open(&cursor, -1);
	if (rc)
		return rc;
	beginning_read(d, &cursor, s->segments.numbers[0], &from);
	for (i = 1; i < s->segments.count; i++) {
		beginning_read(d, &cursor, s->segments.numbers[i], &to);
		s->skip[i - 1] = times_apart(filter, &from, &to);
		from = to;
	}
	segment_cursor_close(&cursor);
	return 0;
}

/* Goes to segment `at`, or to the next one that is to be read. */
static int segment_go(struct scan *s, size_t at, struct fault *f)
{
	int rc;

	while (s->skip[at])
		at++;
	s->at = at;
	rc = segment_reader_seek(s->reader, s->segments.numbers[at], f);
	/* It has no record yet: from the one before it, reading comes to it once it has. */
	if (rc == 0 && at > 0 && at + 1 == s->segments.count)
		rc = segment_reader_seek(s->reader, s->segments.numbers[at - 1], f);
	return rc < 0 ? rc : 0;
}

/* The next record, past what is skipped. */
static int record_next(struct scan *s, struct record *ret_record, struct fault *f)
{
	int rc;

	if (s->at + 1 < s->segments.count && s->stats.seq + 1 == s->segments.numbers[s->at + 1]) {
		s->at++;
		rc = s->skip[s->at] ? segment_go(s, s->at, f) : 0;
		if (rc)
			return rc;
	}
	rc = segment_read(s->reader, ret_record, f);
	if (rc == 1) {
		s->stats.records++;
		s->stats.seq = ret_record->seq;
		s->stats.time_ns = ret_record->time_ns;
	}
	return rc;
}

static int record_judge(struct scan *s, const struct record *r, struct fault *f)
{
	int rc = filter_note(s->options.filter, r);

	if (rc == 0)
		rc = r->seq > s->options.after ? filter_match(s->options.filter, r) : 0;
	if (rc == -E2BIG)
		return fault_set(f, E2BIG, "too many agents below those that are asked for");
	return rc < 0 ? fault_set(f, -rc, "not enough memory") : rc;
}

/* How many match of one segment; those that come after it are not read. */
static int segment_count(struct scan *s, size_t at, uint64_t *ret_count, struct fault *f)
{
	uint64_t end = at + 1 < s->segments.count ? s->segments.numbers[at + 1] : UINT64_MAX;
	struct record r = { 0 };
	int rc;

	*ret_count = 0;
	rc = segment_reader_seek(s->reader, s->segments.numbers[at], f);
	if (rc <= 0)
		return rc;
	s->stats.seq = s->segments.numbers[at] - 1;
	while (rc >= 0 && s->stats.seq + 1 < end) {
		rc = segment_read(s->reader, &r, f);
		if (rc != 1)
			break;
		s->stats.records++;
		s->stats.seq = r.seq;
		/* It was removed meanwhile, and this is of a later one. */
		if (r.seq >= end)
			break;
		rc = record_judge(s, &r, f);
		if (rc > 0)
			++*ret_count;
	}
	return rc < 0 ? rc : 0;
}

/* From the newest segment on, until there are enough: that is where reading begins. */
static int count_backwards(struct scan *s, struct fault *f)
{
	uint64_t found = 0, count;
	size_t at = s->segments.count;
	int rc;

	do {
		at--;
		if (s->skip[at] || (at + 1 < s->segments.count &&
				    s->segments.numbers[at + 1] <= s->options.after + 1))
			continue;
		rc = segment_count(s, at, &count, f);
		if (rc == -ENOMEM || rc == -E2BIG)
			return rc;
		if (rc && at + 1 < s->segments.count) {
			/* What is wrong there is told in the end. */
			s->rc = rc;
			s->fault = *f;
			at++;
			break;
		}
		found += count;
	} while (at > 0 && found < s->options.last);
	s->left_out = found > s->options.last ? found - s->options.last : 0;
	s->at = at;
	return 0;
}

/* With agents below others, all records are to be seen in their order. */
static int count_forwards(struct scan *s, struct fault *f)
{
	struct record r = { 0 };
	uint64_t found = 0;
	int rc;

	/* What is wrong with the log is told when this is read again, to be shown. */
	while (segment_read(s->reader, &r, f) == 1) {
		s->stats.records++;
		rc = record_judge(s, &r, f);
		if (rc < 0)
			return rc;
		found += (uint64_t)rc;
	}
	s->left_out = found > s->options.last ? found - s->options.last : 0;
	filter_restart(s->options.filter);
	return 0;
}

static int scan_begin(struct scan *s, struct fault *f)
{
	const bool below = filter_has_below(s->options.filter);
	int rc = 0;

	if (!s->segments.count)
		return 0;
	/* Those before `after` are not asked for. */
	while (!below && s->at + 1 < s->segments.count &&
	       s->segments.numbers[s->at + 1] <= s->options.after + 1)
		s->at++;
	if (s->options.last != UINT64_MAX)
		rc = below ? count_forwards(s, f) : count_backwards(s, f);
	s->stats.seq = s->stats.time_ns = 0;
	return rc ? rc : segment_go(s, s->at, f);
}

int scan_open(const struct scan_options *options, struct scan **ret_scan, struct fault *f)
{
	struct segment_dir d = { .fd = -1 };
	struct scan *s;
	size_t i;
	int rc;

	s = calloc(1, sizeof(*s));
	if (!s)
		return fault_set(f, ENOMEM, "not enough memory");
	s->options = *options;
	rc = segment_reader_open(options->directory, &s->reader, f);
	if (!rc)
		rc = segment_dir_open(options->directory, &d, f);
	if (!rc)
		rc = listing_read(&d, ".seg", &s->segments, f);
	if (rc)
		goto failed;
	s->skip = calloc(s->segments.count + 1, sizeof(*s->skip));
	if (!s->skip || skip_plan(s, &d) != 0) {
		rc = fault_set(f, ENOMEM, "not enough memory");
		goto failed;
	}
	s->stats.segments = s->segments.count;
	for (i = 0; i < s->segments.count; i++)
		s->stats.segments_skipped += s->skip[i];
	rc = scan_begin(s, f);
	if (rc)
		goto failed;
	segment_dir_close(&d);
	*ret_scan = s;
	return 0;

failed:
	segment_dir_close(&d);
	scan_close(s);
	return rc;
}

void scan_close(struct scan *s)
{
	if (!s)
		return;
	segment_reader_close(s->reader);
	listing_release(&s->segments);
	free(s->skip);
	free(s);
}

int scan_next(struct scan *s, struct record *ret_record, struct fault *f)
{
	struct record r = { 0 };
	int rc;

	while ((rc = record_next(s, &r, f)) == 1) {
		rc = record_judge(s, &r, f);
		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		if (s->left_out) {
			s->left_out--;
			continue;
		}
		*ret_record = r;
		return 1;
	}
	if (rc == 0 && s->rc) {
		*f = s->fault;
		rc = s->rc;
		s->rc = 0;
	}
	return rc;
}

void scan_stats(const struct scan *s, struct scan_stats *ret_stats)
{
	*ret_stats = s->stats;
}
