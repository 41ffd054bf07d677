// SPDX-License-Identifier: GPL-2.0-or-later
/* Checkpoints appended to a file, one after the other, as a log's own trail has them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "ctl/target.h"

/* Its end, which whoever opened it may not have made whole: how many newlines are missing there. */
static int end_look(int fd, off_t size, unsigned int *ret_missing)
{
	char end[2];

	*ret_missing = 0;
	if (!size)
		return 0;
	if (size < 2) {
		*ret_missing = 2;
		return 0;
	}
	if (pread(fd, end, 2, size - 2) != 2)
		return -EIO;
	if (end[1] != '\n')
		*ret_missing = 2;
	else if (end[0] != '\n')
		*ret_missing = 1;
	return 0;
}

/* All of it in one write, or nothing. */
static int note_append(int fd, off_t size, const char *note, size_t len, unsigned int missing)
{
	char *entry = malloc(len + 3);
	size_t at = 0;
	ssize_t n;
	int rc;

	if (!entry)
		return -ENOMEM;
	for (; at < missing; at++)
		entry[at] = '\n';
	memcpy(entry + at, note, len);
	at += len;
	entry[at++] = '\n';
	n = write(fd, entry, at);
	rc = n < 0 ? -errno : (size_t)n == at ? 0 : -ENOSPC;
	if (rc == 0 && fsync(fd) != 0)
		rc = -errno;
	free(entry);
	/* Where it may only be appended to, what is torn stays, and the next one begins behind it. */
	if (rc && ftruncate(fd, size) != 0)
		return rc;
	return rc;
}

static int file_append(const char *path, int fd, const char *note, size_t len, struct fault *f)
{
	unsigned int missing = 0;
	struct stat st;
	int rc;

	if (fstat(fd, &st) != 0)
		return fault_set(f, errno, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fault_set(f, EBADMSG, "not a regular file");
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return fault_set(
			f, errno == EWOULDBLOCK ? EBUSY : errno, "%s",
			errno == EWOULDBLOCK ? "another process appends to it" : strerror(errno));
	/* What another had appended before it was locked. */
	rc = fstat(fd, &st) == 0 ? end_look(fd, st.st_size, &missing) : -errno;
	if (rc == 0 && !st.st_size)
		rc = durable_name(path);
	if (rc == 0)
		rc = note_append(fd, st.st_size, note, len, missing);
	return rc ? fault_set(f, -rc, "%s", strerror(-rc)) : 0;
}

int target_send_file(const struct target *t, const char *note, size_t len, struct fault *f)
{
	int fd, rc;

	fd = open(t->name, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	if (fd < 0 && errno == ELOOP)
		return fault_set(f, ELOOP, "a symbolic link, which is not followed");
	if (fd < 0)
		return fault_set(f, errno, "%s", strerror(errno));
	rc = file_append(t->name, fd, note, len, f);
	if (close(fd) != 0 && rc == 0)
		rc = fault_set(f, errno, "%s", strerror(errno));
	return rc;
}
