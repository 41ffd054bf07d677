// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl ps, agentctl tree: the agents that the kernel knows. */
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/agents.h"
#include "ctl/ctl.h"
#include "kern/device.h"

static void ps_row(const struct agentos_info *info)
{
	const struct passwd *owner = getpwuid(info->ret_owner);
	char age[32], rights[512], number[16];

	agents_age(info, age, sizeof(age));
	agents_rights(info->ret_rights, rights, sizeof(rights));
	snprintf(number, sizeof(number), "%u", info->ret_owner);
	printf("%6" PRIu64 "  %-20s %-8s %6u %6u  %-10s %8s  %s%s%s\n", (uint64_t)info->ret_id,
	       info->ret_name, agents_state(info), info->ret_policy, info->ret_tasks,
	       owner ? owner->pw_name : number, age, rights,
	       info->ret_flags & AGENTOS_CREATE_AUDIT_ONLY ? " (AUDIT-ONLY)" : "",
	       info->ret_flags & AGENTOS_CREATE_STRICT ? " (strict)" : "");
}

static void ps_json(const struct agentos_info *infos, size_t count)
{
	size_t i;

	fputs("{\"agents\":[", stdout);
	for (i = 0; i < count; i++) {
		fputs(i ? ",{" : "{", stdout);
		agents_json(stdout, &infos[i]);
		fputc('}', stdout);
	}
	fputs("]}\n", stdout);
}

static void ps_text(const struct agentos_info *infos, size_t count)
{
	size_t i;

	printf("%6s  %-20s %-8s %6s %6s  %-10s %8s  %s\n", "ID", "NAME", "STATE", "POLICY", "TASKS",
	       "OWNER", "AGE", "RIGHTS");
	for (i = 0; i < count; i++)
		ps_row(&infos[i]);
}

/* Those below a parent, each with its own below it. A parent that is gone is none. */
static void tree_below(const struct agentos_info *infos, size_t count, uint64_t parent,
		       unsigned int depth)
{
	char age[32];
	size_t i;

	for (i = 0; i < count && depth <= AGENTOS_DEPTH_MAX; i++) {
		if (infos[i].ret_parent != parent)
			continue;
		agents_age(&infos[i], age, sizeof(age));
		printf("%*s%s (%" PRIu64 ")  %s%s%s, %u task%s, %s\n", (int)(2 * depth), "",
		       infos[i].ret_name, (uint64_t)infos[i].ret_id, agents_state(&infos[i]),
		       infos[i].ret_flags & AGENTOS_CREATE_GROUP ? ", a group" : "",
		       infos[i].ret_flags & AGENTOS_CREATE_AUDIT_ONLY ? ", AUDIT-ONLY" : "",
		       infos[i].ret_tasks, infos[i].ret_tasks == 1 ? "" : "s", age);
		tree_below(infos, count, infos[i].ret_id, depth + 1);
	}
}

static void tree_text(const struct agentos_info *infos, size_t count)
{
	tree_below(infos, count, 0, 0);
}

static int list(int argc, char **argv, void (*text)(const struct agentos_info *infos, size_t count))
{
	struct agentos_info *infos;
	struct fault f;
	size_t count;
	bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
	int dev, err;

	if (argc > 1 && !json)
		return ctl_usage(argv[0], "takes only --json");
	dev = device_open(O_RDWR, &f);
	if (dev < 0)
		goto failed;
	err = agents_list(dev, &infos, &count, &f);
	close(dev);
	if (err)
		goto failed;
	if (json)
		ps_json(infos, count);
	else
		text(infos, count);
	free(infos);
	return CTL_OK;

failed:
	ctl_complain("%s", f.text);
	return CTL_FAILED;
}

int cmd_ps(int argc, char **argv)
{
	return list(argc, argv, ps_text);
}

int cmd_tree(int argc, char **argv)
{
	return list(argc, argv, tree_text);
}
