// SPDX-License-Identifier: GPL-2.0-or-later
/* What asking the log costs on this machine: all of it read, by kind of question, and the parts that need not be. */
#include <errno.h>
#include <time.h>

#include "bench.h"
#include "tests/unit/log_rig.h"

#include "audit/scan.h"
#include "base/limits.h"

/*
 * usage: scan [RECORDS]
 *
 * The log, of 200-byte records (1000000) a millisecond apart, is in memory where
 * there is some. Times are the process's own, so that others who use the machine
 * disturb them little.
 */

#define RECORD 200 /* bytes of a frame */
#define START  1790000000000000000ULL
#define APART  1000000ULL

static double spent(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void log_write(uint64_t records)
{
	const struct segment_options o = { .directory = log_dir,
					   .boot = (const uint8_t *)"boot a.........",
					   .limit = LIMIT_SEGMENT / 8,
					   .buffer = LIMIT_AUDIT_BUFFER };
	struct record r = { .type = RECORD_EVENT, .agent_name = "agent-1" };
	struct segment_writer *w;
	struct segment_tail tail;
	struct fault f;
	uint64_t i;
	int rc;

	memcpy(r.boot, "boot a.........", sizeof(r.boot));
	r.u.event.size = sizeof(r.u.event);
	r.u.event.version = AGENTOS_EVENT_VERSION;
	r.u.event.hook = AGENTOS_HOOK_FILE_OPEN;
	r.u.event.object_kind = AGENTOS_OBJECT_PATH;
	strcpy(r.u.event.comm, "python3");
	r.u.event.text_len = RECORD - 8 - 39 - 126 - 7 - 7;
	memset(r.u.event.text, 'x', r.u.event.text_len);
	log_new();
	if (segment_open_with(&o, &w, &tail, &f) != 0)
		errx(1, "%s", f.text);
	for (i = 0; i < records; i++) {
		r.time_ns = START + i * APART;
		r.u.event.time_ns = APART + i * APART;
		r.u.event.seq = i + 1;
		rc = segment_append(w, &r);
		if (rc == -ENOBUFS && segment_flush(w) == 0)
			rc = segment_append(w, &r);
		if (rc)
			errx(1, "append: %s", strerror(-rc));
	}
	segment_close(w);
}

struct question {
	const char *what;
	enum filter_kind kind;
	const char *value;    /* NULL: none */
	uint64_t since, last; /* since: so many records before the end; 0: all */
};

static void question_ask(const struct question *q, uint64_t records)
{
	struct scan_options options = { .directory = log_dir, .last = q->last };
	struct scan_stats stats;
	uint64_t found = 0;
	struct record r;
	struct scan *s;
	struct fault f;
	double start;
	int rc;

	start = spent();
	if (filter_create(&options.filter) != 0)
		errx(1, "not enough memory");
	if (q->value && filter_add(options.filter, q->kind, q->value, &f) != 0)
		errx(1, "%s", f.text);
	if (q->since)
		filter_set_time(options.filter, START + (records - q->since) * APART, UINT64_MAX);
	if (scan_open(&options, &s, &f) != 0)
		errx(1, "%s", f.text);
	while ((rc = scan_next(s, &r, &f)) == 1)
		found++;
	if (rc)
		errx(1, "%s", f.text);
	scan_stats(s, &stats);
	scan_close(s);
	filter_free(options.filter);
	printf("%-22s %9llu found %9llu read  %8.1f ms  %9.0f records per second\n", q->what,
	       (unsigned long long)found, (unsigned long long)stats.records,
	       (spent() - start) * 1000, (double)stats.records / (spent() - start));
}

int main(int argc, char **argv)
{
	static const struct question questions[] = {
		{ "all", 0, NULL, 0, UINT64_MAX },
		{ "no verdict of them", FILTER_VERDICT, "denied", 0, UINT64_MAX },
		{ "no agent of them", FILTER_AGENT, "nobody", 0, UINT64_MAX },
		{ "no object of them", FILTER_OBJECT, "*.pem", 0, UINT64_MAX },
		{ "no text of them", FILTER_TEXT, "nothing", 0, UINT64_MAX },
		{ "the last 10000 by time", 0, NULL, 10000, UINT64_MAX },
		{ "the last 20", 0, NULL, 0, 20 },
	};
	uint64_t records = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
	size_t i;

	if (records < 10000)
		errx(1, "at least 10000 records");
	log_write(records);
	for (i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
		question_ask(&questions[i], records);
	log_end();
	return 0;
}
