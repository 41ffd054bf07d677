/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine around agents, described part by part, so that two moments can be compared. */
#ifndef AGENTOS_TESTS_WORLD_H
#define AGENTOS_TESTS_WORLD_H

#include <dirent.h>
#include <ftw.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/timex.h>
#include <time.h>

#include "tests/escape/canary.h"

/* A part says in lines what it is like now. What moves by itself is left out, each with why. */
struct world_part {
	const char *name;
	void (*see)(FILE *to);
};

static inline uint64_t world_hash(const void *bytes, size_t len, uint64_t hash)
{
	const unsigned char *at = bytes;

	while (len--)
		hash = (hash ^ *at++) * 0x100000001b3;
	return hash;
}

/* What a file says, as text without its last newline; cut, and "" when it cannot be read. */
static inline char *world_read(const char *path)
{
	static char text[16384];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	ssize_t len = 0, got;

	while (fd >= 0 && len < (ssize_t)sizeof(text) - 1 &&
	       (got = read(fd, text + len, sizeof(text) - 1 - (size_t)len)) > 0)
		len += got;
	if (fd >= 0)
		close(fd);
	text[len] = '\0';
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	return text;
}

/* Is it one of a list that ends with NULL? "*" at an end stands for any. */
static inline bool world_named(const char *name, const char *const *list)
{
	size_t len;

	for (; *list; list++) {
		len = strlen(*list);
		if ((*list)[len - 1] == '*' ? strncmp(name, *list, len - 1) == 0 :
					      strcmp(name, *list) == 0)
			return true;
	}
	return false;
}

/* --- files --- */

static FILE *world_to;
static bool world_deep; /* contents, times and extended attributes as well */

static inline void see_attributes(const char *path)
{
	char names[1024], value[256];
	ssize_t len = llistxattr(path, names, sizeof(names)), got, at;

	for (at = 0; at < len; at += (ssize_t)strlen(names + at) + 1) {
		got = lgetxattr(path, names + at, value, sizeof(value));
		fprintf(world_to, " %s=%zd:%llx", names + at, got,
			(unsigned long long)world_hash(value, got > 0 ? (size_t)got : 0, 1));
	}
}

static inline int see_file(const char *path, const struct stat *st, int type, struct FTW *at)
{
	fprintf(world_to, "%s %o %u:%u", path, st->st_mode, st->st_uid, st->st_gid);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		fprintf(world_to, " %u:%u", major(st->st_rdev), minor(st->st_rdev));
	if (world_deep) {
		char target[256] = "";

		fprintf(world_to, " %lu links %ld bytes, %ld.%09ld %ld.%09ld %ld.%09ld",
			(unsigned long)st->st_nlink, (long)st->st_size, (long)st->st_atim.tv_sec,
			st->st_atim.tv_nsec, (long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
			(long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
		if (S_ISREG(st->st_mode)) {
			const char *text = world_read(path);

			fprintf(world_to, " %llx",
				(unsigned long long)world_hash(text, strlen(text), 1));
		}
		if (S_ISLNK(st->st_mode) && readlink(path, target, sizeof(target) - 1) > 0)
			fprintf(world_to, " -> %s", target);
		see_attributes(path);
	}
	fputc('\n', world_to);
	return 0;
}

static inline void see_tree(const char *path, bool deep)
{
	world_deep = deep;
	nftw(path, see_file, 32, FTW_PHYS | FTW_MOUNT);
}

static inline void see_files(FILE *to)
{
	world_to = to;
	see_tree(canary_path("outside"), true);
	see_tree(canary_path("ro"), true);
	see_tree(canary_path("ws/denied"), true);
	see_tree(canary_path("ws/x.secret"), true);
}

/*
 * The rest of the system's files. The root is an overlay: what is changed in it
 * is copied up first, and takes up an inode of its upper layer, which statfs()
 * counts; what was copied up before is read. For the log, which does change, the
 * test mounts a file system of its own.
 */
static inline void see_system(FILE *to)
{
	static const char *const trees[] = { "/dev", "/dev/pts",   "/dev/shm",	  "/run",
					     "/tmp", "/home/demo", "/home/agentu" };
	static const char *const files[] = { "/etc/passwd", "/etc/group", "/etc/shadow" };
	struct statfs root;
	size_t i;

	world_to = to;
	for (i = 0; i < sizeof(trees) / sizeof(trees[0]); i++)
		see_tree(trees[i], false);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		fprintf(to, "%s %llx\n", files[i],
			(unsigned long long)world_hash(
				world_read(files[i]), strlen(world_read(files[i])), 1));
	if (statfs("/", &root) < 0)
		stage_bail("cannot look at /");
	fprintf(to, "/ has %lld inodes left\n", (long long)root.f_ffree);
}

static inline void see_mounts(FILE *to)
{
	fprintf(to, "%s\n%s\n", world_read("/proc/self/mountinfo"), world_read("/proc/swaps"));
}

/* --- processes --- */

static inline void see_status(FILE *to, pid_t pid, const char *text)
{
	/* SigQ counts signals of a user wherever they are pending. */
	static const char *const fields[] = {
		"Name",
		"Umask",
		"TracerPid",
		"Uid",
		"Gid",
		"Groups",
		"NStgid",
		"PPid",
		"Cap*",
		"NoNewPrivs",
		"Seccomp*",
		"Cpus_allowed_list",
		"Mems_allowed_list",
		"Sig*",
		"ShdPnd",
		NULL,
	};
	char name[64];
	const char *line;

	for (line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		if (sscanf(line, "%63[^:]", name) != 1)
			continue;
		/* Whether it sleeps or runs is no matter; that it stopped, or died, is. */
		if (strcmp(name, "State") == 0 && strchr("tTzZxX", line[7]))
			fprintf(to, "%d %.*s\n", pid, (int)strcspn(line, "\n"), line);
		if (!world_named(name, fields) || strcmp(name, "SigQ") == 0)
			continue;
		if (pid == getpid() &&
		    (strncmp(name, "Sig", 3) == 0 || strcmp(name, "ShdPnd") == 0))
			continue; /* the one that looks has handlers and children */
		fprintf(to, "%d %.*s\n", pid, (int)strcspn(line, "\n"), line);
	}
}

/* Priority, nice value, policy, session, start: numbers of /proc/PID/stat, from 3 on. */
static inline unsigned long long see_stat(FILE *to, pid_t pid, const char *text)
{
	static const int shown[] = { 5, 6, 7, 18, 19, 22, 40, 41 };
	const char *at = strrchr(text, ')');
	unsigned long long value, flags = 0;
	size_t i;
	int field;

	if (!at)
		return 0;
	fprintf(to, "%d numbers", pid);
	for (field = 3, at += 2; *at; field++) {
		value = strtoull(at, NULL, 10);
		if (field == 9)
			flags = value;
		for (i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
			if (shown[i] == field)
				fprintf(to, " %d:%.*s", field, (int)strcspn(at, " "), at);
		at += strcspn(at, " ");
		at += *at == ' ';
	}
	fputc('\n', to);
	return flags;
}

static inline void see_canary(FILE *to, pid_t pid)
{
	static const char *const links[] = { "exe",    "cwd",	  "root",   "ns/mnt",	 "ns/net",
					     "ns/pid", "ns/user", "ns/uts", "ns/cgroup", "fd/0",
					     "fd/1",   "fd/2",	  "fd/3" };
	unsigned long word = 0;
	char path[64], target[300];
	size_t i;
	int fd;

	for (i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, links[i]);
		memset(target, 0, sizeof(target));
		if (readlink(path, target, sizeof(target) - 1) > 0)
			fprintf(to, "%d %s %s\n", pid, links[i], target);
	}
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (pread(fd, &word, sizeof(word), (off_t)(uintptr_t)canary.word) == sizeof(word))
		fprintf(to, "%d word %lx\n", pid, word);
	close(fd);
}

static inline void see_process(FILE *to, pid_t pid)
{
	static const char *const files[] = { "limits", "cgroup", "oom_score_adj", "timerslack_ns",
					     "coredump_filter" };
	/* Workers of the kernel come and go, and change their names and priorities. */
	static const char *const workers[] = { "kworker*", "iou-wrk*", NULL };
	char path[64], *text, *line, name[32] = "";
	size_t i;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	text = strdup(world_read(path));
	sscanf(text, "Name: %31s", name);
	/* Nor is there one that ended meanwhile. */
	if (!*text || world_named(name, workers)) {
		free(text);
		return;
	}
	fprintf(to, "process %d\n", pid);
	see_status(to, pid, text);
	free(text);
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fprintf(to, "%d io priority %ld\n", pid, syscall(SYS_ioprio_get, 1, pid));
	if (see_stat(to, pid, world_read(path)) & 0x00200000) /* of the kernel */
		return;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		for (line = strtok(world_read(path), "\n"); line; line = strtok(NULL, "\n"))
			fprintf(to, "%d %s: %s\n", pid, files[i], line);
	}
	for (i = 0; i < 3; i++)
		if (canary.process[i] == pid)
			see_canary(to, pid);
}

static inline void see_processes(FILE *to)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while ((entry = readdir(proc)))
		if (atoi(entry->d_name) > 0)
			see_process(to, atoi(entry->d_name));
	closedir(proc);
}

static inline void see_cgroups(FILE *to)
{
	static const char *const files[] = {
		"cgroup.procs",
		"cgroup.freeze",
		"cgroup.max.descendants",
		"cgroup.subtree_control",
		"cgroup.type",
		"memory.max",
		"pids.max",
		"cpu.max",
		"cpu.weight"
	};
	char path[128];
	size_t i;

	world_to = to;
	see_tree("/sys/fs/cgroup", false);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), CANARY_GROUP "/%s", files[i]);
		fprintf(to, "%s: %s\n", files[i], world_read(path));
	}
}

/* --- settings --- */

static inline int see_setting(const char *path, const struct stat *st, int type, struct FTW *at)
{
	/* What the kernel changes itself, what is another value each time, and what reading does. */
	static const char *const moving[] = {
		"/proc/sys/fs/dentry-state", /* caches */
		"/proc/sys/fs/inode-*",
		"/proc/sys/fs/file-nr", /* what is open now */
		"/proc/sys/fs/aio-nr",
		"/proc/sys/fs/quota/*",		/* counts what was done */
		"/proc/sys/kernel/ns_last_pid", /* forks */
		"/proc/sys/kernel/pty/nr",	/* terminals there are */
		"/proc/sys/kernel/random/uuid", /* a new one each time */
		"/proc/sys/kernel/random/entropy_avail",
		"/proc/sys/kernel/perf_event_max_sample_rate", /* lowered when interrupts take long */
		"/proc/sys/vm/stat_refresh",		       /* reading it does that */
		"/proc/sys/net/netfilter/nf_conntrack_count",
		"/proc/sys/net/ipv4/tcp_fastopen_key", /* made when first asked for */
		"/sys/kernel/mm/page_idle/*",	       /* which memory was used */
		"/sys/kernel/mm/transparent_hugepage/khugepaged/pages_collapsed", /* counts */
		"/sys/kernel/mm/transparent_hugepage/khugepaged/full_scans",
		NULL,
	};

	/*
	 * Debian's kernels note there that somebody asked fanotify about permissions,
	 * whoever that was and refused or not: not looked at is that bit alone.
	 */
	if (strcmp(path, "/proc/sys/kernel/tainted") == 0) {
		fprintf(world_to, "%s: %lx\n", path,
			strtoul(world_read(path), NULL, 10) & ~(1UL << 16));
		return 0;
	}
	/* "stats" below huge pages count what is done with them. */
	if (type == FTW_F && st->st_mode & 0444 && !world_named(path, moving) &&
	    !strstr(path, "/stats/"))
		fprintf(world_to, "%s: %s\n", path, world_read(path));
	return 0;
}

static inline int see_parameter(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return strstr(path, "/parameters/") ? see_setting(path, st, type, at) : 0;
}

static inline void see_settings(FILE *to)
{
	world_to = to;
	nftw("/proc/sys", see_setting, 32, FTW_PHYS);
	nftw("/sys/kernel/mm", see_setting, 32, FTW_PHYS);
	nftw("/sys/module", see_parameter, 32, FTW_PHYS);
}

/*
 * The time of day, as against the time since the start, which nobody can set;
 * from the two readings that are closest together. Less than 50 ms are no jump.
 */
static inline void see_clock(FILE *to)
{
	struct timespec before, now, after;
	static int64_t first = INT64_MIN;
	int64_t best = INT64_MAX, offset = 0, width;
	struct timex timex = { 0 };
	int i;

	for (i = 0; i < 50; i++) {
		clock_gettime(CLOCK_BOOTTIME, &before);
		clock_gettime(CLOCK_REALTIME, &now);
		clock_gettime(CLOCK_BOOTTIME, &after);
		width = (after.tv_sec - before.tv_sec) * 1000000000 + after.tv_nsec -
			before.tv_nsec;
		if (width < best) {
			best = width;
			offset = (now.tv_sec - before.tv_sec) * 1000000000 + now.tv_nsec -
				 before.tv_nsec;
		}
	}
	adjtimex(&timex);
	if (first == INT64_MIN)
		first = offset;
	offset -= first;
	fprintf(to, "jumped by %lld tenths of a second\n",
		(long long)((offset + (offset < 0 ? -50000000 : 50000000)) / 100000000));
	fprintf(to, "frequency %ld, tick %ld, offset %ld, tai %d\n", timex.freq, timex.tick,
		timex.offset, timex.tai);
}

/* --- the kernel --- */

static inline void see_modules(FILE *to)
{
	FILE *modules = fopen("/proc/modules", "re");
	char name[64], size[32], rest[256];

	/* How often each is used changes with those who use it. */
	if (!modules)
		stage_bail("no list of modules");
	while (fscanf(modules, "%63s %31s %255[^\n]", name, size, rest) == 3)
		fprintf(to, "%s %s\n", name, size);
	fclose(modules);
}

static inline void see_bpf(FILE *to)
{
	static const struct {
		const char *name;
		int command;
	} kinds[] = {
		{ "program", BPF_PROG_GET_NEXT_ID },
		{ "map", BPF_MAP_GET_NEXT_ID },
		{ "link", BPF_LINK_GET_NEXT_ID },
	};
	union bpf_attr attr;
	size_t i;

	for (i = 0; i < 3; i++) {
		memset(&attr, 0, sizeof(attr));
		while (syscall(SYS_bpf, kinds[i].command, &attr, sizeof(attr)) == 0) {
			fprintf(to, "%s %u\n", kinds[i].name, attr.next_id);
			attr.start_id = attr.next_id;
		}
	}
	world_to = to;
	see_tree("/sys/fs/bpf", false);
}

static inline void see_network(FILE *to)
{
	static const char *const files[] = { "/proc/net/fib_trie", "/proc/net/if_inet6",
					     "/proc/net/route", "/proc/net/igmp6" };
	static const char *const about[] = { "flags", "mtu",	    "address", "tx_queue_len",
					     "group", "proto_down", "ifindex", "ifalias" };
	DIR *devices = opendir("/sys/class/net");
	char path[300], line[400];
	struct dirent *entry;
	FILE *in;
	size_t i;

	while ((entry = readdir(devices))) {
		for (i = 0; i < sizeof(about) / sizeof(about[0]) && entry->d_name[0] != '.'; i++) {
			snprintf(path, sizeof(path), "/sys/class/net/%s/%s", entry->d_name,
				 about[i]);
			fprintf(to, "%s %s\n", path, world_read(path));
		}
	}
	closedir(devices);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		fprintf(to, "%s:\n%s\n", files[i], world_read(files[i]));
	in = fopen("/proc/net/ipv6_route", "re");
	/* Without how often each was used. */
	while (in && fgets(line, sizeof(line), in)) {
		memset(line + 115, '.', 17);
		fputs(line, to);
	}
	if (in)
		fclose(in);
}

/* Addresses that are taken: by whoever listens, and by sockets of UDP. */
static inline void see_addresses(FILE *to)
{
	static const char *const tables[] = { "tcp", "tcp6", "udp", "udp6", "raw", "raw6" };
	char path[32], line[400], local[80], state[8];
	size_t i;
	FILE *in;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		snprintf(path, sizeof(path), "/proc/net/%s", tables[i]);
		in = fopen(path, "re");
		while (in && fgets(line, sizeof(line), in))
			if (sscanf(line, " %*d: %79s %*s %7s", local, state) == 2 &&
			    (tables[i][0] != 't' || strcmp(state, "0A") == 0))
				fprintf(to, "%s %s\n", tables[i], local);
		if (in)
			fclose(in);
	}
	canary_answer();
	for (i = 0; i < DOORS; i++)
		if (!canary_doors[i].allowed)
			fprintf(to, "%s: %u came\n", canary_doors[i].name,
				canary_doors[i].arrivals);
}

/* --- other things that are shared --- */

static inline void see_sysv_of(FILE *to, bool shared)
{
	static const char *const kinds[] = { "shm", "sem", "msg" };
	char path[32], line[400];
	size_t i;
	FILE *in;
	int key;

	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "/proc/sysvipc/%s", kinds[i]);
		in = fopen(path, "re");
		while (in && fgets(line, sizeof(line), in))
			if (sscanf(line, "%d", &key) == 1 && (key == IPC_SHARED) == shared)
				fprintf(to, "%s %s", kinds[i], line);
		if (in)
			fclose(in);
	}
}

static inline void see_sysv(FILE *to)
{
	see_sysv_of(to, false);
}

static inline void see_sysv_shared(FILE *to)
{
	see_sysv_of(to, true);
}

/* Which queues there are, and what is in ours. */
static inline void see_queues(FILE *to)
{
	world_to = to;
	see_tree(canary_path("queues"), false);
	fprintf(to, "%s\n", world_read(canary_path("queues" CANARY_QUEUE)));
}

static inline void see_key(FILE *to)
{
	char text[256] = "";

	syscall(SYS_keyctl, KEYCTL_DESCRIBE, canary.key, text, sizeof(text) - 1);
	fprintf(to, "%s\n", text);
	memset(text, 0, sizeof(text));
	syscall(SYS_keyctl, KEYCTL_READ, canary.key, text, sizeof(text) - 1);
	fprintf(to, "%s\n", text);
}

static inline void see_terminal(FILE *to)
{
	struct termios settings;
	struct winsize size;
	int typed = -1, printed = -1;

	if (tcgetattr(canary.slave, &settings) < 0 || ioctl(canary.slave, TIOCGWINSZ, &size) < 0)
		stage_bail("the terminal is gone");
	ioctl(canary.slave, FIONREAD, &typed);
	ioctl(canary.master, FIONREAD, &printed);
	fprintf(to, "%llx %u:%u, %d typed, %d printed\n",
		(unsigned long long)world_hash(&settings, sizeof(settings), 1), size.ws_row,
		size.ws_col, typed, printed);
}

static const struct world_part world_parts[] = {
	{ "files", see_files },
	{ "system files", see_system },
	{ "mounts and swaps", see_mounts },
	{ "processes", see_processes },
	{ "cgroups", see_cgroups },
	{ "settings", see_settings },
	{ "clock", see_clock },
	{ "modules", see_modules },
	{ "bpf", see_bpf },
	{ "network", see_network },
	{ "addresses", see_addresses },
	{ "System V", see_sysv },
	{ "System V for all", see_sysv_shared },
	{ "queues", see_queues },
	{ "key", see_key },
	{ "terminal", see_terminal },
};

#define PARTS (sizeof(world_parts) / sizeof(world_parts[0]))

/* Of the part of that name; the caller frees it. */
static inline char *world_see(size_t part)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	world_parts[part].see(to);
	fclose(to);
	return text;
}

static inline size_t world_part(const char *name)
{
	size_t i;

	for (i = 0; i < PARTS; i++)
		if (strcmp(world_parts[i].name, name) == 0)
			return i;
	stage_bail("no part %s", name);
}

static inline bool line_in(const char *line, size_t len, const char *text)
{
	const char *at = text;

	for (; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (strncmp(at, line, len) == 0 && (at[len] == '\n' || !at[len]))
			return true;
	return false;
}

/* Prints lines of one that are not in the other, but not without end. */
static inline void world_missing(const char *mark, const char *text, const char *other)
{
	int left = 12;
	size_t len;

	for (; *text && left; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (!line_in(text, len, other)) {
			stage_note("%s %.*s", mark, (int)(len < 300 ? len : 300), text);
			left--;
		}
	}
}

static inline void world_differ(const char *before, const char *after)
{
	world_missing("was:", before, after);
	world_missing("is: ", after, before);
}

#endif
