// SPDX-License-Identifier: GPL-2.0-or-later
/* From the kernel to the log: the writer, its errors and its syncs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/key_file.h"
#include "base/limits.h"
#include "daemon/drain_state.h"
#include "daemon/say.h"
#include "kern/device.h"
#include "rpc/gate.h"

static int drain_boot_id(uint8_t ret_boot[16])
{
	char text[64] = { 0 };
	size_t in, out = 0;
	unsigned int byte;
	ssize_t len;
	int fd;

	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	for (in = 0; len > 0 && in + 1 < (size_t)len && out < 16; in += 2) {
		if (text[in] == '-')
			in++;
		if (sscanf(text + in, "%2x", &byte) != 1)
			return -EPROTO;
		ret_boot[out++] = (uint8_t)byte;
	}
	return out == 16 ? 0 : -EPROTO;
}

static uint64_t drain_drops(const struct drain *d)
{
	uint64_t sum = 0, drops;
	unsigned int i;

	for (i = 0; d->enforce && i < AGENTOS_RING_COUNT; i++) {
		if (enforce_ring_drops(d->enforce, i, &drops) == 0)
			sum += drops;
	}
	return sum;
}

void drain_tell(struct drain *d)
{
	const struct ring *ring = d->rings[AGENTOS_RING_DENIALS].ring;
	int err;

	if (!ring)
		return;
	err = agentos_dev_drained(d->options.dev,
				  d->error ? AGENTOS_DRAINED_NEVER : ring_consumed(ring));
	if (err && !d->untold)
		say("the module does not take how far the denials were read: who floods them is held: %s",
		    strerror(-err));
	d->untold = err != 0;
}

static void drain_failed(struct drain *d, int err)
{
	if (!d->error) {
		d->drops_at_error = drain_drops(d);
		say("the audit log cannot be written: %s; records wait in the kernel, enforcement goes on",
		    strerror(-err));
	}
	d->error = err;
	drain_tell(d);
}

static void sync_done(int result, void *cookie);

static void sync_due(int result, void *cookie)
{
	struct drain *d = cookie;
	int fd = ledger_sync_begin(d->ledger, &d->mark);

	d->dirty = false;
	d->sync.done = sync_done;
	if (loop_fsync(d->options.loop, &d->sync, fd))
		sync_done(fsync(fd) ? -errno : 0, d);
}

/* The bound holds from the flush on: half of it to gather more, half for the disk. */
static void drain_sync_soon(struct drain *d)
{
	d->dirty = true;
	if (d->sync.op)
		return;
	d->sync.done = sync_due;
	d->sync.cookie = d;
	if (loop_timer(d->options.loop, &d->sync, LIMIT_SYNC_MS / 2))
		sync_due(0, d);
}

static void sync_done(int result, void *cookie)
{
	struct drain *d = cookie;

	result = ledger_sync_end(d->ledger, &d->mark, result);
	if (result)
		drain_failed(d, result);
	if (d->dirty)
		drain_sync_soon(d);
}

int drain_write(struct drain *d)
{
	int err = ledger_flush(d->ledger);
	unsigned int i;

	if (err) {
		drain_failed(d, err);
		return err;
	}
	for (i = 0; i < AGENTOS_RING_COUNT; i++) {
		if (d->rings[i].pending)
			ring_commit(d->rings[i].ring);
		d->rings[i].pending = false;
	}
	drain_tell(d);
	feeds_write(d->options.feeds);
	drain_sync_soon(d);
	return 0;
}

uint64_t drain_boot_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

/* Spares the next daemon from reading what this one knows. */
static void drain_remember(struct drain *d)
{
	struct history h = d->history;
	unsigned int i;

	/*
	 * Only of what is in the files: the accounts know what is buffered as well. Who
	 * goes on from there gives the feeds nothing of what was before.
	 */
	if (!d->enforce || ledger_flushed(d->ledger) != drain_number(d) ||
	    !feeds_complete(d->options.feeds))
		return;
	for (i = 0; i < AGENTOS_RING_COUNT; i++)
		h.rings[i] = d->rings[i].account;
	(void)!history_save(d->options.directory, d->boot, drain_number(d), &h);
}

/* Rare, and what it waits for is little: the rings hold what comes meanwhile. */
void drain_checkpoint(struct drain *d)
{
	const uint64_t now = drain_boot_time();
	int err;

	if (d->error || !ledger_due(d->ledger, now))
		return;
	/* What is written is none the less so, and what is not is told elsewhere. */
	err = ledger_checkpoint(d->ledger, now);
	if (err && err != d->sign_error)
		say("the audit log cannot be signed for: %s; it is tried again", strerror(-err));
	else if (!err && d->sign_error)
		say("the audit log is signed for again, up to record %llu",
		    (unsigned long long)ledger_covered(d->ledger));
	d->sign_error = err;
	drain_remember(d);
}

int drain_append(struct drain *d, struct record *r)
{
	int err = ledger_append(d->ledger, r);

	/* Room in the buffer is made without giving room in a ring back: its batch is not complete. */
	if (err == -ENOBUFS && ledger_flush(d->ledger) == 0) {
		drain_sync_soon(d);
		err = ledger_append(d->ledger, r);
	}
	return err;
}

void drain_record_init(const struct drain *d, struct record *r, enum record_type type,
		       unsigned int stream)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	memset(r, 0, sizeof(*r));
	r->type = type;
	r->stream = (uint16_t)stream;
	r->time_ns = (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
	memcpy(r->boot, d->boot, sizeof(r->boot));
}

/* When something of the kernel's boot clock happened, by the wall's. */
void drain_record_time(struct record *r, uint64_t boot_ns)
{
	const uint64_t boot_now = drain_boot_time();

	if (boot_ns <= boot_now && boot_now - boot_ns < r->time_ns)
		r->time_ns -= boot_now - boot_ns;
}

void drain_record_agent(const struct drain *d, struct record *r, uint64_t agent)
{
	if (agent)
		memcpy(r->agent_name, names_find(d->options.names, agent),
		       strnlen(names_find(d->options.names, agent), sizeof(r->agent_name) - 1));
}

int drain_loss(struct drain *d, unsigned int stream, uint64_t count, uint64_t first, uint64_t last)
{
	struct record r;

	drain_record_init(d, &r, RECORD_LOSS, stream);
	r.u.loss.count = count;
	r.u.loss.first = first;
	r.u.loss.last = last;
	return drain_append(d, &r);
}

void drain_note(struct drain *d, enum daemon_note note, uint64_t number, const char *text)
{
	struct record r;

	drain_record_init(d, &r, RECORD_DAEMON, 0);
	r.u.daemon.note = note;
	r.u.daemon.number = number;
	snprintf(r.u.daemon.text, sizeof(r.u.daemon.text), "%s", text);
	/* A note that finds no room is one more sign of the log's state, which is told elsewhere. */
	if (drain_append(d, &r) == 0)
		drain_write(d);
}

int drain_rotate(struct drain *d, const char *who, struct note_verifier *ret_before,
		 struct note_verifier *ret_after, struct fault *f)
{
	const struct note_verifier *a = ret_before, *b = ret_after;
	const bool again = d->rotating;
	struct record r;
	char text[sizeof(r.u.daemon.text)];
	int err;

	if (d->error)
		return fault_set(f, -d->error, "the audit log cannot be written: %s",
				 strerror(-d->error));
	err = ledger_rotate(d->ledger, drain_boot_time(), ret_before, ret_after, f);
	if (err && err != -EINPROGRESS) {
		say("the audit log's key was not changed: %s", f->text);
		return err;
	}
	d->rotating = err != 0;
	d->sign_error = 0;
	if (err)
		say("the audit log's key was changed: %s", f->text);
	if (again)
		return err;
	say("the audit log's key was changed, %s: keep a copy of %s" KEY_FILE_SECRET
	    " in a safe place, and destroy that of the one before",
	    who, d->options.directory);
	/* The name may be too long for the text; the ids are what tells them apart. */
	snprintf(text, sizeof(text), "%.*s+%02x%02x%02x%02x, until now +%02x%02x%02x%02x, %.100s",
		 100, b->name, b->id[0], b->id[1], b->id[2], b->id[3], a->id[0], a->id[1], a->id[2],
		 a->id[3], who);
	drain_note(d, DAEMON_ROTATED, ledger_covered(d->ledger), text);
	return err;
}

void drain_policy(struct drain *d, const struct origin *o)
{
	const unsigned int parts = origin_parts(o);
	struct record r;
	unsigned int i;
	int err = 0;

	for (i = 0; i < parts && !err; i++) {
		drain_record_init(d, &r, RECORD_POLICY, 0);
		origin_part(o, i, &r);
		err = drain_append(d, &r);
	}
	/* As with a note. */
	if (!err)
		drain_write(d);
}

/* What the gateway told. */
static void drain_told(struct drain *d, const struct record *what, enum record_type type,
		       uint64_t agent)
{
	struct record r;

	drain_record_init(d, &r, type, 0);
	r.u = what->u;
	drain_record_agent(d, &r, agent);
	if (drain_append(d, &r) != 0)
		return;
	feeds_take(d->options.feeds, &r);
	drain_write(d);
}

void drain_egress(struct drain *d, const struct record *what)
{
	drain_told(d, what, RECORD_EGRESS, what->u.egress.agent);
}

_Static_assert(RECORD_PROVIDER == GATE_PROVIDER && RECORD_MODEL == GATE_MODEL &&
		       RECORD_DIGEST == GATE_DIGEST,
	       "a record has room for what the gateway tells");

void drain_call(struct drain *d, const struct record *what)
{
	drain_told(d, what, RECORD_CALL, what->u.call.agent);
}

/* The log could not be written: tries again, and says how it ended. */
bool drain_recovered(struct drain *d)
{
	char text[128];

	if (!d->error)
		return true;
	snprintf(text, sizeof(text), "the audit log could not be written: %s", strerror(-d->error));
	if (drain_write(d) || ledger_sync(d->ledger))
		return false;
	d->error = 0;
	say("the audit log can be written again");
	drain_note(d, DAEMON_UNWRITABLE, drain_drops(d) - d->drops_at_error, text);
	return !d->error;
}

static void history_each(const struct record *r, void *cookie)
{
	feeds_replay(cookie, r);
}

/* The key is the one beside the log: what happened to it is said. */
static int ledger_begin(struct drain *d, struct ledger_found *found, struct fault *f)
{
	const struct drain_options *o = &d->options;
	const struct ledger_options options = {
		.segments = { .directory = o->directory,
			      .boot = d->boot,
			      .limit = LIMIT_SEGMENT,
			      .buffer = LIMIT_AUDIT_BUFFER },
	};
	int err = ledger_open(&options, &d->ledger, found, f);

	if (err)
		return err;
	if (found->key_made)
		say("made a key to sign the audit log with: keep a copy of %s" KEY_FILE_SECRET
		    " in a safe place, and give %s" KEY_FILE_PUBLIC " to who is to verify",
		    o->directory, o->directory);
	if (found->rotation == ROTATION_WITHDRAWN)
		say("a change of the audit log's key was cut short: the key is the one it was");
	if (found->rotation == ROTATION_ENDED)
		say("a change of the audit log's key was cut short: the new key counts, the one "
		    "before is destroyed; keep a copy of %s" KEY_FILE_SECRET " in a safe place",
		    o->directory);
	return 0;
}

/* What recovery did is itself a record. */
static void ledger_tell(struct drain *d, const struct ledger_found *found)
{
	if (found->tail.torn) {
		say("the last record of the audit log was half-written: %llu bytes cut",
		    (unsigned long long)found->tail.torn);
		drain_note(d, DAEMON_TORN, found->tail.torn, "");
	}
	if (found->changed) {
		say("%llu records at the end of the audit log are not those that were hashed when "
		    "they were written: they may have been changed",
		    (unsigned long long)found->changed);
		drain_note(d, DAEMON_CHANGED, found->changed, "");
	}
}

int drain_open(const struct drain_options *o, struct drain **ret_drain, struct fault *f)
{
	struct ledger_found *found;
	struct fault why = { "" };
	struct drain *d;
	int err;

	d = calloc(1, sizeof(*d));
	found = calloc(1, sizeof(*found));
	if (!d || !found) {
		err = fault_set(f, ENOMEM, "out of memory");
		goto free_all;
	}
	d->options = *o;
	err = drain_boot_id(d->boot);
	if (err) {
		fault_set(f, -err, "cannot read the boot id: %s", strerror(-err));
		goto free_all;
	}
	err = ledger_begin(d, found, &why);
	if (!err) {
		err = history_read(o->directory, d->boot,
				   &(struct history_reader){ history_each, o->feeds }, &d->history,
				   &why);
	}
	if (err == -EBADMSG || err == -EKEYREJECTED || err == -ENOKEY)
		fault_set(f, -err,
			  "%.800s; to begin a new log, keep this one elsewhere, for who wants to "
			  "know what happened to it: mv %.64s %.64s.damaged",
			  why.text, o->directory, o->directory);
	else if (err)
		*f = why;
	if (err)
		goto close_ledger;
	ledger_tell(d, found);
	free(found);
	*ret_drain = d;
	return 0;

close_ledger:
	ledger_close(d->ledger);
free_all:
	free(found);
	free(d);
	return err;
}
