// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl kill, pause, resume, wait: one or many agents, straight through the device. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/agents.h"
#include "ctl/ctl.h"
#include "ctl/select.h"
#include "kern/device.h"

#define WAIT_KILL_S  5
#define WAIT_PAUSE_S 5
#define WAIT_MAX_S   86400
#define LOOK_MS	     20 /* between two looks at how many threads are held */

struct control {
	const char *name;
	int dev;
	int wait_s; /* -1: for ever */
	bool all, json;
	bool failed; /* for some of what was named */
	struct agentos_info *infos;
	int *agents; /* descriptors; negative: it ended meanwhile */
	size_t count;
	uint64_t deadline_ms; /* CLOCK_MONOTONIC */
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* For poll(): what is left of the time; -1 for ever. */
static int left_ms(const struct control *c)
{
	uint64_t now = now_ms();

	if (c->wait_s < 0)
		return -1;
	return now < c->deadline_ms ? (int)(c->deadline_ms - now) : 0;
}

static int wait_parse(const char *text, int *ret_wait)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end || value < 0 || value > WAIT_MAX_S)
		return -EINVAL;
	*ret_wait = (int)value;
	return 0;
}

static int control_options(struct control *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "wait", required_argument, NULL, 'w' },
		{ "timeout", required_argument, NULL, 'w' },
		{ "all", no_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 }
	};
	int opt;

	opterr = 0;
	optind = 1;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'w':
			if (wait_parse(optarg, &c->wait_s))
				return ctl_usage(c->name, "%s takes 0 to %d seconds",
						 argv[optind - 2], WAIT_MAX_S);
			break;
		case 'a':
			c->all = true;
			break;
		case 'j':
			c->json = true;
			break;
		default:
			return ctl_usage(c->name, "unknown option, or one without its value");
		}
	}
	if (c->all && optind < argc)
		return ctl_usage(c->name, "--all stands alone");
	if (!c->all && optind == argc)
		return ctl_usage(c->name, "takes names, ids or patterns of agents, or --all");
	return CTL_OK;
}

static void control_end(struct control *c)
{
	size_t i;

	for (i = 0; i < c->count && c->agents; i++)
		if (c->agents[i] >= 0)
			close(c->agents[i]);
	free(c->agents);
	free(c->infos);
	if (c->dev >= 0)
		close(c->dev);
}

/*
 * Opens all before anything is done to one. Agents that ended meanwhile are left
 * out. Where some words mean nothing, or some may not be touched, it is done to
 * the others: who stops things does not want to be stopped by a typing error.
 */
static int control_begin(struct control *c, int argc, char **argv, uint32_t access)
{
	struct fault f;
	int status = control_options(c, argc, argv);
	size_t i;

	if (status)
		return status;
	c->dev = device_open(O_RDWR, &f);
	if (c->dev < 0 || select_agents(c->dev, argv + optind, (size_t)(argc - optind), c->all,
					&c->infos, &c->count, &c->failed, &f)) {
		ctl_complain("%s", f.text);
		return CTL_FAILED;
	}
	c->agents = calloc(c->count + 1, sizeof(*c->agents));
	if (!c->agents) {
		ctl_complain("out of memory");
		return CTL_FAILED;
	}
	ctl_files_raise();
	for (i = 0; i < c->count; i++)
		c->agents[i] = -1;
	for (i = 0; i < c->count; i++) {
		c->agents[i] = select_open(c->dev, &c->infos[i], access);
		c->failed |= c->agents[i] < 0 && c->agents[i] != -ESRCH;
	}
	c->deadline_ms = now_ms() + (uint64_t)(c->wait_s < 0 ? 0 : c->wait_s) * 1000;
	return CTL_OK;
}

/* Does one thing to each; a thing that ended meanwhile needs nothing. */
static int control_each(struct control *c, int (*act)(int agent, uint32_t *count), const char *what)
{
	int failed = c->failed, err;
	uint32_t ignored;
	size_t i;

	for (i = 0; i < c->count; i++) {
		if (c->agents[i] < 0)
			continue;
		err = act(c->agents[i], &ignored);
		if (!err || err == -ESRCH)
			continue;
		ctl_complain("%s: cannot %s: %s", c->infos[i].ret_name, what, strerror(-err));
		failed = 1;
	}
	return failed;
}

static int control_wait_exit(struct control *c)
{
	int failed = 0;
	size_t i;

	for (i = 0; i < c->count; i++) {
		if (c->agents[i] < 0 || !agentos_agent_wait(c->agents[i], left_ms(c)))
			continue;
		ctl_complain("%s: still there after %d s: `agentctl show %llu` lists its processes",
			     c->infos[i].ret_name, c->wait_s,
			     (unsigned long long)c->infos[i].ret_id);
		failed = 1;
	}
	return failed;
}

int cmd_kill(int argc, char **argv)
{
	struct control c = { .name = "kill", .dev = -1, .wait_s = WAIT_KILL_S };
	int status = control_begin(&c, argc, argv, AGENTOS_ACCESS_CONTROL | AGENTOS_ACCESS_INSPECT);

	if (!status && control_each(&c, agentos_agent_kill, "kill") | control_wait_exit(&c))
		status = CTL_FAILED;
	control_end(&c);
	return status;
}

/* Threads are held where they next come from the kernel: almost at once, but not quite. */
static int control_wait_held(struct control *c)
{
	const struct timespec pause_ = { .tv_nsec = LOOK_MS * 1000000L };
	struct agentos_info info;
	int failed = 0;
	size_t i;

	for (i = 0; i < c->count; i++) {
		if (c->agents[i] < 0)
			continue;
		while (!agentos_agent_info(c->agents[i], &info) &&
		       info.ret_held < info.ret_threads && left_ms(c))
			nanosleep(&pause_, NULL);
		if (info.ret_held >= info.ret_threads)
			continue;
		ctl_complain("%s: %u of %u threads are still in the kernel; "
			     "they are held before they leave it",
			     info.ret_name, info.ret_threads - info.ret_held, info.ret_threads);
		failed = 1;
	}
	return failed;
}

int cmd_pause(int argc, char **argv)
{
	struct control c = { .name = "pause", .dev = -1, .wait_s = WAIT_PAUSE_S };
	int status = control_begin(&c, argc, argv, AGENTOS_ACCESS_CONTROL | AGENTOS_ACCESS_INSPECT);

	if (!status && control_each(&c, agentos_agent_pause, "pause") | control_wait_held(&c))
		status = CTL_FAILED;
	control_end(&c);
	return status;
}

static int resume(int agent, uint32_t *ignored)
{
	return agentos_agent_resume(agent);
}

int cmd_resume(int argc, char **argv)
{
	struct control c = { .name = "resume", .dev = -1 };
	int status = control_begin(&c, argc, argv, AGENTOS_ACCESS_CONTROL);

	if (!status && control_each(&c, resume, "resume"))
		status = CTL_FAILED;
	control_end(&c);
	return status;
}

int cmd_wait(int argc, char **argv)
{
	struct control c = { .name = "wait", .dev = -1, .wait_s = -1 };
	struct agentos_info info;
	char outcome[64];
	size_t i;
	int status = control_begin(&c, argc, argv, AGENTOS_ACCESS_INSPECT);

	if (!status && control_wait_exit(&c))
		status = CTL_FAILED;
	for (i = 0; i < c.count && !status; i++) {
		if (c.agents[i] < 0 || agentos_agent_info(c.agents[i], &info))
			continue;
		agents_outcome(&info, outcome, sizeof(outcome));
		if (c.json) {
			fputc('{', stdout);
			agents_json(stdout, &info);
			fputs("}\n", stdout);
		} else {
			printf("%s: %s\n", info.ret_name, outcome);
		}
	}
	control_end(&c);
	return c.failed ? CTL_FAILED : status;
}
