// SPDX-License-Identifier: GPL-2.0-or-later
/* The agents of a report: when they ran, and how they ended. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "audit/names.h"
#include "audit/report_page.h"
#include "base/html.h"
#include "base/limits.h"

struct pick {
	const struct report_agent *agent;
};

static int order_compare(const void *a, const void *b)
{
	const uint64_t x = ((const struct pick *)a)->agent->order,
		       y = ((const struct pick *)b)->agent->order;

	return x < y ? -1 : x > y;
}

/* Who was refused most goes first when not all can be shown. */
static int trouble_compare(const void *a, const void *b)
{
	const struct report_agent *x = ((const struct pick *)a)->agent,
				  *y = ((const struct pick *)b)->agent;
	const uint64_t dx = x->denied + x->passed, dy = y->denied + y->passed;

	return dx != dy ? (dx < dy ? 1 : -1) : order_compare(a, b);
}

static const struct report_agent *parent_find(const struct report *r, const struct report_agent *a)
{
	const struct report_agent *found = NULL;
	size_t i;

	for (i = 0; i < r->agent_count && r->agents[i].order < a->order; i++) {
		if (r->agents[i].id == a->parent &&
		    memcmp(r->agents[i].boot, a->boot, sizeof(a->boot)) == 0)
			found = &r->agents[i];
	}
	return found;
}

/* What a policy of that number is called, of those that the log names. */
static const char *policy_name(const struct report *r, const struct report_agent *a)
{
	size_t i;

	if (a->policy_named == a->policy && a->policy_name[0])
		return a->policy_name;
	for (i = 0; i < r->agent_count; i++) {
		if (r->agents[i].policy_named == a->policy && r->agents[i].policy_name[0] &&
		    memcmp(r->agents[i].boot, a->boot, sizeof(a->boot)) == 0)
			return r->agents[i].policy_name;
	}
	return "";
}

static void put_end(struct page *p, const struct report_agent *a)
{
	char other[NAME_ROOM];

	switch (a->reason) {
	case AGENTOS_REASON_EXIT:
		fprintf(p->out, "exit status %d", a->code);
		break;
	case AGENTOS_REASON_SIGNAL:
		fprintf(p->out, "killed by %s", name_signal((uint32_t)a->code, other));
		break;
	case AGENTOS_REASON_KILLED:
		fputs("killed on request", p->out);
		break;
	case AGENTOS_REASON_BUDGET:
		fputs("killed: a budget was used up", p->out);
		break;
	case AGENTOS_REASON_POLICY:
		fputs("killed for what it tried", p->out);
		break;
	case AGENTOS_REASON_UNUSED:
		fputs("nothing was ever started in it", p->out);
		break;
	default:
		fprintf(p->out, "reason %u", a->reason);
	}
}

static void put_life(struct page *p, const struct report_agent *a)
{
	page_label(p, "start");
	if (a->created_ns)
		page_time(p, a->created_ns, false);
	else
		fputs("<span class=\"dim\">before this log</span>", p->out);
	fputs("</td><td>", p->out);
	page_label(p, "end");
	if (a->ended_ns) {
		page_time(p, a->ended_ns, false);
		fputs(" <span class=\"dim\">", p->out);
		put_end(p, a);
		fprintf(p->out, "; %u forked</span>", a->forks);
	} else {
		fputs("<span class=\"dim\">not in this log</span>", p->out);
	}
}

static void put_acts(struct page *p, const struct report_agent *a)
{
	page_count(p, a->denied);
	fputs(" denied", p->out);
	if (a->passed) {
		fputs(", ", p->out);
		page_count(p, a->passed);
		fputs(" let pass", p->out);
	}
	if (a->allowed) {
		fputs(", ", p->out);
		page_count(p, a->allowed);
		fputs(" allowed", p->out);
	}
}

static void put_agent(struct page *p, const struct report_agent *a)
{
	const struct report_agent *parent = a->parent ? parent_find(p->report, a) : NULL;
	const char *policy = policy_name(p->report, a);

	fputs("<tr><th scope=\"row\" class=\"text\">", p->out);
	page_agent(p, a->name, a->id);
	if (a->parent) {
		fputs(" <span class=\"dim\">below ", p->out);
		page_agent(p, parent ? parent->name : "", a->parent);
		fputs("</span>", p->out);
	}
	if (a->created_ns)
		fprintf(p->out, " <span class=\"dim nowrap\">uid %u</span>", a->owner);
	if (a->flags & AGENTOS_CREATE_AUDIT_ONLY)
		fputs(" <b class=\"tag passed\">audit-only</b>", p->out);
	if (a->flags & AGENTOS_CREATE_STRICT)
		fputs(" <b class=\"tag\">strict</b>", p->out);
	fputs("</th><td class=\"text\">", p->out);
	html_bytes(p->out, policy, strlen(policy));
	fprintf(p->out, " <span class=\"dim nowrap\">policy %u</span></td><td>", a->policy);
	put_life(p, a);
	fputs("</td><td class=\"count\">", p->out);
	put_acts(p, a);
	fputs("</td></tr>\n", p->out);
}

void page_agents(struct page *p)
{
	static const char *const columns[] = { "Agent", "Policy", "Start", "End", "Acts", NULL };
	const struct report *r = p->report;
	struct pick *list;
	uint64_t more = 0, acts = 0;
	size_t i, shown = r->agent_count;

	page_section(p, "agents", "Agents");
	list = calloc(r->agent_count + 1, sizeof(*list));
	if (!list) {
		p->failed = true;
		fputs("</section>\n", p->out);
		return;
	}
	for (i = 0; i < r->agent_count; i++)
		list[i].agent = &r->agents[i];
	if (shown > LIMIT_REPORT_ROWS) {
		qsort(list, shown, sizeof(*list), trouble_compare);
		for (i = LIMIT_REPORT_ROWS; i < shown; i++)
			acts += list[i].agent->denied + list[i].agent->passed +
				list[i].agent->allowed;
		more = shown - LIMIT_REPORT_ROWS;
		shown = LIMIT_REPORT_ROWS;
		qsort(list, shown, sizeof(*list), order_compare);
	}
	if (shown)
		page_table(p, "Agents with records in the period, in the order of these", columns);
	else
		fputs("<p>None had a record in the period.</p>\n", p->out);
	for (i = 0; i < shown; i++)
		put_agent(p, list[i].agent);
	if (shown)
		page_table_end(p);
	page_more(p, more, "agents", acts);
	if (r->agents_unplaced) {
		fputs("<p class=\"more\">", p->out);
		page_counted(p, r->agents_unplaced, "agent");
		fputs(" more were made than can be told apart here: their acts are counted above.</p>\n",
		      p->out);
	}
	free(list);
	fputs("</section>\n", p->out);
}
