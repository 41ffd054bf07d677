/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Points in time on the command line: so long ago, a time of today, a date. */
#ifndef AGENTOS_CTL_WHEN_H
#define AGENTOS_CTL_WHEN_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/*
 * 90s, 15m, 2h or 7d before now; 14:30 or 14:30:05 of today; 2025-01-31, alone or
 * with a blank or a T and such a time behind it, in local time; @SECONDS since 1970.
 * In nanoseconds since 1970; 0 when it is so long ago that it lies before that.
 * False: it is none of these.
 */
bool when_parse(const char *text, time_t now, uint64_t *ret_ns);

/* How these are written, for messages. */
#define WHEN_FORMS "15m, 2h, 7d, 14:30, 2025-01-31 or \"2025-01-31 14:30\""

#endif
