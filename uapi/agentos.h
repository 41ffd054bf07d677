/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* The contract of /dev/agentos: ioctls, agent descriptors, limits, lifecycle records. */
#ifndef _UAPI_AGENTOS_H
#define _UAPI_AGENTOS_H

#include <linux/ioctl.h>
#include <linux/types.h>

#include "agentos_rights.h"

/*
 * Rules that hold for every command
 *
 * - Each struct begins with `size`: the caller sets sizeof() of what it was
 *   compiled with. A shorter struct than the first version's is -EINVAL; a
 *   longer one is accepted when all bytes the module does not know are zero,
 *   else -E2BIG. There are no holes; padding must be zero (-EINVAL).
 * - Unknown flags, rights or access bits are -EINVAL. Nothing is changed by a
 *   command that fails.
 * - Fields named ret_* are written only on success.
 * - An unknown command is -ENOTTY, an unreadable or unwritable pointer is
 *   -EFAULT, want of memory is -ENOMEM.
 * - A process that is itself in an agent is refused the device (-EPERM on
 *   open), and read() and every command on a descriptor of the device it may
 *   have been left with (-EPERM).
 * - On an agent descriptor it may ask INFO and DUP. Everything else it may ask
 *   only of descendants of its own agent (-EPERM), but for DERIVE, which it may
 *   ask of its own as well.
 */

#define AGENTOS_ABI    1
#define AGENTOS_DEVICE "/dev/agentos"

/* Limits. Reaching one is an error with a name, never a truncation. */
#define AGENTOS_NAME_SIZE      64    /* bytes, the NUL included */
#define AGENTOS_AGENTS_MAX     16384 /* live agents: -ENOSPC */
#define AGENTOS_POLICIES_MAX   4096  /* policy objects: -ENOSPC */
#define AGENTOS_PINS_MAX       4096  /* objects held by one policy: -ENOSPC */
#define AGENTOS_LIFECYCLE_KEPT 4096  /* records kept for readers */
#define AGENTOS_ENUMERATE_MAX  4096  /* ids in one answer */
#define AGENTOS_DEPTH_MAX      8     /* generations below an agent without parent: -EMLINK */
#define AGENTOS_CHILDREN_MAX   1024  /* live agents derived from one: -ENOSPC */
#define AGENTOS_STRUCT_MAX     4096  /* largest `size` accepted: -E2BIG */

/* What this module can do; asked for with AGENTOS_IOC_VERSION, never guessed. */
#define AGENTOS_FEATURE_POLICY (1ULL << 0) /* POLICY_NEW, PIN, DROP */
#define AGENTOS_FEATURE_KFUNCS (1ULL << 1) /* module BTF present, kfuncs usable */
#define AGENTOS_FEATURE_DERIVE (1ULL << 2) /* DUP, DERIVE, REVOKE; KILL_ON_CLOSE, GROUP */
#define AGENTOS_FEATURE_BUDGET (1ULL << 3) /* BUDGET_SET, BUDGET_GET, RESERVE, SETTLE */

/*
 * Bits of an agent descriptor's access mask. To pass a descriptor on is to
 * delegate what it can do; DUP makes one that can do less, nothing makes one
 * that can do more.
 */
#define AGENTOS_ACCESS_INSPECT (1U << 0) /* INFO, BUDGET_GET, poll */
#define AGENTOS_ACCESS_ATTACH  (1U << 1) /* ATTACH */
#define AGENTOS_ACCESS_CONTROL (1U << 2) /* RESTRICT, REVOKE, KILL, BUDGET_SET */
#define AGENTOS_ACCESS_DERIVE  (1U << 3) /* DERIVE */
#define AGENTOS_ACCESS_CHARGE  (1U << 4) /* RESERVE, SETTLE */
#define AGENTOS_ACCESS_ALL     0x1fU

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
 */
#define AGENTOS_CREATE_UNENFORCED     (1U << 0)
#define AGENTOS_CREATE_RECORD_ALLOWED (1U << 1)
#define AGENTOS_CREATE_KILL_ON_CLOSE  (1U << 2)
#define AGENTOS_CREATE_GROUP	      (1U << 3)
#define AGENTOS_CREATE_ALL	      0xfU

/*
 * AGENTOS_IOC_CREATE: make an agent without tasks; state `created`.
 * Needs CAP_SYS_ADMIN in the initial user namespace.
 *
 * name:   1 to 63 bytes, NUL-terminated, rest zero; bytes 0x21..0x7e without
 *         '/' only. Unique among agents that have not exited.
 * rights: what its tasks may do; 0 is refused, an agent that may do nothing
 *         cannot even exec.
 * policy: id from POLICY_NEW; 0 for none (no file, only rights).
 * owner:  uid (initial user namespace) that owns the agent; may open and
 *         control it.
 *
 * The descriptor is close-on-exec. The agent exists while a descriptor or a
 * task refers to it.
 *
 * -EPERM   no CAP_SYS_ADMIN
 * -EINVAL  bad flags, rights, access, name or padding; invalid owner
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
 * INSPECT is for whoever could open the device; ATTACH and CONTROL are for the
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
 * AGENTOS_IOC_POLICY_NEW: an id under which BPF's maps keep rules, and which
 * holds the objects those rules name. Needs CAP_SYS_ADMIN.
 * It outlives whoever made it; POLICY_DROP ends it.
 *
 * -ENOSPC  AGENTOS_POLICIES_MAX
 */
struct agentos_policy_new {
	__u32 size;
	__u32 flags;	  /* 0 */
	__u32 ret_policy; /* never 0 */
	__u32 pad;
};

/*
 * AGENTOS_IOC_POLICY_PIN: hold the object behind a descriptor (O_PATH will do)
 * while the policy lives, and tell by what number the hooks know it. A held
 * object keeps that number from meaning another one, and its mount from being
 * unmounted (-EBUSY there). Needs CAP_SYS_ADMIN.
 *
 * FOLDS: names in this directory are not compared byte by byte (vfat, cifs, a
 *	casefolded directory): a rule on a name there would miss its other forms
 *
 * ret_object: opaque, and only good as a key of BPF's maps; equal for equal
 *             objects while they are held
 *
 * -ENOENT      no such policy
 * -EBADF       fd is not open
 * -EOPNOTSUPP  no path leads there: a pipe, a socket, a memfd
 * -ENOSPC      AGENTOS_PINS_MAX
 */
#define AGENTOS_PIN_FOLDS (1U << 0)
struct agentos_policy_pin {
	__u32 size;
	__u32 policy;
	__s32 fd;
	__u32 flags; /* 0 */
	__u64 ret_object;
	__u32 ret_mode; /* type bits of i_mode */
	__u32 ret_nlink;
	__u32 ret_flags; /* AGENTOS_PIN_* */
	__u32 pad;
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

#define AGENTOS_IOC_MAGIC	0xA0
#define AGENTOS_IOC_VERSION	_IOWR(AGENTOS_IOC_MAGIC, 0, struct agentos_version)
#define AGENTOS_IOC_CREATE	_IOWR(AGENTOS_IOC_MAGIC, 1, struct agentos_create)
#define AGENTOS_IOC_OPEN	_IOWR(AGENTOS_IOC_MAGIC, 2, struct agentos_open)
#define AGENTOS_IOC_IDENTIFY	_IOWR(AGENTOS_IOC_MAGIC, 3, struct agentos_identify)
#define AGENTOS_IOC_ENUMERATE	_IOWR(AGENTOS_IOC_MAGIC, 4, struct agentos_enumerate)
#define AGENTOS_IOC_POLICY_NEW	_IOWR(AGENTOS_IOC_MAGIC, 5, struct agentos_policy_new)
#define AGENTOS_IOC_POLICY_PIN	_IOWR(AGENTOS_IOC_MAGIC, 6, struct agentos_policy_pin)
#define AGENTOS_IOC_POLICY_DROP _IOWR(AGENTOS_IOC_MAGIC, 7, struct agentos_policy_drop)
#define AGENTOS_IOC_SEEK	_IOWR(AGENTOS_IOC_MAGIC, 8, struct agentos_seek)

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
	AGENTOS_LIFECYCLE_KILL = 4,	/* kill was asked for */
	AGENTOS_LIFECYCLE_EXIT = 5,	/* last task gone, or never had one and was closed */
	AGENTOS_LIFECYCLE_REVOKE = 6,	/* all rights taken, for good */
	AGENTOS_LIFECYCLE_BUDGET = 7,	/* code percent of a limit are used up */
};

enum agentos_exit_reason {
	AGENTOS_REASON_NONE = 0,
	AGENTOS_REASON_EXIT = 1,   /* its first process exited; code = exit status */
	AGENTOS_REASON_SIGNAL = 2, /* its first process died of a signal; code = signal */
	AGENTOS_REASON_KILLED = 3, /* AGENTOS_AGENT_KILL */
	AGENTOS_REASON_UNUSED = 4, /* closed before a task attached */
	AGENTOS_REASON_BUDGET = 5, /* killed when a budget was used up */
};

struct agentos_lifecycle {
	__u32 size;    /* of this record */
	__u16 type;    /* enum agentos_lifecycle_type */
	__u16 reason;  /* enum agentos_exit_reason, for EXIT */
	__u64 seq;     /* counts from 1 since the module was loaded */
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u64 agent;
	__u64 rights;
	__u64 lost; /* for LOST: records missed */
	__s32 tgid; /* initial pid namespace; who attached, or who asked */
	__u32 uid;  /* initial user namespace; the agent's owner */
	__s32 code; /* for EXIT; for BUDGET: percent */
	__u32 policy;
	__u32 forks;	/* for EXIT: processes forked inside, modulo 2^32 */
	__u32 resource; /* for BUDGET: enum agentos_resource */
	__u64 parent;	/* 0: none */
	char name[AGENTOS_NAME_SIZE];
};

/*
 * On an agent descriptor. poll() says EPOLLIN | EPOLLHUP once the agent has
 * exited. Each command checks the descriptor's access mask first (-EACCES).
 */

/*
 * AGENTOS_AGENT_ATTACH: the calling process joins. It cannot leave. What it
 * forks from now on is in the agent before it first runs. A process that is in
 * an agent already may move into a descendant of that.
 *
 * -EOPNOTSUPP  a GROUP has no tasks
 * -EBUSY    the caller has other threads, or shares its memory, files or fs
 *           with another process (vfork, CLONE_FILES): they would stay outside
 * -EPERM    the caller is in an agent already, of which this is no descendant
 * -ESRCH    the agent is exiting or has exited
 * -EUNATCH  enforcement is not attached: the module opened a directory on the
 *           caller's behalf, and no hook refused it. Nothing was changed.
 */
struct agentos_attach {
	__u32 size;
	__u32 flags; /* 0 */
};

enum agentos_state {
	AGENTOS_STATE_CREATED = 0,
	AGENTOS_STATE_RUNNING = 1,
	AGENTOS_STATE_EXITING = 2,
	AGENTOS_STATE_EXITED = 3,
};

/* AGENTOS_AGENT_INFO: what the kernel holds about it. */
struct agentos_info {
	__u32 size;
	__u32 ret_flags; /* AGENTOS_CREATE_* */
	__u64 ret_id;
	__u64 ret_rights;
	__u64 ret_created_ns; /* CLOCK_BOOTTIME */
	__u64 ret_forks;      /* processes forked inside since creation */
	__u32 ret_policy;
	__u32 ret_owner;
	__u32 ret_state;  /* enum agentos_state */
	__u32 ret_reason; /* enum agentos_exit_reason */
	__s32 ret_code;
	__u32 ret_tasks; /* thread groups now */
	__s32 ret_first; /* tgid of the first to attach, initial pid namespace; 0: none */
	__u32 pad;
	char ret_name[AGENTOS_NAME_SIZE];
	__u64 ret_parent;   /* id of what it was derived from; 0: none */
	__u32 ret_depth;    /* generations above it */
	__u32 ret_children; /* agents derived from it, directly, that are not gone */
};

/*
 * AGENTOS_AGENT_RESTRICT: rights &= mask, of the agent and of all its
 * descendants. Never widens; takes effect at each task's next hook. What is
 * past its hook completes, and files that are open stay open. A descendant may
 * be left without any right.
 * -EINVAL  a bit of mask is unknown, or nothing would be left
 * -ESRCH   exiting or exited
 */
struct agentos_restrict {
	__u32 size;
	__u32 flags; /* 0 */
	__u64 mask;
	__u64 ret_rights;
};

/*
 * AGENTOS_AGENT_KILL: SIGKILL to every task of the agent and of all its
 * descendants, and a bar on new ones: nothing of them returns to user mode.
 * Returns when the signals are sent; poll()
 * tells when the last task is gone. Killing an exited agent is a no-op.
 */
struct agentos_kill {
	__u32 size;
	__u32 flags;	 /* 0 */
	__u32 ret_tasks; /* thread groups that were signalled */
	__u32 pad;
};

/*
 * AGENTOS_AGENT_DUP: another descriptor of the same agent, that can do less.
 * Needs no access bit.
 *
 * access: a subset of what this descriptor has; 0 is -EINVAL
 *
 * -EACCES  access asks for more
 * -EMFILE, -ENFILE  no descriptor left
 */
struct agentos_dup {
	__u32 size;
	__u32 flags; /* 0 */
	__u32 access;
	__s32 ret_fd;
};

/*
 * AGENTOS_AGENT_DERIVE: a sub-agent, in state `created`. It belongs to the same
 * owner. What its parent loses it loses; what kills its parent kills it; that
 * its parent's tasks end does not end it.
 *
 * flags:  as for CREATE. UNENFORCED only if the parent is, and then always;
 *         RECORD_ALLOWED is inherited.
 * rights: a subset of the parent's
 * policy: 0 for the parent's. Another one needs CAP_SYS_ADMIN and a caller
 *         outside of all agents: whoever gives it answers for its being
 *         narrower.
 * name:   as for CREATE; it begins with the parent's name and a dot
 *
 * -EPERM   rights the parent has not; a policy that the caller may not give;
 *          the caller is in an agent without the right `derive`
 * -EINVAL  bad flags, rights, access, name or padding
 * -ESRCH   the parent is exiting or has exited, or its rights were revoked
 * -EMLINK  AGENTOS_DEPTH_MAX
 * -ENOSPC  AGENTOS_CHILDREN_MAX, AGENTOS_AGENTS_MAX
 * -ENOENT, -EEXIST, -EMFILE, -ENFILE as for CREATE
 */
struct agentos_derive {
	__u32 size;
	__u32 flags;
	__u64 rights;
	__u32 policy;
	__u32 access;
	char name[AGENTOS_NAME_SIZE];
	__u64 ret_id;
	__s32 ret_fd;
	__u32 pad;
};

/*
 * AGENTOS_AGENT_REVOKE: takes all rights from the agent and all its
 * descendants, for good: from each task's next hook on everything is refused,
 * and none of them can be joined or derived from. A second time is a no-op.
 *
 * HARD: and kills them, as KILL does.
 *
 * -ESRCH  exiting or exited
 */
#define AGENTOS_REVOKE_HARD (1U << 0)
struct agentos_revoke {
	__u32 size;
	__u32 flags;
	__u32 ret_agents; /* agents whose rights were taken */
	__u32 pad;
};

/*
 * Budgets. What is used is counted in the agent and in each of its ancestors;
 * a limit of any of them holds. Who sells a resource (the gateway, for model
 * calls) reserves what it may cost, and settles what it has cost:
 *
 * reserve   RESERVE
 * settle    SETTLE with what was reserved, and what was used, less or more
 * release   SETTLE with used 0
 * charge    SETTLE with reserved 0
 *
 * No interleaving of reservations passes a limit by one unit. What was used is
 * counted in full even beyond the limit; then the next RESERVE fails. What is
 * settled after a reset belongs to the new period. A descriptor gives back
 * what it has reserved when it is closed.
 *
 * At 80 and at 100 percent of a limit there is a lifecycle record, each once
 * in a period, and at 100 the action.
 */
enum agentos_resource {
	AGENTOS_RESOURCE_TOKENS = 0,
	AGENTOS_RESOURCE_MICRODOLLARS = 1,
	AGENTOS_RESOURCE_TOOL_CALLS = 2,
};

#define AGENTOS_RESOURCE_COUNT 3

/* What comes to the agent and all its descendants when its limit is used up. */
enum agentos_budget_action {
	AGENTOS_BUDGET_REFUSE = 0, /* nothing but that RESERVE fails */
	AGENTOS_BUDGET_KILL = 1,   /* KILL, with AGENTOS_REASON_BUDGET */
};

#define AGENTOS_BUDGET_UNLIMITED (~0ULL)

/*
 * AGENTOS_AGENT_BUDGET_SET: how much of a resource may be used. Used and
 * reserved stay as they are, even where they pass the new limit.
 *
 * limit:     AGENTOS_BUDGET_UNLIMITED for none, which is how an agent begins
 * period_ns: after which used begins at 0 again; 0 for never
 * reset_ns:  end of the first period, CLOCK_BOOTTIME; 0 for one period from now
 *
 * -EINVAL  unknown resource or action; reset_ns has passed, or stands without
 *          period_ns; the period ends beyond the end of time
 * -ESRCH   exiting or exited
 */
struct agentos_budget_set {
	__u32 size;
	__u32 resource; /* enum agentos_resource */
	__u64 limit;
	__u64 period_ns;
	__u64 reset_ns;
	__u32 action; /* enum agentos_budget_action */
	__u32 pad;
};

/* AGENTOS_AGENT_BUDGET_GET: -EINVAL unknown resource. */
struct agentos_budget_get {
	__u32 size;
	__u32 resource;
	__u64 ret_limit;
	__u64 ret_used;
	__u64 ret_reserved;
	__u64 ret_period_ns;
	__u64 ret_reset_ns;
	__u32 ret_action;
	__u32 pad;
};

/*
 * AGENTOS_AGENT_RESERVE: sets an amount aside, in the agent and all ancestors,
 * or in none.
 *
 * -EINVAL     unknown resource
 * -EDQUOT     more than is left, here or further up
 * -EOVERFLOW  more than can be counted
 * -ESRCH      exiting or exited
 */
struct agentos_reserve {
	__u32 size;
	__u32 resource;
	__u64 amount;
};

/*
 * AGENTOS_AGENT_SETTLE: gives back what was reserved, and counts what was
 * used. Works on an exited agent as well: its ancestors pay.
 *
 * -EINVAL  unknown resource; this descriptor has not reserved as much
 */
struct agentos_settle {
	__u32 size;
	__u32 resource;
	__u64 reserved;
	__u64 used;
};

#define AGENTOS_AGENT_ATTACH	 _IOWR(AGENTOS_IOC_MAGIC, 32, struct agentos_attach)
#define AGENTOS_AGENT_INFO	 _IOWR(AGENTOS_IOC_MAGIC, 33, struct agentos_info)
#define AGENTOS_AGENT_RESTRICT	 _IOWR(AGENTOS_IOC_MAGIC, 34, struct agentos_restrict)
#define AGENTOS_AGENT_KILL	 _IOWR(AGENTOS_IOC_MAGIC, 35, struct agentos_kill)
#define AGENTOS_AGENT_DUP	 _IOWR(AGENTOS_IOC_MAGIC, 36, struct agentos_dup)
#define AGENTOS_AGENT_DERIVE	 _IOWR(AGENTOS_IOC_MAGIC, 37, struct agentos_derive)
#define AGENTOS_AGENT_REVOKE	 _IOWR(AGENTOS_IOC_MAGIC, 38, struct agentos_revoke)
#define AGENTOS_AGENT_BUDGET_SET _IOWR(AGENTOS_IOC_MAGIC, 39, struct agentos_budget_set)
#define AGENTOS_AGENT_BUDGET_GET _IOWR(AGENTOS_IOC_MAGIC, 40, struct agentos_budget_get)
#define AGENTOS_AGENT_RESERVE	 _IOWR(AGENTOS_IOC_MAGIC, 41, struct agentos_reserve)
#define AGENTOS_AGENT_SETTLE	 _IOWR(AGENTOS_IOC_MAGIC, 42, struct agentos_settle)

/* The layout is the contract: it is asserted wherever this is compiled. */
#ifdef __KERNEL__
#define AGENTOS_ASSERT(x) _Static_assert(x, #x)
#elif defined(__cplusplus)
#define AGENTOS_ASSERT(x) static_assert(x, #x)
#else
#define AGENTOS_ASSERT(x) _Static_assert(x, #x)
#endif

AGENTOS_ASSERT(sizeof(struct agentos_version) == 56);
AGENTOS_ASSERT(sizeof(struct agentos_create) == 112);
AGENTOS_ASSERT(sizeof(struct agentos_open) == 24);
AGENTOS_ASSERT(sizeof(struct agentos_identify) == 32);
AGENTOS_ASSERT(sizeof(struct agentos_enumerate) == 32);
AGENTOS_ASSERT(sizeof(struct agentos_policy_new) == 16);
AGENTOS_ASSERT(sizeof(struct agentos_policy_pin) == 40);
AGENTOS_ASSERT(sizeof(struct agentos_policy_drop) == 8);
AGENTOS_ASSERT(sizeof(struct agentos_seek) == 16);
AGENTOS_ASSERT(sizeof(struct agentos_lifecycle) == 144);
AGENTOS_ASSERT(sizeof(struct agentos_attach) == 8);
AGENTOS_ASSERT(sizeof(struct agentos_info) == 152);
AGENTOS_ASSERT(sizeof(struct agentos_restrict) == 24);
AGENTOS_ASSERT(sizeof(struct agentos_kill) == 16);
AGENTOS_ASSERT(sizeof(struct agentos_dup) == 16);
AGENTOS_ASSERT(sizeof(struct agentos_derive) == 104);
AGENTOS_ASSERT(sizeof(struct agentos_revoke) == 16);
AGENTOS_ASSERT(sizeof(struct agentos_budget_set) == 40);
AGENTOS_ASSERT(sizeof(struct agentos_budget_get) == 56);
AGENTOS_ASSERT(sizeof(struct agentos_reserve) == 16);
AGENTOS_ASSERT(sizeof(struct agentos_settle) == 24);

#endif /* _UAPI_AGENTOS_H */
