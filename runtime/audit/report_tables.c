// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables of a report: what was refused and why, what was reached, changed and lost. */
#include <inttypes.h>

#include "audit/names.h"
#include "audit/render.h"
#include "audit/report_page.h"
#include "base/limits.h"
#include "policy/egress.h"
#include "rpc/call_why.h"

static void put_number_of(struct page *p, const struct record *r)
{
	fprintf(p->out, "<span class=\"dim\">#%" PRIu64 "</span>", r->seq);
}

/* A cell with when it was, and its number in the log. */
static void put_when(struct page *p, const struct record *r)
{
	fputs("<tr><th scope=\"row\" class=\"when\">", p->out);
	page_time(p, r->time_ns, true);
	fputs(" ", p->out);
	put_number_of(p, r);
	fputs("</th><td class=\"text\">", p->out);
}

static void put_tag(struct page *p, const char *style, const char *word)
{
	fprintf(p->out, "<b class=\"tag %s\">%s</b> ", style, word);
}

static void render_reason(FILE *out, const struct record *r)
{
	if (r->type == RECORD_EGRESS)
		fprintf(out, "the gateway: %s", egress_why_text(r->u.egress.why));
	else if (r->type == RECORD_CALL)
		fprintf(out, "the gateway: %s", call_why_text(r->u.call.why));
	else
		render_why(out, &r->u.event);
}

void page_rules(struct page *p)
{
	static const char *const columns[] = { "Reason", "Times", "The last of them", NULL };
	static const char *const words[] = {
		[REPORT_DENIED] = "denied",
		[REPORT_KILLED] = "denied and killed for it",
		[REPORT_PASSED] = "let pass",
	};
	const struct tally *t = &p->report->rules;
	const struct record *last;
	size_t i;

	page_section(p, "rules", "Denials by reason");
	if (!t->count) {
		fputs("<p>Nothing was denied, and nothing let pass that a policy is against.</p>\n"
		      "</section>\n",
		      p->out);
		return;
	}
	page_table(p, "By rule, by right, or by what else was against it; most first", columns);
	for (i = 0; i < page_rows(t); i++) {
		last = &t->rows[i].last;
		fputs("<tr><th scope=\"row\">", p->out);
		page_rendered(p, render_reason, last);
		if (last->type == RECORD_EVENT && last->u.event.why == AGENTOS_WHY_RULE)
			fprintf(p->out, " <span class=\"dim nowrap\">policy %u</span>",
				last->u.event.policy);
		fputs("</th><td class=\"count\">", p->out);
		page_counts(p, t->rows[i].counts, words, sizeof(words) / sizeof(words[0]));
		fputs("</td><td class=\"text\">", p->out);
		page_words(p, last);
		fputs(" ", p->out);
		put_number_of(p, last);
		fputs("</td></tr>\n", p->out);
	}
	page_table_end(p);
	page_rest(p, t, "reasons");
	fputs("<p class=\"note\"><code>agentctl policy explain NUMBER</code> tells of a record, by its "
	      "number behind #, which line of which policy it was, and what would allow it.</p>\n"
	      "</section>\n",
	      p->out);
}

static void render_place(FILE *out, const struct record *r)
{
	if (r->type == RECORD_EGRESS)
		render_host(out, r);
	else
		render_object(out, &r->u.event);
}

static void put_host(struct page *p, const struct tally_row *row)
{
	static const char *const by_name[] = { "opened", "refused", "let pass", "failed" };
	static const char *const by_address[] = { "allowed", "denied", "let pass" };
	const bool named = row->last.type == RECORD_EGRESS;

	fputs("<tr><th scope=\"row\" class=\"text\">", p->out);
	page_rendered(p, render_place, &row->last);
	fprintf(p->out, " <span class=\"dim\">%s</span></th><td class=\"count\">",
		named ? "by the gateway" : "directly");
	page_counts(p, row->counts, named ? by_name : by_address, named ? 4 : 3);
	fputs("</td><td class=\"count\">", p->out);
	if (row->counts[EGRESS_CLOSED] && named) {
		page_count(p, row->bytes_up);
		fputs(" sent, ", p->out);
		page_count(p, row->bytes_down);
		fputs(" received", p->out);
	}
	fputs("</td><td>", p->out);
	page_label(p, "last");
	page_time(p, row->last.time_ns, false);
	fputs("</td></tr>\n", p->out);
}

void page_hosts(struct page *p)
{
	static const char *const columns[] = { "Host", "Connections", "Bytes", "Last", NULL };
	const struct tally *t = &p->report->hosts;
	size_t i;

	page_section(p, "hosts", "Hosts contacted");
	if (t->count) {
		page_table(
			p,
			"What the gateway was asked for, and addresses that hooks saw; most first",
			columns);
		for (i = 0; i < page_rows(t); i++)
			put_host(p, &t->rows[i]);
		page_table_end(p);
		page_rest(p, t, "hosts");
	} else {
		fputs("<p>None that was recorded.</p>\n", p->out);
	}
	fputs("<p class=\"note\">Bytes are those of connections through the gateway that have ended. "
	      "Direct connections that were allowed are recorded only of agents whose policy says "
	      "<code>audit: verbose</code> or <code>strict</code>.</p>\n</section>\n",
	      p->out);
}

static void render_path(FILE *out, const struct record *r)
{
	render_object(out, &r->u.event);
}

void page_files(struct page *p)
{
	static const char *const columns[] = { "File", "Acts", "Last", NULL };
	static const char *const words[REPORT_FILE_KINDS] = {
		[REPORT_WRITTEN] = "opened for writing",
		[REPORT_CREATED] = "created",
		[REPORT_DELETED] = "deleted",
		[REPORT_RENAMED] = "renamed",
		[REPORT_LINKED] = "linked",
		[REPORT_TRUNCATED] = "truncated",
		[REPORT_METADATA] = "metadata changed",
	};
	const struct tally *t = &p->report->files;
	size_t i;

	page_section(p, "files", "Files changed");
	if (!t->count) {
		fputs("<p>None that was recorded. Allowed acts are recorded only of agents whose policy "
		      "says <code>audit: verbose</code> or <code>strict</code>: without that, this "
		      "does not mean that nothing was changed.</p>\n</section>\n",
		      p->out);
		return;
	}
	page_table(p, "What hooks let agents change; most first", columns);
	for (i = 0; i < page_rows(t); i++) {
		fputs("<tr><th scope=\"row\" class=\"text\">", p->out);
		page_rendered(p, render_path, &t->rows[i].last);
		fputs("</th><td class=\"count\">", p->out);
		page_counts(p, t->rows[i].counts, words, REPORT_FILE_KINDS);
		fputs("</td><td>", p->out);
		page_label(p, "last");
		page_time(p, t->rows[i].last.time_ns, false);
		fputs(" ", p->out);
		page_agent(p, t->rows[i].last.agent_name, t->rows[i].last.u.event.agent);
		fputs("</td></tr>\n", p->out);
	}
	page_table_end(p);
	page_rest(p, t, "files");
	fputs("<p class=\"note\">Such records are of agents whose policy says <code>audit: verbose</code> or "
	      "<code>strict</code>, of audit-only agents, and of acts that are only watched. A file that was "
	      "opened for writing need not have been written, and what a hook let pass the kernel may "
	      "have refused for another reason.</p>\n</section>\n",
	      p->out);
}

static void put_lines(struct page *p, const struct report_ring *ring, const char *caption,
		      const char *what)
{
	static const char *const columns[] = { "When", "What", NULL };
	size_t i;

	page_table(p, caption, columns);
	for (i = 0; i < report_ring_kept(ring); i++) {
		put_when(p, report_ring_at(ring, i));
		page_words(p, report_ring_at(ring, i));
		fputs("</td></tr>\n", p->out);
	}
	page_table_end(p);
	if (ring->count <= ring->room)
		return;
	fputs("<p class=\"more\">And ", p->out);
	page_count(p, ring->count - ring->room);
	fprintf(p->out, " earlier %s, not shown.</p>\n", what);
}

void page_notes(struct page *p)
{
	const struct report_ring *ring = &p->report->notes;

	page_section(p, "notes", "What was done to agents");
	if (ring->count)
		put_lines(p, ring,
			  "Pauses, kills, rights and policies taken or given, budgets, agentosd",
			  "notes");
	else
		fputs("<p>Nothing that was recorded, but that they were made and ended.</p>\n",
		      p->out);
	fputs("</section>\n", p->out);
}

void page_losses(struct page *p)
{
	const struct report *r = p->report;

	page_section(p, "losses", "Lost records and gaps");
	if (r->losses.count)
		put_lines(p, &r->losses, "What is known of records that nobody will ever see",
			  "losses");
	else
		fputs("<p>None is known: the log tells of no record that was lost.</p>\n", p->out);
	fputs("<p class=\"note\">Numbers of records have no gaps in a log that could be read to its "
	      "end. Losses are shown for every agent: whose records they were is not known.</p>\n"
	      "</section>\n",
	      p->out);
}

static bool record_denies(const struct record *r)
{
	if (r->type == RECORD_EGRESS)
		return r->u.egress.outcome == EGRESS_DENIED;
	if (r->type == RECORD_CALL)
		return r->u.call.outcome == CALL_DENIED;
	return r->u.event.verdict == AGENTOS_VERDICT_DENIED;
}

void page_denials(struct page *p)
{
	static const char *const columns[] = { "When", "What", NULL };
	const struct report_ring *ring = &p->report->denials;
	const struct record *r;
	size_t i;

	page_section(p, "denials", "The last denials");
	if (!ring->count) {
		fputs("<p>There was none.</p>\n</section>\n", p->out);
		return;
	}
	page_table(p, "The newest, oldest of these first", columns);
	for (i = 0; i < report_ring_kept(ring); i++) {
		r = report_ring_at(ring, i);
		put_when(p, r);
		if (!record_denies(r))
			put_tag(p, "passed", "let pass");
		else if (r->type == RECORD_EVENT && r->u.event.flags & AGENTOS_EVENT_KILL)
			put_tag(p, "denied", "killed");
		else
			put_tag(p, "denied", "denied");
		page_words(p, r);
		fputs("</td></tr>\n", p->out);
	}
	page_table_end(p);
	if (ring->count > ring->room) {
		fputs("<p class=\"more\">And ", p->out);
		page_count(p, ring->count - ring->room);
		fputs(" earlier, not shown.</p>\n", p->out);
	}
	fputs("</section>\n", p->out);
}
