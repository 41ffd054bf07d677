// SPDX-License-Identifier: GPL-2.0-or-later
/* Scans: all that is asked for and nothing else, whatever the clock did, and without reading what cannot match. */
#include "audit/scan.h"
#include "tests/tap.h"

#include "audit/segment_file.h"
#include "tests/unit/log_rig.h"

#define HOUR  (3600 * 1000000000ULL)
#define START (1000000 * HOUR)
#define EACH  10 /* records of a segment of the logs made here */
#define NEVER UINT64_MAX

static struct fault fault;
static struct filter *filter;
static struct scan_stats stats;

/* Record i of a log was made in hour hours[i], if the kernel's clock says so as well. */
struct clock {
	size_t count;
	const struct tick {
		double wall, boot; /* hours */
		char machine;	   /* boot id */
	} * ticks;
};

/* A segment for every EACH records: the limit is reached with the last of them. */
static bool log_of(const struct clock *c, bool kernel)
{
	struct segment_options o = { .directory = log_dir,
				     .limit = SEGMENT_HEADER,
				     .buffer = 65536 };
	struct segment_writer *w;
	struct segment_tail tail;
	struct record r;
	size_t i;
	bool ok = true;

	log_new();
	for (i = 0; i < c->count && ok; i += EACH) {
		size_t at;

		o.boot = (const uint8_t *)"boot a.........";
		if (segment_open_with(&o, &w, &tail, &fault) != 0)
			return false;
		for (at = i; at < i + EACH && at < c->count && ok; at++) {
			r = log_record(1);
			r.type = kernel ? RECORD_EVENT : RECORD_DAEMON;
			if (!kernel)
				r.u.daemon.note = DAEMON_STOPPED, r.u.daemon.text[0] = '\0';
			r.time_ns = START + (uint64_t)(c->ticks[at].wall * (double)HOUR);
			r.boot[5] = (uint8_t)c->ticks[at].machine;
			if (kernel) {
				r.u.event.seq = at + 1;
				r.u.event.time_ns = (uint64_t)(c->ticks[at].boot * (double)HOUR);
			}
			ok = segment_append(w, &r) == 0;
		}
		ok = ok && segment_flush(w) == 0;
		segment_close(w);
	}
	return ok;
}

/* A day's record each hour, in segments of EACH. */
static struct tick even[24 * 10];

static struct clock even_clock(void)
{
	size_t i;

	for (i = 0; i < sizeof(even) / sizeof(even[0]); i++)
		even[i] = (struct tick){ (double)i, (double)i + 5, 'a' };
	return (struct clock){ sizeof(even) / sizeof(even[0]), even };
}

static void filter_new(double since, double until)
{
	filter_free(filter);
	if (filter_create(&filter) != 0)
		exit(1);
	filter_set_time(filter, since < 0 ? 0 : START + (uint64_t)(since * (double)HOUR),
			until < 0 ? NEVER : START + (uint64_t)(until * (double)HOUR));
}

/* The seqs that are found, in their order, as text; the fault's instead, where there is one. */
static const char *found(const struct scan_options *options)
{
	static char text[4096];
	uint64_t first = 0, last = 0;
	struct scan_options o = *options;
	struct scan *s;
	struct record r;
	size_t len = 0;
	int rc;

	o.directory = log_dir;
	o.filter = filter;
	text[0] = '\0';
	if (scan_open(&o, &s, &fault) != 0)
		return fault.text;
	do {
		rc = scan_next(s, &r, &fault);
		if (rc == 1 && first && r.seq == last + 1) {
			last++;
			continue;
		}
		if (first)
			len += (size_t)snprintf(
				text + len, sizeof(text) - len,
				first == last ? "%llu " : "%llu-%llu ", (unsigned long long)first,
				(unsigned long long)last);
		first = last = rc == 1 ? r.seq : 0;
	} while (rc == 1 && len < sizeof(text) - 64);
	if (rc < 0)
		snprintf(text + len, sizeof(text) - len, "fault %d", -rc);
	scan_stats(s, &stats);
	scan_close(s);
	return text;
}

static const char *all(void)
{
	return found(&(struct scan_options){ .last = NEVER });
}

static const char *last(uint64_t count)
{
	return found(&(struct scan_options){ .last = count });
}

static void without_a_question_all_are_read(void)
{
	struct clock c = even_clock();

	REQUIRE(log_of(&c, true));
	filter_new(-1, -1);
	CHECK_STR(all(), "1-240 ");
	CHECK_INT(stats.segments, 24);
	CHECK_INT(stats.segments_skipped, 0);
	CHECK_INT(stats.records, 240);
	CHECK_INT(stats.seq, 240);
}

static void times_leave_segments_unread(void)
{
	struct clock c = even_clock();

	REQUIRE(log_of(&c, true));
	filter_new(200, -1);
	CHECK_STR(all(), "201-240 ");
	/* Segment 19 ends an hour before, as the margin is. */
	CHECK_INT(stats.records, 50);
	filter_new(-1, 15);
	CHECK_STR(all(), "1-15 ");
	/* Three, and the last: where that ends is not known. */
	CHECK_INT(stats.records, 30);
	filter_new(100.5, 103);
	CHECK_STR(all(), "102-103 ");
	CHECK_INT(stats.records, 30);
	filter_new(1000, -1);
	CHECK_STR(all(), "");
	CHECK_INT(stats.records, 10);
}

static void thorough_reads_all(void)
{
	struct clock c = even_clock();

	REQUIRE(log_of(&c, true));
	filter_new(200, -1);
	CHECK_STR(found(&(struct scan_options){ .last = NEVER, .thorough = true }), "201-240 ");
	CHECK_INT(stats.records, 240);
}

static void without_the_kernels_clock_all_are_read(void)
{
	struct clock c = even_clock();

	REQUIRE(log_of(&c, false));
	filter_new(200, -1);
	CHECK_STR(all(), "201-240 ");
	CHECK_INT(stats.segments_skipped, 0);
}

/* A clock that was set within a segment hides nothing. */
static void a_clock_set_back_hides_nothing(void)
{
	struct clock c = even_clock();
	size_t i;

	/* In the middle of segment 4, by 20 hours. */
	for (i = 35; i < c.count; i++)
		even[i].wall -= 20;
	REQUIRE(log_of(&c, true));
	/* Hours 33 and 34 are before the step; 53 and on, behind it. */
	filter_new(33, 36);
	CHECK_STR(all(), "34-35 54-56 ");
	CHECK(stats.segments_skipped > 15);
	/* 15 and on, behind it, are of segment 4 and 5. */
	filter_new(-1, 16);
	CHECK_STR(all(), "1-16 36 ");
	filter_new(34, -1);
	CHECK_STR(all(), "35 55-240 ");
}

static void a_clock_set_forth_hides_nothing(void)
{
	struct clock c = even_clock();
	size_t i;

	for (i = 35; i < c.count; i++)
		even[i].wall += 1000;
	REQUIRE(log_of(&c, true));
	filter_new(30, 1036);
	CHECK_STR(all(), "31-36 ");
	filter_new(500, 1000);
	CHECK_STR(all(), "");
}

static void another_boot_hides_nothing(void)
{
	struct clock c = even_clock();
	size_t i;

	/* Booted in the middle of segment 4, with a clock that is 30 hours behind. */
	for (i = 35; i < c.count; i++)
		even[i] = (struct tick){ (double)i - 30, (double)i - 34, 'b' };
	REQUIRE(log_of(&c, true));
	filter_new(-1, 6);
	CHECK_STR(all(), "1-6 36 ");
	filter_new(34, 35);
	CHECK_STR(all(), "35 65 ");
	CHECK(stats.segments_skipped > 10);
}

/* What the header says of it: this is the price of not reading. */
static void a_clock_set_and_set_back_needs_thorough(void)
{
	struct clock c = even_clock();

	even[33].wall = 500;
	REQUIRE(log_of(&c, true));
	filter_new(400, -1);
	CHECK_STR(all(), "");
	CHECK_STR(found(&(struct scan_options){ .last = NEVER, .thorough = true }), "34 ");
	/* Within the margin it needs none. */
	even[33].wall = 41;
	REQUIRE(log_of(&c, true));
	filter_new(41, 41.5);
	CHECK_STR(all(), "34 42 ");
}

static void the_last_are_read_from_the_end(void)
{
	struct clock c = even_clock();

	REQUIRE(log_of(&c, true));
	filter_new(-1, -1);
	CHECK_STR(last(3), "238-240 ");
	CHECK_INT(stats.records, 20); /* counted, and shown */
	CHECK_STR(last(10), "231-240 ");
	CHECK_STR(last(11), "230-240 ");
	CHECK_INT(stats.records, 40);
	CHECK_STR(last(0), "");
	CHECK_STR(last(1000), "1-240 ");
	filter_new(-1, 100);
	CHECK_STR(last(3), "98-100 ");
	CHECK_INT(stats.records, 60);
	filter_new(50, 60);
	CHECK_STR(last(3), "58-60 ");
}

static void it_goes_on_behind_a_number(void)
{
	struct clock c = even_clock();

	REQUIRE(log_of(&c, true));
	filter_new(-1, -1);
	CHECK_STR(found(&(struct scan_options){ .last = NEVER, .after = 229 }), "230-240 ");
	CHECK_INT(stats.records, 20);
	CHECK_STR(found(&(struct scan_options){ .last = NEVER, .after = 230 }), "231-240 ");
	CHECK_INT(stats.records, 10);
	CHECK_STR(found(&(struct scan_options){ .last = NEVER, .after = 240 }), "");
	CHECK_STR(found(&(struct scan_options){ .last = 5, .after = 238 }), "239-240 ");
}

static void it_follows_a_log_that_grows(void)
{
	struct scan *s;
	struct record r;
	uint64_t seq = 0;
	int rc;

	REQUIRE(log_make(25, 4096, 0, 0));
	filter_new(-1, -1);
	REQUIRE(scan_open(&(struct scan_options){ log_dir, filter, 2, 0, false }, &s, &fault) == 0);
	while ((rc = scan_next(s, &r, &fault)) == 1)
		CHECK_INT(r.seq, 24 + seq++);
	CHECK_INT(rc, 0);
	CHECK_INT(seq, 2);
	REQUIRE(log_grow(60, 4096));
	for (seq = 26; (rc = scan_next(s, &r, &fault)) == 1; seq++)
		CHECK_INT(r.seq, seq);
	CHECK_INT(rc, 0);
	CHECK_INT(seq, 61);
	scan_close(s);
}

static void an_empty_log_has_nothing(void)
{
	log_new();
	filter_new(-1, -1);
	CHECK(strstr(all(), "there is no audit log") != NULL);
	REQUIRE(log_grow(0, 4096));
	CHECK_STR(all(), "");
	CHECK_STR(last(5), "");
}

/* A byte of a record is changed, in segment `at` from 0. */
static bool damage(size_t at)
{
	size_t len;
	const char *path = log_file(at * EACH + 1, ".seg");
	uint8_t *bytes = log_get(path, &len);
	bool ok;

	if (!bytes)
		return false;
	bytes[len - 200] ^= 1;
	ok = log_set(path, bytes, len);
	free(bytes);
	return ok;
}

static void damage_ends_it_and_is_told(void)
{
	struct clock c = even_clock();
	char path[400];

	REQUIRE(log_of(&c, true));
	REQUIRE(damage(10));
	filter_new(-1, -1);
	CHECK(strncmp(all(), "1-10", 4) == 0 && strstr(all(), "fault 74") != NULL);
	/* Behind it, all is there. */
	CHECK_STR(last(20), "221-240 ");
	CHECK_STR(last(500), "111-240 fault 74");
	/* In the last segment: what precedes it there, and before. */
	REQUIRE(log_of(&c, true));
	REQUIRE(damage(23));
	CHECK(strncmp(last(15), "22", 2) == 0 && strstr(last(15), "fault 74") != NULL);
	/* A segment that is none of this version. */
	REQUIRE(log_of(&c, true));
	snprintf(path, sizeof(path), "%s", log_file(231, ".seg"));
	REQUIRE(unlink(path) == 0 && symlink("/dev/null", path) == 0);
	CHECK(strstr(all(), "fault 40") != NULL);
}

static void a_segment_in_the_making_hides_none(void)
{
	struct clock c = even_clock();

	REQUIRE(log_of(&c, true));
	REQUIRE(log_set(log_file(241, ".seg"), "AGENTOSL", 8));
	filter_new(-1, -1);
	CHECK_STR(last(3), "238-240 ");
	CHECK_STR(all(), "1-240 ");
	filter_new(235, -1);
	CHECK_STR(all(), "236-240 ");
	filter_new(1000, -1);
	CHECK_STR(all(), "");
}

static void below_an_agent_all_is_read(void)
{
	struct clock c = even_clock();

	REQUIRE(log_of(&c, true));
	filter_new(200, -1);
	REQUIRE(filter_add(filter, FILTER_AGENT, "agent-1", &fault) == 0);
	filter_set_below(filter);
	CHECK_STR(all(), "201-240 ");
	CHECK_INT(stats.records, 240);
	CHECK_STR(last(3), "238-240 ");
	filter_free(filter);
	filter = NULL;
}

static const struct tap_test tests[] = {
	TEST(without_a_question_all_are_read),
	TEST(times_leave_segments_unread),
	TEST(thorough_reads_all),
	TEST(without_the_kernels_clock_all_are_read),
	TEST(a_clock_set_back_hides_nothing),
	TEST(a_clock_set_forth_hides_nothing),
	TEST(another_boot_hides_nothing),
	TEST(a_clock_set_and_set_back_needs_thorough),
	TEST(the_last_are_read_from_the_end),
	TEST(it_goes_on_behind_a_number),
	TEST(it_follows_a_log_that_grows),
	TEST(an_empty_log_has_nothing),
	TEST(damage_ends_it_and_is_told),
	TEST(a_segment_in_the_making_hides_none),
	TEST(below_an_agent_all_is_read),
};

int main(int argc, char **argv)
{
	int rc = tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);

	log_end();
	return rc;
}
