// SPDX-License-Identifier: GPL-2.0-or-later
/* A question about the audit log, from a command line. */
#include "ctl/question.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/escape.h"
#include "base/moment.h"
#include "ctl/ctl.h"

const char question_help[] =
	"Which records; several of one kind are alternatives, of different kinds all must hold:\n"
	"      --agent NAME|ID    of this agent\n"
	"      --below            and of all agents below it, as far as the log tells\n"
	"      --since TIME       from then on: 90s, 15m, 2h or 7d ago; 14:30 or 14:30:05 today;\n"
	"                         2025-01-31 or \"2025-01-31 14:30\" local time; @SECONDS since\n"
	"                         1970\n"
	"      --until TIME       before then\n"
	"      --operation HOOK   acts that this hook decides (file_open), egress or call\n"
	"      --verdict VERDICT  allowed, denied, would-deny; of the gateway's failed, closed\n"
	"      --denied           denied or would-deny: an audit-only agent was let do it\n"
	"      --rule N           decided by rule N of the policy\n"
	"      --right NAME       refused for want of this right (net-connect)\n"
	"      --object TEXT      with this in the path, host, address or model; with *, ? or [ it is a\n"
	"                         pattern for the whole of it: '/etc/*', '*:443', '2001:db8:*'.\n"
	"                         An address is that one, however it is written, and with a port\n"
	"                         at that: 192.0.2.1:443, 2001:db8::1, [2001:db8::1]:443\n"
	"      --text TEXT        with this in the line that is shown of it\n"
	"      --type TYPE        event, lifecycle, loss, daemon, policy, egress, call\n"
	"      --thorough         with --since and --until: read all of the log, even where no\n"
	"                         record of that time is to be expected\n"
	"      --directory DIR    where the log is (" CTL_AUDIT_DIR ", or\n"
	"                         AGENTOS_AUDIT_DIR)\n"
	"\n";

bool question_init(struct question *q)
{
	*q = (struct question){ .directory = ctl_setting("AGENTOS_AUDIT_DIR", CTL_AUDIT_DIR),
				.until_ns = UINT64_MAX,
				.last = UINT64_MAX };
	if (filter_create(&q->filter) == 0)
		return true;
	ctl_complain("not enough memory");
	return false;
}

void question_release(struct question *q)
{
	filter_free(q->filter);
	q->filter = NULL;
}

bool question_number(const char *text, uint64_t *ret_number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret_number = strtoull(text, &end, 10);
	return !errno && !*end;
}

static int time_option(const char *what, const char *value, uint64_t *ret_ns)
{
	char shown[256];

	if (moment_parse(value, time(NULL), ret_ns) == 0)
		return -1;
	escape_text(shown, sizeof(shown), value, strlen(value));
	return ctl_usage("audit", "%s takes " MOMENT_FORMS ", not %s", what, shown);
}

static int filter_option(struct question *q, enum filter_kind kind, const char *value)
{
	struct fault f;
	int rc = filter_add(q->filter, kind, value, &f);

	if (rc == 0)
		return -1;
	if (rc != -ENOMEM)
		return ctl_usage("audit", "%s", f.text);
	ctl_complain("%s", f.text);
	return CTL_FAILED;
}

static int reason_option(struct question *q, bool rule, const char *value)
{
	bool number = *value >= '0' && *value <= '9';
	char shown[256];

	if (rule == number)
		return filter_option(q, FILTER_REASON, value);
	escape_text(shown, sizeof(shown), value, strlen(value));
	return ctl_usage("audit",
			 rule ? "--rule takes the number of a rule, not %s" :
				"--right takes the name of a right, not %s",
			 shown);
}

int question_option(struct question *q, int option, const char *value)
{
	switch (option) {
	case QUESTION_AGENT:
		q->agent = true;
		return filter_option(q, FILTER_AGENT, value);
	case QUESTION_BELOW:
		q->below = true;
		return -1;
	case QUESTION_DENIED:
		filter_add_refused(q->filter);
		return -1;
	case QUESTION_DIRECTORY:
		q->directory = value;
		return -1;
	case QUESTION_OBJECT:
		return filter_option(q, FILTER_OBJECT, value);
	case QUESTION_OPERATION:
		return filter_option(q, FILTER_OPERATION, value);
	case QUESTION_RIGHT:
		return reason_option(q, false, value);
	case QUESTION_RULE:
		return reason_option(q, true, value);
	case QUESTION_SINCE:
		return time_option("--since", value, &q->since_ns);
	case QUESTION_TEXT:
		return filter_option(q, FILTER_TEXT, value);
	case QUESTION_THOROUGH:
		q->thorough = true;
		return -1;
	case QUESTION_TYPE:
		return filter_option(q, FILTER_TYPE, value);
	case QUESTION_UNTIL:
		return time_option("--until", value, &q->until_ns);
	case QUESTION_VERDICT:
		return filter_option(q, FILTER_VERDICT, value);
	case ':':
		return ctl_usage("audit", "an option lacks its value");
	default:
		return ctl_usage("audit", "unknown option");
	}
}

int question_done(struct question *q)
{
	if (q->below && !q->agent)
		return ctl_usage("audit", "--below goes with --agent only");
	if (q->below)
		filter_set_below(q->filter);
	if (q->until_ns <= q->since_ns)
		return ctl_usage("audit",
				 "--until is not behind --since: there is nothing between");
	filter_set_time(q->filter, q->since_ns, q->until_ns);
	return -1;
}

int question_scan(const struct question *q, struct scan **ret_scan, struct fault *f)
{
	return scan_open(&(struct scan_options){ .directory = q->directory,
						 .filter = q->filter,
						 .last = q->last,
						 .after = q->after,
						 .thorough = q->thorough },
			 ret_scan, f);
}
