// SPDX-License-Identifier: GPL-2.0-or-later
/* Cgroups of agents: their directories, controllers and limits, and when they go. */
#include "kern/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/libagentos.h"

#define OURS	   "agentos"
#define CPU_PERIOD 100000 /* microseconds, the kernel's own default */
#define BFQ_WEIGHT "io.bfq.weight"
#define ROOT_INODE 1 /* of each file system of the kernel's own kind */

/* Wherever cgroup v2 may be mounted, or nowhere. */
static int root_mount(void)
{
	int context = fsopen("cgroup2", FSOPEN_CLOEXEC), fd;

	if (context < 0)
		return -errno;
	fd = fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) ?
		     -1 :
		     fsmount(context, FSMOUNT_CLOEXEC, 0);
	if (fd < 0)
		fd = -errno;
	close(context);
	return fd;
}

/*
 * Where it is mounted already is better than a mount of our own, which would set
 * the options of all (nsdelegate, memory_recursiveprot) anew.
 */
int cgroup_root(void)
{
	static const char *const places[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	struct statfs fs;
	struct stat st;
	size_t i;
	int fd;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		fd = open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC &&
		    fstat(fd, &st) == 0 && st.st_ino == ROOT_INODE)
			return fd;
		close(fd);
	}
	return root_mount();
}

enum kind { MEMORY, PROCESSES, CPU, IO_WEIGHT, KINDS };

/* As the policy has it, and who enforces it. */
static const struct {
	const char *key, *controller;
} kinds[KINDS] = {
	[MEMORY] = { "memory", "memory" },
	[PROCESSES] = { "processes", "pids" },
	[CPU] = { "cpu", "cpu" },
	[IO_WEIGHT] = { "io-weight", "io" },
};

/* In the order in which they are written: what is to come of a limit stands before it does. */
static const struct limit_file {
	const char *name;
	const char *lifted; /* what is in it without a limit */
	enum kind kind;
	bool optional; /* where it is not there, there is nothing that could heed it */
} files[] = {
	{ "memory.oom.group", "0", MEMORY, false },
	{ "memory.swap.max", "max", MEMORY, true },
	{ "memory.max", "max", MEMORY, false },
	{ "pids.max", "max", PROCESSES, false },
	{ "cpu.max", "max", CPU, false },
	{ "io.weight", "default 100", IO_WEIGHT, false }, /* iocost's */
	{ BFQ_WEIGHT, "default 100", IO_WEIGHT, true },	  /* the scheduler bfq's own */
};

#define FILES (sizeof(files) / sizeof(files[0]))

static bool kind_given(const struct compiled_limits *l, enum kind kind)
{
	const bool given[KINDS] = { l->memory, l->processes, l->cpu, l->io_weight };

	return given[kind];
}

bool cgroup_needed(const struct compiled_limits *limits)
{
	enum kind kind;

	for (kind = 0; kind < KINDS; kind++)
		if (kind_given(limits, kind))
			return true;
	return false;
}

/* 1 to 10000 into 1 to 1000, where 100 is as without in either: as systemd has it for IOWeight=. */
static uint32_t bfq_weight(uint32_t weight)
{
	return weight <= 100 ? weight : 100 + (weight - 100) * (1000 - 100) / (10000 - 100);
}

static void file_text(const struct limit_file *file, const struct compiled_limits *l, char *text,
		      size_t size)
{
	if (!kind_given(l, file->kind))
		snprintf(text, size, "%s", file->lifted);
	else if (file->kind == PROCESSES)
		snprintf(text, size, "%" PRIu32, l->processes);
	else if (file->kind == CPU)
		snprintf(text, size, "%" PRIu64 " %d", (uint64_t)l->cpu * CPU_PERIOD / 100,
			 CPU_PERIOD);
	else if (strcmp(file->name, BFQ_WEIGHT) == 0)
		snprintf(text, size, "default %" PRIu32, bfq_weight(l->io_weight));
	else if (file->kind == IO_WEIGHT)
		snprintf(text, size, "default %" PRIu32, l->io_weight);
	else if (strcmp(file->name, "memory.max") == 0)
		snprintf(text, size, "%" PRIu64, l->memory);
	else
		/* What does not fit is not swapped out; and who is killed for it is all of the agent. */
		snprintf(text, size, "%s", strcmp(file->name, "memory.oom.group") == 0 ? "1" : "0");
}

static int file_write(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* Is the word in a file of words? */
static bool file_has(int dir, const char *name, const char *word)
{
	char text[512], *at, *save = NULL;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (len < 0)
		return false;
	text[len] = '\0';
	for (at = strtok_r(text, " \n", &save); at; at = strtok_r(NULL, " \n", &save))
		if (strcmp(at, word) == 0)
			return true;
	return false;
}

static int limit_fault(struct fault *f, enum kind kind, int error, const char *why)
{
	return fault_set(f, error, "limits.%s cannot be enforced: %s", kinds[kind].key, why);
}

static int controller_enable(int dir, enum kind kind, struct fault *f)
{
	char text[32], why[128];
	int err;

	if (file_has(dir, "cgroup.subtree_control", kinds[kind].controller))
		return 0;
	snprintf(text, sizeof(text), "+%s", kinds[kind].controller);
	err = file_write(dir, "cgroup.subtree_control", text);
	if (!err)
		return 0;
	snprintf(why, sizeof(why), "the cgroup controller \"%s\" cannot be enabled: %s",
		 kinds[kind].controller, strerror(-err));
	return limit_fault(f, kind, -err, why);
}

/* Before anything is made: is there a controller for each limit? */
static int controllers_check(int root, const struct compiled_limits *limits, struct fault *f)
{
	enum kind kind;
	char why[160];

	for (kind = 0; kind < KINDS; kind++) {
		if (!kind_given(limits, kind) ||
		    file_has(root, "cgroup.controllers", kinds[kind].controller))
			continue;
		snprintf(why, sizeof(why),
			 "this machine has no cgroup v2 controller \"%s\"; enable it, or take the "
			 "limit out",
			 kinds[kind].controller);
		return limit_fault(f, kind, EOPNOTSUPP, why);
	}
	return 0;
}

static int controllers_enable(int root, int ours, const struct compiled_limits *limits,
			      struct fault *f)
{
	enum kind kind;
	int err = 0;

	for (kind = 0; kind < KINDS && !err; kind++) {
		if (!kind_given(limits, kind))
			continue;
		err = controller_enable(root, kind, f);
		if (!err)
			err = controller_enable(ours, kind, f);
	}
	return err;
}

/* A directory that others may look into. The one that is there already will do. */
static int directory_make(int parent, const char *name)
{
	int fd;

	if (mkdirat(parent, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* The umask may have taken some of it. */
	if (fd >= 0)
		fchmod(fd, 0755);
	return fd < 0 ? -errno : fd;
}

static int directory_open(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* The cgroup that those of agents are in, or a negative errno. */
static int ours_open(void)
{
	int root = cgroup_root(), ours;

	if (root < 0)
		return root;
	ours = directory_open(root, OURS);
	close(root);
	return ours;
}

/* Unless another agent's is in it. */
static void ours_remove(void)
{
	int root = cgroup_root();

	if (root < 0)
		return;
	unlinkat(root, OURS, AT_REMOVEDIR);
	close(root);
}

static void agent_name(uint64_t agent, char name[static 24])
{
	snprintf(name, 24, "%" PRIu64, agent);
}

static int agent_open(uint64_t agent)
{
	int ours = ours_open(), fd;
	char name[24];

	if (ours < 0)
		return ours;
	agent_name(agent, name);
	fd = directory_open(ours, name);
	close(ours);
	return fd;
}

/* Of what is not given, only what is there need be lifted. */
static int limits_write(int dir, const struct compiled_limits *limits, struct fault *f)
{
	char text[48], why[128];
	size_t i;
	int err;

	for (i = 0; i < FILES; i++) {
		file_text(&files[i], limits, text, sizeof(text));
		err = file_write(dir, files[i].name, text);
		if (err == -ENOENT && (files[i].optional || !kind_given(limits, files[i].kind)))
			err = 0;
		if (!err)
			continue;
		snprintf(why, sizeof(why), "%s: %s", files[i].name, strerror(-err));
		return limit_fault(f, files[i].kind, -err, why);
	}
	return 0;
}

static int agent_make(int ours, const char *name, const struct compiled_limits *limits,
		      struct fault *f)
{
	int dir = directory_make(ours, name), procs, err;

	if (dir < 0)
		return fault_set(f, -dir, "cannot make the agent's cgroup: %s", strerror(-dir));
	err = limits_write(dir, limits, f);
	procs = err ? -1 : openat(dir, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	if (!err && procs < 0)
		err = fault_set(f, errno, "cannot open the agent's cgroup: %s", strerror(errno));
	close(dir);
	return err ? err : procs;
}

int cgroup_make(uint64_t agent, const struct compiled_limits *limits, struct fault *f)
{
	int root = cgroup_root(), ours = -1, procs = -1, err;
	char name[24];

	if (root < 0)
		return fault_set(f, -root, "limits cannot be enforced: no cgroup v2: %s",
				 strerror(-root));
	agent_name(agent, name);
	err = controllers_check(root, limits, f);
	if (!err) {
		ours = directory_make(root, OURS);
		err = ours < 0 ? fault_set(f, -ours, "cannot make the cgroup " OURS ": %s",
					   strerror(-ours)) :
				 controllers_enable(root, ours, limits, f);
	}
	if (!err) {
		procs = agent_make(ours, name, limits, f);
		err = procs < 0 ? procs : 0;
		if (err)
			unlinkat(ours, name, AT_REMOVEDIR);
	}
	if (ours >= 0)
		close(ours);
	if (err)
		unlinkat(root, OURS, AT_REMOVEDIR);
	close(root);
	return err ? err : procs;
}

int cgroup_prepare(uint64_t agent, const struct compiled_limits *limits, struct fault *f)
{
	int root, ours, dir, err;

	if (!cgroup_needed(limits))
		return 0;
	dir = agent_open(agent);
	if (dir < 0)
		return dir == -ENOENT ? dir :
					fault_set(f, -dir, "cannot open the agent's cgroup: %s",
						  strerror(-dir));
	close(dir);
	root = cgroup_root();
	ours = ours_open();
	err = root < 0 || ours < 0 ? fault_set(f, ENOENT, "the cgroups of agents are gone") :
				     controllers_check(root, limits, f);
	if (!err)
		err = controllers_enable(root, ours, limits, f);
	if (root >= 0)
		close(root);
	if (ours >= 0)
		close(ours);
	return err;
}

bool cgroup_confines(int dev, const struct agentos_info *agent)
{
	struct agentos_info info = *agent;
	int ours = ours_open(), fd;
	char name[24];
	bool found;

	if (ours < 0)
		return false;
	for (;;) {
		agent_name(info.ret_id, name);
		found = faccessat(ours, name, F_OK, 0) == 0;
		if (found || !info.ret_parent)
			break;
		fd = agentos_dev_agent(dev, info.ret_parent, AGENTOS_ACCESS_INSPECT);
		/* Who cannot be asked any more may have had one. */
		found = fd < 0 || agentos_agent_info(fd, &info);
		if (fd >= 0)
			close(fd);
		if (found)
			break;
	}
	close(ours);
	return found;
}

int cgroup_limit(uint64_t agent, const struct compiled_limits *limits, struct fault *f)
{
	int dir = agent_open(agent), err;

	if (dir == -ENOENT && !cgroup_needed(limits))
		return 0;
	if (dir < 0)
		return fault_set(f, -dir, "cannot open the agent's cgroup: %s", strerror(-dir));
	err = limits_write(dir, limits, f);
	close(dir);
	return err;
}

/* Whoever was derived and has not been joined yet needs the cgroup though nobody is in it. */
enum life { LIVES, DESCENDANTS_LIVE, OVER };

static enum life agent_life(int dev, uint64_t agent)
{
	int fd = agentos_dev_agent(dev, agent, AGENTOS_ACCESS_INSPECT), err;
	struct agentos_info info;

	if (fd < 0)
		return fd == -ESRCH ? OVER : LIVES;
	err = agentos_agent_info(fd, &info);
	close(fd);
	if (err ||
	    (info.ret_state != AGENTOS_STATE_EXITING && info.ret_state != AGENTOS_STATE_EXITED))
		return LIVES;
	return info.ret_children ? DESCENDANTS_LIVE : OVER;
}

/* True when it is gone. */
static bool agent_remove(int ours, const char *name, enum life life)
{
	return life == OVER && (unlinkat(ours, name, AT_REMOVEDIR) == 0 || errno == ENOENT);
}

int cgroup_retire(int dev, uint64_t agent)
{
	int ours = ours_open();
	bool gone = true;
	char name[24];

	if (ours < 0)
		return 0;
	agent_name(agent, name);
	if (faccessat(ours, name, F_OK, 0) == 0)
		gone = agent_remove(ours, name, agent_life(dev, agent));
	close(ours);
	if (gone)
		ours_remove();
	return gone ? 0 : -EBUSY;
}

unsigned int cgroup_sweep(int dev)
{
	int ours = ours_open();
	DIR *list = ours < 0 ? NULL : fdopendir(ours);
	unsigned int left = 0;
	struct dirent *entry;
	enum life life;
	uint64_t agent;
	char *end;

	if (!list) {
		if (ours >= 0)
			close(ours);
		return 0;
	}
	while ((entry = readdir(list))) {
		agent = strtoull(entry->d_name, &end, 10);
		if (entry->d_type != DT_DIR || !agent || *end)
			continue;
		life = agent_life(dev, agent);
		left += life != LIVES && !agent_remove(ours, entry->d_name, life);
	}
	closedir(list);
	ours_remove();
	return left;
}
