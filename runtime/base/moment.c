// SPDX-License-Identifier: GPL-2.0-or-later
/* Moments as people write them. */
#include "base/moment.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NS 1000000000ULL

/* Digits only, nothing before or after. */
static bool number_parse(const char *text, uint64_t *ret_number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret_number = strtoull(text, &end, 10);
	return !errno && !*end;
}

/* What the format does not say is taken from now's midnight. */
static bool date_parse(const char *text, const char *format, time_t now, uint64_t *ret_ns)
{
	const char *end;
	struct tm tm;
	time_t t;

	if (!localtime_r(&now, &tm))
		return false;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	end = strptime(text, format, &tm);
	if (!end || *end)
		return false;
	tm.tm_isdst = -1;
	t = mktime(&tm);
	if (t < 0 || (uint64_t)t > UINT64_MAX / NS)
		return false;
	*ret_ns = (uint64_t)t * NS;
	return true;
}

static bool ago_parse(const char *text, time_t now, uint64_t *ret_ns)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	size_t len = strlen(text), i;
	uint64_t count, seconds;
	char digits[12];

	if (len < 2 || len > sizeof(digits))
		return false;
	memcpy(digits, text, len - 1);
	digits[len - 1] = '\0';
	if (!number_parse(digits, &count))
		return false;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].unit != text[len - 1])
			continue;
		seconds = count * units[i].seconds;
		*ret_ns = seconds > (uint64_t)now ? 0 : ((uint64_t)now - seconds) * NS;
		return true;
	}
	return false;
}

int moment_parse(const char *text, time_t now, uint64_t *ret_ns)
{
	static const char *const formats[] = {
		"%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M",
		"%Y-%m-%d",	     "%H:%M:%S",	  "%H:%M",
	};
	uint64_t seconds;
	size_t i;

	if (text[0] == '@') {
		if (!number_parse(text + 1, &seconds) || seconds > UINT64_MAX / NS)
			return -EINVAL;
		*ret_ns = seconds * NS;
		return 0;
	}
	if (ago_parse(text, now, ret_ns))
		return 0;
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (date_parse(text, formats[i], now, ret_ns))
			return 0;
	}
	return -EINVAL;
}
