// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl audit stats: records of the log, counted. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/names.h"
#include "audit/render.h"
#include "audit/stats.h"
#include "base/escape.h"
#include "base/limits.h"
#include "ctl/audit.h"
#include "ctl/ctl.h"
#include "ctl/printer.h"
#include "ctl/question.h"

static const char help[] =
	"Usage: agentctl audit stats [OPTION]...\n"
	"Counts records of the log: by agent, operation, verdict, what decided, object, host,\n"
	"model and day, what calls of models took, and records that were lost. Policies are told\n"
	"by their numbers, which begin anew with each boot.\n"
	"\n"
	"      --top COUNT        so many of each (10), the most frequent ones; 1024 at most\n"
	"      --json             one JSON object, times in UTC\n"
	"\n";
static const char help_end[] =
	"  agentctl audit stats --since 7d\n"
	"  agentctl audit stats --denied --agent coder --below --top 3\n"
	"  agentctl audit stats --json | jq -r '.objects[] | \"\\(.count) \\(.name)\"'\n"
	"\n"
	"Of each, 1024 different names are counted. Where there are more, a count may be too\n"
	"high, by no more than what is said with it, and no name is left out that has more than\n"
	"a 1024th of all.\n"
	"\n"
	"Exit status:\n"
	"    0  done\n"
	"    1  no log, not readable, or damaged: what precedes the damage was counted\n"
	"    2  the command line is wrong\n";

struct report {
	struct question question;
	struct stats stats;
	struct top_entry *entries; /* LIMIT_STATS; owned */
	size_t most;
	bool json;
};

/* -1 to go on, else the exit status. */
static int report_parse(int argc, char **argv, struct report *r)
{
	enum { JSON = 256, TOP };
	static const struct option options[] = {
		{ "json", no_argument, NULL, JSON },
		{ "top", required_argument, NULL, TOP },
		{ "help", no_argument, NULL, 'h' },
		QUESTION_OPTIONS,
		{ 0 },
	};
	uint64_t number;
	int option, rc;

	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (option) {
		case 'h':
			printf("%s%s%s", help, question_help, help_end);
			return CTL_OK;
		case JSON:
			r->json = true;
			break;
		case TOP:
			if (!question_number(optarg, &number) || !number || number > LIMIT_STATS)
				return ctl_usage("audit", "--top takes a number from 1 to %d",
						 LIMIT_STATS);
			r->most = number;
			break;
		default:
			rc = question_option(&r->question, option, optarg ? optarg : "");
			if (rc >= 0)
				return rc;
		}
	}
	if (optind < argc)
		return ctl_usage("audit", "stats takes options only");
	return question_done(&r->question);
}

static int by_name(const void *a, const void *b)
{
	const struct top_entry *left = a, *right = b;
	size_t shorter = left->len < right->len ? left->len : right->len;
	int order = memcmp(left->name, right->name, shorter);

	return order ? order : (left->len > right->len) - (left->len < right->len);
}

/* Of days the last ones, in their order. */
static size_t entries_get(struct report *r, enum stats_kind kind, struct top_entry **ret_first)
{
	size_t count;

	if (kind != STATS_DAYS) {
		*ret_first = r->entries;
		return top_list(r->stats.tops[kind], r->entries, r->most);
	}
	count = top_list(r->stats.tops[kind], r->entries, LIMIT_STATS);
	if (count)
		qsort(r->entries, count, sizeof(*r->entries), by_name);
	*ret_first = r->entries + (count > r->most ? count - r->most : 0);
	return count > r->most ? r->most : count;
}

static void time_text(char *text, size_t size, uint64_t time_ns, bool utc)
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	struct tm tm = { 0 };

	if (utc)
		gmtime_r(&seconds, &tm);
	else
		localtime_r(&seconds, &tm);
	strftime(text, size, utc ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%d %H:%M:%S", &tm);
}

static void kind_text(struct report *r, enum stats_kind kind)
{
	char shown[ESCAPE_TEXT_MAX(TOP_NAME) + 1];
	struct top_entry *entries;
	size_t count, i;

	count = entries_get(r, kind, &entries);
	if (!count)
		return;
	printf("\n%s\n", stats_name(kind));
	for (i = 0; i < count; i++) {
		escape_text(shown, sizeof(shown), entries[i].name, entries[i].len);
		printf("  %10" PRIu64 "  %s", entries[i].count, shown);
		if (entries[i].over)
			printf("  (at most %" PRIu64 " too many)", entries[i].over);
		putchar('\n');
	}
}

static void calls_text(const struct stats *s)
{
	render_count(stdout, s->calls);
	printf(" call%s of models: ", s->calls == 1 ? "" : "s");
	render_count(stdout, s->input);
	fputs(" tokens in, ", stdout);
	render_count(stdout, s->output);
	fputs(" out, ", stdout);
	render_money(stdout, s->microdollars);
	putchar('\n');
}

static void report_text(struct report *r)
{
	const struct stats *s = &r->stats;
	char first[64] = "", last[64] = "", other[NAME_ROOM];
	uint64_t lost = s->unwritten;
	int i;

	time_text(first, sizeof(first), s->first_ns, false);
	time_text(last, sizeof(last), s->last_ns, false);
	printf("%" PRIu64 " record%s", s->records, s->records == 1 ? "" : "s");
	if (s->records)
		printf(", %s to %s", first, last);
	putchar('\n');
	for (i = 0; i < STREAM_COUNT; i++)
		lost += s->lost[i];
	printf("%" PRIu64 " lost", lost);
	for (i = 0; i < STREAM_COUNT; i++) {
		if (s->lost[i])
			printf(", %" PRIu64 " of %s", s->lost[i],
			       name_stream((unsigned int)i, other));
	}
	if (s->unwritten)
		printf(", %" PRIu64 " that could not be written", s->unwritten);
	putchar('\n');
	if (s->calls)
		calls_text(s);
	if (s->counted)
		printf("%" PRIu64 " denials more, of which only the number is told\n", s->counted);
	for (i = 0; i < STATS_KINDS; i++)
		kind_text(r, (enum stats_kind)i);
}

static void kind_json(struct report *r, enum stats_kind kind)
{
	char shown[ESCAPE_JSON_MAX(TOP_NAME) + 1];
	struct top_entry *entries;
	size_t count, i, j;

	count = entries_get(r, kind, &entries);
	printf(",\"%s\":[", stats_name(kind));
	for (i = 0; i < count; i++) {
		escape_json(shown, sizeof(shown), entries[i].name, entries[i].len);
		printf("%s{\"name\":\"%s\"", i ? "," : "", shown);
		if (!escape_is_utf8(entries[i].name, entries[i].len)) {
			printf(",\"name_hex\":\"");
			for (j = 0; j < entries[i].len; j++)
				printf("%02x", (unsigned char)entries[i].name[j]);
			putchar('"');
		}
		printf(",\"count\":%" PRIu64 ",\"over\":%" PRIu64 "}", entries[i].count,
		       entries[i].over);
	}
	putchar(']');
}

static void report_json(struct report *r)
{
	const struct stats *s = &r->stats;
	char first[64] = "", last[64] = "", other[NAME_ROOM];
	int i;

	time_text(first, sizeof(first), s->first_ns, true);
	time_text(last, sizeof(last), s->last_ns, true);
	printf("{\"records\":%" PRIu64, s->records);
	if (s->records)
		printf(",\"first_seq\":%" PRIu64 ",\"last_seq\":%" PRIu64
		       ",\"first\":\"%s\",\"last\":\"%s\"",
		       s->first_seq, s->last_seq, first, last);
	printf(",\"lost\":{");
	for (i = 0; i < STREAM_COUNT; i++)
		printf("\"%s\":%" PRIu64 ",", name_stream((unsigned int)i, other), s->lost[i]);
	printf("\"unwritten\":%" PRIu64 "},\"counted\":%" PRIu64, s->unwritten, s->counted);
	printf(",\"calls\":{\"count\":%" PRIu64 ",\"input_tokens\":%" PRIu64
	       ",\"output_tokens\":%" PRIu64 ",\"microdollars\":%" PRIu64 "}",
	       s->calls, s->input, s->output, s->microdollars);
	for (i = 0; i < STATS_KINDS; i++)
		kind_json(r, (enum stats_kind)i);
	printf("}\n");
}

static int report_count(struct report *r, struct fault *f)
{
	struct record record;
	struct scan *scan;
	int rc;

	rc = question_scan(&r->question, &scan, f);
	if (rc)
		return rc;
	while ((rc = scan_next(scan, &record, f)) == 1)
		stats_add(&r->stats, &record);
	scan_close(scan);
	if (r->json)
		report_json(r);
	else
		report_text(r);
	return rc ? rc : printer_flush(f);
}

int audit_stats(int argc, char **argv)
{
	struct report r = { .most = 10 };
	struct fault f = { "" };
	int rc;

	if (!question_init(&r.question))
		return CTL_FAILED;
	rc = report_parse(argc, argv, &r);
	if (rc >= 0) {
		question_release(&r.question);
		return rc;
	}
	r.entries = calloc(LIMIT_STATS, sizeof(*r.entries));
	if (!r.entries || stats_init(&r.stats) != 0) {
		rc = fault_set(&f, ENOMEM, "not enough memory");
	} else {
		rc = report_count(&r, &f);
		stats_release(&r.stats);
	}
	free(r.entries);
	question_release(&r.question);
	if (rc == 0 || rc == -EPIPE)
		return CTL_OK;
	ctl_complain("%s", f.text);
	return CTL_FAILED;
}
