/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs run by lines of the shell, over a log and beside a server, in a place of their own. */
#ifndef AGENTOS_TESTS_SHELL_RIG_H
#define AGENTOS_TESTS_SHELL_RIG_H

#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>

#include "tests/unit/log_rig.h"

/* The test sets them: where the lines are run, and the trees of programs and sources. */
static char place[128], build[PATH_MAX], source[PATH_MAX];
static pid_t server;
static unsigned int port; /* of the server */

static inline const char *file(const char *name)
{
	static char path[2][256];
	static int next;

	next = !next;
	snprintf(path[next], sizeof(path[0]), "%s/%s", place, name);
	return path[next];
}

/* All of it, as text; "" when there is none. Until the next but three. */
static inline const char *text_of(const char *name)
{
	static char *texts[4];
	static int next;
	size_t len = 0;

	next = (next + 1) % 4;
	free(texts[next]);
	texts[next] = (char *)log_get(file(name), &len);
	if (!texts[next])
		return "";
	texts[next] = realloc(texts[next], len + 1);
	texts[next][len] = '\0';
	return texts[next];
}

/* Runs a line of the shell with the programs and the log at hand; its status. What it says is in out and err. */
__attribute__((format(printf, 1, 2))) static inline int sh(const char *fmt, ...)
{
	char *command, *line;
	va_list ap;
	int status;

	va_start(ap, fmt);
	status = vasprintf(&command, fmt, ap);
	va_end(ap);
	if (status < 0 || asprintf(&line,
				   "cd %s && PATH=%s/bin:$PATH AGENTOS_AUDIT_DIR=%s TZ=UTC && "
				   "export PATH AGENTOS_AUDIT_DIR TZ && { %s\n} >out 2>err",
				   place, build, log_dir, command) < 0)
		exit(1);
	status = system(line);
	free(command);
	free(line);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void server_stop(void)
{
	if (server > 0) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	server = 0;
}

/* Runs a server of tests/unit with up to three words, NULL behind the last; its port is in `port`. */
static inline bool server_run(const char *name, const char *a, const char *b, const char *c)
{
	char script[PATH_MAX + 64], line[16] = "";
	size_t len = 0;
	int out[2];
	ssize_t n;

	server_stop();
	snprintf(script, sizeof(script), "%s/tests/unit/%s", source, name);
	if (pipe(out) != 0)
		return false;
	server = fork();
	if (server == 0) {
		dup2(out[1], STDOUT_FILENO);
		close(out[0]);
		close(out[1]);
		execlp("python3", "python3", script, place, a, b, c, (char *)NULL);
		_exit(127);
	}
	close(out[1]);
	/* It may come in pieces; who leaves after the first one breaks its pipe. */
	while (len < sizeof(line) - 1 && !strchr(line, '\n')) {
		n = read(out[0], line + len, sizeof(line) - 1 - len);
		if (n < 1)
			break;
		len += (size_t)n;
	}
	close(out[0]);
	port = (unsigned int)strtoul(line, NULL, 10);
	return server > 0 && port > 0;
}

#endif
