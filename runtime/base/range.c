// SPDX-License-Identifier: GPL-2.0-or-later
/* A range of a file read or written as a whole, however many calls that takes. */
#include "base/range.h"

#include <errno.h>
#include <unistd.h>

int range_write(int fd, const void *bytes, size_t len, uint64_t offset)
{
	const uint8_t *p = bytes;
	ssize_t put;

	while (len) {
		put = pwrite(fd, p, len, (off_t)offset);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put < 0 ? -errno : -EIO;
		p += put;
		len -= (size_t)put;
		offset += (uint64_t)put;
	}
	return 0;
}

int range_read(int fd, void *bytes, size_t len, uint64_t offset)
{
	uint8_t *p = bytes;
	ssize_t got;

	while (len) {
		got = pread(fd, p, len, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		p += got;
		len -= (size_t)got;
		offset += (uint64_t)got;
	}
	return 0;
}
