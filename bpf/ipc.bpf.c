// SPDX-License-Identifier: GPL-2.0-only
/* Other processes: signals, tracing, terminals, cgroups. */
#include "walk.bpf.h"

SEC("lsm/task_kill")
int BPF_PROG(agentos_task_kill, struct task_struct *task, struct kernel_siginfo *info, int sig)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, TASK_KILL, SIGNAL_OUTSIDE, EPERM);

	if (agentos_task_inside(task))
		return 0;
	return verdict(act_task(ctx, &facts, &act, task, sig), -EPERM);
}

/* A terminal gives its signals to whoever is in the foreground, unasked. */
static __always_inline bool file_is_device(struct file *file)
{
	return (file->f_inode->i_mode & S_IFMT) == S_IFCHR;
}

/*
 * Whoever owns a descriptor gets its signals, and F_SETSIG makes that any signal.
 * All ways to say who come by here, terminals' own as well, and fcntl() for
 * anything else does not: its hook would be paid for with every such call. The
 * hook cannot refuse. So fcntl() succeeds, and the descriptor is left with nobody
 * to signal; nothing of it outlasts the call.
 */
SEC("lsm/file_set_fowner")
int BPF_PROG(agentos_file_set_fowner, struct file *file)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, SIGNAL_OWNER, SIGNAL_OUTSIDE, EPERM);
	int number = 0;

	if (agentos_owner_inside(file, &number, sizeof(number)))
		return 0;
	/* What the agent saw. */
	act.error = 0;
	if (act_number(ctx, &facts, &act, number, 0))
		agentos_owner_drop(file);
	return 0;
}

/* Asked about other processes only. A limit can be a death sentence (RLIMIT_CPU). */
SEC("lsm/task_prlimit")
int BPF_PROG(agentos_task_prlimit, const struct cred *cred, const struct cred *tcred,
	     unsigned int flags)
{
	AGENT_OR_RETURN(facts);
	struct act act = NEVER_ACT(PRLIMIT, NEVER);

	return verdict(act_number(ctx, &facts, &act, flags, 0), -EPERM);
}

/* Priorities, policies and affinity of processes outside. Returns whether it is denied. */
static __always_inline int schedule_check(void *ctx, struct task_struct *task)
{
	struct act act = NEVER_ACT(SCHEDULE, OUTSIDE);
	struct agentos_facts facts = {};

	if (!agentos_facts(&facts, sizeof(facts)) || agentos_task_inside(task))
		return 0;
	return act_task(ctx, &facts, &act, task, 0);
}

SEC("lsm/task_setscheduler")
int BPF_PROG(agentos_task_setscheduler, struct task_struct *task)
{
	return verdict(schedule_check(ctx, task), -EPERM);
}

SEC("lsm/task_setnice")
int BPF_PROG(agentos_task_setnice, struct task_struct *task, int nice)
{
	return verdict(schedule_check(ctx, task), -EPERM);
}

SEC("lsm/task_setioprio")
int BPF_PROG(agentos_task_setioprio, struct task_struct *task, int ioprio)
{
	return verdict(schedule_check(ctx, task), -EPERM);
}

#define PTRACE_MODE_NOAUDIT 0x04
#define PTRACE_MODE_ATTACH  0x02

SEC("lsm/ptrace_access_check")
int BPF_PROG(agentos_ptrace_access, struct task_struct *child, unsigned int mode)
{
	AGENT_OR_RETURN(facts);
	struct act inside = RIGHT_ACT(facts, PTRACE_ACCESS, PTRACE, EPERM);
	struct act outside = NEVER_ACT(PTRACE_ACCESS, OUTSIDE);

	if (!agentos_task_inside(child)) {
		/* ps and top ask about everybody, and say that a no is no news. */
		if (mode & PTRACE_MODE_NOAUDIT)
			return -EPERM;
		return verdict(act_task(ctx, &facts, &outside, child, mode), -EPERM);
	}
	if (!(mode & PTRACE_MODE_ATTACH))
		return 0;
	return verdict(act_task(ctx, &facts, &inside, child, mode), -EPERM);
}

SEC("lsm/ptrace_traceme")
int BPF_PROG(agentos_ptrace_traceme, struct task_struct *parent)
{
	AGENT_OR_RETURN(facts);
	struct act inside = RIGHT_ACT(facts, PTRACE_TRACEME, PTRACE, EPERM);
	struct act outside = NEVER_ACT(PTRACE_TRACEME, OUTSIDE);

	if (!agentos_task_inside(parent))
		return verdict(act_task(ctx, &facts, &outside, parent, 0), -EPERM);
	return verdict(act_task(ctx, &facts, &inside, parent, 0), -EPERM);
}

#define TIOCSTI	  0x5412
#define TIOCLINUX 0x541C
#define FIOASYNC  0x5452
#define FIOSETOWN 0x8901
#define SIOCSPGRP 0x8902

#define FS_IOC_SETFLAGS		     0x40086602
#define FS_IOC32_SETFLAGS	     0x40046602
#define FS_IOC_SETVERSION	     0x40087602
#define FS_IOC32_SETVERSION	     0x40047602
#define FS_IOC_FSSETXATTR	     0x401c5820
#define FS_IOC_ENABLE_VERITY	     0x40806685
#define FS_IOC_SET_ENCRYPTION_POLICY 0x800c6613
#define EXT4_IOC_SETVERSION	     0x40086604
#define EXT4_IOC32_SETVERSION	     0x40046604
#define EXT4_IOC_MIGRATE	     0x6609

/* The command's type and number, without size and direction. */
#define IOCTL_KIND(cmd)		      ((cmd)&0xffff)
#define AGENTOS_DERIVE_KIND	      0xa025 /* AGENTOS_AGENT_DERIVE, of any size */
#define AGENTOS_SEND_KIND	      0xa02e /* AGENTOS_AGENT_MAIL_SEND */
#define AGENTOS_RECEIVE_KIND	      0xa02f /* AGENTOS_AGENT_MAIL_RECEIVE */
#define BTRFS_IOC_SNAP_CREATE	      0x9401
#define BTRFS_IOC_DEFRAG	      0x9402
#define BTRFS_IOC_SUBVOL_CREATE	      0x940e
#define BTRFS_IOC_SNAP_DESTROY	      0x940f
#define BTRFS_IOC_DEFRAG_RANGE	      0x9410
#define BTRFS_IOC_SNAP_CREATE_V2      0x9417
#define BTRFS_IOC_SUBVOL_CREATE_V2    0x9418
#define BTRFS_IOC_SUBVOL_SETFLAGS     0x941a
#define BTRFS_IOC_SET_RECEIVED_SUBVOL 0x9425
#define BTRFS_IOC_SNAP_DESTROY_V2     0x943f
#define BCH_IOCTL_SUBVOLUME_CREATE    0xbc10
#define BCH_IOCTL_SUBVOLUME_DESTROY   0xbc11

/* What changes a file, or the tree at a directory, by a descriptor that is only for reading. */
static __always_inline bool ioctl_changes_file(unsigned int cmd)
{
	switch (cmd) {
	case FS_IOC_SETFLAGS:
	case FS_IOC32_SETFLAGS:
	case FS_IOC_SETVERSION:
	case FS_IOC32_SETVERSION:
	case FS_IOC_FSSETXATTR:
	case FS_IOC_ENABLE_VERITY:
	case FS_IOC_SET_ENCRYPTION_POLICY:
	case EXT4_IOC_SETVERSION:
	case EXT4_IOC32_SETVERSION:
	case EXT4_IOC_MIGRATE:
		return true;
	}
	switch (IOCTL_KIND(cmd)) {
	case BTRFS_IOC_DEFRAG:
	case BTRFS_IOC_SUBVOL_CREATE:
	case BTRFS_IOC_SNAP_DESTROY:
	case BTRFS_IOC_DEFRAG_RANGE:
	case BTRFS_IOC_SUBVOL_CREATE_V2:
	case BTRFS_IOC_SUBVOL_SETFLAGS:
	case BTRFS_IOC_SET_RECEIVED_SUBVOL:
	case BTRFS_IOC_SNAP_DESTROY_V2:
		return true;
	}
	return false;
}

/* A copy of a tree, made without looking at what is in it: rules do not go with it. */
static __always_inline bool ioctl_copies_tree(unsigned int cmd)
{
	switch (IOCTL_KIND(cmd)) {
	case BTRFS_IOC_SNAP_CREATE:
	case BTRFS_IOC_SNAP_CREATE_V2:
	case BCH_IOCTL_SUBVOLUME_CREATE:
	case BCH_IOCTL_SUBVOLUME_DESTROY:
		return true;
	}
	return false;
}

/*
 * The kinds of commands, each in a function of its own: what they keep on the
 * stack is not there while a path is walked.
 *
 * Commands of the module that take a right. It refuses them as well; here it is
 * recorded.
 */
static __noinline int ioctl_agents_check(void *ctx, const struct agentos_facts *facts,
					 unsigned int kind)
{
	struct act derive = RIGHT_ACT(*facts, AGENT_DERIVE, DERIVE, EPERM);
	struct act send = RIGHT_ACT(*facts, MAIL_SEND, MESSAGE_SEND, EPERM);
	struct act receive = RIGHT_ACT(*facts, MAIL_RECEIVE, MESSAGE_RECEIVE, EPERM);

	if (kind == AGENTOS_DERIVE_KIND)
		return verdict(act_number(ctx, facts, &derive, 0, 0), -EPERM);
	if (kind == AGENTOS_SEND_KIND)
		return verdict(act_number(ctx, facts, &send, 0, 0), -EPERM);
	return verdict(act_number(ctx, facts, &receive, 0, 0), -EPERM);
}

/* Typing into a terminal is typing as whoever reads it. */
static __noinline int ioctl_typing_check(void *ctx, const struct agentos_facts *facts,
					 unsigned int cmd)
{
	struct act typing = NEVER_ACT(TTY_INJECT, NEVER);

	return verdict(act_number(ctx, facts, &typing, cmd, 0), -EPERM);
}

/* Descriptors have more ways to say who gets their signals. */
static __noinline int ioctl_signal_check(void *ctx, const struct agentos_facts *facts,
					 unsigned int cmd)
{
	struct act owner = RIGHT_ACT(*facts, SIGNAL_OWNER, SIGNAL_OUTSIDE, EPERM);

	return verdict(act_number(ctx, facts, &owner, 0, cmd), -EPERM);
}

#define IOCTL_TYPE(cmd) (((cmd) >> 8) & 0xff)
#define IOCTL_OURS	0xa0

/* Most commands leave here: only some of a few types are looked at. */
static __always_inline bool ioctl_of_interest(unsigned int cmd)
{
	unsigned int kind = IOCTL_KIND(cmd);

	switch (IOCTL_TYPE(cmd)) {
	case IOCTL_OURS:
		return kind == AGENTOS_DERIVE_KIND || kind == AGENTOS_SEND_KIND ||
		       kind == AGENTOS_RECEIVE_KIND;
	case 0x54: /* terminals */
	case 0x58: /* file attributes */
	case 0x66: /* file flags */
	case 0x89: /* sockets */
	case 0x94: /* btrfs */
	case 0xbc: /* bcachefs */
		return true;
	}
	return false;
}

/*
 * And files change, or are copied with all that is below them, by ways of their
 * own. Returns what the hook does.
 */
static __noinline int ioctl_check(unsigned long long *ctx)
{
	struct file *file = (struct file *)ctx[0];
	unsigned int cmd = ctx[1];
	bool types, signals, changes, copies, agents;
	struct agentos_facts facts = {};

	agents = IOCTL_TYPE(cmd) == IOCTL_OURS;
	types = cmd == TIOCSTI || cmd == TIOCLINUX;
	signals = cmd == FIOSETOWN || cmd == SIOCSPGRP || cmd == FIOASYNC;
	changes = ioctl_changes_file(cmd);
	copies = ioctl_copies_tree(cmd);
	if (!types && !signals && !changes && !copies && !agents)
		return 0;
	if (!agentos_facts(&facts, sizeof(facts)))
		return 0;
	if (types)
		return ioctl_typing_check(ctx, &facts, cmd);
	if (agents)
		return ioctl_agents_check(ctx, &facts, IOCTL_KIND(cmd));
	if (signals)
		return cmd == FIOASYNC && !file_is_device(file) ?
			       0 :
			       ioctl_signal_check(ctx, &facts, cmd);
	if (copies) {
		struct act copying = NEVER_ACT(CREATE, NEVER);

		return verdict(
			act_path(ctx, &facts, &copying, &file->f_path, file->f_path.dentry, cmd),
			-EPERM);
	}
	if (object_without_path(file->f_path.dentry->d_sb))
		return 0;
	return verdict(path_check(ctx, &facts, &file->f_path, AGENTOS_HOOK_METADATA), -EACCES);
}

SEC("lsm/file_ioctl")
int BPF_PROG(agentos_file_ioctl, struct file *file, unsigned int cmd)
{
	/* A call, so that whoever leaves here pays for no more of the stack than this. */
	return ioctl_of_interest(cmd) ? ioctl_check(ctx) : 0;
}

/* 32-bit callers come this way only. */
SEC("?lsm/file_ioctl_compat")
int BPF_PROG(agentos_file_ioctl_compat, struct file *file, unsigned int cmd)
{
	/* A call, so that whoever leaves here pays for no more of the stack than this. */
	return ioctl_of_interest(cmd) ? ioctl_check(ctx) : 0;
}

#define CLONE_PARENT	  0x00008000ULL
#define CLONE_THREAD	  0x00010000ULL
#define CLONE_INTO_CGROUP 0x200000000ULL

/*
 * The one way out of a cgroup that opens no file; and a child that is not
 * one's own: whoever started the agent would have to reap it.
 */
SEC("lsm/task_alloc")
int BPF_PROG(agentos_task_alloc, struct task_struct *task, unsigned long clone_flags)
{
	bool foreign = (clone_flags & (CLONE_PARENT | CLONE_THREAD)) == CLONE_PARENT;

	if (!(clone_flags & CLONE_INTO_CGROUP) && !foreign)
		return 0;

	AGENT_OR_RETURN(facts);
	struct act moves = NEVER_ACT(CLONE_CGROUP, NEVER);
	struct act gives = NEVER_ACT(CLONE_PARENT, OUTSIDE);

	if (clone_flags & CLONE_INTO_CGROUP)
		return verdict(act_number(ctx, &facts, &moves, clone_flags, 0), -EPERM);
	if (agentos_task_inside(bpf_get_current_task_btf()->real_parent))
		return 0;
	return verdict(act_number(ctx, &facts, &gives, clone_flags, 0), -EPERM);
}

/* System V IPC has numbers for names, and no path that a rule could be about. */
static __always_inline int sysv_check(void *ctx)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, SYSV_IPC, SYSV_IPC, EACCES);

	return verdict(act_number(ctx, &facts, &act, 0, 0), -EACCES);
}

SEC("lsm/ipc_permission")
int BPF_PROG(agentos_ipc_permission)
{
	return sysv_check(ctx);
}

SEC("lsm/shm_alloc_security")
int BPF_PROG(agentos_shm_alloc)
{
	return sysv_check(ctx);
}

SEC("lsm/sem_alloc_security")
int BPF_PROG(agentos_sem_alloc)
{
	return sysv_check(ctx);
}

SEC("lsm/msg_queue_alloc_security")
int BPF_PROG(agentos_msg_queue_alloc)
{
	return sysv_check(ctx);
}

/* Removing one and setting who may use it ask for the owner, and for no permission. */
SEC("lsm/shm_shmctl")
int BPF_PROG(agentos_shm_ctl)
{
	return sysv_check(ctx);
}

SEC("lsm/sem_semctl")
int BPF_PROG(agentos_sem_ctl)
{
	return sysv_check(ctx);
}

SEC("lsm/msg_queue_msgctl")
int BPF_PROG(agentos_msg_queue_ctl)
{
	return sysv_check(ctx);
}

/*
 * The calls that make, open and remove POSIX queues: no hook is asked about
 * what they make and remove, so they are refused at their entry. What is opened
 * by them passes file_open as well; by a path, the hooks of that are asked.
 */
static __noinline int queue_name_check(void *ctx, const void *name, bool ia32)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, QUEUE, SYSV_IPC, EACCES);

	if (act_text(ctx, &facts, &act, name, true))
		agentos_call_refuse(-EACCES, ia32, NO_NAME(ia32));
	return 0;
}

SEC("?fentry/__x64_sys_mq_open")
int BPF_PROG(agentos_mq_open, const struct pt_regs *regs)
{
	return queue_name_check(ctx, (void *)regs->di, false);
}

SEC("?fentry/__ia32_compat_sys_mq_open")
int BPF_PROG(agentos_mq_open_32, const struct pt_regs *regs)
{
	return queue_name_check(ctx, (void *)regs->bx, true);
}

SEC("?fentry/__x64_sys_mq_unlink")
int BPF_PROG(agentos_mq_unlink, const struct pt_regs *regs)
{
	return queue_name_check(ctx, (void *)regs->di, false);
}

SEC("?fentry/__ia32_sys_mq_unlink")
int BPF_PROG(agentos_mq_unlink_32, const struct pt_regs *regs)
{
	return queue_name_check(ctx, (void *)regs->bx, true);
}
