// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl audit: what agents did and what was refused, read from the log with the caller's rights. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "audit/render.h"
#include "audit/segment.h"
#include "base/escape.h"
#include "ctl/ctl.h"

#define FOLLOW_MS 1000 /* looks again at least this often, should inotify miss something */
#define NS	  1000000000ULL

static const char help[] =
	"Usage: agentctl audit [OPTION]...\n"
	"Shows what agents did and what was refused, oldest first: all that the log has.\n"
	"\n"
	"  -f, --follow         go on as records are written; Ctrl-C ends it\n"
	"      --agent NAME|ID  only this agent (and lost records, which may be its)\n"
	"      --denied         only what was refused, or would have been: an agent that is\n"
	"                       audit-only was let do it (and lost records)\n"
	"      --since TIME     only from then on: 90s, 15m, 2h or 7d ago; 14:30 or 14:30:05\n"
	"                       today; 2025-01-31 or \"2025-01-31 14:30\" local time; @SECONDS\n"
	"                       since 1970\n"
	"  -n COUNT             only the last COUNT of them\n"
	"      --seq            before each line its number, as `agentctl policy explain`\n"
	"                       wants it\n"
	"      --json           one JSON object a line, times in UTC\n"
	"      --directory DIR  where the log is (" CTL_AUDIT_DIR ", or\n"
	"                       AGENTOS_AUDIT_DIR)\n"
	"\n"
	"  agentctl audit -n 20                     the newest 20 records\n"
	"  agentctl audit --denied --since 1h       what was refused in the last hour\n"
	"  agentctl audit --denied --seq -n 5       the last five, to have one explained\n"
	"  agentctl audit -f --agent coder-431      watch one agent\n"
	"  agentctl audit --json | jq -r 'select(.verdict == \"denied\") | .object.text'\n"
	"\n"
	"The log is readable for root and for the group agentos. Lost records are always\n"
	"shown: what they held is not known.\n"
	"\n"
	"Exit status:\n"
	"    0  done, or ended by Ctrl-C or by a reader that left\n"
	"    1  no log, not readable, or damaged: what precedes the damage is shown\n"
	"    2  the command line is wrong\n";

struct query {
	const char *directory;
	const char *agent; /* name or id as given, NULL: any */
	uint64_t agent_id; /* 0: agent is no number */
	uint64_t since_ns;
	uint64_t last; /* of what matches; UINT64_MAX: all */
	bool denied, json, follow, colour, seq;
	int day; /* of the last line, so that each day is announced; -1: none yet */
	int year;
};

static volatile sig_atomic_t asked_to_end;

static void on_signal(int number)
{
	asked_to_end = 1;
}

/* Digits only, nothing before or after. */
static bool number_parse(const char *text, uint64_t *ret_number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret_number = strtoull(text, &end, 10);
	return !errno && !*end;
}

/* A point in local time; what the format does not say is taken from today's midnight. */
static bool date_parse(const char *text, const char *format, time_t now, uint64_t *ret_ns)
{
	const char *end;
	struct tm tm;
	time_t t;

	if (!localtime_r(&now, &tm))
		return false;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	end = strptime(text, format, &tm);
	if (!end || *end)
		return false;
	tm.tm_isdst = -1;
	t = mktime(&tm);
	if (t < 0)
		return false;
	*ret_ns = (uint64_t)t * NS;
	return true;
}

static bool ago_parse(const char *text, time_t now, uint64_t *ret_ns)
{
	static const struct {
		char unit;
		uint64_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	size_t len = strlen(text), i;
	uint64_t count, seconds;
	char digits[12];

	if (len < 2 || len > sizeof(digits))
		return false;
	memcpy(digits, text, len - 1);
	digits[len - 1] = '\0';
	if (!number_parse(digits, &count))
		return false;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (units[i].unit != text[len - 1])
			continue;
		seconds = count * units[i].seconds;
		*ret_ns = seconds > (uint64_t)now ? 0 : ((uint64_t)now - seconds) * NS;
		return true;
	}
	return false;
}

static bool since_parse(const char *text, time_t now, uint64_t *ret_ns)
{
	static const char *const formats[] = {
		"%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M",
		"%Y-%m-%d",	     "%H:%M:%S",	  "%H:%M",
	};
	uint64_t seconds;
	size_t i;

	if (text[0] == '@') {
		if (!number_parse(text + 1, &seconds) || seconds > UINT64_MAX / NS)
			return false;
		*ret_ns = seconds * NS;
		return true;
	}
	if (ago_parse(text, now, ret_ns))
		return true;
	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (date_parse(text, formats[i], now, ret_ns))
			return true;
	}
	return false;
}

/* -1 to go on, else the exit status. */
static int query_parse(int argc, char **argv, struct query *q)
{
	enum { AGENT = 256, DENIED, SINCE, JSON, DIRECTORY, SEQ };
	static const struct option options[] = {
		{ "follow", no_argument, NULL, 'f' },
		{ "agent", required_argument, NULL, AGENT },
		{ "denied", no_argument, NULL, DENIED },
		{ "since", required_argument, NULL, SINCE },
		{ "json", no_argument, NULL, JSON },
		{ "seq", no_argument, NULL, SEQ },
		{ "directory", required_argument, NULL, DIRECTORY },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	const char *value;
	char shown[256];
	int option;

	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, ":fhn:", options, NULL)) != -1) {
		value = optarg ? optarg : "";
		escape_text(shown, sizeof(shown), value, strlen(value));
		switch (option) {
		case 'f':
			q->follow = true;
			break;
		case 'h':
			fputs(help, stdout);
			return CTL_OK;
		case 'n':
			if (!number_parse(value, &q->last))
				return ctl_usage("audit", "-n takes a number, not %s", shown);
			break;
		case AGENT:
			if (!*value || strlen(value) >= AGENTOS_NAME_SIZE)
				return ctl_usage(
					"audit",
					"--agent takes a name or an id, as `agentctl ps` shows");
			q->agent = value;
			if (!number_parse(value, &q->agent_id))
				q->agent_id = 0;
			break;
		case DENIED:
			q->denied = true;
			break;
		case SINCE:
			if (!since_parse(value, time(NULL), &q->since_ns))
				return ctl_usage("audit",
						 "--since takes 15m, 2h, 7d, 14:30, 2025-01-31 or "
						 "\"2025-01-31 14:30\", not %s",
						 shown);
			break;
		case JSON:
			q->json = true;
			break;
		case SEQ:
			q->seq = true;
			break;
		case DIRECTORY:
			q->directory = value;
			break;
		case ':':
			return ctl_usage("audit", "an option lacks its value");
		default:
			return ctl_usage("audit", "unknown option");
		}
	}
	if (optind < argc)
		return ctl_usage("audit", "takes options only; one agent: --agent NAME");
	return -1;
}

static bool agent_matches(const struct query *q, uint64_t id, const char *name)
{
	return !q->agent || (q->agent_id && id == q->agent_id) || strcmp(name, q->agent) == 0;
}

static bool query_matches(const struct query *q, const struct record *r)
{
	const struct agentos_lifecycle *l = &r->u.lifecycle;

	if (r->time_ns < q->since_ns)
		return false;
	switch (r->type) {
	case RECORD_EVENT:
		return (!q->denied || r->u.event.verdict != AGENTOS_VERDICT_ALLOWED) &&
		       agent_matches(q, r->u.event.agent, r->agent_name);
	case RECORD_LIFECYCLE:
		/* A loss: it may be of the agent that is asked for. */
		if (l->type == AGENTOS_LIFECYCLE_LOST)
			return true;
		return (!q->denied || l->type == AGENTOS_LIFECYCLE_REPEATED) &&
		       agent_matches(q, l->agent, l->name);
	case RECORD_LOSS:
		return true;
	case RECORD_POLICY:
		return !q->denied && agent_matches(q, r->u.policy.agent, r->agent_name);
	case RECORD_EGRESS:
		return (!q->denied || r->u.egress.outcome == EGRESS_DENIED ||
			r->u.egress.outcome == EGRESS_WOULD_DENY) &&
		       agent_matches(q, r->u.egress.agent, r->agent_name);
	default:
		return r->u.daemon.note == DAEMON_UNWRITABLE || (!q->denied && !q->agent);
	}
}

static void record_show(struct query *q, const struct record *r)
{
	time_t seconds = (time_t)(r->time_ns / NS);
	char date[64];
	struct tm tm;

	if (q->json) {
		render_json(stdout, r);
		return;
	}
	if (localtime_r(&seconds, &tm) && (tm.tm_yday != q->day || tm.tm_year != q->year)) {
		q->day = tm.tm_yday;
		q->year = tm.tm_year;
		strftime(date, sizeof(date), "%A %Y-%m-%d, times in %Z", &tm);
		printf("-- %s --\n", date);
	}
	if (q->seq)
		printf("#%-6" PRIu64 " ", r->seq);
	render_text(stdout, r, q->colour);
}

/* How many records match now; damage ends the count here as it will end the listing. */
static int query_count(const struct query *q, uint64_t *ret_count, struct fault *f)
{
	struct segment_reader *reader;
	struct record r;
	uint64_t count = 0;
	int rc;

	rc = segment_reader_open(q->directory, &reader, f);
	if (rc)
		return rc;
	while (segment_read(reader, &r, f) == 1)
		count += query_matches(q, &r);
	segment_reader_close(reader);
	*ret_count = count;
	return 0;
}

/* Shows what there is, but the first *skip of it. 0 at the end for now; -EPIPE: nobody reads on. */
static int query_show(struct query *q, struct segment_reader *reader, uint64_t *skip,
		      struct fault *f)
{
	struct record r;
	int rc = 0;

	while (!asked_to_end && (rc = segment_read(reader, &r, f)) == 1) {
		if (!query_matches(q, &r))
			continue;
		if (*skip) {
			--*skip;
			continue;
		}
		errno = 0;
		record_show(q, &r);
		if (ferror(stdout))
			break;
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		rc = errno ? errno : EIO;
		return fault_set(f, rc, "cannot write: %s", strerror(rc));
	}
	return rc < 0 ? rc : 0;
}

/* Waits until the directory changes, or a second. -EPIPE when stdout's reader is gone. */
static int change_wait(int notify)
{
	struct pollfd fds[] = { { .fd = notify, .events = POLLIN }, { .fd = STDOUT_FILENO } };
	const struct timespec timeout = { .tv_nsec = FOLLOW_MS % 1000 * 1000000,
					  .tv_sec = FOLLOW_MS / 1000 };
	sigset_t blocked, before;
	char changes[4096];

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	if (!asked_to_end)
		ppoll(fds, 2, &timeout, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (fds[1].revents & (POLLERR | POLLHUP | POLLNVAL))
		return -EPIPE;
	/* What changed does not matter: the log is read on from where it was. */
	while (notify >= 0 && read(notify, changes, sizeof(changes)) > 0)
		;
	return 0;
}

static int query_follow(struct query *q, struct segment_reader *reader, uint64_t *skip,
			struct fault *f)
{
	struct sigaction action = { .sa_handler = on_signal };
	int notify, rc;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* Without it (too many watches) the time-out of the wait does. */
	notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (notify >= 0)
		inotify_add_watch(notify, q->directory, IN_MODIFY | IN_CREATE);
	do {
		rc = query_show(q, reader, skip, f);
		*skip = 0;
		if (rc == 0)
			rc = change_wait(notify);
	} while (rc == 0 && !asked_to_end);
	if (notify >= 0)
		close(notify);
	return rc;
}

int cmd_audit(int argc, char **argv)
{
	struct query q = { .last = UINT64_MAX, .day = -1 };
	struct segment_reader *reader;
	uint64_t skip = 0, count;
	struct fault f = { "" };
	int rc;

	q.directory = ctl_setting("AGENTOS_AUDIT_DIR", CTL_AUDIT_DIR);
	rc = query_parse(argc, argv, &q);
	if (rc >= 0)
		return rc;
	q.colour = ctl_colour(STDOUT_FILENO);
	signal(SIGPIPE, SIG_IGN);

	if (q.last != UINT64_MAX) {
		rc = query_count(&q, &count, &f);
		if (rc)
			goto failed;
		skip = count > q.last ? count - q.last : 0;
	}
	rc = segment_reader_open(q.directory, &reader, &f);
	if (rc)
		goto failed;
	if (q.follow)
		rc = query_follow(&q, reader, &skip, &f);
	else
		rc = query_show(&q, reader, &skip, &f);
	segment_reader_close(reader);
	if (rc == 0 || rc == -EPIPE)
		return CTL_OK;
failed:
	ctl_complain("%s", f.text);
	return CTL_FAILED;
}
