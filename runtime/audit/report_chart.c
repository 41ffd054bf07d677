// SPDX-License-Identifier: GPL-2.0-or-later
/* The timeline of a report: bars of inline SVG, a row for each thing that is counted. */
#include <inttypes.h>
#include <time.h>

#include "audit/report_page.h"

#define BIT(kind) (1U << (kind))
#define CELLS_MIN 24  /* so that a moment is no wall */
#define CELL	  10  /* units of a stretch; a bar leaves one at each side */
#define TALL	  100 /* units of a row of bars */

struct row {
	const char *id, *label, *what;
	unsigned int kinds;
	bool marks; /* that there was any, not how many */
};

static const struct {
	enum timeline_kind kind;
	const char *style, *word;
} series[] = {
	{ TIMELINE_DENIED, "denied", "denied" },
	{ TIMELINE_PASSED, "passed", "let pass" },
	{ TIMELINE_ALLOWED, "allowed", "allowed" },
	{ TIMELINE_STARTED, "started", "agents made" },
	{ TIMELINE_ENDED, "ended", "agents ended" },
	{ TIMELINE_KILLED, "killed", "agents killed" },
	{ TIMELINE_DAEMON, "daemon", "notes of agentosd" },
	{ TIMELINE_LOST, "lost", "records lost" },
};
#define SERIES (sizeof(series) / sizeof(series[0]))

static void put_width(struct page *p, uint64_t width_ns)
{
	static const struct {
		uint64_t ns;
		const char *word;
	} units[] = { { 86400000000000, "day" },
		      { 3600000000000, "hour" },
		      { 60000000000, "minute" },
		      { 1000000000, "second" } };
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (width_ns >= units[i].ns) {
			page_counted(p, width_ns / units[i].ns, units[i].word);
			return;
		}
	}
	fprintf(p->out, "%" PRIu64 " ms", width_ns / 1000000);
}

/* Inside of <title> and <desc> there are no elements. */
static void put_moment(struct page *p, uint64_t time_ns)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	struct tm tm = { 0 };
	char text[64];

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	fputs(text, p->out);
}

/* What a pointer on the bar is told. */
static void put_hint(struct page *p, size_t at, unsigned int kinds)
{
	const struct timeline *t = &p->report->timeline;
	const char *comma = ": ";
	size_t i;

	fputs("<title>", p->out);
	put_moment(p, timeline_begin(t, at));
	for (i = 0; i < SERIES; i++) {
		if (!(kinds & BIT(series[i].kind)) || !t->counts[at][series[i].kind])
			continue;
		fprintf(p->out, "%s%" PRIu64 " %s", comma, t->counts[at][series[i].kind],
			series[i].word);
		comma = ", ";
	}
	fputs("</title>", p->out);
}

/* Whatever is there at all is seen. */
static unsigned int bar_height(uint64_t count, uint64_t most)
{
	unsigned int tall;

	if (!count)
		return 0;
	tall = (unsigned int)((long double)count / (long double)most * TALL);
	return tall < 3 ? 3 : tall > TALL ? TALL : tall;
}

static void put_bar(struct page *p, const struct row *row, size_t at, uint64_t most)
{
	const struct timeline *t = &p->report->timeline;
	unsigned int below = 0, tall;
	size_t i;

	fputs("<g>", p->out);
	put_hint(p, at, row->kinds);
	for (i = 0; i < SERIES; i++) {
		if (!(row->kinds & BIT(series[i].kind)))
			continue;
		tall = bar_height(t->counts[at][series[i].kind], row->marks ? 1 : most);
		if (tall > TALL - below)
			tall = TALL - below;
		if (!tall)
			continue;
		below += tall;
		fprintf(p->out,
			"<rect class=\"%s\" x=\"%zu\" y=\"%u\" width=\"%d\" height=\"%u\"/>",
			series[i].style, at * CELL + 1, TALL - below, CELL - 2, tall);
	}
	fputs("</g>\n", p->out);
}

static void put_row(struct page *p, const struct row *row, size_t cells)
{
	const struct timeline *t = &p->report->timeline;
	size_t at, peak;
	uint64_t most = timeline_most(t, row->kinds, &peak), total = 0;

	for (at = 0; at < t->count; at++)
		total += timeline_sum(t, at, row->kinds);
	if (!most && row->marks)
		return;
	fprintf(p->out, "<div class=\"row%s\"><p class=\"label\">%s <b>",
		row->marks ? " marks" : "", row->label);
	page_count(p, total);
	fputs("</b>", p->out);
	if (most && !row->marks) {
		fputs(" <span class=\"dim\">at most ", p->out);
		page_count(p, most);
		fputs(" in ", p->out);
		put_width(p, t->width_ns);
		fputs("</span>", p->out);
	}
	fprintf(p->out,
		"</p><svg role=\"img\" aria-labelledby=\"%s-t %s-d\" viewBox=\"0 0 %zu %d\" "
		"preserveAspectRatio=\"none\"><title id=\"%s-t\">%s over time</title><desc "
		"id=\"%s-d\">",
		row->id, row->id, cells * CELL, TALL, row->id, row->what, row->id);
	if (most) {
		page_count(p, total);
		fputs(" in all; most, ", p->out);
		page_count(p, most);
		fputs(", from ", p->out);
		put_moment(p, timeline_begin(t, peak));
		fputs(" on", p->out);
	} else {
		fputs("None", p->out);
	}
	fputs(".</desc>\n", p->out);
	for (at = 0; at < t->count; at++) {
		if (timeline_sum(t, at, row->kinds))
			put_bar(p, row, at, most);
	}
	fputs("</svg></div>\n", p->out);
}

void page_timeline(struct page *p)
{
	static const struct row rows[] = {
		{ "c-denied",
		  "<i class=\"denied\"></i>denied, <i class=\"passed\"></i>let&nbsp;pass",
		  "Acts denied, and let pass though a policy is against them",
		  BIT(TIMELINE_DENIED) | BIT(TIMELINE_PASSED), false },
		{ "c-allowed", "<i class=\"allowed\"></i>allowed",
		  "Acts allowed, as far as recorded", BIT(TIMELINE_ALLOWED), false },
		{ "c-lost", "<i class=\"lost\"></i>lost", "Records lost", BIT(TIMELINE_LOST),
		  true },
		{ "c-started", "<i class=\"started\"></i>agents made", "Agents made",
		  BIT(TIMELINE_STARTED), true },
		{ "c-ended", "<i class=\"ended\"></i>ended, <i class=\"killed\"></i>killed",
		  "Agents ended or killed", BIT(TIMELINE_ENDED) | BIT(TIMELINE_KILLED), true },
		{ "c-daemon", "<i class=\"daemon\"></i>agentosd",
		  "agentosd started, stopped, took over, or ended enforcement",
		  BIT(TIMELINE_DAEMON), true },
	};
	const struct timeline *t = &p->report->timeline;
	const size_t cells = t->count < CELLS_MIN ? CELLS_MIN : t->count;
	size_t i;

	page_section(p, "timeline", "Timeline");
	if (!t->count) {
		fputs("<p>Nothing happened that has a place on it.</p>\n</section>\n", p->out);
		return;
	}
	fputs("<div class=\"chart\">\n", p->out);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		put_row(p, &rows[i], cells);
	fputs("<div class=\"axis\">", p->out);
	page_time(p, timeline_begin(t, 0), false);
	page_time(p, timeline_begin(t, cells / 2), false);
	page_time(p, timeline_begin(t, cells), false);
	fputs("</div>\n</div>\n<p class=\"note\">Each bar is ", p->out);
	put_width(p, t->width_ns);
	fputs("; the rows have scales of their own. Times are in UTC, of the clock that the "
	      "machine had then.</p>\n</section>\n",
	      p->out);
}
