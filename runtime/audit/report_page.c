// SPDX-License-Identifier: GPL-2.0-or-later
/* The small parts of a report's page: numbers, times, agents, words of records, tables. */
#include "audit/report_page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit/render.h"
#include "base/html.h"
#include "base/limits.h"

#define NS 1000000000ULL

void page_count(struct page *p, uint64_t number)
{
	render_count(p->out, number);
}

void page_counted(struct page *p, uint64_t number, const char *word)
{
	page_count(p, number);
	fprintf(p->out, " %s%s", word, number == 1 ? "" : "s");
}

void page_time(struct page *p, uint64_t time_ns, bool exact)
{
	time_t seconds = (time_t)(time_ns / NS);
	char date[32], day[32], ms[8] = "";
	struct tm tm = { 0 };

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%d", &tm);
	strftime(day, sizeof(day), "%H:%M:%S", &tm);
	if (exact)
		snprintf(ms, sizeof(ms), ".%03u", (unsigned int)(time_ns / 1000000 % 1000));
	fprintf(p->out, "<time datetime=\"%sT%s%sZ\"><span>%s</span> <span>%s%s</span></time>",
		date, day, ms, date, day, ms);
}

void page_agent(struct page *p, const char *name, uint64_t id)
{
	size_t len = strnlen(name, AGENTOS_NAME_SIZE);

	if (len)
		html_bytes(p->out, name, len);
	else
		fputs("agent", p->out);
	fprintf(p->out, "(%" PRIu64 ")", id);
}

static void rendered(struct page *p, void (*render)(FILE *out, const struct record *r),
		     const struct record *r, size_t head)
{
	char *text = NULL;
	size_t len = 0;
	FILE *words = open_memstream(&text, &len);

	if (words) {
		render(words, r);
		if (fclose(words) != 0)
			p->failed = true;
	}
	if (text) {
		text[strcspn(text, "\n")] = '\0';
		html_text(p->out, strlen(text) > head ? text + head : "");
	} else {
		p->failed = true;
	}
	free(text);
}

static void render_line(FILE *out, const struct record *r)
{
	render_text(out, r, false);
}

void page_words(struct page *p, const struct record *r)
{
	rendered(p, render_line, r, RENDER_HEAD);
}

void page_rendered(struct page *p, void (*render)(FILE *out, const struct record *r),
		   const struct record *r)
{
	rendered(p, render, r, 0);
}

void page_section(struct page *p, const char *id, const char *title)
{
	fprintf(p->out, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n", id, id, title);
}

void page_table(struct page *p, const char *caption, const char *const *columns)
{
	fprintf(p->out, "<table>\n<caption>%s</caption>\n<thead><tr>", caption);
	for (; *columns; columns++)
		fprintf(p->out, "<th scope=\"col\">%s</th>", *columns);
	fputs("</tr></thead>\n<tbody>\n", p->out);
}

void page_table_end(struct page *p)
{
	fputs("</tbody>\n</table>\n", p->out);
}

void page_label(struct page *p, const char *label)
{
	fprintf(p->out, "<span class=\"narrow dim\">%s </span>", label);
}

void page_more(struct page *p, uint64_t rows, const char *what, uint64_t acts)
{
	if (!rows)
		return;
	fputs("<p class=\"more\">And ", p->out);
	page_count(p, rows);
	fprintf(p->out, " more %s with ", what);
	page_counted(p, acts, "record");
	fputs(", not shown.</p>\n", p->out);
}

void page_counts(struct page *p, const uint64_t *counts, const char *const *words, size_t count)
{
	const char *comma = "";
	size_t i;

	for (i = 0; i < count; i++) {
		if (!counts[i])
			continue;
		fputs(comma, p->out);
		fputs("<span class=\"nowrap\">", p->out);
		page_count(p, counts[i]);
		fprintf(p->out, " %s</span>", words[i]);
		comma = ", ";
	}
}

void page_rest(struct page *p, const struct tally *t, const char *what)
{
	uint64_t rows = 0, acts = 0;
	size_t i;

	for (i = LIMIT_REPORT_ROWS; i < t->count; i++) {
		rows++;
		acts += tally_total(&t->rows[i]);
	}
	page_more(p, rows, what, acts);
	if (!t->unplaced)
		return;
	fputs("<p class=\"more\">", p->out);
	page_counted(p, t->unplaced, "record");
	fprintf(p->out,
		" of further %s came when %zu were counted already: they are in no row, and how many "
		"%s these were is not known.</p>\n",
		what, t->limit, what);
}

size_t page_rows(const struct tally *t)
{
	return t->count < LIMIT_REPORT_ROWS ? t->count : LIMIT_REPORT_ROWS;
}
