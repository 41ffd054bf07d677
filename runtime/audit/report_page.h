/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside the page of a report: what its parts are made of. */
#ifndef AGENTOS_AUDIT_REPORT_PAGE_H
#define AGENTOS_AUDIT_REPORT_PAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "audit/report.h"

struct page {
	FILE *out;
	const struct report *report;
	bool failed; /* no memory for some words: the page is not whole */
};

/* "1,234,567". */
void page_count(struct page *p, uint64_t number);
/* "1,234 acts": the word with an s unless it is one. */
void page_counted(struct page *p, uint64_t number, const char *word);
/* A <time> in UTC, to the second, or with its milliseconds. */
void page_time(struct page *p, uint64_t time_ns, bool exact);
/* "coder(7)"; "agent(7)" where its name is not known. */
void page_agent(struct page *p, const char *name, uint64_t id);
/* What render_text() says of it behind time and first word. */
void page_words(struct page *p, const struct record *r);
/* What `render` writes of it; what that escapes is not escaped again. */
void page_rendered(struct page *p, void (*render)(FILE *out, const struct record *r),
		   const struct record *r);

/* A section: <section>, its heading. Ended with "</section>". */
void page_section(struct page *p, const char *id, const char *title);
/*
 * A table: its caption, one line of plain text, and its columns, NULL behind the
 * last. Rows are the caller's; the first cell of each is <th scope="row">.
 */
void page_table(struct page *p, const char *caption, const char *const *columns);
void page_table_end(struct page *p);
/* Before a cell's text where columns are too narrow to stand beside each other. */
void page_label(struct page *p, const char *label);
/* "And N more ..." below a table; nothing when there are none. */
void page_more(struct page *p, uint64_t rows, const char *what, uint64_t acts);

/* "12 denied, 3 let pass": those of the counts that are not 0. */
void page_counts(struct page *p, const uint64_t *counts, const char *const *words, size_t count);
/* How many rows of a tally are shown; and below the table what is not, and what is in no row. */
size_t page_rows(const struct tally *t);
void page_rest(struct page *p, const struct tally *t, const char *what);

/* The parts, from the top. */
void page_timeline(struct page *p);
void page_rules(struct page *p);
void page_hosts(struct page *p);
void page_models(struct page *p);
void page_files(struct page *p);
void page_spend(struct page *p);
void page_agents(struct page *p);
void page_notes(struct page *p);
void page_losses(struct page *p);
void page_denials(struct page *p);

#endif
