// SPDX-License-Identifier: GPL-2.0-or-later
/* Old segments of the log go: said in the log and signed for, and only then removed. */
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "daemon/drain_state.h"
#include "daemon/say.h"

#define NS 1000000000ULL

static uint64_t wall_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * NS + (uint64_t)now.tv_nsec;
}

void drain_retain(struct drain *d)
{
	const struct retention *keep = &d->options.keep;
	struct retention_now now = { wall_time(), drain_boot_time(), { 0 } };
	struct segment_dir dir = { .fd = -1 };
	struct fault f = { "" };
	int rc;

	if ((!keep->age_ns && !keep->bytes) || d->error || d->sign_error)
		return;
	/* Not at once: a machine that has only just started may not have the right time yet. */
	if (!d->retain_at)
		d->retain_at = now.boot_ns + LIMIT_RETAIN_S * NS;
	if (now.boot_ns < d->retain_at)
		return;
	memcpy(now.boot, d->boot, sizeof(now.boot));
	rc = segment_dir_open(d->options.directory, &dir, &f);
	if (rc == 0)
		rc = retention_run(d->ledger, &dir, keep, &now, &d->oldest, &f);
	segment_dir_close(&dir);
	if (rc < 0 && rc != d->retain_error)
		say("old records of the audit log stay: %s", f.text);
	d->retain_error = rc < 0 ? rc : 0;
	/* Where one went another may go: one is read at a time, so that the rings do not wait. */
	d->retain_at = now.boot_ns + (rc == 1 ? 0 : LIMIT_RETAIN_S * NS);
}
