// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl: the table of commands, their help, and what all of them use to speak to the caller. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentos.h"
#include "base/escape.h"
#include "ctl/ctl.h"
#include "rpc/control.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
	const char *help;
} commands[] = {
	{ "run", cmd_run, "run a program as an agent",
	  "Usage: agentctl run [OPTION]... [--] PROGRAM [ARG]...\n"
	  "Runs PROGRAM as an agent, in the foreground: terminal, directory, user, signals and\n"
	  "exit status stay as they are; what it may do is what the policy says.\n"
	  "\n"
	  "  --policy NAME|FILE  policy to enforce (untrusted); `agentctl policy` lists them\n"
	  "  --name NAME         name of the agent (PROGRAM-PID)\n"
	  "  --workspace DIR     directory that the policy calls ${WORKSPACE} (current directory)\n"
	  "  --quiet             no line about the new agent\n"
	  "\n"
	  "  agentctl run -- python3 my_agent.py\n"
	  "  agentctl run --policy ./mine.yaml --workspace ~/project -- npm test\n" },
	{ "ps", cmd_ps, "list agents",
	  "Usage: agentctl ps [--json]\n"
	  "Lists the agents that the kernel knows. Works without agentosd.\n"
	  "\n"
	  "  agentctl ps\n"
	  "  agentctl ps --json | jq '.agents[].name'\n" },
	{ "show", cmd_show, "show one agent, its rights and its processes",
	  "Usage: agentctl show [--json] NAME|ID\n"
	  "Shows what the kernel holds about an agent, and its processes. Works without agentosd.\n"
	  "\n"
	  "  agentctl show demo-123\n"
	  "  agentctl show 7\n" },
	{ "kill", cmd_kill, "kill agents with everything they started",
	  "Usage: agentctl kill [--wait SECONDS] NAME|ID...\n"
	  "Kills every process of the agents; nothing they forked survives. Works without agentosd.\n"
	  "\n"
	  "  --wait SECONDS  return when the last process is gone, or fail after SECONDS (5)\n"
	  "\n"
	  "  agentctl kill demo-123\n"
	  "  agentctl kill --wait 30 7 8 9\n" },
	{ "audit", cmd_audit, "show what agents did and what was refused", NULL },
	{ "policy", cmd_policy, "list and check policies", NULL },
	{ "doctor", cmd_doctor, "check every layer and say what to do",
	  "Usage: agentctl doctor [--json]\n"
	  "Checks every layer from the kernel to the policies: a line each, with what to do.\n"
	  "Exit status 0 only if all is well.\n"
	  "\n"
	  "  agentctl doctor\n"
	  "  sudo agentctl doctor --json\n" },
	{ "selftest", cmd_selftest, "prove that every hook denies",
	  "Usage: agentctl selftest [--json]\n"
	  "Has agentosd try, inside a throw-away agent, an act that each hook must refuse.\n"
	  "Exit status 0 only if every hook was proved.\n"
	  "\n"
	  "  agentctl selftest\n" },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const char exit_help[] =
	"Exit status:\n"
	"    0  done\n"
	"    1  it was tried and did not work\n"
	"    2  the command line is wrong\n"
	"    3  a policy or file is not valid\n"
	"  125  run: enforcement is off, or agentosd not there: nothing was run\n"
	"  126  run: the program exists and could not be executed\n"
	"  127  run: no such program\n"
	"  Otherwise run ends with the program's own status, 128+N for signal N.\n";

static void help_all(FILE *out)
{
	size_t i;

	fputs("Usage: agentctl COMMAND [ARGUMENT]...\n"
	      "Runs AI agents that the kernel contains, and shows what they did.\n\n",
	      out);
	for (i = 0; i < COMMAND_COUNT; i++)
		fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fputs("\n"
	      "  agentctl run -- python3 my_agent.py    run it under the policy `untrusted`\n"
	      "  agentctl audit --follow                watch what agents do\n"
	      "  agentctl doctor                        when something does not work\n"
	      "  agentctl help run                      more about a command\n\n",
	      out);
	fputs(exit_help, out);
}

static const struct command *command_find(const char *name)
{
	size_t i;

	for (i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

/* Levenshtein's distance; names longer than a command could be are far from all. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[32], diagonal, above, cost;
	size_t la = strlen(a), lb = strlen(b), i, j;

	if (la > 24 || lb > 24)
		return 99;
	for (j = 0; j <= lb; j++)
		row[j] = (unsigned int)j;
	for (i = 1; i <= la; i++) {
		diagonal = row[0];
		row[0] = (unsigned int)i;
		for (j = 1; j <= lb; j++) {
			above = row[j];
			cost = diagonal + (a[i - 1] != b[j - 1]);
			if (cost > above + 1)
				cost = above + 1;
			if (cost > row[j - 1] + 1)
				cost = row[j - 1] + 1;
			row[j] = cost;
			diagonal = above;
		}
	}
	return row[lb];
}

static int command_unknown(const char *name)
{
	const char *nearest = NULL;
	unsigned int best = 3, d;
	char shown[128];
	size_t i;

	escape_text(shown, sizeof(shown), name, strlen(name));
	for (i = 0; i < COMMAND_COUNT; i++) {
		d = distance(name, commands[i].name);
		if (d < best) {
			best = d;
			nearest = commands[i].name;
		}
	}
	if (nearest)
		ctl_complain("no command %s; did you mean `agentctl %s`?", shown, nearest);
	else
		ctl_complain("no command %s; `agentctl --help` lists them", shown);
	return CTL_USAGE;
}

static int help_one(const char *name)
{
	const struct command *c = command_find(name);
	char *argv[] = { (char *)name, "--help", NULL };

	if (!c)
		return command_unknown(name);
	if (!c->help)
		return c->run(2, argv);
	printf("%s\n%s", c->help, exit_help);
	return CTL_OK;
}

int main(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		help_all(stderr);
		return CTL_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    (strcmp(argv[1], "help") == 0 && argc == 2)) {
		help_all(stdout);
		return CTL_OK;
	}
	if (strcmp(argv[1], "help") == 0)
		return help_one(argv[2]);
	if (strcmp(argv[1], "--version") == 0) {
		printf("agentctl (AgentOS), ABI %d, control protocol %d\n", AGENTOS_ABI,
		       CONTROL_VERSION);
		return CTL_OK;
	}
	c = command_find(argv[1]);
	if (!c)
		return command_unknown(argv[1]);
	if (c->help && argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0))
		return help_one(c->name);
	return c->run(argc - 1, argv + 1);
}

void ctl_complain(const char *fmt, ...)
{
	char line[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "agentctl: %s\n", line);
}

int ctl_usage(const char *command, const char *fmt, ...)
{
	char line[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "agentctl: %s: %s; try `agentctl help %s`\n", command, line, command);
	return CTL_USAGE;
}

bool ctl_colour(int fd)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fd) && !(none && none[0]) && !(term && strcmp(term, "dumb") == 0);
}

const char *ctl_setting(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return value && value[0] ? value : fallback;
}
