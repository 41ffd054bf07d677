// SPDX-License-Identifier: GPL-2.0-or-later
/* Moments as people write them: each form means one point in time, and nothing else passes for one. */
#include "base/moment.h"
#include "tests/tap.h"

#include <stdbool.h>

#define NS 1000000000ULL

/* 2026-11-20 12:34:56 in UTC. */
#define NOW ((time_t)1795178096)

static void each_form_means_one_moment(void)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} forms[] = {
		{ "90s", NOW - 90 },
		{ "15m", NOW - 900 },
		{ "2h", NOW - 7200 },
		{ "7d", NOW - 604800 },
		{ "0s", NOW },
		{ "99999999999d", 0 },
		{ "14:30", 1795132800 + 52200 },
		{ "14:30:05", 1795132800 + 52205 },
		{ "2025-01-31", 1738281600 },
		{ "2025-01-31 14:30", 1738281600 + 52200 },
		{ "2025-01-31T14:30:05", 1738281600 + 52205 },
		{ "@0", 0 },
		{ "@1735689600", 1735689600 },
	};
	uint64_t ns;
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		ns = 1;
		CHECK_MSG(moment_parse(forms[i].text, NOW, &ns) == 0 && ns == forms[i].seconds * NS,
			  "%s is %llu", forms[i].text, (unsigned long long)ns);
	}
}

static void nothing_else_is_a_moment(void)
{
	static const char *const texts[] = {
		"",	      "5",
		"-5m",	      "5 m",
		"5w",	      "m",
		"@",	      "@-1",
		"@1.5",	      "@99999999999999",
		"25:00",      "14:30 ",
		"2025-13-01", "2025-01-31x",
		"yesterday",  "123456789012s",
	};
	uint64_t ns = 7;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		CHECK_MSG(moment_parse(texts[i], NOW, &ns) == -EINVAL, "\"%s\"", texts[i]);
	CHECK_INT(ns, 7);
}

static const struct tap_test tests[] = {
	TEST(each_form_means_one_moment),
	TEST(nothing_else_is_a_moment),
};

int main(int argc, char **argv)
{
	setenv("TZ", "UTC", 1);
	tzset();
	return tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
