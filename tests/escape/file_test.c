// SPDX-License-Identifier: GPL-2.0-or-later
/* Ways to files: AGENTOS_RIGHT(FILE_READ), AGENTOS_RIGHT(FILE_WRITE), AGENTOS_RIGHT(FILE_WATCH), the rules. */
#include <mqueue.h>

#include "tests/escape/broker.h"
#include "tests/escape/table.h"

/* A decision follows AGENTOS_WALK_MAX components; the tree's own path has some. */
#define DEEP 70

static const struct stage_policy policies[] = {
	{ .name = "base", .rights = "file-read, file-write, file-exec" },
	{ .name = "readonly", .rights = "file-read, file-exec" },
	{ .name = "nodes", .rights = "file-read, file-write, file-exec, capabilities" },
	{ .name = "broker", .rights = "file-read, file-write, file-exec, unix-connect" },
	{ .name = "queues", .rights = "file-read, file-exec, unix-connect", .read = "%q" },
	{ .name = "sysv", .rights = "file-read, file-exec, unix-connect, sysv-ipc", .read = "%q" },
	{ .name = "dev", .rights = "file-read, file-exec, unix-connect", .read = "/dev" },
	{ .name = "devices",
	  .rights = "file-read, file-exec, unix-connect, devices",
	  .read = "/dev" },
	{ .name = "network",
	  .rights = "file-read, file-exec, unix-connect, net-connect, net-listen" },
	{ .name = "near",
	  .rights = "file-read, file-exec, unix-connect, net-connect, net-listen",
	  .network = "  connect: [\"127.9.9.9:9\"]\n  listen: [\"127.9.9.9:0\"]\n" },
	{ .name = "pins",
	  .rights = "file-read, file-write, file-exec",
	  .read = "/sys/fs/bpf",
	  .write = "/sys/fs/bpf" },
	{ .name = "watch", .rights = "file-read, file-exec, file-watch, capabilities" },
	{ .name = "uring", .rights = "file-read, file-write, file-exec, io-uring" },
	{ .name = "btrfs",
	  .rights = "file-read, file-write, file-exec",
	  .read = "%T/btrfs",
	  .write = "%T/btrfs/work",
	  .deny = "%T/btrfs/work/.env" },
	{ .name = "restricted", .rights = "file-read, file-write, file-exec, unix-connect" },
	{ .name = "mounts", .rights = "file-read, file-write, file-exec", .deny = "%T/denied" },
	{ .name = "replaced", .rights = "file-read, file-write, file-exec" },
	{ 0 },
};

#define WAIT "await %T/ws/begun %T/ws/go"

static const struct stage_row rows[] = {
	{ "what is allowed can be read", "read %W/f", "base", 0, 0, NULL, NULL },
	{ "what is allowed can be written", "write %W/f", "base", 0, 0, NULL, NULL },
	{ "reading what no rule is about", "read %S/f", "base", 0, EACCES, "file_open", NULL },
	{ "listing a directory that no rule is about", "list %S", "base", 0, EACCES, "file_open",
	  NULL },
	{ "reading what is denied", "read %D/f", "base", 0, EACCES, "file_open", NULL },
	{ "writing what is only readable", "write %R/f", "base", 0, EACCES, "file_open", NULL },
	{ "reading it", "read %R/f", "base", 0, 0, NULL, NULL },
	{ "opening it for both", "read-write %R/f", "base", 0, EACCES, "file_open", NULL },
	{ "opening it for neither (mode 3)", "mode-three %R/f", "base", 0, EACCES, "file_open",
	  NULL },
	{ "O_TRUNC with O_RDONLY", "truncating-open %R/f", "base", 0, EACCES, "file_open", NULL },
	{ "openat2", "openat2 %S/f", "base", 0, EACCES, "file_open", NULL },
	{ "inotify", "inotify %W", "base", 0, EACCES, "path_notify", NULL },
	{ "inotify by a thread", "via-thread inotify %W", "base", 0, EACCES, "path_notify", NULL },
	{ "with file-watch: what may be read", "inotify %W", "watch", 0, 0, NULL, NULL },
	{ "with file-watch: what no rule is about", "inotify %S", "watch", 0, EACCES, "path_notify",
	  NULL },
	{ "with file-watch: a file that is denied", "inotify %D/f", "watch", 0, EACCES,
	  "path_notify", NULL },
	{ "with file-watch: fanotify", "fanotify %W 0x20", "watch", STAGE_ROOT, 0, NULL, NULL },
	/* A kernel without such events refuses it itself. */
	{ "with file-watch: fanotify that others wait for", "fanotify %W 0x10000", "watch",
	  STAGE_ROOT, EACCES, "path_notify", "stock" },
	{ "with file-watch: fanotify on a mount", "fanotify-mount %W 0x20", "watch", STAGE_ROOT,
	  EACCES, "path_notify", NULL },
	{ "reopening an O_PATH descriptor", "reopen %S/f", "base", 0, EACCES, "file_open", NULL },
	{ "open_by_handle_at", "by-handle %S/f %W", "base", STAGE_ROOT, EACCES, "file_open", NULL },
	{ "through /proc/self/root", "read /proc/self/root%S/f", "base", 0, EACCES, "file_open",
	  NULL },
	{ "through /proc/self/cwd", "read /proc/self/cwd/../unruled/%I/f", "base", 0, EACCES,
	  "file_open", NULL },
	{ "through ..", "read %W/../../unruled/%I/f", "base", 0, EACCES, "file_open", NULL },
	{ "through a link in the workspace", "read %W/into", "base", 0, EACCES, "file_open", NULL },
	{ "writing through it", "write %W/into", "base", 0, EACCES, "file_open", NULL },
	{ "io_uring", "uring", "base", 0, EPERM, "inode_init_security_anon", NULL },

	{ "the nearest rule: allowed below denied", "read %A/f", "base", 0, 0, NULL, NULL },
	{ "only what the nearest allows", "write %A/f", "base", 0, EACCES, "file_open", NULL },
	{ "denied below allowed, reading", "read %W/.env", "base", 0, EACCES, "file_open", NULL },
	{ "denied below allowed, writing", "write %W/.env", "base", 0, EACCES, "file_open", NULL },
	{ "each kind by its own nearest: write here", "write %V/f", "base", 0, 0, NULL, NULL },
	{ "each kind by its own nearest: read from above", "read %V/f", "base", 0, 0, NULL, NULL },
	{ "a path too deep to be followed", "read %W/deep", "base", 0, EACCES, "file_open", NULL },

	{ "truncate", "truncate %R/f", "base", 0, EACCES, "path_truncate", NULL },
	{ "truncate where it may", "truncate %W/f", "base", 0, 0, NULL, NULL },
	{ "creating", "create %R/new", "base", 0, EACCES, "path_mknod", NULL },
	{ "creating where it may", "create %W/new", "base", 0, 0, NULL, NULL },
	{ "creating a denied name", "create %W/absent", "base", 0, EACCES, "path_mknod", NULL },
	{ "making a directory of a denied name", "mkdir %W/absent", "base", 0, EACCES, "path_mknod",
	  NULL },
	{ "linking to a denied name", "symlink %W/absent", "base", 0, EACCES, "path_mknod", NULL },
	{ "O_TMPFILE", "tmpfile %R", "base", 0, EACCES, "file_open", NULL },
	{ "mkfifo", "fifo %R/new", "base", 0, EACCES, "path_mknod", NULL },
	{ "mkdir", "mkdir %R/new", "base", 0, EACCES, "path_mknod", NULL },
	{ "mkdir where it may", "mkdir %W/new", "base", 0, 0, NULL, NULL },
	{ "symlink", "symlink %R/new", "base", 0, EACCES, "path_mknod", NULL },
	{ "unlink", "unlink %R/f", "base", 0, EACCES, "path_unlink", NULL },
	{ "unlink of a denied name", "unlink %W/.env", "base", 0, EACCES, "path_unlink", NULL },
	{ "unlink where it may", "unlink %W/f", "base", 0, 0, NULL, NULL },
	{ "rmdir", "rmdir %R/d", "base", 0, EACCES, "path_unlink", NULL },

	{ "rename within the workspace", "rename %W/f %W/new", "base", 0, 0, NULL, NULL },
	{ "rename into", "rename %W/f %R/new", "base", 0, EACCES, "path_rename", NULL },
	{ "rename out of", "rename %R/f %W/new", "base", 0, EACCES, "path_rename", NULL },
	{ "rename of what no rule is about", "rename %S/f %W/new", "base", 0, EACCES, "path_rename",
	  NULL },
	{ "rename over a ruled name", "rename %W/f %W/.env", "base", 0, EACCES, "path_rename",
	  NULL },
	{ "rename of a ruled name", "rename %W/.env %W/x", "base", 0, EACCES, "path_rename", NULL },
	{ "rename of the directory of a denied name", "rename %W/held %W/x", "base", 0, EACCES,
	  "path_rename", NULL },
	{ "rename of a directory above that", "rename %W/above %W/x", "base", 0, EACCES,
	  "path_rename", NULL },
	{ "exchange of a directory above that", "exchange %W/full %W/above", "base", 0, EACCES,
	  "path_rename", NULL },
	{ "rename of a directory with no rule below it", "rename %W/full %W/moved", "base", 0, 0,
	  NULL, NULL },
	{ "rename over the empty directory of a denied name", "rename %W/d %W/held", "base", 0,
	  EACCES, "path_rename", NULL },
	{ "removing the empty directory of a denied name", "rmdir %W/held", "base", 0, EACCES,
	  "path_unlink", NULL },
	{ "making the first missing part of a denied path", "mkdir %W/missing", "base", 0, EACCES,
	  "path_mknod", NULL },
	{ "rename of a full directory to a denied name", "rename %W/full %W/absent", "base", 0,
	  EACCES, "path_rename", NULL },
	{ "rename that would widen", "rename %V/f %W/new", "base", 0, EACCES, "path_rename", NULL },
	{ "rename that narrows", "rename %W/f %V/new", "base", 0, 0, NULL, NULL },
	{ "exchange with what is only readable", "exchange %W/f %R/f", "base", 0, EACCES,
	  "path_rename", NULL },
	{ "exchange, the other way", "exchange %R/f %W/f", "base", 0, EACCES, "path_rename", NULL },
	{ "exchange that widens on the way back", "exchange %W/f %V/f", "base", 0, EACCES,
	  "path_rename", NULL },
	{ "exchange of a denied name", "exchange %W/f %W/.env", "base", 0, EACCES, "path_rename",
	  NULL },
	{ "exchange within the workspace", "exchange %W/f %W/full", "base", 0, 0, NULL, NULL },
	{ "a hard link of a read-only file", "link %R/f %W/new", "base", 0, EACCES, "path_link",
	  NULL },
	{ "a hard link of what no rule is about", "link %S/f %W/new", "base", 0, EACCES,
	  "path_link", NULL },
	{ "a hard link of a denied name", "link %W/.env %W/new", "base", 0, EACCES, "path_link",
	  NULL },
	{ "a hard link by descriptor", "link-descriptor %R/f %W/new", "base", 0, EACCES,
	  "path_link", NULL },
	{ "a hard link within the workspace", "link %W/f %W/new", "base", 0, 0, NULL, NULL },

	{ "chmod", "chmod %R/f", "base", 0, EACCES, "path_chmod", NULL },
	{ "fchmod", "fchmod %R/f", "base", 0, EACCES, "path_chmod", NULL },
	{ "chmod where it may", "chmod %W/f", "base", 0, 0, NULL, NULL },
	{ "chown", "chown %R/f", "base", 0, EACCES, "path_chmod", NULL },
	{ "chown where it may", "chown %W/f", "base", 0, 0, NULL, NULL },
	{ "utimes", "utimes %R/f", "base", 0, EACCES, "path_chmod", NULL },
	{ "utimes where it may", "utimes %W/f", "base", 0, 0, NULL, NULL },
	{ "touch", "touch %S/f", "base", 0, EACCES, "path_chmod", NULL },
	{ "setxattr", "setxattr %R/f", "base", 0, EACCES, "path_chmod", "6.12" },
	{ "setxattr where it may", "setxattr %W/f", "base", 0, 0, NULL, "6.12" },
	{ "removexattr", "removexattr %R/marked", "base", 0, EACCES, "path_chmod", "6.12" },
	{ "chattr", "chattr %R/f", "base", 0, EACCES, "path_chmod", NULL },
	{ "chattr of a directory", "chattr-directory %R/d", "base", 0, EACCES, "path_chmod", NULL },
	{ "chattr where it may", "chattr %W/f", "base", 0, 0, NULL, NULL },
	{ "setting an ACL", "set-acl %R/f", "base", 0, EACCES, "path_chmod", NULL },
	{ "setting an ACL where it may", "set-acl %W/f", "base", 0, 0, NULL, NULL },
	{ "removing an ACL", "remove-acl %R/shared", "base", 0, EACCES, "path_chmod", NULL },

	{ "deleting a device's node", "unlink %W/node", "base", 0, EACCES, "path_unlink", NULL },
	{ "renaming it", "rename %W/node %W/new", "base", 0, EACCES, "path_rename", NULL },
	{ "putting a file in its place", "rename %W/f %W/node", "base", 0, EACCES, "path_rename",
	  NULL },
	{ "exchanging it with a file", "exchange %W/f %W/node", "base", 0, EACCES, "path_rename",
	  NULL },
	{ "another name of it", "link %W/node %W/new", "base", 0, EACCES, "path_link", NULL },
	{ "its mode", "chmod %W/node", "base", 0, EACCES, "path_chmod", NULL },
	{ "its owner", "chown %W/node", "base", 0, EACCES, "path_chmod", NULL },
	{ "its times", "utimes %W/node", "base", 0, EACCES, "path_chmod", NULL },
	{ "with capabilities: deleting a node", "unlink %W/node", "nodes", 0, 0, NULL, NULL },
	{ "with capabilities: putting a file in its place", "rename %W/f %W/node", "nodes", 0, 0,
	  NULL, NULL },
	{ "with capabilities: its mode", "chmod %W/node", "nodes", 0, 0, NULL, NULL },
	{ "with capabilities: its times", "utimes %W/node", "nodes", 0, 0, NULL, NULL },
	{ "deleting a FIFO", "unlink %W/fifo", "base", 0, 0, NULL, NULL },

	{ "read through a shell", "exec %W/sh %I -c :<%S/f", "base", 0, STAGE_ANY_ERROR,
	  "file_open", NULL },
	{ "read by a static program", "exec %W/busybox busybox dd if=%S/f of=/dev/null", "base", 0,
	  STAGE_ANY_ERROR, "file_open", NULL },
	{ "read by a script", "exec %W/script %I", "base", 0, STAGE_ANY_ERROR, "file_open", NULL },
	{ "read by a thread", "via-thread read %S/f", "base", 0, EACCES, "file_open", NULL },
	{ "read after double fork and setsid", "via-orphan read %S/f", "base", 0, EACCES,
	  "file_open", NULL },
	{ "read after vfork", "via-vfork read %S/f", "base", 0, EACCES, "file_open", NULL },
	{ "read after exec by a thread", "via-exec read %S/f", "base", 0, EACCES, "file_open",
	  NULL },
	{ "read by a program from a memfd", "exec-memfd /usr/bin/busybox busybox true", "base", 0,
	  EACCES, "bprm_check_security", NULL },

	{ "without file-write: writing", "write %W/f", "readonly", 0, EACCES, "file_open", NULL },
	{ "without file-write: creating", "create %W/new", "readonly", 0, EACCES, "path_mknod",
	  NULL },
	{ "without file-write: deleting", "unlink %W/f", "readonly", 0, EACCES, "path_unlink",
	  NULL },
	{ "without file-write: renaming", "rename %W/f %W/new", "readonly", 0, EACCES,
	  "path_rename", NULL },
	{ "without file-write: truncating", "truncate %W/f", "readonly", 0, EACCES, "path_truncate",
	  NULL },
	{ "without file-write: chmod", "chmod %W/f", "readonly", 0, EACCES, "path_chmod", NULL },
	{ "without file-write: reading goes on", "read %W/f", "readonly", 0, 0, NULL, NULL },

	{ "it waits until file-read is taken away", WAIT, "restricted", 0, 0, NULL, NULL },
	{ "without file-read: reading", "read %W/f", "restricted", 0, EACCES, "file_open", NULL },
	{ "without file-read: receiving", "receive %k %W/f", "restricted", 0, EACCES,
	  "file_receive", NULL },
	{ "without file-read: writing goes on", "write %W/f", "restricted", 0, 0, NULL, NULL },

	{ "receiving what no rule is about", "receive %k %S/f", "broker", 0, EACCES, "file_receive",
	  NULL },
	{ "receiving what is denied", "receive %k %D/f", "broker", 0, EACCES, "file_receive",
	  NULL },
	{ "receiving what it may read", "receive %k %W/f", "broker", 0, 0, NULL, NULL },
	{ "receiving null", "receive %k /dev/null", "dev", 0, 0, NULL, NULL },
	{ "receiving another device", "receive %k /dev/mem", "dev", 0, EACCES, "file_receive",
	  "stock" },
	{ "with devices: receiving it", "receive %k /dev/mem", "devices", 0, 0, NULL, "stock" },
	{ "receiving a POSIX queue", "receive %k %q/m/there", "queues", 0, EACCES, "file_receive",
	  NULL },
	{ "with sysv-ipc: receiving a POSIX queue", "receive %k %q/m/there", "sysv", 0, 0, NULL,
	  NULL },

	{ "receiving a Unix socket, with unix-connect", "receive-socket %k @unix", "broker", 0, 0,
	  NULL, NULL },
	{ "receiving a TCP socket, without net-connect", "receive-socket %k @tcp", "broker", 0,
	  EACCES, "file_receive", NULL },
	{ "receiving a TCP socket, with it", "receive-socket %k @tcp", "network", 0, 0, NULL,
	  NULL },
	{ "receiving one that is connected to where it may", "receive-socket %k @connected",
	  "network", 0, 0, NULL, NULL },
	{ "receiving one that is connected to where it may not", "receive-socket %k @connected",
	  "near", 0, EACCES, "file_receive", NULL },
	{ "receiving one that listens where it may", "receive-socket %k @listening", "network", 0,
	  0, NULL, NULL },
	{ "receiving one that listens where it may not", "receive-socket %k @listening", "near", 0,
	  EACCES, "file_receive", NULL },
	{ "receiving one that is connected to nothing", "receive-socket %k @tcp", "near", 0, 0,
	  NULL, NULL },
	{ "receiving a packet socket, without net-raw", "receive-socket %k @packet", "network", 0,
	  EACCES, "file_receive", NULL },
	{ "passing on a TCP socket of its own", "pass tcp", "base", 0, 0, NULL, NULL },
	{ "passing on a UDP socket of its own", "pass udp", "base", 0, 0, NULL, NULL },
	{ "passing on a Unix socket of its own", "pass unix", "base", 0, 0, NULL, NULL },
	{ "passing on what it accepted, Unix", "pass unix-accepted", "base", 0, 0, NULL, NULL },
	{ "passing on what it accepted, TCP", "pass tcp-accepted", "network", 0, 0, NULL, NULL },

	{ "with io-uring: what no rule is about, with credentials of before",
	  "uring-credentials %S/f", "uring", 0, EACCES, "file_open", NULL },
	{ "with io-uring: what it may read, likewise", "uring-credentials %W/f", "uring", 0, 0,
	  NULL, NULL },

	{ "a snapshot, which takes no rule along", "snapshot %T/btrfs/work %T/btrfs/work %I",
	  "btrfs", 0, EPERM, "path_mknod", NULL },
	{ "a subvolume where it may only read", "subvolume %T/btrfs %I", "btrfs", 0, EACCES,
	  "path_chmod", NULL },
	{ "a subvolume where it may write", "subvolume %T/btrfs/work %I", "btrfs", 0, 0, NULL,
	  NULL },

	{ "writing below /sys/fs/bpf, where it may", "mkdir /sys/fs/bpf/%I", "pins", STAGE_ROOT, 0,
	  NULL, NULL },
	{ "writing among what is pinned", "mkdir /sys/fs/bpf/agentos/%I", "pins", STAGE_ROOT,
	  EACCES, "path_mknod", NULL },
	{ "removing what is pinned", "rmdir /sys/fs/bpf/agentos/%I", "pins", STAGE_ROOT, EACCES,
	  "path_unlink", NULL },
	{ "renaming the directory of what is pinned",
	  "rename /sys/fs/bpf/agentos/%I /sys/fs/bpf/agentos/%I-", "pins", STAGE_ROOT, EACCES,
	  "path_rename", NULL },

	{ "a bind mount of a denied directory in the workspace", "read %T/ws/bound/%I/f", "mounts",
	  0, EACCES, "file_open", NULL },
	{ "creating through it", "create %T/ws/bound/%I/new", "mounts", 0, EACCES, "path_mknod",
	  NULL },
	{ "a bind mount of the workspace elsewhere", "read %T/unruled/bound/%I/f", "mounts", 0, 0,
	  NULL, NULL },
	{ "a tmpfs in the workspace, writing", "write %T/ws/tmp/%I/f", "mounts", 0, 0, NULL, NULL },
	{ "a tmpfs in the workspace, creating", "create %T/ws/tmp/%I/new", "mounts", 0, 0, NULL,
	  NULL },
	{ "a tmpfs on a denied directory", "read %T/denied/tmp/%I/f", "mounts", 0, EACCES,
	  "file_open", NULL },
	{ "a tmpfs where no rule is", "read %T/unruled/tmp/%I/f", "mounts", 0, EACCES, "file_open",
	  NULL },

	{ "a ruled name is refused", "read %W/.env", "replaced", 0, EACCES, "file_open", NULL },
	{ "it waits until an outsider replaced it", WAIT, "replaced", 0, 0, NULL, NULL },
	{ "the file that came by rename is refused", "read %W/.env", "replaced", 0, EACCES,
	  "file_open", NULL },
	{ "the file that came to a denied name is refused", "read %W/absent", "replaced", 0, EACCES,
	  "file_open", NULL },
	{ "the file that came to any other name is not", "read %W/f", "replaced", 0, 0, NULL,
	  NULL },
};

/* A file below DEEP directories, and "deep", a link to it. */
static void deep_dress(const char *directory)
{
	int at = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC), next;
	char target[2 * DEEP + 2], *path;
	size_t i;

	for (i = 0; i < DEEP; i++) {
		mkdirat(at, "n", 0777);
		next = openat(at, "n", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
		memcpy(target + 2 * i, "n/", 2);
	}
	strcpy(target + 2 * i, "f");
	close(openat(at, "f", O_CREAT | O_WRONLY, 0666));
	close(at);
	path = stage_format("%s/deep", directory);
	if (symlink(target, path) < 0)
		stage_bail("cannot make %s", path);
	free(path);
}

static void row_dress(const char *tree, const char *id, const struct stage_row *row)
{
	char *directory = stage_format("%s/ws/%s", tree, id);

	if (strstr(row->act, "deep"))
		deep_dress(directory);
	if (strstr(row->act, "%R/shared") || strstr(row->act, "%R/marked"))
		stage_file(stage_format("%s/ro/%s/%s", tree, id, strrchr(row->act, '/') + 1),
			   "content\n", 0666);
	/* The machine's null device, under a name of its own. */
	if (strstr(row->act, "%W/node"))
		stage_shell("cd %s && mknod -m 666 node c 1 3", directory);
	if (strstr(row->act, "%W/fifo"))
		stage_shell("cd %s && mkfifo -m 666 fifo", directory);
	if (strstr(row->act, "%W/held"))
		stage_mkdir(stage_format("%s/held", directory), 0777);
	if (strstr(row->act, "%W/above")) {
		stage_mkdir(stage_format("%s/above", directory), 0777);
		stage_mkdir(stage_format("%s/above/d", directory), 0777);
	}
	if (strstr(row->act, "mkdir /sys"))
		rmdir(stage_format("/sys/fs/bpf/%s", id));
	if (strstr(row->act, "rmdir /sys") || strstr(row->act, "rename /sys"))
		stage_mkdir(stage_format("/sys/fs/bpf/agentos/%s", id), 0755);
	if (strstr(row->act, "exec %W"))
		stage_shell("cd %s && ln -s /bin/sh sh && ln -s /usr/bin/busybox busybox && "
			    "printf '#!/bin/sh\nread line <%s/unruled/%s/f\n' >script && "
			    "chmod 755 script",
			    directory, tree, id);
	free(directory);
}

static void mounts_make(const char *tree)
{
	stage_shell(
		"cd %s && for at in ws/bound ws/tmp unruled/bound unruled/tmp denied denied/tmp; "
		"do mkdir -m 777 $at; done && cp -a unruled/r* denied/ && "
		"mount --bind denied ws/bound && mount --bind ws unruled/bound && "
		"for at in ws/tmp unruled/tmp denied/tmp; do "
		"mount -t tmpfs -o mode=777 tmpfs $at && cp -a ro/r* $at/ || exit 1; done",
		tree);
}

static void btrfs_make(const char *tree)
{
	stage_shell(
		"modprobe -a loop btrfs && cd %s && mkdir btrfs && rm -f ../btrfs.img && truncate -s 128M ../btrfs.img && "
		"mkfs.btrfs -q ../btrfs.img >/dev/null && mount -o loop ../btrfs.img btrfs && "
		"btrfs -q subvolume create btrfs/work && echo SECRET=1 >btrfs/work/.env && "
		"chown -R demo:demo btrfs",
		tree);
}

static void tree_dress(const struct stage_group *g)
{
	if (strcmp(g->policy_name, "btrfs") == 0)
		btrfs_make(g->tree);
	if (strcmp(g->policy_name, "mounts") == 0)
		mounts_make(g->tree);
	if (strcmp(g->policy_name, "base") != 0)
		return;
	/* Attributes that rows take away. */
	stage_shell("cd %s && %s/tests/escape/prog/attempt_file $("
		    "for f in ro/r*/shared; do echo x set-acl $f ,; done; "
		    "for f in ro/r*/marked; do [ ! -e $f ] || echo x setxattr $f ,; done) "
		    "</dev/null >marks; ! grep -v -e '@ ' -e ' 0$' marks",
		    g->tree, stage_build);
}

/* Waits for rows to have begun, acts as an outsider, lets them go on. */
static void during(const struct stage_group *g)
{
	bool restricted = strcmp(g->policy_name, "restricted") == 0;
	char *begun = stage_format("%s/ws/begun", g->tree);
	int i;

	if (!restricted && strcmp(g->policy_name, "replaced") != 0)
		return;
	for (i = 0; i < 600 && access(begun, F_OK) < 0; i++)
		usleep(100000);
	if (!restricted)
		stage_shell("cd %s/ws && for r in r*; do mv $r/full/f $r/.env; "
			    "cp $r/f $r/other; mv $r/other $r/absent; done",
			    g->tree);
	if (restricted && g->inside)
		stage_point(stage_restrict(g->agent, AGENTOS_RIGHT(FILE_READ)),
			    "file-read can be taken from a running agent");
	stage_shell("touch %s/ws/go", g->tree);
	free(begun);
}

/* What `untrusted` is for: work in the workspace is not disturbed by a single denial. */
static void work_is_not_disturbed(void)
{
	static const char work[] =
		"set -e\n"
		"printf '#include <stdio.h>\\nint main(){puts(\"compiled\");}\\n' >a.c\n"
		"gcc -O1 a.c -o a && ./a\n"
		"git init -q . && git config user.email a@b && git config user.name n\n"
		"git add a.c && git commit -qm first && git log --oneline\n"
		"python3 -c 'import json, ssl, sys; print(json.dumps([1])); open(\"p\", \"w\").write(\"1\")'\n"
		"mv a.c b.c && ln b.c c.c && cp -p b.c d.c && chmod 600 d.c && touch d.c && rm a\n"
		"echo all done\n";
	char *argv[] = { stage_format("%s/bin/agentctl", stage_build),
			 "run",
			 "--quiet",
			 "--policy",
			 "untrusted",
			 "--name",
			 "worker",
			 "--",
			 "sh",
			 "work.sh",
			 NULL };
	char *directory = stage_format("%s/worker", stage_root), *text, *log;
	int output, status;
	pid_t pid;

	stage_mkdir(directory, 0755);
	stage_file(stage_format("%s/work.sh", directory), work, 0644);
	stage_shell("chown -R demo:demo %s", directory);
	pid = stage_spawn(STAGE_DEMO, directory, argv, &output);
	text = stage_finish(pid, output, &status);
	log = stage_audit("worker", "\"event\":\"exit\"");
	if (status || !strstr(text, "all done") || strstr(log, "\"verdict\":\"denied\""))
		stage_note("status 0x%x\n%s\n%s", (unsigned int)status, text, log);
	stage_point(status == 0 && strstr(text, "compiled") && strstr(text, "all done"),
		    "demo, untrusted: gcc, git and python3 work in the workspace");
	stage_point(!strstr(log, "\"verdict\":\"denied\""), "demo, untrusted: without one denial");
}

/* %q/m: where POSIX queues are mounted, one of which is there. */
static void queue_make(void)
{
	mqd_t queue = mq_open("/there", O_CREAT | O_RDWR, 0600, NULL);

	stage.value['q' - 'a'] = stage_format("%s/queues", stage_root);
	stage_shell("mkdir -p %s/m && mount -t mqueue queues %s/m", stage.value['q' - 'a'],
		    stage.value['q' - 'a']);
	if (queue < 0)
		stage_bail("no queue");
	mq_close(queue);
}

int main(void)
{
	pid_t broker;

	stage = (struct stage){
		.title = "file",
		.program = "attempt_file",
		.rows = rows,
		.row_count = sizeof(rows) / sizeof(rows[0]),
		.policies = policies,
		.dress = tree_dress,
		.dress_row = row_dress,
		.during = during,
	};
	stage_setting("/proc/sys/kernel/io_uring_disabled", "0");
	stage_begin();
	broker = broker_start();
	queue_make();
	stage_table();
	mq_unlink("/there");
	work_is_not_disturbed();
	kill(broker, SIGKILL);
	waitpid(broker, NULL, 0);
	return stage_end();
}
