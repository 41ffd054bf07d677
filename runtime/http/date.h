/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dates in HTTP's header lines (RFC 9110, 5.6.7), in each of their three forms. Pure. */
#ifndef AGENTOS_HTTP_DATE_H
#define AGENTOS_HTTP_DATE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Seconds since 1970 of one of
 *	Sun, 06 Nov 1994 08:49:37 GMT
 *	Sunday, 06-Nov-94 08:49:37 GMT	the latest such year that is at most 50 ahead of now
 *	Sun Nov  6 08:49:37 1994
 * The weekday is some weekday; whether it is the date's is not looked at.
 * -EINVAL: none of them, or no such day or time.
 */
int http_date_parse(const char *bytes, size_t len, int64_t now, int64_t *ret_seconds);

#endif
