/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* The contract of /dev/agentos: commands on the device, and the lifecycle records it gives. */
#ifndef _UAPI_AGENTOS_H
#define _UAPI_AGENTOS_H

#include <linux/ioctl.h>
#include <linux/types.h>

#include "agentos_agent.h"
#include "agentos_base.h"
#include "agentos_rights.h"

/* What this module can do; asked for with AGENTOS_IOC_VERSION, never guessed. */
#define AGENTOS_FEATURE_POLICY (1ULL << 0)  /* POLICY_NEW, RULE, DROP */
#define AGENTOS_FEATURE_KFUNCS (1ULL << 1)  /* module BTF present, kfuncs usable */
#define AGENTOS_FEATURE_DERIVE (1ULL << 2)  /* DUP, DERIVE, REVOKE; KILL_ON_CLOSE, GROUP */
#define AGENTOS_FEATURE_BUDGET (1ULL << 3)  /* BUDGET_SET, BUDGET_GET, RESERVE, SETTLE */
#define AGENTOS_FEATURE_PAUSE  (1ULL << 4)  /* PAUSE, RESUME */
#define AGENTOS_FEATURE_SCHED  (1ULL << 5)  /* SCHED */
#define AGENTOS_FEATURE_SLICE  (1ULL << 6)  /* the kernel lets SCHED set time slices */
#define AGENTOS_FEATURE_MAIL   (1ULL << 7)  /* MAIL_SEND, MAIL_RECEIVE */
#define AGENTOS_FEATURE_NET    (1ULL << 8)  /* POLICY_NET */
#define AGENTOS_FEATURE_AUDIT  (1ULL << 9)  /* CREATE_AUDIT_ONLY */
#define AGENTOS_FEATURE_CALLER (1ULL << 10) /* GATEWAY, CALLER, DENIED */
#define AGENTOS_FEATURE_STRICT (1ULL << 11) /* CREATE_STRICT */
#define AGENTOS_FEATURE_EFFECT (1ULL << 12) /* kill and watch of policies and their rules */
#define AGENTOS_FEATURE_FLOOD  (1ULL << 13) /* DRAINED, CREATE_UNHELD: who floods the log is held */

/*
 * AGENTOS_IOC_VERSION: what is this module?
 * Needs nothing beyond the open device.
 */
struct agentos_version {
	__u32 size;
	__u32 ret_abi;	    /* AGENTOS_ABI */
	__u64 ret_features; /* AGENTOS_FEATURE_* */
	__u64 ret_rights;   /* every right this module knows */
	__u64 ret_agents;   /* live agents now */
	__u64 ret_tasks;    /* thread groups in agents now */
	__u64 ret_policies; /* policy objects now */
	__u64 ret_pins;	    /* objects held by policies now */
	__u64 ret_limited;  /* agents with a limit of network bytes: somebody must count them */
};

/*
 * Flags of AGENTOS_IOC_CREATE.
 * UNENFORCED: ATTACH does not insist that the hooks are live. Identity,
 *	inheritance and kill work; rights are recorded and nobody checks them.
 *	INFO shows the flag. For tests and for measuring the module alone.
 * RECORD_ALLOWED: hooks record what they allow as well as what they deny.
 * KILL_ON_CLOSE: when the last descriptor of it is closed, it and its
 *	descendants are killed.
 * GROUP: no task may attach (-EOPNOTSUPP): it stands for those derived from it,
 *	which share its rights.
 * AUDIT_ONLY: what its rights and rules refuse is done all the same, and recorded
 *	as AGENTOS_VERDICT_WOULD_DENY: to learn what a program needs. Still refused
 *	is what no agent may do; what takes a right of AGENTOS_RIGHTS_GUARDED; the
 *	device, and whatever is on a file system of BPF. It is no confinement: a
 *	program in it is as free as outside, but for that. Those derived from it are
 *	audit-only, and no others are. INFO and the record of CREATE show the flag;
 *	only REVOKE takes it away: then all is refused. Needs a policy: that no agent
 *	may touch what enforces is a rule.
 * STRICT: with RECORD_ALLOWED: an act that there is no room to record is refused
 *	(AGENTOS_WHY_UNRECORDED), so that nothing is done that is not told. INFO and
 *	the record of CREATE show the flag; those derived from it have it, too.
 * UNHELD: is not held when it outruns its share of the denials' ring (DRAINED): for
 *	an agent that the reader of the ring itself waits for.
 */
#define AGENTOS_CREATE_UNENFORCED     (1U << 0)
#define AGENTOS_CREATE_RECORD_ALLOWED (1U << 1)
#define AGENTOS_CREATE_KILL_ON_CLOSE  (1U << 2)
#define AGENTOS_CREATE_GROUP	      (1U << 3)
#define AGENTOS_CREATE_AUDIT_ONLY     (1U << 4)
#define AGENTOS_CREATE_STRICT	      (1U << 5)
#define AGENTOS_CREATE_UNHELD	      (1U << 6)
#define AGENTOS_CREATE_ALL	      0x7fU

/*
 * AGENTOS_IOC_CREATE: make an agent without tasks; state `created`.
 * Needs CAP_SYS_ADMIN in the initial user namespace.
 *
 * name:   1 to 63 bytes, NUL-terminated, rest zero; bytes 0x21..0x7e without
 *         '/' only. Unique among agents that have not exited.
 * rights: what its tasks may do; 0 is refused, an agent that may do nothing
 *         cannot even exec.
 * policy: id from POLICY_NEW; 0 for none (no file, no address, only rights).
 * owner:  uid (initial user namespace) that owns the agent; may open and
 *         control it.
 *
 * The descriptor is close-on-exec. The agent exists while a descriptor or a
 * task refers to it.
 *
 * -EPERM   no CAP_SYS_ADMIN
 * -EINVAL  bad flags, rights, access, name or padding; invalid owner; AUDIT_ONLY
 *          without a policy; STRICT without RECORD_ALLOWED
 * -ENOENT  no such policy
 * -EEXIST  a live agent has this name
 * -ENOSPC  AGENTOS_AGENTS_MAX
 * -EMFILE, -ENFILE  no descriptor left
 */
struct agentos_create {
	__u32 size;
	__u32 flags;
	__u64 rights;
	__u32 policy;
	__u32 access; /* AGENTOS_ACCESS_*, for ret_fd; 0 is -EINVAL */
	__u32 owner;
	__u32 pad;
	char name[AGENTOS_NAME_SIZE];
	__u64 ret_id; /* never 0, never reused until the module is unloaded */
	__s32 ret_fd;
	__u32 ret_pad;
};

/*
 * AGENTOS_IOC_OPEN: a descriptor of an existing agent.
 * INSPECT is for whoever could open the device; the other bits are for the
 * owner (same real uid) and for CAP_SYS_ADMIN.
 *
 * -ESRCH   no such agent, or it is gone
 * -EACCES  not the owner, and access asks for more than INSPECT
 */
struct agentos_open {
	__u32 size;
	__u32 flags; /* 0 */
	__u64 id;
	__u32 access;
	__s32 ret_fd;
};

/*
 * AGENTOS_IOC_IDENTIFY: which agent is this process?
 *
 * pid:   thread group id as the caller's pid namespace sees it
 * start: its start time in clock ticks since boot, as field 22 of
 *        /proc/PID/stat has it, so that a reused pid is not mistaken;
 *        ignored with AGENTOS_IDENTIFY_ANY_START
 *
 * -ESRCH   no such process, or not that start time
 * -ENOENT  the process is in no agent
 */
#define AGENTOS_IDENTIFY_ANY_START (1U << 0)
struct agentos_identify {
	__u32 size;
	__u32 flags;
	__s32 pid;
	__u32 pad;
	__u64 start;
	__u64 ret_id;
};

/*
 * AGENTOS_IOC_ENUMERATE: ids in ascending order, those greater than `after`.
 * Ask again with the last id until ret_count < count.
 *
 * kind:  what to list
 * count: room at `ids`, 1..AGENTOS_ENUMERATE_MAX; ids points to __u64[count]
 */
#define AGENTOS_ENUMERATE_AGENTS   0U
#define AGENTOS_ENUMERATE_POLICIES 1U
struct agentos_enumerate {
	__u32 size;
	__u32 kind;
	__u64 after;
	__u64 ids;
	__u32 count;
	__u32 ret_count;
};

/*
 * What comes of an act that a policy is about
 *
 * Denied, it is refused. To kill is to deny, and then to end the agent that tried,
 * with all below it (AGENTOS_REASON_POLICY): the task that did it does not come back
 * to user mode. To watch is to allow, and to record the act as
 * AGENTOS_VERDICT_WOULD_DENY; what even an audit-only agent is refused is refused
 * here as well. Agents that are audit-only are not killed, and nobody is for what he
 * is sent: a file that it is death to open is not received, and that is all. Of rules
 * that are equally near kill goes before deny, that before watch, and watch before
 * allow. A move by which what is watched would not be any more is watched itself.
 * RESTRICT and REVOKE take what is watched for want of a right as they take the right.
 */

/*
 * AGENTOS_IOC_POLICY_NEW: an empty policy: whatever it has no rule about is
 * refused. Needs CAP_SYS_ADMIN. It outlives whoever made it; POLICY_DROP ends it.
 *
 * kill:  rights for want of which an agent is killed
 * watch: rights for want of which an act is only recorded: of
 *        AGENTOS_RIGHTS_WATCHABLE, none of kill
 *
 * -EINVAL  flags, kill, watch
 * -ENOSPC  AGENTOS_POLICIES_MAX
 */
struct agentos_policy_new {
	__u32 size;
	__u32 flags; /* 0 */
	__u64 kill;
	__u64 watch;
	__u32 ret_policy; /* never 0 */
	__u32 pad;
};

/*
 * AGENTOS_IOC_POLICY_RULE: hold the object behind a descriptor (O_PATH will do)
 * while the policy lives, and put a rule on it, or on a name in it. A held
 * object is not mistaken for another, and its mount not unmounted (-EBUSY
 * there). Needs CAP_SYS_ADMIN.
 *
 * For each kind of access the nearest rule decides: the object's own or its
 * name's, then those of the directory it is in, and so on up. Two rules on the
 * same are merged, and deny wins; so it does between an object's rule and its
 * name's.
 *
 * With ANYWHERE it is about a name in any directory, and holds nothing: fd is -1,
 * allow 0. One asterisk, at the beginning or the end of the name, stands for any
 * bytes. It denies as a rule on each object of such a name would. Of a directory
 * where names are not compared byte by byte all is denied then, but for what
 * nearer rules allow. What it watches it does not allow: that do the object's own
 * rules and those further up, and it is watched then. Where names are not compared
 * byte by byte, all that they allow is.
 *
 * With ABSTRACT it is about Unix sockets of that abstract name (without the byte
 * before it), and holds nothing: fd is -1, allow is CONNECT, all others 0. One asterisk
 * as above, or alone for each name.
 *
 * allow, deny: AGENTOS_FILE_*, no bit in both; 0 and 0 only holds it
 * kill:        of those that it denies
 * watch:       of those that it allows; with ANYWHERE, none that it denies
 * number:      told in records when it refuses; not AGENTOS_RULE_NONE
 * name:        NUL-padded; empty for the object itself
 *
 * ret_object: opaque: equal for equal objects while they are held
 *
 * -ENOENT      no such policy
 * -EBUSY       an agent uses it, or did: make another
 * -EBADF       fd is not open; or is, with ANYWHERE or ABSTRACT
 * -EINVAL      bits in flags, allow, deny, kill or watch, the number, or no name of a file
 * -EOPNOTSUPP  no path leads there: a pipe, a socket, a memfd
 * -ENOTDIR     a name in what is no directory
 * -ENOTUNIQ    names in this directory are not compared byte by byte (vfat,
 *              cifs, a casefolded directory): a rule on a name would miss its
 *              other forms
 * -ENOSPC      AGENTOS_RULES_MAX; AGENTOS_PATTERNS_MAX
 */
#define AGENTOS_RULE_ANYWHERE (1U << 0)
#define AGENTOS_RULE_ABSTRACT (1U << 1)
struct agentos_policy_rule {
	__u32 size;
	__u32 policy;
	__s32 fd;
	__u32 flags; /* AGENTOS_RULE_*, at most one */
	__u8 allow;
	__u8 deny;
	__u8 kill;
	__u8 watch;
	__u32 number;
	char name[AGENTOS_RULE_NAME_SIZE];
	__u64 ret_object;
	__u32 ret_mode; /* type bits of i_mode */
	__u32 ret_nlink;
};

/*
 * AGENTOS_IOC_POLICY_NET: put a rule on addresses of the network. Needs
 * CAP_SYS_ADMIN.
 *
 * Of the rules on an act, an address and its port those decide whose prefix is
 * the longest; of these, deny does. What there is no rule on is refused. IPv4
 * is IPv4 in IPv6 as well (::ffff:0:0/96). To connect or send to the unspecified
 * address, which means another, takes a rule on itself, with a full prefix. To
 * take the unspecified address of IPv6 takes rules on both families'.
 * Sockets of other families take the right alone. Rights come first.
 *
 * family, addr: AF_INET with 4 bytes, the rest zero, or AF_INET6; network order
 * prefix:       bits of addr that count; those behind it are zero
 * port_first, port_last: in host order. To bind to port 0 is to let the kernel
 *               choose.
 * allow, deny:  AGENTOS_NET_*, no bit in both, and one at least
 * kill, watch:  of those that it denies, and of those that it allows
 * number:       told in records when it refuses; not AGENTOS_RULE_NONE
 *
 * -ENOENT  no such policy
 * -EBUSY   an agent uses it, or did: make another
 * -EINVAL  family, prefix, bits of addr behind it, an order of ports that is
 *          none, IPv4 written as IPv6, allow, deny, kill, watch, number
 * -ENOSPC  AGENTOS_NET_RULES_MAX
 */
struct agentos_policy_net {
	__u32 size;
	__u32 policy;
	__u32 number;
	__u16 family;
	__u8 prefix;
	__u8 pad; /* 0 */
	__u8 addr[16];
	__u16 port_first;
	__u16 port_last;
	__u8 allow;
	__u8 deny;
	__u8 kill;
	__u8 watch;
};

/*
 * AGENTOS_IOC_POLICY_DROP: let go of its objects. Needs CAP_SYS_ADMIN.
 *
 * -ENOENT  no such policy
 * -EBUSY   an agent that has not exited refers to it
 */
struct agentos_policy_drop {
	__u32 size;
	__u32 policy;
};

/*
 * AGENTOS_IOC_SEEK: set where read() on this open device goes on.
 * seq: the first lifecycle record wanted; 0 means the oldest kept,
 *	AGENTOS_SEEK_END only what comes from now on. A number beyond the
 *	newest record's successor is -EINVAL.
 */
#define AGENTOS_SEEK_END (~0ULL)
struct agentos_seek {
	__u32 size;
	__u32 flags; /* 0 */
	__u64 seq;
};

/*
 * AGENTOS_IOC_GATEWAY: 127.0.0.1 and this port, in the caller's network namespace,
 * is where something connects for agents that their rules let connect there, and
 * asks CALLER for whom. From now on, until it is another: who connects there is
 * remembered, and no agent may bind a socket to that port or listen there, with
 * any address and protocol of IP and in any namespace, whatever its rights and
 * rules (AGENTOS_WHY_NEVER). A socket that has it already is not taken away. Needs
 * CAP_SYS_ADMIN in the initial user namespace, outside of all agents.
 *
 * With SOCKET it listens at a Unix socket as well, which stands for that address:
 * an agent connects to it by the right and the rules that it would connect there by
 * over TCP, whatever those on Unix sockets say, and is remembered likewise.
 *
 * port: in host order; 0: there is none
 * fd:   with SOCKET a Unix stream socket that listens; it is not held
 *
 * -EPERM       no CAP_SYS_ADMIN, or in an agent
 * -EINVAL      padding or an unknown flag; a socket and no port, or no flag and an fd
 * -EBADF       fd is not open, or is O_PATH
 * -ENOTSOCK    it is no socket
 * -EOPNOTSUPP  of another kind, or it does not listen
 */
#define AGENTOS_GATEWAY_SOCKET (1U << 0)
struct agentos_gateway {
	__u32 size;
	__u16 port;
	__u16 flags;
	__s32 fd;
	__u32 pad;
};

/*
 * AGENTOS_IOC_CALLER: the agent that connected the other end of an accepted
 * connection to the gateway's address, or its Unix socket. It is that of the task which called
 * connect() at last (or sendto()), not of who made the socket or has it now. Of a socket that
 * an agent called with, and that somebody outside of all agents connected anew,
 * that agent is told. Also from within an agent.
 *
 * Of an agent's calls the newest AGENTOS_CALLS_KEPT are known: ask at once. What
 * is not seen to be a call is none: MPTCP, one to an address that means this one
 * ("0.0.0.0"), or that was redirected, or made when memory was short.
 *
 * ret_policy, ret_flags: as they are now. An agent that has exited is told, with
 * the last it had, while a descriptor of it or of one below it is open.
 *
 * -EBADF       fd is not open, or is O_PATH
 * -ENOTSOCK    it is no socket
 * -EOPNOTSUPP  of another kind than TCP on AF_INET, or a stream on AF_UNIX
 * -ENOTCONN    not connected, or not any more (listening, reset)
 * -ENOENT      not to the gateway's address, or no agent's call
 */
struct agentos_caller {
	__u32 size;
	__s32 fd;
	__u64 ret_agent;
	__u32 ret_policy;
	__u32 ret_flags; /* AGENTOS_CREATE_AUDIT_ONLY, or 0 */
};

/*
 * AGENTOS_IOC_DENIED: the agent was refused something that no hook of ours is about;
 * it counts among its denials, as INFO tells them. Needs CAP_SYS_ADMIN.
 *
 * -ESRCH   no such agent, or it is gone
 * -EINVAL  padding
 */
struct agentos_denied {
	__u32 size;
	__u32 pad;
	__u64 id;
};

/*
 * AGENTOS_IOC_DRAINED: how far the ring of denials has been read. Needs
 * CAP_SYS_ADMIN.
 *
 * An agent may have as many records in that ring as its share: an eighth of what
 * is free below three quarters of the ring, and at most AGENTOS_SHARE_MAX. A task that
 * makes one more is held on its way back to user mode, where it can be killed,
 * until all that was in the ring before that record has been read. So no agent
 * can take the room of another, and none is lost for want of a reader, unless more
 * threads than have room in the last quarter (AGENTOS_DENIALS_BYTES / 4, of 648
 * bytes each) are refused something while nobody reads. One that is refused more
 * in the same system call, so that it cannot be held between, may fill three
 * quarters; what it does beyond that is told by its number (OTHERS of
 * AGENTOS_LIFECYCLE_REPEATED). Beginning and end of it are told: HELD, RELEASED.
 *
 * consumed: the consumer's position; AGENTOS_DRAINED_NEVER: records cannot be kept:
 *	nobody but STRICT agents is held for it any more, until there is a position
 *
 * -EPERM   no CAP_SYS_ADMIN
 * -EINVAL  padding
 */
#define AGENTOS_DRAINED_NEVER (~0ULL)
struct agentos_drained {
	__u32 size;
	__u32 pad;
	__u64 consumed;
};

#define AGENTOS_IOC_VERSION	_IOWR(AGENTOS_IOC_MAGIC, 0, struct agentos_version)
#define AGENTOS_IOC_CREATE	_IOWR(AGENTOS_IOC_MAGIC, 1, struct agentos_create)
#define AGENTOS_IOC_OPEN	_IOWR(AGENTOS_IOC_MAGIC, 2, struct agentos_open)
#define AGENTOS_IOC_IDENTIFY	_IOWR(AGENTOS_IOC_MAGIC, 3, struct agentos_identify)
#define AGENTOS_IOC_ENUMERATE	_IOWR(AGENTOS_IOC_MAGIC, 4, struct agentos_enumerate)
#define AGENTOS_IOC_POLICY_NEW	_IOWR(AGENTOS_IOC_MAGIC, 5, struct agentos_policy_new)
#define AGENTOS_IOC_POLICY_RULE _IOWR(AGENTOS_IOC_MAGIC, 6, struct agentos_policy_rule)
#define AGENTOS_IOC_POLICY_DROP _IOWR(AGENTOS_IOC_MAGIC, 7, struct agentos_policy_drop)
#define AGENTOS_IOC_SEEK	_IOWR(AGENTOS_IOC_MAGIC, 8, struct agentos_seek)
#define AGENTOS_IOC_POLICY_NET	_IOWR(AGENTOS_IOC_MAGIC, 9, struct agentos_policy_net)
#define AGENTOS_IOC_GATEWAY	_IOWR(AGENTOS_IOC_MAGIC, 10, struct agentos_gateway)
#define AGENTOS_IOC_CALLER	_IOWR(AGENTOS_IOC_MAGIC, 11, struct agentos_caller)
#define AGENTOS_IOC_DENIED	_IOWR(AGENTOS_IOC_MAGIC, 12, struct agentos_denied)
#define AGENTOS_IOC_DRAINED	_IOWR(AGENTOS_IOC_MAGIC, 13, struct agentos_drained)

/*
 * Lifecycle records, from read() on the device: whole records only (a buffer
 * shorter than one is -EINVAL); read() blocks when there is none unless
 * O_NONBLOCK (-EAGAIN), poll() says EPOLLIN when there is one. A new
 * descriptor begins at the oldest record kept. A reader that was outrun gets
 * one LOST record with the number of records missed.
 */
enum agentos_lifecycle_type {
	AGENTOS_LIFECYCLE_LOST = 0,
	AGENTOS_LIFECYCLE_CREATE = 1,
	AGENTOS_LIFECYCLE_ATTACH = 2,	/* a process joined */
	AGENTOS_LIFECYCLE_RESTRICT = 3, /* rights narrowed; `rights` is what is left */
	AGENTOS_LIFECYCLE_KILL = 4,	/* kill was asked for, or earned */
	AGENTOS_LIFECYCLE_EXIT = 5,	/* last task gone, or never had one and was closed */
	AGENTOS_LIFECYCLE_REVOKE = 6,	/* all rights taken, for good */
	AGENTOS_LIFECYCLE_BUDGET = 7,	/* code percent of a limit are used up */
	AGENTOS_LIFECYCLE_PAUSE = 8,	/* by whom, or with AGENTOS_REASON_BUDGET */
	AGENTOS_LIFECYCLE_RESUME = 9,
	AGENTOS_LIFECYCLE_POLICY = 10, /* follows another; `policy` is the new one */
	/*
	 * Of denials, and at most one of each a second: what can wait, and waits when
	 * nobody reads. `count` denials of the same act in a row, after the one whose
	 * record has the time since_ns: the last at time_ns. With OTHERS they were
	 * different ones, the first at since_ns. `reason` is the verdict (of the last).
	 */
	AGENTOS_LIFECYCLE_REPEATED = 11,
	/* It outran its share of the denials' ring, `code`, with `in_flight` in it: at time_ns. */
	AGENTOS_LIFECYCLE_HELD = 12,
	/* Threads were held `count` times, from since_ns to time_ns; none for a second. */
	AGENTOS_LIFECYCLE_RELEASED = 13,
};

/* code of AGENTOS_LIFECYCLE_REPEATED */
#define AGENTOS_REPEATED_SAME	0
#define AGENTOS_REPEATED_OTHERS 1

enum agentos_exit_reason {
	AGENTOS_REASON_NONE = 0,
	AGENTOS_REASON_EXIT = 1,   /* its first process exited; code = exit status */
	AGENTOS_REASON_SIGNAL = 2, /* its first process died of a signal; code = signal */
	AGENTOS_REASON_KILLED = 3, /* AGENTOS_AGENT_KILL */
	AGENTOS_REASON_UNUSED = 4, /* closed before a task attached */
	AGENTOS_REASON_BUDGET = 5, /* killed when a budget was used up */
	AGENTOS_REASON_POLICY = 6, /* killed for what it tried, as its policy says */
};

struct agentos_lifecycle {
	__u32 size;   /* of this record */
	__u16 type;   /* enum agentos_lifecycle_type */
	__u16 reason; /* enum agentos_exit_reason, for EXIT and PAUSE; for KILL, if POLICY; */
	/* for REPEATED: enum agentos_verdict */
	__u64 seq;     /* counts from 1 since the module was loaded */
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u64 agent;
	union {
		__u64 rights;
		__u64 since_ns; /* for REPEATED and RELEASED */
	};
	union {
		__u64 lost;  /* for LOST: records missed */
		__u64 count; /* for REPEATED and RELEASED */
	};
	__s32 tgid; /* initial pid namespace; who attached, asked, or was denied last or held */
	__u32 uid;  /* initial user namespace; the agent's owner */
	__s32 code; /* for EXIT; for BUDGET: percent; for POLICY: the one before; */
		    /* for CREATE: its AGENTOS_CREATE_*; for REPEATED and HELD as said there */
	__u32 policy;
	union {
		__u32 forks;	 /* for EXIT: processes forked inside, modulo 2^32 */
		__u32 in_flight; /* for HELD */
	};
	__u32 resource; /* for BUDGET: enum agentos_resource */
	__u64 parent;	/* 0: none */
	char name[AGENTOS_NAME_SIZE];
};

AGENTOS_ASSERT(sizeof(struct agentos_version) == 64);
AGENTOS_ASSERT(sizeof(struct agentos_create) == 112);
AGENTOS_ASSERT(sizeof(struct agentos_open) == 24);
AGENTOS_ASSERT(sizeof(struct agentos_identify) == 32);
AGENTOS_ASSERT(sizeof(struct agentos_enumerate) == 32);
AGENTOS_ASSERT(sizeof(struct agentos_policy_new) == 32);
AGENTOS_ASSERT(sizeof(struct agentos_policy_rule) == 104);
AGENTOS_ASSERT(sizeof(struct agentos_policy_drop) == 8);
AGENTOS_ASSERT(sizeof(struct agentos_seek) == 16);
AGENTOS_ASSERT(sizeof(struct agentos_policy_net) == 40);
AGENTOS_ASSERT(sizeof(struct agentos_gateway) == 16);
AGENTOS_ASSERT(sizeof(struct agentos_caller) == 24);
AGENTOS_ASSERT(sizeof(struct agentos_denied) == 16);
AGENTOS_ASSERT(sizeof(struct agentos_drained) == 16);
AGENTOS_ASSERT(sizeof(struct agentos_lifecycle) == 144);

#endif /* _UAPI_AGENTOS_H */
