/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* Event records as the BPF programs write them: one fixed layout, little-endian, 8-byte aligned. */
#ifndef _UAPI_AGENTOS_EVENT_H
#define _UAPI_AGENTOS_EVENT_H

/* BPF objects take the kernel's types from vmlinux.h instead. */
#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#include "agentos_base.h"
#include "agentos_rights.h"

#define AGENTOS_EVENT_VERSION 1
#define AGENTOS_OBJECT_SIZE   488 /* bytes of object text in a record, NUL included */
#define AGENTOS_COMM_SIZE     16

/*
 * AGENTOS_HOOKS(X) expands X(NAME, "hook", "doing"): what an act is called and
 * which LSM hook sees it. `doing` completes "may not ...". Several kernel hooks
 * may report under one name (path_mknod, path_mkdir and path_symlink are all
 * CREATE). Order is the number in records: append only. SIGNAL_OWNER is refused
 * when an owner is set: fcntl() succeeds (error is 0), and nobody is signalled.
 * PERSONALITY, QUEUE (mq_open and mq_unlink) and MODULE_REMOVE are no LSM hooks, but
 * system calls.
 */
#define AGENTOS_HOOKS(X)                                                                 \
	X(NONE, "none", "")                                                              \
	X(FILE_OPEN, "file_open", "open")                                                \
	X(CREATE, "path_mknod", "create")                                                \
	X(DELETE, "path_unlink", "delete")                                               \
	X(RENAME, "path_rename", "rename")                                               \
	X(LINK, "path_link", "link")                                                     \
	X(TRUNCATE, "path_truncate", "truncate")                                         \
	X(METADATA, "path_chmod", "change the metadata of")                              \
	X(EXEC, "bprm_check_security", "execute")                                        \
	X(MMAP, "mmap_file", "map executable")                                           \
	X(MPROTECT, "file_mprotect", "make executable")                                  \
	X(SOCKET_CREATE, "socket_create", "make a socket of")                            \
	X(SOCKET_CONNECT, "socket_connect", "connect to")                                \
	X(SOCKET_BIND, "socket_bind", "bind to")                                         \
	X(SOCKET_LISTEN, "socket_listen", "listen on")                                   \
	X(SOCKET_SEND, "socket_sendmsg", "send to")                                      \
	X(UNIX_STREAM, "unix_stream_connect", "connect to Unix socket")                  \
	X(UNIX_SEND, "unix_may_send", "send to Unix socket")                             \
	X(TASK_KILL, "task_kill", "signal")                                              \
	X(PTRACE_ACCESS, "ptrace_access_check", "trace or inspect")                      \
	X(PTRACE_TRACEME, "ptrace_traceme", "be traced by")                              \
	X(USERNS, "userns_create", "make a user namespace")                              \
	X(SB_MOUNT, "sb_mount", "mount")                                                 \
	X(SB_UMOUNT, "sb_umount", "unmount")                                             \
	X(SB_REMOUNT, "sb_remount", "remount")                                           \
	X(MOVE_MOUNT, "move_mount", "move a mount to")                                   \
	X(PIVOTROOT, "sb_pivotroot", "pivot the root to")                                \
	X(CHROOT, "path_chroot", "change root to")                                       \
	X(FIX_SETUID, "task_fix_setuid", "change user id")                               \
	X(FIX_SETGID, "task_fix_setgid", "change group id")                              \
	X(FIX_SETGROUPS, "task_fix_setgroups", "change groups")                          \
	X(CAPABLE, "capable", "use capability")                                          \
	X(BPF, "bpf", "use bpf command")                                                 \
	X(KERNEL_LOAD_DATA, "kernel_load_data", "load kernel code")                      \
	X(KERNEL_READ_FILE, "kernel_read_file", "load kernel code from")                 \
	X(MODULE_REQUEST, "kernel_module_request", "autoload module")                    \
	X(ANON_INODE, "inode_init_security_anon", "make a descriptor of")                \
	X(TTY_INJECT, "file_ioctl", "type into terminal")                                \
	X(CLONE_CGROUP, "task_alloc", "fork into another cgroup")                        \
	X(FILE_RECEIVE, "file_receive", "receive")                                       \
	X(URING_CREDS, "uring_override_creds", "borrow credentials for")                 \
	X(SIGNAL_OWNER, "file_set_fowner", "direct signals to")                          \
	X(PRLIMIT, "task_prlimit", "see or change the limits of")                        \
	X(SCHEDULE, "task_setscheduler", "schedule")                                     \
	X(CLONE_PARENT, "task_alloc", "fork a child for another process")                \
	X(AGENT_DERIVE, "file_ioctl", "make sub-agents")                                 \
	X(MAIL_SEND, "file_ioctl", "send messages")                                      \
	X(MAIL_RECEIVE, "file_ioctl", "receive messages")                                \
	X(NET_OUT, "cgroup_skb_egress", "send packets")                                  \
	X(NET_IN, "cgroup_skb_ingress", "receive packets")                               \
	X(PERF_EVENT, "perf_event_open", "use performance counters")                     \
	X(NOTIFY, "path_notify", "watch")                                                \
	X(KEY, "key_permission", "use the kernel's keyrings")                            \
	X(SYSV_IPC, "ipc_permission", "use System V IPC")                                \
	X(SOCKET_OPTION, "socket_setsockopt", "choose routes of packets or join groups") \
	X(PERSONALITY, "personality", "make what is readable executable")                \
	X(QUEUE, "mq_open", "use POSIX message queue")                                   \
	X(MODULE_REMOVE, "delete_module", "remove kernel module")

#define AGENTOS_HOOK_ENUM(NAME, hook, doing) AGENTOS_HOOK_##NAME,
enum agentos_hook { AGENTOS_HOOKS(AGENTOS_HOOK_ENUM) AGENTOS_HOOK_COUNT };

#ifdef __cplusplus
#define AGENTOS_EVENT_ASSERT static_assert
#else
#define AGENTOS_EVENT_ASSERT _Static_assert
#endif

/* Rights name their enforcer; this is where one that does not exist fails to compile. */
#define AGENTOS_RIGHT_ENFORCED(bit, NAME, name, enforcer, test, meaning)           \
	AGENTOS_EVENT_ASSERT(AGENTOS_HOOK_##enforcer > AGENTOS_HOOK_NONE &&        \
				     AGENTOS_HOOK_##enforcer < AGENTOS_HOOK_COUNT, \
			     "right " name " has no enforcer");
AGENTOS_RIGHTS(AGENTOS_RIGHT_ENFORCED)

enum agentos_verdict {
	AGENTOS_VERDICT_ALLOWED = 0,
	AGENTOS_VERDICT_DENIED = 1,
	AGENTOS_VERDICT_WOULD_DENY = 2, /* done: its agent is audit-only, or EVENT_WATCH */
};

/* Why, in one word; `right` or `rule` of the record say which. */
enum agentos_why {
	AGENTOS_WHY_NONE = 0,
	AGENTOS_WHY_RIGHT = 1,	     /* the agent lacks `right` */
	AGENTOS_WHY_RULE = 2,	     /* rule number `rule` of its policy denies */
	AGENTOS_WHY_NO_RULE = 3,     /* no rule of its policy allows */
	AGENTOS_WHY_WIDER = 4,	     /* rename or link would widen what it may do */
	AGENTOS_WHY_UNRESOLVED = 5,  /* the object could not be told: fail closed */
	AGENTOS_WHY_NEVER = 6,	     /* no agent may, whatever its rights */
	AGENTOS_WHY_OUTSIDE = 7,     /* the target is outside the agent */
	AGENTOS_WHY_HOLDS = 8,	     /* a directory that rules stand on or below does not move */
	AGENTOS_WHY_UNCOUNTED = 9,   /* its network bytes are limited; there none are counted */
	AGENTOS_WHY_UNRECORDED = 10, /* it is strict, and there was no room to record the act */
};

enum agentos_object_kind {
	AGENTOS_OBJECT_NONE = 0,
	AGENTOS_OBJECT_PATH = 1,   /* text: path; dev, gen, ino */
	AGENTOS_OBJECT_INET = 2,   /* family, protocol, port, addr (IPv4: the first 4 bytes) */
	AGENTOS_OBJECT_UNIX = 3,   /* text: path, or '@' and an abstract name, or empty */
	AGENTOS_OBJECT_TASK = 4,   /* number: tgid; number2: signal, ptrace mode; text: comm */
	AGENTOS_OBJECT_NUMBER = 5, /* number, number2: as the hook says */
	AGENTOS_OBJECT_TEXT = 6,   /* text: a name that is no path */
};

/* Bits of agentos_event.flags. */
#define AGENTOS_EVENT_TRUNCATED (1U << 0) /* the object's text is only its end */
#define AGENTOS_EVENT_DENTRY	(1U << 1) /* path is relative to its file system's root */
#define AGENTOS_EVENT_KILL	(1U << 2) /* its agent is killed for it, or would be */
#define AGENTOS_EVENT_WATCH	(1U << 3) /* done, as the policy says: it is only watched */

/*
 * One act of one agent. Two rings carry these: `denials`, of what was refused or
 * would have been, and `allowed`; `seq`
 * counts each ring's records from 1, and a record that found no room has used
 * up its number. Of the same denial in a row only the first have records, further ones a
 * count (AGENTOS_LIFECYCLE_REPEATED) and no number. Agent-chosen bytes (comm, text)
 * are raw: whoever shows them escapes them.
 */
struct agentos_event {
	__u32 size;	   /* of this record */
	__u16 version;	   /* AGENTOS_EVENT_VERSION */
	__u8 verdict;	   /* enum agentos_verdict */
	__u8 why;	   /* enum agentos_why */
	__u16 hook;	   /* enum agentos_hook */
	__u16 object_kind; /* enum agentos_object_kind */
	__s32 error;	   /* 0 or the negative errno the agent saw */
	__u64 seq;
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u64 agent;
	__u64 right; /* the right that was missing, else 0 */
	__u32 policy;
	__u32 rule;   /* number in the policy, or AGENTOS_RULE_NONE */
	__u32 access; /* AGENTOS_FILE_*, what was wanted */
	__u32 flags;  /* AGENTOS_EVENT_* */
	__s32 tgid;   /* initial pid namespace */
	__s32 tid;
	__u32 uid;	/* initial user namespace */
	__u32 text_len; /* bytes in text, NUL not counted */
	__u64 number;
	__u64 number2;
	__u64 ino;
	__u32 dev;
	__u32 gen;
	__u16 family;
	__u16 port; /* host order */
	__u32 protocol;
	__u8 addr[16];
	char comm[AGENTOS_COMM_SIZE];
	char text[AGENTOS_OBJECT_SIZE];
};

AGENTOS_EVENT_ASSERT(sizeof(struct agentos_event) == 152 + AGENTOS_OBJECT_SIZE, "event layout");

/* The maps are pinned here. */
#define AGENTOS_PIN_DIR "/sys/fs/bpf/agentos"
/* Rules of one policy, as it is written: agentosd adds up to twenty. */
#define AGENTOS_POLICY_RULES_MAX (AGENTOS_RULES_MAX - 20)

#define AGENTOS_WALK_MAX 64  /* path components a decision follows; deeper is denied */
#define AGENTOS_RECENT	 256 /* denials kept for the iterator; none that only would have been */

/* Per-CPU counters, summed by the reader. */
struct agentos_hook_count {
	__u64 denied; /* acts of agents that the hook refused; what it would have is not counted */
};

/*
 * Network traffic of an agent: bytes of IP packets, their headers included,
 * that sockets sent and received which the agent or a descendant made. The
 * programs count and refuse, the daemon charges the module with what is own and
 * sets ceilings to what the module says is left.
 */
#define AGENTOS_LINE	    (AGENTOS_DEPTH_MAX + 1)  /* an agent and all its ancestors */
#define AGENTOS_TRAFFIC_MAX (2 * AGENTOS_AGENTS_MAX) /* also those that ended a moment ago */

/* By agent; the programs write it. */
struct agentos_traffic {
	__u64 parent; /* 0 for none */
	__u64 bytes;  /* its own and its descendants' */
	__u64 own;    /* its own, and those of descendants that are no more */
};

/* By agent; the daemon writes it. */
struct agentos_allowance {
	__u64 ceiling; /* no packet passes once `bytes` is this much */
	__u64 charged; /* of `own`, what the module has been told */
	__u64 gone_ns; /* CLOCK_BOOTTIME, when the agent was first found to be no more */
};

/* Slots of the map `counting`. */
enum agentos_counting {
	AGENTOS_COUNTING_ON,   /* 1 while the programs that count are attached: the daemon's */
	AGENTOS_COUNTING_MADE, /* how often an agent was put into `traffic`, which is then there */
	AGENTOS_COUNTING_COUNT
};

/* Who pays for a socket's packets: its maker, the maker's parent and so on, 0 behind the last. */
struct agentos_payers {
	__u64 agent[AGENTOS_LINE];
};

enum agentos_ring { AGENTOS_RING_DENIALS, AGENTOS_RING_ALLOWED, AGENTOS_RING_COUNT };

#define AGENTOS_DENIALS_BYTES (4U << 20) /* of the first of them; a power of two */
#define AGENTOS_DENIAL_BYTES  648U	 /* that one record takes in it */
#define AGENTOS_SHARE_MAX     256U	 /* records of one agent in it: AGENTOS_IOC_DRAINED */

AGENTOS_EVENT_ASSERT(sizeof(struct agentos_event) + 8 == AGENTOS_DENIAL_BYTES, "its header");

/* Slots of the map `drops`: records that found no room, per ring; and behind these, */
#define AGENTOS_DROPS_REFUSED AGENTOS_RING_COUNT /* acts refused for it: AGENTOS_WHY_UNRECORDED */
#define AGENTOS_DROPS_COUNT   (AGENTOS_RING_COUNT + 1)

#endif /* _UAPI_AGENTOS_EVENT_H */
