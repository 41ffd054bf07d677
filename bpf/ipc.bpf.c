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

#define F_SETOWN    8
#define F_SETOWN_EX 15

/* Whoever owns a descriptor gets its signals, and F_SETSIG makes that any signal. */
SEC("lsm/file_fcntl")
int BPF_PROG(agentos_file_fcntl, struct file *file, unsigned int cmd, unsigned long arg)
{
	int pid = (int)arg;

	if (cmd != F_SETOWN && cmd != F_SETOWN_EX)
		return 0;

	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, SIGNAL_OWNER, SIGNAL_OUTSIDE, EPERM);

	/* Groups, and what only user memory says, are not looked into. */
	if (cmd == F_SETOWN && (!pid || (pid > 0 && agentos_pid_inside(pid))))
		return 0;
	return verdict(act_number(ctx, &facts, &act, cmd == F_SETOWN ? pid : 0, cmd), -EPERM);
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
#define FIOSETOWN 0x8901
#define SIOCSPGRP 0x8902

#define FS_IOC_SETFLAGS		     0x40086602
#define FS_IOC32_SETFLAGS	     0x40046602
#define FS_IOC_SETVERSION	     0x40087602
#define FS_IOC32_SETVERSION	     0x40047602
#define FS_IOC_FSSETXATTR	     0x401c5820
#define FS_IOC_ENABLE_VERITY	     0x40806685
#define FS_IOC_SET_ENCRYPTION_POLICY 0x800c6613
#define FICLONE			     0x40049409
#define FICLONERANGE		     0x4020940d
#define FIDEDUPERANGE		     0xc0189436
#define IOCTL_TYPE(cmd)		     ((cmd) >> 8 & 0xff)
#define IOCTL_TYPE_BTRFS	     0x94

/* What changes a file, or the tree at a directory, through a descriptor that is only for reading. */
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
		return true;
	case FICLONE:
	case FICLONERANGE:
	case FIDEDUPERANGE:
		/* The kernel wants the target open for writing, or changes nothing. */
		return false;
	}
	/* Subvolumes and snapshots: made and deleted by whoever may write the directory. */
	return IOCTL_TYPE(cmd) == IOCTL_TYPE_BTRFS;
}

/*
 * Typing into a terminal is typing as whoever reads it; sockets have two more
 * ways to name who gets their signals. Returns what the hook does.
 */
static __always_inline int ioctl_check(void *ctx, struct file *file, unsigned int cmd)
{
	struct act typing = NEVER_ACT(TTY_INJECT, NEVER);
	struct agentos_facts facts = {};

	if (cmd != TIOCSTI && cmd != TIOCLINUX && cmd != FIOSETOWN && cmd != SIOCSPGRP &&
	    !ioctl_changes_file(cmd))
		return 0;
	if (!agentos_facts(&facts, sizeof(facts)))
		return 0;
	if (cmd == FIOSETOWN || cmd == SIOCSPGRP) {
		struct act owner = RIGHT_ACT(facts, SIGNAL_OWNER, SIGNAL_OUTSIDE, EPERM);

		return verdict(act_number(ctx, &facts, &owner, 0, cmd), -EPERM);
	}
	if (cmd == TIOCSTI || cmd == TIOCLINUX)
		return verdict(act_number(ctx, &facts, &typing, cmd, 0), -EPERM);
	if (object_without_path(file->f_path.dentry->d_sb))
		return 0;
	return verdict(path_check(ctx, &facts, &file->f_path, AGENTOS_HOOK_METADATA), -EACCES);
}

SEC("lsm/file_ioctl")
int BPF_PROG(agentos_file_ioctl, struct file *file, unsigned int cmd)
{
	return ioctl_check(ctx, file, cmd);
}

/* 32-bit callers come this way only. */
SEC("?lsm/file_ioctl_compat")
int BPF_PROG(agentos_file_ioctl_compat, struct file *file, unsigned int cmd)
{
	return ioctl_check(ctx, file, cmd);
}

#define CLONE_INTO_CGROUP 0x200000000ULL

/* The one way out of a cgroup that opens no file. */
SEC("lsm/task_alloc")
int BPF_PROG(agentos_task_alloc, struct task_struct *task, unsigned long clone_flags)
{
	if (!(clone_flags & CLONE_INTO_CGROUP))
		return 0;

	AGENT_OR_RETURN(facts);
	struct act act = NEVER_ACT(CLONE_CGROUP, NEVER);

	return verdict(act_number(ctx, &facts, &act, clone_flags, 0), -EPERM);
}
