// SPDX-License-Identifier: GPL-2.0-or-later
/* Anchoring a log, step by step: what is underway, who has it, when the next one is due. */
#include "ctl/anchoring.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/anchor.h"
#include "ctl/ctl.h"
#include "ctl/growth.h"

#define SECOND_NS     1000000000ULL
#define RETRY_FIRST_S 5
#define LOOK_S	      1 /* for a new checkpoint, once it is time for one */

struct run {
	const struct anchoring *o;
	struct anchor state;
	struct witness_memory memory;
	uint64_t led_told;     /* the change of the key that was told last: records before it */
	bool unsaved;	       /* the file is older */
	uint64_t due_ns;       /* CLOCK_BOOTTIME: not earlier a new one */
	unsigned int failures; /* one after the other */
	struct fault told;     /* the last complaint about the log */
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

/* -EAGAIN, whatever it was, so that it is not taken for what the witness says. */
static int state_save(struct run *r, struct fault *f)
{
	int rc;

	r->unsaved = true;
	rc = anchor_write(r->o->state, &r->state, f);
	if (rc)
		return -EAGAIN;
	r->unsaved = false;
	return 0;
}

/* That another key counts now is the log's word, and who named the old one should know. */
static void key_tell(struct run *r)
{
	const struct keychain_key *key = r->memory.led_to;

	if (!key || key->first == r->led_told)
		return;
	r->led_told = key->first;
	printf("the log's key was changed: since record %" PRIu64
	       " it is %s, as the one before it signed\n",
	       key->first + 1, evidence_key_name(&key->verifier).text);
	fflush(stdout);
}

/* A checkpoint that may be handed on, if it is time. */
static int newest_take(struct run *r, struct fault *f)
{
	struct evidence newest;
	int rc = witness_newest(&r->o->witness, &r->memory, &r->state, &newest, f);

	if (rc < 0)
		return rc;
	key_tell(r);
	if (rc == 1 && clock_ns(CLOCK_BOOTTIME) >= r->due_ns) {
		rc = anchor_begin(&r->state, newest.note, newest.len, newest.checkpoint.head.size,
				  clock_ns(CLOCK_REALTIME));
		if (rc)
			fault_set(f, -rc, "not enough memory");
		r->unsaved = true;
		r->due_ns = clock_ns(CLOCK_BOOTTIME) + r->o->every_ns;
	} else {
		rc = 0;
	}
	evidence_release(&newest);
	return rc;
}

/* To who has not got it yet. A failure, -EAGAIN, ends nothing but that one's turn: f has the last. */
static int targets_serve(struct run *r, struct fault *f)
{
	const struct anchor_note *note = &r->state.underway;
	const struct target *t = r->o->targets, *end = t + r->o->target_count;
	struct fault why;
	int rc, failed = 0;

	for (; t < end; t++) {
		if (anchor_has(&r->state, t->hash))
			continue;
		rc = growth_ended() ? fault_set(&why, EINTR, "interrupted") :
				      target_send(t, &r->o->to, note->note, note->len, &why);
		/* Full of targets that are no more: a new state would not be. */
		if (rc == 0 && anchor_took(&r->state, t->hash) != 0)
			rc = fault_set(&why, E2BIG, "the state is full");
		if (rc == 0)
			rc = state_save(r, &why);
		if (rc == -EINTR)
			return fault_set(f, EINTR, "%s", why.text);
		if (rc && failed)
			ctl_complain("%s", f->text);
		if (rc)
			failed = fault_set(f, EAGAIN, "%s", why.text);
	}
	return failed;
}

static void anchored_tell(const struct anchor_note *n, unsigned int targets)
{
	printf("anchored %" PRIu64 " records with %u target%s\n", n->size, targets,
	       targets == 1 ? "" : "s");
	fflush(stdout);
}

static int step(struct run *r, struct fault *f)
{
	int rc = newest_take(r, f);

	if (rc == 0 && r->unsaved)
		rc = state_save(r, f);
	if (rc || !r->state.underway.note)
		return rc;
	rc = targets_serve(r, f);
	if (rc)
		return rc;
	anchor_done(&r->state, clock_ns(CLOCK_REALTIME));
	rc = state_save(r, f);
	if (rc == 0)
		anchored_tell(&r->state.whole, r->o->target_count);
	return rc;
}

static uint64_t wait_ms(const struct run *r, int rc)
{
	uint64_t now = clock_ns(CLOCK_BOOTTIME), s = RETRY_FIRST_S;

	if (rc == -ENOENT || rc == -ESRCH)
		return s * 1000;
	if (rc) {
		s <<= r->failures < 7 ? r->failures : 7;
		return (s < ANCHORING_RETRY_S ? s : ANCHORING_RETRY_S) * 1000;
	}
	return r->due_ns > now ? (r->due_ns - now) / 1000000 + 1 : LOOK_S * 1000;
}

/* -1: try again later, if at all; else an exit status. That there is no log yet is told once. */
static int failure_tell(struct run *r, int rc, const struct fault *f)
{
	if (rc == -EREMCHG) {
		ctl_complain("NOT ANCHORED, and nothing more is sent: %s; `agentctl audit verify "
			     "--anchor` with what was anchored tells more",
			     f->text);
		return CTL_FAILED;
	}
	if (rc == -EINTR)
		return CTL_OK;
	if (r->o->once || (rc != -ESRCH && rc != -ENOENT) || strcmp(f->text, r->told.text) != 0)
		ctl_complain("%s", f->text);
	r->told = *f;
	return rc == -EINVAL ? CTL_INVALID : -1;
}

static int steps_follow(struct run *r)
{
	struct fault f;
	int rc, status;

	for (;;) {
		rc = step(r, &f);
		status = rc ? failure_tell(r, rc, &f) : -1;
		if (status >= 0 || growth_ended())
			return status >= 0 ? status : CTL_OK;
		growth_poll(NULL, 0, (int64_t)wait_ms(r, rc));
		if (growth_ended())
			return CTL_OK;
		r->failures = rc ? r->failures + 1 : 0;
		if (!rc)
			r->told.text[0] = '\0';
	}
}

static int step_once(struct run *r)
{
	uint64_t before = r->state.whole.time_ns;
	struct fault f;
	int rc = step(r, &f), status;

	if (rc == -EINTR) {
		ctl_complain("%s", f.text);
		return CTL_FAILED;
	}
	if (rc) {
		status = failure_tell(r, rc, &f);
		return status >= 0 ? status : CTL_FAILED;
	}
	if (before && r->state.whole.time_ns == before)
		printf("nothing new: %" PRIu64 " records are anchored\n", r->state.whole.size);
	return CTL_OK;
}

/* The interval goes on from before a restart; not if the clock was set back behind that. */
static void due_set(struct run *r)
{
	const struct anchor_note *last = anchor_last(&r->state);
	uint64_t now = clock_ns(CLOCK_REALTIME);

	if (!r->o->once && last && last->time_ns <= now && now - last->time_ns < r->o->every_ns)
		r->due_ns = clock_ns(CLOCK_BOOTTIME) + r->o->every_ns - (now - last->time_ns);
}

int anchoring_run(const struct anchoring *o)
{
	struct run r = { .o = o };
	struct fault f;
	int lock, rc;

	lock = anchor_lock(o->state, &f);
	if (lock < 0) {
		ctl_complain("%s", f.text);
		return CTL_FAILED;
	}
	rc = anchor_read(o->state, &r.state, &f);
	if (rc) {
		ctl_complain("%s", f.text);
		rc = rc == -EBADMSG || rc == -EPROTO || rc == -ELOOP ? CTL_INVALID : CTL_FAILED;
	} else {
		due_set(&r);
		rc = o->once ? step_once(&r) : steps_follow(&r);
	}
	witness_memory_release(&r.memory);
	anchor_release(&r.state);
	close(lock);
	return rc;
}
