// SPDX-License-Identifier: GPL-2.0-only
/* Execution: programs, code mapped from files, code from nowhere. */
#include "walk.bpf.h"

/*
 * Code from a file: it must still have a name (memfds and deleted files have
 * none) and a rule must allow it. Returns whether it is denied.
 */
static __always_inline int code_check(void *ctx, const struct agentos_facts *facts,
				      struct file *file, __u16 hook)
{
	struct dentry *dentry = file->f_path.dentry;
	struct act act = {};
	struct agentos_walk w;

	if (!file->f_inode->i_nlink || object_without_path(file->f_inode->i_sb)) {
		struct act anonymous = RIGHT_ACT(*facts, FILE_OPEN, ANON_EXEC, EACCES);

		anonymous.hook = hook;
		anonymous.access = AGENTOS_FILE_EXEC;
		return act_path(ctx, facts, &anonymous, &file->f_path, dentry, 0);
	}
	file_decide(&act, &w, facts, file->f_path.mnt, dentry, hook, AGENTOS_FILE_EXEC);
	/* Every library is a mapping: allowed ones are told by the exec and the opens. */
	if (act.verdict == AGENTOS_VERDICT_ALLOWED && act.effect == EFFECT_NONE &&
	    hook != AGENTOS_HOOK_EXEC)
		return 0;
	return act_path(ctx, facts, &act, &file->f_path, dentry, 0);
}

SEC("lsm/bprm_check_security")
int BPF_PROG(agentos_bprm_check, struct linux_binprm *bprm)
{
	AGENT_OR_RETURN(facts);

	return verdict(code_check(ctx, &facts, bprm->file, AGENTOS_HOOK_EXEC), -EACCES);
}

/*
 * A program's file may ask for executable memory that no hook is asked about: a
 * stack, zeros behind its segments, or all that is readable. It has it by now,
 * and can be refused no longer: who started it dies before it does anything.
 */
static __noinline int start_check(void *ctx, struct linux_binprm *bprm)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, EXEC, ANON_EXEC, EACCES);

	act.access = AGENTOS_FILE_EXEC;
	if (!act.right || !agentos_start_gives_code())
		return 0;
	if (act_path(ctx, &facts, &act, &bprm->file->f_path, bprm->file->f_path.dentry, 0))
		bpf_send_signal(SIGKILL);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(agentos_process_exec, struct task_struct *task, pid_t before,
	     struct linux_binprm *bprm)
{
	return start_check(ctx, bprm);
}

static __noinline int map_check(void *ctx)
{
	struct file *file = ARGUMENT(ctx, 0, struct file *);
	unsigned long prot = ARGUMENT(ctx, 2, unsigned long);

	AGENT_OR_RETURN(facts);
	struct act anonymous = RIGHT_ACT(facts, MMAP, ANON_EXEC, EACCES);

	anonymous.access = AGENTOS_FILE_EXEC;
	if (argument_is_null(ctx, 0))
		return verdict(act_number(ctx, &facts, &anonymous, prot, 0), -EACCES);
	/* Writable and executable at once is code from nowhere, whatever file is below. */
	if (prot & PROT_WRITE && anonymous.verdict == AGENTOS_VERDICT_DENIED)
		return verdict(
			act_path(ctx, &facts, &anonymous, &file->f_path, file->f_path.dentry, prot),
			-EACCES);
	if (prot & PROT_WRITE && anonymous.effect == EFFECT_WATCH &&
	    act_path(ctx, &facts, &anonymous, &file->f_path, file->f_path.dentry, prot))
		return -EACCES;
	return verdict(code_check(ctx, &facts, file, AGENTOS_HOOK_MMAP), -EACCES);
}

SEC("lsm/mmap_file")
int BPF_PROG(agentos_mmap_file, struct file *file, unsigned long reqprot, unsigned long prot)
{
	return prot & PROT_EXEC ? map_check(ctx) : 0;
}

SEC("lsm/file_mprotect")
int BPF_PROG(agentos_file_mprotect, struct vm_area_struct *vma, unsigned long reqprot,
	     unsigned long prot)
{
	if (!(prot & PROT_EXEC))
		return 0;

	AGENT_OR_RETURN(facts);
	struct act anonymous = RIGHT_ACT(facts, MPROTECT, ANON_EXEC, EACCES);
	struct file *file = vma->vm_file;

	anonymous.access = AGENTOS_FILE_EXEC;
	/* Pages that may have been written are no longer the file's. */
	if (!file || prot & PROT_WRITE || vma->vm_flags & VM_WRITE || vma->anon_vma)
		return verdict(act_number(ctx, &facts, &anonymous, prot, 0), -EACCES);
	return verdict(code_check(ctx, &facts, file, AGENTOS_HOOK_MPROTECT), -EACCES);
}

/* No hook is asked about personality(): it is refused at its entry. */
static __always_inline int personality_check(void *ctx, __u32 wanted, bool ia32)
{
	if (wanted == PERSONALITY_ASK || !(wanted & READ_IMPLIES_EXEC))
		return 0;

	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, PERSONALITY, ANON_EXEC, EPERM);

	if (act_number(ctx, &facts, &act, wanted, 0))
		agentos_call_refuse(-EPERM, ia32, ~0ULL);
	return 0;
}

SEC("fentry/__x64_sys_personality")
int BPF_PROG(agentos_personality, const struct pt_regs *regs)
{
	return personality_check(ctx, regs->di, false);
}

SEC("?fentry/__ia32_sys_personality")
int BPF_PROG(agentos_personality_32, const struct pt_regs *regs)
{
	return personality_check(ctx, regs->bx, true);
}
