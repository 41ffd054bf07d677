// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl sched, agentctl rights: how much an agent matters, and what it may still do. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/amount.h"
#include "ctl/agents.h"
#include "ctl/ctl.h"
#include "ctl/select.h"
#include "lib/libagentos.h"

static int sched_show(const char *name, bool json)
{
	struct agentos_info info;
	int agent = select_one(name, AGENTOS_ACCESS_INSPECT, &info);
	char cpu[32], waited[32], efficiency[16], cost[16];

	if (agent < 0)
		return CTL_FAILED;
	close(agent);
	amount_fixed_text(info.ret_efficiency, efficiency, sizeof(efficiency));
	amount_fixed_text(info.ret_cost, cost, sizeof(cost));
	if (json) {
		printf("{\"criticality\":%u,\"phase\":\"%s\",\"nice\":%d,\"deadline_ns\":%" PRIu64
		       ",\"efficiency\":%s,\"cost\":%s,\"cpu_ns\":%" PRIu64 ",\"wait_ns\":%" PRIu64
		       "}\n",
		       info.ret_criticality, agents_phase(&info), info.ret_nice,
		       (uint64_t)info.ret_deadline_ns, efficiency, cost, (uint64_t)info.ret_cpu_ns,
		       (uint64_t)info.ret_wait_ns);
		return CTL_OK;
	}
	amount_text(AGENTOS_RESOURCE_CPU_NS, info.ret_cpu_ns, cpu, sizeof(cpu));
	amount_text(AGENTOS_RESOURCE_CPU_NS, info.ret_wait_ns, waited, sizeof(waited));
	printf("%-11s %u\n%-11s %s\n%-11s %s\n%-11s %s\n%-11s %d\n", "criticality",
	       info.ret_criticality, "phase", agents_phase(&info), "efficiency", efficiency, "cost",
	       cost, "nice", info.ret_nice);
	printf("%-11s %s, and waited %s for a processor\n", "ran", cpu, waited);
	return CTL_OK;
}

static int number_parse(const char *text, unsigned long most, uint32_t *ret)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || value > most)
		return -EINVAL;
	*ret = (uint32_t)value;
	return 0;
}

static int sched_set(const char *name, const struct agentos_sched_options *wanted, bool criticality,
		     bool phase, bool deadline)
{
	struct agentos_sched_options o = *wanted;
	struct agentos_info info;
	int agent = select_one(name, AGENTOS_ACCESS_CONTROL | AGENTOS_ACCESS_INSPECT, &info), err;

	if (agent < 0)
		return CTL_FAILED;
	/* What was not said stays. */
	if (!criticality)
		o.criticality = info.ret_criticality;
	if (!phase)
		o.phase = info.ret_phase;
	if (!deadline)
		o.deadline_ns = info.ret_deadline_ns;
	o.efficiency = info.ret_efficiency;
	o.cost = info.ret_cost;
	err = agentos_agent_sched(agent, &o, NULL);
	close(agent);
	if (!err)
		return CTL_OK;
	if (err == -EPERM)
		ctl_complain("%s: only root may set a criticality above %d", info.ret_name,
			     AGENTOS_CRITICALITY_START);
	else if (err == -EINVAL)
		ctl_complain("%s: its deadline has passed: give another, or --deadline none",
			     info.ret_name);
	else
		ctl_complain("%s: %s", info.ret_name,
			     err == -ESRCH ? "it is ending" : strerror(-err));
	return CTL_FAILED;
}

static int deadline_parse(const char *text, uint64_t *ret_ns)
{
	struct timespec t;
	uint64_t in;

	*ret_ns = 0;
	if (strcmp(text, "none") == 0)
		return 0;
	if (amount_duration(text, &in) || !in)
		return -EINVAL;
	clock_gettime(CLOCK_BOOTTIME, &t);
	*ret_ns = (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
	return __builtin_add_overflow(*ret_ns, in, ret_ns) ? -EINVAL : 0;
}

int cmd_sched(int argc, char **argv)
{
	static const struct option options[] = {
		{ "criticality", required_argument, NULL, 'c' },
		{ "phase", required_argument, NULL, 'p' },
		{ "deadline", required_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' },
		{ 0 }
	};
	struct agentos_sched_options o = { 0 };
	bool criticality = false, phase = false, deadline = false, json = false;
	int opt, number;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			criticality = true;
			if (number_parse(optarg, AGENTOS_CRITICALITY_MAX, &o.criticality))
				return ctl_usage("sched", "--criticality takes 0 to %d",
						 AGENTOS_CRITICALITY_MAX);
			break;
		case 'p':
			phase = true;
			number = agentos_phase_number(optarg);
			if (number < 0)
				return ctl_usage("sched", "--phase takes working, interactive, "
							  "waiting or background");
			o.phase = (uint32_t)number;
			break;
		case 'd':
			deadline = true;
			if (deadline_parse(optarg, &o.deadline_ns))
				return ctl_usage(
					"sched",
					"--deadline takes a time from now like 90s, or none");
			break;
		case 'j':
			json = true;
			break;
		default:
			return ctl_usage("sched", "unknown option, or one without its value");
		}
	}
	if (argc - optind != 1)
		return ctl_usage("sched", "takes the name or id of one agent");
	if (!criticality && !phase && !deadline)
		return sched_show(argv[optind], json);
	if (json)
		return ctl_usage("sched", "--json is for showing, without other options");
	return sched_set(argv[optind], &o, criticality, phase, deadline);
}

int ctl_rights_parse(const char *list, uint64_t *ret_rights, char *wrong, size_t size)
{
	uint64_t rights = 0;
	size_t len;
	int bit;

	for (;; list += len + 1) {
		len = strcspn(list, ",");
		snprintf(wrong, size, "%.*s", (int)len, list);
		if (strcmp(wrong, "all") == 0) {
			rights = AGENTOS_RIGHTS_ALL;
		} else {
			bit = agentos_right_number(wrong);
			if (bit < 0)
				return bit;
			rights |= 1ULL << bit;
		}
		if (!list[len])
			break;
	}
	*ret_rights = rights;
	return 0;
}

void ctl_rights_print(uint64_t rights, const char *between, const char *around)
{
	const char *gap = "";
	unsigned int i;

	for (i = 0; i < AGENTOS_RIGHT_COUNT; i++) {
		if (!(rights & 1ULL << i))
			continue;
		printf("%s%s%s%s", gap, around, agentos_right_name(i), around);
		gap = between;
	}
}

static void rights_table(uint64_t rights)
{
	unsigned int i;

	for (i = 0; i < AGENTOS_RIGHT_COUNT; i++)
		printf("%-3s %s\n", rights & 1ULL << i ? "yes" : "no", agentos_right_name(i));
}

static int rights_show(const char *name, bool json)
{
	struct agentos_info info;
	int agent = select_one(name, AGENTOS_ACCESS_INSPECT, &info);

	if (agent < 0)
		return CTL_FAILED;
	close(agent);
	if (json) {
		fputc('{', stdout);
		agents_json(stdout, &info);
		fputs("}\n", stdout);
	} else {
		rights_table(info.ret_rights);
	}
	return CTL_OK;
}

static int rights_change(const char *name, uint64_t mask, bool revoke, bool hard)
{
	struct agentos_info info;
	int agent = select_one(name, AGENTOS_ACCESS_CONTROL, &info), err;

	if (agent < 0)
		return CTL_FAILED;
	err = revoke ? agentos_agent_revoke(agent, hard ? AGENTOS_REVOKE_HARD : 0, NULL) :
		       agentos_agent_restrict(agent, mask, NULL);
	close(agent);
	if (!err)
		return CTL_OK;
	if (err == -EINVAL)
		ctl_complain("%s: nothing would be left: use --revoke for that", info.ret_name);
	else
		ctl_complain("%s: %s", info.ret_name,
			     err == -ESRCH ? "it is ending" : strerror(-err));
	return CTL_FAILED;
}

int cmd_rights(int argc, char **argv)
{
	static const struct option options[] = {
		{ "keep", required_argument, NULL, 'k' }, { "drop", required_argument, NULL, 'd' },
		{ "revoke", no_argument, NULL, 'r' },	  { "hard", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },	  { 0 }
	};
	bool revoke = false, hard = false, json = false, narrows = false;
	uint64_t mask = AGENTOS_RIGHTS_ALL, rights;
	char wrong[64];
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'k':
		case 'd':
			narrows = true;
			if (ctl_rights_parse(optarg, &rights, wrong, sizeof(wrong)))
				return ctl_usage("rights", "no such right; `agentctl rights NAME` "
							   "lists them");
			mask &= opt == 'k' ? rights : ~rights;
			break;
		case 'r':
			revoke = true;
			break;
		case 'h':
			hard = true;
			break;
		case 'j':
			json = true;
			break;
		default:
			return ctl_usage("rights", "unknown option, or one without its value");
		}
	}
	if (argc - optind != 1)
		return ctl_usage("rights", "takes the name or id of one agent");
	if (revoke && narrows)
		return ctl_usage("rights",
				 "--revoke takes all: it stands without --keep and --drop");
	if (hard && !revoke)
		return ctl_usage("rights", "--hard goes with --revoke");
	if (!revoke && !narrows)
		return rights_show(argv[optind], json);
	return rights_change(argv[optind], mask, revoke, hard);
}
