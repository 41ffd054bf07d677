// SPDX-License-Identifier: GPL-2.0-or-later
/* Which numbered files of one kind a log's directory has. */
#include "audit/listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"

void listing_name(char name[LISTING_NAME], uint64_t number, const char *suffix)
{
	snprintf(name, LISTING_NAME, "%020" PRIu64 "%s", number, suffix);
}

/* 1 and the number; 0 for another kind of file; -EBADMSG for the suffix without a number. */
static int name_parse(const char *name, const char *suffix, uint64_t *ret_number)
{
	size_t len = strlen(name), tail = strlen(suffix);
	char canonical[LISTING_NAME];
	uint64_t number;

	if (len < tail || strcmp(name + len - tail, suffix) != 0)
		return 0;
	number = strtoull(name, NULL, 10);
	listing_name(canonical, number, suffix);
	if (!number || strcmp(name, canonical) != 0)
		return -EBADMSG;
	*ret_number = number;
	return 1;
}

static int listing_add(struct listing *l, size_t *room, uint64_t number)
{
	uint64_t *grown;

	if (l->count == *room) {
		*room = *room ? *room * 2 : 64;
		grown = reallocarray(l->numbers, *room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		l->numbers = grown;
	}
	l->numbers[l->count++] = number;
	return 0;
}

static int number_order(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static int listing_walk(const struct segment_dir *d, DIR *dir, const char *suffix,
			struct listing *l, struct fault *f)
{
	struct dirent *entry;
	char shown[512];
	size_t room = 0;
	uint64_t number;
	int rc;

	while (errno = 0, (entry = readdir(dir)) != NULL) {
		rc = name_parse(entry->d_name, suffix, &number);
		if (rc < 0) {
			escape_text(shown, sizeof(shown), entry->d_name, strlen(entry->d_name));
			return fault_set(f, EBADMSG,
					 "%s/%s: not a file of the audit log: move it away",
					 d->shown, shown);
		}
		if (rc && listing_add(l, &room, number) != 0)
			return fault_set(f, ENOMEM, "not enough memory to list the audit log");
	}
	if (errno)
		return fault_set(f, errno, "%s: %s", d->shown, strerror(errno));
	return 0;
}

int listing_read(const struct segment_dir *d, const char *suffix, struct listing *ret_listing,
		 struct fault *f)
{
	struct listing l = { 0 };
	int fd, rc;
	DIR *dir;

	/* A fresh description: the position in a directory is shared by duplicates. */
	fd = openat(d->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		rc = -errno;
		if (fd >= 0)
			close(fd);
		return fault_set(f, -rc, "%s: %s", d->shown, strerror(-rc));
	}
	rc = listing_walk(d, dir, suffix, &l, f);
	closedir(dir);
	if (rc) {
		listing_release(&l);
		return rc;
	}
	if (l.count)
		qsort(l.numbers, l.count, sizeof(*l.numbers), number_order);
	*ret_listing = l;
	return 0;
}

void listing_release(struct listing *l)
{
	free(l->numbers);
	*l = (struct listing){ 0 };
}
