// SPDX-License-Identifier: GPL-2.0-or-later
/* What was written to the end of a file and is not known to be on disk: kept, to be written once more. */
#include "audit/unsynced.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"

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
	return unsynced_put(fd, u->bytes, u->len, u->from);
}

int unsynced_put(int fd, const uint8_t *bytes, size_t len, uint64_t offset)
{
	ssize_t put;

	while (len) {
		put = pwrite(fd, bytes, len, (off_t)offset);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put < 0 ? -errno : -EIO;
		bytes += put;
		len -= (size_t)put;
		offset += (uint64_t)put;
	}
	return 0;
}

int unsynced_renew(int fd, uint64_t from, uint64_t to)
{
	uint8_t *bytes = malloc(ROOM_LEAST);
	ssize_t got;
	int rc = bytes ? 0 : -ENOMEM;

	while (rc == 0 && from < to) {
		got = pread(fd, bytes, to - from < ROOM_LEAST ? to - from : ROOM_LEAST,
			    (off_t)from);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			rc = got < 0 ? -errno : -EIO;
		else
			rc = unsynced_put(fd, bytes, (size_t)got, from);
		from += got > 0 ? (uint64_t)got : 0;
	}
	free(bytes);
	return rc;
}
