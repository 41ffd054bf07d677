// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl audit query and follow: records of the log, read with the caller's rights. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "ctl/audit.h"
#include "ctl/ctl.h"
#include "ctl/growth.h"
#include "ctl/printer.h"
#include "ctl/question.h"

static const char help[] =
	"Usage: agentctl audit [query | follow] [OPTION]...\n"
	"       agentctl audit WORD [OPTION]...\n"
	"Shows what agents did and what was refused, oldest first: all that the log has.\n"
	"`follow` is `query -f`. WORD is one of these, with a --help of its own:\n"
	"  stats                  how much of what there is\n"
	"  metrics                the same for a monitoring system (Prometheus)\n"
	"  export                 to other programs: JSON lines, CSV, OpenTelemetry\n"
	"  decode [FILE]          what bpftool prints of events, in these words\n"
	"  report                 an HTML page about an agent or a time\n"
	"  verify                 check the log against its signed checkpoints\n"
	"  checkpoint             print the newest of them, to be kept elsewhere\n"
	"  anchor                 keep them elsewhere, as long as the log only grows\n"
	"  prove SEQ              print a proof that a record is in the log\n"
	"  consistency A [B]      print a proof that the log only grew from one to another\n"
	"  verify-proof FILE      check either with the public key alone\n"
	"  rotate-key             sign with another key from now on\n"
	"\n"
	"  -f, --follow           go on as records are written; Ctrl-C ends it\n"
	"  -n COUNT               only the last COUNT of them\n"
	"      --seq              before each line its number, as `agentctl policy explain`\n"
	"                         wants it\n"
	"      --json             one JSON object a line, times in UTC\n"
	"\n";
static const char help_end[] =
	"  agentctl audit -n 20                     the newest 20 records\n"
	"  agentctl audit --denied --since 1h       what was refused in the last hour\n"
	"  agentctl audit --denied --seq -n 5       the last five, to have one explained\n"
	"  agentctl audit follow --agent coder-431  watch one agent\n"
	"  agentctl audit query --agent coder --below --object '*/.ssh/*'\n"
	"  agentctl audit query --right net-connect --since 9:00 --until 17:00\n"
	"  agentctl audit --json | jq -r 'select(.verdict == \"denied\") | .object.text'\n"
	"\n"
	"The log is readable for root and for the group agentos. Lost records are always\n"
	"shown, but to a --type or a time that theirs is not: what they held is not known.\n"
	"\n"
	"Exit status:\n"
	"    0  done, or ended by Ctrl-C or by a reader that left\n"
	"    1  no log, not readable, or damaged: what precedes the damage is shown, with -n\n"
	"       what follows it\n"
	"    2  the command line is wrong\n";

struct query {
	struct question question;
	struct printer printer;
	bool follow;
};

/* -1 to go on, else the exit status. */
static int query_parse(int argc, char **argv, struct query *q)
{
	enum { JSON = 256, SEQ };
	static const struct option options[] = {
		{ "follow", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, JSON },
		{ "seq", no_argument, NULL, SEQ },
		{ "help", no_argument, NULL, 'h' },
		QUESTION_OPTIONS,
		{ 0 },
	};
	const char *value;
	char shown[256];
	int option, rc;

	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, ":fhn:", options, NULL)) != -1) {
		value = optarg ? optarg : "";
		switch (option) {
		case 'f':
			q->follow = true;
			break;
		case 'h':
			printf("%s%s%s", help, question_help, help_end);
			return CTL_OK;
		case 'n':
			if (question_number(value, &q->question.last))
				break;
			escape_text(shown, sizeof(shown), value, strlen(value));
			return ctl_usage("audit", "-n takes a number, not %s", shown);
		case JSON:
			q->printer.json = true;
			break;
		case SEQ:
			q->printer.seq = true;
			break;
		default:
			rc = question_option(&q->question, option, value);
			if (rc >= 0)
				return rc;
		}
	}
	if (optind < argc) {
		escape_text(shown, sizeof(shown), argv[optind], strlen(argv[optind]));
		return ctl_usage("audit", "no word %s; one agent: --agent NAME", shown);
	}
	return question_done(&q->question);
}

/* Shows what there is. 0 at the end for now; -EPIPE: nobody reads on. */
static int query_show(struct query *q, struct scan *scan, struct fault *f)
{
	struct record r;
	int rc = 0, flushed;

	while (!growth_ended() && !ferror(stdout) && (rc = scan_next(scan, &r, f)) == 1)
		printer_print(&q->printer, &r);
	if (rc < 0) {
		flushed = printer_flush(NULL);
		return flushed == -EPIPE ? flushed : rc;
	}
	return printer_flush(f);
}

static int query_go_on(struct query *q, struct scan *scan, struct fault *f)
{
	struct growth growth;
	int rc;

	growth_open(&growth, q->question.directory);
	do {
		rc = query_show(q, scan, f);
		if (rc == 0)
			rc = growth_wait(&growth);
	} while (rc == 0 && !growth_ended());
	growth_close(&growth);
	return rc;
}

static int query_run(int argc, char **argv, bool follow)
{
	struct query q = { .follow = follow, .printer = { .day = -1 } };
	struct fault f = { "" };
	struct scan *scan;
	int rc;

	if (!question_init(&q.question))
		return CTL_FAILED;
	rc = query_parse(argc, argv, &q);
	if (rc >= 0) {
		question_release(&q.question);
		return rc;
	}
	q.printer.colour = ctl_colour(STDOUT_FILENO);
	signal(SIGPIPE, SIG_IGN);

	rc = question_scan(&q.question, &scan, &f);
	if (rc == 0) {
		rc = q.follow ? query_go_on(&q, scan, &f) : query_show(&q, scan, &f);
		scan_close(scan);
	}
	question_release(&q.question);
	if (rc == 0 || rc == -EPIPE)
		return CTL_OK;
	ctl_complain("%s", f.text);
	return CTL_FAILED;
}

int audit_query(int argc, char **argv)
{
	return query_run(argc, argv, false);
}

int audit_follow(int argc, char **argv)
{
	return query_run(argc, argv, true);
}
