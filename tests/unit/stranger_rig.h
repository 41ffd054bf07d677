/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verifier in Python as a program that tests run beside ours. */
#ifndef AGENTOS_TESTS_STRANGER_RIG_H
#define AGENTOS_TESTS_STRANGER_RIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static inline bool stranger_there(void)
{
	return system("python3 -c pass >/dev/null 2>&1") == 0;
}

/* python3 verify_log.py with these; NULL: no more of them. Its exit status; said is its line. */
#define stranger_run(said, size, ...) \
	stranger_start(said, size, (const char *const[]){ __VA_ARGS__, NULL })

static inline int stranger_start(char *said, size_t size, const char *const *words)
{
	const char *source = getenv("SRC"), *argv[8] = { "python3" };
	size_t len = 0, count = 2;
	char program[512];
	ssize_t got;
	int ends[2], status;
	pid_t child;

	snprintf(program, sizeof(program), "%s/tests/unit/verify_log.py", source ? source : ".");
	argv[1] = program;
	for (; *words && count < 7; words++)
		argv[count++] = *words;
	if (pipe(ends) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		execvp("python3", (char **)(uintptr_t)argv);
		_exit(127);
	}
	close(ends[1]);
	while ((got = read(ends[0], said + len, size - 1 - len)) > 0)
		len += (size_t)got;
	said[len] = '\0';
	close(ends[0]);
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

#endif
