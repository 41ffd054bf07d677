// SPDX-License-Identifier: GPL-2.0-or-later
/* Old segments of the log go: said in the log and signed for, and only then removed. */
#include <errno.h>
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

/* What cannot be removed is said once. */
static void retain_failed(struct drain *d, int err, const struct fault *f)
{
	if (err != d->retain_error)
		say("old records of the audit log stay: %s", f->text);
	d->retain_error = err;
}

/* Says in the log what is to go, if anything is. */
static void retain_plan(struct drain *d, const struct segment_dir *dir)
{
	struct retention_plan plan;
	struct fault f = { "" };
	char text[200];
	int rc;

	rc = retention_plan(dir, &d->options.keep, wall_time(), ledger_covered(d->ledger), d->boot,
			    &d->oldest, &plan, &f);
	if (rc < 0)
		retain_failed(d, rc, &f);
	if (rc != 1)
		return;
	retention_text(&plan, text, sizeof(text));
	d->retain_note = d->next_seq;
	drain_note(d, DAEMON_PRUNED, plan.last, text);
	if (!d->error && d->next_seq > d->retain_note)
		d->retain_last = plan.last;
}

void drain_retain(struct drain *d)
{
	const struct retention *keep = &d->options.keep;
	const uint64_t now = drain_boot_time();
	struct segment_dir dir;
	struct fault f = { "" };
	int rc;

	if ((!keep->age_ns && !keep->bytes) || d->error || d->sign_error)
		return;
	/* Not at once: a machine that has only just started may not have the right time yet. */
	if (!d->retain_at)
		d->retain_at = now + LIMIT_RETAIN_S * NS;
	if (now < d->retain_at)
		return;
	d->retain_at = now + LIMIT_RETAIN_S * NS;
	rc = segment_dir_open(d->options.directory, &dir, &f);
	if (rc) {
		retain_failed(d, rc, &f);
		return;
	}
	if (!d->retain_last)
		retain_plan(d, &dir);
	if (d->retain_last && ledger_checkpoint(d->ledger, now) == 0 &&
	    ledger_covered(d->ledger) >= d->retain_note) {
		rc = retention_remove(&dir, d->retain_last, &f);
		if (rc) {
			retain_failed(d, rc, &f);
		} else {
			d->retain_last = 0;
			d->retain_error = 0;
			/* There may be another: one is read at a time, so that the rings do not wait. */
			d->retain_at = now;
		}
	}
	segment_dir_close(&dir);
}
