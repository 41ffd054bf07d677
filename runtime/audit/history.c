// SPDX-License-Identifier: GPL-2.0-or-later
/* What the log already holds of this boot. */
#include "audit/history.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit/segment.h"

static void history_lifecycle(struct history *h, uint64_t first, uint64_t last, uint64_t time_ns)
{
	if (first <= h->lifecycle) {
		h->lifecycle_recorded = 0;
		h->lifecycle_lost = 0;
	}
	h->lifecycle = last;
	h->lifecycle_time_ns = time_ns;
}

static void history_loss(struct history *h, const struct record *r)
{
	/* Without numbers it is no drop: a record that could not be read. */
	if (!r->u.loss.first)
		return;
	if (r->stream < AGENTOS_RING_COUNT) {
		account_lose(&h->rings[r->stream], r->u.loss.count, r->u.loss.last);
	} else if (r->stream == STREAM_LIFECYCLE) {
		history_lifecycle(h, r->u.loss.first, r->u.loss.last, 0);
		h->lifecycle_lost += r->u.loss.count;
	}
}

static void history_take(struct history *h, const struct record *r)
{
	switch (r->type) {
	case RECORD_EVENT:
		if (r->stream < AGENTOS_RING_COUNT &&
		    !account_seen(&h->rings[r->stream], r->u.event.seq))
			account_receive(&h->rings[r->stream], r->u.event.seq);
		break;
	case RECORD_LIFECYCLE:
		history_lifecycle(h, r->u.lifecycle.seq, r->u.lifecycle.seq,
				  r->u.lifecycle.time_ns);
		h->lifecycle_recorded++;
		break;
	case RECORD_LOSS:
		history_loss(h, r);
		break;
	case RECORD_DAEMON:
		if (r->u.daemon.note == DAEMON_STARTED || r->u.daemon.note == DAEMON_ENDED)
			memset(h->rings, 0, sizeof(h->rings));
		break;
	}
}

int history_read(const char *directory, const uint8_t boot[16], const struct history_reader *reader,
		 struct history *ret_history, struct fault *f)
{
	struct history *h = calloc(1, sizeof(*h));
	struct segment_reader *log = NULL;
	struct record r;
	int err;

	if (!h)
		return fault_set(f, ENOMEM, "out of memory");
	err = segment_reader_open(directory, &log, f);
	if (err)
		goto free_history;
	while ((err = segment_read(log, &r, f)) > 0) {
		if (memcmp(r.boot, boot, sizeof(r.boot)) != 0)
			continue;
		history_take(h, &r);
		if (reader)
			reader->each(&r, reader->cookie);
	}
	segment_reader_close(log);
	if (!err)
		*ret_history = *h;
free_history:
	free(h);
	return err;
}
