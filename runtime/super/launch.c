// SPDX-License-Identifier: GPL-2.0-or-later
/* From the caller's process to the agent's program. */
#include "super/launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/limits.h"
#include "kern/device.h"
#include "policy/hosts.h"

#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif

static int path_fault(struct fault *f, int error, const char *path, const char *why)
{
	char shown[512];

	escape_text(shown, sizeof(shown), path, strlen(path));
	return fault_set(f, error, "%s: %s", shown, why);
}

static int find_check(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return access(path, X_OK) < 0 ? -errno : 0;
}

int launch_find(const char *name, const char *search_path, char **ret_path, struct fault *f)
{
	const char *at = search_path, *end;
	int err = -ENOENT, one;
	char *path;

	if (!name[0])
		return fault_set(f, ENOENT, "the program's name is empty");
	if (strchr(name, '/')) {
		err = find_check(name);
		if (err)
			return path_fault(f, -err, name, strerror(-err));
		*ret_path = strdup(name);
		return *ret_path ? 0 : -ENOMEM;
	}
	for (; at; at = *end ? end + 1 : NULL) {
		end = strchrnul(at, ':');
		if (asprintf(&path, "%.*s%s%s", (int)(end - at), at, end > at ? "/" : "./", name) <
		    0)
			return -ENOMEM;
		one = find_check(path);
		if (!one) {
			*ret_path = path;
			return 0;
		}
		free(path);
		if (one == -EACCES)
			err = one;
	}
	return path_fault(
		f, -err, name,
		err == -EACCES ? "found in PATH, but not executable" : "no such program in PATH");
}

/* Does the variable's name match an entry of keep? */
static bool env_kept(const struct policy *p, const char *variable)
{
	size_t len = strcspn(variable, "="), n;
	char **entry;

	if (strncmp(variable, "AGENTOS_", 8) == 0)
		return false;
	if (!p->env_scrub)
		return true;
	for (entry = p->env_keep; entry && *entry; entry++) {
		n = strlen(*entry);
		if (n && (*entry)[n - 1] == '*') {
			if (strncmp(variable, "LD_", 3) && len >= n - 1 &&
			    strncmp(variable, *entry, n - 1) == 0)
				return true;
		} else if (n == len && strncmp(variable, *entry, n) == 0) {
			return true;
		}
	}
	return false;
}

static bool env_same_name(const char *a, const char *b)
{
	size_t len = strcspn(a, "=");

	return len == strcspn(b, "=") && strncmp(a, b, len) == 0;
}

/* Takes text over; a variable of the same name gives way. */
static int env_add(char **env, size_t *count, char *text)
{
	size_t i;

	if (!text)
		return -ENOMEM;
	for (i = 0; i < *count; i++) {
		if (env_same_name(env[i], text)) {
			free(env[i]);
			env[i] = text;
			return 0;
		}
	}
	env[(*count)++] = text;
	return 0;
}

static char *env_format(const char *name, const char *value)
{
	char *text;

	return asprintf(&text, "%s=%s", name, value) < 0 ? NULL : text;
}

#define GATEWAY_VARIABLES 13 /* and AGENTOS_SOCKET */

/* What the gateway is there for; programs look for a proxy in one case of letters or the other. */
static const struct gateway_variable {
	const char *name;
	const char *format; /* of the gateway's address, or of the token */
	bool hosts, models; /* with rules on hosts, or on models */
	bool token;
} gateway_variables[GATEWAY_VARIABLES] = {
	{ "HTTPS_PROXY", "http://%s", .hosts = true },
	{ "HTTP_PROXY", "http://%s", .hosts = true },
	{ "https_proxy", "http://%s", .hosts = true },
	{ "http_proxy", "http://%s", .hosts = true },
	{ "NODE_USE_ENV_PROXY", "1", .hosts = true },
	{ "NO_PROXY", "localhost,127.0.0.1,::1", .hosts = true, .models = true },
	{ "no_proxy", "localhost,127.0.0.1,::1", .hosts = true, .models = true },
	{ "OPENAI_BASE_URL", "http://%s/v1", .models = true },
	{ "OPENAI_API_KEY", "%s", .models = true, .token = true },
	{ "ANTHROPIC_BASE_URL", "http://%s", .models = true },
	{ "ANTHROPIC_API_KEY", "%s", .models = true, .token = true },
	{ "GOOGLE_GEMINI_BASE_URL", "http://%s", .models = true },
	{ "GEMINI_API_KEY", "%s", .models = true, .token = true },
};

static char *gateway_variable(const struct gateway_variable *v, const char *address,
			      const char *token)
{
	const char *value = strstr(v->format, "%s") ? (v->token ? token : address) : "";
	const int before = (int)strcspn(v->format, "%");
	char *text;

	/* The format is a table's, and has one %s or none. */
	return asprintf(&text, "%s=%.*s%s%s", v->name, before, v->format, value,
			v->format[before] ? v->format + before + 2 : "") < 0 ?
		       NULL :
		       text;
}

static int env_add_gateway(char **env, size_t *count, const struct policy *p,
			   const struct launch_agent *who)
{
	const bool hosts = hosts_are_named(p), models = who->token[0] && hosts_have_models(p);
	char address[32];
	size_t i;
	int err = 0;

	snprintf(address, sizeof(address), "127.0.0.1:%d",
		 who->gateway ? who->gateway : AGENTOS_GATEWAY_PORT);
	for (i = 0; i < GATEWAY_VARIABLES && !err; i++) {
		const struct gateway_variable *v = &gateway_variables[i];

		if ((v->hosts && hosts) || (v->models && models))
			err = env_add(env, count, gateway_variable(v, address, who->token));
	}
	if (!err && (hosts || models) && who->socket[0])
		err = env_add(env, count, env_format("AGENTOS_SOCKET", who->socket));
	return err;
}

int launch_environment(const struct policy *p, char *const *from, const struct launch_agent *who,
		       char ***ret_env)
{
	size_t room = 6 + GATEWAY_VARIABLES, count = 0, i;
	char number[24], **env;
	int err = 0;

	for (i = 0; from[i]; i++)
		room++;
	for (i = 0; p->env_set && p->env_set[i]; i++)
		room++;
	env = calloc(room, sizeof(*env));
	if (!env)
		return -ENOMEM;
	for (i = 0; from[i] && !err; i++) {
		if (env_kept(p, from[i]))
			err = env_add(env, &count, strdup(from[i]));
	}
	if (!err)
		err = env_add_gateway(env, &count, p, who);
	for (i = 0; p->env_set && p->env_set[i] && !err; i++)
		err = env_add(env, &count, strdup(p->env_set[i]));
	snprintf(number, sizeof(number), "%" PRIu64, who->id);
	if (!err)
		err = env_add(env, &count, env_format("AGENTOS_AGENT", who->name));
	if (!err)
		err = env_add(env, &count, env_format("AGENTOS_ID", number));
	snprintf(number, sizeof(number), "%d", LAUNCH_SELF_FD);
	if (!err && launch_self_access(p->rights))
		err = env_add(env, &count, env_format("AGENTOS_FD", number));
	if (!err && who->denials[0])
		err = env_add(env, &count, env_format("AGENTOS_DENIALS", who->denials));
	if (err) {
		launch_environment_free(env);
		return err;
	}
	*ret_env = env;
	return 0;
}

void launch_environment_free(char **env)
{
	size_t i;

	for (i = 0; env && env[i]; i++)
		free(env[i]);
	free(env);
}

/*
 * One component below parent: the directory that is there, or a new one. What
 * was there before may be reached over a symlink, but not what comes after a
 * component that we made, and not the last one.
 */
static int directory_step(int parent, const char *name, bool last, bool *made)
{
	int flags = O_DIRECTORY | O_PATH | O_CLOEXEC, fd;

	if (mkdirat(parent, name, 0700) == 0)
		*made = true;
	else if (errno != EEXIST && errno != EROFS && errno != EACCES && errno != EPERM)
		return -errno;
	if (last || *made)
		flags |= O_NOFOLLOW;
	fd = openat(parent, name, flags);
	return fd < 0 ? -errno : fd;
}

static int directory_make(const char *path)
{
	char *copy = strdup(path), *name, *next, *save = NULL;
	int at, fd = -1, err = 0;
	bool made = false;
	struct stat st;

	if (!copy)
		return -ENOMEM;
	at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		err = -errno;
	for (name = strtok_r(copy, "/", &save); name && !err; name = next) {
		next = strtok_r(NULL, "/", &save);
		fd = directory_step(at, name, !next, &made);
		if (fd < 0) {
			err = fd;
			break;
		}
		close(at);
		at = fd;
	}
	if (!err && (fstat(at, &st) < 0 || st.st_uid != geteuid()))
		err = -EPERM;
	if (at >= 0)
		close(at);
	free(copy);
	return err;
}

int launch_directories(const struct policy *p, struct fault *f)
{
	char **path;
	int err;

	for (path = p->directories; path && *path; path++) {
		err = directory_make(*path);
		if (err == -ENOTDIR || err == -ELOOP)
			return path_fault(f, -err, *path,
					  "is no directory, or a symlink: remove it");
		if (err == -EPERM)
			return path_fault(f, -err, *path, "belongs to another user");
		if (err)
			return path_fault(f, -err, *path, strerror(-err));
	}
	return 0;
}

static bool device_harmless(int fd, const struct stat *st)
{
	/* null, zero, full, random, urandom: numbers that never change (devices.txt). */
	static const unsigned int harmless[] = { 3, 5, 7, 8, 9 };
	size_t i;

	if (isatty(fd))
		return true;
	if (major(st->st_rdev) != 1)
		return false;
	for (i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
		if (minor(st->st_rdev) == harmless[i])
			return true;
	}
	return false;
}

/* What writing to these does is no writing of a file. */
static bool file_controls_kernel(int fd, int flags)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return true;
	if (fs.f_type == NSFS_MAGIC)
		return true;
	if ((flags & O_ACCMODE) == O_RDONLY)
		return false;
	switch ((unsigned long)fs.f_type) {
	case PROC_SUPER_MAGIC:
	case SYSFS_MAGIC:
	case DEBUGFS_MAGIC:
	case TRACEFS_MAGIC:
	case SECURITYFS_MAGIC:
	case CGROUP_SUPER_MAGIC:
	case CGROUP2_SUPER_MAGIC:
	case BPF_FS_MAGIC:
		return true;
	default:
		return false;
	}
}

/* NULL when an agent may have it, else what it is. */
static const char *descriptor_danger(int fd, int flags)
{
	char path[64], link[256];
	struct stat st;
	ssize_t len;

	if (flags & O_PATH)
		return "a path descriptor";
	if (fstat(fd, &st) < 0)
		return "not to be examined";
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	len = readlink(path, link, sizeof(link) - 1);
	if (len < 0)
		return "not to be examined: /proc is not mounted";
	link[len] = '\0';
	if (strncmp(link, "anon_inode:", 11) == 0)
		return "a kernel object";
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return file_controls_kernel(fd, flags) ? "a control file of the kernel" : NULL;
	case S_IFIFO:
	case S_IFSOCK:
		return NULL;
	case S_IFCHR:
		return device_harmless(fd, &st) ? NULL : "a device";
	case S_IFDIR:
		return "a directory";
	case S_IFBLK:
		return "a block device";
	default:
		return "a kernel object";
	}
}

int launch_check_stdio(struct fault *f)
{
	static const char *const names[] = { "standard input", "standard output",
					     "standard error" };
	const char *danger;
	int fd, flags;

	for (fd = 0; fd <= 2; fd++) {
		flags = fcntl(fd, F_GETFL);
		if (flags < 0)
			continue;
		danger = descriptor_danger(fd, flags);
		if (danger)
			return fault_set(f, EPERM,
					 "%s is %s: an agent could get out by it; redirect it",
					 names[fd], danger);
	}
	return 0;
}

/* Without close_range(): what /proc lists; closing while reading is what it allows for. */
static int close_listed(int keep)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int fd;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		fd = atoi(entry->d_name);
		if (fd > 2 && fd != keep && fd != dirfd(dir))
			close(fd);
	}
	closedir(dir);
	return 0;
}

int launch_close_others(int keep)
{
	if ((keep <= 3 || close_range(3, (unsigned int)keep - 1, 0) == 0) &&
	    close_range(keep > 2 ? (unsigned int)keep + 1 : 3, ~0U, 0) == 0)
		return 0;
	return close_listed(keep);
}

/* What stays is a socket, and the agent's descriptor is another. */
static int gate_check_descriptor(const struct launch *l, struct fault *f)
{
	struct stat st;

	if (fstat(LAUNCH_GATE_FD, &st) < 0 || !S_ISSOCK(st.st_mode) || l->agent <= LAUNCH_GATE_FD)
		return fault_set(f, EBADF, "--gate: descriptor %d is no socket", LAUNCH_GATE_FD);
	if (l->self)
		return fault_set(f, EINVAL,
				 "--gate: the policy gives derive or message-receive, and the "
				 "descriptor for these is taken");
	return 0;
}

static int close_all(const struct launch *l, struct fault *f)
{
	int err;

	if (!l->gate) {
		err = launch_close_others(l->agent);
	} else {
		err = gate_check_descriptor(l, f);
		if (err)
			return err;
		if ((l->agent > LAUNCH_GATE_FD + 1 &&
		     close_range(LAUNCH_GATE_FD + 1, (unsigned int)l->agent - 1, 0) < 0) ||
		    close_range((unsigned int)l->agent + 1, ~0U, 0) < 0)
			err = -errno;
	}
	return err ? fault_set(f, -err, "cannot close descriptors: %s", strerror(-err)) : 0;
}

#define ATTACH_TRIES 100

static int attach_fault(int err, struct fault *f)
{
	switch (err) {
	case -EUNATCH:
		return fault_set(
			f, EUNATCH,
			"enforcement is not attached: nothing was run; see `agentctl doctor`");
	case -EPERM:
		return fault_set(f, EPERM, "this process is in an agent already");
	case -ESRCH:
		return fault_set(f, ESRCH, "the agent was killed before it began");
	case -ENODEV:
		return fault_set(f, ENODEV, "the agent's cgroup was removed before it began");
	case -EBUSY:
		return fault_set(f, EBUSY, "this process shares its memory or files with another");
	default:
		return fault_set(f, -err, "cannot join the agent: %s", strerror(-err));
	}
}

uint32_t launch_self_access(uint64_t rights)
{
	uint32_t access = 0;

	if (rights & AGENTOS_RIGHT(DERIVE))
		access |= AGENTOS_ACCESS_DERIVE | AGENTOS_ACCESS_INSPECT;
	if (rights & AGENTOS_RIGHT(MESSAGE_RECEIVE))
		access |= AGENTOS_ACCESS_RECEIVE | AGENTOS_ACCESS_INSPECT;
	return access;
}

/* All others are closed: the number is free, unless it is the agent's own. */
static int leave_self(const struct launch *l, struct fault *f)
{
	int self, err = 0;

	if (!l->self) {
		close(l->agent);
		return 0;
	}
	self = agentos_agent_dup(l->agent, l->self);
	close(l->agent);
	if (self < 0)
		err = self;
	else if (self == LAUNCH_SELF_FD && fcntl(self, F_SETFD, 0) < 0)
		err = -errno;
	else if (self != LAUNCH_SELF_FD && dup2(self, LAUNCH_SELF_FD) < 0)
		err = -errno;
	if (self > LAUNCH_SELF_FD)
		close(self);
	return err ? fault_set(f, -err, "no descriptor of itself for the agent: %s",
			       strerror(-err)) :
		     0;
}

int launch_exec(const struct launch *l, int *ret_attached, struct fault *f)
{
	static const struct rlimit no_core = { 0, 0 };
	int err, tries;

	/* A core dump is piped to a helper that runs as root, outside the agent. */
	if (setrlimit(RLIMIT_CORE, &no_core) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fault_set(f, errno, "cannot give up privileges: %s", strerror(errno));
	err = close_all(l, f);
	if (err)
		return err;
	/* Whoever reads our /proc files holds our memory for a moment: that is no sharing. */
	for (tries = 0; tries < ATTACH_TRIES; tries++) {
		err = agentos_agent_attach(l->agent);
		if (err != -EBUSY)
			break;
		usleep(1000);
	}
	if (err)
		return attach_fault(err, f);
	*ret_attached = 1;
	err = leave_self(l, f);
	if (err)
		return err;
	execve(l->path, l->argv, l->env);
	err = errno;
	if (err == EACCES)
		return path_fault(
			f, err, l->path,
			"the policy does not let it be executed, or the file system does not");
	if (err == ENOEXEC)
		return path_fault(
			f, err, l->path,
			"not a program that the kernel can run (a script needs a first line like #!/bin/sh)");
	return path_fault(f, err, l->path, strerror(err));
}
