// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages about a policy's text: where, and what is wrong. */
#include "policy/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"

void source_init(struct source *s, const char *file, struct fault *f)
{
	escape_text(s->file, sizeof(s->file), file, strlen(file));
	s->fault = f;
	s->files = NULL;
	s->number = 0;
}

void source_init_at(struct source *s, char *const *files, uint32_t number, struct fault *f)
{
	source_init(s, files[number], f);
	s->files = files;
	s->number = number;
}

void source_complain(const struct source *s, uint32_t line, const char *fmt, ...)
{
	char text[FAULT_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (line)
		fault_write(s->fault, "%s:%u: %s", s->file, line, text);
	else
		fault_write(s->fault, "%s: %s", s->file, text);
}

struct quote source_quote(const char *bytes, size_t len)
{
	struct quote q;
	char *inside = q.text + 1;
	size_t room = sizeof(q.text) - sizeof("\"...\"");
	size_t done = escape_text(inside, room + 1, bytes, len);
	char full[4 * 80 + 1];

	/* Whether it was cut shows only against a roomier copy of the same. */
	q.text[0] = '"';
	if (escape_text(full, sizeof(full), bytes, len) > done)
		done += (size_t)snprintf(inside + done, sizeof("..."), "...");
	inside[done] = '"';
	inside[done + 1] = '\0';
	return q;
}

struct elsewhere source_elsewhere(const struct source *s, struct policy_place at)
{
	struct elsewhere place;
	struct source other;

	if (at.file == s->number) {
		snprintf(place.text, sizeof(place.text), "on line %u", at.line);
	} else {
		source_init_at(&other, s->files, at.file, NULL);
		snprintf(place.text, sizeof(place.text), "in %s:%u", other.file, at.line);
	}
	return place;
}
