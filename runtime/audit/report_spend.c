// SPDX-License-Identifier: GPL-2.0-or-later
/* What agents used up, as a report has it: models called, tokens and money, marks of budgets. */
#include <inttypes.h>
#include <stdlib.h>

#include "audit/names.h"
#include "audit/render.h"
#include "audit/report_page.h"
#include "base/limits.h"

static const char *const outcomes[CALL_OUTCOMES] = {
	[CALL_ANSWERED] = "answered",
	[CALL_DENIED] = "refused",
	[CALL_WOULD_DENY] = "let pass",
	[CALL_FAILED] = "failed",
};

/* "1,200 in, 340 out"; nothing of none. */
static void put_tokens(struct page *p, uint64_t input, uint64_t output)
{
	if (!input && !output)
		return;
	page_count(p, input);
	fputs(" in, ", p->out);
	page_count(p, output);
	fputs(" out", p->out);
}

static void put_money(struct page *p, uint64_t microdollars)
{
	if (microdollars)
		render_money(p->out, microdollars);
}

static void put_model(struct page *p, const struct tally_row *row)
{
	fputs("<tr><th scope=\"row\" class=\"text\">", p->out);
	page_rendered(p, render_model, &row->last);
	fputs("</th><td class=\"count\">", p->out);
	page_counts(p, row->counts, outcomes, CALL_OUTCOMES);
	fputs("</td><td class=\"count\">", p->out);
	put_tokens(p, row->input, row->output);
	fputs("</td><td class=\"count\">", p->out);
	put_money(p, row->microdollars);
	fputs("</td><td>", p->out);
	page_label(p, "last");
	page_time(p, row->last.time_ns, false);
	fputs("</td></tr>\n", p->out);
}

void page_models(struct page *p)
{
	static const char *const columns[] = { "Model", "Calls", "Tokens", "Cost", "Last", NULL };
	const struct tally *t = &p->report->models;
	size_t i;

	page_section(p, "models", "Models called");
	if (!t->count) {
		fputs("<p>None by the gateway.</p>\n</section>\n", p->out);
		return;
	}
	page_table(p, "What the gateway was asked to call for agents; most calls first", columns);
	for (i = 0; i < page_rows(t); i++)
		put_model(p, &t->rows[i]);
	page_table_end(p);
	page_rest(p, t, "models");
	fputs("<p class=\"note\">Names are as agents asked for them. The log has no word of what was asked "
	      "or answered: of both it has the SHA-256, by which who kept them can show that they "
	      "are what went through.</p>\n</section>\n",
	      p->out);
}

static uint64_t calls_of(const struct report_calls *calls)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < CALL_OUTCOMES; i++)
		sum += calls->count[i];
	return sum;
}

struct pick {
	const struct report_agent *agent;
};

/* Who cost most goes first, of equals who took more tokens, then who called more. */
static int spend_compare(const void *a, const void *b)
{
	const struct report_agent *x = ((const struct pick *)a)->agent,
				  *y = ((const struct pick *)b)->agent;
	const uint64_t tx = x->calls.input + x->calls.output, ty = y->calls.input + y->calls.output;
	const uint64_t cx = calls_of(&x->calls), cy = calls_of(&y->calls);

	if (x->calls.microdollars != y->calls.microdollars)
		return x->calls.microdollars < y->calls.microdollars ? 1 : -1;
	if (tx != ty)
		return tx < ty ? 1 : -1;
	if (cx != cy)
		return cx < cy ? 1 : -1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void put_calls(struct page *p, const struct report_calls *calls)
{
	fputs("</th><td class=\"count\">", p->out);
	page_counts(p, calls->count, outcomes, CALL_OUTCOMES);
	fputs("</td><td class=\"count\">", p->out);
	put_tokens(p, calls->input, calls->output);
	if (calls->cache_read) {
		fputs(" <span class=\"dim nowrap\">", p->out);
		page_count(p, calls->cache_read);
		fputs(" of them cached</span>", p->out);
	}
	fputs("</td><td class=\"count\">", p->out);
	put_money(p, calls->microdollars);
	fputs("</td></tr>\n", p->out);
}

/* Of agents that called models. */
static void put_spenders(struct page *p)
{
	static const char *const columns[] = { "Agent", "Calls", "Tokens", "Cost", NULL };
	const struct report *r = p->report;
	struct pick *list = calloc(r->agent_count + 1, sizeof(*list));
	size_t i, count = 0;
	uint64_t more = 0;

	if (!list) {
		p->failed = true;
		return;
	}
	for (i = 0; i < r->agent_count; i++) {
		if (calls_of(&r->agents[i].calls))
			list[count++].agent = &r->agents[i];
	}
	if (count)
		qsort(list, count, sizeof(*list), spend_compare);
	page_table(p, "Calls of models by agent; the most expensive first", columns);
	for (i = 0; i < count && i < LIMIT_REPORT_ROWS; i++) {
		fputs("<tr><th scope=\"row\" class=\"text\">", p->out);
		page_agent(p, list[i].agent->name, list[i].agent->id);
		put_calls(p, &list[i].agent->calls);
	}
	for (; i < count; i++)
		more += calls_of(&list[i].agent->calls);
	fputs("<tr><th scope=\"row\">All together", p->out);
	put_calls(p, &r->calls);
	page_table_end(p);
	page_more(p, count > LIMIT_REPORT_ROWS ? count - LIMIT_REPORT_ROWS : 0, "agents", more);
	free(list);
}

static void put_marks(struct page *p)
{
	static const char *const columns[] = { "Agent", "Budget", "Highest mark told", "When",
					       NULL };
	const struct report *r = p->report;
	char other[NAME_ROOM];
	uint64_t more = 0;
	size_t i, rows = 0;
	unsigned int k;

	for (i = 0; i < r->agent_count; i++) {
		for (k = 0; k < AGENTOS_RESOURCE_COUNT; k++) {
			if (!r->agents[i].spent[k].percent)
				continue;
			if (rows == LIMIT_REPORT_ROWS) {
				more++;
				continue;
			}
			if (!rows++)
				page_table(p, "Budgets that were used up to a mark", columns);
			fputs("<tr><th scope=\"row\" class=\"text\">", p->out);
			page_agent(p, r->agents[i].name, r->agents[i].id);
			fprintf(p->out, "</th><td>%s</td><td class=\"count\">%u %%</td><td>",
				name_resource(k, other), r->agents[i].spent[k].percent);
			page_time(p, r->agents[i].spent[k].most_ns, false);
			fputs("</td></tr>\n", p->out);
		}
	}
	if (rows)
		page_table_end(p);
	else
		fputs("<p>No budget came to 80 % of its limit in the period, as far as recorded.</p>\n",
		      p->out);
	if (more) {
		fputs("<p class=\"more\">And ", p->out);
		page_count(p, more);
		fputs(" more marks, not shown.</p>\n", p->out);
	}
}

void page_spend(struct page *p)
{
	const struct report *r = p->report;

	page_section(p, "spend", "Spend");
	if (calls_of(&r->calls))
		put_spenders(p);
	put_marks(p);
	fputs("<p class=\"note\">Connections through the gateway that ended in the period carried ",
	      p->out);
	page_counted(p, r->egress_up, "byte");
	fputs(" from agents and ", p->out);
	page_counted(p, r->egress_down, "byte");
	fputs(" to them. Of tokens and money the log has what the gateway's own calls of models took, "
	      "by the provider's count and the prices that the gateway knew. Of what else was charged, "
	      "tool calls and processor time it holds no amounts: only that 80 or 100 percent of a "
	      "limit were used, and what came of it. While an agent runs, <code>agentctl budget "
	      "AGENT</code> tells the amounts.</p>\n</section>\n",
	      p->out);
}
