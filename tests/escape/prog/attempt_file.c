// SPDX-License-Identifier: GPL-2.0-or-later
/* Acts on files, one system call each, for the escape tests. */
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "tests/escape/prog/attempt.h"

static int act_read(char **arg)
{
	char byte;
	int fd = open(arg[0], O_RDONLY), err;

	if (fd < 0)
		return -errno;
	err = attempt_result(read(fd, &byte, 1));
	close(fd);
	return err;
}

static int act_write(char **arg)
{
	int fd = open(arg[0], O_WRONLY), err;

	if (fd < 0)
		return -errno;
	err = attempt_result(write(fd, "x", 1));
	close(fd);
	return err;
}

static int act_read_write(char **arg)
{
	return attempt_descriptor(open(arg[0], O_RDWR));
}

static int act_truncating_open(char **arg)
{
	return attempt_descriptor(open(arg[0], O_RDONLY | O_TRUNC));
}

/* Access mode 3: neither reading nor writing, "for ioctl". */
static int act_mode_three(char **arg)
{
	return attempt_descriptor(open(arg[0], O_ACCMODE));
}

static int act_openat2(char **arg)
{
	struct open_how how = { .flags = O_RDONLY };

	return attempt_descriptor(syscall(SYS_openat2, AT_FDCWD, arg[0], &how, sizeof(how)));
}

static int act_reopen(char **arg)
{
	int fd = open(arg[0], O_PATH);
	char link[64];

	if (fd < 0)
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return attempt_descriptor(open(link, O_RDONLY));
}

/* By handle, which names an inode and no path. ARG1: a directory on the same mount. */
static int act_by_handle(char **arg)
{
	struct {
		struct file_handle head;
		unsigned char bytes[MAX_HANDLE_SZ];
	} handle = { .head.handle_bytes = MAX_HANDLE_SZ };
	int mount_id, mount = open(arg[1], O_RDONLY | O_DIRECTORY);

	if (mount < 0 || name_to_handle_at(AT_FDCWD, arg[0], &handle.head, &mount_id, 0) < 0)
		return -EBADRQC;
	return attempt_descriptor(open_by_handle_at(mount, &handle.head, O_RDONLY));
}

static int act_list(char **arg)
{
	return attempt_descriptor(open(arg[0], O_RDONLY | O_DIRECTORY));
}

static int act_create(char **arg)
{
	return attempt_descriptor(open(arg[0], O_CREAT | O_EXCL | O_WRONLY, 0666));
}

static int act_tmpfile(char **arg)
{
	return attempt_descriptor(open(arg[0], O_TMPFILE | O_RDWR, 0666));
}

static int act_fifo(char **arg)
{
	return attempt_result(mkfifo(arg[0], 0666));
}

static int act_mkdir(char **arg)
{
	return attempt_result(mkdir(arg[0], 0777));
}

static int act_symlink(char **arg)
{
	return attempt_result(symlink("anywhere", arg[0]));
}

static int act_unlink(char **arg)
{
	return attempt_result(unlink(arg[0]));
}

static int act_rmdir(char **arg)
{
	return attempt_result(rmdir(arg[0]));
}

static int act_rename(char **arg)
{
	return attempt_result(rename(arg[0], arg[1]));
}

static int act_exchange(char **arg)
{
	return attempt_result(renameat2(AT_FDCWD, arg[0], AT_FDCWD, arg[1], RENAME_EXCHANGE));
}

static int act_link(char **arg)
{
	return attempt_result(link(arg[0], arg[1]));
}

/* A name for an open file, by way of its descriptor. */
static int act_link_descriptor(char **arg)
{
	int fd = open(arg[0], O_RDONLY);
	char link[64];

	if (fd < 0)
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return attempt_result(linkat(AT_FDCWD, link, AT_FDCWD, arg[1], AT_SYMLINK_FOLLOW));
}

static int act_truncate(char **arg)
{
	return attempt_result(truncate(arg[0], 0));
}

static int act_chmod(char **arg)
{
	return attempt_result(chmod(arg[0], 0606));
}

static int act_fchmod(char **arg)
{
	int fd = open(arg[0], O_RDONLY);

	return fd < 0 ? -errno : attempt_result(fchmod(fd, 0606));
}

/* To a group that root and demo are both allowed to give it. */
static int act_chown(char **arg)
{
	return attempt_result(chown(arg[0], (uid_t)-1, 990));
}

static int act_utimes(char **arg)
{
	static const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	return attempt_result(utimensat(AT_FDCWD, arg[0], times, 0));
}

static int act_touch(char **arg)
{
	return attempt_result(utimensat(AT_FDCWD, arg[0], NULL, 0));
}

static int act_setxattr(char **arg)
{
	return attempt_result(setxattr(arg[0], "user.test", "1", 1, 0));
}

static int act_removexattr(char **arg)
{
	return attempt_result(removexattr(arg[0], "user.test"));
}

/* u::rw- u:1001:rw- g::r-- m::rw- o::r-- as <linux/posix_acl_xattr.h> has it. */
static const unsigned char acl[] = {
	2, 0,	 0,    0,    0x01, 0,	 6,    0, 0xff, 0xff, 0xff, 0xff, 0x02, 0,    6,
	0, 0xe9, 0x03, 0,    0,	   0x04, 0,    4, 0,	0xff, 0xff, 0xff, 0xff, 0x10, 0,
	6, 0,	 0xff, 0xff, 0xff, 0xff, 0x20, 0, 4,	0,    0xff, 0xff, 0xff, 0xff,
};

static int act_set_acl(char **arg)
{
	return attempt_result(setxattr(arg[0], "system.posix_acl_access", acl, sizeof(acl), 0));
}

static int act_remove_acl(char **arg)
{
	return attempt_result(removexattr(arg[0], "system.posix_acl_access"));
}

/* Asks the server at ARG0 for a descriptor of the file ARG1. */
static int act_receive(char **arg)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	char byte;
	struct iovec vector = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_SEQPACKET, 0), fd;

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", arg[0]);
	if (connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    send(sock, arg[1], strlen(arg[1]), 0) < 0 || recvmsg(sock, &message, 0) != 1)
		return -errno;
	/* Refused descriptors are left out, and that is all that the receiver is told. */
	if (!CMSG_FIRSTHDR(&message) || message.msg_flags & MSG_CTRUNC)
		return -EACCES;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return attempt_result(read(fd, &byte, 1));
}

static int act_uring(char **arg)
{
	struct io_uring_params params = { 0 };

	return attempt_descriptor(syscall(SYS_io_uring_setup, 4, &params));
}

/* Runs ARG0 with the arguments from ARG1 (argv[0]) on. */
static int act_exec(char **arg)
{
	execv(arg[0], arg + 1);
	return -errno;
}

/* The same from a file that has no name. */
static int act_exec_memfd(char **arg)
{
	int from = open(arg[0], O_RDONLY), to = memfd_create("copy", 0);
	char buffer[65536];
	ssize_t len;

	if (from < 0 || to < 0)
		return -EBADRQC;
	while ((len = read(from, buffer, sizeof(buffer))) > 0)
		if (write(to, buffer, (size_t)len) != len)
			return -EBADRQC;
	fexecve(to, arg + 1, environ);
	return -errno;
}

static const struct attempt table[] = {
	{ "read", act_read },
	{ "write", act_write },
	{ "read-write", act_read_write },
	{ "truncating-open", act_truncating_open },
	{ "mode-three", act_mode_three },
	{ "openat2", act_openat2 },
	{ "reopen", act_reopen },
	{ "by-handle", act_by_handle },
	{ "list", act_list },
	{ "create", act_create },
	{ "tmpfile", act_tmpfile },
	{ "fifo", act_fifo },
	{ "mkdir", act_mkdir },
	{ "symlink", act_symlink },
	{ "unlink", act_unlink },
	{ "rmdir", act_rmdir },
	{ "rename", act_rename },
	{ "exchange", act_exchange },
	{ "link", act_link },
	{ "link-descriptor", act_link_descriptor },
	{ "truncate", act_truncate },
	{ "chmod", act_chmod },
	{ "fchmod", act_fchmod },
	{ "chown", act_chown },
	{ "utimes", act_utimes },
	{ "touch", act_touch },
	{ "setxattr", act_setxattr },
	{ "removexattr", act_removexattr },
	{ "set-acl", act_set_acl },
	{ "remove-acl", act_remove_acl },
	{ "receive", act_receive },
	{ "uring", act_uring },
	{ "exec", act_exec },
	{ "exec-memfd", act_exec_memfd },
	{ NULL, NULL },
};

int main(int argc, char **argv)
{
	return attempt_main(argc, argv, table);
}
