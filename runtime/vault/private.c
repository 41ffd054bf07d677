// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that are for their owner alone: what is asked of one before it is read, and how one is made. */
#include "vault/private.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "base/escape.h"
#include "base/range.h"

const char *private_shown(const char *path, char shown[PRIVATE_SHOWN])
{
	escape_text(shown, PRIVATE_SHOWN, path, strlen(path));
	return shown;
}

static int path_fault(const char *path, int error, struct fault *f)
{
	char shown[PRIVATE_SHOWN];

	return fault_set(f, error, "%s: %s", private_shown(path, shown), strerror(error));
}

/* What must be so of a file before its bytes are believed to be ours. */
static int file_judge(const char *path, const struct stat *st, size_t most, struct fault *f)
{
	char shown[PRIVATE_SHOWN];

	private_shown(path, shown);
	if (S_ISDIR(st->st_mode))
		return fault_set(f, EISDIR, "%s is a directory", shown);
	if (!S_ISREG(st->st_mode))
		return fault_set(f, EBADMSG, "%s is not a regular file", shown);
	if (st->st_uid != geteuid())
		return fault_set(f, EPERM, "%s belongs to user %u, not to you (%u)", shown,
				 st->st_uid, geteuid());
	if (st->st_mode & 077)
		return fault_set(f, EPERM,
				 "%s can be read or changed by others (mode %04o): look who did, "
				 "then chmod 600 it",
				 shown, st->st_mode & 07777);
	if ((uint64_t)st->st_size > most)
		return fault_set(f, EBADMSG, "%s is too large to be what it should", shown);
	return 0;
}

int private_open(const char *path, size_t most, size_t *ret_size, struct fault *f)
{
	struct stat st;
	char shown[PRIVATE_SHOWN];
	int rc, fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0 && errno == ELOOP)
		return fault_set(f, ELOOP, "%s is a symbolic link, which is not followed",
				 private_shown(path, shown));
	if (fd < 0)
		return path_fault(path, errno, f);
	rc = fstat(fd, &st) == 0 ? file_judge(path, &st, most, f) : path_fault(path, errno, f);
	if (rc) {
		close(fd);
		return rc;
	}
	*ret_size = (size_t)st.st_size;
	return fd;
}

int private_make(const char *path, const void *bytes, size_t len, struct fault *f)
{
	int fd, rc;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return path_fault(path, errno, f);
	rc = range_write(fd, bytes, len, 0);
	/* The mode whatever the umask says. */
	if (rc == 0 && (fchmod(fd, 0600) != 0 || fsync(fd) != 0))
		rc = -errno;
	close(fd);
	if (rc == 0)
		rc = durable_name(path);
	if (rc == 0)
		return 0;
	unlink(path);
	return path_fault(path, -rc, f);
}

int private_lock(const char *path, int *ret_fd, struct fault *f)
{
	char *name;
	int fd, rc = 0;

	if (asprintf(&name, "%s.lock", path) < 0)
		return path_fault(path, ENOMEM, f);
	fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) != 0)
		rc = path_fault(name, errno, f);
	free(name);
	if (rc == 0)
		*ret_fd = fd;
	else if (fd >= 0)
		close(fd);
	return rc;
}

/* The directory of a path, and what it is called there. */
static int place_of(const char *path, struct stat *ret_directory, char name[NAME_MAX + 1])
{
	char copy[PATH_MAX];
	int rc = -ENAMETOOLONG;

	if (strlen(path) >= sizeof(copy))
		return rc;
	strcpy(copy, path);
	rc = stat(dirname(copy), ret_directory) == 0 ? 0 : -errno;
	strcpy(copy, path);
	snprintf(name, NAME_MAX + 1, "%s", basename(copy));
	return rc;
}

bool private_same(const char *a, const char *b)
{
	char name_a[NAME_MAX + 1], name_b[NAME_MAX + 1];
	struct stat in_a, in_b;

	return place_of(a, &in_a, name_a) == 0 && place_of(b, &in_b, name_b) == 0 &&
	       in_a.st_dev == in_b.st_dev && in_a.st_ino == in_b.st_ino &&
	       strcmp(name_a, name_b) == 0;
}
