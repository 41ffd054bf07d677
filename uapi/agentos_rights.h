/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* The table of rights: one row per bit, with its enforcer and the test that breaks it. */
#ifndef _UAPI_AGENTOS_RIGHTS_H
#define _UAPI_AGENTOS_RIGHTS_H

/*
 * AGENTOS_RIGHTS(X) expands X(bit, NAME, "name", ENFORCER, "test", "meaning").
 *
 * ENFORCER names a member of enum agentos_hook (agentos_event.h): the hook
 * without which the right would be a mere declaration. A row whose enforcer
 * does not exist does not compile, and tests/unit/rights_test.c checks that the
 * named test exists and mentions the right. Bits are never renumbered.
 *
 * The file rights gate the file rules: an act on a file needs the right and a
 * rule that allows it. The other rights stand alone.
 */
#define AGENTOS_RIGHTS(X)                                                                          \
	X(0, FILE_READ, "file-read", FILE_OPEN, "tests/escape/file_test.c",                        \
	  "open files for reading, where a rule allows it")                                        \
	X(1, FILE_WRITE, "file-write", FILE_OPEN, "tests/escape/file_test.c",                      \
	  "create, write, truncate, rename, link, delete and change metadata, where a rule does")  \
	X(2, FILE_EXEC, "file-exec", EXEC, "tests/escape/exec_test.c",                             \
	  "execute files and map them executable, where a rule allows it")                         \
	X(3, ANON_EXEC, "anon-exec", MMAP, "tests/escape/exec_test.c",                             \
	  "run code from no file: memfd, deleted files, JIT pages, an executable stack")           \
	X(4, NET_CONNECT, "net-connect", SOCKET_CONNECT, "tests/escape/net_test.c",                \
	  "connect, and send, to addresses that a rule allows")                                    \
	X(5, NET_LISTEN, "net-listen", SOCKET_BIND, "tests/escape/net_test.c",                     \
	  "bind to, and listen on, addresses that a rule allows")                                  \
	X(6, NET_RAW, "net-raw", SOCKET_CREATE, "tests/escape/net_test.c",                         \
	  "sockets that are not TCP, UDP, MPTCP or Unix; source routes, multicast groups")         \
	X(7, UNIX_CONNECT, "unix-connect", UNIX_STREAM, "tests/escape/net_test.c",                 \
	  "reach Unix sockets of others that a rule allows")                                       \
	X(8, SIGNAL_OUTSIDE, "signal-outside", TASK_KILL, "tests/escape/ipc_test.c",               \
	  "signal processes outside the agent")                                                    \
	X(9, PTRACE, "ptrace", PTRACE_ACCESS, "tests/escape/ipc_test.c",                           \
	  "trace processes inside the agent; outside is never allowed")                            \
	X(10, NAMESPACES, "namespaces", USERNS, "tests/escape/priv_test.c",                        \
	  "make user namespaces")                                                                  \
	X(11, MOUNT, "mount", SB_MOUNT, "tests/escape/priv_test.c",                                \
	  "mount, unmount, move mounts, pivot_root, chroot")                                       \
	X(12, SET_IDS, "set-ids", FIX_SETUID, "tests/escape/priv_test.c",                          \
	  "change user, group and supplementary ids")                                              \
	X(13, CAPABILITIES, "capabilities", CAPABLE, "tests/escape/priv_test.c",                   \
	  "use capabilities of root beyond its own files; change device nodes")                    \
	X(14, BPF, "bpf", BPF, "tests/escape/priv_test.c", "the bpf system call")                  \
	X(15, MODULE, "module", KERNEL_READ_FILE, "tests/escape/priv_test.c",                      \
	  "load kernel code: modules, kexec images, firmware")                                     \
	X(16, IO_URING, "io-uring", ANON_INODE, "tests/escape/priv_test.c", "make io_uring rings") \
	X(17, USERFAULTFD, "userfaultfd", ANON_INODE, "tests/escape/priv_test.c",                  \
	  "make userfaultfd descriptors")                                                          \
	X(18, DERIVE, "derive", AGENT_DERIVE, "tests/kernel/derive_test.c", "make sub-agents")     \
	X(19, MESSAGE_SEND, "message-send", MAIL_SEND, "tests/kernel/mailbox_test.c",              \
	  "put messages into mailboxes it was given")                                              \
	X(20, MESSAGE_RECEIVE, "message-receive", MAIL_RECEIVE, "tests/kernel/mailbox_test.c",     \
	  "get messages, and take them out")                                                       \
	X(21, PERF, "perf", PERF_EVENT, "tests/escape/priv_test.c",                                \
	  "measure with performance counters")                                                     \
	X(22, FILE_WATCH, "file-watch", NOTIFY, "tests/escape/file_test.c",                        \
	  "be told what happens to files that a rule allows to read: inotify, fanotify")           \
	X(23, KEYRINGS, "keyrings", KEY, "tests/escape/priv_test.c", "use the kernel's keyrings")  \
	X(24, SYSV_IPC, "sysv-ipc", SYSV_IPC, "tests/escape/ipc_test.c",                           \
	  "System V shared memory, semaphores and message queues; POSIX message queues")           \
	X(25, DEVICES, "devices", FILE_OPEN, "tests/escape/priv_test.c",                           \
	  "open devices that a rule allows, beyond null, zero, full, random, pseudo-terminals")

#define AGENTOS_RIGHT_ENUM(bit, NAME, name, enforcer, test, meaning) \
	AGENTOS_RIGHT_##NAME##_BIT = bit,

enum agentos_right_bit { AGENTOS_RIGHTS(AGENTOS_RIGHT_ENUM) AGENTOS_RIGHT_COUNT };

#define AGENTOS_RIGHT(NAME) (1ULL << AGENTOS_RIGHT_##NAME##_BIT)

/*
 * What even an audit-only agent may do only if it has the right: with the first
 * four root could end enforcement, the last three the module itself refuses. The
 * first two count for the whole machine only: in any user namespace but the first
 * an audit-only agent needs neither.
 */
#define AGENTOS_RIGHTS_GUARDED                                                         \
	(AGENTOS_RIGHT(MOUNT) | AGENTOS_RIGHT(CAPABILITIES) | AGENTOS_RIGHT(BPF) |     \
	 AGENTOS_RIGHT(MODULE) | AGENTOS_RIGHT(DERIVE) | AGENTOS_RIGHT(MESSAGE_SEND) | \
	 AGENTOS_RIGHT(MESSAGE_RECEIVE))

/*
 * For want of which an act may be done and only recorded, when a policy says so:
 * those that stand alone. The others gate rules, which can say that themselves, or
 * are what the module itself refuses. Where one of AGENTOS_RIGHTS_GUARDED counts for
 * the whole machine the act is refused all the same.
 */
#define AGENTOS_RIGHTS_WATCHABLE                                                             \
	(AGENTOS_RIGHT(ANON_EXEC) | AGENTOS_RIGHT(NET_RAW) | AGENTOS_RIGHT(SIGNAL_OUTSIDE) | \
	 AGENTOS_RIGHT(PTRACE) | AGENTOS_RIGHT(NAMESPACES) | AGENTOS_RIGHT(MOUNT) |          \
	 AGENTOS_RIGHT(SET_IDS) | AGENTOS_RIGHT(CAPABILITIES) | AGENTOS_RIGHT(IO_URING) |    \
	 AGENTOS_RIGHT(USERFAULTFD) | AGENTOS_RIGHT(PERF) | AGENTOS_RIGHT(FILE_WATCH) |      \
	 AGENTOS_RIGHT(KEYRINGS) | AGENTOS_RIGHT(SYSV_IPC) | AGENTOS_RIGHT(DEVICES))

/* Every right there is; the bits are contiguous. */
#define AGENTOS_RIGHTS_ALL ((1ULL << AGENTOS_RIGHT_COUNT) - 1)

#endif /* _UAPI_AGENTOS_RIGHTS_H */
