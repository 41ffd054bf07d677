// SPDX-License-Identifier: GPL-2.0-or-later
/* Logs that were cut short, damaged or exchanged: what a crash leaves is mended, and what it cannot have left is refused. */
#include "tests/tap.h"
#include "tests/unit/segment_rig.h"

/* Cut at every byte from the third last record on: whole ones stay, the half one goes. */
static void a_torn_tail_is_cut_at_every_byte(void)
{
	uint8_t image[8192], after[8192];
	struct segment_writer *w;
	struct segment_tail tail;
	uint64_t offsets[5];
	size_t len, cut;
	struct record r;
	int i, whole, err;

	place_new();
	REQUIRE(log_write(4, 1 << 20));
	len = file_get(file_of(1), image, sizeof(image));
	for (offsets[0] = SEGMENT_HEADER, i = 0; i < 4; i++)
		offsets[i + 1] = offsets[i] +
				 (uint64_t)record_decode(image + offsets[i], len - offsets[i], &r);
	REQUIRE(offsets[4] == len);
	for (cut = offsets[1]; cut <= len; cut++) {
		for (whole = 4; offsets[whole] > cut; whole--)
			;
		REQUIRE(file_put(file_of(1), image, cut));
		CHECK_INT(log_read(&err), whole);
		CHECK_INT(err, 0);
		CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), 0);
		CHECK_INT(tail.next_seq, whole + 1);
		CHECK_INT(tail.torn, cut - offsets[whole]);
		CHECK_INT(tail.highest[STREAM_DENIALS], whole);
		CHECK_INT(append(w, 100, 3), 0);
		segment_close(w);
		CHECK(file_get(file_of(1), after, sizeof(after)) > offsets[whole]);
		CHECK(memcmp(after, image, offsets[whole]) == 0);
		CHECK_INT(log_read(&err), whole + 1);
		CHECK_INT(err, 0);
	}
}

/* A page that never reached the disk: the last record is there in length only, or there are zeros. */
static void a_last_record_that_is_damaged_or_zeros_is_torn_too(void)
{
	uint8_t image[8192 + 100000] = { 0 };
	struct segment_writer *w;
	struct segment_tail tail;
	size_t len, extra;

	place_new();
	REQUIRE(log_write(4, 1 << 20));
	len = file_get(file_of(1), image, sizeof(image));
	image[len - 3] ^= 1;
	REQUIRE(file_put(file_of(1), image, len));
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), 0);
	CHECK_INT(tail.next_seq, 4);
	segment_close(w);
	image[len - 3] ^= 1;
	for (extra = 1; extra <= 100000; extra = extra * 3 + 1) {
		REQUIRE(file_put(file_of(1), image, len + extra));
		CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), 0);
		CHECK_INT(tail.next_seq, 5);
		CHECK_INT(tail.torn, extra);
		segment_close(w);
	}
}

static void damage_before_a_whole_record_changes_nothing_and_is_refused(void)
{
	uint8_t image[8192], after[8192];
	struct segment_writer *w;
	struct segment_tail tail;
	size_t len, at, last;
	struct record r;
	int i, err;

	place_new();
	REQUIRE(log_write(4, 1 << 20));
	len = file_get(file_of(1), image, sizeof(image));
	for (last = SEGMENT_HEADER, i = 0; i < 3; i++)
		last += (size_t)record_decode(image + last, len - last, &r);
	for (at = SEGMENT_HEADER; at < last; at++) {
		image[at] ^= 0x10;
		REQUIRE(file_put(file_of(1), image, len));
		CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -EBADMSG);
		CHECK(strstr(fault.text, "byte ") && strstr(fault.text, "00001.seg"));
		CHECK_INT(file_get(file_of(1), after, sizeof(after)), len);
		CHECK(memcmp(image, after, len) == 0);
		CHECK(log_read(&err) < 3);
		CHECK_INT(err, -EBADMSG);
		image[at] ^= 0x10;
	}
}

static void more_garbage_than_a_record_is_damage(void)
{
	uint8_t image[16384];
	struct segment_writer *w;
	struct segment_tail tail;
	size_t len;

	place_new();
	REQUIRE(log_write(2, 1 << 20));
	memset(image, 0xa5, sizeof(image));
	len = file_get(file_of(1), image, sizeof(image));
	REQUIRE(file_put(file_of(1), image, len + LIMIT_RECORD + 1));
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -EBADMSG);
	REQUIRE(file_put(file_of(1), image, len + LIMIT_RECORD));
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), 0);
	CHECK_INT(tail.torn, LIMIT_RECORD);
	segment_close(w);
}

/* An agent may name a socket so that its bytes are those of a record. */
static void a_record_inside_a_torn_records_text_does_not_count(void)
{
	struct record fake = event_make(9, 4), r = event_make(2, 0);
	uint8_t image[8192];
	struct segment_writer *w;
	struct segment_tail tail;
	size_t len, cut;

	place_new();
	fake.seq = 3;
	r.u.event.text_len =
		(uint32_t)record_encode(&fake, (uint8_t *)r.u.event.text, sizeof(r.u.event.text));
	memset(r.u.event.text + r.u.event.text_len, 'x', 80);
	r.u.event.text_len += 80;
	REQUIRE(open_sized(boot_a, 1 << 20, &w, &tail) == 0);
	CHECK_INT(append(w, 1, 4), 0);
	CHECK_INT(segment_append(w, &r), 0);
	segment_close(w);
	len = file_get(file_of(1), image, sizeof(image));
	for (cut = 1; cut < 100; cut++) {
		REQUIRE(file_put(file_of(1), image, len - cut));
		CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), 0);
		CHECK_INT(tail.next_seq, 2);
		segment_close(w);
	}
	image[len - 1] ^= 1;
	REQUIRE(file_put(file_of(1), image, len));
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), 0);
	CHECK_INT(tail.next_seq, 2);
	segment_close(w);
}

static void a_segment_without_its_whole_header_is_finished(void)
{
	uint8_t image[SEGMENT_HEADER] = { 0 }, header[SEGMENT_HEADER];
	struct segment_writer *w;
	struct segment_tail tail;
	char path[160];
	size_t len;
	int err;

	place_new();
	REQUIRE(log_write(5, 1 << 20));
	file_get(file_of(1), header, sizeof(header));
	for (len = 0; len <= SEGMENT_HEADER; len += len < 70 ? 1 : 13) {
		strcpy(path, file_of(6));
		REQUIRE(file_put(path, len < 60 ? header : image, len));
		CHECK_INT(log_read(&err), 5);
		CHECK_INT(err, 0);
		CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), 0);
		CHECK_INT(tail.next_seq, 6);
		CHECK_INT(tail.torn, len);
		CHECK_INT(tail.highest[STREAM_DENIALS], 5);
		CHECK_INT(append(w, 6, 5), 0);
		segment_close(w);
		CHECK_INT(log_read(&err), 6);
		CHECK_INT(err, 0);
	}
}

static void what_is_no_segment_of_ours_is_refused(void)
{
	static const struct {
		const char *name, *content;
		int err;
	} cases[] = {
		{ "00000000000000000003.seg", "a note that somebody left here", -EBADMSG },
		{ "00000000000000000003.seg",
		  "AGENTOS, as somebody wrote, and nothing that a header would have", -EBADMSG },
		{ "3.seg", "", -EBADMSG },
		{ "00000000000000000000.seg", "", -EBADMSG },
		{ "notes\x1b[2J.seg", "", -EBADMSG },
		{ "99999999999999999999.seg", "", -EBADMSG },
	};
	char content[2 * SEGMENT_HEADER] = "", path[200];
	struct segment_writer *w;
	struct segment_tail tail;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		place_new();
		REQUIRE(log_write(2, 1 << 20));
		strcpy(content, cases[i].content);
		snprintf(path, sizeof(path), "%s/%s", dir, cases[i].name);
		REQUIRE(file_put(path, content, i == 1 ? sizeof(content) : strlen(content)));
		CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), cases[i].err);
		CHECK(fault.text[0] && !strchr(fault.text, '\x1b'));
		CHECK(access(path, F_OK) == 0);
	}
	place_new();
	REQUIRE(log_write(2, 1 << 20));
	snprintf(path, sizeof(path), "%s/README", dir);
	REQUIRE(file_put(path, "x", 1));
	CHECK(log_write(2, 1 << 20));
}

static void links_fifos_and_directories_are_not_followed(void)
{
	struct segment_writer *w;
	struct segment_tail tail;
	char other[160];
	int err;

	place_new();
	REQUIRE(log_write(2, 1 << 20));
	snprintf(other, sizeof(other), "%s/moved", dir);
	REQUIRE(rename(file_of(1), other) == 0 && symlink(other, file_of(1)) == 0);
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -ELOOP);
	CHECK_INT(log_read(&err), 0);
	CHECK_INT(err, -ELOOP);
	REQUIRE(unlink(file_of(1)) == 0 && mkfifo(file_of(1), 0600) == 0);
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -EBADMSG);
	log_read(&err);
	CHECK_INT(err, -EBADMSG);
	REQUIRE(unlink(file_of(1)) == 0 && mkdir(file_of(1), 0700) == 0);
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -EBADMSG);
	place_new();
	REQUIRE(mkdir(dir, 0700) == 0);
	REQUIRE(symlink("/nowhere/at/all", file_of(1)) == 0);
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -ELOOP);
	snprintf(other, sizeof(other), "%s/.lock", dir);
	unlink(file_of(1));
	REQUIRE(unlink(other) == 0 && symlink("/tmp/never-made", other) == 0);
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -ELOOP);
}

static void a_directory_that_others_may_write_to_is_refused(void)
{
	struct segment_writer *w;
	struct segment_tail tail;

	place_new();
	REQUIRE(mkdir(dir, 0700) == 0 && chmod(dir, 0770) == 0);
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -EPERM);
	REQUIRE(chmod(dir, 0707) == 0);
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -EPERM);
	REQUIRE(rmdir(dir) == 0 && file_put(dir, "", 0));
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -ENOTDIR);
	unlink(dir);
}

static void a_later_version_and_a_damaged_or_renamed_header_are_refused(void)
{
	uint8_t image[8192];
	struct segment_writer *w;
	struct segment_tail tail;
	char path[160];
	size_t len, at;
	int err;

	place_new();
	REQUIRE(log_write(2, 1 << 20));
	len = file_get(file_of(1), image, sizeof(image));
	image[8] = 2;
	REQUIRE(file_put(file_of(1), image, len));
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -EPROTO);
	log_read(&err);
	CHECK_INT(err, -EPROTO);
	image[8] = 1;
	for (at = 0; at < SEGMENT_HEADER; at++) {
		image[at] ^= 1;
		REQUIRE(file_put(file_of(1), image, len));
		CHECK(open_sized(boot_a, 1 << 20, &w, &tail) < 0);
		image[at] ^= 1;
	}
	REQUIRE(file_put(file_of(1), image, len));
	strcpy(path, file_of(1));
	REQUIRE(rename(path, file_of(2)) == 0);
	CHECK_INT(open_sized(boot_a, 1 << 20, &w, &tail), -EBADMSG);
}

static void a_missing_segment_is_found_by_writer_and_reader(void)
{
	struct segment_names names;
	struct segment_writer *w;
	struct segment_tail tail;
	struct segment_dir d;
	int err;

	place_new();
	REQUIRE(log_write(100, 3000) && segments() > 5);
	REQUIRE(segment_dir_open(dir, &d, NULL) == 0);
	REQUIRE(segment_scan(&d, 0, &names, NULL) == 0);
	segment_dir_close(&d);
	/* Newest but one. */
	REQUIRE(unlink(file_of(names.before_highest)) == 0);
	CHECK_INT(open_sized(boot_a, 3000, &w, &tail), -EBADMSG);
	CHECK_INT(log_read(&err), names.before_highest - 1);
	CHECK_INT(err, -EBADMSG);
	CHECK(strstr(fault.text, "missing"));
}

static void a_torn_segment_that_is_not_the_last_is_damage_to_a_reader(void)
{
	int err;

	place_new();
	REQUIRE(log_write(100, 3000) && segments() > 5);
	REQUIRE(truncate(file_of(1), SEGMENT_HEADER + 100) == 0);
	CHECK_INT(log_read(&err), 0);
	CHECK_INT(err, -EBADMSG);
	CHECK(strstr(fault.text, "not complete"));
}

static void remove_what_was_made(void)
{
	place_end();
	CHECK(access(base, F_OK) != 0);
}

static const struct tap_test tests[] = {
	TEST(a_torn_tail_is_cut_at_every_byte),
	TEST(a_last_record_that_is_damaged_or_zeros_is_torn_too),
	TEST(damage_before_a_whole_record_changes_nothing_and_is_refused),
	TEST(more_garbage_than_a_record_is_damage),
	TEST(a_record_inside_a_torn_records_text_does_not_count),
	TEST(a_segment_without_its_whole_header_is_finished),
	TEST(what_is_no_segment_of_ours_is_refused),
	TEST(links_fifos_and_directories_are_not_followed),
	TEST(a_directory_that_others_may_write_to_is_refused),
	TEST(a_later_version_and_a_damaged_or_renamed_header_are_refused),
	TEST(a_missing_segment_is_found_by_writer_and_reader),
	TEST(a_torn_segment_that_is_not_the_last_is_damage_to_a_reader),
	TEST(remove_what_was_made),
};
TAP_MAIN(tests)
