// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules on host names by policy: in memory, and in a file of each. */
#include "daemon/egress.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/limits.h"
#include "daemon/policies.h"
#include "daemon/say.h"
#include "policy/egress.h"

#define EGRESS_MAGIC   0x45475241U /* and its version */
#define EGRESS_BUCKETS 256
#define EGRESS_GONE    1024

/* How a file begins; `count` records follow, and nothing else. */
struct egress_file {
	uint32_t magic;
	uint32_t policy;
	uint32_t count;
	uint32_t crc; /* CRC-32C of the records */
};

struct entry {
	struct entry *next;
	uint32_t policy, count;
	struct compiled_egress rules[];
};

struct egress {
	char *directory;
	int dir, dev;
	struct entry *buckets[EGRESS_BUCKETS];
	unsigned int count;
	uint32_t gone[EGRESS_GONE]; /* the oldest is overwritten; 0: none */
	unsigned int next_gone;
};

static size_t rules_size(uint32_t count)
{
	return count * sizeof(struct compiled_egress);
}

static struct entry *entry_new(uint32_t policy, uint32_t count)
{
	struct entry *entry = calloc(1, sizeof(*entry) + rules_size(count));

	if (!entry)
		return NULL;
	entry->policy = policy;
	entry->count = count;
	return entry;
}

static void entry_add(struct egress *e, struct entry *entry)
{
	struct entry **bucket = &e->buckets[entry->policy % EGRESS_BUCKETS];

	entry->next = *bucket;
	*bucket = entry;
	e->count++;
}

static struct entry *entry_find(const struct egress *e, uint32_t policy)
{
	struct entry *entry = e->buckets[policy % EGRESS_BUCKETS];

	while (entry && entry->policy != policy)
		entry = entry->next;
	return entry;
}

static void file_name(uint32_t policy, char name[24])
{
	snprintf(name, 24, "%u", policy);
}

static int file_write(const struct egress *e, const struct entry *entry)
{
	struct egress_file head = {
		.magic = EGRESS_MAGIC,
		.policy = entry->policy,
		.count = entry->count,
		.crc = crc32c(0, entry->rules, rules_size(entry->count)),
	};
	const ssize_t size = (ssize_t)rules_size(entry->count);
	char name[24];
	int fd, err = 0;

	file_name(entry->policy, name);
	/* Of a policy that had this number before, or half-written: nobody reads it by now. */
	unlinkat(e->dir, name, 0);
	fd = openat(e->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	errno = 0;
	if (write(fd, &head, sizeof(head)) != (ssize_t)sizeof(head) ||
	    write(fd, entry->rules, (size_t)size) != size)
		err = errno ? -errno : -ENOSPC;
	if (close(fd) < 0 && !err)
		err = -errno;
	if (err)
		unlinkat(e->dir, name, 0);
	return err;
}

static int rules_read(int fd, const struct egress_file *head, struct entry *entry)
{
	const ssize_t size = (ssize_t)rules_size(head->count);
	uint32_t i;

	if (read(fd, entry->rules, (size_t)size) != size ||
	    crc32c(0, entry->rules, (size_t)size) != head->crc)
		return -EBADMSG;
	for (i = 0; i < head->count; i++) {
		if (!egress_valid(&entry->rules[i]))
			return -EBADMSG;
	}
	return 0;
}

/* -EBADMSG: it is not what was written. */
static int file_read(const struct egress *e, uint32_t policy, struct entry **ret_entry)
{
	struct egress_file head;
	struct entry *entry;
	struct stat st;
	char name[24];
	int fd, err = -EBADMSG;

	file_name(policy, name);
	fd = openat(e->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_mode & (S_IWGRP | S_IWOTH))
		goto close;
	if (read(fd, &head, sizeof(head)) != (ssize_t)sizeof(head) || head.magic != EGRESS_MAGIC ||
	    head.policy != policy || !head.count || head.count > LIMIT_EGRESS_RULES ||
	    st.st_size != (off_t)(sizeof(head) + rules_size(head.count)))
		goto close;
	err = -ENOMEM;
	entry = entry_new(policy, head.count);
	if (!entry)
		goto close;
	err = rules_read(fd, &head, entry);
	if (err)
		free(entry);
	else
		*ret_entry = entry;
close:
	close(fd);
	return err;
}

int egress_put(struct egress *e, uint32_t policy, const struct compiled_egress *rules,
	       uint32_t count, struct fault *f)
{
	struct entry *entry;
	int err = -EEXIST;

	if (entry_find(e, policy))
		return fault_set(f, EEXIST, "policy %u has its rules on host names", policy);
	entry = entry_new(policy, count);
	if (!entry)
		return fault_set(f, ENOMEM, "out of memory");
	memcpy(entry->rules, rules, rules_size(count));
	err = file_write(e, entry);
	if (err) {
		free(entry);
		return fault_set(f, -err, "%s: the rules on host names cannot be kept: %s",
				 e->directory, strerror(-err));
	}
	entry_add(e, entry);
	return 0;
}

const struct compiled_egress *egress_find(const struct egress *e, uint32_t policy,
					  uint32_t *ret_count)
{
	const struct entry *entry = entry_find(e, policy);

	*ret_count = entry ? entry->count : 0;
	return entry ? entry->rules : NULL;
}

bool egress_had(const struct egress *e, uint32_t policy)
{
	size_t i;

	for (i = 0; i < EGRESS_GONE; i++) {
		if (policy && e->gone[i] == policy)
			return true;
	}
	return false;
}

bool egress_any(const struct egress *e)
{
	return e->count != 0;
}

void egress_drop(struct egress *e, uint32_t policy)
{
	struct entry **at = &e->buckets[policy % EGRESS_BUCKETS], *gone;
	char name[24];

	while (*at && (*at)->policy != policy)
		at = &(*at)->next;
	gone = *at;
	if (!gone)
		return;
	*at = gone->next;
	free(gone);
	e->count--;
	e->gone[e->next_gone++ % EGRESS_GONE] = policy;
	file_name(policy, name);
	unlinkat(e->dir, name, 0);
}

void egress_sweep(struct egress *e)
{
	struct policies live;
	struct entry *entry, *next;
	size_t i;

	if (policies_list(e->dev, &live))
		return;
	for (i = 0; i < EGRESS_BUCKETS; i++) {
		for (entry = e->buckets[i]; entry; entry = next) {
			next = entry->next;
			if (!policies_have(&live, entry->policy))
				egress_drop(e, entry->policy);
		}
	}
	policies_free(&live);
}

static void egress_adopt_one(struct egress *e, const char *name, const struct policies *live)
{
	uint64_t policy = strtoull(name, NULL, 10);
	struct entry *entry = NULL;
	int err;

	if (strspn(name, "0123456789") != strlen(name) || !policies_have(live, policy)) {
		unlinkat(e->dir, name, 0);
		return;
	}
	err = file_read(e, (uint32_t)policy, &entry);
	if (!err && entry)
		entry_add(e, entry);
	else
		say("%s/%s: the rules on host names of policy %s cannot be read: who follows it reaches no host: %s",
		    e->directory, name, name,
		    err == -EBADMSG ? "they are not what was written" : strerror(-err));
}

static int egress_adopt(struct egress *e)
{
	struct policies live;
	struct dirent *at;
	DIR *directory;
	int fd, err = policies_list(e->dev, &live);

	if (err)
		return err;
	fd = openat(e->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	directory = fd < 0 ? NULL : fdopendir(fd);
	if (!directory) {
		err = -errno;
		if (fd >= 0)
			close(fd);
	}
	while (directory && (at = readdir(directory))) {
		if (strcmp(at->d_name, ".") && strcmp(at->d_name, ".."))
			egress_adopt_one(e, at->d_name, &live);
	}
	if (directory)
		closedir(directory);
	policies_free(&live);
	return err;
}

int egress_open(const char *directory, int dev, struct egress **ret_egress, struct fault *f)
{
	struct egress *e = calloc(1, sizeof(*e));
	int err;

	if (!e)
		return fault_set(f, ENOMEM, "out of memory");
	e->dev = dev;
	e->dir = -1;
	e->directory = strdup(directory);
	if (e->directory)
		e->dir = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	err = !e->directory ? -ENOMEM : e->dir < 0 ? -errno : egress_adopt(e);
	if (err) {
		egress_close(e);
		return fault_set(f, -err, "%s: %s", directory, strerror(-err));
	}
	*ret_egress = e;
	return 0;
}

void egress_close(struct egress *e)
{
	struct entry *entry, *next;
	size_t i;

	if (!e)
		return;
	for (i = 0; i < EGRESS_BUCKETS; i++) {
		for (entry = e->buckets[i]; entry; entry = next) {
			next = entry->next;
			free(entry);
		}
	}
	if (e->dir >= 0)
		close(e->dir);
	free(e->directory);
	free(e);
}

void egress_clear(struct egress *e)
{
	size_t i;

	for (i = 0; i < EGRESS_BUCKETS; i++) {
		while (e->buckets[i])
			egress_drop(e, e->buckets[i]->policy);
	}
	if (rmdir(e->directory) < 0)
		say("%s: is left behind: %s", e->directory, strerror(errno));
}
