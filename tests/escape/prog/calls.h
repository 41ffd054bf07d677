/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls that random_calls makes, and what each of their arguments is. */
#ifndef AGENTOS_TESTS_CALLS_H
#define AGENTOS_TESTS_CALLS_H

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/fsmap.h>
#include <linux/if_tun.h>
#include <linux/keyctl.h>
#include <linux/loop.h>
#include <linux/mempolicy.h>
#include <linux/mount.h>
#include <linux/reboot.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/quota.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <time.h>

#include "agentos.h"

/* What an argument is; pool.h makes one. */
enum kind {
	A_NONE,
	A_FD, /* a descriptor of the pool */
	A_SOCKET,
	A_DIR, /* what a path is relative to */
	A_PATH,
	A_BITS0, /* some of the call's set 0, or of 1 or 2 */
	A_BITS1,
	A_BITS2,
	A_ONE0, /* one of them */
	A_ONE1,
	A_ONE2,
	A_LEN,	 /* of a buffer */
	A_SMALL, /* 0 to 8 */
	A_NUM,	 /* any, at an edge more often than not */
	A_MODE,
	A_OUT,	/* room for what the call tells */
	A_DATA, /* bytes */
	A_NAME, /* of an extended attribute, a key, a file system, ... */
	A_IOV,
	A_SOCKADDR, /* its length is the next A_LEN_OF */
	A_LEN_OF,
	A_LEN_AT, /* a pointer to a length */
	A_MSG,
	A_MMSG,
	A_TIME, /* struct timespec, itimerspec, timeval: short, or a date */
	A_PID,
	A_UID,
	A_SIGNAL,
	A_SIGACTION,
	A_SIGINFO,
	A_SIGSET,
	A_SIZE_8, /* of a set of signals */
	A_RLIMIT,
	A_SCHED, /* struct sched_attr or sched_param */
	A_CAP_HEAD,
	A_CAP_DATA,
	A_ADDRESS, /* memory of its own */
	A_OFFSET,
	A_OFFSET_AT,
	A_HOW,	/* struct open_how */
	A_ATTR, /* struct mount_attr */
	A_BPF,
	A_PERF,
	A_URING,
	A_KEY, /* of keyctl */
	A_IPC, /* id of System V IPC */
	A_IPC_KEY,
	A_SEMBUF,
	A_HANDLE, /* struct file_handle */
	A_TIMEX,
	A_ARGV,
	A_EVENT,   /* of epoll */
	A_COMMAND, /* of an ioctl, in set 0 */
	A_COMMAND_ARG,
	A_FILTER, /* a seccomp program, and ioctl's cousins */
	A_QUEUE,  /* the name of a POSIX queue */
};

struct set {
	size_t count;
	const uint64_t *of;
};

struct call {
	const char *name;
	short number, number32; /* 0: not by int 0x80, where its structs are others' */
	unsigned char weight;
	bool makes; /* a descriptor */
	unsigned char arg[6];
	const struct set *set[3];
};

/* clang-format off */
#define SET(...)                                                              \
	(&(const struct set){ sizeof((const uint64_t[]){ __VA_ARGS__ }) / 8,  \
			      (const uint64_t[]){ __VA_ARGS__ } })
#define ARGS(...) { __VA_ARGS__ }
#define NEW(name, number, number32, weight, makes, args, ...) \
	{ #name, number, number32, weight, makes, args, { __VA_ARGS__ } }
#define CALL(name, number32, weight, args, ...) \
	NEW(name, SYS_##name, number32, weight, false, ARGS args, __VA_ARGS__)
#define MAKE(name, number32, weight, args, ...) \
	NEW(name, SYS_##name, number32, weight, true, ARGS args, __VA_ARGS__)

#define OPEN	SET(O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_NOFOLLOW, O_DIRECTORY, \
		    O_PATH, O_CLOEXEC, O_NOATIME, O_TMPFILE, O_NONBLOCK, O_DIRECT, 3)
#define AT	SET(AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, AT_SYMLINK_FOLLOW, AT_REMOVEDIR, AT_EACCESS)
#define MSGS	SET(MSG_DONTWAIT, MSG_OOB, MSG_PEEK, MSG_NOSIGNAL, MSG_FASTOPEN, MSG_MORE, \
		    MSG_ZEROCOPY, MSG_CONFIRM, MSG_DONTROUTE, MSG_ERRQUEUE, MSG_TRUNC)
#define FAMILY	SET(AF_INET, AF_INET, AF_INET, AF_INET6, AF_INET6, AF_UNIX, AF_UNIX, AF_NETLINK, \
		    AF_PACKET, AF_ALG, AF_VSOCK, AF_KEY, AF_BLUETOOTH, AF_CAN, AF_TIPC, AF_XDP, \
		    AF_SMC, AF_KCM, AF_RDS, AF_QIPCRTR, AF_PPPOX, AF_NFC, AF_X25, AF_UNSPEC)
#define TYPE	SET(SOCK_STREAM, SOCK_DGRAM, SOCK_STREAM | SOCK_NONBLOCK, \
		    SOCK_DGRAM | SOCK_NONBLOCK, SOCK_RAW, SOCK_SEQPACKET, SOCK_RDM, SOCK_PACKET, \
		    SOCK_DCCP)
#define PROTO	SET(0, 0, 0, 0, 0, 0, 6, 17, 1, 58, 132, 136, 262, 255, 4, 16)
#define CLONES	SET(CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWUTS, \
		    CLONE_NEWIPC, CLONE_NEWCGROUP, 0x80, CLONE_FS, CLONE_FILES, CLONE_SYSVSEM)
#define MOUNTS	SET(MS_RDONLY, MS_NOSUID, MS_REMOUNT, MS_BIND, MS_REC, MS_MOVE, MS_PRIVATE, \
		    MS_SHARED, MS_SLAVE, MS_NOATIME, MS_NODEV, MS_NOEXEC)
#define PROT	SET(PROT_READ, PROT_WRITE, PROT_EXEC, PROT_READ | PROT_WRITE)
#define MAPS	SET(MAP_PRIVATE, MAP_SHARED, MAP_ANONYMOUS | MAP_PRIVATE, MAP_ANONYMOUS, MAP_FIXED, \
		    MAP_POPULATE, MAP_LOCKED, MAP_NORESERVE, MAP_HUGETLB, MAP_GROWSDOWN)
#define SYNCS	SET(RWF_HIPRI, RWF_DSYNC, RWF_NOWAIT, RWF_APPEND)
#define CLOCKS	SET(CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI, CLOCK_REALTIME_ALARM, \
		    CLOCK_PROCESS_CPUTIME_ID)
#define WHOSE	SET(0, 1, 2)
#define IPCS	SET(IPC_RMID, IPC_SET, IPC_STAT, IPC_INFO, SHM_LOCK, SHM_UNLOCK, GETALL, SETALL, \
		    SETVAL, GETPID)
#define IPC_NEW	SET(IPC_CREAT, IPC_EXCL, 0600, 0666, SHM_HUGETLB)
#define MQ	SET(O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_NONBLOCK)
#define LEVELS	SET(SOL_SOCKET, SOL_SOCKET, SOL_SOCKET, 0, 6, 17, 41, 255, 263, 270, 283, 284)
#define OPTIONS	SET(1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 13, 15, 16, 21, 25, 26, 27, 31, 32, 33, 34, 35, 36, \
		    41, 42, 44, 46, 48, 50, 56, 60, 62, 64, 69, 70, 71, 74)
#define PRCTLS	SET(PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_SET_NAME, PR_CAPBSET_DROP, \
		    PR_SET_SECUREBITS, PR_SET_TIMERSLACK, PR_MCE_KILL, PR_SET_MM, \
		    PR_SET_NO_NEW_PRIVS, PR_SET_THP_DISABLE, PR_CAP_AMBIENT, PR_SET_SPECULATION_CTRL, \
		    PR_SET_IO_FLUSHER, PR_SCHED_CORE, PR_SET_PTRACER, PR_SET_CHILD_SUBREAPER, \
		    PR_GET_NO_NEW_PRIVS, PR_SET_VMA, PR_TASK_PERF_EVENTS_DISABLE, 65, 67, 73)
#define TRACES	SET(PTRACE_ATTACH, PTRACE_SEIZE, PTRACE_TRACEME, PTRACE_PEEKDATA, PTRACE_POKEDATA, \
		    PTRACE_CONT, PTRACE_KILL, PTRACE_DETACH, PTRACE_GETREGSET, PTRACE_SETOPTIONS, \
		    PTRACE_INTERRUPT, PTRACE_LISTEN, PTRACE_SETSIGMASK, PTRACE_GETSIGINFO)
#define KEYCTLS	SET(KEYCTL_GET_KEYRING_ID, KEYCTL_JOIN_SESSION_KEYRING, KEYCTL_UPDATE, KEYCTL_REVOKE, \
		    KEYCTL_CHOWN, KEYCTL_SETPERM, KEYCTL_DESCRIBE, KEYCTL_CLEAR, KEYCTL_LINK, \
		    KEYCTL_UNLINK, KEYCTL_SEARCH, KEYCTL_READ, KEYCTL_INSTANTIATE, \
		    KEYCTL_SET_TIMEOUT, KEYCTL_INVALIDATE, KEYCTL_GET_PERSISTENT, KEYCTL_MOVE, \
		    KEYCTL_SET_REQKEY_KEYRING, KEYCTL_SESSION_TO_PARENT, KEYCTL_WATCH_KEY)
#define FCNTLS	SET(F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_SETOWN, F_SETSIG, \
		    F_SETLEASE, F_NOTIFY, F_SETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS, 1036, 1038)
#define WATCHES	SET(FAN_OPEN, FAN_ACCESS, FAN_MODIFY, FAN_CLOSE, FAN_OPEN_PERM, FAN_ACCESS_PERM, \
		    FAN_ONDIR, FAN_EVENT_ON_CHILD, FAN_CREATE, FAN_DELETE)
#define QUOTAS	SET(QCMD(Q_SYNC, USRQUOTA), QCMD(Q_QUOTAON, USRQUOTA), QCMD(Q_QUOTAOFF, USRQUOTA), \
		    QCMD(Q_SETINFO, USRQUOTA), QCMD(Q_SETQUOTA, USRQUOTA), \
		    QCMD(Q_GETQUOTA, USRQUOTA), QCMD(Q_GETFMT, GRPQUOTA), QCMD(Q_SETQUOTA, GRPQUOTA))
#define AGENTS	AGENTOS_IOC_VERSION, AGENTOS_IOC_CREATE, AGENTOS_IOC_OPEN, AGENTOS_IOC_IDENTIFY, \
		AGENTOS_IOC_ENUMERATE, AGENTOS_IOC_POLICY_NEW, AGENTOS_IOC_POLICY_DROP, \
		AGENTOS_AGENT_INFO, AGENTOS_AGENT_ATTACH, AGENTOS_AGENT_KILL, AGENTOS_AGENT_DERIVE, \
		AGENTOS_AGENT_PAUSE, AGENTOS_AGENT_MAIL_SEND
/* Terminals; descriptors; files; file systems, block devices, loops; network; namespaces; ours. */
#define IOCTLS	SET(0x5412, 0x541c, 0x5402, 0x5404, 0x5406, 0x540e, 0x5410, 0x5414, 0x541d, 0x5422, 0x5423, \
		    0x5437, 0x540b, 0x5425, 0x5456, 0x5429, 0x5421, 0x5452, 0x8901, 0x8902, 0x541b, 0x5450, \
		    FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IOC32_SETFLAGS, FS_IOC_SETVERSION, \
		    FS_IOC_FSSETXATTR, FS_IOC_FSGETXATTR, FS_IOC_SETFSLABEL, 0x40806685, 0x800c6613, \
		    0x4018669e, FIFREEZE, FITHAW, FITRIM, FICLONE, FICLONERANGE, FIDEDUPERANGE, \
		    FS_IOC_GETFSMAP, FIBMAP, BLKROSET, BLKRRPART, BLKFLSBUF, BLKDISCARD, LOOP_SET_FD, \
		    LOOP_CLR_FD, LOOP_CONFIGURE, LOOP_CTL_ADD, LOOP_CTL_REMOVE, LOOP_CTL_GET_FREE, \
		    0x890b, 0x890c, 0x8914, 0x8916, 0x891c, 0x8922, 0x8923, 0x8924, 0x8943, 0x8946, \
		    0x8953, 0x8955, 0x8960, 0x89a0, 0x89a2, 0x89b0, 0x8990, 0x8994, 0x89e2, TUNSETIFF, \
		    TUNSETPERSIST, 0xb701, 0xb702, 0xb703, 0xae01, 0x40305828, 0x9401, 0x940e, AGENTS)

/* By groups: files by path, by descriptor; memory; processes; sockets; the machine. */
static const struct call calls[] = {
	MAKE(open, 5, 12, (A_PATH, A_BITS0, A_MODE), OPEN),
	MAKE(openat, 295, 24, (A_DIR, A_PATH, A_BITS0, A_MODE), OPEN),
	MAKE(openat2, 437, 8, (A_DIR, A_PATH, A_HOW, A_ONE0), SET(24, 24, 24, 24, 16, 32, 4096)),
	MAKE(creat, 8, 4, (A_PATH, A_MODE)),
	MAKE(open_by_handle_at, 342, 4, (A_DIR, A_HANDLE, A_BITS0), OPEN),
	CALL(name_to_handle_at, 341, 2, (A_DIR, A_PATH, A_HANDLE, A_OUT, A_BITS0), AT),
	CALL(mkdir, 39, 4, (A_PATH, A_MODE)),
	CALL(mkdirat, 296, 4, (A_DIR, A_PATH, A_MODE)),
	CALL(rmdir, 40, 4, (A_PATH)),
	CALL(mknod, 14, 4, (A_PATH, A_MODE, A_NUM)),
	CALL(mknodat, 297, 4, (A_DIR, A_PATH, A_MODE, A_NUM)),
	CALL(unlink, 10, 6, (A_PATH)),
	CALL(unlinkat, 301, 6, (A_DIR, A_PATH, A_BITS0), AT),
	CALL(rename, 38, 8, (A_PATH, A_PATH)),
	CALL(renameat, 302, 4, (A_DIR, A_PATH, A_DIR, A_PATH)),
	CALL(renameat2, 353, 8, (A_DIR, A_PATH, A_DIR, A_PATH, A_BITS0), SET(1, 2, 4)),
	CALL(link, 9, 8, (A_PATH, A_PATH)),
	CALL(linkat, 303, 8, (A_DIR, A_PATH, A_DIR, A_PATH, A_BITS0), AT),
	CALL(symlink, 83, 4, (A_PATH, A_PATH)),
	CALL(symlinkat, 304, 4, (A_PATH, A_DIR, A_PATH)),
	CALL(readlink, 85, 1, (A_PATH, A_OUT, A_LEN)),
	CALL(chmod, 15, 6, (A_PATH, A_MODE)),
	CALL(fchmod, 94, 6, (A_FD, A_MODE)),
	CALL(fchmodat, 306, 4, (A_DIR, A_PATH, A_MODE)),
	NEW(fchmodat2, 452, 452, 6, false, ARGS(A_DIR, A_PATH, A_MODE, A_BITS0), AT),
	CALL(chown, 212, 6, (A_PATH, A_UID, A_UID)),
	CALL(lchown, 198, 4, (A_PATH, A_UID, A_UID)),
	CALL(fchown, 207, 6, (A_FD, A_UID, A_UID)),
	CALL(fchownat, 298, 6, (A_DIR, A_PATH, A_UID, A_UID, A_BITS0), AT),
	CALL(utime, 0, 4, (A_PATH, A_TIME)),
	CALL(utimes, 0, 4, (A_PATH, A_TIME)),
	CALL(futimesat, 0, 4, (A_DIR, A_PATH, A_TIME)),
	CALL(utimensat, 0, 6, (A_DIR, A_PATH, A_TIME, A_BITS0), AT),
	CALL(truncate, 92, 6, (A_PATH, A_LEN)),
	CALL(setxattr, 226, 4, (A_PATH, A_NAME, A_DATA, A_LEN, A_ONE0), WHOSE),
	CALL(lsetxattr, 227, 2, (A_PATH, A_NAME, A_DATA, A_LEN, A_ONE0), WHOSE),
	CALL(fsetxattr, 228, 4, (A_FD, A_NAME, A_DATA, A_LEN, A_ONE0), WHOSE),
	CALL(getxattr, 229, 1, (A_PATH, A_NAME, A_OUT, A_LEN)),
	CALL(listxattr, 232, 1, (A_PATH, A_OUT, A_LEN)),
	CALL(removexattr, 235, 4, (A_PATH, A_NAME)),
	CALL(lremovexattr, 236, 2, (A_PATH, A_NAME)),
	CALL(fremovexattr, 237, 4, (A_FD, A_NAME)),
	CALL(stat, 0, 1, (A_PATH, A_OUT)),
	CALL(statx, 383, 1, (A_DIR, A_PATH, A_BITS0, A_NUM, A_OUT), AT),
	CALL(statfs, 99, 1, (A_PATH, A_OUT)),
	CALL(faccessat2, 439, 2, (A_DIR, A_PATH, A_SMALL, A_BITS0), AT),
	CALL(chdir, 12, 2, (A_PATH)),
	CALL(fchdir, 133, 2, (A_FD)),
	CALL(chroot, 61, 3, (A_PATH)),
	CALL(umask, 60, 1, (A_MODE)),
	CALL(execve, 0, 1, (A_PATH, A_ARGV, A_NONE)),
	CALL(execveat, 0, 1, (A_DIR, A_PATH, A_ARGV, A_NONE, A_BITS0), AT),
	CALL(uselib, 86, 1, (A_PATH)),

	CALL(read, 3, 6, (A_FD, A_OUT, A_LEN)),
	CALL(write, 4, 12, (A_FD, A_DATA, A_LEN)),
	CALL(pread64, 0, 3, (A_FD, A_OUT, A_LEN, A_OFFSET)),
	CALL(pwrite64, 0, 6, (A_FD, A_DATA, A_LEN, A_OFFSET)),
	CALL(readv, 0, 2, (A_FD, A_IOV, A_SMALL)),
	CALL(writev, 0, 4, (A_FD, A_IOV, A_SMALL)),
	CALL(pwritev2, 0, 4, (A_FD, A_IOV, A_SMALL, A_OFFSET, A_NONE, A_BITS0), SYNCS),
	CALL(preadv2, 0, 2, (A_FD, A_IOV, A_SMALL, A_OFFSET, A_NONE, A_BITS0), SYNCS),
	CALL(sendfile, 0, 5, (A_FD, A_FD, A_OFFSET_AT, A_LEN)),
	CALL(splice, 0, 5, (A_FD, A_OFFSET_AT, A_FD, A_OFFSET_AT, A_LEN, A_SMALL)),
	CALL(tee, 315, 3, (A_FD, A_FD, A_LEN, A_SMALL)),
	CALL(vmsplice, 0, 3, (A_FD, A_IOV, A_SMALL, A_SMALL)),
	CALL(copy_file_range, 0, 5, (A_FD, A_OFFSET_AT, A_FD, A_OFFSET_AT, A_LEN, A_NONE)),
	CALL(ftruncate, 93, 5, (A_FD, A_LEN)),
	CALL(fallocate, 0, 4, (A_FD, A_BITS0, A_OFFSET, A_LEN), SET(1, 2, 8, 16, 32, 64)),
	CALL(fadvise64, 0, 1, (A_FD, A_OFFSET, A_LEN, A_SMALL)),
	CALL(readahead, 0, 1, (A_FD, A_OFFSET, A_LEN)),
	CALL(sync_file_range, 0, 1, (A_FD, A_OFFSET, A_LEN, A_SMALL)),
	CALL(lseek, 19, 1, (A_FD, A_OFFSET, A_SMALL)),
	CALL(getdents64, 220, 3, (A_FD, A_OUT, A_LEN)),
	CALL(fsync, 118, 1, (A_FD)),
	CALL(fstatfs, 100, 1, (A_FD, A_OUT)),
	CALL(flock, 143, 2, (A_FD, A_ONE0), SET(1 | 4, 2 | 4, 8)),
	CALL(fcntl, 0, 6, (A_FD, A_ONE0, A_PID), FCNTLS),
	CALL(fcntl, 0, 3, (A_FD, A_ONE0, A_BITS1), SET(F_SETFL, F_SETFD, F_ADD_SEALS),
	     SET(O_APPEND, O_ASYNC, O_NONBLOCK, O_DIRECT, O_NOATIME)),
	CALL(ioctl, 54, 24, (A_FD, A_COMMAND, A_COMMAND_ARG), IOCTLS),
	CALL(close, 6, 2, (A_FD)),
	CALL(close_range, 436, 1, (A_NUM, A_NUM, A_BITS0), SET(2, 4)),
	MAKE(dup, 41, 2, (A_FD)),
	MAKE(dup3, 330, 1, (A_FD, A_FD, A_ONE0), SET(0, O_CLOEXEC)),
	CALL(pipe2, 331, 2, (A_OUT, A_BITS0), SET(O_NONBLOCK, O_CLOEXEC, O_DIRECT, 0x80)),
	CALL(poll, 0, 1, (A_OUT, A_SMALL, A_SMALL)),
	MAKE(epoll_create1, 329, 1, (A_NONE)),
	CALL(epoll_ctl, 255, 3, (A_FD, A_ONE0, A_FD, A_EVENT), SET(1, 2, 3)),
	CALL(epoll_pwait, 0, 1, (A_FD, A_OUT, A_SMALL, A_SMALL, A_SIGSET, A_SIZE_8)),
	MAKE(eventfd2, 328, 1, (A_SMALL, A_BITS0), SET(EFD_NONBLOCK, EFD_SEMAPHORE)),
	MAKE(signalfd4, 0, 1, (A_NONE, A_SIGSET, A_SIZE_8, A_BITS0), SET(O_NONBLOCK)),
	MAKE(timerfd_create, 322, 2, (A_ONE0, A_BITS1), CLOCKS, SET(O_NONBLOCK)),
	CALL(timerfd_settime, 0, 2, (A_FD, A_SMALL, A_TIME, A_OUT)),
	MAKE(memfd_create, 356, 3, (A_NAME, A_BITS0), SET(1, 2, 4, 8, 16)),
	MAKE(memfd_secret, 447, 1, (A_NONE)),
	MAKE(inotify_init1, 332, 2, (A_ONE0), SET(0, O_NONBLOCK)),
	CALL(inotify_add_watch, 292, 4, (A_FD, A_PATH, A_BITS0),
	     SET(IN_ACCESS, IN_MODIFY, IN_OPEN, IN_CREATE, IN_DELETE, IN_ONLYDIR)),
	MAKE(fanotify_init, 338, 3, (A_BITS0, A_BITS1), SET(0x2, 0x4, 0x8, 0x200, 0x400, 0x800), OPEN),
	CALL(fanotify_mark, 0, 4, (A_FD, A_BITS0, A_BITS1, A_DIR, A_PATH),
	     SET(1, 2, 4, 8, 0x10, 0x100), WATCHES),
	CALL(io_setup, 0, 1, (A_SMALL, A_OUT)),
	CALL(io_submit, 0, 1, (A_NUM, A_SMALL, A_OUT)),
	CALL(quotactl, 0, 4, (A_ONE0, A_PATH, A_UID, A_OUT), QUOTAS),
	CALL(quotactl_fd, 0, 3, (A_FD, A_ONE0, A_UID, A_OUT), QUOTAS),

	CALL(mmap, 0, 6, (A_ADDRESS, A_LEN, A_BITS0, A_BITS1, A_FD, A_NONE), PROT, MAPS),
	CALL(mmap, 0, 4, (A_ADDRESS, A_LEN, A_BITS0, A_ONE1, A_FD, A_NONE), PROT,
	     SET(MAP_SHARED, MAP_PRIVATE, MAP_SHARED | MAP_FIXED, MAP_PRIVATE | MAP_ANONYMOUS)),
	CALL(mprotect, 125, 4, (A_ADDRESS, A_LEN, A_BITS0), PROT),
	CALL(pkey_mprotect, 380, 1, (A_ADDRESS, A_LEN, A_BITS0, A_SMALL), PROT),
	CALL(munmap, 91, 1, (A_ADDRESS, A_LEN)),
	CALL(mremap, 163, 1, (A_ADDRESS, A_LEN, A_LEN, A_SMALL, A_ADDRESS)),
	CALL(madvise, 219, 2, (A_ADDRESS, A_LEN, A_ONE0),
	     SET(0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 100, 101)),
	CALL(process_madvise, 0, 2, (A_FD, A_IOV, A_SMALL, A_ONE0, A_NONE), SET(20, 21, 25)),
	CALL(remap_file_pages, 257, 1, (A_ADDRESS, A_LEN, A_NONE, A_SMALL, A_NONE)),
	CALL(mlock2, 376, 1, (A_ADDRESS, A_LEN, A_ONE0), SET(0, 1)),
	CALL(mlockall, 152, 1, (A_SMALL)),
	CALL(msync, 144, 1, (A_ADDRESS, A_LEN, A_SMALL)),
	CALL(mincore, 218, 1, (A_ADDRESS, A_LEN, A_OUT)),
	CALL(mbind, 0, 1, (A_ADDRESS, A_LEN, A_SMALL, A_OUT, A_SMALL, A_SMALL)),
	CALL(migrate_pages, 0, 2, (A_PID, A_SIZE_8, A_DATA, A_DATA)),
	CALL(move_pages, 0, 2, (A_PID, A_SMALL, A_OUT, A_NONE, A_OUT, A_ONE0), SET(0, 2, 4)),
	NEW(mseal, 462, 462, 1, false, ARGS(A_ADDRESS, A_LEN, A_NONE)),
	MAKE(userfaultfd, 374, 2, (A_BITS0), SET(1, O_NONBLOCK, O_CLOEXEC)),

	CALL(kill, 37, 8, (A_PID, A_SIGNAL)),
	CALL(tkill, 238, 3, (A_PID, A_SIGNAL)),
	CALL(tgkill, 270, 3, (A_PID, A_PID, A_SIGNAL)),
	CALL(rt_sigqueueinfo, 0, 3, (A_PID, A_SIGNAL, A_SIGINFO)),
	CALL(rt_tgsigqueueinfo, 0, 2, (A_PID, A_PID, A_SIGNAL, A_SIGINFO)),
	MAKE(pidfd_open, 434, 4, (A_PID, A_ONE0), SET(0, O_NONBLOCK, O_EXCL)),
	CALL(pidfd_send_signal, 0, 4, (A_FD, A_SIGNAL, A_SIGINFO, A_NONE)),
	MAKE(pidfd_getfd, 438, 4, (A_FD, A_SMALL, A_NONE)),
	CALL(process_mrelease, 448, 1, (A_FD, A_NONE)),
	CALL(rt_sigaction, 0, 1, (A_SIGNAL, A_SIGACTION, A_OUT, A_SIZE_8)),
	CALL(rt_sigprocmask, 0, 1, (A_ONE0, A_SIGSET, A_OUT, A_SIZE_8), WHOSE),
	CALL(rt_sigtimedwait, 0, 1, (A_SIGSET, A_OUT, A_TIME, A_SIZE_8)),
	CALL(timer_create, 0, 2, (A_ONE0, A_OUT, A_OUT), CLOCKS),
	CALL(timer_settime, 0, 1, (A_SMALL, A_SMALL, A_TIME, A_OUT)),
	CALL(ptrace, 0, 8, (A_ONE0, A_PID, A_ADDRESS, A_SMALL), TRACES),
	CALL(process_vm_readv, 0, 4, (A_PID, A_IOV, A_SMALL, A_IOV, A_SMALL, A_NONE)),
	CALL(process_vm_writev, 0, 6, (A_PID, A_IOV, A_SMALL, A_IOV, A_SMALL, A_NONE)),
	CALL(kcmp, 349, 3, (A_PID, A_PID, A_SMALL, A_SMALL, A_SMALL)),
	CALL(setpgid, 57, 2, (A_PID, A_PID)),
	CALL(setsid, 66, 1, (A_NONE)),
	CALL(setpriority, 97, 6, (A_ONE0, A_PID, A_NUM), WHOSE),
	CALL(sched_setscheduler, 156, 4, (A_PID, A_ONE0, A_SCHED), SET(0, 1, 2, 3, 5, 6, 0x40000000)),
	CALL(sched_setparam, 154, 3, (A_PID, A_SCHED)),
	CALL(sched_setattr, 351, 4, (A_PID, A_SCHED, A_NONE)),
	CALL(sched_setaffinity, 0, 4, (A_PID, A_SIZE_8, A_DATA)),
	CALL(ioprio_set, 289, 4, (A_ONE0, A_PID, A_ONE1), SET(1, 2, 3), SET(0, 0x2000, 0x4007, 0x6000)),
	CALL(prlimit64, 340, 6, (A_PID, A_ONE0, A_RLIMIT, A_OUT),
	     SET(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)),
	CALL(setrlimit, 0, 1, (A_SMALL, A_RLIMIT)),
	CALL(prctl, 172, 6, (A_ONE0, A_NUM, A_NUM, A_SMALL, A_NONE), PRCTLS),
	CALL(prctl, 172, 3, (A_ONE0, A_PID, A_ADDRESS, A_LEN, A_NONE), PRCTLS),
	CALL(arch_prctl, 0, 1, (A_ONE0, A_OUT), SET(0x1003, 0x1001, 0x1011, 0x1012, 0x1023)),
	CALL(personality, 136, 1, (A_ONE0), SET(0, 0x400000, 0x40000, 0x20000, 0xffffffff, 8)),
	CALL(setuid, 213, 3, (A_UID)),
	CALL(setgid, 214, 2, (A_UID)),
	CALL(setreuid, 203, 2, (A_UID, A_UID)),
	CALL(setregid, 204, 2, (A_UID, A_UID)),
	CALL(setresuid, 208, 3, (A_UID, A_UID, A_UID)),
	CALL(setresgid, 210, 2, (A_UID, A_UID, A_UID)),
	CALL(setfsuid, 215, 2, (A_UID)),
	CALL(setfsgid, 216, 2, (A_UID)),
	CALL(setgroups, 206, 2, (A_SMALL, A_DATA)),
	CALL(capset, 185, 4, (A_CAP_HEAD, A_CAP_DATA)),
	CALL(capget, 184, 1, (A_CAP_HEAD, A_OUT)),
	CALL(unshare, 310, 5, (A_BITS0), CLONES),
	CALL(setns, 346, 4, (A_FD, A_BITS0), CLONES),
	CALL(wait4, 114, 1, (A_PID, A_OUT, A_ONE0, A_OUT), SET(1, 1 | 2, 1 | 8)),
	CALL(waitid, 0, 1, (A_SMALL, A_PID, A_OUT, A_ONE0, A_OUT), SET(1 | 4, 1 | 2 | 4)),
	CALL(get_robust_list, 0, 2, (A_PID, A_OUT, A_OUT)),
	CALL(futex, 0, 1, (A_OUT, A_SMALL, A_SMALL, A_TIME, A_OUT, A_SMALL)),
	CALL(seccomp, 0, 1, (A_ONE0, A_SMALL, A_FILTER), SET(SECCOMP_SET_MODE_FILTER,
	     SECCOMP_GET_ACTION_AVAIL, SECCOMP_GET_NOTIF_SIZES, SECCOMP_SET_MODE_STRICT)),
	CALL(landlock_create_ruleset, 444, 2, (A_DATA, A_ONE0, A_ONE1), SET(8, 16, 0), SET(0, 1)),
	CALL(landlock_restrict_self, 446, 1, (A_FD, A_NONE)),
	MAKE(perf_event_open, 336, 5, (A_PERF, A_PID, A_ONE0, A_NONE, A_BITS1), SET(-1ULL, 0),
	     SET(1, 2, 4, 8)),
	NEW(lsm_set_self_attr, 460, 460, 2, false, ARGS(A_SMALL, A_DATA, A_LEN, A_NONE)),

	MAKE(socket, 359, 16, (A_ONE0, A_ONE1, A_ONE2), FAMILY, TYPE, PROTO),
	CALL(socketpair, 360, 2, (A_ONE0, A_ONE1, A_NONE, A_OUT), FAMILY, TYPE),
	CALL(connect, 362, 16, (A_SOCKET, A_SOCKADDR, A_LEN_OF)),
	CALL(bind, 361, 10, (A_SOCKET, A_SOCKADDR, A_LEN_OF)),
	CALL(listen, 363, 4, (A_SOCKET, A_SMALL)),
	MAKE(accept4, 364, 1, (A_SOCKET, A_OUT, A_LEN_AT, A_ONE0), SET(O_NONBLOCK, 0)),
	CALL(sendto, 369, 16, (A_SOCKET, A_DATA, A_LEN, A_BITS0, A_SOCKADDR, A_LEN_OF), MSGS),
	CALL(sendmsg, 0, 12, (A_SOCKET, A_MSG, A_BITS0), MSGS),
	CALL(sendmmsg, 0, 8, (A_SOCKET, A_MMSG, A_ONE1, A_BITS0), MSGS, SET(1, 2)),
	CALL(recvfrom, 371, 2, (A_SOCKET, A_OUT, A_LEN, A_BITS0, A_OUT, A_LEN_AT), MSGS),
	CALL(recvmsg, 0, 2, (A_SOCKET, A_MSG, A_BITS0), MSGS),
	CALL(setsockopt, 366, 12, (A_SOCKET, A_ONE0, A_ONE1, A_DATA, A_LEN), LEVELS, OPTIONS),
	CALL(setsockopt, 366, 4, (A_SOCKET, A_ONE0, A_NUM, A_SOCKADDR, A_LEN_OF), LEVELS),
	CALL(getsockopt, 365, 3, (A_SOCKET, A_ONE0, A_ONE1, A_OUT, A_LEN_AT), LEVELS, OPTIONS),
	CALL(getsockname, 367, 1, (A_SOCKET, A_OUT, A_LEN_AT)),
	CALL(shutdown, 373, 1, (A_SOCKET, A_SMALL)),

	CALL(shmget, 395, 4, (A_IPC_KEY, A_LEN, A_BITS0), IPC_NEW),
	CALL(shmat, 0, 3, (A_IPC, A_NONE, A_ONE0), SET(0, SHM_RDONLY)),
	CALL(shmctl, 396, 4, (A_IPC, A_ONE0, A_OUT), IPCS),
	CALL(semget, 393, 3, (A_IPC_KEY, A_SMALL, A_BITS0), IPC_NEW),
	CALL(semctl, 394, 4, (A_IPC, A_SMALL, A_ONE0, A_OUT), IPCS),
	CALL(semtimedop, 0, 3, (A_IPC, A_SEMBUF, A_SMALL, A_TIME)),
	CALL(msgget, 399, 3, (A_IPC_KEY, A_BITS0), IPC_NEW),
	CALL(msgsnd, 400, 4, (A_IPC, A_DATA, A_LEN, A_ONE0), SET(IPC_NOWAIT)),
	CALL(msgrcv, 401, 4, (A_IPC, A_OUT, A_LEN, A_NONE, A_ONE0), SET(IPC_NOWAIT)),
	CALL(msgctl, 402, 4, (A_IPC, A_ONE0, A_OUT), IPCS),
	MAKE(mq_open, 277, 5, (A_QUEUE, A_BITS0, A_MODE, A_NONE), MQ),
	CALL(mq_unlink, 278, 3, (A_QUEUE)),
	CALL(mq_timedsend, 0, 3, (A_FD, A_DATA, A_LEN, A_SMALL, A_TIME)),
	CALL(mq_notify, 0, 2, (A_FD, A_OUT)),
	CALL(add_key, 286, 3, (A_NAME, A_NAME, A_DATA, A_LEN, A_KEY)),
	CALL(request_key, 287, 3, (A_NAME, A_NAME, A_NAME, A_KEY)),
	CALL(keyctl, 288, 10, (A_ONE0, A_KEY, A_KEY, A_NUM, A_SMALL), KEYCTLS),

	CALL(mount, 21, 8, (A_PATH, A_PATH, A_NAME, A_BITS0, A_NONE), MOUNTS),
	CALL(umount2, 52, 5, (A_PATH, A_BITS0), SET(MNT_DETACH, MNT_FORCE, MNT_EXPIRE, 8)),
	CALL(pivot_root, 217, 2, (A_PATH, A_PATH)),
	MAKE(open_tree, 428, 4, (A_DIR, A_PATH, A_BITS0), SET(1, O_CLOEXEC, AT_EMPTY_PATH, 0x8000)),
	CALL(move_mount, 429, 4, (A_DIR, A_PATH, A_DIR, A_PATH, A_BITS0), SET(1, 2, 4, 0x10, 0x40)),
	MAKE(fsopen, 430, 3, (A_NAME, A_ONE0), SET(0, 1)),
	CALL(fsconfig, 431, 2, (A_FD, A_SMALL, A_NAME, A_DATA, A_NONE)),
	MAKE(fsmount, 432, 2, (A_FD, A_ONE0, A_SMALL), SET(0, 1)),
	MAKE(fspick, 433, 2, (A_DIR, A_PATH, A_BITS0), SET(1, 2, 4, 8)),
	CALL(mount_setattr, 442, 4, (A_DIR, A_PATH, A_BITS0, A_ATTR, A_ONE1),
	     SET(AT_RECURSIVE, AT_EMPTY_PATH), SET(32)),
	NEW(statmount, 457, 457, 1, false, ARGS(A_DATA, A_OUT, A_LEN, A_NONE)),
	CALL(bpf, 357, 8, (A_ONE0, A_BPF, A_ONE1),
	     SET(0, 1, 2, 3, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 18, 20, 22, 23, 28, 29, 32, 34, 35),
	     SET(72, 120, 128, 144)),
	MAKE(io_uring_setup, 425, 3, (A_SMALL, A_URING)),
	CALL(io_uring_enter, 0, 1, (A_FD, A_SMALL, A_NONE, A_SMALL, A_NONE, A_NONE)),
	CALL(io_uring_register, 427, 2, (A_FD, A_SMALL, A_OUT, A_SMALL)),
	CALL(init_module, 128, 2, (A_DATA, A_LEN, A_NAME)),
	CALL(finit_module, 350, 3, (A_FD, A_NAME, A_SMALL)),
	CALL(delete_module, 129, 3, (A_NAME, A_ONE0), SET(O_NONBLOCK, O_NONBLOCK | O_TRUNC)),
	CALL(kexec_load, 0, 2, (A_NONE, A_NONE, A_NONE, A_SMALL)),
	CALL(kexec_file_load, 0, 2, (A_FD, A_FD, A_LEN, A_NAME, A_SMALL)),
	/* Whether Ctrl-Alt-Del restarts the machine: a change shows, and harms nobody. */
	CALL(reboot, 88, 3, (A_ONE0, A_ONE1, A_ONE2), SET(LINUX_REBOOT_MAGIC1),
	     SET(LINUX_REBOOT_MAGIC2), SET(LINUX_REBOOT_CMD_CAD_OFF)),
	CALL(swapon, 87, 3, (A_PATH, A_SMALL)),
	CALL(swapoff, 115, 2, (A_PATH)),
	CALL(acct, 51, 3, (A_PATH)),
	CALL(sethostname, 74, 4, (A_NAME, A_ONE0), SET(3, 7)),
	CALL(setdomainname, 121, 3, (A_NAME, A_ONE0), SET(3, 7)),
	CALL(settimeofday, 0, 3, (A_TIME, A_NONE)),
	CALL(clock_settime, 0, 4, (A_ONE0, A_TIME), CLOCKS),
	CALL(adjtimex, 0, 3, (A_TIMEX)),
	CALL(clock_adjtime, 0, 3, (A_ONE0, A_TIMEX), CLOCKS),
	CALL(syslog, 103, 3, (A_ONE0, A_OUT, A_SMALL), SET(2, 3, 6, 7, 8, 9, 10)),
	CALL(iopl, 110, 1, (A_SMALL)),
	CALL(ioperm, 101, 1, (A_NUM, A_SMALL, A_ONE0), SET(1)),
	CALL(modify_ldt, 123, 1, (A_SMALL, A_OUT, A_LEN)),
	CALL(vhangup, 111, 2, (A_NONE)),
	CALL(lookup_dcookie, 0, 1, (A_NUM, A_OUT, A_LEN)),
	CALL(membarrier, 375, 1, (A_SMALL, A_NONE)),
	CALL(getrandom, 355, 1, (A_OUT, A_LEN, A_SMALL)),
	CALL(rseq, 386, 1, (A_OUT, A_ONE0, A_NONE, A_NUM), SET(32)),
	CALL(set_mempolicy, 276, 1, (A_SMALL, A_DATA, A_SMALL)),
};
/* clang-format on */

#define CALLS (sizeof(calls) / sizeof(calls[0]))

#endif
