// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways to files by where they are: directories that move, mounts of one's own; for the escape tests. */
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/escape/prog/attempt.h"

static int file_read(int directory, const char *path)
{
	int fd = openat(directory, path, O_RDONLY), err;
	char byte;

	if (fd < 0)
		return -errno;
	err = read(fd, &byte, 1) == 1 ? 0 : -ENODATA;
	close(fd);
	return err;
}

static int file_write(const char *path)
{
	int fd = open(path, O_WRONLY), err;

	if (fd < 0)
		return -errno;
	err = attempt_result(write(fd, "x", 1));
	close(fd);
	return err;
}

/* ARG0, whatever comes of that; then ARG1. */
static int act_read_both(char **arg)
{
	file_read(AT_FDCWD, arg[0]);
	return file_read(AT_FDCWD, arg[1]);
}

/* --- directories that move --- */

/* By a way that says nothing of where it is: `directory` is an O_PATH descriptor of it, and the
 * working directory. */
static int directory_try(const char *way, int directory)
{
	struct open_how how = { .flags = O_RDONLY, .resolve = RESOLVE_BENEATH };
	static char made[] = "new0";

	if (strcmp(way, "cwd") == 0)
		return file_read(AT_FDCWD, "f");
	if (strcmp(way, "descriptor") == 0)
		return file_read(directory, "f");
	if (strcmp(way, "beneath") == 0)
		return attempt_descriptor(syscall(SYS_openat2, directory, "f", &how, sizeof(how)));
	/* It went a step down. */
	if (strcmp(way, "deeper") == 0)
		return file_read(AT_FDCWD, "../f");
	if (strcmp(way, "proc") == 0)
		return file_read(AT_FDCWD, "/proc/self/cwd/f");
	if (strcmp(way, "parent") == 0)
		return file_read(directory, "../f");
	if (strcmp(way, "list") == 0)
		return attempt_descriptor(openat(directory, ".", O_RDONLY | O_DIRECTORY));
	if (strcmp(way, "unlink") == 0)
		return attempt_result(unlinkat(directory, "f", 0));
	if (strcmp(way, "create") == 0) {
		made[3]++;
		return attempt_descriptor(openat(directory, made, O_CREAT | O_WRONLY, 0666));
	}
	return -EBADRQC;
}

/*
 * Stays in ARG1 while others move it; ARG0: by which way it looks there before and
 * after. What was decided before must not count after. ARG2, ARG3: as for await.
 */
static int act_stay(char **arg)
{
	int directory = open(arg[1], O_PATH | O_DIRECTORY), err;

	if (directory < 0 || chdir(arg[1]) < 0)
		return -EBADRQC;
	if (strcmp(arg[0], "deeper") == 0 && (mkdir("d", 0777) < 0 || chdir("d") < 0))
		return -EBADRQC;
	if (strcmp(arg[0], "unlink") != 0)
		directory_try(arg[0], directory);
	err = attempt_await(arg + 2);
	return err ? -EBADRQC : directory_try(arg[0], directory);
}

/* --- mounts of one's own --- */

/* In namespaces of its own, by number, and with nothing shared with those outside. */
static int space_enter(const char *namespaces)
{
	if (unshare((int)strtoul(namespaces, NULL, 0)) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -EBADRQC;
	return 0;
}

static int space_tree(const char *from, const char *at)
{
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, from, OPEN_TREE_CLONE);

	if (tree < 0)
		return -EBADRQC;
	return attempt_result(
		syscall(SYS_move_mount, tree, "", AT_FDCWD, at, MOVE_MOUNT_F_EMPTY_PATH));
}

static int space_below_tmpfs(const char *from, const char *at)
{
	char inner[300];

	snprintf(inner, sizeof(inner), "%s/x", at);
	if (mount("own", at, "tmpfs", 0, "mode=777") < 0 || mkdir(inner, 0777) < 0)
		return -EBADRQC;
	return attempt_result(mount(from, inner, NULL, MS_BIND, NULL));
}

/* Where it was mounted, nothing is any more. */
static int space_detached(const char *from, const char *at)
{
	if (mount(from, at, NULL, MS_BIND, NULL) < 0 || chdir(at) < 0 ||
	    umount2(at, MNT_DETACH) < 0)
		return -EBADRQC;
	return 0;
}

/* `from` below an empty directory: without an upper one there must be two. */
static int space_overlay(const char *from, const char *at)
{
	char options[700];

	snprintf(options, sizeof(options), "lowerdir=%s:%s", at, from);
	return attempt_result(mount("own", at, "overlay", 0, options));
}

/* `from` is what is written to; work: an empty directory beside `at`. */
static int space_overlay_upper(const char *from, const char *at)
{
	char options[1000], work[300];

	snprintf(work, sizeof(work), "%s.work", at);
	if (mkdir(work, 0777) < 0)
		return -EBADRQC;
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", at, from, work);
	return attempt_result(mount("own", at, "overlay", 0, options));
}

static int space_make(const char *kind, const char *from, const char *at)
{
	if (strcmp(kind, "bind") == 0)
		return attempt_result(mount(from, at, NULL, MS_BIND, NULL));
	if (strcmp(kind, "rbind") == 0)
		return attempt_result(mount(from, at, NULL, MS_BIND | MS_REC, NULL));
	if (strcmp(kind, "tree") == 0)
		return space_tree(from, at);
	if (strcmp(kind, "below-tmpfs") == 0)
		return space_below_tmpfs(from, at);
	if (strcmp(kind, "tmpfs") == 0)
		return attempt_result(mount("own", at, "tmpfs", 0, "mode=777"));
	if (strcmp(kind, "detached") == 0)
		return space_detached(from, at);
	if (strcmp(kind, "overlay") == 0)
		return space_overlay(from, at);
	if (strcmp(kind, "overlay-upper") == 0)
		return space_overlay_upper(from, at);
	if (strcmp(kind, "chroot") == 0)
		return chdir(from) < 0 ? -EBADRQC : attempt_result(chroot("."));
	return -EBADRQC;
}

/* ARG0: namespaces; ARG1: what is made there, of ARG2, at ARG3. What is done then is done to ARG4. */
static int act_space_read(char **arg)
{
	int err = space_enter(arg[0]) ?: space_make(arg[1], arg[2], arg[3]);

	return err ?: file_read(AT_FDCWD, arg[4]);
}

static int act_space_write(char **arg)
{
	int err = space_enter(arg[0]) ?: space_make(arg[1], arg[2], arg[3]);

	return err ?: file_write(arg[4]);
}

static int act_space_create(char **arg)
{
	int err = space_enter(arg[0]) ?: space_make(arg[1], arg[2], arg[3]);

	return err ?: attempt_descriptor(open(arg[4], O_CREAT | O_EXCL | O_WRONLY, 0666));
}

/* ARG0: namespaces. Through a tree of ARG1 that is mounted nowhere. */
static int act_space_floating(char **arg)
{
	int err = space_enter(arg[0]), tree;

	if (err)
		return err;
	tree = (int)syscall(SYS_open_tree, AT_FDCWD, arg[1], OPEN_TREE_CLONE);
	return tree < 0 ? -EBADRQC : file_read(tree, "f");
}

/* An overlay that is mounted nowhere, above ARG1, with ARG2 beside it. */
static int act_space_floating_overlay(char **arg)
{
	int err = space_enter(arg[0]), fs, mounted;
	char lower[700];

	if (err)
		return err;
	snprintf(lower, sizeof(lower), "%s:%s", arg[2], arg[1]);
	fs = (int)syscall(SYS_fsopen, "overlay", 0);
	if (fs < 0)
		return -EBADRQC;
	if (syscall(SYS_fsconfig, fs, 1 /* FSCONFIG_SET_STRING */, "lowerdir", lower, 0) ||
	    syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0))
		return -errno;
	mounted = (int)syscall(SYS_fsmount, fs, 0, 0);
	return mounted < 0 ? -errno : file_read(mounted, "f");
}

static const struct attempt table[] = {
	{ "read-both", act_read_both },
	{ "stay", act_stay },
	{ "space-read", act_space_read },
	{ "space-write", act_space_write },
	{ "space-create", act_space_create },
	{ "space-floating", act_space_floating },
	{ "space-floating-overlay", act_space_floating_overlay },
	{ NULL, NULL },
};

int main(int argc, char **argv)
{
	return attempt_main(argc, argv, table);
}
