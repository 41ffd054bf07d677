// SPDX-License-Identifier: GPL-2.0-or-later
/* Which records of a log are old enough to be removed, and removing them. */
#include "audit/retention.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit/frames.h"
#include "audit/leaves.h"
#include "audit/listing.h"
#include "audit/record.h"

static int segment_fault(const struct segment_dir *d, uint64_t segment, int rc, struct fault *f)
{
	return fault_set(f, -rc, "%s: segment %020" PRIu64 " is not removed: %s", d->shown, segment,
			 rc == -EBADMSG || rc == -ENODATA ? "it is damaged" : strerror(-rc));
}

/* Reads all of the segment, which ends with this record: what is not whole does not go. */
static int segment_look(const struct segment_dir *d, uint64_t segment, uint64_t last,
			struct retention_memory *memory, struct fault *f)
{
	struct retention_memory seen = { .segment = segment };
	struct frame frame = { 0 };
	struct record r;
	struct frames fr;
	uint64_t seq = segment;
	int rc = frames_init(&fr);

	if (rc == 0)
		rc = frames_open(&fr, d, segment, f);
	while (rc == 0 && (rc = frames_next(&fr, &frame)) == 1) {
		rc = frame.seq == seq ? 0 : -EBADMSG;
		if (frame.seq == segment)
			seen.first_ns = frame.time_ns;
		if (rc == 0 && frame.seq == last) {
			rc = record_decode(frame.data, frame.len, &r) > 0 ? 0 : -EBADMSG;
			seen.last_ns = frame.time_ns;
			memcpy(seen.boot, r.boot, sizeof(seen.boot));
		}
		seq++;
	}
	frames_release(&fr);
	if (rc == 0 && seq != last + 1)
		rc = -EBADMSG;
	if (rc)
		return segment_fault(d, segment, rc == -ENODATA ? -EBADMSG : rc, f);
	seen.told = memory->told;
	seen.note = memory->note;
	*memory = seen;
	return 0;
}

/* Its hashes are all that will be known of it. */
static int hashes_look(const struct segment_dir *d, uint64_t segment, uint64_t count,
		       struct fault *f)
{
	char name[LISTING_NAME];
	uint64_t bytes = 0;
	int fd;

	listing_name(name, segment, LEAVES_SUFFIX);
	fd = leaves_file_open(d, name, O_RDONLY, 0, &bytes, f);
	if (fd < 0)
		return fd;
	close(fd);
	if (bytes == count * TREE_HASH)
		return 0;
	return fault_set(f, EBADMSG, "%s/%s: not the hashes of %" PRIu64 " records", d->shown, name,
			 count);
}

static int bytes_count(const struct segment_dir *d, const struct listing *segments,
		       uint64_t *ret_first, uint64_t *ret_all, struct fault *f)
{
	char name[SEGMENT_NAME_SIZE];
	struct stat st;
	size_t i;

	*ret_all = 0;
	for (i = 0; i < segments->count; i++) {
		segment_name(name, segments->numbers[i]);
		if (fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			return fault_set(f, errno, "%s/%s: %s", d->shown, name, strerror(errno));
		*ret_all += (uint64_t)st.st_size;
		if (i == 0)
			*ret_first = (uint64_t)st.st_size;
	}
	return 0;
}

/* Is the oldest segment to go? last is its last record. */
static int oldest_judge(const struct segment_dir *d, const struct retention *r, uint64_t now_ns,
			const uint8_t boot[16], const struct listing *segments,
			struct retention_memory *memory, struct retention_plan *plan,
			struct fault *f)
{
	const uint64_t segment = segments->numbers[0], last = segments->numbers[1] - 1;
	uint64_t all;
	int rc;

	rc = bytes_count(d, segments, &plan->bytes, &all, f);
	if (rc == 0 && memory->segment != segment)
		rc = segment_look(d, segment, last, memory, f);
	if (rc)
		return rc;
	if (memcmp(memory->boot, boot, sizeof(memory->boot)) == 0)
		return 0;
	if (!(r->bytes && all > r->bytes) &&
	    !(r->age_ns && memory->last_ns < now_ns && now_ns - memory->last_ns > r->age_ns))
		return 0;
	rc = hashes_look(d, segment, last + 1 - segment, f);
	if (rc)
		return rc;
	plan->first = segment;
	plan->last = last;
	plan->first_ns = memory->first_ns;
	plan->last_ns = memory->last_ns;
	return 1;
}

int retention_plan(const struct segment_dir *d, const struct retention *r, uint64_t now_ns,
		   uint64_t covered, const uint8_t boot[16], struct retention_memory *memory,
		   struct retention_plan *ret_plan, struct fault *f)
{
	struct retention_plan plan = { 0 };
	struct listing segments = { 0 };
	int rc;

	rc = listing_read(d, ".seg", &segments, f);
	if (rc == 0 && segments.count > 1 && segments.numbers[1] <= covered + 1)
		rc = oldest_judge(d, r, now_ns, boot, &segments, memory, &plan, f);
	listing_release(&segments);
	if (rc == 1)
		*ret_plan = plan;
	return rc;
}

/* A day, by UTC. */
static void day_text(uint64_t time_ns, char day[32])
{
	const time_t seconds = (time_t)(time_ns / 1000000000);
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(day, 32, "%Y-%m-%d", &tm))
		strcpy(day, "?");
}

void retention_text(const struct retention_plan *plan, char *buf, size_t size)
{
	char first[32], last[32];

	day_text(plan->first_ns, first);
	day_text(plan->last_ns, last);
	snprintf(buf, size, "records %" PRIu64 " to %" PRIu64 ", %" PRIu64 " bytes, %s to %s",
		 plan->first, plan->last, plan->bytes, first, last);
}

int retention_remove(const struct segment_dir *d, uint64_t last, struct fault *f)
{
	struct listing segments = { 0 };
	char name[SEGMENT_NAME_SIZE];
	size_t i;
	int rc;

	rc = listing_read(d, ".seg", &segments, f);
	for (i = 0; rc == 0 && i + 1 < segments.count && segments.numbers[i + 1] <= last + 1; i++) {
		segment_name(name, segments.numbers[i]);
		if (unlinkat(d->fd, name, 0) != 0 && errno != ENOENT)
			rc = fault_set(f, errno, "%s/%s: cannot remove it: %s", d->shown, name,
				       strerror(errno));
	}
	listing_release(&segments);
	if (rc == 0 && fsync(d->fd) != 0)
		rc = fault_set(f, errno, "%s: %s", d->shown, strerror(errno));
	return rc;
}

static int retention_tell(struct ledger *l, const struct retention_now *now,
			  const struct retention_plan *plan, struct retention_memory *memory)
{
	struct record r = { .type = RECORD_DAEMON, .time_ns = now->wall_ns };
	int rc;

	memcpy(r.boot, now->boot, sizeof(r.boot));
	r.u.daemon.note = DAEMON_PRUNED;
	r.u.daemon.number = plan->last;
	retention_text(plan, r.u.daemon.text, sizeof(r.u.daemon.text));
	rc = ledger_append(l, &r);
	if (rc)
		return rc;
	memory->told = plan->last;
	memory->note = r.seq;
	return ledger_flush(l);
}

int retention_run(struct ledger *l, const struct segment_dir *d, const struct retention *r,
		  const struct retention_now *now, struct retention_memory *memory, struct fault *f)
{
	struct retention_plan plan;
	int rc = 0;

	if (!memory->told) {
		rc = retention_plan(d, r, now->wall_ns, ledger_covered(l), now->boot, memory, &plan,
				    f);
		if (rc != 1)
			return rc;
		rc = retention_tell(l, now, &plan, memory);
	}
	if (rc == 0)
		rc = ledger_checkpoint(l, now->boot_ns);
	/* What was told is not written yet: none is removed on that. */
	if (rc == 0 && ledger_covered(l) < memory->note)
		rc = -EAGAIN;
	if (rc)
		return fault_set(f, -rc, "%s: that they are removed cannot be signed for: %s",
				 d->shown, strerror(-rc));
	rc = retention_remove(d, memory->told, f);
	if (rc)
		return rc;
	memory->told = 0;
	return 1;
}
