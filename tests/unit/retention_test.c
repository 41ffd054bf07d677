// SPDX-License-Identifier: GPL-2.0-or-later
/* Old records are removed, and nothing is lost by it: what goes, what stays, and every way to fake it. */
#include "audit/retention.h"
#include "audit/filter.h"
#include "audit/ledger.h"
#include "audit/prover.h"
#include "audit/scan.h"
#include "tests/tap.h"
#include "tests/unit/stranger_rig.h"
#include "tests/unit/verify_rig.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define BOOT	"boot a........."
#define NOW	"boot b........."
#define RECORDS 200
#define LIMIT	8000
#define DAY	(86400 * 1000000000ULL)

static struct fault fault;
static char said[512], key_path[160];

/* One more record, of the daemon; the hashes of all are there then. */
static bool note_add(enum daemon_note note, uint64_t number)
{
	const struct segment_options o = { .directory = log_dir,
					   .boot = (const uint8_t *)BOOT,
					   .limit = LIMIT,
					   .buffer = 65536 };
	struct record r = log_record(3);
	struct segment_writer *w;
	struct leaves_writer *leaves;
	struct segment_tail tail;
	bool ok;

	if (segment_open_with(&o, &w, &tail, NULL) != 0)
		return false;
	r.u.daemon.note = note;
	r.u.daemon.number = number;
	ok = segment_append(w, &r) == 0;
	segment_close(w);
	if (!ok || leaves_writer_open(log_dir, r.seq, &leaves, NULL, NULL) != 0)
		return false;
	leaves_writer_close(leaves);
	return true;
}

static uint64_t segment_number(size_t at)
{
	struct listing segments = { 0 };
	struct segment_dir d;
	uint64_t number = 0;

	if (segment_dir_open(log_dir, &d, NULL) != 0)
		return 0;
	if (listing_read(&d, ".seg", &segments, NULL) == 0 && at < segments.count)
		number = segments.numbers[at];
	listing_release(&segments);
	segment_dir_close(&d);
	return number;
}

static int plan_at(uint64_t age_ns, uint64_t bytes, uint64_t now, uint64_t covered,
		   const char *boot, struct retention_plan *plan)
{
	const struct retention keep = { age_ns, bytes };
	struct retention_memory memory = { 0 };
	struct segment_dir d;
	int rc = segment_dir_open(log_dir, &d, &fault);

	if (rc)
		return rc;
	rc = retention_plan(&d, &keep, now, covered, (const uint8_t *)boot, &memory, plan, &fault);
	segment_dir_close(&d);
	return rc;
}

static int remove_to(uint64_t last)
{
	struct segment_dir d;
	int rc = segment_dir_open(log_dir, &d, &fault);

	if (rc)
		return rc;
	rc = retention_remove(&d, last, &fault);
	segment_dir_close(&d);
	return rc;
}

static int stranger(void)
{
	char line[NOTE_VERIFIER_SIZE];
	int len = note_verifier_encode(&log_key.verifier, line, sizeof(line));

	snprintf(key_path, sizeof(key_path), "%s/key", log_base);
	if (len < 0 || !log_set(key_path, line, (size_t)len))
		return -1;
	return stranger_run(said, sizeof(said), log_dir, key_path);
}

/* Both say so: the problem, or that nothing is wrong. */
static bool seen(const char *name, int problem)
{
	int ours = verify(), theirs = stranger();
	bool ok = ours == problem && theirs == (problem != VERIFY_FINE);

	if (!ok)
		printf("# %s: %d %s; the stranger: %d %s", name, ours, result.text.text, theirs,
		       said);
	return ok;
}

/* A log whose last record says that others were removed; what of it a checkpoint covers. */
static bool log_told(uint64_t told, uint64_t covered)
{
	return log_make(RECORDS, LIMIT, 50, RECORDS) && note_add(DAEMON_PRUNED, told) &&
	       (covered <= RECORDS || log_checkpoint(covered)) && segment_number(4) != 0;
}

static void only_what_is_old_covered_and_of_another_boot_goes(void)
{
	const uint64_t newest = log_record(RECORDS).time_ns;
	struct retention_plan plan;
	uint64_t last;
	char text[200];

	REQUIRE(log_make(RECORDS, LIMIT, 50, RECORDS) && segment_number(4));
	last = segment_number(1) - 1;
	/* The control. */
	REQUIRE(plan_at(9 * DAY, 0, newest + 10 * DAY, RECORDS, NOW, &plan) == 1);
	CHECK(plan.first == 1 && plan.last == last);
	CHECK(plan.first_ns == log_record(1).time_ns && plan.last_ns == log_record(last).time_ns);
	retention_text(&plan, text, sizeof(text));
	CHECK_MSG(strstr(text, "records 1 to ") && strstr(text, " bytes, 2026-09-21 to 2026-09-21"),
		  "%s", text);
	CHECK_INT(plan_at(11 * DAY, 0, newest + 10 * DAY, RECORDS, NOW, &plan), 0);
	/* To the nanosecond. */
	CHECK_INT(plan_at(DAY, 0, log_record(last).time_ns + DAY, RECORDS, NOW, &plan), 0);
	CHECK_INT(plan_at(DAY, 0, log_record(last).time_ns + DAY + 1, RECORDS, NOW, &plan), 1);
	/* A clock that says that the log is of the future. */
	CHECK_INT(plan_at(DAY, 0, 5, RECORDS, NOW, &plan), 0);
	CHECK_INT(plan_at(9 * DAY, 0, newest + 10 * DAY, last - 1, NOW, &plan), 0);
	CHECK_INT(plan_at(9 * DAY, 0, newest + 10 * DAY, last, NOW, &plan), 1);
	CHECK_INT(plan_at(9 * DAY, 0, newest + 10 * DAY, RECORDS, BOOT, &plan), 0);
	/* By size. */
	CHECK_INT(plan_at(0, 8000, newest, RECORDS, NOW, &plan), 1);
	CHECK_INT(plan_at(0, 8000000, newest, RECORDS, NOW, &plan), 0);
	CHECK_INT(plan_at(0, 8000, newest, RECORDS, BOOT, &plan), 0);
	/* The one that is written to stays. */
	REQUIRE(log_make(20, 1 << 20, 20, 20));
	CHECK_INT(plan_at(DAY, 1, newest + 10 * DAY, 20, NOW, &plan), 0);
}

static void a_damaged_segment_is_not_removed(void)
{
	const uint64_t now = log_record(RECORDS).time_ns + 10 * DAY;
	struct retention_plan plan;
	size_t len = 0;
	uint8_t *bytes;

	REQUIRE(log_make(RECORDS, LIMIT, 50, RECORDS));
	bytes = log_get(log_file(1, ".seg"), &len);
	REQUIRE(bytes && len > 4000);
	bytes[3000] ^= 1;
	REQUIRE(log_set(log_file(1, ".seg"), bytes, len));
	CHECK_INT(plan_at(DAY, 0, now, RECORDS, NOW, &plan), -EBADMSG);
	CHECK_MSG(strstr(fault.text, "is not removed: it is damaged"), "%s", fault.text);
	bytes[3000] ^= 1;
	REQUIRE(log_set(log_file(1, ".seg"), bytes, len - 1));
	CHECK_INT(plan_at(DAY, 0, now, RECORDS, NOW, &plan), -EBADMSG);
	REQUIRE(log_set(log_file(1, ".seg"), bytes, len));
	free(bytes);
	CHECK_INT(plan_at(DAY, 0, now, RECORDS, NOW, &plan), 1);
	/* Without its hashes it would be gone for good. */
	bytes = log_get(log_file(1, ".leaf"), &len);
	REQUIRE(bytes && log_set(log_file(1, ".leaf"), bytes, len - TREE_HASH));
	CHECK_INT(plan_at(DAY, 0, now, RECORDS, NOW, &plan), -EBADMSG);
	REQUIRE(unlink(log_file(1, ".leaf")) == 0);
	CHECK_INT(plan_at(DAY, 0, now, RECORDS, NOW, &plan), -ENOENT);
	REQUIRE(log_set(log_file(1, ".leaf"), bytes, len));
	CHECK_INT(plan_at(DAY, 0, now, RECORDS, NOW, &plan), 1);
	free(bytes);
}

static void what_is_gone_is_verified_by_its_hashes(void)
{
	static char proof[LIMIT_PROOF];
	char note[1024];
	struct tree_head from = { .size = 50 };
	struct ledger *l;
	struct ledger_found found;
	const struct ledger_options o = {
		.segments = { log_dir, (const uint8_t *)BOOT, LIMIT, 65536 },
		.key = &log_key,
	};
	struct record r = log_record(1);
	struct checkpoint c;
	uint64_t gone, second;
	size_t len, text;

	if (!stranger_there())
		SKIP("there is no python3");
	REQUIRE(log_make(RECORDS, LIMIT, 50, RECORDS));
	len = log_sign("example.com/log", 50, &log_key, note, sizeof(note));
	REQUIRE(len && note_split(note, len, &text) == 0 && checkpoint_parse(note, text, &c) == 0);
	from = c.head;
	gone = segment_number(2) - 1;
	REQUIRE(log_told(gone, RECORDS + 1));
	len = log_sign("example.com/log", RECORDS + 1, &log_key, note, sizeof(note));
	second = segment_number(1);
	/* Said, and not done yet: a crash came between. */
	CHECK(seen("not done", VERIFY_FINE));
	CHECK(result.pruned == 0);
	REQUIRE(unlink(log_file(1, ".seg")) == 0);
	CHECK(seen("done in part", VERIFY_FINE));
	CHECK(result.pruned == second - 1 && result.unpruned == gone - (second - 1));
	CHECK_INT(remove_to(gone), 0);
	CHECK_INT(segment_number(0), gone + 1);
	CHECK(seen("done", VERIFY_FINE));
	CHECK(result.pruned == gone && !result.unpruned && result.records == RECORDS + 1 &&
	      result.covered == RECORDS + 1 && result.checkpoints == 5);
	CHECK_INT(remove_to(gone), 0);

	CHECK_INT(prover_record(log_dir, gone, proof, sizeof(proof), &fault), -ERANGE);
	CHECK_MSG(strstr(fault.text, "is gone"), "%s", fault.text);
	CHECK(prover_record(log_dir, gone + 1, proof, sizeof(proof), &fault) > 0);
	CHECK(prover_growth(log_dir, &from, note, len, proof, sizeof(proof), &fault) > 0);

	/* The writer goes on, and makes nothing anew. */
	REQUIRE(ledger_open(&o, &l, &found, &fault) == 0);
	CHECK(found.hashed == 0 && found.covered == RECORDS + 1);
	CHECK(ledger_append(l, &r) == 0);
	ledger_close(l);
	CHECK(seen("gone on with", VERIFY_FINE));
	CHECK(result.records == RECORDS + 2 && result.pruned == gone);
	/* Never the last segment, whatever is asked for. */
	CHECK_INT(remove_to(UINT64_MAX - 1), 0);
	CHECK(segment_number(0) != 0);
}

/* Two leaf files become one: what a segment was is told by them alone. */
static bool leaves_merge(void)
{
	const uint64_t second = segment_number(1);
	size_t a = 0, b = 0;
	uint8_t *first = log_get(log_file(1, ".leaf"), &a);
	uint8_t *next = log_get(log_file(second, ".leaf"), &b);
	uint8_t *both = first && next ? malloc(a + b) : NULL;
	bool ok = both != NULL;

	if (ok) {
		memcpy(both, first, a);
		memcpy(both + a, next, b);
		ok = log_set(log_file(1, ".leaf"), both, a + b) &&
		     unlink(log_file(second, ".leaf")) == 0;
	}
	free(first);
	free(next);
	free(both);
	return ok;
}

static bool leaf_change(uint64_t segment, size_t at, long grow)
{
	size_t len = 0;
	uint8_t *bytes = log_get(log_file(segment, ".leaf"), &len);
	uint8_t *longer = bytes ? calloc(1, len + 64) : NULL;
	bool ok = longer != NULL;

	if (ok) {
		memcpy(longer, bytes, len);
		longer[at] ^= grow ? 0 : 1;
		ok = log_set(log_file(segment, ".leaf"), longer, (size_t)((long)len + grow));
	}
	free(bytes);
	free(longer);
	return ok;
}

static void every_fake_of_a_removal_is_found(void)
{
	uint64_t gone, second, third;

	if (!stranger_there())
		SKIP("there is no python3");
	REQUIRE(log_make(RECORDS, LIMIT, 50, RECORDS));
	second = segment_number(1);
	third = segment_number(2);
	gone = third - 1;

	/* Nothing is said of it. */
	REQUIRE(remove_to(gone) == 0);
	CHECK(seen("nothing said", VERIFY_MISSING));
	CHECK(result.seq == 1 && result.found == third);
	/* Said, and nobody has signed for that. */
	REQUIRE(log_told(gone, RECORDS) && remove_to(gone) == 0);
	CHECK(seen("not covered", VERIFY_MISSING));
	REQUIRE(log_told(gone, RECORDS + 1) && remove_to(gone) == 0);
	CHECK(seen("the control", VERIFY_FINE));
	/* Less is said than is gone. */
	REQUIRE(log_told(second - 1, RECORDS + 1) && remove_to(gone) == 0);
	CHECK(seen("less", VERIFY_MISSING));
	CHECK(result.seq == second && result.found == third);
	REQUIRE(log_told(gone - 1, RECORDS + 1) && remove_to(gone) == 0);
	CHECK(seen("one less", VERIFY_MISSING));
	CHECK(result.seq == gone);
	/* More is said than is gone: a crash, which is told and no problem. */
	REQUIRE(log_told(gone + 1, RECORDS + 1) && remove_to(gone) == 0);
	CHECK(seen("more", VERIFY_FINE));
	CHECK_INT(result.unpruned, 1);
	/* A record cannot speak of itself, nor of what comes. */
	REQUIRE(log_told(RECORDS + 1, RECORDS + 1) && remove_to(gone) == 0);
	CHECK(seen("itself", VERIFY_MISSING));
	REQUIRE(log_told(UINT64_MAX, RECORDS + 1) && remove_to(gone) == 0);
	CHECK(seen("everything", VERIFY_MISSING));
	/* Another note with this number. */
	REQUIRE(log_make(RECORDS, LIMIT, 50, RECORDS) && note_add(DAEMON_TORN, gone) &&
		log_checkpoint(RECORDS + 1) && remove_to(gone) == 0);
	CHECK(seen("another note", VERIFY_MISSING));

	/* Not the first ones. */
	REQUIRE(log_told(gone, RECORDS + 1) && unlink(log_file(second, ".seg")) == 0);
	CHECK(seen("the second alone", VERIFY_MISSING));
	REQUIRE(log_told(gone, RECORDS + 1) && unlink(log_file(third, ".seg")) == 0 &&
		remove_to(second - 1) == 0);
	CHECK(seen("the first and the third", VERIFY_MISSING));

	/* The hashes of what is gone. */
	REQUIRE(log_told(gone, RECORDS + 1) && remove_to(gone) == 0 &&
		unlink(log_file(1, ".leaf")) == 0);
	CHECK(seen("no hashes", VERIFY_MISSING));
	REQUIRE(log_told(gone, RECORDS + 1) && remove_to(gone) == 0 &&
		unlink(log_file(second, ".leaf")) == 0);
	CHECK(seen("not all hashes", VERIFY_MISSING));
	REQUIRE(log_told(gone, RECORDS + 1) && remove_to(gone) == 0 &&
		leaf_change(second, 0, -(long)TREE_HASH));
	CHECK(seen("a hash less", VERIFY_MISSING));
	REQUIRE(log_told(gone, RECORDS + 1) && remove_to(gone) == 0 &&
		leaf_change(second, 0, TREE_HASH));
	CHECK(seen("a hash more", VERIFY_MISSING));
	REQUIRE(log_told(gone, RECORDS + 1) && remove_to(gone) == 0 && leaf_change(1, 40, 0));
	CHECK(seen("another hash", VERIFY_REWRITTEN));
	CHECK(result.from == 0 && result.to == 50);
	REQUIRE(log_told(gone, RECORDS + 1) && leaves_merge() && remove_to(gone) == 0);
	CHECK(seen("other segments", VERIFY_DAMAGED));
	/* And what is not gone is judged as ever. */
	REQUIRE(log_told(gone, RECORDS + 1) && remove_to(gone) == 0);
	{
		size_t len = 0;
		uint8_t *bytes = log_get(log_file(third, ".seg"), &len);

		REQUIRE(bytes);
		bytes[SEGMENT_HEADER + 30] ^= 1;
		frame_seal(bytes + SEGMENT_HEADER);
		REQUIRE(log_set(log_file(third, ".seg"), bytes, len));
		free(bytes);
	}
	CHECK(seen("a record that stayed", VERIFY_CHANGED));
	CHECK_INT(result.seq, third);
}

static int run(struct ledger *l, uint64_t age_ns, struct retention_memory *memory)
{
	const struct retention keep = { .age_ns = age_ns };
	struct retention_now now = { log_record(RECORDS).time_ns + 10 * DAY, 0, NOW };
	struct segment_dir d;
	int rc = segment_dir_open(log_dir, &d, &fault);

	if (rc)
		return rc;
	rc = retention_run(l, &d, &keep, &now, memory, &fault);
	segment_dir_close(&d);
	return rc;
}

static int log_open(struct ledger **l)
{
	const struct ledger_options o = {
		.segments = { log_dir, (const uint8_t *)NOW, LIMIT, 65536 },
		.key = &log_key,
	};
	struct ledger_found found;

	return ledger_open(&o, l, &found, &fault);
}

static void one_segment_after_the_other_is_told_signed_for_and_removed(void)
{
	struct retention_memory memory = { 0 };
	uint64_t before, last;
	struct ledger *l;
	int removed = 0, rc;

	if (!stranger_there())
		SKIP("there is no python3");
	REQUIRE(log_make(RECORDS, LIMIT, 50, RECORDS) && log_open(&l) == 0);
	CHECK_INT(run(l, 11 * DAY, &memory), 0);
	CHECK_INT(segment_number(0), 1);
	do {
		before = segment_number(0);
		last = segment_number(1) - 1;
		rc = run(l, 9 * DAY, &memory);
		if (rc != 1)
			break;
		removed++;
		CHECK_INT(segment_number(0), last + 1);
		CHECK(!memory.told && ledger_covered(l) >= memory.note);
		CHECK(seen("one went", VERIFY_FINE));
		CHECK(result.pruned == last && !result.unpruned);
	} while (before < RECORDS);
	/* All but what has records of this boot, and the last one. */
	CHECK_INT(rc, 0);
	CHECK(removed >= 4);
	ledger_close(l);
	CHECK(seen("all went", VERIFY_FINE));
}

/* Nothing is removed on the word of a record that nobody has signed for; it is, once somebody has. */
static void what_cannot_be_signed_for_is_not_removed(void)
{
	struct retention_memory memory = { 0 };
	struct rlimit was, none = { .rlim_cur = 0 };
	struct ledger *l;
	uint64_t note;

	signal(SIGXFSZ, SIG_IGN);
	REQUIRE(log_make(RECORDS, LIMIT, 50, RECORDS) && log_open(&l) == 0);
	REQUIRE(getrlimit(RLIMIT_FSIZE, &was) == 0);
	none.rlim_max = was.rlim_max;
	REQUIRE(setrlimit(RLIMIT_FSIZE, &none) == 0);
	CHECK_INT(run(l, 9 * DAY, &memory), -EFBIG);
	CHECK_INT(run(l, 9 * DAY, &memory), -EAGAIN);
	CHECK_INT(segment_number(0), 1);
	note = memory.note;
	CHECK(note == RECORDS + 1 && memory.told);
	REQUIRE(setrlimit(RLIMIT_FSIZE, &was) == 0);
	CHECK_INT(ledger_flush(l), 0);
	/* The same record is enough. */
	CHECK_INT(run(l, 9 * DAY, &memory), 1);
	CHECK(memory.note == note && segment_number(0) != 1);
	ledger_close(l);
	CHECK_INT(verify(), VERIFY_FINE);
	CHECK_INT(result.records, note);
}

/* Segments go while others verify, at moments that nobody chose: no alarm. */
static void a_log_is_verified_while_records_are_removed(void)
{
	struct retention_memory memory = { 0 };
	struct ledger *l;
	int round, rc, status;
	pid_t child;

	for (round = 0; round < 12; round++) {
		REQUIRE(log_make(RECORDS, LIMIT, 50, RECORDS));
		child = fork();
		if (child == 0) {
			rc = log_open(&l);
			while (rc == 0 && (rc = run(l, 9 * DAY, &memory)) == 1)
				rc = 0;
			if (rc == 0)
				ledger_close(l);
			_exit(rc != 0);
		}
		REQUIRE(child > 0);
		do {
			rc = verify();
			CHECK_MSG(rc == VERIFY_FINE, "%d %s", rc,
				  rc < 0 ? verify_fault.text : result.text.text);
		} while (rc == VERIFY_FINE && waitpid(child, &status, WNOHANG) == 0);
		CHECK(rc == VERIFY_FINE && status == 0);
		CHECK_INT(verify(), VERIFY_FINE);
		CHECK(result.pruned > 0);
	}
}

static void readers_go_on_while_records_are_removed(void)
{
	struct segment_reader *reader;
	struct record r = { 0 };
	uint64_t fourth, second, count = 0;
	int rc;

	REQUIRE(log_make(RECORDS, LIMIT, 50, RECORDS));
	second = segment_number(1);
	fourth = segment_number(3);
	REQUIRE(segment_reader_open(log_dir, &reader, &fault) == 0);
	CHECK(segment_read(reader, &r, &fault) == 1 && r.seq == 1);
	REQUIRE(remove_to(fourth - 1) == 0);
	/* What was open is read to its end. */
	while ((rc = segment_read(reader, &r, &fault)) == 1 && r.seq < second)
		count++;
	CHECK_INT(count, second - 2);
	CHECK_MSG(rc == 1 && r.seq == fourth, "%d %s", rc, fault.text);
	for (count = 1; segment_read(reader, &r, &fault) == 1;)
		count++;
	CHECK_INT(count, RECORDS - fourth + 1);
	segment_reader_close(reader);

	/* The control: one that is missing among others is missed. */
	REQUIRE(log_make(RECORDS, LIMIT, 50, RECORDS));
	REQUIRE(segment_reader_open(log_dir, &reader, &fault) == 0);
	CHECK(segment_read(reader, &r, &fault) == 1);
	REQUIRE(unlink(log_file(second, ".seg")) == 0);
	while ((rc = segment_read(reader, &r, &fault)) == 1)
		;
	CHECK_INT(rc, -EBADMSG);
	CHECK_MSG(strstr(fault.text, "are missing"), "%s", fault.text);
	segment_reader_close(reader);
}

static void questions_are_answered_while_records_are_removed(void)
{
	struct filter *filter;
	struct record r = { 0 };
	struct scan *scan;
	uint64_t fourth, count = 0, last = 0;
	int rc;

	REQUIRE(filter_create(&filter) == 0);
	REQUIRE(log_make(RECORDS, LIMIT, 50, RECORDS));
	fourth = segment_number(3);
	{
		const struct scan_options o = { .directory = log_dir,
						.filter = filter,
						.last = UINT64_MAX };

		REQUIRE(scan_open(&o, &scan, &fault) == 0);
	}
	CHECK_INT(scan_next(scan, &r, &fault), 1);
	REQUIRE(remove_to(fourth - 1) == 0);
	while ((rc = scan_next(scan, &r, &fault)) == 1) {
		CHECK(r.seq > last);
		last = r.seq;
		count++;
	}
	CHECK_MSG(rc == 0, "%s", fault.text);
	CHECK_INT(last, RECORDS);
	CHECK(count >= RECORDS - fourth + 1);
	scan_close(scan);
	filter_free(filter);
	unlink(key_path);
	log_end();
}

static const struct tap_test tests[] = {
	TEST(only_what_is_old_covered_and_of_another_boot_goes),
	TEST(a_damaged_segment_is_not_removed),
	TEST(what_is_gone_is_verified_by_its_hashes),
	TEST(every_fake_of_a_removal_is_found),
	TEST(one_segment_after_the_other_is_told_signed_for_and_removed),
	TEST(what_cannot_be_signed_for_is_not_removed),
	TEST(a_log_is_verified_while_records_are_removed),
	TEST(readers_go_on_while_records_are_removed),
	TEST(questions_are_answered_while_records_are_removed),
};
TAP_MAIN(tests)
