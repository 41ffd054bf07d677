/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* The contract of /dev/agentos: commands on agent descriptors. */
#ifndef _UAPI_AGENTOS_AGENT_H
#define _UAPI_AGENTOS_AGENT_H

#include <linux/ioctl.h>
#include <linux/types.h>

#include "agentos_base.h"

/*
 * Bits of an agent descriptor's access mask. To pass a descriptor on is to
 * delegate what it can do; DUP makes one that can do less, nothing makes one
 * that can do more.
 */
#define AGENTOS_ACCESS_INSPECT (1U << 0) /* INFO, BUDGET_GET, poll */
#define AGENTOS_ACCESS_ATTACH  (1U << 1) /* ATTACH */
#define AGENTOS_ACCESS_CONTROL \
	(1U << 2) /* RESTRICT, REVOKE, KILL, PAUSE, RESUME, SCHED, BUDGET_SET, POLICY, CGROUP */
#define AGENTOS_ACCESS_DERIVE  (1U << 3) /* DERIVE */
#define AGENTOS_ACCESS_CHARGE  (1U << 4) /* RESERVE, SETTLE */
#define AGENTOS_ACCESS_SEND    (1U << 5) /* MAIL_SEND */
#define AGENTOS_ACCESS_RECEIVE (1U << 6) /* MAIL_RECEIVE */
#define AGENTOS_ACCESS_ALL     0x7fU

/*
 * On an agent descriptor. poll() says EPOLLIN | EPOLLHUP once the agent has
 * exited, and EPOLLRDBAND while its state is another than INFO last told on this
 * descriptor, or than it was when the descriptor was made (not EPOLLPRI, which
 * io_uring does not wait for). Each command checks the descriptor's access mask
 * first (-EACCES).
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
 * and what AGENTOS_AGENT_CGROUP says of agents that have one
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
	AGENTOS_STATE_PAUSED = 4, /* created or running, and it or one above it was paused */
};

/* What the agent is about, as far as its scheduling is concerned. */
enum agentos_phase {
	AGENTOS_PHASE_WORKING = 0,
	AGENTOS_PHASE_INTERACTIVE = 1, /* somebody waits for it */
	AGENTOS_PHASE_WAITING = 2,     /* for a model's answer */
	AGENTOS_PHASE_BACKGROUND = 3,
};

#define AGENTOS_PHASE_COUNT 4

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
	__u64 ret_cpu_ns;   /* what its own tasks have run, and have waited for a */
	__u64 ret_wait_ns;  /* processor; those that ended, too */
	__u64 ret_denials;  /* acts that hooks refused it */
	__u64 ret_deadline_ns;
	__u32 ret_threads; /* now, io_uring's workers included */
	__u32 ret_held;	   /* of them, those that a pause holds now, or that outran the log */
	__u32 ret_criticality;
	__u32 ret_phase; /* enum agentos_phase */
	__u32 ret_efficiency;
	__u32 ret_cost;
	__s32 ret_nice;	    /* what the parameters come to; 0 while none were set */
	__u32 ret_messages; /* in its mailbox */
};

/*
 * AGENTOS_AGENT_RESTRICT: rights &= mask, of the agent and of all its
 * descendants; and what their policies only watch for want of a right that is
 * not in mask is refused from then on, whatever policies they get. Never widens;
 * takes effect at each task's next hook. What is past its hook completes, and
 * files that are open stay open. A descendant may be left without any right.
 * -EINVAL  a bit of mask is unknown, or nothing would be left
 * -ESRCH   exiting or exited, and nothing that was derived from it is left
 */
struct agentos_restrict {
	__u32 size;
	__u32 flags; /* 0 */
	__u64 mask;
	__u64 ret_rights;
};

/*
 * AGENTOS_AGENT_POLICY: the agent follows another policy from now on, and so
 * does each descendant that followed the same one as it. In one step: each act
 * is decided by all of the old policy or by all of the new one, and none by the
 * old one once this has returned. What is open stays open. Rights are narrowed
 * by `rights` as RESTRICT does it, descendants included: a policy that gives
 * more rights than the agent has gives it none of them. Needs CAP_SYS_ADMIN in
 * the initial user namespace, and that the caller is in no agent.
 *
 * flags:  AGENTOS_CREATE_RECORD_ALLOWED, and with it perhaps AGENTOS_CREATE_STRICT,
 *         or 0: from now on, for the same agents. Who is audit-only stays so, and
 *         nobody becomes it.
 * policy: id from POLICY_NEW
 * rights: those that may stay
 *
 * -EPERM   no CAP_SYS_ADMIN, or in an agent
 * -ENOENT  no such policy; nothing was changed, as after each error
 * -EINVAL  bad flags, a bit of rights is unknown, or no right would be left
 * -ESRCH   exiting or exited, whatever was derived from it
 */
struct agentos_agent_policy {
	__u32 size;
	__u32 flags;
	__u64 rights;
	__u32 policy;
	__u32 ret_before; /* the policy until now; 0: none */
	__u64 ret_rights;
	__u32 ret_agents; /* that follow it now, and did not before */
	__u32 pad;
};

/*
 * AGENTOS_AGENT_CGROUP: whoever joins the agent, or one derived from it, is
 * moved into that cgroup by ATTACH, and what he forks begins there: no process
 * of the agent is ever outside of it, whoever put it into the agent. ATTACH
 * fails with the kernel's error where he cannot be moved: -ENODEV when the
 * cgroup is gone, -EBUSY when it passes controllers on to cgroups below it.
 * Limits of that cgroup are limits of the agent. Once, and before anybody has
 * joined or been derived. Needs CAP_SYS_ADMIN in the initial user namespace, and
 * that the caller is in no agent.
 *
 * fd: the cgroup's cgroup.procs (cgroup v2), open for writing. The agent keeps
 *     it until it has exited; the cgroup can be removed nevertheless.
 *
 * -EPERM   no CAP_SYS_ADMIN, or in an agent
 * -EBADF   fd is no open file
 * -EINVAL  bad flags or padding, or fd is another file, or not open for writing
 * -EBUSY   somebody has joined, or was derived, or it has a cgroup already
 * -ESRCH   exiting or exited
 */
struct agentos_agent_cgroup {
	__u32 size;
	__u32 flags; /* 0 */
	__s32 fd;
	__u32 pad;
};

/*
 * AGENTOS_AGENT_KILL: SIGKILL to every task of the agent and of all its
 * descendants, and a bar on new ones: nothing of them returns to user mode.
 * Returns when the signals are sent; poll()
 * tells when the last task is gone. Killing an exited agent is a no-op.
 *
 * flags: AGENTOS_KILL_POLICY: for what it tried, as its policy says; the reason of its end is
 *        AGENTOS_REASON_POLICY then. For who watches over agents from outside of the kernel.
 *
 * -EINVAL  flags, pad
 * -EPERM   KILL_POLICY without CAP_SYS_ADMIN, or by an agent
 */
#define AGENTOS_KILL_POLICY (1U << 0)
struct agentos_kill {
	__u32 size;
	__u32 flags;	 /* AGENTOS_KILL_* */
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
 * flags:  as for CREATE. UNENFORCED and AUDIT_ONLY only if the parent is, and
 *         then always; RECORD_ALLOWED and STRICT are inherited.
 * rights: a subset of the parent's
 * policy: 0 for the parent's. Another one needs CAP_SYS_ADMIN and a caller
 *         outside of all agents: whoever gives it answers for its being
 *         narrower.
 * name:   as for CREATE; it begins with the parent's name and a dot
 *
 * -EPERM   rights the parent has not; a policy that the caller may not give;
 *          the caller is in an agent, and that is without the right `derive`, or
 *          access has CHARGE
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
 * -ESRCH  exiting or exited, and nothing that was derived from it is left
 */
#define AGENTOS_REVOKE_HARD (1U << 0)
struct agentos_revoke {
	__u32 size;
	__u32 flags;
	__u32 ret_agents; /* agents whose rights were taken */
	__u32 pad;
};

/*
 * AGENTOS_AGENT_PAUSE: holds every thread of the agent and of its descendants
 * before it next returns to user mode, and those that are made meanwhile before
 * they first do. Returns when all were told; INFO tells how many are held. What
 * sleeps in the kernel is woken, as by a stop signal: some calls then end with
 * EINTR (epoll_wait). A held process can still be killed, and nothing else
 * happens to it. Memory that outsiders share is not held. A second time is a
 * no-op.
 *
 * AGENTOS_AGENT_RESUME: lets them go on, but for those of whom an ancestor is
 * paused, or a descendant by itself. Of one that is not paused it is a no-op.
 *
 * -ESRCH   exiting or exited, and nothing that was derived from it is left
 * -ENOMEM  then all go on
 */
struct agentos_pause {
	__u32 size;
	__u32 flags;	   /* 0 */
	__u32 ret_threads; /* that were told */
	__u32 pad;
};

struct agentos_resume {
	__u32 size;
	__u32 flags; /* 0 */
};

/*
 * AGENTOS_AGENT_SCHED: how much the agent matters, and what it is about. Holds
 * for all threads of it and its descendants, now and later. It overrides what
 * they have set for themselves, once. Asked without CAP_SYS_NICE in the initial
 * user namespace, or from within an agent, it makes no thread more important
 * than it is.
 *
 * criticality: 0..100, at the start 50. What counts is the least of the agent's
 *	own and its ancestors': below 50 it is nice 19 down to 0, above it nice 0
 *	down to -10.
 * phase:	enum agentos_phase. BACKGROUND adds 5 to nice, and batches;
 *	INTERACTIVE and WAITING get short time slices where the kernel can
 *	(AGENTOS_FEATURE_SLICE).
 * deadline_ns, efficiency (16.16 fixed point) and cost (16.16): carried for
 *	schedulers in user space. deadline_ns is CLOCK_BOOTTIME; 0: none.
 *
 * -EINVAL  criticality above 100; unknown phase; deadline_ns has passed
 * -EPERM   criticality above 50 without CAP_SYS_NICE in the initial user
 *	    namespace, or from within an agent
 * -ESRCH   exiting or exited, and nothing that was derived from it is left
 * -ENOMEM  nothing was changed
 */
#define AGENTOS_CRITICALITY_START 50
#define AGENTOS_CRITICALITY_MAX	  100
struct agentos_sched {
	__u32 size;
	__u32 flags; /* 0 */
	__u64 deadline_ns;
	__u32 criticality;
	__u32 phase;
	__u32 efficiency;
	__u32 cost;
	__s32 ret_nice;
	__u32 pad;
};

/*
 * AGENTOS_AGENT_MAIL_SEND, AGENTOS_AGENT_MAIL_RECEIVE: a descriptor for an end
 * of the agent's mailbox. Each write() puts in one message, whole; each read()
 * takes one out, behind a struct agentos_message, in the order they came. Any
 * number of senders and receivers. Both work with poll() and io_uring.
 *
 * The box holds AGENTOS_MAIL_KEPT messages and AGENTOS_MAIL_ROOM bytes. What is
 * in it stays when its sender is gone. When the agent is gone, writing fails,
 * and reading gives what is left and then 0.
 *
 * Rights are asked for at each message: who writes from within an agent needs
 * `message-send`, whose box it is `message-receive`, and who reads it from
 * within an agent `message-receive`.
 *
 * NONBLOCK: the descriptor begins with O_NONBLOCK
 *
 * -EMFILE, -ENFILE  no descriptor left
 * -EPERM   the caller is in an agent without the right, or (RECEIVE) asks for
 *	    another's box that is not below it
 *
 * read():
 * -EMSGSIZE  the buffer is too short for the next message, which stays
 * -EAGAIN    empty, and not to wait
 * -EPERM     the caller is in an agent without `message-receive`
 * write():
 * -EINVAL    an empty message
 * -EMSGSIZE  more than AGENTOS_MESSAGE_MAX bytes
 * -EAGAIN    no room, and not to wait
 * -EPERM     the caller's agent may not send
 * -EACCES    the box's agent may not receive
 * -EPIPE     the agent is exiting or has exited
 */
#define AGENTOS_MAIL_NONBLOCK (1U << 0)
struct agentos_mail {
	__u32 size;
	__u32 flags;
	__s32 ret_fd;
	__u32 pad;
};

/* Before each message: who sent it, as the kernel knows. */
struct agentos_message {
	__u32 size;    /* of this and what follows */
	__u32 uid;     /* real uid of the sender, initial user namespace */
	__u64 seq;     /* of this box, from 1 */
	__u64 time_ns; /* CLOCK_BOOTTIME, when it was put in */
	__u64 agent;   /* whose task the sender was; 0: outside of all agents */
	__s32 tgid;    /* of the sender, initial pid namespace */
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
 *
 * The kernel itself counts the last two. CPU_NS is what the tasks of the agent
 * and its descendants run, on all processors together; it is looked at every
 * AGENTOS_METER_NS near the limit (less often where so many are looked at that
 * it takes long), and may be passed by that and one tick of the clock for each
 * processor. WALL_NS is the time since the agent was
 * created; each agent has its own. What ends a process is counted exactly.
 */
enum agentos_resource {
	AGENTOS_RESOURCE_TOKENS = 0,
	AGENTOS_RESOURCE_MICRODOLLARS = 1,
	AGENTOS_RESOURCE_TOOL_CALLS = 2,
	AGENTOS_RESOURCE_NET_BYTES = 3, /* of IP: counted by agentosd and its programs */
	AGENTOS_RESOURCE_CPU_NS = 4,
	AGENTOS_RESOURCE_WALL_NS = 5,
};

#define AGENTOS_RESOURCE_CHARGED 4 /* those below are reserved and settled */
#define AGENTOS_RESOURCE_COUNT	 6

/* What comes to the agent and all its descendants when its limit is used up. */
enum agentos_budget_action {
	AGENTOS_BUDGET_REFUSE = 0, /* RESERVE fails; for CPU_NS and WALL_NS, that of any resource */
	AGENTOS_BUDGET_KILL = 1,   /* KILL, with AGENTOS_REASON_BUDGET */
	AGENTOS_BUDGET_PAUSE = 2,  /* PAUSE, until RESUME */
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
 *          period_ns; the period ends beyond the end of time; a period of
 *          WALL_NS
 * -ESRCH   exiting or exited, and nothing that was derived from it is left
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
 * -EPERM      the caller is in an agent that has the same eldest ancestor: nobody charges
 *	       what he draws on himself
 * -EINVAL     unknown resource, or one that the kernel counts
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
 * -EINVAL  unknown resource, or one that the kernel counts; this descriptor has
 *          not reserved as much
 */
struct agentos_settle {
	__u32 size;
	__u32 resource;
	__u64 reserved;
	__u64 used;
};

#define AGENTOS_AGENT_ATTACH	   _IOWR(AGENTOS_IOC_MAGIC, 32, struct agentos_attach)
#define AGENTOS_AGENT_INFO	   _IOWR(AGENTOS_IOC_MAGIC, 33, struct agentos_info)
#define AGENTOS_AGENT_RESTRICT	   _IOWR(AGENTOS_IOC_MAGIC, 34, struct agentos_restrict)
#define AGENTOS_AGENT_KILL	   _IOWR(AGENTOS_IOC_MAGIC, 35, struct agentos_kill)
#define AGENTOS_AGENT_DUP	   _IOWR(AGENTOS_IOC_MAGIC, 36, struct agentos_dup)
#define AGENTOS_AGENT_DERIVE	   _IOWR(AGENTOS_IOC_MAGIC, 37, struct agentos_derive)
#define AGENTOS_AGENT_REVOKE	   _IOWR(AGENTOS_IOC_MAGIC, 38, struct agentos_revoke)
#define AGENTOS_AGENT_BUDGET_SET   _IOWR(AGENTOS_IOC_MAGIC, 39, struct agentos_budget_set)
#define AGENTOS_AGENT_BUDGET_GET   _IOWR(AGENTOS_IOC_MAGIC, 40, struct agentos_budget_get)
#define AGENTOS_AGENT_RESERVE	   _IOWR(AGENTOS_IOC_MAGIC, 41, struct agentos_reserve)
#define AGENTOS_AGENT_SETTLE	   _IOWR(AGENTOS_IOC_MAGIC, 42, struct agentos_settle)
#define AGENTOS_AGENT_PAUSE	   _IOWR(AGENTOS_IOC_MAGIC, 43, struct agentos_pause)
#define AGENTOS_AGENT_RESUME	   _IOWR(AGENTOS_IOC_MAGIC, 44, struct agentos_resume)
#define AGENTOS_AGENT_SCHED	   _IOWR(AGENTOS_IOC_MAGIC, 45, struct agentos_sched)
#define AGENTOS_AGENT_MAIL_SEND	   _IOWR(AGENTOS_IOC_MAGIC, 46, struct agentos_mail)
#define AGENTOS_AGENT_MAIL_RECEIVE _IOWR(AGENTOS_IOC_MAGIC, 47, struct agentos_mail)
#define AGENTOS_AGENT_POLICY	   _IOWR(AGENTOS_IOC_MAGIC, 48, struct agentos_agent_policy)
#define AGENTOS_AGENT_CGROUP	   _IOWR(AGENTOS_IOC_MAGIC, 49, struct agentos_agent_cgroup)

AGENTOS_ASSERT(sizeof(struct agentos_attach) == 8);
AGENTOS_ASSERT(sizeof(struct agentos_info) == 216);
AGENTOS_ASSERT(sizeof(struct agentos_restrict) == 24);
AGENTOS_ASSERT(sizeof(struct agentos_agent_policy) == 40);
AGENTOS_ASSERT(sizeof(struct agentos_agent_cgroup) == 16);
AGENTOS_ASSERT(sizeof(struct agentos_kill) == 16);
AGENTOS_ASSERT(sizeof(struct agentos_dup) == 16);
AGENTOS_ASSERT(sizeof(struct agentos_derive) == 104);
AGENTOS_ASSERT(sizeof(struct agentos_revoke) == 16);
AGENTOS_ASSERT(sizeof(struct agentos_budget_set) == 40);
AGENTOS_ASSERT(sizeof(struct agentos_budget_get) == 56);
AGENTOS_ASSERT(sizeof(struct agentos_reserve) == 16);
AGENTOS_ASSERT(sizeof(struct agentos_settle) == 24);
AGENTOS_ASSERT(sizeof(struct agentos_pause) == 16);
AGENTOS_ASSERT(sizeof(struct agentos_resume) == 8);
AGENTOS_ASSERT(sizeof(struct agentos_sched) == 40);
AGENTOS_ASSERT(sizeof(struct agentos_mail) == 16);
AGENTOS_ASSERT(sizeof(struct agentos_message) == 40);

#endif /* _UAPI_AGENTOS_AGENT_H */
