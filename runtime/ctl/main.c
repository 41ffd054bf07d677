// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl: the table of commands, their help, and what all of them use to speak to the caller. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
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
	  "  --audit-only        do what the policy refuses, and record it: it is not confined\n"
	  "  --quiet             no line about the new agent\n"
	  "\n"
	  "  agentctl run -- python3 my_agent.py\n"
	  "  agentctl run --audit-only --policy ./mine.yaml -- python3 my_agent.py\n"
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
	{ "tree", cmd_tree, "list agents below those they were derived from",
	  "Usage: agentctl tree [--json]\n"
	  "Lists the agents, each below the one it was derived from. Works without agentosd.\n"
	  "\n"
	  "  agentctl tree\n" },
	{ "top", cmd_top, "watch agents: what they run, use up, and are refused",
	  "Usage: agentctl top [--once] [--every TIME]\n"
	  "Shows the agents live, the busiest first; q ends it. Processor time, time spent waiting\n"
	  "for a processor, tokens and money used, acts refused, messages waiting.\n"
	  "\n"
	  "  --once        one list, without a terminal as well\n"
	  "  --every TIME  between two looks (1s)\n"
	  "\n"
	  "  agentctl top\n"
	  "  agentctl top --once | sort -k6\n" },
	{ "spawn", cmd_spawn, "run a program as a sub-agent of another agent",
	  "Usage: agentctl spawn --under AGENT [OPTION]... [--] PROGRAM [ARG]...\n"
	  "Runs PROGRAM, in the foreground, as a new agent below AGENT: under its policy, with its\n"
	  "rights or fewer, drawing on its budgets. What AGENT loses it loses; what kills AGENT kills it.\n"
	  "\n"
	  "  --under AGENT   the parent, by name or id; self: the agent that this is run in\n"
	  "  --name NAME     its name is AGENT.NAME (AGENT.PID)\n"
	  "  --rights A,B    what it may do, of what AGENT may (all of that)\n"
	  "  --env NAME      keep this variable; NAME=VALUE sets one. Unless under self, only those\n"
	  "                  are kept that the policy `untrusted` keeps, and HOME is this directory\n"
	  "\n"
	  "  agentctl spawn --under coder --name tests --rights file-read,file-exec -- make test\n" },
	{ "kill", cmd_kill, "kill agents with everything they started",
	  "Usage: agentctl kill [--wait SECONDS] NAME|ID|PATTERN...\n"
	  "       agentctl kill [--wait SECONDS] --all\n"
	  "Kills every process of the agents and of those below them; nothing they forked survives.\n"
	  "Works without agentosd.\n"
	  "\n"
	  "  --all           every agent there is: the panic stop\n"
	  "  --wait SECONDS  return when the last process is gone, or fail after SECONDS (5)\n"
	  "\n"
	  "  agentctl kill demo-123\n"
	  "  agentctl kill --wait 30 7 8 9\n"
	  "  agentctl kill 'coder-*'\n" },
	{ "pause", cmd_pause, "hold every thread of agents",
	  "Usage: agentctl pause [--wait SECONDS] NAME|ID|PATTERN...\n"
	  "       agentctl pause [--wait SECONDS] --all\n"
	  "Holds every thread of the agents and of those below them until `agentctl resume`; what\n"
	  "they start meanwhile is held too. They can still be killed.\n"
	  "\n"
	  "  --all           every agent there is\n"
	  "  --wait SECONDS  return when all are held, or fail after SECONDS (5); what is in the\n"
	  "                  kernel by then is held before it comes out\n"
	  "\n"
	  "  agentctl pause coder\n"
	  "  agentctl pause --all\n" },
	{ "resume", cmd_resume, "let paused agents go on",
	  "Usage: agentctl resume NAME|ID|PATTERN...\n"
	  "       agentctl resume --all\n"
	  "Lets agents go on that were paused; what is below another paused one waits for that.\n"
	  "\n"
	  "  agentctl resume coder\n" },
	{ "wait", cmd_wait, "wait until agents have ended",
	  "Usage: agentctl wait [--timeout SECONDS] [--json] NAME|ID|PATTERN...\n"
	  "Waits until all of the agents have ended, and says how.\n"
	  "\n"
	  "  --timeout SECONDS  fail after so long (never)\n"
	  "\n"
	  "  agentctl wait coder && echo done\n" },
	{ "budget", cmd_budget, "show or limit what an agent uses up",
	  "Usage: agentctl budget [--json] AGENT\n"
	  "       agentctl budget AGENT RESOURCE LIMIT [--period TIME] [--action ACTION]\n"
	  "Shows what the agent and those below it may use and have used, or sets a limit. A limit\n"
	  "holds for all of them together.\n"
	  "\n"
	  "  RESOURCE         tokens, microdollars, tool-calls, net-bytes, cpu-ns, wall-ns\n"
	  "  LIMIT            200k, $1.50, 10MiB, 90s; none for no limit\n"
	  "  --period TIME    after which what was used counts no more (24h; never)\n"
	  "  --action ACTION  at the end of it: refuse, pause or kill (refuse)\n"
	  "\n"
	  "  agentctl budget coder\n"
	  "  agentctl budget coder microdollars '$5' --period 24h\n"
	  "  agentctl budget coder wall-ns 2h --action kill\n" },
	{ "sched", cmd_sched, "show or set how much an agent matters",
	  "Usage: agentctl sched [--json] AGENT\n"
	  "       agentctl sched AGENT [--criticality N] [--phase PHASE] [--deadline TIME]\n"
	  "Shows or sets the agent's priority, for every thread of it and of those below it.\n"
	  "\n"
	  "  --criticality N  0 to 100; 50 is as any program, above that takes root\n"
	  "  --phase PHASE    working, interactive, waiting, background\n"
	  "  --deadline TIME  from now, for schedulers in user space; or none\n"
	  "\n"
	  "  agentctl sched coder\n"
	  "  agentctl sched coder --phase background\n" },
	{ "rights", cmd_rights, "show, narrow or take away what an agent may do",
	  "Usage: agentctl rights [--json] AGENT\n"
	  "       agentctl rights AGENT --keep A,B | --drop A,B\n"
	  "       agentctl rights AGENT --revoke [--hard]\n"
	  "Shows the agent's rights, or takes some or all away, from those below it as well, for\n"
	  "good. It holds from each thread's next act on; what is open stays open.\n"
	  "\n"
	  "  --keep A,B  these at most\n"
	  "  --drop A,B  not these\n"
	  "  --revoke    none at all\n"
	  "  --hard      and kill them\n"
	  "\n"
	  "  agentctl rights coder --drop net-connect\n" },
	{ "send", cmd_send, "put a message into an agent's mailbox",
	  "Usage: agentctl send [--wait] AGENT [TEXT]\n"
	  "Sends TEXT, or what is read from standard input: one message of at most 64 KiB. The\n"
	  "kernel says with it who sent it.\n"
	  "\n"
	  "  --wait  for room, when the mailbox is full\n"
	  "\n"
	  "  agentctl send coder 'stop after this file'\n" },
	{ "recv", cmd_recv, "take a message out of an agent's mailbox",
	  "Usage: agentctl recv [--wait | --follow] [--json] AGENT\n"
	  "Takes out the oldest message and prints it: its bytes alone where standard output is no\n"
	  "terminal.\n"
	  "\n"
	  "  --wait    for one\n"
	  "  --follow  print each as it comes, until the agent has ended\n"
	  "\n"
	  "  agentctl recv --json coder\n" },
	{ "audit", cmd_audit, "show what agents did and what was refused", NULL },
	{ "denials", cmd_denials, "show what one agent was refused, and what to ask for",
	  "Usage: agentctl denials [AGENT]\n"
	  "Prints what AGENT and those below it were refused, as it can read it itself in the file\n"
	  "that its environment names in AGENTOS_DENIALS: a line each, with what to ask for. Within\n"
	  "an agent, and without AGENT, its own. For its owner and root.\n"
	  "\n"
	  "  agentctl denials coder\n" },
	{ "policy", cmd_policy, "list and check policies", NULL },
	{ "vault", cmd_vault, "keep API keys for the gateway", NULL },
	{ "providers", cmd_providers, "list providers and models with their prices",
	  "Usage: agentctl providers [--json]\n"
	  "       agentctl providers --check [--json] FILE...\n"
	  "Lists the providers of models and the models with their prices: those that are built in,\n"
	  "and those of the files providers, models and routes in /etc/agentos.\n"
	  "\n"
	  "  --check  read files of rows, together, upon what is built in; what is wrong is one\n"
	  "           line with file, line and what would be valid\n"
	  "\n"
	  "  agentctl providers | less -S\n"
	  "  agentctl providers --check /etc/agentos/providers /etc/agentos/models\n"
	  "  agentctl providers --json | jq '.models[] | select(.provider == \"anthropic\")'\n" },
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

/* word: one of the command's own, which some of them have; NULL: none. */
static int help_one(const char *name, const char *word)
{
	const struct command *c = command_find(name);
	char *argv[] = { (char *)name, "--help", NULL, NULL };

	if (!c)
		return command_unknown(name);
	if (!c->help && word) {
		argv[1] = (char *)word;
		argv[2] = "--help";
	}
	if (!c->help)
		return c->run(argv[2] ? 3 : 2, argv);
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
		return help_one(argv[2], argv[3]);
	if (strcmp(argv[1], "--version") == 0) {
		printf("agentctl (AgentOS), ABI %d, control protocol %d\n", AGENTOS_ABI,
		       CONTROL_VERSION);
		return CTL_OK;
	}
	c = command_find(argv[1]);
	if (!c)
		return command_unknown(argv[1]);
	if (c->help && argc > 2 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0))
		return help_one(c->name, NULL);
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

void ctl_files_raise(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

const char *ctl_setting(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return value && value[0] ? value : fallback;
}
