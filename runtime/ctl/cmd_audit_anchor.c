// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl audit anchor: checkpoints kept where who can change the log cannot reach. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/amount.h"
#include "ctl/anchoring.h"
#include "ctl/audit.h"
#include "ctl/ctl.h"
#include "ctl/growth.h"

#define HEADER_FILE (64 << 10) /* bytes */
#define SECOND_NS   1000000000ULL
#define TIME_MAX    (365 * 86400 * SECOND_NS)

static const char help[] =
	"Usage: agentctl audit anchor [OPTION]... TARGET...\n"
	"Follows the log, and hands its newest checkpoint on to where who can change the log cannot\n"
	"change that. First it makes sure, from the log's own hashes, that the log has only grown\n"
	"since the last one; if not, it says so, sends nothing more and ends: what was anchored\n"
	"then shows what was changed. Needs no rights but to read the log, and does not run as\n"
	"root unless told to.\n"
	"\n"
	"      --to-file FILE       append it to FILE, behind those that are there\n"
	"      --to-url URL         post it, as text/plain\n"
	"      --to-command COMMAND [ARG]...\n"
	"                           run COMMAND, without a shell, with it as standard input; exit\n"
	"                           status 0: taken. It is what ends the line\n"
	"                           There may be several files and URLs.\n"
	"      --every TIME         not more often than this (1m)\n"
	"      --once               hand on what is newest, and end\n"
	"      --state FILE         what was anchored last, and who has it\n"
	"                           (" CTL_ANCHOR_STATE ", or AGENTOS_ANCHOR_STATE)\n";
static const char help_end[] =
	"      --give-up TIME       what one target may take (30s): a command is killed then\n"
	"      --header HEADER      with the request, \"NAME: VALUE\"; @FILE: each line of FILE,\n"
	"                           which `ps` does not show\n"
	"      --ca FILE            whom to trust with https, in place of the system's\n"
	"      --key FILE|KEY       the log's public key; without it DIR.pub, beside the log. When\n"
	"                           the log's key is changed, and this one signed for that, the\n"
	"                           next one counts as well\n"
	"      --origin NAME        what the log's checkpoints call it (the name of the key)\n"
	"      --directory DIR      where the log is (" CTL_AUDIT_DIR ", or AGENTOS_AUDIT_DIR)\n"
	"      --allow-root         even as root\n"
	"\n"
	"  agentctl audit anchor --once --state ~/anchor --to-file /media/usb/anchors\n"
	"  agentctl audit anchor --every 5m --to-url https://vault.example.com/agentos\n"
	"  agentctl audit anchor --to-command ssh vault 'cat >>anchors'\n"
	"  agentctl audit verify --anchor /media/usb/anchors --key audit.pub\n"
	"\n"
	"What a target failed to take is sent to that again, and to no other. One may get a checkpoint\n"
	"twice if it was not known whether it had it: after a crash, or when its time was over. Without\n"
	"its state it begins anew, with no memory.\n"
	"\n"
	"Exit status:\n"
	"    0  ended by Ctrl-C or SIGTERM; with --once: all have the newest\n"
	"    1  the log was changed, or is another one: nothing more was sent; with --once also:\n"
	"       a target did not take it\n"
	"    2  the command line is wrong\n"
	"    3  the state is none, or the key\n";

struct line {
	struct anchoring anchoring;
	bool root, every;
	const char *headers[LIMIT_ANCHOR_HEADERS];
	char *header_text; /* owned: of --header @FILE */
};

enum {
	TO_FILE = 256,
	TO_URL,
	TO_COMMAND,
	EVERY,
	ONCE,
	STATE,
	GIVE_UP,
	HEADER,
	CA,
	KEY,
	ORIGIN,
	DIRECTORY,
	ALLOW_ROOT,
};

static const struct option options[] = {
	{ "to-file", required_argument, NULL, TO_FILE },
	{ "to-url", required_argument, NULL, TO_URL },
	{ "to-command", no_argument, NULL, TO_COMMAND },
	{ "every", required_argument, NULL, EVERY },
	{ "once", no_argument, NULL, ONCE },
	{ "state", required_argument, NULL, STATE },
	{ "give-up", required_argument, NULL, GIVE_UP },
	{ "header", required_argument, NULL, HEADER },
	{ "ca", required_argument, NULL, CA },
	{ "key", required_argument, NULL, KEY },
	{ "origin", required_argument, NULL, ORIGIN },
	{ "directory", required_argument, NULL, DIRECTORY },
	{ "allow-root", no_argument, NULL, ALLOW_ROOT },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static bool is_plain(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	}
	return true;
}

/* As all of these: -1 to go on, else the exit status. */
static int target_add(struct line *l, enum target_kind kind, const char *name, char *const *argv)
{
	struct anchoring *a = &l->anchoring;

	if (a->target_count == LIMIT_ANCHOR_TARGETS)
		return ctl_usage("audit anchor", "at most %d targets", LIMIT_ANCHOR_TARGETS);
	if (!*name)
		return ctl_usage("audit anchor", "a target without a name");
	if (kind == TARGET_URL && (!is_plain(name) || (strncmp(name, "https://", 8) != 0 &&
						       strncmp(name, "http://", 7) != 0)))
		return ctl_usage("audit anchor", "--to-url takes an http or https URL");
	a->targets[a->target_count++] = (struct target){ .kind = kind, .name = name, .argv = argv };
	return -1;
}

static int time_take(const char *option, const char *value, uint64_t *ret_ns)
{
	if (amount_duration(value, ret_ns) == 0 && *ret_ns >= SECOND_NS && *ret_ns <= TIME_MAX)
		return -1;
	return ctl_usage("audit anchor", "%s takes a time from 1s to 365d, such as 5m", option);
}

static int header_add(struct line *l, const char *header)
{
	struct target_options *to = &l->anchoring.to;

	if (to->header_count == LIMIT_ANCHOR_HEADERS)
		return ctl_usage("audit anchor", "at most %d headers", LIMIT_ANCHOR_HEADERS);
	if (!strchr(header, ':') || *header == ':' || !is_plain(header))
		return ctl_usage("audit anchor", "--header takes \"NAME: VALUE\", or @FILE");
	l->headers[to->header_count++] = header;
	return -1;
}

/* The lines stay where they are; empty ones are none. */
static int header_file(struct line *l, const char *name)
{
	struct fault f = { "" };
	char *text, *again, *at, *save = NULL;
	size_t len;
	int rc;

	if (l->header_text)
		return ctl_usage("audit anchor", "one --header @FILE, with all of them");
	rc = evidence_read(name, HEADER_FILE, &text, &len, &f);
	again = rc ? NULL : realloc(text, len + 1);
	if (!again) {
		if (!rc)
			free(text);
		ctl_complain("%s", rc ? f.text : "not enough memory");
		return CTL_INVALID;
	}
	again[len] = '\0';
	l->header_text = again;
	rc = -1;
	for (at = strtok_r(again, "\r\n", &save); at && rc < 0; at = strtok_r(NULL, "\r\n", &save))
		rc = header_add(l, at);
	return rc;
}

static int option_take(struct line *l, int option, const char *value)
{
	struct anchoring *a = &l->anchoring;

	switch (option) {
	case TO_FILE:
		return target_add(l, TARGET_FILE, value, NULL);
	case TO_URL:
		return target_add(l, TARGET_URL, value, NULL);
	case EVERY:
		l->every = true;
		return time_take("--every", value, &a->every_ns);
	case ONCE:
		a->once = true;
		return -1;
	case STATE:
		a->state = value;
		return -1;
	case GIVE_UP:
		return time_take("--give-up", value, &a->to.give_up_ns);
	case HEADER:
		return *value == '@' ? header_file(l, value + 1) : header_add(l, value);
	case CA:
		a->to.ca = value;
		return -1;
	case KEY:
		a->witness.key = value;
		return -1;
	case ORIGIN:
		a->witness.origin = value;
		return -1;
	case DIRECTORY:
		a->witness.directory = value;
		return -1;
	case ALLOW_ROOT:
		l->root = true;
		return -1;
	case 'h':
		printf("%s%s", help, help_end);
		return CTL_OK;
	case ':':
		return ctl_usage("audit anchor", "an option lacks its value");
	default:
		return ctl_usage("audit anchor", "unknown option");
	}
}

/* What goes together. */
static int line_check(struct line *l)
{
	struct anchoring *a = &l->anchoring;
	struct fault f = { "" };
	unsigned int i, urls = 0;

	if (!a->target_count)
		return ctl_usage("audit anchor",
				 "no target: --to-file, --to-url or --to-command says where to");
	if (a->once && l->every)
		return ctl_usage("audit anchor", "--every does not go with --once");
	for (i = 0; i < a->target_count; i++)
		urls += a->targets[i].kind == TARGET_URL;
	if (!urls && (a->to.header_count || a->to.ca))
		return ctl_usage("audit anchor", "--header and --ca go with --to-url only");
	if (geteuid() == 0 && !l->root)
		return ctl_usage("audit anchor",
				 "run as root, which it does not need: run it as another user of "
				 "the group agentos, or say --allow-root");
	for (i = 0; i < a->target_count; i++) {
		if (target_init(&a->targets[i], &f) != 0) {
			ctl_complain("%s", f.text);
			return CTL_FAILED;
		}
	}
	return -1;
}

static int line_parse(int argc, char **argv, struct line *l)
{
	int option, rc = -1;

	opterr = 0;
	optind = 0;
	/* What is behind the command is the command's. */
	while (rc < 0 && (option = getopt_long(argc, argv, "+:h", options, NULL)) != -1 &&
	       option != TO_COMMAND)
		rc = option_take(l, option, optarg ? optarg : "");
	if (rc >= 0)
		return rc;
	if (option == TO_COMMAND) {
		if (argv[optind] && strcmp(argv[optind], "--") == 0)
			optind++;
		if (!argv[optind])
			return ctl_usage("audit anchor", "--to-command takes a command");
		rc = target_add(l, TARGET_COMMAND, argv[optind], argv + optind);
	} else if (argv[optind]) {
		rc = ctl_usage("audit anchor",
			       "takes options only; a command stands behind --to-command");
	}
	return rc >= 0 ? rc : line_check(l);
}

int audit_anchor(int argc, char **argv)
{
	struct line l = {
		.anchoring = {
			.witness.directory = ctl_setting("AGENTOS_AUDIT_DIR", CTL_AUDIT_DIR),
			.state = ctl_setting("AGENTOS_ANCHOR_STATE", CTL_ANCHOR_STATE),
			.to.give_up_ns = 30 * SECOND_NS,
			.every_ns = 60 * SECOND_NS,
		},
	};
	int rc;

	l.anchoring.to.headers = l.headers;
	rc = line_parse(argc, argv, &l);
	if (rc < 0) {
		signal(SIGPIPE, SIG_IGN);
		growth_signals();
		rc = anchoring_run(&l.anchoring);
	}
	free(l.header_text);
	return rc;
}
