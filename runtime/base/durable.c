// SPDX-License-Identifier: GPL-2.0-or-later
/* Files and names that are there after a crash, whole. */
#include "base/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/range.h"

int durable_name(const char *path)
{
	char *copy = strdup(path);
	int fd, rc = 0;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		rc = -errno;
	if (fd >= 0)
		close(fd);
	free(copy);
	return rc;
}

/* Closes fd, which is of the new file, `beside`, that is empty. */
static int file_put(int fd, const char *beside, const char *path, const void *bytes, size_t len,
		    mode_t mode)
{
	int rc = range_write(fd, bytes, len, 0);

	if (rc == 0 && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
		rc = -errno;
	close(fd);
	if (rc == 0 && rename(beside, path) != 0)
		rc = -errno;
	if (rc)
		unlink(beside);
	return rc ? rc : durable_name(path);
}

int durable_replace(const char *path, const void *bytes, size_t len, mode_t mode)
{
	char *beside;
	int fd, rc;

	if (asprintf(&beside, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(beside, O_CLOEXEC);
	rc = fd < 0 ? -errno : file_put(fd, beside, path, bytes, len, mode);
	free(beside);
	return rc;
}

int durable_replace_locked(const char *path, const void *bytes, size_t len, mode_t mode)
{
	char *beside;
	int fd, rc;

	if (asprintf(&beside, "%s.new", path) < 0)
		return -ENOMEM;
	unlink(beside);
	fd = open(beside, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	rc = fd < 0 ? -errno : file_put(fd, beside, path, bytes, len, mode);
	free(beside);
	return rc;
}
