// SPDX-License-Identifier: GPL-2.0-or-later
/* agentosd's start and end, step by step. */
#include "daemon/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/egress.h"
#include "daemon/gateway.h"
#include "daemon/memory.h"
#include "daemon/say.h"
#include "daemon/secrets.h"
#include "daemon/tokens.h"
#include "kern/cgroup.h"
#include "kern/device.h"

/* Descriptors of half-made policies of all clients, and room to work. */
#define DAEMON_FILES 65536
#define STOP_WAIT_MS 1000

/* A fault that says which file, and what the kernel said. */
static int path_fault(struct fault *f, int error, const char *path)
{
	return fault_set(f, error, "%s: %s", path, strerror(error));
}

/* Makes the directory, or takes the one that is there if nobody but root may write to it. */
static int directory_make(const char *path, mode_t mode, gid_t group, struct fault *f)
{
	struct stat st;
	int fd, err = 0;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return path_fault(f, errno, path);
	fd = open(path, O_DIRECTORY | O_NOFOLLOW | O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return path_fault(f, errno, path);
	if (fstat(fd, &st) < 0)
		err = path_fault(f, errno, path);
	else if (st.st_uid != 0)
		err = fault_set(f, EPERM, "%s: is not owned by root", path);
	/* What others could write to may hold what others wrote: closing it now is too late. */
	else if (st.st_mode & (S_IWGRP | S_IWOTH))
		err = fault_set(
			f, EPERM,
			"%s: others may write to it: see what is in it, then `chmod %04o %s`", path,
			mode, path);
	else if (fchown(fd, 0, group) < 0 || fchmod(fd, mode) < 0)
		err = path_fault(f, errno, path);
	close(fd);
	return err;
}

/* /var/lib/agentos may not be there either; one level is enough. */
static int directory_parent(const char *path, struct fault *f)
{
	char parent[4096];
	char *slash;

	if (strlen(path) >= sizeof(parent) || path[0] != '/')
		return fault_set(f, EINVAL, "%s: must be an absolute path", path);
	strcpy(parent, path);
	slash = strrchr(parent, '/');
	if (slash == parent)
		return 0;
	*slash = '\0';
	if (mkdir(parent, 0755) < 0)
		return errno == EEXIST ? 0 : path_fault(f, errno, parent);
	/* The umask took what the group needs to get to the log. */
	return chmod(parent, 0755) < 0 ? path_fault(f, errno, parent) : 0;
}

/* By its one name that has no symlink in it, as the kernel tells what is below it. */
static int directory_denials(struct daemon *d, struct fault *f)
{
	char *run_dir = realpath(d->options.run_dir, NULL);
	/* Room for an agent's number and ".old" in a reply. */
	const size_t room = sizeof(d->denials) - sizeof("/18446744073709551615.old");
	int len;

	if (!run_dir)
		return path_fault(f, errno, d->options.run_dir);
	len = snprintf(d->denials, sizeof(d->denials), "%s/denials", run_dir);
	if (len > 0 && (size_t)len <= room)
		memcpy(d->run_dir, run_dir, strlen(run_dir) + 1);
	free(run_dir);
	if (!d->run_dir[0])
		return fault_set(f, ENAMETOOLONG, "%s: too long", d->options.run_dir);
	return directory_make(d->denials, 0711, 0, f);
}

/* What is in it is ours: who could replace a socket there would be taken for who it was of. */
static int run_keep(struct daemon *d, struct fault *f)
{
	d->run = open(d->run_dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (d->run < 0)
		return path_fault(f, errno, d->run_dir);
	enforce_run(d->enforce, d->run_dir, d->run);
	return 0;
}

static int egress_begin(struct daemon *d, struct fault *f)
{
	char path[4096];
	int err;

	err = tokens_open(d->options.run_dir, d->token_key, f);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/egress", d->options.run_dir);
	err = directory_make(path, 0700, 0, f);
	return err ? err : egress_open(path, d->dev, &d->egress, f);
}

/* One daemon at a time: the lock is held as long as the process lives, whatever ends it. */
static int lock_take(struct daemon *d, struct fault *f)
{
	char path[4096], pid[32] = { 0 };
	ssize_t len;
	int fd, err;

	snprintf(path, sizeof(path), "%s/agentosd.pid", d->options.run_dir);
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return path_fault(f, errno, path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		err = errno;
		len = read(fd, pid, sizeof(pid) - 1);
		close(fd);
		if (err != EWOULDBLOCK)
			return path_fault(f, err, path);
		return fault_set(f, EBUSY, "socket busy: agentosd already runs as pid %ld",
				 len > 0 ? strtol(pid, NULL, 10) : 0L);
	}
	len = snprintf(pid, sizeof(pid), "%d\n", getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)len, 0) != len) {
		err = path_fault(f, errno, path);
		close(fd);
		return err;
	}
	d->lock = fd;
	return 0;
}

static void process_harden(void)
{
	struct rlimit files;
	int fd;

	close_range(STDERR_FILENO + 1, ~0U, 0);
	umask(0077);
	prctl(PR_SET_DUMPABLE, 0);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < DAEMON_FILES) {
		files.rlim_cur = DAEMON_FILES;
		if (files.rlim_max < DAEMON_FILES)
			files.rlim_max = DAEMON_FILES;
	}
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		say("cannot raise the limit of open files: large policies may be refused");
	/* Enforcement outlives this process, the audit trail is only as good as it. */
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "-1000", 5) != 5)
		say("cannot keep clear of the out-of-memory killer");
	if (fd >= 0)
		close(fd);
}

int daemon_prepare(struct daemon *d, struct fault *f)
{
	struct group *group;
	int err;

	if (geteuid() != 0)
		return fault_set(f, EPERM,
				 "agentosd must be root: start it with `systemctl start agentosd`");
	process_harden();
	group = getgrnam(d->options.group);
	if (!group)
		return fault_set(f, ENOENT, "group %s does not exist: run `groupadd --system %s`",
				 d->options.group, d->options.group);
	d->group = group->gr_gid;
	err = directory_make(d->options.run_dir, 0755, 0, f);
	if (!err)
		err = directory_denials(d, f);
	if (!err)
		err = directory_parent(d->options.audit_dir, f);
	if (!err)
		err = directory_make(d->options.audit_dir, 0750, d->group, f);
	if (!err)
		err = lock_take(d, f);
	return err;
}

static void proof_hook(enum agentos_hook hook, int result, const char *what, void *cookie)
{
	struct proof *p = cookie;

	if ((unsigned int)hook >= AGENTOS_HOOK_COUNT)
		return;
	/* A hook that is tried in several ways is proved by all of them. */
	if (p->result[hook] && p->result[hook] != -EAGAIN && p->result[hook] != -ENOSYS)
		return;
	p->result[hook] = result;
	control_encode_text(p->what[hook], sizeof(p->what[hook]), what ? what : "");
	if (result && result != -ENOSYS)
		say("hook %s is not proved: %s (tried: %s)", enforce_hook_name(hook),
		    strerror(-result), p->what[hook]);
}

void daemon_prove(struct daemon *d)
{
	unsigned int i;

	if (!d->enforce)
		return;
	memset(&d->proof, 0, sizeof(d->proof));
	for (i = 0; i < AGENTOS_HOOK_COUNT; i++)
		d->proof.result[i] = -EAGAIN;
	d->proof.error = enforce_selftest(d->enforce, proof_hook, &d->proof, &d->proof.why);
	if (d->proof.error > 0)
		d->proof.error = -EUNATCH;
	if (d->proof.error)
		say("enforcement is off: %s", d->proof.why.text);
	else
		say("enforcement is on: every hook proved");
}

int daemon_enforce(struct daemon *d, struct fault *f)
{
	struct drain_options options = { .loop = d->loop,
					 .directory = d->options.audit_dir,
					 .names = d->names,
					 .keep = d->options.keep };
	struct fault ending;
	int err, swept;

	memory_bound();
	d->dev = device_open(O_RDWR | O_NONBLOCK, f);
	if (d->dev < 0)
		return d->dev;
	/* What a udev rule does where there is udev. */
	if (fchown(d->dev, 0, d->group) < 0 || fchmod(d->dev, 0660) < 0)
		return path_fault(f, errno, AGENTOS_DEVICE);
	options.dev = d->dev;
	err = feeds_open(d->denials, d->dev, &d->feeds, f);
	if (err)
		return err;
	options.feeds = d->feeds;
	err = egress_begin(d, f);
	if (!err)
		err = gateway_open(d, f);
	if (err)
		return err;
	options.egress = d->egress;
	err = drain_open(&options, &d->drain, f);
	if (err)
		return err;
	err = enforce_open(d->dev, &d->enforce, &d->adopted, f);
	if (err)
		return err;
	enforce_feeds(d->enforce, d->denials, feeds_directory(d->feeds));
	err = run_keep(d, f);
	if (!err)
		err = secrets_hold(d->enforce, d->options.audit_dir, d->options.run_dir, f);
	if (!err)
		err = drain_start(d->drain, d->enforce, d->adopted, f);
	if (err) {
		/* What was only just begun is not left behind without a daemon. */
		if (!d->adopted && enforce_end(d->enforce, &ending) == 0)
			d->enforce = NULL;
		return err;
	}
	if (d->adopted) {
		swept = enforce_policy_sweep(d->enforce);
		feeds_sweep(d->feeds);
		egress_sweep(d->egress);
		say("adopted what an earlier agentosd left: %" PRId64
		    " agents, %d unused policies removed",
		    daemon_agents(d), swept);
	}
	daemon_prove(d);
	memory_trim();
	return 0;
}

void daemon_adopt_gateway(struct daemon *d)
{
	if (d->adopted)
		gateway_adopt(d, egress_any(d->egress));
}

int64_t daemon_agents(const struct daemon *d)
{
	struct agentos_version version;
	int err = agentos_dev_version(d->dev, &version);

	return err ? err : (int64_t)version.ret_agents;
}

/* Nobody comes after us to look at what is left. */
static void daemon_remove_cgroups(const struct daemon *d)
{
	unsigned int waited;

	for (waited = 0; waited < STOP_WAIT_MS && cgroup_sweep(d->dev); waited += 10)
		usleep(10000);
}

int daemon_end(struct daemon *d, struct fault *f)
{
	int64_t agents = daemon_agents(d);
	int err;

	if (agents > 0)
		agents -= gateway_agents(d);
	if (!d->enforce)
		return fault_set(f, EUNATCH, "enforcement has been ended already");
	if (agents)
		return fault_set(f, agents < 0 ? (int)-agents : EBUSY,
				 "enforcement goes on: %" PRId64
				 " agents live; end them with `agentctl kill`",
				 agents < 0 ? 0 : agents);
	gateway_stop(d);
	drain_flush(d->drain);
	daemon_remove_cgroups(d);
	err = enforce_end(d->enforce, f);
	if (err)
		return err;
	d->enforce = NULL;
	agentos_dev_gateway(d->dev, 0, -1);
	egress_clear(d->egress);
	drain_stop(d->drain);
	feeds_clear(d->feeds);
	tokens_end(d->options.run_dir);
	drain_note(d->drain, DAEMON_ENDED, 0, "");
	drain_flush(d->drain);
	d->proof.error = fault_set(
		&d->proof.why, EUNATCH, "enforcement was ended: restart agentosd to begin again");
	say("enforcement ended: the module can be unloaded");
	return 0;
}

/* Whoever waited for an agent saw its end a moment before the module lets go of it. */
static void daemon_wait_for_last(const struct daemon *d)
{
	unsigned int waited;

	for (waited = 0; waited < STOP_WAIT_MS && daemon_agents(d) > 0; waited += 10)
		usleep(10000);
}

void daemon_stop(struct daemon *d)
{
	struct fault f;
	int64_t agents;

	daemon_notify("STOPPING=1");
	/* It could ask nobody. The next agentosd starts one for those that are left. */
	gateway_stop(d);
	daemon_wait_for_last(d);
	if (!d->enforce || daemon_end(d, &f) == 0)
		return;
	agents = daemon_agents(d);
	say("%s; it holds without agentosd, and the next one adopts it", f.text);
	drain_note(d->drain, DAEMON_STOPPED, agents > 0 ? (uint64_t)agents : 0, "");
	drain_flush(d->drain);
}

void daemon_release(struct daemon *d)
{
	gateway_close(d->gateway);
	drain_close(d->drain);
	enforce_close(d->enforce);
	feeds_close(d->feeds);
	egress_close(d->egress);
	names_close(d->names);
	loop_close(d->loop);
	if (d->run >= 0)
		close(d->run);
	if (d->dev >= 0)
		close(d->dev);
	if (d->lock >= 0)
		close(d->lock);
}

/* The protocol of sd_notify(3): one datagram to the socket named in the environment. */
void daemon_notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (!len || len >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(address.sun_path, path, len);
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		say("cannot tell the service manager: %s", strerror(errno));
	close(fd);
}
