// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl top: the agents, live: what they do, run, and use up. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/amount.h"
#include "ctl/agents.h"
#include "ctl/ctl.h"
#include "kern/device.h"

#define TOP_EACH_MS  1000
#define TOP_FIRST_MS 200 /* until the first shares of a processor can be told */
#define TOP_ROWS_MIN 4
#define SCREEN_BEGIN "\033[?1049h\033[?25l"
#define SCREEN_END   "\033[?25h\033[?1049l"
#define SCREEN_HOME  "\033[H"
#define LINE_END     "\033[K\r\n"
#define SCREEN_REST  "\033[J"
#define BOLD	     "\033[1m"
#define PLAIN	     "\033[0m"

struct row {
	struct agentos_info info;
	uint64_t tokens, dollars;
	unsigned int percent; /* of one processor, since the last look */
};

struct look {
	struct row *rows;
	size_t count;
	uint64_t time_ns;
};

static volatile sig_atomic_t ended;

static void end(int signal)
{
	ended = 1;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static uint64_t used(int agent, uint32_t resource)
{
	struct agentos_budget_get budget;

	return agentos_budget_read(agent, resource, &budget) ? 0 : budget.ret_used;
}

static const struct row *row_of(const struct look *look, uint64_t id)
{
	size_t i;

	for (i = 0; i < look->count; i++)
		if (look->rows[i].info.ret_id == id)
			return &look->rows[i];
	return NULL;
}

static void row_fill(int dev, struct row *row, const struct look *before, uint64_t passed_ns)
{
	const struct row *was = row_of(before, row->info.ret_id);
	int agent = agentos_dev_agent(dev, row->info.ret_id, AGENTOS_ACCESS_INSPECT);

	if (agent >= 0) {
		row->tokens = used(agent, AGENTOS_RESOURCE_TOKENS);
		row->dollars = used(agent, AGENTOS_RESOURCE_MICRODOLLARS);
		close(agent);
	}
	if (was && passed_ns)
		row->percent = (unsigned int)((row->info.ret_cpu_ns - was->info.ret_cpu_ns) * 100 /
					      passed_ns);
}

/* Busiest first, then in order of id. */
static int row_compare(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->percent != y->percent)
		return x->percent < y->percent ? 1 : -1;
	return x->info.ret_id < y->info.ret_id ? -1 : 1;
}

/* Takes the place of *look. */
static int look_again(int dev, struct look *look, struct fault *f)
{
	struct look next = { .time_ns = now_ns() };
	struct agentos_info *infos;
	size_t listed, i;
	int err = agents_list(dev, &infos, &listed, f);

	if (err)
		return err;
	next.rows = calloc(listed + 1, sizeof(*next.rows));
	for (i = 0; i < listed && next.rows; i++) {
		if (infos[i].ret_state == AGENTOS_STATE_EXITED)
			continue;
		next.rows[next.count].info = infos[i];
		row_fill(dev, &next.rows[next.count++], look,
			 look->time_ns ? next.time_ns - look->time_ns : 0);
	}
	free(infos);
	if (!next.rows)
		return fault_set(f, ENOMEM, "out of memory");
	free(look->rows);
	qsort(next.rows, next.count, sizeof(*next.rows), row_compare);
	*look = next;
	return 0;
}

/* Names are printable ASCII: the kernel has seen to that. */
static void row_print(const struct row *row, const char *line_end)
{
	char cpu[32], waited[32], tokens[32], dollars[32];

	amount_text(AGENTOS_RESOURCE_CPU_NS, row->info.ret_cpu_ns, cpu, sizeof(cpu));
	amount_text(AGENTOS_RESOURCE_CPU_NS, row->info.ret_wait_ns, waited, sizeof(waited));
	amount_text(AGENTOS_RESOURCE_TOKENS, row->tokens, tokens, sizeof(tokens));
	amount_text(AGENTOS_RESOURCE_MICRODOLLARS, row->dollars, dollars, sizeof(dollars));
	printf("%6" PRIu64 " %-24.24s %-8s %-11s %5u %4u %8s %8s %8s %10s %7" PRIu64 " %4u%s%s",
	       (uint64_t)row->info.ret_id, row->info.ret_name, agents_state(&row->info),
	       agents_phase(&row->info), row->info.ret_threads, row->percent, cpu, waited, tokens,
	       dollars, (uint64_t)row->info.ret_denials, row->info.ret_messages,
	       row->info.ret_flags & AGENTOS_CREATE_AUDIT_ONLY ? "  AUDIT-ONLY" : "", line_end);
}

static void look_print(const struct look *look, size_t rows, bool colour, const char *line_end)
{
	size_t i;

	printf("%s%6s %-24s %-8s %-11s %5s %4s %8s %8s %8s %10s %7s %4s%s%s", colour ? BOLD : "",
	       "ID", "NAME", "STATE", "PHASE", "THR", "CPU%", "CPU", "WAITED", "TOKENS", "MONEY",
	       "DENIALS", "MAIL", colour ? PLAIN : "", line_end);
	for (i = 0; i < look->count && i < rows; i++)
		row_print(&look->rows[i], line_end);
	if (look->count > rows)
		printf("and %zu more%s", look->count - rows, line_end);
}

static size_t screen_rows(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_row < TOP_ROWS_MIN)
		return 20;
	return size.ws_row - 3u;
}

/* Waits; true when q was pressed or a signal came. */
static bool top_wait(int ms)
{
	struct pollfd pollfd = { .fd = STDIN_FILENO, .events = POLLIN };
	char key = 0;

	if (poll(&pollfd, 1, ms) == 1 && (read(STDIN_FILENO, &key, 1) != 1 || key == 'q'))
		return true;
	return ended;
}

/* On the terminal's second screen, which is left as it was found. */
static int top_live(int dev, int each_ms)
{
	struct sigaction action = { .sa_handler = end };
	struct termios before, raw;
	struct look look = { 0 };
	struct fault f = { "" };
	int wait_ms = TOP_FIRST_MS, err;

	if (tcgetattr(STDIN_FILENO, &before)) {
		ctl_complain("top: standard input is no terminal; --once prints one list");
		return CTL_FAILED;
	}
	raw = before;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs(SCREEN_BEGIN, stdout);
	do {
		err = look_again(dev, &look, &f);
		if (err)
			break;
		fputs(SCREEN_HOME, stdout);
		printf("agents: %zu; q ends%s", look.count, LINE_END);
		look_print(&look, screen_rows(), ctl_colour(STDOUT_FILENO), LINE_END);
		fputs(SCREEN_REST, stdout);
		fflush(stdout);
		if (top_wait(wait_ms))
			break;
		wait_ms = each_ms;
	} while (!ended);
	fputs(SCREEN_END, stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	free(look.rows);
	if (err)
		ctl_complain("%s", f.text);
	return err ? CTL_FAILED : CTL_OK;
}

/* Two looks, so that shares of a processor can be told. */
static int top_once(int dev)
{
	const struct timespec first = { .tv_nsec = TOP_FIRST_MS * 1000000L };
	struct look look = { 0 };
	struct fault f = { "" };
	int err = look_again(dev, &look, &f);

	if (!err) {
		nanosleep(&first, NULL);
		err = look_again(dev, &look, &f);
	}
	if (err)
		ctl_complain("%s", f.text);
	else
		look_print(&look, look.count, false, "\n");
	free(look.rows);
	return err ? CTL_FAILED : CTL_OK;
}

int cmd_top(int argc, char **argv)
{
	static const struct option options[] = { { "once", no_argument, NULL, 'o' },
						 { "every", required_argument, NULL, 'e' },
						 { 0 } };
	uint64_t each_ns = TOP_EACH_MS * 1000000ULL;
	bool once = false;
	struct fault f;
	int opt, dev, status;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'o':
			once = true;
			break;
		case 'e':
			if (amount_duration(optarg, &each_ns) || each_ns < 100000000 ||
			    each_ns > 3600000000000)
				return ctl_usage("top", "--every takes a time from 100ms to 1h");
			break;
		default:
			return ctl_usage("top", "unknown option, or one without its value");
		}
	}
	if (optind < argc)
		return ctl_usage("top", "takes no names");
	dev = device_open(O_RDWR, &f);
	if (dev < 0) {
		ctl_complain("%s", f.text);
		return CTL_FAILED;
	}
	status = once || !isatty(STDOUT_FILENO) ? top_once(dev) :
						  top_live(dev, (int)(each_ns / 1000000));
	close(dev);
	return status;
}
