/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stage of the escape tests: module, daemon, points, processes, agents and their audit. */
#ifndef AGENTOS_TESTS_STAGE_H
#define AGENTOS_TESTS_STAGE_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agentos.h"
#include "kern/device.h"

static char stage_root[128], stage_build[512];
static pid_t stage_daemon;
static unsigned int stage_points, stage_failures;

/* Who runs something; uid 1000 is demo in the test machine. */
#define STAGE_ROOT    1U
#define STAGE_DEMO    2U
#define STAGE_DEMO_ID 1000U

/* --- points --- */

__attribute__((format(printf, 1, 2))) static inline void stage_note(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	printf("# ");
	vprintf(format, list);
	printf("\n");
	va_end(list);
}

__attribute__((format(printf, 2, 3))) static inline void stage_point(bool ok, const char *format,
								     ...)
{
	va_list list;

	va_start(list, format);
	printf("%sok %u - ", ok ? "" : "not ", ++stage_points);
	vprintf(format, list);
	printf("\n");
	va_end(list);
	stage_failures += !ok;
}

__attribute__((noreturn, format(printf, 1, 2))) static inline void stage_bail(const char *format,
									      ...)
{
	int error = errno;
	va_list list;

	va_start(list, format);
	printf("Bail out! ");
	vprintf(format, list);
	printf(" (%s)\n", strerror(error));
	va_end(list);
	if (stage_daemon > 0)
		kill(stage_daemon, SIGTERM);
	exit(1);
}

/* --- small tools --- */

/* How many times the usual time things may take: the debugging kernel is slow. */
static inline int stage_slow(void)
{
	const char *slow = getenv("AGENTOS_SLOW");
	int times = slow ? atoi(slow) : 1;

	return times > 0 ? times : 1;
}

__attribute__((format(printf, 1, 2))) static inline char *stage_format(const char *format, ...)
{
	va_list list;
	char *text;

	va_start(list, format);
	if (vasprintf(&text, format, list) < 0)
		stage_bail("no memory");
	va_end(list);
	return text;
}

/* What a command prints; the caller frees it. */
static inline char *stage_output(const char *command, int *ret_status)
{
	size_t room = 65536, len = 0, got;
	char *text = malloc(room);
	FILE *in;

	fflush(NULL);
	in = popen(command, "re");
	while (in && text && (got = fread(text + len, 1, room - len - 1, in)) > 0) {
		len += got;
		if (room - len < 4096)
			text = realloc(text, room *= 2);
	}
	if (!in || !text)
		stage_bail("cannot run %s", command);
	text[len] = '\0';
	*ret_status = pclose(in);
	return text;
}

__attribute__((format(printf, 1, 2))) static inline void stage_shell(const char *format, ...)
{
	char *command, *text;
	va_list list;
	int status;

	va_start(list, format);
	if (vasprintf(&command, format, list) < 0)
		stage_bail("no memory");
	va_end(list);
	text = stage_output(command, &status);
	if (status)
		stage_bail("set-up: %s: %s", command, text);
	free(text);
	free(command);
}

/* For settings that not every kernel has. */
static inline void stage_setting(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, value, strlen(value)) < 0)
		stage_bail("cannot set %s", path);
	close(fd);
}

static inline void stage_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		stage_bail("cannot write %s", path);
	close(fd);
}

static inline void stage_mkdir(const char *path, mode_t mode)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		stage_bail("cannot make %s", path);
}

/* --- module and daemon --- */

static inline bool stage_socket_answers(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX,
				       .sun_path = "/run/agentos/control.sock" };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	bool yes = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	close(fd);
	return yes;
}

static inline void stage_begin(void)
{
	const char *module = getenv("KMOD"), *build = getenv("BUILD"), *source = getenv("SRC");
	const char *top = getenv("TMPDIR");
	int fd, tries = 600 * stage_slow(), i, status;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n");
	if (!module || !build || !source || geteuid() != 0)
		stage_bail("this runs as root in the test machine, through tests/run");
	umask(0);
	if (build[0] == '/')
		snprintf(stage_build, sizeof(stage_build), "%s", build);
	else
		snprintf(stage_build, sizeof(stage_build), "%s/%s", source, build);
	snprintf(stage_root, sizeof(stage_root), "%s/stage", top ? top : "/tmp");
	stage_mkdir(stage_root, 0755);
	setenv("AGENTOS_POLICY_PATH", stage_format("%s/runtime/policy/profiles", source), 1);
	fd = open(module, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) < 0 && errno != EEXIST))
		stage_bail("cannot load %s", module);
	close(fd);
	stage_shell("install -d /var/lib/agentos && install -d -g agentos -m 750 "
		    "/var/lib/agentos/audit && rm -f /var/lib/agentos/audit/*");
	stage_daemon = fork();
	if (stage_daemon == 0) {
		fd = open(stage_format("%s/daemon.log", stage_root), O_CREAT | O_WRONLY, 0644);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execl(stage_format("%s/bin/agentosd", stage_build), "agentosd", NULL);
		_exit(127);
	}
	for (i = 0; i < tries && !stage_socket_answers(); i++) {
		if (waitpid(stage_daemon, &status, WNOHANG) != 0) {
			stage_daemon = 0;
			stage_shell("echo status %d; cat %s/daemon.log; false", status, stage_root);
		}
		usleep(100000);
	}
	if (i == tries)
		stage_bail("agentosd does not answer");
}

/* Agents that are none of the test's: where enforcement stands (tests/vm/guest-tests), one. */
static inline unsigned int stage_others(void)
{
	return getenv("AGENTOS_STANDING") ? 1 : 0;
}

/* True when nothing is left: the module goes, or there is nobody but the one agent for whom
 * enforcement stands.  Programs and links are released some time after their last user. */
static inline bool stage_is_empty(void)
{
	struct agentos_version version;
	struct fault f;
	int dev, err;

	if (!stage_others())
		return syscall(SYS_delete_module, "agentos", O_NONBLOCK) == 0;
	dev = device_open(O_RDWR, &f);
	if (dev < 0)
		stage_bail("%s", f.text);
	err = agentos_dev_version(dev, &version);
	close(dev);
	return !err && version.ret_agents == stage_others() && version.ret_tasks == 0;
}

/* Daemon and module go; says how many points there were. Returns the exit status. */
static inline int stage_end(void)
{
	int status = -1, tries = 300 * stage_slow(), i;

	kill(stage_daemon, SIGTERM);
	for (i = 0; i < tries && waitpid(stage_daemon, &status, WNOHANG) == 0; i++)
		usleep(100000);
	stage_point(WIFEXITED(status) && WEXITSTATUS(status) == 0, "agentosd ends when asked to");
	for (i = 0; i < tries && !stage_is_empty(); i++)
		usleep(100000);
	stage_point(i < tries, "nothing holds the module");
	stage_shell(
		"for at in $(grep -o ' %s[^ ]*' /proc/mounts | sort -r); do umount -l $at; done",
		stage_root);
	printf("1..%u\n", stage_points);
	return stage_failures != 0;
}

/* A descriptor of the device; and of the live agent of that name, or -1. */
static inline int stage_device(void)
{
	struct fault f;
	int dev = device_open(O_RDWR, &f);

	if (dev < 0)
		stage_bail("%s", f.text);
	return dev;
}

static inline int stage_agent(const char *name, uint64_t *ret_id)
{
	int dev = stage_device(), agent = -1, count, i;
	struct agentos_info info;
	uint64_t ids[64];

	count = agentos_dev_enumerate(dev, AGENTOS_ENUMERATE_AGENTS, 0, ids, 64);
	for (i = 0; i < count; i++) {
		agent = agentos_dev_agent(dev, ids[i], AGENTOS_ACCESS_ALL);
		if (agent >= 0 && agentos_agent_info(agent, &info) == 0 &&
		    strcmp(info.ret_name, name) == 0 && info.ret_state == AGENTOS_STATE_RUNNING)
			break;
		close(agent);
		agent = -1;
	}
	close(dev);
	if (agent >= 0)
		*ret_id = ids[i];
	return agent;
}

/* Takes rights from a running agent. */
static inline bool stage_restrict(const char *name, uint64_t taken)
{
	uint64_t left, id;
	int agent = stage_agent(name, &id);
	bool done = agent >= 0 &&
		    agentos_agent_restrict(agent, AGENTOS_RIGHTS_ALL & ~taken, &left) == 0 &&
		    !(left & taken);

	close(agent);
	return done;
}

/* Which agent a process is in; 0: none. */
static inline uint64_t stage_identify(pid_t pid)
{
	int dev = stage_device();
	uint64_t id = 0;

	if (agentos_dev_identify(dev, pid, 0, &id) < 0)
		id = 0;
	close(dev);
	return id;
}

/* --- processes --- */

/* Starts argv as a user, in a directory, its output in a pipe. */
static inline pid_t stage_spawn(unsigned int who, const char *directory, char *const argv[],
				int *ret_output)
{
	int ends[2];
	pid_t pid;

	fflush(NULL);
	if (pipe2(ends, O_CLOEXEC) < 0)
		stage_bail("no pipe");
	pid = fork();
	if (pid == 0) {
		dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
		dup2(ends[1], STDOUT_FILENO);
		if (who == STAGE_DEMO) {
			if (initgroups("demo", STAGE_DEMO_ID) < 0 || setgid(STAGE_DEMO_ID) < 0 ||
			    setuid(STAGE_DEMO_ID) < 0)
				_exit(125);
			setenv("HOME", "/home/demo", 1);
			setenv("USER", "demo", 1);
		}
		if (chdir(directory) < 0)
			_exit(125);
		execv(argv[0], argv);
		_exit(127);
	}
	close(ends[1]);
	*ret_output = ends[0];
	return pid;
}

/* Reads all that comes, waits; the caller frees the text. */
static inline char *stage_finish(pid_t pid, int output, int *ret_status)
{
	size_t room = 65536, len = 0;
	char *text = calloc(1, room);
	ssize_t got;

	while (text && (got = read(output, text + len, room - len - 1)) > 0)
		len += (size_t)got;
	close(output);
	waitpid(pid, ret_status, 0);
	return text;
}

/* --- audit --- */

/* The log of one agent, complete up to its marker; the caller frees it. */
static inline char *stage_audit(const char *agent, const char *until)
{
	char *command = stage_format("%s/bin/agentctl audit --json --agent %s", stage_build, agent);
	char *text = NULL;
	int status, tries = 50 * stage_slow(), i;

	for (i = 0; i < tries; i++) {
		free(text);
		text = stage_output(command, &status);
		if (strstr(text, until))
			break;
		usleep(200000);
	}
	if (i == tries)
		stage_note("no %s in the log of %s", until, agent);
	free(command);
	return text;
}

/* What the act of a row ended with, or -1. */
static inline int stage_result(const char *output, const char *id)
{
	size_t len = strlen(id);
	const char *at;

	for (at = output; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		if (strncmp(at, id, len) == 0 && at[len] == ' ')
			return atoi(at + len);
	return -1;
}

/* Is the record of a process that the output names as one of the row's ("ID@ PID")? */
static inline bool stage_process(const char *record, const char *output, const char *id)
{
	const char *at = strstr(record, "\"pid\":");
	char wanted[32];

	if (!output || !at)
		return false;
	snprintf(wanted, sizeof(wanted), "%s@ %d\n", id, atoi(at + strlen("\"pid\":")));
	return strstr(output, wanted);
}

static inline bool stage_in(const char *line, const char *end, const char *text)
{
	return memmem(line, (size_t)(end - line), text, strlen(text));
}

/*
 * Such a verdict of hook (NULL: of any) that is the row's: by the name of the task
 * or of the object, or, with the output of the rows, by its process. told: what else it
 * has in it, or NULL.
 */
static inline bool stage_recorded(const char *log, const char *output, const char *id,
				  const char *hook, const char *verdict, const char *told)
{
	char comm[32], part[16], wanted[80], judged[40];
	const char *line, *end;
	bool found = false;

	snprintf(comm, sizeof(comm), "\"comm\":\"%s\"", id);
	snprintf(part, sizeof(part), "/%s/", id);
	snprintf(wanted, sizeof(wanted), "\"hook\":\"%s\"", hook ? hook : "");
	snprintf(judged, sizeof(judged), "\"verdict\":\"%s\"", verdict);
	for (line = log; *line && !found; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		found = (!hook || stage_in(line, end, wanted)) && stage_in(line, end, judged) &&
			(!told || stage_in(line, end, told)) &&
			(stage_in(line, end, comm) || stage_in(line, end, part) ||
			 stage_process(line, output, id));
		if (found && !hook)
			stage_note("%.*s", (int)(end - line), line);
	}
	return found;
}

static inline bool stage_denied(const char *log, const char *id, const char *hook)
{
	return stage_recorded(log, NULL, id, hook, "denied", NULL);
}

#endif
