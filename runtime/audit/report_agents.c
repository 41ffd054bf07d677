// SPDX-License-Identifier: GPL-2.0-or-later
/* The agents of a report: found by boot and number, made and ended as the log says. */
#include "audit/report_agents.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

#define AGENTS_FIRST 64

/* Whose record it is. */
struct whose {
	const uint8_t *boot;
	const char *name; /* may be empty */
	uint64_t id;
};

static struct whose record_whose(const struct record *r)
{
	struct whose w = { .boot = r->boot, .name = r->agent_name };

	switch (r->type) {
	case RECORD_EVENT:
		w.id = r->u.event.agent;
		break;
	case RECORD_LIFECYCLE:
		w.id = r->u.lifecycle.agent;
		if (r->u.lifecycle.name[0])
			w.name = r->u.lifecycle.name;
		break;
	case RECORD_POLICY:
		w.id = r->u.policy.agent;
		break;
	case RECORD_CALL:
		w.id = r->u.call.agent;
		break;
	default:
		w.id = r->u.egress.agent;
	}
	return w;
}

static uint64_t whose_hash(const uint8_t boot[16], uint64_t id)
{
	return index_hash(index_hash(INDEX_HASH, boot, 16), &id, sizeof(id));
}

static uint64_t agent_hash(const void *cookie, size_t at)
{
	const struct report *report = cookie;

	return whose_hash(report->agents[at].boot, report->agents[at].id);
}

static bool agent_equal(const void *wanted, const void *cookie, size_t at)
{
	const struct report *report = cookie;
	const struct report_agent *a = &report->agents[at];
	const struct whose *w = wanted;

	return !a->retired && a->id == w->id && memcmp(a->boot, w->boot, sizeof(a->boot)) == 0;
}

static struct report_agent *agent_find(struct report *report, const struct whose *w)
{
	size_t at = index_find(&report->index, whose_hash(w->boot, w->id), agent_equal, w, report);

	return at == SIZE_MAX ? NULL : &report->agents[at];
}

/* Whether it is asked for by itself. */
static bool whose_meant(const struct report *report, const struct whose *w)
{
	const char *wanted = report->options.agent;
	char *end;

	if (!wanted || strncmp(w->name, wanted, AGENTOS_NAME_SIZE) == 0)
		return true;
	return *wanted >= '0' && *wanted <= '9' && strtoull(wanted, &end, 10) == w->id && !*end;
}

/* Gives up those that will not be shown, and of which no more can come. */
static int agents_compact(struct report *report, const uint8_t boot[16])
{
	size_t i, kept = 0;
	int rc = 0;

	for (i = 0; i < report->agent_count; i++) {
		const struct report_agent *a = &report->agents[i];

		if (a->shown || (!a->retired && !a->ended_ns && memcmp(a->boot, boot, 16) == 0))
			report->agents[kept++] = *a;
	}
	report->agent_count = kept;
	report->agents_gone = 0;
	memcpy(report->agents_boot, boot, sizeof(report->agents_boot));
	index_release(&report->index);
	for (i = 0; i < kept && !rc; i++)
		rc = index_add(&report->index, i, agent_hash, report);
	return rc;
}

/* *ret_agent is NULL when there is no room. */
static int agent_make(struct report *report, const struct whose *w, struct report_agent **ret_agent)
{
	const size_t count = report->agent_count;
	struct report_agent *a;
	int rc;

	*ret_agent = NULL;
	if (count == LIMIT_REPORT_AGENTS) {
		/* It takes long, and is for nothing unless something has changed. */
		if (!report->agents_gone &&
		    memcmp(report->agents_boot, w->boot, sizeof(report->agents_boot)) == 0)
			return 0;
		rc = agents_compact(report, w->boot);
		if (rc || report->agent_count == LIMIT_REPORT_AGENTS)
			return rc;
	} else if (count % AGENTS_FIRST == 0) {
		a = reallocarray(report->agents, count + AGENTS_FIRST, sizeof(*a));
		if (!a)
			return -ENOMEM;
		report->agents = a;
	}
	a = &report->agents[report->agent_count];
	*a = (struct report_agent){ .id = w->id, .order = ++report->orders };
	memcpy(a->boot, w->boot, sizeof(a->boot));
	rc = index_add(&report->index, report->agent_count, agent_hash, report);
	if (rc)
		return rc;
	report->agent_count++;
	*ret_agent = a;
	return 0;
}

static void agent_lifecycle(struct report_agent *a, const struct record *r)
{
	const struct agentos_lifecycle *l = &r->u.lifecycle;

	a->policy = l->policy;
	if (l->parent)
		a->parent = l->parent;
	switch (l->type) {
	case AGENTOS_LIFECYCLE_CREATE:
		a->created_ns = r->time_ns;
		a->owner = l->uid;
		a->flags = (uint32_t)l->code;
		break;
	case AGENTOS_LIFECYCLE_EXIT:
		a->ended_ns = r->time_ns;
		a->reason = l->reason;
		a->code = l->code;
		a->forks = l->forks;
		break;
	default:
		break;
	}
}

static void agent_policy(struct report_agent *a, const struct record *r)
{
	size_t len;

	if (r->u.policy.part)
		return;
	/* The name comes first, and ends in a NUL: audit/origin.c. */
	len = strnlen(r->u.policy.text, sizeof(a->policy_name) - 1);
	if (len > r->u.policy.text_len)
		len = r->u.policy.text_len;
	memset(a->policy_name, 0, sizeof(a->policy_name));
	memcpy(a->policy_name, r->u.policy.text, len);
	a->policy_named = r->u.policy.policy;
}

/* A new agent, or what a log that begins later knows of an old one. */
static bool agent_begins(const struct report_agent *a, const struct record *r)
{
	if (!a)
		return false;
	if (r->type == RECORD_LIFECYCLE && r->u.lifecycle.type == AGENTOS_LIFECYCLE_CREATE)
		return a->created_ns != 0;
	return r->type == RECORD_POLICY && a->ended_ns;
}

int report_agents_note(struct report *report, const struct record *r,
		       struct report_agent **ret_agent, bool *ret_meant)
{
	const struct whose w = record_whose(r);
	const bool made = r->type == RECORD_LIFECYCLE &&
			  r->u.lifecycle.type == AGENTOS_LIFECYCLE_CREATE;
	struct report_agent *a = agent_find(report, &w);
	struct whose parent = w;
	int rc;

	*ret_agent = NULL;
	/* Who asked the gateway was no agent. */
	if (!w.id) {
		*ret_meant = !report->options.agent;
		return 0;
	}
	/* The module was loaded anew: its numbers began again. */
	if (agent_begins(a, r)) {
		a->retired = true;
		report->agents_gone += !a->shown;
		a = NULL;
	}
	*ret_meant = a || whose_meant(report, &w);
	if (!*ret_meant && made && r->u.lifecycle.parent) {
		parent.id = r->u.lifecycle.parent;
		*ret_meant = agent_find(report, &parent) != NULL;
	}
	if (!*ret_meant)
		return 0;
	if (!a) {
		rc = agent_make(report, &w, &a);
		if (rc)
			return rc;
		if (!a) {
			report->agents_unplaced += made;
			return 0;
		}
	}
	if (w.name[0])
		snprintf(a->name, sizeof(a->name), "%.*s", AGENTOS_NAME_SIZE - 1, w.name);
	if (r->type == RECORD_EVENT && !a->policy)
		a->policy = r->u.event.policy;
	if (r->type == RECORD_LIFECYCLE)
		agent_lifecycle(a, r);
	else if (r->type == RECORD_POLICY)
		agent_policy(a, r);
	report->agents_gone += !a->shown && a->ended_ns == r->time_ns;
	*ret_agent = a;
	return 0;
}

static int agent_compare(const void *a, const void *b)
{
	const struct report_agent *x = a, *y = b;

	return x->order < y->order ? -1 : x->order > y->order;
}

void report_agents_finish(struct report *report)
{
	size_t i, kept = 0;

	for (i = 0; i < report->agent_count; i++) {
		if (report->agents[i].shown)
			report->agents[kept++] = report->agents[i];
	}
	report->agent_count = kept;
	if (kept)
		qsort(report->agents, kept, sizeof(*report->agents), agent_compare);
	index_release(&report->index);
}
