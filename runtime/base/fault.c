// SPDX-License-Identifier: GPL-2.0-or-later
/* One line that says what is wrong. */
#include "base/fault.h"

#include <stdarg.h>
#include <stdio.h>

void fault_write(struct fault *f, const char *fmt, ...)
{
	va_list ap;

	if (!f)
		return;
	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
}
