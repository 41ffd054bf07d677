// SPDX-License-Identifier: GPL-2.0-or-later
/* What a new daemon takes over of its boot: the same whether it reads all of it or goes on from what the last one left. */
#include "audit/history.h"
#include "tests/tap.h"
#include "tests/unit/log_rig.h"

#include "audit/listing.h"

static const uint8_t boot_a[16] = "boot a.........", boot_b[16] = "boot b.........";
static struct fault fault;
static unsigned int told;

static struct record event(const uint8_t *boot, unsigned int ring, uint64_t seq)
{
	struct record r = log_record(1);

	memcpy(r.boot, boot, sizeof(r.boot));
	r.stream = (uint16_t)ring;
	r.u.event.seq = seq;
	return r;
}

static struct record life(const uint8_t *boot, uint64_t seq)
{
	struct record r = { .type = RECORD_LIFECYCLE, .stream = STREAM_LIFECYCLE, .time_ns = 5 };

	memcpy(r.boot, boot, sizeof(r.boot));
	r.u.lifecycle.size = sizeof(r.u.lifecycle);
	r.u.lifecycle.seq = seq;
	r.u.lifecycle.time_ns = seq * 10;
	r.u.lifecycle.type = AGENTOS_LIFECYCLE_ATTACH;
	return r;
}

static struct record note(const uint8_t *boot, enum daemon_note what)
{
	struct record r = { .type = RECORD_DAEMON, .time_ns = 5 };

	memcpy(r.boot, boot, sizeof(r.boot));
	r.u.daemon.note = what;
	return r;
}

/* What comes as number i of a log of two boots, the second from 300 on. */
static struct record numbered(uint64_t i)
{
	const uint8_t *boot = i < 300 ? boot_a : boot_b;

	if (i == 1 || i == 300)
		return note(boot, DAEMON_STARTED);
	if (i % 10 == 5)
		return life(boot, i < 300 ? i : i - 299);
	return event(boot, i % 2, i < 300 ? i : i - 299);
}

static bool grow(uint64_t from, uint64_t to)
{
	const struct segment_options o = { .directory = log_dir,
					   .boot = from < 300 ? boot_a : boot_b,
					   .limit = 16384,
					   .buffer = 65536 };
	struct segment_writer *w;
	struct segment_tail tail;
	struct record r;
	bool ok = true;

	if (segment_open_with(&o, &w, &tail, &fault) != 0)
		return false;
	for (; from <= to && ok; from++) {
		r = numbered(from);
		ok = segment_append(w, &r) == 0 && segment_flush(w) == 0;
	}
	segment_close(w);
	return ok;
}

static bool make(uint64_t records)
{
	log_new();
	return grow(1, records < 299 ? records : 299) && (records < 300 || grow(300, records));
}

static void count(const struct record *r, void *cookie)
{
	told++;
}

static int read_as(const uint8_t *boot, struct history *h)
{
	memset(h, 0, sizeof(*h));
	fault.text[0] = '\0';
	told = 0;
	return history_read(log_dir, boot, &(struct history_reader){ .each = count }, h, &fault);
}

static void only_the_running_boot_counts(void)
{
	struct history h;

	REQUIRE(make(299));
	CHECK_INT(read_as(boot_a, &h), 0);
	CHECK_INT(told, 299);
	CHECK_INT(h.lifecycle, 295);
	REQUIRE(make(500));
	CHECK_INT(read_as(boot_b, &h), 0);
	CHECK_INT(told, 201);
	CHECK_INT(h.rings[0].received + h.rings[1].received + h.lifecycle_recorded, 200);
	CHECK_INT(h.lifecycle, 196);
	CHECK_INT(read_as((const uint8_t *)"another boot...", &h), 0);
	CHECK_INT(told, 0);
	CHECK_INT(h.rings[0].received, 0);
}

static void what_was_left_gives_the_same(void)
{
	struct history all, left, h;
	uint64_t at;

	for (at = 301; at < 500; at += 33) {
		REQUIRE(make(at));
		REQUIRE(read_as(boot_b, &left) == 0 &&
			history_save(log_dir, boot_b, at, &left) == 0);
		REQUIRE(grow(at + 1, 500));
		CHECK_INT(read_as(boot_b, &h), 0);
		CHECK_INT(told, 500 - at);
		REQUIRE(unlink(log_path(HISTORY_NAME)) == 0);
		CHECK_INT(read_as(boot_b, &all), 0);
		CHECK_INT(told, 201);
		CHECK(memcmp(&h, &all, sizeof(h)) == 0);
	}
}

static void segments_before_it_are_not_read(void)
{
	struct listing segments = { 0 };
	struct segment_dir d;
	struct history h;

	REQUIRE(make(500) && segment_dir_open(log_dir, &d, &fault) == 0);
	REQUIRE(listing_read(&d, ".seg", &segments, &fault) == 0 && segments.count > 4);
	REQUIRE(log_set(log_file(1, ".seg"), "damaged", 7));
	CHECK_INT(read_as(boot_b, &h), 0);
	CHECK_INT(told, 201);
	/* Likewise of this boot, with what was left; without it, it has to be read. */
	REQUIRE(read_as(boot_b, &h) == 0 && history_save(log_dir, boot_b, 500, &h) == 0);
	REQUIRE(log_set(log_file(segments.numbers[segments.count - 2], ".seg"), "damaged", 7));
	CHECK_INT(read_as(boot_b, &h), 0);
	CHECK_INT(told, 0);
	REQUIRE(unlink(log_path(HISTORY_NAME)) == 0);
	CHECK_INT(read_as(boot_b, &h), -EBADMSG);
	listing_release(&segments);
	segment_dir_close(&d);
}

static void what_is_not_of_use_is_passed_over(void)
{
	struct history all, h;
	size_t len = 0, i;
	uint8_t *left;

	REQUIRE(make(500) && read_as(boot_b, &all) == 0);
	/* Of another boot, and of a longer log. */
	REQUIRE(history_save(log_dir, boot_a, 400, &all) == 0);
	CHECK_INT(read_as(boot_b, &h), 0);
	CHECK(told == 201 && memcmp(&h, &all, sizeof(h)) == 0);
	REQUIRE(history_save(log_dir, boot_b, 501, &all) == 0);
	CHECK_INT(read_as(boot_b, &h), 0);
	CHECK(told == 201 && memcmp(&h, &all, sizeof(h)) == 0);
	/* Damaged, cut, longer. */
	REQUIRE(history_save(log_dir, boot_b, 500, &all) == 0);
	left = log_get(log_path(HISTORY_NAME), &len);
	REQUIRE(left && len > 100);
	for (i = 0; i < len; i += 13) {
		left[i] ^= 1;
		REQUIRE(log_set(log_path(HISTORY_NAME), left, len));
		CHECK_INT(read_as(boot_b, &h), 0);
		CHECK(told == 201 && memcmp(&h, &all, sizeof(h)) == 0);
		left[i] ^= 1;
	}
	REQUIRE(log_set(log_path(HISTORY_NAME), left, len - 1));
	CHECK(read_as(boot_b, &h) == 0 && told == 201);
	left[len] = 0;
	REQUIRE(log_set(log_path(HISTORY_NAME), left, len + 1));
	CHECK(read_as(boot_b, &h) == 0 && told == 201);
	/* The control, and what is no file. */
	REQUIRE(log_set(log_path(HISTORY_NAME), left, len));
	CHECK(read_as(boot_b, &h) == 0 && told == 0);
	REQUIRE(rename(log_path(HISTORY_NAME), "/dev/shm/history-test") == 0 ||
		rename(log_path(HISTORY_NAME), "/tmp/history-test") == 0);
	REQUIRE(symlink("/dev/shm/history-test", log_path(HISTORY_NAME)) == 0);
	CHECK(read_as(boot_b, &h) == 0 && told == 201);
	unlink("/dev/shm/history-test");
	unlink("/tmp/history-test");
	free(left);
}

static void one_that_cannot_be_left_is_not_there(void)
{
	struct history h;

	REQUIRE(make(500) && read_as(boot_b, &h) == 0);
	REQUIRE(history_save(log_dir, boot_b, 400, &h) == 0);
	REQUIRE(mkdir(log_path(HISTORY_NAME ".new"), 0700) == 0);
	CHECK(history_save(log_dir, boot_b, 500, &h) < 0);
	CHECK(access(log_path(HISTORY_NAME), F_OK) != 0);
	log_end();
}

static const struct tap_test tests[] = {
	TEST(only_the_running_boot_counts),	    TEST(what_was_left_gives_the_same),
	TEST(segments_before_it_are_not_read),	    TEST(what_is_not_of_use_is_passed_over),
	TEST(one_that_cannot_be_left_is_not_there),
};
TAP_MAIN(tests)
