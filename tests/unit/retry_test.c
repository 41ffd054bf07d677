// SPDX-License-Identifier: GPL-2.0-or-later
/* Retries: what is tried again, when, and what never is; and dates in header lines. */
#include <stdint.h>

#include "http/date.h"
#include "llm/retry.h"
#include "tests/tap.h"

#define NOW 784111777 /* Sun, 06 Nov 1994 08:49:37 GMT */

static const struct retry_terms terms = { .attempts = 3, .base_ms = 1000, .cap_ms = 20000 };

static struct retry_field field(const char *text)
{
	return (struct retry_field){ text, text ? strlen(text) : 0 };
}

static struct retry_outcome outcome(int status)
{
	return (struct retry_outcome){ .event = RETRY_ANSWERED,
				       .status = status,
				       .attempts = 1,
				       .more = true,
				       .left_ms = 600000,
				       .now = NOW };
}

static void each_status_has_its_verdict(void)
{
	static const struct {
		int status;
		enum retry_verdict verdict;
	} cases[] = {
		{ 200, RETRY_STOP },  { 204, RETRY_STOP },  { 301, RETRY_STOP },
		{ 400, RETRY_STOP },  { 401, RETRY_OTHER }, { 402, RETRY_OTHER },
		{ 403, RETRY_OTHER }, { 404, RETRY_OTHER }, { 405, RETRY_STOP },
		{ 408, RETRY_AGAIN }, { 409, RETRY_AGAIN }, { 413, RETRY_STOP },
		{ 422, RETRY_STOP },  { 429, RETRY_AGAIN }, { 500, RETRY_AGAIN },
		{ 501, RETRY_OTHER }, { 502, RETRY_AGAIN }, { 503, RETRY_AGAIN },
		{ 504, RETRY_AGAIN }, { 505, RETRY_OTHER }, { 529, RETRY_AGAIN },
		{ 599, RETRY_OTHER }, { 0, RETRY_OTHER },
	};
	struct retry_outcome o;
	struct retry_decision d;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		o = outcome(cases[i].status);
		d = retry_decide(&terms, &o);
		CHECK_MSG(d.verdict == cases[i].verdict, "%d: %d", cases[i].status, d.verdict);
		CHECK_MSG((d.verdict == RETRY_AGAIN) == (d.wait_ms > 0), "%d", cases[i].status);
		CHECK(d.why && d.why[0]);
		/* Without anybody else there is nobody to turn to. */
		o.more = false;
		d = retry_decide(&terms, &o);
		CHECK(d.verdict != RETRY_OTHER);
	}
	o = outcome(0);
	o.event = RETRY_UNCONNECTED;
	CHECK_INT(retry_decide(&terms, &o).verdict, RETRY_AGAIN);
	o.event = RETRY_BROKEN;
	CHECK_INT(retry_decide(&terms, &o).verdict, RETRY_AGAIN);
	o.event = RETRY_TIMED_OUT;
	CHECK_INT(retry_decide(&terms, &o).verdict, RETRY_OTHER);
}

static void nothing_is_tried_once_an_answer_went_out(void)
{
	static const int statuses[] = { 200, 401, 429, 500, 503 };
	struct retry_outcome o;
	size_t i;

	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		o = outcome(statuses[i]);
		o.sent = 1;
		o.should_retry = field("true");
		CHECK_INT(retry_decide(&terms, &o).verdict, RETRY_STOP);
	}
	o = outcome(0);
	o.sent = 1;
	for (o.event = RETRY_UNCONNECTED; o.event <= RETRY_TIMED_OUT; o.event++)
		CHECK_INT(retry_decide(&terms, &o).verdict, RETRY_STOP);
}

static void the_provider_may_say_so_itself(void)
{
	struct retry_outcome o = outcome(400);

	o.should_retry = field("true");
	CHECK_INT(retry_decide(&terms, &o).verdict, RETRY_AGAIN);
	o.status = 503;
	o.should_retry = field("false");
	CHECK_INT(retry_decide(&terms, &o).verdict, RETRY_OTHER);
	o.status = 400;
	CHECK_INT(retry_decide(&terms, &o).verdict, RETRY_STOP);
	o.status = 200;
	o.should_retry = field("true");
	CHECK_INT(retry_decide(&terms, &o).verdict, RETRY_STOP);
	o.status = 503;
	o.should_retry = field("maybe");
	CHECK_INT(retry_decide(&terms, &o).verdict, RETRY_AGAIN);
}

static void waits_grow_and_are_spread(void)
{
	const struct retry_terms many = { .attempts = 100, .base_ms = 1000, .cap_ms = 20000 };
	struct retry_outcome o = outcome(503);
	static const uint32_t full[] = { 1000, 2000, 4000, 8000, 16000, 20000, 20000 };
	size_t i;

	for (i = 0; i < sizeof(full) / sizeof(full[0]); i++) {
		o.attempts = (unsigned int)i + 1;
		o.random = 0;
		CHECK_INT(retry_decide(&many, &o).wait_ms, full[i] / 2);
		o.random = UINT64_MAX;
		CHECK_INT(retry_decide(&many, &o).wait_ms, full[i]);
		o.random = UINT64_MAX / 2;
		CHECK_INT(retry_decide(&many, &o).wait_ms, full[i] / 4 * 3);
	}
	o.attempts = 99;
	CHECK(retry_decide(&many, &o).wait_ms <= 20000);
}

static void attempts_and_time_end(void)
{
	struct retry_outcome o = outcome(503);
	struct retry_decision d;

	o.attempts = 2;
	CHECK_INT(retry_decide(&terms, &o).verdict, RETRY_AGAIN);
	o.attempts = 3;
	CHECK_INT(retry_decide(&terms, &o).verdict, RETRY_OTHER);
	o.more = false;
	CHECK_INT(retry_decide(&terms, &o).verdict, RETRY_STOP);
	/* The wait must end before the client's patience. */
	o = outcome(503);
	o.left_ms = 500;
	CHECK_INT(retry_decide(&terms, &o).verdict, RETRY_OTHER);
	o.left_ms = 501;
	d = retry_decide(&terms, &o);
	CHECK_INT(d.verdict, RETRY_AGAIN);
	CHECK_INT(d.wait_ms, 500);
	o.left_ms = 0;
	CHECK_INT(retry_decide(&terms, &o).verdict, RETRY_STOP);
	o = outcome(503);
	CHECK_INT(retry_decide(&(struct retry_terms){ 0 }, &o).verdict, RETRY_OTHER);
}

static void what_is_asked_for_is_waited(void)
{
	struct retry_outcome o = outcome(429);
	struct retry_decision d;

	o.retry_after = field("7");
	CHECK_INT(retry_decide(&terms, &o).wait_ms, 7000);
	o.random = UINT64_MAX;
	CHECK_INT(retry_decide(&terms, &o).wait_ms, 8000);
	o.random = 0;
	o.retry_after_ms = field("1500");
	CHECK_INT(retry_decide(&terms, &o).wait_ms, 1500);
	/* Longer than we wait for anybody: another one is asked, or the client told. */
	o.retry_after_ms = field(NULL);
	o.retry_after = field("21");
	CHECK_INT(retry_decide(&terms, &o).verdict, RETRY_OTHER);
	o.more = false;
	d = retry_decide(&terms, &o);
	CHECK_INT(d.verdict, RETRY_STOP);
	CHECK_INT(d.asked_ms, 21000);
	/* Only an answer asks for something. */
	o = outcome(0);
	o.event = RETRY_BROKEN;
	o.retry_after = field("7");
	CHECK_INT(retry_decide(&terms, &o).wait_ms, 500);
}

static void lines_are_read_whatever_is_in_them(void)
{
	static const struct {
		const char *after, *ms;
		bool given;
		uint64_t asked;
	} cases[] = {
		{ "0", NULL, true, 0 },
		{ "120", NULL, true, 120000 },
		{ "0.5", NULL, true, 500 },
		{ "1.0001", NULL, true, 1001 },
		{ "1.0000", NULL, true, 1000 },
		{ "99999999999999999999999", NULL, true, 86400000 },
		{ "", NULL, false, 0 },
		{ "-1", NULL, false, 0 },
		{ "1s", NULL, false, 0 },
		{ "1.", NULL, false, 0 },
		{ ".5", NULL, false, 0 },
		{ "soon", NULL, false, 0 },
		{ NULL, "20", true, 20 },
		{ NULL, "20.5", true, 21 },
		{ "3", "nonsense", true, 3000 },
		{ NULL, NULL, false, 0 },
		{ "Sun, 06 Nov 1994 08:49:47 GMT", NULL, true, 10000 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", NULL, true, 0 },
		{ "Sat, 05 Nov 1994 08:49:37 GMT", NULL, true, 0 },
		{ "Sun, 06 Nov 2094 08:49:37 GMT", NULL, true, 86400000 },
	};
	struct retry_outcome o;
	uint64_t asked;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		o = outcome(429);
		o.retry_after = field(cases[i].after);
		o.retry_after_ms = field(cases[i].ms);
		asked = 0;
		CHECK_MSG(retry_asked(&o, &asked) == cases[i].given && asked == cases[i].asked,
			  "%zu: %llu", i, (unsigned long long)asked);
	}
}

static void dates_are_read_in_three_forms(void)
{
	static const struct {
		const char *text;
		int rc;
		int64_t seconds;
	} cases[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 0, 784111777 },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", 0, 784111777 },
		{ "Sun Nov  6 08:49:37 1994", 0, 784111777 },
		{ "Sun Nov 16 08:49:37 1994", 0, 784975777 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0, 0 },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", 0, 253402300799 },
		{ "Sat, 31 Dec 2016 23:59:60 GMT", 0, 1483228800 },
		{ "Thu, 29 Feb 2024 00:00:00 GMT", 0, 1709164800 },
		/* Of two digits: at most 50 years ahead of 1994. */
		{ "Monday, 01-Jan-44 00:00:00 GMT", 0, 2335219200 },
		{ "Monday, 01-Jan-45 00:00:00 GMT", 0, -788918400 },
		{ "Thu, 29 Feb 2023 00:00:00 GMT", -EINVAL, 0 },
		{ "Thu, 31 Apr 2023 00:00:00 GMT", -EINVAL, 0 },
		{ "Thu, 31 Apr 2023 00:00:60 GMT", -EINVAL, 0 },
		{ "Sun, 00 Nov 1994 08:49:37 GMT", -EINVAL, 0 },
		{ "Sun, 06 Nov 1994 24:49:37 GMT", -EINVAL, 0 },
		{ "Sun, 06 Nov 1994 08:60:37 GMT", -EINVAL, 0 },
		{ "Sun, 06 Nov 1994 08:49:61 GMT", -EINVAL, 0 },
		{ "Sun, 06 Nov 1994 08:49:37 UTC", -EINVAL, 0 },
		{ "Sun, 06 Nov 1994 08:49:37", -EINVAL, 0 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT ", -EINVAL, 0 },
		{ "sun, 06 Nov 1994 08:49:37 GMT", -EINVAL, 0 },
		{ "Sun, 6 Nov 1994 08:49:37 GMT", -EINVAL, 0 },
		{ "Sun, 06 Foo 1994 08:49:37 GMT", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
	};
	char *exact;
	int64_t seconds;
	size_t i, len;
	int rc;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* Of exactly its size, so that reading beyond it is seen. */
		len = strlen(cases[i].text);
		exact = malloc(len ? len : 1);
		REQUIRE(exact);
		memcpy(exact, cases[i].text, len);
		seconds = 0;
		rc = http_date_parse(exact, len, NOW, &seconds);
		free(exact);
		CHECK_MSG(rc == cases[i].rc && seconds == cases[i].seconds, "%s: %d, %lld",
			  cases[i].text, rc, (long long)seconds);
	}
}

static const struct tap_test tests[] = {
	TEST(each_status_has_its_verdict),
	TEST(nothing_is_tried_once_an_answer_went_out),
	TEST(the_provider_may_say_so_itself),
	TEST(waits_grow_and_are_spread),
	TEST(attempts_and_time_end),
	TEST(what_is_asked_for_is_waited),
	TEST(lines_are_read_whatever_is_in_them),
	TEST(dates_are_read_in_three_forms),
};

TAP_MAIN(tests)
