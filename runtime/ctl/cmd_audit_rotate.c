// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl audit rotate-key: has agentosd sign for the log with another key. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/escape.h"
#include "ctl/audit.h"
#include "ctl/ctl.h"
#include "ctl/wording.h"
#include "rpc/channel.h"

static const char help[] =
	"Usage: agentctl audit rotate-key [OPTION]...\n"
	"Has agentosd sign for the log with a new key, and destroy the one so far. Both sign a last\n"
	"checkpoint together, so that who knows the old key can tell that the new one follows it.\n"
	"For root; agentosd must run. Nothing of the log is changed or signed anew.\n"
	"\n"
	"      --json           the result as one line of JSON\n"
	"\n"
	"  agentctl audit rotate-key\n"
	"  cp /var/lib/agentos/audit.key /media/safe/     a copy of the new key, instead of the old\n"
	"  agentctl audit verify --key old.pub            still leads to the new one\n"
	"\n"
	"When a key may have become known to others: rotate, keep a checkpoint on another machine,\n"
	"and give the new public key to who verifies; see KEYS in agentctl(1).\n"
	"\n"
	"Exit status: 0 done, 1 not done, or not all of it: why is said; 2 the command line is wrong\n";

/* -1 to go on, else the exit status. */
static int rotate_parse(int argc, char **argv, bool *ret_json)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			*ret_json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return CTL_OK;
		default:
			return ctl_usage("audit rotate-key", "unknown option");
		}
	}
	if (optind < argc)
		return ctl_usage("audit rotate-key", "takes options only");
	return -1;
}

static int rotate_ask(struct control_rotate_reply *ret_reply, struct fault *f)
{
	struct control_request m = { 0 };
	const struct channel_request request = { .header = &m.header,
						 .type = CONTROL_ROTATE,
						 .size = sizeof(m),
						 .reply = CONTROL_ROTATE_REPLY };
	struct control_hello_reply hello;
	union control_message reply;
	struct channel c;
	int err;

	err = channel_open(ctl_setting("AGENTOS_CONTROL", CTL_SOCKET), &c, &hello, f);
	if (err)
		return err;
	err = channel_call(&c, &request, &reply, NULL, f);
	channel_close(&c);
	if (!err)
		*ret_reply = reply.rotate_reply;
	return err;
}

static void rotate_show(const struct control_rotate_reply *m, bool json)
{
	char before[4 * CONTROL_KEY], after[4 * CONTROL_KEY];

	if (json) {
		putchar('{');
		wording_json("before", m->before);
		putchar(',');
		wording_json("key", m->after);
		printf(",\"since\":%" PRIu64 ",\"destroyed\":%s}\n", m->covered,
		       m->unfinished ? "false" : "true");
		return;
	}
	escape_text(before, sizeof(before), m->before, strlen(m->before));
	escape_text(after, sizeof(after), m->after, strlen(m->after));
	printf("key     %s\nbefore  %s\n\n"
	       "The new key signs from behind record %" PRIu64
	       " on; both have signed up to there.\n"
	       "Copy the new secret key (AUDITDIR.key) to a safe place, and destroy copies of the old one.\n"
	       "Give the new public key to who verifies: the old one leads to it, as long as it is not\n"
	       "known to anybody else.\n",
	       after, before, m->covered);
}

int audit_rotate_key(int argc, char **argv)
{
	struct control_rotate_reply m;
	struct fault f = { "" };
	bool json = false;
	int rc;

	rc = rotate_parse(argc, argv, &json);
	if (rc >= 0)
		return rc;
	if (rotate_ask(&m, &f) != 0) {
		ctl_complain("%s", f.text);
		return CTL_FAILED;
	}
	rotate_show(&m, json);
	if (fflush(stdout) != 0) {
		ctl_complain("the key was changed, and that cannot be written: %s",
			     strerror(errno));
		return CTL_FAILED;
	}
	if (!m.unfinished)
		return CTL_OK;
	ctl_complain("%s; ask again, or restart agentosd, to end it", m.text);
	return CTL_FAILED;
}
