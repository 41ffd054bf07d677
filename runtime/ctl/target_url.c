// SPDX-License-Identifier: GPL-2.0-or-later
/* A checkpoint posted to a URL, by agentos-post. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/growth.h"
#include "ctl/poster.h"
#include "ctl/target.h"
#include "rpc/posting.h"

#define GRACE_MS 5000 /* for agentos-post to tell that it has given up */

static int settings_put(FILE *out, const struct target *t, const struct target_options *o,
			struct fault *f)
{
	uint64_t ms = (o->give_up_ns + 999999) / 1000000;
	size_t i;

	if (posting_put(out, "url", t->name) != 0)
		return fault_set(f, EINVAL, "no URL");
	posting_put(out, "header", "Content-Type: text/plain; charset=utf-8");
	for (i = 0; i < o->header_count; i++) {
		if (posting_put(out, "header", o->headers[i]) != 0)
			return fault_set(f, EINVAL, "a header has control characters in it");
	}
	if (o->ca && posting_put(out, "ca", o->ca) != 0)
		return fault_set(f, EINVAL, "--ca is no path");
	fprintf(out, "timeout-ms %" PRIu64 "\ngive-up-s %" PRIu64 "\n", ms, (ms + 999) / 1000);
	return 0;
}

static int post_start(struct poster *p, const struct target *t, const struct target_options *o,
		      struct fault *f)
{
	char *settings = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&settings, &len);
	int rc;

	if (!out)
		return fault_set(f, ENOMEM, "not enough memory");
	rc = settings_put(out, t, o, f);
	if (fclose(out) != 0 && !rc)
		rc = fault_set(f, ENOMEM, "not enough memory");
	if (!rc)
		rc = poster_start(p, settings, len, f);
	free(settings);
	return rc;
}

/* The last try may begin just before it gives up, and take as long again. */
static int64_t answer_ms(const struct target_options *o)
{
	return (int64_t)(2 * (o->give_up_ns / 1000000)) + GRACE_MS;
}

int target_send_url(const struct target *t, const struct target_options *o, const char *note,
		    size_t len, struct fault *f)
{
	struct pollfd fd = { .events = POLLIN };
	struct poster p;
	char *answer;
	size_t got;
	int rc;

	rc = post_start(&p, t, o, f);
	if (rc)
		return rc;
	rc = poster_send(&p, note, len, f);
	if (rc == 0) {
		fd.fd = p.from;
		rc = growth_poll(&fd, 1, answer_ms(o));
		if (rc < 0)
			fault_set(f, -rc, "agentos-post: %s", strerror(-rc));
		else if (rc == 0 && growth_ended())
			rc = fault_set(f, EINTR, "interrupted before the server had answered");
		else if (rc == 0)
			rc = fault_set(f, ETIMEDOUT, "agentos-post: no answer");
		else
			rc = poster_answer(&p, &answer, &got, f);
		if (rc == 0)
			free(answer);
	}
	poster_stop(&p);
	return rc;
}
