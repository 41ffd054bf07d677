// SPDX-License-Identifier: GPL-2.0-or-later
/* Acts on files, one system call each, for the escape tests. */
#include <liburing.h>
#include <linux/btrfs.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
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

/* chattr, through a descriptor for reading. */
static int act_chattr(char **arg)
{
	int fd = open(arg[0], O_RDONLY), flags;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return -errno;
	flags ^= FS_NODUMP_FL;
	return attempt_result(ioctl(fd, FS_IOC_SETFLAGS, &flags));
}

/* The same by the newer call, on a directory. */
static int act_chattr_directory(char **arg)
{
	int fd = open(arg[0], O_RDONLY | O_DIRECTORY);
	struct fsxattr attributes;

	if (fd < 0 || ioctl(fd, FS_IOC_FSGETXATTR, &attributes) < 0)
		return -errno;
	attributes.fsx_xflags ^= FS_XFLAG_NODUMP;
	return attempt_result(ioctl(fd, FS_IOC_FSSETXATTR, &attributes));
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

/* Receives one descriptor with a byte of data. */
static int descriptor_receive(int sock)
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
	int fd;

	if (recvmsg(sock, &message, 0) != 1)
		return -errno;
	/* Refused descriptors are left out, and that is all that the receiver is told. */
	if (!CMSG_FIRSTHDR(&message) || message.msg_flags & MSG_CTRUNC)
		return -EACCES;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

static int descriptor_send(int sock, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .align = { .cmsg_level = SOL_SOCKET,
				 .cmsg_type = SCM_RIGHTS,
				 .cmsg_len = CMSG_LEN(sizeof(int)) } };
	struct iovec vector = { .iov_base = "x", .iov_len = 1 };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };

	memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	return sendmsg(sock, &message, 0) < 0 ? -errno : 0;
}

/* Asks the server at ARG0 for a descriptor of what ARG1 says. */
static int ask(char **arg)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", arg[0]);
	if (connect(sock, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    send(sock, arg[1], strlen(arg[1]), 0) < 0)
		return -errno;
	return descriptor_receive(sock);
}

/* A file. */
static int act_receive(char **arg)
{
	int fd = ask(arg);
	char byte;

	return fd < 0 ? fd : attempt_result(read(fd, &byte, 1));
}

static int socket_usable(int sock)
{
	socklen_t len = sizeof(int);
	int type;

	return attempt_result(getsockopt(sock, SOL_SOCKET, SO_TYPE, &type, &len));
}

/* A socket. */
static int act_receive_socket(char **arg)
{
	int sock = ask(arg);

	return sock < 0 ? sock : socket_usable(sock);
}

/* The server's end of a connection to a socket of our own. */
static int socket_accepted(int family)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr *address =
		family == AF_UNIX ? (struct sockaddr *)&un : (struct sockaddr *)&in;
	socklen_t len = family == AF_UNIX ? sizeof(un) : sizeof(in);
	int listener = socket(family, SOCK_STREAM, 0), client = socket(family, SOCK_STREAM, 0);

	/* An abstract name that the kernel chooses. */
	if (bind(listener, address, family == AF_UNIX ? sizeof(un.sun_family) : len) < 0 ||
	    listen(listener, 1) < 0 || getsockname(listener, address, &len) < 0 ||
	    connect(client, address, len) < 0)
		return -1;
	return accept(listener, NULL, NULL);
}

static int socket_of_kind(const char *kind)
{
	if (strcmp(kind, "tcp") == 0)
		return socket(AF_INET, SOCK_STREAM, 0);
	if (strcmp(kind, "udp") == 0)
		return socket(AF_INET6, SOCK_DGRAM, 0);
	if (strcmp(kind, "unix") == 0)
		return socket(AF_UNIX, SOCK_STREAM, 0);
	if (strcmp(kind, "unix-accepted") == 0)
		return socket_accepted(AF_UNIX);
	if (strcmp(kind, "tcp-accepted") == 0)
		return socket_accepted(AF_INET);
	return -1;
}

/* Passes a socket of kind ARG0 from one process to another. */
static int act_pass(char **arg)
{
	int ends[2], sock, status;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0)
		return -errno;
	if (fork() == 0) {
		sock = socket_of_kind(arg[0]);
		_exit(sock < 0 ? EBADRQC : -descriptor_send(ends[0], sock));
	}
	sock = descriptor_receive(ends[1]);
	wait(&status);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
	return sock < 0 ? sock : socket_usable(sock);
}

static int act_uring(char **arg)
{
	struct io_uring_params params = { 0 };

	return attempt_descriptor(syscall(SYS_io_uring_setup, 4, &params));
}

/*
 * Opens ARG0 from a ring, in the submitter itself, with credentials that were
 * its own when it submitted: changed since, by what needs no privilege.
 */
static int act_uring_credentials(char **arg)
{
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	const char *name = strrchr(arg[0], '/') + 1;
	struct stat st;
	int ends[2], i, result = -EBADRQC;

	/* In the cache, and near: else the submitter leaves it to a worker. */
	*strrchr(arg[0], '/') = '\0';
	if (chdir(arg[0]) < 0 || stat(name, &st) < 0)
		return -EBADRQC;
	if (pipe(ends) < 0 || io_uring_queue_init(8, &ring, 0) < 0)
		return -errno;
	/* A worker waits for the pipe; what is linked to that goes on in task work. */
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_poll_add(sqe, ends[0], POLLIN);
	io_uring_sqe_set_flags(sqe, IOSQE_ASYNC | IOSQE_IO_LINK);
	io_uring_sqe_set_data64(sqe, 1);
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_openat(sqe, AT_FDCWD, name, O_RDONLY, 0);
	io_uring_sqe_set_data64(sqe, 2);
	if (io_uring_submit(&ring) != 2)
		return -EBADRQC;
	usleep(200000);
	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || write(ends[1], "x", 1) != 1)
		return -errno;
	for (i = 0; i < 2; i++) {
		if (io_uring_wait_cqe(&ring, &cqe) < 0)
			return -EBADRQC;
		if (io_uring_cqe_get_data64(cqe) == 2)
			result = cqe->res;
		io_uring_cqe_seen(&ring, cqe);
	}
	return result < 0 ? result : 0;
}

/* A snapshot of the btrfs subvolume ARG0 in ARG1, by the name ARG2. */
static int act_snapshot(char **arg)
{
	int from = open(arg[0], O_RDONLY | O_DIRECTORY), to = open(arg[1], O_RDONLY | O_DIRECTORY);
	struct btrfs_ioctl_vol_args_v2 args = { .fd = from };

	snprintf(args.name, sizeof(args.name), "%s", arg[2]);
	if (from < 0 || to < 0)
		return -EBADRQC;
	return attempt_result(ioctl(to, BTRFS_IOC_SNAP_CREATE_V2, &args));
}

/* A new subvolume in ARG0, by the name ARG1. */
static int act_subvolume(char **arg)
{
	int to = open(arg[0], O_RDONLY | O_DIRECTORY);
	struct btrfs_ioctl_vol_args args = { 0 };

	snprintf(args.name, sizeof(args.name), "%s", arg[1]);
	return to < 0 ? -EBADRQC : attempt_result(ioctl(to, BTRFS_IOC_SUBVOL_CREATE, &args));
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

static int act_inotify(char **arg)
{
	int fd = inotify_init1(IN_CLOEXEC);

	return fd < 0 ? -EBADRQC :
			attempt_result(inotify_add_watch(fd, arg[0], IN_OPEN) < 0 ? -1 : 0);
}

/* ARG1: the events. Nobody acts on them meanwhile: the descriptor is closed at once. */
static int fanotify_watch(char **arg, unsigned int flags)
{
	int fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);
	int err =
		fd < 0 ? -EBADRQC :
			 attempt_result(fanotify_mark(fd, FAN_MARK_ADD | flags,
						      strtoull(arg[1], NULL, 0), AT_FDCWD, arg[0]));

	close(fd);
	return err;
}

static int act_fanotify(char **arg)
{
	return fanotify_watch(arg, 0);
}

static int act_fanotify_mount(char **arg)
{
	return fanotify_watch(arg, FAN_MARK_MOUNT);
}

static const struct attempt table[] = {
	{ "inotify", act_inotify },
	{ "fanotify", act_fanotify },
	{ "fanotify-mount", act_fanotify_mount },
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
	{ "chattr", act_chattr },
	{ "chattr-directory", act_chattr_directory },
	{ "removexattr", act_removexattr },
	{ "set-acl", act_set_acl },
	{ "remove-acl", act_remove_acl },
	{ "receive", act_receive },
	{ "receive-socket", act_receive_socket },
	{ "pass", act_pass },
	{ "uring", act_uring },
	{ "uring-credentials", act_uring_credentials },
	{ "snapshot", act_snapshot },
	{ "subvolume", act_subvolume },
	{ "exec", act_exec },
	{ "exec-memfd", act_exec_memfd },
	{ NULL, NULL },
};

int main(int argc, char **argv)
{
	return attempt_main(argc, argv, table);
}
