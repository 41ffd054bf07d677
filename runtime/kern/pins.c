// SPDX-License-Identifier: GPL-2.0-or-later
/* The directory of pinned objects. */
#include "kern/pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentos_event.h"

bool pins_exist(void)
{
	return access(AGENTOS_PIN_DIR, F_OK) == 0;
}

static int pins_remove_level(int parent, const char *name, int depth)
{
	struct dirent *entry;
	DIR *dir;
	int fd, err = 0;

	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	dir = fdopendir(fd);
	if (!dir) {
		err = -errno;
		close(fd);
		return err;
	}
	while (!err && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (entry->d_type == DT_DIR)
			err = depth ? pins_remove_level(fd, entry->d_name, depth - 1) : -ENOTEMPTY;
		else if (unlinkat(fd, entry->d_name, 0))
			err = -errno;
	}
	closedir(dir);
	if (!err && unlinkat(parent, name, AT_REMOVEDIR))
		err = -errno;
	return err;
}

int pins_remove(const char *dir)
{
	return pins_remove_level(AT_FDCWD, dir, 1);
}

int pins_add(const char *dir, const char *name, int fd)
{
	char path[PATH_MAX];
	char *slash;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		return -ENAMETOOLONG;
	if (mkdir(dir, 0750) && errno != EEXIST)
		return -errno;
	slash = strchr(name, '/');
	if (slash) {
		char parent[PATH_MAX];

		snprintf(parent, sizeof(parent), "%s/%.*s", dir, (int)(slash - name), name);
		if (mkdir(parent, 0750) && errno != EEXIST)
			return -errno;
	}
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

int pins_open(const char *name)
{
	char path[PATH_MAX];
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", AGENTOS_PIN_DIR, name) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

int pins_drop(const char *name)
{
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", AGENTOS_PIN_DIR, name) >= sizeof(path))
		return -ENAMETOOLONG;
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

int pins_publish(void)
{
	return rename(PINS_STAGING, AGENTOS_PIN_DIR) ? -errno : 0;
}
