/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Records as comma-separated values, for programs that would run what they find in a cell. */
#ifndef AGENTOS_AUDIT_CSV_H
#define AGENTOS_AUDIT_CSV_H

#include <stdio.h>

#include "audit/fields.h"
#include "audit/record.h"

/*
 * As RFC 4180 has it, but for lines that end in a newline alone. Each line has a
 * cell for each column, empty where a record has nothing of the kind:
 *
 *	seq time boot type agent agent_name event verdict hook why rights rule
 *	policy pid uid comm object address port provider status input_tokens
 *	output_tokens microdollars text
 *
 * event is that of the lifecycle, or agentosd's note; object the path, host, model or
 * other name; text the line of render_text(). The others are as in JSON, several
 * rights with blanks between.
 *
 * Control characters and what else acts on a display are \xNN, as on a terminal,
 * so that no cell has a line of its own. A cell that begins with one of = + - @
 * begins with ' instead, and is a text for programs that calculate; so does one
 * that begins with ' itself, so that what was added can be told.
 */
void csv_head(FILE *out);
/* -ENOMEM; errors of writing are those of out. */
int csv_record(FILE *out, struct fields *fields, const struct record *r);

#endif
