// SPDX-License-Identifier: GPL-2.0-or-later
/* Records as comma-separated values. */
#include "audit/csv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit/render.h"
#include "base/escape.h"

/* Where each column is from; of several the last that a record has. */
static const struct {
	const char *column, *fields[4];
} columns[] = {
	{ "seq", { "seq" } },
	{ "time", { "time" } },
	{ "boot", { "boot" } },
	{ "type", { "type" } },
	{ "agent", { "agent" } },
	{ "agent_name", { "agent_name" } },
	{ "event", { "event", "note" } },
	{ "verdict", { "verdict", "outcome" } },
	{ "hook", { "hook" } },
	{ "why", { "why" } },
	{ "rights", { "rights" } },
	{ "rule", { "rule" } },
	{ "policy", { "policy" } },
	{ "pid", { "pid" } },
	{ "uid", { "uid" } },
	{ "comm", { "comm" } },
	{ "object", { "object.text", "host", "file", "model" } },
	{ "address", { "object.address", "address" } },
	{ "port", { "object.port", "port" } },
	{ "provider", { "provider" } },
	{ "status", { "status" } },
	{ "input_tokens", { "input_tokens" } },
	{ "output_tokens", { "output_tokens" } },
	{ "microdollars", { "microdollars" } },
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

struct row {
	char *cells[COLUMNS]; /* owned; NULL: empty */
};

void csv_head(FILE *out)
{
	size_t i;

	for (i = 0; i < COLUMNS; i++)
		fprintf(out, "%s,", columns[i].column);
	fputs("text\n", out);
}

static size_t column_of(const char *field)
{
	size_t i, j;

	for (i = 0; i < COLUMNS; i++) {
		for (j = 0; j < 4 && columns[i].fields[j]; j++) {
			if (strcmp(columns[i].fields[j], field) == 0)
				return i;
		}
	}
	return COLUMNS;
}

static int cell_take(const struct field *field, void *cookie)
{
	struct row *row = cookie;
	size_t at = column_of(field->name), room = ESCAPE_TEXT_MAX(field->len) + 1, before = 0;
	char *cell;

	if (at == COLUMNS)
		return 0;
	if (field->element && row->cells[at])
		before = strlen(row->cells[at]) + 1;
	cell = realloc(row->cells[at], before + room);
	if (!cell)
		return -ENOMEM;
	row->cells[at] = cell;
	if (before)
		cell[before - 1] = ' ';
	escape_text(cell + before, room, field->text, field->len);
	return 0;
}

static void cell_put(FILE *out, const char *cell, size_t len)
{
	size_t i;

	if (len && strchr("=+-@'", cell[0])) {
		fputs("\"'", out);
	} else if (memchr(cell, ',', len) || memchr(cell, '"', len) || memchr(cell, ' ', len)) {
		fputc('"', out);
	} else {
		fwrite(cell, 1, len, out);
		return;
	}
	for (i = 0; i < len; i++) {
		if (cell[i] == '"')
			fputc('"', out);
		fputc(cell[i], out);
	}
	fputc('"', out);
}

static int text_put(FILE *out, struct fields *fields, const struct record *r)
{
	/* Its JSON is not needed any more: the room is. */
	rewind(fields->out);
	render_text(fields->out, r, false);
	if (fflush(fields->out) != 0)
		return -ENOMEM;
	cell_put(out, fields->bytes, fields->len - 1);
	fputc('\n', out);
	return 0;
}

int csv_record(FILE *out, struct fields *fields, const struct record *r)
{
	struct row row = { 0 };
	size_t i;
	int rc;

	rc = fields_read(fields, r, cell_take, &row);
	for (i = 0; i < COLUMNS; i++) {
		if (rc == 0) {
			cell_put(out, row.cells[i] ? row.cells[i] : "",
				 row.cells[i] ? strlen(row.cells[i]) : 0);
			fputc(',', out);
		}
		free(row.cells[i]);
	}
	return rc ? rc : text_put(out, fields, r);
}
