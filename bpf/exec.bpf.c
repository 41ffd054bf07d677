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
	struct act act = {};
	struct agentos_walk w;

	if (!file->f_inode->i_nlink || object_without_path(file->f_inode->i_sb)) {
		struct act anonymous = RIGHT_ACT(*facts, FILE_OPEN, ANON_EXEC, EACCES);

		anonymous.hook = hook;
		anonymous.access = AGENTOS_FILE_EXEC;
		return act_path(ctx, facts, &anonymous, &file->f_path, 0);
	}
	file_decide(&act, &w, facts, file->f_path.mnt, file->f_path.dentry, hook,
		    AGENTOS_FILE_EXEC);
	/* Every library is a mapping: allowed ones are told by the exec and the opens. */
	if (act.verdict == AGENTOS_VERDICT_ALLOWED && act.effect == EFFECT_NONE &&
	    hook != AGENTOS_HOOK_EXEC)
		return 0;
	return act_path(ctx, facts, &act, &file->f_path, 0);
}

SEC("lsm/bprm_check_security")
int BPF_PROG(agentos_bprm_check, struct linux_binprm *bprm)
{
	AGENT_OR_RETURN(facts);

	return verdict(code_check(ctx, &facts, bprm->file, AGENTOS_HOOK_EXEC), -EACCES);
}

static long stack_look(struct task_struct *task, struct vm_area_struct *stack, void *ret_code)
{
	*(bool *)ret_code = stack->vm_flags & VM_EXEC;
	return 0;
}

/*
 * Has the program that is being started got executable memory that no hook was
 * asked about: a stack, or all that is readable? Its file says so, and it is
 * known when its first segment is mapped. A stack that cannot be looked at (its
 * space is being changed by somebody else already) counts as one.
 */
static __always_inline bool start_gives_code(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool code = true;

	if (!BPF_CORE_READ_BITFIELD(task, in_execve))
		return false;
	if (task->personality & READ_IMPLIES_EXEC)
		return true;
	return bpf_find_vma(task, task->mm->arg_start, stack_look, &code, 0) || code;
}

SEC("lsm/mmap_file")
int BPF_PROG(agentos_mmap_file, struct file *file, unsigned long reqprot, unsigned long prot,
	     unsigned long flags)
{
	if (!(prot & PROT_EXEC))
		return 0;

	AGENT_OR_RETURN(facts);
	struct act anonymous = RIGHT_ACT(facts, MMAP, ANON_EXEC, EACCES);

	anonymous.access = AGENTOS_FILE_EXEC;
	if (argument_is_null(ctx, 0))
		return verdict(act_number(ctx, &facts, &anonymous, prot, 0), -EACCES);
	if (anonymous.verdict == AGENTOS_VERDICT_DENIED && start_gives_code())
		return verdict(act_path(ctx, &facts, &anonymous, &file->f_path, prot), -EACCES);
	/* Writable and executable at once is code from nowhere, whatever file is below. */
	if (prot & PROT_WRITE && anonymous.verdict == AGENTOS_VERDICT_DENIED)
		return verdict(act_path(ctx, &facts, &anonymous, &file->f_path, prot), -EACCES);
	if (prot & PROT_WRITE && anonymous.effect == EFFECT_WATCH &&
	    act_path(ctx, &facts, &anonymous, &file->f_path, prot))
		return -EACCES;
	return verdict(code_check(ctx, &facts, file, AGENTOS_HOOK_MMAP), -EACCES);
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
		agentos_call_refuse(-EPERM, ia32);
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
