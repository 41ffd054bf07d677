// SPDX-License-Identifier: GPL-2.0-or-later
/* From the kernel to the log: the rings, and when they are drained. */
#include "daemon/drain.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/drain_state.h"
#include "daemon/say.h"

#define DRAIN_BATCH   256 /* records written and given back together */
#define DRAIN_ROUNDS  16  /* batches of one ring before others have their turn */
#define DRAIN_TICK_MS 1000

static int ring_record(const struct agentos_event *event, void *cookie)
{
	struct drain_ring *ring = cookie;
	struct drain *d = ring->drain;
	struct record r;
	int err;

	if (!event) {
		if (!d->unreadable++)
			say("a record of the %s ring is of an unknown layout: told as lost",
			    ring->number == AGENTOS_RING_DENIALS ? "denials" : "allowed");
		err = drain_loss(d, ring->number, 1, 0, 0);
		goto out;
	}
	if (account_seen(&ring->account, event->seq)) {
		ring->pending = true;
		return 0;
	}
	drain_record_init(d, &r, RECORD_EVENT, ring->number);
	drain_record_time(&r, event->time_ns);
	drain_record_agent(d, &r, event->agent);
	r.u.event = *event;
	r.u.event.text[sizeof(r.u.event.text) - 1] = '\0';
	err = drain_append(d, &r);
	if (!err) {
		account_receive(&ring->account, event->seq);
		feeds_take(d->options.feeds, &r);
	} else if (err != -ENOBUFS) {
		err = drain_loss(d, ring->number, 1, 0, 0);
	}
out:
	if (!err)
		ring->pending = true;
	return err;
}

/* Read the records first and the drops after: then every drop told has a number that was given out. */
static int ring_account(struct drain_ring *ring)
{
	uint64_t drops, count, first, last;
	int err;

	err = enforce_ring_drops(ring->drain->enforce, ring->number, &drops);
	if (err)
		return 0;
	count = account_loss(&ring->account, drops, &first, &last);
	if (!count)
		return 0;
	err = drain_loss(ring->drain, ring->number, count, first, last);
	if (err)
		return err;
	account_lose(&ring->account, count, last);
	return drain_write(ring->drain);
}

/* Returns 1 when there may be more. */
static int ring_drain(struct drain_ring *ring, unsigned int rounds)
{
	struct drain *d = ring->drain;
	int count, err;

	while (rounds--) {
		count = ring_peek(ring->ring, DRAIN_BATCH, ring_record, ring);
		err = ring->pending ? drain_write(d) : 0;
		if (err || count < 0)
			return err ? err : count;
		/*
		 * Not before a look at an empty ring: the kernel wakes nobody while a
		 * record that it has handed out is not given back.
		 */
		if (count == 0)
			return ring_account(ring);
	}
	return 1;
}

static void again_due(int result, void *cookie)
{
	drain_take(cookie);
}

void drain_take(struct drain *d)
{
	bool more = false;
	unsigned int i;

	if (!d->enforce || !drain_recovered(d))
		return;
	/* Lifecycle first: it brings the names of the agents that the rings speak of. */
	more |= lifecycle_drain(d) > 0;
	for (i = 0; i < AGENTOS_RING_COUNT && !d->error; i++)
		more |= ring_drain(&d->rings[i], DRAIN_ROUNDS) > 0;
	if (more && !d->error && !d->again.op) {
		d->again.done = again_due;
		d->again.cookie = d;
		loop_timer(d->options.loop, &d->again, 1);
	}
	/* What those who are gone were refused has been read by now. */
	if (!more && !d->error)
		feeds_reap(d->options.feeds);
}

static void wake_done(int result, void *cookie)
{
	/* The tick goes on looking, should a poll end. */
	if (result >= 0)
		drain_take(cookie);
}

static void tick_done(int result, void *cookie)
{
	struct drain *d = cookie;

	drain_take(d);
	drain_checkpoint(d);
	/* Should it have been missed. */
	drain_tell(d);
	drain_retain(d);
	lifecycle_retry(d);
	memory_rest(&d->rest, drain_number(d));
	loop_timer(d->options.loop, &d->tick, DRAIN_TICK_MS);
}

static int drain_rings_open(struct drain *d, bool adopted, struct fault *f)
{
	unsigned int i;
	int err;

	for (i = 0; i < AGENTOS_RING_COUNT; i++) {
		struct drain_ring *ring = &d->rings[i];

		ring->drain = d;
		ring->number = i;
		if (adopted)
			ring->account = d->history.rings[i];
		err = ring_open(enforce_ring_map(d->enforce, i), &ring->ring);
		if (err)
			return fault_set(f, -err, "cannot map a ring of events: %s",
					 strerror(-err));
		ring->wake = (struct loop_handle){ .done = wake_done, .cookie = d };
		err = loop_poll(d->options.loop, &ring->wake, enforce_ring_map(d->enforce, i),
				POLLIN);
		if (err)
			return fault_set(f, -err, "cannot poll a ring: %s", strerror(-err));
	}
	drain_tell(d);
	return 0;
}

/* Programs that were replaced took with them what no daemon had read: told before numbers begin anew. */
static void drain_replaced(struct drain *d)
{
	const struct account *account;
	uint64_t issued;
	unsigned int i;

	for (i = 0; i < AGENTOS_RING_COUNT; i++) {
		account = &d->history.rings[i];
		issued = enforce_replaced(d->enforce, i);
		if (issued > account->received + account->lost)
			drain_loss(d, i, issued - account->received - account->lost,
				   account->settled + 1, issued);
	}
}

int drain_start(struct drain *d, struct enforce *e, bool adopted, struct fault *f)
{
	int agents, err;

	d->enforce = e;
	/* Of those that ended while nobody was there to see it. */
	d->cgroups = true;
	agents = names_adopt(d->options.names, d->options.dev);
	if (agents < 0) {
		err = fault_set(f, -agents, "cannot list the agents: %s", strerror(-agents));
		goto stop;
	}
	if (!adopted)
		drain_replaced(d);
	drain_note(d, adopted ? DAEMON_ADOPTED : DAEMON_STARTED, adopted ? (uint64_t)agents : 0,
		   "");
	if (d->error) {
		err = fault_set(f, -d->error, "the audit log cannot be written: %s",
				strerror(-d->error));
		goto stop;
	}
	err = lifecycle_seek(d, f);
	if (!err)
		err = drain_rings_open(d, adopted, f);
	if (err)
		goto stop;
	d->device = (struct loop_handle){ .done = wake_done, .cookie = d };
	d->tick = (struct loop_handle){ .done = tick_done, .cookie = d };
	err = loop_poll(d->options.loop, &d->device, d->options.dev, POLLIN);
	if (!err)
		err = loop_timer(d->options.loop, &d->tick, DRAIN_TICK_MS);
	if (err) {
		fault_set(f, -err, "cannot poll the device: %s", strerror(-err));
		goto stop;
	}
	drain_take(d);
	return 0;

stop:
	drain_stop(d);
	return err;
}

void drain_flush(struct drain *d)
{
	unsigned int i;

	if (d->enforce && drain_recovered(d)) {
		while (lifecycle_drain(d) > 0)
			;
		for (i = 0; i < AGENTOS_RING_COUNT && !d->error; i++)
			ring_drain(&d->rings[i], DRAIN_ROUNDS * DRAIN_ROUNDS);
	}
	if (!ledger_flush(d->ledger))
		(void)ledger_sync(d->ledger);
}

void drain_stop(struct drain *d)
{
	unsigned int i;

	loop_cancel(&d->tick);
	loop_cancel(&d->again);
	loop_cancel(&d->device);
	for (i = 0; i < AGENTOS_RING_COUNT; i++) {
		loop_cancel(&d->rings[i].wake);
		ring_close(d->rings[i].ring);
		d->rings[i].ring = NULL;
		d->rings[i].pending = false;
	}
	d->enforce = NULL;
}

uint64_t drain_number(const struct drain *d)
{
	return ledger_next_seq(d->ledger) - 1;
}

uint64_t drain_covered(const struct drain *d)
{
	return ledger_covered(d->ledger);
}

void drain_status(const struct drain *d, struct control_status_reply *m)
{
	unsigned int i;

	m->next_seq = ledger_next_seq(d->ledger);
	m->audit_error = d->error;
	m->sign_error = d->sign_error;
	m->covered = ledger_covered(d->ledger);
	for (i = 0; i < AGENTOS_RING_COUNT; i++) {
		m->streams[i].recorded = d->rings[i].account.received;
		m->streams[i].lost = d->rings[i].account.lost;
	}
	m->streams[CONTROL_LIFECYCLE].recorded = d->history.lifecycle_recorded;
	m->streams[CONTROL_LIFECYCLE].lost = d->history.lifecycle_lost;
}

void drain_close(struct drain *d)
{
	if (!d)
		return;
	drain_stop(d);
	loop_cancel(&d->sync);
	ledger_close(d->ledger);
	free(d);
}
