/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A report as one HTML page that needs nothing else: no network, no scripts, no other file. */
#ifndef AGENTOS_AUDIT_REPORT_HTML_H
#define AGENTOS_AUDIT_REPORT_HTML_H

#include <stdio.h>

#include "audit/report.h"

/*
 * Writes the page. Times are in UTC. Its Content-Security-Policy lets nothing be
 * fetched or run, and no style apply but its own; charts are inline SVG. What an
 * agent chose stands as html_bytes() has it, or as render_text() and then html_text().
 *
 * -ENOMEM  the page is not whole
 * -EIO     out has taken an error
 */
int report_html(FILE *out, const struct report *r);

#endif
