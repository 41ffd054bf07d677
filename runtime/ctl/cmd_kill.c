// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl kill: ends agents with everything they started, straight through the device. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/agents.h"
#include "ctl/ctl.h"
#include "kern/device.h"

#define KILL_WAIT_S	5
#define KILL_WAIT_MAX_S 86400

static int kill_wait(int agent, const struct agentos_info *info, int wait_s)
{
	struct pollfd ready = { .fd = agent, .events = POLLIN };
	int count = poll(&ready, 1, wait_s * 1000);

	if (count > 0 && ready.revents & (POLLIN | POLLHUP))
		return 0;
	ctl_complain(
		"%s: signalled, but still there after %d s: `agentctl show %llu` lists its processes",
		info->ret_name, wait_s, (unsigned long long)info->ret_id);
	return -ETIMEDOUT;
}

static int kill_one(int dev, const char *name, int wait_s)
{
	struct agentos_info info;
	struct fault f;
	uint32_t tasks;
	int agent, err;

	err = agents_find(dev, name, &info, &f);
	if (err) {
		ctl_complain("%s", f.text);
		return err;
	}
	agent = device_agent_open(dev, info.ret_id,
				  AGENTOS_ACCESS_CONTROL | AGENTOS_ACCESS_INSPECT);
	if (agent == -ESRCH)
		return 0;
	if (agent < 0) {
		ctl_complain("%s: %s", info.ret_name,
			     agent == -EACCES ? "only its owner and root may kill it" :
						strerror(-agent));
		return agent;
	}
	err = agent_kill(agent, &tasks);
	if (err)
		ctl_complain("%s: cannot kill: %s", info.ret_name, strerror(-err));
	else
		err = kill_wait(agent, &info, wait_s);
	close(agent);
	return err;
}

static int wait_parse(const char *text, int *ret_wait)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end || value < 0 || value > KILL_WAIT_MAX_S)
		return -EINVAL;
	*ret_wait = (int)value;
	return 0;
}

int cmd_kill(int argc, char **argv)
{
	static const struct option options[] = { { "wait", required_argument, NULL, 'w' }, { 0 } };
	int wait_s = KILL_WAIT_S, failed = 0, opt, dev;
	struct fault f;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt != 'w')
			return ctl_usage("kill", "unknown option, or --wait without seconds");
		if (wait_parse(optarg, &wait_s))
			return ctl_usage("kill", "--wait takes 0 to %d seconds", KILL_WAIT_MAX_S);
	}
	if (optind == argc)
		return ctl_usage("kill", "takes names or ids of agents");
	dev = device_open(O_RDWR, &f);
	if (dev < 0) {
		ctl_complain("%s", f.text);
		return CTL_FAILED;
	}
	for (; optind < argc; optind++)
		failed |= kill_one(dev, argv[optind], wait_s) != 0;
	close(dev);
	return failed ? CTL_FAILED : CTL_OK;
}
