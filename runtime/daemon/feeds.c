// SPDX-License-Identifier: GPL-2.0-or-later
/* The agents' denial feeds, by policy. */
#include "daemon/feeds.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/feed.h"
#include "base/limits.h"
#include "daemon/policies.h"
#include "daemon/say.h"

#define FEEDS_BUCKETS 1024
#define FEEDS_QUEUE   256 /* records between two writes of the log: a batch of the ring */
#define FEEDS_LEAST   4096
#define POLICY_LINK   "policy-"

struct family {
	struct feed *feed;
	uint64_t agent; /* whose it is; 0 until that is known */
	unsigned int policies;
	struct family *next_dirty;
	bool dirty;
};

/* One policy, and whose family follows it. */
struct use {
	struct use *next, *next_ended;
	uint32_t policy;
	bool ended;
	struct family *family;
};

struct feeds {
	char *directory;
	struct feed_place place;
	int dev;
	struct use *buckets[FEEDS_BUCKETS];
	struct use *ended;
	unsigned int count; /* families */
	bool failing;	    /* the last time */
	bool none_told;
	size_t queued;
	struct record queue[FEEDS_QUEUE];
};

static void link_name(uint32_t policy, char name[32])
{
	snprintf(name, 32, POLICY_LINK "%u", policy);
}

static struct use *use_find(const struct feeds *s, uint32_t policy)
{
	struct use *u = s->buckets[policy % FEEDS_BUCKETS];

	while (u && u->policy != policy)
		u = u->next;
	return u;
}

static int use_add(struct feeds *s, uint32_t policy, struct family *family)
{
	struct use *u = calloc(1, sizeof(*u));

	if (!u)
		return -ENOMEM;
	u->policy = policy;
	u->family = family;
	u->next = s->buckets[policy % FEEDS_BUCKETS];
	s->buckets[policy % FEEDS_BUCKETS] = u;
	family->policies++;
	return 0;
}

/* The last of a family's takes the files along. */
static void use_remove(struct feeds *s, struct use *gone)
{
	struct use **at = &s->buckets[gone->policy % FEEDS_BUCKETS];
	struct family *family = gone->family;
	char name[32];

	while (*at != gone)
		at = &(*at)->next;
	*at = gone->next;
	link_name(gone->policy, name);
	unlinkat(s->place.dir, name, 0);
	free(gone);
	if (--family->policies)
		return;
	feed_remove(family->feed);
	free(family);
	s->count--;
}

static int use_link(const struct feeds *s, uint32_t policy, const struct family *family)
{
	char name[32];

	link_name(policy, name);
	unlinkat(s->place.dir, name, 0);
	return symlinkat(feed_name(family->feed), s->place.dir, name) < 0 ? -errno : 0;
}

static void feeds_none(struct feeds *s, int err)
{
	if (!s->none_told)
		say("%s: an agent gets no denial feed: %s", s->directory, strerror(-err));
	s->none_told = true;
}

int feeds_directory(const struct feeds *s)
{
	return s->place.dir;
}

/* --- policies and agents come --- */

static int family_hold(const struct family *family, struct enforce *e, uint32_t policy)
{
	const int *files = feed_files(family->feed);
	struct fault f;
	int err = enforce_policy_feed(e, policy, files[0], &f);

	return err ? err : enforce_policy_feed(e, policy, files[1], &f);
}

int feeds_make(struct feeds *s, struct enforce *e, uint32_t policy, uid_t reader, uint64_t number)
{
	struct record begin = { .seq = number, .time_ns = (uint64_t)time(NULL) * 1000000000 };
	struct family *family = calloc(1, sizeof(*family));
	char name[32];
	int err = family ? 0 : -ENOMEM;

	snprintf(name, sizeof(name), "new-%u", policy);
	if (!err)
		err = feed_create(&s->place, name, reader, &begin, &family->feed);
	if (!err)
		err = family_hold(family, e, policy);
	if (!err)
		err = use_add(s, policy, family);
	if (!err) {
		s->count++;
		return 0;
	}
	if (family && family->feed)
		feed_remove(family->feed);
	free(family);
	feeds_none(s, err);
	return err;
}

int feeds_name(struct feeds *s, uint32_t policy, uint64_t agent, char ret_path[CONTROL_PATH])
{
	struct use *u = use_find(s, policy);
	char name[32];
	int err;

	snprintf(name, sizeof(name), "%" PRIu64, agent);
	err = u ? feed_rename(u->family->feed, name) : -ENOENT;
	if (!err)
		err = use_link(s, policy, u->family);
	if (!err) {
		u->family->agent = agent;
		snprintf(ret_path, CONTROL_PATH, "%s/%s", s->directory, name);
		return 0;
	}
	if (u) {
		feeds_none(s, err);
		use_remove(s, u);
	}
	return err;
}

int feeds_follow(struct feeds *s, struct enforce *e, uint32_t policy, uint32_t before)
{
	struct use *u = use_find(s, before);
	int err;

	if (!u)
		return 0;
	err = family_hold(u->family, e, policy);
	if (!err)
		err = use_link(s, policy, u->family);
	return err ? err : use_add(s, policy, u->family);
}

void feeds_forget(struct feeds *s, uint32_t policy)
{
	struct use *u = use_find(s, policy);

	if (u && !u->ended)
		use_remove(s, u);
}

/* --- denials come --- */

/* Told once, until there is one that works. */
static bool feeds_result(struct feeds *s, int err)
{
	if (!err)
		return true;
	if (!s->failing)
		say("%s: denials cannot be written there: %s; the log has them", s->directory,
		    strerror(-err));
	s->failing = true;
	return false;
}

static size_t feeds_limit(const struct feeds *s)
{
	size_t limit = s->count ? LIMIT_FEEDS / 2 / s->count : LIMIT_FEED;

	return limit > LIMIT_FEED ? LIMIT_FEED : limit < FEEDS_LEAST ? FEEDS_LEAST : limit;
}

static bool is_denial(const struct record *r)
{
	if (r->type == RECORD_LIFECYCLE)
		return r->u.lifecycle.type == AGENTOS_LIFECYCLE_REPEATED &&
		       r->u.lifecycle.reason == AGENTOS_VERDICT_DENIED;
	if (r->type == RECORD_EGRESS)
		return r->u.egress.outcome == EGRESS_DENIED;
	if (r->type == RECORD_CALL)
		return r->u.call.outcome == CALL_DENIED;
	return r->type == RECORD_EVENT && r->u.event.verdict == AGENTOS_VERDICT_DENIED;
}

static uint32_t policy_of(const struct record *r)
{
	if (r->type == RECORD_LIFECYCLE)
		return r->u.lifecycle.policy;
	if (r->type == RECORD_CALL)
		return r->u.call.policy;
	return r->type == RECORD_EGRESS ? r->u.egress.policy : r->u.event.policy;
}

bool feeds_complete(const struct feeds *s)
{
	const struct use *u;
	size_t i;

	if (s->queued)
		return false;
	for (i = 0; i < FEEDS_BUCKETS; i++) {
		for (u = s->buckets[i]; u; u = u->next) {
			if (!feed_complete(u->family->feed))
				return false;
		}
	}
	return true;
}

void feeds_replay(struct feeds *s, const struct record *r)
{
	const struct use *u = is_denial(r) ? use_find(s, policy_of(r)) : NULL;

	if (!u || r->seq <= feed_number(u->family->feed))
		return;
	if (feeds_result(s, feed_add(u->family->feed, r, u->family->agent, feeds_limit(s))))
		feeds_result(s, feed_flush(u->family->feed));
}

void feeds_take(struct feeds *s, const struct record *r)
{
	if (!is_denial(r) || !use_find(s, policy_of(r)))
		return;
	if (s->queued == FEEDS_QUEUE)
		feeds_result(s, -ENOBUFS);
	else
		s->queue[s->queued++] = *r;
}

void feeds_write(struct feeds *s)
{
	struct family *dirty = NULL, *family;
	const struct use *u;
	bool well = true;
	size_t i;

	if (!s->queued)
		return;
	for (i = 0; i < s->queued; i++) {
		u = use_find(s, policy_of(&s->queue[i]));
		if (!u)
			continue;
		family = u->family;
		well &= feeds_result(
			s, feed_add(family->feed, &s->queue[i], family->agent, feeds_limit(s)));
		if (family->dirty)
			continue;
		family->dirty = true;
		family->next_dirty = dirty;
		dirty = family;
	}
	for (; dirty; dirty = dirty->next_dirty) {
		dirty->dirty = false;
		well &= feeds_result(s, feed_flush(dirty->feed));
	}
	s->queued = 0;
	if (well)
		s->failing = false;
}

/* --- policies go --- */

void feeds_ended(struct feeds *s, uint32_t policy)
{
	struct use *u = use_find(s, policy);

	if (!u || u->ended)
		return;
	u->ended = true;
	u->next_ended = s->ended;
	s->ended = u;
}

void feeds_reap(struct feeds *s)
{
	struct use *u = s->ended, *next;

	for (s->ended = NULL; u; u = next) {
		next = u->next_ended;
		use_remove(s, u);
	}
}

void feeds_clear(struct feeds *s)
{
	struct use *u;
	size_t i;

	for (i = 0; i < FEEDS_BUCKETS; i++) {
		for (u = s->buckets[i]; u; u = u->next)
			feeds_ended(s, u->policy);
	}
	feeds_reap(s);
	if (rmdir(s->directory) < 0)
		say("%s: is left behind: %s", s->directory, strerror(errno));
}

void feeds_sweep(struct feeds *s)
{
	struct policies live;
	struct use *u;
	size_t i;

	if (policies_list(s->dev, &live))
		return;
	for (i = 0; i < FEEDS_BUCKETS; i++) {
		for (u = s->buckets[i]; u; u = u->next) {
			if (!policies_have(&live, u->policy))
				feeds_ended(s, u->policy);
		}
	}
	policies_free(&live);
}

/* --- the next daemon --- */

/* A family of which one policy has been found already, or a new one; NULL: its files are no feed. */
static struct family *family_find(struct feeds *s, const char *name)
{
	struct family *family;
	struct use *u;
	size_t i;
	int err;

	for (i = 0; i < FEEDS_BUCKETS; i++) {
		for (u = s->buckets[i]; u; u = u->next) {
			if (strcmp(feed_name(u->family->feed), name) == 0)
				return u->family;
		}
	}
	family = calloc(1, sizeof(*family));
	if (!family)
		return NULL;
	err = feed_open(&s->place, name, &family->feed);
	if (err) {
		say("%s/%s: a denial feed cannot be taken up: %s", s->directory, name,
		    strerror(-err));
		free(family);
		return NULL;
	}
	family->agent = strtoull(name, NULL, 10);
	s->count++;
	return family;
}

static void feeds_adopt_one(struct feeds *s, const char *link, uint32_t policy)
{
	char name[32] = "";
	ssize_t len = readlinkat(s->place.dir, link, name, sizeof(name) - 1);
	struct family *family;

	if (len <= 0 || strspn(name, "0123456789") != (size_t)len)
		return;
	family = family_find(s, name);
	if (family && use_add(s, policy, family) && !family->policies) {
		feed_close(family->feed);
		free(family);
		s->count--;
	}
}

/* Calls each(name) for all that is in the directory. */
static int feeds_each(struct feeds *s,
		      void (*each)(struct feeds *s, const char *name, void *cookie), void *cookie)
{
	int fd = openat(s->place.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!directory) {
		if (fd >= 0)
			close(fd);
		return -errno;
	}
	while ((entry = readdir(directory))) {
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			each(s, entry->d_name, cookie);
	}
	closedir(directory);
	return 0;
}

static void entry_adopt(struct feeds *s, const char *name, void *cookie)
{
	const struct policies *live = cookie;
	uint64_t policy;

	if (strncmp(name, POLICY_LINK, strlen(POLICY_LINK)) != 0)
		return;
	policy = strtoull(name + strlen(POLICY_LINK), NULL, 10);
	if (policies_have(live, policy))
		feeds_adopt_one(s, name, (uint32_t)policy);
}

/* Neither a family's file nor a link to one. */
static void entry_clean(struct feeds *s, const char *name, void *cookie)
{
	char base[32];
	struct use *u;
	size_t i, len;

	if (strncmp(name, POLICY_LINK, strlen(POLICY_LINK)) == 0) {
		if (!use_find(s, (uint32_t)strtoul(name + strlen(POLICY_LINK), NULL, 10)))
			unlinkat(s->place.dir, name, 0);
		return;
	}
	len = strcspn(name, ".");
	snprintf(base, sizeof(base), "%.*s", (int)len, name);
	for (i = 0; i < FEEDS_BUCKETS; i++) {
		for (u = s->buckets[i]; u; u = u->next) {
			if (strcmp(feed_name(u->family->feed), base) == 0)
				return;
		}
	}
	unlinkat(s->place.dir, name, 0);
}

int feeds_open(const char *directory, int dev, struct feeds **ret_feeds, struct fault *f)
{
	struct feeds *s = calloc(1, sizeof(*s));
	struct policies live;
	int err;

	if (!s || !(s->directory = strdup(directory))) {
		free(s);
		return fault_set(f, ENOMEM, "out of memory");
	}
	s->dev = dev;
	s->place.path = s->directory;
	s->place.dir = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->place.dir < 0) {
		err = fault_set(f, errno, "%s: %s", directory, strerror(errno));
		goto close;
	}
	err = policies_list(dev, &live);
	if (err) {
		fault_set(f, -err, "cannot list the policies: %s", strerror(-err));
		goto close;
	}
	err = feeds_each(s, entry_adopt, &live);
	if (!err)
		err = feeds_each(s, entry_clean, NULL);
	policies_free(&live);
	if (err) {
		fault_set(f, -err, "%s: %s", directory, strerror(-err));
		goto close;
	}
	*ret_feeds = s;
	return 0;

close:
	feeds_close(s);
	return err;
}

void feeds_close(struct feeds *s)
{
	struct use *u, *next;
	size_t i;

	if (!s)
		return;
	for (i = 0; i < FEEDS_BUCKETS; i++) {
		for (u = s->buckets[i]; u; u = next) {
			next = u->next;
			if (--u->family->policies == 0) {
				feed_close(u->family->feed);
				free(u->family);
			}
			free(u);
		}
	}
	if (s->place.dir >= 0)
		close(s->place.dir);
	free(s->directory);
	free(s);
}
