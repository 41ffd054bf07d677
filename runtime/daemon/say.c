// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's own messages. */
#include "daemon/say.h"

#include <stdarg.h>
#include <stdio.h>

void say(const char *fmt, ...)
{
	char line[1536];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "agentosd: %s\n", line);
}
