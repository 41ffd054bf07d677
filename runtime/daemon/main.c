// SPDX-License-Identifier: GPL-2.0-or-later
/* agentosd: loads and adopts enforcement, makes agents for agentctl, writes the audit log. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/amount.h"
#include "base/limits.h"
#include "daemon/client.h"
#include "daemon/daemon.h"
#include "daemon/say.h"
#include "daemon/traffic.h"
#include "kern/host.h"

static const char usage[] =
	"Usage: agentosd [OPTION]...\n"
	"Enforces and audits AI agents. It stays in the foreground and logs to stderr;\n"
	"the service manager puts it in the background: systemctl start agentosd\n"
	"\n"
	"  --check               check this machine, say what is missing, change nothing\n"
	"  --audit-dir DIR       where the audit log goes (/var/lib/agentos/audit)\n"
	"  --run-dir DIR         where lock, control socket, denial feeds go (/run/agentos)\n"
	"  --keep DAYS           remove records that are older, and not their hashes (never)\n"
	"  --keep-bytes SIZE     remove the oldest while records take more than 2GiB, say (never)\n"
	"  --socket-group GROUP  who may run agents and read the log (agentos)\n"
	"  --gateway-user USER   whom the gateway runs as (agentos-gateway)\n"
	"  --gateway-port PORT   of 127.0.0.1, where it is (1018)\n"
	"  --gateway-policy NAME what it runs under (gateway)\n"
	"  --gateway-program FILE  another gateway than agentos-gateway\n"
	"  --foreground          accepted; it is the only mode\n"
	"  --version, --help\n"
	"\n"
	"SIGTERM ends enforcement when no agent lives, so that the module can be unloaded;\n"
	"otherwise enforcement holds and the next agentosd adopts the agents.\n"
	"\n"
	"Exit status: 0 stopped when asked to, 1 could not start or a check failed, 2 wrong usage.\n";

enum {
	OPT_CHECK = 256,
	OPT_AUDIT_DIR,
	OPT_RUN_DIR,
	OPT_KEEP,
	OPT_KEEP_BYTES,
	OPT_GROUP,
	OPT_GATEWAY_USER,
	OPT_GATEWAY_PORT,
	OPT_GATEWAY_POLICY,
	OPT_GATEWAY_PROGRAM,
	OPT_FOREGROUND,
	OPT_VERSION,
	OPT_HELP
};

/* From 1024 on ports are anybody's while agentosd is away, and the kernel's to give out. */
#define GATEWAY_PORT_LAST 1023

static const struct option options[] = {
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "audit-dir", required_argument, NULL, OPT_AUDIT_DIR },
	{ "run-dir", required_argument, NULL, OPT_RUN_DIR },
	{ "keep", required_argument, NULL, OPT_KEEP },
	{ "keep-bytes", required_argument, NULL, OPT_KEEP_BYTES },
	{ "socket-group", required_argument, NULL, OPT_GROUP },
	{ "gateway-user", required_argument, NULL, OPT_GATEWAY_USER },
	{ "gateway-port", required_argument, NULL, OPT_GATEWAY_PORT },
	{ "gateway-policy", required_argument, NULL, OPT_GATEWAY_POLICY },
	{ "gateway-program", required_argument, NULL, OPT_GATEWAY_PROGRAM },
	{ "foreground", no_argument, NULL, OPT_FOREGROUND },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 },
};

static void check_print(const char *layer, bool ok, const char *text, void *cookie)
{
	printf("%-8s %-8s %s\n", layer, ok ? "ok" : "PROBLEM", text);
}

static int port_parse(const char *text, uint16_t *ret_port)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || port < 1 || port > UINT16_MAX)
		return -EINVAL;
	*ret_port = (uint16_t)port;
	return 0;
}

static int keep_parse(const char *text, struct retention *keep)
{
	char *end;
	unsigned long days = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || days < 1 || days > LIMIT_KEEP_DAYS) {
		fputs("agentosd: --keep takes a number of days, 1 to 36500.\n", stderr);
		return -EINVAL;
	}
	if (days < LIMIT_KEEP_ADVISED)
		say("the audit log is kept for less than six months, which laws may ask for: "
		    "--keep %lu",
		    days);
	keep->age_ns = days * 86400 * 1000000000ULL;
	return 0;
}

/* A log of less would be gone before anyone looks at it. */
static int keep_bytes_parse(const char *text, struct retention *keep)
{
	if (amount_parse(AGENTOS_RESOURCE_NET_BYTES, text, &keep->bytes) == 0 &&
	    keep->bytes >= 2 * LIMIT_SEGMENT && keep->bytes != AGENTOS_BUDGET_UNLIMITED)
		return 0;
	fputs("agentosd: --keep-bytes takes a size such as 2GiB, 128MiB or more.\n", stderr);
	return -EINVAL;
}

/* Returns -1 to go on, or the exit status. */
static int options_parse(int argc, char **argv, struct daemon_options *o)
{
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case OPT_CHECK:
			return host_check(&(struct host){ 0 }, check_print, NULL) ? 0 : 1;
		case OPT_AUDIT_DIR:
			o->audit_dir = optarg;
			break;
		case OPT_RUN_DIR:
			o->run_dir = optarg;
			break;
		case OPT_KEEP:
			if (keep_parse(optarg, &o->keep))
				return 2;
			break;
		case OPT_KEEP_BYTES:
			if (keep_bytes_parse(optarg, &o->keep))
				return 2;
			break;
		case OPT_GROUP:
			o->group = optarg;
			break;
		case OPT_GATEWAY_USER:
			o->gateway_user = optarg;
			break;
		case OPT_GATEWAY_PORT:
			if (port_parse(optarg, &o->gateway_port) ||
			    o->gateway_port > GATEWAY_PORT_LAST) {
				fputs("agentosd: --gateway-port takes a port, 1 to 1023: others "
				      "are anybody's.\n",
				      stderr);
				return 2;
			}
			break;
		case OPT_GATEWAY_POLICY:
			o->gateway_policy = optarg;
			break;
		case OPT_GATEWAY_PROGRAM:
			o->gateway_program = optarg;
			break;
		case OPT_FOREGROUND:
			break;
		case OPT_VERSION:
			printf("agentosd (AgentOS), ABI %d, control protocol %d\n", AGENTOS_ABI,
			       CONTROL_VERSION);
			return 0;
		case OPT_HELP:
			fputs(usage, stdout);
			return 0;
		default:
			fputs("Try `agentosd --help`.\n", stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fputs("agentosd: takes no arguments. Try `agentosd --help`.\n", stderr);
		return 2;
	}
	return -1;
}

static void signal_done(int result, void *cookie)
{
	struct daemon *d = cookie;

	loop_stop(d->loop);
}

static int signals_open(struct daemon *d, struct fault *f)
{
	sigset_t set;
	int err;

	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a log that may not grow is an error like a full disk */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	d->signals = (struct loop_handle){ .done = signal_done, .cookie = d };
	err = loop_signals(d->loop, &d->signals, &set);
	return err ? fault_set(f, -err, "cannot wait for signals: %s", strerror(-err)) : 0;
}

static int loop_start(struct daemon *d, struct fault *f)
{
	const char *note;
	int err = loop_open(&d->loop, &note);

	if (err)
		return fault_set(f, -err,
				 "no usable io_uring: %s (is kernel.io_uring_disabled set?)",
				 strerror(-err));
	if (note)
		say("%s", note);
	return 0;
}

int main(int argc, char **argv)
{
	struct daemon d = {
		.options = { .audit_dir = "/var/lib/agentos/audit",
			     .run_dir = "/run/agentos",
			     .group = "agentos",
			     .gateway_user = "agentos-gateway",
			     .gateway_policy = "gateway",
			     .gateway_port = AGENTOS_GATEWAY_PORT },
		.lock = -1,
		.dev = -1,
		.run = -1,
		.listener = -1,
	};
	struct fault f = { "" };
	int status = options_parse(argc, argv, &d.options), err;

	if (status >= 0)
		return status;
	err = daemon_prepare(&d, &f);
	if (!err)
		err = loop_start(&d, &f);
	if (!err)
		err = signals_open(&d, &f);
	if (!err && names_open(&d.names))
		err = fault_set(&f, ENOMEM, "out of memory");
	if (!err)
		err = daemon_enforce(&d, &f);
	if (!err)
		err = traffic_start(&d, &f);
	if (!err)
		err = clients_open(&d, &f);
	if (!err) {
		daemon_adopt_gateway(&d);
		daemon_notify("READY=1");
		err = loop_run(d.loop);
		if (err)
			fault_set(&f, -err, "the event loop failed: %s", strerror(-err));
		clients_close(&d);
		daemon_stop(&d);
	}
	if (err)
		say("%s", f.text);
	clients_close(&d);
	daemon_release(&d);
	return err ? 1 : 0;
}
