// SPDX-License-Identifier: GPL-2.0-or-later
/* The tree of cgroups. */
#include "kern/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define ROOT_INODE 1 /* of each file system of the kernel's own kind */

/* Wherever cgroup v2 may be mounted, or nowhere. */
static int root_mount(void)
{
	int context = fsopen("cgroup2", FSOPEN_CLOEXEC), fd;

	if (context < 0)
		return -errno;
	fd = fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) ?
		     -1 :
		     fsmount(context, FSMOUNT_CLOEXEC, 0);
	if (fd < 0)
		fd = -errno;
	close(context);
	return fd;
}

/*
 * Where it is mounted already is better than a mount of our own, which would set
 * the options of all (nsdelegate, memory_recursiveprot) anew.
 */
int cgroup_root(void)
{
	static const char *const places[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	struct statfs fs;
	struct stat st;
	size_t i;
	int fd;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		fd = open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC &&
		    fstat(fd, &st) == 0 && st.st_ino == ROOT_INODE)
			return fd;
		close(fd);
	}
	return root_mount();
}
