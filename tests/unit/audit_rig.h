/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentctl audit as a program that tests run on a log of theirs. */
#ifndef AGENTOS_TESTS_AUDIT_RIG_H
#define AGENTOS_TESTS_AUDIT_RIG_H

#include <sys/wait.h>

#include "tests/unit/log_rig.h"

static char out[300000], err[8192];

static inline const char *base_path(const char *name)
{
	/* Of the last few, each has its own. */
	static char paths[8][200];
	static unsigned int next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", log_base, name);
	return path;
}

static inline size_t pour(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t got;

	while ((got = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)got;
	buf[len] = '\0';
	return len;
}

/* agentctl: its exit status; what it printed is in out and err. input: a file, or NULL. */
static inline int agentctl(const char *input, const char *const *argv)
{
	const char *build = getenv("BUILD");
	int streams[2], in, status = -1;
	char program[512], path[200];
	pid_t child;

	snprintf(program, sizeof(program), "%s/bin/agentctl", build ? build : "build");
	snprintf(path, sizeof(path), "%s/out", log_base);
	streams[0] = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	snprintf(path, sizeof(path), "%s/err", log_base);
	streams[1] = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	in = open(input ? input : "/dev/null", O_RDONLY);
	child = fork();
	if (child == 0) {
		setenv("AGENTOS_AUDIT_DIR", log_dir, 1);
		setenv("TZ", "UTC", 1);
		dup2(in, STDIN_FILENO);
		dup2(streams[0], STDOUT_FILENO);
		dup2(streams[1], STDERR_FILENO);
		execv(program, (char **)(uintptr_t)argv);
		_exit(111);
	}
	if (child > 0)
		waitpid(child, &status, 0);
	lseek(streams[0], 0, SEEK_SET);
	lseek(streams[1], 0, SEEK_SET);
	pour(streams[0], out, sizeof(out));
	pour(streams[1], err, sizeof(err));
	close(in);
	close(streams[0]);
	close(streams[1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define audit(input, ...) \
	agentctl(input, (const char *const[]){ "agentctl", "audit", __VA_ARGS__, NULL })

/* One line on standard error that has this, and nothing on standard output. */
static inline bool one_line(const char *part)
{
	const char *end = strchr(err, '\n');
	bool ok = end && !end[1] && strncmp(err, "agentctl: ", 10) == 0 && strstr(err, part) &&
		  !out[0];

	if (!ok)
		printf("# out: %s\n# err: %s\n", out, err);
	return ok;
}

static inline bool says(const char *part)
{
	bool ok = strstr(out, part) != NULL && !err[0];

	if (!ok)
		printf("# not \"%s\" in: %s\n# err: %s\n", part, out, err);
	return ok;
}

#endif
