// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl budget: what an agent may use up, and what it has. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/amount.h"
#include "ctl/ctl.h"
#include "ctl/select.h"
#include "lib/libagentos.h"
#include "rpc/channel.h"

static const char *action_name(uint32_t action)
{
	const char *name = agentos_action_name(action);

	return name ? name : "unknown";
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

/* Network bytes are counted for whoever has a limit: else what is there is not the whole. */
static bool used_is_known(uint32_t resource, const struct agentos_budget_get *b)
{
	return resource != AGENTOS_RESOURCE_NET_BYTES || b->ret_limit != AGENTOS_BUDGET_UNLIMITED;
}

static void budget_row(uint32_t resource, const struct agentos_budget_get *b)
{
	char limit[32], used[32], reserved[32], period[32] = "never", left[32] = "";
	uint64_t now = now_ns();

	amount_text(resource, b->ret_limit, limit, sizeof(limit));
	if (used_is_known(resource, b))
		amount_text(resource, b->ret_used, used, sizeof(used));
	else
		strcpy(used, "-");
	amount_text(resource, b->ret_reserved, reserved, sizeof(reserved));
	if (b->ret_period_ns) {
		amount_text(AGENTOS_RESOURCE_WALL_NS, b->ret_period_ns, period, sizeof(period));
		amount_text(AGENTOS_RESOURCE_WALL_NS,
			    b->ret_reset_ns > now ? b->ret_reset_ns - now : 0, left, sizeof(left));
	}
	printf("%-13s %12s %12s %12s  %-7s %8s %8s\n", agentos_resource_name(resource), limit, used,
	       reserved, action_name(b->ret_action), period, left);
}

static void budget_json(uint32_t resource, const struct agentos_budget_get *b)
{
	printf("\"%s\":{\"limit\":", agentos_resource_name(resource));
	if (b->ret_limit == AGENTOS_BUDGET_UNLIMITED)
		fputs("null", stdout);
	else
		printf("%" PRIu64, (uint64_t)b->ret_limit);
	if (used_is_known(resource, b))
		printf(",\"used\":%" PRIu64, (uint64_t)b->ret_used);
	else
		fputs(",\"used\":null", stdout);
	printf(",\"reserved\":%" PRIu64 ",\"action\":\"%s\""
	       ",\"period_ns\":%" PRIu64 ",\"reset_ns\":%" PRIu64 "}",
	       (uint64_t)b->ret_reserved, action_name(b->ret_action), (uint64_t)b->ret_period_ns,
	       (uint64_t)b->ret_reset_ns);
}

static int budget_show(const char *name, bool json)
{
	struct agentos_budget_get budgets[AGENTOS_RESOURCE_COUNT];
	struct agentos_info info;
	int agent = select_one(name, AGENTOS_ACCESS_INSPECT, &info), err = 0;
	uint32_t i;

	if (agent < 0)
		return CTL_FAILED;
	for (i = 0; i < AGENTOS_RESOURCE_COUNT && !err; i++)
		err = agentos_budget_read(agent, i, &budgets[i]);
	close(agent);
	if (err) {
		ctl_complain("%s: %s", info.ret_name, strerror(-err));
		return CTL_FAILED;
	}
	if (!json)
		printf("%-13s %12s %12s %12s  %-7s %8s %8s\n", "RESOURCE", "LIMIT", "USED",
		       "RESERVED", "AT END", "PERIOD", "RESET IN");
	for (i = 0; i < AGENTOS_RESOURCE_COUNT; i++) {
		if (json) {
			fputs(i ? "," : "{", stdout);
			budget_json(i, &budgets[i]);
		} else {
			budget_row(i, &budgets[i]);
		}
	}
	if (json)
		fputs("}\n", stdout);
	return CTL_OK;
}

/* Counting is agentosd's: until it does, whoever has a limit gets no socket. */
static int budget_count(const char *name)
{
	struct control_request m = { 0 };
	struct channel_request request = { .header = &m.header,
					   .type = CONTROL_COUNT,
					   .size = sizeof(m),
					   .reply = CONTROL_DONE };
	struct control_hello_reply hello;
	union control_message reply;
	struct fault f = { "" };
	struct channel c;
	int err;

	err = channel_open(ctl_setting("AGENTOS_CONTROL", CTL_SOCKET), &c, &hello, &f);
	if (!err) {
		err = channel_call(&c, &request, &reply, NULL, &f);
		channel_close(&c);
	}
	if (!err)
		return CTL_OK;
	ctl_complain("%s: the limit is set, but nobody counts yet, and until then it gets no "
		     "socket: %s",
		     name, f.text);
	return CTL_FAILED;
}

static int budget_limit(const char *name, uint32_t resource, const struct agentos_limit *limit)
{
	struct agentos_info info;
	int agent = select_one(name, AGENTOS_ACCESS_CONTROL, &info), err;

	if (agent < 0)
		return CTL_FAILED;
	err = agentos_budget_limit(agent, resource, limit);
	close(agent);
	if (!err && resource == AGENTOS_RESOURCE_NET_BYTES &&
	    limit->limit != AGENTOS_BUDGET_UNLIMITED)
		return budget_count(info.ret_name);
	if (!err)
		return CTL_OK;
	ctl_complain("%s: %s", info.ret_name, err == -ESRCH ? "it is ending" : strerror(-err));
	return CTL_FAILED;
}

int cmd_budget(int argc, char **argv)
{
	static const struct option options[] = { { "period", required_argument, NULL, 'p' },
						 { "action", required_argument, NULL, 'a' },
						 { "json", no_argument, NULL, 'j' },
						 { 0 } };
	struct agentos_limit limit = { .action = AGENTOS_BUDGET_REFUSE };
	bool json = false, changes = false;
	int opt, resource, action;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'p':
			changes = true;
			if (amount_duration(optarg, &limit.period_ns) || !limit.period_ns)
				return ctl_usage("budget", "--period takes a time like 90s or 24h");
			break;
		case 'a':
			changes = true;
			action = agentos_action_number(optarg);
			if (action < 0)
				return ctl_usage("budget", "--action takes refuse, pause or kill");
			limit.action = (uint32_t)action;
			break;
		case 'j':
			json = true;
			break;
		default:
			return ctl_usage("budget", "unknown option, or one without its value");
		}
	}
	argc -= optind;
	argv += optind;
	if (argc == 1 && !changes)
		return budget_show(argv[0], json);
	if (argc != 3 || json)
		return ctl_usage("budget", "takes an agent, or an agent, a resource and a limit");
	resource = agentos_resource_number(argv[1]);
	if (resource < 0)
		return ctl_usage("budget", "no such resource; there are tokens, microdollars, "
					   "tool-calls, net-bytes, cpu-ns and wall-ns");
	if (amount_parse((uint32_t)resource, argv[2], &limit.limit))
		return ctl_usage("budget", "the limit is no amount of %s: %s, or none", argv[1],
				 amount_forms((uint32_t)resource));
	if (resource == AGENTOS_RESOURCE_WALL_NS && limit.period_ns)
		return ctl_usage("budget", "wall-ns counts from the agent's creation: no --period");
	return budget_limit(argv[0], (uint32_t)resource, &limit);
}
