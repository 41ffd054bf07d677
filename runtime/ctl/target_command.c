// SPDX-License-Identifier: GPL-2.0-or-later
/* A checkpoint handed to a command on its standard input; what it ends with counts. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/growth.h"
#include "ctl/target.h"

#define LINGER_MS 2000 /* between being asked to end and being killed */

extern char **environ;

/* A file in memory with the note: a command that does not read it holds up nobody. */
static int note_file(const char *note, size_t len)
{
	int fd = memfd_create("checkpoint", MFD_CLOEXEC), rc = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, note, len);
	if (n != (ssize_t)len)
		rc = n < 0 ? -errno : -EIO;
	else if (lseek(fd, 0, SEEK_SET) != 0)
		rc = -errno;
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

/* In a group of its own, and with signals as if nobody had touched them. */
static int command_spawn(const struct target *t, int in, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, usual;
	int err;

	err = posix_spawn_file_actions_init(&actions);
	if (err)
		return -err;
	err = posix_spawnattr_init(&attributes);
	if (err) {
		posix_spawn_file_actions_destroy(&actions);
		return -err;
	}
	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &usual);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						      POSIX_SPAWN_SETPGROUP);
	err = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	if (!err)
		err = posix_spawnp(ret_pid, t->argv[0], &actions, &attributes, t->argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

/* Once nobody waits for it: it may tidy up, and then it and what it started are gone. */
static void command_kill(pid_t pid, int pidfd)
{
	struct pollfd fd = { .fd = pidfd, .events = POLLIN };

	kill(-pid, SIGTERM);
	poll(&fd, 1, LINGER_MS);
	/* Not yet waited for, so that its number is no other group's. */
	kill(-pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static int command_wait(pid_t pid, uint64_t give_up_ns, struct fault *f)
{
	struct pollfd fd = { .fd = pidfd_open(pid, 0), .events = POLLIN };
	int status = 0, rc, err = errno;

	if (fd.fd < 0) {
		command_kill(pid, -1);
		return fault_set(f, err, "cannot wait for it: %s", strerror(err));
	}
	rc = growth_poll(&fd, 1, (int64_t)((give_up_ns + 999999) / 1000000));
	if (rc == 1) {
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	} else {
		command_kill(pid, fd.fd);
	}
	close(fd.fd);
	if (rc < 0)
		return fault_set(f, -rc, "cannot wait for it: %s", strerror(-rc));
	if (rc == 0 && growth_ended())
		return fault_set(f, EINTR, "interrupted before it had ended");
	if (rc == 0)
		return fault_set(f, ETIMEDOUT, "killed: it had not ended after %.10g seconds",
				 (double)give_up_ns / 1e9);
	if (WIFSIGNALED(status))
		return fault_set(f, ECANCELED, "it was ended by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status))
		return fault_set(f, ECANCELED, "it ended with exit status %d", WEXITSTATUS(status));
	return 0;
}

int target_send_command(const struct target *t, const struct target_options *o, const char *note,
			size_t len, struct fault *f)
{
	int in = note_file(note, len), rc;
	pid_t pid = 0;

	if (in < 0)
		return fault_set(f, -in, "%s", strerror(-in));
	rc = command_spawn(t, in, &pid);
	close(in);
	if (rc)
		return fault_set(f, -rc, "%s", strerror(-rc));
	return command_wait(pid, o->give_up_ns, f);
}
