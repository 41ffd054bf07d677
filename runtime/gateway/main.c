// SPDX-License-Identifier: GPL-2.0-or-later
/* agentos-gateway: connects to the outside for agents, as far as their policies let it. */
#include <getopt.h>
#include <stdio.h>

#include "gateway/gateway.h"
#include "lib/libagentos.h"
#include "llm/catalog.h"
#include "rpc/gate.h"

static const char usage[] =
	"Usage: agentos-gateway [OPTION]\n"
	"The proxy that agents reach the network through. agentosd starts it, as a user of its\n"
	"own, with a socket as descriptor 3; it serves until agentosd is gone.\n"
	"\n"
	"  --version, --help\n"
	"\n"
	"Exit status: 0 ended when asked to, 1 could not start or failed, 2 wrong usage.\n";

enum { OPT_VERSION = 256, OPT_HELP };

static const struct option options[] = {
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 },
};

int main(int argc, char **argv)
{
	const struct gateway_options o = {
		.caller = caller_get,
		.budget = { agentos_budget_reserve, agentos_budget_settle, agentos_budget_read },
		.times = gateway_times_usual(),
		.breaker = &breaker_usual,
		.catalog = CATALOG_DIR
	};
	int opt = getopt_long(argc, argv, "", options, NULL);

	switch (opt) {
	case OPT_VERSION:
		printf("agentos-gateway (AgentOS) %s, gate protocol %d\n", AGENTOS_VERSION,
		       GATE_VERSION);
		return 0;
	case OPT_HELP:
		fputs(usage, stdout);
		return 0;
	case -1:
		if (optind == argc)
			return gateway_run(&o);
		fputs("agentos-gateway: takes no arguments. Try `agentos-gateway --help`.\n",
		      stderr);
		return 2;
	default:
		fputs("Try `agentos-gateway --help`.\n", stderr);
		return 2;
	}
}
