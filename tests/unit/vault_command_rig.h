/* SPDX-License-Identifier: GPL-2.0-or-later */
/* agentctl vault as a program: from a pipe, and on a terminal. */
#ifndef AGENTOS_TESTS_VAULT_COMMAND_RIG_H
#define AGENTOS_TESTS_VAULT_COMMAND_RIG_H

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

#include "tests/unit/vault_rig.h"

#define CANARY_LATER "sk-later-0c77d1"

static char out[65536], err[8192];

static inline const char *program(void)
{
	static char path[512];
	const char *build = getenv("BUILD");

	snprintf(path, sizeof(path), "%s/bin/agentctl", build ? build : "build");
	return path;
}

static inline void environment_set(void)
{
	setenv("AGENTOS_VAULT", rig_path("vault"), 1);
	setenv("AGENTOS_VAULT_KEY", rig_path("key"), 1);
	setenv("TZ", "UTC", 1);
}

/* What a run has besides its arguments. */
struct run {
	const char *input; /* on standard input; NULL: nothing */
	const char *lines; /* on descriptor 9, for --passphrase-fd 9; NULL: it is closed */
	rlim_t file_max;   /* 0: any */
};

static inline int file_of(const char *text)
{
	int fd = memfd_create("text", MFD_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0 || lseek(fd, 0, SEEK_SET) != 0)
		exit(1);
	return fd;
}

static inline void pour(int fd, char *buf, size_t size)
{
	ssize_t len = pread(fd, buf, size - 1, 0);

	buf[len > 0 ? len : 0] = '\0';
	close(fd);
}

static inline pid_t start(const struct run *run, const char *const *argv, int streams[2])
{
	const struct rlimit limit = { run->file_max, run->file_max };
	int in = file_of(run->input ? run->input : ""),
	    lines = run->lines ? file_of(run->lines) : -1;
	pid_t child;

	streams[0] = memfd_create("out", MFD_CLOEXEC);
	streams[1] = memfd_create("err", MFD_CLOEXEC);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		/* Of no terminal: who wants to ask something cannot. */
		setsid();
		environment_set();
		dup2(in, STDIN_FILENO);
		dup2(streams[0], STDOUT_FILENO);
		dup2(streams[1], STDERR_FILENO);
		if (lines >= 0)
			dup2(lines, 9);
		if (run->file_max)
			setrlimit(RLIMIT_FSIZE, &limit);
		execv(program(), (char **)(uintptr_t)argv);
		_exit(111);
	}
	close(in);
	if (lines >= 0)
		close(lines);
	return child;
}

static inline int finish(pid_t child, const int streams[2])
{
	int status = -1;

	if (child > 0)
		waitpid(child, &status, 0);
	pour(streams[0], out, sizeof(out));
	pour(streams[1], err, sizeof(err));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline int run_with(struct run run, const char *const *argv)
{
	int streams[2];
	pid_t child = start(&run, argv, streams);

	return finish(child, streams);
}

/* agentctl vault ...: its exit status; what it printed is in out and err. */
#define vault(...) \
	run_with((struct run){ 0 }, (const char *const[]){ "agentctl", "vault", __VA_ARGS__, NULL })
#define vault_in(text, ...)                     \
	run_with((struct run){ .input = text }, \
		 (const char *const[]){ "agentctl", "vault", __VA_ARGS__, NULL })
#define vault_lines(text, ...)                                                                    \
	run_with((struct run){ .lines = text },                                                   \
		 (const char *const[]){ "agentctl", "vault", __VA_ARGS__, "--passphrase-fd", "9", \
					NULL })

/* One line on standard error that has this, nothing on standard output, and no secret in it. */
static inline bool one_line(const char *part)
{
	const char *end = strchr(err, '\n');
	bool ok = end && !end[1] && strncmp(err, "agentctl: ", 10) == 0 && strstr(err, part) &&
		  !out[0] && !strstr(err, CANARY) && !strstr(err, CANARY_LATER);

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

/* A new place with an empty vault, by a key file. */
static inline bool begin(void)
{
	rig_new();
	return vault("init") == 0;
}

/* What the file holds: to be closed; NULL: it cannot be opened. */
static inline struct vault *look(void)
{
	struct vault_key key = { 0 };
	struct vault *v = NULL;

	if (key_read(rig_path("key"), &key, &f) == 0)
		open_by(&key, &v);
	key_release(&key);
	return v;
}

static inline bool holds(const char *name, const char *value)
{
	struct vault *v = look();
	const struct vault_entry *e = v ? vault_find(v, name) : NULL;
	bool is = e && le16toh(e->value_len) == strlen(value) &&
		  memcmp(e->value, value, strlen(value)) == 0;

	vault_close(v);
	return is;
}

/* agentctl on a terminal of its own. */
struct terminal {
	int fd;
	pid_t child;
	char seen[8192]; /* all that it showed */
	size_t len;
	bool gone; /* who was on it */
};

static inline void terminal_start(struct terminal *t, const char *const *argv)
{
	memset(t, 0, sizeof(*t));
	fflush(stdout);
	t->child = forkpty(&t->fd, NULL, NULL, NULL);
	if (t->child == 0) {
		environment_set();
		execv(program(), (char **)(uintptr_t)argv);
		_exit(111);
	}
}

/* Reads on until it shows this, or nobody is there, or too much time has gone by. */
static inline bool terminal_shows(struct terminal *t, const char *text)
{
	struct pollfd wait = { .fd = t->fd, .events = POLLIN };
	time_t end = time(NULL) + 20;
	ssize_t got;

	while (!strstr(t->seen, text) && !t->gone && time(NULL) < end) {
		if (poll(&wait, 1, 200) <= 0)
			continue;
		got = read(t->fd, t->seen + t->len, sizeof(t->seen) - 1 - t->len);
		t->gone = got <= 0;
		t->len += got > 0 ? (size_t)got : 0;
		t->seen[t->len] = '\0';
	}
	return strstr(t->seen, text) != NULL;
}

/* Does the terminal show what is typed? Waits a moment for what is expected. */
static inline bool terminal_echoes(const struct terminal *t, bool expected)
{
	struct termios now;
	int i;

	for (i = 0; i < 100; i++) {
		if (tcgetattr(t->fd, &now) == 0 && !!(now.c_lflag & ECHO) == expected)
			return expected;
		usleep(20000);
	}
	return !expected;
}

static inline bool terminal_type(const struct terminal *t, const char *text)
{
	return write(t->fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static inline int terminal_end(struct terminal *t)
{
	int status = -1;

	if (!terminal_shows(t, "\x01 never shown") && !t->gone)
		kill(t->child, SIGKILL);
	waitpid(t->child, &status, 0);
	close(t->fd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#define on_terminal(t, ...) \
	terminal_start(t, (const char *const[]){ "agentctl", "vault", __VA_ARGS__, NULL })

#endif
