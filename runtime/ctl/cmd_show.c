// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl show: one agent, and the processes that are in it. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "ctl/agents.h"
#include "ctl/ctl.h"
#include "kern/device.h"

/* What a process calls itself: its choice, so it is escaped by whoever shows it. */
static void process_name(pid_t pid, char *out, size_t size)
{
	char path[64];
	ssize_t len = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		len = read(fd, out, size - 1);
		close(fd);
	}
	out[len > 0 ? len : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
}

static void show_process(pid_t pid, bool json, bool first)
{
	char name[64], shown[256];

	process_name(pid, name, sizeof(name));
	if (json) {
		printf("%s{\"pid\":%d,\"comm\":", first ? "" : ",", pid);
		json_string(stdout, name);
		fputc('}', stdout);
		return;
	}
	escape_text(shown, sizeof(shown), name, strlen(name));
	printf("%-11s %7d %s\n", first ? "processes" : "", pid, shown);
}

/* Start time and agent are asked for together, so that a pid reused in between is not shown. */
static void show_processes(int dev, uint64_t agent, bool json)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	uint64_t start, id;
	bool first = true;
	pid_t pid;

	while (proc && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (agentos_start_time(pid, &start) || agentos_dev_identify(dev, pid, start, &id) ||
		    id != agent)
			continue;
		show_process(pid, json, first);
		first = false;
	}
	if (proc)
		closedir(proc);
}

static void show_text(const struct agentos_info *info)
{
	char age[32], rights[512], outcome[64];

	agents_age(info, age, sizeof(age));
	agents_rights(info->ret_rights, rights, sizeof(rights));
	agents_outcome(info, outcome, sizeof(outcome));
	printf("%-11s %s (%" PRIu64 ")\n", "agent", info->ret_name, (uint64_t)info->ret_id);
	printf("%-11s %s%s%s\n", "state", agents_state(info), outcome[0] ? ", " : "", outcome);
	printf("%-11s %u%s%s%s\n", "policy", info->ret_policy,
	       info->ret_flags & AGENTOS_CREATE_UNENFORCED ? ", not enforced" : "",
	       info->ret_flags & AGENTOS_CREATE_AUDIT_ONLY ?
		       ", AUDIT-ONLY: what it refuses is done, and recorded" :
		       "",
	       info->ret_flags & AGENTOS_CREATE_STRICT ?
		       ", strict: what cannot be recorded is refused" :
	       info->ret_flags & AGENTOS_CREATE_RECORD_ALLOWED ? ", allowed acts are recorded" :
								 "");
	printf("%-11s %u\n", "owner", info->ret_owner);
	printf("%-11s %s\n", "age", age);
	printf("%-11s %s\n", "rights", rights);
	printf("%-11s %u now, %" PRIu64 " forked\n", "tasks", info->ret_tasks,
	       (uint64_t)info->ret_forks);
}

int cmd_show(int argc, char **argv)
{
	struct agentos_info info;
	struct fault f;
	bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
	const char *name = argc == 2 + json ? argv[1 + json] : NULL;
	int dev, err;

	if (!name || name[0] == '-')
		return ctl_usage("show", "takes the name or id of one agent");
	dev = device_open(O_RDWR, &f);
	if (dev < 0) {
		ctl_complain("%s", f.text);
		return CTL_FAILED;
	}
	err = agents_find(dev, name, &info, &f);
	if (err) {
		ctl_complain("%s", f.text);
	} else if (json) {
		fputc('{', stdout);
		agents_json(stdout, &info);
		fputs(",\"processes\":[", stdout);
		show_processes(dev, info.ret_id, true);
		fputs("]}\n", stdout);
	} else {
		show_text(&info);
		show_processes(dev, info.ret_id, false);
	}
	close(dev);
	return err ? CTL_FAILED : CTL_OK;
}
