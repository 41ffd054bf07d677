// SPDX-License-Identifier: GPL-2.0-or-later
/* Waiting for the audit log to grow, until somebody wants no more of it. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "ctl/growth.h"

#define FOLLOW_MS 1000 /* looks again at least this often, should inotify miss something */

static volatile sig_atomic_t asked_to_end;

static void on_signal(int number)
{
	asked_to_end = 1;
}

void growth_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

void growth_open(struct growth *g, const char *directory)
{
	growth_signals();
	/* Without it (too many watches) the time-out of the wait does. */
	g->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (g->notify >= 0)
		inotify_add_watch(g->notify, directory, IN_MODIFY | IN_CREATE);
}

void growth_close(struct growth *g)
{
	if (g->notify >= 0)
		close(g->notify);
	g->notify = -1;
}

int growth_poll(struct pollfd *fds, nfds_t count, int64_t timeout_ms)
{
	const struct timespec timeout = { .tv_sec = timeout_ms / 1000,
					  .tv_nsec = timeout_ms % 1000 * 1000000 };
	sigset_t blocked, before;
	int n = 0;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	if (!asked_to_end)
		n = ppoll(fds, count, timeout_ms < 0 ? NULL : &timeout, &before);
	if (n < 0)
		n = errno == EINTR ? 0 : -errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return n;
}

int growth_wait(struct growth *g)
{
	struct pollfd fds[] = { { .fd = g->notify, .events = POLLIN }, { .fd = STDOUT_FILENO } };
	char changes[4096];

	growth_poll(fds, 2, FOLLOW_MS);
	if (fds[1].revents & (POLLERR | POLLHUP | POLLNVAL))
		return -EPIPE;
	/* What changed does not matter: the log is read on from where it was. */
	while (g->notify >= 0 && read(g->notify, changes, sizeof(changes)) > 0)
		;
	return 0;
}

bool growth_ended(void)
{
	return asked_to_end;
}
