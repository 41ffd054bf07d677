// SPDX-License-Identifier: GPL-2.0-or-later
/* The file of checkpoints: what is appended is read back, half of one is torn, and anything else is refused. */
#include "audit/trail.h"
#include "tests/tap.h"
#include "tests/unit/log_rig.h"

#include <signal.h>
#include <sys/resource.h>

#include "base/limits.h"

static struct segment_dir directory;
static struct fault fault;
static char notes[5][1024];
static size_t lens[5];

/* A log's directory without a log, and five notes. */
static bool place(void)
{
	static const char *const extensions[] = { "", "one more line\n", "a\nb\n", "", "" };
	struct checkpoint c = { .origin = "example.com/log" };
	char text[512];
	int len, i;

	log_new();
	if (mkdir(log_dir, 0750) != 0)
		return false;
	if (directory.fd > 0)
		segment_dir_close(&directory);
	for (i = 0; i < 5; i++) {
		c.head.size = (uint64_t)i * 10;
		memset(c.head.root, i, sizeof(c.head.root));
		c.extensions = extensions[i];
		c.extensions_len = strlen(extensions[i]);
		len = checkpoint_encode(&c, text, sizeof(text));
		len = len < 0 ? len :
				note_sign(&log_key, text, (size_t)len, notes[i], sizeof(notes[i]));
		if (len <= 0)
			return false;
		lens[i] = (size_t)len;
	}
	return segment_dir_open(log_dir, &directory, NULL) == 0;
}

static bool append(unsigned int from, unsigned int to)
{
	struct trail_writer w;
	uint64_t size;
	bool ok;

	if (trail_writer_open(&w, &directory, &size, &fault) != 0)
		return false;
	for (ok = true; from < to && ok; from++)
		ok = trail_append(&w, notes[from], lens[from]) == 0;
	trail_writer_close(&w);
	return ok;
}

/* Reads all: how many came as they were appended; *ret_end is how it ended. */
static int read_all(int *ret_end)
{
	struct trail_entry entry;
	struct trail *t;
	int n = 0, rc;

	*ret_end = trail_open(&directory, &t, &fault);
	if (*ret_end)
		return -1;
	while ((rc = trail_next(t, &entry)) == 1) {
		if (entry.len != lens[n] || memcmp(entry.note, notes[n], lens[n]) != 0 ||
		    entry.checkpoint.head.size != (uint64_t)n * 10)
			break;
		n++;
	}
	*ret_end = rc;
	trail_close(t);
	return n;
}

static void what_is_appended_is_read_back_and_the_last_found(void)
{
	struct trail_entry entry;
	struct trail_writer w;
	struct trail *t;
	struct stat st;
	uint64_t size;
	int end;

	REQUIRE(place());
	CHECK_INT(read_all(&end), 0);
	CHECK_INT(end, 0);
	REQUIRE(append(0, 3));
	REQUIRE(trail_writer_open(&w, &directory, &size, &fault) == 0);
	CHECK_INT(size, 20);
	CHECK_INT(trail_append(&w, "no note\n", 8), -EINVAL);
	CHECK_INT(trail_append(&w, notes[3], lens[3] - 1), -EINVAL);
	trail_writer_close(&w);
	REQUIRE(append(3, 5));
	CHECK(stat(log_path(TRAIL_NAME), &st) == 0 && (st.st_mode & 07777) == 0640);
	CHECK_INT(st.st_size, lens[0] + lens[1] + lens[2] + lens[3] + lens[4] + 5);
	CHECK_INT(read_all(&end), 5);
	CHECK_INT(end, 0);
	REQUIRE(trail_open(&directory, &t, &fault) == 0);
	CHECK_INT(trail_last(t, &entry), 1);
	CHECK_INT(entry.checkpoint.head.size, 40);
	CHECK_INT(trail_next(t, &entry), 0);
	trail_close(t);
}

/* More of them than are read at once. */
static void a_long_trail_is_read_in_pieces(void)
{
	struct trail_entry entry;
	struct trail_writer w;
	struct trail *t;
	uint64_t size;
	int i, n = 0;

	REQUIRE(place());
	REQUIRE(trail_writer_open(&w, &directory, &size, &fault) == 0);
	for (i = 0; i < 5000; i++)
		CHECK_INT(trail_append(&w, notes[i % 5], lens[i % 5]), 0);
	trail_writer_close(&w);
	REQUIRE(trail_open(&directory, &t, &fault) == 0);
	while (trail_next(t, &entry) == 1) {
		CHECK(entry.len == lens[n % 5] && !memcmp(entry.note, notes[n % 5], entry.len));
		n++;
	}
	CHECK_INT(n, 5000);
	trail_close(t);
	REQUIRE(trail_open(&directory, &t, &fault) == 0);
	CHECK_INT(trail_last(t, &entry), 1);
	CHECK(entry.len == lens[4] && memcmp(entry.note, notes[4], lens[4]) == 0);
	trail_close(t);
}

static void the_last_one_cut_anywhere_is_torn_and_cut_by_the_writer(void)
{
	struct trail_entry entry;
	size_t len, cut, whole;
	struct trail_writer w;
	struct stat st;
	uint64_t size;
	uint8_t *all;
	struct trail *t;
	int end;

	REQUIRE(place() && append(0, 3));
	all = log_get(log_path(TRAIL_NAME), &len);
	REQUIRE(all);
	whole = lens[0] + lens[1] + 2;
	for (cut = whole; cut < len; cut++) {
		REQUIRE(log_set(log_path(TRAIL_NAME), all, cut));
		CHECK_INT(read_all(&end), 2);
		CHECK_INT(end, cut == whole ? 0 : -ENODATA);
		REQUIRE(trail_open(&directory, &t, &fault) == 0);
		CHECK_INT(trail_last(t, &entry), 1);
		CHECK_INT(entry.checkpoint.head.size, 10);
		CHECK_INT(trail_next(t, &entry), cut == whole ? 0 : -ENODATA);
		CHECK_INT(trail_left(t), cut - whole);
		trail_close(t);
		REQUIRE(trail_writer_open(&w, &directory, &size, &fault) == 0);
		CHECK_INT(size, 10);
		CHECK(stat(log_path(TRAIL_NAME), &st) == 0 && (size_t)st.st_size == whole);
		CHECK_INT(trail_append(&w, notes[2], lens[2]), 0);
		trail_writer_close(&w);
		CHECK_INT(read_all(&end), 3);
		CHECK_INT(end, 0);
	}
	free(all);
}

/* Each byte of the second entry; what is not noticed in the form is for who checks signatures. */
static void a_changed_byte_is_refused_or_another_note(void)
{
	struct trail_entry entry;
	size_t len, at, refused = 0;
	struct trail *t;
	uint8_t *all;
	int rc, first;

	REQUIRE(place() && append(0, 3));
	all = log_get(log_path(TRAIL_NAME), &len);
	REQUIRE(all);
	for (at = lens[0] + 1; at < lens[0] + lens[1] + 2; at++) {
		all[at] ^= 0x80;
		REQUIRE(log_set(log_path(TRAIL_NAME), all, len));
		REQUIRE(trail_open(&directory, &t, &fault) == 0);
		first = trail_next(t, &entry);
		CHECK_INT(first, 1);
		rc = trail_next(t, &entry);
		CHECK(rc == 1 ? memcmp(entry.note, notes[1], entry.len) != 0 : rc == -EBADMSG);
		refused += rc != 1;
		if (rc != 1)
			CHECK_INT(trail_offset(t), lens[0] + 1);
		trail_close(t);
		all[at] ^= 0x80;
	}
	/* No byte above 127 stands alone in UTF-8. */
	CHECK_INT(refused, lens[1] + 1);
	free(all);
}

static void what_has_no_end_within_the_limit_is_refused(void)
{
	static char junk[LIMIT_NOTE + 2];
	struct trail_writer w;
	uint64_t size;
	int end;

	REQUIRE(place());
	memset(junk, 'x', sizeof(junk));
	REQUIRE(log_set(log_path(TRAIL_NAME), junk, LIMIT_NOTE));
	CHECK_INT(read_all(&end), 0);
	CHECK_INT(end, -ENODATA);
	REQUIRE(log_set(log_path(TRAIL_NAME), junk, LIMIT_NOTE + 1));
	CHECK_INT(read_all(&end), 0);
	CHECK_INT(end, -E2BIG);
	CHECK_INT(trail_writer_open(&w, &directory, &size, &fault), -E2BIG);
	CHECK(strstr(fault.text, "byte 0: not a checkpoint") != NULL);
	memcpy(junk + LIMIT_NOTE - 4, "\n\n\n\n\n", 5);
	REQUIRE(log_set(log_path(TRAIL_NAME), junk, LIMIT_NOTE + 1));
	CHECK_INT(read_all(&end), 0);
	CHECK_INT(end, -EBADMSG);
	CHECK_INT(trail_writer_open(&w, &directory, &size, &fault), -EBADMSG);
}

/* A full disk, played by a limit: half of a note is not left there. */
static void an_append_that_failed_leaves_the_file_as_it_was(void)
{
	struct rlimit limit, full;
	struct trail_writer w;
	struct stat st;
	uint64_t size;
	int end;

	REQUIRE(place() && append(0, 2) && stat(log_path(TRAIL_NAME), &st) == 0);
	REQUIRE(trail_writer_open(&w, &directory, &size, &fault) == 0);
	REQUIRE(getrlimit(RLIMIT_FSIZE, &limit) == 0);
	signal(SIGXFSZ, SIG_IGN);
	full = limit;
	full.rlim_cur = (rlim_t)st.st_size + 10;
	REQUIRE(setrlimit(RLIMIT_FSIZE, &full) == 0);
	CHECK(trail_append(&w, notes[2], lens[2]) < 0);
	REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	CHECK_INT(read_all(&end), 2);
	CHECK_INT(end, 0);
	/* Were it not to be cut at once. */
	REQUIRE(truncate(log_path(TRAIL_NAME), 4000) == 0);
	w.longer = true;
	CHECK_INT(trail_append(&w, notes[2], lens[2]), 0);
	trail_writer_close(&w);
	CHECK_INT(read_all(&end), 3);
	CHECK_INT(end, 0);
}

/* The newest and the first of some size, of what is there now: what a reader of all of it finds. */
static bool finds_agree(uint64_t most)
{
	struct trail_entry entry = { 0 }, found;
	uint64_t size, expected;
	struct trail *all, *t;
	bool ok;
	int last, rc;

	if (trail_open(&directory, &all, &fault) != 0 || trail_open(&directory, &t, &fault) != 0)
		return false;
	last = trail_last(all, &entry);
	rc = trail_newest(t, &found);
	ok = rc == last && (rc == 0 || (found.offset == entry.offset && found.len == entry.len &&
					found.checkpoint.head.size == entry.checkpoint.head.size));
	for (size = 0; size <= most && ok; size += most < 200 ? 1 : 977) {
		expected = (size + 9) / 10 * 10;
		rc = trail_find(t, size, &found);
		ok = last && expected <= entry.checkpoint.head.size ?
			     rc == 1 && found.checkpoint.head.size == expected :
			     rc == 0;
		if (!ok)
			printf("# %d of %llu\n", rc, (unsigned long long)size);
	}
	trail_close(all);
	trail_close(t);
	return ok;
}

static void one_is_found_without_reading_all(void)
{
	struct trail_entry entry;
	struct trail *t;
	uint8_t *bytes;
	size_t len;

	REQUIRE(place());
	CHECK(finds_agree(50));
	REQUIRE(append(0, 5));
	CHECK(finds_agree(50));
	/* Cut anywhere, it is the one before; there is none when it was the first. */
	REQUIRE((bytes = log_get(log_path(TRAIL_NAME), &len)) != NULL);
	while (len--) {
		if (!log_set(log_path(TRAIL_NAME), bytes, len) || !finds_agree(50))
			break;
	}
	CHECK_INT((long long)len, -1);
	free(bytes);
	/* Something that is none, and no end of it. */
	bytes = malloc(1 << 20);
	REQUIRE(bytes);
	memset(bytes, 'a', 1 << 20);
	REQUIRE(log_set(log_path(TRAIL_NAME), bytes, 1 << 20));
	free(bytes);
	REQUIRE(trail_open(&directory, &t, &fault) == 0);
	CHECK_INT(trail_newest(t, &entry), -EBADMSG);
	CHECK_INT(trail_find(t, 0, &entry), 0);
	trail_close(t);
}

#define MANY 12000

/* Far more than is looked at, of different lengths, and empty lines where an entry was damaged. */
static void one_of_very_many_is_found(void)
{
	static const char *const extensions[] = { "", "one more line\n", "a\nb\n",
						  "\xe2\x80\x94 looks like a name\n" };
	struct checkpoint c = { .origin = "example.com/log" };
	char text[512], note[1024], *bytes;
	struct trail_entry entry;
	struct trail *t;
	size_t at = 0;
	int len, i;

	REQUIRE(place() && (bytes = malloc(MANY * 512)));
	for (i = 0; i < MANY; i++) {
		c.head.size = (uint64_t)i * 10;
		c.extensions = extensions[i % 4];
		c.extensions_len = strlen(c.extensions);
		len = checkpoint_encode(&c, text, sizeof(text));
		/* Signed once: nobody looks at that here. */
		snprintf(note, sizeof(note), "%.*s%s", len, text, strstr(notes[0], "\n\n") + 1);
		memcpy(bytes + at, note, strlen(note));
		at += strlen(note);
		bytes[at++] = '\n';
	}
	REQUIRE(log_set(log_path(TRAIL_NAME), bytes, at));
	CHECK(at > 4 * LIMIT_NOTE);
	CHECK(finds_agree(MANY * 10));
	REQUIRE(log_set(log_path(TRAIL_NAME), bytes, at - 3));
	CHECK(finds_agree(MANY * 10));
	memset(bytes + at / 2, '\n', 3000);
	REQUIRE(log_set(log_path(TRAIL_NAME), bytes, at));
	REQUIRE(trail_open(&directory, &t, &fault) == 0);
	CHECK_INT(trail_newest(t, &entry), 1);
	CHECK_INT(entry.checkpoint.head.size, (MANY - 1) * 10);
	CHECK_INT(trail_find(t, MANY * 5 + 500, &entry), 1);
	CHECK_INT(entry.checkpoint.head.size, MANY * 5 + 500);
	CHECK_INT(trail_find(t, 500, &entry), 1);
	CHECK_INT(entry.checkpoint.head.size, 500);
	trail_close(t);
	free(bytes);
}

static void links_and_other_files_are_not_followed(void)
{
	struct trail_writer w;
	char other[400];
	struct trail *t;
	uint64_t size;

	REQUIRE(place() && append(0, 3));
	strcpy(other, log_path("elsewhere"));
	REQUIRE(rename(log_path(TRAIL_NAME), other) == 0);
	REQUIRE(symlink(other, log_path(TRAIL_NAME)) == 0);
	CHECK_INT(trail_open(&directory, &t, &fault), -ELOOP);
	CHECK_INT(trail_writer_open(&w, &directory, &size, &fault), -ELOOP);
	REQUIRE(unlink(log_path(TRAIL_NAME)) == 0 && mkfifo(log_path(TRAIL_NAME), 0600) == 0);
	CHECK_INT(trail_open(&directory, &t, &fault), -EBADMSG);
	CHECK_INT(trail_writer_open(&w, &directory, &size, &fault), -EBADMSG);
	segment_dir_close(&directory);
	log_end();
}

static const struct tap_test tests[] = {
	TEST(what_is_appended_is_read_back_and_the_last_found),
	TEST(a_long_trail_is_read_in_pieces),
	TEST(the_last_one_cut_anywhere_is_torn_and_cut_by_the_writer),
	TEST(a_changed_byte_is_refused_or_another_note),
	TEST(what_has_no_end_within_the_limit_is_refused),
	TEST(one_is_found_without_reading_all),
	TEST(one_of_very_many_is_found),
	TEST(an_append_that_failed_leaves_the_file_as_it_was),
	TEST(links_and_other_files_are_not_followed),
};
TAP_MAIN(tests)
