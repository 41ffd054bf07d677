// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules that nobody wrote: what no policy gives away, and what some need. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kern/cgroup.h"
#include "kern/device.h"
#include "kern/enforce_state.h"

static bool path_below(const char *path, bool named, const char *directory)
{
	const size_t len = strlen(directory);

	return strncmp(path, directory, len) == 0 && (path[len] == '/' || (named && !path[len]));
}

/* Is the path that of one of these beside the log? */
static bool path_beside(const char *path, const char *log, const char *const *suffixes)
{
	const size_t len = strlen(log);

	if (strncmp(path, log, len))
		return false;
	while (*suffixes && strcmp(path + len, *suffixes))
		suffixes++;
	return *suffixes;
}

static bool names_have(const char *const *names, const char *name)
{
	while (*names && strcmp(*names, name))
		names++;
	return *names;
}

/* Is the rule about one of these? path: of what it is about, or of where its name is. */
static bool rule_is_about(const struct compiled_rule *r, const char *path, const struct secrets *s)
{
	const size_t len = strlen(s->path);

	if (strncmp(path, s->path, len))
		return false;
	if (r->kind == COMPILED_NAME)
		return !path[len] && names_have(s->names, r->name);
	return path[len] == '/' && names_have(s->names, path + len + 1);
}

/* To deny what is denied does no harm, and whoever tries may be killed for it. */
static int secrets_allow(const struct enforce *e, const struct compiled_rule *r, const char *path,
			 struct fault *f)
{
	size_t i;

	for (i = 0; r->allow && i < e->secrets_count; i++) {
		if (rule_is_about(r, path, &e->secrets[i]))
			return fault_set(f, EINVAL,
					 "rule %u: no rule may allow what is agentosd's own in %s",
					 r->number, e->secrets[i].path);
	}
	return 0;
}

/*
 * It would be nearer than our own rules. Where it is a name, that is in what fd is of.
 * Of the log anybody's policy may let reading pass: what we deny there is to write,
 * and a rule that denies nothing leaves the refusal ours. But its secrets are nobody's.
 */
int own_allow(const struct enforce *e, const struct compiled_rule *r, int fd, struct fault *f)
{
	const bool named = r->kind == COMPILED_NAME;
	const bool reads = !(r->allow & ~AGENTOS_FILE_READ) && !(r->deny | r->kill | r->watch);
	const char *below = NULL;
	char link[32], path[PATH_MAX];
	ssize_t got;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	got = readlink(link, path, sizeof(path) - 1);
	if (got < 0)
		return fault_set(f, errno, "rule %u: what it is about cannot be told: %s",
				 r->number, strerror(errno));
	path[got] = '\0';
	if (path_below(path, named, AGENTOS_PIN_DIR))
		below = AGENTOS_PIN_DIR;
	else if (e->feeds && path_below(path, named, e->feeds))
		below = e->feeds;
	else if (e->log.path && !reads && path_below(path, named, e->log.path))
		below = e->log.path;
	else if (e->run && r->allow & AGENTOS_FILE_WRITE && path_below(path, named, e->run))
		below = e->run;
	if (below)
		return fault_set(f, EINVAL, "rule %u: no rule may be about what is below %s",
				 r->number, below);
	if (e->log.path && (path_beside(path, e->log.path, e->log.secrets) ||
			    (!reads && path_beside(path, e->log.path, e->log.shown))))
		return fault_set(f, EINVAL, "rule %u: no rule may be about %s, the audit log's own",
				 r->number, path);
	return secrets_allow(e, r, path, f);
}

int enforce_policy_gateway(struct enforce *e, uint32_t policy, uint16_t port, struct fault *f)
{
	struct agentos_policy_net net = {
		.policy = policy,
		.number = AGENTOS_RULE_GATE,
		.family = AF_INET,
		.prefix = 32,
		.addr = { 127, 0, 0, 1 },
		.port_first = port,
		.port_last = port,
		.allow = AGENTOS_NET_CONNECT_TCP,
	};
	int err = agentos_dev_policy_net(e->dev, &net);

	if (err == -ENOSPC)
		return fault_set(f, E2BIG, "more than %d rules on addresses in one policy",
				 AGENTOS_NET_RULES_MAX - 1);
	return err ? fault_set(f, -err, "the gateway cannot be allowed: %s", strerror(-err)) : 0;
}

void enforce_feeds(struct enforce *e, const char *path, int fd)
{
	e->feeds = path;
	e->feeds_fd = fd;
}

void enforce_run(struct enforce *e, const char *path, int fd)
{
	e->run = path;
	e->run_fd = fd;
}

int enforce_policy_feed(struct enforce *e, uint32_t policy, int fd, struct fault *f)
{
	struct agentos_policy_rule rule = {
		.policy = policy,
		.fd = fd,
		.allow = AGENTOS_FILE_READ,
		.deny = AGENTOS_FILE_ALL & ~AGENTOS_FILE_READ,
		.number = AGENTOS_RULE_FEED,
	};
	int err = agentos_dev_policy_rule(e->dev, &rule);

	return err ? fault_set(f, -err, "a denial feed cannot be held: %s", strerror(-err)) : 0;
}

/*
 * Is a file system mounted right there, which whoever mounted it may want to take
 * out? The root's is not. 1, 0, or an errno.
 */
static int mounted_at(int directory)
{
	struct statx root, st;

	if (statx(AT_FDCWD, "/", 0, STATX_MNT_ID, &root) ||
	    statx(directory, "", AT_EMPTY_PATH, STATX_MNT_ID, &st))
		return -errno;
	return st.stx_attributes & STATX_ATTR_MOUNT_ROOT && st.stx_mnt_id != root.stx_mnt_id;
}

static int log_open(struct enforce *e)
{
	const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;

	e->log.parent = -1;
	e->log.directory = open(e->log.path, flags | O_NOFOLLOW);
	if (e->log.directory < 0)
		return -errno;
	e->log.parent = openat(e->log.directory, "..", flags);
	return e->log.parent < 0 ? -errno : 0;
}

/* The longest of a rule on a name beside the log. */
static bool log_name_fits(const struct enforce *e)
{
	const char *const *const lists[] = { e->log.secrets, e->log.shown };
	const size_t len = strlen(strrchr(e->log.path, '/') + 1);
	size_t i, k;

	for (i = 0; i < 2; i++) {
		for (k = 0; lists[i][k]; k++) {
			if (len + strlen(lists[i][k]) >= AGENTOS_RULE_NAME_SIZE)
				return false;
		}
	}
	return true;
}

static void log_close(struct enforce *e)
{
	if (!e->log.path)
		return;
	if (e->log.directory >= 0)
		close(e->log.directory);
	if (e->log.parent >= 0)
		close(e->log.parent);
	free(e->log.path);
	e->log.path = NULL;
}

static void secrets_close(struct secrets *s)
{
	if (s->directory >= 0)
		close(s->directory);
	free(s->path);
}

void own_close(struct enforce *e)
{
	log_close(e);
	while (e->secrets_count)
		secrets_close(&e->secrets[--e->secrets_count]);
}

int enforce_log(struct enforce *e, const char *directory, const char *const *secrets,
		const char *const *shown, struct fault *f)
{
	int err;

	e->log.path = realpath(directory, NULL);
	if (!e->log.path)
		return fault_set(f, errno, "%s: %s", directory, strerror(errno));
	e->log.secrets = secrets;
	e->log.shown = shown;
	err = log_open(e);
	if (!err)
		err = mounted_at(e->log.directory);
	if (!err)
		err = mounted_at(e->log.parent);
	/* Or no policy could be completed. */
	if (!err && !log_name_fits(e))
		err = -ENAMETOOLONG;
	if (!err)
		return 1;
	log_close(e);
	return err < 0 ? fault_set(f, -err, "%s: %s", directory, strerror(-err)) : 0;
}

int enforce_secrets(struct enforce *e, const char *directory, const char *const *names,
		    struct fault *f)
{
	struct secrets s = { .names = names, .directory = -1 };
	int err;

	if (e->secrets_count == SECRETS_MAX)
		return fault_set(f, ENOSPC, "%s: more than %d directories of secrets", directory,
				 SECRETS_MAX);
	s.path = realpath(directory, NULL);
	if (s.path)
		s.directory = open(s.path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	err = s.directory < 0 ? -errno : mounted_at(s.directory);
	if (!err) {
		e->secrets[e->secrets_count++] = s;
		return 1;
	}
	secrets_close(&s);
	return err < 0 ? fault_set(f, -err, "%s: %s", directory, strerror(-err)) : 0;
}

/* No writing there, whatever was written. Closes fd, which may be an error. */
static int policy_keep(struct enforce *e, uint32_t policy, int fd, const char *what,
		       struct fault *f)
{
	struct agentos_policy_rule rule = {
		.policy = policy,
		.fd = fd,
		.deny = AGENTOS_FILE_WRITE,
		.number = AGENTOS_RULE_PINS,
	};
	int err = fd < 0 ? fd : agentos_dev_policy_rule(e->dev, &rule);

	if (fd >= 0)
		close(fd);
	return err ? fault_set(f, -err, "%s cannot be held: %s", what, strerror(-err)) : 0;
}

/* A name beside the log, whatever has it by then. */
static int log_keep_name(const struct enforce *e, uint32_t policy, const char *suffix,
			 uint32_t deny)
{
	struct agentos_policy_rule rule = {
		.policy = policy,
		.fd = e->log.parent,
		.deny = deny,
		.number = AGENTOS_RULE_LOG,
	};
	int len = snprintf(rule.name, sizeof(rule.name), "%s%s", strrchr(e->log.path, '/') + 1,
			   suffix);

	return (size_t)len >= sizeof(rule.name) ? -ENAMETOOLONG :
						  agentos_dev_policy_rule(e->dev, &rule);
}

static int log_keep(const struct enforce *e, uint32_t policy)
{
	struct agentos_policy_rule rule = {
		.policy = policy,
		.fd = e->log.directory,
		.deny = AGENTOS_FILE_WRITE,
		.number = AGENTOS_RULE_LOG,
	};
	int i, err = agentos_dev_policy_rule(e->dev, &rule);

	for (i = 0; !err && e->log.secrets[i]; i++)
		err = log_keep_name(e, policy, e->log.secrets[i], AGENTOS_FILE_ALL);
	for (i = 0; !err && e->log.shown[i]; i++)
		err = log_keep_name(e, policy, e->log.shown[i], AGENTOS_FILE_WRITE);
	return err;
}

static int secrets_keep(const struct enforce *e, uint32_t policy, const struct secrets *s)
{
	struct agentos_policy_rule rule = {
		.policy = policy,
		.fd = s->directory,
		.deny = AGENTOS_FILE_ALL,
		.number = AGENTOS_RULE_KEYS,
	};
	const char *const *name;
	int err = 0;

	for (name = s->names; !err && *name; name++) {
		memset(rule.name, 0, sizeof(rule.name));
		if (snprintf(rule.name, sizeof(rule.name), "%s", *name) >= (int)sizeof(rule.name))
			return -ENAMETOOLONG;
		err = agentos_dev_policy_rule(e->dev, &rule);
	}
	return err;
}

static int policy_keep_own(struct enforce *e, uint32_t policy, struct fault *f)
{
	int err = e->log.path ? log_keep(e, policy) : 0;
	size_t i;

	if (err)
		return fault_set(f, -err, "%s cannot be held: %s", e->log.path, strerror(-err));
	for (i = 0; i < e->secrets_count; i++) {
		err = secrets_keep(e, policy, &e->secrets[i]);
		if (err)
			return fault_set(f, -err, "what is secret in %s cannot be held: %s",
					 e->secrets[i].path, strerror(-err));
	}
	return 0;
}

/*
 * Rules more, which nobody wrote: an agent that may write anywhere may not unlink
 * the programs that hold it, nor put a socket of its own in the place of ours, nor
 * leave the cgroup that limits it, nor change what is told of it, and one that may
 * read anywhere not see the denials of others, nor sign for a log of its own, nor
 * take the keys. The holds on the directories keep their file systems from being
 * unmounted, too.
 */
int enforce_policy_complete(struct enforce *e, uint32_t policy, bool limited, struct fault *f)
{
	struct agentos_policy_rule rule;
	int fd, err;

	fd = open(AGENTOS_PIN_DIR, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	err = policy_keep(e, policy, fd < 0 ? -errno : fd, AGENTOS_PIN_DIR, f);
	if (!err && limited)
		err = policy_keep(e, policy, cgroup_root(), "the tree of cgroups", f);
	if (!err && e->run)
		err = policy_keep(e, policy, fcntl(e->run_fd, F_DUPFD_CLOEXEC, 0), e->run, f);
	if (!err)
		err = policy_keep_own(e, policy, f);
	if (err || !e->feeds)
		return err;
	rule = (struct agentos_policy_rule){
		.policy = policy,
		.fd = e->feeds_fd,
		.deny = AGENTOS_FILE_ALL,
		.number = AGENTOS_RULE_FEED,
	};
	err = agentos_dev_policy_rule(e->dev, &rule);
	return err ? fault_set(f, -err, "%s cannot be held: %s", e->feeds, strerror(-err)) : 0;
}
