// SPDX-License-Identifier: GPL-2.0-or-later
/* A report gathered: each record of the log is looked at once, and what it says is counted. */
#include "audit/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "audit/report_agents.h"
#include "audit/segment.h"
#include "audit/trail.h"
#include "base/limits.h"

static void add(uint64_t *sum, uint64_t more)
{
	*sum = *sum > UINT64_MAX - more ? UINT64_MAX : *sum + more;
}

static void ring_put(struct report_ring *ring, const struct record *r)
{
	ring->records[ring->count++ % ring->room] = *r;
}

size_t report_ring_kept(const struct report_ring *ring)
{
	return ring->count < ring->room ? (size_t)ring->count : ring->room;
}

const struct record *report_ring_at(const struct report_ring *ring, size_t i)
{
	return &ring->records[(ring->count - report_ring_kept(ring) + i) % ring->room];
}

/* --- what records have in common --- */

#define HASH(hash, field) index_hash(hash, &(field), sizeof(field))

/* Reasons: a rule of a policy, rights, or a word. */
static uint64_t rule_hash(const struct record *r)
{
	const struct agentos_event *e = &r->u.event;
	uint64_t hash = HASH(INDEX_HASH, r->type);

	if (r->type == RECORD_EGRESS)
		return HASH(HASH(hash, r->u.egress.why), r->u.egress.rule);
	if (r->type == RECORD_CALL)
		return HASH(hash, r->u.call.why);
	hash = HASH(HASH(hash, e->why), e->right);
	return e->why == AGENTOS_WHY_RULE ? HASH(HASH(hash, e->rule), e->policy) : hash;
}

static bool rule_same(const struct record *a, const struct record *b)
{
	const struct agentos_event *x = &a->u.event, *y = &b->u.event;

	if (a->type != b->type)
		return false;
	if (a->type == RECORD_EGRESS)
		return a->u.egress.why == b->u.egress.why && a->u.egress.rule == b->u.egress.rule;
	if (a->type == RECORD_CALL)
		return a->u.call.why == b->u.call.why;
	if (x->why != y->why || x->right != y->right)
		return false;
	return x->why != AGENTOS_WHY_RULE || (x->rule == y->rule && x->policy == y->policy);
}

/* Paths; what is known of one only in part is told apart by its file system. */
#define PARTLY (AGENTOS_EVENT_TRUNCATED | AGENTOS_EVENT_DENTRY)

static size_t text_length(const struct agentos_event *e)
{
	return e->text_len < sizeof(e->text) ? e->text_len : sizeof(e->text) - 1;
}

static uint64_t file_hash(const struct record *r)
{
	const struct agentos_event *e = &r->u.event;

	return index_hash(INDEX_HASH, e->text, text_length(e));
}

static bool file_same(const struct record *a, const struct record *b)
{
	const struct agentos_event *x = &a->u.event, *y = &b->u.event;

	if ((x->flags & PARTLY) != (y->flags & PARTLY) || text_length(x) != text_length(y) ||
	    memcmp(x->text, y->text, text_length(x)) != 0)
		return false;
	return text_length(x) && !(x->flags & PARTLY) ? true : x->dev == y->dev && x->ino == y->ino;
}

/* Names at the gateway; addresses that were connected to. */
static uint64_t host_hash(const struct record *r)
{
	const struct agentos_event *e = &r->u.event;
	uint64_t hash = HASH(INDEX_HASH, r->type);

	if (r->type == RECORD_EGRESS)
		return HASH(index_hash(hash, r->u.egress.host,
				       strnlen(r->u.egress.host, sizeof(r->u.egress.host))),
			    r->u.egress.port);
	return HASH(HASH(HASH(HASH(hash, e->family), e->addr), e->port), e->protocol);
}

static bool host_same(const struct record *a, const struct record *b)
{
	const struct agentos_event *x = &a->u.event, *y = &b->u.event;

	if (a->type != b->type)
		return false;
	if (a->type == RECORD_EGRESS)
		return a->u.egress.port == b->u.egress.port &&
		       strncmp(a->u.egress.host, b->u.egress.host, sizeof(a->u.egress.host)) == 0;
	return x->family == y->family && x->port == y->port && x->protocol == y->protocol &&
	       memcmp(x->addr, y->addr, sizeof(x->addr)) == 0;
}

/* Models, each provider's apart. */
static uint64_t model_hash(const struct record *r)
{
	char name[RECORD_MODEL_NAME];

	return index_hash(INDEX_HASH, name, record_model(r, name));
}

static bool model_same(const struct record *a, const struct record *b)
{
	return strncmp(a->u.call.provider, b->u.call.provider, sizeof(a->u.call.provider)) == 0 &&
	       strncmp(a->u.call.model, b->u.call.model, sizeof(a->u.call.model)) == 0;
}

/* --- records --- */

/* What was done to a file, or -1. */
static int event_change(const struct agentos_event *e)
{
	switch (e->hook) {
	case AGENTOS_HOOK_FILE_OPEN:
		return e->access & AGENTOS_FILE_WRITE ? REPORT_WRITTEN : -1;
	case AGENTOS_HOOK_CREATE:
		return REPORT_CREATED;
	case AGENTOS_HOOK_DELETE:
		return REPORT_DELETED;
	case AGENTOS_HOOK_RENAME:
		return REPORT_RENAMED;
	case AGENTOS_HOOK_LINK:
		return REPORT_LINKED;
	case AGENTOS_HOOK_TRUNCATE:
		return REPORT_TRUNCATED;
	case AGENTOS_HOOK_METADATA:
		return REPORT_METADATA;
	default:
		return -1;
	}
}

static int event_take(struct report *report, const struct record *r, struct report_agent *a)
{
	const struct agentos_event *e = &r->u.event;
	const bool denied = e->verdict == AGENTOS_VERDICT_DENIED;
	const int change = event_change(e);
	unsigned int outcome = EGRESS_ALLOWED;
	int rc = 0;

	if (e->verdict == AGENTOS_VERDICT_ALLOWED) {
		report->allowed++;
		if (a)
			a->allowed++;
		timeline_add(&report->timeline, r->time_ns, TIMELINE_ALLOWED, 1);
	} else if (denied || e->verdict == AGENTOS_VERDICT_WOULD_DENY) {
		*(denied ? &report->denied : &report->passed) += 1;
		if (a)
			*(denied ? &a->denied : &a->passed) += 1;
		timeline_add(&report->timeline, r->time_ns,
			     denied ? TIMELINE_DENIED : TIMELINE_PASSED, 1);
		ring_put(&report->denials, r);
		outcome = denied ? EGRESS_DENIED : EGRESS_WOULD_DENY;
		rc = tally_add(&report->rules, r,
			       !denied			     ? REPORT_PASSED :
			       e->flags & AGENTOS_EVENT_KILL ? REPORT_KILLED :
							       REPORT_DENIED,
			       NULL);
	} else {
		report->unclear++;
		return 0;
	}
	if (!rc && !denied && change >= 0 && e->object_kind == AGENTOS_OBJECT_PATH)
		rc = tally_add(&report->files, r, (unsigned int)change, NULL);
	if (!rc && e->object_kind == AGENTOS_OBJECT_INET &&
	    (e->hook == AGENTOS_HOOK_SOCKET_CONNECT || e->hook == AGENTOS_HOOK_SOCKET_SEND))
		rc = tally_add(&report->hosts, r, outcome, NULL);
	return rc;
}

_Static_assert((int)CALL_ANSWERED == EGRESS_ALLOWED && (int)CALL_DENIED == EGRESS_DENIED &&
		       (int)CALL_WOULD_DENY == EGRESS_WOULD_DENY &&
		       (int)CALL_FAILED == EGRESS_FAILED,
	       "one order");

/* What the gateway refused, or not: of a connection or a call, whose outcomes have one order. */
static int decided_take(struct report *report, const struct record *r, struct report_agent *a,
			unsigned int outcome)
{
	const bool denied = outcome == EGRESS_DENIED;

	if (denied || outcome == EGRESS_WOULD_DENY) {
		if (a)
			*(denied ? &a->denied : &a->passed) += 1;
		timeline_add(&report->timeline, r->time_ns,
			     denied ? TIMELINE_DENIED : TIMELINE_PASSED, 1);
		ring_put(&report->denials, r);
		return tally_add(&report->rules, r, denied ? REPORT_DENIED : REPORT_PASSED, NULL);
	}
	/* Nothing was against one that failed, and nothing was done. */
	if (outcome == EGRESS_FAILED)
		return 0;
	if (a)
		a->allowed++;
	timeline_add(&report->timeline, r->time_ns, TIMELINE_ALLOWED, 1);
	return 0;
}

static int egress_take(struct report *report, const struct record *r, struct report_agent *a)
{
	const unsigned int outcome = r->u.egress.outcome;
	struct tally_row *row;
	int rc;

	if (outcome > EGRESS_CLOSED) {
		report->unclear++;
		return 0;
	}
	report->egress[outcome]++;
	rc = tally_add(&report->hosts, r, outcome, &row);
	if (rc)
		return rc;
	if (outcome == EGRESS_CLOSED) {
		add(&report->egress_up, r->u.egress.bytes_up);
		add(&report->egress_down, r->u.egress.bytes_down);
		if (row) {
			add(&row->bytes_up, r->u.egress.bytes_up);
			add(&row->bytes_down, r->u.egress.bytes_down);
		}
		return 0;
	}
	return decided_take(report, r, a, outcome);
}

static void calls_add(struct report_calls *calls, const struct record *r)
{
	calls->count[r->u.call.outcome]++;
	add(&calls->input, r->u.call.input);
	add(&calls->output, r->u.call.output);
	add(&calls->cache_read, r->u.call.cache_read);
	add(&calls->microdollars, r->u.call.microdollars);
}

static int call_take(struct report *report, const struct record *r, struct report_agent *a)
{
	const unsigned int outcome = r->u.call.outcome;
	struct tally_row *row;
	int rc;

	if (outcome >= CALL_OUTCOMES) {
		report->unclear++;
		return 0;
	}
	rc = tally_add(&report->models, r, outcome, &row);
	if (rc)
		return rc;
	if (row) {
		add(&row->input, r->u.call.input);
		add(&row->output, r->u.call.output);
		add(&row->microdollars, r->u.call.microdollars);
	}
	calls_add(&report->calls, r);
	if (a)
		calls_add(&a->calls, r);
	return decided_take(report, r, a, outcome);
}

static void budget_take(struct report_agent *a, const struct record *r)
{
	const struct agentos_lifecycle *l = &r->u.lifecycle;

	if (!a || l->resource >= AGENTOS_RESOURCE_COUNT || l->code <= 0 ||
	    (uint32_t)l->code < a->spent[l->resource].percent)
		return;
	a->spent[l->resource].percent = (uint32_t)l->code;
	a->spent[l->resource].most_ns = r->time_ns;
}

/* Denials of which only the number is told: what they were is in the records before. */
static void repeated_take(struct report *report, const struct record *r, struct report_agent *a)
{
	const bool denied = r->u.lifecycle.reason == AGENTOS_VERDICT_DENIED;
	const uint64_t count = r->u.lifecycle.count;

	add(denied ? &report->denied : &report->passed, count);
	if (a)
		add(denied ? &a->denied : &a->passed, count);
	timeline_add(&report->timeline, r->time_ns, denied ? TIMELINE_DENIED : TIMELINE_PASSED,
		     count);
}

static void lifecycle_take(struct report *report, const struct record *r, struct report_agent *a)
{
	const struct agentos_lifecycle *l = &r->u.lifecycle;

	switch (l->type) {
	case AGENTOS_LIFECYCLE_CREATE:
		timeline_add(&report->timeline, r->time_ns, TIMELINE_STARTED, 1);
		return;
	case AGENTOS_LIFECYCLE_ATTACH:
		return;
	case AGENTOS_LIFECYCLE_EXIT:
		timeline_add(
			&report->timeline, r->time_ns,
			l->reason == AGENTOS_REASON_KILLED || l->reason == AGENTOS_REASON_BUDGET ||
					l->reason == AGENTOS_REASON_POLICY ?
				TIMELINE_KILLED :
				TIMELINE_ENDED,
			1);
		return;
	case AGENTOS_LIFECYCLE_BUDGET:
		budget_take(a, r);
		break;
	case AGENTOS_LIFECYCLE_REPEATED:
		repeated_take(report, r, a);
		break;
	default:
		break;
	}
	ring_put(&report->notes, r);
}

static void loss_take(struct report *report, const struct record *r, uint64_t *sum, uint64_t count)
{
	add(sum, count);
	ring_put(&report->losses, r);
	timeline_add(&report->timeline, r->time_ns, TIMELINE_LOST, count);
}

static void daemon_take(struct report *report, const struct record *r)
{
	switch (r->u.daemon.note) {
	case DAEMON_UNWRITABLE:
		loss_take(report, r, &report->unwritable, r->u.daemon.number);
		return;
	case DAEMON_TORN:
		add(&report->torn, r->u.daemon.number);
		ring_put(&report->losses, r);
		return;
	case DAEMON_STARTED:
	case DAEMON_ADOPTED:
	case DAEMON_STOPPED:
	case DAEMON_ENDED:
		timeline_add(&report->timeline, r->time_ns, TIMELINE_DAEMON, 1);
		break;
	default:
		/* Which agent it was the text tells, or nothing does. */
		if (report->options.agent)
			return;
	}
	ring_put(&report->notes, r);
}

/* Whether it is of the period. */
static bool record_timely(const struct report *report, const struct record *r)
{
	const struct report_options *o = &report->options;

	return r->time_ns >= o->since_ns && (!o->until_ns || r->time_ns < o->until_ns);
}

static void record_count(struct report *report, const struct record *r)
{
	if (!report->records++) {
		report->from_seq = r->seq;
		report->from_ns = report->to_ns = r->time_ns;
	}
	report->to_seq = r->seq;
	if (r->time_ns < report->from_ns)
		report->from_ns = r->time_ns;
	if (r->time_ns > report->to_ns)
		report->to_ns = r->time_ns;
}

static int record_take(struct report *report, const struct record *r)
{
	const bool lost = r->type == RECORD_LIFECYCLE &&
			  r->u.lifecycle.type == AGENTOS_LIFECYCLE_LOST;
	struct report_agent *a = NULL;
	bool meant = true;
	int rc = 0;

	if (r->type != RECORD_LOSS && r->type != RECORD_DAEMON && !lost)
		rc = report_agents_note(report, r, &a, &meant);
	if (rc || !meant || !record_timely(report, r))
		return rc;
	if (a)
		a->shown = true;
	record_count(report, r);
	switch (r->type) {
	case RECORD_EVENT:
		return event_take(report, r, a);
	case RECORD_EGRESS:
		return egress_take(report, r, a);
	case RECORD_CALL:
		return call_take(report, r, a);
	case RECORD_LIFECYCLE:
		if (lost)
			loss_take(report, r, &report->lost[STREAM_LIFECYCLE], r->u.lifecycle.lost);
		else
			lifecycle_take(report, r, a);
		return 0;
	case RECORD_LOSS:
		loss_take(report, r,
			  r->stream < STREAM_COUNT ? &report->lost[r->stream] : &report->unwritable,
			  r->u.loss.count);
		return 0;
	case RECORD_DAEMON:
		daemon_take(report, r);
		return 0;
	default:
		return 0;
	}
}

/* --- from the directory --- */

static void trail_read(struct report *report)
{
	struct trail_entry entry;
	struct segment_dir d;
	struct trail *trail;
	struct fault f = { "" };
	int rc;

	rc = segment_dir_open(report->options.directory, &d, &f);
	if (rc) {
		memcpy(report->trail_fault, f.text, sizeof(f.text));
		return;
	}
	rc = trail_open(&d, &trail, &f);
	if (rc) {
		memcpy(report->trail_fault, f.text, sizeof(f.text));
		goto out;
	}
	rc = trail_last(trail, &entry);
	if (rc == 1) {
		report->checkpoint = entry.checkpoint;
		report->checkpoint.extensions = NULL;
		report->checkpoint.extensions_len = 0;
		report->has_checkpoint = true;
	} else if (rc < 0) {
		fault_set(&f, -rc,
			  "byte %" PRIu64 " of the file " TRAIL_NAME " begins no checkpoint",
			  trail_offset(trail));
		memcpy(report->trail_fault, f.text, sizeof(f.text));
	}
	trail_close(trail);
out:
	segment_dir_close(&d);
}

static int log_read(struct report *report, struct fault *f)
{
	struct fault broken = { "" };
	struct segment_reader *reader;
	struct record r;
	int rc;

	rc = segment_reader_open(report->options.directory, &reader, f);
	if (rc)
		return rc;
	while ((rc = segment_read(reader, &r, &broken)) == 1) {
		if (!report->first_seq)
			report->first_seq = r.seq;
		report->last_seq = r.seq;
		rc = record_take(report, &r);
		if (rc) {
			segment_reader_close(reader);
			return fault_set(f, -rc, "not enough memory for a report");
		}
	}
	if (rc < 0)
		memcpy(report->broken, broken.text, sizeof(broken.text));
	segment_reader_close(reader);
	return 0;
}

static int ring_init(struct report_ring *ring, size_t room)
{
	ring->records = calloc(room, sizeof(*ring->records));
	ring->room = room;
	return ring->records ? 0 : -ENOMEM;
}

int report_read(const struct report_options *o, struct report **ret_report, struct fault *f)
{
	struct report *report = calloc(1, sizeof(*report));
	int rc;

	if (!report)
		return fault_set(f, ENOMEM, "not enough memory for a report");
	report->options = *o;
	report->rules =
		(struct tally){ .hash = rule_hash, .same = rule_same, .limit = LIMIT_REPORT_RULES };
	report->files =
		(struct tally){ .hash = file_hash, .same = file_same, .limit = LIMIT_REPORT_FILES };
	report->hosts =
		(struct tally){ .hash = host_hash, .same = host_same, .limit = LIMIT_REPORT_HOSTS };
	report->models = (struct tally){ .hash = model_hash,
					 .same = model_same,
					 .limit = LIMIT_REPORT_MODELS };
	if (ring_init(&report->denials, LIMIT_REPORT_DENIALS) ||
	    ring_init(&report->notes, LIMIT_REPORT_NOTES) ||
	    ring_init(&report->losses, LIMIT_REPORT_LOSSES))
		rc = fault_set(f, ENOMEM, "not enough memory for a report");
	else
		rc = log_read(report, f);
	if (rc) {
		report_free(report);
		return rc;
	}
	trail_read(report);
	report_agents_finish(report);
	tally_sort(&report->rules);
	tally_sort(&report->files);
	tally_sort(&report->hosts);
	tally_sort(&report->models);
	*ret_report = report;
	return 0;
}

void report_free(struct report *r)
{
	if (!r)
		return;
	free(r->denials.records);
	free(r->notes.records);
	free(r->losses.records);
	tally_release(&r->rules);
	tally_release(&r->files);
	tally_release(&r->hosts);
	tally_release(&r->models);
	free(r->agents);
	index_release(&r->index);
	free(r);
}
