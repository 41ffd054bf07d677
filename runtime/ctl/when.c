// SPDX-License-Identifier: GPL-2.0-or-later
/* Points in time as people write them, in the zone of the process. */
#include "ctl/when.h"

#include <string.h>

#include "ctl/ctl.h"

#define NS 1000000000ULL

/* A point in local time; what the format does not say is taken from today's midnight. */
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
	if (t < 0)
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
	if (!ctl_number(digits, &count))
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

bool when_parse(const char *text, time_t now, uint64_t *ret_ns)
{
	static const char *const formats[] = {
		"%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M",
		"%Y-%m-%d",	     "%H:%M:%S",	  "%H:%M",
	};
	uint64_t seconds;
	size_t i;

	if (text[0] == '@') {
		if (!ctl_number(text + 1, &seconds) || seconds > UINT64_MAX / NS)
			return false;
		*ret_ns = seconds * NS;
		return true;
	}
	if (ago_parse(text, now, ret_ns))
		return true;
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (date_parse(text, formats[i], now, ret_ns))
			return true;
	}
	return false;
}
