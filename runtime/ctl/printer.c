// SPDX-License-Identifier: GPL-2.0-or-later
/* Records on standard output, as a person or a program wants them. */
#include "ctl/printer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audit/render.h"

void printer_print(struct printer *p, const struct record *r)
{
	time_t seconds = (time_t)(r->time_ns / 1000000000);
	char date[64];
	struct tm tm;

	errno = 0;
	if (p->json) {
		render_json(stdout, r);
		return;
	}
	if (localtime_r(&seconds, &tm) && (tm.tm_yday != p->day || tm.tm_year != p->year)) {
		p->day = tm.tm_yday;
		p->year = tm.tm_year;
		strftime(date, sizeof(date), "%A %Y-%m-%d, times in %Z", &tm);
		printf("-- %s --\n", date);
	}
	if (p->seq)
		printf("#%-6" PRIu64 " ", r->seq);
	render_text(stdout, r, p->colour);
}

int printer_flush(struct fault *f)
{
	int err;

	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	err = errno ? errno : EIO;
	return fault_set(f, err, "cannot write: %s", strerror(err));
}
