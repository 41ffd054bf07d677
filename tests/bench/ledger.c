// SPDX-License-Identifier: GPL-2.0-or-later
/* How fast the log is written, and taken up again behind a crash, by one process. */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "audit/history.h"
#include "audit/ledger.h"
#include "base/limits.h"

/*
 * usage: ledger TRACE DIRECTORY [RECORDS]
 *
 * TRACE is a log that agentosd wrote; its events are taken as the kernel gave them.
 * They are written over and over, in batches as agentosd does it, to a new log in
 * DIRECTORY (2000000 records): encoded, hashed, with checkpoints. The time is the
 * process's own, that in the kernel included, so that others who use the machine
 * disturb it little.
 *
 * Who writes then ends without a last checkpoint, when twice as many records as may be
 * are without one, and the log is taken up again as by the next agentosd.
 *
 * Prints "write_rate RECORDS-PER-SECOND"; "record_size BYTES", the median of a record in
 * the segments; and "recover_ms MILLISECONDS" of the process's time.
 */

#define EVENTS 200000
#define BATCH  256 /* as in daemon/drain.c */

static const uint8_t boot[16] = "boot a.........";
static const char *log_dir;
static struct record *events;
static size_t event_count;
static int *sizes;

static double spent(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int int_compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void trace_load(const char *directory)
{
	struct segment_reader *reader;
	uint8_t buf[LIMIT_RECORD];
	struct record r;
	struct fault f;
	int rc = 0;

	events = calloc(EVENTS, sizeof(*events));
	sizes = calloc(EVENTS, sizeof(*sizes));
	if (!events || !sizes)
		errx(1, "not enough memory");
	if (segment_reader_open(directory, &reader, &f) != 0)
		errx(1, "%s", f.text);
	while (event_count < EVENTS && (rc = segment_read(reader, &r, &f)) == 1) {
		if (r.type != RECORD_EVENT)
			continue;
		sizes[event_count] = record_encode(&r, buf, sizeof(buf));
		events[event_count++] = r;
	}
	if (rc < 0)
		errx(1, "%s", f.text);
	segment_reader_close(reader);
	if (!event_count)
		errx(1, "%s: no events", directory);
}

/* As agentosd: a checkpoint, and what spares the next one from reading what is before it. */
static int checkpoint(struct ledger *l)
{
	static const struct history history;
	int rc = ledger_checkpoint(l, 0);

	return rc ? rc : history_save(log_dir, boot, ledger_covered(l), &history);
}

static void ledger_write(struct ledger *l, uint64_t records)
{
	struct record r;
	uint64_t i;
	int rc = 0;

	for (i = 0; i < records && rc == 0; i++) {
		r = events[i % event_count];
		memcpy(r.boot, boot, sizeof(r.boot));
		rc = ledger_append(l, &r);
		if (rc == 0 && i % BATCH == BATCH - 1)
			rc = ledger_flush(l);
		if (rc == 0 && i % LIMIT_UNSIGNED == LIMIT_UNSIGNED - 1 &&
		    (records - i > LIMIT_UNSIGNED * 2 || !ledger_covered(l)))
			rc = checkpoint(l);
	}
	if (rc == 0)
		rc = ledger_flush(l);
	if (rc)
		errx(1, "cannot write: %s", strerror(-rc));
}

/* In a process of its own, which ends as one that is killed. */
static void write_and_die(const struct ledger_options *options, uint64_t records)
{
	struct ledger_found found;
	struct ledger *l;
	struct fault f;
	double start;

	if (ledger_open(options, &l, &found, &f) != 0)
		errx(1, "%s", f.text);
	start = spent();
	ledger_write(l, records);
	printf("write_rate %.0f\n", (double)records / (spent() - start));
	fflush(stdout);
	_exit(0);
}

static void recover(const struct ledger_options *options, uint64_t records)
{
	const double start = spent();
	struct ledger_found found;
	struct history history;
	struct ledger *l;
	struct fault f;

	if (ledger_open(options, &l, &found, &f) != 0 ||
	    history_read(log_dir, boot, NULL, &history, &f) != 0)
		errx(1, "%s", f.text);
	printf("recover_ms %.1f\n", (spent() - start) * 1e3);
	if (ledger_next_seq(l) != records + 1)
		errx(1, "the log has %" PRIu64 " records", ledger_next_seq(l) - 1);
	ledger_close(l);
}

int main(int argc, char **argv)
{
	static const uint8_t seed[NOTE_KEY] = "a key for benchmarks";
	struct ledger_options options = {
		.segments = { .boot = boot, .limit = LIMIT_SEGMENT, .buffer = LIMIT_AUDIT_BUFFER }
	};
	uint64_t records = argc > 3 ? strtoull(argv[3], NULL, 10) : 2000000;
	struct note_key key;
	int status;
	pid_t pid;

	if (argc < 3)
		errx(2, "usage: ledger TRACE DIRECTORY [RECORDS]");
	trace_load(argv[1]);
	log_dir = argv[2];
	options.segments.directory = log_dir;
	options.key = &key;
	if (note_key_make("example.com/bench", seed, &key) != 0)
		errx(1, "cannot make a key");
	pid = fork();
	if (pid == 0)
		write_and_die(&options, records);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		errx(1, "the writer failed");
	qsort(sizes, event_count, sizeof(sizes[0]), int_compare);
	printf("record_size %d\n", sizes[event_count / 2]);
	recover(&options, records);
	return 0;
}
