// SPDX-License-Identifier: GPL-2.0-or-later
/* Paths to descriptors: the object a rule means, and every name by which it could be replaced. */
#include "super/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/index.h"
#include "policy/source.h"
#include "super/links.h"

/*
 * Which names a rule covers. `read: [/a/link]`, where link -> real/file, becomes
 *
 *	the object            real/file's inode, as long as it lives
 *	(/a/real, "file")     whatever is renamed over the file later
 *	(/a, "link")          whatever is renamed over the link later
 *
 * and so on along a chain of links: one name rule for each last component met.
 * Each is where one rename can put another object behind the written path. A
 * name rule on a link also decides who may delete or replace the link.
 * Links among the *directories* of a path (/bin -> usr/bin) are followed and
 * get no rule: a rule is about an object and its place, and who swaps a
 * directory link leads the path elsewhere but leaves the object ruled.
 */

#define LINKS_MAX 40 /* as the kernel's own limit */

struct resolve {
	const struct policy *policy;
	struct fault *fault;
	const struct timespec *since; /* NULL: links of any age will do */
	bool distrusted;	      /* one was not followed for its age */
	struct resolved out;
	struct stat *stats; /* of out.fds[i] */
	size_t room;
	struct index by_object;
	/* The last rule on a name where it is written, and its directory's descriptor. */
	const struct policy_rule *beside;
	int directory;
	bool as_written; /* what is being added is such a one */
	bool on_the_way; /* ... is a directory above what is denied: nobody is killed for that */
	bool missing;	 /* ... does not exist: what is denied in part is denied whole */
};

/* How one lookup ended: where it stands after the last component that exists. */
struct walk {
	int parent; /* directory of the last component, O_PATH; -1: not reached */
	char name[NAME_MAX + 1];
};

static void fd_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

static const struct policy_rule *rule_of(const struct resolve *r, size_t number)
{
	return &r->policy->rules[number];
}

/* The file in which something of the policy stands. */
static struct source source_of(const struct resolve *r, struct policy_place at)
{
	struct source source;

	source_init_at(&source, r->policy->files, at.file, r->fault);
	return source;
}

/* source_fault() about what stands there. */
#define place_fault(r, at, error, ...)                                      \
	({                                                                  \
		const struct source place_source = source_of(r, at);        \
		source_fault(&place_source, error, (at).line, __VA_ARGS__); \
	})

static struct quote rule_quote(const struct policy_rule *rule)
{
	return source_quote(rule->path, strlen(rule->path));
}

static int rule_fault(const struct resolve *r, const struct policy_rule *rule, int error)
{
	const char *why;

	switch (error) {
	case ENOENT:
	case ENOTDIR:
		why = "does not exist; create it, or write \"-\" before the path to skip it then";
		error = ENOENT;
		break;
	case ELOOP:
		why = "leads through too many symbolic links; name what it should lead to";
		break;
	case EACCES:
		why = "cannot be reached by you; name a path you have access to";
		break;
	case ENAMETOOLONG:
		why = "has a last name that is too long for a rule (63 bytes); "
		      "name the directory it is in";
		break;
	case EMFILE:
	case ENFILE:
		why = "found no file descriptor left; raise the limit (ulimit -n)";
		break;
	case ENOMEM:
		why = "found no memory left";
		break;
	default:
		why = strerror(error);
		break;
	}
	return place_fault(r, rule->at, error, "%s %s", rule_quote(rule).text, why);
}

static int resolve_grow(struct resolve *r)
{
	size_t room = r->room ? r->room * 2 : 64;
	void *grown;

	if (r->out.count < r->room)
		return 0;
	grown = reallocarray(r->out.rules, room, sizeof(*r->out.rules));
	if (!grown)
		return -ENOMEM;
	r->out.rules = grown;
	grown = reallocarray(r->out.fds, room, sizeof(*r->out.fds));
	if (!grown)
		return -ENOMEM;
	r->out.fds = grown;
	grown = reallocarray(r->out.owned, room, sizeof(*r->out.owned));
	if (!grown)
		return -ENOMEM;
	r->out.owned = grown;
	grown = reallocarray(r->stats, room, sizeof(*r->stats));
	if (!grown)
		return -ENOMEM;
	r->stats = grown;
	r->room = room;
	return 0;
}

/*
 * Two written paths meet in what looks like one object or name: do they contradict
 * each other? Both stay: overlayfs gives objects of different layers the same
 * numbers, and the module merges what it finds to be one.
 */
static int rule_compare(const struct resolve *r, const struct compiled_rule *before,
			const struct compiled_rule *added)
{
	const struct policy_rule *first = rule_of(r, before->number);
	const struct policy_rule *second = rule_of(r, added->number);
	const bool denied_first = before->deny & added->allow;
	struct policy_place at = denied_first ? second->at : second->deny_at;
	const struct source source = source_of(r, at);

	if (!denied_first && !(before->allow & added->deny))
		return 0;
	return source_fault(
		&source, EINVAL, at.line,
		"%s and %s %s are the same file, once allowed and once denied; take one out",
		rule_quote(second).text, rule_quote(first).text,
		source_elsewhere(&source, denied_first ? first->deny_at : first->at).text);
}

/* What makes two rules one: the object, and the name in it. */
struct meaning {
	const struct stat *stat;
	const struct compiled_rule *rule;
};

static uint64_t meaning_hash(const struct meaning *m)
{
	uint64_t hash = index_hash(INDEX_HASH, &m->stat->st_ino, sizeof(m->stat->st_ino));

	return index_hash(hash, m->rule->name, sizeof(m->rule->name));
}

static uint64_t rule_hash(const void *resolve, size_t at)
{
	const struct resolve *r = resolve;

	return meaning_hash(&(struct meaning){ &r->stats[at], &r->out.rules[at] });
}

static bool rule_means(const void *meaning, const void *resolve, size_t at)
{
	const struct resolve *r = resolve;
	const struct meaning *m = meaning;

	return r->stats[at].st_ino == m->stat->st_ino && r->stats[at].st_dev == m->stat->st_dev &&
	       r->out.rules[at].kind == m->rule->kind &&
	       strcmp(r->out.rules[at].name, m->rule->name) == 0;
}

/* Are the two paths written as names in one directory? */
static bool paths_are_beside(const char *path, const char *other)
{
	const char *end = strrchr(path, '/');
	size_t len = end ? (size_t)(end - path) + 1 : 0;

	return len && strncmp(path, other, len) == 0 && !strchr(other + len, '/');
}

/*
 * A descriptor to keep for the rule that comes next. For names that are written
 * one after the other in one directory it is one: there may be thousands.
 */
static int descriptor_keep(struct resolve *r, const struct policy_rule *rule, int fd)
{
	int kept;

	if (r->as_written && r->beside && paths_are_beside(rule->path, r->beside->path))
		return r->directory;
	kept = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (kept < 0)
		return errno == EINVAL ? -EMFILE : -errno;
	r->out.owned[r->out.owned_count++] = kept;
	if (r->as_written) {
		r->beside = rule;
		r->directory = kept;
	}
	return kept;
}

/* Adds a rule on fd (the object itself when name is empty), which stays the caller's. */
static int rule_add(struct resolve *r, size_t number, int fd, const char *name)
{
	const struct policy_rule *rule = rule_of(r, number);
	struct compiled_rule added = {
		.number = (uint32_t)number,
		.allow = r->missing ? 0 : rule->allow,
		.deny = r->missing ? rule->deny | rule->allow : rule->deny,
		.kill = r->on_the_way ? 0 : rule->kill,
		.watch = r->missing ? 0 : rule->watch,
		.kind = rule->abstract ? COMPILED_ABSTRACT :
			rule->anywhere ? COMPILED_ANYWHERE :
			name[0]	       ? COMPILED_NAME :
					 COMPILED_OBJECT,
	};
	struct stat st;
	struct meaning meaning = { &st, &added };
	size_t before;
	int kept;

	if (strlen(name) >= sizeof(added.name))
		return rule_fault(r, rule, ENAMETOOLONG);
	memcpy(added.name, name, strlen(name));
	if (fstat(fd, &st) < 0)
		return rule_fault(r, rule, errno);
	before = index_find(&r->by_object, meaning_hash(&meaning), rule_means, &meaning, r);
	if (before != SIZE_MAX) {
		kept = rule_compare(r, &r->out.rules[before], &added);
		if (kept)
			return kept;
	}
	if (r->out.count == AGENTOS_POLICY_RULES_MAX)
		return place_fault(r, rule->at, E2BIG,
				   "the policy comes to more than %d rules on objects and names; "
				   "name directories instead of what is in them",
				   AGENTOS_POLICY_RULES_MAX);
	if (resolve_grow(r) < 0)
		return rule_fault(r, rule, ENOMEM);
	kept = descriptor_keep(r, rule, fd);
	if (kept < 0)
		return rule_fault(r, rule, -kept);
	r->out.rules[r->out.count] = added;
	r->out.fds[r->out.count] = kept;
	r->stats[r->out.count++] = st;
	return index_add(&r->by_object, r->out.count - 1, rule_hash, r) ?
		       rule_fault(r, rule, ENOMEM) :
		       0;
}

/* May the link be followed? Its age is that of the very link that is then read. */
static int link_check_age(struct resolve *r, const struct policy_rule *rule, const char *name,
			  const struct stat *st)
{
	if (!r->since || !rule->allow || st->st_ctim.tv_sec < r->since->tv_sec)
		return 0;
	r->distrusted = true;
	return place_fault(r, rule->at, ELOOP,
			   "%s leads through a symbolic link (%s) that is younger than the agent, "
			   "which may have made it; name what it leads to",
			   rule_quote(rule).text, source_quote(name, strlen(name)).text);
}

/* Puts what a link leads to in front of what is left of a path. */
static int path_follow(int link, char *left, size_t size)
{
	char target[PATH_MAX];
	ssize_t got = readlinkat(link, "", target, sizeof(target) - 1);

	if (got < 0)
		return -errno;
	if (!got || (size_t)got + 1 + strlen(left) + 1 > size)
		return got ? -ENAMETOOLONG : -ENOENT;
	memmove(left + got + 1, left, strlen(left) + 1);
	memcpy(left, target, (size_t)got);
	left[got] = '/';
	return 0;
}

/* Takes the first component off a path. False when there is none, or one that is too long. */
static bool path_take(char *left, char name[NAME_MAX + 1])
{
	size_t skip = strspn(left, "/"), len = strcspn(left + skip, "/");

	if (!len || len > NAME_MAX)
		return false;
	memcpy(name, left + skip, len);
	name[len] = '\0';
	memmove(left, left + skip + len, strlen(left + skip + len) + 1);
	return true;
}

/*
 * A directory by its path (from relative to `from`). Where links are not all
 * trusted it goes component by component, and follows them itself: who changes
 * one meanwhile changes nothing that was looked at.
 */
static int directory_open(struct resolve *r, const struct policy_rule *rule, int from,
			  const char *path)
{
	char left[2 * PATH_MAX], name[NAME_MAX + 1];
	int at, fd, links = 0, err = 0;
	struct stat st;

	if (!r->since || !rule->allow) {
		fd = openat(from, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	snprintf(left, sizeof(left), "%s", path);
	at = openat(from, path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return -errno;
	while (!err && left[strspn(left, "/")]) {
		if (!path_take(left, name)) {
			err = -ENAMETOOLONG;
			break;
		}
		fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st) < 0) {
			err = -errno;
			fd_close(fd);
		} else if (!S_ISLNK(st.st_mode)) {
			close(at);
			at = fd;
			err = S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
		} else {
			err = link_check_age(r, rule, name, &st);
			if (!err)
				err = ++links > LINKS_MAX ? -ELOOP :
							    path_follow(fd, left, sizeof(left));
			close(fd);
			if (!err && left[0] == '/') {
				close(at);
				at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
				if (at < 0)
					return -errno;
			}
		}
	}
	if (!err)
		return at;
	close(at);
	return err;
}

/*
 * One component's step: opens the directory that path's last component is in
 * (from relative to `from`), and copies that component. "/" and what ends in
 * "." or ".." has none: then name is empty and parent is the object itself.
 */
static int walk_to_parent(struct resolve *r, const struct policy_rule *rule, int from,
			  const char *path, struct walk *w)
{
	char directory[PATH_MAX];
	const char *last;
	size_t len = strlen(path);
	int fd;

	while (len > 1 && path[len - 1] == '/')
		len--;
	if (len >= sizeof(directory))
		return -ENAMETOOLONG;
	memcpy(directory, path, len);
	directory[len] = '\0';
	last = strrchr(directory, '/');
	last = last ? last + 1 : directory;
	if (strlen(last) > NAME_MAX)
		return -ENAMETOOLONG;
	if (strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
		last = "";
	strcpy(w->name, last);
	if (last[0])
		directory[last - directory] = '\0';
	fd = directory_open(r, rule, from, directory[0] ? directory : ".");
	if (fd < 0)
		return fd;
	fd_close(w->parent);
	w->parent = fd;
	return 0;
}

/*
 * A directory reached as "." or "..": its own name is asked of the kernel. Where
 * that answer does not lead back to the directory (another root, a name with
 * no path) there is no name that a rename from here could use.
 */
static int rule_add_own_name(struct resolve *r, size_t number, int directory)
{
	char link[64], path[PATH_MAX];
	struct walk w = { .parent = -1 };
	struct stat found, st;
	ssize_t len;
	int err = 0;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", directory);
	len = readlink(link, path, sizeof(path) - 1);
	if (len <= 0 || fstat(directory, &st) < 0)
		return 0;
	path[len] = '\0';
	if (walk_to_parent(r, rule_of(r, number), AT_FDCWD, path, &w) < 0)
		return 0;
	if (w.name[0] && fstatat(w.parent, w.name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
	    found.st_ino == st.st_ino && found.st_dev == st.st_dev)
		err = rule_add(r, number, w.parent, w.name);
	fd_close(w.parent);
	return err;
}

/*
 * A denied path stops at a directory that is not there: the first name that is
 * missing is denied, so that nobody makes the rest of the path, and with it
 * what the rule is about. Where that cannot be told, nothing is added.
 */
static int rule_add_missing(struct resolve *r, size_t number, int from, const char *path)
{
	struct walk w = { .parent = -1 };
	char prefix[PATH_MAX];
	struct stat st;
	char *slash;
	int err = 0;

	if (strlen(path) >= sizeof(prefix))
		return 0;
	strcpy(prefix, path);
	for (slash = strrchr(prefix, '/'); slash && slash > prefix; slash = strrchr(prefix, '/')) {
		*slash = '\0';
		err = walk_to_parent(r, rule_of(r, number), from, prefix, &w);
		if (err == -ENOENT)
			continue;
		r->missing = r->on_the_way = true;
		if (!err && w.name[0] && fstatat(w.parent, w.name, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno == ENOENT)
			err = rule_add(r, number, w.parent, w.name);
		else
			err = 0;
		r->missing = r->on_the_way = false;
		break;
	}
	fd_close(w.parent);
	return err == -ENOENT ? 0 : err;
}

/* What a lookup that stopped at err means for its rule: 0 to go on without the rest of it. */
static int rule_stopped(const struct resolve *r, const struct policy_rule *rule, bool named,
			int err)
{
	/* What allows as well says that something is there. */
	const bool denies = rule->deny && !rule->allow;

	switch (err) {
	case -ENOENT:
	case -ENOTDIR:
		/* A denied name stays denied when something comes to be there. */
		if (rule->optional || (denies && named))
			return 0;
		break;
	case -EACCES:
		/* What the caller cannot reach, or even see, its agent cannot either. */
		if (rule->optional || denies)
			return 0;
		break;
	case -ELOOP:
		/* The name of a link that leads nowhere is denied already. */
		if (denies && named)
			return 0;
		break;
	}
	return rule_fault(r, rule, -err);
}

/* Nothing is looked up: the descriptor that goes with it stands for no object. */
static int rule_resolve_anywhere(struct resolve *r, size_t number)
{
	const struct policy_rule *rule = rule_of(r, number);
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int err = fd < 0 ? rule_fault(r, rule, errno) :
			   rule_add(r, number, fd, rule->path + rule->abstract);

	fd_close(fd);
	return err;
}

/*
 * Follows one rule's path, adding a rule for each name on the way and for the
 * object at its end. Names met before the lookup stopped stay ruled: whoever
 * replaces such a link by a file makes the written path exist.
 */
static int rule_resolve(struct resolve *r, size_t number)
{
	const struct policy_rule *rule = rule_of(r, number);
	struct walk w = { .parent = -1 };
	const char *path = rule->path;
	char target[PATH_MAX];
	int links, object = -1, err, opened;
	bool named = false;
	struct stat st;
	ssize_t len;

	for (links = 0;; links++) {
		err = walk_to_parent(r, rule, w.parent < 0 ? AT_FDCWD : w.parent, path, &w);
		if (err == -ENOENT && rule->deny) {
			err = rule_add_missing(r, number, w.parent < 0 ? AT_FDCWD : w.parent, path);
			if (err)
				goto out;
			named = true;
			err = -ENOENT;
		}
		if (err)
			goto stopped;
		if (!w.name[0]) {
			err = rule_add_own_name(r, number, w.parent);
			if (!err)
				err = rule_add(r, number, w.parent, "");
			goto out;
		}
		object = openat(w.parent, w.name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		opened = object < 0 ? -errno : 0;
		if (!opened || (opened == -ENOENT && rule->deny)) {
			r->as_written = links == 0;
			r->missing = opened;
			err = rule_add(r, number, w.parent, w.name);
			r->as_written = r->missing = false;
			if (err)
				goto out;
			named = true;
		}
		err = opened;
		if (err)
			goto stopped;
		if (fstat(object, &st) < 0) {
			err = -errno;
			goto stopped;
		}
		if (!S_ISLNK(st.st_mode)) {
			err = rule_add(r, number, object, "");
			goto out;
		}
		err = link_check_age(r, rule, w.name, &st);
		if (err)
			goto out;
		len = readlinkat(object, "", target, sizeof(target) - 1);
		if (len < 0 || links == LINKS_MAX) {
			err = len < 0 ? -errno : -ELOOP;
			goto stopped;
		}
		target[len] = '\0';
		path = target;
		close(object);
		object = -1;
	}
stopped:
	/* Then it has been said. */
	if (!r->distrusted)
		err = rule_stopped(r, rule, named, err);
out:
	fd_close(object);
	fd_close(w.parent);
	return err;
}

/* Descriptors are handed over in one go: up to three for a rule, more for chains of links. */
static void descriptors_allow(size_t rules)
{
	rlim_t wanted = (rlim_t)rules * 4 + 256;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
	/* A refusal shows as EMFILE later, with a message. */
	setrlimit(RLIMIT_NOFILE, &limit);
}

int resolve_policy(const struct policy *p, const struct timespec *since,
		   struct resolved *ret_resolved, struct fault *f)
{
	struct resolve r = { .policy = p, .fault = f, .since = since };
	struct links links;
	size_t i;
	int err;

	descriptors_allow(p->rule_count);
	err = links_init(&links, p, f);
	for (i = 0; !err && i < p->rule_count; i++) {
		if (p->rules[i].anywhere || p->rules[i].abstract) {
			err = rule_resolve_anywhere(&r, i);
			continue;
		}
		err = links_check(&links, &p->rules[i]);
		if (!err)
			err = rule_resolve(&r, i);
	}
	index_release(&r.by_object);
	links_release(&links);
	free(r.stats);
	if (err) {
		resolve_release(&r.out);
		return err;
	}
	*ret_resolved = r.out;
	return 0;
}

void resolve_release(struct resolved *r)
{
	size_t i;

	if (!r)
		return;
	for (i = 0; i < r->owned_count; i++)
		close(r->owned[i]);
	free(r->owned);
	free(r->fds);
	free(r->rules);
	memset(r, 0, sizeof(*r));
}
