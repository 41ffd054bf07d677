// SPDX-License-Identifier: GPL-2.0-only
/* Privilege: ids, capabilities, namespaces, mounts, kernel code, kernel doors. */
#include "event.bpf.h"

SEC("lsm/userns_create")
int BPF_PROG(agentos_userns_create)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, USERNS, NAMESPACES, EPERM);

	return verdict(act_number(ctx, &facts, &act, 0, 0), -EPERM);
}

/*
 * A file system that shows others in itself opens those with the kernel's
 * credentials: rules on what is in them would hold no longer.
 */
static __always_inline bool type_shows_others(const char *type)
{
	char name[9] = {};

	bpf_probe_read_kernel_str(name, sizeof(name), type);
	return !bpf_strncmp(name, 8, "overlay") || !bpf_strncmp(name, 9, "ecryptfs");
}

SEC("lsm/sb_mount")
int BPF_PROG(agentos_sb_mount, char *dev_name, struct path *path, char *type)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, SB_MOUNT, MOUNT, EPERM);
	struct act never = NEVER_ACT(SB_MOUNT, NEVER);

	if (type_shows_others(type))
		act = never;
	return verdict(act_path(ctx, &facts, &act, path, path->dentry, 0), -EPERM);
}

/* By fsopen(): before it has done anything, as its options come. */
SEC("lsm/fs_context_parse_param")
int BPF_PROG(agentos_parse_param, struct fs_context *fc)
{
	AGENT_OR_RETURN(facts);
	struct act never = NEVER_ACT(SB_MOUNT, NEVER);
	const char *type = fc->fs_type->name;

	if (!type_shows_others(type))
		return 0;
	return verdict(act_text(ctx, &facts, &never, type, false), -EPERM);
}

/* What fsopen() leads to may be mounted nowhere, and be used all the same. */
SEC("lsm/sb_kern_mount")
int BPF_PROG(agentos_sb_kern_mount, struct super_block *sb)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, SB_MOUNT, MOUNT, EPERM);
	struct act never = NEVER_ACT(SB_MOUNT, NEVER);
	const char *type = sb->s_type->name;

	if (type_shows_others(type))
		act = never;
	return verdict(act_text(ctx, &facts, &act, type, false), -EPERM);
}

SEC("lsm/sb_umount")
int BPF_PROG(agentos_sb_umount, struct vfsmount *mnt, int flags)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, SB_UMOUNT, MOUNT, EPERM);
	struct act never = NEVER_ACT(SB_UMOUNT, NEVER);

	/* AgentOS's own pins are in such a one. */
	if (mnt->mnt_sb->s_magic == MAGIC_BPF)
		act = never;

	return verdict(act_number(ctx, &facts, &act, flags, 0), -EPERM);
}

SEC("lsm/sb_remount")
int BPF_PROG(agentos_sb_remount, struct super_block *sb)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, SB_REMOUNT, MOUNT, EPERM);

	return verdict(act_number(ctx, &facts, &act, sb->s_dev, 0), -EPERM);
}

SEC("lsm/move_mount")
int BPF_PROG(agentos_move_mount, struct path *from, struct path *to)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, MOVE_MOUNT, MOUNT, EPERM);

	return verdict(act_path(ctx, &facts, &act, to, to->dentry, 0), -EPERM);
}

SEC("lsm/sb_pivotroot")
int BPF_PROG(agentos_sb_pivotroot, struct path *old, struct path *new)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, PIVOTROOT, MOUNT, EPERM);

	return verdict(act_path(ctx, &facts, &act, new, new->dentry, 0), -EPERM);
}

SEC("lsm/path_chroot")
int BPF_PROG(agentos_path_chroot, struct path *path)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, CHROOT, MOUNT, EPERM);

	return verdict(act_path(ctx, &facts, &act, path, path->dentry, 0), -EPERM);
}

/* Setting an id to what it is changes nothing, and libraries do it. */
SEC("lsm/task_fix_setuid")
int BPF_PROG(agentos_fix_setuid, struct cred *after, const struct cred *before)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, FIX_SETUID, SET_IDS, EPERM);

	if (after->uid.val == before->uid.val && after->euid.val == before->euid.val &&
	    after->suid.val == before->suid.val && after->fsuid.val == before->fsuid.val)
		return 0;
	return verdict(act_number(ctx, &facts, &act, after->uid.val, after->euid.val), -EPERM);
}

SEC("lsm/task_fix_setgid")
int BPF_PROG(agentos_fix_setgid, struct cred *after, const struct cred *before)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, FIX_SETGID, SET_IDS, EPERM);

	if (after->gid.val == before->gid.val && after->egid.val == before->egid.val &&
	    after->sgid.val == before->sgid.val && after->fsgid.val == before->fsgid.val)
		return 0;
	return verdict(act_number(ctx, &facts, &act, after->gid.val, after->egid.val), -EPERM);
}

SEC("lsm/task_fix_setgroups")
int BPF_PROG(agentos_fix_setgroups, struct cred *new)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, FIX_SETGROUPS, SET_IDS, EPERM);

	return verdict(act_number(ctx, &facts, &act, 0, 0), -EPERM);
}

/*
 * What root may do with files that rules decide about anyway, and what has a
 * hook of its own (ids, signals). Everything else of root is off.
 */
#define CAPS_ALLOWED                                                                       \
	(1ULL << CAP_CHOWN | 1ULL << CAP_DAC_OVERRIDE | 1ULL << CAP_DAC_READ_SEARCH |      \
	 1ULL << CAP_FOWNER | 1ULL << CAP_FSETID | 1ULL << CAP_KILL | 1ULL << CAP_SETGID | \
	 1ULL << CAP_SETUID | 1ULL << CAP_NET_BIND_SERVICE)

#define CAP_CHOWN	     0
#define CAP_DAC_OVERRIDE     1
#define CAP_DAC_READ_SEARCH  2
#define CAP_FOWNER	     3
#define CAP_FSETID	     4
#define CAP_KILL	     5
#define CAP_SETGID	     6
#define CAP_SETUID	     7
#define CAP_NET_BIND_SERVICE 10
#define CAP_OPT_NOAUDIT	     0x2

static __noinline int capable_check(void *ctx)
{
	struct user_namespace *ns = ARGUMENT(ctx, 1, struct user_namespace *);
	int cap = ARGUMENT(ctx, 2, int);
	unsigned int opts = ARGUMENT(ctx, 3, unsigned int);

	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, CAPABLE, CAPABILITIES, EPERM);

	if (!act.right || creds_overridden())
		return 0;
	/* Only asked whether it could, to choose a path: no news. */
	if (opts & CAP_OPT_NOAUDIT)
		return -EPERM;
	act.nested = ns->level;
	return verdict(act_number(ctx, &facts, &act, cap, 0), -EPERM);
}

SEC("lsm/capable")
int BPF_PROG(agentos_capable, const struct cred *cred, struct user_namespace *ns, int cap)
{
	if (cap < 64 && CAPS_ALLOWED & 1ULL << (cap & 63))
		return 0;
	return capable_check(ctx);
}

SEC("lsm/bpf")
int BPF_PROG(agentos_bpf, int cmd)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, BPF, BPF, EPERM);

	return verdict(act_number(ctx, &facts, &act, cmd, 0), -EPERM);
}

SEC("lsm/kernel_load_data")
int BPF_PROG(agentos_kernel_load_data, int id)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, KERNEL_LOAD_DATA, MODULE, EPERM);

	return verdict(act_number(ctx, &facts, &act, id, 0), -EPERM);
}

SEC("lsm/kernel_read_file")
int BPF_PROG(agentos_kernel_read_file, struct file *file, int id)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, KERNEL_READ_FILE, MODULE, EPERM);

	if (argument_is_null(ctx, 0))
		return verdict(act_number(ctx, &facts, &act, id, 0), -EPERM);
	return verdict(act_path(ctx, &facts, &act, &file->f_path, file->f_path.dentry, id), -EPERM);
}

/* No hook is asked about a module that is to go. */
static __noinline int module_remove_check(void *ctx, const void *name, bool ia32)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, MODULE_REMOVE, MODULE, EPERM);

	if (act_text(ctx, &facts, &act, name, true))
		agentos_call_refuse(-EPERM, ia32, NO_NAME(ia32));
	return 0;
}

SEC("?fentry/__x64_sys_delete_module")
int BPF_PROG(agentos_delete_module, const struct pt_regs *regs)
{
	return module_remove_check(ctx, (void *)regs->di, false);
}

SEC("?fentry/__ia32_sys_delete_module")
int BPF_PROG(agentos_delete_module_32, const struct pt_regs *regs)
{
	return module_remove_check(ctx, (void *)regs->bx, true);
}

SEC("lsm/kernel_module_request")
int BPF_PROG(agentos_module_request, char *name)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, MODULE_REQUEST, MODULE, EPERM);

	return verdict(act_text(ctx, &facts, &act, name, false), -EPERM);
}

static __always_inline bool text_is(const char *text, const char *expected, int size)
{
	int i;

	for (i = 0; i < size; i++)
		if (text[i] != expected[i])
			return false;
	return true;
}

/* Descriptors that open a door of their own are told by name. */
SEC("lsm/inode_init_security_anon")
int BPF_PROG(agentos_anon_inode, struct inode *inode, const struct qstr *name)
{
	AGENT_OR_RETURN(facts);
	struct act uring = RIGHT_ACT(facts, ANON_INODE, IO_URING, EPERM);
	struct act userfault = RIGHT_ACT(facts, ANON_INODE, USERFAULTFD, EPERM);
	char text[32] = {};

	if (bpf_probe_read_kernel_str(text, sizeof(text), name->name) < 0)
		return -EPERM;
	if (text_is(text, "[io_uring]", 11))
		return verdict(act_text(ctx, &facts, &uring, text, false), -EPERM);
	if (text_is(text, "[userfaultfd]", 14))
		return verdict(act_text(ctx, &facts, &userfault, text, false), -EPERM);
	return 0;
}

/* A ring may act with credentials registered earlier: then creds_overridden() would lie. */
SEC("lsm/uring_override_creds")
int BPF_PROG(agentos_uring_override)
{
	AGENT_OR_RETURN(facts);
	struct act act = NEVER_ACT(URING_CREDS, NEVER);

	return verdict(act_number(ctx, &facts, &act, 0, 0), -EPERM);
}

SEC("lsm/perf_event_open")
int BPF_PROG(agentos_perf_event_open, struct perf_event_attr *attr, int type)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, PERF_EVENT, PERF, EACCES);

	return verdict(act_number(ctx, &facts, &act, type, 0), -EACCES);
}

/* A keyring is made for whoever first asks for its own. */
SEC("lsm/key_alloc")
int BPF_PROG(agentos_key_alloc)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, KEY, KEYRINGS, EPERM);

	/* The kernel's own: names of hosts and users, for file systems on the network. */
	if (creds_overridden())
		return 0;
	return verdict(act_number(ctx, &facts, &act, 0, 0), -EPERM);
}

#define NEED_SEARCH 4 /* KEY_NEED_SEARCH of enum key_need_perm */

/*
 * Not EACCES: then the kernel would go on to ask whether the key is possessed,
 * and let it pass. Whoever may load modules has their signatures looked up.
 */
SEC("lsm/key_permission")
int BPF_PROG(agentos_key_permission, void *key, const struct cred *cred, unsigned int need)
{
	AGENT_OR_RETURN(facts);
	struct act act = RIGHT_ACT(facts, KEY, KEYRINGS, EPERM);

	if (creds_overridden() || (facts.rights & AGENTOS_RIGHT(MODULE) && need == NEED_SEARCH))
		return 0;
	return verdict(act_number(ctx, &facts, &act, 0, 0), -EPERM);
}
