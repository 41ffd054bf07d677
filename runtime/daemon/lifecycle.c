// SPDX-License-Identifier: GPL-2.0-or-later
/* The module's lifecycle stream: into the log, the table of names, and the end of policies. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/drain_state.h"
#include "daemon/say.h"
#include "kern/cgroup.h"
#include "kern/device.h"

/* 1 when the module's record number seq is the one in the log, 0 when not, -ENODATA when not kept. */
static int lifecycle_same(struct drain *d)
{
	struct agentos_lifecycle record;
	ssize_t len;

	if (agentos_dev_seek(d->options.dev, d->history.lifecycle))
		return 0;
	len = read(d->options.dev, &record, sizeof(record));
	if (len != sizeof(record))
		return 0;
	if (record.type == AGENTOS_LIFECYCLE_LOST)
		return -ENODATA;
	if (record.seq != d->history.lifecycle)
		return 0;
	if (!d->history.lifecycle_time_ns)
		return -ENODATA;
	return record.time_ns == d->history.lifecycle_time_ns;
}

/*
 * Goes on after the last record in the log. Numbers begin at 1 again when the
 * module is loaded anew: its record of that number is then another one, or does
 * not exist. When it cannot be told, going on from the number shows what is
 * missing as a loss; going back would repeat records.
 */
int lifecycle_seek(struct drain *d, struct fault *f)
{
	int same = d->history.lifecycle ? lifecycle_same(d) : -ENODATA;
	int err = 0;

	if (same)
		err = agentos_dev_seek(d->options.dev, d->history.lifecycle + 1);
	if (!same || err == -EINVAL) {
		say("the module was loaded anew: its lifecycle records are read from the first");
		d->history.lifecycle = 0;
		d->history.lifecycle_time_ns = 0;
		d->history.lifecycle_recorded = 0;
		d->history.lifecycle_lost = 0;
		err = agentos_dev_seek(d->options.dev, 1);
	}
	if (err)
		return fault_set(f, -err, "cannot position the lifecycle stream: %s",
				 strerror(-err));
	return 0;
}

static void lifecycle_drop(struct drain *d, uint32_t policy)
{
	if (!policy)
		return;
	if (enforce_policy_drop(d->enforce, policy) != -EBUSY) {
		feeds_ended(d->options.feeds, policy);
		egress_drop(d->options.egress, policy);
		return;
	}
	if (d->drop_count < LIFECYCLE_DROPS)
		d->drops[d->drop_count++] = policy;
	else
		d->sweep = true;
}

void lifecycle_retry(struct drain *d)
{
	size_t i, left = 0;

	if (!d->enforce)
		return;
	if (d->cgroups)
		d->cgroups = cgroup_sweep(d->options.dev) > 0;
	for (i = 0; i < d->drop_count; i++) {
		if (enforce_policy_drop(d->enforce, d->drops[i]) == -EBUSY) {
			d->drops[left++] = d->drops[i];
			continue;
		}
		feeds_ended(d->options.feeds, d->drops[i]);
		egress_drop(d->options.egress, d->drops[i]);
	}
	d->drop_count = left;
	if (d->sweep && !left) {
		enforce_policy_sweep(d->enforce);
		feeds_sweep(d->options.feeds);
		egress_sweep(d->options.egress);
		d->sweep = false;
	}
}

static int lifecycle_lost(struct drain *d, uint64_t count)
{
	uint64_t first = d->history.lifecycle + 1, last = d->history.lifecycle + count;
	int err = drain_loss(d, STREAM_LIFECYCLE, count, first, last);

	if (err)
		return err;
	d->history.lifecycle = last;
	d->history.lifecycle_time_ns = 0;
	d->history.lifecycle_lost += count;
	return 0;
}

/* After a loss the table of names may lack agents, and policies may have outlived theirs. */
static void lifecycle_resync(struct drain *d, uint64_t lost)
{
	if (names_adopt(d->options.names, d->options.dev) < 0)
		say("cannot list the agents after a loss: some will be nameless in the log");
	/* Each may have been of another agent, which has ended since. */
	names_lose(d->options.names, lost);
	d->sweep = true;
	d->cgroups = true;
}

static int lifecycle_record(struct drain *d, struct agentos_lifecycle *l)
{
	struct record r;
	int err;

	if (l->size != sizeof(*l))
		return drain_loss(d, STREAM_LIFECYCLE, 1, 0, 0);
	l->name[sizeof(l->name) - 1] = '\0';
	if (l->type == AGENTOS_LIFECYCLE_LOST) {
		err = l->lost ? lifecycle_lost(d, l->lost) : 0;
		if (!err)
			lifecycle_resync(d, l->lost);
		return err;
	}
	drain_record_init(d, &r, RECORD_LIFECYCLE, STREAM_LIFECYCLE);
	drain_record_time(&r, l->time_ns);
	memcpy(r.agent_name, l->name, sizeof(r.agent_name));
	r.u.lifecycle = *l;
	err = drain_append(d, &r);
	if (err && err != -ENOBUFS)
		err = drain_loss(d, STREAM_LIFECYCLE, 1, l->seq, l->seq);
	if (err)
		return err;
	d->history.lifecycle = l->seq;
	d->history.lifecycle_time_ns = l->time_ns;
	d->history.lifecycle_recorded++;
	feeds_take(d->options.feeds, &r);
	/* Its end may be the first that a daemon hears of an agent: the one before it was killed. */
	if (l->type == AGENTOS_LIFECYCLE_CREATE || l->type == AGENTOS_LIFECYCLE_EXIT)
		names_add(d->options.names, l->agent, l->name);
	if (l->type == AGENTOS_LIFECYCLE_POLICY)
		lifecycle_drop(d, (uint32_t)l->code);
	if (l->type == AGENTOS_LIFECYCLE_EXIT) {
		names_retire(d->options.names, l->agent);
		lifecycle_drop(d, l->policy);
		d->cgroups |= cgroup_retire(d->options.dev, l->agent) != 0;
	}
	return 0;
}

int lifecycle_drain(struct drain *d)
{
	ssize_t len;
	int err = 0;

	if (d->batch_next == d->batch_count) {
		len = read(d->options.dev, d->batch, sizeof(d->batch));
		d->batch_next = 0;
		d->batch_count = len > 0 ? (size_t)len / sizeof(d->batch[0]) : 0;
		if (!d->batch_count)
			return 0;
	}
	while (d->batch_next < d->batch_count && !err) {
		err = lifecycle_record(d, &d->batch[d->batch_next]);
		if (!err)
			d->batch_next++;
	}
	if (drain_write(d))
		return d->error;
	return err ? err : 1;
}

bool drain_hears_of(struct drain *d, uint64_t agent)
{
	unsigned int batches;
	int more = -EAGAIN;

	/* Those who end as soon as they were made may have been told of and not been read yet. */
	for (batches = 0; !names_had(d->options.names, agent); batches++) {
		if (!more)
			return false;
		more = batches < LIFECYCLE_AHEAD && d->enforce && drain_recovered(d) ?
			       lifecycle_drain(d) :
			       -EAGAIN;
		/* What cannot be read now refutes nobody. */
		if (more < 0)
			break;
	}
	return true;
}
