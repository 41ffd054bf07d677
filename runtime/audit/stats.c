// SPDX-License-Identifier: GPL-2.0-or-later
/* Records counted: by who, what, how it was decided, and when. */
#include "audit/stats.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "audit/names.h"
#include "base/limits.h"

int stats_init(struct stats *s)
{
	int i, rc;

	*s = (struct stats){ 0 };
	for (i = 0; i < STATS_KINDS; i++) {
		rc = top_create(LIMIT_STATS, &s->tops[i]);
		if (rc) {
			stats_release(s);
			return rc;
		}
	}
	return 0;
}

void stats_release(struct stats *s)
{
	int i;

	for (i = 0; i < STATS_KINDS; i++)
		top_free(s->tops[i]);
	*s = (struct stats){ 0 };
}

const char *stats_name(enum stats_kind kind)
{
	static const char *const names[STATS_KINDS] = {
		"types",   "agents", "operations", "verdicts", "reasons",
		"objects", "hosts",  "models",	   "days"
	};

	return names[kind];
}

static void count(struct stats *s, enum stats_kind kind, const char *name)
{
	top_add(s->tops[kind], name, strlen(name), 1);
}

static void agent_count(struct stats *s, const char *name, uint64_t id)
{
	char number[32];

	if (!name[0]) {
		snprintf(number, sizeof(number), "agent %" PRIu64, id);
		name = number;
	}
	count(s, STATS_AGENTS, name);
}

static void address_count(struct stats *s, unsigned int family, const uint8_t addr[16],
			  unsigned int port)
{
	char text[INET6_ADDRSTRLEN], name[INET6_ADDRSTRLEN + 16];

	if ((family != AF_INET && family != AF_INET6) ||
	    !inet_ntop((int)family, addr, text, sizeof(text)))
		return;
	snprintf(name, sizeof(name), family == AF_INET6 ? "[%s]:%u" : "%s:%u", text, port);
	count(s, STATS_HOSTS, name);
}

static void object_count(struct stats *s, const struct agentos_event *e)
{
	char name[80];

	if (e->object_kind == AGENTOS_OBJECT_INET) {
		address_count(s, e->family, e->addr, e->port);
	} else if (e->text_len) {
		top_add(s->tops[STATS_OBJECTS], e->text,
			e->text_len < sizeof(e->text) ? e->text_len : sizeof(e->text) - 1, 1);
	} else if (e->ino) {
		snprintf(name, sizeof(name), "inode %llu of device %u:%u", e->ino, e->dev >> 20,
			 e->dev & 0xfffff);
		count(s, STATS_OBJECTS, name);
	}
}

static void rule_count(struct stats *s, uint32_t rule, uint32_t policy, const char *why)
{
	char name[64];

	if (rule == AGENTOS_RULE_NONE || AGENTOS_RULE_IS_OWN(rule)) {
		count(s, STATS_REASONS, why);
		return;
	}
	snprintf(name, sizeof(name), "rule %u of policy %u", rule, policy);
	count(s, STATS_REASONS, name);
}

static void reason_count(struct stats *s, const struct agentos_event *e)
{
	char name[NAME_ROOM + 8], other[NAME_ROOM];
	unsigned int bit;

	if (e->why == AGENTOS_WHY_NONE && e->verdict == AGENTOS_VERDICT_ALLOWED)
		return;
	if (e->why != AGENTOS_WHY_RIGHT || !e->right) {
		rule_count(s, e->why == AGENTOS_WHY_RULE ? e->rule : AGENTOS_RULE_NONE, e->policy,
			   name_why(e->why, other));
		return;
	}
	for (bit = 0; bit < 64; bit++) {
		if (!(e->right >> bit & 1))
			continue;
		snprintf(name, sizeof(name), "right %s", name_right(bit, other));
		count(s, STATS_REASONS, name);
	}
}

static void event_count(struct stats *s, const struct record *r)
{
	const struct agentos_event *e = &r->u.event;
	char other[NAME_ROOM];

	agent_count(s, r->agent_name, e->agent);
	count(s, STATS_OPERATIONS, name_hook(e->hook, other));
	count(s, STATS_VERDICTS, name_verdict(e->verdict, other));
	reason_count(s, e);
	object_count(s, e);
}

static void egress_count(struct stats *s, const struct record *r)
{
	char other[NAME_ROOM], name[COMPILED_HOST + 16];
	unsigned int outcome = r->u.egress.outcome;

	agent_count(s, r->agent_name, r->u.egress.agent);
	count(s, STATS_OPERATIONS, "egress");
	/* The same word as for acts. */
	count(s, STATS_VERDICTS,
	      outcome == EGRESS_WOULD_DENY ? "would-deny" : name_outcome(outcome, other));
	if (outcome != EGRESS_CLOSED &&
	    (outcome != EGRESS_ALLOWED || r->u.egress.rule != AGENTOS_RULE_NONE))
		rule_count(s, r->u.egress.rule, r->u.egress.policy,
			   name_egress(r->u.egress.why, other));
	if (r->u.egress.host[0]) {
		snprintf(name, sizeof(name), "%s:%u", r->u.egress.host, r->u.egress.port);
		count(s, STATS_HOSTS, name);
	} else {
		address_count(s, r->u.egress.family, r->u.egress.addr, r->u.egress.port);
	}
}

/* What the log claims may be more than any sum holds. */
static void sum(uint64_t *to, uint64_t more)
{
	*to = *to > UINT64_MAX - more ? UINT64_MAX : *to + more;
}

static void call_count(struct stats *s, const struct record *r)
{
	char other[NAME_ROOM], name[RECORD_MODEL_NAME];
	const unsigned int outcome = r->u.call.outcome;
	size_t len = record_model(r, name);

	agent_count(s, r->agent_name, r->u.call.agent);
	count(s, STATS_OPERATIONS, "call");
	/* The same words as for acts. */
	count(s, STATS_VERDICTS,
	      outcome == CALL_ANSWERED	 ? "allowed" :
	      outcome == CALL_WOULD_DENY ? "would-deny" :
					   name_answer(outcome, other));
	if (outcome != CALL_ANSWERED || r->u.call.rule != AGENTOS_RULE_NONE)
		rule_count(s, outcome == CALL_ANSWERED ? r->u.call.rule : AGENTOS_RULE_NONE,
			   r->u.call.policy, name_call(r->u.call.why, other));
	if (len)
		top_add(s->tops[STATS_MODELS], name, len, 1);
	s->calls++;
	sum(&s->input, r->u.call.input);
	sum(&s->output, r->u.call.output);
	sum(&s->microdollars, r->u.call.microdollars);
}

static void time_count(struct stats *s, uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	char day[32];
	struct tm tm;

	if (!s->records || time_ns < s->first_ns)
		s->first_ns = time_ns;
	if (time_ns > s->last_ns)
		s->last_ns = time_ns;
	if (localtime_r(&seconds, &tm) && strftime(day, sizeof(day), "%Y-%m-%d", &tm))
		count(s, STATS_DAYS, day);
}

void stats_add(struct stats *s, const struct record *r)
{
	static const char *const types[] = { "other",  "event",	 "lifecycle", "loss",
					     "daemon", "policy", "egress",    "call" };
	const struct agentos_lifecycle *l = &r->u.lifecycle;

	time_count(s, r->time_ns);
	if (!s->records)
		s->first_seq = r->seq;
	s->last_seq = r->seq;
	s->records++;
	count(s, STATS_TYPES, types[r->type < RECORD_COUNT ? r->type : 0]);
	switch (r->type) {
	case RECORD_EVENT:
		event_count(s, r);
		break;
	case RECORD_LIFECYCLE:
		if (l->type == AGENTOS_LIFECYCLE_LOST)
			s->lost[STREAM_LIFECYCLE] += l->lost;
		else if (l->type == AGENTOS_LIFECYCLE_REPEATED)
			s->counted += l->count;
		if (l->type != AGENTOS_LIFECYCLE_LOST)
			agent_count(s, l->name[0] ? l->name : r->agent_name, l->agent);
		break;
	case RECORD_LOSS:
		s->lost[r->stream < STREAM_COUNT ? r->stream : 0] += r->u.loss.count;
		break;
	case RECORD_POLICY:
		agent_count(s, r->agent_name, r->u.policy.agent);
		break;
	case RECORD_EGRESS:
		egress_count(s, r);
		break;
	case RECORD_CALL:
		call_count(s, r);
		break;
	default:
		if (r->type == RECORD_DAEMON && r->u.daemon.note == DAEMON_UNWRITABLE)
			s->unwritten += r->u.daemon.number;
	}
}
