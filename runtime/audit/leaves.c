// SPDX-License-Identifier: GPL-2.0-or-later
/* The hash files beside the segments, as they are read. */
#include "audit/leaves.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/listing.h"
#include "base/range.h"

struct leaves {
	struct segment_dir dir;
	struct listing files; /* those of tier 0 that are whole */
	struct tree_source source;
	int fds[TREE_TIERS]; /* of tier 0 one at a time */
	uint64_t open;	     /* which that is; 0: none */
};

/* Gives what was just made its rights: the mode at open() is subject to the umask. */
static int file_own(int fd, uint32_t group)
{
	struct stat st;

	if (fchmod(fd, 0640) != 0 || fstat(fd, &st) != 0)
		return -errno;
	if (st.st_gid != group && fchown(fd, (uid_t)-1, group) != 0)
		return -errno;
	return 0;
}

int leaves_file_open(const struct segment_dir *d, const char *name, int flags, uint32_t group,
		     uint64_t *ret_bytes, struct fault *f)
{
	struct stat st;
	int fd, rc;

	fd = openat(d->fd, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
	if (fd < 0) {
		rc = errno;
		return fault_set(
			f, rc, "%s/%s: %s", d->shown, name,
			rc == ELOOP ? "a symbolic link where hashes should be" : strerror(rc));
	}
	rc = fstat(fd, &st) != 0 ? -errno : 0;
	if (rc == 0 && !S_ISREG(st.st_mode)) {
		close(fd);
		return fault_set(f, EBADMSG, "%s/%s: not a regular file", d->shown, name);
	}
	if (rc == 0 && (flags & O_CREAT) && !st.st_size)
		rc = file_own(fd, group);
	if (rc) {
		close(fd);
		return fault_set(f, -rc, "%s/%s: %s", d->shown, name, strerror(-rc));
	}
	*ret_bytes = (uint64_t)st.st_size;
	return fd;
}

/* The same for reading, where half a hash is refused; ret_count: hashes. */
static int file_open_whole(const struct leaves *l, const char *name, uint64_t *ret_count,
			   struct fault *f)
{
	uint64_t bytes = 0;
	int fd = leaves_file_open(&l->dir, name, O_RDONLY, 0, &bytes, f);

	if (fd < 0)
		return fd;
	if (bytes % TREE_HASH) {
		close(fd);
		return fault_set(f, EBADMSG, "%s/%s: ends within a hash", l->dir.shown, name);
	}
	*ret_count = bytes / TREE_HASH;
	return fd;
}

/* How many leaves there are from the first on, and which files have them. */
static int leaves_count(struct leaves *l, struct fault *f)
{
	uint64_t size = 0, count, room;
	char name[LISTING_NAME];
	size_t i;
	int fd;

	for (i = 0; i < l->files.count && l->files.numbers[i] == size + 1; i++) {
		listing_name(name, l->files.numbers[i], LEAVES_SUFFIX);
		fd = file_open_whole(l, name, &count, f);
		if (fd < 0)
			return fd;
		close(fd);
		room = i + 1 < l->files.count ? l->files.numbers[i + 1] - l->files.numbers[i] :
						UINT64_MAX - l->files.numbers[i];
		if (count > room)
			return fault_set(f, EBADMSG, "%s/%s: more hashes than records",
					 l->dir.shown, name);
		size += count;
	}
	l->files.count = i;
	l->source.size = size;
	return 0;
}

/* The tiers above: as many as there are, and no more leaves than they allow. */
static int leaves_tiers(struct leaves *l, unsigned int tiers, struct fault *f)
{
	uint64_t count, most;
	unsigned int k;
	char name[16];

	l->source.tiers = 1;
	for (k = 1; k < tiers && l->source.size >> (k * TREE_TIER_BITS); k++) {
		snprintf(name, sizeof(name), "tier-%u", k);
		l->fds[k] = file_open_whole(l, name, &count, f);
		if (l->fds[k] == -ENOENT)
			break;
		if (l->fds[k] < 0)
			return l->fds[k];
		if (count < l->source.size >> (k * TREE_TIER_BITS)) {
			most = ((count + 1) << (k * TREE_TIER_BITS)) - 1;
			l->source.size = most;
		}
		l->source.tiers = k + 1;
	}
	return 0;
}

/* The descriptor that has a leaf, and where it is there; ret_left: leaves from it to that file's end. */
static int leaf_find(struct leaves *l, uint64_t leaf, uint64_t *ret_at, uint64_t *ret_left)
{
	size_t low = 0, high = l->files.count, middle;
	char name[LISTING_NAME];
	uint64_t bytes = 0;

	while (high - low > 1) {
		middle = low + (high - low) / 2;
		if (l->files.numbers[middle] <= leaf + 1)
			low = middle;
		else
			high = middle;
	}
	if (l->open != l->files.numbers[low]) {
		listing_name(name, l->files.numbers[low], LEAVES_SUFFIX);
		if (l->fds[0] >= 0)
			close(l->fds[0]);
		l->open = 0;
		l->fds[0] = leaves_file_open(&l->dir, name, O_RDONLY, 0, &bytes, NULL);
		if (l->fds[0] < 0)
			return l->fds[0];
		l->open = l->files.numbers[low];
	}
	*ret_at = leaf + 1 - l->open;
	*ret_left = low + 1 < l->files.count ? l->files.numbers[low + 1] - (leaf + 1) :
					       l->source.size - leaf;
	return l->fds[0];
}

static int leaves_read(void *cookie, unsigned int tier, uint64_t first, unsigned int count,
		       uint8_t *hashes)
{
	uint64_t at = first, run = count;
	struct leaves *l = cookie;
	int fd, rc;

	for (; count; first += run, count -= (unsigned int)run, at = first) {
		fd = tier ? l->fds[tier] : leaf_find(l, first, &at, &run);
		if (fd < 0)
			return fd;
		if (tier || run > count)
			run = count;
		rc = range_read(fd, hashes, (size_t)run * TREE_HASH, at * TREE_HASH);
		if (rc)
			return rc;
		hashes += run * TREE_HASH;
	}
	return 0;
}

int leaves_open(const char *directory, unsigned int tiers, struct leaves **ret_leaves,
		struct fault *f)
{
	struct leaves *l = calloc(1, sizeof(*l));
	unsigned int k;
	int rc;

	if (!l)
		return fault_set(f, ENOMEM, "not enough memory to read the log's hashes");
	l->dir.fd = -1;
	for (k = 0; k < TREE_TIERS; k++)
		l->fds[k] = -1;
	l->source.read = leaves_read;
	l->source.cookie = l;
	rc = segment_dir_open(directory, &l->dir, f);
	if (rc == 0)
		rc = listing_read(&l->dir, LEAVES_SUFFIX, &l->files, f);
	if (rc == 0)
		rc = leaves_count(l, f);
	if (rc == 0)
		rc = leaves_tiers(l, tiers < TREE_TIERS ? tiers : TREE_TIERS, f);
	if (rc) {
		leaves_close(l);
		return rc;
	}
	*ret_leaves = l;
	return 0;
}

void leaves_close(struct leaves *l)
{
	unsigned int k;

	if (!l)
		return;
	for (k = 0; k < TREE_TIERS; k++) {
		if (l->fds[k] >= 0)
			close(l->fds[k]);
	}
	listing_release(&l->files);
	segment_dir_close(&l->dir);
	free(l);
}

const struct tree_source *leaves_source(const struct leaves *l)
{
	return &l->source;
}
