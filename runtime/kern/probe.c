// SPDX-License-Identifier: GPL-2.0-or-later
/* The acts of the self-test. */
#include "kern/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/kcmp.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agentos.h"
#include "kern/probe_net.h"

/* Where glibc's headers and the kernel's exclude each other. */
#define MOVE_MOUNT_F_EMPTY_PATH_ 0x4
#define OPEN_TREE_CLONE_	 1
#define CLONE_INTO_CGROUP_	 0x200000000ULL
#define TIOCSTI_		 0x5412

static int in_dir(const struct probe_stage *s, const char *name, char *path, size_t size)
{
	return snprintf(path, size, "%s/%s", s->dir, name);
}

static int act_open(const struct probe_stage *s)
{
	return open("/dev/null", O_RDONLY);
}

static int act_receive(const struct probe_stage *s)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };

	if (recvmsg(s->passed[1], &m, MSG_DONTWAIT) < 0)
		return -1;
	/* The message comes through, the descriptor does not. */
	if (CMSG_FIRSTHDR(&m) && CMSG_FIRSTHDR(&m)->cmsg_len >= CMSG_LEN(sizeof(int)))
		return 0;
	errno = EACCES;
	return -1;
}

static int act_mkdir(const struct probe_stage *s)
{
	return mkdirat(s->dir_fd, "made", 0700);
}

static int act_mknod(const struct probe_stage *s)
{
	return mknodat(s->dir_fd, "fifo", S_IFIFO | 0600, 0);
}

static int act_symlink(const struct probe_stage *s)
{
	return symlinkat("file", s->dir_fd, "symlink");
}

static int act_unlink(const struct probe_stage *s)
{
	return unlinkat(s->dir_fd, "victim", 0);
}

static int act_rmdir(const struct probe_stage *s)
{
	return unlinkat(s->dir_fd, "empty", AT_REMOVEDIR);
}

static int act_rename(const struct probe_stage *s)
{
	return renameat(s->dir_fd, "victim", s->dir_fd, "moved");
}

static int act_link(const struct probe_stage *s)
{
	return linkat(s->dir_fd, "victim", s->dir_fd, "second", 0);
}

static int act_truncate(const struct probe_stage *s)
{
	char path[128];

	in_dir(s, "victim", path, sizeof(path));
	return truncate(path, 0);
}

static int act_chmod(const struct probe_stage *s)
{
	return fchmodat(s->dir_fd, "victim", 0600, 0);
}

static int act_chown(const struct probe_stage *s)
{
	return fchownat(s->dir_fd, "victim", 0, 0, 0);
}

static int act_utimes(const struct probe_stage *s)
{
	return utimensat(s->dir_fd, "victim", NULL, 0);
}

static int act_setxattr(const struct probe_stage *s)
{
	char path[128];

	in_dir(s, "victim", path, sizeof(path));
	return setxattr(path, "trusted.agentos", "x", 1, 0);
}

static int act_removexattr(const struct probe_stage *s)
{
	char path[128];

	in_dir(s, "victim", path, sizeof(path));
	return removexattr(path, "trusted.agentos");
}

/* linux/posix_acl_xattr.h: version 2, owner, group and others may read. */
static const struct {
	uint32_t version;
	struct {
		uint16_t tag, perm;
		uint32_t id;
	} entries[3];
} small_acl = { 2, { { 0x01, 4, ~0U }, { 0x04, 4, ~0U }, { 0x20, 4, ~0U } } };

static int act_setacl(const struct probe_stage *s)
{
	char path[128];

	in_dir(s, "victim", path, sizeof(path));
	return setxattr(path, "system.posix_acl_access", &small_acl, sizeof(small_acl), 0);
}

static int act_removeacl(const struct probe_stage *s)
{
	char path[128];

	in_dir(s, "victim", path, sizeof(path));
	return removexattr(path, "system.posix_acl_access");
}

/* No program: if it were not refused, it would be ENOEXEC. */
static int act_exec(const struct probe_stage *s)
{
	char path[128];
	char *const argv[] = { path, NULL };

	in_dir(s, "victim", path, sizeof(path));
	return execve(path, argv, argv + 1);
}

/* A program whose stack is executable: it dies before its first instruction, or it does nothing. */
static int act_start(const struct probe_stage *s)
{
	char path[128];
	char *const argv[] = { path, NULL };
	int status = 0;
	pid_t pid;

	in_dir(s, "program", path, sizeof(path));
	pid = fork();
	if (pid == 0) {
		execve(path, argv, argv + 1);
		_exit(1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
		return 0;
	errno = WTERMSIG(status) == SIGKILL ? EACCES : 0;
	return -1;
}

static int act_mmap(const struct probe_stage *s)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : 0;
}

static int act_mmap_file(const struct probe_stage *s)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, s->file, 0);

	return p == MAP_FAILED ? -1 : 0;
}

static int act_mprotect(const struct probe_stage *s)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? 0 : mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static int act_personality(const struct probe_stage *s)
{
	return personality(READ_IMPLIES_EXEC);
}

static int act_kill(const struct probe_stage *s)
{
	return kill(getppid(), 0);
}

/* The call succeeds, and the file must then have no owner. */
static int act_setown(const struct probe_stage *s)
{
	if (fcntl(s->file, F_SETOWN, getppid()))
		return -1;
	errno = EPERM;
	return fcntl(s->file, F_GETOWN) ? 0 : -1;
}

static int act_setown_ioctl(const struct probe_stage *s)
{
	int parent = getppid();

	return ioctl(socket(AF_UNIX, SOCK_DGRAM, 0), FIOSETOWN, &parent);
}

static int act_prlimit(const struct probe_stage *s)
{
	struct rlimit limit;

	return prlimit(getppid(), RLIMIT_CORE, NULL, &limit);
}

static int act_setnice(const struct probe_stage *s)
{
	return setpriority(PRIO_PROCESS, getppid(), 0);
}

static int act_setscheduler(const struct probe_stage *s)
{
	return sched_setscheduler(getppid(), SCHED_OTHER, &(struct sched_param){ 0 });
}

/* Best effort, the usual level: linux/ioprio.h. */
static int act_setioprio(const struct probe_stage *s)
{
	return syscall(SYS_ioprio_set, 1, getppid(), 2 << 13 | 4);
}

static int act_kcmp(const struct probe_stage *s)
{
	return syscall(SYS_kcmp, getpid(), getppid(), KCMP_VM, 0, 0);
}

static int act_traceme(const struct probe_stage *s)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int act_userns(const struct probe_stage *s)
{
	return unshare(CLONE_NEWUSER);
}

static int act_mount(const struct probe_stage *s)
{
	return mount("none", s->dir, "tmpfs", 0, NULL);
}

static int act_umount(const struct probe_stage *s)
{
	return umount2(s->dir, MNT_DETACH);
}

/* mount(MS_REMOUNT) asks sb_mount; only the newer call reaches sb_remount. */
static int act_remount(const struct probe_stage *s)
{
	int fd = syscall(SYS_fspick, AT_FDCWD, s->dir, 0);

	return fd < 0 ? 0 : syscall(SYS_fsconfig, fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
}

static int act_move_mount(const struct probe_stage *s)
{
	int fd = syscall(SYS_open_tree, AT_FDCWD, s->dir, OPEN_TREE_CLONE_);

	return fd < 0 ? 0 :
			syscall(SYS_move_mount, fd, "", AT_FDCWD, s->dir, MOVE_MOUNT_F_EMPTY_PATH_);
}

/* By its newer way of asking; no layer need be there for that. */
static int act_overlay(const struct probe_stage *s)
{
	int fs;

	if (!s->overlay)
		return PROBE_NONE;
	fs = syscall(SYS_fsopen, "overlay", 1 /* FSOPEN_CLOEXEC */);
	return fs < 0 ? 0 :
			syscall(SYS_fsconfig, fs, 1 /* FSCONFIG_SET_STRING */, "lowerdir", s->dir,
				0);
}

/* What comes next would be mounted nowhere, and usable: no other hook is asked. */
static int act_fsmount(const struct probe_stage *s)
{
	int fs = syscall(SYS_fsopen, "tmpfs", 1 /* FSOPEN_CLOEXEC */);

	return fs < 0 ? 0 : syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0);
}

static int act_pivot_root(const struct probe_stage *s)
{
	return syscall(SYS_pivot_root, s->dir, s->dir);
}

static int act_chroot(const struct probe_stage *s)
{
	return chroot("/");
}

static int act_setgroups(const struct probe_stage *s)
{
	return syscall(SYS_setgroups, 0, NULL);
}

static int act_setgid(const struct probe_stage *s)
{
	return syscall(SYS_setresgid, 1, -1, -1);
}

static int act_setuid(const struct probe_stage *s)
{
	return syscall(SYS_setresuid, 1, -1, -1);
}

static int act_bpf(const struct probe_stage *s)
{
	union bpf_attr attr = {};

	return syscall(SYS_bpf, BPF_MAP_GET_NEXT_ID, &attr, sizeof(attr));
}

static int act_init_module(const struct probe_stage *s)
{
	static const char nothing[256];

	return syscall(SYS_init_module, nothing, sizeof(nothing), "");
}

static int act_finit_module(const struct probe_stage *s)
{
	return syscall(SYS_finit_module, s->readonly, "", 0);
}

/* An unknown file system makes the kernel ask for a module of that name. */
static int act_delete_module(const struct probe_stage *s)
{
	return syscall(SYS_delete_module, "agentos-none", O_NONBLOCK);
}

static int act_module_request(const struct probe_stage *s)
{
	return syscall(SYS_fsopen, "agentos-no-such", 0);
}

static int act_io_uring(const struct probe_stage *s)
{
	struct io_uring_params params = {};

	return syscall(SYS_io_uring_setup, 1, &params);
}

static int act_userfaultfd(const struct probe_stage *s)
{
	return syscall(SYS_userfaultfd, 0);
}

static int act_tiocsti(const struct probe_stage *s)
{
	return ioctl(s->file, TIOCSTI_, "x");
}

/* The same by the 32-bit entry. A kernel without it faults: agents there have no such way either. */
static int act_tiocsti_32(const struct probe_stage *s)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(54L), "b"((long)s->file), "c"((long)TIOCSTI_), "d"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
	errno = (int)-ret;
	return (int)ret < 0 ? -1 : 0;
}

static int act_clone_cgroup(const struct probe_stage *s)
{
	struct clone_args args = {
		.flags = CLONE_INTO_CGROUP_,
		.exit_signal = SIGCHLD,
		.cgroup = 9999, /* not open: EBADF would be next */
	};
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : 0;
}

/* On a file that knows no such command: only the hook answers EPERM. */
static int act_derive(const struct probe_stage *s)
{
	return ioctl(s->file, AGENTOS_AGENT_DERIVE, NULL);
}

static int act_mail_send(const struct probe_stage *s)
{
	return ioctl(s->file, AGENTOS_AGENT_MAIL_SEND, NULL);
}

static int act_mail_receive(const struct probe_stage *s)
{
	return ioctl(s->file, AGENTOS_AGENT_MAIL_RECEIVE, NULL);
}

static int act_clone_parent(const struct probe_stage *s)
{
	struct clone_args args = { .flags = CLONE_PARENT };
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : 0;
}

static int act_capable(const struct probe_stage *s)
{
	char name[65] = "";

	gethostname(name, sizeof(name) - 1);
	return sethostname(name, strlen(name));
}

/* A ring that does nothing, with credentials registered before. linux/io_uring.h by hand. */
static int act_uring_creds(const struct probe_stage *s)
{
	struct io_uring_params p = {};
	int fd = syscall(SYS_io_uring_setup, 1, &p);
	struct io_uring_cqe *cqes;
	struct io_uring_sqe *sqes;
	unsigned int *tail, *array;
	int personality;
	uint8_t *ring;
	size_t len;

	if (fd < 0)
		return 0;
	personality = syscall(SYS_io_uring_register, fd, IORING_REGISTER_PERSONALITY, NULL, 0);
	len = p.cq_off.cqes + p.cq_entries * sizeof(*cqes);
	ring = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	sqes = mmap(NULL, sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
	if (personality < 0 || ring == MAP_FAILED || sqes == MAP_FAILED)
		return 0;
	tail = (unsigned int *)(void *)(ring + p.sq_off.tail);
	array = (unsigned int *)(void *)(ring + p.sq_off.array);
	cqes = (struct io_uring_cqe *)(void *)(ring + p.cq_off.cqes);
	*sqes = (struct io_uring_sqe){ .opcode = IORING_OP_NOP, .personality = personality };
	array[0] = 0;
	__atomic_store_n(tail, 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -1;
	errno = -cqes[0].res;
	return cqes[0].res < 0 ? -1 : 0;
}

static int act_perf(const struct probe_stage *s)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(attr) };

	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0) < 0 ? -1 : 0;
}

static int act_inotify(const struct probe_stage *s)
{
	int fd = inotify_init1(IN_CLOEXEC);

	return fd < 0 ? 0 : inotify_add_watch(fd, s->dir, IN_CREATE);
}

static int act_key_make(const struct probe_stage *s)
{
	long key =
		syscall(SYS_add_key, "user", "agentos-selftest", "x", 1, KEY_SPEC_PROCESS_KEYRING);

	return key < 0 ? -1 : 0;
}

static int act_key_look(const struct probe_stage *s)
{
	return syscall(SYS_keyctl, KEYCTL_DESCRIBE, s->key, NULL, 0) < 0 ? -1 : 0;
}

static int act_shmat(const struct probe_stage *s)
{
	return shmat(s->segment, NULL, 0) == MAP_FAILED ? -1 : 0;
}

/* What these make when nobody refuses goes again. */
static int act_shmget(const struct probe_stage *s)
{
	int id = shmget(IPC_PRIVATE, 4096, 0600);

	return id < 0 ? -1 : shmctl(id, IPC_RMID, NULL);
}

static int act_semget(const struct probe_stage *s)
{
	int id = semget(IPC_PRIVATE, 1, 0600);

	return id < 0 ? -1 : semctl(id, 0, IPC_RMID);
}

static int act_msgget(const struct probe_stage *s)
{
	int id = msgget(IPC_PRIVATE, 0600);

	return id < 0 ? -1 : msgctl(id, IPC_RMID, NULL);
}

/* Commands about no object are asked about as those are that remove one, and change nothing. */
static int act_shmctl(const struct probe_stage *s)
{
	struct shminfo limits;

	return shmctl(0, IPC_INFO, (struct shmid_ds *)&limits) < 0 ? -1 : 0;
}

static int act_semctl(const struct probe_stage *s)
{
	struct seminfo limits;

	return semctl(0, 0, IPC_INFO, &limits) < 0 ? -1 : 0;
}

static int act_msgctl(const struct probe_stage *s)
{
	struct msginfo limits;

	return msgctl(0, IPC_INFO, (struct msqid_ds *)&limits) < 0 ? -1 : 0;
}

static int act_mq_open(const struct probe_stage *s)
{
	return mq_open(s->made, O_CREAT | O_RDWR | O_CLOEXEC, 0600, NULL);
}

static int act_mq_unlink(const struct probe_stage *s)
{
	return mq_unlink(s->queue);
}

#define PROBE(HOOK, CAST, errno_, text, function)                         \
	{                                                                 \
		AGENTOS_HOOK_##HOOK, PROBE_##CAST, errno_, text, function \
	}

/* What takes away from the actor comes last. */
const struct probe probes[] = {
	PROBE(FILE_OPEN, CAPABLE, EACCES, "open /dev/null", act_open),
	PROBE(FILE_RECEIVE, CAPABLE, EACCES, "receive an open file", act_receive),
	PROBE(CREATE, CAPABLE, EACCES, "make a directory", act_mkdir),
	PROBE(CREATE, CAPABLE, EACCES, "make a fifo", act_mknod),
	PROBE(CREATE, CAPABLE, EACCES, "make a symlink", act_symlink),
	PROBE(DELETE, CAPABLE, EACCES, "delete a file", act_unlink),
	PROBE(DELETE, CAPABLE, EACCES, "remove a directory", act_rmdir),
	PROBE(RENAME, CAPABLE, EACCES, "rename a file", act_rename),
	PROBE(LINK, CAPABLE, EACCES, "link a file", act_link),
	PROBE(TRUNCATE, CAPABLE, EACCES, "truncate a file", act_truncate),
	PROBE(METADATA, CAPABLE, EACCES, "change a mode", act_chmod),
	PROBE(METADATA, CAPABLE, EACCES, "change an owner", act_chown),
	PROBE(METADATA, CAPABLE, EACCES, "change times", act_utimes),
	PROBE(METADATA, CAPABLE, EACCES, "set an extended attribute", act_setxattr),
	PROBE(METADATA, CAPABLE, EACCES, "remove an extended attribute", act_removexattr),
	PROBE(METADATA, CAPABLE, EACCES, "set an ACL", act_setacl),
	PROBE(METADATA, CAPABLE, EACCES, "remove an ACL", act_removeacl),
	PROBE(EXEC, CAPABLE, EACCES, "execute a file", act_exec),
	PROBE(MMAP, CAPABLE, EACCES, "map anonymous memory executable", act_mmap),
	PROBE(MMAP, CAPABLE, EACCES, "map a file executable", act_mmap_file),
	PROBE(MPROTECT, CAPABLE, EACCES, "make memory executable", act_mprotect),
	PROBE(PERSONALITY, CAPABLE, EPERM, "make what is readable executable", act_personality),
	PROBE(SOCKET_CREATE, CAPABLE, EPERM, "make a packet socket", act_socket),
	PROBE(SOCKET_CONNECT, CAPABLE, EACCES, "connect over IPv4", act_connect),
	PROBE(SOCKET_CONNECT, CAPABLE, EACCES, "connect over IPv6", act_connect6),
	PROBE(SOCKET_SEND, CAPABLE, EACCES, "send a datagram", act_sendto),
	PROBE(SOCKET_BIND, CAPABLE, EACCES, "bind to a port", act_bind),
	PROBE(SOCKET_LISTEN, CAPABLE, EACCES, "listen", act_listen),
	PROBE(SOCKET_OPTION, CAPABLE, EPERM, "choose a route", act_route),
	PROBE(SOCKET_BIND, CAPABLE, EACCES, "bind an SCTP socket once more", act_sctp_bind),
	PROBE(UNIX_STREAM, CAPABLE, EACCES, "connect to a Unix socket", act_unix_connect),
	PROBE(UNIX_SEND, CAPABLE, EACCES, "send to a Unix socket", act_unix_send),
	PROBE(TASK_KILL, CAPABLE, EPERM, "signal the daemon", act_kill),
	PROBE(SIGNAL_OWNER, CAPABLE, EPERM, "direct a file's signals to the daemon", act_setown),
	PROBE(SIGNAL_OWNER, CAPABLE, EPERM, "direct a socket's signals to the daemon",
	      act_setown_ioctl),
	PROBE(PRLIMIT, CAPABLE, EPERM, "read the daemon's limits", act_prlimit),
	PROBE(SCHEDULE, CAPABLE, EPERM, "set the daemon's nice value", act_setnice),
	PROBE(SCHEDULE, CAPABLE, EPERM, "set the daemon's scheduling policy", act_setscheduler),
	PROBE(SCHEDULE, CAPABLE, EPERM, "set the daemon's I/O priority", act_setioprio),
	PROBE(PTRACE_ACCESS, CAPABLE, EPERM, "inspect the daemon", act_kcmp),
	PROBE(USERNS, CAPABLE, EPERM, "make a user namespace", act_userns),
	PROBE(SB_MOUNT, CAPABLE, EPERM, "mount", act_mount),
	PROBE(SB_UMOUNT, CAPABLE, EPERM, "unmount", act_umount),
	PROBE(SB_REMOUNT, CAPABLE, EPERM, "remount", act_remount),
	PROBE(SB_MOUNT, CAPABLE, EPERM, "make a mount that is nowhere", act_fsmount),
	PROBE(SB_MOUNT, CAPABLE, EPERM, "lay an overlay", act_overlay),
	PROBE(MOVE_MOUNT, CAPABLE, EPERM, "move a mount", act_move_mount),
	PROBE(PIVOTROOT, CAPABLE, EPERM, "pivot the root", act_pivot_root),
	PROBE(CHROOT, CAPABLE, EPERM, "change root", act_chroot),
	PROBE(BPF, CAPABLE, EPERM, "use bpf()", act_bpf),
	PROBE(KERNEL_LOAD_DATA, CAPABLE, EPERM, "load a module from memory", act_init_module),
	PROBE(KERNEL_READ_FILE, CAPABLE, EPERM, "load a module from a file", act_finit_module),
	PROBE(MODULE_REMOVE, CAPABLE, EPERM, "remove a module", act_delete_module),
	PROBE(MODULE_REQUEST, CAPABLE, ENODEV, "make the kernel load a module", act_module_request),
	PROBE(ANON_INODE, CAPABLE, EPERM, "make an io_uring", act_io_uring),
	PROBE(ANON_INODE, CAPABLE, EPERM, "make a userfaultfd", act_userfaultfd),
	PROBE(TTY_INJECT, CAPABLE, EPERM, "type into a terminal", act_tiocsti),
	PROBE(TTY_INJECT, CAPABLE, EPERM, "type into a terminal, 32-bit", act_tiocsti_32),
	PROBE(AGENT_DERIVE, CAPABLE, EPERM, "make a sub-agent", act_derive),
	PROBE(MAIL_SEND, CAPABLE, EPERM, "send messages", act_mail_send),
	PROBE(MAIL_RECEIVE, CAPABLE, EPERM, "receive messages", act_mail_receive),
	PROBE(PERF_EVENT, CAPABLE, EACCES, "make a performance counter", act_perf),
	PROBE(NOTIFY, CAPABLE, EACCES, "watch a directory", act_inotify),
	PROBE(KEY, CAPABLE, EPERM, "make a key", act_key_make),
	PROBE(KEY, CAPABLE, EPERM, "look at a key", act_key_look),
	PROBE(SYSV_IPC, CAPABLE, EACCES, "attach shared memory", act_shmat),
	PROBE(SYSV_IPC, CAPABLE, EACCES, "make shared memory", act_shmget),
	PROBE(SYSV_IPC, CAPABLE, EACCES, "make a semaphore", act_semget),
	PROBE(SYSV_IPC, CAPABLE, EACCES, "make a message queue", act_msgget),
	PROBE(SYSV_IPC, CAPABLE, EACCES, "control shared memory", act_shmctl),
	PROBE(SYSV_IPC, CAPABLE, EACCES, "control a semaphore", act_semctl),
	PROBE(SYSV_IPC, CAPABLE, EACCES, "control a message queue", act_msgctl),
	PROBE(QUEUE, CAPABLE, EACCES, "make a POSIX message queue", act_mq_open),
	PROBE(QUEUE, CAPABLE, EACCES, "remove a POSIX message queue", act_mq_unlink),
	PROBE(CLONE_PARENT, CAPABLE, EPERM, "fork a child for the daemon", act_clone_parent),
	PROBE(CLONE_CGROUP, CAPABLE, EPERM, "fork into another cgroup", act_clone_cgroup),
	PROBE(FIX_SETGROUPS, CAPABLE, EPERM, "change groups", act_setgroups),
	PROBE(FIX_SETGID, CAPABLE, EPERM, "change group id", act_setgid),
	PROBE(FIX_SETUID, CAPABLE, EPERM, "change user id", act_setuid),
	PROBE(PTRACE_TRACEME, CAPABLE, EPERM, "be traced by the daemon", act_traceme),
	PROBE(CAPABLE, PLAIN, EPERM, "set the host name", act_capable),
	PROBE(NET_OUT, LIMITED, EPERM, "send a datagram with no bytes left", act_net_out),
	PROBE(NET_IN, LIMITED, EAGAIN, "receive a datagram with no bytes left", act_net_in),
	PROBE(EXEC, STARTS, EACCES, "start a program whose stack is executable", act_start),
	PROBE(URING_CREDS, URING, EPERM, "act in a ring with other credentials", act_uring_creds),
	{ 0 },
};
