// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl audit report: one page about an agent or a period, from the log with the caller's rights. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit/report_html.h"
#include "base/escape.h"
#include "base/moment.h"
#include "ctl/audit.h"
#include "ctl/ctl.h"

static const char help[] =
	"Usage: agentctl audit report [OPTION]...\n"
	"Writes one HTML page about what agents did and what was refused: a timeline, denials by\n"
	"reason, hosts contacted, models called, files changed, spend, agents, lost records. The\n"
	"page needs no network and no other file, runs no scripts, and can be printed. Times on it\n"
	"are in UTC.\n"
	"\n"
	"      --agent NAME|ID  only this agent and those below it (and lost records)\n"
	"      --since TIME     only from then on: 90s, 15m, 2h or 7d ago; 14:30 or 14:30:05\n"
	"                       today; 2025-01-31 or \"2025-01-31 14:30\" local time; @SECONDS\n"
	"                       since 1970\n"
	"      --until TIME     only before then\n"
	"      --output FILE       write it there, and replace what was there: only you can read it\n"
	"                       (standard output)\n"
	"      --directory DIR  where the log is (" CTL_AUDIT_DIR ", or\n"
	"                       AGENTOS_AUDIT_DIR)\n"
	"\n"
	"  agentctl audit report --output report.html                  all that the log has\n"
	"  agentctl audit report --agent coder --since 2h --output coder.html\n"
	"  agentctl audit report --since 2025-01-01 --until 2025-02-01 --output january.html\n"
	"\n"
	"The page says how much of the log a checkpoint signs; it does not verify it.\n"
	"\n"
	"Exit status:\n"
	"    0  done\n"
	"    1  no log, not readable, or damaged: the page is about what precedes the damage, and\n"
	"       says so; or the page cannot be written\n"
	"    2  the command line is wrong\n";

__attribute__((format(printf, 1, 2))) static int usage(const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	ctl_complain("audit report: %s; try `agentctl audit report --help`", line);
	return CTL_USAGE;
}

/* -1 to go on, else the exit status. */
static int options_parse(int argc, char **argv, struct report_options *o, const char **ret_out)
{
	enum { AGENT = 256, SINCE, UNTIL, OUT, DIRECTORY };
	static const struct option options[] = {
		{ "agent", required_argument, NULL, AGENT },
		{ "since", required_argument, NULL, SINCE },
		{ "until", required_argument, NULL, UNTIL },
		{ "output", required_argument, NULL, OUT },
		{ "directory", required_argument, NULL, DIRECTORY },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	time_t now = (time_t)(o->now_ns / 1000000000);
	const char *value;
	char shown[256];
	int option;

	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		value = optarg ? optarg : "";
		escape_text(shown, sizeof(shown), value, strlen(value));
		switch (option) {
		case 'h':
			fputs(help, stdout);
			return CTL_OK;
		case AGENT:
			if (!*value || strlen(value) >= AGENTOS_NAME_SIZE)
				return usage("--agent takes a name or an id");
			o->agent = value;
			break;
		case SINCE:
			if (moment_parse(value, now, &o->since_ns) != 0)
				return usage("--since takes " MOMENT_FORMS ", not %s", shown);
			break;
		case UNTIL:
			if (moment_parse(value, now, &o->until_ns) != 0 || !o->until_ns)
				return usage("--until takes " MOMENT_FORMS ", not %s", shown);
			break;
		case OUT:
			if (!*value)
				return usage("--output takes a file");
			*ret_out = value;
			break;
		case DIRECTORY:
			o->directory = value;
			break;
		case ':':
			return usage("an option lacks its value");
		default:
			return usage("unknown option");
		}
	}
	if (optind < argc)
		return usage("takes options only; one agent: --agent NAME");
	if (o->until_ns && o->since_ns >= o->until_ns)
		return usage("nothing lies from --since to --until");
	return -1;
}

static int page_fail(int rc, const char *path)
{
	char shown[1024];

	escape_text(shown, sizeof(shown), path, strlen(path));
	ctl_complain("%s: cannot write: %s", shown, strerror(-rc));
	return CTL_FAILED;
}

/* What is no regular file stays: a device, a link to somewhere else. */
static int place_check(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISDIR(st.st_mode) ? -EISDIR : S_ISREG(st.st_mode) ? 0 : -EEXIST;
}

/* Writes beside it and renames: there is never half a page under that name. */
static int page_write_file(const struct report *report, const char *path)
{
	char *beside = NULL;
	FILE *out;
	int fd, rc;

	rc = place_check(path);
	if (rc)
		return rc;
	if (asprintf(&beside, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0) {
		rc = -errno;
		goto out;
	}
	out = fdopen(fd, "w");
	if (!out) {
		rc = -errno;
		close(fd);
		goto remove;
	}
	errno = 0;
	rc = report_html(out, report);
	if (rc == -EIO && errno)
		rc = -errno;
	if (fclose(out) != 0 && !rc)
		rc = -errno;
	if (!rc && rename(beside, path) != 0)
		rc = -errno;
remove:
	if (rc)
		unlink(beside);
out:
	free(beside);
	return rc;
}

int audit_report(int argc, char **argv)
{
	struct report_options o = { 0 };
	const char *path = NULL;
	struct report *report;
	struct fault f = { "" };
	struct timespec now;
	int rc, status = CTL_OK;

	clock_gettime(CLOCK_REALTIME, &now);
	o.now_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	o.directory = ctl_setting("AGENTOS_AUDIT_DIR", CTL_AUDIT_DIR);
	rc = options_parse(argc, argv, &o, &path);
	if (rc >= 0)
		return rc;
	rc = report_read(&o, &report, &f);
	if (rc) {
		ctl_complain("%s", f.text);
		return CTL_FAILED;
	}
	if (path) {
		rc = page_write_file(report, path);
	} else {
		rc = report_html(stdout, report);
		if (fflush(stdout) != 0 && !rc)
			rc = -errno;
	}
	if (rc)
		status = page_fail(rc, path ? path : "standard output");
	if (report->broken[0]) {
		ctl_complain("%s", report->broken);
		status = CTL_FAILED;
	}
	report_free(report);
	return status;
}
