/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moments as people write them: so long ago, of today, of a date, or in seconds since 1970. */
#ifndef AGENTOS_BASE_MOMENT_H
#define AGENTOS_BASE_MOMENT_H

#include <stdint.h>
#include <time.h>

/* The forms, for a message about one that is none of them. */
#define MOMENT_FORMS "15m, 2h, 7d, 14:30, 2025-01-31, \"2025-01-31 14:30\" or @1735689600"

/*
 * Nanoseconds since 1970, of one of these:
 *	90s 15m 2h 7d               so long before now; 1970 at the earliest
 *	14:30 14:30:05              of the day that now is, in local time
 *	2025-01-31                  its midnight, in local time
 *	2025-01-31 14:30            with seconds or without, "T" for the blank as well
 *	@1735689600                 seconds since 1970
 * -EINVAL: none of them, or beyond 64 bits.
 */
int moment_parse(const char *text, time_t now, uint64_t *ret_ns);

#endif
