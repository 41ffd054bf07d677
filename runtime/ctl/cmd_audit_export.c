// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl audit export: records of the log for other programs, once each. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/csv.h"
#include "audit/cursor.h"
#include "audit/render.h"
#include "base/escape.h"
#include "ctl/audit.h"
#include "ctl/collector.h"
#include "ctl/ctl.h"
#include "ctl/growth.h"
#include "ctl/printer.h"
#include "ctl/question.h"

#define GIVE_UP_S 300

static const char help[] =
	"Usage: agentctl audit export --format jsonl|csv|otlp|otlp-traces [OPTION]...\n"
	"Hands records of the log to other programs: as JSON lines or comma-separated values on\n"
	"standard output, or to a server of OpenTelemetry logs, or calls of models to one of its\n"
	"traces, by OTLP over HTTP in JSON.\n"
	"\n"
	"      --format FORMAT    jsonl: as `agentctl audit --json`; csv: text that a program\n"
	"                         that calculates would run begins with '; otlp: logs;\n"
	"                         otlp-traces: a span for each call of a model, with the names\n"
	"                         of the conventions for generative AI\n"
	"      --cursor FILE      begin behind the record that FILE names, and name in it the\n"
	"                         last one once the other side has it; FILE is made when it is\n"
	"                         missing\n"
	"  -f, --follow           go on as records are written; Ctrl-C ends it\n"
	"      --endpoint URL     otlp: where to. Else OTEL_EXPORTER_OTLP_LOGS_ENDPOINT, or\n"
	"                         OTEL_EXPORTER_OTLP_ENDPOINT with /v1/logs behind it, or\n"
	"                         http://localhost:4318/v1/logs. Of these variables _HEADERS,\n"
	"                         _TIMEOUT (in ms) and _CERTIFICATE count as well. otlp-traces:\n"
	"                         TRACES for LOGS, and traces for logs\n"
	"      --give-up SECONDS  otlp: try so long to send what the server is not ready for\n"
	"                         (300; with -f without end); 0: without end\n"
	"\n";
static const char help_end[] =
	"  agentctl audit export --format jsonl --since 7d | gzip >week.jsonl.gz\n"
	"  agentctl audit export --format csv --denied --agent coder >coder.csv\n"
	"  agentctl audit export --format otlp --endpoint https://otel.example.com/v1/logs \\\n"
	"      --cursor /var/lib/agentos/otlp.cursor -f\n"
	"\n"
	"With --cursor each record is sent at least once: what the server had not answered for is\n"
	"sent again by the next run.\n"
	"\n"
	"Exit status:\n"
	"    0  done, or ended by Ctrl-C or by a reader that left\n"
	"    1  no log, not readable, or damaged; or the server did not take it\n"
	"    2  the command line is wrong\n"
	"    3  the cursor is none, or of another log\n"
	"    5  records behind the cursor are no longer in the log: the others were exported\n";

enum format { FORMAT_NONE, FORMAT_JSONL, FORMAT_CSV, FORMAT_OTLP, FORMAT_TRACES };

struct export
{
	struct question question;
	enum format format;
	const char *cursor_file; /* NULL: none */
	struct cursor cursor;
	struct collector_options to;
	struct collector *collector; /* otlp's */
	struct fields fields;
	bool follow, give_up, gap;
	bool invalid; /* the cursor is */
};

static int format_parse(const char *value, enum format *ret_format)
{
	static const struct {
		const char *name;
		enum format format;
	} formats[] = { { "jsonl", FORMAT_JSONL },
			{ "csv", FORMAT_CSV },
			{ "otlp", FORMAT_OTLP },
			{ "otlp-traces", FORMAT_TRACES } };
	char shown[128];
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(formats[i].name, value) == 0) {
			*ret_format = formats[i].format;
			return -1;
		}
	}
	escape_text(shown, sizeof(shown), value, strlen(value));
	return ctl_usage("audit", "no format \"%s\"; there are jsonl, csv, otlp and otlp-traces",
			 shown);
}

static bool is_sent(const struct export *e)
{
	return e->format == FORMAT_OTLP || e->format == FORMAT_TRACES;
}

/* What goes together. */
static int export_check(struct export *e)
{
	if (e->format == FORMAT_NONE)
		return ctl_usage("audit", "export needs --format jsonl, csv, otlp or otlp-traces");
	if (!is_sent(e) && (e->to.endpoint || e->give_up))
		return ctl_usage(
			"audit",
			"--endpoint and --give-up go with --format otlp and otlp-traces only");
	/* Behind the end of such a time, nobody would ever look. */
	if (e->cursor_file && e->question.until_ns != UINT64_MAX)
		return ctl_usage("audit", "--cursor does not go with --until");
	if (!e->give_up)
		e->to.give_up_s = e->follow ? 0 : GIVE_UP_S;
	return question_done(&e->question);
}

/* -1 to go on, else the exit status. */
static int export_parse(int argc, char **argv, struct export *e)
{
	enum { FORMAT = 256, CURSOR, ENDPOINT, GIVE_UP };
	static const struct option options[] = {
		{ "format", required_argument, NULL, FORMAT },
		{ "cursor", required_argument, NULL, CURSOR },
		{ "follow", no_argument, NULL, 'f' },
		{ "endpoint", required_argument, NULL, ENDPOINT },
		{ "give-up", required_argument, NULL, GIVE_UP },
		{ "help", no_argument, NULL, 'h' },
		QUESTION_OPTIONS,
		{ 0 },
	};
	const char *value;
	int option, rc;

	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, ":fh", options, NULL)) != -1) {
		value = optarg ? optarg : "";
		rc = -1;
		switch (option) {
		case 'h':
			printf("%s%s%s", help, question_help, help_end);
			return CTL_OK;
		case 'f':
			e->follow = true;
			break;
		case FORMAT:
			rc = format_parse(value, &e->format);
			break;
		case CURSOR:
			e->cursor_file = value;
			break;
		case ENDPOINT:
			e->to.endpoint = value;
			break;
		case GIVE_UP:
			e->give_up = true;
			if (!question_number(value, &e->to.give_up_s) ||
			    e->to.give_up_s > UINT32_MAX)
				return ctl_usage("audit", "--give-up takes a number of seconds");
			break;
		default:
			rc = question_option(&e->question, option, value);
		}
		if (rc >= 0)
			return rc;
	}
	if (optind < argc)
		return ctl_usage("audit", "export takes options only");
	return export_check(e);
}

/* The record that the cursor names must be in the log, or be one that retention removed. */
static int cursor_check(struct export *e, struct fault *f)
{
	struct scan_options options = { .directory = e->question.directory,
					.last = UINT64_MAX,
					.after = e->cursor.seq - 1 };
	char shown[256];
	struct record r;
	struct scan *s;
	int rc;

	if (filter_create(&options.filter) != 0)
		return fault_set(f, ENOMEM, "not enough memory");
	rc = scan_open(&options, &s, f);
	if (rc) {
		filter_free(options.filter);
		return rc;
	}
	rc = scan_next(s, &r, f);
	scan_close(s);
	filter_free(options.filter);
	if (rc < 0)
		return rc;
	escape_text(shown, sizeof(shown), e->cursor_file, strlen(e->cursor_file));
	e->invalid = rc == 0 || (r.seq == e->cursor.seq && r.time_ns != e->cursor.time_ns);
	if (e->invalid)
		return fault_set(
			f, EBADMSG,
			"%s: a cursor of another log: this one has no such record %" PRIu64, shown,
			e->cursor.seq);
	e->gap = r.seq > e->cursor.seq + 1;
	if (e->gap)
		ctl_complain("records %" PRIu64 " to %" PRIu64
			     " are no longer in the log: they were not exported",
			     e->cursor.seq + 1, r.seq - 1);
	return 0;
}

static int cursor_begin(struct export *e, struct fault *f)
{
	int rc;

	if (!e->cursor_file)
		return 0;
	rc = cursor_read(e->cursor_file, &e->cursor, f);
	e->invalid = rc == -EBADMSG || rc == -EPROTO;
	if (!rc && e->cursor.seq)
		rc = cursor_check(e, f);
	e->question.after = e->cursor.seq;
	return rc;
}

static int record_put(struct export *e, const struct record *r, struct fault *f)
{
	errno = 0;
	switch (e->format) {
	case FORMAT_OTLP:
	case FORMAT_TRACES:
		return collector_add(e->collector, r, f);
	case FORMAT_CSV:
		if (csv_record(stdout, &e->fields, r) != 0)
			return fault_set(f, ENOMEM, "not enough memory");
		break;
	default:
		render_json(stdout, r);
	}
	return ferror(stdout) ? printer_flush(f) : 0;
}

/* The other side has all that was read up to now. */
static int export_settle(struct export *e, const struct scan *scan, struct fault *f)
{
	struct scan_stats stats;
	int rc;

	rc = is_sent(e) ? collector_flush(e->collector, f) : printer_flush(f);
	scan_stats(scan, &stats);
	if (rc || !e->cursor_file || !stats.seq || stats.seq == e->cursor.seq)
		return rc;
	e->cursor = (struct cursor){ stats.seq, stats.time_ns };
	return cursor_write(e->cursor_file, &e->cursor, f);
}

/* What there is. After an error what was read before it is settled all the same. */
static int export_some(struct export *e, struct scan *scan, struct fault *f)
{
	uint64_t sent = e->collector ? collector_sent(e->collector) : 0;
	struct fault settling;
	struct record r;
	int rc = 0, settled;

	while (!growth_ended() && (rc = scan_next(scan, &r, f)) == 1) {
		rc = record_put(e, &r, f);
		if (rc)
			return rc;
		if (!e->collector || collector_sent(e->collector) == sent)
			continue;
		/* A batch was full, and this record its last. */
		sent = collector_sent(e->collector);
		rc = export_settle(e, scan, f);
		if (rc)
			return rc;
	}
	settled = export_settle(e, scan, rc < 0 ? &settling : f);
	return rc < 0 ? rc : settled;
}

static int export_go(struct export *e, struct fault *f)
{
	struct growth growth;
	struct scan *scan;
	int rc;

	rc = question_scan(&e->question, &scan, f);
	if (rc)
		return rc;
	if (e->format == FORMAT_CSV && !e->cursor.seq)
		csv_head(stdout);
	if (!e->follow) {
		rc = export_some(e, scan, f);
	} else {
		growth_open(&growth, e->question.directory);
		do {
			rc = export_some(e, scan, f);
			if (rc == 0)
				rc = growth_wait(&growth);
		} while (rc == 0 && !growth_ended());
		growth_close(&growth);
	}
	scan_close(scan);
	return rc;
}

static int export_run(struct export *e, struct fault *f)
{
	const char *message;
	uint64_t rejected;
	int rc;

	rc = cursor_begin(e, f);
	e->to.traces = e->format == FORMAT_TRACES;
	if (!rc && is_sent(e))
		rc = collector_open(&e->to, &e->collector, f);
	if (!rc)
		rc = export_go(e, f);
	fields_release(&e->fields);
	if (!e->collector)
		return rc;
	rejected = collector_rejected(e->collector, &message);
	if (rejected && !rc)
		rc = fault_set(
			f, EPROTO, "the server has rejected %" PRIu64 " of %" PRIu64 " records%s%s",
			rejected, collector_sent(e->collector), *message ? ": " : "", message);
	else if (*message)
		ctl_complain("the server says: %s", message);
	collector_close(e->collector);
	return rc;
}

int audit_export(int argc, char **argv)
{
	struct export e = { .format = FORMAT_NONE };
	struct fault f = { "" };
	int rc;

	if (!question_init(&e.question))
		return CTL_FAILED;
	rc = export_parse(argc, argv, &e);
	if (rc >= 0) {
		question_release(&e.question);
		return rc;
	}
	signal(SIGPIPE, SIG_IGN);
	rc = export_run(&e, &f);
	question_release(&e.question);
	/* Standard output's reader has left; agentos-post does not leave by itself. */
	if (rc == 0 || (rc == -EPIPE && !is_sent(&e)))
		return e.gap ? CTL_UNKNOWN : CTL_OK;
	ctl_complain("%s", f.text);
	return e.invalid ? CTL_INVALID : CTL_FAILED;
}
