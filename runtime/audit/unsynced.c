// SPDX-License-Identifier: GPL-2.0-or-later
/* What was written to the end of a file and is not known to be on disk: kept, to be written once more. */
#include "audit/unsynced.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/range.h"

#define ROOM_LEAST (64 << 10)

void unsynced_begin(struct unsynced *u, uint64_t size)
{
	u->from = size;
	u->len = 0;
}

void unsynced_release(struct unsynced *u)
{
	free(u->bytes);
	*u = (struct unsynced){ 0 };
}

int unsynced_room(struct unsynced *u, size_t len)
{
	size_t room = u->room ? u->room : ROOM_LEAST;
	uint8_t *bytes;

	if (u->len && u->len + len > LIMIT_UNSYNCED)
		return -ENOBUFS;
	while (room < u->len + len)
		room *= 2;
	if (room == u->room)
		return 0;
	bytes = realloc(u->bytes, room);
	if (!bytes)
		return -ENOMEM;
	u->bytes = bytes;
	u->room = room;
	return 0;
}

void unsynced_add(struct unsynced *u, const void *bytes, size_t len)
{
	memcpy(u->bytes + u->len, bytes, len);
	u->len += len;
}

void unsynced_synced(struct unsynced *u, uint64_t to)
{
	size_t gone;

	if (to <= u->from)
		return;
	gone = to - u->from < u->len ? (size_t)(to - u->from) : u->len;
	u->len -= gone;
	u->from += gone;
	memmove(u->bytes, u->bytes + gone, u->len);
}

int unsynced_write(const struct unsynced *u, int fd)
{
	if (ftruncate(fd, (off_t)u->from) != 0)
		return -errno;
	return range_write(fd, u->bytes, u->len, u->from);
}

/* Writes all that is kept; is it what the disk has then? 1, or 0. */
static int renew_try(const struct unsynced *u, int fd, uint8_t *again)
{
	int rc = range_write(fd, u->bytes, u->len, u->from);

	if (rc == 0 && fdatasync(fd) != 0)
		rc = -errno;
	/* Only what is on disk is dropped from memory; a file system in memory drops nothing. */
	if (rc == 0)
		(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	if (rc == 0)
		rc = range_read(fd, again, u->len, u->from);
	return rc ? rc : memcmp(again, u->bytes, u->len) == 0;
}

int unsynced_renew(int fd, uint64_t from, uint64_t to)
{
	struct unsynced u = { .from = from, .len = (size_t)(to - from) };
	uint8_t *again;
	int rc;

	if (from >= to)
		return fdatasync(fd) != 0 ? -errno : 0;
	u.bytes = malloc(u.len);
	again = malloc(u.len);
	rc = u.bytes && again ? range_read(fd, u.bytes, u.len, from) : -ENOMEM;
	if (rc == 0)
		rc = renew_try(&u, fd, again);
	if (rc == 0) {
		rc = ftruncate(fd, (off_t)from) != 0 ? -errno : renew_try(&u, fd, again);
		if (rc == 0)
			rc = -EIO;
	}
	free(again);
	free(u.bytes);
	return rc == 1 ? 0 : rc;
}
