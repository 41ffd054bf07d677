// SPDX-License-Identifier: GPL-2.0-or-later
/* What went wrong, in one printable line. */
#include "llm/failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "base/limits.h"

int failure_set(struct wire_fault *f, int err, const char *fmt, ...)
{
	char text[sizeof(f->text)];
	va_list ap;

	if (!f)
		return err;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	escape_text(f->text, sizeof(f->text), text, strlen(text));
	return err;
}

int failure_line(struct arena *a, struct call_string text, struct call_string *ret_line)
{
	size_t len = text.len, i;
	char *line;

	if (len > LIMIT_LLM_ERROR) {
		len = LIMIT_LLM_ERROR;
		/* Not within a character. */
		while (len && ((unsigned char)text.at[len] & 0xc0) == 0x80)
			len--;
	}
	line = arena_copy(a, text.at, len);
	if (!line)
		return -ENOMEM;
	for (i = 0; i < len; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = ' ';
	*ret_line = (struct call_string){ line, len };
	return 0;
}

int failure_of_status(struct arena *a, int status, struct call_error *ret_error)
{
	char text[64] = "the provider tells of an error";

	if (status)
		snprintf(text, sizeof(text), "the provider answered with status %d", status);
	*ret_error = (struct call_error){ .kind = wire_error_kind(status), .status = status };
	return failure_line(a, (struct call_string){ text, strlen(text) }, &ret_error->message);
}
