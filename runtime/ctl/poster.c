// SPDX-License-Identifier: GPL-2.0-or-later
/* agentos-post, run by a command that has something to post. */
#include "ctl/poster.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rpc/posting.h"

#define LINGER_MS 2000

extern char **environ;

/* Beside this program, as it is built; or where it is installed. */
static int program_find(char *path, size_t size, struct fault *f)
{
	static const char *const places[] = { "agentos-post", "../libexec/agentos-post" };
	char self[PATH_MAX];
	ssize_t len;
	size_t i;

	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[len > 0 ? len : 0] = '\0';
	if (strrchr(self, '/'))
		strrchr(self, '/')[1] = '\0';
	for (i = 0; len > 0 && i < sizeof(places) / sizeof(places[0]); i++) {
		if ((size_t)snprintf(path, size, "%s%s", self, places[i]) < size &&
		    access(path, X_OK) == 0)
			return 0;
	}
	return fault_set(f, ENOENT, "agentos-post, which speaks HTTP, is not installed");
}

static int program_spawn(struct poster *p, char *path, int in, int out, struct fault *f)
{
	char *argv[] = { path, NULL };
	posix_spawn_file_actions_t actions;
	int err;

	err = posix_spawn_file_actions_init(&actions);
	if (err)
		return fault_set(f, err, "agentos-post: %s", strerror(err));
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	err = posix_spawn(&p->pid, path, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (!err)
		return 0;
	p->pid = 0;
	return fault_set(f, err, "agentos-post: %s", strerror(err));
}

int poster_start(struct poster *p, const char *settings, size_t len, struct fault *f)
{
	int to[2] = { -1, -1 }, from[2] = { -1, -1 }, rc;
	char path[PATH_MAX];

	*p = (struct poster){ .to = -1, .from = -1 };
	rc = program_find(path, sizeof(path), f);
	if (rc)
		return rc;
	if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) {
		rc = fault_set(f, errno, "agentos-post: %s", strerror(errno));
	} else {
		rc = program_spawn(p, path, to[0], from[1], f);
		p->to = to[1];
		p->from = from[0];
		to[1] = from[0] = -1;
	}
	if (to[0] >= 0)
		close(to[0]);
	if (to[1] >= 0)
		close(to[1]);
	if (from[0] >= 0)
		close(from[0]);
	if (from[1] >= 0)
		close(from[1]);
	if (!rc) {
		rc = posting_send(p->to, settings, len);
		if (rc)
			fault_set(f, -rc, "agentos-post: %s", strerror(-rc));
	}
	if (rc)
		poster_stop(p);
	return rc;
}

void poster_stop(struct poster *p)
{
	if (p->to >= 0)
		close(p->to);
	if (p->from >= 0)
		close(p->from);
	p->to = p->from = -1;
	if (p->pid) {
		/* What it still does, nobody waits for. */
		kill(p->pid, SIGKILL);
		while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	p->pid = 0;
}

/* A signal asks for the end: an answer that is on its way is taken still. */
static int answer_receive(int fd, char **ret_answer, size_t *ret_len)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	int rc = posting_receive(fd, POSTING_ANSWER + 1, ret_answer, ret_len);

	if (rc == -EINTR && poll(&pollfd, 1, LINGER_MS) > 0)
		rc = posting_receive(fd, POSTING_ANSWER + 1, ret_answer, ret_len);
	return rc;
}

int poster_send(struct poster *p, const char *body, size_t len, struct fault *f)
{
	int rc;

	do {
		rc = posting_send(p->to, body, len);
	} while (rc == -EINTR);
	/* It may have told before, and have ended: that it cannot start. */
	return rc == 0 || rc == -EPIPE ? 0 : fault_set(f, -rc, "agentos-post: %s", strerror(-rc));
}

int poster_answer(struct poster *p, char **ret_answer, size_t *ret_len, struct fault *f)
{
	char *answer = NULL;
	size_t got = 0;
	int rc;

	rc = answer_receive(p->from, &answer, &got);
	if (rc == -EINTR)
		return fault_set(f, EINTR, "interrupted before the server had answered");
	if (rc < 0)
		return fault_set(f, -rc, "agentos-post: %s", strerror(-rc));
	if (!answer)
		return fault_set(f, EPIPE, "agentos-post has ended");
	if (answer[0] == '+') {
		*ret_answer = answer;
		*ret_len = got - 1;
		memmove(answer, answer + 1, got);
		return 0;
	}
	rc = fault_set(f, EPROTO, "%s", got > 1 ? answer + 1 : "refused");
	free(answer);
	return rc;
}

int poster_post(struct poster *p, const char *body, size_t len, char **ret_answer, size_t *ret_len,
		struct fault *f)
{
	int rc = poster_send(p, body, len, f);

	return rc ? rc : poster_answer(p, ret_answer, ret_len, f);
}
