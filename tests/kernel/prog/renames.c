// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens files whose names change all the time, and tells what each was called. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * renames DIRECTORY            renames, removals and new files of old names, without a pause
 * renames DIRECTORY mounts     mounts that come, move and go, and another root; in a mount
 *                              namespace of its own, of root
 *
 * Prints, after each open is done, the absolute path that the file had in it, as it is to
 * be in the audit log: in this order, and nothing else is opened between the first and the
 * last. Exit status 0, or 1 when anything fails.
 */

static char *told;
static size_t told_len, told_room;
static const char *prefix;

/* Kept until the end: to write it down is no open, but takes time. */
static void tell(const char *path)
{
	size_t len = strlen(prefix) + strlen(path) + 1;

	if (told_len + len + 1 > told_room) {
		told_room = 2 * (told_room + len + 1);
		told = realloc(told, told_room);
		if (!told)
			err(1, "no memory");
	}
	told_len += (size_t)snprintf(told + told_len, told_room - told_len, "%s%s\n", prefix, path);
}

/* Three times: it may be known from the first on, and is from the second. */
static void look(const char *path)
{
	int i, fd;

	for (i = 0; i < 3; i++) {
		fd = open(path + 1, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			err(1, "%s", path);
		close(fd);
		tell(path);
	}
}

static void make(const char *path)
{
	int fd = open(path + 1, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		err(1, "%s", path);
	close(fd);
	tell(path);
}

#define MUST(call)                           \
	do {                                 \
		if (call)                    \
			err(1, "%s", #call); \
	} while (0)

static void rename_all(void)
{
	int i;

	MUST(mkdir("a", 0755));
	make("/a/f");
	look("/a/f");
	MUST(rename("a/f", "a/g"));
	look("/a/g");
	MUST(rename("a", "b"));
	look("/b/g");
	MUST(mkdir("c", 0755));
	MUST(rename("b", "c/b"));
	look("/c/b/g");
	make("/c/h");
	look("/c/h");
	MUST(syscall(SYS_renameat2, AT_FDCWD, "c/h", AT_FDCWD, "c/b/g", 2 /* exchange */));
	look("/c/h");
	look("/c/b/g");
	MUST(link("c/h", "c/l"));
	look("/c/l");
	look("/c/h");
	MUST(unlink("c/h"));
	look("/c/l");
	MUST(rename("c/l", "c/h"));
	look("/c/h");
	/* What is freed is somebody else's after a grace period, for which this call waits. */
	for (i = 0; i < 100; i++) {
		char directory[32], path[48];

		snprintf(directory, sizeof(directory), "/%s%d", i % 3 ? "r" : "other", i);
		snprintf(path, sizeof(path), "%s/f", directory);
		MUST(mkdir(directory + 1, 0755));
		make(path);
		look(path);
		MUST(unlink(path + 1));
		MUST(rmdir(directory + 1));
		MUST(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0));
	}
}

static void mount_all(void)
{
	int i;

	MUST(unshare(CLONE_NEWNS));
	MUST(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	MUST(mkdir("m", 0755) | mkdir("n", 0755) | mkdir("o", 0755) | mkdir("p", 0755));
	/*
	 * To make a mountpoint takes the lock that renames take: so something is mounted
	 * elsewhere on the same directories, and on the root of what is moved.
	 */
	MUST(mkdir("alias", 0755) | mkdir("top", 0755) | mount(".", "alias", NULL, MS_BIND, NULL));
	MUST(mount("elsewhere", "alias/m", "tmpfs", 0, NULL));
	MUST(mount("elsewhere", "alias/n", "tmpfs", 0, NULL));
	make("/o/under");
	look("/o/under");
	MUST(mount("renames", "m", "tmpfs", 0, NULL));
	MUST(mount("m", "top", NULL, MS_BIND, NULL));
	MUST(mount("elsewhere", "top", "tmpfs", 0, NULL));
	make("/m/f");
	look("/m/f");
	MUST(mount("m", "n", NULL, MS_MOVE, NULL));
	look("/n/f");
	for (i = 0; i < 50; i++) {
		MUST(mount("n", "m", NULL, MS_MOVE, NULL));
		look("/m/f");
		MUST(mount("m", "n", NULL, MS_MOVE, NULL));
		look("/n/f");
	}
	MUST(mount("n", "m", NULL, MS_BIND, NULL));
	look("/m/f");
	look("/n/f");
	MUST(rename("n", "q") == 0 || errno != EBUSY);
	MUST(rename("o", "q"));
	look("/q/under");
	MUST(mkdir("m/in", 0755));
	MUST(mount("q", "m/in", NULL, MS_BIND, NULL));
	look("/m/in/under");
	look("/q/under");
	MUST(umount("m/in"));
	MUST(umount("m"));
	look("/n/f");
	MUST(mount("n", "p", NULL, MS_MOVE, NULL));
	look("/p/f");
	/* From outside of its root a task names what it has by the whole path. */
	MUST(mkdir("jail", 0755) | chroot("jail"));
	look("/p/f");
	MUST(mount("p", "m", NULL, MS_MOVE, NULL));
	look("/m/f");
	MUST(mount("m", "p", NULL, MS_MOVE, NULL));
	look("/p/f");
	MUST(chroot("."));
	prefix = "";
	look("/p/f");
	look("/q/under");
	MUST(chdir("p") | chroot("."));
	look("/f");
}

int main(int argc, char **argv)
{
	bool mounts = argc == 3 && !strcmp(argv[2], "mounts");

	if (argc < 2 || (argc > 2 && !mounts))
		errx(2, "usage: renames DIRECTORY [mounts]");
	prefix = argv[1];
	MUST(chdir(prefix));
	if (mounts)
		mount_all();
	else
		rename_all();
	return fwrite(told, 1, told_len, stdout) != told_len || fflush(stdout);
}
