// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl audit decode: what bpftool prints of events, in the words of the log. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/event_pipe.h"
#include "base/escape.h"
#include "base/moment.h"
#include "ctl/audit.h"
#include "ctl/ctl.h"
#include "ctl/printer.h"

#define NS 1000000000ULL

static const char help[] =
	"Usage: agentctl audit decode [OPTION]... [FILE]\n"
	"Reads what `bpftool -j map event_pipe` prints of the events of agents, from FILE or\n"
	"standard input, and prints the lines that `agentctl audit` has for them. What bpftool\n"
	"was too slow for is counted where it is missing; the log has it.\n"
	"\n"
	"      --json          one JSON object a line, times in UTC; seq is 0, boot is zeros, and\n"
	"                      agent_name is null: events have none\n"
	"      --booted TIME   when the machine was booted, if it was another one or another\n"
	"                      boot: 2025-01-31, \"2025-01-31 14:30\", @SECONDS since 1970\n"
	"\n"
	"  sudo bpftool -j map event_pipe pinned " AGENTOS_PIN_DIR "/events >events.json\n"
	"  agentctl audit decode events.json\n"
	"  agentctl audit decode --json events.json | jq -r .object.text\n"
	"\n"
	"bpftool prints in blocks of 4 KiB, and the end when it is interrupted by Ctrl-C.\n"
	"\n"
	"Exit status:\n"
	"    0  done\n"
	"    1  not readable\n"
	"    2  the command line is wrong\n"
	"    3  not what bpftool prints, or it does not end as it should: what precedes is shown\n";

struct decode {
	struct printer printer;
	const char *file; /* NULL: standard input */
	uint64_t booted_ns;
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NS + (uint64_t)t.tv_nsec;
}

/* -1 to go on, else the exit status. */
static int decode_parse(int argc, char **argv, struct decode *d)
{
	enum { JSON = 256, BOOTED };
	static const struct option options[] = {
		{ "json", no_argument, NULL, JSON },
		{ "booted", required_argument, NULL, BOOTED },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	char shown[256];
	int option;

	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (option) {
		case 'h':
			fputs(help, stdout);
			return CTL_OK;
		case JSON:
			d->printer.json = true;
			break;
		case BOOTED:
			if (moment_parse(optarg, time(NULL), &d->booted_ns) == 0)
				break;
			escape_text(shown, sizeof(shown), optarg, strlen(optarg));
			return ctl_usage("audit", "--booted takes " MOMENT_FORMS ", not %s", shown);
		case ':':
			return ctl_usage("audit", "an option lacks its value");
		default:
			return ctl_usage("audit", "unknown option");
		}
	}
	if (argc - optind > 1)
		return ctl_usage("audit", "decode takes one file");
	if (optind < argc && strcmp(argv[optind], "-") != 0)
		d->file = argv[optind];
	return -1;
}

static int byte_get(void *cookie)
{
	return getc_unlocked((FILE *)cookie);
}

static void lost_print(const struct printer *p, uint64_t count)
{
	if (p->json)
		printf("{\"type\":\"pipe_lost\",\"count\":%" PRIu64 "}\n", count);
	else
		printf("-- %" PRIu64 " events are missing here: bpftool was too slow --\n", count);
}

static int decode_run(struct decode *d, FILE *in, struct fault *f)
{
	struct event_pipe_item item;
	struct event_pipe pipe;
	int rc = 0;

	event_pipe_init(&pipe, byte_get, in, d->booted_ns);
	while (!ferror(stdout) && (rc = event_pipe_next(&pipe, &item, f)) == 1) {
		if (item.lost)
			lost_print(&d->printer, item.lost);
		else
			printer_print(&d->printer, &item.record);
	}
	if (ferror(stdout))
		return printer_flush(f);
	if (ferror(in))
		return fault_set(f, EIO, "cannot be read");
	return rc < 0 ? rc : printer_flush(f);
}

int audit_decode(int argc, char **argv)
{
	struct decode d = { .printer = { .day = -1 },
			    .booted_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_BOOTTIME) };
	struct fault f = { "" };
	char shown[512] = "standard input";
	FILE *in = stdin;
	int rc;

	rc = decode_parse(argc, argv, &d);
	if (rc >= 0)
		return rc;
	d.printer.colour = ctl_colour(STDOUT_FILENO);
	signal(SIGPIPE, SIG_IGN);
	/* Events are shown as they come. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (d.file) {
		escape_text(shown, sizeof(shown), d.file, strlen(d.file));
		in = fopen(d.file, "re");
		if (!in) {
			ctl_complain("%s: %s", shown, strerror(errno));
			return CTL_FAILED;
		}
	}
	rc = decode_run(&d, in, &f);
	if (d.file)
		fclose(in);
	if (rc == 0 || rc == -EPIPE)
		return CTL_OK;
	ctl_complain("%s: %s", shown, f.text);
	return rc == -EBADMSG || rc == -ENODATA || rc == -EPROTO || rc == -E2BIG ?
		       CTL_INVALID :
		       CTL_FAILED;
}
