// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl kill, pause, resume, wait: one or many agents, straight through the device. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
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
	int *agents; /* descriptors, or NULL; negative: it ended meanwhile */
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
 * Where some words mean nothing, or some may not be touched, it is done to the
 * others: who stops things does not want to be stopped by a typing error, nor by
 * whoever reads what is printed.
 */
static int control_begin(struct control *c, int argc, char **argv)
{
	struct fault f;
	int status = control_options(c, argc, argv);

	if (status)
		return status;
	signal(SIGPIPE, SIG_IGN);
	c->dev = device_open(O_RDWR, &f);
	if (c->dev < 0 || select_agents(c->dev, argv + optind, (size_t)(argc - optind), c->all,
					&c->infos, &c->count, &c->failed, &f)) {
		ctl_complain("%s", f.text);
		return CTL_FAILED;
	}
	c->deadline_ms = now_ms() + (uint64_t)(c->wait_s < 0 ? 0 : c->wait_s) * 1000;
	return CTL_OK;
}

/* Descriptors of all, for who is to say of each how it ended. */
static int control_hold(struct control *c)
{
	size_t i;

	c->agents = calloc(c->count + 1, sizeof(*c->agents));
	if (!c->agents) {
		ctl_complain("out of memory");
		return CTL_FAILED;
	}
	ctl_files_raise();
	for (i = 0; i < c->count; i++) {
		c->agents[i] = select_open(c->dev, &c->infos[i], AGENTOS_ACCESS_INSPECT);
		c->failed |= c->agents[i] < 0 && c->agents[i] != -ESRCH;
	}
	return CTL_OK;
}

/*
 * Does one thing to each, of which one is open at a time: there may be more of
 * them than descriptors. One that ended meanwhile needs nothing.
 */
static void control_each(struct control *c, int (*act)(int agent, uint32_t *count),
			 const char *what)
{
	uint32_t ignored;
	int agent, err;
	size_t i;

	for (i = 0; i < c->count; i++) {
		agent = select_open(c->dev, &c->infos[i], AGENTOS_ACCESS_CONTROL);
		if (agent < 0) {
			c->failed |= agent != -ESRCH;
			/* What was not done is not waited for. */
			c->infos[i].ret_id = 0;
			continue;
		}
		err = act(agent, &ignored);
		close(agent);
		if (!err || err == -ESRCH)
			continue;
		ctl_complain("%s: cannot %s: %s", c->infos[i].ret_name, what, strerror(-err));
		c->failed = true;
	}
}

/* To look at: the one held, or one for the moment, which control_shut() closes. */
static int control_look(const struct control *c, size_t i)
{
	if (c->agents)
		return c->agents[i];
	return c->infos[i].ret_id ?
		       agentos_dev_agent(c->dev, c->infos[i].ret_id, AGENTOS_ACCESS_INSPECT) :
		       -ESRCH;
}

static void control_shut(const struct control *c, int agent)
{
	if (!c->agents && agent >= 0)
		close(agent);
}

static void control_wait_exit(struct control *c)
{
	int agent;
	size_t i;

	for (i = 0; i < c->count; i++) {
		agent = control_look(c, i);
		if (agent >= 0 && agentos_agent_wait(agent, left_ms(c))) {
			ctl_complain(
				"%s: still there after %d s: `agentctl show %llu` lists its processes",
				c->infos[i].ret_name, c->wait_s,
				(unsigned long long)c->infos[i].ret_id);
			c->failed = true;
		}
		control_shut(c, agent);
	}
}

/* What all of them end with. */
static int control_finish(struct control *c, int status)
{
	control_end(c);
	return c->failed && !status ? CTL_FAILED : status;
}

int cmd_kill(int argc, char **argv)
{
	struct control c = { .name = "kill", .dev = -1, .wait_s = WAIT_KILL_S };
	int status = control_begin(&c, argc, argv);

	if (!status) {
		control_each(&c, agentos_agent_kill, "kill");
		control_wait_exit(&c);
	}
	return control_finish(&c, status);
}

/* Threads are held where they next come from the kernel: almost at once, but not quite. */
static void control_wait_held(struct control *c)
{
	const struct timespec pause_ = { .tv_nsec = LOOK_MS * 1000000L };
	struct agentos_info info = { 0 };
	int agent;
	size_t i;

	for (i = 0; i < c->count; i++) {
		agent = control_look(c, i);
		if (agent < 0)
			continue;
		while (!agentos_agent_info(agent, &info) && info.ret_held < info.ret_threads &&
		       left_ms(c))
			nanosleep(&pause_, NULL);
		control_shut(c, agent);
		if (info.ret_held >= info.ret_threads)
			continue;
		ctl_complain("%s: %u of %u threads are still in the kernel; "
			     "they are held before they leave it",
			     info.ret_name, info.ret_threads - info.ret_held, info.ret_threads);
		c->failed = true;
	}
}

int cmd_pause(int argc, char **argv)
{
	struct control c = { .name = "pause", .dev = -1, .wait_s = WAIT_PAUSE_S };
	int status = control_begin(&c, argc, argv);

	if (!status) {
		control_each(&c, agentos_agent_pause, "pause");
		control_wait_held(&c);
	}
	return control_finish(&c, status);
}

static int resume(int agent, uint32_t *ignored)
{
	return agentos_agent_resume(agent);
}

int cmd_resume(int argc, char **argv)
{
	struct control c = { .name = "resume", .dev = -1 };
	int status = control_begin(&c, argc, argv);

	if (!status)
		control_each(&c, resume, "resume");
	return control_finish(&c, status);
}

int cmd_wait(int argc, char **argv)
{
	struct control c = { .name = "wait", .dev = -1, .wait_s = -1 };
	struct agentos_info info;
	char outcome[64];
	size_t i;
	int status = control_begin(&c, argc, argv);

	if (!status)
		status = control_hold(&c);
	if (!status)
		control_wait_exit(&c);
	for (i = 0; i < c.count && !status; i++) {
		if (c.agents[i] < 0 || agentos_agent_info(c.agents[i], &info) ||
		    info.ret_state != AGENTOS_STATE_EXITED)
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
	return control_finish(&c, status);
}
