// SPDX-License-Identifier: GPL-2.0-or-later
/* Dates in HTTP's header lines, read by their forms. */
#include "http/date.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

/* Letters stand for parts, all else for itself. */
static const char *const forms[] = {
	"a, D b Y h:m:s GMT",
	"A, D-b-y h:m:s GMT",
	"a b d h:m:s Y",
};

static const char *const weekdays[] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
					"Thursday", "Friday", "Saturday" };
static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
				  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

struct reading {
	const char *at, *end;
	struct tm tm;
	bool century; /* the year has two digits */
};

static bool digits_read(struct reading *r, size_t count, int *ret)
{
	int number = 0;
	size_t i;

	if ((size_t)(r->end - r->at) < count)
		return false;
	for (i = 0; i < count; i++) {
		if (r->at[i] < '0' || r->at[i] > '9')
			return false;
		number = number * 10 + (r->at[i] - '0');
	}
	r->at += count;
	*ret = number;
	return true;
}

/* len 0: as long as it is. */
static bool weekday_read(struct reading *r, size_t len)
{
	size_t i, size;

	for (i = 0; i < 7; i++) {
		size = len ? len : strlen(weekdays[i]);
		if ((size_t)(r->end - r->at) >= size && !memcmp(r->at, weekdays[i], size)) {
			r->at += size;
			return true;
		}
	}
	return false;
}

static bool month_read(struct reading *r)
{
	int i;

	for (i = 0; i < 12; i++) {
		if (r->end - r->at >= 3 && !memcmp(r->at, months[i], 3)) {
			r->tm.tm_mon = i;
			r->at += 3;
			return true;
		}
	}
	return false;
}

static bool year_read(struct reading *r, size_t count)
{
	int year;

	if (!digits_read(r, count, &year))
		return false;
	r->century = count == 2;
	r->tm.tm_year = count == 2 ? year : year - 1900;
	return true;
}

static bool part_read(struct reading *r, char part)
{
	switch (part) {
	case 'a':
		return weekday_read(r, 3);
	case 'A':
		return weekday_read(r, 0);
	case 'b':
		return month_read(r);
	case 'D':
		return digits_read(r, 2, &r->tm.tm_mday);
	case 'd':
		if (r->at < r->end && *r->at == ' ') {
			r->at++;
			return digits_read(r, 1, &r->tm.tm_mday);
		}
		return digits_read(r, 2, &r->tm.tm_mday);
	case 'Y':
		return year_read(r, 4);
	case 'y':
		return year_read(r, 2);
	case 'h':
		return digits_read(r, 2, &r->tm.tm_hour);
	case 'm':
		return digits_read(r, 2, &r->tm.tm_min);
	case 's':
		return digits_read(r, 2, &r->tm.tm_sec);
	default:
		if (r->at == r->end || *r->at != part)
			return false;
		r->at++;
		return true;
	}
}

static bool form_read(struct reading *r, const char *form)
{
	for (; *form; form++)
		if (!part_read(r, *form))
			return false;
	return r->at == r->end;
}

/* A second 60 is allowed for: the last of a leap second's minute. */
static int tm_seconds(const struct tm *given, int64_t *ret_seconds)
{
	struct tm tm = *given;
	time_t seconds;

	if (tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60 || tm.tm_mday < 1)
		return -EINVAL;
	tm.tm_sec = 0;
	seconds = timegm(&tm);
	if (tm.tm_mday != given->tm_mday)
		return -EINVAL;
	*ret_seconds = seconds + given->tm_sec;
	return 0;
}

static int year_of(int64_t now)
{
	time_t seconds = now;
	struct tm tm;

	return gmtime_r(&seconds, &tm) ? tm.tm_year : 0;
}

int http_date_parse(const char *bytes, size_t len, int64_t now, int64_t *ret_seconds)
{
	int this_year = year_of(now);
	struct reading r;
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		r = (struct reading){ .at = bytes, .end = bytes + len };
		if (!form_read(&r, forms[i]))
			continue;
		if (r.century) {
			r.tm.tm_year += this_year - this_year % 100;
			if (r.tm.tm_year > this_year + 50)
				r.tm.tm_year -= 100;
			else if (r.tm.tm_year + 100 <= this_year + 50)
				r.tm.tm_year += 100;
		}
		return tm_seconds(&r.tm, ret_seconds);
	}
	return -EINVAL;
}
